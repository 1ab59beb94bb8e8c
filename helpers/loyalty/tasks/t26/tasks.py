"""Exercise 26, the monthly needs: right answers and the usual wrong ones, all computed from the snapshots."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tasks.checking.answers import as_date, as_number, read_date, read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t26.measures import (
    AGE,
    AUGUST,
    JULY,
    LAST_AUGUST,
    LONGEST,
    PARTS_OF,
    PERIOD,
    REFRESH,
    STALE,
    compare,
    count_right,
    find_cost_of_all,
    find_costs,
    find_first_against,
    find_first_uncorrected,
    find_highest,
    find_index,
    find_index_of_survivors,
    find_moved_share,
    find_snapshot,
    find_watched,
    list_year,
    live,
    live_thirteen,
    mean_of_starts,
    plan,
    read_age,
    read_part,
    read_parts,
    share_of_first,
    share_unmoved,
    share_with_two_more,
    watch,
)
from loyalty.tasks.t26.scene import open_exercise_town, photograph_households, read_new_rule


@cache
def _answer_right() -> Answers:
    right, labelled, _, either = count_right()
    value = read_age("right_today")
    mistakes = (
        Mistake(
            "survivors_only",
            "You left out the newcomers: that is the share among customers who are there on both days. Customers who are here today and have no label get a wrong letter too.",
            read_age("right"),
        ),
        Mistake(
            "of_all_labels",
            "You divided by the labels that were given. Some of these customers are not here any more. Divide by the customers of today.",
            right / labelled,
        ),
        Mistake(
            "of_either_day",
            "You divided by everybody who is in one of the two snapshots. Who has left needs no label: divide by the customers of today.",
            right / either,
        ),
        Mistake(
            "never_moved",
            "You counted customers whose label was the same in the month between, too. A label that came back is right: only today counts.",
            share_unmoved(),
        ),
        Mistake(
            "one_start",
            "These are the labels of January alone. Inside the twelve snapshots there are ten starts: take them all.",
            share_of_first(),
        ),
        Mistake(
            "twelve_starts",
            "You took twelve starts: the labels of November and December too, seen in January and February 2025. Take the twelve snapshots of 2024 alone: ten starts.",
            share_with_two_more(),
        ),
        Mistake(
            "thirteen_snapshots",
            "You took January 2025 too. Take the snapshots of 1 January to 1 December 2024.",
            float(live_thirteen().at(AGE)["right_today"]),
        ),
        Mistake(
            "mean_of_starts",
            "You took the plain mean of the ten starts. Count over all starts together: the right labels of all, divided by the customers of all.",
            mean_of_starts(),
        ),
        Mistake(
            "one_month_survivors",
            "That is after one month, among customers who are there on both days. Asked are two months, and all customers of today.",
            read_age("right", 1),
        ),
        Mistake("one_month", "That is after one month. Two months are asked.", read_age("right_today", 1)),
        Mistake("three_months", "That is after three months. Two months are asked.", read_age("right_today", 3)),
        Mistake("wrong_share", "That is the share without the right label. The share with it is asked.", 1 - value),
        Mistake(
            "wrong_survivors",
            "That is the share with a wrong label among customers who are there on both days. Asked is the right label, of all customers of today.",
            1 - read_age("right"),
        ),
        Mistake("by_chance", "That is `by_chance`: labels handed out at random.", read_age("by_chance")),
        Mistake(
            "all_snapshots",
            "You took all 31 snapshots. Take those of 1 January to 1 December 2024.",
            float(live(everything=True).at(AGE)["right_today"]),
        ),
    )
    return Answers(value, mistakes, f"{value:.1%} of the customers of today have the right label.")


@cache
def _answer_cost() -> Answers:
    table = plan()
    value = float(table["cost"][PERIOD])
    customers = live().customers
    wrong = 1 - live().table["right_today"].to_numpy()

    def cost(stale: float, refreshing: float = REFRESH / PERIOD) -> float:
        return refreshing + STALE * customers * stale

    mean = float(wrong[:PERIOD].mean())
    mistakes = (
        Mistake(
            "survivors_only",
            "You took the column `right`, which leaves out the newcomers. They have no label, and a wrong letter costs the same: take `right_today`.",
            float(find_costs("right")[PERIOD - 1]),
        ),
        Mistake(
            "no_fresh_month",
            "You took the ages 1, 2, 3. In the month of the refresh the labels are fresh: with a refresh every three months they are used at the ages 0, 1, 2.",
            float(find_costs(ages_from=1)[PERIOD - 1]),
        ),
        Mistake(
            "fresh_month_left_out",
            "You took the mean of the ages 1 and 2. In the month of the refresh the labels are fresh, and that month counts too: the ages 0, 1 and 2.",
            cost(float(wrong[1:PERIOD].mean())),
        ),
        Mistake(
            "four_ages",
            "You took the ages 0 to 3: these are four months. With a refresh every three months no label gets older than 2.",
            cost(float(wrong[: PERIOD + 1].mean())),
        ),
        Mistake(
            "oldest_age_only",
            "You took the age 2 for all months. The labels are used at the ages 0, 1 and 2: take the mean of the three.",
            cost(float(wrong[PERIOD - 1])),
        ),
        Mistake(
            "age_of_three", "You took the age 3 for all months. Take the mean of the ages 0, 1, 2.", cost(wrong[PERIOD])
        ),
        Mistake("whole_period", "That is the cost of three months. The cost of one month is asked.", PERIOD * value),
        Mistake(
            "refresh_not_shared", "One refresh serves three months: divide its cost by three.", cost(mean, REFRESH)
        ),
        Mistake("no_refresh", "That is the cost of wrong labels alone. Add a third of a refresh.", cost(mean, 0.0)),
        Mistake("refresh_alone", "That is a third of a refresh alone. Add the wrong labels.", cost(0.0)),
        Mistake(
            "right_for_wrong",
            "You counted the labels that are right. The wrong and the missing ones cost money.",
            cost(1 - mean),
        ),
        Mistake(
            "all_members",
            "You counted 5,000 members. The base of a month are the customers in its snapshot: `life.customers` on average.",
            REFRESH / PERIOD + STALE * 5_000 * mean,
        ),
        Mistake(
            "costs_of_the_lesson",
            "You took the costs of the lesson, €250 and 20 cents. Here they are €300 and 15 cents.",
            250 / PERIOD + 0.20 * customers * mean,
        ),
        Mistake(
            "sum_of_ages",
            "You added the ages 0, 1 and 2. A month has one age: take their mean.",
            cost(PERIOD * mean),
        ),
        Mistake(
            "cents_for_euros",
            "You counted €15 for a wrong label. It costs 15 cents: €0.15.",
            cost(100 * mean),
        ),
        Mistake(
            "base_of_january",
            "You counted the customers of January 2024. Take the mean of the twelve snapshots.",
            REFRESH / PERIOD + STALE * len(list_year()[0]) * mean,
        ),
        Mistake(
            "rounded_base",
            "You counted 4,100 customers, the rounded number of all snapshots. Take the mean of the twelve snapshots of 2024.",
            REFRESH / PERIOD + STALE * 4_100 * mean,
        ),
        Mistake(
            "households_of_the_lesson",
            "You counted the households of the lesson. Here the base is `life.customers` of the twelve snapshots of 2024.",
            REFRESH / PERIOD + STALE * len(photograph_households()[0]) * mean,
        ),
        Mistake(
            "all_snapshots",
            "You took the label life of all 31 snapshots. Take those of 2024.",
            find_cost_of_all(all_ages=True, all_customers=True),
        ),
        Mistake(
            "ages_of_all_snapshots",
            "You took the ages from all 31 snapshots, and the customers of 2024. Take both from 2024.",
            find_cost_of_all(all_ages=True),
        ),
        Mistake(
            "customers_of_all_snapshots",
            "You took the mean number of customers of all 31 snapshots. Take that of the twelve of 2024.",
            find_cost_of_all(all_customers=True),
        ),
        Mistake("every_two", "That is a refresh every two months.", float(table["cost"][2])),
        Mistake("every_month", "That is a refresh every month.", float(table["cost"][1])),
    )
    return Answers(value, mistakes, f"€{value:.2f} a month, of which €{REFRESH / PERIOD:.0f} for refreshing.")


@cache
def _answer_period() -> Answers:
    table = plan()
    value = int(table["cost"].idxmin())
    half = live().half_life
    mistakes = (
        Mistake(
            "stale_only",
            "Every month has no wrong labels, but pays for a refresh each month. Add both costs.",
            int(table["staleness"].idxmin()),
        ),
        Mistake(
            "refresh_only",
            "Every six months saves refreshing, and the wrong labels cost more than that. Add both costs, with the ages from 0 on.",
            int(table["refreshing"].idxmin()),
        ),
        Mistake(
            "habit_or_half_life",
            f"Every quarter, by habit? Or because half of the labels are wrong then? Neither knows the costs: every {round(half)} months costs €{table['cost'][round(half)]:.0f} a month, and there is a cheaper period. Add both costs for each.",
            round(half),
        ),
        Mistake("half_life", "That is the half-life. It knows nothing of costs.", half),
        Mistake("the_cost", "That is the cost. The period is asked, in months.", float(table["cost"].min())),
    )
    cheapest = float(table["cost"].min())
    named = {float(mistake.value) for mistake in mistakes} | {float(value)}
    dearer = tuple(
        Mistake(
            f"every_{period}_months",
            f"Every {period} months costs €{table['cost'][period]:.0f} a month, and there is a cheaper period. Did you take the costs of this exercise, and the ages from 0 on?",
            int(period),
        )
        for period in table.index
        if float(period) not in named
    )
    praise = f"Every {value} months costs €{cheapest:.0f}; every other period costs clearly more."
    return Answers(value, mistakes + dearer, praise)


def _judge_period(answer: Any) -> tuple[str | None, str]:
    """Say which periods are asked."""
    given = as_number(answer)
    if given < 1 or given > LONGEST:
        return "other_periods", f"Only the periods 1 to {LONGEST} months are asked: choose the cheapest of these."
    if given != round(given):
        return "no_whole_month", f"A whole number of months is asked, from 1 to {LONGEST}."
    return None, ""


@cache
def _answer_index() -> Answers:
    found = compare(LAST_AUGUST)
    shares = found.table[["share_then", "share_now"]].to_numpy()
    divergence = float((shares[:, 1] * np.log(shares[:, 1] / shares[:, 0])).sum())

    def against(day: str) -> float:
        return compare(pd.Timestamp(day)).psi

    mistakes = (
        Mistake(
            "season_for_drift",
            "You compared with February: that is the season, health in winter against summer in summer. Compare with the same month of last year.",
            against("2025-02-01"),
        ),
        Mistake(
            "month_before",
            "You compared with July 2025. Summer grows from July to August every year. Compare with the same month of last year.",
            against("2025-07-01"),
        ),
        Mistake(
            "first_snapshot",
            "You compared with the first snapshot, July 2023. That is another month. Take August 2024.",
            against("2023-07-01"),
        ),
        Mistake(
            "two_years",
            "You compared with August 2023: two years before. Take August 2024.",
            against("2023-08-01"),
        ),
        Mistake(
            "start_of_the_year",
            "You compared with January 2025. Compare with the same month of last year.",
            against("2025-01-01"),
        ),
        Mistake(
            "survivors_only",
            "You kept only customers who are in both months. Customers who are in one of the months only are then out of sight. Take all customers of each month.",
            find_index_of_survivors(),
        ),
        Mistake(
            "decimal_logarithm",
            "You took the logarithm to base 10. Take `np.log`, the natural one.",
            found.psi / np.log(10),
        ),
        Mistake(
            "absolute_differences",
            "That is half the sum of the absolute differences. The index weighs each by the logarithm of the ratio.",
            find_moved_share(),
        ),
        Mistake(
            "one_sided",
            "You weighed the logarithms by this year's shares. The index weighs them by the *difference* of the shares.",
            divergence,
        ),
        Mistake(
            "corrected",
            "That is `corrected`, with chance taken off. The index itself is asked: `psi`.",
            found.corrected,
        ),
        Mistake(
            "threshold_of_the_watch",
            "That is the threshold of `watch_drift`, for one of 24 tests a year. The index is asked: `psi`.",
            find_watched(AUGUST, "threshold"),
        ),
        Mistake("p_value", "That is the p-value. The index is asked: `psi`.", found.p),
        Mistake("the_threshold", "That is the threshold. The index is asked: `psi`.", found.threshold),
        Mistake("by_chance", "That is `by_chance`, the mean of chance. The index is asked: `psi`.", found.by_chance),
        Mistake("folklore", "That is the famous line. The index of these two months is asked: `psi`.", 0.1),
        Mistake(
            "old_against_new_rule",
            "You compared August 2024 by the old rule with August 2025 by the new one. Both months by the old rule are asked.",
            find_index(find_snapshot(LAST_AUGUST), read_new_rule()[1]),
        ),
        Mistake(
            "new_rule_twice",
            "You took both months by the new rule. The snapshots of the exercise are asked.",
            find_index(*read_new_rule()),
        ),
        Mistake(
            "september",
            "You took September of both years. August is asked.",
            find_index(*(find_snapshot(day + pd.DateOffset(months=1)) for day in (LAST_AUGUST, AUGUST))),
        ),
        Mistake(
            "sum_of_differences",
            "That is the sum of the absolute differences. The index weighs each by the logarithm of the ratio.",
            2 * find_moved_share(),
        ),
    )
    near = (
        Mistake(
            "binary_logarithm",
            "You took the logarithm to base 2. Take `np.log`, the natural one.",
            found.psi / np.log(2),
        ),
        Mistake("july", "You took July of both years. August is asked.", find_watched(JULY, "psi")),
    )
    praise = f"{found.psi:.4f}, and chance alone stays below {found.threshold:.4f}. The line of 0.1 would sleep."
    return Answers(found.psi, mistakes, praise, near)


@cache
def _answer_alarm() -> Answers:
    found = watch()
    table = found.table
    shares = table.loc[table["alarm"].str.contains("shares"), "as_of"]
    first = shares.iloc[0]
    opens = open_exercise_town().drift_day
    mistakes = (
        Mistake(
            "any_alarm",
            "That is an alarm of the moves alone, and the next month they are silent again. The first alarm of the *shares* is asked: look at the column `alarm`.",
            found.first_alarm,
        ),
        Mistake(
            "not_corrected",
            "You took the first p-value below 5 %. There are 24 tests a year: at 5 % each most quiet years would ring. The column `alarm` is corrected.",
            find_first_uncorrected(),
        ),
        Mistake(
            "season_for_drift",
            "You compared each month with the month before: then every summer rings. Compare with the same month of last year.",
            find_first_against(fixed=False),
        ),
        Mistake(
            "fixed_base",
            "You compared each month with the first snapshot: then the seasons ring. Compare with the same month of last year.",
            find_first_against(fixed=True),
        ),
        Mistake(
            "the_cause",
            "On this day a rival opened, in truth. The check of this day does not ring: it reads the receipts of the three months before.",
            opens,
        ),
        Mistake(
            "highest_index",
            "In this check the index is highest, and the shares rang before. The first alarm is asked.",
            find_highest(),
        ),
        Mistake("last_alarm", "That is the last alarm. The first one is asked.", shares.iloc[-1]),
    )
    later = round((first - opens).days / 30.4)
    praise = f"{first:%-d %B %Y}. In truth a rival opened on {opens:%-d %B %Y}: the shares rang {later} months later, and went on."
    return Answers(first, mistakes, praise)


def _judge_alarm(answer: Any) -> tuple[str | None, str]:
    """Say what the check of a day found, or that there is none on this day."""
    day = as_date(answer).normalize()
    alarms = watch().table.set_index("as_of")["alarm"]
    if day not in alarms.index:
        first, last = alarms.index[0], alarms.index[-1]
        checks = f"There is a check on the first of each month, from {first:%-d %B %Y} to {last:%-d %B %Y}"
        return "no_check", f"On this day there is no check. {checks}: the date of one is asked."
    if "shares" in alarms[day]:
        return "later_alarm", "On this day the shares ring, and not for the first time. The first alarm is asked."
    return "silent", "On this day the shares do not ring. Look for the first row whose `alarm` holds the word shares."


@cache
def _answer_split() -> Answers:
    right = read_parts("customers", "method")
    change = {segment: read_part("change", segment) for segment in PARTS_OF}
    first = {segment: read_part("customers_first", segment) for segment in PARTS_OF}
    last = {segment: read_part("customers_last", segment) for segment in PARTS_OF}
    mistakes = (
        Mistake(
            "method_for_customers",
            "You gave the whole change to the customers. But the rule changed too: label both years by both rules.",
            _lay(change, dict.fromkeys(PARTS_OF, 0.0)),
        ),
        Mistake(
            "customers_for_method",
            "You gave the whole change to the method. By one and the same rule the share moves too.",
            _lay(dict.fromkeys(PARTS_OF, 0.0), change),
        ),
        Mistake(
            "other_order",
            "These are (method, customers). First the customers, then the method.",
            read_parts("method", "customers"),
        ),
        Mistake(
            "beauty_for_family",
            "Your first two numbers are those of beauty. Family is asked first, then health.",
            (read_part("customers", "beauty"), read_part("method", "beauty"), *right[2:]),
        ),
        Mistake("other_segment", "That is health first, and family second. Family first.", right[2:] + right[:2]),
        Mistake(
            "other_sign",
            "Your signs are turned round: it is now less then.",
            tuple(-part for part in right),
        ),
        Mistake(
            "relative",
            "These are fractions of last year's share. Differences of shares are asked.",
            tuple(part / read_part("share_then", segment) for part, segment in zip(right, _twice(), strict=True)),
        ),
        Mistake(
            "part_of_the_change",
            "These are fractions of the change. Differences of shares are asked.",
            tuple(part / change[segment] for part, segment in zip(right, _twice(), strict=True)),
        ),
        Mistake(
            "method_is_the_total",
            "The second number of each segment is the whole change. What the method did is the change less what the customers did.",
            _lay({segment: read_part("customers", segment) for segment in PARTS_OF}, change),
        ),
        Mistake(
            "old_rule_only",
            "You took one order: the customers by the old rule, and the rest is the method. Take the mean of both orders.",
            _lay(first, {segment: change[segment] - first[segment] for segment in PARTS_OF}),
        ),
        Mistake(
            "new_rule_only",
            "You took one order: the customers by the new rule, and the rest is the method. Take the mean of both orders.",
            _lay(last, {segment: change[segment] - last[segment] for segment in PARTS_OF}),
        ),
        Mistake(
            "sum_of_orders",
            "You added both orders. Take their mean.",
            tuple(2 * part for part in right),
        ),
    )
    praise = f"Family: customers {100 * right[0]:.1f} points, method {100 * right[1]:.1f}. Health: customers {100 * right[2]:+.1f}, method {100 * right[3]:.1f}: one hides the other."
    return Answers(right, mistakes, praise)


def _lay(customers: dict[str, float], method: dict[str, float]) -> tuple[float, ...]:
    """The two parts of each segment, one segment after the other."""
    return tuple(part[segment] for segment in PARTS_OF for part in (customers, method))


def _twice() -> tuple[str, ...]:
    """The segment of each of the four parts."""
    return tuple(segment for segment in PARTS_OF for _ in range(2))


@cache
def _answer_decision() -> Answers:
    customers = 100 * read_part("customers", "family")
    return Answers(
        right="C",
        praise=f"Families are {abs(customers):.1f} points fewer by either rule, and that is news since spring. The rest is the new rule.",
        mistakes=(
            Mistake(
                "folklore_threshold",
                "The line of 0.1 knows nothing of 4,000 customers. Chance alone stays far below your index: something happened.",
                "A",
            ),
            Mistake(
                "method_for_customers",
                "More than half of this fall is the new rule. With this budget you would win back customers who never left.",
                "B",
            ),
            Mistake(
                "season_for_drift",
                "The season stands on both sides: August against August. It cannot explain the index, and waiting costs more families.",
                "D",
            ),
        ),
    )


TASKS = (
    Task(
        code="26a",
        asks="one fraction between 0 and 1, to four decimals: the share of today's customers with the right label, when the labels are two months old; all starts of 2024",
        compute=_answer_right,
        tolerance=0.00005,
        hints=(
            "Keep the twelve snapshots of 2024, and give them to `measure_label_life`.",
            "`right` is the share among those who are there on both days. You need the share of *today's* customers.",
            "With `life = measure_label_life(year)`: `life.at(2).right_today`.",
        ),
        close="Close, not it. Twelve snapshots of 2024, two months, ten starts, and today's customers in the denominator?",
    ),
    Task(
        code="26b",
        asks="one number: euros a month, to the cent, for a refresh every three months",
        compute=_answer_cost,
        tolerance=0.005,
        hints=(
            "A third of €300, and the wrong labels of a month.",
            "With a refresh every three months the labels are used at the ages 0, 1 and 2: the mean of `1 - right_today`.",
            "Times the customers of a month (`life.customers`, the mean of the twelve snapshots), times €0.15. Or `plan_refresh`, which has a column `cost`.",
        ),
        close="Close, not it. Which ages, and how many customers?",
    ),
    Task(
        code="26c",
        asks=f"one whole number: the cheapest period from 1 to {LONGEST} months",
        compute=_answer_period,
        tolerance=0.02,
        judge=_judge_period,
        hints=(
            "The cost of 26b, for each period from 1 to 6.",
            "`plan_refresh(life, cost_of_refresh=300, cost_of_stale_label=0.15, periods=range(1, 7))`",
        ),
        close="Not it. Add both costs for each period.",
    ),
    Task(
        code="26d",
        asks="one number, to four decimals: the stability index of 1 August 2025 against the right month",
        compute=_answer_index,
        tolerance=0.00005,
        hints=(
            "Which month has the same season?",
            "`measure_stability_index(then, now)` takes two snapshots; now is 1 August 2025.",
            "`.psi`, against 1 August 2024.",
        ),
        close="Close, not it. All customers of both months, against August 2024?",
    ),
    Task(
        code="26e",
        asks="one date, such as 2025-01-31: the first check in which the shares ring",
        compute=_answer_alarm,
        tolerance=0.5,
        read=read_date,
        judge=_judge_alarm,
        hints=(
            "`watch_drift` takes all 31 snapshots.",
            "The table of `watch_drift(list(snapshots), seed=126)` has the columns `as_of` and `alarm`.",
            "The first row in which `alarm` holds the word shares.",
        ),
        close="Not it. All snapshots, `watch_drift` as it is, with `seed=126`, and the alarm of the shares.",
    ),
    Task(
        code="26f",
        asks="four fractions, to three decimals: what the customers and what the method did to the share of family, then the same two of health",
        compute=_answer_split,
        tolerance=0.0005,
        hints=(
            "Four tables: both Augusts by the old rule, both by the new one.",
            "`split_change(then_old, now_old, then_new, now_new)`; the rows `family` and `health`.",
            "The columns `customers` and `method` of `.to_frame()`.",
        ),
        close="Close, not it. August 2024 and August 2025, family first, then health, `customers` before `method`?",
    ),
    Task(
        code="26g",
        asks='one letter: "A", "B", "C" or "D"',
        read=read_letter("ABCD"),
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "Read your answers to 26d, 26e and 26f again.",
            "What would each letter do with the part of the method?",
        ),
        close="",
    ),
)
