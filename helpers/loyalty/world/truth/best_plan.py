"""The oracle: the exact best plan under a budget, from true expected effects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.world.fields import WorldError
from loyalty.world.parameters import Offer
from loyalty.world.truth.solver import choose_offers


@dataclass(frozen=True)
class BestPlan:
    """The best plan under a budget: who gets what, and what it brings and costs in expectation, in euros."""

    plan: pd.DataFrame
    segments: pd.DataFrame
    profit: float
    cost: float


def find_best_plan(
    segments: pd.DataFrame, offers: Sequence[Offer], effects: Mapping[str, pd.DataFrame], budget: float
) -> BestPlan:
    """Choose at most one offer a segment; `effects` holds each offer's effect by customer; see `Truth.best_plan`."""
    if not budget >= 0:
        raise WorldError([f"the budget should be 0 or more, found {budget!r}"], "the best plan")
    table = segments.rename(columns={"type": "segment"})[["customer_id", "segment"]]
    code, names = pd.factorize(table["segment"], sort=True)
    totals = []
    for offer in offers:
        found = effects[offer.name].reindex(table["customer_id"].to_numpy())
        spent = found["discount"] + found["reward_paid"] + found["points"] + offer.contact
        totals.append([np.bincount(code, v.fillna(0), len(names)) for v in (found["profit"], spent)])
    gain, cost = np.array(totals).transpose(1, 2, 0)
    choice, total = choose_offers(gain, cost, budget)
    chosen = np.array([*(offer.name for offer in offers), None], object)[choice]
    group = np.arange(len(names))
    rows = pd.DataFrame(
        {
            "segment": names,
            "offer_id": pd.array(chosen, dtype="str"),
            "customers": np.bincount(code, minlength=len(names)),
            "profit": np.where(choice < 0, 0, gain[group, choice]),
            "cost": np.where(choice < 0, 0, cost[group, choice]),
        }
    )
    plan = table.assign(offer_id=pd.array(chosen[code], dtype="str"))
    return BestPlan(plan, rows, total, float(rows["cost"].sum()))
