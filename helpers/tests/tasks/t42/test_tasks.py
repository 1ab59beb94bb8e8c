"""Exercise 42: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from scipy.stats import norm, ttest_ind

from loyalty.stats import compare_means
from loyalty.tasks import check
from loyalty.tasks.t42.pictures import draw_beliefs, draw_chances, draw_gains
from loyalty.tasks.t42.scene import LATER, change_tastes, make_policies, make_world, open_year
from loyalty.tasks.t42.worlds import read_holdout, read_policies, read_waves

RIVAL = "basket_discount"


@pytest.fixture(scope="module")
def year():
    return open_year()


@pytest.fixture(scope="module")
def drawn(year):
    return year.log[~year.log.holdout]


@pytest.fixture(scope="module")
def first(drawn):
    return drawn[(drawn.wave == 1) & (drawn.segment == "baby")]


def lift(rows, arm="bonus_points"):
    means = rows.groupby("arm").profit.mean()
    return means[arm] - means["control"]


def test_the_lift_of_the_first_wave_is_right_and_other_comparisons_are_named(year, drawn, first):
    assert check("42a", round(lift(first), 2)).status == "right"
    with_holdout = year.log[(year.log.wave == 1) & (year.log.segment == "baby")]
    assert check("42a", lift(with_holdout)).mistake == "holdout_as_control"
    assert check("42a", lift(drawn[drawn.wave == 1])).mistake == "all_segments"
    assert check("42a", lift(drawn[drawn.segment == "baby"])).mistake == "all_waves"
    assert check("42a", lift(first, "basket_discount")).mistake == "other_offer"
    assert check("42a", -lift(first)).mistake == "other_way"
    assert check("42a", lift(first[first.profit > 0])).mistake == "buyers_only"
    totals = first.groupby("arm").profit.sum()
    assert check("42a", totals["bonus_points"] - totals["control"]).mistake == "totals"
    control = first[first.arm == "control"].profit.mean()
    assert check("42a", 100 * lift(first) / control).mistake == "percent"
    assert check("42a", lift(first) - 0.08).mistake == "letter_twice"


def test_the_chance_of_the_better_offer_is_right_and_a_control_that_counts_twice_is_named(first):
    arms = first.groupby("arm").profit.agg(["mean", "sem"])
    gap = arms["mean"]["bonus_points"] - arms["mean"]["basket_discount"]
    error = np.hypot(arms["sem"]["bonus_points"], arms["sem"]["basket_discount"])
    assert check("42b", round(norm.cdf(gap / error), 3)).status == "right"
    dice = np.random.default_rng(1)
    control, points, basket = (dice.normal(*arms.loc[arm], 300_000) for arm in ("control", "bonus_points", RIVAL))
    assert abs((points - control > basket - control).mean() - norm.cdf(gap / error)) < 0.004
    assert check("42b", norm.sf(gap / error)).mistake == "other_way"
    assert check("42b", 2 * norm.sf(abs(gap / error))).mistake == "p_value"
    own = np.hypot(error, np.sqrt(2) * arms["sem"]["control"])
    assert check("42b", norm.cdf(gap / own)).mistake == "control_twice"
    assert check("42b", gap / error).mistake == "z_itself"
    by = first.groupby("arm").profit
    noise = (first.profit - by.transform("mean")).std() / by.count() ** 0.5
    assert check("42b", norm.cdf(gap / np.hypot(noise["bonus_points"], noise[RIVAL]))).mistake == "one_noise_for_all"
    spread = np.hypot(by.std()["bonus_points"], by.std()[RIVAL])
    assert check("42b", norm.cdf(gap / spread)).mistake == "std_for_sem"
    draws = pd.DataFrame({arm: dice.normal(*arms.loc[arm], 20_000) for arm in arms.index})
    assert check("42b", (draws.idxmax(axis=1) == "bonus_points").mean()).mistake == "best_of_all"
    told = check("42b", norm.cdf(gap / error) - 0.004)
    assert told.mistake == "near" and "norm.cdf" in told.message
    both = [first[first.arm == arm].profit for arm in ("bonus_points", RIVAL)]
    assert check("42b", ttest_ind(*both, equal_var=False).pvalue).message.startswith("That is the p-value")


def test_lifts_against_their_own_wave_are_right_and_the_season_is_named(drawn):
    late = drawn[drawn.wave.isin([12, 13]) & (drawn.segment == "baby")]
    means = late.groupby(["wave", "arm"]).profit.mean().unstack()
    right = means["basket_discount"] - means["control"]
    assert check("42c", right.round(2).tolist()).status == "right"
    assert check("42c", tuple(means["basket_discount"])).mistake == "season_for_effect"
    assert check("42c", tuple(means["basket_discount"] - means["control"][12])).mistake == "control_of_november"
    assert check("42c", tuple(right[::-1])).mistake == "other_order"
    assert check("42c", tuple(100 * right / means["control"])).mistake == "percent"
    january = drawn[(drawn.wave == 1) & (drawn.segment == "baby") & (drawn.arm == "control")].profit.mean()
    assert check("42c", tuple(means["basket_discount"] - january)).mistake == "control_of_wave_1"
    wide = drawn[drawn.wave.isin([12, 13])].groupby(["wave", "arm"]).profit.mean().unstack()
    assert check("42c", tuple(wide["basket_discount"] - wide["control"])).mistake == "all_segments"


def test_the_holdout_says_what_the_year_earned_and_nothing_else_does(year, drawn):
    totals = year.totals
    found = compare_means(totals.profit[~totals.holdout], totals.profit[totals.holdout])
    assert check("42d", (found.effect, found.low, found.high)).status == "right"
    letters = compare_means(drawn[drawn.arm != "control"].profit, drawn[drawn.arm == "control"].profit)
    assert check("42d", (letters.effect, letters.low, letters.high)).mistake == "no_holdout"
    assert check("42d", (found.effect / 13, found.low / 13, found.high / 13)).mistake == "per_wave"
    narrow = compare_means(totals.profit[~totals.holdout], totals.profit[totals.holdout], level=0.9)
    assert check("42d", (narrow.effect, narrow.low, narrow.high)).mistake == "ninety"


@pytest.mark.parametrize("name", ["welch", "pooled", "by_hand"])
def test_other_ends_of_the_years_interval_are_told_to_take_it_as_it_stands(year, name):
    held = year.totals.holdout
    groups = year.totals.profit[~held], year.totals.profit[held]
    found = compare_means(*groups)
    half = 1.96 * found.se
    other = compare_means(*groups, variance=name) if name != "by_hand" else None
    ends = (found.effect - half, found.effect + half) if other is None else (other.low, other.high)
    told = check("42d", (found.effect, *ends))
    assert name in told.mistake and "as it stands" in told.message and "Asked is the effect ± 1.96" not in told.message


def test_the_years_other_groups_are_named(year):
    totals, log = year.totals, year.log
    exchanged = compare_means(totals.profit[totals.holdout], totals.profit[~totals.holdout])
    assert check("42d", (exchanged.effect, exchanged.low, exchanged.high)).mistake == "groups_exchanged"
    summed = log.groupby(["customer_id", "holdout"]).profit.sum().reset_index()
    for table, name in ((summed, "log_summed"), (totals[totals.segment == "baby"], "baby_only")):
        found = compare_means(table.profit[~table.holdout], table.profit[table.holdout])
        assert check("42d", (found.effect, found.low, found.high)).mistake == name


@pytest.mark.parametrize(
    ("letter", "name"),
    [
        ("A", "winner_of_a_holiday_week"),
        ("c", "holdout_spent"),
        ("D.", "unlogged_chances"),
        ("E", "never_exploit"),
    ],
)
def test_each_plan_for_january_is_answered(letter, name):
    assert check("42e", letter).mistake == name
    assert check("42e", "b").status == "right"
    assert check("42e", "F").status == "wrong"


def test_weights_of_the_logged_chance_are_right_and_ignored_chances_are_named(drawn):
    got = drawn[(drawn.wave == 13) & (drawn.arm == "basket_discount")]
    right = np.average(got.profit, weights=1 / got.propensity)
    assert check("42f", round(right, 2)).status == "right"
    assert check("42f", got.profit.mean()).mistake == "chances_ignored"
    assert check("42f", np.average(got.profit, weights=got.propensity)).mistake == "weighed_by_the_chance"
    count = (drawn.wave == 13).sum()
    assert check("42f", (got.profit / 0.2).sum() / count).mistake == "one_fifth_for_all"
    assert check("42f", (got.profit / got.propensity).sum() / count).mistake == "not_normalised"
    basket = drawn[drawn.arm == RIVAL]
    assert check("42f", np.average(basket.profit, weights=1 / basket.propensity)).mistake == "all_waves"
    november = basket[basket.wave == 12]
    assert check("42f", np.average(november.profit, weights=1 / november.propensity)).mistake == "wave_12"
    points = drawn[(drawn.wave == 13) & (drawn.arm == "bonus_points")]
    assert check("42f", np.average(points.profit, weights=1 / points.propensity)).mistake == "got_bonus_points"


def test_the_log_of_the_exercise_keeps_its_holdout(year):
    assert (year.log[year.log.holdout].arm == "control").all()
    assert not year.log.duplicated(["wave", "customer_id"]).any()
    assert set(year.log.customer_id) <= set(year.totals.customer_id)


def test_a_changed_taste_changes_offers_and_no_customer():
    world = make_world(3, customers=400)
    later = change_tastes(world)
    pd.testing.assert_frame_equal(world.customers, later.customers)
    changed = {o.name for o, n in zip(world.parameters.offers, later.parameters.offers, strict=True) if o != n}
    assert changed == set(LATER) and len(make_policies()) == 6


def test_the_committed_tables_hold_forty_chains_of_six_policies():
    for kind in ("calm", "changed"):
        table = read_policies(kind)
        assert set(make_policies()) <= set(table.index) and (table.seeds == 40).all()
        assert np.allclose(table.regret["best by segment"], 0)
    waves = read_waves()
    last = waves[(waves.kind == "calm") & (waves.what == "gained") & (waves.wave == 26)].set_index("policy")["mean"]
    assert np.allclose(last, read_policies().loc[last.index, "mean"], atol=0.1)
    assert list(read_holdout().index) == ["none", "10 %", "20 %"]


def test_pictures_name_their_lines():
    ax = draw_gains(read_waves(), "calm", "A title")
    assert {"Thompson", "equal split"} <= {text.get_text() for text in ax.texts}
    draws = pd.DataFrame({"reminder": np.linspace(-1, 1, 50), "bonus_points": np.linspace(0, 2, 50)})
    assert [text.get_text() for text in draw_beliefs(draws, "A title").get_legend().get_texts()] == [
        "reminder",
        "bonus points",
    ]
    log = pd.DataFrame({"wave": [1, 2], "segment": "a", "holdout": False, "resting": False})
    ax = draw_chances(log.assign(chance_control=[0.5, 0.2], chance_reminder=[0.5, 0.8]), "a", "A title")
    assert ax.get_ylim() == (0, 1)
    plt.close("all")
