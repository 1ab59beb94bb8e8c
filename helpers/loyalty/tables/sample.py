"""Read a table into the arrays that every estimator needs, or say all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg

from loyalty.tables.check import TableError
from loyalty.tables.sources import as_frame

COPY = 1e-10  # a correlation nearer to 1 is no luck


@dataclass(frozen=True)
class Sample:
    """One row a customer: who was treated, what came of it, what was known before. Made by `read_sample`.

    `covariates` are numeric (text as 0/1 columns); `design` holds an intercept and the same information scaled to
    mean 0 and standard deviation 1, without columns that repeat others.
    """

    treated: np.ndarray
    outcome: np.ndarray
    covariates: pd.DataFrame
    design: np.ndarray
    cluster: np.ndarray | None
    warnings: tuple[str, ...]

    @property
    def groups(self) -> dict[str, Any]:
        """How many customers each group has."""
        return {"n_treated": int(self.treated.sum()), "n_control": int((~self.treated).sum())}


def read_sample(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str | None = None,
    covariates: str | Sequence[str] = (),
    cluster: str | None = None,
) -> Sample:
    """Check and convert a table of one row a customer.

    It cannot see *when* a covariate was measured: one measured after the start passes, and spoils every estimate.

    Parameters
    ----------
    table : pandas.DataFrame, or any source of `loyalty.tables.sources.open_table`
        One row a customer.
    treated : str
        Column of True/False or 1/0.
    outcome : str, optional
        Numeric column.
    covariates : str or sequence of str
        Numeric, True/False or text columns known before the treatment; text becomes one 0/1 column a value.
    cluster : str, optional
        Column of what was drawn or repeats together: customer, store, firm.

    Returns
    -------
    Sample

    Raises
    ------
    TableError
        With all problems: missing columns, empty or infinite values, the outcome among the covariates, an empty group.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [1, 1, 0, 0], "sales": [5, 7, 4, 3], "visits": [2, 3, 1, 1]})
    >>> read_sample(table, treated="invited", outcome="sales", covariates="visits").groups
    {'n_treated': 2, 'n_control': 2}
    """
    frame = as_frame(table)
    names = list(dict.fromkeys([covariates] if isinstance(covariates, str) else covariates))
    roles = {"treated": treated, "outcome": outcome, "cluster": cluster}
    wanted = [*(name for name in roles.values() if name is not None), *names]
    if unreadable := _find_unreadable(frame, wanted):
        raise TableError(unreadable, "customers")
    problems = [
        f"`{name}` is the {role} and stands among the covariates: nothing may be matched or adjusted on what came after"
        for role, name in roles.items()
        if name in names and role != "cluster"
    ]
    problems += [
        f"`{name}` is empty in {count:,} of {len(frame):,} rows"
        for name in dict.fromkeys(wanted)
        if (count := int(frame[name].isna().sum()))
    ]
    for name in dict.fromkeys([*([outcome] if outcome else []), *names]):
        problems += _find_wrong_values(frame[name], name, text=name in names)
    if outcome is not None and not problems:
        problems += _find_copies(frame, outcome, [name for name in names if name != outcome])
    flags = pd.to_numeric(frame[treated], errors="coerce").to_numpy(float, na_value=np.nan)
    if others := int((~np.isin(flags, (0, 1)) & frame[treated].notna().to_numpy()).sum()):
        problems.append(f"`{treated}` should be True/False or 1/0; {others:,} rows hold something else")
    elif not frame[treated].isna().any():
        n = len(flags)
        ones = int(flags.sum())
        if min(ones, n - ones) < 2:
            problems.append(f"{ones:,} of {n:,} customers are treated: an interval needs two in each group")
    if cluster is not None and frame[cluster].nunique() < 2:
        problems.append(f"`{cluster}` has one value only: an interval needs several clusters")
    if problems:
        raise TableError(problems, "customers")
    notes = []
    numeric = _to_numbers(frame[names])
    if cluster is None and "customer_id" in frame and not frame["customer_id"].is_unique:
        repeats = f"{len(frame):,} rows, {frame['customer_id'].nunique():,} customers"
        notes.append(f"customers repeat ({repeats}): the interval ignores it; say cluster='customer_id'")
    return Sample(
        treated=flags == 1,
        outcome=frame[outcome].to_numpy(float) if outcome else np.zeros(len(frame)),
        covariates=numeric,
        design=_scale(numeric.to_numpy(float)),
        cluster=None if cluster is None else pd.factorize(frame[cluster])[0],
        warnings=tuple(notes),
    )


def drop_unvaried(sample: Sample) -> Sample:
    """Leave out covariates that are the same for everybody in one group, and name them.

    Nothing can be adjusted for them: nobody in that group tells what customers of the other kind do. A model would
    guess, and its interval would not know. Judge the overlap by the sample as it was.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 0, 1, 1], "sales": [5, 7, 4, 3], "vip": [0, 0, 0, 1]})
    >>> left = drop_unvaried(read_sample(table, treated="invited", outcome="sales", covariates="vip"))
    >>> list(left.covariates), left.warnings
    ([], ('`vip` is left out: it is the same for all of control, so nothing can be adjusted for it',))
    """
    notes = []
    kept = []
    for name in sample.covariates:
        values = sample.covariates[name].to_numpy(float)
        same = [
            group
            for group, rows in (("control", ~sample.treated), ("the treated", sample.treated))
            if np.ptp(values[rows]) == 0 < np.ptp(values)
        ]
        if same:
            who = " and for all of ".join(same)
            notes.append(f"`{name}` is left out: it is the same for all of {who}, so nothing can be adjusted for it")
        else:
            kept.append(name)
    if not notes:
        return sample
    covariates = sample.covariates[kept]
    design = _scale(covariates.to_numpy(float))
    return replace(sample, covariates=covariates, design=design, warnings=(*sample.warnings, *notes))


def _find_unreadable(frame: pd.DataFrame, wanted: Sequence[str]) -> list[str]:
    """List columns that are not there, and those that hold lists or dictionaries: nothing can be compared by them."""
    found = ", ".join(map(str, frame.columns))
    absent = [f"there is no column `{name}`; found: {found}" for name in dict.fromkeys(wanted) if name not in frame]
    odd = (list, dict, set)
    lists = [
        f"`{name}` holds lists: one value a cell, please"
        for name in dict.fromkeys([*wanted, "customer_id"])
        if name in frame and frame[name].dtype == object and any(isinstance(one, odd) for one in frame[name])
    ]
    return absent + lists


def _find_wrong_values(values: pd.Series, name: str, *, text: bool) -> Iterator[str]:
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        if infinite := int(np.isinf(values.to_numpy(float, na_value=np.nan)).sum()):
            yield f"`{name}` is infinite in {infinite:,} rows"
    elif pd.api.types.is_datetime64_any_dtype(values):
        yield f"`{name}` holds dates: turn them into days before the start of the campaign"
    elif not text:
        yield f"`{name}` should be a number, found {values.dtype}"
    elif (kinds := values.nunique()) > 50:
        yield f"`{name}` holds {kinds:,} different texts in {len(values):,} rows: an id is no covariate"


def _find_copies(frame: pd.DataFrame, outcome: str, names: Sequence[str]) -> Iterator[str]:
    """Name covariates that follow the outcome without any error: they are the outcome itself."""
    y = frame[outcome].to_numpy(float)
    y = y - y.mean()
    for name in names:
        if not pd.api.types.is_numeric_dtype(frame[name]):
            continue
        x = frame[name].to_numpy(float)
        x = x - x.mean()
        size = np.sqrt((x @ x) * (y @ y))
        if len(x) > 2 and size > 0 and abs(x @ y) > (1 - COPY) * size:
            yield (
                f"`{name}` follows `{outcome}` without any error (correlation 1), as only the outcome itself does: "
                "give what was known before the treatment"
            )


def _to_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    texts = [name for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    if not texts:
        return frame.astype(float)
    wide = pd.get_dummies(frame.astype({name: "str" for name in texts}), columns=texts, drop_first=True, dtype=float)
    return wide.astype(float)


def _scale(values: np.ndarray) -> np.ndarray:
    """Intercept and standardised columns of full rank; the span, hence every prediction, is that of `values`."""
    ones = np.ones((len(values), 1))
    centre = values.mean(axis=0)
    spread = values.std(axis=0)
    varies = spread > 1e-12 * np.maximum(np.abs(centre), np.finfo(float).tiny)
    scaled = (values[:, varies] - centre[varies]) / spread[varies]
    if not scaled.shape[1]:
        return ones
    _, triangle, order = linalg.qr(scaled, mode="economic", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.hstack([ones, scaled[:, np.sort(order[: len(size)][size > 1e-7 * size[0]])]])


def compare_balance(sample: Sample, weights: np.ndarray) -> pd.DataFrame:
    """Standardised differences of means, one row a covariate: as found, and under the weights."""
    t = sample.treated
    values = sample.covariates.to_numpy(float)
    if not values.shape[1]:
        return pd.DataFrame(columns=["covariate", "before", "after"])
    spread = np.sqrt((values[t].var(axis=0, ddof=1) + values[~t].var(axis=0, ddof=1)) / 2)
    # Where neither group varies, a difference is infinite in these units; a tiny floor keeps it large and finite.
    spread = np.where(spread > 0, spread, np.maximum(np.abs(values).max(axis=0), 1.0) * 1e-6)
    before = values[t].mean(axis=0) - values[~t].mean(axis=0)
    after = np.average(values[t], axis=0, weights=weights[t]) - np.average(values[~t], axis=0, weights=weights[~t])
    return pd.DataFrame({"covariate": sample.covariates.columns, "before": before / spread, "after": after / spread})
