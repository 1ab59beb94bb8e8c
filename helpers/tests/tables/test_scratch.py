"""What is laid aside goes: at the end, and by the next program where one was killed."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd

from loyalty.intake.space import Space
from loyalty.tables.scratch import Scratch, remove_abandoned


def test_what_a_killed_program_left_is_removed_by_the_next_and_what_is_in_use_stays(tmp_path):
    code = (
        "import os, pathlib, sys\n"
        "from loyalty.tables.scratch import Scratch\n"
        f"folder = Scratch('aside-', pathlib.Path({str(tmp_path)!r}))\n"
        "(folder.path / 'cards.txt').write_text('7')\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    (left,) = tmp_path.iterdir()
    assert (left / "cards.txt").exists()
    other = tmp_path / "aside-of-another-kind"
    other.mkdir()
    with Scratch("aside-", tmp_path) as first, Scratch("aside-", tmp_path) as second:
        assert not left.exists() and other.exists()
        assert first.exists() and second.exists()
    remove_abandoned("aside-", tmp_path)
    assert list(tmp_path.iterdir()) == [other]


def test_after_loading_no_temporary_file_holds_a_column_that_was_not_named():
    space = Space()
    frame = pd.DataFrame({"c0": ["7"] * 1000, "c1": ["Anna-Secret"] * 1000})
    kept = space.keep(space.keep(space.connection.from_df(frame)).select("c0 AS customer_id"), "receipts")
    space.connection.execute("CHECKPOINT rough")
    assert b"Anna-Secret" in (space.folder / "rough.duckdb").read_bytes()
    space.forget_raw()
    space.connection.execute("CHECKPOINT")
    assert len(kept) == 1000
    assert not any(b"Anna-Secret" in path.read_bytes() for path in space.folder.iterdir() if path.is_file())
    space.close()
    assert not space.folder.exists()
