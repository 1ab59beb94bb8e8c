"""Excel workbooks, read as a stream: one sheet, its header row, its values as Excel last computed them."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from loyalty.intake.mapping.headers import find_header, squeeze
from loyalty.intake.space import Raw, Space, write_cell
from loyalty.tables.sources import NotATable

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
HEAD = 1000
SHOWN = 3
LATE_DAY_ZERO = 1_462  # days from 1899-12-30 to 1904-01-01, from which some workbooks count


def read_workbook(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Read one sheet of an .xlsx file as a table of text."""
    with path.open("rb") as file:
        if file.read(8) == OLE:
            mend = "open it in Excel and save it as .xlsx without a password"
            raise NotATable(f"{path.name} is protected by a password, or an old .xls under another name: {mend}")
    book = _open_workbook(path)
    day_zero = LATE_DAY_ZERO if book.epoch == CALENDAR_MAC_1904 else 0
    formulas = None
    try:
        sheet, notes = _choose_sheet(book, options.get("sheet"), path.name)
        if _holds_formulas(path):
            formulas = openpyxl.load_workbook(path, read_only=True)
        rows = _read_rows(sheet, formulas and formulas[sheet.title])
        head = list(itertools.islice(rows, HEAD))
        texts = [[write_cell(cell) for cell in row] for row in head[:30]]
        at = find_header(texts, wanted, options.get("header_row"), f"{path.name}, sheet {sheet.title}")
        width = max(map(len, head))
        missing: list[str] = []
        beyond: list[str] = []
        body = _check_rows(itertools.chain(head[at + 1 :], rows), at + 2, width, missing, beyond)
        table = space.write(itertools.islice(body, limit), width)
    finally:
        book.close()
        if formulas:
            formulas.close()
    if missing:
        shown = ", ".join(missing[:SHOWN]) + (", …" if len(missing) > SHOWN else "")
        what = "1 formula" if len(missing) == 1 else f"{len(missing):,} formulas"
        mend = "open it in Excel, save it, and give it again"
        raise NotATable(f"{path.name}, sheet {sheet.title}: {what} ({shown}) without a stored value: {mend}")
    if beyond:
        mend = "take them out, or give them a name in the header"
        raise NotATable(f"{path.name}, sheet {sheet.title}: cells right of the table, such as {beyond[0]}: {mend}")
    headers = [squeeze(cell or "") for cell in head[at]]
    headers += [""] * (width - len(headers))
    if at:
        notes.append(f"column names taken from line {at + 1}")
    return Raw(path.name, table, headers, at + 2, notes, marked=True, day_zero=day_zero)


def _open_workbook(path: Path) -> openpyxl.Workbook:
    """Open a workbook with the values that Excel last computed."""
    try:
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # a damaged part makes openpyxl fail in any way
        why = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        mend = "open it in Excel and save it again"
        raise NotATable(f"{path.name} cannot be read as a workbook ({why}): {mend}") from None


class _Formula:
    """A formula that nobody has computed yet."""


def _choose_sheet(book: Any, said: str | None, label: str) -> tuple[Any, list[str]]:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for sheet in sheets.values():
        sheet.reset_dimensions()  # some programs write a wrong size, and rows beyond it would be lost
    if said is not None:
        if str(said) not in sheets:
            raise NotATable(f"{label} has no sheet {str(said)!r}: its sheets are {', '.join(sheets)}")
        return sheets[str(said)], []
    full = [name for name, sheet in sheets.items() if any(any(c is not None for c in row) for row in _peek(sheet))]
    if not full:
        raise NotATable(f"{label} holds no table: its sheets are empty")
    if len(full) > 1:
        mend = "say which one in columns.yml (`sheet:`)"
        raise NotATable(f"{label} has {len(full)} sheets with data ({', '.join(full)}): {mend}")
    return sheets[full[0]], [f"sheet {full[0]}"] if len(sheets) > 1 else []


def _peek(sheet: Any) -> Iterator[Sequence[Any]]:
    return itertools.islice(sheet.iter_rows(values_only=True), HEAD)


def _holds_formulas(path: Path) -> bool:
    """Look for a formula in the sheets' text, so that the workbook is read twice only if it holds one."""
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/"):
                with parts.open(name) as part:
                    if _finds_formula(part):
                        return True
    return False


def _finds_formula(part: IO[bytes]) -> bool:
    """Look for the tag of a formula, which may lie across two of the pieces that are read."""
    last = b""
    while chunk := part.read(1 << 20):
        if b"<f>" in last + chunk or b"<f " in last + chunk:
            return True
        last = chunk[-2:]
    return False


def _read_rows(sheet: Any, formulas: Any) -> Iterator[list[Any]]:
    """Read the values of each row; a formula without a value becomes a mark."""
    values = sheet.iter_rows(values_only=True)
    if formulas is None:
        yield from map(list, values)
        return
    formulas.reset_dimensions()
    for row, written in zip(values, formulas.iter_rows(values_only=True), strict=False):
        cells = list(row)
        for i, cell in enumerate(written):
            if i < len(cells) and cells[i] is None and _is_formula(cell):
                cells[i] = _Formula
        yield cells


def _is_formula(cell: Any) -> bool:
    """Say whether a cell is a formula: a text that begins with =, or one of openpyxl's objects for arrays of cells."""
    if not isinstance(cell, str | None) and hasattr(cell, "ref"):
        return True
    return str(cell or "").startswith("=")


def _check_rows(
    rows: Iterator[list[Any]], line: int, width: int, missing: list[str], beyond: list[str]
) -> Iterator[list[Any]]:
    for n, row in enumerate(rows, line):
        if _Formula in row:
            missing += [f"{get_column_letter(i + 1)}{n}" for i, cell in enumerate(row) if cell is _Formula]
            row = [None if cell is _Formula else cell for cell in row]
        if any(cell is not None for cell in row[width:]):
            beyond.append(f"{get_column_letter(width + 1)}{n}")
        yield row
