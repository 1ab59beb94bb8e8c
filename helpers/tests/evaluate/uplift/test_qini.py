"""Gain curves, areas, bins and policies: by hand, beside scikit-uplift, and against known truth."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.uplift.experiment import Experiment, open_trial
from loyalty.evaluate.uplift.meta_learners import fit_uplift
from loyalty.evaluate.uplift.policy_value import choose_offers, price_groups, value_policies
from loyalty.evaluate.uplift.qini import measure_bins, measure_gains
from loyalty.tables.check import TableError


def make_trial(sales, score, arm=None, **columns):
    n = len(sales)
    arm = np.resize(["mail", "control"], n) if arm is None else arm
    wave = pd.DataFrame({"customer_id": range(n), "arm": arm, "sales": sales, **columns})
    return open_trial(pd.DataFrame({"customer_id": range(n), "score": score}), wave)


def draw(n=4_000, seed=0, share=0.5):
    """Effects between -2 and 2 in the score; returns the trial, built without files and checks, and true effects."""
    rng = np.random.default_rng(seed)
    score = pd.Series(rng.integers(0, 41, n) / 10 - 2, name="score")
    mail = pd.Series(rng.permutation(n) < share * n)
    sales = (rng.gamma(1, 5, n) + 4 + mail * score).rename("sales")
    arm, chance = mail.map({True: "mail", False: "control"}), mail.map({True: share, False: 1 - share})
    return Experiment(score.to_frame(), sales, arm, chance, ("mail",), "control", True), score


# --- By hand -------------------------------------------------------------------------------------


def test_a_curve_of_eight_customers_is_the_one_drawn_by_hand():
    # Score 4: 4 against 0; score 3: 3 against 1; the rest 1 against 1.
    trial = make_trial([4, 0, 3, 1, 1, 1, 1, 1], [4, 4, 3, 3, 2, 2, 1, 1])
    gains = measure_gains(trial, {"it": trial.features["score"]})
    assert gains.curves["share"].tolist() == [0, 0.25, 0.5, 0.75, 1]
    # 4 x 1/4; (3.5 - 0.5) x 1/2; (8/3 - 2/3) x 3/4; (9/4 - 3/4) x 1
    np.testing.assert_allclose(gains.curves["gain"], [0, 1, 1.5, 1.5, 1.5], atol=1e-12)
    # Trapezes 1/8 + 5/16 + 3/8 + 3/8, less the triangle 3/4
    assert gains.estimates["it"].effect == pytest.approx(1.1875 - 0.75)


def test_equal_scores_count_together_as_if_drawn_by_lot():
    sales, score = [4, 0, 3, 1, 1, 1, 1, 1], [2, 2, 2, 2, 1, 1, 1, 1]
    trial = make_trial(sales, score)
    gains = measure_gains(trial, {"it": trial.features["score"], "none": trial.features["score"] * 0})
    assert gains.curves.query("name == 'it'")["share"].tolist() == [0, 0.5, 1]
    assert gains.estimates["it"].effect == pytest.approx(0.375)
    assert (gains.estimates["none"].effect, gains.estimates["none"].se) == (0, 0)


def test_a_first_part_without_control_is_crossed_by_a_straight_line():
    trial = make_trial([9, 0, 3, 1, 1, 1], [6, 1, 5, 4, 3, 2])
    curves = measure_gains(trial, {"it": trial.features["score"]}).curves
    assert curves["share"].round(3).tolist() == [0, 0.5, 0.667, 0.833, 1]
    assert curves["gain"].iloc[1] == pytest.approx((6 - 1) / 2)


def test_propensities_weigh_each_customer():
    # Half of the rich, a tenth of the poor were left out; their effects are 2 and 0.
    rich = np.array([1] * 40 + [0] * 40)
    mail = np.array(([1] * 20 + [0] * 20) + ([1] * 36 + [0] * 4))
    chance = np.where(rich, 0.5, np.where(mail, 0.9, 0.1))
    arm = np.where(mail, "mail", "control")
    trial = make_trial(10.0 * rich + 2 * rich * mail, rich, arm, propensity=chance)
    gains = measure_gains(trial, {"it": trial.features["score"]})
    np.testing.assert_allclose(gains.curves["gain"], [0, 1, 1], atol=1e-12)
    table = measure_bins(trial, "score").to_frame().set_index("segment")["effect"]
    assert table.to_dict() == pytest.approx({"0.0": 0, "1.0": 2})
    plan = pd.Series(np.where(rich, "mail", ""), trial.arm.index)
    assert value_policies(trial, {"rich": plan}, cost=0.5).estimates["rich"].effect == pytest.approx(0.75)


def test_a_policy_of_two_offers_adds_up_by_hand():
    arm = ["mail", "mail", "call", "call", "control", "control"] * 2
    sales = [5, 5, 1, 1, 2, 2] + [1, 1, 7, 7, 3, 3]
    trial = make_trial(sales, [1] * 6 + [2] * 6, arm)
    plan = pd.Series(["mail"] * 6 + ["call"] * 6, trial.arm.index)
    found = value_policies(trial, {"both": plan}, cost={"mail": 1, "call": 2})
    # Half x (3 - 1) + half x (4 - 2); everybody: (3 - 2.5 - 1) and (4 - 2.5 - 2)
    frame = found.to_frame().set_index("name")
    assert frame["effect"].to_dict() == {"both": 2, "everybody: call": -0.5, "everybody: mail": -0.5}
    assert frame.loc["both", ["share", "total", "n_treated", "n_control"]].tolist() == [1, 24, 4, 4]


def test_offers_are_chosen_by_what_is_left_after_their_cost():
    scores = pd.DataFrame({"mail": [2.0, 0.1, -1.0, 0.6], "call": [2.5, 0.0, 3.0, 0.0]}, index=[11, 12, 13, 14])
    cost = {"mail": 0.5, "call": 2.0}
    assert choose_offers(scores, cost=cost).tolist() == ["mail", "", "call", "mail"]
    assert choose_offers(scores, cost=cost, share=0.5).tolist() == ["mail", "", "call", ""]
    flat = pd.Series(0.0, range(1_000), name="mail")
    kept = choose_offers(flat, share=0.3)
    assert (kept == "mail").sum() == 300 and kept.equals(choose_offers(flat[::-1], share=0.3)[::-1])


# --- Beside others -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([3, 40, 10_000]), st.floats(0.2, 0.8))
def test_curves_agree_with_scikit_uplift_where_both_groups_are_met(seed, levels, share):
    """Curves only: its scores are divided by a "perfect" curve, ours are in units of the outcome."""
    from sklift.metrics import uplift_curve

    rng = np.random.default_rng(seed)
    n = 400
    score, mail = rng.integers(0, levels, n), rng.permutation(n) < share * n
    bought = (rng.random(n) < 0.3 + 0.2 * mail * (score > levels / 2)).astype(int)
    trial = make_trial(bought, score, np.where(mail, "mail", "control"), propensity=np.where(mail, share, 1 - share))
    curve = measure_gains(trial, {"it": trial.features["score"]}).curves
    count, total = uplift_curve(bought, score, mail.astype(int))
    both = np.isin(count, np.round(curve["share"] * n))
    assert (~both).sum() <= np.flatnonzero(both)[1]  # only a beginning without one of the groups is missing
    np.testing.assert_allclose(curve["gain"] * n, total[both], atol=1e-8)


def test_the_end_of_the_curve_is_the_lift_with_its_interval():
    trial, score = draw()
    end = measure_gains(trial, {"it": score}).curves.iloc[-1]
    lift = measure_lift(pd.DataFrame({"arm": trial.arm, "sales": trial.outcome}).reset_index())
    assert end["gain"] == pytest.approx(lift.effect)
    assert (end["high"] - end["low"]) == pytest.approx(lift.high - lift.low, rel=2e-3)  # normal against t


@pytest.mark.slow
def test_standard_errors_agree_with_the_bootstrap():
    trial, score = draw(1_500)
    found = measure_gains(trial, {"it": score, "back": -score})
    drawn = []
    for seed in range(400):
        rows = np.random.default_rng(seed).integers(0, len(trial), len(trial))
        parts = ("features", "outcome", "arm", "propensity")
        again = replace(trial, **{part: getattr(trial, part).iloc[rows].reset_index(drop=True) for part in parts})
        own = again.features["score"]
        pair = measure_gains(again, {"it": own, "back": -own}).estimates
        drawn.append([pair["it"].effect, pair["it"].effect - pair["back"].effect])
    spread = np.std(drawn, axis=0)  # known to 3.5 %
    assert found.estimates["it"].se == pytest.approx(spread[0], rel=0.1)
    assert found.compare("it", "back").se == pytest.approx(spread[1], rel=0.1)


def test_what_moves_a_policy_adds_up_to_its_error():
    trial, score = draw()
    found = value_policies(trial, {"it": pd.Series(np.where(score > 1, "mail", ""), score.index)}, cost=0.5)
    for name, estimate in found.estimates.items():
        assert np.sqrt((found.influence[name] ** 2).sum()) == pytest.approx(estimate.se, rel=5e-3)


@pytest.mark.slow
def test_intervals_of_areas_and_policies_hold_the_truth():
    """200 waves at 95 %: no fewer than the binomial's lowest thousandth; sample effects may be held more often."""
    held = np.zeros(3, int)
    for seed in range(200):
        trial, score = draw(1_200, seed)
        truth = score.sort_values(ascending=False).to_numpy()
        area = np.trapezoid(np.append(0, truth.cumsum()), dx=1) / len(truth) ** 2 - truth.mean() / 2
        gains = measure_gains(trial, {"it": score})
        plan = pd.Series(np.where(score > 0.5, "mail", ""), score.index)
        policy = value_policies(trial, {"it": plan}, cost=0.5)
        value = np.where(score > 0.5, score - 0.5, 0).mean()
        less = np.where(score > 0.5, 0, score - 0.5).mean()
        pairs = [(gains.estimates["it"], area), (policy.estimates["it"], value)]
        pairs.append((policy.compare("it", "everybody: mail"), -less))
        held += [e.low <= true <= e.high for e, true in pairs]
    assert (held >= binom.ppf(0.001, 200, 0.95)).all(), held


