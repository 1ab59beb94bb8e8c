"""The pictures of lesson 03 say the numbers that their tables hold."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks.t03.pictures import (
    draw_gaps,
    draw_hundred,
    draw_rates,
    draw_receipts,
    draw_shuffles,
    draw_weights,
    draw_widths,
)
from loyalty.tasks.t03.scene import list_letters


def words_of(ax) -> str:
    return " ".join(text.get_text() for text in ax.texts)


def test_receipts_over_a_hundred_are_in_the_mean_though_they_are_not_drawn() -> None:
    ax = draw_receipts(pd.Series([10.0, 20.0, 270.0]), "title")
    assert "median €20.00" in words_of(ax)
    assert "mean €100.00" in words_of(ax)
    assert "33.3 % are over €100" in words_of(ax)


def test_a_rise_is_told_in_points_and_in_percent() -> None:
    words = words_of(draw_rates(0.02, 0.03, ("old", "new"), "title"))
    assert "+1.0 percentage point " in f"{words} "
    assert "+2.0 percentage points" in words_of(draw_rates(0.02, 0.04, ("old", "new"), "title"))
    assert "50 % of the old rate" in words


def test_bars_are_as_wide_as_their_letters_and_their_area_is_the_answers() -> None:
    table = list_letters()
    ax = draw_weights(table, "title")
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == table["letters"].tolist()
    areas = [bar.get_width() * bar.get_height() / 100 for bar in ax.patches]
    assert areas == pytest.approx(table["responses"].tolist())
    assert "all letters 5.25 %" in words_of(ax)


def test_each_shuffle_says_its_own_gap() -> None:
    people = pd.DataFrame({"sales": [1.0, 2.0, 5.0, 8.0], "envelope": ["green", "green", "blue", "blue"]})
    other = pd.Series(["blue", "blue", "green", "green"])
    figure = draw_shuffles(people, [people["envelope"], other], "title")
    assert figure.get_suptitle() == "title"
    assert ["gap +€5.00" in words_of(ax) for ax in figure.axes] == [True, False]
    assert "gap −€5.00" in words_of(figure.axes[1])
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["black bar: mean of the dots"]


def test_gaps_as_far_as_the_observed_one_are_counted_on_both_sides_and_no_bar_mixes_them() -> None:
    gaps = pd.Series([-9.0, -6.0, -5.9, 0.0, 5.9, 6.0])
    ax = draw_gaps(gaps, 6.0, "title")
    assert "3 of 6 shuffles" in words_of(ax)
    assert "both sides" in words_of(ax)
    edges = {round(bar.get_x(), 6) for bar in ax.patches}
    assert {6.0, -6.0} <= edges


def test_intervals_that_miss_the_truth_stand_out() -> None:
    found = pd.DataFrame({"mean": [1.0, 2.0, 5.0], "low": [0.0, 1.5, 4.0], "high": [2.0, 3.0, 6.0]})
    ax = draw_hundred(found, 1.5, "title", "subtitle")
    assert [len(drawn.get_segments()) for drawn in ax.collections] == [2, 1]  # an end that is the truth holds it
    named = [text.get_text() for text in ax.get_legend().get_texts()]
    assert named == ["interval that holds the truth", "interval that misses the truth", "truth"]
    missed = draw_hundred(found, 99.0, "title", "subtitle").get_legend().get_texts()
    assert [text.get_text() for text in missed] == ["interval that misses the truth", "truth"]


def test_widths_are_written_beside_their_bars() -> None:
    assert "800 receipts: €4.00 wide" in words_of(draw_widths(pd.Series({200: 8.0, 800: 4.0}), "title"))
