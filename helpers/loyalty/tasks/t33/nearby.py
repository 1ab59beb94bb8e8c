"""Rarer wrong answers of exercise 33, which may lie near others: a rounded answer that fits several hears of all."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.mistakes import Mistake
from loyalty.tasks.checking.triples import Triple, list_units, list_widths, multiply_triple, take_triple
from loyalty.tasks.t33.measures import (
    DAY,
    DAYS,
    END,
    GIFT,
    MAIL,
    MARGIN,
    add_errors,
    adjust,
    book,
    compare_groups,
    compare_ratios,
    compare_ratios_loosely,
    compare_rows,
    find_reached,
    measure_profit,
    regress,
    sharpen_by,
    sum_people,
)
from loyalty.tasks.t33.scene import LOADED, SENT, load_autumn

_ASKED = "It is [1 October 2024, 29 October 2024)."
WINDOWS = {
    "thirty_days": (f"Your window is 30 days long. {_ASKED}", SENT, SENT + 30 * DAY),
    "one_week": (f"Your window ends after one week. {_ASKED}", SENT, SENT + DAYS / 4),
    "three_weeks": (f"Your window ends after three weeks. {_ASKED}", SENT, SENT + 3 * DAYS / 4),
    "september": ("That is September. There the gift can have done nothing.", pd.Timestamp("2024-09-01"), SENT),
    "month_after": (f"These are the four weeks after the campaign. The window is another: {_ASKED}", END, END + DAYS),
    "two_weeks": (f"Your window ends after two weeks, with the gift. {_ASKED}", SENT, SENT + DAYS / 2),
    "window_from_list_load": (
        "Your window begins on 17 September, when the list was loaded: begin on the day of sending.",
        LOADED,
        LOADED + DAYS,
    ),
    "load_to_end": (f"Your window runs from the loading of the list to the end, six weeks. {_ASKED}", LOADED, END),
    "last_day_inside": (f"Your window holds 29 October too. {_ASKED}", SENT, END + DAY),
    "last_day_cut_off": (f"28 October is missing. {_ASKED}", SENT, END - DAY),
    "day_after": (f"Your window begins on 2 October. {_ASKED}", SENT + DAY, END),
    "day_early": (f"Your window begins and ends a day early. {_ASKED}", SENT - DAY, END - DAY),
    "calendar_month": (f"Your window runs to the end of October. {_ASKED}", SENT, pd.Timestamp("2024-11-01")),
    "eight_weeks": (f"You counted the four weeks after the campaign as well. {_ASKED}", SENT, END + DAYS),
}
_EQUAL_LINES = (
    "You dropped lines that are equal in all columns. Two equal lines on a receipt are two articles: keep both."
)
_KNOWN_ONLY = "You left out customers without any receipt in the file. They were drawn too, and count as zero."
_MOVED = "You put those whom the e-mail did not reach into the control group. The lottery drew them for the gift; they stay where they were drawn."
_OF_ALL = "You divided by all customers of the list, control included. Asked is per customer drawn for the gift."


def list_windows(measure: Callable[[pd.DataFrame], Any], known: set[str]) -> tuple[Mistake, ...]:
    """List what a measure gives in other windows, those already known left out."""
    return tuple(
        Mistake(name, says, measure(sum_people(start, end)))
        for name, (says, start, end) in WINDOWS.items()
        if name not in known
    )


def find_known() -> pd.Series:
    """Who has any receipt in the file."""
    return sum_people().customer_id.isin(load_autumn().receipts.customer_id)


def _share(table: pd.DataFrame, mine: pd.Series | None = None) -> float:
    mine = table.arm == "gift" if mine is None else mine
    return float(table.bought[mine].mean() - table.bought[~mine].mean())


def list_wrong_shares(known: set[str]) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 33a."""
    table = sum_people()
    gift = table.arm == "gift"
    buyers = table.groupby("arm").bought.sum()
    lines = table.groupby("arm").lines.mean()
    return (
        Mistake("not_reached_as_control", _MOVED, _share(table, find_reached())),
        Mistake(
            "change_since_before",
            "That is the change since September, gift less control. The plain difference in October is asked.",
            _share(table) - _share(sum_people(SENT - DAYS, SENT)),
        ),
        Mistake(
            "share_of_all",
            "You divided both groups by all 20,000 customers. Divide each by its own customers.",
            float(buyers["gift"] - buyers["control"]) / len(table),
        ),
        Mistake(
            "planned_sizes",
            "You divided by 15,000 and 5,000, as planned. The lottery drew a few less or more: count the rows of each group.",
            float(buyers["gift"] / (0.75 * len(table)) - buyers["control"] / (0.25 * len(table))),
        ),
        Mistake(
            "lines_for_buyers",
            "These are receipt lines per customer. Count each customer once: bought or not.",
            float(lines["gift"] - lines["control"]),
        ),
        Mistake("known_customers_only", _KNOWN_ONLY, _share(table[find_known()])),
        Mistake(
            "inner_join",
            "Everybody in your table has bought: a join or `groupby` has lost those who bought nothing. All 20,000 count.",
            0.0,
        ),
        Mistake(
            "mix_of_buyers",
            "That is the gift's share *among buyers*, less three quarters. Asked is the share of buyers in each group.",
            float(gift[table.bought == 1].mean()) - 0.75,
        ),
        *list_windows(_share, known),
    )


