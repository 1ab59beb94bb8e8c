"""Pre-period adjustment over many replications: the workshop's way, and pooled ANCOVA with its classical error."""

from __future__ import annotations

import numpy as np
from intervals import Intervals, by_error, collect_estimates, powers
from replications import Pool, draw_customers

from loyalty.evaluate.lift.cuped import adjust_gap


def pairs(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Columns to be summed for a common slope: x, y, squares, product."""
    return np.stack([x, y, x**2, y**2, x * y], axis=1)


def adjust_by_one_slope(a: np.ndarray, b: np.ndarray, n: int, m: int) -> Intervals:
    """The peer: one common slope for both arms, from sums of `pairs`, with the classical standard error."""
    gap = a[:, :2] / n - b[:, :2] / m
    xx, yy, xy = (
        a[:, k] + b[:, k] - a[:, i] * a[:, j] / n - b[:, i] * b[:, j] / m
        for k, i, j in ((2, 0, 0), (3, 1, 1), (4, 0, 1))
    )
    slope, df = xy / xx, n + m - 3
    se = np.sqrt((yy - slope * xy) / df * (1 / n + 1 / m + gap[:, 0] ** 2 / xx))
    return by_error(gap[:, 1] - slope * gap[:, 0], se, df)


def adjust_each(pool: Pool, offer: str, measure: str, sizes: tuple[int, int], replications: int) -> Intervals:
    """What `measure_lift(before=…)` does with the customers of each replication when no slope is given."""
    x = pool.before["sales"][:, None]

    def one(seed: int) -> object:
        treated, control = draw_customers(pool, *sizes, seed)
        return adjust_gap(
            pool.having[offer][measure][treated], pool.without[measure][control], (x[treated], x[control])
        )

    return collect_estimates(one(seed) for seed in range(replications))  # type: ignore[arg-type]


def fixed_columns(pool: Pool, values: np.ndarray) -> np.ndarray:
    """Columns to be summed for a slope that was known beforehand: what is left of the outcome is an ordinary mean."""
    before = pool.before["sales"]
    columns = powers(values - pool.slope * (before - before.mean()))
    columns[:, 0] = values != 0  # who bought is counted before the adjustment
    return columns
