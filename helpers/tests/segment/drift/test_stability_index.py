"""The stability index against other libraries' numbers, and its threshold against many draws without drift."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import SquareTable

from loyalty.segment.drift import measure_stability_index
from loyalty.segment.drift.months import count_cells
from loyalty.segment.drift.stability_index import correct, find_interval, find_psi, fit_without_drift
from loyalty.segment.drift.stability_index import judge_cells as compare_cells
from loyalty.tables.check import TableError

THEN, NOW = pd.Timestamp("2025-03-01"), pd.Timestamp("2026-03-01")
FAR = stats.norm.ppf(0.9995)  # standard errors
USUAL = np.array([0.40, 0.25, 0.20, 0.10, 0.05])


def draw_pair(seed, customers, shift=0.0, stay=0.6, away=0.1):
    """Labels of the same customers in two months, and the true index between them."""
    rng = np.random.default_rng([seed, 77])
    then = rng.choice(5, customers, p=USUAL)
    now = np.where(rng.random(customers) < stay, then, rng.choice(5, customers, p=USUAL))
    now = np.where((now == 0) & (rng.random(customers) < shift / USUAL[0]), 3, now)
    luck = rng.random(customers)
    moved = USUAL + np.array([-shift, 0, 0, shift, 0])
    truth = float(((moved - USUAL) * np.log(moved / USUAL)).sum())
    return np.where(luck < away, -1, then), np.where(luck > 1 - away, -1, now), truth


def measure(photo, pair, **options):
    return measure_stability_index(photo(pair[0], THEN), photo(pair[1], NOW), **options)


def test_the_index_is_the_sum_of_two_divergences(photo):
    found = measure(photo, draw_pair(0, 2_000, shift=0.05), draws=100)
    then, now = found.table.share_then, found.table.share_now
    assert found.psi == pytest.approx(stats.entropy(now, then) + stats.entropy(then, now), rel=1e-12)
    assert found.table.part.sum() == pytest.approx(found.psi)


def test_luck_alone_makes_the_published_mean_of_two_independent_draws():
    """Yurdakul and Naranjo: (K − 1)(1/n + 1/m), for two draws of other customers."""
    rng = np.random.default_rng(26)
    cells = np.zeros((6, 6), dtype=int)
    cells[:5, 5] = rng.multinomial(3_000, USUAL)
    cells[5, :5] = rng.multinomial(5_000, USUAL)
    found = compare_cells(cells, 0.05, 20_000, rng)
    assert found.by_chance == pytest.approx(4 * (1 / 3_000 + 1 / 5_000), rel=0.04)
    assert found.threshold == pytest.approx(stats.chi2.ppf(0.95, 4) * (1 / 3_000 + 1 / 5_000), rel=0.06)


def test_the_same_customers_make_less_luck_than_other_customers(photo):
    same = measure(photo, draw_pair(1, 2_000, stay=0.9, away=0.0))
    other = measure(photo, draw_pair(1, 2_000, stay=0.0, away=0.0))
    assert same.by_chance < 0.5 * other.by_chance


def test_coins_for_each_customer_make_the_same_luck(photo, swap):
    then, now, _ = draw_pair(2, 3_000, away=0.0)
    found = measure(photo, (then, now), draws=4_000)
    tossed = swap(then, now, 4_000)
    assert found.by_chance == pytest.approx(tossed.mean(), rel=0.08)
    assert found.threshold == pytest.approx(np.quantile(tossed, 0.95), rel=0.1)


@pytest.mark.parametrize("seed", range(6))
def test_the_p_value_is_near_that_of_the_test_of_stuart_and_maxwell(photo, seed):
    then, now, _ = draw_pair(seed, 2_000, shift=0.012, away=0.0)
    referee = SquareTable(count_cells(then, now, 5)[:5, :5], shift_zeros=False).homogeneity().pvalue
    found = measure(photo, (then, now), draws=4_000)
    # Another weighting of the same differences: alike, not equal
    assert found.p == pytest.approx(referee, abs=0.12)


def test_the_table_without_drift_keeps_people_and_has_equal_shares():
    cells = count_cells(*draw_pair(3, 5_000, shift=0.1)[:2], 5)
    fitted = fit_without_drift(cells)
    assert fitted.sum() == pytest.approx(cells.sum(), rel=1e-6)
    assert fitted[-1].sum() == pytest.approx(cells[-1].sum(), rel=1e-5)
    assert fitted[:, -1].sum() == pytest.approx(cells[:, -1].sum(), rel=1e-5)
    assert find_psi(fitted) < 1e-9 < find_psi(cells)


def test_the_table_without_drift_exists_when_only_one_segment_leaves():
    cells = np.diag([50, 30, 0])
    cells[0, 2] = 20
    fitted = fit_without_drift(cells)
    assert find_psi(fitted) < 1e-6 and fitted.sum() == pytest.approx(100, rel=1e-4)


@pytest.mark.parametrize(("runs", "customers"), [(60, 400), pytest.param(600, 2_000, marks=pytest.mark.slow)])
def test_without_drift_one_check_in_twenty_rings(runs, customers):
    rings = 0
    for seed in range(runs):
        cells = count_cells(*draw_pair(seed, customers)[:2], 5)
        found = compare_cells(cells, 0.05, 400, np.random.default_rng(seed))
        rings += found.psi > found.threshold
    assert stats.binom.ppf(0.0005, runs, 0.05) <= rings <= stats.binom.ppf(0.9995, runs, 0.05)


@pytest.mark.parametrize(
    ("shift", "runs", "customers"),
    [
        (0.06, 12, 1_000),
        pytest.param(0.03, 300, 2_000, marks=pytest.mark.slow),
        pytest.param(0.1, 300, 2_000, marks=pytest.mark.slow),
        pytest.param(0.0, 300, 2_000, marks=pytest.mark.slow),
    ],
)
def test_the_interval_holds_the_true_index_and_drift_is_found(shift, runs, customers):
    held, rings = 0, 0
    for seed in range(runs):
        *pair, truth = draw_pair(seed, customers, shift)
        cells = count_cells(*pair, 5)
        rng = np.random.default_rng([0, 26])
        found = compare_cells(cells, 0.05, 400, rng)
        low, high = find_interval(cells, found, 0.95, 400, rng)
        held += low <= truth <= high
        rings += found.psi > found.threshold
        assert low <= max(0.0, found.psi - found.by_chance) <= high
    assert held >= stats.binom.ppf(0.0005, runs, 0.95)
    assert shift == 0 or rings >= 0.8 * runs


@pytest.mark.parametrize("shift", [0.0, 0.1])
def test_luck_is_taken_off_on_average(shift):
    """What is left is the true index on average; without drift that is 0, and the raw index is not."""
    pairs = [draw_pair(seed, 500, shift) for seed in range(60)]
    found = [compare_cells(count_cells(*pair, 5), 0.05, 200, np.random.default_rng([0, 26])) for *pair, _ in pairs]
    truth = pairs[0][2]
    # `correct` stops at 0, so without drift the mean is that of the difference
    left = np.array([correct(one) if shift else one.psi - one.by_chance for one in found])
    error = left.std(ddof=1) / np.sqrt(len(left))
    assert abs(left.mean() - truth) <= FAR * error
    assert shift or np.mean([one.psi for one in found]) > FAR * error


def test_folklore_sleeps_with_many_customers_and_panics_with_few(photo):
    many = measure(photo, draw_pair(4, 60_000, shift=0.03), draws=200)
    assert many.is_drift and many.folklore == "small"
    few = measure(photo, draw_pair(1, 40, stay=0.0, away=0.4))
    assert few.folklore != "small" and not few.is_drift


def test_more_customers_of_the_same_kind_change_nothing_but_the_luck(photo):
    then, now, _ = draw_pair(5, 800, shift=0.05)
    once = measure(photo, (then, now))
    ten = measure(photo, (np.tile(then, 10), np.tile(now, 10)))
    assert ten.psi == pytest.approx(once.psi)
    assert ten.by_chance == pytest.approx(once.by_chance / 10, rel=0.15)


LABELS = st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=1, max_size=30)


@settings(max_examples=4)
@given(LABELS, st.randoms(use_true_random=False), st.booleans())
def test_neither_order_of_rows_nor_names_nor_kind_of_id_matter(photo, labels, random, as_text):
    then, now = (np.array(column) for column in zip(*labels, strict=True))
    if (then < 0).all() or (now < 0).all():
        return
    # Ten of each kind, because a day needs ten customers
    then, now = np.tile(then, 10), np.tile(now, 10)
    first, second = photo(then, THEN), photo(now, NOW)
    found = measure_stability_index(first, second, draws=40)
    assert np.isfinite([found.psi, found.low, found.high, found.by_chance, found.threshold, found.p]).all()
    assert found.psi >= 0 and 0 < found.p <= 1
    shuffled = [one.sample(frac=1, random_state=random.randint(0, 99)) for one in (first, second)]
    if as_text:
        shuffled = [one.assign(customer_id=[f"c{i}" for i in one.customer_id]) for one in shuffled]
    else:
        shuffled = [one.assign(customer_id=one.customer_id + 9_000_000_000_000_000) for one in shuffled]
    assert measure_stability_index(*shuffled, draws=40).psi == pytest.approx(found.psi)
    backwards = measure_stability_index(second.assign(as_of=THEN), first.assign(as_of=NOW), draws=40)
    assert backwards.psi == pytest.approx(found.psi)


def test_a_single_segment_cannot_move(photo):
    found = measure(photo, (np.zeros(20, int), np.zeros(20, int)), draws=40)
    assert found.psi == 0 and not found.is_drift and "single segment" in found.warnings[0]


@pytest.mark.parametrize(
    "cells", [[[0, 0, 0], [0, 0, 1], [1, 0, 0]], [[1, 0, 0], [0, 0, 0], [0, 1, 0]], [[1, 0], [0, 0]]]
)
def test_a_handful_of_customers_has_a_number_and_no_alarm(cells):
    """A draw of one or two customers may leave a day without anybody."""
    found = compare_cells(np.array(cells), 0.05, 40, np.random.default_rng(1))
    assert np.isfinite([found.psi, found.by_chance, found.threshold, found.p]).all() and found.psi <= found.threshold


def test_a_new_segment_counts_as_half_a_customer_before(photo):
    found = measure(photo, (np.zeros(100, int), np.r_[np.zeros(50, int), np.ones(50, int)]))
    assert found.is_drift and any("rough" in note for note in found.warnings)
    assert found.table.part[1] == pytest.approx((0.5 - 0.005) * np.log(0.5 / 0.005))


def test_other_customers_are_said_and_compared_as_two_draws(photo):
    first, second = photo(np.zeros(20, int), THEN), photo(np.zeros(20, int), NOW)
    found = measure_stability_index(first, second.assign(customer_id=second.customer_id + 100), draws=40)
    assert found.n_both == 0 and any("no customer is in both" in note for note in found.warnings)


def test_the_difference_of_a_share_has_the_error_of_pairs(photo):
    """McNemar's variance: of b gains and c losses (b + c − (b − c)²/n) / n²."""
    then, now, _ = draw_pair(6, 4_000, shift=0.05, away=0.0)
    found = measure(photo, (then, now), draws=40).table.iloc[0]
    gains, losses = ((now == 0) & (then != 0)).sum(), ((now != 0) & (then == 0)).sum()
    error = np.sqrt(gains + losses - (gains - losses) ** 2 / 4_000) / 4_000
    assert found.difference - found.low == pytest.approx(stats.norm.ppf(0.975) * error)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"false_alarms": 0.001, "draws": 100}, "draws=1000 or more"),
        ({"false_alarms": 0.0}, "false_alarms should lie between 0 and 1"),
    ],
)
def test_levels_that_draws_cannot_reach_are_refused(photo, change, words):
    with pytest.raises(TableError, match=words):
        measure(photo, draw_pair(7, 50), **change)


