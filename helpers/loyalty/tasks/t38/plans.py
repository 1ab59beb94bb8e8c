"""The plans of exercise 38: options with a cost a contact, right or as somebody might reckon it, and plans of them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from loyalty.evaluate.budget.plan import BudgetPlan, plan_budget
from loyalty.tasks.t38.scene import CALLS, CONTROL, CUT, Spring, gather_tests

FULL = "You planned as if everybody redeemed. Put aside what will be used: reward × `redeemed`."


@cache
def open_tables() -> Spring:
    """Open the options and the agency's plan, once.

    Examples
    --------
    >>> open_tables().agency.columns.tolist()
    ['segment', 'offer_id', 'contacts']
    """
    return gather_tests()


@cache
def make_options(way: str = "expected") -> pd.DataFrame:
    """Make the options with a `cost` per contact: "expected" is right, the other ways are usual mistakes.

    Examples
    --------
    >>> bool((make_options("full").cost >= make_options().cost).all())
    True
    """
    table = open_tables().options
    contact = table.contact_cost
    rewards = table.reward * table.redeemed
    ways = {
        "expected": contact + table.discount + rewards,
        "full": contact + table.discount + table.reward,
        "no rewards": contact + table.discount,
        "no discounts": contact + rewards,
        "discounts of users": contact + table.discount * table.redeemed + rewards,
    }
    table = table.assign(cost=ways["expected" if way == "cost off profit" else way])
    return table.assign(profit=table.profit - table.cost) if way == "cost off profit" else table


@cache
def make_plan(
    budget: float = CUT,
    way: str = "expected",
    calls: float | None = CALLS,
    control: float = CONTROL,
    whole: bool = False,
) -> BudgetPlan:
    """Make the best plan for a budget; `calls=None` is no limit of calls.

    Examples
    --------
    >>> bool(make_plan().cost <= CUT + 0.01)
    True
    """
    capacity = None if calls is None else {"call": calls}
    return plan_budget(make_options(way), budget, capacity=capacity, control_share=control, whole=whole)


def find_profit(*way: Any, **more: Any) -> float:
    """Find the profit of the plan that `make_plan` makes of the same arguments.

    Examples
    --------
    >>> find_profit(calls=None) > find_profit()
    True
    """
    return float(make_plan(*way, **more).profit.effect)


def find_price(plan: BudgetPlan, limit: str) -> float:
    """Find what one more unit of a limit would bring; 0 where it does not bind.

    Examples
    --------
    >>> find_price(make_plan(), "budget") > 0
    True
    """
    return float(plan.binding.loc[plan.binding.limit == limit, "price"].sum())
