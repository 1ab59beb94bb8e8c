"""The check of arguments: what comes in where a number, a word, a list or a table was meant, told in plain words.

`check_arguments` stands above every public function. It reads the function's own type hints, so that what the
documentation promises is what is checked, and lists all that is wrong at once.
"""

from __future__ import annotations

import datetime as dt
import dis
import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache, wraps
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.check import TableError
from loyalty.tables.sources import NotATable, as_frame, open_table
from loyalty.text import ask_percent, find_near

PACKAGE = Path(__file__).parents[1]
RAISE = dis.opmap["RAISE_VARARGS"]  # the instruction that a `raise` becomes
P = ParamSpec("P")
T = TypeVar("T")

# Arguments that mean the same in every function: the least and the most, and what the message adds
LIMITS = {
    "seed": (0, None, ""),
    "runs": (1, None, ""),
    "draws": (2, None, ""),
    "decimals": (0, None, ""),
    "folds": (0, None, ""),
    "spread_from": (2, None, ""),
    "min_size": (1, None, ""),
}
DAYS = (dt.date, np.datetime64)


def check_arguments(function: Callable[P, T]) -> Callable[P, T]:
    """Check the arguments of a function by its type hints before it runs, and tell all problems at once.

    Numbers may be of any kind (Decimal, numpy); a share must be finite, a whole number whole. A table may come from any
    source, has each column once, and its index is no column. Columns of Decimal, as databases give them, become
    numbers. A function's own words come first, because they know what is meant: the check speaks where the function
    would break off with an error of Python, or take a text or half a number for a number. Not for the functions that
    this check is made of.

    Parameters
    ----------
    function : callable

    Returns
    -------
    callable
        The same, with the check before it.

    Examples
    --------
    >>> @check_arguments
    ... def earn(sales: float, *, days: int = 28) -> float:
    ...     return sales / days
    >>> earn("12,50", days=2.5)
    Traceback (most recent call last):
    loyalty.tables.check.TableError: earn: 2 problems
      1. `sales` should be a number, found '12,50': write it without a currency sign, with a decimal point
      2. `days` should be a whole number, found 2.5
    """
    signature = inspect.signature(function)

    @wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> T:
        refuse_unknown(function.__name__, kwargs, signature)
        bound = signature.bind(*args, **kwargs)  # a missing argument is Python's own message
        hints = _read_hints(function)
        problems: list[str] = []
        is_hard = False
        is_first = False
        for name, value in bound.arguments.items():
            parameter = signature.parameters[name]
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            if value is parameter.default:
                continue
            try:
                bound.arguments[name] = _read(name, value, hints[name], str(parameter.annotation))
            except _Wrong as wrong:
                problems += wrong.problems
                is_hard = is_hard or wrong.is_hard
                is_first = is_first or wrong.is_first
        if is_first:
            raise TableError(problems, function.__name__)
        try:
            result = function(*bound.args, **bound.kwargs)
        except Exception as error:
            if not problems or _is_plain(error):
                raise
            raise TableError(problems, function.__name__) from None
        if is_hard:
            raise TableError(problems, function.__name__)
        return result

    return checked


def refuse_unknown(function: str, given: Iterable[str], known: inspect.Signature | Iterable[str]) -> None:
    """Refuse the name of an argument that a function does not have, and say which one was probably meant.

    Parameters
    ----------
    function : str
        Its name.
    given : iterable of str
        The names that were written.
    known : inspect.Signature or iterable of str
        The function's own names; with a signature that takes any name all are known.

    Raises
    ------
    TypeError

    Examples
    --------
    >>> refuse_unknown("earn", ["day"], ["sales", "days"])
    Traceback (most recent call last):
    TypeError: earn has no argument `day`: did you mean `days`?
    """
    if isinstance(known, inspect.Signature):
        if any(one.kind is one.VAR_KEYWORD for one in known.parameters.values()):
            return
        known = known.parameters
    names = list(known)
    for name in given:
        if name not in names:
            near = find_near(name, names)
            raise TypeError(f"{function} has no argument `{name}`{f': did you mean `{near}`?' if near else ''}")


