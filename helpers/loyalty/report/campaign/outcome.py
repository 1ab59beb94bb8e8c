"""The campaign report on an outcome without money, 0 or 1 for each customer: came back, visited, answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import draw_intervals, headline, house_style
from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import Claim
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lift, Lifts
from loyalty.report.campaign.card import SEEN, list_undone, say_best, say_doubt, say_undone, write_alarms
from loyalty.report.campaign.job import (
    CampaignReport,
    read_contacts,
    read_planned,
    read_record,
    say_few,
    split_universal,
)
from loyalty.report.campaign.other_waves import check_other_waves, find_measured_days, read_other_waves
from loyalty.report.campaign.segments import find_missing, say_unnamed, show_lifts
from loyalty.report.campaign.sizes import check_cluster_sizes
from loyalty.report.campaign.together import check_alone, find_cluster
from loyalty.report.campaign.trust import BALANCE, LEVEL, check_sent, find_alarms, replace_lines, translate
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.privacy import SMALL
from loyalty.tables.check import TableError
from loyalty.tables.flags import read_flags
from loyalty.tables.personal import quote_few
from loyalty.text import count_of, find_decimals

NO_MONEY = "No money was measured: whether the change is worth what the campaign costs is for you to judge."
POINTS = ("effect", "low", "high", "shrunken")
REST = {"alarm": "failed", "look": "to look at", "not done": "could not be done"}
NEXT = {
    "rose": "decide whether this change is worth what the campaign costs, because no money was measured",
    "fell": "do not send it again if you wanted this to rise, and find out what customers did not like",
    "open": "plan the next test with campaign_plan, which says how large both groups must be",
}
UNBALANCED = "not possible in this report, because it reads no receipts"
BARE = "Outcome possible in control"
BY_LUCK = 0.01  # the chance below which it is no luck that nobody in control has the outcome


def report_outcome(tables: Mapping[str, Any], values: Mapping[str, Any]) -> CampaignReport:
    """Report what a campaign changed in a share of customers, against its control group.

    Not for amounts: those are in receipts. Sizes are written as customers of every 100 or as points, never as money.

    Parameters
    ----------
    tables : mapping of str to Loaded
        contacts, with the column that the setting outcome names.
    values : mapping
        The settings; see `SETTINGS`.

    Returns
    -------
    CampaignReport
        Its verdict is "rose", "fell" or "open". Sections, charts and sheets as in `report_campaign`, without money.
    """
    name = values["outcome"]
    listed = read_contacts(tables["contacts"], values)
    contacts, held = split_universal(listed)
    contacts = contacts[contacts["arm"] != values["not_invited"]].reset_index(drop=True)
    if not contacts["arm"].eq("control").any():
        groups = ", ".join(sorted(contacts["arm"].unique()))
        mend = "if one of them is it, say so in columns.yml, under contacts: `arms: {its name: control}`"
        says = f"nobody is in the control group, and `{name}` is compared with it; the groups are {groups}: {mend}"
        raise TableError([says], "contacts")
    contacts[name] = _read_flags(contacts[name], tables["contacts"].unlike.get(name, ""))
    cluster = find_cluster(contacts, values["cluster"])
    found = measure_lift(contacts, outcome=name, kind="rate", cluster=cluster)
    arms = list(found) if isinstance(found, Lifts) else [found]
    best = max(arms, key=lambda lift: lift.effect)
    p = found.to_frame().set_index("arm").loc[best.arm, "p_adjusted"] if isinstance(found, Lifts) else best.p
    record = read_record(contacts, tables["campaigns"].table if "campaigns" in tables else None)
    planned = read_planned(contacts, values, record, len(held))
    checks = _check(contacts, pd.concat([contacts, held]), record, planned, name, cluster)
    days = find_measured_days(values, values["after"] or 0)
    other = check_other_waves(contacts, read_other_waves(tables, values, contacts), days)
    more = [check_alone(contacts, values["cluster"]), *check_bare(arms, name), other]
    checks = pd.concat([checks, parts.make_checks(more)], ignore_index=True)
    alarms = find_alarms(checks)
    verdict = "rose" if best.effect > 0 else "fell"
    is_clear = (best.low > 0 or best.high < 0) and p <= 0.05  # never where there is no interval
    if alarms or not is_clear:
        verdict = "open"
    card = _make_card(values, best, arms, checks, alarms, verdict)
    segments = _measure_segments(contacts, name, values["by"], len(arms), cluster)
    table = _lay_table(arms)
    stop = ("A check has failed: these numbers may be wrong until that is explained.",) if alarms else ()
    sections = {
        "lift": Section((*stop, f"Share of customers with `{name}`; the difference is in points of 100."), table),
        "money": Section((NO_MONEY,)),
        "checks": Section(table=checks),
        "segments": segments,
        "skipped": Section(("Money: an outcome of 0 and 1 has none.",)),
        "read": Section(table=parts.list_sources(tables)),
        "appendix": Section(_define()),
    }
    note = pd.DataFrame({"note": [NO_MONEY]})
    sheets = {
        "summary": _summarise(name, best, verdict, alarms),
        "checks": checks,
        "segments": pd.DataFrame({"note": list(segments.text)}) if segments.table is None else segments.table,
        "money": note,
    }
    people = contacts[["customer_id", "arm", name]]
    charts = {"lift": lambda: _draw(arms, name, verdict)}
    results = {"lift": best, "lifts": found, "checks": checks}
    return CampaignReport(
        values["title"] or "Campaign report", card, sections, charts, sheets, people, results, verdict
    )


def _read_flags(values: pd.Series, unlike: str) -> pd.Series:
    """Read the outcome as 0 and 1; TableError says what else is there. `unlike` says whose rows differ, if any do."""
    flags = read_flags(values)
    empty = values.isna()
    wrong = flags.isna() & ~empty
    problems = []
    if wrong.any():
        mend = "write 1 where it happened and 0 where it did not; amounts belong into receipts"
        shown = quote_few(values[wrong].astype("str").unique())
        problems.append(f"`{values.name}` is neither 0 nor 1 in {count_of(int(wrong.sum()), 'row')} ({shown}): {mend}")
    if empty.any():
        says = f"`{values.name}` is empty in {count_of(int(empty.sum()), 'row')}"
        mend = "write 0 where it did not happen, and leave out nobody"
        if unlike:
            mend = f"{unlike}; keep one row of each, and {mend}"
        problems.append(f"{says}: {mend}")
    if problems:
        raise TableError(problems, "contacts")
    return flags.astype("float64")


def check_bare(arms: Sequence[Lift], name: str) -> list[tuple[str, str, str]]:
    """Doubt an outcome that nobody in control has: perhaps only those who got something can have it.

    No line where the treated have it so seldom that it may be luck: one in a hundred of as many controls would show
    nothing either.
    """
    lift = max(arms, key=lambda arm: arm.base + arm.effect)
    treated = lift.base + lift.effect
    if lift.base > 0 or treated <= 0 or (1 - treated) ** lift.n_control > BY_LUCK:
        return []
    says = (
        f"Nobody in control has `{name}`, and {treated:.1%} of the treated have: if only those who got the message can "
        "have it, as with opening it or redeeming its code, this comparison shows nothing; take an outcome that both "
        "groups can have, such as a visit or a purchase"
    )
    return [(BARE, "look", says)]


def _check(
    contacts: pd.DataFrame,
    everybody: pd.DataFrame,
    record: Mapping[str, Any],
    planned: Mapping[str, float] | None,
    name: str,
    cluster: str | None,
) -> pd.DataFrame:
    """The checks of the clinic that need no receipts, and that of delivery."""
    plan = dict(record) | ({} if planned is None else {"planned_shares": planned})
    found = examine_campaign(
        everybody.assign(**{name: everybody[name].fillna(0)}), None, plan, Claim(name), level=LEVEL, say=say_few
    )
    lines = [line for line in map(translate, found.findings) if line is not None]
    lines = [
        (BALANCE, state, UNBALANCED) if (check, state) == (BALANCE, "not done") else (check, state, says)
        for check, state, says in lines
    ]
    if cluster is not None:
        lines = replace_lines(lines, check_cluster_sizes(contacts, cluster, planned, record.get("mode")))
    return parts.make_checks([*check_sent(contacts), *lines])


def _make_card(
    values: Mapping[str, Any],
    lift: Lift,
    arms: list[Lift],
    checks: pd.DataFrame,
    alarms: Mapping[str, str],
    verdict: str,
) -> ReportCard:
    """Make the card: what changed, in customers of every 100, and what to do next."""
    name = values["outcome"]
    kicker = values["title"] or "Campaign report"
    results = checks["result"].value_counts()
    undone = list_undone(checks)
    said = [f"{results.get(key, 0)} {words}" for key, words in REST.items() if results.get(key, 0)]
    size = (("Checks", f"{results.get('good', 0)} fine", ", ".join(said) or "all were done"),)
    if alarms:
        return ReportCard(kicker, say_doubt(alarms), *write_alarms(alarms, size))
    decimals = find_decimals([100 * lift.low, 100 * lift.high], least=1)
    treated, control, gap, low, high = (
        f"{100 * value:.{decimals}f}".replace("-", "−")
        for value in (lift.base + lift.effect, lift.base, lift.effect, lift.low, lift.high)
    )
    who = f"in the arm {lift.arm}" if len(arms) > 1 else "treated"
    whom = f"customers in the arm {lift.arm}" if len(arms) > 1 else "treated customers"
    actor = f"The arm {lift.arm}" if len(arms) > 1 else "The campaign"
    words = {"rose": f"{actor} raised `{name}`", "fell": f"{actor} lowered `{name}`"}
    head = words.get(verdict, f"We do not know yet whether {actor[0].lower()}{actor[1:]} changed `{name}`")
    facts = (
        ("Treated", f"{treated} %", f"of {lift.n_treated:,} {who}"),
        ("Control", f"{control} %", f"of {lift.n_control:,} in control"),
        ("Difference", f"{gap} points", "no interval" if pd.isna(lift.low) else f"{low} to {high}"),
        *size,
    )
    is_partial = bool(undone) and verdict != "open"
    sentence = f"`{name}` is 1 for {treated} of every 100 {whom}, and for {control} of every 100 in control. " + (
        "There is no interval, because all of a group did the same."
        if pd.isna(lift.low)
        else f"The true difference is probably between {low} and {high} (95 % interval)."
    )
    return ReportCard(
        kicker,
        f"{head}{SEEN if is_partial else ''}",
        sentence,
        "open" if verdict == "open" else "plain",
        facts,
        _write_notes(lift, len(arms), undone, verdict, checks.loc[checks["check"] == BARE, "what was found"]),
    )


def _write_notes(
    lift: Lift, arms: int, undone: Mapping[str, str], verdict: str, doubts: Iterable[str]
) -> tuple[str, ...]:
    """What the reader has to keep in mind, and what to do next."""
    notes = [f"Careful: {text}." for text in (*doubts, *lift.warnings)]
    if arms > 1:
        notes.append(say_best(arms))
    if undone:
        notes += say_undone(undone)
    return (*notes, f"Next: {NEXT[verdict]}.")


def _lay_table(arms: list[Lift]) -> pd.DataFrame:
    """One row an arm: shares of both groups in percent, their difference in points."""
    ends = [100 * end for lift in arms for end in (lift.low, lift.high)]
    decimals = find_decimals(ends, least=1)

    def write(value: float, unit: str) -> str:
        if pd.isna(value):
            return "no interval"
        return f"{100 * value:.{decimals}f} {unit}".replace("-", "−")

    rows = [
        {
            "arm": lift.arm or "treated",
            "treated": write(lift.base + lift.effect, "%"),
            "control": write(lift.base, "%"),
            "effect": write(lift.effect, "points"),
            "low": write(lift.low, "points"),
            "high": write(lift.high, "points"),
            "relative": lift.relative,
            "p": lift.p,
        }
        for lift in arms
    ]
    return pd.DataFrame(rows)


def _measure_segments(contacts: pd.DataFrame, name: str, asked: str | None, arms: int, cluster: str | None) -> Section:
    """The difference in each segment, in points of 100."""
    by = asked or ("segment" if "segment" in contacts else None)
    if by is None:
        return Section(("No segments: the contact list has no column segment, and `by` was not set.",))
    known = contacts[contacts[by].notna()].assign(**{by: lambda rows: rows[by].astype("str")})
    try:
        table = measure_lift(known, outcome=name, by=by, kind="rate", cluster=cluster).to_frame()
    except TableError as error:
        return Section((f"No segments: {error.problems[0]}.",))
    table[list(POINTS)] *= 100
    shown = show_lifts(table, ["arm", "segment"] if arms > 1 else ["segment"])
    text = [f"The difference in `{name}`, in points of 100."]
    if missing := find_missing(known, by, table):
        text.append(f"Not compared, because a group is too small there: {missing}.")
    text += say_unnamed(contacts, by)
    return Section(tuple(text), shown)


def _summarise(name: str, lift: Lift, verdict: str, alarms: Mapping[str, str]) -> pd.DataFrame:
    rows: list[tuple[str, Any, str, str]] = [
        ("Verdict", verdict, "text", "; ".join(alarms.values())),
        ("Outcome", name, "text", ""),
        ("Treated", lift.n_treated, "count", lift.arm or ""),
        ("Control", lift.n_control, "count", ""),
        ("Share of treated", lift.base + lift.effect, "percent", ""),
        ("Share of control", lift.base, "percent", ""),
        ("Lift", lift.effect, "share", "difference of the shares, a fraction"),
        ("Lift, low", lift.low, "share", f"{lift.level:.0%} interval"),
        ("Lift, high", lift.high, "share", ""),
        ("Lift, p", lift.p, "p", lift.method),
    ]
    return parts.make_summary(rows)


def _define() -> tuple[str, ...]:
    return (
        "Difference: share of all treated less share of all control; everybody assigned counts, whether the message "
        "arrived or not. The interval: of 100 such tests, at least 95 have an interval that holds the true difference.",
        f"Groups under {SMALL} customers are not shown. {parts.list_versions()}.",
    )


def _draw(arms: list[Lift], name: str, verdict: str) -> Axes:
    house_style()
    rows = pd.DataFrame(
        [{key: 100 * getattr(lift, key) for key in ("effect", "low", "high")} for lift in arms],
        index=[lift.arm or "treated" for lift in arms],
    )
    ax = draw_intervals(rows)
    title = f"{name}: no change that can be told from chance" if verdict == "open" else f"{name} {verdict}"
    headline(ax, title, "treated − control, in points of 100, with the 95 % interval")
    return ax
