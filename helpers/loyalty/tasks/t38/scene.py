"""A budget for early summer, planned from three tests of winter and spring: the scene of exercise 38.

The figures are cautious already (the lower fifth of what each cell may be), and an agency has left a plan.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tasks.t38.shelves import find_shelves
from loyalty.world import PRESETS, Wave, World

OFFERS = ("basket_discount", "bonus_points", "gift", "concierge")
SUMS = ["margin", "discount", "reward_paid", "points_issued", "redeemed"]
POINT = 0.70 * 0.01
CONTROL = 0.10
BUDGET = 13_000
CUT = 9_500
CALLS = 2_500


class Spring(NamedTuple):
    """What the exercise gives; made by `gather_tests`."""

    options: pd.DataFrame
    agency: pd.DataFrame


@cache
def _spring() -> tuple[pd.DataFrame, World, pd.DataFrame]:
    """The options as three tests showed them, the world after the tests, and its customers."""
    usual = PRESETS["default"]()
    offers = tuple(replace(offer, reward=1.0) if offer.name == "concierge" else offer for offer in usual.offers)
    world = World(60_000, months=24, seed=138, parameters=replace(usual, name="spring", offers=offers))
    people = find_shelves(world)
    waves = []
    later = world
    lots = np.random.default_rng(138)
    prices = world.offers.set_index("offer_id")
    for number in range(3):
        dealt = lots.permutation(np.resize(np.array([None, *OFFERS]), len(people)))
        wave, later = later.run(people.assign(offer_id=dealt, propensity=1 / 5), campaign_id=f"test {number + 1}")
        waves.append(_sum_up(wave, people, prices))
    return _pool(waves, people, prices), later, people


def gather_tests() -> Spring:
    """Gather what the exercise gives: the options (a row a segment and offer), and the plan of the agency.

    Examples
    --------
    >>> options, agency = gather_tests()
    >>> options.shape, agency.columns.tolist()
    ((24, 9), ['segment', 'offer_id', 'contacts'])
    """
    options = _spring()[0].copy()
    return Spring(options, _plan_like_an_agency(options))


def reveal_truth() -> pd.DataFrame:
    """What a contact of each option truly brings in early summer: for after the plan.

    Examples
    --------
    >>> reveal_truth().columns.tolist()
    ['segment', 'offer_id', 'truth']
    """
    _, world, people = _spring()
    home = people.set_index("customer_id").segment
    found = {o: world.truth.effect(o).set_index("customer_id").reindex(home.index).profit for o in OFFERS}
    table = pd.DataFrame(found).groupby(home).mean().stack().rename_axis(["segment", "offer_id"])
    return table.rename("truth").reset_index()


def _plan_like_an_agency(options: pd.DataFrame) -> pd.DataFrame:
    """The best offer of each segment by profit per contact, to the same share of each, as if everybody redeemed."""
    best = options[options.profit > 0].sort_values("profit", ascending=False).drop_duplicates("segment")
    full = best.contact_cost + best.discount + best.reward
    share = BUDGET / (best.customers * full).sum()
    table = best[["segment", "offer_id"]].assign(contacts=(best.customers * share).round().astype(int))
    return table.sort_values("segment", ignore_index=True)


def _sum_up(wave: Wave, people: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    sums = wave.outcomes[wave.outcomes.window != "pre"].groupby("customer_id")[SUMS].sum().reset_index()
    each = wave.contacts[["customer_id", "arm", "segment"]].merge(sums).merge(people[["customer_id", "year"]])
    contact = each.arm.map(prices.contact_cost).fillna(0)
    return each.assign(profit=each.margin - each.reward_paid - each.points_issued * POINT - contact)


def _pool(waves: list[pd.DataFrame], people: pd.DataFrame, prices: pd.DataFrame) -> pd.DataFrame:
    """Profit of the three waves pooled by their precision, less 0.84 standard errors; what was used, as a mean."""
    lifts = [measure_lift(each, outcome="profit", by="segment", before="year").to_frame() for each in waves]
    weight = sum(1 / lift.high.sub(lift.low).div(2 * 1.96) ** 2 for lift in lifts)
    pooled = sum(lift.effect / lift.high.sub(lift.low).div(2 * 1.96) ** 2 for lift in lifts) / weight
    table = lifts[0].rename(columns={"arm": "offer_id"})[["segment", "offer_id"]].astype("str")
    used = pd.concat(waves).groupby(["segment", "arm"])[["redeemed", "discount"]].mean()
    cells = list(zip(table.segment, table.offer_id, strict=True))
    table["customers"] = table.segment.map(people.segment.value_counts())
    table["channel"] = np.where(table.offer_id == "concierge", "call", "letter")
    table["profit"] = (pooled - 0.84 * weight**-0.5).round(2)
    table["contact_cost"] = table.offer_id.map(prices.contact_cost)
    table["discount"] = used.loc[cells, "discount"].round(2).to_numpy()
    table["reward"] = table.offer_id.map(prices.reward_cost + prices.points * POINT)
    table["redeemed"] = used.loc[cells, "redeemed"].round(2).to_numpy()
    return table
