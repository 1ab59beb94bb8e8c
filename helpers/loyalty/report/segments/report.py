"""The report `segments`: who is in which segment, what each brings, and how long the labels stay right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.intake.loading import take_tables
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.parts import Report, find_days, list_skipped, list_sources, make_checks
from loyalty.report.output.pictures import draw_shares
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.report.run.settings import read_settings
from loyalty.report.segments.pictures import draw_cohorts, draw_stays
from loyalty.report.segments.schemes import (
    LEAST,
    YEAR,
    ReportScheme,
    count_back,
    describe,
    find_last_day,
    make_scheme,
    sum_sales,
)
from loyalty.report.segments.settings import SETTINGS, TABLES
from loyalty.segment.drift.label_life import LabelLife, measure_label_life
from loyalty.segment.drift.stability_index import StabilityIndex, measure_stability_index
from loyalty.segment.rank.cohorts import build_cohorts
from loyalty.segment.rules.cards import make_cards
from loyalty.segment.rules.migration import LEFT, measure_migration
from loyalty.segment.rules.regression_to_mean import Regression, expose_regression
from loyalty.segment.rules.windows import sum_windows
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import write_moment
from loyalty.tables.sources import AnyTable, open_table
from loyalty.text import count_of, list_few, say_money, say_p

UNLOCKS = (
    ("receipts.basket_id", "receipts counted as receipts, and not each row as one"),
    ("customers", "members who joined and never bought"),
)
STEP = 28  # days
HALF_YEAR = 182
SEED = 16
MONTHS = 12  # after the first purchase
CENT = 0.005
FEWEST = 30  # customers
SILENT = 14  # days without a receipt before the day of the report, from which on the export is doubted
NEAR_CHANCE = 0.05  # a share of right labels so little above that of labels handed out at random
ACTIONS = ["segment", "days since last purchase", "what to do"]
NAMES = {
    "moves": "who moved between segments",
    "life": "how long labels stay right",
    "year": "the shares a year ago",
    "luck": "how much of a fall is luck",
}
IDS = (
    "In the Parquet file ids are keyed hashes, because a report is passed on. In the notebook, `report.people` has "
    "your own ids: make the list for the sending there."
)
TEST = "The actions are proposals: which of them works, a test with a control group decides (campaign_plan)."


@dataclass(frozen=True, eq=False)
class SegmentsReport(Report):
    """A report on segments; `people` has one row a customer, with the segment now and one step before."""

    template: ClassVar[str] = "segments"


@dataclass(frozen=True, eq=False)
class _Found:
    """What was measured; None where the receipts do not reach, and `missing` says why, by the name of its section."""

    scheme: ReportScheme
    day: pd.Timestamp
    step: int
    profile: pd.DataFrame
    now: pd.DataFrame
    before: pd.DataFrame | None
    cards: pd.DataFrame
    moves: pd.DataFrame | None
    life: LabelLife | None
    year: StabilityIndex | None
    luck: Regression | None
    cohorts: pd.DataFrame
    sales: float
    silent: int
    missing: Mapping[str, str]
    warnings: tuple[tuple[str, str], ...]


@check_arguments
def report_segments(tables: Mapping[str, Any], settings: Mapping[str, Any]) -> SegmentsReport:
    """Divide the customers of a receipts table for a stated task, and say how far the division can be trusted.

    Not for saying which action works: that needs a test with a control group.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_tables`: receipts, and if there is one the list of customers.
    settings : mapping
        See `SETTINGS`.

    Returns
    -------
    SegmentsReport
        Sections segments, actions, moves, life, luck, year, cohorts, checks, skipped, read, appendix; charts segments,
        moves, life, year, cohorts. `results` holds profile, segments and before (snapshots), life, year, luck.

    Raises
    ------
    TableError
        A setting is wrong, a table breaks its contract, or the receipts are too short for the scheme.
    """
    values = read_settings(settings, SETTINGS)
    sources = take_tables(tables, TABLES)
    span = find_days(sources["receipts"], values["as_of"])
    last = span["last"].normalize() + pd.Timedelta(days=1)
    day = pd.Timestamp(values["as_of"]) if values["as_of"] else last
    found = _measure(sources["receipts"], sources.get("customers"), values, span, day)
    unit = values["currency"] or ""
    shown = suppress_small(_lay_cards(found), ["customers"], ["segment", "what to do"])
    checks = _make_checks(found, span, bool(values["as_of"]))
    hidden = tuple(shown.loc[~shown["customers"].map(_is_number), "segment"])
    sections = _make_sections(found, shown, checks, hidden) | {
        "read": Section(table=list_sources(tables)),
        "skipped": _list_skipped(found, tables),
        "appendix": Section(
            (found.scheme.says, TEST, IDS, f"Groups under {SMALL} customers are not shown.", parts.list_versions())
        ),
    }
    sheets = {
        "summary": _summarise(found, values["task"], unit),
        "segments": shown,
        "moves": sections["moves"].to_frame(),
        "checks": checks,
    }
    title = values["title"] or "Customer segments"
    card = _make_card(found, shown, title, values["task"], unit)
    results = {
        "profile": found.profile,
        "segments": found.now,
        "before": found.before,
        "life": found.life,
        "year": found.year,
        "luck": found.luck,
    }
    charts = _make_charts(found, shown, sections)
    return SegmentsReport(title, card, sections, charts, sheets, _list_people(found), results)


def _measure(
    receipts: AnyTable, customers: AnyTable | None, values: Mapping[str, Any], span: pd.Series, day: pd.Timestamp
) -> _Found:
    """Divide the customers on the day of the report and on earlier ones, and compare."""
    first = span["first"].normalize()
    length = (day - first).days
    step = values["step"] or STEP
    profile = describe(receipts, customers, day)
    if len(profile) < FEWEST:
        says = f"{count_of(len(profile), 'customer')}: of fewer than {FEWEST} a report would show single persons"
        raise TableError([says], "receipts")
    scheme = make_scheme(values["scheme"] or "life_cycle", receipts, profile, day, length, step)
    back = count_back(length, scheme.least, step)
    days = [day - pd.Timedelta(days=step * times) for times in range(back, 0, -1)]
    earlier = [scheme.assign(then, describe(receipts, customers, then)) for then in days]
    now = scheme.assign(day, profile)
    missing = {}
    before = earlier[-1] if earlier else None
    if before is None:
        needed = f"{scheme.least + step:,} days of receipts are needed, and there are {length:,}"
        missing = dict.fromkeys(("moves", "life"), f"No earlier day to compare with: {needed}.")
    year = None
    if scheme.is_relative:
        says = "customers are placed anew among those who bought, so that shares say little of how they changed"
        missing["year"] = f"Shares are not compared with a year ago: by this scheme {says}."
    elif length < YEAR + scheme.least:
        needed = f"{YEAR + scheme.least:,} days of receipts are needed, and there are {length:,}"
        missing["year"] = f"A year ago cannot be told: {needed}."
    else:
        year = _compare_years(receipts, scheme, first, day)
    luck, why = _measure_luck(receipts, day, length)
    if luck is None:
        missing["luck"] = why
    money = profile.assign(monetary=now["sales"]) if "sales" in now else profile
    cards = make_cards(now, money, actions=scheme.actions)
    cohorts = build_cohorts(receipts, until=day)
    life = measure_label_life([*earlier, now]) if earlier else None
    notes = [("Receipts", text) for text in profile.attrs.get("warnings", ())]
    notes += [("Rule", text) for text in scheme.warnings]
    notes += [("Labels", text) for text in (life.warnings if life is not None else ())]
    notes += [("A year ago", text) for text in (year.warnings if year is not None else ())]
    return _Found(
        scheme=scheme,
        day=day,
        step=step,
        profile=profile,
        now=now,
        before=before,
        cards=cards.table,
        moves=None if before is None else _sum_moves(before, now, list(scheme.actions)),
        life=life,
        year=year,
        luck=luck,
        cohorts=_select_months(cohorts.pool()),
        sales=sum_sales(receipts, day, scheme.window),
        silent=(day - find_last_day(receipts, day)).days - 1,
        missing=missing,
        warnings=tuple(dict.fromkeys(notes)),
    )


def _compare_years(receipts: AnyTable, scheme: ReportScheme, first: pd.Timestamp, day: pd.Timestamp) -> StabilityIndex:
    """Compare the shares with those of the same day a year ago; both days know equally many days of receipts.

    Else a customer base would seem to change by itself: customers look new where the receipts begin, and those who
    went quiet pile up.
    """
    year = pd.Timedelta(days=YEAR)
    recent = open_table(receipts).filter(nw.col("time") >= write_moment(first + year))
    then = scheme.assign(day - year, describe(receipts, None, day - year))
    return measure_stability_index(then, scheme.assign(day, describe(recent, None, day)), seed=SEED)


def _select_months(pooled: pd.DataFrame) -> pd.DataFrame:
    """The months after the first purchase, up to the first in which too few came, or stayed away, to be shown."""
    later = pooled[pooled["age"] > 0]
    few = (later["came"] < SMALL) | (later["customers"] - later["came"] < SMALL) | (later["customers"] < FEWEST)
    return later[~few.cummax()].head(MONTHS)


def _measure_luck(receipts: AnyTable, day: pd.Timestamp, length: int) -> tuple[Regression | None, str]:
    """Read the fall of the best fifth in both directions of time; None with the reason where that cannot be done."""
    half = min(HALF_YEAR, length // 2)
    if half < LEAST // 2:
        return None, f"Luck at the top cannot be told: {LEAST:,} days of receipts are needed, and there are {length:,}."
    middle = day - pd.Timedelta(days=half)
    try:
        found = expose_regression(sum_windows(receipts, middle - pd.Timedelta(days=half), middle, day), seed=SEED)
    except TableError as error:
        return None, f"Luck at the top cannot be told: {error.problems[0]}."
    top = found.table[found.table["group"] == "top"].set_index("reading")["relative"]
    if not (top["forwards"] < 0 and top["backwards"] < 0):
        why = "read forwards and backwards in time the best fifth does not fall alike, as where many joined or left"
        return None, f"Luck at the top cannot be told: {why}."
    return found, ""


def _sum_moves(before: pd.DataFrame, now: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """One row a segment of the earlier day: customers, stayed with its interval, and where most of the others went."""
    moves = measure_migration(before, now, order=order).table
    rows = []
    for name in (name for name in order if name in set(before["segment"])):
        flows = moves[moves["before"] == name].set_index("after")
        total = int(flows["customers"].sum())
        stayed = flows.loc[name]
        others = flows.drop(index=[name, LEFT], errors="ignore")["customers"]
        goal, most = (others.idxmax(), int(others.max())) if len(others) else ("", 0)
        moved = total - int(stayed["customers"])
        is_told = most >= SMALL and moved - most not in range(1, SMALL)
        rows.append(
            {
                "segment then": name,
                "customers": total,
                "stayed": int(stayed["customers"]),
                "share that stayed": float(stayed["share"]),
                "low share": float(stayed["low"]),
                "high share": float(stayed["high"]),
                "most of the others went to": goal if is_told else "",
                "share that went there": most / total if is_told else float("nan"),
            }
        )
    table = pd.DataFrame(rows)
    moved = table["customers"] - table["stayed"]
    few = moved.between(1, SMALL - 1)
    shown = suppress_small(table.assign(moved=moved), ["customers", "stayed", "moved"], ["segment then"])
    return shown.drop(columns=["moved", "stayed"]).assign(is_shown=~few.to_numpy() & shown["customers"].map(_is_number))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number)


# --- What is shown ---------------------------------------------------------------------------------


def _lay_cards(found: _Found) -> pd.DataFrame:
    """The table of segments: sizes and money, with the intervals of both shares."""
    cards = found.cards
    return pd.DataFrame(
        {
            "segment": cards["segment"],
            "customers": cards["customers"],
            "share of customers": cards["share"],
            "interval (customers)": _write_intervals(cards["share_low"], cards["share_high"]),
            "sales": cards["money"],
            "share of sales": cards["money_share"],
            "interval (sales)": _write_intervals(cards["money_share_low"], cards["money_share_high"]),
            "days since last purchase": cards["recency_days_median"],
            "what to do": cards["action"],
        }
    )


def _write_intervals(low: pd.Series, high: pd.Series) -> list[str]:
    ends = zip(low, high, strict=True)
    return ["" if first != first else f"{100 * first:.1f} to {100 * last:.1f} %" for first, last in ends]


def _make_sections(
    found: _Found, shown: pd.DataFrame, checks: pd.DataFrame, hidden: tuple[str, ...]
) -> dict[str, Section]:
    """The sections on segments, moves, labels, luck, the year before and cohorts."""
    sections = {name: Section((why,)) for name, why in found.missing.items()}
    whose = "of the ranked days" if "sales" in found.now else "of all receipts"
    notes = (f"Intervals: 95 %. Sales: {whose}, returns taken off.",)
    sections["segments"] = Section((), shown.drop(columns=ACTIONS[1:]), notes, decimals=0)
    sections["actions"] = Section((TEST,), shown[ACTIONS], ("Days since last purchase: the median.",), decimals=0)
    step = count_of(found.step, "day")
    if found.moves is not None:
        table = found.moves[found.moves["is_shown"]].drop(columns="is_shown").reset_index(drop=True)
        few = len(found.moves) - len(table)
        why = f"from which fewer than {SMALL} moved, or too small"
        more = (f"Not shown: {count_of(few, 'segment')} {why}.",) if few else ()
        if (table["most of the others went to"] == "").any():
            more = (*more, f"An empty cell: fewer than {SMALL} went there, or elsewhere.")
        table.insert(3, "95 % interval", _write_intervals(table.pop("low share"), table.pop("high share")))
        then = found.day - pd.Timedelta(days=found.step)
        words = (
            f"From {then:%Y-%m-%d} to {found.day:%Y-%m-%d}, {step} later. Who was at the top partly had luck, and luck "
            "does not last: a fall from the top alone says nothing of the customers."
        )
        sections["moves"] = Section((words,), table, more)
    if found.life is not None:
        sections["life"] = Section(_say_life(found.life, step), _lay_life(found.life))
    if found.luck is not None:
        sections["luck"] = Section((_say_luck(found.luck),), _lay_luck(found.luck))
    if found.year is not None:
        sections["year"] = _show_year(found.year, hidden)
    sections["cohorts"] = _show_cohorts(found.cohorts)
    sections["checks"] = Section(table=checks)
    return sections


def _lay_life(life: LabelLife) -> pd.DataFrame:
    """The share of labels that are still right, by their age in days."""
    rows = life.table[life.table["age"] > 0]
    return pd.DataFrame(
        {
            "days later": (rows["age"] * life.step_days).round().astype("int64"),
            "share of labels still right": rows["right"],
            "95 % interval": _write_intervals(rows["low"], rows["high"]),
            "share if handed out at random": rows["by_chance"],
        }
    )


def _say_life(life: LabelLife, step: str) -> tuple[str, ...]:
    """Say how long labels stay right, and from when on they are hardly better than chance."""
    rows = life.table[life.table["age"] > 0]
    steps = int(rows["age"].max())
    words = [
        f"{life.reads()} A snapshot is taken every {step}; the first line is the mean of {count_of(steps, 'step')}."
    ]
    poor = rows[rows["right"] < rows["by_chance"] + NEAR_CHANCE]
    if len(poor):
        days = round(float(poor["age"].iloc[0]) * life.step_days)
        words.append(f"After {days:,} days the labels are hardly better than labels handed out at random.")
    return tuple(words)


def _say_luck(luck: Regression) -> str:
    top = luck.table[luck.table["group"] == "top"].set_index("reading")["relative"]
    return (
        "Two windows of equal length. The best fifth of the first window is at "
        f"{_say_change(top['forwards'])} against all customers in the second; read backwards in time, the best fifth "
        f"of the second window is at {_say_change(top['backwards'])} in the first. Nobody can have fallen in "
        "both directions: what both readings share is luck, and no change in customers. "
        "Who joined late makes the readings differ."
    )


def _say_change(change: float) -> str:
    return f"{100 * change:+.0f} %".replace("-", "−")


def _lay_luck(luck: Regression) -> pd.DataFrame:
    """The change of the best fifth against all customers, read in both directions."""
    top = luck.table[luck.table["group"] == "top"]
    ends = [
        f"{_say_change(low)} to {_say_change(high)}"
        for low, high in zip(top["relative_low"], top["relative_high"], strict=True)
    ]
    return pd.DataFrame({"read": top["reading"], "change": top["relative"].map(_say_change), "95 % interval": ends})


def _show_year(year: StabilityIndex, hidden: tuple[str, ...]) -> Section:
    """The shares a year ago and now; segments that another table hides are hidden here too."""
    rows = year.table
    table = pd.DataFrame(
        {
            "segment": rows["segment"],
            "customers then": rows["then"],
            "customers now": rows["now"],
            "share then": rows["share_then"],
            "share now": rows["share_now"],
            "difference": [_say_points(row.difference, row.low, row.high) for row in rows.itertuples()],
        }
    )
    shown = suppress_small(table, ["customers then", "customers now"], ["segment"], elsewhere=hidden)
    first, second = (f"{one:%Y-%m-%d}" for one in year.days)
    found = "moved more than chance moves them" if year.is_drift else "moved no more than chance moves them"
    largest = rows.loc[rows["difference"].abs().idxmax()]
    most = f"most {largest['segment']}, {_say_points(largest['difference'], largest['low'], largest['high'])}"
    words = (
        f"From {first} to {second}, the same day of the year, by equally many days of receipts, so that counts differ "
        f"from those above. The shares have {found} ({say_p(year.p)}); {most}."
    )
    return Section((words,), shown)


def _say_points(value: float, low: float, high: float) -> str:
    return f"{100 * value:+.1f} points ({100 * low:+.1f} to {100 * high:+.1f})".replace("-", "−")


def _show_cohorts(pooled: pd.DataFrame) -> Section:
    """Of all who could have come so many months after their first purchase, how many came."""
    rows = pooled
    if rows.empty:
        return Section(("No month after the first purchase is over yet, or too few came.",))
    table = pd.DataFrame(
        {
            "months since the first purchase": rows["age"].astype("str"),
            "share who came": rows["share"],
            "95 % interval": _write_intervals(rows["low"], rows["high"]),
        }
    )
    words = "Who came in that month; who stayed away then and came later is not lost."
    note = "Who bought before the receipts begin looks as if he began with them: the first cohorts hold old customers."
    return Section((words,), table.reset_index(drop=True), (note,))


def _list_skipped(found: _Found, tables: Mapping[str, Any]) -> Section:
    skipped = list_skipped(UNLOCKS, tables)
    rows = [(NAMES[name], why.rstrip(".")) for name, why in found.missing.items()]
    skipped = pd.concat([skipped, pd.DataFrame(rows, columns=skipped.columns)], ignore_index=True)
    return Section(() if len(skipped) else ("Nothing.",), skipped)


def _make_charts(found: _Found, shown: pd.DataFrame, sections: Mapping[str, Section]) -> dict[str, Any]:
    """The charts that the tables allow, by name."""
    charts: dict[str, Any] = {}
    if shown["customers"].map(_is_number).any():
        charts["segments"] = lambda: draw_shares(shown)
    if found.moves is not None and found.before is not None and found.moves["is_shown"].any():
        moves = found.moves[found.moves["is_shown"]]
        both = found.before.merge(found.now, on="customer_id", suffixes=("_before", ""))
        stayed = float((both["segment_before"] == both["segment"]).mean())
        charts["moves"] = lambda: draw_stays(moves, found.step, stayed)
    if found.life is not None:
        life = found.life
        charts["life"] = life.plot
    if found.year is not None and not {"<5", "hidden"} & set(
        sections["year"].to_frame()["customers now"].astype("str")
    ):
        charts["year"] = found.year.plot
    if not sections["cohorts"].to_frame().empty:
        charts["cohorts"] = lambda: draw_cohorts(found.cohorts)
    return charts


def _make_card(found: _Found, shown: pd.DataFrame, title: str, task: str, unit: str) -> ReportCard:
    """The card: which segment carries the sales, how long labels stay right, and what to do next."""
    rows = shown[shown["customers"].map(_is_number)]
    sales = float(found.cards["money"].sum())
    verdict = f"{count_of(len(found.cards), 'segment')} of {len(found.profile):,} customers"
    if len(rows) and sales > 0:
        best = rows.loc[rows["share of sales"].astype("float64").idxmax()]
        verdict = (
            f"“{best['segment']}”: {100 * best['share of customers']:.0f} % of customers, "
            f"{100 * best['share of sales']:.0f} % of sales"
        )
    facts = [
        ("Customers", f"{len(found.profile):,}", count_of(len(found.cards), "segment")),
        ("Sales", say_money(sales, unit), _say_window(found)),
    ]
    headline = found.missing.get("life", "")
    if found.life is not None:
        first = found.life.at(1)
        days = count_of(found.step, "day")
        headline = (
            f"Of 100 labels {100 * first['right']:.0f} are still right after {days} "
            f"({100 * first['low']:.0f} to {100 * first['high']:.0f}): divide again before each use."
        )
        facts.append(("Still right", f"{100 * first['right']:.0f} %", f"after {days}"))
    if found.year is not None:
        says = "changed" if found.year.is_drift else "as a year ago"
        facts.append(("Shares", says, "more than chance moves" if found.year.is_drift else "but for chance"))
    kicker = f"{title} · {task} · as of {found.day:%Y-%m-%d}"
    few = [name for name, n in zip(found.cards["segment"], found.cards["customers"], strict=True) if n < 30]
    notes = []
    if found.silent >= SILENT:
        notes.append(
            f"Careful: there is no receipt in the last {found.silent:,} days before {found.day:%Y-%m-%d}. Is the "
            "export complete? Else customers only seem to have left."
        )
    if few:
        notes.append(f"Careful: under 30 customers, too few to plan with: {list_few(few, 5)}.")
    notes.append(
        "Next: choose the segments of this task, and let campaign_plan leave some of their customers out at random: "
        "only they show whether the action works."
    )
    return ReportCard(kicker, verdict, headline, "plain", tuple(facts), tuple(notes))


def _say_window(found: _Found) -> str:
    """Say of which days the sales are."""
    window = found.scheme.window
    return "returns taken off" if window is None else f"of {window:,} days, returns taken off"


def _summarise(found: _Found, task: str, unit: str) -> pd.DataFrame:
    """The sheet `summary`."""
    right = float(found.life.at(1)["right"]) if found.life is not None else None
    return parts.make_summary(
        [
            ("Task", task, "text", ""),
            ("ReportScheme", found.scheme.name, "text", str(found.now["version"].iloc[0])),
            ("As of", found.day, "day", "everything before this day counts"),
            ("Customers", len(found.profile), "count", ""),
            ("Segments", len(found.cards), "count", ""),
            ("Sales", float(found.cards["money"].sum()), "money", f"returns taken off {unit}".strip()),
            ("Labels still right", right, "percent", f"after {count_of(found.step, 'day')}"),
        ]
    )


def _list_people(found: _Found) -> pd.DataFrame:
    """One row a customer: the segment now and one step before, days since the last purchase, sales."""
    people = found.now[["customer_id", "as_of", "scheme", "version", "segment"]]
    numbers = found.profile[["customer_id", "recency_days", "frequency", "monetary"]]
    people = people.merge(numbers, on="customer_id", how="left")
    if found.before is None:
        return people
    then = found.before[["customer_id", "segment"]].rename(columns={"segment": "segment_before"})
    return people.merge(then, on="customer_id", how="left")


def _make_checks(found: _Found, span: pd.Series, was_given: bool) -> pd.DataFrame:
    """What was checked: the day, the length, that everybody is in one segment, that the sums agree, and warnings."""
    length = (found.day - span["first"].normalize()).days
    once = bool(found.now["customer_id"].is_unique) and len(found.now) == len(found.profile)
    gap = abs(float(found.cards["money"].sum()) - found.sales)
    agrees = gap < CENT + 1e-9 * abs(found.sales)
    said = "as set" if was_given else "the day after the last receipt, because as_of was not set"
    rows = [
        ("Date of the report", "good", f"{found.day:%Y-%m-%d}: {said}"),
        ("Length of history", "good" if length >= YEAR else "look", f"{length:,} days; a season needs {YEAR}"),
        ("Each customer in one segment", "good" if once else "alarm", f"{len(found.now):,} customers"),
        (
            "Sales of all segments",
            "good" if agrees else "alarm",
            f"{found.sales:,.2f} in the receipts ({_say_window(found)}); gap {gap:,.2f}",
        ),
        (
            "Last receipt",
            "look" if found.silent >= SILENT else "good",
            f"{found.silent:,} days without one before the day",
        ),
    ]
    rows += [(name, "look", text) for name, text in found.warnings]
    return make_checks(rows)
