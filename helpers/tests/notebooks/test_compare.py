"""When two builds of a notebook count as the same."""

from __future__ import annotations

import base64
import io

import nbformat.v4
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from authoring.compare import compare_figures, compare_texts, find_differences


def encode(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, format="png")
    return base64.b64encode(file.getvalue()).decode()


def notebook(**changes) -> nbformat.NotebookNode:
    data = {"text/plain": changes.get("text", "1.0"), "text/html": "<b>1.0</b>"}
    output = nbformat.v4.new_output("execute_result", data, execution_count=1)
    cell = nbformat.v4.new_code_cell(changes.get("source", "x"), id=changes.get("id", "a"), outputs=[output])
    cell.metadata["tags"] = changes.get("tags", [])
    stream = nbformat.v4.new_output("stream", name="stdout", text=changes.get("stream", "total 3\n"))
    cell.outputs += [stream] * changes.get("streams", 1)
    cells = [cell, nbformat.v4.new_markdown_cell(changes.get("prose", "Words"), id="b")]
    return nbformat.v4.new_notebook(cells=cells[: changes.get("cells", 2)], metadata=changes.get("metadata", {}))


def test_a_notebook_does_not_differ_from_itself() -> None:
    assert find_differences(notebook(), notebook()) == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"source": "x "}, "cell 1: source differs"),
        ({"prose": "Word"}, "cell 2: source differs"),
        ({"id": "c"}, "cell 1: id differs"),
        ({"tags": ["solution"]}, "cell 1: metadata differs"),
        ({"text": "1.00001"}, "cell 1: text/plain: 1.0, now 1.00001"),
        ({"text": "True"}, "cell 1: text/plain: the text differs ('', now 'True')"),
        ({"stream": "total 4\n"}, "cell 1: stream: 3, now 4"),
        ({"streams": 2}, "cell 1: 2 outputs, now 3"),
        ({"cells": 1}, "2 cells, now 1"),
        ({"metadata": {"loyalty": {"minutes": 5}}}, "the notebook's metadata differ"),
    ],
)
def test_each_difference_is_named_with_its_cell(changes: dict, says: str) -> None:
    assert find_differences(notebook(), notebook(**changes)) == [says]


def test_other_kinds_of_cells_and_outputs_are_differences() -> None:
    turned, counted, plain, html = notebook(), notebook(), notebook(), notebook()
    turned.cells[0] = nbformat.v4.new_markdown_cell("x", id="a")
    assert find_differences(notebook(), turned) == ["cell 1: was code, is markdown"]
    counted.cells[0].execution_count = 9
    assert find_differences(notebook(), counted) == ["cell 1: its number differs"]
    plain.cells[0].outputs[1].name = "stderr"
    assert find_differences(notebook(), plain) == ["cell 1: another kind of output"]
    del html.cells[0].outputs[0].data["text/html"]
    assert find_differences(notebook(), html) == ["cell 1: output of text/html, text/plain, now text/plain"]


def test_a_changed_figure_or_bundle_is_named_with_its_cell() -> None:
    one, other = notebook(), notebook()
    for book, shade in ((one, 0), (other, 255)):
        book.cells[0].outputs[0].data = {
            "image/png": encode(np.full((4, 4, 3), shade)),
            "application/json": {"a": shade},
        }
    assert find_differences(one, other) == [
        "cell 1: figure: 100.00% of the pixels differ",
        "cell 1: application/json differs",
    ]


@pytest.mark.parametrize(
    ("old", "new", "is_same"),
    [
        ("0.12345678", "0.12345681", True),
        ("0.123456", "0.123457", False),
        ("1,234.5678", "1,234.5679", True),
        ("-1.5", "1.5", False),
        ("1e-05", "2e-05", False),
        ("a  10.0", "a 10.0", True),
        ("a 10.0", "b 10.0", False),
        ("1 2", "1", False),
    ],
)
def test_texts_agree_to_six_significant_digits_of_every_number(old: str, new: str, is_same: bool) -> None:
    assert (compare_texts(old, new) == "") == is_same
    assert (compare_texts(new, old) == "") == is_same


@given(number=st.floats(1e-9, 1e9), other=st.floats(1.0001, 10))
def test_a_number_equals_itself_with_noise_and_not_one_that_is_larger(number: float, other: float) -> None:
    assert compare_texts(f"x {number!r}", f"x {number * (1 + 1e-9)!r}") == ""
    assert compare_texts(f"x {number!r}", f"x {number * other!r}") != ""


def test_figures_may_differ_in_soft_edges_and_single_pixels_and_not_in_a_label() -> None:
    figure = np.full((450, 900, 3), 255)
    figure[100:300, 200:260] = 40
    soft = figure.copy()
    soft[100:300, 200] = 90
    assert compare_figures(encode(figure), encode(soft)) == ""
    dots = figure.copy()
    dots[5, 5:40] = 0
    assert compare_figures(encode(figure), encode(dots)) == ""
    taller = figure.copy()
    taller[95:100, 200:260] = 40
    assert "of the pixels differ" in compare_figures(encode(figure), encode(taller))
    assert "pixels, now" in compare_figures(encode(figure), encode(figure[:400]))
