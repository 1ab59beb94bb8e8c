"""The placebo of a campaign report: the same lift and the same profit, in days before anything was sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from loyalty.evaluate.lift.placebo import (
    ONLY_PAST,
    PlaceboDays,
    PlaceboLift,
    build_placebo,
    compare_before,
    is_away,
    place_placebo,
    say_near_zero,
)
from loyalty.evaluate.money.profit import campaign_money
from loyalty.stats.estimate import Estimate
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import find_decimals, say_money

ROW = "placebo: sales before it, when nothing was sent"


@dataclass(frozen=True, eq=False)
class Early:
    """What each contact bought in the days of the placebo, under the window name "main".

    Parameters
    ----------
    outcomes : pandas.DataFrame or None
        None where no placebo can be measured.
    days : PlaceboDays or None
        Which days they are.
    why : str
        Why there is none.
    """

    outcomes: pd.DataFrame | None = None
    days: PlaceboDays | None = None
    why: str = ""

    def keep(self, customers: set[Any]) -> Early:
        """Keep only these customers."""
        if self.outcomes is None:
            return self
        return replace(self, outcomes=self.outcomes[self.outcomes["customer_id"].isin(customers)])


@dataclass(frozen=True, eq=False)
class Placebo:
    """The placebo lift of sales and the placebo profit of one arm, each with its interval; None where there is none."""

    sales: PlaceboLift | None = None
    profit: Estimate | None = None
    days: PlaceboDays | None = None
    why: str = ""

    @property
    def away(self) -> dict[str, Estimate]:
        """What lies away from zero although nothing was sent: sales, profit, both or nothing."""
        found = {"sales": self.sales, "profit": self.profit}
        return {name: each for name, each in found.items() if each is not None and is_away(each)}

    def name_row(self) -> str:
        """Name the row of a table, with the days that were measured."""
        return f"{ROW} ({self.days.say()})" if self.days else ROW


def read_early(
    contacts: pd.DataFrame,
    receipts: AnyTable,
    values: Mapping[str, Any],
    days: Mapping[str, int],
    outcomes: pd.DataFrame,
) -> Early:
    """Sum the receipts of the placebo's days; one more scan, unless there is no past but the window "pre".

    Parameters
    ----------
    contacts : pandas.DataFrame
        The contact list.
    receipts : table
        All receipts.
    values : mapping
        The settings.
    days : mapping of str to int
        Length of each window.
    outcomes : pandas.DataFrame
        What was measured already, window by window.
    """
    if not days["pre"]:
        return Early(why="there is no look before the start")
    try:
        window = place_placebo(receipts, start=values["start"], end=values["end"], before=days["pre"])
        if window.shared:
            same = outcomes[outcomes["window"] == "pre"].assign(window="main")
            return Early(same.reset_index(drop=True), window)
        return Early(build_placebo(contacts, receipts, window), window)
    except TableError as error:
        return Early(why=error.problems[0])


def measure_placebo(early: Early, contacts: pd.DataFrame, arm: str, asked: Mapping[str, Any]) -> Placebo:
    """Measure sales and profit of an arm in the days of the placebo; no contact is paid, because none was sent.

    Parameters
    ----------
    early : Early
    contacts : pandas.DataFrame
        The contact list.
    arm : str
        The arm that the report is about.
    asked : mapping of str to Any
        What `campaign_money` is asked for.
    """
    if early.outcomes is None:
        return Placebo(why=early.why)
    own = contacts[contacts["arm"].isin([arm, "control"])]
    outcomes = early.outcomes[early.outcomes["customer_id"].isin(own["customer_id"])]
    try:
        sales = compare_before(own, outcomes, "sales", window=early.days, cluster=asked.get("cluster"))
        terms = dict(asked) | {"contact_cost": 0.0, "windows": ("main",)}
        return Placebo(sales, campaign_money(own, outcomes, arm=arm, **terms).profit, early.days)
    except TableError as error:
        return Placebo(why=error.problems[0])


def say_lift(placebo: Placebo, unit: str) -> tuple[str, ...]:
    """Say the placebo lift, or why there is none."""
    if placebo.sales is None:
        return (f"No placebo lift: {placebo.why}.",)
    found = placebo.sales
    return (found.sentence(unit, find_decimals([found.low, found.high])),)


def say_profit(placebo: Placebo, unit: str) -> tuple[str, ...]:
    """Say the placebo profit; nothing where there is none."""
    found = placebo.profit
    if found is None or placebo.days is None:
        return ()
    decimals = find_decimals([found.low, found.high])
    effect, low, high = (say_money(value, unit, decimals) for value in (found.effect, found.low, found.high))
    when = f"in days when nothing was sent ({placebo.days.say()}), no contact paid"
    says = f"The same profit {when}: {effect} per treated customer"
    says = f"{says} ({found.level * 100:g} % interval {low} to {high}). {say_near_zero(found, 'the profit')}"
    return (f"{says} Careful: {ONLY_PAST}." if placebo.days.shared else says,)


def say_away(placebo: Placebo, unit: str) -> tuple[str, ...]:
    """Warn where the groups differed before anything was sent, for the card; nothing where they did not."""
    if not placebo.away or placebo.days is None:
        return ()
    gaps = []
    for name, found in placebo.away.items():
        decimals = find_decimals([found.low, found.high])
        effect, low, high = (say_money(value, unit, decimals) for value in (found.effect, found.low, found.high))
        gaps.append(f"{effect} of {name} a customer ({found.level * 100:g} % interval {low} to {high})")
    ways = {"high" if found.effect > 0 else "low" for found in placebo.away.values()}
    so = f"So the result may be too {ways.pop()}" if len(ways) == 1 else "So the result may be wrong"
    when = f"before anything was sent ({placebo.days.say()})"
    return (f"Careful: the groups differed already {when}, by {' and '.join(gaps)}. {so}. Chance can do this too.",)


def list_rows(placebo: Placebo) -> list[tuple[str, Any, str, str]]:
    """The lines of the sheet `summary`."""
    if placebo.sales is None or placebo.profit is None or placebo.days is None:
        return [("Placebo lift", "none", "text", placebo.why)]
    note = placebo.days.say()
    return [
        (f"{name}{end}", value, "money", note if not end else "")
        for name, found in (("Placebo lift", placebo.sales), ("Placebo profit per customer", placebo.profit))
        for end, value in (("", found.effect), (", low", found.low), (", high", found.high))
    ]
