"""Answers of three numbers: an effect and its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from loyalty.text import say_euros

Triple = tuple[float, float, float]  # effect, low, high


# Half widths beside that of a 95 % interval, and what made them
WIDTHS = {
    1 / 1.96: ("one_standard_error", "the interval is one standard error to each side. For 95 % it takes 1.96."),
    1.645 / 1.96: ("ninety_percent", "the interval is one of 90 %. Asked are 95 %."),
    2.576 / 1.96: ("ninety_nine_percent", "the interval is one of 99 %. Asked are 95 %."),
}
FORMS = {
    "sign_turned": "The size is right, the sign is turned: treated minus control, please.",
    "other_order": "These are the right numbers in another order: effect, low, high.",
    "hundred_times": "This is 100 times the right answer: cents instead of euros, or percent?",
    "thousandth": "This is a thousandth of the right answer: thousands of euros?",
}
SAME_WIDTH = 0.02  # a t interval of many customers is that near to a normal one


class HasInterval(Protocol):
    """An estimate with its interval, such as `loyalty.stats.estimate.Estimate`."""

    @property
    def effect(self) -> float:
        """The estimate."""

    @property
    def low(self) -> float:
        """The lower end of its interval."""

    @property
    def high(self) -> float:
        """The upper end of its interval."""


def take_triple(found: HasInterval, *, cost: float = 0.0, times: float = 1.0) -> Triple:
    """Take effect, low and high of an estimate, a cost taken off each, then multiplied.

    Parameters
    ----------
    found : HasInterval
        The estimate.
    cost : float
        Taken off all three.
    times : float
        By which all three are then multiplied, such as the number of customers.
    """
    return (found.effect - cost) * times, (found.low - cost) * times, (found.high - cost) * times


def multiply_triple(found: Triple, times: float) -> Triple:
    """Multiply an effect and its interval.

    Examples
    --------
    >>> multiply_triple((1.0, 0.5, 1.5), 2)
    (2.0, 1.0, 3.0)
    """
    effect, low, high = found
    return effect * times, low * times, high * times


def move_triple(found: Triple, by: float) -> Triple:
    """Move an effect and its interval by an amount.

    Examples
    --------
    >>> move_triple((1.0, 0.5, 1.5), -1)
    (0.0, -0.5, 0.5)
    """
    effect, low, high = found
    return effect + by, low + by, high + by


def widen_triple(found: Triple, times: float) -> Triple:
    """Widen an interval around its effect; 1 / 1.96 makes one standard error of a 95 % interval.

    Examples
    --------
    >>> widen_triple((1.0, 0.5, 2.0), 2)
    (1.0, 0.0, 3.0)
    """
    effect, low, high = found
    return effect, effect - (effect - low) * times, effect + (high - effect) * times


def say_triple(found: Triple, decimals: int = 2) -> str:
    """Write an effect in euros with its interval.

    Examples
    --------
    >>> say_triple((-1.0, -2.5, 0.5))
    '−€1.00 (−€2.50 to €0.50)'
    """
    effect, low, high = (say_euros(value, decimals) for value in found)
    return f"{effect} ({low} to {high})"


def judge_triple(
    right: Sequence[float], given: Sequence[float], tolerance: float, close: str = "Not it."
) -> tuple[str | None, str]:
    """Say what is wrong with an effect and its interval of which no usual mistake is known.

    Only what was really seen is named; anything else gets `close`, and no name.

    Parameters
    ----------
    right, given : sequence of 3 numbers
        Effect, low, high: a 95 % interval.
    tolerance : float
        The task's, in the unit of the answer.
    close : str
        What to ask when nothing can be told from the numbers.

    Returns
    -------
    tuple of (name or None, sentence)

    Examples
    --------
    >>> judge_triple((2.0, 1.0, 3.0), (2.0, 1.5, 2.2), 0.01)
    ('ends_off', 'The effect is right, the ends of the interval are not.')
    """
    numbers = [float(value) for value in given]
    if not all(math.isfinite(value) for value in numbers):
        return "not_finite", "There is a NaN or an infinity in your answer: is there a customer without a number?"
    effect, low, high = numbers
    forms = {
        "sign_turned": [(-effect, -high, -low), (-effect, -low, -high)],
        "other_order": [_sort_triple(numbers)],
        "hundred_times": [(effect / 100, low / 100, high / 100)],
        "thousandth": [(effect * 1000, low * 1000, high * 1000)],
    }
    for name, triples in forms.items():
        if any(_are_near(right, triple, tolerance) for triple in triples):
            return name, FORMS[name]
    if is_rounded(right, numbers):
        return "too_coarse", "Right, but rounded too far."
    if not low <= effect <= high:
        return "outside_its_interval", "Your effect does not lie between its ends. The order is effect, low, high."
    if _are_near(right[:1], (effect,), tolerance):
        name, says = _judge_width(right, numbers)
        return name, f"The effect is right, {says}"
    if _are_near(right[1:], (low, high), tolerance):
        return "effect_off", "The ends of the interval are right, the effect is not."
    return None, close


def _are_near(right: Sequence[float], given: Sequence[float], tolerance: float) -> bool:
    return all(abs(one - other) <= tolerance for one, other in zip(right, given, strict=True))


def is_rounded(right: Sequence[float], given: Sequence[float]) -> bool:
    """Say whether these are the right numbers, rounded to fewer digits, and none of them to zero.

    Examples
    --------
    >>> is_rounded((1.234, 0.56), (1.2, 0.6)), is_rounded((0.012,), (0.0,))
    (True, False)
    """
    pairs = list(zip(right, given, strict=True))
    return any(
        all(other != 0 and math.isclose(round(one, digits), other, rel_tol=1e-9) for one, other in pairs)
        for digits in range(5)
    )


def _sort_triple(numbers: Sequence[float]) -> tuple[float, float, float]:
    low, effect, high = sorted(numbers)
    return effect, low, high


def _judge_width(right: Sequence[float], given: Sequence[float]) -> tuple[str, str]:
    ratios = [(given[place] - given[0]) / (right[place] - right[0]) for place in (1, 2)]
    for times, named in WIDTHS.items():
        if all(abs(ratio / times - 1) <= SAME_WIDTH for ratio in ratios):
            return named
    return "ends_off", "the ends of the interval are not."
