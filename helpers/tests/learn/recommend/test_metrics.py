"""Coverage by enumeration, novelty by hand, and intervals that cover."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from scipy import sparse, stats

from loyalty.learn.recommend.metrics import METRICS, draw_scores, find_coverage, find_interval, score_lists


def test_coverage_is_that_of_all_halves_of_the_customers():
    lists = [{0, 1}, {0, 2}, {0, 1}, {3, 0}, {1, 2}, {0, 4}]  # of 6 customers, 7 products
    times = np.bincount([one for each in lists for one in each], minlength=7)
    shown = [len(set().union(*half)) / 7 for half in combinations(lists, 3)]
    assert find_coverage(times, 6) == pytest.approx(np.mean(shown))


def test_a_list_for_everybody_covers_its_own_length():
    assert find_coverage(np.array([500, 500, 0, 0]), 500) == pytest.approx(0.5)


def test_scores_by_hand():
    wanted = sparse.csr_array(np.array([[1.0, 0, 1, 0], [0, 0, 0, 0], [0, 1, 0, 0]]))
    scored = score_lists(np.array([[2, 1], [0, 1], [3, -1]]), wanted, np.array([3, 3, 1, 2])).values
    assert scored["hit_rate"].tolist() == [0.5, 0.0, 0.0]
    assert scored["any_hit"].tolist() == [1.0, 0.0, 0.0]
    assert scored["ndcg"] == pytest.approx([1 / (1 + 1 / np.log2(3)), 0.0, 0.0])
    assert scored["novelty"] == pytest.approx([np.log2(3) / 2, 0.0, np.log2(1.5)])


def test_nobody_buys_later():
    scored = score_lists(np.array([[0, 1]]), sparse.csr_array((1, 3)), np.ones(3, int)).values
    assert scored["hit_rate"].tolist() == scored["ndcg"].tolist() == [0.0]


def test_the_same_customers_are_drawn_for_every_way():
    rng = np.random.default_rng(1)
    wanted = sparse.csr_array((rng.random((80, 10)) < 0.3).astype(float))
    chosen = rng.integers(0, 10, (80, 3))
    one = score_lists(chosen, wanted, np.ones(10, int))
    drawn = draw_scores({"a": one, "b": one}, 30, 5)
    assert (drawn["a"].draws == drawn["b"].draws).all() and drawn["a"].draws.shape == (30, len(METRICS))


def test_no_spread_is_no_interval():
    assert np.isnan(find_interval(0.5, np.full(20, 0.5), 0.95)).all()


@pytest.mark.slow
def test_intervals_of_the_hit_rate_and_of_the_coverage_cover():
    """400 samples of 300 customers out of a large population; 95 % lies within the exact 99.9 % binomial region."""
    rng = np.random.default_rng(45)
    many, products, size = 60_000, 60, 3
    weight = 1 / (1 + np.arange(products))
    chosen = np.array([rng.choice(products, size, replace=False, p=weight / weight.sum()) for _ in range(many)])
    wanted = sparse.csr_array((rng.random((many, products)) < 0.15).astype(float))
    buyers = np.full(products, many // 10)
    everybody = score_lists(chosen, wanted, buyers)
    truth = {"hit_rate": everybody.values["hit_rate"].mean()}
    share = np.asarray(everybody.shown.sum(axis=0)).ravel() / many
    truth["coverage"] = float((1 - (1 - share) ** 150).mean())  # of 150 customers, drawn from the population
    held = dict.fromkeys(truth, 0)
    for seed in range(400):
        here = rng.integers(0, many, 300)
        one = score_lists(chosen[here], wanted[here], buyers)
        drawn = draw_scores({"a": one}, 200, seed)["a"]
        for metric in held:
            place = METRICS.index(metric)
            low, high = find_interval(drawn.found[place], drawn.draws[:, place], 0.95)
            held[metric] += low <= truth[metric] <= high
    least, most = stats.binom.interval(0.999, 400, 0.95)
    assert least <= held["hit_rate"] <= most
    assert held["coverage"] >= least
