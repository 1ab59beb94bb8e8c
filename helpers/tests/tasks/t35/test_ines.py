"""What lesson 35 reads of the 200 lists stands on the page, and its pictures show what they are given."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.tasks.t35.ines import METHODS, PAGE, read_change_without_deciding_days, read_lists
from loyalty.tasks.t35.pictures import draw_answers, draw_chances, draw_witness


def test_each_row_of_the_lists_stands_on_the_page():
    lists = read_lists()
    page = PAGE.read_text(encoding="utf-8")
    assert len(lists) == 12 and all(f"told: {name}" in lists.index for name in METHODS.values())
    assert lists.index.is_unique and all(f"| {value} |" in page for value in lists["bias, €"])
    assert read_change_without_deciding_days()["bias, €"] in page


def test_chances_are_counted_as_parts_of_each_group():
    ax = draw_chances(np.array([0.0, 0.0005, 0.2, 0.5]), np.array([False, False, False, True]), "A title")
    heights = [bar.get_height() for bar in ax.patches]
    assert np.allclose(heights, [200 / 3, 0, 0, 100 / 3, 0, 0, 0, 0, 0, 100])


def test_a_truth_is_drawn_once_a_row_and_a_witness_beside_each_estimate():
    table = pd.DataFrame({"effect": [1.0, 2.0], "low": [0.0, 1.0], "high": [2.0, 3.0]}, index=["a", "b"])
    ax = draw_answers(table, "A title", truth=1.5)
    assert next(line for line in ax.lines if line.get_marker() == "D").get_xdata().tolist() == [1.5, 1.5]
    frame = table.assign(method=["a", "b"], placebo=0.0, placebo_low=-1.0, placebo_high=1.0)
    assert [label.get_text() for label in draw_witness(frame, "A title", 1.0).get_yticklabels()] == ["a", "b"]
