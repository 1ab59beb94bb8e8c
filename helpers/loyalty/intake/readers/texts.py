"""Reads CSV, TXT and TSV files: finds encoding, separator and header line; DuckDB then reads all columns as text."""

from __future__ import annotations

import codecs
import csv
import glob
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import duckdb

from loyalty.intake.mapping.headers import find_header, squeeze
from loyalty.intake.space import Raw, Space, refuse_wide, write_cell
from loyalty.tables.sources import NotATable

SEPARATORS = {";": "semicolon", "\t": "tab", "|": "bar", ",": "comma"}
HEAD = 1 << 18
CHUNK = 1 << 20
SHOWN = 3
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_text(
    space: Space, path: Path, options: Mapping[str, Any], wanted: Sequence[str], limit: int | None = None
) -> Raw:
    """Read a CSV, TXT or TSV file as a table of text."""
    encoding, ends = _find_encoding(path, options.get("encoding"))
    plain = path if encoding in ("utf-8", "utf-8-sig") else _transcode(space, path, encoding)
    with plain.open(encoding="utf-8-sig", newline="") as file:
        head = file.read(HEAD)
    separator = options.get("separator") or _find_separator(head)
    rows, lines = _split(head, separator)
    if not rows and head.strip():
        says = f"{path.name} begins with a line of {len(head):,} characters or more, which names no columns"
        raise NotATable(f"{says}: export the table again as CSV")
    texts = [[cell or None for cell in row] for row in rows[:30]]
    at = find_header(texts, wanted, options.get("header_row"), path.name)
    usual = Counter(map(len, rows[at + 1 :])).most_common(1)  # the most frequent number of columns
    width = max([len(rows[at]), *(columns for columns, _ in usual)])
    refuse_wide(width, path.name)
    table, notes = _read_rows(space, plain, separator, at + 1, width, limit, path.name)
    seen = table.limit(1).fetchall()
    first = next((row for row in rows[at + 1 :] if row), None)
    if seen and first and [cell or "" for cell in seen[0][: len(first)]] != [write_cell(cell) for cell in first]:
        mend = "take out the lines above the header, and quotation marks without a pair"
        raise NotATable(f"{path.name}: the row below the header cannot be told apart from its neighbours: {mend}")
    headers = [squeeze(cell) for cell in rows[at]]
    _refuse_nameless(table, len(headers), width, separator, path.name)
    headers += [""] * (width - len(headers))
    if not encoding.startswith("utf-8"):
        notes.insert(0, f"encoding {encoding}")
    notes.insert(0, f"separator {SEPARATORS.get(separator, separator)}")
    if at:
        notes.append(f"column names taken from line {at + 1}")
    # With a line break inside quotes the file has more lines than the table has rows: then rows are counted.
    is_even = limit is None and lines[at] + len(table) == ends + (not _ends_in_line(plain))
    if is_even:
        return Raw(path.name, table, headers, lines[at] + 1, notes, "line")
    if limit is None:
        _prove_rows(plain, separator, at + 1, len(table), path.name)
    return Raw(path.name, table, headers, 1, notes, "row")


