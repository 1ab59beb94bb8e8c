"""Links held against the truth: precision and recall of pairs and of people, with intervals."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from loyalty.prepare.identity.links import RecordLinks
from loyalty.prepare.identity.records import KEY, find_lists
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import wilson
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of

MEASURES = {
    "pair precision": "of the pairs that were put together, the share that is one person",
    "pair recall": "of the pairs that are one person, the share that was put together",
    "person precision": "of the groups of several records, the share that holds one person only",
    "person recall": "of the people with several records, the share whose records are all in one group",
}


@dataclass(frozen=True, eq=False, repr=False)
class LinkGrades:
    """How right links are; made by `grade_links`.

    Attributes
    ----------
    table : pandas.DataFrame
        measure, value, low, high, right, total: one row a measure.
    level : float
    warnings : tuple of str
    """

    table: pd.DataFrame = field(repr=False)
    method: str = ""
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    def __getitem__(self, measure: str) -> float:
        """The value of a measure, by its name."""
        return float(self.table.set_index("measure").loc[measure, "value"])

    @property
    def precision(self) -> float:
        """Pair precision."""
        return self["pair precision"]

    @property
    def recall(self) -> float:
        """Pair recall."""
        return self["pair recall"]

    def to_frame(self) -> pd.DataFrame:
        """One row a measure."""
        return self.table.copy()

    def __repr__(self) -> str:
        return f"{self.method}: pair precision {self.precision:.3f}, pair recall {self.recall:.3f}"

    def _repr_html_(self) -> str:
        return render_html(self.table, repr(self), self.warnings)


@check_arguments
def grade_links(
    links: RecordLinks | pd.DataFrame,
    truth: pd.DataFrame,
    *,
    only: pd.DataFrame | None = None,
    level: float = 0.95,
) -> LinkGrades:
    """Grade links by who is who: precision and recall of pairs, and of people.

    Pairs share records and are no independent draws. People and groups that touch one another make one cluster, and
    the intervals (Wilson's, on the effective number of pairs) count clusters. Where one group holds hundreds, most
    pairs are in it: read the person measures too.

    Only where the truth is known, as in a simulated world. On real data use a sample that somebody has checked; see
    `choose_threshold`.

    Parameters
    ----------
    links : RecordLinks, or table
        source, record_id, person.
    truth : table
        source, record_id, customer_id: who each record is. Records that it does not have are left out.
    only : table, optional
        source, record_id: the records that are judged, such as those with consent; else all.
    level : float
        Coverage of the intervals.

    Returns
    -------
    LinkGrades
        A share of nothing (no pair was linked) is NaN.

    Raises
    ------
    TableError
        With all problems: columns that are missing, records that stand twice, no record in common.

    Examples
    --------
    >>> found = pd.DataFrame({"source": "cards", "record_id": list("abcd"), "person": [1, 1, 2, 2]})
    >>> truth = pd.DataFrame({"source": "cards", "record_id": list("abcd"), "customer_id": [7, 7, 8, 9]})
    >>> grades = grade_links(found, truth)
    >>> grades.precision, grades.recall, grades["person precision"]
    (0.5, 1.0, 0.5)

    Source: Christen (2012), Data Matching, chapter 7; for the effective number Rao & Scott (1992), Biometrics 48.
    """
    people = links.people if isinstance(links, RecordLinks) else links
    notes: list[str] = []
    both = _join(people, truth, only, notes)
    cluster = _find_clusters(both)
    sizes = both.groupby(["person", "customer_id"], sort=False).size().rename("n").reset_index()
    sizes["pairs"] = sizes["n"] * (sizes["n"] - 1) / 2
    parts = {
        "pair precision": _count_pairs(both, "person", sizes, cluster),
        "pair recall": _count_pairs(both, "customer_id", sizes, cluster),
        "person precision": _count_people(both, "person", "customer_id", cluster),
        "person recall": _count_people(both, "customer_id", "person", cluster),
    }
    rows = [(name, *_estimate(right, total, level)) for name, (right, total) in parts.items()]
    table = pd.DataFrame(rows, columns=["measure", "value", "low", "high", "right", "total"])
    largest = both["person"].value_counts().iloc[0]
    if largest > 20:
        notes.append(f"one group has {largest:,} records; most pairs are in it, so the intervals of pairs say little")
    method = links.method if isinstance(links, RecordLinks) else "links"
    return LinkGrades(table, method, level, tuple(notes))


def _join(people: pd.DataFrame, truth: pd.DataFrame, only: pd.DataFrame | None, notes: list[str]) -> pd.DataFrame:
    """One row a record with both labels."""
    problems = _find_problems(people, (*KEY, "person"), "the links")
    problems += _find_problems(truth, (*KEY, "customer_id"), "the truth")
    if only is not None:
        problems += _find_problems(only, KEY, "`only`")
    if problems:
        raise TableError(problems, "grade_links")
    kinds = dict.fromkeys(KEY, "str")
    both = people[[*KEY, "person"]].astype(kinds).merge(truth[[*KEY, "customer_id"]].astype(kinds), on=list(KEY))
    if len(both) < len(people):
        notes.append(f"the truth does not know {count_of(len(people) - len(both), 'record')}: they are left out")
    if only is not None:
        both = both.merge(only[list(KEY)].astype(kinds), on=list(KEY))
    if both.empty:
        raise TableError(["no record is both in the links and in the truth"], "grade_links")
    codes = {name: pd.factorize(both[name])[0] for name in ("person", "customer_id")}
    return both.assign(**codes)


def _find_problems(table: pd.DataFrame, columns: tuple[str, ...], name: str) -> list[str]:
    missing = [f"`{column}`" for column in columns if column not in table]
    if missing:
        return [f"{name} should have {', '.join(missing)}"]
    problems = find_lists(table, columns, name)
    if problems:
        return problems
    if table[list(columns)].isna().any(axis=None):
        problems.append(f"{name}: a cell of {', '.join(columns)} is empty")
    twice = int(table[list(KEY)].astype("str").duplicated().sum())
    if twice:
        problems.append(f"{name}: {count_of(twice, 'record')} more than once")
    return problems


def _find_clusters(both: pd.DataFrame) -> np.ndarray:
    """The cluster of each record: people and groups that touch one another."""
    person = pd.factorize(both["person"])[0]
    customer = pd.factorize(both["customer_id"])[0] + person.max() + 1
    size = int(customer.max()) + 1
    graph = sparse.coo_array((np.ones(len(both)), (person, customer)), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1][person])


def _count_pairs(
    both: pd.DataFrame, key: str, sizes: pd.DataFrame, cluster: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """In each cluster: the pairs within one group of `key`, and those of them that are right."""
    count = int(cluster.max()) + 1
    of_key = pd.Series(cluster, index=both[key].to_numpy())
    of_key = of_key[~of_key.index.duplicated()]
    n = both[key].value_counts()
    total = np.bincount(of_key[n.index], weights=(n * (n - 1) / 2).to_numpy(float), minlength=count)
    right = np.bincount(of_key[sizes[key]], weights=sizes["pairs"].to_numpy(float), minlength=count)
    return right, total


def _count_people(both: pd.DataFrame, key: str, other: str, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In each cluster: the groups of `key` with several records, and those of them that are one group of `other`."""
    count = int(cluster.max()) + 1
    groups = (
        both.assign(cluster=cluster)
        .groupby(key)
        .agg(n=(other, "size"), others=(other, "nunique"), cluster=("cluster", "first"))
    )
    groups = groups[groups["n"] > 1]
    right = np.bincount(groups["cluster"], weights=(groups["others"] == 1).to_numpy(float), minlength=count)
    return right, np.bincount(groups["cluster"], minlength=count).astype(float)


def _estimate(right: np.ndarray, total: np.ndarray, level: float) -> tuple[float, float, float, int, int]:
    """A share of sums over clusters, with Wilson's interval on the effective number."""
    used = total > 0
    right = right[used]
    total = total[used]
    n = float(total.sum())
    if not n:
        return float("nan"), float("nan"), float("nan"), 0, 0
    share = float(right.sum() / n)
    effective = n / max(find_design_effect(right, total), 1.0)
    low, high = wilson(share, effective, level)
    return share, float(low), float(high), int(round(right.sum())), int(round(n))


def find_design_effect(right: np.ndarray, total: np.ndarray) -> float:
    """How much more a share of sums over clusters varies than one of as many independent draws (design effect).

    Where all or nothing is right the spread cannot be seen; then each cluster is taken for one draw with its weight.

    Examples
    --------
    >>> find_design_effect(np.array([1.0, 1.0, 0.0, 1.0]), np.ones(4))
    1.3333333333333333
    """
    n = total.sum()
    share = right.sum() / n
    kish = float((total**2).sum() / n)
    groups = len(total)
    if groups < 2:
        return float(n)
    if share in (0.0, 1.0):
        return kish
    variance = ((right - share * total) ** 2).sum() * groups / (groups - 1) / n**2
    return float(variance / (share * (1 - share) / n))
