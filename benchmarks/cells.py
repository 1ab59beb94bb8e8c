"""What `certify` grades, cell by cell; each function takes pools and returns rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from adjusted import adjust_by_one_slope, adjust_each, fixed_columns, pairs
from intervals import Intervals, collect_estimates, compare_all, compare_by_wald, powers
from replications import Pool, draw_customers, sum_up
from scipy.stats import binom

from loyalty.evaluate.lift.bootstrap import bootstrap_gap

Sizes = tuple[int, int]
Graded = list[tuple[Intervals, float]]  # the intervals of each pool with their target
SIZES: tuple[Sizes, ...] = ((2_000, 2_000), (50_000, 50_000), (38_000, 2_000), (1_900, 100))
BUYERS = {2: "3 %", 4: "9 %", 14: "30 %", 28: "47 %"}
COVERAGE, ALARMS, OFTEN = (0.93, 0.97), (0.03, 0.07), 0.5


@dataclass(frozen=True)
class Row:
    """One graded cell: how often the interval held the truth, found an effect where there is none, and warned.

    `quiet` counts the replications without a warning and those of them that held. A `careful` method may hold more
    often than it says; a `peer` is shown for comparison only.
    """

    part: str
    cell: str
    metric: str
    method: str
    hits: int
    replications: int
    warned: float = 0.0
    quiet: tuple[int, int] = (0, 0)
    alarms: int | None = None
    careful: bool = False
    peer: bool = False
    note: str = ""

    @property
    def coverage(self) -> float:
        """Share of replications whose interval held the truth."""
        return self.hits / self.replications

    @property
    def false_alarms(self) -> float:
        """Share of replications without any effect in which one was found; NaN where that was not asked."""
        return float("nan") if self.alarms is None else self.alarms / self.replications

    @property
    def warns(self) -> bool:
        """Whether most replications of this cell warn: then no promise is made."""
        return self.warned >= OFTEN

    @property
    def holds(self) -> bool:
        """Whether coverage and false alarms lie within the rule's bounds.

        With fewer than 2,000 replications chance reaches further than the rule: then the region counts in which 99.9 %
        of all correct intervals fall.
        """
        for count, share, rule in ((self.hits, 0.95, COVERAGE), (self.alarms, 0.05, ALARMS)):
            low, high = (end / self.replications for end in binom.interval(0.999, self.replications, share))
            least, most = min(low, rule[0]), max(high, rule[1])
            if self.careful:
                least, most = (least, 1.0) if share > 0.5 else (0.0, most)
            if count is not None and not least <= count / self.replications <= most:
                return False
        return True

    @property
    def verdict(self) -> str:
        """What the rule says of this cell."""
        if self.peer:
            return "peer: " + ("holds" if self.holds else "fails")
        if self.warns:
            return "warns, and " + ("holds" if self.holds else "cannot hold")
        return "holds" if self.holds else "DOES NOT HOLD"


def grade(
    part: str, cell: str, metric: str, method: str, found: Graded, null: list[Intervals] | None = None, **more: Any
) -> Row:
    """Count over pools; `null` are the intervals of an offer without effect."""
    hits = np.concatenate([i.cover(target) for i, target in found])
    warned = np.concatenate([i.warned for i, _ in found])
    # An interval that could not be computed raises no alarm.
    alarms = None if null is None else int(sum(((i.low > 0) | (i.high < 0)).sum() for i in null))
    quiet = int((~warned).sum()), int(hits[~warned].sum())
    return Row(part, cell, metric, method, int(hits.sum()), len(hits), float(warned.mean()), quiet, alarms, **more)


def say_sizes(sizes: Sizes) -> str:
    """Such as 38,000 / 2,000."""
    return f"{sizes[0]:,} / {sizes[1]:,}"


def takes_care(sizes: Sizes) -> bool:
    """Whether the control is so small that the workshop takes the larger of two variances."""
    return sizes[1] < 0.2 * sum(sizes)


# --- Rates, means, ratios ------------------------------------------------------------------------

NAMES = {"rate": "buyers", "mean": "sales a customer", "ratio": "sales an order"}


def pick_columns(lives: dict[str, np.ndarray], kind: str, days: int) -> np.ndarray:
    """What is to be summed for a metric of a window."""
    if kind == "rate":
        return powers(lives[f"responded_{days}"])
    return powers(lives[f"sales_{days}"], lives[f"orders_{days}"] if kind == "ratio" else None)


def find_target(pool: Pool, offer: str, kind: str, days: int) -> float:
    """The pool's true effect."""
    if kind != "ratio":
        return pool.effect(offer, f"{'sales' if kind == 'mean' else 'responded'}_{days}")
    first, then = (
        live[f"sales_{days}"].sum() / live[f"orders_{days}"].sum() for live in (pool.having[offer], pool.without)
    )
    return float(first - then)


