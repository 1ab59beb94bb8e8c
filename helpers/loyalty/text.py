"""The house style of numbers in words: money, short forms and p-values; and how plain text becomes HTML."""

from __future__ import annotations

import difflib
import html
import math
import re
from collections.abc import Iterable, Sequence


def say_money(value: float, unit: str = "", decimals: int = 0) -> str:
    """Write a signed amount the way a person would: the sign first, then the unit.

    Examples
    --------
    >>> say_money(-6.219, "$", 2), say_money(1234.5, "€"), say_money(-0.001, "€", 2)
    ('−$6.22', '€1,234', '€0.00')
    """
    # An amount that rounds to zero has no sign
    sign = "−" if round(value, decimals) < 0 else ""
    return f"{sign}{unit}{abs(value):,.{decimals}f}"


def list_few(names: Sequence[str], most: int) -> str:
    """Name the first few, and count the rest.

    Examples
    --------
    >>> list_few(["a", "b", "c"], 2), list_few(["a"], 2)
    ('a, b and 1 more', 'a')
    """
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return f"{', '.join(names[:most])}{rest}"


def find_near(name: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Find the one of the known words that is written most like a name, in any letters; empty if none is near.

    Parameters
    ----------
    name : object
    known : iterable of str
    cutoff : float
        From 0 to 1: how alike they must be; see `difflib.SequenceMatcher.ratio`.

    Examples
    --------
    >>> find_near("Slaes", ["sales", "orders"]), find_near("x", ["sales"])
    ('sales', '')
    """
    by_small = {word.strip().lower(): word for word in known}
    close = difflib.get_close_matches(str(name).strip().lower(), by_small, n=1, cutoff=cutoff)
    return by_small[close[0]] if close else ""


def count_of(count: int, one: str) -> str:
    """Write a number of things: thousands apart, and one thing without an s.

    Not for words whose plural is no s.

    Examples
    --------
    >>> count_of(1, "snapshot"), count_of(0, "check"), count_of(1200, "day")
    ('1 snapshot', '0 checks', '1,200 days')
    """
    return f"{count:,} {one}{'' if count == 1 else 's'}"


def find_decimals(values: Iterable[float], least: int = 2, most: int = 6) -> int:
    """Find how many decimals keep these numbers apart from zero, so that an interval of small numbers says something.

    Not for numbers that are zero or missing: they ask for nothing.

    Examples
    --------
    >>> find_decimals([12.5, -3.0]), find_decimals([-0.0061, -0.0003]), find_decimals([0.0])
    (2, 4, 2)
    """
    sizes = [abs(value) for value in values if value and math.isfinite(value)]
    for decimals in range(least, most):
        if all(round(size, decimals) > 0 for size in sizes):
            return decimals
    return most if sizes else least


def say_euros(value: float, decimals: int = 2) -> str:
    """Write an amount in euros for a sentence.

    Examples
    --------
    >>> say_euros(-1234.5)
    '−€1,234.50'
    """
    return say_money(value, "€", decimals)


def shorten(value: float) -> str:
    """Write a large number in short form.

    Examples
    --------
    >>> shorten(1234), shorten(3_400_000), shorten(12)
    ('1.2k', '3.4M', '12')
    """
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.1f}".removesuffix(".0") + letter
    return f"{value:g}"


def say_p(p: float) -> str:
    """Write a p-value for a sentence.

    Examples
    --------
    >>> say_p(0.01234), say_p(1e-9), say_p(float("nan"))
    ('p = 0.0123', 'p < 0.0001', 'no p-value')
    """
    if p != p:
        return "no p-value"
    return "p < 0.0001" if p < 0.0001 else f"p = {p:.4f}"


def say_level(level: float) -> str:
    """Write the level of an interval for a subtitle.

    Examples
    --------
    >>> say_level(0.95), say_level(0.995)
    ('95 %', '99.5 %')
    """
    return f"{100 * level:.10g} %"


def render_text(text: str) -> str:
    """Return plain text as HTML: escaped, line ends kept, `code` between backticks set as code.

    Parameters
    ----------
    text : str
        Plain text; backticks in pairs mark code.

    Returns
    -------
    str
        HTML that says the same where styles are stripped.

    Examples
    --------
    >>> render_text("use `a < b`")
    'use <code>a &lt; b</code>'
    """
    escaped = html.escape(text, quote=False)
    # JupyterLab takes two dollars within one piece of text for a formula; each in an element of its own stays money
    escaped = escaped.replace("$", "<span>$</span>")
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", escaped).replace("\n", "<br>")


def ask_percent(value: float, *, below_one: bool = False) -> str:
    """Ask whether a number of percent was written where a fraction is wanted; empty where it cannot be.

    With `below_one` the fraction has to stay under 1, so that 100 cannot be meant.

    Examples
    --------
    >>> ask_percent(95), ask_percent(0.95), ask_percent(100, below_one=True)
    (': is 95 percent meant? Write 0.95', '', '')
    """
    if not 1 < value <= 100 or (below_one and value == 100):
        return ""
    digits = 2 if value == round(value) else 4
    return f": is {value:g} percent meant? Write {value / 100:.{digits}f}"
