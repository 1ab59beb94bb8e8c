"""A blank exercise, as it was before the participant's first letter: kept, found and put back."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from loyalty.launch.project import Project, Stop, say


def list_exercises(project: Project) -> dict[str, Path]:
    """Return the path of each exercise, relative to the root, by its number: {"12": exercises/…/12_….ipynb}.

    The list comes from authoring/, so that an exercise whose file was deleted is still known.
    """
    sources = sorted((project.root / "authoring" / "exercises").glob("*/[0-9][0-9]*_*.py"))
    return {
        path.name.split("_")[0]: Path("exercises", path.parent.name, f"{path.stem}.ipynb") for path in sources
    }  # fmt: skip


def keep_untouched(project: Project) -> None:
    """In a copy without git (a downloaded zip), lay aside each exercise that has not been laid aside yet."""
    if _ask_git(project, "HEAD:exercises", "cat-file", "-e") is not None:
        return
    for exercise in list_exercises(project).values():
        kept = _shelf(project) / exercise.name
        if (project.root / exercise).exists() and not kept.exists():
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(project.root / exercise, kept)


def reset_exercise(project: Project, number: str) -> None:
    """Put an exercise back as it was handed out; what the participant wrote stays beside it under a new name."""
    exercises = list_exercises(project)
    number = number.split("_")[0].zfill(2)
    if number not in exercises:
        raise Stop(f"There is no exercise {number}; there are {', '.join(exercises) or 'none yet'}.")
    blank = find_untouched(project, exercises[number])
    path = project.root / exercises[number]
    if path.exists() and path.read_bytes() == blank:
        say(f"Exercise {number} is as it was handed out: nothing to do.")
        return
    saved = save_copy(path) if path.exists() else None
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_bytes(blank)
    draft.replace(path)
    beside = f"; your work is in {saved.name}" if saved else ""
    say(f"Exercise {number} is blank again{beside}. If it is open, choose File → Reload Notebook from Disk.")


def find_untouched(project: Project, exercise: Path) -> bytes:
    """Return the bytes of an exercise as it was handed out: from git, or from what `keep_untouched` laid aside."""
    blank = _ask_git(project, f"HEAD:{exercise.as_posix()}", "show")
    if blank is not None:
        return blank
    kept = _shelf(project) / exercise.name
    if kept.exists():
        return kept.read_bytes()
    raise Stop(f"No untouched copy of {exercise.name} is at hand: take it from a new download of the workshop.")


def save_copy(path: Path) -> Path:
    """Copy a notebook beside itself under the next free number and return the copy's path."""
    number = 1
    while True:
        copy = path.with_name(f"{path.stem}.mine-{number}{path.suffix}")
        try:
            with copy.open("xb") as file:
                file.write(path.read_bytes())
            return copy
        except FileExistsError:
            number += 1


def _shelf(project: Project) -> Path:
    return project.home / "untouched"


def _ask_git(project: Project, thing: str, *command: str) -> bytes | None:
    if not (project.root / ".git").exists():  # a zip unpacked inside another project's clone
        return None
    try:
        answer = subprocess.run(["git", *command, thing], cwd=project.root, capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout if answer.returncode == 0 else None
