"""Reads columns.yml, the mapping from a file's columns to a contract's, and checks it before a file is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from loyalty.intake.mapping.headers import squeeze
from loyalty.intake.mapping.strict_yaml import read_yaml
from loyalty.tables.columns import Table
from loyalty.tables.contracts import CONTRACTS
from loyalty.text import find_near

FORMS = {
    "sheet": (str | int, "the name of a sheet"),
    "header_row": (int, "the number of a line, from 1"),
    "separator": (str, 'one sign, such as ";"'),
    "encoding": (str, "a name such as cp1251"),
    "decimal": (str, '"." or ","'),
    "day_first": (bool, "true or false"),
    "table": (str, "the name of a table"),
    "columns": (dict, "lines such as `customer_id: Card no`"),
    "arms": (dict, "lines such as `КГ: control`"),
    "kinds": (dict, "lines such as `возврат: return`"),
    "segments": (dict, "lines such as `новые: new`"),
    "offers": (dict, "lines such as `Скидка 10: discount`"),
    "everywhere": (dict, "lines such as `start: 2026-03-02`"),
}
EXTRAS = {"receipts": ("category",), "contacts": ("operator",)}  # what is read beside the contract
KEEPERS = ("contacts",)  # the contracts whose files keep their other columns, because a setting may name them
# A list of one campaign need not name it; a row of a history is of the days of the campaign, if it does not say; and
# what an offer gives can be seen from its discount or price
FILLED: dict[str, dict[str, Any]] = {
    "contacts": {"campaign_id": "campaign", "wave": 1},
    "history": {"wave": 1, "window": "main"},
    "offers": {"kind": "offer"},
}


AS_WRITTEN = "compare it with what `python3 workshop.py columns FILE` writes"


def read_mapping(
    columns: str | Path | Mapping[str, Any] | None, tables: Mapping[str, Table] = CONTRACTS
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read columns.yml, or the same as a dict, and list everything that is wrong with it.

    Parameters
    ----------
    columns : str, pathlib.Path, mapping or None
        Per table: sheet, header_row, separator, encoding, decimal, day_first, table, columns, arms, kinds, segments,
        offers, everywhere (what all rows have, and no column says). In columns, `time: [Дата, Время]` joins two
        columns of the file.
    tables : mapping of str to Table
        The names that it may hold, and the contract of each.

    Returns
    -------
    tuple
        The mapping by table, and the problems.

    Examples
    --------
    >>> read_mapping({"receipts": {"colums": {}}})[1]
    ['receipts: there is no key `colums`, did you mean `columns`?']
    """
    if columns is None:
        return {}, []
    label = "the mapping"
    given: Any = columns
    if isinstance(columns, str | Path):
        label = Path(columns).name
        given, problems = read_yaml(Path(columns), "columns.yml", AS_WRITTEN)
        if problems:
            return {}, problems
    if not isinstance(given, Mapping):
        found = {type(None): "empty", list: "a list"}.get(type(given), "one word")
        return {}, [f"{label} should name tables, such as receipts:, and is {found}"]
    return _check_tables(given, label, tables)


def _show(value: Any) -> str:
    """Write a value for a message, long ones cut off."""
    words = repr(value)
    return words if len(words) <= 80 else f"{words[:80]}…"


