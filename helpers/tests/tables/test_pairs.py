"""Pairs: the quick look never says that rows differ when two are alike."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.tables.pairs import prove_pairs_differ
from loyalty.tables.sources import open_table


@pytest.mark.parametrize(
    ("lines", "proved"),
    [
        ([1, 2, 1], True),
        ([0, 61, 0], True),
        ([1, 1, 1], False),
        ([1, 62, 1], False),  # beyond the bits: not proved, though it is so
        ([-1, 2, 1], False),
        ([3, 3, 4], False),  # 8 + 8 is one bit, as 16 is
    ],
)
def test_pairs_that_differ_are_proved_only_when_they_do(lines, proved):
    table = pd.DataFrame({"basket_id": ["a", "a", "b"], "line_no": lines})
    assert prove_pairs_differ(open_table(table), "basket_id", "line_no") is proved


def test_pairs_with_empty_values_or_texts_are_not_proved_wrongly():
    gone = pd.DataFrame({"basket_id": [1, 1, None], "line_no": pd.array([1, None, 1], "Int64")})
    assert prove_pairs_differ(open_table(gone), "basket_id", "line_no")  # no pair of whole values is there twice
    twice = pd.DataFrame({"basket_id": [1, 1, 1], "line_no": pd.array([1, None, 1], "Int64")})
    assert not prove_pairs_differ(open_table(twice), "basket_id", "line_no")
    texts = pd.DataFrame({"basket_id": [1, 2], "line_no": ["1", "2"]})
    assert not prove_pairs_differ(open_table(texts), "basket_id", "line_no")


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-2, 70)), min_size=1, max_size=30))
def test_what_is_proved_is_true_and_short_baskets_are_always_proved(rows):
    proved = prove_pairs_differ(
        open_table(pd.DataFrame(rows, columns=["basket_id", "line_no"])), "basket_id", "line_no"
    )
    differ = len(set(rows)) == len(rows)
    assert proved <= differ
    if all(0 <= line <= 61 for _, line in rows):
        assert proved == differ
