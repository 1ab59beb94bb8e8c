"""The verbs of `python3 workshop.py`."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from loyalty.launch.doctor import examine
from loyalty.launch.exercises import keep_untouched, reset_exercise
from loyalty.launch.project import Project, Stop, clean_environment, find_project, make_prints_safe, run_child, say
from loyalty.launch.venv import place_pth, prepare_venv

FIRST_PAGE = "/lab/tree/notebooks/0_start/00_start_here.ipynb"
PORT = 8888
LINTED = ("helpers", "authoring", "benchmarks", "workshop.py")
PARALLEL = ("-n", "auto", "--maxprocesses", "2", "--dist", "loadfile")
FAST = ("-m", "not slow")
STYLE = "body .jp-OutputArea-output pre { word-break: normal; }"  # JupyterLab breaks printed lines within words
SETTINGS = {"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}}


def run_lab(project: Project, arguments: Sequence[str]) -> int:
    """Open JupyterLab on the first page; Ctrl-C ends it (the default)."""
    parser = argparse.ArgumentParser(prog="workshop.py lab", description=run_lab.__doc__)
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument("--port", type=int, default=PORT, help=f"the port to try first ({PORT})")
    options = parser.parse_args(arguments)
    python = prepare_venv(project)
    keep_untouched(project)
    port = find_port(options.port)
    if port != options.port:
        say(f"Port {options.port} is busy: taking {port}.")
    say("Starting JupyterLab. Ctrl-C in this window ends it.")
    command = [python, "-m", "jupyterlab", *lab_options(project, port)]
    if options.no_browser:
        command.append("--no-browser")
    try:
        return run_child(command, project, clean_environment(JUPYTER_CONFIG_DIR=str(write_settings(project))))
    except KeyboardInterrupt:
        return 0


def lab_options(project: Project, port: int) -> list[str]:
    """Return JupyterLab's options: this folder as root, this machine only, a token, no questions and no news."""
    options = {
        "ServerApp.root_dir": project.root,
        "LabApp.default_url": FIRST_PAGE,
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.answer_yes": True,
        "Application.log_level": "WARN",
        "LabApp.extension_manager": "readonly",
        "LabApp.custom_css": True,
        "KernelManager.transport_encryption": "auto",  # without it each kernel begins with a security notice
    }
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # containers
    return [f"--{name}={value}" for name, value in options.items()] + root


def write_settings(project: Project) -> Path:
    """Write the settings of this project's JupyterLab and return their folder; the user's own stay as they are."""
    folder = project.home / "jupyter"
    files = {"labconfig/default_setting_overrides.json": json.dumps(SETTINGS, indent=1), "custom/custom.css": STYLE}
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def find_port(first: int) -> int:
    """Return the first free port of this machine from `first` on; any free one if fifty are busy."""
    for port in [*range(first, min(first + 50, 65536)), 0]:
        with socket.socket() as trial:
            try:
                trial.bind(("127.0.0.1", port))
                return trial.getsockname()[1]
            except (OSError, OverflowError):
                continue
    raise Stop("No port of this machine is free.")


def run_tests(project: Project, arguments: Sequence[str]) -> int:
    """Lint and test everything but your exercises; --all adds what takes long; other arguments go to pytest, alone."""
    python = prepare_venv(project, tests=True)
    everything = list(arguments) == ["--all"]
    if arguments and not everything:
        return run_child([python, "-m", "pytest", *arguments], project)
    linted = [name for name in LINTED if (project.root / name).exists()]
    commands = (
        ["ruff", "check", "--quiet", "--output-format=concise", *linted],
        ["ruff", "format", "--check", "--quiet", *linted],
        ["pytest", *PARALLEL, *(() if everything else FAST)],
    )
    codes = []
    for command in commands:
        say(f"— {shlex.join(command)}")
        codes.append(run_child([python, "-m", *command], project))
    if everything:
        say("— build --check")
        codes.append(run_child([python, "authoring/build.py", "--check"], project))
    return max(codes)


def run_build(project: Project, arguments: Sequence[str]) -> int:
    """Make the notebooks from authoring/; --check only compares; names limit it to these."""
    return run_child([prepare_venv(project, tests=True), "authoring/build.py", *arguments], project)


