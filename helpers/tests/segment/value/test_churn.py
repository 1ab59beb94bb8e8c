"""Retention of contracts, the churn classifier and calibration: published values, no look ahead, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.value import fit_churn, fit_retention, measure_calibration, predict_churn, summarise_purchases
from loyalty.tables.check import TableError

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
REGULAR = [1000, 631, 468, 382, 326, 289, 262, 241]


@pytest.mark.parametrize(
    ("survivors", "theta", "log_likelihood"),
    [(HIGH_END, (0.6681, 3.8061), -1611.16), (REGULAR, (0.7041, 1.1820), -1680.27)],
)
def test_retention_is_the_published_one(survivors, theta, log_likelihood):
    found = fit_retention(survivors)
    assert found.theta == pytest.approx(theta, abs=6e-5)
    assert found.log_likelihood == pytest.approx(log_likelihood, abs=0.006)


def test_survival_by_hand():
    found = fit_retention(HIGH_END)
    alpha, beta = found.theta
    draws = stats.beta(alpha, beta)
    by_hand = [draws.expect(lambda p, t=t: (1 - p) ** t) for t in range(4)]
    assert found.survive(3) == pytest.approx(by_hand, rel=1e-6)
    table = found.project(9)
    assert table["is_extrapolated"].tolist() == [False] * 8 + [True] * 2
    assert (np.diff(table["retention"][1:]) > 0).all()  # who leaves easily has left


@pytest.mark.slow
def test_the_interval_of_a_projection_holds_as_often_as_promised():
    hits, runs = 0, 200
    for seed in range(runs):
        draw = np.random.default_rng(seed)
        life = draw.geometric(draw.beta(0.8, 2.5, 800))
        counts = [(life > t).sum() for t in range(11)]
        row = fit_retention(counts[:5]).project(10, seed=seed).iloc[10]
        hits += row["low"] <= counts[10] / 800 <= row["high"]
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.95)
    assert low <= hits <= high


@pytest.mark.parametrize(
    ("survivors", "says"),
    [([100, 90], "too few"), ([100, 90, 95], "rise"), ([0, 0, 0], "above 0"), ([9, 9, 9], "nobody has left")],
)
def test_survivors_that_cannot_be_are_refused(survivors, says):
    with pytest.raises(TableError, match=says):
        fit_retention(survivors)


def test_nothing_from_the_day_on_changes_the_classifier(shop):
    some = shop.head(2_500)
    past = some[some["time"] < "1997-10-01"]
    ours, theirs = (fit_churn(table, "1997-10-01", weeks=13) for table in (some, past))
    assert ours.coefficients == theirs.coefficients and ours.n_customers == theirs.n_customers
    ahead = predict_churn(ours, some, "1997-10-01")
    pd.testing.assert_frame_equal(ahead, predict_churn(theirs, past, "1997-10-01"))
    with pytest.raises(TableError, match="has seen what happened"):
        predict_churn(ours, some, "1997-09-01")


@pytest.mark.slow
def test_a_customer_scored_alone_gets_the_same_probability_as_among_others(shop):
    some = shop.head(1_000)
    model = fit_churn(some, "1997-10-01", weeks=13)
    among = predict_churn(model, some, "1997-10-01").set_index("customer_id")["p_quiet"]
    taught = summarise_purchases(some, model.trained_on)["spend"]
    assert model.typical_spend == taught.median() > 0
    once = summarise_purchases(some, "1997-10-01").query("x == 0")["customer_id"].iloc[:2]  # no spend of their own
    for customers in (once.iloc[:1], among.index[:5]):
        alone = predict_churn(model, some[some["customer_id"].isin(customers)], "1997-10-01")
        assert alone["p_quiet"].to_numpy() == pytest.approx(among[alone["customer_id"]].to_numpy(), rel=1e-12)


def test_parameters_are_drawn_by_one_rule_and_kept_within_what_can_be_computed():
    found = fit_retention(HIGH_END)
    draws = np.random.default_rng(25).multivariate_normal(np.zeros(2), found.covariance, 9, method="eigh")
    assert found.draw_parameters(9, 25) == pytest.approx(found.theta * np.exp(draws), rel=1e-12)
    unknown = replace(found, covariance=np.diag([1e4, 1e-4]))
    drawn = np.log(unknown.draw_parameters(50, 25))
    assert np.abs(drawn).max() == 30 and np.isfinite(unknown.project(9).to_numpy(float)[8:, 2:5]).all()
    untold = replace(found, covariance=np.full((2, 2), np.nan))
    assert (untold.draw_parameters(3, 25) == found.theta).all()


def test_too_few_who_stay_or_go_are_refused(shop):
    with pytest.raises(TableError, match="of each are the least"):
        fit_churn(shop.head(60), "1997-10-01", weeks=13)


def test_calibration_by_hand_cuts_at_values():
    p = [0.2] * 5 + [0.6] * 5
    found = measure_calibration(p, [1, 0, 0, 0, 0, 1, 1, 1, 1, 0], bins=4)
    assert found.table["customers"].tolist() == [5, 5]
    assert found.table["happened"].tolist() == pytest.approx([0.2, 0.8])
    assert found.gap == pytest.approx(0.1)
    assert found.brier == pytest.approx(np.mean([0.64] + [0.04] * 4 + [0.16] * 4 + [0.36]))
    assert found.brier_of_base == pytest.approx(0.25) and 0 < found.skill < 1


@pytest.mark.parametrize(("p", "y"), [([0.1, 1.2], [0, 1]), ([0.1], [0, 1]), ([0.1, 0.2], [0, 2]), ([], [])])
def test_what_is_no_probability_is_refused(p, y):
    with pytest.raises(TableError):
        measure_calibration(p, y)
