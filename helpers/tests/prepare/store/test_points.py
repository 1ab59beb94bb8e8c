"""A points ledger: what was issued twice, for nothing or too much, and what should have expired, by lots."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.prepare.store.points import reconcile_points
from loyalty.tables.check import TableError

START = pd.Timestamp("2017-01-01")


def make_ledger(*entries):
    """Entries as (customer, day, kind, points, basket or None)."""
    table = pd.DataFrame(entries, columns=["customer_id", "day", "kind", "points", "basket_id"])
    table["basket_id"] = table["basket_id"].astype("Int64")
    table["points"] = table["points"].astype("float64")
    table["time"] = START + pd.to_timedelta(table.pop("day"), unit="D") + pd.Timedelta(hours=12)
    return table.assign(event_id=range(1, len(table) + 1))


def make_receipts(*receipts):
    table = pd.DataFrame(receipts, columns=["customer_id", "day", "sales", "basket_id"])
    table["time"] = START + pd.to_timedelta(table.pop("day"), unit="D") + pd.Timedelta(hours=12)
    return table


def reconcile(ledger, receipts, **changes):
    return reconcile_points(ledger, receipts, **({"rate": 1, "life_days": 30, "as_of": "2017-06-01"} | changes))


def find(result, check):
    row = result.table.set_index("check").loc[check]
    return row["entries"], row["points"]


RECEIPTS = make_receipts((1, 0, 40.0, 10), (1, 5, 60.0, 11), (2, 0, 30.0, 12))


def test_a_sound_ledger_has_nothing_to_tell():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 5, "issue", 60, 11), (1, 20, "spend", 100, None))
    result = reconcile(ledger, RECEIPTS)
    assert result.table["entries"].tolist() == [0] * 7
    assert result.owed == result.owed_rightly == 0 and "0 points" in str(result)


def test_a_second_issue_for_a_receipt_is_told_unless_it_was_taken_back():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 1, "issue", 40, 10))
    assert find(reconcile(ledger, RECEIPTS, life_days=400), "issued twice") == (1, 40)
    mended = pd.concat([ledger, make_ledger((1, 2, "cancel", 40, 10)).assign(event_id=3)])
    assert find(reconcile(mended, RECEIPTS, life_days=400), "issued twice") == (0, 0)
    assert reconcile(ledger, RECEIPTS, life_days=400).owed_rightly == 40


def test_an_issue_for_no_receipt_or_for_somebody_elses_is_told():
    ledger = make_ledger((1, 0, "issue", 40, 99), (2, 0, "issue", 40, 10))
    assert find(reconcile(ledger, RECEIPTS), "no such receipt") == (2, 80)


def test_points_of_goods_that_came_back_are_told_and_a_cancel_settles_it():
    returned = pd.concat([RECEIPTS, make_receipts((1, 9, -40.0, 10))])
    ledger = make_ledger((1, 0, "issue", 40, 10))
    assert find(reconcile(ledger, returned), "not what was paid") == (1, 40)
    settled = pd.concat([ledger, make_ledger((1, 9, "cancel", 40, 10)).assign(event_id=2)])
    assert find(reconcile(settled, returned), "not what was paid") == (0, 0)


def test_more_spent_than_there_was_is_told_with_its_lowest_point():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 3, "spend", 55, None), (1, 5, "issue", 60, 11))
    assert find(reconcile(ledger, RECEIPTS), "below zero") == (1, 15)


def test_points_too_old_are_overdue_until_their_expiry_is_booked():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 5, "issue", 60, 11), (1, 10, "spend", 50, None))
    assert find(reconcile(ledger, RECEIPTS), "overdue") == (1, 50)
    assert find(reconcile(ledger, RECEIPTS, as_of="2017-01-20"), "overdue") == (0, 0)
    booked = pd.concat([ledger, make_ledger((1, 40, "expire", 50, None)).assign(event_id=4)])
    assert find(reconcile(booked, RECEIPTS), "overdue") == (0, 0)


def test_what_was_taken_back_was_never_there_and_spends_no_older_points():
    ledger = make_ledger(
        (1, 0, "issue", 100, 10), (1, 300, "issue", 50, 11), (1, 301, "issue", 50, 11), (1, 302, "cancel", 50, 11)
    )
    receipts = make_receipts((1, 0, 100.0, 10), (1, 300, 50.0, 11))
    result = reconcile(ledger, receipts, life_days=60, as_of="2017-12-01")
    assert find(result, "overdue") == (1, 100) and find(result, "issued twice") == (0, 0)


def test_cancels_are_summed_and_not_counted():
    ledger = make_ledger((1, 0, "issue", 100, 10), (1, 1, "issue", 100, 10), (1, 9, "cancel", 20, 10))
    returned = make_receipts((1, 0, 100.0, 10), (1, 9, -20.0, 10))
    result = reconcile(ledger, returned, life_days=400)
    assert result.owed == 180 and result.owed_rightly == 80


def test_points_that_were_spent_too_old_are_told_and_do_not_make_more_overdue_than_there_is():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 6, "issue", 20, 11), (1, 11, "spend", 30, None))
    result = reconcile(ledger, RECEIPTS, life_days=5)
    assert find(result, "overdue") == (1, 30) and find(result, "spent too old") == (1, 30)


def test_points_that_name_no_receipt_are_counted_and_numbers_may_be_texts():
    ledger = make_ledger((1, 0, "issue", 400, None))
    assert find(reconcile(ledger, RECEIPTS), "no receipt named") == (1, 400)
    texts = RECEIPTS.assign(basket_id=RECEIPTS["basket_id"].astype("str"))
    assert find(reconcile(make_ledger((1, 0, "issue", 40, 10)), texts), "no such receipt") == (0, 0)


def expire_by_lots(entries, life, end):
    """Day by day: what grows too old goes, the oldest is spent first; an overdraft is paid by the next issue."""
    lots, debt, gone = [], 0.0, 0.0
    for day in range(end + 1):
        for lot in [lot for lot in lots if lot[0] + life <= day]:
            gone += lot[1]
            lots.remove(lot)
        if day == end:
            break
        for _, _, _, points, _ in (e for e in entries if e[1] == day and e[2] == "issue"):
            paid = min(debt, points)
            debt -= paid
            lots.append([day, points - paid])
        for _, _, _, points, _ in (e for e in entries if e[1] == day and e[2] == "spend"):
            for lot in lots:
                used = min(lot[1], points)
                lot[1] -= used
                points -= used
            debt += points
    return gone


# Issues, and spends as a part of what is alive on that day: a spend that lacks points is told by another check
DAYS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 50), st.one_of(st.none(), st.floats(0.1, 1.0))),
    min_size=2,
    max_size=10,
)


def deal_entries(days, life):
    """Make entries of these days: an issue, or a spend of a part of the points that are not too old."""
    entries, lots = [], []
    for day, points, part in sorted(days, key=lambda one: (one[0], one[2] is not None)):
        lots = [lot for lot in lots if lot[0] + life > day]
        alive = sum(lot[1] for lot in lots)
        if part is None:
            lots.append([day, float(points)])
            entries.append((1, day, "issue", points, None))
        elif alive >= 1:
            spent = rest = max(int(part * alive), 1)
            for lot in lots:
                used = min(lot[1], rest)
                lot[1] -= used
                rest -= used
            entries.append((1, day, "spend", spent, None))
    return entries


LEDGERS = (DAYS, st.integers(5, 40), st.integers(30, 90))


@pytest.mark.slow
@settings(max_examples=20)
@given(*LEDGERS)
def test_what_is_overdue_is_what_lots_say_that_are_spent_day_by_day(days, life, end):
    hold_against_lots(deal_entries(days, life), life, end)


@pytest.mark.slow
@settings(max_examples=150)
@given(*LEDGERS)
def test_in_many_ledgers_what_is_overdue_is_what_lots_say(days, life, end):
    hold_against_lots(deal_entries(days, life), life, end)


def hold_against_lots(entries, life, end):
    """Compare what is overdue with lots that are spent day by day."""
    inside = [entry for entry in entries if entry[1] < end]
    if not inside:
        return
    receipts = make_receipts((1, 0, 1.0, 1))
    result = reconcile(make_ledger(*entries), receipts, life_days=life, as_of=START + pd.Timedelta(days=end))
    assert find(result, "below zero")[0] == find(result, "spent too old")[0] == 0
    assert result.balances["overdue"].sum() == pytest.approx(expire_by_lots(inside, life, end))


def test_order_of_rows_and_kind_of_ids_do_not_matter():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 1, "issue", 40, 10), (2, 0, "issue", 30, 12))
    one = reconcile(ledger, RECEIPTS)
    other = reconcile(ledger.sample(frac=1, random_state=1), RECEIPTS[::-1])
    pd.testing.assert_frame_equal(one.table, other.table)
    texts = [table.assign(customer_id="C" + table["customer_id"].astype("str")) for table in (ledger, RECEIPTS)]
    assert reconcile(*texts).table["points"].tolist() == one.table["points"].tolist()


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(TableError) as caught:
        reconcile(make_ledger((1, 0, "issue", 4, 10)), RECEIPTS.drop(columns="basket_id"), rate=0, life_days=0)
    assert len(caught.value.problems) == 3
    with pytest.raises(TableError, match="text in one table, a whole number in the other"):
        reconcile(make_ledger((1, 0, "issue", 4, 10)).assign(customer_id="C1"), RECEIPTS)
    with pytest.raises(TableError, match="kind"):
        reconcile(make_ledger((1, 0, "gift", 4, 10)), RECEIPTS)


def test_entries_from_the_day_on_do_not_count():
    ledger = make_ledger((1, 0, "issue", 40, 10), (1, 0, "issue", 40, 10))
    assert find(reconcile(ledger, RECEIPTS, as_of="2017-01-02"), "issued twice")[0] == 1
    assert reconcile(ledger, RECEIPTS, as_of="2017-01-01").owed == 0
