"""Confidence intervals that every room shares: Welch and pooled, Newcombe, Wilson, and that of the median."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats as _scipy

from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.tables.arguments import check_arguments

# Beyond this skewness of a difference of means, or below this count of buyers, its t interval covers too little
MOST_SKEWNESS = 0.2
LEAST_FILLED = 20
SMALL_SHARE = 0.2  # of all customers: a smaller control is compared with care


@check_arguments
def compare_means(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    variance: str = "auto",
    level: float = 0.95,
    method: str = "difference of means",
    estimand: str = "ATE",
) -> Estimate:
    """Compare two means by a Welch, a pooled-variance or a careful interval.

    Not for rates (use a score interval), and not where a customer has several rows.

    Parameters
    ----------
    treated, control : array, one value a customer
        Outcomes of the two groups, at least two each.
    variance : {"auto", "welch", "pooled", "careful"}
        "auto" is careful when control is under 20 % of all, else Welch. "careful" takes for the control the larger of
        its own variance and the pooled one, with m - 1 degrees of freedom for m controls: with sales that are mostly
        zero, Welch covers too little in a small control, and one pooled variance does where an offer narrows the spread
        of the many treated. It is never much shorter than either, and covers a little more than it says.
    level : float
        Coverage of the interval, a fraction.
    method, estimand : str
        Names that the result carries; see `Estimate`.

    Returns
    -------
    Estimate
        `details`: pooled, careful (0 or 1), df, skewness of the difference, se_control (of the control mean).

    Raises
    ------
    ValueError
        If a group has fewer than two values.

    Examples
    --------
    >>> result = compare_means([3.0, 5.0, 4.0], [1.0, 2.0, 3.0])
    >>> round(result.effect, 2), round(result.se, 3)
    (2.0, 0.816)

    Source: Welch (1947), Biometrika 34, 28-35.
    """
    sides = np.asarray(treated, float), np.asarray(control, float)
    sizes = [len(side) for side in sides]
    filled = [int(np.count_nonzero(side)) for side in sides]
    if min(sizes) < 2:
        raise ValueError(f"an interval needs two customers in each group; there are {sizes[0]} and {sizes[1]}")
    means = [side.mean() for side in sides]
    spreads = [side.var(ddof=1) for side in sides]
    skewness = find_skewness(np.concatenate(sides))
    return compare_moments(
        sizes,
        means,
        spreads,
        skewness=skewness,
        filled=filled,
        variance=variance,
        level=level,
        method=method,
        estimand=estimand,
    )


def compare_moments(
    sizes: Sequence[float],
    means: Sequence[float],
    spreads: Sequence[float],
    *,
    skewness: float,
    filled: Sequence[float],
    per: Sequence[float] = (1.0, 1.0),
    variance: str = "auto",
    level: float = 0.95,
    method: str = "difference of means",
    estimand: str = "ATE",
) -> Estimate:
    """Compare two means, of which only the moments are known, by a Welch, a pooled-variance or a careful interval.

    The treated come first. `compare_means` does the same from the customers' values.

    Parameters
    ----------
    sizes, means, spreads, filled : two numbers each
        Customers, means, variances (with n - 1), customers with a value other than zero; two customers at least.
        Where they are weighted, effective numbers of customers (Kish).
    skewness : float
        Of the outcomes of both groups together.
    per : two numbers
        Mean denominators, where the means are ratios of sums; the variances are then those of y - ratio × d (delta
        method). Variances are pooled before the division, because a group with more orders also varies more.
    variance, level, method, estimand
        As in `compare_means`.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> round(compare_moments([3, 3], [4.0, 2.0], [1.0, 1.0], skewness=0.0, filled=[3, 3]).se, 3)
    0.816
    """
    n, m = map(float, sizes)
    found = find_errors(sizes, means, spreads, per=per, variance=variance)
    skewness = skewness * tilt_of_gap(n, m)
    return make_estimate(
        means[0] - means[1],
        np.sqrt(found.parts.sum()),
        df=found.df,
        level=level,
        n_treated=int(n),
        n_control=int(m),
        method=method,
        estimand=estimand,
        base=float(means[1]),
        details={
            "pooled": found.way == "pooled",
            "careful": found.way == "careful",
            "df": found.df,
            "skewness": skewness,
            "se_control": np.sqrt(found.parts[1]),
        },
        warnings=doubt_moments(skewness, filled),
    )


class Errors(NamedTuple):
    """What chance does to a difference of two means: the variance of each mean, the degrees of freedom, which rule."""

    parts: np.ndarray
    df: float
    way: str


def find_errors(
    sizes: Sequence[float],
    means: Sequence[float],
    spreads: Sequence[float],
    *,
    per: Sequence[float] = (1.0, 1.0),
    variance: str = "auto",
) -> Errors:
    """Find the variances of two means by the rule of `compare_moments`, whose parameters these are.

    Examples
    --------
    >>> find_errors([4, 4], [5.0, 3.0], [2.0, 2.0]).parts.tolist()
    [0.5, 0.5]
    """
    n, m = map(float, sizes)
    way = variance
    if variance == "auto":
        way = "careful" if is_small(n, m) else "welch"
    spread = np.array(spreads, float)
    # The variance of equal values is rounding only
    spread[spread <= (1e-12 * np.abs(np.multiply(means, per))) ** 2] = 0.0
    df = float(n + m - 2)
    pooled = spread @ [n - 1, m - 1] / df
    if way == "pooled":
        spread[:] = pooled
    elif way == "careful":
        spread[1] = max(spread[1], pooled)
        df = float(m - 1)
    parts = spread / np.square(per) / [n, m]
    if parts.sum() > 0 and way == "welch":
        df = float(1 / ((parts / parts.sum()) ** 2 / [n - 1, m - 1]).sum())  # Welch and Satterthwaite
    return Errors(parts, df, way)


def doubt_moments(skewness: float, filled: Sequence[float]) -> tuple[str, ...]:
    """Say why the t interval of a difference of means may cover too little: its skewness, too few buyers.

    Parameters
    ----------
    skewness : float
        Of the difference.
    filled : two numbers
        Customers with a value other than zero in each group, effective ones where they are weighted.
    """
    notes = []
    if abs(skewness) > MOST_SKEWNESS:
        notes.append(f"heavy tail: the difference has skewness {skewness:.2f}, its interval may cover too little")
    if min(filled) < LEAST_FILLED:
        notes.append("fewer than 20 customers with a value other than zero in one group")
    return tuple(notes)


@check_arguments
def compare_rates(
    successes: Sequence[int],
    trials: Sequence[int],
    *,
    level: float = 0.95,
    method: str = "difference of rates",
    estimand: str = "ATE",
) -> Estimate:
    """Compare two rates by Newcombe's interval, which also holds for rare events and small groups.

    The treated come first. Not for shares of money, and not where a customer has several rows.

    Parameters
    ----------
    successes, trials : two whole numbers each
        Customers who did it, and customers.
    level : float
        Coverage of the interval, a fraction.
    method, estimand : str
        Names that the result carries; see `Estimate`.

    Returns
    -------
    Estimate
        `p` is that of the score test, which may disagree with the interval where zero lies near its end; `se` is that
        of the plain difference.

    Examples
    --------
    >>> result = compare_rates([56, 48], [70, 80])
    >>> round(result.effect, 2), round(result.low, 4), round(result.high, 4)
    (0.2, 0.0524, 0.3339)

    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    k = np.asarray(successes, float)
    n = np.asarray(trials, float)
    if k.shape != (2,) or n.shape != (2,):
        raise ValueError("successes and trials should hold two whole numbers each, the treated first")
    if not ((n > 0) & (k >= 0) & (k <= n)).all():
        raise ValueError(f"successes should lie between 0 and trials, found {k.tolist()} of {n.tolist()}")
    rates = k / n
    pooled = k.sum() / n.sum()
    low, high = wilson(rates, n, level)
    effect = float(rates[0] - rates[1])
    below = np.hypot(rates[0] - low[0], high[1] - rates[1])
    above = np.hypot(high[0] - rates[0], rates[1] - low[1])
    null = np.sqrt(pooled * (1 - pooled) * (1 / n).sum())
    p = float(2 * _scipy.norm.sf(abs(effect) / null)) if null > 0 else 1.0
    notes = []
    least = float((n * min(pooled, 1 - pooled)).min())
    if least < 5:
        notes.append(f"few conversions: {least:.1f} expected in the smaller group; trust the interval, not p")
    return Estimate(
        effect=effect,
        low=float(effect - below),
        high=float(effect + above),
        se=float(np.sqrt((rates * (1 - rates) / n).sum())),
        p=p,
        n_treated=int(n[0]),
        n_control=int(n[1]),
        method=method,
        estimand=estimand,
        base=float(rates[1]),
        level=level,
        warnings=tuple(notes),
    )


