"""Tables that leave as CSV: no text becomes a formula when a spreadsheet opens the file."""

from __future__ import annotations

import re

import pandas as pd

FORMULA = ("=", "+", "-", "@", "\t", "\r")
PHONE = re.compile(r"\+[\d\s().-]+")


def write_csv(frame: pd.DataFrame) -> bytes:
    """Write a table as CSV in which no text becomes a formula when a spreadsheet opens it.

    A text that begins with = + - @ or a tab gets an apostrophe in front, as spreadsheets write it themselves; a phone
    number such as +7 916 123-45-67 stays as it is, for the sender needs it.

    Examples
    --------
    >>> write_csv(pd.DataFrame({"offer_id": ["=1+1", "tea"], "phone": ["+7916", ""]})).decode("utf-8-sig").splitlines()
    ['offer_id,phone', "'=1+1,+7916", 'tea,']
    """
    safe = frame.copy()
    for name in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[name]):
            safe[name] = safe[name].map(_disarm, na_action="ignore")
    safe.columns = [_disarm(name) for name in safe.columns]
    return safe.to_csv(index=False, lineterminator="\n").encode("utf-8-sig")


def _disarm(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(FORMULA) or PHONE.fullmatch(value):
        return value
    return f"'{value}"
