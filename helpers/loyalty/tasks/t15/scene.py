"""The scenes of lesson and exercise 15: a chain whose demand is known, its shelves, and a grocer's year."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from loyalty.datasets import complete_journey
from loyalty.prepare.demand import (
    DemandBacktest,
    ItemClasses,
    Season,
    backtest_demand,
    classify_abc_xyz,
    flag_periods,
    season_of,
    sum_demand,
)
from loyalty.prepare.demand.calendar import GRIDS
from loyalty.prepare.demand.methods import fit_method
from loyalty.world import ShelfWeeks, World

SEED, CUSTOMERS, MONTHS = 15, 5_000, 36
START, END = "2023-01-01", "2026-01-01"
HORIZON = 4  # weeks from an order to the next one
UNEVEN = 0.5  # the cut between X and Y
GROCERIES = ("GROCERY", "DRUG GM", "PRODUCE", "MEAT", "DELI", "PASTRY")
DAYS_AHEAD = 28
EXERCISE_SEED, SHELF_SEED, CATEGORY = 51, 10, "Shower"
TODAY = "2025-12-29"  # of the exercise, a Monday morning: nothing is known of it and of what follows


@cache
def open_chain(seed: int = SEED) -> World:
    """The chain of the lesson: 5,000 customers, 2023 to 2025, and every product always on the shelf."""
    return World(CUSTOMERS, MONTHS, seed)


@cache
def class_products(seed: int = SEED) -> ItemClasses:
    """Classes of the chain's products."""
    world = open_chain(seed)
    return classify_abc_xyz(world.receipts, products=world.products, season_by="department")


@cache
def know_evenness(seed: int = SEED) -> pd.Series:
    """The true coefficient of variation of each product: of its expected demand, season of its department taken out."""
    world = open_chain(seed)
    expected = world.truth.expected_demand(START, END, by="product_id").resample("MS").sum()
    rate = expected.div(expected.index.days_in_month, axis=0)
    department = world.products.set_index("product_id")["department"]
    total = rate.T.groupby(department).sum().T
    level = total.groupby(total.index.year).transform("mean")
    index = (total / level).groupby(total.index.month).mean()
    season = index[department.loc[rate.columns]].set_axis(rate.columns, axis=1).loc[rate.index.month]
    even = rate / season.to_numpy()
    return (even.std() / even.mean()).rename("true_cv")


def compare_two(seed: int = SEED) -> pd.DataFrame:
    """Pieces a month of two products: the most even one, and a rarely sold one of class Y that chance alone explains."""
    table = class_products(seed).table
    truth = know_evenness(seed)
    names = open_chain(seed).products.set_index("product_id")["name"]
    even = table.loc[table["cv"].idxmin(), "item"]
    rare = table[(table["xyz"] == "Y") & (table["pieces"] < 10) & (truth.loc[table["item"]].to_numpy() < 0.1)]
    lucky = rare[rare["cv"] <= 1.1 * rare["cv_chance"]]
    other = lucky.loc[lucky["cv"].idxmax(), "item"]
    months = sum_demand(open_chain(seed).receipts, by="product_id", every="month").wide()[[even, other]]
    return months.set_axis([names[even], names[other]], axis=1)


def pick_segments(world: World, before: str = "2025-01-01") -> pd.DataFrame:
    """Segment of each customer: the department with most of the spend before a day."""
    lines = world.receipts[world.receipts["time"] < before].merge(world.products[["product_id", "department"]])
    spend = lines.groupby(["customer_id", "department"])["sales"].sum().sort_values(kind="stable")
    most = spend.reset_index().drop_duplicates("customer_id", keep="last")
    return most.rename(columns={"department": "segment"})[["customer_id", "segment"]].sort_values("customer_id")


@cache
def measure_seasons(seed: int = SEED) -> dict[str, Season]:
    """The season of each department."""
    world = open_chain(seed)
    months = sum_demand(world.receipts, by="department", products=world.products, every="month").wide()
    return {str(name): season_of(months[name]) for name in months}


def know_season(department: str, seed: int = SEED) -> pd.Series:
    """The true season of a department: that of its expected demand."""
    expected = open_chain(seed).truth.expected_demand(START, END)[department].resample("MS").sum()
    return season_of(expected).table["index"]


# --- Part B --------------------------------------------------------------------------------------


@cache
def open_weeks(seed: int = SEED) -> pd.DataFrame:
    """Pieces of each department, week by week."""
    world = open_chain(seed)
    return sum_demand(world.receipts, by="department", products=world.products).wide()


def sum_weeks(days: pd.DataFrame, weeks: pd.DataFrame) -> pd.DataFrame:
    """Sum days into the weeks (Monday to Sunday) of another table."""
    sums = days.resample("W-MON", closed="left", label="left").sum()
    sums.index = sums.index.as_unit("us")
    return sums.reindex(weeks.index)


@cache
def know_weeks(seed: int = SEED) -> pd.DataFrame:
    """The expected pieces of each department, week by week: what no real chain knows."""
    return sum_weeks(open_chain(seed).truth.expected_demand(START, END), open_weeks(seed))


@cache
def backtest_chain(seed: int = SEED) -> DemandBacktest:
    """Three methods on all departments, four weeks ahead, through 2025."""
    return backtest_demand(open_weeks(seed), horizon=HORIZON, truth=know_weeks(seed))


