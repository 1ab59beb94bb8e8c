"""The Excel file, opened again: what it shows and of which type."""

from __future__ import annotations

import datetime as dt

import openpyxl
import pandas as pd
import pytest

from loyalty.report.output.workbook import write_workbook


@pytest.fixture
def sheet(tmp_path):
    def write(table: pd.DataFrame):
        write_workbook(tmp_path / "a.xlsx", {"one": table})
        return openpyxl.load_workbook(tmp_path / "a.xlsx")["one"]

    return write


def test_numbers_are_numbers_days_are_dates_and_ids_are_text(sheet):
    table = pd.DataFrame({
        "customer_id": [2770000000007], "customers": [1234], "share of sales": [0.25], "sales": [1234.5], "p": [0.01],
        "day": [pd.Timestamp("2026-03-02")], "name": ["west"],
    })  # fmt: skip
    row = {cell.value: value for cell, value in zip(*sheet(table).iter_rows(), strict=True)}
    assert row["customer id"].value == "2770000000007" and row["customer id"].data_type == "s"
    assert (row["customers"].value, row["customers"].number_format) == (1234, "#,##0")
    assert (row["share of sales"].value, row["share of sales"].number_format) == (0.25, "0.0%")
    assert (row["sales"].value, row["sales"].number_format) == (1234.5, "#,##0.00")
    assert row["p"].number_format == "0.0000"
    assert row["day"].value == dt.datetime(2026, 3, 2) and row["day"].number_format == "yyyy-mm-dd"


@pytest.mark.parametrize("text", ['=HYPERLINK("x")', "+7 western", "-5 degrees", "@SUM(A1)", "=1+1"])
def test_text_of_a_user_never_becomes_a_formula(sheet, text):
    cell = sheet(pd.DataFrame({"segment": [text]})).cell(2, 1)
    assert (cell.value, cell.data_type, cell.quotePrefix) == (text, "s", True)


def test_the_head_is_bold_and_frozen_and_empty_stays_empty(sheet):
    page = sheet(pd.DataFrame({"segment": ["a", None], "sales": [1.0, float("nan")], "day": [pd.NaT, pd.NaT]}))
    assert page.freeze_panes == "A2" and page.cell(1, 1).font.bold
    assert [page.cell(3, column).value for column in (1, 2, 3)] == [None, None, None]


def test_a_column_kind_formats_its_row_and_is_not_written(sheet):
    page = sheet(
        pd.DataFrame({"what": ["share", "n"], "value": [0.5, 3], "kind": ["percent", "count"]}).astype(
            {"value": object}
        )
    )
    assert [cell.value for cell in page[1]] == ["what", "value"]
    assert [page.cell(row, 2).number_format for row in (2, 3)] == ["0.0%", "#,##0"]


def test_letters_that_excel_forbids_and_phones_are_left_out(sheet):
    page = sheet(pd.DataFrame({"what": ["a\x00b", "call 79161234567"]}))
    assert [page.cell(row, 1).value for row in (2, 3)] == ["ab", "call …"]
