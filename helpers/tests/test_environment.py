"""The same environment is written in three places: pyproject.toml, the locks and environment.yml. They agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import loyalty
from loyalty.launch.venv import PACKAGES

FIRST_FIVE = ["jupyterlab", "pandas", "seaborn", "scikit-learn", "statsmodels"]
LOCKS = ("requirements.lock", "requirements-test.lock")
APART = ("requirements-browser.lock", "requirements-spark.lock")


def read_lock(path: Path) -> dict[str, str]:
    """Each package with all that is said of it: version, marker, hashes."""
    entries = re.split(r"\n(?=\S)", path.read_text(encoding="utf-8").rstrip("\n"))
    return {entry.split("==")[0]: entry for entry in entries}


def read_version(entry: str) -> str:
    return re.match(r"[\w.-]+==([^\s;]+)", entry)[1]


@pytest.fixture(scope="module")
def declared(root) -> dict:
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def direct(declared) -> list[Requirement]:
    return [Requirement(text) for text in declared["dependencies"]]


@pytest.fixture(scope="module")
def conda(root) -> dict:
    return yaml.safe_load((root / "environment.yml").read_text(encoding="utf-8"))


def test_environment_yml_takes_only_python_and_pip_from_conda_forge(conda, declared):
    assert conda["channels"] == ["conda-forge"]
    python, pip, by_pip = conda["dependencies"]
    assert SpecifierSet(declared["requires-python"]).contains(python.removeprefix("python="))
    assert pip == "pip"
    assert list(by_pip) == ["pip"]


def test_environment_yml_names_each_direct_dependency_at_the_locks_version_in_pyprojects_order(root, conda, direct):
    lock = read_lock(root / "requirements.lock")
    expected = [f"{wanted.name}=={read_version(lock[wanted.name])}" for wanted in direct]
    assert conda["dependencies"][-1]["pip"] == expected


def test_the_five_that_participants_meet_come_first(conda, direct):
    assert [line.split("==")[0] for line in conda["dependencies"][-1]["pip"][:5]] == FIRST_FIVE
    assert [wanted.name for wanted in direct[:5]] == FIRST_FIVE


@pytest.mark.parametrize("name", ["environment.yml", "pyproject.toml"])
def test_each_dependency_says_what_it_is_for(root, name):
    text = (root / name).read_text(encoding="utf-8")
    lines = re.findall(r'^ +- [\w-]+==.*|^  "[\w-]+[=<>].*', text, re.M)
    assert len(lines) > 10
    assert [line for line in lines if not re.search(r"# .{5,}", line)] == []


@pytest.mark.parametrize("name", LOCKS + APART)
def test_a_lock_holds_no_address_and_every_package_has_hashes(root, name):
    text = (root / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^(-|.*@ )", text, re.M)
    for package, entry in read_lock(root / name).items():
        first, *hashes = entry.split("\\\n")
        assert re.fullmatch(r"[a-z0-9][\w.-]*==\S+( ; .+)? *", first), package
        assert hashes, package
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64} *", line) for line in hashes), package


def test_the_test_lock_is_the_users_lock_and_more(root):
    user, test = (read_lock(root / name) for name in LOCKS)
    assert user.keys() < test.keys()
    assert [name for name in user if read_version(user[name]) != read_version(test[name])] == []


def test_the_locks_answer_what_pyproject_asks_for(root, declared, direct):
    lock = read_lock(root / "requirements-test.lock")
    for wanted in [*direct, *map(Requirement, declared["optional-dependencies"]["test"])]:
        assert wanted.specifier.contains(read_version(lock[wanted.name])), wanted


def test_the_launcher_looks_for_each_direct_dependency(direct):
    names = {"scikit-learn": "sklearn", "pyyaml": "yaml"}
    assert [names.get(wanted.name, wanted.name.replace("-", "_")) for wanted in direct] == PACKAGES


def test_the_package_and_pyproject_have_one_version(declared):
    assert loyalty.__version__ == declared["version"]


def test_pyproject_and_the_entrance_ask_for_the_same_pythons(root, declared):
    text = (root / "workshop.py").read_text(encoding="utf-8")
    oldest, too_new = re.search(r"= \(3, (\d+)\), \(3, (\d+)\)", text).groups()
    assert declared["requires-python"] == f">=3.{oldest},<3.{too_new}"
