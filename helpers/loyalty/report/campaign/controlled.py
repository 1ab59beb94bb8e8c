"""The campaign report with a control group: lift, money, effect by segment, and the card with the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import draw_intervals, headline, house_style
from loyalty.evaluate.lift.measure import measure_lift, measure_lifts
from loyalty.evaluate.lift.result import Lifts
from loyalty.evaluate.money.profit import Money, campaign_money, compare_money
from loyalty.report.campaign.card import (
    DURING,
    LUCK,
    Measured,
    advise_costs,
    advise_loss,
    advise_plainly,
    list_missing_costs,
    make_card,
    say_effect,
    say_windows,
)
from loyalty.report.campaign.job import COSTS, CampaignReport, Job
from loyalty.report.campaign.placebo import ROW, list_rows, measure_placebo, say_lift, say_profit
from loyalty.report.campaign.segments import Segments, draw_segments, measure_segments, say_other_sign, show_lifts
from loyalty.report.campaign.tails import keep_warnings
from loyalty.report.campaign.trust import check_campaign, find_alarms
from loyalty.report.output import parts
from loyalty.report.output.html import Section, say_value
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.arms import join_arms
from loyalty.text import find_decimals

THIN = "plan the next test with campaign_plan, which says how large both groups must be"
STOP = "A check has failed: these numbers may be wrong until that is explained."
WINDOWS = {
    "of which window main, before contact": "of which during the campaign, before contact",
    "of which window post, before contact": "of which after it, before contact",
}
SHARPENED = "the same, sharpened by sales before"


def report_with_control(job: Job, common: dict[str, Section], offers: AnyTable) -> CampaignReport:
    """Measure lift and money against the control group, with checks that may withhold the verdict.

    Parameters
    ----------
    job : Job
        The campaign as it was read.
    common : dict of str to Section
        Sections that every campaign report has.
    offers : Loaded or None
        The table of offers, with their costs.
    """
    job = _drop_not_invited(job)
    measured = _measure_campaign(job, offers)
    card = make_card(job, measured)
    segments = measure_segments(job, len(measured.arms), _read_money_options(job, offers))
    if not measured.alarms:  # after a failed check no figure may stand on the card
        other = say_other_sign(job, segments, measured.money.total.effect)
        card = replace(card, notes=(*card.notes[:1], *other, *card.notes[1:]))
    lines = _select_money_lines(measured.money)
    results = {
        "lift": measured.lift,
        "money": measured.money,
        "outcomes": job.outcomes,
        "response": measured.response,
        "checks": measured.checks,
        "sharp": measured.sharp,
        "placebo": measured.placebo,
    }
    sections = _make_sections(job, measured, segments, lines) | common
    sheets = _make_sheets(job, measured, segments, lines)
    if measured.ranking is not None:
        results["arms"] = measure_lift(job.contacts, job.outcomes, "sales", cluster=job.cluster)
        stop = (STOP,) if measured.alarms else ()
        sections["arms"], sections["arms_money"] = _show_arms(results["arms"], measured.ranking, stop)
        sheets["arms"] = sections["arms"].to_frame()
        sheets["arms in money"] = sections["arms_money"].to_frame()
    charts = _make_charts(job, measured, segments)
    return CampaignReport(job.title, card, sections, charts, sheets, job.people, results, measured.verdict)


def _drop_not_invited(job: Job) -> Job:
    """Leave out the customers who were not invited: nobody drew them by lot, so they are no control group."""
    name = job.values["not_invited"]
    if not name:
        return job
    drawn = set(job.contacts.loc[job.contacts["arm"] != name, "customer_id"])

    def keep_drawn(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["customer_id"].isin(drawn)].reset_index(drop=True)

    return replace(
        job,
        contacts=keep_drawn(job.contacts),
        wide=keep_drawn(job.wide),
        outcomes=keep_drawn(job.outcomes),
        early=job.early.keep(drawn),
    )


def _measure_campaign(job: Job, offers: AnyTable) -> Measured:
    """Measure the best arm, and decide what may be said of it."""
    sizes = job.contacts["arm"].value_counts()
    arms = sorted(set(sizes[sizes >= SMALL].index) - {"control"})
    if not arms:
        raise TableError([f"no group but control has {SMALL} customers or more"], "contacts")
    asked = _read_money_options(job, offers)
    ranking = None
    together = None
    best = arms[0]
    if len(arms) > 1:
        large = job.contacts[job.contacts["arm"].isin([*arms, "control"])]
        ranking = compare_money(large, job.outcomes, **asked)
        best = str(ranking["arm"].iloc[0])
        together = _count_together(large, job.outcomes, asked)
    money = campaign_money(job.contacts, job.outcomes, arm=best, **asked)
    lift, response = _measure_main(job, best)
    lifts, sharp, sharper = _measure_sales(job, best, lift)
    checks = check_campaign(job, dict(job.shortened) | _number_warnings(money))
    alarms = find_alarms(checks)
    is_thin = any(text.startswith("fewer than 20") for text in money.profit.warnings)
    is_luck = ranking is not None and ranking["p_holm"].iloc[0] > 0.05
    verdict = "open" if alarms or is_thin or is_luck else money.verdict
    if is_thin:
        advice = THIN
    elif verdict != money.verdict:
        advice = LUCK.format(best)
    elif money.missing_costs and money.profit.effect > 0:
        advice = advise_costs(job, money)
    elif money.missing_costs and money.verdict != "lost":
        advice = advise_loss(job, best if len(arms) > 1 else "", money)
    else:
        advice = advise_plainly(best if len(arms) > 1 else "", money)
    return Measured(
        arms=arms,
        best=best,
        ranking=ranking,
        together=together,
        money=money,
        lifts=lifts,
        sharp=sharp,
        sharper=sharper,
        response=response,
        checks=checks,
        alarms=alarms,
        verdict=verdict,
        advice=advice,
        placebo=measure_placebo(job.early, job.contacts, best, asked),
    )


def _count_together(contacts: pd.DataFrame, outcomes: pd.DataFrame, asked: dict[str, Any]) -> Money | None:
    """Count the money of all arms as one; None where the chance of control differs and no stratum says how."""
    try:
        joined = join_arms(contacts)
    except TableError:
        return None
    return campaign_money(joined, outcomes, **asked)


def _read_money_options(job: Job, offers: AnyTable) -> dict[str, Any]:
    """Collect from the settings what `campaign_money` asks for: costs, margin rate and windows."""
    values = job.values
    costs = {name: values[name] for name in COSTS}
    return {
        "offers": None if offers is None else offers.table,
        "margin_rate": values["margin_rate"],
        **costs,
        "vat_rate": values["vat_rate"] or 0.0,
        "windows": ("main", "post") if "post" in job.days else ("main",),
        "cluster": job.cluster,
    }


def _measure_main(job: Job, arm: str) -> tuple[Any, Any]:
    """Measure sales and the share of buyers during the campaign, in one reading of the tables."""
    if job.cluster is not None:
        return _measure(job, arm, "sales"), _measure(job, arm, "responded")
    found = [lift for lift in measure_lifts(job.contacts, job.outcomes, ["sales", "responded"]) if lift.arm == arm]
    return next(lift for lift in found if lift.outcome == "sales"), next(
        lift for lift in found if lift.outcome == "responded"
    )


def _measure_sales(job: Job, arm: str, lift: Any) -> tuple[dict[str, Any], Any | None, tuple[str, ...]]:
    """Sharpen the lift of sales, and measure that after the campaign; return the lifts, the sharp one, and words."""
    lifts = {DURING: lift}
    sharp = None
    sharper: tuple[str, ...] = ()
    if "pre" in job.days:
        sharp, sharper = _sharpen(job, arm, lift)
    if sharp is not None:
        lifts[SHARPENED] = sharp
    if "post" in job.days:
        lifts["sales after it"] = _measure(job, arm, "sales", window="post")
    return lifts, sharp, sharper


def _number_warnings(money: Money) -> dict[str, str]:
    """Name the warnings of the money for the table of checks; with a number where there are several."""
    warnings = keep_warnings(money.warnings, money.profit)
    several = len(warnings) > 1
    numbered = enumerate(warnings, 1)
    return {f"About the money, {number}" if several else "About the money": text for number, text in numbered}


def _select_money_lines(money: Money) -> pd.DataFrame:
    """The lines of the money that are not zero; sales, margin and profit always."""
    is_shown = (money.lines["per_customer"] != 0) | money.lines["line"].isin(["sales", "margin", "profit"])
    lines = money.lines[is_shown].drop(columns="adds").replace({"line": WINDOWS})
    return lines.rename(columns={"per_customer": "per treated customer", "total": "all treated"})


def _make_sections(job: Job, measured: Measured, segments: Segments, lines: pd.DataFrame) -> dict[str, Section]:
    """Write the sections on lift, checks, money and segments; after a failed check they warn before they show."""
    stop = (STOP,) if measured.alarms else ()
    lift = measured.lift
    careful = [f"Careful: {text}." for text in keep_warnings(lift.warnings, lift)]
    words = [say_effect(job, lift, arm=measured.one_arm, doubt=bool(measured.alarms)), *measured.sharper, *careful]
    words[1:1] = say_lift(measured.placebo, job.unit)
    if measured.ranking is not None:
        words.insert(0, f"Shown is the best arm, {measured.best}.")
    rows = [_say_lift(name, found, "money") for name, found in measured.lifts_and_placebo.items()]
    table = pd.DataFrame([*rows, _say_lift("customers who bought", measured.response, "percent")])
    if measured.placebo.sales is not None:  # no verdict of its own, and so no p-value
        is_placebo = table["per customer"] == ROW
        table.loc[is_placebo, "p"] = float("nan")
        table.loc[is_placebo, "per customer"] = measured.placebo.name_row()
    parts_of_lines = tuple(name for name in lines["line"] if name.startswith("of which"))
    counted = f"sales, margin and profit here are sums of what came {say_windows(job)}"
    notes = tuple(f"{text[:1].upper()}{text[1:]}." for text in (counted, *measured.money.notes))
    profit = measured.money.profit
    decimals = find_decimals([profit.low, profit.high])
    money_words: tuple[str, ...] = stop or (measured.said_money.say_finding(job.unit, decimals),)
    money_words = (*money_words, *say_profit(measured.placebo, job.unit))
    if missing := list_missing_costs(measured.money):
        money_words = (*money_words, f"Not in this profit, because nobody gave what they cost: {', '.join(missing)}.")
    segment_words = segments.words if segments.table is None else stop or segments.words
    return {
        "lift": Section((*stop, *words), table),
        "checks": Section(table=measured.checks),
        "money": Section(money_words, lines, notes, strong=("profit",), sub=parts_of_lines, decimals=decimals),
        "segments": Section(segment_words, segments.table, segments.notes, decimals=segments.decimals),
    }


def _make_sheets(job: Job, measured: Measured, segments: Segments, lines: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Make the sheets of the workbook that every campaign with a control group has."""
    no_segments = pd.DataFrame({"note": list(segments.words)})
    return {
        "summary": _summarise(job, measured),
        "checks": measured.checks,
        "segments": no_segments if segments.table is None else segments.table,
        "money": lines,
    }


