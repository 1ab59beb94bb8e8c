"""What a plan is made from: options, each a segment with an offer, and the cash that a contact of each costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats as _scipy

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import OFFERS
from loyalty.tables.problems import check_number, gather
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table

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
    options: Any,
    budgets: list[Any],
    capacity: Any,
    caps: Any,
    control_share: Any,
    whole: Any,
    draws: Any,
    caution: Any,
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
    if sound:
        table = collect(sound[0])
    elif isinstance(options, pd.DataFrame):
        table = options
    else:
        table = pd.DataFrame(columns=OPTIONS.names)  # a source that cannot be read lacks no column
    for budget in budgets:
        problems += check_number("the budget", budget)
    problems += _check_switches(control_share, whole)
    problems += _check_limits("capacity", "channel", capacity, table)
    problems += _check_limits("caps", "offer_id", caps, table)
    if sound:
        problems += _check_sizes(table)
    problems += _check_caution(caution, has_error=draws is not None or "se" in table)
    if draws is not None and len(table):
        draws = _read_draws(draws)
        problems += _check_draws(draws, len(table))
    if problems:
        raise TableError(problems, "the budget")
    table = table[[name for name in OPTIONS.names if name in table]].sort_values(["segment", "offer_id"])
    if draws is not None:
        draws = draws[table.index]
    table = table.reset_index(drop=True).assign(value=table["profit"].to_numpy(float))
    if caution is not None and draws is not None:
        table["value"] = np.quantile(draws, caution, axis=1)
    elif caution is not None:
        table["value"] = table["value"] + _scipy.norm.ppf(caution) * table["se"]
    return table, draws


def _check_switches(control_share: Any, whole: Any) -> list[str]:
    problems = check_number("control_share", control_share, share=True)
    if not problems and control_share == 1:
        problems = ["control_share is 1: nobody is left to be contacted"]
    if not isinstance(whole, bool | np.bool):
        problems.append(f"whole should be True or False, found {whole!r}")
    return problems


def _check_limits(what: str, column: str, limits: Any, table: pd.DataFrame) -> list[str]:
    """What is wrong with the largest numbers of contacts by channel (`capacity`) or by offer (`caps`)."""
    if limits is None:
        return []
    if not isinstance(limits, Mapping):
        return [f"{what} should be a dict such as {{'name': 1000}}, found {limits!r}"]
    known = sorted(set(map(str, np.ravel(table[column].dropna())))) if column in table else []
    problems = []
    for name, most in limits.items():
        problems += check_number(f"{what} of {name!r}", most)
        if known and str(name) not in known:
            problems.append(f"{what} of {name!r}: no option has it, found {', '.join(known[:6])}")
    if limits and column == "channel" and column not in table:
        problems.append(f"{what} is given, but the options have no column `{column}`: add it")
    return problems


def _check_sizes(table: pd.DataFrame) -> list[str]:
    """Whether there are options, and every segment has one size."""
    if table.empty:
        return ["there are no options: one row a segment and offer is needed"]
    sizes = table.groupby("segment")["customers"].nunique()
    odd = sizes.index[sizes > 1]
    if len(odd):
        return [f"`customers` differs within segment {odd[0]!r}: it is the size of the segment, once an offer"]
    return []


def _check_caution(caution: Any, has_error: bool) -> list[str]:
    """Whether the quantile to plan on is one, and the figures have standard errors or draws to take it from."""
    if caution is None:
        return []
    problems = []
    if check_number("caution", caution) or not 0 < caution <= 0.5:
        problems.append(f"caution should be a quantile above 0 and up to 0.5, found {caution!r}")
    if not has_error:
        problems.append("caution needs to know how sure each figure is: add a column `se`, or give draws")
    return problems


def _read_draws(draws: Any) -> np.ndarray:
    """Draws as numbers; a single NaN where they are none."""
    try:
        return np.asarray(draws, float)
    except (TypeError, ValueError):
        return np.full(1, np.nan)


def _check_draws(draws: np.ndarray, count: int) -> list[str]:
    clean = bool(np.isfinite(draws).all())
    if clean and draws.ndim == 2 and len(draws) == count and draws.shape[1] >= 2:
        return []
    found = " × ".join(map(str, draws.shape))
    if not clean:
        found += ", not all of them numbers"
    return [f"draws should be numbers, {count} options × at least two draws, found {found}"]


@check_arguments
def cost_offers(offers: AnyTable, expected: Any) -> pd.DataFrame:
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
    if problems:
        raise TableError(problems, "the cost of offers")
    table = collect(opened[0]).set_index("offer_id")
    lost = use["offer_id"][~use["offer_id"].isin(table.index)].unique()
    if len(lost):
        raise TableError([f"offers do not hold {', '.join(map(repr, lost[:3]))}: add a row"], "the cost of offers")

    def per(name: str, default: float = 0.0) -> pd.Series:
        """A cost of the offers, for each row of `use`."""
        if name not in table:
            return pd.Series(default, use.index)
        return use["offer_id"].map(table[name].astype(float)).astype(float).fillna(default)

    def used(name: str) -> pd.Series | float:
        """How much a contact uses, 0 where the table does not tell."""
        return use[name].astype(float) if name in use else 0.0

    reward = per("reward_cost")
    points = per("point_cost") * used("points_issued")
    parts = {
        "contact": per("contact_cost"),
        "rewards": reward * used("redeemed"),
        "discounts": used("discount"),
        "points": points * per("redemption_probability", 1.0),
    }
    full = parts["contact"] + reward + parts["discounts"] + points
    return use.assign(**parts, cost=sum(parts.values()), cost_at_full=full)
