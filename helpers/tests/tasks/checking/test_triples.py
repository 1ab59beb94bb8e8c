"""What is said of an effect and its interval of which no usual mistake is known: only what was really seen."""

from __future__ import annotations

import math

import pytest

from loyalty.tasks.checking.triples import is_rounded, judge_triple

RIGHT = (2.345, 1.345, 3.345)


def around(effect, half):
    return effect, effect - half, effect + half


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ((-2.345, -3.345, -1.345), "sign_turned"),
        ((-2.345, -1.345, -3.345), "sign_turned"),
        ((1.345, 2.345, 3.345), "other_order"),
        ((234.5, 134.5, 334.5), "hundred_times"),
        ((0.002345, 0.001345, 0.003345), "thousandth"),
        ((2.3, 1.3, 3.3), "too_coarse"),
        ((1.0, 2.0, 3.0), "outside_its_interval"),
        (around(2.345, 1.645 / 1.96), "ninety_percent"),
        (around(2.345, 2.576 / 1.96), "ninety_nine_percent"),
        (around(2.345, 1 / 1.96), "one_standard_error"),
        (around(2.345, 0.9), "ends_off"),
        ((2.5, 1.345, 3.345), "effect_off"),
        ((math.nan, 1.345, 3.345), "not_finite"),
        ((2.345, -math.inf, math.inf), "not_finite"),
        ((2.6, 1.6, 3.6), None),
    ],
)
def test_an_interval_is_told_what_is_wrong_with_it_and_nothing_that_was_not_seen(given, name):
    found, says = judge_triple(RIGHT, given, 0.0006, "Which window?")
    assert found == name and says
    assert name is not None or says == "Which window?"


def test_zero_is_never_a_number_that_was_rounded_too_far():
    assert not is_rounded((0.012,), (0.0,)) and is_rounded((0.012,), (0.01,))
