"""One door for tables: what can be opened, what is read, what is refused and in which words."""

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty.tables.sources import NotATable, collect, is_empty, open_table

SOURCES = "a pandas frame, a DuckDB relation, or the path of a .parquet or .csv file or of a folder of .parquet files"


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def types(source: object) -> dict[str, str]:
    return {name: str(dtype) for name, dtype in open_table(source).collect_schema().items()}


def column(source: object, name: str) -> list[object]:
    return collect(open_table(source))[name].tolist()


def refusal(source: object) -> str:
    with pytest.raises(NotATable) as caught:
        collect(open_table(source))
    return str(caught.value)


# Names of files and folders ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "decoy"),
    [
        ("a[1].csv", "a1.csv"),
        ("{a,b}.csv", "a.csv"),
        ("it's.csv", "its.csv"),
        ("чек за май.csv", "чек.csv"),
        ("~.csv", "x.csv"),
    ],
)
def test_a_file_is_found_by_its_exact_name_even_if_the_name_looks_like_a_pattern(
    tmp_path: Path, wanted: str, decoy: str
) -> None:
    write(tmp_path / decoy, "sales\n2\n")
    assert column(write(tmp_path / wanted, "sales\n1\n"), "sales") == [1]
    assert column(str(tmp_path / wanted), "sales") == [1]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_stars_question_marks_and_quotation_marks_in_a_name_are_only_letters(tmp_path: Path, suffix: str) -> None:
    for i, stem in enumerate(["st*r", "star", 'say "wh?t', 'say "what']):
        frame = pd.DataFrame({"sales": [i]})
        path = tmp_path / f"{stem}{suffix}"
        frame.to_csv(path, index=False) if suffix == ".csv" else frame.to_parquet(path)
    assert column(tmp_path / f"st*r{suffix}", "sales") == [0]
    assert column(tmp_path / f'say "wh?t{suffix}', "sales") == [2]


def test_a_folder_means_all_its_parquet_files_with_subfolders_and_without_hidden_ones(tmp_path: Path) -> None:
    folder = tmp_path / "part[1] 'май'"
    for i, name in enumerate(["a.parquet", "2017/b.parquet", "2017/C.PARQUET", "._d.parquet", "_e.parquet", "f.txt"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        pd.DataFrame({"sales": [i]}).to_parquet(folder / name)
    assert sorted(column(folder, "sales")) == [0, 1, 2]


def test_a_month_that_lacks_a_column_has_it_empty_and_not_shifted(tmp_path: Path) -> None:
    pd.DataFrame({"sales": [1.0], "customer_id": [7]}).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"customer_id": [8]}).to_parquet(tmp_path / "2.parquet")
    frame = collect(open_table(tmp_path)).sort_values("customer_id")
    assert frame["customer_id"].tolist() == [7, 8]
    assert frame["sales"].isna().tolist() == [False, True]


def test_a_path_may_start_at_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    write(tmp_path / "r.csv", "sales\n1\n")
    assert column("~/r.csv", "sales") == [1]


# CSV -----------------------------------------------------------------------------------------------------------------


def test_types_of_a_csv_come_from_all_its_lines_not_from_the_first_thousands(tmp_path: Path) -> None:
    lines = "\n".join(str(i) for i in range(25_000))
    assert types(write(tmp_path / "r.csv", f"customer_id\n{lines}\n")) == {"customer_id": "Int64"}
    assert types(write(tmp_path / "r.csv", f"customer_id\n{lines}\n12a\n")) == {"customer_id": "String"}


@pytest.mark.parametrize(
    "text",
    ["2017-12-31", "2017-12-31 10:05", "2017-12-31 10:05:09", "2017-12-31T10:05:09", "2017-12-31 10:05:09.123456"],
)
def test_dates_in_the_one_form_that_has_one_meaning_are_read_as_dates(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "r.csv", f"time,n\n{text},1\n,2\n2017-01-02,3\n")
    assert types(path)["time"] == "Datetime(time_unit='us', time_zone=None)"
    assert column(path, "time")[0] == pd.Timestamp(text)


@pytest.mark.parametrize(
    "text",
    ["31.12.2017", "03.04.2017 10:05", "03/04/2017", "12/31/2017 10:05:01 PM", "2017/04/03", "2017-02-30", "10:05:00"]
    + ["2017-12-31 10:05:00+03:00", "2017-12-31T10:05:00Z", "2017-12-31 noon"],
)
def test_dates_in_any_other_form_stay_text(tmp_path: Path, text: str) -> None:
    assert types(write(tmp_path / "r.csv", f"time,n\n{text},1\n")) == {"time": "String", "n": "Int64"}


