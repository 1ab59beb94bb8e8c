"""Which forecast wins where, do its intervals keep their promise, and do flags help? Writes docs/tables/demand.md.

Worlds of 5,000 customers and 36 months, seeds 1500 to 1519; forecasts of weeks, four weeks ahead, from thirteen origins
in the third year; the Complete Journey by days, 28 ahead. Seeds and bounds were fixed before any of these worlds was
drawn:

- `waves` is nearer to the expected demand than the seasonal naive in at least 80 % of the worlds (all departments).
- 80 % intervals hold 75 to 85 %, 95 % intervals 92 to 98 % of what was sold, for each method, over all worlds.
- A world's interval for its 80 % coverage holds the coverage over all worlds in at least 80 % of the worlds.
- With flags `waves` is nearer to the expected demand of a chain with sold-out days in at least 90 % of the worlds.
- 95 % intervals of the season index hold the true index in at least 93 % of months and departments.
- 95 % intervals of the category mix hold the share of the whole chain in 92 to 98 % of samples of 500 customers.

    python benchmarks/demand.py               all; about ten minutes of one processor
    python benchmarks/demand.py --seeds 2     a look: prints, writes nothing
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from loyalty.datasets import complete_journey
from loyalty.prepare.demand import (
    DemandBacktest,
    backtest_demand,
    classify_abc_xyz,
    flag_periods,
    mix_by_segment,
    season_of,
    sum_demand,
)
from loyalty.stats.intervals import interval_of_share
from loyalty.world import World

PAGE = Path(__file__).parents[1] / "docs" / "tables" / "demand.md"
FIRST, SEEDS = 1_500, 20
CUSTOMERS, MONTHS = 5_000, 36
START, END = "2023-01-01", "2026-01-01"
HORIZON = 4
METHODS = ("seasonal naive", "seasonal mean", "waves")
EVERY_THIRD = 3  # of the categories, for the chain with sold-out days
NEARER, INSIDE_80, INSIDE_95, OWN = 0.8, (0.75, 0.85), (0.92, 0.98), 0.8
FLAGS, SEASON, MIX = 0.9, 0.93, (0.92, 0.98)
SAMPLES, SAMPLE = 200, 500
GROCERIES = ("GROCERY", "DRUG GM", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "PASTRY", "NUTRITION")


def sum_weeks(days: pd.DataFrame, weeks: pd.DataFrame) -> pd.DataFrame:
    """Sum days into the weeks of another table."""
    sums = days.resample("W-MON", closed="left", label="left").sum()
    sums.index = sums.index.as_unit("us")
    return sums.reindex(weeks.index)


def run_forecasts(world: World, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of all methods on all departments, against what was sold and against the truth; and the verdicts."""
    weeks = sum_demand(world.receipts, by="department", products=world.products).wide()
    truth = sum_weeks(world.truth.expected_demand(START, END), weeks)
    test = backtest_demand(weeks, METHODS, horizon=HORIZON, truth=truth)
    true_mase = test.scores("truth")[["series", "method", "mase", "bias"]]
    scores = test.scores().merge(true_mase, on=["series", "method"], suffixes=("", "_true"))
    return scores.assign(seed=seed), test.compare().assign(seed=seed)


def run_flags(world: World, seed: int) -> dict[str, float]:
    """Distance of `waves` from the expected demand of some categories, with flags and without them."""
    shelf = world.make_shelf_weeks()
    demand = sum_demand(shelf.receipts, products=world.products)
    flags = flag_periods(shelf.flags, demand)
    weeks = demand.wide().iloc[:, ::EVERY_THIRD]
    truth = sum_weeks(shelf.truth.demand, weeks)[list(weeks)]
    found: dict[str, float] = {"seed": seed, "flagged": float(flags.to_numpy().mean())}
    for name, marked in (("with", flags[list(weeks)]), ("without", None)):
        table = backtest_demand(weeks, ["waves"], horizon=HORIZON, truth=truth, flags=marked).table
        gap = (table["forecast"] - table["truth"]).abs().groupby(table["series"]).mean()
        size = table["truth"].groupby(table["series"]).mean()
        found[name] = float((gap / size).mean())
        found[f"bias_{name}"] = float((table["forecast"] - table["truth"]).sum() / table["truth"].sum())
    return found


