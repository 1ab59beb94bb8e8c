"""A result in a notebook: the number, its interval drawn and in words, warnings in sight, the table behind a fold."""

from __future__ import annotations

import math
import re

import pandas as pd
import pytest

from loyalty.stats.estimate import Estimate
from loyalty.stats.result_card import choose_decimals, name_estimand, render_result, render_table

SHOWN = Estimate(1.19, 0.70, 1.69, 0.25, 1.7e-25, 4_048, 35_952, "Welch", "ATE", base=8.0, warnings=("few <buyers>",))


def places(page: str) -> tuple[float, float, float]:
    """The bar's left end, its right end and zero, in the drawing's units."""
    box = re.search(r"<rect x='([\d.]+)' y='13' width='([\d.]+)'", page)
    zero = re.search(r"<text x='([\d.]+)'[^>]*>0<", page)
    assert box is not None and zero is not None
    return float(box[1]), float(box[1]) + float(box[2]), float(zero[1])


def test_number_interval_sentence_and_warning_stand_before_the_folded_table() -> None:
    page = SHOWN._repr_html_()
    before = re.sub(r"<svg.*?</svg>", "", page.split("<details>")[0])
    text = re.sub(r"<[^>]+>", " ", before)
    for words in (
        "1.19",
        "95 % interval 0.70 to 1.69",
        "above zero",
        "few &lt;buyers&gt;",
        "4,048 treated, 35,952 not",
    ):
        assert words in text
    assert "Average effect on everybody" in text and "ATE" not in page and "e-25" not in page


@pytest.mark.parametrize(("low", "high", "side"), [(0.7, 1.7, -1), (-0.5, 1.7, 0), (-2.0, -1.0, 1)])
def test_zero_is_drawn_where_it_lies_beside_the_interval(low: float, high: float, side: int) -> None:
    left, right, zero = places(render_result("x", ((low + high) / 2, low, high), "y"))
    assert (zero > right) - (zero < left) == side


def test_other_marks_are_drawn_and_named() -> None:
    page = render_result("x", (1, 0.5, 1.5), "y", marks={"pays": 0.8})
    assert ">pays<" in page and "stroke-dasharray" in page


def test_an_unknown_interval_is_said_and_not_drawn() -> None:
    page = render_result("x", (1.0, math.nan, math.nan), "y")
    assert "no interval" in page and "<svg" not in page


@pytest.mark.parametrize(
    ("low", "high", "decimals"),
    [(0, 0, 2), (math.nan, 1, 2), (-0.0031, 0.0002, 4), (0.7, 1.7, 2), (3, 15.5, 1), (1e6, 3e6, 0), (0, 1e-300, 8)],
)
def test_an_interval_keeps_the_digits_that_its_width_needs(low: float, high: float, decimals: int) -> None:
    assert choose_decimals(low, high) == decimals


def test_amounts_in_dollars_are_no_formula_and_code_is_code() -> None:
    page = render_result("x", (1, 0, 2), "`mail` brings $1, not $2 <b>")
    assert "<code>mail</code>" in page and page.count("<span>$</span>") == 2 and "&lt;b&gt;" in page


def test_p_values_are_written_as_people_write_them_and_stay_numbers_in_the_table() -> None:
    frame = pd.DataFrame({"effect": [1.5], "p": [1.706e-25], "p_adjusted": [0.0312]})
    page = render_table(frame)
    assert "&lt; 0.0001" in page and "0.0312" in page and frame["p"][0] == 1.706e-25


def test_short_names_are_spelled_out() -> None:
    assert "per customer" in name_estimand("ITT") and name_estimand("those who came") == "those who came"
