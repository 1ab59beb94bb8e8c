"""Dated memberships: who was in which segment from when to when, so that "the segment then" can always be asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from loyalty.segment.snapshots import SNAPSHOT, SNAPSHOT_COLUMNS
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.contracts import SEGMENTS
from loyalty.tables.days import read_day

SPELL = ["customer_id", "scheme", "version", "segment"]


@check_arguments
def date_memberships(snapshots: pd.DataFrame | Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Turn snapshots of segments into dated memberships.

    A segment found on one snapshot's day holds from that day until the day of the scheme's next snapshot; what
    happened in between is not known. Equal neighbours become one spell; a new version of the rule starts a new spell
    even where the segment's name stays. A customer who is missing on a later snapshot belongs nowhere from that day.
    The same snapshot given twice changes nothing.

    Parameters
    ----------
    snapshots : pandas.DataFrame or sequence of them
        customer_id, as_of, scheme, version, segment; any number of dates and schemes, in any order.

    Returns
    -------
    pandas.DataFrame
        The contract `segments`: customer_id, scheme, version, segment, valid_from, valid_to (the day after the last,
        empty for what holds still), sorted by scheme, customer and date.

    Raises
    ------
    TableError
        A table is no snapshot, or a customer has two segments or versions in one scheme on one day.

    Examples
    --------
    >>> july = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "scheme": "rfm",
    ...                      "version": "1", "segment": ["loyal", "at risk"]})
    >>> august = july.assign(as_of=pd.Timestamp("2017-08-01"), segment=["loyal", "lost"])
    >>> date_memberships([july, august])[["customer_id", "segment", "valid_from", "valid_to"]]
       customer_id  segment valid_from   valid_to
    0            1    loyal 2017-07-01        NaT
    1            2  at risk 2017-07-01 2017-08-01
    2            2     lost 2017-08-01        NaT

    Source: Snodgrass (1999), Developing Time-Oriented Database Applications in SQL, chapter 5.
    """
    parts = [snapshots] if isinstance(snapshots, pd.DataFrame) else list(snapshots)
    if not parts:
        raise TableError(["there is no snapshot"], "snapshots")
    table = pd.concat([p[[name for name in SNAPSHOT_COLUMNS if name in p]] for p in parts], ignore_index=True)
    if set(SNAPSHOT.key) <= set(table) and table.duplicated(list(SNAPSHOT.key)).any():
        table = table.drop_duplicates(ignore_index=True)
    table = read_checked(table, SNAPSHOT, SNAPSHOT_COLUMNS, "snapshots")
    if table.empty:
        raise TableError(["the snapshots hold no customer"], "snapshots")
    # Whole numbers for the texts, in their order: a million customers are sorted and compared many times faster.
    code = {name: pd.factorize(table[name], sort=True)[0] for name in SNAPSHOT_COLUMNS}
    order = np.lexsort((code["as_of"], code["customer_id"], code["scheme"]))
    code = {name: values[order] for name, values in code.items()}
    days = table["as_of"].iloc[order].to_numpy()
    following = _find_following(code["scheme"], days)
    goes_on = (following[:-1] == days[1:]) & np.all([code[name][1:] == code[name][:-1] for name in SPELL], axis=0)
    first, last = np.append(True, ~goes_on), np.append(~goes_on, True)
    spells = table.iloc[order[first]][SPELL].reset_index(drop=True)
    return spells.assign(valid_from=days[first], valid_to=following[last])


def _find_following(schemes: np.ndarray, days: np.ndarray) -> np.ndarray:
    """For each row the day of its scheme's next snapshot, empty for the last one."""
    following = np.full(len(days), np.datetime64("NaT"), dtype=days.dtype)
    for scheme in np.unique(schemes):
        rows = schemes == scheme
        dates = np.unique(days[rows])
        following[rows] = np.append(dates[1:], np.datetime64("NaT"))[np.searchsorted(dates, days[rows])]
    return following


@check_arguments
def pick_members(memberships: Any, day: str | pd.Timestamp, *, scheme: str | None = None) -> pd.DataFrame:
    """Pick the segments that held on a day, as a snapshot: the segment *then*, not today's.

    Parameters
    ----------
    memberships : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        The contract `segments`.
    day : str or pandas.Timestamp
        The day asked for.
    scheme : str, optional
        One segmentation; all of them otherwise.

    Returns
    -------
    pandas.DataFrame
        customer_id, as_of (the day asked for), scheme, version, segment; customers without a spell on that day are
        missing.

    Raises
    ------
    TableError
        The table breaks its contract.

    Examples
    --------
    >>> july, august = pd.Timestamp("2017-07-01"), pd.Timestamp("2017-08-01")
    >>> spells = pd.DataFrame({"customer_id": 1, "scheme": "rfm", "version": "1", "segment": ["loyal", "lost"],
    ...                        "valid_from": [july, august], "valid_to": [august, pd.NaT]})
    >>> pick_members(spells, "2017-07-31")["segment"].tolist()
    ['loyal']
    """
    moment = read_day(day, "day")
    table = read_checked(memberships, SEGMENTS, list(SEGMENTS.names))
    ends = pd.to_datetime(table["valid_to"])  # a column without any end may be one of numbers
    held = (table["valid_from"] <= moment) & (ends.isna() | (moment < ends))
    held &= True if scheme is None else table["scheme"] == scheme
    picked = table.loc[held, SPELL].sort_values(["scheme", "customer_id"], ignore_index=True)
    picked.insert(1, "as_of", moment.as_unit("us"))
    return picked
