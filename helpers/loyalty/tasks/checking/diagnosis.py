"""The mistakes that any task can meet: sign, percent, order, rounding; and where an answer differs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from loyalty.tasks.checking.cells import Part

SHORT = 12  # this many values or fewer may be right in another order
SAME_SIZE = 10**0.5


def find_generic_mistake(parts: Sequence[Part], tolerance: float) -> tuple[str, str] | None:
    """Recognise what any task can meet: sign turned, percent for fraction, another order, rounded too far.

    Do not use it before the task's own mistakes: they say more.

    Parameters
    ----------
    parts : sequence of Part
        The answer beside the right one.
    tolerance : float
        The task's, in the answer's unit.

    Returns
    -------
    tuple of (name, sentence), or None

    Examples
    --------
    >>> part = Part("", [""], np.array([0.12]), np.array([12.0]))
    >>> find_generic_mistake([part], 0.001)[0]
    'hundred_times'
    """
    if any(part.exact and part.gaps.any() for part in parts):
        return None
    expected, given = _join(parts)
    if not len(expected):
        return None
    room = float(np.nan_to_num(np.abs(expected)).max()) > 5 * tolerance
    if room and (_is_near(expected, -given, tolerance) or _is_turned_interval(expected, given, tolerance)):
        return "sign_turned", "The size is right, the sign is turned: you have it the other way round."
    if room and _is_near(expected, given / 100, tolerance):
        return "hundred_times", "This is 100 times the right answer: percent where a fraction is asked?"
    if room and _is_near(expected, given * 100, tolerance):
        return "hundredth", "This is a hundredth of the right answer: a fraction where percent is asked?"
    if 1 < len(expected) <= SHORT and _is_near(np.sort(expected), np.sort(given), tolerance):
        return "other_order", "These are the right values in another order."
    if _is_coarse(expected, given):
        return "too_coarse", f"Right, but rounded too far: keep {_say_decimals(tolerance)}."
    return None


def _say_decimals(tolerance: float) -> str:
    places = max(0, math.floor(-math.log10(tolerance))) if tolerance > 0 else 0
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


def _is_coarse(expected: np.ndarray, given: np.ndarray) -> bool:
    if not (np.isfinite(expected).all() and np.isfinite(given).all()):
        return False
    if (np.abs(given - expected) > 0.05 * np.abs(expected)).any():
        return False
    return any(np.allclose(np.round(expected, digits), given, rtol=1e-9, atol=1e-12) for digits in range(8, -8, -1))
