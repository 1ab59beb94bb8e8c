"""The shop's clock: hours between UTC and the shop's time, and a test of a clock against days that are known."""

from __future__ import annotations

from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.columns import Column, Table
from loyalty.tables.days import write_moment

DAY_HOURS = 24


def list_offsets(zone: float | str, first: pd.Timestamp, last: pd.Timestamp) -> list[tuple[pd.Timestamp, float]]:
    """List from which moment (in UTC) on a zone is how many hours ahead of UTC.

    Parameters
    ----------
    zone : float or str
        Hours ahead of UTC (negative in America), or a name such as "America/New_York".
    first, last : pandas.Timestamp
        The span, in UTC.

    Raises
    ------
    TableError
        There is no such zone.

    Examples
    --------
    >>> list_offsets(-4, pd.Timestamp("2023-01-01"), pd.Timestamp("2023-12-31"))
    [(Timestamp('2023-01-01 00:00:00'), -4.0)]
    >>> [hours for _, hours in list_offsets("America/New_York", pd.Timestamp("2023-01-01"), pd.Timestamp("2023-12-31"))]
    [-5.0, -4.0, -5.0]
    """
    if not isinstance(zone, str):
        hours = float(zone)
        if not -12 <= hours <= 14:
            raise TableError([f"zone should be from -12 to 14 hours ahead of UTC, found {zone!r}"], "the clock")
        return [(first, hours)]
    try:
        name = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        says = f"there is no time zone {zone!r}: write a name such as 'America/New_York', or hours such as -4"
        raise TableError([says], "the clock") from None
    hours_on = pd.date_range(first.floor("h"), last.ceil("h") + pd.Timedelta(hours=1), freq="h")
    local = hours_on.tz_localize("UTC").tz_convert(name).tz_localize(None)
    ahead = np.asarray((local - hours_on).total_seconds()) / 3600
    changes = np.flatnonzero(np.diff(ahead, prepend=np.nan) != 0)
    return [(hours_on[place], float(ahead[place])) for place in changes]


def to_local(time: nw.Expr, offsets: list[tuple[pd.Timestamp, float]]) -> nw.Expr:
    """Move a column from UTC to the shop's time; on any engine, since it is only a case of few spans."""
    moved = _shift(time, offsets[0][1])
    for (_, _), (start, hours) in pairwise(offsets):
        moved = nw.when(time >= write_moment(start)).then(_shift(time, hours)).otherwise(moved)
    return moved


def _shift(time: nw.Expr, hours: float) -> nw.Expr:
    return time.dt.offset_by(f"{round(hours * 60)}m") if hours else time


@check_arguments
def compare_clocks(
    receipts: pd.DataFrame, events: pd.DataFrame, zone: float | str, *, day: str = "redeemed_on"
) -> pd.DataFrame:
    """Test in which clock receipts are stamped, against days that another system wrote down.

    A coupon can only be redeemed on a day on which its owner bought something. So the clock in which more redemptions
    have a purchase of their customer on their day is the shop's. Not proof of a single receipt.

    Parameters
    ----------
    receipts : pandas.DataFrame
        customer_id, time as stamped.
    events : pandas.DataFrame
        customer_id and the column `day`, a day in the shop's time.
    zone : float or str
        The shop's: hours ahead of UTC, or a name such as "America/New_York".
    day : str
        Column of the day in `events`.

    Returns
    -------
    pandas.DataFrame
        Rows "as stamped" and "in the shop's time": `matched` and `of` (events), `share`, and `moved`, the lines that
        lie on another day than in the row above.

    Raises
    ------
    TableError
        A column is missing, or there is no such zone.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": [7], "time": pd.to_datetime(["2017-01-03 01:10"])})
    >>> events = pd.DataFrame({"customer_id": [7], "redeemed_on": pd.to_datetime(["2017-01-02"])})
    >>> compare_clocks(receipts, events, "America/New_York")["matched"].tolist()
    [0, 1]
    """
    problems: list[str] = []
    for table, name, column in ((receipts, "receipts", "time"), (events, "events", day)):
        who = Column("customer_id", "id", "who bought")
        contract = Table(name, "a customer's day", ("",), (who, Column(column, "time", "when")))
        try:
            check_table(table, contract)
        except TableError as error:
            problems += [f"{name}: {text}" for text in error.problems]
    if not problems and len(receipts) == 0:
        problems = ["the receipts hold no time"]
    if problems:
        raise TableError(problems, "the clocks")
    kinds = {pd.api.types.is_numeric_dtype(table["customer_id"]) for table in (receipts, events)}
    if len(kinds) > 1 and len(events):
        says = "`customer_id` is text in one table and a whole number in the other"
        raise TableError([f"{says}: make them alike with .astype('str')"], "the clocks")
    stamped = receipts["time"].astype("datetime64[us]")
    local = stamped.copy()
    for start, hours in list_offsets(zone, stamped.min(), stamped.max()):
        local = local.mask(stamped >= start, stamped + pd.Timedelta(hours=hours))
    days: dict[str, Any] = {"as stamped": stamped.dt.normalize(), "in the shop's time": local.dt.normalize()}
    known = pd.DataFrame({"customer_id": events["customer_id"].astype("str"), "day": events[day]})
    known = known.astype({"day": "datetime64[us]"})
    buyers = receipts["customer_id"].astype("str")
    rows = []
    for name, when in days.items():
        bought = pd.DataFrame({"customer_id": buyers, "day": when}).drop_duplicates()
        matched = int((known.merge(bought, how="left", indicator="found")["found"] == "both").sum())
        moved = int((when != days["as stamped"]).sum())
        rows.append(
            {"clock": name, "matched": matched, "of": len(known), "share": matched / max(len(known), 1), "moved": moved}
        )
    return pd.DataFrame(rows).set_index("clock")
