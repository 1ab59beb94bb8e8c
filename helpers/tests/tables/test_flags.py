"""Yes and no as people write them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.tables.flags import NO, YES, read_flags


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_every_word_is_read_in_any_letters_and_with_blanks_around(dtype):
    words = [*sorted(YES), *sorted(NO)]
    values = pd.Series([f" {word.upper()} " for word in words], dtype=dtype)
    assert read_flags(values).tolist() == [word in YES for word in words]


def test_numbers_and_truth_values_are_read_and_what_else_is_there_is_missing():
    assert read_flags(pd.Series([1.0, 0.0, np.nan, 0.5, 2.0])).tolist() == [True, False, pd.NA, pd.NA, pd.NA]
    assert read_flags(pd.Series([True, False])).tolist() == [True, False]
    assert read_flags(pd.Series(["1,00", "0.0", "10", "1.5", ""])).tolist() == [True, False, pd.NA, pd.NA, pd.NA]
    assert read_flags(pd.Series([], dtype="str")).tolist() == []
