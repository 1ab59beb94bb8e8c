"""A campaign of a small world whose truth is known, as tables that an analyst would have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest

from loyalty.intake.loading import Loaded
from loyalty.tables.sources import open_table
from loyalty.world import World

SETTINGS = {"start": "2023-05-01", "end": "2023-05-29", "margin_rate": 0.3}


@dataclass(frozen=True)
class Campaign:
    """Receipts (one row each), the list with its groups, the offers, and the truth of both windows."""

    receipts: pd.DataFrame
    contacts: pd.DataFrame
    offers: pd.DataFrame
    truth: pd.DataFrame

    def load(self, **changes: Any) -> dict[str, Any]:
        """The tables as the intake hands them over; an argument replaces one, None leaves it out."""
        sources = {"receipts": self.receipts, "contacts": self.contacts} | changes
        return {
            name: Loaded(name, open_table(table), len(table), tuple(table.columns), {}, ())
            for name, table in sources.items()
            if table is not None
        }


@pytest.fixture(scope="session")
def campaign() -> Campaign:
    world = World(2_400, 4, seed=20260301)
    assert f"{world.end:%Y-%m-%d}" == SETTINGS["start"]
    customers = world.customers["customer_id"]
    is_treated = np.random.default_rng(1).random(len(customers)) < 0.75
    segment = np.where(customers % 3 == 0, "north", "south")
    plan = pd.DataFrame({
        "customer_id": customers, "offer_id": np.where(is_treated, "basket_discount", None),
        "propensity": np.where(is_treated, 0.75, 0.25), "segment": segment,
    })  # fmt: skip
    wave, later = world.run(plan)
    sums = {name: (name, "sum") for name in ("sales", "margin", "discount")}
    receipts = later.receipts.groupby(["basket_id", "customer_id"], as_index=False).agg(time=("time", "min"), **sums)
    contacts = wave.contacts[["campaign_id", "wave", "customer_id", "arm", "segment", "offer_id"]].copy()
    return Campaign(
        receipts.round({name: 2 for name in sums}),
        contacts,
        world.offers,
        later.truth.lift(wave).loc["basket_discount"],
    )
