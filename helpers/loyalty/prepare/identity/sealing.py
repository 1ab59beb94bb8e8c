"""Sealing: after the linkage only ids and keyed hashes stay (pseudonymisation), and the key is kept elsewhere."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Literal

import pandas as pd

from loyalty.prepare.identity.links import RecordLinks
from loyalty.prepare.identity.records import KEY
from loyalty.prepare.identity.rules import FREQUENT, find_consent, find_key_problems, hide_frequent
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.keys import SHORTEST, find_key
from loyalty.tables.personal import looks_personal
from loyalty.text import count_of

SEALED: tuple[Literal["phone", "email"], ...] = ("phone", "email")


@check_arguments
def seal_links(
    links: RecordLinks,
    records: pd.DataFrame,
    *,
    key: str | None = None,
    fields: Sequence[Literal["phone", "email"]] = SEALED,
    frequent: int = FREQUENT,
) -> pd.DataFrame:
    """Seal links: what stays are the ids, the person, and keyed hashes of phone and e-mail (HMAC with SHA-256).

    Delete the records after this. A hash without a key is no protection: there are so few phone numbers that all of
    them can be hashed and looked up. A keyed hash finds the same value again, in your own later files or in those of a
    partner who has the key, and never a similar one. So link first. Hashes are still personal data in law, as long as
    somebody has the key (pseudonyms).

    Two kinds of values get no hash: a placeholder, because who joins on its hash makes one person of many, and what
    belongs to a record without consent, because nobody may find that record in another list.

    Parameters
    ----------
    links : RecordLinks
    records : pandas.DataFrame
        As `normalise_records` made them; the same values are hashed, so that others can repeat it.
    key : str, optional
        16 characters or more; else the environment variable LOYALTY_KEY, or the key file in your configuration
        folder. It is written nowhere.
    fields : sequence of str
        What is hashed: phone, email.
    frequent : int
        A phone or e-mail of more records of one source is a placeholder, as in `link_records`.

    Returns
    -------
    pandas.DataFrame
        source, record_id, person, and phone_hash and email_hash (64 signs; NA where there is no value, a placeholder,
        or no consent; where the records do not say, everybody counts as asked).

    Raises
    ------
    TableError
        A short key, `frequent` below 1, records that the links do not know, a field that the records do not have.

    Examples
    --------
    >>> from loyalty.prepare.identity import match_exact
    >>> records = pd.DataFrame({"source": "app", "record_id": ["a", "b"], "email": ["ann@example.com", None]})
    >>> sealed = seal_links(match_exact(records, ["email"]), records, key="a word that nobody knows", fields=["email"])
    >>> sealed["email_hash"].str.len().tolist(), list(sealed.columns)
    ([64.0, nan], ['source', 'record_id', 'person', 'email_hash'])

    Source: HMAC is RFC 2104; on pseudonyms see ENISA (2019), Pseudonymisation techniques and best practices.
    """
    problems = find_key_problems(records)
    problems += [f"the records have no `{name}`" for name in fields if name not in records]
    if key is not None and len(key) < SHORTEST:
        problems.append(f"the key should have {SHORTEST} characters or more, found {len(key)}")
    if "record_id" in records and looks_personal(records["record_id"]):
        problems.append(
            "`record_id` holds phones, e-mails or payment cards, and stays as it is: give records other ids"
        )
    problems += [] if frequent >= 1 else [f"frequent should be 1 or more, found {frequent}"]
    if not problems:
        kinds = dict.fromkeys(KEY, "str")
        known = links.people[list(KEY)].astype(kinds).merge(records[list(KEY)].astype(kinds), on=list(KEY))
        missing = len(links.people) - len(known)
        if missing:
            problems.append(f"the links have {count_of(missing, 'record')} that are not among the records")
    if problems:
        raise TableError(problems, "seal_links")
    secret = key.encode() if key is not None else find_key()[0]
    known = hide_frequent(records, frequent)[0]
    agreed = find_consent(records)
    sealed = records[[*KEY, *fields]].astype(dict.fromkeys(KEY, "str"))
    for name in fields:
        sealed[f"{name}_hash"] = _hash_values(known[name] if agreed is None else known[name].where(agreed), secret)
    people = links.people.astype(dict.fromkeys(KEY, "str"))
    columns = [*KEY, "person", *(f"{name}_hash" for name in fields)]
    return people.merge(sealed, on=list(KEY), how="left")[columns]


def _hash_values(values: pd.Series, key: bytes) -> pd.Series:
    known = values.dropna().drop_duplicates()
    codes = {value: hmac.new(key, str(value).encode(), hashlib.sha256).hexdigest() for value in known}
    return values.map(codes).astype("str")
