"""The value of another plan: weighed by hand, against referees and known truths, and where it must refuse or warn."""

import importlib.util
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom, t
from sklearn.datasets import load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.preprocessing import StandardScaler

from loyalty.charts import GREY, TREATED
from loyalty.evaluate.uplift import open_trial, value_policies
from loyalty.learn.offpolicy import compare_plans, models, open_log, value_plan, value_segments
from loyalty.learn.offpolicy import log as log_module
from loyalty.learn.offpolicy.models import predict_arms, split_customers
from loyalty.stats.weights import count_effective
from loyalty.tables import TableError

spec = importlib.util.spec_from_file_location("make_logs", Path(__file__).with_name("make_logs.py"))
make_logs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_logs)
ARMS, make_log, make_twelve, find_truth = (
    make_logs.ARMS,
    make_logs.make_log,
    make_logs.make_twelve,
    make_logs.find_truth,
)
ALL = ("ips", "snips", "clipped", "switch", "direct", "dr")
PLAN = pd.DataFrame({"segment": ["old", "young"], "control": [0.1, 0.0], "gift": [0.8, 0.3], "points": [0.1, 0.7]})


# --- By hand -------------------------------------------------------------------------------------


def test_twelve_rows_weighed_by_hand():
    log = open_log(make_twelve())
    # A plan of points for three of four and gift for one: weights .25/.5 = .5 and .75/.25 = 3, control 0
    plan = {"points": 0.75, "gift": 0.25}
    by_hand = (0.5 * (4 + 0 + 6 + 2 + 0 + 0) + 3 * (8 + 0 + 1)) / 12
    found = value_plan(log, plan, method="ips")
    assert found.value == pytest.approx(by_hand) == pytest.approx(33 / 12)
    assert value_plan(log, plan, method="snips").value == pytest.approx(33 / 12)  # the weights happen to sum to 12
    assert found.ess == pytest.approx(12**2 / (6 * 0.25 + 3 * 9)) == found.ess_rows
    assert found.matched == pytest.approx(9 / 12) and found.biggest == pytest.approx(3 / 12)
    clipped = value_plan(log, plan, method="clipped", clip=2)
    assert clipped.value == pytest.approx((0.5 * 12 + 2 * 9) / 12)
    assert clipped.estimate.details["cut"] == pytest.approx(3 / 12)
    assert any("25.0% of the weight is lost" in text for text in clipped.warnings)


def test_the_mean_weight_is_that_of_the_rows_that_are_judged():
    # Weights .5 for gift, 3 for points, 0 for control; the first segment has three gifts, one of points and a control
    log = open_log(make_twelve().assign(segment=["old"] * 3 + ["young"] * 3 + ["old", *["young"] * 3, "old", "young"]))
    plan = {"points": 0.75, "gift": 0.25}
    found = value_segments(log, plan, method="clipped", clip=2).values
    assert found["old"].estimate.details["mean_weight"] == pytest.approx((3 * 0.5 + 3) / 5)
    assert found["young"].estimate.details["mean_weight"] == pytest.approx((3 * 0.5 + 2 * 3) / 7)
    assert found["old"].estimate.details["cut"] == pytest.approx(1 / 4.5)
    assert value_plan(log, plan).estimate.details["mean_weight"] == pytest.approx(12 / 12)


def test_snips_divides_by_the_weights_and_ips_by_the_rows():
    log = open_log(make_twelve())
    only_points = [value_plan(log, "points", method=method).value for method in ("ips", "snips")]
    assert only_points == pytest.approx([4 * 9 / 12, 9 / 3])
    assert value_plan(log, "gift", method="ips").difference.effect == pytest.approx(2 * 12 / 12 - 24 / 12)


def test_the_plan_that_ran_is_worth_its_mean_and_differs_from_itself_by_nothing():
    table = make_log(1)
    log = open_log(table)
    ran = table[["customer_id", *(f"chance_{arm}" for arm in ARMS)]]
    for method in ("ips", "snips"):
        found = value_plan(log, ran, method=method)
        assert found.value == pytest.approx(table["profit"].mean()) and found.ess == pytest.approx(1_000)
        assert found.difference.effect == pytest.approx(0, abs=1e-12) and found.difference.se == pytest.approx(
            0, abs=1e-12
        )
    assert value_plan(log, PLAN, against=PLAN).difference.effect == 0


