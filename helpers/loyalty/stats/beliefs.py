"""What is believed of cells, measured or not: the normal hierarchical model, averaged over its unknown spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

STEPS = 400
FARTHEST = 8.0  # spreads up to so many times what the estimates show


@dataclass(frozen=True)
class Beliefs:
    """What is believed of each cell, and of one that was never measured; built by `believe_normal`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a cell: mean, sd, low, high.
    mean, sd : float
        Of a cell that was never measured.
    spread : float
        The mean of the standard deviation of the true values between cells.
    """

    table: pd.DataFrame
    mean: float
    sd: float
    spread: float


def believe_normal(estimates: Any, se: Any, *, level: float = 0.95) -> Beliefs:
    """Say what is believed of cells after their estimates: a normal model, no spread between cells being preferred.

    For decisions, which need a belief about each cell: `shrink_normal` gives intervals that cover on average whatever
    the true values, and these are wider than a belief. Not for fewer than four cells, which say nothing of the spread.

    Parameters
    ----------
    estimates : array or pandas.Series, one value a cell
    se : array of the same length
        Their standard errors, above zero.
    level : float
        Of the intervals, which are those of a normal distribution with this mean and sd.

    Returns
    -------
    Beliefs

    Raises
    ------
    ValueError
        Fewer than four cells, a missing value, or a standard error that is not above zero.

    Examples
    --------
    >>> schools = believe_normal([28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18])
    >>> schools.table["mean"].round(1).tolist()
    [11.4, 7.9, 6.1, 7.6, 5.1, 6.1, 10.7, 8.5]
    >>> round(schools.spread, 1)
    6.6

    Source: Rubin, Journal of Educational Statistics 6 (1981), 377-401; Gelman and others (2013), Bayesian Data
    Analysis, section 5.4: a flat prior on the spread, and on the mean.
    """
    index = estimates.index if isinstance(estimates, pd.Series) else pd.RangeIndex(len(estimates))
    x = np.asarray(estimates, dtype="float64")
    v = np.asarray(se, dtype="float64") ** 2
    if len(x) < 4 or not (np.isfinite(x).all() and np.isfinite(v).all() and (v > 0).all()):
        raise ValueError("beliefs need four estimates or more, each with a standard error above zero")
    spreads = _list_spreads(x, v)
    total = v + spreads[:, None] ** 2  # a row a spread, a column a cell
    precision = (1 / total).sum(axis=1)
    centre = (x / total).sum(axis=1) / precision
    log = -0.5 * (np.log(precision) + np.log(total).sum(axis=1) + ((x - centre[:, None]) ** 2 / total).sum(axis=1))
    chance = np.exp(log - log.max())
    chance /= chance.sum()
    kept = spreads[:, None] ** 2 / total
    means = centre[:, None] + kept * (x - centre[:, None])
    variances = kept * v + (1 - kept) ** 2 / precision[:, None]
    mean, sd = _average(means, variances, chance)
    new_mean, new_sd = _average(centre[:, None], (spreads**2 + 1 / precision)[:, None], chance)
    half = float(special.ndtri(0.5 + level / 2)) * sd
    table = pd.DataFrame({"mean": mean, "sd": sd, "low": mean - half, "high": mean + half}, index=index)
    return Beliefs(table, float(new_mean[0]), float(new_sd[0]), float(chance @ spreads))


def _list_spreads(x: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Spreads from zero to far beyond what the estimates allow, at the middle of equal steps."""
    farthest = FARTHEST * max(float(x.std(ddof=1)), float(np.sqrt(v.min())))
    return (np.arange(STEPS) + 0.5) / STEPS * farthest


def _average(means: np.ndarray, variances: np.ndarray, chance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of a mixture of normal distributions, a column each."""
    mean = chance @ means
    return mean, np.sqrt(chance @ (variances + (means - mean) ** 2))
