"""Problems of arguments, gathered until all of them can be told at once."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from loyalty.tables.check import TableError
from loyalty.tables.contracts import CONTRACTS


def check_number(name: str, value: Any, *, share: bool = False, low: float = 0.0) -> list[str]:
    """Say what is wrong with an amount (`low` or more) or with a share (0 to 1); nothing if it is sound.

    Examples
    --------
    >>> check_number("margin_rate", 30, share=True)
    ['margin_rate should be from 0 to 1, found 30: is 30 percent meant? Write 0.30']
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return [f"{name} should be a number, found {value!r}: write it without a currency sign, with a decimal point"]
    if not np.isfinite(value):
        return [f"{name} should be a number, found {value!r}"]
    if share and not 0 <= value <= 1:
        mend = f": is {value:g} percent meant? Write {value / 100:.{2 if value == round(value) else 4}f}"
        return [f"{name} should be from 0 to 1, found {value:g}{mend if 1 < value <= 100 else ''}"]
    return [] if value >= low else [f"{name} should be {low:g} or more, found {value:g}"]


def gather(problems: list[str], check: Any, *values: Any) -> list[Any]:
    """Collect the result of a check in a list; if it fails, add its problems, under the name of the table."""
    try:
        return [check(*values)]
    except TableError as error:
        problems += [f"{error.name}: {text}" if error.name in CONTRACTS else text for text in error.problems]
        return []
