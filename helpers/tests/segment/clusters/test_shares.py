"""Spend shared among departments: names that the result needs for itself."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.segment.clusters import share_spend
from loyalty.tables.check import TableError

RECEIPTS = pd.DataFrame(
    {"customer_id": [1, 1, 2], "time": pd.Timestamp("2025-01-01"), "sales": [9.0, 1.0, 4.0], "product_id": [1, 2, 2]}
)


def test_shares_add_up_to_one_whole():
    products = pd.DataFrame({"product_id": [1, 2], "department": ["bread", "soap"]})
    assert share_spend(RECEIPTS, products, "2025-02-01")[["bread", "soap"]].values.tolist() == [[0.9, 0.1], [0.0, 1.0]]


@pytest.mark.parametrize("name", ["customer_id", "as_of"])
def test_a_department_named_as_a_column_of_the_result_is_refused(name):
    products = pd.DataFrame({"product_id": [1, 2], "department": [name, "soap"]})
    with pytest.raises(TableError, match=f"`department` holds '{name}', which the result needs"):
        share_spend(RECEIPTS, products, "2025-02-01")
