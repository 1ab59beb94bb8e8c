"""Exercise 35, the Christmas campaign and the points letter: right answers and usual wrong ones, from the data."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import complete_journey
from loyalty.evaluate.observational.did import difference_in_differences
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.triples import Triple, multiply_triple, take_triple, widen_triple
from loyalty.tasks.t35.letter import answer_grade, answer_like_with_like, answer_witness

START = pd.Timestamp("2017-10-30")
END = pd.Timestamp("2017-12-25")
FAKE = pd.Timestamp("2017-09-04")
BEFORE = pd.Timedelta(days=84)
DAY = pd.Timedelta(days=1)


@cache
def _chain() -> tuple[pd.DataFrame, pd.Index, np.ndarray]:
    chain = complete_journey()
    everyone = pd.Index(chain.customers.customer_id)
    return chain.receipts, everyone, everyone.isin(chain.contacts[chain.contacts.campaign_id == 18].customer_id)


@cache
def _spend(start: pd.Timestamp, end: pd.Timestamp, per: int = 28) -> np.ndarray:
    receipts, everyone, _ = _chain()
    window = receipts[(receipts.time >= start) & (receipts.time < end)]
    total = window.groupby("customer_id").sales.sum().reindex(everyone, fill_value=0).to_numpy()
    return total / (end - start).days * per if per else total


def _compare(values: np.ndarray, keep: np.ndarray | None = None) -> Triple:
    member = _chain()[2]
    keep = np.ones(len(values), dtype=bool) if keep is None else keep
    return take_triple(compare_means(values[member & keep], values[~member & keep]))


def _gap(values: np.ndarray) -> float:
    member = _chain()[2]
    return float(values[member].mean() - values[~member].mean())


def _weeks_as_customers(start: pd.Timestamp, end: pd.Timestamp) -> Triple:
    """The right effect, with an interval that takes each week's change of a household for a household of its own."""
    member = _chain()[2]
    week = pd.Timedelta(days=7)
    before = _spend(start - BEFORE, start)
    changes = np.array([_spend(day, day + week) - before for day in pd.date_range(start, end - week, freq=week)])
    return take_triple(compare_means(changes[:, member].ravel(), changes[:, ~member].ravel()))


