"""The workshop's own intervals and their careless peers, for all replications of a cell.

`compare_all` hands the sums of each replication to `compare_sums`, the closed forms that `measure_lift` uses; only the
peers have formulas here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.evaluate.lift.compare import compare_sums
from loyalty.stats.estimate import Estimate

CUBES = [(i, j) for i in range(4) for j in range(4 - i) if i + j]  # y^i d^j that `Sums` keeps
ORDERS = {"mean": [power for power in CUBES if not power[1]], "ratio": CUBES}
NOTHING = Estimate(*[np.nan] * 5, 0, 0, "none", "none", warnings=("no order in one group: there is no ratio",))


@dataclass(frozen=True)
class Intervals:
    """One value a replication; `warned` says in which replications the method warns by itself."""

    effect: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    warned: np.ndarray

    def cover(self, target: float) -> np.ndarray:
        """Whether each interval holds the target; one that could not be computed does not."""
        return (self.low <= target) & (target <= self.high)


def collect_estimates(estimates: Iterable[Estimate]) -> Intervals:
    """Put results of single replications side by side."""
    rows = [(e.effect, e.low, e.high, e.p, bool(e.warnings)) for e in estimates]
    effect, low, high, p, warned = (np.array(column) for column in zip(*rows, strict=True))
    return Intervals(effect, low, high, p, warned)


def powers(y: np.ndarray, d: np.ndarray | None = None) -> np.ndarray:
    """Columns to be summed: how many are not zero, then the powers that `Sums` keeps."""
    orders = ORDERS["mean" if d is None else "ratio"]
    columns = [y**i * (d**j if j else 1) for i, j in orders]  # type: ignore[operator]
    return np.stack([y != 0, *columns], axis=1).astype(float)


def pack(sums: np.ndarray, n: int) -> Sums:
    """The sums of one replication as `compare_sums` takes them."""
    orders = ORDERS["ratio" if len(sums) > 4 else "mean"]
    return Sums(n, dict(zip(orders, sums[1:].tolist(), strict=True)), filled=int(sums[0]))


def compare_all(a: np.ndarray, b: np.ndarray, n: int, m: int, kind: str = "mean", interval: str = "auto") -> Intervals:
    """The workshop's interval in each replication, from sums of `powers` (replications × columns)."""
    orders = ORDERS["ratio"].index((0, 1)) + 1

    def one(first: np.ndarray, then: np.ndarray) -> Estimate:
        if kind == "ratio" and not (first[orders] and then[orders]):
            return NOTHING
        return compare_sums(pack(first, n), pack(then, m), kind=kind, interval=interval)

    return collect_estimates(one(*sides) for sides in zip(a, b, strict=True))


def by_error(effect: np.ndarray, se: np.ndarray, df: np.ndarray | float, warned: np.ndarray | None = None) -> Intervals:
    """Interval from a standard error; `df` may be infinite."""
    half = stats.t.ppf(0.975, df) * se
    with np.errstate(all="ignore"):
        p = np.where(se > 0, 2 * stats.t.sf(np.abs(effect) / se, df), (effect == 0).astype(float))
    return Intervals(
        effect, effect - half, effect + half, p, np.zeros(effect.shape, bool) if warned is None else warned
    )


def compare_by_wald(a: np.ndarray, b: np.ndarray, n: int, m: int) -> Intervals:
    """The peer for rates: a normal interval from the observed rates, which believes a control without buyers."""
    p, q = a / n, b / m
    return by_error(p - q, np.sqrt(p * (1 - p) / n + q * (1 - q) / m), np.inf)
