"""The mistakes that any task can meet: sign, percent, order, rounding; and where an answer differs."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.mistakes import (
    SHORT,
    Mistake,
    count_decimals,
    find_mistakes,
    name_mistakes,
    read_decimals,
)

SAME_SIZE = 10**0.5
MOSTLY = 0.9  # of the rows of a long answer, before it is called close


@dataclass(frozen=True)
class _Values:
    """The numbers of an answer beside the right ones, with the task's tolerance and its wording."""

    expected: np.ndarray
    given: np.ndarray
    tolerance: float
    asks: str

    @property
    def is_interval(self) -> bool:
        """Whether (effect, low, high) was asked."""
        if len(self.expected) != 3 or not np.isfinite(self.expected).all():
            return False
        effect, low, high = self.expected
        return bool(low <= effect <= high and low < high)

    @property
    def decimals(self) -> int:
        """The decimals that are asked, or that the tolerance needs."""
        asked = read_decimals(self.asks)
        return _count_decimals(self.tolerance) if asked is None else asked

    def is_near(self, given: np.ndarray) -> bool:
        """Whether these numbers would be right."""
        return _is_near(self.expected, given, self.tolerance)


def find_generic_mistake(parts: Sequence[Part], tolerance: float, asks: str = "") -> tuple[str, str] | None:
    """Recognise what any task can meet: no number, sign turned, another unit, half of an interval, rounded too far.

    Each is named only where the numbers leave no other reading: what is not known is not ascribed. Do not use it
    before the task's own mistakes: they say more.

    Parameters
    ----------
    parts : sequence of Part
        The answer beside the right one.
    tolerance : float
        The task's, in the answer's unit.
    asks : str, optional
        The task's deliverable; its unit decides whether a factor of 100 may be cents or percent.

    Returns
    -------
    tuple of (name, sentence), or None

    Examples
    --------
    >>> part = Part("", [""], np.array([0.12]), np.array([12.0]))
    >>> find_generic_mistake([part], 0.001, "one fraction")
    ('hundred_times', 'This is 100 times the right answer: percent where a fraction is asked?')
    """
    if any(part.exact and part.gaps.any() for part in parts):
        return None
    values = _Values(*_join(parts), tolerance, asks)
    if not len(values.expected):
        return None
    for look in LOOKS:
        found = look(values)
        if found is not None:
            return found
    return None


def _find_no_number(values: _Values) -> tuple[str, str] | None:
    odd = ~np.isfinite(values.given) & np.isfinite(values.expected)
    if not odd.any():
        return None
    what = "is missing (NaN)" if np.isnan(values.given[odd]).any() else "is infinite"
    which = "Your number" if len(odd) == 1 else f"{odd.sum():,} of your {len(odd):,} numbers"
    what = what if len(odd) == 1 or odd.sum() == 1 else what.replace("is ", "are ")
    return "no_number", f"{which} {what}: look for an empty group, a division by zero or ids that do not match."


def _find_other_scale(values: _Values) -> tuple[str, str] | None:
    if float(np.nan_to_num(np.abs(values.expected)).max()) <= 5 * values.tolerance:
        return None
    turned = _is_turned_interval(values.expected, values.given, values.tolerance)
    if values.is_near(-values.given) or turned:
        return "sign_turned", "The size is right, the sign is turned: you have it the other way round."
    small, large = _name_units(values.asks)
    scales = (
        (100, "hundred_times", f"This is 100 times the right answer: {small}?"),
        (0.01, "hundredth", f"This is a hundredth of the right answer: {large}?"),
        (1000, "thousand_times", "This is 1,000 times the right answer: look at the unit."),
        (0.001, "thousandth", "This is a thousandth of the right answer: given in thousands?"),
    )
    for factor, name, says in scales:
        if values.is_near(values.given / factor):
            return name, says
    return None


def _name_units(asks: str) -> tuple[str, str]:
    """Say which two units a factor of 100 may have mixed up, as far as the task's wording tells."""
    words = asks.lower()
    if re.search(r"euro|€", words):
        return "cents where euros are asked", "hundreds of euros where euros are asked"
    if re.search(r"dollar|\$", words):
        return "cents where dollars are asked", "hundreds of dollars where dollars are asked"
    if re.search(r"fraction|share|rate\b", words):
        return "percent where a fraction is asked", "one hundredth of the fraction that is asked"
    return "another unit than the one asked", "another unit than the one asked"


