"""Speed and memory of the response history: `python benchmarks/history.py`, a million customers in 30 campaigns.

First the waves are appended, one by one, with all checks, and beside it the same rows, joined and typed already, are
inserted into a bare table of the same columns: no append can take less. Then the same question, rates by segment and
offer with intervals that know of repeated customers, is answered by the package from its file, and by plain pandas,
written straight, from a Parquet file of the same rows; each in a process of its own, both with the same rates.
`--customers N` and `--campaigns N` take other sizes; the exit code is 1 if the package needs 10 seconds or more for a
million and 30, or if an append takes more than BARE times the processor's time of the bare insert. `--kills N` only
ends N processes in the middle of an append and counts the rows that are lost or doubled afterwards.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from loyalty.learn.history.prediction import measure_decay, predict_from_past
from loyalty.learn.history.response_rates import measure_rates
from loyalty.learn.history.store import open_history

LIMIT = 10.0
BARE = 3.5  # what the checks and the join may cost, in bare inserts
SEGMENTS = np.array(["new", "loyal", "cooling", "lost"])


def make_wave(campaign: int, customers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One wave to everybody, a tenth of them control; some people respond more than others."""
    draw = np.random.default_rng(campaign)
    key = pd.DataFrame({"campaign_id": campaign, "wave": 1, "customer_id": np.arange(customers)})
    control = draw.random(customers) < 0.1
    contacts = key.assign(
        arm=np.where(control, "control", "coupon"), offer_id=np.where(control, None, f"offer {campaign % 4}"),
        segment=SEGMENTS[(np.arange(customers) + (draw.random(customers) < 0.2)) % 4],
    )  # fmt: skip
    start = pd.Timestamp("2023-01-02") + pd.Timedelta(days=28 * campaign)
    rate = 0.02 + 0.06 * (np.arange(customers) % 7 == 0)
    outcomes = key.assign(
        window="main", start=start, end=start + pd.Timedelta(days=28),
        responded=(draw.random(customers) < rate).astype("int8"), sales=draw.exponential(20, customers).round(2),
    )  # fmt: skip
    return contacts, outcomes


def append_waves(folder: Path, customers: int, campaigns: int) -> pd.DataFrame:
    """Append all waves, and insert the rows of every fifth into a bare table; seconds of each, by clock and processor.

    The bare table lies in a file of its own, and each insert is a transaction as well.
    """
    rows = []
    with open_history(folder / "responses.duckdb") as history, duckdb.connect(str(folder / "bare.duckdb")) as bare:
        for campaign in range(1, campaigns + 1):
            wave = make_wave(campaign, customers)
            row = take_time(lambda wave=wave: history.append(*wave, scheme="life cycle", version="1"), "append")
            if campaign % 5 == 1:
                joined = pa.Table.from_pandas(wave[0].merge(wave[1]).assign(scheme="life cycle", version="1"))
                bare.execute("CREATE TABLE IF NOT EXISTS rows AS SELECT * FROM joined LIMIT 0")
                row |= take_time(lambda joined=joined: bare.execute("INSERT INTO rows SELECT * FROM joined"), "bare")
            rows.append(row)
        history.rows().write_parquet(str(folder / "history.parquet"))
    (folder / "bare.duckdb").unlink()
    return pd.DataFrame(rows)


def take_time(work: Callable[[], object], name: str) -> dict[str, float]:
    """Seconds that some work takes, by the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return {name: time.perf_counter() - clock, f"{name}, processor": time.process_time() - processor}


def append_again(folder: Path, customers: int, campaigns: int) -> None:
    """Append all waves, each of which may be there already; say by a file when the first one begins."""
    with open_history(folder / "responses.duckdb") as history:
        waves = [make_wave(campaign, customers) for campaign in range(1, campaigns + 1)]
        (folder / "begun").touch()
        for wave in waves:
            history.append(*wave, scheme="life cycle", version="1")
        (folder / "done").touch()


def kill_and_complete(kills: int, customers: int = 20_000, campaigns: int = 3) -> int:
    """End processes at random moments; each history then holds whole waves only, and the same call completes it.

    Returns the number of histories in which a row was lost or doubled.
    """
    quick = "forkserver" in get_all_start_methods()  # a copy of a process that has imported everything
    process = get_context("forkserver" if quick else "spawn").Process
    moments = random.Random(17)
    wrong = 0
    left: dict[int, int] = {}
    seconds = 0.0
    for kill in range(-1, kills):  # the first one is left alone, to see how long it takes
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            work = process(target=append_again, args=(folder, customers, campaigns))
            work.start()
            while not (folder / "begun").exists() and work.is_alive():
                time.sleep(0.001)
            if kill >= 0:
                work.join(moments.random() * seconds)
                work.kill()
            work.join()
            if kill < 0:
                seconds = (folder / "done").stat().st_mtime - (folder / "begun").stat().st_mtime
            with open_history(folder / "responses.duckdb") as history:
                sizes = history.campaigns()["contacts"].tolist()
            append_again(folder, customers, campaigns)
            with open_history(folder / "responses.duckdb", read_only=True) as history:
                rows = history.to_frame()
            expected = [make_wave(campaign, customers)[1] for campaign in range(1, campaigns + 1)]
            whole = sizes == [customers] * len(sizes) and len(rows) == customers * campaigns
            same = whole and (rows["sales"].to_numpy() == pd.concat(expected)["sales"].to_numpy()).all()
            wrong += not same
            left[len(sizes)] = left.get(len(sizes), 0) + (kill >= 0)
    print(f"{kills} processes killed within {seconds:.1f} s; waves there by then: {dict(sorted(left.items()))}")
    print(f"  histories with a row lost or doubled: {wrong}")
    return wrong


def run_package(folder: Path, step: Callable[[str], None]) -> pd.DataFrame:
    """Answer from the history's file."""
    with open_history(folder / "responses.duckdb", read_only=True) as history:
        table = measure_rates(history).table
        step("rates by segment × offer")
        measure_decay(history)
        step("(decay by contact number)")
        predict_from_past(history)
        step("(past response as predictor)")
    return table.sort_values(["segment", "offer_id"], ignore_index=True)