def list_wrong_sales(right: Triple, known: set[str]) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 33b."""
    table = sum_people()
    mine = table.sales[find_reached()]
    others = table.sales[~find_reached()]
    return (
        Mistake(
            "receipts_as_unit",
            "That is per receipt, each counted as a customer of its own. Asked is per customer drawn.",
            compare_rows("basket_id"),
        ),
        Mistake("per_customer_of_the_list", _OF_ALL, multiply_triple(right, float((table.arm == "gift").mean()))),
        Mistake(
            "times_planned_share",
            "You multiplied by the planned three quarters. Asked is per customer drawn for the gift.",
            multiply_triple(right, 0.75),
        ),
        Mistake(
            "errors_added",
            "The effect is right. You laid the two groups' intervals end to end; the errors are added as squares, under the root.",
            add_errors(table, "sales"),
        ),
        Mistake(
            "careful_interval",
            "The effect is right. Your interval is the careful one, for a small control group; here control is a quarter, and Welch's is asked.",
            compare_groups(table, "sales", variance="careful"),
        ),
        Mistake("not_reached_as_control", _MOVED, take_triple(compare_means(mine, others))),
        Mistake("known_customers_only", _KNOWN_ONLY, compare_groups(table[find_known()], "sales")),
        Mistake("equal_lines_dropped", _EQUAL_LINES, compare_groups(sum_people(drop_equal=True), "sales")),
        *list_units(right, "The four weeks together, please.", {"per week": 1 / 4}),
        *list_widths(right),
        *list_windows(lambda window: compare_groups(window, "sales"), known),
    )


def list_wrong_receipts(right: Triple, known: set[str]) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 33c."""
    table = sum_people()
    control = table[table.arm == "control"]
    sales = compare_groups(table, "sales")
    orders = float(table.orders[table.arm == "gift"].mean())
    percent = 100 / float(control.sales.sum() / control.orders.sum())
    return (
        Mistake(
            "covariance_forgotten",
            "The effect is right. In your interval sales and receipts vary as if they had nothing to do with each other; the delta method knows that who has more receipts has more sales.",
            compare_ratios_loosely(table, "orders", fixed=False),
        ),
        Mistake(
            "denominator_fixed",
            "The effect is right. Your interval takes the number of receipts as fixed; it varies too, and with the sales: the delta method.",
            compare_ratios_loosely(table, "orders", fixed=True),
        ),
        Mistake(
            "ratio_of_lifts",
            "That is the lift in sales divided by the lift in receipts. Divide within each group first, then take the difference.",
            multiply_triple(sales, 1 / compare_groups(table, "orders")[0]),
        ),
        Mistake(
            "lift_per_receipt",
            "That is 33b divided by the receipts of a customer. Divide within each group first, then take the difference.",
            multiply_triple(sales, 1 / orders),
        ),
        Mistake(
            "relative_percent",
            "That is the gap in percent of the control group's receipt. In euros, please.",
            multiply_triple(right, percent),
        ),
        Mistake(
            "relative",
            "That is the gap as a part of the control group's receipt. In euros, please.",
            multiply_triple(right, percent / 100),
        ),
        Mistake("equal_lines_dropped", _EQUAL_LINES, compare_ratios(sum_people(drop_equal=True), "orders")),
        *list_widths(right),
        *list_windows(lambda window: compare_ratios(window, "orders"), known),
    )


