"""What every scheme of the report `segments` is made from and gives, and the sums that it is held against."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from loyalty.prepare.profile import build_profile
from loyalty.report.output.html import Section
from loyalty.tables.days import write_moment
from loyalty.tables.sources import AnyTable, collect, open_table

YEAR = 364  # days: as many of each weekday
BACK = 6  # earlier days on which customers are divided, at most
LEAST = 84  # days of receipts before a day on which customers are divided: twelve weeks


class Asked(NamedTuple):
    """What a scheme is made from: the tables, the day, and `rule`, that of an earlier run, to be used again.

    `length` is the number of days of receipts before `day`, `step` the days between two days on which customers are
    divided. `own`, `k` and `features` are settings of single schemes.
    """

    receipts: AnyTable
    profile: pd.DataFrame
    day: pd.Timestamp
    length: int
    step: int
    rule: Mapping[str, Any] | None = None
    own: Any = None
    k: int | None = None
    features: str | None = None

    def find_window(self) -> int:
        """The longest window, a year at most, that all days have behind them on which customers are divided."""
        return min(YEAR, self.length - count_back(self.length, LEAST, self.step) * self.step)


class ReportScheme(NamedTuple):
    """A way to divide customers on any day.

    `assign` takes a day and the profile of that day and returns a snapshot, with `sales` where these are not all before
    that day; `actions` are the segments, in their order, with what to do; `is_relative` says that shares are set by the
    rule, so that they cannot move; `least` is how many days of receipts a day needs behind it; `says` defines the
    segments in words; `window` is the number of days whose sales count, None for all. `rule` holds in plain values what
    is needed to make the scheme again. `cautions` are for the card; `shown` is a section that only this scheme has.
    """

    name: str
    actions: Mapping[str, str]
    assign: Callable[[pd.Timestamp, pd.DataFrame], pd.DataFrame]
    is_relative: bool
    least: int
    says: str
    warnings: tuple[str, ...] = ()
    window: int | None = None
    rule: Mapping[str, Any] = {}
    cautions: tuple[str, ...] = ()
    shown: Section | None = None


def count_back(length: int, least: int, step: int) -> int:
    """How many earlier days, a step apart, have so many days of receipts behind them; six at most.

    Examples
    --------
    >>> count_back(176, 84, 28), count_back(80, 84, 28), count_back(1000, 84, 28)
    (3, 0, 6)
    """
    return min(BACK, max(0, (length - least) // step))


def describe(receipts: AnyTable, customers: AnyTable | None, day: pd.Timestamp) -> pd.DataFrame:
    """The profile of all customers as of a day."""
    return build_profile(receipts, f"{day:%Y-%m-%d}", customers=customers)


def sum_sales(receipts: AnyTable, day: pd.Timestamp, window: int | None) -> float:
    """The sales of all customers before a day, from the receipts themselves; of a window of days if there is one."""
    lines = open_table(receipts).filter(nw.col("time") < write_moment(day), ~nw.col("customer_id").is_null())
    if window is not None:
        lines = lines.filter(nw.col("time") >= write_moment(day - pd.Timedelta(days=window)))
    total = collect(lines.select(nw.col("sales").sum()))["sales"].iloc[0]
    return float(total or 0.0)


def find_last_day(receipts: AnyTable, day: pd.Timestamp) -> pd.Timestamp:
    """The last day with a receipt before a day."""
    lines = open_table(receipts).filter(nw.col("time") < write_moment(day))
    return pd.Timestamp(collect(lines.select(nw.col("time").max()))["time"].iloc[0]).normalize()