def _find_some_signs(values: _Values) -> tuple[str, str] | None:
    """Say that all sizes are right and some signs are not; where all are turned, `_find_other_scale` says it."""
    if not 1 < len(values.expected) <= SHORT or not np.isfinite(values.given).all():
        return None
    if not _is_near(np.abs(values.expected), np.abs(values.given), values.tolerance):
        return None
    turned = np.flatnonzero(np.abs(values.expected - values.given) > values.tolerance) + 1
    if not len(turned):
        return None
    places = " and ".join(filter(None, (", ".join(map(str, turned[:-1])), str(turned[-1]))))
    which = f"the sign of value {places} is" if len(turned) == 1 else f"the signs of values {places} are"
    return "some_signs_turned", f"All sizes are right; {which} turned."


def _find_other_order(values: _Values) -> tuple[str, str] | None:
    if 1 < len(values.expected) <= SHORT and _is_near(
        np.sort(values.expected), np.sort(values.given), values.tolerance
    ):
        return "other_order", "These are the right values in another order."
    return None


def _find_half_interval(values: _Values) -> tuple[str, str] | None:
    """Say of (effect, low, high) which half is right, and where it cannot be an interval at all."""
    if not values.is_interval:
        return None
    effect, low, high = values.given
    if low > high:
        return "ends_swapped", "The lower end is above the upper end: the order is (value, low, high)."
    right = np.abs(values.given - values.expected) <= values.tolerance
    if not low <= effect <= high and not (right[1] and right[2]):
        return "effect_outside", "Your interval does not hold its own first number: the order is (value, low, high)."
    if right[0] and not right[1] and not right[2]:
        return _name_width(values)
    if right[1] and right[2]:
        return "effect_differs", "Both ends are right, the first number is not."
    if right[0]:
        return (
            "one_end_differs",
            f"The first number is right and so is the {'lower' if right[1] else 'upper'} end; the other is not.",
        )
    return None


def _name_width(values: _Values) -> tuple[str, str]:
    """Name the level of an interval whose effect is right, where both half-widths have the same telling ratio."""
    effect, low, high = values.expected
    ratios = np.array([effect - values.given[1], values.given[2] - effect]) / np.array([effect - low, high - effect])
    normal = 1.959964
    right = "The first number is right"
    known = (
        (1.644854, "ninety_percent", f"{right}; your ends are those of a 90 % interval, 95 % is asked."),
        (2.575829, "ninety_nine_percent", f"{right}; your ends are those of a 99 % interval, 95 % is asked."),
        (1.0, "one_standard_error", f"{right}; your ends are one standard error away, 1.96 are asked."),
        (2.0, "two_standard_errors", f"{right}; your ends are about two standard errors away, 1.96 are asked."),
    )
    for quantile, name, says in known:
        if np.allclose(ratios, quantile / normal, rtol=0.004):
            return name, says
    width = "narrow" if ratios.mean() < 1 else "wide"
    differ = f"{right}, the ends are not: your interval is too {width}"
    halves = effect - low, high - effect
    is_even = abs(halves[0] - halves[1]) <= max(4 * values.tolerance, UNEVEN * sum(halves))
    asked = "Asked is the interval that the task names"  # which may be a t interval, or a careful one
    if ratios.mean() > MUCH_TOO_WIDE:
        times = f"{ratios.mean():,.0f} times"
        return "ends_differ", f"{differ}, {times}. A standard deviation where its standard error is asked?"
    uneven = abs(ratios[0] - ratios[1])
    if is_even and uneven > 0.02 and uneven * (effect - low) > 4 * values.tolerance:
        says = f"{differ}, and its ends are not equally far from the number. A bootstrap, perhaps? {asked}."
        return "not_symmetric", says
    return "ends_differ", f"{differ}. {asked}: how did you get yours?"


def _find_coarse(values: _Values) -> tuple[str, str] | None:
    """Say that an answer is rounded too far, if two digits remain that only rounding explains."""
    if not (np.isfinite(values.expected).all() and np.isfinite(values.given).all()):
        return None
    few = not _keeps_two_digits(values.given)
    if values.is_near(values.given) or (few and np.count_nonzero(values.given) < ENOUGH):
        return None
    right = "This may be right and is" if len(values.given) == 1 else "These may be right and are"  # so may slips be
    slack = 0.5 * 10.0**-values.decimals  # who rounds twice may miss by this much more
    for digits in range(values.decimals - 1, -9, -1):
        is_round = np.allclose(np.round(values.given, digits), values.given, rtol=1e-9, atol=1e-12)
        if is_round and (np.abs(values.expected - values.given) <= 0.5 * 10.0**-digits + slack).all():
            return "too_coarse", f"{right} rounded too far: keep {_say_places(values.decimals)}."
    return None


