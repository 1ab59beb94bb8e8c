"""What a test will measure and how much that varies between customers, and the chance to see an effect through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import optimize, stats

from loyalty.stats.intervals import find_skewness
from loyalty.tables.check import TableError


@dataclass(frozen=True)
class Noise:
    """An outcome before the test: its mean, its spread between customers, its tail; made by `describe_noise`.

    `kind` is rate, mean or ratio; `growth` says how an effect comes about: everybody gets the same more (shift), more
    customers buy (buyers), or each buyer buys more (scale). `values` and `per` (denominators; 1 but for a ratio) are
    the history, where there is one.
    """

    kind: str
    base: float
    sd: float
    skewness: float = 0.0
    nonzero: float = 1.0
    growth: str = "shift"
    saving: float = 0.0
    approximation: str = "score"
    values: np.ndarray | None = field(default=None, repr=False, compare=False)
    per: np.ndarray | None = field(default=None, repr=False, compare=False)

    @property
    def most(self) -> float:
        """The effect with which everybody would be a buyer; infinite where an effect is more than buyers."""
        return self.base * (1 / self.nonzero - 1) if self.growth == "buyers" else float("inf")

    def relate(self, effect: Any) -> Any:
        """Return effects as fractions of the mean; NaN where that is not above zero, or unknown."""
        return effect / (self.base if self.base > 0 else np.nan)

    def find_variance(self, effect: float) -> float:
        """The variance among the treated, if they gain the effect in the way that `growth` says."""
        factor = 1 + effect / self.base if self.base > 0 else 1.0
        if self.growth == "buyers":
            return factor * (self.sd**2 + self.base**2) - (factor * self.base) ** 2
        return self.sd**2 * (factor**2 if self.growth == "scale" else 1)


def describe_noise(
    history: Sequence[float] | None = None,
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
        How the effect of a history's mean comes about. Of values that are never negative, "buyers", or "scale" where
        everybody is a buyer already; else "shift". A treated group that varies more is seen less easily by a small
        control.
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
    empty = {name: int((~np.isfinite(v)).sum()) for name, v in (("history", y), ("per", x))}
    kinds = (None, "buyers", "scale", "shift")
    forms = ("score", "arcsine")
    checks = {
        "give one of `history`, `rate`, `sd`": sum(v is not None for v in (history, rate, sd)) != 1,
        "`history` should hold one number for each of at least two customers": y.ndim != 1 or len(y) < 2,
        "all values of `history` are the same: nothing varies": len(y) > 1 and np.ptp(y) == 0,
        "`per` should have as many values as `history`, and a sum above zero": x.shape != y.shape or x.sum() <= 0,
        f"`rate` should lie between 0 and 1, found {rate}": rate is not None and not 0 < rate < 1,
        f"`sd` should be above zero, found {sd}": sd is not None and not 0 < sd < np.inf,
        f"`saving` should lie from 0 to below 1, found {saving}": not 0 <= saving < 1,
        f"`growth` should be buyers, scale or shift, found {growth!r}": growth not in kinds,
        f"`approximation` should be score or arcsine, found {approximation!r}": approximation not in forms,
    }
    checks |= {f"`{name}` is empty or infinite for {n:,} of {len(y):,} customers": n > 0 for name, n in empty.items()}
    if wrong := [text for text, bad in checks.items() if bad]:
        raise TableError(wrong, "the outcome")
    shared: dict[str, Any] = {"saving": saving, "approximation": approximation}
    if history is None and rate is not None:
        return Noise("rate", rate, np.sqrt(rate * (1 - rate)), nonzero=rate, growth="buyers", **shared)
    if history is None:
        return Noise("mean", mean, float(sd), **shared)
    shared |= {"values": y, "per": x}
    base = y.sum() / x.sum()
    filled = np.mean(y != 0)
    if per is not None:
        z = (y - base * x) / x.mean()
        return Noise("ratio", base, z.std(ddof=1), find_skewness(z), filled, **shared)
    kind = "rate" if np.isin(y, (0, 1)).all() else "mean"
    growth = "buyers" if kind == "rate" else growth or ("shift" if y.min() < 0 else "buyers" if filled < 1 else "scale")
    return Noise(kind, base, y.std(ddof=kind == "mean"), find_skewness(y), filled, growth, **shared)


def find_chance(noise: Noise, effect: float, n: float, m: float, level: float) -> float:
    """The chance that the interval around the difference of n treated and m control customers leaves out zero.

    The standard error that the interval will use (pooled when control is under 20 % of all, and for rates) and the one
    that the difference has are two numbers: with few controls and a larger spread among the treated, the first is
    larger, and that costs power.

    Source: Fleiss, Levin and Paik (2003), Statistical methods for rates and proportions, chapter 4 (rates); Cohen
    (1988), Statistical power analysis for the behavioral sciences (arcsine, and t).
    """
    tail = 0.5 + level / 2
    rate = noise.kind == "rate"
    left = 1 - noise.saving
    if rate and noise.approximation == "arcsine":
        angles = np.arcsin(np.sqrt(np.clip([noise.base + effect, noise.base], 0, 1)))
        gap = 2 * (angles[0] - angles[1]) / np.sqrt(left * (1 / n + 1 / m))
        limit = stats.norm.ppf(tail)
        return float(stats.norm.sf(limit - gap) + stats.norm.cdf(-limit - gap))
    before = noise.sd**2
    after = noise.find_variance(effect)
    true = used = after / n + before / m
    if rate:
        both = noise.base + effect * n / (n + m)
        used = both * (1 - both) * (1 / n + 1 / m)
    elif m < 0.2 * (n + m):
        used = (n * after + m * before) / (n * m)
    gap = effect / np.sqrt(true * left)
    stretch = np.sqrt(used / true)
    if rate:
        limit = stats.norm.ppf(tail) * stretch
        return float(stats.norm.sf(limit - gap) + stats.norm.cdf(-limit - gap))
    law = stats.nct(n + m - 2, gap)
    limit = stats.t.ppf(tail, n + m - 2) * stretch
    # scipy's noncentral t has no number for the far side of a large effect, where the chance is zero
    far = law.cdf(-limit) if gap >= 0 else law.sf(limit)
    return float((law.sf(limit) if gap >= 0 else law.cdf(-limit)) + np.nan_to_num(far))


def find_smallest(noise: Noise, chance: float, n: float, m: float, level: float) -> float:
    """The smallest positive effect that is seen with the given chance; NaN where no possible effect is."""
    unit = noise.sd * np.sqrt(1 / n + 1 / m)
    most = min(noise.most * (1 - 1e-9), 64 * unit)
    if find_chance(noise, most, n, m, level) < chance:
        return float("nan")
    return float(optimize.brentq(lambda e: find_chance(noise, e, n, m, level) - chance, 1e-9 * unit, most, xtol=1e-12))
