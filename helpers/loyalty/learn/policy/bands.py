"""Policies compared over many worlds: means and differences with bands, paired by the world."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import collect, open_table


@check_arguments
def compare_programmes(runs: Any, against: str, *, value: str = "profit", level: float = 0.95) -> pd.DataFrame:
    """Compare policies over worlds: the mean of each, and its difference to one of them, paired by the seed.

    In one world all policies meet the same customers with the same luck, so differences are far surer than means. Not
    for a single seed, which has no band.

    Parameters
    ----------
    runs : table
        One row a seed and policy: seed, policy, and the value.
    against : str
        The policy that the others are held against.
    value : str
        The column to compare, for example profit in euros.
    level : float
        Coverage of the bands over worlds, a fraction.

    Returns
    -------
    pandas.DataFrame
        One row a policy: policy, seeds, mean, low, high, difference, difference_low, difference_high, better (share of
        seeds in which it is above).

    Raises
    ------
    TableError
        A column or policy is missing, or a seed lacks a policy or has it twice.

    Examples
    --------
    >>> runs = pd.DataFrame({"seed": [0, 0, 1, 1, 2, 2], "policy": ["a", "b"] * 3, "profit": [1.0, 2, 5, 7, 9, 9]})
    >>> compare_programmes(runs, "a")[["policy", "mean", "difference", "better"]].round(2)
      policy  mean  difference  better
    0      a   5.0         0.0    0.00
    1      b   6.0         1.0    0.67

    Source: Student's t over paired differences.
    """
    table = collect(open_table(runs))
    if missing := [name for name in ("seed", "policy", value) if name not in table]:
        raise TableError([f"there is no column `{name}`" for name in missing], "the runs")
    nested = [name for name in ("seed", "policy") if not table[name].map(pd.api.types.is_hashable).all()]
    if nested:
        raise TableError([f"`{name}` holds lists or records: give one value a row" for name in nested], "the runs")
    problems = []
    if not pd.api.types.is_numeric_dtype(table[value]):
        problems.append(f"`{value}` should hold numbers")
    if table["seed"].nunique() < 2:
        problems.append("one seed has no band: run two or more, better forty")
    if table.duplicated(["seed", "policy"]).any():
        problems.append("a seed has a policy twice")
    names = list(dict.fromkeys(table["policy"]))
    if against not in names:
        problems.append(f"there is no policy {against!r}; there are {', '.join(map(str, names)) or 'none'}")
    if problems:
        raise TableError(problems, "the runs")
    wide = table.pivot(index="seed", columns="policy", values=value)[names].astype(float)
    if not np.isfinite(wide.to_numpy()).all():
        raise TableError(["every seed should have a number for every policy"], "the runs")
    gap = wide.sub(wide[against], axis=0)
    reach = float(special.stdtrit(len(wide) - 1, 0.5 + level / 2)) / np.sqrt(len(wide))
    rows = pd.DataFrame({"policy": names, "seeds": len(wide)})
    for name, values in (("", wide), ("difference", gap)):
        middle = values.mean().to_numpy()
        half = reach * values.std().to_numpy()
        rows[name or "mean"] = middle
        rows[f"{name}_low".lstrip("_")] = middle - half
        rows[f"{name}_high".lstrip("_")] = middle + half
    return rows.assign(better=(gap > 0).mean().to_numpy())
