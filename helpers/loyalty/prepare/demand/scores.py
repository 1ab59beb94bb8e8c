"""Scores of forecasts, with intervals by blocks of time: MASE, bias, coverage."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import stats

from loyalty.stats.intervals import wilson


class Score(NamedTuple):
    """A score with its interval."""

    value: float
    low: float
    high: float


def naive_error(values: np.ndarray, season: int) -> float:
    """Mean absolute error of the seasonal naive forecast inside a series: the yardstick of MASE.

    Not for judging a forecast by itself: it is one step ahead, on the very periods that are known.

    Parameters
    ----------
    values : array of float
        NaN where a period is not usable.
    season : int
        Periods of one season; 1 for a series without one.

    Returns
    -------
    float
        NaN without a pair of periods.

    Examples
    --------
    >>> float(naive_error(np.array([1.0, 5.0, 2.0, 7.0]), 2))
    1.5

    Source: Hyndman and Koehler, "Another look at measures of forecast accuracy", International Journal of Forecasting
    22 (2006), 679-688.
    """
    gaps = np.abs(values[season:] - values[:-season])
    known = gaps[np.isfinite(gaps)]
    return float(known.mean()) if len(known) else float("nan")


def score_ratio(top: np.ndarray, bottom: np.ndarray, block: np.ndarray, level: float) -> Score:
    """A ratio of two sums, with an interval in which only the blocks of time are independent.

    Periods inside a block may depend on each other as they like. Few blocks give a wide interval, by Student's t.

    Parameters
    ----------
    top, bottom : array of float
        One value a period that was scored.
    block : array of int
    level : float

    Returns
    -------
    Score
        Without ends (NaN) where there is one block only.
    """
    names, place = np.unique(block, return_inverse=True)
    count = len(names)
    total = bottom.sum()
    if not total or not count:
        return Score(float("nan"), float("nan"), float("nan"))
    value = float(top.sum() / total)
    if count < 2:
        return Score(value, float("nan"), float("nan"))
    influence = np.bincount(place, top) - value * np.bincount(place, bottom)
    se = float(np.sqrt(count / (count - 1) * (influence**2).sum()) / abs(total))
    half = float(stats.t.ppf(0.5 + level / 2, count - 1)) * se
    return Score(value, value - half, value + half)


def score_share(inside: np.ndarray, block: np.ndarray, level: float) -> Score:
    """A share of periods, with an interval by blocks: Wilson's, for as many periods as the blocks are worth.

    Parameters
    ----------
    inside : array of bool
    block : array of int
    level : float

    Returns
    -------
    Score
    """
    plain = score_ratio(inside.astype(float), np.ones(len(inside)), block, level)
    count = len(np.unique(block))
    if count < 2:
        return plain
    width = float(stats.t.ppf(0.5 + level / 2, count - 1))
    se = (plain.high - plain.value) / width
    # Where all blocks agree nothing is known of their spread: then a block counts as one observation
    worth = min(plain.value * (1 - plain.value) / se**2, len(inside)) if se > 0 else count
    low, high = wilson(plain.value, worth, level, width=width)
    return Score(plain.value, float(low), float(high))
