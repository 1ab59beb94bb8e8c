import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loyalty.world import draws
from loyalty.world.draws import Purpose, bits, key, uniform


def _splitmix(state: int) -> int:
    mask = 2**64 - 1
    z = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9 & mask
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & mask
    return z ^ (z >> 31)


def test_the_mixing_is_the_published_one():
    # First outputs of SplitMix64 with seed 1234567, as its reference implementation prints them.
    known = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821]
    assert [int(b) for b in bits(np.full(5, 1234567, np.uint64), np.arange(5))] == known


@given(st.integers(0, 2**63 - 1), st.sampled_from(list(Purpose)), st.integers(0, 10**9), st.integers(0, 10**6))
def test_a_draw_is_the_same_whether_computed_in_python_or_in_numpy(seed, purpose, who, step):
    gold, mask = 0x9E3779B97F4A7C15, 2**64 - 1
    start = _splitmix(_splitmix(seed) + purpose * gold & mask)
    expected = _splitmix(_splitmix(start + who * gold & mask) + (step + 1) * gold & mask)
    assert int(bits(key(seed, purpose, np.array([who])), step)[0]) == expected


def test_uniforms_lie_strictly_between_zero_and_one_even_at_the_extremes(monkeypatch):
    monkeypatch.setattr(draws, "bits", lambda keys, step=0: np.array([0, 2**64 - 1], np.uint64))
    low, high = uniform(np.zeros(2, np.uint64))
    assert low > 0 and high < 1


@pytest.mark.parametrize("axis", ["customers", "steps", "purposes", "seeds"])
def test_uniforms_are_even_and_unrelated_along_every_axis(axis):
    n = 20_000
    if axis == "customers":
        u = uniform(key(3, Purpose.VISIT, np.arange(n)), 5)
    elif axis == "steps":
        u = uniform(key(3, Purpose.VISIT, np.array([9])), np.arange(n))
    elif axis == "purposes":
        u = np.concatenate([uniform(key(3, p, np.arange(n // len(Purpose))), 0) for p in Purpose])
    else:
        u = np.array([uniform(key(s, Purpose.VISIT, np.array([1])), 0)[0] for s in range(2_000)])
    assert stats.kstest(u, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 4 / np.sqrt(len(u))


def test_geometric_numbers_have_exactly_the_mean_that_is_claimed():
    u = (np.arange(400_000) + 0.5) / 400_000
    for mean, most in ((1.0, 10), (2.4, 40), (9.7, 12)):
        assert draws.geometric(u, mean, most).mean() == pytest.approx(draws.mean_geometric(mean, most), rel=1e-4)


def test_gamma_numbers_have_mean_one_and_the_variance_of_their_shape():
    u = (np.arange(200_000) + 0.5) / 200_000
    values = draws.gamma(u, 2.5)
    assert values.mean() == pytest.approx(1, rel=1e-3) and values.var() == pytest.approx(1 / 2.5, rel=1e-2)
