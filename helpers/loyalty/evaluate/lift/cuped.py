"""What is known from before sharpens the answer: adjustment by the pre-period, and what it saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from loyalty.evaluate.lift.intervals import bound_relative
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means, skew_of_gap
from loyalty.tables.check import TableError

ENOUGH = 1_000  # customers that each group needs for a slope of its own
HARM = -0.1  # a saving that chance does not make where the past says nothing
EVEN = (0.4, 0.6)  # control shares at which one slope for both groups does no harm


def adjust_gap(
    treated: np.ndarray,
    control: np.ndarray,
    earlier: tuple[np.ndarray, np.ndarray],
    *,
    slope: float | Sequence[float] | None = None,
    level: float = 0.95,
    **fields: Any,
) -> Estimate:
    """Compare two means after taking off what the customers' own past predicts.

    Not with anything that the campaign could have changed. Not for ratios.

    Parameters
    ----------
    treated, control : array, one value a customer
    earlier : two arrays, treated and control, a row a customer and a column a covariate
        Measured before the start.
    slope : float or sequence of float, optional
        Known from earlier waves, one a covariate: the safest way, because nothing is estimated. Without it: a slope
        for each group (Lin) where both hold 1,000 customers; one slope for both (pooled ANCOVA) where control is 40 to
        60 % of all; else no adjustment, and a warning.
    level : float
    **fields
        Of `Estimate`.

    Returns
    -------
    Estimate
        `details`: saving (share of the effect's variance that the adjustment removed; below zero it did harm),
        plain_effect, plain_se, slope_… (treated and control for Lin), se_hc2.

    Raises
    ------
    TableError
        Covariates that repeat each other, or a slope of another number than the covariates.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> past = rng.normal(10, 3, (400, 1))
    >>> now = past[:, 0] + rng.normal(size=400)
    >>> found = adjust_gap(now[:200] + 1, now[200:], (past[:200], past[200:]))
    >>> found.method, bool(found.details["saving"] > 0.8)
    ('difference of means, one slope for both groups (pooled ANCOVA, HC2)', True)

    Source: Deng et al. (2013), WSDM, 123-132; Lin (2013), Annals of Applied Statistics 7, 295-318; MacKinnon and White
    (1985), Journal of Econometrics 29, 305-325.
    """
    plain = compare_means(treated, control, level=level, **fields)
    y = np.concatenate([treated, control])
    t = np.repeat([1.0, 0.0], [len(treated), len(control)])
    x = np.concatenate(earlier).astype(float)
    x = x - x.mean(axis=0)
    moving = x.std(axis=0) > 1e-12 * np.abs(np.concatenate(earlier)).max(axis=0)
    share = len(control) / len(y)
    notes = []
    if slope is not None:
        slopes = np.atleast_1d(np.asarray(slope, float))
        if len(slopes) != x.shape[1]:
            raise TableError([f"there are {len(slopes)} slopes for {x.shape[1]} columns of before"], "before")
        rest = y - x @ slopes
        found = compare_means(rest[t == 1], rest[t == 0], level=level, **fields)
        pooled = "pooled variance" if found.details["pooled"] else "Welch"
        shown = {"pooled": found.details["pooled"], **_name_slopes("slope", slopes)}
        spread = rest.var(ddof=1) if found.details["pooled"] else rest[t == 0].var(ddof=1)
        error = float(np.sqrt(spread / len(control)))
        return _report(found, plain, rest, t, f"slope fixed beforehand ({pooled})", shown, error)
    x, scale = x[:, moving] / x[:, moving].std(axis=0), x[:, moving].std(axis=0)
    if not moving.all():
        notes.append("a column of before never varies: it cannot sharpen anything")
    if x.shape[1] and min(len(treated), len(control)) >= ENOUGH:
        design = np.column_stack([np.ones(len(y)), t, x, t[:, None] * x])
        way = "a slope for each group (Lin, HC2)"
    elif x.shape[1] and EVEN[0] <= share <= EVEN[1]:
        design = np.column_stack([np.ones(len(y)), t, x])
        way = "one slope for both groups (pooled ANCOVA, HC2)"
    else:
        if x.shape[1]:
            why = f"control is {share:.0%} of all and has {len(control):,} customers"
            notes.append(f"not adjusted: {why}, too few for a slope of its own; give `slope=` from an earlier wave")
        details = dict(plain.details) | {"saving": 0.0, "plain_effect": plain.effect, "plain_se": plain.se}
        return replace(plain, details=details, warnings=plain.warnings + tuple(notes))
    beta, (error, se), rest = _fit(design, y)
    k = x.shape[1]
    shown = {"se_hc2": se, **_name_slopes("slope_control" if len(beta) > 2 + k else "slope", beta[2 : 2 + k] / scale)}
    if len(beta) > 2 + k:
        shown |= _name_slopes("slope_treated", (beta[2 : 2 + k] + beta[2 + k :]) / scale)
        # Other customers would have another mean past, and with two slopes another effect.
        se = float(np.sqrt(se**2 + (x @ beta[2 + k :]).var() / len(y)))
    given = {"estimand": plain.estimand, "method": plain.method} | fields
    found = make_estimate(
        beta[1],
        se,
        df=len(y) - len(beta),
        level=level,
        n_treated=len(treated),
        n_control=len(control),
        base=float(beta[0]),
        **given,
    )
    return _report(found, plain, rest, t, way, shown, error, notes)


def _report(
    found: Estimate,
    plain: Estimate,
    rest: np.ndarray,
    t: np.ndarray,
    way: str,
    shown: dict[str, float],
    error: float,
    notes: Sequence[str] = (),
) -> Estimate:
    skewness = skew_of_gap(rest[t == 1], rest[t == 0])
    few = [text for text in plain.warnings if "heavy tail" not in text]
    tail = f"heavy tail: the difference has skewness {skewness:.2f}, its interval may cover too little"
    saving = 1 - (found.se / plain.se) ** 2 if plain.se > 0 else 0.0
    details = {"saving": saving, "plain_effect": plain.effect, "plain_se": plain.se, "skewness": skewness} | shown
    worse = "the adjustment made the interval wider: rather measure without it"
    warnings = (*([tail] if abs(skewness) > 0.2 else []), *few, *notes, *([worse] if saving < HARM else []))
    found = replace(found, method=f"{plain.method}, {way}", details=details, warnings=warnings)
    return bound_relative(found, found.base + found.effect, error)


def _name_slopes(name: str, slopes: np.ndarray) -> dict[str, float]:
    return {name if len(slopes) == 1 else f"{name}_{i}": float(value) for i, value in enumerate(slopes, 1)}


def _fit(design: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, tuple[float, float], np.ndarray]:
    """Least squares; coefficients, the HC2 errors of the first two, and residuals."""
    q, r = np.linalg.qr(design)
    if np.abs(np.diag(r)).min() < 1e-9 * np.abs(np.diag(r)).max():
        raise TableError(["the columns of before repeat each other: leave one out"], "before")
    beta = np.linalg.solve(r, q.T @ y)
    rest = y - design @ beta
    lean = q @ np.linalg.solve(r.T, np.eye(len(beta))[:, :2])
    room = np.maximum(1 - (q**2).sum(axis=1), 1e-12)
    errors = np.sqrt((lean**2 * (rest**2 / room)[:, None]).sum(axis=0))
    return beta, (float(errors[0]), float(errors[1])), rest