def test_wrong_tables_are_refused_in_words(photo):
    first, second = photo(np.zeros(10, int), THEN), photo(np.zeros(10, int), NOW)
    with pytest.raises(TableError, match="10 customers or more are needed on each day, found 9 and 10"):
        measure_stability_index(first.head(9), second)
    with pytest.raises(TableError, match="found 10 and 1"):
        measure_stability_index(first, second.head(1))
    with pytest.raises(TableError, match="not earlier"):
        measure_stability_index(second, first)
    with pytest.raises(TableError, match="one segmentation at a time"):
        measure_stability_index(first, second.assign(scheme="other"))
    with pytest.raises(TableError, match="segment"):
        measure_stability_index(first.assign(segment=np.nan), second)
    with pytest.raises(TableError, match="no customer"):
        measure_stability_index(first.head(0), second)
    changed = measure_stability_index(first, second.assign(version="2"), draws=40)
    assert "version of the rule changed" in changed.warnings[0]


def test_what_it_shows(photo):
    found = measure(photo, draw_pair(8, 900, shift=0.1), draws=100)
    assert "the shares have moved" in found.reads() and found.reads() in found._repr_html_()
    assert found.to_frame().equals(found.table)
    assert found.plot().get_title(loc="left") == "The shares have moved"
    assert found.plot_chance().get_title(loc="left") == "More than chance"
    calm = measure(photo, draw_pair(8, 900), draws=1_000)
    assert "no more than chance" in calm.reads()