@cache
def _answer_naive() -> Answers:
    receipts, everyone, member = _chain()
    during = _spend(START, END)
    bought = during > 0
    right = _gap(during)
    lines = receipts[(receipts.time >= START) & (receipts.time < END)]
    is_member = lines.customer_id.isin(everyone[member])
    return Answers(
        right=right,
        praise=f"${right:.2f} a household and 28 days: a gap, not yet an effect.",
        mistakes=(
            Mistake(
                "buyers_only",
                "You left out the households that bought nothing in the window. They count as zero; `reindex(everyone, fill_value=0)` brings them back.",
                float(during[member & bought].mean() - during[~member & bought].mean()),
            ),
            Mistake(
                "not_per_28_days",
                "These are dollars for the whole 56 days. Divide by the days of the window, times 28.",
                _gap(_spend(START, END, 0)),
            ),
            Mistake(
                "last_day_missing",
                "The last day, 24 December, is missing. The window is [start, end) and `end` is 25 December.",
                float(_gap(_spend(START, END - DAY))),
            ),
            Mistake(
                "day_after_inside",
                "25 December is inside. The window is [start, end): `time < end`.",
                _gap(_spend(START, END + DAY)),
            ),
            Mistake(
                "last_day_missing_but_counted",
                "The last day, 24 December, is missing in the sum, and counted among the days. The window is [start, end) and `end` is 25 December.",
                _gap(_spend(START, END - DAY, 0)) / 56 * 28,
            ),
            Mistake(
                "first_day_missing",
                "The first day, 30 October, is missing. The window is [start, end): `time >= start`.",
                _gap(_spend(START + DAY, END, 0)) / 56 * 28,
            ),
            Mistake(
                "divided_by_55",
                "You divided by 55 days. From 30 October to 24 December, both inside, there are 56: `(end - start).days`.",
                _gap(_spend(START, END, 0)) / 55 * 28,
            ),
            Mistake(
                "the_weeks_before",
                "That is the gap in the 84 days before. Asked is the campaign itself.",
                _gap(_spend(START - BEFORE, START)),
            ),
            Mistake(
                "the_change",
                "That is the change since the 84 days before, 35b. Asked is the gap during the campaign.",
                _gap(_spend(START, END) - _spend(START - BEFORE, START)),
            ),
            Mistake(
                "ratio",
                "That is how many times as much members spent. Asked is a difference in dollars.",
                float(during[member].mean() / during[~member].mean()),
            ),
            Mistake(
                "thirty_days",
                "That is per 30 days. The workshop's month has 28: four whole weeks.",
                _gap(_spend(START, END, 30)),
            ),
            Mistake("per_week", "That is per week. Times 4: 28 days are four weeks.", right / 4),
            Mistake(
                "thirty_one_days",
                "That is per 31 days. The workshop's month has 28: four whole weeks.",
                _gap(_spend(START, END, 31)),
            ),
            Mistake(
                "others_only",
                "That is what the others spent. Members minus others, please.",
                float(during[~member].mean()),
            ),
            Mistake(
                "percent_more",
                "That is by how many percent members spent more. Asked are dollars.",
                float(during[member].mean() / during[~member].mean() * 100 - 100),
            ),
            Mistake(
                "starts_in_november",
                "Two days are missing at the start: the campaign began on 30 October 2017.",
                _gap(_spend(START + 2 * DAY, END)),
            ),
            Mistake(
                "first_day_missing_and_not_counted",
                "The first day, 30 October, is missing, in the sum and among the days. The window is [start, end): `time >= start`.",
                _gap(_spend(START + DAY, END)),
            ),
            Mistake("per_day", "That is per day. Times 28.", _gap(_spend(START, END, 1))),
            Mistake(
                "members_only",
                "That is what members spent. Take off what the others spent.",
                float(during[member].mean()),
            ),
            Mistake(
                "against_everybody",
                "You compared members with all households, members among them. Compare with the others.",
                float(during[member].mean() - during.mean()),
            ),
            Mistake(
                "totals",
                "These are totals of groups of different size. Take the mean per household.",
                float(during[member].sum() - during[~member].sum()),
            ),
            Mistake(
                "medians",
                "That is a difference of medians. Means were asked: times the number of households they give the money.",
                float(np.median(during[member]) - np.median(during[~member])),
            ),
            Mistake(
                "lines_as_unit",
                "That is the difference per receipt line. The household is the unit.",
                float(lines.sales[is_member].mean() - lines.sales[~is_member].mean()),
            ),
        ),
    )


def _add_intervals(effect: float, one: Triple, other: Triple) -> Triple:
    """An interval as if the two windows held different households."""
    half = float(np.hypot(one[2] - one[0], other[2] - other[0]))
    return effect, effect - half, effect + half


def _mistakes_of_change(start: pd.Timestamp, end: pd.Timestamp) -> tuple[Mistake, ...]:
    before = _spend(start - BEFORE, start)
    during = _spend(start, end)
    totals = _spend(start, end, 0) - _spend(start - BEFORE, start, 0)
    change = _compare(during - before)
    return (
        Mistake(
            "no_before",
            "That is the gap in the window itself. Take each household's change: window minus the 84 days before.",
            _compare(during),
        ),
        Mistake(
            "weeks_as_customers",
            "The effect is right; the interval is too narrow. It counts the weeks of a household as if they were different households. One household, one change.",
            _weeks_as_customers(start, end),
        ),
        Mistake(
            "buyers_only",
            "You kept only households that bought in both windows. Who stopped, or came back, is part of the change.",
            _compare(during - before, (during > 0) & (before > 0)),
        ),
        Mistake(
            "interval_of_the_level",
            "The effect is right; the interval belongs to the gap in the window, not to the change. Put each household's change into `compare_means`.",
            (change[0], *_compare(during)[1:]),
        ),
        Mistake(
            "one_standard_error",
            "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
            widen_triple(change, 1 / 1.96),
        ),
        Mistake(
            "windows_as_independent",
            "The effect is right; the interval is too wide. The same households stand in both windows: one change each, then one interval.",
            _add_intervals(change[0], _compare(during), _compare(before)),
        ),
        Mistake(
            "gap_before",
            "That is the gap in the 84 days before. Take each household's change: window minus those days.",
            _compare(before),
        ),
        Mistake(
            "fifty_six_before",
            "That is with 56 days before. The task asks for 84.",
            _compare(during - _spend(start - 56 * DAY, start)),
        ),
        Mistake(
            "per_56_days",
            "That is per 56 days. Bring it to 28.",
            multiply_triple(change, 2),
        ),
        Mistake(
            "last_day_missing",
            "The last day of the window is missing. The window is [start, end): `end` is the first day without it.",
            _compare(_spend(start, end - DAY) - before),
        ),
        Mistake(
            "day_after_inside",
            "Your window is a day too long. The window is [start, end): `time < end`.",
            _compare(_spend(start, end + DAY) - before),
        ),
        Mistake(
            "bought_in_either",
            "You left out households that bought in neither window. They count, with a change of zero.",
            _compare(during - before, (during > 0) | (before > 0)),
        ),
        Mistake(
            "others_change_forgotten",
            "That is the change of the members alone. Take off how the others changed.",
            _change_of_members(during - before),
        ),
        Mistake(
            "per_day",
            "That is per day. Times 28.",
            multiply_triple(change, 1 / 28),
        ),
        Mistake(
            "windows_not_scaled",
            "The windows have 56 and 84 days. Bring both to 28 days before you subtract.",
            _compare(totals),
        ),
    )


