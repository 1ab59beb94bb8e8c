"""Agreement of two segmentations of the same customers: the adjusted Rand index, with a bootstrap interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.segment.clusters.members import list_missing
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.sources import AnyTable


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two segmentations agree; built by `compare_segmentations`.

    `ari` is the adjusted Rand index: 1 if they are the same but for names, about 0 if one says nothing of the other.
    `table` counts the customers of each pair of segments.
    """

    ari: float
    low: float
    high: float
    table: pd.DataFrame
    n_customers: int
    level: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a segment of the first, one column a segment of the second: customers."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = (
            f"Agreement (adjusted Rand index) {self.ari:.2f} ({self.low:.2f} to {self.high:.2f}) "
            f"of {self.n_customers:,} customers; 1 is the same, 0 is chance"
        )
        return render_html(self.table.reset_index(), title, self.warnings)


@check_arguments
def compare_segmentations(
    first: AnyTable,
    second: AnyTable,
    *,
    columns: Sequence[str] = ("segment", "segment"),
    draws: int = 400,
    seed: int = 0,
    level: float = 0.95,
) -> Agreement:
    """Compare two segmentations of the same customers by the adjusted Rand index (ARI).

    It looks at pairs of customers: are two who are together here also together there? Names and numbers of segments do
    not matter, and agreement by chance counts as 0. It does not say which of the two is better.

    Parameters
    ----------
    first, second : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        customer_id and a column of segments; the same customers in both.
    columns : two names
        The column of segments in the first and in the second table: whole numbers or text.
    draws : int
        Bootstrap draws of customers for the interval.
    seed : int
    level : float
        Coverage of the interval.

    Returns
    -------
    Agreement

    Raises
    ------
    TableError
        A segment is empty, a customer comes twice or stands in one table only.

    Examples
    --------
    >>> first = pd.DataFrame({"customer_id": [1, 2, 3, 4], "segment": ["a", "a", "b", "b"]})
    >>> second = pd.DataFrame({"customer_id": [4, 3, 2, 1], "segment": [7, 7, 9, 9]})
    >>> compare_segmentations(first, second).ari
    1.0

    Source: Hubert and Arabie (1985), Journal of Classification 2, 193-218.
    """
    if len(columns) != 2:
        raise TableError([f"columns should be two names, found {len(columns)}"], "compare_segmentations")
    if not 0 < level < 1:
        raise TableError([f"level should lie between 0 and 1, found {level:g}"], "compare_segmentations")
    left = _read(first, columns[0], "first")
    right = _read(second, columns[1], "second")
    problems = list_missing(left["customer_id"], right["customer_id"], "the first table", "the second table")
    if problems:
        raise TableError(problems, "compare_segmentations")
    counts = pd.crosstab(left["segment"].to_numpy(), right["segment"].to_numpy())
    counts = counts.rename_axis(index=str(columns[0]), columns=str(columns[1]))
    cells = counts.to_numpy()
    ari = float(adjust_rand(cells))
    half = _find_half(cells, draws, seed, level)
    low, high = max(ari - half, -1.0), min(ari + half, 1.0)
    single = "one of the two has a single segment: then agreement means nothing"
    notes = (single,) if min(cells.shape) == 1 else ()
    return Agreement(ari, low, high, counts, len(left), level, notes)


def _read(table: AnyTable, column: str, name: str) -> pd.DataFrame:
    """Read customer_id and segments, sorted by customer_id; segments may be of any kind that can be told apart."""
    if isinstance(table, pd.DataFrame) and column in table and pd.api.types.is_numeric_dtype(table[column]):
        if table[column].isna().any():
            raise TableError(
                [f"`{column}` is empty in {int(table[column].isna().sum()):,} of {len(table):,} rows"], name
            )
        table = table[[one for one in ("customer_id", column) if one in table]]
        table = table.assign(**{column: table[column].astype(str)})
    elif isinstance(table, pd.DataFrame) and column in table and isinstance(table[column].dtype, pd.CategoricalDtype):
        table = table.assign(**{column: table[column].astype("str")})
    parts = (Column("customer_id", "id", "the customer"), Column(column, "text", "the segment"))
    rows = read_checked(table, Table(name, "a customer", ("customer_id",), parts), ["customer_id", column], name)
    if not len(rows):
        raise TableError(["the table holds no customer"], name)
    return rows.rename(columns={column: "segment"}).sort_values("customer_id", ignore_index=True)


def _find_half(cells: np.ndarray, draws: int, seed: int, level: float) -> float:
    """Half the length of the interval: customers drawn with replacement, of whom a table of counts holds all.

    The spread of the draws is taken, and not their quantiles: a customer who is drawn twice agrees with himself, so
    that the draws lie above the estimate, most of all for many small segments.
    """
    total = int(cells.sum())
    rng = np.random.default_rng([seed, 17])
    share = cells.ravel() / total
    drawn = [float(adjust_rand(rng.multinomial(total, share).reshape(cells.shape))) for _ in range(draws)]
    return float(stats.norm.ppf(0.5 + level / 2) * np.std(drawn))


def adjust_rand(cells: np.ndarray) -> np.ndarray:
    """Find the adjusted Rand index from counts of pairs of segments; tables may be stacked.

    Parameters
    ----------
    cells : array, … × first × second

    Returns
    -------
    array of float, one a table

    Examples
    --------
    >>> float(adjust_rand(np.array([[2, 0], [0, 2]])))
    1.0
    """

    def pairs(counts: np.ndarray) -> np.ndarray:
        return counts.astype(float) * (counts.astype(float) - 1) / 2

    together = pairs(cells).sum(axis=(-2, -1))
    first = pairs(cells.sum(axis=-1)).sum(axis=-1)
    second = pairs(cells.sum(axis=-2)).sum(axis=-1)
    everything = pairs(cells.sum(axis=(-2, -1)))
    by_chance = first * second / np.maximum(everything, 1)
    most = (first + second) / 2
    room = most - by_chance
    same = np.abs(room) < 1e-12 * np.maximum(most, 1)
    return np.where(same, 1.0, (together - by_chance) / np.where(same, 1.0, room))