def run_seasons(world: World, seed: int) -> dict[str, float]:
    """How many true season indexes lie inside their intervals."""
    months = sum_demand(world.receipts, by="department", products=world.products, every="month").wide()
    expected = world.truth.expected_demand(START, END).resample("MS").sum()
    inside = 0
    for name in months:
        found = season_of(months[name]).table
        true = season_of(expected[name]).table["index"]
        inside += int(true.between(found["low"], found["high"]).sum())
    return {"seed": seed, "inside": inside, "of": 12 * months.shape[1]}


def run_classes(world: World, seed: int) -> dict[str, float]:
    """How many products measured as Y or Z are uneven in truth."""
    table = classify_abc_xyz(world.receipts, products=world.products, season_by="department", draws=100).table
    expected = world.truth.expected_demand(START, END, by="product_id").resample("MS").sum()
    rate = expected.div(expected.index.days_in_month, axis=0)
    department = world.products.set_index("product_id")["department"]
    total = rate.T.groupby(department).sum().T
    index = (total / total.groupby(total.index.year).transform("mean")).groupby(total.index.month).mean()
    season = index[department.loc[rate.columns]].loc[rate.index.month].to_numpy()
    even = rate / season
    true = even.std() / even.mean()
    uneven = table.loc[table["xyz"].isin(["Y", "Z"]), "item"]
    return {
        "seed": seed,
        "measured": len(uneven),
        "true": int((true > 0.5).sum()),
        "both": int((true.loc[uneven] > 0.5).sum()),
        "a": float((table["abc"] == "A").mean()),
        "keep": float((table["keep"] >= 0.9).mean()),
    }


def run_mix() -> float:
    """Part of the intervals of the category mix that hold the share of the whole chain, over samples of customers."""
    world = World(20_000, 6, FIRST)
    lines = world.receipts.merge(world.products[["product_id", "department"]])
    people = lines["customer_id"].unique()
    shares = lines.groupby("department")["sales"].sum() / lines["sales"].sum()
    rng = np.random.default_rng(FIRST)
    inside = []
    for _ in range(SAMPLES):
        drawn = rng.choice(people, SAMPLE, replace=False)
        segments = pd.DataFrame({"customer_id": drawn, "segment": "one"})
        table = mix_by_segment(lines[lines["customer_id"].isin(drawn)], segments).table.set_index("item")
        inside.append(shares.loc[table.index].between(table["low"], table["high"]).mean())
    return float(np.mean(inside))


def run_groceries() -> DemandBacktest:
    """Four methods on the days of the Complete Journey."""
    shop = complete_journey()
    days = sum_demand(shop.receipts, by="department", products=shop.products, every="day").wide("sales")
    methods = ("seasonal naive", "seasonal mean", "ets", "waves")
    return backtest_demand(days[list(GROCERIES)], methods, horizon=28, step=14)


# --- The page ------------------------------------------------------------------------------------


def _say_bound(kept: bool) -> str:
    return "**holds**" if kept else "**does not hold**"


def _say(value: float, low: float, high: float) -> str:
    return f"{value:.2f} ({low:.2f} to {high:.2f})"


def _say_share(count: int, total: int) -> str:
    low, high = interval_of_share(count, total)
    return f"{count} of {total} = {count / total:.0%} ({float(low):.0%} to {float(high):.0%})"


