"""Sold-out days and promotion weeks: laid over the receipts, with their truth, and nothing else moves."""

import numpy as np
import pandas as pd
import pytest

from loyalty.tables import check_table
from loyalty.tables.contracts import RECEIPTS
from loyalty.world import ShelfRates, World, WorldError
from loyalty.world.shelf import make_shelf_weeks


@pytest.fixture(scope="module")
def chain():
    return World(600, 14, seed=7)


@pytest.fixture(scope="module")
def shelf(chain):
    return chain.make_shelf_weeks()


@pytest.fixture(scope="module")
def sold(chain, shelf):
    """Pieces a category and day, before and after."""
    names = chain.products.set_index("product_id")["category"]
    tables = []
    for lines in (chain.receipts, shelf.receipts):
        key = [lines["product_id"].map(names).rename("category"), lines["time"].dt.normalize().rename("date")]
        tables.append(lines["quantity"].groupby(key).sum())
    return pd.concat(tables, axis=1, keys=["before", "after"]).fillna(0)


def test_the_world_stays_as_it_was_and_the_same_seed_gives_the_same_weeks(chain, shelf):
    again = World(600, 14, seed=7)
    pd.testing.assert_frame_equal(again.receipts, chain.receipts)
    pd.testing.assert_frame_equal(again.make_shelf_weeks().receipts, shelf.receipts)
    assert not again.make_shelf_weeks(8).receipts.equals(shelf.receipts)


def test_the_receipts_keep_their_contract(shelf):
    check_table(shelf.receipts, RECEIPTS)


def test_nothing_is_sold_on_days_that_are_flagged_as_sold_out(shelf, sold):
    out = shelf.flags[shelf.flags["out_of_stock"]].set_index(["category", "date"]).index
    assert sold["after"].reindex(out).fillna(0).eq(0).all() and sold["before"].reindex(out).sum() > 100


def test_what_was_lost_and_added_is_the_difference_on_each_day(shelf, sold):
    pieces = shelf.truth.pieces.set_index(["category", "date"]).reindex(sold.index).fillna(0)
    assert (sold["before"] - pieces["lost"] + pieces["added"] == sold["after"]).all()
    quiet = ~sold.index.isin(shelf.flags.set_index(["category", "date"]).index)
    assert (sold.loc[quiet, "before"] == sold.loc[quiet, "after"]).all()


def test_a_promotion_adds_its_lift_and_costs_its_discount():
    world = World(1_500, 12, seed=3)
    rates = ShelfRates(out_of_stock=0, promotion=1, least=0.5, most=0.5, discount=0.2)
    shelf = world.make_shelf_weeks(rates=rates)
    before = world.receipts.set_index(["basket_id", "line_no"])
    after = shelf.receipts.set_index(["basket_id", "line_no"])
    day = before["time"].dt.normalize()
    inside = day.between(shelf.flags["date"].min(), shelf.flags["date"].max())
    n = inside.sum()
    doubled = (after["quantity"] == 2 * before["quantity"])[inside]
    assert abs(doubled.mean() - 0.5) < 4.5 * np.sqrt(0.25 / n)
    times = np.where(doubled, 2, 1)
    assert np.allclose(after["sales"][inside], 0.8 * times * before["sales"][inside], atol=0.0051)
    paid_and_off = (after["sales"] + after["discount"])[inside]
    assert np.allclose(paid_and_off, times * (before["sales"] + before["discount"])[inside], atol=0.0051)
    # What a promotion takes off the price is taken from the margin, to the cent
    off = (times * before["sales"][inside] * 0.2).round(2)
    assert np.allclose(after["margin"][inside], times * before["margin"][inside] - off, atol=0.0051)


@pytest.fixture
def even():
    """Forty weeks of the same demand, from a Monday to a Sunday, for thirty categories; and one line."""
    dates = pd.date_range("2024-01-01", periods=40 * 7, name="date")
    demand = pd.DataFrame(10.0, dates, [f"c{n:02}" for n in range(30)])
    line = {"basket_id": 1, "line_no": 1, "time": dates[:1], "product_id": 1, "quantity": 1}
    return pd.DataFrame(line | {"sales": 2.0, "discount": 0.0, "margin": 1.0}), pd.Series({1: "c00"}), demand


def test_the_last_whole_week_can_be_promoted_too(even):
    spells = make_shelf_weeks(*even, 0, ShelfRates(out_of_stock=0, promotion=1)).truth.spells
    assert len(spells) == 40 * 30 and spells["end"].max() == pd.Timestamp("2024-10-07")


def test_a_spell_lasts_from_the_shortest_to_the_longest_both_included(even):
    spells = make_shelf_weeks(*even, 0, ShelfRates(out_of_stock=0.4, promotion=0, shortest=2, longest=5)).truth.spells
    days = (spells["end"] - spells["start"]).dt.days[spells["start"] < "2024-09-30"]
    count = days.value_counts()
    assert sorted(count.index) == [2, 3, 4, 5]
    assert (abs(count - len(days) / 4) < 4.5 * np.sqrt(len(days) * 3 / 16)).all()


def test_weeks_of_high_demand_are_sold_out_oftener():
    world = World(200, 36, seed=11)
    spells = [world.make_shelf_weeks(seed).truth.spells for seed in range(6)]
    weeks = world.make_shelf_weeks().truth.demand.resample("W-MON", closed="left", label="left").sum().iloc[1:-1]
    level = (weeks / weeks.mean()).stack()
    found = pd.concat(spells).query("kind == 'out_of_stock'")
    monday = found["start"] - pd.to_timedelta(found["start"].dt.day_of_week, unit="D")
    at = level.reindex(pd.MultiIndex.from_arrays([monday, found["category"]])).dropna().to_numpy()
    # A week is as likely as its demand: the mean demand of the weeks with a spell is the mean square
    assert abs(at.mean() - (level**2).mean()) < 4.5 * at.std() / np.sqrt(len(at)) and at.mean() > 1.02


def test_the_truth_of_demand_is_that_of_the_world(chain, shelf):
    wanted = chain.truth.expected_demand("2023-03-01", "2023-04-01", by="category")
    pd.testing.assert_frame_equal(shelf.truth.demand.loc["2023-03-01":"2023-03-31"], wanted, check_freq=False)


def test_wrong_rates_are_refused_all_at_once(chain):
    with pytest.raises(WorldError) as refused:
        chain.make_shelf_weeks(rates=ShelfRates(promotion=6, shortest=9, longest=3, least=1.0, most=0.5))
    assert all(word in str(refused.value) for word in ("promotion should be", "shortest and longest", "least"))
    with pytest.raises(WorldError, match="seed should be"):
        chain.make_shelf_weeks(-1)
