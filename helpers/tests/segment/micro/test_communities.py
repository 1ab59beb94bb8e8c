from __future__ import annotations

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from loyalty.segment.micro import find_communities, link_customers, redraw_communities
from loyalty.segment.micro.communities import read_graph
from loyalty.segment.micro.graph import Bipartite, rewire_links
from loyalty.segment.micro.redraws import draw_customers
from loyalty.tables.check import TableError
from loyalty.world import World


@pytest.fixture(scope="module")
def found(shoppers):
    return find_communities(link_customers(shoppers), rewirings=19, seed=1)


def lay_out(graph: Bipartite) -> pd.DataFrame:
    lines = pd.DataFrame({"customer_id": graph.who, "product_id": graph.what})
    return lines.assign(time=pd.Timestamp("2025-01-01"), sales=1.0, basket_id=np.arange(len(lines)))


def place_customers(found):
    """Place each customer where his links exceed chance most, with the planted groups of the things."""
    links = found.links.kept
    cells = pd.crosstab(links["customer_id"], links["product_id"] % 4)
    chance = np.outer(cells.sum(axis=1), cells.sum(axis=0)) / cells.to_numpy().sum()
    return (cells - chance).to_numpy().argmax(axis=1)


def test_planted_communities_are_found_on_both_sides(found):
    assert found.verdict == "communities" and found.p == 1 / 20 and len(found.table) == 4
    assert found.modularity > found.null_high + 0.05
    assert adjusted_rand_score(found.things["product_id"] % 4, found.things["community"]) > 0.9
    knows = place_customers(found)  # who knows the groups of the things cannot place everybody either: some bought two
    best = adjusted_rand_score(found.customers["customer_id"] % 4, knows)
    assert adjusted_rand_score(found.customers["customer_id"] % 4, found.customers["community"]) > best - 0.03
    assert (found.table["inside"] > 1.5 * found.table["by_chance"]).all()


def test_links_of_the_communities_add_up(found):
    links = found.links.kept
    assert found.table["links"].sum() == len(links) == found.things["links"].sum()
    inside = (found.table["inside"] * found.table["links"]).sum() / len(links)
    chance = (found.table["by_chance"] * found.table["links"]).sum() / len(links)
    assert found.modularity == pytest.approx(inside - chance)
    assert found.table["customers"].is_monotonic_decreasing
    assert found.table["customers"].sum() == links["customer_id"].nunique()


def claim(seed: int, make_shoppers, customers: int = 120, pull: float = 1.0) -> bool:
    lines = make_shoppers(customers=customers, things=30, pull=pull, seed=seed)
    return find_communities(link_customers(lines), rewirings=19, seed=seed).verdict == "communities"


