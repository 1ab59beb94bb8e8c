"""Stability of clusters: draw the customers again, cluster again, and see who is still together."""

from __future__ import annotations

from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, TREATED, grid_along_x, headline
from loyalty.segment.clusters.agreement import adjust_rand
from loyalty.segment.clusters.fitting import METHODS, fit_clusters, pick_rows
from loyalty.segment.clusters.grouping import cluster_customers
from loyalty.segment.clusters.scaling import ScaledFeatures
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

STABLE, DISSOLVES = 0.75, 0.6  # Hennig's reading of the mean Jaccard index


@dataclass(frozen=True, eq=False)
class Stability:
    """How stable clusters are when the customers are drawn again; built by `measure_stability`.

    `table` has one row a cluster: customers, jaccard (mean share that stays together), low, high (the middle 95 % of
    the draws) and reading: "stable" from 0.75, "doubtful" from 0.6, else "dissolves". `ari` is the mean agreement of
    the whole clustering, with the middle 95 % of the draws.
    """

    table: pd.DataFrame
    ari: float
    low: float
    high: float
    k: int
    method: str
    draws: int
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a cluster."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the share of each cluster that stays together, with the middle 95 % of the draws."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 1.6 + 0.5 * len(rows)))[1]
        looks = {"stable": TREATED, "doubtful": CONTROL, "dissolves": GREY}
        places = range(len(rows))
        ax.barh(places, rows["jaccard"], color=[looks[word] for word in rows["reading"]], height=0.6)
        ax.hlines(places, rows["low"], rows["high"], color="#333333", linewidth=2)
        ax.axvline(STABLE, color=HIGHLIGHT, linewidth=1, linestyle="--")
        ax.annotate("stable", (STABLE, -0.62), (4, 0), textcoords="offset points", color=HIGHLIGHT, fontsize=9)
        names = [f"cluster {row.cluster} ({row.customers:,})" for row in rows.itertuples()]
        ax.set_yticks(places, names)
        ax.set(xlim=(0, 1.02), ylim=(len(rows) - 0.5, -0.85), xlabel="share that stays together (Jaccard)")
        grid_along_x(ax)
        steady = int((rows["reading"] == "stable").sum())
        subtitle = f"mean and middle 95 % of {self.draws} draws of the customers; agreement as a whole {self.ari:.2f}"
        headline(ax, title or f"{steady} of {len(rows)} clusters are stable", subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = (
            f"{self.k} clusters ({self.method}) drawn {self.draws} times: agreement {self.ari:.2f} "
            f"({self.low:.2f} to {self.high:.2f}); 1 is the same, 0 is chance"
        )
        return render_html(self.table.round(2), title, self.warnings)


@check_arguments
def measure_stability(
    features: ScaledFeatures,
    k: int,
    *,
    method: str = "k-means",
    rank_by: str = "",
    draws: int = 50,
    seed: int = 0,
    max_rows: int = 5_000,
) -> Stability:
    """Measure the stability of clusters by the bootstrap: adjusted Rand index, and Jaccard index of each cluster.

    The customers are drawn again with replacement, clustered again with another seed, and everybody gets the cluster of
    the new run. Stability is no proof of groups: a cloud can be cut at the same place each time. But what is not stable
    is no group.

    Parameters
    ----------
    features : ScaledFeatures
    k : int
        As for `cluster_customers`.
    method, rank_by, seed : as for `cluster_customers`
    draws : int
    max_rows : int
        Customers used, drawn at random.

    Returns
    -------
    Stability

    Raises
    ------
    TableError
        As `cluster_customers` does.

    Examples
    --------
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> table = pd.DataFrame({"customer_id": range(40), "a": [0, 1] * 10 + [50, 51] * 10, "b": [0] * 20 + [9] * 20})
    >>> measure_stability(scale_features(table, ["a", "b"]), 2, draws=5).ari
    1.0

    Source: Hennig (2007), Computational Statistics and Data Analysis 52, 258-271.
    """
    problems = []
    if method not in METHODS:
        problems.append(f"method should be one of {', '.join(METHODS)}, found {method!r}")
    if max_rows < 2:
        problems.append(f"max_rows should be 2 or more, found {max_rows}")
    if problems:
        raise TableError(problems, "measure_stability")
    rows = pick_rows(len(features.table), max_rows, seed)
    sample = features.take(rows)
    base = cluster_customers(sample, k, method=method, rank_by=rank_by, seed=seed)
    values = sample.values
    labels = base.table["cluster"].to_numpy()
    found = np.unique(labels)
    rng = np.random.default_rng([seed, 19])
    agreements = np.empty(draws)
    stays = np.empty((draws, len(found)))
    for draw in range(draws):
        again = values[rng.integers(0, len(values), len(values))]
        new = fit_clusters(again, k, method, seed + draw + 1, starts=3).place(values)
        cells = count_pairs(labels, new)
        agreements[draw] = adjust_rand(cells)
        stays[draw] = find_jaccard(cells).max(axis=1)
    result = pd.DataFrame({"cluster": found, "customers": [int((labels == one).sum()) for one in found]})
    result["jaccard"] = stays.mean(axis=0)
    result["low"], result["high"] = np.quantile(stays, [0.025, 0.975], axis=0)
    result["reading"] = [read_jaccard(value) for value in result["jaccard"]]
    low, high = np.quantile(agreements, [0.025, 0.975])
    notes = _warn(result, draws, len(values), len(features.table))
    if base.k == 0:
        notes = ["no cluster was found: what looks stable is that nobody belongs to one", *notes]
    return Stability(result, float(agreements.mean()), float(low), float(high), base.k, method, draws, tuple(notes))


def count_pairs(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Count the customers of each pair of clusters.

    Examples
    --------
    >>> count_pairs(np.array([1, 1, 2]), np.array([5, 5, 6])).tolist()
    [[2, 0], [0, 1]]
    """
    here, i = np.unique(first, return_inverse=True)
    there, j = np.unique(second, return_inverse=True)
    return np.bincount(i * len(there) + j, minlength=len(here) * len(there)).reshape(len(here), len(there))


def find_jaccard(cells: np.ndarray) -> np.ndarray:
    """Find the Jaccard index of each pair of clusters: customers in both over customers in either.

    Examples
    --------
    >>> find_jaccard(np.array([[2, 0], [0, 1]])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    either = cells.sum(axis=1, keepdims=True) + cells.sum(axis=0, keepdims=True) - cells
    return cells / np.maximum(either, 1)


def read_jaccard(value: float) -> str:
    """Say what a mean Jaccard index means.

    Examples
    --------
    >>> read_jaccard(0.8), read_jaccard(0.7), read_jaccard(0.2)
    ('stable', 'doubtful', 'dissolves')
    """
    if value >= STABLE:
        return "stable"
    return "doubtful" if value >= DISSOLVES else "dissolves"


def _warn(table: pd.DataFrame, draws: int, used: int, customers: int) -> list[str]:
    notes = []
    weak = [str(row.cluster) for row in table.itertuples() if row.reading == "dissolves"]
    if weak:
        notes.append(f"cluster {', '.join(weak)} dissolves when the customers are drawn again: build no plan on it")
    if draws < 20:
        notes.append(f"{draws} draws are few: the intervals are rough")
    if used < customers:
        notes.append(f"measured on {used:,} of {customers:,} customers; all of them together are a little more stable")
    return notes
