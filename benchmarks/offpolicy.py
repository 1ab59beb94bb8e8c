"""Does the interval of another plan's value hold? Writes docs/tables/offpolicy.md.

Each replication draws customers and a log, and values another plan on it; what the plan is worth is known. Policies are
fixed, but for the process "adaptive". One process is the simulated chain; seeds are 0, 1, 2, …, and sizes were fixed
beforehand.

    python benchmarks/offpolicy.py                all; about half an hour of one processor
    python benchmarks/offpolicy.py --rows kept    the same; keeps rows in a folder, and goes on from there
    python benchmarks/offpolicy.py --runs 20      a look: prints, writes nothing
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from loyalty.learn.offpolicy import PolicyLog, check_chances
from loyalty.learn.offpolicy.value import CUT, Judge
from loyalty.tasks.t43.scene import find_outcomes

PAGE = Path(__file__).parents[1] / "docs" / "tables" / "offpolicy.md"
RUNS = 2_000
WORLDS = 10
FEW = 400  # logs for methods whose bias is no matter of thousands
METHODS = ("ips", "snips", "clipped", "switch", "direct", "dr")
LOW, HIGH = 0.93, 0.97  # of the coverage, where fewer than half of the logs warn
# What every direct estimate says
ALWAYS = ("the model is taken",)


@dataclass(frozen=True)
class Draw:
    """One log as it would be handed over, the plan, and what the plan and the one that ran are worth."""

    table: pd.DataFrame
    plan: pd.DataFrame
    truth: float
    own: float


@dataclass(frozen=True)
class Chain:
    """A made-up chain: what an arm brings in a segment, and by which chances it was sent.

    Attributes
    ----------
    share : array, segments
    buys, spends : arrays, segments × arms
        Chance of a purchase, and its mean.
    logged, planned : arrays, segments × arms
        Chances of the log and of the plan.
    tail : float
        Deviation of the logarithm of a purchase.
    """

    share: np.ndarray
    buys: np.ndarray
    spends: np.ndarray
    logged: np.ndarray
    planned: np.ndarray
    tail: float = 0.8

    @property
    def truth(self) -> tuple[float, float]:
        """What the plan, and the plan that ran, bring a row."""
        mean = self.buys * self.spends
        return float(self.share @ (self.planned * mean).sum(axis=1)), float(
            self.share @ (self.logged * mean).sum(axis=1)
        )

    def draw(self, rng: np.random.Generator, n: int) -> Draw:
        """Draw one log of n customers, a row each."""
        segment = rng.choice(len(self.share), n, p=self.share)
        chances = self.logged[segment]
        arm = pick(chances, rng)
        mean = self.spends[segment, arm]
        amount = mean * np.exp(self.tail * rng.standard_normal(n) - self.tail**2 / 2)
        profit = np.where(rng.random(n) < self.buys[segment, arm], amount, 0.0)
        table = write(np.arange(n), 1, segment, arm, chances, profit)
        return Draw(table, write_plan(self.planned), *self.truth)


def pick(chances: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw the place of an arm for each row."""
    luck = rng.random(len(chances))
    return np.minimum((luck[:, None] >= chances.cumsum(axis=1)).sum(axis=1), chances.shape[1] - 1)


def name_arm(place: int) -> str:
    """The name of an arm by its place; control is the first."""
    return f"offer {place:02d}" if place else "control"


def write(
    ids: np.ndarray, wave: int, segment: np.ndarray, arm: np.ndarray, chances: np.ndarray, profit: np.ndarray
) -> pd.DataFrame:
    """Write a log as an analyst has it."""
    names = np.array([name_arm(place) for place in range(chances.shape[1])])
    table = pd.DataFrame(
        {"customer_id": ids, "wave": wave, "segment": segment.astype(str), "arm": names[arm], "profit": profit}
    )
    return pd.concat([table, pd.DataFrame(chances, columns=[f"chance_{name}" for name in names])], axis=1)


def write_plan(planned: np.ndarray) -> pd.DataFrame:
    """Write a plan by segment."""
    names = [f"chance_{name_arm(place)}" for place in range(planned.shape[1])]
    return pd.DataFrame(planned, columns=names).assign(segment=np.arange(len(planned)).astype(str))


