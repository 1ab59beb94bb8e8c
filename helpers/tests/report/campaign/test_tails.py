"""The warning of a heavy tail is left out of a report only where a committed cell holds."""

from __future__ import annotations

import re
from types import SimpleNamespace

import numpy as np
import pytest

from loyalty.report.campaign.tails import CERTIFIED, is_certified, keep_warnings
from loyalty.stats.intervals import compare_means, find_skewness, tilt_of_gap


@pytest.mark.parametrize("cell", CERTIFIED, ids=lambda cell: f"{cell.treated} / {cell.control}")
def test_each_cell_stands_in_the_committed_table_and_holds(cell, root):
    table = (root / "docs" / "tables" / "certify.md").read_text(encoding="utf-8")
    start = re.escape(f"| {cell.treated:,} / {cell.control:,} | {cell.metric} | larger variance |")
    (row,) = re.findall(rf"^{start}.*$", table, re.MULTILINE)
    assert row.endswith("| warns, and holds |")


@pytest.mark.parametrize(
    ("treated", "control", "skewness", "careful", "left_out"),
    [
        (12_000, 1_000, -0.21, 1.0, True),
        (12_000, 1_000, -0.75, 1.0, False),  # no cell is so skewed
        (1_500, 80, -0.21, 1.0, False),  # no cell is so small
        (12_000, 1_000, -0.21, 0.0, False),  # Welch
    ],
)
def test_a_cell_speaks_for_groups_as_large_and_no_more_skewed(treated, control, skewness, careful, left_out):
    details = {"skewness": skewness, "careful": careful}
    estimate = SimpleNamespace(n_treated=treated, n_control=control, details=details)
    assert is_certified(estimate) == left_out


def test_the_result_keeps_the_warning_that_the_report_leaves_out():
    values = np.random.default_rng(0).lognormal(0.0, 1.0, 4_000)
    found = compare_means(values[:3_800], values[3_800:])
    assert any(text.startswith("heavy tail: ") for text in found.warnings) and is_certified(found)
    assert keep_warnings((*found.warnings, "another"), found) == ["another"]


@pytest.mark.slow
def test_the_skewness_of_the_cells_is_what_their_world_gives(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    from replications import build_world_pool

    pool = build_world_pool(0, ("basket_discount",))
    for cell, name in zip(CERTIFIED, ("sales_4",), strict=True):
        size = cell.treated + cell.control
        rows = [np.random.default_rng(seed).integers(0, pool.size, size) for seed in range(60)]
        having, without = pool.having["basket_discount"][name], pool.without[name]
        drawn = [np.concatenate([having[row[: cell.treated]], without[row[cell.treated :]]]) for row in rows]
        skews = [find_skewness(sales) * tilt_of_gap(cell.treated, cell.control) for sales in drawn]
        assert abs(np.median(skews)) == pytest.approx(cell.skewness, rel=0.15)
