"""Answers of three numbers: an effect and its interval."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.answers import as_number
from loyalty.tasks.checking.mistakes import Mistake
from loyalty.text import say_euros

Triple = tuple[float, float, float]  # effect, low, high


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


def read_triple(answer: Iterable[Any]) -> Triple:
    """Read three numbers of any type.

    Examples
    --------
    >>> read_triple([1, 0.5, 2])
    (1.0, 0.5, 2.0)
    """
    effect, low, high = (as_number(one) for one in answer)
    return effect, low, high


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


def list_widths(right: Triple, *, doubled: bool = True) -> tuple[Mistake, ...]:
    """List the usual wrong widths of a 95 % interval whose effect is right.

    Parameters
    ----------
    right : Triple
        Effect and its 95 % interval.
    doubled : bool
        Whether an interval of two standard errors can be told from 1.96 at the task's tolerance.

    Examples
    --------
    >>> [one.name for one in list_widths((1.0, 0.5, 1.5))]
    ['ninety_percent', 'ninety_nine_percent', 'two_standard_errors']
    """
    says = "The first number is right; your ends are those of a {} % interval, 95 % is asked."
    two = "The first number is right; your ends are two standard errors away, 1.96 are asked."
    known = (
        Mistake("ninety_percent", says.format(90), widen_triple(right, 1.644854 / 1.959964)),
        Mistake("ninety_nine_percent", says.format(99), widen_triple(right, 2.575829 / 1.959964)),
        Mistake("two_standard_errors", two, widen_triple(right, 2 / 1.959964)),
    )
    return known if doubled else known[:2]


def list_intervals(treated: ArrayLike, control: ArrayLike, *, equal_sizes: bool = False) -> tuple[Mistake, ...]:
    """List the usual other intervals of a difference of means, where Welch's is asked.

    Parameters
    ----------
    treated, control : array, one value a customer
    equal_sizes : bool
        Whether the groups are about as large: then one common variance gives the right interval too, and is not listed.

    Examples
    --------
    >>> [one.name for one in list_intervals([3.0, 5.0, 4.0], [1.0, 2.0, 4.0])][:3]
    ['pooled_variance', 'careful_interval', 'errors_added']
    """
    mine, others = np.asarray(treated, dtype=float), np.asarray(control, dtype=float)
    right = take_triple(compare_means(mine, others, variance="welch"))
    sizes = len(mine), len(others)
    errors = mine.std(ddof=1) / np.sqrt(sizes[0]), others.std(ddof=1) / np.sqrt(sizes[1])
    spread = float(np.concatenate([mine, others]).std(ddof=1) * np.sqrt(1 / sizes[0] + 1 / sizes[1]))
    start = "The first number is right."
    kinds = (
        (
            "pooled_variance",
            f"{start} You took one common variance (Student). Each group keeps its own (Welch).",
            take_triple(compare_means(mine, others, variance="pooled")),
        ),
        (
            "careful_interval",
            f"{start} Your interval is the careful one, for a small control group. Welch's is asked.",
            take_triple(compare_means(mine, others, variance="careful")),
        ),
        (
            "errors_added",
            f"{start} You added the two standard errors. They are added as squares, under the root.",
            _surround(right[0], float(sum(errors))),
        ),
        (
            "one_spread",
            f"{start} You took the standard deviation of all customers together. Each group has its own.",
            _surround(right[0], spread),
        ),
    )
    left_out = {"pooled_variance", "one_spread"} if equal_sizes else set()
    return (*(Mistake(*kind) for kind in kinds if kind[0] not in left_out), *list_widths(right))


def _surround(effect: float, error: float) -> Triple:
    return effect, effect - 1.96 * error, effect + 1.96 * error


def list_units(right: Triple, unit: str, factors: dict[str, float]) -> tuple[Mistake, ...]:
    """List the right answer in other units.

    Parameters
    ----------
    right : Triple
    unit : str
        What is asked, such as "The four weeks together, please."
    factors : dict
        What the numbers are, such as "per week" -> by how much they are multiplied.

    Examples
    --------
    >>> [(one.name, one.says) for one in list_units((1.0, 0.5, 1.5), "Per month, please.", {"per week": 0.25})]
    [('per_week', 'That is per week. Per month, please.')]
    """
    return tuple(
        Mistake(words.replace(" ", "_"), f"That is {words}. {unit}", multiply_triple(right, factor))
        for words, factor in factors.items()
    )
