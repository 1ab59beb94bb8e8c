"""What may be asked where tails are heavy: a lift in two parts, capped amounts, the studentised permutation test.

Seeds are 0, 1, 2, …; cells and bounds were fixed before anything was drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from cells import Row, Sizes, grade, say_sizes, takes_care
from intervals import Intervals, collect_estimates
from replications import Lives, Pool, draw_customers

from loyalty.evaluate.lift.capped import cap_gap
from loyalty.evaluate.lift.permutation import permute_gap
from loyalty.evaluate.lift.split import split_means
from loyalty.stats.estimate import Estimate

PART = "tails"
SIZES: tuple[Sizes, ...] = ((2_000, 2_000), (38_000, 2_000), (1_900, 100))
CAP = 60.0  # three times the median amount: about 14 in 100 buyers spend more
DRAWS = 399
NO_BASKET = Estimate(*[np.nan] * 5, 0, 0, "none", "none", warnings=("fewer than two buyers in a group",))
Parts = dict[str, list[Estimate]]


def build_tail_pool(number: int, buyers: float, *, customers: int = 200_000) -> Pool:
    """Customers of whom a share buys, for a log-normal amount (sigma 1); two offers, and one without any effect.

    "more buyers": a tenth more of them. "small buyers": three tenths more, who spend about a third of the others;
    nobody spends less than without it, and still the mean basket falls.
    """
    rng = np.random.default_rng([number, round(1e6 * buyers), 6])
    luck = rng.random(customers)
    amount = rng.lognormal(3.0, 1.0, customers)
    little = rng.lognormal(2.0, 0.5, customers)
    without = np.where(luck < buyers, amount, 0.0)
    more = np.where(luck < 1.1 * buyers, amount, 0.0)
    small = np.where((luck >= buyers) & (luck < 1.3 * buyers), little, without)
    offers = {"more buyers": more, "small buyers": small, "nothing": without}
    return Pool(number, {"sales": without}, {name: {"sales": sales} for name, sales in offers.items()})


def find_targets(with_offer: np.ndarray, without: np.ndarray) -> dict[str, float]:
    """The truth about a pool, for each method."""
    share, share_without = (float((side != 0).mean()) for side in (with_offer, without))
    basket, basket_without = (float(side[side != 0].mean()) for side in (with_offer, without))
    return {
        "more buyers": (share - share_without) * (basket + basket_without) / 2,
        "bigger baskets": (basket - basket_without) * (share + share_without) / 2,
        "capped": float((np.minimum(with_offer, CAP) - np.minimum(without, CAP)).mean()),
        "permutation": float(with_offer.mean() - without.mean()),
    }


def measure_parts(treated: np.ndarray, control: np.ndarray) -> dict[str, Estimate]:
    """Both parts of the split lift, as `split_lift` gives them."""
    if min(np.count_nonzero(treated), np.count_nonzero(control)) < 2:
        return {"more buyers": NO_BASKET, "bigger baskets": NO_BASKET}
    _, buyers, baskets = split_means(treated, control)
    return {"more buyers": buyers, "bigger baskets": baskets}


def measure_capped(treated: np.ndarray, control: np.ndarray) -> dict[str, Estimate]:
    """The lift of amounts that count up to the cap."""
    return {"capped": cap_gap(treated, control, CAP)}


def measure_dealt(treated: np.ndarray, control: np.ndarray) -> dict[str, Estimate]:
    """The studentised permutation test."""
    return {"permutation": permute_gap(treated, control, draws=DRAWS)}


NAMES = {
    "more buyers": "split: more buyers",
    "bigger baskets": "split: bigger baskets",
    "capped": f"capped at {CAP:g}",
    "permutation": "permutation-t",
}


def grade_tails(
    pools: list[Pool],
    measure: Callable[[np.ndarray, np.ndarray], dict[str, Estimate]],
    offer: str,
    null: str,
    column: str,
    label: str,
    sizes: Sizes,
    replications: int,
) -> list[Row]:
    """Grade what a way of measuring returns, for an offer and for one without effect."""
    found: dict[str, list[tuple[Intervals, float]]] = {}
    nothing: dict[str, list[Intervals]] = {}
    for pool in pools:
        targets = find_targets(pool.having[offer][column], pool.without[column])
        for name, result in _repeat(pool, pool.having[offer], column, measure, sizes, replications).items():
            found.setdefault(name, []).append((collect_estimates(result), targets[name]))
        for name, result in _repeat(pool, pool.having[null], column, measure, sizes, replications).items():
            nothing.setdefault(name, []).append(collect_estimates(result))
    careful = takes_care(sizes) and measure is not measure_dealt
    return [
        grade(PART, say_sizes(sizes), label, NAMES[name], found[name], nothing[name], careful=careful) for name in found
    ]


def _repeat(
    pool: Pool,
    having: Lives,
    column: str,
    measure: Callable[[np.ndarray, np.ndarray], dict[str, Estimate]],
    sizes: Sizes,
    replications: int,
) -> Parts:
    results: Parts = {}
    for seed in range(replications):
        treated, control = draw_customers(pool, *sizes, seed)
        for name, one in measure(having[column][treated], pool.without[column][control]).items():
            results.setdefault(name, []).append(one)
    return results
