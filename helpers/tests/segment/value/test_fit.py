"""BG/NBD, MBG/NBD and Pareto/NBD: published values, a referee library, integrals, edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import integrate, special, stats

from loyalty.segment.value.fit import MODELS, fit_purchases
from loyalty.segment.value.retention import fit_retention
from loyalty.tables.check import TableError

# BG/NBD and Pareto/NBD: Fader, Hardie and Lee (2005), Marketing Science 24, 275-284. MBG/NBD: the values of the R
# package BTYDplus (Platzer), as the tests of lifetimes quote them; its log-likelihood is our own.
PUBLISHED = {
    "bg_nbd": ((0.243, 4.414, 0.793, 2.426), -9582.4),
    "mbg_nbd": ((0.525, 6.183, 0.891, 1.614), -9582.1),
    "pareto_nbd": ((0.553, 10.578, 0.606, 11.669), -9595.0),
}
TRUE = {"bg_nbd": (0.6, 4.0, 0.9, 3.0), "mbg_nbd": (0.6, 4.0, 0.9, 3.0), "pareto_nbd": (0.6, 8.0, 0.7, 12.0)}


@pytest.fixture(scope="session")
def fits(purchases):
    return {model: fit_purchases(purchases, model=model) for model in MODELS}


@pytest.mark.parametrize("model", MODELS)
def test_the_fit_to_cdnow_is_the_published_one(fits, model):
    theta, log_likelihood = PUBLISHED[model]
    assert fits[model].theta == pytest.approx(theta, abs=6e-4)
    assert fits[model].log_likelihood == pytest.approx(log_likelihood, abs=0.06)
    assert fits[model].warnings == ()


def test_more_digits_of_the_published_bg_nbd(fits):
    assert fits["bg_nbd"].theta.round(4).tolist() == [0.2426, 4.4136, 0.7929, 2.4259]
    weeks = (0.1429, 1, 3, 31.8571, 32, 78)
    expected = [fits["bg_nbd"].expect_new(week) for week in weeks]
    assert expected == pytest.approx([0.0078, 0.0532, 0.1506, 1.0405, 1.0437, 1.858], abs=1e-4)


@pytest.mark.parametrize(("model", "name"), [("bg_nbd", "BetaGeoFitter"), ("mbg_nbd", "ModifiedBetaGeoFitter")])
@pytest.mark.slow
def test_lifetimes_gives_the_same_probabilities_and_expectations(fits, purchases, model, name):
    lifetimes = pytest.importorskip("lifetimes")
    theirs = getattr(lifetimes, name)()
    theirs.params_ = pd.Series(fits[model].parameters)
    x, t_x, T = (purchases[n].to_numpy(float) for n in ("x", "t_x", "T"))
    law, theta = MODELS[model], fits[model].theta
    alive = law.p_alive(theta, x, t_x, T)
    assert alive == pytest.approx(theirs.conditional_probability_alive(x, t_x, T), abs=1e-9)
    expected = alive * law.expect_if_alive(theta, x, T, np.full(len(x), 39.0))
    there = theirs.conditional_expected_number_of_purchases_up_to_time(39.0, x, t_x, T)
    assert expected == pytest.approx(np.asarray(there), rel=1e-7)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the referee
@pytest.mark.parametrize(
    ("model", "name"),
    [("bg_nbd", "BetaGeoFitter"), ("mbg_nbd", "ModifiedBetaGeoFitter"), ("pareto_nbd", "ParetoNBDFitter")],
)
def test_lifetimes_finds_the_same_optimum_where_it_is_told_no_penalty(fits, purchases, model, name):
    lifetimes = pytest.importorskip("lifetimes")
    theirs = getattr(lifetimes, name)(penalizer_coef=0.0)
    theirs.fit(*(purchases[n].to_numpy(float) for n in ("x", "t_x", "T")))
    assert fits[model].theta == pytest.approx(np.array(list(theirs.params_)), rel=3e-4)


@pytest.mark.slow
def test_lifetimes_gives_the_same_pareto_nbd(fits, purchases):
    lifetimes = pytest.importorskip("lifetimes")
    theirs = lifetimes.ParetoNBDFitter()
    theirs.params_ = pd.Series(fits["pareto_nbd"].parameters)
    x, t_x, T = (purchases[n].to_numpy(float) for n in ("x", "t_x", "T"))
    law, theta = MODELS["pareto_nbd"], fits["pareto_nbd"].theta
    alive = law.p_alive(theta, x, t_x, T)
    assert alive == pytest.approx(theirs.conditional_probability_alive(x, t_x, T), abs=1e-7)
    expected = alive * law.expect_if_alive(theta, x, T, np.full(len(x), 39.0))
    there = theirs.conditional_expected_number_of_purchases_up_to_time(39.0, x, t_x, T)
    assert expected == pytest.approx(np.asarray(there), rel=1e-6)


@pytest.mark.parametrize("model", MODELS)
def test_the_gradient_is_that_of_the_likelihood(model, draw_histories):
    table = draw_histories(model, TRUE[model], 60, seed=1)
    history = [table[n].to_numpy(float) for n in ("x", "t_x", "T")]
    theta, weight = np.array(TRUE[model]) * 1.3, np.arange(60) % 4 + 1.0
    law = MODELS[model]

    def value(at: np.ndarray) -> float:
        return weight @ law.log_likelihood(at, *history)

    steps = np.eye(4) * 1e-5 * theta
    numeric = [(value(theta + s) - value(theta - s)) / (2 * s.sum()) for s in steps]
    assert law.score(theta, *history, weight)[1] == pytest.approx(numeric, rel=1e-6, abs=1e-6)
    assert law.score(theta, *history, weight)[0] == pytest.approx(value(theta))


def _by_integral(model: str, theta, x: float, t_x: float, T: float) -> float:
    """The likelihood of one history, integrated over the unseen rate and leaving; nothing in closed form but Gamma."""
    r, alpha, c, d = theta
    of_rate = stats.gamma(r, scale=1 / alpha)
    if model == "pareto_nbd":

        def over_leaving(rate: float) -> float:
            stays = (d / (d + T)) ** c * rate**x * np.exp(-rate * T)
            leaves = integrate.quad(
                lambda u: c * d**c / (d + u) ** (c + 1) * rate**x * np.exp(-rate * u), t_x, T, epsabs=0, epsrel=1e-10
            )[0]
            return stays + leaves

        return integrate.quad(lambda v: over_leaving(v) * of_rate.pdf(v), 0, 8, limit=400, epsabs=0, epsrel=1e-8)[0]
    s = x + (model == "mbg_nbd")
    of_p = stats.beta(c, d)
    stays = integrate.quad(lambda p: (1 - p) ** s * of_p.pdf(p), 0, 1)[0]
    leaves = integrate.quad(lambda p: p * (1 - p) ** (s - 1) * of_p.pdf(p), 0, 1)[0] if s else 0.0
    rates = [
        integrate.quad(lambda v, t=t: v**x * np.exp(-v * t) * of_rate.pdf(v), 0, 12, epsabs=0)[0] for t in (T, t_x)
    ]
    return stays * rates[0] + leaves * rates[1]


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("history", [(0.0, 0.0, 10.0), (1.0, 9.99, 10.0), (6.0, 3.0, 20.0)])
def test_the_likelihood_is_the_integral_over_what_is_not_seen(model, history):
    theta = {"bg_nbd": (1.7, 2.0, 1.5, 2.5), "mbg_nbd": (1.7, 2.0, 1.5, 2.5), "pareto_nbd": (1.7, 2.0, 1.2, 40.0)}[
        model
    ]
    ours = MODELS[model].log_likelihood(np.array(theta), *(np.array([v]) for v in history))[0]
    assert ours == pytest.approx(np.log(_by_integral(model, theta, *history)), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("a", [0.05, 0.999, 1.0, 1.001, 30.0])
@pytest.mark.parametrize(("x", "age", "time"), [(0, 0.5, 500.0), (3, 40.0, 40.0), (400, 800.0, 4000.0)])
def test_expected_purchases_hold_at_the_edges_where_the_hypergeometric_function_fails(a, x, age, time):
    b = 2.0 + x
    law = MODELS["bg_nbd"]
    found = law.expect_if_alive(np.array([0.3, 0.1, a, 2.0]), np.array([x]), np.array([age]), np.array([time]))[0]
    z = np.linspace(-700 / max(a, 1), 40, 400_001)  # p from a logit, fine at both ends
    p = special.expit(z)
    weight = np.exp(a * special.log_expit(z) + b * special.log_expit(-z))
    ahead = -np.expm1(-(0.3 + x) * np.log1p(p * time / (0.1 + age))) / p
    by_hand = integrate.trapezoid(ahead * weight, z) / integrate.trapezoid(weight, z)
    assert found == pytest.approx(by_hand, rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.1, 1.0, 1e4])
@pytest.mark.parametrize("history", [(0, 0.0, 100.0), (2, 1.0, 100.0), (150, 30.0, 100.0), (150, 99.0, 100.0)])
def test_pareto_nbd_holds_where_its_two_scales_are_far_apart(beta, history):
    theta = np.array([0.6, 5.0, 0.8, beta])
    x, t_x, T = history
    k, s = 0.6 + x, 0.8
    u = t_x + np.r_[0, np.geomspace(1e-9, T - t_x, 400_000)]
    logs = k * np.log((5.0 + T) / (5.0 + u)) + s * np.log((beta + T) / (beta + u)) - np.log(beta + u)
    left = s * integrate.trapezoid(np.exp(logs), u)  # against still being here, which counts 1
    found = MODELS["pareto_nbd"].p_alive(theta, *(np.array([float(v)]) for v in history))[0]
    assert found == pytest.approx(1 / (1 + left), rel=1e-6, abs=1e-12)


def test_bg_nbd_calls_everybody_without_a_repeat_certainly_alive_and_the_others_do_not(fits):
    zero, long = np.zeros(1), np.array([1000.0])
    alive = {model: MODELS[model].p_alive(fits[model].theta, zero, zero, long)[0] for model in MODELS}
    assert alive["bg_nbd"] == 1
    assert alive["mbg_nbd"] < 0.6
    assert alive["pareto_nbd"] < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_true_parameters_lie_in_their_intervals_as_often_as_promised(model, draw_histories):
    hits = np.zeros(4)
    runs = 100
    for seed in range(runs):
        table = fit_purchases(draw_histories(model, TRUE[model], 1_500, seed=seed), model=model).to_frame()
        hits += (table["low"] <= TRUE[model]) & (table["high"] >= TRUE[model])
    low, high = stats.binom.ppf([0.0005, 0.9995], runs, 0.95)
    assert (hits >= low).all() and (hits <= high).all(), hits


@pytest.mark.slow
def test_a_bootstrap_finds_the_same_standard_errors(purchases):
    fit = fit_purchases(purchases)
    draw = np.random.default_rng(0)
    many = []
    for _ in range(300):
        some = purchases.iloc[draw.integers(len(purchases), size=len(purchases))]
        many.append(np.log(fit_purchases(some.assign(customer_id=range(len(some)))).theta))
    ratio = np.std(many, axis=0) / np.sqrt(np.diag(fit.covariance))
    assert ratio == pytest.approx(np.ones(4), abs=0.2)  # real customers are no draw from the model


@pytest.mark.slow
def test_no_start_finds_a_better_optimum(fits, purchases):
    from scipy.optimize import minimize

    history = [purchases[n].to_numpy(float) for n in ("x", "t_x", "T")]
    for model, fit in fits.items():
        for start in ([1.0, 1.0, 1.0, 1.0], [0.1, 20.0, 0.3, 10.0]):

            def lower(z: np.ndarray, law=fit.law) -> float:
                return -law.log_likelihood(np.exp(z), *history).sum()

            options = {"maxiter": 600, "xatol": 1e-6, "fatol": 1e-6}
            found = minimize(lower, np.log(start), method="Nelder-Mead", options=options)
            assert -found.fun <= fit.log_likelihood + 1e-5, model


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_neither_the_order_of_rows_nor_the_kind_of_ids_matters(seed, draw_histories):
    table = draw_histories("bg_nbd", TRUE["bg_nbd"], 200, seed=3)
    other = table.sample(frac=1, random_state=seed).assign(customer_id=lambda t: "k" + t["customer_id"].astype(str))
    assert fit_purchases(other).theta == pytest.approx(fit_purchases(table).theta, rel=1e-5)


@pytest.mark.slow
def test_each_customer_twice_gives_the_same_optimum_with_smaller_errors(draw_histories):
    table = draw_histories("bg_nbd", TRUE["bg_nbd"], 400, seed=3)
    twice = pd.concat([table, table]).assign(customer_id=range(800))
    one, two = fit_purchases(table), fit_purchases(twice)
    assert two.theta == pytest.approx(one.theta, rel=1e-5)
    assert np.diag(two.covariance) == pytest.approx(np.diag(one.covariance) / 2, rel=1e-3)


@pytest.mark.slow
def test_days_or_weeks_change_the_scale_and_nothing_else(draw_histories):
    table = draw_histories("pareto_nbd", TRUE["pareto_nbd"], 300, seed=4)
    days = table.assign(t_x=table["t_x"] * 7, T=table["T"] * 7)
    one, other = (fit_purchases(t, model="pareto_nbd").theta for t in (table, days))
    assert other == pytest.approx(one * [1, 7, 1, 7], rel=1e-5)


@pytest.mark.slow
def test_parameters_that_the_data_do_not_tell_are_said():
    rate = np.random.default_rng(1).poisson(5, 40) + 1  # nobody leaves, all are alike
    table = pd.DataFrame({"customer_id": range(40), "x": rate, "t_x": 19.9, "T": 20.0})
    fit = fit_purchases(table)
    assert any("do not tell" in note for note in fit.warnings)
    assert any("only 40" in note for note in fit.warnings)
    assert 4 < fit.expect_new(20.0) < 8


@pytest.mark.slow
@pytest.mark.parametrize("model", MODELS)
def test_a_handful_of_customers_still_gives_an_answer(model):
    table = pd.DataFrame({"customer_id": [1, 2], "x": [1, 0], "t_x": [2.0, 0], "T": [30.0, 0.0]})
    fit = fit_purchases(table, model=model)
    assert np.isfinite(fit.theta).all() and fit.warnings


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x": [0, 0], "t_x": [0.0, 0]}, "nobody bought again"),
        ({"t_x": [3.0, 5.0]}, "recency of RFM"),
        ({"t_x": [31.0, 0]}, "after the last day seen"),
        ({"x": [1.5, 0]}, "whole"),
        ({"t_x": [0.0, 0]}, "several purchases of one day"),
        ({"T": [np.inf, 9.0]}, "T"),
        ({"x": [np.nan, 0]}, "x"),
        ({"customer_id": [1, 1]}, "customer_id"),
    ],
)
def test_histories_that_cannot_be_are_refused_in_words(change, says):
    table = pd.DataFrame({"customer_id": [1, 2], "x": [1, 0], "t_x": [2.0, 0], "T": [30.0, 20.0]}).assign(**change)
    with pytest.raises(TableError, match=says):
        fit_purchases(table)


def test_a_profile_in_days_is_sent_to_its_own_door():
    profile = pd.DataFrame({"customer_id": [1], "x": [1], "t_x": [7.0], "T": [70.0], "recency_days": [64.0]})
    with pytest.raises(TableError, match="summarise_profile"):
        fit_purchases(profile)


def test_the_card_shows_parameters_and_likelihood(fits):
    html = fits["bg_nbd"]._repr_html_()
    assert "946" in html and "-9,582.43" in html and "alpha" in html


@pytest.mark.parametrize("survivors", [[1000, float("nan"), 800], [float("inf"), 900, 800], [1000, 900, float("nan")]])
def test_survivors_that_are_missing_or_infinite_are_refused(survivors):
    with pytest.raises(TableError, match="finite"):
        fit_retention(survivors)


@pytest.mark.parametrize("periods", ["3", None, -1, 2.5, True, 10**9])
def test_periods_that_are_no_number_of_periods_are_refused_in_words(periods):
    found = fit_retention([1000, 869, 743, 653])
    for ask in (found.survive, found.project, found.plot):
        with pytest.raises(ValueError, match="periods should be a whole number from 0"):
            ask(periods)
    with pytest.raises(ValueError, match="draws should be"):
        found.project(5, draws=10**9)
