"""How the answers of `check`, `hint`, `predict` and `reveal` look in a notebook."""

from __future__ import annotations

import html

BORDERS = {"✅": "#2e7d32", "❌": "#c62828", "⬜": "#757575", "💡": "#b08900", "🎲": "#1565c0"}


def render_card(mark: str, title: str, body: str) -> str:
    """Return one small card as HTML; it sets no text or background colour, so it reads in light and dark.

    Parameters
    ----------
    mark : str
        The sign it begins with, such as ✅.
    title : str
        Short bold text, such as a task's code; may be empty.
    body : str
        HTML that is already safe (see `loyalty.text.render_text`).

    Returns
    -------
    str
        HTML.

    Examples
    --------
    >>> "<b>12a</b> Right." in render_card("✅", "12a", "Right.")
    True
    """
    border = BORDERS.get(mark, "#757575")
    head = f"{mark} <b>{html.escape(title)}</b> " if title else f"{mark} "
    return f'<div style="border-left: 4px solid {border}; padding: 2px 10px; margin: 4px 0">{head}{body}</div>'
