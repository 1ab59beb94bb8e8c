"""Trials and learners of uplift: what is refused, what each learner is, and what no row order may change."""

import importlib.util
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.evaluate.uplift.meta_learners import LEARNERS, fit_uplift, score_out_of_fold
from loyalty.evaluate.uplift.policy_value import value_policies
from loyalty.evaluate.uplift.qini import measure_gains
from loyalty.tables.check import TableError

MODELS = [learner for learner in LEARNERS if learner != "segments"]


def draw(n=2_000, seed=0, *, slope=2.0, arms=("mail",), binary=False):
    """A wave whose effect is slope x (visits - 2), with text, gaps and a useless column among the features."""
    rng = np.random.default_rng(seed)
    profile = pd.DataFrame({"customer_id": np.arange(n) + 1, "visits": rng.integers(0, 6, n)})
    profile["noise"] = rng.normal(size=n)
    profile["city"] = rng.choice(["Riga", "Oslo"], n)
    profile["gap_days"] = np.where(profile["visits"] > 1, rng.gamma(2, 10, n), np.nan)
    arm = rng.permutation(np.resize(["control", *arms], n))
    effect = slope * (profile["visits"] - 2) * (arm != "control")
    sales = profile["visits"] * 3 + effect + rng.normal(size=n)
    if binary:
        sales = (rng.random(n) < 0.3 + 0.1 * effect / slope).astype(int)
    return profile, pd.DataFrame({"customer_id": profile["customer_id"], "arm": arm, "sales": sales})


def problem(profile, wave, *, outcome="sales", **options):
    with pytest.raises(TableError) as error:
        open_trial(profile, wave, outcome=outcome, **options)
    return "\n".join(error.value.problems)


# --- What is refused -----------------------------------------------------------------------------


def test_a_wave_without_control_is_refused():
    profile, wave = draw()
    alone = wave[wave["arm"] == "mail"]
    assert "there is nobody in the group `control`; the groups are: mail" in problem(profile, alone)


def test_missing_propensities_are_refused_where_strata_had_other_chances():
    profile, wave = draw()
    rng = np.random.default_rng(1)
    wave["stratum"] = np.where(profile["city"] == "Riga", "home", "away")
    wave["arm"] = np.where(rng.random(len(wave)) < np.where(wave["stratum"] == "home", 0.5, 0.9), "mail", "control")
    mend = "fill `propensity`, the chance of the arm that each customer received"
    found = problem(profile, wave)
    assert f"`propensity` is missing, and the arms' shares differ between the strata: {mend}" in found
    chance = np.where(wave["stratum"] == "home", 0.5, 0.9)
    filled = wave.assign(propensity=np.where(wave["arm"] == "mail", chance, 1 - chance))
    assert not open_trial(profile, filled, outcome="sales").even
    even = wave.assign(arm=np.where(rng.random(len(wave)) < 0.5, "mail", "control"))
    assert open_trial(profile, even, outcome="sales").even


def test_missing_propensities_are_refused_where_the_arms_differ_in_a_feature():
    profile, wave = draw()
    wave["arm"] = np.where(profile["visits"] + np.random.default_rng(1).normal(size=len(wave)) > 3, "mail", "control")
    assert "`propensity` is missing, and the arms differ in `visits` (p = " in problem(profile, wave)


@pytest.mark.parametrize(
    ("name", "table"), [("sales", "outcomes"), ("orders", "outcomes"), ("delivered", "contacts"), ("arm", "contacts")]
)
def test_a_column_that_is_known_after_the_start_is_no_feature(name, table):
    profile, wave = draw()
    profile[name] = 1
    found = problem(profile, wave)
    assert f"`{name}` is a column of the {table}, known only after the start: leave it out" in found


def test_the_outcome_under_another_name_is_no_feature():
    profile, wave = draw()
    profile["value"] = 2 * wave["sales"] + 3
    assert problem(profile, wave) == "`value` is the outcome itself, or a multiple of it: leave it out"
    profile["value"] = profile["visits"] * 3 + profile["noise"]  # what he used to spend
    assert len(open_trial(profile, wave)) == len(wave)


