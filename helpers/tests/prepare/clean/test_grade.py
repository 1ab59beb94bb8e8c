"""The cleaning graded on exports whose faults are known: benchmarks/clean.py has the twenty seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "benchmarks"))

import clean as benchmark  # noqa: E402

SLOW = [pytest.param(seed, marks=pytest.mark.slow) for seed in benchmark.SEEDS]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *SLOW])
def test_what_was_planted_is_found_and_good_lines_stay(seed):
    grade = benchmark.grade_export(seed, 5_000 if seed else 3_000, 6 if seed else 4, spotless=seed > 0)
    assert benchmark.list_failures([grade]) == []
    assert grade.false_findings == 0


def test_a_cleaning_that_does_nothing_finds_nothing_and_one_that_removes_all_harms_all(tmp_path):
    from loyalty.prepare.clean import read_till_files
    from loyalty.world import World

    export = World(customers=600, months=3, seed=7, preset="small_chain").export_dirty(tmp_path, months=3)
    lines = read_till_files(tmp_path).assign(ask="")
    nothing = export.truth.grade(lines, lines.head(0))
    faults = nothing.drop(["repeat purchase", "a good line"])
    assert (faults.loc[faults.index != "no line number", "share"] < 0.1).all()
    assert nothing.loc["a good line", "share"] == 1
    everything = export.truth.grade(lines.head(0), lines)
    assert everything.loc[["a good line", "repeat purchase"], "found"].tolist() == [0, 0]
    judged = ~export.truth.clean["ask"]
    assert export.truth.count_wrongly_removed(lines) == judged.sum()
    with pytest.raises(ValueError, match="`file_line` is missing in clean"):
        export.truth.grade(pd.DataFrame({"file": []}), lines)
