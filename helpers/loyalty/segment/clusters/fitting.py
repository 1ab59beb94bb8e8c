"""The four ways to cluster behind one face: each is fitted on some rows, and then says the cluster of any row."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from sklearn.cluster import HDBSCAN, AgglomerativeClustering, KMeans
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KNeighborsClassifier
from threadpoolctl import threadpool_limits

METHODS = ("k-means", "mixture", "ward", "hdbscan")
STARTS = 10
MIXTURE_STARTS = 5  # each costs as much as many of k-means
LARGE = 50_000  # rows on which k-means looks for its best start; one more round then runs over all rows
SMALL = 10_000  # rows up to which the other methods are fitted; the rest joins by the nearest
NOISE = -1


@dataclass(frozen=True, eq=False)
class Fitted:
    """A clustering of some rows: `place` says the cluster of any row (-1 is noise), `centres` are the means."""

    centres: np.ndarray
    place: Callable[[np.ndarray], np.ndarray]
    fitted_on: int
    starts_agree: float = float("nan")  # mean agreement (ARI) of the other starts with the best one; NaN without them


def fit_clusters(values: np.ndarray, k: int, method: str, seed: int, *, starts: int = STARTS) -> Fitted:
    """Fit one method; the order of the rows does not matter.

    Parameters
    ----------
    values : array, rows × features
    k : int
        Clusters; for HDBSCAN the smallest size that a cluster may have.
    method : str
        One of `METHODS`.
    seed : int
    starts : int
        Of k-means; a mixture starts five times at most.

    Returns
    -------
    Fitted

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [9.0], [9.1]])
    >>> fit_clusters(points, 2, "ward", 0).place(points).tolist()
    [0, 0, 1, 1]
    """
    ordered = values[np.lexsort(values.T)]  # else the order of the ids would decide where the starts lie
    if method == "k-means":
        return _fit_k_means(ordered, k, seed, starts)
    sample = ordered[pick_rows(len(ordered), SMALL, seed)]
    if method == "mixture":
        return _fit_mixture(sample, k, seed, min(starts, MIXTURE_STARTS))
    if method == "ward":
        return _fit_ward(sample, k)
    return _fit_hdbscan(sample, k)


def pick_rows(n: int, most: int, seed: int) -> np.ndarray:
    """Pick at most so many of n rows at random, in their order.

    Examples
    --------
    >>> pick_rows(3, 5, 0).tolist(), len(pick_rows(100, 5, 0))
    ([0, 1, 2], 5)
    """
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, 7]).choice(n, most, replace=False))


def _fit_k_means(values: np.ndarray, k: int, seed: int, starts: int) -> Fitted:
    sample = values[pick_rows(len(values), LARGE, seed)]
    runs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fewer distinct rows than clusters: told before
        with threadpool_limits(1 if len(sample) < LARGE else None):
            for start in range(starts):
                # n_init=1 and a seed of its own, because the starts are compared with each other
                runs.append(KMeans(k, n_init=1, random_state=_seed_start(seed, start)).fit(sample))
            best = min(runs, key=lambda run: run.inertia_)
            if len(sample) < len(values):
                best_of_all = KMeans(k, init=best.cluster_centers_, n_init=1).fit(values)
            else:
                best_of_all = best
    agree = _compare_starts(best.labels_, [run.labels_ for run in runs if run is not best])
    centres = best_of_all.cluster_centers_
    return Fitted(centres, lambda rows: find_nearest(rows, centres), len(values), agree)


def _seed_start(seed: int, start: int) -> int:
    return (seed * 1_000 + start) % 2**32


def _compare_starts(best: np.ndarray, others: list[np.ndarray]) -> float:
    """Mean agreement (ARI) of the other starts with the best one; NaN if there is no other."""
    found = [adjusted_rand_score(best, labels) for labels in others]
    return float(np.mean(found)) if found else float("nan")


def _fit_mixture(sample: np.ndarray, k: int, seed: int, starts: int) -> Fitted:
    runs = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A floor of a hundredth of the mean variance keeps a cluster from shrinking onto equal customers
        floor = max(float(sample.var(axis=0).mean()) * 1e-2, 1e-9)
        with threadpool_limits(1):
            for start in range(starts):
                model = GaussianMixture(k, random_state=_seed_start(seed, start), reg_covar=floor)
                runs.append(model.fit(sample))
    best = max(runs, key=lambda run: run.lower_bound_)
    agree = _compare_starts(best.predict(sample), [run.predict(sample) for run in runs if run is not best])
    return Fitted(best.means_, best.predict, len(sample), agree)


def _fit_ward(sample: np.ndarray, k: int) -> Fitted:
    labels = AgglomerativeClustering(k, linkage="ward").fit_predict(sample)
    centres = np.array([sample[labels == cluster].mean(axis=0) for cluster in range(k)])
    known = _remember(sample, labels)
    return Fitted(centres, known, len(sample))


def _fit_hdbscan(sample: np.ndarray, least: int) -> Fitted:
    labels = HDBSCAN(min_cluster_size=max(2, min(least, len(sample))), copy=True).fit_predict(sample)
    labels = np.where(labels < 0, NOISE, labels)
    found = range(labels.max() + 1)
    centres = np.array([sample[labels == cluster].mean(axis=0) for cluster in found]).reshape(-1, sample.shape[1])
    return Fitted(centres, _remember(sample, labels), len(sample))


def _remember(sample: np.ndarray, labels: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Give a row the cluster of the nearest row of the sample; a row of the sample its own."""
    nearest = KNeighborsClassifier(n_neighbors=1).fit(sample, labels)
    return lambda rows: nearest.predict(rows)


def find_nearest(rows: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Find the nearest centre of each row, in blocks, so that memory stays small.

    Examples
    --------
    >>> find_nearest(np.array([[0.0], [9.0]]), np.array([[1.0], [8.0]])).tolist()
    [0, 1]
    """
    half = (centres**2).sum(axis=1) / 2
    block = 100_000
    parts = [np.argmin(half - rows[start : start + block] @ centres.T, axis=1) for start in range(0, len(rows), block)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=int)
