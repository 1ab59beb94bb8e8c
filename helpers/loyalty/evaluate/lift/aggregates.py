"""All that the closed forms need of any number of customers: powers summed in one scan, where the table lives."""

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
    """Sums over `n` customers: `powers[i, j]` is that of (y - shift[0])^i (d - shift[1])^j; d only for ratios.

    `filled` counts customers with y other than zero; `weights` are the least and the most of 1 / propensity. The
    powers may be arrays (one value a draw of the bootstrap). Differences of shifted powers keep their digits where
    plain ones would cancel.
    """

    n: Any
    powers: Mapping[tuple[int, int], Any]
    shift: tuple[float, float] = (0.0, 0.0)
    filled: int = 0
    weights: tuple[float, float] = (1.0, 1.0)

    def __add__(self, other: Sums) -> Sums:
        powers = {key: value + other.powers[key] for key, value in self.powers.items()}
        return Sums(self.n + other.n, powers, self.shift, self.filled + other.filled)

    @property
    def is_binary(self) -> bool:
        """Whether y is 0 or 1: over all others than 0 the squares of y - 1 add up to nothing."""
        move = self.shift[0]
        first = self.powers[1, 0]
        square = self.powers[2, 0] + 2 * move * first + self.n * move**2
        return abs(square - 2 * (first + self.n * move) + self.filled) < 1e-9

    @property
    def size(self) -> Any:
        """Mean of the denominators; 1 without."""
        return self.shift[1] + self.powers[0, 1] / self.n if (0, 1) in self.powers else 1.0

    @property
    def value(self) -> Any:
        """The mean, or the ratio of sums."""
        return (self.shift[0] + self.powers[1, 0] / self.n) / self.size

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
        # What is left of equal values is rounding.
        least = (1e-12 * np.abs(self.value * self.size)) ** 2
        return np.where(result > least, result, 0.0) if order == 2 else result

    def _centre(self, i: int, j: int) -> Any:
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
        `arm`, `segment`, `weight` and the numbers; customer_id, to name who has none.
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
    names = list(dict.fromkeys(name for metric in metrics for name in metric if name))
    few = collect(table.select(names).head(1_000))
    with np.errstate(over="ignore", invalid="ignore"):
        middle = few.mean()
        spread = few.std()
    # Only where digits are in danger: whole numbers otherwise keep exact sums.
    shift = {name: float(middle[name]) if abs(middle[name]) > 100 * spread[name] else 0.0 for name in names}
    found = _scan(table, metrics, shift)
    sums = found[[f"{name}^{i}" for name in names for i in (1, 2)]].to_numpy()
    whole = found[[f"{name} seen" for name in names]].eq(found["n"], axis=0).all(axis=None)
    if not (whole and np.isfinite(sums).all()):
        who = [Column("customer_id", "id", "who")] if "customer_id" in table.collect_schema().names() else []
        numbers = [Column(name, "number", "what was measured") for name in names]
        problems = find_breaches(table, Table(source, "a customer", ("",), (*who, *numbers)))
        problems = problems or ["a number is too large to be squared and added up: is the unit right?"]
        raise TableError(problems, source)
    for name in names:
        mean, square = found[[f"{name}^1", f"{name}^2"]].sum() / found["n"].sum()
        if abs(mean) > 1e3 * np.sqrt(max(square - mean**2, 0.0)):  # the first rows were not like the others
            shift[name] += float(mean)
            found = _scan(table, metrics, shift)
    cells: dict[tuple[str, str], dict[Metric, Sums]] = {}
    for row in found.to_dict("records"):
        here = cells.setdefault((row["arm"], row["segment"]), {})
        for y, d in metrics:
            powers = {power: row[_key((y, d), power)] for power in _powers(d)}
            counts = int(row["n"]), powers, (shift[y], shift.get(d, 0.0)), int(row[f"{y}≠0"])
            here[y, d] = Sums(*counts, (row["least"], row["most"]))
    return cells


def _powers(d: str | None) -> list[tuple[int, int]]:
    return [(i, j) for i in range(4) for j in range(4 - i) if i + j and (d or not j)]


def _key(metric: Metric, power: tuple[int, int]) -> str:
    return " ".join(f"{name}^{times}" for name, times in zip(metric, power, strict=True) if times)


def _scan(table: nw.LazyFrame, metrics: Sequence[Metric], shift: dict[str, float]) -> pd.DataFrame:
    moved = {name: nw.col(name) - by if by else nw.col(name) for name, by in shift.items()}
    parts: dict[str, nw.Expr] = {}
    for metric in metrics:
        parts[f"{metric[0]}≠0"] = (nw.col(metric[0]) != 0).sum()
        for power in _powers(metric[1]):
            factors = [moved[name] for name, times in zip(metric, power, strict=True) for _ in range(times)]
            parts[_key(metric, power)] = reduce(operator.mul, factors).sum()
    parts |= {f"{name} seen": nw.col(name).count() for name in shift}
    parts |= {"n": nw.len(), "least": nw.col("weight").min(), "most": nw.col("weight").max()}
    sums = [expression.alias(name) for name, expression in parts.items()]
    frame = collect(table.group_by("arm", "segment").agg(*sums))
    return frame.astype(dict.fromkeys(frame.columns[2:], "float64"))
