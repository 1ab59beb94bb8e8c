"""What a learner sees has to run by itself: a name that only a hidden check makes is missing in the notebook."""

from __future__ import annotations

import builtins
import symtable
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[3]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))
KNOWN = set(dir(builtins)) | {"display", "get_ipython"}


def find_missing(source: str) -> set[str]:
    """Names that the top of a program uses and never makes."""
    table = symtable.symtable(source, "notebook", "exec")
    made = {name.get_name() for name in table.get_symbols() if name.is_assigned() or name.is_imported()}
    made |= {child.get_name() for child in table.get_children()}
    used: set[str] = set()

    def collect(scope: symtable.SymbolTable) -> None:
        top = scope.get_type() == "module"
        used.update(s.get_name() for s in scope.get_symbols() if s.is_referenced() and (top or s.is_global()))
        for child in scope.get_children():
            collect(child)

    collect(table)
    return used - made - KNOWN


def test_a_name_made_inside_a_list_is_missing_outside():
    assert find_missing("a = [k for k in range(3)]\nprint(k)") == {"k"}
    assert find_missing("import math as m\ndef f(x):\n    return m.pi * x + y\ny = 1\nf(2)") == set()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem[:2])
def test_shown_cells_use_what_shown_cells_make(path):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    lines = [line for source in cells for line in source.splitlines() if not line.lstrip().startswith(("%", "!"))]
    assert find_missing("\n".join(lines)) == set()
