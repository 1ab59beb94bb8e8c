"""Several arms and segments: false alarms of the family, and lifts that are shrunk, by the workshop's own code."""

from __future__ import annotations

import numpy as np
from cells import Row, Sizes, say_sizes
from intervals import pack, powers
from replications import Pool, sum_up

from loyalty.evaluate.lift.compare import compare_sums
from loyalty.evaluate.lift.result import Lifts, gather_lifts, name_lift

MEASURE = "sales_28"


def _count(part: str, cell: str, metric: str, method: str, hits: int, total: int, **more: object) -> Row:
    return Row(part, cell, metric, method, int(hits), int(total), quiet=(int(total), int(hits)), **more)  # type: ignore[arg-type]


def grade_arms(pools: list[Pool], arms: tuple[int, ...], control: int, replications: int) -> list[Row]:
    """Several arms without any effect: how often at least one of them is declared."""
    raw = corrected = 0
    for pool in pools:
        table = powers(pool.without[MEASURE])
        sums = sum_up(pool, {str(k): (n, table) for k, n in enumerate((*arms, control))}, replications)
        for seed in range(replications):
            b = pack(sums[str(len(arms))][seed], control)
            lifts = gather_lifts([
                name_lift(compare_sums(pack(sums[str(k)][seed], n), b), outcome="sales", arm=str(k))
                for k, n in enumerate(arms)
            ])  # fmt: skip
            raw += bool((lifts.table["p"] < 0.05).any())
            corrected += bool((lifts.table["p_adjusted"] < 0.05).any())
    cell = f"{len(arms)} arms of {arms[0]:,} / {control:,}"
    return _say_family(raw, corrected, "Holm", cell, "no arm has an effect", len(pools) * replications)


def measure_segments(pool: Pool, offer: str, sizes: Sizes, replications: int) -> list[Lifts]:
    """Lifts of all segments in each replication, corrected and shrunk."""
    one = np.ones((pool.size, 1))
    tables = [np.hstack([one, powers(lives[MEASURE])]) for lives in (pool.having[offer], pool.without)]
    sums = sum_up(pool, {"a": (sizes[0], tables[0]), "b": (sizes[1], tables[1])}, replications, pool.segment)

    def one(treated: np.ndarray, control: np.ndarray) -> Lifts:
        found = [
            compare_sums(pack(a[1:], int(a[0])), pack(b[1:], int(b[0]))) for a, b in zip(treated, control, strict=True)
        ]
        names = [f"{number:02}" for number in range(len(found))]
        return gather_lifts([
            name_lift(lift, outcome="sales", arm=offer, segment=name) for lift, name in zip(found, names, strict=True)
        ])  # fmt: skip

    return [one(*sides) for sides in zip(sums["a"], sums["b"], strict=True)]


def grade_segments(pools: list[Pool], offer: str, sizes: Sizes, replications: int, *, null: bool = False) -> list[Row]:
    """Lifts by segment, raw and shrunk: coverage averaged over segments, squared error, what becomes of the best."""
    ways = {"raw": ("effect", "low", "high"), "shrunken": ("shrunken", "shrunken_low", "shrunken_high")}
    hits, best, gap, flattery = ({name: 0.0 for name in ways} for _ in range(4))
    raw = corrected = total = runs = 0
    for pool in pools:
        gain = pool.having[offer][MEASURE] - pool.without[MEASURE]
        truth = np.bincount(pool.segment, gain) / np.bincount(pool.segment)
        for lifts in measure_segments(pool, offer, sizes, replications):
            for name, columns in ways.items():
                middle, low, high = lifts.table[list(columns)].to_numpy().T
                inside, top = (low <= truth) & (truth <= high), int(np.argmax(middle))
                hits[name] += inside.sum()
                best[name] += inside[top]
                gap[name] += ((middle - truth) ** 2).sum()
                flattery[name] += middle[top] - truth[top]
            raw += bool((lifts.table["p"] < 0.05).any())
            corrected += bool((lifts.table["p_adjusted"] < 0.05).any())
            total, runs = total + len(truth), runs + 1
    rows, cell = [], f"{say_sizes(sizes)} in {total // runs} segments"
    for name in ways:
        error = f"root mean squared error {np.sqrt(gap[name] / total):.2f}"
        rows.append(_count("segments", cell, f"{offer}, all segments", name, hits[name], total, note=error,
                           careful=name == "shrunken", peer=name == "raw"))  # fmt: skip
        rows.append(_count("segments", cell, f"{offer}, the best one", name, best[name], runs, peer=True,
                           careful=name == "shrunken", note=f"flattered by {flattery[name] / runs:.2f}"))  # fmt: skip
    if null:
        rows += _say_family(raw, corrected, "Benjamini-Hochberg", cell, "no segment has an effect", runs)
    return rows


def _say_family(raw: int, corrected: int, method: str, cell: str, metric: str, total: int) -> list[Row]:
    return [
        _count("families", cell, metric, name, total - alarms, total, alarms=alarms, careful=True, peer=name != method)
        for name, alarms in ((method, corrected), ("not corrected", raw))
    ]