# --- A bandit made from a classification ---------------------------------------------------------


@pytest.fixture(scope="module")
def bandit():
    """Wine: a cultivar is guessed by a policy that is right more often than not; the reward is 1 for a right guess."""
    x, y = load_wine(return_X_y=True)
    x = StandardScaler().fit_transform(x)[:, :3]
    rng = np.random.default_rng(0)
    guess = LogisticRegression().fit(x[::5], y[::5])
    target = guess.predict(x)
    logged = 0.2 + 0.4 * guess.predict_proba(x)
    arm = (rng.random(len(y))[:, None] >= logged.cumsum(axis=1)[:, :-1]).sum(axis=1)
    table = pd.DataFrame(x, columns=["a", "b", "c"]).assign(customer_id=range(len(y)), arm=[f"class {k}" for k in arm])
    for k in range(3):
        table[f"chance_class {k}"] = logged[:, k]
    table = table.assign(profit=(arm == y).astype(float))
    plan = table[["customer_id"]].assign(arm=[f"class {k}" for k in target])
    log = open_log(table, covariates=["a", "b", "c"])
    return log, plan, x, arm, logged, target, float((target == y).mean())


def test_a_bandit_from_a_classification_agrees_with_ips_and_snips_by_hand(bandit):
    log, plan, _, arm, logged, target, accuracy = bandit
    total = weights = 0.0
    for row in range(len(arm)):
        weight = (target[row] == arm[row]) / logged[row, arm[row]]
        total += weight * log.outcome[row]
        weights += weight
    assert value_plan(log, plan, method="ips").value == pytest.approx(total / len(arm))
    assert value_plan(log, plan, method="snips").value == pytest.approx(total / weights)
    for method in ("ips", "snips", "clipped", "switch", "dr"):
        found = value_plan(log, plan, method=method)
        assert found.low <= accuracy <= found.high, method
    # Straight lines do not draw three cultivars: the direct method trusts them, and misses the truth
    direct = value_plan(log, plan, method="direct")
    assert direct.high < accuracy and any("the model is taken for right" in text for text in direct.warnings)


def test_a_bandit_from_a_classification_agrees_with_doubly_robust_by_hand(bandit):
    log, plan, x, arm, logged, target, _ = bandit
    fold = split_customers(log, 4, 7)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    total = 0.0
    for one in range(4):
        fits = [
            LinearRegression().fit(x[(fold != one) & (arm == k)], log.outcome[(fold != one) & (arm == k)])
            for k in range(3)
        ]
        for row in np.flatnonzero(fold == one):
            guess = [fit.predict(x[[row]])[0] for fit in fits]
            weight = (target[row] == arm[row]) / logged[row, arm[row]]
            total += guess[target[row]] + weight * (log.outcome[row] - guess[arm[row]])
    found = value_plan(log, plan, method="dr", folds=4, seed=7, model=LinearRegression())
    assert found.value == pytest.approx(total / len(arm))


# --- Referees ------------------------------------------------------------------------------------


@pytest.mark.parametrize("waves", [1, 4])
def test_snips_has_the_error_of_a_weighted_regression_with_clusters(waves):
    table = make_log(3, 300, waves)
    log = open_log(table)
    found = value_plan(log, PLAN, method="snips")
    model = sm.WLS(log.outcome, np.ones(len(log)), weights=found.weights)
    referee = model.fit(cov_type="cluster", cov_kwds={"groups": log.customer})
    assert found.value == pytest.approx(referee.params[0])
    assert found.estimate.se == pytest.approx(referee.bse[0], rel=1e-6)


def test_offers_to_all_agree_with_the_policy_value_of_a_trial():
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"customer_id": range(4_000), "arm": np.where(rng.random(4_000) < 0.5, "mail", "control")})
    table["profit"] = rng.gamma(2, 3, 4_000) + (table["arm"] == "mail")
    trial = open_trial(table[["customer_id"]].assign(x=rng.normal(size=4_000)), table, outcome="profit")
    referee = value_policies(trial, {"all": pd.Series("mail", trial.arm.index)}).estimates["all"]
    log = open_log(table.assign(propensity=0.5))
    found = value_plan(log, "mail", against="control", method="snips").difference
    assert found.effect == pytest.approx(referee.effect)
    assert found.se == pytest.approx(referee.se, rel=0.001)


