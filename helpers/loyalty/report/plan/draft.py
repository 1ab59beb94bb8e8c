"""A campaign worked out before it is sent: who may take part, what it must bring, and what will be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.assignment import Assignment, assign_arms
from loyalty.evaluate.design.eligibility import Eligibility, Rule
from loyalty.evaluate.design.holdout import hold_out
from loyalty.evaluate.design.power import Power, find_detectable, find_size
from loyalty.evaluate.design.variance import find_smallest
from loyalty.evaluate.money.break_even import plan_economics
from loyalty.report.output.privacy import looks_personal
from loyalty.report.run.settings import split_arms
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CUSTOMERS, OFFERS
from loyalty.tables.sources import collect

VERDICTS = ("send", "enlarge", "no costs", "loses", "cannot pay")  # in order of doubt
UNIVERSAL = ("universal_share", "universal_salt", "universal_start", "universal_end")


@dataclass(frozen=True, eq=False)
class ArmPlan:
    """One arm before the send: its economics by segment, what a test of its size sees, and what it is expected to do.

    `needed` is the relative rise of the part that buys from which on the arm pays (empty if none can), `expected` the
    extra sales a customer that earlier waves promise (empty without any).
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
        if self.needed != self.needed:
            return "cannot pay"
        if self.profit < 0:
            return "loses"
        if self.power.cost == 0 and self.expected != self.expected:
            return "no costs"
        return "send" if self.power.effect <= np.nanmax([self.power.break_even, self.expected]) else "enlarge"

    def find_control(self, shares: Mapping[str, float]) -> float:
        """The smallest share of control, of all customers, with which the break-even is seen; empty up to a half."""
        p = self.power
        part = shares[self.name] / (1 - shares["control"])
        everyone = p.n_treated / part + p.n_control
        for share in np.arange(np.ceil(100 * shares["control"]) / 100, 0.505, 0.01):
            if (
                find_smallest(p.noise, p.power, everyone * (1 - share) * part, everyone * share, p.level)
                <= p.break_even
            ):
                return float(share)
        return float("nan")

    def find_list(self) -> float:
        """How many times as many customers would show the break-even, shares unchanged; empty if none would."""
        p = self.power
        try:
            options = {"control": p.control, "level": p.level, "worth": p.worth, "cost": p.cost}
            return find_size(p.noise.values, effect=p.break_even, power=p.power, **options).size / p.size
        except TableError:
            return float("nan")


@dataclass(frozen=True, eq=False)
class Draft:
    """A plan laid out before it is shown: settings, days of the campaign, arms, who may take part, who gets what."""

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
        """The arm in most doubt, by which the plan is judged."""
        return max(self.arms, key=lambda arm: (VERDICTS.index(arm.verdict), arm.power.break_even))

    @property
    def profit(self) -> float:
        """Expected profit of all arms; empty without a lift."""
        return sum(arm.profit for arm in self.arms)


def read_plan(values: Mapping[str, Any]) -> dict[str, float]:
    """Read the planned share of each arm, control first, and check what settings ask of each other."""
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
    if lacking := [name for name in UNIVERSAL if values[name] is None] if values["universal_share"] else []:
        problems.append(f"the universal control also needs {', '.join(f'`{name}`' for name in lacking)}")
    problems += [
        f"`{n}` holds a phone or an e-mail" for n in ("campaign", "arms") if looks_personal(pd.Series(values[n]))
    ]
    if problems:
        raise TableError(problems, "settings")
    return {"control": share} | parts


