"""Exercise 35, the Christmas campaign and the points letter: right answers and usual wrong ones, from the data."""

from __future__ import annotations

from functools import cache

import numpy as np

from loyalty.evaluate.observational.did import difference_in_differences
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t35.changes import (
    BEFORE,
    DAY,
    END,
    FAKE,
    START,
    compare_groups,
    find_gap,
    list_mistakes,
    open_chain,
    sum_spend,
)
from loyalty.tasks.t35.letter import answer_grade, answer_like_with_like, answer_witness


@cache
def _answer_naive() -> Answers:
    receipts, everyone, member = open_chain()
    during = sum_spend(START, END)
    bought = during > 0
    right = find_gap(during)
    lines = receipts[(receipts.time >= START) & (receipts.time < END)]
    is_member = lines.customer_id.isin(everyone[member])
    return Answers(
        right=right,
        praise=f"${right:.2f} a household and 28 days: a gap, not yet an effect.",
        mistakes=(
            Mistake(
                "buyers_only",
                "You left out the households that bought nothing in the window. They count as zero; `reindex(everyone, fill_value=0)` brings them back.",
                float(during[member & bought].mean() - during[~member & bought].mean()),
            ),
            Mistake(
                "not_per_28_days",
                "These are dollars for the whole 56 days. Divide by the days of the window, times 28.",
                find_gap(sum_spend(START, END, 0)),
            ),
            Mistake(
                "last_day_missing",
                "The last day, 24 December, is missing. The window is [start, end) and `end` is 25 December.",
                float(find_gap(sum_spend(START, END - DAY))),
            ),
            Mistake(
                "day_after_inside",
                "25 December is inside. The window is [start, end): `time < end`.",
                find_gap(sum_spend(START, END + DAY)),
            ),
            Mistake(
                "last_day_missing_but_counted",
                "The last day, 24 December, is missing in the sum, and counted among the days. The window is [start, end) and `end` is 25 December.",
                find_gap(sum_spend(START, END - DAY, 0)) / 56 * 28,
            ),
            Mistake(
                "first_day_missing",
                "The first day, 30 October, is missing. The window is [start, end): `time >= start`.",
                find_gap(sum_spend(START + DAY, END, 0)) / 56 * 28,
            ),
            Mistake(
                "divided_by_55",
                "You divided by 55 days. From 30 October to 24 December, both inside, there are 56: `(end - start).days`.",
                find_gap(sum_spend(START, END, 0)) / 55 * 28,
            ),
            Mistake(
                "the_weeks_before",
                "That is the gap in the 84 days before. Asked is the campaign itself.",
                find_gap(sum_spend(START - BEFORE, START)),
            ),
            Mistake(
                "the_change",
                "That is the change since the 84 days before, 35b. Asked is the gap during the campaign.",
                find_gap(sum_spend(START, END) - sum_spend(START - BEFORE, START)),
            ),
            Mistake(
                "ratio",
                "That is how many times as much members spent, or the gap per basket: both give the same number here. Asked is a difference in dollars a household.",
                float(during[member].mean() / during[~member].mean()),
            ),
            Mistake(
                "thirty_days",
                "That is per 30 days. The workshop's month has 28: four whole weeks.",
                find_gap(sum_spend(START, END, 30)),
            ),
            Mistake("per_week", "That is per week. Times 4: 28 days are four weeks.", right / 4),
            Mistake(
                "thirty_one_days",
                "That is per 31 days. The workshop's month has 28: four whole weeks.",
                find_gap(sum_spend(START, END, 31)),
            ),
            Mistake(
                "others_only",
                "That is what the others spent. Members minus others, please.",
                float(during[~member].mean()),
            ),
            Mistake(
                "percent_more",
                "That is by how many percent members spent more. Asked are dollars.",
                float(during[member].mean() / during[~member].mean() * 100 - 100),
            ),
            Mistake(
                "starts_in_november",
                "Two days are missing at the start: the campaign began on 30 October 2017.",
                find_gap(sum_spend(START + 2 * DAY, END)),
            ),
            Mistake(
                "first_day_missing_and_not_counted",
                "The first day, 30 October, is missing, in the sum and among the days. The window is [start, end): `time >= start`.",
                find_gap(sum_spend(START + DAY, END)),
            ),
            Mistake("per_day", "That is per day. Times 28.", find_gap(sum_spend(START, END, 1))),
            Mistake(
                "members_only",
                "That is what members spent. Take off what the others spent.",
                float(during[member].mean()),
            ),
            Mistake(
                "against_everybody",
                "You compared members with all households, members among them. Compare with the others.",
                float(during[member].mean() - during.mean()),
            ),
            Mistake(
                "totals",
                "These are totals of groups of different size. Take the mean per household.",
                float(during[member].sum() - during[~member].sum()),
            ),
            Mistake(
                "medians",
                "That is a difference of medians. Means were asked: times the number of households they give the money.",
                float(np.median(during[member]) - np.median(during[~member])),
            ),
            Mistake(
                "shelf_prices",
                "You added the discounts back. `sales` is what the household paid; that is what is asked.",
                find_gap(_sum_shelf_prices()),
            ),
            Mistake(
                "to_the_end_of_december",
                "Your window ends with December. The campaign ended on 24 December: `time < end`, and `end` is the 25th.",
                find_gap(sum_spend(START, END + 7 * DAY)),
            ),
            Mistake(
                "totals_over_everybody",
                "You divided the difference of the two totals by all households. Each group has its own mean: divide each total by its own group.",
                float(during[member].sum() - during[~member].sum()) / len(everyone),
            ),
            Mistake(
                "baskets",
                "These are shopping trips. Asked are dollars: `sales`.",
                float(find_gap(_count_baskets())),
            ),
            Mistake(
                "pieces",
                "These are pieces (`quantity`). Asked are dollars: `sales`.",
                find_gap(sum_spend(START, END, column="quantity")),
            ),
            Mistake(
                "lines_as_unit",
                "That is the difference per receipt line. The household is the unit.",
                float(lines.sales[is_member].mean() - lines.sales[~is_member].mean()),
            ),
        ),
    )


