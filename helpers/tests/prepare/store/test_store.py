"""The analytic store: months in any order, what was known on a day, dated membership, and no half of anything."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import multiprocessing
import random
import runpy
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.learn.history.store import open_history
from loyalty.prepare.profile import build_profile
from loyalty.prepare.store import store as store_module
from loyalty.prepare.store.store import open_store
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import RECEIPTS, SEGMENTS
from loyalty.tables.database import StoreError

WORKER = str(Path(__file__).with_name("refresh_months.py"))
KEY = "a key of the tests, long enough"


def make_month(month="2017-01", lines=60, seed=0, customers=12):
    """Receipt lines of one month, two a receipt; some lines are equal."""
    draw = np.random.default_rng([seed, lines, int(month[-2:])])
    start = pd.Timestamp(f"{month}-01")
    minutes = np.repeat(draw.integers(0, 28 * 24 * 60, lines // 2), 2)
    return pd.DataFrame(
        {
            "customer_id": np.repeat(draw.integers(100, 100 + customers, lines // 2), 2),
            "time": start + pd.to_timedelta(minutes, unit="m"),
            "sales": draw.integers(1, 9, lines) + 0.25,
            "basket_id": np.repeat(np.arange(lines // 2), 2),
            "store_id": "north",
        }
    )


@pytest.fixture
def store(tmp_path):
    with open_store(tmp_path / "store.duckdb") as opened:
        yield opened


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("LOYALTY_KEY", KEY)


def read(store, **options):
    """The current lines, in an order that says nothing of how they came."""
    frame = store.receipts(**options).df()
    return frame.sort_values(list(frame), ignore_index=True)


# --- Months ---------------------------------------------------------------------------------------


def test_the_same_month_twice_changes_nothing_and_says_so(store):
    lines = make_month()
    assert store.refresh(lines, "2017-01", recorded_at="2017-02-01").done == "added"
    before = read(store)
    again = store.refresh(lines.sample(frac=1, random_state=1), "2017-01", recorded_at="2017-02-02")
    assert (again.done, again.rows) == ("unchanged", 60) and str(
        again
    ) == "2017-01: already there, unchanged (60 lines)"
    pd.testing.assert_frame_equal(read(store), before)
    assert len(store.loads()) == 1


def test_equal_lines_are_kept_as_often_as_they_come(store):
    lines = pd.concat([make_month(), make_month().head(1)], ignore_index=True)
    store.refresh(lines, "2017-01", recorded_at="2017-02-01")
    assert len(read(store)) == 61
    with pytest.raises(StoreError, match="0 lines new or changed, 1 line no longer there"):
        store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")


@pytest.mark.slow
def test_months_in_any_order_give_the_same_tables(tmp_path):
    months = {month: make_month(month) for month in ("2017-01", "2017-02", "2017-03")}
    found = []
    for number, order in enumerate(itertools.permutations(months)):
        with open_store(tmp_path / f"{number}.duckdb") as store:
            for month in order:
                store.refresh(months[month], month, recorded_at="2017-04-01")
            store.snapshot("2017-03-15", recorded_at="2017-04-01")
            found.append((read(store), store.profile("2017-03-15")))
    for lines, profile in found[1:]:
        pd.testing.assert_frame_equal(lines, found[0][0])
        pd.testing.assert_frame_equal(profile, found[0][1])


def test_a_corrected_month_needs_a_reason_and_what_was_known_stays(store):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    before = read(store)
    late = pd.concat([make_month(), make_month(seed=5).head(4)])
    with pytest.raises(StoreError, match="4 lines new or changed, 0 lines no longer there"):
        store.refresh(late, "2017-01", recorded_at="2017-03-01")
    done = store.refresh(late, "2017-01", recorded_at="2017-03-01", reason="a till sent late")
    assert (done.done, done.rows, done.rows_before) == ("corrected", 64, 60)
    assert len(read(store)) == 64
    pd.testing.assert_frame_equal(read(store, known_on="2017-02-28"), before)
    assert len(read(store, known_on="2017-01-31")) == 0
    loads = store.loads()
    assert loads["counts"].tolist() == [False, True] and loads["reason"].tolist()[1] == "a till sent late"


def test_what_was_known_on_a_day_cannot_change_afterwards(store):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-10")
    with pytest.raises(
        StoreError, match="recorded_at is 2017-02-09, but the store has learned something on 2017-02-10"
    ):
        store.refresh(make_month("2017-02"), "2017-02", recorded_at="2017-02-09")


@pytest.mark.parametrize(
    ("month", "says"),
    [
        ("2017-13", "like '2017-03'"),
        ("March", "like '2017-03'"),
        ("2017-02", "60 rows are not of 2017-02, but from 2017-01-02"),
    ],
)
def test_a_month_that_is_none_and_lines_of_another_are_refused(store, month, says):
    with pytest.raises((StoreError, TableError), match=says):
        store.refresh(make_month(), month, recorded_at="2017-03-01")
    assert len(store.loads()) == 0


def test_ids_keep_their_kind_and_another_kind_is_refused(store):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    texts = make_month("2017-02").assign(customer_id=lambda d: "C" + d["customer_id"].astype("str"), basket_id="b")
    with pytest.raises(TableError) as caught:
        store.refresh(texts, "2017-02", recorded_at="2017-03-01")
    assert len(caught.value.problems) == 2
    assert "`customer_id` holds texts, but the store holds whole numbers" in str(caught.value)
    assert read(store)["customer_id"].dtype == "int64" and read(store)["store_id"].dtype == "str"


def test_lines_of_nobody_are_left_out_and_counted_and_only_columns_that_came_are_there(store):
    lines = make_month().assign(customer_id=lambda d: d["customer_id"].where(d.index > 1).astype("Int64"))
    done = store.refresh(lines, "2017-01", recorded_at="2017-02-01")
    assert done.rows == 58 and "2 of 60 rows have no customer and are left out" in done.warnings[0]
    assert set(read(store)) == set(lines)
    check_table(store.receipts(), RECEIPTS)


def test_frames_files_and_relations_are_the_same_month(store, tmp_path):
    lines = make_month()
    lines.to_parquet(tmp_path / "month.parquet")
    store.refresh(lines, "2017-01", recorded_at="2017-02-01")
    for source in (tmp_path / "month.parquet", duckdb.read_parquet(str(tmp_path / "month.parquet"))):
        assert store.refresh(source, "2017-01", recorded_at="2017-02-01").done == "unchanged"


@pytest.mark.slow
@settings(max_examples=15)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 2), st.integers(2, 8)), min_size=1, max_size=7))
def test_after_any_sequence_of_loads_the_last_one_of_each_month_counts(tmp_path_factory, loads):
    last = {}
    with open_store(tmp_path_factory.mktemp("store") / "store.duckdb") as store:
        for day, (month, seed, half) in enumerate(loads, 1):
            name = f"2017-{month:02d}"
            last[name] = make_month(name, 2 * half, seed)
            store.refresh(last[name], name, recorded_at=f"2017-05-{day:02d}", reason="again")
        rebuilt = pd.concat(last.values())
        found = read(store)
        pd.testing.assert_frame_equal(found, rebuilt.sort_values(list(found), ignore_index=True)[list(found)])
        sums = store.loads().query("counts")
        assert sums["rows"].sum() == len(rebuilt) and sums["sales"].sum() == rebuilt["sales"].sum()


# --- Snapshots and membership ---------------------------------------------------------------------


@pytest.mark.slow
def test_a_profile_that_was_kept_is_the_one_that_the_receipts_give(store):
    months = [make_month("2017-01"), make_month("2017-02")]
    for lines, month in zip(months, ("2017-01", "2017-02"), strict=True):
        store.refresh(lines, month, recorded_at="2017-03-01")
    assert store.snapshot("2017-02-15", recorded_at="2017-03-01").done == "added"
    assert store.snapshot("2017-02-15", recorded_at="2017-03-01").done == "unchanged"
    expected = build_profile(pd.concat(months), "2017-02-15")
    pd.testing.assert_frame_equal(store.profile("2017-02-15"), expected, check_dtype=False)
    with pytest.raises(StoreError, match="days that are there: 2017-02-15"):
        store.profile("2017-02-16")


def test_receipts_that_come_late_make_the_snapshots_after_them_stale_and_no_others(store):
    store.refresh(make_month("2017-02"), "2017-02", recorded_at="2017-03-01")
    store.snapshot("2017-03-01", recorded_at="2017-03-01")
    old = store.profile("2017-03-01")
    store.refresh(make_month("2017-03"), "2017-03", recorded_at="2017-04-01")
    assert not store.snapshots()["stale"].any()
    store.refresh(make_month("2017-01"), "2017-01", recorded_at="2017-04-02")
    assert store.snapshots()["stale"].tolist() == [True]
    assert store.snapshot("2017-03-01", recorded_at="2017-04-02").done == "renewed"
    assert store.snapshots()[["stale", "counts"]].to_numpy().tolist() == [[True, False], [False, True]]
    assert store.profile("2017-03-01")["frequency"].sum() > old["frequency"].sum()
    pd.testing.assert_frame_equal(store.profile("2017-03-01", known_on="2017-04-01"), old)


def place(store, day, segments, version="1", recorded_at="2018-01-01"):
    members = pd.DataFrame({"customer_id": list(segments), "segment": list(segments.values())})
    return store.place(members, day, scheme="life", version=version, recorded_at=recorded_at)


def test_spells_are_half_open_and_end_where_a_customer_is_no_longer_there(store):
    place(store, "2017-01-01", {1: "active", 2: "active", 3: "new"})
    place(store, "2017-02-01", {1: "active", 2: "cooling"})
    place(store, "2017-03-01", {1: "active", 2: "cooling", 3: "new"})
    spells = store.membership("life")
    check_table(spells, SEGMENTS)
    dates = spells.assign(since=spells["valid_from"].dt.month, until=spells["valid_to"].dt.month.fillna(0))
    assert dates[["customer_id", "segment", "since", "until"]].to_numpy().tolist() == [
        [1, "active", 1, 0],
        [2, "active", 1, 2],
        [2, "cooling", 2, 0],
        [3, "new", 1, 2],
        [3, "new", 3, 0],
    ]
    moved = store.who_moved("life", "2017-01-15", "2017-02-01")
    assert moved.fillna("").to_numpy().tolist() == [[2, "active", "cooling"], [3, "new", ""]]


def test_a_new_version_of_the_rule_begins_a_new_spell(store):
    place(store, "2017-01-01", {1: "active"})
    place(store, "2017-02-01", {1: "active"}, version="2")
    assert store.membership("life")["version"].tolist() == ["1", "2"]
    assert store.who_moved("life", "2017-01-01", "2017-02-01").empty


def test_a_snapshot_that_is_made_anew_counts_from_the_day_on_which_it_was_made(store):
    place(store, "2017-01-01", {1: "active"}, recorded_at="2017-01-02")
    assert place(store, "2017-01-01", {1: "cooling"}, recorded_at="2017-01-05").done == "renewed"
    assert store.membership("life")["segment"].tolist() == ["cooling"]
    assert store.membership("life", known_on="2017-01-04")["segment"].tolist() == ["active"]


@pytest.mark.slow
@settings(max_examples=25)
@given(st.lists(st.dictionaries(st.integers(1, 4), st.sampled_from("ab"), min_size=1), min_size=1, max_size=5))
def test_on_every_day_of_a_snapshot_the_spells_say_what_the_snapshot_said(tmp_path_factory, snapshots):
    days = [f"2017-0{number + 1}-01" for number in range(len(snapshots))]
    with open_store(tmp_path_factory.mktemp("store") / "store.duckdb") as store:
        for day, segments in zip(days, snapshots, strict=True):
            place(store, day, segments)
        spells = store.membership("life")
        for day, segments in zip(days, snapshots, strict=True):
            at = pd.Timestamp(day)
            held = spells[(spells["valid_from"] <= at) & ~(spells["valid_to"] <= at)]
            assert dict(zip(held["customer_id"], held["segment"], strict=True)) == segments
        together = spells.merge(spells, on=["customer_id", "segment", "version"])
        assert not (together["valid_to_x"] == together["valid_from_y"]).any(), "one spell is not two"
        for one, other in itertools.combinations(range(len(days)), 2):
            moved = store.who_moved("life", days[one], days[other])
            before, after = snapshots[one], snapshots[other]
            wanted = {id for id in before | after if before.get(id) != after.get(id)}
            assert set(moved["customer_id"]) == wanted


def test_a_scheme_that_is_not_there_and_days_before_its_first_snapshot_are_refused(store):
    with pytest.raises(StoreError, match="no scheme 'life'; schemes that are there: none yet"):
        store.membership("life")
    place(store, "2017-02-01", {1: "active"})
    with pytest.raises(StoreError, match="no scheme 'live'; schemes that are there: 'life'"):
        store.who_moved("live", "2017-02-01", "2017-03-01")
    with pytest.raises(StoreError, match="start is 2017-01-31, before the first snapshot of 'life', 2017-02-01"):
        store.who_moved("life", "2017-01-31", "2017-02-01")
    with pytest.raises(StoreError, match="'life' known on 2017-12-31"):
        store.membership("life", known_on="2017-12-31")


def test_days_that_nobody_can_know_yet_are_refused(store):
    with pytest.raises(StoreError, match="before 2017-01 began"):
        store.refresh(make_month(), "2017-01", recorded_at="2016-12-31")
    with pytest.raises(StoreError, match="a slip"):
        store.refresh(make_month(), "2017-01", recorded_at="2071-02-01")
    with pytest.raises(StoreError, match="nobody knows that day yet"):
        place(store, "2018-01-02", {1: "active"}, recorded_at="2018-01-01")
    with pytest.raises(StoreError, match="holds no receipts yet"):
        store.snapshot("2017-02-01", recorded_at="2017-02-01")
    assert len(store.loads()) == len(store.snapshots()) == 0


def test_a_load_that_was_corrected_since_is_recognised_when_a_notebook_runs_again(store):
    late = pd.concat([make_month(), make_month(seed=5).head(4)])
    for _ in range(2):
        store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
        store.refresh(late, "2017-01", recorded_at="2017-03-01", reason="a till sent late")
        place(store, "2017-01-15", {1: "active"}, recorded_at="2017-03-01")
        place(store, "2017-01-15", {1: "cooling"}, recorded_at="2017-03-02")
    assert len(store.loads()) == len(store.snapshots()) == 2 and len(read(store)) == 64
    assert store.membership("life")["segment"].tolist() == ["cooling"]


def test_a_correction_can_be_taken_back_on_the_same_day(store):
    late = pd.concat([make_month(), make_month(seed=5).head(4)])
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    store.refresh(late, "2017-01", recorded_at="2017-02-01", reason="a till sent late")
    assert store.refresh(make_month(), "2017-01", recorded_at="2017-02-01", reason="it did not").done == "corrected"
    assert len(read(store)) == 60
    for segment in ("active", "cooling", "active"):
        place(store, "2017-01-15", {1: segment})
    assert store.membership("life")["segment"].tolist() == ["active"]


def test_an_empty_month_and_empty_members_are_refused(store):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    with pytest.raises(StoreError, match="no line of 2017-01"):
        store.refresh(make_month().head(0), "2017-01", recorded_at="2017-02-02", reason="all returned")
    with pytest.raises(TableError, match="all memberships would end"):
        place(store, "2017-01-15", {})
    with pytest.raises(TableError, match="`segment` is empty in 1 rows"):
        place(store, "2017-01-15", {1: " "})
    with pytest.raises(StoreError, match="say reason="):
        store.refresh(make_month(seed=3), "2017-01", recorded_at="2017-02-02", reason="  ")
    assert len(read(store)) == 60


def test_a_file_of_a_newer_version_and_a_half_made_one_are_refused(tmp_path):
    for name, change, says in (
        ("new", "UPDATE about SET format = 2", "made by a newer version"),
        ("half", "DROP TABLE members", "only some tables are there"),
    ):
        path = tmp_path / f"{name}.duckdb"
        with open_store(path):
            pass
        with duckdb.connect(str(path)) as db:
            db.execute(change)
        with pytest.raises(StoreError, match=says):
            open_store(path)


def test_members_with_two_segments_or_none_are_refused_with_all_problems(store):
    members = pd.DataFrame({"customer_id": [1, 1, 2], "segment": ["a", "b", None]})
    with pytest.raises(TableError) as caught:
        store.place(members, "2017-01-01", scheme="life", version="1", recorded_at="2017-01-01")
    assert len(caught.value.problems) == 2 and len(store.snapshots()) == 0
    with pytest.raises(StoreError, match="choose another"):
        store.place(members, "2017-01-01", scheme="profile", version="1", recorded_at="2017-01-01")


# --- Forgetting, asking, the file -----------------------------------------------------------------


def test_a_forgotten_customer_is_gone_everywhere_and_does_not_come_back(store, key):
    lines = make_month()
    store.refresh(lines, "2017-01", recorded_at="2017-02-01")
    store.snapshot("2017-02-01", recorded_at="2017-02-01")
    place(store, "2017-02-01", {int(id): "a" for id in lines["customer_id"].unique()})
    someone = int(lines["customer_id"].iloc[0])
    own = int((lines["customer_id"] == someone).sum())
    assert store.forget(someone, recorded_at="2018-02-01") == own + 2
    again = store.refresh(lines, "2017-01", recorded_at="2018-02-02")
    assert again.done == "unchanged" and f"{own} lines of customers who asked" in again.warnings[0]
    assert someone not in set(read(store)["customer_id"]) | set(store.profile("2017-02-01")["customer_id"])
    assert someone not in set(store.membership("life")["customer_id"])
    noted = store.ask("SELECT customer_hash FROM forgotten")["customer_hash"].tolist()
    assert noted == [hmac.new(KEY.encode(), str(someone).encode(), hashlib.sha256).hexdigest()]
    assert store.forget(someone, recorded_at="2018-02-02") == 0 and len(store.ask("FROM forgotten")) == 1


def test_a_forgotten_customer_is_not_placed_again_and_another_key_is_noticed(store, key, monkeypatch):
    lines = make_month()
    store.refresh(lines, "2017-01", recorded_at="2017-02-01")
    someone = lines["customer_id"].iloc[0]  # an integer of NumPy
    store.forget(someone, recorded_at="2017-02-02")
    kept = place(store, "2017-02-01", {int(someone): "a", 999: "a"})
    assert kept.customers == 1 and "1 customer who asked to be forgotten is left out" in str(kept)
    monkeypatch.setenv("LOYALTY_KEY", "another key, also long enough")
    for change in (
        lambda: store.refresh(lines, "2017-01", recorded_at="2018-01-02", reason="again"),
        lambda: place(store, "2017-03-01", {int(someone): "a"}),
        lambda: store.forget(999, recorded_at="2018-01-02"),
    ):
        with pytest.raises(StoreError, match="the key has changed"):
            change()
    assert len(store.loads()) == 1 and 999 in set(store.membership("life")["customer_id"])


def test_an_id_of_the_wrong_kind_is_not_taken_for_a_customer_without_rows(store, key):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    with pytest.raises(StoreError, match="are whole numbers, found str"):
        store.forget("101", recorded_at="2017-02-01")


def test_questions_are_single_selects_with_bound_values(store):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    assert store.ask("SELECT count(*) AS n FROM lines WHERE sales > $least", {"least": 100})["n"].tolist() == [0]
    for question in ("DELETE FROM lines", "SELECT 1; DROP TABLE lines", "COPY lines TO 'x.csv'"):
        with pytest.raises(StoreError, match="one SELECT"):
            store.ask(question)
    for question in ("SELECT nothing FROM lines", "SELEKT"):
        with pytest.raises(StoreError, match="cannot be answered"):
            store.ask(question)
    assert len(read(store)) == 60


def test_the_response_history_may_live_in_the_same_file(tmp_path):
    path = tmp_path / "store.duckdb"
    wave = pd.DataFrame(
        {"campaign_id": "spring", "wave": 1, "customer_id": [7, 8], "arm": "coupon", "offer_id": "gift"}
    )
    with open_store(path) as store:
        store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
        with open_history(path) as history:
            history.append(wave, wave[["campaign_id", "wave", "customer_id"]].assign(window="main", responded=1))
        assert len(store.ask("FROM responses")) == 2
    with open_history(path, read_only=True) as history:
        assert len(history.to_frame()) == 2
    with open_store(path, read_only=True) as store:
        assert len(read(store)) == 60


def test_a_foreign_file_and_a_missing_one_are_refused_and_left_alone(tmp_path):
    with duckdb.connect(str(tmp_path / "other.duckdb")) as db:
        db.execute("CREATE TABLE mine (x INT)")
    with pytest.raises(StoreError, match="other tables, no store; nothing was written"):
        open_store(tmp_path / "other.duckdb")
    (tmp_path / "till.csv").write_text("customer_id,sales\n1,2\n")
    for name, says in (
        (":memory:", "gone tomorrow"),
        ("till.csv", "does not begin as a DuckDB file"),
        (".", "is a folder"),
    ):
        with pytest.raises(StoreError, match=says):
            open_store(tmp_path / name)
    assert (tmp_path / "till.csv").read_text() == "customer_id,sales\n1,2\n"
    with pytest.raises(StoreError, match="there is no store missing.duckdb"):
        open_store(tmp_path / "missing.duckdb", read_only=True)
    with open_history(tmp_path / "history.duckdb"):
        pass
    with pytest.raises(StoreError, match="holds no store"):
        open_store(tmp_path / "history.duckdb", read_only=True)


def test_a_closed_store_and_one_that_is_read_only_say_so(tmp_path):
    with open_store(tmp_path / "store.duckdb") as store:
        store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    store.close()
    with pytest.raises(StoreError, match="is closed: open it again"):
        store.loads()
    with open_store(tmp_path / "store.duckdb", read_only=True) as store:
        with pytest.raises(StoreError, match="opened read-only"):
            store.snapshot("2017-02-01", recorded_at="2017-02-01")
        with pytest.raises(StoreError, match="tables: lines, loads"):
            store.ask("FROM receipts")


# --- A process that ends in the middle ------------------------------------------------------------


@pytest.mark.parametrize("step", ["settle_id_types", "stage_lines", "insert_load"])
def test_whatever_breaks_while_a_month_enters_nothing_of_it_stays(store, monkeypatch, step):
    store.refresh(make_month(), "2017-01", recorded_at="2017-02-01")
    before, real = read(store), getattr(store_module, step)

    def broken(*args, **kwargs):
        real(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(store_module, step, broken)
    with pytest.raises(KeyboardInterrupt):
        store.refresh(make_month("2017-02"), "2017-02", recorded_at="2017-03-01")
    monkeypatch.undo()
    pd.testing.assert_frame_equal(read(store), before)
    assert store.refresh(make_month("2017-02"), "2017-02", recorded_at="2017-03-01").done == "added"


@pytest.mark.slow
def test_a_process_killed_at_60_random_moments_loses_and_doubles_nothing(tmp_path):
    method = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
    context = multiprocessing.get_context(method)
    if method == "forkserver":  # one process has imported everything; each worker is a copy of it
        context.set_forkserver_preload(["loyalty.prepare.store.store"])
    months = {f"2017-0{number}": make_month(f"2017-0{number}", 4_000) for number in (1, 2, 3)}
    for month, lines in months.items():
        lines.to_parquet(tmp_path / f"{month}.parquet")

    def work(name):
        path = tmp_path / f"{name}.duckdb"
        process = context.Process(target=runpy.run_path, args=(WORKER, {"MONTHS": str(tmp_path), "STORE": str(path)}))
        process.start()
        while not path.with_suffix(".begun").exists() and process.is_alive():
            time.sleep(0.001)
        return path, process

    path, process = work("whole")
    begun = time.monotonic()
    process.join()
    seconds = time.monotonic() - begun
    assert process.exitcode == 0
    moments, found = random.Random(14), []
    for number in range(60):
        path, process = work(f"killed{number}")
        time.sleep(moments.random() * seconds)
        process.kill()
        process.join()
        with open_store(path) as store:
            there = store.loads()["month"].dt.strftime("%Y-%m").tolist()
            found.append(len(there))
            whole = pd.concat([months[month] for month in there]) if there else None
            left = read(store)
            if whole is not None:
                pd.testing.assert_frame_equal(left, whole.sort_values(list(left), ignore_index=True)[list(left)])
            for month, lines in months.items():
                store.refresh(lines, month, recorded_at="2017-05-01")
            assert len(store.loads()) == 3 and len(read(store)) == 12_000
    assert min(found) < 3 and len(set(found)) >= 2, "the moments should fall between the first month and the last"
