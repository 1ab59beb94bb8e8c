"""Speed of the measurement of lift: `python benchmarks/evaluate.py`, on the machine at hand.

Two races, the sides in turn, each after a run to warm up; the best of some repeats counts:

- the zero-heavy bootstrap of two arms of 100,000 customers against scipy's, for which the fastest of several batch
  sizes counts; both must find the same standard error;
- a report on 1,000,000 customers × 6 metrics from one Parquet file against tea-tasting, for which the fastest of its
  backends here counts; both must find the same effects and intervals. The package also checks the table (types, empty
  values, repeated customers, propensities) and sums third powers for its warnings; tea-tasting does not.

And the plan of a campaign for as many customers is timed: filters, universal control, draw, chances, balance, ratio.

`--placebo` times a campaign report from receipts instead, with and without the scan for the placebo lift.
`--customers N` takes another number for the report and the plan. The exit code is 1 if the bootstrap is not 5 times as
fast, the report takes more than 1.5 times as long, or the plan takes 5 seconds of the processor or more.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import tea_tasting as tt
from scipy import stats

from loyalty.evaluate.design.assignment import assign_arms
from loyalty.evaluate.design.balance import check_balance
from loyalty.evaluate.design.eligibility import filter_eligible
from loyalty.evaluate.design.holdout import hold_out
from loyalty.evaluate.design.sample_ratio import check_sample_ratio
from loyalty.evaluate.lift.bootstrap import bootstrap_gap
from loyalty.evaluate.lift.measure import measure_lifts
from loyalty.evaluate.lift.placebo import build_placebo, place_placebo
from loyalty.intake.loading import Loaded
from loyalty.report.campaign.placebo import Early, measure_placebo
from loyalty.report.campaign.report import report_campaign
from loyalty.tables.sources import open_table

ARM, DRAWS, BUYERS = 100_000, 2_000, 0.1
BATCHES = (5, 10, 20, 50, 200)
FASTER, SLOWER, LONGEST = 5.0, 1.5, 5.0
METRICS = ("responded", "orders", "sales", "margin", "redeemed", ("sales", "orders"))


def race(runs: Mapping[Any, Callable[[], Any]], repeats: int) -> tuple[dict[Any, float], dict[Any, Any]]:
    """Run all in turn, so that a busy moment hits each alike; the shortest seconds and the last results."""
    results = {name: run() for name, run in runs.items()}
    shortest = dict.fromkeys(runs, float("inf"))
    for _ in range(repeats):
        for name, run in runs.items():
            began = time.perf_counter()
            results[name] = run()
            shortest[name] = min(shortest[name], time.perf_counter() - began)
    return shortest, results


def draw_spend(buyers: float, seed: int = 0) -> list[np.ndarray]:
    """Two arms in which most customers spend nothing."""
    rng = np.random.default_rng(seed)
    return [rng.gamma(2, 20, ARM) * (rng.random(ARM) < buyers) for _ in range(2)]


def race_bootstrap() -> float:
    """Print the race; how many times as fast as scipy the package is at `BUYERS`."""
    arms = draw_spend(BUYERS)

    def gap(a: np.ndarray, b: np.ndarray, axis: int) -> np.ndarray:
        return a.mean(axis) - b.mean(axis)

    def run_scipy(batch: int) -> Any:
        options = {"n_resamples": DRAWS, "vectorized": True, "batch": batch, "method": "percentile"}
        return stats.bootstrap(arms, gap, rng=np.random.default_rng(1), **options)

    runs: dict[Any, Callable[[], Any]] = {batch: partial(run_scipy, batch) for batch in BATCHES}
    for buyers in (0.03, BUYERS, 0.3):
        sides = draw_spend(buyers)
        for way in ("percentile", "t"):
            runs[buyers, way] = partial(bootstrap_gap, *sides, draws=DRAWS, method=way)
    seconds, found = race(runs, 3)
    best = min(BATCHES, key=seconds.__getitem__)
    print(f"bootstrap, two arms of {ARM:,} customers, {DRAWS:,} draws: scipy {seconds[best]:.2f} s (batch {best})")
    for buyers, way in list(runs)[len(BATCHES) :]:
        took = seconds[buyers, way]
        print(f"  package, {buyers:.0%} buyers, {way:10}: {took:.2f} s, {seconds[best] / took:.1f} times as fast")
    assert abs(found[BUYERS, "t"].se / found[best].standard_error - 1) < 0.06
    return seconds[best] / max(seconds[BUYERS, "percentile"], seconds[BUYERS, "t"])


def write_wave(path: Path, customers: int) -> None:
    """Write the joined table of a wave."""
    rng = np.random.default_rng(0)
    mail, bought = rng.random(customers) < 0.5, rng.random(customers) < 0.1
    orders = bought * (1 + rng.poisson(0.5, customers))
    sales = np.round(orders * rng.gamma(2, 15, customers), 2)
    table = pd.DataFrame({"customer_id": np.arange(customers), "arm": np.where(mail, "mail", "control")})
    table["responded"], table["orders"], table["sales"] = bought.astype(int), orders, sales
    table["margin"] = np.round(0.3 * sales - bought * rng.random(customers), 2)
    table["redeemed"] = (mail & (rng.random(customers) < 0.03)).astype(int)
    table.sample(frac=1, random_state=0).to_parquet(path, index=False)


def race_report(customers: int) -> float:
    """Print the race; how many times as long the package takes."""
    names = {name if isinstance(name, str) else "ratio": name for name in METRICS}
    plan = {
        name: tt.Mean(metric, equal_var=False) if isinstance(metric, str) else tt.RatioOfMeans(*metric, equal_var=False)
        for name, metric in names.items()
    }
    experiment = tt.Experiment(plan, variant="arm")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "wave.parquet"
        write_wave(path, customers)
        runs = {
            "package": lambda: measure_lifts(path, metrics=METRICS),
            "DuckDB": lambda: experiment.analyze(duckdb.read_parquet(str(path)), control="control"),
            "pandas": lambda: experiment.analyze(pd.read_parquet(path), control="control"),
            "Arrow": lambda: experiment.analyze(pq.read_table(path), control="control"),
        }
        seconds, found = race(runs, 7)
    ours = seconds.pop("package")
    print(f"report, {customers:,} customers × {len(METRICS)} metrics from Parquet: package {ours:.3f} s")
    for name, took in seconds.items():
        print(f"  tea-tasting on {name}: {took:.3f} s, ratio {ours / took:.2f}")
    best = min(seconds, key=seconds.__getitem__)
    for lift, name in zip(found["package"], names, strict=True):
        other = found[best][name]
        assert np.isclose(lift.effect, other.effect_size, rtol=1e-9), name
        # Rates have Newcombe's interval here and Wald's there.
        assert lift.is_rate or np.isclose(lift.low, other.effect_size_ci_lower, rtol=1e-6), name
    return ours / seconds[best]


def time_placebo(customers: int) -> None:
    """Print what a campaign report on receipts takes of a processor, with and without the placebo's scan."""
    rng = np.random.default_rng(1)
    rows = 4 * customers
    sales = np.round(rng.gamma(2, 15, rows), 2)
    receipts = pd.DataFrame(
        {
            "customer_id": rng.integers(0, customers, rows),
            "time": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 150 * 24, rows), unit="h"),
            "sales": sales,
            "margin": np.round(0.3 * sales, 2),
            "discount": 0.0,
            "quantity": 1.0,
        }
    )
    contacts = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": np.arange(customers)})
    contacts["arm"] = np.where(rng.random(customers) < 0.9, "mail", "control")
    settings = {"start": "2024-04-01", "end": "2024-04-29", "margin_rate": 0.3}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "receipts.parquet"
        receipts.to_parquet(path, index=False)
        tables = {
            name: Loaded(name, open_table(table), len(table), tuple(table.columns), {}, ())
            for name, table in (("receipts", receipts), ("contacts", contacts))
        }
        tables["receipts"] = replace(tables["receipts"], table=open_table(path))
        began = time.process_time()
        report = report_campaign(tables, settings)
        with_it = time.process_time() - began
        began = time.process_time()
        window = place_placebo(tables["receipts"].table, start="2024-04-01", end="2024-04-29")
        outcomes = build_placebo(contacts, tables["receipts"].table, window)
        scan = time.process_time() - began
        began = time.process_time()
        measure_placebo(Early(outcomes, window), contacts, "mail", {"margin_rate": 0.3})
        measured = time.process_time() - began
    assert report.results["placebo"].days == window
    print(
        f"campaign report, {customers:,} customers × {receipts.shape[1]} columns of {rows:,} receipts: {with_it:.1f} s "
        f"of the processor, of which the placebo's scan {scan:.1f} s and its measuring {measured:.1f} s; without the "
        f"placebo {with_it - scan - measured:.1f} s, with it {with_it / (with_it - scan - measured):.2f} times as long"
    )