def lay_lesson(project: Project, arguments: Sequence[str]) -> int:
    """Lay the files of a new lesson, such as `new 39 "Run the budget"`, as a draft that builds."""
    return run_child([prepare_venv(project, tests=True), "authoring/new.py", *arguments], project)


def run_template(project: Project, arguments: Sequence[str]) -> int:
    """Make a report from your own tables, such as `run profile --data receipts=till.csv -o report.html`."""
    command = [prepare_venv(project), "-m", "loyalty.cli", "run", *arguments]
    return run_child(command, project, clean_environment(LOYALTY_FROM=os.getcwd()))


def run_certify(project: Project, arguments: Sequence[str]) -> int:
    """Write docs/tables/certify.md: do the intervals hold? Ten minutes; --quick takes one and writes nothing."""
    # Its matrices are small: on a busy machine the threads of a numeric library only wait for each other.
    environment = clean_environment(OPENBLAS_NUM_THREADS="1")
    return run_child([prepare_venv(project, tests=True), "benchmarks/certify.py", *arguments], project, environment)


def propose_columns(project: Project, arguments: Sequence[str]) -> int:
    """Propose which column of your file is which, such as `columns receipts=till.csv -o columns.yml`."""
    command = [prepare_venv(project), "-m", "loyalty.cli", "columns", *arguments]
    return run_child(command, project, clean_environment(LOYALTY_FROM=os.getcwd()))


def show_progress(project: Project, arguments: Sequence[str]) -> int:
    """Show which tasks are done."""
    return run_child([prepare_venv(project), "-m", "loyalty.cli", "progress", *arguments], project)


def reset(project: Project, arguments: Sequence[str]) -> int:
    """Make an exercise blank again, such as `reset 12`; your work stays beside it."""
    if not arguments:
        raise Stop("Say which exercise, such as `python3 workshop.py reset 12`.")
    for number in arguments:
        reset_exercise(project, number)
    return 0


def run_doctor(project: Project, arguments: Sequence[str]) -> int:
    """Say in one screen what is well, what is not, and what to do."""
    return examine(project, PORT, find_port(PORT))


def link(project: Project, arguments: Sequence[str]) -> int:
    """Put the package on the path of the Python that runs this (conda, Binder)."""
    site = Path(sysconfig.get_path("purelib"))
    try:
        place_pth(project.helpers, site)
    except OSError as error:
        raise Stop(f"Cannot write in {site} ({error.strerror}): activate an environment of your own first.") from None
    code = "import loyalty, os, sys; sys.exit(not os.path.samefile(os.path.dirname(loyalty.__path__[0]), sys.argv[1]))"
    command = [sys.executable, "-c", code, str(project.helpers)]
    with tempfile.TemporaryDirectory() as elsewhere:
        found = subprocess.run(command, cwd=elsewhere, env=clean_environment(), capture_output=True).returncode == 0
    if not found:
        raise Stop(
            f"`import loyalty` does not find this package from {sys.executable}, in spite of the line in {site}."
        )
    say(f"`import loyalty` now works in {sys.executable}.")
    return 0


VERBS: dict[str, Callable[[Project, Sequence[str]], int]] = {
    "lab": run_lab,
    "test": run_tests,
    "build": run_build,
    "new": lay_lesson,
    "certify": run_certify,
    "run": run_template,
    "columns": propose_columns,
    "progress": show_progress,
    "reset": reset,
    "doctor": run_doctor,
    "link": link,
}


def main(arguments: Sequence[str], project: Project | None = None) -> int:
    """Run a verb, `lab` if none is named, and return the exit code; what goes wrong is said in one line."""
    make_prints_safe()
    if arguments and arguments[0] in ("-h", "--help", "help"):
        say("python3 workshop.py [verb]\n")
        say("\n".join(f"  {name:<9} {verb.__doc__}" for name, verb in VERBS.items()))
        return 0
    name, rest = ("lab", arguments) if not arguments or arguments[0].startswith("-") else (arguments[0], arguments[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if name not in VERBS:
            raise Stop(f"There is no verb {name!r}; there are {', '.join(VERBS)}.")
        return VERBS[name](project or find_project(), rest)
    except Stop as reason:
        print(f"workshop: {reason}", file=sys.stderr)
        return 2
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        print(f"workshop: {error.strerror or error}{where}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nworkshop: stopped; the next start goes on from a clean state.", file=sys.stderr)
        return 130
