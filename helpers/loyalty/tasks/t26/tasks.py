"""Exercise 26, the monthly needs: right answers and the usual wrong ones, all computed from the snapshots."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t26.measures import (
    AGE,
    LAST_AUGUST,
    LONGEST,
    PERIOD,
    REFRESH,
    STALE,
    compare,
    count_right,
    find_costs,
    find_first_against,
    find_first_uncorrected,
    find_index_of_survivors,
    find_moved_share,
    live,
    plan,
    read_age,
    read_part,
    share_of_first,
    share_unmoved,
    watch,
)


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
            "These are the labels of January alone. Ten months of 2024 are starts whose labels can be seen two months later: take them all.",
            share_of_first(),
        ),
        Mistake("one_month", "That is after one month. Two months are asked.", read_age("right_today", 1)),
        Mistake("three_months", "That is after three months. Two months are asked.", read_age("right_today", 3)),
        Mistake("wrong_share", "That is the share without the right label. The share with it is asked.", 1 - value),
        Mistake("by_chance", "That is `by_chance`: labels dealt by lot.", read_age("by_chance")),
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
            "half_life_rounded",
            "Did you wait until half of the labels are wrong? The half-life knows nothing of costs. Add both costs for each period.",
            round(half),
        ),
        Mistake("half_life", "That is the half-life. It knows nothing of costs.", half),
        Mistake("the_cost", "That is the cost. The period is asked, in months.", float(table["cost"].min())),
    )
    cheapest = float(table["cost"].min())
    return Answers(
        value, mistakes, f"Every {value} months costs €{cheapest:.0f}; no other period can be told to be as cheap."
    )


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
            "You compared with February: that is the season, sun cream against cough syrup. Compare with the same month of last year.",
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
            "You kept only customers who are in both months. Those whom the rival took altogether are then out of sight, and so is most of the drift. Take all customers of each month.",
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
        Mistake("the_threshold", "That is the threshold. The index is asked: `psi`.", found.threshold),
    )
    praise = f"{found.psi:.4f}, and chance alone stays below {found.threshold:.4f}. The line of 0.1 would sleep."
    return Answers(found.psi, mistakes, praise)


@cache
def _answer_alarm() -> Answers:
    found = watch()
    first = found.first_alarm
    shares = found.table.loc[found.table["alarm"].str.contains("shares"), "as_of"].iloc[0]
    mistakes = (
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
            "shares_only",
            "That is the first alarm of the shares. The moves are watched too, and one of the two is enough.",
            shares,
        ),
        Mistake("last_alarm", "That is the last alarm. The first one is asked.", found.alarms[-1]),
    )
    return Answers(first, mistakes, f"{first:%-d %B %Y}: two months after the rival opened, in truth on 1 March 2025.")


@cache
def _answer_split() -> Answers:
    customers, method, change = (read_part(name) for name in ("customers", "method", "change"))
    then = read_part("share_then")
    mistakes = (
        Mistake(
            "method_for_customers",
            "You gave the whole change to the customers. But the rule changed too: label both years by both rules.",
            (change, 0.0),
        ),
        Mistake(
            "customers_for_method",
            "You gave the whole change to the method. By one and the same rule the share moves too.",
            (0.0, change),
        ),
        Mistake(
            "other_order", "These are (method, customers). First the customers, then the method.", (method, customers)
        ),
        Mistake(
            "other_sign",
            "It is now less then: the family segment became smaller, so both are below 0.",
            (-customers, -method),
        ),
        Mistake(
            "relative",
            "These are fractions of last year's share. Differences of shares are asked.",
            (customers / then, method / then),
        ),
        Mistake(
            "method_is_the_total",
            "The second number is the whole change. What the method did is the change less what the customers did.",
            (customers, change),
        ),
    )
    praise = f"Customers {100 * customers:.1f} points, method {100 * method:.1f}: the larger part is the new rule."
    return Answers((customers, method), mistakes, praise)


@cache
def _answer_decision() -> Answers:
    customers = 100 * read_part("customers")
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
        asks="one fraction between 0 and 1, to three decimals: the share of today's customers with the right label, when the labels are two months old; all starts of 2024",
        compute=_answer_right,
        tolerance=0.0006,
        hints=(
            "Keep the twelve snapshots of 2024, and give them to `measure_label_life`.",
            "`right` is the share among those who are there on both days. You need the share of *today's* customers.",
            "`life.at(2).right_today`",
        ),
        close="Close, not it. Twelve snapshots of 2024, two months, and today's customers below the line?",
    ),
    Task(
        code="26b",
        asks="one number: euros a month, to the cent, for a refresh every three months",
        compute=_answer_cost,
        tolerance=0.02,
        hints=(
            "A third of €300, and the wrong labels of a month.",
            "With a refresh every three months the labels are used at the ages 0, 1 and 2: the mean of `1 - right_today`.",
            "Times the customers of a month (`life.customers`), times €0.15. Or `plan_refresh`, which has a column `cost`.",
        ),
        close="Close, not it. Which ages, and how many customers?",
    ),
    Task(
        code="26c",
        asks=f"one whole number: the cheapest period from 1 to {LONGEST} months",
        compute=_answer_period,
        tolerance=0.02,
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
        tolerance=0.0001,
        hints=(
            "Which month has the same season?",
            "`measure_stability_index(then, now)` takes two snapshots; now is 1 August 2025.",
            "`.psi`, against 1 August 2024.",
        ),
        close="Close, not it. All customers of both months, against August 2024?",
    ),
    Task(
        code="26e",
        asks="one date: the first check that rings",
        compute=_answer_alarm,
        tolerance=0.5,
        hints=(
            "`watch_drift` takes all 31 snapshots.",
            "`watch_drift(list(snapshots), seed=126).first_alarm`",
        ),
        close="Not it. All snapshots, `watch_drift` as it is, with `seed=126`.",
    ),
    Task(
        code="26f",
        asks="two fractions (customers, method), to three decimals: what each did to the share of the family segment",
        compute=_answer_split,
        tolerance=0.0006,
        hints=(
            "Four tables: both Augusts by the old rule, both by the new one.",
            "`split_change(then_old, now_old, then_new, now_new)`; the row `family`.",
            "The columns `customers` and `method` of `.to_frame()`.",
        ),
        close="Close, not it. August 2024 and August 2025, the row `family`, `customers` and `method`?",
    ),
    Task(
        code="26g",
        asks='one letter: "A", "B", "C" or "D"',
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "Read your answers to 26d, 26e and 26f again.",
            "What would each letter do with the part of the method?",
        ),
        close="",
    ),
)
