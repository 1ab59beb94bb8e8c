"""What is judged on a holdout, scores and plans: read in the order of its customers, or refused with all problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.learners import UpliftModel
from loyalty.evaluate.randomised import Trial
from loyalty.tables import TableError

Scores = UpliftModel | pd.Series | pd.DataFrame


def check_each(given: Mapping[str, Any], read: Callable[[str, Any], Any], what: str, level: float) -> dict[str, Any]:
    """Read each candidate; TableError with the problems of all, ValueError for a level that is no fraction."""
    if not 0 < level < 1:
        raise ValueError(f"level should lie between 0 and 1, such as 0.95; found {level!r}")
    found, problems = {}, []
    for name, candidate in given.items():
        try:
            found[name] = read(name, candidate)
        except TableError as error:
            problems += [text if f"`{name}`" in text else f"{text} (`{name}`)" for text in error.problems]
    if problems:
        raise TableError(problems, what)
    return found


def read_score(trial: Trial, given: Scores, arm: str) -> np.ndarray:
    """Scores of these customers for an arm, in their order; refuses models that saw them and scores that miss some."""
    if isinstance(given, UpliftModel | pd.DataFrame):
        names = list(given.arms if isinstance(given, UpliftModel) else given)
        if arm not in names:
            raise TableError([f"there are scores of {', '.join(map(str, names))}, and none of {arm}"], "the scores")
    if isinstance(given, UpliftModel):
        given.refuse_overlap(trial)
        given = given.score(trial)
    values = read_series(trial, given[arm] if isinstance(given, pd.DataFrame) else given)
    values = pd.to_numeric(values, errors="coerce").to_numpy(float, na_value=np.nan)
    if gone := int((~np.isfinite(values)).sum()):
        raise TableError([f"{gone:,} of {len(values):,} customers have no score, or an infinite one"], "the scores")
    return values


def read_series(trial: Trial, given: Any) -> pd.Series:
    """A Series indexed by customer_id, in the order of these customers; refuses anything else."""
    if not isinstance(given, pd.Series):
        says = f"a model is needed, or a Series indexed by customer_id; found a {type(given).__name__}"
        raise TableError([says], "the candidates")
    if twice := int(given.index.duplicated().sum()):
        raise TableError([f"{twice:,} rows repeat a customer: keep one of each"], "the candidates")
    return given.reindex(trial.arm.index)
