"""Exercise 36, eight blind reports: right answers and the usual wrong ones, all computed from what the teams handed in."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.grading import Answers, Mistake, Task
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


@cache
def _answer_ratio() -> Answers:
    arms = find_case(ODD).contacts.arm
    plan = find_case(ODD).plan.planned_shares.item()
    share = float(dict(part.split("=") for part in plan.split(", "))["control"])
    n = len(arms)
    control = int((arms == "control").sum())
    bought = find_rows(ODD).query("orders > 0").arm
    half = np.array([n / 2, n / 2])

    def test(found: int, total: int, planned: float) -> float:
        return float(stats.chisquare([found, total - found], [planned * total, (1 - planned) * total]).pvalue)

    right = test(control, n, share)
    table = [[control, n - control], [round(share * n), n - round(share * n)]]
    return Answers(
        right=right,
        praise=f"p = {right:.4f}: {control:,} of {n:,} are {control / n:.2%}, planned were {share:.0%}. One lottery in {1 / right:.0f} is as far off, or more; the alarm rings below {ALARM:g}.",
        mistakes=(
            Mistake(
                "one_sided",
                "That is one side only. A control group can be too small or too large: both tails count.",
                right / 2,
            ),
            Mistake(
                "equal_split",
                "You tested against half and half. The plan says 20 : 80; see `planned_shares`.",
                float(stats.chisquare([control, n - control], half).pvalue),
            ),
            Mistake(
                "buyers_only",
                "You counted those who bought. The lottery dealt customers: count the rows of `contacts`.",
                test(int((bought == "control").sum()), len(bought), share),
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


@cache
def _answer_leak() -> Answers:
    rows = find_rows(LEAKY)
    control, sent = (rows[(rows.arm == "control") == is_control] for is_control in (True, False))
    used = int((control.redeemed > 0).sum())
    right = used / len(control)
    theirs = float((sent.redeemed > 0).mean())
    return Answers(
        right=right,
        praise=f"{used} of {len(control):,}, {right:.2%}. Of the treated {theirs:.1%} redeemed; so about {right / theirs:.0%} of control must have had the coupon.",
        mistakes=(
            Mistake(
                "redeemed_by_treated",
                "That is the share of the treated. They were meant to redeem; look at control.",
                theirs,
            ),
            Mistake(
                "of_all_customers",
                "You divided by all customers of the list. How large a part of *control* is it?",
                used / len(rows),
            ),
            Mistake(
                "of_all_redeemers",
                "That is the part of all redeemers who were in control. Divide by the customers in control.",
                used / (used + int((sent.redeemed > 0).sum())),
            ),
            Mistake(
                "of_buyers",
                "You divided by the buyers in control. Who did not come was reached as well: divide by all of control.",
                used / int((control.orders > 0).sum()),
            ),
            Mistake(
                "part_reached",
                "That is the share of control that was *reached*, a good step further. Asked is the share that redeemed.",
                right / theirs,
            ),
            Mistake(
                "rows_of_all_windows",
                "You divided by the rows of all windows; each customer has three. Divide by customers.",
                used / (3 * len(control)),
            ),
        ),
    )


@cache
def _answer_before() -> Answers:
    right = take_triple(compare(LATE, "sales", "pre"))
    main = compare(LATE, "sales")
    control = compare(LATE, "sales", "pre").base
    return Answers(
        right=right,
        praise=f"{say_triple(right)} before anything was sent. The report's {say_euros(main.effect)} was there already, and more.",
        mistakes=(
            Mistake(
                "during",
                "That is the campaign itself, the number of the report. Asked are the four weeks *before*: window `pre`.",
                take_triple(main),
            ),
            Mistake(
                "after",
                "That is the window after the campaign. Asked is the one before: `pre`.",
                take_triple(compare(LATE, "sales", "post")),
            ),
            Mistake(
                "orders", "These are orders. Asked are sales, in euros.", take_triple(compare(LATE, "orders", "pre"))
            ),
            Mistake(
                "margin", "That is margin. Asked are sales, in euros.", take_triple(compare(LATE, "margin", "pre"))
            ),
            Mistake(
                "buyers_only",
                "You left out those who bought nothing before. They are part of both groups, as zeros.",
                take_triple(compare(LATE, "sales", "pre", "orders > 0")),
            ),
            Mistake(
                "one_standard_error",
                "The effect is right; the interval is one standard error to each side. For 95 % it takes 1.96.",
                tuple(right[0] + (end - right[0]) / 1.96 for end in right),
            ),
            Mistake(
                "change",
                "That is the change since before, a difference in differences. Asked is only what was there before.",
                take_triple(_change()),
            ),
            Mistake(
                "relative",
                "These are parts of what control bought. In euros, please.",
                tuple(end / control for end in right),
            ),
        ),
    )


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


@cache
def _answer_note() -> Answers:
    planned = compare(SWAPPED, "sales")
    claimed = measure_claim(SWAPPED)
    rows = find_rows(SWAPPED)
    right = ("B", planned.low)
    contact = next(offer.contact for offer in PRESETS["default"]().offers if offer.name == "concierge")
    each = contact + float(rows.reward_paid[rows.arm != "control"].mean())
    return Answers(
        right=right,
        praise=f"B, from {say_euros(planned.low)} to {say_euros(planned.high)}. To send it to all {len(rows):,} would have cost {say_euros(each * len(rows), 0)}, for a number that nobody had asked for.",
        mistakes=(
            Mistake(
                "swapped_metric_signed",
                "A is the report once more. Orders were one of several numbers that could have come out well; the plan had named sales.",
                ("A", planned.low),
            ),
            Mistake(
                "swapped_metric_with_its_interval",
                "A is the report once more, and your number is that of orders. The plan had named sales.",
                ("A", claimed.low),
            ),
            Mistake(
                "no_proof_for_no_effect",
                f"C takes “not shown” for “not there”: the interval reaches up to {say_euros(planned.high)} of sales a customer. Whether that is worth its price is another question than whether it “does nothing”.",
                ("C", planned.low),
            ),
            Mistake(
                "all_thrown_away",
                "D throws a sound wave away. The lottery was fair and the planned number was measured: it can be reported, tonight.",
                ("D", planned.low),
            ),
            Mistake(
                "interval_of_orders",
                "B is right; your number belongs to orders. The lower end of the *planned* number, please.",
                ("B", claimed.low),
            ),
            Mistake("upper_end", "B is right; that is the upper end.", ("B", planned.high)),
            Mistake(
                "estimate",
                "B is right; that is the estimate. The lower end of its interval, please.",
                ("B", planned.effect),
            ),
            Mistake(
                "interval_of_margin",
                "B is right; your number belongs to margin. The plan names sales.",
                ("B", compare(SWAPPED, "margin").low),
            ),
        ),
    )


TASKS = (
    Task(
        code="36a",
        asks="one number: the two-sided p-value of the sample ratio in report U, against its `planned_shares`; to four decimals",
        compute=_answer_ratio,
        tolerance=0.0006,
        hints=(
            "Count the rows of `contacts` by `arm`; the plan's `planned_shares` says what they should be.",
            "`scipy.stats.chisquare(counts, expected)` with both arms in the same order; expected = planned share × all customers.",
            'Or `check_sample_ratio(contacts, {"control": 0.2, "bonus_points": 0.8}).p` from `loyalty.evaluate.design`.',
        ),
        close="Close, not it. Both tails, and against the planned shares?",
    ),
    Task(
        code="36b",
        asks="one number: the share of the control group of report Q that redeemed the coupon, as a fraction to four decimals",
        compute=_answer_leak,
        tolerance=0.0001,
        hints=(
            "`redeemed` is in the outcomes, `arm` in the contacts: join the rows of the window `main` to the list.",
            'Of the rows with `arm == "control"`: how many have `redeemed > 0`, as a part of all of them?',
        ),
        close="Close, not it. Whom did you divide by?",
    ),
    Task(
        code="36c",
        asks="three numbers (effect, low, high): sales in the four weeks before the start in report S, treated minus control, euros per customer to the cent, 95 % interval",
        compute=_answer_before,
        tolerance=0.006,
        hints=(
            "The window is called `pre`. Everybody on the list counts, who bought nothing with 0.",
            "`compare_means(treated.sales, control.sales)` from `loyalty.stats.intervals` has effect, low and high.",
        ),
        close="Close, not it. Which window, and is everybody in?",
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
        asks="a pair: the letter of the note that you sign on report T, and the lower end of the 95 % interval of the planned number, euros per customer to the cent",
        compute=_answer_note,
        tolerance=0.006,
        hints=(
            "Which number did the plan name? See `primary_metric`.",
            "Treated minus control of that number in the window `main`, with its interval.",
            "Does the interval leave out zero? And is “not shown” the same as “not there”?",
        ),
        close="Close, not it. Is it the planned number, and its lower end?",
    ),
)