class _Wrong(ValueError):
    """An argument is not what was meant; `problems` say why.

    A hard one is refused even if the function would run. One that comes first is refused before: the function would
    speak of something else, such as the letters of a text in the place of a list, or take a word for another one.
    """

    def __init__(self, *problems: str, is_hard: bool = False, is_first: bool = False) -> None:
        self.problems = problems
        self.is_hard = is_hard
        self.is_first = is_first
        super().__init__(*problems)


def _is_plain(error: Exception) -> bool:
    """Whether an error was raised on purpose, with words: by a `raise` of this package, not by Python or numpy."""
    if isinstance(error, TableError):
        return True
    if isinstance(error, KeyError | TypeError):
        return False
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return False
    code = last.tb_frame.f_code
    return code.co_code[last.tb_lasti] == RAISE and Path(code.co_filename).is_relative_to(PACKAGE)


@cache
def _read_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Read the type hints of a function; what is imported for type checkers only stands for anything."""
    unknown: dict[str, Any] = {}
    while True:
        try:
            return typing.get_type_hints(function, localns=unknown)
        except NameError as error:
            if error.name is None or error.name in unknown:
                raise
            unknown[error.name] = Any


def _read(name: str, value: Any, hint: Any, written: str) -> Any:
    """Turn one argument into what the hint says, or raise; `written` is the hint as the source writes it."""
    if value is None and _takes_none(hint, written):
        return None
    if "AnyTable" in written and not ("Mapping" in written and isinstance(value, Mapping)):
        return _read_table(name, value, frame=False)
    if hint is pd.DataFrame:
        return _read_table(name, value, frame=True)
    if "ArrayLike" in written or hint is np.ndarray:
        return _read_array(name, value)
    if isinstance(value, pd.DataFrame) and (hint is Any or pd.DataFrame in typing.get_args(hint)):
        return _read_table(name, value, frame=True)
    if name == "ax" and not hasattr(value, "transAxes"):
        raise _Wrong(f"`ax` should be axes of matplotlib, found {_say_value(value)}")
    if isinstance(value, Decimal) and value.is_finite() and hint is not Any and _fits(1.0, hint):
        value = float(value)
    if not _fits(value, hint):
        says = f"`{name}` should be {_say_hint(hint)}, found {_say_value(value)}{_say_mend(value, hint)}"
        is_hard = _is_numeric(hint) and not _is_known(value)
        raise _Wrong(says, is_hard=is_hard, is_first=_is_for_list(value, hint) or bool(_list_words(value, hint)))
    _refuse_limits(name, value)
    return value


def _takes_none(hint: Any, written: str) -> bool:
    return hint is None or "None" in written or type(None) in typing.get_args(hint)


def _refuse_limits(name: str, value: Any) -> None:
    """Keep what means the same everywhere within its limits."""
    if isinstance(value, bool) or not isinstance(value, Real):
        return
    value = float(value) if not isinstance(value, int) else value
    if name == "level" and not 0 < value < 1:
        says = f"level should lie between 0 and 1, such as 0.95; found {value!r}{ask_percent(value, below_one=True)}"
        raise _Wrong(says, is_hard=True)
    low = LIMITS[name][0] if name in LIMITS else None
    if low is not None and value < low:
        raise _Wrong(f"`{name}` should be {low} or more, found {value!r}", is_hard=True)


def _is_for_list(value: Any, hint: Any) -> bool:
    """Whether one text came where a list of texts is asked."""
    return isinstance(value, str) and not _fits(value, hint) and _fits([value], hint) and not _fits([1], hint)


def _list_words(value: Any, hint: Any) -> list[str]:
    """The words that can be chosen, where something else came in their place: a function may take it for one of them.

    Where the hint allows other things beside words, only a text came in the place of a word.
    """
    hints = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, types.UnionType) else (hint,)
    choices = [one for one in hints if typing.get_origin(one) is typing.Literal]
    if not isinstance(value, str) and any(one not in (*choices, type(None)) for one in hints):
        return []
    return [word for one in choices for word in typing.get_args(one) if isinstance(word, str)]


def _is_known(value: Any) -> bool:
    """Whether a function may know what it means: true and false, and NaN or infinity for what there is not."""
    return isinstance(value, bool | np.bool_) or (isinstance(value, Real) and not np.isfinite(float(value)))


def _is_numeric(hint: Any) -> bool:
    """Whether a hint asks for one number, and for nothing else."""
    parts = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return set(parts) <= {float, int, type(None)}


# --- Tables and arrays -----------------------------------------------------------------------------


def _read_table(name: str, value: Any, *, frame: bool) -> Any:
    """Take a table from any source; a pandas frame with each column once, and with no index that is named like one."""
    if not isinstance(value, pd.DataFrame):
        try:
            return as_frame(value) if frame else _try_opening(value)
        except NotATable as error:
            raise _Wrong(f"`{name}`: {error}") from None
    if value.columns.nlevels > 1:
        raise _Wrong(f"`{name}` has column names in {value.columns.nlevels} levels: give each column one name")
    if not value.columns.is_unique:
        twins = ", ".join(f"`{twin}`" for twin in value.columns[value.columns.duplicated()].unique()[:3])
        raise _Wrong(f"`{name}` has two columns of one name ({twins}): rename one of them, or leave it out")
    if set(value.index.names) & set(value.columns):
        value = value.rename_axis(index=[None] * value.index.nlevels)
    return _mend_objects(value)


def _try_opening(value: Any) -> Any:
    """Return what `open_table` can open as it is; what it cannot raises NotATable. Paths are left to the function."""
    if not isinstance(value, str | Path | nw.LazyFrame | nw.DataFrame):
        open_table(value)
    return value


def _mend_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns of Python objects the type of what they hold; Decimals become numbers."""
    mended = {}
    for name, dtype in frame.dtypes.items():
        if dtype.kind != "O" or not isinstance(dtype, np.dtype):
            continue
        values = frame[name].dropna()
        if len(values) and all(isinstance(one, Decimal) for one in values):
            mended[name] = frame[name].astype("float64")
        else:
            mended[name] = frame[name].infer_objects()
    changed = {name: column for name, column in mended.items() if column.dtype.kind != "O"}
    if not changed:
        return frame
    frame = frame.copy(deep=False)
    for name, column in changed.items():
        frame[name] = column
    return frame