def judge(scores: pd.DataFrame, flags: pd.DataFrame, seasons: pd.DataFrame, mix: float) -> Iterator[str]:
    """Hold each bound against what was found, one line each."""
    whole = scores[scores["series"] == "all series"]
    near = whole.pivot(index="seed", columns="method", values="mase_true")
    wins = int((near["waves"] < near["seasonal naive"]).sum())
    yield (
        f"- `waves` nearer to the expected demand than the seasonal naive in at least {NEARER:.0%} of the worlds: "
        f"{_say_bound(wins >= NEARER * len(near))} ({_say_share(wins, len(near))})."
    )
    for end, (low, high) in (("80", INSIDE_80), ("95", INSIDE_95)):
        means = whole.groupby("method")[f"coverage{end}"].mean()
        said = ", ".join(f"{name} {value:.1%}" for name, value in means.items())
        yield (
            f"- {end} % intervals hold {low:.0%} to {high:.0%} of what was sold: "
            f"{_say_bound(bool(means.between(low, high).all()))} ({said})."
        )
    pooled = whole.groupby("method")["coverage80"].transform("mean")
    own = pooled.between(whole["coverage80_low"], whole["coverage80_high"])
    yield (
        f"- A world's own interval of its 80 % coverage holds that over all worlds, in at least {OWN:.0%} of the "
        f"worlds and methods: {_say_bound(own.mean() >= OWN)} ({_say_share(int(own.sum()), len(own))})."
    )
    helped = int((flags["with"] < flags["without"]).sum())
    yield (
        f"- With flags nearer to the expected demand in at least {FLAGS:.0%} of the worlds: "
        f"{_say_bound(helped >= FLAGS * len(flags))} ({_say_share(helped, len(flags))})."
    )
    inside = seasons["inside"].sum() / seasons["of"].sum()
    yield (
        f"- Intervals of the season index hold the true one in at least {SEASON:.0%}: "
        f"{_say_bound(inside >= SEASON)} ({inside:.1%} of {int(seasons['of'].sum()):,})."
    )
    yield (
        f"- Intervals of the category mix hold the chain's share in {MIX[0]:.0%} to {MIX[1]:.0%}: "
        f"{_say_bound(MIX[0] <= mix <= MIX[1])} ({mix:.1%} over {SAMPLES} samples of {SAMPLE} customers)."
    )


def tabulate_worlds(scores: pd.DataFrame, verdicts: pd.DataFrame) -> Iterator[str]:
    """Write who wins in which department, over all worlds."""
    methods = " | ".join(f"{name}: MASE, of the truth" for name in METHODS)
    yield f"| department | {methods} | nearest to what was sold | `waves` better / worse than the naive |"
    yield "|---|---:|---:|---:|---|---:|"
    worlds = scores["seed"].nunique()
    for name, rows in scores.groupby("series", sort=False):
        means = rows.groupby("method")[["mase", "mase_true"]].mean()
        cells = [f"{means.loc[one, 'mase']:.2f}, {means.loc[one, 'mase_true']:.2f}" for one in METHODS]
        least = rows.loc[rows.groupby("seed")["mase"].idxmin(), "method"].value_counts()
        won = ", ".join(f"{one} {least.get(one, 0)}" for one in METHODS)
        mine = verdicts[(verdicts["series"] == name) & (verdicts["method"] == "waves")]["verdict"]
        told = f"{(mine == 'better').sum()} / {(mine == 'worse').sum()} of {worlds}"
        yield f"| {name} | {' | '.join(cells)} | {won} | {told} |"


