"""Are planted rules found, and none where there are none? How fast is the counting? Writes docs/tables/rules.md.

Worlds of 5,000 customers and 36 months, mined on the first 24 months and proved on the last twelve. Seeds 1000 to 1019
were fixed beforehand, and so were the bounds: recall of at least .8, at most 5 % of the worlds without rules (one of
twenty) with any, 30 million lines within five minutes and 6 GB, pair counting at least 20 times as fast as fpgrowth
with its rules, at the same answers. mlxtend is needed for the last one only, in an environment of its own.

    python benchmarks/rules.py                 all but fpgrowth; about five minutes of one processor
    python benchmarks/rules.py --seeds 2       a look: prints, writes nothing
    python benchmarks/rules.py --mlxtend PY    fpgrowth as well, run by the Python interpreter PY
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import numpy as np
import pandas as pd
from scipy import sparse

from loyalty.datasets import complete_journey
from loyalty.learn.offers import mine_rules
from loyalty.stats.intervals import interval_of_share
from loyalty.world import PRESETS, Parameters, World

PAGE = Path(__file__).parents[1] / "docs" / "tables" / "rules.md"
FIRST, SEEDS = 1_000, 20
CUSTOMERS, MONTHS, UNTIL = 5_000, 36, "2025-01-01"
LAG, WEEKS = (90, 210), (14, 56)
LINES = 30_000_000
RECALL, REPORTS, TIMES, MINUTES, MEMORY = 0.8, 0.05, 20.0, 5.0, 6.0
FPGROWTH = """
import json, sys, time
import pandas as pd
from mlxtend.frequent_patterns import association_rules, fpgrowth
table = pd.read_parquet(sys.argv[1])
start = time.perf_counter()
found = fpgrowth(table, min_support=float(sys.argv[2]), use_colnames=True, max_len=2)
rules = association_rules(found, metric="confidence", min_threshold=0.0)
seconds = time.perf_counter() - start
rows = [[min(x), min(y), float(s), float(c), float(l)] for x, y, s, c, l in
        zip(rules["antecedents"], rules["consequents"], rules["support"], rules["confidence"], rules["lift"])]
