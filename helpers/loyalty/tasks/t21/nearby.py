"""Rarer wrong answers of exercise 21, which may lie near others: a rounded answer that fits several hears of all."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from loyalty.segment.rank import estimate_gini, estimate_top_share, find_value_gain
from loyalty.tasks.checking.mistakes import Mistake
from loyalty.tasks.t21.measures import (
    BEFORE,
    BOTH,
    SHORT,
    YEAR,
    count_best,
    count_receipts,
    cut_before_building,
    date_purchases,
    find_retention,
    give_triple,
    list_members,
    pick_cells,
    pick_joined,
    pick_lines,
    pool,
    pool_cells,
    read_shelf,
    share_of,
    sum_sales,
)

_OLD = "You left out those who joined in 2024. All buyers of the year are asked; the helper only says that their window is shorter."
_NO_LAST_DAY = "You left out 31 December. The window [1 January 2024, 1 January 2025) holds the whole year."
_STAFF_BOTH = "The cashiers' cards are inside, and so is 2023. Asked is the year 2024 without these cards."
Pair = tuple[float, float]


def list_wrong_shares() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 21a."""
    shelf = read_shelf()
    sums = pick_lines().groupby("customer_id")["sales"].sum()
    with_staff = pick_lines(staff=True).groupby("customer_id")["sales"].sum()
    counts = pick_lines().groupby("customer_id")["basket_id"].nunique()
    old = shelf.members.loc[shelf.members["joined_on"] < YEAR[0], "customer_id"]
    fifth = round(0.2 * len(sums))
    cut = with_staff.nlargest(round(0.2 * len(with_staff)))
    orders = (  # of customers with equal receipts: as the table stands, as a plain sort leaves them, from the end
        counts.sort_values(ascending=False, kind="stable").index[:fifth],
        counts.sort_values(ascending=False).index[:fifth],
        counts.sort_values(kind="stable").index[-fifth:],
    )
    by_receipts = float(np.mean([sums[order].sum() for order in orders]) / sums.sum())
    return (
        Mistake(
            "share_of_receipts",
            "You ranked and added up receipts. Asked is the share of the sales.",
            share_of(counts.to_numpy(float)),
        ),
        Mistake(
            "chosen_by_receipts",
            "You chose the best fifth by their receipts. Asked are the best by sales.",
            by_receipts,
        ),
        Mistake(
            "divided_with_staff",
            "The best fifth is right, but you divided by the sales of all, the cashiers' cards included.",
            float(sums.nlargest(fifth).sum() / with_staff.sum()),
        ),
        Mistake(
            "staff_after_the_cut",
            "You cut first and took the cashiers' cards out afterwards. Take them out first, then rank.",
            float(cut[~cut.index.isin(shelf.staff)].sum() / sums.sum()),
        ),
        Mistake(
            "staff_out_of_the_top_only",
            "The cashiers' cards are out of the best fifth, but not out of the cut and of the sales that you divide by.",
            float(cut[~cut.index.isin(shelf.staff)].sum() / with_staff.sum()),
        ),
        Mistake("staff_and_both_years", _STAFF_BOTH, share_of(sum_sales(BOTH, staff=True))),
        Mistake("old_members_only", _OLD, share_of(sums[sums.index.isin(old)].to_numpy())),
        Mistake(
            "above_the_mean",
            "These are the buyers above the mean. Asked is the best fifth.",
            float(sums[sums > sums.mean()].sum() / sums.sum()),
        ),
        Mistake("best_half", "That is the best half. Asked is the best fifth.", share_of(sums.to_numpy(), 0.5)),
        Mistake(
            "best_twentieth", "That is the best twentieth. Asked is the best fifth.", share_of(sums.to_numpy(), 0.05)
        ),
        Mistake(
            "best_hundredth", "That is the best hundredth. Asked is the best fifth.", share_of(sums.to_numpy(), 0.01)
        ),
        Mistake(
            "worst_fifth",
            "That is the worst fifth. Asked is the best.",
            float(sums.nsmallest(fifth).sum() / sums.sum()),
        ),
        Mistake(
            "gini_of_members",
            "That is the Gini coefficient of all members. Asked is a share, among buyers.",
            estimate_gini(sum_sales(members=True)).value,
        ),
        Mistake("the_rest", "That is what the others bring.", 1 - share_of(sums.to_numpy())),
        Mistake("the_famous_number", "That is the famous number. Measure it on the shelf.", 0.8),
        Mistake("share_of_customers", "That is the share of the customers. What do they bring?", 0.2),
    )


