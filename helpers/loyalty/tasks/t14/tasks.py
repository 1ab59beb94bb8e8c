"""Exercise 14, a late till in June: right answers and the usual wrong ones, all computed from the deliveries."""

from __future__ import annotations

from functools import cache

import pandas as pd

from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t14.scene import JUNE_STORE, LIMITS, open_deliveries, read_delivery

CENT = 0.005
THIRD_DIGIT = 0.0005


@cache
def _whole_june() -> pd.DataFrame:
    return read_delivery("2017-06")


@cache
def _all_lines(*, late: bool = True) -> pd.DataFrame:
    """January to June, June with or without the late file."""
    files = open_deliveries()
    return pd.concat([*files.earlier.values(), _whole_june() if late else files.june], ignore_index=True)


def _label(lines: pd.DataFrame, day: str, *, last_inside: int = LIMITS["active"]) -> pd.Series:
    """Label of each household as of a day, by its days of silence."""
    last = lines[lines.time < day].groupby("customer_id").time.max().dt.normalize()
    days = (pd.Timestamp(day) - last).dt.days
    return pd.cut(days, [0, last_inside, LIMITS["cooling"], 10_000], labels=["active", "cooling", "quiet"]).astype(
        "str"
    )


def _move(lines: pd.DataFrame, start: str, end: str) -> pd.DataFrame:
    """Labels of both days side by side, for households that have one on both."""
    return pd.concat({"before": _label(lines, start), "after": _label(lines, end)}, axis=1, join="inner")


def _count(moves: pd.DataFrame, before: str, after: str) -> float:
    return float(((moves.before == before) & (moves.after == after)).sum())


@cache
def _answer_june() -> Answers:
    files = open_deliveries()
    whole = _whole_june()
    right = float(whole.sales.sum())
    both = pd.concat([files.june, files.june_late])
    others = files.june[files.june.store_id != JUNE_STORE]
    once = both.drop_duplicates(["customer_id", "time", "sales"])
    return Answers(
        right=right,
        praise=f"${right:,.2f} in {len(whole):,} lines. The late file brought ${right - files.june.sales.sum():,.2f}.",
        mistakes=(
            Mistake(
                "double_load",
                "You put both files together, and the lines that came twice count twice. A line is known by `basket_id` and `line_no`: keep each once.",
                float(both.sales.sum()),
            ),
            Mistake(
                "late_file_forgotten",
                "That is the first file alone. The lines that came late belong to June as well.",
                float(files.june.sales.sum()),
            ),
            Mistake(
                "overwritten",
                "That is the late file alone: it took the place of the whole of June. It holds one store only, so it is added to the first file.",
                float(files.june_late.sales.sum()),
            ),
            Mistake(
                "store_overwritten",
                f"You threw out all lines of store {JUNE_STORE} and took the late file for them. But that file begins on 8 June: the store's first days are gone.",
                float(others.sales.sum() + files.june_late.sales.sum()),
            ),
            Mistake(
                "true_repeats_dropped",
                "You dropped lines with the same household, time and amount. Some of them are true: two articles of the same price on one receipt. A line is known by `basket_id` and `line_no`.",
                float(once.sales.sum()),
            ),
            Mistake(
                "half_a_year",
                "That is January to June together. Asked is June.",
                float(_all_lines().sales.sum()),
            ),
            Mistake(
                "late_lines_alone",
                "That is what the late file brought. Asked are the sales of the whole of June.",
                float(whole.sales.sum() - files.june.sales.sum()),
            ),
        ),
    )


