"""Regression to the mean: the fall that is there in both directions of time, and the one that is not."""

from __future__ import annotations

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.rules.regression_to_mean import expose_regression
from loyalty.segment.rules.windows import simulate_stable, sum_windows
from loyalty.tables.check import TableError

COUNTS = stats.nbinom(2, 0.2).ppf(np.linspace(0.001, 0.999, 999))  # mean 8, four times as spread as one Poisson


def read(spend: pd.DataFrame, seed: int = 1, draws: int = 150) -> tuple[pd.DataFrame, pd.DataFrame]:
    result = expose_regression(spend, draws=draws, seed=seed)
    return result.table.set_index(["group", "reading"]), result.gaps.set_index("group")


def weaken_the_best(spend: pd.DataFrame, factor: float, seed: int) -> pd.DataFrame:
    """A true fall: those with the highest rates come less often in the second window."""
    best = spend["rate"] >= spend["rate"].quantile(0.8)
    rate = spend["rate"].where(~best, spend["rate"] * factor)
    return spend.assign(second=np.random.default_rng(seed).poisson(rate))


def test_in_a_population_that_never_changes_the_top_falls_and_the_bottom_rises_in_both_directions():
    table, gaps = read(simulate_stable(COUNTS, n=4_000, seed=7))
    for reading in ("forwards", "backwards", "shuffled"):
        assert table.loc[("top", reading), "relative_high"] < -0.05
        assert table.loc[("bottom", reading), "shift_low"] > 0.05
    assert (gaps["low"] < 0).all() and (gaps["high"] > 0).all()
    assert (gaps["p"] > 0.05).all()


def test_the_fall_is_the_one_that_the_theory_of_the_stable_population_gives():
    # Gamma and Poisson: after a count, expect mean + k * (count - mean) next time, with k = 1 - mean / variance.
    spend = simulate_stable(COUNTS, n=200_000, seed=3)
    row = read(spend, draws=2)[0].loc[("top", "forwards")]
    mean, variance = COUNTS.mean(), COUNTS.var()
    assert row["other"] == pytest.approx(mean + (1 - mean / variance) * (row["own"] - mean), rel=0.01)


@pytest.mark.slow
def test_the_interval_of_the_gap_holds_zero_in_19_of_20_populations_that_never_change():
    held = [
        (g["low"] <= 0) & (g["high"] >= 0)
        for g in (read(simulate_stable(COUNTS, n=400, seed=s), s)[1] for s in range(60))
    ]
    low, high = stats.binom.ppf([0.0005, 0.9995], 60, 0.95)
    assert low <= sum(h["top"] for h in held) <= high


@pytest.mark.slow
def test_a_true_fall_of_the_best_shows_in_one_direction_only():
    found = []
    for seed in range(10):
        spend = weaken_the_best(simulate_stable(COUNTS, n=2_000, seed=seed), 0.75, 100 + seed)
        table, gaps = read(spend, seed)
        found.append(gaps.loc["top", "high"] < 0 and gaps.loc["top", "p"] < 0.05)
        assert table.loc[("top", "forwards"), "relative"] < table.loc[("top", "backwards"), "relative"]
    assert sum(found) >= 9


def test_a_season_that_all_share_is_no_change():
    spend = simulate_stable(COUNTS, n=2_000, seed=5)
    gaps = read(spend)[1]
    doubled = expose_regression(spend.assign(second=spend["second"] * 2.0), draws=150, seed=1)
    pd.testing.assert_frame_equal(doubled.gaps.set_index("group"), gaps)
    assert doubled.season == pytest.approx(2 * spend["second"].mean() / spend["first"].mean() - 1)
    assert doubled.table.loc[0, "change"] > 0 > doubled.table.loc[0, "relative"]


@pytest.mark.slow
def test_the_readings_are_what_one_gets_by_hand(journey):
    spend = sum_windows(journey.receipts, "2017-06-03", "2017-07-01", "2017-07-29", customers=journey.customers)
    table, gaps = read(spend, draws=300)
    ranked = spend.sort_values("first", ascending=False).head(494)
    row = table.loc[("top", "forwards")]
    assert (row["own"], row["other"]) == pytest.approx((ranked["first"].mean(), ranked["second"].mean()))
    assert row["change"] == pytest.approx(ranked["second"].mean() / ranked["first"].mean() - 1)
    assert row["change"] == pytest.approx(-0.1538, abs=1e-4)
    assert table.loc[("top", "backwards"), "change"] == pytest.approx(-0.1648, abs=1e-4)
    assert gaps.loc["top", "low"] < 0 < gaps.loc["top", "high"]


