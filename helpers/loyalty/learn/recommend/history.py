"""What each customer bought up to a day: a sparse matrix of customers and products, the most bought products first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from loyalty.learn.offers.lines import DayLines
from loyalty.tables.check import TableError
from loyalty.text import count_of

LEAST = 5  # customers: of a product that fewer bought nothing is known
MOST = 2_000  # products: similarities are kept for all pairs of them


@dataclass(frozen=True, eq=False)
class PurchaseHistory:
    """Purchases before a day: N customers, P products in the order of how many customers bought them.

    Attributes
    ----------
    customers : array, N
        The ids, sorted; who bought something before the day.
    products : array, P
        The ids; ties of popularity in the order of the ids.
    days : scipy.sparse.csr_array, N × P
        On how many days the customer bought the product.
    last : scipy.sparse.csr_array, N × P
        The last of these days, counted from 1 for the first day of the history; the last possible day is `length`.
    buyers : array of int, P
        Customers who bought the product.
    length : int
        Days from the first purchase to the day that ends the history.
    left_out : int
        Products that too few bought, or that are not among the most bought.
    """

    customers: np.ndarray
    products: np.ndarray
    days: sparse.csr_array
    last: sparse.csr_array
    buyers: np.ndarray
    length: int
    left_out: int

    @cached_property
    def both(self) -> np.ndarray:
        """How many customers bought two products, each pair (products × products); the buyers on the diagonal."""
        owned = self.owned
        return np.asarray((owned.T @ owned).todense(), float)

    @cached_property
    def owned(self) -> sparse.csr_array:
        """Whether a customer bought a product, as 1.0."""
        owned = self.days.copy()
        owned.data = np.ones_like(owned.data)
        return owned

    def find_recent(self, days: int) -> sparse.csr_array:
        """Mark what each customer bought in the last so many days of the history."""
        recent = self.last.copy()
        recent.data = np.where(self.length - recent.data + 1 <= days, 1.0, 0.0)
        recent.eliminate_zeros()
        return recent

    def mark_products(self, ids: Sequence[Any] | None) -> np.ndarray | None:
        """Mark the products with these ids; None of None, which means all.

        Raises
        ------
        TableError
            None of them is a product that can be recommended.
        """
        if ids is None:
            return None
        marks = np.asarray(pd.Index(self.products).isin(list(ids)))
        if not marks.any():
            says = (
                f"of {count_of(len(ids), 'product')} that may be offered none can be recommended: too few bought them"
            )
            raise TableError([says], "receipts")
        return marks

    def place_products(self, ids: np.ndarray) -> np.ndarray:
        """Column of each product, -1 for those that are not recommended."""
        return pd.Index(self.products).get_indexer(ids)


def build_history(lines: DayLines, end: int, *, least: int = LEAST, most: int = MOST) -> PurchaseHistory:
    """Build the matrix of purchases.

    Parameters
    ----------
    lines : DayLines
    end : int
        Number of the day before which purchases are known.
    least : int
        Products that fewer customers bought are left out, and counted.
    most : int
        At most so many products, those with the most customers.

    Returns
    -------
    PurchaseHistory

    Raises
    ------
    TableError
        Fewer than two products remain.
    """
    lines = lines.keep_days(None, end)
    pair = lines.customer.astype(np.int64) * len(lines.products) + lines.product
    order = np.lexsort((lines.day, pair))
    pair = pair[order]
    is_last = np.append(pair[1:] != pair[:-1], True)
    ends = np.flatnonzero(is_last)
    count = np.diff(np.append(-1, ends))
    who = lines.customer[order][ends]
    what = lines.product[order][ends]
    first = int(lines.day.min())
    last = lines.day[order][ends] - first + 1
    buyers = np.bincount(what, minlength=len(lines.products))
    ranked = np.argsort(-buyers, kind="stable")
    kept = ranked[buyers[ranked] >= least][:most]
    if len(kept) < 2:
        raise TableError(
            [f"fewer than two products were bought by {least} customers or more: take groups of products"], "receipts"
        )
    column = np.full(len(lines.products), -1)
    column[kept] = np.arange(len(kept))
    customers, row = np.unique(who, return_inverse=True)
    here = column[what] >= 0
    shape = (len(customers), len(kept))
    cells = (row[here], column[what[here]])
    return PurchaseHistory(
        lines.customers[customers],
        lines.products[kept],
        sparse.csr_array((count[here].astype(float), cells), shape=shape),
        sparse.csr_array((last[here].astype(float), cells), shape=shape),
        buyers[kept],
        end - first,
        int((buyers > 0).sum()) - len(kept),
    )
