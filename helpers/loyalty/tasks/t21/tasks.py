"""Exercise 21, a shelf of pain relief: right answers and the usual wrong ones, all computed from the lines."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from loyalty.segment.rank import estimate_gini, find_value_gain
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t21.measures import (
    BEFORE,
    BOTH,
    SHORT,
    YEAR,
    count_best,
    count_receipts,
    date_purchases,
    find_retention,
    give_triple,
    list_members,
    pick_cells,
    pick_lines,
    plain_triple,
    pool,
    pool_cells,
    rank_by_rate,
    read_shelf,
    share_of,
    sum_sales,
)
from loyalty.tasks.t21.nearby import (
    list_wrong_gains,
    list_wrong_gifts,
    list_wrong_ginis,
    list_wrong_returns,
    list_wrong_shares,
)

THIRD_DIGIT = 0.0005
FOURTH_DIGIT = 0.00005
WHOLE_CUSTOMERS = 0.001  # a fifth is no whole number of customers: 414 and 415 are both right
DISCOUNT = 0.1
_STAFF = "The cashiers' cards are inside, and they lead the ranking. They are no customers: `leave_out=shelf.staff`."
_MEMBERS = "That is among all members, those who bought nothing included. Asked is among the buyers of 2024."
_SINCE = "You added up 2023 and 2024. So members who came early had more time: one window for everybody, the year 2024."


def _say_last_day(right: float) -> str:
    """Say that a window without its last day passes here, where it does."""
    if abs(share_of(sum_sales(SHORT)) - right) > WHOLE_CUSTOMERS:
        return ""
    return " (Was your window `[2024-01-01, 2025-01-01)`? Without 31 December the share is the same here, and 21b and 21c are not.)"


@cache
def _answer_share() -> Answers:
    sales = sum_sales()
    lines = pick_lines()
    right = share_of(sales)
    order = np.sort(sales)[::-1]
    needed = float((np.cumsum(order) < 0.8 * order.sum()).sum() + 1) / len(order)
    return Answers(
        right=right,
        praise=f"The best fifth of {len(sales):,} buyers bring {right:.1%}. Eighty it is not.{_say_last_day(right)}",
        mistakes=(
            Mistake("staff_on_top", _STAFF, share_of(sum_sales(staff=True))),
            Mistake("among_members", _MEMBERS, share_of(sum_sales(members=True))),
            Mistake(
                "staff_among_members",
                f"{_STAFF} And you counted all members. Asked is among the buyers of 2024.",
                share_of(sum_sales(staff=True, members=True)),
            ),
            Mistake("since_joining", _SINCE, share_of(sum_sales(BOTH))),
            Mistake("year_before", "That is the year 2023. Asked is 2024.", share_of(sum_sales(BEFORE))),
            Mistake(
                "lines_as_unit",
                "That is the best fifth of the *lines*. The customer is the unit: add up each customer's lines first.",
                share_of(lines["sales"].to_numpy()),
            ),
            Mistake(
                "receipts_as_unit",
                "That is the best fifth of the *receipts*. The customer is the unit.",
                share_of(lines.groupby("basket_id")["sales"].sum().to_numpy()),
            ),
            Mistake(
                "per_day",
                "You divided by the days since joining: a newcomer with one purchase jumps to the top. One window for everybody.",
                share_of(rank_by_rate()),
            ),
            Mistake("best_tenth", "That is the best tenth. Asked is the best fifth.", share_of(sales, 0.1)),
            Mistake(
                "customers_for_eighty",
                "That is the share of the buyers who bring 80 %. Asked is what the best fifth bring.",
                needed,
            ),
            Mistake("gini", "That is the Gini coefficient. Asked is a share of the sales.", estimate_gini(sales).value),
            Mistake(
                "in_euros",
                "These are euros. Divide by the sales of all buyers.",
                right * float(sales.sum()),
            ),
        ),
        near=list_wrong_shares(),
    )


@cache
def _answer_gini() -> Answers:
    sales = sum_sales()
    right = give_triple(estimate_gini(sales))
    half = tuple(one / 2 for one in right)
    return Answers(
        right=right,
        praise=f"{right[0]:.2f} ({right[1]:.2f} to {right[2]:.2f}): in 95 of 100 such studies the interval holds the true coefficient of such buyers.",
        mistakes=(
            Mistake(
                "among_members",
                _MEMBERS,
                give_triple(estimate_gini(sum_sales(members=True))),
            ),
            Mistake("staff_on_top", _STAFF, give_triple(estimate_gini(sum_sales(staff=True)))),
            Mistake("since_joining", _SINCE, give_triple(estimate_gini(sum_sales(BOTH)))),
            Mistake(
                "year_before", "That is the year 2023. Asked is 2024.", give_triple(estimate_gini(sum_sales(BEFORE)))
            ),
            Mistake(
                "of_receipts",
                "That is the coefficient of the number of receipts. Asked is that of the sales.",
                give_triple(estimate_gini(count_receipts(members=False))),
            ),
            Mistake(
                "ninety_percent",
                "The coefficient is right; your ends are those of a 90 % interval, 95 % is asked.",
                give_triple(estimate_gini(sales, level=0.9)),
            ),
            Mistake(
                "half_the_area",
                "That is the area between curve and diagonal. The coefficient is twice this area.",
                half,
            ),
            Mistake(
                "spread_of_amounts",
                "The coefficient is right. Your ends come from the spread of the amounts, not from how much the coefficient moves.",
                plain_triple(sales),
            ),
            Mistake(
                "spread_of_lines",
                "That is the coefficient of single lines. The customer is the unit.",
                give_triple(estimate_gini(pick_lines()["sales"].to_numpy())),
            ),
        ),
        near=list_wrong_ginis(),
    )


def _say_luck(right: float) -> str:
    """Say which slips change nothing here, where they do not: a list of old members only, days for receipts."""
    members = read_shelf().members.set_index("customer_id")["joined_on"]
    lines = pick_lines()
    counts = lines.groupby("customer_id")["basket_id"].nunique().reindex(list_members(), fill_value=0)
    known = (counts > 0) | (members.reindex(counts.index) < YEAR[0])  # buyers are ranked, on the list or not
    days = lines["time"].dt.normalize().groupby(lines["customer_id"]).nunique().reindex(counts.index, fill_value=0)
    slips = {
        "a list of members without those who joined in 2024": count_best(counts[known].to_numpy(float)),
        "days with a purchase in place of receipts": count_best(days.to_numpy(float)),
    }
    same = [name for name, value in slips.items() if value == right]
    return f" (By chance the number is the same here with {', and with '.join(same)}.)" if same else ""


@cache
def _answer_best() -> Answers:
    counts = count_receipts()
    right = count_best(counts)
    members = len(counts)
    at_least = int(np.sort(counts)[::-1][int(right) - 1])
    return Answers(
        right=right,
        praise=f"{right:,.0f} members: everybody with {at_least} receipts or more. Nobody has to explain why a neighbour got it.{_say_luck(right)}",
        mistakes=(
            Mistake(
                "ties_cut",
                f"That is exactly a tenth of {members:,}: cut by the order of rows, or by sales, where hardly anybody is equal. Asked is by receipts, and members with equal numbers of receipts stay together.",
                float(members // 10),
            ),
            Mistake(
                "active_only",
                "You made the deciles of the buyers only. Asked are deciles of all members: those who bought nothing have a place too.",
                count_best(count_receipts(members=False)),
            ),
            Mistake(
                "active_only_ties_cut",
                "You took a tenth of the buyers by the order of rows. Asked are deciles of all members, and equal members stay together.",
                float(len(sum_sales()) // 10),
            ),
            Mistake(
                "since_joining",
                _SINCE,
                count_best(count_receipts(BOTH)),
            ),
            Mistake(
                "two_best_deciles",
                "These are all with two receipts or more: the best fifth, two deciles. Asked is the best one.",
                count_best(counts, 5),
            ),
            Mistake(
                "above_the_cut",
                "You left out those who stand exactly on the cut. Equal members stay together, with the better ones.",
                float((counts > at_least).sum()),
            ),
            Mistake("all_buyers", "These are all who bought in 2024.", float((counts > 0).sum())),
            Mistake(
                "their_receipts",
                "That is the number of their receipts. Asked is the number of members.",
                float(counts[counts >= at_least].sum()),
            ),
        ),
        near=list_wrong_gifts(),
    )


def _say_cashiers(right: float, with_staff: float) -> str:
    """Say that the cashiers' cards move nothing here, where they do not."""
    return " (The cashiers' cards change nothing in these decimals.)" if abs(right - with_staff) < THIRD_DIGIT else ""


