"""How many clusters: the largest number that still has valleys and stable clusters, by a rule fixed beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from threadpoolctl import threadpool_limits

from loyalty.charts import CONTROL, HIGHLIGHT, TREATED, headline
from loyalty.segment.clusters.fitting import fit_clusters, pick_rows
from loyalty.segment.clusters.grouping import count_distinct
from loyalty.segment.clusters.groups import DEEP, measure_valley
from loyalty.segment.clusters.scaling import ScaledFeatures
from loyalty.segment.clusters.stability import STABLE, measure_stability
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError


@dataclass(frozen=True, eq=False)
class KChoice:
    """How many clusters k-means should make; built by `choose_k`.

    `table` has one row a k: valley (see `find_groups`), least_stable (mean Jaccard index of the least stable cluster),
    ari with low and high (agreement when the customers are drawn again), within (share of the spread that is left
    within the clusters) and passes. `k` is the largest that passes, or None.
    """

    table: pd.DataFrame
    k: int | None
    warnings: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """The choice in words."""
        if self.k is None:
            return (
                "No number of clusters has both valleys and stable clusters. If you cut all the same, take as many "
                "as you can treat differently, and do not call them groups."
            )
        return f"Take {self.k}: the largest number whose clusters have valleys between them and stay together."

    def to_frame(self) -> pd.DataFrame:
        """One row a k."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw valley and least stable cluster for each k, with the line that both have to keep."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 4.2))[1]
        stable = f"least stable cluster: stable from {STABLE:g} on"
        ax.plot(rows["k"], rows["valley"], "o-", color=TREATED, label=f"border: a valley at {DEEP:g} or less")
        ax.plot(rows["k"], rows["least_stable"], "s-", color=CONTROL, label=stable)
        for limit in sorted({DEEP, STABLE}):
            ax.axhline(limit, color=HIGHLIGHT, linewidth=1, linestyle="--", label=f"limit: {limit:g}")
        if self.k is not None:
            span = self.k - 0.35, self.k + 0.35
            ax.axvspan(*span, color=HIGHLIGHT, alpha=0.12, linewidth=0, label="the largest k that keeps both")
        ax.set(ylim=(0, max(1.5, rows["valley"].max() * 1.05)), xlabel="number of clusters k")
        ax.set_xticks(rows["k"])
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
        chosen = "No number of clusters passes" if self.k is None else f"{self.k} clusters is the most that passes"
        headline(ax, title or chosen, "how full the border is, and how stable the least stable cluster", source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.table.round(2), self.sentence, self.warnings)


@check_arguments
def choose_k(
    features: ScaledFeatures,
    *,
    ks: Sequence[int] = (2, 3, 4, 5, 6, 7, 8),
    draws: int = 20,
    seed: int = 0,
    max_rows: int = 2_000,
) -> KChoice:
    """Choose the number of clusters for k-means: the largest k with valleys between all, and with every cluster stable.

    A rule that is written down before the result replaces the elbow, which everybody sees elsewhere. A k passes if the
    border holds at most three quarters of what the emptier centre holds, and if each cluster keeps a mean Jaccard index
    of 0.75 or more when the customers are drawn again. Ask `find_groups` first: this rule does not look at a null
    cloud.

    Parameters
    ----------
    features : ScaledFeatures
    ks : sequence of int
        Numbers that are tried, each 2 or more.
    draws : int
        Bootstrap draws for each k.
    seed : int
    max_rows : int
        Customers used, drawn at random.

    Returns
    -------
    KChoice

    Raises
    ------
    TableError
        ks holds no number from 2 on, or there are fewer customers that differ than the largest k.

    Examples
    --------
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> rng = np.random.default_rng(0)
    >>> spots = rng.normal(size=(300, 2)) + np.repeat([[0, 0], [9, 0], [0, 9]], 100, axis=0)
    >>> table = pd.DataFrame(spots, columns=["a", "b"]).assign(customer_id=range(300))
    >>> choose_k(scale_features(table, ["a", "b"]), ks=[2, 3, 4], draws=5).k
    3
    """
    counts = sorted(set(ks))
    problems = []
    if not counts or counts[0] < 2:
        problems.append(f"ks should hold numbers of clusters from 2 on, found {list(ks)}")
    if max_rows < 2:
        problems.append(f"max_rows should be 2 or more, found {max_rows}")
    if problems:
        raise TableError(problems, "choose_k")
    rows = pick_rows(len(features.table), max_rows, seed)
    sample = features.take(rows)
    values = sample.values
    different = count_distinct(values, counts[-1])
    if different < counts[-1]:
        raise TableError([f"k = {counts[-1]} clusters, but only {different:,} customers differ"], "choose_k")
    spread = float(((values - values.mean(axis=0)) ** 2).sum())
    lines = [_judge(sample, values, k, draws, seed) for k in counts]
    table = pd.DataFrame(lines)
    table["within"] = table["within"] / spread
    table["passes"] = (table["valley"] <= DEEP) & (table["least_stable"] >= STABLE)
    passed = table.loc[table["passes"], "k"]
    notes = [f"{draws} draws are few: take 20 or more"] if draws < 20 else []
    if len(passed) and passed.max() == counts[-1]:
        notes.append(f"the largest number tried, {counts[-1]}, passes: try more")
    return KChoice(table, int(passed.max()) if len(passed) else None, tuple(notes))


def _judge(sample: ScaledFeatures, values: np.ndarray, k: int, draws: int, seed: int) -> dict[str, float]:
    """Measure one k."""
    with threadpool_limits(1):
        fitted = fit_clusters(values, k, "k-means", seed)
        labels = fitted.place(values)
        steady = measure_stability(sample, k, draws=draws, seed=seed, max_rows=len(values))
    within = float(((values - fitted.centres[labels]) ** 2).sum())
    return {
        "k": k,
        "valley": measure_valley(values, labels, fitted.centres),
        "least_stable": float(steady.table["jaccard"].min()),
        "ari": steady.ari,
        "low": steady.low,
        "high": steady.high,
        "within": within,
    }
