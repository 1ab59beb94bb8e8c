"""The report `campaign_report`: did the campaign earn money, and may that be believed?"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.intake.loading import take_tables
from loyalty.report.campaign.controlled import report_with_control
from loyalty.report.campaign.job import (
    COSTS,
    CampaignReport,
    Job,
    find_windows,
    read_contacts,
    read_planned,
    read_record,
    say_few,
    split_universal,
    widen,
)
from loyalty.report.campaign.other_waves import read_other_waves
from loyalty.report.campaign.outcome import report_outcome
from loyalty.report.campaign.placebo import Early, read_early
from loyalty.report.campaign.settings import SETTINGS, TABLES
from loyalty.report.campaign.together import find_cluster
from loyalty.report.campaign.trust import BALANCE, count_days, find_seen
from loyalty.report.campaign.uncontrolled import report_without_control
from loyalty.report.output import parts
from loyalty.report.output.html import Section
from loyalty.report.output.privacy import SMALL
from loyalty.report.run.settings import read_settings
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable, collect, open_table

OTHER_DATES = "set other dates: start, end, before, after"
UNLOCKS = (
    ("receipts.margin", "profit from the margin of each line, and not from one rate"),
    ("receipts.discount", "what the discounts cost, as a line of its own"),
    ("receipts.offer_id", "how many redeemed the offer (with offer_id in contacts)"),
    ("contacts.delivered", "the check of delivery"),
    ("contacts.operator", "the check whether one operator failed"),
    ("contacts.segment", "the effect by segment"),
    ("offers", "costs of each offer, where the arms got different ones"),
)


@check_arguments
def report_campaign(tables: Mapping[str, Any], settings: Mapping[str, Any]) -> CampaignReport:
    """Report what a campaign changed, in money, with its checks; without a control group, what may be said instead.

    Not for a programme that never ends, nor for campaigns that overlap: those need a universal control.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_tables`: receipts, contacts, and if there are any offers, campaigns (the record of the plan) and
        other_waves. With the setting outcome, a column of contacts with 0 and 1, receipts are not needed.
    settings : mapping
        See `SETTINGS`.

    Returns
    -------
    CampaignReport
        Sections checks, lift, money, arms, arms_money, segments, skipped, read, appendix; charts lift, money, arms,
        segments. Without several arms there is no arms. `results` holds lift, money, sharp (the lift
        adjusted by sales before), placebo (lift and profit in days before the start), outcomes and checks.

    Raises
    ------
    TableError
        With all problems of the settings, or of the tables.
    """
    values = read_settings(settings, SETTINGS)
    if values["outcome"]:
        return report_outcome(tables, values)
    job, common = _read_job(tables, values)
    if not _has_both_groups(job.contacts, values):
        return report_without_control(job, common, tables["receipts"].table)
    return report_with_control(job, common, tables.get("offers"))


def _has_both_groups(contacts: pd.DataFrame, values: Mapping[str, Any]) -> bool:
    """Whether control and the treated have enough customers to be compared."""
    control = int((contacts["arm"] == "control").sum())
    treated = int((~contacts["arm"].isin(["control", values["not_invited"]])).sum())
    return min(control, treated) >= SMALL


def _read_job(tables: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[Job, dict[str, Section]]:
    """Read the campaign, and make the sections that every report of a campaign has."""
    take_tables(tables, TABLES)
    contacts, held = split_universal(read_contacts(tables["contacts"], values))
    find_cluster(contacts, values["cluster"])
    record = read_record(contacts, tables["campaigns"].table if "campaigns" in tables else None)
    planned = read_planned(contacts, values, record, len(held))
    receipts = tables["receipts"].table
    days, shortened = find_windows(receipts, values)
    outcomes = _measure_outcomes(contacts, receipts, values, days)
    wide = widen(contacts, outcomes)
    total = wide["sales_main"].sum()
    if total < 0:
        says = f"the sales of the campaign's days add up to {total:,.2f}: are all written with a minus?"
        raise TableError([says], "receipts")
    seen = _match_receipts(contacts, receipts)
    early = read_early(contacts, receipts, values, days, outcomes)
    title = values["title"] or "Campaign report"
    sources = Section(table=parts.list_sources(tables))
    if len(held):
        says = f"{say_few(len(held))} customers left out: they show what the whole programme does, not this campaign"
        shortened["Universal control"] = says
    skipped = _list_skipped(tables, values, shortened, planned is not None)
    first = pd.Timestamp(values["start"]) - pd.Timedelta(days=days["pre"])
    length = pd.Timedelta(days=sum(days.values()))
    common = {
        "read": sources,
        "skipped": Section(() if len(skipped) else ("Nothing.",), skipped),
        "appendix": Section(_define(values, days, early if _has_both_groups(contacts, values) else None)),
    }
    job = Job(
        values=values,
        contacts=contacts,
        outcomes=outcomes,
        wide=wide,
        days={window: length for window, length in days.items() if length},
        seen=seen,
        shortened=shortened,
        kicker=_name_period(title, values),
        title=title,
        planned=planned,
        plan=record,
        bought=count_days(receipts, contacts, first, first + length),
        held=held,
        other=read_other_waves(tables, values, contacts),
        early=early,
    )
    return job, common


def _measure_outcomes(
    contacts: pd.DataFrame, receipts: AnyTable, values: Mapping[str, Any], days: Mapping[str, int]
) -> pd.DataFrame:
    """Measure what each contact bought in each window; errors name the settings that would help."""
    window = {"start": values["start"], "end": values["end"], "before": days["pre"], "after": days["post"]}
    try:
        return build_outcomes(contacts, receipts, **window)
    except TableError as error:
        # The last proposal of the message is an argument of the function, and no setting of the report
        texts = [re.sub("shorten the window, or accept it.*", f"or {OTHER_DATES}", text) for text in error.problems]
        raise TableError(texts, error.name) from None


def _match_receipts(contacts: pd.DataFrame, receipts: AnyTable) -> float:
    """Return the share of the contacts who have any receipt; TableError if nobody has."""
    buyers = collect(open_table(receipts).select("customer_id").unique())["customer_id"]
    seen = find_seen(contacts["customer_id"], buyers)
    if seen == 0:
        strangers = find_strangers(contacts["customer_id"], buyers, "the contacts", "the receipts")
        raise TableError(strangers or ["there is no receipt with a customer"], "contacts")
    return seen


def _name_period(title: str, values: Mapping[str, Any]) -> str:
    """Write the line above the verdict: the title, and the first and last day."""
    last = pd.Timestamp(values["end"]) - pd.Timedelta(days=1)
    return f"{title} · {parts.say_day(pd.Timestamp(values['start']))} to {parts.say_day(last)}"


def _list_skipped(
    tables: Mapping[str, Any], values: Mapping[str, Any], shortened: Mapping[str, str], is_planned: bool
) -> pd.DataFrame:
    table = parts.list_skipped(UNLOCKS, tables)
    costs = [name for name in COSTS[:3] if values[name] is None and "offers" not in tables]
    rows = [(f"cost in profit: {name.replace('_', ' ')} (counted as 0)", f"the setting {name}") for name in costs]
    if not is_planned:
        rows.append(("the sample-ratio test", "the setting planned_control_share, or the plan's record as campaigns"))
    rows += [(name, text) for name, text in shortened.items()]
    return pd.concat([table, pd.DataFrame(rows, columns=table.columns)], ignore_index=True)


def _define(values: Mapping[str, Any], days: Mapping[str, int], early: Early | None) -> tuple[str, ...]:
    """Define the words of the report; without a control group (`early` is None) there is no placebo to define."""
    start, end = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    before, after = (pd.Timedelta(days=days[name]) for name in ("pre", "post"))
    return (
        "Lift: mean of all treated less mean of all control; everybody assigned counts, whether the message arrived or "
        "not. The interval: of 100 such tests, at least 95 have an interval that holds the true effect.",
        "Profit: margin after discounts, less rewards, points and contact; treated less control, during and after the "
        f"campaign. Margin rate {values['margin_rate']:g}. Earned or lost is said when the interval lies on one side.",
        *(() if early is None else (_define_placebo(early),)),
        f"Windows, without their last day: before {start - before:%Y-%m-%d} to {start:%Y-%m-%d}, during "
        f"{start:%Y-%m-%d} to {end:%Y-%m-%d}, after {end:%Y-%m-%d} to {end + after:%Y-%m-%d}.",
        f"Groups under {SMALL} customers are not shown. {parts.list_versions()}.",
    )


def _define_placebo(early: Early) -> str:
    """Say what the placebo is, and in which days it was measured."""
    if early.days is None:
        return f"Placebo: the same comparison in days when nothing had been sent. There is none here: {early.why}."
    says = f"Placebo: the same comparison before the start, when nothing had been sent ({early.days.say()})."
    if not early.days.shared:
        says = f"{says} The check '{BALANCE}' looks at later days, the window before."
    return (
        f"{says} It has no verdict: each interval, of sales and of profit, is without zero by chance in one of 20 such "
        "campaigns, so one or the other a little more often."
    )
