"""Exercise 33, the autumn mailing: right answers and the usual wrong ones, all computed from its contacts and receipts.

The list was loaded on 17 September and sent on 1 October; dead addresses got nothing, and belong to customers who have
been silent for long.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.answers import as_number
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.notes import judge_note, list_mistakes, read_note
from loyalty.tasks.checking.triples import move_triple, multiply_triple, read_triple, say_triple, take_triple
from loyalty.tasks.t33.measures import (
    DAY,
    DAYS,
    END,
    FIRST,
    GIFT,
    LAST,
    MAIL,
    MARGIN,
    center,
    compare_buyers,
    compare_groups,
    compare_ratios,
    compare_rows,
    find_idle,
    find_reached,
    find_slope,
    find_takers,
    find_unreached,
    measure_profit,
    measure_profit_of,
    sharpen,
    sharpen_at_zero,
    sharpen_by,
    sharpen_with_one_slope,
    sum_people,
    take_mean,
)
from loyalty.tasks.t33.nearby import (
    list_wrong_adjustments,
    list_wrong_profits,
    list_wrong_receipts,
    list_wrong_sales,
    list_wrong_shares,
    name_slope,
)
from loyalty.tasks.t33.scene import LOADED, SENT

_ALL = "You took all receipts, from July to November. The window is [1 October 2024, 29 October 2024)."
_DAY_EARLY = "Your window begins and ends a day early, on 30 September. It is [1 October 2024, 29 October 2024)."
_REACHED = "You compared those whom the e-mail reached with those whom it did not. Dead addresses belong to customers who have left; the control group is the comparison."
_TWO_WEEKS = (
    "Your window ends after two weeks, with the gift. It is four weeks long: [1 October 2024, 29 October 2024)."
)
_EIGHT_WEEKS = "You counted the four weeks after the campaign as well. The window is [1 October 2024, 29 October 2024)."
_MONTH = "Your window runs to the end of October. It is four weeks long, [1 October 2024, 29 October 2024)."
_DAY_AFTER = (
    "Your window begins on 2 October. The e-mail went out on 1 October at six in the morning: that day belongs to it."
)
_DAY_TOO_MANY = "Your window holds 29 October too. A window [start, end) ends before its last date."
_SIX_WEEKS = (
    "Your window runs from the loading of the list to the end, six weeks. It is [1 October 2024, 29 October 2024)."
)
_CUT_OFF = "28 October is missing: `<= '2024-10-28'` ends at midnight, when that day begins. Write `< '2024-10-29'`."


@cache
def _answer_buyers() -> Answers:
    table = sum_people()
    part = "bought"
    right = compare_groups(table, part)[0]
    mine, control = (table[table.arm == arm] for arm in ("gift", "control"))
    mistakes = (
        Mistake(
            "redeemers_against_control",
            "You compared those who took the gift with the control group. To take it one has to come: of them everybody bought. Compare everyone drawn for the gift.",
            compare_groups(table, part, find_takers())[0],
        ),
        Mistake(
            "delivered_against_whole_control",
            "You left out those whom the e-mail did not reach, and kept their like in the control group. Dead addresses belong to customers who have left; compare everyone drawn.",
            compare_groups(table, part, find_reached())[0],
        ),
        Mistake(
            "window_from_list_load",
            "Your window begins on 17 September, when the list was loaded. Nobody had a letter before 1 October: begin on the day of sending.",
            compare_groups(sum_people(LOADED, LOADED + DAYS), part)[0],
        ),
        Mistake(
            "load_to_end",
            _SIX_WEEKS,
            compare_groups(sum_people(LOADED, END), part)[0],
        ),
        Mistake(
            "redemption_for_response",
            "That is the share that took the gift. How many of them would have bought without it? Only the control group tells.",
            float(mine.used_gift.mean()),
        ),
        Mistake(
            "no_control",
            "That is the share of buyers among those drawn for the gift. Take off the share in the control group.",
            float(mine.bought.mean()),
        ),
        Mistake(
            "relative",
            "That is the difference as a part of the control group's share. The difference itself, please.",
            right / float(control.bought.mean()),
        ),
        Mistake(
            "visits_for_buyers",
            "These are receipts per customer. Count each customer once: bought or not.",
            compare_groups(table, "orders")[0],
        ),
        Mistake(
            "month_before",
            "These are the four weeks before the sending. There the gift can have done nothing.",
            compare_groups(sum_people(SENT - DAYS, SENT), part)[0],
        ),
        Mistake("two_weeks", _TWO_WEEKS, compare_groups(sum_people(SENT, SENT + DAYS / 2), part)[0]),
        Mistake("last_day_cut_off", _CUT_OFF, compare_groups(sum_people(SENT, END - DAY), part)[0]),
        Mistake(
            "takers_against_the_rest",
            "You stayed inside the gift group and compared those who took the gift with those who did not. They sorted themselves; the control group is the comparison.",
            float(mine.bought[mine.used_gift == 1].mean() - mine.bought[mine.used_gift == 0].mean()),
        ),
        Mistake(
            "idle_against_control",
            "You took those who were drawn and did not take the gift. They are not like the control group: those who came are missing. Everyone drawn, please.",
            compare_groups(table, part, find_idle())[0],
        ),
        Mistake(
            "unreached_against_control",
            "You took those whom the e-mail did not reach. Everyone drawn, reached or not, please.",
            compare_groups(table, part, find_unreached())[0],
        ),
        Mistake("last_day_inside", _DAY_TOO_MANY, compare_groups(sum_people(SENT, END + DAY), part)[0]),
        Mistake("day_early", _DAY_EARLY, compare_groups(sum_people(SENT - DAY, END - DAY), part)[0]),
        Mistake("all_receipts", _ALL, compare_groups(sum_people(FIRST, LAST), part)[0]),
        Mistake(
            "reached_against_unreached",
            _REACHED,
            float(table.bought[find_reached()].mean() - table.bought[find_unreached()].mean()),
        ),
        Mistake(
            "ratio",
            "That is the share of one group divided by the share of the other. The difference, please.",
            float(mine.bought.mean() / control.bought.mean()),
        ),
        Mistake(
            "control_alone",
            "That is the share of buyers in the control group. Take it off the share of those drawn for the gift.",
            float(control.bought.mean()),
        ),
        Mistake(
            "gifts_against_buyers",
            "You took the share that took the *gift*, less the control group's share of *buyers*. The same thing in both groups: bought anything, or not.",
            float(mine.used_gift.mean() - control.bought.mean()),
        ),
        Mistake(
            "divided_by_reach",
            "You divided by the share that the e-mail reached. That is the effect on those it reached; asked is the effect per customer *drawn*.",
            right / float(find_reached()[table.arm == "gift"].mean()),
        ),
        Mistake("eight_weeks", _EIGHT_WEEKS, compare_groups(sum_people(SENT, END + DAYS), part)[0]),
        Mistake("calendar_month", _MONTH, compare_groups(sum_people(SENT, pd.Timestamp("2024-11-01")), part)[0]),
        Mistake("day_after", _DAY_AFTER, compare_groups(sum_people(SENT + DAY, END), part)[0]),
        Mistake(
            "counts",
            "These are customers, counted. The two groups differ in size: take the share of buyers in each.",
            float(mine.bought.sum() - control.bought.sum()),
        ),
    )
    known = {mistake.name for mistake in mistakes}
    praise = f"{right * 100:.2f} points: {mine.bought.mean():.1%} of those drawn for the gift bought, and {control.bought.mean():.1%} of the control group."
    return Answers(right, mistakes, praise, list_wrong_shares(known))


@cache
def _answer_sales() -> Answers:
    table = sum_people()
    part = "sales"
    right = compare_groups(table, part)
    mine, control = (table.sales[table.arm == arm] for arm in ("gift", "control"))
    total = float(mine.sum() - control.sum())
    half = 1.96 * float(np.sqrt(len(mine) * mine.var() + len(control) * control.var()))
    by_line = compare_rows()
    mistakes = (
        Mistake(
            "redeemers_against_control",
            "You compared those who took the gift with the control group. To take it one has to come to the shop; the control group holds also those who stayed at home. Compare everyone drawn for the gift.",
            compare_groups(table, part, find_takers()),
        ),
        Mistake(
            "delivered_against_whole_control",
            "You left out those whom the e-mail did not reach, and kept their like in the control group. Dead addresses belong to customers who have left; compare everyone drawn.",
            compare_groups(table, part, find_reached()),
        ),
        Mistake(
            "window_from_list_load",
            "Your window begins on 17 September, when the list was loaded. Two of its four weeks lie before the letter and hold none of its effect: begin on the day of sending.",
            compare_groups(sum_people(LOADED, LOADED + DAYS), part),
        ),
        Mistake(
            "lines_as_unit",
            "That is per receipt line. The lottery drew customers, so the customer is the unit; how many lines he buys is part of the effect.",
            by_line,
        ),
        Mistake(
            "buyers_only",
            "You left out those who bought nothing. A campaign that brings people in changes exactly that group; they count as zero.",
            compare_groups(table[table.orders > 0], part),
        ),
        Mistake(
            "totals",
            f"These are totals; the two groups differ in size ({len(mine):,} and {len(control):,}). Take means per customer.",
            (total, total - half, total + half),
        ),
        Mistake(
            "interval_from_lines",
            "The effect is right; the interval is too narrow: it counts lines as if they were independent customers.",
            center(by_line, right[0]),
        ),
        Mistake(
            "pooled_variance",
            "The effect is right. You pooled the variances, which helps only where control is a small part of all; here it is a quarter, and each group keeps its own variance (Welch).",
            compare_groups(table, part, variance="pooled"),
        ),
        Mistake(
            "one_standard_error",
            "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
            tuple(right[0] + (end - right[0]) / 1.96 for end in right),
        ),
        Mistake(
            "load_to_end",
            _SIX_WEEKS,
            compare_groups(sum_people(LOADED, END), part),
        ),
        Mistake("two_weeks", _TWO_WEEKS, compare_groups(sum_people(SENT, SENT + DAYS / 2), part)),
        Mistake("last_day_cut_off", _CUT_OFF, compare_groups(sum_people(SENT, END - DAY), part)),
        Mistake(
            "adjusted",
            "You adjusted by September. That is a good answer, and the one to 33d; here the plain gap.",
            sharpen(SENT - DAYS, SENT),
        ),
        Mistake(
            "last_day_inside",
            _DAY_TOO_MANY,
            compare_groups(sum_people(SENT, END + DAY), part),
        ),
        Mistake(
            "month_before",
            "These are the four weeks before the sending. There the gift can have done nothing.",
            compare_groups(sum_people(SENT - DAYS, SENT), part),
        ),
        Mistake("eight_weeks", _EIGHT_WEEKS, compare_groups(sum_people(SENT, END + DAYS), part)),
        Mistake("calendar_month", _MONTH, compare_groups(sum_people(SENT, pd.Timestamp("2024-11-01")), part)),
        Mistake("day_after", _DAY_AFTER, compare_groups(sum_people(SENT + DAY, END), part)),
        Mistake(
            "margin_for_sales",
            "That is the column `margin`. Sales are asked: what customers paid.",
            compare_groups(table, "margin"),
        ),
        Mistake(
            "rate_for_margin",
            "That is 30 cents of each euro of sales, as in 33e. Here the sales themselves.",
            multiply_triple(right, MARGIN),
        ),
        Mistake(
            "takers_against_the_rest",
            "You stayed inside the gift group and compared those who took the gift with those who did not. They sorted themselves; the control group is the comparison.",
            take_triple(compare_means(table.sales[find_takers()], table.sales[(table.arm == "gift") & ~find_takers()])),
        ),
        Mistake(
            "idle_against_control",
            "You took those who were drawn and did not take the gift. They are not like the control group: those who came are missing. Everyone drawn, please.",
            compare_groups(table, part, find_idle()),
        ),
        Mistake(
            "unreached_against_control",
            "You took those whom the e-mail did not reach. Everyone drawn, reached or not, please.",
            compare_groups(table, part, find_unreached()),
        ),
        Mistake("day_early", _DAY_EARLY, compare_groups(sum_people(SENT - DAY, END - DAY), part)),
        Mistake(
            "one_week",
            "Your window ends after one week. It is four weeks long: [1 October 2024, 29 October 2024).",
            compare_groups(sum_people(SENT, SENT + DAYS / 4), part),
        ),
        Mistake(
            "reached_against_unreached",
            _REACHED,
            take_triple(compare_means(table.sales[find_reached()], table.sales[find_unreached()])),
        ),
        Mistake(
            "receipts_for_sales",
            "These are receipts per customer. Sales are asked, in euros.",
            compare_groups(table, "orders"),
        ),
        Mistake(
            "lines_for_sales",
            "These are receipt lines per customer. Sales are asked, in euros.",
            compare_groups(table, "lines"),
        ),
        Mistake(
            "relative_percent",
            "That is the gap in percent of what the control group spent. In euros, please.",
            multiply_triple(right, 100 / float(control.mean())),
        ),
        Mistake(
            "zeros_dropped_on_one_side",
            "You left out those who bought nothing, but of the gift group only. They count as zero in both.",
            compare_groups(table, part, (table.arm == "gift") & (table.orders > 0)),
        ),
        Mistake(
            "divided_by_takers",
            "You divided by the share that took the gift. Asked is the effect per customer *drawn*.",
            multiply_triple(right, 1 / float(find_takers()[table.arm == "gift"].mean())),
        ),
        Mistake(
            "for_all_drawn",
            "That is for all who were drawn together. Per customer, please.",
            multiply_triple(right, float(len(mine))),
        ),
        Mistake(
            "per_day",
            "That is per day. The four weeks together, please.",
            multiply_triple(right, DAY / DAYS),
        ),
        Mistake(
            "thirty_days",
            "Your window is 30 days long. It is 28: [1 October 2024, 29 October 2024).",
            compare_groups(sum_people(SENT, SENT + 30 * DAY), part),
        ),
        Mistake(
            "all_receipts",
            _ALL,
            compare_groups(sum_people(FIRST, LAST), part),
        ),
        Mistake(
            "load_to_last_receipt",
            "Your window runs from the loading of the list to the last receipt. It is [1 October 2024, 29 October 2024).",
            compare_groups(sum_people(LOADED, pd.Timestamp("2024-11-26")), part),
        ),
        Mistake(
            "tail_capped",
            "You capped the highest hundredth of the customers. That may be done if it is written down before the start; nobody did.",
            compare_groups(table.assign(sales=table.sales.clip(upper=table.sales.quantile(0.99))), part),
        ),
        Mistake(
            "logarithm",
            "These are logarithms. Jonas counts euros.",
            compare_groups(table.assign(sales=np.log1p(table.sales)), part),
        ),
        Mistake(
            "divided_by_reach",
            "You divided by the share that the e-mail reached. That is the effect on those it reached; asked is the effect per customer *drawn*.",
            multiply_triple(right, 1 / float(find_reached()[table.arm == "gift"].mean())),
        ),
        Mistake(
            "change_since_before",
            "That is the change since September, gift less control. It is noisier than the plain gap, and not asked; a good use of September is 33d.",
            compare_groups(table.assign(change=table.sales - sum_people(SENT - DAYS, SENT).sales), "change"),
        ),
        Mistake(
            "per_receipt",
            "That is per receipt, the answer of 33c. Here per customer drawn.",
            compare_ratios(table, "orders"),
        ),
        Mistake(
            "per_buyer",
            "You divided by the buyers of each group. Divide by everyone drawn: who bought nothing counts as zero.",
            compare_buyers(table),
        ),
        Mistake(
            "tail_cut_off",
            "You cut off the highest hundredth of the customers. They are customers too, and nobody wrote that down before the start.",
            compare_groups(table[table.sales <= table.sales.quantile(0.99)], part),
        ),
        Mistake(
            "relative",
            "That is the gap as a part of what the control group spent. In euros, please.",
            multiply_triple(right, 1 / float(control.mean())),
        ),
        Mistake(
            "no_control",
            "That is the mean of the gift group with its own interval. Take off what the control group spent; the interval belongs to the difference.",
            take_mean(mine),
        ),
        Mistake(
            "month_after",
            "These are the four weeks after the campaign. The window is [1 October 2024, 29 October 2024).",
            compare_groups(sum_people(END, END + DAYS), part),
        ),
    )
    known = {mistake.name for mistake in mistakes}
    praise = f"{say_triple(right)} per customer drawn, with {len(control):,} customers in the control group."
    return Answers(right, mistakes, praise, list_wrong_sales(right, known))


@cache
def _answer_receipt() -> Answers:
    table = sum_people()
    right = compare_ratios(table, "orders")
    buyers = table[table.orders > 0]
    own = buyers.assign(own=buyers.sales / buyers.orders)
    mistakes = (
        Mistake(
            "receipts_as_customers",
            "The difference is right; the interval is too narrow. It counts the receipts of a customer as if they were independent; use the delta method, with the customer as the unit.",
            compare_rows("basket_id"),
        ),
        Mistake(
            "lines_as_unit",
            "That is per receipt *line*, and its interval counts lines as if they were customers. An order is a whole receipt, all lines with one `basket_id`.",
            compare_rows(),
        ),
        Mistake(
            "mean_of_averages",
            "That is the mean of each buyer's own average. Who came once then counts as much as who came ten times. All sales of a group divided by all its receipts, please.",
            compare_groups(own, "own"),
        ),
        Mistake(
            "per_customer",
            "That is per customer, the answer of 33b. Here: per receipt.",
            compare_groups(table, "sales"),
        ),
        Mistake(
            "delivered_against_whole_control",
            "You left out those whom the e-mail did not reach, and kept their like in the control group.",
            compare_ratios(table[find_reached() | (table.arm == "control")], "orders"),
        ),
        Mistake(
            "redeemers_against_control",
            "You compared the receipts of those who took the gift with those of the control group. Everyone drawn, please.",
            compare_ratios(table[find_takers() | (table.arm == "control")], "orders"),
        ),
        Mistake(
            "window_from_list_load",
            "Your window begins on 17 September, when the list was loaded: begin on the day of sending.",
            compare_ratios(sum_people(LOADED, LOADED + DAYS), "orders"),
        ),
        Mistake(
            "per_line",
            "That is per receipt *line*, with a good interval. A receipt is all lines with one `basket_id`.",
            compare_ratios(table, "lines"),
        ),
        Mistake(
            "per_buyer",
            "That is per *buyer*. A buyer with three receipts counts three times in what is asked: all sales of a group divided by all its receipts.",
            compare_groups(buyers, "sales"),
        ),
        Mistake(
            "lines_per_receipt",
            "That is how many lines a receipt has. Asked is what a receipt is worth, in euros.",
            compare_ratios(table.assign(sales=table.lines), "orders"),
        ),
        Mistake(
            "receipts_per_customer",
            "That is how many receipts a customer has. Asked is what a receipt is worth, in euros.",
            compare_groups(table, "orders"),
        ),
        Mistake(
            "margin_for_sales",
            "That is the column `margin` per receipt. Sales are asked.",
            compare_ratios(table.assign(sales=table.margin), "orders"),
        ),
        Mistake("load_to_end", _SIX_WEEKS, compare_ratios(sum_people(LOADED, END), "orders")),
        Mistake("two_weeks", _TWO_WEEKS, compare_ratios(sum_people(SENT, SENT + DAYS / 2), "orders")),
        Mistake("eight_weeks", _EIGHT_WEEKS, compare_ratios(sum_people(SENT, END + DAYS), "orders")),
        Mistake("calendar_month", _MONTH, compare_ratios(sum_people(SENT, pd.Timestamp("2024-11-01")), "orders")),
        Mistake("last_day_cut_off", _CUT_OFF, compare_ratios(sum_people(SENT, END - DAY), "orders")),
        Mistake("last_day_inside", _DAY_TOO_MANY, compare_ratios(sum_people(SENT, END + DAY), "orders")),
        Mistake("day_after", _DAY_AFTER, compare_ratios(sum_people(SENT + DAY, END), "orders")),
        Mistake(
            "month_before",
            "These are the four weeks before the sending. There the gift can have done nothing.",
            compare_ratios(sum_people(SENT - DAYS, SENT), "orders"),
        ),
    )
    known = {mistake.name for mistake in mistakes}
    praise = f"{say_triple(right)} a receipt."
    return Answers(right, mistakes, praise, list_wrong_receipts(right, known))


@cache
def _answer_sharper() -> Answers:
    table = sum_people()
    before = sum_people(SENT - DAYS, SENT)
    right = sharpen(SENT - DAYS, SENT)
    plain = compare_groups(sum_people(), "sales")
    saved = 1 - ((right[2] - right[1]) / (plain[2] - plain[1])) ** 2
    mistakes = (
        Mistake("not_adjusted", "That is 33b, not adjusted: say `before=`.", plain),
        Mistake(
            "change_since_before",
            "That is the change since September, as if each euro of September came again. Only a part of it does; the adjustment learns how large a part.",
            compare_groups(table.assign(change=table.sales - before.sales), "change"),
        ),
        Mistake(
            "adjusted_by_the_future",
            "You adjusted by the four weeks *after* the campaign. What the campaign may have changed must not be held fixed.",
            sharpen(END, END + DAYS),
        ),
        Mistake(
            "before_the_list_load",
            "Your past is the 28 days before the list was loaded. Take those before the sending, [3 September 2024, 1 October 2024): they tell more, and nobody had a letter yet.",
            sharpen(LOADED - DAYS, LOADED),
        ),
        Mistake(
            "calendar_month",
            "Your past is the whole of September. It is the 28 days before the sending, [3 September 2024, 1 October 2024).",
            sharpen(pd.Timestamp("2024-09-01"), SENT),
        ),
        Mistake(
            "past_with_the_sending",
            "Your past holds the day of sending. It must end before the letter: [3 September 2024, 1 October 2024).",
            sharpen(SENT - DAYS, SENT + DAY),
        ),
        Mistake(
            "by_receipts",
            "You adjusted by the number of receipts in September. Asked is: by what each customer had bought, in euros.",
            sharpen(SENT - DAYS, SENT, column="orders"),
        ),
        Mistake(
            "buyers_only",
            "You left out those who bought nothing in the four weeks. They count as zero.",
            sharpen(SENT - DAYS, SENT, table.orders > 0),
        ),
        Mistake(
            "buyers_of_september",
            "You left out those who bought nothing in September. They were drawn, and their past is zero.",
            sharpen(SENT - DAYS, SENT, before.orders > 0),
        ),
        Mistake(
            "september_itself",
            "That is the gap in September: was the lottery kind? Asked is the gap after the sending, adjusted by September.",
            compare_groups(before, "sales"),
        ),
        Mistake(
            "by_margin",
            "You adjusted by the margin of September. Asked is: by what each customer had bought, in euros of sales.",
            sharpen(SENT - DAYS, SENT, column="margin"),
        ),
        Mistake(
            "by_bought_or_not",
            "You adjusted by whether somebody bought in September. Asked is: by how much, in euros.",
            sharpen(SENT - DAYS, SENT, column="bought"),
        ),
        Mistake(
            "not_centred",
            "With a slope for each group the gap depends on the past at which you read it. You read it at a past of zero; centre the past on its mean, then the coefficient is the answer.",
            sharpen_at_zero(),
        ),
        Mistake(
            "slope_of_control",
            "You took the slope of the control group for both. Asked is a slope for each group.",
            sharpen_by(find_slope(table[table.arm == "control"].sales, before.sales)),
        ),
        Mistake(
            "slope_of_august",
            "You learned the slope before the start, September on August. That is a good way (`slope=`); here a slope for each group was asked.",
            sharpen_by(find_slope(before.sales, sum_people(SENT - 2 * DAYS, SENT - DAYS).sales)),
        ),
        Mistake(
            "interval_not_adjusted",
            "The effect is the adjusted one; your interval is still that of 33b. The adjustment makes it narrower too.",
            center(plain, right[0]),
        ),
        Mistake(
            "longer_past",
            "Your past is longer than the 28 days asked. It tells even more; but which past decides is written down before the start, and here it is 28 days.",
            sharpen(pd.Timestamp("2024-07-01"), SENT),
        ),
        Mistake(
            "one_slope",
            "Near: you used one slope for both groups. With a control of a quarter each group has its own (`measure_lift` chooses so by itself).",
            sharpen_with_one_slope(),
        ),
        Mistake(
            "delivered_against_whole_control",
            "You left out those whom the e-mail did not reach, and kept their like in the control group. No adjustment cures that.",
            sharpen(SENT - DAYS, SENT, find_reached() | (table.arm == "control")),
        ),
        Mistake(
            "redeemers_against_control",
            "You compared those who took the gift with the control group. No adjustment cures that.",
            sharpen(SENT - DAYS, SENT, find_takers() | (table.arm == "control")),
        ),
    )
    praise = f"{say_triple(right)}: {saved:.0%} of the variance is saved."
    return Answers(right, mistakes, praise, list_wrong_adjustments(right))


@cache
def _right_note() -> tuple[str, float]:
    _, low, high = move_triple(measure_profit(), -MAIL)
    if low > 0:
        return "C", low
    return ("D" if high < 0 else "B"), low


@cache
def _say_letters() -> dict[str, str]:
    """What each note that may not be signed overlooks."""
    table = sum_people()
    lift = compare_groups(table, "sales")
    buyers = compare_groups(table, "bought")
    profit = move_triple(measure_profit(), -MAIL)
    used = compare_groups(table, "sales", find_takers())[0]
    says = {
        "A": f"€{used:.2f} compares those who came with everybody. Everyone drawn against everyone left out: {say_triple(lift)}, and a profit of {say_triple(profit)}.",
        "B": f"The profit is {say_triple(profit)}: zero does not lie inside. There is nothing left to test.",
        "C": f"That sales rose is hardly in doubt: {say_triple(lift)}. But sales are not profit. What is left per customer drawn is {say_triple(profit)}, and zero lies inside.",
        "D": f"The share of buyers is open (−{-buyers[1] * 100:.1f} to {buyers[2] * 100:.1f} points), and open is not zero. Sales rose, {say_triple(lift)}, and the profit is open as well.",
    }
    return {letter: text for letter, text in says.items() if letter != _right_note()[0]}


@cache
def _say_numbers() -> dict[str, tuple[str, float]]:
    """Usual wrong lower ends of the profit."""
    table = sum_people()
    lift = compare_groups(table, "sales")
    profit = move_triple(measure_profit(), -MAIL)
    low = profit[1]
    taken = float(table.used_gift[table.arm == "gift"].mean())
    bought = float(table.bought[table.arm == "gift"].mean())
    one_error = profit[0] - (profit[0] - low) / 1.96
    return {
        "revenue_for_margin": (
            "Of each euro of sales only 30 cents are margin.",
            measure_profit(margin=1.0)[1] - MAIL,
        ),
        "gift_for_everybody": (
            "You charged the gift to everybody. It costs €2.40 for those who took it.",
            MARGIN * lift[1] - GIFT - MAIL,
        ),
        "gift_for_each_buyer": (
            "You charged the gift to everybody who bought. It costs €2.40 for those with `used_gift` 1.",
            MARGIN * lift[1] - GIFT * bought - MAIL,
        ),
        "gift_forgotten": (
            "The gifts are not paid: €2.40 for each customer with `used_gift` 1, natural buyers included.",
            measure_profit(gift=0.0)[1] - MAIL,
        ),
        "mail_forgotten": (
            "The 10 cents are not taken off (or in both groups, where they cancel). The control group got no e-mail: 10 cents off the difference.",
            low + MAIL,
        ),
        "mail_added": ("The 10 cents are a cost: take them off, do not add them.", low + 2 * MAIL),
        "mail_for_the_delivered": (
            "You paid for the e-mails that arrived. Jonas pays 10 cents for each customer drawn for it.",
            low + MAIL - MAIL * float(find_reached()[table.arm == "gift"].mean()),
        ),
        "interval_of_sales": (
            "Near: you took 30 cents of the lower end of *sales* and put the gifts in as if they were sure. Give every customer one number, and make the interval from that.",
            MARGIN * lift[1] - GIFT * taken - MAIL,
        ),
        "margin_column": (
            "This is the column `margin`, also when `campaign_money` meets it. Here Jonas reckons with 30 cents of each euro of sales.",
            measure_profit(1.0, column="margin")[1] - MAIL,
        ),
        "eight_weeks": (
            "This counts the four weeks after the campaign as well. That is the better question, and the next lesson's; here it is [1 October 2024, 29 October 2024).",
            measure_profit(end=END + DAYS)[1] - MAIL,
        ),
        "two_weeks": (
            "This counts two weeks of sales. The window is [1 October 2024, 29 October 2024).",
            measure_profit(end=SENT + DAYS / 2)[1] - MAIL,
        ),
        "buyers_only": (
            "You left out those who bought nothing. They count, with zero sales and no gift.",
            measure_profit_of(table.orders > 0) - MAIL,
        ),
        "for_all_drawn": (
            "That is for all who were drawn together. Per customer, please.",
            low * float((table.arm == "gift").sum()),
        ),
        "adjusted_sales": (
            "You began with the adjusted interval of 33d, and put the gifts in as if they were sure. Give every customer one number, and make the interval from that.",
            MARGIN * sharpen(SENT - DAYS, SENT)[1] - GIFT * taken - MAIL,
        ),
        "best_guess_for_low": ("This is the profit at the estimate. The lower end was asked.", profit[0]),
        "high_for_low": ("This is the upper end.", profit[2]),
        "lower_end_of_sales": ("This is the lower end of *sales*, 33b. Profit is asked.", lift[1]),
        "one_standard_error": ("This end is one standard error away; for 95 % it takes 1.96.", one_error),
        "ninety_percent": (
            "This is the end of a 90 % interval; 95 % is asked.",
            profit[0] - 1.6449 * (profit[0] - one_error),
        ),
        "takers_only": (
            "You compared those who took the gift with the control group: everyone drawn, please.",
            measure_profit_of(find_takers() | (table.arm == "control")) - MAIL,
        ),
    }


@cache
def _answer_note() -> Answers:
    letter, low = _right_note()
    profit = move_triple(measure_profit(), -MAIL)
    signed = (Mistake(f"signed_{one}", text, (one, low)) for one, text in _say_letters().items())
    return Answers(
        right=(letter, low),
        praise=f"The profit is {say_triple(profit)} per customer drawn. That sales rose is hardly in doubt; that it earned is open.",
        mistakes=(*signed, *list_mistakes(letter, _say_numbers())),
        near=list_mistakes(letter, list_wrong_profits()),
    )


def _judge_note(answer: Any) -> tuple[str | None, str]:
    letter, low = _right_note()
    drawn = int((sum_people().arm == "gift").sum())
    if list(answer)[0].strip().upper() == letter and abs(as_number(list(answer)[1]) / drawn - low) < 0.0006:
        return "for_all_drawn", f"Your letter fits. {_say_numbers()['for_all_drawn'][0]}"
    numbers = _say_numbers() | list_wrong_profits()
    return judge_note(answer, _right_note(), _say_letters(), numbers, _NOTE_TOLERANCE, _NOTE, _NOTE_ASKS_BACK)


def _judge_slope(answer: Any) -> tuple[str | None, str]:
    """Name an adjustment by one slope, whichever it is."""
    slope = name_slope(read_triple(answer))
    if slope is None:
        return None, ""
    return (
        "other_slope",
        f"Your numbers come out if {slope:.2f} of each euro of September is taken off, in both groups. Asked is a slope for each group, learned from its own customers.",
    )


_NOTE_ASKS_BACK = "Is your profit one number for each customer, 0.30 times sales less 2.40 for a gift taken; in the same days, everyone drawn; and 10 cents off the difference?"


_TRIPLE = "three numbers (effect, low, high), euros to a tenth of a cent, gift minus control, 95 % interval, window [1 October 2024, 29 October 2024)"
_ABOUT = _TRIPLE.replace("to a tenth", "to about a tenth")  # a regression differs a little in its ends
_NOTE = 'a pair (letter, low): "A", "B", "C" or "D", and the lower end of the 95 % interval of the profit in euros per customer drawn, to a tenth of a cent'
_NOTE_TOLERANCE = 0.00035
TASKS = (
    Task(
        code="33a",
        asks="one number: share of buyers, gift minus control, a fraction to four decimals, window [1 October 2024, 29 October 2024)",
        compute=_answer_buyers,
        tolerance=0.00005,
        hints=(
            "Who bought: customers with a receipt line in [1 October 2024, 29 October 2024). All 20,000 count, also those without any line.",
            "`contacts.customer_id.isin(...)` with the customers of these lines says True or False for each customer; its mean in a group is the share.",
            "The share among everyone with arm 'gift', delivered or not, less the share among everyone with arm 'control'.",
        ),
        close="Close, not it. Which days are in the window, and is everybody in who was drawn?",
    ),
    Task(
        code="33b",
        asks=f"{_TRIPLE}; sales per customer drawn",
        compute=_answer_sales,
        tolerance=0.0005,
        slack=0.0025,
        hints=(
            "Per customer the sum of `sales` in the window; who bought nothing has 0.",
            "`build_outcomes` from `loyalty.evaluate.lift` does it, zeros included: give contacts, receipts, `start` and `end`.",
            "Then `measure_lift(contacts, outcomes, 'sales')`, or `compare_means` of the two groups: effect, low, high.",
        ),
        close="Close, not it. Which days are in your window, and is everybody in who was drawn?",
    ),
    Task(
        code="33c",
        asks=f"{_TRIPLE}; sales per receipt",
        compute=_answer_receipt,
        tolerance=0.0005,
        slack=0.0025,
        hints=(
            "All sales of a group divided by all its receipts; one group less the other.",
            "The lottery drew customers: the interval comes from the delta method.",
            "`measure_lift(contacts, outcomes, 'sales', per='orders')`.",
        ),
        close="Close, not it. Whole receipts, everyone drawn, the customer as the unit?",
    ),
    Task(
        code="33d",
        asks=f"{_ABOUT}; sales per customer drawn, adjusted by each customer's sales in [3 September 2024, 1 October 2024)",
        compute=_answer_sharper,
        tolerance=0.0013,
        hints=(
            '`build_outcomes` also makes the window "pre", the 28 days before the start.',
            "In the lesson, 'Sharper with the past': `before` names the column of that window.",
            "`measure_lift(contacts, outcomes, 'sales', before='sales')`.",
        ),
        close="Close, not it. Is the past [3 September 2024, 1 October 2024), and a slope for each group?",
        judge=_judge_slope,
    ),
    Task(
        code="33e",
        asks=_NOTE,
        compute=_answer_note,
        tolerance=_NOTE_TOLERANCE,
        hints=(
            "Give every customer one number: 0.30 times sales, less 2.40 if he took the gift.",
            "Compare the two groups in that number (`compare_means` from `loyalty.stats`), and take the 10 cents of the e-mail off effect, low and high.",
            "If zero lies inside the interval, nobody knows yet whether the gift earns.",
        ),
        read=read_note("ABCD"),
        judge=_judge_note,
    ),
)
