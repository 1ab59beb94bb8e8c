"""The rules of a programme: offers, holdout, floor, caps, budget, rest; how they change chances before the draw.

A policy says what it wants. The rules turn that into the chances that the lottery uses, and those are what is logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.hashing import hash_customers
from loyalty.stats.estimate import render_html
from loyalty.tables.check import TableError
from loyalty.text import ask_percent

CONTROL = "control"


@dataclass(frozen=True)
class Rules:
    """What every policy of a programme has to keep.

    Parameters
    ----------
    offers : tuple of str
        The arms beside `control`.
    holdout : float
        Share of customers, drawn once by a hash, who get nothing in any wave. It is never spent.
    floor : float
        Smallest chance of every arm, control included, for everybody who takes part in the lottery.
    caps : mapping of str to float
        Largest mean chance of an offer among those who take part.
    costs : mapping of str to float
        What one contact costs, in euros: of every offer, or of none. What is free has 0. A budget needs them.
    budget : float, optional
        Largest expected cost of contacts in a wave, in euros.
    most, within : int
        At most so many contacts a customer in so many waves, this one included; who has had them rests: nothing is
        sent, and the customer takes no part in the lottery of that wave.

    Raises
    ------
    TableError
        With all problems at once.

    Examples
    --------
    >>> Rules(("gift", "points"), holdout=0.1).arms
    ('control', 'gift', 'points')
    """

    offers: tuple[str, ...]
    holdout: float = 0.1
    floor: float = 0.02
    caps: Mapping[str, float] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    budget: float | None = None
    most: int | None = None
    within: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.offers, str) or not isinstance(self.offers, tuple | list):
            raise TableError(
                [f"offers should be names, such as ('gift', 'points'), found {self.offers!r}"], "the rules"
            )
        object.__setattr__(self, "offers", tuple(self.offers))
        if problems := [*self._find_wrong_names(), *self._find_wrong_numbers()]:
            raise TableError(problems, "the rules")

    @property
    def arms(self) -> tuple[str, ...]:
        """Control first, then the offers."""
        return (CONTROL, *self.offers)

    def _find_wrong_names(self) -> list[str]:
        names = [name for name in self.offers if not (isinstance(name, str) and name.strip())]
        problems = [f"an offer should have a name, found {name!r}" for name in names]
        if not self.offers:
            problems.append("there should be at least one offer")
        if not names and len(set(self.offers)) < len(self.offers) or CONTROL in self.offers:
            problems.append("each offer stands once, and none is called control")
        for what in ("caps", "costs"):
            given = getattr(self, what)
            if not isinstance(given, Mapping):
                problems.append(f"{what} should be numbers by offer, such as {{'gift': 0.2}}, found {given!r}")
                continue
            problems += [f"{what} names {name!r}, which is no offer" for name in given if name not in self.offers]
        return problems

    def _find_missing_costs(self) -> list[str]:
        names = [name for name in self.offers if name not in self.costs]
        if not names:
            return []
        listed = ", ".join(map(str, names))
        return [f"costs should name every offer, what is free with 0; without a cost: {listed}"]

    def _find_wrong_rest(self) -> list[str]:
        problems = []
        if self.most is not None and not (_is_whole(self.most) and self.most >= 1):
            problems.append(f"most should be a whole number of contacts, 1 or more, found {self.most!r}")
        if not (_is_whole(self.within) and self.within >= 1):
            problems.append(f"within should be a whole number of waves, 1 or more, found {self.within!r}")
        elif self.most is None and self.within != 1:
            problems.append(f"within={self.within} needs `most`: how many contacts in so many waves?")
        elif self.most is not None and _is_whole(self.most) and self.most >= self.within:
            limits = f"most={self.most} within={self.within} limits nothing"
            problems.append(f"{limits}, because a wave is one contact: set `within` higher than `most`")
        return problems

    def _find_wrong_numbers(self) -> list[str]:
        problems = []
        arms = len(self.offers) + 1
        if not lies_within(self.holdout, 0, 0.9):
            problems.append(f"holdout should be a share from 0 to 0.9, found {self.holdout!r}{_ask(self.holdout)}")
        if not lies_within(self.floor, 0, 1 / arms):
            limit = f"from 0 to {1 / arms:.3g}, one part of {arms} arms"
            problems.append(f"floor should be {limit}, found {self.floor!r}{_ask(self.floor)}")
        if isinstance(self.caps, Mapping) and lies_within(self.floor, 0, 1 / arms):
            wrong = {name: cap for name, cap in self.caps.items() if not lies_within(cap, self.floor, 1)}
            problems += [
                f"the cap of {name} should be from the floor to 1, found {cap!r}{_ask(cap)}"
                for name, cap in wrong.items()
            ]
        if isinstance(self.costs, Mapping):
            wrong = {name: cost for name, cost in self.costs.items() if not lies_within(cost, 0, np.inf)}
            problems += [f"the cost of {name} should be 0 or more, found {cost!r}" for name, cost in wrong.items()]
        if self.budget is not None and not lies_within(self.budget, 0, np.inf):
            problems.append(f"budget should be euros, 0 or more, found {self.budget!r}")
        problems += self._find_wrong_rest()
        if isinstance(self.costs, Mapping) and (self.costs or self.budget is not None):
            problems += self._find_missing_costs()
        return problems


def lies_within(value: Any, low: float, high: float) -> bool:
    """Whether a value is a number, and lies between two others."""
    return isinstance(value, Real) and not isinstance(value, bool) and low <= float(value) <= high


def _ask(value: Any) -> str:
    return ask_percent(value) if lies_within(value, 1, 100) else ""


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


@dataclass(frozen=True, eq=False, repr=False)
class Choice:
    """Who gets what in a wave, and by which chance; built by `Policy.choose`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a customer: customer_id, arm, propensity (the chance of that arm), holdout, resting.
    chances : pandas.DataFrame
        The same rows; one column an arm: the chances that the lottery used. They sum to 1.
    error : float
        Largest standard error of a chance where it was found by drawing from a posterior; 0 where it is exact. It says
        how far the chances may be from the policy's ideal: what was drawn from is `chances`, exactly.
    """

    table: pd.DataFrame
    chances: pd.DataFrame
    error: float = 0.0

    def to_frame(self) -> pd.DataFrame:
        """`table` with one column `chance_…` an arm beside it."""
        return pd.concat([self.table, self.chances.add_prefix("chance_")], axis=1)

    def __repr__(self) -> str:
        counts = self.table["arm"].value_counts().reindex(self.chances.columns, fill_value=0)
        return f"Choice for {len(self.table):,} customers: {', '.join(f'{arm} {n:,}' for arm, n in counts.items())}"

    def _repr_html_(self) -> str:
        taking = self.chances[~(self.table["holdout"] | self.table["resting"])]
        counts = self.table["arm"].value_counts().reindex(self.chances.columns, fill_value=0)
        shown = pd.DataFrame({"customers": counts, "mean chance": taking.mean().round(3)}).rename_axis("arm")
        title = f"{len(self.table):,} customers, {int(self.table['holdout'].sum()):,} of them in the holdout"
        return render_html(shown.reset_index(), title)


def limit_chances(wanted: np.ndarray, rules: Rules, out: np.ndarray) -> np.ndarray:
    """Turn what a policy wants into the chances of the lottery: floor, caps, budget; what is cut off goes to control.

    Parameters
    ----------
    wanted : array, customers × arms
        Rows sum to 1; control is the first column.
    rules : Rules
    out : array of bool, one a customer
        Who takes no part (holdout, resting): control with certainty.

    Returns
    -------
    array, customers × arms

    Raises
    ------
    TableError
        The budget does not pay for the floor.

    Examples
    --------
    >>> rules = Rules(("gift", "points"), floor=0.02, caps={"gift": 0.5})
    >>> limit_chances(np.array([[0.0, 1.0, 0.0]]), rules, np.array([False])).round(2).tolist()
    [[0.48, 0.5, 0.02]]
    """
    arms = len(rules.arms)
    chances = rules.floor + (1 - arms * rules.floor) * wanted
    inside = ~out
    count = int(inside.sum())
    if count:
        for name, cap in rules.caps.items():
            place = rules.arms.index(name)
            mean = chances[inside, place].mean()
            if mean > cap:
                _cut(chances, [place], (cap - rules.floor) / (mean - rules.floor), rules.floor)
        if rules.budget is not None:
            price = np.array([rules.costs.get(name, 0.0) for name in rules.offers])
            least = count * rules.floor * price.sum()
            cost = float(chances[inside, 1:].sum(axis=0) @ price)
            if rules.budget < least:
                text = f"the budget of {rules.budget:,.2f} does not pay for the floor of every offer, {least:,.2f}"
                raise TableError([text], "the rules")
            if cost > rules.budget:
                _cut(chances, list(range(1, arms)), (rules.budget - least) / (cost - least), rules.floor)
    chances[out] = np.eye(arms)[0]
    return chances


def _cut(chances: np.ndarray, places: list[int], part: float, floor: float) -> None:
    """Keep a part of what lies above the floor in some columns, in place; the rest goes to control."""
    before = chances[:, places].sum(axis=1)
    chances[:, places] = floor + part * (chances[:, places] - floor)
    chances[:, 0] += before - chances[:, places].sum(axis=1)


def draw_arms(chances: np.ndarray, luck: np.ndarray) -> np.ndarray:
    """Draw the place of each customer's arm; `luck` are numbers from 0 to 1, the same for every policy.

    Examples
    --------
    >>> draw_arms(np.array([[0.5, 0.25, 0.25]] * 3), np.array([0.1, 0.6, 0.99])).tolist()
    [0, 1, 2]
    """
    return (luck[:, None] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)


def draw_luck(ids: Any, seed: int, wave: int) -> np.ndarray:
    """One number from 0 to 1 a customer and wave, from a hash: it depends on no policy and on no other customer."""
    return hash_customers(ids, f"lottery {seed} {wave}")


def hold_back(ids: Any, rules: Rules, seed: int) -> np.ndarray:
    """Say who is in the holdout: by a hash with a salt of its own, so that it stays the same in every wave."""
    return hash_customers(ids, f"holdout {seed}") < rules.holdout
