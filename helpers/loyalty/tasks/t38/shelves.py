"""The segments of lesson and exercise 38: the shelf on which a customer spends most, or online."""

from __future__ import annotations

import pandas as pd

from loyalty.world import World

SHELVES = {
    "Baby": "baby",
    "Mother": "baby",
    "Face": "beauty",
    "Make-up": "beauty",
    "Medicines": "medicine",
    "Vitamins": "medicine",
    "Chronic care": "chronic",
    "Support": "chronic",
}
YEAR = pd.Timedelta(days=365)
HALF_YEAR = pd.Timedelta(days=182)


def find_shelves(world: World) -> pd.DataFrame:
    """Find the segment of each customer seen in the last half year, and what he earned the chain in the last year.

    Parameters
    ----------
    world : World
        Only its receipts are read, up to its end.

    Returns
    -------
    DataFrame
        One row a customer: customer_id, segment, year (margin in euros).
    """
    seen = world.receipts[world.receipts.time < world.end]
    shelf = seen.product_id.map(world.products.set_index("product_id").department.map(SHELVES)).fillna("home")
    shelf = shelf.where(seen.channel != "online", "online")
    spent = seen.groupby([seen.customer_id, shelf.rename("segment")]).sales.sum().unstack(fill_value=0)
    year = seen[seen.time >= world.end - YEAR].groupby("customer_id").margin.sum()
    recent = seen.groupby("customer_id").time.max() >= world.end - HALF_YEAR
    people = pd.DataFrame({"segment": spent.idxmax(axis=1), "year": year}).fillna({"year": 0.0})
    return people[recent].reset_index()
