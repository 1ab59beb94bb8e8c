"""Exercise 14: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from loyalty.prepare.store import reconcile_points
from loyalty.tasks import check
from loyalty.tasks.t14.pictures import draw_moves, draw_spells
from loyalty.tasks.t14.scene import LATE_STORE, LIFE_DAYS, make_ledger, name_silence, open_deliveries, read_delivery


@pytest.fixture(scope="module")
def files():
    return open_deliveries()


@pytest.fixture(scope="module")
def june(files):
    """June with each line once, by SQL."""
    with duckdb.connect() as db:
        db.register("first", files.june)
        db.register("late", files.june_late)
        return db.sql("FROM first UNION ALL FROM late ANTI JOIN first USING (basket_id, line_no)").df()


@pytest.fixture(scope="module")
def spring(files):
    return pd.concat(files.earlier.values())


def label(lines, day):
    last = lines[lines.time < day].groupby("customer_id").time.max().dt.normalize()
    return (pd.Timestamp(day) - last).dt.days


def test_each_line_once_is_right_and_files_put_together_or_replaced_are_named(files, june):
    assert check("14a", june.sales.sum()).status == "right"
    both = pd.concat([files.june, files.june_late])
    assert check("14a", both.sales.sum()).mistake == "double_load"
    assert check("14a", files.june.sales.sum()).mistake == "late_file_forgotten"
    assert check("14a", files.june_late.sales.sum()).mistake == "overwritten"
    without = files.june[files.june.store_id != 406]
    assert check("14a", pd.concat([without, files.june_late]).sales.sum()).mistake == "store_overwritten"
    assert (
        check("14a", both.drop_duplicates(["customer_id", "time", "sales"]).sales.sum()).mistake
        == "true_repeats_dropped"
    )
    assert check("14a", june.sales.sum() - files.june.sales.sum()).mistake == "late_lines_alone"


def test_what_was_known_then_and_now_is_right_in_this_order_only(files, june):
    then, now = files.june.customer_id.nunique(), june.customer_id.nunique()
    assert check("14b", (then, now)).status == check("14b", [then, now]).status == "right"
    assert check("14b", (now, then)).mistake == "other_order"
    assert check("14b", (now, now)).mistake == "known_now_twice"
    assert check("14b", (then, then)).mistake == "known_then_twice"
    late = files.june_late.customer_id.nunique()
    assert check("14b", (then, then + late)).mistake == "late_ones_added"
    assert check("14b", (then, late)).mistake == "late_file_alone"


@pytest.mark.slow
def test_moves_by_hand_are_right_and_other_counts_are_named(files, june, spring):
    lines = pd.concat([spring, june])
    before, after = label(lines, "2017-06-01"), label(lines, "2017-07-01")
    active, cooling = before[before <= 28].index, after[after.between(29, 84)].index
    assert check("14c", len(active.intersection(cooling))).status == "right"
    assert check("14c", len(cooling)).mistake == "all_who_are_cooling"
    back = before[before.between(29, 84)].index.intersection(after[after <= 28].index)
    assert check("14c", len(back)).mistake == "other_direction"
    early = label(pd.concat([spring, files.june]), "2017-07-01")
    assert check("14c", len(active.intersection(early[early.between(29, 84)].index))).mistake == "as_known_then"
    assert check("14c", len(cooling) - before.between(29, 84).sum()).mistake == "net_change"
    alone = label(pd.concat([spring, files.june_late]), "2017-07-01")
    assert check("14c", len(active.intersection(alone[alone.between(29, 84)].index))).mistake == "late_file_alone"


@pytest.mark.parametrize(
    ("letter", "name"), [("a", "silently_replaced"), ("C", "kept_though_wrong"), ("D.", "mean_of_two")]
)
def test_each_line_for_the_board_is_answered(letter, name):
    assert check("14d", letter).mistake == name
    assert check("14d", "b").status == "right"


def test_the_label_of_today_for_the_label_of_that_day_is_measured(june, spring):
    lines = pd.concat([spring, june])
    may, july = label(lines, "2017-05-01"), label(lines, "2017-07-01")
    were, are = may[may.between(29, 84)].index, july[july.between(29, 84)].index
    share = 1 - len(were.intersection(are)) / len(were)
    assert check("14e", round(share, 3)).status == "right"
    assert check("14e", 1 - share).mistake == "kept_the_label"
    assert check("14e", july[were].le(28).mean()).mistake == "active_again"


def test_the_first_file_lacks_the_late_tills_lines_and_the_second_is_whole():
    first, second = read_delivery("2017-03"), read_delivery("2017-03", late=True)
    late = second[~second.basket_id.isin(first.basket_id)]
    assert len(first) + len(late) == len(second) and set(late.store_id) == {LATE_STORE}


def test_the_ledgers_faults_are_found_and_no_others():
    ledger = make_ledger()
    found = reconcile_points(ledger.points, ledger.receipts, rate=1, life_days=LIFE_DAYS, as_of="2017-07-01")
    entries = found.table.set_index("check")["entries"]
    assert {check: entries[check] for check in ledger.planted} == ledger.planted
    assert entries["no such receipt"] == entries["below zero"] == 0 < entries["overdue"]


def test_silence_is_called_by_its_days():
    profile = pd.DataFrame({"customer_id": range(4), "recency_days": [28.0, 29.0, 84.0, 85.0]})
    assert name_silence(profile)["segment"].tolist() == ["active", "cooling", "cooling", "quiet"]


def test_pictures_name_their_message():
    start, end = pd.Timestamp("2017-04-01"), pd.Timestamp("2017-05-01")
    spells = pd.DataFrame({"customer_id": [1, 1], "segment": ["active", "quiet"]})
    ax = draw_spells(spells.assign(valid_from=[start, end], valid_to=[end, pd.NaT]), [1], pd.Timestamp("2017-06-01"))
    assert len(ax.patches) == 5 and ax.get_xlabel() == "2017"
    moves = pd.DataFrame(
        {"segment_before": ["active", None], "segment_after": ["quiet", "active"], "households": [2, 3]}
    )
    assert [text.get_text() for text in draw_moves(moves, "A title").get_yticklabels()] == [
        "not yet there → active",
        "active → quiet",
    ]
