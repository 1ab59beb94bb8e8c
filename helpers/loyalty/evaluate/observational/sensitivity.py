"""Sensitivity analysis: how strong an unobserved confounder would have to be to undo an estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.stats.estimate import Estimate, make_estimate, render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import read_sample
from loyalty.tables.sources import as_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BENCHMARKS = ["covariate", "times", "r2_treatment", "r2_outcome", "effect", "low", "high"]


@dataclass(frozen=True)
class Sensitivity:
    """What an unobserved confounder ("hidden trait") would do to a regression estimate.

    Made by `sensitivity_to_hidden`. All shares are of what the covariates leave open (partial R squared).

    Attributes
    ----------
    estimate : Estimate
        The regression.
    degrees : int
        Its degrees of freedom.
    partial_r2 : float
        The share of the outcome that the treatment explains: a trait that explained all the rest of the outcome would
        have to explain that share of the treatment.
    robustness, robustness_interval : float
        The robustness value: the share that a hidden trait would have to explain, both of who was treated and of the
        outcome, to bring the effect to zero; and to make the interval touch zero.
    benchmarks : pandas.DataFrame
        One row a recorded covariate and strength: what is left of the effect if the hidden trait is that many times as
        strong as the covariate.
    sentence : str
        The result in words.
    warnings : tuple of str
        Reasons not to trust it.
    """

    estimate: Estimate
    degrees: int
    partial_r2: float
    robustness: float
    robustness_interval: float
    benchmarks: pd.DataFrame
    sentence: str
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row with the named numbers."""
        names = ("partial_r2", "robustness", "robustness_interval")
        return self.estimate.to_frame()[["effect", "low", "high"]].assign(**{n: getattr(self, n) for n in names})

    def plot(self, *, ax: Axes | None = None, source: str = "") -> Axes:
        """Draw what is left of the effect for every strength of a hidden trait, with the recorded ones as points."""
        import matplotlib.pyplot as plt

        from loyalty.charts import GREY, HIGHLIGHT, TRUTH, headline

        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        points = self.benchmarks[self.benchmarks["times"] == self.benchmarks["times"].min()]
        strength = (points["r2_treatment"] * points["r2_outcome"]).astype(float)  # no covariate leaves no type either
        points = points.loc[strength.nlargest(3).index]
        right = min(0.99, 1.25 * max(self.robustness, points["r2_treatment"].max(), 0.02))
        top = min(0.99, 1.25 * max(self.robustness, points["r2_outcome"].max(), 0.02))
        x, y = np.meshgrid(np.linspace(0, right, 80), np.linspace(0, top, 80))
        left = adjust_for_hidden(self.estimate.effect, self.estimate.se, self.degrees, x, y)[0]
        lines = ax.contour(x, y, left, levels=8, colors=GREY, linewidths=1)
        ax.clabel(lines, fmt=lambda value: f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}", fontsize=8)
        ax.contour(x, y, left, levels=[0], colors=HIGHLIGHT, linewidths=2.5)
        ax.plot(0, 0, "o", color=TRUTH)
        for row in points.itertuples():
            place = (row.r2_treatment, row.r2_outcome)
            said = f"{row.times:g} x {row.covariate}"
            ax.plot(*place, "D", color=TRUTH, markersize=5)
            ax.annotate(said, place, (6, 3), textcoords="offset points", fontsize=9)
        ax.set_xlabel("share of who was treated that a hidden trait explains")
        ax.set_ylabel("share of the outcome it explains")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_formatter("{x:.1%}")
        headline(ax, "What would undo the estimate?", "effect that is left; on the thick line nothing is left", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.benchmarks, self.sentence, self.warnings)