def time_plan(customers: int) -> float:
    """Print and return the processor's seconds of a plan, without making the customers."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"customer_id": np.arange(customers), "consent": rng.random(customers) < 0.9})
    table["stratum"] = rng.choice(["north", "south", "east", "west"], customers)
    table["sales"] = rng.gamma(2, 20, customers) * (rng.random(customers) < 0.3)
    began, wall = time.process_time(), time.perf_counter()
    eligible, _, _ = filter_eligible(table, [("consent", "consent", "is", True)])
    held = hold_out(eligible, 0.02, "programme", ("2026-01-01", "2027-01-01"))
    plan = assign_arms(
        eligible, {"mail": 0.9, "control": 0.1}, mode="hash", salt="spring", strata="stratum", campaign_id="spring",
        wave=1, universal=held,
    )  # fmt: skip
    assert len(plan.arm_probs) >= len(plan.contacts)
    check_balance(plan.contacts, eligible[["customer_id", "sales"]])
    check_sample_ratio(plan)
    took, wall = time.process_time() - began, time.perf_counter() - wall
    print(f"plan for {customers:,} customers: {took:.1f} s of the processor, {wall:.1f} s by the clock")
    return took


def main() -> int:
    """Run both races, and time the plan."""
    customers = int(sys.argv[sys.argv.index("--customers") + 1]) if "--customers" in sys.argv else 1_000_000
    if "--placebo" in sys.argv:
        time_placebo(customers)
        return 0
    faster, slower = race_bootstrap(), race_report(customers)
    planned = time_plan(customers)
    print(f"bootstrap {faster:.1f} times as fast as scipy (at least {FASTER:g})")
    print(f"report {slower:.2f} times as long as tea-tasting (at most {SLOWER:g})")
    print(f"plan {planned:.1f} s (under {LONGEST:g})")
    return int(faster < FASTER or slower > SLOWER or planned >= LONGEST)


if __name__ == "__main__":
    sys.exit(main())
