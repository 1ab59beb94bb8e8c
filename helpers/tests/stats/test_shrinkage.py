import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linprog, minimize

from loyalty.stats.shrinkage import _find_reach, shrink_normal, shrink_rates

# Efron and Morris (1975), as printed: hits in the first 45 at-bats of 1970, average over the rest of the season.
HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7])
REST = np.array("346 298 276 222 273 270 263 210 269 230 264 256 303 264 226 286 316 200".split(), float) / 1000
CELLS = [  # cells, mean, strength of the prior (infinite: all alike), trials to choose from
    (9, 0.06, 40, [10, 50, 200, 800]),
    (30, 0.06, 40, [10, 50, 200]),
    (30, 0.02, 200, [20, 100, 1000]),
    (9, 0.5, 20, [10, 50, 200]),
]


def draw_cells(seed, cells, mean, strength, trials):
    random = np.random.default_rng(seed)
    alike = np.isinf(strength)
    truth = np.full(cells, mean) if alike else random.beta(mean * strength, (1 - mean) * strength, cells)
    n = random.choice(trials, cells)
    return random.binomial(n, truth), n, truth


# --- Published values and referees ---------------------------------------------------------------


def test_efron_and_morris_published_factor_and_squared_errors_come_out():
    raw = HITS / 45
    result = shrink_normal(raw, np.sqrt(raw.mean() * (1 - raw.mean()) / 45))
    assert result.table["kept"].round(3).unique().tolist() == [0.212]
    assert round(((raw - REST) ** 2).sum(), 4) == 0.0755
    assert round(((result.table["shrunken"] - REST) ** 2).sum(), 4) == 0.0214


def test_on_the_arcsine_scale_efron_and_morris_factor_is_209_and_the_error_falls_by_three_and_a_half():
    raw, rest = (np.sqrt(45) * np.arcsin(2 * x - 1) for x in (HITS / 45, REST))
    result = shrink_normal(raw, 1.0)
    assert result.table["kept"].round(3).unique().tolist() == [0.209]
    assert ((raw - rest) ** 2).sum() / ((result.table["shrunken"] - rest) ** 2).sum() == pytest.approx(3.5, abs=0.03)


def test_beta_binomial_halves_the_batters_squared_error_too():
    error = ((shrink_rates(HITS, np.full(18, 45)).table["shrunken"] - REST) ** 2).sum()
    assert error < 0.0755 / 2


@pytest.mark.parametrize("case", CELLS)
def test_the_prior_is_where_scipys_beta_binomial_likelihood_is_highest(case):
    s, n, _ = draw_cells(1, *case)
    result = shrink_rates(s, n)

    def likelihood(a, b):
        return stats.betabinom.logpmf(s, n, a, b).sum()

    assert result.log_likelihood == pytest.approx(likelihood(result.a, result.b), abs=1e-8)
    start = np.log([1.0, 10.0])
    referee = minimize(lambda x: -likelihood(*np.exp(x)), start, method="Nelder-Mead", options={"maxiter": 2000})
    assert result.log_likelihood >= -referee.fun - 1e-6
    for a, b in ((1.05, 1), (0.95, 1), (1, 1.05), (1, 0.95), (1.05, 1.05), (0.95, 0.95)):
        assert likelihood(result.a * a, result.b * b) < result.log_likelihood


def test_shrunken_is_successes_plus_a_over_trials_plus_a_and_b():
    s, n, _ = draw_cells(3, *CELLS[0])
    result = shrink_rates(s, n)
    np.testing.assert_allclose(result.table["shrunken"], (s + result.a) / (n + result.a + result.b))
    np.testing.assert_allclose(
        result.table["shrunken"], result.mean + result.table["kept"] * (result.table["raw"] - result.mean)
    )
    assert result.mean == pytest.approx(result.a / (result.a + result.b))
    assert result.spread == pytest.approx(stats.beta(result.a, result.b).std())


