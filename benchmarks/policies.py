"""What does a year of trying cost, and what does it earn? Writes docs/tables/policies.md, its tables and its chart.

Each seed is a chain of its own with 26 waves; all policies meet the same customers, with the same luck, the same
holdout and the same lottery tickets. Profit and regret are true expected money, which no chain knows.

    python benchmarks/policies.py                 forty seeds; about half an hour of one processor
    python benchmarks/policies.py --seeds 2       a look: prints, writes nothing
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from loyalty.charts import house_style
from loyalty.evaluate.lift import adjust_gap
from loyalty.learn.policy import Programme, Rules, Thompson, compare_programmes, describe_customers, run_programmes
from loyalty.tasks.t42.pictures import draw_gains
from loyalty.tasks.t42.scene import (
    BEST,
    CUSTOMERS,
    SWITCH,
    WAVES,
    change_tastes,
    make_best,
    make_policies,
    make_rules,
    make_world,
)

TABLES = Path(__file__).parents[1] / "docs" / "tables"
SEEDS = 40
KINDS = {"calm": "tastes stay", "changed": f"tastes change at wave {SWITCH}"}
TITLES = {
    "calm": "Policies that keep learning leave the repeated winner behind",
    "changed": f"What was learned is worth little after wave {SWITCH - 1}",
}
SLOPE = 0.2 * WAVES  # euros of profit a customer for each euro of usual spend: fixed before any result was seen


def list_further() -> dict[str, Rules]:
    """Thompson under other rules: what the holdout costs, and what rest costs."""
    return {
        "Thompson, no holdout": make_rules(holdout=0.0),
        "Thompson, 20 % held out": make_rules(holdout=0.2),
        "Thompson, one contact in two waves": make_rules(most=1, within=2),
    }


def run_seed(seed: int, kind: str) -> pd.DataFrame:
    """One row a policy and wave: seed, kind, policy, wave, expected gain in euros; and what the holdout says."""
    with threadpool_limits(1):
        world = make_world(seed)
        people = describe_customers(world)
        policies = {BEST: make_best(), **make_policies()}
        change = {}
        if kind == "changed":
            change = {"then": change_tastes(world), "switch": SWITCH}
        else:
            policies |= {name: Thompson(rules) for name, rules in list_further().items()}
        found = run_programmes(world, policies, WAVES, customers=people, **change)
    rows = [programme.waves[["wave", "contacts", "gain", "expected_gain"]] for programme in found.values()]
    rows = [
        one.assign(policy=name, **ask_holdout(run, people))
        for one, (name, run) in zip(rows, found.items(), strict=True)
    ]
    return pd.concat(rows, ignore_index=True).assign(seed=seed, kind=kind, people=len(people))


def ask_holdout(programme: Programme, people: pd.DataFrame) -> dict[str, float]:
    """What the holdout shows of the programme, per customer over all waves, beside what is true of those written to."""
    totals = programme.totals
    held = totals["holdout"].to_numpy()
    true = float(totals["gain"][~held].mean())
    if not held.any():
        return {"half": np.nan, "shown": np.nan, "low": np.nan, "high": np.nan, "true": true}
    usual = totals["customer_id"].map(people.set_index("customer_id")["usual"]).to_numpy()
    profit = totals["profit"].to_numpy()
    found = adjust_gap(profit[~held], profit[held], (usual[~held, None], usual[held, None]), slope=SLOPE)
    plain = 1.96 * float(found.details["plain_se"])
    return {"half": plain, "shown": found.effect, "low": found.low, "high": found.high, "true": true}


def sum_up(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Profit and regret of each policy over the seeds, and the differences to the equal split, paired."""
    mine = rows[rows["kind"] == kind]
    profit = mine.groupby(["seed", "policy"], sort=False)["expected_gain"].sum().rename("profit").reset_index()
    table = compare_programmes(profit, "equal split")
    regret = profit.merge(profit.loc[profit["policy"] == BEST, ["seed", "profit"]], on="seed", suffixes=("", "_best"))
    regret = regret.assign(regret=regret["profit_best"] - regret["profit"])
    lost = compare_programmes(regret, BEST, value="regret")
    gap = compare_programmes(profit, "Thompson")
    return table.assign(
        kind=kind,
        thompson=gap["difference"],
        thompson_low=gap["difference_low"],
        thompson_high=gap["difference_high"],
        regret=lost["mean"],
        regret_low=lost["low"],
        regret_high=lost["high"],
        least=profit.groupby("policy")["profit"].min().reindex(table["policy"]).to_numpy(),
    )


