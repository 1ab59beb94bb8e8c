"""How a result looks in a notebook: its number, the interval drawn, a sentence, warnings, the table behind a fold."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from loyalty.text import render_text, say_p

WIDTH = 460
HEIGHT = 44
BLUE = "#0072B2"  # as TREATED in loyalty.charts
ESTIMANDS = {"ATE": "average effect on everybody", "ITT": "average effect per customer assigned"}
SHORT = ("ATE", "ATT", "ITT")
P_VALUES = ("p", "p_adjusted", "p_differ")


def name_estimand(estimand: str) -> str:
    """Spell out the field's short names of an estimand, for readers who do not know them.

    Parameters
    ----------
    estimand : str
        As an `Estimate` holds it, such as "ATE" or "ATT, those who were treated".

    Examples
    --------
    >>> name_estimand("ATE"), name_estimand("ATT, those who were treated")
    ('average effect on everybody', 'those who were treated')
    """
    short, _, long = estimand.partition(", ")
    return long if long and short in SHORT else ESTIMANDS.get(estimand, estimand)


def choose_decimals(low: float, high: float) -> int:
    """Choose how many decimals the ends of an interval need: two up to a width of 10, more where that is too coarse.

    Parameters
    ----------
    low, high : float
        The ends; where one is not a number, two decimals are chosen.

    Examples
    --------
    >>> choose_decimals(0.70, 1.69), choose_decimals(-120, 350), choose_decimals(-0.0061, -0.0001)
    (2, 0, 4)
    """
    width = abs(high - low)
    if not math.isfinite(width) or width == 0:
        return 2
    if width >= 10:
        return 1 if width < 100 else 0
    return min(8, max(2, 1 - math.floor(math.log10(width))))


def render_result(
    title: str,
    interval: tuple[float, float, float],
    sentence: str,
    *,
    table: pd.DataFrame | None = None,
    notes: str = "",
    warnings: Sequence[str] = (),
    marks: Mapping[str, float] | None = None,
    say: Callable[[float], str] | None = None,
    level: float = 0.95,
) -> str:
    """Render one estimate as a small card; every word of it is legible too where styles and drawings are stripped.

    Parameters
    ----------
    title : str
        What was estimated, plain text.
    interval : (effect, low, high)
        In one unit; ends that are not known are NaN, and nothing is drawn.
    sentence : str
        What the numbers mean, plain text.
    table : DataFrame, optional
        All numbers; shown behind a fold.
    notes : str, optional
        One small line: sizes, p-value, method.
    warnings : sequence of str
        Never folded.
    marks : mapping of str to float, optional
        Values drawn as dashed lines beside zero, such as {"pays": 0.8}.
    say : callable, optional
        How an amount is written; by default with as many decimals as the interval needs.
    level : float
        Coverage of the interval.

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "1.19" in render_result("sales", (1.19, 0.70, 1.69), "Sales rose.")
    True
    """
    effect, low, high = interval
    write = say or _write_with(choose_decimals(low, high))
    known = math.isfinite(low) and math.isfinite(high)
    reach = f"{level * 100:g} % interval {write(low)} to {write(high)}" if known else "no interval"
    number = f"<b style='font-size: 1.5em'>{html.escape(write(effect))}</b> ({html.escape(reach)})"
    drawn = _draw_bar(interval, marks or {}, write) if known else ""
    listed = "".join(f"<li>⚠ {html.escape(text)}</li>" for text in warnings)
    lines = [
        f"<div><b>{html.escape(title)}</b></div><div>{number}</div>{drawn}<div>{render_text(sentence)}</div>",
        f"<div><small>{html.escape(notes)}</small></div>" if notes else "",
        f"<ul>{listed}</ul>" if listed else "",
        f"<details><summary>All numbers</summary>{render_table(table)}</details>" if table is not None else "",
    ]
    style = (
        f"border: 1px solid #9e9e9e; border-radius: 6px; padding: 6px 14px; margin: 4px 0; max-width: {WIDTH + 60}px"
    )
    return f"<div style='{style}'>{''.join(lines)}</div>"


def render_table(frame: pd.DataFrame) -> str:
    """Render a small table as a notebook shows it: p-values as people write them, no more digits than are read.

    Examples
    --------
    >>> "&lt; 0.0001" in render_table(pd.DataFrame({"p": [1.7e-25]}))
    True
    """
    shown = frame.copy()
    for name in P_VALUES:
        if name in shown and pd.api.types.is_float_dtype(shown[name]):
            shown[name] = [_write_p(value) for value in shown[name]]
    return shown.to_html(index=False, border=0, float_format=_format_number)


def _write_p(p: float) -> str:
    return say_p(p).removeprefix("p ").removeprefix("= ") if math.isfinite(p) else "NaN"


def _format_number(value: float) -> str:
    return f"{value:,.4g}" if abs(value) < 100 else f"{value:,.0f}"


def _write_with(decimals: int) -> Callable[[float], str]:
    def write(value: float) -> str:
        return f"{value:,.{decimals}f}".replace("-", "−")

    return write


def _draw_bar(interval: tuple[float, float, float], marks: Mapping[str, float], write: Callable[[float], str]) -> str:
    """Draw the interval as a bar over a line on which zero and the marks stand."""
    effect, low, high = interval
    places = {"0": 0.0, **marks}
    first, last = min(low, *places.values()), max(high, *places.values())
    span = (last - first) or 1.0

    def place(value: float) -> float:
        return round(20 + (value - first) / span * (WIDTH - 40), 1)

    said = html.escape(f"interval from {write(low)} to {write(high)}, estimate {write(effect)}", quote=True)
    wide = max(2.0, place(high) - place(low))
    ticks = "".join(_draw_tick(label, place(value), solid=label == "0") for label, value in places.items())
    return (
        f"<svg role='img' aria-label='{said}' width='100%' viewBox='0 0 {WIDTH} {HEIGHT}' style='max-width: {WIDTH}px'>"
        f"<line x1='0' x2='{WIDTH}' y1='18' y2='18' stroke='#9e9e9e'/>{ticks}"
        f"<rect x='{place(low)}' y='13' width='{wide:.1f}' height='10' rx='3' fill='{BLUE}'"
        f" fill-opacity='0.45'/><circle cx='{place(effect)}' cy='18' r='6' fill='{BLUE}'/></svg>"
    )


def _draw_tick(label: str, x: float, *, solid: bool) -> str:
    dashes = "" if solid else " stroke-dasharray='3 2'"
    return (
        f"<line x1='{x}' x2='{x}' y1='4' y2='30' stroke='#757575'{dashes}/>"
        f"<text x='{x}' y='42' font-size='12' text-anchor='middle' fill='#757575'>{html.escape(label)}</text>"
    )
