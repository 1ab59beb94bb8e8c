"""Records of several sources in one table, their names, phones, e-mails and dates in one form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from loyalty.prepare.identity.first_names import find_roots, guess_name, is_known, spell_latin
from loyalty.prepare.identity.values import (
    normalise_birth_date,
    normalise_email,
    normalise_phone,
    normalise_postcode,
)
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.flags import read_flags
from loyalty.tables.sources import AnyTable, NotATable, as_frame
from loyalty.text import count_of, list_few

FIELDS = ("first_name", "last_name", "birth_date", "postcode", "phone", "email")
KEY = ("source", "record_id")
NAMES = ("first_name", "first_root", "second_root", "is_known", "last_name")
FORMS = {
    "birth_date": "write them as 1984-03-07, or 07.03.1984",
    "phone": "is `region` right? It is {region!r}",
    "email": "an address such as ann@example.com is meant",
    "postcode": "letters and digits are meant",
}
DIFFERENT = 3  # values; of fewer, such as one placeholder in all rows, it is no wonder that none can be read
COLUMNS = (*KEY, *NAMES, "birth_date", "postcode", "phone", "email", "consent")


@check_arguments
def normalise_records(
    tables: Mapping[str, AnyTable],
    *,
    ids: Mapping[str, str] | None = None,
    region: str = "US",
    day_first: bool = False,
    nicknames: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Put the records of several sources into one table, each value in one form, so that they can be compared.

    A value that cannot be read becomes NA, not a guess; a column of which nothing can be read is refused. The result
    holds personal data: link it, seal the links with `seal_links`, and delete it.

    Parameters
    ----------
    tables : mapping of source to table
        One row a record. Known columns: first_name, last_name, or `name` (both in one field, in either order);
        birth_date, postcode, phone, email (all text, as typed); consent. At least one of the first six.
    ids : mapping of source to column, optional
        The column with the record's id; else the first whose name ends with `_id`.
    region : str
        The country whose phones are written without its code: two letters, such as US.
    day_first : bool
        Whether 07/03/1984 is 7 March; else 3 July.
    nicknames : mapping of short form to full name, optional
        Beside the list that is built in.

    Returns
    -------
    pandas.DataFrame
        source, record_id (text); first_name (Latin letters), first_root (the full name to which it belongs),
        second_root (of a form of two names the other, else the first again), is_known (whether the name is in the
        list); last_name (from the e-mail, where a source has none); birth_date (1984-03-07), postcode, phone
        (+12125552345), email, consent (NA: not known). Sorted by source and record_id.

    Raises
    ------
    TableError
        With all problems: no id, an id that is empty or stands twice, no column to compare, a column that is nearly
        named like one (`Phone`), consent in other words than yes and no, an unknown country. Then with all columns of
        which no value can be read: dates in words, phones of another country.

    Examples
    --------
    >>> cards = pd.DataFrame({"card_id": [7], "first_name": ["Robert"], "phone": ["(212) 555-2345"]})
    >>> app = pd.DataFrame({"app_id": ["a1"], "first_name": ["Bob"], "phone": ["1-212-555-2345"]})
    >>> records = normalise_records({"cards": cards, "app": app})
    >>> records[["source", "record_id", "first_root", "phone"]]
      source record_id first_root         phone
    0    app        a1     robert  +12125552345
    1  cards         7     robert  +12125552345

    Source: Christen (2012), Data Matching, chapter 3 (cleaning before linkage).
    """
    frames, problems = _read_tables(tables, ids or {})
    problems += _find_unknown_region(region)
    if problems:
        raise TableError(problems, "normalise_records")
    reads: dict[str, Callable[[str], str | None]] = {
        "birth_date": lambda text: normalise_birth_date(text, day_first=day_first),
        "postcode": normalise_postcode,
        "phone": lambda text: normalise_phone(text, region),
        "email": normalise_email,
    }
    parts = []
    unread = []
    for source, frame in frames.items():
        part = frame[["record_id"]].assign(source=source)
        for column, read in reads.items():
            part[column] = _map_values(frame, column, read)
            unread += _find_unread(source, frame, part[column], region)
        for column in ("first_name", "last_name"):
            part[column] = _map_values(frame, column, lambda text: spell_latin(text) or None)
        part["name"] = _map_values(frame, "name", _read_name)
        part["consent"] = _read_consent(frame)
        parts.append(part)
    if unread:
        raise TableError(unread, "normalise_records")
    records = _split_names(pd.concat(parts, ignore_index=True))
    records = _add_last_names(records)
    records = _add_roots(records, nicknames or {})
    return records[list(COLUMNS)].sort_values(list(KEY), ignore_index=True)


