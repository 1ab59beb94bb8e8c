"""The studentised permutation test: scipy's numbers, exact where nothing happens, and what it cannot say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.permutation import permute_gap
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError


def divide(x, y, axis=-1):
    """Welch's statistic."""
    variance = x.var(axis=axis, ddof=1) / x.shape[axis] + y.var(axis=axis, ddof=1) / y.shape[axis]
    return (x.mean(axis=axis) - y.mean(axis=axis)) / np.sqrt(variance)


@pytest.mark.parametrize("seed", range(6))
def test_all_deals_give_the_p_value_of_scipy(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.lognormal(0, 1, 6) * (rng.random(6) < 0.8), rng.lognormal(0.5, 1, 4)
    scipy = stats.permutation_test((a, b), divide, n_resamples=np.inf, vectorized=True)
    found = permute_gap(a, b)
    assert found.p == pytest.approx(scipy.pvalue) and found.details["exact"] == 1 and found.details["deals"] == 210


def test_random_deals_give_the_p_value_of_scipy_within_luck():
    rng = np.random.default_rng(8)
    a = np.where(rng.random(150) < 0.4, rng.lognormal(3, 1, 150), 0)
    b = np.where(rng.random(60) < 0.3, rng.lognormal(3, 1, 60), 0)
    scipy = stats.permutation_test((a, b), divide, n_resamples=9_999, vectorized=True, rng=np.random.default_rng(1))
    found = permute_gap(a, b)
    assert abs(found.p - scipy.pvalue) < 4 * np.sqrt(2 * found.p * (1 - found.p) / 10_000) * np.sqrt(2)
    assert found.details["exact"] == 0 and found.details["deals"] == 10_000


def test_groups_that_lie_apart_have_twice_the_smallest_chance():
    assert permute_gap([11.0, 12, 14, 15], [1.0, 2, 4, 5]).p == pytest.approx(2 / 70)
    found = permute_gap([11.0, 12, 14], [1.0, 2, 4])
    assert found.p == pytest.approx(2 / 20) and np.isnan(found.low)
    assert any("only 20 ways to deal" in text for text in found.warnings)


def test_with_bell_shaped_values_the_interval_is_welchs():
    rng = np.random.default_rng(3)
    a, b = rng.normal(1, 1, 400), rng.normal(0, 2, 300)
    found, welch = permute_gap(a, b), compare_means(a, b)
    assert [found.low, found.high] == pytest.approx([welch.low, welch.high], abs=0.06 * welch.se * 2)
    assert found.effect == welch.effect and abs(found.p - welch.p) < 0.001


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=9),
    st.lists(st.integers(0, 6), min_size=2, max_size=9),
    st.floats(0.01, 1e6),
    st.sampled_from([0.0, 1e4]),
)
def test_ties_order_unit_and_place_change_nothing_and_zero_is_left_out_exactly_where_p_is_small(a, b, unit, place):
    first = permute_gap(a, b, draws=199)
    moved = permute_gap(unit * (np.array(a[::-1]) + place), unit * (np.array(b[::-1]) + place), draws=199)
    if first.details.get("exact") == 1:
        assert moved.p == pytest.approx(first.p, nan_ok=True)
    turned = permute_gap(b, a, draws=199)
    assert first.p == pytest.approx(turned.p, nan_ok=True) or first.details["exact"] == 0
    if np.isfinite(first.low):
        assert (first.low > 0 or first.high < 0) == (first.p <= 0.05 + 1e-12)


def test_nothing_that_varies_has_no_interval_and_no_p_value():
    found = permute_gap([0.0] * 40, [0.0] * 30)
    assert np.isnan(found.p) and any("no interval" in text for text in found.warnings)
    apart = permute_gap([1.0] * 40, [0.0] * 30)
    assert apart.p <= 2e-4 and np.isnan(apart.low)


@pytest.mark.parametrize("draws", [float("inf"), 0, 1, 10_000_000])
def test_deals_without_end_are_refused(draws):
    with pytest.raises(ValueError, match="draws"):
        permute_gap([1.0, 2, 3] * 50, [1.0, 2, 4] * 50, draws=draws)


