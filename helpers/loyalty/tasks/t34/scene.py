"""Three campaigns of one spring, as a chain's tables would show them: the scene of exercise 34.

The tills print prices with value-added tax inside, and nobody has written a margin into the tables.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.world import World

VAT = 0.20
PLAN = {"discount": ("basket_discount", 14), "points": ("bonus_points", 21), "service": ("concierge", 28)}


class Campaigns(NamedTuple):
    """Three campaigns of one chain; made by `run_campaigns`."""

    contacts: pd.DataFrame
    outcomes: pd.DataFrame
    offers: pd.DataFrame


@cache
def _spring() -> tuple[Campaigns, pd.Series]:
    world = World(customers=40_000, months=24, seed=134)
    lots = world.customers[["customer_id"]]
    offers = world.offers
    here = world
    contacts = []
    outcomes = []
    truth = {}
    for place, (name, (offer, days)) in enumerate(PLAN.items()):
        sent = lots.index.isin(lots.sample(frac=0.5, random_state=134 + place).index)
        arm = np.where(sent, "sent", "control")
        plan = lots.assign(offer_id=pd.Series(offer, lots.index).where(sent), arm=arm, propensity=0.5)
        before = here
        wave, here = here.run(plan, campaign_id=name, days=days)
        contacts.append(wave.contacts)
        outcomes.append(wave.outcomes)
        truth[name] = before.truth.lift(wave).profit[offer, "both"]
    table = pd.concat(outcomes, ignore_index=True)
    table = table.assign(
        sales=(table.sales * (1 + VAT)).round(2),
        goods_cost=(table.sales - table.margin).round(2),
        discount=(table.discount * (1 + VAT)).round(2),
    ).drop(columns="margin")
    offers = offers[offers.offer_id.isin([offer for offer, _ in PLAN.values()])].reset_index(drop=True)
    return Campaigns(pd.concat(contacts, ignore_index=True), table, offers), pd.Series(truth)


def run_campaigns() -> Campaigns:
    """Run the three campaigns of the exercise: contacts, outcomes (sales with tax inside, no margin), offers.

    Examples
    --------
    >>> contacts, outcomes, offers = run_campaigns()
    >>> contacts.groupby("campaign_id", sort=False).size().to_dict()
    {'discount': 40000, 'points': 40000, 'service': 40000}
    """
    return Campaigns(*(table.copy() for table in _spring()[0]))


def reveal_truth() -> pd.Series:
    """What each of the three campaigns truly earned, euros per customer sent: for after the estimate.

    Examples
    --------
    >>> bool(reveal_truth()["service"] < 0)
    True
    """
    return _spring()[1].copy()
