"""The check of a table: every breach at once, in words that an analyst who knows Excel can act on."""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
from contextlib import redirect_stdout
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.prepare.profile import build_profile
from loyalty.tables.check import TableError, check_table, render_dictionary
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTACTS, CONTRACTS, PRODUCTS, PROFILE, RECEIPTS
from loyalty.tables.sources import collect

RECEIPT_LINES = pd.DataFrame(
    {
        "customer_id": [7, 7, 8],
        "time": pd.to_datetime(["2017-01-02 10:00", "2017-01-09 18:30", "2017-01-05 09:15"]),
        "sales": [12.5, -7.5, 3.0],
        "basket_id": [1, 2, 3],
        "line_no": [1, 1, 1],
    }
)


def problems(source: object, contract: Table = RECEIPTS, **options: str) -> list[str]:
    with pytest.raises(TableError) as caught:
        check_table(source, contract, **options)
    return caught.value.problems


def changed(**columns: object) -> pd.DataFrame:
    return RECEIPT_LINES.assign(**columns)


# What passes ---------------------------------------------------------------------------------------------------------


def test_a_sound_table_comes_back_unchanged_with_its_extra_columns() -> None:
    frame = changed(**{"order": [1, 2, 3], "цвет глаз": ["a", None, "b"], 'say "x"': 1.5})
    assert collect(check_table(frame, RECEIPTS)).equals(frame)


@pytest.mark.parametrize(
    "columns",
    [
        {"offer_id": np.nan, "kind": np.nan, "margin": None, "channel": pd.NaT, "discount": pd.NA},
        {"customer_id": ["007", "07", "7"]},
        {"customer_id": pd.Categorical(["a", "b", "a"])},
        {"sales": [Decimal("12.50"), Decimal("-7.5"), Decimal(3)]},
        {"sales": pd.array([12, -7, 3], dtype="Int64")},
        {"time": [dt.date(2017, 1, 2), dt.date(2017, 1, 9), dt.date(2017, 1, 5)]},
        {"line_no": [1.0, 2.0, 3.0]},
        {"kind": pd.Categorical(["sale", "return", None])},
    ],
)
def test_every_usual_type_of_a_column_passes_and_so_does_an_optional_column_without_a_value(columns: dict) -> None:
    assert check_table(changed(**columns), RECEIPTS) is not None


def test_an_enum_of_the_engine_is_a_text_whatever_values_it_allows() -> None:
    relation = duckdb.sql("SELECT 1 AS customer_id, now()::TIMESTAMP AS time, 1 AS sales, 'sale'::ENUM('sale') AS kind")
    assert check_table(relation, RECEIPTS) is not None


