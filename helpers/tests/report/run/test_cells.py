"""The cells of a template, run without a kernel."""

from __future__ import annotations

import base64
import io
import json

import matplotlib.pyplot as plt

from loyalty.report.run.cells import run_cells


def run(*sources: str) -> list[dict]:
    plt.close("all")  # a doctest of the package may have left a figure open, and a cell shows all that are
    out = io.StringIO()
    run_cells(sources, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_what_is_printed_stands_before_the_last_value_and_charts_come_last():
    draw = "import matplotlib.pyplot as plt\nplt.figure(figsize=(2, 1), dpi=100)\nplt.axes().plot([1, 2])"
    (line,) = run(f"{draw}\nprint('a < b')\n'done'")
    assert [part.get("html") for part in line["shown"]] == ["<pre>a &lt; b\n</pre>", "<pre>done</pre>", None]
    chart = line["shown"][2]
    pixels = int.from_bytes(base64.b64decode(chart["png"])[16:20], "big")
    assert 120 < chart["width"] < 300 and pixels // chart["width"] == 2, "stored twice as sharp, shown at its own size"
    assert chart["alt"] == "Chart without a title."


def test_an_error_ends_the_run_and_only_a_message_of_ours_is_for_the_reader():
    ours = "from loyalty.tables.check import TableError\nraise TableError(['it is empty'], 'receipts')"
    first, last = run("a = 1", "b = a / 0", "c = 2")
    assert first["text"] == "" and last["error"] == ["ZeroDivisionError", "division by zero"] and last["words"] == ""
    assert "b = a / 0" in last["trace"]
    assert "it is empty" in run(ours)[0]["words"]


def test_a_cell_without_a_value_shows_nothing():
    assert run("", "# only words", "a = [1]", "None") == [{"shown": [], "text": ""}] * 4
