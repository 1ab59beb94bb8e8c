"""Speed of the lifetime models, and the coverage of their intervals: `python benchmarks/value.py`.

Fits CDNOW's published sample and a million customers drawn from BG/NBD, whose dates are days (many histories are equal,
and counted once) or moments (none are). `--customers N` takes another number; `--coverage` also grades intervals on
populations drawn from each model and on simulated chains, some minutes, and writes docs/tables/value.md. The exit code
is 1 if BG/NBD needs 0.3 seconds or more on CDNOW, or 20 seconds or more for a million customers, with its predictions.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loyalty.datasets import cdnow
from loyalty.segment.value import (
    PurchaseForecast,
    customer_value,
    fit_purchases,
    fit_spend,
    predict_purchases,
    summarise_purchases,
)
from loyalty.world import World

MODELS: tuple[Any, ...] = ("bg_nbd", "mbg_nbd", "pareto_nbd")
NAMES = {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD", "pareto_nbd": "Pareto/NBD"}
PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables" / "value.md"
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


def grade_model(model: Any, draw: Callable[[int], pd.DataFrame]) -> tuple[float, float]:
    """Coverage of 95 % intervals where the model is true: of a cohort's sum, and of single customers.

    Parameters
    ----------
    model : str
    draw : callable
        Takes a seed; returns histories that were drawn from the model, with the purchases that came in 26 weeks after.
    """
    held = np.zeros((RUNS, 2))
    for seed in range(RUNS):
        table = draw(seed)
        found = predict_purchases(fit_purchases(table, model=model), table, weeks=WEEKS, draws=200, seed=seed)
        held[seed] = find_held(found, table["x_later"])
    cohort, customers = held.mean(axis=0)
    return float(cohort), float(customers)


def find_held(found: PurchaseForecast, later: pd.Series) -> tuple[bool, float]:
    """Whether the interval of the sum holds what came, and the share of customers whose own interval does."""
    is_inside = (found.table["low"] <= later) & (later <= found.table["high"])
    return bool(found.low <= later.sum() <= found.high), float(is_inside.mean())


def grade_models() -> pd.DataFrame:
    """Grade the intervals of each model on populations that were drawn from it."""
    rows = {}
    for model in MODELS:
        draw = partial(draw_histories, model, COHORT, longest=52.0, ahead=WEEKS)
        rows[model] = dict(zip(("cohort", "customers"), grade_model(model, draw), strict=True))
    return pd.DataFrame(rows).T


def grade_worlds() -> pd.DataFrame:
    """The same on simulated chains, whose customers keep to none of these models, and of value against the truth."""
    rows = {model: dict.fromkeys(("cohort", "customers", "off", "value", "bias"), 0.0) for model in MODELS}
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
            row = rows[model]
            cohort, customers = find_held(found, table["x_later"])
            row["cohort"] += cohort / WORLDS
            row["customers"] += customers / WORLDS
            row["off"] += (found.expected / table["x_later"].sum() - 1) / WORLDS
            row["value"] += (value.low <= true_sales <= value.high) / WORLDS
            row["bias"] += (value.value / true_sales - 1) / WORLDS
    return pd.DataFrame(rows).T


def write_page(models: pd.DataFrame, worlds: pd.DataFrame) -> str:
    """Write the page docs/tables/value.md."""
    lines = [
        "# Do the intervals of what customers will do hold?",
        "",
        "Made by `python benchmarks/value.py --coverage` (seeds 0, 1, 2, …, fixed before). Nominal: 95 of 100.",
        "*Sum* is the interval of the purchases of all customers together in the next 26 weeks, *customers* that of",
        "one customer: a count is a whole number, and so this interval holds a little more than it says.",
        "",
        "## Where the model is true",
        "",
        f"{RUNS} cohorts of {COHORT} customers, drawn from the model itself.",
        "",
        "| model | sum | customers |",
        "|---|---|---|",
    ]
    for model, row in models.iterrows():
        sums = f"{row['cohort'] * RUNS:.0f} of {RUNS} ({row['cohort']:.1%})"
        lines.append(f"| {NAMES[str(model)]} | {sums} | {row['customers']:.1%} |")
    lines += [
        "",
        "## Where it is not",
        "",
        f"{WORLDS} simulated chains of 2,000 customers, with seasons, a trend and many kinds of customers.",
        "*Off* is how far the sum that is expected lies above what came, on average. *Value* is the interval of the",
        "sales of all customers together, held against what they are truly expected to spend; the last column is how",
        "far the value is off.",
        "",
        "| model | sum | customers | off | value | value off |",
        "|---|---|---|---|---|---|",
    ]
    for model, row in worlds.iterrows():
        held = [f"{row[name] * WORLDS:.0f} of {WORLDS}" for name in ("cohort", "value")]
        cells = [held[0], f"{row['customers']:.1%}", f"{row['off']:+.1%}", held[1], f"{row['bias']:+.1%}"]
        lines.append(f"| {' | '.join([NAMES[str(model)], *cells])} |")
    return "\n".join(lines) + "\n"


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
        PAGE.write_text(write_page(grade_models(), grade_worlds()), encoding="utf-8")
        print(f"{PAGE.name} is written")
    is_slow = small.loc["BG/NBD", "fit"] >= LIMITS["cdnow"]
    is_slow |= any(table.loc["BG/NBD"].sum() >= LIMITS["million"] for table in million.values())
    return int(is_slow and customers <= 1_000_000)


if __name__ == "__main__":
    sys.exit(main())
