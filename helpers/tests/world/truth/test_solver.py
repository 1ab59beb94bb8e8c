from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.world.truth import solver

tables = st.integers(1, 5).flatmap(
    lambda groups: st.integers(1, 4).flatmap(
        lambda offers: st.tuples(
            st.lists(st.lists(st.integers(-5, 20), min_size=offers, max_size=offers), min_size=groups, max_size=groups),
            st.lists(st.lists(st.integers(0, 9), min_size=offers, max_size=offers), min_size=groups, max_size=groups),
            st.integers(0, 30),
        )
    )
)


@given(tables)
def test_the_plan_is_as_good_as_the_best_of_all_plans(case):
    gain, cost, budget = np.array(case[0], float), np.array(case[1], float), case[2]
    choice, total = solver.choose_offers(gain, cost, budget)
    best = 0.0
    for plan in product(range(-1, gain.shape[1]), repeat=len(gain)):
        chosen = [(g, o) for g, o in enumerate(plan) if o >= 0]
        if sum(cost[c] for c in chosen) <= budget:
            best = max(best, sum(gain[c] for c in chosen))
    chosen = [(g, o) for g, o in enumerate(choice) if o >= 0]
    assert total == pytest.approx(best) == pytest.approx(sum(gain[c] for c in chosen))
    assert sum(cost[c] for c in chosen) <= budget


def test_too_many_groups_are_refused(monkeypatch):
    monkeypatch.setattr(solver, "MOST_STATES", 100)
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match="too many groups"):
        solver.choose_offers(rng.random((40, 3)), rng.random((40, 3)), 1e9)
