"""One door for tables of any size: pandas frames, DuckDB relations, Spark frames, Parquet and CSV files.

What touches receipt lines is written once, as Narwhals expressions, and runs where the table lives. pandas frames and
files go through DuckDB; a Spark frame stays on Spark. After the reduction to one row a customer, `collect` hands over
a pandas frame.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from loyalty.tables.ids import IDS, read_mixed_ids, settle_ids

# Any table that `open_table` can open: a pandas, Narwhals or Spark frame, a DuckDB relation, or a path. Engines that
# are not installed have no type here, so that a type checker takes anything.
AnyTable: TypeAlias = Any

SOURCES = "a pandas frame, a DuckDB relation, or the path of a .parquet or .csv file or of a folder of .parquet files"
DATE = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?"
DIALECT = {"header": True, "skiprows": 0, "quotechar": '"', "escapechar": '"'}


class NotATable(ValueError):
    """The source cannot be read as a table; the message says why, in one sentence."""

    def _render_traceback_(self) -> list[str]:
        return [f"❌ {self}"]


def open_table(source: AnyTable, *, beside: nw.LazyFrame | None = None) -> nw.LazyFrame:
    """Open any source as a lazy table; nothing is read until it is collected.

    Not for repairing a table: an id keeps its type, a date that is not written as 2017-12-31 stays text. Only ids that
    came as decimal numbers are looked at: if all are whole and below 2^53, they are whole numbers again (pandas makes
    them decimal where a cell is empty). In a pandas column that mixes texts and numbers 17850.0 is the id "17850".

    Parameters
    ----------
    source : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The table. A folder means all its Parquet files, with subfolders. A pandas index is not part of the table. The
        first line of a CSV file names its columns; the types come from all its lines. Its dates are read as dates only
        in the form 2017-12-31 or 2017-12-31 18:05:00, because 03.04.2017 means two different days; other forms stay
        text, and the contract then names them. A column of ids with leading zeros (007) stays text;
        `pandas.read_csv` makes 7 of it unless told `dtype={"customer_id": "str"}`.
    beside : narwhals.LazyFrame, optional
        A table that this one (a small pandas frame) will be joined to. It is opened on the same connection.

    Returns
    -------
    narwhals.LazyFrame

    Raises
    ------
    NotATable
        The source is of another type, missing, empty, not readable, has two columns of one name, or ids that are none.

    Examples
    --------
    >>> import pandas as pd
    >>> open_table(pd.DataFrame({"sales": [1.5, 2.5]})).collect_schema().names()
    ['sales']
    """
    table = _open_any(source, beside)
    try:
        return settle_ids(table)
    except duckdb.Error as error:
        raise NotATable(f"the table cannot be read: {_say_error(error)}") from None


def _open_any(source: AnyTable, beside: nw.LazyFrame | None) -> nw.LazyFrame:
    if beside is not None and not isinstance(beside, nw.LazyFrame):
        raise NotATable(f"`beside` should be a table of open_table, found {_say_type(beside)}")
    if isinstance(source, nw.LazyFrame | nw.DataFrame):
        source = source.to_native()
    if isinstance(source, str | Path):
        return nw.from_native(_open_path(Path(os.path.expanduser(source or "(no name)"))))
    if isinstance(source, pd.DataFrame):
        return _place(_make_arrow(source), beside)
    try:
        table = nw.from_native(source)
        if isinstance(source, duckdb.DuckDBPyRelation):
            _refuse_twins(source.columns)
    except TypeError:
        raise NotATable(f"expected a table ({SOURCES}), found {_say_type(source)}") from None
    except duckdb.Error as error:
        raise NotATable(f"the table cannot be read: {_say_error(error)}") from None
    if isinstance(table, nw.DataFrame):
        return _place(_make_arrow(table.to_arrow().to_pandas(types_mapper=pd.ArrowDtype)), beside)
    return table


def collect(table: nw.LazyFrame) -> pd.DataFrame:
    """Read a lazy table into pandas; meant for what has been reduced to one row a customer.

    Parameters
    ----------
    table : narwhals.LazyFrame
        A table of `open_table`, usually after a `group_by`.

    Returns
    -------
    pandas.DataFrame
        The same columns, texts as `str`; the order of rows is the engine's, so sort.

    Raises
    ------
    NotATable
        The source breaks off, for example a damaged file.

    Examples
    --------
    >>> collect(open_table(pd.DataFrame({"name": ["Ann"]})))
      name
    0  Ann
    """
    native = table.to_native()
    if not isinstance(native, duckdb.DuckDBPyRelation):
        return table.collect(backend="pandas").to_native()
    try:
        frame = native.df()
    except duckdb.Error as error:
        raise NotATable(f"the table cannot be read to its end: {_say_error(error)}") from None
    schema = table.collect_schema()
    texts = [name for name in frame if schema.get(name) in (nw.String, nw.Categorical, nw.Enum)]
    return frame.astype(dict.fromkeys(texts, "str"))


def is_empty(name: str, dtype: Any) -> nw.Expr:
    """Ask of each row whether a column is empty there; NaN is empty, infinity is not.

    Not `is_nan`: from the statistics of a Parquet file, which pass over NaN, DuckDB 2.0 infers that there is none, and
    answers False or leaves out the row. What it has to compute from the absolute value, it computes.

    Parameters
    ----------
    name : str
        The column.
    dtype : narwhals dtype
        Its type; only decimal numbers are asked for NaN.

    Returns
    -------
    narwhals.Expr
        True or false, never empty itself.

    Examples
    --------
    >>> table = open_table(pd.DataFrame({"sales": [1.5, None]}))
    >>> collect(table.select(is_empty("sales", nw.Float64)))["sales"].tolist()
    [False, True]
    """
    value = nw.col(name)
    if not dtype.is_float():
        return value.is_null()
    size = value.abs()
    return value.is_null() | (~size.is_finite() & (size != float("inf"))).fill_null(False)


def _place(table: pa.Table, beside: nw.LazyFrame | None) -> nw.LazyFrame:
    host = None if beside is None else beside.to_native()
    if host is None:
        return nw.from_native(duckdb.from_arrow(table))
    if isinstance(host, duckdb.DuckDBPyRelation):
        # A relation belongs to one connection, and only its own `query` runs there. It finds a Python variable by
        # name, after the tables of that database: hence a name that no table has.
        loyalty_beside_this_table = table  # noqa: F841
        try:
            return nw.from_native(host.query("loyalty_host", "SELECT * FROM loyalty_beside_this_table"))
        except duckdb.Error as error:
            raise NotATable(f"its connection reads no pandas frames: {_say_error(error)}") from None
    return nw.from_native(host.sparkSession.createDataFrame(table.to_pandas()))


def bring_beside(table: nw.LazyFrame, host: nw.LazyFrame) -> nw.LazyFrame:
    """Carry a table to where another one lives if the two cannot be joined where they are; else leave it there.

    Not for receipt lines: what is carried goes through memory, so select the columns that are needed.

    Parameters
    ----------
    table, host : narwhals.LazyFrame
        Tables of `open_table`.

    Returns
    -------
    narwhals.LazyFrame
        A table with the same columns that can be joined to `host`.

    Raises
    ------
    NotATable
        The connection of the host reads no tables from memory.

    Examples
    --------
    >>> import pandas as pd
    >>> host = nw.from_native(duckdb.connect().sql("SELECT 1 AS customer_id"))
    >>> table = open_table(pd.DataFrame({"customer_id": [1], "sales": [5.0]}))
    >>> collect(host.join(bring_beside(table, host), on="customer_id"))["sales"].tolist()
    [5.0]
    """
    mine, theirs = table.to_native(), host.to_native()
    if not isinstance(mine, duckdb.DuckDBPyRelation):
        if type(mine) is type(theirs):
            return table
        return _place(pa.Table.from_pandas(collect(table), preserve_index=False), host)
    if isinstance(theirs, duckdb.DuckDBPyRelation):
        try:
            mine.set_alias("loyalty_guest").cross(theirs.set_alias("loyalty_host"))  # planned, never run
            return table
        except duckdb.InvalidInputException:  # relations of different connections
            pass
    return _place(mine.to_arrow_table(), host)


def _open_path(path: Path) -> duckdb.DuckDBPyRelation:
    if not os.path.exists(path):
        raise NotATable(f"there is no file {path.name[:80]} in {path.absolute().parent}")
    if path.is_dir():
        files = (p for p in path.rglob("*") if p.suffix.lower() == ".parquet" and p.is_file())
        parts = sorted(p for p in files if not p.name.startswith((".", "_")))
        if not parts:
            raise NotATable(f"the folder {path.name} holds no .parquet file")
        return _read_parquet(path, parts)
    kind = path.suffix.lower()
    if kind in (".xlsx", ".xls", ".xlsm", ".ods"):
        mend = "save it as 'CSV UTF-8', or read it with pandas.read_excel(…) and give the frame"
        raise NotATable(f"{path.name} is a workbook: {mend}")
    if kind not in (".parquet", ".csv"):
        mend = "if commas, semicolons or tabs separate its columns, rename it to .csv"
        raise NotATable(f"expected {SOURCES}, found {path.name}: {mend}")
    if path.stat().st_size == 0:
        raise NotATable(f"the file {path.name} is empty (0 bytes)")
    return _read_parquet(path, [path]) if kind == ".parquet" else _read_csv(path)


def _read_parquet(path: Path, parts: Sequence[Path]) -> duckdb.DuckDBPyRelation:
    try:
        # Escaped, because DuckDB reads [, * and ? in a path as wildcards.
        table = duckdb.read_parquet([glob.escape(str(part)) for part in parts], union_by_name=True)
        _refuse_twins(pq.read_schema(parts[0]).names)
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise NotATable(f"{path.name} cannot be read as Parquet: {_say_error(error)}") from None
    return table


def _read_csv(path: Path) -> duckdb.DuckDBPyRelation:
    """Read all columns in the types that all lines allow; DuckDB's own guess looks at the first 20,480."""
    file = glob.escape(str(path))
    try:
        kinds = ["BOOLEAN", "BIGINT", "HUGEINT", "DOUBLE", "VARCHAR"]
        guess = duckdb.read_csv(file, sample_size=-1, auto_type_candidates=kinds, **DIALECT)
        names = guess.columns
        lines = duckdb.read_csv(file, all_varchar=True, **(DIALECT | {"header": False}))
        header = lines.limit(1).fetchall()[0]
        if len(header) == len(names):
            _refuse_twins([str(name) for name in header if name is not None])
        if len(names) == 1 and any(mark in names[0] for mark in ",;\t|"):
            mend = "a text or number with a comma in it needs quotes, or semicolons between the columns"
            raise NotATable(f"the lines of {path.name} do not all have the same number of columns: {mend}")
        types = {n: "VARCHAR" if str(t) == "HUGEINT" else str(t) for n, t in zip(names, guess.types, strict=True)}
        dates = _find_dates(guess, [name for name, kind in types.items() if kind == "VARCHAR"])
        return duckdb.read_csv(file, dtype=types | dict.fromkeys(dates, "TIMESTAMP"), **DIALECT)
    except duckdb.Error as error:
        if "not utf-8" in str(error):
            mend = "save it from Excel as 'CSV UTF-8', or read it with pandas.read_csv(…, encoding=…)"
            raise NotATable(f"{path.name} is not in UTF-8: {mend} and give the frame") from None
        usual = "a quotation mark without its pair, or lines with more columns than the first?"
        why = usual if "sniffing" in str(error) else _say_error(error)
        raise NotATable(f"{path.name} cannot be read as CSV: {why}") from None