def _summarise(job: Job, measured: Measured) -> pd.DataFrame:
    """Make the sheet `summary`: the verdict and the numbers it stands on, unrounded."""
    values = job.values
    lift = measured.lift
    money = measured.money
    rows: list[tuple[str, Any, str, str]] = [
        ("Verdict", measured.verdict, "text", "; ".join(measured.alarms.values())),
        ("Start", pd.Timestamp(values["start"]), "day", ""),
        ("End", pd.Timestamp(values["end"]), "day", "the day after the last day"),
        ("Treated", lift.n_treated, "count", measured.best),
        ("Control", lift.n_control, "count", ""),
        ("Lift of sales per customer", lift.effect, "money", "during the campaign"),
        ("Lift, low", lift.low, "money", f"{lift.level:.0%} interval"),
        ("Lift, high", lift.high, "money", ""),
        ("Lift, relative", lift.relative, "percent", "of control's sales"),
        ("Lift, p", lift.p, "p", lift.method),
    ]
    sharp = measured.sharp
    if sharp is not None:
        rows += [
            ("Lift, sharpened", sharp.effect, "money", sharp.method),
            ("Lift, sharpened, low", sharp.low, "money", ""),
            ("Lift, sharpened, high", sharp.high, "money", ""),
            ("Variance saved", sharp.details["saving"], "percent", "by what customers bought before"),
        ]
    rows += [
        ("Profit per customer", money.profit.effect, "money", " and ".join(money.windows)),
        ("Profit per customer, low", money.profit.low, "money", ""),
        ("Profit per customer, high", money.profit.high, "money", ""),
        ("Profit in all", money.total.effect, "money", ""),
        ("Profit in all, low", money.total.low, "money", ""),
        ("Profit in all, high", money.total.high, "money", ""),
        ("Costs not given", ", ".join(list_missing_costs(money)) or "none", "text", "counted as 0"),
        ("Probability of a loss", money.probability_of_loss, "percent", "given these data alone"),
        *list_rows(measured.placebo),
    ]
    return parts.make_summary(rows)


