"""Lists with reasons, and visitors of whom one product is known."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.learn.recommend import recommend_beside, recommend_products, score_visitors
from loyalty.segment.micro import find_communities, link_customers
from loyalty.tables.check import TableError

from .conftest import CUT, make_shoppers


@pytest.fixture(scope="module")
def shoppers():
    """More customers with stronger tastes than elsewhere: here lists are looked at one by one."""
    return make_shoppers(customers=800, pull=12.0, seed=6)


@pytest.fixture(scope="module")
def early(shoppers):
    return shoppers[shoppers["time"] < CUT]


def test_nothing_that_the_customer_has_is_recommended_and_the_reason_is_his_own(shoppers, early):
    table = recommend_products(shoppers, CUT, size=4, least=1).table
    had = set(zip(early["customer_id"], early["product_id"], strict=True))
    pairs = set(zip(table["customer_id"], table["product_id"], strict=True))
    assert not pairs & had and table["days_ago"].isna().all()
    known = table[table["because"].notna()]
    assert set(zip(known["customer_id"], known["because"], strict=True)) <= had
    assert (known["product_id"] % 4 == known["because"] % 4).mean() > 0.7  # tastes are the reason


def test_later_purchases_are_not_known(shoppers, early):
    known = recommend_products(shoppers, CUT, size=4, least=1)
    pd.testing.assert_frame_equal(known.table, recommend_products(early, CUT, size=4, least=1).table)


def test_what_was_just_bought_rests(shoppers, early):
    free = recommend_products(shoppers, CUT, way="again", new=False, size=4, least=1).table
    rest = recommend_products(shoppers, CUT, way="again", new=False, size=4, rest=21, least=1).table
    assert (free["days_ago"] <= 21).any() and not (rest["days_ago"] <= 21).any()
    last = early.groupby(["customer_id", "product_id"])["time"].max()
    row = rest[rest["days_ago"].notna()].iloc[0]
    gap = (pd.Timestamp(CUT) - last[row["customer_id"], row["product_id"]].normalize()).days
    assert row["days_ago"] == gap


@pytest.mark.parametrize("way", ["popular", "last", "items", "linear", "community"])
def test_every_way_gives_full_lists(shoppers, way):
    groups = find_communities(link_customers(shoppers, end=CUT), rewirings=0, seed=1) if way == "community" else None
    lists = recommend_products(shoppers, CUT, way=way, size=3, least=1, communities=groups)
    frame = lists.to_frame({one: f"product {one}" for one in range(24)})
    assert lists.table.groupby("customer_id").size().eq(3).mean() > 0.95
    assert frame["reason"].str.startswith(("bought product", "many")).all()
    assert "Recommendations as of 2025-03-01" in repr(lists) and "reason" in lists._repr_html_()


def test_old_receipts_are_told(shoppers):
    assert any(
        "what was just bought is not known" in note for note in recommend_products(shoppers, "2025-09-01").warnings
    )


def test_wrong_settings_are_told_at_once(shoppers):
    with pytest.raises(TableError) as told:
        recommend_products(shoppers, CUT, way="again", size=0, rest=-1, least=0, most=1)
    assert len(told.value.problems) == 5
    with pytest.raises(TableError, match="give communities"):
        recommend_products(shoppers, CUT, way="community")
    with pytest.raises(TableError, match="the receipts begin on 2025-01-05"):
        recommend_products(shoppers, "2024-01-01")
    with pytest.raises(TableError, match="size = 50, but only 24"):
        recommend_products(shoppers, CUT, size=50, least=1)


def test_beside_a_product_stand_those_of_its_taste(shoppers, early):
    box = recommend_beside(shoppers, CUT, 4, size=3)
    assert (box["product_id"] % 4 == 0).all() and 4 not in set(box["product_id"])
    mine = set(early.loc[early["product_id"] == 4, "customer_id"])
    theirs = early[early["product_id"] == box["product_id"].iloc[0]]["customer_id"]
    assert box["both"].iloc[0] == len(mine & set(theirs)) and box["buyers"].iloc[0] == theirs.nunique()
    with pytest.raises(TableError, match="fewer than 5 customers bought 999"):
        recommend_beside(shoppers, CUT, 999)
    with pytest.raises(TableError, match="fewer than 5 customers bought 'tea'"):
        recommend_beside(shoppers, CUT, "tea")


def make_visits(pull, seed):
    """Shoppers who buy several products on one day."""
    lines = make_shoppers(customers=800, pull=pull, seed=seed)
    return lines.assign(
        time=lines["time"].dt.to_period("M").dt.start_time.where(lines["time"] < CUT, pd.Timestamp(CUT))
    )


@pytest.fixture(scope="module")
def visits():
    return make_visits(12.0, 4)


def test_visits_are_counted_by_hand(visits):
    scored = score_visitors(visits, CUT, size=3, least=1, draws=100)
    early = visits[visits["time"] < CUT]
    buyers = early.groupby("product_id")["customer_id"].nunique()
    order = sorted(buyers.index, key=lambda one: (-buyers[one], one))
    later = visits[visits["time"] >= CUT].groupby("customer_id")["product_id"].agg(set)
    hits = []
    for row in scored.visits.itertuples():
        wanted = (later[row.customer_id] & set(order)) - {row.shown}
        assert row.others == len(wanted) > 0 and row.shown in later[row.customer_id]
        box = [one for one in order if one != row.shown][:3]
        hits.append(np.mean([one in wanted for one in box]))
    assert scored.visits["popular"].to_numpy() == pytest.approx(hits)
    gap = scored.visits["items"] - scored.visits["popular"]
    assert scored.gain == pytest.approx(gap.mean()) and scored.p == pytest.approx(stats.ttest_1samp(gap, 0).pvalue)


def test_one_product_helps_where_there_are_tastes_and_not_where_there_are_none(visits):
    assert score_visitors(visits, CUT, size=3, least=1, draws=100).winner == "items"
    assert score_visitors(make_visits(1.0, 5), CUT, size=3, least=1, draws=100).winner != "items"


def test_visits_do_not_depend_on_the_order_of_rows(visits):
    one = score_visitors(visits, CUT, size=3, draws=20)
    other = score_visitors(visits.sample(frac=1, random_state=3), CUT, size=3, draws=20)
    pd.testing.assert_frame_equal(one.visits, other.visits)
    assert one.plot().get_xlabel() == "share of the places in the same basket"
    assert one.plot().get_title(loc="left") and one.sentence in repr(one) and "hit_rate" in one._repr_html_()
    plt.close("all")


def test_too_few_visits_are_told(visits):
    few = visits[(visits["time"] < CUT) | (visits["customer_id"] < 10)]
    with pytest.raises(TableError, match="20 are the least"):
        score_visitors(few, CUT)
    with pytest.raises(TableError, match="size and least should be 1 or more"):
        score_visitors(visits, CUT, size=0)
    with pytest.raises(TableError, match="size = 30, but only"):
        score_visitors(visits, CUT, size=30)
