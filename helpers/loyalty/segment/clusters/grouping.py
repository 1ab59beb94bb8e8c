"""Clusters of customers: everybody gets one, numbered by a rule that does not depend on the order of rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loyalty.segment.clusters.fitting import METHODS, NOISE, Fitted, fit_clusters
from loyalty.segment.clusters.members import SMALL_CLUSTER, keep_keys, list_small
from loyalty.segment.clusters.scaling import ScaledFeatures, scale_features
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

UNSTABLE = 0.9  # agreement of the starts under which the result depends on the seed


@dataclass(frozen=True, eq=False)
class Clustering:
    """One cluster for each customer; built by `cluster_customers`.

    `table` has customer_id, as_of where it was given, and cluster: 1 is the cluster with the highest mean of `rank_by`,
    0 is noise (HDBSCAN only). `centres` has one row a cluster, in the unit of the features. `starts_agree` is the mean
    agreement (adjusted Rand index) of the other starts of k-means or of a mixture with the best one; NaN for Ward and
    HDBSCAN, which have no starts.
    """

    table: pd.DataFrame = field(repr=False)
    k: int
    method: str
    rank_by: str
    seed: int
    centres: pd.DataFrame = field(repr=False)
    features: ScaledFeatures = field(repr=False)
    fitted: Fitted = field(repr=False)
    numbers: np.ndarray = field(repr=False)
    starts_agree: float = float("nan")
    warnings: tuple[str, ...] = ()

    @property
    def sizes(self) -> pd.DataFrame:
        """One row a cluster: customers and share."""
        count = self.table["cluster"].value_counts().sort_index()
        return pd.DataFrame({"cluster": count.index, "customers": count.to_numpy(), "share": count / len(self.table)})

    def to_frame(self) -> pd.DataFrame:
        """One row a customer."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = f"{self.k} clusters of {len(self.table):,} customers ({self.method}), 1 has the highest {self.rank_by}"
        return render_html(self.sizes.reset_index(drop=True), title, self.warnings)


@check_arguments
def cluster_customers(
    features: ScaledFeatures,
    k: int,
    *,
    method: str = "k-means",
    rank_by: str = "",
    seed: int = 0,
) -> Clustering:
    """Cluster customers with k-means, a Gaussian mixture, Ward's hierarchical clustering or HDBSCAN.

    Every method returns clusters, whether there are groups or not: ask `find_groups` first. k-means starts ten times
    with fixed seeds, on 50,000 customers at most, and then runs over all of them. The other methods are fitted on
    10,000 customers at most; the rest joins the nearest. A mixture starts five times. The best start is taken, and a
    warning says if the others end elsewhere. Neither ids nor the order of rows decide, but seeds may.

    Parameters
    ----------
    features : ScaledFeatures
    k : int
        How many clusters, 2 or more. For HDBSCAN: the fewest customers that make a cluster; it finds k itself.
    method : str
        "k-means", "mixture", "ward" or "hdbscan".
    rank_by : str
        The feature by which clusters are numbered, highest mean first: "monetary" if there is one, else the first.
    seed : int

    Returns
    -------
    Clustering
        All customers, in the order of customer_id; equal customers are always together. HDBSCAN's noise is cluster 0.

    Raises
    ------
    TableError
        More clusters than customers that differ, or an unknown method or feature.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2, 3, 4], "visits": [1, 2, 30, 31], "money": [5.0, 6.0, 90.0, 91.0]})
    >>> found = cluster_customers(scale_features(table, ["visits", "money"]), 2)
    >>> found.table["cluster"].tolist()
    [2, 2, 1, 1]

    Sources: MacQueen (1967) and Lloyd (1982) for k-means; Ward (1963); Campello, Moulavi and Sander (2013) for HDBSCAN.
    """
    rank_by = rank_by or ("monetary" if "monetary" in features.columns else features.columns[0])
    values = features.values
    problems = []
    if method not in METHODS:
        problems.append(f"method should be one of {', '.join(METHODS)}, found {method!r}")
    if rank_by not in features.columns:
        problems.append(f"rank_by should be one of the features ({', '.join(features.columns)}), found {rank_by!r}")
    if k < 2:
        problems.append(f"k should be 2 or more, found {k}")
    different = count_distinct(values, max(k, 2))
    if method == "hdbscan" and k > len(values):
        problems.append(f"clusters of {k} customers or more, but there are {len(values):,}")
    elif method != "hdbscan" and different < k:
        problems.append(f"k = {k} clusters, but only {different:,} customers differ from each other")
    if problems:
        raise TableError(problems, "cluster_customers")
    fitted = fit_clusters(values, k, method, seed)
    places = fitted.place(values)
    numbers = _number(values, places, features.columns, rank_by)
    clusters = _rename(places, numbers)
    table = keep_keys(features.table).assign(cluster=clusters)
    found = sorted(set(clusters.tolist()) - {0})
    centres = pd.DataFrame([values[clusters == one].mean(axis=0) for one in found], columns=features.columns)
    centres.insert(0, "cluster", found)
    notes = _warn(table["cluster"], fitted, k, method, len(found))
    kept = int(len(found))
    return Clustering(
        table, kept, method, rank_by, seed, centres, features, fitted, numbers, fitted.starts_agree, tuple(notes)
    )


