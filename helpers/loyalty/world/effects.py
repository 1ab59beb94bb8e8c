"""What a contact changes for each customer: realised, with the very same luck twice; or expected, over all luck.

*Realised*: the customer's life is simulated with and without the contact from the same random numbers, and subtracted.
*Expected*: the exact mean over visits, baskets, delivery and use; type, mood, card and day of leaving are as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from loyalty.world import draws
from loyalty.world.customers import expect_lines, liking, mean_lines, premium, promotion, trait
from loyalty.world.money import MEASURES, earliest, measure, profit, simulate
from loyalty.world.offers import Contacts, expect, offered, pull, respond
from loyalty.world.visits import Needs, Scene, find_needs, pieces, visit_chances

Windows = tuple[tuple[str, int, int], ...]
EXPECTED = ("responded", "orders", "sales", "margin", "discount", "reward_paid", "points_issued", "profit")


def realise(
    scene: Scene, rows: np.ndarray, windows: Windows, waves: tuple[Contacts, ...], *, card: bool = True
) -> dict[str, np.ndarray]:
    """Outcomes (customers × windows) under given contacts, with the customers' own luck."""
    start, end = windows[0][1], windows[-1][2]
    receipts = simulate(scene, rows, earliest(waves, start, scene), end, waves, card=card)
    found = measure(scene, receipts, windows, card=card)
    return found | {"profit": profit(found["margin"], found["reward_paid"], found["points_issued"], scene.parameters)}


def contact_everybody(
    scene: Scene,
    rows: np.ndarray,
    offer: np.ndarray | int,
    day: int,
    past: tuple[Contacts, ...],
    load: np.ndarray | None = None,
) -> Contacts:
    """What would happen if all these customers got an offer on a day, as the next wave."""
    offers = np.broadcast_to(np.asarray(offer), rows.shape)
    return respond(scene.people, scene.parameters, scene.seed, rows, offers, day, len(past), past, load)


