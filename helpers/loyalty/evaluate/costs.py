"""What a contact costs in cash: rewards and points as often as they are expected to be redeemed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from loyalty.columns import Column, Table
from loyalty.contracts import OFFERS
from loyalty.evaluate.outcomes import gather
from loyalty.frames import collect
from loyalty.tables import TableError, check_table

EXPECTED = Table(
    "expected use",
    "an offer and what one contact with it is expected to use",
    ("offer_id",),
    (
        Column("offer_id", "id", "which offer"),
        Column("redeemed", "share", "part of the contacted who redeem the reward", low=0, high=1),
        Column("discount", "money", "money taken off the prices per contacted customer", optional=True, low=0),
        Column("points_issued", "number", "points credited per contacted customer", optional=True, low=0),
    ),
)


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
    segments = isinstance(expected, pd.DataFrame) and "segment" in expected
    by = replace(EXPECTED, key=("segment", "offer_id"), columns=(Column("segment", "id", "which"), *EXPECTED.columns))
    opened = gather(problems, check_table, offers, OFFERS)
    use = gather(problems, check_table, expected, by if segments else EXPECTED)
    if not problems:
        table, use = collect(opened[0]).set_index("offer_id"), expected if segments else collect(use[0])
        lost = use["offer_id"][~use["offer_id"].isin(table.index)].unique()
        problems += [f"offers do not hold {', '.join(map(repr, lost[:3]))}: add a row"] if len(lost) else []
    if problems:
        raise TableError(problems, "the cost of offers")

    def per(name: str, default: float = 0.0) -> pd.Series:
        own = use["offer_id"].map(table[name].astype("float64")) if name in table else pd.Series(default, use.index)
        return own.fillna(default)

    reward, points = per("reward_cost"), per("point_cost") * use.get("points_issued", 0.0)
    parts = {"contact": per("contact_cost"), "rewards": reward * use["redeemed"],
             "discounts": pd.Series(use.get("discount", 0.0), use.index, dtype=float),
             "points": points * per("redemption_probability", 1.0)}  # fmt: skip
    full = parts["contact"] + reward + parts["discounts"] + points
    return use.assign(**parts, cost=sum(parts.values()), cost_at_full=full)
