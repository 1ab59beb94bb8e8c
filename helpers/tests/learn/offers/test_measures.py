"""Two exact tests and a verdict: held against scipy, statsmodels, and sums of hypergeometric counts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from loyalty.learn.offers.measures import (
    FOLLOWS,
    NO_LIFT,
    OPEN,
    TOGETHER,
    _test_chance,
    _test_order,
    judge_found,
    judge_proof,
)


def sum_tails(strata):
    """Exact upper tails of a sum of hypergeometric counts: total, marked, drawn of each stratum."""
    mass = np.ones(1)
    for total, marked, drawn in strata:
        mass = np.convolve(mass, stats.hypergeom.pmf(np.arange(drawn + 1), total, marked, drawn))
    return mass[::-1].cumsum()[::-1]


@given(st.lists(st.tuples(st.integers(8, 60), st.floats(0.0, 1.0), st.integers(1, 8)), min_size=1, max_size=5))
def test_the_bound_is_never_below_the_exact_tail_of_the_deals(drawn):
    strata = [(total, round(share * total), size) for total, share, size in drawn]
    exact = sum_tails(strata)
    n = sum(size for *_, size in strata)
    mean = sum(size * marked / total for total, marked, size in strata)
    counts = np.arange(n + 1.0)
    bound = _test_chance(counts, np.full(n + 1, float(n)), np.full(n + 1, mean / n))
    assert (bound >= exact - 1e-9).all()


def test_the_test_of_order_is_the_exact_binomial_one():
    after, before = np.array([12.0, 3, 0, 0]), np.array([4.0, 5, 6, 0])
    p = _test_order(after, before, np.array([0.5, 0.4, 0.5, 0.5]))
    for place in range(3):
        share = 0.4 if place == 1 else 0.5
        n = int(after[place] + before[place])
        assert p[place] == pytest.approx(stats.binomtest(int(after[place]), n, share, alternative="greater").pvalue)
    assert p[3] == 1.0


def make_table(**columns):
    base = {"p_chance": 1.0, "p_order": 1.0, "p_either": 1.0, "confidence": 0.1, "after_only": 10, "before_only": 10}
    base |= {"lift_low": 0.9, "lift_high": 1.2}
    return pd.DataFrame(base | columns)


def test_each_verdict_has_its_reason():
    table = make_table(
        p_chance=[1e-9, 1e-9, 0.8, 0.8, 1e-9],
        p_order=[1e-9, 0.7, 0.7, 0.7, 1e-9],
        p_either=[1e-9, 1e-9, 0.9, 0.9, 1e-9],
        confidence=[0.4, 0.4, 0.4, 0.1, 0.4],
        after_only=[20, 20, 20, 20, 4],
        before_only=[2, 20, 20, 20, 0],
    )
    found = judge_found(table, compared=100, min_pairs=10, level=0.95)
    assert found["verdict"].tolist() == [FOLLOWS, TOGETHER, NO_LIFT, OPEN, TOGETHER]
    unsure = judge_found(table.assign(lift_high=3.0), compared=100, min_pairs=10, level=0.95)
    assert unsure["verdict"].tolist() == [FOLLOWS, TOGETHER, OPEN, OPEN, TOGETHER]


def test_pairs_that_were_never_bought_count_as_compared():
    table = make_table(p_chance=[0.001, 0.2], p_order=[0.001, 0.2], p_either=[0.001, 0.2])
    few = judge_found(table, compared=2, min_pairs=10, level=0.95)
    many = judge_found(table, compared=1_000, min_pairs=10, level=0.95)
    padded = multipletests([0.001, 0.2, *[1.0] * 998], method="fdr_bh")[1]
    assert many["q_chance"].tolist() == pytest.approx(padded[:2].tolist())
    assert few["q_chance"][0] == pytest.approx(0.002)


def test_proof_takes_the_worse_of_both_tests_and_corrects_by_holm():
    table = make_table(p_chance=[0.001, 1e-9, 1e-9], p_order=[1e-9, 0.03, 1e-9]).assign(buyers=[50, 50, 3])
    found = judge_proof(table, min_buyers=30, level=0.95)
    holm = multipletests([0.001, 0.03], method="holm")[1]
    assert found["p_proof"][:2].tolist() == pytest.approx(holm.tolist()) and np.isnan(found["p_proof"][2])
    assert found["verdict"].tolist() == ["proved", "proved", "too few"]
