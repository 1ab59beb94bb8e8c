"""Campaigns whose customers were drawn together, by store or household: how the report checks their groups."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.evaluate.design.sample_ratio import ALARM, LOOK
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lifts
from loyalty.report.campaign.job import ALONE
from loyalty.tables.check import TableError
from loyalty.tables.wave.together import find_wrong_column
from loyalty.text import find_decimals, say_money, say_p

NAME = "Drawn one by one"
ADVICE = (
    "Ask whether whole stores (or households) were drawn, or single customers. Set cluster to the column that says "
    "which store, or to none for single customers, and make the report again."
)
LEAST = 4  # values of a column; of fewer, luck may put each into one group
SAYS = {
    "alarm": "the groups differed before the start",
    "look": "a little apart before the start, which luck does once in a hundred campaigns",
    "good": "alike before the start",
}
ALIKE = 1e-6  # so unlikely it has to be that each value lies in one group by luck


def find_cluster(contacts: pd.DataFrame, said: str | None) -> str | None:
    """Find the column that says who was drawn together, as the setting names it; None if customers were drawn alone.

    Raises
    ------
    TableError
        There is no such column, or it means something else.
    """
    if said is None or said == ALONE:
        return None
    if wrong := find_wrong_column(said):
        raise TableError(wrong, "contacts")
    if said not in contacts:
        found = ", ".join(contacts.columns)
        says = f"there is no column `{said}`, which should say who was drawn together; found: {found}"
        raise TableError([says], "contacts")
    return said


def find_whole_columns(contacts: pd.DataFrame) -> list[str]:
    """Find columns whose values lie each in one group only, as those of stores or households drawn as a whole do.

    Columns that are filled for the treated alone say what was sent, and are left out.

    Examples
    --------
    >>> contacts = pd.DataFrame({"arm": ["mail"] * 30 + ["control"] * 30, "store": [i // 5 for i in range(60)]})
    >>> find_whole_columns(contacts.assign(town=[i % 7 for i in range(60)]))
    ['store']
    """
    control = contacts["arm"] == "control"
    share = float(control.mean())
    found = []
    for name in contacts:
        values = contacts[name]
        if name in ("customer_id", "arm") or find_wrong_column(name) or values.isna().mean() > 0.5:
            continue
        sizes = values.groupby(values).size()
        if len(sizes) < LEAST:
            continue
        several = sizes[sizes > 1]
        of_control = control.groupby(values).mean()
        is_whole = of_control[several.index].isin([0.0, 1.0]).all()
        both = of_control.eq(0).sum() > 1 and of_control.eq(1).sum() > 1
        # Each value of n customers lies in one group by luck with this probability
        luck = (share**several + (1 - share) ** several).prod()
        if is_whole and both and luck < ALIKE:
            found.append(name)
    return found


def check_alone(contacts: pd.DataFrame, said: str | None) -> tuple[str, str, str]:
    """Look whether customers were drawn together although nobody said so: then every interval is too narrow."""
    if said == ALONE:
        return NAME, "good", "Each customer was drawn alone, as was said"
    if said is not None:
        return NAME, "good", f"All customers of one `{said}` were drawn together, and are compared so"
    found = find_whole_columns(contacts)
    if not found:
        return NAME, "good", "No column of the list shows that customers were drawn together"
    names = " and ".join(f"`{name}`" for name in found)
    says = f"All customers with the same {names} are in one group: they were probably drawn together"
    return NAME, "alarm", f"{says}, and then the result looks surer than it is"


def check_balance(
    contacts: pd.DataFrame, outcomes: pd.DataFrame, cluster: str, name: str, unit: str
) -> tuple[str, str, str]:
    """Compare the sales before the start, cluster by cluster."""
    if "pre" not in set(outcomes["window"]):
        return name, "not done", "needs receipts from before the start"
    try:
        lift = measure_lift(contacts, outcomes, "sales", window="pre", cluster=cluster)
    except TableError as error:
        return name, "not done", error.problems[0]
    lifts = list(lift) if isinstance(lift, Lifts) else [lift]
    known = [one for one in lifts if np.isfinite(one.p)]
    if not known:  # all customers of a group are alike: nothing says what luck makes
        return name, "not done", "before the start all customers of a group bought for the same, so luck is not known"
    worst = min(known, key=lambda one: one.p)
    p = min(1.0, worst.p * len(known))
    state = "alarm" if p < ALARM else "look" if p < LOOK else "good"
    decimals = find_decimals([worst.low, worst.high])
    of_treated, of_control = (say_money(value, unit, decimals) for value in (worst.base + worst.effect, worst.base))
    says = SAYS[state]
    return name, state, f"{says}: treated {of_treated} and control {of_control} a customer, by `{cluster}`; {say_p(p)}"