def test_ids_with_leading_zeros_stay_text_in_csv_as_pandas_keeps_them_only_when_told(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "customer_id,n\n7,1\n007,2\n")
    assert column(path, "customer_id") == ["7", "007"]
    assert column(pd.read_csv(path), "customer_id") == [7, 7]
    assert column(pd.read_csv(path, dtype={"customer_id": "str"}), "customer_id") == ["7", "007"]


def test_numbers_too_long_for_64_bits_stay_text(tmp_path: Path) -> None:
    path = write(tmp_path / "r.csv", "customer_id,n\n12345678901234567890,1\n1,2\n")
    assert column(path, "customer_id") == ["12345678901234567890", "1"]


@pytest.mark.parametrize("text", ["a;b\n1;2\n", "a\tb\n1\t2\n", "a|b\n1|2\n", "\ufeffa,b\r\n1,2\r\n", 'a,b\n"1","2"\n'])
def test_any_usual_separator_line_end_and_quotation_is_read(tmp_path: Path, text: str) -> None:
    assert types(write(tmp_path / "r.csv", text)) == {"a": "Int64", "b": "Int64"}


def test_the_first_line_names_the_columns_even_if_nothing_follows(tmp_path: Path) -> None:
    assert types(write(tmp_path / "r.csv", "customer_id,time\n")) == {"customer_id": "String", "time": "String"}
    assert collect(open_table(tmp_path / "r.csv")).shape == (0, 2)


def test_an_empty_cell_is_empty_whether_quoted_or_not(tmp_path: Path) -> None:
    assert pd.isna(column(write(tmp_path / "r.csv", 'kind,n\n"",1\n,2\nsale,3\n'), "kind")).tolist() == [
        True,
        True,
        False,
    ]


# pandas --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (pd.Series([1, None], dtype="Int64"), "Int64"),
        (pd.Series([1, None], dtype="int64[pyarrow]"), "Int64"),
        (pd.Series([1, None], dtype="category"), "Int64"),
        (pd.Series([1, None], dtype=object), "Int64"),
        (pd.Series([1, np.nan], dtype=object), "Int64"),
        (pd.Series([0, 1], dtype=pd.SparseDtype("int64")), "Int64"),
        (pd.Series([1.5, None], dtype="float16"), "Float64"),
        (pd.Series([1, 1.5], dtype=object), "Float64"),
        (pd.Series([Decimal("1.50"), None], dtype=object), "Decimal(precision=3, scale=2)"),
        (pd.Series([Decimal("1.5"), 2.5], dtype=object), "Float64"),
        (pd.Series([Decimal("1.5"), Decimal("Infinity")], dtype=object), "Float64"),
        (pd.Series([Decimal("1.5"), Decimal(10) ** 60], dtype=object), "Float64"),
        (pd.Series(["a", None], dtype="string"), "String"),
        (pd.Series(["a", None], dtype="category"), "String"),
        (pd.Series(["a", pd.NA], dtype=object), "String"),
        (pd.Series([None, None], dtype=object), "String"),
        (pd.Series([1, "a"], dtype=object), "String"),
        (pd.Series([True, 1], dtype=object), "String"),
        (pd.Series([10**25, 1], dtype=object), "String"),
        (pd.Series(["\ud800", "a"], dtype=object), "String"),
        (pd.Series(pd.period_range("2017", periods=2, freq="M")), "String"),
        (pd.Series(pd.interval_range(0, 2)), "String"),
        (pd.Series([1j, 2]), "String"),
        (pd.Series([True, None], dtype=object), "Boolean"),
        (pd.Series([b"a", None], dtype=object), "Binary"),
        (pd.Series([[1], [2]], dtype=object), "List(Int64)"),
    ],
)
def test_a_pandas_column_of_any_type_opens_with_the_type_of_its_values(values: pd.Series, dtype: str) -> None:
    assert types(pd.DataFrame({"c": values})) == {"c": dtype}
    assert len(collect(open_table(pd.DataFrame({"c": values})))) == 2


def test_python_dates_and_times_open_as_dates_and_no_time_is_cut_off() -> None:
    first, then = dt.date(2017, 1, 1), dt.datetime(2017, 1, 2, 18, 5)
    for values in ([first, then], [then, first], [pd.Timestamp(then), first, None]):
        opened = column(pd.DataFrame({"time": pd.Series(values, dtype=object)}), "time")
        assert [v for v in opened if v is not pd.NaT] == [pd.Timestamp(v) for v in values if v]


def test_missing_values_of_every_sort_open_as_missing() -> None:
    frame = pd.DataFrame({"c": pd.Series(["a", None, np.nan, pd.NA, pd.NaT], dtype=object)})
    table = open_table(frame).select(nw.col("c").is_null().sum())
    assert collect(table)["c"].tolist() == [4]


