"""Where foreign tables are laid out: one DuckDB connection on a temporary file, and raw tables in it."""

from __future__ import annotations

import atexit
import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from loyalty.tables.scratch import Scratch
from loyalty.tables.sources import NotATable

TYPED = "\x1f"  # the mark before a cell that is a number or a date in the workbook: its 1.234 is never 1234
BATCH = 20_000
WIDEST = 2_000
ROUGH = "rough"
SPACES = "\u00a0\u202f\u2007\u2009\u2003\u2002"
NOTHING = "\u00ad\u200b\u2060\ufeff\u200e\u200f"
PLAIN = str.maketrans(dict.fromkeys(SPACES, " ") | dict.fromkeys(NOTHING, ""))
C = duckdb.ColumnExpression
F = duckdb.FunctionExpression
K = duckdb.ConstantExpression


@dataclass
class Raw:
    """A table as found: columns c0, c1, … beside the headers of the file, and where its rows stood."""

    label: str
    table: duckdb.DuckDBPyRelation
    headers: list[str]
    first: int | None = None  # line of the first row in the file; None where a row has no line
    notes: list[str] = field(default_factory=list)
    word: str = "line"
    marked: bool = False  # whether cells carry the mark TYPED
    day_zero: int = 0  # days after 1899-12-30 from which numbers count days
    unread: list[str] = field(default_factory=list)  # names of columns that nobody asked for
    samples: dict[str, tuple[str, ...]] = field(default_factory=dict)  # some values by column, once they were asked for

    def get_type(self, ref: str) -> str:
        """Return the type of a column; text of any kind is VARCHAR."""
        kind = str(self.table.types[self.table.columns.index(ref)])
        return "VARCHAR" if kind.startswith("ENUM") else kind

    def locate(self, row: int | None) -> str:
        """Say where a row stands, for example "line 12"."""
        return "" if self.first is None or row is None else f"{self.word} {self.first + row:,}"


class Space:
    """A DuckDB connection on a temporary file that goes when Python ends, or with the next one if Python is killed.

    Tables as they were found, with columns that nobody named, lie in a file of their own, which `forget_raw` deletes.
    """

    def __init__(self, memory: str = "1000MB") -> None:
        self._scratch = Scratch("loyalty-intake-")
        self.folder = self._scratch.path
        spill: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": str(self.folder / "spill"),
        }
        self.connection = duckdb.connect(str(self.folder / "tables.duckdb"), config=spill)
        self._rough = self.folder / "rough.duckdb"
        self.connection.execute(f"ATTACH '{str(self._rough).replace(chr(39), 2 * chr(39))}' AS {ROUGH}")
        self._numbers = itertools.count()
        atexit.register(self.close)

    def close(self) -> None:
        """Close the connection and remove its files; the tables that came from it end with it."""
        self.connection.close()
        self._scratch.close()
        atexit.unregister(self.close)

    def forget_raw(self) -> None:
        """Delete the tables as they were found, when all that was asked for has been read from them."""
        self.connection.execute(f"DETACH {ROUGH}")
        self._rough.unlink(missing_ok=True)
        for copy in self.folder.glob("*.csv"):
            copy.unlink(missing_ok=True)

    def make_name(self, kind: str = "raw") -> str:
        """Return a name that no table has yet; raw tables stand in a file of their own."""
        name = f"loyalty_{kind}_{next(self._numbers)}"
        return f"{ROUGH}.{name}" if kind == "raw" else name

    def keep(self, table: duckdb.DuckDBPyRelation, kind: str = "raw") -> duckdb.DuckDBPyRelation:
        """Write a relation of this connection into the temporary file; its column r then counts the rows from 0.

        In raw texts every kind of space becomes a plain space, because thousands are often parted by no-break spaces.
        Characters that cannot be seen are taken out, and a space at the end tells the reader of ids that some were.
        """
        name = self.make_name(kind)
        if kind == "raw":
            types = zip(table.columns, map(str, table.types), strict=True)
            table = table.select(*(_plain(ref) if type_ == "VARCHAR" else C(ref) for ref, type_ in types))
        table.create(name)
        row = C("rowid").alias("r")
        return self.connection.table(name).select(duckdb.StarExpression(), row)

    def write(self, rows: Iterable[Sequence[Any]], width: int) -> duckdb.DuckDBPyRelation:
        """Write rows of Python values as a table of text of `width` columns, one batch at a time.

        The rows are read in this thread, because connections to databases allow no other.
        """
        name = self.make_name()
        steps = iter(rows)
        schema = pa.schema([(f"c{i}", pa.string()) for i in range(width)])
        self.connection.from_arrow(schema.empty_table()).create(name)
        while chunk := list(itertools.islice(steps, BATCH)):
            lines = [_fit([write_cell(cell) for cell in row], width) for row in chunk]
            columns = [pa.array(column, pa.string()) for column in zip(*lines, strict=True)]
            self.connection.from_arrow(pa.table(columns, schema=schema)).insert_into(name)
        return self.connection.table(name).select(duckdb.StarExpression(), C("rowid").alias("r"))


def refuse_wide(width: int, label: str) -> None:
    """Refuse a table of more columns than can be read in bounded time; NotATable says what to do."""
    if width > WIDEST:
        mend = "keep the columns that are needed, and export again"
        raise NotATable(f"{label} has {width:,} columns, and up to {WIDEST:,} are read: {mend}")


def _fit(cells: list[str | None], width: int) -> list[str | None]:
    """Cut a row to a width, or fill it up with empty cells."""
    return cells[:width] + [None] * (width - len(cells))


def _plain(ref: str) -> duckdb.Expression:
    ascii_only = F("strlen", C(ref)) == F("length", C(ref))
    spaced = F("regexp_replace", C(ref), K(f"[{SPACES}]"), K(" "), K("g"))
    bare = F("concat", F("regexp_replace", spaced, K(f"[{NOTHING}]"), K(""), K("g")), K(" "))
    cases = duckdb.CaseExpression(ascii_only, C(ref)).when(F("regexp_matches", spaced, K(f"[{NOTHING}]")), bare)
    return cases.otherwise(spaced).alias(ref)


def _make_plain(text: str) -> str:
    """What `_plain` does, for one text of Python."""
    bare = text.translate(PLAIN)
    return bare + " " if len(bare) < len(text) else bare


def write_cell(value: Any) -> str | None:
    """Turn a Python value into text; what was no text gets the mark TYPED."""
    if value is None:
        return None
    if isinstance(value, str):
        return value if value.isascii() else _make_plain(value)
    if isinstance(value, dt.datetime):
        return TYPED + value.isoformat(" ")
    if isinstance(value, dt.date):
        return TYPED + value.isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        value = int(value)
    return TYPED + str(value)