def draw_table(n=400, seed=1):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {"arm": ["mail", "control"] * (n // 2), "sales": rng.lognormal(3, 1, n) * (rng.random(n) < 0.4)}
    )


def test_measure_lift_deals_as_permute_gap_does_and_in_each_segment():
    table = draw_table()
    sides = [table.loc[table["arm"] == name, "sales"].to_numpy() for name in ("mail", "control")]
    found, alone = measure_lift(table, interval="permutation", seed=4), permute_gap(*sides, seed=4)
    assert (found.low, found.high, found.p) == pytest.approx((alone.low, alone.high, alone.p))
    assert found.method == "difference of means (permutation test, studentised, 10,000 deals)"
    cells = measure_lift(table.assign(kind=["a", "a", "b", "b"] * 100), interval="permutation", by="kind")
    assert len(cells) == 2 and all("permutation" in cell.method for cell in cells)


def test_a_ratio_and_the_past_are_refused():
    table = draw_table().assign(orders=1.0)
    with pytest.raises(ValueError, match="the permutation test is for means"):
        measure_lift(table, per="orders", interval="permutation")
    with pytest.raises(ValueError, match="its own interval"):
        measure_lift(table, before="orders", interval="permutation")


@pytest.mark.slow
def test_false_alarms_stay_at_five_percent_where_nothing_happens_however_small_and_heavy():
    """4 buyers of 100 controls on average; the region of 99.9 % of exact tests, seeds 0 to 1,999."""
    alarms = 0
    for seed in range(2_000):
        rng = np.random.default_rng(seed)
        y = np.where(rng.random(2_000) < 0.04, rng.lognormal(3, 1.5, 2_000), 0.0)
        alarms += permute_gap(y[:1_900], y[1_900:], draws=399, seed=seed).p <= 0.05
    assert alarms <= stats.binom.ppf(0.9995, 2_000, 0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "holds"), [(30, False), (300, True)])
def test_no_effect_on_average_with_another_spread_holds_in_large_groups_and_far_better_than_undivided(size, holds):
    """Normal values, of which the smaller group's have five times the spread; seeds 0 to 1,999; bounds 3 to 7 %.

    Thirty were too few (9.2 %, a finding); three hundred hold (4.8 %). The plain difference raises 47 %.
    """
    studentised = plain = 0
    for seed in range(2_000):
        rng = np.random.default_rng(seed)
        few, many = rng.normal(0, 5, size), rng.normal(0, 1, 10 * size)
        studentised += permute_gap(few, many, draws=399, seed=seed).p <= 0.05
        both = np.concatenate([few, many])
        dealt = np.array([rng.choice(both, size, replace=False, shuffle=False).sum() for _ in range(199)])
        gaps = dealt / size - (both.sum() - dealt) / (10 * size)
        plain += (1 + (np.abs(gaps) >= abs(few.mean() - many.mean())).sum()) / 200 <= 0.05
    assert (0.03 <= studentised / 2_000 <= 0.07) == holds
    assert studentised < 0.25 * plain


def test_a_small_group_that_varies_more_is_warned_of_and_a_large_or_quiet_one_is_not():
    rng = np.random.default_rng(5)
    wild, calm = rng.normal(0, 3, 30), rng.normal(0, 1, 300)
    assert any("varies more than the other" in text for text in permute_gap(wild, calm, draws=99).warnings)
    assert any("varies more than the other" in text for text in permute_gap(calm, wild, draws=99).warnings)
    large = rng.normal(0, 3, 100)
    for ours, theirs in ((large, calm), (calm[:30], rng.normal(0, 3, 300)), (calm[:30], calm)):
        assert not any("varies more" in text for text in permute_gap(ours, theirs, draws=99).warnings)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([1.0, np.nan, 3.0], "`treated` holds 1 value of 3 that is no number: empty or infinite"),
        ([np.inf, np.nan, 3.0], "`treated` holds 2 values of 3 that are no numbers"),
        (np.array(["2024-01-01", "2024-01-02"], "datetime64[D]"), "`treated` holds dates or times"),
    ],
)
def test_what_is_no_number_is_refused_in_place_of_a_result_of_nothing(values, says):
    with pytest.raises(TableError, match=says):
        permute_gap(values, [1.0, 2.0, 5.0])
    with pytest.raises(TableError, match="2 problems"):
        permute_gap(values, values)
