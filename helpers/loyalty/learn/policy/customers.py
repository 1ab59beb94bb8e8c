"""The customers of a programme as the chain sees them before the first wave: main department, and profile."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.tables.arguments import check_arguments
from loyalty.world import World

SHELVES = {
    "Baby": "baby",
    "Mother": "baby",
    "Face": "beauty",
    "Make-up": "beauty",
    "Chronic care": "chronic care",
    "Support": "chronic care",
    "Medicines": "medicines",
    "Household": "household",
    "Hair and body": "household",
    "Food and gifts": "household",
    "Vitamins": "vitamins and sun",
    "Sun and travel": "vitamins and sun",
}
SILENT_DAYS = 182


@check_arguments
def describe_customers(world: World) -> pd.DataFrame:
    """Describe the customers seen in the last half year, from the receipts of the last year alone.

    Not for customers who come later: a programme keeps the customers that it began with.

    Parameters
    ----------
    world : World

    Returns
    -------
    pandas.DataFrame
        One row a customer: customer_id; segment, the group of departments with most sales; recency_days; and the
        profile: `usual` (mean euros in 28 days), `visits` (logarithm of 1 + receipts), `spend` (logarithm of 1 +
        `usual`), and the share of sales of each group (`share of …`).

    Examples
    --------
    >>> people = describe_customers(World(customers=300, months=12, seed=7))
    >>> people["segment"].value_counts().idxmax()
    'vitamins and sun'
    """
    lines = world.receipts[["customer_id", "basket_id", "time", "product_id", "sales"]]
    lines = lines[lines["time"] >= world.end - pd.Timedelta(days=365)]
    department = world.products.set_index("product_id")["department"].astype("str")
    group = department.map(SHELVES).fillna(department)  # in another chain: the department itself
    shelf = lines["product_id"].map(group)
    sales = lines["sales"].groupby([lines["customer_id"], shelf]).sum().unstack(fill_value=0.0)
    by = lines.groupby("customer_id")
    recency = (world.end - by["time"].max().dt.normalize()).dt.days
    table = pd.DataFrame(
        {
            "segment": sales.idxmax(axis=1).astype("str"),
            "recency_days": recency,
            "usual": sales.sum(axis=1) / 13,
            "visits": np.log1p(by["basket_id"].nunique()),
            "spend": np.log1p(sales.sum(axis=1) / 13),
        }
    )
    shares = sales.div(sales.sum(axis=1), axis=0).add_prefix("share of ")
    table = table.join(shares).rename_axis("customer_id").reset_index()
    table.columns.name = None
    return table[table["recency_days"] <= SILENT_DAYS].reset_index(drop=True)