# --- Properties ----------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1.0, 1e-9, 1e12]), st.floats(-5, 5))
def test_order_scale_and_shift_of_the_numbers_change_nothing_but_the_unit(seed, scale, shift):
    trial, score = draw(120, seed)
    base = measure_gains(trial, {"it": score}).estimates["it"]
    order = np.random.default_rng(seed).permutation(120)
    moved = make_trial((trial.outcome.to_numpy() + shift) * scale, np.exp(score), trial.arm.to_numpy(), propensity=0.5)
    found = measure_gains(moved, {"it": moved.features["score"].iloc[order]}).estimates["it"]
    assert found.effect / scale == pytest.approx(base.effect, abs=1e-7)
    assert found.se / scale == pytest.approx(base.se, rel=1e-5)


def test_an_outcome_that_never_varies_gives_zero_everywhere_and_no_interval():
    trial = make_trial([0] * 40, np.arange(40))
    gains = measure_gains(trial, {"it": trial.features["score"]})
    assert (gains.curves["gain"] == 0).all() and np.isnan(gains.estimates["it"].p)


def test_parts_by_score_never_part_equal_scores_and_hold_the_planted_effect():
    trial, score = draw()
    table = measure_bins(trial, score, bins=4).to_frame()
    assert table["segment"].tolist() == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    assert table["effect"].is_monotonic_decreasing and {"p_adjusted", "shrunken"} <= set(table)
    halves = measure_bins(trial, (score > 0).astype(float), bins=10).to_frame()
    assert len(halves) == 2
    assert len(measure_bins(trial, score * 0, bins=3)) == 1


