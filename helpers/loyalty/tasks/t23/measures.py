"""The drugstore's households clustered in the right way and in usual wrong ones."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from loyalty.segment.clusters import (
    Clustering,
    ClusterProfiles,
    GroupTest,
    KChoice,
    ScaledFeatures,
    Stability,
    choose_k,
    cluster_customers,
    find_groups,
    measure_stability,
    profile_clusters,
    scale_features,
)
from loyalty.segment.clusters.fitting import pick_rows
from loyalty.segment.clusters.groups import measure_valleys
from loyalty.segment.clusters.null_cloud import draw_cloud
from loyalty.tasks.t23.scene import read_drugstore

COLUMNS = ("recency_days", "receipts", "money", "promo_share")
K, SEED, DRAWS, CLOUDS = 4, 23, 30, 39
ROWS, ROWS_STABLE, ROWS_CHOICE = 700, 1_000, 600  # of ROWS: 19 and 99 clouds give other p-values than 39
KS = (2, 3, 4, 5, 6)


@cache
def scale(how: str = "auto", extra: tuple[str, ...] = (), less: int = 0) -> ScaledFeatures:
    """Scale the task's columns, perhaps one more or without the last ones."""
    columns = [*COLUMNS[: len(COLUMNS) - less], *extra]
    return scale_features(read_drugstore(), columns, how=how)


@cache
def cluster(k: int = K, how: str = "auto", extra: tuple[str, ...] = (), less: int = 0) -> Clustering:
    """Cluster the households, numbered by money."""
    return cluster_customers(scale(how, extra, less), k, rank_by="money", seed=SEED)


def count_in(made: Clustering, number: int = 1) -> int:
    """Count the households of a cluster."""
    return int((made.table["cluster"] == number).sum())


@cache
def count_unscaled(extra: tuple[str, ...] = ()) -> int:
    """Count the cluster with the most money when k-means gets the columns as they are."""
    table = read_drugstore()
    with threadpool_limits(1):
        labels = KMeans(K, n_init=10, random_state=SEED).fit_predict(table[[*COLUMNS, *extra]])
    return int((labels == table["money"].groupby(labels).mean().idxmax()).sum())


@cache
def count_standardised() -> int:
    """Count the cluster with the most money when each column is divided by its standard deviation, without logarithms."""
    table = read_drugstore()
    columns = list(COLUMNS)
    values = (table[columns] - table[columns].mean()) / table[columns].std()
    with threadpool_limits(1):
        labels = KMeans(K, n_init=10, random_state=SEED).fit_predict(values)
    return int((labels == table["money"].groupby(labels).mean().idxmax()).sum())


@cache
def stabilise(k: int = K, how: str = "auto", draws: int = DRAWS, rows: int = ROWS_STABLE) -> Stability:
    """Measure the stability as the task asks, or with a setting that it does not ask for."""
    return measure_stability(scale(how), k, rank_by="money", draws=draws, seed=SEED, max_rows=rows)


@cache
def agree_over_seeds() -> tuple[float, float, float]:
    """Agreement of twenty other seeds with the first one, on the same households: mean and middle 95 %."""
    first = cluster().table["cluster"].to_numpy()
    with threadpool_limits(1):
        others = [KMeans(K, n_init=1, random_state=seed).fit_predict(scale().values) for seed in range(20)]
    found = [adjusted_rand_score(first, labels) for labels in others]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(np.mean(found)), float(low), float(high)


@cache
def judge_groups(how: str = "auto", draws: int = CLOUDS) -> GroupTest:
    """Ask whether there are groups, as the task asks, or with a setting that it does not ask for."""
    return find_groups(scale(how), ks=KS, draws=draws, seed=SEED, max_rows=ROWS)


@cache
def judge_against_shuffled() -> float:
    """The p-value against columns that were shuffled one by one, which lose their correlation."""
    values = scale().values[pick_rows(len(scale().table), ROWS, SEED)]
    rng = np.random.default_rng(SEED)
    with threadpool_limits(1):
        rows = [measure_valleys(values, KS, SEED)]
        rows += [measure_valleys(draw_cloud(values, np.eye(len(COLUMNS)), rng), KS, SEED) for _ in range(CLOUDS)]
    valleys = np.array(rows)
    excess = ((valleys.mean(axis=0) - valleys) / np.maximum(valleys.std(axis=0), 1e-12)).max(axis=1)
    return float((excess >= excess[0]).mean())


@cache
def choose() -> KChoice:
    """Choose k by the rule, as the task asks."""
    return choose_k(scale(), ks=KS, seed=SEED, max_rows=ROWS_CHOICE)


@cache
def find_elbow() -> int:
    """The k at which the curve of the spread within clusters bends most."""
    within = choose().table.set_index("k")["within"]
    bend = within.shift(1) - 2 * within + within.shift(-1)
    return int(bend.idxmax())


@cache
def find_best_silhouette() -> int:
    """The k with the best silhouette."""
    values = scale().values
    rows = pick_rows(len(values), ROWS_CHOICE, SEED)
    found = {k: silhouette_score(values[rows], cluster(k).table["cluster"].to_numpy()[rows]) for k in KS}
    return max(found, key=lambda k: found[k])


@cache
def profile() -> ClusterProfiles:
    """Profiles of the four clusters."""
    return profile_clusters(cluster(), read_drugstore(), list(COLUMNS))


def contradicts(number: int, column: str, claim: str) -> bool:
    """Whether the profile contradicts that a cluster is high or low in a column, beyond its interval."""
    rows = profile().table
    row = rows[(rows["cluster"] == number) & (rows["column"] == column)].iloc[0]
    return bool(row["high"] < row["everybody"]) if claim == "high" else bool(row["low"] > row["everybody"])


def read_means() -> pd.DataFrame:
    """Means of the columns: one row a column, one column a cluster."""
    return profile().pivot()