def test_a_feature_in_which_the_arms_differ_is_named_where_the_chances_are_known():
    profile, wave = draw()
    profile["value"] = wave["sales"] + 5 * (wave["arm"] == "mail") + profile["noise"]  # measured after the start
    (found,) = open_trial(profile, wave.assign(propensity=0.5)).warnings
    assert found.startswith("the arms differ in `value` (p = ") and found.endswith("was it measured after the start?")


def test_a_profile_of_a_later_day_than_the_start_is_refused():
    profile, wave = draw(200)
    contacts = wave[["customer_id", "arm"]].assign(campaign_id="spring", wave=1)
    outcomes = contacts.drop(columns="arm").assign(window="main", sales=wave["sales"])
    outcomes["start"], outcomes["end"] = pd.Timestamp("2025-03-01"), pd.Timestamp("2025-03-29")
    sound = profile.assign(as_of=pd.Timestamp("2025-03-01"))
    assert "as_of" not in open_trial(sound, contacts, outcomes).features
    with pytest.raises(TableError, match="the profile knows what came before 2025-03-02, but the window starts on"):
        open_trial(profile.assign(as_of=pd.Timestamp("2025-03-02")), contacts, outcomes)


def test_wild_values_dates_and_ids_are_no_features():
    profile, wave = draw(200)
    profile["name"], profile["seen"] = [f"n{i}" for i in range(200)], pd.Timestamp("2025-01-01")
    profile.loc[3, "noise"] = np.inf
    found = problem(profile, wave)
    assert "`noise` is infinite or beyond 1e100 in 1 rows: no measurement is" in found
    assert "`name` holds 200 different texts: an id is no feature" in found
    assert "`seen` holds dates: turn them into days before the start" in found


def test_customers_without_a_row_in_the_profile_are_counted():
    profile, wave = draw(200)
    assert "3 customers of the wave have no row, such as 198: build_profile" in problem(profile.head(197), wave)
    says = problem(profile.astype({"customer_id": str}), wave)
    assert "no customer of the wave stands in the profile; `customer_id` is 1, 2, 3 in the wave and '1', '10'" in says
    assert says.endswith("text in one table, a whole number in the other: make them alike with .astype('str')")
    assert "there is no column `age` in the profile" in problem(profile, wave, features=["age"])
    assert "there is no feature" in problem(profile, wave, features=[])


def test_empty_outcomes_and_customers_without_an_id_are_refused():
    profile, wave = draw(200)
    wave.loc[[3, 4], "sales"] = np.nan
    assert problem(profile, wave).startswith("`sales` is empty in 2 of 200 rows (customer_id 4, 5)")
    assert "there is no column `customer_id`" in problem(profile, wave.fillna(0).drop(columns="customer_id"))


def test_judging_customers_that_trained_the_model_is_refused():
    trial = open_trial(*draw())
    learn, judge = trial.split(0.3)
    model = fit_uplift(learn, "t")
    assert set(learn.arm.index).isdisjoint(judge.arm.index) and len(judge) == pytest.approx(600, abs=1)
    says = "1,400 of its 2,000 customers trained the model that is judged: keep them apart with trial.split()"
    for judged in (lambda: measure_gains(trial, {"t": model}), lambda: value_policies(trial, {"t": model})):
        with pytest.raises(TableError) as error:
            judged()
        assert error.value.problems[0].startswith(says.replace("1,400", f"{len(learn):,}"))
    assert measure_gains(judge, {"t": model}).estimates["t"].low > 0


def test_options_that_do_not_go_together_are_refused():
    trial = open_trial(*draw(200))
    with pytest.raises(ValueError, match="learner should be one of s, t, x, dr"):
        fit_uplift(trial, "magic")
    with pytest.raises(ValueError, match="by= is for learner='segments'"):
        fit_uplift(trial, "segments")
    with pytest.raises(ValueError, match="offers and costs belong to outcome='profit'"):
        open_trial(*draw(200), reward_cost=1.0)
    with pytest.raises(TableError, match="fewer than two customers in the group `control`"):
        trial.take((trial.arm == "mail").to_numpy())
    with pytest.raises(TableError, match="there is no column `visits`, which it was trained on"):
        fit_uplift(trial).score(pd.DataFrame({"customer_id": [1]}))


