"""Influence values: how much each customer moves an estimate, from which its standard error comes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from loyalty.evaluate.observational.propensity import Propensity
from loyalty.stats.estimate import Estimate, error_of_mean, make_estimate
from loyalty.stats.intervals import MOST_SKEWNESS, find_skewness
from loyalty.tables.sample import Sample


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
    inverse = np.linalg.pinv((x * w[:, None]).T @ x / len(x), hermitian=True)
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
    skewness = find_skewness(units) / np.sqrt(len(units)) if units.std() > 1e-12 * abs(effect) else 0.0
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
