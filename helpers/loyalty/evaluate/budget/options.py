"""What a plan is made from: options, each a segment with an offer, and the cash that a contact of each costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import OFFERS
from loyalty.tables.problems import check_number, gather
from loyalty.tables.sources import NotATable, collect, open_table

OPTIONS = Table(
    "options",
    "a segment with an offer that it could get",
    ("segment", "offer_id"),
    (
        Column("segment", "id", "which segment"),
        Column("offer_id", "id", "which offer"),
        Column("customers", "number", "customers of the segment", low=0),
        Column("profit", "money", "expected incremental profit of a contact, after all costs"),
        Column("cost", "money", "cash that a contact costs, rewards at expected redemption", low=0),
        Column("channel", "text", "how the offer goes out", optional=True),
        Column("se", "money", "standard error of profit", optional=True, low=0),
    ),
)
EXPECTED = Table(
    "expected use",
    "an offer and what one contact with it is expected to use",
    ("offer_id",),
    (
        Column("offer_id", "id", "which offer"),
        Column("redeemed", "share", "part of the contacted who redeem the reward", low=0, high=1),
        Column("discount", "money", "money taken off the prices per contacted customer", optional=True, low=0),
        Column("points_issued", "number", "points credited per contacted customer", optional=True, low=0),
        Column("segment", "id", "which segment", optional=True),
    ),
)


def read_options(
    options: Any, budgets: list[Any], capacity: Any, caps: Any, control_share: Any, whole: Any, draws: Any, caution: Any
) -> tuple[pd.DataFrame, np.ndarray | None]:
    """Check everything that a plan is made from, and sort it, so that the order of the rows decides nothing.

    Parameters
    ----------
    options, capacity, caps, control_share, whole, draws, caution
        As `loyalty.evaluate.budget.plan.plan_budget` takes them.
    budgets : list of float

    Returns
    -------
    table : pandas.DataFrame
        The options, sorted by segment and offer, with `value`: the profit that is planned on, cautious or not.
    draws : array (options × draws) or None
        In the same order.

    Raises
    ------
    TableError
        With all problems of the table and of the other inputs.
    """
    problems: list[str] = []
    sound = gather(problems, check_table, options, OPTIONS)
    unseen = pd.DataFrame(columns=OPTIONS.names)  # a source that cannot be read lacks no column
    table = collect(sound[0]) if sound else options if isinstance(options, pd.DataFrame) else unseen
    for budget in budgets:
        problems += check_number("the budget", budget)
    share = check_number("control_share", control_share, share=True)
    problems += share or (["control_share is 1: nobody is left to be contacted"] if control_share == 1 else [])
    problems += [] if isinstance(whole, bool | np.bool) else [f"whole should be True or False, found {whole!r}"]
    for what, column, limits in (("capacity", "channel", capacity), ("caps", "offer_id", caps)):
        if not isinstance(limits, Mapping | None):
            problems.append(f"{what} should be a dict such as {{'name': 1000}}, found {limits!r}")
            continue
        known = sorted(set(map(str, np.ravel(table[column].dropna())))) if column in table else []
        for name, most in (limits or {}).items():
            problems += check_number(f"{what} of {name!r}", most)
            if known and str(name) not in known:
                problems.append(f"{what} of {name!r}: no option has it, found {', '.join(known[:6])}")
        if limits and column == "channel" and column not in table:
            problems.append(f"{what} is given, but the options have no column `{column}`: add it")
    if sound:
        sizes = table.groupby("segment")["customers"].nunique()
        told = "it is the size of the segment, once an offer"
        problems += [f"`customers` differs within segment {odd!r}: {told}" for odd in sizes.index[sizes > 1][:1]]
        problems += [] if len(table) else ["there are no options: one row a segment and offer is needed"]
    if caution is not None:
        if check_number("caution", caution) or not 0 < caution <= 0.5:
            problems.append(f"caution should be a quantile above 0 and up to 0.5, found {caution!r}")
        if draws is None and "se" not in table:
            problems.append("caution needs to know how sure each figure is: add a column `se`, or give draws")
    if draws is not None and len(table):
        try:
            draws = np.asarray(draws, float)
        except (TypeError, ValueError):
            draws = np.full(1, np.nan)
        clean = np.isfinite(draws).all()
        found = " × ".join(map(str, draws.shape))
        if not clean or draws.ndim != 2 or len(draws) != len(table) or draws.shape[1] < 2:
            found += "" if clean else ", not all of them numbers"
            problems.append(f"draws should be numbers, {len(table)} options × at least two draws, found {found}")
    if problems:
        raise TableError(problems, "the budget")
    table = table[[name for name in OPTIONS.names if name in table]].sort_values(["segment", "offer_id"])
    draws = draws if draws is None else draws[table.index]
    table = table.reset_index(drop=True).assign(value=table["profit"].to_numpy(float))
    if caution is not None:
        cautious = table["value"] + _scipy.norm.ppf(caution) * table.get("se", 0.0)
        table["value"] = cautious if draws is None else np.quantile(draws, caution, axis=1)
    return table, draws


def cost_offers(offers: Any, expected: Any) -> pd.DataFrame:
    """Work out the cash that a contact costs when rewards and points are redeemed as often as expected.

    Not for the worst case: `cost_at_full` is that, and a budget planned on it stays unspent. What has no cost in
    `offers` counts as 0; points without a redemption probability count in full.

    Parameters
    ----------
    offers : table under OFFERS
        contact_cost, reward_cost, point_cost (money); redemption_probability (of a point).
    expected : table
        A row an offer, or a segment and offer: offer_id, redeemed (part of the contacted who redeem, from 0 to 1);
        optional segment, discount (money per contacted customer), points_issued (per contacted customer). Means of
        the outcomes of an earlier wave, for example; other columns are kept.

    Returns
    -------
    pandas.DataFrame
        `expected` with contact, rewards, discounts, points (money per contact), cost (their sum), cost_at_full (every
        contacted customer redeems the reward and spends all his points; discounts as expected).

    Raises
    ------
    TableError
        With all problems of both tables, and offers that have no row.

    Examples
    --------
    >>> offers = pd.DataFrame({"offer_id": ["gift"], "kind": "gift", "reward_cost": 4.0, "contact_cost": 0.5})
    >>> use = pd.DataFrame({"segment": ["new", "loyal"], "offer_id": "gift", "redeemed": [0.1, 0.3]})
    >>> cost_offers(offers, use)[["segment", "cost", "cost_at_full"]].round(2).values.tolist()
    [['new', 0.9, 4.5], ['loyal', 1.7, 4.5]]
    """
    problems: list[str] = []
    opened = gather(problems, check_table, offers, OFFERS)
    try:
        use = expected if isinstance(expected, pd.DataFrame) else collect(open_table(expected))
        key = ("segment", "offer_id") if "segment" in use else ("offer_id",)
        gather(problems, check_table, use, replace(EXPECTED, key=key))
    except NotATable as error:
        problems.append(str(error))
    if not problems:
        table = collect(opened[0]).set_index("offer_id")
        lost = use["offer_id"][~use["offer_id"].isin(table.index)].unique()
        problems += [f"offers do not hold {', '.join(map(repr, lost[:3]))}: add a row"] if len(lost) else []
    if problems:
        raise TableError(problems, "the cost of offers")

    def per(name: str, default: float = 0.0) -> pd.Series:
        own = use["offer_id"].map(table[name].astype(float)) if name in table else pd.Series(default, use.index)
        return own.fillna(default)

    used = {name: use[name].astype(float) if name in use else 0.0 for name in ("redeemed", "discount", "points_issued")}
    reward = per("reward_cost")
    points = per("point_cost") * used["points_issued"]
    parts = {
        "contact": per("contact_cost"),
        "rewards": reward * used["redeemed"],
        "discounts": used["discount"],
        "points": points * per("redemption_probability", 1.0),
    }
    full = parts["contact"] + reward + parts["discounts"] + points
    return use.assign(**parts, cost=sum(parts.values()), cost_at_full=full)