def test_normal_shrinkage_by_hand_for_equal_errors():
    x = np.array([4.0, 1.0, 0.0, 2.0, -1.0])
    factor = 1 - (5 - 3) * 0.5**2 / ((x - x.mean()) ** 2).sum()
    np.testing.assert_allclose(shrink_normal(x, 0.5).table["shrunken"], x.mean() + factor * (x - x.mean()))


def test_with_unequal_errors_the_variance_solves_morris_equation():
    random = np.random.default_rng(5)
    se = random.choice([0.5, 1.0, 3.0], 12)
    x = random.normal(2, 1.5, 12) + se * random.standard_normal(12)
    result = shrink_normal(x, se)
    weight = 1 / (se**2 + result.spread**2)
    assert result.mean == pytest.approx(weight @ x / weight.sum())
    balance = weight @ (12 / 11 * (x - result.mean) ** 2 - se**2) / weight.sum()
    assert balance == pytest.approx(result.spread**2, rel=1e-9)
    kept = 1 - 9 / 11 * se**2 / (se**2 + result.spread**2)
    np.testing.assert_allclose(result.table["kept"], kept)


# --- Simulated cells -----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("case", [CELLS[0], *(pytest.param(case, marks=pytest.mark.slow) for case in CELLS[1:])])
def test_over_200_seeds_shrunken_rates_beat_raw_and_pooled_and_the_intervals_hold_their_level(case):
    errors, held = np.zeros(3), []
    for seed in range(200):
        s, n, truth = draw_cells(seed, *case)
        table = shrink_rates(s, n).table
        estimates = table["raw"], np.full(len(n), s.sum() / n.sum()), table["shrunken"]
        errors += [np.mean((estimate - truth) ** 2) for estimate in estimates]
        held.append(np.mean((table["low"] <= truth) & (truth <= table["high"])))
    raw, pooled, shrunken = errors
    assert shrunken < 0.95 * min(raw, pooled)
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.slow
def test_an_interval_that_takes_the_prior_as_known_holds_too_little_where_ours_holds():
    ours, known = [], []
    for seed in range(100):
        s, n, truth = draw_cells(seed, *CELLS[0])
        result = shrink_rates(s, n)
        ours.append(np.mean((result.table["low"] <= truth) & (truth <= result.table["high"])))
        low, high = stats.beta.ppf([[0.025], [0.975]], s + min(result.a, 1e6), n - s + min(result.b, 1e6))
        known.append(np.mean((low <= truth) & (truth <= high)))
    assert np.mean(known) < 0.90 < 0.93 <= np.mean(ours)


@pytest.mark.slow
def test_cells_that_are_alike_are_mostly_shown_with_the_pooled_rate_and_never_far_from_it():
    alike = 0
    for seed in range(60):
        s, n, _ = draw_cells(seed, 9, 0.06, np.inf, [50, 200, 800])
        result = shrink_rates(s, n)
        alike += result.alike
        if result.alike:
            np.testing.assert_allclose(result.table["shrunken"], s.sum() / n.sum())
            assert np.isinf(result.a) and result.spread == 0 and "chance alone" in result.warnings[0]
        assert (result.table["shrunken"] - s.sum() / n.sum()).abs().max() < 0.06
    assert alike > 30


@pytest.mark.parametrize(
    "cells, errors",
    [
        (18, [1.0]),
        pytest.param(10, [0.5, 1.0, 3.0], marks=pytest.mark.slow),
        pytest.param(6, [1.0], marks=pytest.mark.slow),
    ],
)
def test_over_200_seeds_shrunken_lifts_beat_raw_and_pooled_and_the_intervals_hold_their_level(cells, errors):
    lost, held = np.zeros(3), []
    for seed in range(200):
        random = np.random.default_rng(seed)
        truth, se = 3 + random.standard_normal(cells), random.choice(errors, cells)
        x = truth + se * random.standard_normal(cells)
        table = shrink_normal(x, se).table
        pooled = np.full(cells, np.average(x, weights=se**-2))
        lost += [np.mean((estimate - truth) ** 2) for estimate in (x, pooled, table["shrunken"])]
        held.append(np.mean((table["low"] <= truth) & (truth <= table["high"])))
    assert lost[2] < 0.95 * min(lost[:2])
    assert 0.93 <= np.mean(held) <= 0.98


