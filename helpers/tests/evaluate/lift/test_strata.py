"""Strata with unequal chances: by hand, by regression, merged, left out; in segments, arms, rates, ratios and money."""

import duckdb
import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.evaluate.lift.compare import compare_sums, compare_weighted
from loyalty.evaluate.lift.measure import measure_lift, measure_lifts
from loyalty.evaluate.lift.strata import (
    Strata,
    Stratum,
    compare_stratified_sums,
    count_strata,
    find_chance_of_shares,
    plan_strata,
    sum_rows,
)
from loyalty.evaluate.money.profit import campaign_money, compare_money
from loyalty.stats.intervals import wilson
from loyalty.tables.check import TableError

CHANCES = {"new": 0.05, "old": 0.3, "vip": 0.5}  # of control
FREE = {"contact_cost": 0, "reward_cost": 0, "point_cost": 0}


def draw(seed=0, size=6_000, chances=CHANCES, gain=1.0):
    """Customers of strata that differ in spend, and each one's arm by the chance of the stratum."""
    rng = np.random.default_rng(seed)
    at = rng.choice(
        len(chances), size, p=np.array([0.6, 0.3, 0.1][: len(chances)]) / sum([0.6, 0.3, 0.1][: len(chances)])
    )
    chance = np.array(list(chances.values()))[at]
    treated = rng.random(size) >= chance
    orders = rng.poisson(0.5 + at) * 1.0
    sales = orders * rng.gamma(2, 5, size) + gain * treated * (orders > 0)
    table = pd.DataFrame({"arm": np.where(treated, "mail", "control"), "stratum": np.array(list(chances))[at]})
    table["propensity"] = np.where(treated, 1 - chance, chance)
    return table.assign(sales=sales, orders=orders, responded=orders > 0)


def split(table, name="sales"):
    """The numbers of each stratum: share of all, treated, control."""
    for _, rows in table.groupby("stratum"):
        mail = rows["arm"] == "mail"
        yield len(rows) / len(table), rows.loc[mail, name].to_numpy(float), rows.loc[~mail, name].to_numpy(float)


# --- Independent computations --------------------------------------------------------------------


def test_effect_error_and_degrees_of_freedom_are_those_computed_by_hand():
    table = draw()
    found = measure_lift(table)
    effects, variances, squares, shares = [], [], [], []
    for share, y, z in split(table):
        n, m = len(y), len(z)
        a, b = y.var(ddof=1), z.var(ddof=1)
        small = m < 0.2 * (n + m)
        if small:
            b = max(b, ((n - 1) * a + (m - 1) * b) / (n + m - 2))
        df = m - 1 if small else (a / n + b / m) ** 2 / ((a / n) ** 2 / (n - 1) + (b / m) ** 2 / (m - 1))
        effects.append(y.mean() - z.mean())
        variances.append(share**2 * (a / n + b / m))
        squares.append(variances[-1] ** 2 / df)
        shares.append(share)
    effect = np.dot(shares, effects)
    among = np.dot(shares, (np.array(effects) - effect) ** 2) / len(table)
    se, df = np.sqrt(sum(variances) + among), sum(variances) ** 2 / sum(squares)
    half = stats.t.ppf(0.975, df) * se
    assert (found.effect, found.se, found.details["df"]) == pytest.approx((effect, se, df))
    assert (found.low, found.high) == pytest.approx((effect - half, effect + half))
    assert found.method == "difference of means (3 strata, the larger variance for control)"
    assert found.details["strata"] == 3 and found.details["strata_used"].count("% of customers") == 3


