"""One screen that says what is well, what is not, and what to do; it must work where nothing else does."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator

from loyalty.launch.project import Project, Stop, run_child, say, sign
from loyalty.launch.venv import digest, find_trouble, probe, read_stamp, require_writable

GOOD, NOTE, BAD = "good", "note", "bad"
MARKS = {GOOD: ("✅", "[ok]  "), NOTE: ("⚠️ ", "[note]"), BAD: ("❌", "[bad] ")}
NEEDED_GB = 1.2
Finding = tuple[str, str]


def examine(project: Project, port: int, free_port: int) -> int:
    """Print all findings, those from inside .venv too, and return 0, or 1 if one of them is bad."""
    states = []
    for state, words in look_around(project, port, free_port):
        say(f"{sign(*MARKS[state])} {words}")
        states.append(state)
    if find_trouble(project, read_stamp(project), probe(project)) is None and project.python.exists():
        states.append(BAD if run_child([project.python, "-m", "loyalty.cli", "doctor"], project) else GOOD)
    return int(BAD in states)


def look_around(project: Project, port: int, free_port: int) -> Iterator[Finding]:
    """Find out what can be known without any installed package."""
    yield GOOD, f"Python {platform.python_version()} ({sys.executable}) on {platform.platform(terse=True)}"
    yield look_at_folder(project)
    yield look_at_venv(project)
    free = shutil.disk_usage(project.root).free / 1e9
    enough = (read_stamp(project) or {"finished": False})["finished"] or free > NEEDED_GB
    yield (GOOD if enough else BAD), f"Disk: {free:.1f} GB free; the packages need {NEEDED_GB} GB"
    if free_port == port:
        yield GOOD, f"Port {port} is free"
    else:
        yield NOTE, f"Port {port} is busy: `lab` takes {free_port} instead"
    if shutil.which("git") and (project.root / ".git").exists():
        yield GOOD, "git is at hand: `reset` takes blank exercises from it"
    else:
        yield NOTE, "No git: `reset` takes the exercises that the first `lab` laid aside"


def look_at_folder(project: Project) -> Finding:
    """Say whether the participant's work can be saved."""
    try:
        require_writable(project)
    except Stop as reason:
        return BAD, str(reason)
    return GOOD, f"Folder {project.root}, can be written to"


def look_at_venv(project: Project) -> Finding:
    """Say what state .venv is in, and whether it follows the lock."""
    if not os.path.lexists(project.venv):
        return NOTE, "No .venv yet: `python3 workshop.py` makes it"
    stamp = read_stamp(project)
    seen = probe(project)
    trouble = find_trouble(project, stamp, seen)
    if trouble or seen is None:  # there is always a trouble where .venv did not answer
        return BAD, f"The folder .venv {trouble}: `python3 workshop.py` makes it anew"
    if stamp is None:
        return NOTE, ".venv was made by other hands: `python3 workshop.py` fills it from the lock"
    if stamp["folder"] != project.folder or not seen["linked"]:
        return NOTE, ".venv was moved: `python3 workshop.py` sets it right"
    if stamp.get("user") != digest(project.lock()):
        return NOTE, "The lock has changed since .venv was filled: `python3 workshop.py` fills it again"
    tests = "with" if stamp.get("test") == digest(project.lock(tests=True)) else "without"
    return GOOD, f".venv follows the lock, {tests} the test tools"