def test_customers_who_could_get_one_arm_only_are_refused():
    """Both waves have no effect at all; valued with those customers, the offer was worth 20 and -20."""
    rng, n = np.random.default_rng(0), 4_000
    profile = pd.DataFrame({"customer_id": range(n), "noise": rng.normal(size=n)})
    home, drawn = rng.random(n) < 0.5, rng.random(n) < 0.5
    sales = np.where(home, 50.0, 10.0) + rng.normal(size=n)
    wave = profile[["customer_id"]].assign(sales=sales, propensity=np.where(home, 0.5, 1.0))
    wave["arm"] = np.where(home & drawn, "mail", "control")
    says = f"`propensity` is 1 for {(~home).sum():,} customers, who could get no other arm: leave them out"
    assert problem(profile, wave) == says
    trial = open_trial(profile, wave[home])
    value = value_policies(trial, {}).estimates["everybody: mail"]
    assert trial.warnings == () and value.low < 0 < value.high
    other = wave.assign(propensity=0.5, stratum=np.where(home, "home", "away"))
    other["arm"] = np.where(drawn, np.where(home, "mail", "call"), "control")
    mend = "open a trial for each stratum, or leave the arm out"
    assert problem(profile, other).splitlines() == [
        f"nobody in the stratum away could get `mail`: {mend}", f"nobody in the stratum home could get `call`: {mend}"
    ]  # fmt: skip
    assert open_trial(profile, other[home]).warnings == ()


def test_propensities_that_stand_for_different_numbers_of_customers_are_said():
    profile, wave = draw(4_000)
    chance = np.random.default_rng(1).uniform(0.2, 0.8, len(wave))
    wave["arm"] = np.where(np.random.default_rng(2).random(len(wave)) < chance, "mail", "control")
    right = wave.assign(propensity=np.where(wave["arm"] == "mail", chance, 1 - chance))
    assert open_trial(profile, right).warnings == ()
    (found,) = open_trial(profile, wave.assign(propensity=chance)).warnings  # of the offer, for control too
    mail, control = ((1 / chance[wave["arm"] == arm]).sum() for arm in ("mail", "control"))
    says = f"by their `propensity` the customers in `mail` stand for {mail:,.0f}, those in `control` for {control:,.0f}"
    assert found == f"{says}: could everybody get both, and is it the chance of the own arm?"


def test_strata_with_other_shares_are_not_called_a_late_measurement():
    profile, wave = draw()
    wave["stratum"] = np.where(np.random.default_rng(1).random(len(wave)) < 0.5 + 0.3 * (wave["arm"] == "mail"), 1, 2)
    (found,) = open_trial(profile, wave.assign(propensity=0.5, stratum=wave["stratum"].astype(str))).warnings
    assert found == "the arms' shares differ between the strata, although all had the same chances"


def test_profit_is_refused_where_control_would_be_priced_in_two_ways():
    """The points of control cost 0.01 beside one offer and 0.05 beside the other; the last one used to win."""
    rng, n = np.random.default_rng(1), 600
    arm = np.resize(["control", "a", "b"], n)
    contacts = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": range(n), "arm": arm})
    contacts["offer_id"] = np.where(arm == "control", None, arm)
    outcomes = contacts[["campaign_id", "wave", "customer_id"]].assign(window="main", margin=rng.gamma(1, 6, n))
    outcomes["sales"], outcomes["points_issued"] = outcomes["margin"] * 3, rng.integers(50, 150, n)
    offers = pd.DataFrame({"offer_id": ["a", "b"], "kind": "points", "contact_cost": 0.1, "reward_cost": 0.0})
    profile = pd.DataFrame({"customer_id": range(n), "visits": rng.integers(0, 6, n)})
    split = offers.assign(point_cost=[0.01, 0.05])
    with pytest.raises(TableError, match="points or rewards of control have another price beside `b` than beside"):
        open_trial(profile, contacts, outcomes, "profit", offers=split)
    for known, options in ((offers.assign(point_cost=0.01), {}), (split, {"point_cost": 0.01})):
        trial = open_trial(profile, contacts, outcomes, "profit", offers=known, **options)
        np.testing.assert_allclose(trial.outcome, outcomes["margin"] - 0.01 * outcomes["points_issued"])


