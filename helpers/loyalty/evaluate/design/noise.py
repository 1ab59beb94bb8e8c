"""The noise of an outcome: its mean, spread and tail between customers, from a history or from given figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from loyalty.stats.intervals import find_skewness
from loyalty.tables.check import TableError


@dataclass(frozen=True)
class Noise:
    """An outcome before the test: its mean, its spread between customers, its tail; made by `describe_noise`.

    Attributes
    ----------
    kind : {"rate", "mean", "ratio"}
    base, sd, skewness : float
        Mean, standard deviation and skewness between customers.
    nonzero : float
        Share of customers with a value other than zero (buyers).
    kurtosis : float
        Fourth standardised moment, 3 for a normal outcome: how much a control's own variance moves by chance.
    growth : {"shift", "buyers", "scale"}
        How an effect comes about: everybody gets the same more, more customers buy, or each buyer buys more.
    saving : float
        Share of the variance of the effect that an adjustment for the time before takes away.
    approximation : {"score", "arcsine"}
        How the power of a rate is computed.
    values, per : array, optional
        The history, and its denominators (1 but for a ratio).
    """

    kind: str
    base: float
    sd: float
    skewness: float = 0.0
    nonzero: float = 1.0
    growth: str = "shift"
    saving: float = 0.0
    approximation: str = "score"
    kurtosis: float = 3.0
    values: np.ndarray | None = field(default=None, repr=False, compare=False)
    per: np.ndarray | None = field(default=None, repr=False, compare=False)

    @property
    def most(self) -> float:
        """The effect with which everybody would be a buyer; infinite where an effect is more than buyers."""
        return self.base * (1 / self.nonzero - 1) if self.growth == "buyers" else float("inf")

    def relate(self, effect: Any) -> Any:
        """Return effects as fractions of the mean; NaN where that is not above zero, or unknown."""
        base = self.base if self.base > 0 else np.nan
        return effect / base

    def find_variance(self, effect: float) -> float:
        """The variance among the treated, if they gain the effect in the way that `growth` says."""
        factor = 1 + effect / self.base if self.base > 0 else 1.0
        if self.growth == "buyers":
            return factor * (self.sd**2 + self.base**2) - (factor * self.base) ** 2
        if self.growth == "scale":
            return self.sd**2 * factor**2
        return self.sd**2


def describe_noise(
    history: ArrayLike | None = None,
    *,
    rate: float | None = None,
    mean: float = float("nan"),
    sd: float | None = None,
    per: Sequence[float] | None = None,
    growth: str | None = None,
    saving: float = 0.0,
    approximation: str = "score",
) -> Noise:
    """Take mean, spread, zeros and tail of an outcome from earlier customers, or from numbers that are given.

    Not for a history of another length than the campaign's window: spend of a year varies more than spend of a month.

    Parameters
    ----------
    history : sequence of float, optional
        One value for each earlier customer, zeros included. Only zeros and ones make a rate.
    rate : float, optional
        Instead of a history: the share of customers who respond without the campaign.
    mean, sd : float, optional
        Instead of a history: mean and standard deviation between customers.
    per : sequence of float, optional
        With a history: the denominator of a ratio of sums, such as each customer's orders.
    growth : {"buyers", "scale", "shift"}, optional
        How the effect on the mean of a history comes about. By default "shift" where a value is negative, "scale" where
        everybody is a buyer already, else "buyers". The more an effect makes the treated vary, the less power a small
        control has.
    saving : float
        Share of the variance of the effect that an adjustment for the time before will take away, as measured earlier.
    approximation : {"score", "arcsine"}
        For rates. "score" is right for small controls too; "arcsine" is what tables print for equal groups.

    Returns
    -------
    Noise

    Raises
    ------
    TableError
        With all problems of the numbers.

    Examples
    --------
    >>> float(describe_noise([0.0, 0.0, 4.0, 8.0]).nonzero)
    0.5
    """
    y = np.asarray([0, 1] if history is None else history, float)
    x = np.ones(y.shape) if per is None else np.asarray(per, float)
    wrong = []
    if sum(v is not None for v in (history, rate, sd)) != 1:
        wrong.append("give one of `history`, `rate`, `sd`")
    wrong += _find_wrong_history(y, x) + _find_wrong_options(rate, sd, saving, growth, approximation)
    for name, numbers in (("history", y), ("per", x)):
        if lost := int((~np.isfinite(numbers)).sum()):
            wrong.append(f"`{name}` is empty or infinite for {lost:,} of {len(y):,} customers")
    if wrong:
        raise TableError(wrong, "the outcome")
    shared: dict[str, Any] = {"saving": saving, "approximation": approximation}
    if sd is not None:
        return Noise("mean", mean, float(sd), **shared)
    if rate is not None:
        return Noise("rate", rate, np.sqrt(rate * (1 - rate)), nonzero=rate, growth="buyers", **shared)
    shared |= {"values": y, "per": x}
    base = y.sum() / x.sum()
    filled = np.mean(y != 0)
    shared["kurtosis"] = _find_kurtosis(y - base * x)
    if per is not None:
        z = (y - base * x) / x.mean()  # linearised by the delta method
        return Noise("ratio", base, z.std(ddof=1), find_skewness(z), filled, **shared)
    if np.isin(y, (0, 1)).all():
        return Noise("rate", base, y.std(ddof=0), find_skewness(y), filled, "buyers", **shared)
    return Noise("mean", base, y.std(ddof=1), find_skewness(y), filled, growth or _guess_growth(y), **shared)


def _find_kurtosis(values: np.ndarray) -> float:
    """Fourth standardised moment; that of a normal outcome where nothing varies."""
    squares = (values - values.mean()) ** 2
    return float(np.mean(squares**2) / np.mean(squares) ** 2) if squares.any() else 3.0


def _guess_growth(values: np.ndarray) -> str:
    if values.min() < 0:
        return "shift"
    return "buyers" if (values == 0).any() else "scale"


def _find_wrong_history(y: np.ndarray, x: np.ndarray) -> list[str]:
    """What is wrong with the shape of a history and its denominators, one sentence a problem."""
    wrong = []
    if y.ndim != 1 or len(y) < 2:
        wrong.append("`history` should hold one number for each of at least two customers")
    if len(y) > 1 and np.ptp(y) == 0:
        wrong.append("all values of `history` are the same: nothing varies")
    if x.shape != y.shape or x.sum() <= 0:
        wrong.append("`per` should have as many values as `history`, and a sum above zero")
    return wrong


def _find_wrong_options(
    rate: float | None, sd: float | None, saving: float, growth: str | None, approximation: str
) -> list[str]:
    """What is wrong with the numbers and words of `describe_noise`, one sentence a problem."""
    wrong = []
    if rate is not None and not 0 < rate < 1:
        wrong.append(f"`rate` should lie between 0 and 1, found {rate}")
    if sd is not None and not 0 < sd < np.inf:
        wrong.append(f"`sd` should be above zero, found {sd}")
    if not 0 <= saving < 1:
        wrong.append(f"`saving` should lie from 0 to below 1, found {saving}")
    if growth not in (None, "buyers", "scale", "shift"):
        wrong.append(f"`growth` should be buyers, scale or shift, found {growth!r}")
    if approximation not in ("score", "arcsine"):
        wrong.append(f"`approximation` should be score or arcsine, found {approximation!r}")
    return wrong
