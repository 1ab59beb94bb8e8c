"""Sums of customers who were drawn together, and how alike they are (intra-class correlation)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

FEW = 10  # clusters of a group; with fewer the randomisation test takes the place of the t interval


@dataclass(frozen=True)
class Clusters:
    """Sums of the clusters of one group, an array each with one value a cluster.

    Attributes
    ----------
    customers : array
    total, squares : array
        Sum of the outcome, and of its square.
    size : array
        What the outcome is divided by: the customers, or the sum of the denominator of a ratio.
    """

    customers: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    size: np.ndarray

    @property
    def mean(self) -> float:
        """Mean per customer, or ratio of the sums."""
        return float(self.total.sum() / self.size.sum())

    @property
    def residuals(self) -> np.ndarray:
        """What each cluster's sum has above the group's mean, adjusted for its leverage (CR2)."""
        share = self.size / self.size.sum()
        return (self.total - self.mean * self.size) / self.size.sum() / np.sqrt(1 - share)


def sum_clusters(values: Sequence[float], clusters: Sequence[Any], sizes: Sequence[float] | None = None) -> Clusters:
    """Add up the customers of one group by their cluster.

    Parameters
    ----------
    values, clusters, sizes : sequences, one entry a customer
        The outcome, the name of the cluster, and the denominator of a ratio; 1 if left out.

    Examples
    --------
    >>> sum_clusters([1.0, 2.0, 5.0], ["a", "a", "b"]).total.tolist()
    [3.0, 5.0]
    """
    codes, names = pd.factorize(pd.Series(list(clusters)), sort=True)
    number = np.asarray(values, float)
    size = np.ones(len(number)) if sizes is None else np.asarray(sizes, float)
    many = len(names)
    return Clusters(
        np.bincount(codes, minlength=many).astype(float),
        np.bincount(codes, number, many),
        np.bincount(codes, number**2, many),
        np.bincount(codes, size, many),
    )


def find_icc(sides: Sequence[Clusters]) -> float:
    """Intra-class correlation within the groups, by the analysis of variance; it can come out below zero.

    Examples
    --------
    >>> round(find_icc([sum_clusters([1.0, 3.0, 7.0, 9.0], [1, 1, 2, 2])]), 3)
    0.895

    Source: Donner (1986), International Statistical Review 54, 67-82.
    """
    n = sum(side.customers.sum() for side in sides)
    many = sum(len(side.total) for side in sides)
    if n <= many or many <= len(sides):
        return float("nan")
    between = within = 0.0
    for side in sides:
        mean = side.total.sum() / side.customers.sum()
        means = side.total / side.customers
        between += float(side.customers @ (means - mean) ** 2)
        within += float((side.squares - side.total * means).sum())
    between /= many - len(sides)
    within /= n - many
    whole = between + (find_even_size(sides) - 1) * within
    return float((between - within) / whole) if whole > 0 else float("nan")


def find_even_size(sides: Sequence[Clusters]) -> float:
    """The size of a cluster that the analysis of variance counts with: the mean, less what uneven sizes cost.

    Examples
    --------
    >>> find_even_size([sum_clusters([1.0] * 6, [1, 1, 2, 2, 2, 2])])
    2.6666666666666665
    """
    n = sum(side.customers.sum() for side in sides)
    uneven = sum((side.customers**2).sum() / side.customers.sum() for side in sides)
    return float((n - uneven) / (sum(len(side.total) for side in sides) - len(sides)))
