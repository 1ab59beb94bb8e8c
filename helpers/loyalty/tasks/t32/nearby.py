"""Rarer wrong answers of exercise 32, which may lie near others: a rounded answer that fits several hears of all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.aa_test import count_looks
from loyalty.tasks.checking.mistakes import Mistake, find_mistakes, name_mistakes
from loyalty.tasks.t32.measures import (
    COST,
    LEVEL,
    MARGIN,
    MONDAYS,
    SALT,
    SEEN,
    detect,
    detect_from,
    draw,
    find_active,
    find_right_share,
    find_share_by_formula,
    find_smallest_share,
    find_with_staff,
    stop_after_each_look,
    sum_people,
    take_spent,
    take_spent_of,
    take_spent_with_the_silent,
)
from loyalty.tasks.t32.scene import END, START, read_chain

_WINDOW = "The window is [11 September 2024, 4 December 2024)."
_EQUAL_LINES = (
    "You dropped lines that are equal in all columns. Two equal lines on a receipt are two articles: keep both."
)
ROUNDED_HURDLES = (1.96 + 0.84, 1.96 + 1.28, 1.64 + 0.84, 1.65 + 0.84)


def sum_window(start: pd.Timestamp, end: pd.Timestamp, *, drop_equal: bool = False) -> np.ndarray:
    """What each eligible customer spent in a window; equal lines dropped, if wished."""
    people = sum_people()
    lines = read_chain().receipts
    lines = lines[(lines["time"] >= start) & (lines["time"] < end)]
    lines = lines.drop_duplicates() if drop_equal else lines
    spent = lines.groupby("customer_id")["sales"].sum()
    return spent.reindex(people.loc[people["eligible"], "customer_id"], fill_value=0).to_numpy()


@cache
def _take_equal_lines_once() -> np.ndarray:
    return sum_window(START, END, drop_equal=True)


def _active_in_autumn() -> np.ndarray:
    customers = read_chain().customers.set_index("customer_id")
    people = sum_people()
    last = customers["last_purchase"].reindex(people["customer_id"]).to_numpy()
    return (people["eligible"] & (last >= START)).to_numpy()


def list_wrong_effects(right: float) -> tuple[Mistake, ...]:
    """List rarer wrong answers to 32a."""
    spent = take_spent()
    people = sum_people()
    size = len(spent)
    sd = float(spent.std(ddof=1))
    hurdles = LEVEL + SEEN
    lines = read_chain().receipts
    lines = lines[(lines["time"] >= START) & (lines["time"] < END)]
    receipt = float(lines.groupby("basket_id")["sales"].sum().std())
    autumn = people.loc[_active_in_autumn(), "spent"].to_numpy()
    out = 0.05 * len(people)
    day = pd.Timedelta(days=1)
    new_year = pd.Timestamp("2025-01-01")
    active = "Eligible is who bought on or after 1 January 2024, not only in autumn."
    return (
        Mistake(
            "one_group_of_all",
            "You divided by the root of all eligible customers, as if there were one group. There are two, of 5 % and 95 %: sd × √(1/control + 1/treated).",
            hurdles * sd / np.sqrt(size),
        ),
        Mistake(
            "five_percent_of_the_list",
            "Your control is 5 % of all 30,000. Leave out 5 % of the *eligible* customers.",
            hurdles * sd * float(np.sqrt(1 / out + 1 / (size - out))),
        ),
        Mistake(
            "all_are_treated",
            "You counted all eligible customers as treated. 95 % of them are; 5 % are control.",
            hurdles * sd * float(np.sqrt(1 / (0.05 * size) + 1 / size)),
        ),
        Mistake(
            "spread_of_receipts",
            "Your standard deviation is that of receipts. The lottery draws customers: add up what each of them spent in the 84 days.",
            right * receipt / sd,
        ),
        Mistake("last_day_inside", f"4 December is in your window. {_WINDOW}", detect(sum_window(START, END + day))),
        Mistake(
            "last_day_cut_off",
            f"3 December is missing: `<= '2024-12-03'` ends at midnight, when that day begins. {_WINDOW}",
            detect(sum_window(START, END - day)),
        ),
        Mistake(
            "last_84_days",
            f"Your 84 days end at the draw, and Christmas is in them. {_WINDOW}",
            detect(sum_window(new_year - 84 * day, new_year)),
        ),
        Mistake(
            "percent_of_spend",
            "That is the effect in percent of what a customer spends. In euros, please.",
            100 * right / float(spent.mean()),
        ),
        Mistake(
            "only_autumn_counted",
            f"You counted only customers who bought in autumn. {active}",
            detect(spent, size=len(autumn)),
        ),
        Mistake(
            "only_autumn",
            f"You planned with customers who bought in autumn. {active}",
            detect(autumn, size=len(autumn)),
        ),
        Mistake("equal_lines_dropped", _EQUAL_LINES, detect(_take_equal_lines_once())),
        Mistake(
            "rounded_hurdle",
            "You added 0.84, and that is rounded: to the cent it takes 0.8416.",
            right * (LEVEL + 0.84) / hurdles,
        ),
    )


def match_rounded_hurdles(answer: float, known: Iterable[Mistake], tolerance: float) -> list[Mistake]:
    """Find a known wrong effect that was computed with 2.80 standard errors in the place of 2.8016, or the like."""
    exact = {
        1.96 + 0.84: LEVEL + SEEN,
        1.96 + 1.28: LEVEL + 1.2816,
        1.64 + 0.84: 1.645 + SEEN,
        1.65 + 0.84: 1.645 + SEEN,
    }
    known = list(known)
    for rounded in ROUNDED_HURDLES:
        scaled = answer * exact[rounded] / rounded
        # a long way from the tolerance's own size the second decimal says less: a hundredth of a percent more
        found = find_mistakes(known, partial(_measure_from, scaled), tolerance + 1e-4 * abs(answer))
        if found:
            return found
    return []


def _measure_from(one: float, other: float) -> float:
    return abs(other - one)


@cache
def list_wrong_shares() -> tuple[Mistake, ...]:
    """List wrong answers to 32b that share their number with others: with fifty possible values many do."""
    spent = take_spent()
    size = len(spent)
    people = sum_people()
    everybody = people["spent"].to_numpy()
    active = take_spent_of(find_active())
    staff = take_spent_of(find_with_staff())
    wanted = COST / MARGIN
    right = find_right_share()
    just_below = detect_from(right - 0.01)
    too_near = f"One percent more is needed: this share sees €{just_below:.3f}, and the campaign pays from €{wanted:.3f} on. Do not round the two before you compare them."
    return (
        Mistake(
            "equal_size_habit",
            f"Half and half sees €{detect_from(0.5):.2f}, more than was asked: {(0.5 - right) * size:,.0f} customers would get no letter for nothing. Equal groups are the habit of those "
            "for whom a control costs as much as a treatment.",
            0.5,
        ),
        Mistake(
            "cost_for_sales",
            f"You looked for an effect of €{COST:.2f}, and no share sees that. €{COST:.2f} is *margin*; in sales the campaign pays from €{wanted:.2f} on.",
            0.5,
        ),
        Mistake(
            "by_the_formula",
            "That is the share by the formula of 32a, with one spread for both groups. The helper with the history lets the letters bring some people in; the treated then differ more.",
            find_share_by_formula(spent),
        ),
        Mistake("one_below", too_near, right - 0.01),
        Mistake(
            "staff_inside",
            "Staff are in your plan. Eligible is who gave consent, is no staff, and bought on or after 1 January 2024.",
            find_smallest_share(staff, size=len(staff)),
        ),
        Mistake("equal_lines_dropped", _EQUAL_LINES, find_smallest_share(_take_equal_lines_once())),
        Mistake(
            "no_power",
            "With this share an effect that just pays is seen every second time only (1.96 standard errors). Asked are 80 of 100.",
            find_share_by_formula(spent, LEVEL),
        ),
        Mistake(
            "one_sided",
            "That is one-sided (`level=0.90`). The interval that Jonas will see has two ends.",
            find_smallest_share(spent, level=0.9),
        ),
        Mistake(
            "consent_ignored",
            "People without consent are in your plan. They cannot get a letter.",
            find_smallest_share(active, size=len(active)),
        ),
        Mistake(
            "without_the_day_filter",
            "Customers silent for a year are in your plan. Eligible is who bought on or after 1 January 2024.",
            find_smallest_share(take_spent_with_the_silent(), size=len(take_spent_with_the_silent())),
        ),
        Mistake(
            "history_of_the_list",
            "Your history is that of all 30,000 customers. Take that of the eligible ones.",
            find_smallest_share(everybody),
        ),
        Mistake(
            "zeros_left_out",
            "Your history holds buyers only, and the number is that of all. Zeros belong to the history.",
            find_smallest_share(spent[spent > 0]),
        ),
        Mistake(
            "buyers_as_the_list",
            "You planned with the buyers only, in history and in number. Nobody knows before the draw who will buy.",
            find_smallest_share(spent[spent > 0], size=int((spent > 0).sum())),
        ),
        Mistake(
            "three_times_the_cost",
            "You counted €1.80 for each letter. It is what the three letters cost together.",
            find_smallest_share(spent, 3 * wanted),
        ),
        *(
            Mistake(
                f"margin_{cents}",
                f"You took {cents} cents of margin. Here 28 cents of a euro are margin.",
                find_smallest_share(spent, COST / cents * 100),
            )
            for cents in (25, 30)
        ),
    )


@cache
def list_wrong_draws() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 32c: other spellings of the salt, and other shares."""
    people = sum_people()
    eligible = people[people["eligible"]]
    share = find_right_share()
    spelled = ("Points 2025", "points2025", "points_2025", "POINTS 2025", "points", "points 2024", "points 2025 letter")
    says = 'Your salt is "{}". It is "points 2025": each letter of it decides who is drawn.'
    return (
        *(
            Mistake(f"salt_{number}", says.format(salt), draw(eligible, share, salt))
            for number, salt in enumerate(spelled, 1)
        ),
        Mistake(
            "one_percent_more",
            "All right ones are in, and some more: your share is a percent larger than in 32b.",
            draw(eligible, share + 0.01),
        ),
    )