@pytest.mark.parametrize("others", [[1.5, 2.5], [1.0, 1.0], [1.0, np.inf], [np.nan, np.nan], [-np.inf, np.inf]])
@pytest.mark.parametrize("statistics", [True, False])
def test_nan_in_a_parquet_file_is_empty_whatever_its_statistics_say(
    tmp_path: Path, others: list[float], statistics: bool
) -> None:
    numbers = np.array([*others, np.nan] * 50)
    table = pa.table(
        {"a": pa.array(numbers, from_pandas=False), "b": pa.array(numbers.astype("float32"), from_pandas=False)}
    )
    pq.write_table(table, tmp_path / "n.parquet", write_statistics=statistics)
    opened = open_table(tmp_path / "n.parquet")
    for name, dtype in opened.collect_schema().items():
        empty, wanted = is_empty(name, dtype), np.isnan(numbers)
        assert collect(opened.select(empty))[name].tolist() == wanted.tolist()
        assert len(collect(opened.filter(empty))) == wanted.sum()
        assert len(collect(opened.filter(~empty))) == (~wanted).sum()
        kept = collect(opened.select(nw.when(~empty).then(nw.col(name)).alias("c")))["c"]
        assert kept.count() == (~wanted).sum()


def test_a_pandas_index_is_no_part_of_the_table() -> None:
    frame = pd.DataFrame({"a": [1, 2]}, index=pd.Index([5, 5], name="a"))
    assert column(frame, "a") == [1, 2]
    assert types(frame) == {"a": "Int64"}


def test_names_of_columns_may_be_anything() -> None:
    names = ["order", "select", "дата продажи", " ", "it's", 'say "x"', 1, None, ("a", "b"), pd.Timestamp("2017-01-01")]
    frame = pd.DataFrame([range(len(names))], columns=pd.Index(names, dtype=object))
    assert collect(open_table(frame)).columns.tolist() == [str(name) for name in names]


# Other tables --------------------------------------------------------------------------------------------------------


def test_arrow_tables_and_narwhals_frames_open_too() -> None:
    frame = pd.DataFrame({"sales": [1.5, 2.5]})
    for source in (
        pa.table({"sales": [1.5, 2.5]}),
        nw.from_native(frame),
        nw.from_native(frame).lazy(),
        open_table(frame),
    ):
        assert column(source, "sales") == [1.5, 2.5]


def test_a_small_frame_is_joined_on_the_connection_of_its_host_whatever_tables_that_has() -> None:
    connection = duckdb.connect()
    for name in ("host", "frame", "table", "small"):
        connection.sql(f'CREATE TABLE "{name}" AS SELECT 99 AS a')
    lines = open_table(connection.sql("SELECT 1 AS a UNION ALL SELECT 2"))
    small = pd.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    joined = collect(lines.join(open_table(small, beside=lines), on="a")).sort_values("a")
    assert joined["b"].tolist() == ["x", "y"]
    assert len(connection.sql("SHOW TABLES").fetchall()) == 4, "nothing is left behind on the user's connection"


def test_a_connection_that_reads_no_frames_is_named() -> None:
    connection = duckdb.connect()
    connection.execute("SET python_enable_replacements = false")
    host = open_table(connection.sql("SELECT 1 AS a"))
    with pytest.raises(NotATable, match="its connection reads no pandas frames: "):
        open_table(pd.DataFrame({"a": [1]}), beside=host)


def test_collected_texts_are_str_also_without_a_row_and_from_an_enum() -> None:
    relation = duckdb.sql("SELECT 'a' AS text, 'x'::ENUM('x', 'y') AS choice")
    assert set(collect(open_table(relation)).dtypes.astype(str)) == {"str"}
    assert set(collect(open_table(relation.limit(0))).dtypes.astype(str)) == {"str"}


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "found"),
    [
        (None, "nothing (None)"),
        (3, "int 3"),
        ([1, 2], "list [1, 2]"),
        ({"a": [1]}, "dict {'a': [1]}"),
        (b"r.csv", "bytes b'r.csv'"),
        (np.zeros((2, 2)), "ndarray [[0. 0.] [0. 0.]]"),
        (pd.Series([1.5], name="sales"), "a pandas Series, which is one column: give the whole frame"),
    ],
)
def test_what_is_no_table_is_named_with_what_would_be_one(source: object, found: str) -> None:
    assert refusal(source) == f"expected a table ({SOURCES}), found {found}"


