"""The lesson's two helpers, tried on small tables whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.tasks.t31.club import follow_spend, mix_up


def test_spend_is_followed_by_block_and_group_and_who_buys_nothing_counts_as_zero() -> None:
    end = pd.Timestamp("2024-03-25")
    days = pd.to_datetime(["2024-01-30", "2024-02-26", "2024-03-24", "2024-03-25"])
    receipts = pd.DataFrame({"customer_id": [1, 1, 2, 2], "time": days, "sales": [8.0, 2.0, 6.0, 99.0]})
    groups = pd.Series(["a", "b", "b"], index=pd.Index([1, 2, 3], name="customer_id"))
    followed = follow_spend(receipts, groups, end, blocks=2)
    assert followed["middle"].unique().tolist() == [pd.Timestamp("2024-02-12"), pd.Timestamp("2024-03-11")]
    assert followed.pivot(index="middle", columns="group", values="mean").to_numpy().tolist() == [
        [8.0, 0.0],
        [2.0, 3.0],
    ]


def test_a_mess_of_nothing_changes_nothing_and_a_full_one_leaves_nothing() -> None:
    rng = np.random.default_rng(0)
    invited = np.arange(2_000) < 1_000
    money = rng.normal(0, 1, 2_000) + invited
    clean = mix_up(invited, money, 0.0, runs=2)
    mixed = mix_up(invited, money, 1.0, runs=40)
    assert clean["effect"].nunique() == 1
    assert abs(clean["effect"].iloc[0] - 1) < 0.2
    assert abs(mixed["effect"].mean()) < 0.05