def test_the_estimator_is_that_of_a_regression_with_interactions_and_hc2_errors():
    """With centred strata the coefficient of the arm is the stratified effect, its HC2 variance that of Neyman."""
    table = draw(chances={"new": 0.3, "old": 0.4, "vip": 0.6})
    found = measure_lift(table)
    assert found.method == "difference of means (3 strata, Welch)"
    treated = (table["arm"] == "mail").to_numpy(float)
    inside = pd.get_dummies(table["stratum"], drop_first=True).to_numpy(float)
    inside = inside - inside.mean(axis=0)
    design = np.column_stack([np.ones(len(table)), treated, inside, treated[:, None] * inside])
    fit = sm.OLS(table["sales"].to_numpy(), design).fit(cov_type="HC2")
    effects = np.array([y.mean() - z.mean() for _, y, z in split(table)])
    shares = np.array([share for share, *_ in split(table)])
    among = shares @ (effects - shares @ effects) ** 2 / len(table)
    assert found.effect == pytest.approx(fit.params[1])
    assert found.se**2 - among == pytest.approx(fit.bse[1] ** 2)


def test_a_stratified_rate_has_newcombes_interval_of_its_effective_size():
    table = draw()
    found = measure_lift(table, outcome="responded")
    rates, sizes, effects, shares = [], [], [], []
    for side in (1, 2):
        parts = [(part[0], part[side]) for part in split(table, "responded")]
        rate = sum(share * y.mean() for share, y in parts)
        moved = [(y.sum() + 4 * rate) / (len(y) + 4) for _, y in parts]
        error = sum(share**2 * p * (1 - p) / len(y) for (share, y), p in zip(parts, moved, strict=True))
        rates.append(rate)
        sizes.append(rate * (1 - rate) / error)
    for share, y, z in split(table, "responded"):
        effects.append(y.mean() - z.mean())
        shares.append(share)
    low, high = wilson(np.array(rates), np.array(sizes))
    among = np.dot(shares, (np.array(effects) - np.dot(shares, effects)) ** 2) / len(table) * stats.norm.ppf(0.975) ** 2
    assert found.effect == pytest.approx(rates[0] - rates[1])
    assert found.low == pytest.approx(
        found.effect - np.sqrt((rates[0] - low[0]) ** 2 + (high[1] - rates[1]) ** 2 + among)
    )
    assert found.high == pytest.approx(
        found.effect + np.sqrt((high[0] - rates[0]) ** 2 + (rates[1] - low[1]) ** 2 + among)
    )
    assert found.is_rate and found.method == "difference of rates (3 strata, Newcombe)"


def test_a_stratified_ratio_is_that_of_the_stratified_sums_with_the_delta_methods_error():
    table = draw(chances={"new": 0.3, "old": 0.4, "vip": 0.6})
    found = measure_lift(table, per="orders")
    values, lines = [], []
    for side in (1, 2):
        y, d = ([(part[0], part[side]) for part in split(table, name)] for name in ("sales", "orders"))
        top, bottom = (sum(share * x.mean() for share, x in parts) for parts in (y, d))
        values.append(top / bottom)
        lines.append([(share, (a - top / bottom * b) / bottom) for (share, a), (_, b) in zip(y, d, strict=True)])
    variance = sum(share**2 * x.var(ddof=1) / len(x) for side in lines for share, x in side)
    gaps = np.array([a.mean() - b.mean() for (_, a), (_, b) in zip(*lines, strict=True)])
    shares = np.array([share for share, _ in lines[0]])
    among = shares @ (gaps - shares @ gaps) ** 2 / len(table)
    assert found.effect == pytest.approx(values[0] - values[1])
    assert found.se == pytest.approx(np.sqrt(variance + among))
    assert found.method == "difference of ratios (3 strata, delta method, Welch)"


def test_merged_strata_with_welchs_variance_are_the_weighted_comparison():
    table = draw()
    ours, theirs = (table[table["arm"] == arm] for arm in ("mail", "control"))
    each = {
        name: tuple(
            1 / p / (1 / side["propensity"]).sum() for p, side in zip((1 - chance, chance), (ours, theirs), strict=True)
        )
        for name, chance in CHANCES.items()
    }
    together = Strata((tuple(CHANCES),), np.ones(1), each, len(table))
    sums = sum_rows(table["sales"].to_numpy(), table["stratum"].to_numpy(), (table["arm"] == "mail").to_numpy())
    found = compare_stratified_sums(*sums, together, interval="welch")
    y, w = zip(*((side["sales"].to_numpy(), 1 / side["propensity"].to_numpy()) for side in (ours, theirs)), strict=True)
    plain = compare_weighted(*y, w)
    for name in ("effect", "se", "low", "high", "p", "base"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name)), name
    for name in ("df", "skewness", "effective_treated", "effective_control", "relative_low"):
        assert found.details[name] == pytest.approx(plain.details[name]), name


