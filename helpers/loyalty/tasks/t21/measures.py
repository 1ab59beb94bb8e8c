"""What the customers of exercise 21 bought on the shelf, counted in right and in usual wrong ways."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.segment.rank import (
    Cohorts,
    build_cohorts,
    estimate_gini,
    estimate_top_share,
)
from loyalty.segment.rank.shares import Portion
from loyalty.segment.rules.rfm import cut_values, score_values
from loyalty.stats.intervals import wilson
from loyalty.tasks.t21.scene import Shelf, open_shelf

YEAR = ("2024-01-01", "2025-01-01")
BEFORE = ("2023-01-01", "2024-01-01")
SHORT = ("2024-01-01", "2024-12-31")  # without its last day
BOTH = ("2023-01-01", "2025-01-01")
FIRST, LAST, AGE = "2023-07", "2023-12", 3


@cache
def read_shelf() -> Shelf:
    """The shelf of the exercise."""
    return open_shelf()


@cache
def pick_lines(window: tuple[str, str] = YEAR, *, staff: bool = False) -> pd.DataFrame:
    """Lines in a window, without the cashiers' cards unless they are asked for."""
    shelf = read_shelf()
    inside = (shelf.lines["time"] >= window[0]) & (shelf.lines["time"] < window[1])
    return shelf.lines[inside & (staff | ~shelf.lines["customer_id"].isin(shelf.staff))]


@cache
def list_members(*, staff: bool = False) -> pd.Series:
    """Numbers of all members."""
    shelf = read_shelf()
    ids = shelf.members["customer_id"]
    return ids if staff else ids[~ids.isin(shelf.staff)]


def sum_sales(window: tuple[str, str] = YEAR, *, staff: bool = False, members: bool = False) -> np.ndarray:
    """Sales of each buyer in a window, or of each member."""
    sums = pick_lines(window, staff=staff).groupby("customer_id")["sales"].sum()
    return (sums.reindex(list_members(staff=staff), fill_value=0) if members else sums).to_numpy(float)


def count_receipts(window: tuple[str, str] = YEAR, *, staff: bool = False, members: bool = True) -> np.ndarray:
    """Receipts of each member in a window, or of each buyer."""
    counts = pick_lines(window, staff=staff).groupby("customer_id")["basket_id"].nunique()
    return (counts.reindex(list_members(staff=staff), fill_value=0) if members else counts).to_numpy(float)


def count_best(values: np.ndarray, parts: int = 10) -> float:
    """How many are in the best of so many parts, ties kept together by the rule of `score_rfm`."""
    return float((score_values(values, cut_values(values, parts)) == parts).sum())


def share_of(values: np.ndarray, top: float = 0.2) -> float:
    """Share of the sum that the best bring."""
    return estimate_top_share(values, top).value


def rank_by_rate() -> np.ndarray:
    """Sales of each buyer a day since joining (or since the first purchase), which flatters newcomers."""
    shelf = read_shelf()
    sums = pick_lines().groupby("customer_id")["sales"].sum()
    joined = shelf.members.set_index("customer_id")["joined_on"].reindex(sums.index)
    days = (pd.Timestamp(YEAR[1]) - joined).dt.days.clip(lower=1)
    return (sums / days).dropna().to_numpy(float)


def give_triple(portion: Portion) -> tuple[float, float, float]:
    """Value and ends."""
    return portion.value, portion.low, portion.high


def plain_triple(values: np.ndarray) -> tuple[float, float, float]:
    """The Gini coefficient, and ends from the spread of the amounts themselves: no interval of Gini at all."""
    found = estimate_gini(values)
    half = 1.96 * values.std(ddof=1) / values.mean() / np.sqrt(len(values))
    return found.value, float(found.value - half), float(found.value + half)


@cache
def build_triangle(*, staff: bool = False) -> Cohorts:
    """The triangle of the shelf to the end of 2024."""
    return build_cohorts(pick_lines(BOTH, staff=staff), until="2025-01-01")


def cut_before_building() -> tuple[float, float, float]:
    """The third month of cohorts of lines from July 2023 on only: older buyers look new."""
    table = build_cohorts(pick_lines((f"{FIRST}-01", BOTH[1])), until=BOTH[1]).table
    return pool_cells(table[table["cohort"].between(FIRST, LAST) & (table["age"] == AGE)])


def pick_joined() -> pd.Series:
    """Numbers of the members who joined in the second half of 2023."""
    members = read_shelf().members
    return members.loc[members["joined_on"].between("2023-07-01", "2023-12-31 23:59:59"), "customer_id"]


def pick_cells(age: int = AGE, *, first: str = FIRST, last: str = LAST, staff: bool = False) -> pd.DataFrame:
    """Cells of the cohorts of the second half of 2023, so many months after."""
    table = build_triangle(staff=staff).table
    return table[table["cohort"].between(first, last) & (table["age"] == age)]


def pool(came: float, customers: float, level: float = 0.95) -> tuple[float, float, float]:
    """A share with Wilson's interval."""
    low, high = wilson(came / customers, customers, level)
    return float(came / customers), float(low), float(high)


def pool_cells(cells: pd.DataFrame, level: float = 0.95) -> tuple[float, float, float]:
    """All cells together: of all customers, how many came."""
    return pool(float(cells["came"].sum()), float(cells["customers"].sum()), level)


@cache
def date_purchases() -> pd.DataFrame:
    """Each line with the month of its customer's first purchase, months since, and days since; second half of 2023."""
    lines = pick_lines(BOTH)
    month = lines["time"].dt.year * 12 + lines["time"].dt.month
    first = lines.groupby("customer_id")["time"].transform("min")
    start = first.dt.year * 12 + first.dt.month
    days = (lines["time"].dt.normalize() - first.dt.normalize()).dt.days
    table = lines.assign(age=month - start, days=days, cohort=first.dt.strftime("%Y-%m"))
    return table[table["cohort"].between(FIRST, LAST)]


@cache
def find_retention(*, members: bool = False, staff: bool = False, backwards: bool = False) -> float:
    """Share of the buyers of 2023 (or of all members) who bought in 2024; or of those of 2024 who had bought before."""
    early, late = (set(pick_lines(window, staff=staff)["customer_id"]) for window in (BEFORE, YEAR))
    both = len(early & late)
    if members:
        return both / len(list_members(staff=staff))
    return both / len(late if backwards else early)
