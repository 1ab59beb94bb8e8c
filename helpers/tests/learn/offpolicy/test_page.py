"""What benchmarks/offpolicy.py runs is what `value_plan` runs, and its page says what must hold."""

import importlib.util
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from loyalty.learn.offpolicy import open_log, value_plan
from loyalty.learn.offpolicy.value import Judge

ROOT = Path(__file__).parents[4]
spec = importlib.util.spec_from_file_location("offpolicy_page", ROOT / "benchmarks" / "offpolicy.py")
page = importlib.util.module_from_spec(spec)


@pytest.fixture(scope="module", autouse=True)
def loaded():
    import sys

    sys.modules["offpolicy_page"] = page
    spec.loader.exec_module(page)
    yield
    del sys.modules["offpolicy_page"]


@pytest.mark.slow
@pytest.mark.parametrize("process", ["24 segments", "six waves"])
def test_the_short_way_of_the_page_is_the_way_of_value_plan(process):
    draw = page.PROCESSES[process].draw(3)
    log, plan = page.open_draw(draw)
    whole = open_log(draw.table, covariates=["habit"] if "habit" in draw.table else [])
    for method in ("ips", "snips", "direct", "dr"):
        judge = Judge(log, [plan]).predict(method, folds=5, seed=3, model=None)
        mine = judge.value(0, np.ones(len(log), bool), method, 10.0, 0.95)
        theirs = value_plan(whole, draw.plan, method=method, seed=3)
        assert mine.value == pytest.approx(theirs.value) and mine.ess == pytest.approx(theirs.ess)
        assert (mine.low, mine.high) == pytest.approx((theirs.low, theirs.high))


def test_the_processes_are_what_the_page_says_of_them():
    def weigh(process):
        options = {name: value for name, value in page.PROCESSES[process].draw.keywords.items() if name != "n"}
        chain = page.make_chain(**options)
        return chain.planned / chain.logged, chain.logged[chain.planned == 1]

    assert f"weights up to {weigh('24 arms')[0].max():.0f}" in page.PROCESSES["24 arms"].what
    least = 100 * weigh("little overlap")[1]
    assert f"{least.min():.0f} to {least.max():.0f} of 100" in page.PROCESSES["little overlap"].what
    assert "five eighths" in page.PROCESSES["adaptive"].what
    chances = page.draw_waves(0, adaptive=True).table.query("wave > 1").filter(like="chance_")
    assert set(chances.to_numpy().ravel()) == {1 / 8, 5 / 8} and (chances.sum(axis=1) == 1).all()
    sizes = {name: len(page.PROCESSES[name].draw(0).table) for name in ("24 segments", "little overlap", "six waves")}
    assert sizes == {"24 segments": 6_000, "little overlap": 1_500, "six waves": 9_000}


def test_the_committed_page_holds_wherever_it_is_graded_and_the_check_keeps_its_size():
    text = (ROOT / "docs" / "tables" / "offpolicy.md").read_text(encoding="utf-8")
    rows = [line.split(" | ") for line in text.splitlines() if line.startswith("| ") and line.count("|") == 10]
    rows = rows[1:]  # without the heads of the columns
    judged = {(row[0].strip("| "), row[1]) for row in rows}
    assert judged == set(product(page.PROCESSES, page.METHODS)) and len(rows) == len(judged)
    graded = [row for row in rows if row[-1].strip(" |") in ("holds", "**fails**")]
    assert len(graded) >= 20 and all(row[-1].strip(" |") == "holds" for row in graded)
    asked = {"heavy tail", "rare buyers", "24 segments", "24 arms", "six waves", "the world"}
    assert {row[0].strip("| ") for row in graded} >= asked
    counts = dict(re.findall(r"- \*\*(.+)\*\*: .*; ([\d,]+) logs\.", text))
    counts = {name: int(count.replace(",", "")) for name, count in counts.items()}
    assert counts == {name: process.runs for name, process in page.PROCESSES.items()}
    assert sum(count > 1_000 for count in counts.values()) == 7  # as lesson 43 says
    assert f"{min(counts.values()):,} to {max(counts.values()):,} logs a process" in text
    assert f"judged on the first {page.FEW:,} logs" in text
    logs = int(re.search(r"off, of ([\d,]+) or more", text)[1].replace(",", ""))
    right = [line for line in text.splitlines() if line.startswith(("| *right*", "| *as contacts, right*"))]
    shares = [float(part.strip(" %|")) for line in right for part in line.split("|")[2:-1]]
    assert len(shares) == 6 and max(shares) <= 100 * binom.ppf(0.9995, logs, 0.05) / logs
