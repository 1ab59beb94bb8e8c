"""The campaign report with a control group: lift, money, effect by segment, and the card with the verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

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
from loyalty.tables.sources import AnyTable

WORDS = {"earned": "The campaign earned money", "lost": "The campaign lost money"}
DOUBT = "Do not sign yet: the test itself is in doubt"
NO_FIGURE = "Until that is explained there is no result; what was measured all the same stands below."
OPEN = "It is open whether the campaign earned money"
LUCK = "test this arm once more, because the best of several may be lucky"
THIN = "plan the next test with campaign_plan, which says how large both groups must be"
STOP = "A check has failed: these numbers may be wrong until that is explained."
DURING = "sales during the campaign"
SHARPENED = "the same, sharpened by sales before"
TONES = {"earned": "good", "lost": "bad", "open": "open"}


@dataclass(frozen=True, eq=False)
class Measured:
    """A campaign measured against its control group: lift, money and checks, and the verdict they allow.

    Parameters
    ----------
    arms : list of str
        The treated arms that are large enough to be shown.
    best : str
        The arm with the highest profit per customer; the report is about this one.
    ranking : pandas.DataFrame or None
        Every arm's profit, the best first; None with one arm.
    money : Money
        The profit of the best arm.
    lifts : dict of str to Lift
        Lifts of sales of the best arm, by the name of their row in the table of the report.
    sharp : Lift or None
        The lift adjusted by the sales before the start, where that is possible.
    sharper : tuple of str
        What the adjustment brought, or why it is not possible.
    response : Lift
        The lift of the share of customers who bought.
    checks : pandas.DataFrame
        See `check_campaign`.
    alarms : dict of str to str
        The checks that failed, with what each of them found.
    verdict : str
        "earned", "lost" or "open": never more than the checks and the number of arms allow.
    advice : str
        What to do next.
    """

    arms: list[str]
    best: str
    ranking: pd.DataFrame | None
    money: Money
    lifts: dict[str, Any]
    sharp: Any | None
    sharper: tuple[str, ...]
    response: Any
    checks: pd.DataFrame
    alarms: dict[str, str]
    verdict: str
    advice: str

    @property
    def lift(self) -> Any:
        """The lift of sales during the campaign."""
        return self.lifts[DURING]

    @property
    def said_money(self) -> Money:
        """The money with the verdict and the advice of the card: words and charts must not claim more than the card."""
        return replace(self.money, verdict=self.verdict, recommendation=self.advice)


class Segments(NamedTuple):
    """The effect in each segment: the table (None without segments), the words about the best one, and the notes."""

    table: pd.DataFrame | None
    words: tuple[str, ...]
    notes: tuple[str, ...]


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
    card = _make_card(job, measured)
    segments = _measure_segments(job, len(measured.arms))
    lines = _select_money_lines(measured.money)
    results = {
        "lift": measured.lift,
        "money": measured.money,
        "outcomes": job.outcomes,
        "response": measured.response,
        "checks": measured.checks,
        "sharp": measured.sharp,
    }
    sections = _make_sections(job, measured, segments, lines) | common
    sheets = _make_sheets(job, measured, segments, lines)
    if measured.ranking is not None:
        results["arms"] = measure_lift(job.contacts, job.outcomes, "sales")
        stop = (STOP,) if measured.alarms else ()
        sections["arms"], sections["arms_money"] = _show_arms(results["arms"], measured.ranking, stop)
        sheets["arms"] = sections["arms"].to_frame()
        sheets["arms in money"] = sections["arms_money"].to_frame()
    charts = _make_charts(job, measured, segments)
    return CampaignReport(job.title, card, sections, charts, sheets, job.wide, results, measured.verdict)


def _drop_not_invited(job: Job) -> Job:
    """Leave out the customers who were not invited: nobody drew them by lot, so they are no control group."""
    name = job.values["not_invited"]
    if not name:
        return job
    drawn = set(job.contacts.loc[job.contacts["arm"] != name, "customer_id"])

    def keep_drawn(table: pd.DataFrame) -> pd.DataFrame:
        return table[table["customer_id"].isin(drawn)].reset_index(drop=True)

    return replace(job, contacts=keep_drawn(job.contacts), wide=keep_drawn(job.wide), outcomes=keep_drawn(job.outcomes))


def _measure_campaign(job: Job, offers: AnyTable) -> Measured:
    """Measure the best arm, and decide what may be said of it."""
    sizes = job.contacts["arm"].value_counts()
    arms = sorted(set(sizes[sizes >= SMALL].index) - {"control"})
    if not arms:
        raise TableError([f"no group but control has {SMALL} customers or more"], "contacts")
    asked = _read_money_options(job, offers)
    ranking = None
    best = arms[0]
    if len(arms) > 1:
        large = job.contacts[job.contacts["arm"].isin([*arms, "control"])]
        ranking = compare_money(large, job.outcomes, **asked)
        best = str(ranking["arm"].iloc[0])
    money = campaign_money(job.contacts, job.outcomes, arm=best, **asked)
    lifts, sharp, sharper = _measure_sales(job, best)
    response = _measure(job, best, "responded")
    checks = check_campaign(job, dict(job.shortened) | _number_warnings(money))
    alarms = find_alarms(checks)
    is_thin = any(text.startswith("fewer than 20") for text in money.profit.warnings)
    is_luck = ranking is not None and ranking["p_holm"].iloc[0] > 0.05
    verdict = "open" if alarms or is_thin or is_luck else money.verdict
    if is_thin:
        advice = THIN
    elif verdict != money.verdict:
        advice = LUCK
    else:
        advice = money.recommendation
    return Measured(
        arms=arms,
        best=best,
        ranking=ranking,
        money=money,
        lifts=lifts,
        sharp=sharp,
        sharper=sharper,
        response=response,
        checks=checks,
        alarms=alarms,
        verdict=verdict,
        advice=advice,
    )


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
    }


def _measure_sales(job: Job, arm: str) -> tuple[dict[str, Any], Any | None, tuple[str, ...]]:
    """Measure the lift of sales during and after the campaign; return the lifts, the sharpened one, and its words."""
    lift = _measure(job, arm, "sales")
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
    several = len(money.warnings) > 1
    numbered = enumerate(money.warnings, 1)
    return {f"About the money, {number}" if several else "About the money": text for number, text in numbered}


def _select_money_lines(money: Money) -> pd.DataFrame:
    """The lines of the money that are not zero; sales, margin and profit always."""
    is_shown = (money.lines["per_customer"] != 0) | money.lines["line"].isin(["sales", "margin", "profit"])
    lines = money.lines[is_shown].drop(columns="adds")
    return lines.rename(columns={"per_customer": "per customer", "total": "all treated"})


def _make_sections(job: Job, measured: Measured, segments: Segments, lines: pd.DataFrame) -> dict[str, Section]:
    """Write the sections on lift, checks, money and segments; after a failed check they warn before they show."""
    stop = (STOP,) if measured.alarms else ()
    lift = measured.lift
    careful = [f"Careful: {text}." for text in lift.warnings]
    words = [_say_effect(job, lift, bool(measured.alarms)), *measured.sharper, *careful]
    if measured.ranking is not None:
        words.insert(0, f"Shown is the best arm, {measured.best}.")
    rows = [_say_lift(name, found, "money") for name, found in measured.lifts.items()]
    table = pd.DataFrame([*rows, _say_lift("customers who bought", measured.response, "percent")])
    parts_of_lines = tuple(name for name in lines["line"] if name.startswith("of which"))
    notes = tuple(f"{text[:1].upper()}{text[1:]}." for text in measured.money.notes)
    money_words = stop or (measured.said_money.sentence(job.unit),)
    segment_words = segments.words if segments.table is None else stop or segments.words
    return {
        "lift": Section((*stop, *words), table),
        "checks": Section(table=measured.checks),
        "money": Section(money_words, lines, notes, strong=("profit",), sub=parts_of_lines),
        "segments": Section(segment_words, segments.table, segments.notes),
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
        ("Probability of a loss", money.probability_of_loss, "percent", "given these data alone"),
    ]
    return parts.make_summary(rows)


def _make_charts(job: Job, measured: Measured, segments: Segments) -> dict[str, Callable[[], Axes]]:
    """Name the charts that this campaign allows; each is drawn when it is called."""
    charts: dict[str, Callable[[], Axes]] = {
        "lift": lambda: _draw_lift(measured.lifts, job, bool(measured.alarms)),
        "money": lambda: _draw_money(measured.said_money, job.unit),
    }
    table = segments.table
    if table is not None and table["effect"].notna().any():
        charts["segments"] = lambda: _draw_segments(table, job)
    ranking = measured.ranking
    if ranking is not None:
        charts["arms"] = lambda: _draw_arms(ranking, job.unit, measured.verdict)
    return charts


def _measure(job: Job, arm: str, outcome: str, **options: Any) -> Any:
    """Measure one arm against control; all arms are measured together, because their p-values are adjusted together."""
    found = measure_lift(job.contacts, job.outcomes, outcome, **options)
    if isinstance(found, Lifts):
        return next(lift for lift in found if lift.arm == arm)
    return found


def _sharpen(job: Job, arm: str, plain: Any) -> tuple[Any | None, tuple[str, ...]]:
    """Adjust the lift by the sales before the start (CUPED); return it with words on what that brought.

    None, with the reason, where the adjustment is not possible. `plain` is the lift without it.
    """
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
    span = f"{job.money(sharp.effect)} (95 % interval {job.money(sharp.low)} to {job.money(sharp.high)})"
    says = f"Sharpened by what each customer bought before the start it is {span}"
    saved = f"that saved {saving:.0%} of the variance{worth}"
    return sharp, (f"{says}; {saved}. The verdict stands on the plain comparison.",)


def _make_card(job: Job, measured: Measured) -> ReportCard:
    """Make the card: the verdict, its figures and what to do next; after a failed check no figure of the result."""
    money = measured.said_money
    lift = measured.lift
    alarms = measured.alarms
    size = _say_size(lift, measured.checks, len(alarms))
    if alarms:  # no figure that somebody could take for the result
        sentence = f"A check has failed: {next(iter(alarms.values()))}."
        mend = [f"What to do. {text}" for text in list_advice(alarms)]
        return ReportCard(job.kicker, DOUBT, sentence, "open", size, (*mend, NO_FIGURE))
    each = money.profit
    sentence = (
        f"{job.money(each.effect)} of profit for each customer on the list, with a {each.level:.0%} interval of "
        f"{job.money(each.low)} to {job.money(each.high)}."
    ).replace("%", " %")
    total, low, high = (job.money(value, 0) for value in (money.total.effect, money.total.low, money.total.high))
    facts = (
        ("Profit", total, f"{low} to {high}"),
        ("Lift a customer", job.money(lift.effect), _say_relative(lift)),
        *size,
    )
    notes = [_say_effect(job, lift), *(f"Careful: {text}." for text in each.warnings if text in lift.warnings)]
    if money.recommendation != LUCK:
        notes.append(f"Next: {money.recommendation}.")
    arms = len(measured.arms)
    if arms > 1:
        notes.append(f"Best of {arms} arms: being best of several is partly luck, which the verdict allows for.")
    return ReportCard(job.kicker, WORDS.get(money.verdict, OPEN), sentence, TONES[money.verdict], facts, tuple(notes))


def _say_size(lift: Any, checks: pd.DataFrame, failed: int) -> tuple[tuple[str, str, str], ...]:
    """The facts of the card on the size of the groups, and on how many checks are fine."""
    passed = int((checks["result"] == "good").sum())
    doubtful = int((checks["result"] == "look").sum())
    undone = int((~checks["result"].isin(["good", "look", "alarm"])).sum())
    rest = []
    if failed:
        rest.append("1 has failed" if failed == 1 else f"{failed} have failed")
    if doubtful:
        rest.append(f"{doubtful} to look at")
    if undone:
        rest.append(f"{undone} could not be done")
    return (
        ("Measured on", f"{lift.n_treated:,} treated", f"against {lift.n_control:,} in control"),
        ("Checks", f"{passed} fine", ", ".join(rest) or "all were done"),
    )


def _say_relative(lift: Any) -> str:
    """The lift as a share of the control's mean; empty where that is not known."""
    if pd.isna(lift.relative):
        return ""
    return f"{lift.relative:+.1%} on control".replace("%", " %").replace("-", "−")


