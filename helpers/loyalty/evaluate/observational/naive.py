"""The naive comparison: treated less others, nothing adjusted; an effect only where customers were randomised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from loyalty.evaluate.observational.influence import finish
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import read_sample


@check_arguments
def compare_naively(
    table: pd.DataFrame, *, treated: str, outcome: str, cluster: str | None = None, level: float = 0.95
) -> Estimate:
    """The naive difference in means, treated less others: an effect only where customers were randomised.

    Elsewhere it is the number to be corrected. Not an effect when customers were chosen or chose themselves (selection
    bias): its interval then closes in on the wrong number.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated, outcome : str
        Columns: True/False or 1/0, and a number.
    cluster : str, optional
        Column of what repeats or was drawn together; without it rows count as independent (Welch).
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Estimate

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [1, 1, 0, 0], "sales": [5.0, 7.0, 4.0, 2.0]})
    >>> compare_naively(table, treated="invited", outcome="sales").effect
    3.0
    """
    sample = read_sample(table, treated=treated, outcome=outcome, cluster=cluster)
    t = sample.treated
    y = sample.outcome
    # Groups that were not randomised may differ in spread, so their variances are never pooled here
    plain = compare_means(y[t], y[~t], variance="welch", level=level, method="naive", estimand="the groups as they are")
    if cluster is None:
        return replace(plain, warnings=sample.warnings + plain.warnings)
    pull = t * (y - y[t].mean()) / t.mean() - ~t * (y - y[~t].mean()) / (~t).mean()
    return finish(
        sample, plain.effect, pull, level=level, method=plain.method, estimand=plain.estimand, base=plain.base
    )


def _check_target(target: str, known: Sequence[str]) -> None:
    if target not in known:
        raise ValueError(f"target should be one of {', '.join(known)}; found {target!r}")