# --- Which estimator -----------------------------------------------------------------------------


def test_what_a_stratum_with_more_controls_spends_is_not_the_campaigns_doing():
    table = draw(gain=0.0, size=30_000)
    plain, by_plan, by_shares = (
        measure_lift(table.drop(columns=gone)) for gone in (["stratum", "propensity"], [], ["propensity"])
    )
    assert plain.high < -2
    assert by_plan.low < 0 < by_plan.high and by_shares.low < 0 < by_shares.high
    assert by_shares.effect == pytest.approx(by_plan.effect)


def test_equal_chances_leave_the_plain_comparison_whatever_the_strata():
    table = draw(chances=dict.fromkeys(CHANCES, 0.3))
    plain = measure_lift(table.drop(columns=["stratum", "propensity"]))
    found = measure_lift(table)
    assert found.method == "difference of means (Welch)"
    assert (found.effect, found.se) == pytest.approx((plain.effect, plain.se))


@pytest.mark.slow
def test_without_propensities_equal_chances_are_mostly_seen_as_equal_and_unequal_ones_always_as_unequal():
    equal = [
        measure_lift(draw(seed, 2_000, dict.fromkeys(CHANCES, 0.3)).drop(columns="propensity")) for seed in range(60)
    ]
    assert sum("strata" in found.method for found in equal) <= stats.binom.ppf(0.999, 60, 0.05)
    unequal = [measure_lift(draw(seed, 2_000).drop(columns="propensity")) for seed in range(20)]
    assert all("strata" in found.method for found in unequal)


def test_exact_quotas_that_differ_by_rounding_alone_are_no_difference_where_no_propensity_is_known():
    sizes = [(11, 101), (33, 299), (7, 67)]
    assert plan_strata([Stratum(str(i), n, n - m, m) for i, (m, n) in enumerate(sizes)]) is None


def test_chances_that_differ_within_a_stratum_are_weighted_one_by_one():
    table = draw()
    table.loc[table.index[:100], "propensity"] *= 0.9
    assert "weighted by 1 / propensity" in measure_lift(table).method
    assert count_strata(table.assign(weight=1 / table["propensity"]), "mail", "control") == []


@pytest.mark.parametrize("options", [{"before": "past"}, {"interval": "bootstrap"}])
def test_an_adjustment_or_a_bootstrap_is_refused_where_chances_differ_between_strata(options):
    table = draw().assign(past=1.0)
    table["past"] += np.arange(len(table)) % 7
    for known in (table, table.drop(columns="propensity")):
        with pytest.raises(TableError, match="the chance of `control` differs between strata"):
            measure_lift(known, **options)
    by_stratum = measure_lift(table, by="stratum", **options)
    assert len(by_stratum) == 3


def test_a_welch_interval_that_was_asked_for_is_welchs_in_each_stratum():
    table = draw()
    wide, narrow = (measure_lift(table, interval=way) for way in ("auto", "welch"))
    assert narrow.method == "difference of means (3 strata, Welch)"
    assert narrow.effect == wide.effect and narrow.details["df"] > wide.details["df"]


# --- Merged and left out -------------------------------------------------------------------------


def test_a_small_stratum_is_merged_with_the_one_whose_planned_share_of_control_is_nearest():
    def stratum(name, treated, control, chance):
        return Stratum(name, treated + control, treated, control, (1 / (1 - chance), 1 / chance))

    strata = [
        stratum("a", 990, 10, 0.01),
        stratum("b", 95, 5, 0.06),
        stratum("c", 900, 100, 0.1),
        stratum("d", 9, 11, 0.5),
    ]
    found = plan_strata(strata)
    assert found.groups == (("a",), ("b", "c", "d"))  # b (the fewest) joins c, which is .04 away; then d joins both
    assert found.shares == pytest.approx([1_000 / 2_120, 1_120 / 2_120])
    assert found.weights["b"][0] / found.weights["c"][0] == pytest.approx(0.9 / 0.94)
    assert sum(found.weights[s.name][1] * s.control for s in strata) == pytest.approx(1)
    shuffled = plan_strata(strata[::-1])
    assert (shuffled.groups, shuffled.weights) == (found.groups, found.weights)