# --- What it says --------------------------------------------------------------------------------


def test_few_controls_are_said_and_a_thousand_are_enough():
    says = "the holdout has 600 customers in control: under 1,000 a verdict on a policy is mostly luck"
    trial, score = draw(1_200)
    plan = pd.Series("mail", score.index)
    assert says in measure_gains(trial, {"it": score}).warnings
    assert says in value_policies(trial, {"it": plan}).warnings
    trial, score = draw(2_000)
    assert not [text for text in measure_gains(trial, {"it": score}).warnings if "luck" in text]
    small = measure_gains(*(lambda t, s: (t, {"it": s}))(*draw(2_000, share=0.9))).warnings
    says = "control is 10% of both groups: intervals of areas and of differences between candidates"
    assert f"{says} cover too little with zero-heavy money" in small


def test_policies_and_scores_that_cannot_be_judged_are_refused():
    trial, score = draw(400)
    every = pd.Series("mail", score.index)
    with pytest.raises(TableError, match="`it` gives 'call', which nobody tried; the arms are mail"):
        value_policies(trial, {"it": every.replace("mail", "call")})
    with pytest.raises(TableError, match="`it` says nothing of 1 customers: '' is no offer"):
        value_policies(trial, {"it": every.iloc[1:]})
    with pytest.raises(TableError, match="two of each are needed"):
        value_policies(trial, {"it": every.where(trial.arm == "mail", "")})
    with pytest.raises(ValueError, match="there is no cost of 'mail'"):
        value_policies(trial, {"it": every}, cost={"call": 1})
    with pytest.raises(TableError, match="1 of 400 customers have no score, or an infinite one"):
        measure_gains(trial, {"it": score.iloc[1:]})
    with pytest.raises(ValueError, match="give scores="):
        measure_gains(trial, {})
    learn, judge = trial.split()
    with pytest.raises(ValueError, match="`it` predicts no effect, so its height decides nothing: say share="):
        value_policies(judge, {"it": fit_uplift(learn, "response")})
    with pytest.raises(ValueError, match="a model of 'random' predicts no effect: nobody can be grouped by it"):
        price_groups(judge, fit_uplift(learn, "random"))