@cache
def make_chain(
    segments: int, arms: int, buys: float, floor: float, tail: float, spend: float, *, against: bool = False
) -> Chain:
    """Make a chain whose tastes and chances are drawn once: the log leans to some arms, the plan to others.

    With `against` the plan wants in each segment the arm that the log gave least.
    """
    rng = np.random.default_rng([43, segments, arms])
    share = rng.dirichlet(np.full(segments, 6.0))
    rate = np.clip(buys * np.exp(0.25 * rng.standard_normal((segments, arms))), 0, 0.95)
    spends = spend * np.exp(0.15 * rng.standard_normal((segments, arms)))
    logged = floor + (1 - arms * floor) * rng.dirichlet(np.full(arms, 0.7), segments)
    wanted = rng.integers(0, arms, segments)
    planned = 0.7 * np.eye(arms)[wanted] + 0.3 * rng.dirichlet(np.ones(arms), segments)
    if against:
        planned = np.eye(arms)[logged.argmin(axis=1)]
    return Chain(share, rate, spends, logged, planned, tail)


def draw_chain(seed: int, n: int, **chain: Any) -> Draw:
    """Draw a log of a made-up chain."""
    return make_chain(**chain).draw(np.random.default_rng([1, seed]), n)


def draw_waves(seed: int, *, adaptive: bool = False) -> Draw:
    """Draw six waves of the same 1,500 customers, who differ much and stay as they are.

    In the adaptive log the arm that was best so far gets five eighths of the chance, each other one an eighth.
    """
    rng = np.random.default_rng([2, seed])
    n, waves, arms = 1_500, 6, 4
    segment = rng.integers(0, 3, n)
    habit = rng.gamma(0.8, 5.0, n)  # mean 4
    lift = np.array([[0.0, 0.6, 0.2, -0.3], [0.0, -0.4, 0.5, 0.4], [0.0, 0.1, 0.1, 0.9]])
    planned = np.array([[0.1, 0.7, 0.1, 0.1], [0.1, 0.0, 0.5, 0.4], [0.0, 0.0, 0.2, 0.8]])
    fixed = np.array([[0.4, 0.2, 0.2, 0.2], [0.1, 0.4, 0.3, 0.2], [0.3, 0.3, 0.3, 0.1]])
    parts = []
    logged = fixed
    for wave in range(1, waves + 1):
        chances = logged[segment]
        arm = pick(chances, rng)
        bought = rng.random(n) < 0.4
        profit = bought * habit / 0.4 + lift[segment, arm] + rng.normal(0, 2, n) + 0.5 * wave
        parts.append(write(np.arange(n), wave, segment, arm, chances, profit).assign(habit=habit))
        if adaptive:
            seen = pd.concat(parts).groupby(["segment", "arm"])["profit"].mean().unstack().to_numpy()
            logged = 0.125 + 0.5 * np.eye(arms)[np.nanargmax(seen, axis=1)]
    level = 4.0 + 0.5 * np.arange(1, waves + 1).mean()
    # What the plan that ran is worth depends, in an adaptive log, on how it went: the mean over its chances
    table = pd.concat(parts, ignore_index=True)
    ran = table[[f"chance_{name_arm(place)}" for place in range(arms)]].to_numpy()
    own = (
        level + float((ran * lift[table["segment"].astype(int)]).sum(axis=1).mean())
        if adaptive
        else (level + float((fixed * lift).sum(axis=1).mean()))
    )
    return Draw(table, write_plan(planned), level + float((planned * lift).sum(axis=1).mean()), own)


def draw_world(seed: int) -> Draw:
    """Draw 5,000 customers with replacement from one of ten chains of lesson 42, and a log by a fixed policy."""
    segment, usual, outcomes, _ = find_outcomes(seed % WORLDS)
    rng = np.random.default_rng([3, seed])
    groups, arms = segment.max() + 1, outcomes.shape[1]
    shape = np.random.default_rng([43, 7])
    logged = 0.05 + (1 - 0.05 * arms) * shape.dirichlet(np.ones(arms), groups)
    planned = 0.8 * np.eye(arms)[shape.integers(0, arms, groups)] + 0.2 / arms
    who = rng.integers(0, len(segment), 5_000)
    chances = logged[segment[who]]
    arm = pick(chances, rng)
    table = write(np.arange(len(who)), 1, segment[who], arm, chances, outcomes[who, arm]).assign(habit=usual[who])
    truth = float((planned[segment] * outcomes).sum(axis=1).mean())
    own = float((logged[segment] * outcomes).sum(axis=1).mean())
    return Draw(table, write_plan(planned), truth, own)


