"""Exercise 23: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from loyalty.segment.clusters import (
    choose_k,
    cluster_customers,
    find_groups,
    measure_stability,
    profile_clusters,
    scale_features,
)
from loyalty.tasks import check
from loyalty.tasks.t23.pictures import draw_agreement, draw_deciders, draw_panels
from loyalty.tasks.t23.scene import PERSONAS, read_drugstore, value_plans

NAMES = ["recency_days", "receipts", "money", "promo_share"]


@pytest.fixture(scope="module")
def shelf():
    return read_drugstore()


@pytest.fixture(scope="module")
def features(shelf):
    return scale_features(shelf, NAMES)


def count_richest(shelf, columns):
    labels = KMeans(4, n_init=10, random_state=1).fit_predict(columns)
    means = shelf.money.groupby(labels).agg(["mean", "size"])
    return int(means.sort_values("mean")["size"].iloc[-1])


def test_the_table_of_the_shelves_is_one_row_a_household_without_gaps(shelf):
    assert shelf.customer_id.is_unique and shelf.notna().all().all() and len(shelf) == 2_356
    assert shelf.promo_share.between(0, 1).all() and (shelf.money > 0).all() and (shelf.recency_days > 0).all()


@pytest.mark.slow
def test_unscaled_money_a_store_code_and_other_slips_of_the_features_are_named(shelf, features):
    made = cluster_customers(features, 4, rank_by="money", seed=23)
    assert check("23a", (made.table.cluster == 1).sum()).status == "right"
    assert check("23a", count_richest(shelf, shelf[NAMES])).mistake == "unscaled_money"
    with_store = scale_features(shelf, [*NAMES, "home_store"])
    count = (cluster_customers(with_store, 4, rank_by="money", seed=23).table.cluster == 1).sum()
    assert check("23a", int(count)).mistake == "store_as_number"
    standard = (shelf[NAMES] - shelf[NAMES].mean()) / shelf[NAMES].std()
    assert check("23a", count_richest(shelf, standard)).mistake == "no_logarithms"
    right = int((made.table.cluster == 1).sum())
    for other in (right - 2, right - 1, right + 1, right + 2):  # a number of households is right or wrong
        assert check("23a", other).status == "wrong"
    assert check("23a", (made.table.cluster == 2).sum()).mistake == "second_cluster"
    for k, name in ((3, "three_clusters"), (5, "five_clusters")):
        other = cluster_customers(features, k, rank_by="money", seed=23)
        assert check("23a", (other.table.cluster == 1).sum()).mistake == name


@pytest.mark.slow
def test_stability_over_seeds_only_is_named(features):
    found = measure_stability(features, 4, draws=30, seed=23, max_rows=1_000)
    assert check("23b", (round(found.ari, 2), round(found.low, 2), round(found.high, 2))).status == "right"
    from loyalty.tasks.t23.measures import agree_over_seeds

    assert check("23b", agree_over_seeds()).mistake == "seeds_only"
    row = found.table[["jaccard", "low", "high"]].mean()
    assert check("23b", tuple(row)).mistake == "jaccard"
    each = found.table.jaccard
    assert check("23b", (each.mean(), found.low, found.high)).mistake == "jaccard_first"
    assert check("23b", (each.mean(), each.min(), each.max())).mistake == "jaccard_of_clusters"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "mistake"),
    [
        ({"k": 3}, "three_clusters"),
        ({"k": 5}, "five_clusters"),
        ({"draws": 50}, "fifty_draws"),
        ({"max_rows": 5_000}, "all_households"),
    ],
)
def test_settings_of_the_stability_that_were_not_asked_are_named(features, options, mistake):
    asked = {"k": 4, "draws": 30, "seed": 23, "max_rows": 1_000}
    found = measure_stability(features, **asked | options)
    for answer in ((found.ari, found.low, found.high), tuple(round(x, 2) for x in (found.ari, found.low, found.high))):
        result = check("23b", answer)
        assert result.status == "wrong" and mistake in result.mistake


@pytest.mark.slow
def test_slips_with_the_p_value_are_named(features):
    ks = [2, 3, 4, 5, 6]
    test = find_groups(features, ks=ks, draws=39, seed=23, max_rows=700)
    assert check("23c", test.p).status == check("23c", round(test.p, 3)).status == "right"
    assert "keep 3 decimals" in check("23c", round(test.p, 2)).message
    few = find_groups(features, ks=ks, draws=19, seed=23, max_rows=700)
    assert check("23c", few.p).mistake == "few_clouds"
    many = find_groups(features, ks=ks, draws=99, seed=23, max_rows=700)
    assert check("23c", many.p).mistake == "other_draws" and "40ths" in check("23c", many.p).message
    for other in ({"seed": 23}, {"ks": ks}, {"ks": ks, "seed": 23, "max_rows": 500}):
        slip = find_groups(features, **{"draws": 39, "max_rows": 700} | other)
        assert check("23c", slip.p).status == "wrong"
    assert check("23c", 1 - test.p).mistake == "other_side"
    assert check("23c", (round(40 * test.p) - 1) / 39).mistake == "without_the_data"
    assert check("23c", float(test.best_k)).mistake == "the_k"


@pytest.mark.slow
def test_a_number_of_clusters_by_eye_is_named(features):
    choice = choose_k(features, ks=[2, 3, 4, 5, 6], seed=23, max_rows=600)
    assert choice.k is None and check("23d", 0).status == "right"
    said = check("23d", 0).message  # 23b shows that the cut is not always the same: no word of a stable cut here
    assert "The cut is stable" not in said and f"holds {choice.table.valley.min():.2f} of" in said
    within = choice.table.within.to_numpy()
    elbow = int(choice.table.k[1 + np.diff(within, 2).argmax()])
    assert check("23d", elbow).mistake == "k_by_eye" and "silhouette" in check("23d", elbow).message
    assert check("23d", 4).mistake == "stable_only"
    assert check("23d", 5).mistake == "personas" and check("23d", 1).mistake == "one_cluster"


@pytest.mark.slow
def test_names_chosen_before_profiles_are_named(shelf, features):
    made = cluster_customers(features, 4, rank_by="money", seed=23)
    promo = profile_clusters(made, shelf, NAMES).pivot().loc["promo_share"]
    assert promo[2] < shelf.promo_share.mean() < promo[3]
    assert check("23e", {2, 3}).status == "right" and check("23e", [3, np.int64(2)]).status == "right"
    assert check("23e", set()).mistake == "names_before_profiles"
    assert check("23e", set(PERSONAS)).mistake == "all_of_them"
    assert check("23e", {1, 4}).mistake == "the_fine_ones"
    assert check("23e", {2}).mistake == "only_2" and check("23e", (3,)).mistake == "only_3"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("letter", "mistake"), [("A", "stable_is_real"), ("b", "cloud_is_useless"), ("D", "searched_until_found")]
)
def test_decisions_that_do_not_follow_are_named(letter, mistake):
    assert check("23f", letter).mistake == mistake
    assert check("23f", "C").status == "right"


def test_the_value_of_a_plan_is_that_of_its_best_offers():
    import pandas as pd

    class Truth:
        def effect(self, offer):
            good = {"gift": [1.0, -3.0]}.get(offer, [-1.0, -1.0])
            return pd.DataFrame({"customer_id": range(400), "profit": np.tile(good, 200)})

    world = type("World", (), {"truth": Truth()})()
    apart = pd.DataFrame({"customer_id": range(400), "segment": np.tile(["a", "b"], 200)})
    profit = value_plans(world, {"apart": apart, "together": apart.assign(segment="all")})
    assert profit["apart"] == pytest.approx(0.5, abs=0.06) and profit["together"] == 0


def test_the_pictures_say_what_they_show(features):
    import matplotlib.pyplot as plt
    import pandas as pd

    ax = draw_deciders(pd.Series({"money": 0.9, "days": 0.1}))
    assert [text.get_text() for text in ax.texts[:2]] != [] and ax.get_title(loc="left")
    figure = draw_panels({"A": features, "B": features}, "receipts", "money", 3, "Which?", "made")
    assert len(figure.axes) == 2 and figure.get_suptitle() == "Which?"
    table = pd.DataFrame({"ari": [0.1], "low": [0.0], "high": [0.2]}, index=["what they buy"])
    assert draw_agreement(table, "t").get_title(loc="left") == "t"
    plt.close("all")