def _judge_ends(answer: Any) -> tuple[str | None, str]:
    """Name ends that lie evenly round the coefficient, or lower than the helper's, with about its width."""
    value, low, high = (float(one) for one in answer)
    right, left, top = _answer_gini().right
    half = (top - left) / 2
    is_even = abs((high + low) / 2 - value) < 0.1 * half
    is_lower = (high + low) / 2 < (left + top) / 2
    if abs(value - right) > FOURTH_DIGIT or abs((high - low) / 2 - half) > 0.15 * half or not is_lower:
        return None, ""
    how = "evenly on both sides, as with ± 1.96 standard errors or a percentile bootstrap" if is_even else "lower"
    says = f"The coefficient is right, and the width is about that of the helper. But your ends lie {how}. "
    return "no_skew", says + "The amounts are skew, and the helper moves both ends up for it. Take its ends."


_MEAN_OF_SHARES = "That is the mean of six shares: a small cohort counts as much as a large one. Add up who came, and divide by all who began."


def _judge_mean(answer: Any) -> tuple[str | None, str]:
    """Name the mean of the cohorts' shares, whatever ends were put round it."""
    is_mean = abs(float(next(iter(answer))) - float(pick_cells()["share"].mean())) <= THIRD_DIGIT
    return ("mean_of_shares", _MEAN_OF_SHARES) if is_mean else (None, "")


