"""Customers who were drawn together: against the matrices of the definition, coverage, and what is refused."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[4] / "benchmarks"))
import clusters as benchmark  # noqa: E402

from loyalty.evaluate.lift.clusters import _Deals, compare_clusters, find_df
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.money.profit import campaign_money, compare_money
from loyalty.stats.clusters import find_icc, sum_clusters
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError


def draw(seed: int, stores: int, mean_size: float, noise: float = 1.0, effect: float = 0.0) -> pd.DataFrame:
    """Customers of stores of unequal sizes; each store has luck of its own, and most customers buy nothing."""
    rng = np.random.default_rng(seed)
    size = 2 + rng.poisson(mean_size * rng.lognormal(-0.125, 0.5, 2 * stores))
    store = np.repeat(np.arange(2 * stores), size)
    treated = rng.permutation(2 * stores) < stores
    luck = rng.normal(0, noise, 2 * stores)[store]
    sales = np.where(rng.random(len(store)) < 0.4, rng.lognormal(2, 0.8, len(store)), 0.0) + luck
    arm = np.where(treated[store], "mail", "control")
    return pd.DataFrame({"arm": arm, "store": store, "sales": sales + effect * treated[store]})


def follow_definition(y: np.ndarray, t: np.ndarray, g: np.ndarray) -> tuple[float, float, float]:
    """CR2 by its matrices, without any short cut: effect, standard error, degrees of freedom."""
    x = np.column_stack([np.ones(len(y)), t])
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    residual = y - x @ beta
    hat = x @ bread @ x.T
    meat = np.zeros((2, 2))
    columns = []
    for name in np.unique(g):
        rows = np.flatnonzero(g == name)
        values, vectors = np.linalg.eigh(np.eye(len(rows)) - hat[np.ix_(rows, rows)])
        root = vectors @ np.diag(values**-0.5) @ vectors.T
        moved = x[rows].T @ root @ residual[rows]
        meat += np.outer(moved, moved)
        columns.append((np.eye(len(y)) - hat)[:, rows] @ root @ x[rows] @ bread @ [0, 1])
    products = np.array(columns) @ np.array(columns).T
    df = np.trace(products) ** 2 / (products**2).sum()
    return beta[1], np.sqrt((bread @ meat @ bread)[1, 1]), df


@pytest.mark.parametrize("seed", range(4))
def test_error_and_degrees_of_freedom_are_those_of_the_definition(seed):
    table = draw(seed, 11, 6)
    found = measure_lift(table, cluster="store")
    effect, se, df = follow_definition(
        table["sales"].to_numpy(), (table["arm"] == "mail").to_numpy(float), table["store"].to_numpy()
    )
    assert (found.effect, found.se, found.details["df"]) == pytest.approx((effect, se, df), rel=1e-9)
    reach = stats.t.ppf(0.975, df) * se
    assert (found.low, found.high) == pytest.approx((effect - reach, effect + reach), rel=1e-9)


def test_with_many_clusters_it_is_what_statsmodels_says_of_clustered_errors():
    table = draw(5, 400, 3)
    x = sm.add_constant((table["arm"] == "mail").astype(float))
    fit = sm.OLS(table["sales"], x).fit(cov_type="cluster", cov_kwds={"groups": table["store"]})
    found = measure_lift(table, cluster="store")
    assert found.effect == pytest.approx(fit.params["arm"], rel=1e-9)
    assert found.se == pytest.approx(fit.bse["arm"], rel=0.01)


def test_clusters_of_one_customer_each_are_a_welch_test():
    table = draw(6, 60, 4).reset_index(names="who")
    found = measure_lift(table, cluster="who")
    plain = measure_lift(table, interval="welch")
    assert (found.effect, found.se) == pytest.approx((plain.effect, plain.se), rel=1e-9)


def test_a_ratio_of_sums_has_the_delta_methods_error_by_cluster():
    table = draw(7, 40, 5).assign(orders=lambda rows: 1 + (rows["sales"] > 5))
    found = measure_lift(table, outcome="sales", per="orders", cluster="store")
    plain = measure_lift(table, outcome="sales", per="orders")
    assert found.effect == pytest.approx(plain.effect, rel=1e-9) and found.se > plain.se
    ours = table[table["arm"] == "mail"].groupby("store")[["sales", "orders"]].sum()
    error = (ours["sales"] - ours["sales"].sum() / ours["orders"].sum() * ours["orders"]) / ours["orders"].sum()
    theirs = found.details["se_control"]
    leverage = ours["orders"] / ours["orders"].sum()
    assert found.se**2 - theirs**2 == pytest.approx((error**2 / (1 - leverage)).sum(), rel=1e-9)


def test_the_correlation_within_stores_is_that_of_the_analysis_of_variance():
    table = draw(8, 30, 12)
    within = table.groupby("arm")
    sides = [sum_clusters(rows["sales"], rows["store"]) for _, rows in within]
    table["left"] = table["sales"] - within["sales"].transform("mean")
    groups = [rows["left"].to_numpy() for _, rows in table.groupby("store")]
    n = np.array([len(rows) for rows in groups])
    between = sum(len(rows) * rows.mean() ** 2 for rows in groups) / 58
    inside = sum(((rows - rows.mean()) ** 2).sum() for rows in groups) / (n.sum() - 60)
    arms = table.groupby("arm")["store"].value_counts()
    size = (n.sum() - sum((arms[arm] ** 2).sum() / arms[arm].sum() for arm in ("mail", "control"))) / 58
    assert find_icc(sides) == pytest.approx((between - inside) / (between + (size - 1) * inside), rel=1e-9)


def test_few_clusters_are_dealt_again_in_all_ways():
    means = np.array([1.0, 2, 3, 4, 9, 10, 11, 12])  # the four highest were treated: the most extreme of 70 deals
    table = pd.DataFrame({"sales": np.repeat(means, 2), "store": np.repeat(np.arange(8), 2)})
    table["arm"] = np.where(table["store"] > 3, "mail", "control")
    found = measure_lift(table, cluster="store")
    assert found.p == pytest.approx(2 / 70) and found.details["deals"] == 70
    assert "randomisation test" in found.method and found.low > 0
    # Its ends are where the test begins to refuse: there as few deals are as extreme as .05 allows
    sides = [sum_clusters(rows["sales"], rows["store"]) for _, rows in sorted(table.groupby("arm"), reverse=True)]
    deals = _Deals.of(*sides)
    for end, way in ((found.low, -1), (found.high, 1)):
        assert deals.test(end + way * 0.01) <= 0.05 < deals.test(end - way * 0.01)
    assert found.low < found.effect < found.high


def test_three_against_three_are_refused_because_no_result_could_be_told_from_chance():
    table = draw(9, 3, 50)
    with pytest.raises(TableError, match="20 ways, so that p is never under 0.1"):
        measure_lift(table, cluster="store")
    assert measure_lift(draw(9, 4, 50), cluster="store").details["deals"] == 70
    assert measure_lift(table, cluster="store", level=0.9).details["deals"] == 20  # where .1 is enough


def test_what_was_not_drawn_as_a_whole_is_refused_and_what_is_missing_is_said():
    table = draw(10, 12, 5)
    mixed = table.assign(arm=["mail", "control"] * (len(table) // 2) + ["mail"] * (len(table) % 2))
    with pytest.raises(TableError, match="stand in two groups"):
        measure_lift(mixed, cluster="store")
    with pytest.raises(TableError, match="there is no column `city`"):
        measure_lift(table, cluster="city")
    with pytest.raises(TableError, match="is empty for"):
        measure_lift(table.assign(store=table["store"].where(table["store"] > 2)), cluster="store")
    with pytest.raises(ValueError, match="clusters have their own interval"):
        measure_lift(table, cluster="store", interval="welch")


@pytest.mark.parametrize("make", [lambda rows: duckdb.from_df(rows), lambda rows: rows.sample(frac=1, random_state=1)])
def test_any_engine_and_order_give_the_same(make):
    table = draw(11, 12, 5)
    found, other = measure_lift(table, cluster="store"), measure_lift(make(table), cluster="store")
    assert (other.effect, other.low, other.high) == pytest.approx((found.effect, found.low, found.high), rel=1e-9)
    few, shuffled = draw(11, 6, 5), make(draw(11, 6, 5))
    assert measure_lift(shuffled, cluster="store").p == pytest.approx(measure_lift(few, cluster="store").p)


def test_rates_and_several_arms_and_segments_are_compared_cluster_by_cluster():
    table = draw(12, 40, 5).assign(bought=lambda rows: (rows["sales"] > 3).astype(int))
    table["segment"] = np.where(table["store"] % 2 == 0, "north", "south")
    rate = measure_lift(table, outcome="bought", cluster="store")
    assert rate.is_rate and rate.details["clusters_treated"] == 40
    third = table.assign(arm=table["arm"].mask((table["arm"] == "mail") & (table["store"] % 4 < 2), "sms"))
    both = measure_lift(third, cluster="store").table.set_index("arm")
    for arm in ("mail", "sms"):
        alone = measure_lift(third[third["arm"].isin([arm, "control"])], cluster="store")
        assert (both.loc[arm, "low"], both.loc[arm, "high"]) == pytest.approx((alone.low, alone.high))
    found = measure_lift(table, by="segment", cluster="store")
    assert len(found) == 2 and found.table["low"].notna().all()


def test_one_store_that_holds_most_of_a_group_is_named():
    table = draw(13, 12, 5)
    large = table.assign(store=np.where((table["arm"] == "mail") & (table["store"] % 3 > 0), 0.5, table["store"]))
    assert any("the answer leans on it" in text for text in measure_lift(large, cluster="store").warnings)


@settings(max_examples=15)
@given(st.integers(2, 6), st.integers(4, 7), st.integers(0, 10_000), st.sampled_from([0.0, 1.0, 1e9]))
def test_whatever_the_stores_hold_the_interval_holds_the_effect(size, stores, seed, scale):
    rng = np.random.default_rng(seed)
    ours, theirs = (
        sum_clusters(scale * rng.normal(size=size * stores), np.repeat(np.arange(stores), size)) for _ in range(2)
    )
    found = compare_clusters(ours, theirs)
    if scale == 0:
        assert np.isnan(found.low) and any(text.startswith("no interval") for text in found.warnings)
    else:
        assert found.low <= found.effect <= found.high and 0 < found.p <= 1
        assert find_df(ours, theirs) == pytest.approx(2 * (stores - 1))


# --- Coverage --------------------------------------------------------------------------------------


EFFECT = benchmark.EFFECT
# Bounds as statistics.md has them. The first 2,000 seeds were fixed first; on them alone the third cell held 93.4
CELLS = [
    (6, 20, "added"),
    (12, 30, "added"),
    (20, 10, "added"),
    (40, 25, "heavy"),
    (15, 30, "heavy"),
    (30, 30, "sizes"),
]
SEEDS = [*range(2_000), *range(10_000, 14_000)]


@pytest.mark.slow
@pytest.mark.parametrize(("stores", "size", "luck"), CELLS)
def test_intervals_cover_as_often_as_they_say(stores, size, luck):
    seeds = SEEDS[:300] if stores < 10 else SEEDS
    count = len(seeds)
    covered = 0
    for seed in seeds:
        found = compare_clusters(*benchmark.draw(seed, benchmark.Cell(stores, size, luck)))
        covered += found.low <= EFFECT <= found.high
    low, high = stats.binom.ppf([0.0005, 0.9995], count, 0.95) / count
    assert min(low, 0.93) <= covered / count <= max(high, 0.97), covered / count


@pytest.mark.slow
def test_of_lotteries_among_few_stores_one_in_twenty_is_taken_for_an_effect():
    count = 400
    seen = 0
    for seed in range(10_000, 10_000 + count):
        sides = benchmark.draw(seed, benchmark.Cell(5, 20, "heavy"))
        moved = replace(sides[0], total=sides[0].total - EFFECT * sides[0].size)
        seen += compare_clusters(moved, sides[1]).p <= 0.05
    low, high = stats.binom.ppf([0.0005, 0.9995], count, 12 / 252)  # of 252 deals the 12 most extreme
    assert low <= seen <= high


@pytest.mark.slow
def test_households_taken_for_customers_cover_too_little_and_this_is_what_clusters_mend():
    covered = {"customers": 0, "households": 0}
    for seed in range(10_000, 10_500):
        rng = np.random.default_rng(seed)
        size = rng.integers(1, 6, 800)
        home = np.repeat(np.arange(800), size)
        sales = rng.lognormal(2, 0.8, len(home)) + rng.normal(0, 8, 800)[home]
        treated = (rng.permutation(800) < 400)[home]
        plain = compare_means(sales[treated], sales[~treated])
        covered["customers"] += plain.low <= 0 <= plain.high
        sides = [sum_clusters(sales[who], home[who]) for who in (treated, ~treated)]
        found = compare_clusters(*sides)
        covered["households"] += found.low <= 0 <= found.high
    assert covered["customers"] < 0.85 * 500 and 0.92 * 500 <= covered["households"] <= 0.975 * 500


def test_the_profit_of_stores_is_that_of_their_margin_less_what_a_contact_costs():
    table, few = (
        draw(seed, stores, 20, noise=4.0).assign(
            customer_id=lambda rows: range(len(rows)), margin=lambda rows: rows["sales"] / 2
        )
        for seed, stores in ((14, 14), (15, 5))
    )
    costs = {"reward_cost": 0, "point_cost": 0, "contact_cost": 0.25}
    money = campaign_money(table, **costs, cluster="store")
    lift = measure_lift(table, outcome="margin", cluster="store")
    assert (money.profit.low, money.profit.high) == pytest.approx((lift.low - 0.25, lift.high - 0.25))
    assert money.profit.se > 1.5 * campaign_money(table, **costs).profit.se
    money = campaign_money(few, **costs, cluster="store")
    lift = measure_lift(few, outcome="margin", cluster="store")
    assert "randomisation test" in money.profit.method
    assert (money.profit.low, money.profit.high) == pytest.approx((lift.low - 0.25, lift.high - 0.25), abs=1e-2)
    assert compare_money(few, **costs, cluster="store")["low"].iloc[0] == pytest.approx(money.profit.low)
    with pytest.raises(TableError, match="there is no column `shop`"):
        campaign_money(few, **costs, cluster="shop")


ALIKE_HOUSES = pd.DataFrame(
    {"arm": np.repeat(["mail", "control"], 30), "store": np.repeat(np.arange(12), 5), "sales": 0.0}
)


@pytest.mark.parametrize("houses", [12, 60])
@pytest.mark.parametrize("sales", [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.3, 0.7)])
def test_customers_who_are_all_alike_have_no_interval_and_rounding_is_no_spread(houses, sales):
    """The sum of ten times 0.1 is not 1; an earlier search for the interval's end never came back."""
    table = ALIKE_HOUSES.assign(store=np.arange(60) * houses // 60)
    table["sales"] = np.where(table["arm"] == "mail", *sales)
    lift = measure_lift(table, cluster="store")
    assert np.isnan([lift.low, lift.high, lift.p]).all()
    assert any(text.startswith("no interval") for text in lift.warnings)
    options = {"margin_rate": 0.3, "contact_cost": 0.1, "reward_cost": 0.0, "point_cost": 0.0}
    money = campaign_money(table, cluster="store", **options)
    alone = campaign_money(table, **options)
    assert money.profit.effect == pytest.approx(alone.profit.effect)
    assert np.isnan([money.profit.low, money.profit.high]).all() and money.verdict == "open"


@given(
    st.integers(1, 12), st.sampled_from([1e-9, 0.1, 1 / 3, 7.7, 1e9]), st.sampled_from([2, 5, 12]), st.integers(0, 9)
)
@settings(max_examples=40, deadline=None)
def test_one_value_for_all_is_no_spread_whatever_the_value_and_the_sizes(size, value, stores, seed):
    sizes = np.random.default_rng(seed).integers(1, size + 1, 2 * stores)
    names = np.repeat(np.arange(2 * stores), sizes)
    side = sum_clusters(np.full(len(names), value), names)
    assert not side.residuals.any()


def test_few_buyers_are_said_of_clusters_as_of_customers():
    table = pd.DataFrame({"arm": np.repeat(["mail", "control"], 200), "store": np.repeat(np.arange(40), 10)})
    table["sales"] = 0.0
    table.loc[[0, 200, 201], "sales"] = [9.0, 3.0, 2.0]
    few = "fewer than 20 customers with a value other than zero in one group"
    assert few in measure_lift(table, cluster="store").warnings
    options = {"margin_rate": 0.3, "contact_cost": 0.1, "reward_cost": 0.0, "point_cost": 0.0}
    assert few in campaign_money(table, cluster="store", **options).warnings, "what a contact costs makes no buyer"


@pytest.mark.parametrize("name", ["arm", "propensity", "control_kind", "segment", "weight", "stratum", "sales"])
def test_a_column_with_another_meaning_cannot_say_who_was_drawn_together(name):
    table = ALIKE_HOUSES.assign(**{name: ALIKE_HOUSES.get(name, 1)})
    with pytest.raises(TableError, match=f"`{name}`.* cannot say who"):
        measure_lift(table, cluster=name)
    with pytest.raises(TableError, match=f"`{name}`.* cannot say who"):
        campaign_money(table, cluster=name, margin_rate=0.3)


@pytest.mark.parametrize(("one", "other"), [("S00 ", "s00"), ("0", "00"), (0.0, "0")])
def test_two_spellings_of_one_name_are_refused(one, other):
    table = ALIKE_HOUSES.assign(store=ALIKE_HOUSES["store"].astype(object))
    table["store"] = [one] * 3 + [other] * 2 + [f"shop {name}" for name in table["store"][5:]]
    for measure, options in ((measure_lift, {}), (campaign_money, {"margin_rate": 0.3})):
        with pytest.raises(TableError, match="differ only in zeros, blanks or capital letters"):
            measure(table, cluster="store", **options)


def test_an_arm_or_a_segment_with_too_few_clusters_is_left_out_of_the_money_and_said():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"store": np.repeat(np.arange(34), 10), "sales": rng.gamma(1, 9, 340)})
    table["arm"] = np.select([table["store"] < 16, table["store"] < 32], ["mail", "control"], "push")
    options = {"margin_rate": 0.3, "contact_cost": 0.1, "reward_cost": 0.0, "point_cost": 0.0, "cluster": "store"}
    found = compare_money(table.query("arm != 'push' or store == 33"), **options)
    assert (
        list(found["arm"]) == ["mail"]
        and "no comparison of push: there are 1 values of `store` that" in found.attrs["warnings"][0]
    )
    table["kind"] = np.where(table["store"].isin([0, 16]), "city", "land")
    both = compare_money(table.query("arm != 'push'"), by="kind", **options)
    assert list(both["segment"]) == ["land"] and "in `city`" in both.attrs["warnings"][0]
    with pytest.raises(TableError, match="no comparison of mail"):
        compare_money(table.query("store in (0, 16)"), **options)
