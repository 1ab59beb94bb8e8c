"""Own rules: segments that the analyst writes down in a file, with conditions on the profile; the first match wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loyalty.intake.mapping.strict_yaml import read_yaml
from loyalty.segment.rules.conditions import COLUMNS, Condition, hold_all, judge_reach, read_condition
from loyalty.segment.snapshots import read_profile
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import find_near

KEYS = ("name", "version", "segments", "rest")
PARTS = {"segment": ("name", "when", "action"), "rest": ("name", "action")}
ADVICE = "compare it with data/examples/rules.yml"
LONGEST = 60  # characters of a name
OVERLAPS = 3  # pairs of rules that a warning names
MOST = 40  # segments
SMALL = 5  # customers: of fewer no number is told, because warnings stand in reports that are passed on


@dataclass(frozen=True)
class OwnRule:
    """One segment of a file: its name, what to do, and the conditions, which must all hold."""

    name: str
    action: str
    when: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class OwnRules:
    """Rules of a file, checked; built by `read_rules`. A customer is in the first that holds, else in `rest`.

    `name` is the scheme, `version` the version of the rules.
    """

    name: str
    version: str
    rules: tuple[OwnRule, ...]
    rest: OwnRule
    warnings: tuple[str, ...] = field(default=())

    @property
    def actions(self) -> dict[str, str]:
        """What to do with each segment, in the order of the file; the rest last."""
        return {rule.name: rule.action for rule in (*self.rules, self.rest)}

    def to_plain(self) -> dict[str, Any]:
        """The rules as the file has them, in plain values; `read_rules` takes them again."""
        segments = [{"name": r.name, "when": [str(one) for one in r.when], "action": r.action} for r in self.rules]
        rest = {"name": self.rest.name, "action": self.rest.action}
        return {"name": self.name, "version": self.version, "segments": segments, "rest": rest}

    def to_frame(self) -> pd.DataFrame:
        """One row a segment, in the order in which they are tried."""
        rows = [(r.name, " and ".join(map(str, r.when)), r.action) for r in self.rules]
        rows.append((self.rest.name, "everybody else", self.rest.action))
        return pd.DataFrame(rows, columns=["segment", "when", "action"])

    def _repr_html_(self) -> str:
        return render_html(self.to_frame(), f"{self.name}, version {self.version}: the first that holds", self.warnings)


@check_arguments
def read_rules(source: str | Path | Mapping[str, Any], *, columns: Sequence[str] = ()) -> OwnRules:
    """Read own rules from a YAML file, or refuse them with every problem at once.

    Nothing in the file is run: a condition is a column, a sign (<, <=, >, >=, =, !=) and a number, or `gap_days is
    empty`. All conditions of `when` must hold; the first segment that holds takes the customer; the rest has a name and
    an action too. A rule that nobody can reach is refused: it contradicts itself, or earlier rules take all of its
    customers.

    Parameters
    ----------
    source : str, pathlib.Path or mapping
        The file, or what it holds: name, version, segments (each name, when, action), rest (name, action).
    columns : sequence of str
        The columns of the profile that will be used; all of the contract without it.

    Returns
    -------
    OwnRules

    Raises
    ------
    TableError
        With all problems of the file.

    Examples
    --------
    >>> big = {"name": "big", "when": "monetary >= 500", "action": "Call."}
    >>> rest = {"name": "others", "action": "Write."}
    >>> read_rules({"name": "calls", "version": 1, "segments": [big], "rest": rest}).actions
    {'big': 'Call.', 'others': 'Write.'}
    >>> read_rules({"name": "calls", "version": 1, "segments": [big | {"when": "money >= 5"}]})
    Traceback (most recent call last):
    loyalty.tables.check.TableError: the rules: 2 problems
      1. `rest` is missing: a segment for everybody whom no rule takes, with a name and an action
      2. segment 1, 'big': there is no column `money`: did you mean `monetary`?
    """
    label = "the rules" if isinstance(source, Mapping) else Path(source).name
    given: Any = source
    if isinstance(source, str | Path):
        given, problems = read_yaml(Path(source), "file of rules", ADVICE)
        if problems:
            raise TableError(problems, label)
    if not isinstance(given, Mapping):
        found = {type(None): "empty", list: "a list"}.get(type(given), "one word")
        raise TableError([f"it should hold {', '.join(KEYS)}, and is {found}: {ADVICE}"], label)
    there = [name for name in columns if name in COLUMNS] or list(COLUMNS)
    problems = [_say_unknown(key, KEYS) for key in given if key not in KEYS]
    name = _read_text(given.get("name"), "`name`, what this division is called in the store", problems)
    version = _read_text(given.get("version"), "`version`, to be changed with every change of a rule", problems)
    rest = _read_rest(given.get("rest"), problems)
    rules = _read_segments(given.get("segments"), there, problems)
    problems += _find_twins([*rules, rest])
    if not problems:
        problems += _find_unreachable(rules)
    if problems:
        raise TableError(problems, label)
    return OwnRules(name, version, tuple(rules), rest)


@check_arguments
def assign_rules(rules: OwnRules, profile: AnyTable) -> pd.DataFrame:
    """Put each customer into the first segment whose conditions hold, or into the rest.

    Parameters
    ----------
    rules : OwnRules
    profile : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `profile` as of one date, with the columns that the rules ask.

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of, scheme, version, segment: a snapshot, sorted by customer_id. `.attrs["warnings"]` says which
        rules overlap, and by how many customers.

    Raises
    ------
    TableError
        The profile breaks its contract, or lacks a column.

    Examples
    --------
    >>> day = pd.Timestamp("2026-03-01")
    >>> profile = pd.DataFrame({"customer_id": [1, 2], "as_of": day, "monetary": [900.0, 20.0]})
    >>> big = {"name": "big", "when": "monetary >= 500", "action": "Call."}
    >>> rules = read_rules({"name": "calls", "version": 1, "segments": [big],
    ...                     "rest": {"name": "others", "action": "Write."}})
    >>> assign_rules(rules, profile)["segment"].tolist()
    ['big', 'others']
    """
    asked = list(dict.fromkeys(one.column for rule in rules.rules for one in rule.when))
    table = read_profile(profile, *asked)
    held = [hold_all(rule.when, table, len(table)) for rule in rules.rules]
    names = [rule.name for rule in rules.rules]
    places = np.select(held, range(len(held)), len(held)) if held else np.zeros(len(table), dtype=int)
    segments = pd.Categorical.from_codes(places, [*names, rules.rest.name]).astype("str")
    found = table[["customer_id", "as_of"]].assign(scheme=rules.name, version=rules.version, segment=segments)
    found.attrs["warnings"] = _count_overlaps(names, held)
    return found


def _count_overlaps(names: Sequence[str], held: Sequence[np.ndarray]) -> tuple[str, ...]:
    """Say which rules hold for the same customers, the largest first; the earlier rule takes them."""
    pairs = []
    for later in range(len(names)):
        for earlier in range(later):
            both = int((held[earlier] & held[later]).sum())
            if both:
                pairs.append((both, names[earlier], names[later]))
    pairs.sort(key=lambda pair: -pair[0])
    notes = []
    for both, first, second in pairs[:OVERLAPS]:
        many = f"{both:,}" if both >= SMALL else f"fewer than {SMALL}"
        notes.append(f"{many} customers meet the rules of both “{first}” and “{second}”: the first one takes them")
    if len(pairs) > OVERLAPS:
        notes.append(f"{len(pairs) - OVERLAPS:,} more pairs of rules overlap")
    return tuple(notes)


def _say_unknown(key: object, known: Sequence[str]) -> str:
    near = find_near(key, known)
    return f"there is no key `{key}`" + (f": did you mean `{near}`?" if near else f"; there are: {', '.join(known)}")


def _read_text(value: Any, what: str, problems: list[str]) -> str:
    """Read a word or a number that stands for a word; what is wrong is added to `problems`."""
    if value is None or (isinstance(value, str) and not value.strip()):
        problems.append(f"{what}, is missing")
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        problems.append(f"{what}, should be a text, found {str(value)[:40]}: put it in quotes")
        return ""
    text = " ".join(str(value).split())
    if "name" in what and len(text) > LONGEST:
        problems.append(f"{what}, has {len(text)} letters, and {LONGEST} are the most: {text[:30]}…")
    return text


def _read_rest(given: Any, problems: list[str]) -> OwnRule:
    if given is None:
        problems.append("`rest` is missing: a segment for everybody whom no rule takes, with a name and an action")
        return OwnRule("", "")
    return _read_rule(given, "rest", "`rest`", [], problems)


def _read_segments(given: Any, there: Sequence[str], problems: list[str]) -> list[OwnRule]:
    if not isinstance(given, list) or not given:
        problems.append(f"`segments` should be a list, each with name, when and action: {ADVICE}")
        return []
    if len(given) > MOST:
        problems.append(f"{len(given)} segments: nobody can treat so many differently; {MOST} are the most")
        return []
    return [_read_rule(one, "segment", f"segment {place}", there, problems) for place, one in enumerate(given, 1)]


def _read_rule(given: Any, kind: str, where: str, there: Sequence[str], problems: list[str]) -> OwnRule:
    """Read one segment; its problems are told with its place and its name."""
    if not isinstance(given, Mapping):
        problems.append(f"{where} should hold {', '.join(PARTS[kind])}, found {str(given)[:40]!r}")
        return OwnRule("", "")
    if given.get("name") not in (None, "") and kind == "segment":
        where = f"{where}, {str(given['name'])[:30]!r}"
    wrong = [_say_unknown(key, PARTS[kind]) for key in given if key not in PARTS[kind]]
    name = _read_text(given.get("name"), "`name`", wrong)
    action = _read_text(given.get("action"), "`action`, what to do with these customers", wrong)
    when = _read_when(given.get("when"), there, wrong) if kind == "segment" else ()
    problems += [f"{where}: {text}" for text in wrong]
    return OwnRule(name, action, when)


def _read_when(given: Any, there: Sequence[str], wrong: list[str]) -> tuple[Condition, ...]:
    lines = given if isinstance(given, list) else [given]
    if given is None or not lines:
        wrong.append("`when` is missing: one condition, or a list of them")
        return ()
    found = [read_condition(line, there) for line in lines]
    wrong += [problem for _, problem in found if problem]
    return tuple(condition for condition, _ in found if condition is not None)


def _find_twins(rules: Sequence[OwnRule]) -> list[str]:
    names = [rule.name for rule in rules if rule.name]
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"two segments are called {name!r}: then which of them is meant?" for name in twice]


def _find_unreachable(rules: Sequence[OwnRule]) -> list[str]:
    words = {
        "never": "its conditions can never hold together",
        "before": "nobody can reach it, because earlier rules take all of its customers: move it up, or take it out",
    }
    reach = judge_reach([rule.when for rule in rules])
    return [
        f"segment {place}, {rule.name!r}: {words[found]}"
        for place, (rule, found) in enumerate(zip(rules, reach, strict=True), 1)
        if found
    ]
