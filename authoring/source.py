"""Reads authored files (jupytext py:percent) and says what each becomes; executes nothing."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import jupytext
import yaml
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[1]
AUTHORING = ROOT / "authoring"
ROOMS = ("0_start", "1_prepare", "2_segment", "3_evaluate", "4_learn")
FOLDERS = {"lessons": "lesson", "exercises": "exercise", "templates": "template"}
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
BLANK = "...  # your code here"
EXPRESSION = re.compile(r"\{\{(.+?)\}\}", re.DOTALL)
FRONT = re.compile(r"# ---\n(.*?)^# ---$", re.DOTALL | re.MULTILINE)


class AuthoringError(Exception):
    """What is wrong in an authored file, in one plain message: file, cell, source line, cause."""


@dataclass(frozen=True)
class Authored:
    """One authored file: its kind, its place, its header and its cells."""

    path: Path
    kind: str
    room: str
    header: dict[str, Any]
    cells: tuple[NotebookNode, ...]

    @property
    def stem(self) -> str:
        """The name without extension, the same for lesson, exercise and solution."""
        return self.path.stem

    @property
    def targets(self) -> dict[str, Path]:
        """Variant -> relative path of the notebook it becomes; the last one is the one that is executed."""
        return name_targets(self.kind, self.room, self.stem)

    @property
    def runs_in(self) -> Path:
        """Relative folder in which the executed variant will live."""
        return list(self.targets.values())[-1].parent

    @cached_property
    def _lines(self) -> list[int]:
        text = self.path.read_text(encoding="utf-8").splitlines()
        return [number for number, line in enumerate(text, 1) if re.match(r"# ?%%", line)]

    def place(self, cell: int, line: int | None = None) -> str:
        """Say where a cell is: file, its number from 1, the line in the file where that can be told."""
        where = f"{show_path(self.path)}, cell {cell + 1}"
        if len(self._lines) == len(self.cells):
            where += f" (line {self._lines[cell] + (line or 0)})"
        return where


def name_targets(kind: str, room: str, stem: str) -> dict[str, Path]:
    """Return variant -> relative path of the notebooks that a file of this kind, room and name becomes."""
    name = f"{stem}.ipynb"
    if kind == "exercise":
        return {"exercise": Path("exercises", room, name), "solution": Path("solutions", room, name)}
    return {kind: Path("notebooks", room or "templates", name)}


def place_of(path: Path, source: Path = AUTHORING) -> tuple[str, str]:
    """Return kind and room of an authored file, by its folder."""
    parts = path.relative_to(source).parts
    return FOLDERS[parts[0]], parts[1] if len(parts) == 3 else ""


def show_path(path: Path) -> str:
    """Return a path as it is said in messages: relative to the project, or its last three parts."""
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-3:])


def tags_of(cell: NotebookNode) -> set[str]:
    """Return a cell's tags."""
    return set(cell.metadata.get("tags", []))


def find_authored(source: Path = AUTHORING, stems: list[str] | None = None, *, drafts: bool = False) -> list[Path]:
    """List the authored files, templates last; all but drafts, or those that are named, drafts too.

    Parameters
    ----------
    source : Path
        Folder of the authored files.
    stems : list of str, optional
        Names without extension, or a lesson's two digits; `exercises/33` names one of the two files alone.
    drafts : bool
        Whether drafts are listed when nothing is named.

    Raises
    ------
    AuthoringError
        When a stem names no file.
    """
    found = [path for folder in FOLDERS for path in sorted((source / folder).rglob("*.py"))]
    found = [path for path in found if ".ipynb_checkpoints" not in path.parts]
    if not stems:
        return [path for path in found if drafts or not read_header(path).get("draft")]
    names = {path: _names_of(path, source) for path in found}
    unknown = sorted(set(stems) - set().union(*names.values()))
    if unknown:
        known = ", ".join(dict.fromkeys(path.stem for path in found))
        raise AuthoringError(f"No authored file is called {', '.join(unknown)}. There are: {known or 'none'}.")
    return [path for path in found if names[path] & set(stems)]


def _names_of(path: Path, source: Path) -> set[str]:
    """List the names under which an author asks for a file: with and without its folder, whole and by number."""
    short = {path.stem, number_of(path)}
    return short | {f"{path.relative_to(source).parts[0]}/{name}" for name in short}