def explain_draw(answer: Any) -> tuple[str | None, str]:
    """Say what a set of customers shows that is no known draw: how many are right, and whether chance alone does that."""
    if isinstance(answer, (str, Mapping)) or not hasattr(answer, "__iter__"):
        return None, ""
    given = set(answer)
    people = sum_people()
    eligible = set(people.loc[people["eligible"], "customer_id"].tolist())
    share = find_right_share()
    right = draw(people[people["eligible"]], share)
    if not given or not all(isinstance(one, (int, np.integer)) for one in given):
        return None, ""
    here = len(given & right)
    asked = f'Asked are those who are control with `assign_arms`, your share from 32b and the salt "{SALT}".'
    strangers = len(given - eligible)
    if given > right:
        more = f"All right ones are in, and {len(given - right):,} more"
        why = (
            f"{strangers:,} of these are not eligible: nobody would write to them, so they are no control"
            if strangers
            else "your share is larger than that of 32b"
        )
        return ("not_eligible_inside" if strangers else "larger_share"), f"{more}: {why}. {asked}"
    if given < right:
        return (
            "smaller_share",
            f"Only right ones are in, but {len(right - given):,} are missing: a smaller share? {asked}",
        )
    if strangers > 0.02 * len(given):
        what = "Are these row numbers in the place of `customer_id`, or did you not filter before the draw?"
        return "not_eligible_inside", f"{strangers:,} of yours are not eligible. {what} {asked}"
    if not here:
        return (
            "other_end",
            f"None of the right ones is in yours: you took those who get the letters, or the other end of the hash. {asked}",
        )
    if abs(here / len(given) - share) < 0.03:
        what = "Yours are another draw: another salt, shuffled, sorted, or the first rows of the list"
        return (
            "another_draw",
            f"{here / len(given):.0%} of yours are right, as many as chance gives. {what}. Whoever shuffles again finds other people; the hash finds the same ones. {asked}",
        )
    return None, ""


