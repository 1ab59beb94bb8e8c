"""Checks an exercise's answer: right, not answered yet, or wrong with the usual mistake that it shows."""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tables.arguments import check_arguments
from loyalty.tasks.checking import progress
from loyalty.tasks.checking.alignment import Part, align, distance
from loyalty.tasks.checking.answers import Mismatch, kind_of
from loyalty.tasks.checking.cards import render_card
from loyalty.tasks.checking.diagnosis import (
    are_mostly_right,
    find_generic_mistake,
    find_rounded_mistake,
    is_same_size,
    say_rounding,
    say_where,
)
from loyalty.tasks.checking.mistakes import Mistake, find_mistakes, find_reach, name_mistakes
from loyalty.text import render_text

__all__ = ["Answers", "CheckResult", "Mistake", "Task", "check", "distance", "find_task", "list_tasks"]

SIGNS = {"right": "✅", "unanswered": "⬜", "wrong": "❌"}
FOLDER = re.compile(r"t\d\d")


@dataclass(frozen=True, eq=False)
class Answers:
    """The right answer, the tempting wrong ones, and one sentence that reads the right number back.

    `near` holds mistakes that lie too near to others for the rule of five tolerances. Where a rounded answer fits more
    than one mistake, the learner reads them all.
    """

    right: Any
    mistakes: tuple[Mistake, ...]
    praise: str = ""
    near: tuple[Mistake, ...] = ()


@dataclass(frozen=True, eq=False)
class Task:
    """One task of an exercise.

    Parameters
    ----------
    code : str
        Lesson and letter, such as "12a".
    asks : str
        The deliverable: type, unit, window, rounding.
    compute : callable
        Returns the `Answers`, computed from the data, never constants; memoised with `functools.cache`.
    tolerance : float
        In the answer's unit; wrong answers must differ from the right one and each other by more than five. Half a unit
        of the last decimal that `asks` names, at most; two units where it says "about", because several ways are right.
    hints : tuple of str
        From the first nudge to the last step before the solution.
    close : str
        What to ask when an answer has the right order of size but is none of the known ones. Empty: what the task asks
        is said once more.
    key : str or tuple of str, optional
        Columns that identify a table's rows; by default the right table's index.
    read : callable, optional
        Brings an answer into the form of the right one; raises `Mismatch` with the sentence that the learner reads.
    judge : callable, optional
        What a readable answer shows that is neither right nor a known mistake as a whole: (name or None, sentence); an
        empty sentence leaves it to what any task can meet.
    slack : float, optional
        How far an answer may be from a known mistake that it shows, where the same mistake is made in ways that differ
        a little (n for n − 1, Student's quantile for 1.96); the tolerance by default, and never less.
    first : callable, optional
        Returns the `Answers` without mistakes, where these take seconds to compute: a right answer does not wait.

    Raises
    ------
    ValueError
        When the code or the tolerance cannot be meant.

    Examples
    --------
    >>> Task("99a", "How many? A whole number.", lambda: Answers(3, ()), 0.5, ("Count.",)).code
    '99a'
    """

    code: str
    asks: str
    compute: Callable[[], Answers]
    tolerance: float
    hints: tuple[str, ...]
    close: str = "Close, but not it."
    key: str | tuple[str, ...] | None = None
    read: Callable[[Any], Any] | None = None
    judge: Callable[[Any], tuple[str | None, str]] | None = None
    slack: float = 0.0
    first: Callable[[], Answers] | None = None

    def __post_init__(self) -> None:
        if not re.fullmatch(r"\d\d[a-z]", self.code):
            raise ValueError(f"a task's code is two digits and a letter, such as 12a; this one is {self.code!r}")
        if not self.tolerance >= 0:
            raise ValueError(f"task {self.code}: the tolerance is {self.tolerance}; it cannot be below zero")

    @property
    def repeats(self) -> str:
        """The sentence that repeats what is asked."""
        return f"Asked: {self.asks.rstrip('.')}."