@cache
def _answer_again() -> Answers:
    cells = pick_cells()
    right = pool_cells(cells)
    lines = date_purchases()
    n = float(cells["customers"].sum())

    def came(inside: Any) -> float:
        return float(lines.loc[inside, "customer_id"].nunique())

    at_two = set(lines.loc[lines["age"] == 2, "customer_id"])
    at_three = set(lines.loc[lines["age"] == 3, "customer_id"])
    mean = float(cells["share"].mean())
    return Answers(
        right=right,
        praise=f"{right[0]:.1%} ({right[1]:.1%} to {right[2]:.1%}) came in that month. The others are not lost: many come later.{_say_cashiers(right[0], pool_cells(pick_cells(staff=True))[0])}",
        mistakes=(
            Mistake(
                "until_then",
                "You counted who came in *any* of the three months. Asked is who bought in the third month itself.",
                pool(came(lines["age"].between(1, 3)), n),
            ),
            Mistake(
                "any_later",
                "You counted who ever came again. Asked is the third month after the first purchase.",
                pool(came(lines["age"] >= 1), n),
            ),
            Mistake(
                "from_then_on",
                "You counted who came in the third month or later. Asked is the third month itself.",
                pool(came(lines["age"] >= 3), n),
            ),
            Mistake(
                "of_the_active",
                "You divided by those who came in the month before. A cohort keeps its size: divide by all who began.",
                pool(float(len(at_two & at_three)), float(len(at_two))),
            ),
            Mistake(
                "by_rows",
                "You counted receipt lines. A customer who comes twice is one.",
                pool(float((lines["age"] == 3).sum()), n),
            ),
            Mistake(
                "all_cohorts",
                "These are the cohorts of the whole two years. Asked are July to December 2023.",
                pool_cells(pick_cells(first="2023-01", last="2024-09")),
            ),
            Mistake(
                "first_half",
                "These are the cohorts of January to June 2023, among them many older customers.",
                pool_cells(pick_cells(first="2023-01", last="2023-06")),
            ),
            Mistake(
                "ninety_percent",
                "The share is right; your ends are those of a 90 % interval, 95 % is asked.",
                pool_cells(cells, 0.9),
            ),
            Mistake(
                "mean_of_shares",
                _MEAN_OF_SHARES,
                (mean, *pool(mean * n, n)[1:]),
            ),
            Mistake(
                "did_not_come",
                "That is the share that did *not* come.",
                (1 - right[0], 1 - right[2], 1 - right[1]),
            ),
        ),
        near=(
            Mistake(
                "by_days",
                "You counted days 61 to 90 (or so) after the first purchase. Asked are calendar months.",
                pool(came(lines["days"].between(61, 90)), n),
            ),
            *list_wrong_returns(),
            Mistake(
                "first_month_is_one",
                "That is the second month after: the first month is month 0.",
                pool_cells(pick_cells(2)),
            ),
        ),
    )


