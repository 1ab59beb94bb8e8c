"""Scores of recommenders: counted by loops, held against scikit-learn, and honest where there is nothing to find."""

from __future__ import annotations

import duckdb
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import ndcg_score

from loyalty.learn.recommend import score_recommenders
from loyalty.learn.recommend.pictures import draw_ways
from loyalty.segment.micro import find_communities, link_customers
from loyalty.tables.check import TableError

from .conftest import CUT, make_shoppers

SIZE = 3


@pytest.fixture(scope="module")
def scored(shoppers):
    return score_recommenders(shoppers, CUT, size=SIZE, least=1, draws=50)


def rank_by_hand(shoppers, way, among):
    """Customer -> his list, by loops."""
    early = shoppers[shoppers["time"] < CUT]
    mine = early.groupby("customer_id")["product_id"].agg(set).to_dict()
    things = sorted(set(early["product_id"]))
    buyers = {one: sum(one in had for had in mine.values()) for one in things}
    days = early.drop_duplicates(["customer_id", "product_id", "time"]).groupby(["customer_id", "product_id"])["time"]
    count, last = days.size().to_dict(), days.max().to_dict()

    def alike(a, b):
        both = sum(a in had and b in had for had in mine.values())
        return both / np.sqrt(buyers[a] * buyers[b]) * both / (both + 10)

    table = {(a, b): alike(a, b) if a != b else 0.0 for a in things for b in things}
    lists = {}
    for who, had in mine.items():
        score = {
            "popular": lambda one: 0.0,
            "items": lambda one, had=had: sum(table[a, one] for a in had),
            "again": lambda one, who=who: (count.get((who, one), 0), last.get((who, one), pd.Timestamp(0))),
        }[way]
        free = [one for one in things if not (among == "new" and one in had)]
        key = {one: score(one) for one in free}
        if way == "items":
            key = {one: round(value, 9) for one, value in key.items()}
        ranked = sorted(free, key=lambda one: (-buyers[one], one))
        lists[who] = sorted(ranked, key=lambda one: key[one], reverse=True)[:SIZE]
    return lists, mine, buyers


@pytest.mark.parametrize(("way", "among"), [("popular", "new"), ("items", "new"), ("items", "all"), ("again", "all")])
def test_hits_and_ndcg_are_those_counted_customer_by_customer(shoppers, scored, way, among):
    lists, mine, buyers = rank_by_hand(shoppers, way, among)
    things = sorted(buyers)
    later = shoppers[shoppers["time"] >= CUT].groupby("customer_id")["product_id"].agg(set).to_dict()
    hits, gains, known = [], [], []
    for who, chosen in lists.items():
        wanted = later.get(who, set()) & set(things)
        wanted -= mine[who] if among == "new" else set()
        hits.append([one in wanted for one in chosen])
        truth = [[float(one in wanted) for one in things]]
        guess = [[float(SIZE - chosen.index(one)) if one in chosen else 0.0 for one in things]]
        gains.append(ndcg_score(truth, guess, k=SIZE))  # scikit-learn is the referee
        known.append(np.mean([-np.log2(buyers[one] / len(mine)) for one in chosen]))
    rows = scored.table[(scored.table["among"] == among) & (scored.table["way"] == way)].set_index("metric")["value"]
    assert rows["hit_rate"] == pytest.approx(np.mean(hits))
    assert rows["any_hit"] == pytest.approx(np.max(hits, axis=1).mean())
    assert rows["ndcg"] == pytest.approx(np.mean(gains))
    assert rows["novelty"] == pytest.approx(np.mean(known))
    assert scored.customers[f"{among}_{way}"].to_numpy() == pytest.approx(np.mean(hits, axis=1))


def test_a_gain_is_the_paired_difference_and_its_bootstrap_is_near_students_interval(shoppers):
    scored = score_recommenders(shoppers, CUT, size=SIZE, least=1, draws=800, ways=["items"])
    row = scored.gains[(scored.gains["among"] == "new") & (scored.gains["metric"] == "hit_rate")].iloc[0]
    gap = scored.customers["new_items"] - scored.customers["new_popular"]
    t = stats.ttest_1samp(gap, 0)
    assert row["gain"] == pytest.approx(gap.mean()) and row["p"] == pytest.approx(t.pvalue)
    low, high = t.confidence_interval()
    assert (row["low"], row["high"]) == pytest.approx((low, high), abs=0.08 * (high - low))


