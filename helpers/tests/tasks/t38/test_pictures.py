"""The pictures of lesson 38: what they say in words."""

from __future__ import annotations

import pandas as pd
from matplotlib import pyplot as plt

from loyalty.charts import describe_figure
from loyalty.stats.estimate import make_estimate
from loyalty.tasks.t38.pictures import NAMES, draw_frontier, draw_options, draw_promise, draw_promises


def test_only_options_clear_of_zero_are_counted() -> None:
    options = pd.DataFrame({"segment": "baby", "offer_id": list(NAMES), "profit": [3.0, 1.0, -3.0, 0.1], "se": 1.0})
    ax = draw_options(options)
    assert "Only 1 of 4 options" in describe_figure(ax.figure)
    plt.close("all")


def test_a_promise_is_told_beside_what_it_brought() -> None:
    about = {"n_treated": 1, "n_control": 1, "method": "linear programme", "estimand": "profit of the plan"}
    ax = draw_promise(make_estimate(30_000, 5_000, **about), 7_000, {"habit": 4_000, "best": 17_000})
    assert ax.get_title(loc="left") == "Promised 30 thousand, brought 7"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["habit", "our plan", "best"]
    plt.close("all")


def test_lotteries_and_frontier_name_their_axes() -> None:
    lottery = pd.DataFrame({"reading": ["raw", "raw, cautious"], "promised": [2e4, 1e4], "brought": [1e4, 1e4]})
    frontier = pd.DataFrame(
        {"budget": [1e3, 2e3], "profit": [2e3, 3e3], "low": 0.0, "high": 4e3, "brought": [5e2, 1e3]}
    )
    drawn = draw_promises(lottery, (3e4, 7e3), 1.7e4), draw_frontier(frontier, frontier)
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in drawn)
    plt.close("all")