@cache
def _answer_sentence() -> Answers:
    buyers, members = share_of(sum_sales()), share_of(sum_sales(members=True))
    idle = 1 - len(sum_sales()) / len(list_members())
    return Answers(
        right="C",
        praise=f"{buyers:.0%} among buyers and {members:.0%} among members are both right, and the difference is the {idle:.0%} who buy nothing here.",
        mistakes=(
            Mistake(
                "members_for_buyers",
                f"The number is right, the reason is not: {idle:.0%} of the members bought no pain relief at all. A fifth of all members are almost half of the buyers.",
                "A",
            ),
            Mistake(
                "cost_from_receipts",
                "No line of your data says what it costs to win a customer, or to keep one. A share of sales is not a cost.",
                "B",
            ),
            Mistake(
                "silence_as_loss",
                "Who did not buy pain relief in a year may have had no pain. Silence is not loss, and two years are not five.",
                "D",
            ),
        ),
    )


def _gain_both(retention: float, discount: float = DISCOUNT) -> tuple[float, float]:
    return (
        find_value_gain(retention, discount=discount),
        find_value_gain(retention, points=False, discount=discount),
    )


@cache
def _answer_gain() -> Answers:
    retention = find_retention()
    right = _gain_both(retention)
    churn = 1 - retention
    return Answers(
        right=right,
        praise=f"{right[0]:.1%} or {right[1]:.1%}, by the reading of one word. Neither is 25 %.{_say_cashiers(right[0], _gain_both(find_retention(staff=True))[0])}",
        mistakes=(
            Mistake("other_order", "The right numbers in another order: first the reading as points.", right[::-1]),
            Mistake(
                "points_twice",
                "Both are five points. The second reading: one leaver in twenty fewer.",
                (right[0], right[0]),
            ),
            Mistake(
                "no_discount",
                "You left out the discount of 10 % a year. Later money counts less.",
                _gain_both(retention, 0.0),
            ),
            Mistake(
                "among_members",
                "Your retention divides by all members. Asked is: of the buyers of 2023, who bought in 2024.",
                _gain_both(find_retention(members=True)),
            ),
            Mistake(
                "backwards",
                "You looked back: of the buyers of 2024, who had bought in 2023. Retention looks forward.",
                _gain_both(find_retention(backwards=True)),
            ),
            Mistake(
                "churn_for_retention",
                "You gave the churn where the retention is asked: retention is 1 - churn.",
                _gain_both(churn),
            ),
            Mistake(
                "ratios",
                'These are ratios: 1 would be "no change". Take 1 off.',
                (1 + right[0], 1 + right[1]),
            ),
            Mistake(
                "next_year_only",
                "That is what more of the buyers stay for *one* year. Worth is all later years together.",
                (0.05 / retention, 0.05 * churn / retention),
            ),
        ),
        near=list_wrong_gains(DISCOUNT),
    )


