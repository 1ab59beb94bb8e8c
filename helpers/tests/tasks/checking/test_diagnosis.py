"""What any task can meet is named only where the numbers leave no other reading."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake

RIGHT = (0.968, 0.520, 1.416)  # an effect and its 95 % interval


def name(expected: object, given: object, tolerance: float = 0.001, asks: str = "") -> str | None:
    values = [np.atleast_1d(np.asarray(one, dtype=float)) for one in (expected, given)]
    found = find_generic_mistake([Part("", range(1, len(values[0]) + 1), *values)], tolerance, asks)
    return None if found is None else found[0]


def says(asks: str) -> str:
    found = find_generic_mistake([Part("", [""], np.array([0.12]), np.array([12.0]))], 0.001, asks)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("quantile", "called"), [(1.644854, "ninety_percent"), (2.575829, "ninety_nine_percent"), (1, "one_standard_error")]
)
def test_an_interval_of_another_level_is_named_by_its_width(quantile: float, called: str) -> None:
    half = 0.448 * quantile / 1.959964
    assert name(RIGHT, (0.968, 0.968 - half, 0.968 + half)) == called
    assert name(RIGHT, (0.968, 0.968 - half * 1.01, 0.968 + half * 1.01)) == "ends_differ"


def test_the_unit_that_is_asked_decides_what_a_factor_of_hundred_may_be() -> None:
    assert "cents where euros" in says("one number: euros per customer, to a tenth of a cent")
    assert "cents where dollars" in says("one number: dollars per receipt, to the cent")
    assert "percent where a fraction" in says("one fraction between 0 and 1, to three digits")
    assert "percent" not in says("one number of days")


@pytest.mark.parametrize(
    ("right", "given", "tolerance", "called"),
    [
        (0.1968, 0.2, 0.0006, None),  # one digit is left: a wrong method could have led there too
        (9812, 10_000, 2, None),
        (9812, 9810, 1, "too_coarse"),
        (0.1968, 0.197, 0.00006, "too_coarse"),
        (0.1968, 0.197, 0.0006, None),  # right, in fact: as many decimals as are asked
        (12.34, 12.3, 0.02, "too_coarse"),
    ],
)
def test_rounded_too_far_is_said_only_where_two_digits_are_left_and_decimals_lack(
    right: float, given: float, tolerance: float, called: str | None
) -> None:
    assert name(right, given, tolerance) == called


def test_values_that_are_no_numbers_are_said_before_anything_else() -> None:
    assert name((1.0, 2.0), (1.0, np.nan)) == "no_number"


def test_numbers_that_are_no_interval_have_no_ends() -> None:
    assert name((5.0, 7.0, 9.0), (5.0, 1.0, 2.0)) is None


FOUR = (-0.0443, -0.0595, 0.0186, -0.0161)


def test_single_signs_that_are_turned_are_said_with_their_places() -> None:
    parts = [Part("", range(1, 5), np.array(FOUR), np.array([-0.0443, 0.0595, 0.0186, 0.0161]))]
    found = find_generic_mistake(parts, 0.0005)
    assert found == ("some_signs_turned", "All sizes are right; the signs of values 2 and 4 are turned.")
    assert name(FOUR, [-one for one in FOUR], 0.0005) == "sign_turned"
    assert name(FOUR, (0.0443, 0.0595, 0.0186, -0.03), 0.0005) is None


def test_three_numbers_of_one_digit_each_tell_that_they_are_rounded_and_two_do_not() -> None:
    asks = "four fractions, to three decimals"
    parts = [Part("", range(1, 5), np.array(FOUR), np.round(FOUR, 2))]
    found = find_generic_mistake(parts, 0.0005, asks)
    assert found is not None and found[0] == "too_coarse" and found[1].startswith("These may be right")
    assert name(FOUR[:2], np.round(FOUR[:2], 2), 0.0005, asks) is None


@pytest.mark.parametrize(
    ("right", "given", "found"),
    [
        (0.014358, 0.0143, "cut_off"),
        (-0.014358, -0.0143, "cut_off"),
        (0.014358, 0.0145, None),
        (0.014358, 0.0142, None),
        ((0.014358, 0.20001), (0.0143, 0.2), "cut_off"),
        ((0.014358, 0.20001), (0.0143, 0.3), None),
    ],
)
def test_decimals_that_were_cut_off_are_told_from_rounded_ones(right: object, given: object, found: str | None) -> None:
    assert name(right, given, 0.00005, "one number, to four decimals") == found
