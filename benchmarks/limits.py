"""What must be fast, held to a ratio: `python benchmarks/limits.py`, on the machine at hand.

A test that reads a clock fails on a slow or busy machine, for nothing. So the limits stand here, in units of a
yardstick: a fixed piece of work of NumPy, pandas and plain Python, which takes about a second of one processor of the
machine on which the limits were set. Each row is the processor's time of the best of some repeats, divided by the
yardstick's.

`--notebooks` also builds every notebook and holds each to its limit (some minutes). The exit code is 1 if a limit is
not kept.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from loyalty import datasets
from loyalty.evaluate.budget import plan_budget
from loyalty.evaluate.design import Rule, assign_arms, filter_eligible, hold_out
from loyalty.launch.project import find_project
from loyalty.launch.venv import probe
from loyalty.learn.history import open_history, predict_from_past
from loyalty.prepare.profile import build_profile
from loyalty.segment.rank import build_cohorts, measure_concentration, rank_customers
from loyalty.stats.shrinkage import shrink_rates
from loyalty.tasks import check
from loyalty.tasks.checking.grading import Task, list_tasks

ROOT = Path(__file__).resolve().parents[1]
TASK, CHECK, NOTEBOOK = 2.0, 1.0, 30.0  # the most that a task, a check and a notebook may take, in yardsticks


def lay_yardstick() -> None:
    """Do a fixed piece of work: sort, group and count, about a second of it."""
    rng = np.random.default_rng(0)
    for _ in range(7):
        numbers = rng.normal(size=2_000_000)
        np.sort(numbers)
        pd.Series(numbers).groupby(rng.integers(0, 50_000, len(numbers))).sum()
    seen: dict[int, int] = {}
    for number in range(7_000_000):
        seen[number % 1_000] = seen.get(number % 1_000, 0) + 1


def measure(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the processor's seconds of the quickest repeat, after one run to warm up."""
    work()
    took = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def make_options(segments: int, offers: int, seed: int) -> pd.DataFrame:
    """Draw what each offer would bring in each segment, and what it costs."""
    rng = np.random.default_rng(seed)
    rows = pd.MultiIndex.from_product([range(segments), range(offers)], names=["segment", "offer_id"]).to_frame(False)
    rows["customers"] = rng.integers(200, 5_000, segments)[rows["segment"]]
    rows["cost"] = rng.uniform(0.2, 3, len(rows))
    rows["profit"] = rng.normal(0.8, 1.5, len(rows))
    rows["channel"] = np.where(rows["offer_id"] % 3 == 0, "call", "mail")
    return rows.assign(offer_id="o" + rows["offer_id"].astype(str))


def plan() -> None:
    """Plan a budget over 200 segments and 8 offers."""
    plan_budget(make_options(200, 8, 1), 100_000, capacity={"call": 40_000}, caps={"o3": 20_000})


def draw() -> None:
    """Filter, draw and log 100,000 customers."""
    count = 100_000
    table = pd.DataFrame({"customer_id": np.arange(count), "store": np.arange(count) % 40, "consent": True})
    held = hold_out(table, 0.02, "u", ("2026-01-01", "2027-01-01"))
    left = filter_eligible(table, [Rule("no consent", "consent", "is", True)]).eligible
    assign_arms(left, {"mail": 0.5, "control": 0.5}, mode="blocks", salt="a", strata="store", universal=held)


def shrink() -> None:
    """Shrink the rates of 5,000 cells."""
    rng = np.random.default_rng(0)
    n = rng.choice([20, 100], 5_000)
    shrink_rates(rng.binomial(n, rng.beta(3, 57, 5_000)), n)


def profile(folder: Path) -> Callable[[], object]:
    """Write a million lines; the work is the profile of their 20,000 customers."""
    duckdb.sql(
        "SELECT i // 5 % 20_000 AS customer_id, TIMESTAMP '2017-01-01' + to_seconds(i * 28) AS time, "
        "i % 5000 / 100 AS sales, i // 5 AS basket_id, i % 5 AS line_no, i % 3 AS discount FROM "
        "range(1_000_000) AS t(i)"
    ).write_parquet(str(folder / "receipts.parquet"))
    return lambda: build_profile(folder / "receipts.parquet", "2017-12-01")


def rank(folder: Path) -> Callable[[], object]:
    """Write two million receipts; the work is to rank their million customers, measure them and follow the cohorts."""
    duckdb.sql(
        "SELECT hash(i) % 1_000_000 AS customer_id, TIMESTAMP '2017-01-01' + to_seconds(i * 15) AS time, "
        "hash(i + 1) % 9_000 / 100 AS sales FROM range(2_000_000) AS t(i)"
    ).write_parquet(str(folder / "many.parquet"))

    def work() -> None:
        ranking = rank_customers(folder / "many.parquet", "2017-01-01", "2018-01-01")
        measure_concentration(ranking)
        build_cohorts(folder / "many.parquet")

    return work