def test_between_two_as_near_the_one_that_comes_first_by_share_is_taken():
    strata = [Stratum(n, 100, 100 - m, m, (100 / (100 - m), 100 / m)) for n, m in (("z", 20), ("m", 30), ("a", 40))]
    small = [Stratum("m", 10, 7, 3, (10 / 7, 10 / 3)) if s.name == "m" else s for s in strata]
    assert plan_strata(small).groups == (("z", "m"), ("a",))


def test_customers_of_a_stratum_without_control_leave_and_this_is_said():
    table = draw(chances={"new": 0.05, "old": 0.3, "vip": 0.5})
    gone = table["stratum"] == "vip"
    table = table[~gone | (table["arm"] == "mail")]
    table.loc[gone, "propensity"] = 1.0
    count = int((table["stratum"] == "vip").sum())
    found, others = measure_lift(table), measure_lift(table[table["stratum"] != "vip"])
    says = f"{count:,} of {len(table):,} customers left out: the stratum `vip` had no control or nobody treated"
    assert found.warnings[0] == f"{says}; the effect is that of the other customers"
    assert (found.effect, found.low, found.high) == pytest.approx((others.effect, others.low, others.high))
    assert found.details["left_out"] == count and found.n_treated == others.n_treated
    money = campaign_money(table.assign(margin=table["sales"]), **FREE)
    assert money.profit.effect == pytest.approx(found.effect) and found.warnings[0] in money.warnings


def test_where_no_stratum_holds_both_groups_nothing_is_compared():
    table = pd.DataFrame({"arm": ["mail", "control"] * 50, "stratum": ["a", "b"] * 50, "sales": range(100)})
    with pytest.raises(TableError, match="0 treated, 0 control customers"):
        measure_lift(table)
    with pytest.raises(TableError, match="strata with both groups hold fewer than two"):
        campaign_money(table.assign(margin=1.0), **FREE)


def test_a_group_that_is_empty_by_luck_in_a_small_stratum_is_no_missing_group():
    table = draw()
    few = pd.DataFrame({"arm": ["mail"] * 20, "stratum": "tiny", "propensity": 0.95, "sales": 1.0})
    found = measure_lift(pd.concat([table, few]))
    assert found.details["left_out"] == 20
    many = pd.concat([few] * 20)  # .95 ** 400: no luck
    with pytest.raises(TableError, match="do not sum to one in the stratum tiny"):
        measure_lift(pd.concat([table, many]))


# --- Segments, arms, several outcomes, engines, money --------------------------------------------


def test_segments_are_stratified_each_by_the_shares_of_its_own_customers():
    table = draw().assign(half=np.arange(6_000) % 2)
    table["segment"] = np.where(table["half"], "odd", "even")
    lifts = measure_lift(table, by="segment")
    for lift in lifts:
        alone = measure_lift(table[table["segment"] == lift.segment])
        assert (lift.effect, lift.low, lift.method) == pytest.approx((alone.effect, alone.low, alone.method))
    within = measure_lift(table, by="stratum")
    assert all("strata" not in lift.method for lift in within)
    assert within.to_frame()["effect"].tolist() == pytest.approx([y.mean() - z.mean() for _, y, z in split(table)])


