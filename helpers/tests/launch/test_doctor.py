"""The doctor says what is wrong and what to do, whatever is broken."""

from __future__ import annotations

import io
import sys

import pytest

from loyalty.launch import doctor
from loyalty.launch.venv import VERSION, prepare_venv, read_stamp, write_stamp


@pytest.fixture
def inner(monkeypatch):
    """What the half inside .venv answers with, and whether it was asked."""
    asked = []

    def answer(command, project):
        asked.append(command)
        return len(asked) - 1  # well at first, then ill

    monkeypatch.setattr(doctor, "run_child", answer)
    monkeypatch.setattr(doctor, "probe", lambda project: {"linked": True, "missing": [], "python": VERSION})
    return asked


def test_a_healthy_project_gets_a_zero_and_an_ill_inside_a_one(project, machine, inner, capsys):
    prepare_venv(project)
    assert doctor.examine(project, 8888, 8888) == 0
    screen = capsys.readouterr().out
    assert "❌" not in screen
    assert "follows the lock, without the test tools" in screen
    assert len(screen.splitlines()) <= 24
    assert doctor.examine(project, 8888, 8888) == 1


def test_without_a_venv_the_doctor_names_the_command_and_asks_nothing_inside(project, inner, capsys):
    assert doctor.examine(project, 8888, 8890) == 0
    screen = capsys.readouterr().out
    assert "⚠️  No .venv yet: `python3 workshop.py` makes it" in screen
    assert "`lab` takes 8890 instead" in screen
    assert inner == []


def test_a_broken_venv_is_bad_and_the_doctor_still_answers(project, machine, capsys):
    prepare_venv(project)
    project.python.unlink()
    assert doctor.examine(project, 8888, 8888) == 1
    assert "❌ The folder .venv has lost its Python" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"folder": "/old/place"}, ".venv was moved"),
        ({"user": "another"}, "The lock has changed"),
        ({"test": None}, "without the test tools"),
        ({}, "with the test tools"),
    ],
)
def test_the_state_of_the_venv_is_told_apart(project, machine, inner, change, words):
    prepare_venv(project, tests=True)
    write_stamp(project, {**read_stamp(project), **change})
    assert words in doctor.look_at_venv(project)[1]


def test_a_venv_made_by_other_hands_is_a_note(project, machine, inner):
    machine.run_venv(project)
    assert doctor.look_at_venv(project)[0] == doctor.NOTE


def test_a_full_disk_is_bad_only_while_there_is_something_to_install(project, machine, monkeypatch, inner):
    full = type("Usage", (), {"free": 0})
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: full)
    assert [state for state, words in doctor.look_around(project, 1, 1) if words.startswith("Disk")] == [doctor.BAD]
    prepare_venv(project)
    assert [state for state, words in doctor.look_around(project, 1, 1) if words.startswith("Disk")] == [doctor.GOOD]


def test_a_folder_that_cannot_be_written_to_is_bad(project):
    project.home.write_text("a file where the folder should be", encoding="utf-8")
    state, words = doctor.look_at_folder(project)
    assert state == doctor.BAD
    assert "copy the project" in words


@pytest.mark.parametrize(("encoding", "shown"), [("utf-8", "❌"), ("ascii", "[bad] "), ("cp1251", "[bad] ")])
def test_a_terminal_without_pictures_gets_letters(monkeypatch, encoding, shown):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    assert doctor.sign(*doctor.MARKS[doctor.BAD]) == shown
