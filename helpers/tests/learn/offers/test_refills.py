"""Refills: due days from each customer's own rhythm, open gaps censored, chances that come true."""

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.learn.offers import list_refills
from loyalty.learn.offers.rhythm import RefillGaps, fit_rhythm
from loyalty.tables import TableError

DAYS = 540


@pytest.fixture(scope="module")
def as_of(chains):
    return chains.START + pd.Timedelta(DAYS, "D")


@pytest.fixture(scope="module")
def process(chains):
    return chains.make_refills(1)


@pytest.fixture(scope="module")
def refills(process, as_of):
    return list_refills(process[0], as_of)


def make_regular(gap=30, times=8, customers=40):
    start = pd.Timestamp("2024-01-01")
    parts = [
        pd.DataFrame({"customer_id": c, "time": start + pd.to_timedelta(c % 20 + gap * np.arange(times), unit="D")})
        for c in range(customers)
    ]
    return pd.concat(parts, ignore_index=True).assign(product_id="tablets", sales=3.0, quantity=1)


def test_a_steady_customer_is_due_one_gap_after_the_last_purchase():
    table = list_refills(make_regular(), "2024-08-20").table.set_index("customer_id")
    last = pd.to_datetime("2024-01-01") + pd.to_timedelta(np.arange(40) % 20 + 210, unit="D")
    due = table.sort_index()["due"]
    assert (due == (last + pd.Timedelta(30, "D")).to_numpy()).all()
    assert table["rhythm_days"].round().eq(30).all() and (table["gaps"] == 7).all()


def test_status_follows_the_due_day():
    refills = list_refills(make_regular(), "2024-08-20", horizon=7)
    table = refills.table
    now = pd.Timestamp("2024-08-20")
    due = table["due"]
    assert set(table.loc[due >= now + pd.Timedelta(7, "D"), "status"]) <= {"early"}
    assert (table.loc[(due >= now) & (due < now + pd.Timedelta(7, "D")), "status"] == "due now").all()
    gone = list_refills(make_regular(), "2025-06-01").table
    assert (gone["status"] == "perhaps stopped").all() and (gone["chance"] < 0.05).all()


def test_twice_as_many_pieces_last_twice_as_long_and_pack_size_is_not_ignored():
    table = make_regular()
    double = table["customer_id"] % 2 == 0
    slow = table[~double | (table.groupby("customer_id").cumcount() % 2 == 0)]
    slow = slow.assign(quantity=np.where(slow["customer_id"] % 2 == 0, 2, 1))
    found = list_refills(slow, "2024-08-20").table
    assert found.loc[found["pieces"] == 2, "rhythm_days"].round().eq(60).all()
    assert found.loc[found["pieces"] == 1, "rhythm_days"].round().eq(30).all()
    ignored = list_refills(slow, "2024-08-20", per="purchase")
    assert ignored.rhythms["between"].iloc[0] > 1.3 > list_refills(slow, "2024-08-20").rhythms["between"].iloc[0]
    packs = pd.DataFrame({"product_id": ["tablets"], "pack": [15.0]})
    by_tablet = list_refills(slow, "2024-08-20", packs=packs)
    assert by_tablet.rhythms["days"].iloc[0] == pytest.approx(2, rel=0.02)
    assert by_tablet.table["due"].equals(found["due"])


@pytest.mark.parametrize("packs", [(1,), (1, 3)])
def test_rhythm_spread_and_stopping_are_those_of_the_process(chains, as_of, packs):
    receipts, rhythm = chains.make_refills(2, customers=1_500, packs=packs)
    found = list_refills(receipts, as_of)
    row = found.rhythms.iloc[0]
    assert row["days"] == pytest.approx(30, rel=0.04)
    assert row["between"] == pytest.approx(np.exp(0.3), rel=0.05)
    assert row["stop"] == pytest.approx(0.05, abs=0.01)
    own = found.table.set_index("customer_id").sort_index()
    many = own["gaps"] >= 6
    error = np.log(own["rhythm_days"] / own["pieces"])[many] - np.log(rhythm[own.index])[many]
    assert np.sqrt((error**2).mean()) < 0.25 / np.sqrt(6)


def test_who_refills_late_is_not_left_out(chains, as_of):
    """Slow customers have more of their gaps open. Closed gaps alone give a rhythm that is too fast."""
    receipts, _ = chains.make_refills(3, customers=2_000, middle=120.0, between=0.5, within=0.4, stop=0.0)
    found = list_refills(receipts, as_of).rhythms.iloc[0]["days"]
    before = receipts[receipts["time"] < as_of].sort_values(["customer_id", "time"])
    gaps = before.groupby("customer_id")["time"].diff().dt.days.dropna()
    naive = np.exp(np.log(gaps).mean())
    assert naive < 105 < 112 < found < 128


