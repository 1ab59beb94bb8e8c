"""Clusters: the planted ones are found, everybody has one, and neither rows nor ids nor seeds of pandas decide."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans

from loyalty.segment.clusters import assign_clusters, cluster_customers, compare_segmentations, scale_features
from loyalty.segment.clusters.fitting import find_nearest, fit_clusters, pick_rows
from loyalty.segment.clusters.grouping import count_distinct
from loyalty.tables.check import TableError

from .conftest import make_table


@pytest.mark.parametrize(("method", "k"), [("k-means", 3), ("mixture", 3), ("ward", 3), ("hdbscan", 20)])
def test_three_groups_far_apart_are_found_by_every_method(groups, scaled, method, k):
    found = cluster_customers(scaled, k, method=method)
    inside = found.table.cluster > 0
    pairs = pd.crosstab(groups.kind[inside], found.table.cluster[inside])
    assert found.k == 3 and pairs.max(axis=1).sum() > 0.98 * inside.sum() and inside.mean() > 0.9
    assert len(found.table) == 300 and found.sizes.customers.sum() == 300


def test_k_means_is_scikit_learns(scaled):
    found = cluster_customers(scaled, 4, seed=3)
    within = ((scaled.values - found.centres.set_index("cluster").loc[found.table.cluster].to_numpy()) ** 2).sum()
    assert within <= KMeans(4, n_init=20, random_state=0).fit(scaled.values).inertia_ * 1.01


@pytest.mark.parametrize(("method", "k"), [("k-means", 5), ("mixture", 4), ("ward", 5), ("hdbscan", 10)])
def test_the_order_of_rows_decides_nothing(groups, method, k):
    one = cluster_customers(scale_features(groups, ["x0", "x1"]), k, method=method, seed=2)
    other = cluster_customers(
        scale_features(groups.sample(frac=1, random_state=7), ["x0", "x1"]), k, method=method, seed=2
    )
    assert one.table.equals(other.table)


@pytest.mark.parametrize(("method", "k"), [("k-means", 7), ("mixture", 6), ("ward", 5), ("hdbscan", 10)])
def test_ids_decide_nothing(cloud, method, k):
    names = ["x0", "x1", "x2"]
    one = cluster_customers(scale_features(cloud, names), k, method=method, seed=2).table.cluster
    ids = np.random.default_rng(5).permutation(len(cloud))
    renamed = cloud.assign(customer_id=[f"C{number:03d}" for number in ids])
    other = cluster_customers(scale_features(renamed, names), k, method=method, seed=2).table.cluster
    assert (one.to_numpy() == other.to_numpy()[ids]).all()


def test_the_agreement_of_the_starts_is_measured_or_not_claimed(scaled, cloud):
    shapeless = scale_features(cloud, ["x0", "x1", "x2"])
    for method in ("k-means", "mixture"):
        assert cluster_customers(scaled, 3, method=method).starts_agree > 0.99
        assert cluster_customers(shapeless, 8, method=method).starts_agree < 0.9
        assert np.isnan(fit_clusters(scaled.values, 3, method, 0, starts=1).starts_agree)
    for method, k in (("ward", 3), ("hdbscan", 20)):
        assert np.isnan(cluster_customers(scaled, k, method=method).starts_agree)
    assert "the starts of the mixture end" in " ".join(cluster_customers(shapeless, 8, method="mixture").warnings)


def test_the_best_start_of_a_mixture_is_taken(cloud):
    values = scale_features(cloud, ["x0", "x1", "x2"]).values
    several = fit_clusters(values, 6, "mixture", 3)
    one = fit_clusters(values, 6, "mixture", 3, starts=1)
    likely = [fitted.place.__self__.score(values) for fitted in (several, one)]
    assert likely[0] >= likely[1]


def test_without_noise_no_noise_is_told():
    values = np.repeat([[0.0, 0.0], [9.0, 9.0]], 50, axis=0) + np.random.default_rng(1).uniform(0, 1, (100, 2))
    clean = cluster_customers(scale_features(make_table(values), ["x0", "x1"], how="plain"), 50, method="hdbscan")
    assert clean.k == 2 and (clean.table.cluster > 0).all() and clean.warnings == ()


def test_clusters_are_numbered_by_the_mean_of_a_feature_the_highest_first(scaled, groups):
    found = cluster_customers(scaled, 3, rank_by="x1")
    means = groups.x1.groupby(found.table.cluster).mean()
    assert means.is_monotonic_decreasing and found.rank_by == "x1"
    assert cluster_customers(scaled, 3).rank_by == "x0"
    money = scale_features(groups.rename(columns={"x1": "monetary"}), ["x0", "monetary"])
    assert cluster_customers(money, 3).rank_by == "monetary"


def test_equal_customers_are_always_together():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, (200, 2)).astype(float)
    features = scale_features(make_table(values), ["x0", "x1"])
    for method, k in (("k-means", 5), ("mixture", 3), ("ward", 5), ("hdbscan", 5)):
        found = cluster_customers(features, k, method=method).table.cluster
        assert (found.groupby([values[:, 0], values[:, 1]]).nunique() == 1).all(), method


def test_noise_is_a_segment_of_its_own_and_is_counted():
    rng = np.random.default_rng(0)
    values = np.vstack([rng.normal(0, 0.1, (60, 2)), rng.normal(5, 0.1, (60, 2)), rng.uniform(-9, 14, (20, 2))])
    found = cluster_customers(scale_features(make_table(values), ["x0", "x1"], how="plain"), 30, method="hdbscan")
    assert found.k == 2 and (found.table.cluster == 0).sum() > 5 and len(found.table) == 140
    assert "are noise, segment 0" in " ".join(found.warnings)
    nothing = cluster_customers(
        scale_features(make_table(rng.uniform(size=(30, 2))), ["x0", "x1"]), 29, method="hdbscan"
    )
    assert nothing.k == 0 and (nothing.table.cluster == 0).all() and "no cluster at all" in " ".join(nothing.warnings)
    assert (assign_clusters(nothing, make_table(rng.uniform(size=(3, 2)))).cluster == 0).all()


@pytest.mark.parametrize(("method", "k"), [("k-means", 3), ("mixture", 3), ("ward", 3), ("hdbscan", 20)])
def test_known_customers_keep_their_cluster_and_new_ones_get_the_nearest(groups, scaled, method, k):
    found = cluster_customers(scaled, k, method=method)
    assert assign_clusters(found, groups).equals(found.table)
    new = pd.DataFrame({"customer_id": ["n"], "x0": [8.2], "x1": [0.1]})
    near = found.table.cluster[(groups.x0 - 8).abs().lt(1) & groups.x1.abs().lt(1)].mode()[0]
    assert assign_clusters(found, new).cluster.tolist() == [near]


def test_the_date_stays_beside_the_customer(groups):
    day = pd.Timestamp("2024-01-01")
    found = cluster_customers(scale_features(groups.assign(as_of=day), ["x0", "x1"]), 3)
    assert (found.table.as_of == day).all()


def test_starts_that_disagree_and_small_clusters_are_told(cloud):
    features = scale_features(cloud, ["x0", "x1", "x2"])
    said = " ".join(cluster_customers(features, 12).warnings)
    assert "starts of k-means end in different clusters" in said and "under 30 customers" in said


@pytest.mark.parametrize(
    ("k", "options", "says"),
    [
        (1, {}, "k should be 2 or more"),
        (301, {}, "only 300 customers differ"),
        (3, {"method": "dbscan"}, "method should be one of"),
        (3, {"rank_by": "money"}, "rank_by should be one of"),
        (400, {"method": "hdbscan"}, "but there are 300"),
    ],
)
def test_settings_that_cannot_be_are_refused(scaled, k, options, says):
    with pytest.raises(TableError, match=says):
        cluster_customers(scaled, k, **options)


def test_more_clusters_than_customers_that_differ_are_refused():
    table = make_table(np.repeat([[0.0, 1.0], [2.0, 3.0]], 50, axis=0))
    with pytest.raises(TableError, match="only 2 customers differ"):
        cluster_customers(scale_features(table, ["x0"]), 3)
    assert count_distinct(table[["x0"]].to_numpy(), 3) == 2


@pytest.mark.slow
def test_large_tables_are_fitted_on_a_part_and_everybody_has_a_cluster():
    rng = np.random.default_rng(0)
    kind = rng.integers(0, 3, 60_000)
    centres = np.array([[0.0, 0], [9, 0], [0, 9]])
    table = make_table(centres[kind] + rng.standard_normal((60_000, 2)))
    features = scale_features(table, ["x0", "x1"], how="plain")
    truth = table[["customer_id"]].assign(segment=kind)
    for method, k in (("k-means", 3), ("mixture", 3), ("ward", 3)):
        found = cluster_customers(features, k, method=method)
        one = found.table.rename(columns={"cluster": "segment"})
        assert compare_segmentations(one, truth, draws=2).ari > 0.99
        assert ("joined the nearest" in " ".join(found.warnings)) is (method != "k-means")


def test_the_nearest_centre_is_found_as_by_all_distances():
    rng = np.random.default_rng(0)
    rows, centres = rng.normal(size=(500, 3)), rng.normal(size=(6, 3))
    assert (find_nearest(rows, centres) == ((rows[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)).all()
    assert find_nearest(rows[:0], centres).shape == (0,)
    assert len(set(pick_rows(100, 10, 1))) == 10
    assert fit_clusters(rows, 2, "k-means", 0).fitted_on == 500
