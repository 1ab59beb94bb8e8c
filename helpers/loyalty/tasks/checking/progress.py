"""What a participant has tried, kept in `.workshop/progress.json` beside the lessons; off while notebooks are built."""

from __future__ import annotations

import copy
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

VERSION = 1
ROOT = Path(__file__).resolve().parents[4]
_memory: dict[str, dict[str, Any]] = {}  # states that cannot or shall not be written, for this session


def is_recording() -> bool:
    """Say whether progress is written: not while notebooks are built (LOYALTY_BUILD=1).

    Returns
    -------
    bool

    Examples
    --------
    >>> isinstance(is_recording(), bool)
    True
    """
    return os.environ.get("LOYALTY_BUILD") != "1"


def locate() -> Path:
    """Return the path of the progress file: in $LOYALTY_HOME, else in `.workshop` at the project's root.

    Returns
    -------
    Path

    Examples
    --------
    >>> locate().name
    'progress.json'
    """
    home = os.environ.get("LOYALTY_HOME")
    return (Path(home) if home else ROOT / ".workshop") / "progress.json"


def _memory_key() -> str:
    return str(locate()) if is_recording() else "build"


def _start_afresh() -> dict[str, Any]:
    return {"version": VERSION, "tasks": {}, "hints": {}, "bets": {}}


def _is_sound(state: Any) -> bool:
    if not isinstance(state, dict) or state.get("version") != VERSION:
        return False
    if not all(isinstance(state.get(part), dict) for part in ("tasks", "hints", "bets")):
        return False
    tasks = all(
        isinstance(t, dict) and isinstance(t.get("status"), str) and isinstance(t.get("tries"), int)
        for t in state["tasks"].values()
    )
    return tasks and all(isinstance(shown, int) for shown in state["hints"].values())


def load() -> dict[str, Any]:
    """Return what is recorded; a file that cannot be read is kept as a copy, said in one line, and started afresh.

    Returns
    -------
    dict
        `tasks` (code -> status, tries, mistake), `hints` (code -> shown), `bets` (code -> value), `version`.

    Examples
    --------
    >>> sorted(load())
    ['bets', 'hints', 'tasks', 'version']
    """
    key = _memory_key()
    if key in _memory or not is_recording():
        return copy.deepcopy(_memory.get(key, _start_afresh()))
    path = locate()
    try:
        text = path.read_bytes()
    except OSError:  # no file yet
        return _start_afresh()
    try:
        state = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError):
        state = None
    if _is_sound(state):
        return state
    kept = path.with_name("progress.old.json")
    try:
        os.replace(path, kept)
        print(f"Your progress file could not be read. It is kept as {kept.name}; progress starts afresh.")
    except OSError:
        print("Your progress file can be neither read nor moved; progress is kept for this session only.")
    return _start_afresh()


def save(state: dict[str, Any]) -> None:
    """Write the whole state in one step (a temporary file, then a rename), so that no crash leaves half a file.

    A folder that cannot be written is no error: the state then lasts for the session.

    Parameters
    ----------
    state : dict
        As returned by `load`.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", LOYALTY_BUILD="1"):  # written nowhere
    ...     save(load())
    """
    key = _memory_key()
    _memory[key] = copy.deepcopy(state)
    if not is_recording():
        return
    path = locate()
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="progress-", suffix=".tmp", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            json.dump(state, file, indent=1, ensure_ascii=False, sort_keys=True)
        for attempt in range(5):
            try:
                os.replace(temporary, path)
                del _memory[key]
                return
            except PermissionError:  # Windows, while another notebook reads the file
                if attempt == 4:
                    raise
                time.sleep(0.02)
    except OSError:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def record(code: str, status: str, mistake: str | None = None) -> None:
    """Record one check. A task that was right once stays right; an unanswered one is no try.

    Parameters
    ----------
    code : str
        The task, such as "12a".
    status : {"right", "wrong", "unanswered"}
    mistake : str, optional
        Name of the mistake that was recognised.

    Examples
    --------
    >>> from unittest.mock import patch
    >>> with patch.dict("os.environ", LOYALTY_BUILD="1"):  # off while notebooks are built
    ...     record("12a", "right")
    """
    if not is_recording():
        return
    state = load()
    task = state["tasks"].get(code, {"status": "unanswered", "tries": 0, "mistake": None})
    if task["status"] == "right":
        return
    if status != "unanswered":
        task = {"status": status, "tries": task["tries"] + 1, "mistake": mistake or task.get("mistake")}
    state["tasks"][code] = task
    save(state)
