"""Campaigns by the thousand: customers are drawn from people whose two lives are known, and a lottery splits them.

A `Pool` holds what becomes of each customer without an offer and with each offer. A replication draws customers with
replacement, the first `treated` of them with the offer's outcomes, the others without; its target is the pool's mean
effect. Seeds are 0, 1, 2, … and were never picked. All closed forms need sums only, which one matrix product gives for
hundreds of replications at once; no loop runs over customers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from loyalty.world import World
from loyalty.world.effects import contact_everybody, realise

CUSTOMERS = 50_000
OFFERS = ("basket_discount", "gift", "reminder", "magazine")  # the magazine changes nothing
DAYS = (2, 4, 14, 28)  # of these windows about 3, 10, 30 and 47 % of customers buy something
OUTCOMES = ("orders", "sales", "margin", "discount", "reward_paid", "points_issued")
CHUNK = 40
Lives = dict[str, np.ndarray]


@dataclass(frozen=True)
class Pool:
    """People whose outcomes are known: `without` an offer, and `having` each offer; all arrays one value a customer.

    `before` is what they did before the campaign, `segment` a number from 0; `slope` is that of
    spending on earlier spending, from history alone.
    """

    number: int
    without: Lives
    having: dict[str, Lives]
    before: Lives = field(default_factory=dict)
    segment: np.ndarray | None = None
    slope: float = float("nan")

    @property
    def size(self) -> int:
        """Customers in the pool."""
        return len(next(iter(self.without.values())))

    def effect(self, offer: str, measure: str) -> float:
        """True mean effect, per customer assigned."""
        return float((self.having[offer][measure] - self.without[measure]).mean())


def build_world_pool(
    number: int, offers: tuple[str, ...] = OFFERS, customers: int = CUSTOMERS, *, parts: bool = False
) -> Pool:
    """Outcomes of the customers of world `number` after twelve months; windows of several lengths, see `DAYS`.

    Measures: responded, orders and sales with the days after their names; profit over 28 days and the 28 after, before
    the contact's cost. With `parts` also what that profit is made of, after 28 days and after 56.
    """
    world = World(customers=customers, months=12, seed=number)
    scene, end, past = world.scene, world._state.end, world._log
    rows = np.flatnonzero(scene.people.entry < end)
    ends = (0, *DAYS, 56)
    after = tuple((f"to day {b}", end + a, end + b) for a, b in zip(ends, ends[1:], strict=False))
    earlier = realise(scene, rows, (("earlier", end - 56, end - 28), ("pre", end - 28, end)), past)
    names = [offer.name for offer in world.parameters.offers]

    def live(offer: str | None) -> Lives:
        new = () if offer is None else (contact_everybody(scene, rows, names.index(offer), end, past),)
        found = {name: values.cumsum(axis=1) for name, values in realise(scene, rows, after, (*past, *new)).items()}
        lives = {f"{name}_{days}": found[name][:, at] for at, days in enumerate(DAYS) for name in ("orders", "sales")}
        lives |= {f"responded_{days}": (lives[f"orders_{days}"] > 0).astype(float) for days in DAYS}
        lives["profit_56"] = found["profit"][:, -1]
        if parts:
            lives |= {f"{name}_{d}": found[name][:, at] for name in OUTCOMES for at, d in ((-2, 28), (-1, 56))}
        return lives

    first, then = earlier["sales"].T
    return Pool(
        number, live(None), {offer: live(offer) for offer in offers}, {"sales": then},
        scene.people.types_on(rows, end - 1), float(np.cov(first, then)[0, 1] / first.var(ddof=1)),
    )  # fmt: skip


def build_spiky_pool(number: int, buyers: float, *, gain: float = 0.1, customers: int = 200_000) -> Pool:
    """Customers of whom a share buys, for a log-normal amount (sigma 1); the offer brings `gain` more buyers.

    The offer "nothing" has no effect.
    """
    rng = np.random.default_rng([number, round(1e6 * buyers)])
    luck, amount = rng.random(customers), rng.lognormal(3.0, 1.0, customers)
    lives = [{"sales": np.where(luck < share, amount, 0.0)} for share in (buyers, buyers * (1 + gain))]
    return Pool(number, lives[0], {"more buyers": lives[1], "nothing": lives[0]})


def build_spread_pool(number: int, *, customers: int = 200_000) -> Pool:
    """Customers of whom 30 % buy, for a log-normal amount (mean 1); two offers change how much amounts vary.

    "narrows": more buyers (37.5 %), and what is spent above 2 counts three tenths. "widens": the same buyers, and what
    is spent above 1 counts twice.
    """
    rng = np.random.default_rng([number, 13])
    luck, amount = rng.random(customers), rng.lognormal(-0.5, 1.0, customers)
    narrowed = np.where(amount > 2, 2 + 0.3 * (amount - 2), amount)
    widened = np.where(amount > 1, 1 + 2 * (amount - 1), amount)
    having = {"narrows": np.where(luck < 0.375, narrowed, 0.0), "widens": np.where(luck < 0.3, widened, 0.0)}
    without = {"sales": np.where(luck < 0.3, amount, 0.0)}
    return Pool(number, without, {name: {"sales": sales} for name, sales in having.items()})


def build_unequal_pool(number: int, *, customers: int = 50_000) -> Pool:
    """Customers whose spend goes with earlier spend x; three offers: equal, proportional, or strongly unequal effects.

    y = x + noise without the offer. "equal" adds 1, "proportional" 80 % of y, "unequal" 1 + 3 (x − mean of x).
    """
    rng = np.random.default_rng([number, 4])
    x = rng.gamma(2.0, 5.0, customers)
    y = x + rng.normal(0, 0.8 * x.std(), customers)
    having = {"equal": y + 1, "proportional": 1.8 * y, "unequal": y + 1 + 3 * (x - x.mean())}
    return Pool(number, {"sales": y}, {name: {"sales": v} for name, v in having.items()}, {"sales": x}, slope=1.0)


def draw_customers(pool: Pool, treated: int, control: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of the pool in the two arms of one replication."""
    draw = np.random.default_rng([pool.number, seed]).integers(0, pool.size, treated + control, dtype=np.int32)
    return draw[:treated], draw[treated:]


