"""Placebo outcomes (negative controls), and all estimators side by side with what a placebo says of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.matching import match_customers
from loyalty.evaluate.observational.naive import compare_naively
from loyalty.evaluate.observational.propensity import Overlap, describe_overlap, fit_propensity
from loyalty.evaluate.observational.regression import adjust_by_regression
from loyalty.evaluate.observational.sensitivity import Sensitivity, sensitivity_to_hidden
from loyalty.evaluate.observational.stratification import compare_strata
from loyalty.evaluate.observational.weighting import weight_by_propensity
from loyalty.stats.estimate import Estimate, render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sample import read_sample
from loyalty.tables.sources import as_frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Comparison:
    """Every estimate of one effect, each with what it says of a placebo; made by `compare_all`.

    Attributes
    ----------
    estimates, placebos : tuple of Estimate
        One a method, in the same order; no placebos where none was named.
    overlap : Overlap
        Of the propensities.
    sensitivity : Sensitivity
        Of the regression to an unobserved confounder.
    outcome, placebo : str
        What was compared.
    warnings : tuple of str
        Of all methods.
    """

    estimates: tuple[Estimate, ...]
    placebos: tuple[Estimate, ...]
    overlap: Overlap
    sensitivity: Sensitivity
    outcome: str
    placebo: str | None
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row a method: effect, low, high, se, p; the placebo's effect, low, high and verdict."""
        rows = []
        for i, e in enumerate(self.estimates):
            row = {name: getattr(e, name) for name in "method estimand effect low high se p".split()}
            if self.placebos:
                p = self.placebos[i]
                row |= {"placebo": p.effect, "placebo_low": p.low, "placebo_high": p.high}
                row["placebo_says"] = judge_placebo(p, e)
            rows.append(row | {"warnings": len(e.warnings)})
        return pd.DataFrame(rows)

    def plot(self, *, truth: float | None = None, unit: str = "", decimals: int = 0, source: str = "") -> Axes:
        """Draw every estimate with its interval, and under it in grey what the same method finds in the placebo."""
        from loyalty.charts import GREY, HIGHLIGHT, TREATED, draw_intervals, headline

        frame = pd.DataFrame({name: [getattr(e, name) for e in self.estimates] for name in ("effect", "low", "high")})
        frame.index = [e.method for e in self.estimates]
        frame["colour"] = [HIGHLIGHT if e.method == "naive" else TREATED for e in self.estimates]
        ax = draw_intervals(frame, truth=truth, unit=unit, decimals=decimals)
        for place, p in enumerate(self.placebos):
            ax.plot([p.low, p.high], [place + 0.25] * 2, color=GREY, linewidth=2)
            ax.plot(p.effect, place + 0.25, "s", color=GREY, markersize=6)
        ax.margins(x=0.12)
        says = [judge_placebo(p, e) for p, e in zip(self.placebos, self.estimates, strict=False)]
        title = "The estimates side by side"
        grey = ""
        if says:
            title = f"The placebo contradicts {says.count('fails')} of {len(says)} estimates"
            grey = f"; grey: the same for {self.placebo}, should be 0"
        headline(ax, title, f"effect on {self.outcome}, {self.estimates[0].level:.0%} interval{grey}", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), f"What every method says of {self.outcome}", self.warnings)


@check_arguments
def placebo_outcome(
    table: pd.DataFrame, *, estimator: Callable[..., Estimate], treated: str, placebo: str, **options: Any
) -> Estimate:
    """Test a method on a placebo outcome: something that cannot have changed, such as spend before the campaign.

    A placebo shows what to distrust: failing speaks against the method here, passing does not prove it right.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    estimator : callable
        A function of this module, for example `weight_by_propensity`.
    treated, placebo : str
        Columns. The placebo must stay out of the covariates: adjusted away, it would always pass.
    **options
        Passed to the estimator: covariates, target and so on.

    Returns
    -------
    Estimate

    Raises
    ------
    TableError
        If the placebo is among the covariates, or the table has problems.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [1, 1, 0, 0], "sales_before": [4.0, 6.0, 1.0, 3.0]})
    >>> placebo_outcome(table, estimator=compare_naively, treated="invited", placebo="sales_before").effect
    3.0

    Source: Imbens and Rubin (2015), Causal Inference, chapter 21.
    """
    for key in ("covariates", "propensity_covariates", "by"):
        _keep_out(placebo, options.get(key))
    result = estimator(table, treated=treated, outcome=placebo, **options)
    return replace(result, method=f"placebo {placebo}, {result.method}")


