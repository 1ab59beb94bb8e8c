"""The voucher of lesson 37, its two companions, and both lives of the customers who got one."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from loyalty.evaluate.uplift.experiment import Experiment, open_trial
from loyalty.prepare.profile import build_profile
from loyalty.world import Wave, World

SEED = 37
KINDS = {
    (True, False): "persuadables",
    (True, True): "sure things",
    (False, False): "lost causes",
    (False, True): "sleeping dogs",
}


class Winter(NamedTuple):
    """The chain in January, what was known of its customers, and the half of them that the lottery drew."""

    world: World
    profile: pd.DataFrame
    drawn: pd.Series


class Voucher(NamedTuple):
    """What came of an offer: the wave, profit and visits of each customer, and one table of both."""

    wave: Wave
    money: Experiment
    came: Experiment
    people: pd.DataFrame


def open_january() -> Winter:
    """Make the chain, build the profile of the day, and draw half of the customers."""
    world = World(customers=40_000, months=24, seed=SEED)
    profile = build_profile(world.receipts, world.end, customers=world.customers, products=world.products)
    lots = world.customers[["customer_id"]]
    drawn = lots.index.isin(lots.sample(frac=0.5, random_state=SEED).index)
    return Winter(world, profile, pd.Series(drawn, lots.index))


def send_to_drawn(january: Winter, offer: str) -> Wave:
    """Send an offer to the half that was drawn.

    Parameters
    ----------
    january : Winter
    offer : str
    """
    lots = january.world.customers[["customer_id"]]
    plan = lots.assign(offer_id=pd.Series(offer, lots.index).where(january.drawn), propensity=0.5)
    return january.world.run(plan, campaign_id=offer)[0]


def count_money(january: Winter, wave: Wave) -> Experiment:
    """Count the profit of each customer in the eight weeks from the sending on, beside what was known before.

    Parameters
    ----------
    january : Winter
    wave : Wave
    """
    weeks = ("main", "post")
    offers = january.world.offers
    return open_trial(january.profile, wave.contacts, wave.outcomes, "profit", window=weeks, offers=offers)


def send_voucher(january: Winter) -> Voucher:
    """Send the voucher, and put visits and profit of each customer beside what was known of him.

    Parameters
    ----------
    january : Winter
    """
    wave = send_to_drawn(january, "win_back")
    money = count_money(january, wave)
    main = wave.outcomes[wave.outcomes["window"] == "main"]
    responded = main.set_index("customer_id")["responded"]
    came = replace(money, outcome=responded[money.outcome.index].astype(float))  # the same customers, another outcome
    sent = money.arm == "win_back"
    people = money.features.assign(sent=sent, came=came.outcome, profit=money.outcome)
    return Voucher(wave, money, came, people)


def live_twice(january: Winter, offer: str) -> pd.Series:
    """Profit that an offer made with each customer: his life with it less his life without it, letter off.

    Parameters
    ----------
    january : Winter
    offer : str
    """
    return january.world.truth.effect(offer, kind="realised").set_index("customer_id")["profit"]


def sort_kinds(january: Winter, wave: Wave, offer: str) -> pd.DataFrame:
    """Sort all who were sent an offer into the four kinds, by both of their lives.

    Parameters
    ----------
    january : Winter
    wave : Wave
    offer : str

    Returns
    -------
    DataFrame
        One row a kind: customers, € each, € in all (the profit that the offer made with them, letter off).
    """
    lives = january.world.truth.would_have_come_anyway(wave)
    kind = [KINDS[pair] for pair in zip(lives["came"], lives["would_have_come"], strict=True)]
    made = live_twice(january, offer)[lives["customer_id"]].to_numpy()
    rows = pd.Series(made).groupby(kind).agg(["size", "mean", "sum"])
    return rows.reindex(list(KINDS.values())).set_axis(["customers", "€ each", "€ in all"], axis=1)