def realised_effect(
    scene: Scene,
    rows: np.ndarray,
    new: Contacts,
    windows: Windows,
    past: tuple[Contacts, ...],
    without: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Outcome with the contact less outcome without, contact cost taken off the profit of the first window."""
    having = realise(scene, rows, windows, (*past, new))
    without = realise(scene, rows, windows, past) if without is None else without
    found = {name: having[name] - without[name] for name in (*MEASURES, "profit")}
    found["profit"][:, 0] -= _contact_cost(scene, new)
    return found


def expected_effect(
    scene: Scene,
    rows: np.ndarray,
    new: Contacts,
    windows: Windows,
    past: tuple[Contacts, ...],
    without: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Exact mean of the realised effect. Coupons of earlier waves that are still valid are left out of both sides."""
    having = expect_outcomes(scene, rows, windows, past, new)
    without = expect_outcomes(scene, rows, windows, past) if without is None else without
    found = {name: scene.parameters.response.delivered * (having[name] - without[name]) for name in EXPECTED}
    found["profit"][:, 0] -= _contact_cost(scene, new)
    return found


def _contact_cost(scene: Scene, new: Contacts) -> np.ndarray:
    return offered(scene.parameters, "contact")[new.offer]


def expect_outcomes(
    scene: Scene,
    rows: np.ndarray,
    windows: Windows,
    past: tuple[Contacts, ...],
    new: Contacts | None = None,
    *,
    card: bool = True,
) -> dict[str, np.ndarray]:
    """Exact expected outcomes (customers × windows); `new` contacts every one of `rows`, and arrives."""
    start, end = windows[0][1], windows[-1][2]
    needs = find_needs(scene, rows, start, end)
    found = {name: np.zeros((len(rows), len(windows))) for name in EXPECTED}
    for piece in pieces(rows, end - start):
        part = None if new is None else _cut_out(new, piece)
        for name, values in _expect_piece(
            scene, rows[piece], start, end, windows, past, part, needs.within(piece), card
        ).items():
            found[name][piece] = values
    return found


def _cut_out(new: Contacts, piece: slice) -> Contacts:
    parts = {name: getattr(new, name)[piece] for name in ("rows", "offer", "strength", "extra")}
    return replace(new, **parts, delivered=np.ones(len(parts["rows"]), bool))


def expect_days(
    scene: Scene,
    rows: np.ndarray,
    start: int,
    end: int,
    past: tuple[Contacts, ...],
    new: Contacts | None,
    needs: Needs,
    *,
    card: bool = True,
) -> tuple[np.ndarray, ...]:
    """Expected visits, sales, margin and coupon of few customers (rows) on each day of [start, end)."""
    chance = visit_chances(scene, rows, start, end, past if new is None else (*past, new), needs, card=card)
    value = [np.empty(chance.shape) for _ in range(3)]
    for left, right in scene.people.regimes(start, end):
        for whole, part in zip(value, _visit_value(scene, rows, left, right, new), strict=True):
            whole[:, left - start : right - start] = part
    sales, margin, coupon = (chance * v for v in value)
    price = scene.shelves.price[needs.product] / 100
    cost = scene.shelves.cost[needs.product] / 100
    off = np.zeros(len(price)) if new is None else _coupon_on_needs(scene, new, needs) * price
    cell = needs.place, needs.day - start
    for table, values in ((sales, price - off), (margin, price - off - cost), (coupon, off)):
        np.add.at(table, cell, values)
    return chance, sales, margin, coupon


def _expect_piece(
    scene: Scene,
    rows: np.ndarray,
    start: int,
    end: int,
    windows: Windows,
    past: tuple[Contacts, ...],
    new: Contacts | None,
    needs: Needs,
    card: bool,
) -> dict[str, np.ndarray]:
    chance, sales, margin, coupon = expect_days(scene, rows, start, end, past, new, needs, card=card)
    holder = np.arange(start, end) >= scene.people.card[rows, None]
    if not card:
        holder = np.zeros_like(holder)
    points = sales * holder * scene.parameters.money.points_per_euro
    span = [slice(a - start, b - start) for _, a, b in windows]
    daily = {"orders": chance, "sales": sales, "margin": margin, "discount": coupon, "points_issued": points}
    found = {name: np.stack([v[:, s].sum(axis=1) for s in span], axis=1) for name, v in daily.items()}
    found["responded"] = 1 - np.stack([(1 - chance[:, s]).prod(axis=1) for s in span], axis=1)
    reward = np.zeros(found["orders"].shape)
    bonus = np.zeros(found["orders"].shape)
    if new is not None:
        first = _first_visit(scene, new, chance, start, windows) * expect(new, scene.people, scene.parameters)[:, None]
        reward, bonus = (first * offered(scene.parameters, n)[new.offer][:, None] for n in ("reward", "points"))
    found["reward_paid"], found["points_issued"] = reward, found["points_issued"] + bonus
    found["profit"] = profit(found["margin"], reward, found["points_issued"], scene.parameters)
    return found


def _first_visit(scene: Scene, new: Contacts, chance: np.ndarray, start: int, windows: Windows) -> np.ndarray:
    """Probability that the first visit while the offer is valid falls into each window."""
    days = np.arange(start, start + chance.shape[1])
    ends = new.start + offered(scene.parameters, "days")[new.offer]
    absent = 1 - chance * ((days >= new.start) & (days < ends[:, None]))
    return np.stack(
        [absent[:, : a - start].prod(axis=1) - absent[:, : b - start].prod(axis=1) for _, a, b in windows], axis=1
    )


def _coupon_on_needs(scene: Scene, new: Contacts, needs: Needs) -> np.ndarray:
    offer = new.offer[needs.place]
    since = needs.day - new.start
    rule = scene.parameters
    scope = scene.shelves.scopes(rule)[offer]
    valid = (since >= 0) & (since < offered(rule, "days")[offer])
    fits = valid & ((scope < 0) | (scope == scene.shelves.department[needs.product]))
    return expect(new, scene.people, rule)[needs.place] * offered(rule, "discount")[offer] / 100 * fits


def _visit_value(scene: Scene, rows: np.ndarray, left: int, right: int, new: Contacts | None) -> tuple[np.ndarray, ...]:
    """Expected sales, margin and coupon of a visit (customers × days) within one regime, in euros, needs left out."""
    rule = scene.parameters
    shelves = scene.shelves
    people = scene.people
    kind = people.types_on(rows, left)
    days = np.arange(left, right)
    taste = liking(rule)[kind] * people.taste_factor[rows]
    season = scene.calendar.shelf_seasons(days)
    dear = premium(people, rows, kind, rule)[:, None]
    count = taste.shape[1]
    each = draws.mean_geometric(trait(rule, "pieces", kind), rule.people.most_pieces) / 100
    kept = 1 - promotion(people, rows, rule) * rule.people.promotion_depth / 100

    def on_shelves(table: np.ndarray) -> np.ndarray:
        """Mean over the two tiers, for each customer and shelf."""
        return ((1 - dear) * table[0] + dear * table[1]) * each[:, None]

    total = _blend(taste, season)
    price = on_shelves(shelves.price_mean) * kept[:, None]
    cost = on_shelves(shelves.cost_mean)
    line_price, line_cost = (_blend(taste * t[:, :count], season) / total for t in (price, cost))
    lines = expect_lines(mean_lines(people, rows, kind, rule), rule)[:, None]
    sales = lines * line_price
    costs = lines * line_cost
    coupon = np.zeros(line_price.shape)
    if new is None:
        return sales, sales - costs, coupon
    use = expect(new, people, rule)
    for number in np.unique(new.offer):
        offer = rule.offers[number]
        mine = np.flatnonzero(new.offer == number)
        since = days - new.start
        valid = (since >= 0) & (since < offer.days)
        gain = new.extra[mine][:, None] * np.where(valid, pull(offer, since), 0)
        shelf = shelves.shelves_of_offers(rule)[number]
        gain_price = price[mine, shelf][:, None] if shelf >= 0 else line_price[mine]
        gain_cost = cost[mine, shelf][:, None] if shelf >= 0 else line_cost[mine]
        in_scope = sales[mine]
        if shelf >= 0:
            inside = on_shelves(shelves.in_department[:, :, shelf - count]) * kept[:, None]
            in_scope = lines[mine] * (_blend(taste * inside[:, :count], season) / total)[mine]
        coupon[mine] = (use[mine] * offer.discount / 100)[:, None] * valid * (in_scope + gain * gain_price)
        sales[mine] += gain * gain_price - coupon[mine]
        costs[mine] += gain * gain_cost
    return sales, sales - costs, coupon


def _blend(shares: np.ndarray, season: np.ndarray) -> np.ndarray:
    """Customers × communities times communities × days: by einsum, whose last digits no numeric library decides."""
    return np.einsum("ic,cd->id", shares, season)
