"""Small statistics that every room shares: one result with an interval, and the arithmetic behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy import stats as _scipy

from loyalty.stats.estimate import Estimate, make_estimate

# --- Results -------------------------------------------------------------------------------------


# --- Means and errors ----------------------------------------------------------------------------


def compare_means(
    treated: Sequence[float], control: Sequence[float], *, variance: str = "auto", level: float = 0.95, **fields: Any
) -> Estimate:
    """Compare two means by a Welch or a pooled-variance interval.

    Not for rates (use a score interval), and not where a customer has several rows.

    Parameters
    ----------
    treated, control : sequence of float, one value a customer
        Outcomes of the two groups, at least two each.
    variance : {"auto", "welch", "pooled"}
        "auto" pools when control is under 20 % of all: with sales that are mostly zero, Welch then covers too little.
        Pool only groups that a lottery made alike.
    level : float
        Coverage of the interval, a fraction.
    **fields
        Of `Estimate`, such as `method`.

    Returns
    -------
    Estimate
        `details`: pooled (0 or 1), df, skewness of the difference.

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
    filled = [np.count_nonzero(side) for side in sides]
    if min(sizes) < 2:
        raise ValueError(f"an interval needs two customers in each group; there are {sizes[0]} and {sizes[1]}")
    means = [side.mean() for side in sides]
    spreads = [side.var(ddof=1) for side in sides]
    skewness = find_skewness(np.concatenate(sides))
    return compare_moments(
        sizes, means, spreads, skewness=skewness, filled=filled, variance=variance, level=level, **fields
    )


def compare_moments(
    sizes: Sequence[int],
    means: Sequence[float],
    spreads: Sequence[float],
    *,
    skewness: float,
    filled: Sequence[int],
    per: Sequence[float] = (1.0, 1.0),
    variance: str = "auto",
    level: float = 0.95,
    **fields: Any,
) -> Estimate:
    """Compare two means of which only the moments are known, the treated first; `compare_means` for numbers at hand.

    Parameters
    ----------
    sizes, means, spreads, filled : two numbers each
        Customers, means, variances (with n - 1), customers with a value other than zero; two customers at least.
    skewness : float
        Of the outcomes of both groups together.
    per : two numbers
        Mean denominators, where the means are ratios of sums; the variances are then those of y - ratio × d. Pooling
        comes before dividing: who has more orders has also more that varies.
    variance, level, **fields
        As in `compare_means`.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> round(compare_moments([3, 3], [4.0, 2.0], [1.0, 1.0], skewness=0.0, filled=[3, 3]).se, 3)
    0.816
    """
    n, m = map(int, sizes)
    pooled = variance == "pooled" or (variance == "auto" and m < 0.2 * (n + m))
    spread = np.array(spreads, float)
    df = float(n + m - 2)
    if pooled:
        spread[:] = spread @ [n - 1, m - 1] / df
    parts = spread / np.square(per) / [n, m]
    se = np.sqrt(parts.sum())
    if not pooled:
        df = float(1 / ((parts / parts.sum()) ** 2 / [n - 1, m - 1]).sum()) if se > 0 else df
    skewness = skewness * _tilt(n, m)
    notes = []
    if abs(skewness) > 0.2:
        notes.append(f"heavy tail: the difference has skewness {skewness:.2f}, its interval may cover too little")
    if min(filled) < 20:
        notes.append("fewer than 20 customers with a value other than zero in one group")
    given = {"method": "difference of means", "estimand": "ATE", "base": float(means[1]), "warnings": tuple(notes)}
    details = {"pooled": pooled, "df": df, "skewness": skewness}
    given |= {"n_treated": n, "n_control": m, "details": details} | fields
    return make_estimate(means[0] - means[1], se, df=df, level=level, **given)


