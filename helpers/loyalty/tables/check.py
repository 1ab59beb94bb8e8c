"""The check of a table against its contract: every breach at once, in plain words, on the engine where it lives.

Tables are the interface of this package: its functions take and return data frames that keep a contract. The contracts
stand in `loyalty.tables.contracts` and are imported from here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS
from loyalty.tables.ids import AROUND, IDS, POINT, SEEN, is_blank, is_masked, is_odd_number, is_unusual
from loyalty.tables.pairs import prove_pairs_differ
from loyalty.tables.sources import AnyTable, NotATable, collect, is_empty, open_table
from loyalty.text import find_near, list_few

# Ids that millions of rows share, so that their different texts are listed sooner than each row is read as a text.
FEW = frozenset(("campaign_id", "offer_id", "store_id", "till_id", "home_store"))

# What a text that should be a number or a date looks like, from the first characters on.
LOOKS = {
    "number": r"^\s*[-+]?\d+(\.\d+)?([eE][-+]?\d+)?\s*$",
    "comma": r"^\s*[-+]?\d[\d\s.\x{a0}\x{202f}]*,\d+\s*$",
    "iso": r"^\s*\d{4}-\d{2}-\d{2}",
    "day": r"^\s*(1[3-9]|2\d|3[01])[./-]\d{1,2}[./-]\d{2,4}",
    "month": r"^\s*\d{1,2}[./-](1[3-9]|2\d|3[01])[./-]\d{2,4}",
    "either": r"^\s*(0?[1-9]|1[0-2])[./-](0?[1-9]|1[0-2])[./-]\d{2,4}",
}


class TableError(ValueError):
    """A table breaks its contract. `problems` lists all breaches, each with counts, examples and what to do."""

    def __init__(self, problems: list[str], name: str = "the table") -> None:
        self.problems = list(problems)
        self.name = name
        head = f"{name}: {len(self.problems)} problem{'s' if len(self.problems) != 1 else ''}"
        super().__init__("\n".join([head, *(f"  {i}. {text}" for i, text in enumerate(self.problems, 1))]))

    def _render_traceback_(self) -> list[str]:
        return [f"❌ {self}"]


def check_table(source: AnyTable, contract: Table, *, name: str | None = None) -> nw.LazyFrame:
    """Check a table against its contract, on the engine where it lives; extra columns are welcome.

    Parameters
    ----------
    source : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The table, one row as `contract.row` says.
    contract : Table
        For example `loyalty.tables.check.RECEIPTS`.
    name : str, optional
        How the message calls the table; the contract's name otherwise.

    Returns
    -------
    narwhals.LazyFrame
        The table, opened and unchanged: nothing is dropped or repaired.

    Raises
    ------
    TableError
        With all problems: missing columns, wrong types, missing values, values outside the limits, repeated keys.

    Examples
    --------
    >>> import pandas as pd
    >>> from loyalty.tables.contracts import PRODUCTS
    >>> check_table(pd.DataFrame({"product_id": [1, 1]}), PRODUCTS)
    Traceback (most recent call last):
    loyalty.tables.check.TableError: products: 1 problem
      1. `product_id` should be different in every row: 1 value comes more than once, such as 1: keep one row of each
    """
    if not isinstance(contract, Table) or not isinstance(name, str | None):
        raise TableError(["`contract` should be a contract, such as loyalty.tables.contracts.RECEIPTS, `name` a text"])
    name = name or contract.name
    index = list(source.index.names) if isinstance(source, pd.DataFrame) else []
    try:
        table = open_table(source)
        problems = find_breaches(table, contract, index)
    except NotATable as error:
        problems = [str(error)]
    if problems:
        raise TableError(problems, name)
    return table


def render_dictionary() -> str:
    """Render all contracts as the data dictionary, in Markdown, one table a contract.

    Returns
    -------
    str
        One heading and one table for each contract of `CONTRACTS`, in their order.

    Examples
    --------
    >>> print(render_dictionary().splitlines()[0])
    ### receipts
    """
    parts = []
    for table in CONTRACTS.values():
        key = ", ".join(f"`{name}`" for name in table.key)
        lines = [f"### {table.name}", "", f"One row is {table.row}. Key: {key}.", ""]
        lines += ["| column | kind | needed | meaning |", "|---|---|---|---|"]
        for column in table.columns:
            needed = "optional" if column.optional else ("yes, may be empty" if column.nullable else "yes")
            rule = f" ({column.rule})" if column.rule else ""
            cells = (f"`{column.name}`", column.holds, needed, column.meaning + rule)
            lines.append(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def find_breaches(
    table: nw.LazyFrame, contract: Table, index: Sequence[Any] = (), *, differ: bool = False
) -> list[str]:
    """Find all breaches of a contract in a table that is open already, each as a sentence; none if it is kept.

    Not for a table of unknown origin: `check_table` opens it, and raises what is found here.

    Parameters
    ----------
    table : narwhals.LazyFrame
    contract : Table
    index : sequence
        Names of the pandas index, which is no part of the table.
    differ : bool
        Whether the caller knows that no key is repeated, so that it is not looked for again.

    Returns
    -------
    list of str

    Raises
    ------
    NotATable
        The source breaks off while it is read.

    Examples
    --------
    >>> import pandas as pd
    >>> from loyalty.tables.contracts import PRODUCTS
    >>> find_breaches(open_table(pd.DataFrame({"product_id": [None, "a"]})), PRODUCTS)
    ['`product_id` is empty in 1 of 2 rows: fill it, or take these rows out and count them']
    """
    schema = dict(table.collect_schema())
    present = [column for column in contract.columns if column.name in schema]
    problems = list(find_missing(contract, list(schema), index))
    # A column without a single value has the type that the engine gave it, and that says nothing.
    odd = [column for column in present if not fits(column.kind, schema[column.name])]
    full = [(~is_empty(column.name, schema[column.name])).cast(nw.Int64).sum() for column in odd]
    counts = [nw.len().alias("rows"), *full]
    filled = collect(table.select(*counts)).fillna(0).astype("int64").iloc[0] if odd else {}
    wrong = [column for column in odd if filled[column.name]]
    for column in wrong:
        problems.append(_explain_type(table, column, schema[column.name], filled["rows"]))
    sound = {column.name: column for column in present if column not in wrong}
    texts = [
        column.name
        for column in sound.values()
        if column.kind == "id" and schema[column.name] == nw.String and column not in odd
    ]
    doubtful = _find_doubtful(table, texts)
    problems += _find_bad_values(table, contract, sound, [column.name for column in odd], doubtful)
    for name in doubtful:
        problems += _find_point_twins(table, name)
    if set(contract.key) <= set(sound) and not differ:
        problems += _find_repeats(table, contract, schema)
    return problems


def find_missing(contract: Table, found: Sequence[str], index: Sequence[Any] = ()) -> Iterator[str]:
    """Name the columns that a contract needs and that are not among those found.

    Examples
    --------
    >>> from loyalty.tables.contracts import PRODUCTS
    >>> list(find_missing(PRODUCTS, ["Product_ID"]))
    ['there is no column `product_id`: rename `Product_ID`?']
    """
    others = [name for name in found if name not in contract.names]
    tail = f"; found: {list_few(found, 12) or 'no columns'}"
    for column in contract.columns:
        if column.optional or column.name in found:
            continue
        close = find_near(column.name, others)
        if column.name in index:
            yield f"there is no column `{column.name}`, it is the index: make it a column with .reset_index()"
        elif close:
            yield f"there is no column `{column.name}`: rename `{close}`?"
        else:
            mend = f"add it, or rename the one that holds it{tail}"
            yield f"there is no column `{column.name}` ({column.meaning}): {mend}"
            tail = ""


def fits(kind: str, dtype: Any) -> bool:
    """Whether a column of this type can hold values of this kind.

    Examples
    --------
    >>> fits("id", nw.String()), fits("id", nw.Float64())
    (True, False)
    """
    text = dtype in (nw.String, nw.Categorical, nw.Enum)
    if kind == "id":
        return text or (dtype.is_integer() and dtype not in (nw.Int128, nw.UInt128))
    if kind == "text":
        return text
    if kind in ("time", "date"):
        return dtype == nw.Date or (isinstance(dtype, nw.Datetime) and dtype.time_zone is None)
    return dtype == nw.Boolean if kind == "flag" else dtype.is_numeric()


def _explain_type(table: nw.LazyFrame, column: Column, dtype: Any, rows: int) -> str:
    name = f"`{column.name}`"
    kind = column.kind
    need = f"`{column.name}` should be {column.holds}"
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return _explain_text(table.select(nw.col(column.name).cast(nw.String)).drop_nulls(), column, rows)
    if kind in ("time", "date") and isinstance(dtype, nw.Datetime):
        how = "with .dt.tz_convert(…), then drop the zone with .dt.tz_localize(None)"
        return f"{name} carries a time zone: convert it to the shop's time {how}"
    if kind == "id" and not dtype.is_numeric():
        return f"{need}, found {_say_dtype(dtype)}: is this the column of the ids?"
    if not dtype.is_numeric():
        return f"{need}, found {_say_dtype(dtype)}: convert it"
    values = _examples(table.filter(~is_empty(column.name, dtype)), column.name)
    mend = "convert it"
    if kind == "id" and (dtype.is_float() or dtype.is_decimal()):
        values = _examples(table.filter(is_odd_number(column.name, dtype)), column.name)
        mend = _advise_on_decimals(column.name, values)
    elif kind in ("time", "date") and float(values[0]) < 1e6:
        mend = "a day as Excel counts it? pandas.to_datetime(…, unit='D', origin='1899-12-30')"
    elif kind in ("time", "date"):
        mend = "a day written as a number? pandas.to_datetime(…, format='%Y%m%d')"
    elif kind in ("text", "id", "flag"):
        mend = f"convert it with .astype('{'bool' if kind == 'flag' else 'str'}')"
    return f"{need}, found {_say_dtype(dtype)} such as {', '.join(map(_say, values))}: {mend}"


def _advise_on_decimals(name: str, values: Sequence[Any]) -> str:
    """Say what to do with decimal numbers that are no ids: digits are lost, or they are not whole."""
    if any(float(value).is_integer() for value in values):
        lost = "numbers so long lose their last digits as decimal ones, and different customers become one"
        return f"{lost}. Read the column again, as text: dtype={{'{name}': 'str'}}"
    return "is this the column of the ids?"


def _explain_text(texts: nw.LazyFrame, column: Column, rows: int) -> str:
    """Say what the text in a column of numbers, dates or flags looks like, and how it becomes one."""
    value = nw.col(column.name)
    hold = f"`{column.name}` holds"
    counts = (value.str.contains(look).cast(nw.Int64).sum().alias(name) for name, look in LOOKS.items())
    n = collect(texts.select(nw.len().alias("n"), *counts)).astype("int64").iloc[0].to_dict()

    def show(look: str, *, unlike: bool = False) -> str:
        hit = value.str.contains(LOOKS[look])
        return ", ".join(map(_say, _examples(texts.filter(~hit if unlike else hit), column.name)))

    if column.kind == "flag":
        return f"{hold} text such as {', '.join(map(_say, _examples(texts, column.name)))}: make it true or false"
    if column.kind in ("time", "date"):
        mend = "convert it with pandas.to_datetime(…"
        if n["day"] and n["month"]:
            return f"{hold} days in two orders, such as {show('day')} and {show('month')}: ask where each comes from"
        if n["day"] or n["month"]:
            look, first = ("day", True) if n["day"] else ("month", False)
            return f"{hold} text such as {show(look)}, the {look} first: {mend}, dayfirst={first})"
        if n["either"]:
            mend = f"day or month first? Ask, then {mend}, dayfirst=True) or dayfirst=False"
            return f"{hold} text such as {show('either')}: {mend}"
        if n["iso"] == n["n"]:
            return f"{hold} dates as text, such as {show('iso')}: {mend})"
        odd = f"text such as {show('iso', unlike=True)} in {n['n'] - n['iso']:,} of {rows:,} rows"
        return f"{hold} {odd}, which is no date: expected a form such as 2017-12-31"
    if n["comma"]:
        what = f"text such as {show('comma')} in {n['comma']:,} of {rows:,} rows"
        return f"{hold} {what}: decimal comma? Read the file with pandas.read_csv(…, decimal=',')"
    if n["number"] == n["n"]:
        return f"{hold} numbers as text, such as {show('number')}: convert it with pandas.to_numeric(…)"
    odd = f"text such as {show('number', unlike=True)} in {n['n'] - n['number']:,} of {rows:,} rows"
    return f"{hold} {odd}, which is no number: correct it, or make it empty with pandas.to_numeric(…, errors='coerce')"


def _find_doubtful(table: nw.LazyFrame, names: list[str]) -> list[str]:
    """Find the columns of text ids of which more has to be asked: one scan, then a look at the different texts.

    Where these are few, they are looked at at once.
    """
    plain = set()
    many = [name for name in names if name not in FEW]
    if many:
        sums = [is_unusual(name).fill_null(False).cast(nw.Int64).sum().alias(f"u{i}") for i, name in enumerate(many)]
        counts = collect(table.select(*sums)).fillna(0).iloc[0]
        plain = {name for i, name in enumerate(many) if not counts[f"u{i}"]}
    return [name for name in names if name not in plain and _has_doubtful_text(table, name)]


def _has_doubtful_text(table: nw.LazyFrame, name: str) -> bool:
    """Whether an id has blanks around it, hides a character, holds nothing to be seen, or ends in .0."""
    value = nw.col(name)
    doubt = value.str.contains(AROUND) | value.str.contains(POINT) | is_blank(name)
    return not collect(table.select(name).unique().filter(doubt.fill_null(False)).head(1)).empty


def _find_bad_values(
    table: nw.LazyFrame, contract: Table, columns: dict[str, Column], blank: list[str], doubtful: list[str]
) -> list[str]:
    """Count all breaches in one scan, then fetch examples only for those that occur.

    `blank` columns hold nothing at all; `doubtful` are those of text ids that are not plain.
    """
    schema = dict(table.collect_schema())
    tests: list[tuple[str, str, str, nw.Expr]] = []
    for name, column in columns.items():
        value = nw.col(name)
        empty = is_empty(name, schema[name])
        if name in doubtful:
            tests += _test_text_id(name)
            empty = empty | is_blank(name).fill_null(False)
        if not column.nullable:
            tests.append((name, "is empty in {}", "fill it, or take these rows out and count them", empty))
        if name in blank:
            continue
        if schema[name].is_float():
            tests.append((name, "is infinite in {}", "was something divided by zero?", value.abs() == float("inf")))
        limits = [value < column.low] if column.low is not None else []
        limits += [value > column.high] if column.high is not None else []
        limits += [~value.cast(nw.String).is_in(list(column.choices))] if column.choices else []
        if column.kind == "time":
            limits += [value < nw.lit(dt.datetime(1900, 1, 1)), value >= nw.lit(dt.datetime(2200, 1, 1))]
        limits += [value != value.round(0)] if column.kind == "whole" and not schema[name].is_integer() else []
        if limits:
            breach = ~empty & nw.any_horizontal(*limits, ignore_nulls=True)
            tests.append((name, f"should be {column.rule}, but is not in {{}}", column.advice, breach))
    sums = [test.fill_null(False).cast(nw.Int64).sum().alias(f"t{i}") for i, (*_, test) in enumerate(tests)]
    counts = collect(table.select(*sums, nw.len().alias("rows"))).iloc[0].fillna(0).astype("int64")
    problems = []
    for i, (name, says, mend, test) in enumerate(tests):
        if counts[f"t{i}"]:
            where = f"{counts[f't{i}']:,} of {counts['rows']:,} rows"
            where += _locate(table.filter(test), contract, columns, name, values="should" in says)
            problems.append(f"`{name}` {says.format(where)}: {mend}")
    return problems


def _test_text_id(name: str) -> list[tuple[str, str, str, nw.Expr]]:
    """Ask of ids whether blanks or hidden characters make two of one."""
    value = nw.col(name)
    around = value.str.contains(AROUND) & value.str.contains(SEEN)
    says = "should be written without blanks around it or characters that cannot be seen, but is not in {}"
    mend = r"take them off with .str.replace(r'^\s+|\s+$|[\u00ad\u200b-\u200f\u2060\ufeff]', '', regex=True)"
    return [(name, says, mend, around)]


def _find_point_twins(table: nw.LazyFrame, name: str) -> list[str]:
    """Refuse '17850' beside '17850.0': one customer, whose column was a decimal number for a while."""
    ids = table.select(nw.col(name).alias("loyalty_id")).drop_nulls()
    pointed = ids.filter(nw.col("loyalty_id").str.contains(POINT))
    if collect(pointed.head(1)).empty:
        return []
    bare = pointed.with_columns(loyalty_id=nw.col("loyalty_id").str.replace_all(r"\.0$", "")).unique()
    twins = collect(bare.join(ids.unique(), on="loyalty_id", how="inner").sort("loyalty_id"))["loyalty_id"].tolist()
    if not twins:
        return []
    shown = ", ".join(f"'{twin}' and '{twin}.0'" for twin in twins[:3])
    many = "1 number is" if len(twins) == 1 else f"{len(twins):,} numbers are"
    mend = f"take the .0 off with .str.removesuffix('.0'), or read the column again, with dtype={{'{name}': 'str'}}"
    return [f"`{name}` holds one id in two forms: {many} written with .0 and without, such as {shown}: {mend}"]


def _locate(rows: nw.LazyFrame, contract: Table, columns: dict[str, Column], name: str, *, values: bool) -> str:
    """Name the offending values, and some rows by the first column that can tell them apart."""
    found = f", found {', '.join(map(_say, _examples(rows, name)))}" if values else ""
    for other in (*contract.key, "customer_id", "time"):
        known = _examples(rows.select(other).drop_nulls(), other) if other in columns and other != name else []
        if known:
            return f"{found} ({other} {', '.join(map(_say, known))})"
    return found


def _find_repeats(table: nw.LazyFrame, contract: Table, schema: dict[str, Any]) -> list[str]:
    key = contract.key
    if len(key) > 1 and prove_pairs_differ(table, *key[:2]):  # then longer keys differ, too
        return []
    whole = table.filter(~nw.any_horizontal(*(is_empty(name, schema[name]) for name in key), ignore_nulls=True))
    groups = whole.group_by(*key).agg(nw.len().alias("loyalty_times")).filter(nw.col("loyalty_times") > 1)
    count = int(collect(groups.select(nw.len().alias("n")))["n"].iloc[0])
    if not count:
        return []
    rows = collect(groups.sort(*key).head(3))
    shown = ", ".join(" / ".join(_say(row[k]) for k in key) for row in rows.to_dict("records"))
    masked = any(is_masked(value) for value in rows.get("customer_id", ()))
    label = " + ".join(f"`{k}`" for k in key)
    mend = "these are masked, so that different customers look alike: get ids in full" if masked else contract.again
    comes = f"{count:,} value{' comes' if count == 1 else 's come'} more than once"
    return [f"{label} should be different in every row: {comes}, such as {shown}: {mend}"]


def _examples(rows: nw.LazyFrame, name: str) -> list[Any]:
    return collect(rows.select(name).unique().sort(name).head(3))[name].tolist()


def _say(value: Any) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return repr(value if len(value) <= 40 else value[:40] + "…") if isinstance(value, str) else str(value)


def _say_dtype(dtype: Any) -> str:
    if dtype.is_integer():
        return "whole numbers"
    if dtype.is_numeric():
        return "decimal numbers"
    if isinstance(dtype, nw.Date | nw.Datetime):
        return "dates"
    return "true and false" if dtype == nw.Boolean else f"values of the type {type(dtype).__name__}"


def read_checked(source: AnyTable, contract: Table, names: list[str], name: str | None = None) -> pd.DataFrame:
    """Check a table against its contract, and return the named columns in pandas."""
    checked = check_table(source, contract, name=name)
    if isinstance(source, pd.DataFrame) and all(_is_plain(column, source[column].dtype) for column in names):
        return source[names]  # nothing to convert: the way through the engine and back would only copy it
    return collect(checked.select(names))


def _is_plain(name: str, dtype: Any) -> bool:
    if name in IDS and dtype.kind == "f":
        return False  # whole numbers beside an empty cell
    return dtype == "str" or (isinstance(dtype, np.dtype) and dtype.kind in "iufM")
