"""What may be said of a campaign without a control group: what happened, and that it is no effect."""

from __future__ import annotations

from typing import Any

import pandas as pd

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.evaluate.observational.conclusion import Allowed, say_what_is_allowed
from loyalty.evaluate.observational.placebo import Comparison, compare_all
from loyalty.report.campaign.job import CampaignReport, Job
from loyalty.report.campaign.trust import check_matching, say_few
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.tables.check import TableError
from loyalty.text import say_money

VERDICT = "It cannot be known without a control group"
SHORT = "It cannot be known: the control group is too small"
FEW = "It cannot be known: too few were treated"
NEXT = (
    "Next time: leave a part out by lot before the sending (10 to 20 % often will do) and keep the list. "
    "Nothing else answers what the campaign brought."
)


def describe_windows(wide: pd.DataFrame, days: dict[str, int]) -> pd.DataFrame:
    """Show what the treated did before, during and after: per customer and week, because windows differ in length."""
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
    wide: pd.DataFrame, name: str, unit: str
) -> tuple[Comparison | None, Allowed | None, list[str]]:
    """Compare with eligible customers whom nobody drew: every method, a placebo, and the sentence that may be signed.

    The placebo is sales in the earlier half of the time before; the later half are covariates. Not a substitute for a
    control group: whoever chose the invited knew something.

    Parameters
    ----------
    wide : pandas.DataFrame
        One row a customer: arm, sales_main, orders_pre, sales_pre, and sales_earlier if receipts reach so far.
    name : str
        The arm of those who were not invited.
    unit : str
        Written before amounts.

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
    return found, say_what_is_allowed(found, measure="sales per customer", unit=unit), []


def make_uncontrolled_card(
    kicker: str, verdict: str, wide: pd.DataFrame, reason: str, allowed: Allowed | None, unit: str
) -> ReportCard:
    """The card of a campaign of which the effect cannot be known."""
    n = len(wide)
    bought = int((wide["orders_main"] > 0).sum())
    facts: tuple[Any, ...] = (
        ("On the list", say_few(n), "customers who were written to"),
        ("Bought during the campaign", f"{bought / n:.1%}" * (n >= SMALL), "as it was, no effect"),
        ("Sales a customer", say_money(wide["sales_main"].mean(), unit, 2) * (n >= SMALL), "during the campaign"),
    )
    said = (allowed.sentence,) if allowed is not None else ()
    return ReportCard(kicker, verdict, reason, "none", facts, (*said, *([NEXT] if verdict != FEW else [])))


def explain_missing_lift(table: pd.DataFrame, allowed: Allowed | None, comparison: Comparison | None) -> Section:
    """The section on the effect: what may be said, or before and after with its warning."""
    if comparison is not None and allowed is not None:
        shown = comparison.to_frame().drop(columns=["warnings", "estimand", "se"], errors="ignore")
        reasons = tuple(f"Why not more: {text}" for text in allowed.reasons)
        return Section((allowed.sentence,), shown, reasons)
    warning = (
        "This is what happened, not what the campaign did. Seasons, prices, and the way the list was chosen move these "
        "numbers too: who was picked for high recent sales falls back by himself."
    )
    says = "The same customers before, during and after. All per customer. Not an effect."
    return Section((says,), table, (warning,))


def report_without_control(job: Job, common: dict[str, Section], receipts: Any) -> CampaignReport:
    """Say what happened, and, where a group was not invited, what its comparison allows; never an effect."""
    values = job.values
    name = job.values["not_invited"]
    invited = job.wide[~job.wide["arm"].isin(["control", *([name] if name else [])])]
    control = int((job.contacts["arm"] == "control").sum())
    few = f"The control group has fewer than {SMALL} customers" if control else "Nobody was left out by lot"
    reason = f"{few}: so nobody shows what these {say_few(len(invited))} customers would have bought anyway."
    verdict = FEW if control >= SMALL else SHORT if control else VERDICT
    if control >= SMALL:
        reason = f"Fewer than {SMALL} customers were treated: too few to show what the campaign did."
    found = None
    allowed = None
    notes = []
    if name:
        end = pd.Timestamp(values["start"]) - pd.Timedelta(days=job.days.get("pre", 28))
        window = {"start": end - pd.Timedelta(days=28), "end": end, "before": 0, "after": 0}
        try:
            past = build_outcomes(job.contacts, receipts, **window)
            past = past[["customer_id", "sales"]].rename(columns={"sales": "sales_earlier"})
            wide = job.wide.merge(past, on="customer_id", how="left")
        except TableError:
            wide = job.wide
            notes = ["no receipts before the window before: the placebo is missing"]
        found, allowed, more = compare_not_invited(wide[wide["arm"] != "control"], name, job.unit)
        notes += more
    table = describe_windows(invited, job.days)
    if len(invited) < SMALL:
        table = table[["window", "days"]]
    extra = dict(job.shortened) | {f"Comparison {i}": text for i, text in enumerate(notes, 1)}
    rows = [check_matching(job.seen), ("Control group", "alarm", reason), *((n, "look", t) for n, t in extra.items())]
    checks = parts.make_checks(rows)
    by = values["by"] or ("segment" if "segment" in job.contacts else None)
    segments = _describe_segments(job, invited, by) if by else pd.DataFrame({"note": ["no column segment in contacts"]})
    no_money = "What the campaign earned cannot be counted: profit is a difference to a control group."
    sections = {
        "lift": explain_missing_lift(table, allowed, found),
        "money": Section((no_money,)),
        "checks": Section(table=checks),
        "segments": Section(("What they did, not what the campaign did.",), segments),
        **common,
    }
    summary = parts.make_summary(
        [
            ("Verdict", "cannot be known", "text", reason),
            ("Start", pd.Timestamp(values["start"]), "day", ""),
            ("End", pd.Timestamp(values["end"]), "day", ""),
            ("Customers written to", say_few(len(invited)) if len(invited) < SMALL else len(invited), "count", ""),
            *([("What may be said", allowed.sentence, "text", "; ".join(allowed.reasons))] if allowed else []),
        ]
    )
    sheets = {"summary": summary, "checks": checks, "segments": segments, "money": pd.DataFrame({"note": [no_money]})}
    card = make_uncontrolled_card(job.kicker, verdict, invited, reason, allowed, job.unit)
    results = {"outcomes": job.outcomes, "checks": checks, "comparison": found, "allowed": allowed}
    charts = {"lift": lambda: found.plot(unit=job.unit)} if found is not None else {}
    return CampaignReport(job.title, card, sections, charts, sheets, job.wide, results)


def _describe_segments(job: Job, invited: pd.DataFrame, by: str) -> pd.DataFrame:
    people = invited.assign(segment=invited["customer_id"].map(job.contacts.set_index("customer_id")[by]))
    rows = people.assign(bought=people["orders_main"] > 0).groupby("segment")
    table = rows.agg(customers=("customer_id", "size"), buyers=("bought", "mean"), sales=("sales_main", "mean"))
    names = {"buyers": "buyers share", "sales": "sales each"}
    return suppress_small(table.reset_index().rename(columns=names), ["customers"], ["segment"])
