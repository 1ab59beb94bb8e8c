"""Exercise 12, the summer letter: right answers and the usual wrong ones, all computed from the receipts."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t12.measures import (
    AFTER,
    AS_OF,
    DAY,
    as_table,
    average_receipt,
    count_visits,
    find_dog_gaps,
    find_dog_lines,
    find_gaps_of_products,
    find_share_that_came,
    find_silence,
    list_customers,
    read_before,
    read_receipts,
)
from loyalty.tasks.t12.nearby import (
    list_wrong_averages,
    list_wrong_cycles,
    list_wrong_shares,
    list_wrong_silences,
    list_wrong_visits,
)

CENT = 0.005
THIRD_DIGIT = 0.0005
_CUT_OFF = "30 June 2017 is missing: `<= '2017-06-30'` ends at midnight, when that day begins. Write `< as_of`."


@cache
def _answer_silence() -> Answers:
    end_of_file = read_receipts().time.max().normalize() + DAY
    by_clock = (AS_OF - read_before().groupby("customer_id").time.max()).dt.days.rename("recency_days")
    whole_file = find_silence(end_of_file, end_of_file)
    right = find_silence()
    mistakes = (
        Mistake(
            "days_to_today",
            "You counted the days to the end of the file, not to 1 July. The question is asked "
            "on the morning of 1 July: (as_of - last_day).",
            as_table(find_silence(AS_OF, end_of_file)),
        ),
        Mistake(
            "no_as_of_date",
            "You used all receipts of the year. On 1 July nobody knows the purchases of autumn: keep "
            "`time < as_of`, and count to as_of.",
            as_table(whole_file),
        ),
        Mistake(
            "own_day_inside",
            "Purchases of 1 July itself are inside (some of your recencies are 0). At eight in the morning the "
            "day is still to come: `time < as_of`, not `<=` on the date.",
            as_table(find_silence(AS_OF + DAY)),
        ),
        Mistake(
            "clock_not_cut_off",
            "All are one day too short. You counted full 24 hours, or you counted to 30 June. Cut the clock off with "
            "`.dt.normalize()` first and count to 1 July, so that yesterday evening is 1.",
            as_table(by_clock),
        ),
        Mistake(
            "one_day_too_long",
            "All are one day too long: last bought on 30 June is 1.",
            as_table(right + 1),
        ),
        Mistake(
            "purchases_after_the_date",
            "Purchases from 1 July 2017 on are inside, so some of your recencies are below zero. Keep `time < as_of` first.",
            as_table(find_silence(end_of_file, AS_OF)),
        ),
        Mistake(
            "fractions_of_days",
            "These are not whole days: the clock is inside. Cut it off with `.dt.normalize()` first, so that yesterday evening is 1.",
            as_table(((AS_OF - read_before().groupby("customer_id").time.max()) / DAY).rename("recency_days")),
        ),
        Mistake("last_day_cut_off", _CUT_OFF, as_table(find_silence(AS_OF - DAY, AS_OF))),
        Mistake(
            "computer_clock",
            "You counted to the day on your computer's clock. The question is asked on the morning of 1 July 2017: "
            "(as_of - last_day).",
            as_table(find_silence(AS_OF, pd.Timestamp.today().normalize())),
        ),
        Mistake(
            "never_bought_inside",
            "Households that never bought are in your table, without a recency. Keep those with a purchase before 1 July.",
            as_table(right.reindex(list_customers())),
        ),
        Mistake(
            "first_for_last",
            "You took the first purchase of each household. Recency looks at the last one: `max`, not `min`.",
            as_table(find_silence(pick="min")),
        ),
    )
    praise = f"The median household bought {right.median():.0f} days before 1 July; {(right >= 28).sum()} are silent for 28 days or more."
    return Answers(as_table(right), mistakes, praise, list_wrong_silences())


@cache
def _answer_visits() -> Answers:
    before = read_before()
    right = count_visits(before)
    lines = before.groupby("customer_id").size().reindex(list_customers(), fill_value=0).rename("frequency")
    mistakes = (
        Mistake(
            "lines_as_baskets",
            "You counted lines. A receipt has about nine of them: count different `basket_id`s with `nunique()`.",
            as_table(lines),
        ),
        Mistake(
            "non_buyers_lost",
            f"{(right == 0).sum()} households are missing: those who bought nothing before 1 July. A groupby or an inner "
            "join on receipts cannot see them; start from chain.customers and fill with 0.",
            as_table(right[right > 0]),
        ),
        Mistake(
            "empty_for_zero",
            "Households without a receipt are there, but empty. They came 0 times, and that is known: `fill_value=0`.",
            as_table(right.where(right > 0)),
        ),
        Mistake(
            "lines_of_buyers",
            "You counted lines, and those who bought nothing are missing. Count different `basket_id`s with `nunique()`, and "
            "start from chain.customers.",
            as_table(lines[lines > 0]),
        ),
        Mistake(
            "own_day_inside",
            "Receipts of 1 July itself are inside: `time < as_of`.",
            as_table(count_visits(read_before(AS_OF + DAY))),
        ),
        Mistake("last_day_cut_off", _CUT_OFF, as_table(count_visits(read_before(AS_OF - DAY)))),
        Mistake(
            "own_day_inside_non_buyers_lost",
            "Receipts of 1 July 2017 itself are inside, and households that bought nothing are missing.",
            as_table(count_visits(read_before(AS_OF + DAY))[lambda visits: visits > 0]),
        ),
        Mistake(
            "empty_receipts_left_out",
            "You left out the receipts of $0. They are receipts too.",
            as_table(count_visits(before[before.groupby("basket_id").sales.transform("sum") > 0])),
        ),
        Mistake(
            "products_for_receipts",
            "You counted different products. The number of receipts is asked: different `basket_id`s.",
            as_table(count_visits(before, "product_id")),
        ),
        Mistake(
            "money_for_receipts",
            "That is money. The number of receipts is asked.",
            as_table(
                before.groupby("customer_id").sales.sum().reindex(list_customers(), fill_value=0).rename("frequency")
            ),
        ),
        Mistake(
            "days_as_baskets",
            "You counted purchase days. A household that comes twice on one day has two receipts.",
            as_table(count_visits(before.assign(day=before.time.dt.normalize()), "day")),
        ),
        Mistake(
            "no_as_of_date",
            "You counted the whole year. Keep `time < as_of` first.",
            as_table(count_visits(read_receipts())),
        ),
    )
    praise = f"{(right == 0).sum()} of {len(right):,} households have bought nothing, and they are in your table."
    return Answers(as_table(right), mistakes, praise, list_wrong_visits())


@cache
def _answer_average() -> Answers:
    before = read_before()
    own = before.groupby("customer_id").agg(sales=("sales", "sum"), receipts=("basket_id", "nunique"))
    receipts = before.basket_id.nunique()
    whole = read_receipts()
    right = before.sales.sum() / receipts
    mistakes = (
        Mistake(
            "mean_of_means",
            "That is the mean of the households' own means: the receipt of the average customer. A household with one receipt weighs as much as "
            "one with 300. Sum first, divide once.",
            (own.sales / own.receipts).mean(),
        ),
        Mistake(
            "per_line",
            "That is the mean of a line. A receipt is all lines with one basket_id.",
            before.sales.mean(),
        ),
        Mistake(
            "per_customer",
            "That is the money per household. Divide by the number of receipts.",
            before.sales.sum() / len(own),
        ),
        Mistake(
            "median_for_mean",
            "That is the median receipt: half are smaller. Jonas asked for the average, which times the "
            "number of receipts gives the sales.",
            before.groupby("basket_id").sales.sum().median(),
        ),
        Mistake(
            "purchase_days",
            "That is money per purchase day. A household that comes twice on one day has two receipts: divide by different `basket_id`s.",
            before.sales.sum()
            / len(before.assign(day=before.time.dt.normalize())[["customer_id", "day"]].drop_duplicates()),
        ),
        Mistake(
            "all_households",
            "That is the money per household of the whole list. Divide by the number of receipts.",
            before.sales.sum() / len(list_customers()),
        ),
        Mistake(
            "only_june",
            "These are the receipts of June 2017. All receipts before 1 July 2017, from January on.",
            average_receipt(before[before.time >= "2017-06-01"]),
        ),
        Mistake(
            "after_the_date",
            "These are the receipts from 1 July 2017 on. On that morning nobody knows them: `time < as_of`.",
            average_receipt(whole[whole.time >= AS_OF]),
        ),
        Mistake(
            "empty_receipts_left_out",
            "You left out the receipts of $0. They are receipts too.",
            before.groupby("basket_id").sales.sum()[lambda paid: paid > 0].mean(),
        ),
        Mistake(
            "all_money",
            "That is all the money. Divide by the number of receipts.",
            before.sales.sum(),
        ),
        Mistake(
            "lines_per_receipt",
            "That is the number of lines on a receipt. Dollars are asked.",
            len(before) / receipts,
        ),
        Mistake(
            "receipts_per_household",
            "That is the number of receipts per household. Dollars per receipt are asked.",
            receipts / len(own),
        ),
        Mistake(
            "median_of_means",
            "That is the median of the households' own means. Sum first, divide once.",
            (own.sales / own.receipts).median(),
        ),
        Mistake(
            "discount_twice",
            "You took the discount off. `sales` is what was paid: it is off already.",
            (before.sales - before.discount).sum() / receipts,
        ),
        Mistake(
            "before_discount",
            "That is before the discount. `sales` is what was paid; nothing is added to it.",
            (before.sales + before.discount).sum() / receipts,
        ),
        Mistake(
            "no_as_of_date",
            "That is the whole year's average. Keep `time < as_of`.",
            whole.sales.sum() / whole.basket_id.nunique(),
        ),
    )
    praise = f"${right:.2f} over {receipts:,} receipts."
    return Answers(right, mistakes, praise, list_wrong_averages())


@cache
def _answer_came_back() -> Answers:
    silence = find_silence()
    quiet = silence[silence >= 28]
    never = pd.Series(float("nan"), index=list_customers().difference(silence.index))
    leaky = find_silence(AFTER, AFTER)
    right = find_share_that_came(quiet)
    july = read_receipts()[read_receipts().time.between(AS_OF, AFTER, inclusive="left")].customer_id
    mistakes = (
        Mistake(
            "non_buyers_inside",
            f"The {len(never)} households that had never bought are among your quiet ones. They have no recency; "
            "an empty value is not a long silence.",
            find_share_that_came(pd.concat([quiet, never])),
        ),
        Mistake(
            "last_day_inside",
            "Your window holds 29 July 2017 too. A window [start, end) ends before its last date.",
            find_share_that_came(quiet, end=AFTER + DAY),
        ),
        Mistake(
            "thirty_day_window",
            "Your window has 30 days. Four weeks are 28: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, end=AS_OF + 30 * DAY),
        ),
        Mistake(
            "two_weeks",
            "Your window has two weeks. It has four: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, end=AS_OF + 14 * DAY),
        ),
        Mistake(
            "two_months",
            "Your window has two months. It has four weeks: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, end=pd.Timestamp("2017-09-01")),
        ),
        Mistake(
            "next_four_weeks",
            "Your window begins on 29 July 2017. It ends before that day: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, AFTER, AFTER + 28 * DAY),
        ),
        Mistake(
            "weeks_before",
            "Your window lies before 1 July 2017. It begins on that day: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, AS_OF - 28 * DAY, AS_OF),
        ),
        Mistake(
            "sixty_days_silent",
            "That is the share of those silent for 60 days or more, which 12e needs. Here 28 days or more.",
            find_share_that_came(silence[silence >= 60]),
        ),
        Mistake(
            "fourteen_days_silent",
            "That is the share of those silent for 14 days or more. Here 28 days or more.",
            find_share_that_came(silence[silence >= 14]),
        ),
        Mistake(
            "everybody",
            "That is the share of all households. Take only those silent for 28 days or more.",
            find_share_that_came(silence),
        ),
        Mistake("stayed_away", "That is the share that stayed away. The question is who came.", 1 - right),
        Mistake(
            "longer_than_28",
            "You took those silent for more than 28 days: with `>`, or with `>=` and days counted by the clock, which are one too few. 28 calendar days or more are asked.",
            find_share_that_came(silence[silence > 28]),
        ),
        Mistake(
            "all_of_july",
            "You looked at the whole of July. Four weeks are 28 days: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, end=pd.Timestamp("2017-08-01")),
        ),
        Mistake(
            "share_of_july_buyers",
            "You divided by the buyers of July. The question starts from the quiet households: how many of *them* came?",
            float(quiet.index.isin(july).sum() / july.nunique()),
        ),
        Mistake(
            "share_of_july_lines",
            "You asked which share of July's lines belongs to quiet households. Turn it round: `quiet.customer_id.isin(july.customer_id)`.",
            float(july.isin(quiet.index).mean()),
        ),
        Mistake(
            "divided_by_all",
            "You divided by all households. Divide by the quiet ones.",
            float(quiet.index.isin(july).sum() / len(list_customers())),
        ),
        Mistake(
            "a_count",
            "That is how many came. Divide by the number of quiet households: a fraction was asked.",
            float(quiet.index.isin(july).sum()),
        ),
        Mistake(
            "whole_year",
            "You looked for them in all receipts of the year. Keep the four weeks: [1 July 2017, 29 July 2017).",
            1.0,
        ),
        Mistake(
            "rest_of_the_year",
            "You looked at the rest of the year. Four weeks: [1 July 2017, 29 July 2017).",
            find_share_that_came(quiet, end=pd.Timestamp("2018-01-02")),
        ),
        Mistake(
            "silence_from_the_future",
            "You chose the quiet ones by what they did in July: a profile as of 29 July knows who came, "
            "so almost nobody is quiet and came. Choose them as of 1 July.",
            find_share_that_came(leaky[leaky >= 28]),
        ),
    )
    praise = f"{right:.1%} of {len(quiet)} quiet households came back without any letter."
    return Answers(right, mistakes, praise, list_wrong_shares())


@cache
def _answer_decision() -> Answers:
    silence = find_silence()
    shares = {
        "send": find_share_that_came(silence[silence >= 28]),
        "send60": find_share_that_came(silence[silence >= 60]),
    }
    right = next((choice for choice, share in shares.items() if share <= 1 / 3), "hold")
    says = {
        "send": f"Look at your own 12d: {shares['send']:.0%} come without a letter. Jonas said at most one in three.",
        "send60": f"Better than the first list, yes. But {shares['send60']:.0%} of those silent for 60 days or more come by themselves "
        "within four weeks, still more than one in three.",
        "hold": "One of the two lists does meet Jonas's condition. Compute the share for each.",
    }
    return Answers(
        right=right,
        praise=f"{shares['send']:.0%} and {shares['send60']:.0%} come by themselves. A test on a random half would show whom the letter brings.",
        mistakes=tuple(Mistake(f"said_{choice}", text, choice) for choice, text in says.items() if choice != right),
    )


@cache
def _answer_cycle() -> Answers:
    every_line = find_dog_lines(read_before())
    days = every_line.drop_duplicates(["customer_id", "day"])
    gaps = days.groupby("customer_id").day.diff().dt.days
    right = float(gaps.median())
    mistakes = (
        Mistake(
            "lines_as_purchases",
            "Too short. This comes out when several lines on one day count (their gaps are 0 days), and for visits of any "
            "category. Keep DOG FOODS, and let one purchase day count once: `drop_duplicates(['customer_id', 'day'])`.",
            float(every_line.groupby("customer_id").day.diff().dt.days.median()),
        ),
        Mistake(
            "mean_for_median",
            "Too long. This comes out for the *mean* of all gaps, and for the median of each household's own median. "
            "The median of all gaps in one pot is asked.",
            float(gaps.mean()),
        ),
        Mistake(
            "median_of_means",
            "You took each household's mean gap first, and then the median of these. The median of all gaps in one pot is asked.",
            float(gaps.groupby(days.customer_id).mean().median()),
        ),
        Mistake(
            "mean_of_means",
            "You took each household's mean gap first, and then the mean of these. The median of all gaps in one pot is asked.",
            float(gaps.groupby(days.customer_id).mean().mean()),
        ),
        Mistake(
            "mean_of_medians",
            "You took each household's median gap first, and then the mean of these. The median of all gaps in one pot is asked.",
            float(gaps.groupby(days.customer_id).median().mean()),
        ),
        Mistake(
            "eighty_percent", "That is the quantile 0.8. The median is the quantile 0.5.", float(gaps.quantile(0.8))
        ),
        Mistake("quarter", "That is the quantile 0.25. The median is the quantile 0.5.", float(gaps.quantile(0.25))),
        Mistake(
            "same_product_or_open",
            "This comes out for gaps between two purchases of the same *product*, and when silences still open on 1 July 2017 are "
            "put among the gaps. All of DOG FOODS together, and only between two purchase days.",
            float(find_gaps_of_products(every_line).median()),
        ),
        Mistake(
            "open_silences",
            "These are the silences up to 1 July 2017. A gap lies between two purchase days.",
            float((AS_OF - days.groupby("customer_id").day.max()).dt.days.median()),
        ),
        Mistake("a_count", "That is how many gaps there are. Their median is asked, in days.", float(gaps.count())),
        Mistake(
            "households_mixed",
            "You took differences across households: sort by customer and day, and let `groupby('customer_id')` "
            "stand before `diff()`.",
            float(days.sort_values("day").day.diff().dt.days.median()),
        ),
        Mistake(
            "no_as_of_date",
            "You used receipts from 1 July on as well. Keep `time < as_of` first.",
            float(find_dog_gaps(read_receipts()).median()),
        ),
    )
    praise = f"Half of the {gaps.count():,} gaps are {right:.0f} days or shorter."
    return Answers(right, mistakes, praise, list_wrong_cycles())


def _read_decision(answer: Any) -> Any:
    """Read "send 60" as "send60", and "do not send" as "hold"."""
    if not isinstance(answer, str):
        return answer
    word = "".join(answer.split()).casefold()
    return {"donotsend": "hold", "don'tsend": "hold"}.get(word, word)


def _find(code: str) -> Task:
    return next(task for task in TASKS if task.code == code)


TASKS = (
    Task(
        code="12a",
        asks="a table with one row for each household that bought before 1 July 2017: customer_id, recency_days (whole calendar days to 1 July)",
        compute=_answer_silence,
        tolerance=0.1,
        key="customer_id",
        hints=(
            "First keep the receipts with `receipts.time < as_of`.",
            "Per household the last time: `.groupby('customer_id').time.max()`; cut the clock off with `.dt.normalize()`.",
            "`(as_of - last_day).dt.days`, then name the column and `reset_index()`.",
        ),
        close="Close, but not for all households. Which receipts did you keep, and to which day do you count?",
    ),
    Task(
        code="12b",
        asks="a table with one row for every household of chain.customers: customer_id, frequency (receipts before 1 July 2017, 0 if none)",
        compute=_answer_visits,
        tolerance=0.1,
        key="customer_id",
        hints=(
            "A receipt is a basket_id. How many different ones has each household: `.nunique()`.",
            "Who bought nothing is not in the receipts. `.reindex(chain.customers.customer_id, fill_value=0)` gives them a row.",
            "Name the column `frequency` and `reset_index()`.",
        ),
        close="Close, but not for all households. What do you count, and until when?",
    ),
    Task(
        code="12c",
        asks="one number: dollars per receipt, to the cent, receipts before 1 July 2017",
        compute=_answer_average,
        tolerance=CENT,
        hints=("All money divided by all receipts.", "`before.sales.sum()` and `before.basket_id.nunique()`."),
        close="Close, not it. Which receipts are in, and what do you divide by?",
    ),
    Task(
        code="12d",
        asks="one fraction between 0 and 1, to three decimals: of the households silent for 28 days or more on 1 July 2017, the share that bought in [1 July 2017, 29 July 2017)",
        compute=_answer_came_back,
        tolerance=THIRD_DIGIT,
        hints=(
            "The quiet ones: `recency_days >= 28`, from a profile as of 1 July.",
            "Who bought in July: the receipts with `time >= as_of` and `time < as_of + pd.Timedelta(days=28)`.",
            "`quiet.customer_id.isin(july.customer_id).mean()`",
        ),
        close="Close, not it. Check both: 28 days *or more*, and the window [1 July 2017, 29 July 2017).",
    ),
    Task(
        code="12e",
        asks='one word: "send", "send60" or "hold"',
        compute=_answer_decision,
        read=_read_decision,
        tolerance=0,
        hints=(
            "Compare 12d with one in three.",
            "Compute the same share for `recency_days >= 60`.",
            "If neither list passes, there is a third word.",
        ),
        close="",
    ),
    Task(
        code="12f",
        asks="one number: the median of days between two consecutive purchase days of DOG FOODS by one household, receipts before 1 July 2017",
        compute=_answer_cycle,
        tolerance=0.01,
        hints=(
            "Join the category from chain.products by product_id, keep DOG FOODS.",
            "One row per household and day: `drop_duplicates`, then sort by household and day.",
            "`.groupby('customer_id').day.diff().dt.days.median()`",
        ),
        close="Close, not it. Is each purchase day counted once, and each gap within one household?",
    ),
)
