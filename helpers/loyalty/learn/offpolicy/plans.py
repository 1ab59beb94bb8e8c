"""A plan to be judged, in any form that an analyst has it: read into the chance of every arm for every row of a log."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from loyalty.learn.offpolicy.log import CHANCE, CLOSE, KEY, PolicyLog, read_numbers
from loyalty.learn.policy import Choice, Policy
from loyalty.tables.check import TableError
from loyalty.tables.ids import say_lost_zeros
from loyalty.tables.matching import match_rows
from loyalty.tables.sources import NotATable, collect, open_table

NAME = "the plan"


def read_plan(log: PolicyLog, plan: Any, *, history: Any = None, seed: int = 0) -> np.ndarray:
    """Read a plan into rows × arms of the log, and refuse it where the log never tried what it wants.

    Parameters
    ----------
    log : PolicyLog
    plan : str, mapping, table, Series, Choice or Policy
        An arm for everybody; arm to probability; a table with customer_id (or wave and customer_id, or segment) and
        `arm`, or `arm` and `probability`, or a column an arm (also `chance_…`); a Series of arms by customer_id; what
        `Policy.choose` returned; or a policy, which is asked with `history` for the customers of the log.
    history : table, optional
        For a policy: the log that it learns from, of waves before those that are judged.
    seed : int
        For a policy.

    Returns
    -------
    array, rows × arms
        Rows sum to 1.

    Raises
    ------
    TableError
        With all problems.

    Examples
    --------
    >>> from loyalty.learn.offpolicy.log import open_log
    >>> table = pd.DataFrame({"customer_id": [1, 2], "arm": ["mail", "control"], "propensity": 0.5, "profit": [3, 1]})
    >>> read_plan(open_log(table), {"mail": 0.8, "control": 0.2}).tolist()
    [[0.2, 0.8], [0.2, 0.8]]
    """
    if isinstance(plan, str):
        plan = {plan: 1.0}
    if isinstance(plan, Policy):
        plan = _ask(log, plan, history, seed)
    if isinstance(plan, Choice):
        plan = plan.to_frame()
    if isinstance(plan, Mapping):
        arms, chances = _read_mapping(plan, len(log))
    else:
        arms, chances = _read_table(log, plan)
    _refuse_chances(chances)
    known = pd.Index(log.arms).get_indexer(pd.Index(arms))
    strange = [arm for arm, place, mass in zip(arms, known, chances.sum(axis=0), strict=True) if place < 0 and mass > 0]
    if strange:
        raise TableError([_say_never(arm, log) for arm in strange], NAME)
    full = np.zeros((len(log), len(log.arms)))
    full[:, known[known >= 0]] = chances[:, known >= 0]
    return full / full.sum(axis=1, keepdims=True)


def find_untried(log: PolicyLog, plan: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Find the rows for which the plan wants what the log could never have shown, and say which.

    Where all chances are logged, a chance of 0 says it. Without them, an arm that nobody of a segment got does.

    Parameters
    ----------
    log : PolicyLog
    plan : array, rows × arms

    Returns
    -------
    (array of bool, list of str)
        The rows, and a sentence a problem.
    """
    segment, names = pd.factorize(log.rows["segment"], sort=True)
    n_arms = len(log.arms)
    seen = np.bincount(log.arm, minlength=n_arms)
    wants = plan > CLOSE
    never = wants & (seen == 0)[None, :]
    if log.chances is not None:
        without = wants & (log.chances <= 0)
    else:
        cells = np.bincount(segment * n_arms + log.arm, minlength=len(names) * n_arms).reshape(-1, n_arms)
        without = wants & (cells == 0)[segment]
    problems = [_say_never(log.arms[place], log) for place in np.flatnonzero(never.any(axis=0))]
    for place in np.flatnonzero((without & ~never).any(axis=0)):
        rows = without[:, place]
        counts = pd.Series(names[segment[rows]]).value_counts()
        where = ", ".join(f"{name} {n:,}" for name, n in counts.head(3).items())
        says = "had no chance of it" if log.chances is not None else "are in a segment where nobody got it"
        problems.append(
            f"the plan gives {log.arms[place]!r} to {rows.sum():,} of {len(log):,} rows that {says} (segment {where}): "
            'the log cannot judge that; change the plan there, or say untried="leave_out"'
        )
    return (never | without).any(axis=1), problems


def _say_never(arm: Any, log: PolicyLog) -> str:
    tried = ", ".join(name for place, name in enumerate(log.arms) if (log.arm == place).any())
    return f"the plan gives {arm!r}, which the log never tried; it tried: {tried}. Only a new test can judge it"


def _refuse_chances(chances: np.ndarray) -> None:
    if not np.isfinite(chances).all() or (chances < -CLOSE).any():
        raise TableError(["chances of a plan should be 0 or more, without empty ones"], NAME)
    sums = chances.sum(axis=1)
    if (off := np.abs(sums - 1) > 1e-4).any():
        hint = ": percent? Divide by 100" if np.allclose(sums, 100) else ", control included"
        found = f"{sums[off][0]:.4g}"
        raise TableError([f"chances of a plan should sum to 1 for everybody, found {found}{hint}"], NAME)