@pytest.mark.parametrize("kind", [str, Decimal, np.float32, "Int64"])
def test_a_number_is_the_same_number_in_whatever_type_it_comes(kind):
    profile, wave = draw(400)
    model = fit_uplift(open_trial(profile, wave), "t")
    other = profile["visits"].map(kind) if kind in (str, Decimal) else profile["visits"].astype(kind)
    again = model.score(profile.assign(visits=other))
    pd.testing.assert_frame_equal(again, model.score(profile))


def test_features_that_no_model_could_read_are_all_named():
    profile, wave = draw(400)
    model = fit_uplift(open_trial(profile, wave), "t")
    odd = profile.assign(visits="often", noise=np.where(profile["visits"] > 4, np.inf, 1.0), city=7)
    many = (profile["visits"] > 4).sum()
    with pytest.raises(TableError) as error:
        model.score(odd.drop(columns="gap_days"))
    assert sorted(error.value.problems) == [
        "`city` holds numbers; in training it held texts",
        f"`noise` should hold numbers, as it did in training; {many} rows do not",
        "`visits` should hold numbers, as it did in training; 400 rows do not",
        "there is no column `gap_days`, which it was trained on",
    ]
    with pytest.raises(TableError, match="there is no customer"):
        model.score(profile.head(0))


def test_a_classifier_is_refused_for_what_is_no_yes_or_no():
    """Of counts it gave the probability of the highest one, of 0 and 5 euros that of five, and called it an effect."""
    profile, wave = draw(400)
    for sales in (np.arange(400) % 4, 5 * (np.arange(400) % 2)):
        with pytest.raises(ValueError, match="model= is a classifier, but `sales` is not 0 or 1: give a regressor"):
            fit_uplift(open_trial(profile, wave.assign(sales=sales)), "t", model=LogisticRegression())
    with pytest.raises(ValueError, match="effect_model= is a classifier"):
        fit_uplift(open_trial(profile, wave), "x", effect_model=LogisticRegression())


# --- What each learner is ------------------------------------------------------------------------


@pytest.mark.parametrize("learner", ["s", "t", "x", "dr"])
def test_each_learner_finds_a_planted_effect(learner):
    profile, wave = draw()
    scores = fit_uplift(open_trial(profile, wave), learner).score(profile)["mail"]
    truth = (2 * (profile["visits"] - 2)).to_numpy()
    assert np.corrcoef(scores, truth)[0, 1] > 0.97
    assert abs(scores.mean() - truth.mean()) < 0.15


def test_linear_learners_equal_two_regressions_by_hand():
    profile, wave = draw(arms=("mail", "mail"))  # two thirds of all
    names = ["visits", "noise"]
    trial = open_trial(profile, wave, features=names)
    x = np.column_stack([np.ones(len(profile)), profile[names]])
    treated = (wave["arm"] == "mail").to_numpy()
    y = wave["sales"].to_numpy()

    def line(rows, values):
        return x @ np.linalg.lstsq(x[rows], values[rows], rcond=None)[0]

    m1, m0 = line(treated, y), line(~treated, y)
    mixed = treated.mean() * line(~treated, m1 - y) + (1 - treated.mean()) * line(treated, y - m0)
    for learner, want in (("s", m1 - m0), ("t", m1 - m0), ("x", mixed), ("response", m1)):
        model = fit_uplift(trial, learner, model=LinearRegression(), effect_model=LinearRegression())
        np.testing.assert_allclose(model.score(profile)["mail"], want, atol=1e-9)
    np.testing.assert_allclose(model.predict_base(profile), m0, atol=1e-9)
    flat = fit_uplift(trial, "x", model=LinearRegression(), effect_model=DummyRegressor()).score(profile)["mail"]
    share, missed, gained = treated.mean(), (m1 - y)[~treated].mean(), (y - m0)[treated].mean()
    np.testing.assert_allclose(flat, share * missed + (1 - share) * gained)
    assert abs(missed - gained) > 1e-4


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_two_models_and_the_single_one_agree_with_scikit_uplift():
    from sklift.models import SoloModel, TwoModels

    profile, wave = draw(binary=True)
    x, y, treated = profile[["visits", "noise"]], wave["sales"], (wave["arm"] == "mail").astype(int)
    trial = open_trial(profile, wave, features=["visits", "noise"])
    sharp = LogisticRegression(C=1e9, tol=1e-10, max_iter=2_000)
    two = TwoModels(LogisticRegression(**sharp.get_params()), LogisticRegression(**sharp.get_params()))
    peers = {"t": two, "s": SoloModel(LogisticRegression(**sharp.get_params()), method="treatment_interaction")}
    for learner, peer in peers.items():
        ours = fit_uplift(trial, learner, model=sharp).score(profile)["mail"]
        np.testing.assert_allclose(ours, peer.fit(x, y, treated).predict(x), atol=1e-5)


