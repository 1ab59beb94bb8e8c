"""The scenes of lesson and exercise 23: a chain whose types are known, and the drugstore shelves of a real one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.world import World

LESSON_SEED = 23
DEPARTMENT = "DRUG GM"
AS_OF = pd.Timestamp("2017-10-01")
OFFERS = ("basket_discount", "category_discount", "bonus_points", "gift")


@cache
def open_chain() -> World:
    """Open the simulated chain of the lesson: 5,000 customers in 24 months."""
    return World(customers=5_000, months=24, seed=LESSON_SEED)


@cache
def read_drugstore() -> pd.DataFrame:
    """Read what households did at the drugstore shelves of Complete Journey before 1 October 2017.

    Returns
    -------
    pandas.DataFrame
        One row a household with net spend: customer_id, recency_days, receipts, money, promo_share (discounts as a
        share of the price without them), home_store (code of the store with most of its lines).
    """
    chain = complete_journey()
    shelf = chain.products.loc[chain.products["department"] == DEPARTMENT, "product_id"]
    lines = chain.receipts[(chain.receipts["time"] < AS_OF) & chain.receipts["product_id"].isin(shelf)]
    groups = lines.groupby("customer_id")
    table = pd.DataFrame({"last": groups["time"].max(), "receipts": groups["basket_id"].nunique()})
    table["money"] = groups["sales"].sum().round(2)
    discount = groups["discount"].sum()
    table["promo_share"] = (discount / (discount + table["money"])).clip(0, 1).fillna(0.0)
    stores = lines.groupby(["customer_id", "store_id"]).size().rename("lines").reset_index()
    stores = stores.sort_values(["customer_id", "lines", "store_id"], ascending=[True, False, True])
    table["home_store"] = stores.drop_duplicates("customer_id").set_index("customer_id")["store_id"]
    table["recency_days"] = (AS_OF - table["last"].dt.normalize()).dt.days
    order = ["customer_id", "recency_days", "receipts", "money", "promo_share", "home_store"]
    return table[table["money"] > 0].reset_index()[order]


def value_plans(world: World, segmentations: Mapping[str, pd.DataFrame], *, seed: int = LESSON_SEED) -> pd.Series:
    """Value segmentations by their use: the best offer of each segment, chosen on one half, valued on the other.

    Parameters
    ----------
    world : World
    segmentations : mapping of str to pandas.DataFrame
        Name -> customer_id and segment. Customers without a segment are a segment of their own.
    seed : int
        Of the halves.

    Returns
    -------
    pandas.Series
        Expected profit in euros a customer, by name. Effects are without noise: what a segmentation could carry if a
        pilot measured it well.
    """
    effects = pd.DataFrame({offer: world.truth.effect(offer).set_index("customer_id")["profit"] for offer in OFFERS})
    everybody = sorted(set().union(*(table["customer_id"] for table in segmentations.values())))
    effects = effects.loc[everybody]
    half = np.random.default_rng([seed, 3]).random(len(effects)) < 0.5
    found = {}
    for name, table in segmentations.items():
        segments = table.set_index("customer_id")["segment"].astype(str).reindex(everybody).fillna("few receipts")
        means = effects[half].groupby(segments[half].to_numpy()).mean()
        best = means.idxmax(axis=1).where(means.max(axis=1) > 0)
        places = effects.columns.get_indexer(segments[~half].map(best).fillna("none"))
        other = effects[~half].to_numpy()
        found[name] = float(np.where(places >= 0, other[np.arange(len(other)), places], 0.0).mean())
    return pd.Series(found, name="profit")


# What the agency wrote under its four pictures, before anybody had looked at the shelves: cluster -> (name, column, claim)
PERSONAS = {
    1: ("Champions: they spend most", "money", "high"),
    2: ("Bargain hunters: they wait for promotions", "promo_share", "high"),
    3: ("Quality first: they need no promotion", "promo_share", "low"),
    4: ("Sleepers: they have been silent for long", "recency_days", "high"),
}
