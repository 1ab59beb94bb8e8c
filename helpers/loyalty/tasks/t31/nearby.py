"""Rarer wrong answers of exercise 31, which may lie near others: a rounded answer that fits several hears of all."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.mistakes import Mistake
from loyalty.tasks.checking.triples import (
    Triple,
    list_intervals,
    list_units,
    list_widths,
    move_triple,
    multiply_triple,
    take_triple,
)
from loyalty.tasks.t31.measures import (
    BEFORE,
    CLOSES,
    DAY,
    END,
    EVERYBODY,
    FEE,
    MARGIN,
    OPENS,
    compare_lottery,
    compare_owners,
    compare_receipts,
    compare_takers,
    find_groups,
    find_payers,
    find_payers_of_a_line,
    read_app,
    sum_any_days,
    sum_equal_lines_once,
    sum_spending,
)
from loyalty.tasks.t31.scene import launch_app

_EQUAL_LINES = (
    "You dropped lines that are equal in all columns. Two equal lines on a receipt are two articles: keep both."
)
_DAYS_BEFORE = "Asked are the 84 days [11 March 2024, 3 June 2024)."


def list_wrong_gaps(right: float) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 31a."""
    after = sum_spending(CLOSES, END)
    owner = find_groups()[1]
    again, owner_again = sum_equal_lines_once(CLOSES, END)
    others = float(after[~owner].mean())
    return (
        Mistake(
            "more_than_thirty",
            "Your owners paid *more* than €30. A receipt of exactly €30 earns the badge too: `>= 30`.",
            compare_owners(after, find_payers(OPENS, CLOSES, strict=True))[0],
        ),
        Mistake(
            "medians",
            "That is the difference of the medians. Means are asked: they add up to the money.",
            float(np.median(after[owner]) - np.median(after[~owner])),
        ),
        Mistake(
            "owners_of_autumn",
            "Your owners paid €30 in the 84 days that you count. Owners are those who did so from 3 June until before 5 August 2024.",
            compare_owners(after, find_payers(CLOSES, END))[0],
        ),
        Mistake(
            "divided_by_63_days",
            "You divided by 63 days, the weeks in which the badge was earned. The days that you count are 84: divide by three.",
            right * 84 / 63,
        ),
        Mistake("per_receipt", "That is per receipt. Asked is per user and 28 days.", compare_receipts()),
        Mistake(
            "percent_more",
            "That is how many percent more owners spent. The difference in euros, please.",
            100 * right / others,
        ),
        Mistake("part_more", "That is the gap as a part of what the others spent. In euros, please.", right / others),
        Mistake("equal_lines_dropped", _EQUAL_LINES, compare_owners(again, owner_again)[0]),
        Mistake(
            "spring_and_autumn",
            "You took the 84 days before the badge and those after it together. Only those from 5 August 2024 on.",
            compare_owners((after + sum_spending(BEFORE, OPENS)) / 2)[0],
        ),
    )