def _change_of_members(change: np.ndarray) -> Triple:
    mine = change[_chain()[2]]
    half = 1.96 * float(mine.std(ddof=1)) / len(mine) ** 0.5
    effect = float(mine.mean())
    return effect, effect - half, effect + half


@cache
def _answer_change() -> Answers:
    right = _compare(_spend(START, END) - _spend(START - BEFORE, START))
    return Answers(
        right=right,
        praise=f"{_dollars(right[0])}, and zero lies inside the interval ({_dollars(right[1])} to {_dollars(right[2])}).",
        mistakes=(
            *_mistakes_of_change(START, END),
            Mistake(
                "other_window",
                "That is with 28 days before. The task asks for 84; that the answer changes is a finding of its own.",
                _compare(_spend(START, END) - _spend(START - 28 * DAY, START)),
            ),
            Mistake(
                "half_a_year",
                "That is with 180 days before. The task asks for 84; that even the sign changes is a finding of its own.",
                _compare(_spend(START, END) - _spend(START - 180 * DAY, START)),
            ),
        ),
    )


@cache
def _answer_placebo() -> Answers:
    right = _compare(_spend(FAKE, START) - _spend(FAKE - BEFORE, FAKE))
    return Answers(
        right=right,
        praise=f"{_dollars(right[0])} ({_dollars(right[1])} to {_dollars(right[2])}) before campaign 18 had begun.",
        mistakes=(
            *_mistakes_of_change(FAKE, START),
            Mistake(
                "campaign_inside",
                "Your window runs into the campaign. It ends before 30 October.",
                _compare(_spend(FAKE, END) - _spend(FAKE - BEFORE, FAKE)),
            ),
            Mistake(
                "the_campaign_again",
                "That is 35b again. Move both windows: the method is asked about 4 September, not about 30 October.",
                _compare(_spend(START, END) - _spend(START - BEFORE, START)),
            ),
            Mistake(
                "other_window",
                "That is with 28 days before. The task asks for 84, as in 35b.",
                _compare(_spend(FAKE, START) - _spend(FAKE - 28 * DAY, FAKE)),
            ),
            Mistake(
                "half_a_year",
                "That is with 180 days before. The task asks for 84, as in 35b.",
                _compare(_spend(FAKE, START) - _spend(FAKE - 180 * DAY, FAKE)),
            ),
            Mistake(
                "wrong_before",
                "Your 84 days end on 30 October. They end where the fake window begins, on 4 September.",
                _compare(_spend(FAKE, START) - _spend(START - BEFORE, START)),
            ),
        ),
    )


