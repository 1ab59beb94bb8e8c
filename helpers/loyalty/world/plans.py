"""Plans and waves: what goes into `World.run`, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyalty.world.draws import Purpose, person
from loyalty.world.effects import Windows
from loyalty.world.fields import WorldError
from loyalty.world.money import take_text
from loyalty.world.offers import Contacts, respond
from loyalty.world.visits import Scene

PASSED_ON = ("stratum", "segment", "control_kind", "channel")


@dataclass(frozen=True)
class Plan:
    """A checked plan: positions of customers (sorted), the offer of each (-1 for control), the plan's own columns."""

    rows: np.ndarray
    offer: np.ndarray
    arm: Any
    columns: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Wave:
    """What a wave brought: contacts and outcomes under the contracts, and what the truth needs to know of it."""

    campaign_id: str
    number: int
    start: pd.Timestamp
    windows: Windows
    plan: Plan
    sent: Contacts
    before: Any
    past: tuple[Contacts, ...]
    _contacts: pd.DataFrame
    _outcomes: pd.DataFrame

    @property
    def contacts(self) -> pd.DataFrame:
        """The customers of the wave, control included."""
        return self._contacts.copy(deep=False)

    @property
    def outcomes(self) -> pd.DataFrame:
        """What each customer did in the windows before, during and after."""
        return self._outcomes.copy(deep=False)

    @property
    def campaign(self) -> pd.DataFrame:
        """One row for the table of campaigns: the main window."""
        _, start, end = next(w for w in self.windows if w[0] == "main")
        day = self.before.calendar.date
        row = {"campaign_id": self.campaign_id, "wave": self.number, "start": day(start), "end": day(end)}
        return pd.DataFrame([row])

    def __repr__(self) -> str:
        counts = ", ".join(
            f"{arm} {count:,}" for arm, count in self._contacts["arm"].value_counts().sort_index().items()
        )
        return f"Wave {self.number} of {self.campaign_id} on {self.start:%Y-%m-%d}: {counts}"


def read_plan(plan: pd.DataFrame, offers: tuple[str, ...], customers: int) -> Plan:
    """Check a plan and sort it by customer: columns customer_id, offer_id (empty for control), propensity if drawn."""
    missing = [name for name in ("customer_id", "offer_id") if name not in plan]
    if missing:
        raise WorldError(
            [f"there is no column `{name}`; found: {', '.join(map(str, plan)) or 'none'}" for name in missing],
            "the plan",
        )
    numbers = pd.to_numeric(plan["customer_id"], errors="coerce")
    problems = _check_plan(plan, numbers, offers, customers)
    if problems:
        raise WorldError(problems, "the plan")
    plan = plan.assign(customer_id=numbers.astype(np.int64)).sort_values("customer_id", ignore_index=True)
    offer = pd.Index(offers, dtype="str").get_indexer(pd.Index(plan["offer_id"].astype("str"))).astype(np.int64)
    if "arm" in plan:
        arm = plan["arm"].astype("str").array
    else:  # an offer of -1 takes the last name, control
        arm = take_text([*offers, "control"], offer % (len(offers) + 1))
    kept = plan[[c for c in ("propensity", *PASSED_ON) if c in plan]]
    return Plan(plan["customer_id"].to_numpy() - 1, offer, arm, kept)


def _check_plan(plan: pd.DataFrame, numbers: pd.Series, offers: tuple[str, ...], customers: int) -> list[str]:
    """List what is wrong with a plan; `numbers` are its ids as numbers, empty where they are none."""
    who = plan["customer_id"]
    problems = []
    unknown = ~numbers.between(1, customers) | (numbers % 1 != 0)
    if unknown.any():
        problems.append(
            f"{unknown.sum():,} rows name customers who do not exist, for example {who[unknown].tolist()[0]!r}; "
            f"ids run from 1 to {customers:,}"
        )
    if who.duplicated().any():
        problems.append(
            f"{who.duplicated().sum():,} customers stand in it more than once, for example "
            f"{who[who.duplicated()].tolist()[0]!r}"
        )
    if not len(plan):
        problems.append("it is empty")
    strange = sorted({str(offer) for offer in plan["offer_id"].dropna().unique()} - set(offers))
    if strange:
        problems.append(
            f"it names offers that do not exist: {', '.join(strange)}; there are {', '.join(offers)}; "
            "leave control empty"
        )
    chances = plan.get("propensity")
    if chances is not None and not pd.to_numeric(chances, errors="coerce").between(0, 1, inclusive="right").all():
        problems.append("propensity should be the probability of the arm that was drawn: above 0, at most 1")
    return problems


