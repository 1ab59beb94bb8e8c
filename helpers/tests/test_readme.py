"""The README and the first lesson list what exists, and nothing else."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST = (ROOT / "authoring" / "lessons" / "0_start" / "00_start_here.py").read_text(encoding="utf-8")
LESSONS = sorted(path.stem for path in (ROOT / "authoring" / "lessons").rglob("*.py"))


def minutes_of(stem: str, kind: str = "lessons") -> str:
    path = next((ROOT / "authoring" / kind).rglob(f"{stem}.py"))
    return re.search(r"minutes: (\d+)", path.read_text(encoding="utf-8"))[1]


def load_figures():
    spec = importlib.util.spec_from_file_location("make_figures", ROOT / "authoring" / "make_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_readme_lists_every_lesson_that_exists_and_no_other():
    assert sorted(set(re.findall(r"\(notebooks/\w+/(\d\d_\w+)\.ipynb\)", README))) == LESSONS


def test_the_first_lesson_lists_every_other_lesson_and_no_other():
    linked = set(re.findall(r"\((?:\.\./\w+/)?(\d\d_\w+)\.ipynb\)", FIRST))
    assert sorted(linked | {"00_start_here"}) == LESSONS


@pytest.mark.parametrize("stem", LESSONS)
def test_the_minutes_in_the_readme_are_those_of_the_lesson(stem):
    row = next(line for line in README.splitlines() if f"{stem}.ipynb)" in line)
    assert f"| {minutes_of(stem)} |" in row
    if "exercises/" in row:
        assert row.rstrip(" |").endswith(minutes_of(stem, "exercises"))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_the_readme_links_to_is_there(target):
    assert (ROOT / target).exists()


def test_the_two_commands_stand_alone_in_the_readme():
    blocks = re.findall(r"```\n(.*?)\n```", README, re.DOTALL)
    assert blocks[:2] == ["python3 workshop.py", "python3 workshop.py test"]


def test_each_figure_of_the_readme_is_the_one_in_the_notebook():
    figures = load_figures()
    assert {f"docs/figures/{name}" for name in figures.CHOSEN} == set(re.findall(r"docs/figures/\w+\.png", README))
    for name, content in figures.read_figures().items():
        assert (figures.FIGURES / name).read_bytes() == content, f"{name}: run authoring/make_figures.py"


def test_the_minutes_of_self_study_are_the_sum_of_all_lessons_and_exercises():
    exercises = sorted(path.stem for path in (ROOT / "authoring" / "exercises").rglob("*.py"))
    total = sum(int(minutes_of(stem)) for stem in LESSONS)
    total += sum(int(minutes_of(stem, "exercises")) for stem in exercises)
    for text in (README, FIRST):
        said = int(re.search(r"about ([\d,]+)(?: minutes\.|\))", text)[1].replace(",", ""))
        assert abs(said - total) < 10
