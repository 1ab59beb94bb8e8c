"""Nobody, everybody or a ranking: the values by hand, who is chosen, and what no order of rows may change."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression

from loyalty.evaluate.uplift import choose_policy, open_trial, value_policies
from loyalty.tables.check import TableError

QUICK = {"line": LinearRegression()}


def draw(seed=0, n=1_200, *, effect=lambda x: 2 * x, arms=("mail",), spread=1.0, share=0.5):
    """A wave whose effect hangs on one feature of two."""
    rng = np.random.default_rng(seed)
    profile = pd.DataFrame({"customer_id": np.arange(n) + 1, "x": rng.normal(size=n), "other": rng.normal(size=n)})
    arm = np.where(rng.random(n) < share, rng.choice(list(arms), n), "control")
    gain = np.zeros(n)
    for place, name in enumerate(arms):
        gain = np.where(arm == name, effect(profile["x"]) * (1 - 2 * place), gain)
    profit = 5 + profile["other"] + gain + rng.normal(0, spread, n)
    return profile, pd.DataFrame({"customer_id": profile["customer_id"], "arm": arm, "profit": profit})


def choose(profile, wave, **options):
    return choose_policy(open_trial(profile, wave, outcome="profit"), **({"models": QUICK} | options))


def test_values_of_nobody_and_everybody_are_what_one_gets_by_hand():
    """With an outcome model that predicts one mean for all, doubly robust values are differences of means."""
    profile, wave = draw(1)
    profile["x"] = 0.0
    profile["other"] = 0.0
    found = choose(profile, wave, cost=0.25, models={}).to_frame().set_index("policy")
    means = wave.groupby("arm")["profit"].mean()
    assert found["value"]["nobody"] == 0 and found["high"]["nobody"] == 0
    assert found["value"]["everybody: mail"] == pytest.approx(means["mail"] - means["control"] - 0.25, abs=0.01)


def test_a_ranking_that_tells_customers_apart_is_taken_and_picks_whom_it_should():
    profile, wave = draw(2)
    choice = choose(profile, wave)
    assert choice.name == "line"
    picked = choice.assign(profile)
    assert (picked == "mail").mean() == pytest.approx(0.5, abs=0.06)
    assert ((picked == "mail") == (profile.set_index("customer_id")["x"] > 0)).mean() > 0.95
    slope = choice.heterogeneity.iloc[0]
    assert slope["low"] < 1 < slope["high"] and slope["p"] < 1e-6
    fifths = choice.groups["effect"].tolist()
    assert fifths == sorted(fifths, reverse=True)
    assert "Write to those whom `line` picks" in choice.sentence("€")


def test_the_slope_and_its_error_are_those_of_statsmodels():
    """The referee: least squares of the pseudo-outcome on the centred score, errors HC0."""
    from loyalty.evaluate.uplift.policy_choice import _test_heterogeneity

    rng = np.random.default_rng(5)
    score = pd.DataFrame({"mail": rng.normal(size=500)})
    pseudo = 0.4 * score + pd.DataFrame({"mail": rng.normal(size=500) * (1 + score["mail"].abs())})
    found = _test_heterogeneity(pseudo, {"line": score}, 0.95).iloc[0]
    centred = sm.add_constant(score["mail"] - score["mail"].mean())
    fit = sm.OLS(pseudo["mail"], centred).fit(cov_type="HC0")
    assert found["slope"] == pytest.approx(fit.params.iloc[1], rel=1e-9)
    assert (found["high"] - found["low"]) / 2 / stats.norm.ppf(0.975) == pytest.approx(fit.bse.iloc[1], rel=1e-9)


def test_where_all_gain_alike_everybody_gets_it_and_where_nobody_gains_nobody():
    everybody = choose(*draw(3, effect=lambda x: 0 * x + 1), cost=0.4)
    assert everybody.name == "everybody: mail" and everybody.model is None
    assert everybody.assign(draw(3)[0]).unique().tolist() == ["mail"]
    assert "Write to everybody with `mail`" in everybody.sentence()
    nobody = choose(*draw(3, effect=lambda x: 0 * x - 1), cost=0.4)
    assert nobody.name == "nobody" and nobody.assign(draw(3)[0]).unique().tolist() == [""]
    assert nobody.sentence().startswith("Write to nobody: no plan was shown to earn its contacts")


def test_of_two_arms_each_customer_gets_the_better():
    profile, wave = draw(4, n=2_000, arms=("mail", "push"), share=0.66)
    choice = choose(profile, wave)
    x = profile.set_index("customer_id")["x"]
    picked = choice.assign(profile)
    assert choice.name == "line" and (picked[x > 0.3] == "mail").all() and (picked[x < -0.3] == "push").all()
    assert choice.to_frame()["policy"].tolist() == ["nobody", "everybody: mail", "everybody: push", "line"]


@pytest.mark.slow
def test_an_effect_that_rises_and_falls_again_is_found_by_the_trees():
    profile, wave = draw(6, n=4_000, effect=lambda x: np.where(np.abs(x) < 0.7, 1.1, -0.3))
    choice = choose(profile, wave, models=None)
    assert choice.name == "boosted"
    inside = profile.set_index("customer_id")["x"].abs() < 0.7
    assert ((choice.assign(profile) == "mail") == inside).mean() > 0.8


@pytest.mark.slow
def test_the_value_of_a_plan_that_had_no_part_in_the_choice_is_in_its_interval_as_often_as_promised():
    """Everybody's value: 200 waves against the known mean effect; the region is that of a right interval."""
    runs = 200
    held = 0
    for seed in range(runs):
        found = choose(*draw(seed, n=400, effect=lambda x: 1 + x), models={}).to_frame().set_index("policy")
        held += found["low"]["everybody: mail"] <= 1 <= found["high"]["everybody: mail"]
    low, high = stats.binom.interval(0.999, runs, 0.95)
    assert low <= held <= high


