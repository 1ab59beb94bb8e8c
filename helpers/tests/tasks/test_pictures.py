"""The picture that lessons share: every estimate has its truth in the middle of its own row."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np

from loyalty.charts import BELOW, HIGHLIGHT, TREATED
from loyalty.stats.intervals import compare_means
from loyalty.tasks.pictures import draw_beside_truth


def test_each_truth_stands_in_the_row_of_its_estimate_and_wrong_comparisons_have_the_warning_colour() -> None:
    control = np.array([1.0, 2.0, 3.0])
    found = {"slide": compare_means(control + 4, control), "lottery": compare_means(control + 2, control)}
    ax = draw_beside_truth(found, [1.0, 2.0], "Title", "what is drawn", wrong=1)
    truth = next(line for line in ax.lines if line.get_label() == "truth")
    assert list(truth.get_xdata()) == [1.0, 2.0]
    assert list(truth.get_ydata()) == [BELOW, 1 + BELOW]
    assert [line.get_color() for line in ax.lines[:4:2]] == [HIGHLIGHT, TREATED]
    assert ax.get_xlabel() == "€ per customer"
    plt.close(ax.figure)
