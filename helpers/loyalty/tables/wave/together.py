"""Who was drawn together: whether a column can say so, and whether its names are clear."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

import pandas as pd

from loyalty.tables.ids import HIDDEN, POINT, bare_id, write_id
from loyalty.tables.personal import quote_few

# What these columns hold is written or read by the draw itself
TAKEN = frozenset("campaign_id wave arm offer_id control_kind propensity assigned_at stratum segment weight".split())
MOVED = 0.1  # of the customers; so few stand apart because they were moved, and not because nobody drew clusters
ALONE = "give everybody who is drawn alone a name of his own"


def find_wrong_column(cluster: str, numbers: Collection[str] = ()) -> list[str]:
    """Say whether a column has another meaning than who was drawn together: it is written by the draw, or measured.

    Examples
    --------
    >>> find_wrong_column("store")
    []
    """
    mend = "name the column of the household, the store or the city"
    if cluster in TAKEN:
        return [f"`{cluster}` cannot say who is drawn together, as a list uses this name for something else; {mend}"]
    if cluster in numbers:
        return [f"`{cluster}` is what is measured, and cannot say who was drawn together: {mend}"]
    return []


def find_unclear_names(names: Iterable[Any], cluster: str) -> list[str]:
    """Say which names of clusters are blank, and which look like one name in two spellings.

    Parameters
    ----------
    names : iterable
        As they stand in the column; repeats are allowed, empty ones are not looked at.
    cluster : str
        Name of the column.

    Returns
    -------
    list of str
        One sentence a problem.

    Examples
    --------
    >>> find_unclear_names(["S1", "s1 ", "S2"], "store")
    ["`store` holds names that differ only in zeros, blanks or capital letters: 'S1', 's1 '; write each alike"]
    """
    if pd.api.types.is_numeric_dtype(getattr(names, "dtype", object)):
        return []
    there = pd.Series(list(names), dtype=object).dropna().drop_duplicates()
    text = there.map(write_id)
    blank = text.map(lambda name: not HIDDEN.sub("", name).strip()).astype(bool)
    problems = []
    if blank.any():
        problems.append(f"`{cluster}` holds a name that is blank: {ALONE}")
    there = there[~blank]
    bare = text[~blank].map(lambda name: bare_id(name.removesuffix(".0") if re.match(POINT, name) else name))
    repeated = bare.duplicated(keep=False)
    if repeated.any():
        some = there[repeated]
        first = some[bare[repeated] == bare[repeated].iloc[0]]
        shown = quote_few(first.head(3))
        more = f" and {len(some) - len(first):,} others" if len(some) > len(first) else ""
        problems.append(
            f"`{cluster}` holds names that differ only in zeros, blanks or capital letters: {shown}{more}; "
            "write each alike"
        )
    return problems


def find_wrong_clusters(table: pd.DataFrame, cluster: str) -> list[str]:
    """Say why the clusters of a wave cannot be compared as such.

    Parameters
    ----------
    table : pandas.DataFrame
        One row an arm and cluster: arm, the column `cluster`, customers, least and most of 1 / propensity.
    cluster : str

    Returns
    -------
    list of str
        One sentence a problem.
    """
    problems = []
    empty = table[cluster].isna()
    if empty.any():
        n = int(table.loc[empty, "customers"].sum())
        problems.append(f"`{cluster}` is empty for {n:,} customers: {ALONE}")
    problems += find_unclear_names(table[cluster], cluster)
    groups = (
        table[~empty].groupby(cluster).agg(arms=("arm", "nunique"), most=("customers", "max"), all=("customers", "sum"))
    )
    mixed = groups.index[groups["arms"] > 1]
    if len(mixed):
        says = (
            f"{len(mixed):,} of {len(groups):,} values of `{cluster}` stand in two groups, such as {quote_few(mixed)}"
        )
        problems.append(f"{says}: {_say_mixed(groups, cluster)}")
    spread = table.groupby("arm").agg(least=("least", "min"), most=("most", "max"))
    if (spread["most"] - spread["least"] > 1e-6 * spread["most"]).any():
        problems.append("`propensity` differs within a group, which a comparison of clusters cannot allow for yet")
    return problems


def _say_mixed(groups: pd.DataFrame, cluster: str) -> str:
    """Say what to do about clusters that stand in two groups: a few customers were moved, or nobody drew clusters."""
    customers = int(groups["all"].sum())
    apart = customers - int(groups["most"].sum())
    if apart > MOVED * customers:
        mend = "if customers were drawn one by one, measure without cluster=; else find out who changed the list"
        return f"so they were not drawn as a whole; {mend}"
    return (
        f"but only {apart:,} of {customers:,} customers stand apart from the others of their `{cluster}`, so they were "
        "probably moved after the draw; write for each customer the group that was drawn for his "
        f"`{cluster}`, whatever he got in the end"
    )
