"""The campaign report with a control group: lift, money, segments, and the card that says it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import draw_intervals, headline, house_style
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lifts
from loyalty.evaluate.money.profit import Money, campaign_money, compare_money
from loyalty.report.campaign.job import COSTS, CampaignReport, Job
from loyalty.report.campaign.trust import check_campaign, find_alarms, list_advice
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section, say_value
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.tables.check import TableError

WORDS = {"earned": "The campaign earned money", "lost": "The campaign lost money"}
DOUBT = "Do not sign yet: the test itself is in doubt"
NO_FIGURE = "Until that is explained there is no result; what was measured all the same stands below."
OPEN = "It is open whether the campaign earned money"
LUCK = "test this arm once more, because the best of several may be lucky"
THIN = "plan the next test with campaign_plan, which says how large both groups must be"
STOP = "A check has failed: these numbers may be wrong until that is explained."
TONES = {"earned": "good", "lost": "bad", "open": "open"}


def report_with_control(job: Job, common: dict[str, Section], offers: Any) -> CampaignReport:
    """Measure lift and money against the control, with checks that may stop the verdict."""
    values = job.values
    unit = job.unit
    name = job.values["not_invited"]
    if name:  # nobody drew them by lot: they are neither treated nor control
        tables = {part: getattr(job, part) for part in ("contacts", "wide", "outcomes")}
        drawn = set(job.contacts.loc[job.contacts["arm"] != name, "customer_id"])
        kept = {part: table[table["customer_id"].isin(drawn)] for part, table in tables.items()}
        job = replace(job, **{part: table.reset_index(drop=True) for part, table in kept.items()})
    sizes = job.contacts["arm"].value_counts()
    arms = sorted(set(sizes[sizes >= SMALL].index) - {"control"})
    if not arms:
        raise TableError([f"no group but control has {SMALL} customers or more"], "contacts")
    costs = {name: values[name] for name in COSTS} | {"vat_rate": values["vat_rate"] or 0.0}
    asked = {"offers": None if offers is None else offers.table, "margin_rate": values["margin_rate"], **costs}
    asked["windows"] = ("main", "post") if "post" in job.days else ("main",)
    large = job.contacts[job.contacts["arm"].isin([*arms, "control"])]
    ranking = compare_money(large, job.outcomes, **asked) if len(arms) > 1 else None
    best = arms[0] if ranking is None else str(ranking["arm"].iloc[0])
    money = campaign_money(job.contacts, job.outcomes, arm=best, **asked)
    lift = _measure(job, best, "sales")
    lifts = {"sales during the campaign": lift}
    sharper = ()
    if "pre" in job.days:
        sharp, sharper = _sharpen(job, best, lift)
        lifts |= {"the same, sharpened by sales before": sharp} if sharp is not None else {}
    if "post" in job.days:
        lifts["sales after it"] = _measure(job, best, "sales", window="post")
    response = _measure(job, best, "responded")
    about = {f"About the money{f', {i}' * (len(money.warnings) > 1)}": t for i, t in enumerate(money.warnings, 1)}
    notes = dict(job.shortened) | about
    checks = check_campaign(job, notes)
    alarms = find_alarms(checks)
    verdict = money.verdict
    thin = any(text.startswith("fewer than 20") for text in money.profit.warnings)
    if alarms or thin or (ranking is not None and ranking["p_holm"].iloc[0] > 0.05):
        verdict = "open"
    # What is said and drawn must not claim more than the card.
    advice = THIN if thin else LUCK if verdict != money.verdict else money.recommendation
    said_money = replace(money, verdict=verdict, recommendation=advice)
    card = _make_card(job, said_money, lift, checks, alarms, len(arms))
    rows = [_say_lift(name, found, "money") for name, found in lifts.items()]
    table = pd.DataFrame([*rows, _say_lift("customers who bought", response, "percent")])
    words = (_say_effect(job, lift, bool(alarms)), *sharper, *(f"Careful: {text}." for text in lift.warnings))
    words = (f"Shown is the best arm, {best}.", *words) if ranking is not None else words
    segments, segment_words, segment_notes = _measure_segments(job, len(arms))
    is_shown = (money.lines["per_customer"] != 0) | money.lines["line"].isin(["sales", "margin", "profit"])
    lines = money.lines[is_shown].drop(columns="adds")
    lines = lines.rename(columns={"per_customer": "per customer", "total": "all treated"})
    sub = tuple(name for name in lines["line"] if name.startswith("of which"))
    stop = (STOP,) if alarms else ()
    said = tuple(f"{text[:1].upper()}{text[1:]}." for text in money.notes)
    sections = {
        "lift": Section((*stop, *words), table),
        "checks": Section(table=checks),
        "money": Section(stop or (said_money.sentence(unit),), lines, said, strong=("profit",), sub=sub),
        "segments": Section(segment_words if segments is None else stop or segment_words, segments, segment_notes),
        **common,
    }
    summary = parts.make_summary(
        [
            ("Verdict", verdict, "text", "; ".join(alarms.values())),
            ("Start", pd.Timestamp(values["start"]), "day", ""),
            ("End", pd.Timestamp(values["end"]), "day", "the day after the last day"),
            ("Treated", lift.n_treated, "count", best),
            ("Control", lift.n_control, "count", ""),
            ("Lift of sales per customer", lift.effect, "money", "during the campaign"),
            ("Lift, low", lift.low, "money", f"{lift.level:.0%} interval"),
            ("Lift, high", lift.high, "money", ""),
            ("Lift, relative", lift.relative, "percent", "of control's sales"),
            ("Lift, p", lift.p, "p", lift.method),
            *[
                row
                for found in list(lifts.values())[1:2]
                if sharper and "saving" in found.details
                for row in (
                    ("Lift, sharpened", found.effect, "money", found.method),
                    ("Lift, sharpened, low", found.low, "money", ""),
                    ("Lift, sharpened, high", found.high, "money", ""),
                    ("Variance saved", found.details["saving"], "percent", "by what customers bought before"),
                )
            ],
            ("Profit per customer", money.profit.effect, "money", " and ".join(money.windows)),
            ("Profit per customer, low", money.profit.low, "money", ""),
            ("Profit per customer, high", money.profit.high, "money", ""),
            ("Profit in all", money.total.effect, "money", ""),
            ("Profit in all, low", money.total.low, "money", ""),
            ("Profit in all, high", money.total.high, "money", ""),
            ("Probability of a loss", money.probability_of_loss, "percent", "given these data alone"),
        ]
    )
    empty = pd.DataFrame({"note": list(segment_words)})
    sheets = {
        "summary": summary,
        "checks": checks,
        "segments": segments if segments is not None else empty,
        "money": lines,
    }
    charts = {"lift": lambda: _draw_lift(lifts, job, bool(alarms)), "money": lambda: _draw_money(said_money, unit)}
    results = {"lift": lift, "money": money, "outcomes": job.outcomes, "response": response, "checks": checks}
    results |= {"sharp": lifts.get("the same, sharpened by sales before")}
    if segments is not None and segments["effect"].notna().any():
        charts["segments"] = lambda: _draw_segments(segments, job)
    if ranking is not None:
        results["arms"] = measure_lift(job.contacts, job.outcomes, "sales")
        sections["arms"], sections["arms_money"] = _show_arms(results["arms"], ranking, stop)
        sheets |= {"arms": sections["arms"].table, "arms in money": sections["arms_money"].table}
        charts["arms"] = lambda: _draw_arms(ranking, unit, verdict)
    return CampaignReport(job.title, card, sections, charts, sheets, job.wide, results, verdict)


def _measure(job: Job, arm: str, outcome: str, **options: Any) -> Any:
    """One arm against control; measured with all arms, because their probabilities belong together."""
    found = measure_lift(job.contacts, job.outcomes, outcome, **options)
    return next(lift for lift in found if lift.arm == arm) if isinstance(found, Lifts) else found


def _sharpen(job: Job, arm: str, plain: Any) -> tuple[Any | None, tuple[str, ...]]:
    """Measure again with what each customer bought before the start, where that is possible; and say what it saved."""
    try:
        sharp = _measure(job, arm, "sales", before="sales")
    except TableError as error:
        return None, (f"Sales before the start cannot sharpen this: {error.problems[0]}.",)
    if "slope" not in sharp.method:
        why = [text.split("; ")[0] for text in sharp.warnings if text not in plain.warnings]
        return None, tuple(f"Sales before the start: {text}." for text in why)
    saving = sharp.details["saving"]
    worth = f", worth {1 / (1 - saving) - 1:.0%} more customers" if 0 < saving < 1 else ": the plain one is the better"
    span = f"{job.money(sharp.effect)} (95 % interval {job.money(sharp.low)} to {job.money(sharp.high)})"
    says = (
        f"Sharpened by what each customer bought before the start it is {span}; that saved {saving:.0%} of the variance"
    )
    return sharp, (f"{says}{worth}. The verdict stands on the plain comparison.",)


def _make_card(
    job: Job, money: Money, lift: Any, checks: pd.DataFrame, alarms: Mapping[str, str], arms: int
) -> ReportCard:
    each = money.profit
    sentence = (
        f"{job.money(each.effect)} of profit for each customer on the list, with a {each.level:.0%} interval of "
        f"{job.money(each.low)} to {job.money(each.high)}."
    ).replace("%", " %")
    passed = int((checks["result"] == "good").sum())
    done = int(checks["result"].isin(["good", "look", "alarm"]).sum())
    total = [job.money(value, 0) for value in (money.total.effect, money.total.low, money.total.high)]
    failed = {0: "see below", 1: "one has failed"}.get(len(alarms), f"{len(alarms)} have failed")
    size = (
        ("Measured on", f"{lift.n_treated:,} treated", f"against {lift.n_control:,} in control"),
        ("Checks", f"{passed} of {done} fine", failed),
    )
    if alarms:  # no figure that somebody could take for the result
        sentence = f"A check has failed: {next(iter(alarms.values()))}."
        mend = [f"What to do. {text}" for text in list_advice(alarms)]
        return ReportCard(job.kicker, DOUBT, sentence, "open", size, (*mend, NO_FIGURE))
    facts = (
        ("Profit", total[0], f"{total[1]} to {total[2]}"),
        ("Lift a customer", job.money(lift.effect), _say_relative(lift)),
        *size,
    )
    notes = [_say_effect(job, lift), *(f"Careful: {text}." for text in each.warnings if text in lift.warnings)]
    notes += [f"Next: {money.recommendation}."] * (money.recommendation != LUCK)
    notes += [f"Best of {arms} arms: being best of several is partly luck, which the verdict allows for."] * (arms > 1)
    return ReportCard(job.kicker, WORDS.get(money.verdict, OPEN), sentence, TONES[money.verdict], facts, tuple(notes))


def _say_relative(lift: Any) -> str:
    said = f"{lift.relative:+.1%} on control".replace("%", " %").replace("-", "−")
    return said if lift.relative == lift.relative else ""


def _say_effect(job: Job, lift: Any, doubt: bool = False) -> str:
    span = f"{job.money(lift.low)} to {job.money(lift.high)}"
    zero = "" if not lift.low <= 0 <= lift.high else " The interval holds zero: it may have changed nothing."
    more = "more" if lift.effect >= 0 else "less"
    than = "control" if doubt else "without the campaign"
    changed = f"Each customer on the list bought for {job.money(abs(lift.effect))} {more} than {than}"
    return f"{changed} (95 % interval {span}).{'' if doubt else zero}"


def _say_lift(name: str, found: Any, kind: str) -> dict[str, Any]:
    treated = found.base + found.effect
    values = {"treated": treated, "control": found.base, "effect": found.effect, "low": found.low, "high": found.high}
    shown = {key: say_value(value, kind) for key, value in values.items()}
    if kind == "percent":  # a difference of two rates is in points, not in percent
        shown |= {key: f"{say_value(100 * values[key], 'money', 1)} points" for key in ("effect", "low", "high")}
    return {"per customer": name, **shown, "relative": found.relative, "p": found.p}


def _measure_segments(job: Job, arms: int) -> tuple[pd.DataFrame | None, tuple[str, ...], tuple[str, ...]]:
    """The effect of each arm in each segment, the words about the best of them, and the notes below."""
    by = job.values["by"] or ("segment" if "segment" in job.contacts else None)
    if by is None:
        return None, ("No segments: the contact list has no column segment, and `by` was not set.",), ()
    known = job.contacts[job.contacts[by].notna()].assign(**{by: lambda rows: rows[by].astype("str")})
    if known[by].nunique() < 2:
        return None, (f"No segments: `{by}` has fewer than two values.",), ()
    kept = job.outcomes[job.outcomes["customer_id"].isin(known["customer_id"])]
    try:
        measured = measure_lift(known, kept, "sales", by=by)
    except TableError as error:
        return None, (f"No segments: {error.problems[0]}.",), ()
    keys = ["arm", "segment"] if arms > 1 else ["segment"]
    shown = _show_lifts(measured, keys)
    missing = known[by].nunique() * arms - len(shown)
    words = ()
    rows = shown[pd.to_numeric(shown["shrunken"], errors="coerce").notna()]
    if len(rows):
        best = rows.loc[rows["shrunken"].astype("float64").idxmax()]
        raw = job.money(best["effect"])
        shrunken = job.money(best["shrunken"])
        says = f"{raw}, too high on average" if raw == shrunken else f"quote {shrunken}, not the {raw} measured"
        words = (f"Best: {', '.join(best[keys])}. The best of {len(measured)} is partly luck: {says}.",)
    notes = (
        "Shrunken: the effect drawn towards the mean of all segments, from four cells on.",
        "p adjusted: allows for the number of cells (Benjamini and Hochberg).",
        *([f"{missing} segments have fewer than two customers in one of the groups."] if missing else []),
    )
    return shown, words, notes


def _show_lifts(measured: Any, keys: list[str]) -> pd.DataFrame:
    names = {"n_treated": "treated", "n_control": "control", "p_adjusted": "p adjusted"}
    columns = [*keys, "n_treated", "n_control", "effect", "low", "high", "shrunken", "p", "p_adjusted"]
    return suppress_small(measured.to_frame()[columns].rename(columns=names), ["treated", "control"], keys)


def _show_arms(measured: Any, ranking: pd.DataFrame, stop: tuple[str, ...]) -> tuple[Section, Section]:
    """Every arm against the same control: its lift of sales, and its money."""
    names = {"n_treated": "treated", "p_holm": "p adjusted", "probability_of_loss": "probability of a loss"}
    columns = ["arm", "treated", "profit", "low", "high", "p", "p adjusted", "probability of a loss"]
    money = suppress_small(ranking.rename(columns=names)[columns], ["treated"], ["arm"])
    notes = (
        "p adjusted: allows for the number of arms (Holm). Shrunken: drawn towards their mean, from four arms on.",
    )
    says = "Sales during the campaign, each arm against the same control."
    profit = "Profit per customer assigned, the best first; being best of several is partly luck."
    shown = Section((*stop, says), _show_lifts(measured, ["arm"]), notes, title="The arms")
    return shown, Section((profit,), money)


def _draw_lift(lifts: Mapping[str, Any], job: Job, doubt: bool) -> Axes:
    house_style()
    rows = [{"effect": found.effect, "low": found.low, "high": found.high} for found in lifts.values()]
    ax = draw_intervals(pd.DataFrame(rows, index=list(lifts)), unit=job.unit)
    first = next(iter(lifts.values()))
    more = "more" if first.effect >= 0 else "less"
    finding = f"Customers on the list bought for {job.money(abs(first.effect))} {more} each"
    title = finding if not first.low <= 0 <= first.high else "Sales: no change that can be told from chance"
    title = "In doubt, because a check has failed: sales" if doubt else title
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


def _draw_segments(segments: pd.DataFrame, job: Job) -> Axes:
    house_style()
    rows = segments[pd.to_numeric(segments["effect"], errors="coerce").notna()]
    names = rows["segment"].astype("str")
    names = names + ", " + rows["arm"] if "arm" in rows else names
    shown = rows.set_index(names)[["effect", "low", "high"]].astype("float64")
    ax = draw_intervals(shown, unit=job.unit)
    headline(ax, "Is the effect the same everywhere?", "treated − control, sales per customer, with the 95 % interval")
    return ax