@cache
def list_wrong_alarms() -> tuple[Mistake, ...]:
    """List rarer wrong answers to 32d; simulated ones among them, so that they are met with some slack."""
    sums = np.random.default_rng(32).normal(size=(200_000, MONDAYS)).cumsum(axis=1)
    looks = np.arange(1, MONDAYS + 1)
    stopped = stop_after_each_look()
    return (
        Mistake(
            "ninety_nine_percent",
            "That is with 99 % intervals (2.576). The interval is the usual one, 95 %.",
            count_looks(MONDAYS, level=0.99),
        ),
        Mistake(
            "mean_not_scaled",
            "You compared the *mean* of the looks with 1.96. After k looks the mean has a standard deviation of 1/√k: divide by it.",
            float((np.abs(sums / looks) > LEVEL).any(axis=1).mean()),
        ),
        Mistake(
            "sum_not_scaled",
            "You compared the growing *sum* with 1.96. After k looks the sum has a standard deviation of √k: divide by it.",
            float((np.abs(sums) > LEVEL).any(axis=1).mean()),
        ),
        Mistake(
            "divided_by_looks",
            "5 % divided by 13 (Bonferroni) is how strict each look *should* be. Asked is how often she stops if each is at 5 %.",
            0.05 / MONDAYS,
        ),
        Mistake(
            "power_for_alarm",
            "That is the power, 80 of 100. Asked is how often a campaign that does nothing is stopped.",
            0.80,
        ),
        Mistake(
            "as_if_independent_simulated",
            "You simulated 13 fresh tests. Each look contains the data of all looks before: add the numbers up.",
            1 - 0.95**MONDAYS,
        ),
        Mistake("one_look", "That is for one look.", stopped[1]),
    )


def name_alarm(given: float) -> tuple[str, str] | None:
    """Name a wrong answer to 32d that may come from a simulation, with the slack of its chance."""
    found = find_mistakes(list_wrong_alarms(), lambda value: abs(value - given), 0.0035)
    return name_mistakes(found) if found else None
