"""Scaling: units do not matter, skew is taken out, nothing falls out silently."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.segment.clusters import scale_features
from loyalty.segment.clusters.scaling import ROUNDING
from loyalty.tables.check import TableError

TABLE = pd.DataFrame({"customer_id": [3, 1, 2], "visits": [3, 1, 2], "money": [9_000.0, 5.0, 50.0]})


def test_the_unit_of_a_column_does_not_matter():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"customer_id": range(200), "balance": rng.normal(size=200)})
    euros = scale_features(table, ["balance"]).values
    cents = scale_features(table.assign(balance=100 * table.balance), ["balance"]).values
    assert np.allclose(euros, cents)


def test_median_is_zero_and_the_quartiles_of_a_normal_column_lie_where_they_should():
    values = np.random.default_rng(0).normal(50, 7, 100_000)
    found = scale_features(pd.DataFrame({"customer_id": range(100_000), "a": values}), ["a"]).values[:, 0]
    assert np.median(found) == pytest.approx(0, abs=1e-9) and found.std() == pytest.approx(1, abs=0.01)


def test_auto_takes_logarithms_of_skewed_columns_without_negative_values_only():
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"customer_id": range(500), "money": np.exp(rng.normal(size=500))})
    table["even"] = rng.normal(100, 5, 500)
    table["losses"] = table.money - 1
    recipe = scale_features(table, ["money", "even", "losses"]).recipe.set_index("column")
    assert recipe.how.to_dict() == {"money": "log", "even": "plain", "losses": "plain"}


def test_roots_of_shares_are_not_divided_by_anything():
    table = pd.DataFrame({"customer_id": [1, 2], "bread": [0.25, 1.0], "soap": [0.75, 0.0]})
    assert np.allclose(scale_features(table, ["bread", "soap"], how="root").values, [[0.5, 0.75**0.5], [1, 0]])


def test_the_order_of_rows_and_the_kind_of_ids_do_not_matter():
    expected = scale_features(TABLE, ["visits", "money"]).table
    shuffled = scale_features(TABLE.sample(frac=1, random_state=4), ["visits", "money"]).table
    assert expected.equals(shuffled) and expected.customer_id.tolist() == [1, 2, 3]
    text = scale_features(TABLE.assign(customer_id=["c", "a", "b"]), ["visits", "money"])
    assert np.array_equal(text.values, expected[["visits", "money"]].to_numpy())
    relation = duckdb.from_df(TABLE)
    assert np.allclose(scale_features(relation, ["visits", "money"]).values, text.values)


def test_a_ruler_gives_new_customers_the_old_scale():
    known = scale_features(TABLE, ["visits", "money"])
    again = scale_features(TABLE, ruler=known)
    assert np.array_equal(known.values, again.values)
    alone = scale_features(TABLE.iloc[[0]], ruler=known)
    assert np.array_equal(alone.values[0], known.values[2])


def test_constant_columns_are_dropped_and_named_and_codes_and_twins_are_told():
    table = TABLE.assign(country=1, store_id=[400, 390, 31_000], cents=100 * TABLE.money)
    made = scale_features(table, ["visits", "country", "store_id", "money", "cents"])
    assert made.dropped == ("country",) and "country" not in made.columns
    said = " ".join(made.warnings)
    assert "`country` is 1 for everybody" in said and "`store_id` looks like a code" in said
    assert "`money` and `cents` rank the customers alike" in said
    assert "made" not in made._repr_html_() and "in one unit" in made._repr_html_()


@pytest.mark.parametrize(
    ("table", "columns", "how", "says"),
    [
        (TABLE.assign(money=[1.0, None, 2.0]), ["money"], "auto", "is empty in 1 of 3 rows"),
        (TABLE.assign(money=[1.0, np.inf, 2.0]), ["money"], "auto", "is infinite"),
        (TABLE.assign(money=["a", "b", "c"]), ["money"], "auto", "no number"),
        (TABLE.assign(customer_id=1), ["money"], "auto", "comes more than once"),
        (TABLE.assign(money=[-1.0, 2.0, 3.0]), ["money"], "log", "is negative in 1 of 3 rows"),
        (TABLE.assign(money=[-1.0, 2.0, 3.0]), ["money"], "root", "is negative in 1 of 3 rows"),
        (TABLE, ["visits", "visits"], "auto", "named twice"),
        (TABLE, ["customer_id"], "auto", "is no feature"),
        (TABLE.assign(cluster=[1, 2, 3]), ["visits", "cluster"], "auto", "rename `cluster`"),
        (TABLE, [], "auto", "name at least one column"),
        (TABLE, ["visits"], "cube", "how should be one of"),
        (TABLE, ["visits"], {"money": "log"}, "not among the columns"),
        (TABLE.assign(visits=1), ["visits"], "auto", "nothing to cluster"),
        (TABLE.head(0), ["visits"], "auto", "no customer"),
        (TABLE, ["gone"], "auto", "gone"),
    ],
)
def test_bad_tables_are_refused_in_words(table, columns, how, says):
    with pytest.raises(TableError, match=says):
        scale_features(table, columns, how=how)


def test_a_spike_in_the_middle_is_no_unit():
    """The quartiles lay in the spike: the others stood 3 billion units away."""
    rng = np.random.default_rng(0)
    half = np.r_[rng.normal(5, 1e-9, 260), rng.normal(5, 3, 140)]
    spike = np.r_[rng.normal(0, 0.01, 240), rng.normal(0, 1, 160)]
    heavy = rng.standard_cauchy(400)
    table = pd.DataFrame({"customer_id": range(400), "half": half, "spike": spike, "heavy": heavy})
    made = scale_features(table, ["half", "spike", "heavy"], how="plain")
    spread = made.recipe.set_index("column")["spread"]
    assert spread["half"] == pytest.approx(half.std()) and spread["spike"] == pytest.approx(spike.std())
    assert spread["heavy"] < 2 < heavy.std()  # long tails are no spike: a few huge customers do not set the unit
    assert np.abs(made.values[:, :2]).max() < np.sqrt(399)  # nobody of 400 stands more standard deviations away


def test_rounding_is_no_feature():
    sums = np.array([0.1 + 0.2, 0.3, 0.15 + 0.15, 0.1 + 0.1 + 0.1])
    assert len(set(sums)) > 1
    made = scale_features(TABLE.assign(share=sums[:3]), ["visits", "share"])
    assert made.dropped == ("share",) and "`share` is 0.3 for everybody" in made.warnings[0]
    near = pd.DataFrame({"customer_id": range(9), "a": 1e12 + 2 * np.arange(9)})
    assert np.ptp(scale_features(near, ["a"], how="log").values) < 1e-6  # lost in the logarithm's rounding


def test_numbers_that_no_customer_has_are_refused_in_words():
    huge = TABLE.assign(visits=[1e300, 1.0, 2.0])
    for how in ("auto", "plain", "log"):
        with pytest.raises(TableError, match=r"`visits` holds numbers as large as 1e\+300.*check its unit"):
            scale_features(huge, ["visits", "money"], how=how)
    known = scale_features(TABLE.assign(visits=[1e-9, 2e-9, 3e-9]), ["visits"], how="plain")
    with pytest.raises(TableError, match="so far from those of the recipe"):
        scale_features(TABLE.assign(visits=1e25), ruler=known)


def test_some_customers_keep_the_recipe_of_all():
    made = scale_features(TABLE, ["visits", "money"])
    part = made.take(np.array([0, 2]))
    assert part.table.customer_id.tolist() == [1, 3] and part.recipe.equals(made.recipe)
    assert np.array_equal(part.values, made.values[[0, 2]])


def test_new_customers_with_values_that_the_recipe_cannot_take_are_refused():
    known = scale_features(TABLE, ["money"], how="log")
    with pytest.raises(TableError, match="negative values"):
        scale_features(TABLE.assign(money=-5.0), ruler=known)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=20), st.sampled_from(["auto", "plain"]))
def test_any_finite_column_becomes_finite_or_is_dropped(values, how):
    table = pd.DataFrame({"customer_id": range(len(values)), "a": values})
    if max(values) - min(values) <= ROUNDING * max(abs(value) for value in values):
        with pytest.raises(TableError, match="nothing to cluster"):
            scale_features(table, ["a"], how=how)
        return
    made = scale_features(table, ["a"], how=how)
    assert len(made.table) == len(values) and np.isfinite(made.values).all()
    order = np.argsort(values, kind="stable")
    assert (np.diff(made.values[order, 0]) >= 0).all()
