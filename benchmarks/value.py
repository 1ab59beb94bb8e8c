"""Speed of the lifetime models, and the coverage of their intervals: `python benchmarks/value.py`.

Fits CDNOW's published sample and a million customers drawn from BG/NBD, whose dates are days (many histories are equal,
and counted once) or moments (none are). `--customers N` takes another number; `--coverage` also grades intervals on
populations drawn from each model and on simulated chains, some minutes. The exit code is 1 if BG/NBD needs 0.3 seconds
or more on CDNOW, or 20 seconds or more for a million customers, with its predictions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from loyalty.datasets import cdnow
from loyalty.segment.value import (
    customer_value,
    fit_purchases,
    fit_spend,
    predict_purchases,
    summarise_purchases,
)
from loyalty.world import World

MODELS: tuple[Any, ...] = ("bg_nbd", "mbg_nbd", "pareto_nbd")
THETA = {"bg_nbd": (0.6, 4.0, 0.9, 3.0), "mbg_nbd": (0.6, 4.0, 0.9, 3.0), "pareto_nbd": (0.6, 8.0, 0.7, 12.0)}
LIMITS = {"cdnow": 0.3, "million": 20.0}
REPEATS = 5
WEEKS = 26.0
RUNS = 60
COHORT = 600
WORLDS = 12
WORLD_DAY, WORLD_END = "2024-07-03", "2025-01-01"


def draw_histories(
    model: str, customers: int, seed: int, *, longest: float = 104.0, ahead: float = 0.0
) -> pd.DataFrame:
    """Draw x, t_x, T and later purchases from a model: the purchases of a Poisson process lie evenly in its time."""
    draw = np.random.default_rng(seed)
    r, alpha, c, d = THETA[model]
    T = draw.uniform(longest / 4, longest, customers)
    rate = draw.gamma(r, 1 / alpha, customers)
    never = draw.poisson(rate * T)  # purchases, if nobody left
    if model == "pareto_nbd":
        life = draw.exponential(1, customers) / draw.gamma(c, 1 / d, customers)
        x = draw.poisson(rate * np.minimum(life, T))
        last = np.minimum(life, T) * draw.random(customers) ** (1 / np.maximum(x, 1))
        later = draw.poisson(rate * np.clip(np.minimum(life, T + ahead) - T, 0, None))
    else:
        p = np.maximum(draw.beta(c, d, customers), 1e-9)
        until = draw.geometric(p) - (1 if model == "mbg_nbd" else 0)  # repeat purchases until leaving
        x = np.minimum(never, until)
        left = until <= never
        place = draw.beta(np.maximum(x, 1), np.where(left, never - x + 1, 1))
        last = T * place
        later = np.where(left, 0, np.minimum(draw.poisson(rate * ahead), np.maximum(until - x, 0)))
    table = pd.DataFrame({"customer_id": np.arange(customers), "x": x, "t_x": np.where(x > 0, last, 0.0), "T": T})
    return table.assign(x_later=later)


def round_to_days(table: pd.DataFrame) -> pd.DataFrame:
    """Keep whole days, as receipts have them."""
    T = np.ceil(table["T"] * 7) / 7
    t_x = np.where(table["x"] > 0, np.maximum(np.ceil(table["t_x"] * 7), 1) / 7, 0.0)
    return table.assign(T=T, t_x=np.minimum(t_x, T))


def take_time(work: Callable[[], Any], repeats: int = 1) -> float:
    """Processor seconds of the best of some repeats."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def time_models(table: pd.DataFrame, repeats: int = 1, models: tuple[Any, ...] = MODELS) -> pd.DataFrame:
    """Processor seconds to fit each model, and to predict without intervals."""
    rows = {}
    for model in models:
        fit = fit_purchases(table.head(1_000), model=model)
        fitting = take_time(partial(fit_purchases, table, model=model), repeats)
        predicting = take_time(partial(predict_purchases, fit, table, weeks=39, interval=False), repeats)
        rows[fit.law.name] = {"fit": fitting, "predict": predicting}
    return pd.DataFrame(rows).T


