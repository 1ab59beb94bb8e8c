"""Unequal chances: strata in which control is rare beside strata in which it is large, drawn and compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from itertools import pairwise, product
from operator import add
from typing import Any

import numpy as np
import pandas as pd
from cells import Graded, Row, grade
from intervals import collect_estimates, pack, powers
from replications import Lives, Pool

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.evaluate.lift.compare import compare_sums
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.strata import Strata, Stratum, compare_stratified_sums, plan_strata
from loyalty.stats.estimate import Estimate

PEOPLE = 50_000
KINDS = {"mean": "sales a customer", "rate": "buyers", "ratio": "sales an order"}
OPTIONS: dict[str, dict[str, Any]] = {"mean": {}, "rate": {"outcome": "responded"}, "ratio": {"per": "orders"}}


@dataclass(frozen=True)
class Design:
    """Strata, one value each: share of all customers, chance of control, scale of spend, share of buyers.

    `gains` are the shares of buyers that the offer brings in addition.
    """

    name: str
    shares: tuple[float, ...]
    chances: tuple[float, ...]
    scales: tuple[float, ...]
    buyers: tuple[float, ...]
    gains: tuple[float, ...]

    @property
    def is_careful(self) -> bool:
        """Whether control is so small in one stratum that the larger of two variances is taken."""
        return min(self.chances) < 0.2


def _add_tiny(share: float) -> Design:
    """Two large strata, and five of one share each that are too small to be compared alone."""
    return Design(
        "2 and 50 %, 5 tiny",
        (0.8 - 3 * share, 0.2 - 2 * share, *(share,) * 5),
        (0.02, 0.5, 0.02, 0.04, 0.06, 0.1, 0.5),
        (1, 2, 1, 3, 1, 5, 2),
        (0.3, 0.4, 0.3, 0.5, 0.2, 0.5, 0.4),
        (0.1, 0.1, 0.3, 0.0, 0.2, 0.1, 0.1),
    )


ISSUE = Design("1 and 50 %", (0.9, 0.1), (0.01, 0.5), (1, 1), (0.3, 0.3), (0.1, 0.1))
UNLIKE = Design("1, 10 and 50 %", (0.6, 0.3, 0.1), (0.01, 0.1, 0.5), (1, 3, 10), (0.2, 0.4, 0.7), (0.0, 0.1, 0.3))
TINY = _add_tiny(0.004)
DESIGNS = (
    ISSUE,
    Design("30 and 60 %", (0.7, 0.3), (0.3, 0.6), (1, 2), (0.3, 0.4), (0.1, 0.2)),
    Design("5 % in all", (0.5, 0.3, 0.2), (0.05,) * 3, (1, 2, 4), (0.3, 0.4, 0.5), (0.1, 0.2, 0.0)),
    UNLIKE,
    TINY,
    Design(
        "5, 50 and 0 %",
        (0.6, 0.3, 0.1),
        (0.05, 0.5, 0.0),
        (1, 2, 4),
        (0.3, 0.4, 0.5),
        (0.1, 0.2, 0.5),
    ),
)
LARGE = (ISSUE, DESIGNS[2], _add_tiny(0.0004))  # at ten times the customers, where the tail is no reason to warn


def build_strata_pool(number: int, design: Design, *, customers: int = PEOPLE) -> Pool:
    """Customers of the strata of a design, in their order; in each a share buys, for a log-normal amount (sigma 1).

    Offers: "more buyers", and "nothing". Orders of who buys are 1 to 3.
    """
    rng = np.random.default_rng([number, 17, len(design.shares)])
    stratum = np.sort(rng.choice(len(design.shares), customers, p=np.array(design.shares) / sum(design.shares)))
    luck, amount = rng.random(customers), rng.lognormal(-0.5, 1.0, customers) * np.array(design.scales)[stratum]
    orders = rng.integers(1, 4, customers)
    base = np.array(design.buyers)[stratum]

    def live(share: np.ndarray) -> Lives:
        buys = luck < share
        return {"sales": np.where(buys, amount * orders, 0.0), "orders": np.where(buys, orders, 0).astype(float)}

    lives = live(base)
    gained = live(base * (1 + np.array(design.gains)[stratum]))
    return Pool(number, lives, {"more buyers": gained, "nothing": lives}, segment=stratum)


def draw_strata(pool: Pool, design: Design, customers: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw customers with replacement, and each one's arm by the chance of the stratum: rows of treated and control."""
    rng = np.random.default_rng([pool.number, seed])
    rows = rng.integers(0, pool.size, customers, dtype=np.int32)
    treated = rng.random(customers) >= np.array(design.chances)[_strata_of(pool)[rows]]
    return rows[treated], rows[~treated]


def _strata_of(pool: Pool) -> np.ndarray:
    assert pool.segment is not None
    return pool.segment


