"""An estimate with its confidence interval, and how it is shown: what every estimator of this package returns."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.stats.result_card import name_estimand, render_result, render_table
from loyalty.text import say_p

# An error of zero is no certainty
NO_SPREAD = "no interval: within the groups all customers are alike, so what chance does cannot be measured"


@dataclass(frozen=True)
class Estimate:
    """An effect with its confidence interval, its estimand and its warnings; made by `make_estimate`.

    Attributes
    ----------
    effect, low, high : float
        The effect and the ends of its interval, in units of the outcome.
    se, p : float
        Standard error, and p-value of the hypothesis that there is no effect.
    n_treated, n_control : int
        Customers in each group.
    method : str
        How it was estimated, in words.
    estimand : str
        The customers whose effect this is, such as "ATE" (average treatment effect).
    base : float
        The mean that the treated are compared with.
    level : float
        Coverage of the interval, a fraction.
    details : mapping of str to number or str
        Further numbers of the method, by name; a list of its parts is one text.
    warnings : tuple of str
        Reasons not to trust the result.
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
        whom = name_estimand(self.estimand)
        return f"{self.method}: {self.effect:,.2f} ({self.low:,.2f} to {self.high:,.2f}), {whom}"

    def reads(self) -> str:
        """Read the interval in one sentence: whether it can be told from zero."""
        if self.low > 0 or self.high < 0:
            return f"Zero lies outside the interval: the effect is {'above' if self.low > 0 else 'below'} zero."
        if self.low <= 0 <= self.high:
            return "Zero is inside the interval: there may be no effect at all."
        return "Without an interval nothing can be said."

    def _size_line(self) -> str:
        return f"{self.n_treated:,} treated, {self.n_control:,} not; {say_p(self.p)}; {self.method}"

    def _repr_html_(self) -> str:
        shown = self.to_frame()[["effect", "low", "high", "relative", "p", "n_treated", "n_control"]]
        whom = name_estimand(self.estimand)
        return render_result(
            whom[:1].upper() + whom[1:],
            (self.effect, self.low, self.high),
            self.reads(),
            table=shown,
            notes=self._size_line(),
            warnings=self.warnings,
            level=self.level,
        )


def make_estimate(
    effect: float,
    se: float,
    *,
    df: float = np.inf,
    level: float = 0.95,
    certain: bool = False,
    **fields: Any,
) -> Estimate:
    """Turn an effect and its standard error into an `Estimate` with a two-sided t interval.

    Not for rates near zero or for ratios: those need intervals of their own. Where the error is 0, nobody differed from
    anybody, and what chance does cannot be measured: no interval, no p-value (NaN), and a warning that says so.

    Parameters
    ----------
    effect, se : float
        The effect and its standard error, in units of the outcome.
    df : float
        Degrees of freedom of the t distribution; infinite for the normal distribution.
    level : float
        Coverage of the interval, a fraction.
    certain : bool
        Whether an error of 0 is meant, because nothing was drawn: a plan that writes to nobody earns 0 for sure.
    **fields
        The other attributes of `Estimate`: n_treated, n_control, method and estimand are required, base, details and
        warnings are optional.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> result = make_estimate(2.0, 1.0, n_treated=50, n_control=50, method="gap", estimand="ATE", base=10.0)
    >>> round(result.low, 2), round(result.high, 2), result.relative
    (0.04, 3.96, 0.2)
    """
    effect = float(effect)
    se = float(se)
    details = fields.get("details", {})
    fields["details"] = {k: value if isinstance(value, str) else float(value) for k, value in details.items()}
    if se == 0 and certain:
        return Estimate(effect, effect, effect, se, float(effect == 0), level=level, **fields)
    if se == 0:
        fields["warnings"] = tuple(dict.fromkeys((*fields.get("warnings", ()), NO_SPREAD)))
        return Estimate(effect, np.nan, np.nan, se, np.nan, level=level, **fields)
    half = float(_scipy.t.ppf(0.5 + level / 2, df)) * se
    p = float(2 * _scipy.t.sf(abs(effect) / se, df))
    return Estimate(effect, effect - half, effect + half, se, p, level=level, **fields)


def render_html(frame: pd.DataFrame, title: str, warnings: Sequence[str] = ()) -> str:
    """Render a small table with its title above and its warnings below, as a notebook shows it."""
    notes = "".join(f"<li>⚠ {html.escape(text)}</li>" for text in warnings)
    page = f"<p><b>{html.escape(title)}</b></p>{render_table(frame)}"
    return f"{page}<ul>{notes}</ul>" if notes else page


def error_of_mean(influence: np.ndarray, cluster: np.ndarray | None = None) -> tuple[float, float]:
    """Standard error of a mean of influence values, robust to clusters, and its degrees of freedom.

    Parameters
    ----------
    influence : array, one value a row
        How much each row moves the estimate.
    cluster : array, one label a row, optional
        Rows with one label depend on each other: their values are summed. With G clusters the variance is enlarged
        by G / (G - 1).

    Returns
    -------
    (se, df) : float
        Degrees of freedom are infinite without clusters and G - 1 with G of them; both are NaN for a single cluster.
    """
    values = np.asarray(influence, float)
    if cluster is None:
        return float(values.std() / np.sqrt(len(values))), float("inf")
    sums = np.bincount(pd.factorize(np.asarray(cluster))[0], weights=values - values.mean())
    groups = len(sums)
    if groups < 2:
        return float("nan"), float("nan")
    return float(np.sqrt((sums**2).sum() * groups / (groups - 1)) / len(values)), float(groups - 1)