def test_p_values_are_corrected_by_holm_for_all_ways(scored):
    rows = scored.gains[(scored.gains["among"] == "new") & (scored.gains["metric"] == "hit_rate")].set_index("way")
    gaps = {way: scored.customers[f"new_{way}"] - scored.customers["new_popular"] for way in rows.index}
    raw = pd.Series({way: stats.ttest_1samp(gap, 0).pvalue for way, gap in gaps.items()})
    smallest = raw.idxmin()
    assert rows.loc[smallest, "p"] == pytest.approx(min(1.0, len(raw) * raw.min()))
    assert (rows["p"] >= raw.reindex(rows.index) - 1e-12).all()


def test_tastes_are_found_and_where_there_are_none_nothing_is_claimed(scored, plain):
    assert {"items", "linear"} <= set(scored.find_winners()) and "take the" in scored.sentence
    nothing = score_recommenders(plain, CUT, size=SIZE, least=1, draws=50)
    assert nothing.find_winners() == [] and "best-sellers" in nothing.sentence


@pytest.mark.slow
def test_without_tastes_few_shops_claim_a_winner():
    """200 shops of a process without tastes: any way of three better than popularity in at most 18 (true rate 5 %)."""
    claims = 0
    for seed in range(200):
        one = score_recommenders(make_shoppers(pull=1.0, seed=seed, customers=200), CUT, size=SIZE, least=1, draws=2)
        claims += bool(one.find_winners())
    assert claims <= 18  # the 99 % point of a binomial with 5 % is 18


def test_habit_makes_buy_again_win_among_all_products(plain):
    again = score_recommenders(make_shoppers(pull=2.0, habit=0.8, seed=3), CUT, size=SIZE, least=1, draws=50)
    rows = again.to_frame("hit_rate").set_index(["among", "way"])["value"]
    assert rows["all"].idxmax() == "again" and ("new", "again") not in rows.index


def test_rows_in_another_order_twice_or_with_text_ids_change_nothing(shoppers, scored):
    mixed = pd.concat([shoppers, shoppers]).sample(frac=1, random_state=2)
    again = score_recommenders(mixed, CUT, size=SIZE, least=1, draws=50)
    pd.testing.assert_frame_equal(again.table, scored.table)
    text = shoppers.assign(customer_id=shoppers["customer_id"].map("c{:04d}".format))
    words = score_recommenders(text, CUT, size=SIZE, least=1, draws=50)
    pd.testing.assert_frame_equal(words.table, scored.table)


def test_parquet_and_duckdb_give_what_pandas_gives(shoppers, scored, tmp_path):
    path = tmp_path / "receipts.parquet"
    shoppers.to_parquet(path)
    for source in (path, duckdb.from_df(shoppers)):
        again = score_recommenders(source, CUT, size=SIZE, least=1, draws=50)
        pd.testing.assert_frame_equal(again.table, scored.table)


def test_later_purchases_do_not_reach_the_lists(shoppers, scored):
    turned = shoppers.copy()
    late = turned["time"] >= CUT
    turned.loc[late, "product_id"] = 23 - turned.loc[late, "product_id"]
    again = score_recommenders(turned, CUT, size=SIZE, least=1, draws=50)
    for metric in ("coverage", "novelty"):  # of the lists alone
        same = [one.to_frame(metric)["value"] for one in (again, scored)]
        assert same[0].to_numpy() == pytest.approx(same[1].to_numpy())


def test_communities_of_lesson_24_compete_and_may_not_know_the_later_months(shoppers):
    early = find_communities(link_customers(shoppers, end=CUT), rewirings=0, seed=1)
    scored = score_recommenders(shoppers, CUT, size=SIZE, least=1, draws=50, communities=early)
    assert "community" in scored.find_winners()
    late = find_communities(link_customers(shoppers), rewirings=0, seed=1)
    with pytest.raises(TableError, match="give end='2025-03-01' to link_customers"):
        score_recommenders(shoppers, CUT, communities=late)


