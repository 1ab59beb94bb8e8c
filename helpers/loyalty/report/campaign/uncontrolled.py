"""What may be said of a campaign without a control group: what happened, and that it is no effect."""

from __future__ import annotations

from typing import Any

import pandas as pd

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.evaluate.observational.conclusion import Allowed, say_what_is_allowed
from loyalty.evaluate.observational.did import DifferenceInDifferences, difference_in_differences
from loyalty.evaluate.observational.placebo import Comparison, compare_all, judge_placebo
from loyalty.report.campaign.job import CampaignReport, Job, say_few
from loyalty.report.campaign.trust import check_matching
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.parts import find_span
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import say_money

VERDICT = "We cannot know what the campaign did: there is no control group"
SHORT = "We cannot know what the campaign did: the control group is too small"
PRE_DAYS = (28, 84, 180)  # windows before the start, as far as the receipts reach
FEW = "We cannot know what the campaign did: too few were treated"
NEXT = (
    "Next time: before you send, choose a part at random (10 to 20 % is often enough), send them nothing, and keep the "
    "list, because only they show what people buy without the offer."
)


def describe_windows(wide: pd.DataFrame, days: dict[str, int]) -> pd.DataFrame:
    """Show what the treated did before, during and after, per customer and week, because windows differ in length."""
    names = {"pre": "before", "main": "during", "post": "after"}
    rows = []
    for window, length in days.items():
        week = length / 7
        rows.append(
            {
                "window": names[window],
                "days": length,
                "buyers share": (wide[f"orders_{window}"] > 0).mean(),
                "purchases a week": wide[f"orders_{window}"].mean() / week,
                "sales a week": wide[f"sales_{window}"].mean() / week,
            }
        )
    return pd.DataFrame(rows)


def compare_not_invited(
    wide: pd.DataFrame, name: str, unit: str, trends: DifferenceInDifferences | None = None
) -> tuple[Comparison | None, Allowed | None, list[str]]:
    """Compare the invited with eligible customers who were not: an observational study with a placebo test.

    Every method is tried. The placebo outcome is sales in the earlier half of the time before the start; the later
    half gives the covariates. This does not replace a control group: the people who chose the invited knew something.

    Parameters
    ----------
    wide : pandas.DataFrame
        One row a customer: arm, sales_main, orders_pre, sales_pre, and sales_earlier if receipts reach so far.
    name : str
        The arm of those who were not invited.
    unit : str
        Written before amounts.
    trends : DifferenceInDifferences, optional
        How both groups moved from before the start; what may be said has to fit it too.

    Returns
    -------
    tuple of (Comparison or None, Allowed or None, list of str)
        None, with the reason, where the groups are too small or nothing from before is known.
    """
    both = wide.assign(invited=wide["arm"] != name)
    sizes = both["invited"].value_counts()
    if sizes.min() < 50 or len(sizes) < 2:
        return None, None, ["fewer than 50 customers on one side: too few to make the groups alike"]
    covariates = [column for column in ("orders_pre", "sales_pre") if column in both and both[column].nunique() > 1]
    if not covariates:
        return None, None, ["nothing is known from before the start: the groups cannot be made alike"]
    placebo = "sales_earlier" if "sales_earlier" in both and both["sales_earlier"].nunique() > 1 else None
    found = compare_all(both, treated="invited", outcome="sales_main", covariates=covariates, placebo=placebo)
    evidence = [found] if trends is None else [found, trends]
    return found, say_what_is_allowed(*evidence, measure="sales per customer", unit=unit), []


def measure_trends(job: Job, receipts: AnyTable) -> tuple[DifferenceInDifferences | None, list[str]]:
    """Compare how the invited and the not invited moved from before the start to the campaign.

    Amounts are per the campaign's length, as those of the other methods.

    Returns
    -------
    tuple of (DifferenceInDifferences or None, list of str)
        None, with the reason, where the receipts do not reach back far enough.
    """
    people = job.wide[job.wide["arm"] != "control"]
    start = pd.Timestamp(job.values["start"])
    reach = (start - find_span(receipts)["first"].normalize()).days
    lengths = [days for days in PRE_DAYS if days <= reach]
    if not lengths:
        return None, [f"receipts begin {max(reach, 0)} days before the start: no difference in differences"]
    try:
        found = difference_in_differences(
            receipts,
            treated=people.loc[people["arm"] != job.values["not_invited"], "customer_id"],
            customers=people[["customer_id"]],
            start=start,
            end=job.values["end"],
            pre_days=lengths,
            per_days=job.days["main"],
        )
    except TableError as error:
        return None, [f"no difference in differences: {error.problems[0]}"]
    return found, []


