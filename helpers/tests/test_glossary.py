"""data/glossary.csv is complete, sorted, and reads the same everywhere."""

from __future__ import annotations

import csv
import re

import pytest

from loyalty.datasets.loaders import DATA

COLUMNS = ["term", "russian", "room", "meaning", "false_friend"]
ROOMS = {"base", "prepare", "segment", "evaluate", "learn"}


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (DATA / "glossary.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        assert reader.fieldnames == COLUMNS
        return list(reader)


def test_no_term_comes_twice(rows):
    terms = [row["term"].casefold() for row in rows]
    assert {term for term in terms if terms.count(term) > 1} == set()


def test_nothing_is_empty_but_the_false_friend(rows):
    for row in rows:
        assert all(row[name] and row[name] == row[name].strip() for name in COLUMNS[:-1]), row
        assert row["false_friend"] == row["false_friend"].strip(), row


def test_terms_are_sorted_without_regard_to_case(rows):
    terms = [row["term"].casefold() for row in rows]
    assert terms == sorted(terms)


def test_every_term_belongs_to_a_room(rows):
    assert {row["room"] for row in rows} == ROOMS


def test_each_meaning_is_one_short_sentence(rows):
    for row in rows:
        assert re.fullmatch(r"[A-Z].*\.", row["meaning"]), row
        assert not re.search(r"[.?!] [A-Z]", row["meaning"]), row
        assert len(row["meaning"].split()) <= 30, row


def test_each_translation_is_russian_or_names_an_english_method(rows):
    for row in rows:
        assert re.search("[а-яё]", row["russian"]), row
        assert not re.search("[а-яё]", row["term"]), row


def test_the_words_that_are_often_mistranslated_carry_a_warning(rows):
    warned = {row["term"] for row in rows if row["false_friend"]}
    assert warned >= {
        "holdout", "leakage", "lift (rules)", "margin", "onboarding (CRM)", "percentage point", "regret",
        "treated group",
    }  # fmt: skip


def test_the_terms_that_lessons_lean_on_are_there(rows):
    assert {row["term"] for row in rows} >= {
        "as-of date", "control group", "difference in differences", "intention to treat", "naive comparison",
        "parallel trends", "profile as of a date", "recency", "regression to the mean", "response history", "shrinkage",
    }  # fmt: skip


def test_the_file_has_no_byte_order_mark_and_unix_line_ends():
    raw = (DATA / "glossary.csv").read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
