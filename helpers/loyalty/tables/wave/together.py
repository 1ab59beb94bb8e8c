"""Who was drawn together: whether a column of the contacts can say so."""

from __future__ import annotations

import pandas as pd


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
        mend = "give everybody who was drawn alone a name of his own"
        problems.append(f"`{cluster}` is empty for {n:,} customers: {mend}")
    groups = table[~empty].groupby(cluster)["arm"].nunique()
    mixed = groups[groups > 1].index
    if len(mixed):
        some = ", ".join(map(str, mixed[:3]))
        says = f"{len(mixed):,} of {len(groups):,} values of `{cluster}` stand in two groups, such as {some}"
        problems.append(f"{says}: so they were not drawn as a whole; leave out cluster={cluster!r}")
    spread = table.groupby("arm").agg(least=("least", "min"), most=("most", "max"))
    if (spread["most"] - spread["least"] > 1e-6 * spread["most"]).any():
        problems.append("`propensity` differs within a group, which a comparison of clusters cannot allow for yet")
    return problems
