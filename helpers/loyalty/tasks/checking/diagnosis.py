"""The mistakes that any task can meet: sign, percent, order, rounding; and where an answer differs."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from loyalty.tasks.checking.cells import Part

SHORT = 12  # this many values or fewer may be right in another order
SAME_SIZE = 10**0.5


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
    for look in (_find_no_number, _find_other_scale, _find_other_order, _find_half_interval, _find_coarse):
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
        return "ends_swapped", "The lower end is above the upper end: the order is (effect, low, high)."
    if not low <= effect <= high:
        return "effect_outside", "Your interval does not hold its own effect: the order is (effect, low, high)."
    right = np.abs(values.given - values.expected) <= values.tolerance
    if right[0] and not right[1] and not right[2]:
        return _name_width(values)
    if right[1] and right[2]:
        return "effect_differs", "Both ends are right, the effect is not."
    if right[0]:
        return (
            "one_end_differs",
            f"The effect is right and so is the {'lower' if right[1] else 'upper'} end; the other is not.",
        )
    return None


def _name_width(values: _Values) -> tuple[str, str]:
    """Name the level of an interval whose effect is right, where both half-widths have the same telling ratio."""
    effect, low, high = values.expected
    ratios = np.array([effect - values.given[1], values.given[2] - effect]) / np.array([effect - low, high - effect])
    normal = 1.959964
    known = (
        (1.644854, "ninety_percent", "The effect is right; your ends are those of a 90 % interval, 95 % is asked."),
        (
            2.575829,
            "ninety_nine_percent",
            "The effect is right; your ends are those of a 99 % interval, 95 % is asked.",
        ),
        (1.0, "one_standard_error", "The effect is right; your ends are one standard error away, 1.96 are asked."),
    )
    for quantile, name, says in known:
        if np.allclose(ratios, quantile / normal, rtol=0.004):
            return name, says
    width = "narrow" if ratios.mean() < 1 else "wide"
    return "ends_differ", f"The effect is right, the ends are not: your interval is too {width}."


def _find_coarse(values: _Values) -> tuple[str, str] | None:
    """Say that an answer is rounded too far, if two digits remain that only rounding explains."""
    if not (np.isfinite(values.expected).all() and np.isfinite(values.given).all()):
        return None
    largest = float(np.abs(values.given).max())
    if largest == 0 or float(f"{largest:.0e}") == largest:  # one digit is left: anything may have been rounded to that
        return None
    for digits in range(_count_decimals(values.tolerance) - 1, -9, -1):
        if np.allclose(np.round(values.expected, digits), values.given, rtol=1e-9, atol=1e-12):
            return "too_coarse", f"Right, but rounded too far: keep {_say_decimals(values.tolerance)}."
    return None


def _count_decimals(tolerance: float) -> int:
    """Count the decimals that an answer must have to lie within the tolerance, however it is rounded."""
    return max(0, math.ceil(-math.log10(2 * tolerance) - 1e-9)) if tolerance > 0 else 9


def _say_decimals(tolerance: float) -> str:
    if tolerance <= 0:
        return "all digits"
    places = _count_decimals(tolerance)
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
