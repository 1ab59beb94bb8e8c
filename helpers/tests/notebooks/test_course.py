"""What is made of the lessons' headers: the README's map and totals, lesson 00's map and paths, each lesson's links."""

from __future__ import annotations

import copy
import re
from pathlib import Path

import nbformat
import pytest

from authoring import build as factory
from authoring.assemble import name_cell, write_prose
from authoring.build import BuildResult, build, check
from authoring.course import Course, fill_page, make_page_parts, make_parts, read_course
from authoring.source import (
    AUTHORING,
    ROOT,
    AuthoringError,
    find_authored,
    number_of,
    place_of,
    read_authored,
    read_header,
)

HEADER = """# ---
# jupyter:
#   loyalty:
#     kind: {kind}
{told}# ---

"""
LESSON = """# %% [markdown]
# [[opening]]

# %%
1 + 1

# %% [markdown]
# [[links]]
"""
README = """# Workshop

<!-- begin lessons: made -->
old
<!-- end lessons -->

By hand.

<!-- begin totals -->
<!-- end totals -->
"""


class Small:
    """A small course in a folder of its own; nothing in it is executed."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "authoring"
        self.out = folder / "out"
        self.executed: list[str] = []

    def write(self, kind: str, stem: str, room: str, cells: str = LESSON, **header: object) -> None:
        told = "".join(f"#     {name}: {value}\n" for name, value in header.items())
        path = self.source / f"{kind}s" / room / f"{stem}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEADER.format(kind=kind, told=told) + cells, encoding="utf-8")

    def lesson(self, stem: str, room: str, cells: str = LESSON, **header: object) -> None:
        usual = {"title": stem[3:].capitalize(), "question": f"Why {stem[3:]}?", "part_a": 20, "part_b": 0}
        self.write("lesson", stem, room, cells, **{**usual, **header})

    def build(self, *stems: str, drafts: bool = False) -> BuildResult:
        self.executed.clear()
        result = build(self.out, list(stems), self.source, drafts=drafts)
        assert result.errors == ()
        return result

    def cell(self, path: str, place: int) -> str:
        return nbformat.read(self.out / path, as_version=4).cells[place].source


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Small:
    made = Small(tmp_path)

    def note(authored, cwd: Path) -> list:
        made.executed.append(authored.stem)
        return copy.deepcopy(list(authored.cells))

    monkeypatch.setattr(factory, "execute_authored", note)
    made.out.mkdir()
    (made.out / "README.md").write_text(README, encoding="utf-8")
    made.source.mkdir()
    (made.source / "paths.yml").write_text(
        "paths:\n  a day:\n    the day: 00 20 · break 15 · 12 shown 10 · 31 30\n"
        "planned:\n  '12': Profiles\n  '31': Traps\n",
        encoding="utf-8",
    )
    map_cells = LESSON + "\n# %% [markdown]\n# [[map]]\n#\n# [[paths]]\n"
    made.lesson("00_start", "0_start", map_cells, question="Was it $5?")
    made.lesson("12_profile", "1_prepare", part_b=30, know_first='["00"]')
    made.write("exercise", "12_profile", "1_prepare", "# %% [markdown]\n# [[opening]]\n",
               title="the letter", question="Who?", minutes=35, pace="15 for 12a, 20 alone")  # fmt: skip
    made.lesson("31_trap", "3_evaluate", know_first='["12"]', draft="true")
    return made


# --- A lesson more ------------------------------------------------------------------------------------------------


def test_the_readme_gets_its_rows_and_totals_and_keeps_what_is_written_by_hand(small: Small) -> None:
    assert Path("README.md") in small.build().relinked
    page = (small.out / "README.md").read_text(encoding="utf-8")
    assert "| [00 Start](notebooks/0_start/00_start.ipynb) | *Was it $5?* | 20 |  |\n" in page
    assert "| *Why profile?* | 50 | [the letter](exercises/1_prepare/12_profile.ipynb), 35 |\n" in page
    assert "2 lessons of 70 minutes and 1 exercise of 35 minutes: 105 minutes in all." in page
    assert "old" not in page and "\nBy hand.\n" in page


def test_a_lesson_opens_with_title_question_minutes_and_what_to_know_first(small: Small) -> None:
    small.build()
    assert small.cell("notebooks/1_prepare/12_profile.ipynb", 0) == (
        "# Profile\n\n**Why profile?**\n\n"
        "*50 minutes: 20 together, 30 alone · know first: [00 Start](../0_start/00_start.ipynb)*"
    )
    assert "*20 minutes · you need to know nothing yet*" in small.cell("notebooks/0_start/00_start.ipynb", 0)
    assert small.cell("exercises/1_prepare/12_profile.ipynb", 0) == (
        "# Exercise: the letter\n\n**Who?**\n\n"
        "*35 minutes: 15 for 12a, 20 alone · after: [12 Profile](../../notebooks/1_prepare/12_profile.ipynb)*"
    )


def test_a_dollar_in_a_header_is_guarded_in_a_notebook(small: Small) -> None:
    small.build()
    assert "Was it <span>&#36;</span>5?" in small.cell("notebooks/0_start/00_start.ipynb", 0)


def test_a_draft_is_built_when_it_is_named_or_asked_for_and_stands_in_no_map(small: Small) -> None:
    small.build()
    assert "31_trap" not in small.executed
    assert "Trap](" not in small.cell("notebooks/0_start/00_start.ipynb", 3)
    small.build("31")
    assert small.executed == ["31_trap"]
    assert "[12 Profile](../1_prepare/12_profile.ipynb)" in small.cell("notebooks/3_evaluate/31_trap.ipynb", 2)
    assert "Trap" not in small.cell("notebooks/1_prepare/12_profile.ipynb", 2)
    assert "Trap" not in (small.out / "README.md").read_text(encoding="utf-8")
    assert check(small.out, source=small.source)[0] == [], "a draft that was built is no orphan"
    small.build(drafts=True)
    assert "31_trap" in small.executed


def test_a_lesson_that_is_no_draft_any_more_changes_readme_map_paths_and_neighbours_and_runs_nothing_else(
    small: Small,
) -> None:
    small.build()
    assert small.cell("notebooks/1_prepare/12_profile.ipynb", 2) == (
        "**Next:** the exercise, [the letter](../../exercises/1_prepare/12_profile.ipynb) (35 minutes). "
        "**Before:** [00 Start](../0_start/00_start.ipynb)."
    )
    assert "| a day | 45 of 75 | 00 20 · break 15 · 12 shown 10 | 31 Traps |" in small.cell(
        "notebooks/0_start/00_start.ipynb", 3
    )
    small.lesson("31_trap", "3_evaluate", know_first='["12"]')
    small.build("31")
    assert small.executed == ["31_trap"]
    assert "(35 minutes), then [31 Trap](../3_evaluate/31_trap.ipynb)." in small.cell(
        "notebooks/1_prepare/12_profile.ipynb", 2
    )
    first = small.cell("notebooks/0_start/00_start.ipynb", 3)
    assert "| 3 Evaluate | [31 Trap](../3_evaluate/31_trap.ipynb) | *Why trap?* | 20 |  |" in first
    assert "| a day | 75 | 00 20 · break 15 · 12 shown 10 · 31 30 |  |" in first
    assert "3 lessons of 90 minutes" in (small.out / "README.md").read_text(encoding="utf-8")
    assert check(small.out, source=small.source)[0] == []


def test_a_check_names_a_readme_that_was_edited_by_hand(small: Small) -> None:
    small.build()
    page = small.out / "README.md"
    page.write_text(page.read_text(encoding="utf-8").replace("| 50 |", "| 45 |"), encoding="utf-8")
    found, _ = check(small.out, source=small.source)
    assert found == ["README.md: its map or totals are not what the lessons' headers say"]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ({"title": "''"}, "41_x.py: the header has no `title:`"),
        ({"question": "[]"}, "the header has no `question:`"),
        ({"part_a": "soon"}, "the header's `part_a:` is to be whole minutes"),
        ({"know_first": "12"}, "the header's `know_first:` is to be numbers in quotes"),
        ({"know_first": '["13"]'}, "names lesson 13, which is not there"),
        ({"know_first": '["31"]'}, "names lesson 31, which is not there"),
    ],
)
def test_a_header_that_lacks_something_is_told_in_one_line(small: Small, header: dict, says: str) -> None:
    small.lesson("41_x", "4_learn", **header)
    (error,) = build(small.out, source=small.source).errors
    assert says in error and error.count("\n") == 0


def test_two_lessons_of_one_number_and_an_exercise_without_lesson_are_refused(small: Small) -> None:
    small.write("exercise", "41_x", "4_learn", title="x", question="x?", minutes=5)
    with pytest.raises(AuthoringError, match="41_x has no lesson"):
        read_course(small.source)
    small.lesson("41_x", "4_learn")
    small.lesson("41_y", "4_learn")
    with pytest.raises(AuthoringError, match="there are two lessons 41"):
        read_course(small.source)


@pytest.mark.parametrize(
    ("cells", "says"),
    [
        ("# %% [markdown]\n# [[maps]]\n", r"cell 1.*there is no \[\[maps\]\]; there are opening, links, map, paths"),
        ("# %% [markdown]\n# [[links]]\n#\n# {{1}}\n", r"cell 1.*\[\[links\]\] stands beside a computed number"),
    ],
)
def test_an_unknown_part_or_one_beside_a_computed_number_is_refused(small: Small, cells: str, says: str) -> None:
    small.lesson("41_x", "4_learn", cells)
    (error,) = build(small.out, ["41_x"], small.source).errors
    assert re.search(says, error)


# --- The workshop itself ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def course() -> Course:
    return read_course()


def test_the_readme_says_what_the_headers_say(course: Course) -> None:
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    parts = make_page_parts(course)
    assert all(f"<!-- begin {name}" in page for name in parts)
    assert fill_page(page, parts) == page, "run `python3 workshop.py build`"


@pytest.mark.parametrize("path", [path for path in find_authored() if place_of(path)[1]], ids=lambda path: path.stem)
def test_maps_and_links_of_a_committed_notebook_are_what_the_headers_say(path: Path, course: Course) -> None:
    authored = read_authored(path)
    parts = make_parts(course, number_of(path), authored.kind)
    asked = [number for number, cell in enumerate(authored.cells) if cell.source.startswith("[[")]
    wanted = {name_cell(authored, n): write_prose(authored, n, authored.cells[n].source, parts) for n in asked}
    assert len(wanted) >= (2 if authored.kind == "lesson" else 1), "a lesson has [[opening]] and [[links]]"
    for target in authored.targets.values():
        cells = {cell.id: cell.source for cell in nbformat.read(ROOT / target, as_version=4).cells}
        assert {name: cells.get(name) for name in wanted} == wanted, "run `python3 workshop.py build`"


def test_lesson_00_asks_for_the_map_and_the_paths() -> None:
    text = (AUTHORING / "lessons" / "0_start" / "00_start_here.py").read_text(encoding="utf-8")
    assert "\n# [[map]]\n" in text and "\n# [[paths]]\n" in text


def test_the_three_paths_last_half_a_day_two_days_and_a_third(course: Course) -> None:
    minutes = {
        name: [sum(step.minutes for step in steps) for steps in days.values()] for name, days in course.paths.items()
    }
    assert minutes == {"half a day": [240], "two days": [390, 390], "a third day": [390, 390]}


def test_each_lesson_of_a_path_is_there_or_has_a_planned_title(course: Course) -> None:
    steps = [step for days in course.paths.values() for steps in days.values() for step in steps]
    asked = {step.number for step in steps if step.number}
    assert asked <= {lesson.number for lesson in course.listed} | set(course.planned)


def test_the_quick_reader_of_headers_sees_what_the_full_one_sees() -> None:
    path = AUTHORING / "lessons" / "0_start" / "00_start_here.py"
    assert read_header(path) == read_authored(path).header
