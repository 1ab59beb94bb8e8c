"""What every segmentation reads: a profile as of one date, and a snapshot, one segment a customer as of a date."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import PROFILE, SEGMENTS
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable

SNAPSHOT = Table(
    "snapshot",
    "a customer's segment as of a date",
    ("customer_id", "scheme", "as_of"),
    (
        *(column for column in SEGMENTS.columns if not column.name.startswith("valid_")),
        Column("as_of", "date", "the day for which the segment was given"),
    ),
)
SNAPSHOT_COLUMNS = ["customer_id", "as_of", "scheme", "version", "segment"]


def read_profile(profile: AnyTable, *names: str) -> pd.DataFrame:
    """Check customer_id, as_of and the named columns of a profile as of one date; return them sorted by customer_id."""
    wanted = ["customer_id", "as_of", *names]
    columns = {column.name: column for column in PROFILE.columns}
    unknown = [name for name in wanted if name not in columns]
    if unknown:
        raise TableError([f"the contract `profile` has no column `{name}`" for name in unknown], "profile")
    contract = replace(PROFILE, columns=tuple(replace(columns[name], optional=False) for name in wanted))
    return _sort(read_checked(profile, contract, wanted), "profile")


def read_buyers(profile: AnyTable, *names: str) -> tuple[pd.DataFrame, pd.Series]:
    """Read a profile and mark who has bought; recency_days and frequency must tell the same story."""
    table = read_profile(profile, "recency_days", "frequency", *names)
    bought = table["frequency"] > 0
    dated = table["recency_days"].notna()
    stories = {
        "recency_days, but frequency 0; frequency counts all receipts here, the first too": dated & ~bought,
        "receipts, but no recency_days": bought & ~dated,
    }
    problems = [f"{_count(table, rows)}: {words}" for words, rows in stories.items() if rows.any()]
    if problems:
        raise TableError(problems, "profile")
    return table, bought


def read_snapshot(segments: AnyTable, name: str = "segments") -> pd.DataFrame:
    """Check a table of segments of one scheme as of one date; return the columns of a snapshot, sorted by customer_id.

    Dated memberships have several rows a customer: pick a day first with `pick_members`.
    """
    table = _sort(read_checked(segments, SNAPSHOT, SNAPSHOT_COLUMNS, name), name)
    if table["scheme"].nunique() > 1:
        raise TableError([f"one segmentation at a time, found {', '.join(sorted(table['scheme'].unique()))}"], name)
    return table


def match_customers(segments: pd.DataFrame, profile: pd.DataFrame) -> pd.DataFrame:
    """Put each customer's segment beside the profile; refuse if either table has a customer that the other lacks.

    Segments must add up to the whole, so nobody is dropped in silence. Both tables are sorted by customer_id.
    """
    problems = []
    days = segments["as_of"].iloc[0], profile["as_of"].iloc[0]
    if days[0] != days[1]:
        problems.append(f"the segments are as of {days[0]:%Y-%m-%d}, the profile as of {days[1]:%Y-%m-%d}")
    problems += find_strangers(segments["customer_id"], profile["customer_id"], "the segments", "the profile")
    if problems:
        raise TableError(problems, "segments and profile")
    for here, there, words in ((segments, profile, "the profile"), (profile, segments, "the segments")):
        lacking = ~here["customer_id"].isin(there["customer_id"])
        if lacking.any():
            problems.append(f"{_count(here, lacking)}: not in {words}")
    if problems:
        raise TableError(problems, "segments and profile")
    return profile.assign(segment=segments["segment"].to_numpy())


def _sort(table: pd.DataFrame, name: str) -> pd.DataFrame:
    days = sorted(table["as_of"].unique())
    if not days:
        raise TableError(["the table holds no customer"], name)
    if len(days) > 1:
        shown = ", ".join(f"{day:%Y-%m-%d}" for day in days[:3])
        raise TableError([f"one date at a time, found {len(days)}: {shown}; keep one as_of"], name)
    if table["customer_id"].is_monotonic_increasing:
        return table.reset_index(drop=True)
    return table.sort_values("customer_id", ignore_index=True)


def _count(table: pd.DataFrame, rows: pd.Series) -> str:
    names = ", ".join(str(i) for i in table.loc[rows, "customer_id"].head(3))
    return f"{rows.sum():,} of {len(table):,} customers (customer_id {names})"