def list_wrong_gaps_before(right: Triple) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 31b."""
    before = sum_spending(BEFORE, OPENS)
    users, owner, _ = find_groups()
    again, owner_again = sum_equal_lines_once(BEFORE, OPENS)
    customers = launch_app()[1].customers.set_index("customer_id")
    early = (customers.card_since.reindex(users) < BEFORE).to_numpy()
    year = pd.Timedelta(days=364)
    after = compare_owners(sum_spending(CLOSES, END))
    return (
        Mistake(
            "nine_weeks",
            f"Your window is 63 days long, as long as the weeks of the badge. {_DAYS_BEFORE}",
            compare_owners(sum_any_days(OPENS - 63 * DAY, OPENS)),
        ),
        Mistake(
            "thirteen_weeks",
            f"Your window is 91 days long. {_DAYS_BEFORE}",
            compare_owners(sum_any_days(OPENS - 91 * DAY, OPENS)),
        ),
        Mistake(
            "a_year_earlier",
            f"These are the weeks of 31a a year earlier. {_DAYS_BEFORE}",
            compare_owners(sum_any_days(CLOSES - year, END - year)),
        ),
        Mistake(
            "everything_before",
            f"You took all days before 3 June 2024. {_DAYS_BEFORE}",
            compare_owners(sum_any_days(pd.Timestamp("2023-01-01"), OPENS)),
        ),
        Mistake(
            "last_day_inside",
            f"3 June is in your window. A window [start, end) ends before its last date. {_DAYS_BEFORE}",
            compare_owners(sum_spending(BEFORE, OPENS + DAY)),
        ),
        Mistake(
            "last_day_inside_by_three",
            f"3 June is in your window. {_DAYS_BEFORE}",
            multiply_triple(compare_owners(sum_spending(BEFORE, OPENS + DAY)), 85 / 84),
        ),
        Mistake(
            "last_day_cut_off",
            f"2 June is missing: `<= '2024-06-02'` ends at midnight, when that day begins. {_DAYS_BEFORE}",
            multiply_triple(compare_owners(sum_spending(BEFORE, OPENS - DAY)), 83 / 84),
        ),
        Mistake(
            "first_day_left_out",
            f"11 March is missing. {_DAYS_BEFORE}",
            multiply_triple(compare_owners(sum_spending(BEFORE + DAY, OPENS)), 83 / 84),
        ),
        Mistake(
            "early_users_only",
            "Your users had the app before 11 March. Users are those of 31a: with `app_since` before 3 June.",
            compare_owners(before, keep=early),
        ),
        Mistake(
            "not_only_users",
            "You compared all customers, with an app or without. Take the owners and the other users of 31a.",
            compare_owners(sum_spending(BEFORE, OPENS, EVERYBODY), find_groups(CLOSES, EVERYBODY)[1]),
        ),
        Mistake(
            "all_users",
            "You compared owners with all users, and the owners are among these. Owners minus the *other* users.",
            take_triple(compare_means(before[owner], before)),
        ),
        Mistake(
            "owners_of_a_line",
            "Your owners bought one article for €30. A receipt has several lines: sum them by `basket_id` first.",
            compare_owners(before, find_payers_of_a_line()),
        ),
        Mistake(
            "effect_of_31a",
            "The interval is right; the effect is that of 31a. All three belong to the 84 days before 3 June.",
            (after[0], *right[1:]),
        ),
        Mistake("equal_lines_dropped", _EQUAL_LINES, compare_owners(again, owner_again)),
        *list_units(right, "Per 28 days, please.", {"per 30 days": 30 / 28, "per day": 1 / 28}),
        *list_intervals(before[owner], before[~owner]),
    )


def _compare_badge_in_main(*, users_only: bool) -> Triple:
    users, owner, _ = find_groups() if users_only else find_groups(CLOSES, EVERYBODY)
    trial = read_app()[2]
    mine = trial.index.isin(users[owner])
    return take_triple(compare_means(trial.main[mine], trial.main[~mine]))


def _per_order() -> Triple:
    """Sales per order, invited less control, by the delta method."""
    trial = read_app()[2]
    effect = 0.0
    variance = 0.0
    for sign, arm in ((1, "invited"), (-1, "control")):
        rows = trial[trial.arm == arm]
        money = rows.main * rows.main_days / 28
        value = money.sum() / rows.orders.sum()
        effect += sign * value
        variance += ((money - value * rows.orders) / rows.orders.mean()).var() / len(rows)
    half = 1.96 * float(np.sqrt(variance))
    return effect, effect - half, effect + half


def list_wrong_invitations(right: Triple) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 31c."""
    trial = read_app()[2]
    invited = trial.arm == "invited"
    days = float(trial.main_days.iloc[0])
    control = float(trial.main[~invited].mean())
    return (
        Mistake(
            "divided_by_84_days",
            "You divided by the 84 days of 31a. The window `main` is a year, 366 days: divide by its days, times 28.",
            multiply_triple(right, days / 84),
        ),
        Mistake(
            "takers_only",
            "You compared takers with takers. Who took the app uninvited is another kind of customer. Everyone drawn, please.",
            compare_lottery(keep="took == 1"),
        ),
        Mistake(
            "relative_percent",
            "That is the gap in percent of what the control group spent. In euros, please.",
            multiply_triple(right, 100 / control),
        ),
        Mistake("per_order", "That is sales per order. Asked is per customer and 28 days.", _per_order()),
        Mistake(
            "badge_in_main",
            "You compared owners of the badge with all others. Here the lottery of invitations is asked: `arm`.",
            _compare_badge_in_main(users_only=True),
        ),
        Mistake(
            "receipts_of_thirty_in_main",
            "You compared customers who paid €30 at once with all others. Here the lottery of invitations is asked: `arm`.",
            _compare_badge_in_main(users_only=False),
        ),
        Mistake(
            "invited_against_all",
            "You compared the invited with everybody, themselves included. Invited minus *not* invited.",
            take_triple(compare_means(trial.main[invited], trial.main)),
        ),
        *list_intervals(trial.main[invited], trial.main[~invited], equal_sizes=True),
    )


@cache
def _take_ups() -> tuple[float, float]:
    """Share of takers among the invited, and in the control group."""
    trial = read_app()[2]
    return float(trial.took[trial.arm == "invited"].mean()), float(trial.took[trial.arm == "control"].mean())


