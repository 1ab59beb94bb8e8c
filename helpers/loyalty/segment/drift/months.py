"""Snapshots side by side: one row a customer, one column a snapshot, segments as whole numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from loyalty.segment.snapshots import read_snapshot
from loyalty.tables.check import TableError
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable

ABSENT = -1
MONTH = 28, 31  # days between two snapshots that are a month apart


@dataclass(frozen=True, eq=False)
class Months:
    """Snapshots of one scheme, the earliest first.

    `codes` has one row a customer and one column a snapshot: the place of the segment in `names`, or `ABSENT` where the
    customer is not in the snapshot.
    """

    days: tuple[pd.Timestamp, ...]
    names: tuple[str, ...]
    codes: np.ndarray
    versions: tuple[tuple[str, ...], ...]

    @property
    def version_changed(self) -> bool:
        """Whether the snapshots were made by more than one version of the rule."""
        return len(set(self.versions)) > 1

    def find(self, day: pd.Timestamp) -> int | None:
        """The column of a day, or None."""
        return self.days.index(day) if day in self.days else None


def read_months(snapshots: pd.DataFrame | Sequence[AnyTable], name: str = "snapshots") -> Months:
    """Check snapshots of one scheme, one table of all or a list of them, and lay them side by side.

    Raises
    ------
    TableError
        A table is no snapshot, a day comes twice, or the schemes differ.
    """
    parts = _split(snapshots, name)
    if not parts:
        raise TableError(["there is no snapshot"], name)
    return lay_side_by_side([read_snapshot(part, f"{name}, table {i}") for i, part in enumerate(parts, 1)], name)


def lay_side_by_side(snapshots: Sequence[pd.DataFrame], name: str) -> Months:
    """Lay snapshots side by side that `read_snapshot` has checked.

    Raises
    ------
    TableError
        A day comes twice, or the schemes differ.
    """
    tables = sorted(snapshots, key=lambda table: table["as_of"].iloc[0])
    days = [table["as_of"].iloc[0].normalize() for table in tables]
    problems = [f"two snapshots are as of {day:%Y-%m-%d}" for day in sorted({d for d in days if days.count(d) > 1})]
    schemes = sorted({table["scheme"].iloc[0] for table in tables})
    if len(schemes) > 1:
        problems.append(f"one segmentation at a time, found {', '.join(schemes)}")
    for one, other in zip(tables, tables[1:], strict=False):
        problems += find_strangers(one["customer_id"], other["customer_id"], "a snapshot", "the next one", alike=True)
    if problems:
        raise TableError(list(dict.fromkeys(problems)), name)
    names, codes = code_segments(tables)
    versions = tuple(tuple(sorted(table["version"].unique())) for table in tables)
    return Months(tuple(days), names, codes, versions)


def _split(snapshots: pd.DataFrame | Sequence[AnyTable], name: str) -> list[AnyTable]:
    """Cut one long table into its days; a list stays as it is."""
    if isinstance(snapshots, (str, Path)):
        raise TableError(["one table of all snapshots should be a pandas table, or give a list of files"], name)
    if not isinstance(snapshots, pd.DataFrame):
        return list(snapshots)
    if "as_of" not in snapshots:
        raise TableError(["there is no column `as_of`: the day for which each segment was given"], name)
    if snapshots["as_of"].isna().any():
        raise TableError([f"`as_of` is empty in {int(snapshots['as_of'].isna().sum()):,} rows"], name)
    return [part for _, part in snapshots.groupby("as_of", sort=False)]


def name_step(days: float) -> str:
    """What a snapshot is called on an axis: a month where one is taken each month.

    Examples
    --------
    >>> name_step(31), name_step(7)
    ('month', 'snapshot')
    """
    return "month" if MONTH[0] <= days <= MONTH[1] else "snapshot"


def code_segments(tables: Sequence[pd.DataFrame]) -> tuple[tuple[str, ...], np.ndarray]:
    """Give each segment a number, and each customer a row; see `Months` for the names and codes.

    Examples
    --------
    >>> tables = [pd.DataFrame({"customer_id": [1, 2], "segment": ["b", "a"]}),
    ...           pd.DataFrame({"customer_id": [2], "segment": ["c"]})]
    >>> names, codes = code_segments(tables)
    >>> names, codes.tolist()
    (('a', 'b', 'c'), [[1, -1], [0, 2]])
    """
    coded = [pd.factorize(table["segment"]) for table in tables]
    names = sorted({str(one) for _, found in coded for one in found})
    place = {one: number for number, one in enumerate(names)}
    everybody = _list_everybody(tables)
    codes = np.full((len(everybody), len(tables)), ABSENT, dtype=np.int16, order="F")
    for column, (table, (numbers, found)) in enumerate(zip(tables, coded, strict=True)):
        mine = np.array([place[str(one)] for one in found], dtype=np.int16)[numbers]
        if len(table) == len(everybody):
            codes[:, column] = mine
        else:
            codes[everybody.get_indexer(table["customer_id"]), column] = mine
    return tuple(names), codes


def _list_everybody(tables: Sequence[pd.DataFrame]) -> pd.Index:
    """All customers of all snapshots, sorted; each snapshot is sorted already."""
    everybody = pd.Index(tables[0]["customer_id"])
    for table in tables[1:]:
        ids = pd.Index(table["customer_id"])
        if not ids.equals(everybody):
            everybody = everybody.union(ids)
    return everybody.sort_values()


def count_cells(then: np.ndarray, now: np.ndarray, segments: int) -> np.ndarray:
    """Count the customers of each pair of segments; the last row and column hold those who are absent.

    Customers who are in neither snapshot are not counted.

    Examples
    --------
    >>> count_cells(np.array([0, 0, -1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1, 0], [0, 0, 0], [0, 1, 0]]
    """
    size = segments + 1
    rows = np.where(then == ABSENT, segments, then).astype(np.int64)
    columns = np.where(now == ABSENT, segments, now)
    cells = np.bincount(rows * size + columns, minlength=size * size).reshape(size, size)
    cells[segments, segments] = 0
    return cells


def error_of_gap(cells: np.ndarray, place: int) -> float:
    """Find the standard error of the difference of one segment's share between two days, from what each customer adds.

    Parameters
    ----------
    cells : array of int
        From `count_cells`; somebody is there on each day.
    place : int
        The segment.

    Examples
    --------
    >>> pairs = np.array([[60, 20, 0], [10, 10, 0], [0, 0, 0]])  # McNemar: (20 + 10 − 10² / 100) / 100²
    >>> round(error_of_gap(pairs, 0) ** 2, 6)
    0.0029
    """
    then, now = cells[:-1].sum(), cells[:, :-1].sum()
    mine = np.arange(len(cells) - 1) == place
    before = np.append(mine - cells[place].sum() / then, 0.0) / then
    after = np.append(mine - cells[:, place].sum() / now, 0.0) / now
    influence = after[None, :] - before[:, None]
    return float(np.sqrt((cells * influence**2).sum()))
