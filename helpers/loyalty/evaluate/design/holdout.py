"""The universal holdout (universal control): customers whom no campaign of a term contacts.

They are drawn by a hash, SHA-256 of "salt:customer_id", whose first 52 bits are read as a fraction: the same on every
computer, in every version, and in any other language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from loyalty.evaluate.design.hashing import hash_customers, read_list
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_moment
from loyalty.tables.sources import AnyTable


@dataclass(frozen=True)
class HoldOut:
    """A universal holdout: customers whom no campaign of the term contacts; made by `hold_out`.

    `share` is the part of the customers held out, `salt` the word of the draw, [start, end) the term. `customers` has
    one row a customer: customer_id, held_out; `holds` answers for customers who joined later.
    """

    share: float
    salt: str
    start: pd.Timestamp
    end: pd.Timestamp
    customers: pd.DataFrame = field(repr=False, compare=False)

    def holds(self, ids: Iterable[Any]) -> np.ndarray:
        """True for each customer who is held out, also for those who joined later."""
        return hash_customers(ids, self.salt) < self.share


@check_arguments
def hold_out(customers: AnyTable, share: float, salt: str, term: tuple[Any, Any]) -> HoldOut:
    """Draw a universal holdout: a share of customers kept out of every campaign of a term.

    It shows what the whole programme does.

    Not for judging one campaign, whose own control is compared instead; and not to be redrawn within the term.

    Parameters
    ----------
    customers : table
        With customer_id, one row a customer.
    share : float
        Share held out, a fraction.
    salt : str
        A word of its own, used for no campaign.
    term : (date, date)
        First day, and the day after the last day.

    Returns
    -------
    HoldOut

    Raises
    ------
    TableError
        With all problems.

    Examples
    --------
    >>> customers = pd.DataFrame({"customer_id": range(1000)})
    >>> held = hold_out(customers, 0.1, "programme 2017", ("2017-01-01", "2018-01-01"))
    >>> int(held.customers["held_out"].sum())
    98
    """
    table, wrong = read_list(customers, [])
    start, end = (read_moment(day, "term") for day in term)
    if not 0 < share < 1:
        wrong.append(f"`share` should lie between 0 and 1, found {share}")
    if not str(salt or "").strip():
        wrong.append("`salt` is missing: a word of its own for this control")
    if not start < end:
        wrong.append(f"the term ends on {end:%Y-%m-%d}, but it starts on {start:%Y-%m-%d}")
    if wrong:
        raise TableError(wrong, "the universal control")
    table = table[["customer_id"]]
    held = hash_customers(table["customer_id"], salt) < share
    return HoldOut(share, salt, start, end, table.assign(held_out=held))
