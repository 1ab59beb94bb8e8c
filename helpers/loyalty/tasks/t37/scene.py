"""An evening at the beauty counter, as a chain's tables would show it: the scene of exercise 37.

Another chain than the lesson's: a quarter of its customers care for beauty, and the evening moves them strongly. So
60,000 customers are enough to see whom it changes; in the lesson's chain they would not be. Chain, size and seed were
chosen so that it shows: of the seeds 1 to 8 one leaves the plan of 37c open.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.evaluate.uplift.meta_learners import make_ridge
from loyalty.prepare.profile import build_profile
from loyalty.world import PRESETS, Parameters, World
from loyalty.world.parameters import Offer

CARD = 0.20  # euros for the printed invitation
BAG = 6.0  # euros for the samples of each who came with it
SEED = 137
CUSTOMERS = 60_000
COUNTER = ("Face", "Make-up")
OFTEN = 15  # receipts so far
RECENT = 60  # days since the last


class Evening(NamedTuple):
    """One invitation, its customers and what was known of them; made by `hold_evening`."""

    people: pd.DataFrame
    profile: pd.DataFrame


def _make_chain() -> Parameters:
    """The default chain with more beauty customers, and a gift that is handed over on an evening."""
    base = PRESETS["default"]()
    rest = sum(kind.share for kind in base.types if kind.name != "beauty")
    types = [replace(kind, share=0.25 if kind.name == "beauty" else kind.share / rest * 0.75) for kind in base.types]
    offers = [_hand_over(offer) if offer.name == "gift" else offer for offer in base.offers]
    return replace(base, name="beauty_counter", types=tuple(types), offers=tuple(offers))


def _hand_over(gift: Offer) -> Offer:
    """Make of a gift one that is handed over on an evening, which brings beauty customers above all."""
    return replace(
        gift,
        reward=BAG,
        contact=CARD,
        use=(("all", 0.7),),
        visits=(("all", 0.1), ("beauty", 3.0)),
        extra=(("all", 0.05), ("beauty", 0.15)),
    )


def _name_segments(profile: pd.DataFrame, lines: pd.DataFrame, products: pd.DataFrame) -> pd.Series:
    """Where a customer's money went before; of the others, how often they came, and of the rest, how lately.

    So the best customers by response (often) are not those whom the evening changes (mostly beauty).
    """
    lines = lines.assign(counter=lines.product_id.isin(products.product_id[products.department.isin(COUNTER)]))
    spent = lines.assign(counter=lines.counter * lines.sales).groupby("customer_id")[["counter", "sales"]].sum()
    share = (spent.counter / spent.sales).reindex(profile.customer_id).to_numpy()
    often = profile.frequency.to_numpy() >= OFTEN
    recent = profile.recency_days.to_numpy() <= RECENT
    asked = [~np.isfinite(share), share >= 0.4, often & (share > 0.1), often, recent]
    names = ["never bought", "mostly beauty", "often, some beauty", "often, little beauty", "seldom, recent"]
    return pd.Series(np.select(asked, names, "seldom, quiet"))


@cache
def _hold() -> tuple[Evening, pd.Series]:
    world = World(customers=CUSTOMERS, months=24, seed=SEED, parameters=_make_chain())
    profile = build_profile(world.receipts, world.end, customers=world.customers, products=world.products)
    lots = world.customers[["customer_id"]]
    invited = lots.index.isin(lots.sample(frac=0.5, random_state=SEED).index)
    arm = np.where(invited, "invited", "control")
    plan = lots.assign(offer_id=pd.Series("gift", lots.index).where(invited), arm=arm, propensity=0.5)
    wave = world.run(plan, campaign_id="evening", days=14)[0]
    money = open_trial(profile, wave.contacts, wave.outcomes, "profit", window=("main", "post"), offers=world.offers)
    came = wave.outcomes[wave.outcomes.window == "main"].set_index("customer_id").responded.reindex(money.arm.index)
    learn, judge = money.split(seed=SEED)
    pupils = learn.arm.index[learn.arm == "invited"]
    chance = make_ridge().fit(money.features.loc[pupils], came[pupils]).predict(money.features)
    sums = wave.outcomes[wave.outcomes.window != "pre"].groupby("customer_id")["sales"].sum()
    people = lots.assign(
        half=np.where(lots.customer_id.isin(judge.arm.index), "judge", "learn"),
        arm=arm,
        segment=_name_segments(profile, world.receipts, world.products).to_numpy(),
        chance=chance,
        came=came.to_numpy(int),
        sales=sums.reindex(lots.customer_id).to_numpy().round(2),
        profit=money.outcome.to_numpy().round(4),
    )
    truth = world.truth.effect("gift", days=14).set_index("customer_id").profit
    return Evening(people, profile), truth


def hold_evening() -> Evening:
    """Hold the evening of the exercise: one row a customer, and the profile of the day before.

    `profit` is margin less gift less points, in euros over the 14 days of the invitation and the 28 after them; the
    card is not taken off. `chance` is the agency's forecast of who comes, made on the half that learns.

    Examples
    --------
    >>> people, profile = hold_evening()
    >>> people.groupby(["half", "arm"]).size().tolist()
    [15000, 15000, 15000, 15000]
    """
    return Evening(*(table.copy() for table in _hold()[0]))


def reveal_truth() -> pd.Series:
    """What the invitation is truly expected to earn with each customer, card taken off: for after the estimate.

    Examples
    --------
    >>> bool(reveal_truth().mean() < 0)
    True
    """
    return _hold()[1].copy()
