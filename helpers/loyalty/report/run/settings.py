"""The settings of a report: read and checked before anything runs, all problems in one message."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from loyalty.intake.parsing.numbers import CURRENCY_WORDS
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day
from loyalty.text import find_near

KINDS = {
    "day": "a day such as 2026-03-02",
    "share": "a fraction from 0 to 1",
    "money": "an amount of 0 or more, with a decimal point",
    "days": "a whole number of days from 1 to 730",
    "whole": "a whole number from 1",
    "text": "a text",
    "file": "the path of a file that is there",
    "place": "the path of a file, old or new",
    "arms": "groups such as mail, gift or mail=0.6, gift=0.3",
}


@dataclass(frozen=True)
class Setting:
    """One line of a template's settings cell: its name, its kind (one of `KINDS`), what it means, allowed values."""

    name: str
    kind: str
    meaning: str
    required: bool = False
    choices: tuple[str, ...] = ()
    unless: str = ""  # another setting: where it is given, this one is not required


def read_settings(given: Mapping[str, Any], allowed: Sequence[Setting]) -> dict[str, Any]:
    """Check settings and return all of them as plain values: days as "2026-03-02", None for what was not given.

    Not for paths of files, which the caller looks for.

    Parameters
    ----------
    given : mapping
        Name -> value, as typed in a terminal (always text) or set in a notebook. None and "" count as not given.
    allowed : sequence of Setting

    Returns
    -------
    dict
        One value a setting, in the order of `allowed`; nothing but str, float, int and None.

    Raises
    ------
    TableError
        With every problem: unknown names, wrong values, what is missing, an end that is not after the start.

    Examples
    --------
    >>> days = [Setting("start", "day", "first day", required=True), Setting("end", "day", "the day after the last")]
    >>> read_settings({"start": "2026-03-02"}, days)
    {'start': '2026-03-02', 'end': None}
    >>> read_settings({"begin": "2026-03-02", "end": "2026-02-30"}, days)
    Traceback (most recent call last):
    loyalty.tables.check.TableError: settings: 3 problems
      1. there is no setting `begin`; there are: start, end
      2. `start` is missing (first day): say for example start=2026-03-02
      3. `end` should be a day such as 2026-03-02, found 2026-02-30: the calendar has no such day
    """
    known = {setting.name: setting for setting in allowed}
    problems = [_say_unknown(name, known) for name in given if name not in known]
    values: dict[str, Any] = dict.fromkeys(known)
    for setting in allowed:
        value = given.get(setting.name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if setting.required and not given.get(setting.unless):
                problems.append(_say_missing(setting))
            continue
        try:
            values[setting.name] = _read_value(setting, value)
        except ValueError as error:
            mend = f": {error}" if str(error) else ""
            shown = Path(value).name if setting.kind == "file" else str(value)[:40]
            problems.append(f"`{setting.name}` should be {KINDS[setting.kind]}, found {shown}{mend}")
    start, end = values.get("start"), values.get("end")
    if start and end and end <= start:
        problems.append(f"`end` ({end}) should be after `start` ({start}); it is the day after the last day")
    if problems:
        raise TableError(problems, "settings")
    return values


def _say_unknown(name: Any, known: Mapping[str, Setting]) -> str:
    # At 0.6 `use` would be near to `cluster`
    close = find_near(name, known, cutoff=0.65)
    if close:
        return f"there is no setting `{name}`: did you mean `{close}`?"
    return f"there is no setting `{name}`; there are: {', '.join(known)}"


def _say_missing(setting: Setting) -> str:
    example = {"day": "2026-03-02", "share": "0.30"}.get(setting.kind, "…")
    return f"`{setting.name}` is missing ({setting.meaning}): say for example {setting.name}={example}"


def _read_value(setting: Setting, value: Any) -> Any:
    """Read one value by the kind of its setting; ValueError with what would be right."""
    found = _READERS[setting.kind](value)
    if setting.choices and found not in setting.choices:
        raise ValueError(f"one of {', '.join(setting.choices)}")
    return found


def _read_day(value: Any) -> str:
    try:
        return f"{read_day(value.strip() if isinstance(value, str) else value):%Y-%m-%d}"
    except TableError:
        found = re.fullmatch(r"(\d{4})[-./](\d\d?)[-./](\d\d?)|(\d\d?)\.(\d\d?)\.(\d{4})", str(value).strip())
        if not found:
            raise ValueError("year, month, day") from None
        is_year_first = found[1] is not None
        numbers = found.groups()[:3] if is_year_first else reversed(found.groups()[3:])
        year, month, day = (int(part) for part in numbers)
        try:
            says = f"write {dt.date(year, month, day):%Y-%m-%d}"
        except ValueError:
            says = "the calendar has no such day"
        raise ValueError(says) from None


def _read_number(value: Any) -> float:
    if isinstance(value, bool):
        raise ValueError
    try:
        number = float(value)
    except (TypeError, ValueError):
        bare = re.sub(rf"\s|{CURRENCY_WORDS.removeprefix('(?i)')}", "", str(value), flags=re.I)
        text = bare.rstrip("%").replace(",", ".")
        if not re.fullmatch(r"-?\d+(\.\d+)?", text):
            raise ValueError from None
        if bare.endswith("%"):
            raise ValueError(f"write {float(text) / 100:g}") from None
        if re.fullmatch(r"\d{1,3},\d{3}", bare):  # the comma may stand between thousands, or be a decimal comma
            raise ValueError(f"write {text.replace('.', '')} or {text}") from None
        raise ValueError(f"write {text}") from None
    if pd.isna(number) or abs(number) == float("inf"):
        raise ValueError
    return number


def _read_share(value: Any) -> float:
    number = _read_number(value)
    if not 0 <= number <= 1:
        raise ValueError(f"for {number:g} percent write {number / 100:g}" if 1 < number <= 100 else "")
    return number


def _read_money(value: Any) -> float:
    number = _read_number(value)
    if number < 0:
        raise ValueError("")
    return number


def _read_whole(value: Any, most: float = 1e6) -> int:
    number = _read_number(value) if not isinstance(value, str) or value.strip().isdecimal() else 0.0
    if number != int(number) or not 1 <= number <= most:
        raise ValueError("")
    return int(number)


def split_arms(text: str) -> dict[str, float | None]:
    """Read groups with their shares, or without any, from one line.

    Examples
    --------
    >>> split_arms("control=0.1, mail=0.9"), split_arms("mail, gift")
    ({'control': 0.1, 'mail': 0.9}, {'mail': None, 'gift': None})
    """
    arms: dict[str, float | None] = {}
    for part in filter(None, map(str.strip, str(text).split(","))):
        name, found, share = map(str.strip, part.partition("="))
        if not name or name in arms:
            raise ValueError(f"{name or part} stands twice or has no name")
        arms[name] = _read_share(share) if found else None
    if not arms or len({share is None for share in arms.values()}) > 1:
        raise ValueError("a share for each, with a decimal point, or for none")
    return arms


def _read_arms(value: Any) -> str:
    arms = split_arms(value)
    return ", ".join(name if share is None else f"{name}={share:g}" for name, share in arms.items())


def _read_file(value: Any) -> str:
    if not Path(value).is_file():
        raise ValueError("there is no such file")
    return str(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "day": _read_day,
    "share": _read_share,
    "money": _read_money,
    "days": lambda v: _read_whole(v, 730),
    "whole": _read_whole,
    "text": str,
    "file": _read_file,
    "place": str,
    "arms": _read_arms,
}
