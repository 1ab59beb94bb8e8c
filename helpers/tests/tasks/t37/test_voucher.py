"""What lesson 37 counts by hand, and what its pictures say in words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt

from loyalty.tasks.t37.curves import score_four, value_cuts, value_order
from loyalty.tasks.t37.pictures import draw_kinds, draw_letters, draw_visits
from loyalty.tasks.t37.worlds import count_losses, read_worlds


def test_a_ranking_with_hindsight_is_the_whole_of_hindsight() -> None:
    came = np.array([1, 0, 1, 0, 1, 0, 0, 0])
    sent = np.array([True, True, False, False, True, False, True, False])
    hindsight = came * np.where(sent, 1, -1)
    found = score_four(hindsight.astype(float), came, sent)
    assert found["above random, as a part of hindsight's"] == pytest.approx(1.0)
    assert found["the same, in buyers"] == pytest.approx(8 * found["area above random, buyers per customer"])


def test_a_cut_off_at_everybody_is_the_plain_comparison() -> None:
    rng = np.random.default_rng(1)
    outcome = rng.normal(size=200)
    sent = np.tile([True, False], 100)
    cuts = value_cuts(outcome, sent, np.arange(200), 0.08)
    assert cuts[-1] == pytest.approx(outcome[sent].mean() - outcome[~sent].mean() - 0.08)
    assert value_order(np.ones(200), np.arange(200))[-1] == pytest.approx(1.0)


def test_the_page_of_worlds_is_read_as_it_is_written() -> None:
    assert read_worlds("win_back")["best fifth, € a contact"]["response model"].startswith("-")
    assert count_losses("win_back").endswith("of 40")


def test_pictures_name_their_axes_and_their_message() -> None:
    came = pd.DataFrame({"without": [80.0, 60, 40, 20, 5], "with": [81.0, 65, 45, 22, 6]})
    rows = pd.DataFrame({"effect": [1.0], "low": [0.5], "high": [1.5], "truth": [0.9]}, index=["best"])
    kinds = pd.DataFrame({"win_back": [1_400.0, -25_000.0]}, index=["persuadables", "sure things"])
    drawn = [draw_visits(came, "Both"), draw_letters(rows, "One")]
    assert [ax.get_title(loc="left") for ax in drawn] == ["Both", "One"]
    labels = [text.get_text() for text in draw_kinds(kinds).axes[0].texts]
    assert labels == ["€1.4", "−€25.0"]
    plt.close("all")
