"""How much weighted customers tell: Kish's effective sample size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def count_effective(weights: Sequence[float] | np.ndarray, counts: Sequence[float] | np.ndarray | None = None) -> float:
    """Count how many customers with equal weights would tell as much (Kish's effective sample size).

    Parameters
    ----------
    weights : array, one value a customer, or a group of customers
        Not negative; none at all gives 0.
    counts : array, optional
        How many customers each weight stands for; one if left out.

    Examples
    --------
    >>> count_effective([1.0, 1.0]), round(count_effective([100.0, 1.0]), 2), count_effective([2.0, 2.0], [30, 12])
    (2.0, 1.02, 42.0)

    Source: Kish (1965), Survey Sampling.
    """
    w = np.asarray(weights, float)
    n = np.ones(len(w)) if counts is None else np.asarray(counts, float)
    squares = float(w**2 @ n)
    return float(w @ n) ** 2 / squares if squares > 0 else 0.0