json.dump({"seconds": seconds, "rows": rows}, sys.stdout)
"""


def make_null() -> Parameters:
    """A chain without successions, in which everybody has the same taste."""
    base = PRESETS["default"]()
    types = tuple(replace(one, tastes=base.types[0].tastes) for one in base.types)
    return replace(base, name="no_rules", chain=replace(base.chain, successions=()), types=types)


def make_tastes() -> Parameters:
    """A chain without successions, with all the tastes of the default."""
    base = PRESETS["default"]()
    return replace(base, name="tastes_only", chain=replace(base.chain, successions=()))


CHAINS = {
    "with successions": PRESETS["default"],
    "none, tastes differ": make_tastes,
    "none, one taste": make_null,
}


def run_seed(kind: str, seed: int) -> dict[str, object]:
    """Mine and prove one world."""
    world = World(CUSTOMERS, MONTHS, seed, parameters=CHAINS[kind]())
    rules = mine_rules(world.receipts, lag=LAG, until=UNTIL)
    truth = world.truth.successions
    planted = set(zip(truth.get("first_product", ()), truth.get("then_product", ()), strict=True))
    found = set(zip(rules.found["first_product"], rules.found["then_product"], strict=True))
    proved: set[tuple[int, int]] = set()
    if found:
        table = rules.prove(world.receipts).found
        proved = set(zip(table["first_product"], table["then_product"], strict=True))
    return {
        "kind": kind,
        "seed": seed,
        "planted": len(planted),
        "found": len(found & planted),
        "false": len(found - planted),
        "proved": len(proved & planted),
        "false_proved": len(proved - planted),
        "beat_chance": int((rules.table["q_chance"] <= 0.05).sum()),
        "loose": int((rules.table["p_chance"] < 0.05).sum()),
        "compared": rules.compared,
    }


def run_worlds(seeds: int) -> pd.DataFrame:
    """All worlds, one row each."""
    return pd.DataFrame([run_seed(kind, FIRST + step) for kind in CHAINS for step in range(seeds)])


def mine_groceries() -> pd.Series:
    """Verdicts on the groups of goods of the Complete Journey; and what was proved."""
    shop = complete_journey()
    lines = shop.receipts.merge(shop.products[["product_id", "category"]].dropna(), on="product_id")
    lines = lines.drop(columns="product_id").rename(columns={"category": "product_id"})
    rules = mine_rules(lines, lag=WEEKS, until="2017-09-01")
    counts = rules.count_verdicts().set_index("verdict")["pairs"]
    proved = len(rules.prove(lines).found) if len(rules.found) else 0
    return pd.concat([counts, pd.Series({"compared": rules.compared, "proved": proved})])


# --- Speed ---------------------------------------------------------------------------------------


def write_lines(folder: Path, lines: int) -> Path:
    """Write receipts of many customers to Parquet: 600 products, 36 months, two lines a visit."""
    path = folder / "receipts.parquet"
    with duckdb.connect() as db:
        db.execute(
            f"""copy (select 1 + i // 60 as customer_id,
                timestamp '2023-01-01' + interval (cast(hash(i // 2) % 1095 as int)) day
                    + interval (cast(hash(i // 2 + 7) % 720 as int)) minute as time,
                1 + cast(600 * pow((hash(i * 3 + 1) % 1000003) / 1000003.0, 2) as int) % 600 as product_id,
                1.0 + hash(i) % 20 as sales from range({lines}) t(i)) to '{path}' (format parquet)"""
        )
    return path


def measure_size(lines: int) -> dict[str, float]:
    """Seconds and peak memory of mining so many lines, in a process of its own."""
    with TemporaryDirectory() as folder:
        path = write_lines(Path(folder), lines)
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(path)], capture_output=True, text=True, check=True
        )
    return dict(json.loads(done.stdout))


def mine_one(path: str) -> None:
    """Mine one file, and print seconds and gigabytes."""
    start = time.perf_counter()
    rules = mine_rules(path, lag=LAG)
    seconds = time.perf_counter() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": seconds, "memory": memory, "compared": rules.compared, "found": len(rules.found)}))


def count_baskets(table: sparse.csr_array, least: float) -> pd.DataFrame:
    """Pairs of one basket by one product of sparse tables, the way `count_pairs` counts its windows."""
    n = table.shape[0]
    pairs = (table.T @ table).tocoo()
    single = np.asarray(table.sum(axis=0)).ravel()
    first, then = pairs.coords
    here = (first != then) & (pairs.data >= least * n)
    first, then, both = first[here], then[here], pairs.data[here]
    confidence = both / single[first]
    frame = pd.DataFrame({"first": first, "then": then, "support": both / n, "confidence": confidence})
    return frame.assign(lift=confidence / (single[then] / n))


def compare_fpgrowth(python: str, least: float = 0.005) -> dict[str, float]:
    """Hold pair counting against fpgrowth with rules, on the baskets of the Complete Journey."""
    shop = complete_journey()
    lines = shop.receipts.merge(shop.products[["product_id", "category"]].dropna(), on="product_id")
    basket, _ = pd.factorize(lines["basket_id"])
    group, names = pd.factorize(lines["category"], sort=True)
    table = sparse.coo_array((np.ones(len(lines), np.float32), (basket, group))).tocsr()
    table.sum_duplicates()
    table.data[:] = 1
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        ours = count_baskets(table, least)
        seconds.append(time.perf_counter() - start)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "baskets.parquet"
        pd.DataFrame(table.toarray().astype(bool), columns=[str(name) for name in names]).to_parquet(path)
        done = subprocess.run(
            [python, "-c", FPGROWTH, str(path), str(least)], capture_output=True, text=True, check=True
        )
    theirs = json.loads(done.stdout)
    other = pd.DataFrame(theirs["rows"], columns=["first", "then", "support", "confidence", "lift"])
    mine = ours.assign(first=names[ours["first"]], then=names[ours["then"]])
    both = mine.merge(other, on=["first", "then"], how="outer", suffixes=("", "_other"))
    gap = max(float((both[name] - both[f"{name}_other"]).abs().max()) for name in ("support", "confidence", "lift"))
    same = len(both) == len(mine) == len(other) and gap < 1e-4
    return {
        "baskets": table.shape[0],
        "rules": len(mine),
        "ours": float(np.median(seconds)),
        "theirs": theirs["seconds"],
        "times": theirs["seconds"] / float(np.median(seconds)),
        "same": float(same),
    }


# --- The page ------------------------------------------------------------------------------------


def _say_share(count: int, total: int) -> str:
    low, high = interval_of_share(count, total)
    return f"{count} of {total} = {count / total:.1%} ({float(low):.1%} to {float(high):.1%})"


HEAD = (
    "| chain | worlds | planted rules found | of them proved | worlds with a rule that is none | and proved "
    "| beat chance, mean | p < .05, mean |"
)


def _say_bound(*kept: bool) -> str:
    return "**holds**" if all(kept) else "**does not hold**"


def write_page(worlds: pd.DataFrame, groceries: pd.Series, size: dict, peer: dict | None) -> Iterator[str]:
    """Write the page, line by line."""
    last = FIRST + len(worlds) // len(CHAINS) - 1
    yield "# Timed rules: found where they are, and not where they are not"
    yield ""
    yield (
        f"Made by `python benchmarks/rules.py`. Worlds of {CUSTOMERS:,} customers and {MONTHS} months, seeds {FIRST} "
        f"to {last}; mined before {UNTIL}, proved after it; {LAG[0]} to {LAG[1]} days. "
        "Seeds and bounds were fixed beforehand."
    )
    yield ""
    yield HEAD
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for kind, rows in worlds.groupby("kind", sort=False):
        planted, found, n = int(rows["planted"].sum()), int(rows["found"].sum()), len(rows)
        cells = [str(kind), str(n)]
        cells += [_say_share(found, planted), _say_share(int(rows["proved"].sum()), found)] if planted else ["–", "–"]
        cells += [_say_share(int((rows["false"] > 0).sum()), n), str(int((rows["false_proved"] > 0).sum()))]
        cells += [f"{rows[name].mean():,.0f}" for name in ("beat_chance", "loose")]
        yield f"| {' | '.join(cells)} |"
    real = worlds[worlds["kind"] == "with successions"]
    none = worlds[worlds["kind"] == "none, one taste"]
    recall = real["found"].sum() / real["planted"].sum()
    reports = (none["false"] > 0).mean()
    yield ""
    yield f"- Recall at least {RECALL:.0%}: {_say_bound(recall >= RECALL)} ({recall:.1%})."
    yield (
        f"- At most {REPORTS:.0%} of the worlds without rules and with one taste report any: "
        f"{_say_bound(reports <= REPORTS)} ({reports:.0%})."
    )
    yield from ["", "## Groceries", ""]
    listed = ", ".join(f"{name} {int(count):,}" for name, count in groceries.drop("compared").items())
    yield (
        f"The Complete Journey, groups of goods, {WEEKS[0]} to {WEEKS[1]} days, mined before 2017-09-01. "
        f"Of {int(groceries['compared']):,} pairs: {listed}."
    )
    yield from ["", "## Speed", ""]
    yield (
        f"- {LINES:,} lines of 500,000 customers from a Parquet file: {size['seconds']:.0f} s, "
        f"{size['memory']:.1f} GB at the peak, {int(size['compared']):,} pairs compared. Bound of {MINUTES:.0f} "
        f"minutes and {MEMORY:.0f} GB: {_say_bound(size['seconds'] <= 60 * MINUTES, size['memory'] <= MEMORY)}."
    )
    if peer is None:
        yield "- fpgrowth was not at hand in this run."
        return
    yield (
        f"- {int(peer['baskets']):,} baskets of the Complete Journey: {int(peer['rules']):,} rules in "
        f"{peer['ours']:.2f} s, mlxtend's fpgrowth with rules {peer['theirs']:.1f} s: {peer['times']:.0f} times, "
        f"{'the same' if peer['same'] else 'OTHER'} answers. Bound of {TIMES:.0f} times: "
        f"{_say_bound(peer['times'] >= TIMES, bool(peer['same']))}."
    )


def main() -> None:
    """Run all, and write the page."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--mlxtend", default="")
    parser.add_argument("--one", default="")
    given = parser.parse_args()
    if given.one:
        mine_one(given.one)
        return
    worlds = run_worlds(given.seeds)
    if given.seeds != SEEDS:
        print(worlds.to_string())
        return
    peer = compare_fpgrowth(given.mlxtend) if given.mlxtend else None
    lines = write_page(worlds, mine_groceries(), measure_size(LINES), peer)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
