"""Influence values: each customer's pull on an estimate, from which its standard error comes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from loyalty.evaluate.observational.propensity import Propensity
from loyalty.stats.estimate import Estimate, error_of_mean, make_estimate
from loyalty.stats.intervals import find_skewness
from loyalty.tables.sample import Sample


def fit_outcome(
    sample: Sample,
    rows: np.ndarray,
    weights: np.ndarray | None = None,
    change: np.ndarray | None = None,
    propensity: Propensity | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Least squares on some rows: the prediction for every customer, and each customer's pull on the coefficients.

    `weights` that come from a propensity bring its uncertainty along through `change`, their slope in the score.
    """
    x, y = sample.design, sample.outcome
    w = rows.astype(float) if weights is None else np.where(rows, weights, 0.0)
    inverse = np.linalg.pinv((x * w[:, None]).T @ x / len(x), hermitian=True)
    line = x @ (inverse @ (x * (w * y)[:, None]).mean(axis=0))
    pull = x * (w * (y - line))[:, None]
    if propensity is not None:
        moved = np.where(rows, change, 0.0) * propensity.slope * (y - line)
        pull = pull + propensity.influence @ ((propensity.design * moved[:, None]).T @ x / len(x))
    return line, pull @ inverse


def finish(
    sample: Sample, effect: float, pull: np.ndarray, *, level: float, notes: Sequence[str] = (), **fields: object
) -> Estimate:
    """Turn influence values into an `Estimate`; say when few customers carry its interval."""
    se, df = error_of_mean(pull, sample.cluster)
    warnings = [*sample.warnings, *notes]
    units = pull if sample.cluster is None else np.bincount(sample.cluster, pull - pull.mean())
    if sample.cluster is not None and len(units) < 30:
        warnings.append(f"only {len(units)} clusters: the interval may be too narrow (30 and more are comfortable)")
    skewness = find_skewness(units) / np.sqrt(len(units)) if units.std() > 1e-12 * abs(effect) else 0.0
    if abs(skewness) > 0.2:
        warnings.append(
            f"heavy tail: few customers carry the estimate (skewness {skewness:.2f}), it may cover too little"
        )
    return make_estimate(
        effect, se, df=df, level=level, **sample.groups, warnings=tuple(dict.fromkeys(warnings)), **fields
    )