@cache
def _answer_known() -> Answers:
    files = open_deliveries()
    then = float(files.june.customer_id.nunique())
    now = float(_whole_june().customer_id.nunique())
    late = float(files.june_late.customer_id.nunique())
    half_year = float(_all_lines().customer_id.nunique())
    return Answers(
        right=(then, now),
        praise=f"{then:,.0f} on 5 July, {now:,.0f} now. Both are right, each on its day.",
        mistakes=(
            Mistake("other_order", "The right numbers in another order: first as known on 5 July.", (now, then)),
            Mistake(
                "known_now_twice",
                "Both are as known now. On 5 July the late file was not there: `store.receipts(known_on='2017-07-05')`.",
                (now, now),
            ),
            Mistake(
                "known_then_twice",
                "Both are as known on 5 July. Load the whole of June on 12 July, with a reason; then `store.receipts()` knows it.",
                (then, then),
            ),
            Mistake(
                "late_ones_added",
                "You added the households of the late file. Most of them had bought in June elsewhere, and are counted already: count different households in all lines of June.",
                (then, then + late),
            ),
            Mistake(
                "late_file_alone",
                "You loaded the late file in the place of June. It holds one store only: put it together with the first file, each line once (14a).",
                (then, late),
            ),
            Mistake(
                "half_a_year",
                "The second number holds the months before as well. Keep the lines of June: `time >= '2017-06-01'`.",
                (then, half_year),
            ),
            Mistake(
                "half_a_year_twice",
                "These are the households of January to June. Keep the lines of June: `time >= '2017-06-01'`.",
                (float(_all_lines(late=False).customer_id.nunique()), half_year),
            ),
            Mistake(
                "lines_for_households",
                "You counted lines. A household counts once: `nunique()`.",
                (float(len(files.june)), float(len(_whole_june()))),
            ),
        ),
    )


@cache
def _answer_moved() -> Answers:
    lines = _all_lines()
    moves = _move(lines, "2017-06-01", "2017-07-01")
    right = _count(moves, "active", "cooling")
    cooling = _label(lines, "2017-07-01").eq("cooling").sum()  # with those who came first in June
    return Answers(
        right=right,
        praise=f"{right:.0f} households. In the other direction went {_count(moves, 'cooling', 'active'):.0f}.",
        mistakes=(
            Mistake(
                "other_direction",
                "That is the other direction: cooling on 1 June, active on 1 July.",
                _count(moves, "cooling", "active"),
            ),
            Mistake(
                "as_known_then",
                "That is as known before the late file came. Asked is what is known now: make the snapshot of 1 July again after loading the whole of June.",
                _count(_move(_all_lines(late=False), "2017-06-01", "2017-07-01"), "active", "cooling"),
            ),
            Mistake(
                "late_file_alone",
                "Far too many: June holds the late file alone, so most households seem silent. Load the whole of June (14a).",
                _count(_move(_late_alone(), "2017-06-01", "2017-07-01"), "active", "cooling"),
            ),
            Mistake(
                "all_who_are_cooling",
                "These are all who are cooling on 1 July. Some of them were cooling on 1 June already.",
                float(cooling),
            ),
            Mistake(
                "net_change",
                "That is how much the *number* of cooling households changed. Some went in while others came out: count those who went from active to cooling.",
                float(cooling - _label(lines, "2017-06-01").eq("cooling").sum()),
            ),
            Mistake(
                "a_month_earlier",
                "That is between 1 May and 1 June. Asked is between 1 June and 1 July.",
                _count(_move(lines, "2017-05-01", "2017-06-01"), "active", "cooling"),
            ),
            Mistake(
                "from_may",
                "You compared 1 May with 1 July. Asked is between 1 June and 1 July.",
                _count(_move(lines, "2017-05-01", "2017-07-01"), "active", "cooling"),
            ),
            Mistake(
                "all_who_moved",
                "These are all who moved. Keep those with `segment_before` active and `segment_after` cooling.",
                float((moves.before != moves.after).sum()),
            ),
            Mistake(
                "thirty_days",
                "Your active households may be silent for 30 days. By the rule they are active up to 28 days.",
                _count_thirty(lines),
            ),
        ),
    )


def _late_alone() -> pd.DataFrame:
    """January to May, and of June the late file alone."""
    files = open_deliveries()
    return pd.concat([*files.earlier.values(), files.june_late], ignore_index=True)


def _count_thirty(lines: pd.DataFrame) -> float:
    """From active to cooling, with thirty days in the place of four weeks."""
    before, after = (_label(lines, day, last_inside=30) for day in ("2017-06-01", "2017-07-01"))
    return _count(pd.concat({"before": before, "after": after}, axis=1, join="inner"), "active", "cooling")


@cache
def _answer_board() -> Answers:
    then, now = _answer_known().right
    return Answers(
        right="B",
        praise=f"{now:,.0f} is what we know, and the board sees why its {then:,.0f} changed.",
        mistakes=(
            Mistake(
                "silently_replaced",
                "The number is right. But the board has the other one in its papers of July, and will ask which of you cannot count. A corrected number comes with its dates and its reason.",
                "A",
            ),
            Mistake(
                "kept_though_wrong",
                "A number that was reported stays readable. It does not stay right: we know now that more households bought.",
                "C",
            ),
            Mistake(
                "mean_of_two",
                "The mean of a right and an outdated number is neither. Nobody ever knew it, on no day.",
                "D",
            ),
        ),
    )


