"""The customers: latent type, visit rate, tastes, price sensitivity, home store, when they come, change, and leave.

Arrays have one position a customer (position = customer_id - 1). A *regime* is the time between two drift dates:
a customer's type, and with it rate, basket and tastes, is constant within a regime.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from loyalty.world import draws
from loyalty.world.chain import Shelves
from loyalty.world.draws import Purpose, person
from loyalty.world.parameters import Parameters
from loyalty.world.seasons import Calendar

NEVER = 2**30


@dataclass(frozen=True)
class Population:
    """All that is fixed about each customer, before any visit. `kind` and `rate` have one row a regime."""

    kind: np.ndarray
    rate: np.ndarray
    rhythm: np.ndarray
    borders: tuple[int, ...]
    entry: np.ndarray
    leave: np.ndarray
    lines_factor: np.ndarray
    premium_shift: np.ndarray
    sensitivity: np.ndarray
    taste_factor: np.ndarray
    home_store: np.ndarray
    spend: np.ndarray
    card: np.ndarray
    natural_taker: np.ndarray

    def __len__(self) -> int:
        return len(self.entry)

    def regime(self, day: np.ndarray | int) -> np.ndarray:
        """Number of the regime in which a day lies."""
        return np.searchsorted(np.array(self.borders), day, side="right")

    def regimes(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Cut [start, end) at the drift dates."""
        return pairwise([start, *(b for b in self.borders if start < b < end), end])

    def types_on(self, rows: np.ndarray, day: np.ndarray | int) -> np.ndarray:
        """Latent type of each customer on a day."""
        return self.kind[self.regime(day), rows]


def draw_population(
    customers: int,
    parameters: Parameters,
    seed: int,
    shelves: Shelves,
    calendar: Calendar,
    horizon: int,
    trial: float | None = None,
) -> Population:
    """Draw everybody. `horizon` is the last day of entries; `trial` the share invited to the card at random."""
    rule = parameters.people
    who = np.arange(customers)
    types = parameters.types
    kind = np.empty((len(parameters.drift.months) + 1, customers), np.int8)
    shares = np.array([t.share for t in types])
    kind[0] = draws.choose(person(seed, Purpose.TYPE, who), shares)
    for change in range(len(parameters.drift.months)):
        moves = person(seed, Purpose.DRIFT, who, 2 * change) < parameters.drift.share
        new = draws.choose(person(seed, Purpose.DRIFT, who, 2 * change + 1), shares)
        kind[change + 1] = np.where(moves, new, kind[change])
    luck = [person(seed, Purpose.PERSON, who, step) for step in range(6)]
    rate_luck = person(seed, Purpose.RATE, who)
    phase = luck[0]
    rate = np.empty(kind.shape)
    for number, t in enumerate(types):
        ever = (kind == number).any(axis=0)
        mean = np.zeros(customers)
        mean[ever] = t.visits * draws.gamma(rate_luck[ever], t.spread) / 28
        rate = np.where(kind == number, mean, rate)
    refill = np.array([max(1, t.refill) for t in types])
    rhythm = calendar.first_rhythm()[kind] + (phase * refill[kind]).astype(np.int64)
    entry, leave = _draw_life(who, kind[0], parameters, seed, horizon)
    spread = rule.lines_spread
    sensitivity = np.clip(
        np.array([t.sensitivity for t in types])[kind[0]] + rule.sensitivity_spread * draws.normal(luck[2]), 0, 1
    )
    communities = len(parameters.chain.communities)
    taste_luck = draws.uniform(draws.key(seed, Purpose.TASTE, who)[:, None], np.arange(communities))
    stores = (np.arange(parameters.chain.stores) + 1.0) ** -parameters.chain.store_skew
    found = Population(
        kind=kind,
        rate=rate,
        rhythm=rhythm,
        borders=tuple(calendar.month_start(m) for m in parameters.drift.months),
        entry=entry,
        leave=leave,
        lines_factor=np.exp(spread * draws.normal(luck[1]) - spread**2 / 2),
        premium_shift=rule.premium_spread * draws.normal(luck[3]),
        sensitivity=sensitivity,
        taste_factor=np.exp(rule.taste_spread * draws.normal(taste_luck)),
        home_store=draws.choose(luck[4], stores) + 1,
        spend=np.zeros(customers),
        card=np.full(customers, NEVER),
        natural_taker=np.zeros(customers, bool),
    )
    spend = _expect_spend(found, parameters, shelves)
    card, natural = _draw_card(who, spend, entry, leave, parameters, seed, calendar, trial)
    return Population(**{**found.__dict__, "spend": spend, "card": card, "natural_taker": natural})


