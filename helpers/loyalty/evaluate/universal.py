"""The universal control: customers whom no campaign of a term contacts; and the hash by which everybody is drawn.

The hash is SHA-256 of "salt:customer_id", its first 52 bits read as a fraction: the same on every computer, in every
version, and in any other language.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from loyalty.contracts import CUSTOMERS, Table
from loyalty.frames import NotATable, open_table
from loyalty.segment.inputs import read_checked
from loyalty.tables import TableError

LIST = Table("customers", "a customer", ("customer_id",), CUSTOMERS.columns[:1])


@dataclass(frozen=True)
class HoldOut:
    """A universal control: customers whom no campaign of the term contacts; made by `hold_out`.

    `customers` has one row a customer: customer_id, held_out. Who joins later is asked with `holds`.
    """

    share: float
    salt: str
    start: pd.Timestamp
    end: pd.Timestamp
    customers: pd.DataFrame = field(repr=False, compare=False)

    def holds(self, ids: Iterable[Any]) -> np.ndarray:
        """True for each customer who is held out, also for those who joined later."""
        return hash_customers(ids, self.salt) < self.share


def hash_customers(ids: Iterable[Any], salt: str) -> np.ndarray:
    """A number from 0 to below 1 for each id, the same for ever; whole numbers and their text are one id.

    Examples
    --------
    >>> hash_customers([7, "7", "007"], "autumn").round(4).tolist()
    [0.1786, 0.1786, 0.0522]

    Source: NIST (2015), FIPS 180-4, Secure Hash Standard.
    """
    start = hashlib.sha256(f"{salt}:".encode())
    parts = []
    for name in ids.tolist() if hasattr(ids, "tolist") else ids:
        one = start.copy()
        one.update(str(name).encode())
        parts.append(one.digest()[:8])
    return (np.frombuffer(b"".join(parts), ">u8") >> np.uint64(12)) / 2.0**52


def write_id(value: Any) -> str:
    """Write an id as text; a whole number that became a decimal one loses its point.

    Examples
    --------
    >>> write_id(7.0), write_id("007")
    ('7', '007')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def hold_out(customers: Any, share: float, salt: str, term: tuple[Any, Any]) -> HoldOut:
    """Keep a fixed share of customers out of every campaign of a term, to see what the whole programme does.

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
    start, end = map(pd.Timestamp, term)
    checks = {
        f"`share` should lie between 0 and 1, found {share}": not 0 < share < 1,
        "`salt` is missing: a word of its own for this control": not str(salt or "").strip(),
        f"the term ends on {end:%Y-%m-%d}, but it starts on {start:%Y-%m-%d}": not start < end,
    }
    if wrong := wrong + [text for text, bad in checks.items() if bad]:
        raise TableError(wrong, "the universal control")
    table = table[["customer_id"]]
    held = hash_customers(table["customer_id"], salt) < share
    return HoldOut(share, salt, start, end, table.assign(held_out=held))


def read_list(customers: Any, names: list[str]) -> tuple[pd.DataFrame, list[str]]:
    """The list sorted by id, so that the order of rows decides nothing; and what is wrong with it."""
    try:
        found = open_table(customers).collect_schema().names()
        wanted = dict.fromkeys(["customer_id", *names, "segment", "channel"])
        table = read_checked(customers, LIST, [name for name in wanted if name in found])
    except (NotATable, TableError) as error:
        return pd.DataFrame({"customer_id": []}), getattr(error, "problems", [str(error)])
    wrong = [f"there is no column `{name}` for the strata" for name in names if name not in found]
    empty = table[[name for name in names if name in found]].isna().sum()
    wrong += [f"`{k}` is empty for {n:,} of {len(table):,} customers: name the stratum" for k, n in empty.items() if n]
    wrong += [] if len(table) else ["the table holds no customer"]
    return table.sort_values("customer_id", ignore_index=True), wrong
