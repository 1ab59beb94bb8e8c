"""Campaigns whose customers were drawn together, by store or household: how the report checks their groups."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

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
WHOLE = 0.9  # of the customers whose value others share, so many lie in values that are in one group
SAYS = {
    "alarm": "the groups differed before the start",
    "look": "a little apart before the start, which luck does once in a hundred campaigns",
    "good": "alike before the start",
}
ALIKE = 1e-6  # so unlikely it has to be that so many customers lie in such values by luck
NOTHING = frozenset("- – — 0 no none nothing not null n/a na false control нет не пусто контроль кг ложь".split())


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

    A few customers in the wrong group do not hide it: nine of ten who share their value with others have to lie in
    values of one group, and luck must not do that (Chernoff's bound, less than one in a million). Columns that are
    filled for the treated alone say what was sent, and are left out.

    Examples
    --------
    >>> contacts = pd.DataFrame({"arm": ["mail"] * 30 + ["control"] * 30, "store": [i // 5 for i in range(60)]})
    >>> find_whole_columns(contacts.assign(town=[i % 7 for i in range(60)]))
    ['store']
    """
    share = float((contacts["arm"] == "control").mean())
    return [name for name, values in _count_columns(contacts).items() if _is_whole(values, share)]


def _is_whole(values: _Values, share: float) -> bool:
    """Whether nine of ten customers lie in values of one group, though luck would not do that."""
    sizes = values.sizes
    both = values.of_control.eq(0).sum() > 1 and values.of_control.eq(1).sum() > 1
    if not both:
        return False
    several = sizes[sizes > 1]
    pure = int(several[values.of_control[several.index].isin([0.0, 1.0])].sum())
    return bool(pure >= WHOLE * several.sum()) and _bound_luck(several.to_numpy(), share, pure) < ALIKE


def find_single_columns(contacts: pd.DataFrame) -> list[str]:
    """Find columns with one value for all of one group and three or more others for the rest: one store was drawn?

    Values that mean nothing, such as "none" of a channel, are not looked at: they say that nothing was sent.

    Examples
    --------
    >>> contacts = pd.DataFrame({"arm": ["mail"] * 30 + ["control"] * 10, "store": [f"S{i // 10}" for i in range(40)]})
    >>> find_single_columns(contacts.assign(channel=["sms"] * 10 + ["push"] * 10 + ["mail"] * 10 + ["none"] * 10))
    ['store']
    """
    return [name for name, values in _count_columns(contacts).items() if _is_single(values)]


def _is_single(values: _Values) -> bool:
    """Whether one group has a single value, which says something, and the other group has none of it."""
    if not values.of_control.isin([0.0, 1.0]).all():
        return False
    sides = (values.sizes[values.of_control == 1], values.sizes[values.of_control == 0])
    alone = [str(side.index[0]).strip().casefold() for side in sides if len(side) == 1]
    return bool(alone) and alone[0] not in NOTHING and min(side.sum() for side in sides) > 1


class _Values(NamedTuple):
    """The values of a column: the share of control in each, and how many customers have it."""

    of_control: pd.Series
    sizes: pd.Series


def _count_columns(contacts: pd.DataFrame) -> dict[str, _Values]:
    """Count the values of each column that may say who was drawn together: mostly filled, of no other meaning."""
    control = (contacts["arm"] == "control").to_numpy()
    found = {}
    for name in contacts:
        if name in ("customer_id", "arm") or find_wrong_column(name):
            continue
        codes, names = pd.factorize(contacts[name])
        if len(names) < LEAST or (codes < 0).mean() > 0.5:
            continue
        known = codes >= 0
        sizes = np.bincount(codes[known], minlength=len(names))
        of_control = np.bincount(codes[known], control[known], minlength=len(names))
        found[name] = _Values(pd.Series(of_control / sizes, names), pd.Series(sizes, names))
    return found


def _bound_luck(sizes: np.ndarray, share: float, pure: int) -> float:
    """Bound the chance that `pure` customers or more lie in values of one group when each is drawn alone.

    A value of n customers is pure with the chance share**n + (1 - share)**n; Chernoff's bound is the least over t of
    the mean of exp(t × customers in pure values), divided by exp(t × pure).
    """
    n = sizes.astype("float64")
    with np.errstate(divide="ignore"):
        log_pure = np.logaddexp(n * np.log(share), n * np.log1p(-share))
    log_mixed = np.log(-np.expm1(np.minimum(log_pure, -1e-300)))

    def weigh(t: float) -> float:
        return float(np.logaddexp(log_mixed, log_pure + t * n).sum() - t * pure)

    least = minimize_scalar(weigh, bounds=(0.0, 50.0), method="bounded")
    return float(np.exp(min(least.fun, 0.0)))


def check_alone(contacts: pd.DataFrame, said: str | None) -> tuple[str, str, str]:
    """Look whether customers were drawn together although nobody said so: then every interval is too narrow."""
    if said == ALONE:
        return NAME, "good", "Each customer was drawn alone, as was said"
    if said is not None:
        return NAME, "good", f"All customers of one `{said}` were drawn together, and are compared so"
    if found := find_whole_columns(contacts):
        who = f"Customers with the same {_list_columns(found)} are in one group, all or nearly all"
        return NAME, "alarm", f"{who}: they were probably drawn together, and then the result looks surer than it is"
    if found := find_single_columns(contacts):
        who = f"One group holds a single value of {_list_columns(found)}, the other group holds the rest"
        return NAME, "look", f"{who}: if it is the store, one store is no control group for the others"
    return NAME, "good", "No column of the list shows that customers were drawn together"


def _list_columns(names: list[str]) -> str:
    return " and ".join(f"`{name}`" for name in names)


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