@cache
def _answer_labels() -> Answers:
    moves = _move(_all_lines(), "2017-05-01", "2017-07-01")
    were = moves[moves.before == "cooling"]
    are = moves[moves.after == "cooling"]
    right = float((were.after != "cooling").mean())
    june = _move(_all_lines(), "2017-06-01", "2017-07-01")
    return Answers(
        right=right,
        praise=f"{right:.0%} of them. Joined to July's labels, the letters of May would be judged by other people.",
        mistakes=(
            Mistake(
                "kept_the_label",
                "That is the share that carries the same label. Asked is another one.",
                1 - right,
            ),
            Mistake(
                "from_july_backwards",
                "You took those who are cooling on 1 July, and looked back. Take those who were cooling on 1 May.",
                float((are.before != "cooling").mean()),
            ),
            Mistake(
                "all_households",
                "That is the share of all households. Keep those who were cooling on 1 May.",
                float((moves.before != moves.after).mean()),
            ),
            Mistake(
                "from_june",
                "You began on 1 June. The letters went out on 1 May.",
                float((june[june.before == "cooling"].after != "cooling").mean()),
            ),
            Mistake(
                "active_again",
                "That is the share that is active again. Those who went quiet carry another label too.",
                float((were.after == "active").mean()),
            ),
            Mistake(
                "number_for_share",
                "That is a number of households. Divide by those who were cooling on 1 May.",
                float((were.after != "cooling").sum()),
            ),
        ),
    )


TASKS = (
    Task(
        code="14a",
        asks="one number: the sales of June 2017, in dollars, to the cent, each line once",
        compute=_answer_june,
        tolerance=CENT,
        hints=(
            "Some lines stand in both files. Which two columns say that a line is the same line?",
            "`pd.concat([files.june, files.june_late])`, then `drop_duplicates(['basket_id', 'line_no'])`.",
            "The sum of `sales` of what is left.",
        ),
        close="Close, not it. Is every line in, each of them once, and did you add `sales` (what was paid)?",
    ),
    Task(
        code="14b",
        asks="two whole numbers (as known on 5 July 2017, as known now): households with at least one line in June 2017",
        compute=_answer_known,
        tolerance=0.1,
        hints=(
            "Load June first as it came (recorded_at 2017-07-03), then the whole of June (recorded_at 2017-07-12, with a reason).",
            "`store.receipts(known_on='2017-07-05').df()` and `store.receipts().df()`.",
            "Keep `time >= '2017-06-01'`, then `customer_id.nunique()`.",
        ),
        close="Not it. Which lines are in, known on which day, and does each household count once?",
    ),
    Task(
        code="14c",
        asks="one whole number: households that are active as of 1 June 2017 and cooling as of 1 July 2017, by what is known now",
        compute=_answer_moved,
        tolerance=0.1,
        hints=(
            "For each of the two days: `store.snapshot(day, …)`, `name_silence(store.profile(day))`, `store.place(…)`.",
            "`store.who_moved('silence', '2017-06-01', '2017-07-01')`",
            "Keep the rows with segment_before active and segment_after cooling, and count them.",
        ),
        close="Not it. Are the snapshots made after June was loaded whole, and is it this direction?",
    ),
    Task(
        code="14d",
        asks='one letter: "A", "B", "C" or "D"',
        compute=_answer_board,
        tolerance=0,
        read=read_letter("ABCD"),
        hints=(
            "Who has the other number in his papers?",
            "A number has two dates: when it is true, and when it was known.",
        ),
        close="",
    ),
    Task(
        code="14e",
        asks="one fraction between 0 and 1, to three digits: of the households cooling on 1 May 2017, the share with another label on 1 July 2017",
        compute=_answer_labels,
        tolerance=THIRD_DIGIT,
        hints=(
            "You need a snapshot as of 1 May 2017 as well.",
            "`store.membership('silence')` has each label with its days. Who was cooling on 1 May: `valid_from <= day` and `valid_to` later, or empty.",
            "Of these, the share whose label on 1 July is not cooling.",
        ),
        close="Close, not it. Who is counted, and on which two days?",
    ),
)
