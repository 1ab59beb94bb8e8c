"""Builds the notebooks from the authored files.

python authoring/build.py [--check] [--drafts] [--out FOLDER] [stem or number ...]
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

from authoring.assemble import assemble, name_cell, write_prose
from authoring.compare import find_differences
from authoring.course import PLACE, Course, fill_page, make_page_parts, make_parts, read_course
from authoring.execute import execute_authored
from authoring.gallery import write_gallery
from authoring.source import (
    AUTHORING,
    ROOT,
    Authored,
    AuthoringError,
    find_authored,
    name_targets,
    number_of,
    place_of,
    read_authored,
)

KERNELS = 2
FOLDERS = ("notebooks", "exercises", "solutions")
PAGE = "README.md"


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
    """What a build made, what failed (plain messages, one for each file), and files that only got new links."""

    out: Path
    notebooks: tuple[BuiltNotebook, ...]
    errors: tuple[str, ...]
    relinked: tuple[Path, ...] = ()


def build(
    out: Path = ROOT,
    stems: list[str] | None = None,
    source: Path = AUTHORING,
    *,
    drafts: bool = False,
) -> BuildResult:
    """Build all notebooks, or those that are named; a notebook that did not change is left untouched.

    README.md and the notebooks that are not built get their maps and links anew; nothing is run for that.

    Parameters
    ----------
    out : Path
        Where README.md, notebooks/, exercises/ and solutions/ stand.
    stems : list of str, optional
        Names without extension, or a lesson's two digits; all by default.
    source : Path
        Folder of the authored files.
    drafts : bool
        Whether drafts are built too when nothing is named.

    Returns
    -------
    BuildResult
        A file that failed has an error and leaves its notebooks as they were.
    """
    try:
        paths = find_authored(source, stems, drafts=drafts)
        course = read_course(source)
    except AuthoringError as problem:
        return BuildResult(out, (), (str(problem),))
    with ThreadPoolExecutor(KERNELS) as pool:
        results = list(pool.map(lambda path: _build_one(path, out, source, course), paths))
    notebooks = tuple(notebook for result in results if isinstance(result, list) for notebook in result)
    errors = tuple(result for result in results if isinstance(result, str))
    relinked = []
    try:
        for path in find_authored(source):
            if path not in paths:
                relinked += _relink(path, out, source, course)
    except AuthoringError as problem:
        errors = (*errors, str(problem))
    page = _fresh_page(out, course)
    if page is not None:
        (out / PAGE).write_text(page, encoding="utf-8", newline="\n")
        relinked.append(Path(PAGE))
    return BuildResult(out, notebooks, errors, tuple(relinked))


def check(
    out: Path = ROOT,
    stems: list[str] | None = None,
    source: Path = AUTHORING,
    *,
    drafts: bool = False,
) -> tuple[list[str], BuildResult]:
    """Build into a temporary folder and list each difference from `out`; write nothing there.

    Returns
    -------
    tuple of (list of str, BuildResult)
        File, cell and what differs, one sentence each; and the build.
    """
    with tempfile.TemporaryDirectory(prefix="check-") as folder:
        result = build(Path(folder), stems, source, drafts=drafts)
        found = []
        for notebook in result.notebooks:
            there = out / notebook.path
            if not there.is_file():
                found.append(f"{notebook.path.as_posix()}: not built yet")
                continue
            old = _read(there)
            whats = ["cannot be read"] if old is None else find_differences(old, _read(Path(folder, notebook.path)))
            found += [f"{notebook.path.as_posix()}, {what}" for what in whats]
    if not result.errors and _fresh_page(out, read_course(source)) is not None:
        found.append(f"{PAGE}: its map or totals are not what the lessons' headers say")
    if not stems:
        named = set()
        for path in find_authored(source, drafts=True):
            named |= set(name_targets(*place_of(path, source), path.stem).values())
        for path in (path.relative_to(out) for name in FOLDERS for path in sorted((out / name).rglob("*.ipynb"))):
            if path not in named and ".ipynb_checkpoints" not in path.parts:
                found.append(f"{path.as_posix()}: has no authored file")
    return found, result


def _build_one(path: Path, out: Path, source: Path, course: Course) -> list[BuiltNotebook] | str:
    try:
        authored = read_authored(path, source)
        folder = out / authored.runs_in
        folder.mkdir(parents=True, exist_ok=True)
        start = time.perf_counter()
        cells = execute_authored(authored, folder)
        seconds = time.perf_counter() - start
        parts = parts_of(authored, course)
        notebooks = assemble(authored, cells, private=(out.resolve(),), parts=parts)
    except AuthoringError as problem:
        return str(problem)
    return [
        BuiltNotebook(target, variant, authored.stem, seconds, _write(notebooks[variant], out / target))
        for variant, target in authored.targets.items()
    ]


def parts_of(authored: Authored, course: Course) -> dict[str, str]:
    """Make what the places of an authored file ask for, by name; a template has none."""
    if authored.kind == "template":
        return {}
    return make_parts(course, number_of(authored.path), authored.kind)


def _relink(path: Path, out: Path, source: Path, course: Course) -> list[Path]:
    """Make the parts of an authored file anew in its notebooks, where those stand; return the paths that changed."""
    authored = read_authored(path, source)
    parts = parts_of(authored, course)
    prose = {
        name_cell(authored, number): write_prose(authored, number, cell.source, parts)
        for number, cell in enumerate(authored.cells)
        if cell.cell_type == "markdown" and PLACE.search(cell.source)
    }
    changed = []
    for target in authored.targets.values():
        notebook = _read(out / target) if (out / target).is_file() else None
        if notebook is None:
            continue
        old = [cell for cell in notebook.cells if prose.get(cell.id, cell.source) != cell.source]
        for cell in old:
            cell.source = prose[cell.id]
        if old:
            _save(notebook, out / target)
            changed.append(target)
    return changed


def _fresh_page(out: Path, course: Course) -> str | None:
    """Return what README.md is to say, if there is one and it says something else."""
    page = out / PAGE
    if not page.is_file():
        return None
    said = page.read_text(encoding="utf-8")
    new = fill_page(said, make_page_parts(course))
    return None if new == said else new


def _read(path: Path) -> nbformat.NotebookNode | None:
    try:
        return nbformat.read(path, as_version=4)
    except Exception:  # any fault of a file on disk: it is then built anew
        return None


def _write(notebook: nbformat.NotebookNode, path: Path) -> bool:
    old = _read(path) if path.is_file() else None
    if old is not None and not find_differences(old, notebook):
        return False
    _save(notebook, path)
    return True


def _save(notebook: nbformat.NotebookNode, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook, version=4).rstrip("\n") + "\n", encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    """Build or check from the command line; return 1 when something failed or differs."""
    parser = argparse.ArgumentParser(description="Build the notebooks from authoring/.")
    parser.add_argument(
        "stems", nargs="*", metavar="stem", help="names or two digits, also exercises/33; all by default"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; list what differs from a fresh build")
    parser.add_argument("--drafts", action="store_true", help="build drafts too")
    parser.add_argument("--out", type=Path, default=ROOT, metavar="FOLDER", help="where the notebooks stand")
    options = parser.parse_args(arguments)
    found: list[str] = []
    if options.check:
        found, result = check(options.out, options.stems, drafts=options.drafts)
    else:
        result = build(options.out, options.stems, drafts=options.drafts)
    for notebook in result.notebooks:
        done = "built  " if options.check else "wrote  " if notebook.written else "same   "
        print(f"{done}{notebook.path.as_posix()}  {notebook.seconds:.1f} s")
    for path in result.relinked:
        print(f"links  {path.as_posix()}")
    if not options.check:
        print(f"look   {write_gallery(options.out).relative_to(options.out).as_posix()}: every figure on one page")
    for line in (*result.errors, *found):
        print(line, file=sys.stderr)
    return 1 if result.errors or found else 0


if __name__ == "__main__":
    sys.exit(main())
