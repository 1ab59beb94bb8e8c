"""What stops a build, and what it then says: file, cell, source line and cause."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from authoring.build import BuildResult, build
from authoring.source import AuthoringError, find_authored, read_authored, split_expression, split_solution

Author = Callable[[Path, str, str, str], None]

FAULTS = {
    "91_error": ("# %%\nx = 1\nx + 1\nundefined_name\n", ["cell 1 (line 11)", "NameError", "undefined_name"]),
    "92_prose": (
        "# %%\nx = 1\n\n# %% [markdown]\n# one\n# {{y:.1f}}\n",
        ["cell 2 (line 13)", "{{y:.1f}}", "NameError"],
    ),
    "93_verify": ('# %%\nx = 1\n\n# %% tags=["verify"]\nassert x > 1\n', ["cell 2", "AssertionError", "assert x > 1"]),
    "94_warning": ("# %%\nimport warnings\nwarnings.warn('old ways')\n", ["cell 1", "UserWarning: old ways"]),
    "95_stderr": ("# %%\nimport sys\nprint('oops', file=sys.stderr)\n", ["cell 1", "stderr", "oops"]),
    "96_address": ("# %%\nobject()\n", ["cell 1", "address"]),
    "97_allowed": ('# %% tags=["raises-exception"]\n1 / 0\n', ["cell 1", "ZeroDivisionError"]),
    "98_machine": ("# %%\nimport sys\nsys.prefix\n", ["cell 1", "path of this machine"]),
    "99_syntax": ("# %%\nx = 1\nx = = 2\n", ["cell 1", "SyntaxError", "x = = 2"]),
    "89_clock": ("# %%\nprint('Time:   12:30:01')\n", ["cell 1", "the time of the build"]),
    "90_dead": ("# %%\nimport os\nos._exit(3)\n", ["cell 1", "the kernel died"]),
    "88_braces": ("# %% [markdown]\n# one }} too many\n", ["cell 1", "double braces"]),
    "87_yaml": ("# %%\n### BEGIN SOLUTION\nx = 1\n", ["cell 1", "### END SOLUTION"]),
}


@pytest.fixture(scope="module")
def failed(author: Author, tmp_path_factory: pytest.TempPathFactory) -> BuildResult:
    source = tmp_path_factory.mktemp("faults")
    for name, (text, _) in FAULTS.items():
        author(source, f"lessons/1_prepare/{name}.py", "lesson", text)
    return build(tmp_path_factory.mktemp("nothing"), source=source)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_stops_the_notebook_with_file_cell_line_and_cause(name: str, failed: BuildResult) -> None:
    (message,) = (error for error in failed.errors if f"{name}.py" in error)
    assert all(part in message for part in FAULTS[name][1]), message
    assert "Traceback" not in message and message.count("\n") <= 3


def test_a_failed_notebook_is_not_written(failed: BuildResult) -> None:
    assert failed.notebooks == () and len(failed.errors) == len(FAULTS)
    assert not list(failed.out.rglob("*.ipynb"))


@pytest.mark.parametrize(
    ("place", "kind", "says"),
    [
        ("lessons/1_prepare/91_x.py", "exercise", "the header says exercise, the folder says lesson"),
        ("lessons/91_x.py", "lesson", "does not belong in this folder"),
        ("lessons/5_other/91_x.py", "lesson", "does not belong in this folder"),
        ("templates/1_prepare/x.py", "template", "does not belong in this folder"),
    ],
)
def test_kind_and_folder_must_agree(author: Author, place: str, kind: str, says: str, tmp_path: Path) -> None:
    author(tmp_path, place, kind, "# %%\n1\n")
    with pytest.raises(AuthoringError, match=says):
        read_authored(tmp_path / place, tmp_path)


def test_a_file_without_header_is_refused(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "x.py").write_text("# %%\n1\n", encoding="utf-8")
    assert "the header has no `loyalty:`" in build(tmp_path / "out", source=tmp_path).errors[0]


def test_an_unknown_stem_lists_the_known_ones(author: Author, tmp_path: Path) -> None:
    for folder, kind in [("lessons/1_prepare", "lesson"), ("exercises/1_prepare", "exercise")]:
        author(tmp_path, f"{folder}/91_sample.py", kind, "")
    author(tmp_path, "templates/report.py", "template", "")
    result = build(tmp_path, ["nope"], tmp_path)
    assert result.errors == ("No authored file is called nope. There are: 91_sample, report.",)
    assert [path.parent.parent.name for path in find_authored(tmp_path, ["91_sample"])] == ["lessons", "exercises"]
    assert [path.parent.parent.name for path in find_authored(tmp_path, ["exercises/91"])] == ["exercises"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("### BEGIN SOLUTION\nx = 1", "without ### END"),
        ("x = 1\n### END SOLUTION", "without ### BEGIN"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "twice"),
        ("### BEGIN SOLUTION\nx = = 1\n### END SOLUTION", "no Python"),
    ],
)
def test_solution_markers_come_in_pairs_around_python(text: str, says: str) -> None:
    with pytest.raises(AuthoringError, match=says):
        split_solution(text, "here")


@pytest.mark.parametrize(
    ("block", "blank"),
    [
        ("a = 1\nb = 2", "b = ...  # your code here"),
        ("a, b = 1, 2", "a, b = ..., ...  # your code here"),
        ("table['x'] = 1", "table['x'] = ...  # your code here"),
        ("a: int = 1\nfor i in range(3):\n    c = i", "a = ...  # your code here"),
        ("print(1)", "...  # your code here"),
        ("a += 1", "a = ...  # your code here"),
    ],
)
def test_the_blank_names_the_last_assignment_at_top_level(block: str, blank: str) -> None:
    text = f"### BEGIN SOLUTION\n{block}\n### END SOLUTION"
    assert split_solution(text, "here") == (blank, block)
    indented = textwrap.indent(text, "    ")
    assert split_solution(indented, "here") == (f"    {blank}", textwrap.indent(block, "    "))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x", ("x", "")), ("x:.2f", ("x", ".2f")), ("x[1:3].sum():,.0f", ("x[1:3].sum()", ",.0f")),
        ('d["a:b"]:.1%', ('d["a:b"]', ".1%")), ("day:%d %B: %H:%M", ("day", "%d %B: %H:%M")),
        ("a +\n  b:d", ("a + b", "d")), ("(lambda v: v)(x):.1f", ("(lambda v: v)(x)", ".1f")),
    ],
)  # fmt: skip
def test_an_expression_is_parted_from_its_format(text: str, expected: tuple[str, str]) -> None:
    assert split_expression(text) == expected