@pytest.mark.slow
def test_the_error_of_the_direct_method_holds_what_the_fit_owes_to_chance():
    table = make_log(11, 400)
    log = open_log(table, covariates=["habit"])
    found = value_plan(log, PLAN, method="direct")
    rng = np.random.default_rng(0)
    values = []
    for _ in range(300):
        again = log.take(np.ones(len(log), bool))
        rows = rng.integers(0, len(log), len(log))
        again = open_log(table.iloc[rows].assign(customer_id=range(len(rows))), covariates=["habit"])
        plan = PLAN.set_index("segment").loc[again.rows["segment"]].to_numpy()
        values.append((plan * predict_arms(again, folds=1, seed=0).values).sum(axis=1).mean())
    assert found.estimate.se == pytest.approx(np.std(values), rel=0.15)


# --- Known truths --------------------------------------------------------------------------------


def count_covered(method, runs, seed=0, **options):
    truth = find_truth(PLAN[list(ARMS)])
    own = find_truth(make_logs.LOGGED)
    hits = np.zeros(2, int)
    for run in range(runs):
        table = make_log([seed, run], **options)
        found = value_plan(open_log(table, covariates=["habit"]), PLAN, method=method)
        hits += [found.low <= truth <= found.high, found.difference.low <= truth - own <= found.difference.high]
    return hits


@pytest.mark.slow
@pytest.mark.parametrize("method", ["ips", "snips", "direct", "dr"])
@pytest.mark.parametrize("waves", [1, 3])
def test_intervals_cover_the_truth_as_often_as_they_say(method, waves):
    runs = 200
    low, high = binom.ppf([0.0005, 0.9995], runs, 0.95)
    for hits in count_covered(method, runs, n=600, waves=waves):
        assert low <= hits <= high


@pytest.mark.slow
def test_a_direct_method_drawn_to_zero_like_the_doubly_robust_one_would_hold_too_seldom(monkeypatch):
    # What docs/statistics.md says of the two penalties
    runs = 100
    low = binom.ppf(0.0005, runs, 0.95)
    assert count_covered("direct", runs, n=600)[1] >= low
    solve = models._Sums.solve
    monkeypatch.setattr(models._Sums, "solve", lambda sums, own: solve(sums, models.OWN))
    assert count_covered("direct", runs, n=600)[1] < low


def test_the_value_and_the_paired_difference_lie_near_the_truth():
    log = open_log(make_log(8, 20_000), covariates=["habit"])
    truth = find_truth(PLAN[list(ARMS)])
    for method in ALL:
        found = value_plan(log, PLAN, method=method)
        assert abs(found.value - truth) < 4 * found.estimate.se
        assert abs(found.difference.effect - (truth - find_truth(make_logs.LOGGED))) < 4 * found.difference.se
    errors = [value_plan(log, PLAN, method=method).estimate.se for method in ("dr", "snips", "ips")]
    assert errors == sorted(errors)  # the habit explains, and the level of profit is taken out


def test_a_paired_comparison_of_two_plans_is_surer_than_two_values():
    log = open_log(make_log(9, 5_000))
    other = PLAN.assign(gift=[0.7, 0.3], points=[0.2, 0.7])
    found = compare_plans(log, {"one": PLAN, "other": other}, base="other")
    errors = [one.estimate.se for one in found.values.values()]
    gap = found.values["one"].difference
    assert gap.se < 0.5 * np.hypot(*errors)
    assert gap.effect == pytest.approx(found.values["one"].value - found.values["other"].value)
    assert gap.effect == pytest.approx(value_plan(log, PLAN, against=other).difference.effect)
    frame = found.to_frame().set_index("plan")
    assert frame.loc["one", "p_adjusted"] == frame.loc["one", "difference_p"] and np.isnan(
        frame.loc["other", "p_adjusted"]
    )