def list_wrong_adjustments(right: Triple) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 33d."""
    table = sum_people()
    before = sum_people(SENT - DAYS, SENT)
    past = before.sales
    of_control = past - past[table.arm == "control"].mean()
    asked = "Asked is [3 September 2024, 1 October 2024)."

    def take_past(start: pd.Timestamp, end: pd.Timestamp) -> Triple:
        return adjust(table, sum_people(start, end)[["sales"]])

    one_slope = "You used one slope for both groups, and the usual errors of a regression. Asked is a slope for each group; and the errors should be robust (HC2), for the groups vary differently."
    return (
        Mistake("two_weeks_of_past", f"Your past is two weeks long. {asked}", take_past(LOADED, SENT)),
        Mistake(
            "past_with_the_campaign",
            f"Your past holds the campaign itself: what the gift changed is taken off. {asked}",
            take_past(SENT - DAYS, END),
        ),
        Mistake(
            "past_a_day_short", f"3 September is missing in your past. {asked}", take_past(SENT - DAYS + DAY, SENT)
        ),
        Mistake(
            "past_cut_off",
            f"30 September is missing in your past: `<= '2024-09-30'` ends at midnight, when that day begins. {asked}",
            take_past(SENT - DAYS, SENT - DAY),
        ),
        Mistake("one_slope_usual_errors", one_slope, regress(past, slopes=1, robust=False)),
        Mistake(
            "centred_at_control",
            "You centred the past at the mean of the control group. Centre it at the mean of *all* drawn.",
            regress(of_control, slopes=2),
        ),
        Mistake(
            "usual_errors",
            "The effect is right. Your interval has the usual errors of a regression, as if both groups varied alike; take robust ones (HC2).",
            regress(past - past.mean(), slopes=2, robust=False),
        ),
        Mistake(
            "interval_of_33b",
            "The effect is the adjusted one; low and high are still those of 33b. The adjustment moves and narrows them too.",
            (right[0], *compare_groups(table, "sales")[1:]),
        ),
        Mistake(
            "two_columns_of_past",
            "You adjusted by sales and receipts together. That is allowed if it is written down before; here by sales alone.",
            adjust(table, before[["sales", "orders"]]),
        ),
        Mistake(
            "equal_lines_dropped",
            _EQUAL_LINES,
            adjust(sum_people(drop_equal=True), sum_people(SENT - DAYS, SENT, drop_equal=True)[["sales"]]),
        ),
        Mistake(
            "outcome_from_list_load",
            "Your outcome begins on 17 September, when the list was loaded. It is [1 October 2024, 29 October 2024).",
            adjust(sum_people(LOADED, LOADED + DAYS), sum_people(LOADED - DAYS, LOADED)[["sales"]]),
        ),
        Mistake("known_customers_only", _KNOWN_ONLY, adjust(table, past.to_frame(), find_known())),
        *list_widths(right),
        *list_windows(lambda window: adjust(window, past.to_frame()), {"window_from_list_load", "calendar_month"}),
    )


def name_slope(answer: Triple) -> float | None:
    """Find the one slope of September that leads to an adjusted gap, or None where none does."""
    plain = sharpen_by(0.0)[0]
    slope = (answer[0] - plain) / (sharpen_by(1.0)[0] - plain)
    if not np.isfinite(answer).all() or not 0.05 <= slope <= 1.5:
        return None
    same = sharpen_by(slope)
    return float(slope) if np.allclose(answer, same, rtol=0, atol=0.002) else None


@cache
def list_wrong_profits() -> dict[str, tuple[str, float]]:
    """List rarer wrong lower ends of the profit, 33e: name -> (sentence, euros)."""
    table = sum_people()
    earned = book(table)
    low = measure_profit()[1] - MAIL
    gift = table.arm == "gift"
    on_margin = table.assign(profit=MARGIN * (table.sales - GIFT * table.used_gift))
    paid_by_buyers = table.assign(paid=table.bought * gift)
    past = sum_people(SENT - DAYS, SENT)[["sales"]]
    whole = compare_groups(earned, "profit", variance="pooled")[1]
    reached = compare_groups(earned, "profit", find_reached())[1]
    windows = (
        "window_from_list_load",
        "load_to_end",
        "last_day_inside",
        "last_day_cut_off",
        "day_after",
        "thirty_days",
    )
    return {
        "other_margin_28": ("You took 28 cents of each euro, as in exercise 31. Here Jonas keeps 30.", _low(0.28)),
        "rest_for_margin": ("You took the 70 cents that do not stay. Margin is 30 cents of a euro.", _low(0.70)),
        "ten_euros_for_mail": ("You took off 10 *euros* for the e-mail. It costs 10 cents.", low + MAIL - 10),
        "one_euro_for_mail": ("You took off one euro for the e-mail. It costs 10 cents.", low + MAIL - 1),
        "delivered_only": (
            "You left out those whom the e-mail did not reach: everyone drawn, please.",
            reached - MAIL,
        ),
        "per_customer_of_the_list": (_OF_ALL, low * float(gift.mean())),
        "adjusted_profit": (
            "You adjusted the profit by September. That is a good answer and a sharper one; here the plain one.",
            adjust(earned, past, column="profit")[1] - MAIL,
        ),
        "gift_on_margin": (
            "You took 30 cents of the gift's price too. A gift is paid in full: 0.30 times sales, less 2.40.",
            compare_groups(on_margin, "profit")[1] - MAIL,
        ),
        "gift_for_each_buyer_of_the_group": (
            "You charged the gift to everybody who bought. It costs €2.40 for those with `used_gift` 1.",
            compare_groups(book(paid_by_buyers, paid="paid"), "profit")[1] - MAIL,
        ),
        "pooled_variance": (
            "You pooled the variances (Student). Each group keeps its own (Welch).",
            whole - MAIL,
        ),
        "careful_interval": (
            "Your interval is the careful one, for a small control group. Here Welch's is asked.",
            compare_groups(earned, "profit", variance="careful")[1] - MAIL,
        ),
        "equal_lines_dropped": (
            _EQUAL_LINES,
            compare_groups(book(sum_people(drop_equal=True)), "profit")[1] - MAIL,
        ),
        "known_customers_only": (_KNOWN_ONLY, compare_groups(earned[find_known()], "profit")[1] - MAIL),
        "errors_added": (
            "You laid the two groups' intervals end to end; the errors are added as squares, under the root.",
            add_errors(earned, "profit")[1] - MAIL,
        ),
        **{
            name: (WINDOWS[name][0], compare_groups(book(sum_people(*WINDOWS[name][1:])), "profit")[1] - MAIL)
            for name in windows
        },
    }


def _low(margin: float) -> float:
    return measure_profit(margin=margin)[1] - MAIL
