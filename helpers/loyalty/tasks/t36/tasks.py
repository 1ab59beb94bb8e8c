"""Exercise 36, eight blind reports: right answers and the usual wrong ones, all computed from what the teams handed in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.notes import read_note
from loyalty.tasks.checking.triples import say_triple, take_triple
from loyalty.tasks.t36.scene import LETTERS, SOUND
from loyalty.tasks.t36.verdicts import (
    LATE,
    ODD,
    compare,
    find_case,
    find_right,
    find_rows,
    judge_board,
    make_board,
    measure_claim,
    read_board,
)
from loyalty.text import say_euros
from loyalty.world import PRESETS

# the reports of 36b and 36e
LEAKY = "Q"
SWAPPED = "T"
WINDOWS = ("pre", "main", "post")
P_TOLERANCE = 0.0004  # around known mistakes


def _count_split(letter: str) -> tuple[int, int, float]:
    """Customers in control, customers of the list, and the planned share of control."""
    arms = find_case(letter).contacts.arm
    plan = find_case(letter).plan.planned_shares.item()
    share = float(dict(part.split("=") for part in plan.split(", "))["control"])
    return int((arms == "control").sum()), len(arms), share


def _test_split(control: int, n: int, share: float) -> float:
    """The p-value of the chi-squared test of a count against a planned share."""
    return float(stats.chisquare([control, n - control], [share * n, (1 - share) * n]).pvalue)


@cache
def _answer_ratio() -> Answers:
    contacts = find_case(ODD).contacts
    control, n, share = _count_split(ODD)
    bought = find_rows(ODD).query("orders > 0").arm
    arrived = contacts.arm[(contacts.arm == "control") | contacts.delivered.fillna(False).astype(bool)]
    right = _test_split(control, n, share)
    table = [[control, n - control], [round(share * n), n - round(share * n)]]
    return Answers(
        right=right,
        praise=f"p = {right:.4f} by the chi-squared test: {control:,} of {n:,} are {control / n:.2%}, planned were {share:.0%}. One lottery in {1 / right:.0f} is as far off, or more; the alarm rings below {ALARM:g}.",
        mistakes=(
            Mistake(
                "one_sided",
                "That is one side only. A control group can be too small or too large: both tails count.",
                right / 2,
            ),
            Mistake(
                "practically_zero",
                "So far off it is not. Did you test against half and half (the plan says 20 : 80), mix up the order of the arms, or count the rows of all three windows instead of customers?",
                0.0,
            ),
            Mistake(
                "one_minus_p",
                "That is 1 less the p-value. Asked is how often a fair lottery lies so far off.",
                1 - right,
            ),
            Mistake(
                "before_only",
                "That compares what the groups bought before the start. Asked is how many customers each of them has.",
                compare(ODD, "sales", "pre").p,
            ),
            Mistake(
                "orders_before_only",
                "That compares the orders before the start. Asked is how many customers each group has.",
                compare(ODD, "orders", "pre").p,
            ),
            Mistake("expected_count", "That is how many customers control should have. Asked is a p-value.", share * n),
            Mistake(
                "plan_as_sample_with_correction",
                "You compared the list with a second list of the planned size. The plan is known exactly: one sample against fixed shares, `scipy.stats.chisquare`.",
                float(stats.chi2_contingency(table)[1]),
            ),
            Mistake(
                "effect_tested",
                "That is the p-value of the campaign's effect. Asked is the count: do the sizes of the groups fit the plan?",
                measure_claim(ODD).p,
            ),
            Mistake(
                "z_value",
                "That is the z value: by how many standard errors the count is off. Which two-sided probability belongs to it?",
                (control - share * n) / (n * share * (1 - share)) ** 0.5,
            ),
            Mistake(
                "delivered_only",
                "You counted only messages that were delivered. The lottery dealt all customers of the list: count the rows of `contacts`.",
                _test_split(control, len(arrived), share),
            ),
            Mistake("share_of_treated", "That is the share of the treated. Asked is a p-value.", 1 - control / n),
            Mistake(
                "distance",
                "That is by how many standard errors the count is off. Which two-sided probability belongs to it?",
                abs(control - share * n) / (n * share * (1 - share)) ** 0.5,
            ),
            Mistake(
                "buyers_only",
                "You counted those who bought. The lottery dealt customers: count the rows of `contacts`.",
                _test_split(int((bought == "control").sum()), len(bought), share),
            ),
            Mistake(
                "plan_as_sample",
                "You compared the list with a second list of the planned size, as if the plan were dealt by lot too. It is known exactly: one sample against fixed shares.",
                float(stats.chi2_contingency(table, correction=False)[1]),
            ),
            Mistake(
                "the_share",
                "That is the share of control. Asked is how often a fair lottery lies at least so far from 20 %.",
                control / n,
            ),
            Mistake(
                "statistic",
                "That is the test statistic. Which probability belongs to it?",
                float(stats.chisquare([control, n - control], [share * n, (1 - share) * n]).statistic),
            ),
        ),
    )


def judge_ratio(answer: Any) -> tuple[str | None, str]:
    """Say what a p-value shows that is no usual mistake, or lies too near to the right one to be told by its size.

    Examples
    --------
    >>> judge_ratio(0.5)
    (None, 'Not it. Is it the chi-squared test of the counts of report U, both tails, against the planned shares?')
    """
    given = float(answer)
    control, n, share = _count_split(ODD)
    right = _answer_ratio().right
    observed = control / n
    wald = 2 * float(stats.norm.sf(abs(observed - share) / (observed * (1 - observed) / n) ** 0.5))
    if abs(given - wald) <= P_TOLERANCE:
        return (
            "observed_standard_error",
            f"Your standard error is that of the observed share. A fair lottery has the planned share: take √({share:g} × {1 - share:g} ÷ n), or the chi-squared test.",
        )
    exact = float(stats.binomtest(control, n, share).pvalue)
    if abs(given - exact) <= P_TOLERANCE / 4:
        return (
            "exact_binomial",
            "That is the exact binomial test: a good test, and its p differs in the fourth decimal. Asked is the chi-squared test.",
        )
    off = max(abs(control - share * n) - 0.5, 0.0)
    corrected = float(stats.chi2.sf(off**2 / (n * share * (1 - share)), 1))
    if abs(given - corrected) <= P_TOLERANCE / 4:
        return (
            "continuity_correction",
            "That is with the continuity correction. Asked is the chi-squared test without it.",
        )
    if any(given == round(right, digits) for digits in (1, 2, 3)):
        return "too_coarse", "That may be the right p-value, rounded too far: four decimals are asked."
    if abs(abs(given) - abs(share * n - control)) <= 0.5:
        return (
            "customers_missing",
            "That is by how many customers control is off. How often is a fair lottery so far off?",
        )
    others = [letter for letter in LETTERS if letter != ODD]
    same = [letter for letter in others if abs(_test_split(*_count_split(letter)) - given) <= P_TOLERANCE]
    if same:
        return "another_report", f"That is the p-value of the split in report {same[0]}. Asked is report {ODD}."
    name, says = _look_at_numbers([right], [given], P_TOLERANCE, "a fraction")
    says = (
        says
        or f"Not it. Is it the chi-squared test of the counts of report {ODD}, both tails, against the planned shares?"
    )
    return name, says


@cache
def _answer_leak() -> Answers:
    rows = find_rows(LEAKY)
    control, sent = (rows[(rows.arm == "control") == is_control] for is_control in (True, False))
    used = int((control.redeemed > 0).sum())
    share = used / len(control)
    theirs = float((sent.redeemed > 0).mean())
    everybody = pd.concat([find_rows(letter) for letter in LETTERS])
    others = everybody[everybody.arm == "control"]
    values = (
        (
            "redeemed_by_treated",
            "The report is right. Your share is that of the treated: they were meant to redeem. Look at control.",
            theirs,
        ),
        (
            "of_all_customers",
            "The report is right. You divided by all customers of the list. How large a part of *control* is it?",
            used / len(rows),
        ),
        (
            "of_all_redeemers",
            "The report is right. That is the part of all redeemers who were in control. Divide by the customers in control.",
            used / (used + int((sent.redeemed > 0).sum())),
        ),
        (
            "of_buyers",
            "The report is right. You divided by the buyers in control. Customers who did not come belong to control as well.",
            used / int((control.orders > 0).sum()),
        ),
        (
            "part_reached",
            "The report is right. That is the share of control that was *reached*, a good step further. Asked is the share that redeemed.",
            share / theirs,
        ),
        (
            "rows_of_all_windows",
            "The report is right. You divided by the rows of all windows; each customer has three. Divide by customers.",
            used / (3 * len(control)),
        ),
        (
            "everybody",
            "The report is right. That is the share of everybody who redeemed, in both groups. Look at control alone.",
            float((rows.redeemed > 0).mean()),
        ),
        (
            "difference",
            "The report is right. That is the share of the treated less that of control. Asked is that of control.",
            theirs - share,
        ),
        (
            "of_the_treated",
            "The report is right. You divided by the number of the treated. Divide by the customers in *control*.",
            used / len(sent),
        ),
        (
            "of_treated_redeemers",
            "The report is right. You divided by the treated who redeemed. Divide by the customers in *control*.",
            used / int((sent.redeemed > 0).sum()),
        ),
        ("count", "The report is right. That is the number of customers. Which share of control is it?", used),
        ("percent", "The report is right. That is in percent. Asked is a fraction: 1.23 % is 0.0123.", 100 * share),
        (
            "all_reports",
            "The report is right. You divided by the control groups of all eight reports. Divide by that of this report.",
            used / len(others),
        ),
        ("rest", "The report is right. That is the share that did *not* redeem.", 1 - share),
    )
    return Answers(
        right=(LEAKY, share),
        praise=f"{LEAKY}: {used} of {len(control):,}, {share:.2%}. Of the treated {theirs:.1%} redeemed; so about {share / theirs:.0%} of control must have had the coupon.",
        mistakes=tuple(Mistake(name, says, (LEAKY, value)) for name, says, value in values),
    )


def _look_at_numbers(
    right: Sequence[float], given: Sequence[float], tolerance: float, asks: str
) -> tuple[str | None, str]:
    """What any task can meet, in the numbers beside a letter that is right; nothing where nothing is seen."""
    part = Part("", range(1, len(right) + 1), np.array(right, dtype=float), np.array(given, dtype=float))
    return find_generic_mistake([part], tolerance, asks) or (None, "")


def judge_leak(answer: Any) -> tuple[str | None, str]:
    """Say what is wrong with a report and a share that are no usual mistake."""
    letter, share = str(answer[0]).strip().upper(), float(answer[1])
    if letter not in LETTERS:
        return None, f"A report is one letter of {', '.join(LETTERS)}."
    if letter != LEAKY:
        return "another_report", f"In report {letter} nobody in control redeemed. Count `redeemed` in all eight."
    name, says = _look_at_numbers([_answer_leak().right[1]], [share], 0.0001, "a fraction")
    says = says or "The share is not. Who redeemed, divided by all customers of which group?"
    return name, _praise_the_letter("The report", says)


def _praise_the_letter(what: str, says: str) -> str:
    """Say that the letter is right, then what the numbers are."""
    return f"{what} is right. {says}"


@cache
def _answer_before() -> Answers:
    found = compare(LATE, "sales", "pre")
    right = take_triple(found)
    main = compare(LATE, "sales")
    control = found.base
    triples = (
        (
            "during",
            "The report is right. That is the campaign itself, the number of the report. Asked are the four weeks *before*: window `pre`.",
            take_triple(main),
        ),
        (
            "after",
            "The report is right. That is the window after the campaign. Asked is the one before: `pre`.",
            take_triple(compare(LATE, "sales", "post")),
        ),
        (
            "orders",
            "The report is right. These are orders. Asked are sales, in euros.",
            take_triple(compare(LATE, "orders", "pre")),
        ),
        (
            "margin",
            "The report is right. That is margin. Asked are sales, in euros.",
            take_triple(compare(LATE, "margin", "pre")),
        ),
        (
            "buyers_only",
            "The report is right. You left out those who bought nothing before. They are part of both groups, as zeros.",
            take_triple(compare(LATE, "sales", "pre", "orders > 0")),
        ),
        (
            "change",
            "The report is right. That is the change since before, a difference in differences. Asked is only what was there before.",
            take_triple(_change()),
        ),
        (
            "all_windows",
            "The report is right. You added up all three windows. Asked are the four weeks *before*: window `pre`.",
            take_triple(_compare_sum(*WINDOWS)),
        ),
        (
            "before_and_during",
            "The report is right. You added the campaign itself to the weeks before. Asked is the window `pre` alone.",
            take_triple(_compare_sum("pre", "main")),
        ),
        (
            "relative",
            "The report is right. These are parts of what control bought. In euros, please.",
            tuple(end / control for end in right),
        ),
        (
            "percent_of_control",
            "The report is right. These are percent of what control bought. In euros, please.",
            tuple(100 * end / control for end in right),
        ),
        (
            "per_week",
            "The report is right. That is per week. Asked are the four weeks together.",
            tuple(end / 4 for end in right),
        ),
        (
            "totals",
            "The report is right. These are totals of all treated customers. Asked are euros per customer.",
            tuple(end * found.n_treated for end in right),
        ),
    )
    return Answers(
        right=(LATE, *right),
        praise=f"{LATE}: {say_triple(right)} before anything was sent. The report's {say_euros(main.effect)} was there already, and more.",
        mistakes=tuple(Mistake(name, says, (LATE, *value)) for name, says, value in triples),
    )


def judge_before(answer: Any) -> tuple[str | None, str]:
    """Say what is wrong with a report and a gap that are no usual mistake."""
    letter = str(answer[0]).strip().upper()
    if letter not in LETTERS:
        return None, f"A report is one letter of {', '.join(LETTERS)}."
    if letter != LATE:
        p = f"{compare(letter, 'sales', 'pre').p:.4f}"
        return "another_report", f"In report {letter} the gap before has p = {p}. In another one it is clearer."
    found = compare(LATE, "sales", "pre")
    right = take_triple(found)
    numbers = np.array([float(number) for number in answer[1:]])
    # Percent made of cents are off by more than a cent: 0.005 of 17 euros
    if np.allclose(numbers * found.base / 100, right, rtol=0, atol=0.012):
        return "percent_of_control", "The report is right. These are percent of what control bought. In euros, please."
    name, says = _look_at_numbers(right, numbers.tolist(), 0.006, "euros")
    return name, _praise_the_letter("The report", says or "The numbers are not: which window, and is everybody in?")


def _compare_sum(*windows: str, letter: str = LATE) -> Estimate:
    """Sales of several windows added up, treated minus control."""
    sums = pd.concat([find_rows(letter, window) for window in windows]).groupby(["customer_id", "arm"]).sales.sum()
    control = sums.index.get_level_values("arm") == "control"
    return compare_means(sums[~control], sums[control])


def _change() -> Estimate:
    before, during = (find_rows(LATE, window).set_index("customer_id") for window in ("pre", "main"))
    change = during.sales - before.sales.reindex(during.index)
    control = during.arm == "control"
    return compare_means(change[~control], change[control])


def _change_board(**verdicts: tuple[str, str | None]) -> pd.DataFrame:
    rows = {letter: tuple(row) for letter, row in zip(find_right().index, find_right().to_numpy(object), strict=True)}
    return make_board({**rows, **verdicts})


@cache
def _answer_board() -> Answers:
    right = find_right()
    quiet = {letter: measure_claim(letter).p >= 0.05 for letter in LETTERS}
    of = {defect: letter for letter, defect in right.reason.items() if defect}
    broken = ("refuse", "sample ratio")
    swap = ("refuse", "swapped metric")
    boards = (
        _change_board(**dict.fromkeys(SOUND, broken)),
        _change_board(**dict.fromkeys(LETTERS, ("sign", None))),
        make_board(
            {
                letter: ("refuse", right.reason[letter] or "sample ratio") if found else ("sign", None)
                for letter, found in quiet.items()
            }
        ),
        _change_board(**{ODD: broken}),
        _change_board(R=("refuse", "winner's curse")),
        _change_board(R=swap, **{of["broken join"]: swap, of["swapped metric"]: ("sign", None)}),
        _change_board(**{of["early stop"]: ("sign", None), of["swapped metric"]: ("sign", None)}),
        _change_board(**{of["broken join"]: ("refuse", "survivors")}),
    )
    found = [(*judge_board(board), board) for board in boards]
    return Answers(
        right,
        tuple(Mistake(name or "", says, board) for name, says, board in found),
        "16 of 16 points: five refused for the right reason, three signed. Now tell the teams in one sentence each.",
    )


NOTES = {
    "A": (
        "swapped_metric_signed",
        "A is the report once more. Orders were one of several numbers that could have come out well; the plan had named another one.",
    ),
    "C": (
        "no_proof_for_no_effect",
        "C takes “not shown” for “not there”. See how far up the interval of the planned number reaches. Whether that is worth its price is another question than whether the concierge “does nothing”.",
    ),
    "D": (
        "all_thrown_away",
        "D throws a sound wave away. The lottery was fair and the planned number was measured: it can be reported, tonight.",
    ),
}


def _compare_delivered() -> Estimate:
    """Sales of the treated whose message arrived, minus control."""
    rows = find_rows(SWAPPED)
    control = rows.arm == "control"
    arrived = ~control & rows.delivered.fillna(False).astype(bool)
    return compare_means(rows.sales[arrived], rows.sales[control])


@cache
def _answer_note() -> Answers:
    planned = compare(SWAPPED, "sales")
    claimed = measure_claim(SWAPPED)
    rows = find_rows(SWAPPED)
    contact = next(offer.contact for offer in PRESETS["default"]().offers if offer.name == "concierge")
    each = contact + float(rows.reward_paid[rows.arm != "control"].mean())
    noted = (
        ("interval_of_orders", "belongs to orders. The lower end of the *planned* number, please.", claimed.low),
        ("upper_end", "is the upper end. Asked is the lower one.", planned.high),
        ("estimate", "is the estimate. The lower end of its interval, please.", planned.effect),
        ("interval_of_margin", "belongs to margin. The plan names sales.", compare(SWAPPED, "margin").low),
        ("weeks_before", "belongs to the weeks before the start. Asked is `main`.", compare(SWAPPED, "sales", "pre").low),
        ("weeks_after", "belongs to the weeks after the campaign. Asked is `main`.", compare(SWAPPED, "sales", "post").low),
        (
            "buyers_only",
            "leaves out those who bought nothing. They belong to both groups, as zeros.",
            compare(SWAPPED, "sales", keep="orders > 0").low,
        ),
        ("ninety_percent", "is the end of a 90 % interval. Asked are 95 %.", planned.effect - 1.645 * planned.se),
        ("one_standard_error", "is one standard error below the estimate. For 95 % it takes 1.96.", planned.effect - planned.se),
        ("control_minus_treated", "is the lower end of control minus treated. Treated minus control, please.", -planned.high),
        ("all_windows", "adds up all three windows. Asked is `main`.", _compare_sum(*WINDOWS, letter=SWAPPED).low),
        ("delivered_only", "leaves out the treated whose message did not arrive. Compare all of them: control has such customers too, and nobody knows which.", _compare_delivered().low),
        ("contact_paid", "has the contact taken off. Asked are sales.", planned.low - contact),
        ("costs_paid", "has contact and reward taken off. Asked are sales.", planned.low - each),
        ("sign_turned", "has the sign turned: treated minus control, please.", -planned.low),
        ("cents", "is in cents. Asked are euros.", 100 * planned.low),
        ("ninety_nine_percent", "is the end of a 99 % interval. Asked are 95 %.", planned.effect - 2.576 * planned.se),
        ("relative", "is a part of what control bought. Asked are euros.", planned.low / planned.base),
        ("total", "is the total of all treated. Asked are euros per customer.", planned.low * planned.n_treated),
    )  # fmt: skip
    return Answers(
        right=("B", planned.low),
        praise=f"B, from {say_euros(planned.low)} to {say_euros(planned.high)}. To send it to all {len(rows):,} would have cost {say_euros(each * len(rows), 0)}, for a number that nobody had asked for.",
        mistakes=(
            *(Mistake(*NOTES[letter], (letter, planned.low)) for letter in NOTES),
            Mistake(
                "swapped_metric_with_its_interval",
                "A is the report once more, and your number is that of orders. The plan had named sales.",
                ("A", claimed.low),
            ),
            *(Mistake(name, f"B is right; your number {says}", ("B", value)) for name, says, value in noted),
        ),
    )


def judge_note(answer: Any) -> tuple[str | None, str]:
    """Say what is wrong with a note and a number that are no usual mistake: the letter first."""
    letter = str(answer[0]).strip().upper()
    if letter in NOTES:
        return NOTES[letter]
    if letter != "B":
        return None, "The note is one letter: A, B, C or D."
    planned = compare(SWAPPED, "sales")
    given = float(answer[1])
    if abs(given * planned.base / 100 - planned.low) <= 0.006:
        return "percent_of_control", "B is right; your number is in percent of what control bought. Asked are euros."
    name, says = _look_at_numbers([planned.low], [given], 0.006, "euros")
    says = says or "Your number is not. Is it the planned number, the window `main`, and the lower end?"
    return name, _praise_the_letter("B", says)


TASKS = (
    Task(
        code="36a",
        asks="one number: the two-sided p-value of the chi-squared test (without correction) of the counts in report U against its `planned_shares`; to four decimals",
        compute=_answer_ratio,
        tolerance=0.00005,
        slack=P_TOLERANCE,
        judge=judge_ratio,
        hints=(
            "Count the rows of `contacts` by `arm`; the plan's `planned_shares` says what they should be.",
            "`scipy.stats.chisquare(counts, expected)` with both arms in the same order; expected = planned share × all customers.",
            'Or `check_sample_ratio(contacts, {"control": 0.2, "bonus_points": 0.8}).p` from `loyalty.evaluate.design`.',
        ),
    ),
    Task(
        code="36b",
        asks='a pair: the letter of the report in whose control group customers redeemed in the window `main`, and which share of its control group they are, as a fraction to four decimals, such as ("A", 0.0123)',
        compute=_answer_leak,
        tolerance=0.00005,
        read=read_note("".join(LETTERS)),
        judge=judge_leak,
        hints=(
            "`redeemed` is in the outcomes, `arm` in the contacts: join the rows of the window `main` to the list, report by report.",
            'Of the rows with `arm == "control"`: how many have `redeemed > 0`, as a part of all of them?',
        ),
    ),
    Task(
        code="36c",
        asks='a letter and three numbers (letter, effect, low, high): the report with the clearest gap in sales before the start (window `pre`, the smallest p-value), and that gap, treated minus control, euros per customer to the cent, 95 % interval (difference of means ± 1.96 standard errors), such as ("A", 0.12, -0.34, 0.58)',
        compute=_answer_before,
        tolerance=0.005,
        read=read_note("".join(LETTERS)),
        judge=judge_before,
        hints=(
            "The window is called `pre`. Everybody on the list counts; customers who bought nothing count as 0.",
            "`compare_means(treated.sales, control.sales)` from `loyalty.stats` has p, effect, low and high. Ask all eight.",
        ),
    ),
    Task(
        code="36d",
        asks='a board: for each report P to W a pair, ("sign", None) or ("refuse", reason); the reason is one of the ten keys',
        compute=_answer_board,
        tolerance=0,
        read=read_board,
        judge=judge_board,
        hints=(
            f"{len(LETTERS) - len(SOUND)} of the eight are to be refused, each for another reason.",
            "Ask each report the same questions: counts against plan, coupons in control, sales before, dates against plan, rows that are missing, the shape of the ids, and is it the number that the plan named?",
            "Two faults can only be seen beside the plan, one only in the ids, one only in the coupons of control, one in the weeks before.",
            f"To be signed are {', '.join(SOUND)}. A fine number is no proof, and no effect is no defect.",
        ),
    ),
    Task(
        code="36e",
        asks='a pair: the letter of the note that you sign on report T, and the lower end of the 95 % interval of the planned number (treated minus control, window `main`), euros per customer to the cent, such as ("A", -0.12)',
        compute=_answer_note,
        tolerance=0.005,
        read=read_note("ABCD"),
        judge=judge_note,
        hints=(
            "Which number did the plan name? See `primary_metric`.",
            "Treated minus control of that number in the window `main`, with its interval.",
            "Does the interval leave out zero? And is “not shown” the same as “not there”?",
        ),
    ),
)