def _draw_life(
    who: np.ndarray, kind: np.ndarray, parameters: Parameters, seed: int, horizon: int
) -> tuple[np.ndarray, np.ndarray]:
    """First day and the day after the last; the time until leaving is exponential, from the start or the entry on."""
    luck = [person(seed, Purpose.ENTRY, who, step) for step in range(3)]
    before = np.minimum(draws.exponential(luck[1]) * parameters.people.before, 3650).astype(np.int64) + 1
    entry = np.where(luck[0] < parameters.people.present, -before, (luck[2] * horizon).astype(np.int64))
    hazard = -np.log1p(-np.array([t.leave for t in parameters.types]))[kind] / 28
    life = draws.exponential(person(seed, Purpose.LEAVE, who)) / np.maximum(hazard, 1e-9)
    return entry, np.maximum(entry, 0) + 1 + np.minimum(life, NEVER / 2).astype(np.int64)


def trait(parameters: Parameters, name: str, kind: np.ndarray) -> np.ndarray:
    """Look up a number of each customer's type."""
    return np.array([getattr(t, name) for t in parameters.types])[kind]


def liking(parameters: Parameters) -> np.ndarray:
    """Taste of each type (rows) for each community, before personal factors."""
    return np.array(
        [
            [dict(t.tastes).get(c.name, parameters.people.other_taste) for c in parameters.chain.communities]
            for t in parameters.types
        ]
    )


def mean_lines(people: Population, rows: np.ndarray, kind: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Mean lines wanted on a customer's receipts."""
    return 1 + (trait(parameters, "lines", kind) - 1) * people.lines_factor[rows]


def visit_sizes(mean: np.ndarray, parameters: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Split a customer's mean lines into those of a small errand and of a large visit."""
    share = parameters.people.errands
    size = parameters.people.errand_size
    small = np.maximum(1, mean * size)
    return small, np.maximum(1, (mean - share * small) / (1 - share))


def expect_lines(mean: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Exact expected lines of a visit."""
    share = parameters.people.errands
    most = parameters.people.most_lines
    small, large = visit_sizes(mean, parameters)
    return share * draws.mean_geometric(small, most) + (1 - share) * draws.mean_geometric(large, most)


def premium(people: Population, rows: np.ndarray, kind: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Probability that a line comes from the dearer half of the shelf, in steps of 1/65536 as it is drawn."""
    return np.rint(np.clip(trait(parameters, "premium", kind) + people.premium_shift[rows], 0, 1) * 65536) / 65536


def promotion(people: Population, rows: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Probability that a line is on promotion, in steps of 1/65536 as it is drawn."""
    return np.rint(parameters.people.promotion * people.sensitivity[rows] * 65536) / 65536


def _expect_spend(people: Population, parameters: Parameters, shelves: Shelves) -> np.ndarray:
    """Spend in 28 average days of the first regime, in euros: what card and habit look at."""
    kind = people.kind[0]
    rows = np.arange(len(people))
    taste = liking(parameters)[kind] * people.taste_factor
    dear = premium(people, rows, kind, parameters)
    count = taste.shape[1]
    price = ((1 - dear)[:, None] * shelves.price_mean[0, :count] + dear[:, None] * shelves.price_mean[1, :count]) / 100
    line = (taste * price).sum(axis=1) / taste.sum(axis=1) * trait(parameters, "pieces", kind)
    line = line * (1 - promotion(people, rows, parameters) * parameters.people.promotion_depth / 100)
    return people.rate[0] * 28 * expect_lines(mean_lines(people, rows, kind, parameters), parameters) * line


def _draw_card(
    who: np.ndarray,
    spend: np.ndarray,
    entry: np.ndarray,
    leave: np.ndarray,
    parameters: Parameters,
    seed: int,
    calendar: Calendar,
    trial: float | None,
) -> tuple[np.ndarray, np.ndarray]:
    """Day of taking the card: by themselves those who buy more; in the trial also by invitation."""
    rule = parameters.card
    launch = calendar.month_start(parameters.card.month)
    luck = [person(seed, Purpose.CARD, who, step) for step in range(3)]
    # A logistic curve in log spend: half at `half`, and `most` at the top.
    natural = luck[0] < rule.most / (1 + (rule.half / np.maximum(spend, 1e-6)) ** rule.steepness)
    takes = natural
    delay = np.full(len(who), rule.delay)
    if trial is not None:
        asked = person(seed, Purpose.INVITATION, who) < trial
        there = entry <= launch
        yes = np.where(asked, natural | (luck[2] < rule.invited), natural & (luck[2] < rule.uninvited))
        takes = np.where(there, yes, natural)
        delay = np.where(there, rule.trial_delay, delay)
    day = np.maximum(launch, entry) + 1 + np.minimum(draws.exponential(luck[1]) * delay, 3650).astype(np.int64)
    return np.where(takes & (day < leave), day, NEVER), natural


def invited(customers: int, seed: int, share: float) -> np.ndarray:
    """Whether each customer was invited in the card's trial."""
    return person(seed, Purpose.INVITATION, np.arange(customers)) < share
