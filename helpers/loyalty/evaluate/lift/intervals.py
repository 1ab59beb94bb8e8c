"""A treated group against its control, from sums: rates, means and ratios, with the interval that fits each."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_moments, compare_rates, find_skewness, wilson


def compare_sums(
    treated: Sums, control: Sums, *, kind: str = "mean", interval: str = "auto", level: float = 0.95, **fields: Any
) -> Estimate:
    """Compare two groups by their sums; the same numbers as from the customers one by one.

    Not for weighted or adjusted groups.

    Parameters
    ----------
    treated, control : Sums
    kind : {"rate", "mean", "ratio"}
        Newcombe's interval; pooled variance where control is under 20 %, else Welch; delta method by the same rule,
        where the variance of y - ratio × d is pooled, each group with its own ratio.
    interval : {"auto", "welch", "pooled"}
        Rates take only "auto".
    level : float
    **fields
        Of `Estimate`.

    Returns
    -------
    Estimate
        `details` hold relative_low and relative_high: NaN where control is not clearly above zero.

    Examples
    --------
    >>> a, b = Sums(80, {(1, 0): 40.0}, filled=40), Sums(90, {(1, 0): 27.0}, filled=27)
    >>> found = compare_sums(a, b, kind="rate")
    >>> round(found.effect, 2), found.method
    (0.2, 'difference of rates (Newcombe)')

    Source: the delta method for ratios after Deng et al. (2018), KDD 24, 233-242; the relative interval after Donner
    and Zou (2012), Statistical Methods in Medical Research 21, 347-359, which for means is Fieller's.
    """
    sides = (treated, control)
    if kind == "rate" and interval == "auto":
        counts = [side.filled for side in sides]
        sizes = [side.n for side in sides]
        found = compare_rates(counts, sizes, level=level, **fields | {"method": "difference of rates (Newcombe)"})
        rates = np.divide(counts, sizes)
        return add_relative(found, rates, wilson(rates, np.array(sizes), level))
    both = treated + control
    found = compare_moments(
        [s.n for s in sides],
        [float(s.value) for s in sides],
        [float(s.spread) for s in sides],
        skewness=both.skewness,
        filled=[s.filled for s in sides],
        per=[float(s.size) for s in sides],
        variance=interval,
        level=level,
        **fields,
    )
    pooled = bool(found.details["pooled"])
    name = "difference of ratios (delta method" if kind == "ratio" else "difference of means ("
    name += ", " * (kind == "ratio") + ("pooled variance" if pooled else "Welch")
    if pooled and interval == "auto":
        name += f": control is {control.n / (control.n + treated.n):.1%} of all"
    # What both groups share gives each its part of the error; without pooling each has its own.
    error = found.se / np.hypot(1, control.n**0.5 * control.size / (treated.n**0.5 * treated.size))
    return bound_relative(
        replace(found, method=name + ")"), float(treated.value), float(error if pooled else control.error)
    )


def compare_weighted(
    treated: np.ndarray,
    control: np.ndarray,
    weights: tuple[np.ndarray, np.ndarray],
    *,
    level: float = 0.95,
    **fields: Any,
) -> Estimate:
    """Compare two means of customers who had different chances of their group: each weighs 1 / propensity.

    Not for propensities that were guessed (`loyalty.evaluate.observational`).

    Parameters
    ----------
    treated, control : array, one value a customer
    weights : two arrays
        1 / propensity; they are made to sum to one in each group (Hajek).
    level : float
    **fields
        Of `Estimate`.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> y, w = np.array([1.0, 1.0, 5.0]), np.array([1.0, 1.0, 2.0])
    >>> compare_weighted(y, np.zeros(3), (w, w)).effect
    3.0

    Source: Hajek (1971), in Foundations of Statistical Inference, 236; Lunceford and Davidian (2004), Statistics in
    Medicine 23, 2937-2960.
    """
    means = []
    spreads = []
    for y, weight in zip((treated, control), weights, strict=True):
        n = len(y)
        share = weight / weight.sum()
        means.append(float(share @ y))
        spreads.append(float(share**2 @ (y - means[-1]) ** 2) * n * n / (n - 1))
    sizes = (len(treated), len(control))
    filled = (np.count_nonzero(treated), np.count_nonzero(control))
    fields |= {"skewness": find_skewness(np.concatenate([treated, control])), "filled": filled}
    found = compare_moments(sizes, means, spreads, variance="welch", level=level, **fields)
    found = bound_relative(found, means[0], np.sqrt(spreads[1] / sizes[1]))
    return replace(found, method="difference of means (weighted by 1 / propensity, Welch)")


def bound_relative(found: Estimate, mean: float, error: float) -> Estimate:
    """Add Fieller's interval of the relative effect, given the treated mean and the error of the control mean."""
    reach = (found.high - found.low) / 2 / found.se if found.se > 0 else 0.0
    halves = reach * np.array([np.sqrt(max(found.se**2 - error**2, 0.0)), error])
    means = np.array([mean, mean - found.effect])
    return add_relative(found, means, (means - halves, means + halves))


def add_relative(found: Estimate, means: np.ndarray, limits: tuple[np.ndarray, np.ndarray]) -> Estimate:
    """Add the interval of the relative effect, from two means (treated first) and the limits of each."""
    x, y = means
    low, high = limits
    down = low * (2 * means - low)
    up = high * (2 * means - high)
    ends = [np.nan, np.nan]
    if y > 0 and low[1] > 0:
        root = np.sqrt(max((x * y) ** 2 - down[0] * up[1], 0.0))
        ends[0] = (down[0] / (x * y + root) if x * y + root > 0 else (x * y - root) / up[1]) - 1
        ends[1] = (x * y + np.sqrt(max((x * y) ** 2 - up[0] * down[1], 0.0))) / down[1] - 1
    shown = dict(found.details) | {"relative_low": float(ends[0]), "relative_high": float(ends[1])}
    return replace(found, details=shown)
