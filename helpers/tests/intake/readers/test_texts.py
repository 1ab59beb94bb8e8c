"""CSV as it comes: encodings, separators, header lines, broken lines; each works or ends in one message."""

from __future__ import annotations

import os

import pytest

from ..conftest import HEAD, show

RUSSIAN = (
    "Номер карты;Дата чека;Сумма со скидкой;Магазин\n007;31.12.2025 18:05;1 234,50;Тверская\n8;01.02.2025;2,5;Арбат\n"
)
NAMES = {"customer_id": "Номер карты", "time": "Дата чека", "sales": "Сумма со скидкой"}
ROWS = [("007", "2025-12-31 18:05", 1234.5), ("8", "2025-02-01 00:00", 2.5)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251", "utf-16", "utf-16-le"])
def test_a_russian_export_gives_the_same_rows_in_every_encoding(csv, load, encoding):
    loaded = load(csv(RUSSIAN, encoding=encoding), columns=NAMES)
    assert show(loaded) == ROWS
    assert ("encoding cp1251" in loaded.notes) == (encoding == "cp1251")


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolon"), ("\t", "tab"), ("|", "bar")])
def test_each_separator_is_found_and_said(csv, load, mark, name):
    loaded = load(csv(RUSSIAN.replace(";", mark), "till.txt"), columns=NAMES)
    assert show(loaded) == ROWS
    assert loaded.notes[0] == f"separator {name}"


def test_decimal_commas_between_commas_need_quotes_and_then_work(csv, load, refuse):
    quoted = 'customer_id,time,sales\n7,2025-01-31,"12,50"\n8,2025-01-31,"3,5"\n'
    assert [row[2] for row in show(load(csv(quoted)))] == [12.5, 3.5]
    assert refuse(csv("customer_id,time,sales\n7,2025-01-31,12\n8,2025-01-31,3,5\n", "bare.csv")) == (
        "bare.csv: line 3 is not split into the 3 columns of the header (found 4): "
        "put values that hold the separator or a quotation mark in quotes, or export again"
    )


def test_values_beyond_the_last_name_are_refused_where_every_line_has_them(csv, load, refuse):
    lines = "customer_id,time,sales,store_id\n1,2024-01-05,1234,50,7\n2,2024-01-06,5,00,8\n"
    assert refuse(csv(lines)) == (
        "till.csv: the header names 4 columns, and 2 rows have values beyond them, such as 1,2024-01-05,1234,50,7: "
        "is it a decimal comma, which splits a number in two? Export with ; between the columns, "
        "or name the last columns in the header, or take them out"
    )
    trailing = "customer_id;time;sales;\n1;2024-01-05;5;\n"  # as a spreadsheet writes an empty last column
    assert [row[2] for row in show(load(csv(trailing)))] == [5.0]


def test_a_line_that_the_engine_drops_is_missed(csv, refuse):
    lines = "".join(f"{i},2024-01-05,4\n" for i in range(1000))
    said = refuse(csv("customer_id,time,sales\n" + lines + "5,2024-01-05," + "9" * 34_000_000 + "\n"))
    assert said.startswith("till.csv: row 1,002 cannot be read (field larger than field limit")


def test_breaks_inside_quotes_and_blank_lines_are_counted_as_they_are(csv, load):
    text = 'customer_id,time,sales,product_id\n1,2024-01-05,4,"a\nb"\n\n2,2024-01-05,5,c\n'
    assert [row[2] for row in show(load(csv(text)))] == [4.0, 5.0]


def test_western_letters_are_not_taken_for_cyrillic_ones(csv, load, refuse):
    path = csv("customer_id;time;sales;store_id\n7;2025-01-31;5;Müller\n", encoding="cp1252")
    assert refuse(path) == (
        "till.csv is neither in UTF-8 nor, by its letters, in cp1251: save it from Excel as 'CSV UTF-8', "
        "or say `encoding:` in columns.yml, for example cp1252 or cp866"
    )
    assert show(load(path, encoding="cp1252"))[0][3] == "Müller"


def test_a_dos_export_is_read_when_its_encoding_is_said(csv, load, refuse):
    path = csv(RUSSIAN, encoding="cp866")
    assert "nor, by its letters, in cp1251" in refuse(path, columns=NAMES)
    assert show(load(path, columns=NAMES, encoding="cp866")) == ROWS
    assert refuse(path, columns=NAMES, encoding="utf-8") == (
        "till.csv is not in the encoding utf-8: correct `encoding:`"
    )


def test_title_lines_above_the_header_are_passed_over_and_said(csv, load):
    loaded = load(csv("Отчёт о продажах\n\nза 2025 год;;\n" + RUSSIAN), columns=NAMES)
    assert show(loaded) == ROWS
    assert "column names taken from line 4" in loaded.notes


def test_a_file_without_a_header_is_refused(csv, refuse):
    assert refuse(csv("7;2025-01-31;5\n8;2025-01-31;6\n")) == (
        "till.csv has no line that names its columns, line 1 begins with '7': "
        "add a first line of names, or say in columns.yml which line it is (`header_row:`)"
    )


def test_quotes_hold_line_breaks_and_separators(csv, load):
    head = 'Title\n\n"customer_id";"time";"sales";"store\nid"\n'
    text = head + '7;2025-01-31;5;"Main street;\nNo 1 ""old"""\n8;2025-02-01;6;x\n'
    loaded = load(
        csv(text), columns={"customer_id": "customer_id", "time": "time", "sales": "sales", "store_id": "store id"}
    )
    assert sorted(row[3] for row in show(loaded))[0] == 'Main street;\nNo 1 "old"'


def test_a_quotation_mark_without_its_pair_is_named_with_its_line(csv, load, refuse):
    text = "customer_id;time;sales;store_id\n7;2025-01-31;5;{}\n8;2025-01-31;6;b\n"
    assert load(csv(text.format('ООО "Ромашка"'))).rows == 2
    assert refuse(csv(text.format('"Ромашка'))) == (
        "till.csv: line 2 is not split into the 4 columns of the header: "
        "put values that hold the separator or a quotation mark in quotes, or export again"
    )


def test_every_kind_of_line_end_and_a_line_that_names_the_separator_are_read(csv, load):
    for end in ("\n", "\r\n", "\r"):
        assert show(load(csv(f"sep=;\n{RUSSIAN}".replace("\n", end)), columns=NAMES)) == ROWS


def test_lines_that_are_too_short_are_filled_and_said(csv, load):
    loaded = load(csv("customer_id;time;sales;channel\n7;2025-01-31;5\n8;2025-01-31;6;online\n"))
    assert [row[:3] for row in show(loaded)] == [("7", "2025-01-31 00:00", 5.0), ("8", "2025-01-31 00:00", 6.0)]
    assert "line 2 is shorter than 4 columns: the missing cells are read as empty" in loaded.notes


def test_duplicate_headers_are_refused_unless_nobody_needs_them(csv, load, refuse):
    text = "customer_id;time;Сумма;Сумма;note;note\n7;2025-01-31;5;6;a;b\n"
    names = {"customer_id": "customer_id", "time": "time", "sales": "Сумма"}
    assert refuse(csv(text), columns=names) == (
        "till.csv: 2 columns are named 'Сумма' (columns 3 and 4): rename all but one"
    )
    assert load(csv(text.replace("Сумма", "sales", 1))).rows == 1


def test_columns_without_a_name_and_empty_lines_are_left_out_and_said(csv, load):
    loaded = load(csv("customer_id;time;sales;;\n7;2025-01-31;5;;\n;;;;\n8;2025-01-31;6;;\n"))
    assert loaded.rows == 2
    assert {"2 columns without a name left out", "1 empty row left out"} <= set(loaded.notes)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("old.xls", "old.xls is not read: open it in Excel and save it as .xlsx"),
        ("all.zip", "all.zip is not read: unpack it and give the file inside"),
        ("report.pdf", "report.pdf is not read: ask for the table behind it, as .xlsx or .csv"),
        ("sheet.ods", "sheet.ods is not read: save its table as .xlsx"),
    ],
)
def test_other_kinds_of_files_are_refused_with_what_to_do(csv, refuse, name, words):
    assert refuse(csv("anything", name)) == words