def test_the_problems_of_all_candidates_are_said_at_once_each_with_its_name():
    trial, score = draw(400)
    every = pd.Series("mail", score.index)
    plans = {"a": every.replace("mail", "control"), "b": every.iloc[2:], "c": score.to_frame()}
    plans |= {"everybody: mail": every, "d": pd.concat([every, every.head(1)])}
    with pytest.raises(TableError) as error:
        value_policies(trial, plans)
    assert error.value.problems == [
        "`a` gives 'control', which nobody tried; the arms are mail, and '' is no offer",
        "`b` says nothing of 2 customers: '' is no offer",
        "a model is needed, or a Series indexed by customer_id; found a DataFrame (`c`)",
        "`everybody: mail` is added anyway: give yours another name",
        "1 rows repeat a customer: keep one of each (`d`)",
    ]
    scores = {"a": score.iloc[1:], "b": score.astype(str) + "x", "c": score.to_numpy(), "d": score.to_frame("call")}
    with pytest.raises(TableError) as error:
        measure_gains(trial, scores)
    assert error.value.problems == [
        "1 of 400 customers have no score, or an infinite one (`a`)",
        "400 of 400 customers have no score, or an infinite one (`b`)",
        "a model is needed, or a Series indexed by customer_id; found a ndarray (`c`)",
        "there are scores of call, and none of mail (`d`)",
    ]
    lone = every.where(np.arange(400) == 0, "")
    with pytest.raises(TableError, match=r"two of each are needed \(`lone`\)"):
        value_policies(trial, {"lone": lone})