def _read_rows(
    space: Space, path: Path, separator: str, skip: int, width: int, limit: int | None, label: str
) -> tuple[duckdb.DuckDBPyRelation, list[str]]:
    """Read all lines below the header; lines with another number of columns are named, not dropped.

    Parameters
    ----------
    space : Space
        Where the table is laid out.
    path : Path
        A file in UTF-8.
    separator : str
        The sign between two cells.
    skip : int
        Lines above the first row.
    width : int
        Number of columns.
    limit : int, optional
        Read so many rows at most.
    label : str
        How messages call the file.
    """
    rejects = space.make_name("rejects")
    scan = space.make_name("scan")

    def read(**more: Any) -> duckdb.DuckDBPyRelation:
        table = space.connection.read_csv(
            glob.escape(str(path)),
            header=False,
            skiprows=skip,
            auto_detect=False,
            sep=separator,
            quotechar='"',
            escapechar='"',
            columns={f"c{i}": "VARCHAR" for i in range(width)},
            **more,
        )
        return space.keep(table.limit(limit) if limit else table)

    try:
        table = read(store_rejects=True, rejects_table=rejects, rejects_scan=scan)
        bad = space.connection.table(rejects).select("line, error_type, error_message").fetchall()
        if not bad:
            return table, []
        if {kind for _, kind, _ in bad} == {"MISSING COLUMNS"}:
            table = read(null_padding=True, parallel=False)
            note = f"{_say_lines(bad)} shorter than {width} columns: the missing cells are read as empty"
            return table, [note]
    except duckdb.Error as error:
        why = str(error).strip().splitlines()[0].removeprefix("Invalid Input Error: ")
        raise NotATable(f"{label} cannot be read as CSV: {why}") from None
    bad = [row for row in bad if row[1] != "MISSING COLUMNS"]
    counts = sorted({int(n) for *_, text in bad for n in re.findall(r"Found: (\d+)", text)})
    more = f" (found {', '.join(map(str, counts))})" if counts else ""
    mend = "put values that hold the separator or a quotation mark in quotes, or export again"
    raise NotATable(f"{label}: {_say_lines(bad)} not split into the {width} columns of the header{more}: {mend}")


def _refuse_nameless(table: duckdb.DuckDBPyRelation, named: int, width: int, separator: str, label: str) -> None:
    """Refuse values to the right of the last name: a decimal comma may have split a number, and moved what follows."""
    if width == named:
        return
    cells = [duckdb.ColumnExpression(f"c{i}") for i in range(named, width)]
    filled = duckdb.FunctionExpression("concat", *cells)
    blank = duckdb.ConstantExpression("")
    extra = table.filter(duckdb.FunctionExpression("trim", filled) != blank)
    count = len(extra)
    if not count:
        return
    shown = separator.join(cell or "" for cell in extra.limit(1).fetchall()[0][:width])[:80]
    mend = "name the last columns in the header, or take them out"
    if separator == ",":
        mend = "is it a decimal comma, which splits a number in two? Export with ; between the columns, or " + mend
    rows = "1 row has" if count == 1 else f"{count:,} rows have"
    raise NotATable(
        f"{label}: the header names {named} columns, and {rows} values beyond them, such as {shown}: {mend}"
    )


def _prove_rows(path: Path, separator: str, skip: int, found: int, label: str) -> None:
    """Count the rows below the header by another reader; NotATable unless as many were read, blank lines aside."""
    rows = 0
    blank = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file, delimiter=separator)):
                if number >= skip:
                    rows += 1
                    blank += not any(row)
    except csv.Error as error:
        says = f"{label}: row {skip + rows + 1:,} cannot be read ({error})"
        raise NotATable(f"{says}: is there a quotation mark without a pair, or a cell of many pages?") from None
    if found not in (rows, rows - blank):
        says = f"{label} has {rows - blank:,} rows below the header, and {found:,} of them can be read"
        raise NotATable(f"{says}: a line of millions of characters, or a quotation mark without a pair?")


def _say_lines(bad: Sequence[tuple[int, str, str]]) -> str:
    places = sorted({line for line, *_ in bad})
    shown = ", ".join(f"{line:,}" for line in places[:SHOWN]) + (", …" if len(places) > SHOWN else "")
    return f"line {shown} is" if len(places) == 1 else f"{len(places):,} lines ({shown}) are"


def _ends_in_line(path: Path) -> bool:
    """Say whether the last line of a file has an end, so that it is counted among the line ends."""
    with path.open("rb") as file:
        file.seek(-1, io.SEEK_END)
        return file.read(1) == b"\n"


