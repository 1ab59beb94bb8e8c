"""The outcomes of a wave: which windows they hold, and whether their customers are those of the contacts."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import narwhals as nw
import pandas as pd

from loyalty.tables.check import find_breaches, fits
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import OUTCOMES
from loyalty.tables.ids import AGAIN, MANY, SHOWN, bare_id, say_strangers
from loyalty.tables.sources import bring_beside, collect
from loyalty.tables.wave.sides import count_flags

KEY = ("customer_id", "campaign_id", "wave", "window")  # messages name the customer first


@dataclass(frozen=True)
class Results:
    """Outcomes of one wave in the windows asked for; made by `read_outcomes`.

    `windows` are those there are, each with its first day, NaT where the outcomes do not say; `problems` those missing.
    """

    rows: nw.LazyFrame
    windows: Mapping[str, pd.Timestamp]
    problems: tuple[str, ...] = ()


def read_outcomes(
    outcomes: nw.LazyFrame,
    numbers: Mapping[str, Column],
    people: nw.LazyFrame,
    wave: Mapping[str, Any] | None,
    windows: Sequence[str],
    *,
    early: str | None = None,
    may_lack: Collection[str] = (),
    index: Sequence[Hashable] = (),
) -> Results:
    """Keep the outcomes of one wave in some windows, and check them and their ids.

    Parameters
    ----------
    outcomes : narwhals.LazyFrame
    numbers : mapping of str to Column
        What is needed of them.
    people : narwhals.LazyFrame
        The contacts.
    wave : mapping, optional
        campaign_id and wave; None if the contacts do not tell, and then all waves are looked at. An id of a campaign
        may be text in one table and a whole number in the other.
    windows : sequence of str
    early : str, optional
        A window that is needed besides, and is no window of the answer.
    may_lack : collection of str
        Windows that are left out where there is no row of them.
    index : sequence
        Names of the pandas index, which is no part of the table.

    Returns
    -------
    Results
        Nothing is raised: the problems stand in it, to be told together with those of the contacts.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> wave = {"campaign_id": "may", "wave": 1}
    >>> table = open_table(pd.DataFrame(wave | {"customer_id": [1], "window": "main"}))
    >>> read_outcomes(table, {}, table, wave, ["post"]).problems
    ('there is no row of the window `post`; the windows are: main',)
    """
    outcomes = count_flags(outcomes, numbers)
    wanted = list(dict.fromkeys((*windows, *((early,) if early else ()))))
    found = _narrow(outcomes, wave, wanted, may_lack)
    known = {column.name: replace(column, optional=False) for column in OUTCOMES.columns}
    columns = [known[name] for name in OUTCOMES.key]
    columns += [known.get(name, column) for name, column in numbers.items()]
    contract = Table("outcomes", OUTCOMES.row, KEY, tuple(columns))
    problems = [*found.problems, *find_breaches(found.rows, contract, index)]
    if differ_in_kind(people, found.rows):
        problems.append(explain_strangers(people, found.rows))
    kept = {window: day for window, day in found.windows.items() if window in windows}
    return Results(found.rows, kept, tuple(problems))


def _narrow(
    outcomes: nw.LazyFrame, wave: Mapping[str, Any] | None, windows: Sequence[str], may_lack: Collection[str]
) -> Results:
    """Keep the rows of one wave and of some windows, and say which of these there are not."""
    schema = outcomes.collect_schema()
    kinds = {column.name: column.kind for column in OUTCOMES.columns}
    if any(name not in schema or not fits(kinds[name], schema[name]) for name in ("campaign_id", "wave", "window")):
        return Results(outcomes, {window: pd.NaT for window in windows})  # the contract says what is wrong
    first = nw.lit(None)
    if "start" in schema and fits("date", schema["start"]):
        first = nw.col("start").min()
    census = collect(outcomes.group_by("campaign_id", "wave", "window").agg(first=first, n=nw.len()))
    here = census
    if wave is not None:
        same = (census["campaign_id"].astype("str") == str(wave["campaign_id"])) & (census["wave"] == wave["wave"])
        here = census[same]
        if here.empty and len(census):
            return Results(outcomes, {window: pd.NaT for window in windows}, (_say_no_wave(wave, census),))
        same_campaign = nw.col("campaign_id").cast(nw.String) == str(wave["campaign_id"])
        outcomes = outcomes.filter(same_campaign, nw.col("wave") == wave["wave"])
    days = pd.to_datetime(here["first"]).groupby(here["window"]).min()
    there = [window for window in windows if window in days.index or window not in may_lack]
    shown = ", ".join(sorted(days.index)) or "none"
    problems = [
        f"there is no row of the window `{window}`; the windows are: {shown}"
        for window in there
        if window not in days.index
    ]
    rows = outcomes.filter(nw.col("window").is_in(there))
    return Results(rows, {window: days.get(window, pd.NaT) for window in there}, tuple(problems))


def _say_no_wave(wave: Mapping[str, Any], census: pd.DataFrame) -> str:
    waves = census[["campaign_id", "wave"]].drop_duplicates().sort_values(["campaign_id", "wave"])
    shown = ", ".join(f"{row.campaign_id} / {row.wave}" for row in waves.head(4).itertuples())
    return f"there is no row of the wave {wave['campaign_id']} / {wave['wave']}; the waves are: {shown}"


def differ_in_kind(contacts: nw.LazyFrame, outcomes: nw.LazyFrame) -> bool:
    """Whether `customer_id` holds text in one table and whole numbers in the other; what is no id is told elsewhere."""
    kinds = set()
    for table in (contacts, outcomes):
        dtype = table.collect_schema().get("customer_id")
        if dtype is None or not fits("id", dtype):
            return False
        kinds.add(dtype.is_integer())
    return len(kinds) > 1


def explain_strangers(contacts: nw.LazyFrame, outcomes: nw.LazyFrame) -> str:
    """Say that no customer of the contacts has a row in the outcomes, with ids of both and what to do.

    Examples
    --------
    >>> from loyalty.tables.sources import open_table
    >>> tables = [open_table(pd.DataFrame({"customer_id": ids})) for ids in (["007", "008"], ["7", "8"])]
    >>> print(explain_strangers(*tables).partition("; ")[0])
    no customer of the contacts stands in the outcomes
    """
    mine, theirs = (_list_ids(table) for table in (contacts, outcomes))
    return say_strangers(mine, theirs, "the contacts", "the outcomes")


def _list_ids(table: nw.LazyFrame) -> list[Any]:
    ids = table.select("customer_id").drop_nulls().unique().sort("customer_id").head(MANY)
    return collect(ids)["customer_id"].tolist()


def list_others(contacts: nw.LazyFrame, outcomes: nw.LazyFrame) -> list[Any]:
    """Ids of the outcomes that stand on no list of contacts; a thousand at most."""
    known = contacts.select("customer_id").unique()
    given = bring_beside(outcomes.select("customer_id").unique(), known)
    others = given.join(known, on="customer_id", how="anti")
    return collect(others.sort("customer_id").head(MANY))["customer_id"].tolist()


def say_missing(counts: pd.Series, ids: Sequence[Any], window: str, others: Sequence[Any] = ()) -> str:
    """Say how many customers have no row of a window, by arm, with examples.

    Where ids of the `outcomes` that are on no list differ from these in their spelling only, that is what is said.

    Parameters
    ----------
    counts : pandas.Series
        Customers without a row by arm, at least one in all.
    ids : sequence
        Some of them.
    window : str
    others : sequence
        Ids of the outcomes that are on no list.

    Examples
    --------
    >>> say_missing(pd.Series({"mail": 1}), [7], "main")
    '1 customer has no row of the window `main` (mail 1), such as 7: who bought nothing needs a row with 0'
    """
    total = int(counts.sum())
    by_arm = ", ".join(f"{arm} {n:,}" for arm, n in counts.items() if n)
    who = f"{total:,} customer{'s have' if total > 1 else ' has'} no row of the window `{window}` ({by_arm})"
    spelt = {bare_id(other): other for other in others}
    for name in ids:
        if bare_id(name) in spelt:
            pair = f"{name!r} in the contacts and {spelt[bare_id(name)]!r} in the outcomes"
            return f"{who}; some stand there in another spelling, such as {pair}: {AGAIN}"
    return f"{who}, such as {', '.join(map(str, ids[:SHOWN]))}: who bought nothing needs a row with 0"
