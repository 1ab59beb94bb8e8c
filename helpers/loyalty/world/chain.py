"""The chain: stores, products with price and cost, planted communities, and the products of the timed successions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.world.draws import Purpose, normal, person
from loyalty.world.parameters import Parameters

SLOTS = 1024


@dataclass(frozen=True)
class Shelves:
    """Products as arrays (position = product_id - 1) and the shelves from which customers choose.

    A shelf is a community, or a department (for an offer's additional line). `slots[tier, shelf]` lists 1,024 product
    positions, each as often as it is popular; tier 1 prefers dearer products. `price_mean` and `cost_mean` are exact
    means over a shelf, `in_department` the mean price counting only one department.
    """

    names: np.ndarray
    category: np.ndarray
    department: np.ndarray
    community: np.ndarray
    price: np.ndarray
    cost: np.ndarray
    slots: np.ndarray
    needs: np.ndarray
    price_mean: np.ndarray
    cost_mean: np.ndarray
    in_department: np.ndarray

    def scopes(self, parameters: Parameters) -> np.ndarray:
        """Number of the department that each offer is for, or -1."""
        names = [d.name for d in parameters.chain.departments]
        return np.array([names.index(o.department) if o.department else -1 for o in parameters.offers])

    def shelves_of_offers(self, parameters: Parameters) -> np.ndarray:
        """Number of the shelf from which each offer's additional line comes, or -1 for the customer's own."""
        scope = self.scopes(parameters)
        return np.where(scope < 0, -1, len(parameters.chain.communities) + scope)


def stock_shelves(parameters: Parameters, seed: int) -> Shelves:
    """Stock the chain: about as many products in each category, some of them in another community than usual."""
    chain = parameters.chain
    categories = [(c, d, home) for d, dep in enumerate(chain.departments) for c, home in dep.categories]
    communities = [c.name for c in chain.communities]
    which = np.arange(chain.products) % len(categories)
    luck = [person(seed, Purpose.PRODUCT, np.arange(chain.products), step) for step in range(4)]
    department = np.array([d for _, d, _ in categories])[which]
    home = np.array([communities.index(h) for *_, h in categories])[which]
    community = np.where(luck[0] < chain.loyal_products, home, (luck[1] * len(communities)).astype(int))
    typical = np.array([d.price for d in chain.departments])[department]
    price = np.maximum(typical * np.exp(chain.price_spread * normal(luck[2])), 0.5)
    price = (price * 10).astype(np.int64) * 10 + 9
    margin = np.array([d.margin for d in chain.departments])[department] + chain.margin_spread * (luck[3] - 0.5)
    cost = np.rint(price * (1 - margin)).astype(np.int64)
    number = np.arange(chain.products) // len(categories) + 1
    names = np.array([f"{categories[c][0]} {n:02d}" for c, n in zip(which, number, strict=True)])
    first = {name: place for place, (name, _, _) in reversed(list(enumerate(categories)))}
    needs = np.array([[first[s.first], first[s.then]] for s in chain.successions], np.int64).reshape(-1, 2)
    members = [np.flatnonzero(community == c) for c in range(len(communities))]
    members += [np.flatnonzero(department == d) for d in range(len(chain.departments))]
    # X of a succession is bought only when its need arises: otherwise the planted probability would be diluted.
    members = [m[~np.isin(m, needs[:, 0])] for m in members]
    members = [m if len(m) else np.flatnonzero(~np.isin(np.arange(chain.products), needs[:, 0])) for m in members]
    slots = np.array([[_fill(m, price, chain.popularity, tilt) for m in members] for tilt in (-chain.tilt, chain.tilt)])
    scope = department[slots][..., None] == np.arange(len(chain.departments))
    return Shelves(
        names,
        np.array([c for c, _, _ in categories])[which],
        department,
        community,
        price,
        cost,
        slots,
        needs,
        price[slots].mean(axis=2),
        cost[slots].mean(axis=2),
        (price[slots][..., None] * scope).mean(axis=2),
    )


def _fill(members: np.ndarray, price: np.ndarray, steepness: float, tilt: float) -> np.ndarray:
    """Give each product its number of slots: popular ones more, and by tier the dearer or the cheaper ones more."""
    dearness = (np.argsort(np.argsort(price[members], kind="stable"), kind="stable") + 0.5) / len(members)
    weight = (np.arange(len(members)) + 1.0) ** -steepness * np.exp(tilt * (dearness - 0.5))
    edges = np.rint(np.cumsum(weight) / weight.sum() * SLOTS).astype(int)
    return np.repeat(members, np.diff(edges, prepend=0))


def list_products(shelves: Shelves, parameters: Parameters) -> pd.DataFrame:
    """Table of products under the contract."""
    departments = np.array([d.name for d in parameters.chain.departments])
    return pd.DataFrame(
        {
            "product_id": np.arange(len(shelves.price)) + 1,
            "name": shelves.names,
            "category": shelves.category,
            "department": departments[shelves.department],
            "price": shelves.price / 100,
            "unit_cost": shelves.cost / 100,
        }
    )