@pytest.mark.parametrize("seeds", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_communities_are_claimed_in_few_graphs_that_were_dealt_by_lot(make_shoppers, seeds):
    graph, _, _ = read_graph(link_customers(make_shoppers(customers=60, things=20, pull=6.0)))
    claims = 0
    for seed in range(seeds):
        dealt = lay_out(rewire_links(graph, seed=seed, trials=20))
        claims += find_communities(link_customers(dealt), rewirings=19, seed=seed).verdict == "communities"
    assert claims <= stats.binom.ppf(0.999, seeds, 0.05)


@pytest.mark.slow
def test_shoppers_without_tastes_are_called_chance(make_shoppers):
    claims = sum(claim(seed, make_shoppers) for seed in range(100))
    assert claims <= stats.binom.ppf(0.999, 100, 0.05)


@pytest.mark.slow
def test_communities_that_pull_sixfold_are_found_in_at_least_four_of_five_tables(make_shoppers):
    claims = sum(claim(seed, make_shoppers, customers=200, pull=6.0) for seed in range(60))
    assert claims >= 48  # threefold is not enough for 200 customers: docs/tables/communities.md


@pytest.mark.slow
def test_products_of_the_world_fall_into_its_communities_and_never_across():
    world = World(customers=2_000, months=24, seed=3)
    found = find_communities(link_customers(world.receipts), rewirings=19, seed=3)
    truth = world.truth.communities.set_index("product_id")["community"]
    planted = found.things["product_id"].map(truth)
    pure = pd.crosstab(planted, found.things["community"].to_numpy()).max(axis=1).sum() / len(planted)
    assert found.verdict == "communities" and pure > 0.95  # a planted one stays whole, two may be joined


@pytest.mark.slow
def test_stores_of_the_world_are_no_communities_though_their_modularity_is_high():
    world = World(customers=2_000, months=24, seed=3)
    found = find_communities(link_customers(world.receipts, to="store_id"), rewirings=39, seed=3)
    assert found.verdict == "chance" and found.modularity > 0.2
    assert "No more than chance" in found.sentence


def test_the_same_seed_gives_the_same_and_the_order_of_lines_means_nothing(shoppers, found):
    again = find_communities(link_customers(shoppers.sample(frac=1, random_state=2)), rewirings=19, seed=1)
    pd.testing.assert_frame_equal(found.table, again.table)
    assert (found.null_low, found.null_median, found.p) == (again.null_low, again.null_median, again.p)


def test_a_higher_resolution_makes_more_communities(found):
    many = find_communities(found.links, resolution=3.0, rewirings=0)
    one = find_communities(found.links, resolution=0.3, rewirings=0)
    assert len(many.table) > len(found.table) > len(one.table) == 1


def test_what_was_not_tested_is_not_claimed(found):
    untested = find_communities(found.links, rewirings=0)
    assert untested.verdict == "not tested" and np.isnan(untested.p) and "Not tested" in untested._repr_html_()
    few = find_communities(found.links, rewirings=5)
    assert few.verdict == "not tested" and any("cannot give a p of 0.05" in text for text in few.warnings)


@pytest.mark.parametrize("tables", [2, pytest.param(40, marks=pytest.mark.slow)])
def test_habits_that_nobody_shares_are_no_communities_of_links_above_chance(tables):
    claims = 0
    for seed in range(tables):
        rng = np.random.default_rng([seed, 3])
        rate = rng.gamma(2, 1, 200)[:, None] * (rng.pareto(1.5, 40) + 0.2) * rng.gamma(0.3, 1 / 0.3, (200, 40))
        counts = rng.poisson(12_000 * rate / rate.sum())
        who, what = np.nonzero(counts)
        lines = pd.DataFrame({"customer_id": who, "product_id": what}).loc[
            np.repeat(np.arange(len(who)), counts[who, what])
        ]
        lines = lines.assign(time=pd.Timestamp("2025-01-01"), sales=1.0, basket_id=np.arange(len(lines)))
        links = link_customers(lines, keep="above chance")
        claims += find_communities(links, rewirings=19, starts=1, seed=seed).verdict == "communities"
    assert claims <= stats.binom.ppf(0.999, tables, 0.05)


def test_a_trace_of_the_choice_of_links_is_told_from_communities(found):
    strong = replace(found, links=replace(found.links, keep="above chance"))
    assert strong.verdict == "communities"
    little = replace(strong, modularity=found.null_median + 0.01)
    assert little.verdict == "hardly more" and "Hardly more" in little.sentence
    assert replace(little, links=found.links).verdict == "communities"


def test_communities_of_one_are_named(shoppers):
    alone = pd.DataFrame({"customer_id": [9_000], "product_id": [777], "time": shoppers["time"].max(), "sales": 1.0})
    found = find_communities(link_customers(pd.concat([shoppers, alone.assign(basket_id=-1)])), rewirings=0)
    assert found.table["customers"].iloc[-1] == 1
    assert any("fewer than 30 customers" in text for text in found.warnings)


def test_too_few_links_and_senseless_settings_are_refused(shoppers):
    with pytest.raises(TableError, match="of fewer than 20 no communities"):
        find_communities(link_customers(shoppers.head(10)))
    one = shoppers.head(100).assign(product_id=1)
    with pytest.raises(TableError, match="only 1 `product_id`"):
        find_communities(link_customers(one))
    with pytest.raises(TableError) as raised:
        find_communities(link_customers(shoppers), resolution=0, rewirings=-1, starts=0)
    assert len(raised.value.problems) == 3


def test_strong_communities_stay_together_and_those_of_chance_dissolve(found, make_shoppers):
    steady = redraw_communities(found, draws=5)
    assert steady.ari > 0.8 and set(steady.table["reading"]) == {"stable"} and steady.low <= steady.ari <= steady.high
    chance = find_communities(link_customers(make_shoppers(pull=1.0)), rewirings=0)
    loose = redraw_communities(chance, draws=20)
    assert loose.ari < 0.4 and any("dissolve" in text for text in loose.warnings)


def test_a_drawn_customer_brings_all_his_links():
    graph = Bipartite(np.array([2, 0, 2, 1]), np.array([0, 3, 2, 1]), 3, 4)
    sets = [{3}, {1}, {0, 2}]
    for seed in range(20):
        again, seen = draw_customers(graph, np.random.default_rng(seed))
        drawn = np.random.default_rng(seed).integers(0, 3, 3)
        for place, old in enumerate(drawn):
            assert set(seen[again.what[again.who == place]]) == sets[old]


def test_pictures_and_tables_show_themselves(found):
    assert found.plot().get_title(loc="left") and "Barber" in found._repr_html_()
    steady = redraw_communities(found, draws=3)
    assert steady.plot(title="t").get_title(loc="left") == "t" and "0 is chance" in steady._repr_html_()
    assert len(steady.to_frame()) == len(found.to_frame()) == 4
    plt.close("all")