def _check_tables(
    given: Mapping[Any, Any], label: str, tables: Mapping[str, Table]
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Check the tables of a mapping and their options; return what is right, and the problems."""
    problems = []
    mapping = {}
    for name, options in given.items():
        if name not in tables:
            problems.append(f"{label}: there is no table `{name}`{suggest(str(name), tables)}")
        elif not isinstance(options, Mapping):
            problems.append(f"{name}: expected lines such as `columns:`, found {_show(options)}")
        else:
            mapping[name] = {key: value for key, value in options.items() if value is not None}
            problems += _check_options(name, mapping[name], tables[name])
    return mapping, problems


def list_headers(value: str | Sequence[str]) -> list[str]:
    """List the headers that one line of `columns` names: one, or two where date and time are separate columns."""
    return [value] if isinstance(value, str) else list(value)


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or which names there are."""
    names = list(known)
    close = find_near(name, names)
    if close:
        return f", did you mean `{close}`?"
    are = "is" if len(names) == 1 else "are"
    more = "…" if len(names) > 15 else ""
    return f"; there {are} {', '.join(names[:15]) or 'none'}{more}"


def _check_options(name: str, options: dict[str, Any], contract: Table) -> Iterable[str]:
    """Check the options of the table `name`: yield what is wrong, take it out, and clean the words that stay."""
    for key, value in list(options.items()):
        if key not in FORMS:
            yield f"{name}: there is no key `{key}`{suggest(str(key), FORMS)}"
            continue
        kind, form = FORMS[key]
        if not _has_form(key, value):
            yield f"{name}: `{key}` should be {form}, found {_show(value)}"
            del options[key]
        elif kind is dict:
            for left, right in value.items():
                wrong = _judge_line(key, left, right)
                if wrong:
                    yield f"{name}: {wrong}"
            options[key] = {squeeze(left): _squeeze_all(right) for left, right in value.items() if right is not None}
    yield from _check_columns(name, contract, options.get("columns", {}))
    yield from _check_constants(name, contract, options)


def _has_form(key: str, value: Any) -> bool:
    """Say whether the value of an option has the form that `FORMS` asks for."""
    kind = FORMS[key][0]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        return False
    if key == "decimal":
        return value in (".", ",")
    if key == "separator":
        return len(str(value)) == 1 and str(value) not in '"\n\r\0\ufeff'
    if key == "encoding":
        return _is_text_encoding(str(value))
    return True


def _is_text_encoding(name: str) -> bool:
    """Say whether Python knows an encoding of texts by this name; it also has some of other things, such as zip."""
    try:
        return bool("".encode(name).decode(name) == "")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return False


def _judge_line(key: str, left: Any, right: Any) -> str:
    """Say what is wrong with one line `left: right` under columns, arms, kinds or segments; empty if nothing is."""
    if right is None or right == "":
        return f"`{key}` does not say what {left!r} is: write it, or take the line out"
    if key == "columns" and isinstance(right, list) and not (left == "time" and len(right) == 2):
        return f"`columns` holds {left!r}: {right!r}: name one column, or for `time` two, [day, clock]"
    is_no_word = isinstance(right, bool | dict | list) and key != "columns"
    if isinstance(left, bool | dict) or is_no_word:
        return f"`{key}` holds {left!r}: {right!r}: put words such as 'yes' and 'no' in quotes"
    return ""


def _squeeze_all(value: Any) -> str | list[str]:
    return [squeeze(part) for part in value] if isinstance(value, list) else squeeze(value)


def _check_columns(name: str, contract: Table, columns: Mapping[str, str | Sequence[str]]) -> Iterable[str]:
    for ours, theirs in columns.items():
        if ours not in contract.names and ours not in EXTRAS.get(contract.name, ()) and ours != theirs:
            known = suggest(ours, contract.names)
            further = "" if "did you mean" in known else f"; to keep a further column, write `{theirs}: {theirs}`"
            yield f"{name}: the contract has no column `{ours}`{known}{further}"
    users: dict[str, list[str]] = {}
    for ours, value in columns.items():
        for theirs in list_headers(value):
            users.setdefault(theirs, []).append(ours)
    for theirs, names in sorted(users.items()):
        if len(names) > 1:
            what = f"the column {theirs!r} is named for {' and '.join(names)}"
            yield f"{name}: {what}: one of them is another column"


def _check_constants(name: str, contract: Table, options: Mapping[str, Any]) -> Iterable[str]:
    """Check what is said under `everywhere`: names of the contract that no column gives."""
    for ours in options.get("everywhere", {}):
        if ours not in contract.names:
            yield f"{name}: the contract has no column `{ours}`{suggest(ours, contract.names)}"
        elif ours in options.get("columns", {}):
            yield f"{name}: `{ours}` stands under columns and under everywhere: one of them is right"
