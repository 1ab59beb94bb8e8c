"""From receipts to money: rewards, points, and the outcomes of a wave's windows.

    profit = margin - rewards - points issued × redemption probability × cost of a point - contact cost

A reward or bonus points are given once, at the first visit while the offer is valid, to those who use it. A card holder
earns points per euro; each receipt's points are redeemed once, or never (breakage).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.world.baskets import Lines, during, fill_baskets
from loyalty.world.draws import Purpose, key, uniform
from loyalty.world.offers import Contacts, offered
from loyalty.world.parameters import Parameters
from loyalty.world.visits import Scene, draw_visits

MEASURES = (
    "responded",
    "orders",
    "sales",
    "margin",
    "redeemed",
    "discount",
    "reward_paid",
    "points_issued",
    "points_redeemed",
)


@dataclass(frozen=True)
class Receipts:
    """Visits (place in `rows`, day) with their lines, and the rewards and bonus points given on them."""

    rows: np.ndarray
    place: np.ndarray
    day: np.ndarray
    lines: Lines
    reward: np.ndarray
    bonus: np.ndarray
    redeems: np.ndarray


def simulate(
    scene: Scene, rows: np.ndarray, start: int, end: int, waves: tuple[Contacts, ...] = (), *, card: bool = True
) -> Receipts:
    """Simulate what some customers buy in [start, end) under given contacts."""
    place, day, needs = draw_visits(scene, rows, start, end, waves, card=card)
    lines = fill_baskets(scene, rows, place, day, needs, waves)
    reward, bonus, redeems = _reward(scene, rows, place, day, lines, waves)
    return Receipts(rows, place, day, lines, reward, bonus, redeems)


def _reward(
    scene: Scene, rows: np.ndarray, place: np.ndarray, day: np.ndarray, lines: Lines, waves: tuple[Contacts, ...]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the costs of gifts and services and the bonus points, at the first visit, and the visits with an offer."""
    reward = np.zeros(len(place))
    bonus = np.zeros(len(place))
    redeems = np.zeros(len(place), bool)
    redeems[lines.visit[lines.offer >= 0]] = True
    cost, points = (offered(scene.parameters, name) for name in ("reward", "points"))
    once = (cost > 0) | (points > 0)
    for wave in waves:
        visits, theirs = during(scene, wave, place, day, rows, wave.uses & once[wave.offer])
        first = np.flatnonzero(np.diff(theirs, prepend=-1) != 0)
        offer = wave.offer[theirs[first]]
        reward[visits[first]] += cost[offer]
        bonus[visits[first]] += points[offer]
        redeems[visits[first]] = True
    return reward, bonus, redeems


def earliest(waves: tuple[Contacts, ...], start: int, scene: Scene) -> int:
    """First day to simulate, so that the first visit under a still valid offer is known."""
    longest = max((o.days for o in scene.parameters.offers), default=0)
    return min([start, *(w.start for w in waves if w.start < start < min(w.start + longest, w.until))])


def measure(
    scene: Scene, receipts: Receipts, windows: tuple[tuple[str, int, int], ...], *, card: bool = True
) -> dict[str, np.ndarray]:
    """Sum receipts to outcomes: for each measure an array customers × windows, money in euros."""
    rows = receipts.rows
    lines = receipts.lines
    rule = scene.parameters.money
    window = np.full(len(receipts.day), -1)
    for number, (_, start, end) in enumerate(windows):
        window[(receipts.day >= start) & (receipts.day < end)] = number
    shape = len(rows), len(windows)
    cell = np.where(window >= 0, receipts.place * len(windows) + window, shape[0] * shape[1])

    def total(values: np.ndarray, where: np.ndarray) -> np.ndarray:
        return np.bincount(where, weights=values, minlength=shape[0] * shape[1] + 1)[:-1].reshape(shape)

    in_line = cell[lines.visit]
    found = {name: total(getattr(lines, name), in_line) / 100 for name in ("sales", "margin")}
    found["discount"] = total(lines.coupon, in_line) / 100
    found["orders"] = total(np.ones(len(cell)), cell)
    found["responded"] = (found["orders"] > 0).astype(float)
    found["redeemed"] = (total(receipts.redeems.astype(float), cell) > 0).astype(float)
    found["reward_paid"] = total(receipts.reward, cell)
    paid = np.bincount(lines.visit, weights=lines.sales, minlength=len(cell)) / 100
    holder = (receipts.day >= scene.people.card[rows[receipts.place]]) & card
    points = np.where(holder, paid * rule.points_per_euro, 0.0) + receipts.bonus
    found["points_issued"] = total(points, cell)
    found["points_redeemed"] = _redeem(scene, receipts, points, windows, total)
    return {name: found[name] for name in MEASURES}


def _redeem(
    scene: Scene,
    receipts: Receipts,
    points: np.ndarray,
    windows: tuple[tuple[str, int, int], ...],
    total: Callable[[np.ndarray, np.ndarray], np.ndarray],
) -> np.ndarray:
    """Redeem each receipt's points once with a known probability, some days later, or never.

    `total` sums values over customers and windows, by the cell of each receipt.
    """
    rule = scene.parameters.money
    who = receipts.rows[receipts.place]
    day = receipts.day
    keys = key(scene.seed, Purpose.POINTS, who)
    later = day + rule.soonest + (uniform(keys, 2 * day + 1) * (rule.latest - rule.soonest + 1)).astype(np.int64)
    redeems = uniform(keys, 2 * day) < rule.redemption
    window = np.full(len(day), -1)
    for number, (_, start, end) in enumerate(windows):
        window[(later >= start) & (later < end)] = number
    cell = np.where(redeems & (window >= 0), receipts.place * len(windows) + window, len(receipts.rows) * len(windows))
    return total(points, cell)


def profit(margin: np.ndarray, reward: np.ndarray, points: np.ndarray, parameters: Parameters) -> np.ndarray:
    """Profit before contact cost. Points are provided for when issued: what is redeemed later is paid from that."""
    return margin - reward - points * parameters.money.redemption * parameters.money.point_cost


def tabulate(
    outcomes: dict[str, np.ndarray], rows: np.ndarray, windows: tuple[tuple[str, int, int], ...], scene: Scene
) -> pd.DataFrame:
    """Table of outcomes: one row a customer and window, sorted by both."""
    place = np.tile(np.arange(len(windows)), len(rows))
    table: dict[str, object] = {
        "customer_id": np.repeat(rows + 1, len(windows)),
        "window": take_text([w[0] for w in windows], place),
    }
    for name, part in (("start", 1), ("end", 2)):
        table[name] = scene.calendar.dates(np.array([w[part] for w in windows])).take(place)
    for name in MEASURES:
        values = outcomes[name].ravel()
        table[name] = values.astype(np.int64) if name in ("responded", "redeemed", "orders") else values.round(2)
    return pd.DataFrame(table)


def take_text(names: Sequence[str], place: np.ndarray) -> pd.api.extensions.ExtensionArray:
    """Text column from a few names and the place of each row's name; -1 is empty."""
    return pd.array(list(names), dtype="str").take(place, allow_fill=True)
