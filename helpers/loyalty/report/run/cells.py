"""Runs the cells of a template in a process of its own: `python -m loyalty.report.run.cells`, started by the runner.

A process of its own, because a report that takes all the memory should end with a plain line and not take the runner
with it. It is no Jupyter kernel: a report needs no dialogue, and a kernel with its messages takes two processor seconds
more. Cells come in as a list of texts (JSON, on the standard input); one line of JSON a cell goes out.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import html
import io
import json
import linecache
import os
import sys
import traceback
from collections.abc import Iterable
from typing import Any, TextIO


def run_cells(sources: Iterable[str], out: TextIO) -> None:
    """Run code one cell after the other in one namespace; write a line for each, and stop at the first error.

    A line holds `shown` (a list of html or png, in their order), `text` (the last value as text), and after an error
    `error` (its name and message), `words` (the message, if it was written for the reader) and `trace`.

    Examples
    --------
    >>> out = io.StringIO()
    >>> run_cells(["a = 20", "a + 1"], out)
    >>> [json.loads(line)["text"] for line in out.getvalue().splitlines()]
    ['', '21']
    """
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, source in enumerate(sources, 1):
        line: dict[str, Any] = {"shown": [], "text": ""}
        try:
            line["shown"], line["text"] = _run_cell(source, f"<cell {number}>", names)
        except Exception as error:  # whatever a template does is told to the runner
            line |= _describe(error)
        out.write(json.dumps(line) + "\n")
        out.flush()
        if "error" in line:
            return


def _run_cell(source: str, name: str, names: dict[str, Any]) -> tuple[list[dict[str, Any]], str]:
    """Run one cell; return what it shows (printed text, its last value, its charts) and its last value as text."""
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    tree = ast.parse(source, name)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, name, "exec"), names)  # a template is a program
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), name, "eval"), names)
    shown = []
    if text := printed.getvalue():
        shown.append({"html": f"<pre>{html.escape(text)}</pre>"})
    said = ""
    if value is not None:
        said = value if isinstance(value, str) else repr(value)
        as_html = getattr(value, "_repr_html_", None)
        shown.append({"html": as_html() if as_html else f"<pre>{html.escape(said)}</pre>"})
    return shown + _take_charts(), said


def _take_charts() -> list[dict[str, Any]]:
    """Every chart that was drawn, as PNG with its words and its width on the page; the charts are closed."""
    plots = sys.modules.get("matplotlib.pyplot")
    if plots is None or not plots.get_fignums():
        return []
    from loyalty.charts import draw_sharply

    charts = []
    for number in plots.get_fignums():
        png, told = draw_sharply(plots.figure(number))
        charts.append({"png": base64.b64encode(png).decode("ascii"), "alt": told["alt"], "width": told["width"]})
    plots.close("all")
    return charts


def _describe(error: Exception) -> dict[str, Any]:
    """What the runner has to know of an error; an error of ours brings a message that was written for the reader."""
    is_ours = hasattr(error, "_render_traceback_")
    return {
        "error": [type(error).__name__, str(error)],
        "words": str(error) if is_ours else "",
        "trace": "".join(traceback.format_exception(error)),
    }


def main() -> None:
    """Read the cells and run them; what libraries write to the standard output by themselves goes to the errors."""
    sources = json.loads(sys.stdin.buffer.read())
    channel = os.fdopen(os.dup(1), "w", encoding="ascii", newline="\n")
    os.dup2(2, 1)
    with channel:
        run_cells(sources, channel)


if __name__ == "__main__":
    main()