def _list_trends(trends: DifferenceInDifferences) -> pd.DataFrame:
    """One row an estimate, beside it the placebo of the same length whose date is the last one before the start."""
    rows = []
    for estimate in trends.estimates:
        days = estimate.details["pre_days"]
        row: dict[str, Any] = {"method": f"difference in differences, {days} days before"}
        row |= {name: getattr(estimate, name) for name in ("effect", "low", "high", "p")}
        alike = [placebo for placebo in trends.placebos if placebo.details["pre_days"] == days]
        if alike:
            last = max(alike, key=lambda placebo: placebo.details["start"])
            row |= {"placebo": last.effect, "placebo_low": last.low, "placebo_high": last.high}
            row["placebo_says"] = judge_placebo(last, estimate)
        rows.append(row)
    return pd.DataFrame(rows)


def make_uncontrolled_card(
    kicker: str, verdict: str, wide: pd.DataFrame, reason: str, allowed: Allowed | None, unit: str
) -> ReportCard:
    """Make the card of a campaign without a control group, of which the effect cannot be known."""
    n = len(wide)
    bought = int((wide["orders_main"] > 0).sum())
    share = ""
    sales = ""
    if n >= SMALL:
        share = f"{bought / n:.1%}"
        sales = say_money(wide["sales_main"].mean(), unit, 2)
    facts: tuple[tuple[str, str, str], ...] = (
        ("On the list", say_few(n), "customers who were written to"),
        ("Bought during the campaign", share, "what they did, not what the campaign did"),
        ("Sales a customer", sales, "during the campaign"),
    )
    facts = tuple(fact for fact in facts if fact[1])
    notes = []
    if allowed is not None:
        notes.append(allowed.sentence)
    if verdict != FEW:
        notes.append(NEXT)
    return ReportCard(kicker, verdict, reason, "none", facts, tuple(notes))


def explain_missing_lift(
    table: pd.DataFrame,
    allowed: Allowed | None,
    comparison: Comparison | None,
    trends: DifferenceInDifferences | None = None,
) -> Section:
    """Make the section on the effect: what may be said, or a comparison of before and after with its warning."""
    if comparison is not None and allowed is not None:
        shown = comparison.to_frame().drop(columns=["warnings", "estimand", "se"], errors="ignore")
        if trends is not None:
            shown = pd.concat([shown, _list_trends(trends)], ignore_index=True)
        reasons = tuple(f"Why not more: {text}" for text in allowed.reasons)
        return Section((allowed.sentence,), shown, reasons)
    warning = (
        "This is what happened, not what the campaign did. Seasons, prices, and the way the list was chosen move these "
        "numbers too: who was picked for high recent sales falls back by himself."
    )
    says = "The same customers before, during and after. All per customer. Not an effect."
    return Section((says,), table, (warning,))


