"""The two sides of a wave, contacts and outcomes: opened where they can be joined, and refused together."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import narwhals as nw
import pandas as pd

from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable, NotATable, bring_beside, open_table


@dataclass(frozen=True)
class Sides:
    """Contacts and outcomes of a wave, open on one engine; `outcomes` is None where one table holds both.

    `index_of_contacts` and `index_of_outcomes` name what pandas frames hold in their index, which is no column.
    """

    contacts: nw.LazyFrame
    outcomes: nw.LazyFrame | None
    index_of_contacts: tuple[Hashable, ...] = ()
    index_of_outcomes: tuple[Hashable, ...] = ()


def open_sides(contacts: AnyTable, outcomes: AnyTable) -> Sides:
    """Open both tables, wherever each comes from; nothing is read yet.

    Parameters
    ----------
    contacts, outcomes : any source of `loyalty.tables.sources.open_table`
        `outcomes` may be None.

    Returns
    -------
    Sides

    Raises
    ------
    TableError
        One or both cannot be opened.

    Examples
    --------
    >>> open_sides(pd.DataFrame({"arm": ["mail"]}), None).contacts.collect_schema().names()
    ['arm']
    """
    mine: list[str] = []
    theirs: list[str] = []
    if outcomes is None:
        left = _open(contacts, mine)
        right = None
    elif isinstance(contacts, pd.DataFrame):  # a frame can go to the connection of the other table
        right = _open(outcomes, theirs)
        left = _open(contacts, mine, right)
    else:
        left = _open(contacts, mine)
        right = _open(outcomes, theirs, left)
    refuse(mine, theirs)
    assert left is not None
    return Sides(left, right, _name_index(contacts), _name_index(outcomes))


def _name_index(source: AnyTable | None) -> tuple[Hashable, ...]:
    return tuple(source.index.names) if isinstance(source, pd.DataFrame) else ()


def _open(source: AnyTable, problems: list[str], beside: nw.LazyFrame | None = None) -> nw.LazyFrame | None:
    try:
        return open_table(source, beside=beside)
    except NotATable as error:
        problems.append(str(error))
        return None


def join_beside(left: nw.LazyFrame, right: nw.LazyFrame, keys: Sequence[str]) -> nw.LazyFrame:
    """Join two tables by the same keys, every row of the left one kept, whatever connections they live on."""
    return left.join(bring_beside(right, left), on=list(keys), how="left")


def count_flags(table: nw.LazyFrame, names: Iterable[str]) -> nw.LazyFrame:
    """Turn true and false into 1 and 0 in these columns, as far as they are there; nothing is lost by it."""
    schema = table.collect_schema()
    flags = [nw.col(name).cast(nw.Int64) for name in names if schema.get(name) == nw.Boolean]
    return table.with_columns(flags) if flags else table


def refuse(contacts: Sequence[str], outcomes: Sequence[str]) -> None:
    """Raise one TableError with all problems of both tables; do nothing if there are none.

    Raises
    ------
    TableError
        Named after the table if only one has problems; else each problem begins with its table.

    Examples
    --------
    >>> refuse(["there is no row"], [])
    Traceback (most recent call last):
    loyalty.tables.check.TableError: contacts: 1 problem
      1. there is no row
    """
    if contacts and outcomes:
        problems = [f"contacts: {text}" for text in contacts] + [f"outcomes: {text}" for text in outcomes]
        raise TableError(problems, "the wave")
    if contacts:
        raise TableError(list(contacts), "contacts")
    if outcomes:
        raise TableError(list(outcomes), "outcomes")
