"""columns.yml: which column of the file is which column of the contract, checked before any file is opened."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from loyalty.intake.headers import squeeze
from loyalty.tables import CONTRACTS, Table

FORMS = {
    "sheet": (str | int, "the name of a sheet"), "header_row": (int, "the number of a line, from 1"),
    "separator": (str, "one sign, such as \";\""), "encoding": (str, "a name such as cp1251"),
    "decimal": (str, "\".\" or \",\""), "day_first": (bool, "true or false"), "table": (str, "the name of a table"),
    "columns": (dict, "lines such as `customer_id: Card no`"), "arms": (dict, "lines such as `КГ: control`"),
    "kinds": (dict, "lines such as `возврат: return`"),
}  # fmt: skip
EXTRAS = {"receipts": ("category",)}  # what a lesson reads beside the contract
FILLED = {"contacts": {"campaign_id": "campaign", "wave": 1}}  # a list of one campaign need not name it


def read_mapping(columns: str | Path | Mapping[str, Any] | None) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read columns.yml, or the same as a dict, and list everything that is wrong with it.

    Parameters
    ----------
    columns : str, pathlib.Path, mapping or None
        Per table: sheet, header_row, separator, encoding, decimal, day_first, table, columns, arms, kinds.

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
    if isinstance(columns, str | Path):
        label = Path(columns).name
        try:
            columns = yaml.safe_load(Path(columns).expanduser().read_text(encoding="utf-8-sig"))
        except OSError as error:
            return {}, [f"{label} cannot be read: {error.strerror}"]
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            mark = getattr(error, "problem_mark", None)
            where = f" in line {mark.line + 1}" if mark else ""
            return {}, [f"{label} is not YAML{where}: compare it with what `python3 workshop.py columns FILE` writes"]
    if not isinstance(columns, Mapping):
        return {}, [f"{label} should name tables, such as receipts:, found {type(columns).__name__}"]
    problems, mapping = [], {}
    for name, options in columns.items():
        if name not in CONTRACTS:
            problems.append(f"{label}: there is no table `{name}`{suggest(str(name), CONTRACTS)}")
        elif not isinstance(options, Mapping):
            problems.append(f"{name}: expected lines such as `columns:`, found {options!r}")
        else:
            mapping[name] = {key: value for key, value in options.items() if value is not None}
            problems += _check_options(name, mapping[name])
    return mapping, problems


def suggest(name: str, known: Iterable[str]) -> str:
    """Say which known name was meant, or which names there are."""
    known = list(known)
    close = difflib.get_close_matches(name.lower(), {k.lower(): k for k in known}, n=1, cutoff=0.6)
    if close:
        return f", did you mean `{ {k.lower(): k for k in known}[close[0]] }`?"
    return f"; there {'are' if len(known) != 1 else 'is'} {', '.join(known[:15]) or 'none'}" + ("…" * (len(known) > 15))


def _check_options(name: str, options: dict[str, Any]) -> Iterable[str]:
    contract = CONTRACTS[name]
    for key, value in list(options.items()):
        if key not in FORMS:
            yield f"{name}: there is no key `{key}`{suggest(str(key), FORMS)}"
            continue
        kind, form = FORMS[key]
        wrong = not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)
        wrong |= key == "decimal" and value not in (".", ",") or key == "separator" and len(str(value)) != 1
        if wrong:
            yield f"{name}: `{key}` should be {form}, found {value!r}"
            del options[key]
        elif kind is dict:
            for left, right in value.items():
                if right is None:
                    yield f"{name}: `{key}` does not say what {left!r} is: write it, or take the line out"
                elif isinstance(left, bool | dict) or isinstance(right, bool | dict | list):
                    yield f"{name}: `{key}` holds {left!r}: {right!r}: put words such as 'yes' and 'no' in quotes"
            value = {left: right for left, right in value.items() if right is not None}
            options[key] = {squeeze(left): squeeze(right) for left, right in value.items()}
    yield from _check_columns(contract, options.get("columns", {}))


def _check_columns(contract: Table, columns: Mapping[str, str]) -> Iterable[str]:
    for ours, theirs in columns.items():
        if ours not in contract.names and ours not in EXTRAS.get(contract.name, ()) and ours != theirs:
            yield f"{contract.name}: the contract has no column `{ours}`{suggest(ours, contract.names)}"
    twice = {theirs for theirs in columns.values() if list(columns.values()).count(theirs) > 1}
    for theirs in sorted(twice):
        ours = [name for name, value in columns.items() if value == theirs]
        yield f"{contract.name}: the column {theirs!r} is named for {' and '.join(ours)}: one of them is another column"