econml = pytest.mark.skipif(importlib.util.find_spec("econml") is None, reason="econml is not installed: no referee")


@econml
@pytest.mark.parametrize("learner", ["t", "x"])
def test_the_t_and_the_x_learner_agree_with_econml(learner):
    from econml.metalearners import TLearner, XLearner
    from sklearn.dummy import DummyClassifier

    profile, wave = draw()
    x, treated = profile[["visits", "noise"]].to_numpy(float), (wave["arm"] == "mail").astype(int)
    chance = DummyClassifier()
    peers = {
        "t": TLearner(models=LinearRegression()),
        "x": XLearner(models=LinearRegression(), cate_models=LinearRegression(), propensity_model=chance),
    }
    want = peers[learner].fit(wave["sales"].to_numpy(), treated.to_numpy(), X=x).effect(x)
    trial = open_trial(profile, wave, features=["visits", "noise"])
    ours = fit_uplift(trial, learner, model=LinearRegression(), effect_model=LinearRegression()).score(profile)["mail"]
    np.testing.assert_allclose(ours, want, atol=1e-6)


@econml
def test_the_doubly_robust_learner_agrees_with_econml_fold_by_fold():
    from econml.dr import LinearDRLearner
    from sklearn.dummy import DummyClassifier
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    profile, wave = draw()
    x, treated = profile[["visits"]].to_numpy(float), (wave["arm"] == "mail").astype(int)
    folds = list(StratifiedKFold(5, shuffle=True, random_state=0).split(wave["arm"], wave["arm"]))
    # Its outcome model sees the arm as a column: with the product of both it is a line of its own for each arm.
    lines = make_pipeline(PolynomialFeatures(2, interaction_only=True), LinearRegression())
    peer = LinearDRLearner(model_propensity=DummyClassifier(), model_regression=lines, cv=folds)
    want = peer.fit(wave["sales"].to_numpy(), treated.to_numpy(), X=x).effect(x)
    trial = open_trial(profile, wave, features=["visits"])
    ours = fit_uplift(trial, "dr", model=LinearRegression(), effect_model=LinearRegression()).score(profile)["mail"]
    np.testing.assert_allclose(ours, want, atol=1e-6)


def test_the_doubly_robust_learner_is_right_although_its_outcome_model_is_wrong():
    profile, wave = draw(20_000)
    model = fit_uplift(open_trial(profile, wave), model=DummyRegressor())  # knows two means, and no customer
    truth = 2 * (profile["visits"] - 2)
    assert np.corrcoef(model.score(profile)["mail"], truth)[0, 1] > 0.98


@pytest.mark.slow
def test_unequal_chances_are_weighted_away():
    profile, wave = draw(20_000)
    rich = np.random.default_rng(2).random(len(wave)) < 0.5  # nobody recorded it as a feature
    chance = np.where(rich, 0.8, 0.2)
    wave["arm"] = np.where(np.random.default_rng(3).random(len(wave)) < chance, "mail", "control")
    mail = wave["arm"] == "mail"
    wave["sales"] = 50.0 * rich + np.random.default_rng(4).normal(size=len(wave)) + 3 * mail * (profile["visits"] > 2)
    trial = open_trial(profile, wave.assign(propensity=np.where(mail, chance, 1 - chance)))
    truth = 3.0 * (profile["visits"] > 2)
    for learner in ("s", "t", "x", "dr"):
        scores = fit_uplift(trial, learner).score(profile)["mail"]
        assert abs(scores.mean() - truth.mean()) < 1, learner  # 30 without the weights
    gains = measure_gains(trial, {"truth": pd.Series(truth.to_numpy(), profile["customer_id"])})
    assert gains.curves["gain"].iloc[-1] == pytest.approx(truth.mean(), abs=1)


