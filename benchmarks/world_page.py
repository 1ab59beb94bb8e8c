"""The numbers of docs/world.md, rendered from the parameters: `python benchmarks/world_page.py` renews them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

from loyalty.world.fields import list_parameters, say
from loyalty.world.identities.rules import CARELESS, IdentityRules
from loyalty.world.presets import PRESETS

PAGE = Path(__file__).resolve().parents[1] / "docs" / "world.md"
START, END = "<!-- numbers: start -->", "<!-- numbers: end -->"


def render_numbers() -> str:
    """Render all parameters of the default preset, and what the other presets change, as Markdown."""
    base = PRESETS["default"]()
    rows = [(f"`{name}`", value, unit, meaning) for name, value, unit, meaning in list_parameters(base)]
    parts = ["### All single numbers", _table(("parameter", "default", "unit", "meaning"), rows)]
    lists = (("types", base.types), ("offers", base.offers), ("chain.communities", base.chain.communities),
             ("chain.successions", base.chain.successions), ("chain.departments", base.chain.departments))  # fmt: skip
    for name, items in lists:
        parts += [f"### `{name}`", _describe(items)]
    parts.append("### What the other presets change")
    known = {name: value for name, value, *_ in list_parameters(base)}
    for name, make in PRESETS.items():
        if name != "default":
            other = make()
            rows = [(f"`{n}`", known.get(n, ""), v) for n, v, *_ in list_parameters(other) if known.get(n) != v]
            rows += [(f"`{n}`", "as above", "others") for n, items in lists if _get(other, n) != items]
            parts += [f"`{name}`:", _table(("parameter", "default", name), rows)]
    return "\n\n".join([*parts, *_render_identities()])


def _render_identities() -> list[str]:
    """The shares of `make_identities`, beside those of careless records."""
    careless = {name: value for name, value, *_ in list_parameters(CARELESS)}
    rows = [
        (f"`{name}`", value, careless[name], meaning) for name, value, _, meaning in list_parameters(IdentityRules())
    ]
    return ["### Identities", _table(("share", "usual", "careless", "meaning"), rows)]


def replace_numbers(page: str) -> str:
    """Put the rendered numbers between the marks of a page."""
    before, rest = page.split(START)
    return f"{before}{START}\n\n{render_numbers()}\n\n{END}{rest.split(END)[1]}"


def _get(tree: Any, path: str) -> Any:
    for name in path.split("."):
        tree = getattr(tree, name)
    return tree


def _describe(items: tuple[Any, ...]) -> str:
    """One row a parameter, one column a type, offer, … , with the meaning last."""
    names = [item.name for item in items]
    rows = []
    for item in fields(items[0]):
        if item.name != "name":
            words = item.metadata.get("meaning", ""), item.metadata.get("unit", "")
            meaning = ", ".join(word for word in words if word)
            rows.append((f"`{item.name}`", *(say(getattr(i, item.name)) for i in items), meaning))
    return _table(("", *(f"`{n}`" if n.isidentifier() else n for n in names), "meaning, unit"), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


if __name__ == "__main__":
    PAGE.write_text(replace_numbers(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