@pytest.mark.slow
def test_where_chance_often_hides_the_spread_the_intervals_of_lifts_still_hold():
    held = []
    for seed in range(300):
        random = np.random.default_rng(seed)
        truth = 3 + 0.5 * random.standard_normal(18)
        table = shrink_normal(truth + random.standard_normal(18), 1.0).table
        held.append(np.mean((table["low"] <= truth) & (truth <= table["high"])))
    assert np.mean(held) >= 0.94


ERRORS = np.array([1.05, 1.69, 0.77, 0.71, 2.13, 0.33, 1.15, 0.14])  # of the latent types, 20,000 against 20,000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("truth", "error"),
    [([2.0, -1.6, -0.9, 1.75, 0.8, 0.06, 1.2, 0], ERRORS), ([-0.6, 8.4, 1, 3, 9.3, 1.8, 1.2, 0.04], 2 * ERRORS)],
)
def test_intervals_of_fixed_segments_hold_on_average_although_large_effects_have_large_errors(truth, error):
    held, width = [], []
    for seed in range(400):
        table = shrink_normal(truth + error * np.random.default_rng(seed).standard_normal(8), error).table
        held.append(np.mean((table["low"] <= truth) & (truth <= table["high"])))
        width.append(((table["high"] - table["low"]) / error).mean())
    assert 0.94 <= np.mean(held) <= 0.97
    assert np.mean(width) < 0.96 * 2 * stats.norm.ppf(0.975)  # shorter than without shrinking


@pytest.mark.parametrize(("moment", "level"), [(0.1, 0.95), (1.0, 0.95), (4.0, 0.95), (0.5, 0.8), (2.0, 0.99)])
def test_the_reach_is_the_one_that_the_worst_biases_of_this_size_leave(moment, level):
    reach, bias = _find_reach(np.array([moment]), level)[0], np.linspace(0, 40, 8_001)
    missed = stats.norm.sf(reach - bias) + stats.norm.cdf(-reach - bias)
    sums = {"A_eq": [np.ones(len(bias)), bias**2], "b_eq": [1, moment]}
    found = -linprog(-missed, **sums, method="highs").fun
    # Under a level of .92 no biases are as bad as the formula takes them to be: it is a little careful there.
    assert (0.998 if level > 0.92 else 0.99) * (1 - level) < found < 1.002 * (1 - level)


@pytest.mark.slow
def test_the_best_of_many_small_cells_is_far_above_its_truth_raw_and_not_when_shrunken():
    raw, shrunken = [], []
    for seed in range(100):
        s, n, truth = draw_cells(seed, 30, 0.06, 60, [10, 30, 300])
        table = shrink_rates(s, n).table
        for column, gaps in (("raw", raw), ("shrunken", shrunken)):
            gaps.append(table[column].max() - truth[table[column].argmax()])
    assert np.mean(raw) > 0.10
    assert abs(np.mean(shrunken)) < 0.02


# --- Edges ---------------------------------------------------------------------------------------

counts = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=12).map(
    lambda pairs: [(min(a, b), max(a, b)) for a, b in pairs]
)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(counts, st.randoms())
def test_any_cells_give_ordered_intervals_within_0_and_1_whatever_the_order_of_rows(pairs, shuffler):
    if not sum(n for _, n in pairs):
        return
    order = list(range(len(pairs)))
    shuffler.shuffle(order)
    s, n = np.transpose(pairs)
    result, again = shrink_rates(s, n), shrink_rates(s[order], n[order])
    table = result.table
    assert ((table["low"] >= 0) & (table["low"] <= table["shrunken"])).all()
    assert ((table["shrunken"] <= table["high"]) & (table["high"] <= 1)).all()
    np.testing.assert_allclose(table.iloc[order], again.table, rtol=2e-3, atol=2e-5, equal_nan=True)
    used = table[n > 0]
    assert (np.sign(used["shrunken"] - result.mean) * np.sign((used["raw"] - result.mean).round(12)) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e3)), min_size=1, max_size=12),
    st.floats(-1e3, 1e3),
)
def test_moving_all_estimates_moves_the_shrunken_ones_and_no_estimate_crosses_the_mean(pairs, shift):
    x, se = np.transpose(pairs)
    result, moved = shrink_normal(x, se), shrink_normal(x + shift, se)
    scale = max(1.0, np.abs(x).max())
    np.testing.assert_allclose(moved.table["shrunken"], result.table["shrunken"] + shift, atol=1e-5 * scale)
    assert result.table["kept"].between(0, 1).all()
    assert (result.table["low"] <= result.table["high"]).all()


