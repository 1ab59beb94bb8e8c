"""What every report is made of: a card, sections, charts, the sheets of a workbook, and one row a customer."""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar

import narwhals as nw
import pandas as pd
from matplotlib.axes import Axes

from loyalty.intake.parsing.readings import say_rows
from loyalty.report.output.html import ReportCard, Section
from loyalty.report.output.marks import find_foreign, make_mark, write_parquet
from loyalty.report.output.privacy import hash_ids
from loyalty.report.output.workbook import write_workbook
from loyalty.tables.check import TableError
from loyalty.tables.columns import Table
from loyalty.tables.personal import hide_personal
from loyalty.tables.sources import AnyTable, collect, is_empty, open_table


@dataclass(frozen=True, eq=False)
class Report:
    """A finished report; made by `report_campaign` or `report_customers`.

    `card` is what a reader sees first. `sections` and `charts` are asked for by name, `sheets` are the tables of the
    workbook, and `people` has one row a customer; nothing but `save` shows it.
    """

    title: str
    card: ReportCard
    sections: Mapping[str, Section]
    charts: Mapping[str, Callable[[], Axes]]
    sheets: Mapping[str, pd.DataFrame]
    people: pd.DataFrame
    results: Mapping[str, Any] = field(default_factory=dict)
    template: ClassVar[str] = "profile"

    def section(self, name: str) -> Section:
        """Return a section by its name; an empty one where the tables have nothing to say about it."""
        return self.sections.get(name, Section())

    def draw(self, name: str) -> Axes | None:
        """Draw a chart by its name; None where the tables do not allow it, which the section then says."""
        return self.charts[name]() if name in self.charts else None

    def save(self, stem: str | Path | None) -> Section:
        """Write stem.xlsx and stem.parquet; ids become keyed hashes, for a report is passed on; see `hash_ids`.

        Parameters
        ----------
        stem : str or pathlib.Path
            Path without an extension; its folder must exist. Empty writes nothing.

        Returns
        -------
        Section
            What was written.
        """
        from loyalty.report.run.order import SEND
        from loyalty.report.run.runner import place_together, refuse_leftovers

        if not stem:
            return Section(("Nothing was saved: give `save_as` a name in the settings.",))
        path = Path(stem)
        if not path.parent.is_dir():
            raise TableError([f"there is no folder {path.parent}: make it first"], "save_as")
        with tempfile.TemporaryDirectory(prefix=".report-", dir=path.parent, ignore_cleanup_errors=True) as name:
            says = self._write(Path(name, path.name))
            files = {made: path.parent / made.name for made in sorted(Path(name).iterdir())}
            if problems := find_foreign(files.values(), self.template):
                raise TableError(problems, "save_as")
            if any(made.match(f"*{SEND}") for made in files):
                refuse_leftovers(files.values(), path.parent, path.name)
            place_together(files, Path(name))
        return Section((f"Saved: {', '.join(path.name for path in files.values())}. {says}",))

    def _write(self, path: Path) -> str:
        """Write the files of the report under the name of `path`; say in words what they hold."""
        hashed, place = hash_ids(self.people["customer_id"])
        people = self.people.assign(customer_id=hashed)
        words = f"keyed hashes (HMAC-SHA256), key from {place}"
        self._write_sheets(path, ("Customer ids in the Parquet file", "good", words))
        write_parquet(people, path.with_name(path.name + ".parquet"), self.template)
        return f"Ids: {words}."

    def _write_sheets(self, path: Path, *checks: tuple[str, str, str]) -> None:
        sheets = dict(self.sheets)
        sheets["checks"] = pd.concat([sheets["checks"], make_checks(checks)], ignore_index=True)
        write_workbook(path.with_name(path.name + ".xlsx"), sheets, make_mark(self.template))


