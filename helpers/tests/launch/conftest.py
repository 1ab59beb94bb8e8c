"""A small clone in a folder with a space and other letters, and a machine on which nothing is really installed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from loyalty.launch import venv
from loyalty.launch.project import Project

GOOD = {"python": venv.VERSION, "site": "lib/site-packages", "linked": True, "missing": []}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.delenv("LOYALTY_HOME", raising=False)
    root = tmp_path / "курс данных"
    (root / "helpers" / "loyalty").mkdir(parents=True)
    (root / "helpers" / "loyalty" / "__init__.py").write_text("", encoding="utf-8")
    (root / "requirements.lock").write_text("pandas==3.1.1\n", encoding="utf-8")
    (root / "requirements-test.lock").write_text("pandas==3.1.1\npytest==9\n", encoding="utf-8")
    return Project(root)


@dataclass
class Machine:
    """Stands in for `python -m venv`, pip and the look into .venv; `said` is what pip prints."""

    project: Project
    installed: list[str] = field(default_factory=list)
    code: int = 0
    said: str = "Collecting pandas\nInstalling collected packages: pandas\n"
    seen: dict = field(default_factory=lambda: dict(GOOD))

    def run_venv(self, project: Project, *options: str) -> subprocess.CompletedProcess[str]:
        project.python.parent.mkdir(parents=True, exist_ok=True)
        project.python.touch()
        (project.venv / GOOD["site"]).mkdir(parents=True, exist_ok=True)
        return subprocess.CompletedProcess([], 0, "")

    def probe(self, project: Project) -> dict | None:
        return dict(self.seen) if project.python.exists() else None

    def run_pip(self, command: list[str], project: Project, log: Path) -> int:
        self.installed.append(command[-1])
        log.write_text(self.said, encoding="utf-8")
        return self.code


@pytest.fixture
def machine(project: Project, monkeypatch: pytest.MonkeyPatch) -> Machine:
    stand_in = Machine(project)
    for name in ("run_venv", "probe", "run_pip"):
        monkeypatch.setattr(venv, name, getattr(stand_in, name))
    return stand_in