def _read_tables(tables: Mapping[str, Any], ids: Mapping[str, str]) -> tuple[dict[str, pd.DataFrame], list[str]]:
    """Read each source as a frame with the text column record_id; list what is wrong."""
    if not isinstance(tables, Mapping) or not tables:
        return {}, ["there is no table: give each source a name, such as {'cards': cards}"]
    problems = [f"`ids` names {source!r}, which is no source" for source in ids if source not in tables]
    frames = {}
    for source, table in tables.items():
        if not isinstance(source, str) or not source:
            problems.append(f"the name of a source should be a text, found {source!r}")
            continue
        try:
            frame = as_frame(table)
        except (NotATable, TableError) as error:
            problems.append(f"{source}: {error}")
            continue
        column = ids.get(source) or next((name for name in frame.columns if str(name).endswith("_id")), None)
        found = _find_problems(frame, column)
        problems += [f"{source}: {text}" for text in found]
        if not found:
            frames[source] = frame.assign(record_id=write_ids(frame[column]))
    return frames, problems


def find_lists(table: pd.DataFrame, columns: Iterable[str], name: str) -> list[str]:
    """Say which columns hold lists, or other things that are no single value."""
    kinds = (list, tuple, dict, set, np.ndarray)
    return [
        f"`{column}` of {name} holds lists: one value a cell is needed"
        for column in columns
        if column in table and table[column].dtype == object and table[column].map(lambda v: isinstance(v, kinds)).any()
    ]


def _find_problems(frame: pd.DataFrame, column: Any) -> list[str]:
    if frame.columns.has_duplicates:
        return ["a column stands twice"]
    if column is None or column not in frame:
        named = f"`{column}`" if column else "whose name ends with _id"
        return [f"there is no column {named}: name the records' ids with `ids`"]
    problems = find_lists(frame, (column, *FIELDS, "name"), "it")
    if problems:
        return problems
    if not {*FIELDS, "name"} & set(frame.columns):
        problems.append(f"there is nothing to compare: it needs one of {', '.join((*FIELDS, 'name'))}")
    problems += _find_misnamed(frame, column)
    if "consent" in frame:
        problems += find_strange_consent(frame["consent"])
    values = write_ids(frame[column])
    empty = int((values.isna() | (values == "")).sum())
    if empty:
        problems.append(f"{count_of(empty, 'record')} without `{column}`")
    twice = values[values.duplicated() & values.notna()].drop_duplicates()
    if len(twice):
        problems.append(f"{count_of(len(twice), 'value')} of `{column}` more than once, such as {list_few(twice, 3)}")
    return problems


def _find_misnamed(frame: pd.DataFrame, id_column: Any) -> list[str]:
    """Say which columns would be left out only because of capitals or signs: `E-mail` in the place of `email`."""
    plain = {re.sub(r"[\W_]", "", name): name for name in (*FIELDS, "name", "consent")}
    found = []
    for column in frame.columns:
        meant = plain.get(re.sub(r"[\W_]", "", str(column)).casefold())
        if meant and meant not in frame and column != id_column:
            found.append(f"`{column}` would not be read: rename it `{meant}`")
    return found


def find_strange_consent(values: pd.Series) -> list[str]:
    """Say which words of a column of consent are neither yes nor no: nobody may be joined by a word not understood.

    Examples
    --------
    >>> print(*find_strange_consent(pd.Series(["yes", "opt-out", None])))
    `consent` holds 'opt-out' in 1 row, which is neither yes nor no: write yes or no, and leave empty what is unknown
    """
    strange = values[read_flags(values).isna() & values.notna() & (values.astype("str").str.strip() != "")]
    if strange.empty:
        return []
    words = list_few([repr(one) for one in strange.astype("str").drop_duplicates()], 3)
    where = f"{words} in {count_of(len(strange), 'row')}, which is neither yes nor no"
    return [f"`consent` holds {where}: write yes or no, and leave empty what is unknown"]


def _find_unread(source: str, frame: pd.DataFrame, read: pd.Series, region: str) -> list[str]:
    """Say whether a column has values, several of them different, and none could be read."""
    column = str(read.name)
    if column not in frame or read.notna().any():
        return []
    written = write_ids(frame[column]).dropna()
    known = written[written != ""].drop_duplicates()
    if len(known) < DIFFERENT:
        return []
    advice = FORMS[column].format(region=region)
    return [f"{source}: no value of `{column}` can be read, such as {known.iloc[0]!r}: {advice}"]


def write_ids(values: pd.Series) -> pd.Series:
    """Write ids as text; whole numbers that became floats beside empty cells are written without `.0`.

    Examples
    --------
    >>> write_ids(pd.Series([7.0, None])).tolist(), write_ids(pd.Series([7.0, "a"])).tolist()
    (['7', nan], ['7', 'a'])
    """
    if pd.api.types.is_float_dtype(values):
        known = values.dropna()
        if np.isfinite(known).all() and (known % 1 == 0).all():
            values = values.astype("Int64")
    elif values.dtype == object:
        values = values.map(lambda one: int(one) if isinstance(one, float) and one.is_integer() else one)
    return values.astype("str").where(values.notna()).str.strip()