@pytest.mark.slow
def test_windows_hold_the_receipts_to_the_cent_and_their_ends_are_open(journey):
    spend = sum_windows(journey.receipts, "2017-06-03", "2017-07-01", "2017-07-29", customers=journey.customers)
    days = journey.receipts.set_index("time")["sales"].sort_index()
    assert round(spend["first"].sum(), 2) == round(days.loc["2017-06-03":"2017-06-30 23:59:59.999"].sum(), 2)
    assert round(spend["second"].sum(), 2) == round(days.loc["2017-07-01":"2017-07-28 23:59:59.999"].sum(), 2)
    assert len(spend) == 2_469
    buyers = sum_windows(duckdb.from_df(journey.receipts), "2017-06-03", "2017-07-01", "2017-07-29")
    assert 0 < len(buyers) < 2_469
    assert buyers[["first", "second"]].sum().tolist() == pytest.approx(spend[["first", "second"]].sum().tolist())


def test_receipts_are_counted_once_and_returns_are_none():
    time = pd.to_datetime(["2017-01-01", "2017-01-01", "2017-01-02", "2017-01-03"])
    receipts = pd.DataFrame({"customer_id": 1, "basket_id": [10, 10, 11, 12], "sales": [5.0, 2.0, -2.0, 4.0]})
    receipts["time"] = time
    days = ("2017-01-01", "2017-01-03", "2017-01-05")
    assert sum_windows(receipts, *days, of="receipts")[["first", "second"]].to_numpy().tolist() == [[1, 1]]
    assert sum_windows(receipts, *days)[["first", "second"]].to_numpy().tolist() == [[5, 4]]
    lines = receipts.drop(columns="basket_id")
    assert sum_windows(lines, *days, of="receipts")[["first", "second"]].to_numpy().tolist() == [[2, 1]]
    with pytest.raises(TableError, match="found 2 and 3 days"):
        sum_windows(receipts, "2017-01-01", "2017-01-03", "2017-01-06")
    with pytest.raises(TableError, match="found 'visits'"):
        sum_windows(receipts, *days, of="visits")


def test_a_stable_population_has_the_mean_and_the_variance_it_was_asked_for():
    spend = simulate_stable(COUNTS, n=100_000, seed=2)
    for window in ("first", "second"):
        assert spend[window].mean() == pytest.approx(COUNTS.mean(), rel=0.02)
        assert spend[window].var() == pytest.approx(COUNTS.var(), rel=0.03)
    even = simulate_stable([3, 3, 3], n=10, seed=1)
    assert (even["rate"] == 3).all()
    pd.testing.assert_frame_equal(simulate_stable(COUNTS, seed=2), simulate_stable(COUNTS, seed=2))
    assert len(simulate_stable(COUNTS, seed=2)) == len(COUNTS)


def test_the_same_seed_gives_the_same_result_and_the_result_shows_itself():
    spend = simulate_stable(COUNTS, n=500, seed=1)
    one, two = (expose_regression(spend, draws=50, seed=4) for _ in range(2))
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame())
    assert "Top and bottom of 500 customers" in one._repr_html_()
    title = one.plot().get_title(loc="left")
    assert title.startswith("The top fifth: −") and "read backwards" in title
    plt.close("all")


def test_what_cannot_be_read_is_refused_and_what_is_read_with_care_warns():
    spend = simulate_stable(COUNTS, n=100, seed=1)
    for wrong, words in (
        (spend.drop(columns="second"), "there is no column `second`; sum_windows makes it"),
        (spend.head(19), "19 customers are too few"),
        (
            spend.assign(second=np.nan),
            "`second` is empty, infinite or no number for 100 customers; write no spend as 0",
        ),
        (spend.assign(second=[[1.0]] * len(spend)), "`second` is empty, infinite or no number for 100 customers"),
        (spend.assign(first=0), "`first` has no spend to compare with: its mean is 0"),
    ):
        with pytest.raises(TableError, match=words):
            expose_regression(wrong, seed=1)
    assert any("fewer than 100 customers" in text for text in expose_regression(spend, draws=20, seed=1).warnings)
    assert expose_regression(simulate_stable(COUNTS, n=500, seed=1), draws=20, seed=1).warnings == ()
    with pytest.raises(TableError, match="bins should be from 2 to half the number of customers, found 1"):
        expose_regression(spend, bins=1, seed=1)


def test_of_equal_customers_on_the_border_each_counts_in_part_whatever_the_order():
    spend = pd.DataFrame({"first": [9.0] * 2 + [5.0] * 8 + [1.0] * 10, "second": np.arange(20.0)})
    top = read(spend, draws=2)[0].loc[("top", "forwards")]
    # A fifth is 4 customers: the two best, and the eight equal ones who share the other two places.
    assert top["customers"] == 4
    assert (top["own"], top["other"]) == pytest.approx(((2 * 9 + 2 * 5) / 4, (0 + 1 + 2 * np.arange(2, 10).mean()) / 4))
    mixed = read(spend.sample(frac=1, random_state=1), draws=2)[0].loc[("top", "forwards")]
    assert mixed["other"] == pytest.approx(top["other"])