def test_waves_of_the_same_customers_count_as_one_customer():
    one = make_log(4, 400)
    twice = pd.concat([one.assign(wave=1), one.assign(wave=2)])
    for method in ("ips", "snips"):
        single, double = (value_plan(open_log(table), PLAN, method=method) for table in (one, twice))
        assert double.value == pytest.approx(single.value)
        assert double.estimate.se == pytest.approx(single.estimate.se)
        assert double.ess == pytest.approx(single.ess) and double.ess_rows == pytest.approx(2 * single.ess)


def test_segments_add_up_to_the_whole_and_are_corrected_for_many():
    log = open_log(make_log(6, 2_000), covariates=["habit"])
    whole = value_plan(log, PLAN)
    parts = value_segments(log, PLAN)
    frame = parts.to_frame()
    assert np.average(frame["value"], weights=frame["n"]) == pytest.approx(whole.value)
    assert np.average(frame["difference"], weights=frame["n"]) == pytest.approx(whole.difference.effect)
    assert (frame["p_adjusted"] >= frame["difference_p"]).all()
    direct = value_segments(log, PLAN, method="direct").to_frame()
    assert np.average(direct["value"], weights=direct["n"]) == pytest.approx(
        value_plan(log, PLAN, method="direct").value
    )
    by_wave = value_segments(open_log(make_log(6, 300, 3)), PLAN, by="wave").to_frame()
    assert by_wave["segment"].tolist() == ["1", "2", "3"] and (by_wave["n"] == 300).all()


# --- Refusals and warnings -----------------------------------------------------------------------


def test_an_arm_that_the_log_never_tried_is_refused():
    log = open_log(make_twelve())
    with pytest.raises(TableError, match="'call', which the log never tried; it tried: control, gift, points"):
        value_plan(log, {"call": 0.5, "gift": 0.5})
    assert value_plan(log, {"call": 0.0, "gift": 1.0}, method="ips").value == pytest.approx(2)
    with pytest.raises(TableError, match="never tried"):  # a chance there was, and nobody got it
        value_plan(open_log(make_twelve()[lambda rows: rows["arm"] != "points"]), "points")


def test_rows_that_had_no_chance_of_an_arm_are_refused_or_left_out_and_said():
    table = make_log(2, 600)
    old = table["segment"] == "old"
    table.loc[old, ["chance_control", "chance_gift", "chance_points"]] = [0.5, 0.5, 0.0]
    table = table[~(old & (table["arm"] == "points"))]
    log = open_log(table)
    n = int((table["segment"] == "old").sum())
    with pytest.raises(
        TableError, match=f"'points' to {n} of {len(table)} rows that had no chance of it .segment old {n}"
    ):
        value_plan(log, "points")
    found = value_plan(log, "points", untried="leave_out", method="snips")
    young = table[(table["segment"] == "young") & (table["arm"] == "points")]
    assert found.n == len(table) - n and found.value == pytest.approx(young["profit"].mean())
    assert any(f"{n} of {len(table)} rows are left out" in text for text in found.warnings)
    # Without the chances of the other arms the same is seen from an empty cell
    bare = table.drop(columns=[name for name in table if name.startswith("chance_")]).assign(propensity=0.5)
    with pytest.raises(TableError, match="in a segment where nobody got it"):
        value_plan(open_log(bare), "points")


def test_little_overlap_warns_and_enough_does_not():
    rng = np.random.default_rng(1)
    n = 1_000
    arm = np.where(rng.random(n) < 0.03, "gift", "control")
    table = pd.DataFrame({"customer_id": range(n), "arm": arm, "profit": rng.normal(5, 1, n)})
    log = open_log(table.assign(chance_gift=0.03, chance_control=0.97))
    found = value_plan(log, "gift", method="snips")
    assert found.ess < 50 and any(
        text.startswith("little overlap: the effective sample size is") for text in found.warnings
    )
    assert value_plan(log, {"gift": 0.03, "control": 0.97}).warnings == ()
    assert "Little overlap" in found.plot().get_title(loc="left") or "Little overlap" in str(
        [text.get_text() for text in found.plot().texts]
    )


def test_one_customer_with_most_of_the_weight_few_buyers_and_a_heavy_tail_are_told():
    n = 400
    table = pd.DataFrame({"customer_id": range(n), "arm": "control", "propensity": 0.9, "profit": 0.0})
    table.loc[:9, ["arm", "propensity", "profit"]] = ["gift", 0.1, 3.0]
    table.loc[0, ["propensity", "profit"]] = [0.001, 900.0]
    found = value_plan(open_log(table), "gift", method="snips")
    text = " ".join(found.warnings)
    assert "one customer carries" in text and "fewer than 20 rows" in text and "heavy tail" in text


