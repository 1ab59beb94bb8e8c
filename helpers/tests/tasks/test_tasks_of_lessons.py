"""Every task of every lesson: its right and wrong answers differ, and each mistake is met with its own name."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from loyalty.tasks import check
from loyalty.tasks.checking.alignment import align, distance
from loyalty.tasks.checking.answers import kind_of
from loyalty.tasks.checking.grading import Task, list_tasks
from loyalty.tasks.checking.mistakes import read_decimals

BY_LESSON = list_tasks()
TASKS = [task for tasks in BY_LESSON.values() for task in tasks]
# Answers are computed from worlds, seconds a lesson, and there will be thirty: the newcomer's run computes those of one
# lesson of a room. To see those of the lesson that you change: pytest helpers/tests/tasks -k 22
SAMPLE = ("11", "33", "41")
every_task = pytest.mark.parametrize(
    "task",
    [
        pytest.param(
            task, id=task.code, marks=() if task.code.startswith(SAMPLE) else (pytest.mark.slow, pytest.mark.lesson)
        )
        for task in TASKS
    ],
)


@pytest.mark.parametrize("lesson", BY_LESSON)
def test_the_codes_of_a_lesson_begin_with_its_number_and_stand_once(lesson: str) -> None:
    codes = [task.code for task in BY_LESSON[lesson]]
    assert codes == sorted(set(codes))
    assert {code[:2] for code in codes} == {lesson[:2]}


@pytest.mark.parametrize("task", [pytest.param(task, id=task.code) for task in TASKS])
def test_the_tolerance_is_at_most_half_a_unit_of_the_last_decimal_that_is_asked(task: Task) -> None:
    decimals = 3 if "to about a thousandth" in task.asks else read_decimals(task.asks)
    if decimals is None and re.search(r"whole (number|euros|one)\b", task.asks):
        decimals = 0
    units = 2 if "to about" in task.asks else 0.5
    if decimals is not None:
        assert task.tolerance <= units * 10.0**-decimals * (1 + 1e-9)


def round_numbers(answer, decimals: int, units: int = 0):
    """An answer whose numbers are rounded, and then so many units of the last decimal too large."""
    if isinstance(answer, (tuple, list)):
        return tuple(round_numbers(one, decimals, units) for one in answer)
    if kind_of(answer) != "number" or isinstance(answer, (int, np.integer)):
        return answer
    return round(float(answer) + units * 10.0**-decimals, decimals)


@every_task
def test_a_right_answer_rounded_as_asked_is_right_and_one_unit_beside_it_is_not(task: Task) -> None:
    decimals = read_decimals(task.asks)
    right = task.compute().right
    if decimals is None or "to about" in task.asks or kind_of(right) not in {"number", "sequence"}:
        return
    assert check(task.code, round_numbers(right, decimals)).status == "right"
    for units in (-1, 1):
        assert check(task.code, round_numbers(right, decimals, units)).status == "wrong"


@every_task
def test_right_and_wrong_answers_differ_pairwise_by_more_than_five_tolerances(task: Task) -> None:
    answers = task.compute()
    named = [("right", answers.right), *((mistake.name, mistake.value) for mistake in answers.mistakes)]
    near = {}
    for (a, one), (b, other) in combinations(named, 2):
        gap = min(distance(one, other, task.key), distance(other, one, task.key))
        if not gap > 5 * max(task.tolerance, task.slack):
            near[f"{a} and {b}"] = gap
    assert not near, f"{task.code}, tolerance {task.tolerance}: too near are {near}"


@every_task
def test_the_right_answer_is_right(task: Task) -> None:
    result = check(task.code, task.compute().right)
    assert result.status == "right", result.message
    align(task.compute().right, task.compute().right, task.key)


@every_task
def test_each_mistake_made_is_answered_by_its_own_name_and_sentence(task: Task) -> None:
    for mistake in task.compute().mistakes:
        result = check(task.code, mistake.value)
        assert (result.status, result.mistake, result.message) == ("wrong", mistake.name, mistake.says)


@every_task
def test_a_mistake_that_lies_near_others_is_wrong_and_is_said(task: Task) -> None:
    answers = task.compute()
    for mistake in answers.near:
        result = check(task.code, mistake.value)
        assert result.status == "wrong" and result.mistake is not None, (mistake.name, result.message)
        assert mistake.name in result.mistake.split(" or ")
        assert mistake.says.split(". ")[-1] in result.message
    names = [mistake.name for mistake in (*answers.mistakes, *answers.near)]
    assert len(set(names)) == len(names)


@every_task
def test_a_task_knows_three_usual_mistakes_or_is_a_choice(task: Task) -> None:
    answers = task.compute()
    names = [mistake.name for mistake in answers.mistakes]
    is_choice = kind_of(answers.right) in {"text", "yes/no"}
    assert len(names) >= (1 if is_choice else 3)
    assert len(set(names)) == len(names)
    assert all(mistake.says.strip() for mistake in answers.mistakes)
    assert len({mistake.says for mistake in answers.mistakes}) == len(names)


@every_task
def test_a_task_states_its_deliverable_praises_and_has_hints(task: Task) -> None:
    assert task.asks.strip() and task.hints and all(hint.strip() for hint in task.hints)
    assert task.compute().praise.strip()


@every_task
def test_a_task_is_computed_once(task: Task) -> None:
    assert task.compute() is task.compute()
    assert hasattr(task.compute, "cache_clear"), "memoise it with functools.cache"
