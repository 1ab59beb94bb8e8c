"""Progress survives crashes, corrupt files and older versions, and is off while notebooks are built."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from loyalty.tasks.checking import overview, progress


def test_progress_lies_at_the_projects_root_or_in_the_named_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress.locate() == home / "progress.json"
    monkeypatch.delenv("LOYALTY_HOME")
    root = Path(__file__).resolve().parents[4]
    assert progress.locate() == root / ".workshop" / "progress.json"


def test_tries_are_counted_and_the_last_mistake_is_kept() -> None:
    progress.record("12a", "unanswered")
    progress.record("12a", "wrong", "lines_as_baskets")
    progress.record("12a", "wrong")
    assert progress.load()["tasks"]["12a"] == {"status": "wrong", "tries": 2, "mistake": "lines_as_baskets"}


def test_a_success_never_turns_back() -> None:
    progress.record("12a", "wrong", "x")
    progress.record("12a", "right")
    progress.record("12a", "wrong", "y")
    progress.record("12a", "unanswered")
    assert progress.load()["tasks"]["12a"] == {"status": "right", "tries": 2, "mistake": "x"}


def test_nothing_is_written_while_notebooks_are_built(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_BUILD", "1")
    progress.record("12a", "right")
    progress.save({"version": 1, "tasks": {}, "hints": {"12a": 1}, "bets": {}})
    assert not home.exists()
    progress.save(progress._start_afresh())


OLDER = [
    "",
    "{",
    "[]",
    "null",
    '{"version": 0, "tasks": {}, "hints": {}, "bets": {}}',
    '{"version": 1, "tasks": [], "hints": {}, "bets": {}}',
    '{"version": 1, "tasks": {"12a": "right"}, "hints": {}, "bets": {}}',
    '{"version": 1, "tasks": {}, "hints": {"12a": "two"}, "bets": {}}',
    "[" * 100_000,
]


@pytest.mark.parametrize("text", OLDER, ids=range(len(OLDER)))
def test_a_file_that_cannot_be_read_is_kept_and_progress_starts_afresh_with_one_line(
    text: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    (home / "progress.json").write_text(text, encoding="utf-8")
    progress.record("12a", "right")
    assert (home / "progress.old.json").read_text(encoding="utf-8") == text
    assert progress.load()["tasks"]["12a"]["status"] == "right"
    assert capsys.readouterr().out.count("\n") == 1


def test_bytes_that_are_no_text_are_a_corrupt_file_too(home: Path) -> None:
    home.mkdir()
    (home / "progress.json").write_bytes(b"\xff\xfe\x00")
    assert progress.load()["tasks"] == {}
    assert (home / "progress.old.json").read_bytes() == b"\xff\xfe\x00"


def test_a_crash_while_writing_leaves_the_earlier_file_whole(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    progress.record("12a", "right")
    before = (home / "progress.json").read_text(encoding="utf-8")

    def crash(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(json, "dump", crash)
    progress.record("12b", "right")
    assert (home / "progress.json").read_text(encoding="utf-8") == before
    assert [path.name for path in home.iterdir()] == ["progress.json"]
    assert progress.load()["tasks"]["12b"]["status"] == "right", "the session still knows"
    monkeypatch.undo()


def test_a_folder_that_cannot_be_written_keeps_progress_for_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("LOYALTY_HOME", str(tmp_path / "file" / "home"))
    progress.record("12a", "wrong", "x")
    progress.record("12a", "right")
    assert progress.load()["tasks"]["12a"]["tries"] == 2


def test_a_file_that_another_notebook_reads_is_tried_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace, calls = os.replace, []

    def busy(*paths: object) -> None:
        calls.append(paths)
        if len(calls) < 3:
            raise PermissionError
        replace(*paths)

    monkeypatch.setattr(os, "replace", busy)
    progress.record("12a", "right")
    assert len(calls) == 3
    assert json.loads((home / "progress.json").read_text(encoding="utf-8"))["tasks"]["12a"]["status"] == "right"


def test_a_corrupt_file_that_cannot_be_moved_is_said_once_and_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home.mkdir()
    (home / "progress.json").write_text("{", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "replace", refuse)
    progress.record("12a", "right")
    assert progress.load()["tasks"]["12a"]["status"] == "right"
    assert capsys.readouterr().out.count("\n") == 1
    assert (home / "progress.json").read_text(encoding="utf-8") == "{"


@pytest.mark.usefixtures("sample")
def test_the_summary_has_one_row_a_task_tried_or_not() -> None:
    progress.record("98b", "wrong", "narrow")
    progress.record("77x", "right")
    table = overview.summary()
    assert list(table.columns) == ["code", "lesson", "status", "tries", "last_mistake"]
    rows = table.set_index("code")
    assert rows.loc["98a"].tolist() == ["98_sample_lesson", "unanswered", 0, ""]
    assert rows.loc["98b"].tolist() == ["98_sample_lesson", "wrong", 1, "narrow"]
    assert rows.loc["77x"].tolist() == ["", "right", 1, ""]
    assert table.code.is_unique
