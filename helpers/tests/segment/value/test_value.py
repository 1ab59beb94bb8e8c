"""Purchases, spend, forecasts and customer value: published values, coverage, properties, refusals."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.datasets.loaders import cdnow
from loyalty.prepare.profile import build_profile
from loyalty.segment.value import (
    PurchaseForecast,
    check_independence,
    compare_holdout,
    customer_value,
    find_promising,
    fit_purchases,
    fit_spend,
    predict_purchases,
    predict_spend,
    summarise_profile,
    summarise_purchases,
    track_purchases,
)
from loyalty.tables.check import TableError

sys.path.append(str(Path(__file__).resolve().parents[4] / "benchmarks"))
from value import RUNS, grade_model

THETA = (0.6, 4.0, 0.9, 3.0)


@pytest.fixture(scope="session")
def fit(purchases):
    return fit_purchases(purchases)


@pytest.fixture(scope="session")
def spend(purchases):
    return fit_spend(purchases)


def draw_spend(table: pd.DataFrame, seed: int, theta=(2.0, 4.0, 30.0)) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    p, q, v = theta
    nu = draw.gamma(q, 1 / v, len(table))
    days = table["x"].to_numpy()
    mean = draw.gamma(np.maximum(p * days, 1e-9)) / nu / np.maximum(days, 1)
    later = draw.gamma(np.maximum(p * table["x_later"].to_numpy(), 1e-9)) / nu
    money = {"spend": np.where(days > 0, mean, np.nan), "spend_days": days}
    return table.assign(**money, money_later=np.where(table["x_later"] > 0, later, 0.0))


# Purchases


def test_the_published_customer_and_the_946_repeaters_are_found(purchases):
    assert (len(purchases), int((purchases["x"] > 0).sum())) == (2357, 946)
    first = purchases.set_index("customer_id").loc[4]
    assert (first["x"], round(first["t_x"], 2), round(first["T"], 2)) == (2, 30.43, 38.86)
    assert first["spend"] == pytest.approx(22.345)


def test_by_hand_a_purchase_day_counts_once_and_returns_are_none():
    time = pd.to_datetime(
        ["2024-01-01 09:00", "2024-01-15 10:00", "2024-01-15 18:00", "2024-01-20 12:00", "2024-02-01 12:00"]
    )
    receipts = pd.DataFrame({"customer_id": 1, "time": time, "sales": [10.0, 4.0, 6.0, -4.0, 9.0]})
    found = summarise_purchases(receipts, "2024-01-29", until="2024-02-05")
    row = found.iloc[0]
    assert (row["x"], row["t_x"], row["T"], row["spend"]) == (1, 2.0, 27 / 7, 10.0)
    assert (row["x_later"], row["money_later"]) == (1, 9.0)
    assert "returns only" in found.attrs["warnings"][0]


@pytest.mark.slow
def test_margin_is_summed_where_it_is_asked_and_refused_where_there_is_none(shop):
    with pytest.raises(TableError, match="margin"):
        summarise_purchases(shop, "1997-10-01", of="margin")
    some = shop.head(2_000).assign(margin=lambda t: t["sales"] * 0.25)
    ours = summarise_purchases(some, "1997-10-01", of="margin")["spend"]
    assert ours.to_numpy() == pytest.approx(
        summarise_purchases(some, "1997-10-01")["spend"] * 0.25, nan_ok=True, abs=1e-5
    )


@pytest.mark.slow
def test_duckdb_and_pandas_give_the_same_histories(shop, tmp_path):
    some = shop.head(1_500)
    some.to_parquet(tmp_path / "receipts.parquet")
    relation = duckdb.read_parquet(str(tmp_path / "receipts.parquet"))
    ours, theirs = (summarise_purchases(t, "1997-10-01", until="1998-07-01") for t in (some, relation))
    pd.testing.assert_frame_equal(ours, theirs)


@pytest.mark.slow
def test_a_profile_gives_the_same_history_in_weeks(shop):
    some = shop.head(1_500)
    ours = summarise_profile(build_profile(some, "1997-10-01"))
    theirs = summarise_purchases(some, "1997-10-01")
    pd.testing.assert_frame_equal(ours[["customer_id", "x", "t_x", "T"]], theirs[["customer_id", "x", "t_x", "T"]])
    assert (ours["spend_days"] == ours["x"] + 1).all()


@pytest.mark.slow
def test_windows_that_cannot_be_are_refused(shop):
    some = shop.head(100)
    with pytest.raises(TableError, match="later than as_of"):
        summarise_purchases(some, "1997-10-01", until="1997-10-01")
    with pytest.raises(TableError, match="nobody bought before"):
        summarise_purchases(some, "1990-01-01")


# Spend


def test_gamma_gamma_is_the_published_one(spend, purchases):
    assert spend.theta == pytest.approx([6.25, 3.74, 15.45], abs=0.007)
    assert spend.n_customers == 946
    expected = predict_spend(spend, purchases)["expected_spend"]
    assert expected[:3].to_numpy() == pytest.approx([24.66, 35.17, 18.91], abs=0.01)


def test_lifetimes_agrees_on_the_likelihood_of_spend(spend, purchases):
    lifetimes = pytest.importorskip("lifetimes")
    known = purchases[purchases["x"] > 0]
    theirs = lifetimes.GammaGammaFitter()
    args = np.log(spend.theta), known["x"].to_numpy(float), known["spend"].to_numpy(float), np.ones(len(known)), 0.0
    value = -theirs._negative_log_likelihood(*args) * len(known)
    assert spend.log_likelihood == pytest.approx(value, abs=1e-5)


@pytest.mark.slow
def test_true_spend_parameters_lie_in_their_intervals_as_often_as_promised(draw_histories):
    hits, runs, theta = np.zeros(3), 200, (2.0, 4.0, 30.0)
    for seed in range(runs):
        table = fit_spend(draw_spend(draw_histories("bg_nbd", THETA, 1_500, seed), seed)).to_frame()
        hits += (table["low"] <= theta) & (table["high"] >= theta)
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.95)
    assert (hits >= low).all() and (hits <= high).all(), hits


@pytest.mark.slow
def test_money_that_gamma_gamma_does_not_know_is_left_out_and_counted(purchases):
    changed = purchases.copy()
    repeaters = changed.index[changed["x"] > 0]
    changed.loc[repeaters[:3], "spend"] = [0.0, -5.0, -1.0]
    assert "3 customers" in fit_spend(changed).warnings[0]


@pytest.mark.parametrize(
    ("change", "says"), [({"spend": 5.0}, "the same a purchase"), ({"spend": np.nan}, "0 customers")]
)
def test_spend_without_spread_or_without_customers_is_refused(purchases, change, says):
    with pytest.raises(TableError, match=says):
        fit_spend(purchases.assign(**change))


@pytest.mark.slow
def test_independence_is_checked_and_a_dependence_is_said(purchases):
    found = check_independence(purchases)
    assert found.correlation == pytest.approx(stats.spearmanr(*_repeaters(purchases)).statistic)
    assert 0 < found.low < found.correlation < found.high and "frequent customers spend" in found.warnings[0]
    shuffled = purchases.copy()
    rows = shuffled["x"] > 0
    shuffled.loc[rows, "spend"] = np.random.default_rng(1).permutation(shuffled.loc[rows, "spend"])
    assert check_independence(shuffled).warnings == ()
    assert check_independence(purchases).table["customers"].sum() == 946


def _repeaters(purchases: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    known = purchases[purchases["x"] > 0]
    return known["x"], known["spend"]


# Forecasts


def test_the_published_conditional_expectation(fit):
    one = pd.DataFrame({"customer_id": [1], "x": [2], "t_x": [30.43], "T": [38.86]})
    assert predict_purchases(fit, one, weeks=39, interval=False).expected == pytest.approx(1.226, abs=5e-4)


@pytest.mark.slow
def test_the_holdout_of_cdnow_is_told_as_it_came(fit, shop, purchases):
    tracked = track_purchases(fit, shop, "1997-10-01", "1998-07-01")
    last = tracked.table.iloc[-1]
    assert last["actual"] == (purchases["x"] + purchases["x_later"]).sum() == 4339
    ages = purchases["T"].to_numpy() + 39
    by_hand = sum(fit.expect_new(age) * n for age, n in zip(*np.unique(ages.round(6), return_counts=True), strict=True))
    assert last["expected"] == pytest.approx(by_hand, rel=1e-5)
    assert (tracked.table["is_holdout"]).sum() == 39
    forecast = predict_purchases(fit, purchases, weeks=39, draws=20)
    compared = compare_holdout(forecast, purchases)
    assert compared["customers"].sum() == 2357
    assert np.average(compared["actual"], weights=compared["customers"]) == pytest.approx(purchases["x_later"].mean())
    assert tracked.plot().get_title(loc="left") == "In the holdout the model is 11% below"


def test_the_interval_of_few_customers_in_the_holdout_is_students_and_none_without_spread():
    later = [0, 2, 1, 4, 0, 3, 7, 7, 9]
    x = [1, 1, 1, 1, 1, 2, 3, 3, 8]
    rows = pd.DataFrame({"customer_id": range(9), "x": x, "p_alive": 1.0, "expected": 1.0})
    forecast = PurchaseForecast(rows, 9.0, 1.0, 20.0, 39.0, "BG/NBD")
    found = compare_holdout(forecast, rows.assign(x_later=later)).set_index("x")
    theirs = stats.ttest_1samp(later[:5], 0).confidence_interval(0.95)
    assert found.loc["1", ["low", "high"]].to_numpy(float) == pytest.approx([theirs.low, theirs.high])
    assert found.loc[["2", "3", "7 +"], ["low", "high"]].isna().all(axis=None)


def test_later_purchases_that_are_text_are_told_and_texts_of_numbers_are_read():
    rows = pd.DataFrame({"customer_id": range(3), "x": [1, 1, 2], "p_alive": 1.0, "expected": 1.0})
    forecast = PurchaseForecast(rows, 3.0, 1.0, 4.0, 39.0, "BG/NBD")
    with pytest.raises(TableError, match="`x_later` should hold numbers of purchases; 2 rows do not"):
        compare_holdout(forecast, rows.assign(x_later=["a", "b", "1"]))
    assert compare_holdout(forecast, rows.assign(x_later=["0", "2", "1"]))["actual"].tolist() == [1.0, 1.0]


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_intervals_of_customers_and_cohorts_hold_what_came_as_often_as_promised(model, draw_histories):
    """Of histories that are drawn purchase by purchase; benchmarks/value.py grades the same way."""
    theta = (0.6, 8.0, 0.7, 12.0) if model == "pareto_nbd" else THETA
    cohort, customers = grade_model(model, partial(draw_histories, model, theta, 600))
    low, high = stats.binom.ppf([0.0005, 0.9995], RUNS, 0.95)
    assert low <= cohort * RUNS <= high
    assert 0.95 <= customers <= 0.99  # counts are whole: at least the level


@pytest.mark.slow
def test_customers_who_were_given_up_come_back_whichever_fit_is_asked(purchases, fit):
    """docs/statistics.md names both fits: that of these customers themselves, and that of the published sample."""
    receipts = cdnow().receipts
    outside = summarise_purchases(receipts[~receipts["in_sample"]], "1997-10-01", until="1998-07-01")
    told = {}
    for name, model in (("own", fit_purchases(outside)), ("published", fit)):
        table = predict_purchases(model, outside, weeks=39, interval=False).table
        given_up = table[table["p_alive"] < 0.2].merge(outside[["customer_id", "x_later"]], on="customer_id")
        came = int((given_up["x_later"] > 0).sum())
        told[name] = (len(given_up), round((1 - given_up["p_quiet"]).sum()), came)
    assert told == {"own": (627, 59, 208), "published": (714, 66, 231)}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bg_nbd", "mbg_nbd", "pareto_nbd"])
def test_p_alive_and_p_quiet_are_shares_of_a_drawn_population(model, draw_histories):
    theta = (0.6, 8.0, 0.7, 12.0) if model == "pareto_nbd" else THETA
    table = draw_histories(model, theta, 6_000, seed=5)
    found = predict_purchases(fit_purchases(table, model=model), table, weeks=26, interval=False).table
    bins = pd.cut(found["p_alive"], [-0.01, 0.3, 0.6, 0.8, 0.95, 1.0])
    gaps = (table["alive"] - found["p_alive"]).groupby(bins, observed=True).agg(["mean", "sem"])
    assert (gaps["mean"].abs() < 4 * gaps["sem"] + 0.01).all()
    quiet = table["x_later"].eq(0) - found["p_quiet"]
    assert abs(quiet.mean()) < 4 * quiet.std() / np.sqrt(len(quiet))
    assert found["expected"].mean() == pytest.approx(table["x_later"].mean(), rel=0.05)


@pytest.mark.slow
def test_simulated_futures_have_the_expected_mean(fit):
    one = pd.DataFrame({"customer_id": range(4_000), "x": 4, "t_x": 20.0, "T": 38.0})
    still = type(fit)("bg_nbd", fit.parameters, np.zeros((4, 4)), 0.0, 2357, 946, 39.0)
    found = predict_purchases(still, one, weeks=39, draws=60)
    assert (found.low + found.high) / 2 == pytest.approx(found.expected, rel=0.03)


@pytest.mark.slow
def test_order_of_rows_changes_nothing(fit, spend, purchases):
    some = purchases.head(300)
    ours, theirs = (
        customer_value(fit, spend, table, weeks=39, margin_rate=0.3, draws=20)
        for table in (some, some.sample(frac=1, random_state=1))
    )
    pd.testing.assert_frame_equal(ours.table, theirs.table)
    assert (ours.value, ours.low, ours.high) == (theirs.value, theirs.low, theirs.high)


# Value


@pytest.mark.slow
def test_value_is_margin_and_discounted(fit, spend, purchases):
    def value(**changes):
        options = {"weeks": 52, "margin_rate": 0.3, "yearly_discount": 0.1, "interval": False} | changes
        return customer_value(fit, spend, purchases, **options).value

    plain = value(yearly_discount=0, margin_rate=1)
    assert value(yearly_discount=0) == pytest.approx(0.3 * plain)
    assert 0.3 * plain / 1.1 < value() < 0.3 * plain
    table = customer_value(fit, spend, purchases, weeks=52, margin_rate=1, yearly_discount=0, interval=False).table
    assert table["value"].to_numpy() == pytest.approx(table["expected_purchases"] * table["expected_spend"])


@pytest.mark.slow
@pytest.mark.parametrize("model", ["bg_nbd", "pareto_nbd"])
def test_the_discounted_sum_is_that_of_short_steps(purchases, model):
    fit = fit_purchases(purchases, model=model)
    x, T = np.array([0.0, 5.0]), np.array([30.0, 38.0])
    steps = np.linspace(0, 52, 261)
    sums = np.array([fit.law.expect_if_alive(fit.theta, x, T, np.full(2, t)) for t in steps])
    middle = (steps[1:] + steps[:-1]) / 2
    by_hand = (np.diff(sums, axis=0) * np.exp(-0.01 * middle)[:, None]).sum(axis=0)
    found = fit.law.expect_if_alive(fit.theta, x, T, np.full(2, 52.0), 0.01)
    assert found == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.slow
def test_intervals_of_value_hold_what_came_as_often_as_promised(draw_histories):
    runs, cohort, shares = 60, 0, []
    for seed in range(runs):
        table = draw_spend(draw_histories("mbg_nbd", THETA, 600, seed), seed)
        fit, spend = fit_purchases(table, model="mbg_nbd"), fit_spend(table)
        found = customer_value(
            fit, spend, table, weeks=26, margin_rate=1, yearly_discount=0, draws=200, seed=seed
        )  # fmt: skip
        cohort += found.low <= table["money_later"].sum() <= found.high
        rows = found.table
        shares.append(((rows["low"] <= table["money_later"]) & (table["money_later"] <= rows["high"])).mean())
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.95)
    assert low <= cohort <= high
    assert 0.94 <= np.mean(shares) <= 0.99


@pytest.mark.slow
def test_promising_customers_are_not_among_the_best_of_the_past(fit, spend, purchases):
    value = customer_value(fit, spend, purchases, weeks=52, margin_rate=0.3, interval=False)
    found = find_promising(value, purchases)
    best = (purchases["spend"].fillna(0) * purchases["spend_days"]).nlargest(471).index
    assert len(found) > 20 and not set(found["customer_id"]) & set(purchases.loc[best, "customer_id"])
    with pytest.raises(TableError, match="same customers"):
        find_promising(value, purchases.head(10))


@pytest.mark.parametrize(
    "change", [{"margin_rate": 0.0}, {"margin_rate": 30.0}, {"weeks": 0.0}, {"yearly_discount": 1.0}]
)
def test_rates_that_cannot_be_are_refused(fit, spend, purchases, change):
    with pytest.raises(TableError):
        customer_value(fit, spend, purchases, **({"margin_rate": 0.3, "interval": False} | change))


@pytest.mark.slow
def test_what_bg_nbd_cannot_know_is_said(fit, spend, purchases):
    notes = customer_value(fit, spend, purchases, weeks=260, margin_rate=0.3, interval=False).warnings
    assert any("certainly alive" in note for note in notes)
    assert any("extrapolation" in note for note in notes)


def test_a_horizon_without_end_is_refused_and_a_long_one_is_doubted(fit, spend, purchases):
    few = purchases.head(20)
    for weeks in (np.inf, 0.0, -1.0):
        with pytest.raises(TableError, match="above 0 and finite"):
            predict_purchases(fit, few, weeks=weeks)
        with pytest.raises(TableError, match="above 0 and finite"):
            customer_value(fit, spend, few, weeks=weeks, margin_rate=0.3)
    assert any("extrapolation" in note for note in predict_purchases(fit, few, weeks=200, interval=False).warnings)
    assert not any("extrapolation" in note for note in predict_purchases(fit, few, weeks=39, interval=False).warnings)


def test_ids_of_another_kind_and_double_rows_are_refused_in_words(fit, purchases):
    few = purchases.head(20)
    forecast = predict_purchases(fit, few, weeks=39, interval=False)
    with pytest.raises(TableError, match="text here and numbers in the forecast"):
        compare_holdout(forecast, few.assign(customer_id=few["customer_id"].astype(str)))
    with pytest.raises(TableError, match="stands in it twice"):
        compare_holdout(forecast, pd.concat([few, few]))


def test_percent_for_a_fraction_and_a_missing_rate_are_asked_about(fit, spend, purchases):
    few = purchases.head(20)
    with pytest.raises(TableError, match="(?s)Write 0.30.*Write 0.10"):
        customer_value(fit, spend, few, margin_rate=30, yearly_discount=10)
    with pytest.raises(TableError, match="margin_rate is missing"):
        customer_value(fit, spend, few)
    with pytest.raises(TableError, match="one customer is too few"):
        fit_purchases(purchases[purchases["x"] > 0].head(1))


def test_a_day_long_after_the_last_receipt_is_doubted():
    receipts = pd.DataFrame({"customer_id": [1, 1], "sales": 5.0, "time": pd.to_datetime(["2017-01-02", "2017-01-09"])})
    assert not any("last receipt" in note for note in summarise_purchases(receipts, "2017-01-10").attrs["warnings"])
    late = summarise_purchases(receipts, "2020-01-01").attrs["warnings"]
    assert any("the last receipt is of 2017-01-09" in note for note in late)


def test_a_profile_that_lost_the_days_of_its_buyers_is_refused_in_words():
    profile = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "x": [2.0, np.nan]})
    profile = profile.assign(t_x=None, T=[70.0, np.nan], monetary=[30.0, 0.0])
    with pytest.raises(TableError, match="`t_x` is empty for customers who have bought"):
        summarise_profile(profile)
