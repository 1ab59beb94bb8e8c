"""Sums of customers who were drawn together, and how alike they are (intra-class correlation)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np
import pandas as pd

ROUNDING = 4 * np.finfo(float).eps
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
    filled : array
        Customers whose outcome is other than zero.
    """

    customers: np.ndarray
    total: np.ndarray
    squares: np.ndarray
    size: np.ndarray
    filled: np.ndarray

    @property
    def mean(self) -> float:
        """Mean per customer, or ratio of the sums."""
        return float(self.total.sum() / self.size.sum())

    @property
    def residuals(self) -> np.ndarray:
        """What each cluster's sum has above the group's mean, adjusted for its leverage (CR2)."""
        share = self.size / self.size.sum()
        over = self.total - self.mean * self.size
        # A sum of n numbers is known to n roundings: what is left of equal values is rounding, and no spread
        sums = np.sqrt(self.squares * self.customers) + abs(self.mean) * self.size
        over = np.where(np.abs(over) <= ROUNDING * self.customers.max() * sums, 0.0, over)
        return over / self.size.sum() / np.sqrt(1 - share)


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
        np.bincount(codes, number != 0, many),
    )


def find_least_p(ours: int, theirs: int) -> float:
    """The least p-value that so many clusters of two groups can show, dealt again in all ways.

    Examples
    --------
    >>> find_least_p(3, 3)
    0.1
    """
    # Of equal groups each deal has a twin the other way round
    return (2 if ours == theirs else 1) / comb(ours + theirs, ours)


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
    # What is left of equal values is rounding
    noise = ROUNDING * sum(float(side.squares.sum()) for side in sides)
    between = between / (many - len(sides)) if between > noise else 0.0
    within = within / (n - many) if within > noise else 0.0
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
