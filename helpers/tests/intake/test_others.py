"""Columns of a contact list that no contract names: kept as texts, and never in the way of those of the contract."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.intake.loading import load_tables
from loyalty.tables.check import TableError

N = 40
LIST = pd.DataFrame(
    {
        "customer_id": range(N),
        "arm": ["mail", "control"] * (N // 2),
        "Магазин № 1.": [f"S{i % 7}" for i in range(N)],
        "visits": [i % 3 for i in range(N)],
        "phone": [f"+7900{i:07d}" for i in range(N)],
        "country": "RU",
        "sales": 1.5,
    }
)
KEPT = ["Магазин № 1.", "visits"]


def load(contacts, columns=None):
    return load_tables({"contacts": contacts}, columns)["contacts"]


def frame(loaded):
    table = loaded.table.collect().to_pandas()
    return table.assign(n=table["customer_id"].astype(int)).sort_values("n").reset_index(drop=True)


@pytest.mark.parametrize("form", ["frame", "csv", "parquet", "xlsx"])
def test_columns_that_divide_the_list_are_kept_as_texts(tmp_path, form):
    source = LIST
    if form != "frame":
        source = tmp_path / f"list.{form}"
        write = {"csv": LIST.to_csv, "parquet": LIST.to_parquet, "xlsx": LIST.to_excel}[form]
        write(source, index=False)
    loaded = load(source)
    assert loaded.found == ("customer_id", "arm")
    assert [name for name in frame(loaded) if name in LIST] == ["customer_id", "arm", *KEPT]
    assert frame(loaded)[KEPT[0]].tolist() == LIST[KEPT[0]].tolist()
    assert frame(loaded)["visits"].tolist() == [str(i % 3) for i in range(N)]
    assert f"columns kept for the settings to name: {', '.join(KEPT)}" in loaded.notes
    assert "columns not used: phone, country, sales" in loaded.notes


def test_a_mapping_takes_what_it_names_and_the_rest_is_kept_beside():
    loaded = load(LIST, {"contacts": {"columns": {"customer_id": "customer_id", "arm": "arm", "segment": "visits"}}})
    assert loaded.found == ("customer_id", "arm", "segment")
    assert "visits" not in frame(loaded) and KEPT[0] in frame(loaded)


def test_rows_said_twice_are_counted_once_and_where_another_column_differs_it_is_empty():
    twice = pd.concat([LIST, LIST.head(3).assign(**{KEPT[0]: "S9"})])
    loaded = load(twice)
    assert loaded.rows == N
    assert frame(loaded)[KEPT[0]].isna().tolist() == [True] * 3 + [False] * (N - 3)
    assert frame(loaded)["visits"].notna().all()
    assert (
        f"`{KEPT[0]}` differs in the rows of 3 customers with several rows, such as 0, 1, 2: left empty there"
        in loaded.notes
    )
    assert list(loaded.unlike) == [KEPT[0]]


def test_customers_whose_number_is_an_address_are_not_shown():
    people = LIST.assign(customer_id=[f"a{i}@mail.ru" for i in range(N)])
    twice = pd.concat([people, people.head(2).assign(**{KEPT[0]: "S9"})])
    assert not any("@" in note for note in load(twice).notes)
    with pytest.raises(TableError) as caught:
        load(pd.concat([people, people.head(2).assign(arm="push")]))
    assert "2 customers in two arms, such as … (" in str(caught.value) and "@" not in str(caught.value)


def test_why_a_column_is_not_kept_is_known():
    more = LIST.assign(Телефон=LIST["phone"], bought=["да", None] * (N // 2), blank=None, kind="mail")
    more = more.rename(columns={"phone": "Phone"}).set_axis([*list(more)[:-1], "kind"], axis=1)
    named = {"contacts": {"columns": {"customer_id": "customer_id", "arm": "arm", "segment": "visits"}}}
    loaded = load(more, named)
    assert "bought" in frame(loaded)  # one value beside empty cells divides the list too
    assert "read as `segment`" in loaded.left["visits"]
    assert "holds the same in all rows" in loaded.left["country"]
    assert "empty in all rows" in loaded.left["blank"]
    assert "40 different values in 40 filled rows" in loaded.left["Телефон"]
    assert "write `sales: sales` under columns" in loaded.left["sales"]
    assert "customer_id" not in loaded.left and KEPT[0] not in loaded.left


def test_lists_and_records_are_left_out_and_receipts_keep_nothing_else(tmp_path):
    odd = LIST.assign(tags=[[i % 2] for i in range(N)], place=[{"x": i % 2} for i in range(N)])
    odd.to_parquet(tmp_path / "odd.parquet")
    loaded = load(tmp_path / "odd.parquet")
    assert {"tags", "place"}.isdisjoint(frame(loaded).columns)
    receipts = pd.DataFrame(
        {"customer_id": [1, 1], "time": pd.Timestamp("2025-01-31"), "sales": 1.0, "shop": ["a", "b"]}
    )
    kept = load_tables({"receipts": receipts})["receipts"]
    assert "shop" not in kept.table.collect_schema().names() and kept.notes[-1] == "columns not used: shop"


def test_a_name_that_no_contract_has_says_how_a_further_column_is_kept():
    with pytest.raises(TableError, match="to keep a further column, write `visits: visits`"):
        load(LIST, {"contacts": {"columns": {"customer_id": "customer_id", "arm": "arm", "shop": "visits"}}})


def test_one_row_and_columns_without_a_value_are_no_trouble():
    one = {"contacts": {"arms": {"mail": "treated"}}}
    assert list(frame(load(LIST.head(1), one))) == ["campaign_id", "wave", "customer_id", "arm", "n"]
    assert "visits" not in frame(load(LIST.assign(visits=None)))