@dataclass(frozen=True)
class CheckResult:
    """What `check` found: `status` ("right", "unanswered", "wrong"), the `mistake`'s name or None, the `message`."""

    code: str
    status: str
    mistake: str | None
    message: str

    def __repr__(self) -> str:
        return f"{SIGNS[self.status]} {self.code}  {self.message}"

    def _repr_html_(self) -> str:
        return render_card(SIGNS[self.status], self.code, render_text(self.message))


@check_arguments
def check(code: str, answer: Any) -> CheckResult:
    """Check the answer of a task; it never raises, and never changes the answer.

    It is no exam: the answers can be read in the package, and a ❌ names the usual mistake.

    Parameters
    ----------
    code : str
        The task, such as "12a".
    answer : any
        A number, text, date, True or False, set, sequence, Series or table, as the task asks; `...` is "not yet".

    Returns
    -------
    CheckResult
        Shows as ✅, ⬜ or ❌ with one message.

    Examples
    --------
    >>> check("00z", 1).status
    'unanswered'
    """
    try:
        task = find_task(code)
    except KeyError as problem:
        return CheckResult(str(code), "unanswered", None, str(problem.args[0]))
    try:
        if _is_open(answer):
            result = CheckResult(task.code, "unanswered", None, f"Not answered yet. {task.repeats}")
        elif praise := _praise_at_once(task, answer):
            result = CheckResult(task.code, "right", None, praise)
        else:
            result = CheckResult(task.code, *_grade(task, answer))
    except Exception as problem:  # an answer may be any object, with any behaviour
        kind = f"An object of type {type(answer).__name__} could not be read ({type(problem).__name__})."
        result = CheckResult(task.code, "wrong", None, f"{kind} {task.repeats}")
    progress.record(result.code, result.status, result.mistake)
    return result


def find_task(code: str) -> Task:
    """Find a task by its code: "12a" is in the module `loyalty.tasks.t12_…`.

    Parameters
    ----------
    code : str

    Returns
    -------
    Task

    Raises
    ------
    KeyError
        With one plain sentence that lists the lesson's codes.

    Examples
    --------
    >>> find_task("hello")
    Traceback (most recent call last):
    KeyError: "There is no task 'hello'. A code is the lesson and a letter, such as 12a."
    """
    wanted = code.strip().lower() if isinstance(code, str) else ""
    if not re.fullmatch(r"\d\d[a-z]+", wanted):
        raise KeyError(f"There is no task {str(code)[:20]!r}. A code is the lesson and a letter, such as 12a.")
    codes = []
    for tasks in list_tasks(wanted[:2]).values():
        for task in tasks:
            if task.code == wanted:
                return task
            codes.append(task.code)
    has = f"Lesson {wanted[:2]} has {', '.join(codes)}." if codes else f"Lesson {wanted[:2]} has no tasks."
    raise KeyError(f"There is no task {wanted!r}. {has}")


def list_tasks(lesson: str = "") -> dict[str, tuple[Task, ...]]:
    """List the tasks of one lesson, or of all.

    Parameters
    ----------
    lesson : str, optional
        Two digits; all lessons by default.

    Returns
    -------
    dict
        Lesson's name (such as "12_customer_profile") -> its tasks.

    Examples
    --------
    >>> list_tasks("00")
    {}
    """
    package = importlib.import_module("loyalty.tasks")
    names = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if FOLDER.fullmatch(m.name))
    listed = {}
    for name in names:
        if name.startswith(f"t{lesson}"):
            stem = importlib.import_module(f"loyalty.tasks.{name}").LESSON
            if importlib.util.find_spec(f"loyalty.tasks.{name}.tasks") is None:  # a lesson without an exercise
                continue
            listed[stem] = importlib.import_module(f"loyalty.tasks.{name}.tasks").TASKS
    return listed


