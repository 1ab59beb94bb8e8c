"""Ines's list of lesson 35: a letter to customers who were chosen for what they had just spent, and 200 such lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loyalty.datasets import DATA
from loyalty.world import Wave, World

SEED = 35
CHANCES = {"nothing": 0.05, "up to €20": 0.20, "up to €60": 0.50, "more": 0.80}
OFFER = "basket_discount"
PAGE = DATA.parent / "docs" / "tables" / "selected.md"
SHOWN = ["bias, €", "holds the truth", "no effect: false alarms", "checks pass"]
METHODS = {
    "regression": "regression",
    "matching on covariates, corrected": "matching",
    "weights": "weights",
    "doubly robust": "doubly robust",
}
PROFILE = "Adjusted for the profile, the last 28 days"


@dataclass(frozen=True)
class InesList:
    """A chain of 6,000 customers and Ines's list; made by `open_list`. `shoppers` has the class and who is invited."""

    world: World
    shoppers: pd.DataFrame = field(repr=False)

    @property
    def invited(self) -> pd.Series:
        """The ids of the customers on the list."""
        return self.shoppers.loc[self.shoppers["invited"], "customer_id"]

    def send(self, invited: Sequence[bool] | pd.Series | None = None) -> tuple[Wave, World]:
        """Send the letter, 10 % off everything for 14 days: to the list, or to others.

        Parameters
        ----------
        invited : sequence of bool, optional
            One value a customer, in the order of `shoppers`.

        Returns
        -------
        tuple of (Wave, World)
            The wave, and the chain afterwards.
        """
        chosen = self.shoppers["invited"] if invited is None else invited
        offer = pd.Series(OFFER, self.shoppers.index).where(np.asarray(chosen, dtype=bool))
        return self.world.run(self.shoppers.assign(offer_id=offer))

    def find_truth(self, wave: Wave) -> float:
        """The expected effect of the letter on sales in 28 days, mean of the invited, euros."""
        truth = self.world.truth.lift(wave, kind="expected", among="treated")
        return float(truth.sales[OFFER, "main"])

    def read_sales(self, wave: Wave) -> pd.Series:
        """What each customer spent in the 28 days from the letter on, in the order of `shoppers`."""
        after = wave.outcomes.query("window == 'main'").set_index("customer_id")["sales"]
        return self.shoppers["customer_id"].map(after)

    def spent(self, first: int, last: int) -> pd.Series:
        """What each customer spent from day `first` to day `last` before the letter; day 1 is the last one."""
        lines = self.world.receipts
        day = (self.world.end - lines["time"].dt.normalize()).dt.days
        mine = lines[(day >= first) & (day <= last)].groupby("customer_id")["sales"].sum()
        return self.shoppers["customer_id"].map(mine).fillna(0)

    def describe(self, wave: Wave) -> pd.DataFrame:
        """One row a customer: what was known before, as logarithms, the witness, and the sales from the letter on.

        Columns: `decided` (the four weeks by which Ines chose), `quarter` (the twelve weeks before those), `year`
        (days 141 to 420), `witness` (euros in days 113 to 140, long before the letter), `sales` (euros).
        """
        return self.shoppers.assign(
            sales=self.read_sales(wave),
            decided=np.log1p(self.spent(1, 28)),
            quarter=np.log1p(self.spent(29, 112)),
            year=np.log1p(self.spent(141, 420)),
            witness=self.spent(113, 140),
        )


def open_list() -> InesList:
    """Open the chain and draw the list: the more a customer spent in the last 28 days, the likelier an invitation.

    Examples
    --------
    >>> len(open_list().shoppers)
    6000
    """
    world = World(customers=6_000, months=24, seed=SEED)
    shoppers = world.customers[["customer_id"]]
    last = world.receipts[world.receipts["time"] >= world.end - pd.Timedelta(days=28)]
    recent = shoppers["customer_id"].map(last.groupby("customer_id")["sales"].sum()).fillna(0)
    group = pd.cut(recent, [-1, 0, 20, 60, np.inf], labels=list(CHANCES))
    luck = np.random.default_rng(SEED).random(len(shoppers))
    invited = luck < group.map(CHANCES).astype(float)
    return InesList(world, shoppers.assign(group=group, invited=invited))


def read_lists() -> pd.DataFrame:
    """Read what `benchmarks/selected.py` found over 200 lists such as Ines's.

    Returns
    -------
    DataFrame
        One row an estimate; columns as on the page docs/tables/selected.md: `bias, €`, `holds the truth`,
        `no effect: false alarms`, `checks pass`.
    """
    change = _read_table("Differences in differences, by what counts as before")
    blind = _read_table(f"{PROFILE} not recorded")
    parts = {
        "": _read_table("Four classes, four chances"),
        "change since ": change[:3],
        "blind: ": blind.loc[["matching on covariates, corrected", "doubly robust"]],
        "told: ": _read_table(f"{PROFILE} among it").loc[list(METHODS)],
        "within the groups: ": _read_table("Adjusted for the class that decided")[:1],
        "lottery: ": _read_table("A lottery"),
    }
    named = [part.rename(METHODS).add_prefix(name, axis=0) for name, part in parts.items()]
    return pd.concat(named)[SHOWN].rename_axis(None)


def read_change_without_deciding_days() -> pd.Series:
    """Read the row of the change since 84 days that leaves the days that decided out, as `read_lists` does."""
    table = _read_table("Differences in differences, by what counts as before")
    return table.loc["84 days, those that decided left out"]


def _read_table(heading: str) -> pd.DataFrame:
    """The first table of the page under a heading, one row an estimate."""
    page = PAGE.read_text(encoding="utf-8")
    lines = page.split(f"# {heading}\n", 1)[1].split("\n#")[0].splitlines()
    cells = [line.strip("| ").split(" | ") for line in lines if line.startswith("| ")]
    return pd.DataFrame(cells[1:], columns=cells[0]).set_index("estimate")