def list_wrong_ginis() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 21b."""
    sales = sum_sales()
    found = estimate_gini(sales)
    small = len(sales) / (len(sales) - 1)
    return (
        Mistake(
            "share_of_the_top",
            "That is the share of the best fifth with its interval. Asked is the Gini coefficient.",
            give_triple(estimate_top_share(sales, 0.2)),
        ),
        Mistake(
            "one_minus",
            "That is 1 less the coefficient.",
            (1 - found.value, 1 - found.high, 1 - found.low),
        ),
        Mistake(
            "corrected_for_few",
            "You multiplied by n / (n - 1), as some programs do. The helper does not.",
            (small * found.value, small * found.low, small * found.high),
        ),
        Mistake(
            "ninety_nine_percent",
            "The coefficient is right; your ends are those of a 99 % interval, 95 % is asked.",
            give_triple(estimate_gini(sales, level=0.99)),
        ),
        Mistake("last_day_left_out", _NO_LAST_DAY, give_triple(estimate_gini(sum_sales(SHORT)))),
        Mistake("staff_and_both_years", _STAFF_BOTH, give_triple(estimate_gini(sum_sales(BOTH, staff=True)))),
        Mistake(
            "staff_among_members",
            "The cashiers' cards are inside, and all members are counted. Asked are the buyers without these cards.",
            give_triple(estimate_gini(sum_sales(staff=True, members=True))),
        ),
    )


def list_wrong_gifts() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 21c."""
    shelf = read_shelf()
    lines = pick_lines()
    counts = count_receipts()
    least = np.sort(counts)[-int(count_best(counts))]
    of_lines = lines.groupby("customer_id").size().reindex(list_members(), fill_value=0)
    old = shelf.members.loc[(shelf.members["joined_on"] < YEAR[0]) & ~shelf.members["customer_id"].isin(shelf.staff)]
    of_old = lines.groupby("customer_id")["basket_id"].nunique().reindex(old["customer_id"], fill_value=0)
    return (
        Mistake(
            "staff_inside",
            "The cashiers' cards are inside: a gift for each of four tills. `leave_out=shelf.staff`.",
            count_best(count_receipts(staff=True)),
        ),
        Mistake(
            "staff_among_the_active",
            "You made the deciles of the buyers only, and the cashiers' cards are inside. Asked are all members without these cards.",
            count_best(count_receipts(staff=True, members=False)),
        ),
        Mistake("lines_counted", "You counted lines. A receipt counts once.", count_best(of_lines.to_numpy(float))),
        Mistake(
            "lines_from_the_cut_of_receipts",
            f"These are all with {least:.0f} *lines* or more. A receipt counts once, however many lines it has.",
            float((of_lines >= least).sum()),
        ),
        Mistake(
            "old_members_only",
            "You left out those who joined in 2024. All members have a place in the deciles.",
            count_best(of_old.to_numpy(float)),
        ),
        Mistake("year_before", "That is the year 2023. Asked is 2024.", count_best(count_receipts(BEFORE))),
        Mistake("last_day_left_out", _NO_LAST_DAY, count_best(count_receipts(SHORT))),
        Mistake(
            "second_best_decile",
            "That is the decile with the number 9. The best one has the number 10.",
            count_best(counts, 5) - count_best(counts),
        ),
        Mistake(
            "tenth_with_staff",
            "That is a tenth of the cards, rounded up, the cashiers' inside: cut by the order of rows. Equal members stay together.",
            float(np.ceil(len(list_members(staff=True)) / 10)),
        ),
        Mistake(
            "staff_taken_off_twice",
            "You took the four cards off twice: once from the lines, and once from the count.",
            count_best(counts) - len(shelf.staff),
        ),
        Mistake(
            "worst_decile",
            "That is the lowest decile: those who bought nothing. The best one has the number 10.",
            float((counts == 0).sum()),
        ),
    )


