"""Exercise 43: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.learn.offpolicy import open_log, value_plan
from loyalty.tasks import check
from loyalty.tasks.t43.pictures import draw_lotteries, draw_weights, draw_where
from loyalty.tasks.t43.scene import (
    ARMS,
    LOGGED,
    PLAN_A,
    PLAN_B,
    SUMMER,
    find_outcomes,
    open_summer,
    repeat_lottery,
    write_plan,
)

pytestmark = [pytest.mark.slow, pytest.mark.lesson]


@pytest.fixture(scope="module")
def log():
    return open_summer()


@pytest.fixture(scope="module")
def drawn(log):
    return log[~log.holdout]


def weigh(rows, plan=PLAN_A, chance=None):
    same = rows.arm == rows.segment.map(plan)
    return np.where(same, 1 / (rows.propensity if chance is None else chance), 0.0)


def test_weights_of_the_logged_chances_are_right_and_each_slip_of_the_mean_is_named(log, drawn):
    weight = weigh(drawn)
    assert check("43a", round(np.average(drawn.profit, weights=weight), 2)).status == "right"
    matched = drawn[weight > 0]
    assert check("43a", matched.profit.mean()).mistake == "chances_ignored"
    assert check("43a", np.average(drawn.profit, weights=weigh(drawn, chance=0.2))).mistake == "chances_ignored"
    assert check("43a", (weight * drawn.profit).mean()).mistake == "not_normalised"
    assert check("43a", (weigh(drawn, chance=0.2) * drawn.profit).mean()).mistake == "one_fifth_not_normalised"
    assert check("43a", np.average(log.profit, weights=weigh(log))).mistake == "holdout_in"
    letters = drawn[drawn.arm != "control"]
    assert check("43a", np.average(letters.profit, weights=weigh(letters))).mistake == "only_who_got_a_letter"
    assert check("43a", np.average(matched.profit, weights=matched.propensity)).mistake == "weighed_by_the_chance"
    assert check("43a", drawn.profit.mean()).mistake == "the_log_itself"
    assert check("43a", matched.groupby("segment").profit.mean().mean()).mistake == "segments_alike"
    assert check("43a", (weight * drawn.profit).sum() / len(matched)).mistake == "divided_by_the_matched"
    assert check("43a", np.average(drawn.profit, weights=weigh(drawn, PLAN_B))).mistake == "plan_b"
    assert check("43a", value_plan(open_log(log), write_plan(PLAN_A)).value).mistake == "doubly_robust"
    assert check("43a", 7.0).mistake is None


def test_the_effective_sample_size_is_not_the_rows_nor_the_matched_ones(log, drawn):
    weight = weigh(drawn)
    assert check("43b", round(weight.sum() ** 2 / (weight**2).sum())).status == "right"
    assert check("43b", len(drawn)).mistake == "rows_of_the_log"
    assert check("43b", len(log)).mistake == "rows_of_the_file"
    assert check("43b", int((weight > 0).sum())).mistake == "matched_rows"
    found = value_plan(open_log(log), write_plan(PLAN_A))
    assert check("43b", found.ess_rows).status == "right"
    assert check("43b", found.ess).mistake == "by_customers"
    assert check("43b", weight.sum()).mistake == "sum_of_weights"


def test_the_paired_difference_is_right_and_unpaired_and_turned_ones_are_named(log):
    judged = open_log(log)
    a, b = write_plan(PLAN_A), write_plan(PLAN_B)

    def three(one):
        return one.effect, one.low, one.high

    paired = value_plan(judged, a, against=b, method="snips").difference
    assert check("43c", tuple(round(one, 2) for one in three(paired))).status == "right"
    single = [value_plan(judged, one, method="snips") for one in (a, b)]
    error = np.hypot(*(one.estimate.se for one in single))
    near = check("43c", (paired.effect, paired.effect - 1.96 * error, paired.effect + 1.96 * error))
    assert near.status == "wrong" and near.mistake in ("not_paired", None)
    assert check("43c", three(value_plan(judged, b, against=a, method="snips").difference)).mistake == "other_way"
    ends = (paired.effect, single[0].low - single[1].high, single[0].high - single[1].low)
    assert check("43c", ends).mistake == "ends_subtracted"
    assert check("43c", three(single[0].difference)).mistake == "against_the_plan_that_ran"
    assert check("43c", three(single[0].estimate)).mistake == "the_value_of_a"
    assert check("43c", three(value_plan(judged, a, against=b, method="ips").difference)).mistake == "not_normalised"
    assert check("43c", three(value_plan(judged, a, against=b).difference)).mistake == "doubly_robust"
    chances = {f"chance_{arm}": 0.2 for arm in ARMS}
    fifth = open_log(log.assign(propensity=0.2, **chances))
    assert check("43c", three(value_plan(fifth, a, against=b, method="snips").difference)).mistake == "one_fifth"


def test_rows_that_had_no_chance_are_those_of_one_segment(log, drawn):
    assert SUMMER["chronic care"][ARMS.index("category_discount")] == 0
    chronic = drawn.segment == "chronic care"
    assert check("43d", int(chronic.sum())).status == "right"
    assert check("43d", int((log.segment == "chronic care").sum())).mistake == "holdout_in"
    assert check("43d", drawn.customer_id[chronic].nunique()).mistake == "customers"
    assert check("43d", int((drawn.arm != "category_discount").sum())).mistake == "not_seen_for_never_tried"
    assert check("43d", int(log.holdout.sum())).mistake == "only_the_holdout"
    assert check("43d", 0).mistake == "none"


def test_the_decision_is_a_letter_and_each_wrong_one_says_why():
    told = check("43e", " q ")
    assert told.status == "right" and "B by €0." in told.message
    for letter in "PRST":
        assert check("43e", letter).mistake is not None
    assert check("43e", "A").status == "wrong"


def test_cut_weights_are_not_dropped_ones(drawn):
    weight = weigh(drawn)
    cut = np.minimum(weight, 5)
    assert check("43f", round((cut * drawn.profit).mean(), 2)).status == "right"
    assert check("43f", (np.where(weight <= 5, weight, 0) * drawn.profit).mean()).mistake == "dropped"
    assert check("43f", np.average(drawn.profit, weights=cut)).mistake == "normalised"
    assert check("43f", (weight * drawn.profit).mean()).mistake == "not_cut"


def test_the_scene_is_a_lottery_by_the_chances_that_it_logs(log, drawn):
    assert (log[log.holdout].arm == "control").all() and (log[log.holdout].propensity == 1).all()
    for chances in (*LOGGED.values(), *SUMMER.values()):
        assert sum(chances) == pytest.approx(1)
    shares = drawn.groupby("segment").arm.value_counts(normalize=True).unstack(fill_value=0)[list(ARMS)]
    assert np.abs(shares - pd.DataFrame(SUMMER, index=ARMS).T.loc[shares.index]).max(axis=None) < 0.04


def test_forty_lotteries_agree_with_the_truth_that_all_outcomes_tell():
    plan = write_plan(PLAN_A)
    table, truth = repeat_lottery(plan, seeds=2)
    segment, _, outcomes, names = find_outcomes()
    wanted = [ARMS.index(PLAN_A[names[one]]) for one in segment]
    assert truth == pytest.approx(outcomes[np.arange(len(segment)), wanted].mean())
    assert len(table) == 14 and (table.low < table.high).all()
    ax = draw_lotteries(table, truth, "A title")
    assert [text.get_text() for text in ax.get_yticklabels()][0] == "mean of rows that agree"
    plt.close("all")


def test_pictures_name_segments_and_weights(drawn):
    ax = draw_where(drawn, "basket_discount", "A title")
    assert len(ax.get_yticklabels()) == 6
    few = drawn.head(4).assign(weight=[0.0, 2.5, 0.0, 10.0])
    assert {"2.5", "10"} <= {text.get_text() for text in draw_weights(few, "A title").texts}
    plt.close("all")
