"""The numbers behind the pictures of lesson 12."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.tasks.pictures import count_back
from loyalty.tasks.t12.pictures import draw_back, draw_fill_rates, draw_recency, measure_cycles

DAY = pd.Timestamp("2017-01-01")


def test_a_cycle_is_measured_between_purchase_days_of_one_household_and_category() -> None:
    lines = pd.DataFrame({
        "customer_id": [1, 1, 1, 1, 2, 1],
        "category": ["MILK", "MILK", "MILK", "MILK", "MILK", "SOAP"],
        "time": DAY + pd.to_timedelta([0, 0.5, 4, 14, 5, 7], unit="D"),
    })  # fmt: skip
    found = measure_cycles(lines, ["MILK"])
    assert found.index.tolist() == ["MILK"]
    assert found.loc["MILK"].tolist() == [2, 5.5, 7, 8.5]  # 4 and 10 days; two purchases on one day are one


def test_who_came_back_is_counted_in_the_order_of_the_groups() -> None:
    group = pd.Series(pd.Categorical(["slow", "quick", "quick"], ["quick", "slow"], ordered=True))
    found = count_back(pd.Series([True, False, True]), group)
    assert found.index.tolist() == ["quick", "slow"]
    assert found["came"].tolist() == [0.5, 1.0]
    assert found["low"]["slow"] == pytest.approx(0.207, abs=0.001)  # Wilson, 1 of 1
    ax = draw_back(found, "title", "subtitle")
    assert [text.get_text() for text in ax.texts][:1] == ["50  (9 to 91)"]


def test_recency_names_its_median_and_its_mean() -> None:
    ax = draw_recency(pd.Series([1.0, 2, 3, 200, None]))
    assert [text.get_text() for text in ax.texts][:2] == ["median 2 days", "mean 52 days"]


def test_a_share_that_is_nearly_one_does_not_read_as_all() -> None:
    ax = draw_fill_rates(
        pd.Series({"age": 0.32, "recency_days": 0.996, "frequency": 1.0}), ["recency_days", "frequency"]
    )
    assert [text.get_text() for text in ax.texts][:3] == ["32%", "99.6%", "100%"]
