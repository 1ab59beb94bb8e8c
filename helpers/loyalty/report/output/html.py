"""The HTML of a report: the card with the verdict, sections with tables, and one page that works without network."""

from __future__ import annotations

import datetime as dt
import html
import numbers
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from loyalty.colours import CONTROL, GREY, HIGHLIGHT, INK, TREATED
from loyalty.report.output.workbook import kind_of
from loyalty.tables.personal import hide_personal

TONES = {"good": "#00795A", "bad": HIGHLIGHT, "open": "#8A6100", "none": "#56616B", "plain": TREATED}
FONTS = '"Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif'
PARTS = f"""
.lr {{ font-family: {FONTS}; color: {INK}; font-size: 14px; line-height: 1.5; max-width: 820px; }}
.lr p {{ margin: .5em 0; }}
.lr .card {{ border: 1px solid #DDE2E6; border-radius: 10px; overflow: hidden; margin: 0 0 10px; background: #FFF; }}
.lr .band {{ color: #FFF; padding: 20px 28px 18px; }}
.lr .kicker {{ font-size: 12px; letter-spacing: .06em; opacity: .92; }}
.lr .verdict {{ font-size: 31px; font-weight: 700; line-height: 1.2; margin: 5px 0 6px; }}
.lr .headline {{ font-size: 16.5px; line-height: 1.45; }}
.lr .facts {{ display: flex; flex-wrap: wrap; }}
.lr .fact {{ flex: 1 1 0; min-width: 125px; padding: 14px 12px 12px 22px; border-right: 1px solid #EEF1F3; }}
.lr .fact:last-child {{ border-right: 0; }}
.lr .fact b {{ display: block; font-size: 20px; line-height: 1.25; color: #14212B; white-space: nowrap; }}
.lr .fact span {{ font-size: 11.5px; color: #5B6670; }}
.lr .label {{ text-transform: uppercase; letter-spacing: .05em; font-size: 10.5px !important; }}
.lr .notes {{ border-top: 1px solid #EEF1F3; margin: 0; padding: 12px 28px 14px; }}
.lr .notes p {{ margin: 3px 0; }}
.lr table.t {{ border-collapse: collapse; font-size: 13px; margin: 6px 0 12px; width: 100%; }}
.lr table.t th {{ text-align: right; vertical-align: bottom; border-bottom: 2px solid #1F3A4D; padding: 5px 8px;
  font-weight: 600; color: #1F3A4D; background: none; }}
.lr table.t td {{ text-align: right; vertical-align: top; border-bottom: 1px solid #E6EAED; padding: 5px 8px;
  font-variant-numeric: tabular-nums; white-space: nowrap; }}
.lr table.t th.w, .lr table.t td.w {{ text-align: left; white-space: normal; }}
.lr .frame {{ overflow-x: auto; }}
.lr table.t th.w:nth-child(n+3), .lr table.t td.w:nth-child(n+3) {{ min-width: 11em; }}
.lr table.t tr.strong td {{ font-weight: 700; border-top: 1.5px solid #1F3A4D; }}
.lr table.t tr.sub td {{ color: #5B6670; font-size: 12px; }}
.lr .note {{ color: #5B6670; font-size: 12.5px; }}
.lr td span {{ white-space: nowrap; }}
.lr .ok {{ color: {TONES["good"]}; font-weight: 700; }} .lr .alarm {{ color: {HIGHLIGHT}; font-weight: 700; }}
.lr .look {{ color: {TONES["open"]}; font-weight: 700; }} .lr .off {{ color: {GREY}; font-weight: 700; }}
"""
PAGE = f"""
@page {{ size: A4; margin: 14mm 13mm; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; background: #EEF1F3; font-family: {FONTS}; color: {INK}; }}
main {{ max-width: 210mm; margin: 22px auto; padding: 30px 38px 34px; background: #FFF;
  box-shadow: 0 1px 5px rgba(20, 33, 43, .18); }}
h2 {{ font-size: 19px; color: #14212B; margin: 30px 0 6px; padding-top: 14px; border-top: 3px solid {CONTROL}; }}
h3 {{ font-size: 15px; margin: 18px 0 4px; }}
p, li {{ font-size: 14px; line-height: 1.5; }}
img {{ max-width: 100%; height: auto; display: block; margin: 8px 0; }}
.frame {{ overflow-x: auto; }}
pre {{ white-space: pre-wrap; font-size: 12px; }}
footer {{ margin-top: 26px; padding-top: 10px; border-top: 1px solid #DDE2E6; color: #6B7680; font-size: 11.5px; }}
@media (max-width: 600px) {{ main {{ margin: 0; padding: 14px 14px 24px; }}
  .frame img {{ width: 660px; max-width: none; }}
  .lr .band {{ padding: 16px 18px 14px; }} .lr .verdict {{ font-size: 25px; }} .lr .notes {{ padding: 10px 18px; }}
  .lr .fact {{ padding: 12px 8px 10px 18px; min-width: 50%; }}
  .lr .fact b {{ white-space: normal; font-size: 18px; }} }}
@media print {{ body {{ background: #FFF; }} main {{ box-shadow: none; margin: 0; padding: 0; max-width: none; }}
  .card, table.t tr, img {{ break-inside: avoid; }} h2 {{ break-after: avoid; }}
  * {{ -webkit-print-color-adjust: exact; print-color-adjust: exact; }} }}
"""
MARKS = {
    "good": ("ok", "✓"),
    "alarm": ("alarm", "✗"),
    "look": ("look", "!"),
    "not done": ("off", "–"),
    "note": ("off", "·"),
}


