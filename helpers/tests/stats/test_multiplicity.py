"""Corrections of several p-values, of which some may be missing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from loyalty.stats.multiplicity import correct_known

REFEREES = {"holm": "holm", "bh": "fdr_bh"}


@pytest.mark.parametrize("way", REFEREES)
@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=12))
def test_missing_values_stay_missing_and_change_nothing_for_the_others(way, p):
    values = np.array(p, float)
    known = np.isfinite(values)
    found = correct_known(values, way=way)
    assert np.isnan(found[~known]).all() and len(found) == len(values)
    if known.any():
        assert found[known] == pytest.approx(multipletests(values[known], method=REFEREES[way])[1])


def test_the_values_that_came_in_are_left_as_they_are():
    p = np.array([0.01, 0.02, np.nan])
    correct_known(p, way="bh")
    assert p[:2].tolist() == [0.01, 0.02]
