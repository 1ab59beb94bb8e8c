"""Speed and memory of rule-based segmentation: `python benchmarks/segments.py` on a million customers.

Each side runs in a process of its own: the package, with all its checks and intervals, and the same tables in plain
pandas, written straight and checked by nothing. Both must give the same segments and the same money. `--customers N`
takes another number; the exit code is 1 if the package needs 10 seconds or more for a million.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from multiprocessing import get_context

import numpy as np
import pandas as pd

from loyalty.segment.rules.cards import cross_value, make_cards
from loyalty.segment.rules.life_cycle import assign_life_cycle
from loyalty.segment.rules.membership import date_memberships
from loyalty.segment.rules.migration import measure_migration
from loyalty.segment.rules.rfm import RFM_SEGMENTS, name_segments, score_rfm

DAYS = pd.to_datetime(["2025-07-01", "2025-10-01"])
LIMIT = 10.0


def make_profiles(customers: int, seed: int = 0) -> list[pd.DataFrame]:
    """Draw the profiles of two dates: rates differ between customers, some never bought."""
    rng = np.random.default_rng(seed)
    rate = rng.gamma(0.7, 12, customers)
    profiles = []
    for day in DAYS:
        frequency = rng.poisson(rate)
        bought = frequency > 0
        tenure = np.where(bought, rng.integers(1, 1_500, customers), np.nan)
        recency = np.maximum(np.ceil(tenure * rng.beta(1, 1 + frequency)), 1)
        x = np.where(bought, frequency - 1.0, np.nan)
        x = np.where(x > 0, np.where(tenure > recency, x, 0), x)
        profile = pd.DataFrame({"customer_id": np.arange(customers), "as_of": day, "recency_days": recency})
        profile["frequency"] = frequency
        profile["monetary"] = (frequency * rng.gamma(3, 9, customers)).round(2)
        profile["tenure_days"], profile["x"] = tenure, x
        profile["gap_days"] = np.where(x > 0, (tenure - recency) / np.where(x > 0, x, 1), np.nan)
        profiles.append(profile)
    return profiles


def run_package(profiles: list[pd.DataFrame], step: Callable[[str], None]) -> dict[str, object]:
    """Segment both dates with the package."""
    scores = [score_rfm(profile) for profile in profiles]
    step("scores")
    named = [name_segments(score) for score in scores]
    step("names")
    states = [assign_life_cycle(profile, gaps=(60, 180)) for profile in profiles]
    step("life cycle")
    cross = cross_value(named[0], profiles[0])
    step("segment × decile")
    cards = make_cards(named[0], profiles[0], actions=RFM_SEGMENTS.actions).table
    step("cards")
    migration = measure_migration(*named).table
    step("migration")
    spells = date_memberships([*named, *states])
    step("memberships")
    return {
        "segments": named[1]["segment"], "states": states[1]["segment"], "spells": len(spells),
        "stayed": migration.loc[migration["before"] == migration["after"], "customers"].sum(),
        "medians": cards.set_index("segment")["monetary_median"], "money": cross["money"].sum(),
    }  # fmt: skip


def run_pandas(profiles: list[pd.DataFrame], step: Callable[[str], None]) -> dict[str, object]:
    """Do the same with plain pandas, written straight."""

    def score(values: pd.Series, bins: int = 5) -> pd.Series:
        worse, better = values.rank(method="min") - 1, values.count() - values.rank(method="max")
        return (bins * worse // (worse + better)).clip(upper=bins - 1) + 1

    tables = []
    for profile in profiles:
        buyers = profile[profile["frequency"] > 0]
        table = pd.DataFrame({"r": score(-buyers["recency_days"]), "f": score(buyers["frequency"])})
        table["m"] = score(buyers["monetary"])
        table = table.reindex(profile.index, fill_value=0).astype(int)
        table["code"] = table["r"].astype("str") + "-" + table["f"].astype("str") + "-" + table["m"].astype("str")
        tables.append(pd.concat([profile, table], axis=1))
    step("scores")
    known = RFM_SEGMENTS.to_frame().set_index("code")["segment"]
    for table in tables:
        table["segment"] = table["code"].map(known)
    step("names")
    states = []
    for table in tables:
        silence = table["recency_days"]
        tests = [table["frequency"] == 0, table["tenure_days"] <= 180, silence > 180, silence > 60]
        states.append(np.select(tests, ["never bought", "new", "gone quiet", "cooling"], "active"))
        table["state"] = states[-1]
    step("life cycle")
    decile = score(tables[0]["monetary"], 10)
    cross = tables[0].groupby(["segment", decile.rename("decile")])["monetary"].agg(["size", "sum"])
    step("segment × decile")
    cards = tables[0].groupby("segment").agg(
        customers=("monetary", "size"), money=("monetary", "sum"), recency=("recency_days", "median"),
        frequency=("frequency", "median"), monetary=("monetary", "median"),
    )  # fmt: skip
    step("cards")
    both = tables[0].merge(tables[1], on="customer_id", suffixes=("_before", "_after"))
    counts = pd.crosstab(both["segment_before"], both["segment_after"])
    step("migration")
    parts = [t[["customer_id", "as_of"]].assign(scheme=n, segment=t[n]) for t in tables for n in ("segment", "state")]
    rows = pd.concat(parts).sort_values(["scheme", "customer_id", "as_of"], ignore_index=True)
    names = ["scheme", "customer_id", "segment"]
    starts = (rows[names] != rows[names].shift()).any(axis=1)
    spells = rows[starts].assign(valid_to=rows.groupby(["scheme", "customer_id"])["as_of"].shift(-1)[starts])
    step("memberships")
    return {
        "segments": tables[1]["segment"], "states": pd.Series(states[1]), "spells": len(spells),
        "stayed": np.diag(counts.reindex(index=counts.columns, fill_value=0)).sum(),
        "medians": cards["monetary"], "money": cross["sum"].sum(),
    }  # fmt: skip


def measure(side: str, customers: int) -> tuple[dict[str, float], float, float, float, dict[str, object]]:
    """Run one side in this process: seconds a step, CPU seconds, memory before and at its peak in MB, the tables."""
    profiles = make_profiles(customers)
    before = peak_memory()
    seconds: dict[str, float] = {}
    last, busy = time.perf_counter(), time.process_time()

    def step(name: str) -> None:
        nonlocal last
        moment = time.perf_counter()
        seconds[name] = moment - last
        last = moment

    found = {"package": run_package, "pandas": run_pandas}[side](profiles, step)
    return seconds, time.process_time() - busy, before, peak_memory(), found


def peak_memory() -> float:
    """Return the largest memory that this process has held so far, in MB; NaN where the system does not tell."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:  # Windows
        return float("nan")
    return getrusage(RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> int:
    """Print the comparison."""
    customers = int(sys.argv[sys.argv.index("--customers") + 1]) if "--customers" in sys.argv else 1_000_000
    sides = {}
    for side in ("package", "pandas"):
        with get_context("spawn").Pool(1) as pool:
            sides[side] = pool.apply(measure, (side, customers))
    ours, plain = sides["package"], sides["pandas"]
    table = pd.DataFrame({"package": ours[0], "pandas": plain[0]})
    table.loc["all"] = table.sum()
    table["ratio"] = table["package"] / table["pandas"]
    print(f"{customers:,} customers at two dates, seconds\n{table.round(2).to_string()}\n")
    for side, (_, busy, before, peak, _) in sides.items():
        memory = f"peak memory {peak:,.0f} MB, {peak - before:,.0f} MB above the two profiles"
        print(f"{side}: {busy:.2f} CPU seconds, {memory}")
    for name in ("segments", "states"):
        assert ours[-1][name].tolist() == plain[-1][name].tolist(), name
    assert ours[-1]["spells"] == plain[-1]["spells"] and ours[-1]["stayed"] == plain[-1]["stayed"]
    assert ours[-1]["medians"].to_dict() == plain[-1]["medians"].to_dict()
    assert round(ours[-1]["money"], 2) == round(plain[-1]["money"], 2)
    print("Both sides give the same segments, states, spells, medians and money.")
    return int(customers <= 1_000_000 and table.loc["all", "package"] >= LIMIT)


if __name__ == "__main__":
    sys.exit(main())
