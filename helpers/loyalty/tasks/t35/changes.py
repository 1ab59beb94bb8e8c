"""The Christmas campaign of exercise 35: spend of windows, its change by group, and how one goes astray with it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Mistake
from loyalty.tasks.checking.triples import Triple, multiply_triple, take_triple, widen_triple

START = pd.Timestamp("2017-10-30")
END = pd.Timestamp("2017-12-25")
FAKE = pd.Timestamp("2017-09-04")
BEFORE = pd.Timedelta(days=84)
DAY = pd.Timedelta(days=1)


@cache
def open_chain() -> tuple[pd.DataFrame, pd.Index, np.ndarray]:
    """Open the receipts, all households, and who is a member of campaign 18.

    Examples
    --------
    >>> int(open_chain()[2].sum())
    1133
    """
    chain = complete_journey()
    everyone = pd.Index(chain.customers.customer_id)
    return chain.receipts, everyone, everyone.isin(chain.contacts[chain.contacts.campaign_id == 18].customer_id)


@cache
def sum_spend(start: pd.Timestamp, end: pd.Timestamp, per: int = 28, column: str = "sales") -> np.ndarray:
    """Sum a column of the receipts in [start, end) for each household, brought to `per` days; 0: as it is.

    Examples
    --------
    >>> len(sum_spend(START, END))
    2469
    """
    receipts, everyone, _ = open_chain()
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    total = window.groupby("customer_id")[column].sum().reindex(everyone, fill_value=0).to_numpy()
    return total / (end - start).days * per if per else total


def compare_groups(values: np.ndarray, keep: np.ndarray | None = None, variance: str = "auto") -> Triple:
    """Compare members with the others, one value a household.

    Examples
    --------
    >>> round(compare_groups(sum_spend(START, END))[0], 2)
    153.64
    """
    member = open_chain()[2]
    keep = np.ones(len(values), dtype=bool) if keep is None else keep
    return take_triple(compare_means(values[member & keep], values[~member & keep], variance=variance))


def find_gap(values: np.ndarray) -> float:
    """Find the gap of the means, members minus others.

    Examples
    --------
    >>> round(find_gap(sum_spend(START, END)), 2)
    153.64
    """
    member = open_chain()[2]
    return float(values[member].mean() - values[~member].mean())


def list_mistakes(start: pd.Timestamp, end: pd.Timestamp) -> tuple[Mistake, ...]:
    """List the wrong answers to the change of a window from the 84 days before it, each with its sentence.

    Examples
    --------
    >>> list_mistakes(START, END)[0].name
    'no_before'
    """
    return (*_list_wrong_windows(start, end), *_list_wrong_scales(start, end), *_list_wrong_comparisons(start, end))


def _list_wrong_windows(start: pd.Timestamp, end: pd.Timestamp) -> tuple[Mistake, ...]:
    """Which days, when the arithmetic is right."""
    first = start - BEFORE
    before = sum_spend(first, start)
    during = sum_spend(start, end)
    short = sum_spend(start, end - DAY, 0) / 2
    long = sum_spend(start, end + DAY, 0) / 2
    before_short = sum_spend(first, start - DAY, 0) / 3
    before_long = sum_spend(first, start + DAY, 0) / 3
    cases = (
        (
            "no_before",
            "That is the gap in the window itself. Take each household's change: window minus the 84 days before.",
            during,
        ),
        (
            "gap_before",
            "That is the gap in the 84 days before. Take each household's change: window minus those days.",
            before,
        ),
        (
            "fifty_six_before",
            "That is with 56 days before. The task asks for 84.",
            during - sum_spend(start - 56 * DAY, start),
        ),
        (
            "last_day_missing",
            "The last day of the window is missing. The window is [start, end): `end` is the first day without it.",
            sum_spend(start, end - DAY) - before,
        ),
        (
            "last_day_missing_but_counted",
            "The last day of the window is missing in the sum, and counted among the days. The window is [start, end): `end` is the first day without it.",
            short - before,
        ),
        (
            "day_after_inside",
            "Your window is a day too long. The window is [start, end): `time < end`.",
            sum_spend(start, end + DAY) - before,
        ),
        (
            "day_after_inside_not_counted",
            "The day after the window is in its sum, and not counted among its days. The window is [start, end): `time < end`.",
            long - before,
        ),
        (
            "before_too_long",
            "The first day of the window stands among your days before as well. They are [start − 84 days, start): `time < start`.",
            during - before_long,
        ),
        (
            "before_too_short",
            "The last day before the window is missing among your days before. They are [start − 84 days, start): they end where the window begins.",
            during - before_short,
        ),
        (
            "both_too_long",
            "Both of your windows hold the day after their end. Windows are [start, end): `time < end`, not `<=`.",
            long - before_long,
        ),
        (
            "both_too_short",
            "The last day is missing in both of your windows. Windows are [start, end): `end` is the first day without them.",
            short - before_short,
        ),
    )
    # On 25 December the shops are closed: that day inside, and not counted, changes nothing
    closed = not sum_spend(end, end + DAY, 0).any()
    harmless = ("day_after_inside_not_counted", "both_too_long") if closed else ()
    return tuple(Mistake(name, says, compare_groups(values)) for name, says, values in cases if name not in harmless)


def _list_wrong_scales(start: pd.Timestamp, end: pd.Timestamp) -> tuple[Mistake, ...]:
    """Per how many days, when the days are the right ones."""
    before = sum_spend(start - BEFORE, start, 0)
    during = sum_spend(start, end, 0)
    change = _compare_large(during / 2 - before / 3)
    return (
        Mistake("per_56_days", "That is per 56 days. Bring it to 28.", multiply_triple(change, 2)),
        Mistake("per_84_days", "That is per 84 days. Bring it to 28.", multiply_triple(change, 3)),
        Mistake(
            "thirty_days",
            "That is per 30 days. The workshop's month has 28: four whole weeks.",
            multiply_triple(change, 30 / 28),
        ),
        Mistake("per_week", "That is per week. Times 4: 28 days are four weeks.", multiply_triple(change, 1 / 4)),
        Mistake("per_day", "That is per day. Times 28.", multiply_triple(change, 1 / 28)),
        Mistake(
            "windows_not_scaled",
            "The windows have 56 and 84 days. Bring both to 28 days before you subtract.",
            _compare_large(during - before),
        ),
        Mistake(
            "before_not_scaled",
            "Your 84 days before are not brought to 28 days: divide them by 3. (The window is right: divided by 2.)",
            _compare_large(during / 2 - before),
        ),
        Mistake(
            "window_not_scaled",
            "Your window is not brought to 28 days: divide it by 2. (The days before are right: divided by 3.)",
            _compare_large(during - before / 3),
        ),
        Mistake(
            "both_halved",
            "You divided both windows by 2. The 84 days before are three times 28: divide them by 3.",
            _compare_large((during - before) / 2),
        ),
    )


def _list_wrong_comparisons(start: pd.Timestamp, end: pd.Timestamp) -> tuple[Mistake, ...]:
    """Which households, and which interval, when the change of each is right."""
    before = sum_spend(start - BEFORE, start)
    during = sum_spend(start, end)
    change = during - before
    right = compare_groups(change)
    return (
        Mistake(
            "weeks_as_customers",
            "The effect is right; the interval is too narrow. It counts the weeks of a household as if they were different households. One household, one change.",
            _count_weeks_as_customers(start, end),
        ),
        Mistake(
            "buyers_only",
            "You kept only households that bought in both windows. Who stopped, or came back, is part of the change.",
            compare_groups(change, (during > 0) & (before > 0)),
        ),
        Mistake(
            "buyers_of_the_window",
            "You kept only households that bought in the window. Who bought before and stopped is part of the change.",
            compare_groups(change, during > 0),
        ),
        Mistake(
            "buyers_before",
            "You kept only households that bought in the days before. Who came back is part of the change.",
            compare_groups(change, before > 0),
        ),
        Mistake(
            "bought_in_either",
            "You left out households that bought in neither window. They count, with a change of zero.",
            compare_groups(change, (during > 0) | (before > 0)),
        ),
        Mistake(
            "others_change_forgotten",
            "That is the change of the members alone. Take off how the others changed.",
            _find_change_of_members(change),
        ),
        Mistake(
            "regressed_on_before",
            "That is a regression of the window on membership and the days before (ANCOVA). It moves members and others towards one level, which fits a lottery. Asked is the change: window minus before, a slope of exactly 1.",
            _regress_on_before(during, before),
        ),
        Mistake(
            "interval_of_the_level",
            "The effect is right; the interval belongs to the gap in the window, not to the change. Put each household's change into `compare_means`.",
            (right[0], *compare_groups(during)[1:]),
        ),
        Mistake(
            "one_standard_error",
            "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
            widen_triple(right, 1 / 1.96),
        ),
        Mistake(
            "windows_as_independent",
            "The effect is right; the interval is too wide. The same households stand in both windows: one change each, then one interval.",
            _add_intervals(right[0], compare_groups(during), compare_groups(before)),
        ),
        Mistake(
            "pooled_variance",
            "The effect is right; the interval has one pooled variance for both groups (Student's). Members vary more than the others: give each group its own (Welch).",
            compare_groups(change, variance="pooled"),
        ),
        Mistake(
            "standard_deviation",
            "The effect is right; your ends are 1.96 standard *deviations* away. That is how far households differ. The standard error of a mean is the deviation divided by the root of its number of households.",
            _widen(right[0], 1.96 * float(change.std())),  # NumPy's, with n
        ),
        Mistake(
            "standard_deviations",
            "The effect is right; your ends are made of the standard *deviations* of both groups. Divide each variance by its number of households before you add them.",
            _widen(right[0], 1.96 * _add_deviations(change)),
        ),
    )


def _compare_large(values: np.ndarray) -> Triple:
    """Compare groups as `compare_groups` does, half-way between Student's interval and the normal one.

    Where numbers are large, these two are further apart than a cent; half-way, an answer by either is recognised.
    """
    effect, low, high = compare_groups(values)
    member = open_chain()[2]
    noise = sum(side.var(ddof=1) / len(side) for side in (values[member], values[~member])) ** 0.5
    return _widen(effect, ((high - low) / 2 + 1.96 * float(noise)) / 2)


def _count_weeks_as_customers(start: pd.Timestamp, end: pd.Timestamp) -> Triple:
    """The right effect, with an interval that takes each week's change of a household for a household of its own."""
    member = open_chain()[2]
    week = pd.Timedelta(days=7)
    before = sum_spend(start - BEFORE, start)
    changes = np.array([sum_spend(day, day + week) - before for day in pd.date_range(start, end - week, freq=week)])
    return take_triple(compare_means(changes[:, member].ravel(), changes[:, ~member].ravel()))


