"""Rows of one table found in another by a key, whatever kind of ids each of them holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from loyalty.tables.ids import write_column


def match_rows(these: pd.DataFrame, those: pd.DataFrame, key: Sequence[str]) -> np.ndarray:
    """Find the place in `those` of each row of `these` by a key; −1 where there is none. Ids of two kinds meet as text.

    Parameters
    ----------
    these, those : pandas.DataFrame
        Both with the columns of the key; in `those` it stands once.
    key : sequence of str

    Returns
    -------
    array of int

    Examples
    --------
    >>> match_rows(pd.DataFrame({"customer_id": ["8", "9"]}), pd.DataFrame({"customer_id": [7, 8]}), ["customer_id"])
    array([ 1, -1])
    """
    mine = np.zeros(len(these), np.int64)
    theirs = np.zeros(len(those), np.int64)
    for name in key:
        left, right = these[name], those[name]
        if not (pd.api.types.is_integer_dtype(left) and pd.api.types.is_integer_dtype(right)):
            left, right = write_column(left), write_column(right)
        codes, names = pd.factorize(pd.concat([left, right], ignore_index=True))
        size = len(names) + 1
        mine, theirs = _pack(mine * size + codes[: len(these)], theirs * size + codes[len(these) :])
    return np.asarray(pd.Index(theirs).get_indexer(pd.Index(mine)))


def _pack(mine: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Number the parts of a key anew, so that a long key never grows too large."""
    codes = pd.factorize(np.concatenate([mine, theirs]))[0].astype(np.int64)
    return codes[: len(mine)], codes[len(mine) :]