def _read_array(name: str, value: Any) -> Any:
    """Take a list or an array of numbers."""
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise _Wrong(f"`{name}` should be a list of numbers, found {_say_value(value)}")
    if isinstance(value, Iterator):  # it can be read only once
        return value
    try:
        numbers = np.asarray(value, float)
    except (TypeError, ValueError):
        raise _Wrong(f"`{name}` should be a list of numbers, found {_say_value(value)}") from None
    if numbers.ndim != 1:
        raise _Wrong(f"`{name}` should be a list of numbers, found {_say_value(value)}")
    if lost := int((~np.isfinite(numbers)).sum()):
        raise _Wrong(f"`{name}` holds {lost:,} values of {numbers.size:,} that are no numbers: empty or infinite")
    return value


# --- Types -----------------------------------------------------------------------------------------


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value is what a type hint says; what is not known here fits."""
    if hint in (Any, object, inspect.Parameter.empty):
        return True
    if hint is None or hint is type(None):
        return value is None
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return any(_fits(value, one) for one in typing.get_args(hint))
    if hint in _SIMPLE:
        return _SIMPLE[hint](value)
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return isinstance(value, str) and value in typing.get_args(hint)
    if origin is not None:
        return _fits_inside(value, origin, typing.get_args(hint))
    return isinstance(value, hint) if isinstance(hint, type) else True


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool | np.bool_) and bool(np.isfinite(float(value)))


def _is_whole(value: Any) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool | np.bool_)


_SIMPLE: dict[Any, Callable[[Any], bool]] = {
    float: _is_number,
    int: _is_whole,
    bool: lambda value: isinstance(value, bool | np.bool_),
    str: lambda value: isinstance(value, str),
    dt.date: lambda value: isinstance(value, DAYS) and value is not pd.NaT,
    pd.Timestamp: lambda value: isinstance(value, DAYS) and value is not pd.NaT,
}


def _fits_inside(value: Any, origin: Any, parts: tuple[Any, ...]) -> bool:
    """Whether a list, a mapping or a function is one, and holds what its hint says."""
    if origin is Callable or origin is typing.Callable:
        return callable(value)
    if isinstance(value, str | bytes):
        return False
    if origin in (Mapping, dict):
        if not isinstance(value, Mapping):
            return False
        keys, values = parts or (Any, Any)
        return all(_fits(key, keys) and _fits(one, values) for key, one in value.items())
    if origin is tuple and parts[-1] is not Ellipsis:
        return isinstance(value, tuple | list) and len(value) == len(parts) and all(map(_fits, value, parts))
    if origin in (Sequence, list, tuple, Iterable):
        if isinstance(value, Mapping | pd.DataFrame) or not isinstance(value, Iterable):
            return False
        if isinstance(value, Iterator):  # it can be read only once
            return True
        return all(_fits(one, parts[0]) for one in value)
    return isinstance(value, origin)


# --- Words -----------------------------------------------------------------------------------------

_WORDS: dict[Any, str] = {
    float: "a number",
    int: "a whole number",
    bool: "True or False",
    str: "a text",
    pd.DataFrame: "a table",
    pd.Series: "a pandas Series",
    np.ndarray: "an array of numbers",
    dt.date: "a day",
    pd.Timestamp: "a day",
    Path: "a path",
    type(None): "None",
}
_LISTS = {str: "texts", float: "numbers", int: "whole numbers"}


def _say_hint(hint: Any) -> str:
    """Say in words what a hint asks for."""
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        said = [_say_hint(one) for one in typing.get_args(hint) if one is not type(None)]
        return " or ".join(dict.fromkeys(said))
    if hint in _WORDS:
        return _WORDS[hint]
    origin = typing.get_origin(hint)
    parts = typing.get_args(hint)
    if origin is typing.Literal:
        return " or ".join(map(repr, parts))
    if origin is tuple and parts[-1] is not Ellipsis:
        return f"{len(parts)} values in a tuple"
    if origin in (Mapping, dict) or hint in (Mapping, dict):
        return "a mapping, such as {'name': value}"
    if origin in (Sequence, list, tuple, Iterable):
        return f"a list of {_LISTS[parts[0]]}" if parts[0] in _LISTS else "a list"
    if origin is not None:
        return "a function"
    return f"of the type {hint.__name__}" if isinstance(hint, type) else "something else"


def _say_value(value: Any) -> str:
    """Say what came in, shortly: tables and arrays by their size."""
    if isinstance(value, pd.DataFrame):
        return f"a table of {len(value):,} rows and {value.shape[1]:,} columns"
    if isinstance(value, np.ndarray | pd.Series):
        return f"an array of {value.size:,} values of the type {value.dtype}"
    if type(value).__repr__ is object.__repr__:
        return f"an object of the type {type(value).__name__}"
    said = " ".join(repr(value).split())
    return said if len(said) <= 60 else f"{said[:57]}…"


def _say_mend(value: Any, hint: Any) -> str:
    if isinstance(value, str) and _fits(1.0, hint) and hint is not Any:
        return ": write it without a currency sign, with a decimal point"
    if _is_for_list(value, hint):
        return f": write [{value!r}]"
    if words := _list_words(value, hint):
        near = find_near(value, words)
        return f": did you mean {near!r}?" if near else ""
    return ""
