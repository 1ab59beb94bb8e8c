"""Works out a campaign before it is sent: who may take part, what it must bring, and what its test can detect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.assignment import Assignment, assign_arms
from loyalty.evaluate.design.eligibility import Eligibility, Rule
from loyalty.evaluate.design.holdout import hold_out
from loyalty.evaluate.design.power import Power, find_detectable, find_size, find_smallest
from loyalty.evaluate.money.break_even import plan_economics
from loyalty.report.output.privacy import refuse_names
from loyalty.report.run.settings import split_arms
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CUSTOMERS, OFFERS
from loyalty.tables.personal import looks_personal, name_personal
from loyalty.tables.sources import AnyTable, collect

VERDICTS = ("send", "enlarge", "no costs", "loses", "cannot pay")  # from the best to the worst
UNIVERSAL = ("universal_share", "universal_salt", "universal_start", "universal_end")


@dataclass(frozen=True, eq=False)
class ArmPlan:
    """One arm before it is sent: its economics, the power of its test, and what is expected of it.

    Parameters
    ----------
    name : str
        The arm.
    economics : pandas.DataFrame
        One row a segment; see `plan_economics`.
    power : Power
        What a test of this size can detect.
    needed : float
        Relative rise of the part that buys from which on the arm pays; NaN if it cannot pay.
    expected : float
        Expected extra sales per customer; NaN without an expected lift.
    cost : float
        What the whole arm costs.
    """

    name: str
    economics: pd.DataFrame
    power: Power
    needed: float
    expected: float
    cost: float

    @property
    def profit(self) -> float:
        """Expected profit over all who get this arm; empty without a lift."""
        return float(self.economics["expected_profit"].sum(min_count=len(self.economics)))

    @property
    def verdict(self) -> str:
        """Say "cannot pay", "loses", "no costs", "send" or "enlarge"."""
        if np.isnan(self.needed):
            return "cannot pay"
        if self.profit < 0:
            return "loses"
        if self.power.cost == 0 and np.isnan(self.expected):
            return "no costs"
        largest = np.nanmax([self.power.break_even, self.expected])
        return "send" if self.power.effect <= largest else "enlarge"

    def find_control(self, shares: Mapping[str, float]) -> float:
        """Find the smallest share of control with which the break-even is detectable; NaN if more than a half."""
        p = self.power
        part = shares[self.name] / (1 - shares["control"])
        everyone = p.n_treated / part + p.n_control
        for share in np.arange(np.ceil(100 * shares["control"]) / 100, 0.505, 0.01):
            treated = everyone * (1 - share) * part
            effect = find_smallest(p.noise, p.power, treated, everyone * share, p.level)
            if effect <= p.break_even:
                return float(share)
        return float("nan")

    def find_list(self) -> float:
        """Find how many times as many customers make the break-even detectable, shares unchanged; NaN if none do."""
        p = self.power
        try:
            larger = find_size(
                p.noise.values,
                effect=p.break_even,
                power=p.power,
                control=p.control,
                level=p.level,
                worth=p.worth,
                cost=p.cost,
            )
            return larger.size / p.size
        except TableError:
            return float("nan")


@dataclass(frozen=True, eq=False)
class Draft:
    """A plan before it is shown: settings, days of the campaign, arms, who is eligible, and who gets what."""

    values: Mapping[str, Any]
    days: int
    arms: tuple[ArmPlan, ...]
    allowed: Eligibility
    drawn: Assignment

    @property
    def unit(self) -> str:
        """What stands before amounts."""
        return self.values["currency"] or ""

    @property
    def listed(self) -> int:
        """How many customers the list holds."""
        return len(self.allowed.eligible) + self.allowed.excluded["customer_id"].nunique()

    @property
    def worst(self) -> ArmPlan:
        """The arm with the worst verdict, by which the plan is judged."""
        return max(self.arms, key=lambda arm: (VERDICTS.index(arm.verdict), arm.power.break_even))

    @property
    def profit(self) -> float:
        """Expected profit of all arms; empty without a lift."""
        return sum(arm.profit for arm in self.arms)

    @property
    def expected_lift(self) -> float:
        """Expected relative change of the share who buy, over all arms and segments; NaN without a lift."""
        gained = 0.0
        usual = 0.0
        for arm in self.arms:
            buyers = arm.economics["customers"] * arm.economics["base_rate"] * self.drawn.shares[arm.name]
            usual += float(buyers.sum())
            gained += float((buyers * arm.economics["lift"]).sum(min_count=len(buyers)))
        return gained / usual if usual > 0 else float("nan")


def read_plan(values: Mapping[str, Any]) -> dict[str, float]:
    """Read the planned share of each arm, control first, and check that the settings fit together."""
    share = values["control_share"]
    given = split_arms(values["arms"] or "treated")
    problems = []
    parts = {arm: (1 - share) / len(given) if part is None else part for arm, part in given.items()}
    if not 0 < share < 1:
        problems.append(f"`control_share` should lie between 0 and 1, found {share:g}: without control nothing is seen")
    elif abs(share + sum(parts.values()) - 1) > 1e-9:
        problems.append(f"`arms` and `control_share` sum to {share + sum(parts.values()):g}: they should sum to one")
    if "control" in parts:
        problems.append("`arms` names those who get something: the share of control is `control_share`")
    if values["registered_on"] > values["start"]:
        problems.append(f"`registered_on` ({values['registered_on']}) should not be after `start` ({values['start']})")
    lacking = [name for name in UNIVERSAL if values[name] is None]
    if values["universal_share"] and lacking:
        problems.append(f"the universal control also needs {', '.join(f'`{name}`' for name in lacking)}")
    for name in ("campaign", "arms"):
        if looks_personal(pd.Series(values[name])):
            problems.append(f"`{name}` holds a phone, an e-mail or a payment card")
    if problems:
        raise TableError(problems, "settings")
    return {"control": share} | parts


def read_people(source: AnyTable, values: Mapping[str, Any]) -> pd.DataFrame:
    """Read the list of customers; without channels all have one, and an empty segment becomes "not known"."""
    people = collect(check_table(source, CUSTOMERS))
    names = [name for name in ("segment", "channel") if name in people]
    people[names] = people[names].astype(object).where(lambda rows: rows.notna() & (rows != ""), None)
    problems = []
    for name in names:
        personal = name_personal(people[name])
        problems += [f"`{name}` holds {personal}"] if personal else refuse_names(people[name], name)
    if "segment" in people:
        people["segment"] = people["segment"].fillna("not known").astype("str")
    if "channel" not in people:
        people["channel"] = "all"
    channels = people["channel"].dropna().astype("str").drop_duplicates()
    files = channels.map(name_channel)
    twins = channels[files.duplicated(keep=False)]
    if len(twins):
        named = ", ".join(map(repr, sorted(twins)))
        problems.append(f"channels {named} would make one send list: name each in one way")
    if values["strata"] and values["strata"] not in people:
        problems.append(f"there is no column `{values['strata']}` for the strata; found: {', '.join(people)}")
    addresses = [name for name in ("phone", "email") if name in people]
    if addresses:
        people["address"] = people[addresses].notna().any(axis=1)
    if problems:
        raise TableError(problems, "customers")
    return people


def name_channel(channel: str) -> str:
    """Write a channel as a part of a file's name: small letters, digits and hyphens."""
    return "".join(sign if sign.isalnum() else "-" for sign in str(channel).strip().lower()).strip("-") or "other"


