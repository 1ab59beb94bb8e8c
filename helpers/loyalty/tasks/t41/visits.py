"""The segments of lesson and exercise 41: how lately and how often a customer has come."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.prepare.profile import build_profile
from loyalty.world import World

SILENT = "silent for half a year"


def segment_by_visits(world: World) -> pd.DataFrame:
    """Find the segment of each customer on the world's last day, from receipts alone.

    Parameters
    ----------
    world : World

    Returns
    -------
    DataFrame
        One row a customer: customer_id, segment ("lately" is a visit within 28 days; few up to 5 receipts, some up to
        15, many above; or `SILENT`).
    """
    profile = build_profile(world.receipts, world.end, customers=world.customers)
    number = pd.cut(profile["frequency"], [-1, 5, 15, np.inf], labels=["few", "some", "many"]).astype("str")
    name = np.where(profile["recency_days"] <= 28, "lately", "longer ago") + ", " + number
    return profile[["customer_id"]].assign(segment=name.where(profile["recency_days"] <= 182, SILENT))


def list_active(world: World) -> pd.DataFrame:
    """List the customers seen in the last half year, with their segment.

    Parameters
    ----------
    world : World
    """
    base = segment_by_visits(world)
    return base[base["segment"] != SILENT]