def grade_models() -> pd.DataFrame:
    """Coverage of 95 % intervals where the model is true: of a cohort's sum, and of single customers."""
    rows = {}
    for model in MODELS:
        cohort, each = 0, []
        for seed in range(RUNS):
            table = draw_histories(model, COHORT, seed, longest=52.0, ahead=WEEKS)
            found = predict_purchases(fit_purchases(table, model=model), table, weeks=WEEKS, draws=200, seed=seed)
            cohort += found.low <= table["x_later"].sum() <= found.high
            each.append(np.mean((found.table["low"] <= table["x_later"]) & (table["x_later"] <= found.table["high"])))
        rows[model] = {"runs": RUNS, "cohort": cohort / RUNS, "customers": np.mean(each)}
    return pd.DataFrame(rows).T


def grade_worlds() -> pd.DataFrame:
    """The same on simulated chains, whose customers keep to none of these models, and of value against the truth."""
    rows = {model: {"cohort": 0.0, "customers": 0.0, "value": 0.0, "bias": 0.0} for model in MODELS}
    for seed in range(WORLDS):
        world = World(customers=2_000, months=24, seed=seed)
        table = summarise_purchases(world.receipts, WORLD_DAY, until=WORLD_END)
        truth = world.truth.lifetime_value(days=182, date=WORLD_DAY)
        true_sales = truth.loc[truth["customer_id"].isin(table["customer_id"]), "sales"].sum()
        spend = fit_spend(table)
        for model in MODELS:
            fit = fit_purchases(table, model=model)
            found = predict_purchases(fit, table, weeks=WEEKS, draws=200, seed=seed)
            value = customer_value(
                fit, spend, table, weeks=WEEKS, margin_rate=1, yearly_discount=0, draws=200, seed=seed
            )
            later = table["x_later"]
            row = rows[model]
            row["cohort"] += (found.low <= later.sum() <= found.high) / WORLDS
            row["customers"] += np.mean((found.table["low"] <= later) & (later <= found.table["high"])) / WORLDS
            row["value"] += (value.low <= true_sales <= value.high) / WORLDS
            row["bias"] += (value.value / true_sales - 1) / WORLDS
    return pd.DataFrame(rows).T


def main() -> int:
    """Print the tables."""
    customers = int(sys.argv[sys.argv.index("--customers") + 1]) if "--customers" in sys.argv else 1_000_000
    shop = cdnow().receipts
    sample = summarise_purchases(shop[shop["in_sample"]], "1997-10-01")
    small = time_models(sample, REPEATS)
    print(f"CDNOW, {len(sample):,} customers, processor seconds (best of {REPEATS})\n{small.round(3).to_string()}\n")
    moments = draw_histories("bg_nbd", customers, 0)
    quick = MODELS[:2]
    million = {"days": time_models(round_to_days(moments), 1, quick), "moments": time_models(moments, 1, quick)}
    for name, table in million.items():
        print(f"{customers:,} customers whose dates are {name}, processor seconds\n{table.round(2).to_string()}\n")
    some = draw_histories("pareto_nbd", customers // 10, 0)
    print(f"{len(some):,} customers, processor seconds\n{time_models(some, 1, MODELS[2:]).round(2).to_string()}\n")
    if "--coverage" in sys.argv:
        print(f"Coverage of 95 % intervals, {COHORT} customers from the model\n{grade_models().round(3).to_string()}\n")
        print(f"The same on {WORLDS} simulated chains of 2,000 customers\n{grade_worlds().round(3).to_string()}")
    is_slow = small.loc["BG/NBD", "fit"] >= LIMITS["cdnow"]
    is_slow |= any(table.loc["BG/NBD"].sum() >= LIMITS["million"] for table in million.values())
    return int(is_slow and customers <= 1_000_000)


if __name__ == "__main__":
    sys.exit(main())
