"""Profiles of clusters, and names that come from them: first look, then name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import headline
from loyalty.segment.clusters.grouping import Clustering
from loyalty.segment.clusters.members import SMALL_CLUSTER, keep_keys, list_missing, list_small
from loyalty.segment.clusters.scaling import read_features
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_mean
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import shorten

WIDEST = 2.0  # standard deviations at which the colours of the heat map end
TOLD = 0.25  # standard deviations from the mean of all from which a feature may stand in a name
MOST_WORDS = 2
PIVOTS = ("mean", "low", "high", "everybody", "shift")


@dataclass(frozen=True, eq=False)
class ClusterProfiles:
    """What the customers of each cluster are like; built by `profile_clusters`.

    `table` has one row a cluster and column: cluster, customers, column, mean, low, high (interval of the mean),
    everybody (mean of all customers) and shift, (mean - everybody) in standard deviations of all customers.
    """

    table: pd.DataFrame
    clustering: Clustering = field(repr=False)
    level: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a cluster and column."""
        return self.table.copy()

    def pivot(self, what: str = "mean") -> pd.DataFrame:
        """One row a column, one column a cluster; `what` is mean, low, high, everybody or shift."""
        if what not in PIVOTS:
            raise TableError([f"what should be one of {', '.join(PIVOTS)}, found {what!r}"], "pivot")
        order = list(dict.fromkeys(self.table["column"]))
        return self.table.pivot(index="column", columns="cluster", values=what).loc[order]

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw a heat map: colours say how far a cluster lies from everybody, numbers say its mean."""
        shifts = self.pivot("shift")
        means = self.pivot()
        ax = ax or plt.subplots(figsize=(9, 1.9 + 0.42 * len(shifts)))[1]
        ax.imshow(shifts, cmap="PuOr_r", vmin=-WIDEST, vmax=WIDEST, aspect="auto")
        for row, column in np.ndindex(shifts.shape):
            ink = "white" if abs(shifts.iat[row, column]) > 0.7 * WIDEST else "#111111"
            words = write_number(means.iat[row, column])
            ax.text(column, row, words, ha="center", va="center", color=ink, fontsize=10)
        sizes = self.table.drop_duplicates("cluster").set_index("cluster")["customers"]
        ax.set_xticks(range(len(sizes)), [f"{cluster}\n({n:,})" for cluster, n in sizes.items()])
        ax.set_yticks(range(len(shifts)), list(shifts.index))
        ax.set_xlabel("cluster (customers)")
        ax.grid(visible=False)
        ax.tick_params(length=0)
        subtitle = "means; orange is more than everybody has, violet is less"
        headline(ax, title or "What the clusters are like", subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = f"{self.pivot().shape[1]} clusters: means, and in brackets {100 * self.level:g} % intervals"
        shown = self.table.assign(
            said=[
                f"{write_number(row.mean)} ({write_number(row.low)} to {write_number(row.high)})"
                for row in self.table[["mean", "low", "high"]].itertuples(index=False)
            ]
        )
        order = list(dict.fromkeys(shown["column"]))
        wide = shown.pivot(index="column", columns="cluster", values="said").loc[order].reset_index()
        return render_html(wide, title, self.warnings)


@check_arguments
def profile_clusters(
    clustering: Clustering, table: AnyTable, columns: Sequence[str], *, level: float = 0.95
) -> ClusterProfiles:
    """Describe each cluster by the means of columns, also of columns that did not make the clusters.

    Clusters differ in the columns from which they were cut; that is how they were made, and no finding. What counts is
    whether they differ in something else, and in something that can be acted on.

    Parameters
    ----------
    clustering : Clustering
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and the columns, in their own units (not scaled); the same customers.
    columns : sequence of str
    level : float
        Coverage of the intervals, a fraction.

    Returns
    -------
    ClusterProfiles
        Intervals of a mean by Student's t; not known for a cluster of one, or where all its customers are alike.

    Raises
    ------
    TableError
        A column is missing or empty for some customer, or the table speaks of other customers.

    Examples
    --------
    >>> from loyalty.segment.clusters.grouping import cluster_customers
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> table = pd.DataFrame({"customer_id": [1, 2, 3, 4], "visits": [1, 2, 30, 31]})
    >>> found = cluster_customers(scale_features(table, ["visits"]), 2)
    >>> profile_clusters(found, table, ["visits"]).pivot().to_numpy().tolist()
    [[30.5, 1.5]]
    """
    if not 0 < level < 1:
        raise TableError([f"level should lie between 0 and 1, found {level:g}"], "profile_clusters")
    people = match_table(clustering, table, columns)
    found = pd.concat([_describe(people, name, level) for name in columns])
    found["place"] = found["column"].map({name: place for place, name in enumerate(columns)})
    found = found.sort_values(["cluster", "place"], ignore_index=True).drop(columns="place")
    small = list_small(people["cluster"])
    notes = (f"under {SMALL_CLUSTER} customers, their means say little: cluster {', '.join(small)}",) if small else ()
    return ClusterProfiles(found, clustering, level, notes)


def match_table(clustering: Clustering, table: AnyTable, columns: Sequence[str]) -> pd.DataFrame:
    """Put each customer's cluster beside columns of a table; refuse customers whom the other lacks.

    Parameters
    ----------
    clustering : Clustering
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
    columns : sequence of str

    Returns
    -------
    pandas.DataFrame
        customer_id, the columns, cluster; sorted by customer_id.

    Raises
    ------
    TableError
        The two speak of different customers.
    """
    rows = read_features(table, columns)
    known = clustering.table
    problems = list_missing(rows["customer_id"], known["customer_id"], "the table", "the clustering")
    if problems:
        raise TableError(problems, "table and clustering")
    return rows.assign(cluster=known["cluster"].to_numpy())


def _describe(people: pd.DataFrame, column: str, level: float) -> pd.DataFrame:
    """One row a cluster: the mean of a column, its interval, and how far it lies from everybody's."""
    values = people[column].astype(float)
    sums = values.groupby(people["cluster"]).agg(["size", "mean", "std"])
    low, high = interval_of_mean(sums["mean"], sums["std"], sums["size"], level=level)
    everybody, spread = values.mean(), values.std(ddof=0)
    table = pd.DataFrame({"cluster": sums.index, "customers": sums["size"].to_numpy(), "column": column})
    table["mean"] = sums["mean"].to_numpy()
    table = table.assign(low=low, high=high, everybody=everybody)
    table["shift"] = (table["mean"] - everybody) / spread if spread > 0 else 0.0
    return table


