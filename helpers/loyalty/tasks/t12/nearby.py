"""Rarer wrong answers of exercise 12, which may lie near others: a rounded answer that fits several hears of all."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.tasks.checking.mistakes import Mistake
from loyalty.tasks.t12.measures import (
    AFTER,
    AS_OF,
    DAY,
    as_table,
    average_receipt,
    count_visits,
    find_dog_gaps,
    find_dog_lines,
    find_share_that_came,
    find_silence,
    list_customers,
    read_before,
    read_receipts,
)

_CUT_OFF = "30 June 2017 is missing: `<= '2017-06-30'` ends at midnight, when that day begins. Write `< as_of`."
_OWN_DAY = "Receipts of 1 July 2017 itself are inside: `time < as_of`."
_OCTOBER = "You counted as of 1 October, the day of the lesson. Here it is 1 July 2017."
_WINDOW = "The window is [1 July 2017, 29 July 2017)."
OCTOBER = pd.Timestamp("2017-10-01")


def list_wrong_silences() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 12a."""
    right = find_silence()
    before = read_before()
    last = before.groupby("customer_id").time.max()
    paid = before[before.sales > 0].groupby("customer_id").time.max().dt.normalize()
    workdays = np.busday_count(last.dt.normalize().to_numpy().astype("datetime64[D]"), np.datetime64(AS_OF, "D"))
    end = read_receipts().time.max().normalize()

    def name(values: pd.Series) -> pd.DataFrame:
        return as_table(values.rename("recency_days"))

    return (
        Mistake(
            "days_to_the_last_day",
            "You counted the days to the last day in the file, not to 1 July. The question is asked on the morning of 1 July: (as_of - last_day).",
            name(find_silence(AS_OF, end)),
        ),
        Mistake("weeks", "These are weeks. Days are asked.", name(right / 7)),
        Mistake("months", "These are months of 30 days. Days are asked.", name((right / 30).round(1))),
        Mistake(
            "free_receipts_left_out",
            "You left out purchases of $0. A receipt counts as a purchase, also one of $0.",
            name((AS_OF - paid).dt.days),
        ),
        Mistake(
            "rounded_clock",
            "You rounded days with the clock inside: who bought in the afternoon is a day too near. Cut the clock off with `.dt.normalize()` first.",
            name(((AS_OF - last) / DAY).round()),
        ),
        Mistake(
            "working_days",
            "You counted working days. Whole calendar days are asked, Saturdays and Sundays too.",
            name(pd.Series(workdays, index=last.index)),
        ),
        Mistake("as_of_october", _OCTOBER, name(find_silence(OCTOBER, OCTOBER))),
    )


def list_wrong_visits() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 12b."""
    before = read_before()
    right = count_visits(before)
    category = complete_journey().products.set_index("product_id").category
    pieces = before.groupby("customer_id").quantity.sum().reindex(list_customers(), fill_value=0)
    frequency = "frequency"
    return (
        Mistake(
            "one_for_non_buyers",
            "Households that bought nothing have a 1. A left join keeps one empty row for each of them, and that row was counted: they came 0 times.",
            as_table(right.where(right > 0, 1)),
        ),
        Mistake(
            "repeats_only",
            "You counted the receipts after the first one. All receipts are asked, the first with them.",
            as_table((right - 1).clip(lower=0)),
        ),
        Mistake("per_month", "These are receipts per month. All six months are asked.", as_table((right / 6).round(1))),
        Mistake(
            "last_quarter_only",
            "You counted the receipts from April on. All receipts before 1 July 2017 are asked, from January on.",
            as_table(count_visits(before[before.time >= "2017-04-01"])),
        ),
        Mistake(
            "stores",
            "You counted different stores. Different receipts are asked.",
            as_table(count_visits(before, "store_id")),
        ),
        Mistake(
            "categories",
            "You counted different categories. Different receipts are asked.",
            as_table(count_visits(before.assign(category=before.product_id.map(category)), "category")),
        ),
        Mistake("pieces", "You added up pieces. Different receipts are asked.", as_table(pieces.rename(frequency))),
        Mistake(
            "moments_as_baskets",
            "You counted different moments (`time`). Two receipts can bear the same minute: count different `basket_id`s.",
            as_table(count_visits(before, "time")),
        ),
        Mistake("as_of_october", _OCTOBER, as_table(count_visits(read_before(OCTOBER)))),
    )


def list_wrong_averages() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 12c."""
    before = read_before()
    receipts = before.basket_id.nunique()
    paid = before.groupby("basket_id").sales.sum()

    def mean_of(parts: pd.Series) -> float:
        groups = before.groupby(parts)
        return float((groups.sales.sum() / groups.basket_id.nunique()).mean())

    return (
        Mistake("own_day_inside", _OWN_DAY, average_receipt(read_before(AS_OF + DAY))),
        Mistake("last_day_cut_off", _CUT_OFF, average_receipt(read_before(AS_OF - DAY))),
        Mistake(
            "per_paid_line",
            "That is the mean of a line, those of $0 left out. A receipt is all lines with one basket_id.",
            float(before.sales[before.sales > 0].mean()),
        ),
        Mistake(
            "per_piece",
            "That is money per piece. Divide by the number of receipts.",
            float(before.sales.sum() / before.quantity.sum()),
        ),
        Mistake(
            "mean_of_days",
            "That is the mean of each day's average. Sum first, divide once.",
            mean_of(before.time.dt.normalize()),
        ),
        Mistake(
            "mean_of_months",
            "That is the mean of each month's average. Sum first, divide once.",
            mean_of(before.time.dt.month),
        ),
        Mistake(
            "large_receipts_cut_off",
            "You left out large receipts. They are receipts too.",
            float(paid[paid < 500].mean()),
        ),
        Mistake("as_of_october", _OCTOBER, average_receipt(read_before(OCTOBER))),
        Mistake(
            "coupons_off",
            "You took the coupons off. `sales` is what was paid, as it is.",
            float((before.sales - before.coupon_discount).sum() / receipts),
        ),
        Mistake(
            "coupons_added",
            "You added the coupons. `sales` is what was paid, as it is.",
            float((before.sales + before.coupon_discount).sum() / receipts),
        ),
    )