@pytest.mark.slow
def test_where_nobody_differs_the_slope_is_called_shown_in_about_one_of_twenty_at_most():
    runs = 100
    rang = sum(
        choose(*draw(seed, n=300, effect=lambda x: 0 * x)).heterogeneity["p"].iloc[0] < 0.05 for seed in range(runs)
    )
    assert rang <= stats.binom.ppf(0.999, runs, 0.05)


@pytest.mark.slow
def test_more_caution_never_takes_a_ranking_that_less_caution_left():
    names = [choose(*draw(seed, n=300, effect=lambda x: 0.5 * x), caution=caution).name
             for seed in range(4) for caution in (0.0, 1.0, 100.0)]  # fmt: skip
    for bold, usual, timid in zip(names[::3], names[1::3], names[2::3], strict=True):
        assert timid != "line" and (usual != "line" or bold == "line")


def test_neither_the_order_of_rows_nor_the_kind_of_ids_changes_the_choice():
    profile, wave = draw(7, n=600)
    first = choose(profile, wave).to_frame()
    shuffled = choose(profile.sample(frac=1, random_state=1), wave.sample(frac=1, random_state=2)).to_frame()
    pd.testing.assert_frame_equal(first, shuffled)
    width = [table.assign(customer_id=table["customer_id"].map("c{:05d}".format)) for table in (profile, wave)]
    pd.testing.assert_frame_equal(first, choose(*width).to_frame())


def test_scores_that_are_all_equal_tell_nobody_apart_and_are_not_taken():
    choice = choose(*draw(8, effect=lambda x: 0 * x + 1), models={"mean": DummyRegressor()})
    assert choice.name == "everybody: mail"
    constant = draw(8)[1].assign(profit=1.0)
    choice = choose(draw(8)[0], constant)
    assert choice.name == "nobody" and choice.heterogeneity["p"].isna().all()


