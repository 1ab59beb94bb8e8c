"""Makes notebooks out of executed cells: what each variant shows, and outputs that are the same at every build."""

from __future__ import annotations

import base64
import copy
import io
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import nbformat
import nbformat.v4
from nbformat import NotebookNode
from PIL import Image

from authoring.course import PLACE, fill_cell
from authoring.source import ROOT, Authored, AuthoringError, split_solution, tags_of

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
CLOCK = re.compile(r"\bTime:\s+\d\d:\d\d:\d\d")  # statsmodels' summaries say when they were made
STYLER = re.compile(r"\bT_[0-9a-f]{5}(?=_|\b)")
WIDGET = "application/vnd.jupyter.widget-view+json"
KEPT = ("tags", "jupyter")
CODE_SPAN = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)


def assemble(
    authored: Authored,
    cells: list[NotebookNode],
    private: Iterable[Path] = (),
    parts: Mapping[str, str] | None = None,
) -> dict[str, NotebookNode]:
    """Return each variant's notebook.

    Parameters
    ----------
    authored : Authored
    cells : list of NotebookNode
        As executed, in the authored order.
    private : iterable of Path
        Folders that no output may show, beside the project's, the interpreter's and the home folder.
    parts : mapping, optional
        What is made from the headers of all lessons, by name; see `authoring.course`.

    Returns
    -------
    dict
        Variant (lesson, template, exercise, solution) -> notebook.

    Raises
    ------
    AuthoringError
        When an output holds what may not be there: an error, a warning, an address, a path of this machine.
    """
    stylers: dict[str, str] = {}
    folders = [str(path) for path in (ROOT, Path(sys.prefix), *private)]
    folders.append(f"{Path.home()}{os.sep}")
    secrets = {form for path in folders for form in (path, path.replace(os.sep, "/")) if len(path) > 2}
    kept: list[tuple[int, NotebookNode]] = []
    for number, cell in enumerate(cells):
        if "verify" in tags_of(cell):
            _find_faults(cell, authored.place(number), secrets)
            continue
        fresh = _make_cell(cell, name_cell(authored, number))
        if cell.cell_type == "code":
            _find_faults(cell, authored.place(number), secrets)
            fresh.outputs = [_steady(output, stylers) for output in cell.outputs if not _is_widget(output)]
            fresh.execution_count = cell.execution_count
        else:
            fresh.source = write_prose(authored, number, cell.source, parts or {})
        kept.append((number, fresh))
    finished = [cell for _, cell in kept]
    if authored.kind != "exercise":
        return {authored.kind: _make_notebook(authored, finished)}
    blank = [_empty(authored, number, cell) for number, cell in kept if "solution" not in tags_of(cell)]
    return {"exercise": _make_notebook(authored, blank), "solution": _make_notebook(authored, finished)}


def name_cell(authored: Authored, number: int) -> str:
    """Return the id of a cell, by its place in the authored file."""
    return f"{authored.stem[:56]}-{number + 1:02d}"


def write_prose(authored: Authored, number: int, text: str, parts: Mapping[str, str]) -> str:
    """Return a markdown cell as the notebook holds it: with its parts from the headers, dollars guarded.

    Raises
    ------
    AuthoringError
        When it asks for a part that there is not, or for a part beside a computed number: a part is made anew without
        running anything.
    """
    asked = PLACE.search(authored.cells[number].source)
    if asked and "{{" in authored.cells[number].source:
        raise AuthoringError(f"{authored.place(number)}: {asked[0]} stands beside a computed number: make two cells.")
    return _guard_dollars(fill_cell(text, parts, authored.place(number)))


def _make_cell(cell: NotebookNode, name: str) -> NotebookNode:
    metadata = {key: value for key, value in cell.metadata.items() if key in KEPT}
    make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
    return make(cell.source, id=name, metadata=metadata)


def _guard_dollars(text: str) -> str:
    r"""Hide a dollar of money, `\$`, from JupyterLab, which takes two of them in a paragraph for a formula.

    The entity hides it while Markdown is read, the element of its own when formulas are looked for in the page.
    """
    parts = CODE_SPAN.split(text)
    return "".join(part if part.startswith("`") else part.replace(r"\$", "<span>&#36;</span>") for part in parts)


def _empty(authored: Authored, number: int, cell: NotebookNode) -> NotebookNode:
    blank = copy.deepcopy(cell)
    if cell.cell_type == "code":
        blank.source = split_solution(authored.cells[number].source, authored.place(number))[0]
        blank.outputs, blank.execution_count = [], None
    return blank


def _make_notebook(authored: Authored, cells: list[NotebookNode]) -> NotebookNode:
    metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "loyalty": authored.header,
    }
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    notebook.nbformat_minor = 5
    nbformat.validate(notebook)
    return notebook


def _is_widget(output: NotebookNode) -> bool:
    return WIDGET in output.get("data", {})


def _texts_of(output: NotebookNode) -> list[str]:
    data = output.get("data", {})
    rich = any(kind != "text/plain" for kind in data)
    texts = [text for kind, text in data.items() if isinstance(text, str) and not kind.startswith("image/p")]
    if rich and "text/plain" in data:
        texts = [ADDRESS.sub("", text) if text == data["text/plain"] else text for text in texts]
    return [*texts, output.get("text", "")]


def _find_faults(cell: NotebookNode, place: str, secrets: set[str]) -> None:
    if cell.cell_type != "code":
        return
    for output in cell.outputs:
        if output.output_type == "error":
            raise AuthoringError(f"{place}: an error stands in the output: {output.ename}: {output.evalue}")
        if output.get("name") == "stderr":
            raise AuthoringError(f"{place}: text on stderr: {output.text.strip()[:300]}")
        for text in _texts_of(output):
            if ADDRESS.search(text):
                says = "the output shows an object's address; end the line with `;`"
                raise AuthoringError(f"{place}: {says}: {text[:120]}")
            if CLOCK.search(text):
                raise AuthoringError(f"{place}: the output shows the time of the build: {CLOCK.search(text)[0]}")
            if any(secret in text for secret in secrets):
                raise AuthoringError(f"{place}: the output shows a path of this machine.")


def _steady(output: NotebookNode, stylers: dict[str, str]) -> NotebookNode:
    steady = copy.deepcopy(output)
    steady.pop("transient", None)
    data = steady.get("data")
    if data is None:
        return steady
    if "image/png" in data:
        told = steady.get("metadata", {}).get("image/png", {}).get("alt", "Figure")
        steady.data = NotebookNode({"image/png": _shrink_png(data["image/png"]) + "\n", "text/plain": f"<{told}>"})
        return steady
    if len(data) > 1 and "text/plain" in data:
        data["text/plain"] = ADDRESS.sub("", data["text/plain"])
    for kind, text in data.items():
        if kind == "text/html":  # a Styler names its table anew each time
            for name in STYLER.findall(text):
                stylers.setdefault(name, f"T_{len(stylers):05d}")
            data[kind] = STYLER.sub(lambda match: stylers[match[0]], text)
    return steady


def _shrink_png(text: str) -> str:
    """Keep 128 colours of a figure: a third of its size, and no difference that an eye would see."""
    figure = Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB")
    small = io.BytesIO()
    figure = figure.quantize(128, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    figure.save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode("ascii")
