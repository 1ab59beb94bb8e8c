"""The numbers behind the pictures of lesson 11."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks.t11.pictures import (
    count_top,
    describe_cards,
    draw_cards,
    draw_copies,
    draw_days,
    draw_hours,
    draw_judgements,
    draw_matches,
    draw_prices,
    draw_top,
    draw_two_clocks,
    draw_way,
)

DAY = pd.Timestamp("2023-03-05 10:00")


def texts(ax):
    return [text.get_text() for text in ax.texts]


def test_the_best_cards_are_summed_and_named():
    lines = pd.DataFrame({"customer_id": ["a", "b", "a"], "sales": [1.0, 2.5, 3.0]})
    top = count_top(lines, 2)
    assert top.to_dict() == {"a": 4.0, "b": 2.5}
    assert texts(draw_top(top, "title", odd=["a"]))[:2] == ["€4", "€2"]


def test_copies_are_written_beside_their_bars():
    assert texts(draw_copies(pd.Series({"till": 125, "card": 1_574})))[:2] == ["125", "1,574"]


def test_the_odd_month_is_named_at_night_and_the_others_by_day():
    night = DAY.normalize() + pd.to_timedelta([1, 1, 22], unit="h")
    march = pd.DataFrame({"time": night, "file": "receipts_2023-03.csv"})
    april = pd.DataFrame({"time": DAY + pd.to_timedelta([0, 1, 2], unit="h"), "file": "receipts_2023-04.csv"})
    ax = draw_hours(pd.concat([march, april]), odd="receipts_2023-03.csv")
    assert texts(ax)[:2] == ["March", "the other months"]


def test_a_card_is_described_by_its_receipts_its_cashiers_and_its_discounts():
    lines = pd.DataFrame({
        "customer_id": ["a"] * 4 + ["b"], "store_id": 1, "till_id": 1, "basket_id": [1, 1, 2, 3, 4],
        "cashier": ["x", "x", "x", "y", "x"], "time": DAY,
        "sales": [8.5, 10, 10, 10, 8.5], "discount": [1.5, 0, 0, 0, 1.5],
    })  # fmt: skip
    cards = describe_cards(lines)
    assert cards.loc["a", "receipts"] == 3 and cards.loc["a", "one_cashier"] == pytest.approx(2 / 3)
    assert cards["staff_share"].to_dict() == {"a": 0.25, "b": 1.0}
    many = pd.DataFrame({"receipts": [12, 90, 3], "one_cashier": [0.3, 1.0, 1.0]}, index=["a", "b", "c"])
    assert texts(draw_cards(many))[0] == "card b"


def test_the_way_begins_with_the_files_and_ends_at_the_truth():
    steps = ["in", "removed: resend", "corrected: no VAT", "clean"]
    summary = pd.DataFrame({"what": steps, "money": [100.0, -20.0, 5.0, 85.0]})
    ax = draw_way(summary, truth=85.0)
    assert texts(ax)[:4] == ["€100", "−€20", "+€5", "€85"]
    assert [label.get_text() for label in ax.get_yticklabels()][0] == "in the files"


def test_a_store_without_tax_and_days_in_other_months_are_named():
    ratios = pd.DataFrame({"store_id": [1, 2], "file": "receipts_2023-03.csv", "ratio": [1.0, 0.8333]})
    assert "store 2: 0.833" in texts(draw_prices(ratios))
    days = pd.DataFrame({"time": [DAY, pd.Timestamp("2023-05-03")], "file_month": pd.Timestamp("2023-03-01")})
    assert texts(draw_days(days))[:2] == ["the month of the file", "stamped in other months"]


def test_clocks_matches_and_judgements_say_their_numbers():
    times = pd.Series([DAY, DAY + pd.Timedelta(hours=1)])
    assert "as stamped" in texts(draw_two_clocks(times, times))
    clocks = pd.DataFrame({"matched": [1_869, 2_102], "of": [2_102, 2_102]}, index=["as stamped", "in the shop's time"])
    assert texts(draw_matches(clocks))[:2] == ["1,869 of 2,102", "2,102 of 2,102"]
    shares = pd.DataFrame({"wrong": [0.26, 0.96], "of": [1_652, 1_993], "says": ["here", "before"]}, index=["a", "b"])
    assert texts(draw_judgements(shares))[:2] == ["26% of 1,652: here", "96% of 1,993: before"]