def _make_charts(job: Job, measured: Measured, segments: Segments) -> dict[str, Callable[[], Axes]]:
    """Name the charts that this campaign allows; each is drawn when it is called."""
    charts: dict[str, Callable[[], Axes]] = {
        "lift": lambda: _draw_lift(measured.lifts_and_placebo, job, bool(measured.alarms)),
        "money": lambda: _draw_money(measured.said_money, job.unit),
    }
    table = segments.table
    if table is not None and table["effect"].notna().any():
        charts["segments"] = lambda: draw_segments(table, job)
    ranking = measured.ranking
    if ranking is not None:
        charts["arms"] = lambda: _draw_arms(ranking, job.unit, measured.verdict)
    return charts


def _measure(job: Job, arm: str, outcome: str, **options: Any) -> Any:
    """Measure one arm against control; all arms are measured together, because their p-values are adjusted together."""
    found = measure_lift(job.contacts, job.outcomes, outcome, cluster=job.cluster, **options)
    if isinstance(found, Lifts):
        return next(lift for lift in found if lift.arm == arm)
    return found


def _sharpen(job: Job, arm: str, plain: Any) -> tuple[Any | None, tuple[str, ...]]:
    """Adjust the lift by the sales before the start (CUPED); return it with words on what that brought.

    None, with the reason, where the adjustment is not possible. `plain` is the lift without it.
    """
    if job.cluster is not None:
        return None, (f"Sales before the start do not sharpen this: customers are compared by `{job.cluster}`.",)
    try:
        sharp = _measure(job, arm, "sales", before="sales")
    except TableError as error:
        return None, (f"Sales before the start cannot sharpen this: {error.problems[0]}.",)
    if "slope" not in sharp.method:
        why = [text.split("; ")[0] for text in sharp.warnings if text not in plain.warnings]
        return None, tuple(f"Sales before the start: {text}." for text in why)
    saving = sharp.details["saving"]
    worth = ": the plain one is the better"
    if 0 < saving < 1:
        worth = f", worth {1 / (1 - saving) - 1:.0%} more customers"
    effect, low, high = job.amounts(sharp.effect, sharp.low, sharp.high)
    span = f"{effect} (95 % interval {low} to {high})"
    says = f"Sharpened by what each customer bought before the start it is {span}"
    saved = f"that saved {saving:.0%} of the variance{worth}"
    return sharp, (f"{says}; {saved}. The verdict stands on the plain comparison.",)