def list_wrong_compliers(right: Triple) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 31d."""
    itt = compare_lottery()
    invited, control = _take_ups()
    divisors = {
        "take_up_of_control": ("the take-up of the control group", control),
        "rest_of_control": ("the share of the control group *without* the app", 1 - control),
        "sum_of_take_ups": ("the sum of the two take-ups", invited + control),
        "ratio_of_take_ups": ("the ratio of the two take-ups", invited / control),
        "divided_twice": ("the difference of the take-ups twice", (invited - control) ** 2),
    }
    return (
        *(
            Mistake(
                name,
                f"You divided by {says}. Divide by the *difference* of the two take-ups, once.",
                multiply_triple(itt, 1 / share),
            )
            for name, (says, share) in divisors.items()
        ),
        Mistake(
            "year_before",
            "That is the year *before* the invitation (window `pre`). There the app can have done nothing.",
            multiply_triple(compare_lottery("pre"), 1 / (invited - control)),
        ),
        Mistake(
            "control_only",
            "You stayed in the control group and compared those with the app with those without. That is self-selection.",
            compare_takers("arm == 'control'"),
        ),
        *list_widths(right),
    )


def name_divisor(answer: Triple) -> float | None:
    """Find the number by which the three numbers of 31c were divided, or None where no single one leads there."""
    itt = np.array(compare_lottery())
    given = np.array(answer)
    if not np.isfinite(given).all() or (given <= 0).any():
        return None
    divisor = float(itt.sum() / given.sum())
    near = np.abs(itt / divisor - given) <= 0.0012
    exact = np.allclose(given, itt / divisor, rtol=0.01)
    return divisor if near.all() and exact and 0.05 <= divisor <= 20 and not np.isclose(divisor, 0.01) else None


@cache
def list_wrong_profits() -> dict[str, tuple[str, float]]:
    """List rarer wrong lower ends of the app's profit, 31e: name -> (sentence, euros)."""
    itt = compare_lottery()
    trial = read_app()[2]
    invited, control = _take_ups()
    days = float(trial.main_days.iloc[0])
    low = MARGIN * itt[1] - FEE
    before = compare_owners(sum_spending(BEFORE, OPENS))
    after = compare_owners(sum_spending(CLOSES, END))
    intervals = list_intervals(trial.main[trial.arm == "invited"], trial.main[trial.arm == "control"], equal_sizes=True)
    widths = {
        one.name: (f"This is the lower end of another interval. {one.says}", MARGIN * one.value[1] - FEE)
        for one in intervals
    }
    margins = {
        f"margin_{share}": (f"You took {share} cents of each euro. Here 28 stay.", share / 100 * itt[1] - FEE)
        for share in (20, 25, 30)
    }
    return {
        **margins,
        "ten_euros_for_the_fee": ("You took off 10 *euros*. The fee is 10 cents.", low + FEE - 10),
        "fee_for_compliers": (
            "You paid the fee for those whom the invitation moved. It is paid for every *invited* customer.",
            MARGIN * itt[1] - FEE * (invited - control),
        ),
        "year_with_one_fee": (
            "You took the margin of the whole year and the fee once. Both are per 28 days.",
            MARGIN * itt[1] * days / 28 - FEE,
        ),
        "fee_of_a_year": (
            "You spread the fee over the year. It is 10 cents for *each* 28 days.",
            MARGIN * itt[1] - FEE * 28 / days,
        ),
        "fee_twelve_times": ("You paid the fee twelve times. It is 10 cents per 28 days.", MARGIN * itt[1] - 12 * FEE),
        "fee_thirteen_times": (
            "You paid the fee thirteen times. It is 10 cents per 28 days.",
            MARGIN * itt[1] - 13 * FEE,
        ),
        "half_a_fee": (
            "You took off half the fee, as if it were spread over both groups. Per *invited* customer it is 10 cents.",
            MARGIN * itt[1] - FEE / 2,
        ),
        "badge_before": (
            "You put the badge's gap of 31b in. The app's profit comes from the lottery, 31c.",
            MARGIN * before[1] - FEE,
        ),
        "badge_profit": (
            "That is the badge's gap less the agency's tenth. Asked is the *app's* profit, from the lottery, 31c.",
            MARGIN * after[0] - 0.1 * after[0],
        ),
        "badge_paid_too": (
            "You took the agency's share for the badge off the app's profit. Only the fee of the app comes off.",
            low - 0.1 * after[0],
        ),
        "year_before": (
            "That is the year *before* the invitation (window `pre`).",
            move_triple(multiply_triple(compare_lottery("pre"), MARGIN), -FEE)[1],
        ),
        **widths,
    }
