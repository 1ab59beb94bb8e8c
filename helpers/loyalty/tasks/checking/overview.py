"""How far a participant has come: one row a task, tried or not."""

from __future__ import annotations

import pandas as pd

from loyalty.tasks.checking.grading import list_tasks
from loyalty.tasks.checking.progress import load


def summary() -> pd.DataFrame:
    """Return one row a task, tried or not.

    Returns
    -------
    DataFrame
        `code`, `lesson` (the notebook's name), `status`, `tries` (until the first success), `last_mistake`.

    Examples
    --------
    >>> list(summary().columns)
    ['code', 'lesson', 'status', 'tries', 'last_mistake']
    """
    known = {task.code: stem for stem, tasks in list_tasks().items() for task in tasks}
    tried = load()["tasks"]
    rows = []
    for code in sorted(known.keys() | tried.keys()):
        task = tried.get(code, {"status": "unanswered", "tries": 0, "mistake": None})
        rows.append((code, known.get(code, ""), task["status"], task["tries"], task.get("mistake") or ""))
    return pd.DataFrame(rows, columns=["code", "lesson", "status", "tries", "last_mistake"])
