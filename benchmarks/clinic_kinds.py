"""Campaigns for the clinic that lesson 36 does not know: sound ones of eight kinds, and eight further defects.

Sizes and seeds were fixed, and committed, before any of them was examined.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd

from loyalty.evaluate.clinic.findings import Claim
from loyalty.tasks.t36.cases import Case, make_case

DAY = pd.Timedelta(days=1)
ENOUGH = 1_000  # customers in control at the stated size; a campaign with fewer is passed over for the next seed
CHAIN, SMALL_CHAIN = 12_000, 4_000  # customers of the chain: about 10,000 and 3,500 on the list
START, END = pd.Timestamp("2024-03-04"), pd.Timestamp("2024-04-01")


@dataclass(frozen=True)
class Kind:
    """A further defect: its size, what the size means, the check that is to ring, and whether a table can show it."""

    size: float
    meaning: str
    check: str
    is_seen: bool = True


DRAW, RATIO, JOIN = "control chosen afterwards", "sample ratio", "broken join"
FURTHER = MappingProxyType(
    {
        "best moved": Kind(0.05, "part of control, those who had bought most, counted as treated", DRAW),
        "best dropped": Kind(0.05, "part of control, those who had bought most, taken off the list", DRAW),
        "control lost": Kind(0.12, "part of control lost at random", RATIO),
        "receipts doubled": Kind(0.05, "part of one group's receipts that are there twice (with receipts)", JOIN),
        "receipts zeroed": Kind(0.05, "part of one group's receipts that are set to 0 (with receipts)", JOIN),
        "tax in one group": Kind(0.20, "by which one group's sales are larger, since before the start", DRAW),
        "other weekday": Kind(3, "days by which control was measured earlier, the dates hide it (with receipts)", JOIN),
        "unsubscribed": Kind(0.04, "part of the treated, at random, taken off the list and the outcomes", RATIO, False),
    }
)
KINDS = (
    "unequal strata, no propensity",
    "3 of 2,000 rows lost at random",
    "push 75 % beside SMS 98 %",
    "three arms",
    "heavy tail, control 5 %",
    "3 % buy",
    "days that roll",
    "receipts with repeats and zeros",
)


@dataclass(frozen=True)
class Found:
    """A campaign to examine."""

    contacts: pd.DataFrame
    outcomes: pd.DataFrame
    plan: dict | pd.DataFrame
    claim: Claim
    receipts: pd.DataFrame | None = None


def make_kind(seed: int, kind: str, customers: int = 4_000) -> Found:
    """A sound campaign of a kind, by lot."""
    rng = np.random.default_rng([2026, seed])
    stratum = rng.choice(3, customers, p=[0.6, 0.3, 0.1])
    contacts, shares = _draw_groups(kind, stratum, rng)
    treated = (contacts["arm"] != "control").to_numpy()
    outcomes = _measure(kind, contacts, stratum, treated, rng)
    receipts = None
    if kind == KINDS[7]:
        receipts = write_receipts(outcomes, rng)
        odd = rng.random(len(receipts))
        extra = receipts[odd < 0.01]
        receipts = pd.concat([receipts, extra, receipts[odd > 0.99].assign(sales=0.0, time=START + DAY / 7)])
        outcomes = add_receipts(outcomes, extra, 1.0)
    if kind == KINDS[1]:
        lost = rng.choice(contacts["customer_id"], 3 * customers // 2_000, replace=False)
        outcomes = outcomes[~(outcomes["customer_id"].isin(lost) & (outcomes["window"] == "main"))]
    end = END + 6 * DAY if kind == "days that roll" else END
    plan = {"start": START, "end": end, "planned_start": START, "planned_end": end, "primary_metric": "sales"}
    plan["planned_shares"] = ", ".join(f"{name}={share:g}" for name, share in shares.items())
    return Found(contacts, outcomes, plan, Claim(), receipts)


def _draw_groups(kind: str, stratum: np.ndarray, rng: np.random.Generator) -> tuple[pd.DataFrame, dict[str, float]]:
    """The list with its groups and what of the messages arrived, and the planned shares."""
    customers = len(stratum)
    shares = {"control": 0.2, "mail": 0.8}
    if kind == "three arms":
        shares = {"control": 0.2, "mail": 0.3, "gift": 0.3, "call": 0.2}
    elif kind == "heavy tail, control 5 %":
        shares = {"control": 0.05, "mail": 0.95}
    arm = rng.choice(list(shares), customers, p=list(shares.values()))
    if kind == KINDS[0]:
        arm = np.where(rng.random(customers) < np.array([0.05, 0.2, 0.5])[stratum], "control", "mail")
        shares = {"control": 0.14, "mail": 0.86}
    treated = arm != "control"
    contacts = pd.DataFrame({"customer_id": 100_000 + rng.permutation(customers), "arm": arm})
    channel = rng.choice(["push", "sms"], customers) if kind == KINDS[2] else np.full(customers, "sms")
    arrives = rng.random(customers) < np.where(channel == "push", 0.75, 0.98)
    contacts["delivered"] = np.where(treated, arrives, None)
    contacts["channel"] = np.where(treated, channel, None)
    contacts["operator"] = rng.choice(["Ado", "Bel", "Cor"], customers)
    if kind == KINDS[0]:
        contacts["stratum"] = np.array(["bronze", "silver", "gold"])[stratum]
    return contacts, shares


def _measure(
    kind: str, contacts: pd.DataFrame, stratum: np.ndarray, treated: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """What each customer bought before and during the campaign, which makes a tenth more orders."""
    customers = len(contacts)
    taste = rng.gamma(0.7, 1, customers) * np.array([0.5, 1.5, 4.0])[stratum]
    if kind == "3 % buy":
        taste = taste * 0.03
    rolls = pd.to_timedelta(rng.integers(0, 7, customers) * (kind == "days that roll"), unit="D")
    spread = 2.0 if kind == "heavy tail, control 5 %" else 0.8
    rows = []
    for window, start, end in (("pre", START - 28 * DAY, START), ("main", START, END)):
        orders = rng.poisson(taste * np.where(treated & (window == "main"), 1.1, 1.0))
        sales = (orders * rng.lognormal(2.5, spread, customers)).round(2)
        keys = contacts[["customer_id"]].assign(window=window, start=start + rolls, end=end + rolls)
        rows.append(keys.assign(orders=orders, sales=sales))
    return pd.concat(rows, ignore_index=True)


def write_receipts(outcomes: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Receipts that add up to the outcomes: as many as there were orders, at random moments of the window."""
    rows = outcomes[outcomes["orders"] > 0]
    at = np.repeat(np.arange(len(rows)), rows["orders"])
    weight = rng.gamma(4, 1, len(at))
    part = weight / np.bincount(at, weights=weight)[at]
    length = (rows["end"] - rows["start"]).to_numpy()[at]
    time = rows["start"].to_numpy()[at] + (rng.random(len(at)) * length.astype("timedelta64[s]").astype(int)).astype(
        "timedelta64[s]"
    )
    return pd.DataFrame(
        {"customer_id": rows["customer_id"].to_numpy()[at], "time": time, "sales": rows["sales"].to_numpy()[at] * part}
    )


