"""Keeps personal data out of reports: phone numbers, e-mail addresses, and cells so small that they show a person."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from loyalty.tables.check import TableError

SMALL = 5  # customers below which a cell is not shown
FEW = f"<{SMALL}"
MAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
PHONE = re.compile(r"(?<!\w)(\+\d[\d\s().-]{8,17}\d|\(?\d{3,4}\)[\s.-]*\d{3}[\s.-]*\d{2}[\s.-]*\d{2}|\d{10,12})(?!\w)")


def looks_personal(values: pd.Series) -> bool:
    """Say whether any value of a column looks like a phone number or an e-mail address.

    On the safe side: a number of 10 to 12 digits may be a phone. Card numbers of 13 or 16 digits are not.

    Examples
    --------
    >>> looks_personal(pd.Series(["+7 916 123-45-67", "K-17"])), looks_personal(pd.Series([2770000123456]))
    (True, False)
    """
    known = values.dropna().drop_duplicates()
    if values.dtype.kind in "bMm":
        return False
    if pd.api.types.is_float_dtype(values):  # whole numbers beside an empty cell
        whole = known[known.abs() < 1e15]
        known = whole.astype("int64") if (whole % 1 == 0).all() else whole.head(0)
    distinct = known.astype("str")
    return bool(distinct.map(lambda text: bool(MAIL.search(text) or PHONE.search(text))).any())


def hide_personal(text: str) -> str:
    """Take phones and e-mails out of a sentence.

    Examples
    --------
    >>> hide_personal("2 rows twice, such as anna@example.org and 79161234567")
    '2 rows twice, such as … and …'
    """
    return PHONE.sub("…", MAIL.sub("…", text))


def hash_ids(values: pd.Series) -> tuple[pd.Series, str]:
    """Replace ids by keyed hashes, the same for the same id and key; also return where the key was found.

    The key is the environment variable LOYALTY_KEY (16 characters or more), else a file in the user's own
    configuration folder, made at first use. The key is not in the project, so that a person who gets the project or a
    report cannot try out phone numbers. A person who has the key can: hashes do not protect ids from the key's owner.

    Parameters
    ----------
    values : pandas.Series
        Ids, text or whole numbers; empty ones stay empty.

    Returns
    -------
    tuple of (pandas.Series of str, str)
        "id-" and 20 letters; and the place of the key in words.

    Raises
    ------
    TableError
        The key is too short, or the key file cannot be made.

    Source: HMAC, RFC 2104, with SHA-256.
    """
    key, place = _find_key()
    distinct = values.dropna().drop_duplicates()
    hashed = {v: "id-" + hmac.new(key, str(v).encode(), hashlib.sha256).hexdigest()[:20] for v in distinct}
    return values.map(hashed).astype("str"), place


def _find_key() -> tuple[bytes, str]:
    given = os.environ.get("LOYALTY_KEY", "")
    if given:
        if len(given) < 16:
            says = "LOYALTY_KEY should have 16 characters or more: phone numbers are easy to try out"
            raise TableError([says], "key")
        return given.encode(), "the environment variable LOYALTY_KEY"
    path = config_folder() / "key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        key = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        says = f"the key file {path.name} cannot be kept in your configuration folder ({error.strerror})"
        raise TableError([f"{says}: set LOYALTY_KEY to a text of 16 characters or more"], "key") from None
    if len(key) < 16:
        raise TableError(["the key file in your configuration folder is damaged: delete it, or set LOYALTY_KEY"], "key")
    return key.encode(), "the key file in your configuration folder"


def config_folder() -> Path:
    """Return the folder of this user's settings, outside the project, by the custom of the system."""
    if os.name == "nt":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    return base / "loyalty-workshop"


def suppress_small(
    table: pd.DataFrame, counts: Sequence[str], keep: Sequence[str], told: Sequence[str] = ()
) -> pd.DataFrame:
    """Suppress small cells: hide every row of fewer than five customers, and a second row if only one is hidden.

    The reader knows the total of all customers. A single hidden row could be found by subtraction, so the smallest of
    the others is hidden with it (secondary suppression). Several tables with the same totals are not protected:
    together they may tell more.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a group.
    counts : sequence of str
        Columns with numbers of customers; 0 is no person and hides nothing.
    keep : sequence of str
        Columns that stay, such as the group's name.
    told : sequence of str
        Groups, by the first column of `keep`, that the reader knows from elsewhere: to hide them hides nothing.

    Returns
    -------
    pandas.DataFrame
        A copy: `counts` of hidden rows are "<5" (or "hidden" for the row hidden with it), other columns are empty.

    Examples
    --------
    >>> sizes = pd.DataFrame({"segment": ["a", "b", "c"], "customers": [3, 40, 90], "sales": [1.0, 2.0, 3.0]})
    >>> suppress_small(sizes, ["customers"], ["segment"])["customers"].tolist()
    ['<5', 'hidden', 90]
    """
    sizes = table[list(counts)].astype("float64")
    few = ((sizes > 0) & (sizes < SMALL)).any(axis=1)
    also = pd.Series(False, index=table.index)
    free = ~few & (sizes > 0).any(axis=1) & ~table[keep[0]].isin(told)
    rest = sizes[free].min(axis=1)
    if few.sum() == 1 and rest.size:
        also[rest.idxmin()] = True
    hidden = few | also
    shown = table.copy()
    if not hidden.any():
        return shown
    for name in shown.columns.difference(list(keep)):
        mark = few.map({True: FEW, False: "hidden"}) if name in counts else None
        shown[name] = shown[name].astype(object).where(~hidden, mark)
    return shown
