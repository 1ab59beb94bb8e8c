"""The words that people write for yes and no, in English and Russian."""

from __future__ import annotations

import pandas as pd

YES = frozenset(("да", "д", "yes", "y", "true", "t", "1", "истина", "+", "доставлено", "delivered"))
NO = frozenset(("нет", "н", "no", "n", "false", "f", "0", "ложь", "-", "не доставлено", "not delivered"))
FLAGS = dict.fromkeys(YES, True) | dict.fromkeys(NO, False)


def read_flags(values: pd.Series) -> pd.Series:
    """Read yes and no in the words of `FLAGS`, or as 1 and 0, also 1.0 and 1,0; anything else is missing.

    Parameters
    ----------
    values : pandas.Series

    Returns
    -------
    pandas.Series of boolean

    Examples
    --------
    >>> read_flags(pd.Series(["Да", "нет", 1.0, "0,0", "often", None])).tolist()
    [True, False, True, False, <NA>, <NA>]
    """
    text = values.astype("str").str.strip().str.lower().str.replace(r"^([01])[.,]0+$", r"\1", regex=True)
    return text.map(FLAGS).astype("boolean").mask(values.isna())