def _say_effect(job: Job, lift: Any, doubt: bool = False) -> str:
    """The effect in one sentence; in doubt it compares the groups and says nothing of a cause."""
    span = f"{job.money(lift.low)} to {job.money(lift.high)}"
    more = "more" if lift.effect >= 0 else "less"
    than = "control" if doubt else "without the campaign"
    zero = ""
    if not doubt and lift.low <= 0 <= lift.high:
        zero = " The interval holds zero: it may have changed nothing."
    changed = f"Each customer on the list bought for {job.money(abs(lift.effect))} {more} than {than}"
    return f"{changed} (95 % interval {span}).{zero}"


def _say_lift(name: str, found: Any, kind: str) -> dict[str, Any]:
    treated = found.base + found.effect
    values = {"treated": treated, "control": found.base, "effect": found.effect, "low": found.low, "high": found.high}
    shown = {key: say_value(value, kind) for key, value in values.items()}
    if kind == "percent":  # a difference of two rates is in points, not in percent
        shown |= {key: f"{say_value(100 * values[key], 'money', 1)} points" for key in ("effect", "low", "high")}
    return {"per customer": name, **shown, "relative": found.relative, "p": found.p}


def _measure_segments(job: Job, arms: int) -> Segments:
    """Measure the effect of each of `arms` arms in each segment; without segments say why there are none."""
    by = job.values["by"] or ("segment" if "segment" in job.contacts else None)
    if by is None:
        return _explain_no_segments("the contact list has no column segment, and `by` was not set")
    known = job.contacts[job.contacts[by].notna()].assign(**{by: lambda rows: rows[by].astype("str")})
    if known[by].nunique() < 2:
        return _explain_no_segments(f"`{by}` has fewer than two values")
    kept = job.outcomes[job.outcomes["customer_id"].isin(known["customer_id"])]
    try:
        measured = measure_lift(known, kept, "sales", by=by)
    except TableError as error:
        return _explain_no_segments(error.problems[0])
    keys = ["arm", "segment"] if arms > 1 else ["segment"]
    table = measured.to_frame()
    shown = _show_lifts(table, keys)
    notes = [
        "Shrunken: the effect drawn towards the mean of all segments, from four cells on.",
        "p adjusted: allows for the number of cells (Benjamini and Hochberg).",
    ]
    missing = known[by].nunique() * arms - len(shown)
    if missing:
        notes.append(f"{missing} segments have fewer than two customers in one of the groups.")
    return Segments(shown, _say_best(job, shown, keys, len(table)), tuple(notes))


