"""What the report `segments` measures: the division on its day, on earlier days, and what changed between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.report.segments.base import (
    LEAST,
    YEAR,
    Asked,
    ReportScheme,
    count_back,
    describe,
    find_last_day,
    sum_sales,
)
from loyalty.report.segments.history import SegmentHistory, read_history
from loyalty.report.segments.schemes import NAMES, make_scheme
from loyalty.segment.drift.label_life import LabelLife, measure_label_life
from loyalty.segment.drift.split import ChangeSplit, split_change
from loyalty.segment.drift.stability_index import StabilityIndex, measure_stability_index
from loyalty.segment.rank.cohorts import build_cohorts
from loyalty.segment.rules.cards import make_cards
from loyalty.segment.rules.migration import LEFT, measure_migration
from loyalty.segment.rules.own_rules import OwnRules, read_rules
from loyalty.segment.rules.regression_to_mean import Regression, expose_regression
from loyalty.segment.rules.windows import sum_windows
from loyalty.tables.check import TableError
from loyalty.tables.days import write_moment
from loyalty.tables.sources import AnyTable, open_table
from loyalty.text import count_of, list_few

STEP = 28  # days
HALF_YEAR = 182
SEED = 16
MONTHS = 12  # after the first purchase
FEWEST = 30  # customers
FEWEST_TO_COMPARE = 10  # customers of one day


@dataclass(frozen=True, eq=False)
class SegmentsFound:
    """What was measured; None where the receipts do not reach, and `missing` says why, by the name of its section."""

    scheme: ReportScheme
    day: pd.Timestamp
    step: int
    profile: pd.DataFrame
    now: pd.DataFrame
    before: pd.DataFrame | None
    sizes: StabilityIndex | None
    history: SegmentHistory | None
    split: ChangeSplit | None
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


def measure(
    receipts: AnyTable, customers: AnyTable | None, values: Mapping[str, Any], span: pd.Series, day: pd.Timestamp
) -> SegmentsFound:
    """Divide the customers on the day of the report and on earlier ones, and compare.

    Parameters
    ----------
    receipts, customers : tables
    values : mapping
        The settings, read.
    span : pandas.Series
        `first` and `last` moment of the receipts.
    day : pandas.Timestamp
        Of the report.

    Raises
    ------
    TableError
        Too few customers, or receipts too short for the scheme.
    """
    first = span["first"].normalize()
    length = (day - first).days
    step = values["step"] or STEP
    profile = describe(receipts, customers, day)
    if len(profile) < FEWEST:
        says = f"{count_of(len(profile), 'customer')}: of fewer than {FEWEST} a report would show single persons"
        raise TableError([says], "receipts")
    kind = values["scheme"] or "life_cycle"
    own = _read_own(values["rules"], profile) if kind == "rules" else None
    history = read_history(values["store"], own.name if own else NAMES[kind], day) if values["store"] else None
    rule = history.rule if history and kind != "rules" and values["new_rule"] != "yes" else None
    asked = Asked(receipts, profile, day, length, step, rule, own, values["k"], values["features"])
    scheme = make_scheme(kind, asked)
    now = scheme.assign(day, profile)
    earlier = _divide_earlier(receipts, customers, scheme, day, length, step)
    missing = _list_missing(scheme, length, step, bool(earlier), history)
    past = _Past(receipts, customers, scheme, day, length)
    before, split, notes = _find_before(past, now, earlier, history, kind, asked)
    if before is None:
        for name in ("moves", "sizes"):
            missing.setdefault(name, "No earlier day can be compared with this one: the rule has changed since then.")
    year = None
    if not scheme.is_relative and length >= YEAR + scheme.least:
        year = _compare_years(receipts, scheme, first, day)
    luck, why = _measure_luck(receipts, day, length)
    if luck is None:
        missing["luck"] = why
    money = profile.assign(monetary=now["sales"]) if "sales" in now else profile
    life = measure_label_life([*earlier, now]) if earlier else None
    notes += [("Receipts", text) for text in profile.attrs.get("warnings", ())]
    notes += [("Rule", text) for text in scheme.warnings]
    notes += [("Labels", text) for text in (life.warnings if life is not None else ())]
    notes += [("A year ago", text) for text in (year.warnings if year is not None else ())]
    notes += [("Method", text) for text in (split.warnings if split is not None else ())]
    return SegmentsFound(
        scheme=scheme,
        day=day,
        step=step,
        profile=profile,
        now=now,
        before=before,
        sizes=_compare_sizes(before, now),
        history=history,
        split=split,
        cards=make_cards(now, money, actions=scheme.actions).table,
        moves=None if before is None else _sum_moves(before, now, list(scheme.actions)),
        life=life,
        year=year,
        luck=luck,
        cohorts=_select_months(build_cohorts(receipts, until=day).pool()),
        sales=sum_sales(receipts, day, scheme.window),
        silent=(day - find_last_day(receipts, day)).days - 1,
        missing=missing,
        warnings=tuple(dict.fromkeys(notes)),
    )


def _read_own(path: str, profile: pd.DataFrame) -> OwnRules:
    """Read the file of own rules; its name must not be that of another scheme in the store."""
    own = read_rules(path, columns=list(profile.columns))
    taken = [*NAMES.values(), "profile"]
    if own.name in taken:
        raise TableError([f"`name` is {own.name!r}, the name of another scheme: choose a name of your own"], "rules")
    return own


def _divide_earlier(
    receipts: AnyTable, customers: AnyTable | None, scheme: ReportScheme, day: pd.Timestamp, length: int, step: int
) -> list[pd.DataFrame]:
    """Snapshots of earlier days, the oldest first, by the rule of today."""
    back = count_back(length, scheme.least, step)
    days = [day - pd.Timedelta(days=step * times) for times in range(back, 0, -1)]
    return [scheme.assign(then, describe(receipts, customers, then)) for then in days]


def _list_missing(
    scheme: ReportScheme, length: int, step: int, has_earlier: bool, history: SegmentHistory | None
) -> dict[str, str]:
    """Why a section cannot be shown, by its name."""
    missing = {}
    if not has_earlier:
        needed = f"{scheme.least + step:,} days of receipts are needed, and there are {length:,}"
        names = ("life",) if history is not None and history.before is not None else ("moves", "sizes", "life")
        missing = dict.fromkeys(names, f"No earlier day to compare with: {needed}.")
    if scheme.is_relative:
        says = "customers are placed anew among those who bought, so that shares say little of how they changed"
        missing["year"] = f"Shares are not compared with a year ago: by this scheme {says}."
    elif length < YEAR + scheme.least:
        needed = f"{YEAR + scheme.least:,} days of receipts are needed, and there are {length:,}"
        missing["year"] = f"A year ago cannot be told: {needed}."
    return missing


@dataclass(frozen=True, eq=False)
class _Past:
    """What is needed to divide the customers of an earlier day."""

    receipts: AnyTable
    customers: AnyTable | None
    scheme: ReportScheme
    day: pd.Timestamp
    length: int

    def reaches(self, then: pd.Timestamp, scheme: ReportScheme) -> bool:
        """Whether a day has as many days of receipts behind it as a scheme needs."""
        return self.length - (self.day - then).days >= scheme.least

    def assign(self, then: pd.Timestamp, scheme: ReportScheme) -> pd.DataFrame:
        """The snapshot of a day."""
        return scheme.assign(then, describe(self.receipts, self.customers, then))


def _find_before(
    past: _Past, now: pd.DataFrame, earlier: list[pd.DataFrame], history: SegmentHistory | None, kind: str, asked: Asked
) -> tuple[pd.DataFrame | None, ChangeSplit | None, list[tuple[str, str]]]:
    """The snapshot that today is compared with: that of the last stored run, else one step ago; and what was odd.

    Where the rule has changed since the last stored run, the customers of then are divided by today's rule, so that
    moves are moves of customers, and the change is split into customers and method.
    """
    if history is None or history.before is None or history.day is None:
        return (earlier[-1] if earlier else None), None, []
    stored = history.before
    if not stored["customer_id"].isin(now["customer_id"]).any():
        says = f"none of the customers of its run of {history.day:%Y-%m-%d} is in these receipts"
        raise TableError([f"{says}: is it the store of another chain?"], history.path.name)
    then = history.day
    is_seen = past.reaches(then, past.scheme)
    again = past.assign(then, past.scheme) if is_seen else None
    if stored["version"].iloc[0] == now["version"].iloc[0]:
        _refuse_strange_names(stored, past.scheme, history)
        return stored, None, _count_corrected(stored, again)
    says = f"the rule has changed since the run of {then:%Y-%m-%d}"
    if again is None:
        return None, None, [("Method", f"{says}, and the receipts do not reach far enough to tell what it did")]
    if history.rule_before is None:
        return again, None, [("Method", f"{says}, and the old rule is not in the store: what it did cannot be told")]
    old = make_scheme(kind, asked._replace(rule=history.rule_before))
    if not past.reaches(then, old):
        return again, None, [("Method", f"{says}, and the receipts do not reach far enough for the old rule")]
    split = split_change(
        _bare(past.assign(then, old)), _bare(old.assign(past.day, asked.profile)), _bare(again), _bare(now)
    )
    return again, split, []


def _refuse_strange_names(stored: pd.DataFrame, scheme: ReportScheme, history: SegmentHistory) -> None:
    """Refuse a stored run of the same scheme and version whose segments this scheme does not have."""
    strange = sorted(set(stored["segment"]) - set(scheme.actions))
    if strange:
        says = f"its run of {history.day:%Y-%m-%d} has segments that {scheme.name!r} does not have: "
        mend = "was it kept by something else under this name? Take another store, or another name"
        raise TableError([f"{says}{list_few(strange, 3)}; {mend}"], history.path.name)


def _bare(snapshot: pd.DataFrame) -> pd.DataFrame:
    return snapshot[["customer_id", "as_of", "scheme", "version", "segment"]]


def _count_corrected(stored: pd.DataFrame, again: pd.DataFrame | None) -> list[tuple[str, str]]:
    """Count the labels of the last stored run that today's receipts would give otherwise."""
    if again is None:
        return []
    both = stored.merge(again, on="customer_id", suffixes=("", "_again"))
    changed = int((both["segment"] != both["segment_again"]).sum())
    if not changed:
        return []
    why = "lines that came late or were corrected, or an export that begins later"
    day = f"{stored['as_of'].iloc[0]:%Y-%m-%d}"
    return [
        ("Stored labels", f"{changed:,} of {len(both):,} labels of {day} would be others by today's receipts: {why}")
    ]


def _compare_sizes(before: pd.DataFrame | None, now: pd.DataFrame) -> StabilityIndex | None:
    """How much each segment grew or shrank, with intervals that know which customers are the same."""
    if before is None or len(before) < FEWEST_TO_COMPARE:
        return None
    return measure_stability_index(_bare(before), _bare(now), seed=SEED)


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
    return shown.drop(columns=["moved", "stayed"]).assign(is_shown=~few.to_numpy() & shown["customers"].map(is_number))


def is_number(value: Any) -> bool:
    """Say whether a cell of a table still shows its number, and is not hidden.

    Examples
    --------
    >>> is_number(7), is_number("<5")
    (True, False)
    """
    return isinstance(value, int | float | np.number)
