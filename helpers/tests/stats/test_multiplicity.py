"""Corrections of several p-values, of which some may be missing."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from loyalty.stats.multiplicity import control_false_discoveries, correct_for_many, correct_known

REFEREES = {"holm": "holm", "bh": "fdr_bh"}


def ask_referee(p, method):
    """The corrected values by statsmodels, which for Holm's collects the garbage of the whole process each time."""
    with patch("gc.collect"):
        return multipletests(p, method=method)[1] if len(p) else np.array([])


@pytest.mark.parametrize("way", REFEREES)
@given(st.lists(st.one_of(st.floats(0, 1), st.just(float("nan"))), max_size=12))
def test_missing_values_stay_missing_and_change_nothing_for_the_others(way, p):
    values = np.array(p, float)
    known = np.isfinite(values)
    found = correct_known(values, way=way)
    assert np.isnan(found[~known]).all() and len(found) == len(values)
    if known.any():
        assert found[known] == pytest.approx(ask_referee(values[known], REFEREES[way]))


@given(st.lists(st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0])), max_size=20))
def test_both_agree_with_statsmodels_with_ties_zeros_and_ones(p):
    assert correct_for_many(p) == pytest.approx(ask_referee(p, "holm"))
    assert control_false_discoveries(p) == pytest.approx(ask_referee(p, "fdr_bh"))


def test_holm_counts_a_missing_value_as_a_comparison():
    found = correct_for_many([0.01, np.nan, 0.04])
    assert found[[0, 2]].tolist() == [0.03, 0.08] and np.isnan(found[1])


@pytest.mark.parametrize("p", [[0.5, np.nan], [0.5, 1.2], [-0.1, 0.5]])
def test_false_discoveries_of_what_is_no_probability_are_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        control_false_discoveries(p)


def test_the_values_that_came_in_are_left_as_they_are():
    p = np.array([0.01, 0.02, np.nan])
    correct_known(p, way="bh")
    assert p[:2].tolist() == [0.01, 0.02]


def test_a_way_that_there_is_not_is_no_other_way():
    with pytest.raises(KeyError, match="Holm"):
        correct_known([0.01, 0.02], way="Holm")
