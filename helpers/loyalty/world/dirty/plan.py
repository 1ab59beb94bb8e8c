"""What is wrong where: which store, till and month each fault of a whole file falls on.

A fault of a whole file has a store of its own, so that no line carries two of them: a real export is seldom so kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.world.draws import Purpose, key, uniform
from loyalty.world.fields import WorldError

FAULTS = {
    "resend": "a copy of a line that was sent before",
    "cancellation": "a line that was cancelled, and the line that cancels it",
    "test card": "a purchase by which somebody tried out the till",
    "staff card": "a purchase of an employee, at the staff's discount",
    "cashier's card": "a purchase of a customer without a card, on the cashier's own card",
    "return": "a return, its money written without a minus",
    "negative quantity": "a return typed as a sale of a negative quantity",
    "UTC clock": "stamped in UTC, not in the shop's time",
    "day and month": "day and month changed places",
    "no VAT": "the money without value-added tax",
    "unit price": "the price of one piece where the sum should stand",
    "number anew": "a receipt number that the till has used before",
    "no line number": "a line that the till sent without its number on the receipt",
    "missing day": "a day of a store that was never sent",
    "repeat purchase": "a true second purchase that looks like a copy",
    "ask": "two lines that nobody can tell apart from one line sent twice",
}
KEPT = ("repeat purchase", "ask")  # no faults: what a careless cleaning takes for one
HOURS_BEHIND_UTC = 4
VAT_RATE = 0.20
STAFF_DISCOUNT = 0.15
STORES = 5


@dataclass(frozen=True)
class FaultPlan:
    """Stores, tills and months (0 is the first file) of the faults of whole files; made by `make_plan`."""

    online_clock_file: int
    clock: tuple[int, int]
    swap: tuple[int, int]
    vat: tuple[int, int]
    unit: tuple[int, int]
    resend: tuple[int, int]
    negative_store: int
    old_till: tuple[int, int]
    anew_till: tuple[int, int]
    silent_store: int
    cashier_till: tuple[int, int]


def luck(seed: int, step: int, ids: np.ndarray | pd.Series) -> np.ndarray:
    """Draw one uniform number for each id: another step, other numbers."""
    return uniform(key(seed, Purpose.EXPORT, np.asarray(ids)), step)


def make_plan(seed: int, busiest: pd.Index, files: int) -> FaultPlan:
    """Draw the plan.

    Parameters
    ----------
    seed : int
    busiest : pandas.Index
        Physical stores, the busiest first.
    files : int
        Months, each of which is a file.
    """
    if len(busiest) < STORES:
        raise WorldError([f"a dirty export needs {STORES} stores or more, found {len(busiest)}"], "the export")
    stores = busiest.to_numpy()[:STORES].astype(int)
    drawn = stores[np.argsort(luck(seed, 1, stores), kind="stable")]
    months = (luck(seed, 2, np.arange(6)) * files).astype(int)
    silent = int(stores[0])
    a, b, c, d, e = (int(store) for store in drawn)
    return FaultPlan(
        online_clock_file=int(months[0]),
        clock=(a, int(months[1])),
        swap=(b, int(months[2])),
        vat=(c, int(months[3])),
        unit=(d, int(months[4])),
        resend=(e, int(months[5])),
        negative_store=a,
        old_till=(b, 3),
        anew_till=(d if c == silent else c, 1),  # numbers of a day that is missing could not come again
        silent_store=silent,
        cashier_till=(e, 2),
    )
