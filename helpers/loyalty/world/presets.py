"""Named worlds: `default`, `small_chain`, `no_effects`, `strong_fatigue`, `cj_like`; each is a function.

The lists of customer types, offers, departments, communities and successions are written in default.toml.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from loyalty.world import parameters as tree
from loyalty.world.parameters import CardLaunch, CustomerType, Drift, Fatigue, Habit, Offer, Parameters, People, Seasons

_KINDS = {
    "types": CustomerType,
    "offers": Offer,
    "communities": tree.Community,
    "departments": tree.Department,
    "successions": tree.Succession,
}


def default() -> Parameters:
    """Make the pharmacy chain of the lessons."""
    lists = tomllib.loads((Path(__file__).parent / "default.toml").read_text(encoding="utf-8"))
    made: dict[str, Any] = {name: tuple(_build(_KINDS[name], item) for item in items) for name, items in lists.items()}
    types = made.pop("types")
    offers = made.pop("offers")
    return Parameters("default", chain=tree.Chain(**made), types=types, offers=offers)


def _build(kind: type, item: dict[str, Any]) -> Any:
    """Build one type, offer, …; tables and lists become tuples, which cannot be changed afterwards."""
    return kind(**{name: _freeze(value) for name, value in item.items()})


def _freeze(value: Any) -> Any:
    """Turn a table of TOML into a tuple of pairs, and a list into a tuple."""
    if isinstance(value, dict):
        return tuple(value.items())
    return tuple(value) if isinstance(value, list) else value


def small_chain() -> Parameters:
    """Make the same people in a chain of 5 stores with 120 products."""
    base = default()
    return replace(base, name="small_chain", chain=replace(base.chain, stores=5, products=120))


def no_effects() -> Parameters:
    """Make a world in which no offer is used or changes anything, and the card does nothing: for false alarms."""
    base = default()
    dead = tuple(replace(offer, use=(), visits=(), extra=()) for offer in base.offers)
    return replace(base, name="no_effects", offers=dead, card=CardLaunch(effect=0.0))


def strong_fatigue() -> Parameters:
    """Make a world in which a contact takes away half of the gain of the next one."""
    return replace(default(), name="strong_fatigue", fatigue=Fatigue(strength=0.5, half_life=28.0))


def _for_all(offer: Offer) -> Offer:
    """Keep only what an offer does to types that it does not name."""

    def keep_all(pairs: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
        return tuple((name, value) for name, value in pairs if name == "all")

    return replace(offer, use=keep_all(offer.use), visits=keep_all(offer.visits), extra=keep_all(offer.extra))


def cj_like() -> Parameters:
    """Make grocery shoppers whose receipts look like the Complete Journey's year 2017."""
    base = default()
    tastes = (("home", 2), ("treats", 3), ("body", 1), ("baby", 1), ("cold", 1))
    types = (
        CustomerType("household", 0.90, 4.1, 1.25, 0.006, 9.7, 1.25, 0.3, 0.5, 0.0, 0.0, 0, tastes),
        CustomerType("big_household", 0.10, 9.5, 3.0, 0.003, 10.0, 1.3, 0.35, 0.6, 0.0, 0.0, 0, tastes),
    )
    return replace(
        base,
        name="cj_like",
        start="2017-01-01",
        chain=replace(
            base.chain,
            departments=tuple(replace(d, price=d.price * 0.42) for d in base.chain.departments),
            successions=(),
        ),
        seasons=Seasons(weekdays=(0.987, 0.924, 0.938, 0.966, 0.966, 1.113, 1.141), months=(1.0,) * 12, trend=0.0),
        types=types,
        offers=tuple(_for_all(offer) for offer in base.offers),
        people=People(present=0.97, lines_spread=0.33, errands=0.4, errand_size=0.45, mood=0.3, most_lines=90),
        drift=Drift(months=(), share=0.0),
        card=CardLaunch(effect=0.0),
        habit=Habit(months=(2, 4, 6, 8, 10), offers=("magazine",) * 5, half=103.0, most=0.96, steepness=1.75),
    )


PRESETS: dict[str, Callable[[], Parameters]] = {
    f.__name__: f for f in (default, small_chain, no_effects, strong_fatigue, cj_like)
}
