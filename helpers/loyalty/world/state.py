"""What a world remembers, and what its truth and its trial may ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import pandas as pd

from loyalty.world.offers import Contacts
from loyalty.world.parameters import Parameters
from loyalty.world.plans import Wave
from loyalty.world.visits import Scene


@dataclass(frozen=True)
class State:
    """Size, seed and parameters of a world, and what has happened in it up to the day `end`."""

    size: int
    months: int
    seed: int
    parameters: Parameters
    end: int
    log: tuple[Contacts, ...] = ()
    waves: tuple[Wave, ...] = ()
    trial: float | None = None


class Lived(Protocol):
    """A world as its truth sees it; `loyalty.world.World` is one."""

    _state: State

    def __init__(self, customers: int, months: int, seed: int, *, parameters: Parameters) -> None: ...

    @property
    def scene(self) -> Scene:
        """Shelves, people and calendar."""

    @property
    def customers(self) -> pd.DataFrame:
        """The table of customers."""

    @property
    def parameters(self) -> Parameters:
        """Every number of this world."""

    @property
    def months(self) -> int:
        """Months of history."""

    @property
    def seed(self) -> int:
        """The seed."""

    @property
    def end(self) -> pd.Timestamp:
        """The day after the history."""

    @property
    def _log(self) -> tuple[Contacts, ...]: ...

    def _become(self, **changes: Any) -> Any: ...
