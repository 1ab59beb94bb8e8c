"""What is on a receipt: lines, products, pieces, shelf promotions, an offer's additional line, its discount.

A visit's first line comes from a community c with probability taste(i, c) × season(c, d) / sum; a further line stays
there with probability `stay`, else it is drawn afresh. Within the community the product is drawn by popularity, from
the dearer or the cheaper half by the customer's own probability. An offer's line stands below the others, which stay
as they would have been. Money is counted in whole cents.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from loyalty.world import draws
from loyalty.world.chain import SLOTS
from loyalty.world.customers import liking, mean_lines, premium, promotion, trait, visit_sizes
from loyalty.world.draws import Purpose, bits, key, uniform
from loyalty.world.offers import Contacts, offered, pull
from loyalty.world.visits import Needs, Scene

LINES_A_DAY = 512
_FIELD = np.uint64(0xFFFF)


@dataclass(frozen=True)
class Lines:
    """Receipt lines: `visit` is a place in the visits, `coupon` the offer's part of `discount`, `offer` -1 for none."""

    visit: np.ndarray
    number: np.ndarray
    product: np.ndarray
    pieces: np.ndarray
    sales: np.ndarray
    discount: np.ndarray
    coupon: np.ndarray
    margin: np.ndarray
    offer: np.ndarray


