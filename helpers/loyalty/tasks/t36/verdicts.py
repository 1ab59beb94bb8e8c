"""A board of verdicts on the eight blind reports of exercise 36: how it is read, what it scores, what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pandas as pd

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import Examination
from loyalty.evaluate.design.sample_ratio import ALARM, check_sample_ratio
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.answers import Mismatch, is_missing
from loyalty.tasks.t36.cases import DEFECTS, Case
from loyalty.tasks.t36.scene import LETTERS, SOUND, uncover
from loyalty.text import say_euros

Wrong = tuple[str | None, str]
SWAPPED = "swapped metric"
# the sound report whose split looks odd; the finest number with nothing behind it
ODD = "U"
LATE = "S"
BOARD = ["decision", "reason"]
FEW = 2  # wrong decisions that are named
SAYS = {
    "refused_everything": "You refuse all eight. That feels safe, and throws {lost} of additional sales away: what "
    "the sound campaigns truly brought, and nobody may plan with.",
    "signed_everything": "You sign all eight. Report {letter} alone then puts {booked} into the plan, of which {came} "
    "ever came.",
    "signed_what_found_something": "You sign what found something and refuse what did not. To be judged is how it was "
    "measured: nothing found is no defect, and a fine number is no proof.",
    "chance_called_a_defect": "A split that one lottery in {chance} makes is odd, not broken. Among many looks "
    "something odd nearly always turns up; this check alarms below p = {alarm:g} only.",
    "null_effect_called_a_defect": "Among those you refuse is a sound campaign that found nothing. If you doubt it for "
    "that: no effect, or a wide interval, is no defect.",
    "sound_success_refused": "You refuse a report with a clear success that was measured well. If you doubt it because "
    "it looks too good: that is no reason.",
    "claim_not_read": "The plan named a number that you call swapped. `Claim()` speaks of sales until told "
    "otherwise: read in each sentence which number the report claims.",
    "without_the_plan": "Something that you sign looks sound until it is held against its plan: when should it have "
    "ended, and which number was to decide? Without plan and claim `examine_campaign` cannot see it either.",
    "fault_not_seen": "Something that you sign is broken. Ask each report every question: the count, the weeks before, "
    "coupons in control, the dates, the rows that are missing, the shape of the ids.",
    "reason_not_there": "Report {letter}: you name {reason}, and that check finds nothing there: {evidence}.",
    "by_ranks": "(This p is by ranks, of sales and orders together; 36c compares the means of sales alone.)",
    "reason_left_out": "Report {letter} is refused without a reason. Which of the ten is it?",
}


@cache
def find_case(letter: str) -> Case:
    """One of the eight, with its truth.

    Examples
    --------
    >>> find_case("P").defect is None
    True
    """
    return uncover()[letter]


@cache
def find_rows(letter: str, window: str = "main") -> pd.DataFrame:
    """Rows of a window that meet the list, one a customer.

    Examples
    --------
    >>> bool(find_rows("P").customer_id.is_unique)
    True
    """
    case = find_case(letter)
    return case.outcomes[case.outcomes.window == window].merge(case.contacts)


def compare(letter: str, outcome: str, window: str = "main", keep: str = "") -> Estimate:
    """Treated minus control; `keep` is a query on the rows.

    Examples
    --------
    >>> round(compare("P", "sales").effect, 2)
    -1.11
    """
    rows = find_rows(letter, window)
    rows = rows.query(keep) if keep else rows
    control = rows.arm == "control"
    return compare_means(rows[outcome][~control], rows[outcome][control])


@cache
def measure_claim(letter: str) -> Estimate:
    """What the report says, and for how many customers.

    Examples
    --------
    >>> round(measure_claim("P").effect, 2)
    -1.11
    """
    return compare(letter, find_case(letter).claim.outcome)


@cache
def find_right() -> pd.DataFrame:
    """The right board.

    Examples
    --------
    >>> find_right().decision.value_counts().to_dict()
    {'refuse': 5, 'sign': 3}
    """
    defects = {letter: find_case(letter).defect for letter in LETTERS}
    rows = {letter: ("refuse" if defect else "sign", defect) for letter, defect in defects.items()}
    return make_board(rows)


def make_board(rows: Mapping[str, tuple[str, str | None]]) -> pd.DataFrame:
    """Make a board of pairs (decision, reason).

    Examples
    --------
    >>> make_board({"P": ("sign", None)}).loc["P", "decision"]
    'sign'
    """
    columns = {name: pd.Series([row[n] for row in rows.values()], dtype=object) for n, name in enumerate(BOARD)}
    return pd.DataFrame(columns).set_axis(pd.Index(list(rows), name="report"))


def read_board(answer: Any) -> pd.DataFrame:
    """Bring a board of verdicts into one form: a row a report, `decision` and `reason`.

    Parameters
    ----------
    answer : dict or DataFrame
        `{"P": ("sign", None), "Q": ("refuse", "survivors"), …}`, or a table with these columns, reports in the index.

    Returns
    -------
    DataFrame

    Raises
    ------
    Mismatch
        A report is missing, a word is unknown, or the two words of a report do not fit.

    Examples
    --------
    >>> read_board({letter: ("sign", None) for letter in "PQRSTUVW"}).decision.unique().tolist()
    ['sign']
    """
    if isinstance(answer, pd.DataFrame):
        table = answer.set_index("report") if "report" in answer else answer
        if not set(BOARD) <= set(table):
            raise Mismatch("A board has the columns `decision` and `reason`.")
        answer = {letter: tuple(row) for letter, row in zip(table.index, table[BOARD].to_numpy(object), strict=True)}
    if not isinstance(answer, Mapping):
        raise Mismatch('A board was asked: {"P": ("sign", None), "Q": ("refuse", "survivors"), …}.')
    given = {str(letter).strip().upper(): verdict for letter, verdict in answer.items()}
    if set(given) != set(LETTERS):
        wrong = sorted(set(given) ^ set(LETTERS))
        raise Mismatch(f"A verdict on each of {', '.join(LETTERS)} was asked; see {', '.join(wrong)}.")
    return make_board({letter: _read_verdict(letter, given[letter]) for letter in LETTERS})


def _read_verdict(letter: str, verdict: Any) -> tuple[str, str | None]:
    if isinstance(verdict, str) or not isinstance(verdict, (tuple, list)) or len(verdict) != 2:
        raise Mismatch(f'{letter}: a pair was asked, such as ("sign", None) or ("refuse", "survivors").')
    decision, reason = (
        None if is_missing(word) else str(word).replace("’", "'").strip().casefold() for word in verdict
    )
    if decision not in ("sign", "refuse"):
        raise Mismatch(f'{letter}: the decision is "sign" or "refuse".')
    if reason is not None and reason not in DEFECTS:
        raise Mismatch(f"{letter}: {reason!r} is none of the ten reasons: {', '.join(DEFECTS)}.")
    if decision == "sign" and reason is not None:
        raise Mismatch(f"{letter}: signed, and yet a reason? To a signature belongs `None`.")
    return decision, reason


def count_points(board: pd.DataFrame) -> pd.DataFrame:
    """Points by report: 1 for the decision, 1 for the reason (of a sound report: none).

    Examples
    --------
    >>> int(count_points(read_board({letter: ("sign", None) for letter in "PQRSTUVW"})).sum().sum())
    6
    """
    right = find_right()
    decided = board.decision == right.decision
    named = board.reason.fillna("") == right.reason.fillna("")
    return pd.DataFrame({"decision": decided, "reason": decided & named}).astype(int)


def _list(letters: Any) -> str:
    *most, last = list(letters)
    return f"{', '.join(most)} and {last}" if most else last


def judge_board(board: pd.DataFrame) -> Wrong:
    """Name what a wrong board shows, and the points; never the right reason.

    Examples
    --------
    >>> judge_board(read_board({letter: ("sign", None) for letter in "PQRSTUVW"}))[0]
    'signed_everything'
    """
    right = find_right()
    points = count_points(board)
    off = {name: points.index[points[name] == 0] for name in points}
    named = off["reason"].difference(off["decision"])
    named = named[board.reason[named].notna()]
    tail = [f"{int(points.to_numpy().sum())} of {points.size} points."]
    # With many wrong decisions the letters are not told: they were hardly decided one by one
    if len(off["decision"]) > FEW:
        tail += [f"{len(off['decision'])} decisions are wrong. Ask every report the same questions."]
    else:
        if len(off["decision"]):
            tail.append(f"Decide {_list(off['decision'])} once more.")
        if len(named):
            tail.append(f"Refused rightly, but for another reason: {_list(named)}.")
    name, says = _find_habit(board, right)
    return name, " ".join([says, *tail]).strip()


def _find_habit(board: pd.DataFrame, right: pd.DataFrame) -> Wrong:
    """The mistake behind a board, the largest first."""
    refused = board.decision == "refuse"
    sound = list(SOUND)
    quiet = pd.Series({letter: bool(measure_claim(letter).p >= 0.05) for letter in LETTERS})
    name = None
    more: dict[str, Any] = {}
    if refused.all():
        lost = sum(find_case(letter).truth * measure_claim(letter).n_treated for letter in SOUND)
        name = "refused_everything"
        more = {"lost": say_euros(lost, 0)}
    elif not refused.any():
        found = measure_claim(LATE)
        true = find_case(LATE).truth
        booked = say_euros(found.effect * found.n_treated, 0)
        came = say_euros(true * found.n_treated, 0)
        name = "signed_everything"
        more = {"letter": LATE, "booked": booked, "came": came}
    elif (refused == quiet).all():
        name = "signed_what_found_something"
    elif ((board.reason == SWAPPED) & (right.reason != SWAPPED)).any():
        name = "claim_not_read"
    elif refused[sound].sum() == 1 and board.reason[ODD] == "sample ratio":
        name = "chance_called_a_defect"
        more = {"chance": round(1 / _test_ratio(ODD)), "alarm": ALARM}
    elif refused[sound].any():
        name = "null_effect_called_a_defect" if refused[sound][quiet[sound]].any() else "sound_success_refused"
        return name, " ".join([*_hold_against_the_checks(board, right), SAYS[name]])
    elif (board.decision[right.reason.isin(["early stop", SWAPPED])] == "sign").any():
        name = "without_the_plan"
    elif not refused[right.index[right.decision == "refuse"]].all():
        name = "fault_not_seen"
    else:
        return _judge_reason(board, right)
    return name, SAYS[name].format(**more) if name else ""


def _hold_against_the_checks(board: pd.DataFrame, right: pd.DataFrame) -> list[str]:
    """What the named checks find in sound reports that are refused, where few decisions are wrong."""
    if (board.decision != right.decision).sum() > FEW:
        return []
    refused = [letter for letter in SOUND if board.decision[letter] == "refuse" and board.reason[letter] is not None]
    return [_say_not_there(letter, board.reason[letter]) for letter in refused]


def _say_not_there(letter: str, reason: str) -> str:
    finding = _examine_case(letter)[reason]
    says = SAYS["reason_not_there"].format(letter=letter, reason=reason, evidence=finding.evidence.rstrip("."))
    return f"{says} {SAYS['by_ranks']}" if reason == "control chosen afterwards" else says


def _judge_reason(board: pd.DataFrame, right: pd.DataFrame) -> Wrong:
    """What the clinic says of the first reason that is another than the right one."""
    for letter in board.index[(board.decision == "refuse") & (right.decision == "refuse")]:
        reason = board.reason[letter]
        if reason is None:
            return "reason_left_out", SAYS["reason_left_out"].format(letter=letter)
        finding = _examine_case(letter)[reason]
        if reason != right.reason[letter] and finding.state != "broken":
            return "reason_not_there", _say_not_there(letter, reason)
    return None, ""


@cache
def _examine_case(letter: str) -> Examination:
    case = find_case(letter)
    return examine_campaign(case.contacts, case.outcomes, case.plan, case.claim)


def _test_ratio(letter: str) -> float:
    shares = (part.split("=") for part in find_case(letter).plan.planned_shares.item().split(", "))
    return check_sample_ratio(find_case(letter).contacts, {arm: float(share) for arm, share in shares}).p
