"""Exercise 43, two plans and one log: right answers and the usual wrong ones, all computed from the log."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.learn.offpolicy import PlanValue, PolicyLog, open_log, value_plan
from loyalty.learn.offpolicy.value import Method
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t43.scene import ARMS, PLAN_A, PLAN_B, play_summer, write_plan
from loyalty.text import say_euros

CENT = 0.005
CUT = 5.0
FIFTH = 1 / len(ARMS)
NEVER = "category_discount"


def _drawn() -> pd.DataFrame:
    """Rows of those who took part in the lotteries."""
    log = play_summer()
    return log[~log["holdout"]]


def _weigh(rows: pd.DataFrame, plan: Mapping[str, str]) -> np.ndarray:
    """Weights of the rows for a plan: 0 where the plan would have given something else."""
    same = rows["arm"] == rows["segment"].map(plan)
    return np.where(same, 1 / rows["propensity"], 0.0)


def _average(rows: pd.DataFrame, weight: np.ndarray) -> float:
    return float(weight @ rows["profit"].to_numpy() / weight.sum())


@cache
def _open() -> PolicyLog:
    return open_log(play_summer())


@cache
def _open_with_a_fifth() -> PolicyLog:
    chances = {f"chance_{arm}": FIFTH for arm in ARMS}
    return open_log(play_summer().assign(propensity=FIFTH, **chances))


@cache
def _value(
    name: str, against: str = "", method: Method = "snips", level: float = 0.95, *, fifth: bool = False
) -> PlanValue:
    """Value plan A or B by the helper."""
    plans = {"A": write_plan(PLAN_A), "B": write_plan(PLAN_B)}
    log = _open_with_a_fifth() if fifth else _open()
    return value_plan(log, plans[name], against=plans.get(against), method=method, level=level)


@cache
def _answer_value() -> Answers:
    log, drawn = play_summer(), _drawn()
    weight = _weigh(drawn, PLAN_A)
    y = drawn["profit"].to_numpy()
    right = _average(drawn, weight)
    written = (drawn["arm"] != "control").to_numpy()
    first = drawn[drawn["wave"] == 1]
    return Answers(
        right=right,
        praise=f"€{right:.2f} a customer and wave, from {int((weight > 0).sum()):,} rows that got what plan A would have given.",
        mistakes=(
            Mistake(
                "chances_ignored",
                "That is the plain mean of those who got what plan A would give (1/5 for every chance comes to the same). Their chances differed by segment: weigh each with 1 / propensity.",
                float(y[weight > 0].mean()),
            ),
            Mistake(
                "weighed_by_the_chance",
                "You weighed with the chance itself. Who had a *small* chance speaks for many: weigh with 1 / propensity.",
                float(np.average(y[weight > 0], weights=drawn["propensity"][weight > 0])),
            ),
            Mistake(
                "not_normalised",
                "You divided by the number of rows (IPS). Asked is the weighted mean: divide by the sum of the weights.",
                float(weight @ y / len(y)),
            ),
            Mistake(
                "divided_by_the_matched",
                "You divided by the number of rows that have weight. Divide by the sum of the weights.",
                float(weight @ y / (weight > 0).sum()),
            ),
            Mistake(
                "one_fifth_not_normalised",
                "You took a fifth for every chance. The chances stand in `propensity`, and differ by segment.",
                float((weight > 0) @ y / FIFTH / len(y)),
            ),
            Mistake(
                "holdout_in",
                "The customers of the holdout are in. They were in no lottery, and their chance was one: keep the rows with `holdout` False.",
                _average(log, _weigh(log, PLAN_A)),
            ),
            Mistake(
                "only_who_got_a_letter",
                "You kept only those who got a letter. Plan A sends nothing to chronic care and medicines: there the control rows are the ones that count.",
                _average(drawn[written], weight[written]),
            ),
            Mistake("the_log_itself", "That is the mean of all rows: the plan that ran. Asked is plan A.", float(y.mean())),
            Mistake("plan_b", "That is plan B. Asked is plan A.", _average(drawn, _weigh(drawn, PLAN_B))),
            Mistake(
                "segments_alike",
                "You took the mean of the six segments' means. Segments differ in size: weigh the rows.",
                float(drawn[weight > 0].groupby("segment")["profit"].mean().mean()),
            ),
            Mistake("first_wave_only", "That is wave 1 alone. Asked are all six.", _average(first, _weigh(first, PLAN_A))),
            Mistake("the_total", "That is a total. Asked is per customer and wave.", float(weight @ y)),
            Mistake(
                "all_rows_weighed",
                "You weighed every row with 1 / propensity, whatever it got (with the holdout or without). Only rows that got what plan A would give have weight; all others have 0.",
                float(np.average(y, weights=1 / drawn["propensity"])),
            ),
            Mistake(
                "not_normalised_with_holdout",
                "You divided by all rows of the file. Asked is the weighted mean: divide by the sum of the weights, without the holdout.",
                float(_weigh(log, PLAN_A) @ log["profit"].to_numpy() / len(log)),
            ),
            Mistake(
                "only_the_holdout",
                "That is the mean of the holdout, who got nothing. Asked is plan A.",
                float(log.loc[log["holdout"], "profit"].mean()),
            ),
            Mistake(
                "less_the_plan_that_ran",
                "That is plan A less the plan that ran. Asked is the value of plan A itself.",
                right - float(y.mean()),
            ),
        ),
        near=(
            Mistake(
                "doubly_robust",
                'Near: yours has a model in it (`method="dr"`). Asked is the weighted mean alone.',
                _value("A", method="dr").value,
            ),
        ),
    )  # fmt: skip


@cache
def _answer_size() -> Answers:
    log, drawn = play_summer(), _drawn()
    weight = _weigh(drawn, PLAN_A)
    every = _weigh(log, PLAN_A)
    written = weight[(drawn["arm"] != "control").to_numpy()]

    def size(one: np.ndarray) -> float:
        return float(one.sum() ** 2 / (one**2).sum())

    right = size(weight)
    n = len(drawn)
    return Answers(
        right=right,
        praise=f"{right:,.0f} of {n:,} rows: so much the log knows about plan A.",
        mistakes=(
            Mistake("rows_of_the_log", "That is the number of rows. Most of them got what plan A would not give.", float(n)),
            Mistake("rows_of_the_file", "That is the number of rows, the holdout too.", float(len(log))),
            Mistake(
                "matched_rows",
                "That is the number of rows with weight (all weights alike, 1/5 for every chance, or the sizes of the segments added up, give the same). Unequal weights know less.",
                float((weight > 0).sum()),
            ),
            Mistake(
                "by_customers",
                "That is by customers, as `ess` of the result says it: a good number, and the more careful one. Asked is by rows: `ess_rows`.",
                _value("A").ess,
            ),
            Mistake("sum_of_weights", "That is the sum of the weights. Square it, and divide by the sum of the squares.", float(weight.sum())),
            Mistake("holdout_in", "The holdout is in. Keep the rows with `holdout` False.", size(every)),
            Mistake("only_who_got_a_letter", "You left out the rows of control. Where plan A sends nothing, they count.", size(written)),
            Mistake("plan_b", "That is plan B. Asked is plan A.", size(_weigh(drawn, PLAN_B))),
            Mistake("plan_b_by_customers", "That is plan B, by customers. Asked is plan A, by rows.", _value("B").ess),
            Mistake("percent", "That is a share in percent. Asked is how many rows.", 100 * right / n),
        ),
        near=(
            Mistake("as_a_share", "That is a share of the rows. Asked is how many rows.", right / n),
            Mistake(
                "not_squared",
                "You divided the sum of the weights by the sum of their squares. The sum itself is squared too.",
                float(weight.sum() / (weight**2).sum()),
            ),
        ),
    )  # fmt: skip


def _three(estimate: Any) -> tuple[float, float, float]:
    return float(estimate.effect), float(estimate.low), float(estimate.high)


def _around(effect: float, error: float, df: float) -> tuple[float, float, float]:
    half = float(stats.t.ppf(0.975, df)) * error
    return effect, effect - half, effect + half


@cache
def _answer_difference() -> Answers:
    found = _value("A", "B")
    gap = found.difference
    a, b = _value("A"), _value("B")
    df = min(found.ess, b.ess) - 1
    apart = _around(gap.effect, float(np.hypot(a.estimate.se, b.estimate.se)), df)
    log = _open()
    pull = a.influence - b.influence
    rows = _around(gap.effect, float(pull.std() / np.sqrt(len(log))), np.inf)
    effect, low, high = _three(gap)
    right = (effect, low, high)
    return Answers(
        right=right,
        praise=f"{say_euros(effect)} ({say_euros(low)} to {say_euros(high)}): plan A is ahead, and the log cannot tell the two apart.",
        mistakes=(
            Mistake(
                "not_paired",
                "The difference is right, the interval is too wide: you put the errors of two values together as if they came from two logs. Both come from the same rows: `against=`.",
                apart,
            ),
            Mistake(
                "ends_subtracted",
                "The difference is right. Its interval is not the ends of one plan less the ends of the other: that is far too wide. Both are judged by the same rows: `against=`.",
                (effect, a.low - b.high, a.high - b.low),
            ),
            Mistake("other_way", "That is plan B less plan A: turn it round.", (-effect, -high, -low)),
            Mistake(
                "against_the_plan_that_ran",
                "That is plan A less the plan that ran. Asked is against plan B: `against=`.",
                _three(a.difference),
            ),
            Mistake("b_against_the_plan_that_ran", "That is plan B less the plan that ran. Asked is A less B.", _three(b.difference)),
            Mistake("the_value_of_a", "That is the value of plan A. Asked is its difference to plan B: `.difference`.", _three(a.estimate)),
            Mistake(
                "one_fifth",
                "You took a fifth for every chance. The chances of the log differ by segment.",
                _three(_value("A", "B", fifth=True).difference),
            ),
            Mistake(
                "not_normalised",
                'That is by `method="ips"`. Asked is the self-normalised value: `method="snips"`.',
                _three(_value("A", "B", method="ips").difference),
            ),
            Mistake("ninety", "That is a 90 % interval. Asked is 95 %.", _three(_value("A", "B", level=0.9).difference)),
        ),
        near=(
            Mistake(
                "rows_for_customers",
                "The difference is right, the interval is too narrow: the rows of one customer are not independent.",
                rows,
            ),
            Mistake(
                "doubly_robust",
                'That is by `method="dr"`, the default, or by "switch". Asked is `method="snips"`.',
                _three(_value("A", "B", method="dr").difference),
            ),
            Mistake(
                "doubly_robust_against_the_plan_that_ran",
                "That is plan A less the plan that ran, by the default method. Asked is against plan B: `against=`, with `method=\"snips\"`.",
                _three(_value("A", method="dr").difference),
            ),
            Mistake(
                "half_width_in_the_place_of_ends",
                "The difference is right. You gave how far the interval reaches; asked are its two ends.",
                (effect, (high - low) / 2, (high - low) / 2),
            ),
            Mistake("the_value_of_b", "That is the value of plan B. Asked is plan A less plan B: `.difference`.", _three(b.estimate)),
        ),
    )  # fmt: skip


@cache
def _answer_never() -> Answers:
    log, drawn = play_summer(), _drawn()
    never = drawn[f"chance_{NEVER}"] == 0
    right = int(never.sum())
    held = log["holdout"] & (log["segment"] == "chronic care")
    return Answers(
        right=right,
        praise=f"{right:,} of {len(drawn):,} rows: in chronic care the category discount had no chance, and nobody can know what it does there.",
        mistakes=(
            Mistake(
                "not_seen_for_never_tried",
                "You counted all rows that got something else. Most of them had a chance of it, and others with the same chance speak for them. Where was the chance zero?",
                int((drawn["arm"] != NEVER).sum()),
            ),
            Mistake("holdout_in", "The holdout is in. It was in no lottery: keep the rows with `holdout` False.", right + int(held.sum())),
            Mistake(
                "holdout_for_never_tried",
                "You counted the holdout with them. It was in no lottery at all; asked is about the rows of the lotteries.",
                right + int(log["holdout"].sum()),
            ),
            Mistake(
                "only_the_holdout",
                "That is the holdout. It was in no lottery at all; which rows of the lotteries had no chance of the category discount?",
                int(log["holdout"].sum()),
            ),
            Mistake("customers", "That is the customers, or the rows of one wave. Asked are the rows of all six waves.", int(drawn.loc[never, "customer_id"].nunique())),
            Mistake(
                "only_control",
                "You counted only those who got nothing. No row of the segment had a chance of the category discount, whatever it got.",
                int((never & (drawn["arm"] == "control")).sum()),
            ),
            Mistake("the_others", "These are the rows that had a chance. Asked are those without.", int((~never).sum())),
            Mistake(
                "had_a_chance_and_got_something_else",
                "These had a chance of it and got something else: others with the same chance speak for them. Asked are the rows without a chance.",
                int((~never & (drawn["arm"] != NEVER)).sum()),
            ),
            Mistake(
                "not_seen_with_the_holdout",
                "You counted everybody who did not get it, the holdout too. Asked are the rows of the lotteries that had no chance of it.",
                int((log["arm"] != NEVER).sum()),
            ),
            Mistake("all_rows", "That is all rows. Where was the chance of the category discount zero?", len(drawn)),
            Mistake("all_rows_of_the_file", "That is all rows of the file. Where was the chance of the category discount zero?", len(log)),
            Mistake("as_a_share", "That is a share. Asked is how many rows.", float(never.mean())),
            Mistake("percent", "That is a share in percent. Asked is how many rows.", float(100 * never.mean())),
            Mistake("none", "Every arm was tried *somewhere*. Look at `chance_category_discount` by segment.", 0),
        ),
    )  # fmt: skip


_LINES = {
    "P": (
        "not_told_apart",
        "A beats the plan that ran. Against B its interval holds zero (43c): the log cannot say that A is the better one. And with one arm for each segment, next year's log knows nothing of the others.",
    ),
    "R": (
        "where_the_log_never_tried",
        "In chronic care nobody had a chance of the category discount (43d). The mean of those who got it says whom it was sent to, not what it does.",
    ),
    "S": (
        "not_paired",
        "Two intervals may overlap and the difference be clear: both values come from the same rows. Plan A less the plan that ran lies above zero: `value_plan(log, A).difference`.",
    ),
    "T": (
        "chosen_on_the_rows_that_judge",
        "The best of five arms in each segment is partly lucky, and the same rows cannot say how much. A plan made from this log needs other rows to judge it.",
    ),
}


@cache
def _answer_decision() -> Answers:
    a, b = (_value(name).difference for name in "AB")
    gains = [f"{say_euros(one.effect)} ({say_euros(one.low)} to {say_euros(one.high)})" for one in (a, b)]
    return Answers(
        right="Q",
        praise=f"Both are better than the plan that ran, A by {gains[0]}, B by {gains[1]}. Which of the two is open, and "
        "the next log will know more.",
        mistakes=tuple(Mistake(name, says, letter) for letter, (name, says) in _LINES.items()),
    )


@cache
def _answer_clipped() -> Answers:
    drawn = _drawn()
    weight = _weigh(drawn, PLAN_A)
    y = drawn["profit"].to_numpy()
    cut = np.minimum(weight, CUT)
    dropped = np.where(weight <= CUT, weight, 0.0)
    n = len(y)
    right = float(cut @ y / n)
    whole = float(weight @ y / n)
    log = play_summer()
    every = np.minimum(_weigh(log, PLAN_A), CUT)
    return Answers(
        right=right,
        praise=f"€{right:.2f}, where uncut weights say €{whole:.2f}: {1 - cut.sum() / weight.sum():.0%} of the weight is lost, and with it the money of those rows.",
        mistakes=(
            Mistake("not_cut", "The weights are not cut: none may count more than 5.", whole),
            Mistake("dropped", "You left out the rows with larger weights. Cut the weight to 5, and keep the row.", float(dropped @ y / n)),
            Mistake("normalised", "You divided by the sum of the weights. Asked is IPS: divide by the number of rows.", float(cut @ y / cut.sum())),
            Mistake("normalised_before", "You divided by the sum of the uncut weights. Asked is IPS: divide by the number of rows.", float(cut @ y / weight.sum())),
            Mistake("not_cut_and_normalised", "That is the weighted mean of 43a. Asked is IPS with weights cut at 5.", _average(drawn, weight)),
            Mistake("holdout_in", "The holdout is in. Keep the rows with `holdout` False.", float(every @ log["profit"].to_numpy() / len(log))),
            Mistake("one_fifth", "You took a fifth for every chance: then all weights are 5, and nothing is cut.", float((weight > 0) @ y / FIFTH / n)),
            Mistake("divided_by_all", "You divided by all rows of the file, the holdout too.", float(cut @ y / len(log))),
            Mistake("divided_by_the_matched", "You divided by the number of rows with weight. Divide by all rows of the lotteries.", float(cut @ y / (weight > 0).sum())),
            Mistake("plan_b", "That is plan B. Asked is plan A.", float(np.minimum(_weigh(drawn, PLAN_B), CUT) @ y / n)),
            Mistake("cut_at_three", "Your weights are cut at 3, as a row of the lesson's table. Asked is 5.", float(np.minimum(weight, 3) @ y / n)),
            Mistake("only_who_got_a_letter", "You left out the rows of control. Where plan A sends nothing, they count.", float((cut * y)[(drawn["arm"] != "control").to_numpy()].sum() / n)),
            Mistake("the_lost_share", "That is the share of the weight that is lost. Asked is the value.", float(1 - cut.sum() / weight.sum())),
        ),
    )  # fmt: skip


TASKS = (
    Task(
        code="43a",
        asks="one number, in euros of profit per customer and wave, to the cent: what plan A would have brought, rows of the lotteries of all six waves, weighted mean with 1 / propensity (SNIPS)",
        compute=_answer_value,
        tolerance=CENT,
        hints=(
            "Which rows got what plan A would have given? `drawn.arm == drawn.segment.map(PLAN_A)`, with `drawn = log[~log.holdout]`.",
            "Their weight is 1 / propensity, that of all others 0.",
            "Sum of weight times profit, divided by the sum of the weights.",
        ),
        close="Not it. No holdout, all six waves, and which rows have weight?",
    ),
    Task(
        code="43b",
        asks="one number of rows, rounded to a whole one: the effective sample size (Kish) of plan A, rows of the lotteries",
        compute=_answer_size,
        tolerance=0.5,
        slack=0.51,
        hints=(
            "It needs the weights of 43a, zeros included or not: they add nothing.",
            "The square of the sum, divided by the sum of the squares.",
        ),
        close="Not it. The weights of 43a, by rows, and rounded, not cut off?",
    ),
    Task(
        code="43c",
        asks='(effect, low, high), in euros of profit per customer and wave, to the cent, 95 % interval: plan A less plan B, paired, value_plan with method="snips"',
        compute=_answer_difference,
        tolerance=CENT,
        hints=(
            "`open_log(log)` leaves out the holdout by itself.",
            '`value_plan(judged, A, against=B, method="snips")`, A and B as `write_plan(...)`.',
            "Its `.difference` has `effect`, `low` and `high`.",
        ),
        close="Not it. A less B, self-normalised, both on the same rows?",
    ),
    Task(
        code="43d",
        asks="one whole number: the rows of the lotteries for which the log can say nothing about category_discount",
        compute=_answer_never,
        tolerance=0,
        hints=(
            "Who could never have got it? The chance of every arm stands in the columns `chance_…`.",
            "`drawn.groupby('segment').chance_category_discount.mean()`.",
        ),
        close="Not it. Which rows of the lotteries had no chance of it?",
    ),
    Task(
        code="43e",
        asks='one letter: "P", "Q", "R", "S" or "T"',
        compute=_answer_decision,
        tolerance=0,
        read=read_letter("PQRST"),
        hints=(
            "What is clear from the log: A against the plan that ran, A against B?",
            "And which choice lets next year's log answer what this one cannot?",
        ),
        close="",
    ),
    Task(
        code="43f",
        asks="one number, in euros of profit per customer and wave, to the cent: value of plan A by IPS with weights cut at 5 (divided by the rows of the lotteries)",
        compute=_answer_clipped,
        tolerance=CENT,
        hints=(
            "`np.minimum(weight, 5)`.",
            "Sum of cut weight times profit, divided by the number of rows of the lotteries.",
        ),
        close="Not it. Cut, not dropped; and divided by what?",
    ),
)
