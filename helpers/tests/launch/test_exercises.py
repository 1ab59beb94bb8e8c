"""An exercise can be made blank again, and nothing that a participant wrote is ever lost."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from loyalty.launch.exercises import keep_untouched, list_exercises, reset_exercise
from loyalty.launch.project import Stop


@pytest.fixture
def exercise(project):
    """An exercise as handed out, in a project without git."""
    source = project.root / "authoring" / "exercises" / "1_prepare" / "12_customer_profile.py"
    source.parent.mkdir(parents=True)
    source.touch()
    path = project.root / "exercises" / "1_prepare" / "12_customer_profile.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"blank\n")
    return path


@pytest.fixture
def cloned(project, exercise):
    """The same in a git clone, as handed out by its last commit."""
    if shutil.which("git") is None:
        pytest.skip("git is not at hand")
    name = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    for command in (("init", "-q"), ("add", "."), (*name, "commit", "-q", "-m", "handed out")):
        subprocess.run(["git", *command], cwd=project.root, check=True)
    return exercise


def test_a_reset_in_a_clone_restores_the_committed_exercise_and_keeps_every_version(project, cloned, capsys):
    for number, words in enumerate((b"first try", b"second try"), 1):
        cloned.write_bytes(words)
        reset_exercise(project, "12")
        assert cloned.read_bytes() == b"blank\n"
        assert cloned.with_name(f"12_customer_profile.mine-{number}.ipynb").read_bytes() == words
    assert "12_customer_profile.mine-2.ipynb" in capsys.readouterr().out


def test_a_reset_in_a_downloaded_copy_restores_what_the_first_start_laid_aside(project, exercise):
    keep_untouched(project)
    exercise.write_bytes(b"my work")
    keep_untouched(project)  # a second start must not take the participant's work for the blank one
    reset_exercise(project, "12_customer_profile")
    assert exercise.read_bytes() == b"blank\n"
    assert exercise.with_name("12_customer_profile.mine-1.ipynb").read_bytes() == b"my work"


def test_a_clone_lays_nothing_aside(project, cloned):
    keep_untouched(project)
    assert not (project.home / "untouched").exists()


def test_a_deleted_exercise_comes_back(project, cloned):
    cloned.unlink()
    reset_exercise(project, "12")
    assert cloned.read_bytes() == b"blank\n"
    assert not list(cloned.parent.glob("*.mine-*"))


def test_an_untouched_exercise_is_left_alone(project, cloned, capsys):
    reset_exercise(project, "12")
    assert "nothing to do" in capsys.readouterr().out
    assert not list(cloned.parent.glob("*.mine-*"))


def test_an_unknown_number_is_told_which_there_are(project, exercise):
    with pytest.raises(Stop, match="no exercise 99; there are 12"):
        reset_exercise(project, "99")


def test_without_git_and_without_a_copy_the_exercise_is_not_touched(project, exercise):
    exercise.write_bytes(b"my work")
    with pytest.raises(Stop, match="No untouched copy"):
        reset_exercise(project, "12")
    assert exercise.read_bytes() == b"my work"


def test_a_copy_unpacked_inside_another_clone_does_not_ask_that_clone(project, exercise, monkeypatch):
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("asked git"))
    keep_untouched(project)
    assert (project.home / "untouched" / exercise.name).exists()


def test_a_missing_git_counts_as_no_clone(project, cloned, monkeypatch):
    def fail(*_, **__):
        raise FileNotFoundError("git")

    monkeypatch.setattr(subprocess, "run", fail)
    keep_untouched(project)
    assert (project.home / "untouched" / cloned.name).exists()


def test_every_exercise_of_this_clone_has_a_number_of_its_own(root):
    from loyalty.launch.project import Project

    sources = list((root / "authoring" / "exercises").glob("*/*.py"))
    exercises = list_exercises(Project(root))
    assert len(exercises) == len(sources) > 0
    assert all((root / path).exists() for path in exercises.values())
