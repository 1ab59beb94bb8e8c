"""One result with an interval, and how it shows itself: what every estimator of this package returns."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy


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
        """The effect as a fraction of the mean it is compared with; NaN where that is not above zero, or unknown."""
        return self.effect / self.base if self.base > 0 else float("nan")

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
    effect = float(effect)
    se = float(se)
    half = float(_scipy.t.ppf(0.5 + level / 2, df)) * se
    p = float(2 * _scipy.t.sf(abs(effect) / se, df)) if se > 0 else float(effect == 0)
    fields["details"] = {name: float(value) for name, value in fields.get("details", {}).items()}
    return Estimate(effect, effect - half, effect + half, se, p, level=level, **fields)


def render_html(frame: pd.DataFrame, title: str, warnings: Sequence[str] = ()) -> str:
    """Render a small table with its title above and its warnings below, as a notebook shows it."""
    notes = "".join(f"<li>⚠ {html.escape(text)}</li>" for text in warnings)
    body = frame.to_html(index=False, border=0, float_format=lambda x: f"{x:,.4g}" if abs(x) < 100 else f"{x:,.0f}")
    return f"<p><b>{html.escape(title)}</b></p>{body}" + (f"<ul>{notes}</ul>" if notes else "")


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