def test_nobody_and_everybody_responding_are_rates_with_an_interval_on_one_side():
    none, all_ = (shrink_rates(s, [20, 50, 9]).table for s in ([0, 0, 0], [20, 50, 9]))
    assert (none["shrunken"] == 0).all() and (none["low"] == 0).all() and none["high"].between(0.001, 0.2).all()
    assert (all_["shrunken"] == 1).all() and (all_["high"] == 1).all() and all_["low"].between(0.8, 0.999).all()


def test_one_cell_keeps_its_rate_and_says_that_one_cell_says_little():
    result = shrink_rates([3], [30])
    assert result.table["shrunken"].tolist() == [0.1]
    assert result.table["low"][0] < 0.04 < 0.2 < result.table["high"][0]
    assert "fewer than four cells" in " ".join(result.warnings)


def test_a_cell_without_trials_is_given_the_mean_and_a_missing_raw_rate():
    result = shrink_rates([0, 60, 15, 31], [0, 400, 300, 290])
    assert np.isnan(result.table["raw"][0]) and result.table["shrunken"][0] == pytest.approx(result.mean)
    pd.testing.assert_frame_equal(
        result.table.iloc[1:].reset_index(drop=True), shrink_rates([60, 15, 31], [400, 300, 290]).table, atol=1e-9
    )


def test_huge_counts_are_hardly_shrunk_and_a_tiny_cell_among_them_is_not_lost():
    result = shrink_rates([3, 10**9, 10**8, 5 * 10**8], [9, 10**10, 10**10, 10**10])
    np.testing.assert_allclose(result.table["shrunken"][1:], [0.1, 0.01, 0.05], rtol=1e-6)
    assert result.table["low"][0] < 0.1 < result.table["high"][0]


@pytest.mark.slow
def test_the_intervals_of_five_thousand_cells_hold_their_promise():
    s, n, truth = draw_cells(0, 5000, 0.05, 60, [20, 100])
    table = shrink_rates(s, n).table
    assert 0.94 < np.mean((table["low"] <= truth) & (truth <= table["high"])) < 0.96


def test_the_index_of_a_series_is_kept():
    names = pd.Index(["new", "loyal", "lost", "rare"], name="segment")
    assert shrink_rates(pd.Series([3, 60, 15, 31], names), [9, 400, 300, 290]).table.index.equals(names)
    assert shrink_normal(pd.Series([1.0, 2, 5, 9], names), 1).to_frame().index.equals(names)
    assert "segment" in shrink_normal(pd.Series([1.0, 2, 5, 9], names), 1)._repr_html_()


@pytest.mark.parametrize(
    "s, n, says",
    [
        ([3, 1], [2, 5], "from 0 to the trials"),
        ([-1], [5], "from 0 to the trials"),
        ([0, 0], [0, 0], "not a single trial"),
        ([1.0, np.nan], [5, 5], "missing or infinite"),
        ([1, 2], [5, 5, 5], "one value a cell"),
        ([], [], "one value a cell"),
    ],
)
def test_impossible_counts_are_refused_in_plain_words(s, n, says):
    with pytest.raises(ValueError, match=says):
        shrink_rates(s, n)


