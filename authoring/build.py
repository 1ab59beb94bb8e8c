"""Builds the notebooks from the authored files.

python authoring/build.py [--check] [--out FOLDER] [stem ...]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import nbformat

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from authoring.assemble import assemble
from authoring.compare import find_differences
from authoring.execute import execute_authored
from authoring.source import AUTHORING, ROOT, AuthoringError, find_authored, name_targets, place_of, read_authored

KERNELS = 2
FOLDERS = ("notebooks", "exercises", "solutions")


@dataclass(frozen=True)
class BuiltNotebook:
    """One notebook of a build: its path below the output folder, how long its cells ran, whether it was written."""

    path: Path
    variant: str
    stem: str
    seconds: float
    written: bool


@dataclass(frozen=True)
class BuildResult:
    """What a build made, and what failed (plain messages, one for each file)."""

    out: Path
    notebooks: tuple[BuiltNotebook, ...]
    errors: tuple[str, ...]


def build(out: Path = ROOT, stems: list[str] | None = None, source: Path = AUTHORING) -> BuildResult:
    """Build all notebooks, or those with the given stems; a notebook that did not change is left untouched.

    Parameters
    ----------
    out : Path
        Where notebooks/, exercises/ and solutions/ stand.
    stems : list of str, optional
        Names without extension; all by default.
    source : Path
        Folder of the authored files.

    Returns
    -------
    BuildResult
        A file that failed has an error and leaves its notebooks as they were.
    """
    try:
        paths = find_authored(source, stems)
    except AuthoringError as problem:
        return BuildResult(out, (), (str(problem),))
    with ThreadPoolExecutor(KERNELS) as pool:
        results = list(pool.map(lambda path: _build_one(path, out, source), paths))
    notebooks = tuple(notebook for result in results if isinstance(result, list) for notebook in result)
    return BuildResult(out, notebooks, tuple(result for result in results if isinstance(result, str)))


def check(out: Path = ROOT, stems: list[str] | None = None, source: Path = AUTHORING) -> tuple[list[str], BuildResult]:
    """Build into a temporary folder and list each difference from `out`; write nothing there.

    Returns
    -------
    tuple of (list of str, BuildResult)
        File, cell and what differs, one sentence each; and the build.
    """
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        result = build(Path(folder), stems, source)
        found = []
        for notebook in result.notebooks:
            there = out / notebook.path
            if not there.is_file():
                found.append(f"{notebook.path.as_posix()}: not built yet")
                continue
            old = _read(there)
            whats = ["cannot be read"] if old is None else find_differences(old, _read(Path(folder, notebook.path)))
            found += [f"{notebook.path.as_posix()}, {what}" for what in whats]
    if not stems:
        named = set()
        for path in find_authored(source):
            named |= set(name_targets(*place_of(path, source), path.stem).values())
        for path in (path.relative_to(out) for name in FOLDERS for path in sorted((out / name).rglob("*.ipynb"))):
            if path not in named and ".ipynb_checkpoints" not in path.parts:
                found.append(f"{path.as_posix()}: has no authored file")
    return found, result


def _build_one(path: Path, out: Path, source: Path) -> list[BuiltNotebook] | str:
    try:
        authored = read_authored(path, source)
        folder = out / authored.runs_in
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        cells = execute_authored(authored, folder)
        seconds = time.perf_counter() - start
        notebooks = assemble(authored, cells, private=(out.resolve(),))
    except AuthoringError as problem:
        return str(problem)
    return [
        BuiltNotebook(target, variant, authored.stem, seconds, _write(notebooks[variant], out / target))
        for variant, target in authored.targets.items()
    ]


def _read(path: Path) -> nbformat.NotebookNode | None:
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # any fault of a file on disk: it is then built anew
        return None


def _write(notebook: nbformat.NotebookNode, path: Path) -> bool:
    old = _read(path) if path.is_file() else None
    if old is not None and not find_differences(old, notebook):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook, version=4).rstrip("\n") + "\n", encoding="utf-8", newline="\n")
    return True


def main(arguments: list[str] | None = None) -> int:
    """Build or check from the command line; return 1 when something failed or differs."""
    parser = argparse.ArgumentParser(description="Build the notebooks from authoring/.")
    parser.add_argument("stems", nargs="*", metavar="stem", help="names without extension; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; list what differs from a fresh build")
    parser.add_argument("--out", type=Path, default=ROOT, metavar="FOLDER", help="where the notebooks stand")
    options = parser.parse_args(arguments)
    found: list[str] = []
    if options.check:
        found, result = check(options.out, options.stems)
    else:
        result = build(options.out, options.stems)
    for notebook in result.notebooks:
        done = "built  " if options.check else "wrote  " if notebook.written else "same   "
        print(f"{done}{notebook.path.as_posix()}  {notebook.seconds:.1f} s")
    for line in (*result.errors, *found):
        print(line, file=sys.stderr)
    return 1 if result.errors or found else 0


if __name__ == "__main__":
    sys.exit(main())