def is_small(n: float, m: float) -> bool:
    """Whether m controls beside n treated are so few that their own variance does not tell enough (under 20 %)."""
    return m < SMALL_SHARE * (n + m) * (1 - 1e-9)  # a fifth exactly is not under a fifth, whatever is rounded


def skew_of_gap(treated: np.ndarray, control: np.ndarray) -> float:
    """Skewness of the difference of two means, from the pooled outcomes; zero for groups of equal size."""
    return find_skewness(np.concatenate([treated, control])) * tilt_of_gap(len(treated), len(control))


def tilt_of_gap(n: float, m: float) -> float:
    """The factor from the skewness of one outcome to that of the difference of two means of n and m outcomes."""
    return (1 / n**2 - 1 / m**2) / (1 / n + 1 / m) ** 1.5


def find_skewness(values: np.ndarray) -> float:
    """Skewness of a sample; zero where all values are equal up to rounding."""
    centred = np.asarray(values, float) - np.mean(values)
    spread = np.sqrt(np.mean(centred**2))
    if spread > 1e-12 * np.abs(values).max():
        return float(np.mean((centred / spread) ** 3))
    return 0.0


def skew_of_mean(values: ArrayLike, *, scale: float = 0.0) -> float:
    """Skewness of a mean of independent values, or of an estimate from its influence values.

    Parameters
    ----------
    values : array of float
        One value a customer (or cluster).
    scale : float
        Size of the numbers that the values were made of: a spread below the rounding of these is none.

    Returns
    -------
    float
        Skewness of the values by the root of their number; zero where they do not vary, and where one is not known.

    Examples
    --------
    >>> round(skew_of_mean([0.0, 0.0, 0.0, 1.0]), 3)
    0.577
    """
    each = np.asarray(values, float)
    if not np.isfinite(each).all() or not each.size or each.std() <= 1e-12 * abs(scale):
        return 0.0
    return find_skewness(each) / float(np.sqrt(each.size))


