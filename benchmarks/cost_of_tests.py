"""What the tests cost in processor seconds: `python benchmarks/cost_of_tests.py`, with pytest's own arguments after it.

Runs the tests that a newcomer waits for (`-m "not slow"`, unless arguments say otherwise) one after another, and prints
the sum, the folders and files that cost most, and each test that costs more than its share and is not marked `slow`.
Alone on the machine: beside other work the same tests cost a tenth more.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator

import pytest

MOST = 0.6  # seconds of a processor that one quick test may take; its file's tables are counted with the first


def read_processor() -> float:
    """Return the seconds that this process and its ended children have had of a processor."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


class Meter:
    """Counts the processor's seconds of each test, with the fixtures that it was the first to need."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.collecting = 0.0

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self, session: pytest.Session) -> Generator[None, object, object]:
        """Time the collection of all tests."""
        began = read_processor()
        result = yield
        self.collecting = read_processor() - began
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Time one test, from its first fixture to its last."""
        began = read_processor()
        result = yield
        self.seconds[item.nodeid] = read_processor() - began
        return result


def print_costs(meter: Meter) -> None:
    """Print the sum, then folders, files and single tests, dearest first."""
    import pandas as pd  # not before conftest.py has said that one thread is enough

    costs = pd.Series(meter.seconds, name="seconds", dtype=float)
    files = costs.index.str.split("::").str[0]
    folders = files.str.split("/").str[1:4].str.join("/")
    print(f"\n{len(costs):,} tests: {costs.sum():.1f} s of a processor, and {meter.collecting:.1f} s to collect them.")
    for title, keys in (("Folders", folders), ("Files", files)):
        table = costs.groupby(keys).agg(["size", "sum"]).sort_values("sum", ascending=False).head(15)
        print(f"\n{title}\n{table.round(1).to_string()}")
    dear = costs[costs > MOST].sort_values(ascending=False)
    print(f"\n{len(dear)} tests over {MOST} s, together {dear.sum():.1f} s\n{dear.round(2).to_string()}")


def main() -> int:
    """Run the tests and print what they cost; the exit code is pytest's."""
    os.environ["PYTEST_XDIST_WORKER"] = "gw0"  # one processor for DuckDB, as side by side
    meter = Meter()
    code = pytest.main(["-q", "-p", "no:cacheprovider", *(sys.argv[1:] or ["-m", "not slow"])], plugins=[meter])
    print_costs(meter)
    return int(code)


if __name__ == "__main__":
    raise SystemExit(main())