def _say_lift(name: str, found: Any, kind: str) -> dict[str, Any]:
    treated = found.base + found.effect
    values = {"treated": treated, "control": found.base, "effect": found.effect, "low": found.low, "high": found.high}
    ends = ("effect", "low", "high")
    decimals = find_decimals([found.low, found.high])
    shown = {key: say_value(value, kind, decimals) for key, value in values.items()}
    if kind == "percent":  # a difference of two rates is in points, not in percent
        decimals = find_decimals([100 * found.low, 100 * found.high], least=1)
        shown |= {key: f"{say_value(100 * values[key], 'money', decimals)} points" for key in ends}
    return {"per customer": name, **shown, "relative": found.relative, "p": found.p}


def _show_arms(measured: Any, ranking: pd.DataFrame, stop: tuple[str, ...]) -> tuple[Section, Section]:
    """Every arm against the same control: its lift of sales, and its money."""
    names = {"n_treated": "treated", "p_holm": "p adjusted", "probability_of_loss": "probability of a loss"}
    columns = ["arm", "treated", "profit", "low", "high", "p", "p adjusted", "probability of a loss"]
    money = suppress_small(ranking.rename(columns=names)[columns], ["treated"], ["arm"])
    notes = (
        "p adjusted: allows for the number of arms (Holm).",
        "Shrunken: moved towards their mean (only with 4 or more arms).",
    )
    says = "Sales during the campaign, each arm against the same control."
    profit = "Profit per customer assigned, the best first; being best of several is partly luck."
    shown = Section((*stop, says), show_lifts(measured.to_frame(), ["arm"]), notes, title="The arms")
    return shown, Section((profit,), money)


def _draw_lift(lifts: Mapping[str, Any], job: Job, doubt: bool) -> Axes:
    house_style()
    rows = [{"effect": found.effect, "low": found.low, "high": found.high} for found in lifts.values()]
    ax = draw_intervals(pd.DataFrame(rows, index=list(lifts)), unit=job.unit)
    first = next(iter(lifts.values()))
    more = "more" if first.effect >= 0 else "less"
    if doubt:
        title = "In doubt, because a check has failed: sales"
    elif first.low <= 0 <= first.high:
        title = "Sales: no change that can be told from chance"
    else:
        title = f"{job.amounts(abs(first.effect))[0]} {more} sales per treated customer"
    headline(ax, title, "treated − control per customer assigned, with the 95 % interval")
    return ax


def _draw_money(money: Money, unit: str) -> Axes:
    house_style()
    return money.plot(unit=unit)


def _draw_arms(ranking: pd.DataFrame, unit: str, verdict: str) -> Axes:
    house_style()
    shown = ranking.rename(columns={"profit": "effect"}).set_index("arm")
    ax = draw_intervals(shown[["effect", "low", "high"]], unit=unit)
    clear = f"{ranking['arm'].iloc[0]} earned most"
    title = clear if verdict == "earned" else "It is not certain that any arm earned"
    headline(ax, title, "profit per customer assigned, with the 95 % interval")
    return ax