PERCENT = re.compile(r"(?<=\d) ?%")  # the page writes it with a no-break space


@dataclass(frozen=True, repr=False)
class ReportCard:
    """The card at the top of a report: a verdict, a sentence, three or four figures, and what to keep in mind.

    `facts` are (label, value, note); `tone` is one of `TONES` and gives the colour.
    """

    kicker: str
    verdict: str
    headline: str
    tone: str
    facts: tuple[tuple[str, str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"{self.verdict}. {self.headline}"

    def _repr_html_(self) -> str:
        facts = "".join(
            f'<div class="fact"><span class="label">{_safe(label)}</span><b>{_safe(value)}</b>'
            f"<span>{_safe(note)}</span></div>"
            for label, value, note in self.facts
        )
        notes = "".join(f"<p>{_safe(text)}</p>" for text in self.notes)
        band = (
            f'<div class="band" style="background:{TONES[self.tone]}"><div class="kicker">{_safe(self.kicker)}</div>'
            f'<div class="verdict">{_safe(self.verdict)}</div><div class="headline">{_safe(self.headline)}</div></div>'
        )
        rest = f'<div class="facts">{facts}</div>' + (f'<div class="notes">{notes}</div>' if notes else "")
        return f'<style>{PARTS}</style><div class="lr tex2jax_ignore"><div class="card">{band}{rest}</div></div>'


@dataclass(frozen=True, repr=False)
class Section:
    """A section of a report: a sentence or two, and a table if there is one.

    Parameters
    ----------
    text, notes : tuple of str
        Paragraphs above and below the table.
    table : pandas.DataFrame, optional
        The table; its column `kind`, if there is one, says how the numbers of each row are written.
    strong, sub : tuple of str
        Rows to print in bold or in grey, named by the value of their first column.
    decimals : int
        Decimals of amounts.
    title : str
        A heading, for sections that not every report has.
    """

    text: tuple[str, ...] = ()
    table: pd.DataFrame | None = None
    notes: tuple[str, ...] = ()
    strong: tuple[str, ...] = ()
    sub: tuple[str, ...] = ()
    decimals: int = 2
    title: str = ""

    def __repr__(self) -> str:
        return " ".join(self.text) or f"Section with a table of {len(self.to_frame())} rows"

    def to_frame(self) -> pd.DataFrame:
        """The table, empty if the section has none."""
        return pd.DataFrame() if self.table is None else self.table.copy()

    def _repr_html_(self) -> str:
        heading = f"<h2>{_safe(self.title)}</h2>" if self.title else ""
        words = heading + "".join(f"<p>{_safe(text)}</p>" for text in self.text)
        notes = "".join(f'<p class="note">{_safe(text)}</p>' for text in self.notes)
        table = "" if self.table is None or self.table.empty else self._render_table(self.table)
        return f'<style>{PARTS}</style><div class="lr tex2jax_ignore">{words}{table}{notes}</div>'

    def _render_table(self, table: pd.DataFrame) -> str:
        shown = table.drop(columns="kind", errors="ignore")
        kinds = table["kind"].tolist() if "kind" in table else [None] * len(shown)
        left = [' class="w"' if _is_wordy(shown, name) else "" for name in shown]
        heads = zip(shown.columns, left, strict=True)
        head = "".join(f"<th{side}>{_safe(str(name).replace('_', ' '))}</th>" for name, side in heads)
        body = []
        for row, kind in zip(shown.itertuples(index=False, name=None), kinds, strict=True):
            cells = zip(shown.columns, row, left, strict=True)
            line = "".join(f"<td{side}>{self._say(v, kind or kind_of(str(n)))}</td>" for n, v, side in cells)
            body.append(f"<tr{self._style(row[0])}>{line}</tr>")
        rows = f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody>"
        return f'<div class="frame"><table class="t">{rows}</table></div>'  # on a phone the table scrolls, not the page

    def _style(self, name: Any) -> str:
        """The class of a row, as an HTML attribute, by the value in its first column."""
        if name in self.strong:
            return " class='strong'"
        if name in self.sub:
            return " class='sub'"
        return ""

    def _say(self, value: Any, kind: str) -> str:
        if value in MARKS:
            style, mark = MARKS[value]
            return f'<span class="{style}">{mark} {_safe(value)}</span>'
        return _safe(say_value(value, kind, self.decimals))


_NARROW = ("customers", "treated", "control", "effect", "low", "high")


def _is_wordy(table: pd.DataFrame, name: Any) -> bool:
    """Say whether a column holds no numbers, and so is aligned to the left and may wrap.

    A column of counts or effects in which every number is hidden stays narrow, unless it is the first.
    """
    if any(isinstance(value, numbers.Real) and value == value for value in table[name]):
        return False
    return name == table.columns[0] or name not in _NARROW


def say_value(value: Any, kind: str, decimals: int = 2) -> str:
    """Write a value for a reader: thousands with commas, percent with one digit, a true minus, days without hours.

    Examples
    --------
    >>> say_value(-1234.5, "money"), say_value(0.0312, "percent"), say_value(None, "money"), say_value(0.00001, "p")
    ('−1,234.50', '3.1 %', '', '< 0.0001')
    """
    if value is None or value is pd.NaT or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, dt.date):
        return f"{value:%Y-%m-%d}"
    if not isinstance(value, numbers.Real) or isinstance(value, bool):
        return str(value)
    number = float(value)
    if kind == "percent" and 0 < number < 0.0005:
        return "< 0.1 %"
    if kind == "p":
        return "< 0.0001" if number < 0.0001 else f"{number:.4f}"
    size = abs(number)
    text = {"count": f"{size:,.0f}", "percent": f"{size:.1%}".replace("%", " %")}.get(kind, f"{size:,.{decimals}f}")
    is_zero = not text.strip("0.,% ")
    return f"−{text}" if number < 0 and not is_zero else text


def make_page(body: str, title: str, footer: Sequence[str] = (), mark: str = "") -> str:
    """Wrap the body of a report as one HTML file that opens anywhere, prints on A4 and asks nothing of the network."""
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    end = "<br>".join(_safe(line) for line in footer)
    maker = f'<meta name="generator" content="{html.escape(mark)}">' if mark else ""
    # The parts bring their style with them for notebooks; on the page it stands once, in the head
    body = body.replace(f"<style>{PARTS}</style>", "")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"{maker}<title>{_safe(title)}</title><style>{PARTS}{PAGE}</style></head>\n"
        f"<body><main>{body}<footer>{end}</footer></main></body></html>\n"
    )


def _safe(text: Any) -> str:
    return html.escape(PERCENT.sub("\u00a0%", hide_personal(str(text)))).replace("−", "−\u2060")  # no break after it