def _find_dates(table: duckdb.DuckDBPyRelation, texts: list[str]) -> list[str]:
    """Name the text columns of which every value is a date in the one form that has one meaning."""
    if not texts:
        return []
    columns = [duckdb.ColumnExpression(name).cast(duckdb.sqltypes.VARCHAR) for name in texts]
    clear = [duckdb.FunctionExpression("regexp_full_match", c, duckdb.ConstantExpression(DATE)) for c in columns]
    dates = [duckdb.CaseExpression(ok, c.try_cast("TIMESTAMP")) for ok, c in zip(clear, columns, strict=True)]
    counts = table.aggregate([duckdb.FunctionExpression("count", value) for value in columns + dates]).fetchall()[0]
    half = len(texts)
    return [name for name, n, parsed in zip(texts, counts[:half], counts[half:], strict=True) if 0 < n == parsed]


def _refuse_twins(names: Sequence[str]) -> None:
    """Refuse two columns of one name; engines do not tell capital letters apart and would rename one in silence."""
    folded = [name.lower() for name in names]
    for i, name in enumerate(names):
        other = names[folded.index(folded[i])]
        if folded.index(folded[i]) < i and other == name:
            raise NotATable(f"there are two columns `{name}`: rename or drop one")
        if folded.index(folded[i]) < i:
            raise NotATable(f"the columns `{other}` and `{name}` differ only in capital letters: rename or drop one")


