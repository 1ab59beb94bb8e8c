"""The files of a till are read as they are, and what cannot be read is told with file and line."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.prepare.clean import read_till_files
from loyalty.tables.check import TableError

HEAD = "date;time;store;till;receipt;line;cashier;card;product;quantity;amount;discount;kind;channel"


def write(path, *rows, encoding="utf-8"):
    path.write_text("\n".join([HEAD, *rows]) + "\n", encoding=encoding)
    return path


def test_two_encodings_become_one_table_with_file_and_line(tmp_path):
    write(tmp_path / "a.csv", "05.03.2023;10:00:00;1;2;7;1;Анна;0027;5;1;12,50;0,00;sale;store")
    write(tmp_path / "b.csv", "06.04.2023;10:00:00;1;2;8;;Борис;0028;5;-1;1200,5;0,00;;store", encoding="cp1251")
    lines = read_till_files(tmp_path)
    assert lines.attrs["encodings"] == {"a.csv": "utf-8-sig", "b.csv": "cp1251"}
    assert lines["cashier"].tolist() == ["Анна", "Борис"]
    assert lines["customer_id"].tolist() == ["0027", "0028"]
    assert lines["sales"].tolist() == [12.5, 1200.5]
    assert lines["file_line"].tolist() == [2, 2]
    assert lines["file_month"].tolist() == [pd.Timestamp("2023-03-01"), pd.Timestamp("2023-04-01")]
    assert pd.isna(lines["line_no"][1]) and pd.isna(lines["kind"][1])


def test_all_problems_of_all_files_are_told_at_once(tmp_path):
    write(tmp_path / "a.csv", "2023-03-05;10:00:00;1;2;7;1;;27;5;1;12.50 €;0;sale;store")
    (tmp_path / "b.csv").write_text("day;sum\n1;2\n", encoding="utf-8")
    with pytest.raises(TableError) as error:
        read_till_files(tmp_path)
    assert len(error.value.problems) == 3
    text = str(error.value)
    assert "a.csv: amount cannot be read in 1 line (2), such as '12.50 €'" in text
    assert "a.csv: date and time cannot be read in 1 line (2)" in text
    assert "b.csv: there is no column date, time, card, amount; found: day, sum" in text


def test_a_folder_without_files_and_a_missing_file_are_told(tmp_path):
    with pytest.raises(TableError, match="the folder holds no .csv file"):
        read_till_files(tmp_path)
    with pytest.raises(TableError, match="there is no file nowhere.csv"):
        read_till_files([tmp_path / "nowhere.csv"])


def test_trailing_separators_and_blank_lines_are_no_fault_and_lines_keep_their_numbers(tmp_path):
    row = "05.03.2023;10:00:00;27;12,50"
    text = f"date;time;card;amount;\n{row};\n\n{row}\n;;;\n{row};;\n"
    (tmp_path / "a.CSV").write_text(text, encoding="utf-8")
    lines = read_till_files(tmp_path)
    assert lines["file_line"].tolist() == [2, 4, 6] and lines["sales"].sum() == 37.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        (
            "date;time;card;amount\n05.03.2023;10:00:00;27;12,50;7\n",
            r"1 lines have more fields than the headers \(line 2\)",
        ),
        ("date;time;card;amount\n05.03.2023;10:00:00;27\n", r"1 lines have fewer fields than the headers \(line 2\)"),
        ('date;time;card;amount\n05.03.2023;10:00:00;"27;12,50\n', "a quotation mark that is not closed"),
        ("date;time;card;amount\n05.03.2023;10:00:00;27;\n", "amount cannot be read in 1 line"),
        ("date;time;card;amount\n05.03.2023;10:00:00;27;1.250\n05.03.2023;10:00:00;27;12,50\n", "such as '1.250'"),
    ],
)
def test_lines_of_another_length_and_numbers_of_two_kinds_are_told_with_file_and_line(tmp_path, text, says):
    (tmp_path / "a.csv").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match=says) as caught:
        read_till_files(tmp_path)
    assert "a.csv" in str(caught.value)


def test_a_file_in_another_encoding_is_told(tmp_path):
    (tmp_path / "a.csv").write_text(HEAD, encoding="utf-16")
    with pytest.raises(TableError, match="no text in UTF-8 or cp1251"):
        read_till_files(tmp_path)
