"""Truths that need a look along time: lifetime value and expected demand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from loyalty.world import draws
from loyalty.world.customers import NEVER, Population, expect_lines, liking, mean_lines, premium, trait
from loyalty.world.effects import expect_days
from loyalty.world.offers import Contacts
from loyalty.world.visits import Scene, find_needs, pieces, visit_chances


def lifetime_value(scene: Scene, start: int, days: int, waves: tuple[Contacts, ...]) -> pd.DataFrame:
    """Expected orders, sales and margin over the next days, leaving included in the expectation."""
    people = scene.people
    rows = np.flatnonzero(people.entry < start)
    forever = replace(scene, people=Population(**{**people.__dict__, "leave": np.full(len(people), NEVER)}))
    hazard = trait(scene.parameters, "leave", people.kind[0][rows])
    needs = find_needs(forever, rows, start, start + days)
    found = np.zeros((len(rows), 3))
    for piece in pieces(rows, days):
        there = (1 - hazard[piece, None]) ** (np.arange(days) / 28)
        values = expect_days(forever, rows[piece], start, start + days, waves, None, needs.within(piece))[:3]
        found[piece] = np.stack([(v * there).sum(axis=1) for v in values], axis=1)
    found *= (people.leave[rows] > start)[:, None]
    return pd.DataFrame({"customer_id": rows + 1, "orders": found[:, 0], "sales": found[:, 1], "margin": found[:, 2]})


def expected_demand(scene: Scene, start: int, end: int, waves: tuple[Contacts, ...], by: str) -> pd.DataFrame:
    """Expected pieces a day: who comes, how many lines, from which community, which product of it."""
    rule = scene.parameters
    shelves = scene.shelves
    people = scene.people
    rows = np.flatnonzero(people.entry < end)
    days = np.arange(start, end)
    count = len(rule.chain.communities)
    demand = np.zeros((2, count, len(days)))
    season = scene.calendar.shelf_seasons(days)
    needs = find_needs(scene, rows, start, end)
    for piece in pieces(rows, len(days)):
        some = rows[piece]
        chance = visit_chances(scene, rows[piece], start, end, waves, needs.within(piece))
        for a, b in people.regimes(start, end):
            part = slice(a - start, b - start)
            kind = people.types_on(some, a)
            taste = liking(rule)[kind] * people.taste_factor[some]
            each = expect_lines(mean_lines(people, some, kind, rule), rule) * draws.mean_geometric(
                trait(rule, "pieces", kind), rule.people.most_pieces
            )
            dear = premium(people, some, kind, rule)
            flow = chance[:, part] * each[:, None] / np.einsum("ic,cd->id", taste, season[:, part])
            for tier, share in enumerate((1 - dear, dear)):
                demand[tier][:, part] += np.einsum("ic,id->cd", taste * share[:, None], flow) * season[:, part]
    products = np.zeros((len(days), len(shelves.price)))
    for tier in range(2):
        for shelf in range(count):
            share = np.bincount(shelves.slots[tier, shelf], minlength=len(shelves.price)) / shelves.slots.shape[2]
            products += np.outer(demand[tier, shelf], share)
    np.add.at(products, (needs.day - start, needs.product), 1.0)
    table = pd.DataFrame(
        products, index=pd.Index(scene.calendar.dates(days), name="date"), columns=np.arange(len(shelves.price)) + 1
    )
    if by == "product_id":
        return table
    names = (
        shelves.category if by == "category" else np.array([d.name for d in rule.chain.departments])[shelves.department]
    )
    return table.T.groupby(names).sum().T