def write_number(value: float) -> str:
    """Write a mean of any size shortly.

    Examples
    --------
    >>> write_number(0.1234), write_number(12.34), write_number(1234.5), write_number(float("nan"))
    ('0.12', '12', '1.2k', '?')
    """
    if not np.isfinite(value):
        return "?"
    if abs(value) < 10:
        return f"{value:.2f}" if abs(value) < 1 else f"{value:.1f}"
    return shorten(round(value))


@check_arguments
def name_clusters(
    profiles: ClusterProfiles, names: Mapping[int, str] | None = None, *, version: str = "1"
) -> pd.DataFrame:
    """Turn clusters into named segments, one a customer, for cards, migration and campaigns.

    A name is a claim. Without `names` each cluster is named after the one or two columns in which it lies farthest from
    everybody; so look at the profiles first, and then choose better words. Noise keeps its own name.

    Parameters
    ----------
    profiles : ClusterProfiles
    names : mapping of int to str, optional
        A name for each cluster. All different, none empty.
    version : str
        Of the scheme `clusters`: change it whenever the clusters are made anew.

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of where it is known, scheme, version, segment: a snapshot, as `make_cards` takes it.

    Raises
    ------
    TableError
        A cluster has no name, two have the same, or a name is for a cluster that is not there.

    Examples
    --------
    >>> from loyalty.segment.clusters.grouping import cluster_customers
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> table = pd.DataFrame({"customer_id": [1, 2, 3, 4], "visits": [1, 2, 30, 31]})
    >>> found = cluster_customers(scale_features(table, ["visits"]), 2)
    >>> name_clusters(profile_clusters(found, table, ["visits"]))["segment"].tolist()
    ['2: low visits', '2: low visits', '1: high visits', '1: high visits']
    """
    table = profiles.clustering.table
    found = sorted(set(table["cluster"].tolist()))
    chosen = _make_names(profiles) if names is None else dict(names)
    texts = [key for key in chosen if isinstance(key, str)]
    if texts:
        raise TableError(
            [f"names should begin with numbers of clusters, as in {{1: …}}, found {texts[0]!r}, a text"], "names"
        )
    problems = []
    for cluster in found:
        if not str(chosen.get(cluster, "")).strip():
            problems.append(f"cluster {cluster} has no name")
    for cluster in chosen:
        if cluster not in found:
            problems.append(f"there is no cluster {cluster}")
    given = [name.strip() for name in chosen.values()]
    twice = sorted({name for name in given if name and given.count(name) > 1})
    problems += [f"two clusters are called {name!r}: then which of them is meant?" for name in twice]
    if problems:
        raise TableError(problems, "names")
    segments = table["cluster"].map({cluster: chosen[cluster].strip() for cluster in found}).astype("str")
    return keep_keys(table).assign(scheme="clusters", version=version, segment=segments)


def _make_names(profiles: ClusterProfiles) -> dict[int, str]:
    """Name each cluster after what is farthest from everybody, if its interval leaves everybody out."""
    names = {}
    for cluster, rows in profiles.table.groupby("cluster"):
        beyond = (rows["low"] > rows["everybody"]) | (rows["high"] < rows["everybody"])
        clear = rows[(beyond | rows["low"].isna()) & (rows["shift"].abs() >= TOLD)]
        order = clear["shift"].abs().sort_values(ascending=False, kind="stable").index[:MOST_WORDS]
        words = [f"{'high' if clear.at[i, 'shift'] > 0 else 'low'} {clear.at[i, 'column']}" for i in order]
        said = ", ".join(words) or "like everybody"
        names[int(cluster)] = f"noise: {said}" if cluster == 0 else f"{cluster}: {said}"
    return names
