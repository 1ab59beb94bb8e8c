"""One treated group and control of a wave, customer by customer, for what needs more than sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from loyalty.evaluate.lift.strata import SURE, count_strata, find_chance_of_shares
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.assigned import Assigned, open_assigned

NEAR = 1e-6  # chances that differ by less are one
MEND = "measure stratum by stratum"


@dataclass(frozen=True)
class TwoGroups:
    """Customers of one treated group and of control, a row each; made by `open_two_groups`.

    `estimand` says whose effect is measured; `doubts` are warnings about names and ids.
    """

    treated: pd.DataFrame
    control: pd.DataFrame
    arm: str
    estimand: str
    doubts: tuple[str, ...] = ()


def open_two_groups(
    contacts: AnyTable,
    outcomes: AnyTable,
    columns: Sequence[str],
    *,
    arm: str | None = None,
    control: str = "control",
    window: str = "main",
) -> TwoGroups:
    """Read these numbers of one treated group and of control; refuse groups whose customers had unequal chances.

    Parameters
    ----------
    contacts, outcomes, control, window
        As in `measure_lift`.
    columns : sequence of str
        Numbers of the window.
    arm : str, optional
        The treated group; needed where there are several.

    Returns
    -------
    TwoGroups

    Raises
    ------
    TableError
        With all problems of the tables; an arm that is not there; chances that differ.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["mail", "control"] * 2, "sales": [5.0, 3.0, 0.0, 1.0]})
    >>> open_two_groups(table, None, ["sales"]).treated["sales"].tolist()
    [5.0, 0.0]
    """
    data = open_assigned(contacts, outcomes, list(columns), control=control, window=window)
    chosen = choose_arm(data.arms, arm)
    has_strata = "stratum" in data.table.collect_schema().names()
    rows = data.fetch([*columns, "weight", *(["stratum"] if has_strata else [])])
    rows = rows[rows["arm"].isin([chosen, control])]
    _refuse_unequal(rows, data, chosen)
    sides = [rows.loc[rows["arm"] == name, list(columns)].reset_index(drop=True) for name in (chosen, control)]
    sizes = [len(side) for side in sides]
    if min(sizes) < 2:
        says = f"two customers are needed in each group; `{chosen}` has {sizes[0]:,} and `{control}` {sizes[1]:,}"
        raise TableError([says], "contacts")
    estimand = ", ".join(("per customer assigned", *data.left_out))
    return TwoGroups(sides[0], sides[1], chosen, estimand, data.doubts)


def choose_arm(arms: Mapping[str, int], arm: str | None) -> str:
    """Say which treated group is meant.

    Examples
    --------
    >>> choose_arm({"mail": 20}, None)
    'mail'
    """
    names = ", ".join(f"`{name}`" for name in arms)
    if arm is None and len(arms) == 1:
        return next(iter(arms))
    if arm is None:
        raise TableError([f"there are several treated groups ({names}): say which one with arm="], "contacts")
    if arm not in arms:
        raise TableError([f"there is no treated group `{arm}`; there are: {names}"], "contacts")
    return arm


def _refuse_unequal(rows: pd.DataFrame, data: Assigned, arm: str) -> None:
    """Refuse two groups whose customers did not all have the same chance of the arm that they are in."""
    weights = rows.groupby("arm")["weight"].agg(["min", "max"])
    if (weights["max"] - weights["min"] > NEAR * weights["max"]).any():
        raise TableError([f"`propensity` differs within a group, which cannot be allowed for here: {MEND}"], "contacts")
    if "stratum" not in rows:
        return
    strata = count_strata(rows, arm, data.control)
    if strata and find_chance_of_shares(strata) < SURE:
        says = f"the share of `{data.control}` differs between strata, which cannot be allowed for here: {MEND}"
        raise TableError([says], "contacts")