def compare(kind: str, a: np.ndarray, b: np.ndarray, sizes: Sizes) -> dict[str, Intervals]:
    """The workshop's interval first, then its peers."""
    if kind == "rate":
        return {"Newcombe": compare_all(a, b, *sizes, kind), "Wald": compare_by_wald(a[:, 0], b[:, 0], *sizes)}
    name = "delta, " if kind == "ratio" else ""
    if not takes_care(sizes):
        return {f"{name}Welch": compare_all(a, b, *sizes, kind)}
    return {
        f"{name}larger variance": compare_all(a, b, *sizes, kind),
        f"{name}pooled variance": compare_all(a, b, *sizes, kind, "pooled"),
        f"{name}Welch": compare_all(a, b, *sizes, kind, "welch"),
    }


def grade_closed_forms(
    pools: list[Pool], kind: str, days: int, sizes: Sizes, replications: int, *,
    offer: str = "basket_discount", null: str = "magazine",
) -> list[Row]:  # fmt: skip
    """A rate, mean or ratio in a window of some days, with its peers."""
    found: dict[str, Graded] = {}
    nothing: dict[str, list[Intervals]] = {}
    for pool in pools:
        lives = [pick_columns(pool.having[name], kind, days) for name in (offer, null)]
        width = lives[0].shape[1]
        arms = {"a": (sizes[0], np.hstack(lives)), "b": (sizes[1], pick_columns(pool.without, kind, days))}
        sums = sum_up(pool, arms, replications)
        target = find_target(pool, offer, kind, days)
        for method, result in compare(kind, sums["a"][:, :width], sums["b"], sizes).items():
            found.setdefault(method, []).append((result, target))
        for method, result in compare(kind, sums["a"][:, width:], sums["b"], sizes).items():
            nothing.setdefault(method, []).append(result)
    return [
        grade(f"{kind}s", say_sizes(sizes), f"{NAMES[kind]}, {BUYERS[days]} buy", method, found[method],
              nothing[method], careful="larger" in method, peer=at > 0)
        for at, method in enumerate(found)
    ]  # fmt: skip


def grade_spikes(pools: list[Pool], share: str, sizes: Sizes, replications: int) -> list[Row]:
    """Means of log-normal amounts that few customers spend."""
    found: dict[str, Graded] = {}
    nothing: dict[str, list[Intervals]] = {}
    for pool in pools:
        lives = np.hstack([powers(pool.having[name]["sales"]) for name in ("more buyers", "nothing")])
        sums = sum_up(pool, {"a": (sizes[0], lives), "b": (sizes[1], powers(pool.without["sales"]))}, replications)
        target, half = pool.effect("more buyers", "sales"), lives.shape[1] // 2
        for method, result in compare("mean", sums["a"][:, :half], sums["b"], sizes).items():
            found.setdefault(method, []).append((result, target))
        for method, result in compare("mean", sums["a"][:, half:], sums["b"], sizes).items():
            nothing.setdefault(method, []).append(result)
    return [
        grade("spiky means", say_sizes(sizes), f"log-normal, {share} buy", method, found[method], nothing[method],
              careful="larger" in method, peer=at > 0)
        for at, method in enumerate(found)
    ]  # fmt: skip


def grade_spread(pools: list[Pool], offer: str, sizes: Sizes, replications: int) -> list[Row]:
    """Means of log-normal amounts whose spread an offer narrows or widens."""
    found: dict[str, Graded] = {}
    for pool in pools:
        lives = {"a": pool.having[offer]["sales"], "b": pool.without["sales"]}
        arms = {arm: (size, powers(lives[arm])) for arm, size in zip("ab", sizes, strict=True)}
        sums = sum_up(pool, arms, replications)
        for method, result in compare("mean", sums["a"], sums["b"], sizes).items():
            found.setdefault(method, []).append((result, pool.effect(offer, "sales")))
    what = f"log-normal, 30 % buy, the offer {offer} spend"
    return [
        grade("spread", say_sizes(sizes), what, method, graded, careful="larger" in method, peer=at > 0)
        for at, (method, graded) in enumerate(found.items())
    ]


