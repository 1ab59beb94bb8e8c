"""A rounded answer may fit several mistakes: then all are said; one that was not rounded fits one."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake, find_rounded_mistake
from loyalty.tasks.checking.mistakes import (
    Mistake,
    count_decimals,
    find_mistakes,
    find_reach,
    name_mistakes,
    set_apart,
)
from loyalty.tasks.checking.triples import list_widths

NEAR = [Mistake("fee_of_takers", "The fee is that of the takers.", 0.06351), Mistake("margin_30", "30 %.", 0.06382)]


def gap(given: float):
    return lambda value: abs(value - given)


@pytest.mark.parametrize(
    ("given", "names"),
    [
        (0.064, ["margin_30", "fee_of_takers"]),  # both round to it
        (0.063509, ["fee_of_takers"]),
        (0.06382, ["margin_30"]),  # as exact as it was computed
        (0.070, []),
    ],
)
def test_all_mistakes_that_a_rounded_answer_fits_are_found(given: float, names: list[str]) -> None:
    reach = find_reach(given, 0.0003, "euros, to a tenth of a cent")
    assert [one.name for one in find_mistakes(NEAR, gap(given), *reach)] == names


def test_mistakes_that_cannot_be_told_apart_are_said_together() -> None:
    name, says = name_mistakes(NEAR)
    assert name == "fee_of_takers or margin_30"
    assert says == "Two different mistakes give this number. Either (a): The fee is that of the takers. Or (b): 30 %."
    pairs = [Mistake(name, f"You took {name}.", (1.0, 2.0)) for name in "pqr"]
    assert name_mistakes(pairs)[1].startswith("Three different mistakes give this answer. Either (a): You took p.")
    assert name_mistakes(pairs * 2)[1].startswith("Several different mistakes give this answer.")


def test_mistakes_with_one_and_the_same_list_are_set_apart_and_none_is_lost() -> None:
    known = [Mistake(name, name, value) for name, value in (("a", [1, 2]), ("b", [2, 1]), ("c", [1, 2]))]
    apart, near = set_apart(known, 0)
    assert ([one.name for one in apart], [one.name for one in near]) == (["b"], ["a", "c"])
    edge = [Mistake("a", "a", 1.0), Mistake("b", "b", 1.5), Mistake("c", "c", 2.1)]
    assert [one.name for one in set_apart(edge, 0.1)[0]] == ["c"]
    assert set_apart([], 0.1) == ((), ())


def test_a_known_mistake_is_known_when_it_is_rounded_too_far_but_not_to_one_digit() -> None:
    known = [Mistake("gross", "Gross.", 12.3456)]
    asks = "euros to a tenth of a cent"
    says = "If you rounded this to 2 decimals: Gross. (And keep 3 decimals.)"
    assert find_rounded_mistake([12.35], known, gap(12.35), asks) == ("gross or unknown", says)
    assert find_rounded_mistake([10.0], known, gap(10.0), asks) is None
    assert find_rounded_mistake([12.346], known, gap(12.346), asks) is None  # as many decimals as asked: no rounding


def test_decimals_are_those_of_all_numbers_together() -> None:
    assert count_decimals((2.28, 1.07, 3.5)) == 2
    assert count_decimals(np.nan) == 9


@pytest.mark.parametrize("given", [(2.28, 1.07, 3.50), (2.29, 1.07, 3.50), (2.3, 1.1, 3.5)])
def test_an_interval_rounded_to_cents_is_not_told_that_its_effect_is_wrong(given: tuple) -> None:
    right = np.array([2.28451, 1.07098, 3.49804])
    found = find_generic_mistake([Part("", "123", right, np.array(given))], 0.0025, "euros to a tenth of a cent")
    assert found == ("too_coarse", "These may be right and are rounded too far: keep 3 decimals.")


@pytest.mark.parametrize(
    ("low", "high", "name"),
    [(1.061, 3.431, "not_symmetric"), (-77.952, 82.521, "ends_differ"), (1.0464, 3.5226, "two_standard_errors")],
)
def test_an_interval_of_another_kind_is_asked_about(low: float, high: float, name: str) -> None:
    right = np.array([2.28451, 1.07098, 3.49804])
    found = find_generic_mistake([Part("", "123", right, np.array([2.28451, low, high]))], 0.0025)
    assert found is not None and found[0] == name
    assert ("standard deviation" in found[1]) == (high > 50)


def test_a_column_that_is_off_by_one_number_or_factor_is_told_by_how_much() -> None:
    days = np.arange(30.0)
    said = [find_generic_mistake([Part("", days, days, given)], 0.5) for given in (days + 183, days / 7, days**2)]
    assert said[0] == ("constant_offset", "All 30 values are exactly 183 too large.")
    assert said[1] is not None and said[1][0] == "constant_factor"
    assert said[2] is None


def test_the_widths_of_an_interval_lie_around_its_effect() -> None:
    for one in list_widths((1.0, 0.5, 1.5)):
        effect, low, high = one.value
        assert effect == 1.0 and high - effect == pytest.approx(effect - low)