@dataclass(frozen=True)
class Process:
    """One process: what it is, how a log is drawn, and how many logs."""

    what: str
    draw: Callable[[int], Draw]
    runs: int = RUNS


PROCESSES = {
    "heavy tail": Process(
        "15,000 customers, 3 segments, 4 arms; 40 % buy, lognormal spend with a deviation of 1",
        partial(draw_chain, n=15_000, segments=3, arms=4, buys=0.4, floor=0.15, tail=1.0, spend=20.0),
    ),
    "rare buyers": Process(
        "30,000 customers, 4 segments, 3 arms; 3 % buy",
        partial(draw_chain, n=30_000, segments=4, arms=3, buys=0.03, floor=0.25, tail=0.5, spend=40.0),
    ),
    "24 segments": Process(
        "6,000 customers, 24 segments, 6 arms; 40 % buy",
        partial(draw_chain, n=6_000, segments=24, arms=6, buys=0.4, floor=0.1, tail=0.6, spend=15.0),
    ),
    "24 arms": Process(
        "12,000 customers, 3 segments, 24 arms; 40 % buy; weights up to 23",
        partial(draw_chain, n=12_000, segments=3, arms=24, buys=0.4, floor=0.03, tail=0.6, spend=15.0),
    ),
    "six waves": Process("the same 1,500 customers six times; they differ much, and stay as they are", draw_waves),
    "the world": Process("5,000 customers drawn from ten chains of lesson 42, 5 arms, 6 segments", draw_world),
    "little overlap": Process(
        "1,500 customers, 3 segments, 6 arms; the plan wants the arm that the log gave least, 2 to 6 of 100",
        partial(draw_chain, n=1_500, segments=3, arms=6, buys=0.3, floor=0.02, tail=0.8, spend=20.0, against=True),
    ),
    "very heavy tail": Process(
        "as *heavy tail*, with a deviation of 1.7",
        partial(draw_chain, n=15_000, segments=3, arms=4, buys=0.4, floor=0.15, tail=1.7, spend=20.0),
        500,
    ),
    "adaptive": Process(
        "six waves in which the arm that was best so far gets five eighths of the chance: not graded",
        partial(draw_waves, adaptive=True),
        500,
    ),
}


def make_log(table: pd.DataFrame) -> PolicyLog:
    """Make the log as `open_log` does, without its checks, which take most of the time."""
    names = [name for name in table if name.startswith("chance_")]
    chances = table[names].to_numpy()
    arms = tuple(name.removeprefix("chance_") for name in names)
    arm = pd.Index(arms).get_indexer(pd.Index(table["arm"]))
    covariates = ("habit",) if "habit" in table else ()
    rows = table[["wave", "customer_id", "segment", *covariates]].assign(campaign_id="campaign")
    own = chances[np.arange(len(arm)), arm]
    customer = table["customer_id"].to_numpy()
    return PolicyLog(rows, arms, arm, own, chances, table["profit"].to_numpy(), "profit", customer, covariates)


def open_draw(draw: Draw) -> tuple[PolicyLog, np.ndarray]:
    """Make the log and the plan of a draw."""
    log = make_log(draw.table)
    names = [f"chance_{arm}" for arm in log.arms]
    return log, draw.plan.set_index("segment")[names].loc[draw.table["segment"]].to_numpy()


def run_one(seed: int, process: str) -> list[dict[str, object]]:
    """Value the plan on one log by all methods, as `value_plan` does, with the log read and the models fitted once."""
    draw = PROCESSES[process].draw(seed)
    log, plan = open_draw(draw)
    plain = Judge(log, [plan])
    crossed = plain.predict("dr", folds=5, seed=seed, model=None)
    whole = plain.predict("direct", folds=5, seed=seed, model=None)
    here = np.ones(len(log), bool)
    rows = []
    for method in METHODS:
        if method in CUT and seed >= FEW:
            continue
        judge = {"dr": crossed, "switch": crossed, "direct": whole}.get(method, plain)
        found = judge.value(0, here, method, 10.0, 0.95)
        gap = found.difference
        rows.append(
            {
                "process": process,
                "seed": seed,
                "method": method,
                "value": found.value,
                "width": found.high - found.low,
                "truth": draw.truth,
                "holds": found.low <= draw.truth <= found.high,
                "gap_holds": gap.low <= draw.truth - draw.own <= gap.high,
                "ess": found.ess,
                "warns": any(not text.startswith(ALWAYS) for text in found.warnings),
            }
        )
    return rows