def test_the_scores_of_communities_are_those_of_lesson_24(shoppers):
    from loyalty.segment.micro import score_offers

    early = find_communities(link_customers(shoppers, end=CUT), rewirings=0, seed=1)
    ours = score_recommenders(shoppers, CUT, size=SIZE, least=1, draws=2, communities=early)
    theirs = score_offers(early, shoppers, start=CUT, offers=SIZE)
    mine = ours.customers.set_index("customer_id")
    other = theirs.customers.set_index("customer_id")
    assert mine["new_popular"].reindex(other.index).to_numpy() == pytest.approx(other["hits_popular"].to_numpy())
    assert mine["new_community"].reindex(other.index).to_numpy() == pytest.approx(other["hits_community"].to_numpy())


def test_all_customers_alike_have_no_interval():
    pairs = [(who, what) for who in range(30) for what in range(3)]
    early = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(time=pd.Timestamp("2025-02-01"))
    rare = pd.DataFrame({"customer_id": range(5), "product_id": 9, "time": pd.Timestamp("2025-02-01")})
    later = early.assign(time=pd.Timestamp("2025-04-01"))
    lines = pd.concat([early, rare, later]).assign(sales=1.0)
    scored = score_recommenders(lines, CUT, size=1, draws=20)
    rows = scored.table[(scored.table["among"] == "all") & (scored.table["way"] == "popular")].set_index("metric")
    assert rows.loc["hit_rate", "value"] == 1.0 and np.isnan(rows.loc["hit_rate", "low"])
    assert "are few" in scored.warnings[0]
    assert scored.gains["verdict"].notna().all() and scored.gains["p"].between(0, 1).all()


def test_who_buys_nothing_later_counts_as_no_hit_and_is_told(shoppers, scored):
    gone = shoppers[~((shoppers["customer_id"] < 150) & (shoppers["time"] >= CUT))]
    again = score_recommenders(gone, CUT, size=SIZE, least=1, draws=50)
    assert again.n_customers == scored.n_customers and again.n_later < scored.n_later
    assert (again.customers.loc[again.customers["customer_id"] < 150, "all_popular"] == 0).all()
    assert any("bought nothing later" in note for note in again.warnings)


def test_products_that_are_left_out_are_counted(shoppers):
    scored = score_recommenders(shoppers, CUT, size=SIZE, most=10, draws=2)
    assert scored.n_products == 10
    assert any("14 products could not be recommended" in note for note in scored.warnings)


def test_all_that_is_wrong_is_told_at_once(shoppers):
    with pytest.raises(TableError, match="luck") as told:
        score_recommenders(shoppers, CUT, ways=["luck", "community"], size=0, level=2, least=0, most=1)
    assert len(told.value.problems) == 6
    with pytest.raises(TableError, match="nothing was bought before cut = 2020-01-01: the receipts reach from"):
        score_recommenders(shoppers, "2020-01-01")
    with pytest.raises(TableError, match="nothing was bought from 2030-01-01"):
        score_recommenders(shoppers, "2030-01-01")
    with pytest.raises(TableError, match="size = 99, but only"):
        score_recommenders(shoppers, CUT, size=99)
    with pytest.raises(TableError, match="no column `product_id`"):
        score_recommenders(shoppers.drop(columns="product_id"), CUT)


def test_ticks_of_small_shares_differ_and_the_level_is_written_as_in_the_text(scored):
    rows = pd.DataFrame(
        {"way": ["items", "popular"], "value": [0.012, 0.01], "low": [0.01, 0.008], "high": [0.014, 0.012]}
    )
    ax = draw_ways(rows, "hit_rate", "title", "", "")
    ax.figure.canvas.draw()
    ticks = [label.get_text() for label in ax.get_xticklabels()]
    assert len(set(ticks)) == len(ticks) and ticks[1].endswith("%")
    assert any("95 % interval" in text.get_text() for text in scored.plot().texts)
    plt.close("all")


def test_it_shows_itself(scored):
    assert scored.plot().get_title(loc="left") and scored.plot(metric="novelty", among="all").get_xlabel()
    assert "hit_rate" in scored._repr_html_() and "2025-03-01" in repr(scored)
    plt.close("all")