def test_a_file_that_is_no_text_is_said_so(csv, refuse, tmp_path):
    path = tmp_path / "photo.csv"
    path.write_bytes(bytes(range(256)) * 9 + b"\xd8")
    assert refuse(path) == "photo.csv is no text, or in an encoding that is not known: export it as CSV UTF-8"
    assert refuse(path, encoding="utf-16") == "photo.csv is not in the encoding utf-16: correct `encoding:`"


def test_missing_and_empty_files_and_unknown_endings_are_named(csv, refuse, tmp_path):
    assert refuse(tmp_path / "no.csv") == f"there is no file no.csv in {tmp_path}"
    assert refuse(csv("", "empty.csv")) == "the file empty.csv is empty (0 bytes): export it again"
    assert refuse(csv("\n\n", "blank.csv")) == "blank.csv holds no table: its first 2 lines are empty"
    assert refuse(csv("x", "till.dat")) == (
        "till.dat is not read, because its name ends with none of .xlsx, .xlsm, .csv, .txt, .tsv, .parquet, .duckdb, "
        ".db, .sql: rename it or save it so"
    )


def test_an_optional_column_without_a_value_counts_as_missing(csv, load):
    loaded = load(csv("customer_id;time;sales;margin\n7;2025-01-31;5;\n"))
    assert "`margin` is empty and left out" in loaded.notes
    assert "margin" in loaded.missing
    assert loaded.found == ("customer_id", "time", "sales")


