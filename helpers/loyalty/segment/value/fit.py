"""Fit BG/NBD, MBG/NBD or Pareto/NBD by maximum likelihood, with standard errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from loyalty.segment.value.beta_geometric import BG_NBD, MBG_NBD, BetaGeometric
from loyalty.segment.value.maximise import LogScaleFit, Maximum, maximise
from loyalty.segment.value.pareto import PARETO_NBD, Pareto
from loyalty.segment.value.purchases import group_alike, read_purchases
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

MODELS: dict[str, BetaGeometric | Pareto] = {"bg_nbd": BG_NBD, "mbg_nbd": MBG_NBD, "pareto_nbd": PARETO_NBD}
ModelName = Literal["bg_nbd", "mbg_nbd", "pareto_nbd"]
MANY = 60_000  # histories that differ: from here on a part of them finds the way, and all of them the end
FEW = 100  # repeaters


@dataclass(frozen=True, eq=False)
class PurchaseFit(LogScaleFit):
    """A fitted model of buying and leaving; built by `fit_purchases`. Times are in weeks.

    `parameters` maps names to estimates, `covariance` is that of their logarithms, `log_likelihood` the maximum.
    """

    model: ModelName
    parameters: dict[str, float]
    covariance: np.ndarray = field(repr=False)
    log_likelihood: float
    n_customers: int
    n_repeaters: int
    weeks: float
    warnings: tuple[str, ...] = ()

    @property
    def law(self) -> BetaGeometric | Pareto:
        """The likelihood and the expectations of the model."""
        return MODELS[self.model]

    def expect_new(self, weeks: float) -> float:
        """Expected repeat purchases of a new customer in the first weeks after the first purchase."""
        zero = np.zeros(1)
        found = self.law.expect_if_alive(self.theta, zero, zero, np.array([float(weeks)]))
        return float(self.law.p_alive_new(self.theta) * found[0])

    def _repr_html_(self) -> str:
        title = (
            f"{self.law.name}: {self.n_customers:,} customers, {self.n_repeaters:,} of them repeaters, "
            f"{self.weeks:.0f} weeks; log-likelihood {self.log_likelihood:,.2f}"
        )
        return render_html(self.to_frame(), title, self.warnings)


@check_arguments
def fit_purchases(purchases: AnyTable, *, model: ModelName = "bg_nbd") -> PurchaseFit:
    """Fit BG/NBD, MBG/NBD or Pareto/NBD to purchase histories by maximum likelihood.

    For shops without a contract, where nobody says good-bye. Not for subscriptions (see `fit_retention`), not for
    customers of several cohorts that differ, and not where a season or a campaign falls into one half of the history:
    all these models let a customer buy at one steady rate until he leaves. Nothing is added to the likelihood: no
    prior, no penalty.

    Parameters
    ----------
    purchases : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id, x, t_x, T in weeks, as `summarise_purchases` or `summarise_profile` give it.
    model : {"bg_nbd", "mbg_nbd", "pareto_nbd"}
        BG/NBD calls everybody without a repeat purchase certainly alive; the other two do not.

    Returns
    -------
    PurchaseFit

    Raises
    ------
    TableError
        The table breaks its contract, has one customer only, nobody bought again, or nobody was seen for any time.

    Examples
    --------
    >>> import pandas as pd
    >>> purchases = pd.DataFrame({"customer_id": range(6), "x": [0, 0, 0, 1, 2, 9], "t_x": [0, 0, 0, 3.0, 9, 35],
    ...     "T": [38.0, 30, 35, 38, 32, 38]})
    >>> fit_purchases(purchases).n_repeaters
    3

    Source: Fader, Hardie and Lee (2005), Marketing Science 24, 275-284; Batislam, Denizel and Filiztekin (2007), IJRM
    24, 201-209; Schmittlein, Morrison and Colombo (1987), Management Science 33, 1-24.
    """
    table = read_purchases(purchases)
    repeaters = int((table["x"] > 0).sum())
    if len(table) < 2:
        says = "one customer is too few: the model describes how customers differ. Give it all customers of the cohort"
        raise TableError([says], "purchases")
    if not repeaters:
        raise TableError(["nobody bought again: a rate of buying cannot be told"], "purchases")
    law = MODELS[model]
    values, weight, _ = group_alike(table)
    unit = float(np.average(values["T"], weights=weight))  # times in units of it, so that each scale starts near 1
    history = (values["x"].astype(float), values["t_x"] / unit, values["T"] / unit)
    start = np.array(law.start)
    if len(weight) > MANY:
        some = slice(None, None, 1 + len(weight) // MANY)
        start = _climb(law, tuple(v[some] for v in history), weight[some].astype(float), start).theta
    found = _climb(law, history, weight.astype(float), start, is_near=len(weight) > MANY)
    of_time = np.array(law.of_time)
    theta = np.where(of_time, found.theta * unit, found.theta)
    log_likelihood = found.value - float(weight @ history[0]) * np.log(unit)
    notes = list(found.warnings)
    if repeaters < FEW:
        notes.append(f"only {repeaters:,} customers bought again: read the intervals first")
    named = dict(zip(law.parameters, map(float, theta), strict=True))
    weeks = float(table["T"].max())
    return PurchaseFit(
        model, named, found.covariance, float(log_likelihood), len(table), repeaters, weeks, tuple(notes)
    )


def _climb(
    law: BetaGeometric | Pareto,
    history: tuple[np.ndarray, ...],
    weight: np.ndarray,
    start: np.ndarray,
    *,
    is_near: bool = False,
) -> Maximum:
    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        x, t_x, T = history
        return law.score(theta, x, t_x, T, weight)

    return maximise(objective, start, law.parameters, float(weight.sum()), is_near=is_near)