def cover(refills, receipts, as_of):
    later = receipts[receipts["time"] >= as_of].groupby("customer_id")["time"].min().dt.normalize()
    joined = refills.table.set_index("customer_id").join(later.rename("next"), how="inner")
    # Of those not yet over their interval: the next day is drawn from the rest of it
    fresh = joined[(joined["last"] >= as_of - pd.Timedelta(3, "D"))]
    return ((fresh["next"] >= fresh["low"]) & (fresh["next"] <= fresh["high"])), len(fresh)


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(40), marks=pytest.mark.slow)])
def test_intervals_of_the_due_day_hold_and_chances_come_true(chains, as_of, seeds):
    held = []
    tables = []
    for seed in seeds:
        receipts, _ = chains.make_refills(100 + seed, customers=400)
        refills = list_refills(receipts, as_of)
        held.append(cover(refills, receipts, as_of)[0])
        tables.append(refills.prove(receipts))
    held = np.concatenate(held)
    error = np.sqrt(0.16 / len(held))
    assert abs(held.mean() - 0.8) < 0.02 + 3 * error
    table = pd.concat(tables)
    by = table.groupby("chance", observed=True)
    pairs = by["pairs"].sum()
    expected, bought = ((table[name] * table["pairs"]).groupby(table["chance"], observed=True).sum() / pairs
                        for name in ("expected", "bought"))  # fmt: skip
    error = np.sqrt(expected * (1 - expected) / pairs)
    assert ((bought - expected).abs() < 0.02 + 3.3 * error).all()


def test_few_gaps_lean_on_the_products_rhythm(refills):
    table = refills.table
    assert table.loc[table["gaps"] == 0, "own"].eq(0).all()
    own = table.groupby("gaps")["own"].mean()
    assert own.is_monotonic_increasing and own.iloc[-1] > 0.9
    product = refills.rhythms["days"].iloc[0]
    alone = table[(table["gaps"] == 0) & (table["stopped"] < 0.1)]["rhythm_days"]
    assert (alone.between(0.7 * product, 2 * product)).all()


@settings(max_examples=8)
@given(st.integers(0, 1_000))
def test_the_list_does_not_change_with_the_order_of_rows_or_the_kind_of_ids(seed):
    table = make_regular(customers=20).assign(quantity=lambda rows: 1 + rows["customer_id"] % 3)
    shuffled = table.sample(frac=1, random_state=seed)
    named = shuffled.assign(customer_id=shuffled["customer_id"].map("c{:03d}".format), product_id=7)
    one, two = (
        list_refills(frame, "2024-08-20").table.sort_values("customer_id", ignore_index=True)
        for frame in (table, named)
    )
    columns = ["last", "pieces", "gaps", "due", "status"]
    pd.testing.assert_frame_equal(one[columns], two[columns])
    assert np.allclose(one["chance"], two["chance"])


def test_a_duckdb_table_gives_the_same_list(process, refills, as_of):
    found = list_refills(duckdb.from_df(process[0]), as_of)
    pd.testing.assert_frame_equal(found.table, refills.table)


def test_products_without_a_rhythm_are_left_out_and_counted(process, refills, as_of):
    rare = pd.DataFrame({"customer_id": [1, 2], "time": pd.Timestamp("2022-05-01"), "sales": 2.0, "product_id": 9})
    found = list_refills(pd.concat([process[0], rare]), as_of)
    assert found.skipped == 1 and found.table["due"].equals(refills.table["due"])
    with pytest.raises(TableError, match="no product has 30 gaps"):
        list_refills(rare, as_of)


def test_what_is_bought_later_is_not_looked_at(process, refills, as_of):
    receipts = process[0]
    assert list_refills(receipts[receipts["time"] < as_of], as_of).table.equals(refills.table)
    with pytest.raises(TableError, match="should reach"):
        refills.prove(receipts[receipts["time"] < as_of])


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"horizon": 0, "min_gaps": 1}, "min_gaps should be 2"),
        ({"per": "pack"}, "per"),
        ({"as_of": "2010-01-01"}, "nothing was bought before"),
        ({"packs": pd.DataFrame({"product_id": [5], "pack": [1.0]})}, "product"),
        ({"packs": pd.DataFrame({"product_id": [1], "pack": [0.0]})}, "above 0"),
    ],
)
def test_wrong_settings_are_told(process, as_of, wrong, says):
    with pytest.raises(TableError, match=says):
        list_refills(process[0], **({"as_of": as_of} | wrong))


def test_data_that_end_early_are_said(process):
    assert any("days before as_of" in text for text in list_refills(process[0], "2026-01-01").warnings)


def test_gaps_that_are_all_alike_or_huge_end_in_numbers():
    same = RefillGaps(np.repeat(np.arange(5), 4), np.full(20, np.log(30.0)), np.full(5, np.log(2.0)), np.zeros(5, int))
    wide = RefillGaps(np.repeat(np.arange(5), 4), np.tile([0.0, 9.0], 10), np.full(5, 12.0), np.zeros(5, int))
    for gaps in (same, wide):
        found = fit_rhythm(gaps)
        chance = found.find_chance(gaps.open, gaps.open + 1)
        assert np.isfinite(found.middle).all() and ((chance >= 0) & (chance <= 1)).all()


def test_refills_show_themselves(refills):
    assert "due within 14 days" in repr(refills) and "<table" in refills._repr_html_()
    assert refills.to_frame().equals(refills.table) and refills.plot(most=4).get_title(loc="left")
    plt.close("all")
