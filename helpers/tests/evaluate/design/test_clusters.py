"""How alike the customers of a cluster are, and what a test of whole clusters costs."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from loyalty.evaluate.design.clusters import ClusterDesign, bound_icc, measure_clustering
from loyalty.evaluate.design.power import find_size
from loyalty.evaluate.lift.clusters import compare_clusters
from loyalty.stats.clusters import find_icc, sum_clusters
from loyalty.tables.check import TableError


def draw(seed: int, clusters: int, size: int, icc: float) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    store = np.repeat(np.arange(clusters), size)
    luck = rng.normal(0, icc**0.5, clusters)[store]
    return pd.DataFrame({"store": store, "sales": 5 + luck + rng.normal(0, (1 - icc) ** 0.5, len(store))})


def test_the_correlation_is_that_of_a_mixed_model():
    table = draw(1, 60, 12, 0.15)
    found = measure_clustering(table, cluster="store")
    fit = smf.mixedlm("sales ~ 1", table, groups=table["store"]).fit(reml=True, method="powell")  # others do not arrive
    between = float(fit.cov_re.iloc[0, 0])
    assert found.icc == pytest.approx(between / (between + fit.scale), rel=1e-3)  # one thing for clusters of one size
    assert found.low < found.icc < found.high
    assert found.design_effect == pytest.approx(1 + 11 * found.icc)
    assert measure_clustering(duckdb.from_df(table), cluster="store").icc == pytest.approx(found.icc)


@pytest.mark.slow
@pytest.mark.parametrize(("clusters", "size", "icc"), [(12, 10, 0.05), (40, 25, 0.02), (200, 2, 0.3)])
def test_the_interval_covers_the_correlation_as_often_as_it_says(clusters, size, icc):
    held = 0
    for seed in range(20_000, 22_000):
        table = draw(seed, clusters, size, icc)
        side = sum_clusters(table["sales"], table["store"])
        ends = bound_icc(find_icc([side]), side, 0.95)
        held += ends[0] <= icc <= ends[1]
    low, high = stats.binom.ppf([0.0005, 0.9995], 2_000, 0.95) / 2_000
    assert low <= held / 2_000 <= high


@pytest.mark.slow
def test_a_test_planned_with_the_design_effect_has_the_power_that_was_asked_for():
    design = measure_clustering(draw(2, 400, 15, 0.08), cluster="store")
    plan = find_size(sd=1.0, effect=0.25, control=0.5)
    clusters = design.count_clusters(plan.size)
    seen = 0
    for seed in range(30_000, 30_600):
        table = draw(seed, clusters, 15, 0.08)
        treated = (table["store"] % 2 == 0).to_numpy()
        sales = table["sales"].to_numpy() + 0.25 * treated
        sides = [sum_clusters(sales[who], table["store"].to_numpy()[who]) for who in (treated, ~treated)]
        seen += compare_clusters(*sides).p < 0.05
    assert 0.74 < seen / 600 < 0.87  # .80 within what 600 runs and the correlation's own doubt allow


def test_unequal_clusters_cost_more_and_a_correlation_below_zero_costs_nothing():
    even = ClusterDesign(0.05, 0.0, 0.1, 50, mean_size=20, cv=0.0)
    uneven = ClusterDesign(0.05, 0.0, 0.1, 50, mean_size=20, cv=1.0)
    assert uneven.design_effect == pytest.approx(1 + 39 * 0.05) and even.design_effect == pytest.approx(1.95)
    assert ClusterDesign(-0.02, -0.05, 0.01, 50, mean_size=20, cv=0.0).design_effect == 1
    assert "2.0 times" in even.sentence() and even.careful_design_effect == pytest.approx(2.9)


def test_what_cannot_tell_how_alike_customers_are_is_refused_or_said():
    alone = pd.DataFrame({"store": range(9), "sales": range(9)})
    for table in (alone, alone.assign(store=1), alone.head(0)):
        with pytest.raises(TableError):
            measure_clustering(table, cluster="store")
    same = measure_clustering(pd.DataFrame({"store": [1, 1, 2, 2], "sales": 3.0}), cluster="store")
    assert np.isnan(same.icc) and same.warnings[0].startswith("no interval")
    assert not measure_clustering(draw(3, 12, 5, 0.1), cluster="store").warnings
    assert any("only 4 clusters" in text for text in measure_clustering(draw(3, 4, 5, 0.1), cluster="store").warnings)


def test_a_customer_twice_a_name_in_two_spellings_and_customers_all_alike_are_seen():
    table = draw(3, 12, 5, 0.1).assign(customer_id=range(60))
    twice = pd.concat([table, table.head(3)])
    with pytest.raises(TableError, match="customer_id"):
        measure_clustering(twice, cluster="store")
    spelled = table.assign(store=[f"S{name}" if row % 2 else f"s{name}" for row, name in enumerate(table["store"])])
    with pytest.raises(TableError, match="differ only in zeros, blanks or capital letters"):
        measure_clustering(spelled, cluster="store")
    alike = measure_clustering(table.assign(sales=table["store"] * 0.1), cluster="store")
    assert alike.icc == pytest.approx(1) and any(text.startswith("no lower end") for text in alike.warnings)
