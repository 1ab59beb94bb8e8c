"""Deterministic rules: records belong together where they agree exactly (exact matching)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from loyalty.prepare.identity.links import RecordLinks, empty_pairs, number_people
from loyalty.prepare.identity.records import COLUMNS, FIELDS, KEY, find_lists, find_strange_consent
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.flags import read_flags
from loyalty.text import count_of

NAMES = (*FIELDS, "first_root")
FREQUENT = 6
WEIGHTS = ("field", "level", "m", "u", "bits")


@check_arguments
def match_exact(
    records: pd.DataFrame,
    rules: Sequence[str | Sequence[str]],
    *,
    frequent: int | None = None,
) -> RecordLinks:
    """Join records that agree exactly in all fields of a rule; several rules join what any of them joins.

    Not safe by itself: a rule of the phone alone makes one person of everybody behind a placeholder phone, and of a
    family. Grade it with `grade_links` before you use it.

    Parameters
    ----------
    records : pandas.DataFrame
        As `normalise_records` makes them; other fields work too, as text.
    rules : sequence of str, or of sequences of str
        Each rule is a field, or several that must all agree, such as ["email", ("first_root", "phone")]. An empty
        field agrees with nothing.
    frequent : int, optional
        A phone or e-mail that more records of one source share counts as empty: it is a placeholder. Without it
        nothing is left out.

    Returns
    -------
    RecordLinks
        Without pairs and weights; its warnings name the largest group where it is no person.

    Raises
    ------
    TableError
        With all problems: a field that there is not, no rule, records without source and record_id.

    Examples
    --------
    >>> records = pd.DataFrame({"source": "cards", "record_id": list("abc"), "phone": ["1", "1", None]})
    >>> match_exact(records, ["phone"]).people["person"].tolist()
    [1, 1, 2]

    Source: Christen (2012), Data Matching, chapter 6 (rules as classifiers).
    """
    wanted = [(rule,) if isinstance(rule, str) else tuple(rule) for rule in rules]
    problems = find_key_problems(records)
    problems += [] if wanted and all(wanted) else ["there is no rule, or an empty one: name fields, such as ['email']"]
    for name in dict.fromkeys(name for rule in wanted for name in rule):
        if name not in records or name in KEY:
            problems.append(f"a rule names `{name}`, which the records do not have")
    if frequent is not None and frequent < 1:
        problems.append(f"frequent should be 1 or more, found {frequent}")
    if problems:
        raise TableError(problems, "match_exact")
    records = records.sort_values(list(KEY), ignore_index=True)
    known, notes = hide_frequent(records, frequent) if frequent else (records, [])
    group = _join_groups(known, wanted)
    people = number_people(records, group)
    largest = int(people["person"].value_counts().max()) if len(people) else 0
    if largest > 20:
        notes.append(f"one group has {largest:,} records: that is no person, but a value that many share")
    words = " or ".join(" + ".join(rule) for rule in wanted)
    return RecordLinks(
        people, empty_pairs(), pd.DataFrame(columns=list(WEIGHTS)), method=f"same {words}", warnings=tuple(notes)
    )


def find_key_problems(records: pd.DataFrame) -> list[str]:
    """Say what is wrong with source and record_id."""
    missing = [name for name in KEY if name not in records]
    if missing:
        names = " and ".join(f"`{name}`" for name in missing)
        return [f"the records have no {names}: make them with normalise_records"]
    problems = find_lists(records, map(str, records.columns), "the records")
    if problems:
        return problems
    if records[list(KEY)].isna().any(axis=None):
        problems.append("a record has no source or no record_id")
    twice = int(records[list(KEY)].astype("str").duplicated().sum())
    if twice:
        problems.append(f"{count_of(twice, 'record')} more than once: source and record_id together must be unique")
    if "consent" in records:
        problems += find_strange_consent(records["consent"])
    return problems


def find_record_problems(records: pd.DataFrame) -> list[str]:
    """Say what is wrong with records that should be as `normalise_records` makes them."""
    problems = find_key_problems(records)
    missing = [f"`{name}`" for name in COLUMNS if name not in (*KEY, "consent", *records.columns)]
    if missing and not problems:
        problems.append(f"the records have no {', '.join(missing)}: make them with normalise_records")
    if not problems:
        for name in COLUMNS:
            if name in (*KEY, "is_known", "consent"):
                continue
            known = records[name].dropna()
            if not known.map(lambda value: isinstance(value, str)).all():
                problems.append(f"`{name}` of the records should be text: make them with normalise_records")
    return problems


def hide_frequent(records: pd.DataFrame, most: int) -> tuple[pd.DataFrame, list[str]]:
    """Empty the phones and e-mails that more than `most` records of one source share; say how many there were."""
    notes = []
    for name, words in (("phone", "phone"), ("email", "e-mail address")):
        if name not in records or records[name].isna().all():
            continue
        counts = records.groupby(["source", name])["record_id"].size()
        shared = set(counts[counts > most].index.get_level_values(name))
        if not shared:
            continue
        hit = records[name].isin(shared)
        notes.append(
            f"{count_of(len(shared), words)} shared by more than {most} records of one source"
            f" ({count_of(int(hit.sum()), 'record')}): a placeholder says nothing of a person, it counts as empty"
        )
        records = records.assign(**{name: records[name].where(~hit)})
    return records, notes


def find_consent(records: pd.DataFrame) -> pd.Series | None:
    """Who agreed that their records are joined; who did not say so did not. None where nobody was asked."""
    if "consent" not in records or records["consent"].isna().all():
        return None
    return read_flags(records["consent"]).astype("boolean").fillna(False).astype(bool)


def _join_groups(records: pd.DataFrame, rules: Sequence[tuple[str, ...]]) -> pd.Series:
    """The connected component of each record, where the records of one value of a rule are connected."""
    rows = []
    values = []
    count = len(records)
    offset = count
    for rule in rules:
        full = np.flatnonzero(records[list(rule)].notna().all(axis=1))
        codes = records.iloc[full].groupby(list(rule), sort=False).ngroup().to_numpy()
        rows.append(full)
        values.append(codes + offset)
        offset += int(codes.max()) + 1 if len(codes) else 0
    row = np.concatenate(rows)
    value = np.concatenate(values)
    graph = sparse.coo_array((np.ones(len(row)), (row, value)), shape=(offset, offset))
    label = connected_components(graph, directed=False)[1]
    return pd.Series(label[:count], index=records.index)
