"""Are there groups at all? The valleys between clusters, compared with those of a cloud without groups."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_limits

from loyalty.charts import GREY, HIGHLIGHT, INK, TREATED, headline
from loyalty.segment.clusters.fitting import pick_rows
from loyalty.segment.clusters.grouping import count_distinct
from loyalty.segment.clusters.null_cloud import draw_cloud, tune_correlation
from loyalty.segment.clusters.scaling import ScaledFeatures
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

MIDDLE = 0.25  # half width of the strip between two centres, which stand at -1 and 1
DEEP = 0.75  # a valley: the strip between holds at most so much of what a strip at the emptier centre holds
ALPHA = 0.05
FEWEST = 50  # customers
OUTLIERS = 0.02  # a cluster of so few of the customers is no group: an outlier stands apart in any cloud
FLAT = 2.0  # a border that is this full is not told apart from fuller ones
VERDICTS = {
    "groups": "There are groups: the valleys between the clusters are deeper than in nearly all clouds without groups.",
    "no valley": "This is not the cloud without groups, but between the clusters lies no valley either: an odd shape, "
    "and no groups to rely on.",
    "cloud": "A cloud: clusters of customers without any groups would look as separate as these. A cut cloud can still "
    "be useful: then it is a convenience, and you judge it by its use.",
}


@dataclass(frozen=True, eq=False)
class GroupTest:
    """Whether there are groups; built by `find_groups`.

    `table` has one row a k: `valley` (customers at the border between neighbouring clusters, as a share of those at the
    emptier centre; 1 is no valley, 0 a clean gap), the same in null clouds (null_low, null_median, null_high: their
    middle 95 %) and `excess`, by how many standard deviations the data lie below the clouds. `p` is the share of clouds
    with an excess as large at any k, with the interval of its Monte Carlo error. `best_k` has the largest excess.
    """

    table: pd.DataFrame
    p: float
    p_low: float
    p_high: float
    best_k: int
    valley: float
    draws: int
    n_used: int
    n_customers: int
    warnings: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """One of "groups", "no valley", "cloud"."""
        if self.p > ALPHA:
            return "cloud"
        return "groups" if self.valley <= DEEP else "no valley"

    @property
    def sentence(self) -> str:
        """The verdict in words."""
        return VERDICTS[self.verdict]

    def to_frame(self) -> pd.DataFrame:
        """One row a k."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the valley for each k beside the clouds' middle 95 %."""
        ax = ax or plt.subplots(figsize=(9, 4.2))[1]
        rows = self.table
        clouds = "clouds without groups: middle 95 %"
        ax.vlines(rows["k"], rows["null_low"], rows["null_high"], color=GREY, linewidth=9, alpha=0.6, label=clouds)
        ax.plot(
            rows["k"],
            rows["null_median"],
            "_",
            color=INK,
            markersize=16,
            label="their median",
        )
        ax.plot(rows["k"], rows["valley"], "o", color=TREATED, markersize=9, label="these customers")
        ax.axhline(DEEP, color=HIGHLIGHT, linewidth=1, linestyle="--", label=f"a valley: {DEEP:g} or less")
        ax.set(ylim=(0, max(2.15, rows["valley"].max() * 1.05)), xlabel="number of clusters k")
        ax.set_xticks(rows["k"])
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.18), ncols=2)
        words = {"groups": "There are valleys", "cloud": "No valley that a cloud would not have"}
        subtitle = f"customers at the border, divided by those at the emptier centre; p = {self.p:.2f}"
        headline(ax, title or words.get(self.verdict, "An odd shape, but no valley"), subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = f"{self.sentence} p = {self.p:.3g} ({self.draws} clouds), deepest beside them at k = {self.best_k}"
        return render_html(self.table.round(2), title, self.warnings)


@check_arguments
def find_groups(
    features: ScaledFeatures,
    *,
    ks: Sequence[int] = (2, 3, 4, 5, 6, 7, 8),
    draws: int = 99,
    seed: int = 0,
    max_rows: int = 2_000,
) -> GroupTest:
    """Test whether customers form groups: a randomisation test against a null cloud (Gaussian copula).

    For each k the customers are clustered by k-means, and the borders are looked at: between two groups lies a valley,
    a strip with few customers; a border through one group runs over its top. The same is done with null clouds, which
    keep each column's values and the rank correlations (`draw_null_cloud`). The p-value is (1 + clouds that look as
    separate) / (1 + clouds); k is searched in the clouds as well. "Groups" are claimed when p is 0.05 or less and the
    border holds at most three quarters of what the emptier centre holds.

    Not seen: groups that one column shows alone (the cloud keeps them), groups that differ less than about three of
    their own standard deviations, and most small groups beside a large one (2 % or less count as outliers). Wrongly
    seen: one group with a hole in it, such as a ring, because the cloud fills the hole. Look at pictures as well.

    Parameters
    ----------
    features : ScaledFeatures
        Two columns or more.
    ks : sequence of int
        Numbers of clusters that are tried, each 2 or more.
    draws : int
        Null clouds; 19 is the least that can give p = 0.05.
    seed : int
    max_rows : int
        Customers used, drawn at random: 2,000 show what can be acted on.

    Returns
    -------
    GroupTest

    Raises
    ------
    TableError
        One column, fewer than 50 customers, or hardly any that differ.

    Examples
    --------
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> rng = np.random.default_rng(0)
    >>> spots = rng.normal(size=(200, 2)) + np.repeat([[0, 0], [9, 9]], 100, axis=0)
    >>> table = pd.DataFrame(spots, columns=["a", "b"]).assign(customer_id=range(200))
    >>> find_groups(scale_features(table, ["a", "b"]), ks=[2, 3], draws=19).verdict
    'groups'

    Sources: Tibshirani, Walther and Hastie (2001) compare with a reference cloud (the gap statistic); Liu and others
    (2008, SigClust) test against one. The valley is the workshop's own measure: spread within clusters, and
    silhouettes, also react to shapes that have one hill only.
    """
    counts = _check_settings(features, ks, draws, max_rows)
    values = features.values[pick_rows(len(features.table), max_rows, seed)]
    different = count_distinct(values, 2 * max(counts))
    tried = [k for k in counts if 2 * k <= different]
    if not tried:
        raise TableError(
            [
                f"k = {counts[0]} clusters need {2 * counts[0]:,} customers that differ from each other, and only "
                f"{different:,} do: try fewer clusters, or columns with more values"
            ],
            "find_groups",
        )
    correlation = tune_correlation(values)
    rng = np.random.default_rng([seed, 13])
    with threadpool_limits(1):  # small fits: threads would only wait for each other
        rows = [measure_valleys(values, tried, seed)]
        rows += [measure_valleys(draw_cloud(values, correlation, rng), tried, seed) for _ in range(draws)]
    valleys = np.array(rows)
    # The data stand among the clouds here, so that each has the same chance to be the largest if there are no groups
    excess = (valleys.mean(axis=0) - valleys) / np.maximum(valleys.std(axis=0), 1e-12)
    largest = excess.max(axis=1)
    as_large = int((largest[1:] >= largest[0]).sum())
    low, high = interval_of_share(as_large, draws)
    table = pd.DataFrame({"k": tried, "valley": valleys[0], "null_median": np.median(valleys[1:], axis=0)})
    table["null_low"], table["null_high"] = np.quantile(valleys[1:], [0.025, 0.975], axis=0)
    table["excess"] = excess[0]
    best = int(excess[0].argmax())
    used, customers = len(values), len(features.table)
    notes = _warn(draws, [k for k in counts if k not in tried], used)
    p = (1 + as_large) / (1 + draws)
    return GroupTest(
        table, p, float(low), float(high), tried[best], float(valleys[0, best]), draws, used, customers, tuple(notes)
    )


def _check_settings(features: ScaledFeatures, ks: Sequence[int], draws: int, max_rows: int) -> list[int]:
    counts = sorted(set(ks))
    problems = []
    if not counts or counts[0] < 2:
        problems.append(f"ks should hold numbers of clusters from 2 on, found {list(ks)}")
    if draws < 19:
        problems.append(f"draws should be 19 or more: with {draws} clouds p cannot reach 0.05")
    if max_rows < FEWEST:
        problems.append(f"max_rows should be {FEWEST} or more, found {max_rows}")
    if len(features.columns) < 2:
        problems.append("with one column the cloud would be the data: look at a histogram instead")
    if len(features.table) < FEWEST:
        problems.append(f"{len(features.table)} customers are too few to see a valley: {FEWEST} or more")
    if problems:
        raise TableError(problems, "find_groups")
    return counts


def measure_valleys(values: np.ndarray, ks: Iterable[int], seed: int) -> np.ndarray:
    """Cluster by k-means for each k, and measure how full the borders are.

    Parameters
    ----------
    values : array, rows × features
    ks : iterable of int
    seed : int

    Returns
    -------
    array of float, one a k

    Examples
    --------
    >>> measure_valleys(np.array([[0.0], [0.1], [9.0], [9.1]]), [2], 0).tolist()
    [0.0]
    """
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a cloud with many equal rows may hold fewer distinct ones than k
        for k in ks:
            model = KMeans(k, n_init=2, max_iter=30, tol=1e-3, random_state=seed % 2**32).fit(values)
            found.append(measure_valley(values, model.labels_, model.cluster_centers_))
    return np.array(found)


def measure_valley(values: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> float:
    """Measure how full the border of each cluster to its least separate neighbour is; the mean over customers.

    A cluster of 2 % of the customers or less is neither a group nor a neighbour: it counts as not separate.

    Parameters
    ----------
    values : array, rows × features
    labels : array of int
    centres : array, clusters × features

    Returns
    -------
    float
        0 is a clean gap, 1 as full as the emptier centre; at most 2.

    Examples
    --------
    >>> line = np.linspace(0, 1, 101)[:, None]
    >>> round(measure_valley(line, (line[:, 0] > 0.5).astype(int), np.array([[0.25], [0.75]])), 1)
    1.0
    """
    sizes = np.bincount(labels, minlength=len(centres))
    groups = np.flatnonzero(sizes > OUTLIERS * len(labels))
    if len(groups) < 2:
        return FLAT
    fullest = np.full(len(centres), FLAT)
    fullest[groups] = 0.0
    for place, i in enumerate(groups):
        for j in groups[place + 1 :]:
            full = _measure_border(values[(labels == i) | (labels == j)], centres[i], centres[j])
            fullest[i] = max(fullest[i], full)
            fullest[j] = max(fullest[j], full)
    return float(sizes @ fullest / len(labels))


def _measure_border(pair: np.ndarray, here: np.ndarray, there: np.ndarray) -> float:
    """Customers of two clusters in the strip between the centres, over those in a strip at the emptier centre."""
    way = there - here
    length = way @ way
    if not length > 0:
        return FLAT
    place = 2 * ((pair - (here + there) / 2) @ way) / length  # the centres stand at -1 and 1
    between = int((np.abs(place) < MIDDLE).sum())
    at_centres = [int((np.abs(place - centre) < MIDDLE).sum()) for centre in (-1, 1)]
    return min(between / max(min(at_centres), 0.5), FLAT)


def _warn(draws: int, left_out: list[int], used: int) -> list[str]:
    notes = []
    if left_out:
        notes.append(f"k = {', '.join(map(str, left_out))} not tried: too few customers differ from each other")
    if used < 300:
        notes.append(f"{used} customers: only groups that lie far apart can be seen")
    if draws < 39:
        notes.append(f"{draws} clouds give a rough p-value: take 99 or more for a decision")
    return notes