def grade_bootstrap(pools: list[Pool], share: str, sizes: Sizes, replications: int, draws: int = 1_000) -> list[Row]:
    """Both bootstraps on the same log-normal amounts: no cure for a small control."""
    rows = []
    for method, name in (("t", "bootstrap-t"), ("percentile", "percentile bootstrap")):
        found = []
        for pool in pools:
            results = []
            for seed in range(replications):
                treated, control = draw_customers(pool, *sizes, seed)
                sides = pool.having["more buyers"]["sales"][treated], pool.without["sales"][control]
                results.append(bootstrap_gap(*sides, draws=draws, method=method, seed=seed))
            found.append((collect_estimates(results), pool.effect("more buyers", "sales")))
        rows.append(grade("spiky means", say_sizes(sizes), f"log-normal, {share} buy", name, found, peer=True))
    return rows


def grade_rare_rates(
    replications: int, sizes: Sizes = (1_900, 100), rates: tuple[float, float] = (0.012, 0.006)
) -> list[Row]:
    """A rate that is nearly nothing: 1.2 % against 0.6 %."""
    rng = np.random.default_rng(0)
    a, nothing = (rng.binomial(sizes[0], rate, replications) for rate in rates)
    b = rng.binomial(sizes[1], rates[1], replications)
    columns = [np.repeat(counts[:, None], 4, axis=1) for counts in (a, nothing, b)]
    results, null = (compare("rate", treated, columns[2], sizes) for treated in columns[:2])
    return [
        grade("rates", say_sizes(sizes), "1.2 % against 0.6 %", method, [(results[method], rates[0] - rates[1])],
              [null[method]], peer=at > 0)
        for at, method in enumerate(results)
    ]  # fmt: skip


# --- Adjustment ----------------------------------------------------------------------------------


def grade_adjustment(
    pools: list[Pool], offer: str, measure: str, sizes: Sizes, replications: int, label: str
) -> list[Row]:
    """Plain difference, slope from history, what `before=` does by itself, pooled ANCOVA; with the true saving."""
    found: dict[str, Graded] = {}
    for pool in pools:
        lives = [pool.having[offer][measure], pool.without[measure]]
        tables = [np.hstack([powers(y), fixed_columns(pool, y), pairs(pool.before["sales"], y)]) for y in lives]
        sums = sum_up(pool, {"a": (sizes[0], tables[0]), "b": (sizes[1], tables[1])}, replications)
        a, b = sums["a"], sums["b"]
        by_itself = "Lin, HC2" if min(sizes) >= 1_000 else "pooled ANCOVA, HC2" if sizes[0] == sizes[1] else "refuses"
        methods = {
            "plain": compare_all(a[:, :4], b[:, :4], *sizes),
            "slope from history": compare_all(a[:, 4:8], b[:, 4:8], *sizes),
            f"by itself: {by_itself}": adjust_each(pool, offer, measure, sizes, replications),
            "pooled ANCOVA, classical": adjust_by_one_slope(a[:, 8:], b[:, 8:], *sizes),
        }
        target = pool.effect(offer, measure)
        for method, result in methods.items():
            found.setdefault(method, []).append((result, target))
    spread = {m: np.mean([((i.effect - t) ** 2).mean() for i, t in found[m]]) for m in found}
    rows = []
    for method, results in found.items():
        fixed = method in ("plain", "slope from history") or "refuses" in method
        saved = f"variance saved {100 * (1 - spread[method] / spread['plain']):.0f} %"
        rows.append(grade(
            "adjustment", say_sizes(sizes), label, method, results, careful=fixed and takes_care(sizes),
            peer="classical" in method, note="" if method == "plain" else saved,
        ))  # fmt: skip
    return rows


# --- Money ---------------------------------------------------------------------------------------


def grade_money(pools: list[Pool], offer: str, sizes: Sizes, replications: int) -> list[Row]:
    """Profit per customer assigned over campaign and post window.

    The contact's cost is known and moves interval and truth alike, so that it is left out of both.
    """
    found: Graded = []
    for pool in pools:
        lives = (pool.having[offer]["profit_56"], pool.without["profit_56"])
        sums = sum_up(pool, {"a": (sizes[0], powers(lives[0])), "b": (sizes[1], powers(lives[1]))}, replications)
        found.append((compare_all(sums["a"], sums["b"], *sizes), pool.effect(offer, "profit_56")))
    method = "profit of each customer, " + ("larger variance" if takes_care(sizes) else "Welch")
    what = f"profit a customer, {offer}"
    return [grade("money", say_sizes(sizes), what, method, found, careful=takes_care(sizes))]
