"""The population: an independent draw of further customers of the same chain, for the truth beyond a sample."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import pandas as pd

from loyalty.world.fields import WorldError
from loyalty.world.offers import Contacts, tiredness
from loyalty.world.parameters import Parameters
from loyalty.world.plans import Wave, list_past
from loyalty.world.state import Lived
from loyalty.world.visits import Scene


def draw_others(
    world: Lived, wave: Wave, where: Callable[[pd.DataFrame], pd.Series] | None, size: int
) -> tuple[Scene, np.ndarray, tuple[Contacts, ...], np.ndarray | None]:
    """Draw further customers, numbered after the world's own: scene, positions, past contacts, load of contacts."""
    day = wave.sent.start
    own = wave.before.people
    everybody = np.flatnonzero(own.entry < day)
    if where is None and len(np.setdiff1d(everybody, wave.plan.rows)) > 0.001 * len(everybody):
        raise WorldError(
            [
                f"the wave covers {len(wave.plan.rows):,} of {len(everybody):,} customers: say by `where` who belongs "
                "to its population, or ask for kind='expected' of these very customers"
            ],
            "the population",
        )
    larger = _draw_larger(type(world), len(own) + size, world.months, world.seed, world.parameters)
    scene = larger.scene
    rows = len(own) + np.flatnonzero(scene.people.entry[len(own) :] < day)
    if where is not None:
        table = larger.customers.set_index("customer_id").loc[rows + 1].reset_index()
        rows = rows[np.asarray(where(table), bool)]
    past, _ = list_past(scene, min(day, scene.calendar.month_start(world.months)))
    if len(wave.past) <= len(past):
        return scene, rows, past, None
    kinds = scene.people.types_on(rows, day)
    load = np.zeros(len(rows))
    theirs = own.types_on(wave.plan.rows, day)
    loads = tiredness(wave.past, wave.plan.rows, day, world.parameters)
    for kind in np.unique(kinds):
        pool = loads[theirs == kind] if (theirs == kind).any() else loads
        load[kinds == kind] = np.resize(pool, (kinds == kind).sum())
    return scene, rows, past, load


@lru_cache(maxsize=2)
def _draw_larger(kind: type[Lived], customers: int, months: int, seed: int, parameters: Parameters) -> Lived:
    """Draw the world with its further customers, whose own part is exactly the world that asks."""
    return kind(customers, months, seed, parameters=parameters)