def test_each_arm_is_compared_for_all_customers_of_the_wave():
    rng = np.random.default_rng(4)
    strata = np.repeat(["a", "b"], [4_000, 1_000])
    chances = {"a": [0.1, 0.6, 0.3], "b": [0.4, 0.2, 0.4]}
    arm = np.array([rng.choice(["control", "mail", "push"], p=chances[s]) for s in strata])
    table = pd.DataFrame({"arm": arm, "stratum": strata, "sales": rng.gamma(2, 5, 5_000) + 20 * (strata == "b")})
    table["propensity"] = [chances[s][["control", "mail", "push"].index(a)] for s, a in zip(strata, arm, strict=True)]
    means = table.groupby(["arm", "stratum"])["sales"].mean().unstack() @ [0.8, 0.2]
    lifts = measure_lifts(table, metrics=["sales"])
    assert {lift.arm: lift.effect for lift in lifts} == pytest.approx(
        {name: means[name] - means["control"] for name in ("mail", "push")}
    )


def test_several_outcomes_of_one_scan_are_those_measured_one_by_one_on_every_engine():
    table = draw()
    kinds = {"sales": {}, "responded": {}}
    lifts = measure_lifts(table, metrics=["sales", "responded", ("sales", "orders")])
    alone = [measure_lift(table, outcome=name) for name in kinds] + [measure_lift(table, per="orders")]
    for lift, one in zip(lifts, alone, strict=True):
        assert (lift.low, lift.high, lift.method) == (one.low, one.high, one.method)
    relation = duckdb.connect().from_df(table)
    assert measure_lift(relation).low == pytest.approx(alone[0].low)


def test_profit_is_stratified_like_any_mean_and_its_lines_add_up():
    table = draw().assign(margin=lambda rows: 0.3 * rows["sales"], redeemed=lambda rows: (rows["orders"] > 2) * 1)
    costs = {"contact_cost": 0.1, "reward_cost": 0.5, "point_cost": 0}
    money = campaign_money(table, **costs)
    profit = table.assign(profit=table["margin"] - 0.5 * table["redeemed"])
    lift = measure_lift(profit, outcome="profit")
    assert money.profit.effect == pytest.approx(lift.effect - 0.1)
    assert (money.profit.se, money.profit.details["df"]) == pytest.approx((lift.se, lift.details["df"]))
    assert money.profit.details["strata_used"] == lift.details["strata_used"]
    summands = money.lines.loc[money.lines["adds"], "per_customer"]
    assert summands.sum() == pytest.approx(money.profit.effect)
    said = "the chance of the arm differs between strata: each counts by its share of all customers"
    assert said in money.warnings
    half = np.where(np.arange(6_000) % 2, "odd", "even")
    cells = compare_money(table.assign(segment=half), by="segment", **costs).set_index("segment")["profit"]
    one = campaign_money(table[half == "odd"], **costs)
    assert cells["odd"] == pytest.approx(one.profit.effect)


# --- Properties ----------------------------------------------------------------------------------

CUSTOMERS = st.lists(st.tuples(st.sampled_from("abcd"), st.booleans(), st.integers(0, 40)), min_size=12, max_size=120)


def lay(rows):
    """A table of customers; in the strata a, b, c, d the chance of control is .1, .2, .4 and .7."""
    table = pd.DataFrame(rows, columns=["stratum", "treated", "sales"])
    chance = table["stratum"].map(dict(zip("abcd", (0.1, 0.2, 0.4, 0.7), strict=True)))
    table["arm"] = np.where(table["treated"], "mail", "control")
    table["weight"] = np.where(table["treated"], 1 / (1 - chance), 1 / chance)
    return table


def compare(table):
    """Compare by strata; None where no two customers of each group are left."""
    plan = plan_strata(count_strata(table, "mail", "control"))
    if plan is None:
        return None
    sums = sum_rows(table["sales"].to_numpy(float), table["stratum"].to_numpy(), table["treated"].to_numpy())
    if min(sum(side[name].n for name in plan.weights) for side in sums) < 2:
        return None
    return compare_stratified_sums(*sums, plan)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(CUSTOMERS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_the_names_of_strata_matter(rows, random):
    table = lay(rows)
    found = compare(table)
    shuffled = list(rows)
    random.shuffle(shuffled)
    other = compare(lay(shuffled))
    named = compare(table.assign(stratum=table["stratum"].map(dict(zip("abcd", ("x", "k", "z", "b"), strict=True)))))
    for again in (other, named):
        assert (again is None) == (found is None)
        if found is not None:
            for name in ("effect", "se", "low", "high", "p", "base"):
                assert getattr(again, name) == pytest.approx(getattr(found, name), nan_ok=True, abs=1e-9), name
            assert again.n_control == found.n_control and len(again.warnings) == len(found.warnings)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=2, max_size=60), st.lists(st.integers(0, 40), min_size=2, max_size=60))