def _make_arrow(frame: pd.DataFrame) -> pa.Table:
    names = [str(name) for name in frame.columns]
    if not names:
        raise NotATable("the table has no columns")
    _refuse_twins(names)
    columns = (frame.iloc[:, i] for i in range(len(names)))
    return pa.table([(_make_ids if v.name in IDS else _make_column)(v) for v in columns], names=names)


def _make_ids(values: pd.Series) -> pa.Array:
    """Give a column of ids the type of its values; texts and whole numbers together become text."""
    try:
        mixed = read_mixed_ids(values)
    except ValueError as error:
        with suppress(pa.ArrowException, ValueError, TypeError, OverflowError):
            column = pa.array(values, from_pandas=True)
            if pa.types.is_nested(column.type):
                return column  # the contract says what it holds
        raise NotATable(str(error)) from None
    return _make_column(values) if mixed is None else pa.array(map(_clean_text, mixed), pa.string())


def _make_column(values: pd.Series) -> pa.Array:
    """Give a column the type of its values; a mixture becomes text, which the contract then reports."""
    if isinstance(values.dtype, pd.SparseDtype):
        values = values.sparse.to_dense()
    try:
        if values.dtype == object and pd.api.types.infer_dtype(values, skipna=True) in ("date", "datetime"):
            values = pd.to_datetime(values)  # Arrow would cut the time off a datetime that follows a date
        column = pa.array(values, from_pandas=True)
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_null(column.type):
            return column.cast(pa.string())
        if pa.types.is_decimal256(column.type) or pa.types.is_float16(column.type):
            return column.cast(pa.float64())
        if not isinstance(column.type, pa.BaseExtensionType):
            return column
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        pass
    cells = [None if gone else value for value, gone in zip(values, values.isna(), strict=True)]
    kinds = {type(value) for value in cells} - {type(None)}
    whole = all(issubclass(kind, int) for kind in kinds)  # too long for 64 bits: text keeps every digit
    if not whole and bool not in kinds and all(issubclass(kind, int | float | Decimal) for kind in kinds):
        with suppress(OverflowError):
            return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    return pa.array(map(_clean_text, cells), pa.string())


def _clean_text(cell: Any) -> str | None:
    """The cell as text; half of a character, which no engine keeps, becomes a question mark."""
    return None if cell is None else str(cell).encode(errors="replace").decode()


def _say_error(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    reason = [f", {line}" for line in lines if line.startswith(("Expected Number of Columns", "Maximum line size"))]
    return lines[0].removeprefix("Invalid Input Error: ") + "".join(reason[:1])


def _say_type(source: AnyTable) -> str:
    if source is None:
        return "nothing (None)"
    if isinstance(source, pd.Series):
        return "a pandas Series, which is one column: give the whole frame"
    return f"{type(source).__name__} {' '.join(str(source)[:40].split())}"


def as_frame(table: object) -> pd.DataFrame:
    """The table as pandas, from whatever `loyalty.tables.sources.open_table` can open."""
    return table if isinstance(table, pd.DataFrame) else collect(open_table(table))
