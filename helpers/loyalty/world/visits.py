"""Visits: the probability that a customer comes on a day, and the draw.

    chance(i, d) = rate(i) × rhythm(type of i, d) × mood(i, period of d) × (1 + card effect, from the card's day on)
                   × Π over contacts (1 + strength × pull), at most `most_visits`; 0 before entry and after leaving;
                   1 on the day of entry and when the need of a timed succession arises.
A visit happens when a uniform number, hashed from (seed, customer, day), lies below it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from loyalty.world import draws
from loyalty.world.chain import Shelves
from loyalty.world.customers import Population
from loyalty.world.draws import Purpose, key, uniform
from loyalty.world.offers import Contacts, pull, reach
from loyalty.world.parameters import Parameters
from loyalty.world.seasons import Calendar

PERIOD = 28
_CELLS = 1 << 17


@dataclass(frozen=True)
class Scene:
    """Everything that a simulation needs: parameters, seed, shelves, people, calendar."""

    parameters: Parameters
    seed: int
    shelves: Shelves
    people: Population
    calendar: Calendar


@dataclass(frozen=True)
class Needs:
    """Days on which the need of a succession brings a customer: place in `rows`, day, position of the product."""

    place: np.ndarray
    day: np.ndarray
    product: np.ndarray

    def within(self, piece: slice) -> Needs:
        """Those of a piece of the customers, their places counted within it."""
        mine = slice(*np.searchsorted(self.place, (piece.start, piece.stop)))
        return Needs(self.place[mine] - piece.start, self.day[mine], self.product[mine])


def pieces(rows: np.ndarray, days: int) -> Iterator[slice]:
    """Cut a list of customers so that a table of customers × days stays in the processor's cache."""
    size = max(1, _CELLS // max(1, days))
    return (slice(a, a + size) for a in range(0, len(rows), size))


def find_needs(scene: Scene, rows: np.ndarray, start: int, end: int) -> Needs:
    """Find the needs of all timed successions that arise in [start, end) for customers who are there."""
    found = []
    keys = key(scene.seed, Purpose.NEED, rows)
    names = [t.name for t in scene.parameters.types]
    for number, rule in enumerate(scene.parameters.chain.successions):
        member = np.array([name in rule.types for name in names])
        for year in range((start - rule.latest) // 365, (end - 1) // 365 + 1):
            step = (number * 512 + year + 64) * 4
            day = year * 365 + (uniform(keys, step) * 365).astype(np.int64)
            fits = np.where(member[scene.people.types_on(rows, np.maximum(day, 0))], 1.0, rule.elsewhere)
            arises = (uniform(keys, step + 1) < rule.yearly * fits) & (day >= 0)
            follows = arises & (uniform(keys, step + 2) < rule.probability * fits)
            lag = rule.soonest + (uniform(keys, step + 3) * (rule.latest - rule.soonest + 1)).astype(np.int64)
            for happens, when, position in ((arises, day, 0), (follows, day + lag, 1)):
                hit = np.flatnonzero(happens & (when >= start) & (when < end))
                found.append(Needs(hit, when[hit], np.full(len(hit), scene.shelves.needs[number, position])))
    place = _join([needs.place for needs in found])
    day = _join([needs.day for needs in found])
    product = _join([needs.product for needs in found])
    there = (day >= scene.people.entry[rows[place]]) & (day < scene.people.leave[rows[place]])
    order = np.lexsort((product[there], day[there], place[there]))
    return Needs(place[there][order], day[there][order], product[there][order])


def _join(parts: list[np.ndarray]) -> np.ndarray:
    """Join arrays; without any an empty array of whole numbers."""
    return np.concatenate(parts) if parts else np.empty(0, int)


def visit_chances(
    scene: Scene,
    rows: np.ndarray,
    start: int,
    end: int,
    waves: tuple[Contacts, ...],
    needs: Needs | None = None,
    *,
    card: bool = True,
) -> np.ndarray:
    """Compute the probability of a visit for each customer (row) and day of [start, end).

    Parameters
    ----------
    scene : Scene
        The world.
    rows : array of int
        Positions of the customers.
    start, end : int
        Days.
    waves : tuple of Contacts
        Earlier contacts, which may still have an effect.
    needs : Needs, optional
        Their needs in [start, end), if they are known already.
    card : bool
        False for a world in which the card does nothing.
    """
    people = scene.people
    rule = scene.parameters
    days = np.arange(start, end)
    rhythm = scene.calendar.rhythm(days)
    chance = np.empty((len(rows), len(days)))
    for left, right in people.regimes(start, end):
        regime = int(people.regime(left))
        part = chance[:, left - start : right - start]
        np.take(rhythm[:, left - start : right - start], people.rhythm[regime][rows], axis=0, out=part)
        part *= people.rate[regime][rows, None]
    if rule.people.mood:
        chance *= _moods(scene, rows, days)
    if card and rule.card.effect and (people.card[rows] < end).any():
        chance *= np.where(days >= people.card[rows, None], 1 + rule.card.effect, 1.0)
    for wave in waves:
        _apply(chance, wave, rows, days, rule)
    np.minimum(chance, rule.people.most_visits, out=chance)
    chance *= (days >= people.entry[rows, None]) & (days < people.leave[rows, None])
    entered = np.flatnonzero((people.entry[rows] >= start) & (people.entry[rows] < end))
    chance[entered, people.entry[rows[entered]] - start] = 1.0
    needs = find_needs(scene, rows, start, end) if needs is None else needs
    chance[needs.place, needs.day - start] = 1.0
    return chance


def draw_visits(
    scene: Scene, rows: np.ndarray, start: int, end: int, waves: tuple[Contacts, ...] = (), *, card: bool = True
) -> tuple[np.ndarray, np.ndarray, Needs]:
    """Draw all visits of [start, end): (place in `rows`, day) sorted by both, and the needs among them."""
    keys = key(scene.seed, Purpose.VISIT, rows)
    days = np.arange(start, end)
    places = []
    when = []
    needs = find_needs(scene, rows, start, end)
    for piece in pieces(rows, end - start):
        chance = visit_chances(scene, rows[piece], start, end, waves, needs.within(piece), card=card)
        place, day = np.nonzero(uniform(keys[piece, None], days) < chance)
        places.append(place + piece.start)
        when.append(day + start)
    return np.concatenate(places), np.concatenate(when), needs


def _moods(scene: Scene, rows: np.ndarray, days: np.ndarray) -> np.ndarray:
    spread = scene.parameters.people.mood
    period = days // PERIOD
    periods = np.arange(period[0], period[-1] + 1)
    luck = uniform(key(scene.seed, Purpose.MOOD, rows)[:, None], periods + 1024)
    return np.exp(spread * draws.normal(luck) - spread**2 / 2)[:, period - period[0]]


def _apply(chance: np.ndarray, wave: Contacts, rows: np.ndarray, days: np.ndarray, parameters: Parameters) -> None:
    """Multiply in what one wave does to its contacted customers, from its first day on."""
    last = min(wave.until, wave.start + max(reach(o) for o in parameters.offers))
    left, right = np.searchsorted(days, (wave.start, last))
    if left >= right:
        return
    mine, theirs = wave.of(rows)
    keep = wave.delivered[theirs] & (wave.strength[theirs] != 0)
    mine = mine[keep]
    theirs = theirs[keep]
    curves = np.array([pull(o, days[left:right] - wave.start) for o in parameters.offers])
    change = curves[wave.offer[theirs]] * wave.strength[theirs, None]
    # A negative strength has a negative pull afterwards turned positive: visits put off come back.
    chance[mine, left:right] *= np.maximum(1 + change, 0)