@check_arguments
def judge_placebo(placebo: Estimate, effect: Estimate) -> str:
    """Say "fails", "passes" or "says little": too vague to rule out a bias as large as the effect or its doubt."""
    if placebo.low > 0 or placebo.high < 0:
        return "fails"
    allowed = max(abs(effect.effect), (effect.high - effect.low) / 2)
    return "passes" if max(abs(placebo.low), abs(placebo.high)) <= allowed else "says little"


@check_arguments
def compare_all(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: str | Sequence[str],
    placebo: str | None = None,
    target: str = "att",
    cluster: str | None = None,
    level: float = 0.95,
) -> Comparison:
    """Every estimate of one effect: naive, strata, regression, matching, weights, overlap weights, doubly robust.

    Agreement proves little: all share the assumption that the covariates hold everything that matters.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated, outcome : str
        Columns: True/False or 1/0, and a number.
    covariates : str or sequence of str
        Known before the treatment.
    placebo : str, optional
        A number that cannot have changed; it must not be among the covariates.
    target : {"att", "ate"}
    cluster : str, optional
        Column of what repeats or was drawn together. Matching has no clustered interval and is then left out.
    level : float
        Coverage of the intervals, a fraction.

    Returns
    -------
    Comparison
        Strata are five blocks of the propensity; their interval takes the propensity as known.

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"visits": rng.normal(size=400)})
    >>> table["invited"] = table["visits"] + rng.normal(size=400) > 0
    >>> table["sales"] = 10 + table["visits"] + table["invited"] + rng.normal(size=400)
    >>> len(compare_all(table, treated="invited", outcome="sales", covariates="visits").estimates)
    7
    """
    table = as_frame(table)
    _keep_out(placebo, covariates)
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=covariates, cluster=cluster)
    score = fit_propensity(sample).score
    blocks = "propensity" if "propensity" not in table.columns else "propensity of these covariates"
    table = table.assign(**{blocks: np.round(score, 9)})
    plain = {"treated": treated, "cluster": cluster, "level": level}
    common = plain | {"covariates": covariates}
    recipes: list[tuple[Callable[..., Estimate], dict[str, Any]]] = [
        (compare_naively, plain),
        (compare_strata, plain | {"by": blocks, "target": target}),
        (adjust_by_regression, common | {"target": target}),
        (match_customers, {"treated": treated, "covariates": covariates, "target": target, "level": level}),
        (weight_by_propensity, common | {"target": target}),
        (weight_by_propensity, common | {"target": "overlap"}),
        (adjust_doubly, common | {"target": target}),
    ]
    recipes = [r for r in recipes if cluster is None or r[0] is not match_customers]
    estimates = tuple(function(table, outcome=outcome, **options) for function, options in recipes)
    placebos: tuple[Estimate, ...] = ()
    if placebo is not None:
        placebos = tuple(
            placebo_outcome(table, estimator=function, placebo=placebo, **options) for function, options in recipes
        )
    overlap = describe_overlap(sample, score, target)
    sensitivity = sensitivity_to_hidden(table, treated=treated, outcome=outcome, covariates=covariates, level=level)
    notes = [f"{e.method}: {text}" for e in estimates for text in e.warnings]
    return Comparison(estimates, placebos, overlap, sensitivity, outcome, placebo, tuple(notes))


def _keep_out(placebo: str | None, covariates: str | Sequence[str] | None) -> None:
    """Raise a TableError if the placebo is among the covariates."""
    names = [covariates] if isinstance(covariates, str) else covariates
    if names is not None and placebo in names:
        text = f"the placebo `{placebo}` stands among the covariates: adjusted away, it would always pass; take it out"
        raise TableError([text], "customers")
