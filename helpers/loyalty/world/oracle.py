"""The oracle: the exact best plan under a budget, from true expected effects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from loyalty.world.fields import WorldError
from loyalty.world.solver import choose_offers

if TYPE_CHECKING:
    from loyalty.world.truth import Truth


@dataclass(frozen=True)
class BestPlan:
    """The best plan under a budget: who gets what, and what it brings and costs in expectation, in euros."""

    plan: pd.DataFrame
    segments: pd.DataFrame
    profit: float
    cost: float


def find_best_plan(truth: Truth, budget: float, segments: pd.DataFrame | None, days: int, post: int) -> BestPlan:
    """Choose at most one offer a segment; the rest is said at `Truth.best_plan`."""
    if not budget >= 0:
        raise WorldError([f"the budget should be 0 or more, found {budget!r}"], "the best plan")
    segments = truth.types if segments is None else segments
    table = segments.rename(columns={"type": "segment"})[["customer_id", "segment"]]
    code, names = pd.factorize(table["segment"], sort=True)
    totals = []
    for offer in truth.world.parameters.offers:
        found = _effects_of(truth, offer.name, days, post).reindex(table["customer_id"].to_numpy())
        spent = found["discount"] + found["reward_paid"] + found["points"] + offer.contact
        totals.append([np.bincount(code, v.fillna(0), len(names)) for v in (found["profit"], spent)])
    gain, cost = np.array(totals).transpose(1, 2, 0)
    choice, total = choose_offers(gain, cost, budget)
    offers = np.array([*(o.name for o in truth.world.parameters.offers), None], object)[choice]
    group = np.arange(len(names))
    rows = pd.DataFrame({
        "segment": names, "offer_id": pd.array(offers, dtype="str"),
        "customers": np.bincount(code, minlength=len(names)),
        "profit": np.where(choice < 0, 0, gain[group, choice]), "cost": np.where(choice < 0, 0, cost[group, choice]),
    })  # fmt: skip
    plan = table.assign(offer_id=pd.array(offers[code], dtype="str"))
    return BestPlan(plan, rows, total, float(rows["cost"].sum()))


def _effects_of(truth: Truth, offer: str, days: int, post: int) -> pd.DataFrame:
    known = ("everybody", offer, days, post)
    if known not in truth._memory:
        money = truth.world.parameters.money
        found = truth.effect(offer, days=days, post=post).set_index("customer_id")
        truth._memory[known] = found.assign(points=found["points_issued"] * money.redemption * money.point_cost)
    return truth._memory[known]
