"""The verbs that run inside .venv: what is done, and whether packages and data are at hand."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty import cli
from loyalty.datasets import loaders as datasets
from loyalty.launch.project import find_project


@pytest.fixture
def tried(monkeypatch):
    """Two exercises: one begun, one not."""
    rows = [("12a", "12_profile", "right"), ("12b", "12_profile", "wrong"), ("34a", "34_lift", "unanswered")]
    frame = pd.DataFrame(rows, columns=["code", "lesson", "status"])
    monkeypatch.setattr("loyalty.tasks.checking.overview.summary", lambda: frame)


def test_progress_shows_each_task_of_each_exercise(tried, capsys):
    assert cli.main(["progress"]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.split() == ["12_profile", "1", "of", "2", "✅", "12a", "❌", "12b"]
    assert second.split() == ["34_lift", "0", "of", "1", "⬜", "34a"]
    assert last == "1 of 3 tasks done."


def test_progress_without_tasks_says_so(monkeypatch, capsys):
    empty = pd.DataFrame(columns=["code", "lesson", "status"])
    monkeypatch.setattr("loyalty.tasks.checking.overview.summary", lambda: empty)
    assert cli.main(["progress"]) == 0
    assert capsys.readouterr().out == "There are no tasks yet.\n"


def test_the_real_tasks_are_shown(capsys):
    assert cli.show_progress() == 0
    assert "12_customer_profile" in capsys.readouterr().out


@pytest.fixture
def data(monkeypatch):
    """Each data set as a stand-in; put an error under its name to have it fail."""
    errors: dict[str, Exception] = {}

    def stand_in(name):
        def load():
            if name in errors:
                raise errors[name]
            return datasets.Dataset(name, "source", "terms", {})

        load.__name__ = name
        return load

    for name in ("complete_journey", "cdnow", "nsw", "hillstrom", "online_retail"):
        monkeypatch.setattr(datasets, name, stand_in(name))
    return errors


def test_packages_and_data_at_hand_are_well(data, capsys):
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out.count("✅") == 6


def test_data_that_may_not_be_shipped_are_a_note_and_others_are_bad(data, capsys):
    data["hillstrom"] = datasets.DataMissing("It is not here.\nIt lives there.")
    assert cli.main(["doctor"]) == 0
    screen = capsys.readouterr().out
    assert "⚠️  Data: It is not here. (how to get it: `loyalty.datasets.hillstrom()` in a notebook)" in screen
    assert "It lives there" not in screen
    data["cdnow"] = datasets.DataMissing("It is gone.")
    data["nsw"] = OSError("half a file")
    assert cli.main(["doctor"]) == 1
    screen = capsys.readouterr().out
    assert "❌ Data: It is gone." in screen
    assert "❌ Data: nsw cannot be read (OSError: half a file)" in screen


def test_a_package_that_cannot_be_imported_is_named(data, monkeypatch, capsys):
    monkeypatch.setattr(cli, "PACKAGES", ["pandas", "no_such_package"])
    assert cli.main(["doctor"]) == 1
    assert "❌ Cannot be imported: no_such_package (ModuleNotFoundError)" in capsys.readouterr().out


def test_a_version_that_is_not_the_locks_is_named(data, tmp_path, monkeypatch, capsys):
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"absent==1 \\\n    --hash=sha256:0\npandas==0.1 \\\nnumpy=={cli.metadata.version('numpy')} \\\n")
    assert cli.find_other_versions(lock) == [f"pandas {pd.__version__} (lock: 0.1)"]
    monkeypatch.setattr(cli, "find_other_versions", lambda lock: ["pandas 9 (lock: 3)"])
    assert cli.main(["doctor"]) == 0
    assert "⚠️  Not the lock's version: pandas 9 (lock: 3)" in capsys.readouterr().out


@pytest.mark.parametrize(("ours", "advice"), [(True, "delete the folder .venv"), (False, "makes a .venv by the lock")])
def test_only_the_workshops_own_environment_is_to_be_deleted(data, monkeypatch, capsys, ours, advice):
    monkeypatch.setattr(cli, "PACKAGES", ["no_such_package"])
    monkeypatch.setattr(cli.sys, "prefix", str(find_project().venv if ours else find_project().root))
    assert cli.main(["doctor"]) == 1
    assert advice in capsys.readouterr().out


def test_the_tests_run_on_the_versions_of_the_lock():
    assert cli.find_other_versions(find_project().lock(tests=True)) == []


def test_ctrl_c_ends_a_verb_with_one_line(monkeypatch, capsys):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("loyalty.intake.verb.main", stop)
    assert cli.main(["columns", "till.csv"]) == 130
    assert capsys.readouterr().err.splitlines() == ["", "workshop: stopped."]