def tabulate_groceries(test: DemandBacktest) -> Iterator[str]:
    """Write the scores of the grocer's departments."""
    yield "| department | " + " | ".join(test.methods) + " | nearest | against the naive |"
    yield "|---|" + "---:|" * len(test.methods) + "---|---|"
    scores = test.scores().set_index(["series", "method"])
    for row in test.best.itertuples():
        cells = []
        for method in test.methods:
            one = scores.loc[(row.series, method)]
            cells.append(_say(one["mase"], one["mase_low"], one["mase_high"]))
        yield f"| {row.series} | {' | '.join(cells)} | {row.method} | {row.verdict} |"
    yield ""
    for method in test.methods:
        one = scores.loc[("all series", method)]
        parts = [
            f"{end} % intervals {one[f'coverage{end}']:.1%} ({one[f'coverage{end}_low']:.1%} to "
            f"{one[f'coverage{end}_high']:.1%})"
            for end in ("80", "95")
        ]
        bias = f"bias {one['bias']:.1%} ({one['bias_low']:.1%} to {one['bias_high']:.1%})"
        yield f"- {method}: {', '.join(parts)}; {bias}."


def write_page(found: dict[str, pd.DataFrame], mix: float, groceries: DemandBacktest) -> Iterator[str]:
    """Write the page, line by line."""
    scores, flags = found["scores"], found["flags"]
    seeds = scores["seed"].unique()
    yield "# Forecasts of demand: which wins where, and do intervals keep their promise?"
    yield ""
    yield (
        f"Made by `python benchmarks/demand.py`. Worlds of {CUSTOMERS:,} customers and {MONTHS} months, seeds "
        f"{seeds.min()} to {seeds.max()}; weeks, {HORIZON} ahead, 13 origins in 2025. Seeds and bounds were fixed "
        "beforehand."
    )
    yield from ["", "## What was promised", ""]
    yield from judge(scores, flags, found["seasons"], mix)
    yield from ["", "## Departments of the simulated chain", ""]
    yield (
        "MASE against what was sold, and against the expected demand (without luck), means over the worlds; in how "
        "many worlds a method was the nearest; and in how many `waves` can be told apart from the seasonal naive."
    )
    yield ""
    yield from tabulate_worlds(scores, found["verdicts"])
    yield from ["", "## Sold-out days and promotions", ""]
    yield (
        f"{flags['flagged'].mean():.0%} of the weeks have such a day. Mean distance of `waves` from the expected "
        f"demand, as a part of it: {flags['with'].mean():.1%} with flags, {flags['without'].mean():.1%} without; bias "
        f"{flags['bias_with'].mean():.1%} and {flags['bias_without'].mean():.1%}."
    )
    classes = found["classes"]
    yield from ["", "## Products that look uneven", ""]
    yield (
        f"Of 600 products {classes['measured'].mean():.0f} are measured as Y or Z (cv above 0.5, season taken out); "
        f"{classes['both'].mean():.1f} of these are so in truth, of {classes['true'].mean():.1f} that are. Class A is "
        f"{classes['a'].mean():.0%} of the products; {classes['keep'].mean():.0%} keep both letters in nine of ten "
        "draws."
    )
    yield from ["", "## A grocer's days", ""]
    yield (
        f"The Complete Journey, dollars a day of eight departments, 28 days ahead, a new origin every 14 days: origins "
        f"overlap, and two of them are one block ({groceries.blocks} blocks). MASE with 95 % interval by blocks."
    )
    yield ""
    yield from tabulate_groceries(groceries)


def main() -> None:
    """Run all, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=SEEDS)
    given = parser.parse_args()
    parts: dict[str, list] = {name: [] for name in ("scores", "verdicts", "flags", "seasons", "classes")}
    for seed in range(FIRST, FIRST + given.seeds):
        world = World(CUSTOMERS, MONTHS, seed)
        scores, verdicts = run_forecasts(world, seed)
        parts["scores"].append(scores)
        parts["verdicts"].append(verdicts)
        for name, run in (("flags", run_flags), ("seasons", run_seasons), ("classes", run_classes)):
            parts[name].append(pd.DataFrame([run(world, seed)]))
        print(f"seed {seed} done", flush=True)
    found = {name: pd.concat(tables, ignore_index=True) for name, tables in parts.items()}
    text = "\n".join(write_page(found, run_mix(), run_groceries())) + "\n"
    print(text)
    if given.seeds == SEEDS:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
