"""Ids: what is one id, how it is written, and what is none. Every reader and every check asks here.

- A whole number, or a text. 7 and 7.0 are the same id; beside texts both are written "7".
- Decimal numbers below 2^53 that are all whole are whole numbers: pandas made them decimal because a cell was empty.
- Nothing, blanks, and characters that cannot be seen are no id.
- Blanks around an id, or a character in it that cannot be seen, are never part of it: the readers of files take them
  off and say so; a function that takes a table refuses them, because it repairs nothing.
- True and false, dates and lists are no ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from numbers import Integral, Real
from typing import Any
from uuid import UUID

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.contracts import CONTRACTS

IDS = frozenset(column.name for table in CONTRACTS.values() for column in table.columns if column.kind == "id")
EXACT = 2**53  # from here on a decimal number cannot tell neighbours apart
SEEN = r"[^\s\p{Z}\p{Cf}]"  # something in a text that can be seen
AROUND = r"^[\s\p{Z}]|[\s\p{Z}]$|\p{Cf}"  # blanks at the ends, or what cannot be seen anywhere
POINT = r"^\d+\.0$"
UNUSUAL = r"[^0-9A-Za-z_-]"  # ids are seldom written with anything else
MASKED = r"\*\*|\x{2022}\x{2022}|^[xX]{4}[xX\s-]*\d+$"  # ****1234, ••1234, XXXX-1234
HIDDEN = re.compile("[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
ALIKE = (
    *("string", "integer", "floating", "mixed-integer-float", "decimal", "empty"),
    *("boolean", "date", "datetime", "datetime64"),  # no ids, but of one kind: the contract names it
)
AGAIN = "read both files with dtype={'customer_id': 'str'}"
SHOWN = 3
MANY = 1_000  # so many ids of each table are compared, to see what differs


def write_id(value: Any) -> str:
    """Write an id as text; a whole number that became a decimal one loses its point.

    Examples
    --------
    >>> write_id(7.0), write_id("007")
    ('7', '007')
    """
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    return str(value)


def write_column(values: pd.Series) -> pd.Series:
    """Write a column of ids as text, the same id always alike; what is empty is an empty text.

    Examples
    --------
    >>> write_column(pd.Series([7.0, None, 8.0])).tolist()
    ['7', '', '8']
    """
    codes, names = pd.factorize(values)  # each different one is written once
    written = np.array([write_id(name) for name in names], object)
    return pd.Series(np.where(codes >= 0, written[codes], "") if len(written) else [""] * len(values), values.index)


def bare_id(value: Any) -> str:
    """Write an id without blanks, zeros in front and capital letters: what two spellings of one id share.

    Examples
    --------
    >>> bare_id(" 007A") == bare_id("7a")
    True
    """
    return re.sub(r"\s", "", HIDDEN.sub("", write_id(value))).lstrip("0").casefold()


def is_blank(name: str) -> nw.Expr:
    """Ask of each text whether it holds nothing that can be seen; what is empty is not asked.

    Examples
    --------
    >>> texts = nw.from_native(pd.DataFrame({"customer_id": ["7", " "]}))
    >>> texts.select(is_blank("customer_id"))["customer_id"].to_list()
    [False, True]
    """
    return ~nw.col(name).cast(nw.String).str.contains(SEEN)


def is_unusual(name: str) -> nw.Expr:
    """Ask of each text whether it holds more than letters, digits, _ and -, or nothing; what is empty is not asked.

    Where no id of a column is unusual, none holds a blank, a hidden character or a point, and nothing more need be
    asked. Not "all are usual", with ^ and $: for some engines a text ends before its last line break.

    Examples
    --------
    >>> texts = nw.from_native(pd.DataFrame({"customer_id": ["C-7", "7.0", " 7", ""]}))
    >>> texts.select(is_unusual("customer_id"))["customer_id"].to_list()
    [False, True, True, True]
    """
    value = nw.col(name)
    return value.str.contains(UNUSUAL) | (value == "")


def is_masked(value: Any) -> bool:
    """Whether an id shows its last digits only: different cards then look alike.

    Examples
    --------
    >>> is_masked("****1234"), is_masked("1234")
    (True, False)
    """
    return isinstance(value, str) and re.search(MASKED.replace("x{2022}", "u2022"), value) is not None


def say_masked(rows: int) -> str:
    """Say that ids are masked, and what follows.

    Examples
    --------
    >>> say_masked(1)[:49]
    'the card is masked (****1234) in 1 row: customers'
    """
    where = "1 row" if rows == 1 else f"{rows:,} rows"
    return f"the card is masked (****1234) in {where}: customers whose last digits agree count as one; get ids in full"


def settle_ids(table: nw.LazyFrame) -> nw.LazyFrame:
    """Make whole numbers of decimal ids where all of them are whole and exact; others stay, for the check to name.

    Such a column is looked at once; without one nothing is read.

    Examples
    --------
    >>> import duckdb
    >>> table = nw.from_native(duckdb.sql("SELECT 7.0::DOUBLE AS customer_id"))
    >>> settle_ids(table).collect_schema()["customer_id"]
    Int64
    """
    schema = table.collect_schema()
    decimals = [name for name in schema if name in IDS and (schema[name].is_float() or schema[name].is_decimal())]
    if not decimals:
        return table
    odd = [is_odd_number(name, schema[name]).cast(nw.Int64).sum().alias(name) for name in decimals]
    counts = table.select(*odd).collect(backend="pandas").to_native().fillna(0).iloc[0]
    whole = [name for name in decimals if not counts[name]]
    exact = [nw.when(_is_exact(name, schema[name])).then(nw.col(name)).cast(nw.Int64).alias(name) for name in whole]
    return table.with_columns(*exact) if exact else table


def is_odd_number(name: str, dtype: Any) -> nw.Expr:
    """Ask of each decimal number whether it is there and no exact whole number; NaN is not there.

    Examples
    --------
    >>> numbers = nw.from_native(pd.DataFrame({"customer_id": [7.0, 7.5, float("nan"), 2.0**53]}))
    >>> numbers.select(is_odd_number("customer_id", nw.Float64()))["customer_id"].to_list()
    [False, True, False, True]
    """
    odd = ~_is_exact(name, dtype)
    if dtype.is_float():
        size = nw.col(name).abs()
        odd = odd & (size.is_finite() | (size == float("inf")))
    return odd.fill_null(False)


def _is_exact(name: str, dtype: Any) -> nw.Expr:
    value = nw.col(name)
    limit = EXACT if dtype.is_float() else 2**63 - 1
    return (value.abs() < limit) & (value == value.round(0))


def read_mixed_ids(values: pd.Series) -> list[str | None] | None:
    """Write a pandas column of ids of several kinds as texts; None if all are of one kind, and stay what they are.

    Raises
    ------
    ValueError
        Something among them is no id; the message says what.

    Examples
    --------
    >>> read_mixed_ids(pd.Series([17850, 17850.0, "C1", None]))
    ['17850', '17850', 'C1', None]
    >>> read_mixed_ids(pd.Series([17850, 17851])) is None
    True
    """
    if isinstance(values.dtype, pd.CategoricalDtype) and values.cat.categories.dtype == object:
        values = values.astype(object)
    if values.dtype != object or pd.api.types.infer_dtype(values, skipna=True) in ALIKE:
        return None
    gone = [pd.api.types.is_scalar(value) and pd.isna(value) for value in values]
    cells = [None if empty else value for value, empty in zip(values, gone, strict=True)]
    refused = [value for value in cells if value is not None and not _is_id(value)]
    if refused:
        shown = ", ".join(str(value)[:40] for value in refused[:SHOWN])
        kinds = ", ".join(dict.fromkeys(_name_kind(value) for value in refused))
        raise ValueError(
            f"`{values.name}` holds {kinds} in {len(refused):,} of {len(cells):,} rows, such as {shown}: "
            "an id is a whole number or a text"
        )
    return [None if cell is None else write_id(cell) for cell in cells]


def _is_id(value: Any) -> bool:
    if isinstance(value, str | UUID):
        return True
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        return False
    number = float(value)
    return isinstance(value, Integral) or (abs(number) < EXACT and number.is_integer())


def _name_kind(value: Any) -> str:
    if pd.api.types.is_bool(value):
        return "true and false"
    if isinstance(value, Real | Decimal):
        return "numbers with lost digits" if abs(float(value)) >= EXACT else "decimal numbers"
    if hasattr(value, "year"):
        return "dates"
    return "lists" if isinstance(value, list | tuple | set | dict) else f"values of the type {type(value).__name__}"


def say_strangers(mine: Sequence[Any], theirs: Sequence[Any], here: str, there: str, again: str = AGAIN) -> str:
    """Say that no id of one table is in another, with ids of both and what to do; the one message for it everywhere.

    Parameters
    ----------
    mine, theirs : sequence
        Ids of both tables, a thousand of each or so; the first ones are shown.
    here, there : str
        What the tables are called, such as "the contacts".
    again : str
        How the ids come in full once more.

    Examples
    --------
    >>> print(say_strangers(["000"], [0], "the contacts", "the outcomes"))  # doctest: +NORMALIZE_WHITESPACE
    no customer of the contacts stands in the outcomes; `customer_id` is '000' in the contacts and 0 in the outcomes:
    numbers have lost the zeros in front, so read both files with dtype={'customer_id': 'str'}
    """
    shown = [", ".join(repr(value) for value in ids[:SHOWN]) or "none" for ids in (mine, theirs)]
    says = f"`customer_id` is {shown[0]} in {here} and {shown[1]} in {there}"
    return f"no customer of {here} stands in {there}; {says}: {_advise(mine, theirs, again)}"


def say_lost_zeros(mine: pd.Series, theirs: pd.Series, here: str, there: str) -> str:
    """Say that ids that were not found would be, if both tables had the same zeros in front; nothing if they would not.

    Parameters
    ----------
    mine : pandas.Series
        The ids of one table that the other does not hold.
    theirs : pandas.Series
        All ids of the other.
    here, there : str
        What the tables are called.

    Examples
    --------
    >>> say_lost_zeros(pd.Series(["007"]), pd.Series([7]), "the log", "the plan")[:60]
    "`customer_id` is '007' in the log and 7 in the plan: ids hav"
    """
    bare = [write_column(ids).str.lstrip("0") for ids in (mine, theirs)]
    same = bare[0].isin(bare[1]) & (bare[0] != "")
    if not same.any():
        return ""
    one = mine[same].tolist()[0]
    other = theirs[bare[1] == bare[0][same].iloc[0]].tolist()[0]
    return f"`customer_id` is {one!r} in {here} and {other!r} in {there}: ids have lost the zeros in front, so {AGAIN}"


def _advise(mine: Sequence[Any], theirs: Sequence[Any], again: str) -> str:
    texts = [value for value in (*mine, *theirs) if isinstance(value, str)]
    alike = {bare_id(value) for value in mine} & {bare_id(value) for value in theirs}
    if len(texts) not in (0, len(mine) + len(theirs)):
        if any(re.match(r"\s*0\d", value) for value in texts):
            return f"numbers have lost the zeros in front, so {again}"
        return "text in one table, a whole number in the other: make them alike with .astype('str')"
    if texts and alike:
        return f"they differ in zeros in front, blanks or capital letters, so write them alike, or {again}"
    return "are both of the same customers?"


def find_strangers(
    mine: Iterable[Any], theirs: Iterable[Any], here: str, there: str, *, alike: bool = False
) -> list[str]:
    """Refuse two lists of ids that share none, though neither is empty; text and whole numbers share none.

    With `alike` only where a slip is sure: text against numbers, or ids that differ in their spelling. For tables that
    need not share anybody, such as customers who have bought nothing yet.

    Examples
    --------
    >>> find_strangers([1, 2], [2, 3], "the contacts", "the profile")
    []
    >>> find_strangers(["1"], [1], "the contacts", "the profile")[0][:50]
    'no customer of the contacts stands in the profile;'
    """
    ours, others = (_list_different(ids) for ids in (mine, theirs))
    if ours.empty or others.empty or ours.isin(others).any():
        return []
    if len({pd.api.types.is_numeric_dtype(ids) for ids in (ours, others)}) == 1 and alike:
        spelt = {bare_id(value) for value in ours} & {bare_id(value) for value in others}
        if not spelt:
            return []
    return [say_strangers(_sort(ours), _sort(others), here, there)]


def _list_different(ids: Iterable[Any]) -> pd.Series:
    values = ids if isinstance(ids, pd.Series) else pd.Series(list(ids), dtype=object).infer_objects()
    return values.dropna().drop_duplicates()


def _sort(ids: pd.Series) -> list[Any]:
    """Up to a thousand ids in order, whole numbers first."""
    return sorted(ids.head(MANY).tolist(), key=lambda value: (isinstance(value, str), value if _is_id(value) else 0))