def test_a_model_of_another_offer_is_refused_by_each_judge():
    trial, _ = draw(400)
    other = replace(trial, arm=trial.arm.replace("mail", "call"), arms=("call",))
    shift = {part: getattr(other, part).set_axis(other.arm.index + 1_000) for part in ("features", "outcome", "arm")}
    model = fit_uplift(replace(other, **shift, propensity=other.propensity.set_axis(other.arm.index + 1_000)), "t")
    for judged in (lambda: measure_gains(trial, {"it": model}), lambda: price_groups(trial, model)):
        with pytest.raises(TableError, match="there are scores of call, and none of mail"):
            judged()
    with pytest.raises(TableError, match="`it` may give 'call', which nobody tried; the arms are mail"):
        value_policies(trial, {"it": model})


def test_numbers_that_are_none_are_refused():
    trial, score = draw(400)
    for judged in (measure_gains, value_policies):
        with pytest.raises(ValueError, match="level should lie between 0 and 1, such as 0.95; found 95"):
            judged(trial, {"it": score}, level=95)
    with pytest.raises(ValueError, match="a cost should be a number, found nan of 'mail'"):
        value_policies(trial, {}, cost=float("nan"))
    with pytest.raises(TableError, match="1 of 2 customers have no score for any arm"):
        choose_offers(pd.DataFrame({"mail": [1.0, np.nan], "call": [np.nan, np.nan]}))
    for bins in (0, -1, 2.5):
        with pytest.raises(ValueError, match="bins should be a whole number above zero"):
            measure_bins(trial, score, bins=bins)
    with pytest.raises(TableError, match="there is no feature `city`; there are score"):
        measure_bins(trial, "city")
    with pytest.raises(ValueError, match="there is no 'b'; there are 'a'"):
        measure_gains(trial, {"a": score}).compare("a", "b")


def test_a_plan_for_nobody_is_worth_nothing_for_sure():
    trial, score = draw(400)
    found = value_policies(trial, {"nobody": pd.Series("", score.index)}, cost=3.0)
    e = found.estimates["nobody"]
    assert (e.effect, e.low, e.high, e.p, e.details["share"]) == (0, 0, 0, 1, 0)
    assert "0.00 for `nobody` (0.00 to 0.00) and" in found.sentence()
    less = found.compare("everybody: mail", "nobody")
    assert less.effect == pytest.approx(found.estimates["everybody: mail"].effect)
    assert less.se == pytest.approx(found.estimates["everybody: mail"].se, rel=5e-3)


def test_a_difference_says_what_its_candidates_say():
    """With few controls and zero-heavy money it covers too little; the doubt used to stay behind."""
    trial, score = draw(2_000, share=0.9)
    gains = measure_gains(trial, {"it": score, "back": -score})
    assert gains.compare("it", "back").warnings == gains.warnings != ()


def test_groups_are_compared_with_each_other():
    """They share no customer, so that their errors add up."""
    trial, _ = draw()
    learn, judge = trial.split()
    found = price_groups(judge, fit_uplift(learn, "t"), cost={"mail": 0.2}, small=0.5)
    a, b = (found.estimates[name] for name in ("persuadables", "sleeping dogs"))
    gap = found.compare("persuadables", "sleeping dogs")
    assert gap.effect == pytest.approx(a.effect - b.effect) and gap.low > 0
    assert gap.se == pytest.approx(np.hypot(a.se, b.se), rel=1e-2)


def test_results_show_themselves():
    trial, score = draw()
    learn, judge = trial.split()
    model = fit_uplift(learn, "t")
    gains = measure_gains(judge, {"T-learner": model, "backwards": -score})
    assert gains.sentence("€").startswith("Area above random, from sales: €")
    assert "`T-learner`" in gains.sentence() and "`backwards`" in gains.sentence()
    policies = value_policies(judge, {"T-learner": model}, cost=0.2)
    groups = price_groups(judge, model, cost=0.2, small=0.5)
    for result in (gains, policies, groups):
        ax = result.plot(unit="€", truth=0.5, source="a drawing")
        assert ax.get_title(loc="left") and "<table" in result._repr_html_()
        plt.close(ax.figure)
        with pytest.raises(AttributeError):
            result.what = "else"
    assert gains.plot().get_title(loc="left") == "T-learner finds whom the offer changes"
    plt.close("all")


