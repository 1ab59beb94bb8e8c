"""Break-even of an offer: the response or the lift that it needs to pay, before it is sent and afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.problems import check_number


@check_arguments
def plan_economics(
    customers: pd.DataFrame,
    *,
    margin_rate: float,
    days: int = 28,
    contact_cost: float = 0.0,
    reward_cost: float = 0.0,
    discount: float = 0.0,
    use: float = 1.0,
    base_rate: float | None = None,
    basket: float | None = None,
    lift: float | pd.Series | dict | None = None,
    by: str = "segment",
) -> pd.DataFrame:
    """Work out the break-even response of each segment before sending, and the profit that may be expected.

    Not a forecast: without `lift` from earlier tests it only says what would have to be true.

    Parameters
    ----------
    customers : pandas.DataFrame
        A profile (frequency, tenure_days, basket_value), with a column `by` for segments; without it all are one.
    margin_rate : float
        What a unit of sales at full price leaves, from 0 to 1.
    days : int
        Length of the campaign's window.
    contact_cost, reward_cost : float
        Of one contact; of the gift, or of the points at their expected cost, for one user.
    discount, use : float
        Part taken off a user's basket; part of the buyers who use the offer (1: everybody, the safe side).
    base_rate, basket : float, optional
        Part of customers who buy in the window without an offer, and sales of one buyer. Else from the profile: one
        minus exp(-frequency / tenure_days x days), and the mean basket of those who bought.
    lift : float, or Series or dict by segment, optional
        Expected relative change of the part that buys, 0.10 for a tenth more.
    by : str
        The column that holds the segment.

    Returns
    -------
    pandas.DataFrame
        One row a segment: segment, customers, base_rate, basket, cost_per_user, break_even_response (empty if no
        response up to 1 can pay), break_even_lift (relative), expected_profit_per_customer, expected_profit (empty
        without lift), assumed (what was taken for granted, in words).

    Raises
    ------
    TableError
        With all problems of columns and options.

    Examples
    --------
    >>> people = pd.DataFrame({"segment": ["a", "a", "b"]})
    >>> costs = {"margin_rate": 0.5, "contact_cost": 0.2, "reward_cost": 2}
    >>> plan = plan_economics(people, **costs, base_rate=0.1, basket=10, lift=1)
    >>> plan[["segment", "break_even_response", "expected_profit"]].round(3).to_dict("list")
    {'segment': ['a', 'b'], 'break_even_response': [0.233, 0.233], 'expected_profit': [-0.2, -0.1]}
    """
    shares = {"margin_rate": margin_rate, "discount": discount, "use": use, "base_rate": base_rate}
    amounts = {"contact_cost": contact_cost, "reward_cost": reward_cost, "basket": basket}
    problems = [text for n, v in shares.items() if v is not None for text in check_number(n, v, share=True)]
    problems += [text for n, v in amounts.items() if v is not None for text in check_number(n, v)]
    problems += check_number("days", days, low=1)
    needs = {"frequency": base_rate, "tenure_days": base_rate, "basket_value": basket}
    lost = [f"`{n}`" for n, value in needs.items() if value is None and n not in customers]
    if lost:
        problems.append(f"the profile has no column {', '.join(lost)}: add it, or give base_rate and basket")
    if problems:
        raise TableError(problems, "the plan")
    people = customers.reset_index(drop=True)
    people = people.assign(segment=people[by].astype("str") if by in people else "all")
    assumed = ["one basket a buyer", f"{use:.0%} of buyers use the offer"]
    if base_rate is None:
        assumed.append("buyers as often as so far")
        rate = (people["frequency"] / people["tenure_days"]).fillna(0.0)
        people["base_rate"] = 1 - np.exp(-rate * days)
    if basket is None:
        assumed.append("baskets as so far")
        people["basket"] = people["basket_value"]
    groups = people.groupby("segment", sort=True)
    plan = pd.DataFrame({"customers": groups.size()})
    plan["base_rate"] = groups["base_rate"].mean() if base_rate is None else base_rate
    plan["basket"] = groups["basket"].mean() if basket is None else basket
    plan["cost_per_user"] = reward_cost + discount * plan["basket"]
    gain = margin_rate * plan["basket"]
    cost = use * plan["cost_per_user"]
    needed = (gain * plan["base_rate"] + contact_cost) / (gain - cost).where(gain > cost)
    plan["break_even_response"] = needed.where(needed <= 1)
    plan["break_even_lift"] = plan["break_even_response"] / plan["base_rate"].where(plan["base_rate"] > 0) - 1
    response = np.minimum(plan["base_rate"] * (1 + _spread_lift(lift, plan.index)), 1.0)
    plan["expected_profit_per_customer"] = gain * (response - plan["base_rate"]) - cost * response - contact_cost
    plan["expected_profit"] = plan["expected_profit_per_customer"] * plan["customers"]
    told = "no lift: nothing is expected" if lift is None else "lift as given"
    return plan.assign(assumed="; ".join([*assumed, told])).reset_index()


def _spread_lift(lift: float | pd.Series | dict | None, segments: pd.Index) -> Any:
    """The expected relative change of each segment; NaN where none is given."""
    if lift is None:
        return np.nan
    if isinstance(lift, dict | pd.Series):
        spread = segments.to_series().map(lift)
        numbers = pd.to_numeric(spread, errors="coerce")
        wrong = spread[numbers.isna() & spread.notna()]
        if len(wrong):
            found = f"{str(wrong.iloc[0])[:20]!r} for {wrong.index[0]!r}"
            raise TableError([f"`lift` should hold a number for each segment, found {found}"], "the plan")
        return numbers.astype("float64")
    return lift


@dataclass(frozen=True)
class BreakEven:
    """The break-even point: where profit would be zero, all costs as they were; made by `find_break_even`.

    Numbers are NaN where control's sales are not known or leave nothing.

    Attributes
    ----------
    sales, relative : float
        The lift of sales per customer assigned, and the same as a fraction of control's sales.
    response : float
        The part of customers who would have to buy in the first window, if only more buyers brought the lift, each
        spending what control's buyers spend there; over 1 it cannot be reached.
    base : float
        That part in control.
    margin : float
        What one more unit of sales leaves.
    """

    sales: float
    relative: float
    response: float
    base: float
    margin: float


@check_arguments
def find_break_even(
    profit: float, sales: float, base_sales: float, margin: float, base_rate: float, basket: float
) -> BreakEven:
    """Find the break-even lift: the sales at which profit is zero; rewards, discounts, points and contact stay.

    Not for a campaign whose costs grow with each sale that it brings: then the true point lies higher.

    Parameters
    ----------
    profit, sales : float
        Per customer, treated less control, contact cost taken off.
    base_sales : float
        Control's mean sales.
    margin : float
        What one more unit of sales leaves, from 0 to 1.
    base_rate, basket : float
        The part of control that bought in the first window, and what such a buyer spent in it.

    Examples
    --------
    >>> point = find_break_even(-0.30, 1.00, base_sales=8.00, margin=0.30, base_rate=0.20, basket=40.0)
    >>> round(point.sales, 2), round(point.relative, 2), round(point.response, 2)
    (2.0, 0.25, 0.25)
    """
    lift = sales - profit / margin if margin > 0 else np.nan
    relative = lift / base_sales if base_sales > 0 else np.nan
    response = base_rate + lift / basket if basket > 0 else np.nan
    return BreakEven(float(lift), float(relative), float(response), float(base_rate), float(margin))