def _is_open(value: Any, seen: frozenset[int] = frozenset()) -> bool:
    if value is ...:
        return True
    if value is None:
        return not seen
    if id(value) in seen:
        return False
    inside: Iterable[Any] = ()
    if isinstance(value, pd.DataFrame):
        inside = (value.iloc[:, place] for place in range(value.shape[1]))
    elif isinstance(value, (pd.Series, pd.Index, np.ndarray)):
        inside = np.asarray(value).ravel() if value.dtype == object else ()
    elif isinstance(value, dict):
        inside = value.values()
    elif isinstance(value, (list, tuple, set, frozenset)):
        inside = value
    seen = seen | {id(value)}
    return any(_is_open(one, seen) for one in inside)


def _praise_at_once(task: Task, answer: Any) -> str:
    """The praise of a right answer whose task has slow mistakes; empty for all else, which is graded in full."""
    if task.first is None:
        return ""
    try:
        answers = task.first()
        parts = align(answers.right, task.read(answer) if task.read else answer, task.key)
        gap = max((float(part.gaps.max()) for part in parts if len(part.gaps)), default=0.0)
    except Exception:  # said in full by the grading that follows
        return ""
    return (answers.praise or "Right.") if gap <= task.tolerance else ""


def _grade(task: Task, answer: Any) -> tuple[str, str | None, str]:
    try:
        answers = task.compute()
    except Exception as problem:  # the data, not the answer
        return "unanswered", None, f"This check could not run: {type(problem).__name__}: {problem}"
    parts = []
    mismatch = ""
    try:
        answer = task.read(answer) if task.read else answer
    except Mismatch as problem:  # what the task cannot read is near no known mistake
        return "wrong", None, f"{problem} {task.repeats}"
    try:
        parts = align(answers.right, answer, task.key)
        gap = max((float(part.gaps.max()) for part in parts if len(part.gaps)), default=0.0)
        if gap <= task.tolerance:
            return "right", None, answers.praise or "Right."
    except Mismatch as problem:
        mismatch = str(problem)
    given = [number for part in parts if not part.exact for number in part.given]
    expected = [number for part in parts if not part.exact for number in part.expected]
    one_number = len(given) == 1 and not any(part.exact and part.gaps.any() for part in parts)
    known = (*answers.mistakes, *answers.near)
    slack = max(task.slack, task.tolerance)
    reach = find_reach(given, slack, task.asks) if given else (slack,)
    found = find_mistakes(known, lambda value: distance(value, answer, task.key), *reach)
    if found:
        name, says = name_mistakes(found)
        hedge = say_rounding(given[0], float(expected[0]), task.asks) if one_number else ""
        return ("wrong", f"too_coarse or {name}", f"{hedge} Or: {says}") if hedge else ("wrong", name, says)
    is_readable = not mismatch or kind_of(answers.right) == "set"  # sets that differ are no mismatch of kind
    judged, says = task.judge(answer) if task.judge and is_readable else (None, "")
    if says:
        return "wrong", judged, says
    if mismatch:
        return "wrong", None, f"{mismatch} {task.repeats}"
    generic = find_generic_mistake(parts, task.tolerance, task.asks) or find_rounded_mistake(
        given, known, lambda value: distance(value, answer, task.key), task.asks
    )
    if generic is not None:
        name, says = generic
        return "wrong", name, f"{says} {task.repeats}"
    if one_number and (says := say_rounding(given[0], float(expected[0]), task.asks)):
        return "wrong", "too_coarse", f"{says} {task.repeats}"
    return "wrong", None, _ask_back(task, parts)


def _ask_back(task: Task, parts: list[Part]) -> str:
    """Say where an answer differs that is no known mistake, and put the task's own question to what is near."""
    where = say_where(parts, task.tolerance)
    if task.close and is_same_size(parts, task.tolerance):
        asks_back = task.close if are_mostly_right(parts, task.tolerance) else _open_plainly(task.close)
        return f"{asks_back} {where}".strip()
    return " ".join(filter(None, ("Not it.", where, task.repeats)))


def _open_plainly(close: str) -> str:
    """Take the "Close" off a question that is put to an answer of which most rows differ."""
    return re.sub(r"^Close, [^.]*\.", "Not it.", close)
