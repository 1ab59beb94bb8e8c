"""What an offer does to whom: pull, decay, pull-forward, fatigue. The truth of every campaign lives here.

A contact on day t with offer o changes customer i's probability of a visit on day d to

    chance(i, d) × (1 + strength(i, o, t) × pull(o, d - t))

where `pull` starts at 1, halves every `half_life` days while the offer is valid, and is negative for `pull_days`
afterwards, so that the part `pulled` of the extra visits is missing later. While valid, each visit gains one line with
probability extra(i, o, t) × pull. Nothing happens before day t.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from loyalty.world.customers import NEVER, Population
from loyalty.world.draws import Purpose, key, uniform
from loyalty.world.parameters import Offer, Pairs, Parameters


@dataclass(frozen=True)
class Contacts:
    """The treated of one wave: positions of customers (sorted), what each got, and what it does to them."""

    number: int
    start: int
    rows: np.ndarray
    offer: np.ndarray
    delivered: np.ndarray
    strength: np.ndarray
    extra: np.ndarray
    uses: np.ndarray
    until: int = NEVER

    def of(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the contacted among some customers: their places in `rows`, and their places here."""
        if not len(self.rows):
            return np.empty(0, int), np.empty(0, int)
        place = np.minimum(np.searchsorted(self.rows, rows), len(self.rows) - 1)
        hit = self.rows[place] == rows
        return np.flatnonzero(hit), place[hit]


def pull(offer: Offer, since: np.ndarray) -> np.ndarray:
    """Pull on visits so many days after the contact: decay while valid, payback afterwards, zero before and later."""
    decay = 0.5 ** (np.arange(offer.days) / offer.half_life)
    debt = offer.pulled * decay.sum() / offer.pull_days
    curve = np.concatenate([decay, np.full(offer.pull_days, -debt), [0.0]])
    since = np.asarray(since)
    return np.where(since < 0, 0.0, curve[np.clip(since, 0, len(curve) - 1)])


def reach(offer: Offer) -> int:
    """Days after which an offer has no effect any more."""
    return offer.days + offer.pull_days


def offered(parameters: Parameters, name: str) -> np.ndarray:
    """Look up a number of each offer."""
    return np.array([getattr(o, name) for o in parameters.offers])


def by_type(pairs: Pairs, parameters: Parameters) -> np.ndarray:
    """Spread named numbers over the types; `all` serves the types that are not named, nothing named is 0."""
    named = dict(pairs)
    return np.array([named.get(t.name, named.get("all", 0.0)) for t in parameters.types])


def tiredness(past: tuple[Contacts, ...], rows: np.ndarray, day: int, parameters: Parameters) -> np.ndarray:
    """Load of recent contacts on a day: each counts 1 when fresh and half after `half_life` days."""
    load = np.zeros(len(rows))
    for wave in past:
        if wave.start < day:
            mine, theirs = wave.of(rows)
            load[mine] += wave.delivered[theirs] * 0.5 ** ((day - wave.start) / parameters.fatigue.half_life)
    return load


def freshness(load: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Part of a gain that is left under a load of recent contacts: (1 - strength) to the power of the load."""
    return (1 - parameters.fatigue.strength) ** load


def respond(
    people: Population,
    parameters: Parameters,
    seed: int,
    rows: np.ndarray,
    offer: np.ndarray,
    day: int,
    number: int,
    past: tuple[Contacts, ...] = (),
    load: np.ndarray | None = None,
) -> Contacts:
    """Work out what a contact on a day does to each customer; `number` is the wave's, for use and delivery.

    The luck of use and delivery depends on the customer and the wave, not on the offer: two plans differ only where
    their offers differ.
    """
    kind = people.types_on(rows, day)
    fresh = freshness(tiredness(past, rows, day, parameters) if load is None else load, parameters)
    table = {
        name: np.array([by_type(getattr(o, name), parameters) for o in parameters.offers])
        for name in ("visits", "extra", "use")
    }
    rule = parameters.response
    cheap = offered(parameters, "discount")[offer] > 0
    keen = np.where(cheap, 1 + rule.by_sensitivity * (people.sensitivity[rows] - 0.5), 1.0)
    personal = keen * (1 + rule.spread * (2 * uniform(key(seed, Purpose.OFFER, rows), offer) - 1))
    strength = table["visits"][offer, kind]
    strength = np.maximum(np.where(strength > 0, strength * fresh, strength) * personal, -1.0)
    extra = np.minimum(table["extra"][offer, kind] * fresh * personal, 1.0)
    luck = key(seed, Purpose.CONTACT, rows)
    delivered = uniform(luck, 2 * number) < rule.delivered
    uses = delivered & (uniform(luck, 2 * number + 1) < table["use"][offer, kind])
    return Contacts(number, day, rows, np.asarray(offer, np.int64), delivered, strength, extra, uses)


def expect(contacts: Contacts, people: Population, parameters: Parameters) -> np.ndarray:
    """Probability that each contacted customer uses the offer when coming, given delivery."""
    use = np.array([by_type(o.use, parameters) for o in parameters.offers])
    return use[contacts.offer, people.types_on(contacts.rows, contacts.start)]


def cut(past: tuple[Contacts, ...], day: int) -> tuple[Contacts, ...]:
    """End all effects of earlier contacts on a day: no carry-over into what comes."""
    return tuple(replace(wave, until=min(wave.until, day)) for wave in past)
