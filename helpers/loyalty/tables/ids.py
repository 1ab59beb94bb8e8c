"""Ids of customers as text."""

from __future__ import annotations

from typing import Any


def write_id(value: Any) -> str:
    """Write an id as text; a whole number that became a decimal one loses its point.

    Examples
    --------
    >>> write_id(7.0), write_id("007")
    ('7', '007')
    """
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
