"""Exercise 03, the second slide: right answers and the usual wrong ones, all computed from its tables."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pandas as pd

from loyalty.tasks.checking.answers import Mismatch, kind_of, read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import set_apart
from loyalty.tasks.t03.scene import (
    find_gap,
    list_letters,
    list_receipts,
    open_envelopes,
    open_intervals,
    shuffle_gaps,
)

CENT = 0.005
TENTH = 0.05
THIRD_DIGIT = 0.0005
FOURTH_DIGIT = 0.00005
WHOLE = 0.1
MONTH = ("2024-12-01", "2025-01-01")
NARROW = 5  # euros


def _find_other_middles(sales: pd.Series) -> tuple[Mistake, ...]:
    """The most frequent amount, and the middle row of the table as it stands; they may be one and the same."""
    frequent, row = float(sales.mode().iloc[0]), float(sales.iloc[len(sales) // 2])
    mean = float(sales.mean())
    if frequent == row:
        says = "The first is the most frequent amount, and by chance also the middle row of the table, which is not sorted by amount. "
        return (Mistake("frequent_or_middle_row", says + "The median is `.median()`.", (frequent, mean)),)
    return (
        Mistake("most_frequent", "The first is the most frequent amount. The median is `.median()`.", (frequent, mean)),
        Mistake("middle_row", "The first is the middle row of a table that is not sorted: `.median()`.", (row, mean)),
    )


@cache
def _answer_typical() -> Answers:
    receipts = list_receipts(*MONTH)
    sales = receipts["sales"]
    mean, median = float(sales.mean()), float(sales.median())
    own = receipts.groupby("customer_id")["sales"]
    year = list_receipts()["sales"]
    mistakes = (
        Mistake("swapped", "These are the right numbers in the other order: (median, mean) is asked.", (mean, median)),
        Mistake(
            "mean_twice", "The second is right, but the first is the mean too. The median is `.median()`.", (mean, mean)
        ),
        Mistake(
            "median_twice",
            "The first is right, but the second is the median too. The mean is `.mean()`.",
            (median, median),
        ),
        Mistake(
            "whole_year",
            "These are the numbers of the whole year. Only December is asked: use `december`.",
            (float(year.median()), float(year.mean())),
        ),
        Mistake(
            "per_customer",
            "These are the numbers per customer: you added up the receipts of each. Here one value is one receipt.",
            (float(own.sum().median()), float(own.sum().mean())),
        ),
        Mistake(
            "means_of_customers",
            "You took the mean receipt of each customer first. Take the receipts as they are.",
            (float(own.mean().median()), float(own.mean().mean())),
        ),
        Mistake("sum", "The first is right. The second is the sum; the mean is asked.", (median, float(sales.sum()))),
        Mistake(
            "mean_of_customers",
            "The median is right. The second is the mean per *customer*: you added up the receipts of each. Here one value is one receipt.",
            (median, float(own.sum().mean())),
        ),
        *_find_other_middles(sales),
    )
    praise = (
        f"Half of December's receipts are under €{median:.2f}; the mean, €{mean:.2f}, is pulled up by a few large ones."
    )
    return Answers((median, mean), mistakes, praise)


@cache
def _answer_rise() -> Answers:
    spring = list_letters("spring")[["letters", "responses"]].sum()
    autumn = list_letters("autumn")[["letters", "responses"]].sum()
    old, new = spring["responses"] / spring["letters"] * 100, autumn["responses"] / autumn["letters"] * 100
    points, percent = float(new - old), float((new / old - 1) * 100)
    of_regions = [table["responses"] / table["letters"] for table in (list_letters("spring"), list_letters("autumn"))]
    rates = [one.mean() * 100 for one in of_regions]
    mistakes = (
        Mistake(
            "swapped", "These are the right numbers in the other order: (points, percent) is asked.", (percent, points)
        ),
        Mistake(
            "percent_twice",
            "The second is right. The first is asked in percentage *points*: new rate minus old rate.",
            (percent, percent),
        ),
        Mistake(
            "points_twice",
            "The first is right. The second is asked in percent of the *old* rate: the points, divided by it.",
            (points, points),
        ),
        Mistake(
            "of_the_new_rate",
            "The points are right. You divided them by the new rate; the old one is 100 %.",
            (points, float((1 - old / new) * 100)),
        ),
        Mistake(
            "mean_of_rates",
            "You took the mean of the four rates. Sum the answers and the letters first, and divide once.",
            (float(rates[1] - rates[0]), float((rates[1] / rates[0] - 1) * 100)),
        ),
        Mistake(
            "answers_counted",
            "The second is the rise of the *number* of answers. The rates are asked: answers divided by letters.",
            (points, float((autumn["responses"] / spring["responses"] - 1) * 100)),
        ),
        Mistake(
            "ratio",
            "The second is the new rate in percent of the old one. The *rise* is asked: take the first 100 % off.",
            (points, float(new / old * 100)),
        ),
        Mistake(
            "seasons_exchanged",
            "You took autumn as the old rate and spring as the new one. Spring comes first, so the rate rose.",
            (-points, float((old / new - 1) * 100)),
        ),
        Mistake(
            "percent_as_fraction",
            "The points are right. The second is a fraction: times 100 for percent.",
            (points, percent / 100),
        ),
        Mistake(
            "points_as_fraction",
            "The percent are right. The first is a fraction: times 100 for percentage points.",
            (points / 100, percent),
        ),
        Mistake(
            "letters_compared",
            "The points are right. The second is how many *letters* more were sent. The rise of the rate is asked: the points, divided by the old rate.",
            (points, float((autumn["letters"] / spring["letters"] - 1) * 100)),
        ),
        Mistake(
            "mean_of_rises",
            "The points are right. The second is the mean of the four regions' rises. Sum the answers and the letters first, and divide once.",
            (points, float((of_regions[1] / of_regions[0] - 1).mean() * 100)),
        ),
        Mistake(
            "rates_given",
            "These are the two rates. How much the rate *rose* is asked: in points, and in percent of the old rate.",
            (float(old), float(new)),
        ),
        Mistake(
            "fractions",
            "These are fractions. Both are asked in percent: times 100.",
            (points / 100, percent / 100),
        ),
    )
    praise = f"From {old:.2f} % to {new:.2f} %: +{points:.1f} points, or +{percent:.1f} % of the old rate."
    return Answers((points, percent), mistakes, praise)


@cache
def _answer_rate() -> Answers:
    table = list_letters("autumn")
    spring = list_letters("spring")
    rate = table["responses"] / table["letters"]
    right = float(table["responses"].sum() / table["letters"].sum())
    by_customers = float((rate * table["customers"]).sum() / table["customers"].sum())
    mistakes = (
        Mistake(
            "mean_of_means",
            "That is the mean of the four rates. It counts a region of 1,000 letters as much as one of 11,000. Sum first, divide once.",
            float(rate.mean()),
        ),
        Mistake(
            "weighted_by_customers",
            "You weighted by the customers of each region. The letters are what was answered: weight by `letters`.",
            by_customers,
        ),
        Mistake(
            "per_customer",
            "You divided by the customers. Most of them got no letter: divide by the letters.",
            float(table["responses"].sum() / table["customers"].sum()),
        ),
        Mistake(
            "weighted_by_responses",
            "You weighted by the answers. Weight by the letters, or sum first and divide once.",
            float((rate * table["responses"]).sum() / table["responses"].sum()),
        ),
        Mistake(
            "spring",
            "That is the rate of spring. The rate of autumn is asked.",
            float(spring["responses"].sum() / spring["letters"].sum()),
        ),
        Mistake(
            "seasons_mixed",
            "You divided the answers of autumn by the letters of spring. Take both from `autumn`.",
            float(table["responses"].sum() / spring["letters"].sum()),
        ),
        Mistake("answers", "That is the number of answers. Divide it by the letters.", float(table["responses"].sum())),
        Mistake("sum_of_rates", "That is the sum of the four rates. They do not add up.", float(rate.sum())),
        Mistake(
            "median_of_rates",
            "That is the median of the four rates. All letters together are asked.",
            float(rate.median()),
        ),
    )
    return Answers(
        right,
        mistakes,
        f"{right * 100:.2f} % of all letters were answered; the mean of the four rates is {rate.mean() * 100:.1f} %.",
    )


@cache
def _answer_chance() -> Answers:
    people = open_envelopes("exercise")
    gap = find_gap(people)
    gaps = shuffle_gaps(people)
    lesson = open_envelopes()
    right = float((gaps.abs() >= abs(gap)).mean())
    one_side = float((gaps >= gap).mean())
    mistakes = (
        Mistake(
            "one_side",
            "You counted gaps in favour of blue alone. Chance also makes gaps in favour of green, as far from zero: use `.abs()`.",
            one_side,
        ),
        Mistake(
            "other_side",
            "You counted gaps in favour of green alone. Both sides are asked: use `.abs()`.",
            float((gaps <= -gap).mean()),
        ),
        Mistake(
            "nearer_to_zero",
            "That is the share of shuffles *nearer* to zero. Those as far away or farther are asked: `>=`.",
            1 - right,
        ),
        Mistake(
            "below_the_gap",
            "That is the share of shuffles below the agency's gap. Those as far from zero or farther are asked: `.abs()` and `>=`.",
            1 - one_side,
        ),
        Mistake(
            "above_zero",
            "That is the share of shuffles above zero. Compare them with the agency's gap.",
            float((gaps > 0).mean()),
        ),
        Mistake(
            "one_side_as_number",
            "That is the *number* of shuffles in favour of blue alone. The share is asked, on both sides: `.abs()` and `.mean()`.",
            float((gaps >= gap).sum()),
        ),
        Mistake(
            "number",
            "That is the number of shuffles. Their share of 1,000 is asked.",
            float((gaps.abs() >= abs(gap)).sum()),
        ),
        Mistake(
            "the_lesson",
            "That is the share of the lesson. Here `people`, `gap` and `gaps` are those of the exercise.",
            float((shuffle_gaps(lesson).abs() >= abs(find_gap(lesson))).mean()),
        ),
    )
    praise = f"{right * 100:.1f} % of the shuffles make a gap of €{gap:.2f} or more, though colour does nothing."
    return Answers(right, mistakes, praise)


@cache
def _answer_promise() -> Answers:
    found, truth = open_intervals()
    low, high, mean = found["low"], found["high"], found["mean"]
    right = float(((low <= truth) & (truth <= high)).sum())

    def count_holding(value: float) -> float:
        return float(((low <= value) & (value <= high)).sum())

    one_side = "So many intervals miss the truth on one side. Those that hold it are asked."
    mistakes = (
        Mistake(
            "those_that_miss",
            "These are the intervals that *miss* the truth. Those that hold it are asked.",
            len(found) - right,
        ),
        Mistake("above_the_truth", one_side, float((low > truth).sum())),
        Mistake("below_the_truth", one_side.replace("one side", "the other side"), float((high < truth).sum())),
        Mistake("promised", "95 is what was promised. Count how many of these hundred hold the truth.", 95.0),
        Mistake(
            "low_end_only",
            "So many intervals begin below the truth. The truth must also lie below the upper end: join two conditions with `&`.",
            float((low <= truth).sum()),
        ),
        Mistake(
            "high_end_only",
            "So many intervals end above the truth. The truth must also lie above the lower end: join two conditions with `&`.",
            float((truth <= high).sum()),
        ),
        Mistake(
            "all_of_them",
            "All hundred hold the truth? Then the condition asks too little. It must compare both ends with `truth`, and join the two with `&`.",
            float(len(found)),
        ),
        Mistake(
            "truth_in_whole_euros",
            "That is the number for a truth in whole euros. Use `truth` as it is.",
            count_holding(round(truth)),
        ),
        Mistake(
            "other_truth",
            f"That is the number for a truth of €{math.ceil(truth * 2) / 2:.2f}. Use `truth` as it is.",
            count_holding(math.ceil(truth * 2) / 2),
        ),
        Mistake(
            "narrow_ones",
            f"So many intervals are narrower than €{NARROW}. Their width does not tell whether they hold the truth.",
            float((high - low < NARROW).sum()),
        ),
        Mistake(
            "mean_of_the_means",
            "That is the number for the mean of the hundred means. The truth is given: `truth`.",
            count_holding(float(mean.mean())),
        ),
        Mistake(
            "means_above",
            "So many means lie above the truth. Look at both ends of each interval.",
            float((mean > truth).sum()),
        ),
        Mistake(
            "means_below",
            "So many means lie below the truth. Look at both ends of each interval.",
            float((mean < truth).sum()),
        ),
    )
    apart, near = set_apart(mistakes, WHOLE)
    return Answers(right, apart, f"{right:.0f} of 100. The promise was about 95.", near)


@cache
def _answer_sentence() -> Answers:
    mistakes = (
        Mistake(
            "receipts_inside",
            "Not A. The interval is about the *mean*. Single receipts are spread much wider: most lie outside this short range.",
            "A",
        ),
        Mistake(
            "certain",
            "Not B. A sample cannot be certain: about 5 of 100 such intervals miss the true mean.",
            "B",
        ),
        Mistake(
            "next_sample",
            "Not D. The interval is about the true mean, not about the mean of the next sample: that one has luck of its own.",
            "D",
        ),
    )
    praise = "C: a promise about the method. And it holds only if the sample was drawn at random."
    return Answers("C", mistakes, praise)


def _read_count(answer: Any) -> Any:
    """A number of intervals; a share of them is sent back."""
    if kind_of(answer) == "number" and 0 < float(answer) < 1:
        raise Mismatch("That is a share. A whole number of intervals is asked, from 0 to 100.")
    return answer


TASKS = (
    Task(
        code="03a",
        asks="median and mean of the receipts of December 2024; two numbers in round brackets, with a comma between: (median, mean), in euros, to the cent",
        compute=_answer_typical,
        tolerance=CENT,
        hints=(
            "The table `december` has one row for each receipt.",
            "A column has `.median()` and `.mean()`.",
            "`(december.sales.median(), december.sales.mean())`",
        ),
        close="Close, not it. One value is one receipt of December. In which order are the two asked?",
    ),
    Task(
        code="03b",
        asks="by how much the response rate of all letters rose from spring to autumn; two numbers in round brackets, with a comma between: (percentage points, percent "
        "of the old rate), to one decimal",
        compute=_answer_rise,
        tolerance=TENTH,
        hints=(
            "First the two rates: all answers divided by all letters, times 100.",
            "Points: new minus old. Percent: the points, divided by the old rate, times 100.",
            "`(new - old, (new / old - 1) * 100)`",
        ),
        close="Close, not it. Are the rates made of all letters? And percent of which rate?",
    ),
    Task(
        code="03c",
        asks="the response rate of all letters of autumn together; one fraction between 0 and 1, to four decimals",
        compute=_answer_rate,
        tolerance=FOURTH_DIGIT,
        hints=(
            "Large regions must count more than small ones.",
            "Sum first, divide once.",
            "`autumn.responses.sum() / autumn.letters.sum()`",
        ),
        close="Close, not it. By what did you weight the regions?",
    ),
    Task(
        code="03d",
        asks="the share of the 1,000 shuffles whose gap is at least as far from zero as the agency's gap; one fraction between 0 and 1, to three decimals",
        compute=_answer_chance,
        tolerance=THIRD_DIGIT,
        hints=(
            "A gap of −€20 is as far from zero as one of +€20.",
            "`gaps.abs()` takes the sign away. The mean of True and False is the share of True.",
            "`(gaps.abs() >= abs(gap)).mean()`",
        ),
        close="Close, not it. Did you take the 1,000 gaps of the table, on both sides?",
    ),
    Task(
        code="03e",
        asks="how many of the 100 intervals hold the truth; one whole number",
        compute=_answer_promise,
        tolerance=WHOLE,
        read=_read_count,
        hints=(
            "The truth must be above the lower end and below the upper end.",
            "Two conditions, each in its own brackets, with `&` between them.",
            "`((intervals.low <= truth) & (truth <= intervals.high)).sum()`",
        ),
        close="Close, not it. Do both ends count?",
    ),
    Task(
        code="03f",
        asks='the sentence that may be signed: "A", "B", "C" or "D"',
        compute=_answer_sentence,
        read=read_letter("ABCD"),
        tolerance=0,
        hints=(
            "Is the interval about receipts, or about their mean?",
            "Look at the hundred intervals: what was true of about 95 of them?",
            "A promise about a method speaks of many samples.",
        ),
        close="",
    ),
)