@pytest.mark.parametrize("seed", range(12))
def test_what_is_left_without_luck_lies_in_its_interval(seed):
    """Also with a dozen customers, where luck is larger than the index."""
    rng = np.random.default_rng([seed, 3])
    cells = count_cells(rng.choice(5, 12, p=USUAL), rng.choice(5, 12, p=USUAL), 5)
    found = compare_cells(cells, 0.05, 200, rng)
    low, high = find_interval(cells, found, 0.95, 200, rng)
    assert low <= correct(found) <= high and np.isfinite([low, high, found.threshold]).all()


LEAVE = np.array([0.02, 0.05, 0.1, 0.3, 0.6])
ZIPF = 1 / np.arange(1, 6) / (1 / np.arange(1, 6)).sum()


def expect_growth(growth, stay):
    """The expected table of pairs, of one customer then, when leaving hangs on the segment and shares stay."""
    kept = ZIPF * (1 - LEAVE)
    core = stay * np.diag(kept) + (1 - stay) * np.outer(kept, ZIPF)
    cells = np.zeros((6, 6))
    cells[:5, :5], cells[:5, 5] = core, ZIPF * LEAVE
    cells[5, :5] = growth * ZIPF - core.sum(axis=0)
    return cells


def test_a_table_without_drift_in_which_rare_segments_leave_stays_as_it_is():
    cells = 1_000 * expect_growth(1.5, 1.0)
    assert fit_without_drift(cells) == pytest.approx(cells, abs=1e-3)


@pytest.mark.parametrize("growth", [1.0, 1.5])
@pytest.mark.parametrize("runs", [60, pytest.param(600, marks=pytest.mark.slow)])
def test_a_growing_base_with_other_leavers_than_joiners_is_no_drift(runs, growth):
    expected = expect_growth(growth, 0.95)
    rings = 0
    for seed in range(runs):
        rng = np.random.default_rng([seed, 41])
        total = round(1_000 * expected.sum())
        cells = rng.multinomial(total, expected.ravel() / expected.sum()).reshape(6, 6)
        found = compare_cells(cells, 0.05, 300, rng)
        rings += found.psi > found.threshold
    assert rings <= stats.binom.ppf(0.9995, runs, 0.05)
