"""Sufficient statistics of a lift: sums of powers of the outcomes, from one scan where the table lives."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from math import comb
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.check import TableError, find_breaches
from loyalty.tables.columns import Column, Table
from loyalty.tables.sources import collect

Metric = tuple[str, str | None]  # what is measured, and per what


@dataclass(frozen=True)
class Sums:
    """Sums over a group of customers, of an outcome y and, for ratios of sums, of a denominator d.

    Attributes
    ----------
    n : int
        Customers.
    powers : mapping of (int, int) to float or array
        `powers[i, j]` is the sum of (y - shift[0])^i (d - shift[1])^j; an array has one value a draw of the bootstrap.
    shift : (float, float)
        Taken off y and d before they are raised to a power: large numbers would lose their digits otherwise.
    filled : int
        Customers with y other than zero.
    weights : (float, float)
        The least and the most of 1 / propensity.
    """

    n: Any
    powers: Mapping[tuple[int, int], Any]
    shift: tuple[float, float] = (0.0, 0.0)
    filled: int = 0
    weights: tuple[float, float] = (1.0, 1.0)

    def __add__(self, other: Sums) -> Sums:
        powers = {key: value + other.powers[key] for key, value in self.powers.items()}
        least, most = zip(self.weights, other.weights, strict=True)
        return Sums(self.n + other.n, powers, self.shift, self.filled + other.filled, (min(least), max(most)))

    @property
    def is_binary(self) -> bool:
        """Whether y is always 0 or 1: the sum of (y - 1)² over the customers with another value than 0 is nothing."""
        move = self.shift[0]
        first = self.powers[1, 0]
        square = self.powers[2, 0] + 2 * move * first + self.n * move**2
        return abs(square - 2 * (first + self.n * move) + self.filled) < 1e-9

    @property
    def size(self) -> Any:
        """Mean of the denominators; 1 without."""
        if (0, 1) not in self.powers:
            return 1.0
        return self.shift[1] + self.powers[0, 1] / self.n

    @property
    def mean(self) -> Any:
        """Mean of y."""
        return self.shift[0] + self.powers[1, 0] / self.n

    @property
    def value(self) -> Any:
        """The mean, or the ratio of sums."""
        return self.mean / self.size

    @property
    def spread(self) -> Any:
        """Variance between customers (with n - 1) of y, or of y - ratio × d."""
        return self.moment(2) * self.n / (self.n - 1)

    @property
    def error(self) -> Any:
        """Standard error of the mean, or of the ratio by the delta method."""
        return np.sqrt(self.spread / self.n) / self.size

    @property
    def skewness(self) -> float:
        """Skewness of y, or of y - ratio × d; zero where all are equal up to rounding."""
        second = self.moment(2)
        return float(self.moment(3) / second**1.5) if second > 0 else 0.0

    def moment(self, order: int) -> Any:
        """Central moment of y, or of y - ratio × d."""
        if (0, 1) not in self.powers:
            result = self._centre(order, 0)
        else:
            ratio = self.value
            result = sum(comb(order, k) * (-ratio) ** k * self._centre(order - k, k) for k in range(order + 1))
        if order != 2:
            return result
        # The variance of equal values is rounding only
        least = (1e-12 * np.abs(self.value * self.size)) ** 2
        return np.where(result > least, result, 0.0)

    def _centre(self, i: int, j: int) -> Any:
        """Mean of (y - mean of y)^i (d - mean of d)^j, by the binomial theorem."""
        a = self.powers[1, 0] / self.n
        b = self.powers[0, 1] / self.n if j else 0.0
        total: Any = 0.0
        for p in range(i + 1):
            for q in range(j + 1):
                mean = 1.0 if p == q == 0 else self.powers[p, q] / self.n
                total = total + comb(i, p) * comb(j, q) * (-a) ** (i - p) * (-b) ** (j - q) * mean
        return total


def sum_powers(
    table: nw.LazyFrame, metrics: Sequence[Metric], source: str = "outcomes"
) -> dict[tuple[str, str], dict[Metric, Sums]]:
    """Sum the powers of all metrics by arm and segment, in one scan.

    Parameters
    ----------
    table : narwhals.LazyFrame
        `arm`, `segment`, `weight` and the numbers; `stratum` if it is known; customer_id, to name who has none.
    metrics : sequence of (outcome, per)
    source : str
        Which table the numbers came from, for the message.

    Returns
    -------
    dict
        By (arm, segment), then by metric.

    Raises
    ------
    TableError
        A number is missing, infinite, or too large to be squared.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> frame = pd.DataFrame({"arm": "control", "segment": "", "weight": 1.0, "sales": [0.0, 3.0, 6.0]})
    >>> found = sum_powers(open_table(frame), [("sales", None)])["control", ""]["sales", None]
    >>> found.value, float(found.spread), found.filled
    (3.0, 9.0, 2)
    """
    return add_strata(sum_strata(table, metrics, source))


def add_strata(
    parts: Mapping[tuple[str, str, str], Mapping[Metric, Sums]],
) -> dict[tuple[str, str], dict[Metric, Sums]]:
    """Add the sums of `sum_strata` up over the strata: by arm and segment."""
    cells: dict[tuple[str, str], dict[Metric, Sums]] = {}
    for (arm, segment, _), here in parts.items():
        known = cells.get((arm, segment))
        cells[arm, segment] = {metric: one if known is None else known[metric] + one for metric, one in here.items()}
    return cells


def sum_strata(
    table: nw.LazyFrame, metrics: Sequence[Metric], source: str = "outcomes"
) -> dict[tuple[str, str, str], dict[Metric, Sums]]:
    """Sum the powers of all metrics by arm, segment and stratum, in one scan.

    Parameters, errors and results are those of `sum_powers`; the stratum is an empty text where the table has no such
    column.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> frame = pd.DataFrame({"arm": "control", "segment": "", "stratum": ["a", "b"], "weight": 1.0, "sales": [2.0, 3]})
    >>> sorted(sum_strata(open_table(frame), [("sales", None)]))
    [('control', '', 'a'), ('control', '', 'b')]
    """
    names = list(dict.fromkeys(name for metric in metrics for name in metric if name))
    few = collect(table.select(names).head(1_000))
    with np.errstate(over="ignore", invalid="ignore"):
        middle = few.mean()
        spread = few.std()
    # Shifted only where digits are in danger: sums of whole numbers stay exact
    shift = {name: float(middle[name]) if abs(middle[name]) > 100 * spread[name] else 0.0 for name in names}
    found = _scan(table, metrics, shift)
    _refuse_lost_numbers(table, names, found, source)
    for name in names:
        mean, square = found[[f"{name}^1", f"{name}^2"]].sum() / found["n"].sum()
        if abs(mean) > 1e3 * np.sqrt(max(square - mean**2, 0.0)):  # the first rows were not like the others
            shift[name] += float(mean)
            found = _scan(table, metrics, shift)
    cells: dict[tuple[str, str, str], dict[Metric, Sums]] = {}
    for row in found.to_dict("records"):
        here = cells.setdefault((row["arm"], row["segment"], row.get("stratum", "")), {})
        for y, d in metrics:
            here[y, d] = Sums(
                n=int(row["n"]),
                powers={power: row[_key((y, d), power)] for power in _powers(d)},
                shift=(shift[y], shift[d] if d else 0.0),
                filled=int(row[f"{y}≠0"]),
                weights=(row["least"], row["most"]),
            )
    return cells


def _refuse_lost_numbers(table: nw.LazyFrame, names: Sequence[str], found: pd.DataFrame, source: str) -> None:
    """Raise if a number was missing, infinite or too large for its square; the contract's check names the rows."""
    sums = found[[f"{name}^{i}" for name in names for i in (1, 2)]].to_numpy()
    whole = found[[f"{name} seen" for name in names]].eq(found["n"], axis=0).all(axis=None)
    if whole and np.isfinite(sums).all():
        return
    columns = [Column(name, "number", "what was measured") for name in names]
    if "customer_id" in table.collect_schema().names():
        columns.insert(0, Column("customer_id", "id", "who"))
    problems = find_breaches(table, Table(source, "a customer", ("",), tuple(columns)))
    raise TableError(problems or ["a number is too large to be squared and added up: is the unit right?"], source)