def keep(kind: str, name: str, seeds: range, kept: Path, make: Callable[[], list[dict[str, object]]]) -> pd.DataFrame:
    """Make the rows of some seeds, or read what was kept of them; `seconds` are those of a processor."""
    path = kept / f"{kind} {name} {seeds.start:05d}.parquet".replace("/", "-").replace("%", "")
    if path.exists():
        return pd.read_parquet(path)
    gc.freeze()  # Holm's correction of statsmodels collects garbage at each call
    started = time.process_time()
    with threadpool_limits(1):
        rows = pd.DataFrame(make())
    rows["seconds"] = (time.process_time() - started) / len(rows)
    rows.to_parquet(path)
    return rows


def run_chunk(task: tuple[str, range], kept: Path) -> pd.DataFrame:
    """Run some seeds of one process."""
    process, seeds = task
    return keep("value", process, seeds, kept, lambda: [row for seed in seeds for row in run_one(seed, process)])


CASES = {
    "right": "the chances that were drawn from",
    "1/n for 30, 30, 20 and 20 %": "one quarter for each arm",
    "1/n by segment": "one quarter each, where in each segment another arm had 40 % and on average all had the same",
    "1/n, hidden": "the same, and the segment is not in the log",
    "shuffled": "chances of another customer, where all differ",
    "as contacts": "one quarter for 30, 30, 20 and 20 %, the chances of the other arms not known",
    "as contacts, right": "the chance of the drawn arm alone, and right",
}
SIZES = (1_000, 5_000, 20_000)
CHECKED = 1_000


def cry_chunk(task: tuple[str, int, range], kept: Path) -> pd.DataFrame:
    """Check the logged chances of some logs."""
    what, n, seeds = task
    name = f"{what} {n}"
    return keep("check", name, seeds, kept, lambda: [{"what": what, "n": n, "cries": cry(s, n, what)} for s in seeds])


def cry(seed: int, n: int, what: str) -> bool:
    """Whether the check says that the chances of one log are off, at 5 %."""
    rng = np.random.default_rng([5, seed, n])
    segment = rng.integers(0, 4, n)
    chances = np.tile([0.3, 0.3, 0.2, 0.2], (n, 1))
    if what in ("1/n by segment", "1/n, hidden"):
        chances = 0.2 + 0.2 * np.eye(4)[segment]
    if what == "shuffled":
        chances = rng.dirichlet(np.full(4, 3.0), n)
    arm = pick(chances, rng)
    logged = chances
    if "1/n" in what or what == "as contacts":
        logged = np.full((n, 4), 0.25)
    if what == "shuffled":
        logged = rng.permutation(chances)
    table = write(np.arange(n), 1, segment * (what != "1/n, hidden"), arm, logged, np.zeros(n))
    log = make_log(table)
    if what.startswith("as contacts"):
        log = replace(log, chances=None)
    return not check_chances(log).fits