@cache
def _answer_sentence() -> Answers:
    receipts, everyone, member = _chain()
    evidence = difference_in_differences(receipts, treated=everyone[member], start=START, end=END, customers=everyone)
    right = "D" if evidence.placebo_fails or evidence.windows_disagree else "B"
    effects = {e.details["pre_days"]: e.effect for e in evidence.estimates}
    says = {
        "A": "That gap was there before the campaign, and nearly as large. Look at your 35c: the groups differ without any campaign.",
        "B": f"${effects[84]:.2f} with 84 days before, yes; with 28 it is ${effects[28]:.2f}, with 180 it is −${abs(effects[180]):.2f}, and your 35c "
        "finds more than that where there was no campaign.",
        "C": f"With 180 days before, −${abs(effects[180]):.2f}; with 84 days plus ${effects[84]:.2f}. A sign that depends on the window is no result.",
        "D": "The placebo dates pass and the windows agree: something can be said.",
    }
    return Answers(
        right=right,
        praise="Without campaign 18 the gap moves more than any of the estimates.",
        mistakes=tuple(Mistake(f"signed_{letter}", text, letter) for letter, text in says.items() if letter != right),
    )


def judge_letter(answer: Any) -> tuple[str | None, str]:
    """A text that is none of the four letters."""
    return None, f"The answer is one letter: A, B, C or D; you gave “{answer}”."


def _dollars(value: float, digits: int = 2) -> str:
    return f"{'−' if value < 0 else ''}${abs(value):,.{digits}f}"


_TRIPLE = "three numbers (effect, low, high), dollars per household and 28 days, members minus others, to the cent, 95 % interval (± 1.96 standard errors)"
_LETTER = "three numbers (effect, low, high), euros per invited customer and 28 days, to the cent, 95 % interval (± 1.96 standard errors)"
TASKS = (
    Task(
        code="35a",
        asks="one number: dollars per household and 28 days, members minus others, window [30 October 2017, 25 December 2017), to the cent",
        compute=_answer_naive,
        tolerance=0.01,
        hints=(
            "Per household the sum of `sales` in the window; a household that bought nothing gets 0.",
            "Divide by 56 days, times 28.",
            "Mean of the members minus mean of the others.",
        ),
        close="Close, not it. Which days are in, and does every household count?",
    ),
    Task(
        code="35b",
        asks=f"{_TRIPLE}; window [30 October 2017, 25 December 2017), change from the 84 days before it",
        compute=_answer_change,
        tolerance=0.015,
        hints=(
            "Per household: dollars per 28 days in the window, minus dollars per 28 days in the 84 days before.",
            "Then compare the mean change of members and others, as in 35a.",
            "`loyalty.stats.intervals.compare_means(change[member], change[~member])` gives effect, low and high.",
        ),
        close="Close, not it. Is the window before [7 August, 30 October), and is each household one change?",
    ),
    Task(
        code="35c",
        asks=f"{_TRIPLE}; window [4 September 2017, 30 October 2017), change from the 84 days before it",
        compute=_answer_placebo,
        tolerance=0.015,
        hints=(
            "Only the dates change: `fake = pd.Timestamp('2017-09-04')`.",
            "The window is [fake, start), the 84 days before are [fake - 84 days, fake).",
        ),
        close="Close, not it. Check both windows: [4 September, 30 October) and the 84 days before 4 September.",
    ),
    Task(
        code="35d",
        asks='one letter: "A", "B", "C" or "D"',
        compute=_answer_sentence,
        tolerance=0,
        judge=judge_letter,
        hints=("Compare 35b with 35c.", "What does the method find where there is nothing to find?"),
        close="",
    ),
    Task(
        code="35e",
        asks=f"{_LETTER}; effect on the invited whom a chance decided, compared within the classes of `group`",
        compute=answer_like_with_like,
        tolerance=0.015,
        hints=(
            "Everybody who spent more than €60 was invited: leave that class out.",
            "Within each class: mean of the invited less mean of the others. Then the mean of these gaps, weighed by the invited customers of each class.",
            '`compare_strata(some, treated="invited", outcome="sales", by="group")` does it, with the interval.',
        ),
        close="Close, not it. Two classes, the invited as weights, Welch's kind of interval within each class?",
    ),
    Task(
        code="35f",
        asks=f"{_LETTER}; the same method on the column `witness`",
        compute=answer_witness,
        tolerance=0.015,
        hints=("The call of 35e, with outcome='witness'.", "`.effect`, `.low`, `.high`"),
        close="Close, not it. Same customers, same classes, other outcome.",
    ),
    Task(
        code="35g",
        asks='one letter: "A", "B", "C" or "D"',
        compute=answer_grade,
        tolerance=0,
        judge=judge_letter,
        hints=(
            "Which days decided who was invited, and which sentence compares with them?",
            "What did your witness find? And of whom does 35e speak?",
        ),
        close="",
    ),
)