def make_checks(rows: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Make the table of checks: what was checked; good, look, alarm or not done; and what was found."""
    return pd.DataFrame(rows, columns=["check", "result", "what was found"]).astype("str")


def make_summary(rows: Sequence[tuple[str, Any, str, str]]) -> pd.DataFrame:
    """Make the sheet `summary`: name, value, how the value is formatted, and a note."""
    table = pd.DataFrame(rows, columns=["what", "value", "kind", "note"])
    return table.astype({"value": object})


def find_span(receipts: AnyTable) -> pd.Series:
    """Find the first and the last moment of the receipts; TableError if no row has a date."""
    time = nw.col("time")
    span = collect(open_table(receipts).select(time.min().alias("first"), time.max().alias("last"))).iloc[0]
    if span.isna().any():
        raise TableError(["there is no row with a date: nothing can be said about anybody"], "receipts")
    return span


def find_days(receipts: AnyTable, as_of: str | None) -> pd.Series:
    """Find the span and the number of days with receipts; without `as_of`, TableError if some are dated far ahead."""
    span = find_span(receipts)
    days = open_table(receipts).select(nw.col("time").dt.truncate("1d").alias("day")).drop_nulls()
    days = collect(days.group_by("day").agg(nw.len().alias("n"))).sort_values("day", ignore_index=True)
    left = days["n"][::-1].cumsum()
    gap = days["day"].diff().dt.days
    ahead = days.index[(gap > 31) & (left < 0.01 * days["n"].sum())]
    if len(ahead) and not as_of:
        first = ahead[0]
        n = left[ahead[0]]
        says = f"{say_rows(n)} {'is' if n == 1 else 'are'} dated from {days['day'][first]:%Y-%m-%d} on, "
        mend = f"correct them, or set as_of={days['day'][first - 1] + pd.Timedelta(days=1):%Y-%m-%d}"
        raise TableError([f"{says}{gap[first]:.0f} days after all others: {mend}"], "receipts")
    return pd.concat([span, pd.Series({"days": len(days)})])


def list_sources(tables: Mapping[str, Any]) -> pd.DataFrame:
    """List what was read: one row a table, with its rows, and the notes of the intake."""
    rows = [
        (name, loaded.rows, hide_personal("; ".join(loaded.notes)) or "no remarks") for name, loaded in tables.items()
    ]
    return pd.DataFrame(rows, columns=["table", "rows", "remarks"])


def say_day(day: pd.Timestamp) -> str:
    """Write a day for a reader, such as 1 March 2026."""
    return f"{day.day} {day:%B %Y}"


def show_sources(tables: Mapping[str, Any]) -> Section:
    """Show what was read, in one line and as a table."""
    line = ", ".join(f"{name} {loaded.rows:,} rows" for name, loaded in tables.items())
    return Section((f"Tables: {line}",), list_sources(tables))


def list_skipped(rows: Sequence[tuple[str, str]], tables: Mapping[str, Any]) -> pd.DataFrame:
    """List what the report left out and the column that would unlock it; nothing that is there already.

    `rows` are pairs: "receipts.margin", and what it gives.
    """
    skipped = []
    for column, gives in rows:
        table, _, name = column.partition(".")
        here = tables.get(table)
        if here is None or (name and name not in columns_of(here.table)):
            where = f"the column {name} in {table}" if name else f"the table {table}"
            skipped.append((gives, where))
    return pd.DataFrame(skipped, columns=["not in this report", "what unlocks it"])


def columns_of(table: Any) -> list[str]:
    """Return the names of the columns of any table."""
    return open_table(table).collect_schema().names()


def count_filled(table: Any, contract: Table) -> pd.DataFrame:
    """Count, for each known column of a table, the share of rows in which it is filled; in one scan."""
    lines = open_table(table)
    schema = lines.collect_schema()
    known = [column for column in contract.columns if column.name in schema]
    counts = [(~is_empty(c.name, schema[c.name])).cast(nw.Int64).sum().alias(c.name) for c in known]
    found = collect(lines.select(nw.len().alias("loyalty_rows"), *counts)).iloc[0]
    rows = int(found["loyalty_rows"])
    filled = [(c.name, c.meaning, found[c.name] / rows if rows else float("nan")) for c in known]
    return pd.DataFrame(filled, columns=["column", "what it holds", "filled"])


def list_versions() -> str:
    """Say with which versions the numbers were made, in one line."""
    names = ("pandas", "numpy", "scipy", "duckdb")
    return ", ".join([f"Python {platform.python_version()}", *(f"{name} {metadata.version(name)}" for name in names)])