@check_arguments
def assign_clusters(clustering: Clustering, table: AnyTable) -> pd.DataFrame:
    """Give new customers, or the same ones at a later date, the cluster that they belong to.

    k-means takes the nearest centre, a mixture the most likely cluster, Ward and HDBSCAN the cluster of the nearest
    customer (which may be noise). The scaling is that of the first time, and nothing is learned again.

    Parameters
    ----------
    clustering : Clustering
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and the same columns, in the same units.

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of where it was given, cluster; sorted by customer_id.

    Raises
    ------
    TableError
        A column is missing, or empty for some customer.

    Examples
    --------
    >>> table = pd.DataFrame({"customer_id": [1, 2, 3, 4], "visits": [1, 2, 30, 31]})
    >>> known = cluster_customers(scale_features(table, ["visits"]), 2)
    >>> assign_clusters(known, pd.DataFrame({"customer_id": [9], "visits": [28]}))["cluster"].tolist()
    [1]
    """
    features = scale_features(table, ruler=clustering.features)
    clusters = _rename(clustering.fitted.place(features.values), clustering.numbers)
    return keep_keys(features.table).assign(cluster=clusters)


def count_distinct(values: np.ndarray, most: int) -> int:
    """Count the rows that differ; once there are more than `most`, any larger number will do.

    Examples
    --------
    >>> count_distinct(np.array([[1.0], [1.0], [2.0]]), 5)
    2
    """
    for rows in (10 * most, len(values)):
        found = len(np.unique(values[:rows], axis=0))
        if found > most:
            return found
    return found


def _number(values: np.ndarray, places: np.ndarray, columns: list[str], rank_by: str) -> np.ndarray:
    """Number the clusters from 1, highest mean of a feature first; further features settle a tie."""
    names = [rank_by, *(name for name in columns if name != rank_by)]
    order = [columns.index(name) for name in names]
    found = np.unique(places[places != NOISE])
    means = np.array([values[places == place][:, order].mean(axis=0) for place in found]).reshape(-1, len(order))
    numbers = np.zeros(int(found.max(initial=-1)) + 1, dtype=int)
    if len(found):
        ranked = np.lexsort(-means.T[::-1])
        numbers[found[ranked]] = np.arange(1, len(found) + 1)
    return numbers


def _rename(places: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Turn places into numbers; noise becomes 0."""
    if not len(numbers):
        return np.zeros(len(places), dtype=int)
    return np.where(places == NOISE, 0, numbers[np.maximum(places, 0)])


def _warn(clusters: pd.Series, fitted: Fitted, k: int, method: str, found: int) -> list[str]:
    notes = []
    small = list_small(clusters[clusters > 0])
    if small:
        notes.append(f"under {SMALL_CLUSTER} customers, too few to plan with: cluster {', '.join(small)}")
    if fitted.starts_agree < UNSTABLE:
        notes.append(
            f"the starts of {'the mixture' if method == 'mixture' else method} end in different clusters (mean "
            f"agreement {fitted.starts_agree:.2f} of 1): with another seed other customers may be together"
        )
    if fitted.fitted_on < len(clusters):
        notes.append(f"fitted on {fitted.fitted_on:,} of {len(clusters):,} customers; the rest joined the nearest")
    if method == "hdbscan":
        noise = int((clusters == 0).sum())
        if noise:
            notes.append(f"{noise:,} of {len(clusters):,} customers are noise, segment 0: they are in no dense place")
        if not found:
            notes.append("HDBSCAN found no cluster at all")
    elif found < k:
        notes.append(f"only {found} of {k} clusters hold customers")
    return notes
