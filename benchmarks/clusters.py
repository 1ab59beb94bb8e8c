"""Do intervals of whole clusters hold, and what do customers taken one by one promise? Writes docs/tables/clusters.md.

`python benchmarks/clusters.py` draws everything anew (seeds fixed beforehand) and ends with code 1 if a bound is not
kept; `--quick` draws a tenth and writes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.lift.clusters import compare_clusters
from loyalty.stats.clusters import FEW, Clusters, sum_clusters
from loyalty.stats.intervals import find_skewness

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables" / "clusters.md"
EFFECT = 1.5
FIRST_SEED = 40_000
TEXT = """# Customers who were drawn together

Made by `python benchmarks/clusters.py` (seeds {first:,} on, fixed before). Each cell draws {many:,} tests ({few:,} with
fewer than {least} clusters a group, where the clusters are dealt again). The customers of a cluster share its luck:
added to what each spends (*added*), or multiplied (*heavy*: log-normal with σ = 1; *sizes*: the numbers of customers
are log-normal with σ = 1.2). Four in ten customers buy, for a log-normal amount. The effect is {effect} for everybody.

*One by one* is the interval that takes each customer for a draw of its own. *Clusters* is `measure_lift(…, cluster=)`.
Bounds: 93 to 97 of 100, wider where the {few:,} draws of a cell with few clusters leave more to chance. {verdict}

*Even* and *skewed* are the halves of the draws in which the clusters' sums were less and more skewed (|skewness|): a
cluster that stands out widens the interval, so that skewness is no reason for a warning.

| clusters a group | customers each | luck | ICC | design effect | one by one | clusters | even | skewed | width ratio |
|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


class Cell(NamedTuple):
    """A process: clusters of each group, customers of a cluster, and the kind of luck that they share."""

    clusters: int
    size: float
    luck: str
    amount: float = 1.0


CELLS = (
    Cell(5, 20, "added", 2.0),
    Cell(8, 20, "heavy"),
    Cell(10, 30, "added", 2.0),
    Cell(12, 30, "heavy"),
    Cell(20, 10, "added", 1.0),
    Cell(20, 40, "heavy"),
    Cell(30, 30, "sizes"),
    Cell(60, 30, "added", 2.0),
    Cell(400, 1, "added", 6.0),
)


def draw(seed: int, cell: Cell) -> list[Clusters]:
    """Sums of the clusters of both groups."""
    rng = np.random.default_rng(seed)
    many = 2 * cell.clusters
    spread = 1.2 if cell.luck == "sizes" else 0.5
    customers = 2 + rng.poisson(cell.size * rng.lognormal(-(spread**2) / 2, spread, many))
    cluster = np.repeat(np.arange(many), customers)
    treated = rng.permutation(many) < cell.clusters
    sales = np.where(rng.random(len(cluster)) < 0.4, rng.lognormal(2, 0.8, len(cluster)), 0.0)
    if cell.luck == "added":
        sales = sales + rng.normal(0, cell.amount, many)[cluster]
    else:
        sales = sales * rng.lognormal(0, 1.0 if cell.luck == "heavy" else 0.3, many)[cluster]
    sales = sales + EFFECT * treated[cluster]
    return [sum_clusters(sales[who], cluster[who]) for who in (treated[cluster], ~treated[cluster])]


def find_error_one_by_one(sides: list[Clusters]) -> float:
    """Welch's standard error, as if every customer had been drawn alone."""
    variance = 0.0
    for side in sides:
        n = side.customers.sum()
        variance += (side.squares.sum() - side.total.sum() ** 2 / n) / (n - 1) / n
    return float(np.sqrt(variance))


def grade(cell: Cell, count: int) -> dict[str, object]:
    """Draw a cell again and again, and count how often both intervals hold the effect."""
    rows = []
    for seed in range(FIRST_SEED, FIRST_SEED + count):
        sides = draw(seed, cell)
        found = compare_clusters(*sides)
        reach = stats.norm.ppf(0.975) * find_error_one_by_one(sides)
        rows.append(
            {
                "plain": abs(found.effect - EFFECT) <= reach,
                "held": found.low <= EFFECT <= found.high,
                "width": (found.high - found.low) / (2 * reach),
                "icc": found.details["icc"],
                "design": found.details["design_effect"],
                "skewness": abs(find_skewness(np.concatenate([side.residuals for side in sides]))),
            }
        )
    table = pd.DataFrame(rows)
    is_skewed = table["skewness"] > table["skewness"].median()
    halves = {"even": table.loc[~is_skewed, "held"].mean(), "skewed": table.loc[is_skewed, "held"].mean()}
    low, high = stats.binom.ppf([0.0005, 0.9995], count, 0.95) / count
    is_kept = min(low, 0.93) <= table["held"].mean() <= max(high, 0.97)
    return {"cell": cell, "kept": bool(is_kept), **table.mean().to_dict(), **halves, "width": table["width"].median()}


def main() -> int:
    """Grade all cells and write the page."""
    is_quick = "--quick" in sys.argv
    many, few = (200, 40) if is_quick else (2_000, 400)
    found = []
    for cell in CELLS:
        row = grade(cell, few if cell.clusters < FEW else many)
        found.append(row)
        print(f"{cell}: {row['held']:.1%}, one by one {row['plain']:.1%}", flush=True)
    wrong = [str(row["cell"]) for row in found if not row["kept"]]
    if not is_quick:
        lines = [
            f"| {row['cell'].clusters} | {row['cell'].size:g} | {row['cell'].luck} | {row['icc']:.3f} "
            f"| {row['design']:.1f} | {row['plain']:.1%} | {row['held']:.1%} "
            f"| {row['even']:.1%} | {row['skewed']:.1%} | {row['width']:.2f} |"
            for row in found
        ]
        verdict = "All are kept." if not wrong else f"Not kept: {'; '.join(wrong)}."
        text = TEXT.format(
            first=FIRST_SEED, many=many, few=few, least=FEW, effect=EFFECT, verdict=verdict, rows="\n".join(lines)
        )
        PAGE.write_text(text, encoding="utf-8")
    print("all bounds are kept" if not wrong else f"not kept: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
