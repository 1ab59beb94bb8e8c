"""The customers of tables beside clusters: their keys, who is missing on one side, and clusters of too few."""

from __future__ import annotations

import pandas as pd

from loyalty.tables.ids import find_strangers

KEYS = ("customer_id", "as_of")
SMALL_CLUSTER = 30  # customers: of fewer a mean says little, and no plan is worth its work
SHOWN = 3


def keep_keys(table: pd.DataFrame) -> pd.DataFrame:
    """Take customer_id, and as_of where it is there.

    Parameters
    ----------
    table : pandas.DataFrame

    Returns
    -------
    pandas.DataFrame
        A copy.

    Examples
    --------
    >>> keep_keys(pd.DataFrame({"visits": [3], "customer_id": [7]})).columns.tolist()
    ['customer_id']
    """
    return table[[name for name in KEYS if name in table]].copy()


def list_missing(first: pd.Series, second: pd.Series, here: str, there: str) -> list[str]:
    """Say which customers stand in one of two tables only.

    Parameters
    ----------
    first, second : pandas.Series
        customer_id of the two tables.
    here, there : str
        What the tables are called.

    Returns
    -------
    list of str
        Problems for a `TableError`; empty if the customers are the same.

    Examples
    --------
    >>> list_missing(pd.Series([1, 2]), pd.Series([2, 3, 4]), "the list", "the profile")
    ['1 customer is not in the profile (customer_id 1)', '2 customers are not in the list (customer_id 3, 4)']
    """
    problems = find_strangers(first, second, here, there)
    if problems:
        return problems
    for mine, theirs, where in ((first, second, there), (second, first, here)):
        lacking = mine[~mine.isin(theirs)]
        if len(lacking):
            names = ", ".join(map(str, lacking.head(SHOWN)))
            count = "1 customer is" if len(lacking) == 1 else f"{len(lacking):,} customers are"
            problems.append(f"{count} not in {where} (customer_id {names})")
    return problems


def list_small(clusters: pd.Series) -> list[str]:
    """List the clusters of fewer than 30 customers.

    Examples
    --------
    >>> list_small(pd.Series([1] * 40 + [2] * 5))
    ['2']
    """
    sizes = clusters.value_counts().sort_index()
    return [str(cluster) for cluster, customers in sizes.items() if customers < SMALL_CLUSTER]