def test_what_does_not_go_together_is_said_at_once():
    with pytest.raises(ValueError) as caught:
        choose(*draw(), models={"nobody": LogisticRegression()}, caution=-1.0, level=95)
    said = str(caught.value)
    assert "`nobody` is a candidate anyway" in said and "`nobody` is a classifier" in said
    assert "caution should be zero or more" in said and "level should lie between 0 and 1" in said
    with pytest.raises(ValueError, match="no cost of 'mail'"):
        choose(*draw(), cost={"push": 1.0})


def test_few_controls_are_doubted_and_a_holdout_values_the_choice():
    profile, wave = draw(9, n=2_600)
    learn, judge = open_trial(profile, wave, outcome="profit").split()
    choice = choose_policy(learn, models=QUICK)
    assert any("under 1,000 a verdict on a policy is mostly luck" in text for text in choice.warnings)
    found = value_policies(judge, {"chosen": choice.assign(judge)})
    assert found.estimates["chosen"].low > 0.5


def test_it_draws_and_shows_itself():
    choice = choose(*draw(10))
    ax = choice.plot(unit="€")
    assert ax.get_title(loc="left") == "The ranking tells customers apart" and "line" in choice._repr_html_()
    with pytest.raises(ValueError, match="no arm 'sms'"):
        choice.plot(arm="sms")
    with pytest.raises(ValueError, match="nothing to draw"):
        choose(*draw(10), models={}).plot()


def test_a_feature_without_any_value_teaches_nothing_and_breaks_nothing():
    profile, wave = draw(11, n=600)
    gaps = profile.assign(never=np.nan)
    choice = choose_policy(open_trial(gaps, wave, outcome="profit"), folds=2)
    assert choice.name != "nobody"
    later = profile.head(50).assign(never=1e6)
    assert choice.assign(later).tolist() == choice.assign(later.assign(never=np.nan)).tolist()


def test_names_and_texts_that_look_alike_do_not_mix():
    profile, wave = draw(12, n=600)
    profile["town"] = np.where(profile["x"] > 0, "Rome", "Bonn")
    profile["town_Rome"] = profile.pop("x")
    choice = choose(profile, wave)
    assert choice.name == "line" and (choice.assign(profile) == "mail").mean() == pytest.approx(0.5, abs=0.1)
    profile["town"] = [1 if text == "Rome" else "1" for text in profile["town"]]
    assert len(choose(profile, wave).assign(profile)) == 600


@pytest.mark.parametrize("models", [QUICK, {}])
def test_customers_that_no_plan_can_read_are_refused_in_words(models):
    profile, wave = draw(13, n=300)
    choice = choose(profile, wave, models=models)
    with pytest.raises(TableError, match="table of pandas"):
        choice.assign({"customer_id": [1]})
    with pytest.raises(TableError, match="several columns `x`"):
        choice.assign(pd.concat([profile, profile[["x"]]], axis=1))
    with pytest.raises(TableError, match="there is no customer"):
        choice.assign(profile.head(0))


def test_the_sentence_says_where_a_plan_was_not_shown_to_earn():
    unsure = choose(*draw(2, n=60, effect=lambda x: 0 * x + 1, spread=5.0), models={})
    row = unsure.to_frame().set_index("policy").loc["everybody: mail"]
    assert row["value"] > 0 > row["low"]
    assert unsure.sentence().endswith("That it earns its contacts was not shown.")
    assert "was not shown" not in choose(*draw(2)).sentence()


def test_each_of_several_small_arms_is_doubted():
    profile, wave = draw(14, n=600, arms=("mail", "push"))
    few = int((wave["arm"] == "push").sum())
    assert f"there are {few} customers in `push`: its value is mostly luck" in choose(profile, wave).warnings


def test_one_huge_customer_and_a_small_control_are_said_in_words_of_this_result():
    profile, wave = draw(15, n=600)
    wave.loc[3, "profit"] = 5_000.0
    assert any("one customer makes up more than half" in text for text in choose(profile, wave, models={}).warnings)
    profile, wave = draw(16, n=600, share=0.9)
    said = " ".join(choose(profile, wave, models={}).warnings)
    assert "intervals of values and gains cover too little" in said and "one customer" not in said