def _find_cut_off(values: _Values) -> tuple[str, str] | None:
    """Say that decimals were cut off where rounding was asked."""
    decimals = read_decimals(values.asks)
    if decimals is None or len(values.expected) > SHORT or not np.isfinite(values.expected).all():
        return None
    steps = 10.0**decimals
    cut = np.trunc(values.expected * steps) / steps
    right = np.abs(values.given - values.expected) <= values.tolerance
    if not ((np.abs(values.given - cut) <= 1e-9) | right).all():
        return None
    return "cut_off", f"This may be right and cut off: round to {_say_places(decimals)}, and do not only drop the rest."


def _keeps_two_digits(given: np.ndarray) -> bool:
    """Whether more than one digit is left: to one digit anything may have been rounded."""
    largest = float(np.abs(given).max())
    return largest != 0 and float(f"{largest:.0e}") != largest


def _find_constant(values: _Values) -> tuple[str, str] | None:
    """Say that all values of a long column are too large by the same number, or by the same factor."""
    if len(values.expected) <= SHORT or not np.isfinite(values.given).all():
        return None
    gaps = values.given - values.expected
    if np.ptp(gaps) <= 1e-9:
        return "constant_offset", f"All {len(gaps):,} values are exactly {abs(gaps[0]):,g} too {_say_side(gaps[0])}."
    used = values.expected != 0
    ratios = values.given[used] / values.expected[used]
    if not len(ratios) or np.ptp(ratios) > 1e-6 or values.given[~used].any():
        return None
    return "constant_factor", f"All values are {ratios[0]:,.4g} times the right ones: another unit?"


def _say_side(gap: float) -> str:
    return "large" if gap > 0 else "small"


LOOKS: tuple[Callable[[_Values], tuple[str, str] | None], ...] = (
    _find_no_number,
    _find_other_scale,
    _find_some_signs,
    _find_other_order,
    _find_coarse,  # before the interval: rounded ends may be right by their tolerance, and the effect not
    _find_cut_off,
    _find_half_interval,
    _find_constant,
)
ENOUGH = 3  # numbers of one digit each, before their rounding tells something
MUCH_TOO_WIDE = 5
UNKNOWN = "unknown"  # beside a mistake's name: it may be none of the known ones
UNEVEN = 0.02  # of an interval: so far its halves may differ, and it is still effect ± standard errors


def find_rounded_mistake(
    given: Sequence[float], known: Iterable[Mistake], measure: Callable[[Any], float], asks: str
) -> tuple[str, str] | None:
    """Recognise what may be a known mistake, rounded further than asked; use it when nothing else was recognised.

    A number with a decimal less than asked may as well end in a zero (0.780 is 0.78): then it is no known mistake. The
    sentence leaves both open, and so does the name.

    Parameters
    ----------
    given : sequence of float
        The answer's numbers.
    known : iterable of Mistake
    measure : callable
        How far a mistake's answer is from the answer given, in the answer's unit.
    asks : str
        The task's wording, which says how many decimals are asked.

    Returns
    -------
    tuple of (name, sentence), or None

    Examples
    --------
    >>> known = [Mistake("gross", "That is before tax.", 1.2345)]
    >>> find_rounded_mistake([1.23], known, lambda value: abs(value - 1.23), "euros to a tenth of a cent")
    ('gross or unknown', 'If you rounded this to 2 decimals: That is before tax. (And keep 3 decimals.)')
    """
    asked = read_decimals(asks)
    if asked is None or not len(given) or len(given) > SHORT:
        return None
    numbers = np.asarray(given, dtype=float)
    decimals = count_decimals(numbers)
    if decimals >= asked or not _keeps_two_digits(numbers):
        return None
    found = find_mistakes(known, measure, 0.5 * (10.0**-decimals + 10.0**-asked))
    if not found:
        return None
    name, says = name_mistakes(found)
    says = f"If you rounded this to {_say_places(decimals)}: {says} (And keep {_say_places(asked)}.)"
    return f"{name} or {UNKNOWN}", says


