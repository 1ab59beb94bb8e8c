"""Foreign files, made by the tests themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from loyalty.intake import Loaded, load_tables
from loyalty.tables.check import TableError
from loyalty.tables.sources import collect

HEAD = "customer_id;time;sales\n"


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., Path]:
    """Write a text file."""

    def write(text: str, name: str = "till.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def xlsx(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook from rows, or from rows by sheet; `merge` names ranges to merge."""

    def write(rows: Any, name: str = "till.xlsx", merge: tuple[str, ...] = ()) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, lines in (rows if isinstance(rows, dict) else {"Лист1": rows}).items():
            sheet = book.create_sheet(title)
            for line in lines:
                sheet.append(line)
            for cells in merge:
                sheet.merge_cells(cells)
        path = tmp_path / name
        book.save(path)
        return path

    return write


@pytest.fixture
def load() -> Callable[..., Loaded]:
    """Load one table, receipts unless named."""

    def run(source: Any, name: str = "receipts", **options: Any) -> Loaded:
        return load_tables({name: source}, {name: options} if options else None)[name]

    return run


@pytest.fixture
def refuse(load: Callable[..., Loaded]) -> Callable[..., str]:
    """Return the problems of a table that is refused, one a line, without the name of the table."""

    def run(source: Any, name: str = "receipts", **options: Any) -> str:
        with pytest.raises(TableError) as caught:
            load(source, name, **options)
        return "\n".join(text.removeprefix(f"{name}: ") for text in caught.value.problems)

    return run


def show(loaded: Loaded) -> list[tuple]:
    """The rows of a table, sorted, times as text."""
    frame = collect(loaded.table)
    for name in frame.select_dtypes("datetime"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%d %H:%M")
    return sorted(frame.itertuples(index=False, name=None), key=str)