def sum_up_waves(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean and band of what each policy has gained, and of its regret, up to each wave."""
    rows = rows.sort_values(["kind", "seed", "policy", "wave"])
    gained = rows.assign(gained=rows.groupby(["kind", "seed", "policy"])["expected_gain"].cumsum())
    best = gained[gained["policy"] == BEST][["kind", "seed", "wave", "gained"]]
    both = gained.merge(best, on=["kind", "seed", "wave"], suffixes=("", "_best"))
    both = both.assign(regret=both["gained_best"] - both["gained"])
    parts = []
    for (kind, wave), mine in both.groupby(["kind", "wave"]):
        for value in ("gained", "regret"):
            table = compare_programmes(mine, BEST, value=value)[["policy", "seeds", "mean", "low", "high"]]
            parts.append(table.assign(kind=kind, wave=wave, what=value))
    return pd.concat(parts, ignore_index=True)


def say(row: pd.Series, name: str = "") -> str:
    """A mean with its band, in thousands of euros."""
    names = (name, f"{name}_low", f"{name}_high") if name else ("mean", "low", "high")
    middle, low, high = (row[n] / 1000 for n in names)
    return f"{middle:.1f} ({low:.1f} to {high:.1f})"


def write_page(rows: pd.DataFrame, table: pd.DataFrame, minutes: float) -> Iterator[str]:
    """Write the page, line by line."""
    seeds = rows["seed"].nunique()
    people = rows.groupby("seed")["people"].first().mean()
    yield "# What do policies earn in 26 waves?\n"
    yield (
        f"Made by `python benchmarks/policies.py`: {seeds} chains (seeds 0, 1, 2, …, never picked) of {CUSTOMERS:,} "
        f"customers, of whom {people:,.0f} (on average) were seen in the half year before the first wave and make the "
        f"programme. {WAVES} waves, one every 28 days; four offers and control; a tenth is held out, every arm has at "
        "least 2 %; segments are the group of departments where a customer spent most before the first wave. Nobody "
        f"new arrives, and customers leave. It took {minutes:.0f} minutes of processors.\n"
    )
    yield (
        "*Profit* is what the programme earns against no contact at all, in thousands of euros, averaged over the "
        "customers' luck (not over the lotteries'). *Regret* is the profit that a policy lacks to the best arm of "
        "each segment, which knows the true effects (28 days after the window counted in), sees one wave ahead, and "
        "keeps the same holdout and floors. In brackets: 95 % bands over chains; differences are paired by the chain."
    )
    for kind, title in KINDS.items():
        yield f"\n## {title[0].upper()}{title[1:]}\n"
        heads = (
            "policy",
            "profit, k€",
            "regret, k€",
            "more than equal split, k€",
            "more than Thompson, k€",
            "better than equal in",
            "worst chain, k€",
        )
        yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
        for _, row in table[table["kind"] == kind].iterrows():
            name = row["policy"]
            gap = "" if name == "equal split" else say(row, "difference")
            wins = "" if name == "equal split" else f"{row['better'] * row['seeds']:.0f} of {row['seeds']}"
            regret = "" if name == BEST else say(row, "regret")
            other = "" if name == "Thompson" else say(row, "thompson")
            yield f"| {name} | {say(row)} | {regret} | {gap} | {other} | {wins} | {row['least'] / 1000:.1f} |"
    yield from write_holdout(rows)
    yield (
        "\n## What this does not show\n\n"
        "One chain's sizes, four offers, segments that happen to be good, priors of half a euro that were not tuned. "
        "Regret over 26 waves does not tell the form in which it grows. The best policy looks one wave ahead only, and "
        "by segment: a policy that sees more can be better than it, and its regret negative.\n"
    )


def write_holdout(rows: pd.DataFrame) -> Iterator[str]:
    """What holding out costs and what it shows."""
    calm = rows[rows["kind"] == "calm"]
    names = {"Thompson, no holdout": 0, "Thompson": 10, "Thompson, 20 % held out": 20}
    profit = calm.groupby(["seed", "policy"])["expected_gain"].sum().unstack()
    asked = calm.groupby(["policy", "seed"])[["half", "shown", "low", "high", "true"]].first()
    yield "\n## What the holdout costs, and what it shows\n"
    yield (
        "Thompson sampling, tastes stay. *Cost* is the profit that is lacking to the same policy without a holdout, "
        "paired. The holdout *shows* the profit of all waves per customer: written to less held out, with the half "
        "width of its 95 % interval, plain and with the customers' usual spend taken out (CUPED, "
        f"{SLOPE / WAVES:.1f} € of profit a wave for each euro, fixed beforehand). *Holds* counts the chains whose "
        "second interval holds what is true of those written to, *above zero* those in which it lies above zero.\n"
    )
    heads = ("held out", "profit, k€", "cost, k€", "plain, ± €", "adjusted, ± €", "truth, €", "holds", "above zero")
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for name, share in names.items():
        own = profit[name] / 1000
        mine = asked.loc[name]
        if not share:
            yield f"| none | {own.mean():.1f} | | | | {mine['true'].mean():.2f} | | |"
            continue
        free = profit["Thompson, no holdout"] / 1000
        lost = pd.concat([own.rename("profit").reset_index().assign(policy="held"),
                          free.rename("profit").reset_index().assign(policy="free")])  # fmt: skip
        row = compare_programmes(lost, "held").set_index("policy").loc["free"]
        cost = f"{row['difference']:.1f} ({row['difference_low']:.1f} to {row['difference_high']:.1f})"
        half = ((mine["high"] - mine["low"]) / 2).mean()
        holds = int(((mine["low"] <= mine["true"]) & (mine["true"] <= mine["high"])).sum())
        above = int((mine["low"] > 0).sum())
        yield (
            f"| {share} % | {own.mean():.1f} | {cost} | {mine['half'].mean():.1f} | {half:.1f} | "
            f"{mine['true'].mean():.2f} | {holds} of {len(mine)} | {above} of {len(mine)} |"
        )


def run_all(seeds: int, processes: int, kept: Path | None) -> pd.DataFrame:
    """Run all seeds in both kinds of chain; what is kept in a folder already is not run again."""
    if kept:
        kept.mkdir(parents=True, exist_ok=True)
    tasks = [(seed, kind) for seed in range(seeds) for kind in KINDS]
    with ProcessPoolExecutor(processes) as pool:
        return pd.concat(pool.map(partial(run_or_read, kept=kept), tasks), ignore_index=True)


def run_or_read(task: tuple[int, str], kept: Path | None) -> pd.DataFrame:
    """Run one chain, or read what was kept of it; `seconds` are those of a processor."""
    path = kept / f"{task[1]}_{task[0]}.parquet" if kept else None
    if path and path.exists():
        return pd.read_parquet(path)
    started = time.process_time()
    rows = run_seed(*task)
    rows["seconds"] = time.process_time() - started
    if path:
        rows.to_parquet(path)
    return rows


def main() -> None:
    """Run all seeds in both kinds of chain, two at a time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="a folder: keep the rows of each chain there")
    chosen = parser.parse_args()
    rows = run_all(chosen.seeds, chosen.processes, chosen.rows)
    table = pd.concat([sum_up(rows, kind) for kind in KINDS], ignore_index=True)
    page = "\n".join(write_page(rows, table, rows.groupby(["seed", "kind"])["seconds"].first().sum() / 60))
    print(page)
    if rows["seed"].nunique() < SEEDS:
        return
    (TABLES / "policies.md").write_text(page, encoding="utf-8")
    table.round(4).to_csv(TABLES / "policies.csv", index=False)
    waves = sum_up_waves(rows)
    waves.round(2).to_csv(TABLES / "policies_waves.csv", index=False)
    house_style()
    for kind in KINDS:
        draw_gains(waves, kind, TITLES[kind])
        plt.savefig(TABLES / f"policies_{kind}.png", dpi=110, facecolor="white")


if __name__ == "__main__":
    main()
