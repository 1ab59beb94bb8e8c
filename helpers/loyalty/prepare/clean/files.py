"""Read the files of a till system: one CSV a month, semicolons, decimal comma, day first, in whatever encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from loyalty.tables.check import TableError

NAMES = {
    "store": "store_id",
    "till": "till_id",
    "receipt": "basket_id",
    "line": "line_no",
    "card": "customer_id",
    "product": "product_id",
    "amount": "sales",
}
NEEDED = ("date", "time", "card", "amount")
MONEY = ("amount", "discount", "quantity")
WHOLE = ("store", "till", "receipt", "line", "product")


def read_till_files(files: Sequence[str | Path] | str | Path) -> pd.DataFrame:
    """Read the CSV files of a till system as one table, with the file and line that each row comes from.

    Nothing is repaired, only read: an encoding is no fault, a wrong date is one. Not for files of any shape:
    `loyalty.load_tables` finds separators, headers and columns by itself.

    Parameters
    ----------
    files : paths, or the path of a folder
        Columns separated by semicolons: date (31.12.2023), time, card, amount (decimal comma); store, till, receipt,
        line, product, quantity, discount, kind, channel, cashier where there are.

    Returns
    -------
    pandas.DataFrame
        customer_id (text), time, sales and the others under the names of the contract `receipts`; `file`, `file_line`
        (the header is line 1) and `file_month` (first day of the month of most of its dates). `.attrs["encodings"]`
        says how each file was read.

    Raises
    ------
    TableError
        With all problems of all files: none there, columns missing, dates or numbers that cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "receipts.csv"
    ...     _ = path.write_text("date;time;card;amount" + chr(10) + "05.03.2023;10:00:00;27001;12,50", encoding="utf-8")
    ...     read_till_files([path])[["customer_id", "sales", "file_line"]]
      customer_id  sales  file_line
    0       27001   12.5          2
    """
    paths = _list_files(files)
    problems: list[str] = []
    encodings = {}
    tables = []
    for path in paths:
        table, encoding = _read_file(path, problems)
        encodings[path.name] = encoding
        tables.append(table)
    if problems:
        raise TableError(problems, "till files")
    lines = pd.concat(tables, ignore_index=True)
    lines.attrs["encodings"] = encodings
    return lines


def _list_files(files: Sequence[str | Path] | str | Path) -> list[Path]:
    given = [files] if isinstance(files, str | Path) else list(files) if isinstance(files, Sequence) else []
    if isinstance(files, bytes) or not given or not all(isinstance(path, str | Path) for path in given):
        raise TableError([f"files should be paths, or the path of a folder, found {str(files)[:40]!r}"], "till files")
    paths = []
    for path in map(Path, given):
        inside = [one for one in path.iterdir() if one.suffix.lower() == ".csv"] if path.is_dir() else [path]
        paths += sorted(inside)
    missing = [f"there is no file {path.name}" for path in paths if not path.is_file()]
    if missing or not paths:
        raise TableError(missing or ["the folder holds no .csv file"], "till files")
    return paths


def _read_file(path: Path, problems: list[str]) -> tuple[pd.DataFrame, str]:
    """Read one file as text, then type its columns; what cannot be read goes to the problems."""
    content = path.read_bytes()
    encoding = "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        encoding = "cp1251"  # gives each byte a letter: names may come out wrong, numbers cannot
        text = content.decode(encoding, errors="replace")
    raw = _split(path, text, problems)
    if raw is None:
        return pd.DataFrame(), encoding
    absent = [name for name in NEEDED if name not in raw]
    if absent:
        found = ", ".join(map(str, raw.columns[:12]))
        problems.append(f"{path.name}: there is no column {', '.join(absent)}; found: {found}")
        return pd.DataFrame(), encoding
    table = pd.DataFrame(
        {name: _type_column(path, raw, name, problems) for name in raw if name not in ("date", "time")}
    )
    moment = raw["date"].str.strip() + " " + raw["time"].str.strip()
    time = pd.to_datetime(moment, format="%d.%m.%Y %H:%M:%S", errors="coerce").astype("datetime64[us]")
    _tell_unread(path, moment, time.isna(), "day first, such as 31.12.2023 18:05:00", problems)
    table.insert(0, "time", time)
    months = time.dropna().dt.to_period("M").mode()
    table = table.assign(file=path.name, file_line=raw.index.to_numpy())
    table["file_month"] = pd.Series(months.iloc[0].start_time if len(months) else pd.NaT, table.index, "datetime64[us]")
    return table.rename(columns=NAMES), encoding


def _split(path: Path, text: str, problems: list[str]) -> pd.DataFrame | None:
    """Split the lines of a file into columns; None, and a problem, where a line has more fields than the headers."""
    rows = csv.reader(io.StringIO(text), delimiter=";", strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for fields in rows:
            lines.append((rows.line_num, fields))
    except csv.Error as error:
        problems.append(
            f"{path.name}: line {rows.line_num} cannot be read ({error}): a quotation mark that is not closed?"
        )
        return None
    filled = [(number, fields) for number, fields in lines if any(field.strip() for field in fields)]
    if len(filled) < 1 or "\0" in text:
        says = "it is empty" if not filled else "it is no text in UTF-8 or cp1251: save it as CSV once more"
        problems.append(f"{path.name}: {says}")
        return None
    headers = [name.strip() for name in filled[0][1]]
    while headers and not headers[-1]:
        headers.pop()
    body = filled[1:]
    long = [number for number, fields in body if any(field.strip() for field in fields[len(headers) :])]
    short = [number for number, fields in body if len(fields) < len(headers)]
    for numbers, says in ((long, "more"), (short, "fewer")):
        if numbers:
            shown = ", ".join(str(number) for number in numbers[:3])
            problems.append(f"{path.name}: {len(numbers):,} lines have {says} fields than the headers (line {shown})")
    if long or short:
        return None
    return pd.DataFrame(
        [fields[: len(headers)] for _, fields in body],
        columns=headers,
        index=[number for number, _ in body],
        dtype="str",
    )


def _type_column(path: Path, raw: pd.DataFrame, name: str, problems: list[str]) -> pd.Series:
    text = raw[name].str.strip()
    if name not in (*MONEY, *WHOLE):
        return text.mask(text == "")
    mixed = text.str.contains(".", regex=False) & text.str.contains(",", regex=False).any()
    numbers = pd.to_numeric(text.str.replace(",", ".").mask(mixed), errors="coerce")
    _tell_unread(path, text, numbers.isna() & (text != ""), "a number such as 12,50", problems, name)
    if name == "amount":
        _tell_unread(path, text, text == "", "an amount", problems, name)
    if name in MONEY:
        return numbers
    is_whole = (numbers.dropna() % 1 == 0).all()
    return numbers.astype("Int64") if is_whole else text


def _tell_unread(
    path: Path, text: pd.Series, unread: pd.Series, wanted: str, problems: list[str], name: str = "date and time"
) -> None:
    if unread.any():
        lines = ", ".join(str(number) for number in text.index[unread][:3])
        shown = text[unread].iloc[0]
        many = f"1 line ({lines})" if unread.sum() == 1 else f"{unread.sum():,} lines ({lines})"
        problems.append(f"{path.name}: {name} cannot be read in {many}, such as {shown!r}: expected {wanted}")
