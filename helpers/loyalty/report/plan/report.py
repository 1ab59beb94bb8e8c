"""The plan `campaign_plan`: is this campaign worth sending, to whom, and what will be known afterwards?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.eligibility import filter_eligible
from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.learn.history.prior_lifts import learn_lifts
from loyalty.prepare.profile import build_profile
from loyalty.report.campaign.trust import check_balanced, check_matching, check_ratio
from loyalty.report.output import parts
from loyalty.report.plan import draft
from loyalty.report.plan.draft import Draft
from loyalty.report.plan.handover import CampaignPlan, lay_out, make_files, make_record
from loyalty.report.run.order import KINDS, SEND
from loyalty.report.run.settings import Setting, read_settings
from loyalty.tables.check import TableError
from loyalty.text import say_money

TABLES = {"customers": True, "receipts": True, "offers": False, "history": False}
KINDS = (*KINDS, "_record.csv", SEND)
SETTINGS = (
    Setting("campaign", "text", "a short name, written into every file", required=True),
    Setting("start", "day", "first day of the campaign, on which it is sent", required=True),
    Setting("end", "day", "the day after its last day", required=True),
    Setting("registered_on", "day", "the day on which this plan is written down and the draw made", required=True),
    Setting("margin_rate", "share", "what is left of a unit of sales after the goods are paid", required=True),
    Setting("control_share", "share", "share of the customers who get nothing", required=True),
    Setting("arms", "arms", "what is sent: mail, or mail=0.45, gift=0.45 with the share of each"),
    Setting("wave", "whole", "which sending of the campaign"),
    Setting("mode", "text", "hash: new customers move nobody; blocks: exact quotas", choices=("hash", "blocks")),
    Setting("strata", "text", "a column within which the shares of blocks are exact; segment if there is one"),
    Setting("salt", "text", "a word for this draw; the campaign and its wave otherwise"),
    Setting("universal_share", "share", "share of the universal control, which no campaign of its term reaches"),
    Setting("universal_salt", "text", "its own word"),
    Setting("universal_start", "day", "first day of its term"),
    Setting("universal_end", "day", "the day after the last day of its term"),
    Setting("pause_days", "days", "days that have to lie between two messages"),
    Setting("contact_cost", "money", "what one contact costs"),
    Setting("reward_cost", "money", "what the gift costs, once per user"),
    Setting("discount", "share", "part taken off a user's receipt, 0.10 for 10 percent"),
    Setting("use", "share", "part of the buyers who use the offer; 1 is the safe side"),
    Setting("expected_lift", "share", "expected rise of the part that buys, 0.10 for a tenth more"),
    Setting("power", "share", "chance to see the effect; 0.8"),
    Setting("budget", "money", "what the campaign may cost"),
    Setting("goal", "text", "what it is for", choices=("engage", "sell", "inform")),
    Setting("hypothesis", "text", "what it should change, for whom, and why"),
    Setting("primary_metric", "text", "the one number that decides"),
    Setting("owner", "text", "who answers for it"),
    Setting("currency", "text", "written before amounts, such as €"),
    Setting("title", "text", "the heading of the plan"),
)
UNLOCKS = (
    ("customers.consent", "the filter of those who did not agree"),
    ("customers.opted_out", "the filter of opt-outs"),
    ("customers.staff", "the filter of staff"),
    ("customers.last_contact", "the filter of those written to just now"),
    ("customers.channel", "one send list a channel"),
    ("customers.segment", "economics by segment"),
    ("offers", "costs of each arm"),
    ("history", "the lift of earlier waves, and so the expected profit"),
)


def plan_campaign(tables: Mapping[str, Any], settings: Mapping[str, Any]) -> CampaignPlan:
    """Plan a campaign: what it must bring, what its test will see, who may take part, and who gets what.

    Not a forecast: without earlier lifts it says what would have to be true. Not for redrawing until it looks good.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_tables`: customers, receipts, and if there are any offers and history.
    settings : mapping
        See `SETTINGS`.

    Returns
    -------
    CampaignPlan
        Sections economics, size, filters, assignment, checks, files, record, skipped, read, appendix; charts economics
        and size.

    Raises
    ------
    TableError
        With all problems of the settings, or of a table; or if the receipts do not reach back far enough.
    """
    values = read_settings(settings, SETTINGS)
    shares = draft.read_plan(values)
    sources = {name: loaded.table for name, loaded in tables.items()}
    people = draft.read_people(sources["customers"], values)
    receipts = sources["receipts"]
    span = parts.find_span(receipts)
    day = pd.Timestamp(values["registered_on"])
    days = (pd.Timestamp(values["end"]) - pd.Timestamp(values["start"])).days
    known = min(day, span["last"].normalize() + pd.Timedelta(days=1))
    if (known - span["first"].normalize()).days < days:
        says = f"the campaign lasts {days} days, and receipts before {known:%Y-%m-%d} begin on {span['first']:%Y-%m-%d}"
        raise TableError([f"{says}: how much customers vary cannot be known"], "receipts")
    allowed = filter_eligible(people, draft.list_rules(people, values), as_of=day)
    drawn = draft.draw_arms(allowed.eligible, shares, values)
    past = build_outcomes(drawn.contacts, receipts, start=known - pd.Timedelta(days=days), end=known, before=0, after=0)
    profile = build_profile(receipts, known, customers=allowed.eligible[["customer_id"]])
    names = [name for name in ("customer_id", "segment") if name in people]
    profile = allowed.eligible[names].merge(profile, on="customer_id", how="left")
    seen = float((profile["frequency"] > 0).mean())
    if seen == 0:
        raise TableError([f"none of the {len(profile):,} customers has a receipt: is it the same number?"], "customers")
    lift = values["expected_lift"]
    if lift is None and "history" in tables:
        lift = learn_lifts(sources["history"])
        lift = lift.reindex(profile["segment"].unique() if "segment" in profile else ["all"]).fillna(lift.mean())
    spent = past["sales"].to_numpy()[drawn.contacts["control_kind"] != "universal"]
    arms = draft.plan_arms(profile, spent, shares, values, days, sources.get("offers"), lift)
    plan = Draft(values, days, tuple(arms), allowed, drawn)
    wide = past.rename(columns={"sales": "sales_pre", "orders": "orders_pre"})
    checks = _check(plan, wide, seen, (day - known).days)
    record = make_record(plan)
    files, listed = make_files(plan, record)
    skipped = parts.list_skipped(UNLOCKS, tables)
    return lay_out(plan, checks, record, files, listed, skipped, parts.show_sources(tables))


def _check(plan: Draft, wide: pd.DataFrame, seen: float, gap: int) -> pd.DataFrame:
    values = plan.values
    contacts = plan.drawn.contacts
    contacts = contacts[contacts["control_kind"] != "universal"]
    rows = [check_matching(seen), check_ratio(contacts, plan.drawn.shares, plan.drawn.mode)]
    rows.append(check_balanced(contacts, wide))
    table = plan.arms[0].economics
    bought = float((wide["orders_pre"] > 0).mean())
    pace = float(np.average(table["base_rate"], weights=table["customers"]))
    words = f"{pace:.1%} buy in such a window at each one's own pace so far; {bought:.1%} bought in the last one"
    rows.append(("Base rate", "look" if abs(pace - bought) > 0.2 * max(bought, 0.01) else "good", words))
    words = f"receipts end {gap} days before the draw" if gap else "receipts reach to the day of the draw"
    rows.append(("Receipts up to date", "look" if gap > 7 else "good", words))
    if values["budget"] is not None:
        cost = sum(arm.cost for arm in plan.arms)
        spent, budget = (say_money(value, plan.unit) for value in (cost, values["budget"]))
        words = f"{spent} of {budget}: contacts, gifts and discounts"
        rows.append(("Budget", "good" if cost <= values["budget"] else "alarm", words))
    bare = " and ".join(name for name in ("hypothesis", "owner") if not values[name])
    rows.append(("Record", "look" if bare else "good", f"without {bare}" if bare else "hypothesis and owner are named"))
    rows += [("Size", "look", text) for text in dict.fromkeys(text for arm in plan.arms for text in arm.power.warnings)]
    return parts.make_checks(rows)
