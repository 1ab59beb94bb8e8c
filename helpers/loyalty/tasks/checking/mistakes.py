"""Which of the known mistakes an answer shows: one, or several that lead to the same number."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

import numpy as np

SHORT = 12  # answers of more values are never written by hand: how they are rounded tells nothing
SHOWN = 4
MANY = {2: "Two", 3: "Three", 4: "Four"}
MOST_DECIMALS = 9
CERTAIN = 1e-7
_NUMBER_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4}


@dataclass(frozen=True, eq=False)
class Mistake:
    """A usual mistake: its short name, the plain sentence the learner reads, and the answer it leads to."""

    name: str
    says: str
    value: Any


def find_mistakes(
    known: Iterable[Mistake], measure: Callable[[Any], float], reach: float, certain: float = CERTAIN
) -> list[Mistake]:
    """Find the known mistakes that an answer shows, the nearest first.

    An answer that was not rounded shows one mistake only. A rounded one may fit several; then all are returned. Do not
    use it before the right answer was tried.

    Parameters
    ----------
    known : iterable of Mistake
    measure : callable
        How far a mistake's answer is from the answer given, in the answer's unit.
    reach : float
        How far an answer may be from the mistake that it shows, in the answer's unit.
    certain : float
        Nearer than this no other mistake is looked for, if none is as near.

    Returns
    -------
    list of Mistake

    Examples
    --------
    >>> known = [Mistake("a", "A.", 1.0), Mistake("b", "B.", 1.1), Mistake("c", "C.", 9.0)]
    >>> [one.name for one in find_mistakes(known, lambda value: abs(value - 1.04), 0.1)]
    ['a', 'b']
    >>> [one.name for one in find_mistakes(known, lambda value: abs(value - 1.1), 0.1)]
    ['b']
    """
    far = [(measure(mistake.value), place, mistake) for place, mistake in enumerate(known)]
    near = sorted(found for found in far if found[0] <= max(reach, certain))
    exact = [found for found in near if found[0] <= certain]
    return [mistake for _, _, mistake in exact or near]


def set_apart(mistakes: Sequence[Mistake], tolerance: float) -> tuple[tuple[Mistake, ...], tuple[Mistake, ...]]:
    """Set those mistakes apart that lead to nearly the same numbers as another one: the learner reads all of these.

    Parameters
    ----------
    mistakes : sequence of Mistake
        Whose values are numbers, or lists of numbers of one length.
    tolerance : float
        Of the task.

    Returns
    -------
    tuple of (mistakes, near)
        For `Answers`.

    Examples
    --------
    >>> known = [Mistake("a", "A.", 1), Mistake("b", "B.", 1), Mistake("c", "C.", 9)]
    >>> [[one.name for one in part] for part in set_apart(known, 0.1)]
    [['c'], ['a', 'b']]
    """
    values = [np.atleast_1d(np.asarray(mistake.value, dtype=float)) for mistake in mistakes]
    is_near = [
        any(np.abs(one - other).max() <= 5 * tolerance for k, other in enumerate(values) if k != place)
        for place, one in enumerate(values)
    ]
    apart = tuple(mistake for mistake, near in zip(mistakes, is_near, strict=True) if not near)
    return apart, tuple(mistake for mistake, near in zip(mistakes, is_near, strict=True) if near)


def name_mistakes(found: Sequence[Mistake]) -> tuple[str, str]:
    """Name one mistake, or all that lead to the same number.

    Parameters
    ----------
    found : sequence of Mistake
        At least one.

    Returns
    -------
    tuple of (name, sentence)

    Examples
    --------
    >>> name_mistakes([Mistake("a", "It fits. You took A.", 1), Mistake("b", "It fits. You took B.", 1)])
    ('a or b', 'It fits. Two different mistakes give this number. Either (a): You took A. Or (b): You took B.')
    """
    if len(found) == 1:
        return found[0].name, found[0].says
    shown = found[:SHOWN]
    shared = commonprefix([one.says for one in shown])
    shared = shared[: shared.rfind(". ") + 2] if ". " in shared else ""
    either = " Or ".join(
        f"({letter}): {one.says.removeprefix(shared)}" for letter, one in zip("abcd", shown, strict=False)
    )
    many = MANY.get(len(found), "Several")
    what = "this number" if np.isscalar(found[0].value) and not isinstance(found[0].value, str) else "this answer"
    return " or ".join(one.name for one in shown), f"{shared}{many} different mistakes give {what}. Either {either}"


def count_decimals(values: Any) -> int:
    """Count the decimals that numbers are written with, at most nine.

    Parameters
    ----------
    values : number or array of numbers

    Returns
    -------
    int
        Nine also for what is not finite, and for more than a dozen numbers: nothing is known of their rounding.

    Examples
    --------
    >>> count_decimals([2.28, 1.07, 3.5]), count_decimals(12), count_decimals(1 / 3)
    (2, 0, 9)
    """
    numbers = np.atleast_1d(np.asarray(values, dtype=float))
    if len(numbers) > SHORT or not np.isfinite(numbers).all():
        return MOST_DECIMALS
    for decimals in range(MOST_DECIMALS):
        if np.allclose(np.round(numbers, decimals), numbers, rtol=1e-12, atol=1e-11):
            return decimals
    return MOST_DECIMALS


def read_decimals(asks: str) -> int | None:
    """Read from a task's wording how many decimals are asked.

    Parameters
    ----------
    asks : str

    Returns
    -------
    int or None
        None where the wording does not say it.

    Examples
    --------
    >>> read_decimals("euros to a tenth of a cent"), read_decimals("a fraction to four decimals"), read_decimals("days")
    (3, 4, None)
    """
    if "tenth of a cent" in asks:
        return 3
    found = re.search(r"\b(one|two|three|four) (?:decimals?|digits)\b", asks)
    if found:
        return _NUMBER_WORDS[found[1]]
    return 2 if re.search(r"to (?:the|a|about a) cent\b", asks) else None


def find_reach(given: Any, tolerance: float, asks: str) -> tuple[float, float]:
    """Say how far an answer may be from the mistake that it shows: the tolerance, or half a unit of its last decimal.

    The second number is how near a mistake must be, so that no other is looked for: an answer that was not rounded lies
    at the mistake itself, save for another way of computing.

    Parameters
    ----------
    given : number or array of numbers
    tolerance : float
        The task's.
    asks : str
        The task's wording; an answer with fewer decimals than it asks for gets no more than the tolerance.

    Returns
    -------
    tuple of (reach, certain)
        In the answer's unit.

    Examples
    --------
    >>> find_reach(-0.123, 0.0003, "euros to a tenth of a cent"), find_reach(0.1, 0.0003, "to a tenth of a cent")
    ((0.0005000001, 1e-07), (0.0003, 1e-07))
    >>> [round(one, 9) for one in find_reach(-0.1228915, 0.0003, "euros to a tenth of a cent")]
    [0.0003, 3e-05]
    """
    asked = read_decimals(asks)
    decimals = count_decimals(given)
    certain = max(CERTAIN, tolerance / 10) if decimals >= (asked or MOST_DECIMALS - 2) + 2 else CERTAIN
    if asked is None or decimals < asked:
        return tolerance, certain
    return max(tolerance, 0.5 * 10.0**-decimals + 1e-10), certain
