"""Assignment by hash: a number for each customer that is the same for ever, and the list that is drawn from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Table
from loyalty.tables.contracts import CUSTOMERS
from loyalty.tables.sources import AnyTable, NotATable, open_table
from loyalty.tables.wave.together import ALONE, find_unclear_names, find_wrong_column

LIST = Table("customers", "a customer", ("customer_id",), CUSTOMERS.columns[:1])


@check_arguments
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


def mix_salt(campaign_id: Any, salt: str) -> str:
    """The salt of a draw of version 2: length of the campaign's id, the id, the salt.

    The length keeps "a" with "b:c" and "a:b" with "c" apart. The wave is left out: a campaign keeps its control.

    Examples
    --------
    >>> mix_salt("autumn", "letters")
    '6:autumn:letters'
    """
    name = str(campaign_id)
    return f"{len(name)}:{name}:{salt}"


def read_list(customers: AnyTable, names: list[str], cluster: str | None = None) -> tuple[pd.DataFrame, list[str]]:
    """The list sorted by id, so that the order of rows decides nothing; and what is wrong with it.

    `names` are columns of strata, `cluster` is one that says who is drawn together.
    """
    together = [] if cluster is None else [cluster]
    try:
        found = open_table(customers).collect_schema().names()
        wanted = dict.fromkeys(["customer_id", *names, *together, "segment", "channel"])
        table = read_checked(customers, LIST, [name for name in wanted if name in found])
    except (NotATable, TableError) as error:
        return pd.DataFrame({"customer_id": []}), list(getattr(error, "problems", [str(error)]))
    wrong = [f"there is no column `{name}` for the strata" for name in names if name not in found]
    wrong += [
        f"there is no column `{name}`, which says who is drawn together" for name in together if name not in found
    ]
    empty = table[[name for name in names if name in found]].isna().sum()
    wrong += [f"`{k}` is empty for {n:,} of {len(table):,} customers: name the stratum" for k, n in empty.items() if n]
    for name in together:
        wrong += find_wrong_column(name)
        if name in table:
            if n := int(table[name].isna().sum()):
                wrong.append(f"`{name}` is empty for {n:,} customers: {ALONE}")
            wrong += find_unclear_names(table[name], name)
    if table.empty:
        wrong.append("the table holds no customer")
    return table.sort_values("customer_id", ignore_index=True), wrong
