"""Agreement, profiles, names, rules and shares of spend."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import adjusted_rand_score

from loyalty.segment.clusters import (
    apply_rules,
    cluster_customers,
    compare_segmentations,
    learn_rules,
    name_clusters,
    profile_clusters,
    share_spend,
)
from loyalty.segment.rules import make_cards
from loyalty.tables.check import TableError


def as_table(labels, column="segment"):
    return pd.DataFrame({"customer_id": range(len(labels)), column: labels})


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=40))
def test_the_index_is_scikit_learns(pairs):
    first, second = zip(*pairs, strict=True)
    found = compare_segmentations(as_table(first), as_table(second), draws=20)
    assert found.ari == pytest.approx(adjusted_rand_score(first, second), abs=1e-9)
    assert -1 <= found.low <= found.high <= 1 and found.table.to_numpy().sum() == len(pairs)


def test_names_order_and_kind_of_segments_do_not_matter():
    labels = np.array([0, 0, 1, 1, 2, 2, 2])
    words = pd.Categorical(np.array(["x", "y", "z"])[labels])
    one = compare_segmentations(as_table(labels), as_table(words).sample(frac=1, random_state=1))
    assert one.ari == one.low == one.high == 1 and "Agreement" in one._repr_html_()
    named = compare_segmentations(as_table(labels, "cluster"), as_table(words, "type"), columns=("cluster", "type"))
    assert named.ari == 1 and named.table.index.name == "cluster"


def test_chance_is_zero_and_the_interval_covers_it():
    rng = np.random.default_rng(0)
    found = compare_segmentations(as_table(rng.integers(0, 5, 4_000)), as_table(rng.integers(0, 4, 4_000)))
    assert abs(found.ari) < 0.01 and found.low < 0.005 < 0.02 > found.high


@pytest.mark.slow
def test_the_interval_of_the_index_covers_the_agreement_of_the_wider_public():
    rng = np.random.default_rng(3)
    kind = rng.integers(0, 3, 200_000)
    other = np.where(rng.random(200_000) < 0.7, kind, rng.integers(0, 3, 200_000))
    truth = adjusted_rand_score(kind, other)
    inside = 0
    for _ in range(400):
        rows = rng.integers(0, 200_000, 500)
        found = compare_segmentations(as_table(kind[rows]), as_table(other[rows]), draws=200)
        inside += found.low <= truth <= found.high
    assert 0.91 <= inside / 400 <= 0.98


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        (as_table([1, 2]), as_table([1, 2, 3]), "1 customer is not in the first table"),
        (as_table([1, 2, 3]), as_table([1, 2]), "1 customer is not in the second table"),
        (as_table([1.0, None]), as_table([1, 2]), "is empty in 1 of 2 rows"),
        (as_table(["a", None]), as_table([1, 2]), "empty"),
        (as_table([1, 2]).assign(customer_id=7), as_table([1, 2]), "more than once"),
        (as_table([]), as_table([1, 2]), "problem"),
        (as_table([1, 2]).assign(customer_id=["a", "b"]), as_table([1, 2]), "customer"),
        (as_table([1, 2], "other"), as_table([1, 2]), "segment"),
    ],
)
def test_tables_that_cannot_be_compared_are_refused(first, second, says):
    with pytest.raises(TableError, match=says):
        compare_segmentations(first, second)


def test_settings_of_the_comparison_are_checked():
    for options, says in (({"columns": ("a",)}, "two names"), ({"level": 1.0}, "level")):
        with pytest.raises(TableError, match=says):
            compare_segmentations(as_table([1, 2]), as_table([1, 2]), **options)
    assert "single segment" in compare_segmentations(as_table([1, 1]), as_table([1, 2])).warnings[0]


@pytest.fixture(scope="module")
def found(scaled):
    return cluster_customers(scaled, 3, rank_by="x0")


def test_profiles_are_the_means_of_the_clusters(found, groups):
    profiles = profile_clusters(found, groups, ["x0", "x1"])
    means = groups[["x0", "x1"]].groupby(found.table.cluster).mean()
    assert np.allclose(profiles.pivot().to_numpy().T, means)
    rows = profiles.table
    assert (rows.low < rows["mean"]).all() and (rows["mean"] < rows.high).all()
    assert np.allclose(rows[rows.column == "x0"].everybody, groups.x0.mean())
    assert profiles.plot() and "intervals" in profiles._repr_html_()


def test_the_interval_of_a_mean_is_that_of_the_whole_package_and_unknown_where_all_are_alike(found, groups):
    people = groups.assign(flag=(found.table.cluster == 1).astype(float).to_numpy())
    rows = profile_clusters(found, people, ["x1", "flag"], level=0.9).table
    x1 = people.x1[found.table.cluster == 2]
    low, high = stats.t.interval(0.9, len(x1) - 1, x1.mean(), stats.sem(x1))
    row = rows[(rows.cluster == 2) & (rows.column == "x1")].iloc[0]
    assert (row.low, row.high) == pytest.approx((low, high)) and row.customers == len(x1)
    assert rows[rows.column == "flag"][["low", "high"]].isna().all(axis=None)
    assert rows.column.tolist() == ["x1", "flag"] * 3 and rows.cluster.is_monotonic_increasing


def test_a_part_of_the_profile_that_is_not_there_is_refused(found, groups):
    profiles = profile_clusters(found, groups, ["x0"])
    assert profiles.pivot("everybody").notna().all(axis=None)
    with pytest.raises(TableError, match="mean, low, high, everybody, shift, found 'nope'"):
        profiles.pivot("nope")


@pytest.mark.slow
def test_the_interval_of_a_mean_covers_it():
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(300):
        table = pd.DataFrame({"customer_id": range(80), "x0": np.repeat([0, 9.0], 40) + rng.random(80) / 9})
        table["money"] = rng.gamma(4, 5, 80)
        from loyalty.segment.clusters import scale_features

        made = cluster_customers(scale_features(table, ["x0"]), 2)
        row = profile_clusters(made, table, ["money"]).table.iloc[0]
        inside += row.low <= 20 <= row.high
    assert 0.91 <= inside / 300 <= 0.98


def test_a_cluster_of_one_has_no_interval_and_small_ones_are_told():
    from loyalty.segment.clusters import scale_features

    table = pd.DataFrame({"customer_id": range(5), "x0": [1.0, 2, 3, 4, 99]})
    profiles = profile_clusters(cluster_customers(scale_features(table, ["x0"]), 2), table, ["x0"])
    assert np.isnan(profiles.table.low.iloc[0]) and "under 30 customers" in profiles.warnings[0]
    assert "?" in profiles._repr_html_()


def test_names_come_from_the_profile_and_a_persons_names_are_checked(found, groups):
    profiles = profile_clusters(found, groups, ["x0", "x1"])
    segments = name_clusters(profiles).segment
    assert segments.nunique() == 3 and segments.str.startswith("1: high x0").sum() == 100
    day = pd.Timestamp("2024-01-01")
    chosen = name_clusters(profiles, {1: "right", 2: " up ", 3: "home"}, version="2")
    assert set(chosen.segment) == {"right", "up", "home"} and (chosen.version == "2").all()
    profile = groups[["customer_id"]].assign(as_of=day, recency_days=3.0, frequency=2, monetary=5.0)
    cards = make_cards(chosen.assign(as_of=day), profile, actions={"right": "a", "up": "b", "home": "c"})
    assert cards.table.customers.sum() == 300


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({1: "a", 2: "b"}, "cluster 3 has no name"),
        ({1: "a", 2: "b", 3: "  "}, "cluster 3 has no name"),
        ({1: "a", 2: "a", 3: "b"}, "two clusters are called 'a'"),
        ({1: "a", 2: "b", 3: "c", 4: "d"}, "there is no cluster 4"),
        ({"1": "a", "2": "b", "3": "c"}, r"numbers of clusters, as in \{1: …\}, found '1', a text"),
    ],
)
def test_names_that_cannot_be_are_refused(found, groups, names, says):
    with pytest.raises(TableError, match=says):
        name_clusters(profile_clusters(found, groups, ["x0"]), names)


def test_rules_say_the_clusters_in_words_and_are_judged_on_customers_held_out(found, groups):
    rules = learn_rules(found, groups, ["x0", "x1"])
    assert rules.fidelity > 0.97 and rules.low <= rules.fidelity <= rules.high and rules.n_held_out == 90
    assert rules.table.customers.sum() == 90 and set(rules.table.cluster) == {1, 2, 3}
    assert 0.3 < rules.largest < 0.7 and rules.plot() and "rules" in rules._repr_html_()
    applied = apply_rules(rules, groups.sample(frac=1, random_state=3))
    assert (applied.cluster == found.table.cluster).mean() > 0.97 and len(applied) == 300
    by_words = groups.query("x0 > 5").customer_id
    assert (applied.set_index("customer_id").loc[by_words].cluster == 1).all()


def test_too_few_rules_are_told(found, groups):
    poor = learn_rules(found, groups, ["x0", "x1"], max_rules=2)
    assert "no rule leads to cluster" in " ".join(poor.warnings)
    blind = learn_rules(found, groups.assign(noise=np.random.default_rng(0).random(300)), ["noise"])
    assert blind.fidelity < 0.7 and "another cluster" in " ".join(blind.warnings)


@pytest.mark.parametrize(
    ("options", "says"),
    [({"max_rules": 1}, "max_rules"), ({"min_customers": 0}, "min_customers"), ({"held_out": 0.95}, "held_out")],
)
def test_settings_of_rules_are_checked(found, groups, options, says):
    with pytest.raises(TableError, match=says):
        learn_rules(found, groups, ["x0"], **options)


def test_other_customers_are_refused(found, groups):
    with pytest.raises(TableError, match="1 customer is not in the table"):
        profile_clusters(found, groups.iloc[1:], ["x0"])
    more = pd.concat([groups, groups.head(1).assign(customer_id=999)])
    with pytest.raises(TableError, match="1 customer is not in the clustering"):
        learn_rules(found, more, ["x0"])
    with pytest.raises(TableError, match="rename `cluster`"):
        profile_clusters(found, groups.assign(cluster=1), ["cluster"])
    with pytest.raises(TableError, match="level"):
        profile_clusters(found, groups, ["x0"], level=2.0)


RECEIPTS = pd.DataFrame(
    {
        "customer_id": [1, 1, 1, 2, 3, 3],
        "time": pd.to_datetime(["2024-01-02"] * 3 + ["2024-01-03", "2024-01-04", "2024-03-01"]),
        "sales": [6.0, 3.0, 1.0, 5.0, -2.0, 50.0],
        "product_id": [1, 2, 9, 1, 2, 1],
    }
)
PRODUCTS = pd.DataFrame({"product_id": [1, 2, 3], "department": ["bread", "soap", "toys"]})


def test_shares_of_spend_by_hand():
    shares = share_spend(RECEIPTS, PRODUCTS, "2024-02-01")
    assert list(shares.columns) == ["customer_id", "as_of", "bread", "soap", "(other)"]
    assert shares.iloc[0, 2:].tolist() == [0.6, 0.3, 0.1] and shares.iloc[1, 2:].tolist() == [1, 0, 0]
    assert shares.iloc[2, 2:].isna().all()  # only returned goods: no shares, and not lost either
    assert "1 customers kept nothing" in shares.attrs["warnings"][0]
    one = share_spend(RECEIPTS, PRODUCTS, "2024-04-01", most=1)
    assert list(one.columns[2:]) == ["bread", "(other)"] and np.allclose(one.iloc[:, 2:].sum(axis=1), 1)


@pytest.mark.parametrize(
    ("receipts", "products", "options", "says"),
    [
        (RECEIPTS.drop(columns="product_id"), PRODUCTS, {}, "no column `product_id`"),
        (RECEIPTS, PRODUCTS, {"by": "shelf"}, "shelf"),
        (RECEIPTS, PRODUCTS, {"most": 0}, "most should be 1 or more"),
        (RECEIPTS[RECEIPTS.time > "2024-02-01"], PRODUCTS, {}, "no line is before"),
        (RECEIPTS, PRODUCTS.assign(product_id=["a", "b", "c"]), {}, "product"),
        (RECEIPTS, PRODUCTS.assign(product_id=1), {}, "more than once"),
    ],
)
def test_shares_refuse_what_they_cannot_read(receipts, products, options, says):
    with pytest.raises(TableError, match=says):
        share_spend(receipts, products, "2024-02-01", **options)
