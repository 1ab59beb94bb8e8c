"""Phones, e-mails and small groups: what a report does not show."""

from __future__ import annotations

import os
import stat

import pandas as pd
import pytest

from loyalty.report.output import privacy
from loyalty.report.output.privacy import hash_ids, hide_personal, looks_personal, suppress_small
from loyalty.tables.check import TableError


@pytest.mark.parametrize(
    "value",
    ["79161234567", "+7 916 123-45-67", "8 (916) 123-45-67", "(495) 123-45-67", "anna@example.org", "+44 20 7946 0958"],
)
def test_phones_and_mails_are_seen_even_one_among_many_cards(value):
    assert looks_personal(pd.Series(["K-17"] * 50 + [value]))
    assert value not in hide_personal(f"such as {value}, twice")


def test_phones_as_whole_numbers_are_seen():
    assert looks_personal(pd.Series([79161234567, 79161234568]))


@pytest.mark.parametrize("value", ["2770000000007", "17", "K-000123", "4276 0255 1234 5678", "2026-03-02"])
def test_card_numbers_and_dates_are_no_phones(value):
    assert not looks_personal(pd.Series([value]))
    assert hide_personal(value) == value


def test_a_hash_is_the_same_for_the_same_id_and_key_and_another_with_another_key(monkeypatch):
    ids = pd.Series(["79161234567", None, "79161234568", "79161234567"])
    monkeypatch.setenv("LOYALTY_KEY", "a key that is long enough")
    hashed, place = hash_ids(ids)
    assert place == "the environment variable LOYALTY_KEY"
    assert hashed[0] == hashed[3] != hashed[2] and pd.isna(hashed[1])
    assert hashed[0].startswith("id-") and "7916" not in hashed[0]
    monkeypatch.setenv("LOYALTY_KEY", "another key, also long enough")
    assert hash_ids(ids)[0][0] != hashed[0]


def test_without_a_key_one_is_made_outside_the_project_for_its_owner_only(monkeypatch, tmp_path, root):
    monkeypatch.delenv("LOYALTY_KEY", raising=False)
    monkeypatch.setattr(privacy, "config_folder", lambda: tmp_path / "config")
    ids = pd.Series(["79161234567"])
    first, place = hash_ids(ids)
    key = tmp_path / "config" / "key"
    assert place == "the key file in your configuration folder"
    assert len(key.read_text(encoding="utf-8")) == 64
    assert os.name == "nt" or stat.S_IMODE(key.stat().st_mode) == 0o600
    assert hash_ids(ids)[0].equals(first)
    monkeypatch.undo()
    assert root not in privacy.config_folder().parents


def test_a_short_key_is_refused(monkeypatch):
    monkeypatch.setenv("LOYALTY_KEY", "short")
    with pytest.raises(TableError, match="16 characters or more"):
        hash_ids(pd.Series(["79161234567"]))


def test_two_small_groups_are_hidden_and_nothing_else():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [3, 4, 9, 90], "sales": [1.0, 2, 3, 4]})
    shown = suppress_small(table, ["customers"], ["segment"])
    assert shown["customers"].tolist() == ["<5", "<5", 9, 90]
    assert shown["sales"].isna().tolist() == [True, True, False, False]


def test_a_single_small_group_takes_the_next_smallest_with_it():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [3, 40, 9, 90], "sales": [1.0, 2, 3, 4]})
    shown = suppress_small(table, ["customers"], ["segment"])
    assert shown["customers"].tolist() == ["<5", 40, "hidden", 90]
    assert table["customers"].tolist() == [3, 40, 9, 90]


def test_a_group_that_the_reader_knows_from_elsewhere_hides_no_other():
    table = pd.DataFrame({"segment": list("abcd"), "customers": [3, 40, 9, 90], "sales": [1.0, 2, 3, 4]})
    shown = suppress_small(table, ["customers"], ["segment"], told=["c"])
    assert shown["customers"].tolist() == ["<5", "hidden", 9, 90]


def test_an_empty_group_is_nobody_and_hides_nothing():
    table = pd.DataFrame({"segment": list("ab"), "customers": [0, 40]})
    assert suppress_small(table, ["customers"], ["segment"])["customers"].tolist() == [0, 40]


def test_a_row_is_hidden_if_either_group_is_small():
    table = pd.DataFrame(
        {"segment": list("abc"), "treated": [50, 60, 70], "control": [4, 4, 30], "effect": [1.0, 2, 3]}
    )
    shown = suppress_small(table, ["treated", "control"], ["segment"])
    assert shown["control"].tolist() == ["<5", "<5", 30] and shown["treated"].tolist() == ["<5", "<5", 70]
    assert shown["effect"].isna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    "column",
    [pd.Series([79161234567.0, None]), pd.Series(["anna@example.org", None], dtype=object),
     pd.Series(["anna@example.org", "x"], dtype="category")],
)  # fmt: skip
def test_phones_beside_empty_cells_and_addresses_of_other_types_are_seen(column):
    assert looks_personal(column)
    assert not looks_personal(pd.Series([1234567890.5, 2.0])) and not looks_personal(pd.Series([True, False]))
