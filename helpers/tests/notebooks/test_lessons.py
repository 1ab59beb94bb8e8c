"""What every lesson, exercise and template promises; each test runs over all that is authored."""

from __future__ import annotations

import ast
import base64
import csv
import importlib.util
import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from PIL import Image

from authoring.build import check as check_build
from authoring.source import (
    AUTHORING,
    BEGIN,
    END,
    ROOT,
    find_authored,
    name_targets,
    place_of,
    read_authored,
    tags_of,
)
from loyalty.tasks import check as check_answer
from loyalty.tasks.checking.grading import list_tasks

PATHS = find_authored()
OF_KIND = {kind: [p for p in PATHS if p.relative_to(AUTHORING).parts[0] == kind] for kind in ("lessons", "exercises")}
VARIANTS = {"lessons": ("lesson",), "exercises": ("exercise", "solution"), "templates": ("template",)}
NOTEBOOKS = [(path, variant) for path in PATHS for variant in VARIANTS[path.relative_to(AUTHORING).parts[0]]]
ROOMED = OF_KIND["lessons"] + OF_KIND["exercises"]
EXECUTED = ("lessons/02", "exercises/02")  # the shortest; `build --check` runs all
MOST_LINES = 12
MOST_CHARACTERS = 95
CLOSING = ("What we learned", "What could still be wrong", "Use it on your data")
STOP = re.compile(r"stop here in the workshop", re.IGNORECASE)


def name_of(path: Path) -> str:
    return "-".join(path.relative_to(AUTHORING).with_suffix("").parts)


every_file = pytest.mark.parametrize("path", PATHS, ids=name_of)
every_lesson = pytest.mark.parametrize("path", OF_KIND["lessons"], ids=lambda p: p.stem)
every_exercise = pytest.mark.parametrize("path", OF_KIND["exercises"], ids=lambda p: p.stem)
every_lesson_and_exercise = pytest.mark.parametrize("path", ROOMED, ids=name_of)
every_notebook = pytest.mark.parametrize(("path", "variant"), NOTEBOOKS, ids=[f"{v}-{p.stem}" for p, v in NOTEBOOKS])


