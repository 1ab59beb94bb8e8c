"""The chain of lesson 13: cards, accounts of the online shop and app users, their receipts, and who they are."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import pandas as pd

from loyalty.prepare.identity import RecordLinks, match_exact
from loyalty.world import World

CUSTOMERS = 5_000
SEED = 13
SOURCES = ("cards", "accounts", "app_users")
IDS = {"card_id": "cards", "account_id": "accounts"}


@dataclass(frozen=True, eq=False)
class Chain:
    """What the chain has on its disks, and, for the end, the truth.

    Attributes
    ----------
    cards, accounts, app_users : DataFrame
        One row a record, as it was typed.
    baskets : DataFrame
        One row a receipt: basket_id, time, sales, card_id, account_id; one of the two ids, or none.
    sessions : DataFrame
        Visits of the online shop, with the department (`intent`) that was looked at most.
    departments : DataFrame
        basket_id, department, sales.
    truth : DataFrame
        source, record_id, customer_id: who each record is.
    buyers : DataFrame
        basket_id, customer_id: who bought.
    cookies : DataFrame
        cookie_id, customer_id: who looked.
    """

    cards: pd.DataFrame = field(repr=False)
    accounts: pd.DataFrame = field(repr=False)
    app_users: pd.DataFrame = field(repr=False)
    baskets: pd.DataFrame = field(repr=False)
    sessions: pd.DataFrame = field(repr=False)
    departments: pd.DataFrame = field(repr=False)
    truth: pd.DataFrame = field(repr=False)
    buyers: pd.DataFrame = field(repr=False)
    cookies: pd.DataFrame = field(repr=False)

    @property
    def sources(self) -> dict[str, pd.DataFrame]:
        """The three sources by name."""
        return {name: getattr(self, name) for name in SOURCES}


@cache
def visit_chain() -> Chain:
    """Make the chain of the lesson: 5,000 customers, two years."""
    world = World(customers=CUSTOMERS, months=24, seed=SEED)
    known = world.make_identities()
    lines = world.receipts.merge(world.products[["product_id", "department"]], on="product_id")
    receipts = lines.groupby("basket_id").agg(
        time=("time", "min"), sales=("sales", "sum"), customer_id=("customer_id", "first")
    )
    receipts = receipts.reset_index()
    baskets = receipts.drop(columns="customer_id").merge(known.card_baskets, on="basket_id", how="left")
    departments = lines.groupby(["basket_id", "department"])["sales"].sum().reset_index()
    truth = known.truth[["source", "record_id", "customer_id"]]
    buyers = receipts[["basket_id", "customer_id"]]
    three = (known.cards, known.accounts, known.app_users)
    return Chain(*three, baskets, known.sessions, departments, truth, buyers, known.truth_cookies)


def keep_apart(records: pd.DataFrame) -> RecordLinks:
    """Every record a person of its own, as in a base where card = customer."""
    each = records.assign(own=records["source"] + "/" + records["record_id"])
    return match_exact(each, ["own"])


def tell_truth(records: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """The true links: source, record_id, person."""
    known = records[["source", "record_id"]].merge(truth, on=["source", "record_id"])
    return known.rename(columns={"customer_id": "person"})


def sum_people(baskets: pd.DataFrame) -> pd.DataFrame:
    """Frequency and monetary of each person: visits and sales of the two years."""
    known = baskets.dropna(subset="customer_id")
    return known.groupby("customer_id").agg(visits=("basket_id", "nunique"), sales=("sales", "sum"))
