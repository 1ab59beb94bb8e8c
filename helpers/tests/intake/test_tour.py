"""A tour of malformed files through the command line: no traceback, and no number that an independent reader denies."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from loyalty import cli
from loyalty.intake import load_tables
from loyalty.tables.check import TableError
from loyalty.tables.sources import collect

from .damage import HEAD, ROWS, list_mappings, list_stores, list_texts, list_workbooks, write_csv

SOUND = math.fsum(float(row[2]) for row in ROWS)


def read_independently(path: Path) -> tuple[int, float] | None:
    """Count the rows that are not empty and sum their sales with Python's own readers; None where these cannot tell."""
    try:
        rows = read_workbook(path) if path.suffix == ".xlsx" else read_text(path)
    except Exception:  # what it cannot read, it cannot deny
        return None
    names = [str(cell or "").strip() for cell in rows[0]] if rows else []
    if [names.count(name) for name in HEAD[:3]] != [1, 1, 1]:
        return None
    customer, _, sales = (names.index(name) for name in HEAD[:3])
    is_wide = [row for row in rows[1:] if len(row) > max(customer, sales)]
    filled = [row for row in is_wide if any(str(cell or "").strip(" \u200b") for cell in row)]
    try:
        return len(filled), math.fsum(float(row[sales]) for row in filled)
    except (TypeError, ValueError):
        return None


def read_text(path: Path) -> list[list[Any]]:
    text = path.read_bytes().decode("utf-8-sig")
    if "\0" in text:
        raise ValueError
    return list(csv.reader(io.StringIO(text, newline=""), strict=True))


def read_workbook(path: Path) -> list[list[Any]]:
    book = openpyxl.load_workbook(path, data_only=True)
    if len(book.worksheets) != 1:
        raise ValueError
    return [list(row) for row in book.active.iter_rows(values_only=True)]


@pytest.fixture
def tour(tmp_path, monkeypatch, capsys):
    """Send files through `columns` and `run`, and through `load_tables`; collect what should not be."""
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    monkeypatch.setenv("LOYALTY_HOME", str(tmp_path / "home"))
    wrong: list[str] = []

    def call(name: str, arguments: list[str]) -> int | None:
        capsys.readouterr()
        try:
            code = cli.main(arguments)
        except SystemExit as error:
            code = error.code
        except BaseException as error:  # a traceback, whatever its kind
            wrong.append(f"{name}: {arguments[0]} raised {type(error).__name__}: {str(error)[:100]}")
            return None
        said = capsys.readouterr()
        if "Traceback" in said.err + said.out or "last_error.txt" in said.err:
            wrong.append(f"{name}: {arguments[0]} broke: {said.err[:200]}")
        if code not in (0, 2) or (code == 2 and not said.err.strip()):
            wrong.append(f"{name}: {arguments[0]} ended with {code} and said {said.err[:100]!r}")
        return code

    def load(name: str, path: Path, mapping: Path | None = None) -> None:
        try:
            loaded = load_tables({"receipts": path}, mapping)["receipts"]
        except TableError as error:
            if max(map(len, error.problems)) > 1200:
                wrong.append(f"{name}: a problem of {max(map(len, error.problems)):,} characters")
            return
        except BaseException as error:
            wrong.append(f"{name}: load raised {type(error).__name__}: {str(error)[:100]}")
            return
        truth = read_independently(path)
        if truth is None:
            return
        total = math.fsum(collect(loaded.table)["sales"])
        without = re.search(r"([\d,]+) rows? without a customer left out .*: sales ([-\d,.]+)", " ".join(loaded.notes))
        if without:  # words such as NULL are read as empty, and that is said
            truth = (truth[0] - int(without[1].replace(",", "")), truth[1] - float(without[2].replace(",", "")))
        if loaded.rows != truth[0] or not math.isclose(total, truth[1], rel_tol=1e-9):
            wrong.append(f"{name}: {loaded.rows} rows, {total}; another reader finds {truth}; notes {loaded.notes}")

    yield tmp_path, call, load, wrong


def make_tour(tour, files) -> int:
    folder, call, load, wrong = tour
    count = 0
    for name, data in files:
        path = folder / name
        path.write_bytes(data)
        load(name, path)
        call(name, ["columns", name])
        if count % 40 == 0:  # a report costs more than all the rest
            call(name, ["run", "profile", "--data", f"receipts={name}", "-o", "report.html"])
            for made in folder.glob("report.*"):
                made.unlink()
        path.unlink()
        count += 1
    assert not wrong, f"{len(wrong)} of {count}:\n" + "\n".join(wrong[:20])
    return count


@pytest.mark.slow
def test_no_malformed_text_file_breaks_the_command_line_or_is_read_otherwise_than_by_another_reader(tour):
    assert make_tour(tour, list_texts()) >= 200


@pytest.mark.slow
def test_no_malformed_workbook_breaks_the_command_line_or_is_read_otherwise_than_by_another_reader(tour):
    assert make_tour(tour, list_workbooks()) >= 120


@pytest.mark.slow
def test_no_malformed_parquet_or_duckdb_file_breaks_the_command_line(tour, tmp_path_factory):
    assert make_tour(tour, list_stores(tmp_path_factory.mktemp("bases"))) >= 70


@pytest.mark.slow
def test_no_malformed_columns_yml_breaks_the_command_line(tour):
    folder, call, load, wrong = tour
    (folder / "till.csv").write_bytes(write_csv())
    count = 0
    for name, data in list_mappings():
        (folder / name).write_bytes(data)
        load(name, folder / "till.csv", folder / name)
        if count % 40 == 0:
            call(name, ["run", "profile", "--data", "receipts=till.csv", "--columns", name, "-o", "report.html"])
        count += 1
    assert not wrong, "\n".join(wrong[:20])
    assert count >= 100


def test_the_reader_that_the_tour_compares_with_reads_the_sound_file(tmp_path):
    path = tmp_path / "till.csv"
    path.write_bytes(write_csv())
    assert read_independently(path) == (len(ROWS), SOUND)