def test_wrong_chances_and_chances_that_learn_are_told():
    table = make_log(5, 3_000)
    wrong = table.assign(**{f"chance_{arm}": 1 / 3 for arm in ARMS})
    found = value_plan(open_log(wrong), PLAN)
    assert any(text.startswith("the logged chances are not those that were drawn from") for text in found.warnings)
    assert not any("the logged chances" in text for text in value_plan(open_log(table), PLAN).warnings)
    later = make_log(7, 3_000)
    later = later.assign(wave=2, **{"chance_control": 0.2, "chance_gift": 0.2, "chance_points": 0.6})
    later = later[later["segment"] == "young"]  # 0.2, 0.2, 0.6 is right there
    log = open_log(pd.concat([table[table["segment"] == "old"].assign(segment="young"), later]))
    assert log.is_adaptive
    assert any("moved from wave to wave" in text for text in value_plan(log, {"gift": 0.5, "points": 0.5}).warnings)


def test_what_is_doubtful_about_a_log_is_looked_for_once_a_log(monkeypatch):
    looked = []
    count = log_module.count_draws
    monkeypatch.setattr(log_module, "count_draws", lambda draws: looked.append(draws.rows) or count(draws))
    log = open_log(make_twelve())
    compare_plans(log, {"gift": "gift", "none": "control"}, method="ips")
    value_plan(log, "gift", method="ips")
    assert len(looked) == 1 and looked[0] is log.rows
    half = log.take(log.outcome > 0)
    assert half.doubts == half.doubts == () and len(looked) == 2 and looked[1] is half.rows


def test_a_model_of_ones_own_serves_doubly_robust_and_gives_direct_no_interval():
    log = open_log(make_log(12, 800), covariates=["habit"])
    own = value_plan(log, PLAN, model=LinearRegression())
    assert own.value == pytest.approx(value_plan(log, PLAN).value, abs=0.5 * own.estimate.se)
    direct = value_plan(log, PLAN, method="direct", model=LinearRegression())
    assert np.isnan(direct.low) and direct.warnings[0].startswith("no interval")
    assert "no interval" in direct._repr_html_()


def test_settings_that_cannot_be_are_refused():
    log = open_log(make_twelve())
    for options, says in (
        ({"clip": 0.0}, "clip should be above zero"),
        ({"folds": 1}, "folds should be from 2 to the 12 customers"),
        ({"model": 3}, "model should be a regressor"),
    ):
        with pytest.raises(ValueError, match=says):
            value_plan(log, "gift", **options)
    with pytest.raises(TableError, match="`method` should be 'dr' or .* found 'magic'$"):
        value_plan(log, "gift", method="magic")
    with pytest.raises(TableError, match="2 problems\n.*did you mean 'switch'.*\n.*`untried` should be"):
        value_plan(log, "gift", method="swich", untried="drop")
    with pytest.raises(ValueError, match="base should be one of the plans"):
        compare_plans(log, {"gift": "gift"}, base="other")
    with pytest.raises(ValueError, match="at least one plan"):
        compare_plans(log, {})


@pytest.mark.parametrize("word", ["Refuse", "refuse ", "leave out", "LEAVE_OUT", "drop", "", None, True])
def test_a_word_for_the_untried_that_is_none_is_refused_and_the_near_one_is_named(word):
    table = make_twelve().drop(columns=[f"chance_{arm}" for arm in ARMS])
    log = open_log(table.assign(segment=["old"] * 6 + ["young"] * 6))  # no gift for the young
    judges = (lambda: value_plan(log, "gift", untried=word), lambda: compare_plans(log, {"a": "gift"}, untried=word),
              lambda: value_segments(log, "gift", untried=word))  # fmt: skip
    for judge in judges:
        with pytest.raises(TableError, match="`untried` should be 'refuse' or 'leave_out', found") as told:
            judge()
        near = {"r": "'refuse'", "l": "'leave_out'"}.get(str(word).lower()[:1])
        assert (f"did you mean {near}?" in str(told.value)) == (near is not None)