def test_a_missing_file_is_named_with_the_folder_that_was_searched(tmp_path: Path) -> None:
    assert refusal(tmp_path / "r.csv") == f"there is no file r.csv in {tmp_path}"
    assert refusal("") == f"there is no file (no name) in {Path.cwd()}"
    assert refusal("x" * 5000).startswith("there is no file xxx")
    assert refusal("a\0b.csv").startswith("there is no file a")


def test_files_of_another_kind_are_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty") == "the folder empty holds no .parquet file"
    assert refusal(write(tmp_path / "r.csv", "")) == "the file r.csv is empty (0 bytes)"
    assert refusal(write(tmp_path / "r.parquet", "")) == "the file r.parquet is empty (0 bytes)"
    assert refusal(write(tmp_path / "r.xlsx", "PK")) == (
        "r.xlsx is a workbook: save it as 'CSV UTF-8', or read it with pandas.read_excel(…) and give the frame"
    )
    assert refusal(write(tmp_path / "r.txt", "a,b\n1,2\n")) == (
        f"expected {SOURCES}, found r.txt: if commas, semicolons or tabs separate its columns, rename it to .csv"
    )


def test_a_file_that_is_no_parquet_is_refused_in_one_line(tmp_path: Path) -> None:
    for text in (b"hello", b"PAR1 and then nothing PAR1", b"customer_id,time\n1,2017-01-01\n"):
        message = refusal(write(tmp_path / "r.parquet", text))
        assert message.startswith("r.parquet cannot be read as Parquet: ")
        assert "\n" not in message


def test_a_csv_from_an_old_excel_is_refused_with_how_to_save_it(tmp_path: Path) -> None:
    for code in ("cp1251", "utf-16"):
        assert refusal(write(tmp_path / "r.csv", "id,name\n1,Привет\n".encode(code))) == (
            "r.csv is not in UTF-8: save it from Excel as 'CSV UTF-8', or read it with pandas.read_csv(…, encoding=…) "
            "and give the frame"
        )


def test_lines_of_different_length_are_refused_and_not_read_as_one_column(tmp_path: Path) -> None:
    for text in ("id,sales\n1,12,50\n2,3,00\n", "id,sales\n1,2\n1,2,3\n", "id,sales\n1,2\n3\n"):
        assert refusal(write(tmp_path / "r.csv", text)) == (
            "the lines of r.csv do not all have the same number of columns: a text or number with a comma in it needs "
            "quotes, or semicolons between the columns"
        )
    long = "id,sales\n" + "1,2\n" * 30_000 + "1,2,3\n"
    assert refusal(write(tmp_path / "r.csv", long)) == (
        "the table cannot be read to its end: CSV Error on Line: 30002, Expected Number of Columns: 2 Found: 3"
    )


def test_a_quotation_mark_without_its_pair_is_refused(tmp_path: Path) -> None:
    assert refusal(write(tmp_path / "r.csv", 'a,b\n1,2\n"1,2\n3,4\n')) == (
        "r.csv cannot be read as CSV: a quotation mark without its pair, or lines with more columns than the first?"
    )


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["sales", "sales"], "there are two columns `sales`: rename or drop one"),
        (["sales", "Sales"], "the columns `sales` and `Sales` differ only in capital letters: rename or drop one"),
    ],
)
def test_two_columns_of_one_name_are_refused_from_every_source(tmp_path: Path, names: list[str], message: str) -> None:
    arrow = pa.table([[1], [2]], names=names)
    pq.write_table(arrow, tmp_path / "r.parquet")
    write(tmp_path / "r.csv", f"{','.join(names)}\n1,2\n")
    relation = duckdb.sql(f"SELECT 1 AS {names[0]}, 2 AS {names[1]}")
    frame = pd.DataFrame([[1, 2]], columns=names)
    for source in (frame, arrow.to_pandas(), relation, tmp_path / "r.csv", tmp_path / "r.parquet"):
        assert refusal(source) == message
    assert refusal(pd.DataFrame([[1, 2]], columns=[1, "1"])) == "there are two columns `1`: rename or drop one"


def test_a_relation_whose_connection_is_closed_is_refused_in_one_line() -> None:
    connection = duckdb.connect()
    relation = connection.sql("SELECT 1 AS a")
    connection.close()
    message = refusal(relation)
    assert message.startswith("the table cannot be read: ")
    assert "\n" not in message


def test_a_relation_that_breaks_while_it_is_read_is_refused_in_one_line() -> None:
    message = refusal(duckdb.sql("SELECT CAST(x AS INTEGER) AS a FROM (VALUES ('1'), ('x')) AS t(x)"))
    assert message.startswith("the table cannot be read to its end: ")
    assert "\n" not in message
