"""Response rates by segment and offer, each beside its shrunken value.

A response rate is no lift: it says who answers, not who would have bought anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import matplotlib.pyplot as plt
import narwhals as nw
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import PercentFormatter

from loyalty.charts import GREY, HIGHLIGHT, TREATED, grid_along_x, headline
from loyalty.learn.history.store import History
from loyalty.learn.history.waves import MEASURES, HistoryError
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import wilson
from loyalty.stats.shrinkage import Shrunk, shrink_rates
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import check_table
from loyalty.tables.contracts import HISTORY
from loyalty.tables.sources import AnyTable, collect, open_table

FEW = 20  # responses, or contacts without one, under which a rate warns


@dataclass(frozen=True)
class Rates:
    """Rates of cells with their shrunken values, the highest first; built by `measure_rates`.

    `priors` holds what was learned about each family of cells (one, unless `within` was given).
    """

    table: pd.DataFrame
    by: tuple[str, ...]
    outcome: str
    priors: dict[Any, Shrunk]
    level: float = 0.95
    warnings: tuple[str, ...] = field(default_factory=tuple)

    @property
    def best(self) -> pd.Series:
        """The cell with the highest lower end of the shrunken interval: high, and large enough to be sure of it.

        The highest raw rate is usually a small cell's luck, and some of the luck survives the shrinkage.
        """
        return self.table.loc[self.table["shrunken_low"].idxmax()]

    def to_frame(self) -> pd.DataFrame:
        """One row a cell, sorted by the shrunken rate."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return render_html(self.table, f"share with {self.outcome}, by {', '.join(self.by)}", self.warnings)

    def plot(self, *, ax: Axes | None = None, title: str = "Small cells move most", source: str = "") -> Axes:
        """Draw each cell's raw rate (hollow) and its shrunken rate with interval, the highest on top."""
        ax = ax or plt.subplots(figsize=(9, 1.4 + 0.35 * len(self.table)))[1]
        place = np.arange(len(self.table))
        ax.hlines(place, self.table["shrunken_low"], self.table["shrunken_high"], color=TREATED, linewidth=3)
        ax.plot(self.table["rate"], place, "o", color=HIGHLIGHT, markerfacecolor="white", label="raw")
        ax.plot(self.table["shrunken"], place, "o", color=TREATED, label="shrunken")
        ax.hlines(place, self.table["rate"], self.table["shrunken"], color=GREY, linewidth=1, linestyle=":")
        labels = [" · ".join(map(str, cell)) for cell in self.table[list(self.by)].itertuples(index=False)]
        ax.set_yticks(place, [f"{text}  ({n:,})" for text, n in zip(labels, self.table["n"], strict=True)])
        ax.invert_yaxis()
        grid_along_x(ax)
        ax.legend(loc="lower right")
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        headline(ax, title, f"{self.outcome}, % of contacts; number of contacts in brackets", source)
        return ax


