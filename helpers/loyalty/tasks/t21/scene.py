"""The scenes of lesson 21 and of its exercise: three data sets, a world with less churn, and a shelf of pain relief.

The four cards of cashiers on the exercise's shelf are made up: on each a cashier collects what strangers paid for.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from loyalty.datasets.loaders import cdnow, complete_journey
from loyalty.segment.rank import (
    FolkVerdict,
    Ranking,
    build_cohorts,
    judge_churn_profit,
    judge_half_lost,
    judge_top_share,
    judge_win_or_keep,
    measure_concentration,
    rank_customers,
)
from loyalty.world import World

CUSTOMERS = 5_000
SEED = 21
CATEGORY = "BEERS/ALES"
YEARS = 5
FOLLOWED = 2_000  # customers in the two worlds that differ in leaving
LESS = 0.05
PERIODS = 13  # of 28 days, in a year: the world's step of leaving
SHELF_SEED = 210
SHELF = "Pain relief"
STAFF = (90_001, 90_002, 90_003, 90_004)
SHARE_OF_STRANGERS = 0.12  # of another chain's lines: what passed the tills of the four


@cache
def open_world() -> World:
    """Open the lesson's simulated chain: 5,000 customers, the years 2023 and 2024."""
    return World(customers=CUSTOMERS, months=24, seed=SEED)


@cache
def rank_three() -> dict[str, Ranking]:
    """Rank the customers of three data sets, each in one window: a grocery chain, a web shop, the simulated chain."""
    chain, shop, world = complete_journey(), cdnow(), open_world()
    return {
        "grocery chain": rank_customers(chain.receipts, "2017-01-01", "2018-01-01", customers=chain.customers),
        "CDNOW": rank_customers(shop.receipts, "1997-01-01", "1998-07-01"),
        "simulated chain": rank_customers(world.receipts, "2024-01-01", "2025-01-01", customers=world.customers),
    }


def read_category(category: str = CATEGORY) -> pd.DataFrame:
    """Read the lines of one category of the grocery chain."""
    chain = complete_journey()
    names = chain.products.set_index("product_id")["category"]
    return chain.receipts[chain.receipts["product_id"].map(names) == category].reset_index(drop=True)


def hand_to_cashiers(lines: pd.DataFrame, cards: int, share: float, seed: int) -> pd.DataFrame:
    """Let cashiers swipe cards of their own for some receipts, as where a customer has forgotten his.

    Parameters
    ----------
    lines : DataFrame
        Receipt lines: customer_id, basket_id.
    cards : int
        How many cards, with negative numbers.
    share : float
        Of the receipts, from 0 to 1.
    seed : int

    Returns
    -------
    DataFrame
        The same lines, with other customers on some receipts.
    """
    rng = np.random.default_rng(seed)
    baskets = np.sort(lines["basket_id"].unique())
    taken = rng.choice(baskets, round(share * len(baskets)), replace=False)
    owner = pd.Series(-rng.integers(1, cards + 1, len(taken)), index=taken)
    own = lines["basket_id"].map(owner)
    return lines.assign(customer_id=own.fillna(lines["customer_id"]).astype("int64"))


# --- What the world knows ------------------------------------------------------------------------------------------


@cache
def count_lost(years: tuple[int, ...] = (1, 2, 3, 4, 5)) -> pd.DataFrame:
    """Count who of the world's newcomers of 2023 has truly left, so many years after the first purchase.

    Newcomers are those whose first purchase fell between April and December 2023: who came earlier may be old.

    Returns
    -------
    DataFrame
        years, customers, lost, share.
    """
    world = World(customers=CUSTOMERS, months=72, seed=SEED)
    first = world.receipts.groupby("customer_id")["time"].min().dt.to_period("M")
    new = first[(first >= pd.Period("2023-04")) & (first <= pd.Period("2023-12"))]
    rows = []
    for year in years:
        lost = 0
        for month, group in new.groupby(new):
            day = (month + 12 * year).end_time.normalize() + pd.Timedelta(days=1)
            alive = world.truth.alive(day).set_index("customer_id")["alive"]
            lost += int((~alive.reindex(group.index)).sum())
        rows.append({"years": year, "customers": len(new), "lost": lost, "share": lost / len(new)})
    return pd.DataFrame(rows)


def _slow_down(leave: float, *, points: bool) -> float:
    """Find the chance of leaving in 28 days when yearly churn is five points, or a twentieth, lower."""
    if not points:
        return (1 - LESS) * leave
    stay = min((1 - leave) ** PERIODS + LESS, 1.0)
    return float(1 - stay ** (1 / PERIODS))