def list_contacts(scene: Scene, plan: Plan, sent: Contacts, campaign_id: str, number: int) -> pd.DataFrame:
    """Table of contacts of a wave; a control customer whom the offer reached all the same looks like any control."""
    day = scene.calendar.date(sent.start)
    treated = plan.offer >= 0
    mine, theirs = sent.of(plan.rows)
    delivered = np.zeros(len(plan.rows), bool)
    delivered[mine] = sent.delivered[theirs]
    table = pd.DataFrame(
        {
            "campaign_id": campaign_id,
            "wave": number,
            "customer_id": plan.rows + 1,
            "arm": plan.arm,
            "offer_id": take_text([o.name for o in scene.parameters.offers], plan.offer),
            "assigned_at": day - pd.Timedelta(hours=12),
            "sent_at": pd.Series(day + pd.Timedelta(hours=6), index=range(len(treated))).where(treated),
            "delivered": pd.array(delivered, "boolean"),
        }
    )
    table.loc[~treated, "delivered"] = pd.NA
    if "control_kind" not in plan.columns:
        table["control_kind"] = take_text(["campaign", "none"], treated.astype(int))
    return pd.concat([table, plan.columns], axis=1)


def list_past(scene: Scene, until: int) -> tuple[tuple[Contacts, ...], pd.DataFrame]:
    """The chain's own campaigns before a day: sent to the best customers by habit, nobody left out on purpose."""
    rule = scene.parameters.habit
    people = scene.people
    names = [o.name for o in scene.parameters.offers]
    past: tuple[Contacts, ...] = ()
    tables = []
    likely = rule.most / (1 + (rule.half / np.maximum(people.spend, 1e-6)) ** rule.steepness)
    for number, (month, offer) in enumerate(zip(rule.months, rule.offers, strict=False)):
        day = scene.calendar.month_start(month)
        if day >= until:
            break
        there = (people.entry < day) & (people.leave > day)
        rows = np.flatnonzero(there & (person(scene.seed, Purpose.HABIT, np.arange(len(people)), number) < likely))
        offers = np.full(len(rows), names.index(offer))
        sent = respond(people, scene.parameters, scene.seed, rows, offers, day, number, past)
        plan = Plan(
            rows, offers, take_text(["treated"], np.zeros(len(rows), int)), pd.DataFrame(index=range(len(rows)))
        )
        tables.append(list_contacts(scene, plan, sent, f"habit-{number + 1}", 1))
        past = (*past, sent)
    return past, pd.concat(tables, ignore_index=True) if tables else _no_contacts()


def _no_contacts() -> pd.DataFrame:
    kinds = {"campaign_id": "str", "wave": "int64", "customer_id": "int64", "arm": "str", "offer_id": "str"}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in kinds.items()})


def leak(plan: Plan, seed: int, number: int, contamination: float) -> tuple[np.ndarray, np.ndarray]:
    """Whom the offers reach: the treated, and by contamination some of the control."""
    offers = plan.offer.copy()
    given = plan.offer[plan.offer >= 0]
    if contamination and len(given):
        luck = [person(seed, Purpose.INVITATION, plan.rows, 2 + 2 * number + step) for step in (0, 1)]
        leaks = (offers < 0) & (luck[0] < contamination)
        kinds = np.unique(given)
        offers[leaks] = kinds[(luck[1][leaks] * len(kinds)).astype(int)]
    return plan.rows[offers >= 0], offers[offers >= 0]
