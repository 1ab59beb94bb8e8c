"""The report `segments`: who is in which segment, what each brings, and how long the labels stay right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from loyalty.intake.loading import take_tables
from loyalty.report.output import parts
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.parts import Report, find_days, list_skipped, list_sources, make_checks
from loyalty.report.output.pictures import draw_shares
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.report.run.settings import read_settings
from loyalty.report.segments.base import YEAR
from loyalty.report.segments.clustering import MOST
from loyalty.report.segments.history import Keeping
from loyalty.report.segments.measuring import SegmentsFound, is_number, measure
from loyalty.report.segments.pictures import draw_cohorts, draw_life, draw_stays
from loyalty.report.segments.settings import SETTINGS, TABLES
from loyalty.segment.drift.label_life import LabelLife
from loyalty.segment.drift.split import ChangeSplit
from loyalty.segment.drift.stability_index import StabilityIndex
from loyalty.segment.rules.regression_to_mean import Regression
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of, list_few, say_money, say_p

UNLOCKS = (
    ("receipts.basket_id", "receipts counted as receipts, and not each row as one"),
    ("customers", "members who joined and never bought"),
)
CENT = 0.005
SILENT = 14  # days without a receipt before the day of the report, from which on the export is doubted
NEAR_CHANCE = 0.05  # a share of right labels so little above that of labels handed out at random
ACTIONS = ["segment", "days since last purchase", "what to do"]
NAMES = {
    "moves": "who moved between segments",
    "sizes": "how much each segment grew or shrank",
    "life": "how long labels stay right",
    "year": "the shares a year ago",
    "luck": "how much of a fall is luck",
}
IDS = (
    "In the Parquet file ids are keyed hashes, because a report is passed on. In the notebook, `report.people` has "
    "your own ids: make the list for the sending there."
)
CHANGED = "Most changed"
BY_CHANCE = "This is within what other customers would show by chance."
TEST = "The actions are proposals: which of them works, a test with a control group decides (campaign_plan)."


@dataclass(frozen=True, eq=False)
class SegmentsReport(Report):
    """A report on segments; `people` has one row a customer, with the segment now and one step before."""

    template: ClassVar[str] = "segments"
    keeping: Keeping | None = None

    def keep(self) -> Section:
        """Write the segments of this day to the store of the settings; without one nothing is written.

        Returns
        -------
        Section
            What was done: added, renewed, or nothing because it was there.
        """
        if self.keeping is None:
            return Section(("Nothing was kept: give `store` a file in the settings.",))
        return self.keeping.keep()


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
        Sections segments, groups (of clusters), actions, moves, sizes, method (where the rule has changed), history
        (with a store), life, luck, year, cohorts, checks, skipped, read, appendix; charts segments, moves, life, year,
        cohorts. `results` holds profile, segments and before (snapshots), sizes, split, life, year, luck. `keep()`
        writes the segments to the store; nothing else does.

    Raises
    ------
    TableError
        A setting is wrong, a table breaks its contract, or the receipts are too short for the scheme.
    StoreError
        The store is open in another program, damaged, or no store.
    """
    values = read_settings(settings, SETTINGS)
    _refuse_unused(values)
    sources = take_tables(tables, TABLES)
    span = find_days(sources["receipts"], values["as_of"])
    last = span["last"].normalize() + pd.Timedelta(days=1)
    day = pd.Timestamp(values["as_of"]) if values["as_of"] else last
    found = measure(sources["receipts"], sources.get("customers"), values, span, day)
    unit = values["currency"] or ""
    shown = suppress_small(_lay_cards(found), ["customers"], ["segment", "what to do"])
    checks = _make_checks(found, span, bool(values["as_of"]))
    hidden = tuple(shown.loc[~shown["customers"].map(is_number), "segment"])
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
    card = _make_card(found, shown, title, values["task"], unit, sections)
    results = {
        "profile": found.profile,
        "segments": found.now,
        "before": found.before,
        "sizes": found.sizes,
        "split": found.split,
        "life": found.life,
        "year": found.year,
        "luck": found.luck,
    }
    charts = _make_charts(found, shown, sections)
    keeping = None
    if found.history is not None:
        members = found.now[["customer_id", "as_of", "scheme", "version", "segment"]]
        keeping = Keeping(found.history.path, members, found.scheme.rule, values["recorded_at"])
    return SegmentsReport(title, card, sections, charts, sheets, _list_people(found), results, keeping)


