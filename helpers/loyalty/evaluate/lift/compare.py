"""Intervals of a lift: Newcombe for rates, Welch or careful for means, the delta method for ratios, Fieller."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_moments, compare_rates, find_skewness, wilson
from loyalty.stats.weights import count_effective


def compare_sums(
    treated: Sums,
    control: Sums,
    *,
    kind: str = "mean",
    interval: str = "auto",
    level: float = 0.95,
    estimand: str = "ATE",
) -> Estimate:
    """Compare two groups by their sums, with the interval that fits the outcome.

    The numbers are the same as from the customers one by one. Not for weighted or adjusted groups.

    Parameters
    ----------
    treated, control : Sums
    kind : {"rate", "mean", "ratio"}
        "rate": Newcombe's interval. "mean": careful where control is under 20 % of all, else Welch. "ratio" (of sums):
        delta method, with the variance of y - ratio × d, each group with its own ratio, and the same rule.
    interval : {"auto", "welch", "pooled", "careful"}
        Which variance; "auto" is the rule above. With another one a rate is compared like a mean.
    level : float
        Coverage of the interval, a fraction.
    estimand : str
        Whose effect it is; a name that the result carries.

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
        found = compare_rates(counts, sizes, level=level, method="difference of rates (Newcombe)", estimand=estimand)
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
        estimand=estimand,
    )
    variance = name_variance(found, found_by_rule=interval == "auto")
    method = f"difference of means ({variance})"
    if kind == "ratio":
        method = f"difference of ratios (delta method, {variance})"
    return bound_relative(replace(found, method=method), float(treated.value), found.details["se_control"])


def name_variance(found: Estimate, *, found_by_rule: bool = False) -> str:
    """Name the variance that an interval of `compare_moments` used, and why the rule took it."""
    share = found.n_control / (found.n_control + found.n_treated)
    if found.details["careful"]:
        why = f": control is {share:.1%} of all" if found_by_rule else ""
        return f"the larger variance for control{why}"
    return "pooled variance" if found.details["pooled"] else "Welch"


def compare_weighted(
    treated: np.ndarray,
    control: np.ndarray,
    weights: tuple[np.ndarray, np.ndarray],
    *,
    level: float = 0.95,
    estimand: str = "ATE",
) -> Estimate:
    """Compare two means by inverse propensity weights (Hajek), where customers had different chances of their group.

    What few heavy customers tell is little: degrees of freedom, skewness and the count of buyers go by Kish's effective
    sizes.

    Not for propensities that were guessed (`loyalty.evaluate.observational`).

    Parameters
    ----------
    treated, control : array, one value a customer
    weights : two arrays
        1 / propensity of the group that each customer is in; scaled to sum to one in each group.
    level : float
        Coverage of the interval, a fraction.
    estimand : str
        Whose effect it is; a name that the result carries.

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
    sizes = []
    filled = []
    for y, weight in zip((treated, control), weights, strict=True):
        n = len(y)
        share = weight / weight.sum()
        sizes.append(count_effective(weight))
        filled.append(count_effective(weight[y != 0]))
        means.append(float(share @ y))
        spreads.append(float(share**2 @ (y - means[-1]) ** 2) * n / (n - 1) * sizes[-1])
    found = compare_moments(
        sizes,
        means,
        spreads,
        skewness=find_skewness(np.concatenate([treated, control])),
        filled=filled,
        variance="welch",  # the pooled one holds the differences between the strata, which the weights take out
        level=level,
        estimand=estimand,
    )
    found = bound_relative(found, means[0], found.details["se_control"])
    shown = dict(found.details) | {"effective_treated": sizes[0], "effective_control": sizes[1]}
    return replace(
        found,
        n_treated=len(treated),
        n_control=len(control),
        details=shown,
        method=f"difference of means (weighted by 1 / propensity, {name_variance(found)})",
    )


def bound_relative(found: Estimate, mean: float, error: float) -> Estimate:
    """Add Fieller's interval of the relative effect, given the treated mean and the error of the control mean."""
    reach = (found.high - found.low) / 2 / found.se if found.se > 0 else np.nan
    halves = reach * np.array([np.sqrt(max(found.se**2 - error**2, 0.0)), error])
    means = np.array([mean, mean - found.effect])
    return add_relative(found, means, (means - halves, means + halves))


def add_relative(found: Estimate, means: np.ndarray, limits: tuple[np.ndarray, np.ndarray]) -> Estimate:
    """Add the interval of the relative effect, from two means (treated first) and the limits of each (Donner, Zou).

    The ends are those of the ratio of the means, less 1; NaN where the control mean is not clearly above zero.
    """
    x, y = means
    low, high = limits
    down = low * (2 * means - low)
    up = high * (2 * means - high)
    relative_low = relative_high = np.nan
    if y > 0 and low[1] > 0:
        lower_root = np.sqrt(max((x * y) ** 2 - down[0] * up[1], 0.0))
        upper_root = np.sqrt(max((x * y) ** 2 - up[0] * down[1], 0.0))
        # Two forms of one number; the first keeps its digits where the second would cancel
        if x * y + lower_root > 0:
            relative_low = down[0] / (x * y + lower_root) - 1
        else:
            relative_low = (x * y - lower_root) / up[1] - 1
        relative_high = (x * y + upper_root) / down[1] - 1
    shown = dict(found.details) | {"relative_low": float(relative_low), "relative_high": float(relative_high)}
    return replace(found, details=shown)
