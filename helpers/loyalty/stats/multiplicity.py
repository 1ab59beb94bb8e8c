"""Corrections for several comparisons: Holm's family-wise error rate, Benjamini and Hochberg's false discovery rate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def correct_for_many(p: ArrayLike) -> np.ndarray:
    """Holm's correction of several p-values, in their order; an empty list stays empty.

    It bounds the family-wise error rate: the chance of at least one false alarm among all comparisons. A missing
    p-value stays missing and counts as a comparison.

    Examples
    --------
    >>> correct_for_many([0.04, 0.001, 0.03]).round(3).tolist()
    [0.06, 0.003, 0.06]

    Written here, though statsmodels has it: its `multipletests` collects the garbage of the whole process in every call
    (0.1 s and more beside the packages of a notebook, which is more than the comparison that it corrects). The tests
    hold the two against each other.

    Source: Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    values = np.asarray(p, float)
    order = np.argsort(values)
    still_open = len(values) - np.arange(len(values))
    stepwise = np.maximum.accumulate(still_open * values[order])
    corrected = np.empty_like(values)
    corrected[order] = np.minimum(stepwise, 1.0)
    return corrected


def control_false_discoveries(p: ArrayLike) -> np.ndarray:
    """Benjamini and Hochberg's correction of several p-values, in their order; an empty list stays empty.

    It bounds the false discovery rate: the expected share of false alarms among all alarms.

    Raises
    ------
    ValueError
        A p-value is missing, below 0 or above 1.

    Examples
    --------
    >>> control_false_discoveries([0.04, 0.001, 0.03]).round(3).tolist()
    [0.04, 0.003, 0.04]

    Source: Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    values = np.asarray(p, float)
    if not ((values >= 0) & (values <= 1)).all():
        raise ValueError("`ps` must include only numbers between 0 and 1.")
    if len(values) < 2:
        return values
    return np.asarray(stats.false_discovery_control(values))


def correct_known(p: ArrayLike, *, way: str) -> np.ndarray:
    """Correct those of several p-values that are known; a missing one stays missing, and is no comparison.

    Not where a comparison that has no p-value was made all the same, and could have stood out.

    Parameters
    ----------
    p : array of float
        NaN where there is no interval, and so no p-value.
    way : {"holm", "bh", "none"}
        `correct_for_many`, `control_false_discoveries`, or no correction.

    Returns
    -------
    array of float, in the same order

    Examples
    --------
    >>> correct_known([0.03, np.nan, 0.01], way="holm").tolist()
    [0.03, nan, 0.02]
    """
    values = np.array(p, float)
    known = np.isfinite(values)
    values[known] = WAYS[way](values[known])
    return values


WAYS: dict[str, Callable[[ArrayLike], np.ndarray]] = {
    "holm": correct_for_many,
    "bh": control_false_discoveries,
    "none": np.asarray,
}
