"""The scenes of lesson and exercise 26: a real chain's households month by month, and towns whose drift is planted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules import assign_life_cycle, measure_gaps
from loyalty.world import PRESETS, World
from loyalty.world.parameters import CardLaunch, Drift, Habit, Parameters
from loyalty.world.seasons import Calendar

LESSON_SEED = 26
EXERCISE_SEED = 126
CUSTOMERS = 5_000
MONTHS = 36
FIRST = 6  # month of the first snapshot
DRIFT_MONTH = 24
EXERCISE_MONTH = 26
WINDOW = 91  # days of receipts that the rule reads
NEEDS = {
    "Medicines": "health",
    "Chronic care": "health",
    "Vitamins": "health",
    "Support": "health",
    "Face": "beauty",
    "Make-up": "beauty",
    "Hair and body": "beauty",
    "Baby": "family",
    "Mother": "family",
    "Household": "home",
    "Food and gifts": "home",
    "Sun and travel": "summer",
}


# --- The real chain -------------------------------------------------------------------------------


@cache
def photograph_households() -> tuple[pd.DataFrame, ...]:
    """Give the households of Complete Journey their life-cycle stage, on the first of each month from July 2017 on.

    The lines of the stages are those of 1 July: one rule for all months.
    """
    chain = complete_journey()
    lines = chain.receipts.groupby(["customer_id", "basket_id"], as_index=False)
    receipts = lines.agg(time=("time", "min"), sales=("sales", "sum"))
    days = pd.date_range("2017-07-01", "2018-01-01", freq="MS")
    gaps = measure_gaps(receipts, days[0])
    profiles = [build_profile(receipts, day, customers=chain.customers) for day in days]
    return tuple(assign_life_cycle(profile, gaps=gaps) for profile in profiles)


# --- Towns ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Town:
    """A simulated chain: its receipts and products, and the day on which its customers truly changed, if they did."""

    receipts: pd.DataFrame
    products: pd.DataFrame
    drift_day: pd.Timestamp | None


def keep_steady(drift: Drift | None = None, *, same_winters: bool = True) -> Parameters:
    """Parameters of a chain in which nothing changes but the seasons: nobody joins or leaves, no card, no campaigns.

    Parameters
    ----------
    drift : Drift, optional
        When a part of the customers draws a new type; never otherwise. The shares of the types stay as they are.
    same_winters : bool
        Whether each winter has the same flu wave.
    """
    base = PRESETS["default"]()
    seasons = replace(base.seasons, trend=0.0)
    if same_winters:
        seasons = replace(seasons, flu_spread=0.0, flu_days=1)
    return replace(
        base,
        name="steady",
        seasons=seasons,
        types=tuple(replace(one, leave=0.0) for one in base.types),
        people=replace(base.people, present=1.0),
        card=CardLaunch(effect=0.0),
        habit=Habit(months=(), offers=()),
        drift=drift or Drift(months=(), share=0.0),
    )


def start_of(month: int) -> pd.Timestamp:
    """The first day of a month of the simulated chains, counted from 0."""
    return pd.Timestamp(PRESETS["default"]().start) + pd.DateOffset(months=month)


def find_flu_height(parameters: Parameters, seed: int, year: int) -> float:
    """The height of the flu wave of a winter, named by the year of its January: no chain knows that."""
    calendar = Calendar(parameters, seed)
    first = calendar.day(pd.Timestamp(year, 1, 1))
    return float(calendar.flu(np.arange(first, first + 120)).max())


def open_town(parameters: Parameters, seed: int, *, customers: int = CUSTOMERS) -> Town:
    """Open a town that keeps to its parameters."""
    world = World(customers=customers, months=MONTHS, seed=seed, parameters=parameters)
    days = world.truth.drift_dates
    return Town(world.receipts, world.products, days[0] if days else None)


def open_rival(kind: str, factor: float, month: int, seed: int, *, customers: int = CUSTOMERS) -> Town:
    """Open a steady town in which a rival opens: from that month on one type comes less often.

    Both halves are lived by the same customers with the same luck: only the visits of that type differ.

    Parameters
    ----------
    kind : str
        The type of customers that the rival takes, such as "beauty".
    factor : float
        Their visits are multiplied by it.
    month : int
        When the rival opens, in months after the start.
    seed, customers : int
    """
    calm = keep_steady()
    types = tuple(replace(one, visits=one.visits * factor) if one.name == kind else one for one in calm.types)
    opens = start_of(month)
    before = World(customers=customers, months=MONTHS, seed=seed, parameters=calm)
    after = World(customers=customers, months=MONTHS, seed=seed, parameters=replace(calm, types=types))
    early = before.receipts[before.receipts["time"] < opens]
    late = after.receipts[after.receipts["time"] >= opens]
    return Town(pd.concat([early, late], ignore_index=True), before.products, opens)


def label_needs(
    town: Town, days: Sequence[pd.Timestamp], *, window: int = WINDOW, of: str = "sales", version: str = "1"
) -> list[pd.DataFrame]:
    """Label each customer by the need on which most was spent in the days before; who bought nothing has no label.

    Parameters
    ----------
    town : Town
    days : sequence of Timestamp
    window : int
        Days of receipts that count.
    of : {"sales", "lines"}
        Whether euros or lines are counted.
    version : str
        Of the rule.
    """
    need = town.products.set_index("product_id")["department"].map(NEEDS)
    codes, names = pd.factorize(town.receipts["product_id"].map(need), sort=True)
    customer = town.receipts["customer_id"].to_numpy()
    time = town.receipts["time"].to_numpy()
    weight = town.receipts["sales"].to_numpy(float) if of == "sales" else np.ones(len(time))
    snapshots = []
    for day in days:
        inside = (time < day.to_datetime64()) & (time >= (day - pd.Timedelta(days=window)).to_datetime64())
        cell = customer[inside] * len(names) + codes[inside]
        size = (customer.max() + 1) * len(names)
        sums = np.bincount(cell, weights=weight[inside], minlength=size).reshape(-1, len(names))
        ids = np.flatnonzero(sums.max(axis=1) > 0)
        found = pd.DataFrame({"customer_id": ids, "as_of": day, "scheme": "needs", "version": version})
        snapshots.append(found.assign(segment=pd.array(np.array(names)[sums[ids].argmax(axis=1)], dtype="str")))
    return snapshots


def list_days(first: int = FIRST, last: int = MONTHS) -> list[pd.Timestamp]:
    """The first days of the months from one month to another, both inside."""
    return [start_of(month) for month in range(first, last + 1)]


def photograph_needs(town: Town, first: int = FIRST) -> list[pd.DataFrame]:
    """One snapshot a month, from the month `first` on."""
    return label_needs(town, list_days(first))


@cache
def open_lesson_town() -> Town:
    """Open the town of the lesson: a discounter takes most visits of the beauty customers, two years after the start."""
    return open_rival("beauty", 0.2, DRIFT_MONTH, LESSON_SEED)


@cache
def open_exercise_town() -> Town:
    """Open the town of the exercise: a rival for young families."""
    return open_rival("young_family", 0.1, EXERCISE_MONTH, EXERCISE_SEED)


@cache
def read_photographs() -> tuple[pd.DataFrame, ...]:
    """Read the monthly snapshots of the exercise: July 2023 to January 2026."""
    return tuple(photograph_needs(open_exercise_town()))


@cache
def read_new_rule() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Label the customers of 1 August 2024 and 2025 by the new rule, which counts lines and not euros."""
    days = [pd.Timestamp("2024-08-01"), pd.Timestamp("2025-08-01")]
    first, second = label_needs(open_exercise_town(), days, of="lines", version="2")
    return first, second
