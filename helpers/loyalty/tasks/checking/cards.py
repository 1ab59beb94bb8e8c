"""How the answers of `check`, `hint`, `predict` and `reveal` look in a notebook."""

from __future__ import annotations

import html
import re

BORDERS = {"✅": "#2e7d32", "❌": "#c62828", "⬜": "#757575", "💡": "#b08900", "🎲": "#1565c0"}


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


def render_card(mark: str, title: str, body: str) -> str:
    """Return one small card as HTML; it sets no text or background colour, so it reads in light and dark.

    Parameters
    ----------
    mark : str
        The sign it begins with, such as ✅.
    title : str
        Short bold text, such as a task's code; may be empty.
    body : str
        HTML that is already safe (see `render_text`).

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
