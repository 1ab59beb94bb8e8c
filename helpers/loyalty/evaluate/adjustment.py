"""Effects without a lottery, adjusted for what was known before: strata, regression, weights, doubly robust.

Every function takes one row a customer and returns an `Estimate` that names whom it speaks for. All of them assume that
the covariates hold everything that decided both who was treated and what they would have done. No function can check
that; `loyalty.evaluate.evidence` collects what speaks against it. Covariates must be measured before the treatment.

Intervals come from influence functions: each customer's pull on the estimate, the fitted propensity and the fitted
outcome model included, summed within clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from loyalty.evaluate.influence import finish, fit_outcome
from loyalty.evaluate.propensity import TARGETS, compare_balance, describe_overlap, fit_propensity, weigh
from loyalty.evaluate.sample import as_frame, read_sample
from loyalty.stats import Estimate, compare_means
from loyalty.tables import TableError


def compare_naively(
    table: pd.DataFrame, *, treated: str, outcome: str, cluster: str | None = None, level: float = 0.95
) -> Estimate:
    """Mean of the treated less mean of the others: the number to be corrected, or the answer where a lottery drew.

    Not an effect when customers were chosen or chose themselves: its interval then closes in on the wrong number.

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
    t, y = sample.treated, sample.outcome
    # Groups that no lottery made alike may differ in spread, so their variances are never pooled here.
    plain = compare_means(y[t], y[~t], variance="welch", level=level, method="naive", estimand="the groups as they are")
    if cluster is None:
        return replace(plain, warnings=sample.warnings + plain.warnings)
    pull = t * (y - y[t].mean()) / t.mean() - ~t * (y - y[~t].mean()) / (~t).mean()
    return finish(
        sample, plain.effect, pull, level=level, method=plain.method, estimand=plain.estimand, base=plain.base
    )