def report_without_control(job: Job, common: dict[str, Section], receipts: AnyTable) -> CampaignReport:
    """Say what happened and, where a group was not invited, what a comparison with it allows; never an effect.

    Parameters
    ----------
    job : Job
        The campaign as it was read.
    common : dict of str to Section
        Sections that every campaign report has.
    receipts : table
        Receipts, from which the placebo is taken.
    """
    name = job.values["not_invited"]
    others = ["control", name] if name else ["control"]
    invited = job.wide[~job.wide["arm"].isin(others)]
    verdict, reason = _explain_verdict(job, len(invited))
    found = None
    allowed = None
    trends = None
    notes: list[str] = []
    if name:
        wide, notes = _add_earlier_sales(job, receipts)
        trends, short = measure_trends(job, receipts)
        found, allowed, more = compare_not_invited(wide[wide["arm"] != "control"], name, job.unit, trends)
        notes = [*notes, *short, *more]
    table = describe_windows(invited, job.days)
    if len(invited) < SMALL:
        table = table[["window", "days"]]
    checks = _make_checks(job, reason, notes)
    by = job.values["by"] or ("segment" if "segment" in job.contacts else None)
    segments = pd.DataFrame({"note": ["no column segment in contacts"]})
    if by:
        segments = _describe_segments(job, invited, by)
    no_money = "What the campaign earned cannot be counted: profit is a difference to a control group."
    sections = {
        "lift": explain_missing_lift(table, allowed, found, trends),
        "money": Section((no_money,)),
        "checks": Section(table=checks),
        "segments": Section(("What they did, not what the campaign did.",), segments),
        **common,
    }
    summary = _summarise(job, len(invited), reason, allowed)
    sheets = {"summary": summary, "checks": checks, "segments": segments, "money": pd.DataFrame({"note": [no_money]})}
    card = make_uncontrolled_card(job.kicker, verdict, invited, reason, allowed, job.unit)
    results = {"outcomes": job.outcomes, "checks": checks, "comparison": found, "trends": trends, "allowed": allowed}
    charts = {"lift": lambda: found.plot(unit=job.unit)} if found is not None else {}
    return CampaignReport(job.title, card, sections, charts, sheets, job.people, results)


def _explain_verdict(job: Job, invited: int) -> tuple[str, str]:
    """Return the verdict and its reason: too few treated, too small a control group, or none at all."""
    control = int((job.contacts["arm"] == "control").sum())
    if control >= SMALL:
        return (
            FEW,
            f"Fewer than {SMALL} customers were treated. "
            f"Send to more next time, because {SMALL} are too few to show anything.",
        )
    anyway = f"so nobody shows what these {say_few(invited)} customers would have bought anyway"
    if control:
        return SHORT, f"The control group has fewer than {SMALL} customers: {anyway}."
    return VERDICT, f"Nobody was left out at random, {anyway}."


def _add_earlier_sales(job: Job, receipts: AnyTable) -> tuple[pd.DataFrame, list[str]]:
    """Add the placebo outcome: sales in the 28 days before the window before the start; without receipts a note."""
    end = pd.Timestamp(job.values["start"]) - pd.Timedelta(days=job.days.get("pre", 28))
    start = end - pd.Timedelta(days=28)
    try:
        past = build_outcomes(job.contacts, receipts, start=start, end=end, before=0, after=0)
    except TableError:
        return job.wide, ["no receipts before the window before: the placebo is missing"]
    past = past[["customer_id", "sales"]].rename(columns={"sales": "sales_earlier"})
    return job.wide.merge(past, on="customer_id", how="left"), []


def _make_checks(job: Job, reason: str, notes: list[str]) -> pd.DataFrame:
    """Make the table of checks: the missing control group is an alarm, whatever else is fine."""
    remarks = dict(job.shortened) | {f"Comparison {number}": text for number, text in enumerate(notes, 1)}
    rows = [check_matching(job.seen), ("Control group", "alarm", reason)]
    rows += [(name, "look", text) for name, text in remarks.items()]
    return parts.make_checks(rows)


def _summarise(job: Job, invited: int, reason: str, allowed: Allowed | None) -> pd.DataFrame:
    """Make the sheet `summary`."""
    written_to = say_few(invited) if invited < SMALL else invited
    rows: list[tuple[str, Any, str, str]] = [
        ("Verdict", "cannot be known", "text", reason),
        ("Start", pd.Timestamp(job.values["start"]), "day", ""),
        ("End", pd.Timestamp(job.values["end"]), "day", ""),
        ("Customers written to", written_to, "count", ""),
    ]
    if allowed:
        rows.append(("What may be said", allowed.sentence, "text", "; ".join(allowed.reasons)))
    return parts.make_summary(rows)


def _describe_segments(job: Job, invited: pd.DataFrame, by: str) -> pd.DataFrame:
    people = invited.assign(segment=invited["customer_id"].map(job.contacts.set_index("customer_id")[by]))
    rows = people.assign(bought=people["orders_main"] > 0).groupby("segment")
    table = rows.agg(customers=("customer_id", "size"), buyers=("bought", "mean"), sales=("sales_main", "mean"))
    names = {"buyers": "buyers share", "sales": "sales each"}
    return suppress_small(table.reset_index().rename(columns=names), ["customers"], ["segment"])