def wilson(rate: Any, n: Any, level: float = 0.95, *, width: Any = None) -> tuple[Any, Any]:
    """Wilson's score interval for a rate from n independent customers.

    Not for shares of money, and not for rows of which a customer has several.

    Parameters
    ----------
    rate : float or array
        The share found, from 0 to 1.
    n : float or array
        Customers; a fraction is allowed (effective sample size), and 0 gives NaN.
    level : float
        Coverage of the interval, a fraction.
    width : float or array, optional
        Half the width in standard errors, where it is not the normal distribution's at `level`: that of Student's t
        for an effective sample size from an estimated variance.

    Returns
    -------
    (low, high) : arrays of the same shape

    Examples
    --------
    >>> [round(float(end), 3) for end in wilson(3 / 9, 9)]
    [0.121, 0.646]

    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    z = _scipy.norm.ppf(0.5 + level / 2) if width is None else width
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    # Rounding leaves 1e-18 where the limit is exactly 0 or 1; the product keeps NaN where n is 0
    zero = 0 * middle
    low = np.where(rate == 0, zero, np.maximum(middle - half, 0))
    high = np.where(rate == 1, zero + 1, np.minimum(middle + half, 1))
    return low, high


def interval_of_share(count: ArrayLike, total: ArrayLike, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's score interval for a share, from counts.

    Not for shares of money, and not for rows of which a customer has several.

    Parameters
    ----------
    count, total : array of int
        Customers with the property, and all customers; of one shape. Where the total is 0 the interval is NaN.
    level : float
        Coverage of each interval, a fraction.

    Returns
    -------
    (low, high) : two arrays of float, from 0 to 1

    Examples
    --------
    >>> low, high = interval_of_share(0, 20)
    >>> round(float(low), 3), round(float(high), 3)
    (0.0, 0.161)

    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    k = np.asarray(count, float)
    n = np.asarray(total, float)
    with np.errstate(invalid="ignore", divide="ignore"):
        return wilson(k / n, n, level)


def interval_of_mean(
    mean: ArrayLike, deviation: ArrayLike, count: ArrayLike, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Student's t interval for a mean, from what is known of a group: the deviation is estimated, so few cost width.

    Not for skewed values of few customers, and not for rows of which a customer has several.

    Parameters
    ----------
    mean, deviation : array of float
        Of each group; the deviation is that of the sample (n - 1).
    count : array of int
        Customers of each group.
    level : float
        Coverage of each interval, a fraction.

    Returns
    -------
    (low, high) : two arrays of float
        NaN where a group has fewer than two customers or no spread: what chance does cannot be measured there.

    Examples
    --------
    >>> low, high = interval_of_mean([2.0, 5.0], [1.0, 0.0], [4, 9])
    >>> low.round(3).tolist(), high.round(3).tolist()
    ([0.409, nan], [3.591, nan])

    Source: Student (1908), Biometrika 6, 1-25.
    """
    middle, spread, n = (np.asarray(one, float) for one in (mean, deviation, count))
    known = (n > 1) & (spread > 0)
    size = np.where(known, n, 2.0)
    half = np.where(known, _scipy.t.ppf(0.5 + level / 2, size - 1) * spread / np.sqrt(size), np.nan)
    return middle - half, middle + half


def interval_of_median(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Exact confidence interval for a median: two of the sorted values, chosen by the binomial distribution.

    Holds for any distribution, ties included. Not for fewer than six values at 95 %: then no such interval exists.

    Parameters
    ----------
    values : array of float
        One value a customer; NaN is left out.
    level : float
        Coverage, a fraction: at least this share of samples has its interval round the median.

    Returns
    -------
    (low, high) : float
        NaN where there are too few values.

    Examples
    --------
    >>> interval_of_median([5, 1, 4, 2, 3, 6, 9, 8, 7])
    (2.0, 8.0)

    Source: Conover (1999), Practical Nonparametric Statistics, 3rd edition, section 3.2.
    """
    x = np.asarray(values, float)
    x = np.sort(x[~np.isnan(x)])
    rank = int(_scipy.binom.ppf((1 - level) / 2, len(x), 0.5)) if len(x) else 0
    if rank < 1:
        return float("nan"), float("nan")
    return float(x[rank - 1]), float(x[len(x) - rank])
