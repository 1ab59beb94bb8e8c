"""Are there groups? The null cloud keeps what it promises, groups are found, clouds are not, and k is chosen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.clusters import choose_k, draw_null_cloud, find_groups, measure_stability, scale_features
from loyalty.segment.clusters.groups import FLAT, measure_valley
from loyalty.segment.clusters.stability import count_pairs, find_jaccard
from loyalty.tables.check import TableError

from .conftest import make_table

NAMES = ["x0", "x1", "x2"]


@pytest.mark.slow
def test_the_null_cloud_keeps_each_columns_values_and_the_rank_correlations():
    rng = np.random.default_rng(0)
    rate = rng.gamma(0.7, 1, 3_000)
    values = np.column_stack([rng.poisson(6 * rate), rng.poisson(2 * rate), np.exp(rng.normal(size=3_000) - rate)])
    features = scale_features(make_table(values.astype(float)), NAMES)
    cloud = draw_null_cloud(features, seed=1)
    assert np.array_equal(np.sort(cloud.values, axis=0), np.sort(features.values, axis=0))
    wanted, kept = (stats.spearmanr(one).statistic for one in (features.values, cloud.values))
    assert np.abs(wanted - kept).max() < 0.05
    assert not np.array_equal(cloud.values, draw_null_cloud(features, seed=2).values)
    assert cloud.table.equals(draw_null_cloud(features, seed=1).table)


def test_a_column_that_is_the_other_one_turned_round_can_be_drawn():
    x = np.random.default_rng(0).normal(size=200)
    cloud = draw_null_cloud(scale_features(make_table(np.column_stack([x, -x])), ["x0", "x1"]))
    assert stats.spearmanr(cloud.values).statistic < -0.99


def test_a_valley_is_measured_by_hand():
    centres = np.array([[-1.0], [1.0]])
    here = np.repeat([-1.0, -0.2, 0.2, 1.0], [10, 2, 1, 20])[:, None]
    assert measure_valley(here, (here[:, 0] > 0).astype(int), centres) == pytest.approx(3 / 10)
    empty = np.repeat([-1.0, 1.0], 30)[:, None]
    assert measure_valley(empty, (empty[:, 0] > 0).astype(int), centres) == 0


def test_an_outlier_is_no_group():
    values = np.append(np.linspace(-1, 1, 200), 50.0)[:, None]
    assert measure_valley(values, (values[:, 0] > 9).astype(int), np.array([[0.0], [50.0]])) == FLAT


def test_of_a_small_cloud_the_test_says_cloud_and_the_rule_takes_no_number(cloud):
    few = scale_features(cloud.head(150), NAMES)
    nothing = find_groups(few, ks=[2, 3], draws=19)
    assert nothing.verdict == "cloud" and nothing.p > 0.05 and "convenience" in nothing.sentence
    assert "150 customers: only groups that lie far apart" in nothing.warnings[0]
    named = [text.get_text() for text in nothing.plot().get_legend().get_texts()]
    assert named[:2] == ["clouds without groups: middle 95 %", "their median"] and len(named) == 4
    none = choose_k(few, ks=[2], draws=3)
    assert none.k is None and not none.table.passes.any() and "No number of clusters" in none.sentence
    assert none.plot().get_title(loc="left") == "No number of clusters passes"


def test_the_picture_of_the_rule_names_both_measures_and_their_limit(groups):
    found = choose_k(scale_features(groups, ["x0", "x1"], how="plain"), ks=[2, 3, 4], draws=3)
    said = [text.get_text() for text in found.plot().get_legend().get_texts()]
    assert found.k == 3 and "limit: 0.75" in said and "the largest k that keeps both" in said
    assert "border: a valley at 0.75 or less" in said and "least stable cluster: stable from 0.75 on" in said


def test_more_clusters_than_half_the_customers_that_differ_are_refused_with_what_to_do(groups):
    with pytest.raises(TableError, match="k = 300 clusters need 600 .* only 300 do: try fewer clusters"):
        find_groups(scale_features(groups, ["x0", "x1"]), ks=[300])


@pytest.mark.slow
def test_three_groups_are_found_and_clouds_are_not(groups, cloud):
    found = find_groups(scale_features(groups, ["x0", "x1"], how="plain"), ks=[2, 3, 4], draws=19)
    assert found.verdict == "groups" and found.p == 0.05 and found.valley < 0.2
    nothing = find_groups(scale_features(cloud, NAMES), ks=[2, 3, 4], draws=19)
    assert nothing.verdict == "cloud" and nothing.p > 0.05 and "convenience" in nothing.sentence
    assert nothing.p_low <= nothing.p <= nothing.p_high + 0.05
    assert "rough p-value" in " ".join(nothing.warnings)
    assert nothing.plot().get_title(loc="left") and "A cloud" in nothing._repr_html_()


@pytest.mark.slow
def test_neither_rows_nor_units_nor_ids_decide(groups):
    one = find_groups(scale_features(groups, ["x0", "x1"]), ks=[2, 3], draws=19)
    mixed = groups.sample(frac=1, random_state=1).assign(x0=lambda d: 1_000 * d.x0)
    other = find_groups(scale_features(mixed, ["x0", "x1"]), ks=[2, 3], draws=19)
    assert one.p == other.p and np.allclose(one.table.valley, other.table.valley)


@pytest.mark.slow
def test_claims_on_clouds_that_are_not_the_worlds_stay_within_the_exact_binomial_bound():
    claims = 0
    for seed in range(40):
        rng = np.random.default_rng([seed, 5])
        tails = rng.standard_normal((300, 3)) * np.sqrt(3 / rng.chisquare(3, 300))[:, None]
        counts = rng.poisson(rng.gamma(0.7, 1, 300)[:, None] * [6, 2, 12]).astype(float)
        for values in (tails, counts):
            features = scale_features(make_table(values), NAMES)
            claims += find_groups(features, ks=[2, 3, 4], draws=19, seed=seed).verdict == "groups"
    assert claims <= stats.binom.ppf(0.999, 80, 0.05)


@pytest.mark.parametrize(
    ("columns", "options", "says"),
    [
        (["x0"], {}, "with one column"),
        (["x0", "x1"], {"draws": 9}, "draws should be 19 or more"),
        (["x0", "x1"], {"ks": [1, 2]}, "from 2 on"),
        (["x0", "x1"], {"ks": []}, "from 2 on"),
        (["x0", "x1"], {"max_rows": 10}, "max_rows"),
    ],
)
def test_settings_of_the_test_are_checked(groups, columns, options, says):
    with pytest.raises(TableError, match=says):
        find_groups(scale_features(groups, columns), **options)


def test_few_customers_or_few_values_are_refused_or_told(groups):
    with pytest.raises(TableError, match="too few to see a valley"):
        find_groups(scale_features(groups.head(40), ["x0", "x1"]))
    coins = make_table(np.random.default_rng(0).integers(0, 2, (200, 2)).astype(float))
    with pytest.raises(TableError, match="k = 3 clusters need 6 customers that differ"):
        find_groups(scale_features(coins, ["x0", "x1"]), ks=[3, 4])
    assert "not tried" in " ".join(find_groups(scale_features(coins, ["x0", "x1"]), ks=[2, 3], draws=19).warnings)
    with pytest.raises(TableError, match="with one column"):
        draw_null_cloud(scale_features(groups, ["x0"]))


@pytest.mark.slow
def test_the_rule_takes_the_number_of_groups_that_is_there_and_none_in_a_cloud(groups, cloud):
    found = choose_k(scale_features(groups, ["x0", "x1"], how="plain"), ks=[2, 3, 4], draws=10)
    assert found.k == 3 and "Take 3" in found.sentence and "draws are few" in found.warnings[0]
    nothing = choose_k(scale_features(cloud, NAMES), ks=[2, 3], draws=5)
    assert nothing.k is None and "do not call them groups" in nothing.sentence
    assert nothing.table.within.between(0, 1).all() and nothing.table.within.is_monotonic_decreasing
    assert nothing.plot() and "<table" in nothing._repr_html_()
    edge = choose_k(scale_features(groups, ["x0", "x1"], how="plain"), ks=[3], draws=5)
    assert "try more" in " ".join(edge.warnings)


@pytest.mark.parametrize(("ks", "says"), [([1], "from 2 on"), ([400], "customers differ")])
def test_the_rule_refuses_numbers_that_cannot_be(groups, ks, says):
    with pytest.raises(TableError, match=says):
        choose_k(scale_features(groups, ["x0", "x1"]), ks=ks)


@pytest.mark.slow
def test_groups_far_apart_are_stable_and_a_round_cloud_dissolves(scaled):
    steady = measure_stability(scaled, 3, draws=20)
    assert steady.ari > 0.99 and (steady.table.reading == "stable").all() and steady.table.customers.sum() == 300
    ball = make_table(np.random.default_rng(0).standard_normal((300, 4)))
    loose = measure_stability(scale_features(ball, [*NAMES, "x3"]), 6, draws=20)
    assert loose.ari < 0.6 and loose.low <= loose.ari <= loose.high
    assert "dissolves when the customers are drawn again" in " ".join(loose.warnings)
    assert (loose.table.low <= loose.table.jaccard).all() and loose.plot() and "draw" in loose._repr_html_()
    few = measure_stability(scaled, 3, draws=5, max_rows=100)
    assert "measured on 100 of 300" in " ".join(few.warnings) and "are few" in " ".join(few.warnings)


@pytest.mark.parametrize(("options", "says"), [({"method": "x"}, "method"), ({"max_rows": 1}, "max_rows")])
def test_settings_of_stability_are_checked(scaled, options, says):
    with pytest.raises(TableError, match=says):
        measure_stability(scaled, 3, **options)


def test_the_jaccard_index_by_hand():
    cells = count_pairs(np.array([1, 1, 1, 2, 2]), np.array([7, 7, 8, 8, 8]))
    assert np.allclose(find_jaccard(cells), [[2 / 3, 1 / 5], [0, 2 / 3]])


def test_a_frame_of_each_result_is_a_copy(scaled):
    found = measure_stability(scaled, 2, draws=2)
    copy = found.to_frame()
    copy["jaccard"] = 0
    assert (found.table.jaccard > 0).all() and isinstance(copy, pd.DataFrame)
