"""Rows are found by their key, whatever kind of ids either table holds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.tables.ids import write_column
from loyalty.tables.matching import match_rows

IDS = st.lists(st.integers(0, 10**12), min_size=1, max_size=20, unique=True)


@pytest.mark.parametrize("kinds", [(int, int), (int, str), (str, int), (str, str), (float, int), (float, str)])
@given(IDS, IDS, st.integers(1, 3))
def test_each_row_is_found_where_its_key_stands(kinds, mine, theirs, waves):
    here = pd.DataFrame({"wave": wave, "customer_id": [kinds[0](one) for one in mine]} for wave in range(waves))
    here = here.explode("customer_id", ignore_index=True).infer_objects()
    there = pd.DataFrame({"wave": 1, "customer_id": [kinds[1](one) for one in theirs]})
    found = match_rows(here, there, ["wave", "customer_id"])
    places = {one: place for place, one in enumerate(theirs)}
    expected = [places.get(one, -1) if wave == 1 else -1 for wave in range(waves) for one in mine]
    assert found.tolist() == expected


def test_long_keys_of_many_values_do_not_overflow():
    rng = np.random.default_rng(0)
    names = list("abcdefgh")
    table = pd.DataFrame(rng.permuted(np.tile(np.arange(5_000), (8, 1)), axis=1).T, columns=names)
    order = rng.permutation(5_000)
    assert (match_rows(table.iloc[order], table, names) == order).all()


def test_ids_with_zeros_in_front_are_others_and_empty_ones_are_empty_texts():
    left, right = (pd.DataFrame({"customer_id": ids}) for ids in (["007", "7"], [7]))
    assert match_rows(left, right, ["customer_id"]).tolist() == [-1, 0]
    assert write_column(pd.Series([None, "a", 7, 7.0], index=[3, 4, 5, 6], dtype=object)).to_dict() == {
        3: "", 4: "a", 5: "7", 6: "7",
    }  # fmt: skip
    assert write_column(pd.Series([], dtype=float)).tolist() == []


def test_no_rows_match_nothing():
    empty = pd.DataFrame({"customer_id": pd.Series([], dtype="int64")})
    full = pd.DataFrame({"customer_id": [1, 2]})
    assert match_rows(empty, full, ["customer_id"]).tolist() == []
    assert match_rows(full, empty, ["customer_id"]).tolist() == [-1, -1]
