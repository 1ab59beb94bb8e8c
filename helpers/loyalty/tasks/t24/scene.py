"""The scenes of lesson and exercise 24: a chain with planted communities, real receipts, and a town shop with bags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import pandas as pd
from sklearn.metrics import adjusted_rand_score

from loyalty.datasets.loaders import complete_journey
from loyalty.segment.clusters import compare_segmentations
from loyalty.segment.micro import Links, find_communities, redraw_communities
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


def compare_with_types(ways: Mapping[str, pd.DataFrame], types: pd.DataFrame, links: pd.DataFrame) -> pd.DataFrame:
    """Compare segmentations with the true types, for all customers and for those with ten links or more.

    Parameters
    ----------
    ways : mapping of str to DataFrame
        What a way is called -> customer_id, segment.
    types : DataFrame
        customer_id, segment: the truth.
    links : DataFrame
        customer_id, links: how many each has.

    Returns
    -------
    DataFrame
        Index: way and who; ari with low and high. All ways are compared on the same customers.
    """
    known = set.intersection(*(set(table["customer_id"]) for table in ways.values()))
    rows = {}
    for who, least in {"all": 1, "ten links or more": 10}.items():
        enough = known & set(links.loc[links["links"] >= least, "customer_id"])
        for name, table in ways.items():
            agreed = compare_segmentations(*(one[one["customer_id"].isin(enough)] for one in (table, types)))
            rows[f"{name}: {who}"] = (agreed.ari, agreed.low, agreed.high)
    return pd.DataFrame(rows, index=["ari", "low", "high"]).T


def try_resolutions(links: Links, planted: pd.Series, resolutions: Sequence[float]) -> pd.DataFrame:
    """Find communities at several resolutions, draw the customers again, and compare the products with the truth.

    Returns
    -------
    DataFrame
        Index: resolution; communities (30 customers or more), small (fewer), stability with low and high, truth
        (agreement of the products with the planted communities, adjusted Rand index).
    """
    rows = {}
    for resolution in resolutions:
        found = find_communities(links, resolution=resolution, rewirings=0, seed=LESSON_SEED)
        steady = redraw_communities(found, draws=12, seed=LESSON_SEED)
        agreed = adjusted_rand_score(planted.loc[found.things["product_id"]], found.things["community"])
        large = int((found.table["customers"] >= 30).sum())
        rows[resolution] = (large, len(found.table) - large, steady.ari, steady.low, steady.high, agreed)
    return pd.DataFrame(rows, index=["communities", "small", "stability", "low", "high", "truth"]).T