def test_a_header_alone_is_a_table_without_rows(csv, load):
    assert load(csv(HEAD)).rows == 0


def test_a_last_line_that_cannot_be_read_is_not_lost(csv, refuse):
    text = HEAD + "1;2025-01-31;5\n" * 3 + "x" * 3_000_000
    assert "line 5 is not split into the 3 columns" in refuse(csv(text))


def test_a_file_that_breaks_off_within_a_letter_was_cut_off(csv, refuse):
    path = csv(HEAD + "1;2025-01-31;5\n")
    path.write_bytes(path.read_bytes() + "Д".encode()[:1])
    assert refuse(path) == ("till.csv breaks off in the middle of a letter: it was cut off, so copy or export it again")


def test_one_long_line_is_no_table(csv, refuse):
    assert refuse(csv("x" * 400_000)).startswith("till.csv begins with a line of 262,144 characters or more, which")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_table_of_hundreds_of_columns_is_read_and_one_of_thousands_refused(csv, xlsx, load, refuse, kind):
    names = [f"n{i}" for i in range(400)]
    head = ["customer_id", "time", "sales", *names]
    row = ["7", "2025-01-31", "5.5", *["1"] * 400]
    loaded = load(xlsx([head, row]) if kind == "xlsx" else csv(f"{';'.join(head)}\n{';'.join(row)}\n"))
    assert loaded.rows == 1 and loaded.notes[-1].endswith("n7 and 392 more")
    head += [f"m{i}" for i in range(1600)]
    wide = xlsx([head, ["x"]]) if kind == "xlsx" else csv(";".join(head) + "\nx\n")
    assert "has 2,003 columns, and up to 2,000 are read: keep the columns that are needed" in refuse(wide)


def test_a_pipe_is_no_file(tmp_path, refuse):
    if not hasattr(os, "mkfifo"):
        pytest.skip("this system has no pipes by name")
    os.mkfifo(tmp_path / "till.csv")
    assert refuse(tmp_path / "till.csv") == (
        "till.csv is a pipe or a device, and a table is read twice: "
        "write what comes out of it into a file, and give that"
    )
