"""Inverse propensity weighting: the effect from customers weighted by the chance of their group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loyalty.evaluate.observational.influence import finish, withhold
from loyalty.evaluate.observational.naive import _check_target
from loyalty.evaluate.observational.propensity import TARGETS, describe_overlap, fit_propensity, weigh
from loyalty.stats.estimate import Estimate
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import read_sample


@check_arguments
def weight_by_propensity(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: str | Sequence[str],
    target: str = "ate",
    link: str = "logit",
    cluster: str | None = None,
    level: float = 0.95,
) -> Estimate:
    """Inverse propensity weighting: weight each customer by the chance of the own group, so both look like the target.

    Not "ate" or "att" where chances come near 0 or 1: a few customers then carry everything, and the result warns.
    "overlap" cannot break that way, but it speaks only for customers who could have been in either group.

    Parameters
    ----------
    table, treated, outcome, cluster, level
        As in `compare_naively`.
    covariates : str or sequence of str
        Known before the treatment; text becomes 0/1 columns.
    target : {"ate", "att", "overlap"}
    link : {"logit", "probit"}

    Returns
    -------
    Estimate
        Weights sum to one in each group (Hajek). `details` as in `Overlap`. Where the weights leave a group an
        effective sample size under 20 there is no estimate (NaN), and the first warning says why.

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 1] * 50, "visits": range(100), "sales": [3, 1, 4, 1, 5] * 20})
    >>> weight_by_propensity(table, treated="invited", outcome="sales", covariates="visits", target="overlap").estimand
    'ATO, those who could have been in either group'

    Source: Hirano, Imbens and Ridder (2003), Econometrica 71, 1161-1189; Li, Morgan and Zaslavsky (2018), JASA 113,
    390-400; the interval after Lunceford and Davidian (2004), Statistics in Medicine 23, 2937-2960.
    """
    _check_target(target, tuple(TARGETS))
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=covariates, cluster=cluster)
    fit = fit_propensity(sample, link=link)
    t = sample.treated
    y = sample.outcome
    x = sample.design
    weight, change = weigh(fit.score, t, target)
    sides = [np.average(y[rows], weights=weight[rows]) for rows in (t, ~t)]
    size = np.where(t, (weight * t).mean(), -(weight * ~t).mean())
    rest = (y - np.where(t, *sides)) / size
    pull = weight * rest + fit.influence @ (x * (change * fit.slope * rest)[:, None]).mean(axis=0)
    overlap = describe_overlap(sample, fit.score, target)
    found = finish(
        sample,
        sides[0] - sides[1],
        pull,
        level=level,
        method="overlap weights" if target == "overlap" else "weights",
        estimand=TARGETS[target],
        base=float(sides[1]),
        details=overlap.numbers,
        notes=overlap.warnings,
    )
    return withhold(found, sample, {"treated": overlap.ess_treated, "control": overlap.ess_control})
