"""The house style."""

from __future__ import annotations

import io

import matplotlib

matplotlib.use("agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from loyalty import charts
from loyalty.text import shorten


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def test_every_interval_is_drawn_from_low_to_high_and_the_truth_as_a_hollow_diamond():
    table = pd.DataFrame({"effect": [1.0, -2.0], "low": [0.5, -3.0], "high": [1.5, -1.0]}, index=["a", "b"])
    ax = charts.draw_intervals(table, truth=0.7, unit="$")
    ends = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 3]
    assert ends == [(0.5, 1.5), (-3.0, -1.0)]
    diamond = next(line for line in ax.lines if line.get_marker() == "D")
    assert list(diamond.get_xdata()) == [0.7, 0.7]
    assert diamond.get_markerfacecolor() == "white"


def test_the_first_estimate_stands_on_top():
    table = pd.DataFrame({"effect": [1.0, 2.0], "low": [0, 1], "high": [2, 3]}, index=["first", "second"])
    ax = charts.draw_intervals(table)
    bottom, top = ax.get_ylim()
    assert bottom > top
    assert [t.get_text() for t in ax.get_yticklabels()] == ["first", "second"]


def test_an_estimate_without_an_interval_is_refused():
    with pytest.raises(KeyError, match="low"):
        charts.draw_intervals(pd.DataFrame({"effect": [1.0]}))


def test_treated_and_control_can_be_told_apart_in_greyscale():
    def grey(colour):
        return sum(w * c for w, c in zip((0.299, 0.587, 0.114), to_rgb(colour), strict=True))

    assert abs(grey(charts.TREATED) - grey(charts.CONTROL)) > 0.2


def test_the_headline_carries_finding_unit_and_source():
    ax = plt.figure().add_subplot()
    charts.headline(ax, "Finding", "euro per head", "the chain")
    assert ax.get_title(loc="left") == "Finding"
    assert ax.texts[0].get_text() == "euro per head"
    assert ax.figure.get_supxlabel() == "Source: the chain"
    charts.headline(ax, "Same?", "euro per head")
    assert charts.describe_figure(ax.figure) == "Chart: Same? euro per head."


@pytest.mark.parametrize(("value", "text"), [(999, "999"), (1000, "1k"), (-2_500_000, "-2.5M"), (4e9, "4B")])
def test_large_numbers_are_written_short(value, text):
    assert shorten(value) == text


def test_rooms_that_are_not_named_are_grey_in_the_cycle():
    edges = [p.get_edgecolor()[:3] for p in charts.draw_cycle(["learn"]).axes[0].patches]
    assert to_rgb(charts.ROOMS["learn"]) in edges
    assert to_rgb(charts.ROOMS["segment"]) not in edges


def test_a_price_in_a_label_is_no_formula():
    table = pd.DataFrame({"effect": [1.0], "low": [0.5], "high": [1.5]}, index=["$50_$100 {x}"])
    ax = charts.draw_intervals(table, unit="$")
    charts.headline(ax, "$5^ or $6_", "in $_$", "a_$_b$")
    ax.figure.canvas.draw()
    assert [label.get_parse_math() for label in ax.get_yticklabels()] == [False]
    charts.house_style()
    drawn = plt.figure().add_subplot()
    drawn.bar(["$50_$100", "$_$"], [1, 2])
    drawn.figure.canvas.draw()


def test_lines_are_named_in_their_colours_and_the_span_is_shaded():
    lines = pd.DataFrame(
        {"sent": [3.0, 5.0], "control": [2.0, 2.0]}, index=pd.to_datetime(["2025-01-01", "2025-02-01"])
    )
    ax = charts.draw_lines(lines, shade=tuple(lines.index), shaded="spring")
    assert [text.get_text() for text in ax.texts] == ["spring", "sent", "control"]
    assert [text.get_color() for text in ax.texts[1:]] == [charts.TREATED, charts.CONTROL]
    assert ax.get_ylim()[0] == 0 and ax.get_ylim()[1] > 5


def test_bars_stand_in_the_order_given_and_say_their_values_above_themselves():
    ax = charts.draw_bars(
        pd.Series({"b": 2.0, "a": 1.0}), colours=[charts.TREATED, charts.CONTROL], write="${:.0f}".format
    )
    assert [text.get_text() for text in ax.texts] == ["$2", "$1"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["b", "a"]
    assert list(ax.get_yticks()) == []


def test_a_figure_in_a_notebook_has_twice_the_pixels_and_says_what_it_shows():
    fig, axes = plt.subplots(1, 2, figsize=(6, 2))
    charts.headline(axes[0], "Sales rose", "euros a week", "the world")
    axes[0].set_xlabel("week")
    axes[1].set_title("plain")
    png, shown = charts.draw_sharply(fig)
    assert shown["alt"] == "Chart: Sales rose. euros a week. Across: week. plain."
    assert int.from_bytes(png[16:20], "big") in (2 * shown["width"], 2 * shown["width"] + 1)
    plain = io.BytesIO()
    fig.savefig(plain, format="png", bbox_inches="tight")
    once = int.from_bytes(plain.getvalue()[16:20], "big")
    assert abs(shown["width"] - once) <= 2, "as wide on the page as a figure that is not sharp"
    assert charts.describe_figure(plt.figure()) == "Chart without a title."


def test_a_sharp_figure_has_a_palette_in_which_white_is_white_and_a_colour_is_nearly_itself():
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.bar(["a"], [1.0], color=charts.HIGHLIGHT)
    image = Image.open(io.BytesIO(charts.draw_sharply(fig)[0]))
    pixels = np.asarray(image.convert("RGB")).reshape(-1, 3).astype(int)
    wanted = 255 * np.array(to_rgb(charts.HIGHLIGHT))
    assert image.mode == "P" and tuple(pixels[0]) == (255, 255, 255)
    assert np.abs(pixels - wanted).max(axis=1).min() < 8


def test_a_figure_of_several_charts_is_told_with_its_own_title_and_each_of_theirs():
    figure, (left, right) = plt.subplots(1, 2)
    left.set_title("a voucher")
    right.set_title("a reminder")
    left.set_xlabel("euros")
    figure.suptitle("Two offers")
    assert charts.describe_figure(figure) == "Chart: Two offers. a voucher. Across: euros. a reminder."
    figure.set_label(f"{charts.TOLD}Two offers. Profit by offer")
    assert charts.describe_figure(figure).startswith("Chart: Two offers. Profit by offer. a voucher.")


def test_the_truth_stands_below_every_interval_and_hides_none():
    rows = pd.DataFrame({"effect": [1.0, 2.0], "low": [0.0, 1.0], "high": [2.0, 3.0]}, index=["a", "b"])
    ax = charts.draw_intervals(rows, truth=1.0)
    diamonds = next(line for line in ax.lines if line.get_marker() == "D")
    assert diamonds.get_ydata().tolist() == [charts.BELOW, 1 + charts.BELOW]
    assert ax.get_ylim()[0] > 1 + charts.BELOW