def _find_encoding(path: Path, said: str | None) -> tuple[str, int]:
    """Find the encoding from the byte order mark and all bytes of a file, and count its line ends.

    `said` is the encoding that columns.yml names.
    """
    with path.open("rb") as file:
        start = file.read(4096)
        marked = next((name for mark, name in MARKS if start.startswith(mark)), None)
        if b"\0" in start and not marked:
            marked = "utf-16-le" if start[1::2].count(b"\0") > start[::2].count(b"\0") else "utf-16-be"
        file.seek(0)
        if said:
            wrong = f"{path.name} is not in the encoding {said}: correct `encoding:`"
            return said, _count_ends(file, said, wrong)
        if marked and "16" in marked:
            unknown = f"{path.name} is no text, or in an encoding that is not known: export it as CSV UTF-8"
            return marked, _count_ends(file, marked, unknown)
        ends, beyond = _read_utf8(file, path.name)
    if beyond is None:
        return marked or "utf-8", ends
    return _judge_bytes(beyond, path.name), ends


def _count_ends(file: BinaryIO, encoding: str, problem: str) -> int:
    """Count the line ends of a file in an encoding; NotATable with `problem` if it is in another one."""
    chunks = iter(lambda: file.read(CHUNK), b"")
    try:
        return sum(text.count("\n") for text in codecs.iterdecode(chunks, encoding))
    except (UnicodeError, LookupError):
        raise NotATable(problem) from None


def _read_utf8(file: BinaryIO, label: str) -> tuple[int, bytes | None]:
    """Count the line ends of a file; also return bytes from where it is no UTF-8 on, or None if all of it is."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    ends = 0
    beyond = b""
    is_sound = True
    while chunk := file.read(CHUNK):
        ends += chunk.count(b"\n")
        if is_sound:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_sound = False
        if not is_sound and len(beyond) < CHUNK:
            beyond += chunk
    if is_sound and decoder.getstate()[0]:
        raise NotATable(f"{label} breaks off in the middle of a letter: it was cut off, so copy or export it again")
    return ends, None if is_sound else beyond


def _judge_bytes(data: bytes, label: str) -> str:
    """Accept bytes as cp1251 only if they make Cyrillic words: in cp1252 the same bytes are letters such as ü and é."""
    text = data.decode("cp1251", errors="replace")
    pairs = len(re.findall("[А-яЁё]{2}", text))
    mixed = len(re.findall("[A-Za-z][А-яЁё]|[А-яЁё][A-Za-z]", text))
    upside = len(re.findall(r"\b[а-яё][А-ЯЁ]{2}", text))  # КОИ-8 read as cp1251
    odd = len(re.findall("[\u0402-\u040f\u0452-\u045f\ufffd]", text))
    is_cyrillic = pairs > 3 * (mixed + upside + odd)
    has_no_letters = not re.search(r"[^\x00-\x7f\xa0]", text)  # nothing but ASCII and no-break spaces
    if is_cyrillic or has_no_letters:
        return "cp1251"
    mend = "save it from Excel as 'CSV UTF-8', or say `encoding:` in columns.yml, for example cp1252 or cp866"
    raise NotATable(f"{label} is neither in UTF-8 nor, by its letters, in cp1251: {mend}")


def _transcode(space: Space, path: Path, encoding: str) -> Path:
    target = space.folder / f"{space.make_name('text')}.csv"
    with path.open(encoding=encoding, newline="") as source, target.open("w", encoding="utf-8", newline="") as copy:
        while chunk := source.read(CHUNK):
            copy.write(chunk)
    return target


def _split(head: str, separator: str) -> tuple[list[list[str]], list[int]]:
    """Split the beginning of a file into rows, with the line on which each ends."""
    reader = csv.reader(io.StringIO(head, newline=""), delimiter=separator)
    rows = []
    lines = []
    try:
        for row in reader:
            rows.append(row)
            lines.append(reader.line_num)
    except csv.Error:
        pass
    cut = -1 if len(head) >= HEAD and len(rows) > 1 else None
    return rows[:cut], lines[:cut]


def _find_separator(head: str) -> str:
    """Find the separator that gives most lines the same number of columns, at least two."""
    best = ","
    most = 0.0
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in _split(head, separator)[0] if row)
        wide = {width: n for width, n in widths.items() if width > 1}
        share = max(wide.values(), default=0) / max(widths.total(), 1)
        if share > most + 1e-9:
            best = separator
            most = share
    return best
