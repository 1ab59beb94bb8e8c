"""The one entrance: any Python gets an answer, and it works from any folder on the standard library alone."""

from __future__ import annotations

import ast
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from loyalty.launch.project import clean_environment


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 8, 18), (3, 10, 13), (3, 14, 0)])
def test_an_unfit_python_is_told_in_one_line_which_one_is_needed(root, monkeypatch, capsys, version):
    main = runpy.run_path(str(root / "workshop.py"))["main"]
    monkeypatch.setattr(sys, "version_info", version)
    assert main() == 2
    error = capsys.readouterr().err
    assert f"this is Python {version[0]}.{version[1]}; the workshop needs 3.11, 3.12 or 3.13" in error
    assert error.count("\n") == 1


def test_a_fit_python_is_handed_over(root, monkeypatch, capsys):
    main = runpy.run_path(str(root / "workshop.py"))["main"]
    monkeypatch.setattr(sys, "argv", ["workshop.py", "--help"])
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert main() == 0
    assert "doctor" in capsys.readouterr().out


def test_old_parsers_can_read_the_entrance(root):
    tree = ast.parse((root / "workshop.py").read_text(encoding="ascii"))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.NamedExpr | ast.AsyncFunctionDef | ast.Match)
        assert not isinstance(node, ast.Nonlocal | ast.Starred)
        assert not (isinstance(node, ast.Raise) and node.cause)
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            assert not (arguments.kwonlyargs or arguments.posonlyargs or node.returns)
            assert not any(argument.annotation for argument in arguments.args)
    first = next(node for node in tree.body if isinstance(node, ast.FunctionDef))
    assert {node.names[0].name for node in tree.body if isinstance(node, ast.Import)} == {"os", "sys"}
    assert isinstance(first.body[1], ast.If)  # after the docstring: the version, before any other import


OLD_PYTHONS = sorted((Path.home() / ".pyenv" / "versions").glob("[23].*/bin/python"))
OLD_PYTHONS = [python for python in OLD_PYTHONS if not re.match(r"3\.1[123]\.", python.parts[-3])]


@pytest.mark.skipif(not OLD_PYTHONS, reason="no old Python at hand (looked in ~/.pyenv/versions)")
def test_real_old_pythons_say_it_in_one_line(root):
    for python in OLD_PYTHONS:
        answer = subprocess.run([python, root / "workshop.py"], capture_output=True, env=clean_environment())
        assert answer.returncode == 2, python
        assert answer.stderr.startswith(b"workshop: this is Python ")
        assert answer.stderr.count(b"\n") == 1


@pytest.fixture(scope="module")
def copy(root, tmp_path_factory):
    """A copy in a folder with a space and other letters, and the bare Python of a new environment."""
    home = tmp_path_factory.mktemp("copy")
    place = home / "курс данных" / "loyalty workshop"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(root / "helpers" / "loyalty" / "launch", place / "helpers" / "loyalty" / "launch", ignore=ignored)
    shutil.copy(root / "helpers" / "loyalty" / "__init__.py", place / "helpers" / "loyalty")
    for name in ("workshop.py", "requirements.lock", "requirements-test.lock"):
        shutil.copy(root / name, place)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "bare"], check=True)
    python = home / "bare" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return place, python


def run(copy, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    place, python = copy
    return subprocess.run(
        [python, place / "workshop.py", *arguments], capture_output=True, encoding="utf-8", errors="replace",
        cwd=place.parents[1], env={**clean_environment(LOYALTY_HOME=str(place / ".workshop")), **variables},
    )  # fmt: skip


@pytest.mark.parametrize("coding", [{}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}])
def test_link_makes_the_package_importable_in_a_bare_environment(copy, coding, tmp_path):
    answer = run(copy, "link", **coding)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.count("\n") == 1
    assert "now works" in answer.stdout
    subprocess.run([copy[1], "-c", "import loyalty"], check=True, cwd=tmp_path, env=clean_environment())


def test_help_doctor_and_errors_need_no_package(copy):
    assert run(copy, "--help").returncode == 0
    doctor = run(copy, "doctor")
    assert "No .venv yet" in doctor.stdout
    assert doctor.stderr == ""
    wrong = run(copy, "labb")
    assert (wrong.returncode, wrong.stderr.count("\n")) == (2, 1)


def test_a_foreign_package_named_loyalty_on_the_path_does_not_stand_before_ours(copy, tmp_path):
    (tmp_path / "loyalty.py").write_text("raise SystemExit('not this one')", encoding="utf-8")
    assert run(copy, "--help", PYTHONPATH=str(tmp_path)).returncode == 0


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such bit")
def test_what_binder_and_ci_call_can_be_executed(root):
    for name in ("postBuild", ".ci/run"):
        assert os.access(root / name, os.X_OK), name
    assert "workshop.py link" in (root / "postBuild").read_text(encoding="utf-8")


def test_the_readme_shows_the_two_commands_in_blocks_of_their_own(root):
    blocks = re.findall(r"^```\w*\n(.*?)^```", (root / "README.md").read_text(encoding="utf-8"), re.M | re.S)
    assert {"python3 workshop.py\n", "python3 workshop.py test\n"} <= set(blocks)
