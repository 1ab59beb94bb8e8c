"""The verbs of `python3 workshop.py` that need the installed packages: `progress`, `run`, the doctor's inner half."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib import import_module, metadata
from pathlib import Path

from loyalty.launch.doctor import BAD, GOOD, MARKS, NOTE, Finding
from loyalty.launch.project import STOPPED, Project, find_project, make_prints_safe, say, sign
from loyalty.launch.venv import PACKAGES

STATES = {"right": ("✅", "[x]"), "wrong": ("❌", "[-]"), "unanswered": ("⬜", "[ ]")}


def show_progress() -> int:
    """Print each exercise with its tasks: done, tried or not touched yet."""
    from loyalty.tasks.checking.overview import summary

    tasks = summary()
    width = max((len(name) for name in tasks["lesson"]), default=0)
    for lesson, rows in tasks.groupby("lesson"):
        right = (rows["status"] == "right").sum()
        codes = "  ".join(f"{sign(*STATES[row.status])} {row.code}" for row in rows.itertuples())
        say(f"{lesson or 'no longer here':<{width}}  {right} of {len(rows)}   {codes}")
    done = (tasks["status"] == "right").sum()
    say(f"{done} of {len(tasks)} tasks done." if len(tasks) else "There are no tasks yet.")
    return 0


def examine_inside() -> int:
    """Print what the doctor finds from inside .venv, and return 0, or 1 if something is bad."""
    states = []
    for state, words in [*look_at_packages(find_project()), *look_at_data()]:
        say(f"{sign(*MARKS[state])} {words}")
        states.append(state)
    return int(BAD in states)


def look_at_packages(project: Project) -> Iterator[Finding]:
    """Import what the lessons import, and compare what is installed with the lock."""
    broken = []
    for name in PACKAGES:
        try:
            import_module(name)
        except Exception as error:  # a package may fail in any way; all of them mean the same here
            broken.append(f"{name} ({type(error).__name__})")
    ours = Path(sys.prefix).resolve() == project.venv.resolve()
    again = "delete the folder .venv and start again" if ours else "`python3 workshop.py` makes a .venv by the lock"
    if broken:
        yield BAD, f"Cannot be imported: {', '.join(broken)}: {again}"
    else:
        yield GOOD, f"All {len(PACKAGES)} packages of the lessons can be imported"
    others = find_other_versions(project.lock())
    if others:
        yield NOTE, f"Not the lock's version: {', '.join(others)}: numbers may differ; {again}"


def find_other_versions(lock: Path) -> list[str]:
    """Return each installed package whose version is not the lock's, as "pandas 3.0.0 (lock: 3.1.1)"."""
    others = []
    for line in lock.read_text(encoding="utf-8").splitlines():
        name, found, rest = line.partition("==")
        if not found or line[0].isspace():
            continue
        wanted = rest.split()[0]
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # for another system, or the import above has told
        if installed != wanted:
            others.append(f"{name} {installed} (lock: {wanted})")
    return others


def look_at_data() -> Iterator[Finding]:
    """Load each data set; two may be missing, because they may not be shipped."""
    from loyalty.datasets import loaders as datasets

    for load in (datasets.complete_journey, datasets.cdnow, datasets.nsw, datasets.hillstrom, datasets.online_retail):
        try:
            yield GOOD, f"Data: {load().name}"
        except datasets.DataMissing as error:
            optional = load in (datasets.hillstrom, datasets.online_retail)
            words = str(error).splitlines()[0]
            how = f"how to get it: `loyalty.datasets.{load.__name__}()` in a notebook" if optional else "take it anew"
            yield (NOTE if optional else BAD), f"Data: {words} ({how})"
        except Exception as error:
            yield BAD, f"Data: {load.__name__} cannot be read ({type(error).__name__}: {error})"


def main(arguments: Sequence[str]) -> int:
    """Run `progress`, `doctor`, `run` or `columns`; Ctrl-C ends each of them with one line."""
    make_prints_safe()
    try:
        return _run_verb(arguments)
    except KeyboardInterrupt:
        print("\nworkshop: stopped.", file=sys.stderr)
        return STOPPED


def _run_verb(arguments: Sequence[str]) -> int:
    if arguments[0] == "columns":
        from loyalty.intake.verb import main as columns

        return columns(arguments[1:])
    if arguments[0] == "run":
        from loyalty.report.run.runner import main as run

        return run(arguments[1:])
    verbs = {"progress": show_progress, "doctor": examine_inside}
    return verbs[arguments[0]]()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
