"""The scenes of lesson and exercise 24: a chain with planted communities, real receipts, and a town shop with bags."""

from __future__ import annotations

from functools import cache

import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.world import World

LESSON_SEED = 24
CUT = "2024-10-01"  # links are made before this day, offers are scored from it on
REAL_CUT = "2017-10-01"
TOWN_SEED = 11
BAG = 9_999
TOWN_CUT = "2024-04-01"


@cache
def open_chain() -> World:
    """Open the simulated chain of the lesson: 2,500 customers in 24 months."""
    return World(customers=2_500, months=24, seed=LESSON_SEED)


@cache
def read_real() -> pd.DataFrame:
    """Read the receipts of a real grocer (Complete Journey), each line with the category of its product."""
    chain = complete_journey()
    return chain.receipts.merge(chain.products[["product_id", "category"]], on="product_id", how="left")


@cache
def read_town() -> pd.DataFrame:
    """Read the receipts of the exercise: another chain's customers in 18 months, and a carrier bag with most receipts.

    Returns
    -------
    pandas.DataFrame
        customer_id, time, sales, basket_id, line_no, product_id, store_id, hour (of the day); product 9999 is the bag, for 10 cents, on
        two of three receipts.
    """
    world = World(customers=1_200, months=18, seed=TOWN_SEED)
    lines = world.receipts[["customer_id", "time", "sales", "basket_id", "line_no", "product_id", "store_id"]]
    visits = lines.drop_duplicates("basket_id")
    bags = visits[visits["basket_id"] % 3 != 0].assign(sales=0.10, product_id=BAG, line_no=999)
    town = pd.concat([lines, bags], ignore_index=True)
    town["hour"] = town["time"].dt.hour.astype("int64")
    return town.sort_values(["time", "basket_id", "line_no"], ignore_index=True)
