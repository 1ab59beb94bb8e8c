"""The summer wave of the simulated chain, for exercise 41: two offers and a control group, six segments."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.tasks.t41.visits import list_active
from loyalty.world import World

OFFERS = ("bonus_points", "free_delivery")
LOTS = 51  # of these lots the highest response rate and the highest lift are in two cells
COLUMNS = ["customer_id", "arm", "segment", "redeemed", "sales"]


@cache
def _wave() -> tuple[pd.DataFrame, pd.DataFrame]:
    world = World(customers=5_000, months=30, seed=41)
    base = list_active(world)
    lots = np.random.default_rng(LOTS).permutation(np.resize(np.array([None, *OFFERS]), len(base)))
    wave, _ = world.run(base.assign(offer_id=lots, propensity=1 / 3), campaign_id="summer")
    rows = wave.outcomes[wave.outcomes["window"] == "main"]
    table = wave.contacts[["customer_id", "arm", "segment"]].merge(rows, on="customer_id")[COLUMNS]
    gains = {offer: world.truth.effect(offer, post=0).set_index("customer_id")["sales"] for offer in OFFERS}
    return table, pd.DataFrame(gains).reindex(table["customer_id"]).groupby(table["segment"].to_numpy()).mean()


def load_summer() -> pd.DataFrame:
    """Load the summer wave: one row a customer, with `arm`, `segment`, `redeemed` and `sales` of the four weeks (€).

    Not for learning about a real chain: its customers are simulated (`loyalty.world`, seed 41).

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> sorted(load_summer()["arm"].unique())
    ['bonus_points', 'control', 'free_delivery']
    """
    return _wave()[0].copy()


def tell_summer() -> pd.DataFrame:
    """Tell what the summer wave truly gains in each cell; estimate first, then look.

    Returns
    -------
    pandas.DataFrame
        Index segment, a column an offer: expected sales per customer of the segment in the four weeks (€).

    Examples
    --------
    >>> bool((tell_summer() > 0).all(axis=None))
    True
    """
    return _wave()[1].copy()