def test_segments_are_those_of_a_column_that_is_meant():
    with pytest.raises(TableError, match="`by` should be 'segment' or 'wave', found 'Wave': did you mean 'wave'"):
        value_segments(open_log(make_twelve()), "gift", by="Wave")


# --- Properties ----------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**20), st.sampled_from(ALL), st.floats(-50, 50), st.floats(0.01, 100))
def test_values_do_not_depend_on_order_and_move_with_the_outcome(seed, method, shift, scale):
    table = make_log(seed, 60)
    plain = value_plan(open_log(table), PLAN, method=method)
    moved = value_plan(open_log(table.assign(profit=table["profit"] * scale)), PLAN, method=method)
    assert moved.value == pytest.approx(scale * plain.value, rel=1e-6, abs=1e-9)
    if method == "snips":
        up = value_plan(open_log(table.assign(profit=table["profit"] + shift)), PLAN, method=method)
        assert up.value == pytest.approx(plain.value + shift, abs=1e-6)
    if method in ("ips", "snips", "direct"):
        order = np.random.default_rng(seed).permutation(len(table))
        mixed = value_plan(open_log(table.iloc[order]), PLAN, method=method)
        assert mixed.value == pytest.approx(plain.value) and mixed.estimate.se == pytest.approx(plain.estimate.se)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_the_effective_sample_size_lies_between_one_and_the_rows(weights):
    found = count_effective(np.array(weights))
    assert found == 0 or 1 - 1e-9 <= found <= len(weights) + 1e-6


def test_no_spread_zeros_huge_values_and_one_row_are_said_or_stand():
    table = make_twelve()
    zeros = value_plan(open_log(table.assign(profit=0.0)), "gift", method="ips")
    assert zeros.value == 0 and any("fewer than 20" in text for text in zeros.warnings)
    alike = value_plan(open_log(table.assign(profit=5.0)), "gift", method="snips")
    assert alike.value == pytest.approx(5) and (np.isnan(alike.low) or alike.high - alike.low < 1e-9)
    huge = value_plan(open_log(table.assign(profit=table["profit"] * 1e12)), "gift", method="snips")
    assert huge.value == pytest.approx(2e12)
    one = value_plan(open_log(table.head(1)), "gift", method="ips")
    assert one.value == pytest.approx(8) and np.isnan(one.low) and one.ess == 1


@pytest.mark.slow
def test_results_are_shown_in_words_with_their_effective_sample_size():
    found = value_plan(open_log(make_log(1)), PLAN)
    assert "the log is worth about" in found.sentence("€") and "effective sample size" in found._repr_html_()
    assert {"value", "low", "high", "ess", "matched", "biggest", "difference"} <= set(found.to_frame())
    rivals = compare_plans(open_log(make_log(1)), {"gift": "gift", "none": "control"})
    assert len(rivals.plot(truth={"gift": 3.0, "none": 3.2}).get_yticklabels()) == 2
    assert "paired" in rivals._repr_html_()
    parts = value_segments(open_log(make_log(1)), PLAN)
    assert len(parts.plot().get_yticklabels()) == 2 and "young" in parts._repr_html_()


def make_hair(gaps, seed=0, n=4_000):
    """Offers that bring so much more than control, each with the same chance."""
    rng = np.random.default_rng(seed)
    arms = ["control", *gaps]
    arm = np.arange(n) % len(arms)
    noise = rng.normal(0, 1, n)
    for place in range(len(arms)):
        noise[arm == place] -= noise[arm == place].mean()  # the gaps are found as they are written
    profit = noise + np.array([0.0, *gaps.values()])[arm]
    return open_log(
        pd.DataFrame(
            {"customer_id": range(n), "arm": np.array(arms)[arm], "profit": profit, "propensity": 1 / len(arms)}
        )
    )


def see_colours(ax):
    """Colour of each interval, by its label."""
    ticks = [text.get_text() for text in ax.get_yticklabels()]
    ends = {int(line.get_ydata()[0]): line.get_color() for line in ax.lines if len(line.get_ydata()) == 1}
    return {tick: ends[place] for place, tick in enumerate(ticks)}