def fill_baskets(
    scene: Scene, rows: np.ndarray, place: np.ndarray, day: np.ndarray, needs: Needs, waves: tuple[Contacts, ...] = ()
) -> Lines:
    """Fill the baskets of visits, given as places in `rows` and days, sorted by both."""
    rule = scene.parameters.people
    people = scene.people
    who = rows[place]
    kind = people.types_on(who, day)
    visit_key = key(scene.seed, Purpose.BASKET, who)
    wanted = _count_lines(scene, who, kind, visit_key, day)
    gains = _find_gains(scene, visit_key, place, day, rows, waves)
    arisen = _match_needs(place, day, needs)
    visit, number, extra, need = _lay_out(len(place), wanted, gains, arisen)
    luck = bits(key(scene.seed, Purpose.LINE, who)[visit], day[visit] * LINES_A_DAY + number)
    shelf = _choose_shelves(scene, who, kind, day, visit, number, luck)
    own = scene.shelves.shelves_of_offers(scene.parameters)[extra]
    shelf = np.where((extra >= 0) & (own >= 0), own, shelf)
    luck = bits(luck, 1)
    tier = ((luck >> np.uint64(16)) & _FIELD) < np.rint(premium(people, who, kind, scene.parameters) * 65536).astype(
        np.uint64
    )[visit]
    product = scene.shelves.slots[tier.astype(np.int8), shelf, (luck & np.uint64(SLOTS - 1)).astype(np.int64)]
    product = np.where(need >= 0, need, product)
    amount = (((luck >> np.uint64(32)) & _FIELD).astype(np.float64) + 0.5) / 65536
    count = draws.geometric(amount, trait(scene.parameters, "pieces", kind)[visit], rule.most_pieces)
    count[need >= 0] = 1
    shown = np.rint(promotion(people, who, scene.parameters) * 65536).astype(np.uint64)[visit]
    promoted = ((luck >> np.uint64(48)) < shown) & (need < 0)
    full = scene.shelves.price[product] * count
    off = np.where(promoted, (full * rule.promotion_depth + 50) // 100, 0)
    offer, percent = _apply_coupons(scene, place, day, rows, visit, product, waves)
    coupon = ((full - off) * percent + 50) // 100
    off += coupon
    sales = full - off
    return Lines(visit, number, product, count, sales, off, coupon, sales - scene.shelves.cost[product] * count, offer)


def _count_lines(scene: Scene, who: np.ndarray, kind: np.ndarray, keys: np.ndarray, day: np.ndarray) -> np.ndarray:
    rule = scene.parameters.people
    small, large = visit_sizes(mean_lines(scene.people, who, kind, scene.parameters), scene.parameters)
    errand = uniform(keys, 2 * day) < rule.errands
    return draws.geometric(uniform(keys, 2 * day + 1), np.where(errand, small, large), rule.most_lines)


def _find_gains(
    scene: Scene, keys: np.ndarray, place: np.ndarray, day: np.ndarray, rows: np.ndarray, waves: tuple[Contacts, ...]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Visits that gain a line, by the offer that caused it: (visits, offers) for each wave."""
    gains = []
    for wave in waves:
        visits, theirs = during(scene, wave, place, day, rows, wave.delivered & (wave.extra > 0))
        offer = wave.offer[theirs]
        force = np.array([pull(o, np.arange(1000)) for o in scene.parameters.offers])[offer, day[visits] - wave.start]
        luck = uniform(bits(keys[visits], np.uint64(Purpose.EXTRA)), wave.number * 65536 + day[visits])
        hit = luck < wave.extra[theirs] * force
        gains.append((visits[hit], offer[hit]))
    return gains


def during(
    scene: Scene, wave: Contacts, place: np.ndarray, day: np.ndarray, rows: np.ndarray, who: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find visits of some of the contacted while their offer is valid: places in the visits and in the wave."""
    ends = min(wave.until, wave.start + max(o.days for o in scene.parameters.offers))
    near = np.flatnonzero((day >= wave.start) & (day < ends))
    mine, theirs = wave.of(rows[place[near]])
    days = offered(scene.parameters, "days")[wave.offer[theirs]]
    keep = who[theirs] & (day[near[mine]] < wave.start + days)
    return near[mine[keep]], theirs[keep]


def _match_needs(place: np.ndarray, day: np.ndarray, needs: Needs) -> tuple[np.ndarray, np.ndarray]:
    """Find the visit of each need."""
    code = place.astype(np.int64) << 20 | (day + 4096)
    wanted = needs.place.astype(np.int64) << 20 | (needs.day + 4096)
    if not len(code):
        return np.empty(0, int), np.empty(0, int)
    visit = np.minimum(np.searchsorted(code, wanted), len(code) - 1)
    hit = code[visit] == wanted
    return visit[hit], needs.product[hit]


def _lay_out(
    visits: int, wanted: np.ndarray, gains: list[tuple[np.ndarray, np.ndarray]], arisen: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give each visit its lines: the wanted ones, then needs, then offers' lines, each kind in numbers of its own."""
    own = np.repeat(np.arange(visits), wanted)
    first = np.cumsum(wanted) - wanted
    needing, needed = arisen
    repeated = np.arange(len(needing)) - np.searchsorted(needing, needing, side="left")
    blocks = [
        _Block(own, np.arange(len(own)) - np.repeat(first, wanted), _none(own), _none(own)),
        _Block(needing, 300 + repeated, _none(needing), needed),
    ]
    for place, (gaining, offer) in enumerate(gains):
        blocks.append(_Block(gaining, np.full(len(gaining), 400 + place % 100), offer, _none(gaining)))
    visit = np.concatenate([block.visit for block in blocks])
    number = np.concatenate([block.number for block in blocks])
    extra = np.concatenate([block.extra for block in blocks])
    need = np.concatenate([block.need for block in blocks])
    if len(needing) or gains:
        order = np.argsort(visit * LINES_A_DAY + number, kind="stable")
        return visit[order], number[order], extra[order], need[order]
    return visit, number, extra, need


class _Block(NamedTuple):
    """Lines of one cause: the visit and number of each; the offer that added it, and the product needed, else -1."""

    visit: np.ndarray
    number: np.ndarray
    extra: np.ndarray
    need: np.ndarray


def _none(visit: np.ndarray) -> np.ndarray:
    """A -1 for each line."""
    return np.broadcast_to(-1, len(visit))


def _choose_shelves(
    scene: Scene,
    who: np.ndarray,
    kind: np.ndarray,
    day: np.ndarray,
    visit: np.ndarray,
    number: np.ndarray,
    luck: np.ndarray,
) -> np.ndarray:
    """Community of each line: the first by taste and season, the others mostly stay."""
    if not len(day):
        return np.empty(0, np.int64)
    low = int(day.min())
    season = scene.calendar.shelf_seasons(np.arange(low, int(day.max()) + 1)).T
    weight = liking(scene.parameters)[kind]
    weight *= scene.people.taste_factor[who]
    weight *= season[day - low]
    np.cumsum(weight, axis=1, out=weight)
    stays = (luck & np.uint64(0xFFFFFFFF)).astype(np.float64) < scene.parameters.people.stay * 2.0**32
    fresh = np.flatnonzero((number == 0) | ~stays)
    reached = weight[visit[fresh]]
    draw = ((luck[fresh] >> np.uint64(32)).astype(np.float64) + 0.5) * 2.0**-32
    chosen = (reached < (draw * reached[:, -1])[:, None]).sum(axis=1)
    # Every visit's first line is fresh, so a line that stays takes over what the visit's first line chose.
    mission = np.zeros(len(day), np.int64)
    first = number[fresh] == 0
    mission[visit[fresh[first]]] = chosen[first]
    shelf = mission[visit]
    shelf[fresh] = chosen
    return shelf


def _apply_coupons(
    scene: Scene,
    place: np.ndarray,
    day: np.ndarray,
    rows: np.ndarray,
    visit: np.ndarray,
    product: np.ndarray,
    waves: tuple[Contacts, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """Offer used on each line and its discount in percent; where two overlap, the later one counts."""
    offer = np.full(len(visit), -1)
    percent = np.zeros(len(visit), np.int64)
    used = np.full(len(place), -1)
    for wave in waves:
        visits, theirs = during(scene, wave, place, day, rows, wave.uses)
        used[visits] = wave.offer[theirs]
    if (used >= 0).any():
        scope = scene.shelves.scopes(scene.parameters)[used[visit]]
        depth = offered(scene.parameters, "discount")[used[visit]]
        hit = (used[visit] >= 0) & (depth > 0) & ((scope < 0) | (scope == scene.shelves.department[product]))
        offer[hit], percent[hit] = used[visit][hit], depth[hit]
    return offer, percent