def _explain_no_segments(why: str) -> Segments:
    return Segments(None, (f"No segments: {why}.",), ())


def _say_best(job: Job, shown: pd.DataFrame, keys: list[str], cells: int) -> tuple[str, ...]:
    """Name the best segment by its shrunken effect, because the best of several `cells` is partly luck."""
    rows = shown[pd.to_numeric(shown["shrunken"], errors="coerce").notna()]
    if rows.empty:
        return ()
    best = rows.loc[rows["shrunken"].astype("float64").idxmax()]
    raw = job.money(best["effect"])
    shrunken = job.money(best["shrunken"])
    says = f"{raw}, too high on average" if raw == shrunken else f"quote {shrunken}, not the {raw} measured"
    return (f"Best: {', '.join(best[keys])}. The best of {cells} is partly luck: {says}.",)


def _show_lifts(table: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """The columns of a table of lifts that a report shows, with small groups hidden."""
    names = {"n_treated": "treated", "n_control": "control", "p_adjusted": "p adjusted"}
    columns = [*keys, "n_treated", "n_control", "effect", "low", "high", "shrunken", "p", "p_adjusted"]
    shown = table[columns].rename(columns=names)
    lines = [["arm"]] if "segment" in keys and "arm" in keys else [[]]  # each arm's total is known, and control's
    return suppress_small(shown, ["treated", "control"], keys, lines=lines, shared=["control"])


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
    shown = Section((*stop, says), _show_lifts(measured.to_frame(), ["arm"]), notes, title="The arms")
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
        title = f"Customers on the list bought for {job.money(abs(first.effect))} {more} each"
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
    if "arm" in rows:
        names = names + ", " + rows["arm"]
    shown = rows.set_index(names)[["effect", "low", "high"]].astype("float64")
    ax = draw_intervals(shown, unit=job.unit)
    headline(ax, "Is the effect the same everywhere?", "treated − control, sales per customer, with the 95 % interval")
    return ax