def test_a_standard_error_of_zero_is_refused():
    with pytest.raises(ValueError, match="above zero"):
        shrink_normal([1.0, 2.0, 3.0, 4.0], [1, 1, 0, 1])


def test_three_estimates_are_not_shrunk_and_the_result_says_why():
    result = shrink_normal([1.0, 5.0, 9.0], 1.0)
    assert result.table["shrunken"].tolist() == [1.0, 5.0, 9.0] and "nothing was shrunk" in result.warnings[0]
    assert result.table["high"][0] == pytest.approx(1 + 1.959964, abs=1e-5)


def test_estimates_closer_than_chance_are_all_shown_with_the_mean():
    result = shrink_normal([1.0, 1.1, 0.9, 1.05, 0.95], 1.0)
    assert result.alike and np.allclose(result.table["shrunken"], 1.0)
    assert (result.table["high"] - result.table["low"] > 0.5).all()


# --- One cell apart ------------------------------------------------------------------------------


def draw_family(kind, seed, cells=30):
    """Trials and successes of cells that come from one place: all alike, a beta law, or a logit-normal one."""
    rng = np.random.default_rng([cells, seed])
    n = rng.integers(50, 400, cells)
    truth = {
        "alike": lambda: np.full(cells, 0.05),
        "beta": lambda: rng.beta(1.8, 28.2, cells),
        "logit-normal": lambda: 1 / (1 + np.exp(3 - 0.8 * rng.normal(size=cells))),
    }[kind]()
    return rng.binomial(n, truth), n


def says_apart(result):
    return [text for text in result.warnings if text.startswith("one cell stands apart")]


def test_a_cell_that_does_not_come_from_where_the_others_come_from_is_named():
    rng = np.random.default_rng(0)
    n = pd.Series(rng.integers(50, 400, 30), index=[f"s{i}" for i in range(30)])
    s = pd.Series(rng.binomial(n, 0.03), index=n.index)
    assert not says_apart(shrink_rates(s, n))
    s["s7"] = round(0.4 * n["s7"])
    found = shrink_rates(s, n)
    (said,) = says_apart(found)
    assert said.startswith(f"one cell stands apart: `s7` with {s['s7'] / n['s7']:.3g}, shown as ")
    assert found.table.loc["s7", "shrunken"] < s["s7"] / n["s7"]
    low = pd.Series(0, index=n.index)
    low[:] = (0.5 * n).round()
    low["s3"] = 0
    assert "`s3`" in says_apart(shrink_rates(low, n))[0]


def test_whether_a_cell_stands_apart_depends_neither_on_the_order_nor_on_how_many_trials_a_large_cell_has():
    rng = np.random.default_rng(1)
    n = rng.integers(50, 400, 12).astype(float)
    s = rng.binomial(n.astype(int), 0.03).astype(float)
    n[4], s[4] = 1e6, 4e5
    order = rng.permutation(12)
    named = [
        says_apart(shrink_rates(pd.Series(a, index=i), b))
        for a, b, i in ((s, n, range(12)), (s[order], n[order], order))
    ]
    assert named[0] and named[0] == named[1]
    assert not says_apart(shrink_rates([0, 0, 9], [10, 10, 10]))  # too few others
    assert not says_apart(shrink_rates([0] * 5 + [4], [0] * 5 + [10]))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["alike", "beta", "logit-normal"])
def test_a_cell_is_called_apart_in_at_most_5_percent_of_sound_families(kind):
    alarms = sum(bool(says_apart(shrink_rates(*draw_family(kind, seed)))) for seed in range(20_000, 20_200))
    assert alarms <= stats.binom.ppf(0.999, 200, 0.05)


@pytest.mark.slow
def test_a_cell_of_a_fifth_among_thirty_of_3_percent_is_nearly_always_found():
    found = 0
    for seed in range(50):
        rng = np.random.default_rng([30, seed, 9])
        n = rng.integers(50, 400, 30)
        truth = np.full(30, 0.03)
        truth[0] = 0.2
        found += bool(says_apart(shrink_rates(rng.binomial(n, truth), n)))
    assert found >= 45
