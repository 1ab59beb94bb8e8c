"""How unequally an amount is spread over customers: Gini and shares of the top, each with an interval.

Plain arrays come in here, one value a customer; tables are read in `concentration` and `ranking`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from loyalty.stats.intervals import MOST_SKEWNESS, skew_of_mean
from loyalty.tables.arguments import check_arguments
from loyalty.text import ask_percent

LEAST_TAIL = 2.1  # tail index under which the variance of the largest amounts hardly exists
TAIL_SHARE = 0.05  # of the amounts above zero: the tail
LEAST_VALUES = 20


@dataclass(frozen=True)
class Portion:
    """A number between 0 and 1 about a whole, with its interval: a Gini coefficient or a share of the money.

    `skewness` is that of the estimate, as far as chance moves it: beyond 0.2 the interval covers too little.
    """

    value: float
    low: float
    high: float
    skewness: float = 0.0

    def __str__(self) -> str:
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


@check_arguments
def estimate_gini(amounts: ArrayLike, *, level: float = 0.95) -> Portion:
    """Estimate the Gini coefficient: half the mean gap between two customers, in units of the mean amount.

    Not corrected for small samples: n customers, of whom one has everything, have 1 - 1/n. Amounts below zero count as
    they are; with many of them the coefficient may exceed 1.

    Parameters
    ----------
    amounts : array of float
        One value a customer, without NaN; their sum is above zero.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Portion
        The interval is that of the linearised estimate, corrected for skewness. With 2,500 customers it holds for
        log-normal amounts (95 %), and too seldom in a Pareto tail of index 2 (91 %) or 1.5 (85 %).

    Examples
    --------
    >>> round(estimate_gini([1, 1, 1, 1]).value, 3), round(estimate_gini([0, 0, 0, 8]).value, 3)
    (0.0, 0.75)

    Source: Davidson (2009), Journal of Econometrics 150, 30-40; the interval by Hall (1992), Journal of the Royal
    Statistical Society B 54, 221-228.
    """
    x = _read_amounts(amounts)
    n = len(x)
    place = (2 * np.arange(1, n + 1) - 1) / n
    gini = float((x * place).sum() / x.sum() - 1)
    moves = place * x - 2 / n * np.cumsum(x) - (gini + 1) * x
    return _surround(gini, moves / x.mean(), level, whole=bool(x[0] >= 0))


@check_arguments
def estimate_top_share(amounts: ArrayLike, top: float, *, level: float = 0.95) -> Portion:
    """Estimate which share of the whole the largest customers bring.

    A part of a customer counts where `top` of the customers is no whole number. Customers who tie at the border bring
    the same, so their order moves nothing.

    Parameters
    ----------
    amounts : array of float
        One value a customer, without NaN; their sum is above zero.
    top : float
        Which share of the customers is looked at, above 0, at most 1.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Portion
        For the interval see `estimate_gini`; without one for all customers together.

    Examples
    --------
    >>> estimate_top_share([6, 2, 1, 1], 0.25).value, estimate_top_share([4, 2, 2, 2], 0.5).value
    (0.6, 0.6)

    Source: Beach and Davidson (1983), Review of Economic Studies 50, 723-735, for the variance.
    """
    if not 0 < top <= 1:
        says = f"top should be a share of the customers, above 0 and at most 1; found {top:g}{ask_percent(top)}"
        raise ValueError(says)
    return _estimate_slice(_read_amounts(amounts), 0.0, top, level)


@check_arguments
def estimate_slice(ordered: ArrayLike, above: float, to: float, *, level: float = 0.95) -> Portion:
    """Estimate the share of a slice of customers, from the share `above` down to the share `to`, the largest first.

    Parameters
    ----------
    ordered : array of float
        Amounts, brought into order from small to large; their sum is above zero.
    above, to : float
        Shares of the customers, 0 <= above < to <= 1.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Portion
        NaN for the ends where the slice holds everybody.

    Examples
    --------
    >>> round(estimate_slice(np.array([1.0, 1.0, 2.0, 6.0]), 0.25, 1.0).value, 3)
    0.4
    """
    if not 0 <= above < to <= 1:
        says = f"the slice should satisfy 0 <= above < to <= 1; found above {above:g} and to {to:g}{ask_percent(to)}"
        raise ValueError(says)
    return _estimate_slice(_read_amounts(ordered), above, to, level)


def _read_list(amounts: ArrayLike) -> np.ndarray:
    """Read one value a customer; a table or nothing is refused."""
    x = np.asarray(amounts, float)
    if x.ndim != 1:
        raise ValueError(f"amounts should be a list of numbers, one value a customer; found the shape {x.shape}")
    return x


def _read_amounts(amounts: ArrayLike) -> np.ndarray:
    """Bring amounts into order from small to large; what no share can be taken of is refused."""
    x = np.sort(_read_list(amounts))
    if not np.isfinite(x).all():
        raise ValueError("amounts should be numbers; some are empty or infinite")
    if not x.sum() > 0:
        raise ValueError(f"amounts should add up to more than zero; found {x.size:,} with the sum {x.sum():,.2f}")
    return x


def _estimate_slice(ordered: np.ndarray, above: float, to: float, level: float) -> Portion:
    mean = ordered.mean()
    shares, parts = zip(*(_look_from_above(ordered, p) for p in (to, above)), strict=True)
    share = float(shares[0] - shares[1])
    if above <= 0 and to >= 1:
        return Portion(1.0, float("nan"), float("nan"))
    moves = parts[0] - parts[1] - share * ordered
    return _surround(share, moves / mean, level, whole=bool(ordered[0] >= 0))


def _look_from_above(ordered: np.ndarray, p: float) -> tuple[float, np.ndarray]:
    """Find the share of the largest p of the customers, and how much each amount moves the money they bring."""
    n = len(ordered)
    if p <= 0:
        return 0.0, np.zeros(n)
    if p >= 1:
        return 1.0, ordered
    wanted = p * n
    whole = int(np.floor(wanted + 1e-9))
    border = ordered[n - 1 - whole] if whole < n else ordered[0]
    money = ordered[n - whole :].sum() + (wanted - whole) * border
    return float(money / ordered.sum()), np.maximum(ordered - border, 0) + p * border


def _surround(value: float, moves: np.ndarray, level: float, *, whole: bool) -> Portion:
    """Put an interval round an estimate that each customer moves by so much, corrected for skewness.

    A part of a `whole`, in which nothing is below zero, lies between 0 and 1, and so do its ends.
    """
    n = len(moves)
    spread = moves.std(ddof=1) if n > 1 else 0.0
    if not spread > 1e-12:
        return Portion(value, float("nan"), float("nan"))
    skewness = skew_of_mean(moves)
    z = stats.norm.ppf([0.5 + level / 2, 0.5 - level / 2])
    if abs(skewness) > 1e-6:
        bend = skewness / 3
        z = (np.cbrt(1 + 3 * bend * (z - skewness / 6)) - 1) / bend
    low, high = value - spread / np.sqrt(n) * z
    if whole:
        low, high = max(low, 0.0), min(high, 1.0)
    return Portion(value, float(low), float(high), float(skewness))


@check_arguments
def find_tail_index(amounts: ArrayLike) -> float:
    """Find the tail index of the largest twentieth of the amounts above zero (Hill's estimate).

    Under 2 the variance does not exist, and each larger sample finds still larger customers.

    Parameters
    ----------
    amounts : array of float

    Returns
    -------
    float
        NaN where fewer than 20 amounts are above zero, infinite where the largest are equal.

    Examples
    --------
    >>> round(find_tail_index(1 / np.arange(1, 10_001) ** 0.5), 1)
    2.0

    Source: Hill (1975), Annals of Statistics 3, 1163-1174.
    """
    x = _read_list(amounts)
    x = np.sort(x[x > 0])
    if len(x) < LEAST_VALUES:
        return float("nan")
    k = max(int(TAIL_SHARE * len(x)), 10)
    excess = float(np.log(x[-k:] / x[-k - 1]).mean())
    return 1 / excess if excess > 0 else float("inf")


@check_arguments
def doubt_tail(amounts: ArrayLike) -> tuple[str, ...]:
    """Say why no interval of Gini or of a share can be trusted: few customers, or a tail without a variance.

    Parameters
    ----------
    amounts : array of float
        One value a customer; their sum is above zero.

    Examples
    --------
    >>> doubt_tail(np.array([1.0, 2.0]))
    ('only 2 customers have an amount above zero: too few for intervals',)
    """
    amounts = _read_list(amounts)
    above = amounts[amounts > 0]
    if len(above) < LEAST_VALUES:
        who = "1 customer has" if len(above) == 1 else f"{len(above):,} customers have"
        return (f"only {who} an amount above zero: too few for intervals",)
    tail = find_tail_index(amounts)
    if tail >= LEAST_TAIL:
        return ()
    return (
        f"heavy tail (index {tail:.1f}): the intervals cover too little, because another year may have one more "
        f"customer like the largest, who brings {above.max() / amounts.sum():.1%} alone",
    )


def is_skew(portion: Portion) -> bool:
    """Whether a few customers move the number so much that its interval covers too little.

    Examples
    --------
    >>> is_skew(Portion(0.5, 0.4, 0.6, skewness=0.3))
    True
    """
    return abs(portion.skewness) > MOST_SKEWNESS
