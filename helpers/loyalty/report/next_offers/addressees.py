"""Who may be written to: the list of customers with their consent, channel and last messages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loyalty.report.next_offers.settings import GIVEN
from loyalty.report.output.parts import columns_of
from loyalty.report.plan.draft import read_people
from loyalty.tables.sources import AnyTable, collect, is_empty, open_table

OFTEN = 1e9  # messages: more than any cap, for those who were written to just now
UNREACHED = "no channel or address"


@dataclass(frozen=True, eq=False)
class Addressees:
    """The customers of the list.

    `people` is under CUSTOMERS, with a channel for each who has one; `cap` is the most messages, None without a rule;
    `unreached` are the ids of those without a channel or an address; `agreed` says whether consent is known at all.
    """

    people: pd.DataFrame
    cap: int | None
    unreached: frozenset[Any]
    agreed: bool


def find_missing(customers: AnyTable | None, values: Mapping[str, Any]) -> list[str]:
    """Say which columns the settings ask for and the list of customers lacks; nothing if it has them."""
    known = set() if customers is None else set(columns_of(customers))
    needs = {"pause_days": "last_contact", "most_contacts": "contacts"}
    problems = [
        f"`{setting}` needs the column `{column}` in customers"
        for setting, column in needs.items()
        if values[setting] is not None and column not in known
    ]
    if values["consent"] == GIVEN and "consent" in known:
        problems.append("`consent` is set to given, and customers have a column `consent`: leave the setting out")
    return problems


def read_addressees(receipts: AnyTable, customers: AnyTable | None, values: Mapping[str, Any]) -> Addressees:
    """Read who may be written to; without a list all customers of the receipts, of whom no consent is known."""
    if customers is None:
        customers = _list_buyers(receipts)
    people = read_people(customers, dict(values) | {"strata": None})
    agreed = "consent" in people or values["consent"] == GIVEN
    if "consent" not in people:
        people["consent"] = agreed
    reached = people["channel"].notna()
    if "address" in people:
        reached &= people["address"]
    people["contacts"], cap = _count_contacts(people, values)
    return Addressees(people, cap, frozenset(people.loc[~reached, "customer_id"]), agreed)


def _list_buyers(receipts: AnyTable) -> pd.DataFrame:
    """The customers of the receipts, one row each, sorted."""
    lines = open_table(receipts)
    kind = lines.collect_schema()["customer_id"]
    buyers = collect(lines.filter(~is_empty("customer_id", kind)).select("customer_id").unique())
    return buyers.sort_values("customer_id", ignore_index=True)


def _count_contacts(people: pd.DataFrame, values: Mapping[str, Any]) -> tuple[pd.Series, int | None]:
    """How many messages each has had, and the cap; whoever was written to within the pause has had too many."""
    most, pause = values["most_contacts"], values["pause_days"]
    counts = pd.Series(0.0, people.index)
    if most is not None:
        counts = pd.to_numeric(people["contacts"]).astype("float64")
    if pause is not None:
        latest = pd.Timestamp(values["start"]) - pd.Timedelta(days=pause)
        counts = counts.mask(pd.to_datetime(people["last_contact"]) > latest, OFTEN)
    return counts, (most or 1) if most is not None or pause is not None else None
