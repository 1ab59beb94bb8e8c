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
from loyalty.tables.wave.arms import sounds_like_control
from loyalty.tables.wave.together import MOVED, find_wrong_column
from loyalty.text import find_decimals, say_money, say_p

NAME = "Drawn one by one"
ADVICE = (
    "Ask whether whole stores (or households) were drawn, or single customers. Set cluster to the column that says "
    "which store, or to none for single customers, and make the report again."
)
LEAST = 4  # values of a column; of fewer, luck may put each into one group
NEARLY = 0.8  # of a value's customers in one group: the value is that group's, and a few of them were moved
SAYS = {
    "alarm": "the groups differed before the start",
    "look": "a little apart before the start, which luck does once in a hundred campaigns",
    "good": "alike before the start",
}
ALIKE = 1e-6  # so unlikely it has to be that so few stand apart by luck
NOTHING = frozenset("- – — 0 no none nothing not null n/a na false control нет не пусто контроль кг ложь".split())


def find_cluster(contacts: pd.DataFrame, said: str | None) -> str | None:
    """Find the column that says who was drawn together, as the setting names it; None if customers were drawn alone.

    Raises
    ------
    TableError
        The column means something else.
    """
    if said is None or said == ALONE:
        return None
    if wrong := find_wrong_column(said):
        raise TableError(wrong, "contacts")
    return said


def find_whole_columns(contacts: pd.DataFrame) -> list[str]:
    """Find columns whose values lie each in one group, or nearly, as those of stores or households drawn whole do.

    A few customers in the wrong group do not hide it, nor do a few in each store: each group has to have two values
    with four of five of their customers, at most one customer of ten may stand in the other group than most who share
    his value, and luck must not do that (Chernoff's bound, less than one in a million). Columns that are filled for
    the treated alone say what was sent, and are left out.

    Examples
    --------
    >>> contacts = pd.DataFrame({"arm": ["mail"] * 30 + ["control"] * 30, "store": [i // 5 for i in range(60)]})
    >>> find_whole_columns(contacts.assign(town=[i % 7 for i in range(60)]))
    ['store']
    """
    share = float((contacts["arm"] == "control").mean())
    return [name for name, values in _count_columns(contacts).items() if _is_whole(values, share)]


def _is_whole(values: _Values, share: float) -> bool:
    """Whether nine of ten customers stand in the group of most who share their value, though luck would not do that."""
    of_control = values.of_control
    both = (of_control <= 1 - NEARLY).sum() > 1 and (of_control >= NEARLY).sum() > 1
    if not both:
        return False
    is_shared = values.sizes > 1
    sizes = values.sizes[is_shared].to_numpy()
    apart = round(float((np.minimum(of_control, 1 - of_control)[is_shared] * sizes).sum()))
    return bool(apart <= MOVED * sizes.sum()) and _bound_luck(sizes, share, apart) < ALIKE


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
    alone = [str(side.index[0]).strip() for side in sides if len(side) == 1]
    # Among numbers 0 is one of them, such as the first store
    are_numbers = bool(values.sizes.index.astype("str").str.strip().str.fullmatch(r"\d+").all())
    says_nothing = bool(alone) and (alone[0].casefold() in NOTHING or sounds_like_control(alone[0]))
    return bool(alone) and (are_numbers or not says_nothing) and min(side.sum() for side in sides) > 1


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


def _bound_luck(sizes: np.ndarray, share: float, apart: int) -> float:
    """Bound the chance that `apart` customers or fewer stand in the smaller part of their value, each drawn alone.

    Of n customers of a value, the smaller part is X or n - X with X binomial: the mean of exp(-t × that) is at most the
    sum of the two means. Chernoff's bound is the least over t of their product, times exp(t × apart).
    """
    n, often = np.unique(sizes, return_counts=True)

    def weigh(t: float) -> float:
        rest = np.exp(-t)
        as_control = n * np.log(share + (1 - share) * rest)
        as_treated = n * np.log(1 - share + share * rest)
        return float((often * np.logaddexp(as_control, as_treated)).sum() + t * apart)

    least = minimize_scalar(weigh, bounds=(0.0, 50.0), method="bounded")
    return float(np.exp(min(least.fun, 0.0)))


def check_alone(contacts: pd.DataFrame, said: str | None) -> tuple[str, str, str]:
    """Look whether customers were drawn together although nobody said so: then every interval is too narrow."""
    if said not in (None, ALONE):
        return NAME, "good", f"All customers of one `{said}` were drawn together, and are compared so"
    seen = ""
    if found := find_whole_columns(contacts):
        who = f"customers with the same {_list_columns(found)} are in one group, all or nearly all"
        seen = f"{who}: they were probably drawn together, and then the result looks surer than it is"
    elif found := find_single_columns(contacts):
        who = f"one group holds a single value of {_list_columns(found)}, the other group holds the rest"
        seen = f"{who}: if it is the store, one store is no control group for the others"
    if said == ALONE:
        words = "Each customer was drawn alone, as was said"
        return (NAME, "look", f"{words}; yet {seen}") if seen else (NAME, "good", words)
    if seen:
        return NAME, "alarm", seen[:1].upper() + seen[1:]
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