def list_rules(people: pd.DataFrame, values: Mapping[str, Any]) -> list[Rule]:
    """List the eligibility rules that the columns allow: consent, opt-out, staff, contact frequency, an address."""
    pause = values["pause_days"]
    latest = pd.Timestamp(values["start"]) - pd.Timedelta(days=pause or 0)
    rules = [
        Rule("no consent", "consent", "is", True),
        Rule("opted out", "opted_out", "is not", True, True),
        Rule("staff", "staff", "is not", True, True),
        Rule(f"written to in the {pause} days before the start", "last_contact", "<=", latest, True),
        Rule("no channel", "channel", "is not", ""),
        Rule("no phone and no e-mail", "address", "is", True),
    ]
    return [rule for rule in rules if rule.column in people and (pause or rule.column != "last_contact")]


def plan_arms(
    profile: pd.DataFrame,
    spent: np.ndarray,
    shares: Mapping[str, float],
    values: Mapping[str, Any],
    days: int,
    offers: AnyTable = None,
    lifts: Mapping[str, Any] | None = None,
) -> list[ArmPlan]:
    """Work out each arm: economics by segment, break-even, and the smallest effect that its test sees.

    Parameters
    ----------
    profile : pandas.DataFrame
        One row a customer who may take part: frequency, tenure_days, basket_value, and segment if there is one.
    spent : array
        Sales of each customer of the campaign (universal control left out) in an earlier window of `days` days.
    shares : mapping of str to float
        Planned share of each arm, control included.
    values : mapping
        The settings.
    offers : table under OFFERS, optional
        Costs by the arm's name; the settings' otherwise.
    lifts : mapping of str to float or Series by segment, optional
        Expected relative change of the part that buys, by arm.
    """
    arms = [arm for arm in shares if arm != "control"]
    prices = _read_prices(offers, arms)
    size = len(spent)
    plans = []
    for arm in arms:
        costs = _find_costs(prices, arm, values)
        table, terms = _make_economics(profile, values, days, costs, (lifts or {}).get(arm))
        table["expected_profit"] *= shares[arm] * size / len(profile)
        buyers = table["customers"] * table["base_rate"]
        everybody = table["customers"].sum()
        needed = _find_needed_rise(table, terms)
        usual = float((buyers * table["basket"]).sum() / everybody)
        power = _find_power(spent, arm, shares, values, tests=len(arms), usual=usual, needed=needed)
        buy = (table["base_rate"] * (1 + table["lift"].fillna(0))).clip(upper=1)
        each = np.average(
            costs["contact_cost"] + terms["use"] * table["cost_per_user"] * buy, weights=table["customers"]
        )
        expected = float((buyers * table["basket"] * table["lift"]).sum(min_count=len(table)) / everybody)
        plans.append(ArmPlan(arm, table, power, needed, expected, float(each) * shares[arm] * size))
    return plans


