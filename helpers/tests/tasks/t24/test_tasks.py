"""Exercise 24: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.micro import find_communities, link_customers, score_offers
from loyalty.tables.check import TableError
from loyalty.tasks import check
from loyalty.tasks.t24.measures import list_letters
from loyalty.tasks.t24.pictures import draw_graph, draw_kinds, draw_recovery, draw_resolutions, draw_tangle
from loyalty.tasks.t24.scene import BAG, TOWN_CUT, read_town

ASKED = {"rewirings": 19, "starts": 1, "seed": 24}


@pytest.fixture(scope="module")
def town():
    return read_town()


@pytest.fixture(scope="module")
def links(town):
    return link_customers(town, end=TOWN_CUT, leave_out=[BAG])


@pytest.fixture(scope="module")
def found(links):
    return find_communities(links, **ASKED)


def test_the_bag_is_on_two_of_three_receipts_and_nothing_else_was_changed(town):
    with_bag = town.loc[town["product_id"] == BAG, "basket_id"]
    assert with_bag.is_unique and len(with_bag) / town["basket_id"].nunique() == pytest.approx(2 / 3, abs=0.02)
    assert (town.loc[town["product_id"] == BAG, "sales"] == 0.10).all() and town["hour"].between(0, 23).all()


@pytest.mark.slow
def test_slips_with_the_links_are_named(town, links):
    assert check("24a", len(links.table)).status == "right"
    with_bag = link_customers(town, end=TOWN_CUT)
    assert check("24a", len(with_bag.table)).mistake == "carrier_bag"
    assert check("24a", len(link_customers(town, leave_out=[BAG]).table)).mistake == "all_months"
    assert check("24a", len(link_customers(town).table)).mistake == "bag_and_all_months"
    assert check("24a", int(links.table["receipts"].sum())).mistake == "raw_counts"
    early = town[(town["time"] < TOWN_CUT) & (town["product_id"] != BAG)]
    assert check("24a", len(early)).mistake == "lines"
    pairs = early.drop_duplicates(["customer_id", "product_id"])
    assert check("24a", len(pairs)).status == "right"  # by hand, without the helper
    strong = link_customers(town, end=TOWN_CUT, leave_out=[BAG], keep="above chance")
    assert check("24a", len(strong.kept)).mistake == "above_chance"
    assert check("24a", links.table["customer_id"].nunique()).mistake == "customers"
    after = link_customers(town, start=TOWN_CUT, leave_out=[BAG])
    assert check("24a", len(after.table)).mistake == "later_months"
    for end, name in (("2024-04-02", "a_day_more"), ("2024-03-31", "a_day_less")):
        assert check("24a", len(link_customers(town, end=end, leave_out=[BAG]).table)).mistake == name


@pytest.mark.slow
def test_slips_with_the_communities_are_named(town, links, found):
    def answer(one):
        return one.modularity, one.null_low, one.null_high

    assert check("24b", answer(found)).status == "right"
    assert check("24b", tuple(round(value, 3) for value in answer(found))).status == "right"
    bag = find_communities(link_customers(town, end=TOWN_CUT), **ASKED)
    assert check("24b", answer(bag)).mistake == "carrier_bag"
    fine = find_communities(links, resolution=2.0, **ASKED)
    assert check("24b", answer(fine)).mistake == "fine_resolution"
    late = find_communities(link_customers(town, leave_out=[BAG]), **ASKED)
    assert check("24b", answer(late)).mistake == "all_months"
    here = links.kept["customer_id"].map(found.customers.set_index("customer_id")["community"])
    there = links.kept["product_id"].map(found.things.set_index("product_id")["community"])
    assert check("24b", ((here == there).mean(), found.null_low, found.null_high)).mistake == "nothing_taken_off"
    assert check("24b", (found.modularity, found.p_low, found.p_high)).mistake == "interval_of_p"
    both = find_communities(link_customers(town), **ASKED)
    assert check("24b", answer(both)).mistake == "bag_and_all_months"
    stores = find_communities(link_customers(town, to="store_id", end=TOWN_CUT), **ASKED)
    assert check("24b", answer(stores)).mistake == "stores"
    later = find_communities(link_customers(town, start=TOWN_CUT, leave_out=[BAG]), **ASKED)
    assert check("24b", answer(later)).mistake == "later_months"
    three = find_communities(links, **(ASKED | {"starts": 3}))
    assert check("24b", answer(three)).mistake == "three_starts"
    assert check("24b", (0.2, 0.1, 0.15)).mistake is None


@pytest.mark.slow
def test_links_that_end_a_day_too_early_are_not_called_right_and_cut_off(town):
    early = find_communities(link_customers(town, end="2024-03-31", leave_out=[BAG]), **ASKED)
    exact = early.modularity, early.null_low, early.null_high
    for answer in (exact, tuple(round(value, 3) for value in exact)):
        result = check("24b", answer)
        assert "a_day_less" in result.mistake.split(" or ") and "31 March" in result.message
    assert check("24b", exact).mistake == "a_day_less"


@pytest.mark.slow
def test_kinds_of_link_that_only_look_like_communities_are_named():
    assert check("24c", {"product_id"}).status == check("24c", ["product_id"]).status == "right"
    assert check("24c", "product_id").status == "right"
    assert check("24c", {"product_id", "store_id"}).mistake == "high_modularity"
    assert check("24c", {"product_id", "store_id", "hour"}).mistake == "all_of_them"
    assert check("24c", set()).mistake == "none"
    assert check("24c", {"hour", "store_id"}).mistake == "the_others"


def test_a_dictionary_of_true_and_false_is_read_by_its_values():
    answer = {"product_id": True, "store_id": False, "hour": np.False_}
    assert check("24c", answer).status == check("24c", pd.Series(answer)).status == "right"
    assert check("24c", answer | {"store_id": True}).mistake == "high_modularity"
    assert check("24c", dict.fromkeys(answer, False)).mistake == "none"
    told = check("24c", dict.fromkeys(answer, "communities"))
    assert told.mistake is None and "A set of names is asked" in told.message
    assert check("24c", {}).mistake is None


def test_kinds_are_read_in_plain_words():
    assert check("24c", "Products").status == "right" and check("24c", {"product_id"}).status == "right"
    assert check("24c", ["product", "stores"]).mistake == "high_modularity"


@pytest.mark.slow
def test_slips_with_the_offers_are_named(town, links, found):
    def answer(scores):
        return scores.gain, scores.low, scores.high

    scores = score_offers(found, town, start=TOWN_CUT, offers=3)
    assert check("24d", answer(scores)).status == "right"
    assert check("24d", tuple(round(value, 4) for value in answer(scores))).status == "right"
    for offers, name in ((1, "one_offer"), (5, "five_offers")):
        assert check("24d", answer(score_offers(found, town, start=TOWN_CUT, offers=offers))).mistake == name
    rates = scores.table.set_index("way")
    ways = (("community", "hit_rate_alone"), ("again", "bought_before"), ("popular", "best_sellers_alone"))
    for way, name in ways:
        assert check("24d", tuple(rates.loc[way, ["hit_rate", "low", "high"]])).mistake == name
    assert check("24d", tuple(100 * value for value in answer(scores))).mistake == "in_points"
    relative = tuple(value / rates.at["popular", "hit_rate"] for value in answer(scores))
    assert check("24d", relative).mistake == "relative"
    gap = scores.customers["hits_community"] - scores.customers["hits_again"]
    reach = stats.t.ppf(0.975, len(gap) - 1) * gap.std() / np.sqrt(len(gap))
    assert check("24d", (gap.mean(), gap.mean() - reach, gap.mean() + reach)).mistake == "less_what_is_bought_again"
    assert check("24d", (-scores.gain, -scores.high, -scores.low)).mistake == "sign"
    fine = score_offers(find_communities(links, resolution=2.0, **ASKED), town, start=TOWN_CUT)
    assert check("24d", answer(fine)).mistake == "fine_resolution"
    came = scores.customers["customer_id"].isin(town.loc[town["time"] >= TOWN_CUT, "customer_id"])
    gap = (scores.customers["hits_community"] - scores.customers["hits_popular"])[came]
    reach = stats.t.ppf(0.975, len(gap) - 1) * gap.std() / np.sqrt(len(gap))
    assert check("24d", (gap.mean(), gap.mean() - reach, gap.mean() + reach)).mistake == "those_who_came"
    with pytest.raises(TableError, match="months that it was made of"):
        score_offers(find_communities(link_customers(town, leave_out=[BAG]), rewirings=0), town, start=TOWN_CUT)
    rows = scores.customers
    error = np.sqrt((rows["hits_community"].var() + rows["hits_popular"].var()) / len(rows))
    assert check("24d", (scores.gain, scores.gain - 1.96 * error, scores.gain + 1.96 * error)).mistake == "unpaired"


@pytest.mark.slow
def test_the_two_ways_that_only_a_number_tells_apart_have_numbers_that_differ():
    ways = list_letters()["what Jonas does"]
    numbers = [int(ways[letter].split("at least ")[1].split()[0]) for letter in "BC"]
    assert numbers[1] - numbers[0] >= 5 and list(ways.index) == list("ABCDE")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("letter", "mistake"),
    [("A", "hits_are_effects"), ("c", "leaky_number"), ("d", "bought_anyway"), ("E", "communities_of_one")],
)
def test_decisions_that_do_not_follow_are_named(letter, mistake):
    assert check("24e", letter).mistake == mistake
    assert check("24e", "B").status == "right"


@pytest.mark.slow
def test_the_pictures_say_what_they_show(links, found):
    names = dict.fromkeys(range(1, 6), "a name")
    assert draw_graph(found, names, title="t", source="made").get_suptitle() == "t"
    assert draw_graph(found, title="t", source="made").axes and draw_tangle(links, "t").get_suptitle() == "t"
    assert draw_kinds({"same products": found}, "t").get_title(loc="left") == "t"
    table = pd.DataFrame({"ari": [0.3, 0.4], "low": [0.2, 0.3], "high": [0.4, 0.5]}, index=["k-means", "communities"])
    assert draw_recovery(table, "t").get_title(loc="left") == "t"
    columns = {"communities": [5.0], "stability": [0.9], "low": [0.8], "high": [1.0], "truth": [0.5]}
    ax = draw_resolutions(pd.DataFrame(columns, index=[1.0]), "t")
    stability, truth = ax.get_lines()
    assert ax.get_title(loc="left") == "t" and stability.get_xdata()[0] < truth.get_xdata()[0]
    plt.close("all")
