"""Speed and memory of the customer profile on receipts in a Parquet file: `python benchmarks/profile.py`.

The receipts are those of a simulated programme, sorted by time as a till writes them. Each side runs in a process of
its own, in turn, several rounds: the package with all its checks; a DuckDB query written by hand for the same columns,
alone and with a second one that looks for repeated lines, as the package does; straight pandas; and, for another
package's measure, lifetimes' recency-frequency summary, which is four of the columns. All must agree.

Writes docs/tables/profile_speed.md, one section a number of lines. `--csv` adds the same lines as CSV. `--lines
100000000 --sides package --memory 2GB --rounds 1` needs 15 GB of disk. The exit code is 1 if a limit is not kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables" / "profile_speed.md"
DAY = pd.Timestamp("2024-12-01")
LATE, EARLY = (DAY - pd.Timedelta(days=days) for days in (84, 168))
LINES_A_CUSTOMER = 42.37
SHORT, BOTH = "package, lines without numbers", "query, and a search for repeats"
REPEATS = "SELECT basket_id, line_no FROM lines GROUP BY ALL HAVING count(*) > 1"
QUERY = """
WITH receipts AS (
  SELECT customer_id, basket_id, min(time)::DATE AS day, sum(sales) AS net, sum(greatest(sales, 0)) AS paid,
    sum(CASE WHEN discount > 0 THEN greatest(sales, 0) ELSE 0 END) AS promo, sum(margin) AS margin,
    sum(CASE WHEN time >= $late THEN greatest(sales, 0) ELSE 0 END) AS late,
    sum(CASE WHEN time >= $early AND time < $late THEN greatest(sales, 0) ELSE 0 END) AS early,
    bool_or(sales >= 0) AS bought, bool_or(sales >= 0 AND lower(channel) = 'online') AS online
  FROM lines WHERE time < $day GROUP BY customer_id, basket_id
), customers AS (
  SELECT customer_id, count(*) FILTER (bought) AS frequency, sum(net) AS monetary, sum(paid) AS paid,
    sum(margin) AS margin, sum(promo) AS promo, sum(late) AS late, sum(early) AS early,
    count(*) FILTER (online) AS online, min(day) FILTER (bought) AS first_day, max(day) FILTER (bought) AS last_day,
    count(DISTINCT day) FILTER (bought) AS day_count
  FROM receipts GROUP BY customer_id
)
SELECT customer_id, $day AS as_of, date_diff('day', last_day, $day) AS recency_days, frequency, monetary,
  date_diff('day', first_day, $day) AS tenure_days, day_count - 1 AS x, last_day - first_day AS t_x,
  date_diff('day', first_day, $day) - 1 AS T, margin,
  CASE WHEN day_count > 1 THEN (last_day - first_day) / (day_count - 1) END AS gap_days,
  paid / nullif(frequency, 0) AS basket_value, promo / nullif(paid, 0) AS promo_share,
  online / nullif(frequency, 0) AS online_share, (late - early) / nullif(late + early, 0) AS trend
