"""Stratification (subclassification): customers compared within cells, and the cells averaged.

Cells are made from what was known before the treatment. Cells that hold one group only are left out, and that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from loyalty.evaluate.observational.influence import finish
from loyalty.evaluate.observational.naive import _check_target
from loyalty.evaluate.observational.propensity import TARGETS, weigh
from loyalty.stats.estimate import Estimate
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sample import compare_balance, read_sample
from loyalty.tables.sources import as_frame


@check_arguments
def compare_strata(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    by: str | Sequence[str],
    target: str = "att",
    bins: int = 5,
    cluster: str | None = None,
    level: float = 0.95,
) -> Estimate:
    """Estimate an effect by stratification: compare within cells of `by`, then average over cells.

    Not for many columns: cells run empty. A cell without both groups is left out, and the result says how many
    customers went with it; the estimate then speaks for the rest.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated, outcome : str
        Columns: True/False or 1/0, and a number.
    by : str or sequence of str
        Columns that make the cells. A number with more than `bins` values is cut at its quantiles, among the treated
        for "att", among everybody for "ate".
    target : {"att", "ate"}
        Average over cells as the treated, or as everybody, are spread over them.
    bins : int
        Pieces a number is cut into.
    cluster, level
        As in `compare_naively`.

    Returns
    -------
    Estimate
        `details`: cells, cells left out, customers left out (a fraction of the target).

    Raises
    ------
    TableError
        With all problems, or when no cell holds both groups.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [1, 1, 1, 0, 0, 0] * 2, "loyal": [1, 1, 0, 1, 0, 0] * 2,
    ...                       "sales": [9.0, 9.0, 3.0, 8.0, 2.0, 2.0] * 2})
    >>> compare_strata(table, treated="invited", outcome="sales", by="loyal").effect
    1.0

    Source: Cochran (1968), Biometrics 24, 295-313; Rosenbaum and Rubin (1984), JASA 79, 516-524.
    """
    _check_target(target, ("att", "ate"))
    by = [by] if isinstance(by, str) else list(by)
    table = as_frame(table)
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=by, cluster=cluster)
    t = sample.treated
    asked = t if target == "att" else np.ones(len(t), bool)
    cell = _find_cells(table[by].reset_index(drop=True), asked, bins)
    n1 = np.bincount(cell, t)
    n0 = np.bincount(cell, ~t)
    both = (n1 > 0) & (n0 > 0)
    keep = both[cell]
    if not keep.any():
        raise TableError(["no cell of `by` holds treated and control customers: nothing to compare"], "customers")
    lost = float(1 - keep[asked].mean())
    parts = {name: part[keep] for name, part in vars(sample).items() if name != "warnings" and part is not None}
    sample = replace(sample, **parts)
    cell = cell[keep]
    asked = asked[keep]
    t = sample.treated
    y = sample.outcome
    m1 = np.bincount(cell, y * t, len(n1)) / np.maximum(n1, 1)
    m0 = np.bincount(cell, y * ~t, len(n0)) / np.maximum(n0, 1)
    own = np.where(t, n1[cell], n0[cell])
    # n / (n - 1): a cell with few customers of a group measures their spread around a mean that follows them.
    rest = (y - np.where(t, m1[cell], m0[cell])) * np.sqrt(own / np.maximum(own - 1, 1))
    gap = (m1 - m0)[cell]
    weight = weigh((n1 / (n1 + n0))[cell], t, target)[0]
    effect = float(gap[asked].mean())
    pull = (asked * (gap - effect) + np.where(t, 1, -1) * weight * rest) / asked.mean()
    worst = float(compare_balance(sample, weight)["after"].abs().max())
    details = {"cells": both.sum(), "cells_left_out": (~both).sum(), "left_out": lost, "worst_difference": worst}
    estimand = TARGETS[target]
    if lost > 0:
        estimand += " and can be compared"
    return finish(
        sample,
        effect,
        pull,
        level=level,
        method=f"strata ({', '.join(by)})",
        estimand=estimand,
        base=float(m0[cell][asked].mean()),
        details=details,
        notes=_warn(lost, single=int((own == 1).sum()), worst=worst),
    )


def _warn(lost: float, single: int, worst: float) -> list[str]:
    notes = []
    if lost:
        notes.append(f"{lost:.1%} of the target's customers are left out: nobody in their cells to compare them with")
    if single:
        notes.append(f"{single} customer(s) are alone of their group in a cell: the interval is too narrow")
    if worst > 0.1:
        notes.append(f"still unbalanced within cells: {worst:.2f} standard deviations at worst; cut finer")
    return notes


def _find_cells(frame: pd.DataFrame, asked: np.ndarray, bins: int) -> np.ndarray:
    """The cell of each customer; numbers with many values are cut at the quantiles of the customers asked about."""
    cut = {}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > bins:
            edges = np.unique(np.quantile(values[asked].to_numpy(float), np.arange(1, bins) / bins))
            cut[name] = np.searchsorted(edges, values.to_numpy(float), side="left")
        else:
            cut[name] = pd.factorize(values, sort=True)[0]
    return pd.DataFrame(cut).groupby(list(cut), sort=True).ngroup().to_numpy()