def _refuse_unused(values: Mapping[str, Any]) -> None:
    """Refuse settings that the chosen scheme does not read: a typing error there would pass unseen."""
    scheme = values["scheme"] or "life_cycle"
    problems = []
    if scheme == "rules" and not values["rules"]:
        problems.append("`rules` is missing: scheme=rules needs the file of your own rules, such as rules=rules.yml")
    owners = {"rules": "rules", "k": "clusters", "features": "clusters"}
    for name, owner in owners.items():
        if values[name] and scheme != owner:
            problems.append(f"`{name}` is for scheme={owner}, and the scheme is {scheme}")
    if values["k"] and not 2 <= values["k"] <= MOST:
        problems.append(f"`k` should be from 2 to {MOST}, found {values['k']}: nobody can treat more parts differently")
    for name in ("new_rule", "recorded_at"):
        if values[name] and not values["store"]:
            problems.append(f"`{name}` is for reports with a store: set store=store.duckdb, or leave it out")
    if values["recorded_at"] and values["as_of"] and values["recorded_at"] < values["as_of"]:
        problems.append(f"`recorded_at` ({values['recorded_at']}) is before `as_of`: nobody knows that day yet")
    if problems:
        raise TableError(problems, "settings")


# --- What is shown ---------------------------------------------------------------------------------


def _lay_cards(found: SegmentsFound) -> pd.DataFrame:
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
    found: SegmentsFound, shown: pd.DataFrame, checks: pd.DataFrame, hidden: tuple[str, ...]
) -> dict[str, Section]:
    """The sections on segments, moves, labels, luck, the year before and cohorts."""
    sections = {name: Section((why,)) for name, why in found.missing.items()}
    whose = "of the ranked days" if "sales" in found.now else "of all receipts"
    notes = (f"Intervals: 95 %. Sales: {whose}, returns taken off.",)
    sections["segments"] = Section((), shown.drop(columns=ACTIONS[1:]), notes, decimals=0)
    sections["actions"] = Section((TEST,), shown[ACTIONS], ("Days since last purchase: the median.",), decimals=0)
    step = count_of(found.step, "day")
    if found.scheme.shown is not None:
        sections["groups"] = found.scheme.shown
    if found.moves is not None:
        sections["moves"] = _show_moves(found)
    if found.sizes is not None:
        sections["sizes"] = _show_sizes(
            _sort(found.sizes.table, found.scheme.actions), hidden, found.scheme.is_relative
        )
    if found.split is not None:
        sections["method"] = _show_split(found.split, _sort(found.split.table, found.scheme.actions), hidden)
    if found.history is not None:
        sections["history"] = _show_history(found)
    if found.life is not None:
        sections["life"] = Section(_say_life(found.life, step), _lay_life(found.life))
    if found.luck is not None:
        sections["luck"] = Section((_say_luck(found.luck),), _lay_luck(found.luck))
    if found.year is not None:
        sections["year"] = _show_year(found.year, hidden)
    sections["cohorts"] = _show_cohorts(found.cohorts)
    sections["checks"] = Section(table=checks)
    return sections


def _show_moves(found: SegmentsFound) -> Section:
    """Who stayed in each segment since the last stored run, or in one step, and where most of the others went."""
    assert found.moves is not None and found.before is not None
    table = found.moves[found.moves["is_shown"]].drop(columns="is_shown").reset_index(drop=True)
    few = len(found.moves) - len(table)
    why = f"from which fewer than {SMALL} moved, or too small"
    notes: tuple[str, ...] = (f"Not shown: {count_of(few, 'segment')} {why}.",) if few else ()
    if (table["most of the others went to"] == "").any():
        notes = (*notes, f"An empty cell: fewer than {SMALL} went there, or elsewhere.")
    table.insert(3, "95 % interval", _write_intervals(table.pop("low share"), table.pop("high share")))
    words = (
        f"{_say_since(found)}. Who was at the top partly had luck, and luck does not last: a fall from the top alone "
        "says nothing of the customers."
    )
    return Section((words,), table, notes)


def _say_since(found: SegmentsFound) -> str:
    """Say from which day to which the moves are, and what the earlier day was."""
    assert found.before is not None
    then = pd.Timestamp(found.before["as_of"].iloc[0])
    span = f"From {then:%Y-%m-%d} to {found.day:%Y-%m-%d}, {count_of((found.day - then).days, 'day')} later"
    if found.history is None or found.history.day != then:
        return span
    if found.split is not None:
        return f"{span}. The first day is that of the last stored run, divided by today's rule"
    return f"{span}. The first day is that of the last stored run, with the segments that it gave"


def _sort(table: pd.DataFrame, actions: Mapping[str, str]) -> pd.DataFrame:
    """Put the rows of a table in the order of the segments."""
    place = {name: number for number, name in enumerate(actions)}
    return table.sort_values("segment", key=lambda names: names.map(place), kind="stable", ignore_index=True)


