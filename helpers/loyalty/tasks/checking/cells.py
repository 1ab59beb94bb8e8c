"""Cells beside the cells they should be: as numbers, dates, yes/no or text, as the expected ones decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tasks.checking.answers import Mismatch, as_date, as_number, as_text, is_missing, kind_of


@dataclass(frozen=True, eq=False)
class Part:
    """Cells of one column (or of a whole short answer) beside the expected ones; `exact` cells hold 0 or inf."""

    label: str
    names: Sequence[Any]
    expected: np.ndarray
    given: np.ndarray
    exact: bool = False
    gaps: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        with np.errstate(all="ignore"):
            gaps = np.abs(self.expected - self.given)
        same = (self.expected == self.given) | (np.isnan(self.expected) & np.isnan(self.given))
        object.__setattr__(self, "gaps", np.where(same, 0.0, np.where(np.isnan(gaps), np.inf, gaps)))


def compare_cells(
    expected: Sequence[Any], given: Sequence[Any], label: str, names: Sequence[Any], *, single: bool = False
) -> Part:
    """Compare cells one by one; the expected ones decide whether as numbers, dates, yes/no or text.

    Parameters
    ----------
    expected, given : sequence, of one length
    label : str
        What these cells are called, such as "`monetary`"; empty for an answer of one part.
    names : sequence
        What each cell is called, such as its customer's id.
    single : bool, default False
        A date that stands alone is measured in days; dates in columns are the same or not.

    Returns
    -------
    Part

    Raises
    ------
    Mismatch
        When `given` holds something that cannot be read as the kind asked.

    Examples
    --------
    >>> compare_cells(["a", "b"], ["A ", "c"], "", [1, 2]).gaps.tolist()
    [0.0, inf]
    """
    kinds = _kinds_of_cells(expected)
    try:
        if kinds <= {"number"}:
            return Part(label, names, _as_floats(expected), _as_floats(given))
        if kinds == {"date"}:
            days = _as_days(expected)
            other = _as_days(given)
            if ((days % 1 == 0) | np.isnan(days)).all():  # days are asked: the time of day does not matter
                other = np.floor(other)
            if single:
                return Part(label, names, days, other)
            same = (days == other) | (np.isnan(days) & np.isnan(other))
        elif kinds == {"yes/no"}:
            pairs = zip(expected, given, strict=True)
            same = [(is_missing(a) and is_missing(b)) or (_is_flag(b) and a == b) for a, b in pairs]
        else:
            same = [as_text(a) == as_text(b) for a, b in zip(expected, given, strict=True)]
    except Mismatch as problem:
        text = f"{label}: {problem}" if label else f"{str(problem)[0].upper()}{str(problem)[1:]}"
        raise Mismatch(text) from None
    return Part(label, names, np.zeros(len(expected)), np.where(np.asarray(same, dtype=bool), 0.0, np.inf), exact=True)


def _is_flag(value: Any) -> bool:
    return kind_of(value) == "yes/no" or (kind_of(value) == "number" and not is_missing(value) and value in (0, 1))


def _kinds_of_cells(cells: Iterable[Any]) -> set[str]:
    dtype = getattr(cells, "dtype", None)
    if dtype is not None and pd.api.types.is_bool_dtype(dtype):
        return {"yes/no"}
    if dtype is not None and pd.api.types.is_numeric_dtype(dtype):
        return {"number"}
    return {kind_of(cell) for cell in cells if not is_missing(cell)}


def _as_floats(cells: Sequence[Any]) -> np.ndarray:
    dtype = getattr(cells, "dtype", None)
    simple = dtype is not None and pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype)
    if simple:
        return pd.Series(cells).to_numpy(dtype=float, na_value=np.nan)
    return np.array([as_number(cell) for cell in cells], dtype=float)


def _as_days(cells: Sequence[Any]) -> np.ndarray:
    start = pd.Timestamp(0)
    day = pd.Timedelta(days=1)
    stamps = [as_date(cell) for cell in cells]
    return np.array([np.nan if stamp is pd.NaT else (stamp - start) / day for stamp in stamps], dtype=float)