def test_a_table_without_rows_passes_typed_or_not(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("customer_id,time,sales\n", encoding="utf-8")
    for source in (RECEIPT_LINES.head(0), pd.DataFrame(columns=["customer_id", "time", "sales"]), tmp_path / "r.csv"):
        assert check_table(source, RECEIPTS) is not None


# Missing columns -----------------------------------------------------------------------------------------------------


def test_a_missing_column_is_named_with_the_column_that_may_be_it() -> None:
    frame = RECEIPT_LINES.rename(columns={"customer_id": "Customer ID", "sales": "SALES "})
    assert problems(frame) == [
        "there is no column `customer_id`: rename `Customer ID`?",
        "there is no column `sales`: rename `SALES `?",
    ]


def test_a_missing_column_without_a_likeness_is_explained_and_what_was_found_is_listed_once() -> None:
    assert problems(pd.DataFrame({f"x{i}": [1] for i in range(14)})) == [
        "there is no column `customer_id` (the card, person or household; one id a customer): add it, or "
        "rename the one "
        "that holds it; found: x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11 and 2 more",
        "there is no column `time` (when it was paid, in the shop's local time): add it, or rename the one "
        "that holds it",
        "there is no column `sales` (money paid for the line after discounts; a return is negative): add it, or rename "
        "the one that holds it",
    ]


def test_a_column_that_slipped_into_the_index_is_recognised() -> None:
    assert problems(RECEIPT_LINES.set_index("customer_id")) == [
        "there is no column `customer_id`, it is the index: make it a column with .reset_index()"
    ]


def test_a_column_that_has_its_own_place_in_the_contract_is_never_proposed_for_another_one() -> None:
    frame = RECEIPT_LINES.rename(columns={"customer_id": "store_id"})
    assert problems(frame) == [
        "there is no column `customer_id` (the card, person or household; one id a customer): add it, or "
        "rename the one "
        "that holds it; found: store_id, time, sales, basket_id, line_no"
    ]


# Wrong types ---------------------------------------------------------------------------------------------------------

DAYS = [
    (
        ["31.12.2017 10:05", "01.02.2017 11:00", "02.02.2017 11:00"],
        "`time` holds text such as '31.12.2017 10:05', the day first: convert it with pandas.to_datetime(…, "
        "dayfirst=True)",
    ),
    (
        ["31/12/2017", "01/02/2017", "02/02/2017"],
        "`time` holds text such as '31/12/2017', the day first: convert it with pandas.to_datetime(…, dayfirst=True)",
    ),
    (
        ["12/31/2017 10:05:01 PM", "01/02/2017 1:00:00 AM", "02/02/2017 1:00:00 AM"],
        "`time` holds text such as '12/31/2017 10:05:01 PM', the month first: convert it with pandas.to_datetime(…, "
        "dayfirst=False)",
    ),
    (
        ["03.04.2017", "01.02.2017", "3.4.17"],
        "`time` holds text such as '01.02.2017', '03.04.2017', '3.4.17': day or month first? Ask, then convert it with "
        "pandas.to_datetime(…, dayfirst=True) or dayfirst=False",
    ),
    (
        ["31.12.2017", "12/31/2017", "01.02.2017"],
        "`time` holds days in two orders, such as '31.12.2017' and '12/31/2017': ask where each comes from",
    ),
    (
        ["2017-12-31", "yesterday", "soon"],
        "`time` holds text such as 'soon', 'yesterday' in 2 of 3 rows, which is no date: expected a form such "
        "as 2017-12-31",
    ),
]


@pytest.mark.parametrize(("texts", "message"), DAYS)
def test_days_written_as_text_are_never_guessed_from_pandas_or_csv(tmp_path: Path, texts: list, message: str) -> None:
    frame = changed(time=texts)
    frame.to_csv(tmp_path / "r.csv", index=False)
    assert problems(frame) == problems(tmp_path / "r.csv") == [message]


def test_dates_as_text_in_the_clear_form_only_need_to_be_converted() -> None:
    assert problems(changed(time=["2017-12-31", "2017-01-01 10:05", "2017-01-01"])) == [
        "`time` holds dates as text, such as '2017-01-01', '2017-01-01 10:05', '2017-12-31': convert it with "
        "pandas.to_datetime(…)"
    ]


@pytest.mark.parametrize(
    ("numbers", "mend"),
    [
        ([43100, 43101, 43102], "a day as Excel counts it? pandas.to_datetime(…, unit='D', origin='1899-12-30')"),
        ([20171229, 20171230, 20171231], "a day written as a number? pandas.to_datetime(…, format='%Y%m%d')"),
    ],
)
def test_days_written_as_numbers_are_recognised(numbers: list[int], mend: str) -> None:
    assert problems(changed(time=numbers)) == [
        "`time` should be a date with time, local, without time zone, found whole numbers such as "
        f"{', '.join(map(str, numbers))}: {mend}"
    ]


def test_a_time_zone_is_refused_with_how_to_leave_it() -> None:
    message = (
        "`time` carries a time zone: convert it to the shop's time with .dt.tz_convert(…), then drop the zone with "
        ".dt.tz_localize(None)"
    )
    local = changed(time=RECEIPT_LINES["time"].dt.tz_localize("Europe/Moscow"))
    assert problems(local) == [message]
    relation = duckdb.sql("SELECT 1 AS customer_id, '2017-01-01 10:00+03'::TIMESTAMPTZ AS time, 1.5 AS sales")
    assert problems(relation) == [message]


def test_a_decimal_comma_is_recognised_from_pandas_and_csv(tmp_path: Path) -> None:
    frame = changed(sales=["12,50", "-7,50", "3"])
    frame.to_csv(tmp_path / "r.csv", index=False, sep=";")
    assert (
        problems(frame)
        == problems(tmp_path / "r.csv")
        == [
            "`sales` holds text such as '-7,50', '12,50' in 2 of 3 rows: decimal comma? Read the file with "
            "pandas.read_csv(…, decimal=',')"
        ]
    )
    assert "decimal comma?" in problems(changed(sales=["1 234,50", "1.234,50", "1\u00a0234,50"]))[0]


def test_numbers_as_text_and_text_among_numbers_are_told_apart() -> None:
    assert problems(changed(sales=["12.50", "-7.50", "3"])) == [
        "`sales` holds numbers as text, such as '-7.50', '12.50', '3': convert it with pandas.to_numeric(…)"
    ]
    assert problems(changed(sales=["12.50", "n/a", "free"])) == [
        "`sales` holds text such as 'free', 'n/a' in 2 of 3 rows, which is no number: correct it, or make it "
        "empty with "
        "pandas.to_numeric(…, errors='coerce')"
    ]


def test_other_types_are_named_in_plain_words_as_far_as_there_are_any() -> None:
    assert problems(changed(channel=[1, 2, 3], store_id=[[1], [2], [3]], margin=[True, False, True])) == [
        "`margin` should be a number, in the data's currency, found true and false: convert it",
        "`store_id` should be a whole number or a text, found values of the type List: is this the column of the ids?",
        "`channel` should be a text, found whole numbers such as 1, 2, 3: convert it with .astype('str')",
    ]
    contact = pd.DataFrame({"campaign_id": ["a"], "wave": [1], "customer_id": [1], "arm": ["x"]})
    assert problems(contact.assign(delivered="yes"), CONTACTS) == [
        "`delivered` holds text such as 'yes': make it true or false"
    ]
    assert problems(contact.assign(delivered=1), CONTACTS) == [
        "`delivered` should be true or false, found whole numbers such as 1: convert it with .astype('bool')"
    ]


# Wrong values --------------------------------------------------------------------------------------------------------


def test_all_problems_of_a_table_are_listed_together_with_counts_and_examples() -> None:
    frame = pd.DataFrame(
        {
            "customer_id": pd.array([7, None, 8, None], dtype="Int64"),
            "sales": [np.inf, None, 1.0, -np.inf],
            "basket_id": ["a", "b", "c", "c"],
            "line_no": [1, 1, 1.5, 1.5],
            "kind": ["Sale", "refund", "sale", None],
            "discount": [-1, 0.5, -0.5, 2],
        }
    )
    with pytest.raises(TableError) as caught:
        check_table(frame, RECEIPTS, name="march.csv")
    assert str(caught.value) == "\n".join(
        [
            "march.csv: 7 problems",
            "  1. there is no column `time` (when it was paid, in the shop's local time): add it, or rename "
            "the one that "
            "holds it; found: customer_id, sales, basket_id, line_no, kind, discount",
            "  2. `customer_id` is empty in 2 of 4 rows (basket_id 'b', 'c'): fill it, or take these rows out "
            "and count "
            "them",
            "  3. `sales` is empty in 1 of 4 rows (basket_id 'b'): fill it, or take these rows out and count them",
            "  4. `sales` is infinite in 2 of 4 rows (basket_id 'a', 'c'): was something divided by zero?",
            "  5. `line_no` should be a whole number, but is not in 2 of 4 rows, found 1.5 (basket_id 'c'): "
            "correct these "
            "rows, or take them out and count them",
            "  6. `kind` should be one of sale, return, cancel, but is not in 2 of 4 rows, found 'Sale', 'refund' "
            "(basket_id 'a', 'b'): rename these values",
            "  7. `discount` should be 0 or more, but is not in 2 of 4 rows, found -1.0, -0.5 (basket_id 'a', 'c'): "
            "correct these rows, or take them out and count them",
        ]
    )


def test_a_line_that_comes_twice_at_one_moment_is_refused_and_under_a_later_date_it_is_another_receipt() -> None:
    lines = pd.DataFrame(
        {
            "customer_id": 1,
            "time": pd.to_datetime(["2024-01-05 10:00", "2024-02-05 10:00"]),
            "sales": [5.0, 6.0],
            "basket_id": 17,
            "line_no": 1,
        }
    )
    check_table(lines, RECEIPTS)
    assert problems(pd.concat([lines, lines.head(1)]), RECEIPTS) == [
        "`basket_id` + `line_no` + `customer_id` + `time` should be different in every row: 1 value comes more than "
        "once, such as 17 / 1 / 1 / 2024-01-05 10:00:00: keep one row of each"
    ]


def test_repeated_keys_are_counted_and_named() -> None:
    products = pd.DataFrame({"product_id": [3, 3, 1, 1, 1, 2], "price": [1, 1, 1, -2.5, 1, 1]})
    assert problems(products, PRODUCTS) == [
        "`price` should be 0 or more, but is not in 1 of 6 rows, found -2.5 (product_id 1): correct these "
        "rows, or take "
        "them out and count them",
        "`product_id` should be different in every row: 2 values come more than once, such as 1, 3: keep one "
        "row of each",
    ]


def test_a_share_in_percent_is_recognised() -> None:
    contact = pd.DataFrame({"campaign_id": ["a"], "wave": [1], "customer_id": [1], "arm": ["x"], "propensity": [50]})
    assert problems(contact, CONTACTS) == [
        "`propensity` should be from 0 to 1, but is not in 1 of 1 rows, found 50 (campaign_id 'a'): percent? "
        "Divide by 100"
    ]


def test_nan_is_empty_in_every_engine_and_never_a_repeated_key(tmp_path: Path) -> None:
    frame = pd.DataFrame({"campaign_id": ["a"] * 3, "wave": [1, np.nan, np.nan], "customer_id": 1, "arm": "x"})
    frame.to_csv(tmp_path / "c.csv", index=False)
    nan = "SELECT 'a' AS campaign_id, unnest(['1', 'nan', 'nan'])::DOUBLE AS wave, 1 AS customer_id, 'x' AS arm"
    duckdb.sql(nan).write_parquet(str(tmp_path / "c.parquet"))
    # Statistics of a Parquet file pass over NaN, and DuckDB infers from them that isnan() is never true
    arrow = pa.table({name: pa.array(frame[name].to_numpy(), from_pandas=False) for name in frame})
    pq.write_table(arrow, tmp_path / "d.parquet", write_statistics=True)
    for source in (frame, tmp_path / "c.csv", tmp_path / "c.parquet", tmp_path / "d.parquet", duckdb.sql(nan)):
        assert problems(source, CONTACTS) == [
            "`wave` is empty in 2 of 3 rows (campaign_id 'a'): fill it, or take these rows out and count them"
        ]


def test_an_empty_value_without_any_key_is_still_counted() -> None:
    assert problems(pd.DataFrame({"product_id": pd.array([None], dtype="Int64")}), PRODUCTS) == [
        "`product_id` is empty in 1 of 1 rows: fill it, or take these rows out and count them"
    ]


def test_long_texts_are_cut_in_the_message() -> None:
    assert f"found '{'x' * 40}…' (" in problems(changed(kind=["x" * 500, "sale", "sale"]))[0]


def test_what_cannot_be_opened_is_one_problem_under_the_name_of_the_table() -> None:
    with pytest.raises(TableError, match=re.escape("receipts: 1 problem\n  1. there are two columns `sales`")):
        check_table(pd.concat([RECEIPT_LINES, RECEIPT_LINES["sales"]], axis=1), RECEIPTS)
    assert problems(pd.DataFrame()) == ["the table has no columns"]
    assert problems([1])[0].startswith("expected a table (a pandas frame, ")


def test_a_notebook_shows_one_message_and_no_traceback() -> None:
    from IPython.core.interactiveshell import InteractiveShell

    shell, shown = InteractiveShell(), io.StringIO()
    cell = (
        "import pandas as pd\nfrom loyalty.tables import PRODUCTS, check_table\n"
        "check_table(pd.DataFrame({'product_id': [1, 1]}), PRODUCTS)"
    )
    with redirect_stdout(shown):
        shell.run_cell(cell)
        shell.run_cell("from loyalty.tables.sources import open_table\nopen_table(None)")
    text = re.sub(r"\x1b\[[0-9;]*m", "", shown.getvalue())
    assert text.startswith("❌ products: 1 problem\n  1. `product_id` should be different in every row: 1 value comes ")
    assert "❌ expected a table (" in text
    assert "Traceback" not in text


# Whatever comes ------------------------------------------------------------------------------------------------------

QUICK = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.decimals(allow_nan=False),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(dt.timedelta(-9999), dt.timedelta(9999)),
    st.uuids(),
    st.datetimes(timezones=st.just(dt.UTC)),
    st.lists(st.integers(0, 3), max_size=2),
    st.just(pd.NaT),
    st.just(pd.NA),
    st.dictionaries(st.text(max_size=2), st.integers(0, 3), max_size=2),
    st.complex_numbers(),
    st.just(np.datetime64("2017")),
)
PLAIN = [
    st.integers(-5, 5),
    st.floats(),
    st.text(max_size=4),
    st.dates(),
    st.datetimes(),
    st.booleans(),
    st.decimals(places=2, allow_nan=False),
    st.sampled_from(["sale", "31.12.2017", "12,5", "2017-01-01", "1e5", "", " 7"]),
    st.none(),
    st.integers(40_000, 50_000),
]
DTYPES = [
    None,
    "Int64",
    "float32",
    "string",
    "category",
    "boolean",
    "datetime64[ns]",
    "uint8",
    "int64[pyarrow]",
    "Sparse[float64]",
]
NAMES = st.sampled_from([*RECEIPTS.names, "category", "Sales", "order", "", "дата", 1])


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Draw a frame whose columns have some names of the contract and values of any type, alike or mixed."""
    names = draw(st.lists(NAMES, max_size=6, unique=True))
    rows = draw(st.integers(0, 4))
    columns = []
    for _ in ["customer_id", "time", "sales", *names]:
        cell = draw(st.sampled_from([*PLAIN, CELLS]))
        values = pd.Series(draw(st.lists(cell, min_size=rows, max_size=rows)), dtype=object)
        wanted = draw(st.sampled_from([object, *DTYPES]))
        try:
            with warnings.catch_warnings(action="ignore"):
                columns.append(values.infer_objects() if wanted is None else values.astype(wanted))
        except Exception:  # not every value has every type
            columns.append(values)
    frame = pd.concat(columns, axis=1)
    frame.columns = pd.Index(["customer_id", "time", "sales", *names], dtype=object)
    return frame


@pytest.mark.slow
@settings(QUICK, max_examples=60)
@given(frame=frames())
def test_whatever_a_frame_holds_it_is_a_table_error_or_a_profile(frame: pd.DataFrame) -> None:
    try:
        profile = build_profile(frame, "2017-12-01", products=frame if "category" not in frame.columns else None)
    except TableError as error:
        assert all(text and "\n" not in text.strip() for text in error.problems)
    else:
        check_table(profile, PROFILE)


SQL_TYPES = [
    value.strip()
    for value in """
    1; 1.5::DECIMAL(5,2); 'a'; NULL; DATE '2017-01-01'; TIMESTAMP '2017-01-01 10:00'; now(); 'infinity'::TIMESTAMP; -1;
    TIMESTAMP_NS '2017-01-01 10:00'; '-infinity'::TIMESTAMP; '-infinity'::DATE; uuid(); [1]; {'a': 1}; 'nan'::DOUBLE;
    'x'::ENUM('x', 'y'); 1::HUGEINT; 1::UBIGINT; 18446744073709551615::UBIGINT; '1'::JSON; TIME '10:00'; true; 1e300;
    170141183460469231731687303715884105727; INTERVAL 1 DAY; MAP {'a': 1}; 1::BIGNUM; '101'::BIT; 'inf'::FLOAT;
    'a'::BLOB; '31.12.2017'; repeat('x', 50); TIMESTAMP '0001-01-01 00:00'; DATE '9999-12-31'
    """.split(";")
]


@pytest.mark.slow
@settings(QUICK, max_examples=50)
@given(
    kinds=st.lists(st.sampled_from(SQL_TYPES), min_size=3, max_size=3),
    more=st.dictionaries(st.sampled_from(RECEIPTS.names[3:]), st.sampled_from(SQL_TYPES), max_size=3),
    sound=st.integers(0, 7),
    rows=st.integers(0, 2),
)
def test_whatever_a_relation_holds_it_is_a_table_error_or_a_profile(
    kinds: list, more: dict, sound: int, rows: int
) -> None:
    good = ["1", "TIMESTAMP '2017-01-01 10:00'", "1.5"]
    columns = dict(zip(RECEIPTS.names, kinds, strict=False)) | more
    columns |= {name: good[i] for i, name in enumerate(RECEIPTS.names[:3]) if sound >> i & 1}
    select = ", ".join(f"{value} AS {name}" for name, value in columns.items())
    relation = duckdb.sql(f"SELECT {select} FROM range({rows})")
    try:
        profile = build_profile(relation, dt.date(2017, 12, 1))
    except TableError as error:
        assert all(text and "\n" not in text.strip() for text in error.problems)
    else:
        check_table(profile, PROFILE)


# The dictionary ------------------------------------------------------------------------------------------------------


def test_the_dictionary_is_a_markdown_table_for_every_contract_and_a_line_for_every_column() -> None:
    sections = re.split(r"^### ", render_dictionary(), flags=re.MULTILINE)[1:]
    assert [section.splitlines()[0] for section in sections] == list(CONTRACTS)
    for section, contract in zip(sections, CONTRACTS.values(), strict=True):
        table = [line for line in section.splitlines() if line.startswith("|")]
        assert table[:2] == ["| column | kind | needed | meaning |", "|---|---|---|---|"]
        assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {5}
        assert [re.match(r"\| `(\w+)`", line)[1] for line in table[2:]] == list(contract.names)


def test_a_pipe_in_a_meaning_would_be_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = Table("odd", "a row", ("a",), (Column("a", "text", "either x | y"),))
    monkeypatch.setitem(CONTRACTS, "odd", odd)
    assert "| `a` | a text | yes | either x \\| y |" in render_dictionary()


def test_every_contract_is_sound_in_itself() -> None:
    for name, contract in CONTRACTS.items():
        assert contract.name == name
        assert set(contract.key) <= set(contract.names)
        assert len(set(contract.names)) == len(contract.names)
        for column in contract.columns:
            assert column.holds
            assert column.name in contract.key or column.meaning
            assert not column.choices or column.kind == "text"


def test_a_sound_table_is_checked_in_two_scans_one_for_all_values_and_one_for_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scans = []
    monkeypatch.setattr("loyalty.tables.check.collect", lambda table: (scans.append(table), collect(table))[1])
    monkeypatch.setattr("loyalty.tables.check.prove_pairs_differ", lambda *key: (scans.append(key), False)[1])
    check_table(RECEIPT_LINES, RECEIPTS)
    assert len(scans) == 3  # the third only because the quick look at the key proved nothing
    monkeypatch.setattr("loyalty.tables.check.prove_pairs_differ", lambda *key: (scans.append(key), True)[1])
    check_table(RECEIPT_LINES, RECEIPTS)
    assert len(scans) == 5