@check_arguments
def sensitivity_to_hidden(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: str | Sequence[str],
    times: Sequence[float] = (1.0, 2.0),
    level: float = 0.95,
) -> Sensitivity:
    """Analyse the sensitivity of a regression to an unobserved confounder, in units of the recorded covariates.

    Not proof that no such trait exists, and not for other estimators than the regression with one effect for all, which
    it fits. Its standard error is the classical one, on which the method rests.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated, outcome : str
        Columns: True/False or 1/0, and a number.
    covariates : str or sequence of str
        Known before the treatment; each also serves as a benchmark.
    times : sequence of float
        Strengths of the hidden trait, in multiples of each covariate.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Sensitivity

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"visits": rng.normal(size=200)})
    >>> table["invited"] = table["visits"] + rng.normal(size=200) > 0
    >>> table["sales"] = table["visits"] + table["invited"] + rng.normal(size=200)
    >>> result = sensitivity_to_hidden(table, treated="invited", outcome="sales", covariates="visits")
    >>> 0 < result.robustness_interval < result.robustness < 1
    True

    Source: Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82, 39-67.
    """
    table = as_frame(table)
    covariates = [covariates] if isinstance(covariates, str) else list(dict.fromkeys(covariates))
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=covariates)
    t = sample.treated.astype(float)
    y = sample.outcome
    x = sample.design
    rest_t = _residual(x, t)
    rest_y = _residual(x, y)
    degrees = len(y) - x.shape[1] - 1
    if degrees < 2 or rest_t @ rest_t < 1e-9 * len(t):
        raise ValueError("the covariates tell treated from control without error: there is nothing left to compare")
    effect = rest_t @ rest_y / (rest_t @ rest_t)
    rest = rest_y - effect * rest_t
    se = np.sqrt(rest @ rest / degrees / (rest_t @ rest_t))
    estimate = make_estimate(
        effect,
        se,
        df=degrees,
        level=level,
        method="regression, one effect",
        estimand="the effect, if one for all",
        base=float(y[sample.treated].mean() - effect),
        warnings=sample.warnings,
        **sample.groups,
    )
    rows = []
    for name in covariates:
        kept = [c for c in covariates if c != name]
        others = read_sample(table, treated=treated, outcome=outcome, covariates=kept).design
        r2_t = _gain(_residual(others, t), rest_t)
        r2_y = _gain(_residual(np.column_stack([others, t]), y), rest)
        for k in times:
            a, b = bound_hidden(r2_t, r2_y, k)
            left, error = adjust_for_hidden(effect, se, degrees, a, b)
            half = _scipy.t.ppf(0.5 + level / 2, degrees - 1) * error
            rows.append([name, k, a, b, float(left), float(left - half), float(left + half)])
    benchmarks = pd.DataFrame(rows, columns=BENCHMARKS)
    ratio = abs(effect) / se if se > 0 else np.inf
    plain = find_robustness(ratio, degrees)
    strict = find_robustness(ratio, degrees, alpha=1 - level)
    return Sensitivity(
        estimate=estimate,
        degrees=degrees,
        partial_r2=float(ratio**2 / (ratio**2 + degrees)) if np.isfinite(ratio) else 1.0,
        robustness=plain,
        robustness_interval=strict,
        benchmarks=benchmarks,
        sentence=_say(plain, strict, benchmarks),
        warnings=sample.warnings,
    )


def find_robustness(t: float, degrees: float, *, alpha: float = 1.0) -> float:
    """Robustness value of a t statistic: the share of both that undoes the effect, or with alpha its significance.

    Parameters
    ----------
    t, degrees : float
        The statistic and its degrees of freedom.
    alpha : float
        1 for the effect itself; below it, the level of the significance that is undone.

    Examples
    --------
    >>> round(find_robustness(4.18445, 783), 3), round(find_robustness(4.18445, 783, alpha=0.05), 3)
    (0.139, 0.076)
    """
    if not np.isfinite(t):
        return 1.0
    f = abs(t) / np.sqrt(degrees)
    if alpha < 1:
        f = max(f - _scipy.t.ppf(1 - alpha / 2, degrees - 1) / np.sqrt(degrees - 1), 0.0)
    return float((np.sqrt(f**4 + 4 * f**2) - f**2) / 2)


def adjust_for_hidden(
    effect: float, se: float, degrees: float, r2_treatment: np.ndarray | float, r2_outcome: np.ndarray | float
) -> tuple[np.ndarray, np.ndarray]:
    """Effect and standard error if a hidden trait were added that moves the effect towards (and past) zero.

    `r2_treatment` and `r2_outcome` are the shares that the trait explains of what the covariates leave open.
    """
    a = np.asarray(r2_treatment, float)
    b = np.asarray(r2_outcome, float)
    bias = se * np.sqrt(degrees * a * b / (1 - a))
    return np.sign(effect) * (abs(effect) - bias), se * np.sqrt((1 - b) / (1 - a) * degrees / (degrees - 1))


def bound_hidden(r2_treatment: float, r2_outcome: float, times: float) -> tuple[float, float]:
    """Partial R squared (treatment, outcome) of a hidden trait that is `times` as strong as a recorded covariate."""
    a = times * r2_treatment / (1 - r2_treatment) if r2_treatment < 1 else np.inf
    if a >= 1:
        return 0.999, 1.0
    shared = times * r2_treatment**2 / ((1 - times * r2_treatment) * (1 - r2_treatment))
    if shared >= 1 or r2_outcome >= 1:
        return float(a), 1.0
    b = (np.sqrt(times) + np.sqrt(shared)) ** 2 / (1 - shared) * r2_outcome / (1 - r2_outcome)
    return float(a), float(min(b, 1.0))


def _residual(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def _gain(before: np.ndarray, after: np.ndarray) -> float:
    """Partial R squared: the share of the squares of the residuals `before` that is gone `after`."""
    total = before @ before
    if not total > 0:
        return 0.0
    return float(np.clip(1 - after @ after / total, 0, 1))


def _say(plain: float, strict: float, benchmarks: pd.DataFrame) -> str:
    """The robustness values in words, with the strongest recorded covariate for comparison."""
    touch = f"{strict:.1%} would make the interval touch zero" if strict else "the interval holds zero already"
    text = (
        f"A trait that nobody recorded would undo the estimate if it explained {plain:.1%} of what the covariates "
        f"leave open, both of who was treated and of the outcome; {touch}."
    )
    weakest = benchmarks[benchmarks["times"] == benchmarks["times"].min()]
    if weakest.empty:
        return text
    top = weakest.loc[(weakest["r2_treatment"] * weakest["r2_outcome"]).idxmax()]
    rest = f"{top['r2_outcome']:.1%}" if top["r2_outcome"] < 1 else "all"
    shares = f"{top['r2_treatment']:.1%} and {rest}"
    times = "" if top["times"] == 1 else f" {top['times']:g} times"
    return f"{text} One{times} as strong as {top['covariate']} would explain {shares}."
