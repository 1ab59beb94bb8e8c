"""Spark gives the same as pandas, DuckDB and Parquet; `.ci/run` runs this in an environment of its own.

Integers and days are compared exactly, other numbers to nine digits, because engines add up in another order.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.learn.history import measure_decay, measure_rates, open_history, predict_from_past
from loyalty.prepare.clean import clean_receipts
from loyalty.prepare.demand import classify_abc_xyz, mix_by_segment, sum_demand
from loyalty.prepare.profile import build_profile
from loyalty.segment.micro import link_customers
from loyalty.segment.rank import build_cohorts, measure_concentration, rank_customers
from loyalty.segment.rules.life_cycle import measure_gaps
from loyalty.segment.rules.windows import sum_windows
from loyalty.segment.value import fit_purchases, summarise_purchases, track_purchases
from loyalty.tables.check import TableError
from loyalty.world import World

HOW = "`.ci/run` makes an environment with pyspark and runs these tests in it (docs/maintaining.md, What CI adds)"
WORLD = World(300, 12, seed=5)
AS_OF = "2023-10-01"
NIGHT = pd.Timestamp("2023-09-30 23:59:59")
EMPTY = float("nan")
# Shorter than a receipt's: what is left out here is empty.
AWKWARD = pd.DataFrame(
    [
        ("007", NIGHT, 10.0, "a", "sale", EMPTY, None, "store"),  # the last second that counts
        ("007", NIGHT, -4.0, "a", "return", 0.0, -1.5, None),  # a return on the same receipt
        ("007", NIGHT, 0.1, "b", None, 0.5, EMPTY, "ONLINE"),  # a tie in time; the kind is known by the sign
        ("007", pd.Timestamp("2023-10-01"), 99.0, "c", "sale", 0.0, 9.0, "online"),  # the first moment that does not
        ("070", pd.Timestamp("2023-03-26 02:30"), 0.2, "d", "sale", 0.0, 0.1, "online"),  # no such hour in Berlin
        ("070", pd.Timestamp("2023-03-26 00:00"), 0.1, "e", "sale", 0.0, 0.1, "online"),  # the same day, another basket
        ("070", pd.Timestamp("2023-07-08 23:30"), 5.0, "f", "cancel", EMPTY, EMPTY, "online"),  # positive, not bought
        (
            "только возврат",
            pd.Timestamp("2023-07-09 00:00"),
            -7.5,
            "g",
            None,
            EMPTY,
            EMPTY,
            None,
        ),  # nothing but a return
        ("zero", pd.Timestamp("2023-04-16 12:00"), 0.0, "h", "sale", EMPTY, EMPTY, ""),  # paid with points
        ("O'Neil", pd.Timestamp("2023-09-29 23:59"), 3.0, "i", "sale", 0.3, 1.0, "store"),  # a receipt over midnight
        ("O'Neil", pd.Timestamp("2023-09-30 00:01"), 4.0, "i", "sale", 0.0, 1.0, "online"),
        ("O'Neil", pd.Timestamp("2023-01-01 08:00"), 1e9, "j", "sale", 0.0, -1e-6, "store"),  # far apart in size
    ],
    columns=["customer_id", "time", "sales", "basket_id", "kind", "discount", "margin", "channel"],
)
NAMES = pd.DataFrame({"customer_id": [*AWKWARD["customer_id"].unique(), "never came"]})
CASES: dict[str, tuple[pd.DataFrame, dict[str, Any]]] = {
    "a simulated programme": (WORLD.receipts, {}),
    "with products and customers": (WORLD.receipts, {"products": WORLD.products, "customers": WORLD.customers}),
    "awkward lines": (AWKWARD, {"customers": NAMES}),
    "whole receipts": (AWKWARD[["customer_id", "time", "sales"]], {}),
    "no rows": (AWKWARD.head(0), {}),
    "no rows, but customers": (AWKWARD.head(0), {"customers": NAMES}),
}


def write(frame: pd.DataFrame, path: Path) -> Path:
    """Write Parquet that holds both kinds of empty numbers: NaN in every second empty cell, nothing in the others."""
    table = pa.Table.from_pandas(frame, preserve_index=False)
    for name in frame.columns[frame.dtypes == "float64"]:
        nothing = frame[name].isna().to_numpy() & (np.arange(len(frame)) % 2 == 0)
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(frame[name].to_numpy(), mask=nothing, from_pandas=False))
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason=f"no pyspark here: {HOW}")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("no Java on this machine: Spark needs Java 17 or later")
    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = tmp_path_factory.mktemp("spark")
    options = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "3",
        "spark.sql.session.timeZone": "America/New_York",  # days are the shop's, whatever the cluster's clock says
        "spark.local.dir": str(folder),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder}",
    }
    builder = sql.SparkSession.builder.master("local[2]").appName("loyalty")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@pytest.mark.parametrize("case", CASES)
def test_the_profile_from_spark_is_that_from_pandas_duckdb_and_parquet(spark: Any, case: str, tmp_path: Path) -> None:
    receipts, options = CASES[case]
    path = write(receipts, tmp_path / "receipts.parquet")
    expected = build_profile(receipts, AS_OF, **options)
    sources: dict[str, Callable[[], Any]] = {
        "DuckDB": lambda: duckdb.read_parquet(str(path)),
        "Parquet": lambda: path,
        "Spark": lambda: spark.read.parquet(str(path)).repartition(3),
    }
    assert len(expected) == expected["customer_id"].nunique()
    for name, source in sources.items():
        found = build_profile(source(), AS_OF, **options)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=0, obj=f"the profile from {name}")


def test_the_awkward_lines_give_what_one_reckons_by_hand(spark: Any, tmp_path: Path) -> None:
    lines = spark.read.parquet(str(write(AWKWARD, tmp_path / "receipts.parquet")))
    profile = build_profile(lines, AS_OF).set_index("customer_id")
    assert profile.index.tolist() == sorted(AWKWARD["customer_id"].unique())
    names = ["recency_days", "frequency", "monetary", "x", "t_x", "T", "promo_share"]
    assert profile.loc["007", names].tolist() == pytest.approx([1, 2, 6.1, 0, 0, 0, 0.1 / 10.1])
    assert profile.loc["070", names].tolist() == pytest.approx([189, 2, 5.3, 0, 0, 188, 0])
    assert profile.loc["O'Neil", names].tolist() == pytest.approx([2, 2, 1e9 + 7, 1, 271, 272, 3 / (1e9 + 7)])
    assert profile.loc["только возврат", ["frequency", "monetary"]].tolist() == [0, -7.5]
    assert np.isnan(profile.loc["только возврат", "recency_days"])


def test_spark_tables_of_decimals_dates_and_spark_products_give_the_same(spark: Any, tmp_path: Path) -> None:
    receipts = WORLD.receipts.assign(time=WORLD.receipts["time"].dt.normalize())
    lines = spark.read.parquet(str(write(receipts, tmp_path / "receipts.parquet")))
    casts = ["CAST(sales AS DECIMAL(18, 2)) AS sales", "CAST(time AS DATE) AS time"]
    typed = lines.selectExpr("customer_id", "basket_id", "line_no", "CAST(product_id AS SHORT) AS product_id", *casts)
    products = spark.createDataFrame(WORLD.products[["product_id", "category"]])
    names = ["customer_id", "basket_id", "line_no", "product_id", "sales", "time"]
    expected = build_profile(receipts[names], AS_OF, products=WORLD.products)
    pd.testing.assert_frame_equal(build_profile(typed, AS_OF, products=products), expected, rtol=1e-9, atol=0)


# The hours around each edge of a window: a datetime that moved to New York's clock would move them across it.
EDGES = [pd.Timestamp(day) + pd.Timedelta(hours=h, minutes=m)
         for day in ("2023-06-01", "2023-07-01", "2023-08-01", "2023-09-01")
         for h, m in ((-3, 30), (0, -1), (0, 0), (3, 30), (5, 30)) for _ in "ab"]  # fmt: skip
ROUND_THE_EDGES = pd.DataFrame({
    "customer_id": np.resize(["a", "b"], len(EDGES)), "time": EDGES, "kind": "sale",
    "sales": 2.0 ** (np.arange(len(EDGES)) // 2), "basket_id": np.arange(len(EDGES)),
    "offer_id": np.resize(np.array(["mail", None, None]), len(EDGES)), "margin": np.resize([1.0, EMPTY], len(EDGES)),
    "discount": 0.5,
})  # fmt: skip
CONTACTS = pd.DataFrame({
    "campaign_id": "c", "wave": 1, "customer_id": ["a", "b", "silent"], "arm": ["mail", "control", "mail"],
    "offer_id": ["mail", "", "mail"], "sent_at": [pd.Timestamp("2023-07-01 18:00"), pd.NaT, pd.NaT],
})  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"from_sent": True, "response": "redeemed", "margin_rate": 0.3}])
def test_the_outcomes_from_spark_are_those_from_pandas_and_of_the_shops_days(
    spark: Any, options: dict[str, Any], tmp_path: Path
) -> None:
    asked = {"start": "2023-07-01", "end": "2023-08-01", "before": 30, "after": 31, "allow_short": True} | options
    expected = build_outcomes(CONTACTS, ROUND_THE_EDGES, **asked)
    pre, main, post = ((ROUND_THE_EDGES["time"] >= a) & (ROUND_THE_EDGES["time"] < b) for a, b in (
        ("2023-06-01", "2023-07-01"), ("2023-07-01", "2023-08-01"), ("2023-08-01", "2023-09-01")))  # fmt: skip
    sold = expected.set_index(["customer_id", "window"])["sales"]
    for window, rows in (("pre", pre), ("main", main), ("post", post)):
        for who in "ab":
            assert sold[who, window] == ROUND_THE_EDGES["sales"][rows & (ROUND_THE_EDGES["customer_id"] == who)].sum()
    lines = spark.read.parquet(str(write(ROUND_THE_EDGES, tmp_path / "receipts.parquet"))).repartition(3)
    found = build_outcomes(CONTACTS, lines, **asked)
    assert found.attrs == expected.attrs
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=0)


def test_the_outcomes_of_a_programme_are_the_same_on_spark(spark: Any, tmp_path: Path) -> None:
    path = write(WORLD.receipts, tmp_path / "receipts.parquet")
    people = WORLD.customers[["customer_id"]].assign(campaign_id="c", wave=1)
    people["arm"] = np.where(people["customer_id"] % 2, "mail", "control")
    asked = {"start": "2023-06-01", "end": "2023-07-01", "before": 28, "after": 28}
    found, expected = (build_outcomes(people, source, **asked) for source in (spark.read.parquet(str(path)), path))
    assert expected["orders"].sum() > 100
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9, atol=1e-6)


def test_gaps_and_windows_from_spark_are_those_from_pandas_and_of_the_shops_days(spark: Any, tmp_path: Path) -> None:
    for number, frame in enumerate((ROUND_THE_EDGES, WORLD.receipts)):
        lines = spark.read.parquet(str(write(frame, tmp_path / f"{number}.parquet"))).repartition(3)
        for day in ("2023-07-01", "2023-08-01"):
            found, expected = (measure_gaps(source, day, own_from=2) for source in (lines, frame))
            assert (found.n_gaps, found.n_customers) == (expected.n_gaps, expected.n_customers)
            pd.testing.assert_frame_equal(found.table, expected.table, check_dtype=False)
        for of in ("sales", "receipts"):
            both = (sum_windows(source, "2023-06-01", "2023-07-01", "2023-07-31", of=of) for source in (lines, frame))
            pd.testing.assert_frame_equal(*both, rtol=1e-9, atol=0)


def test_ranks_concentration_and_cohorts_from_spark_are_those_from_pandas(spark: Any, tmp_path: Path) -> None:
    for number, frame in enumerate((ROUND_THE_EDGES, WORLD.receipts)):
        lines = spark.read.parquet(str(write(frame, tmp_path / f"{number}.parquet"))).repartition(3)
        for of in ("sales", "receipts"):
            both = [rank_customers(source, "2023-06-01", "2023-09-01", of=of) for source in (lines, frame)]
            pd.testing.assert_frame_equal(both[0].table, both[1].table, rtol=1e-9, atol=1e-6, check_dtype=False)
            assert both[0].warnings == both[1].warnings
        triangles = [build_cohorts(source).table for source in (lines, frame)]
        pd.testing.assert_frame_equal(*triangles, rtol=1e-9, atol=1e-6, check_dtype=False)
        spend = [source.select("customer_id", "sales") if source is lines else source for source in (lines, frame)]
        shares = [measure_concentration(source, of="members").to_frame() for source in spend]
        pd.testing.assert_frame_equal(*shares, rtol=1e-9, atol=1e-6)


def test_demand_classes_and_mix_from_spark_are_those_from_pandas(spark: Any, tmp_path: Path) -> None:
    lines = spark.read.parquet(str(write(WORLD.receipts, tmp_path / "receipts.parquet"))).repartition(3)
    both = (lines, WORLD.receipts)
    for by, every in (("category", "week"), ("department", "month"), ("product_id", "day")):
        demands = [sum_demand(source, by=by, products=WORLD.products, every=every) for source in both]
        pd.testing.assert_frame_equal(demands[0].table, demands[1].table, rtol=1e-9, atol=1e-6, check_dtype=False)
        assert demands[0].warnings == demands[1].warnings
    classes = [classify_abc_xyz(source, products=WORLD.products, draws=20).table for source in both]
    pd.testing.assert_frame_equal(*classes, rtol=1e-6, atol=1e-9, check_dtype=False)
    people = WORLD.customers[["customer_id"]].assign(segment=lambda table: (table["customer_id"] % 3).astype(str))
    mixes = [mix_by_segment(source, people, products=WORLD.products, start="2023-03-01").table for source in both]
    pd.testing.assert_frame_equal(*mixes, rtol=1e-9, atol=1e-9, check_dtype=False)


def test_spark_gives_the_same_purchase_histories_and_tracking(spark: Any, tmp_path: Path) -> None:
    fit = fit_purchases(summarise_purchases(WORLD.receipts, "2023-07-01"))
    for number, frame in enumerate((ROUND_THE_EDGES, WORLD.receipts)):
        lines = spark.read.parquet(str(write(frame, tmp_path / f"{number}.parquet"))).repartition(3)
        histories = [summarise_purchases(source, "2023-07-20", until="2023-10-01") for source in (lines, frame)]
        pd.testing.assert_frame_equal(*histories, check_dtype=False, rtol=1e-9, atol=0)
        tracked = [track_purchases(fit, source, "2023-07-20", "2023-10-01").table for source in (lines, frame)]
        pd.testing.assert_frame_equal(*tracked, check_dtype=False, rtol=1e-9, atol=0)


def make_responses() -> pd.DataFrame:
    """Five overlapping waves of a response history, a part of the customers in each, and a tenth of them control."""
    draw = np.random.default_rng(17)
    waves = []
    for wave in range(1, 6):
        who = np.flatnonzero(draw.random(900) < 0.6)
        start = pd.Timestamp("2023-01-02") + pd.Timedelta(days=14 * wave)
        waves.append(
            pd.DataFrame(
                {
                    "campaign_id": f"c{wave}",
                    "wave": 1,
                    "customer_id": who,
                    "arm": np.where(draw.random(len(who)) < 0.1, "control", "coupon"),
                    "offer_id": np.where(wave % 2, "gift card", "points"),
                    "segment": np.where(who % 3, "new", "loyal"),
                    "window": "main",
                    "start": start,
                    "end": start + pd.Timedelta(days=21),
                    "responded": (draw.random(len(who)) < np.where(who % 7, 0.1, 0.4)).astype("int64"),
                }
            )
        )
    return pd.concat(waves, ignore_index=True)


def test_what_a_history_tells_on_spark_is_what_it_tells_on_pandas_and_duckdb_and_from_its_file(
    spark: Any, tmp_path: Path
) -> None:
    rows = make_responses()
    lines = spark.read.parquet(str(write(rows, tmp_path / "rows.parquet"))).repartition(3)
    relation = duckdb.read_parquet(str(tmp_path / "rows.parquet"))
    known = {"scheme": "s", "version": "1", "segment_as_of": "2023-01-02"}
    contacts, outcomes = rows[list(rows)[:6]], rows[[*list(rows)[:3], *list(rows)[6:]]]
    sides = [spark.read.parquet(str(write(t, tmp_path / f"{i}.parquet"))) for i, t in enumerate((contacts, outcomes))]
    with open_history(tmp_path / "h.duckdb") as history:
        done = history.append(contacts, outcomes, **known)
        assert (done.added, done.rows) == (5, len(rows))
        again = history.append(*sides, **known)
        assert (again.unchanged, again.rows) == (5, 0)
        for source in (lines, relation, history):
            for measure in (predict_from_past, measure_rates, measure_decay):
                both = [measure(table) for table in (source, rows)]
                tables = [found if isinstance(found, pd.DataFrame) else found.table for found in both]
                pd.testing.assert_frame_equal(*tables, check_dtype=False, rtol=1e-9, atol=1e-12)
            waves = [predict_from_past(table).waves for table in (source, rows)]
            pd.testing.assert_frame_equal(*waves, check_dtype=False)


def test_a_broken_table_on_spark_is_refused_in_the_same_words(spark: Any, tmp_path: Path) -> None:
    broken = WORLD.receipts.head(50).assign(basket_id=1, line_no=1, discount=-1.0)
    broken.loc[3, "sales"] = EMPTY
    lines = spark.read.parquet(str(write(broken, tmp_path / "receipts.parquet")))
    messages = []
    for source in (broken, lines):
        with pytest.raises(TableError) as caught:
            build_profile(source, AS_OF)
        messages.append(str(caught.value))
    assert messages[1] == messages[0]
    assert "3 problems" in messages[0]


def test_sparks_timestamps_with_a_zone_are_refused_because_their_day_depends_on_the_cluster(spark: Any) -> None:
    lines = spark.createDataFrame([(1, 2.0)], "customer_id long, sales double")
    with pytest.raises(TableError, match="`time` carries a time zone"):
        build_profile(lines.selectExpr("*", "TIMESTAMP '2023-09-30 23:00:00' AS time"), AS_OF)


DIRTY = pd.DataFrame(
    [
        ("2700000001", "2023-03-05 10:00", 5.0, 1, 1, 7, 1, "sale", 1),
        ("2700000001", "2023-03-05 10:00", 5.0, 1, 1, 7, 1, "sale", 1),  # sent twice
        ("2700000001", "2023-03-05 13:00", 5.0, 2, 1, 7, 1, "sale", 1),  # bought again
        ("2700000002", "2023-03-06 10:00", 4.0, 3, 1, 8, 2, "sale", 2),
        ("2700000002", "2023-03-06 10:02", 4.0, 3, 1, 8, 2, "cancel", 2),
        ("2700000003", "2023-03-07 10:00", 3.0, 4, 1, 9, 1, "return", 1),  # without its minus
        ("2700000003", "2023-03-07 11:00", 3.5, 5, 1, 9, -1, "sale", 1),
        ("0000000000", "2023-03-08 07:45", 9.0, 6, 1, 9, 1, "sale", 1),
        ("2700000004", "2023-08-03 10:00", 6.0, 7, None, 7, 1, "sale", 1),  # 8 March, in an old till's way
        ("2700000005", "2023-03-20 10:00", 2.0, 1, 1, 7, 1, "sale", 1),  # the till has begun again with 1
    ],
    columns="customer_id time sales basket_id line_no product_id quantity kind store_id".split(),
).assign(till_id=1, discount=0.0, file_month=pd.Timestamp("2023-03-01"))
DIRTY["time"] = pd.to_datetime(DIRTY["time"])
DIRTY["line_no"] = DIRTY["line_no"].astype("Int64")


def test_cleaning_on_spark_gives_what_it_gives_on_pandas(spark: Any, tmp_path: Path) -> None:
    path = write(DIRTY, tmp_path / "receipts.parquet")
    told = {"zone": -4, "vat_rate": 0.2, "staff_discount": 0.15}
    expected = clean_receipts(DIRTY, **told)
    assert expected.removed["reason"].tolist() == ["resend", "cancellation", "cancellation", "test card"]
    found = clean_receipts(spark.read.parquet(str(path)).repartition(3), **told)
    pd.testing.assert_frame_equal(found.summary, expected.summary)
    order = ["customer_id", "time", "basket_id"]
    for mine, theirs in ((found.clean, expected.clean), (found.removed, expected.removed)):
        table = mine.toPandas().sort_values(order, ignore_index=True)[list(theirs)]
        right = theirs.sort_values(order, ignore_index=True)
        pd.testing.assert_frame_equal(table.astype(str), right.astype(str))


def test_links_from_spark_are_those_from_pandas(spark: Any, tmp_path: Path) -> None:
    for number, frame in enumerate((ROUND_THE_EDGES.assign(product_id=7), WORLD.receipts)):
        lines = spark.read.parquet(str(write(frame, tmp_path / f"{number}.parquet"))).repartition(3)
        for options in ({}, {"start": "2023-06-01", "end": "2023-08-01"}):
            found, expected = (link_customers(source, **options) for source in (lines, frame))
            pd.testing.assert_frame_equal(found.table, expected.table, rtol=1e-9, check_dtype=False)
            assert (found.first, found.last, found.warnings) == (expected.first, expected.last, expected.warnings)
