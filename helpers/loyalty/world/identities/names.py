"""The lists of invented names, with how often each is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

FEMALE, MALE = 0, 1
_LIST = Path(__file__).with_name("names.txt")


@dataclass(frozen=True)
class FirstName:
    """A first name with its short forms and other spellings."""

    name: str
    sex: int
    weight: float
    short: tuple[str, ...]
    spelled: tuple[str, ...]


@dataclass(frozen=True)
class Names:
    """First names, last names, and their shares; `by_sex` numbers the first names of each sex."""

    first: tuple[FirstName, ...]
    last: tuple[str, ...]
    last_share: np.ndarray
    by_sex: tuple[np.ndarray, np.ndarray]

    def shares(self, sex: int) -> np.ndarray:
        """Return how often each name of one sex is drawn."""
        weights = np.array([self.first[number].weight for number in self.by_sex[sex]])
        return weights / weights.sum()


@cache
def read_names() -> Names:
    """Read the lists. Last names are drawn by their rank: the first about fifteen times as often as the last."""
    _, first_part, last_part = _LIST.read_text(encoding="utf-8").replace("[last]", "[first]").split("[first]")
    first = tuple(_read_first(line) for line in first_part.strip().splitlines())
    last = tuple(last_part.split())
    share = 1 / (np.arange(len(last)) + 10.0) ** 0.7
    by_sex = tuple(np.flatnonzero([name.sex == sex for name in first]) for sex in (FEMALE, MALE))
    return Names(first, last, share / share.sum(), (by_sex[0], by_sex[1]))


def _read_first(line: str) -> FirstName:
    head, short, spelled = line.split("|")
    name, sex, weight = head.split()
    return FirstName(name, MALE if sex == "m" else FEMALE, float(weight), tuple(short.split()), tuple(spelled.split()))
