"""The spring mailing of lesson 33: a voucher by e-mail, a lottery, dead addresses, and both lives of every customer."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.evaluate.design.assignment import assign_arms
from loyalty.prepare.profile import build_profile
from loyalty.world import World

SEED = 33
SHARES = {"control": 0.25, "voucher": 0.75}
DAYS = pd.Timedelta(days=28)


class SpringMailing(NamedTuple):
    """What lies on the table four weeks after the sending; made by `send_spring`.

    `contacts` has one row a customer, control included: arm, offer_id, delivered (empty for control), address_works
    (tested before the sending, for everybody). `outcomes` has three rows a customer, one for each window. `profile` is
    what was known on the evening before, and `receipts` are the lines of the four weeks.
    """

    world: World
    profile: pd.DataFrame
    contacts: pd.DataFrame
    outcomes: pd.DataFrame
    receipts: pd.DataFrame


def send_spring() -> SpringMailing:
    """Make the chain, draw three quarters of its customers, and send them ten percent off; seed 33 of `loyalty.world`.

    A dead address gets nothing; where a customer was not seen for half a year, the address is often dead. Nobody is
    drawn anew because of that.

    Returns
    -------
    SpringMailing
    """
    return _run()


def tell_spring() -> pd.Series:
    """Tell what the letter truly changed in each customer's sales of the four weeks; estimate first, then look.

    Returns
    -------
    Series
        Euros, one value a customer, in the order of the contacts; a dead address changes nobody.
    """
    spring = _run()
    lives = spring.world.truth.effect("basket_discount", days=28, post=0, kind="realised")
    return lives["sales"] * spring.contacts["address_works"]


def expect_spring() -> pd.Series:
    """Tell what the letter changes in each customer's sales in the long run, good and bad luck evened out.

    Returns
    -------
    Series
        Euros, one value a customer, in the order of the contacts.
    """
    spring = _run()
    lives = spring.world.truth.effect("basket_discount", days=28, post=0)
    return lives["sales"] * spring.contacts["address_works"]


@cache
def _run() -> SpringMailing:
    world = World(20_000, 26, seed=SEED)
    profile = build_profile(world.receipts, world.end, customers=world.customers)
    drawn = assign_arms(world.customers, SHARES, salt="spring 2025", offers={"voucher": "basket_discount"}).contacts
    silent = profile["recency_days"].fillna(999).to_numpy() > 180
    works = np.random.default_rng(SEED).random(len(profile)) > np.where(silent, 0.6, 0.03)
    mailed = drawn.assign(offer_id=drawn["offer_id"].where(works))
    wave, later = world.run(mailed, campaign_id="spring", days=28)
    arrived = wave.contacts["delivered"].fillna(False).where(drawn["arm"] != "control")
    contacts = wave.contacts.assign(offer_id=drawn["offer_id"], delivered=arrived, address_works=works)
    inside = (later.receipts["time"] >= world.end) & (later.receipts["time"] < world.end + DAYS)
    return SpringMailing(world, profile, contacts, wave.outcomes, later.receipts[inside])
