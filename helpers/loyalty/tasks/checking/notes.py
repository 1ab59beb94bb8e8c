"""Answers of a letter and a number: a note that is signed, and the amount behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from loyalty.tasks.checking.answers import as_number, as_text
from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake


def judge_note(
    answer: Any,
    right: tuple[str, float],
    letters: Mapping[str, str],
    numbers: Mapping[str, tuple[str, float]],
    tolerance: float,
    asks: str,
) -> tuple[str | None, str]:
    """Say what is wrong with a letter and its number, each by itself; for answers that are not known as a whole.

    Parameters
    ----------
    answer : sequence of two
        The letter and the number, as given.
    right : tuple of (str, float)
    letters : mapping
        Each wrong letter -> what its note overlooks.
    numbers : mapping
        Name of a usual wrong number -> (sentence, number).
    tolerance : float
        The task's, in the number's unit.
    asks : str
        The task's deliverable, which names the unit.

    Returns
    -------
    tuple of (name or None, sentence)

    Examples
    --------
    >>> judge_note(("C", 7.0), ("B", 1.0), {"C": "Sales are not profit."}, {}, 0.1, "euros")
    ('signed_C', 'Sales are not profit. And your number differs. Asked: euros.')
    """
    given = list(answer)
    letter = (as_text(given[0]) or "").upper()
    number = as_number(given[1])
    repeats = f"Asked: {asks.rstrip('.')}."
    found = _name_number(number, right[1], numbers, tolerance, asks)
    if letter == right[0]:
        name, says = found
        return name, f"Your letter fits. {says} {repeats}"
    if letter not in letters:
        return None, f"There is no note with this letter. {repeats}"
    also = f"And the number: {found[1]}" if found[0] else "And your number differs."
    return f"signed_{letter}", f"{letters[letter]} {also} {repeats}"


def _name_number(
    given: float, right: float, numbers: Mapping[str, tuple[str, float]], tolerance: float, asks: str
) -> tuple[str | None, str]:
    for name, (says, value) in numbers.items():
        if abs(given - value) <= tolerance:
            return name, says
    part = Part("", [""], np.array([right]), np.array([given]))
    generic = find_generic_mistake([part], tolerance, asks)
    return generic or (None, "Your number differs.")
