"""Problems of arguments, gathered until all of them can be told at once."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from loyalty.tables.check import TableError
from loyalty.tables.contracts import CONTRACTS
from loyalty.text import ask_percent


def check_number(name: str, value: Any, *, share: bool = False, low: float = 0.0) -> list[str]:
    """Say what is wrong with an amount (`low` or more) or with a share (0 to 1); nothing if it is sound.

    Examples
    --------
    >>> check_number("margin_rate", 30, share=True)
    ['margin_rate should be from 0 to 1, found 30: is 30 percent meant? Write 0.30']
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        return [f"{name} should be a number, found {value!r}: write it without a currency sign, with a decimal point"]
    number = float(value)
    if not np.isfinite(number):
        return [f"{name} should be a number, found {value!r}"]
    if share and not 0 <= number <= 1:
        return [f"{name} should be from 0 to 1, found {number:g}{ask_percent(number)}"]
    if number < low:
        return [f"{name} should be {low:g} or more, found {number:g}"]
    return []


def gather(problems: list[str], check: Any, *values: Any) -> list[Any]:
    """Collect the result of a check in a list; if it fails, add its problems, under the name of the table."""
    try:
        return [check(*values)]
    except TableError as error:
        problems += [f"{error.name}: {text}" if error.name in CONTRACTS else text for text in error.problems]
        return []
