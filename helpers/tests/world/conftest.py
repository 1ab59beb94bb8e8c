"""Worlds that several tests look at; they never change, so each is made once."""

import numpy as np
import pandas as pd
import pytest

from loyalty.world import World


@pytest.fixture(scope="session")
def world() -> World:
    """1,500 customers after 15 months: card, drift and two campaigns of habit lie behind them."""
    return World(customers=1_500, months=16, seed=11)


@pytest.fixture(scope="session")
def split():
    """Make a plan that gives an offer to about half of a world's customers."""

    def make(world: World, offer: str = "basket_discount", share: float = 0.5, salt: int = 0) -> pd.DataFrame:
        table = world.customers[["customer_id"]]
        luck = np.random.default_rng([world.seed, salt]).random(len(table))
        offers = pd.Series(np.where(luck < share, offer, None), dtype="str")
        return table.assign(offer_id=offers, propensity=np.where(luck < share, share, 1 - share))

    return make
