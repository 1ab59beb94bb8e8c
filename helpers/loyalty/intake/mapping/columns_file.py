"""columns.yml: which column of the file is which column of the contract, checked before any file is opened."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from loyalty.intake.mapping.headers import squeeze
from loyalty.tables.columns import Table
from loyalty.tables.contracts import CONTRACTS

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
}
EXTRAS = {"receipts": ("category",), "contacts": ("operator",)}  # what is read beside the contract
FILLED = {"contacts": {"campaign_id": "campaign", "wave": 1}}  # a list of one campaign need not name it


TWICE = "twice: "
TOGETHER = "write what belongs to it in one place"


class _Strict(yaml.SafeLoader):
    """Refuses a key that stands twice, of which YAML would keep the last in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(problem=f"{TWICE}{key.value}", problem_mark=key.start_mark)
            seen |= {key.value} if isinstance(key.value, str) else set()
        return super().construct_mapping(node, deep)


def read_mapping(columns: str | Path | Mapping[str, Any] | None) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Read columns.yml, or the same as a dict, and list everything that is wrong with it.

    Parameters
    ----------
    columns : str, pathlib.Path, mapping or None
        Per table: sheet, header_row, separator, encoding, decimal, day_first, table, columns, arms, kinds. In columns,
        `time: [Дата, Время]` joins two columns of the file.

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
            columns = _Strict(Path(columns).expanduser().read_text(encoding="utf-8-sig")).get_single_data()
        except OSError as error:
            return {}, [f"{label} cannot be read: {error.strerror}"]
        except UnicodeDecodeError:
            return {}, [f"{label} is not in UTF-8: open it in an editor and save it so"]
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            why = getattr(error, "problem", None) or ""
            where = f" in line {mark.line + 1}" if mark else ""
            if why.startswith(TWICE):
                return {}, [f"{label} names `{why.removeprefix(TWICE)}` twice, again{where}: {TOGETHER}"]
            if "'\\t'" in why:
                return {}, [f"{label} holds a tab{where}: put spaces in its place"]
            return {}, [f"{label} is not YAML{where}: compare it with what `python3 workshop.py columns FILE` writes"]
    if not isinstance(columns, Mapping):
        found = {type(None): "empty", list: "a list"}.get(type(columns), "one word")
        return {}, [f"{label} should name tables, such as receipts:, and is {found}"]
    problems = []
    mapping = {}
    for name, options in columns.items():
        if name not in CONTRACTS:
            problems.append(f"{label}: there is no table `{name}`{suggest(str(name), CONTRACTS)}")
        elif not isinstance(options, Mapping):
            problems.append(f"{name}: expected lines such as `columns:`, found {options!r}")
        else:
            mapping[name] = {key: value for key, value in options.items() if value is not None}
            problems += _check_options(name, mapping[name])
    return mapping, problems


def list_headers(value: str | Sequence[str]) -> list[str]:
    """The headers that one line of `columns` names: mostly one, two where a day and its clock stand apart."""
    return [value] if isinstance(value, str) else list(value)


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
                elif key == "columns" and isinstance(right, list) and not (left == "time" and len(right) == 2):
                    mend = "name one column, or for `time` two, [day, clock]"
                    yield f"{name}: `columns` holds {left!r}: {right!r}: {mend}"
                elif isinstance(left, bool | dict) or isinstance(right, bool | dict | list) and key != "columns":
                    yield f"{name}: `{key}` holds {left!r}: {right!r}: put words such as 'yes' and 'no' in quotes"
            value = {left: right for left, right in value.items() if right is not None}
            options[key] = {
                squeeze(left): [*map(squeeze, right)] if isinstance(right, list) else squeeze(right)
                for left, right in value.items()
            }
    yield from _check_columns(contract, options.get("columns", {}))


def _check_columns(contract: Table, columns: Mapping[str, str | Sequence[str]]) -> Iterable[str]:
    for ours, theirs in columns.items():
        if ours not in contract.names and ours not in EXTRAS.get(contract.name, ()) and ours != theirs:
            yield f"{contract.name}: the contract has no column `{ours}`{suggest(ours, contract.names)}"
    named = [(name, theirs) for name, value in columns.items() for theirs in list_headers(value)]
    for theirs in sorted({theirs for _, theirs in named if [t for _, t in named].count(theirs) > 1}):
        ours = [name for name, value in named if value == theirs]
        yield f"{contract.name}: the column {theirs!r} is named for {' and '.join(ours)}: one of them is another column"
