"""`workshop.py new` lays six files that build and pass their tests as a draft, or refuses in one line."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import loyalty.tasks
from authoring import new
from authoring.course import fill_cell, make_parts, read_course
from authoring.new import lay_lesson, name_files
from authoring.source import (
    EXPRESSION,
    ROOT,
    AuthoringError,
    find_authored,
    read_authored,
    split_expression,
    split_solution,
    tags_of,
)
from loyalty.tasks.checking.grading import list_tasks

LAID = [
    "authoring/lessons/3_evaluate/39_run_the_budget.py",
    "authoring/exercises/3_evaluate/39_run_the_budget.py",
    "helpers/loyalty/tasks/t39/__init__.py",
    "helpers/loyalty/tasks/t39/scene.py",
    "helpers/loyalty/tasks/t39/tasks.py",
    "helpers/tests/tasks/t39/test_tasks.py",
]


@pytest.fixture(scope="module")
def laid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one ready lesson in which lesson 39 was laid."""
    root = tmp_path_factory.mktemp("project")
    first = Path("authoring", "lessons", "0_start", "00_start_here.py")
    (root / first).parent.mkdir(parents=True)
    shutil.copy(ROOT / first, root / first)
    shutil.copy(ROOT / "pyproject.toml", root)
    (root / "helpers" / "loyalty" / "tasks").mkdir(parents=True)
    for package in ("helpers/loyalty", "helpers/loyalty/tasks"):
        (root / package / "__init__.py").touch()
    assert [path.as_posix() for path in lay_lesson("39", "Run the budget", root)] == LAID
    return root


@pytest.fixture
def draft(laid: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Makes the laid `loyalty.tasks.t39` importable, so that `check` finds its tasks."""
    folder = str(laid / "helpers" / "loyalty" / "tasks")
    monkeypatch.setattr(loyalty.tasks, "__path__", [*loyalty.tasks.__path__, folder])
    yield laid
    for name in [name for name in sys.modules if name.startswith("loyalty.tasks.t39")]:
        del sys.modules[name]


def test_ruff_has_nothing_to_say_of_what_was_laid(laid: Path) -> None:
    for command in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        answer = subprocess.run([sys.executable, "-m", "ruff", *command, *LAID], cwd=laid, capture_output=True)
        assert answer.returncode == 0, answer.stdout.decode()


def test_the_laid_tests_pass(draft: Path) -> None:
    spec = importlib.util.spec_from_file_location("laid_tests", draft / LAID[-1])
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tests = [test for name, test in inspect.getmembers(module, inspect.isfunction) if name.startswith("test_")]
    customers = module.deal_letter()
    for test in tests:
        test(customers)
    assert len(tests) == 4


def test_the_laid_task_keeps_its_wrong_answers_apart(draft: Path) -> None:
    (task,) = list_tasks("39")["39_run_the_budget"]
    answers = task.compute()
    values = [answers.right, *(mistake.value for mistake in answers.mistakes)]
    gaps = [abs(one - other) for place, one in enumerate(values) for other in values[:place]]
    assert min(gaps) > 100 * task.tolerance and len(values) == 4
    assert answers.praise and task.hints


@pytest.mark.parametrize("name", LAID[:2])
def test_the_cells_of_a_laid_file_run_and_its_prose_computes(draft: Path, name: str) -> None:
    authored = read_authored(draft / name, draft / "authoring")
    parts = make_parts(read_course(draft / "authoring"), "39", authored.kind)
    names: dict[str, object] = {}
    for number, cell in enumerate(authored.cells):
        if cell.cell_type == "code":
            exec(split_solution(cell.source, name)[1], names)
            continue
        for found in EXPRESSION.findall(fill_cell(cell.source, parts, authored.place(number))):
            expression, style = split_expression(found)
            assert format(eval(expression, names), style)
    assert any("verify" in tags_of(cell) for cell in authored.cells)


def test_a_laid_lesson_has_the_rhythm_of_the_house(laid: Path) -> None:
    text = (laid / LAID[0]).read_text(encoding="utf-8").partition("# ---\n\n")[2]
    order = ["[[opening]]", "You will", "## Who has to decide", "By hand", "Stop here in the workshop", "Part B",
             "What we learned", "What could still be wrong", "Use it on your data", "[[links]]"]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    exercise = (laid / LAID[1]).read_text(encoding="utf-8")
    assert re.search(
        r"### BEGIN SOLUTION(?s:.*)### END SOLUTION(?s:.*)check\(\"39a\", (?s:.*)hint\(\"39a\"\)", exercise
    )
    assert "«" not in "".join((laid / name).read_text(encoding="utf-8") for name in LAID)


def test_what_is_laid_is_a_draft_and_is_listed_nowhere(laid: Path) -> None:
    source = laid / "authoring"
    assert [path.stem for path in find_authored(source)] == ["00_start_here"]
    assert len(find_authored(source, ["39"])) == len(find_authored(source, ["39_run_the_budget"])) == 2
    course = read_course(source)
    assert [lesson.number for lesson in course.listed] == ["00"] and course.lessons["39"].exercise


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["33", "Measure again"], "There is a lesson 33 already"),
        (["50", "Too far"], "A lesson has a number from 01 to 49, not '50'"),
        (["00", "Again"], "A lesson has a number from 01 to 49, not '00'"),
        (["3x", "Odd"], "not '3x'"),
        (["39", "  "], "The title is empty"),
        (["39", "Бюджет"], "The title makes no file name: Б д е ж т ю."),
        (["39", "../../etc"], "The title makes no file name: /."),
        (["39", "?!"], "it has no letter and no digit"),
        (["39", "long " * 20], "The title has 99 characters: at most 50"),
        (["39"], "Say number and title"),
    ],
)
def test_what_cannot_be_laid_is_refused_in_one_line_with_exit_code_2_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: pytest.fail("a file is written"))
    assert new.main(arguments) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1 and error.startswith("workshop: ")


def test_a_lesson_is_not_laid_twice(laid: Path) -> None:
    with pytest.raises(AuthoringError, match="There is a lesson 39 already: authoring/exercises"):
        lay_lesson("39", "Another title", laid)


@pytest.mark.parametrize(
    ("number", "room"),
    [("1", "0_start/01_"), ("10", "1_prepare/10_"), ("26", "2_segment/26_"), ("49", "4_learn/49_")],
)
def test_the_first_digit_is_the_room(tmp_path: Path, number: str, room: str) -> None:
    assert room in lay_lesson(number, "A title", tmp_path)[0].as_posix()


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Run the budget", "run_the_budget"),
        ("One customer, many ids", "one_customer_many_ids"),
        ("Who's next?", "whos_next"),
        ("A café: 2 for 1", "a_cafe_2_for_1"),
    ],
)
def test_a_title_becomes_a_name_of_ascii_and_underscores(title: str, name: str) -> None:
    assert name_files(title) == name


def test_a_title_with_quotes_and_colons_stays_readable_in_the_header(tmp_path: Path) -> None:
    lay_lesson("39", "A café: what's in it?", tmp_path)
    (tmp_path / "authoring" / "lessons" / "0_start").mkdir()
    shutil.copy(ROOT / "authoring/lessons/0_start/00_start_here.py", tmp_path / "authoring/lessons/0_start")
    assert read_course(tmp_path / "authoring").lessons["39"].title == "A café: what's in it?"