def test_several_offers_get_a_score_each():
    profile, wave = draw(3_000, arms=("mail", "call"))
    wave.loc[wave["arm"] == "call", "sales"] -= 4 * (profile["visits"] - 2)  # now the other way round
    trial = open_trial(profile, wave)
    assert trial.arms == ("call", "mail")
    for learner in ("t", "dr"):
        scores = fit_uplift(trial, learner).score(profile)
        assert scores["mail"].corr(profile["visits"].set_axis(scores.index)) > 0.9
        assert scores["call"].corr(profile["visits"].set_axis(scores.index)) < -0.9
    with pytest.raises(ValueError, match="there are several arms: choose one with arm=; the arms are call, mail"):
        measure_gains(trial, {"visits": trial.features["visits"]})


def test_a_segment_gets_its_shrunken_effect_and_an_unknown_one_the_mean():
    profile, wave = draw(6_000)
    profile["group"] = "v" + profile["visits"].astype(str)
    model = fit_uplift(open_trial(profile, wave), "segments", by="group")
    new = profile.head(2).assign(group=["v5", "unheard of"])
    high, mean = model.score(new)["mail"]
    assert 5 < high < 6.3 and mean == pytest.approx(1.0, abs=0.3)


def test_a_classifier_gives_probabilities_and_out_of_fold_scores_cover_everybody():
    profile, wave = draw(binary=True)
    trial = open_trial(profile, wave)
    scores = score_out_of_fold(trial, "t", model=LogisticRegression(max_iter=500), folds=3)
    assert scores.index.equals(trial.arm.index) and scores["mail"].between(-1, 1).all()
    assert scores["mail"].corr(trial.features["visits"]) > 0.8
    with pytest.raises(ValueError, match="folds should be from 2 to the size of the smallest arm, 1000; found 1"):
        score_out_of_fold(trial, folds=1)


@pytest.mark.parametrize(("tiny", "most"), [(0.0, 0.2), (8.0, 4.0)])
def test_a_segment_in_which_nothing_varies_leaves_the_others_shrunken(tiny, most):
    """It has no error of its own; that used to switch the shrinkage off for all, and left its own effect whole."""
    rng, n = np.random.default_rng(0), 4_000
    profile = pd.DataFrame({"customer_id": range(n), "group": rng.choice(list("abcdef"), n)})
    wave = pd.DataFrame({"customer_id": range(n), "arm": np.resize(["mail", "control"], n)})
    wave["sales"] = rng.lognormal(2, 1, n) * (rng.random(n) < 0.1)
    plain = fit_uplift(open_trial(profile, wave), "segments", by="group")
    few = profile["customer_id"] < 4
    profile.loc[few, "group"], wave.loc[few, "sales"] = "tiny", np.where(wave.loc[few, "arm"] == "mail", tiny, 0.0)
    model = fit_uplift(open_trial(profile, wave), "segments", by="group")
    old, new = (it.score(pd.DataFrame({"group": [*"abcdef", "tiny"]}))["mail"] for it in (plain, model))
    np.testing.assert_allclose(new[:6], old[:6], atol=0.3)
    raw = wave[~few].groupby([profile["group"][~few], "arm"])["sales"].mean().unstack()
    assert new[:6].std() < 0.8 * (raw["mail"] - raw["control"]).std()
    assert abs(new[6]) < most


def test_a_lottery_takes_any_name_and_draws_for_each_offer_anew():
    profile, wave = draw(400, arms=("Äpfel und Birnen", "日本"))
    assert fit_uplift(open_trial(profile, wave), "random").score(profile).nunique().tolist() == [400, 400]
    profile, wave = draw(2_000, arms=("a voucher of 5 euros", "a voucher of 5 points"))
    lots = fit_uplift(open_trial(profile, wave), "random").score(profile)
    assert abs(lots.corr().iloc[0, 1]) < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("learner", ["t", "dr"])