def _add_intervals(effect: float, one: Triple, other: Triple) -> Triple:
    """An interval as if the two windows held different households."""
    half = float(np.hypot(one[2] - one[0], other[2] - other[0]))
    return _widen(effect, half)


def _widen(effect: float, half: float) -> Triple:
    return effect, effect - half, effect + half


def _add_deviations(change: np.ndarray) -> float:
    member = open_chain()[2]
    return float(np.hypot(change[member].std(ddof=1), change[~member].std(ddof=1)))


def _find_change_of_members(change: np.ndarray) -> Triple:
    mine = change[open_chain()[2]]
    return _widen(float(mine.mean()), 1.96 * float(mine.std(ddof=1)) / len(mine) ** 0.5)


def _regress_on_before(during: np.ndarray, before: np.ndarray) -> Triple:
    """Least squares of the window on membership and the days before, with robust (HC0) standard errors."""
    columns = np.column_stack([open_chain()[2], np.ones(len(during)), before]).astype(float)
    inverse = np.linalg.inv(columns.T @ columns)
    slopes = inverse @ columns.T @ during
    scores = columns * (during - columns @ slopes)[:, None]
    noise = inverse @ scores.T @ scores @ inverse
    return _widen(float(slopes[0]), 1.96 * float(noise[0, 0]) ** 0.5)