@check_arguments
def measure_rates(
    history: Any,
    *,
    by: Sequence[str] = ("segment", "offer_id"),
    outcome: str = "responded",
    window: str = "main",
    min_size: int = 5,
    within: str | None = None,
    level: float = 0.95,
) -> Rates:
    """Measure the share of treated contacts with an outcome, cell by cell, raw and shrunken.

    Not for what a campaign changed: without the control's rate beside it, a rate is no lift.

    Parameters
    ----------
    history : History, pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        Contract `history`; control contacts are left out.
    by : sequence of str
        Columns that make the cells. An empty name becomes "unknown"; no row is lost for want of one.
    outcome : str
        A column of the contract `outcomes`; counted is a value above 0. Rows where it was not measured are left out.
    window : {"main", "pre", "post"}
    min_size : int
        Cells with fewer customers are left out of the table and of the prior.
    within : str, optional
        One of `by`: each of its values is a family with a prior of its own.
    level : float
        Coverage of the intervals, a fraction.

    Returns
    -------
    Rates
        `table`: the columns of `by`; n (contacts), customers, responses, rate with low and high (Wilson); shrunken
        with shrunken_low and shrunken_high; kept, the share of the cell's own distance to the mean; warnings. A
        customer who comes several times is not several customers: intervals and shrinkage count n_effective contacts,
        n divided by how much repetition enlarges the variance; se is the rate's clustered standard error.

    Raises
    ------
    ValueError
        A column that the history does not have, or no rows to measure.

    Examples
    --------
    >>> wave = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": range(60), "window": "main"})
    >>> wave = wave.assign(arm="coupon", segment=["new"] * 6 + ["loyal"] * 54, responded=[1, 0] * 3 + [1, 0, 0] * 18)
    >>> measure_rates(wave, by=["segment"]).table[["segment", "n", "responses", "rate", "shrunken"]].round(2)
      segment   n  responses  rate  shrunken
    0   loyal  54         18  0.33      0.35
    1     new   6          3  0.50      0.35

    Source: Wilson, JASA 22 (1927), 209-212; Rao and Scott, Biometrics 48 (1992), 577-585, for repeated customers.
    """
    by = [by] if isinstance(by, str) else list(by)
    if within is not None and within not in by:
        raise HistoryError(f"within should be one of by ({', '.join(by)}), found {within!r}")
    table = read_history(history)
    rows, empty = open_rows(table, by, outcome, window)
    found = add_rates(sum_cells(rows, by), level)
    cells = found[[*by, "n", "customers", "responses", "n_effective", "rate", "low", "high", "se"]]
    small = cells["customers"] < min_size
    notes = [f"{empty:,} contacts were left out: {outcome} was not measured"] if empty else []
    if small.any():
        left = f"{small.sum()} cells with fewer than {min_size} customers were left out"
        notes.append(f"{left} ({cells.loc[small, 'n'].sum():,} contacts)")
    if "segment" in by and not {"scheme", "version"} <= set(by):
        notes += _find_mixed_schemes(table, window)
    cells = cells[~small]
    if cells.empty:
        raise HistoryError(f"there is no cell with {min_size} customers to measure")
    families = [(None, cells)] if within is None else list(cells.groupby(within, sort=True))
    priors = {
        name: shrink_rates(part["responses"] * part["n_effective"] / part["n"], part["n_effective"], level=level)
        for name, part in families
    }
    shrunk = pd.concat(prior.table for prior in priors.values())
    cells = cells.assign(
        shrunken=shrunk["shrunken"],
        shrunken_low=shrunk["low"],
        shrunken_high=shrunk["high"],
        kept=shrunk["kept"],
        warnings=[_warn(n, s) for n, s in zip(cells["n"], cells["responses"], strict=True)],
    )
    for name, prior in priors.items():
        said = _name_apart(prior, cells, by)
        notes += said if name is None else [f"{name}: {text}" for text in said]
    table = cells.sort_values(["shrunken", "n", *by], ascending=[False, False] + [True] * len(by), ignore_index=True)
    return Rates(table, tuple(by), outcome, priors, level, tuple(notes))


def _name_apart(prior: Shrunk, cells: pd.DataFrame, by: Sequence[str]) -> list[str]:
    """The warnings of a family, with the cell that stands apart by its name and not by its row."""
    if prior.apart is None:
        return list(prior.warnings)
    name = ", ".join(str(cells.loc[prior.apart, column]) for column in by)
    return [text.replace(f"`{prior.apart}`", f"`{name}`") for text in prior.warnings]


def _find_mixed_schemes(table: nw.LazyFrame, window: str) -> list[str]:
    if not {"scheme", "version", "segment"} <= set(table.collect_schema().names()):
        return []
    rows = table.filter(nw.col("window") == window, ~nw.col("segment").is_null()).select("scheme", "version")
    ends = [getattr(nw.col(n), end)().alias(f"{n} {end}") for n in ("scheme", "version") for end in ("min", "max")]
    ends = collect(rows.select(ends)).iloc[0]  # far cheaper than listing what is nearly always one
    if all(pd.isna(ends[f"{n} min"]) or ends[f"{n} min"] == ends[f"{n} max"] for n in ("scheme", "version")):
        return []
    found = collect(rows.unique().sort("scheme", "version").head(4)).astype("str")
    shown = ", ".join(" ".join(row) for row in found.itertuples(index=False))
    return [f"segments of different schemes or versions are mixed ({shown}): add scheme and version to by"]


