"""Ids: whole numbers and texts are one kind, the rest is refused; nothing splits or merges a customer unsaid."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CONTACTS, CUSTOMERS
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import collect, open_table


def list_ids(ids: object) -> list[object]:
    return collect(check_table(pd.DataFrame({"customer_id": ids}), CUSTOMERS))["customer_id"].tolist()


def refuse(ids: object) -> list[str]:
    with pytest.raises(TableError) as caught:
        list_ids(ids)
    return caught.value.problems


def test_a_number_with_and_without_a_point_beside_texts_is_one_customer() -> None:
    mixed = pd.Series([17850, 17850.0, np.int64(17851), Decimal("17851.0"), "C1", "007", None], dtype=object)
    found = collect(open_table(pd.DataFrame({"customer_id": mixed})))["customer_id"]
    assert found.dropna().tolist() == ["17850", "17850", "17851", "17851", "C1", "007"]
    assert found.isna().sum() == 1


@pytest.mark.parametrize("ids", [[17850.0, 17851.0], [17850, 17851.0], pd.array([17850.0, 17851.0], "Float64")])
def test_whole_decimal_ids_are_whole_numbers_without_a_word(ids: object) -> None:
    assert list_ids(ids) == [17850, 17851]
    assert collect(open_table(pd.DataFrame({"customer_id": ids})))["customer_id"].dtype.kind == "i"


def test_whole_decimal_ids_beside_blanks_are_whole_numbers_wherever_the_table_lives(tmp_path: Path) -> None:
    frame = pd.DataFrame({"customer_id": [17850.0, np.nan, 2.0**53 - 1]})
    frame.to_parquet(tmp_path / "ids.parquet")
    relation = duckdb.connect().from_df(frame)
    for source in (frame, relation, tmp_path / "ids.parquet"):
        table = open_table(source)
        assert table.collect_schema()["customer_id"].is_integer()
        assert collect(table.drop_nulls())["customer_id"].astype("int64").tolist() == [17850, 2**53 - 1]
    assert refuse([17850.0, np.nan]) == [
        "`customer_id` is empty in 1 of 2 rows: fill it, or take these rows out and count them"
    ]


@pytest.mark.parametrize("dtype", ["DECIMAL(18, 0)", "DECIMAL(18, 2)"])
def test_whole_numbers_that_a_database_keeps_as_decimals_are_whole_numbers(dtype: str) -> None:
    table = duckdb.sql(f"SELECT 9007199254740993::{dtype} AS customer_id")
    assert collect(check_table(table, CUSTOMERS))["customer_id"].tolist() == [9007199254740993]


def test_ids_that_lost_digits_are_to_be_read_again_as_text() -> None:
    for ids in ([9007199254740992.0, 7.0], [4276380000000001e3, np.nan]):
        (says,) = [text for text in refuse(ids) if "empty" not in text]
        assert "lose their last digits" in says and "dtype={'customer_id': 'str'}" in says
        assert "int64" not in says
    assert "numbers with lost digits" in refuse([9007199254740992.0, "C1"])[0]


def test_decimal_ids_that_are_not_whole_are_refused() -> None:
    assert refuse([7.5, 8.0]) == [
        "`customer_id` should be a whole number or a text, found decimal numbers such as 7.5: is this the column of "
        "the ids?"
    ]


@pytest.mark.parametrize(
    ("ids", "kind"),
    [
        ([True, False], "true and false"),
        ([dt.date(2024, 1, 5), dt.date(2024, 1, 6)], "dates"),
        ([[1], [2]], "the type List"),
        ([[1], 2], "lists in 1 of 2 rows, such as [1]"),
        ([True, "C1"], "true and false in 1 of 2 rows, such as True"),
        ([dt.date(2024, 1, 5), 7], "dates in 1 of 2 rows, such as 2024-01-05"),
        ([7.5, "C1"], "decimal numbers in 1 of 2 rows, such as 7.5"),
        ([b"7", "C1"], "values of the type bytes in 1 of 2 rows"),
    ],
)
def test_what_is_no_id_is_refused_and_not_cast(ids: list[object], kind: str) -> None:
    (says,) = refuse(pd.Series(ids, dtype=object))
    assert kind in says


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u00a0\ufeff"])
def test_what_cannot_be_seen_is_no_customer(blank: str) -> None:
    contacts = pd.DataFrame({"campaign_id": "may", "wave": 1, "customer_id": ["7", blank], "arm": ["mail", "control"]})
    with pytest.raises(TableError) as caught:
        check_table(contacts, CONTACTS)
    (says,) = caught.value.problems
    assert says.startswith("`customer_id` is empty in 1 of 2 rows")


@pytest.mark.parametrize("other", ["7\u200b", "7 ", "\u00a07", "\ufeff7", "7\u00ad", "7\n"])
def test_what_cannot_be_seen_never_makes_two_customers_of_one(other: str) -> None:
    (says,) = refuse(["7", other])
    assert "without blanks around it or characters that cannot be seen" in says and repr(other) in says
    assert list_ids(["7 a", "7-a", "é"]) == ["7 a", "7-a", "é"]


def test_the_line_that_takes_hidden_characters_off_works() -> None:
    spoilt = pd.Series(["7\u200b", " 8", "9\u00a0", "\ufeff10"])
    line = refuse(spoilt)[0].partition("with .str.replace(")[2].rpartition(")")[0]
    assert list_ids(eval(f"spoilt.str.replace({line})", {"spoilt": spoilt})) == ["7", "8", "9", "10"]


def test_one_number_with_and_without_point_zero_as_text_is_refused() -> None:
    (says,) = refuse(["17850", "17850.0", "C1"])
    assert "1 number is written with .0 and without, such as '17850' and '17850.0'" in says
    assert list_ids(["17850.0", "17851"]) == ["17850.0", "17851"]  # two customers, whatever else is odd


def test_masked_cards_that_collide_are_named_as_such() -> None:
    (says,) = refuse(["****1234", "****1234", "****9876"])
    assert says.endswith("these are masked, so that different customers look alike: get ids in full")


def test_ids_that_match_nobody_are_shown_from_both_sides() -> None:
    says = "no customer of the contacts stands in the profile; `customer_id` is "
    cases = {
        ("000", 0): "numbers have lost the zeros in front, so read both files with dtype={'customer_id': 'str'}",
        ("7", 7): "text in one table, a whole number in the other: make them alike with .astype('str')",
        ("007", "7"): "they differ in zeros in front, blanks or capital letters, so write them alike, or read both "
        "files with dtype={'customer_id': 'str'}",
        ("a", "b"): "are both of the same customers?",
    }
    for (mine, theirs), advice in cases.items():
        found = find_strangers([mine], [theirs], "the contacts", "the profile")
        assert found == [f"{says}{mine!r} in the contacts and {theirs!r} in the profile: {advice}"]
    assert not find_strangers([1, 2], [2.0], "the contacts", "the profile")
    assert not find_strangers([], [2], "the contacts", "the profile")