@cache
def measure_gain(*, points: bool, years: int = YEARS, level: float = 0.95) -> tuple[float, float, float]:
    """Measure how much more margin the world's customers bring when fewer leave; everything else stays as it is.

    Parameters
    ----------
    points : bool
        Five points of yearly churn less, or one leaver in twenty.
    years : int
        Over how many years, without a discount.
    level : float
        Coverage of the interval: other customers like these.

    Returns
    -------
    (gain, low, high) : float
        Fractions.
    """
    world = World(customers=FOLLOWED, months=2, seed=SEED)
    rules = world.parameters
    types = tuple(replace(one, leave=_slow_down(one.leave, points=points)) for one in rules.types)
    loyal = World(customers=FOLLOWED, months=2, seed=SEED, parameters=replace(rules, types=types))
    day = "2023-02-01"
    both = [
        one.truth.lifetime_value(days=365 * years, date=day).set_index("customer_id")["margin"]
        for one in (world, loyal)
    ]
    there = [one.truth.alive(day).set_index("customer_id")["alive"] for one in (world, loyal)]
    before, after = (margin[there[0] & there[1]].to_numpy() for margin in both)
    ratio = after.sum() / before.sum()
    moves = (after - ratio * before) / before.mean()
    half = norm.ppf(0.5 + level / 2) * moves.std(ddof=1) / np.sqrt(len(moves))
    return float(ratio - 1), float(ratio - 1 - half), float(ratio - 1 + half)


# --- The shelf of the exercise -------------------------------------------------------------------------------------


class Shelf(NamedTuple):
    """Lines of one category in 2023 and 2024, the chain's members, and the numbers of the cashiers' cards."""

    lines: pd.DataFrame
    members: pd.DataFrame
    staff: list[int]


@cache
def _fill_shelf() -> Shelf:
    parts = []
    for seed in (SHELF_SEED, SHELF_SEED + 1):
        world = World(customers=CUSTOMERS, months=24, seed=seed)
        category = world.products.set_index("product_id")["category"]
        lines = world.receipts[world.receipts["product_id"].map(category) == SHELF]
        parts.append(lines[["customer_id", "time", "sales", "basket_id"]])
    members = World(customers=CUSTOMERS, months=24, seed=SHELF_SEED).customers[["customer_id", "joined_on"]]
    rng = np.random.default_rng(SHELF_SEED)
    strangers = parts[1]
    baskets = np.sort(strangers["basket_id"].unique())
    taken = rng.choice(baskets, round(SHARE_OF_STRANGERS * len(baskets)), replace=False)
    owner = pd.Series(rng.choice(STAFF, len(taken)), index=taken)
    swiped = strangers[strangers["basket_id"].isin(taken)]
    swiped = swiped.assign(customer_id=swiped["basket_id"].map(owner), basket_id=swiped["basket_id"] + 10_000_000)
    hired = pd.DataFrame({"customer_id": STAFF, "joined_on": pd.Timestamp("2022-06-01")})
    lines = pd.concat([parts[0], swiped]).sort_values(["time", "basket_id"], ignore_index=True)
    everyone = pd.concat([members, hired], ignore_index=True).astype({"joined_on": members["joined_on"].dtype})
    return Shelf(lines, everyone, list(STAFF))


def open_shelf() -> Shelf:
    """Open the exercise's shelf: pain relief in the simulated chain, 2023 and 2024."""
    shelf = _fill_shelf()
    return Shelf(shelf.lines.copy(), shelf.members.copy(), list(shelf.staff))


# --- Four famous numbers -------------------------------------------------------------------------------------------


@cache
def judge_all() -> tuple[FolkVerdict, ...]:
    """Judge four famous numbers on three data sets; who has left, and what they would have brought, only the world knows."""
    receipts = {"grocery chain": complete_journey().receipts, "CDNOW": cdnow().receipts}
    verdicts = []
    for name, ranking in rank_three().items():
        verdicts.append(judge_top_share(measure_concentration(ranking), data=name))
        verdicts.append(judge_win_or_keep(data=name))
        if name in receipts:
            verdicts.append(judge_half_lost(build_cohorts(receipts[name]), data=name))
            verdicts.append(judge_churn_profit(data=name))
    last = count_lost().iloc[-1]
    lost, customers = int(last["lost"]), int(last["customers"])
    verdicts.append(judge_half_lost(lost=lost, customers=customers, years=float(last["years"]), data="simulated chain"))
    gains = {float(years): measure_gain(points=True, years=years) for years in (YEARS, 2 * YEARS)}
    verdicts.append(judge_churn_profit(gains, data="simulated chain"))
    return tuple(verdicts)
