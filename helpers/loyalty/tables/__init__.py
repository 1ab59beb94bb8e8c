"""The contracts of the tables, their check, and the readers of every source: the base that all rooms stand on."""

from loyalty.tables.check import TableError, check_table, render_dictionary
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import (
    CAMPAIGNS,
    CONTACTS,
    CONTRACTS,
    CUSTOMERS,
    HISTORY,
    OFFERS,
    OUTCOMES,
    POINTS,
    PRODUCTS,
    PROFILE,
    RECEIPTS,
    SEGMENTS,
)
from loyalty.tables.sources import NotATable, collect, open_table

__all__ = [
    "TableError",
    "check_table",
    "render_dictionary",
    "CAMPAIGNS",
    "CONTACTS",
    "CONTRACTS",
    "CUSTOMERS",
    "HISTORY",
    "OFFERS",
    "OUTCOMES",
    "POINTS",
    "PRODUCTS",
    "PROFILE",
    "RECEIPTS",
    "SEGMENTS",
    "Column",
    "Table",
    "NotATable",
    "collect",
    "open_table",
]