def _read_mapping(plan: Mapping[Any, Any], count: int) -> tuple[list[str], np.ndarray]:
    if wrong := [f"{arm!r}: {share!r}" for arm, share in plan.items() if not _is_number(share)]:
        hint = "a plan by segment is a table with the columns segment and arm"
        raise TableError([f"a plan should give each arm a number from 0 to 1, found {', '.join(wrong)}; {hint}"], NAME)
    if not plan:
        raise TableError(["the plan names no arm"], NAME)
    return [str(arm) for arm in plan], np.tile(np.array([float(v) for v in plan.values()]), (count, 1))


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _read_table(log: PolicyLog, plan: Any) -> tuple[list[str], np.ndarray]:
    """Read a plan by customer, by wave and customer, or by segment."""
    if isinstance(plan, pd.Series):
        plan = plan.rename("arm").rename_axis("customer_id").reset_index()
    try:
        table = collect(open_table(plan)).reset_index(drop=True)
    except NotATable as error:
        raise TableError([f"a plan should be an arm, shares by arm, a table or a policy: {error}"], NAME) from None
    key = [name for name in KEY if name in table]
    if "customer_id" not in key:
        key = ["segment"]
    if missing := [name for name in key if name not in table]:
        raise TableError([f"there is no column `customer_id` (and none called `{missing[0]}`)"], NAME)
    arms, chances, table = _spread(log, table, key)
    if table.duplicated(key).any():
        raise TableError([f"some rows stand twice in the plan by {', '.join(key)}: keep one"], NAME)
    row = match_rows(log.rows, table, key)
    if (gone := row < 0).any():
        of = "segments" if key == ["segment"] else "rows"
        shown = ", ".join(map(str, log.rows[key[-1]][gone].unique()[:3]))
        says = f"the plan says nothing of {int(gone.sum()):,} of {len(log):,} rows of the log ({key[-1]} {shown})"
        mend = f"who gets nothing has the arm 'control'; {of} must all be there"
        if "customer_id" in key:
            mend = say_lost_zeros(log.rows["customer_id"][gone], table["customer_id"], "the log", "the plan") or mend
        raise TableError([f"{says}: {mend}"], NAME)
    return arms, chances[row]


def _spread(log: PolicyLog, table: pd.DataFrame, key: list[str]) -> tuple[list[str], np.ndarray, pd.DataFrame]:
    """Bring the forms of a table to one row a key and one column an arm."""
    marked = {name.removeprefix(CHANCE): name for name in table if str(name).startswith(CHANCE)}
    wide = marked or {name: name for name in log.arms if name in table}
    if "arm" in table and (both := [name for name in log.arms if name in table and name not in key]):
        says = "the plan has `arm` and columns that bear the names of arms"
        raise TableError([f"{says} ({', '.join(both[:3])}): which of the two is meant? Leave the other out"], NAME)
    if "probability" in table and "arm" in table:
        if table.duplicated([*key, "arm"]).any():
            raise TableError([f"an arm stands twice in the plan for one {key[-1]}: keep one"], NAME)
        names = sorted(table["arm"].astype("str").unique())
        first = table.drop_duplicates(key)[key].reset_index(drop=True)
        chances = np.zeros((len(first), len(names)))
        place = pd.Index(names).get_indexer(pd.Index(table["arm"].astype("str")))
        chances[match_rows(table, first, key), place] = _read_chances(table[["probability"]])[:, 0]
        return names, chances, first
    if wide:
        return list(wide), _read_chances(table[list(wide.values())]), table
    if "arm" not in table:
        raise TableError(["there is no column `arm`, and none that bears the name of an arm"], NAME)
    if table["arm"].isna().any():
        raise TableError(["`arm` is empty in some rows: who gets nothing has the arm 'control'"], NAME)
    code, names = pd.factorize(table["arm"].astype("str"), sort=True)
    return list(map(str, names)), np.eye(len(names))[code], table


def _read_chances(table: pd.DataFrame) -> np.ndarray:
    """Read columns of chances; TableError where they hold text that is no number."""
    read = [read_numbers(table[name]) for name in table]
    if problems := [wrong for _, wrong in read if wrong]:
        raise TableError(problems, NAME)
    return np.column_stack([values for values, _ in read])


def _ask(log: PolicyLog, policy: Policy, history: Any, seed: int) -> pd.DataFrame:
    """Ask a policy for its chances, wave by wave, with one history for all."""
    parts = []
    for (campaign, wave), mine in log.rows.groupby(["campaign_id", "wave"], sort=True):
        people = mine.reset_index(drop=True)
        choice = policy.choose(history, people, seed=seed)
        chances = choice.chances.add_prefix(CHANCE)
        parts.append(people[["customer_id"]].assign(campaign_id=campaign, wave=wave).join(chances))
    return pd.concat(parts, ignore_index=True)