def run_pandas(folder: Path, step: Callable[[str], None]) -> pd.DataFrame:
    """Answer with plain pandas, written straight; without shrinkage, checks and warnings."""
    columns = ["customer_id", "arm", "offer_id", "segment", "window", "responded"]
    rows = pd.read_parquet(folder / "history.parquet", columns=columns)
    rows = rows[(rows["window"] == "main") & (rows["arm"] != "control")]
    people = rows.groupby(["segment", "offer_id", "customer_id"])["responded"].agg(["size", "sum"]).reset_index()
    n, s = people["size"], people["sum"]
    people = people.assign(nn=n * n, ns=n * s, ss=s * s, customers=1)
    cells = people.groupby(["segment", "offer_id"])[["customers", "size", "sum", "nn", "ns", "ss"]].sum().reset_index()
    rate, size, g = cells["sum"] / cells["size"], cells["size"], cells["customers"]
    variance = (cells["ss"] - 2 * rate * cells["ns"] + rate**2 * cells["nn"]) / size**2
    variance *= np.where(cells["nn"] > size, g / (g - 1), 1.0)  # a customer with one contact each: plain Wilson
    effective = size / (variance / (rate * (1 - rate) / size)).clip(lower=1)
    z = 1.959963984540054
    half = z * np.sqrt(rate * (1 - rate) / effective + z**2 / (4 * effective**2)) / (1 + z**2 / effective)
    middle = (rate + z**2 / (2 * effective)) / (1 + z**2 / effective)
    step("rates by segment × offer")
    return cells.assign(n=size, rate=rate, low=middle - half, high=middle + half)


def measure(side: str, folder: Path) -> tuple[dict[str, float], float, pd.DataFrame]:
    """Run one side in this process: seconds a step, memory at its peak in MB, the table."""
    seconds: dict[str, float] = {}
    last = time.perf_counter()

    def step(name: str) -> None:
        nonlocal last
        seconds[name] = time.perf_counter() - last
        last = time.perf_counter()

    table = {"package": run_package, "pandas": run_pandas}[side](folder, step)
    return seconds, peak_memory(), table


def peak_memory() -> float:
    """Peak memory of this process in MB; not known on Windows."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def main() -> int:
    """Append, measure both sides, print, compare."""
    parser = argparse.ArgumentParser(description="Speed of the response history")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--campaigns", type=int, default=30)
    parser.add_argument("--kills", type=int, default=0)
    sizes = parser.parse_args()
    if sizes.kills:
        return int(kill_and_complete(sizes.kills) > 0)
    with tempfile.TemporaryDirectory() as name:
        folder, pool = Path(name), get_context("spawn")
        with pool.Pool(1) as process:
            waves = process.apply(append_waves, (folder, sizes.customers, sizes.campaigns))
        size = (folder / "responses.duckdb").stat().st_size / 1e6
        print(
            f"{sizes.customers:,} customers × {sizes.campaigns} campaigns = {sizes.customers * sizes.campaigns:,} rows"
        )
        sums, middle = waves.sum(), waves.median()
        print(
            f"  append: {middle['append']:.2f} s a wave (all {sums['append']:.0f} s), of the processor "
            f"{middle['append, processor']:.2f} s (all {sums['append, processor']:.0f} s), file {size:,.0f} MB"
        )
        bare = middle["append, processor"] / middle["bare, processor"]
        print(
            f"  a bare insert of the same rows: {middle['bare']:.2f} s, of the processor "
            f"{middle['bare, processor']:.2f} s; append / bare = {bare:.1f}"
        )
        found = {}
        for side in ("package", "pandas"):
            with pool.Pool(1) as process:
                found[side] = process.apply(measure, (side, folder))
            seconds, memory, _ = found[side]
            for step, time_taken in seconds.items():
                print(f"  {side:8} {step:30} {time_taken:6.1f} s")
            print(f"  {side:8} memory at its peak {memory:,.0f} MB")
    tables = [found[side][2][["n", "rate", "low", "high"]].to_numpy(float) for side in ("package", "pandas")]
    np.testing.assert_allclose(*tables, rtol=1e-9)
    ours, theirs = (found[side][0]["rates by segment × offer"] for side in ("package", "pandas"))
    print(f"  the same rates and intervals; package / pandas = {ours / theirs:.2f}")
    if bare > BARE:
        return 1
    return int(ours >= LIMIT * max(1.0, sizes.customers * sizes.campaigns / 30_000_000))


if __name__ == "__main__":
    sys.exit(main())
