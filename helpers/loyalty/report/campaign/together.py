"""Campaigns whose customers were drawn together, by store or household: how the report checks their groups."""

from __future__ import annotations

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
    found = []
    for name in _list_candidates(contacts):
        of_control, sizes = _count_values(contacts, name)
        if len(sizes) < LEAST:
            continue
        both = of_control.eq(0).sum() > 1 and of_control.eq(1).sum() > 1
        is_pure = of_control.isin([0.0, 1.0]) & sizes.gt(1)
        several = sizes[sizes > 1]
        pure = int(sizes[is_pure].sum())
        if both and pure >= WHOLE * several.sum() and _bound_luck(several.to_numpy(), share, pure) < ALIKE:
            found.append(name)
    return found


def find_single_columns(contacts: pd.DataFrame) -> list[str]:
    """Find columns with one value for all of one group and three or more others for the rest: one store was drawn?

    Values that mean nothing, such as "none" of a channel, are not looked at: they say that nothing was sent.

    Examples
    --------
    >>> contacts = pd.DataFrame({"arm": ["mail"] * 30 + ["control"] * 10, "store": [f"S{i // 10}" for i in range(40)]})
    >>> find_single_columns(contacts.assign(channel=["sms"] * 10 + ["push"] * 10 + ["mail"] * 10 + ["none"] * 10))
    ['store']
    """
    found = []
    for name in _list_candidates(contacts):
        of_control, sizes = _count_values(contacts, name)
        if len(sizes) < LEAST or not of_control.isin([0.0, 1.0]).all():
            continue
        sides = (sizes[of_control == 1], sizes[of_control == 0])
        alone = [str(side.index[0]).strip().casefold() for side in sides if len(side) == 1]
        if alone and alone[0] not in NOTHING and min(side.sum() for side in sides) > 1:
            found.append(name)
    return found


def _list_candidates(contacts: pd.DataFrame) -> list[str]:
    """The columns that may say who was drawn together: of another meaning than the draw's, and mostly filled."""
    names = [name for name in contacts if name not in ("customer_id", "arm") and not find_wrong_column(name)]
    return [name for name in names if contacts[name].isna().mean() <= 0.5]


def _count_values(contacts: pd.DataFrame, name: str) -> tuple[pd.Series, pd.Series]:
    """The share of control in each value of a column, and how many customers have it."""
    groups = (contacts["arm"] == "control").groupby(contacts[name])
    return groups.mean(), groups.size()


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
