from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from loyalty.segment.micro import link_customers
from loyalty.segment.micro.links import correct_among
from loyalty.tables.check import TableError


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(0, 50))
def test_pairs_that_were_not_seen_count_as_comparisons(p, more):
    padded = np.array([*p, *([1.0] * more)])
    expected = multipletests(padded, method="fdr_bh")[1][: len(p)]
    assert correct_among(np.array(p), len(padded)) == pytest.approx(expected, abs=1e-12)


def test_receipts_of_a_pair_are_held_against_his_number_times_its_share():
    day = pd.Timestamp("2025-03-01")
    pairs = [(1, "tea")] * 4 + [(1, "soap")] * 2 + [(2, "tea")] * 2
    lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(time=day, sales=1.0, basket_id=range(8))
    table = link_customers(lines).table
    assert table["receipts"].tolist() == [2, 4, 2]
    assert table["expected_receipts"].tolist() == pytest.approx([6 * 2 / 8, 6 * 6 / 8, 2 * 6 / 8])
    assert table["p"][1] == pytest.approx(1 - stats.poisson.cdf(3, 4.5))


def test_a_thing_counts_once_a_receipt_however_many_lines_it_has():
    day = pd.Timestamp("2025-03-01")
    lines = pd.DataFrame(
        {"customer_id": 1, "product_id": [5, 5, 5, 6], "time": day, "sales": 1.0, "basket_id": [1, 1, 2, 2]}
    )
    assert link_customers(lines).table["receipts"].tolist() == [2, 1]
    assert link_customers(lines.drop(columns="basket_id")).table["receipts"].tolist() == [1, 1]  # one time, one receipt


@pytest.mark.parametrize("kind", ["duckdb", "shuffled", "text"])
def test_links_are_the_same_from_any_source_and_in_any_order(shoppers, kind):
    lines = shoppers.head(2_000)
    base = link_customers(lines, keep="above chance").table
    if kind == "duckdb":
        other = link_customers(duckdb.from_df(lines), keep="above chance").table
        pd.testing.assert_frame_equal(base, other, check_dtype=False)
    elif kind == "shuffled":
        other = link_customers(lines.sample(frac=1, random_state=3), keep="above chance").table
        pd.testing.assert_frame_equal(base, other)
    else:
        texts = lines.assign(product_id="p" + lines["product_id"].astype(str))
        other = link_customers(texts, keep="above chance").table
        assert sorted(other["q"].round(9)) == sorted(base["q"].round(9))


@pytest.mark.parametrize("seeds", [6, pytest.param(100, marks=pytest.mark.slow)])
def test_without_tastes_hardly_ever_a_link_is_above_chance(make_shoppers, seeds):
    alarms = 0
    for seed in range(seeds):
        lines = make_shoppers(customers=60, things=20, pull=1.0, seed=seed)
        alarms += link_customers(lines, keep="above chance").above_chance > 0
    assert alarms <= stats.binom.ppf(0.999, seeds, 0.05)  # false discovery rate 5 %: of nothing, any is false


def test_habits_are_above_chance_and_false_links_are_few(make_shoppers):
    lines = make_shoppers(pull=1.0, seed=4)
    strong = lines.iloc[:60].drop_duplicates("customer_id")
    again = pd.concat([strong] * 30).assign(basket_id=lambda rows: 10**6 + np.arange(len(rows)))
    links = link_customers(pd.concat([lines, again]), keep="above chance")
    found = set(map(tuple, links.kept[["customer_id", "product_id"]].to_numpy().tolist()))
    planted = set(map(tuple, strong[["customer_id", "product_id"]].to_numpy().tolist()))
    assert planted <= found and len(found - planted) <= 2


def test_carrier_bags_are_named_and_can_be_left_out(shoppers):
    bags = shoppers.drop_duplicates("customer_id").assign(product_id=999, basket_id=lambda rows: 10**6 + rows.index)
    links = link_customers(pd.concat([shoppers, bags]))
    assert any("999 (100%)" in text and "carrier bag" in text for text in links.warnings)
    assert links.to_frame()["product_id"][0] == 999
    without = link_customers(pd.concat([shoppers, bags]), leave_out=[999])
    assert 999 not in set(without.table["product_id"])
    assert "1 of `product_id` are left out as asked" in " ".join(without.warnings)
    pd.testing.assert_frame_equal(
        without.table[["expected_receipts", "q"]],
        link_customers(shoppers).table[["expected_receipts", "q"]],
        check_exact=False,
    )


def test_returns_and_lines_without_a_thing_are_left_out_and_counted(shoppers):
    lines = shoppers.head(100).copy()
    lines["product_id"] = lines["product_id"].astype("Int64")
    lines.loc[lines.index[:3], "product_id"] = pd.NA
    lines.loc[lines.index[3:7], "sales"] = -1.0
    links = link_customers(lines)
    assert links.table["receipts"].sum() == 93
    assert links.warnings[:2] == (
        "3 lines have no `product_id` and are left out",
        "4 lines are returns and are left out",
    )


def test_the_window_is_closed_at_its_start_and_open_at_its_end():
    times = pd.to_datetime(["2025-01-31 23:59", "2025-02-01 00:00", "2025-02-28 23:59", "2025-03-01 00:00"])
    lines = pd.DataFrame({"customer_id": 1, "product_id": [1, 2, 3, 4], "time": times, "sales": 1.0})
    links = link_customers(lines, start="2025-02-01", end="2025-03-01")
    assert links.table["product_id"].tolist() == [2, 3]
    assert (links.first, links.last) == (times[1], times[2])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"to": "page"}, "there is no column `page`"),
        ({"to": "sales"}, "no thing that customers share"),
        ({"to": "weight"}, "whole numbers or text"),
        ({"start": "2025-03-01", "end": "2025-02-01"}, "start should lie before end"),
        ({"end": "2020-01-01"}, "no line with a customer and a thing"),
        ({"leave_out": [12345]}, "nobody bought in `product_id`: 12345"),
        ({"leave_out": "bag"}, "should be a list"),
        ({"leave_out": list(range(60))}, "takes away everything"),
        ({"false_links": 0}, "false_links should lie between 0 and 1"),
        ({"keep": "some"}, "keep"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(shoppers, options, says):
    with pytest.raises(TableError, match=says):
        link_customers(shoppers.assign(weight=0.5), **options)


def test_links_show_themselves(shoppers):
    shown = link_customers(shoppers, keep="above chance")._repr_html_()
    assert "above chance" in shown and "product_id" in shown
