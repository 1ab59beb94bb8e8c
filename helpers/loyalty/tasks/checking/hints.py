"""Hints that come one step at a time."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.tables.arguments import check_arguments
from loyalty.tasks.checking import progress
from loyalty.tasks.checking.cards import render_card
from loyalty.tasks.checking.grading import Task, find_task, list_tasks
from loyalty.text import render_text

_MET: set[str] = set()  # tasks whose hints were called for in this session
ROOMS = {"0": "0_start", "1": "1_prepare", "2": "2_segment", "3": "3_evaluate", "4": "4_learn"}


@dataclass(frozen=True)
class Hint:
    """The hints shown so far, and how many there are."""

    code: str
    shown: tuple[str, ...]
    total: int
    solution: str = ""

    @property
    def _last_line(self) -> str:
        if not self.shown:
            there = "There is one hint" if self.total == 1 else f"There are {self.total} hints"
            return f"{there}. Run this cell again to see {'it' if self.total == 1 else 'the first'}."
        if self.solution:
            return f"That was the last hint. The worked answer is in {self.solution}, task {self.code}."
        left = self.total - len(self.shown)
        return f"({left} more: run this cell again.)" if left else "(The last one. Run again for the solution's place.)"

    def __repr__(self) -> str:
        steps = [f"{n}. {text}" for n, text in enumerate(self.shown, 1)]
        return "\n".join([f"💡 {self.code}", *steps, *([self._last_line] if self.total else [])])

    def _repr_html_(self) -> str:
        steps = "".join(f"<li>{render_text(text)}</li>" for text in self.shown)
        last = render_text(self._last_line) if self.total else ""
        if self.solution:
            last = last.replace(self.solution, f'<a href="../../{self.solution}">{self.solution}</a>')
        return render_card("💡", self.code, f'<ol style="margin: 2px 0">{steps}</ol>{last}')


@check_arguments
def hint(code: str) -> Hint:
    """Show one hint more each time it is asked again; after the last one, where the worked solution is.

    The first call of a session, such as running all cells, is not asking: it shows what was seen before, at first
    nothing. While notebooks are built it shows nothing either.

    Parameters
    ----------
    code : str
        The task, such as "12b".

    Returns
    -------
    Hint

    Examples
    --------
    >>> hint("00z")
    💡 00z
    1. There is no task '00z'. Lesson 00 has no tasks.
    """
    try:
        task = find_task(code)
    except KeyError as problem:
        return Hint(str(code), (str(problem.args[0]),), 0)
    total = len(task.hints)
    if not progress.is_recording():
        return Hint(task.code, (), total)
    state = progress.load()
    shown = state["hints"].get(task.code, 0)
    if task.code not in _MET:
        _MET.add(task.code)
        return Hint(task.code, task.hints[:shown], total)
    shown += 1
    state["hints"][task.code] = min(shown, total)
    progress.save(state)
    return Hint(task.code, task.hints[:shown], total, _find_solution(task) if shown > total else "")


def _find_solution(task: Task) -> str:
    stem = next(stem for stem, tasks in list_tasks(task.code[:2]).items() if any(t.code == task.code for t in tasks))
    return f"solutions/{ROOMS.get(task.code[0], '')}/{stem}.ipynb"
