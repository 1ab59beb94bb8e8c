"""Lays an answer beside the one it should be: same shape, same ids, then cell by cell."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tasks.checking.answers import Mismatch, describe, is_missing, kind_of, quote
from loyalty.tasks.checking.cells import Part, compare_cells

SCALARS = {"number", "text", "date", "yes/no"}


def distance(expected: Any, given: Any, key: str | Sequence[str] | None = None) -> float:
    """Measure how far an answer is from another: the largest gap between cells that belong together.

    Do not use it to rank answers of different kinds: what cannot be laid side by side is infinitely far.

    Parameters
    ----------
    expected, given : any answer
        Numbers, texts, dates, sets, sequences, Series, tables, or tuples of these.
    key : str or sequence of str, optional
        Columns that identify a table's rows; by default the index of `expected`.

    Returns
    -------
    float
        In the answer's unit (days for a single date); `inf` when type, shape, ids or any text differ.

    Examples
    --------
    >>> distance((1.0, 2.0), [1.0, 2.5]), distance(1, "1"), distance("Hold", " hold ")
    (0.5, inf, 0.0)
    """
    try:
        parts = align(expected, given, key)
    except Mismatch:
        return math.inf
    return max((float(part.gaps.max()) for part in parts if len(part.gaps)), default=0.0)


def align(expected: Any, given: Any, key: str | Sequence[str] | None = None, label: str = "") -> list[Part]:
    """Lay an answer beside the expected one, cell by cell.

    Parameters
    ----------
    expected : any answer
        Its kind decides how `given` is read.
    given : any
        Never changed.
    key : str or sequence of str, optional
        Columns that identify a table's rows; by default the index of `expected`.
    label : str, optional
        Begins each part's label.

    Returns
    -------
    list of Part

    Raises
    ------
    Mismatch
        When the two cannot be laid side by side: another type, length, column or id.
    ValueError
        When `expected` is a table without a key: a mistake of the task, not of the answer.

    Examples
    --------
    >>> [part.gaps.tolist() for part in align((1, 2), [1, 4])]
    [[0.0, 2.0]]
    """
    kind = kind_of(expected)
    if kind == "table":
        return _align_tables(expected, given, key, label)
    if kind == "series":
        expected = pd.Series(expected)
        if _is_named(expected.index):
            return _align_series(expected, given, label)
        kind = "sequence"
    if kind == "sequence":
        return _align_sequences(expected, given, key, label)
    if kind == "set":
        return _align_sets(expected, given, label)
    if kind_of(given) != kind:
        raise Mismatch(_say_asked(describe(expected), quote(given), label))
    return [compare_cells([expected], [given], label, [""], single=True)]


def _is_named(index: pd.Index) -> bool:
    return not isinstance(index, pd.RangeIndex) or index.name is not None


def _say_asked(asked: str, got: str, label: str) -> str:
    where = f"{label[0].upper()}{label[1:]}: " if label else ""
    asked = asked if where else f"{asked[0].upper()}{asked[1:]}"
    return f"{where}{asked} {'were' if 'values' in asked else 'was'} asked; you gave {got}."


def _align_sequences(expected: Any, given: Any, key: str | Sequence[str] | None, label: str) -> list[Part]:
    if kind_of(given) not in {"sequence", "series"} or isinstance(given, dict):
        raise Mismatch(_say_asked(describe(expected), quote(given), label))
    if len(given) != len(expected):
        raise Mismatch(_say_asked(describe(expected), describe(list(given)), label))
    kinds = {kind_of(cell) for cell in expected if not is_missing(cell)}
    if len(kinds) <= 1 and kinds <= SCALARS:
        return [compare_cells(expected, given, label, range(1, len(expected) + 1))]
    prefix = f"{label}, " if label else ""
    pairs = enumerate(zip(expected, given, strict=True), 1)
    return [part for n, (one, other) in pairs for part in align(one, other, key, f"{prefix}part {n}")]


def _align_sets(expected: set, given: Any, label: str) -> list[Part]:
    if kind_of(given) not in {"set", "sequence", "series"} or isinstance(given, dict):
        raise Mismatch(_say_asked(describe(expected), quote(given), label))
    wanted = set(_ids_of(expected, fold=True))
    present = set(_ids_of(given, fold=True))
    extra = present - wanted
    missing = len(wanted - present)
    if missing and {str(one) for one in wanted - present} & {str(one) for one in extra}:
        kinds = ("text" if isinstance(next(iter(ids)), str) else "numbers" for ids in (wanted - present, extra))
        raise Mismatch("{}: the ids are asked as {}; yours are {}.".format(label or "Your set", *kinds))
    if not extra and not missing:
        return [Part(label, [""], np.zeros(1), np.zeros(1), exact=True)]
    found = [f"{missing:,} of {len(wanted):,} are missing"] if missing else []
    if extra:
        found.append(f"{len(extra):,} do not belong, e.g. {_show_ids(_sort_ids(extra))}")
    raise Mismatch(f"{label or 'Your set'}: {'; '.join(found)}.")


def _align_series(expected: pd.Series, given: Any, label: str) -> list[Part]:
    names = _names_of(expected.index)
    if kind_of(given) == "table":
        given = _index_by(given, expected.index, names)
        given = given.iloc[:, 0] if given.shape[1] == 1 else given
    if kind_of(given) != "series":
        raise Mismatch(_say_asked(f"a Series with {' and '.join(names)} as its index", quote(given), label))
    given = pd.Series(given)
    places = _match_ids(expected.index, given.index, f"a Series with {len(expected):,} rows")
    return [compare_cells(expected, given.iloc[places], label, _ids_of(expected.index))]


def _align_tables(expected: pd.DataFrame, given: Any, key: str | Sequence[str] | None, label: str) -> list[Part]:
    if kind_of(given) != "table":
        raise Mismatch(_say_asked(describe(expected), quote(given), label))
    keys = [key] if isinstance(key, str) else list(key or [])
    if keys and set(keys) <= set(expected.columns):
        expected = expected.set_index(keys)
    if not _is_named(expected.index):
        raise ValueError("the right table has neither a key nor an index that names its rows")
    given = _index_by(given, expected.index, _names_of(expected.index))
    prefix = f"{label}, " if label else ""
    absent = [f"`{column}`" for column in expected.columns if column not in given.columns]
    if absent:
        have = ", ".join(f"`{column}`" for column in given.columns[:12])
        raise Mismatch(f"{prefix}Missing columns: {', '.join(absent)}. Your table has {have or 'none'}.")
    for column in expected.columns:
        if (given.columns == column).sum() > 1:
            raise Mismatch(f"Column `{column}` stands more than once in your table.")
    places = _match_ids(expected.index, given.index, describe(expected))
    given = given.iloc[places]
    ids = _ids_of(expected.index)
    return [compare_cells(expected[name], given[name], f"{prefix}`{name}`", ids) for name in expected.columns]


def _names_of(index: pd.Index) -> list[str]:
    return ["index" if name is None else str(name) for name in index.names]


def _index_by(given: pd.DataFrame, wanted: pd.Index, names: list[str]) -> pd.DataFrame:
    if all(name in given.columns for name in names):
        return given.set_index(names)
    if set(given.index.names) == set(names):
        return given.reorder_levels(names) if len(names) > 1 else given
    if all(name in given.columns or name in given.index.names for name in names):
        levels = [name for name in names if name in given.index.names and name not in given.columns]
        return given.reset_index(level=levels).set_index(names)
    if given.index.nlevels == wanted.nlevels and (None in given.index.names or None in wanted.names):
        if isinstance(given.index, pd.RangeIndex) and None not in wanted.names:
            raise Mismatch(f"The column that names the rows is missing: {' and '.join(f'`{n}`' for n in names)}.")
        return given
    raise Mismatch(f"The column that names the rows is missing: {' and '.join(f'`{n}`' for n in names)}.")


def _plain_id(value: Any, fold: bool) -> Any:
    if is_missing(value):
        return None
    kind = kind_of(value)
    if kind == "text":
        return " ".join(value.split()).casefold() if fold else value.strip()
    if kind == "date":
        return value if isinstance(value, pd.Period) else pd.Timestamp(value)
    return value.item() if isinstance(value, np.generic) else value


def _ids_of(values: Iterable[Any], fold: bool = False) -> list[Any]:
    values = list(values)
    kinds = set(map(type, values))
    if kinds == {int}:
        return values
    if kinds == {str}:  # tens of thousands of ids, all of one kind: what one value is need not be asked of each
        return [" ".join(one.split()).casefold() for one in values] if fold else [one.strip() for one in values]
    return [
        tuple(_plain_id(part, fold) for part in one) if isinstance(one, tuple) else _plain_id(one, fold)
        for one in values
    ]


def _sort_ids(ids: Iterable[Any]) -> list[Any]:
    ids = list(ids)
    return sorted(ids) if all(isinstance(one, (int, float)) for one in ids) else sorted(ids, key=str)


def _show_ids(ids: Sequence[Any]) -> str:
    return ", ".join(str(one) for one in list(ids)[:3]) + (" …" if len(ids) > 3 else "")


def _match_ids(expected: pd.Index, given: pd.Index, asked: str) -> list[int]:
    wanted = _ids_of(expected)
    present = _ids_of(given)
    what = " and ".join(_names_of(expected))
    places = {one: place for place, one in enumerate(present)}
    if len(places) < len(present):
        twice = [one for one, count in Counter(present).items() if count > 1]
        stand = f"{len(twice):,} stand more than once, e.g. {_show_ids(twice)}"
        raise Mismatch(f"One row for each {what} was asked; in yours {stand}.")
    missing = [one for one in wanted if one not in places]
    known = set(wanted)
    unknown = [one for one in present if one not in known]
    if not missing and not unknown:
        return [places[one] for one in wanted]
    if missing and {str(one) for one in missing} & {str(one) for one in unknown}:
        kinds = ("text" if isinstance(one, str) else "numbers" for one in (missing[0], unknown[0]))
        raise Mismatch("The ids ({}) are asked as {}; yours are {}.".format(what, *kinds))
    found = [f"{len(missing):,} of {what} are missing, e.g. {_show_ids(missing)}"] if missing else []
    if unknown:
        found.append(f"{len(unknown):,} of {what} do not belong, e.g. {_show_ids(unknown)}")
    raise Mismatch(f"{asked[0].upper()}{asked[1:]} was asked; yours has {len(present):,} rows: {'; '.join(found)}.")