def test_small_arms_are_scored_out_of_fold_as_long_as_each_fold_can_learn(learner):
    profile, wave = draw(60)
    wave["arm"] = np.where(wave["customer_id"].isin([5, 20, 33, 41, 58]), "control", "mail")
    trial = open_trial(profile, wave.assign(propensity=np.where(wave["arm"] == "mail", 11 / 12, 1 / 12)))
    for folds in (3, 5):
        assert np.isfinite(score_out_of_fold(trial, learner, folds=folds)).all(axis=None)


def test_nobody_is_judged_by_a_model_that_saw_him():
    """A tree that remembers everybody, on noise: in sample its score is the customer's own outcome."""
    rng, n = np.random.default_rng(0), 1_500
    profile = pd.DataFrame({"customer_id": range(n), "noise": rng.normal(size=n)})
    wave = pd.DataFrame(
        {"customer_id": range(n), "arm": np.resize(["mail", "control"], n), "sales": rng.normal(size=n)}
    )
    trial = open_trial(profile, wave)
    own = trial.outcome * np.where(trial.arm == "mail", 1, -1)
    tree = DecisionTreeRegressor(random_state=0)
    assert fit_uplift(trial, "t", model=tree).score(trial)["mail"].corr(own) > 0.5
    assert abs(score_out_of_fold(trial, "t", model=tree)["mail"].corr(own)) < 0.1
    # What the DR-learner learns from keeps each customer's own residual, which a model that saw him would have eaten.
    guesses = fit_uplift(trial, "dr", model=tree, effect_model=tree).score(trial)["mail"]
    assert guesses.corr(own) > 0.7


# --- What may not matter, and what may not break -------------------------------------------------


@pytest.mark.parametrize("learner", MODELS)
def test_the_order_of_rows_changes_nothing(learner):
    profile, wave = draw(400)
    shuffled = profile.sample(frac=1, random_state=1), wave.sample(frac=1, random_state=2)
    models = [fit_uplift(open_trial(*tables), learner, folds=2) for tables in ((profile, wave), shuffled)]
    a, b = (model.score(profile)["mail"] for model in models)
    pd.testing.assert_series_equal(a, b)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(MODELS), st.sampled_from(["zero", "one", "one class treated", "money", "huge money"]),
    st.sampled_from(["constant", "empty", "half empty", "huge", "tied"]), st.integers(0, 99),
)  # fmt: skip
def test_no_outcome_and_no_feature_breaks_a_learner(learner, outcome, feature, seed):
    profile, wave = draw(120, seed)
    arms = wave["arm"] == "mail"
    values = {"zero": 0.0, "one": 1.0, "one class treated": arms * 1.0, "huge money": wave["sales"] * 1e12}
    wave["sales"] = values.get(outcome, wave["sales"])
    rng = np.random.default_rng(seed)
    columns = {"constant": 7.0, "empty": np.nan, "huge": rng.normal(size=120) * 1e90}
    columns["tied"] = rng.integers(0, 2, 120)
    profile["noise"] = columns.get(feature, np.where(rng.random(120) < 0.5, np.nan, 1.0))
    trial = open_trial(profile, wave.assign(propensity=0.5))
    model = fit_uplift(trial, learner, folds=2)
    scores = model.score(profile)["mail"]
    assert np.isfinite(scores).all()
    if outcome in ("zero", "one") and learner not in ("random", "response"):
        assert (scores.abs() < 1e-9).all()
    gains = measure_gains(trial, {"it": scores})
    assert np.isfinite(gains.estimates["it"].effect)
    assert gains.curves["share"].is_monotonic_increasing and gains.curves["share"].iloc[-1] == 1


def test_a_linear_model_without_care_for_gaps_is_given_it():
    profile, wave = draw()
    model = fit_uplift(open_trial(profile, wave), "t", model=LinearRegression())
    assert np.isfinite(model.score(profile.assign(visits=np.nan))["mail"]).all()


def test_a_lottery_is_even_and_does_not_ask_for_the_outcome():
    profile, wave = draw()
    scores = fit_uplift(open_trial(profile, wave), "random", seed=3).score(profile)["mail"]
    assert scores.between(0, 1).all() and scores.nunique() == len(scores) and abs(scores.mean() - 0.5) < 0.03
    other = fit_uplift(open_trial(profile, wave.assign(sales=0)), "random", seed=4).score(profile)["mail"]
    assert abs(scores.corr(other)) < 0.1