TASKS = (
    Task(
        code="21a",
        asks="one fraction between 0 and 1, to about a thousandth: the share of the sales of pain relief in [1 January 2024, 1 January 2025) that the best fifth of its buyers in that year bring, without the cashiers' cards",
        compute=_answer_share,
        tolerance=WHOLE_CUSTOMERS,
        hints=(
            "Which cards are no customers? Take them out first.",
            "`rank_customers(shelf.lines, '2024-01-01', '2025-01-01', customers=shelf.members, leave_out=shelf.staff)`",
            "`measure_concentration(ranking).share(0.2).value`",
        ),
        close="Close, not it. Which window, which customers, and is each of them one row?",
    ),
    Task(
        code="21b",
        asks="three fractions (gini, low, high), to four decimals: the Gini coefficient of the same sales among the same buyers, with its 95 % interval as `measure_concentration` gives it",
        compute=_answer_gini,
        tolerance=FOURTH_DIGIT,
        hints=(
            "The same ranking as in 21a.",
            "`measure_concentration(ranking)` has an attribute `gini`.",
            "`gini.value`, `gini.low` and `gini.high`.",
        ),
        close="Close, not it. The same buyers as in 21a, and the interval of the helper?",
        judge=_judge_ends,
    ),
    Task(
        code="21c",
        asks="one whole number: members in the best decile by number of receipts with pain relief in 2024, deciles of all members (cashiers' cards out), equal members together by the rule of `rank_customers`",
        compute=_answer_best,
        tolerance=0.1,
        hints=(
            "`rank_customers` can rank by receipts: `of='receipts'`.",
            "Give it the members, so that those who bought nothing have a place.",
            "`(ranking.table.decile == 10).sum()`",
        ),
        close="Close, not it. Who has a place in the deciles, and where do equal members stand?",
    ),
    Task(
        code="21d",
        asks='one letter: "A", "B", "C" or "D"',
        compute=_answer_sentence,
        tolerance=0,
        read=read_letter("ABCD"),
        hints=(
            "Measure the share also with `of='members'`.",
            "Which of the sentences says who is counted, and claims nothing that the lines do not show?",
        ),
        close="",
    ),
    Task(
        code="21e",
        asks="three fractions (share, low, high), to three decimals: of all whose first purchase of pain relief fell in July to December 2023 (cashiers' cards out), the share that bought it in the third calendar month after, with its 95 % interval (Wilson)",
        compute=_answer_again,
        tolerance=THIRD_DIGIT,
        hints=(
            "`build_cohorts(lines, until='2025-01-01').table` has one row a cohort and month since (`age`).",
            "Keep the cohorts from 2023-07 to 2023-12 and age 3: six rows. Add up `came` and `customers`.",
            "`wilson(came / customers, customers)` of `loyalty.stats` gives the ends.",
        ),
        close="Close, not it. Which cohorts, which month, and divided by whom?",
        judge=_judge_mean,
    ),
    Task(
        code="21f",
        asks="two fractions (points, leavers), to three decimals: how much more a customer is worth by `find_value_gain` at a discount of 10 %, with five points less churn and with one leaver in twenty fewer; retention is the share of the buyers of pain relief in 2023 who bought it in 2024 too (cashiers' cards out)",
        compute=_answer_gain,
        tolerance=THIRD_DIGIT,
        hints=(
            "Retention first: two sets of customers, and how many are in both.",
            "`find_value_gain(retention, discount=0.1)` is the first number.",
            "The second: `find_value_gain(retention, points=False, discount=0.1)`.",
        ),
        close="Close, not it. Divided by the buyers of which year, and with which discount?",
    ),
)