def _powers(d: str | None) -> list[tuple[int, int]]:
    """The exponents of y and d whose sums are needed, up to the third order; without a denominator those of y only."""
    if not d:
        return [(1, 0), (2, 0), (3, 0)]
    return [(i, j) for i in range(4) for j in range(4 - i) if (i, j) != (0, 0)]


def _factors(metric: Metric, power: tuple[int, int]) -> list[tuple[str, int]]:
    """The columns of a product and their exponents, those with the exponent 0 left out."""
    return [(name, times) for name, times in zip(metric, power, strict=True) if name and times]


def _key(metric: Metric, power: tuple[int, int]) -> str:
    """The column of a scan that holds a sum, such as "sales^2 orders^1"."""
    return " ".join(f"{name}^{times}" for name, times in _factors(metric, power))


def _scan(table: nw.LazyFrame, metrics: Sequence[Metric], shift: dict[str, float]) -> pd.DataFrame:
    """One row for each arm, segment and stratum: counts, least and most weight, and the sums of all powers."""
    moved = {name: nw.col(name) - by if by else nw.col(name) for name, by in shift.items()}
    parts: dict[str, nw.Expr] = {}
    for metric in metrics:
        parts[f"{metric[0]}≠0"] = (nw.col(metric[0]) != 0).sum()
        for power in _powers(metric[1]):
            factors = [moved[name] for name, times in _factors(metric, power) for _ in range(times)]
            parts[_key(metric, power)] = reduce(operator.mul, factors).sum()
    parts |= {f"{name} seen": nw.col(name).count() for name in shift}
    parts |= {"n": nw.len(), "least": nw.col("weight").min(), "most": nw.col("weight").max()}
    sums = [expression.alias(name) for name, expression in parts.items()]
    keys = [name for name in ("arm", "segment", "stratum") if name in table.collect_schema()]
    frame = collect(table.group_by(*keys).agg(*sums)).sort_values(keys, ignore_index=True)
    return frame.astype(dict.fromkeys(frame.columns[len(keys) :], "float64"))
