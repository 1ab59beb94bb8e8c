"""Programme stage × method: which segmentation earns, and when? Writes docs/tables/stages.md and stages.csv.

Chains with seeds 0, 1, 2, …, each at months 9, 13, 18 and 30. At each month five segmentations choose one of four
offers, or none, for each segment, on one half of the customers; the choice is valued by the truth on the other half.
No result was known when seeds, months, methods and the task were fixed, but for a look at the first two seeds.

    python benchmarks/stages.py             24 chains; about ten minutes of one processor
    python benchmarks/stages.py --seeds 2   a look: prints, writes nothing
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from threadpoolctl import threadpool_limits

from loyalty.tasks.t22.stages import ALIKE, FEW, METHODS, OFFERS, RFM, STAGES, TABLE, score_methods
from loyalty.world import World

PAGE = Path(__file__).parents[1] / "docs" / "tables" / "stages.md"
SEEDS = 24
CUSTOMERS = 5_000
WAYS = {
    "told": "The offers are chosen by their true profit in each segment, as if a perfect pilot had told it: what a "
    "segmentation can carry.",
    "measured": f"The offers are chosen by a real pilot: {CUSTOMERS // 2:,} customers get one of the four offers or "
    "nothing, by lot, and each segment takes the arm with the highest measured profit, whatever its interval.",
}


def judge_chain(seed: int) -> pd.DataFrame:
    """One chain at four months."""
    parts = []
    for month in STAGES:
        world = World(customers=CUSTOMERS, months=month, seed=seed)
        parts.append(score_methods(world, seed).assign(seed=seed, month=month))
    print("chain", seed, flush=True)
    return pd.concat(parts)


def find_interval(values: pd.Series) -> tuple[float, float, float]:
    """A mean over chains with its 95 % interval (Student's t)."""
    half = stats.t.ppf(0.975, len(values) - 1) * values.std() / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a month, a way of choosing and a method."""
    table = []
    for way in WAYS:
        for month in STAGES:
            wide = rows[rows["month"] == month].pivot(index="seed", columns="method", values=way)
            for method in METHODS:
                profit, low, high = find_interval(wide[method])
                more, more_low, more_high = find_interval(wide[method] - wide[RFM])
                best = int((wide.idxmax(axis=1) == method).sum())
                table.append(
                    {
                        "way": way, "month": month, "stage": STAGES[month], "method": method, "profit": profit,
                        "low": low, "high": high, "more": more, "more_low": more_low, "more_high": more_high,
                        "best": best, "chains": len(wide),
                    }
                )  # fmt: skip
    return pd.DataFrame(table).round(4)


def write_page(table: pd.DataFrame) -> str:
    """The whole page."""
    chains = int(table["chains"].iloc[0])
    lines = [
        "# Programme stage × method",
        "",
        f"Made by `python benchmarks/stages.py`: {chains} chains of {CUSTOMERS:,} customers, seeds 0 to {chains - 1}. "
        "The same chain at four months: 9 (the card is designed), 13 (the first month of the card), 18 (launch) and 30 "
        f"(growth). Task: one of four offers ({', '.join(OFFERS)}), or none, for each segment. The choice is made on "
        "one half of the customers and valued by the truth on the other half, in euros of expected profit a customer. "
        "Profits of two months are not comparable: offers earn more in the cold season. In brackets: 95 % intervals "
        f"over chains. Clusters of what they buy see customers with {FEW} receipts or more; the others are one "
        "segment. k-means is told the number of planted types.",
    ]
    for way, words in WAYS.items():
        lines += ["", f"## {'A perfect pilot' if way == 'told' else 'A real pilot'}", "", words, ""]
        lines += [
            "| month | segmentation | profit a customer | more than RFM names, chain by chain | the best in |",
            "|---:|---|---:|---:|---:|",
        ]
        for row in table[table["way"] == way].itertuples():
            more = "" if row.method == RFM else f"{row.more:+.3f} ({row.more_low:+.3f} to {row.more_high:+.3f})"
            profit = f"{row.profit:.3f} ({row.low:.3f} to {row.high:.3f})"
            lines.append(f"| {row.month} | {row.method} | {profit} | {more} | {row.best} of {row.chains} |")
    lines += ["", f"“{ALIKE}” is one segment: the best single offer for all, or none.", ""]
    return "\n".join(lines)


def main() -> int:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    options = parser.parse_args()
    with threadpool_limits(1):
        table = summarise(pd.concat([judge_chain(seed) for seed in range(options.seeds)]))
    page = write_page(table)
    if options.seeds < SEEDS:
        print(page)
        return 0
    table.to_csv(TABLE, index=False, lineterminator="\n")
    PAGE.write_text(page, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
