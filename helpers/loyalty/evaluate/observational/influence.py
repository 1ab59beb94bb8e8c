"""Influence values: how much each customer moves an estimate, from which its standard error comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from loyalty.evaluate.observational.propensity import NARROW, Propensity
from loyalty.stats.estimate import Estimate, error_of_mean, make_estimate
from loyalty.stats.intervals import MOST_SKEWNESS, skew_of_mean
from loyalty.tables.sample import Sample

# An effective sample size that carries no estimate, where weights or matches leave so little of a larger group
LEAST_SIZE = 20.0


def withhold(found: Estimate, sample: Sample, sizes: Mapping[str, float] = MappingProxyType({})) -> Estimate:
    """Take back an estimate that rests on hardly anybody, or lies outside of what was seen; others stay as they are.

    Two rules, fixed before any data were looked at. Size: weights or matches leave a group an effective sample size
    under 20, and less than half of its customers. Range: the mean outcome that the estimate gives to treated or to
    untreated customers lies outside of all outcomes that were seen in that group.

    Parameters
    ----------
    found : Estimate
        With `base`, the mean without treatment.
    sample : Sample
    sizes : mapping of str to float
        Effective sample sizes of "treated" and "control", as far as weights or matches made them.

    Returns
    -------
    Estimate
        Taken back: effect, interval, error and p-value are NaN, `details` keep the number as `withheld`, and the first
        warning says why.

    Source: Kish (1965), Survey Sampling, section 11.7 (effective size); King and Zeng (2006), Political Analysis 14,
    131-159 (estimates outside of what was seen).
    """
    reasons = [*_find_few(sample, sizes), *_find_outside(found, sample)]
    if not reasons:
        return found
    nothing: dict[str, Any] = dict.fromkeys(("effect", "low", "high", "se", "p"), float("nan"))
    details = dict(found.details) | {"withheld": found.effect}
    warning = f"no estimate: {'; '.join(reasons)} (the number taken back is {found.effect:,.2f})"
    return replace(found, **nothing, details=details, warnings=(warning, *found.warnings))


def _find_few(sample: Sample, sizes: Mapping[str, float]) -> Iterator[str]:
    groups = {"treated": sample.groups["n_treated"], "control": sample.groups["n_control"]}
    for name, size in sizes.items():
        if size < min(LEAST_SIZE, groups[name] / 2):
            yield f"the {groups[name]:,} {name} customers count like {size:,.0f} (effective sample size under 20)"


def _find_outside(found: Estimate, sample: Sample) -> Iterator[str]:
    t = sample.treated
    sides = (("with treatment", found.base + found.effect, t), ("without treatment", found.base, ~t))
    for name, mean, rows in sides:
        seen = sample.outcome[rows]
        room = 1e-9 * max(float(np.abs(sample.outcome).max()), 1.0)
        if mean < seen.min() - room or mean > seen.max() + room:
            span = f"{seen.min():,.2f} to {seen.max():,.2f}"
            yield f"the mean {name} would be {mean:,.2f}, and the outcomes seen there run from {span}"


def fit_outcome(
    sample: Sample,
    rows: np.ndarray,
    weights: np.ndarray | None = None,
    change: np.ndarray | None = None,
    propensity: Propensity | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares on some rows: the prediction for every customer, and each customer's pull on the coefficients.

    Parameters
    ----------
    sample : Sample
    rows : array of bool
        The customers to fit.
    weights : array, optional
        Of the fit.
    change, propensity : array, Propensity, optional
        Where the weights come from a fitted propensity: their slope in its score, and the fit, whose uncertainty then
        counts too.

    Returns
    -------
    (line, pull) : arrays
        Predictions, and the influence values of the coefficients, a row a customer.
    """
    x = sample.design
    y = sample.outcome
    w = rows.astype(float) if weights is None else np.where(rows, weights, 0.0)
    inverse = np.linalg.pinv((x * w[:, None]).T @ x / len(x), rcond=NARROW, hermitian=True)
    line = x @ (inverse @ (x * (w * y)[:, None]).mean(axis=0))
    pull = x * (w * (y - line))[:, None]
    if propensity is not None:
        slope = np.zeros(len(x)) if change is None else change
        moved = np.where(rows, slope, 0.0) * propensity.slope * (y - line)
        pull = pull + propensity.influence @ ((propensity.design * moved[:, None]).T @ x / len(x))
    return line, pull @ inverse


def finish(
    sample: Sample,
    effect: float,
    pull: np.ndarray,
    *,
    level: float,
    method: str,
    estimand: str,
    base: float = float("nan"),
    details: Mapping[str, float] = MappingProxyType({}),
    notes: Sequence[str] = (),
) -> Estimate:
    """Turn influence values into an `Estimate` with a cluster-robust error; warn when few customers carry it.

    Parameters
    ----------
    sample : Sample
    effect : float
        The estimate.
    pull : array, one value a row of the sample
        Influence values: their mean's error is that of the estimate.
    level, method, estimand, base, details
        As in `Estimate`.
    notes : sequence of str
        Warnings of the method, beside those of the sample.
    """
    se, df = error_of_mean(pull, sample.cluster)
    warnings = [*sample.warnings, *notes]
    units = pull if sample.cluster is None else np.bincount(sample.cluster, pull - pull.mean())
    if sample.cluster is not None and len(units) < 30:
        warnings.append(f"only {len(units)} clusters: the interval may be too narrow (30 and more are comfortable)")
    skewness = skew_of_mean(units, scale=effect)
    if abs(skewness) > MOST_SKEWNESS:
        warnings.append(
            f"heavy tail: few customers carry the estimate (skewness {skewness:.2f}), it may cover too little"
        )
    return make_estimate(
        effect,
        se,
        df=df,
        level=level,
        **sample.groups,
        method=method,
        estimand=estimand,
        base=base,
        details=details,
        warnings=tuple(dict.fromkeys(warnings)),
    )