def _find_unknown_region(region: str) -> list[str]:
    import phonenumbers

    if region in phonenumbers.SUPPORTED_REGIONS:
        return []
    return [f"region should be a country in two capital letters, such as US or GB; found {region!r}"]


def _map_values(frame: pd.DataFrame, column: str, read: Callable[[str], str | None]) -> pd.Series:
    """Read each distinct value of a column once, as text."""
    if column not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="str")
    texts = write_ids(frame[column])
    known = texts.dropna().drop_duplicates()
    return texts.map({text: read(text) for text in known}).astype("str")


def _read_name(text: str) -> str | None:
    """Read first and last name in one field; the comma in `Lee, Robert` tells which is which: `robert|lee`."""
    last, _, first = (spell_latin(part) for part in text.partition(","))
    if first and last:
        return f"{first}|{last}"
    return first or last or None


def _read_consent(frame: pd.DataFrame) -> pd.Series:
    if "consent" not in frame:
        return pd.Series(pd.NA, index=frame.index, dtype="boolean")
    return read_flags(frame["consent"]).astype("boolean")


def _split_names(records: pd.DataFrame) -> pd.DataFrame:
    """Split `name` into first and last, whichever order it has: the columns of all sources tell which word is which.

    A word counts as a first name as often as it stands in a column of first names, and as a last name likewise. Where
    nothing is known the first word is the first name.
    """
    written = records["name"].dropna()
    sure = written[written.str.contains("|", regex=False)]
    sure_words = _split_words(sure, "|")
    words = _split_words(written[written.str.contains(" ") & ~written.index.isin(sure.index)], " ")
    single = written[~written.index.isin(sure.index) & ~written.index.isin(words.index)]
    as_first = records["first_name"].value_counts()
    as_last = records["last_name"].value_counts()

    def lean(column: pd.Series) -> np.ndarray:
        known = column.map(is_known).to_numpy(float)
        first = as_first.reindex(column).fillna(0).to_numpy(float) + known
        last = as_last.reindex(column).fillna(0).to_numpy(float)
        return np.asarray(np.log((first + 0.5) / (last + 0.5)))

    turned = lean(words[1]) > lean(words[0]) + 1e-9
    first = pd.concat([words[0].where(~turned, words[1]), sure_words[0]])
    last = pd.concat([words[1].where(~turned, words[0]), sure_words[1], single])
    return records.assign(
        first_name=records["first_name"].fillna(first.reindex(records.index)).astype("str"),
        last_name=records["last_name"].fillna(last.reindex(records.index)).astype("str"),
    )


def _add_roots(records: pd.DataFrame, nicknames: Mapping[str, str]) -> pd.DataFrame:
    """Add the full names of each first name; a form of two names has a second root, the others the first again."""
    own = {spell_latin(short): spell_latin(full) for short, full in nicknames.items()}
    counts = records["first_name"].value_counts().to_dict()
    meant = {name: name if name in own or is_known(name) else guess_name(name, counts) for name in counts}
    roots = {name: find_roots(own.get(right, right)) for name, right in meant.items()}
    listed = {name: name in own or is_known(name) for name in counts}
    return records.assign(
        first_root=records["first_name"].map({name: found[0] for name, found in roots.items()}).astype("str"),
        second_root=records["first_name"].map({name: found[-1] for name, found in roots.items()}).astype("str"),
        is_known=records["first_name"].map(listed).fillna(False).astype(bool),
    )


def _add_last_names(records: pd.DataFrame) -> pd.DataFrame:
    """Where a source has no last name, read it from the e-mail, if a word of it is the last name of other records."""
    counts = records["last_name"].value_counts()
    names = set(counts[counts > 1].index)
    rows = records[records["last_name"].isna() & records["email"].notna()]
    found = [
        _find_last_name(email, first, names)
        for email, first in zip(rows["email"], rows["first_name"].fillna(""), strict=True)
    ]
    read = pd.Series(found, index=rows.index, dtype="str")
    return records.assign(last_name=records["last_name"].fillna(read.reindex(records.index)).astype("str"))


def _find_last_name(email: str, first: str, names: set[str]) -> str | None:
    """The last name in an address such as robert.lee80@ or rlee@; None where no word is one."""
    for word in re.split(r"[^a-z]+", email.split("@")[0]):
        if len(word) > 2 and word in names and word != first:
            return word
        if len(word) > 4 and first[:1] == word[:1] and word[1:] in names:
            return word[1:]
    return None


def _split_words(names: pd.Series, sign: str) -> pd.DataFrame:
    """Split at the first sign into two columns of text."""
    if names.empty:
        return pd.DataFrame({0: names, 1: names})
    return names.str.split(sign, n=1, expand=True)
