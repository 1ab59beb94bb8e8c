"""A template as a file: its cells and the module of its report, read without the machinery of notebooks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Cell:
    """One cell: `kind` is "code" or "markdown"; `tags` say what it is for, such as parameters or by-hand."""

    kind: str
    source: str
    tags: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """What the progress line calls this step: the comment in its first line."""
        first = self.source.split("\n")[0]
        return first.removeprefix("# ") if first.startswith("# ") else "Working"


@dataclass(frozen=True)
class Notebook:
    """A template: its cells in their order, and the module whose report it shows."""

    module: str
    cells: tuple[Cell, ...] = field(repr=False)


def read_notebook(path: Path) -> Notebook:
    """Read a notebook file (nbformat 4); not for writing one: outputs and other metadata are left out."""
    book: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    cells = []
    for cell in book["cells"]:
        source = cell["source"]
        text = source if isinstance(source, str) else "".join(source)
        cells.append(Cell(cell["cell_type"], text, tuple(cell["metadata"].get("tags", ()))))
    return Notebook(book["metadata"]["loyalty"]["module"], tuple(cells))
