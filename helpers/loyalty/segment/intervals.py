"""Intervals for what a segment shows: a share of customers and a median."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from loyalty.stats import wilson


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
    k, n = np.asarray(count, float), np.asarray(total, float)
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