def _read_prices(offers: AnyTable, arms: list[str]) -> pd.DataFrame:
    """Read the costs of the offers by the arm's name; an empty table without offers."""
    if offers is None:
        return pd.DataFrame(index=pd.Index([], dtype="str"))
    prices = collect(check_table(offers, OFFERS)).set_index("offer_id")
    prices.index = prices.index.astype("str")
    if not set(arms) & set(prices.index):
        raise TableError([f"none of the arms {', '.join(arms)} is an offer; `arms` should name them"], "offers")
    return prices


def _find_costs(prices: pd.DataFrame, arm: str, values: Mapping[str, Any]) -> dict[str, float]:
    """Find what a contact and a reward cost: from the offer of this name, else from the settings, else nothing."""
    own = prices.loc[arm] if arm in prices.index else pd.Series(dtype=float)
    costs = {}
    for name in ("contact_cost", "reward_cost"):
        if pd.notna(own.get(name)):
            costs[name] = float(own[name])
        else:
            costs[name] = values[name] or 0.0
    return costs


def _make_economics(
    profile: pd.DataFrame, values: Mapping[str, Any], days: int, costs: Mapping[str, float], lift: Any
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Make the economics of an arm by segment, with the expected lift as a column; return them with their terms."""
    terms = {
        "margin_rate": values["margin_rate"],
        "discount": values["discount"] or 0.0,
        "use": 1.0 if values["use"] is None else values["use"],
        **costs,
    }
    table = plan_economics(profile, days=days, lift=lift, **terms).fillna({"basket": 0.0})
    if isinstance(lift, pd.Series):
        table["lift"] = table["segment"].map(lift)
    else:
        table["lift"] = np.nan if lift is None else lift
    return table, terms


def _find_needed_rise(table: pd.DataFrame, terms: Mapping[str, float]) -> float:
    """Find the relative rise of the part that buys from which on an arm pays; empty if no rise up to everybody pays."""
    buyers = table["customers"] * table["base_rate"]
    cost = terms["use"] * table["cost_per_user"]
    room = float((buyers * (terms["margin_rate"] * table["basket"] - cost)).sum())
    if room <= 0:
        return np.nan
    needed = float((cost * buyers + terms["contact_cost"] * table["customers"]).sum()) / room
    is_possible = (1 + needed) * buyers.sum() <= table["customers"].sum()
    return needed if is_possible else np.nan


def _find_power(
    spent: np.ndarray,
    arm: str,
    shares: Mapping[str, float],
    values: Mapping[str, Any],
    *,
    tests: int,
    usual: float,
    needed: float,
) -> Power:
    """Find the minimum detectable effect of an arm against control; `tests` arms share the 5 % of false alarms."""
    size = len(spent) * (shares[arm] + shares["control"])
    worth = values["margin_rate"]
    return find_detectable(
        spent,
        size=size,
        power=values["power"] or 0.8,
        control=shares["control"] * len(spent) / size,
        level=1 - 0.05 / tests,
        worth=worth,
        cost=worth * float(np.nan_to_num(needed * usual)),
    )


def draw_arms(eligible: pd.DataFrame, shares: Mapping[str, float], values: Mapping[str, Any]) -> Assignment:
    """Draw the arms as the settings say, with the universal control if there is one."""
    universal = None
    mode = values["mode"] or "hash"
    wave = values["wave"] or 1
    if values["universal_share"]:
        term = values["universal_start"], values["universal_end"]
        universal = hold_out(eligible, values["universal_share"], values["universal_salt"], term)
    strata = values["strata"] or ("segment" if mode == "blocks" and "segment" in eligible else None)
    return assign_arms(
        eligible,
        shares,
        mode=mode,
        salt=values["salt"] or f"{values['campaign']} {wave}",
        strata=strata,
        campaign_id=values["campaign"],
        wave=wave,
        universal=universal,
        assigned_at=values["registered_on"],
        draw_version=2 if values["salt"] else 1,  # the usual word holds the campaign already
    )