def add_receipts(outcomes: pd.DataFrame, receipts: pd.DataFrame, sign: float) -> pd.DataFrame:
    """Add the sales of receipts to the windows in which they lie, or take them off."""
    both = receipts.merge(outcomes[["customer_id", "window", "start", "end"]], on="customer_id")
    both = both[(both["time"] >= both["start"]) & (both["time"] < both["end"])]
    more = both.groupby(["customer_id", "window"])["sales"].sum().rename("more")
    joined = outcomes.merge(more, on=["customer_id", "window"], how="left")
    return outcomes.assign(sales=outcomes["sales"].to_numpy() + sign * joined["more"].fillna(0.0).to_numpy())


def make_further(seed: int, defect: str, customers: int = CHAIN) -> tuple[Found, Found]:
    """A campaign with a further defect, and the same campaign without it."""
    case = make_case(seed, customers=customers)
    while customers == CHAIN and (case.contacts["arm"] == "control").sum() < ENOUGH:
        seed += 100
        case = make_case(seed, customers=customers)
    rng = np.random.default_rng([36, seed])
    sound = Found(case.contacts, case.outcomes, case.plan, Claim("sales"))
    plan = case.plan.assign(primary_metric="sales")
    return _break(defect, FURTHER[defect].size, case, plan, rng), sound


def _break(defect: str, size: float, case: Case, plan: pd.DataFrame, rng: np.random.Generator) -> Found:
    contacts = case.contacts
    outcomes = case.outcomes
    control = contacts["arm"] == "control"
    before = outcomes[outcomes["window"] == "pre"].set_index("customer_id")["sales"]
    spend = contacts["customer_id"].map(before)
    best = spend[control].nlargest(round(size * control.sum())).index if size < 1 else None
    group = control if rng.random() < 0.5 else ~control
    ids = contacts.loc[group, "customer_id"]
    receipts = None
    if defect == "best moved":
        mail = contacts.loc[~control].iloc[0]
        kept = {name: mail[name] for name in ("arm", "offer_id", "channel", "sent_at", "control_kind", "propensity")}
        contacts = contacts.copy()
        for name, value in kept.items():
            contacts.loc[best, name] = value
        contacts.loc[best, "delivered"] = True
    elif defect == "best dropped":
        contacts = contacts.drop(index=best)
    elif defect == "control lost":
        contacts = contacts.drop(index=rng.choice(contacts.index[control], round(size * control.sum()), replace=False))
    elif defect == "unsubscribed":
        gone = rng.choice(contacts.index[~control], round(size * (~control).sum()), replace=False)
        contacts = contacts.drop(index=gone)
    elif defect == "tax in one group":
        hit = outcomes["customer_id"].isin(ids)
        outcomes = outcomes.assign(sales=outcomes["sales"] * np.where(hit, 1 + size, 1.0))
    else:
        receipts = write_receipts(outcomes, rng)
        mine = receipts["customer_id"].isin(ids) & (rng.random(len(receipts)) < size)
        if defect == "receipts doubled":
            outcomes = add_receipts(outcomes, receipts[mine], 1.0)
            receipts = pd.concat([receipts, receipts[mine]], ignore_index=True)
        elif defect == "receipts zeroed":
            outcomes = add_receipts(outcomes, receipts[mine], -1.0)
            receipts = receipts.assign(sales=receipts["sales"].where(~mine, 0.0))
        else:  # control's days lie earlier than the dates say
            late = (outcomes["window"] == "main") & outcomes["customer_id"].isin(contacts.loc[control, "customer_id"])
            moved = outcomes[late].assign(
                start=outcomes["start"] - size * DAY, end=outcomes["end"] - size * DAY, sales=0.0
            )
            outcomes = outcomes.assign(sales=outcomes["sales"].mask(late, add_receipts(moved, receipts, 1.0)["sales"]))
    outcomes = outcomes[outcomes["customer_id"].isin(contacts["customer_id"])]
    return Found(contacts.reset_index(drop=True), outcomes.reset_index(drop=True), plan, Claim("sales"), receipts)
