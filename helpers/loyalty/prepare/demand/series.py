"""Series as they come in: a column a series, one row a period, and which periods nobody should learn from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.prepare.demand.calendar import Grid, find_grid
from loyalty.tables.check import TableError


def read_series(demand: pd.DataFrame | pd.Series, name: str = "demand") -> tuple[pd.DataFrame, Grid]:
    """Read one or several series, one a column, on days, weeks or months without a gap.

    Raises
    ------
    TableError
        With all that is wrong: the index, text, empty or infinite cells, negative values, two columns of one name.
    """
    if isinstance(demand, pd.Series):
        label = "demand" if demand.name is None else demand.name
        demand = demand.to_frame(label)
    if not isinstance(demand, pd.DataFrame):
        found = type(demand).__name__
        raise TableError([f"`{name}` should be a Series or a table with a column a series, found {found}"], name)
    grid = find_grid(demand.index, name)
    if not demand.shape[1] or not demand.columns.astype("str").is_unique:
        says = "each with a name of its own, also when written as text (1 and '1' are one name)"
        raise TableError([f"`{name}` should have one column a series, {says}"], name)
    problems = [says for column in demand for says in _find_problems(demand[column], column)]
    if problems:
        raise TableError(problems, name)
    return demand.astype(float), grid


def _find_problems(values: pd.Series, name: object) -> list[str]:
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return [f"`{name}` should hold numbers, found {values.dtype}"]
    numbers = values.to_numpy(float, na_value=np.nan)
    lost = ~np.isfinite(numbers)
    if lost.any():
        first = f"{values.index[lost][0]:%Y-%m-%d}"
        says = f"`{name}` is empty or infinite in {lost.sum():,} of {len(numbers):,} periods (first {first})"
        return [f"{says}: a period without sales is 0; one that should not count is marked in `flags`"]
    if (numbers < 0).any():
        first = f"{values.index[numbers < 0][0]:%Y-%m-%d}"
        says = f"`{name}` is negative in {(numbers < 0).sum():,} periods (first {first})"
        return [f"{says}: keep returns out, demand is what was wanted"]
    return []


def read_flags(flags: pd.DataFrame | pd.Series | None, demand: pd.DataFrame) -> np.ndarray:
    """Read which periods of which series are flagged; none without `flags`.

    Parameters
    ----------
    flags : table or Series of true and false
        On the index of the demand; a Series holds for all series, a table has their columns.
    demand : DataFrame

    Returns
    -------
    array of bool, periods × series

    Raises
    ------
    TableError
        Flags that are not true or false, or that stand on another index or for other series.
    """
    if flags is None:
        return np.zeros(demand.shape, bool)
    if isinstance(flags, pd.Series):
        flags = pd.DataFrame(dict.fromkeys(demand.columns, flags))
    problems = []
    strangers = [str(name) for name in flags.columns if name not in demand.columns]
    if strangers:
        problems.append(f"`flags` has columns that are no series: {', '.join(strangers[:5])}")
    if not flags.index.equals(demand.index):
        problems.append(f"`flags` should stand on the same periods as the demand{_advise_on_index(flags.index)}")
    wrong = [str(name) for name in flags if not pd.api.types.is_bool_dtype(flags[name])]
    if wrong:
        problems.append(f"`flags` should hold true and false, found other values in {', '.join(wrong[:5])}")
    if problems:
        raise TableError(problems, "flags")
    return flags.reindex(columns=demand.columns, fill_value=False).to_numpy(bool)


def _advise_on_index(index: pd.Index) -> str:
    """Say how flags come to stand on the periods of a demand: dates can be aligned, row numbers cannot."""
    if not isinstance(index, pd.DatetimeIndex):
        found = f", found an index of {index.dtype}"
        return f"{found}: `flag_periods` makes such flags of a table with one row an item and day"
    if not index.is_unique:
        return f", found {index.duplicated().sum():,} of {len(index):,} periods again: one row a period, please"
    return ": .reindex(demand.index, fill_value=False)"