def test_sleeping_dogs_and_sure_things_are_priced_on_other_customers():
    rng = np.random.default_rng(8)
    n = 8_000
    kind = rng.choice(["persuadable", "lost", "sure", "dog"], n)
    mail = rng.random(n) < 0.5
    chance = pd.Series(kind).map({"persuadable": 0.1, "lost": 0.05, "sure": 0.8, "dog": 0.5}).to_numpy()
    chance = chance + mail * pd.Series(kind).map({"persuadable": 0.4, "lost": 0, "sure": 0, "dog": -0.3}).to_numpy()
    bought = (rng.random(n) < chance).astype(int)
    profile = pd.DataFrame({"customer_id": range(n), "kind": kind})
    wave = pd.DataFrame({"customer_id": range(n), "arm": np.where(mail, "mail", "control"), "responded": bought})
    wave["money"] = bought * (10 - 3.0 * mail)  # who buys with the offer uses it
    learn, _ = open_trial(profile, wave, outcome="responded").split(seed=1)
    _, judge = open_trial(profile, wave, outcome="money").split(seed=1)
    found = price_groups(judge, fit_uplift(learn), cost=0.1, small=0.15)
    assert list(found.estimates) == ["persuadables", "lost causes", "sure things", "sleeping dogs"]
    truth = {"persuadables": 0.5 * 7 - 0.1 * 10 - 0.1, "lost causes": 0.05 * -3 - 0.1, "sure things": 0.8 * -3 - 0.1,
             "sleeping dogs": 0.2 * 7 - 0.5 * 10 - 0.1}  # fmt: skip
    for name, estimate in found.estimates.items():
        assert estimate.effect == pytest.approx(truth[name], abs=4 * estimate.se), name
        customers = estimate.details["share"] * len(judge)
        assert estimate.details["total"] == pytest.approx(estimate.effect * customers)
    assert found.estimates["sure things"].high < 0 and found.estimates["sleeping dogs"].high < 0
    assert found.plot().get_title(loc="left") == "sleeping dogs: this loses money"
    plt.close("all")
    flat = fit_uplift(replace(learn, outcome=learn.outcome * 0))
    notes = price_groups(judge, flat).warnings
    assert notes[0] == "the model predicts one effect for all: it tells nobody apart"
    assert notes[1] == "too few customers to compare: persuadables, sure things, sleeping dogs"


def test_groups_of_which_none_can_be_compared_are_refused():
    """Four customers, whom the model puts into two groups with one arm each: there is nothing to show."""
    trial, _ = draw()
    model = fit_uplift(trial.take(np.arange(len(trial)) >= 4), "t")
    four = pd.DataFrame({"customer_id": range(4), "arm": ["mail", "mail", "control", "control"], "sales": range(4)})
    values = [-9.0, -9.0, 9.0, 9.0]
    profile = four[["customer_id"]].assign(**{name: values for name in trial.features})
    with pytest.raises(TableError, match="no group holds two customers who got the offer and two in control"):
        price_groups(open_trial(profile, four), model, small=0.0)


def test_a_curve_that_falls_leaves_its_upper_corner_to_the_curve():
    trial, score = draw()
    falling = replace(trial, outcome=-trial.outcome * (trial.arm == "mail"))
    places = {}
    for name, it in (("up", trial), ("down", falling)):
        places[name] = measure_gains(it, {"it": score}).plot(truth=0.0).get_legend()._loc
    assert places == {"up": 2, "down": 3}
    plt.close("all")
