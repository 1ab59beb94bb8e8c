"""The numbers behind the pictures of lesson 01."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks.t01.pictures import describe_year, draw_promise, draw_types, take_year

START = pd.Timestamp("2025-01-01")
RECEIPTS = pd.DataFrame({
    "customer_id": [1, 1, 1, 2, 2],
    "basket_id": [10, 10, 11, 12, 13],
    "time": START + pd.to_timedelta([0, 0, 30, 5, 364], unit="D"),
    "sales": [2.0, 4.0, 3.0, 9.0, 100.0],
})  # fmt: skip


def test_a_year_ends_after_13_periods_of_28_days() -> None:
    assert take_year(RECEIPTS, START)["basket_id"].tolist() == [10, 10, 11, 12]


def test_a_year_is_described_by_numbers_that_one_gets_by_hand() -> None:
    found = describe_year(RECEIPTS, START)
    assert found["receipts per customer"] == 3 / 2
    assert found["median receipt, $ or €"] == 6
    assert found["lines per receipt"] == pytest.approx(4 / 3)
    assert found["28-day periods without purchase"] == 1 / 4  # of the periods in which anybody bought


def test_the_promise_counts_the_intervals_that_hold_the_truth() -> None:
    lotteries = pd.DataFrame({"effect": [1.0, 2.0, 3.0], "low": [0.0, 1.0, 2.5], "high": [2.0, 3.0, 3.5]})
    assert draw_promise(lotteries, 2.0).get_title(loc="left") == "2 of 3 intervals hold the truth"


def test_types_are_named_with_their_number_and_their_effect() -> None:
    ax = draw_types(pd.DataFrame({"customers": [3, 5], "effect": [-0.5, 2.0]}, index=["bulk_saver", "beauty"]))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["bulk saver (3)", "beauty (5)"]
    assert [text.get_text() for text in ax.texts][:2] == ["−€0.50", "€2.00"]
