"""The points letter of exercise 35: a list drawn by recent spend, what each customer did, what the letter changed."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.datasets.shelf import Dataset
from loyalty.world import World

CHANCE = {"nothing": 0.05, "up to €60": 0.40, "more": 1.0}


def load_points_letter() -> Dataset:
    """Make the points letter of a simulated chain: 20,000 customers, invited by what they had just spent.

    Not real data: seed 135 of `loyalty.world`. Customers without any spend in the 28 days before the letter were
    invited with a chance of 5 %, those with up to €60 with 40 %, and those with more surely.

    Returns
    -------
    Dataset
        - customers: one row a customer. Known before the letter: group (what decided: nothing, up to €60, more),
          invited, and euros spent: last_28 (days 1 to 28 before it), quarter (days 29 to 112), witness (113 to 140).
          Known afterwards: sales (euros) and visits, both in the 28 days from the letter on.

    Examples
    --------
    >>> load_points_letter().customers["group"].value_counts().to_dict()
    {'nothing': 11332, 'up to €60': 6626, 'more': 2042}
    """
    return Dataset("The points letter", "loyalty.world, seed 135", "as the project", {"customers": _run()[0].copy()})


def tell_points_letter() -> pd.Series:
    """Tell what the points letter changed in the 28 days, in euros per invited customer of a group; estimate first.

    Returns
    -------
    Series
        The expected effect on sales of the invited, by group, and of those whom a chance decided together.

    Examples
    --------
    >>> tell_points_letter().index.tolist()
    ['nothing', 'up to €60', 'more', 'nothing and up to €60']
    """
    table, effect = _run()
    invited = table["invited"]
    truth = effect[invited].groupby(table["group"][invited]).mean()[list(CHANCE)]
    truth["nothing and up to €60"] = effect[invited & (table["group"] != "more")].mean()
    return truth.rename("euros")


@cache
def _run() -> tuple[pd.DataFrame, pd.Series]:
    """Send the letter once and keep its table and each customer's expected effect, not the world, which is large."""
    world = World(customers=20_000, months=24, seed=135)
    ids = world.customers["customer_id"]
    lines = world.receipts
    ago = (world.end - lines["time"].dt.normalize()).dt.days  # 1 is the last day before the letter

    def spent(first: int, last: int) -> pd.Series:
        mine = lines[(ago >= first) & (ago <= last)].groupby("customer_id")["sales"].sum()
        return ids.map(mine).fillna(0.0).round(2)

    last = spent(1, 28)
    group = pd.cut(last, [-1, 0, 60, np.inf], labels=list(CHANCE)).astype("str")
    invited = np.random.default_rng(135).random(len(ids)) < group.map(CHANCE)
    offer = np.full(len(ids), None, dtype=object)
    offer[invited.to_numpy()] = "bonus_points"
    wave, _ = world.run(pd.DataFrame({"customer_id": ids, "offer_id": offer}))
    after = wave.outcomes.query("window == 'main'").set_index("customer_id")
    table = pd.DataFrame(
        {
            "customer_id": ids,
            "group": group,
            "invited": invited,
            "last_28": last,
            "quarter": spent(29, 112),
            "witness": spent(113, 140),
            "sales": ids.map(after["sales"]),
            "visits": ids.map(after["orders"]),
        }
    )
    effect = world.truth.effect("bonus_points", post=0).set_index("customer_id")["sales"]
    return table, ids.map(effect)
