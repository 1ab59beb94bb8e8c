"""What the README points at is there. Its map and totals are made: helpers/tests/notebooks/test_course.py."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def load_figures():
    spec = importlib.util.spec_from_file_location("make_figures", ROOT / "authoring" / "make_figures.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_what_the_readme_links_to_is_there(target):
    assert (ROOT / target).exists()


def test_the_two_commands_stand_alone_in_the_readme():
    blocks = re.findall(r"```\n(.*?)\n```", README, re.DOTALL)
    assert blocks[0].startswith("git clone ")
    assert blocks[1:3] == ["python3 workshop.py", "python3 workshop.py test"]


def test_each_figure_of_the_readme_is_the_one_in_the_notebook():
    figures = load_figures()
    assert {f"docs/figures/{name}" for name in figures.CHOSEN} == set(re.findall(r"docs/figures/\w+\.png", README))
    for name, content in figures.read_figures().items():
        assert (figures.FIGURES / name).read_bytes() == content, f"{name}: run authoring/make_figures.py"
