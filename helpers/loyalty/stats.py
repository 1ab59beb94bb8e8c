"""Small statistics that every room shares: one result with an interval, and the arithmetic behind it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

# --- Results -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Estimate:
    """One effect with its interval, the group it speaks for, and what is wrong with it; made by `make_estimate`.

    `base` is the mean that the treated are compared with; `details` are named numbers of the method.
    """

    effect: float
    low: float
    high: float
    se: float
    p: float
    n_treated: int
    n_control: int
    method: str
    estimand: str
    base: float = float("nan")
    level: float = 0.95
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    warnings: tuple[str, ...] = ()

    @property
    def relative(self) -> float:
        """The effect as a fraction of the mean it is compared with; NaN where that is zero or unknown."""
        return self.effect / self.base if self.base else float("nan")

    def to_frame(self) -> pd.DataFrame:
        """One row with every named number."""
        names = "method estimand effect low high se p relative n_treated n_control".split()
        row = {name: getattr(self, name) for name in names} | dict(self.details)
        return pd.DataFrame([row | {"warnings": "; ".join(self.warnings)}])

    def __str__(self) -> str:
        return f"{self.method}: {self.effect:,.2f} ({self.low:,.2f} to {self.high:,.2f}), {self.estimand}"

    def _repr_html_(self) -> str:
        shown = self.to_frame()[["effect", "low", "high", "relative", "p", "n_treated", "n_control"]]
        return render_html(shown, f"{self.method}: {self.estimand}", self.warnings)


def make_estimate(effect: float, se: float, *, df: float = np.inf, level: float = 0.95, **fields: Any) -> Estimate:
    """Turn an effect and its standard error into an `Estimate` with a two-sided t interval; infinite `df` is normal.

    Not for rates near zero or for ratios: those need intervals of their own. `fields` are the others of `Estimate`.

    Examples
    --------
    >>> result = make_estimate(2.0, 1.0, n_treated=50, n_control=50, method="gap", estimand="ATE", base=10.0)
    >>> round(result.low, 2), round(result.high, 2), result.relative
    (0.04, 3.96, 0.2)
    """
    effect, se = float(effect), float(se)
    half = float(_scipy.t.ppf(0.5 + level / 2, df)) * se
    p = float(2 * _scipy.t.sf(abs(effect) / se, df)) if se > 0 else float(effect == 0)
    fields["details"] = {name: float(value) for name, value in fields.get("details", {}).items()}
    return Estimate(effect, effect - half, effect + half, se, p, level=level, **fields)


def render_html(frame: pd.DataFrame, title: str, warnings: Sequence[str] = ()) -> str:
    """Render a small table with its title above and its warnings below, as a notebook shows it."""
    notes = "".join(f"<li>⚠ {html.escape(text)}</li>" for text in warnings)
    body = frame.to_html(index=False, border=0, float_format=lambda x: f"{x:,.4g}" if abs(x) < 100 else f"{x:,.0f}")
    return f"<p><b>{html.escape(title)}</b></p>{body}" + (f"<ul>{notes}</ul>" if notes else "")


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
    a, b = np.asarray(treated, float), np.asarray(control, float)
    n, m = len(a), len(b)
    if min(n, m) < 2:
        raise ValueError(f"an interval needs two customers in each group; there are {n} and {m}")
    pooled = variance == "pooled" or (variance == "auto" and m < 0.2 * (n + m))
    parts = np.array([a.var(ddof=1) / n, b.var(ddof=1) / m])
    df = float(n + m - 2)
    if pooled:
        se = np.sqrt((parts[0] * n * (n - 1) + parts[1] * m * (m - 1)) / df * (1 / n + 1 / m))
    else:
        se = np.sqrt(parts.sum())
        df = float(1 / ((parts / parts.sum()) ** 2 / [n - 1, m - 1]).sum()) if se > 0 else df
    skewness, notes = skew_of_gap(a, b), []
    if abs(skewness) > 0.2:
        notes.append(f"heavy tail: the difference has skewness {skewness:.2f}, its interval may cover too little")
    if min(np.count_nonzero(a), np.count_nonzero(b)) < 20:
        notes.append("fewer than 20 customers with a value other than zero in one group")
    given = {"method": "difference of means", "estimand": "ATE", "base": float(b.mean()), "warnings": tuple(notes)}
    details = {"pooled": pooled, "df": df, "skewness": skewness}
    given |= {"n_treated": n, "n_control": m, "details": details} | fields
    return make_estimate(a.mean() - b.mean(), se, df=df, level=level, **given)


def skew_of_gap(treated: np.ndarray, control: np.ndarray) -> float:
    """Skewness of the difference of two means, from the pooled outcomes; zero for groups of equal size."""
    a, b = len(treated), len(control)
    both = np.concatenate([treated, control])
    return find_skewness(both) * (1 / a**2 - 1 / b**2) / (1 / a + 1 / b) ** 1.5


def find_skewness(values: np.ndarray) -> float:
    """Skewness of a sample; zero where all values are equal up to rounding."""
    centred = np.asarray(values, float) - np.mean(values)
    spread = np.sqrt(np.mean(centred**2))
    return float(np.mean((centred / spread) ** 3)) if spread > 1e-12 * np.abs(values).max() else 0.0


def error_of_mean(influence: np.ndarray, cluster: np.ndarray | None = None) -> tuple[float, float]:
    """Standard error and degrees of freedom of a mean of influence values, which are summed within clusters.

    Without clusters the degrees of freedom are infinite; with G clusters they are G - 1, and the variance is enlarged
    by G / (G - 1).
    """
    values = np.asarray(influence, float)
    if cluster is None:
        return float(values.std() / np.sqrt(len(values))), float("inf")
    sums = np.bincount(pd.factorize(np.asarray(cluster))[0], weights=values - values.mean())
    groups = len(sums)
    if groups < 2:
        return float("nan"), float("nan")
    return float(np.sqrt((sums**2).sum() * groups / (groups - 1)) / len(values)), float(groups - 1)


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
