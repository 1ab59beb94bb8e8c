"""Several waves at once as the history keeps them: every contact beside its outcomes, one row a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb
import narwhals as nw
import pyarrow as pa

from loyalty.tables.check import TableError, find_breaches
from loyalty.tables.columns import Table
from loyalty.tables.contracts import CONTACTS, OUTCOMES
from loyalty.tables.ids import MANY as LISTED
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table
from loyalty.tables.wave.arms import MANY, find_second_controls, name_control, settle_arms, sounds_like_control
from loyalty.tables.wave.contacts import WAVE, check_contacts, customers_differ
from loyalty.tables.wave.outcomes import differ_in_kind, explain_strangers, list_others, say_missing
from loyalty.tables.wave.sides import Sides, count_flags, join_beside, open_sides, refuse

MEASURES = OUTCOMES.names[OUTCOMES.names.index("responded") :]
CAMPAIGN = "loyalty_campaign"  # the campaign's id as text: one table may hold it as text, the other as a number
FOUND = "loyalty_found"  # 1 where the contact has a row of outcomes
ZERO = "where the outcomes list only those who did something, say missing='zero'"
STRANGERS = (
    "of the outcomes belong to nobody on the contact list. Complete the list (the control group is on it too), or take "
    "them out"
)


@dataclass(frozen=True)
class JoinedWaves:
    """Contacts of one or several waves with their outcomes, one row a contact and window; made by `open_waves`.

    `rows` holds the columns of both contracts that are there. Where a contact has no row of outcomes, these are empty.
    """

    rows: pa.Table
    warnings: tuple[str, ...] = ()


def open_waves(
    contacts: AnyTable, outcomes: AnyTable, contract: Table = CONTACTS, *, fill: bool = False
) -> JoinedWaves:
    """Open contacts and outcomes of one or several waves, check them whole, and join them.

    Not for measuring: customers of the universal control stay, and a wave without a control is one as well.

    Parameters
    ----------
    contacts : table under `contract`; with `outcomes` left out a joined table
    outcomes : table under OUTCOMES, or None
    contract : Table
        Of the contacts, and what they may carry besides.
    fill : bool
        Whether contacts may have no row of outcomes.

    Returns
    -------
    JoinedWaves

    Raises
    ------
    TableError
        With all problems of both tables.

    Examples
    --------
    >>> import pandas as pd
    >>> wave = pd.DataFrame({"campaign_id": "may", "wave": 1, "customer_id": [7, 8]})
    >>> both = open_waves(wave.assign(arm=["mail", "control"]), wave.assign(window="main", responded=[True, False]))
    >>> both.rows.select(["customer_id", "arm", "responded"]).to_pylist()[0]
    {'customer_id': 7, 'arm': 'mail', 'responded': 1}
    """
    sides = _split_joined(open_sides(contacts, outcomes), contract)
    people = sides.contacts
    assert sides.outcomes is not None
    results = count_flags(sides.outcomes, MEASURES)
    try:
        mine = check_contacts(people, contract.columns, CONTACTS.key, contract.row, sides.index_of_contacts)
        if not mine and not len(collect(people.head(1))):
            mine.append("there is no row")
        differ = "customer_id" in results.collect_schema() and customers_differ(results)
        theirs = find_breaches(results, OUTCOMES, sides.index_of_outcomes, differ=differ)
        if not set(MEASURES) & set(results.collect_schema().names()):
            theirs.append(f"there is no outcome; at least one of {', '.join(MEASURES)} is needed")
        if differ_in_kind(people, results) and len(collect(results.head(1))):
            theirs.append(explain_strangers(people, results))
        people, spelling, doubts = _settle_arms(people, mine)
        mine += doubts
        _refuse(mine, theirs, outcomes)
        rows, missing = _join(people, results, contract.names, fill=fill)
    except NotATable as error:
        raise TableError([str(error)], "the wave") from None
    _refuse([], missing, outcomes)
    return JoinedWaves(rows, spelling)


def _settle_arms(people: nw.LazyFrame, problems: Sequence[str]) -> tuple[nw.LazyFrame, tuple[str, ...], list[str]]:
    """Bring the names of groups to one spelling; also what was changed, and groups that sound like control."""
    names = people.collect_schema().names()
    if problems or "arm" not in names:
        return people, (), []
    sizes = collect(people.group_by("arm").agg(n=nw.len())).set_index("arm")["n"]
    spelling = settle_arms(sizes.to_dict())
    if len(spelling.renamed) > MANY:
        says = f"{len(spelling.renamed):,} names of groups differ in capital letters and blanks: write them alike"
        return people, (), [says]
    if spelling.renamed:
        people = people.with_columns(spelling.write())
    found = sorted({spelling.rename(arm) for arm in sizes.index})
    if "control_kind" in names:
        own = people.filter(nw.col("control_kind").fill_null("none") != "universal")
        found = sorted(collect(own.select("arm").unique())["arm"].tolist())
    doubts = find_second_controls(found)
    if "control" not in found and any(sounds_like_control(name) for name in found):
        doubts.append(
            f"there is nobody in the group `control`; the groups are: {', '.join(found)}: {name_control(found)}"
        )
    return people, spelling.warnings, doubts


def _refuse(mine: Sequence[str], theirs: Sequence[str], outcomes: AnyTable) -> None:
    if outcomes is None:  # one table holds both
        refuse(list(dict.fromkeys([*mine, *theirs])), [])
    refuse(mine, theirs)


def _split_joined(sides: Sides, contract: Table) -> Sides:
    """Take a joined table apart: what it says of the contacts once, and all of its rows as outcomes."""
    if sides.outcomes is not None:
        return sides
    whole = sides.contacts
    if "window" not in whole.collect_schema():
        whole = whole.with_columns(window=nw.lit("main"))
    names = [name for name in contract.names if name in whole.collect_schema()]
    if not names:
        return replace(sides, contacts=whole, outcomes=whole)  # the contract then says what is missing
    return replace(sides, contacts=whole.select(names).unique(), outcomes=whole)


def _join(
    people: nw.LazyFrame, results: nw.LazyFrame, contract: Sequence[str], *, fill: bool
) -> tuple[pa.Table, list[str]]:
    """Give each contact a row a window that the outcomes of its wave hold, and say what does not meet."""
    mine = [name for name in contract if name in people.collect_schema()]
    theirs = [name for name in OUTCOMES.names if name in results.collect_schema()]
    campaign = nw.col("campaign_id").alias(CAMPAIGN)
    if len({_say_kind(table) for table in (people, results)}) > 1:
        campaign = nw.col("campaign_id").cast(nw.String).alias(CAMPAIGN)
    people = people.select(*mine, campaign)
    results = results.select(*theirs, campaign).drop("campaign_id")
    key = [CAMPAIGN, "wave", "customer_id"]
    window = nw.col("window")
    others = collect(results.filter(window != "main").select("window").head(1))
    marked = results.with_columns(nw.lit(1).alias(FOUND))
    if others.empty:  # the usual case takes one join
        found = join_beside(people, marked, key).with_columns(window.fill_null("main"))
    else:
        windows = results.select(CAMPAIGN, "wave", "window").unique()
        wanted = join_beside(people, windows, [CAMPAIGN, "wave"]).with_columns(window.fill_null("main"))
        found = join_beside(wanted, marked, [*key, "window"])
    rows = _bring(found)
    lost = rows.column(FOUND).null_count
    counted = open_table(nw.from_native(duckdb.from_arrow(rows)))
    problems = _find_missing(counted, people, results) if lost and not fill else []
    given = int(collect(results.select(nw.len().alias("n")))["n"].iloc[0])
    met = len(rows) - lost
    if fill and given and not met and _meet_in_waves(people, results):
        problems.append(explain_strangers(people, results))
    if met < given and not any(text.startswith("no customer") for text in problems):
        problems += _find_strangers(people, results, key)
    return rows.drop_columns([CAMPAIGN, FOUND]), problems


def _say_kind(table: nw.LazyFrame) -> str:
    """Say which kind of id the campaigns have; where the two tables differ, they meet as text."""
    dtype = table.collect_schema()["campaign_id"]
    return "number" if dtype.is_integer() else str(dtype)


def _find_missing(rows: nw.LazyFrame, people: nw.LazyFrame, results: nw.LazyFrame) -> list[str]:
    lost = rows.filter(nw.col(FOUND).is_null())
    counts = collect(lost.group_by("window", "arm").agg(n=nw.len())).sort_values(["window", "arm"])
    if counts.empty:
        return []
    whole = int(collect(rows.select(nw.len().alias("n")))["n"].iloc[0])
    if int(counts["n"].sum()) == whole and _meet_in_waves(people, results):
        return [explain_strangers(people, results)]
    others = list_others(people, results)
    problems = []
    for window, by_arm in counts.groupby("window"):
        ids = collect(lost.filter(nw.col("window") == window).select("customer_id").sort("customer_id").head(LISTED))
        missing = by_arm.set_index("arm")["n"]
        problems.append(f"{say_missing(missing, ids['customer_id'].tolist(), str(window), others)}; {ZERO}")
    return problems


def _meet_in_waves(people: nw.LazyFrame, results: nw.LazyFrame) -> bool:
    """Whether the outcomes hold a row of one of the contacts' waves at all."""
    marked = results.select(CAMPAIGN, "wave").unique().with_columns(nw.lit(1).alias(FOUND))
    waves = join_beside(people.select(CAMPAIGN, "wave").unique(), marked, [CAMPAIGN, "wave"])
    return len(collect(waves.filter(~nw.col(FOUND).is_null()).head(1))) > 0


def _find_strangers(people: nw.LazyFrame, results: nw.LazyFrame, key: Sequence[str]) -> list[str]:
    listed = people.select(*key).with_columns(nw.lit(1).alias(FOUND))
    others = join_beside(results, listed, key).filter(nw.col(FOUND).is_null())
    others = others.select(*key[1:], nw.col(CAMPAIGN).cast(nw.String))
    frame = collect(others.sort("customer_id", *WAVE[1:], CAMPAIGN))
    if frame.empty:
        return []
    shown = ", ".join(
        f"{row.customer_id} in campaign {row.loyalty_campaign} wave {row.wave}" for row in frame.head(3).itertuples()
    )
    return [f"{len(frame):,} {STRANGERS} ({shown})"]


def _bring(table: nw.LazyFrame) -> pa.Table:
    """Carry a table from the engine where it lives to memory, so that it can meet the history's file."""
    native = table.to_native()
    if isinstance(native, duckdb.DuckDBPyRelation):
        return native.to_arrow_table()
    return pa.Table.from_pandas(collect(table), preserve_index=False)