def test_a_plan_is_blue_where_its_difference_is_clear_after_correction_for_many():
    # With a standard error of .045 the edge is clear by itself, and not as one of three
    offers = {"clear": 0.25, "edge": 0.1, "none": 0.0}
    log = make_hair(offers)
    found = compare_plans(log, {name: name for name in ["control", *offers]}, base="control", method="snips")
    table = found.to_frame().set_index("plan")
    assert table.loc["edge", "difference_low"] > 0 and table.loc["edge", "p_adjusted"] > 0.05
    grey = {"control": GREY, "edge": GREY, "none": GREY}
    assert see_colours(found.plot()) == {"clear": TREATED} | grey
    bold = compare_plans(log, {name: name for name in ["control", *offers]}, base="control", method="snips", level=0.8)
    ax = bold.plot(unit="€")
    assert see_colours(ax) == {"clear": TREATED} | grey | {"edge": TREATED}
    assert ax.get_xlabel() == "profit, € per customer of a wave" and "€" in ax.texts[0].get_text()
    gap = table.loc["clear", ["difference", "difference_low", "difference_high"]]
    written = [text.get_text() for text in found.plot(unit="€").texts]
    assert "less control: €{:.2f}\n(€{:.2f} to €{:.2f})".format(*gap) in written
    assert sum("less control" in text for text in written) == len(offers)


def test_a_segment_is_blue_by_the_level_that_was_asked_for():
    table = make_two(1, 4_000, segment=np.array(["a", "b", "c"])[np.arange(4_000) % 3])
    table["profit"] += 0.5 * (table["arm"] == "mail") * (table["segment"] == "a")
    log = open_log(table)
    for level in (0.999999, 0.95, 0.05):
        found = value_segments(log, "mail", method="snips", level=level)
        clear = found.to_frame().set_index("segment")["p_adjusted"] < 1 - level
        ax = found.plot(unit="€")
        assert see_colours(ax) == {name: TREATED if is_clear else GREY for name, is_clear in clear.items()}
        assert ax.get_xlabel() == "profit, € per customer of a wave"
    assert found.plot().get_xlabel() == "profit per customer of a wave"


# --- What an attack found ------------------------------------------------------------------------


def make_two(seed, n=2_000, share=0.5, **columns):
    """Mail or control by one chance for all."""
    rng = np.random.default_rng(seed)
    arm = np.where(rng.random(n) < share, "mail", "control")
    table = pd.DataFrame({"customer_id": range(n), "arm": arm, "profit": rng.normal(10, 5, n)})
    return table.assign(chance_mail=share, chance_control=1 - share, **columns)


@pytest.mark.parametrize(
    "method", ["dr", *(pytest.param(name, marks=pytest.mark.slow) for name in ALL if name != "dr")]
)
@pytest.mark.parametrize("few", [0, 3])
def test_a_segment_in_which_nobody_or_hardly_anybody_got_its_arm_is_told(method, few):
    table = make_two(0, 4_000, segment=np.where(np.arange(4_000) < 400, "small", "big"))
    small = table["segment"] == "small"
    table.loc[small, ["chance_mail", "chance_control", "arm"]] = [0.001, 0.999, "control"]
    table.loc[: few - 1, "arm"] = "mail"
    plan = pd.DataFrame({"segment": ["small", "big"], "arm": ["mail", "control"]})
    text = " ".join(value_plan(open_log(table), plan, method=method).warnings)
    assert f"for 10.0% of what the plan gives, {'fewer than 5 rows' if few else 'nobody'} of the segment" in text
    assert "'mail' in segment small" in text
    assert not any("thin cells" in one for one in value_plan(open_log(table), "control", method=method).warnings)


def test_a_difference_that_few_tell_is_warned_of_where_the_value_is_not():
    n = 3_000
    rng = np.random.default_rng(1)
    table = make_two(1, n, segment=np.where(np.arange(n) < 200, "small", "big"))
    small = np.arange(n) < 200
    table["arm"] = np.where(rng.random(n) < np.where(small, 0.1, 0.5), "mail", "control")
    table.loc[small, ["chance_mail", "chance_control"]] = [0.1, 0.9]
    table.loc[small, "profit"] = (rng.random(200) < 0.1) * rng.lognormal(3, 0.5, 200)
    plan = pd.DataFrame({"segment": ["small", "big"], "mail": [1.0, 0.5], "control": [0.0, 0.5]})
    found = value_plan(open_log(table), plan)
    text = " ".join(found.warnings)
    assert found.ess > 500 and found.difference.details["ess"] < 30
    assert "few customers tell the two plans apart" in text and "fewer than 20 on one side" in text
    assert not any(one.startswith("difference") for one in value_plan(open_log(make_two(2)), "mail").warnings)


