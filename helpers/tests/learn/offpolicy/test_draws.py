"""The tail of a count of draws: exact where chances are alike, near where they are not."""

import numpy as np
import pytest
from scipy.stats import binom, poisson

from loyalty.learn.offpolicy.draws import find_tail


@pytest.mark.parametrize(("size", "share"), [(40, 0.1), (200, 0.02), (200, 0.5), (3_000, 0.03)])
def test_tails_are_those_of_the_binomial(size, share):
    counts = np.arange(size + 1)
    exact = binom.sf(counts - 1, size, share)
    found = [find_tail(count, size * share, size * share * (1 - share), two_sided=False) for count in counts]
    assert found == pytest.approx(exact, abs=1e-12, rel=1e-6)


def test_tails_of_unlike_chances_are_near_those_of_many_draws():
    rng = np.random.default_rng(6)
    chances = rng.beta(0.5, 4, 120)
    draws = (rng.random((40_000, 120)) < chances).sum(axis=1)
    for count in np.quantile(draws, [0.05, 0.3, 0.7, 0.95, 0.99]):
        found = find_tail(count, chances.sum(), (chances * (1 - chances)).sum(), two_sided=False)
        assert found == pytest.approx((draws >= count).mean(), abs=0.01)


def test_certain_chances_are_either_kept_or_broken():
    assert find_tail(5, 5.0, 0.0) == 1 and find_tail(4, 5.0, 0.0) == 0
    assert find_tail(20, 5.0, 5.0) == pytest.approx(2 * poisson.sf(19, 5), rel=1e-6)