def read_people(source: Any, values: Mapping[str, Any]) -> pd.DataFrame:
    """Read the list of customers; one channel for all if it names none, and a name for an empty segment."""
    people = collect(check_table(source, CUSTOMERS))
    names = [name for name in ("segment", "channel") if name in people]
    people[names] = people[names].astype(object).where(lambda rows: rows.notna() & (rows != ""), None)
    problems = [f"`{name}` holds phones or e-mails" for name in names if looks_personal(people[name].astype("str"))]
    if "segment" in people:
        people["segment"] = people["segment"].fillna("not known").astype("str")
    if "channel" not in people:
        people["channel"] = "all"
    channels = people["channel"].dropna().astype("str").drop_duplicates()
    files = channels.map(name_channel)
    if len(twins := channels[files.duplicated(keep=False)]):
        channels = ", ".join(map(repr, sorted(twins)))
        problems.append(f"channels {channels} would make one send list: name each in one way")
    if values["strata"] and values["strata"] not in people:
        problems.append(f"there is no column `{values['strata']}` for the strata; found: {', '.join(people)}")
    addresses = [name for name in ("phone", "email") if name in people]
    if addresses:
        people["address"] = people[addresses].notna().any(axis=1)
    if problems:
        raise TableError(problems, "customers")
    return people


def name_channel(channel: str) -> str:
    """Make the part of a file's name that says the channel: small letters, digits and hyphens."""
    return "".join(sign if sign.isalnum() else "-" for sign in str(channel).strip().lower()).strip("-") or "other"


def list_rules(people: pd.DataFrame, values: Mapping[str, Any]) -> list[Rule]:
    """List the rules that the columns allow: consent, opt-out, staff, contact frequency, and whether one is reached."""
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
    offers: Any = None,
    lift: Any = None,
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
    lift : float or Series by segment, optional
        Expected relative change of the part that buys.
    """
    prices = pd.DataFrame() if offers is None else collect(check_table(offers, OFFERS)).set_index("offer_id")
    arms = [arm for arm in shares if arm != "control"]
    if offers is not None and not set(arms) & set(prices.index.astype("str")):
        raise TableError([f"none of the arms {', '.join(arms)} is an offer; `arms` should name them"], "offers")
    prices.index = prices.index.astype("str")
    plans = []
    for arm in arms:
        own = prices.loc[arm] if arm in prices.index else pd.Series(dtype=float)
        costs = {
            n: float(own[n]) if pd.notna(own.get(n)) else values[n] or 0.0 for n in ("contact_cost", "reward_cost")
        }
        use = 1.0 if values["use"] is None else values["use"]
        terms = {"margin_rate": values["margin_rate"], "discount": values["discount"] or 0.0, "use": use, **costs}
        table = plan_economics(profile, days=days, lift=lift, **terms).fillna({"basket": 0.0})
        table["lift"] = table["segment"].map(lift) if isinstance(lift, pd.Series) else np.nan if lift is None else lift
        table["expected_profit"] *= shares[arm] * len(spent) / len(profile)
        buyers = table["customers"] * table["base_rate"]
        basket = table["basket"]
        cost = use * table["cost_per_user"]
        room = float((buyers * (values["margin_rate"] * basket - cost)).sum())
        needed = (
            float((cost * buyers + costs["contact_cost"] * table["customers"]).sum()) / room if room > 0 else np.nan
        )
        needed = needed if (1 + needed) * buyers.sum() <= table["customers"].sum() else np.nan
        usual = float((buyers * basket).sum() / table["customers"].sum())
        size = len(spent) * (shares[arm] + shares["control"])
        power = find_detectable(
            spent,
            size=size,
            power=values["power"] or 0.8,
            control=shares["control"] * len(spent) / size,
            level=1 - 0.05 / len(arms),
            worth=(worth := values["margin_rate"]),
            cost=worth * float(np.nan_to_num(needed * usual)),
        )
        buy = (table["base_rate"] * (1 + table["lift"].fillna(0))).clip(upper=1)
        each = np.average(costs["contact_cost"] + cost * buy, weights=table["customers"])
        expected = float((buyers * basket * table["lift"]).sum(min_count=len(table)) / table["customers"].sum())
        plans.append(ArmPlan(arm, table, power, needed, expected, float(each) * shares[arm] * len(spent)))
    return plans


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
    )