def say_rounding(given: float, right: float, asks: str) -> str:
    """Say that a number with too few decimals may be the right one, rounded too far.

    Parameters
    ----------
    given, right : float
    asks : str
        The task's wording, which says how many decimals are asked.

    Returns
    -------
    str
        Empty where the number cannot be the right one, rounded.

    Examples
    --------
    >>> say_rounding(0.1, 0.0968, "a fraction to three decimals")
    'This may be right and rounded too far: keep 3 decimals.'
    >>> say_rounding(0.2, 0.0968, "a fraction to three decimals")
    ''
    """
    asked = read_decimals(asks)
    decimals = count_decimals(given)
    if asked is None or not 0 < decimals < asked or abs(given - right) > 0.5 * (10.0**-decimals + 10.0**-asked):
        return ""
    return f"This may be right and rounded too far: keep {_say_places(asked)}."


def _count_decimals(tolerance: float) -> int:
    """Count the decimals that an answer must have to lie within the tolerance, however it is rounded."""
    return max(0, math.ceil(-math.log10(2 * tolerance) - 1e-9)) if tolerance > 0 else 9


def _say_places(places: int) -> str:
    if places >= 9:
        return "all digits"
    return "whole numbers" if not places else f"{places} decimal{'s' if places > 1 else ''}"


def is_same_size(parts: Sequence[Part], tolerance: float) -> bool:
    """Say whether at least half of the answer has the right sign and order of size.

    Parameters
    ----------
    parts : sequence of Part
    tolerance : float

    Returns
    -------
    bool
        Texts and dates count when they are the same.

    Examples
    --------
    >>> is_same_size([Part("", [""], np.array([100.0]), np.array([130.0]))], 1)
    True
    """
    near = []
    for part in parts:
        with np.errstate(all="ignore"):
            ratio = part.given / part.expected
        alike = (ratio >= 1 / SAME_SIZE) & (ratio <= SAME_SIZE)
        near.append((part.gaps <= tolerance) | alike if not part.exact else part.gaps == 0)
    return bool(near) and bool(np.concatenate(near).mean() >= 0.5)


def are_mostly_right(parts: Sequence[Part], tolerance: float) -> bool:
    """Say whether an answer may be called close: a short one always, a long one if nine of ten rows are right.

    Parameters
    ----------
    parts : sequence of Part
    tolerance : float

    Returns
    -------
    bool

    Examples
    --------
    >>> days = np.arange(20.0)
    >>> are_mostly_right([Part("", days, days, days + 1)], 0.5)
    False
    """
    right = np.concatenate([part.gaps <= tolerance for part in parts])
    return len(right) <= SHORT or bool(right.mean() >= MOSTLY)


def say_where(parts: Sequence[Part], tolerance: float) -> str:
    """Say which parts of an answer differ, without saying the right values.

    Parameters
    ----------
    parts : sequence of Part
    tolerance : float

    Returns
    -------
    str
        Empty for an answer of one value.

    Examples
    --------
    >>> say_where([Part("", [1, 2, 3], np.array([1.0, 2, 3]), np.array([1.0, 2, 4]))], 0.1)
    'Value 3 of 3 differs.'
    """
    if len(parts) == 1 and len(parts[0].gaps) == 1:
        return ""
    found = []
    for part in parts:
        off = np.flatnonzero(part.gaps > tolerance)
        if not len(off):
            continue
        names = [str(part.names[place]) for place in off[:3]]
        total = len(part.gaps)
        label = f"{part.label[0].upper()}{part.label[1:]}" if part.label else ""
        if total == 1:
            found.append(f"{label} differs.")
        elif label:
            found.append(f"{label} differs in {len(off):,} of {total:,} rows, e.g. {', '.join(names)}.")
        elif len(off) == total <= SHORT:
            continue  # where all values differ, their places say nothing
        elif len(off) == 1:
            found.append(f"Value {names[0]} of {total:,} differs.")
        else:
            found.append(f"{len(off):,} of {total:,} values differ (at {', '.join(names)}).")
    return " ".join(found)


def _join(parts: Sequence[Part]) -> tuple[np.ndarray, np.ndarray]:
    inexact = [part for part in parts if not part.exact]
    if not inexact:
        return np.empty(0), np.empty(0)
    return np.concatenate([part.expected for part in inexact]), np.concatenate([part.given for part in inexact])


def _is_near(expected: np.ndarray, given: np.ndarray, tolerance: float) -> bool:
    return bool((Part("", (), expected, given).gaps <= tolerance).all())


def _is_turned_interval(expected: np.ndarray, given: np.ndarray, tolerance: float) -> bool:
    """(effect, low, high) turned: the lower end becomes the upper one."""
    return len(expected) in (2, 3) and _is_near(np.sort(expected), np.sort(-given), tolerance)
