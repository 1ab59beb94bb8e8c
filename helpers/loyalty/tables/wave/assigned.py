"""One wave as those need it who measure: who was assigned to which group, beside what was measured."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import narwhals as nw
import pandas as pd

from loyalty.tables.check import TableError
from loyalty.tables.columns import Column
from loyalty.tables.contracts import CONTACTS, OUTCOMES
from loyalty.tables.ids import MANY
from loyalty.tables.sources import AnyTable, NotATable, bring_beside, collect
from loyalty.tables.wave.contacts import Contacted, read_contacts, say_universal
from loyalty.tables.wave.outcomes import Results, explain_strangers, list_others, read_outcomes, say_missing
from loyalty.tables.wave.sides import Sides, count_flags, open_sides, refuse

ALWAYS = ("customer_id", "control_kind", "propensity", "stratum")  # looked at wherever the contacts hold them


@dataclass(frozen=True)
class Assigned:
    """Customers of one wave with their group and their numbers, one row each; made by `open_assigned`.

    `table` stays on its engine. It holds `arm`, `segment` (text), `weight` (1 / propensity), `stratum` and customer_id
    if known, the columns `about` the customers and the numbers: those of the first window under their own names, of a
    further one with its name in front (`post:sales`), and those of before with `before:`. `arms` are the treated groups
    with their customers; `windows` those that were joined, each with its first day (NaT if not known), empty for a
    joined table; `universal` counts the customers of the universal control, who are left out. `flags` are the numbers
    that were true and false before they became 1 and 0.
    """

    table: nw.LazyFrame
    arms: dict[str, int]
    control: str
    windows: Mapping[str, pd.Timestamp]
    universal: int = 0
    source: str = "outcomes"
    doubts: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was left out, and what is doubtful about names and ids, in words."""
        return (*self.left_out, *self.doubts)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Who was left out, in words."""
        return (say_universal(self.universal),) if self.universal else ()

    def name_columns(self, name: str) -> list[str]:
        """Columns of the table that hold a number: one a window, or one in all if the contacts hold it."""
        names = self.table.collect_schema().names()
        later = [f"{window}:{name}" for window in list(self.windows)[1:]]
        return [column for column in (name, *later) if column in names]

    def fetch(self, names: Sequence[str]) -> pd.DataFrame:
        """Read these columns of all customers, with arm and segment."""
        return collect(self.table.select("arm", "segment", *names))


@dataclass(frozen=True)
class _Numbers:
    """In which of the two tables each number stands that was asked for, those of the window and those of before."""

    of_contacts: tuple[Column, ...]
    of_outcomes: tuple[Column, ...]
    earlier_of_contacts: tuple[str, ...]
    earlier_of_outcomes: tuple[str, ...]


@dataclass(frozen=True)
class _Part:
    """What one window adds to the joined table: these numbers, with a prefix before their names."""

    window: str
    prefix: str
    names: list[str]


def open_assigned(
    contacts: AnyTable,
    outcomes: AnyTable,
    columns: Sequence[str | Column],
    *,
    before: Sequence[str] = (),
    about: Sequence[str] = (),
    by: str | None = None,
    control: str = "control",
    window: str | Sequence[str] = "main",
    may_lack: Collection[str] = (),
    prefer_contacts: Collection[str] = (),
    summed: bool = False,
) -> Assigned:
    """Open contacts and outcomes, refuse what cannot be measured, and join them: a row for each customer assigned.

    Not for several waves at once: a customer would have several rows.

    Parameters
    ----------
    contacts : table under CONTACTS; with `outcomes` left out a joined table with `arm` and the numbers
        A joined table may hold several windows, and then has the column `window`.
    outcomes : table under OUTCOMES, or None
    columns : sequence of str or Column
        Numbers of the windows, read from the outcomes, or from the contacts if only these hold them. A Column brings
        its limits along; an optional one is left out where the outcomes do not hold it.
    before : sequence of str
        Numbers of the window "pre", or of the contacts.
    about : sequence of str
        Columns of the contacts that are needed besides; those that are optional in CONTACTS may be missing.
    by : str, optional
        Column of the contacts that names the segment.
    control : str
        Name of the control group in `arm`.
    window : str or sequence of str
    may_lack : collection of str
        Windows that are left out where the outcomes do not hold them.
    prefer_contacts : collection of str
        Numbers that are read from the contacts if both tables hold them.
    summed : bool
        Whether `sum_powers` follows, which sees in its own scan whether a number of a joined table is missing.

    Returns
    -------
    Assigned

    Raises
    ------
    TableError
        With all problems of both tables.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 2, "sales": [5.0, 3.0, 0.0, 1.0]})
    >>> open_assigned(table, None, ["sales"]).arms
    {'mail': 2}
    """
    windows = (window,) if isinstance(window, str) else tuple(window)
    sides = _split_windows(open_sides(contacts, outcomes), windows, may_lack)
    numbers = _place_numbers(sides, columns, before, prefer_contacts)
    try:
        people = _read_people(sides, numbers, about, by, control, summed=summed)
        results = None
        if numbers.of_outcomes or numbers.earlier_of_outcomes:
            results = _read_results(sides, numbers, people, windows, may_lack)
        table = _choose_columns(people, numbers, about, by)
        missing: list[str] = []
        if results is not None and people.are_sound and not results.problems:
            table, missing = _join(table, results, numbers, people.count)
    except NotATable as error:
        raise TableError([str(error)], "the wave") from None
    theirs = [*(results.problems if results is not None else ()), *missing]
    if outcomes is None:  # one table holds both
        refuse(list(dict.fromkeys([*people.problems, *theirs])), [])
    refuse(people.problems, theirs)
    return Assigned(
        table=table,
        arms={str(arm): size for arm, size in people.sizes.items() if arm != control},
        control=control,
        windows={} if results is None else results.windows,
        universal=people.universal,
        source="contacts" if outcomes is None else "outcomes",
        doubts=people.warnings,
        flags=_find_flags(sides, numbers),
    )


def _split_windows(sides: Sides, windows: Sequence[str], may_lack: Collection[str]) -> Sides:
    """Take a joined table with several windows apart: contacts are its rows of the first, outcomes the whole."""
    names = sides.contacts.collect_schema().names()
    if sides.outcomes is not None or "window" not in names:
        return sides
    there = collect(sides.contacts.select("window").unique())["window"].dropna().tolist()
    shown = ", ".join(sorted(map(str, there))) or "none"
    wanted = [window for window in windows if window in there or window not in may_lack]
    refuse(
        [f"there is no row of the window `{name}`; the windows are: {shown}" for name in wanted if name not in there],
        [],
    )
    if set(OUTCOMES.key) <= set(names):
        return replace(sides, contacts=sides.contacts.filter(nw.col("window") == wanted[0]), outcomes=sides.contacts)
    return replace(sides, contacts=sides.contacts.filter(nw.col("window").is_in(wanted)))


# --- Numbers: which table holds them ---------------------------------------------------------------


def _place_numbers(
    sides: Sides, columns: Sequence[str | Column], before: Sequence[str], prefer_contacts: Collection[str]
) -> _Numbers:
    of_contacts: list[Column] = []
    of_outcomes: list[Column] = []
    for column in map(_as_column, columns):
        holder = _find_holder(sides, column, prefer=column.name in prefer_contacts)
        if column.optional and column.name not in holder.collect_schema():
            continue
        (of_contacts if holder is sides.contacts else of_outcomes).append(replace(column, optional=False))
    results = [] if sides.outcomes is None else sides.outcomes.collect_schema().names()
    earlier = [name for name in before if name in results]
    others = [name for name in before if name not in results]
    if both := {column.name for column in of_contacts} & set(others):
        raise TableError([f"`{both.pop()}` is the outcome itself; name the column of before"], "before")
    return _Numbers(tuple(of_contacts), tuple(of_outcomes), tuple(others), tuple(earlier))


def _find_flags(sides: Sides, numbers: _Numbers) -> frozenset[str]:
    """Say which of the numbers asked for are columns of true and false."""
    held = [(sides.contacts, numbers.of_contacts), (sides.outcomes, numbers.of_outcomes)]
    flags = [
        column.name
        for table, columns in held
        if table is not None
        for column in columns
        if table.collect_schema().get(column.name) == nw.Boolean
    ]
    return frozenset(flags)


def _find_holder(sides: Sides, column: Column, *, prefer: bool) -> nw.LazyFrame:
    """Say which table holds a number; what is optional never comes from contacts that have outcomes beside them."""
    if sides.outcomes is None:
        return sides.contacts
    if column.optional or column.name not in sides.contacts.collect_schema():
        return sides.outcomes
    if prefer or column.name not in sides.outcomes.collect_schema():
        return sides.contacts
    return sides.outcomes


def _as_column(name: str | Column) -> Column:
    return Column(name, "number", "what was measured") if isinstance(name, str) else name


# --- Contacts --------------------------------------------------------------------------------------


def _read_people(
    sides: Sides, numbers: _Numbers, about: Sequence[str], by: str | None, control: str, *, summed: bool
) -> Contacted:
    names = [*(column.name for column in numbers.of_contacts), *numbers.earlier_of_contacts]
    table = count_flags(sides.contacts, names)
    schema = table.collect_schema()
    whole = sides.outcomes is not None
    needed = ["arm", *(CONTACTS.key if whole else ())]
    also = [name for name in ALWAYS if name in schema]
    columns = [column for column in CONTACTS.columns if column.name in (*needed, *about, *also)]
    for column in (*numbers.of_contacts, *map(_as_column, numbers.earlier_of_contacts)):
        is_number = column.name in schema and schema[column.name].is_numeric()
        if not (summed and is_number and column in numbers.of_contacts):  # then the sums tell whether one is missing
            columns.append(column)
    if by is not None and by not in schema:
        columns.append(Column(by, "text", "the segment"))
    return read_contacts(table, columns, CONTACTS.key if whole else ("customer_id",), control, sides.index_of_contacts)


def _choose_columns(people: Contacted, numbers: _Numbers, about: Sequence[str], by: str | None) -> nw.LazyFrame:
    """Keep the group, its weight, and what was asked for, each under the name that `Assigned` promises."""
    names = people.table.collect_schema().names()
    segment = nw.lit("")
    if by is not None and by in names:
        segment = nw.col(by).cast(nw.String).fill_null("(empty)")
    weight = nw.lit(1.0)
    if people.has_chances:
        weight = 1 / nw.col("propensity")
    of_contacts = [column.name for column in numbers.of_contacts]
    strata = []
    if "stratum" in names:
        strata = [nw.col("stratum").cast(nw.String).fill_null("(empty)")]
    kept = dict.fromkeys(name for name in ("customer_id", *about) if name in names and name not in of_contacts)
    kept.pop("stratum", None)
    return people.table.select(
        *(nw.col(name) for name in ("arm",) if name in names),
        segment.alias("segment"),
        weight.cast(nw.Float64).alias("weight"),
        *strata,
        *(nw.col(name) for name in kept),
        *(nw.col(name).cast(nw.Float64) for name in of_contacts if name in names),
        *(
            nw.col(name).cast(nw.Float64).alias(f"before:{name}")
            for name in numbers.earlier_of_contacts
            if name in names
        ),
    )


# --- Outcomes --------------------------------------------------------------------------------------


def _read_results(
    sides: Sides, numbers: _Numbers, people: Contacted, windows: Sequence[str], may_lack: Collection[str]
) -> Results:
    assert sides.outcomes is not None
    asked = {column.name: column for column in numbers.of_outcomes}
    asked |= {name: _as_column(name) for name in numbers.earlier_of_outcomes if name not in asked}
    early = "pre" if numbers.earlier_of_outcomes else None
    windows = windows if numbers.of_outcomes else ()
    return read_outcomes(
        sides.outcomes,
        asked,
        people.table,
        people.wave,
        windows,
        early=early,
        may_lack=may_lack,
        index=sides.index_of_outcomes,
    )


def _join(table: nw.LazyFrame, results: Results, numbers: _Numbers, customers: int) -> tuple[nw.LazyFrame, list[str]]:
    """Join the numbers of each window, and say who has no row there."""
    parts: list[_Part] = []
    for place, window in enumerate(results.windows):
        names = [column.name for column in numbers.of_outcomes]
        parts.append(_Part(window, "" if place == 0 else f"{window}:", names))
    if numbers.earlier_of_outcomes:
        parts.append(_Part("pre", "before:", list(numbers.earlier_of_outcomes)))
    for part in parts:
        values = [nw.col(name).cast(nw.Float64).alias(part.prefix + name) for name in part.names]
        side = results.rows.filter(nw.col("window") == part.window).select("customer_id", *values)
        table = table.join(bring_beside(side, table), on="customer_id", how="left")
    marks = [
        part.prefix + part.names[0] for part in parts
    ]  # a number of the outcomes is never empty, so no row is there
    gone = [nw.col(mark).is_null().cast(nw.Int64).sum().alias(mark) for mark in marks]
    counts = collect(table.group_by("arm").agg(*gone)).sort_values("arm").set_index("arm").astype("int64")
    problems = []
    for part, mark in zip(parts, marks, strict=True):
        missing = int(counts[mark].sum())
        if missing == customers > 0:
            problems.append(explain_strangers(table, results.rows.filter(nw.col("window") == part.window)))
        elif missing:
            lost = table.filter(nw.col(mark).is_null()).select("customer_id").sort("customer_id").head(MANY)
            others = list_others(table, results.rows.filter(nw.col("window") == part.window))
            problems.append(say_missing(counts[mark], collect(lost)["customer_id"].tolist(), part.window, others))
    return table, list(dict.fromkeys(problems))
