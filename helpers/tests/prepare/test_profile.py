"""The customer profile: the same numbers from every engine, the numbers one gets by hand, and plain refusals."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.datasets.loaders import cdnow
from loyalty.prepare.profile import build_profile
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import PROFILE, RECEIPTS

AS_OF = "2017-12-01"
DAY = pd.Timestamp(AS_OF)
NEEDED = [column.name for column in PROFILE.columns if not column.optional]


def make_receipts(customers: int = 25, baskets: int = 120, seed: int = 1) -> pd.DataFrame:
    """Make receipt lines with ties, returns, empty cells, several lines a receipt and time past the as-of day."""
    rng = np.random.default_rng(seed)
    who, start = rng.integers(1, customers + 1, baskets), rng.integers(0, 400 * 86_400, baskets)
    lines = np.sort(np.r_[np.arange(baskets), rng.integers(0, baskets, 2 * baskets)])
    n = len(lines)
    sales = rng.integers(-300, 3000, n) / 100
    frame = pd.DataFrame(
        {
            "customer_id": who[lines],
            "time": pd.Timestamp("2017-01-01") + pd.to_timedelta(start[lines] // 60 * 60, unit="s"),
            "sales": np.where(rng.random(n) < 0.1, 0, sales),
            "basket_id": lines + 500,
            "product_id": rng.integers(1, 40, n),
            "margin": np.where(rng.random(n) < 0.1, np.nan, sales / 4),
            "kind": rng.choice(np.array(["sale", "return", "cancel", None], dtype=object), n, p=[0.7, 0.1, 0.1, 0.1]),
            "discount": np.where(rng.random(n) < 0.5, np.nan, rng.integers(0, 3, n) / 4),
            "channel": rng.choice(np.array(["store", "Online", None], dtype=object), n),
        }
    )
    frame["line_no"] = frame.groupby("basket_id").cumcount() + 1
    return frame


PRODUCTS = pd.DataFrame(
    {"product_id": range(1, 38), "category": [["milk", "bread", None, "tea"][i % 4] for i in range(37)]}
)
LINES = make_receipts()


def profile_of(receipts: Any, **options: Any) -> pd.DataFrame:
    return build_profile(receipts, AS_OF, **({"products": PRODUCTS} | options))


def refuse(receipts: Any, as_of: Any = AS_OF, **options: Any) -> str:
    with pytest.raises(TableError) as caught:
        build_profile(receipts, as_of, **options)
    return str(caught.value)


# The same from every source ------------------------------------------------------------------------------------------


def _own_connection(frame: pd.DataFrame, folder: Path) -> Any:
    connection = duckdb.connect(str(folder / "shop.duckdb"))
    for trap in ("frame", "host", "lines", "small"):
        connection.sql(f"CREATE TABLE {trap} AS SELECT 'a trap' AS product_id")
    return connection.read_parquet(str(_parquet(frame, folder)))


def _parquet(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_parquet(folder / "r.parquet")
    return folder / "r.parquet"


def _parquet_with_nan(frame: pd.DataFrame, folder: Path) -> Path:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name in ("margin", "discount"):
        numbers = pa.array(frame[name].to_numpy(), from_pandas=False)
        table = table.set_column(table.column_names.index(name), name, numbers)
    pq.write_table(table, folder / "n.parquet")
    return folder / "n.parquet"


def _folder(frame: pd.DataFrame, folder: Path) -> str:
    for year, part in frame.groupby(frame["time"].dt.quarter):
        (folder / "by [quarter]" / str(year)).mkdir(parents=True)
        part.to_parquet(folder / "by [quarter]" / str(year) / "part'0.parquet")
    return str(folder / "by [quarter]")


def _csv(frame: pd.DataFrame, folder: Path, **options: Any) -> Path:
    frame.to_csv(folder / "a[1].csv", index=False, **options)
    return folder / "a[1].csv"


def _objects(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    money = {
        n: frame[n].map(lambda v: None if pd.isna(v) else Decimal(f"{v:.4f}")) for n in ("sales", "margin", "discount")
    }
    return frame.assign(**money, time=frame["time"].dt.to_pydatetime()).astype(object)


def _small(frame: pd.DataFrame, _: Path) -> pd.DataFrame:
    small = frame.astype({"customer_id": "int8", "basket_id": "uint64", "line_no": "float32", "product_id": "int16"})
    return small.assign(kind=small["kind"].astype("category"), channel=small["channel"].astype("category"))


def _decimals(frame: pd.DataFrame, _: Path) -> Any:
    money = "sales::DECIMAL(18, 2) AS sales, margin::DECIMAL(9, 4) AS margin, time::TIMESTAMP_S AS time"
    kind = "kind::ENUM('sale', 'return', 'cancel') AS kind, customer_id::UTINYINT AS customer_id"
    return duckdb.sql(f"SELECT * REPLACE ({money}, {kind}) FROM frame")


SOURCES: dict[str, Callable[[pd.DataFrame, Path], Any]] = {
    "a DuckDB relation": lambda frame, _: duckdb.sql("SELECT * FROM frame"),
    "a DuckDB relation of its own connection": _own_connection,
    "a DuckDB relation of decimals and enums": _decimals,
    "a Parquet file": _parquet,
    "a Parquet file with NaN": _parquet_with_nan,
    "a folder of Parquet files": _folder,
    "a CSV file": _csv,
    "a CSV file with semicolons": lambda frame, folder: _csv(frame, folder, sep=";"),
    "a Narwhals frame": lambda frame, _: nw.from_native(frame),
    "an Arrow table": lambda frame, _: pa.Table.from_pandas(frame),
    "shuffled rows": lambda frame, _: frame.sample(frac=1, random_state=1),
    "another index": lambda frame, _: frame.set_index(frame["sales"] // 1).rename_axis("customer"),
    "nullable types": lambda frame, _: frame.convert_dtypes(),
    "Arrow types": lambda frame, _: frame.convert_dtypes(dtype_backend="pyarrow"),
    "Python objects": _objects,
    "small types and categories": _small,
    "nanoseconds": lambda frame, _: frame.astype({"time": "datetime64[ns]"}),
    "whole seconds": lambda frame, _: frame.astype({"time": "datetime64[s]"}),
    "columns with odd names": lambda frame, _: frame.assign(
        **{"select": 1, "order by": "a", "цена, руб.": 2, "paid": -1, "day": 3}
    ),
}


@pytest.fixture(scope="module")
def expected() -> pd.DataFrame:
    return profile_of(LINES)


@pytest.mark.slow
@pytest.mark.parametrize("source", SOURCES)
def test_the_profile_is_the_same_to_the_last_bit_from(source: str, expected: pd.DataFrame, tmp_path: Path) -> None:
    pd.testing.assert_frame_equal(profile_of(SOURCES[source](LINES, tmp_path)), expected, check_exact=True)


def test_the_profile_keeps_its_contract_and_has_every_column_of_it(expected: pd.DataFrame) -> None:
    check_table(expected, PROFILE)
    assert expected.columns.tolist() == list(PROFILE.names)
    numbers = {name: "float64" for name in PROFILE.names}
    assert expected.dtypes.astype(str).to_dict() == numbers | {
        "customer_id": "int64",
        "as_of": "datetime64[us]",
        "frequency": "int64",
        "breadth": "int64",
    }


def test_the_receipts_are_left_as_they_were() -> None:
    before = LINES.copy()
    profile_of(LINES)
    pd.testing.assert_frame_equal(LINES, before)


def test_whole_days_and_whole_money_give_the_same_as_dates_and_integers_of_the_engine(tmp_path: Path) -> None:
    frame = LINES.assign(time=LINES["time"].dt.normalize(), sales=(LINES["sales"] * 100).round().astype("int64"))
    lines = frame.drop(columns="margin")
    wanted = profile_of(lines)
    days = lines.assign(time=lines["time"].dt.date)
    for source in (
        days,
        _csv(days, tmp_path),
        duckdb.sql("SELECT * REPLACE (time::DATE AS time, sales::INT AS sales) FROM lines"),
    ):
        pd.testing.assert_frame_equal(profile_of(source), wanted, check_exact=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "as_text",
    [
        pytest.param(lambda i: f"c{i}", marks=pytest.mark.slow),
        pytest.param(lambda i: f"{i:04d}", marks=pytest.mark.slow),
        lambda i: f"клиент '{i}'",
    ],
)
def test_ids_as_text_give_the_same_profile_with_text_ids_also_with_leading_zeros(
    as_text: Callable[[int], str], expected: pd.DataFrame, tmp_path: Path
) -> None:
    names = {i: as_text(i) for i in expected["customer_id"]}
    lines = LINES.assign(customer_id=LINES["customer_id"].map(lambda i: names.get(i, as_text(i))))
    wanted = expected.assign(customer_id=expected["customer_id"].map(names).astype("str"))
    wanted = wanted.sort_values("customer_id", ignore_index=True)
    categories = lines.assign(customer_id=lines["customer_id"].astype("category").cat.as_ordered())
    for source in (lines, categories, _csv(lines, tmp_path), _parquet(lines, tmp_path)):
        pd.testing.assert_frame_equal(profile_of(source), wanted, check_exact=True)
    everyone = pd.DataFrame({"customer_id": pd.Categorical([*names.values(), "~nobody"])})
    assert len(profile_of(lines, customers=everyone)) == len(wanted) + 1


@pytest.mark.parametrize("rows", [1, 2])
def test_one_receipt_or_one_customer_is_enough(rows: int) -> None:
    lines = pd.DataFrame(
        {"customer_id": [7] * rows, "time": [pd.Timestamp("2017-11-30 23:59:59")] * rows, "sales": 1.1}
    )
    profile = build_profile(lines, AS_OF)
    assert profile[["recency_days", "frequency", "x", "t_x", "T"]].to_numpy().tolist() == [[1, rows, 0, 0, 0]]
    assert profile["monetary"].tolist() == [1.1 * rows]
    assert profile["gap_days"].isna().all()


def test_a_table_without_rows_gives_a_profile_without_rows_and_the_same_types(
    tmp_path: Path, expected: pd.DataFrame
) -> None:
    empty = LINES.head(0)
    for source in (empty, _parquet(empty, tmp_path), duckdb.sql("SELECT * FROM empty")):
        profile = profile_of(source)
        assert profile.empty
        assert profile.dtypes.equals(expected.dtypes)
    for source in (
        pd.DataFrame(columns=["customer_id", "time", "sales"]),
        _csv(empty[["customer_id", "time", "sales"]], tmp_path),
    ):
        profile = build_profile(source, AS_OF)
        assert profile.empty
        assert profile.columns.tolist() == NEEDED
    untyped = pd.DataFrame(columns=["customer_id", "time", "sales", "product_id"])
    everyone = pd.DataFrame({"customer_id": [1, 2]})
    assert build_profile(untyped, AS_OF, customers=everyone, products=PRODUCTS)["customer_id"].tolist() == [1, 2]


# The same as by hand -------------------------------------------------------------------------------------------------


def list_visits(sold: pd.DataFrame) -> list[pd.DataFrame]:
    """Sale lines of one customer, visit by visit: one number, and never more than 12 hours to the line before."""
    visits = []
    for _, lines in sold.sort_values("time", kind="stable").groupby("basket_id"):
        number = (lines["time"].diff() > pd.Timedelta(hours=12)).cumsum()
        visits += [part for _, part in lines.groupby(number)]
    return visits


def reckon_by_hand(lines: pd.DataFrame, day: pd.Timestamp) -> pd.DataFrame:
    """Compute the profile customer by customer, in whole cents, with nothing of the package."""
    rows = []
    for customer, own in lines[lines["time"] < day].groupby("customer_id"):
        is_sale = np.where(own["kind"].isna(), own["cents"] >= 0, own["kind"] == "sale")
        sold = own[is_sale]
        visits = list_visits(sold)
        days = sorted({visit["time"].min().normalize() for visit in visits})
        count, paid = len(visits), sold["cents"].sum()
        promo = sold.loc[sold["discount"] > 0, "cents"].sum()
        online = sum((visit["channel"].str.lower() == "online").any() for visit in visits)
        age = (day - sold["time"]).dt.total_seconds() / 86_400
        late, early = sold.loc[age <= 84, "cents"].sum(), sold.loc[(age > 84) & (age <= 168), "cents"].sum()
        repeats = len(days) - 1
        rows.append(
            {
                "customer_id": customer,
                "as_of": day,
                "recency_days": (day - days[-1]).days if days else np.nan,
                "frequency": count,
                "monetary": own["cents"].sum() / 100,
                "tenure_days": (day - days[0]).days if days else np.nan,
                "x": repeats if days else np.nan,
                "t_x": (days[-1] - days[0]).days if days else np.nan,
                "T": (day - days[0]).days - 1 if days else np.nan,
                "gap_days": np.mean(np.diff(days) / pd.Timedelta(days=1)) if repeats > 0 else np.nan,
                "basket_value": paid / 100 / count if count else np.nan,
                "trend": (late - early) / (late + early) if min(late, early) >= 0 < late + early else np.nan,
                "margin": own["margin_cents"].sum() / 100,
                "breadth": sold["category"].nunique(),
                "promo_share": promo / paid if 0 <= promo <= paid and paid > 0 else np.nan,
                "online_share": online / count if count else np.nan,
            }
        )
    return pd.DataFrame(rows, columns=list(PROFILE.names))


CENTS = st.one_of(st.integers(-500, 2000), st.sampled_from([0, 0, -1, 1, 99, 10**11, -(10**11), 123_456_789_012]))
EDGES = [
    DAY - pd.Timedelta(days=n) + pd.Timedelta(seconds=s) for n in (0, 1, 84, 85, 168, 169, 300) for s in (-1, 0, 1)
]
LINE = st.fixed_dictionaries(
    {
        "customer_id": st.integers(1, 4),
        "basket_id": st.integers(1, 5),
        "time": st.one_of(st.sampled_from(EDGES), st.datetimes(dt.datetime(2017, 1, 1), dt.datetime(2018, 1, 1))),
        "cents": CENTS,
        "kind": st.sampled_from(["sale", "sale", None, "return", "cancel"]),
        "margin_cents": st.integers(-100, 100),
        "discount": st.sampled_from([0.0, 0.5, None]),
        "channel": st.sampled_from(["online", "ONLINE", "store", None]),
        "category": st.sampled_from(["a", "b", "c", None]),
    }
)
TEXTS = {"kind": "str", "channel": "str", "category": "str", "time": "datetime64[us]"}
QUICK = settings(deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))


def as_receipts(drawn: list[dict[str, Any]]) -> pd.DataFrame:
    lines = pd.DataFrame(drawn).astype(TEXTS)
    return lines.assign(sales=lines["cents"] / 100, margin=lines["margin_cents"] / 100)


@pytest.mark.slow
@settings(QUICK, max_examples=25)
@given(drawn=st.lists(LINE, min_size=1, max_size=50))
def test_every_column_is_what_one_gets_by_hand(drawn: list[dict[str, Any]]) -> None:
    lines = as_receipts(drawn)
    wanted = reckon_by_hand(lines, DAY)
    if wanted.empty:
        assert "lie before as_of" in refuse(lines)
        return
    profile = build_profile(lines, AS_OF)
    check_table(profile, PROFILE)
    money = ["monetary", "margin"]
    cents = [(frame[money] * 100).round().to_numpy().tolist() for frame in (profile, wanted)]
    assert cents[0] == cents[1], "to the cent"
    pd.testing.assert_frame_equal(profile, wanted, check_dtype=False, rtol=1e-9, atol=1e-9)


@pytest.mark.slow
@settings(QUICK, max_examples=12)
@given(drawn=st.lists(LINE, min_size=1, max_size=12), later=st.lists(LINE, min_size=1, max_size=6))
def test_nothing_of_the_day_itself_or_later_changes_the_profile(drawn: list[dict], later: list[dict]) -> None:
    lines = as_receipts([line | {"time": DAY - pd.Timedelta(days=3)} for line in drawn[:1]] + drawn)
    future = as_receipts([line | {"time": DAY + abs(line["time"] - DAY)} for line in later])
    pd.testing.assert_frame_equal(build_profile(pd.concat([future, lines]), AS_OF), build_profile(lines, AS_OF))


@pytest.mark.slow
@settings(QUICK, max_examples=12)
@given(drawn=st.lists(LINE, min_size=1, max_size=20))
def test_money_is_neither_lost_nor_made_and_shares_stay_shares(drawn: list[dict[str, Any]]) -> None:
    lines = as_receipts([line | {"time": DAY - pd.Timedelta(days=30)} for line in drawn[:1]] + drawn)
    profile = build_profile(lines, AS_OF)
    assert round(profile["monetary"].sum() * 100) == lines.loc[lines["time"] < DAY, "cents"].sum()
    assert profile["trend"].dropna().between(-1, 1).all()
    for share in ("promo_share", "online_share"):
        assert profile[share].dropna().between(0, 1).all()


def test_sums_of_cents_do_not_depend_on_the_order_of_rows_even_among_a_hundred_thousand() -> None:
    rng = np.random.default_rng(3)
    lines = pd.DataFrame({"customer_id": rng.integers(0, 9, 100_000), "time": DAY - pd.Timedelta(days=1)})
    lines["sales"] = rng.integers(-9999, 99_999, len(lines)) / 100
    first, second = (build_profile(lines.sample(frac=1, random_state=i), AS_OF) for i in (1, 2))
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    exact = (lines["sales"] * 100).round().astype("int64").groupby(lines["customer_id"]).sum()
    assert (first["monetary"] * 100).round().astype("int64").tolist() == exact.tolist()


# The same as the published -------------------------------------------------------------------------------------------


def test_x_t_x_and_T_of_cdnow_are_those_of_the_reference_implementation() -> None:
    with warnings.catch_warnings(action="ignore"):  # its own, on import
        from lifetimes.utils import summary_data_from_transaction_data

    receipts = cdnow().receipts
    profile = build_profile(receipts, "1997-10-01")
    seen = receipts[receipts["time"] < "1997-10-01"]
    known = summary_data_from_transaction_data(
        seen, "customer_id", "time", observation_period_end="1997-09-30", freq="D"
    )
    found = profile.set_index("customer_id")[["x", "t_x", "T"]].set_axis(["frequency", "recency", "T"], axis=1)
    assert len(found) == 23_570
    pd.testing.assert_frame_equal(found, known, check_dtype=False, check_index_type=False, check_exact=True)


def test_the_published_customer_and_the_946_repeaters_of_cdnow_are_found() -> None:
    receipts = cdnow().receipts
    profile = build_profile(receipts[receipts["in_sample"]], dt.date(1997, 10, 1)).set_index("customer_id")
    assert len(profile) == 2357
    assert (profile["x"] > 0).sum() == 946
    weeks = profile.loc[4, ["x", "t_x", "T"]].astype("float64") / [1, 7, 7]
    assert weeks.round(2).tolist() == [2, 30.43, 38.86]


# Cases ---------------------------------------------------------------------------------------------------------------


def few(**columns: Any) -> pd.DataFrame:
    base = {"customer_id": 7, "time": DAY - pd.Timedelta(days=10), "sales": 5.0}
    return pd.DataFrame({**base, **columns}, index=range(max(len(v) for v in columns.values() if isinstance(v, list))))


def test_a_customer_with_returns_only_has_money_but_no_purchase_days() -> None:
    row = build_profile(few(sales=[-5.0, -2.5]), AS_OF).iloc[0]
    assert (row["frequency"], row["monetary"]) == (0, -7.5)
    assert row[["recency_days", "tenure_days", "x", "t_x", "T", "gap_days", "basket_value", "trend"]].isna().all()


def test_a_receipt_below_zero_is_a_purchase_if_it_holds_one_and_none_if_it_holds_none() -> None:
    mixed = few(sales=[5.0, -20.0, -1.0], basket_id=[1, 1, 2])
    row = build_profile(mixed, AS_OF).iloc[0]
    assert (row["frequency"], row["monetary"], row["basket_value"]) == (1, -16, 5)


def test_a_negative_sale_can_make_no_share_beyond_its_limits() -> None:
    old = DAY - pd.Timedelta(days=100)
    lines = few(sales=[6.0, -2.0], time=[old, DAY - pd.Timedelta(days=1)], kind=["sale", "sale"], discount=[1.0, 0.0])
    row = build_profile(lines, AS_OF).iloc[0]
    assert (row["monetary"], row["basket_value"]) == (4, 2)
    assert row[["trend", "promo_share"]].isna().all()


def test_trend_compares_two_windows_of_84_days_each_with_its_first_day_and_without_the_day_after() -> None:
    second, late, early = pd.Timedelta(seconds=1), DAY - pd.Timedelta(days=84), DAY - pd.Timedelta(days=168)
    for time, trend in ((late, 1), (late - second, -1), (early, -1), (DAY - second, 1)):
        assert build_profile(few(sales=[2.0], time=time), AS_OF)["trend"].tolist() == [trend]
    assert build_profile(few(sales=[2.0], time=early - second), AS_OF)["trend"].isna().all()
    both = few(sales=[6.0, 2.0], time=[late, early])
    assert build_profile(both, AS_OF)["trend"].tolist() == [0.5]


def test_an_empty_kind_is_decided_by_the_sign_in_pandas_and_in_csv(tmp_path: Path) -> None:
    lines = few(sales=[5.0, -3.0, -1.0, 2.0], kind=["sale", None, np.nan, "cancel"])
    for source in (lines, _csv(lines, tmp_path), lines.assign(kind=lines["kind"].astype("category"))):
        assert build_profile(source, AS_OF)["frequency"].tolist() == [1]
    for nothing in (None, np.nan, pd.NA):
        assert build_profile(lines.assign(kind=nothing), AS_OF)["frequency"].tolist() == [2]


def test_nan_in_a_parquet_file_is_an_empty_cell_and_not_a_number(tmp_path: Path) -> None:
    duckdb.sql(
        "SELECT 7 AS customer_id, TIMESTAMP '2017-11-01' AS time, 5.0 AS sales, 'nan'::DOUBLE AS category, "
        "unnest([1.5, 'nan'::DOUBLE]) AS margin, unnest(['nan'::DOUBLE, 1]) AS discount, 'nan'::FLOAT AS kind"
    ).write_parquet(str(tmp_path / "r.parquet"))
    row = build_profile(tmp_path / "r.parquet", AS_OF).iloc[0]
    assert (row["margin"], row["promo_share"], row["frequency"], row["breadth"]) == (1.5, 0.5, 2, 0)


def test_a_receipt_around_midnight_belongs_to_the_day_of_its_first_line() -> None:
    night = pd.Timestamp("2017-11-20 23:59")
    lines = few(time=[night, night + pd.Timedelta(minutes=2)], basket_id=[1, 1])
    row = build_profile(lines, AS_OF).iloc[0]
    assert (row["frequency"], row["recency_days"], row["x"]) == (1, 11, 0)


def test_two_customers_may_have_a_receipt_of_the_same_number() -> None:
    profile = build_profile(few(customer_id=[1, 2, 2], basket_id=["a", "a", "a"]), AS_OF)
    assert profile["frequency"].tolist() == [1, 1]


def test_optional_columns_of_the_profile_come_only_with_the_columns_they_need() -> None:
    assert build_profile(few(sales=[1.0]), AS_OF).columns.tolist() == NEEDED
    assert build_profile(few(sales=[1.0], margin=[1.0]), AS_OF).columns.tolist() == [*NEEDED, "margin"]
    assert "breadth" in build_profile(few(sales=[1.0], category=["a"]), AS_OF)


def test_all_customers_given_have_a_row_and_buyers_missing_from_them_stay() -> None:
    lines = few(customer_id=[7, 9], margin=[1.0, 2.0], channel=["online", "store"], category=["a", "b"])
    profile = build_profile(lines, AS_OF, customers=pd.DataFrame({"customer_id": [8, 7], "level": ["gold", None]}))
    assert profile["customer_id"].tolist() == [7, 8, 9]
    idle = profile.iloc[1]
    assert (idle["frequency"], idle["monetary"], idle["margin"], idle["breadth"]) == (0, 0, 0, 0)
    assert idle.drop(["customer_id", "as_of", "frequency", "monetary", "margin", "breadth"]).isna().all()
    assert profile["as_of"].eq(DAY).all()
    check_table(profile, PROFILE)


def test_customers_may_come_as_a_file_and_receipts_may_be_none(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("customer_id\n1\n2\n", encoding="utf-8")
    profile = build_profile(LINES.head(0), AS_OF, customers=path)
    assert profile["customer_id"].tolist() == [1, 2]
    assert profile["frequency"].tolist() == [0, 0]
    assert len(build_profile(LINES, AS_OF, customers=pd.DataFrame({"customer_id": []}))) == len(profile_of(LINES))


def test_breadth_counts_known_categories_of_purchases_once() -> None:
    lines = few(product_id=[1, 1, 2, 3, 4, None], sales=[1.0, 1.0, 1.0, 1.0, -1.0, 1.0])
    lines["product_id"] = lines["product_id"].astype("Int64")
    products = pd.DataFrame({"product_id": [1, 2, 3, 4], "category": ["a", "a", None, "b"], "price": 1.0})
    assert build_profile(lines, AS_OF, products=products)["breadth"].tolist() == [1]
    own = lines.assign(category=["x", "y", "z", None, "w", "x"])
    assert build_profile(own, AS_OF, products=products)["breadth"].tolist() == [3], "its own categories come first"


@pytest.mark.parametrize(
    "as_of",
    [
        AS_OF,
        " 2017-12-01 ",
        "2017-12-01 00:00",
        dt.date(2017, 12, 1),
        dt.datetime(2017, 12, 1),
        np.datetime64(AS_OF),
        DAY,
    ],
)
def test_a_day_may_be_given_in_every_clear_form(as_of: Any) -> None:
    assert build_profile(few(sales=[1.0]), as_of).dtypes["as_of"] == "datetime64[us]"
    assert build_profile(few(sales=[1.0]), as_of)["as_of"].tolist() == [DAY]


# Refusals ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "as_of",
    ["01.12.2017", "12/01/2017", "2017-12", "2017", "20171201", "2017-13-01", "2017-02-30", "today", "", pd.NaT, None]
    + [20171201, 0, 1.5, "0001-01-01", dt.date(1, 1, 1), dt.date(9999, 12, 31), ["2017-12-01"]],
)
def test_a_day_that_is_not_clear_is_refused(as_of: Any) -> None:
    wanted = f"as_of: 1 problem\n  1. as_of should be a day such as '2017-12-01', found {str(as_of)!r}"
    assert refuse(LINES, as_of) == wanted


@pytest.mark.parametrize(
    "as_of",
    [
        "2017-12-01 10:05",
        dt.datetime(2017, 12, 1, 10, 5),
        pd.Timestamp(AS_OF, tz="UTC"),
        pd.Timestamp("2017-12-01 00:00:01"),
    ],
)
def test_a_day_with_a_time_or_a_zone_is_refused(as_of: Any) -> None:
    assert refuse(LINES, as_of) == (
        f"as_of: 1 problem\n  1. as_of should be a day such as '2017-12-01', found {str(as_of)!r}: leave the "
        f"time and its "
        "zone out"
    )


def test_receipts_that_all_lie_later_are_refused_with_their_span() -> None:
    assert refuse(few(time=[DAY, DAY + pd.Timedelta(days=9)])) == (
        "receipts: 1 problem\n  1. 0 of 2 rows lie before as_of 2017-12-01: they run from 2017-12-01 to "
        "2017-12-10. Is the "
        "year right?"
    )


def test_ids_of_another_type_in_another_table_are_refused_and_not_joined_to_nothing() -> None:
    lines = few(product_id=[1, 2])
    mend = "nothing would match; convert one of them, for example with .astype('str')"
    assert refuse(lines, products=pd.DataFrame({"product_id": ["7", "8"], "category": ["a", "b"]})) == (
        f"products: 1 problem\n  1. `product_id` holds text here and whole numbers in the receipts: {mend}"
    )
    says = "no customer of the list of customers stands in the receipts; `customer_id` is "
    assert refuse(lines, customers=pd.DataFrame({"customer_id": ["7", "8"]})) == (
        f"customers: 1 problem\n  1. {says}'7', '8' in the list of customers and 7 in the receipts: text in one table, "
        "a whole number in the other: make them alike with .astype('str')"
    )
    padded = pd.DataFrame({"customer_id": ["007", "008"]})
    assert "they differ in zeros in front" in refuse(lines.assign(customer_id="7"), customers=padded)


def test_lines_without_a_customer_are_left_out_and_counted() -> None:
    lines = few(sales=[5.0, 7.0])
    nobody = pd.concat([lines, lines.assign(customer_id=np.nan, sales=3.0)], ignore_index=True)
    profile = build_profile(nobody, "2017-12-01")
    pd.testing.assert_frame_equal(profile, build_profile(lines, "2017-12-01"))
    left = f"{len(lines)} of {2 * len(lines)} rows have no customer and are left out: sales {3 * len(lines):.2f}"
    assert profile.attrs["warnings"][0] == left
    blank = nobody.assign(customer_id=nobody["customer_id"].map(lambda name: " " if name != name else f"c{name:g}"))
    assert build_profile(blank, "2017-12-01").attrs["warnings"][0] == left
    says = refuse(lines.assign(customer_id=None))
    assert f"`customer_id` is empty in all {len(lines)} rows: take the column that holds the card" in says


def test_masked_cards_are_named_because_they_collide() -> None:
    masked = few(customer_id=["****1234", "****1234"])
    says = build_profile(masked, "2017-12-01").attrs["warnings"][0]
    assert says.startswith("the card is masked (****1234) in 2 rows: customers whose last digits agree count as one")


def test_the_other_tables_are_checked_under_their_own_names() -> None:
    lines = few(product_id=[1, 2])
    assert refuse(lines, customers=pd.DataFrame({"id": [1]})).startswith(
        "customers: 1 problem\n  1. there is no column"
    )
    assert refuse(lines, products=PRODUCTS[["product_id"]]) == (
        "products: 1 problem\n  1. there is no column `category`; it is what breadth counts"
    )
    assert refuse(few(sales=[1.0]), products=PRODUCTS) == (
        "receipts: 1 problem\n  1. there is no column `product_id`, and the products cannot be joined without it"
    )
    assert refuse(lines, products=pd.concat([PRODUCTS, PRODUCTS.head(2)])) == (
        "products: 1 problem\n  1. `product_id` should be different in every row: 2 values come more than "
        "once, such as "
        "1, 2: keep one row of each"
    )


def test_a_file_that_breaks_off_is_a_table_error(tmp_path: Path) -> None:
    path = _csv(pd.concat([few(sales=[1.0])] * 30_000), tmp_path)
    with path.open("a", encoding="utf-8") as file:
        file.write("7,2017-11-01,1.0,one too many\n")
    assert refuse(path).startswith("receipts: 1 problem\n  1. ")
    huge = duckdb.sql("SELECT 18446744073709551615 AS customer_id, TIMESTAMP '2017-01-01' AS time, 1 AS sales")
    assert refuse(huge).startswith("receipts: 1 problem\n  1. ")


# Size ----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_million_lines_are_read_from_parquet_and_from_pandas(tmp_path: Path) -> None:
    duckdb.sql(
        "SELECT i // 5 % 20_000 AS customer_id, TIMESTAMP '2017-01-01' + to_seconds(i * 28) AS time, "
        "i % 5000 / 100 AS sales, i // 5 AS basket_id, i % 5 AS line_no, i % 3 AS discount FROM "
        "range(1_000_000) AS t(i)"
    ).write_parquet(str(tmp_path / "r.parquet"))
    for source in (tmp_path / "r.parquet", pd.read_parquet(tmp_path / "r.parquet")):
        assert len(build_profile(source, AS_OF)) == 20_000


def test_the_columns_of_receipts_that_the_profile_reads_are_in_the_contract() -> None:
    assert set(LINES) <= set(RECEIPTS.names)