def remember(folder: Path) -> tuple[Callable[[], object], Callable[[], object]]:
    """Lay four waves of 300,000 contacts aside; the works are to append them to a new history, and to look back."""
    customers = 300_000
    rng = np.random.default_rng(0)
    waves = []
    for wave in range(4):
        key = pd.DataFrame({"campaign_id": wave, "wave": 1, "customer_id": rng.permutation(customers)})
        start = pd.Timestamp("2023-01-02") + pd.Timedelta(days=28 * wave)
        contacts = key.assign(arm=np.where(rng.random(customers) < 0.1, "control", "coupon"), offer_id="gift card")
        outcomes = key.assign(
            window="main",
            start=start,
            end=start + pd.Timedelta(days=28),
            responded=(rng.random(customers) < 0.05).astype("int8"),
        )
        waves.append((contacts, outcomes.sample(frac=1, random_state=wave)))
    path = folder / "responses.duckdb"

    def append() -> None:
        path.unlink(missing_ok=True)
        with open_history(path) as history:
            for contacts, outcomes in waves:
                history.append(contacts, outcomes)

    def look_back() -> None:
        with open_history(path, read_only=True) as history:
            predict_from_past(history)

    return append, look_back


def answer_anew(task: Task) -> None:
    """Compute a task's answers as at the first check."""
    task.compute.cache_clear()
    task.compute()


def check_twice(task: Task) -> None:
    """Check the right answer and a usual mistake."""
    answers = task.compute()
    check(task.code, answers.right)
    for mistake in answers.mistakes[:1]:
        check(task.code, mistake.value)


def measure_start(code: str) -> float:
    """Return the processor's seconds that a line takes in a new Python."""
    line = f"import time; began = time.process_time(); {code}; print(time.process_time() - began)"
    runs = [subprocess.run([sys.executable, "-c", line], capture_output=True, check=True, text=True) for _ in range(3)]
    return min(float(run.stdout) for run in runs)


def measure_all() -> list[tuple[str, float, float]]:
    """What was measured, its processor seconds, and the most it may take in yardsticks."""
    with tempfile.TemporaryDirectory() as folder:
        rows = [("profile of a million lines", measure(profile(Path(folder)), 1), 10.0)]
        rows.append(("a million customers ranked, measured, in cohorts", measure(rank(Path(folder)), 1), 5.0))
        append, look_back = remember(Path(folder))
        rows.append(("four waves of 300,000 contacts in the response history", measure(append, 1), 2.0))
        rows.append(("past response as a guide, 1.2 million contacts", measure(look_back, 1), 1.5))
    rows += [
        ("import loyalty", measure_start("import loyalty"), 0.1),
        ("a second start's look into .venv", measure(lambda: probe(find_project())), 3.0),
        ("the Complete Journey is loaded", measure(datasets.complete_journey, 1), 5.0),
        ("plan of 200 segments and 8 offers", measure(plan), 1.0),
        ("100,000 customers filtered, drawn, logged", measure(draw), 1.5),
        ("rates of 5,000 cells shrunk", measure(shrink, 1), 10.0),
    ]
    for task in (task for tasks in list_tasks().values() for task in tasks):
        rows.append((f"task {task.code}", measure(lambda t=task: answer_anew(t), 2), TASK))
        rows.append((f"check {task.code}", measure(lambda t=task: check_twice(t), 2), CHECK))
    return rows


def measure_notebooks() -> list[tuple[str, float, float]]:
    """Build every notebook into a temporary folder; seconds by the clock, two side by side."""
    sys.path.insert(0, str(ROOT))
    from authoring.build import build

    with tempfile.TemporaryDirectory() as folder:
        made = build(Path(folder))
    assert not made.errors, made.errors
    return [(f"notebook {n.path.as_posix()}", n.seconds, NOTEBOOK) for n in made.notebooks if n.variant != "exercise"]


def main() -> int:
    """Measure, print, and return 1 if something takes longer than its limit."""
    yardstick = measure(lay_yardstick)
    rows = measure_all() + (measure_notebooks() if "--notebooks" in sys.argv else [])
    print(f"the yardstick: {yardstick:.2f} s of the processor")
    late = 0
    for name, seconds, most in rows:
        ratio = seconds / yardstick
        late += ratio > most
        print(f"  {ratio:6.2f} of {most:4.1f}  {'' if ratio <= most else 'LATE  '}{name}")
    return int(late > 0)


if __name__ == "__main__":
    sys.exit(main())
