"""Parquet, DuckDB, frames and databases: the same rows from each, opened for reading only, no secret shown."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty.intake import load_tables

from ..conftest import show

FRAME = pd.DataFrame(
    {
        "customer_id": ["007", "8", "8"],
        "time": pd.to_datetime(["2025-01-31 18:05", "2025-02-01 09:00", "2025-02-02 10:30"]),
        "sales": [1234.5, 2.5, -1.0],
        "store_id": ["Арбат", None, "Тверская"],
    }
)
PEOPLE = pd.DataFrame({"customer_id": ["007", "8"], "arm": ["control", "mail"]})


def save(frame: pd.DataFrame, kind: str, folder: Path) -> Path:
    path = folder / f"t{len(frame.columns)}.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False, sep=";", decimal=",", encoding="cp1251", date_format="%d.%m.%Y %H:%M")
    elif kind == "xlsx":
        frame.to_excel(path, index=False)
    elif kind == "parquet":
        path.mkdir()
        for i in range(len(frame)):
            frame[i : i + 1].to_parquet(path / f"part-{i}.parquet")
    else:
        with duckdb.connect(str(path)) as base:
            base.from_df(frame).create("lines")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "duckdb"])
def test_the_same_campaign_comes_the_same_from_every_kind_of_file(tmp_path, kind):
    expected = load_tables({"receipts": FRAME, "contacts": PEOPLE})
    files = {"receipts": save(FRAME, kind, tmp_path), "contacts": save(PEOPLE, kind, tmp_path)}
    options = {"receipts": {"day_first": True}} if kind == "csv" else None
    loaded = load_tables(files, options)
    for name, table in expected.items():
        assert str(show(loaded[name])) == str(show(table))
        assert loaded[name].table.collect_schema() == table.table.collect_schema()
        assert loaded[name].missing == table.missing
        assert loaded[name].found == table.found


def test_tables_of_one_call_stand_on_one_connection_and_can_be_joined():
    loaded = load_tables({"receipts": FRAME, "contacts": PEOPLE})
    joined = loaded["receipts"].table.join(loaded["contacts"].table, on="customer_id")
    assert len(joined.collect("pandas")) == 3


def test_a_relation_of_another_connection_is_brought_over(load):
    with duckdb.connect() as other:
        other.register("frame", FRAME)
        assert load(other.sql("SELECT * FROM frame")).rows == 3


def test_whole_numbers_as_ids_become_text_and_broken_ones_are_named(load, refuse):
    frame = FRAME.assign(customer_id=[7.0, None, 8.0])
    loaded = load(frame)
    assert [row[0] for row in show(loaded)] == ["7", "8"]
    assert not any("decimal" in note for note in loaded.notes)  # pandas made them decimal: not worth a word
    assert refuse(FRAME.assign(customer_id=[7.5, 8.0, 9.0])) == (
        "`customer_id` holds '7.5' in 1 row: an id is a whole number or a text; export it as text"
    )


def test_numbers_that_lost_digits_are_to_be_exported_as_text(refuse):
    says = refuse(FRAME.assign(customer_id=[9007199254740992.0, 7.0, 8.0]))
    assert says.endswith("have lost their last digits: export the column as text, and read it again")


def test_lists_dates_and_flags_are_no_ids(refuse):
    for ids, kind in (([[1], [2], [3]], "bigint[]"), ([True, False, True], "boolean"), (FRAME["time"], "timestamp")):
        says = refuse(FRAME.assign(customer_id=ids))
        assert f"`customer_id` holds values of the type {kind}" in says and "a whole number or a text" in says


def test_columns_of_another_type_are_named(refuse):
    aware = FRAME.assign(time=FRAME["time"].dt.tz_localize("Europe/Berlin"))
    assert refuse(aware) == "`time` carries a time zone: convert it to the shop's time, drop the zone"
    assert refuse(FRAME.assign(time=[20250131] * 3)) == (
        "`time` should be a date, found the type BIGINT: export it as a date"
    )
    assert refuse(FRAME.assign(sales=FRAME["time"])).startswith(
        "`sales` should be a number, found values of the type T"
    )


def test_columns_that_nobody_asked_for_are_said_and_left(load):
    loaded = load(FRAME.assign(weather="rain"))
    assert loaded.notes[-1] == "columns not used: weather"
    assert "weather" not in loaded.table.collect_schema().names()
    named = {name: name for name in (*FRAME, "weather")}
    assert "weather" in load(FRAME.assign(weather="rain"), columns=named).table.collect_schema().names()


def test_damaged_and_empty_stores_are_refused(tmp_path, refuse):
    (tmp_path / "folder").mkdir()
    assert refuse(tmp_path / "folder") == "the folder folder holds no .parquet file"
    (tmp_path / "t.parquet").write_bytes(b"PAR1 and nothing more")
    assert refuse(tmp_path / "t.parquet").startswith("t.parquet cannot be read as Parquet: ")
    (tmp_path / "t.duckdb").write_bytes(b"nothing like it" * 400)
    assert refuse(tmp_path / "t.duckdb").startswith("t.duckdb cannot be read as a DuckDB file: ")
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["sales", "sales"]), tmp_path / "twins.parquet")
    assert "sales" in refuse(tmp_path / "twins.parquet")


def test_a_file_of_several_tables_stops_until_one_is_named(tmp_path, load, refuse):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as base:
        base.from_df(FRAME).create("lines")
        base.execute('CREATE TABLE "my ""old"" lines" AS SELECT * FROM lines LIMIT 1')
    assert refuse(path) == 'shop.duckdb holds 2 tables (lines, my "old" lines): say `table:` in columns.yml'
    assert refuse(path, table="none") == "shop.duckdb has no table 'none': it holds lines, my \"old\" lines"
    assert load(path, table='my "old" lines').rows == 1


def test_a_view_of_another_persons_database_reads_no_file_of_this_computer(tmp_path, refuse):
    secret = tmp_path / "secret.csv"
    secret.write_text("customer_id,time,sales\n1,2025-01-01,5\n", encoding="utf-8")
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as base:
        base.execute(f"CREATE VIEW lines AS SELECT * FROM read_csv('{secret}')")
    assert refuse(path) == (
        "shop.duckdb holds a view that reads files of this computer, which is not allowed: ask for a table in its place"
    )


def test_a_database_that_is_open_elsewhere_is_called_so(tmp_path, refuse):
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as base:
        base.from_df(FRAME).create("lines")
        assert refuse(path) == "shop.duckdb is open in another program or notebook: close it there first"


def test_a_view_without_an_end_is_refused_before_it_is_copied(tmp_path, refuse):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as db:
        db.execute("CREATE VIEW receipts AS SELECT range AS customer_id, 5.0 AS sales FROM range(1000000000000)")
    text = refuse(tmp_path / "shop.duckdb", "receipts")
    assert "receipts in shop.duckdb holds more than 1,000,000,000 rows: is it a view without an end?" in text