def compare_strata(
    table: pd.DataFrame, *, treated: str, outcome: str, by: str | Sequence[str], target: str = "att", bins: int = 5,
    cluster: str | None = None, level: float = 0.95,
) -> Estimate:  # fmt: skip
    """Compare like with like: within cells of `by`, then average over cells.

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
    by, table = [by] if isinstance(by, str) else list(by), as_frame(table)
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=by, cluster=cluster)
    t, y = sample.treated, sample.outcome
    asked = t if target == "att" else np.ones(len(t), bool)
    cell = _find_cells(table[by].reset_index(drop=True), asked, bins)
    n1, n0 = np.bincount(cell, t), np.bincount(cell, ~t)
    both = (n1 > 0) & (n0 > 0)
    keep = both[cell]
    if not keep.any():
        raise TableError(["no cell of `by` holds treated and control customers: nothing to compare"], "customers")
    lost = float(1 - keep[asked].mean())
    parts = {name: part[keep] for name, part in vars(sample).items() if name != "warnings" and part is not None}
    sample, cell, asked = replace(sample, **parts), cell[keep], asked[keep]
    t, y = sample.treated, sample.outcome
    m1, m0 = (np.bincount(cell, y * rows, len(n)) / np.maximum(n, 1) for rows, n in ((t, n1), (~t, n0)))
    own = np.where(t, n1[cell], n0[cell])
    # n / (n - 1): a cell with few customers of a group measures their spread around a mean that follows them.
    rest = (y - np.where(t, m1[cell], m0[cell])) * np.sqrt(own / np.maximum(own - 1, 1))
    gap, weight = (m1 - m0)[cell], weigh((n1 / (n1 + n0))[cell], t, target)[0]
    effect = float(gap[asked].mean())
    pull = (asked * (gap - effect) + np.where(t, 1, -1) * weight * rest) / asked.mean()
    worst = float(compare_balance(sample, weight)["after"].abs().max())
    notes = []
    if lost:
        notes.append(f"{lost:.1%} of the target's customers are left out: nobody in their cells to compare them with")
    if single := int((own == 1).sum()):
        notes.append(f"{single} customer(s) are alone of their group in a cell: the interval is too narrow")
    if worst > 0.1:
        notes.append(f"still unbalanced within cells: {worst:.2f} standard deviations at worst; cut finer")
    details = {"cells": both.sum(), "cells_left_out": (~both).sum(), "left_out": lost, "worst_difference": worst}
    base, estimand = float(m0[cell][asked].mean()), TARGETS[target] + " and can be compared" * (lost > 0)
    names = {"method": f"strata ({', '.join(by)})", "estimand": estimand}
    return finish(sample, effect, pull, level=level, notes=notes, base=base, details=details, **names)


def adjust_by_regression(
    table: pd.DataFrame, *, treated: str, outcome: str, covariates: str | Sequence[str], target: str = "ate",
    cluster: str | None = None, level: float = 0.95,
) -> Estimate:  # fmt: skip
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
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=covariates, cluster=cluster)
    t, x = sample.treated, sample.design
    (m1, i1), (m0, i0) = (fit_outcome(sample, rows) for rows in (t, ~t))
    who = t.astype(float) if target == "att" else np.ones(len(t))
    effect = float(np.average(m1 - m0, weights=who))
    lean = (who[:, None] * x).mean(axis=0) / who.mean()
    pull = who * (m1 - m0 - effect) / who.mean() + (i1 - i0) @ lean
    overlap = describe_overlap(sample, fit_propensity(sample).score, target)
    # A line needs no balance; it does need neighbours.
    notes = [text for text in overlap.warnings if "overlap" in text]
    least, traits = min(sample.groups.values()), x.shape[1] - 1
    if least < 10 * traits:
        notes.append(f"only {least} customers in the smaller group for {traits} covariates: fewer than ten each")
    base, details = float(np.average(m0, weights=who)), {"outside": overlap.outside}
    names = {"method": "regression", "estimand": TARGETS[target], "level": level}
    return finish(sample, effect, pull, notes=notes, base=base, details=details, **names)


def weight_by_propensity(
    table: pd.DataFrame, *, treated: str, outcome: str, covariates: str | Sequence[str], target: str = "ate",
    link: str = "logit", cluster: str | None = None, level: float = 0.95,
) -> Estimate:  # fmt: skip
    """Weight each customer by the chance of being where he is, so that both groups look like the target.

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
        Weights sum to one in each group (Hajek). `details` as in `Overlap`.

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 1] * 50, "visits": range(100), "sales": range(100)})
    >>> weight_by_propensity(table, treated="invited", outcome="sales", covariates="visits", target="overlap").estimand
    'ATO, those who could have been in either group'

    Source: Hirano, Imbens and Ridder (2003), Econometrica 71, 1161-1189; Li, Morgan and Zaslavsky (2018), JASA 113,
    390-400; the interval after Lunceford and Davidian (2004), Statistics in Medicine 23, 2937-2960.
    """
    _check_target(target, tuple(TARGETS))
    sample = read_sample(table, treated=treated, outcome=outcome, covariates=covariates, cluster=cluster)
    fit = fit_propensity(sample, link=link)
    t, y, x = sample.treated, sample.outcome, sample.design
    weight, change = weigh(fit.score, t, target)
    sides = [np.average(y[rows], weights=weight[rows]) for rows in (t, ~t)]
    size = np.where(t, (weight * t).mean(), -(weight * ~t).mean())
    rest = (y - np.where(t, *sides)) / size
    pull = weight * rest + fit.influence @ (x * (change * fit.slope * rest)[:, None]).mean(axis=0)
    overlap = describe_overlap(sample, fit.score, target)
    names = {"method": "overlap weights" if target == "overlap" else "weights", "estimand": TARGETS[target]}
    shown = {"base": float(sides[1]), "notes": overlap.warnings, "details": overlap.numbers}
    return finish(sample, sides[0] - sides[1], pull, level=level, **names, **shown)


def _check_target(target: str, known: Sequence[str]) -> None:
    if target not in known:
        raise ValueError(f"target should be one of {', '.join(known)}; found {target!r}")


def _find_cells(frame: pd.DataFrame, asked: np.ndarray, bins: int) -> np.ndarray:
    cut = {}
    for name in frame.columns:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > bins:
            edges = np.unique(np.quantile(values[asked].to_numpy(float), np.arange(1, bins) / bins))
            cut[name] = np.searchsorted(edges, values.to_numpy(float), side="left")
        else:
            cut[name] = pd.factorize(values, sort=True)[0]
    return pd.DataFrame(cut).groupby(list(cut), sort=True).ngroup().to_numpy()
