"""Bounds of group-sequential tests: published numbers, two ways to one number, and simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.stats.looks import (
    correlate_increments,
    find_bounds,
    find_bounds_of_walk,
    find_constant,
    find_next_bound,
    find_stopped,
    follow_bounds,
    spend_level,
)

FIVE = np.arange(1, 6) / 5
# Reboussin, DeMets, Kim and Lan (2000), Controlled Clinical Trials 21, 190-207: five equal looks, two-sided .05
PUBLISHED = {
    "obrien_fleming": [4.8769, 3.3569, 2.6803, 2.2898, 2.0310],
    "pocock": [2.4380, 2.4268, 2.4101, 2.3966, 2.3859],
}


@pytest.mark.parametrize("spending", PUBLISHED)
def test_spending_functions_give_the_published_bounds_by_both_ways(spending):
    spent = spend_level(FIVE, 0.05, spending)
    assert find_bounds_of_walk(FIVE, spent) == pytest.approx(PUBLISHED[spending], abs=5e-4)
    assert find_bounds(correlate_increments(FIVE), spent) == pytest.approx(PUBLISHED[spending], abs=5e-4)


def test_classical_bounds_are_the_published_ones():
    """Jennison and Turnbull (2000), tables 2.1 and 2.3."""
    for looks, pocock, obrien in [(2, 2.178, 1.977), (5, 2.413, 2.040), (10, 2.555, 2.087)]:
        t = np.arange(1, looks + 1) / looks
        same = find_constant(lambda c, t=t: follow_bounds(t, np.full(len(t), c))[-1], 0.05)
        falling = find_constant(lambda c, t=t: follow_bounds(t, c / np.sqrt(t))[-1], 0.05)
        assert (same, falling) == pytest.approx((pocock, obrien), abs=6e-4)


def test_five_looks_at_1_96_ring_in_14_17_of_100():
    assert follow_bounds(FIVE, np.full(5, stats.norm.ppf(0.975)))[-1] == pytest.approx(0.1417, abs=5e-5)


def test_the_share_stopped_agrees_with_the_normal_integral_of_scipy():
    correlation = np.array([[1.0, 0.8, 0.7], [0.8, 1.0, 0.9], [0.7, 0.9, 1.0]])
    bounds = np.array([2.6, 2.3, 2.1])
    law = stats.multivariate_normal(np.zeros(3), correlation)
    inside = law.cdf(bounds, lower_limit=-bounds)
    assert find_stopped(correlation, bounds)[-1] == pytest.approx(1 - inside, abs=5e-4)
    shifted = stats.multivariate_normal([1.0, 1.5, 2.0], correlation).cdf(bounds, lower_limit=-bounds)
    assert find_stopped(correlation, bounds, [1.0, 1.5, 2.0])[-1] == pytest.approx(1 - shifted, abs=2e-3)


def test_bounds_of_strongly_correlated_looks_spend_what_they_may():
    pace = np.array([1.0, 2.0, 3.0, 4.0])
    cover = np.outer(pace, pace) + np.diag([0.3, 0.3, 0.3, 0.3])
    correlation = cover / np.sqrt(np.outer(np.diag(cover), np.diag(cover)))
    spent = spend_level(pace / 4, 0.05, "pocock")
    bounds = find_bounds(correlation, spent)
    z = np.random.default_rng(1).multivariate_normal(np.zeros(4), correlation, 400_000)
    rang = np.maximum.accumulate(np.abs(z) >= bounds, axis=1).mean(axis=0)
    assert rang == pytest.approx(spent, abs=0.0012)
    assert (bounds < find_bounds(correlate_increments(pace), spent) + 1e-9).all()


def test_a_look_without_any_news_is_no_error():
    """Nobody bought anything since the look before: the same result once more, with more to spend."""
    same = np.ones((2, 2))
    bound = find_next_bound(same, [2.5], 0.01)
    assert 2 * stats.norm.sf(bound) == pytest.approx(2 * stats.norm.sf(2.5) + 0.01, abs=5e-4)
    assert find_stopped(same, [2.5, 2.5])[-1] == pytest.approx(2 * stats.norm.sf(2.5), abs=5e-4)


def test_a_look_that_may_spend_nothing_has_no_bound():
    spent = spend_level(np.array([1e-4, 1.0]), 0.05, "obrien_fleming")
    assert find_bounds(np.eye(2), spent) == pytest.approx([np.inf, 1.96], abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(
    steps=st.lists(st.floats(0.05, 1.0), min_size=1, max_size=5),
    alpha=st.floats(0.001, 0.4),
    spending=st.sampled_from(sorted(PUBLISHED)),
)
def test_any_plan_spends_its_level_and_never_asks_less_than_one_look(steps, alpha, spending):
    t = np.cumsum(steps) / np.sum(steps)
    spent = spend_level(t, alpha, spending)
    assert (np.diff(spent, prepend=0.0) >= 0).all() and spent[-1] == pytest.approx(alpha)
    bounds = find_bounds_of_walk(t, spent)
    assert follow_bounds(t, bounds) == pytest.approx(spent, abs=1e-6)
    assert (bounds >= stats.norm.isf(alpha / 2) - 1e-6).all()


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), looks=st.integers(1, 4))
def test_a_later_look_changes_no_earlier_bound(seed, looks):
    values = np.random.default_rng(seed).exponential(size=(40, looks + 1)).cumsum(axis=1)
    correlation = np.corrcoef(values.T)
    spent = spend_level(np.arange(1, looks + 2) / (looks + 1), 0.05, "pocock")
    early = find_bounds(correlation[:looks, :looks], spent[:looks])
    assert find_bounds(correlation, spent)[:looks].tolist() == early.tolist()
