"""What each customer of a wave left behind in money: contacts and outcomes read, checked and priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.evaluate.lift.outcomes import apply_margin_rate
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Table
from loyalty.tables.contracts import CONTACTS, OFFERS, OUTCOMES
from loyalty.tables.problems import gather
from loyalty.tables.sources import collect

COSTS = ("contact_cost", "reward_cost", "point_cost", "redemption_probability")
MEASURES = OUTCOMES.columns[6:]
ABOUT = ("customer_id", "arm", "offer_id", "control_kind", "propensity")
WHO = [replace(column, optional=column.name != "arm") for column in CONTACTS.columns if column.name in ABOUT]
JOINED = Table("contacts", "a customer with what he did", ("customer_id",), (*WHO, *MEASURES))


@dataclass(frozen=True)
class Arms:
    """Contacts of one wave and, for each window, their outcomes in the same order; made by `read_arms`."""

    people: pd.DataFrame
    windows: Mapping[str, pd.DataFrame]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Priced:
    """One arm against control, in money; made by `price_arm`.

    `treated` marks rows, `weight` is 1 / propensity where that differs within an arm, else empty; `parts` has a frame
    for each window, one row a customer: sales, margin, discount, rewards, points, bought (0 or 1); `contact` is what a
    contact costs with each.
    """

    treated: np.ndarray
    weight: np.ndarray | None
    parts: Mapping[str, pd.DataFrame]
    contact: np.ndarray
    warnings: tuple[str, ...]


def read_arms(contacts: Any, outcomes: Any, windows: Sequence[str], control: str) -> Arms:
    """Read one wave and check that everybody has an outcome; the universal control is left out.

    Not for several waves at once: a customer in two of them is not two customers.

    Raises
    ------
    TableError
        With all problems of both tables.
    """
    problems: list[str] = []
    opened = gather(problems, check_table, contacts, JOINED if outcomes is None else CONTACTS)
    table = opened if outcomes is None else gather(problems, check_table, outcomes, OUTCOMES)
    if problems:
        raise TableError(problems, "the campaign's money")
    names = [n for n in opened[0].collect_schema().names() if n in ("campaign_id", "wave", *ABOUT)]
    measured = [c.name for c in MEASURES if c.name in table[0].collect_schema()]
    values = [nw.col(n).cast(nw.Float64) for n in measured]
    people, notes = collect(opened[0].select(*names, *(values if outcomes is None else []))), []
    if "customer_id" in people:
        people = people.sort_values("customer_id", ignore_index=True)
    if "control_kind" in people:
        universal = (people["arm"] == control) & (people["control_kind"] == "universal")
        notes += [f"{universal.sum():,} of the universal control are left out"] if universal.any() else []
        people = people[~universal].reset_index(drop=True)
    if outcomes is None:
        return Arms(people, {"all": people[measured]}, tuple(notes))
    wave = people[["campaign_id", "wave"]].drop_duplicates()
    if len(wave) > 1:
        mend = "choose one, for example contacts[contacts.wave == 1]"
        raise TableError([f"contacts hold {len(wave)} waves of campaigns: {mend}"], "the campaign's money")
    here = (nw.col(n).cast(nw.String) == str(value) for n, value in wave.squeeze().items())
    found = collect(table[0].filter(*here).select("customer_id", "window", *values))
    tables = _match(people, found, windows, problems)
    if problems:
        raise TableError(problems, "the campaign's money")
    return Arms(people, tables, tuple(notes))


def _match(
    people: pd.DataFrame, found: pd.DataFrame, windows: Sequence[str], problems: list[str]
) -> dict[str, pd.DataFrame]:
    tables = {}
    for window in windows:
        mine = found[found["window"] == window].drop(columns="window").set_index("customer_id")
        if mine.empty and window == "post" and len(windows) > 1:
            continue
        gone = people["customer_id"][~people["customer_id"].isin(mine.index)]
        if mine.empty:
            have = ", ".join(map(repr, sorted(found["window"].unique()))) or "no row of this wave"
            problems.append(f"outcomes have no window {window!r}, found {have}")
        elif len(gone):
            some = f"{len(gone):,} of {len(people):,} contacts (customer_id {', '.join(map(str, gone[:3]))})"
            mend = "who bought nothing needs a row of zeros; build_outcomes writes it"
            if (gone.dtype.kind in "iu") != (mine.index.dtype.kind in "iu"):
                mend = "`customer_id` is a whole number in one table and text in the other"
            problems.append(f"outcomes are missing in window {window!r} for {some}: {mend}")
        tables[window] = mine.reindex(people["customer_id"]).reset_index(drop=True)
    return tables


def choose_arm(arms: pd.Series, control: str, arm: str | None) -> str:
    """Find the one treated arm; TableError with all that is wrong with the arms."""
    counts, problems = arms.value_counts(), []
    treated = sorted(set(counts.index) - {control})
    there = ", ".join(map(repr, treated[:6])) or "none"
    if control not in counts:
        problems.append(f"there is no control: no row has arm {control!r}, found {there}; name it with control='…'")
    if not treated:
        problems.append("there is no treated arm: nobody was treated")
    elif arm is not None and arm not in treated:
        problems.append(f"there is no treated arm {arm!r}, found {there}")
    elif arm is None and len(treated) > 1:
        mend = f"choose one with arm={treated[0]!r}, or see all with compare_money"
        problems.append(f"there are {len(treated)} treated arms, {there}: {mend}")
    few = [name for name in (arm or (treated or [""])[0], control) if counts.get(name) == 1]
    problems += [f"arm {name!r} has 1 customer: an interval needs two" for name in few]
    if problems:
        raise TableError(problems, "the campaign's money")
    return arm or treated[0]


def price_arm(
    arms: Arms, arm: str, control: str, offers: Any, given: Mapping[str, float | None], margin_rate: float | None,
    vat_rate: float,
) -> Priced:  # fmt: skip
    """Turn the outcomes of one arm and of control into money, window by window.

    Rewards: `reward_cost` x redeemed if it is given, else `reward_paid`, else the cost in `offers` x redeemed. Points:
    points issued x probability x cost. What is unknown counts as 0 and is named in `warnings`; points redeemed are no
    cost again, they were provided for when issued.

    Raises
    ------
    TableError
        If margin cannot be had, or offers and contacts do not fit.
    """
    keep = arms.people["arm"].isin([arm, control]).to_numpy()
    people, tables = arms.people[keep], {name: table[keep] for name, table in arms.windows.items()}
    treated, has = (people["arm"] == arm).to_numpy(), set(next(iter(tables.values())))
    problems: list[str] = []
    costs = dict(given) if offers is None else _read_offers(people, treated, offers, given, problems)
    if given["reward_cost"] and "redeemed" not in has:
        problems.append("reward_cost is given, but the outcomes have no column `redeemed` to multiply it with")
    if "margin" not in has and (margin_rate is None or "sales" not in has):
        need = "margin_rate, for example 0.30" if "sales" in has else "`sales` and margin_rate"
        problems.append(f"the outcomes have no column `margin`: add it, or give {need}")
    chance = people.get("propensity", pd.Series(np.nan, people.index))
    if chance.notna().any() and not (chance > 0).all():
        problems.append("`propensity` is empty or 0 for some customers: fill it for all, or leave it out")
    if problems:
        raise TableError(problems, "the campaign's money")
    whole = pd.concat(tables, names=["window"])
    paid = "reward_paid" in has and given["reward_cost"] is None
    notes = _say_what_is_assumed(whole, has, costs, given, paid, margin_rate, vat_rate)
    weight = None
    if chance.groupby(treated).nunique().max() > 1:
        weight = 1 / chance.to_numpy()
        notes.append("the chance of the arm differs between customers: each weighs 1 / propensity")
    known = costs | {n: float(n == COSTS[3]) for n in COSTS if costs[n] is None}  # an unknown probability is 1
    each = {n: np.tile(np.broadcast_to(known[n], len(people)), len(tables)) for n in COSTS}
    if "margin" not in has:
        whole["margin"] = apply_margin_rate(whole, margin_rate, np.tile(~treated, len(tables)), vat_rate)
    zero = pd.Series(0.0, whole.index)
    bought = whole["orders" if "orders" in has else "sales" if "sales" in has else "margin"] > 0
    priced = pd.DataFrame({
        "sales": whole.get("sales", zero * np.nan), "margin": whole["margin"],
        "discount": whole.get("discount", zero) / (1 + vat_rate), "bought": bought.astype(float),
        "rewards": whole["reward_paid"] if paid else whole.get("redeemed", zero) * each["reward_cost"],
        "points": whole.get("points_issued", zero) * each["point_cost"] * each["redemption_probability"],
    })  # fmt: skip
    parts = {name: priced.loc[name].reset_index(drop=True) for name in tables}
    return Priced(treated, weight, parts, each["contact_cost"][: len(people)], (*arms.warnings, *notes))


def _say_what_is_assumed(
    whole: pd.DataFrame, has: set[str], costs: Mapping[str, Any], given: Mapping[str, float | None], paid: bool,
    margin_rate: float | None, vat_rate: float,
) -> list[str]:  # fmt: skip
    notes: list[str] = []
    if "margin" not in has:
        notes.append(f"margin is one rate for all goods, {margin_rate:g} of ordinary sales")
        if "discount" not in has:
            notes.append("no column `discount`: if prices were cut, the rate counts only a part of it as a cost")
    elif margin_rate is not None or vat_rate:
        notes.append("margin comes from its column and is taken as net of tax: margin_rate and vat_rate leave it alone")
    issued = bool(whole["points_issued"].any()) if "points_issued" in has else None
    no_rewards = costs["reward_cost"] is None or ("redeemed" not in has and given["reward_cost"] is None)
    no_points = costs["point_cost"] is None or (issued is None and given["point_cost"] is None)
    unknown = {
        "contact cost": costs["contact_cost"] is None,
        "rewards": not paid and no_rewards,
        "points": issued is not False and no_points,
    }
    if any(unknown.values()):
        notes.append(f"not known and counted as 0: {', '.join(name for name, gone in unknown.items() if gone)}")
    if not paid and not no_rewards and np.any(costs["reward_cost"]) and not whole["redeemed"].any():
        notes.append("rewards have a cost and nobody redeemed one: are redemptions recorded at all?")
    if issued and costs["point_cost"] is not None and costs["redemption_probability"] is None:
        notes.append("points at face value: without redemption_probability all of them count as spent")
    return notes


def _read_offers(
    people: pd.DataFrame, treated: np.ndarray, offers: Any, given: Mapping[str, float | None], problems: list[str]
) -> dict[str, Any]:
    """Cost of each customer's offer: what is given, else what `offers` say, else None; control gets the arm's mean."""
    opened = gather(problems, check_table, offers, OFFERS)
    table = collect(opened[0]).set_index("offer_id") if opened else pd.DataFrame()
    if opened and "offer_id" not in people and len(table) != 1:
        problems.append("contacts have no column `offer_id`, and there are several offers: add it, or give one offer")
    if problems:
        return dict(given)
    own = people["offer_id"] if "offer_id" in people else pd.Series(table.index[0], people.index)
    lost = own[treated][~own[treated].isin(table.index)]
    if len(lost):
        some = ", ".join(repr(name) for name in lost.drop_duplicates()[:3])
        problems.append(f"offers do not hold {some}, the offer of {len(lost):,} treated customers: add its row")
    costs: dict[str, Any] = dict(given)
    for name in COSTS:
        if given[name] is None and name in table and table[name].reindex(own[treated].unique()).notna().all():
            each = own.map(table[name].astype("float64"))
            costs[name] = each.where(treated, each[treated].mean()).to_numpy()
    return costs
