"""From the rows of a history to cells: counts, rates with intervals that know that customers come more than once.

Rows are reduced where they live, first to customers, then to cells; what comes to memory is one row a cell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.contracts import HISTORY
from loyalty.frames import collect, open_table
from loyalty.learn.history import History
from loyalty.learn.waves import MEASURES, HistoryError
from loyalty.stats import wilson
from loyalty.tables import check_table

UNKNOWN = "unknown"


def read_history(source: Any) -> nw.LazyFrame:
    """Open a history, or check and open a table under its contract."""
    return open_table(source.rows()) if isinstance(source, History) else check_table(source, HISTORY)


def open_rows(
    table: nw.LazyFrame, by: Sequence[str], outcome: str, window: str, *, dated: bool = False
) -> tuple[nw.LazyFrame, int]:
    """Open the treated contacts of one window: ids, dates, the cells' names without gaps, and y, 1 with the outcome.

    Also returns how many contacts were left out because the outcome was not measured. ValueError where nothing is
    left, a column is missing, or, when `dated`, a contact has no start or end.
    """
    schema = table.collect_schema()
    dates = ["start", "end"] if dated else []
    needed = list(dict.fromkeys(["campaign_id", "wave", "customer_id", "arm", "window", outcome, *by, *dates]))
    lacking = [name for name in needed if name not in schema]
    if outcome not in MEASURES:
        raise HistoryError(f"outcome should be one of {', '.join(MEASURES)}, found {outcome!r}")
    if lacking:
        there = ", ".join(name for name in HISTORY.names if name in schema)
        raise HistoryError(f"the history has no column {', '.join(lacking)}; it has {there}")
    rows = table.filter(nw.col("window") == window, nw.col("arm") != "control")
    texts = [n for n in by if schema[n] in (nw.String, nw.Categorical, nw.Enum)]
    value = nw.col(outcome)
    rows = rows.select(
        *(n for n in needed if n not in (outcome, "window", *texts)),
        *(nw.col(n).cast(nw.String).fill_null(UNKNOWN) for n in texts),
        y=nw.when(~value.is_null()).then(nw.when(value > 0).then(1).otherwise(0)),
    )
    gaps = [nw.col(n).is_null().cast(nw.Int64).sum().alias(n) for n in ("y", *dates)]
    count = collect(rows.select(nw.len().alias("n"), *gaps)).iloc[0].fillna(0).astype("int64")
    if count["n"] == count["y"]:
        raise HistoryError(f"there are no treated contacts with {outcome} in the window {window!r}")
    if undated := max((count[n] for n in dates), default=0):
        raise HistoryError(f"{undated:,} contacts have no start or no end, so nothing says what came before them")
    return rows.filter(~nw.col("y").is_null()), int(count["y"])


def sum_cells(rows: nw.LazyFrame, by: Sequence[str], values: Sequence[str] = ("y",)) -> pd.DataFrame:
    """Reduce rows to customers, customers to cells: customers, n, each value's sum, and the sums of their products."""
    sums = [nw.col(name).cast(nw.Float64).sum() for name in values]
    people = rows.group_by(*by, "customer_id").agg(nw.len().cast(nw.Float64).alias("n"), *sums)
    n, products = nw.col("n"), {"nn": nw.col("n") * nw.col("n")}
    for name in values:
        products |= {f"n_{name}": n * nw.col(name), f"{name}_{name}": nw.col(name) * nw.col(name)}
    sums = [nw.col(name).sum() for name in ("n", *values, *products)]
    cells = collect(people.with_columns(**products).group_by(*by).agg(nw.len().alias("customers"), *sums))
    return cells.astype({"n": "int64", "customers": "int64"}).sort_values(list(by), ignore_index=True)


def add_rates(cells: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add responses, rate, se, n_effective, low and high, of the column y, to the sums of `sum_cells`."""
    size, rate = cells["n"], cells["y"] / cells["n"]
    repeated, chance = cells["nn"] > size, size * rate * (1 - rate)
    squares = (error_of_ratio(cells, "y", rate) * size) ** 2
    known = repeated & squares.notna()
    usual = squares[known].sum() / chance[known].sum() if chance[known].sum() > 0 else 1.0
    inflation = (squares / chance.where(chance > 0)).fillna(usual).where(repeated, 1.0)
    effective = size / np.minimum(inflation.clip(lower=1), size)
    low, high = wilson(rate, effective, level)
    return cells.assign(
        responses=cells["y"].astype("int64"), rate=rate, se=np.sqrt(squares) / size, n_effective=effective, low=low,
        high=high,
    )  # fmt: skip


def error_of_ratio(cells: pd.DataFrame, value: str, mean: pd.Series) -> pd.Series:
    """Standard error of a value's sum over n, customers taken as the units drawn; missing for a single customer."""
    squares = cells[f"{value}_{value}"] - 2 * mean * cells[f"n_{value}"] + mean**2 * cells["nn"]
    several = cells["customers"].where(cells["customers"] > 1)
    return np.sqrt(squares.clip(lower=0) * several / (several - 1)) / cells["n"]