def _show_sizes(table: pd.DataFrame, hidden: tuple[str, ...], is_relative: bool) -> Section:
    """How much each segment grew or shrank, in customers and in points of share."""
    shown = suppress_small(_lay_sizes(table), ["customers then", "customers now"], ["segment"], elsewhere=hidden)
    notes: tuple[str, ...] = (
        "Points: of the share of all customers, with the 95 % interval; the same customers are compared.",
    )
    if is_relative:
        notes += ("By this scheme customers are placed among each other: most shares can hardly move.",)
    told = table[shown["customers now"].map(is_number).to_numpy()]
    if told.empty:
        return Section((), shown, notes)
    largest = told.loc[told["difference"].abs().idxmax()]
    change = int(largest["now"]) - int(largest["then"])
    grew = "grew" if largest["difference"] > 0 else "shrank"
    points = _say_points(largest["difference"], largest["low"], largest["high"])
    words = f"{CHANGED} “{largest['segment']}”: it {grew}, {points}, by {change:+,} customers.".replace("by -", "by −")
    if largest["low"] <= 0 <= largest["high"]:
        words += f" {BY_CHANCE}"
    return Section((words,), shown, notes)


def _lay_sizes(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a segment: customers and shares of both days, and the difference with its interval."""
    return pd.DataFrame(
        {
            "segment": rows["segment"],
            "customers then": rows["then"],
            "customers now": rows["now"],
            "share then": rows["share_then"],
            "share now": rows["share_now"],
            "difference": [_say_points(row.difference, row.low, row.high) for row in rows.itertuples()],
        }
    )


def _show_split(split: ChangeSplit, parts_of_it: pd.DataFrame, hidden: tuple[str, ...]) -> Section:
    """The change of the shares told apart: other customers, and another rule."""
    rows = parts_of_it[~parts_of_it["segment"].isin(hidden)]
    table = pd.DataFrame(
        {
            "segment": rows["segment"],
            "share then, old rule": rows["share_then"],
            "share now, new rule": rows["share_now"],
        }
    )
    for name, words in (("change", "whole change"), ("customers", "by the customers"), ("method", "by the rule")):
        ends = zip(rows[name], rows[f"{name}_low"], rows[f"{name}_high"], strict=True)
        table[words] = [_say_points(*three) for three in ends]
    first, second = (f"{one:%Y-%m-%d}" for one in split.days)
    words = (
        f"The rule has changed since the last stored run. Both days, {first} and {second}, are divided by both rules "
        "here, so that changed customers are told from a changed rule. A part that the rule has made is no news of the "
        "customers."
    )
    return Section((words,), table, title="Changed customers, or a changed rule?")


def _show_history(found: SegmentsFound) -> Section:
    """The runs that the store holds, and what this one goes on from."""
    assert found.history is not None
    history = found.history
    version = str(found.now["version"].iloc[0])
    if history.day is None:
        words = f"{history.path.name} holds no earlier run of this scheme: the history begins here."
    else:
        words = f"{history.path.name} goes on from the run of {history.day:%Y-%m-%d}."
    runs = history.runs[history.runs["as_of"] != found.day]
    own = pd.DataFrame({"as_of": [found.day], "version": [version], "customers": [len(found.now)]})
    parts_of_it = [part for part in (runs[["as_of", "version", "customers"]], own) if len(part)]
    table = pd.concat(parts_of_it, ignore_index=True).sort_values("as_of", ignore_index=True)
    table = table.rename(columns={"as_of": "as of", "version": "version of the rule"})
    return Section((words,), table, title="The runs in the store")


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
    first = life.at(1)
    words = [
        f"{100 * first['right']:.0f} of 100 labels are still right after {step}. {_say_half(life)} The customers were "
        f"divided anew every {step}; the first line is the mean of {count_of(steps, 'such step')}."
    ]
    poor = rows[rows["right"] < rows["by_chance"] + NEAR_CHANCE]
    if len(poor):
        days = round(float(poor["age"].iloc[0]) * life.step_days)
        words.append(f"After {days:,} days the labels are hardly better than labels handed out at random.")
    return tuple(words)


def _say_half(life: LabelLife) -> str:
    """Say after how many days half of the labels are wrong."""
    oldest = round(float(life.table["age"].max()) * life.step_days)
    if np.isinf(life.half_life):
        return f"Fewer than half are wrong even after {oldest:,} days."
    low, high = (
        f"more than {oldest:,}" if np.isinf(end) else f"{end * life.step_days:,.0f}"
        for end in (life.half_low, life.half_high)
    )
    return f"Half are wrong after about {life.half_life * life.step_days:,.0f} days (95 % interval {low} to {high})."


def _say_luck(luck: Regression) -> str:
    top = luck.table[luck.table["group"] == "top"].set_index("reading")["relative"]
    return (
        "Two windows of equal length. The best fifth of the first window is at "
        f"{_say_change(top['forwards'])} against all customers in the second; read backwards in time, the best fifth "
        f"of the second window is at {_say_change(top['backwards'])} in the first. A true "
        "change has one direction. So what both readings share is luck: the best of any time are partly lucky. "
        "Shuffled: the two windows of each customer in random order, so that only luck is left. "
        "Customers who joined late make the two readings differ."
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
    shown = suppress_small(_lay_sizes(rows), ["customers then", "customers now"], ["segment"], elsewhere=hidden)
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


def _list_skipped(found: SegmentsFound, tables: Mapping[str, Any]) -> Section:
    skipped = list_skipped(UNLOCKS, tables)
    rows = [(NAMES[name], why.rstrip(".")) for name, why in found.missing.items()]
    skipped = pd.concat([skipped, pd.DataFrame(rows, columns=skipped.columns)], ignore_index=True)
    return Section(() if len(skipped) else ("Nothing.",), skipped)


def _make_charts(found: SegmentsFound, shown: pd.DataFrame, sections: Mapping[str, Section]) -> dict[str, Any]:
    """The charts that the tables allow, by name."""
    charts: dict[str, Any] = {}
    if shown["customers"].map(is_number).any():
        charts["segments"] = lambda: draw_shares(shown)
    if found.moves is not None and found.before is not None and found.moves["is_shown"].any():
        moves = found.moves[found.moves["is_shown"]]
        both = found.before.merge(found.now, on="customer_id", suffixes=("_before", ""))
        stayed = float((both["segment_before"] == both["segment"]).mean())
        between = (found.day - pd.Timestamp(found.before["as_of"].iloc[0])).days
        charts["moves"] = lambda: draw_stays(moves, between, stayed)
    if found.life is not None:
        life = found.life
        charts["life"] = lambda: draw_life(life)
    if found.year is not None and not {"<5", "hidden"} & set(
        sections["year"].to_frame()["customers now"].astype("str")
    ):
        charts["year"] = found.year.plot
    if not sections["cohorts"].to_frame().empty:
        charts["cohorts"] = lambda: draw_cohorts(found.cohorts)
    return charts


def _make_card(
    found: SegmentsFound, shown: pd.DataFrame, title: str, task: str, unit: str, sections: Mapping[str, Section]
) -> ReportCard:
    """The card: which segment carries the sales, how long labels stay right, and what to do next."""
    rows = shown[shown["customers"].map(is_number)]
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
    notes += found.scheme.cautions
    if found.split is not None:
        notes.append(
            "Careful: the rule has changed since the last stored run; see what the rule has done, and what not."
        )
    if few:
        notes.append(f"Careful: under 30 customers, too few to plan with: {list_few(few, 5)}.")
    notes += [text for text in sections["sizes"].text if text.startswith(CHANGED) and not text.endswith(BY_CHANCE)]
    notes.append(
        f"Next: for the task “{task}” choose one or two segments of the table below, and let campaign_plan leave some "
        "of their customers out at random: only they show whether the action works."
    )
    return ReportCard(kicker, verdict, headline, "plain", tuple(facts), tuple(notes))


def _say_window(found: SegmentsFound) -> str:
    """Say of which days the sales are."""
    window = found.scheme.window
    return "returns taken off" if window is None else f"of {window:,} days, returns taken off"


def _summarise(found: SegmentsFound, task: str, unit: str) -> pd.DataFrame:
    """The sheet `summary`."""
    right = float(found.life.at(1)["right"]) if found.life is not None else None
    return parts.make_summary(
        [
            ("Task", task, "text", ""),
            ("Scheme", found.scheme.name, "text", str(found.now["version"].iloc[0])),
            ("As of", found.day, "day", "everything before this day counts"),
            ("Customers", len(found.profile), "count", ""),
            ("Segments", len(found.cards), "count", ""),
            ("Sales", float(found.cards["money"].sum()), "money", f"returns taken off {unit}".strip()),
            ("Labels still right", right, "percent", f"after {count_of(found.step, 'day')}"),
        ]
    )


def _list_people(found: SegmentsFound) -> pd.DataFrame:
    """One row a customer: the segment now and one step before, days since the last purchase, sales."""
    people = found.now[["customer_id", "as_of", "scheme", "version", "segment"]]
    numbers = found.profile[["customer_id", "recency_days", "frequency", "monetary"]]
    people = people.merge(numbers, on="customer_id", how="left")
    if found.before is None:
        return people
    then = found.before[["customer_id", "segment"]].rename(columns={"segment": "segment_before"})
    return people.merge(then, on="customer_id", how="left")


def _make_checks(found: SegmentsFound, span: pd.Series, was_given: bool) -> pd.DataFrame:
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
    if found.history is not None:
        since = "begins with this run" if found.history.day is None else f"goes on from {found.history.day:%Y-%m-%d}"
        rows.append(("History in the store", "good", since))
    rows += [(name, "look", text) for name, text in found.warnings]
    return make_checks(rows)