def score_the_truth(seed: int = SEED) -> pd.DataFrame:
    """Score the expected demand itself against what was sold, as if it were a forecast: one row, over all series."""
    test = backtest_chain(seed)
    known = replace(test, table=test.table.assign(forecast=test.table["truth"]))
    scores = known.scores()
    return scores[scores["series"] == "all series"].head(1).assign(method="the truth itself")


def judge_four_ways(department: str, seed: int = SEED) -> pd.Series:
    """Mean absolute error of `waves` fitted afterwards, on random weeks, one and up to four weeks ahead; in pieces."""
    weeks = open_weeks(seed)[department]
    values = weeks.to_numpy()
    hidden = deal_at_random(len(values), 0.2, seed)
    errors = {
        "fitted afterwards": np.abs(values - smooth_waves(values)).mean(),
        "random weeks": np.abs(values - smooth_waves(np.where(hidden, np.nan, values)))[hidden].mean(),
    }
    one = backtest_demand(weeks, ["waves"], horizon=1)
    for name, test in (("1 week", one), (f"1 to {HORIZON} weeks", backtest_chain(seed))):
        rows = test.table.query("series == @department and method == 'waves'")
        errors[f"rolling origin, {name} ahead"] = (rows["forecast"] - rows["actual"]).abs().mean()
    return pd.Series(errors)


def smooth_waves(values: np.ndarray) -> np.ndarray:
    """What `waves` makes of each week when it has seen all of them, those before and those after."""
    result: Any = fit_method("waves", values, GRIDS["week"])
    states = result.result.smoothed_state
    return states[0] + states[1::2].sum(axis=0)


def deal_at_random(size: int, share: float, seed: int) -> np.ndarray:
    """Mark a share of the periods at random, the way a table of customers is split."""
    mark = np.zeros(size, bool)
    mark[np.random.default_rng(seed).permutation(size)[: round(share * size)]] = True
    return mark


@cache
def open_grocer() -> pd.DataFrame:
    """Dollars a day of six departments of the Complete Journey, 2017."""
    shop = complete_journey()
    days = sum_demand(shop.receipts, by="department", products=shop.products, every="day").wide("sales")
    return days[list(GROCERIES)]


@cache
def backtest_grocer() -> DemandBacktest:
    """Four methods on the grocer's days, four weeks ahead."""
    methods = ("seasonal naive", "seasonal mean", "waves", "ets")
    return backtest_demand(open_grocer(), methods, horizon=DAYS_AHEAD, first=112)


@cache
def open_shelf(seed: int = SEED) -> ShelfWeeks:
    """The same chain with sold-out days and promotion weeks."""
    return open_chain(seed).make_shelf_weeks()


class ShelfSeries(NamedTuple):
    """A category, week by week."""

    sold: pd.Series
    flagged: pd.Series
    out: pd.Series
    promoted: pd.Series
    truth: pd.Series


def follow_category(shelf: ShelfWeeks, products: pd.DataFrame, category: str) -> ShelfSeries:
    """Follow a category through the weeks: what was sold, which weeks were flagged, and what was wanted."""
    demand = sum_demand(shelf.receipts, products=products)
    out, promoted = (
        flag_periods(shelf.flags, demand, what=(kind,))[category] for kind in ("out_of_stock", "promotion")
    )
    sold = demand.series(category)
    truth = sum_weeks(shelf.truth.demand, sold.to_frame())[category]
    return ShelfSeries(sold, out | promoted, out, promoted, truth)


# --- The exercise --------------------------------------------------------------------------------


class Shower(NamedTuple):
    """The exercise's tables."""

    days: pd.DataFrame
    """One row a day of the category: date, pieces, sales, out_of_stock, promotion."""
    weeks: pd.Series
    """Pieces a week, Monday to Sunday."""
    flagged: pd.Series
    """True for weeks with a day that was sold out or promoted."""


@cache
def _open_other() -> tuple[World, ShelfWeeks]:
    world = open_chain(EXERCISE_SEED)
    return world, world.make_shelf_weeks(SHELF_SEED)


def open_exercise() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The exercise's receipts, products and flags up to yesterday: another chain, with empty shelves and promotions."""
    world, shelf = _open_other()
    receipts = shelf.receipts[shelf.receipts["time"] < TODAY]
    return receipts, world.products, shelf.flags[shelf.flags["date"] < TODAY]


@cache
def open_shower() -> Shower:
    """The shower gels of the exercise, day by day and week by week."""
    receipts, products, flags = open_exercise()
    mine = receipts[receipts["product_id"].isin(products.loc[products["category"] == CATEGORY, "product_id"])]
    date = mine["time"].dt.normalize().rename("date")
    sums = mine.groupby(date)[["quantity", "sales"]].sum().rename(columns={"quantity": "pieces"})
    marks = flags[flags["category"] == CATEGORY].set_index("date")[["out_of_stock", "promotion"]]
    whole = pd.date_range(START, TODAY, inclusive="left", unit="us", name="date")
    days = sums.reindex(whole, fill_value=0).join(marks.reindex(whole, fill_value=False)).reset_index()
    demand = sum_demand(receipts, products=products)
    return Shower(days, demand.series(CATEGORY), flag_periods(flags, demand)[CATEGORY])


def know_shower() -> pd.Series:
    """What was wanted of the shower gels, week by week."""
    return sum_weeks(_open_other()[1].truth.demand, open_shower().weeks.to_frame())[CATEGORY]
