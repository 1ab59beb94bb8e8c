"""The season of a series: what its interval holds, and what it says of series without luck."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.prepare.demand import season_of


def test_days_of_one_month_are_not_independent_so_that_months_without_a_season_are_seldom_told_apart():
    """Each month of each year is high or low as a whole, by chance; 10 series of days, 12 months each."""
    days = pd.date_range("2021-01-01", periods=1096)
    number = (12 * days.year + days.month).to_numpy()
    told = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        shock = rng.normal(0, 0.15, 40)[number - number.min()]
        found = season_of(pd.Series(rng.poisson(20 * np.exp(shock)) * 1.0, days), of="month").table
        told += int(((found["low"] > 1) | (found["high"] < 1)).sum())
    assert told <= 14, "a twentieth of 120 is 6; days taken for independent told 40 apart"


def test_a_week_belongs_to_the_month_of_its_thursday():
    weeks = pd.date_range("2021-01-04", periods=156, freq="W-MON")
    june = (weeks + pd.Timedelta(days=3)).month == 6
    table = season_of(pd.Series(np.where(june, 30.0, 10.0), weeks)).table
    assert table.loc["Jun", "index"] == table["index"].max() and table["periods"].sum() == 156
    assert np.allclose(table["index"].drop("Jun"), table.loc["Jun", "index"] / 3, rtol=1e-6)


def test_a_series_without_any_luck_has_an_index_of_one_and_says_so():
    days = pd.date_range("2021-01-01", periods=140)
    found = season_of(pd.Series(7.0, days))
    assert (found.table[["index", "low", "high"]] == 1).all(axis=None) and "all periods are equal" in found.warnings[0]
    months = season_of(pd.Series(100.0, pd.date_range("2021-01-01", periods=36, freq="MS"))).table["index"]
    assert months["Feb"] > months["Mar"], "the same amount in fewer days is more a day"
