"""Exercise 37: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.evaluate.uplift.policy_value import choose_offers, value_policies
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t37.scene import CARD, hold_evening, reveal_truth


@pytest.fixture(scope="module")
def people():
    return hold_evening().people


@pytest.fixture(scope="module")
def learn(people):
    return people[people.half == "learn"]


@pytest.fixture(scope="module")
def judge(people):
    return people[people.half == "judge"]


def gap(rows, what="profit"):
    """Invited less control with its 95 % interval, by a regression with unequal variances."""
    fit = smf.ols(f"{what} ~ invited", rows.assign(invited=(rows.arm == "invited").astype(int))).fit(cov_type="HC2")
    return np.array([fit.params["invited"], *fit.conf_int().loc["invited"]])


def effects(rows, what="profit"):
    return rows.groupby("segment")[["arm", what]].apply(
        lambda mine: mine[what][mine.arm == "invited"].mean() - mine[what][mine.arm == "control"].mean()
    )


def value(rows, chosen, cost=CARD):
    mine = rows[rows.segment.isin(chosen)]
    return (gap(mine) - cost) * len(mine) / len(rows)


def fifth(rows):
    return rows.nlargest(len(rows) // 5, "chance")


# --- Right, on other roads -----------------------------------------------------------------------


def test_regressions_and_the_helper_lead_to_the_same_right_answers(people, learn, judge):
    assert check("37a", tuple(gap(fifth(judge)) - CARD)).status == "right"
    lifts = measure_lift(learn.assign(propensity=0.5), outcome="profit", by="segment").to_frame()
    assert check("37b", lifts.set_index("segment").effect).status == "right"
    assert check("37b", lifts.set_index("segment").effect.round(2)).status == "right"  # to the cent, as it is asked
    chosen = set(lifts.segment[lifts.effect > CARD])
    assert check("37c", tuple(value(judge, chosen))).status == "right"


def test_the_helper_values_the_plan_as_by_hand_and_the_customers_left_out_tell_the_difference(judge, learn):
    learned = effects(learn)
    table = judge.assign(propensity=0.5)[["customer_id", "arm", "propensity", "profit"]]
    trial = open_trial(judge[["customer_id", "chance"]], table, outcome="profit")
    scores = judge.set_index("customer_id").segment.map(learned).rename("invited")
    contest = value_policies(trial, {"segments": choose_offers(scores, cost=CARD)}, cost=CARD)
    own, more = contest.estimates["segments"], contest.compare("segments", "everybody: invited")
    assert check("37c", (own.effect, own.low, own.high)).status == "right"
    assert check("37d", (more.effect, more.low, more.high)).status == "right"
    rest = judge[judge.segment.map(learned) <= CARD]
    low, high = sorted(-(gap(rest)[1:] - CARD) * len(rest) / len(judge))
    by_hand = (-(gap(rest)[0] - CARD) * len(rest) / len(judge), low, high)
    assert check("37d", by_hand).status == "right"  # what the others would have lost


# --- The three that everybody makes --------------------------------------------------------------


def test_ranking_by_response_is_named(learn, judge):
    chosen = set(effects(learn).pipe(lambda effect: effect.index[effect > CARD]))
    cards = int(judge.segment.isin(chosen).sum())
    likely = judge.nlargest(cards, "chance")
    assert check("37c", tuple((gap(likely) - CARD) * cards / len(judge))).mistake == "ranked_by_response"
    assert check("37c", tuple((gap(fifth(judge)) - CARD) * 0.2)).mistake == "agencys_fifth"
    rate = learn[learn.arm == "invited"].groupby("segment").came.mean()
    assert check("37b", rate).mistake == "response_rate"


def test_the_segment_that_responds_best_is_not_the_right_one_by_luck(learn, judge):
    invited = learn[learn.arm == "invited"].groupby("segment")
    by_rate, by_profit = invited.came.mean().idxmax(), invited.profit.mean().idxmax()
    assert effects(learn).idxmax() not in (by_rate, by_profit)
    assert check("37c", tuple(value(judge, {by_rate}))).mistake == "highest_response_rate"
    assert check("37c", tuple(value(judge, {by_profit}))).mistake == "highest_profit_of_the_invited"


def test_those_who_came_against_control_are_named(judge):
    best = fifth(judge)
    came = best[(best.arm == "control") | (best.came == 1)]
    assert check("37a", tuple(gap(came) - CARD)).mistake == "those_who_came_against_control"
    mixed = pd.concat([best[best.arm == "invited"], judge[judge.arm == "control"]])
    assert check("37a", tuple(gap(mixed) - CARD)).mistake == "all_control"


def test_training_without_control_is_named(learn, judge):
    response = learn[learn.arm == "invited"].groupby("segment").profit.mean()
    assert check("37b", response).mistake == "trained_without_control"
    assert check("37c", tuple(value(judge, set(response.index[response > CARD])))).mistake == "trained_without_control"
    assert check("37b", response - learn.profit[learn.arm == "control"].mean()).mistake == "one_control_for_all"


def test_tuning_the_cut_off_on_the_holdout_is_named(judge):
    seen = effects(judge)
    reported = {cut: value(judge, set(seen.index[seen > cut])) for cut in (CARD, 0.0, 0.1, 1.0)}
    best = max(reported.values(), key=lambda found: found[0])
    assert check("37c", tuple(best)).mistake == "tuned_on_the_holdout"
    assert check("37e", ("segments", *(best[:2] * 60_000))).mistake == "tuned_on_the_holdout"
    assert best[0] > find_task("37c").compute().right[0]


# --- And those that tempt beside them -------------------------------------------------------------


def test_a_cut_off_that_forgets_the_card_is_named(learn, judge):
    learned = effects(learn)
    generous = set(learned.index[learned > 0])
    assert check("37c", tuple(value(judge, generous))).mistake == "cut_off_forgets_the_card"
    right = set(learned.index[learned > CARD])
    assert check("37c", tuple(value(judge, right, cost=0.0))).mistake == "card_forgotten"
    assert check("37c", tuple(value(judge, right, cost=0.0) - CARD)).mistake == "card_for_everybody"
    assert check("37b", learned - CARD).mistake == "card_taken_off"


def test_a_value_of_the_half_that_learned_is_named_and_promises_too_much(people, learn, judge):
    learned = effects(learn)
    chosen = set(learned.index[learned > CARD])
    promised = value(learn, chosen)
    assert check("37c", tuple(promised)).mistake == "learning_half"
    assert promised[0] > 2 * value(judge, chosen)[0]
    assert check("37c", tuple(value(people, chosen))).mistake == "both_halves"
    assert check("37a", tuple(gap(fifth(learn)) - CARD)).mistake == "learning_half"
    assert check("37a", tuple(gap(fifth(people)) - CARD)).mistake == "both_halves"
    assert check("37b", effects(judge)).mistake == "judging_half"
    assert check("37e", ("segments", *(promised[:2] * 60_000))).mistake == "learning_half"


def test_the_mean_of_the_invited_taken_for_the_effect_is_named(learn, judge):
    learned = effects(learn)
    best, mine = fifth(judge), judge[judge.segment.isin(learned.index[learned > CARD])]
    for code, rows, share in (("37a", best, 1.0), ("37c", mine, len(mine) / len(judge))):
        left = rows.profit[rows.arm == "invited"]
        answer = np.array([0, -1.96, 1.96]) * left.sem() + left.mean() - CARD
        assert check(code, tuple(answer * share)).mistake == "treated_for_effect"


def test_other_customers_and_other_units_of_the_first_task_are_named(judge):
    best = fifth(judge)
    assert check("37a", tuple(gap(best))).mistake == "card_forgotten"
    assert check("37a", tuple(gap(best[best.came == 1]) - CARD)).mistake == "who_came"
    assert check("37a", tuple(gap(judge) - CARD)).mistake == "everybody"
    bags = best.assign(profit=best.profit - 6 * best.came * (best.arm == "invited"))
    assert check("37a", tuple(gap(bags) - CARD)).mistake == "bag_of_those_who_came_twice"
    assert check("37a", tuple(gap(judge.nsmallest(len(judge) // 5, "chance")) - CARD)).mistake == "least_likely"
    assert check("37a", tuple(gap(best, "sales") - CARD)).mistake == "sales_for_profit"
    assert check("37a", tuple((gap(best) - CARD) / 5)).mistake == "per_customer_of_the_base"


def test_differences_of_two_plans_made_from_their_ends_are_named(learn, judge):
    learned = effects(learn)
    own, everybody = value(judge, set(learned.index[learned > CARD])), gap(judge) - CARD
    assert check("37d", tuple(own - everybody)).mistake == "ends_subtracted"
    crossed = (own[0] - everybody[0], own[1] - everybody[2], own[2] - everybody[1])
    assert check("37d", crossed).mistake == "ends_crossed"
    assert check("37d", tuple(own)).mistake == "against_nobody"
    assert check("37d", tuple(everybody)).mistake == "everybody_alone"


# --- The decision --------------------------------------------------------------------------------


def test_the_decision_follows_from_the_intervals_and_each_other_word_is_answered(learn, judge):
    learned = effects(learn)
    plans = {"everybody": gap(judge) - CARD, "agency": (gap(fifth(judge)) - CARD) * 0.2,
             "segments": value(judge, set(learned.index[learned > CARD])), "hold": np.zeros(3)}  # fmt: skip
    assert [name for name, found in plans.items() if found[1] > 0] == ["segments"]
    for name, found in plans.items():
        result = check("37e", (name, *(found[:2] * 60_000)))
        assert (result.status, result.mistake) == (("right", None) if name == "segments" else ("wrong", f"said_{name}"))
    own = plans["segments"]
    assert check("37e", ("segments", *(own[:2] * len(judge)))).mistake == "holdout_total"
    assert check("37e", ("segments", *own[:2])).mistake == "per_customer"
    assert check("37e", ("segments", *(own[::2] * 60_000))).mistake == "upper_end"
    assert check("37c", tuple(np.array(find_task("37c").compute().right) * len(judge))).mistake == "in_all"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda word, money, least: ("agency", money, least), "said_agency"),
        (lambda word, money, least: (word, money, 0), "lower_end_differs"),
        (lambda word, money, least: (word, 2 * money, least), "value_differs"),
        (lambda word, money, least: (word, least, money), "other_order"),
        (lambda word, money, least: ("nobody", money, least), None),
    ],
)
def test_word_and_money_of_a_decision_are_judged_each_by_itself(change, name):
    result = check("37e", change(*find_task("37e").compute().right))
    assert (result.status, result.mistake) == ("wrong", name)


def test_a_word_in_the_singular_is_understood():
    word, money, least = find_task("37e").compute().right
    assert check("37e", ["Segment", money, least]).status == "right" and word == "segments"


def test_the_truth_lies_inside_the_intervals_that_are_right(judge, learn):
    truth, learned = reveal_truth()[judge.customer_id].to_numpy(), effects(learn)
    chosen = {"37a": (judge.customer_id.isin(fifth(judge).customer_id), 0.2)}
    chosen["37c"] = (judge.segment.map(learned) > CARD, 1.0)
    for code, (rows, share) in chosen.items():
        _, low, high = find_task(code).compute().right
        assert low < (truth * rows).mean() / share < high


def test_the_halves_and_arms_were_drawn_by_lot_and_a_participants_change_stays_his_own(people):
    assert people.groupby(["half", "arm"]).size().eq(15_000).all()
    shares = pd.crosstab(people.segment, people.arm, normalize="columns")
    assert (shares.invited - shares.control).abs().max() < 0.01
    mine = hold_evening().people
    mine["profit"] = 0.0
    assert hold_evening().people.profit.sum() > 0