FROM customers ORDER BY customer_id
"""


def make_lines(folder: Path, lines: int, csv: bool) -> str:
    """Write receipts.parquet (and .csv), sorted by time, and say in words what is in it."""
    from loyalty.world import World

    World(round(lines / LINES_A_CUSTOMER), 24, seed=1).write_parquet(folder / "world", threads=2)
    limits = {"memory_limit": "3GB", "temp_directory": str(folder / "spill")}
    with duckdb.connect(config=limits) as connection:
        connection.execute("SET enable_progress_bar = false")
        parts = connection.read_parquet(str(folder / "world" / "receipts" / "*.parquet"))
        parts.order("time").write_parquet(str(folder / "receipts.parquet"), compression="zstd")
        table = connection.read_parquet(str(folder / "receipts.parquet"))
        if csv:
            table.write_csv(str(folder / "receipts.csv"))
        for path in (folder / "world").rglob("*.parquet"):
            path.unlink()
        count, customers = table.aggregate("count(*), count(DISTINCT customer_id)").fetchall()[0]
    size = (folder / "receipts.parquet").stat().st_size / 1e6
    return f"{count:,} lines of {customers:,} customers in 24 months, {size:,.0f} MB of Parquet"


def run_package(path: Path) -> pd.DataFrame:
    """Call the package as a user would: it checks the contract, repeated lines too, before it reckons."""
    from loyalty.prepare.profile import build_profile

    return build_profile(path, DAY)


def run_package_short(path: Path) -> pd.DataFrame:
    """The same without `line_no`: then nothing says what a repeated line would be, and nothing looks for it."""
    from loyalty.prepare.profile import build_profile

    return build_profile(duckdb.read_parquet(str(path)).project("* EXCLUDE line_no"), DAY)


def run_query(path: Path) -> pd.DataFrame:
    """Run the query written by hand."""
    lines = duckdb.read_csv(str(path)) if path.suffix == ".csv" else duckdb.read_parquet(str(path))  # noqa: F841
    moments = {"day": DAY, "late": LATE, "early": EARLY}
    return duckdb.sql(QUERY, params={name: moment.to_pydatetime() for name, moment in moments.items()}).df()


def run_both(path: Path) -> pd.DataFrame:
    """Look for repeated lines first, as one would by hand, then run the query."""
    lines = duckdb.read_csv(str(path)) if path.suffix == ".csv" else duckdb.read_parquet(str(path))  # noqa: F841
    assert not duckdb.sql(REPEATS).fetchall()
    return run_query(path)


def run_pandas(path: Path) -> pd.DataFrame:
    """Write the same columns straight in pandas."""
    names = ["customer_id", "time", "sales", "basket_id", "discount", "margin", "channel"]
    lines = (
        pd.read_csv(path, usecols=names, parse_dates=["time"])
        if path.suffix == ".csv"
        else pd.read_parquet(path, columns=names)
    )
    lines = lines[lines["time"] < DAY]
    lines = lines.assign(
        day=lines["time"].dt.normalize(), paid=lines["sales"].clip(lower=0), bought=lines["sales"] >= 0
    )
    lines["promo"] = lines["paid"].where(lines["discount"] > 0, 0)
    lines["late"] = lines["paid"].where(lines["time"] >= LATE, 0)
    lines["early"] = lines["paid"].where((lines["time"] >= EARLY) & (lines["time"] < LATE), 0)
    lines["online"] = lines["bought"] & (lines["channel"] == "online")
    sums = dict.fromkeys(("sales", "paid", "margin", "promo", "late", "early"), "sum")
    receipts = lines.groupby(["customer_id", "basket_id"], sort=False).agg(
        sums | {"day": "min", "bought": "max", "online": "max"}
    )
    customers = receipts.groupby("customer_id")[[*sums, "bought", "online"]].sum()
    days = receipts[receipts["bought"]].groupby("customer_id")["day"].agg(["min", "max", "nunique"])
    customers = customers.join(days)
    first, last, x = customers["min"], customers["max"], customers["nunique"] - 1
    moved = customers["late"] + customers["early"]
    table = pd.DataFrame({"recency_days": (DAY - last).dt.days, "frequency": customers["bought"]})
    table["monetary"], table["tenure_days"], table["x"] = customers["sales"], (DAY - first).dt.days, x
    table["t_x"], table["T"], table["margin"] = (last - first).dt.days, table["tenure_days"] - 1, customers["margin"]
    table["gap_days"] = table["t_x"] / x.where(x > 0)
    table["basket_value"] = customers["paid"] / customers["bought"].where(customers["bought"] > 0)
    table["promo_share"] = customers["promo"] / customers["paid"].where(customers["paid"] > 0)
    table["online_share"] = customers["online"] / customers["bought"].where(customers["bought"] > 0)
    table["trend"] = (customers["late"] - customers["early"]) / moved.where(moved > 0)
    return table.reset_index()


def run_lifetimes(path: Path) -> pd.DataFrame:
    """Make lifetimes' summary, under the profile's names; a day of returns alone would count as a purchase there."""
    from lifetimes.utils import summary_data_from_transaction_data

    lines = pd.read_parquet(path, columns=["customer_id", "time"])
    end = DAY - pd.Timedelta(days=1)
    table = summary_data_from_transaction_data(
        lines[lines["time"] < DAY], "customer_id", "time", observation_period_end=end
    )
    return table.rename(columns={"frequency": "x", "recency": "t_x"}).reset_index()


SIDES: dict[str, Callable[[Path], pd.DataFrame]] = {
    "query": run_query, BOTH: run_both, "package": run_package, SHORT: run_package_short, "pandas": run_pandas,
    "lifetimes": run_lifetimes,
}  # fmt: skip


def measure(side: str, path: Path, memory: str, result: Path) -> tuple[float, float, float]:
    """Run one side in this process: seconds, seconds of the processor, peak memory in MB; the table goes to a file."""
    duckdb.execute("SET temp_directory = ?", [str(path.parent / "spill")])
    duckdb.execute("SET enable_progress_bar = false")
    if memory:
        duckdb.execute("SET memory_limit = ?", [memory])
    SIDES[side](path.with_name("few.parquet"))  # imports and first calls are not what is measured
    start, busy = time.perf_counter(), time.process_time()
    table = SIDES[side](path)
    found = time.perf_counter() - start, time.process_time() - busy, peak_memory()
    table.to_parquet(result)
    return found


def peak_memory() -> float:
    """Peak memory of this process in MB; not known on Windows."""
    try:
        import resource
    except ImportError:
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def compare(folder: Path, sides: list[str]) -> None:
    """Hold every side's table to the query's: the same customers, numbers to nine digits."""
    wanted = pd.read_parquet(folder / "query.parquet").sort_values("customer_id", ignore_index=True)
    for side in sides:
        found = pd.read_parquet(folder / f"{side}.parquet").sort_values("customer_id", ignore_index=True)
        assert found["customer_id"].equals(wanted["customer_id"]), side
        for name in found.columns.difference(["customer_id", "as_of"]):
            np.testing.assert_allclose(
                found[name].to_numpy(float),
                wanted[name].to_numpy(float),
                rtol=1e-9,
                atol=1e-6,
                err_msg=f"{side} {name}",
            )


def run_rounds(path: Path, sides: list[str], rounds: int, memory: str) -> pd.DataFrame:
    """Measure the sides in turn, round after round, and return the medians, one row a side."""
    rows, pool = [], get_context("spawn")
    for number in range(rounds):
        for side in sides:
            with pool.Pool(1) as process:
                found = process.apply(measure, (side, path, memory, path.parent / f"{side}.parquet"))
            rows.append((side, number, *found))
            print(f"  {path.suffix} {side:30} {found[0]:6.2f} s, {found[1]:6.2f} of the processor, {found[2]:,.0f} MB")
    compare(path.parent, sides)
    table = pd.DataFrame(rows, columns=["side", "round", "seconds", "processor", "memory"]).set_index(["round", "side"])
    for name in ("seconds", "processor"):
        for peer in ("query", BOTH, "pandas"):
            if peer in sides:
                table[f"{name} / {peer}"] = table[name] / table[name].xs(peer, level="side")
    return table.groupby("side").median().reindex(sides)


def judge(table: pd.DataFrame, lines: int) -> pd.DataFrame:
    """Hold the medians against what is asked."""
    asked = [("package", "memory", 2_000 if lines <= 10_000_000 else 4_000), ("package", "seconds / query", 1.3)]
    asked += [
        (SHORT, "seconds / query", 1.3),
        ("package", f"seconds / {BOTH}", 1.3),
        ("package", "seconds / pandas", 0.6),
    ]
    asked = [(side, what, most) for side, what, most in asked if side in table.index and what in table]
    found = [table.loc[side, what] for side, what, _ in asked]
    rows = [
        (f"{side}: {what}", value, most, value <= most) for (side, what, most), value in zip(asked, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=["what", "found", "asked: at most", "kept"])


def show(table: pd.DataFrame) -> pd.DataFrame:
    """Keep the columns that a reader compares."""
    names = ["seconds", "processor", "memory", "seconds / query", "processor / query", "seconds / pandas"]
    return table[[name for name in names if name in table]].reset_index()


def to_markdown(table: pd.DataFrame) -> str:
    """Write a table as Markdown."""

    def say(value: object) -> str:
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        if isinstance(value, str):
            return value
        return "" if np.isnan(value) else f"{value:,.0f}" if value >= 100 else f"{value:.2f}"

    lines = ["| " + " | ".join(say(v) for v in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns), *lines])


def write_section(title: str, text: str) -> None:
    """Put a section into the page; the sections of other numbers of lines stay."""
    head = (
        "# Speed and memory of the customer profile\n\nMade by `python benchmarks/profile.py` on a machine with two "
        "cores, shared with other work: medians of rounds in which the sides took turns, each in a process of its own. "
        "Processor seconds are counted over all threads; memory is the process's peak in MB.\n"
    )
    old = PAGE.read_text(encoding="utf-8").split("\n## ")[1:] if PAGE.exists() else []
    sections = dict(part.split("\n", 1) for part in old) | {title: f"\n{text}\n"}
    order = sorted(sections, key=lambda name: int("".join(filter(str.isdigit, name))))
    PAGE.write_text(head + "".join(f"\n## {name}\n{sections[name].rstrip()}\n" for name in order), encoding="utf-8")


def main() -> int:
    """Make the lines, measure, compare, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    parser.add_argument("--memory", default="", help="DuckDB's memory_limit, such as 2GB; its own default otherwise")
    parser.add_argument("--csv", action="store_true")
    options = parser.parse_args()
    sides = [side for side in SIDES if side in {"query", *options.sides}]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with get_context("spawn").Pool(1) as process:
            words = process.apply(make_lines, (folder, options.lines, options.csv))
        load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "not known"
        print(words)
        duckdb.read_parquet(str(folder / "receipts.parquet")).limit(1_000).write_parquet(str(folder / "few.parquet"))
        table = run_rounds(folder / "receipts.parquet", sides, options.rounds, options.memory)
        held = f"; DuckDB held to {options.memory}" if options.memory else ""
        parts = [f"{words}{held}; rounds: {options.rounds}, load at the start: {load}."]
        parts += [to_markdown(show(table)), to_markdown(judge(table, options.lines))]
        if options.csv:
            few = [side for side in sides if side in ("query", "package", "pandas")]
            found = run_rounds(folder / "receipts.csv", few, 1, options.memory)
            size = (folder / "receipts.csv").stat().st_size / 1e6
            parts += [f"The same lines as CSV, {size:,.0f} MB, one round:", to_markdown(show(found))]
    write_section(f"{options.lines:,} lines", "\n\n".join(parts))
    print("\n\n".join(parts))
    return int(not judge(table, options.lines)["kept"].all())


if __name__ == "__main__":
    sys.exit(main())