def list_wrong_returns() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 21e."""
    cells = pick_cells()
    came, began = float(cells["came"].sum()), float(cells["customers"].sum())
    share = came / began
    half = float(norm.ppf(0.975)) * float(np.sqrt(share * (1 - share) / began))
    lines = date_purchases()
    joined = pick_joined()
    mine = lines[lines["customer_id"].isin(joined)]
    july = cells[cells["cohort"] == "2023-07"]
    return (
        Mistake(
            "cut_before_building",
            "You cut the lines at July 2023 first. So older buyers look as if they began then. Build the cohorts from all lines, then pick.",
            cut_before_building(),
        ),
        Mistake(
            "thirty_day_months",
            "You counted days 90 to 119 after the first purchase. Asked are calendar months.",
            pool(float(lines.loc[lines["days"].between(90, 119), "customer_id"].nunique()), began),
        ),
        Mistake(
            "who_joined_then",
            "You took only those who also joined the chain in these months. Asked are all whose first purchase of pain relief fell in them.",
            pool(
                float(mine.loc[mine["age"] == 3, "customer_id"].nunique()),
                float(mine["customer_id"].nunique()),
            ),
        ),
        Mistake(
            "of_who_joined_then",
            "You divided by the members who joined in these months. Divide by all whose first purchase of pain relief fell in them.",
            pool(came, float(len(joined))),
        ),
        Mistake("a_month_later", "That is the fourth month after.", pool_cells(pick_cells(4))),
        Mistake(
            "plain_interval",
            "The share is right. Your ends are share ± 1.96 standard errors; asked are those of Wilson.",
            (share, share - half, share + half),
        ),
        Mistake(
            "ninety_nine_percent",
            "The share is right; your ends are those of a 99 % interval, 95 % is asked.",
            pool_cells(cells, 0.99),
        ),
        Mistake("july_only", "That is the cohort of July alone. Asked are July to December 2023.", pool_cells(july)),
        Mistake(
            "year_later",
            "These are the cohorts of the second half of 2024. Asked are those of 2023.",
            pool_cells(pick_cells(first="2024-07", last="2024-09")),
        ),
        Mistake(
            "all_of_2023",
            "These are the cohorts of all of 2023. Asked are July to December.",
            pool_cells(pick_cells(first="2023-01")),
        ),
        Mistake(
            "of_all_members",
            "You divided by all members. Divide by those who began in these six months.",
            pool(came, float(len(list_members()))),
        ),
    )


def _gain_both(retention: float, discount: float, less_churn: float = 0.05) -> Pair:
    first, second = (
        find_value_gain(retention, points=points, discount=discount, less_churn=less_churn) for points in (True, False)
    )
    return first, second


def list_wrong_gains(discount: float) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 21f."""
    retention = find_retention()
    early, late = (set(pick_lines(window)["customer_id"]) for window in (BEFORE, YEAR))
    right = _gain_both(retention, discount)
    both = pd.Index(early).union(pd.Index(late))
    return (
        Mistake(
            "leavers_twice",
            "Both are one leaver in twenty. The first reading: of 100 customers five more stay.",
            (right[1], right[1]),
        ),
        Mistake(
            "five_percent_more_stay",
            "Your first reading is 5 % more of those who stay. Five points: of 100 customers five more stay.",
            (find_value_gain(retention, less_churn=0.05 * retention, discount=discount), right[1]),
        ),
        Mistake(
            "retention_raised",
            "You raised the retention by 5 % before you gave it to `find_value_gain`. Give it as it is: the helper takes the 5 % off the churn.",
            _gain_both(1.05 * retention, discount),
        ),
        Mistake(
            "a_fifth_of_the_leavers",
            "Your second reading is one leaver in five, 20 %. Asked is one in twenty, 5 %.",
            (right[0], find_value_gain(retention, less_churn=0.2, points=False, discount=discount)),
        ),
        Mistake(
            "half_the_discount",
            "Your discount is 5 % a year. Asked are 10 %.",
            _gain_both(retention, 0.05),
        ),
        Mistake(
            "fifteen_percent",
            "Your discount is 15 % a year. Asked are 10 %.",
            _gain_both(retention, 0.15),
        ),
        Mistake(
            "retention_rounded",
            "You rounded the retention first. Round only what you hand in.",
            tuple(round(one, 3) for one in _gain_both(round(retention, 2), discount)),
        ),
        Mistake(
            "retention_of_the_lesson",
            "Your retention is 85 %, for which the famous number is true. Take that of the shelf.",
            _gain_both(0.85, discount),
        ),
        Mistake("ten_percent", "You took 10 % less churn. Asked are 5 %.", _gain_both(retention, discount, 0.1)),
        Mistake(
            "of_both_years",
            "You divided by the buyers of either year. Divide by those of 2023.",
            _gain_both(len(early & late) / len(both), discount),
        ),
        Mistake("the_famous_number", "That is the famous number. What does the formula say here?", (0.25, 0.25)),
        Mistake(
            "five_percent_twice",
            "5 % less churn is what you put in. Asked is what it brings.",
            (0.05, 0.05),
        ),
        Mistake(
            "divided_by_churn",
            "You divided the change by the churn. The worth of a customer also falls by the discount: use `find_value_gain`.",
            (0.05 / (1 - retention), 0.05),
        ),
        Mistake(
            "retention_and_churn",
            "These are retention and churn themselves. Asked is how much more a customer is worth.",
            (retention, 1 - retention),
        ),
    )
