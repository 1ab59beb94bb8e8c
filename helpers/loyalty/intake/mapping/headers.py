"""Which line of a file names its columns, and which column of a contract a foreign name may mean."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from loyalty.intake.space import TYPED
from loyalty.tables.sources import NotATable

SYNONYMS = tomllib.loads((Path(__file__).parent / "synonyms.toml").read_text(encoding="utf-8"))
PLAIN = re.compile(r"[^0-9a-zа-я№/ ]+")
LIKE_DATA = re.compile(rf"{TYPED}.*|[-+(]?[\d\s.,:/'\u00a0\u202f-]*\d[\d\s.,:/'\u00a0\u202f)-]*\D?|#\S+[!?]")


@lru_cache(maxsize=4096)
def simplify(name: str) -> str:
    """Bring a header to the form in which it is compared: small letters, no punctuation, no unit."""
    name = re.sub(r"[,(]\s*(руб|р|шт|eur|usd|rub|€|₽|\$)\.?\s*\)?\s*$", "", name.lower().replace("ё", "е"))
    return " ".join(PLAIN.sub(" ", name).split())


def squeeze(name: object) -> str:
    """Bring a header to one line without outer spaces; nothing else is forgiven."""
    return " ".join(str(name).replace("\ufeff", "").split())


def rate_header(header: str, column: str) -> tuple[float, str]:
    """Rate how sure a header means a column of a contract, from 0 to 1, and say why."""
    plain = simplify(header)
    known = SYNONYMS.get(column, [column.replace("_", " ")])
    if not plain:
        return 0.0, ""
    if squeeze(header) == column:
        return 1.0, "the same name"
    joined = [word.replace(" ", "") for word in known]
    bare = plain.replace(" ", "")
    if plain in known or bare in joined or bare == column.replace("_", ""):  # InvoiceDate is "invoice date"
        place = known.index(plain) if plain in known else joined.index(bare) if bare in joined else 0
        return 0.95 - 0.002 * place, "a usual name for it"
    inside = [word for word in known if len(word) > 3 and f" {word} " in f" {plain} "]
    if inside:
        longest = max(inside, key=len)
        return 0.6 + 0.1 * len(longest) / len(plain), f"holds the words '{longest}': please check"
    # Few mistype the first letter, and another beginning makes another word: a link (ссылка) is no mailing (рассылка)
    near = [word for word in known if word[:1] == plain[:1] and abs(len(word) - len(plain)) < 8]
    close = difflib.get_close_matches(plain, near, n=1, cutoff=0.82)
    return (0.5, f"written much like '{close[0]}': please check") if close else (0.0, "")


def find_header(rows: Sequence[Sequence[str | None]], wanted: Sequence[str], line: int | None, label: str) -> int:
    """Find the row that names the columns: the one that was named, that holds the wanted names, or looks like it.

    Parameters
    ----------
    rows : sequence of rows of text
        The beginning of the file.
    wanted : sequence of str
        Names that the header should hold.
    line : int, optional
        The line that the user named, from 1.
    label : str
        How messages call the file.

    Returns
    -------
    int
        Its place in `rows`, from 0.

    Raises
    ------
    NotATable
        No row, or more than one, can be the header.

    Examples
    --------
    >>> find_header([["Report"], ["id", "sum"], ["7", "3"]], [], None, "a.csv")
    1
    """
    if line is not None:
        if not 1 <= line <= len(rows):
            raise NotATable(f"{label}: `header_row: {line}` lies outside its first {len(rows)} lines")
        return line - 1
    hits = [len({squeeze(cell) for cell in row if cell} & set(wanted)) for row in rows]
    if wanted and max(hits, default=0) >= min(2, len(set(wanted))):
        i = hits.index(max(hits))
        if hits[i] < len(set(wanted)):
            _refuse_two_lines(rows, i, label)
        return i
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in rows]
    most = max(filled, default=0)
    for i, row in enumerate(rows):
        words = [cell for cell in row if cell and cell.strip()]
        if filled[i] * 10 < most * 7 or not words:
            continue
        if any(LIKE_DATA.fullmatch(cell.strip()) for cell in words):
            mend = "add a first line of names, or say in columns.yml which line it is (`header_row:`)"
            says = f"{label} has no line that names its columns, line {i + 1} begins with {words[0][:40]!r}"
            raise NotATable(f"{says}: {mend}")
        _refuse_two_lines(rows, i, label)
        return i
    raise NotATable(f"{label} holds no table: its first {len(rows)} lines are empty")


def _refuse_two_lines(rows: Sequence[Sequence[str | None]], i: int, label: str) -> None:
    """Refuse a header that is spread over two lines by merged cells: part of the names stands above."""
    below = [row for row in rows[i + 1 :] if any(row)]
    for k, cell in enumerate(rows[i] if i and below else []):
        above = rows[i - 1][k] if k < len(rows[i - 1]) else None
        if not (cell or "").strip() and above and any(len(row) > k and row[k] for row in below):
            mend = "bring them to one line (unmerge the cells), or say `header_row:` in columns.yml"
            raise NotATable(
                f"{label} names its columns in two lines, {i} and {i + 1} ({above[:40]!r} stands above): {mend}"
            )
