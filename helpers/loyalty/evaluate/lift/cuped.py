"""CUPED: adjustment by what is known from before the start (known slope, pooled ANCOVA, Lin), and what it saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from loyalty.evaluate.lift.compare import bound_relative, name_variance
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import MOST_SKEWNESS, compare_means, skew_of_gap
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

ENOUGH = 1_000  # customers that each group needs for a slope of its own
HARM = -0.1  # a saving below this is no chance: where the past says nothing, the saving is about zero
COPY = 1e-10  # a correlation nearer to 1 is no luck
EVEN = (0.4, 0.6)  # control shares at which one slope for both groups does no harm


@check_arguments
def adjust_gap(
    treated: np.ndarray,
    control: np.ndarray,
    earlier: tuple[np.ndarray, np.ndarray],
    *,
    slope: float | Sequence[float] | None = None,
    level: float = 0.95,
    method: str = "difference of means",
    estimand: str = "ATE",
) -> Estimate:
    """Compare two means by CUPED: after taking off what the customers' own past predicts.

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
        Coverage of the interval, a fraction.
    method, estimand : str
        Names that the result carries; the way of the adjustment is added to `method`.

    Returns
    -------
    Estimate
        `details`: saving (share of the effect's variance that the adjustment removed; below zero it did harm),
        plain_effect, plain_se, slope_… (treated and control for Lin), se_hc2.

    Raises
    ------
    TableError
        Covariates that repeat each other or the outcome, or a slope of another number than the covariates.

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
    if [len(side) for side in earlier] != [len(treated), len(control)]:
        sizes = f"{len(treated)} and {len(control)} customers, {len(earlier[0])} and {len(earlier[1])} rows of before"
        raise ValueError(f"each customer needs a row of before: there are {sizes}")
    plain = compare_means(treated, control, level=level, method=method, estimand=estimand)
    y = np.concatenate([treated, control])
    t = np.repeat([1.0, 0.0], [len(treated), len(control)])
    x = np.concatenate(earlier).astype(float)
    if plain.se == 0:  # there is nothing to sharpen
        return _leave_plain(plain, [])
    _refuse_copies(y, t, x)
    x = x - x.mean(axis=0)
    if slope is not None:
        return _adjust_by_known_slopes(plain, y, t, x, np.atleast_1d(np.asarray(slope, float)))
    moving = x.std(axis=0) > 1e-12 * np.abs(np.concatenate(earlier)).max(axis=0)
    notes = []
    if not moving.all():
        notes.append("a column of before never varies: it cannot sharpen anything")
    if not moving.any():
        return _leave_plain(plain, notes)
    x = x[:, moving]
    share = len(control) / len(y)
    if min(len(treated), len(control)) >= ENOUGH:
        return _adjust_by_two_slopes(plain, y, t, x, notes)
    if EVEN[0] <= share <= EVEN[1]:
        return _adjust_by_one_slope(plain, y, t, x, notes)
    small, part = ("control", share) if len(control) <= len(treated) else ("treated", 1 - share)
    size = f"{part:.0%} of all, {min(len(treated), len(control)):,} customers"
    notes.append(f"not adjusted, because {small} ({size}) is too small for that; give `slope=` from an earlier wave")
    return _leave_plain(plain, notes)


def _refuse_copies(y: np.ndarray, t: np.ndarray, x: np.ndarray) -> None:
    """Refuse columns of before of which one follows the outcome without any error within the groups.

    Nothing measured before a campaign does that: it is the outcome itself, under another name or of another window.
    """
    inside = y - np.where(t == 1, y[t == 1].mean(), y[t == 0].mean())
    problems = []
    for place, column in enumerate(x.T, 1):
        own = column - np.where(t == 1, column[t == 1].mean(), column[t == 0].mean())
        size = np.sqrt((own**2).sum() * (inside**2).sum())
        if size > 0 and abs(own @ inside) > (1 - COPY) * size:
            which = "the column" if x.shape[1] == 1 else f"column {place}"
            problems.append(
                f"{which} of before follows the outcome without any error (correlation 1 within the groups), as only "
                "the outcome itself does: give what was measured before the start"
            )
    if problems:
        raise TableError(problems, "before")


def _adjust_by_known_slopes(
    plain: Estimate, y: np.ndarray, t: np.ndarray, x: np.ndarray, slopes: np.ndarray
) -> Estimate:
    """Compare what is left of y when slopes that are known from earlier waves are taken off."""
    if len(slopes) != x.shape[1]:
        raise TableError([f"there are {len(slopes)} slopes for {x.shape[1]} columns of before"], "before")
    rest = y - x @ slopes
    treated = rest[t == 1]
    control = rest[t == 0]
    found = compare_means(treated, control, level=plain.level, method=plain.method, estimand=plain.estimand)
    shown = {"pooled": found.details["pooled"], "careful": found.details["careful"], **_name_slopes("slope", slopes)}
    method = f"slope fixed beforehand ({name_variance(found)})"
    return _report(found, plain, rest, t, method, shown, found.details["se_control"])


def _adjust_by_two_slopes(
    plain: Estimate, y: np.ndarray, t: np.ndarray, x: np.ndarray, notes: Sequence[str]
) -> Estimate:
    """Lin's adjustment: least squares with a slope for each group; columns of x are centred."""
    scale = x.std(axis=0)
    x = x / scale
    k = x.shape[1]
    beta, (error, se), rest = _fit(np.column_stack([np.ones(len(y)), t, x, t[:, None] * x]), y)
    slopes = beta[2 : 2 + k]
    more = beta[2 + k :]  # by which the slopes of the treated are steeper
    shown = {
        "se_hc2": se,
        **_name_slopes("slope_control", slopes / scale),
        **_name_slopes("slope_treated", (slopes + more) / scale),
    }
    # Other customers would have another mean past, and with two slopes another effect
    se = float(np.sqrt(se**2 + (x @ more).var() / len(y)))
    found = _estimate_from_fit(plain, beta, se, len(y))
    return _report(found, plain, rest, t, "a slope for each group (Lin, HC2)", shown, error, notes)


def _adjust_by_one_slope(
    plain: Estimate, y: np.ndarray, t: np.ndarray, x: np.ndarray, notes: Sequence[str]
) -> Estimate:
    """Pooled ANCOVA: least squares with one slope for both groups; columns of x are centred."""
    scale = x.std(axis=0)
    x = x / scale
    beta, (error, se), rest = _fit(np.column_stack([np.ones(len(y)), t, x]), y)
    shown = {"se_hc2": se, **_name_slopes("slope", beta[2:] / scale)}
    found = _estimate_from_fit(plain, beta, se, len(y))
    return _report(found, plain, rest, t, "one slope for both groups (pooled ANCOVA, HC2)", shown, error, notes)


def _estimate_from_fit(plain: Estimate, beta: np.ndarray, se: float, n: int) -> Estimate:
    return make_estimate(
        beta[1],
        se,
        df=n - len(beta),
        level=plain.level,
        n_treated=plain.n_treated,
        n_control=plain.n_control,
        base=float(beta[0]),
        method=plain.method,
        estimand=plain.estimand,
    )


def _leave_plain(plain: Estimate, notes: Sequence[str]) -> Estimate:
    """The plain difference, with the details of an adjustment that saved nothing."""
    details = dict(plain.details) | {"saving": 0.0, "plain_effect": plain.effect, "plain_se": plain.se}
    return replace(plain, details=details, warnings=(*plain.warnings, *notes))


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
    """Add to an adjusted estimate what the adjustment saved, its warnings and the relative interval.

    `rest` is what is left of each outcome, `error` the error of the adjusted control mean, `shown` further details.
    """
    saving = 1 - (found.se / plain.se) ** 2 if plain.se > 0 else 0.0
    skewness = skew_of_gap(rest[t == 1], rest[t == 0])
    warnings = []
    if abs(skewness) > MOST_SKEWNESS:
        warnings.append(f"heavy tail: the difference has skewness {skewness:.2f}, its interval may cover too little")
    warnings += [text for text in plain.warnings if "heavy tail" not in text]
    warnings += notes
    if saving < HARM:
        warnings.append("the adjustment made the interval wider: rather measure without it")
    details = {"saving": saving, "plain_effect": plain.effect, "plain_se": plain.se, "skewness": skewness} | shown
    found = replace(found, method=f"{plain.method}, {way}", details=details, warnings=tuple(warnings))
    return bound_relative(found, found.base + found.effect, error)


def _name_slopes(name: str, slopes: np.ndarray) -> dict[str, float]:
    """Slopes by name, numbered where there are several."""
    if len(slopes) == 1:
        return {name: float(slopes[0])}
    return {f"{name}_{i}": float(value) for i, value in enumerate(slopes, 1)}


def _fit(design: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, tuple[float, float], np.ndarray]:
    """Least squares: coefficients, the HC2 errors of the first two, and residuals."""
    q, r = np.linalg.qr(design)
    if np.abs(np.diag(r)).min() < 1e-9 * np.abs(np.diag(r)).max():
        raise TableError(["the columns of before repeat each other: leave one out"], "before")
    beta = np.linalg.solve(r, q.T @ y)
    rest = y - design @ beta
    lean = q @ np.linalg.solve(r.T, np.eye(len(beta))[:, :2])
    room = np.maximum(1 - (q**2).sum(axis=1), 1e-12)
    errors = np.sqrt((lean**2 * (rest**2 / room)[:, None]).sum(axis=0))
    return beta, (float(errors[0]), float(errors[1])), rest
