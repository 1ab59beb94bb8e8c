"""A chain that plans a points campaign of three waves, as its tables would show it: the scene of exercise 32.

The campaign itself lies in the future; `reveal_spring` lets it happen, once for everybody and once for nobody.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.world import World

SEED = 132
WAVES = 3
# 84 days, as long as three waves
START = pd.Timestamp("2024-09-11")
END = pd.Timestamp("2024-12-04")


class PointsChain(NamedTuple):
    """What the analyst is given; made by `read_chain`.

    `customers` has one row a customer: customer_id, consent, staff, last_purchase. `receipts` are the lines of autumn.
    """

    customers: pd.DataFrame
    receipts: pd.DataFrame


@cache
def _world() -> World:
    return World(customers=30_000, months=24, seed=SEED)


@cache
def _chain() -> PointsChain:
    world = _world()
    rng = np.random.default_rng(SEED)
    people = world.customers
    receipts = world.receipts
    # Consent is asked for together with the card, so that those who gave it are the better customers
    consent = rng.random(len(people)) < np.where(people["card_since"].notna(), 0.80, 0.45)
    last = receipts.groupby("customer_id")["time"].max().reindex(people["customer_id"]).to_numpy()
    customers = people[["customer_id"]].assign(
        consent=consent, staff=rng.random(len(people)) < 0.01, last_purchase=last
    )
    autumn = receipts["time"] >= "2024-09-01"
    columns = ["customer_id", "time", "basket_id", "sales", "margin"]
    return PointsChain(customers, receipts.loc[autumn, columns].reset_index(drop=True))


def read_chain() -> PointsChain:
    """Read the chain's list of customers and its receipts since September 2024.

    Examples
    --------
    >>> customers, receipts = read_chain()
    >>> len(customers), str(receipts["time"].min().date())
    (30000, '2024-09-01')
    """
    return PointsChain(*(table.copy() for table in _chain()))


@cache
def _spring() -> pd.DataFrame:
    people = _world().customers[["customer_id"]]
    lives = {}
    for name, offer in {"with_points": "bonus_points", "without": None}.items():
        here = _world()
        spent = 0.0
        for wave in range(1, WAVES + 1):
            sent, here = here.run(people.assign(offer_id=offer), campaign_id="points", wave=wave, days=28, post=0)
            outcomes = sent.outcomes
            spent = spent + outcomes[outcomes["window"] == "main"].set_index("customer_id")["sales"]
        lives[name] = spent
    return pd.DataFrame(lives).rename_axis("customer_id").reset_index()


def reveal_spring() -> pd.DataFrame:
    """What each customer would spend in the 84 days with three letters, and without: for after the plan.

    Examples
    --------
    >>> spring = reveal_spring()
    >>> bool((spring["with_points"] - spring["without"]).mean() > 0)
    True
    """
    return _spring().copy()
