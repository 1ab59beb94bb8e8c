"""The autumn mailing of exercise 33: its contacts and receipts, and what it truly changed."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from loyalty.datasets.shelf import Dataset
from loyalty.evaluate.design.assignment import assign_arms
from loyalty.world import World

LOADED = pd.Timestamp("2024-09-17")
SENT = pd.Timestamp("2024-10-01")


def load_autumn() -> Dataset:
    """Make the autumn mailing of a simulated chain: 20,000 customers, a gift by e-mail for three quarters of them.

    Not real data: seed 133 of `loyalty.world`, with e-mail addresses that die while their owners are silent.

    Returns
    -------
    Dataset
        - contacts: one row a customer, control included: arm ("gift", "control"), loaded_at (the list), sent_at (empty
          for control), delivered (empty for control), used_gift (1 if the gift was taken in the 28 days).
        - receipts: lines from 1 July to 25 November 2024, the 28 days after the campaign included.

    Examples
    --------
    >>> load_autumn().contacts["arm"].value_counts().to_dict()
    {'gift': 14858, 'control': 5142}
    """
    data = _run()[0]  # each caller gets tables of its own: who changes them changes no check
    return replace(data, tables={name: table.copy() for name, table in data.tables.items()})


def tell_autumn() -> pd.Series:
    """Tell what the autumn mailing truly changed in the 28 days, mean of all drawn; estimate first, then look.

    Returns
    -------
    Series
        responded (a fraction) and sales (euros) per customer drawn, dead addresses included.

    Examples
    --------
    >>> tell_autumn().index.tolist()
    ['responded', 'sales']
    """
    return _run()[1].copy()


@cache
def _run() -> tuple[Dataset, pd.Series]:
    """Run the mailing once and keep its tables, not the world, which is large."""
    world = World(customers=20_000, months=21, seed=133)
    shares = {"control": 0.25, "gift": 0.75}
    drawn = assign_arms(world.customers, shares, salt="autumn 2024", campaign_id="autumn", draw_version=1).contacts
    last = world.receipts.groupby("customer_id")["time"].max().reindex(drawn["customer_id"])
    silent = ((world.end - last).dt.days.fillna(999) > 180).to_numpy()
    works = np.random.default_rng(133).random(len(drawn)) > np.where(silent, 0.6, 0.03)
    wave, later = world.run(drawn.assign(offer_id=drawn["offer_id"].where(works)), campaign_id="autumn", days=28)
    used = wave.outcomes.query("window == 'main'").set_index("customer_id")["redeemed"]
    given = drawn["arm"] == "gift"
    contacts = drawn[["campaign_id", "wave", "customer_id", "arm", "offer_id", "propensity"]].assign(
        loaded_at=LOADED,
        sent_at=pd.Series(SENT + pd.Timedelta(hours=6), index=drawn.index).where(given),
        delivered=wave.contacts["delivered"].fillna(False).astype("boolean").where(given),
        used_gift=used.reindex(drawn["customer_id"]).to_numpy(),
    )
    lines = later.receipts[["customer_id", "time", "basket_id", "product_id", "sales", "margin"]]
    lines = lines[lines["time"] >= pd.Timestamp("2024-07-01")].reset_index(drop=True)
    tables = {"contacts": contacts, "receipts": lines}
    # Customers with a dead address got nothing, so nothing changed for them
    truth = world.truth.effect("gift", days=28, post=0, kind="realised")[["responded", "sales"]].mul(works, axis=0)
    return Dataset("The autumn mailing", "loyalty.world, seed 133", "as the project", tables), truth.mean()