def _sum_shelf_prices() -> np.ndarray:
    """Spend in the campaign at the prices of the shelf, with what the tills took off added back."""
    paid = sum_spend(START, END)
    return paid + sum_spend(START, END, column="discount") + sum_spend(START, END, column="coupon_discount")


def _count_baskets() -> np.ndarray:
    """Shopping trips of each household in the campaign, per 28 days."""
    receipts, everyone, _ = open_chain()
    lines = receipts[(receipts.time >= START) & (receipts.time < END)]
    trips = lines.groupby("customer_id").basket_id.nunique().reindex(everyone, fill_value=0)
    return trips.to_numpy() / (END - START).days * 28


@cache
def _answer_change() -> Answers:
    right = compare_groups(sum_spend(START, END) - sum_spend(START - BEFORE, START))
    return Answers(
        right=right,
        praise=f"{_dollars(right[0])}, and zero lies inside the interval ({_dollars(right[1])} to {_dollars(right[2])}).",
        mistakes=(
            *list_mistakes(START, END),
            Mistake(
                "the_placebo",
                "That is 35c, the 56 days before the campaign. Asked is the campaign itself, from 30 October on.",
                compare_groups(sum_spend(FAKE, START) - sum_spend(FAKE - BEFORE, FAKE)),
            ),
            Mistake(
                "other_window",
                "That is with 28 days before. The task asks for 84; that the answer changes is a finding of its own.",
                compare_groups(sum_spend(START, END) - sum_spend(START - 28 * DAY, START)),
            ),
            Mistake(
                "half_a_year",
                "That is with 180 days before. The task asks for 84; that even the sign changes is a finding of its own.",
                compare_groups(sum_spend(START, END) - sum_spend(START - 180 * DAY, START)),
            ),
        ),
    )


@cache
def _answer_placebo() -> Answers:
    right = compare_groups(sum_spend(FAKE, START) - sum_spend(FAKE - BEFORE, FAKE))
    return Answers(
        right=right,
        praise=f"{_dollars(right[0])} ({_dollars(right[1])} to {_dollars(right[2])}) before campaign 18 had begun.",
        mistakes=(
            *list_mistakes(FAKE, START),
            Mistake(
                "campaign_inside",
                "Your window runs into the campaign. It ends before 30 October.",
                compare_groups(sum_spend(FAKE, END) - sum_spend(FAKE - BEFORE, FAKE)),
            ),
            Mistake(
                "the_campaign_again",
                "That is 35b again. Move both windows: the method is asked about 4 September, not about 30 October.",
                compare_groups(sum_spend(START, END) - sum_spend(START - BEFORE, START)),
            ),
            Mistake(
                "other_window",
                "That is with 28 days before. The task asks for 84, as in 35b.",
                compare_groups(sum_spend(FAKE, START) - sum_spend(FAKE - 28 * DAY, FAKE)),
            ),
            Mistake(
                "half_a_year",
                "That is with 180 days before. The task asks for 84, as in 35b.",
                compare_groups(sum_spend(FAKE, START) - sum_spend(FAKE - 180 * DAY, FAKE)),
            ),
            Mistake(
                "campaign_against_fake_before",
                "You moved the days before, and left the window on the campaign. Both move: the window is [4 September, 30 October).",
                compare_groups(sum_spend(START, END) - sum_spend(FAKE - BEFORE, FAKE)),
            ),
            Mistake(
                "half_the_window",
                "Your fake window has only the last 28 days before the campaign. It begins on 4 September and has 56.",
                compare_groups(
                    sum_spend(START - 28 * DAY, START) - sum_spend(START - 28 * DAY - BEFORE, START - 28 * DAY)
                ),
            ),
            Mistake(
                "before_as_window",
                "You took the 84 days before the campaign as the fake window. It has 56 days: [4 September, 30 October).",
                compare_groups(sum_spend(START - BEFORE, START) - sum_spend(START - 2 * BEFORE, START - BEFORE)),
            ),
            Mistake(
                "wrong_before",
                "Your 84 days end on 30 October. They end where the fake window begins, on 4 September.",
                compare_groups(sum_spend(FAKE, START) - sum_spend(START - BEFORE, START)),
            ),
        ),
    )