def list_wrong_shares() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 12d."""
    silence = find_silence()
    quiet = silence[silence >= 28]
    with_own_day = find_silence(AS_OF + DAY)
    july = read_receipts()
    july = july[(july.time >= AS_OF) & (july.time < AFTER)]
    paid = july[july.sales > 0].customer_id
    of_quiet = july[july.customer_id.isin(quiet.index)].basket_id.nunique()
    never = len(list_customers()) - len(silence)
    came = find_share_that_came(quiet) * len(quiet)
    asked = "Those silent for 28 days or more are asked."
    return (
        Mistake(
            "last_day_cut_off",
            f"28 July 2017 is missing: `<= '2017-07-28'` ends at midnight, when that day begins. {_WINDOW}",
            find_share_that_came(quiet, end=AFTER - DAY),
        ),
        Mistake(
            "first_day_left_out",
            "Your window begins on 2 July 2017. 1 July belongs to it: `time >= as_of`.",
            find_share_that_came(quiet, start=AS_OF + DAY),
        ),
        Mistake(
            "own_day_inside",
            "Purchases of 1 July 2017 count in your recencies. They are as of that morning: `time < as_of`.",
            find_share_that_came(with_own_day[with_own_day >= 28]),
        ),
        Mistake(
            "divided_by_buyers",
            "You divided by all households that had bought before. Divide by the quiet ones.",
            came / len(silence),
        ),
        Mistake(
            "not_quiet",
            f"That is the share of those silent for *less* than 28 days. {asked}",
            find_share_that_came(silence[silence < 28]),
        ),
        Mistake(
            "at_most_28",
            f"That is the share of those silent for 28 days or *less*. {asked}",
            find_share_that_came(silence[silence <= 28]),
        ),
        Mistake(
            "at_most_thirty",
            f"That is the share of those silent for 30 days or *less*. {asked}",
            find_share_that_came(silence[silence <= 30]),
        ),
        Mistake(
            "thirty_days_silent",
            f"You took those silent for 30 days or more. {asked}",
            find_share_that_came(silence[silence >= 30]),
        ),
        Mistake(
            "month_silent",
            f"You took those who last bought before 1 June. {asked}",
            find_share_that_came(silence[silence > 30]),
        ),
        Mistake(
            "thirty_and_thirty",
            f"You took those silent for 30 days, and a window of 30 days. Both are 28. {_WINDOW}",
            find_share_that_came(silence[silence >= 30], end=AS_OF + 30 * DAY),
        ),
        Mistake(
            "paid_lines_only",
            "You left out receipts of $0 in July. They are receipts too: the household came.",
            float(quiet.index.isin(paid).mean()),
        ),
        Mistake(
            "never_in_the_denominator",
            "You divided by the quiet households and those that never bought. The latter have no recency and stay out.",
            came / (len(quiet) + never),
        ),
        Mistake(
            "all_households",
            f"That is the share of all households on the list. {asked}",
            float(list_customers().isin(july.customer_id).mean()),
        ),
        Mistake(
            "up_to_sixty",
            "You left out those silent for 60 days or more. 28 days *or more*.",
            find_share_that_came(silence[(silence >= 28) & (silence < 60)]),
        ),
        Mistake(
            "exactly_28",
            "You took those silent for exactly 28 days. 28 days *or more*: `>= 28`.",
            find_share_that_came(silence[silence == 28]),
        ),
        Mistake(
            "third_week",
            f"You took those silent for two to three weeks. {asked}",
            find_share_that_came(silence[silence.between(14, 20)]),
        ),
        Mistake(
            "share_of_receipts",
            "That is the share of July's receipts that quiet households brought. Asked is the share of quiet *households* that came.",
            of_quiet / july.basket_id.nunique(),
        ),
        Mistake(
            "receipts_per_quiet",
            "These are receipts per quiet household. Count each household once: came or not.",
            of_quiet / len(quiet),
        ),
    )


def list_wrong_cycles() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 12f."""
    lines = find_dog_lines(read_before())
    days = lines.drop_duplicates(["customer_id", "day"])
    gaps = days.groupby("customer_id").day.diff().dt.days
    clock = lines.drop_duplicates(["customer_id", "basket_id"]).sort_values(["customer_id", "time"])
    by_time = lines.sort_values(["customer_id", "time"]).groupby("customer_id").time.diff()
    across = days.day.diff().dt.days
    category = complete_journey().products.set_index("product_id").category
    before = read_before()
    dogs = before[before.product_id.map(category).str.contains("DOG", na=False)]
    dogs = dogs.assign(day=dogs.time.dt.normalize()).sort_values(["customer_id", "day"])
    all_dogs = dogs.drop_duplicates(["customer_id", "day"]).groupby("customer_id").day.diff().dt.days
    cats = before[before.product_id.map(category).eq("CAT FOOD")]
    cats = cats.assign(day=cats.time.dt.normalize()).drop_duplicates(["customer_id", "day"])
    cats = cats.sort_values(["customer_id", "day"]).groupby("customer_id").day.diff().dt.days
    mixed = "You took differences across households: let `groupby('customer_id')` stand before `diff()`."
    right = float(gaps.median())
    found = [
        Mistake(
            "mean_rounded",
            "That is the *mean* of all gaps, rounded. The median of all gaps in one pot is asked.",
            round(float(gaps.mean()), 1),
        ),
        Mistake(
            "fractions_of_days",
            "The clock is inside your gaps. Whole days are asked: cut it off with `.dt.normalize()`.",
            float((clock.groupby("customer_id").time.diff() / DAY).median()),
        ),
        Mistake(
            "lines_by_time",
            "You took the gaps between lines, and most of these are of one day. One row for each household and day: `drop_duplicates`.",
            float(by_time.dt.days.median()),
        ),
        Mistake("no_groupby", mixed, float(across.median())),
        Mistake("no_groupby_absolute", f"{mixed} Gaps below zero show it.", float(across.abs().median())),
        Mistake(
            "any_dog",
            "You took all categories with DOG in their name. DOG FOODS alone is asked.",
            float(all_dogs.median()),
        ),
        Mistake("cat_food", "That is cat food.", float(cats.median())),
        Mistake("weeks", "These are weeks. Days are asked.", right / 7),
        Mistake(
            "days_by_purchases",
            "You divided the half year by each household's purchase days. Asked are the days between two of them.",
            float((181 / days.groupby("customer_id").size()).median()),
        ),
        Mistake(
            "last_quarter_only",
            "You took the purchases from April on. All receipts before 1 July 2017 are asked, from January on.",
            float(find_dog_gaps(before[before.time >= "2017-04-01"]).median()),
        ),
        Mistake(
            "median_of_medians",
            "You took each household's median first, and then the median of these. The median of all gaps in one pot is asked.",
            float(gaps.groupby(days.customer_id).median().median()),
        ),
        Mistake(
            "mean_in_whole_days",
            "That is the mean, in whole days. The median of all gaps in one pot is asked.",
            float(int(gaps.mean())),
        ),
        Mistake("most_frequent", "That is the most frequent gap. The median is asked.", float(gaps.mode().iloc[0])),
        Mistake(
            "both_days_counted", "You counted both days: from Monday to Tuesday it is one day, not two.", right + 1
        ),
        Mistake("whole_weeks", "You rounded to whole weeks. Days are asked.", 7.0 * round(right / 7)),
        Mistake(
            "first_gap_only",
            "You took only the first gap of each household. All gaps in one pot are asked.",
            float(gaps.groupby(days.customer_id).first().median()),
        ),
    ]
    return tuple(one for one in found if np.isfinite(one.value) and abs(one.value - right) > 0.02)
