"""A rule tree: clusters in words that an operations team can apply, with its fidelity on customers held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, log10

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from sklearn.tree import DecisionTreeClassifier

from loyalty.charts import GREY, INK, headline
from loyalty.segment.clusters.grouping import Clustering
from loyalty.segment.clusters.members import keep_keys
from loyalty.segment.clusters.profiles import match_table
from loyalty.segment.clusters.scaling import read_features
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

LEAF = -1
LEAF_TINT = "#FBE3B0"  # a light shade of the colour of the control: dark letters can be read on it
DIGITS = 3  # of a limit
FINE = 0.005  # of a column's spread: a limit is never rounded more


@dataclass(frozen=True)
class Knot:
    """One knot of the tree: a question with two ways on, or (column is None) the answer."""

    column: str | None
    limit: float
    yes: int
    no: int
    cluster: int
    customers: int
    depth: int


@dataclass(frozen=True, eq=False)
class RuleTree:
    """Rules that say the cluster of a customer; built by `learn_rules`, used by `apply_rules`.

    `table` has one row a rule: rule (in words), cluster, customers and agree (share of them that the clustering puts
    there), on the customers held out. `fidelity` is the share of held-out customers to whom rules and clustering give
    the same cluster, with its interval; `largest` is the share that naming the largest cluster each time would reach.
    """

    knots: tuple[Knot, ...] = field(repr=False)
    columns: tuple[str, ...]
    table: pd.DataFrame = field(repr=False)
    fidelity: float
    low: float
    high: float
    largest: float
    n_held_out: int
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a rule."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the tree: a question in each box, yes to the left."""
        depth = max(knot.depth for knot in self.knots)
        leaves = [i for i, knot in enumerate(self.knots) if knot.column is None]
        ax = ax or plt.subplots(figsize=(9, 1.6 + 1.05 * depth))[1]
        places: dict[int, float] = {}
        _place(self.knots, 0, iter(range(len(leaves))), places)
        for i, knot in enumerate(self.knots):
            for way, word in ((knot.yes, "yes"), (knot.no, "no")):
                if knot.column is not None:
                    ends = (places[i], places[way]), (-knot.depth, -self.knots[way].depth)
                    ax.plot(*ends, color=GREY, linewidth=1.2, zorder=1)
                    ax.text(
                        0.45 * ends[0][0] + 0.55 * ends[0][1], 0.45 * ends[1][0] + 0.55 * ends[1][1], word,
                        fontsize=10.5, color="#5F6368", ha="center", va="center",
                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
                    )  # fmt: skip
        for i, knot in enumerate(self.knots):
            is_leaf = knot.column is None
            words = f"cluster\n{knot.cluster}" if is_leaf else f"{knot.column}\n≤ {knot.limit:.12g}?"
            box = {"facecolor": LEAF_TINT if is_leaf else "white", "edgecolor": INK, "boxstyle": "round,pad=0.4"}
            look = {"fontsize": 12, "fontweight": "bold"} if is_leaf else {"fontsize": 11}
            ax.text(places[i], -knot.depth, words, ha="center", va="center", bbox=box, zorder=3, **look)
        ax.set(xlim=(-0.7, len(leaves) - 0.3), ylim=(-depth - 0.5, 0.5))
        ax.axis("off")
        subtitle = f"{self.fidelity:.0%} of held-out customers get the same cluster ({self.low:.0%} to {self.high:.0%})"
        headline(ax, title or f"{len(leaves)} rules instead of a formula", subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        title = (
            f"{len(self.table)} rules; the same cluster as the clustering for {self.fidelity:.0%} "
            f"({self.low:.0%} to {self.high:.0%}) of {self.n_held_out:,} customers held out"
        )
        with pd.option_context("display.max_colwidth", None):
            return render_html(self.table.round(2), title, self.warnings)


@check_arguments
def learn_rules(
    clustering: Clustering,
    table: AnyTable,
    columns: Sequence[str],
    *,
    max_rules: int = 8,
    min_customers: int = 20,
    held_out: float = 0.3,
    seed: int = 0,
) -> RuleTree:
    """Learn a rule tree (decision tree, a surrogate of the clustering) from columns in their own units.

    A till or a call centre cannot compute a distance to five centres, but can ask a few questions. Limits are rounded
    to three digits, or to more where that would move them, and the fidelity is that of the rounded rules. Not for
    judging the clusters: a tree can be faithful to clusters that mean nothing.

    Parameters
    ----------
    clustering : Clustering
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and the columns, not scaled; the same customers.
    columns : sequence of str
        What the rules may ask; also columns that did not make the clusters.
    max_rules : int
        2 or more.
    min_customers : int
        Fewest customers of a rule, when it is learned.
    held_out : float
        Share of the customers that the tree does not see, from 0.1 to 0.9.
    seed : int

    Returns
    -------
    RuleTree

    Raises
    ------
    TableError
        The tables speak of different customers, a column is missing or empty, or there are fewer than 20 customers.

    Examples
    --------
    >>> from loyalty.segment.clusters.grouping import cluster_customers
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> table = pd.DataFrame({"customer_id": range(100), "visits": [1, 2, 30, 31] * 25})
    >>> found = cluster_customers(scale_features(table, ["visits"]), 2)
    >>> learn_rules(found, table, ["visits"]).table[["rule", "cluster"]].to_numpy().tolist()
    [['visits ≤ 16', 2], ['visits > 16', 1]]

    Source: Breiman and others (1984), Classification and Regression Trees.
    """
    problems = []
    if max_rules < 2:
        problems.append(f"max_rules should be 2 or more, found {max_rules}")
    if min_customers < 1:
        problems.append(f"min_customers should be 1 or more, found {min_customers}")
    if not 0.1 <= held_out <= 0.9:
        problems.append(f"held_out should lie between 0.1 and 0.9, found {held_out:g}")
    if len(clustering.table) < 20:
        problems.append(f"{len(clustering.table)} customers are too few to hold some out: 20 or more")
    if problems:
        raise TableError(problems, "learn_rules")
    people = match_table(clustering, table, columns)
    rng = np.random.default_rng([seed, 23])
    apart = np.zeros(len(people), dtype=bool)
    apart[rng.permutation(len(people))[: max(1, round(held_out * len(people)))]] = True
    seen = people[~apart]
    tree = DecisionTreeClassifier(max_leaf_nodes=max_rules, min_samples_leaf=min_customers, random_state=seed % 2**32)
    tree.fit(seen[list(columns)].to_numpy(float), seen["cluster"].to_numpy())
    spread = seen[list(columns)].max() - seen[list(columns)].min()
    knots = _read_knots(tree, tuple(columns), spread.to_dict())
    rest = people[apart]
    leaf = _walk(knots, rest)
    said = np.array([knot.cluster for knot in knots])[leaf]
    right = said == rest["cluster"].to_numpy()
    low, high = interval_of_share(int(right.sum()), len(right))
    rules = _list_rules(knots)
    rules["customers"] = [int((leaf == place).sum()) for place in rules["place"]]
    rules["agree"] = [
        float(right[leaf == place].mean()) if (leaf == place).any() else np.nan for place in rules["place"]
    ]
    largest = float(rest["cluster"].value_counts(normalize=True).max())
    lost = sorted(set(people["cluster"]) - set(rules["cluster"]))
    mend = _advise(len(rules), max_rules, min_customers, len(seen))
    notes = [f"no rule leads to cluster {', '.join(map(str, lost))}: {mend}"] if lost else []
    if right.mean() < 0.8:
        notes.append(f"the rules give {1 - right.mean():.0%} of the customers another cluster: {mend}")
    return RuleTree(
        knots, tuple(columns), rules.drop(columns="place"), float(right.mean()), float(low), float(high), largest,
        len(rest), tuple(notes),
    )  # fmt: skip


@check_arguments
def apply_rules(rules: RuleTree, table: AnyTable) -> pd.DataFrame:
    """Give customers a cluster by rules.

    Parameters
    ----------
    rules : RuleTree
    table : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and the columns that the rules were learned from.

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of where it was given, cluster; sorted by customer_id. Everybody gets one.

    Raises
    ------
    TableError
        A column is missing or empty for some customer.

    Examples
    --------
    >>> from loyalty.segment.clusters.grouping import cluster_customers
    >>> from loyalty.segment.clusters.scaling import scale_features
    >>> table = pd.DataFrame({"customer_id": range(100), "visits": [1, 2, 30, 31] * 25})
    >>> rules = learn_rules(cluster_customers(scale_features(table, ["visits"]), 2), table, ["visits"])
    >>> apply_rules(rules, pd.DataFrame({"customer_id": [7], "visits": [40]}))["cluster"].tolist()
    [1]
    """
    rows = read_features(table, rules.columns)
    clusters = np.array([knot.cluster for knot in rules.knots])[_walk(rules.knots, rows)]
    return keep_keys(rows).assign(cluster=clusters)


def round_limit(limit: float, spread: float) -> float:
    """Round a limit to three digits, or to a small part of the column's spread where that is finer.

    Examples
    --------
    >>> round_limit(16.2345, 30.0), round_limit(202306.4, 11.0)
    (16.2, 202306.4)
    """
    if limit == 0 or spread <= 0:
        return limit
    digits = DIGITS - 1 - floor(log10(abs(limit)))
    return round(limit, max(digits, -floor(log10(FINE * spread))))


def _advise(rules: int, max_rules: int, min_customers: int, seen: int) -> str:
    """Say what would let the tree follow the clusters: more rules help only where it has used all that it may have."""
    if rules >= max_rules:
        return f"allow more rules than {max_rules} (max_rules), or more columns"
    if 2 * min_customers > seen:
        return f"of {seen:,} customers no two rules can have {min_customers:,} each: lower min_customers"
    if min_customers > 1:
        return f"allow rules of fewer than {min_customers:,} customers (min_customers), or more columns"
    return "give more columns: these do not tell the clusters apart"


def _read_knots(
    tree: DecisionTreeClassifier, columns: tuple[str, ...], spread: Mapping[str, float]
) -> tuple[Knot, ...]:
    """Read scikit-learn's tree; limits are rounded."""
    inner = tree.tree_
    depth = np.zeros(inner.node_count, dtype=int)
    for place in range(inner.node_count):
        for child in (inner.children_left[place], inner.children_right[place]):
            if child != LEAF:
                depth[child] = depth[place] + 1
    knots = []
    for place in range(inner.node_count):
        is_leaf = inner.children_left[place] == LEAF
        column = None if is_leaf else columns[inner.feature[place]]
        limit = 0.0 if column is None else round_limit(float(inner.threshold[place]), float(spread[column]))
        answer = int(tree.classes_[inner.value[place][0].argmax()])
        yes, no = int(inner.children_left[place]), int(inner.children_right[place])
        knots.append(Knot(column, limit, yes, no, answer, int(inner.n_node_samples[place]), int(depth[place])))
    return tuple(knots)


def _walk(knots: tuple[Knot, ...], rows: pd.DataFrame) -> np.ndarray:
    """Send everybody down the tree: one step for each knot, not for each customer."""
    place = np.zeros(len(rows), dtype=int)
    for number, knot in enumerate(knots):  # a knot stands before those below it
        if knot.column is not None:
            here = place == number
            below = rows[knot.column].to_numpy(float) <= knot.limit
            place = np.where(here, np.where(below, knot.yes, knot.no), place)
    return place


def _list_rules(knots: tuple[Knot, ...]) -> pd.DataFrame:
    """One row a leaf, with the questions on the way to it in words."""
    rows: list[dict[str, object]] = []
    stack: list[tuple[int, dict[str, tuple[float, float]]]] = [(0, {})]
    while stack:
        place, limits = stack.pop()
        knot = knots[place]
        if knot.column is None:
            rows.append({"rule": _say(limits), "cluster": knot.cluster, "place": place})
            continue
        low, high = limits.get(knot.column, (-np.inf, np.inf))
        stack.append((knot.no, limits | {knot.column: (max(low, knot.limit), high)}))
        stack.append((knot.yes, limits | {knot.column: (low, min(high, knot.limit))}))
    return pd.DataFrame(rows)


def _say(limits: dict[str, tuple[float, float]]) -> str:
    parts = []
    for column, (low, high) in limits.items():
        if np.isinf(low):
            parts.append(f"{column} ≤ {high:.12g}")
        elif np.isinf(high):
            parts.append(f"{column} > {low:.12g}")
        else:
            parts.append(f"{column} > {low:.12g} and ≤ {high:.12g}")
    return ", ".join(parts) or "everybody"


def _place(knots: tuple[Knot, ...], number: int, leaves: Iterator[int], places: dict[int, float]) -> float:
    """Find the place of each knot: leaves side by side, a question in the middle above its answers."""
    knot = knots[number]
    if knot.column is None:
        places[number] = float(next(leaves))
    else:
        ways = [_place(knots, way, leaves, places) for way in (knot.yes, knot.no)]
        places[number] = sum(ways) / 2
    return places[number]