def write_page(rows: pd.DataFrame, cries: pd.DataFrame, minutes: float) -> Iterator[str]:
    """Write the page, line by line."""
    yield "# Does the interval of another plan's value hold?\n"
    logs = rows.groupby("process")["seed"].nunique()
    yield (
        f"Made by `python benchmarks/offpolicy.py`: {logs.min():,} to {logs.max():,} logs a process (seeds 0, 1, 2, …, "
        "never picked), by fixed policies but for *adaptive*. "
        "*Holds* is the share of 95 % intervals that hold the value of the plan in one "
        "wave, which is known; *difference* the same for the plan less the one that ran. *Warns* is the share of logs "
        "in which the result warns. Where fewer than half warn, the coverage must lie between "
        f"{LOW:.0%} and {HIGH:.0%}; else it is shown and not graded. *Bias* is the mean error in percent of the value, "
        f"*width* the mean width of the interval in percent of it. It took {minutes:.0f} minutes of processors.\n"
    )
    heads = ("process", "method", "ESS", "bias, %", "width, %", "holds, %", "difference, %", "warns, %", "graded")
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for process in PROCESSES:
        for method in rows["method"].unique():
            mine = rows[(rows["process"] == process) & (rows["method"] == method)]
            truth = mine["truth"].mean()
            bias = 100 * (mine["value"] - mine["truth"]).mean() / truth
            width = 100 * mine["width"].mean() / truth
            holds, gap, warns = (mine[name].mean() for name in ("holds", "gap_holds", "warns"))
            grade = "no" if warns >= 0.5 or process == "adaptive" else say_grade(holds, gap)
            numbers = f"{mine['ess'].mean():,.0f} | {bias:.2f} | {width:.1f} | {100 * holds:.1f} | {100 * gap:.1f}"
            yield f"| {process} | {method} | {numbers} | {100 * warns:.0f} | {grade} |"
    few = rows[rows["method"].isin(CUT)].groupby("process")["seed"].nunique().max()
    yield f"\nClipped and switched weights were judged on the first {few:,} logs.\n"
    yield "\n## The processes\n"
    for name, process in PROCESSES.items():
        yield f"- **{name}**: {process.what}; {logs[name]:,} logs."
    share = cries.groupby(["what", "n"])["cries"].mean().unstack()
    least = int(cries.groupby(["what", "n"]).size().min())
    yield "\n## What the check of the logged chances sees\n"
    yield (
        "`check_chances` at 5 %, four arms, four segments: the share of logs in which it says that the chances are "
        f"off, of {least:,} or more. In the rows *right* that is its size, in the others its power.\n"
    )
    yield f"| logged | {' | '.join(f'{n:,} rows' for n in SIZES)} |\n|{'---|' * (1 + len(SIZES))}"
    for what, says in CASES.items():
        row = share.loc[what]
        yield f"| *{what}*: {says} | {' | '.join(f'{100 * row[n]:.1f} %' for n in SIZES)} |"
    yield (
        "\nWhere 1/n is right on average in every column of the log, nothing can be seen, and the value is wrong "
        "all the same.\n"
    )


def say_grade(holds: float, gap: float) -> str:
    """Whether both coverages lie where they must."""
    return "holds" if LOW <= holds <= HIGH and LOW <= gap <= HIGH else "**fails**"


def list_chunks(runs: int) -> list[range]:
    """Cut the seeds into chunks of fifty."""
    return [range(at, min(at + 50, runs)) for at in range(0, runs, 50)]


def main() -> None:
    """Run all processes, or go on where a folder of kept rows ends."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="a folder: keep the rows of each fifty logs there, and go on from it")
    parser.add_argument(
        "--so-far", action="store_true", help="write the page from what the folder holds, and run nothing"
    )
    chosen = parser.parse_args()
    kept = chosen.rows or Path(mkdtemp())
    kept.mkdir(parents=True, exist_ok=True)
    if chosen.so_far:
        parts = [
            [pd.read_parquet(path) for path in sorted(kept.glob(f"{kind} *.parquet"))] for kind in ("value", "check")
        ]
        finish(*(pd.concat(part, ignore_index=True) for part in parts), write=True)
        return
    # Chunk by chunk through all processes, so that a look at half of it is a look at all of them
    values = [
        (name, seeds)
        for at, seeds in enumerate(list_chunks(chosen.runs))
        for name, process in PROCESSES.items()
        if at * 50 < process.runs
    ]
    checks = list(product(CASES, SIZES, list_chunks(min(chosen.runs, CHECKED))))
    with ProcessPoolExecutor(chosen.processes) as pool:
        rows = pd.concat(pool.map(partial(run_chunk, kept=kept), values), ignore_index=True)
        cries = pd.concat(pool.map(partial(cry_chunk, kept=kept), checks), ignore_index=True)
    finish(rows, cries, write=chosen.runs >= RUNS)


def finish(rows: pd.DataFrame, cries: pd.DataFrame, *, write: bool) -> None:
    """Print the page, and write it."""
    page = "\n".join(write_page(rows, cries, (rows["seconds"].sum() + cries["seconds"].sum()) / 60))
    print(page)
    if write:
        PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
