"""From linked pairs to people: connected records, as long as nobody among them contradicts another."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from loyalty.prepare.identity.links import LINKED
from loyalty.prepare.identity.model import find_conflicts

EVEN = 1.0  # bits: a record that fits two people so nearly equally belongs to nobody
TWO_PEOPLE = "would join two people"
EITHER = "fits two people"


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of records: `group` (one number a record), the pairs with their verdicts, and the records of two."""

    group: np.ndarray
    verdict: pd.Series
    torn: frozenset[int]


def group_records(records: pd.DataFrame, pairs: pd.DataFrame, threshold: float) -> Grouping:
    """Group records by the pairs that reach the threshold; contradicting records never come into one group.

    In a component with a contradiction the strongest pairs join first, and a pair that would put two people together is
    refused. A record that fits two people equally well (father and son of one name, no birth date) belongs to neither.

    Parameters
    ----------
    records : pandas.DataFrame
        Key: 0 to N - 1.
    pairs : pandas.DataFrame
        As `score_pairs` returns them.
    threshold : float
        A probability.

    Returns
    -------
    Grouping
    """
    verdict = pd.Series(LINKED, index=pairs.index, dtype="object")
    verdict[pairs["probability"] < threshold] = "below the threshold"
    is_apart = (pairs["conflict"] != "") & (pairs["probability"] >= threshold)
    verdict[is_apart] = pairs["conflict"]
    edges = pairs[verdict == LINKED]
    label = _connect(len(records), edges)
    doubtful = _find_doubtful(records, label)
    torn: set[int] = set()
    of_edge = pd.Series(label[edges["a"].to_numpy()], index=edges.index)
    for group, inside in edges[of_edge.isin(doubtful)].groupby(of_edge):
        forbidden = doubtful[int(group)]
        refused, either = _split(inside, forbidden)
        verdict[refused] = TWO_PEOPLE
        verdict[inside.index[inside["a"].isin(either) | inside["b"].isin(either)]] = EITHER
        torn |= either
    return Grouping(_connect(len(records), pairs[verdict == LINKED]), verdict.astype("str"), frozenset(torn))


def _connect(count: int, edges: pd.DataFrame) -> np.ndarray:
    ends = (edges["a"].to_numpy(), edges["b"].to_numpy())
    graph = sparse.coo_array((np.ones(len(edges)), ends), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1])


def _find_doubtful(records: pd.DataFrame, label: np.ndarray) -> dict[int, dict[int, set[int]]]:
    """The components in which two records contradict each other: which record with which."""
    groups = pd.DataFrame({"key": records["key"].to_numpy(), "group": label})
    sizes = groups["group"].map(groups["group"].value_counts())
    groups = groups[sizes > 2]  # two records were compared already
    if groups.empty:
        return {}
    doubtful: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for row in find_conflicts(records, groups).itertuples():
        of_group = doubtful[int(label[row.a])]
        of_group[int(row.a)].add(int(row.b))
        of_group[int(row.b)].add(int(row.a))
    return doubtful


def _split(edges: pd.DataFrame, forbidden: dict[int, set[int]]) -> tuple[list[int], set[int]]:
    """Join the strongest pairs first, refuse what would join two people; also name the records that fit two equally."""
    either: set[int] = set()
    while True:
        left = edges[~(edges["a"].isin(either) | edges["b"].isin(either))]
        refused = _join_strongest(left, forbidden)
        new = _find_torn(left, refused)
        if not new:
            return refused, either
        either |= new


def _join_strongest(edges: pd.DataFrame, forbidden: dict[int, set[int]]) -> list[int]:
    members: dict[int, set[int]] = {}
    refused = []
    for row in edges.itertuples():
        first = members.setdefault(int(row.a), {int(row.a)})
        second = members.setdefault(int(row.b), {int(row.b)})
        if first is second:
            continue
        if any(forbidden.get(one, set()) & second for one in first):
            refused.append(row.Index)
            continue
        first |= second
        for one in second:
            members[one] = first
    return refused


def _find_torn(edges: pd.DataFrame, refused: list[int]) -> set[int]:
    """Records whose refused pair is as strong as the pair by which they were joined."""
    best: dict[int, float] = {}
    for row in edges.drop(index=refused).itertuples():
        for one in (int(row.a), int(row.b)):
            best[one] = max(best.get(one, -np.inf), row.weight)
    torn = set()
    for row in edges.loc[refused].itertuples():
        for one in (int(row.a), int(row.b)):
            if one in best and row.weight >= best[one] - EVEN:
                torn.add(one)
    return torn
