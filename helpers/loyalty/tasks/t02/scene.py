"""The workbook of lesson 02 (spring) and of its exercise (autumn): sheets of a small chain, as Excel saves them."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import pandas as pd

from loyalty.world import World

CUSTOMERS, MONTHS, SEED = 300, 24, 2  # chosen so that each mistake of the exercise changes the answer
REGIONS = (("online", 0, 0), ("north", 1, 13), ("south", 14, 26), ("east", 27, 40))  # first and last store of each
TWICE = 32  # the store that stands twice in the sheet of autumn
PLAN = {
    "region": ["online", "north", "south", "east"],
    "2024-08": [850, 1_300, 1_750, 900],
    "2024-09": [1_150, 2_450, 1_550, 2_000],
    "2024-10": [1_200, 1_950, 1_450, 1_550],
}  # euros, as Marta wrote it down


class Workbook(NamedTuple):
    """The sheets of a workbook.

    `customers`: customer_id, joined_on. `receipts`, one row a receipt: basket_id, day, customer_id, store_id, sales; day
    ("31/05/2024") and sales ("12,5") are text, as they came out of Excel. `stores`: store_id, region.
    """

    customers: pd.DataFrame
    receipts: pd.DataFrame
    stores: pd.DataFrame


@cache
def make_chain() -> World:
    """Make the chain of both workbooks."""
    return World(customers=CUSTOMERS, months=MONTHS, seed=SEED)


def list_receipts(start: str, end: str) -> pd.DataFrame:
    """List the receipts from `start` until before `end`, with dates and numbers, in no order that helps.

    Parameters
    ----------
    start, end : str
        Dates.
    """
    lines = make_chain().receipts
    window = lines[(lines["time"] >= start) & (lines["time"] < end)]
    receipts = window.groupby("basket_id").agg(
        day=("time", "first"),
        customer_id=("customer_id", "first"),
        store_id=("store_id", "first"),
        sales=("sales", "sum"),
    )
    receipts["day"] = receipts["day"].dt.normalize()
    receipts["sales"] = receipts["sales"].round(2)
    return receipts.reset_index().sort_values("basket_id", ignore_index=True)


def write_as_excel(receipts: pd.DataFrame) -> pd.DataFrame:
    """Turn dates and numbers into the text that a European Excel saves: 31/05/2024, and 12,5 or 8.

    Parameters
    ----------
    receipts : DataFrame
        With `day` and `sales`.
    """
    amounts = receipts["sales"].map("{:.2f}".format).str.rstrip("0").str.rstrip(".").str.replace(".", ",")
    return receipts.assign(day=receipts["day"].dt.strftime("%d/%m/%Y"), sales=amounts)


def list_stores() -> pd.DataFrame:
    """List each store once, with its region."""
    rows = [(store, region) for region, first, last in REGIONS for store in range(first, last + 1)]
    return pd.DataFrame(rows, columns=["store_id", "region"])


def write_plan() -> pd.DataFrame:
    """Write the plan of autumn: one row a region, one column a month, in euros."""
    return pd.DataFrame(PLAN)


def _list_customers() -> pd.DataFrame:
    return make_chain().customers[["customer_id", "joined_on"]].copy()


def open_spring() -> Workbook:
    """Open the workbook of the lesson: April to June 2024."""
    receipts = write_as_excel(list_receipts("2024-04-01", "2024-07-01"))
    return Workbook(_list_customers(), receipts, list_stores())


def open_autumn() -> Workbook:
    """Open the workbook of the exercise: August to October 2024; one store stands twice in its sheet."""
    receipts = write_as_excel(list_receipts("2024-08-01", "2024-11-01"))
    stores = list_stores()
    again = stores[stores["store_id"] == TWICE]
    return Workbook(_list_customers(), receipts, pd.concat([stores, again], ignore_index=True))


def read_autumn() -> Workbook:
    """Read the workbook of the exercise with dates and numbers, and with each receipt's month, such as "2024-08"."""
    sheets = open_autumn()
    receipts = list_receipts("2024-08-01", "2024-11-01")
    return sheets._replace(receipts=receipts.assign(month=receipts["day"].dt.strftime("%Y-%m")))
