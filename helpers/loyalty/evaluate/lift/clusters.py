"""Cluster randomisation: households, stores or cities that were drawn as a whole are compared as a whole.

Customers of one store share its weather, its shelf and its manager. Who counts them as so many independent draws takes
the luck of a few stores for the effect of the campaign.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb
from typing import Any

import narwhals as nw
import numpy as np

from loyalty.stats.clusters import FEW, Clusters, find_icc, find_least_p
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import doubt_moments
from loyalty.tables.check import TableError
from loyalty.tables.sources import collect
from loyalty.tables.wave.assigned import Assigned
from loyalty.tables.wave.together import find_wrong_clusters

DEALS = 10_000  # so many ways to deal the clusters are gone through one by one; of more, so many are drawn
LEAN = 0.25  # one cluster with a larger share of its group's customers carries the answer
SEED = 1  # of the deals that are drawn: the same table gives the same interval
ROUNDING = 1e-12  # 1 - 0.9 is a little less than 0.1
NEAR = 1e-4  # of a standard error: an end of the interval that is known so well is found
HALVINGS = 100  # at most: numbers far from zero have no finer steps


class TooFewClusters(TableError):
    """So few clusters that no result could be told from chance."""


def compare_clusters(
    treated: Clusters,
    control: Clusters,
    *,
    what: str = "clusters",
    kind: str = "mean",
    level: float = 0.95,
    estimand: str = "ATE",
    cost: float = 0.0,
) -> Estimate:
    """Compare two groups of clusters; each customer (or unit of the denominator) counts alike.

    From ten clusters a group on: the cluster-robust CR2 variance and a t interval with the degrees of freedom of Bell
    and McCaffrey (Satterthwaite, under independence). With fewer: the clusters are dealt again in all ways (or 10,000
    of them); p is the share of deals whose t is at least as large, and the interval holds the effects, the same for
    every customer, that such a test does not refuse.

    Not for customers who were drawn one by one inside stores; then the store is a stratum.

    Parameters
    ----------
    treated, control : Clusters
    what : str
        What a cluster is, in the plural, for the method and messages.
    kind : {"mean", "rate", "ratio"}
    level : float
        Coverage of the interval, a fraction.
    estimand : str
    cost : float
        What each treated customer costs besides: a known amount, taken off before clusters are dealt. Not for ratios.

    Returns
    -------
    Estimate
        `details`: clusters_treated, clusters_control, icc (intra-class correlation; NaN for ratios), design_effect
        (variance over that of as many independent customers), df.

    Raises
    ------
    TooFewClusters
        If no deal of so few clusters can be told from chance at this level: 3 against 3 can be dealt in 20 ways, so
        that p is never under .1.

    Examples
    --------
    >>> from loyalty.stats.clusters import sum_clusters
    >>> ours = sum_clusters([5.0, 6.0, 7.0, 9.0] * 3, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6])
    >>> theirs = sum_clusters([4.0, 5.0, 5.0, 6.0] * 3, [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6])
    >>> found = compare_clusters(ours, theirs, what="stores")
    >>> found.effect, found.method
    (1.75, 'difference of means (6 and 6 stores, randomisation test)')

    Source: CR2 and its degrees of freedom: Bell and McCaffrey (2002), Survey Methodology 28, 169-181; Pustejovsky and
    Tipton (2018), Journal of Business & Economic Statistics 36, 672-683. Few clusters: Gail, Mark, Carroll, Green and
    Pee (1996), Statistics in Medicine 15, 1069-1092.
    """
    sides = (treated, control)
    counts = [len(side.total) for side in sides]
    if min(counts) < 2:
        says = (
            f"there are {counts[0]} {what} that were treated and {counts[1]} of control, and two of each group are the "
            "least: of a single one nobody can tell what was sent from what sets it apart; next time draw several "
            "for each group"
        )
        raise TooFewClusters([says], "contacts")
    is_few = min(counts) < FEW
    if is_few:
        _refuse_too_few(counts, what, level)
    name = {"mean": "means", "rate": "rates of clusters", "ratio": "ratios"}[kind]
    effect = treated.mean - control.mean - cost
    variances = [float((side.residuals**2).sum()) for side in sides]
    df = find_df(treated, control)
    fields: dict[str, Any] = {
        "method": f"difference of {name} ({counts[0]} and {counts[1]} {what}, "
        f"{'randomisation test' if is_few else 'CR2'})",
        "estimand": estimand,
        "n_treated": int(treated.customers.sum()),
        "n_control": int(control.customers.sum()),
        "base": control.mean,
        "level": level,
    }
    details = {
        "clusters_treated": counts[0],
        "clusters_control": counts[1],
        "icc": find_icc(sides) if kind != "ratio" else float("nan"),
        "design_effect": _find_design_effect(sides, sum(variances)) if kind != "ratio" else float("nan"),
        "df": df,
        "se_control": variances[1] ** 0.5,
    }
    notes = _doubt(sides, what)
    error = float(np.sqrt(sum(variances)))
    found = make_estimate(effect, error, df=df, details=details, warnings=tuple(notes), **fields)
    if is_few and error > 0:
        deals = _Deals.of(replace(treated, total=treated.total - cost * treated.customers), control)
        low, high = deals.invert(1 - level + ROUNDING)
        found = Estimate(
            effect=effect,
            low=low,
            high=high,
            se=error,
            p=deals.test(0.0),
            details={**found.details, "deals": len(deals.which)},
            warnings=found.warnings,
            **fields,
        )
    return found


def find_df(treated: Clusters, control: Clusters) -> float:
    """Degrees of freedom of a CR2 variance, as if the customers were independent (Bell and McCaffrey).

    Examples
    --------
    >>> from loyalty.stats.clusters import sum_clusters
    >>> side = sum_clusters(range(12), [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4])
    >>> round(find_df(side, side), 6)
    6.0
    """
    traces = []
    squares = []
    for side in (treated, control):
        all_of_it = side.size.sum()
        q = side.size**2 / (1 - side.size / all_of_it)
        # Eigenvalues are not needed: a trace, and the sum of the squares of the matrix
        traces.append(1 / all_of_it)
        off = (q.sum() ** 2 - (q**2).sum()) / all_of_it**2
        squares.append(((side.size**2).sum() + off) / all_of_it**4)
    return float(sum(traces) ** 2 / sum(squares))


def _find_design_effect(sides: Sequence[Clusters], variance: float) -> float:
    """The variance found over the one that as many independent customers would have."""
    alone = 0.0
    for side in sides:
        n = side.customers.sum()
        spread = (side.squares.sum() - side.total.sum() ** 2 / n) / (n - 1)
        alone += spread / n
    return variance / alone if alone > 0 else float("nan")


def _refuse_too_few(counts: Sequence[int], what: str, level: float) -> None:
    ours, theirs = counts
    ways = comb(ours + theirs, ours)
    least = find_least_p(ours, theirs)
    if least <= 1 - level + ROUNDING:
        return
    says = f"{ours} and {theirs} {what} can be dealt in {ways:,} ways, so that p is never under {least:.2g}"
    mend = "draw more of them, four of each group at least, or measure customers who were drawn one by one"
    raise TooFewClusters([f"{says}: nothing can be told from chance at a level of {level:.0%}; {mend}"], "contacts")


def _doubt(sides: Sequence[Clusters], what: str) -> list[str]:
    """Say which group one cluster carries. Skewness is no reason: a cluster that stands out widens the interval."""
    notes = list(doubt_moments(0.0, [float(side.filled.sum()) for side in sides]))
    for side, name in zip(sides, ("treated", "control"), strict=True):
        share = float((side.size / side.size.sum()).max())
        if share > LEAN:
            notes.append(
                f"one of the {len(side.size)} {what} of {name} holds {share:.0%} of it: the answer leans on it"
            )
    return notes


def read_clusters(
    data: Assigned, metrics: Sequence[tuple[str, str | None]], cluster: str
) -> dict[tuple[str, str], dict[tuple[str, str | None], Clusters]]:
    """Add up the customers of a wave by group, segment and cluster, in one scan.

    Parameters
    ----------
    data : Assigned
        Opened with `cluster` among the columns asked for.
    metrics : sequence of (str, str or None)
        An outcome, and what it is divided by.
    cluster : str
        Column of the contacts.

    Returns
    -------
    dict of (arm, segment) to dict of metric to Clusters

    Raises
    ------
    TableError
        The column is not there or empty, a cluster stands in two groups, or chances differ.
    """
    names = data.table.collect_schema().names()
    if cluster not in names:
        raise TableError([f"there is no column `{cluster}`, which should say who was drawn together"], "contacts")
    numbers = list(dict.fromkeys(name for metric in metrics for name in metric if name))
    sums = [nw.col(name).sum().alias(f"sum:{name}") for name in numbers]
    powers = [(nw.col(name) ** 2).sum().alias(f"squares:{name}") for name in numbers]
    powers += [(nw.col(name) != 0).cast(nw.Int64).sum().alias(f"filled:{name}") for name in numbers]
    weights = [nw.col("weight").min().alias("least"), nw.col("weight").max().alias("most")]
    keys = ["arm", "segment", cluster]
    lazy = data.table.group_by(*keys).agg(nw.len().alias("customers"), *sums, *powers, *weights)
    table = collect(lazy).sort_values(keys, ignore_index=True, key=lambda column: column.astype(str))
    problems = find_wrong_clusters(table, cluster)
    if problems:
        raise TableError(problems, "contacts")
    found: dict[tuple[str, str], dict[tuple[str, str | None], Clusters]] = {}
    for (arm, segment), rows in table.groupby(["arm", "segment"]):
        customers = rows["customers"].to_numpy(float)
        found[str(arm), str(segment)] = {
            (name, per): Clusters(
                customers,
                rows[f"sum:{name}"].to_numpy(float),
                rows[f"squares:{name}"].to_numpy(float),
                customers if per is None else rows[f"sum:{per}"].to_numpy(float),
                rows[f"filled:{name}"].to_numpy(float),
            )
            for name, per in metrics
        }
    return found


@dataclass(frozen=True)
class _Deals:
    """Ways to deal all clusters into two groups; the first one is that which was drawn."""

    which: np.ndarray  # a row a deal, a column a cluster: whether it is treated
    total: np.ndarray
    size: np.ndarray
    treated: np.ndarray  # the clusters that were treated

    @classmethod
    def of(cls, treated: Clusters, control: Clusters) -> _Deals:
        ours = len(treated.total)
        many = ours + len(control.total)
        drawn = np.arange(many) < ours
        if comb(many, ours) <= DEALS:
            places = np.array(list(combinations(range(many), ours)))
            which = np.zeros((len(places), many), dtype=bool)
            which[np.arange(len(places))[:, None], places] = True  # the first combination is the one that was drawn
        else:
            luck = np.random.default_rng((SEED, ours, many)).random((DEALS, many))
            which = luck.argsort(axis=1).argsort(axis=1) < ours
            which[0] = drawn
        total = np.concatenate([treated.total, control.total])
        return cls(which, total, np.concatenate([treated.size, control.size]), drawn)

    def find_t(self, total: np.ndarray) -> np.ndarray:
        """The CR2 t of each deal."""
        means = []
        variances = []
        for side in (self.which, ~self.which):
            size = np.where(side, self.size, 0.0)
            whole = size.sum(axis=1, keepdims=True)
            mean = np.where(side, total, 0.0).sum(axis=1, keepdims=True) / whole
            left = np.where(side, total - mean * self.size, 0.0) / whole
            means.append(mean[:, 0])
            variances.append((left**2 / (1 - size / whole)).sum(axis=1))
        with np.errstate(divide="ignore", invalid="ignore"):
            return (means[0] - means[1]) / np.sqrt(variances[0] + variances[1])

    def test(self, effect: float) -> float:
        """The share of deals with a t as large as that which was drawn, if every customer gained `effect`."""
        t = np.abs(self.find_t(self.total - effect * self.size * self.treated))
        t = np.where(np.isnan(t), 0.0, t)
        return float((t >= t[0] * (1 - 1e-12)).mean())

    def invert(self, alpha: float) -> tuple[float, float]:
        """The interval: from the lowest to the highest effect that is not refused."""
        here = float(
            self.total[self.treated].sum() / self.size[self.treated].sum()
            - self.total[~self.treated].sum() / self.size[~self.treated].sum()
        )
        t = float(self.find_t(self.total)[0])
        step = abs(here / t) if t != 0 else 0.0
        if not step > 0:
            step = float(np.std(self.total / self.size)) or 1.0
        ends = []
        for way in (-1, 1):
            near = here
            far = here + way * 4 * step
            for _ in range(30):
                if self.test(far) <= alpha:
                    break
                near, far = far, here + 2 * (far - here)
            else:
                ends.append(way * float("inf"))
                continue
            for _ in range(HALVINGS):
                if abs(far - near) <= NEAR * step:
                    break
                middle = (near + far) / 2
                near, far = (near, middle) if self.test(middle) <= alpha else (middle, far)
            ends.append(far)
        return ends[0], ends[1]
