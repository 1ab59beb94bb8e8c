"""The null cloud: customers without groups who keep each column's values and the rank correlations."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from loyalty.segment.clusters.scaling import ScaledFeatures
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

ROUNDS = 4
REHEARSAL = 20_000  # customers on which the correlation is tuned
FLOOR = 1e-6  # least eigenvalue of a correlation matrix


@check_arguments
def draw_null_cloud(features: ScaledFeatures, *, seed: int = 0) -> ScaledFeatures:
    """Draw a cloud without groups that looks like the data in every other way.

    Each column keeps exactly its values, and each pair of columns its rank correlation (Spearman's); how the columns go
    together beyond that is normal (a Gaussian copula), so that there is one hill and no valley. What clusters do on
    this cloud, they do without any groups. Groups that one column shows alone stay in the cloud: look at the columns
    one by one first.

    Parameters
    ----------
    features : ScaledFeatures
        Two columns or more.
    seed : int

    Returns
    -------
    ScaledFeatures
        As many invented customers as real ones.

    Raises
    ------
    TableError
        There is one column only: then the cloud would be the data.

    Examples
    --------
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> table = pd.DataFrame({"customer_id": range(50), "a": range(50), "b": [x % 7 for x in range(50)]})
    >>> cloud = draw_null_cloud(scale_features(table, ["a", "b"]), seed=1)
    >>> len(cloud.table)
    50

    Source: Sarle (1983) and Tibshirani, Walther and Hastie (2001) for reference clouds; the copula keeps what theirs
    lose, the correlations: without them the cloud has another shape than the data, and the shape is taken for groups.
    """
    if len(features.columns) < 2:
        raise TableError(["with one column the cloud would be the data: look at a histogram instead"], "features")
    values = features.values
    drawn = draw_cloud(values, tune_correlation(values), np.random.default_rng([seed, 11]))
    table = features.table.copy()
    table[features.columns] = pd.DataFrame(drawn, columns=features.columns, index=table.index)
    return ScaledFeatures(table, features.recipe, features.dropped, features.warnings)


def tune_correlation(values: np.ndarray) -> np.ndarray:
    """Find the correlation of the hidden normal scores that gives the rank correlation of the data, ties included.

    Parameters
    ----------
    values : array, rows × features

    Returns
    -------
    array, features × features

    Examples
    --------
    >>> tune_correlation(np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])).round(1).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    wanted = _correlate(values)
    hidden = 2 * np.sin(np.pi * wanted / 6)  # right without ties
    rng = np.random.default_rng(11)
    quantiles = np.linspace(0, 1, REHEARSAL)
    rows = np.quantile(values, quantiles, axis=0, method="inverted_cdf")
    normal = rng.standard_normal(rows.shape)
    for _ in range(ROUNDS):
        hidden = _mend(hidden)
        hidden = hidden + wanted - _correlate(_order(rows, normal @ _root(hidden)))
    return _mend(hidden)


def draw_cloud(values: np.ndarray, correlation: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the columns of an array anew, each with its very values, in an order that the correlation makes.

    Examples
    --------
    >>> drawn = draw_cloud(np.array([[1.0, 5.0], [2.0, 6.0]]), np.eye(2), np.random.default_rng(0))
    >>> np.sort(drawn, axis=0).tolist()
    [[1.0, 5.0], [2.0, 6.0]]
    """
    return _order(np.sort(values, axis=0), rng.standard_normal(values.shape) @ _root(correlation))


def _order(sorted_values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Put sorted values into the order of scores, column by column."""
    places = np.argsort(np.argsort(scores, axis=0, kind="stable"), axis=0, kind="stable")
    return np.take_along_axis(sorted_values, places, axis=0)


def _correlate(values: np.ndarray) -> np.ndarray:
    """Spearman's rank correlations."""
    return np.corrcoef(rankdata(values, axis=0), rowvar=False)


def _mend(matrix: np.ndarray) -> np.ndarray:
    """Return the nearest thing that can be a correlation matrix: eigenvalues above zero, ones on the diagonal."""
    limited = np.clip(matrix, -1, 1)
    np.fill_diagonal(limited, 1.0)
    eigen, vectors = np.linalg.eigh(limited)
    if eigen.min() < FLOOR:
        limited = (vectors * np.maximum(eigen, FLOOR)) @ vectors.T
        size = np.sqrt(np.diag(limited))
        limited = limited / np.outer(size, size)
    return limited


def _root(correlation: np.ndarray) -> np.ndarray:
    return np.linalg.cholesky(_mend(correlation)).T