def number_of(path: Path) -> str:
    """Return the two digits with which the name of a lesson or exercise begins, or the stem of another file."""
    digits = re.match(r"\d\d(?=_)", path.stem)
    return digits[0] if digits else path.stem


def read_header(path: Path) -> dict[str, Any]:
    """Read what stands under `loyalty:` at the head of an authored file, and nothing else of it; {} if nothing does.

    It takes a hundredth of the time of `read_authored`, which says what is wrong where this finds nothing.
    """
    front = FRONT.match(path.read_text(encoding="utf-8"))
    if front is None:
        return {}
    try:
        header = yaml.safe_load(re.sub(r"(?m)^# ?", "", front[1]))["jupyter"]["loyalty"]
    except (yaml.YAMLError, KeyError, TypeError):
        return {}
    return header if isinstance(header, dict) else {}


def read_authored(path: Path, source: Path = AUTHORING) -> Authored:
    """Read one authored file and check what its header and folder say.

    Raises
    ------
    AuthoringError
        When the header is missing, or says another kind than the folder.
    """
    try:
        notebook = jupytext.read(path, fmt="py:percent")
    except Exception as problem:  # any fault of the YAML header
        raise AuthoringError(f"{show_path(path)}: the file cannot be read: {problem}") from problem
    header = notebook.metadata.get("loyalty")
    kind, room = place_of(path, source)
    if not isinstance(header, dict) or "kind" not in header:
        raise AuthoringError(f"{show_path(path)}: the header has no `loyalty:` with a `kind:`.")
    if header["kind"] != kind:
        raise AuthoringError(f"{show_path(path)}: the header says {header['kind']}, the folder says {kind}.")
    if (kind == "template") != (room == "") or (room and room not in ROOMS):
        raise AuthoringError(f"{show_path(path)}: a {kind} does not belong in this folder.")
    return Authored(path, kind, room, dict(header), tuple(notebook.cells))


def split_solution(source: str, place: str) -> tuple[str, str]:
    """Return a code cell as the blank exercise and as the solution show it.

    Raises
    ------
    AuthoringError
        When the markers do not come in pairs, or the lines between them are no Python.
    """
    blank: list[str] = []
    solved: list[str] = []
    block: list[str] | None = None
    for line in source.splitlines():
        mark = line.strip()
        if mark == BEGIN:
            if block is not None:
                raise AuthoringError(f"{place}: {BEGIN} stands twice without {END}.")
            block = []
        elif mark == END:
            if block is None:
                raise AuthoringError(f"{place}: {END} stands without {BEGIN}.")
            indent = line[: len(line) - len(line.lstrip())]
            blank.append(f"{indent}{_name_blank(block, place)}")
            solved += block
            block = None
        elif block is None:
            blank.append(line)
            solved.append(line)
        else:
            block.append(line)
    if block is not None:
        raise AuthoringError(f"{place}: {BEGIN} stands without {END}.")
    return "\n".join(blank), "\n".join(solved)


def _name_blank(block: list[str], place: str) -> str:
    try:
        body = ast.parse(textwrap.dedent("\n".join(block))).body
    except SyntaxError as problem:
        if "return" not in (problem.msg or ""):
            raise AuthoringError(f"{place}: the solution is no Python: {problem.msg}: {problem.text}") from problem
        body = []
    for statement in reversed(body):
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
        elif isinstance(statement, (ast.AnnAssign, ast.AugAssign)):
            target = statement.target
        else:
            continue
        if isinstance(target, (ast.Tuple, ast.List)):
            names = ", ".join(ast.unparse(one) for one in target.elts)
            return f"{names} = {', '.join(['...'] * len(target.elts))}  # your code here"
        return f"{ast.unparse(target)} = {BLANK}"
    return BLANK


def split_expression(inside: str) -> tuple[str, str]:
    """Return expression and format of `expr:format`: the first colon that leaves a whole expression before it."""
    text = " ".join(inside.split())
    for place in (match.start() for match in re.finditer(":", text)):
        if _is_expression(text[:place]):
            return text[:place].strip(), text[place + 1 :].strip()
    return text, ""


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        return False
    return True
