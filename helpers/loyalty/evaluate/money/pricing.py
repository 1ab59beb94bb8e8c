"""What each customer of a wave left behind in money: contacts and outcomes read, checked and priced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.outcomes import apply_margin_rate
from loyalty.evaluate.lift.strata import Strata, count_strata, plan_strata
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import OFFERS, OUTCOMES
from loyalty.tables.ids import write_id
from loyalty.tables.problems import gather
from loyalty.tables.sources import AnyTable, collect
from loyalty.tables.wave.assigned import Assigned, open_assigned
from loyalty.tables.wave.together import find_wrong_clusters

COSTS = ("contact_cost", "reward_cost", "point_cost", "redemption_probability")
UNKNOWN = "not known and counted as 0: "  # begins the warning that names the costs nobody gave
PRICED = ("orders", "sales", "margin", "redeemed", "discount", "reward_paid", "points_issued")
MEASURES = tuple(column for column in OUTCOMES.columns if column.name in PRICED)


@dataclass(frozen=True)
class Arms:
    """A wave in memory: its customers and, for each window, their outcomes in the same order; made by `read_arms`.

    `people` holds arm, weight (1 / propensity), stratum, customer_id and offer_id if known, and what else was asked
    for.
    """

    wave: Assigned
    people: pd.DataFrame
    windows: Mapping[str, pd.DataFrame]


@dataclass(frozen=True)
class Priced:
    """One arm against control, in money; made by `price_arm`.

    `treated` marks rows, `weight` says what each customer counts where that differs within an arm (1 / propensity, or
    by the share of the stratum), else empty; `parts` has a frame for each window, one row a customer: sales, margin,
    discount, rewards, points, bought (0 or 1); `contact` is what a contact costs with each. `strata` say how the strata
    are compared where their chances differ, `stratum` is each customer's; `cluster` says who was drawn together, if
    customers were.
    """

    treated: np.ndarray
    weight: np.ndarray | None
    parts: Mapping[str, pd.DataFrame]
    contact: np.ndarray
    warnings: tuple[str, ...]
    strata: Strata | None = None
    stratum: np.ndarray | None = None
    cluster: pd.Series | None = None


def read_arms(
    contacts: AnyTable,
    outcomes: AnyTable,
    windows: Sequence[str],
    control: str,
    about: Sequence[str] = (),
    by: str | None = None,
) -> Arms:
    """Read one wave with what has a price; a window after the campaign may be missing, if it is not the only one.

    Not for several waves at once: a customer in two of them is not two customers.

    Parameters
    ----------
    contacts, outcomes, control
        As in `loyalty.tables.wave.open_assigned`.
    windows : sequence of str
    about : sequence of str
        Further columns of the contacts.
    by : str, optional
        Column of the contacts that names the segment; `people` then have the column `segment`.

    Returns
    -------
    Arms

    Raises
    ------
    TableError
        With all problems of both tables.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 2, "margin": [2.0, 1.0, 3.0, 0.0]})
    >>> read_arms(table, None, ["main"], "control").windows["all"]["margin"].tolist()
    [2.0, 1.0, 3.0, 0.0]
    """
    may_lack = ("post",) if len(windows) > 1 else ()
    about = (*about, "offer_id")
    options: dict[str, Any] = {"control": control, "window": windows, "may_lack": may_lack}
    wave = open_assigned(contacts, outcomes, MEASURES, about=about, by=by, **options)
    numbers = {column.name: wave.name_columns(column.name) for column in MEASURES}
    numbers = {name: columns for name, columns in numbers.items() if columns}
    names = wave.table.collect_schema().names()
    known = [name for name in dict.fromkeys(("customer_id", "stratum", *about)) if name in names]
    rows = wave.fetch(["weight", *known, *(column for columns in numbers.values() for column in columns)])
    if "customer_id" in known:
        rows = rows.sort_values("customer_id", ignore_index=True)
    segment = ["segment"] if by is not None and "segment" not in known else []
    people = rows[["arm", "weight", *segment, *known]]
    tables = {}
    for place, window in enumerate(wave.windows or ("all",)):
        columns = {columns[place]: name for name, columns in numbers.items()}
        tables[window] = rows[list(columns)].rename(columns=columns)
    return Arms(wave, people, tables)


def choose_arm(arms: Sequence[str], arm: str | None) -> str:
    """Find the one treated arm among these; TableError if there are several, or it is not there.

    Examples
    --------
    >>> choose_arm(["mail"], None)
    'mail'
    """
    treated = sorted(arms)
    there = ", ".join(map(repr, treated[:6]))
    if arm is not None and arm not in treated:
        raise TableError([f"there is no treated arm {arm!r}, found {there}"], "contacts")
    if arm is None and len(treated) > 1:
        mend = f"choose one with arm={treated[0]!r}, or see all with compare_money"
        raise TableError([f"there are {len(treated)} treated arms, {there}: {mend}"], "contacts")
    return arm or treated[0]


def price_arm(
    arms: Arms,
    arm: str,
    offers: AnyTable,
    given: Mapping[str, float | None],
    margin_rate: float | None,
    vat_rate: float,
    cluster: str | None = None,
) -> Priced:
    """Turn the outcomes of one arm and of control into money, window by window.

    Rewards: `reward_cost` x redeemed if it is given, else `reward_paid`, else the cost in `offers` x redeemed. Points:
    points issued x probability x cost. What is unknown counts as 0 and is named in `warnings`; points redeemed are no
    cost again, they were provided for when issued.

    Raises
    ------
    TableError
        If margin cannot be had, offers and contacts do not fit, no stratum holds both groups, or `cluster` is no column
        that says who was drawn together.
    """
    keep = arms.people["arm"].isin([arm, arms.wave.control]).to_numpy()
    people = arms.people[keep]
    tables = {name: table[keep] for name, table in arms.windows.items()}
    treated = (people["arm"] == arm).to_numpy()
    counted = price_customers(people, treated, tables, offers, given, margin_rate, vat_rate)
    notes = list(counted.warnings)
    strata = _plan_strata(arms, arm)
    weight = None
    if strata is not None:
        weight = _weigh_strata(people["stratum"], treated, strata)
        notes.append("the chance of the arm differs between strata: each counts by its share of all customers")
    elif people["weight"].groupby(treated).nunique().max() > 1:
        weight = people["weight"].to_numpy()
        notes.append("the chance of the arm differs between customers: each weighs 1 / propensity")
    return Priced(
        treated,
        weight,
        counted.parts,
        counted.contact,
        (*arms.wave.warnings, *notes),
        strata,
        None if strata is None else people["stratum"].to_numpy(),
        None if cluster is None else read_cluster(people, cluster, weight),
    )


@dataclass(frozen=True)
class Counted:
    """What customers left behind in money; made by `price_customers`, with the fields of `Priced`."""

    parts: Mapping[str, pd.DataFrame]
    contact: np.ndarray
    warnings: tuple[str, ...]

    @property
    def profit(self) -> np.ndarray:
        """Of each customer in all windows: margin less rewards and points, before the contact."""
        each = [part["margin"] - part["rewards"] - part["points"] for part in self.parts.values()]
        return np.sum(each, axis=0)


def price_customers(
    people: pd.DataFrame,
    treated: np.ndarray,
    tables: Mapping[str, pd.DataFrame],
    offers: AnyTable,
    given: Mapping[str, float | None],
    margin_rate: float | None = None,
    vat_rate: float = 0.0,
) -> Counted:
    """Turn the outcomes of customers into money, window by window, by the rules of `price_arm`.

    Not for columns that nobody has checked: an empty measure makes an empty profit.

    Parameters
    ----------
    people : pandas.DataFrame
        One row a customer; offer_id, where it is known.
    treated : array of bool
        Who has an offer. The others' rewards and points cost what those of the treated cost on average.
    tables : mapping of str to pandas.DataFrame
        The measures of each window, in the order of `people`.
    offers : table under OFFERS, or None
    given : mapping of str to float or None
        Each of `COSTS`; what is not given is read from `offers`.
    margin_rate, vat_rate : float
        As in `campaign_money`.

    Returns
    -------
    Counted

    Raises
    ------
    TableError
        If margin cannot be had, or offers and customers do not fit.

    Examples
    --------
    >>> rows = pd.DataFrame({"margin": [5.0, 2.0], "redeemed": [1, 0]})
    >>> costs = dict.fromkeys(COSTS) | {"reward_cost": 1.5, "contact_cost": 0.2, "point_cost": 0.0}
    >>> found = price_customers(rows[[]], np.array([True, False]), {"main": rows}, None, costs)
    >>> found.profit.tolist(), found.contact.tolist(), found.warnings
    ([3.5, 2.0], [0.2, 0.2], ())
    """
    has = set(next(iter(tables.values())))
    problems: list[str] = []
    costs = dict(given) if offers is None else _read_offers(people, treated, offers, given, problems)
    problems += _find_what_lacks(has, given, margin_rate)
    if problems:
        raise TableError(problems, "the campaign's money")
    whole = pd.concat(tables, names=["window"])
    paid = "reward_paid" in has and given["reward_cost"] is None
    notes = _say_what_is_assumed(whole, has, costs, given, paid, margin_rate, vat_rate)
    known: dict[str, Any] = costs | {
        n: float(n == COSTS[3]) for n in COSTS if costs[n] is None
    }  # an unknown probability is 1
    each = {n: np.tile(np.broadcast_to(known[n], len(people)), len(tables)) for n in COSTS}
    if "margin" not in has and margin_rate is not None:
        whole["margin"] = apply_margin_rate(whole, margin_rate, np.tile(~treated, len(tables)), vat_rate)
    zero = pd.Series(0.0, whole.index)
    bought = whole["orders" if "orders" in has else "sales" if "sales" in has else "margin"] > 0
    rewards = whole["reward_paid"] if paid else whole.get("redeemed", zero) * each["reward_cost"]
    priced = pd.DataFrame(
        {
            "sales": whole.get("sales", zero * np.nan),
            "margin": whole["margin"],
            "discount": whole.get("discount", zero) / (1 + vat_rate),
            "bought": bought.astype(float),
            "rewards": rewards,
            "points": whole.get("points_issued", zero) * each["point_cost"] * each["redemption_probability"],
        }
    )
    parts = {name: priced.loc[name].reset_index(drop=True) for name in tables}
    return Counted(parts, each["contact_cost"][: len(people)], tuple(notes))


def read_cluster(people: pd.DataFrame, cluster: str, weight: np.ndarray | None) -> pd.Series:
    """Who was drawn together; TableError where the column does not say so, or chances differ besides."""
    if cluster not in people:
        raise TableError([f"there is no column `{cluster}`, which should say who was drawn together"], "contacts")
    sums = people.groupby(["arm", cluster], dropna=False).agg(
        customers=("weight", "size"), least=("weight", "min"), most=("weight", "max")
    )
    problems = find_wrong_clusters(sums.reset_index(), cluster)
    if weight is not None and not problems:
        problems.append("the chance of the arm differs, which a comparison of clusters cannot allow for yet")
    if problems:
        raise TableError(problems, "contacts")
    return people[cluster].map(write_id).rename(cluster).reset_index(drop=True)


def _plan_strata(arms: Arms, arm: str) -> Strata | None:
    """Plan the strata of an arm and control; None where they have no say. Raise where no comparison is left."""
    if "stratum" not in arms.people:
        return None
    counted = count_strata(arms.people, arm, arms.wave.control)
    plan = plan_strata(counted) if counted else None  # none where chances differ inside a stratum
    if plan is None:
        return None
    used = [stratum for stratum in counted if stratum.name in plan.weights]
    if min(sum(s.treated for s in used), sum(s.control for s in used)) < 2:
        says = f"no comparison of {arm}: strata with both groups hold fewer than two customers of one of them"
        raise TableError([says], "contacts")
    return plan


def _weigh_strata(stratum: pd.Series, treated: np.ndarray, strata: Strata) -> np.ndarray:
    """What each customer counts; those of strata that tell nothing count 0."""
    ours, theirs = (
        stratum.map({name: weights[side] for name, weights in strata.weights.items()}).fillna(0.0) for side in (0, 1)
    )
    return np.where(treated, ours, theirs)


def _find_what_lacks(has: set[str], given: Mapping[str, float | None], margin_rate: float | None) -> list[str]:
    problems = []
    if given["reward_cost"] and "redeemed" not in has:
        problems.append("reward_cost is given, but the outcomes have no column `redeemed` to multiply it with")
    if "margin" not in has and (margin_rate is None or "sales" not in has):
        need = "margin_rate, for example 0.30" if "sales" in has else "`sales` and margin_rate"
        problems.append(f"the outcomes have no column `margin`: add it, or give {need}")
    return problems


def _say_what_is_assumed(
    whole: pd.DataFrame,
    has: set[str],
    costs: Mapping[str, Any],
    given: Mapping[str, float | None],
    paid: bool,
    margin_rate: float | None,
    vat_rate: float,
) -> list[str]:
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
        notes.append(f"{UNKNOWN}{', '.join(name for name, gone in unknown.items() if gone)}")
    if not paid and not no_rewards and np.any(costs["reward_cost"]) and not whole["redeemed"].any():
        notes.append("rewards have a cost and nobody redeemed one: are redemptions recorded at all?")
    if issued and costs["point_cost"] is not None and costs["redemption_probability"] is None:
        notes.append("points at face value: without redemption_probability all of them count as spent")
    return notes


def _read_offers(
    people: pd.DataFrame, treated: np.ndarray, offers: AnyTable, given: Mapping[str, float | None], problems: list[str]
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
            usual = each[treated].mean() if treated.any() else table[name].mean()
            costs[name] = each.where(treated, usual).to_numpy()
    return costs