def prose_of(notebook: NotebookNode) -> list[str]:
    """Markdown cells without what stands in code fences."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [re.sub(r"(?ms)^```.*?^```", "", source) for source in cells]


def code_of(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def headings_of(notebook: NotebookNode) -> list[tuple[int, str]]:
    found = re.findall(r"(?m)^(#+) +(.+?) *$", "\n".join(prose_of(notebook)))
    return [(len(marks), text) for marks, text in found]


def calls_in(notebook: NotebookNode, name: str) -> list[str]:
    """Codes given to `check` or `hint`, in order."""
    found = []
    for cell in code_of(notebook):
        for node in ast.walk(ast.parse(re.sub(r"(?m)^[%!].*$", "", cell.source))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == name and node.args:
                found.append(ast.literal_eval(node.args[0]))
    return found


def shown_by(cell: NotebookNode) -> str:
    return "\n".join(output.get("data", {}).get("text/plain", output.get("text", "")) for output in cell.outputs)


def you_will(notebook: NotebookNode) -> list[str]:
    text = "\n\n".join(prose_of(notebook))
    found = re.search(r"(?m)^\W*You will\b.*\n+((?:[-*] .+\n?(?:(?:  |\t).+\n?)*)+)", text)
    return re.findall(r"(?m)^[-*] (.+(?:\n(?:  |\t).+)*)", found[1]) if found else []


# --- Header and build ---------------------------------------------------------------------------------------------


@every_lesson
def test_the_header_names_a_module_and_a_test_that_exist(path: Path) -> None:
    header = read_authored(path).header
    assert importlib.util.find_spec(header["module"]) is not None
    file, _, names = header["test"].partition("::")
    defined = {n.name for n in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8"))) if hasattr(n, "name")}
    assert names and set(names.split("::")) <= defined


@every_file
def test_a_file_that_names_a_module_or_a_test_names_one_that_exists(path: Path) -> None:
    header = read_authored(path).header
    if "module" in header:
        assert importlib.util.find_spec(header["module"]) is not None
    if "test" in header:
        assert (ROOT / header["test"].partition("::")[0]).is_file()


@every_notebook
def test_the_notebook_is_what_its_authored_file_makes_but_for_what_running_it_adds(
    path: Path, variant: str, built
) -> None:
    assert built.stale(path, variant) == [], "build it anew: `python3 workshop.py build`"
    notebook = built.read(path, variant)
    assert built.content(path, variant).decode("utf-8") == nbformat.writes(notebook, version=4).rstrip("\n") + "\n"
    run = [cell.execution_count for cell in code_of(notebook) if "optional-data" not in tags_of(cell)]
    assert variant == "exercise" or run == list(range(1, len(run) + 1))


def test_no_notebook_is_without_its_authored_file() -> None:
    named = {target for path in PATHS for target in name_targets(*place_of(path), path.stem).values()}
    answer = subprocess.run(
        ["git", "ls-files", "notebooks", "exercises", "solutions"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    committed = {Path(name) for name in answer.stdout.splitlines() if name.endswith(".ipynb")}
    assert committed <= named


@pytest.mark.parametrize("stem", EXECUTED)
def test_running_it_anew_makes_the_same_notebook(stem: str) -> None:
    """One lesson and one exercise; `workshop.py build --check`, which CI runs, does it with all."""
    differences, result = check_build(stems=[stem])
    assert result.errors == () and differences == []


@every_notebook
def test_a_notebook_is_at_most_500_kilobytes(path: Path, variant: str, built) -> None:
    assert len(built.content(path, variant)) <= 500 * 1024


def test_all_notebooks_together_are_at_most_15_megabytes(built) -> None:
    assert sum(len(built.content(path, variant)) for path, variant in NOTEBOOKS) <= 15 * 1024**2


@every_notebook
def test_no_output_is_an_error_or_a_warning_and_no_braces_survive(path: Path, variant: str, built) -> None:
    notebook = built.read(path, variant)
    assert "verify" not in {tag for cell in notebook.cells for tag in tags_of(cell)}
    assert not [
        o for cell in code_of(notebook) for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"
    ]
    assert not [text for text in prose_of(notebook) if "{{" in text or "}}" in text]


@every_notebook
def test_cells_with_optional_data_say_so_and_carry_no_output(path: Path, variant: str, built) -> None:
    for cell in code_of(built.read(path, variant)):
        if "optional-data" in tags_of(cell):
            assert "optional" in cell.source.lower() and not cell.outputs and cell.execution_count is None


@every_notebook
def test_figures_are_sharp_and_say_what_they_show(path: Path, variant: str, built) -> None:
    """Twice the pixels of the size at which they are shown, which fits a laptop; alt text is the title and more."""
    for cell in code_of(built.read(path, variant)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                shown = output.metadata["image/png"]
                with Image.open(io.BytesIO(base64.b64decode(output.data["image/png"]))) as figure:
                    assert figure.width in (2 * shown["width"], 2 * shown["width"] + 1)
                assert shown["width"] <= 1_000
                assert shown["alt"].startswith("Chart: ") and output.data["text/plain"] == f"<{shown['alt']}>"


# --- How a lesson reads -------------------------------------------------------------------------------------------


@every_notebook
def test_it_has_one_title_and_begins_with_it(path: Path, variant: str, built) -> None:
    notebook = built.read(path, variant)
    assert [level for level, _ in headings_of(notebook)].count(1) == 1
    assert notebook.cells[0].source.startswith("# ")


@every_lesson_and_exercise
def test_it_opens_with_its_question_in_bold_and_its_minutes(path: Path, built) -> None:
    notebook = built.read(path, "lesson" if path in OF_KIND["lessons"] else "exercise")
    opening = "\n".join(cell.source for cell in notebook.cells[:2] if cell.cell_type == "markdown")
    assert re.search(r"\*\*[^*]+\?\*\*", opening), "no question in bold"
    header = read_authored(path).header
    minutes = header["minutes"] if "minutes" in header else header["part_a"] + header["part_b"]
    assert re.search(rf"\b{minutes} minutes\b", opening), f"the header says {minutes} minutes, the opening does not"


@every_lesson
def test_you_will_has_three_or_four_bullets(path: Path, built) -> None:
    assert len(you_will(built.read(path, "lesson"))) in (3, 4)


@every_lesson
def test_it_closes_with_the_three_sections_and_a_link_on(path: Path, built) -> None:
    notebook = built.read(path, "lesson")
    titles = [text.strip("*: ") for _, text in headings_of(notebook)]
    assert [title for title in titles if title in CLOSING] == list(CLOSING)
    assert re.search(r"\]\([^)]+\)", prose_of(notebook)[-1]), "the last cell has no link on"


@every_lesson
def test_part_a_has_at_most_fourteen_code_cells(path: Path, built) -> None:
    cells = built.read(path, "lesson").cells
    stops = [number for number, cell in enumerate(cells) if cell.cell_type == "markdown" and STOP.search(cell.source)]
    assert len(stops) <= 1
    if stops:
        assert sum(cell.cell_type == "code" for cell in cells[: stops[0]]) <= 14
    else:
        assert not any(
            re.match(r"part b\b", text, re.IGNORECASE) for _, text in headings_of(built.read(path, "lesson"))
        )


@every_lesson_and_exercise
def test_a_code_cell_holds_one_idea_and_fits_a_laptop(path: Path, built) -> None:
    """At most twelve lines of 95 characters; imports and empty lines do not count: they hold no idea."""
    notebook = built.read(path, "lesson" if path in OF_KIND["lessons"] else "solution")
    long = []
    for cell in code_of(notebook):
        lines = [line for line in cell.source.splitlines() if re.match(r"(?!from |import )\s*\S", line)]
        if len(lines) > MOST_LINES or any(len(line) > MOST_CHARACTERS for line in lines):
            long.append(cell.source)
    assert not long, f"{len(long)} cells are longer:\n" + "\n---\n".join(long)


@every_lesson
def test_a_bet_is_shown_because_reveal_is_the_last_line_of_its_cell(path: Path, built) -> None:
    for cell in code_of(built.read(path, "lesson")):
        lines = ast.parse(re.sub(r"(?m)^[%!].*$", "", cell.source)).body
        reveals = [
            isinstance(line, ast.Expr)
            and isinstance(line.value, ast.Call)
            and getattr(line.value.func, "id", "") == "reveal"
            for line in lines
        ]
        assert not any(reveals[:-1]), f"what `reveal` tells is lost in:\n{cell.source}"


def forms_of(term: str) -> set[str]:
    """A term in singular and plural, without case."""
    term = " ".join(term.casefold().replace("’", "'").split()).strip(" .,:;")
    endings = {"s": "", "es": "", "ies": "y"}
    return {term} | {term[: -len(old)] + new for old, new in endings.items() if term.endswith(old)}


@every_lesson
def test_bold_key_terms_are_in_the_glossary(path: Path, built) -> None:
    with (ROOT / "data" / "glossary.csv").open(encoding="utf-8", newline="") as file:
        known = set().union(*(forms_of(row["term"]) for row in csv.DictReader(file)))
    terms = [term for bullet in you_will(built.read(path, "lesson")) for term in re.findall(r"\*\*(.+?)\*\*", bullet)]
    assert terms, "no key term is bold"
    assert not [term for term in terms if not forms_of(term) & known]


# --- Links and pictures -------------------------------------------------------------------------------------------


def names_in(source: str, context: type[ast.expr_context]) -> set[str]:
    """Names that the code binds (Store: also by import, def and class) or reads (Load)."""
    tree = ast.parse(source)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Store:
        aliases = [
            alias for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
        ]
        found |= {(alias.asname or alias.name).split(".")[0] for alias in aliases}
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return found


@pytest.mark.parametrize("path", PATHS, ids=name_of)
def test_no_cell_that_a_learner_runs_leans_on_a_hidden_one(path: Path) -> None:
    shown: set[str] = set()
    hidden: set[str] = set()
    for cell in read_authored(path).cells:
        if cell.cell_type != "code":
            continue
        if "verify" in tags_of(cell):
            hidden |= names_in(cell.source, ast.Store) - shown
            continue
        shown |= names_in(cell.source, ast.Store)
        assert not names_in(cell.source, ast.Load) & (hidden - shown), cell.source


def targets_in(notebook: NotebookNode) -> Iterator[tuple[str, str, str]]:
    """Mark, text and target of every markdown link and image."""
    for text in prose_of(notebook):
        yield from re.findall(r"(!?)\[([^\]]*)\]\(<?([^)\s>]+)>?[^)]*\)", text)


@every_notebook
def test_links_point_to_files_that_exist(path: Path, variant: str, built) -> None:
    place = built.path(path, variant)
    broken = []
    for mark, _, target in targets_in(built.read(path, variant)):
        file = target.partition("#")[0]
        if mark or not file or re.match(r"[a-z]+:", file):
            continue
        there = (place.parent / file).resolve()
        in_project = ROOT / there.relative_to(built.root) if there.is_relative_to(built.root) else None
        if not there.exists() and (there.suffix == ".ipynb" or in_project is None or not in_project.exists()):
            broken.append(target)
    assert not broken, f"no such file: {broken}"


@every_notebook
def test_pictures_have_alternative_text_and_come_from_the_project(path: Path, variant: str, built) -> None:
    notebook = built.read(path, variant)
    for mark, text, target in targets_in(notebook):
        if mark:
            assert text.strip(), f"{target} has no alternative text"
            assert not re.match(r"(https?:)?//", target), f"{target} comes from outside"
    for tag in re.findall(r"<img[^>]*>", "\n".join(prose_of(notebook))):
        assert re.search(r'alt="[^"]+"', tag) and not re.search(r'src="(https?:)?//', tag), tag


# --- Exercises ----------------------------------------------------------------------------------------------------


@every_exercise
def test_the_blank_exercise_has_no_outputs_no_markers_and_no_solutions(path: Path, built) -> None:
    blank = built.read(path, "exercise")
    assert not [cell for cell in code_of(blank) if cell.outputs or cell.execution_count is not None]
    assert not [cell for cell in blank.cells if BEGIN in cell.source or END in cell.source]
    assert not [cell for cell in blank.cells if "solution" in tags_of(cell)]
    texts = {cell.source for cell in blank.cells}
    assert not [c.source for c in read_authored(path).cells if "solution" in tags_of(c) and c.source in texts]
    assert sum("# your code here" in cell.source for cell in code_of(blank)) >= 1


@every_exercise
def test_every_check_of_the_blank_exercise_says_that_there_is_no_answer_yet(path: Path, built) -> None:
    codes = calls_in(built.read(path, "exercise"), "check")
    assert codes and {code: check_answer(code, ...).status for code in codes} == dict.fromkeys(codes, "unanswered")


@pytest.mark.slow
@every_exercise
def test_the_blank_exercise_runs_clean_with_every_check_unanswered(path: Path, built, blank_runs) -> None:
    cells = blank_runs[path.stem]
    assert not isinstance(cells, str), cells
    checks = [cell for cell in cells if cell.cell_type == "code" and re.search(r"(?m)^check\(", cell.source)]
    assert checks
    assert {cell.source: shown_by(cell)[:1] for cell in checks} == {cell.source: "⬜" for cell in checks}
    assert not [cell.source for cell in cells for o in cell.get("outputs", []) if o.get("name") == "stderr"]


@every_exercise
def test_the_blank_before_each_check_is_the_name_that_the_check_reads(path: Path, built) -> None:
    cells = [cell.source for cell in code_of(built.read(path, "exercise"))]
    for blank, check in zip(cells, cells[1:], strict=False):
        if found := re.match(r"check\(\"\w+\", (\w+)\)", check):
            assert re.search(rf"(?m)^{found[1]} = \.\.\.  # your code here", blank), f"{check}: {blank}"


@every_exercise
def test_in_the_solution_every_check_is_right(path: Path, built) -> None:
    checks = [cell for cell in code_of(built.read(path, "solution")) if re.search(r"(?m)^check\(", cell.source)]
    assert {cell.source: shown_by(cell)[:1] for cell in checks} == {cell.source: "✅" for cell in checks}
    assert not [cell for cell in code_of(built.read(path, "solution")) if BEGIN in cell.source or END in cell.source]


@every_exercise
def test_a_tasks_code_ties_text_check_and_hint(path: Path, built) -> None:
    tasks = [task.code for task in list_tasks(path.stem[:2]).get(path.stem, ())]
    blank = built.read(path, "exercise")
    assert sorted(calls_in(blank, "check")) == tasks, "codes checked in the exercise, and tasks of the module"
    assert sorted(set(calls_in(blank, "hint"))) == tasks
    bold = re.findall(r"\*\*(\d\d[a-z])\b", "\n".join(prose_of(blank)))
    assert sorted(set(bold)) == tasks, "each task's text begins with its code in bold"


def test_every_lesson_with_tasks_has_its_exercise() -> None:
    stems = {path.stem for path in find_authored(drafts=True) if path.parts[-3] == "exercises"}
    assert set(list_tasks()) <= stems


@pytest.mark.parametrize("path", [p for p in PATHS if p.parent == AUTHORING / "templates"], ids=lambda p: p.stem)
def test_a_template_carries_one_cell_of_parameters(path: Path, built) -> None:
    cells = code_of(built.read(path, "template"))
    assert sum("parameters" in tags_of(cell) for cell in cells) == 1
