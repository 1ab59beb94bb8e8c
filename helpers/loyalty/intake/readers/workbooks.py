"""Excel workbooks, read as a stream: one sheet, its header row, its values as Excel last computed them."""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import openpyxl
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from loyalty.intake.mapping.headers import find_header, squeeze
from loyalty.intake.space import Raw, Space, refuse_wide, write_cell
from loyalty.tables.sources import NotATable

OLE = bytes.fromhex("d0cf11e0a1b11ae1")
HEAD = 1000
SHOWN = 3
AGAIN = "open it in Excel and save it again"
FAR = 100  # columns
ROW = re.compile(rb'<row [^>]{0,150}?\br="(\d{1,9})"')
MOST_TEXT = 256_000_000  # bytes: all texts of a workbook are held at once
MOST = 3_000_000_000
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
        with _say_damage(path):
            sheet, notes = _choose_sheet(book, options.get("sheet"), path.name)
            if _holds_formulas(path):
                formulas = openpyxl.load_workbook(path, read_only=True)
        rows = _guard(_read_rows(sheet, formulas and formulas[sheet.title]), path)
        head = list(itertools.islice(rows, HEAD))
        texts = [[write_cell(cell) for cell in row] for row in head[:30]]
        at = find_header(texts, wanted, options.get("header_row"), f"{path.name}, sheet {sheet.title}")
        width = _find_width(head, at)
        refuse_wide(width, path.name)
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


def _find_width(head: Sequence[Sequence[Any]], at: int) -> int:
    """Find how many columns the table has: to the last cell that is filled, unless it stands far right of the names.

    One cell that was typed at the end of a sheet would make a table of 16,384 columns; it is refused by its place.
    """
    filled = [max((i for i, cell in enumerate(row, 1) if cell is not None), default=0) for row in head]
    near = filled[at] + FAR
    return max([filled[at], *(last for last in filled[at:] if last <= near)])


def _refuse_large(path: Path) -> None:
    """Refuse a workbook whose parts unfold into more than a computer holds."""
    with zipfile.ZipFile(path) as parts:
        sizes = {part.filename: part.file_size for part in parts.infolist()}
    if sizes.get("xl/sharedStrings.xml", 0) > MOST_TEXT or sum(sizes.values()) > MOST:
        unfolded = sum(sizes.values()) / 1e6
        mend = "save the sheet as CSV UTF-8, and give that"
        raise NotATable(f"{path.name} unfolds to {unfolded:,.0f} MB, which is too much for a workbook: {mend}")


def _open_workbook(path: Path) -> openpyxl.Workbook:
    """Open a workbook with the values that Excel last computed."""
    with _say_damage(path):
        _refuse_large(path)
        return openpyxl.load_workbook(path, read_only=True, data_only=True)


@contextmanager
def _say_damage(path: Path) -> Iterator[None]:
    """Turn what openpyxl raises on a damaged part, which may be anything, into one plain message."""
    try:
        yield
    except NotATable:
        raise
    except MemoryError:
        raise NotATable(
            f"{path.name} is too large for the memory: save the sheet as CSV UTF-8, and give that"
        ) from None
    except Exception as error:
        why = str(error).strip().splitlines()[0][:120] if str(error).strip() else type(error).__name__
        raise NotATable(f"{path.name} cannot be read as a workbook ({why}): {AGAIN}") from None


def _guard(rows: Iterator[list[Any]], path: Path) -> Iterator[list[Any]]:
    """Pass on the rows of a sheet, which is read step by step; damage that shows on the way is said."""
    while True:
        with _say_damage(path):
            row = next(rows, None)
        if row is None:
            return
        yield row


class _Formula:
    """A formula that nobody has computed yet."""


def list_sheets(source: Any) -> list[str]:
    """List the sheets of a workbook that hold data; none for any other source."""
    path = Path(source).expanduser() if isinstance(source, str | Path) else None
    if path is None or path.suffix.lower() not in (".xlsx", ".xlsm") or not path.is_file():
        return []
    try:
        book = _open_workbook(path)
    except NotATable:
        return []  # the reader says why
    try:
        with _say_damage(path):
            for sheet in book.worksheets:
                sheet.reset_dimensions()
            return _list_full({sheet.title: sheet for sheet in book.worksheets})
    finally:
        book.close()


def _list_full(sheets: Mapping[str, Any]) -> list[str]:
    """List the sheets with a cell that is filled."""
    return [name for name, sheet in sheets.items() if any(any(c is not None for c in row) for row in _peek(sheet))]


def _choose_sheet(book: Any, said: str | None, label: str) -> tuple[Any, list[str]]:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    for sheet in sheets.values():
        sheet.reset_dimensions()  # some programs write a wrong size, and rows beyond it would be lost
    if said is not None:
        if str(said) not in sheets:
            raise NotATable(f"{label} has no sheet {str(said)!r}: its sheets are {', '.join(sheets)}")
        return sheets[str(said)], []
    full = _list_full(sheets)
    if not full:
        raise NotATable(f"{label} holds no table: its sheets are empty")
    if len(full) > 1:
        mend = "say which one in columns.yml (`sheet:`)"
        raise NotATable(f"{label} has {len(full)} sheets with data ({', '.join(full)}): {mend}")
    return sheets[full[0]], [f"sheet {full[0]}"] if len(sheets) > 1 else []


def _peek(sheet: Any) -> Iterator[Sequence[Any]]:
    return itertools.islice(sheet.iter_rows(values_only=True), HEAD)


def _holds_formulas(path: Path) -> bool:
    """Look for a formula in the sheets' text, so that the workbook is read twice only if it holds one.

    The numbers of the rows are looked at on the way: openpyxl passes over a row that stands below one of a higher
    number, without a word.
    """
    is_found = False
    with zipfile.ZipFile(path) as parts:
        for name in parts.namelist():
            if name.startswith("xl/worksheets/sheet"):
                with parts.open(name) as part:
                    is_found |= _scan_sheet(part, path.name)
    return is_found


def _scan_sheet(part: IO[bytes], label: str) -> bool:
    """Say whether a sheet holds a formula; NotATable if its rows are out of order."""
    last = b""
    highest = 0
    is_found = False
    while chunk := part.read(1 << 20):
        text = last + chunk
        is_found = is_found or b"<f>" in text or b"<f " in text
        for found in ROW.finditer(text):
            if found.end() <= len(last):
                continue  # seen in the piece before
            number = int(found[1])
            if number < highest:
                says = f"its rows are out of order, row {number:,} stands below row {highest:,}"
                raise NotATable(f"{label} cannot be read as a workbook: {says}: {AGAIN}")
            highest = number
        last = text[-200:]  # a tag may lie across two pieces
    return is_found


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
            place = next(i for i, cell in enumerate(row[width:], width + 1) if cell is not None)
            beyond.append(f"{get_column_letter(place)}{n}")
        yield row
