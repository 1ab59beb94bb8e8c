"""The club card of lesson 31: spend followed over two years, and a lottery whose list gets into a mess."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.stats.intervals import compare_means

SEED = 31
BLOCK = pd.Timedelta(days=28)


def follow_spend(receipts: pd.DataFrame, groups: pd.Series, end: pd.Timestamp, blocks: int = 26) -> pd.DataFrame:
    """Follow what groups of customers spend in blocks of 28 days.

    Parameters
    ----------
    receipts : DataFrame
        Lines: customer_id, time, sales.
    groups : Series
        Each customer's group; the index is customer_id.
    end : Timestamp
        Where the last block ends.
    blocks : int

    Returns
    -------
    DataFrame
        One row a block and group: group, middle (of the block), mean, low, high in euros per customer.
    """
    rows = []
    for number in range(blocks):
        start = end - (blocks - number) * BLOCK
        inside = receipts[(receipts["time"] >= start) & (receipts["time"] < start + BLOCK)]
        spent = inside.groupby("customer_id")["sales"].sum().reindex(groups.index, fill_value=0.0)
        for name, values in spent.groupby(groups):
            mean = values.mean()
            half = 1.96 * values.sem()
            row = {"group": name, "middle": start + BLOCK / 2, "mean": mean, "low": mean - half, "high": mean + half}
            rows.append(row)
    return pd.DataFrame(rows)


def mix_up(invited: np.ndarray, money: np.ndarray, share: float, runs: int = 100) -> pd.DataFrame:
    """Shuffle the arms of a part of the customers, and measure the lottery's effect each time.

    Parameters
    ----------
    invited : array of bool
        Who was invited.
    money : array
        Euros of each customer.
    share : float
        Part of the customers whose arm nobody knows any more.
    runs : int

    Returns
    -------
    DataFrame
        One row a run: effect, low, high in euros.
    """
    rng = np.random.default_rng(SEED)
    rows = []
    for _ in range(runs):
        arm = invited.copy()
        lost = rng.random(len(arm)) < share
        arm[lost] = rng.permutation(arm[lost])
        found = compare_means(money[arm], money[~arm])
        rows.append((found.effect, found.low, found.high))
    return pd.DataFrame(rows, columns=["effect", "low", "high"])