def compare_rates(successes: Sequence[int], trials: Sequence[int], *, level: float = 0.95, **fields: Any) -> Estimate:
    """Compare two rates, the treated first: Newcombe's interval, which also holds for rare events and small groups.

    Not for shares of money, and not where a customer has several rows.

    Parameters
    ----------
    successes, trials : two whole numbers each
        Customers who did it, and customers.
    level : float
        Coverage of the interval, a fraction.
    **fields
        Of `Estimate`.

    Returns
    -------
    Estimate
        `p` from the score test (which near the edge of the interval may say otherwise), `se` of the plain difference.

    Examples
    --------
    >>> result = compare_rates([56, 48], [70, 80])
    >>> round(result.effect, 2), round(result.low, 4), round(result.high, 4)
    (0.2, 0.0524, 0.3339)

    Source: Newcombe (1998), Statistics in Medicine 17, 873-890, method 10.
    """
    k = np.asarray(successes, float)
    n = np.asarray(trials, float)
    rates = k / n
    pooled = k.sum() / n.sum()
    low, high = wilson(rates, n, level)
    effect = float(rates[0] - rates[1])
    ends = (
        effect - np.hypot(rates[0] - low[0], high[1] - rates[1]),
        effect + np.hypot(high[0] - rates[0], rates[1] - low[1]),
    )
    null = np.sqrt(pooled * (1 - pooled) * (1 / n).sum())
    p = float(2 * _scipy.norm.sf(abs(effect) / null)) if null > 0 else 1.0
    least = float((n * min(pooled, 1 - pooled)).min())
    notes = [f"few conversions: {least:.1f} expected in the smaller group; trust the interval, not p"] * (least < 5)
    given = {"method": "difference of rates", "estimand": "ATE", "base": float(rates[1]), "warnings": tuple(notes)}
    given |= {"n_treated": int(n[0]), "n_control": int(n[1])} | fields
    return Estimate(
        effect, float(ends[0]), float(ends[1]), float(np.sqrt((rates * (1 - rates) / n).sum())), p, level=level, **given
    )


def skew_of_gap(treated: np.ndarray, control: np.ndarray) -> float:
    """Skewness of the difference of two means, from the pooled outcomes; zero for groups of equal size."""
    return find_skewness(np.concatenate([treated, control])) * _tilt(len(treated), len(control))


def _tilt(n: int, m: int) -> float:
    return (1 / n**2 - 1 / m**2) / (1 / n + 1 / m) ** 1.5


def find_skewness(values: np.ndarray) -> float:
    """Skewness of a sample; zero where all values are equal up to rounding."""
    centred = np.asarray(values, float) - np.mean(values)
    spread = np.sqrt(np.mean(centred**2))
    return float(np.mean((centred / spread) ** 3)) if spread > 1e-12 * np.abs(values).max() else 0.0


def wilson(rate: Any, n: Any, level: float = 0.95) -> tuple[Any, Any]:
    """Wilson's interval for a rate from n independent customers; n may be a fraction; n of 0 gives NaN.

    Not for shares of money, and not for rows of which a customer has several.

    Examples
    --------
    >>> [round(float(end), 3) for end in wilson(3 / 9, 9)]
    [0.121, 0.646]

    Source: Wilson (1927), Journal of the American Statistical Association 22, 209-212.
    """
    z = _scipy.norm.ppf(0.5 + level / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = (rate + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(rate * (1 - rate) / n + z**2 / (4 * n**2))
    # Rounding leaves 1e-18 where the limit is exactly 0 or 1
    return np.where(rate == 0, 0 * middle, np.maximum(middle - half, 0)), np.where(
        rate == 1, 0 * middle + 1, np.minimum(middle + half, 1)
    )


def interval_of_share(count: ArrayLike, total: ArrayLike, *, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Wilson's interval for a share.

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


def interval_of_median(values: ArrayLike, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval for a median: two of the sorted values, chosen by the binomial distribution.

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
    rank = int(stats.binom.ppf((1 - level) / 2, len(x), 0.5)) if len(x) else 0
    if rank < 1:
        return float("nan"), float("nan")
    return float(x[rank - 1]), float(x[len(x) - rank])
