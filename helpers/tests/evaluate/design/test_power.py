"""What a planned test can see: against published numbers, statsmodels, and tests that are drawn again and again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot as plt
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import power_proportions_2indep, proportion_effectsize

from loyalty.evaluate.design.aa_test import count_looks, follow_looks, run_aa
from loyalty.evaluate.design.power import find_detectable, find_power, find_size
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.stats.intervals import compare_means, compare_rates
from loyalty.tables.check import TableError
from loyalty.world import World


@pytest.fixture(scope="module")
def spend():
    """Sales of 28 days, mostly zero."""
    rng = np.random.default_rng(11)
    return rng.gamma(0.8, 40.0, 8_000) * (rng.random(8_000) < 0.3)


@pytest.fixture(scope="module")
def wave():
    """A World wave: what each customer would spend with the offer and without it, and what all spent before."""
    world = World(customers=6_000, months=12, seed=5)
    days = pd.Timedelta(days=28)
    recent = world.receipts[world.receipts["time"].between(world.end - days, world.end, inclusive="left")]
    ids = world.customers["customer_id"]
    everyone = pd.DataFrame({"customer_id": ids, "offer_id": "basket_discount"})
    sides = [world.run(plan)[0].outcomes for plan in (everyone, everyone.assign(offer_id=None))]
    found = [side.query("window == 'main'").set_index("customer_id")["sales"].reindex(ids).to_numpy() for side in sides]
    return recent.groupby("customer_id")["sales"].sum().reindex(ids, fill_value=0.0).to_numpy(), *found


def inside(share: float, runs: int, p: float) -> bool:
    """Whether a share lies in the exact 99.9 % region of p."""
    low, high = stats.binom.interval(0.999, runs, p)
    return low <= round(share * runs) <= high


# Published numbers and referees --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "power", "each"), [(0.5, 0.8, 63.77), (0.5, 0.95, 104.93), (0.2, 0.8, 393.41), (0.8, 0.8, 25.52)]
)
def test_the_published_sizes_for_a_difference_in_means_come_out(d, power, each):
    assert find_size(sd=1.0, effect=d, power=power, control=0.5).n_control == pytest.approx(each, abs=0.005)


def test_the_published_size_for_10_against_12_percent_comes_out_by_arcsine():
    plan = find_size(rate=0.10, effect=0.02, control=0.5, approximation="arcsine")
    assert plan.n_treated == pytest.approx(3834.6, abs=0.05)


@pytest.mark.parametrize("control", [0.02, 0.05, 0.1, 0.2, 0.5])
def test_power_of_unequal_groups_is_that_of_statsmodels(control):
    size, ratio = 4_000, (1 - control) / control
    mean = find_power(sd=3.0, size=size, effect=0.4, control=control).power
    textbook = TTestIndPower().power(0.4 / 3, size * control, 0.05, ratio)
    if control < 0.2:  # the interval of a small control is careful, and that costs power
        assert textbook - 0.04 < mean < textbook
    else:
        assert mean == pytest.approx(textbook, abs=1e-9)
    arc = find_power(rate=0.1, size=size, effect=0.03, control=control, approximation="arcsine").power
    gap = proportion_effectsize(0.13, 0.10)
    assert arc == pytest.approx(NormalIndPower().power(gap, size * control, 0.05, ratio), abs=1e-9)
    score = find_power(rate=0.1, size=size, effect=0.03, control=control).power
    theirs = power_proportions_2indep(0.03, 0.10, size * (1 - control), 1 / ratio, return_results=False)
    assert score == pytest.approx(theirs, abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(("treated", "control", "rate", "lift"), [(1_900, 100, 0.1, 0.08), (19_000, 1_000, 0.05, 0.02)])
def test_with_small_controls_arcsine_promises_more_than_newcombes_interval_keeps(treated, control, rate, lift):
    rng = np.random.default_rng(3)
    size, share = treated + control, control / (treated + control)
    hits = [compare_rates([rng.binomial(treated, rate + lift), rng.binomial(control, rate)], [treated, control])
            for _ in range(4_000)]  # fmt: skip
    kept = np.mean([one.low > 0 or one.high < 0 for one in hits])
    plans = {way: find_power(rate=rate, size=size, effect=lift, control=share, approximation=way).power
             for way in ("score", "arcsine")}  # fmt: skip
    assert abs(plans["score"] - kept) < 0.025
    assert plans["arcsine"] > kept + 0.01


# One question, three directions --------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(
    control=st.floats(0.02, 0.6), power=st.floats(0.3, 0.97), size=st.floats(2_000, 1e6),
    outcome=st.sampled_from([{"sd": 3.0, "mean": 2.0}, {"rate": 0.1}, {"rate": 0.1, "approximation": "arcsine"}]),
)  # fmt: skip
def test_power_size_and_smallest_effect_are_one_relation(control, power, size, outcome):
    seen = find_detectable(size=size, power=power, control=control, **outcome)
    assert find_power(size=size, effect=seen.effect, control=control, **outcome).power == pytest.approx(power, abs=1e-6)
    back = find_size(effect=seen.effect, power=power, control=control, **outcome)
    assert back.size == pytest.approx(size, rel=1e-5)


def test_more_customers_more_control_and_a_known_past_see_smaller_effects(spend):
    plain = find_detectable(spend, size=20_000, control=0.05)
    assert find_detectable(spend, size=40_000, control=0.05).effect < plain.effect
    assert find_detectable(spend, size=20_000, control=0.10).effect < plain.effect
    saved = find_detectable(spend, size=20_000, control=0.05, growth="shift", saving=0.36).effect
    assert saved == pytest.approx(
        0.8 * find_detectable(spend, size=20_000, control=0.05, growth="shift").effect, rel=0.002
    )
    assert find_detectable(spend, size=20_000, arms=3).effect > plain.effect


def test_a_harmful_effect_is_planned_for_as_well():
    assert find_power(sd=1.0, size=200, effect=-0.4, control=0.5).power == pytest.approx(
        find_power(sd=1.0, size=200, effect=0.4, control=0.5).power
    )
    assert find_size(rate=0.2, effect=-0.05, control=0.5).size > 0


def test_huge_sizes_and_huge_effects_have_a_power_of_one():
    assert find_power(sd=1.0, size=1e9, effect=1.0).power == 1
    assert find_power(sd=1.0, size=400, effect=8.0, control=0.5).power == 1


# The promise, drawn again and again ----------------------------------------------------------------------------------


@pytest.mark.parametrize("growth", ["buyers", "scale", "shift"])
def test_the_stated_power_is_what_repeated_tests_see(spend, growth):
    plan = find_detectable(spend, size=6_000, control=0.1, growth=growth)
    trial = plan.simulate(runs=600, seed=1)
    assert inside(trial.share, 600, plan.power)
    assert (trial.n_treated, trial.n_control) == (5_400, 600)


def test_a_textbook_shift_promises_more_than_a_small_control_keeps_when_more_customers_buy(spend):
    shift = find_detectable(spend, size=6_000, control=0.03, growth="shift")
    buyers = find_power(spend, size=6_000, control=0.03, effect=shift.effect)
    assert buyers.power < shift.power - 0.08
    assert inside(buyers.simulate(runs=600, seed=2).share, 600, buyers.power)


@pytest.mark.parametrize("outcome", [{"sd": 40.0, "mean": 25.0}, {"rate": 0.1}])
@pytest.mark.parametrize("control", [0.05, 0.5])
def test_seven_tenths_of_the_smallest_effect_are_seen_every_second_time_as_the_docstring_says(outcome, control):
    plan = find_detectable(size=20_000, control=control, **outcome)
    chance = find_power(size=20_000, effect=0.7 * plan.effect, control=control, **outcome).power
    assert chance == pytest.approx(0.5, abs=0.02)
    assert find_power(size=20_000, effect=0.9 * plan.effect, control=control, **outcome).power > 0.65


def test_a_trial_with_an_effect_in_it_says_seen_and_one_without_says_alarm(spend):
    planned = find_detectable(spend, size=2_000, control=0.5).simulate(runs=100, seed=1)
    assert planned.planted > 0 and "repeated tests saw the effect" in planned.sentence()
    assert "alarm" not in planned.sentence() + planned.plot().get_title(loc="left")
    empty = run_aa(spend[:400], 0.5, runs=100, seed=1)
    assert empty.planted == 0 and "repeated tests raised an alarm" in empty.sentence()
    plt.close("all")


def test_the_label_of_the_even_line_stands_beside_the_bars(spend):
    ax = run_aa(spend[:400], 0.5, runs=100, seed=1).plot(source="made")
    ax.figure.canvas.draw()
    label = next(text for text in ax.texts if "only chance" in text.get_text()).get_window_extent()
    assert label.x0 >= ax.get_window_extent().x1
    plt.close("all")


def test_rates_and_ratios_keep_their_promise_too(spend):
    rng = np.random.default_rng(4)
    orders = rng.poisson(2, 4_000) + 1.0
    money = orders * rng.gamma(2, 10, 4_000)
    ratio = find_detectable(money, per=orders, size=4_000, control=0.1)
    assert ratio.noise.base == pytest.approx(money.sum() / orders.sum())
    assert inside(ratio.simulate(runs=500, seed=3).share, 500, ratio.power)
    rate = find_detectable(spend > 0, size=4_000, control=0.1)
    assert rate.noise.kind == "rate"
    assert inside(rate.simulate(runs=500, seed=4).share, 500, rate.power)


@pytest.mark.slow
def test_the_power_planned_from_spend_before_a_world_wave_is_the_share_of_draws_that_see_its_effect(wave):
    before, treated, control = wave
    effect, size, share, runs = (treated - control).mean(), 5_000, 0.15, 600
    plan = find_power(control, size=size, effect=effect, control=share)
    rng, seen = np.random.default_rng(0), 0
    for _ in range(runs):
        people = rng.integers(len(control), size=size)
        m = round(size * share)
        found = compare_means(treated[people[m:]], control[people[:m]])
        seen += found.low > 0 or found.high < 0
    assert 0.15 < plan.power < 0.95
    assert inside(seen / runs, runs, plan.power)
    # The four weeks before tell nearly the same, which is all that a plan can know
    assert abs(find_power(before, size=size, effect=effect, control=share).power - plan.power) < 0.15


# Money ---------------------------------------------------------------------------------------------------------------


def test_money_is_effect_times_worth_less_cost_over_all_the_treated():
    plan = find_detectable(sd=40.0, mean=25.0, size=20_000, control=0.05, worth=0.3, cost=0.5)
    assert plan.break_even == pytest.approx(0.5 / 0.3)
    assert plan.profit == pytest.approx(19_000 * (0.3 * plan.effect - 0.5))
    assert plan.proves_profit == pytest.approx(plan.effect + 0.5 / 0.3)
    assert not plan.sees_break_even
    assert "would be missed" in plan.sentence("$")
    assert find_detectable(sd=40.0, size=2_000_000, worth=0.3, cost=0.5).sees_break_even


def test_the_effect_that_proves_a_profit_is_the_one_whose_profit_interval_leaves_out_zero(spend):
    cost, worth = 0.4, 0.3
    plan = find_detectable(spend, size=20_000, control=0.2, growth="shift", worth=worth, cost=cost)
    profit = find_power(
        spend * worth, size=20_000, control=0.2, growth="shift", effect=plan.proves_profit * worth - cost
    )
    assert profit.power == pytest.approx(plan.power, abs=1e-6)


def test_the_curve_and_the_figure_show_effect_break_even_and_money(spend):
    plan = find_detectable(spend, size=20_000, control=0.05, worth=0.3, cost=0.4)
    curve = plan.curve([0.05, 0.5])
    assert curve["effect"].iloc[0] == pytest.approx(plan.effect)
    assert curve["profit"].iloc[0] == pytest.approx(plan.profit)
    ax = plan.plot(unit="$", source="made")
    assert "break-even" in ax.get_title(loc="left")
    assert any("break-even" in text.get_text() for text in ax.texts)
    assert "The planned test" in plan._repr_html_()
    assert find_detectable(rate=0.1, size=900).plot().get_title(loc="left").endswith("% a customer")
    plt.close("all")


# Warnings ------------------------------------------------------------------------------------------------------------


def test_a_heavy_tail_and_few_buyers_warn_and_the_cells_of_the_certificate_do_not():
    rng = np.random.default_rng(0)
    sales = rng.lognormal(3, 1, 200_000) * (rng.random(200_000) < 0.03)
    text = " ".join(find_detectable(sales, size=2_000, control=0.05).warnings)
    assert "heavy tail" in text and "buyers" in text
    assert find_detectable(sales, size=4_000, control=0.5).warnings == ()


def test_a_rate_too_rare_for_its_control_warns():
    assert "only 1 buyers" in find_detectable(rate=0.01, size=2_000).warnings[0]


@pytest.mark.parametrize(("looks", "alarms"), [(1, 0.05), (2, 0.083), (5, 0.142), (10, 0.193), (20, 0.248)])
def test_peeking_raises_false_alarms_as_published_in_1969(looks, alarms):
    assert count_looks(looks) == pytest.approx(alarms, abs=0.0006)


def test_looks_are_followed_as_a_simulation_follows_them():
    walks = np.random.default_rng(9).normal(size=(40_000, 28)).cumsum(axis=1)
    rang = np.abs(walks) > stats.norm.ppf(0.95) * np.sqrt(np.arange(1, 29))
    seen = np.maximum.accumulate(rang, axis=1).mean(axis=0)
    assert follow_looks(28, level=0.9) == pytest.approx(seen, abs=0.01)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_what_looks_stop_is_the_same_to_six_digits_with_twice_the_nodes(level):
    """The number of nodes goes by the looks: a long row of looks follows the first ones more finely."""
    finer = follow_looks(300, level=level)
    for looks in (2, 13, 75):
        assert follow_looks(looks, level=level) == pytest.approx(finer[:looks], abs=5e-7)


def test_more_looks_stop_more_tests_and_no_look_is_refused():
    stopped = follow_looks(200)
    assert (np.diff(stopped) > 0).all() and 0.40 < stopped[-1] < 0.45
    for looks in (0, 1_001):
        with pytest.raises(ValueError, match="looks should be from 1 to 1,000"):
            count_looks(looks)


def test_a_plan_with_several_looks_says_what_they_cost():
    (text,) = find_detectable(sd=1.0, size=1_000, looks=28).warnings
    assert "peeking: 28 looks raise the false alarms from 5% to" in text


# A/A -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("control", [0.05, 0.5])
def test_doing_nothing_raises_an_alarm_in_one_test_of_twenty(spend, control):
    for history in (spend, spend > 0):
        trial = run_aa(history, control, runs=600, seed=7)
        assert inside(trial.share, 600, 0.05), trial.sentence()


def test_an_aa_run_measures_as_the_comparison_of_means_does(spend):
    trial = run_aa(spend[:500], 0.1, runs=1, seed=3)
    order = np.random.default_rng(3).permutation(500)
    found = compare_means(spend[order[50:]], spend[order[:50]])
    assert trial.p_values[0] == pytest.approx(found.p, rel=1e-9)
    assert found.details["careful"]


@pytest.mark.parametrize(
    ("kind", "share"), [("mean", 0.1), ("mean", 0.5), ("rate", 0.1), ("ratio", 0.1), ("ratio", 0.5)]
)
def test_an_aa_run_measures_as_measure_lift_does(spend, kind, share):
    y, rng = spend[:500], np.random.default_rng(9)
    orders = rng.poisson(2, 500) + 1.0
    y = y > 0 if kind == "rate" else y
    trial = run_aa(y, share, runs=1, seed=3, per=orders if kind == "ratio" else None)
    order, m = np.random.default_rng(3).permutation(500), round(500 * share)
    wave = pd.DataFrame({"customer_id": range(500), "campaign_id": "c", "wave": 1, "arm": "x", "orders": orders})
    wave["responded" if kind == "rate" else "sales"] = np.asarray(y, int if kind == "rate" else float)
    wave.loc[order[:m], "arm"] = "control"
    found = measure_lift(
        wave, outcome="responded" if kind == "rate" else "sales", per="orders" if kind == "ratio" else None
    )
    assert trial.p_values[0] == pytest.approx(found.p, rel=1e-6)
    assert (trial.share == 1) == (found.low > 0 or found.high < 0)


def test_an_aa_trial_shows_itself(spend):
    trial = run_aa(spend[:400], 0.5, runs=100, seed=1)
    again = run_aa(spend[:400], 0.5, runs=100, seed=1)
    assert np.array_equal(trial.p_values, again.p_values)
    assert "of 100 tests" in trial.plot(source="made").get_title(loc="left")
    assert trial.holds is (trial.low <= 0.05 <= trial.high)
    assert "expected" in trial.sentence() and "Repeated tests" in trial._repr_html_()
    plt.close("all")


# Bad input -----------------------------------------------------------------------------------------------------------


def test_all_that_is_wrong_with_a_plan_is_said_at_once():
    with pytest.raises(TableError) as caught:
        find_detectable([1.0, np.nan, np.inf], rate=2.0, size=30, control=1.5, level=95, arms=0, looks=0.5, worth=0,
                        cost=-1, growth="big", saving=1, approximation="exact")  # fmt: skip
    assert caught.value.problems == [
        "`control` should lie between 0 and 1, found 1.5",
        "`level` should lie between 0 and 1, found 95",
        "`arms` should be a whole number from 1, found 0",
        "`looks` should be a whole number from 1, found 0.5",
        "`worth` should be above zero, found 0",
        "`cost` should not be negative, found -1",
        "`size` of 30 leaves a group with fewer than two customers",
        "give one of `history`, `rate`, `sd`",
        "`rate` should lie between 0 and 1, found 2.0",
        "`saving` should lie from 0 to below 1, found 1",
        "`growth` should be buyers, scale or shift, found 'big'",
        "`approximation` should be score or arcsine, found 'exact'",
        "`history` is empty or infinite for 2 of 3 customers",
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"history": []}, "at least two customers"),
        ({"history": [1.0]}, "at least two customers"),
        ({"history": [[1.0, 2.0]]}, "one number for each"),
        ({"history": [4.0, 4.0, 4.0]}, "nothing varies"),
        ({"history": [1.0, 2.0], "per": [1.0]}, "as many values"),
        ({"history": [1.0, 2.0], "per": [0.0, 0.0]}, "a sum above zero"),
        ({"sd": 0.0}, "`sd` should be above zero"),
        ({"sd": 1.0, "size": 20}, "fewer than two customers"),
        ({}, "give one of"),
    ],
)
def test_an_outcome_that_cannot_be_planned_with_is_refused(options, says):
    with pytest.raises(TableError, match=says):
        find_detectable(**{"size": 1_000} | options)


def test_effects_that_cannot_be_are_refused():
    for options in ({"rate": 0.9, "effect": 0.2}, {"rate": 0.1, "effect": -0.2}):
        with pytest.raises(TableError, match="is not possible"):
            find_size(**options)
    with pytest.raises(TableError, match="other than zero"):
        find_size(sd=1.0, effect=0.0)
    with pytest.raises(TableError, match="every size"):
        find_size(sd=1.0, effect=50.0, control=0.5)


def test_a_group_too_small_for_any_possible_effect_says_so():
    plan = find_detectable(rate=0.9, size=100)
    assert np.isnan(plan.effect)
    assert any("no possible effect" in text for text in plan.warnings)
    for lost in (plan, find_detectable(rate=0.95, size=100, cost=0.1)):
        assert lost.sentence().endswith("no possible effect is seen in 80% of tests: the groups are too small.")
        assert "nan" not in lost.plot().get_title("left") + " ".join(text.get_text() for text in plt.gca().texts)


def test_an_effect_is_no_share_of_a_mean_that_is_not_known_or_not_above_zero():
    for mean in ({}, {"mean": 0.0}, {"mean": -2.0}):
        plan = find_detectable(sd=1.0, size=200, **mean)
        assert "an effect of 1.09 a customer is seen in 80% of tests" in plan.sentence()
        assert np.isnan(plan.to_frame()["relative"].iloc[0]) and plan.curve()["relative"].isna().all()


def test_a_plan_without_a_history_cannot_be_simulated():
    with pytest.raises(TableError, match="no history"):
        find_detectable(sd=1.0, size=1_000).simulate()


def test_an_aa_run_needs_two_in_each_group():
    with pytest.raises(TableError, match="fewer than two"):
        run_aa([1.0, 2.0, 3.0, 5.0], 0.05)


def test_where_everybody_buys_an_effect_is_larger_baskets_and_not_more_buyers():
    history = np.random.default_rng(3).gamma(2, 10, 500)
    found = find_detectable(history, size=1_000, power=0.8, control=0.1)
    assert found.noise.growth == "scale" and 0 < found.effect < history.mean()


def test_the_power_that_is_left_if_baskets_grow_is_said_and_seen_in_repeated_tests():
    """30 % buy for log-normal amounts, 20,000 customers with 5 % control: .80 for more buyers is .71 for baskets."""
    rng = np.random.default_rng(0)
    spent = np.where(rng.random(200_000) < 0.3, rng.lognormal(-0.5, 1.0, 200_000), 0.0)
    plan = find_detectable(spent, size=20_000, control=0.05)
    assert plan.power == 0.8 and plan.power_of_baskets == pytest.approx(0.71, abs=0.01)
    assert plan.power_of_baskets == find_power(spent, size=20_000, effect=plan.effect, growth="scale").power
    assert "If people buy more per visit instead, it is seen in 71% of tests." in plan.sentence()
    assert plan.to_frame()["power_of_baskets"].iloc[0] == plan.power_of_baskets
    assert "power_of_baskets" in plan._repr_html_()
    trial = find_detectable(spent, size=20_000, control=0.05, growth="scale")
    assert np.isnan(trial.power_of_baskets) and "baskets" not in trial.sentence()
    assert np.isnan(find_detectable(rate=0.1, size=20_000).power_of_baskets)


@pytest.mark.slow
def test_repeated_tests_with_bigger_baskets_see_the_effect_as_often_as_the_plan_says():
    rng = np.random.default_rng(0)
    spent = np.where(rng.random(200_000) < 0.3, rng.lognormal(-0.5, 1.0, 200_000), 0.0)
    plan = find_detectable(spent, size=20_000, control=0.05)
    grown = find_power(spent, size=20_000, effect=plan.effect, control=0.05, growth="scale")
    seen = grown.simulate(runs=1_000, seed=0).share
    assert abs(seen - plan.power_of_baskets) < 0.05
