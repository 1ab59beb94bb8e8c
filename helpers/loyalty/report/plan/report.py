"""The plan `campaign_plan`: is this campaign worth sending, to whom, and what will be known afterwards?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.eligibility import filter_eligible
from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.intake.loading import take_tables
from loyalty.learn.history.prior_lifts import learn_lifts
from loyalty.prepare.profile import build_profile
from loyalty.report.campaign.sizes import check_drawn
from loyalty.report.campaign.trust import check_balanced, check_matching
from loyalty.report.output import parts
from loyalty.report.plan import draft
from loyalty.report.plan.draft import Draft
from loyalty.report.plan.handover import CampaignPlan, lay_out, make_files, make_record
from loyalty.report.plan.settings import SETTINGS, TABLES
from loyalty.report.run.settings import read_settings
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import say_money

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

GIVEN = "the table history, without the setting expected_lift"


@check_arguments
def plan_campaign(tables: Mapping[str, Any], settings: Mapping[str, Any]) -> CampaignPlan:
    """Plan a campaign: break-even, minimum detectable effect, eligibility, and the random assignment.

    Not a forecast: without earlier lifts it says what would have to be true. Do not draw again until the groups look
    good: that breaks the random assignment.

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
    sources = take_tables(tables, TABLES)
    people = draft.read_people(sources["customers"], values)
    receipts = sources["receipts"]
    day = pd.Timestamp(values["registered_on"])
    days = (pd.Timestamp(values["end"]) - pd.Timestamp(values["start"])).days
    known = _find_last_known(receipts, day, days)
    allowed = filter_eligible(people, draft.list_rules(people, values), as_of=day)
    drawn = draft.draw_arms(allowed.eligible, shares, values)
    past = build_outcomes(drawn.contacts, receipts, start=known - pd.Timedelta(days=days), end=known, before=0, after=0)
    profile = build_profile(receipts, known, customers=allowed.eligible[["customer_id"]])
    names = [name for name in ("customer_id", "segment") if name in people]
    profile = allowed.eligible[names].merge(profile, on="customer_id", how="left")
    seen = float((profile["frequency"] > 0).mean())
    if seen == 0:
        raise TableError([f"none of the {len(profile):,} customers has a receipt: is it the same number?"], "customers")
    names = [arm for arm in shares if arm != "control"]
    lifts = dict.fromkeys(names, values["expected_lift"])
    learned: list[tuple[str, str, str]] = []
    if values["expected_lift"] is None and "history" in tables:
        lifts = {arm: _learn_lift(sources["history"], profile, arm, learned) for arm in names}
    spent = past["sales"].to_numpy()[drawn.contacts["control_kind"] != "universal"]
    arms = draft.plan_arms(profile, spent, shares, values, days, sources.get("offers"), lifts)
    plan = Draft(values, days, tuple(arms), allowed, drawn)
    wide = past.rename(columns={"sales": "sales_pre", "orders": "orders_pre"})
    checks = pd.concat([_check(plan, wide, seen, (day - known).days), parts.make_checks(learned)], ignore_index=True)
    record = make_record(plan)
    files, listed = make_files(plan, record)
    skipped = _list_skipped(tables, values)
    return lay_out(plan, checks, record, files, listed, skipped, parts.show_sources(tables))


def _list_skipped(tables: Mapping[str, Any], values: Mapping[str, Any]) -> pd.DataFrame:
    """List what the plan left out; with a given lift there is an expected profit, and no history is read."""
    skipped = parts.list_skipped(UNLOCKS, tables)
    if values["expected_lift"] is not None:
        is_lift = skipped["what unlocks it"] == "the table history"
        skipped.loc[is_lift] = ["a lift measured in earlier waves, in place of the given one", GIVEN]
    return skipped.rename(columns={"not in this report": "not in this plan"})


def _find_last_known(receipts: AnyTable, day: pd.Timestamp, days: int) -> pd.Timestamp:
    """Find the day up to which receipts are known at the draw; TableError if they do not cover such a campaign."""
    span = parts.find_span(receipts)
    known = min(day, span["last"].normalize() + pd.Timedelta(days=1))
    if (known - span["first"].normalize()).days < days:
        says = f"the campaign lasts {days} days, and receipts before {known:%Y-%m-%d} begin on {span['first']:%Y-%m-%d}"
        raise TableError([f"{says}: how much customers vary cannot be known"], "receipts")
    return known


def _learn_lift(history: Any, profile: pd.DataFrame, arm: str, told: list[tuple[str, str, str]]) -> pd.Series:
    """Learn the expected lift of an arm in each segment from earlier waves; their mean where a segment has none.

    An offer that no earlier wave tested gets the lift of all offers; which it was is added to `told`.
    """
    try:
        lifts = learn_lifts(history, offer=arm)
        told.append((f"Expected lift of {arm}", "good", "from earlier waves of the same offer"))
    except TableError:
        lifts = learn_lifts(history)
        told.append((f"Expected lift of {arm}", "look", "no earlier wave tested it: the lift of all other offers"))
    segments = profile["segment"].unique() if "segment" in profile else ["all"]
    return lifts.reindex(segments).fillna(lifts.mean())


def _check(plan: Draft, wide: pd.DataFrame, seen: float, gap: int) -> pd.DataFrame:
    """Check the plan before it is sent.

    Parameters
    ----------
    plan : Draft
        The plan.
    wide : pandas.DataFrame
        One row a contact: orders_pre and sales_pre, in a window as long as the campaign.
    seen : float
        Share of the customers who have any receipt.
    gap : int
        Days between the last receipt and the draw.
    """
    contacts = plan.drawn.contacts
    contacts = contacts[contacts["control_kind"] != "universal"]
    rows = [
        check_matching(seen),
        check_drawn(contacts["arm"], plan.drawn.shares, plan.drawn.mode),
        check_balanced(contacts, wide),
        _check_base_rate(plan, wide),
    ]
    words = f"receipts end {gap} days before the draw" if gap else "receipts reach to the day of the draw"
    rows.append(("Receipts up to date", "look" if gap > 7 else "good", words))
    if plan.values["budget"] is not None:
        rows.append(_check_budget(plan))
    bare = " and ".join(name for name in ("hypothesis", "owner") if not plan.values[name])
    rows.append(("Record", "look" if bare else "good", f"without {bare}" if bare else "hypothesis and owner are named"))
    warnings = [text for arm in plan.arms for text in arm.power.warnings]
    rows += [("Size", "look", text) for text in dict.fromkeys(warnings)]
    return parts.make_checks(rows)


def _check_base_rate(plan: Draft, wide: pd.DataFrame) -> tuple[str, str, str]:
    """Compare the base rate that the economics assume with the share that bought in the last window."""
    table = plan.arms[0].economics
    bought = float((wide["orders_pre"] > 0).mean())
    pace = float(np.average(table["base_rate"], weights=table["customers"]))
    days = f"{plan.days} days"
    words = f"by their own pace so far {pace:.1%} should buy in {days}; in the last {days} {bought:.1%} did"
    is_far = abs(pace - bought) > 0.2 * max(bought, 0.01)
    return "Base rate", "look" if is_far else "good", words


def _check_budget(plan: Draft) -> tuple[str, str, str]:
    """Compare what all arms cost with the budget."""
    cost = sum(arm.cost for arm in plan.arms)
    budget = plan.values["budget"]
    spent = say_money(cost, plan.unit)
    words = f"{spent} of {say_money(budget, plan.unit)}: contacts, gifts and discounts"
    return "Budget", "good" if cost <= budget else "alarm", words