def sum_up(
    pool: Pool, arms: dict[str, tuple[int, np.ndarray]], replications: int, split: np.ndarray | None = None
) -> dict[str, np.ndarray]:
    """Sums over the customers of each arm, for each replication.

    Parameters
    ----------
    pool : Pool
    arms : dict
        For each arm, in the order in which customers are drawn: its size, and a table (pool's size × columns) of what
        is to be summed.
    replications : int
        Seeds 0 to this.
    split : array of int, one value a customer of the pool, optional
        Sum within these groups.

    Returns
    -------
    dict
        For each arm replications × columns, or replications × groups × columns.
    """
    groups = [slice(None)] if split is None else [np.flatnonzero(split == g) for g in range(split.max() + 1)]
    tables = {arm: [np.ascontiguousarray(table[g]) for g in groups] for arm, (_, table) in arms.items()}
    found = {arm: np.empty((replications, len(groups), table.shape[1])) for arm, (_, table) in arms.items()}
    for part in _chunks(replications):
        draws = [
            np.random.default_rng([pool.number, seed]).integers(
                0, pool.size, sum(n for n, _ in arms.values()), dtype=np.int32
            )
            for seed in range(part.start, part.stop)
        ]
        start = 0
        for arm, (size, _) in arms.items():
            times = np.stack([np.bincount(d[start : start + size], minlength=pool.size) for d in draws]).astype(float)
            for at, group in enumerate(groups):
                found[arm][part, at] = times[:, group] @ tables[arm][at]
            start += size
    return {arm: sums[:, 0] if split is None else sums for arm, sums in found.items()}


def _chunks(count: int) -> Iterator[slice]:
    for start in range(0, count, CHUNK):
        yield slice(start, min(start + CHUNK, count))
