"""Hints come one step at a time, and end with the solution's place."""

from __future__ import annotations

import pytest

from loyalty.tasks import hint
from loyalty.tasks.checking import hints
from loyalty.tasks.checking.progress import load

pytestmark = pytest.mark.usefixtures("sample")


@pytest.fixture(autouse=True)
def _new_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "_MET", set())


def test_running_all_cells_shows_no_hint_and_says_how_to_get_one() -> None:
    assert repr(hint("98a")) == "💡 98a\nThere are 3 hints. Run this cell again to see the first."
    assert hint("98b").shown == () and load()["hints"] == {}


def test_a_new_session_shows_what_was_seen_before_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    hint("98a"), hint("98a")
    monkeypatch.setattr(hints, "_MET", set())
    assert hint("98a").shown == ("First look.",)
    assert hint("98a").shown == ("First look.", "Then count.")


def test_each_call_shows_one_step_more_and_the_call_after_the_last_the_solution() -> None:
    hint("98a")
    calls = [hint("98a") for _ in range(4)]
    assert [call.shown for call in calls[:3]] == [
        ("First look.",),
        ("First look.", "Then count."),
        ("First look.", "Then count.", "Use `sum()`."),
    ]
    assert "(2 more: run this cell again.)" in repr(calls[0])
    assert calls[3].shown == calls[2].shown
    assert "solutions/" in repr(calls[3]) and "98_sample_lesson.ipynb, task 98a" in repr(calls[3])
    assert hint("98a") == calls[3]


def test_hints_of_one_task_leave_those_of_another_alone() -> None:
    for code in ("98a", "98a", "98a", "98b"):
        hint(code)
    assert hint("98b").shown == ("First look.",)
    assert load()["hints"] == {"98a": 2, "98b": 1}


def test_while_notebooks_are_built_it_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_BUILD", "1")
    assert [hint("98a").shown for _ in range(3)] == [()] * 3


def test_a_hint_reads_the_same_as_text_and_as_html() -> None:
    hint("98a"), hint("98a"), hint("98a")
    shown = hint("98a")
    assert repr(shown).startswith("💡 98a\n1. First look.")
    assert "<li>Use <code>sum()</code>.</li>" in shown._repr_html_()
    assert 'href="../../solutions/' in hint("98a")._repr_html_()


def test_an_unknown_code_lists_the_codes_of_its_lesson() -> None:
    assert "Lesson 98 has 98a, 98b" in repr(hint("98z"))
    assert load()["hints"] == {}
