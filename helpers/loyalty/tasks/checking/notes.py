"""Answers of a letter and a number: a note that is signed, and the amount behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from loyalty.tasks.checking.answers import as_number, as_text, kind_of, read_letter
from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake, find_rounded_mistake, say_rounding
from loyalty.tasks.checking.mistakes import Mistake, find_mistakes, find_reach, name_mistakes


def read_note(letters: str) -> Callable[[Any], Any]:
    """Make a reader of a letter and its numbers; small letters and signs around the letter do no harm.

    Parameters
    ----------
    letters : str
        Capitals that may be chosen.

    Returns
    -------
    callable
        Takes an answer, returns the capital and the rest; raises `Mismatch` with the letters that may be chosen.

    Examples
    --------
    >>> read_note("ABC")(("b)", 0.2))
    ('B', 0.2)
    """
    read = read_letter(letters)

    def read_both(answer: Any) -> Any:
        if kind_of(answer) != "sequence" or len(answer) < 2 or kind_of(answer[0]) != "text":
            return answer
        return read(answer[0]), *answer[1:]

    return read_both


def judge_note(
    answer: Any,
    right: tuple[str, float],
    letters: Mapping[str, str],
    numbers: Mapping[str, tuple[str, float]],
    tolerance: float,
    asks: str,
    close: str = "",
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
        Name of a usual wrong number -> (sentence, number). Some may lie near each other: then all are said.
    tolerance : float
        The task's, in the number's unit.
    asks : str
        The task's deliverable, which names the unit.
    close : str, optional
        What to ask when the number is none of the known ones.

    Returns
    -------
    tuple of (name or None, sentence)

    Examples
    --------
    >>> judge_note(("C", 7.0), ("B", 1.0), {"C": "Sales are not profit."}, {}, 0.1, "euros")
    ('signed_C', 'Sales are not profit. And your number differs.')
    """
    given = list(answer)
    letter = (as_text(given[0]) or "").upper()
    number = as_number(given[1])
    repeats = f"Asked: {asks.rstrip('.')}."
    name, says = _name_number(number, right[1], numbers, tolerance, asks)
    if letter == right[0]:
        return name, " ".join(filter(None, ("Your letter fits.", says, "" if name else close, repeats)))
    if letter not in letters:
        return None, f"There is no note with this letter. {repeats}"
    also = f"And your number differs. {says}" if name else "And your number differs."
    return f"signed_{letter}", f"{letters[letter]} {also}"


def _name_number(
    given: float, right: float, numbers: Mapping[str, tuple[str, float]], tolerance: float, asks: str
) -> tuple[str | None, str]:
    known = [Mistake(name, says, value) for name, (says, value) in numbers.items()]
    found = find_mistakes(known, lambda value: abs(given - value), *find_reach(given, tolerance, asks))
    if found:
        return name_mistakes(found)
    part = Part("", [""], np.array([right]), np.array([given]))
    generic = find_generic_mistake([part], tolerance, asks)
    if generic is not None:
        return generic
    if says := say_rounding(given, right, asks):
        return "too_coarse", says
    rounded = find_rounded_mistake([given], known, lambda value: abs(given - value), asks)
    return rounded or (None, "Your number differs.")


def list_mistakes(letter: str, numbers: Mapping[str, tuple[str, float]]) -> tuple[Mistake, ...]:
    """List the usual wrong numbers of a note, each beside the letter that fits.

    Parameters
    ----------
    letter : str
    numbers : mapping
        Name -> (sentence, number).

    Returns
    -------
    tuple of Mistake

    Examples
    --------
    >>> list_mistakes("B", {"fee_forgotten": ("The fee is not paid.", 0.3)})[0].value
    ('B', 0.3)
    """
    return tuple(
        Mistake(name, f"Your letter fits. {says}", (letter, number)) for name, (says, number) in numbers.items()
    )
