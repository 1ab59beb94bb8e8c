"""The factory: what an authored file becomes, and what a second build leaves alone."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from authoring import build as factory
from authoring.build import BuildResult, build, check
from authoring.execute import BUILD_KEY, make_environment
from authoring.gallery import list_figures, write_gallery
from authoring.source import tags_of
from loyalty.tables.keys import find_key

Author = Callable[[Path, str, str, str], None]


def read(made: BuildResult, path: str) -> nbformat.NotebookNode:
    assert made.errors == ()
    return nbformat.read(made.out / path, as_version=4)


@pytest.fixture
def lesson(made: BuildResult) -> nbformat.NotebookNode:
    return read(made, "notebooks/1_prepare/91_sample.ipynb")


@pytest.fixture
def blank(made: BuildResult) -> nbformat.NotebookNode:
    return read(made, "exercises/1_prepare/91_sample.ipynb")


@pytest.fixture
def solution(made: BuildResult) -> nbformat.NotebookNode:
    return read(made, "solutions/1_prepare/91_sample.ipynb")


# --- What is made -------------------------------------------------------------------------------------------------


def test_the_three_folders_are_made_from_the_authored_text(made: BuildResult) -> None:
    assert made.errors == ()
    assert sorted((n.path.as_posix(), n.variant) for n in made.notebooks) == [
        ("exercises/1_prepare/91_sample.ipynb", "exercise"),
        ("notebooks/1_prepare/91_sample.ipynb", "lesson"),
        ("notebooks/templates/report.ipynb", "template"),
        ("solutions/1_prepare/91_sample.ipynb", "solution"),
    ]
    assert all((made.out / n.path).is_file() and n.written for n in made.notebooks)
    assert all(n.seconds > 0 for n in made.notebooks)


def test_it_runs_in_this_python_with_one_thread_without_optional_data_where_the_notebook_lives(lesson) -> None:
    assert lesson.cells[1].outputs[0].text == "True ['1', '1', '1', '1', None] True\n"


def test_prose_holds_the_numbers_that_the_cells_above_computed(lesson) -> None:
    assert lesson.cells[2].source == "In all 1,234.50 euros, 10\N{NO-BREAK SPACE}% and high."
    assert lesson.cells[-1].source == "The end: 411.5"


def test_verify_cells_run_and_leave_the_notebook(lesson) -> None:
    text = json.dumps(lesson)
    assert "assert total" not in text and "seen by nobody" not in text


def test_cells_with_optional_data_are_kept_and_never_run(lesson) -> None:
    cell = next(cell for cell in lesson.cells if "optional-data" in tags_of(cell))
    assert cell.outputs == [] and cell.execution_count is None


def test_cells_are_numbered_as_a_reader_sees_them(lesson) -> None:
    counts = [cell.execution_count for cell in lesson.cells if cell.cell_type == "code"]
    assert counts == [1, 2, 3, 4, 5, None]


def test_the_notebook_keeps_its_header_and_says_no_versions(lesson) -> None:
    assert lesson.metadata == {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "loyalty": {"kind": "lesson", "title": "A sample", "question": "What?", "part_a": 3, "part_b": 2, "minutes": 5},
    }
    assert not [cell for cell in lesson.cells if "execution" in cell.metadata]


def test_cell_ids_come_from_stem_and_number(lesson, blank, solution) -> None:
    assert lesson.cells[0].id == "91_sample-01" and lesson.cells[3].id == "91_sample-05"
    same = {cell.id: cell.source for cell in solution.cells if cell.cell_type == "markdown"}
    assert all(same[cell.id] == cell.source for cell in blank.cells if cell.cell_type == "markdown")


def test_figures_are_png_with_a_stable_text(lesson) -> None:
    data = next(o.data for cell in lesson.cells for o in cell.get("outputs", []) if "image/png" in o.get("data", {}))
    assert sorted(data) == ["image/png", "text/plain"] and data["text/plain"] == "<Figure>"


def test_tables_get_stable_names_and_objects_lose_their_addresses(lesson) -> None:
    data = next(o.data for cell in lesson.cells for o in cell.get("outputs", []) if "text/html" in o.get("data", {}))
    assert 'id="T_00000"' in data["text/html"] and 'id="T_00000_row0"' in data["text/html"]
    assert " at 0x" not in data["text/plain"]


def test_widgets_leave_no_output(lesson) -> None:
    assert "widget" not in json.dumps([cell.get("outputs") for cell in lesson.cells])


def test_one_authored_exercise_becomes_a_blank_and_a_solution(blank, solution) -> None:
    assert blank.cells[1].source == "shown = 1\nanswer = ...  # your code here\nshown"
    assert solution.cells[1].source == "shown = 1\nhelper = 20\nanswer = helper * 2.0\nanswer\nshown"
    assert blank.cells[2].source == "def rule(row):\n    ...  # your code here"
    assert solution.cells[2].source == "def rule(row):\n    return row > 1"


def test_cells_tagged_solution_leave_the_exercise(blank, solution) -> None:
    assert [cell.source for cell in solution.cells[4:]] == ["A colleague would say 40.", "answer + 1"]
    assert len(blank.cells) == 4


def test_the_blank_exercise_has_no_outputs_and_the_solution_has(blank, solution) -> None:
    assert all(c.outputs == [] and c.execution_count is None for c in blank.cells if c.cell_type == "code")
    assert solution.cells[5].outputs[0].data["text/plain"] == "41.0"


def test_prose_of_the_blank_is_computed_in_the_solutions_run(blank, solution) -> None:
    assert blank.cells[3].source == solution.cells[3].source == "Later in the exercise: 40.0"


def test_a_template_keeps_its_cell_of_parameters(made: BuildResult) -> None:
    cells = read(made, "notebooks/templates/report.ipynb").cells
    assert tags_of(cells[1]) == {"parameters"} and cells[2].outputs[0].data["text/plain"] == "0.3"


# --- The second build ---------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_rebuild_rewrites_only_what_changed_and_a_check_names_it_and_writes_nothing(
    sample_source: Path, made: BuildResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = made.out
    monkeypatch.setenv("WANTED_PYTHON", sys.executable)
    lesson, blank, solution, orphan = (
        out / path / "91_sample.ipynb"
        for path in ("notebooks/1_prepare", "exercises/1_prepare", "solutions/1_prepare", "notebooks/2_segment")
    )
    lesson.write_text(lesson.read_text(encoding="utf-8").replace("3.14159292", "3.14159301"), encoding="utf-8")
    blank.write_text(blank.read_text(encoding="utf-8").replace("An exercise", "Edited by hand"), encoding="utf-8")
    solution.unlink()
    orphan.parent.mkdir()
    orphan.write_text(lesson.read_text(encoding="utf-8"), encoding="utf-8")
    before = {path: path.read_bytes() for path in out.rglob("*.ipynb")}
    assert b"3.14159301" in before[lesson]

    found, result = check(out, source=sample_source)
    assert result.errors == ()
    assert sorted(found) == [
        "exercises/1_prepare/91_sample.ipynb, cell 1: source differs",
        "notebooks/2_segment/91_sample.ipynb: has no authored file",
        "solutions/1_prepare/91_sample.ipynb: not built yet",
    ]
    assert {path: path.read_bytes() for path in out.rglob("*.ipynb")} == before

    again = build(out, source=sample_source)
    assert {n.variant: n.written for n in again.notebooks} == {
        "lesson": False, "template": False, "exercise": True, "solution": True,
    }  # fmt: skip
    assert lesson.read_bytes() == before[lesson], "the seventh digit is no change"
    assert "Edited by hand" not in blank.read_text(encoding="utf-8")


def test_two_notebooks_are_built_side_by_side_and_never_three(
    author: Author, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most, meet, lock = 0, 0, threading.Barrier(2, timeout=120), threading.Lock()

    def execute(authored, cwd: Path) -> list:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        meet.wait()
        time.sleep(0.2)  # long enough for a third one to come, if it may
        with lock:
            running -= 1
        return list(authored.cells)

    monkeypatch.setattr(factory, "execute_authored", execute)
    for number in range(4):
        author(tmp_path, f"lessons/1_prepare/9{number}_x.py", "lesson", "# %%\n1\n")
    result = build(tmp_path / "out", source=tmp_path)
    assert result.errors == () and len(result.notebooks) == 4 and most == 2


def test_the_command_says_what_it_wrote_and_returns_one_on_failure_or_difference(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    notebook = factory.BuiltNotebook(Path("notebooks/x.ipynb"), "lesson", "x", 1.23, True)
    good = BuildResult(tmp_path, (notebook,), ())
    bad = BuildResult(tmp_path, (), ("file, cell 2: NameError",))
    for arguments, result, found, code, says in [
        (["x", "--out", str(tmp_path)], good, [], 0, "wrote  notebooks/x.ipynb  1.2 s"),
        (["--out", str(tmp_path)], bad, [], 1, "file, cell 2: NameError"),
        (["--check"], good, [], 0, "built  notebooks/x.ipynb"),
        (["--check"], good, ["x, cell 1: source differs"], 1, "x, cell 1: source differs"),
        (["--check", "--out", str(tmp_path)], bad, [], 1, "file, cell 2: NameError"),
    ]:
        monkeypatch.setattr(factory, "build", lambda *_, result=result, **__: result)
        monkeypatch.setattr(factory, "check", lambda *_, result=result, found=found, **__: (found, result))
        assert factory.main(arguments) == code
        assert says in "".join(capsys.readouterr())


def test_the_gallery_shows_each_figure_once_and_names_those_without_words(tmp_path: Path) -> None:
    def output(png: str, alt: str | None) -> dict:
        about = {} if alt is None else {"image/png": {"alt": alt}}
        return {"data": {"image/png": png}, "metadata": about}

    cells = [
        {"outputs": [output("QUJD", "Chart: <b> & more")]},
        {},
        {"outputs": [output("QUJE", None), output("QUJD", "again")]},
    ]
    path = tmp_path / "notebooks" / "1_prepare" / "x.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert [(f.cell, f.words, f.kilobytes) for f in list_figures(tmp_path)] == [(0, "Chart: <b> & more", 0), (2, "", 0)]
    page = write_gallery(tmp_path).read_text(encoding="utf-8")
    assert "2 figures of 1 notebooks; 1 without words" in page
    assert "No words: notebooks/1_prepare/x.ipynb, cell 2" in page and "Chart: &lt;b&gt; &amp; more" in page


def test_a_build_knows_no_key_of_whoever_builds_so_that_every_machine_builds_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("LOYALTY_KEY", "a secret of the one who builds")
    environment = make_environment(str(tmp_path))
    assert "LOYALTY_KEY" not in environment
    monkeypatch.delenv("LOYALTY_KEY")
    monkeypatch.setenv("LOYALTY_SETTINGS", environment["LOYALTY_SETTINGS"])
    assert find_key()[0] == BUILD_KEY.encode()
    assert Path(environment["LOYALTY_SETTINGS"]).is_relative_to(tmp_path)
