"""Customers ranked in one window: ties together, sums kept, windows the same, cards of a till named."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.segment.rank import rank_customers
from loyalty.tables.check import TableError

START, END = "2024-01-01", "2024-04-01"


@pytest.fixture(scope="module")
def receipts():
    rng = np.random.default_rng(21)
    n = 900
    time = pd.Timestamp("2023-11-01") + pd.to_timedelta(rng.integers(0, 200 * 24, n), unit="h")
    sales = rng.choice([4.99, 9.98, 14.97, 20.0, -4.99], n)
    return pd.DataFrame({"customer_id": rng.integers(1, 101, n), "time": time, "sales": sales, "basket_id": range(n)})


@pytest.fixture(scope="module")
def members():
    return pd.DataFrame({"customer_id": range(1, 131)})


def rank(receipts, members, **more):
    return rank_customers(receipts, START, END, customers=members, **more)


def test_equal_customers_have_equal_rank_and_equal_decile_in_any_order_of_rows(receipts, members):
    table = rank(receipts, members).table
    groups = table.groupby("sales")
    assert (groups["rank"].nunique() == 1).all() and (groups["decile"].nunique() == 1).all()
    assert table["sales"].duplicated().sum() > 20
    pd.testing.assert_frame_equal(table, rank(receipts.sample(frac=1, random_state=1), members).table)
    best = table.sort_values("sales", ascending=False)
    assert best["rank"].is_monotonic_increasing and best["decile"].is_monotonic_decreasing


def test_everybody_has_one_row_and_the_money_is_that_of_the_receipts(receipts, members):
    ranking = rank(receipts, members, leave_out=[3, 5])
    inside = receipts[(receipts.time >= START) & (receipts.time < END)]
    assert len(ranking.table) == 128 and ranking.table["customer_id"].is_unique
    assert ranking.table["sales"].sum() + ranking.left_out["sales"].sum() == pytest.approx(inside.sales.sum())
    assert any("2 cards are left out" in text for text in ranking.warnings)
    deciles = ranking.deciles()
    assert deciles.customers.sum() == 128 and deciles.amount.sum() == pytest.approx(ranking.table.sales.sum())
    assert deciles.share.sum() == pytest.approx(1)
    known = deciles[deciles.low.notna()]
    assert len(known) > 4 and ((known.low <= known.share) & (known.share <= known.high)).all()


@pytest.mark.slow
def test_receipts_are_counted_once_and_a_return_is_none(receipts):
    lines = pd.concat([receipts, receipts.assign(sales=1.0)])
    table = rank_customers(lines, START, END, of="receipts").table.set_index("customer_id")
    inside = receipts[(receipts.time >= START) & (receipts.time < END)]
    assert table["receipts"].sum() == inside.basket_id.nunique()
    only = pd.DataFrame({"customer_id": [1, 2], "time": pd.Timestamp("2024-02-01"), "sales": [-3.0, 5.0]})
    found = rank_customers(only, START, END)
    assert found.table["receipts"].tolist() == [0, 1] and found.table["rank"].tolist() == [2, 1]
    assert any("below zero" in text for text in found.warnings)


def test_who_came_after_the_start_is_marked_by_the_list_or_by_the_receipts(receipts, members):
    ranking = rank(receipts, members)
    first = receipts[receipts.sales > 0].groupby("customer_id").time.min()
    assert (~ranking.table.whole_window).sum() == 130 - (first < START).sum()
    joined = members.assign(joined_on=pd.Timestamp("2023-01-01")).astype({"joined_on": "datetime64[us]"})
    joined.loc[:9, "joined_on"] = pd.Timestamp("2024-02-01")
    joined.loc[120:, "joined_on"] = pd.Timestamp("2024-06-01")
    dated = rank(receipts, joined)
    assert len(dated.table) == 120 and (~dated.table.whole_window).sum() == 10
    assert any("10 of 120 customers came after the start" in text for text in dated.warnings)
    assert any("10 customers joined on 2024-04-01 or later" in text for text in dated.warnings)
    whole = rank_customers(receipts, "2023-01-01", "2024-06-01")
    assert any("begin with the window" in text for text in whole.warnings)


def test_a_cashiers_own_card_is_named_and_a_frequent_customer_is_not():
    day = pd.Timestamp("2024-01-10")
    own = pd.DataFrame({"customer_id": 9, "time": [day + pd.Timedelta(minutes=7 * i) for i in range(40)], "sales": 8.0})
    daily = pd.DataFrame({"customer_id": 4, "time": pd.date_range(day, periods=60), "sales": 8.0})
    ranking = rank_customers(pd.concat([own, daily]), START, END)
    assert ranking.suspects.customer_id.tolist() == [9]
    assert any("(9)" in text for text in ranking.warnings)
    assert rank_customers(pd.concat([own, daily]), START, END, leave_out=[9]).suspects.empty


@pytest.mark.slow
def test_all_engines_give_the_same_ranking(receipts, members, tmp_path):
    expected = rank(receipts, members).table
    file = tmp_path / "receipts.parquet"
    receipts.to_parquet(file)
    for source in (duckdb.from_df(receipts), str(file)):
        pd.testing.assert_frame_equal(rank(source, members).table, expected)
    text = receipts.assign(customer_id=receipts.customer_id.map("c{:03d}".format))
    named = rank(text, members.assign(customer_id=members.customer_id.map("c{:03d}".format))).table
    assert named["rank"].tolist() == expected["rank"].tolist()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start": "2024-04-01"}, "the window is empty"),
        ({"deciles": 1}, "deciles should be 2 or more"),
        ({"deciles": 128}, "100 at most"),
        ({"of": "day"}, "`of` should be"),
        ({"customers": [1, 2, 3]}, "`customers`"),
        ({"leave_out": "ab"}, "should be a list of ids"),
        ({"leave_out": [3, "4"]}, "no customer of these cards of `leave_out`.*text"),
        ({"leave_out": range(200)}, "takes out everybody, [0-9]+ customers"),
        ({"start": "2023-01-01", "end": "2023-02-01"}, "no receipt before the end"),
        ({"start": "2030-01-01", "end": "2031-01-01"}, "nobody is left to rank"),
        ({"customers": pd.DataFrame({"customer_id": ["a", "b"]})}, "text"),
        ({"leave_out": ["7"]}, "text"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_words(receipts, change, says):
    with pytest.raises(TableError, match=says):
        rank_customers(**({"receipts": receipts, "start": START, "end": END} | change))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(
    sales=st.lists(st.sampled_from([0.0, 1.0, 5.0, 5.0, 1e9, -2.0]), min_size=1, max_size=30),
    idle=st.integers(0, 20),
)
def test_any_amounts_are_ranked_without_losing_anybody(sales, idle):
    lines = pd.DataFrame({"customer_id": range(len(sales)), "time": pd.Timestamp("2024-02-01"), "sales": sales})
    ranking = rank_customers(lines, START, END, customers=pd.DataFrame({"customer_id": range(len(sales) + idle)}))
    assert len(ranking.table) == len(sales) + idle
    assert ranking.deciles().customers.sum() == len(ranking.table)
    assert ranking.table["rank"].min() == 1


def test_cards_that_stand_nowhere_and_a_decile_that_nobody_reaches_are_said(receipts, members):
    one = rank(receipts, members, leave_out=[3, 999])
    assert any("1 card is left out" in text for text in one.warnings)
    assert any("1 of 2 cards to leave out stands in no receipt (999)" in text for text in one.warnings)
    time = pd.Timestamp("2024-02-01")
    equal = pd.DataFrame({"customer_id": range(20), "time": time, "sales": 5.0})
    assert any("there is no best decile" in text for text in rank_customers(equal, START, END).warnings)
    few = pd.DataFrame({"customer_id": range(3), "time": time, "sales": [1.0, 2.0, 3.0]})
    assert any("fewer customers (3) than deciles (10)" in text for text in rank_customers(few, START, END).warnings)


def test_deciles_of_a_total_below_zero_have_no_shares():
    lines = pd.DataFrame({"customer_id": [1, 2], "time": pd.Timestamp("2024-02-01"), "sales": [-9.0, 2.0]})
    deciles = rank_customers(lines, START, END).deciles()
    assert deciles.share.isna().all() and deciles.amount.sum() == -7


def test_the_card_shows_money_to_the_cent():
    receipts = pd.DataFrame(
        {"customer_id": [1, 1, 2], "time": pd.Timestamp("2024-02-01"), "sales": [0.333, 0.333, 9.0]}
    )
    assert "0.67<" in rank_customers(receipts, START, END)._repr_html_()
