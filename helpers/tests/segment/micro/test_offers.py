from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.micro import find_communities, link_customers, score_offers
from loyalty.segment.micro.offers import PRIOR
from loyalty.tables.check import TableError


@pytest.fixture(scope="module")
def found(shoppers):
    return find_communities(link_customers(shoppers), rewirings=0, seed=1)


def shop_again(pull, seed=9):
    """Purchases of the same customers in the next months: of the same groups, each thing equally often."""
    rng = np.random.default_rng(seed)
    home, shelf = np.arange(400) % 4, np.arange(60) % 4
    rate = np.where(home[:, None] == shelf[None, :], pull, 1.0)
    counts = rng.poisson(6 * rate / rate.mean() / 60)
    who, what = np.nonzero(counts)
    lines = pd.DataFrame({"customer_id": who, "product_id": what, "sales": 1.0, "basket_id": np.arange(len(who))})
    return lines.assign(time=pd.Timestamp("2025-06-01"))


@pytest.fixture(scope="module")
def later():
    return shop_again(pull=6.0)


def score_by_hand(found, later, offers):
    """The same by loops, customer by customer."""
    label = found.customers.set_index("customer_id")["community"]
    pairs = found.links.table
    mine = pairs.groupby("customer_id")["product_id"].agg(set)
    things = sorted(pairs["product_id"].unique())
    members = {k: [mine[who] for who in label.index[label == k]] for k in set(label)}
    popular = {thing: sum(thing in one for one in mine) for thing in things}
    order = sorted(things, key=lambda thing: -popular[thing])
    new = later.groupby("customer_id")["product_id"].agg(set)
    hits = {"community": [], "popular": []}
    for who in label.index:
        group = members[label[who]]
        score = {
            thing: (sum(thing in one for one in group) + PRIOR * popular[thing] / len(mine)) / (len(group) + PRIOR)
            for thing in things
        }
        ways = {"community": sorted(order, key=lambda thing: -score[thing]), "popular": order}
        for way, ranked in ways.items():
            chosen = [thing for thing in ranked if thing not in mine[who]][:offers]
            hits[way].append(len(set(chosen) & new.get(who, set())) / offers)
    return {way: np.array(values) for way, values in hits.items()}


def test_hits_are_those_counted_customer_by_customer(found, later):
    scored = score_offers(found, later, offers=3)
    by_hand = score_by_hand(found, later, 3)
    assert scored.customers["hits_community"].to_numpy() == pytest.approx(by_hand["community"])
    assert scored.customers["hits_popular"].to_numpy() == pytest.approx(by_hand["popular"])
    paired = by_hand["community"] - by_hand["popular"]
    interval = stats.ttest_1samp(paired, 0).confidence_interval()
    assert (scored.gain, scored.low, scored.high) == pytest.approx((paired.mean(), interval.low, interval.high))


def test_the_community_wins_where_tastes_go_on_and_not_where_they_end(found):
    assert score_offers(found, shop_again(pull=6.0)).winner == "community"
    gone = score_offers(found, shop_again(pull=1.0))
    assert gone.winner != "community" and "best-sellers" in gone.sentence


def test_where_tastes_turn_round_the_best_sellers_win(found):
    turned = shop_again(pull=12.0).assign(customer_id=lambda rows: (rows["customer_id"] + 1) % 400)
    scored = score_offers(found, turned)
    assert scored.winner == "popular" and scored.high < 0 and scored.plot().get_title(loc="left")
    plt.close("all")


def test_offers_on_the_months_that_made_the_communities_are_refused(found, shoppers):
    with pytest.raises(TableError, match="months that it was made of"):
        score_offers(found, shoppers)


def test_senseless_offers_and_strangers_are_refused(found, later):
    with pytest.raises(TableError) as raised:
        score_offers(found, later, offers=0, level=2)
    assert len(raised.value.problems) == 2
    with pytest.raises(TableError, match="there are only 60"):
        score_offers(found, later, offers=60)
    with pytest.raises(TableError, match="the later receipts"):
        score_offers(found, later.assign(customer_id=later["customer_id"] + 10**6))
    with pytest.raises(TableError, match="product_id"):
        score_offers(found, later.assign(product_id=later["product_id"] + 10**6))


def test_what_was_bought_before_is_never_offered_as_new(found):
    again = found.links.kept.assign(time=pd.Timestamp("2025-07-01"), sales=1.0)
    scored = score_offers(found, again)
    hits = scored.table.set_index("way")["hit_rate"]
    assert hits["community"] == hits["popular"] == 0 and hits["again"] > 0.9
    assert scored.winner == "neither" and scored.gain == 0


def test_those_who_buy_nothing_later_count_as_no_hit_and_the_order_of_lines_means_nothing(found, later):
    half = later[later["customer_id"] < 200]
    scored = score_offers(found, half)
    assert any("bought nothing later" in text for text in scored.warnings)
    assert (scored.customers.loc[scored.customers["customer_id"] >= 200, "hits_community"] == 0).all()
    mixed = score_offers(found, half.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(scored.table, mixed.table)


def test_a_gain_is_said_in_offers_of_a_hundred(found, later):
    scored = score_offers(found, later)
    said = f"{100 * scored.gain:+.1f} of 100 offers ({100 * scored.low:+.1f} to {100 * scored.high:+.1f})"
    assert said in scored.sentence and "%" not in scored.sentence


def test_customers_without_a_community_are_counted(shoppers, later):
    often = shoppers[shoppers["customer_id"] < 300]
    again = [often.assign(basket_id=often["basket_id"] + 10**6 * k) for k in range(1, 9)]
    strong = link_customers(pd.concat([shoppers, *again]), keep="above chance")
    lost = strong.table["customer_id"].nunique() - strong.kept["customer_id"].nunique()
    scored = score_offers(find_communities(strong, rewirings=0), later)
    said = [text for text in scored.warnings if "without a link above chance" in text]
    assert len(said) == (lost > 0) and all(text.startswith(f"{lost:,} customers") for text in said)
    assert lost > 0


def test_the_blocks_of_customers_do_not_change_a_hit(found, later, monkeypatch):
    whole = score_offers(found, later).customers
    monkeypatch.setattr("loyalty.segment.micro.offers.BLOCK", 7 * 60)
    pd.testing.assert_frame_equal(score_offers(found, later).customers, whole)


def test_scores_show_themselves(found, later):
    scored = score_offers(found, later)
    assert "Offer what the community buys" in scored._repr_html_() and len(scored.to_frame()) == 3
    assert scored.plot(title="t").get_title(loc="left") == "t"
    plt.close("all")


def test_where_all_customers_are_alike_there_is_no_interval_and_nobody_wins(found, shoppers):
    """Everybody buys again what he had, and nothing that was offered as new: luck cannot be measured."""
    scores = score_offers(found, shoppers.assign(time=pd.Timestamp("2025-06-01")), offers=1)
    assert scores.gain == 0 and np.isnan([scores.low, scores.high]).all() and scores.winner == "neither"
    assert "no interval: all customers are alike" in scores.sentence
    assert scores.plot() is not None
    plt.close("all")


def test_things_that_nobody_knows_are_named_as_things(found, later):
    with pytest.raises(TableError, match="no thing of the communities .* `product_id` is 0, 1, 2"):
        score_offers(found, later.assign(product_id=10_000), offers=1)
