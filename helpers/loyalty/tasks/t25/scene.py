"""The scenes of lesson and exercise 25: a chain of which it is known who has left, and a cohort of its customers."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.world import World

LESSON_SEED = 25
EXERCISE_SEED = 2
AS_OF = "2024-07-03"  # 26 weeks before the world ends
UNTIL = "2025-01-01"
COHORT_FROM = pd.Timestamp("2023-04-01")
COHORT_TO = pd.Timestamp("2023-10-01")
STEP = 28  # days; the truth is discounted in such steps


@cache
def open_chain() -> World:
    """Open the simulated chain of the lesson: 5,000 customers in 24 months."""
    return World(customers=5_000, months=24, seed=LESSON_SEED)


@cache
def open_cohort_chain() -> World:
    """Open the simulated chain of the exercise: another 5,000 customers."""
    return World(customers=5_000, months=24, seed=EXERCISE_SEED)


@cache
def read_cohort() -> pd.DataFrame:
    """Read all receipt lines of the exercise's cohort: customers whose first purchase was from April to September 2023."""
    receipts = open_cohort_chain().receipts
    first = receipts.groupby("customer_id")["time"].min()
    cohort = first.index[(first >= COHORT_FROM) & (first < COHORT_TO)]
    return receipts[receipts["customer_id"].isin(cohort)].reset_index(drop=True)


def find_true_value(world: World, as_of: str, *, weeks: int, yearly_discount: float) -> pd.DataFrame:
    """Find the true value of each customer: expected margin of the weeks after a day, discounted.

    Parameters
    ----------
    world : World
    as_of : str
        A day of its history.
    weeks : int
    yearly_discount : float
        A fraction.

    Returns
    -------
    pandas.DataFrame
        customer_id, true_value (euros), alive.
    """
    days = 7 * weeks
    value = pd.Series(0.0, index=world.truth.alive(as_of)["customer_id"])
    before = value
    for end in range(STEP, days + STEP, STEP):
        until = min(end, days)
        sums = world.truth.lifetime_value(days=until, date=as_of).set_index("customer_id")["margin"]
        middle = (until + end - STEP) / 2 / 365.25
        value = value + (sums - before) * np.exp(-np.log1p(yearly_discount) * middle)
        before = sums
    table = value.rename("true_value").reset_index()
    return table.merge(world.truth.alive(as_of), on="customer_id")
