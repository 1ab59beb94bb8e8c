"""Parameters that explain and check themselves: each has a meaning, a unit and limits; the page shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field, fields, is_dataclass
from typing import Any


class WorldError(ValueError):
    """A parameter or a plan is impossible. `problems` lists all reasons at once, each with the way out."""

    def __init__(self, problems: list[str], what: str = "the parameters") -> None:
        self.problems = list(problems)
        count = f"{len(problems)} problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"{what}: {count}", *(f"  - {problem}" for problem in problems)]))

    def _render_traceback_(self) -> list[str]:
        return [f"❌ {self}"]


def par(default: Any, meaning: str, unit: str = "", low: float | None = None, high: float | None = None) -> Any:
    """Declare a parameter: its default, its meaning in one sentence, its unit and its inclusive limits."""
    return field(default=default, metadata={"meaning": meaning, "unit": unit, "low": low, "high": high})


def find_problems(tree: Any, path: str = "") -> Iterator[str]:
    """Find every number in a tree of parameters that lies outside its limits or is no number."""
    for item in fields(tree):
        value = getattr(tree, item.name)
        name = f"{path}{item.name}"
        rule = item.metadata
        parts = value if isinstance(value, tuple) else (value,)
        for place, part in enumerate(parts):
            here = f"{name}[{getattr(part, 'name', place)}]" if isinstance(value, tuple) else name
            if is_dataclass(part):
                yield from find_problems(part, f"{here}.")
                continue
            number = part[1] if isinstance(part, tuple) else part
            wrong = _judge(number, rule.get("low"), rule.get("high"))
            if wrong:
                yield f"{here} {wrong}"


def _judge(number: Any, low: float | None, high: float | None) -> str:
    """Say what is wrong with a value that has limits; empty if nothing is, or if it has none."""
    if low is None and high is None:
        return ""
    if not isinstance(number, int | float) or number != number:
        return f"should be a number, found {number!r}"
    is_below = low is not None and number < low
    is_above = high is not None and number > high
    if not is_below and not is_above:
        return ""
    if low is None:
        limit = f"{high} or less"
    elif high is None:
        limit = f"{low} or more"
    else:
        limit = f"from {low} to {high}"
    return f"should be {limit}, found {number}"


def list_parameters(tree: Any, path: str = "") -> Iterator[tuple[str, str, str, str]]:
    """List (name, value, unit, meaning) of every single parameter, in order; lists of types and offers are left out."""
    for item in fields(tree):
        value = getattr(tree, item.name)
        name = f"{path}{item.name}"
        if is_dataclass(value):
            yield from list_parameters(value, f"{name}.")
        elif not (isinstance(value, tuple) and value and is_dataclass(value[0])):
            yield name, say(value), item.metadata.get("unit", ""), item.metadata.get("meaning", "")


def say(value: Any) -> str:
    """Write a value for the page."""
    if isinstance(value, tuple):
        return ", ".join(f"{v[0]} {say(v[1])}" if isinstance(v, tuple) else say(v) for v in value) or "none"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value) or "none"