@cache
def _answer_sentence() -> Answers:
    receipts, everyone, member = open_chain()
    evidence = difference_in_differences(receipts, treated=everyone[member], start=START, end=END, customers=everyone)
    right = "D" if evidence.placebo_fails or evidence.windows_disagree else "B"
    effects = {e.details["pre_days"]: e.effect for e in evidence.estimates}
    says = {
        "A": "That gap was there before the campaign, and nearly as large. Look at your 35c: the groups differ without any campaign.",
        "B": f"${effects[84]:.2f} with 84 days before, yes; with 28 it is ${effects[28]:.2f}, with 180 it is −${abs(effects[180]):.2f}, and your 35c "
        "finds more than that where there was no campaign.",
        "C": f"With 180 days before, −${abs(effects[180]):.2f}; with 84 days plus ${effects[84]:.2f}. A sign that depends on the window is no result.",
        "D": "The placebo dates pass and the windows agree: something can be said.",
    }
    return Answers(
        right=right,
        praise="Without campaign 18 the gap moves more than any of the estimates.",
        mistakes=tuple(Mistake(f"signed_{letter}", text, letter) for letter, text in says.items() if letter != right),
    )


def _dollars(value: float, digits: int = 2) -> str:
    return f"{'−' if value < 0 else ''}${abs(value):,.{digits}f}"


_TRIPLE = "three numbers (effect, low, high), dollars per household, per 28 days, members minus others, to about a cent, 95 % interval (± 1.96 standard errors)"
_LETTER = "three numbers (effect, low, high), euros per invited customer in the 28 days, to the cent, 95 % interval (± 1.96 standard errors)"
TASKS = (
    Task(
        code="35a",
        asks="one number: dollars per household, per 28 days, members minus others, window [30 October 2017, 25 December 2017), to the cent",
        compute=_answer_naive,
        tolerance=0.005,
        slack=0.01,
        hints=(
            "Per household the sum of `sales` in the window; a household that bought nothing gets 0.",
            "Divide by 56 days, times 28.",
            "Mean of the members minus mean of the others.",
        ),
        close="Close, not it. Which days are in, and does every household count?",
    ),
    Task(
        code="35b",
        asks=f"{_TRIPLE}; window [30 October 2017, 25 December 2017), change from the 84 days before it",
        compute=_answer_change,
        tolerance=0.015,
        hints=(
            "Per household: dollars per 28 days in the window, minus dollars per 28 days in the 84 days before.",
            "Then compare the mean change of members and others, as in 35a.",
            "`loyalty.stats.intervals.compare_means(change[member], change[~member])` gives effect, low and high.",
        ),
        close="Close, not it. Is the window before [7 August, 30 October), and is each household one change?",
    ),
    Task(
        code="35c",
        asks=f"{_TRIPLE}; window [4 September 2017, 30 October 2017), change from the 84 days before it",
        compute=_answer_placebo,
        tolerance=0.015,
        hints=(
            "Only the dates change: `fake = pd.Timestamp('2017-09-04')`.",
            "The window is [fake, start), the 84 days before are [fake - 84 days, fake).",
        ),
        close="Close, not it. Check both windows: [4 September, 30 October) and the 84 days before 4 September.",
    ),
    Task(
        code="35d",
        asks='one letter: "A", "B", "C" or "D"',
        compute=_answer_sentence,
        tolerance=0,
        read=read_letter("ABCD"),
        hints=("Compare 35b with 35c.", "What does the method find where there is nothing to find?"),
        close="",
    ),
    Task(
        code="35e",
        asks=f"{_LETTER}; effect on the invited whom a chance decided, compared within the classes of `group`",
        compute=answer_like_with_like,
        tolerance=0.005,
        slack=0.015,
        hints=(
            "Everybody who spent more than €60 was invited: leave that class out.",
            "Within each class: mean of the invited less mean of the others. Then the mean of these gaps, weighed by the invited customers of each class.",
            '`compare_strata(some, treated="invited", outcome="sales", by="group")` does it, with the interval.',
        ),
        close="Close, not it. Only the two lower classes, no finer cells, the invited as weights, and in each class the variances of both groups?",
    ),
    Task(
        code="35f",
        asks=f"{_LETTER}; the same method on the column `witness`",
        compute=answer_witness,
        tolerance=0.005,
        slack=0.01,
        hints=("The call of 35e, with outcome='witness'.", "`.effect`, `.low`, `.high`"),
        close="Close, not it. Do all as in 35e (two classes, weights, interval) and change the column only: `witness`.",
    ),
    Task(
        code="35g",
        asks='one letter: "A", "B", "C" or "D"',
        compute=answer_grade,
        tolerance=0,
        read=read_letter("ABCD"),
        hints=(
            "Which days decided who was invited, and which sentence compares with them?",
            "What did your witness find? And of whom does 35e speak?",
        ),
        close="",
    ),
)