def pick_outcome(lives: Lives, kind: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The outcome of a metric, and what it is divided by."""
    if kind == "rate":
        return (lives["sales"] > 0).astype(float), None
    return lives["sales"], lives["orders"] if kind == "ratio" else None


def add_up(pool: Pool, design: Design, rows: np.ndarray, table: np.ndarray) -> dict[str, Sums]:
    """Sums by stratum of the customers that were drawn, from a table of `powers`, one row a customer of the pool."""
    times = np.bincount(rows, minlength=pool.size).astype(float)
    edges = np.searchsorted(_strata_of(pool), range(len(design.shares) + 1))
    found = {}
    for at, (start, end) in enumerate(pairwise(edges)):
        if n := int(times[start:end].sum()):
            found[str(at)] = pack(times[start:end] @ table[start:end], n)
    return found


def count(design: Design, ours: dict[str, Sums], theirs: dict[str, Sums]) -> list[Stratum]:
    """Count the strata of a draw, with their planned chances."""
    strata = []
    for at, chance in enumerate(design.chances):
        n, m = (side[str(at)].n if str(at) in side else 0 for side in (ours, theirs))
        strata.append(Stratum(str(at), n + m, n, m, (1 / (1 - chance) if n else 1.0, 1 / chance if m else 1.0)))
    return strata


def compare_by_rule(design: Design, ours: dict[str, Sums], theirs: dict[str, Sums], kind: str) -> Estimate:
    """Compare as `measure_lift` does: by strata where their chances differ, else plainly."""
    plan = plan_strata(count(design, ours, theirs))
    if plan is not None:
        return compare_stratified_sums(ours, theirs, plan, kind=kind)
    return compare_sums(*(reduce(add, side.values()) for side in (ours, theirs)), kind=kind)


def compare_by_weights(design: Design, ours: dict[str, Sums], theirs: dict[str, Sums]) -> Estimate:
    """The peer: weights 1 / propensity, with Welch's variance (Hajek), which are those of one stratum."""
    strata = [stratum for stratum in count(design, ours, theirs) if stratum.treated and stratum.control]
    sizes = np.array([(stratum.treated, stratum.control) for stratum in strata])
    weights = np.array([stratum.weights for stratum in strata])
    weights /= (sizes * weights).sum(axis=0)
    names = tuple(stratum.name for stratum in strata)
    each = {name: (float(w[0]), float(w[1])) for name, w in zip(names, weights, strict=True)}
    together = Strata((names,), np.ones(1), each, sum(stratum.customers for stratum in strata))
    return compare_stratified_sums(ours, theirs, together, interval="welch")


def find_target(pool: Pool, design: Design, offer: str, kind: str) -> float:
    """The true effect on the customers whose stratum has a control."""
    stays = np.array(design.chances)[_strata_of(pool)] > 0
    means = []
    for lives in (pool.having[offer], pool.without):
        y, d = pick_outcome(lives, kind)
        means.append(y[stays].mean() / (1.0 if d is None else d[stays].mean()))
    return float(means[0] - means[1])


def grade_strata(pools: list[Pool], design: Design, kind: str, customers: int, replications: int) -> list[Row]:
    """The rule of `measure_lift`; its peer for means are weights by 1 / propensity."""
    found: dict[str, Graded] = {}
    nothing = []
    for pool in pools:
        tables = {offer: powers(*pick_outcome(pool.having[offer], kind)) for offer in ("more buyers", "nothing")}
        base = powers(*pick_outcome(pool.without, kind))
        results: dict[str, list[Estimate]] = {}
        for seed in range(replications):
            treated, control = draw_strata(pool, design, customers, seed)
            theirs = add_up(pool, design, control, base)
            ours = {offer: add_up(pool, design, treated, table) for offer, table in tables.items()}
            results.setdefault("by strata", []).append(compare_by_rule(design, ours["more buyers"], theirs, kind))
            results.setdefault("nothing", []).append(compare_by_rule(design, ours["nothing"], theirs, kind))
            if kind == "mean":
                peer = compare_by_weights(design, ours["more buyers"], theirs)
                results.setdefault("weights 1 / propensity", []).append(peer)
        nothing.append(collect_estimates(results.pop("nothing")))
        for method, estimates in results.items():
            target = find_target(pool, design, "more buyers", kind)
            found.setdefault(method, []).append((collect_estimates(estimates), target))
    careful = design.is_careful and kind != "rate"
    return [
        grade("strata", f"{customers:,}, control {design.name}", KINDS[kind], method, graded,
              None if at else nothing, careful=careful, peer=at > 0)
        for at, (method, graded) in enumerate(found.items())
    ]  # fmt: skip


def find_differences(customers: int = 20_000) -> tuple[int, list[str]]:
    """Compare what is graded with what `measure_lift` says of the same customers as a table."""
    routes = list(product(DESIGNS, KINDS))
    wrong = []
    for design, kind in routes:
        pool = build_strata_pool(0, design)
        rows = draw_strata(pool, design, customers, 0)
        lives = (pool.having["more buyers"], pool.without)
        tables = [powers(*pick_outcome(life, kind)) for life in lives]
        sums = [add_up(pool, design, row, table) for row, table in zip(rows, tables, strict=True)]
        graded = compare_by_rule(design, sums[0], sums[1], kind)
        public = measure_lift(_lay_table(pool, design, rows), **OPTIONS[kind])
        same = np.allclose([public.low, public.high], [graded.low, graded.high], rtol=1e-8, atol=1e-8)
        if not same or public.warnings != graded.warnings:
            said = f"{public.low:.9g} to {public.high:.9g}, {public.warnings}"
            wrong.append(
                f"{design.name} {kind}: {said}; sums: {graded.low:.9g} to {graded.high:.9g}, {graded.warnings}"
            )
    return len(routes), wrong


def _lay_table(pool: Pool, design: Design, rows: tuple[np.ndarray, np.ndarray]) -> pd.DataFrame:
    """The customers of a draw as one table, such as an analyst has."""
    parts = []
    for arm, lives, row in zip(("mail", "control"), (pool.having["more buyers"], pool.without), rows, strict=True):
        stratum = _strata_of(pool)[row]
        chance = np.array(design.chances)[stratum]
        columns = {name: values[row] for name, values in lives.items()}
        parts.append(pd.DataFrame({"arm": arm, "stratum": stratum.astype(str), "responded": columns["sales"] > 0}))
        parts[-1]["propensity"] = chance if arm == "control" else 1 - chance
        parts[-1] = parts[-1].assign(**columns)
    return pd.concat(parts, ignore_index=True)
