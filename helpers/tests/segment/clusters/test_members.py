"""Customers of two tables: who is missing on either side is named, and keys stay beside clusters."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.segment.clusters.members import SMALL_CLUSTER, keep_keys, list_missing, list_small


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ([1, 2], [2, 1], []),
        ([1, 2], [2], ["1 customer is not in B (customer_id 1)"]),
        ([2], [1, 2, 3, 4, 5], ["4 customers are not in A (customer_id 1, 3, 4)"]),
        ([1, 2], [2, 3], ["1 customer is not in B (customer_id 1)", "1 customer is not in A (customer_id 3)"]),
    ],
)
def test_customers_missing_on_either_side_are_named(first, second, says):
    assert list_missing(pd.Series(first), pd.Series(second), "A", "B") == says


def test_text_against_numbers_is_told_as_everywhere():
    said = list_missing(pd.Series(["1", "2"]), pd.Series([1, 2]), "A", "B")
    assert len(said) == 1 and "no customer of A stands in B" in said[0]


def test_keys_are_a_copy_with_the_day_where_it_is_known():
    table = pd.DataFrame({"as_of": [1], "x": [2], "customer_id": [3]})
    keys = keep_keys(table)
    keys["customer_id"] = 9
    assert list(keys) == ["customer_id", "as_of"] and table.customer_id.tolist() == [3]


def test_small_clusters_are_those_under_thirty():
    clusters = pd.Series([1] * SMALL_CLUSTER + [2] * (SMALL_CLUSTER - 1))
    assert list_small(clusters) == ["2"] and list_small(clusters[:0]) == []
