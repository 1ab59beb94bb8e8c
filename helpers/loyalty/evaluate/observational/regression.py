"""Regression adjustment: the effect from an outcome model of what was known before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loyalty.evaluate.observational.influence import finish, fit_outcome, withhold
from loyalty.evaluate.observational.naive import _check_target
from loyalty.evaluate.observational.propensity import TARGETS, describe_overlap, fit_propensity
from loyalty.stats.estimate import Estimate
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import drop_unvaried, read_sample


@check_arguments
def adjust_by_regression(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: str | Sequence[str],
    target: str = "ate",
    cluster: str | None = None,
    level: float = 0.95,
) -> Estimate:
    """Fit a line in each group, predict both outcomes for every customer of the target, average the difference.

    Not where the groups hardly overlap: a line then guesses where nobody was seen, and its interval does not know.

    Parameters
    ----------
    table, treated, outcome, cluster, level
        As in `compare_naively`.
    covariates : str or sequence of str
        Known before the treatment; text becomes 0/1 columns.
    target : {"ate", "att"}

    Returns
    -------
    Estimate
        NaN, with the reason as its first warning, where the mean outcomes lie outside of those that were seen.

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 1] * 50, "visits": range(100)})
    >>> table["sales"] = 3 * table["visits"] + 5 * table["invited"]
    >>> round(adjust_by_regression(table, treated="invited", outcome="sales", covariates="visits").effect, 6)
    5.0

    Source: Lin (2013), Annals of Applied Statistics 7, 295-318; Wooldridge (2010), chapter 21.
    """
    _check_target(target, ("ate", "att"))
    whole = read_sample(table, treated=treated, outcome=outcome, covariates=covariates, cluster=cluster)
    sample = drop_unvaried(whole)
    t = sample.treated
    x = sample.design
    (m1, i1), (m0, i0) = (fit_outcome(sample, rows) for rows in (t, ~t))
    who = t.astype(float) if target == "att" else np.ones(len(t))
    effect = float(np.average(m1 - m0, weights=who))
    lean = (who[:, None] * x).mean(axis=0) / who.mean()
    pull = who * (m1 - m0 - effect) / who.mean() + (i1 - i0) @ lean
    overlap = describe_overlap(whole, fit_propensity(whole).score, target)
    # A line needs no balance; it does need neighbours.
    notes = [text for text in overlap.warnings if "overlap" in text]
    least = min(sample.groups.values())
    traits = x.shape[1] - 1
    if least < 10 * traits:
        notes.append(f"only {least} customers in the smaller group for {traits} covariates: fewer than ten each")
    found = finish(
        sample,
        effect,
        pull,
        level=level,
        method="regression",
        estimand=TARGETS[target],
        base=float(np.average(m0, weights=who)),
        details={"outside": overlap.outside},
        notes=notes,
    )
    return withhold(found, sample)
