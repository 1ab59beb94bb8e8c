"""Campaigns whose reports should be signed, and campaigns whose reports should not: the scenes of lesson 36.

All come from `loyalty.world`, so that what each campaign truly did is known; ten defects are made by mechanisms that
happen in life (`loyalty.tasks.t36.mishaps`). Sound and broken cases have the same files with the same columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.evaluate.clinic.findings import Claim
from loyalty.tasks.t36 import mishaps
from loyalty.tasks.t36.mishaps import Draw, Stage
from loyalty.text import say_euros
from loyalty.world import World


class Size(NamedTuple):
    """How strong a defect is made if nothing else is said, and what the number means."""

    default: float
    meaning: str


DEFECTS: Mapping[str, Size] = MappingProxyType(
    {
        "sample ratio": Size(0.10, "part of the treated whom a filter took off the list after the draw"),
        "contamination": Size(0.20, "part of the control whom the offer reached all the same"),
        "control chosen afterwards": Size(0.20, "gap in spend before, in standard deviations of its normal score"),
        "unequal seasons": Size(28, "days by which the control's weeks lie earlier"),
        "early stop": Size(1 / 3, "part of the planned six weeks that is missing at least"),
        "survivors": Size(0.05, "part of the treated who had gone by the end and were left out"),
        "winner's curse": Size(12, "segments (a multiple of 3) of which the best is praised"),
        "failed channel": Size(0.20, "part of the customers at the operator that delivered nothing"),
        "swapped metric": Size(4, "other metrics of which the most significant is reported"),
        "broken join": Size(0.05, "part of one group whose card numbers lost their leading zeros"),
    }
)
"""The ten defects: key, default size, what the size means."""

MONTHS = (3, 4, 5, 9, 10, 11, 12)  # no campaign of the chain's own past is still valid then
OFFERS = (
    "basket_discount",
    "category_discount",
    "bonus_points",
    "gift",
    "free_delivery",
    "reminder",
    "win_back",
    "concierge",
    "magazine",
)
COUPONS = ("basket_discount", "category_discount", "bonus_points", "gift", "win_back")
WEAK = ("category_discount", "gift", "free_delivery", "reminder", "concierge", "magazine")
ONLY = {"contamination": COUPONS, "winner's curse": WEAK, "swapped metric": WEAK[:-1]}
# Sound campaigns are not all pretty: what looks odd and is none
FEATURES = {
    "plain": 0.3,
    "small control": 0.12,
    "no effect": 0.16,
    "harm": 0.1,
    "odd split": 0.1,
    "short": 0.08,
    "planned segment": 0.07,
    "slow operator": 0.07,
}
OPERATORS = ("Ario", "Belline", "Cellto", "Dialo")
SHARES = (0.4, 0.3, 0.2, 0.1)
NAMES = {
    "sales": "sales per customer",
    "margin": "margin per customer",
    "orders": "orders per customer",
    "responded": "the share of customers who bought",
    "points_issued": "points earned per customer",
}


@dataclass(frozen=True)
class Case:
    """A campaign as its team hands it in; made by `make_case`.

    `report` is what the team writes, `claim` the same for `examine_campaign`; `plan` has one row under CAMPAIGNS,
    `contacts` and `outcomes` are under the contracts of these names where the defect lets them. Not to be shown before
    the verdict: `defect` (None: sound), `size`, and what lies behind the report, per customer assigned, in the days
    that were measured: `truth` and `claimed_truth`, what the campaign carried out as planned changes in sales (€) and
    in the claimed metric and segment; `fair`, what the same draw would have shown of the latter without the mishap.
    """

    name: str
    report: str
    plan: pd.DataFrame = field(repr=False, compare=False)
    contacts: pd.DataFrame = field(repr=False, compare=False)
    outcomes: pd.DataFrame = field(repr=False, compare=False)
    claim: Claim
    defect: str | None = field(repr=False)
    size: float | None = field(repr=False)
    truth: float = field(repr=False)
    claimed_truth: float = field(repr=False)
    fair: float = field(repr=False)
    feature: str = field(repr=False, default="")

    def __str__(self) -> str:
        return self.report


def make_case(seed: int, defect: str | None = None, *, customers: int = 12_000, size: float | None = None) -> Case:
    """Make a campaign and its report, sound or with one defect; about half a second.

    Not for judging a test's power in your own chain: customers, offers and defects are simulated.

    Parameters
    ----------
    seed : int
        Of the world and of all draws.
    defect : str, optional
        A key of `DEFECTS`; None for a campaign that is sound in every respect, though it may have no effect, a harmful
        one, a small control, a split that looks odd or a slow operator.
    customers : int
        Of the chain; with fewer than 12,000 the tests see less.
    size : float, optional
        Strength of the defect, in the unit of `DEFECTS`.

    Returns
    -------
    Case

    Raises
    ------
    ValueError
        An unknown defect, a size that no such defect can have, or one for a sound campaign.

    Examples
    --------
    >>> case = make_case(3, customers=2_000)
    >>> case.defect, case.plan["primary_metric"].item() == case.claim.outcome
    (None, True)
    """
    if defect is not None and defect not in DEFECTS:
        raise ValueError(f"defect should be one of {', '.join(DEFECTS)}; found {defect!r}")
    if defect is None and size is not None:
        raise ValueError("a sound campaign has no defect that could have a size")
    strength = _choose_strength(defect, size)
    scene, feature = _set_scene(seed, defect, customers, strength)
    if defect is not None and defect in mishaps.DRAWS:
        draw = mishaps.DRAWS[defect](scene, strength)
    elif feature == "odd split":
        draw = mishaps.draw_oddly(scene)
    else:
        draw = mishaps.draw_fairly(scene)
    if feature == "planned segment":  # named before the start: a claim about it is no winner's curse
        promised = str(scene.rng.choice(sorted(set(scene.people["segment"]))))
        draw = replace(draw, claim=replace(draw.claim, segment=promised))
    fails = {"failed channel": 1.0, "slow operator": 0.1}.get(defect or feature, 0.0)
    lost = ((scene.people["operator"] == scene.third) & (scene.rng.random(len(scene.people)) < fails)).to_numpy()
    contacts, outcomes = _carry_out(scene, draw, defect, strength, lost)
    if defect == "sample ratio":
        gone = mishaps.filter_treated(contacts, outcomes, strength, scene.rng)
        outcomes = outcomes[~outcomes["customer_id"].isin(contacts.loc[gone, "customer_id"])]
        contacts = contacts[~gone]
    elif defect == "survivors":
        outcomes = mishaps.drop_leavers(contacts, outcomes, strength, scene.rng)
    elif defect == "broken join":
        contacts, outcomes = mishaps.lose_zeros(contacts, outcomes, strength, scene.rng)
    plan = _write_plan(scene, draw, draw.claim.segment if feature == "planned segment" else None)
    having, without = (table[list(NAMES)] for table in scene.imagine(draw.days))
    if defect is None:  # a slow operator belongs to the campaign, as other messages that do not arrive
        having = having.mask(np.broadcast_to(lost[:, None], having.shape), without)
    # Where the control was chosen by spend, the truth is that of the customers who were written to
    mine = draw.treated if draw.drawn_after else draw.listed
    inside = True if draw.claim.segment is None else (scene.people["segment"] == draw.claim.segment).to_numpy()
    gain = having - without
    name = draw.claim.outcome
    treated = having.loc[draw.treated & inside, name].mean()
    control = without.loc[draw.listed & ~draw.treated & inside, name].mean()
    plan, contacts, outcomes = (table.reset_index(drop=True) for table in (plan, contacts, outcomes))
    return Case(
        name=f"{scene.offer.replace('_', ' ')}, {scene.world.end:%B %Y}",
        report=write_report(plan, contacts, outcomes, draw.claim),
        plan=plan,
        contacts=contacts,
        outcomes=outcomes,
        claim=draw.claim,
        defect=defect,
        size=strength if defect else None,
        truth=float(gain.loc[mine, "sales"].mean()),
        claimed_truth=float(gain.loc[mine & inside, name].mean()),
        fair=float(treated - control),
        feature=feature,
    )


def _choose_strength(defect: str | None, size: float | None) -> float:
    """Choose the strength of a defect: the one asked for, or its default; 0 for a sound campaign."""
    if defect is None:
        return 0.0
    rule = DEFECTS[defect]
    if size is None:
        return rule.default
    if not 0 < size < (1 if rule.default < 1 else 100):
        raise ValueError(f"size should be {rule.meaning}, above 0; found {size!r}")
    return float(size)


def write_report(plan: pd.DataFrame, contacts: pd.DataFrame, outcomes: pd.DataFrame, claim: Claim) -> str:
    """Write the report of a proud team: the claimed number from the rows that match, and nothing about the others.

    Examples
    --------
    >>> case = make_case(3, customers=2_000)
    >>> write_report(case.plan, case.contacts, case.outcomes, case.claim) == case.report
    True
    """
    found = mishaps.compare_naively(contacts, outcomes, claim)
    row = plan.iloc[0]
    number = (row["end"] - row["start"]).days // mishaps.WEEK
    weeks = f"{number} week{'s' if number > 1 else ''}"
    place = "" if claim.segment is None else f" in the segment “{claim.segment}”"
    if claim.outcome in ("sales", "margin"):
        amount = say_euros(abs(found.effect))
    elif claim.outcome == "responded":
        amount = f"{100 * abs(found.effect):.1f} points"
    else:
        amount = f"{abs(found.effect):.3f}"
    chance = "p < .001" if found.p < 0.001 else f"p = {found.p:.3f}".replace("0.", ".")
    looks = f" It took only {claim.looks} weekly looks until the result was clear." if claim.looks > 1 else ""
    what = f"{NAMES[claim.outcome]}{place}"
    if found.p >= 0.05:
        text = f"The {row['name']} made no clear difference to {what}: {'+' if found.effect > 0 else '−'}{amount}"
        return f"{text} in {weeks} ({chance}).{looks} We propose not to repeat it."
    verb = "rose" if found.effect > 0 else "fell"
    share = f"{100 * found.relative:+.1f} %".replace("-", "−")
    text = f"Thanks to the {row['name']} {what} {verb} by {amount} in {weeks} ({share}, {chance}).{looks}"
    if found.effect < 0:
        return f"The {row['name']} did harm: {what} fell by {amount} in {weeks} ({share}, {chance}).{looks}"
    if claim.outcome in ("sales", "margin"):
        return f"{text} With {found.n_treated:,} customers that makes {say_euros(found.effect * found.n_treated, 0)}."
    return f"{text} We propose to send it to everybody."


def _set_scene(seed: int, defect: str | None, customers: int, strength: float) -> tuple[Stage, str]:
    place = -1 if defect is None else list(DEFECTS).index(defect)
    rng = np.random.default_rng([seed, place + 1])
    world = World(customers=customers, months=int(rng.choice(MONTHS)), seed=seed)
    feature = str(rng.choice(list(FEATURES), p=list(FEATURES.values()))) if defect is None else ""
    people = world.customers
    if feature == "harm":  # a reminder to the members of a club who do not like to be reminded
        fond = world.truth.types["type"].isin(["beauty", "young_family"]).to_numpy()
        agreed = rng.random(len(people)) < np.where(fond, 0.9, 0.05)
    else:  # consent; a team that chooses its control afterwards leaves out many anyway
        agreed = rng.random(len(people)) < rng.uniform(0.95 if defect == "control chosen afterwards" else 0.75, 1.0)
    people = people[agreed].reset_index(drop=True)
    parts = np.array(SHARES)
    if defect == "failed channel":  # the third is the one that fails
        parts = np.where(np.arange(4) == 2, strength, parts / (1 - parts[2]) * (1 - strength))
    names = rng.permutation(OPERATORS)
    people["operator"] = rng.choice(names, len(people), p=parts)
    people["segment"] = _name_segments(people, int(strength) if defect == "winner's curse" else 12)
    people["card"] = [f"{number:07d}" for number in rng.choice(2_000_000, len(people), replace=False)]
    offer = str(rng.choice(ONLY.get(defect or "", OFFERS)))
    share = float(rng.choice([0.2, 0.3, 0.5]))
    days = 42 if defect == "early stop" else int(rng.choice([28, 42]))
    metric = "sales" if defect == "swapped metric" else str(rng.choice(["sales", "sales", "sales", "orders", "margin"]))
    offer = {"no effect": "magazine", "harm": "reminder"}.get(feature, offer)
    share = {"small control": 0.05, "harm": 0.5}.get(feature, share)
    days = {"short": 14, "harm": 28}.get(feature, days)
    return Stage(world, people, offer, share, days, metric, str(names[2]), rng), feature


def _name_segments(people: pd.DataFrame, number: int) -> list[str]:
    """Region and length of membership: so many segments, known before the start."""
    regions = np.array(["North", "South", "East", "West", "Centre", "Coast"])[: max(1, round(number / 3))]
    rank = people["joined_on"].rank(method="first", ascending=False, pct=True).to_numpy()
    tenure = np.array(["new", "known", "loyal"])[np.minimum((rank * 3).astype(int), 2)]
    region = regions[people["home_store"].to_numpy() % len(regions)]
    return [f"{a}, {b}" for a, b in zip(region, tenure, strict=True)]


def _carry_out(
    scene: Stage, draw: Draw, defect: str | None, strength: float, lost: np.ndarray
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Send and measure: contacts and outcomes of the customers on the list, under their card numbers."""
    people = scene.people
    start = scene.world.end
    name = f"{scene.offer}-{scene.world.end:%Y-%m}"
    treated = pd.Series(draw.treated, people.index)
    wave = scene.live(treated & ~lost, draw.days, strength if defect == "contamination" else 0.0)
    outcomes = wave.outcomes.assign(campaign_id=name)
    if defect == "unequal seasons":
        outcomes = mishaps.shift_control(wave, outcomes, strength)
    drawn = start - pd.Timedelta(hours=12)
    end = start + pd.Timedelta(days=draw.days)
    contacts = pd.DataFrame(
        {
            "campaign_id": name,
            "wave": 1,
            "customer_id": people["card"],
            "arm": pd.Series(scene.offer, people.index).where(treated, "control"),
            "offer_id": pd.Series(scene.offer, people.index).where(treated),
            "control_kind": np.where(treated, "none", "campaign"),
            "propensity": np.where(treated, 1 - scene.share, scene.share),
            "segment": people["segment"],
            "channel": pd.Series("sms", people.index).where(treated),
            "operator": people["operator"],
            "assigned_at": drawn,
            "sent_at": pd.Series(start + pd.Timedelta(hours=6), people.index).where(treated),
            "delivered": wave.contacts["delivered"].fillna(False).where(treated),
        }
    )
    if draw.drawn_after and scene.rng.random() < 0.5:  # the other half of the teams fill in the day of the plan
        contacts["assigned_at"] = contacts["assigned_at"].where(treated, end + pd.Timedelta(days=3, hours=10))
    known = people.set_index("customer_id")["card"]
    outcomes = outcomes.assign(customer_id=outcomes["customer_id"].map(known))
    contacts = contacts[draw.listed].sort_values("customer_id", ignore_index=True)
    outcomes = outcomes[outcomes["customer_id"].isin(contacts["customer_id"])]
    return contacts, outcomes.sort_values(["customer_id", "start"], kind="stable", ignore_index=True)


def _write_plan(scene: Stage, draw: Draw, segment: str | None) -> pd.DataFrame:
    start = scene.world.end
    days = pd.Timedelta(days=1)
    label = f"{scene.offer.replace('_', ' ')} of {start:%B}"
    row = {
        "campaign_id": f"{scene.offer}-{start:%Y-%m}",
        "wave": 1,
        "start": start,
        "end": start + draw.days * days,
        "name": label,
        "goal": "sell",
        "hypothesis": f"it raises {NAMES[scene.metric]}" + (f" in the segment {segment}" if segment else ""),
        "primary_metric": scene.metric,
        "planned_start": start,
        "planned_end": start + scene.days * days,
        "planned_shares": f"control={scene.share:g}, {scene.offer}={1 - scene.share:g}",
        "registered_on": start - int(scene.rng.integers(7, 29)) * days,
    }
    return pd.DataFrame([row])


def hide(case: Case) -> Case:
    """A copy without the answer, for a blind test.

    Examples
    --------
    >>> hide(make_case(3, "survivors", customers=2_000)).defect is None
    True
    """
    nothing = float("nan")
    return replace(case, defect=None, size=None, truth=nothing, claimed_truth=nothing, fair=nothing, feature="")