def _warn(n: int, responses: int) -> str:
    few = "1 response" if responses == 1 else f"{responses} responses"
    if responses == n and n >= FEW:
        return f"all {n} responded: were those who did not left out?"
    if responses < FEW:
        return f"only {few}" if responses else "no response"
    return f"only {n - responses} without a response" if n - responses < FEW else ""


UNKNOWN = "unknown"


def read_history(source: AnyTable) -> nw.LazyFrame:
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
    if schema[outcome] == nw.String:  # a column without any value has no type of its own
        value = value.cast(nw.Float64)
    rows = rows.select(
        *(n for n in needed if n not in (outcome, "window", *texts)),
        *(nw.col(n).cast(nw.String).fill_null(UNKNOWN) for n in texts),
        y=nw.when(~value.is_null()).then(nw.when(value > 0).then(1).otherwise(0)),
    )
    gaps = [nw.col(n).is_null().cast(nw.Int64).sum().alias(n) for n in ("y", *dates)]
    count = collect(rows.select(nw.len().alias("n"), *gaps)).iloc[0].fillna(0).astype("int64")
    if count["n"] == count["y"]:
        raise HistoryError(f"there are no treated contacts with {outcome} in the window {window!r}")
    undated = max((count[n] for n in dates), default=0)
    if undated:
        raise HistoryError(f"{undated:,} contacts have no start or no end, so nothing says what came before them")
    return rows.filter(~nw.col("y").is_null()), int(count["y"])


def sum_cells(rows: nw.LazyFrame, by: Sequence[str], values: Sequence[str] = ("y",)) -> pd.DataFrame:
    """Reduce rows to customers, customers to cells: customers, n, each value's sum, and the sums of their products."""
    sums = [nw.col(name).cast(nw.Float64).sum() for name in values]
    people = rows.group_by(*by, "customer_id").agg(nw.len().cast(nw.Float64).alias("n"), *sums)
    n = nw.col("n")
    products = {"nn": nw.col("n") * nw.col("n")}
    for name in values:
        products |= {f"n_{name}": n * nw.col(name), f"{name}_{name}": nw.col(name) * nw.col(name)}
    sums = [nw.col(name).sum() for name in ("n", *values, *products)]
    cells = collect(people.with_columns(**products).group_by(*by).agg(nw.len().alias("customers"), *sums))
    return cells.astype({"n": "int64", "customers": "int64"}).sort_values(list(by), ignore_index=True)


def add_rates(cells: pd.DataFrame, level: float) -> pd.DataFrame:
    """Add responses, rate, se, n_effective, low and high, of the column y, to the sums of `sum_cells`."""
    size = cells["n"]
    rate = cells["y"] / cells["n"]
    repeated = cells["nn"] > size
    chance = size * rate * (1 - rate)
    squares = (error_of_ratio(cells, "y", rate) * size) ** 2
    known = repeated & squares.notna()
    usual = squares[known].sum() / chance[known].sum() if chance[known].sum() > 0 else 1.0
    inflation = (squares / chance.where(chance > 0)).fillna(usual).where(repeated, 1.0)
    effective = size / np.minimum(inflation.clip(lower=1), size)
    low, high = wilson(rate, effective, level)
    return cells.assign(
        responses=cells["y"].astype("int64"),
        rate=rate,
        se=np.sqrt(squares) / size,
        n_effective=effective,
        low=low,
        high=high,
    )


def error_of_ratio(cells: pd.DataFrame, value: str, mean: pd.Series) -> pd.Series:
    """Standard error of a value's sum over n, customers taken as the units drawn; missing for a single customer."""
    squares = cells[f"{value}_{value}"] - 2 * mean * cells[f"n_{value}"] + mean**2 * cells["nn"]
    several = cells["customers"].where(cells["customers"] > 1)
    return np.sqrt(squares.clip(lower=0) * several / (several - 1)) / cells["n"]
