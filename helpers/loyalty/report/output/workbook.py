"""One Excel file with several sheets: numbers as numbers, days as dates, ids and everything else as text."""

from __future__ import annotations

import datetime as dt
import io
import numbers
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter

from loyalty.tables.personal import hide_personal

FORMATS = {
    "count": "#,##0",
    "money": "#,##0.00",
    "percent": "0.0%",
    "p": "0.0000",
    "number": "#,##0.00",
    "day": "yyyy-mm-dd",
}
HEAD = {"font": Font(bold=True, color="FFFFFF"), "fill": PatternFill("solid", fgColor="1F3A4D")}
LINE = Border(bottom=Side("hair", color="C8CDD2"))
BORN = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file knows


def write_workbook(path: Path, sheets: Mapping[str, pd.DataFrame], mark: str = "") -> None:
    """Write tables as the sheets of one Excel file, each with a bold, frozen head.

    Not for tables of a million rows: an Excel sheet ends at 1,048,576. What is text stays text, also when it begins
    with = + - or @, so that no name in a table becomes a formula.

    Parameters
    ----------
    path : Path
        Ends in .xlsx; an existing file is replaced.
    sheets : mapping of str to pandas.DataFrame
        Name -> table. A column is formatted by its name: see `kind_of`. A column `kind` is not written: it says how
        the numbers in the same row are formatted (one of `FORMATS`).
    mark : str
        Who made the file, kept as its author; see `loyalty.report.output.marks`.
    """
    book = Workbook()
    if mark:
        book.properties.creator = mark
    book.remove(book.active)
    for title, table in sheets.items():
        sheet = book.create_sheet(title[:31])
        kinds = table["kind"].tolist() if "kind" in table else [None] * len(table)
        table = table.drop(columns="kind", errors="ignore")
        for at, name in enumerate(table.columns, 1):
            head = sheet.cell(1, at, str(name).replace("_", " "))
            head.font = HEAD["font"]
            head.fill = HEAD["fill"]
            head.alignment = Alignment(wrap_text=True, vertical="top")
            values = table[name].tolist()
            for row, (value, kind) in enumerate(zip(values, kinds, strict=True), 2):
                _fill(sheet.cell(row, at), value, kind or kind_of(str(name)), is_id=str(name).endswith("_id"))
            longest = max([len(str(name)) * 0.8, *(len(_say(value)) for value in values[:200])], default=8)
            sheet.column_dimensions[get_column_letter(at)].width = min(max(longest + 3, 11), 70)
        sheet.freeze_panes = "A2"
        sheet.sheet_view.showGridLines = False
    path.write_bytes(_forget_time(book))


def _forget_time(book: Workbook) -> bytes:
    """The file without the moment of its making, so that the same tables make the same bytes."""
    made = io.BytesIO()
    plain = io.BytesIO()
    book.save(made)
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "docProps/core.xml":
                data = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"1980-01-01T00:00:00Z", data)
            target.writestr(zipfile.ZipInfo(name, BORN), data, zipfile.ZIP_DEFLATED)
    return plain.getvalue()


def kind_of(name: str) -> str:
    """Say by its name how a column of numbers is shown, in the workbook and on the page.

    Examples
    --------
    >>> [kind_of(name) for name in ("treated", "share of sales", "p", "per treated customer", "orders per buyer")]
    ['count', 'percent', 'p', 'money', 'count']
    """
    # Of "profit per treated customer" the customers are not what is counted
    words = set(re.sub(r"\bper\b.*", "", name.lower().replace("_", " ")).split())
    if words & {"p"}:
        return "p"
    if words & {"share", "rate", "relative", "filled", "probability"}:
        return "percent"
    counted = {"customers", "treated", "control", "rows", "orders", "receipts", "n", "buyers", "empty", "days"}
    counted |= {"wave", "waves", "responses", "compared"}
    return "count" if words & counted else "money"


def _fill(cell: Cell, value: Any, kind: str, *, is_id: bool) -> None:
    cell.border = LINE
    cell.alignment = Alignment(vertical="top", wrap_text=isinstance(value, str) and len(value) > 66)
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return
    if isinstance(value, dt.date):
        cell.value = pd.Timestamp(value).to_pydatetime()
        cell.number_format = FORMATS["day"]
    elif isinstance(value, numbers.Real) and not isinstance(value, bool) and not is_id and abs(value) != float("inf"):
        cell.value = int(value) if isinstance(value, numbers.Integral) else float(value)
        cell.number_format = FORMATS[kind if kind in FORMATS else "number"]
        cell.alignment = Alignment(horizontal="right", vertical="top")
    else:
        cell.value = hide_personal(ILLEGAL_CHARACTERS_RE.sub("", _say(value)))[:32_000]
        cell.data_type = "s"
        cell.number_format = "@"
        cell.quotePrefix = True


def _say(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
