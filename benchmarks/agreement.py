"""Is what `certify` grades what an analyst gets? The same customers as tables, through the public functions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from adjusted import fixed_columns
from cells import SIZES, Sizes, pick_columns
from intervals import compare_all, powers
from replications import OUTCOMES, Pool, draw_customers

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.money.profit import campaign_money
from loyalty.stats.estimate import Estimate

OFFER, DIGITS = "basket_discount", 1e-8
COSTS = {"contact_cost": 0.08, "point_cost": 0.01, "redemption_probability": 0.7}  # of this offer in the world


def lay_tables(pool: Pool, sizes: Sizes, seed: int, days: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Contacts and outcomes of one replication, with a main window of some days (28 for money)."""
    rows = draw_customers(pool, *sizes, seed)
    arm, count = np.repeat([OFFER, "control"], sizes), sum(sizes)
    contacts = pd.DataFrame({"campaign_id": "c", "wave": 1, "customer_id": np.arange(count), "arm": arm})
    lives = pool.having[OFFER], pool.without

    def both(name: str) -> np.ndarray:
        return np.concatenate([live[name][r] for live, r in zip(lives, rows, strict=True)])

    parts = OUTCOMES if days == 28 else ("orders", "sales")
    main = {name: both(f"{name}_{days}") for name in (*parts, "responded")}
    pre = dict.fromkeys(main, 0.0) | {"sales": pool.before["sales"][np.concatenate(rows)]}
    post = {name: both(f"{name}_56") - main[name] if days == 28 and name in parts else 0.0 for name in main}
    ids = contacts[["campaign_id", "wave", "customer_id"]]
    tables = [ids.assign(window=w, **values) for w, values in (("pre", pre), ("main", main), ("post", post))]
    whole = {"orders": "int64", "responded": "int64"}
    return contacts, pd.concat(tables, ignore_index=True).astype(whole).round({"discount": 6})


def compare_routes(
    pool: Pool, sizes: Sizes, seed: int, days: int
) -> list[tuple[str, Estimate, tuple[float, float, bool]]]:
    """Each metric by the public function, and the interval and warning by the sums that `certify` uses."""
    contacts, outcomes = lay_tables(pool, sizes, seed, days)
    lives, rows = (pool.having[OFFER], pool.without), draw_customers(pool, *sizes, seed)

    def by_sums(columns: list[np.ndarray], kind: str = "mean") -> tuple[float, float, bool]:
        sums = [table[r].sum(axis=0, keepdims=True) for table, r in zip(columns, rows, strict=True)]
        found = compare_all(*sums, *sizes, kind)
        return float(found.low[0]), float(found.high[0]), bool(found.warned[0])

    asked = {"rate": ("responded", {}), "mean": ("sales", {}), "ratio": ("sales", {"per": "orders"})}
    result = [
        (f"{kind}, {days} days", measure_lift(contacts, outcomes, name, **more),
         by_sums([pick_columns(live, kind, days) for live in lives], kind))
        for kind, (name, more) in asked.items()
    ]  # fmt: skip
    if days == 28:
        fixed = measure_lift(contacts, outcomes, "sales", before="sales", slope=pool.slope)
        result.append(("slope from history", fixed, by_sums([fixed_columns(pool, v["sales_28"]) for v in lives])))
        money = campaign_money(contacts, outcomes, **COSTS).profit
        low, high, warned = by_sums([powers(live["profit_56"]) for live in lives])
        cost = COSTS["contact_cost"]
        result.append(("profit", money, (low - cost, high - cost, warned)))
    return result


def find_disagreements(
    pool: Pool, seeds: int, sizes: tuple[Sizes, ...] = SIZES, days: tuple[int, ...] = (2, 28)
) -> tuple[int, list[str]]:
    """How many intervals were compared, and what differs (nothing, if all is well)."""
    wrong, count = [], 0
    for cell in sizes:
        for span in days:
            for seed in range(seeds):
                for name, public, (low, high, warned) in compare_routes(pool, cell, seed, span):
                    count += 1
                    same = np.allclose([public.low, public.high], [low, high], rtol=DIGITS, atol=DIGITS, equal_nan=True)
                    if not same or bool(public.warnings) != warned:
                        said = f"{public.low:.9g} to {public.high:.9g}, {public.warnings}"
                        wrong.append(f"{cell} {name}, seed {seed}: {said}; sums: {low:.9g} to {high:.9g}, {warned}")
    return count, wrong
