"""Where things are in a clone, and how its child processes are started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Each of these, set for another project, changes an install, a kernel or its figures.
STOPPED = 130  # the exit code after Ctrl-C, by the custom of shells
FOREIGN = (
    "PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONWARNINGS PYTHONOPTIMIZE PYTHONEXECUTABLE __PYVENV_LAUNCHER__ "
    "PYTHONDONTWRITEBYTECODE "  # with it, each kernel and each test process compiles everything anew
    "PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT PIP_REQUIREMENT PIP_NO_BINARY PIP_DRY_RUN "
    "JUPYTER_PATH JUPYTER_CONFIG_PATH JUPYTERLAB_SETTINGS_DIR JUPYTERLAB_WORKSPACES_DIR MPLBACKEND"
).split()


class Stop(Exception):
    """A reason to end, in one plain line; the launcher prints it and leaves with exit code 2."""


@dataclass(frozen=True)
class Project:
    """A clone of the workshop."""

    root: Path

    @property
    def folder(self) -> str:
        """The root as text, the same under every locale."""
        return os.fsencode(self.root).decode("utf-8", errors="replace")

    @property
    def venv(self) -> Path:
        """Its own environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter in .venv."""
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def stamp(self) -> Path:
        """What was installed in .venv, and from which lock."""
        return self.venv / "workshop-stamp.json"

    @property
    def home(self) -> Path:
        """The folder, ignored by git, of what belongs to this participant."""
        return Path(os.environ.get("LOYALTY_HOME") or self.root / ".workshop")

    @property
    def helpers(self) -> Path:
        """The folder that has to be on the path."""
        return self.root / "helpers"

    def lock(self, *, tests: bool = False) -> Path:
        """Return the list of packages, with versions and hashes."""
        return self.root / ("requirements-test.lock" if tests else "requirements.lock")


def find_project() -> Project:
    """Return the clone that this file belongs to, wherever the shell stands."""
    return Project(Path(__file__).resolve().parents[3])


def clean_environment(**extra: str) -> dict[str, str]:
    """Return the user's environment without what other projects need, for a process in .venv."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    # A pip.conf may say `user = true`, which fails in a .venv; a Windows code page may not hold a lesson's letters.
    ours = {"PIP_USER": "0", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
    return {**kept, **ours, **extra}


def say(line: str) -> None:
    """Print a line at once, so that it stands before what a child process prints."""
    print(line, flush=True)


def sign(picture: str, letters: str) -> str:
    """Return a picture, or letters where the terminal has no such picture."""
    try:
        picture.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return letters
    return picture


def run_child(command: Sequence[str | Path], project: Project, environment: Mapping[str, str] | None = None) -> int:
    """Run a command at the root to its end and return its exit code; Ctrl-C is left to it, but it never outlives us."""
    child = subprocess.Popen(
        [str(part) for part in command], cwd=project.root, env=dict(environment or clean_environment())
    )
    try:
        return child.wait()
    except KeyboardInterrupt:  # the terminal has sent it to the child too: let that close its kernels
        end_child(child, patience=8)
        if child.returncode == STOPPED:  # it has said so itself
            return STOPPED
        raise
    except BaseException:
        end_child(child, patience=0)
        raise


def end_child(child: subprocess.Popen, patience: float) -> None:
    """Wait for a child that may be closing already, then ask it to, then make it."""
    for seconds, act in ((patience, child.terminate), (8, child.kill)):
        try:
            child.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            act()
    child.wait()


def make_prints_safe() -> None:
    """Let no letter that a terminal cannot show end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