def test_one_stratum_is_the_plain_comparison(treated, control):
    y, z = np.array(treated, float), np.array(control, float)
    one = Strata((("all",),), np.ones(1), {"all": (1 / len(y), 1 / len(z))}, len(y) + len(z))
    treated_first = np.arange(len(y) + len(z)) < len(y)
    ours, theirs = sum_rows(np.concatenate([y, z]), ["all"] * len(treated_first), treated_first)
    found = compare_stratified_sums(ours, theirs, one)
    plain = compare_sums(ours["all"], theirs["all"])
    assert found.warnings == plain.warnings
    for name in ("effect", "se", "low", "high", "p", "base", "n_treated", "n_control"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), nan_ok=True), name
    for name in ("df", "skewness", "se_control", "relative_low", "relative_high"):
        assert found.details[name] == pytest.approx(plain.details[name], nan_ok=True), name


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 60), st.integers(2, 60), st.data())
def test_one_stratum_of_rates_is_newcombes_interval(n, m, data):
    k, j = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    one = Strata((("all",),), np.ones(1), {"all": (1 / n, 1 / m)}, n + m)
    a, b = (Sums(size, {(1, 0): float(count)}, filled=count) for size, count in ((n, k), (m, j)))
    found, plain = compare_stratified_sums({"all": a}, {"all": b}, one, kind="rate"), compare_sums(a, b, kind="rate")
    for name in ("effect", "se", "low", "high", "p", "base"):
        assert getattr(found, name) == pytest.approx(getattr(plain, name), abs=1e-12), name
    assert len(found.warnings) == len(plain.warnings)


def test_five_expected_conversions_are_enough_also_where_rounding_makes_them_a_little_less():
    one = Strata((("all",),), np.ones(1), {"all": (0.1, 0.1)}, 20)
    none, all_ten = (Sums(10, {(1, 0): count}, filled=int(count)) for count in (0.0, 10.0))
    assert not compare_stratified_sums({"all": none}, {"all": all_ten}, one, kind="rate").warnings


def test_a_stratum_in_which_nobody_buys_is_no_certainty():
    plan = plan_strata([Stratum("a", 200, 150, 50, (4 / 3, 4.0)), Stratum("b", 20, 10, 10, (2.0, 2.0))])
    ours, theirs = ({"a": Sums(n, {}, filled=k), "b": Sums(10, {}, filled=j)} for n, k, j in ((150, 30, 3), (50, 9, 0)))
    found = compare_stratified_sums(ours, theirs, plan, kind="rate")
    seen = 0.18 * 0.82 / 50 * (10 / 11) ** 2  # what the rates alone say of control
    rate = 0.18 * 10 / 11
    moved = np.array([(9 + 4 * rate) / 54, 4 * rate / 14])
    error = (np.array([10, 1]) / 11) ** 2 @ (moved * (1 - moved) / [50, 10])
    assert error > seen
    low, high = wilson(rate, rate * (1 - rate) / error)
    assert found.base == pytest.approx(rate) and low < rate < high
    assert found.high - found.effect > rate - low > 0


def test_shares_that_luck_explains_have_a_large_chance():
    alike = [Stratum(name, 1_000, 900, 100) for name in "ab"]
    assert find_chance_of_shares(alike) == 1.0
    counts = np.array([[900, 100], [870, 130]])
    expected = stats.chi2_contingency(counts, correction=False).pvalue
    unlike = [Stratum(str(at), int(row.sum()), *map(int, row)) for at, row in enumerate(counts)]
    assert find_chance_of_shares(unlike) == pytest.approx(expected)
    assert find_chance_of_shares(alike[:1]) == 1.0