def test_degrees_of_freedom_and_cut_mind_the_other_plan():
    table = make_two(3, 4_000, 0.003)
    log = open_log(table)
    rare = int((table["arm"] == "mail").sum())
    found = value_plan(log, "control", against="mail", method="snips")
    assert found.ess > 3_000 and found.difference.details["ess"] == pytest.approx(rare)
    half = (found.difference.high - found.difference.low) / 2
    assert half == pytest.approx(t.ppf(0.975, rare - 1) * found.difference.se)
    text = " ".join(value_plan(log, "control", against="mail", method="clipped").warnings)
    assert "of the weight of the other plan is lost" in text


def test_rounding_is_never_significant():
    log = open_log(make_two(4))
    for method in ("ips", "snips"):
        same = value_plan(log, {"mail": 0.5, "control": 0.5}, method=method).difference
        assert (same.effect, same.low, same.high, same.p) == (0, 0, 0, 1)
    for method in ("snips", "dr", "switch", "direct"):
        for n in (200, 4_000):
            alike = value_plan(open_log(make_two(4, n, 0.3).assign(profit=0.1)), "mail", method=method)
            assert np.isnan(alike.low) and np.isnan(alike.difference.p), (method, n)
    table = make_two(4)
    table.loc[(table["arm"] == "control").idxmax(), "profit"] = 1e14  # somebody without weight hides no spread
    assert value_plan(open_log(table), "mail", method="snips").low > 9
    frame = compare_plans(open_log(make_two(4).assign(profit=0.1)), {"mail": "mail"}, method="snips").to_frame()
    assert np.isnan(frame.loc[0, "p_adjusted"])


@pytest.mark.parametrize("known", [True, False])
def test_chances_logged_with_rounding_are_those_of_the_plan(known):
    rng = np.random.default_rng(5)
    table = pd.DataFrame({"customer_id": range(3_000), "arm": rng.choice(ARMS, 3_000), "propensity": 0.3333})
    table = table.assign(profit=rng.normal(50, 1, 3_000))
    if known:
        table = table.assign(**{f"chance_{arm}": 0.3333 for arm in ARMS})
    found = value_plan(open_log(table), dict.fromkeys(ARMS, 1 / 3), method="ips")
    assert found.difference.effect == 0 and found.difference.p == 1
    if known:
        assert found.value == pytest.approx(table["profit"].mean(), rel=1e-9)


@pytest.mark.parametrize("method", ["ips", "snips", "clipped"])
def test_where_nobody_with_weight_bought_there_is_no_interval(method):
    table = make_two(6)
    table.loc[table["arm"] == "mail", "profit"] = 0.0
    found = value_plan(open_log(table), "mail", method=method)
    assert found.value == 0 and np.isnan(found.low) and np.isnan(found.difference.low)
    assert any(one.startswith("no interval") for one in found.warnings)
    assert "nan" not in found.sentence() and "(no interval)" in found.sentence()


@pytest.mark.slow
@pytest.mark.parametrize("kind", [int, str])
@pytest.mark.parametrize("method", ["dr", "switch"])
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**20))
def test_shuffled_rows_have_the_same_folds(kind, method, seed):
    table = make_log(7, 80, kind=kind)
    plain = value_plan(open_log(table), PLAN, method=method)
    mixed = value_plan(open_log(table.sample(frac=1, random_state=seed)), PLAN, method=method)
    assert mixed.value == pytest.approx(plain.value) and mixed.estimate.se == pytest.approx(plain.estimate.se)


def test_a_model_of_ones_own_without_a_column_predicts_the_mean():
    table = make_two(8, 200)
    found = value_plan(open_log(table), "mail", model=LinearRegression())
    assert found.value == pytest.approx(table.loc[table["arm"] == "mail", "profit"].mean(), abs=0.5)
