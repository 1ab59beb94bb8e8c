"""The reports on Marta's desk in lesson 36, and the eight blind ones of its exercise."""

from __future__ import annotations

import html
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.tasks.t36.cases import Case, make_case

# One seed for all that are broken; 39 is the first from 36 on whose sound campaign has no effect
DESK = MappingProxyType(
    {
        1: (36, "control chosen afterwards"),
        2: (36, "contamination"),
        3: (36, "sample ratio"),
        4: (39, None),
        5: (36, "early stop"),
        6: (36, "survivors"),
        7: (36, "winner's curse"),
        8: (36, None),
    }
)
BLIND = ("contamination", "control chosen afterwards", "early stop", "broken join", "swapped metric")
LETTERS = dict(zip("PQRSTUVW", range(3600, 3608), strict=True))
SOUND = ("P", "R", "U")  # one that found nothing, one that found something, one whose split looks odd


class DeskReport(NamedTuple):
    """What a team hands in: its sentence, its plan, its list, what was measured; made by `open_blind_desk`."""

    text: str
    plan: pd.DataFrame
    contacts: pd.DataFrame
    outcomes: pd.DataFrame

    def __repr__(self) -> str:
        return self.text


class Desk(dict):
    """What lies on a desk, by number or letter; a notebook shows the sentence of each as a paragraph.

    Examples
    --------
    >>> Desk({1: "Sales rose (p < .001)."})
    1. Sales rose (p < .001).
    """

    def __repr__(self) -> str:
        return "\n".join(f"{name}. {said}" for name, said in self.items())

    def _repr_html_(self) -> str:
        return "".join(f"<p><b>{name}.</b> {html.escape(str(said))}</p>" for name, said in self.items())


@cache
def _make(seed: int, defect: str | None) -> Case:
    return make_case(seed, defect)


def open_desk() -> Desk:
    """Open the eight reports of the lesson; their truth is in them, so do not print it before you have decided.

    Returns
    -------
    Desk of int to Case

    Examples
    --------
    >>> open_desk()[4].plan["primary_metric"].item()
    'sales'
    """
    return Desk((number, _make(*made)) for number, made in DESK.items())


def open_blind_desk() -> Desk:
    """Open the eight reports of the exercise: sentence, plan, contacts and outcomes, and nothing that tells.

    Returns
    -------
    Desk of str to DeskReport

    Examples
    --------
    >>> desk = open_blind_desk()
    >>> list(desk), desk["P"]._fields
    (['P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W'], ('text', 'plan', 'contacts', 'outcomes'))
    """
    cases = uncover()
    return Desk(
        (letter, DeskReport(case.report, *(table.copy() for table in (case.plan, case.contacts, case.outcomes))))
        for letter, case in cases.items()
    )


def uncover() -> Mapping[str, Case]:
    """The exercise's reports with their defect and truth: for after the decision.

    Examples
    --------
    >>> sum(case.defect is None for case in uncover().values())
    3
    """
    shuffled = iter(np.random.default_rng(36).permutation(BLIND))
    return {letter: _make(seed, None if letter in SOUND else str(next(shuffled))) for letter, seed in LETTERS.items()}
