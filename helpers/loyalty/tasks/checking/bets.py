"""A bet before a reveal: what the learner expected, beside the estimate and, where it is known, the truth."""

from __future__ import annotations

import html
import math
import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np

from loyalty.tables.arguments import check_arguments
from loyalty.tasks.checking import progress
from loyalty.tasks.checking.cards import render_card
from loyalty.text import render_text

CURRENCIES = ("$", "€", "£", "₽")


@dataclass(frozen=True)
class Bet:
    """A learner's bet before the answer; `value` is None until there is one."""

    code: str
    value: float | str | None
    message: str = ""

    def __repr__(self) -> str:
        if self.value is None:
            return f"⬜ {self.message or 'No bet yet'}"
        return f"Your bet: {self.value if isinstance(self.value, str) else show_amount(self.value)}"

    def _repr_html_(self) -> str:
        mark, text = ("⬜", repr(self)[2:]) if self.value is None else ("🎲", repr(self))
        return render_card(mark, self.code, render_text(text))


@dataclass(frozen=True)
class Reveal:
    """The bet, the estimate with its interval, and the truth when it is known (an unknown number is None)."""

    code: str
    bet: float | str | None
    estimate: float
    low: float | None = None
    high: float | None = None
    truth: float | None = None
    unit: str = "$"
    says: str = ""

    @property
    def rows(self) -> list[tuple[str, str]]:
        """Label and value of each line that is shown."""
        estimate = self._show(self.estimate)
        if self.low is not None and self.high is not None:
            estimate += f" ({self._show(self.low)} to {self._show(self.high)})"
        rows = [("Your bet", self._say_bet()), ("Estimate", estimate)]
        return rows if self.truth is None else [*rows, ("Truth", self._show(self.truth))]

    @property
    def comment(self) -> str:
        """How far the bet was, and what the lesson says of it."""
        if self.bet is None or isinstance(self.bet, str):
            return self.says
        mark, name = (self.estimate, "estimate") if self.truth is None else (self.truth, "truth")
        gap = self.bet - mark
        if math.isclose(self.bet, mark, rel_tol=1e-9, abs_tol=1e-12):
            text = f"Your bet is the {name}."
        else:
            text = f"Your bet is {self._show(abs(gap))} {'above' if gap > 0 else 'below'} the {name}"
            if self.low is not None and self.high is not None:
                text += f", {'inside' if self.low <= self.bet <= self.high else 'outside'} the interval"
            text += "."
        return f"{text} {self.says}".strip()

    def _say_bet(self) -> str:
        if self.bet is None:
            return "no bet"
        return self.bet if isinstance(self.bet, str) else self._show(self.bet)

    def _show(self, value: float) -> str:
        return show_amount(value, self.unit)

    def __repr__(self) -> str:
        return "\n".join([*(f"{label:<9} {value}" for label, value in self.rows), self.comment]).rstrip()

    def _repr_html_(self) -> str:
        heads = "".join(f"<th>{html.escape(label)}</th>" for label, _ in self.rows)
        cells = "".join(f"<td>{render_text(value)}</td>" for _, value in self.rows)
        table = f"<table><thead><tr>{heads}</tr></thead><tbody><tr>{cells}</tr></tbody></table>"
        return table + (f"<div>{render_text(self.comment)}</div>" if self.comment else "")


@check_arguments
def predict(code: str, value: Any) -> Bet:
    """Take a bet before the answer is shown; `...` is no bet yet, and takes an earlier one back.

    Parameters
    ----------
    code : str
        What the bet is on, such as "00a".
    value : float or str
        In the unit that the question asks for.

    Returns
    -------
    Bet
        Shows as "Your bet: 120".

    Examples
    --------
    >>> predict("00z", ...)
    ⬜ No bet yet
    """
    if not isinstance(code, str):  # it becomes a key of the progress, which is read again
        raise ValueError(f"the code of a bet is a text such as '33a', found a {type(code).__name__}")
    bet: float | str | None = None
    message = ""
    if isinstance(value, str) and value.strip():
        bet = value.strip()
    elif isinstance(value, (numbers.Real, np.number)) and not isinstance(value, bool) and math.isfinite(value):
        bet = float(value)
    elif value is not ... and value is not None:
        message = "A bet is one number (or a word): please put it in place of the dots."
    state = progress.load()
    had = state["bets"].pop(code, None)
    if bet is not None:
        state["bets"][code] = bet
    if bet != had:
        progress.save(state)
    return Bet(code, bet, message)


@check_arguments
def reveal(
    code: str,
    *,
    estimate: float,
    truth: float | None = None,
    low: float | None = None,
    high: float | None = None,
    unit: str = "$",
    says: str = "",
) -> Reveal:
    """Show the bet beside the estimate with its interval and, when it is known, the truth. Works without a bet.

    Parameters
    ----------
    code : str
        As given to `predict`.
    estimate : float
        In `unit`, as the bet.
    truth, low, high : float, optional
        The true value; the interval's ends.
    unit : str, default "$"
        A currency sign stands before the number, "%" right after it, a word after a space.
    says : str, optional
        One sentence that reads the comparison.

    Returns
    -------
    Reveal

    Examples
    --------
    >>> reveal("00z", estimate=-6, low=-15, high=3)
    Your bet  no bet
    Estimate  −$6 (−$15 to $3)
    """
    return Reveal(
        code=code,
        bet=progress.load()["bets"].get(code),
        estimate=float(estimate),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        truth=None if truth is None else float(truth),
        unit=unit,
        says=says,
    )


def show_amount(value: float, unit: str = "") -> str:
    """Write a number with its unit, short and readable.

    Parameters
    ----------
    value : float
    unit : str, optional
        A currency sign, "%" or a word.

    Returns
    -------
    str

    Examples
    --------
    >>> show_amount(-1234.5, "$"), show_amount(3.14159, "days"), show_amount(12, "%")
    ('−$1,234', '3.14 days', '12%')
    """
    size = abs(value)
    if size >= 1000 or size % 1 == 0:
        style = ",.0f"
    elif size >= 0.1:
        style = ".2f"
    else:
        style = ".3g"
    text = format(size, style)
    sign = "−" if value < 0 and float(text.replace(",", "")) else ""
    if unit in CURRENCIES:
        return f"{sign}{unit}{text}"
    return f"{sign}{text}{unit}" if unit in ("%", "") else f"{sign}{text} {unit}"
