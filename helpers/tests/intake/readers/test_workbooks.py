"""Excel workbooks as they come: titles, merged cells, formulas, several sheets, numbers that Excel spoiled."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pytest
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from loyalty.intake.readers.workbooks import _scan_sheet

from ..conftest import show
from ..damage import change_part

HEAD = ["Номер карты", "Дата чека", "Сумма со скидкой"]
NAMES = {"customer_id": HEAD[0], "time": HEAD[1], "sales": HEAD[2]}
DAY = dt.datetime(2025, 12, 31, 18, 5)


def test_cells_keep_their_types_and_texts_beside_them_are_read(xlsx, load):
    rows = [HEAD, [7, DAY, 1234.567], ["008", "30.12.2025", "1 234,50 ₽"], [9.0, dt.date(2025, 12, 29), -3]]
    loaded = load(xlsx(rows), columns=NAMES)
    assert show(loaded) == [
        ("008", "2025-12-30 00:00", 1234.5),
        ("7", "2025-12-31 18:05", 1234.567),
        ("9", "2025-12-29 00:00", -3.0),
    ]


@pytest.mark.parametrize(("epoch", "serial"), [(WINDOWS_EPOCH, 45657), (MAC_EPOCH, 44195)])
def test_bare_numbers_are_days_as_the_workbook_counts_them(tmp_path, load, epoch, serial):
    book = openpyxl.Workbook()
    book.epoch = epoch
    for row in (HEAD, [7, serial, 5], [8, serial + 0.5, 6]):
        book.active.append(row)
    book.save(tmp_path / "mac.xlsx")
    loaded = load(tmp_path / "mac.xlsx", columns=NAMES)
    assert [row[1] for row in show(loaded)] == ["2024-12-31 00:00", "2024-12-31 12:00"]
    assert any("from 1904 on" in note for note in loaded.notes) == (epoch is MAC_EPOCH)


@pytest.mark.parametrize("cell", [dt.date(2024, 1, 5), True, 7.5])
def test_dates_flags_and_fractions_are_no_ids(xlsx, refuse, cell):
    says = refuse(xlsx([HEAD, [cell, DAY, 5], ["C1", DAY, 6]]), columns=NAMES)
    assert "(at line 2): no ids: an id is a whole number or a text" in says


def test_a_title_merged_over_the_table_is_passed_over(xlsx, load):
    rows = [["Продажи за декабрь"], [], HEAD, [7, DAY, 5]]
    loaded = load(xlsx(rows, merge=("A1:C1",)), columns=NAMES)
    assert show(loaded) == [("7", "2025-12-31 18:05", 5.0)]
    assert "column names taken from line 3" in loaded.notes


def test_a_header_in_two_lines_of_merged_cells_is_refused(xlsx, refuse):
    rows = [["Клиент", "Чек", None, None], [None, "Дата", "Сумма", "Скидка"], [7, DAY, 5, 1]]
    path = xlsx(rows, merge=("A1:A2", "B1:D1"))
    assert refuse(path, columns={"customer_id": "Клиент", "time": "Дата", "sales": "Сумма"}) == (
        "till.xlsx, sheet Лист1 names its columns in two lines, 1 and 2 ('Клиент' stands above): "
        "bring them to one line (unmerge the cells), or say `header_row:` in columns.yml"
    )


def test_several_sheets_with_data_stop_until_one_is_named(xlsx, load, refuse):
    path = xlsx({"Январь": [HEAD, [7, DAY, 5]], "Февраль": [HEAD, [8, DAY, 6]], "Пусто": []})
    assert refuse(path, columns=NAMES) == (
        "till.xlsx has 2 sheets with data (Январь, Февраль): say which one in columns.yml (`sheet:`)"
    )
    assert refuse(path, columns=NAMES, sheet="Март") == (
        "till.xlsx has no sheet 'Март': its sheets are Январь, Февраль, Пусто"
    )
    assert show(load(path, columns=NAMES, sheet="Февраль")) == [("8", "2025-12-31 18:05", 6.0)]
    single = load(xlsx({"Данные": [HEAD, [7, DAY, 5]], "Пусто": []}, "one.xlsx"), columns=NAMES)
    assert single.notes[0] == "sheet Данные"


def test_formulas_that_nobody_computed_are_named(xlsx, refuse):
    path = xlsx([HEAD, [7, DAY, "=2*3"], [8, DAY, "=B9"]])
    assert refuse(path, columns=NAMES) == (
        "till.xlsx, sheet Лист1: 2 formulas (C2, C3) without a stored value: "
        "open it in Excel, save it, and give it again"
    )


def test_errors_of_excel_are_named_wherever_they_stand(xlsx, refuse):
    path = xlsx([HEAD, ["#N/A", DAY, "#REF!"], [8, DAY, 5]])
    assert refuse(path, columns=NAMES).splitlines() == [
        "`customer_id` (column Номер карты) holds '#N/A' in 1 row (at line 2): "
        "errors of Excel instead of values: correct them in the workbook",
        "`sales` (column Сумма со скидкой) holds errors of Excel, '#REF!' in 1 row (at line 2): "
        "correct them in the workbook",
    ]


def test_card_numbers_that_excel_keeps_as_numbers_have_lost_their_last_digit(xlsx, refuse):
    path = xlsx([HEAD, [4276023456789012, DAY, 5]])
    assert refuse(path, columns=NAMES) == (
        "`customer_id` (column Номер карты) holds '4276023456789012' in 1 row (at line 2): "
        "numbers of 16 digits or more, of which Excel keeps 15: "
        "format the column as text in the source, not in a copy of Excel's, and export again"
    )


def test_days_counted_by_excel_are_read_when_all_of_the_column_are(xlsx, load, refuse):
    loaded = load(xlsx([HEAD, [7, 46022.75, 5], [8, 46023, 6]]), columns=NAMES)
    assert [row[1] for row in show(loaded)] == ["2025-12-31 18:00", "2026-01-01 00:00"]
    assert "`time` (column Дата чека): numbers read as the days that Excel counts" in loaded.notes
    assert refuse(xlsx([HEAD, [7, 46022, 5], [8, DAY, 6]]), columns=NAMES) == (
        "`time` (column Дата чека) should be a date, found '46022' in 1 row (at line 2): "
        "such numbers are days as Excel counts them: in Excel give the whole column one date format"
    )


def test_a_protected_or_damaged_workbook_is_refused_plainly(tmp_path, refuse):
    path = tmp_path / "till.xlsx"
    path.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600))
    assert refuse(path) == (
        "till.xlsx is protected by a password, or an old .xls under another name: "
        "open it in Excel and save it as .xlsx without a password"
    )
    path.write_bytes(b"PK\x03\x04 and nothing more")
    assert refuse(path) == (
        "till.xlsx cannot be read as a workbook (File is not a zip file): open it in Excel and save it again"
    )


def test_cells_far_below_that_stand_right_of_the_table_are_not_lost(xlsx, refuse):
    rows = [HEAD, *([7, DAY, 5] for _ in range(1100)), [7, DAY, 5, "note"]]
    assert refuse(xlsx(rows), columns=NAMES) == (
        "till.xlsx, sheet Лист1: cells right of the table, such as D1102: "
        "take them out, or give them a name in the header"
    )


def test_a_workbook_without_a_table_is_refused(xlsx, refuse):
    assert refuse(xlsx([[]])) == "till.xlsx holds no table: its sheets are empty"


def test_a_day_and_a_clock_in_two_columns_of_cells_are_joined(xlsx, load):
    path = xlsx(
        [["id", "Дата", "Время", "sum"], [7, DAY.date(), dt.time(18, 5), 5], [8, dt.datetime(2025, 12, 30), "9:05", 6]]
    )
    loaded = load(path, columns={"customer_id": "id", "time": ["Дата", "Время"], "sales": "sum"})
    assert [row[1][11:] for row in show(loaded)] == ["18:05", "09:05"]


def test_a_chart_sheet_is_no_sheet_with_data(tmp_path, load):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append([7, DAY, 5])
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(book.active, min_col=3, min_row=2))
    book.create_chartsheet("График").add_chart(chart)
    book.save(tmp_path / "till.xlsx")
    assert load(tmp_path / "till.xlsx", columns=NAMES).rows == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"</sheetData>", b""), (b'r="A1"', b'r="1A"'), (b'<row r="2"', b'<row r="x"'),
     (b"<sheetData>", b"<sheetData><!DOCTYPE a>")],
)  # fmt: skip
def test_a_sheet_that_is_damaged_within_is_one_plain_line(xlsx, refuse, old, new):
    path = xlsx([["customer_id", "time", "sales"], ["7", "2025-01-31", 5]])
    path.write_bytes(change_part(path.read_bytes(), "xl/worksheets/sheet1.xml", lambda data: data.replace(old, new)))
    said = refuse(path)
    assert said.startswith("till.xlsx cannot be read as a workbook (") and "open it in Excel and save it" in said
    assert len(said.splitlines()) == 1


def test_one_cell_at_the_end_of_the_sheet_makes_no_table_of_sixteen_thousand_columns(xlsx, refuse):
    rows = [["customer_id", "time", "sales"], *[["7", "2025-01-31", 5]] * 30]
    rows[21] = [*rows[21], *[None] * 16_380, "x"]
    assert refuse(xlsx(rows)) == (
        "till.xlsx, sheet Лист1: cells right of the table, such as XFD22: "
        "take them out, or give them a name in the header"
    )


def test_a_workbook_that_unfolds_beyond_the_memory_is_refused_before_it_is_read(xlsx, refuse, monkeypatch):
    monkeypatch.setattr("loyalty.intake.readers.workbooks.MOST", 5000)
    assert "which is too much for a workbook: save the sheet as CSV UTF-8" in refuse(xlsx([["a"]]))


def test_rows_out_of_order_are_not_lost(xlsx, refuse):
    path = xlsx([["customer_id", "time", "sales"], *[["7", "2025-01-31", 5]] * 9])
    sheet = "xl/worksheets/sheet1.xml"
    path.write_bytes(change_part(path.read_bytes(), sheet, lambda data: data.replace(b'<row r="2"', b'<row r="9"')))
    assert refuse(path) == (
        "till.xlsx cannot be read as a workbook: its rows are out of order, row 3 stands below row 9: "
        "open it in Excel and save it again"
    )


def test_the_order_of_rows_is_judged_across_the_pieces_in_which_a_sheet_is_read():
    rows = b"".join(b'<row r="%d"/>' % number for number in range(1, 200_000))
    assert not _scan_sheet(io.BytesIO(rows), "till.xlsx")
    assert _scan_sheet(io.BytesIO(b" " * ((1 << 20) - 2) + b"<f>1"), "till.xlsx")
