"""The schemes of the report `segments`: one rule for all days, so that customers can be followed through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

import narwhals as nw
import pandas as pd

from loyalty.prepare.profile import build_profile
from loyalty.segment.rank.ranking import rank_customers
from loyalty.segment.rules.life_cycle import LIFE_CYCLE, assign_life_cycle, measure_gaps
from loyalty.segment.rules.rfm import RFM_SEGMENTS, name_segments, score_rfm
from loyalty.tables.check import TableError
from loyalty.tables.days import write_moment
from loyalty.tables.sources import AnyTable, collect, open_table

YEAR = 364  # days: as many of each weekday
BACK = 6  # earlier days on which customers are divided, at most
LEAST = 84  # days of receipts before a day on which customers are divided: twelve weeks
VALUE = {
    "best tenth": "Know them by name; ask them first, and give attention before discounts.",
    "upper": "Offer the next category; test what brings one visit more.",
    "middle": "Relevant news; no costly offer without a test.",
    "lower": "Cheap contact only.",
    "nothing bought": "Find out with one cheap test who comes back, and stop paying for mail to the others.",
}
SHORTEST = 28  # days of receipts, for the schemes that place customers among each other
STEPS = {"best tenth": (10, 10), "upper": (8, 9), "middle": (4, 7), "lower": (1, 3)}  # deciles, the best is 10


class ReportScheme(NamedTuple):
    """A way to divide customers on any day.

    `assign` takes a day and the profile of that day and returns a snapshot, with `sales` where these are not all before
    that day; `actions` are the segments, in their order, with what to do; `is_relative` says that shares are set by the
    rule, so that they cannot move; `least` is how many days of receipts a day needs behind it; `says` defines the
    segments in words; `window` is the number of days whose sales count, None for all.
    """

    name: str
    actions: Mapping[str, str]
    assign: Callable[[pd.Timestamp, pd.DataFrame], pd.DataFrame]
    is_relative: bool
    least: int
    says: str
    warnings: tuple[str, ...] = ()
    window: int | None = None


def make_scheme(
    name: str, receipts: AnyTable, profile: pd.DataFrame, day: pd.Timestamp, length: int, step: int
) -> ReportScheme:
    """Make the scheme of a name, with the rule that holds on `day`.

    Parameters
    ----------
    name : {"life_cycle", "rfm", "value"}
    receipts : table
        Those of the report.
    profile : pandas.DataFrame
        All customers as of `day`.
    day : pandas.Timestamp
    length : int
        Days of receipts before `day`.
    step : int
        Days between two days on which customers are divided.

    Raises
    ------
    TableError
        The receipts are too short for the life cycle, or nobody bought twice.
    """
    if name != "life_cycle" and length < SHORTEST:
        says = f"the receipts cover {length:,} days, and {SHORTEST} are the least: nobody can be told from the others"
        raise TableError([says], "receipts")
    if name == "rfm":
        return _make_rfm(profile)
    if name == "value":
        return _make_value(receipts, min(YEAR, length - count_back(length, LEAST, step) * step))
    return _make_life_cycle(receipts, day, length)


def count_back(length: int, least: int, step: int) -> int:
    """How many earlier days, a step apart, have so many days of receipts behind them; six at most.

    Examples
    --------
    >>> count_back(176, 84, 28), count_back(80, 84, 28), count_back(1000, 84, 28)
    (3, 0, 6)
    """
    return min(BACK, max(0, (length - least) // step))


def _make_life_cycle(receipts: AnyTable, day: pd.Timestamp, length: int) -> ReportScheme:
    """The life cycle, by the pauses that are usual today."""
    gaps = measure_gaps(receipts, day)
    typical = float(gaps.at(0.95)["typical_customer"])
    needed = max(LEAST, round(2 * typical))
    if length < needed:
        says = f"the receipts cover {length:,} days, and the life cycle needs {needed:,}: longer pauses cannot be seen"
        raise TableError([f"{says}; take scheme=rfm or scheme=value, or longer receipts"], "receipts")

    def assign(_: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        return assign_life_cycle(profile, gaps=gaps)

    says = (
        f"New: the first purchase is not longer ago than 95 of 100 usual pauses ({typical:,.0f} days). Cooling, gone "
        "quiet: silent for longer than 80 and 95 of 100 pauses, of the customer's own where there are at least five. "
        "One pause in twenty is that long and ends by itself: gone quiet does not mean lost. Earlier days are judged "
        "by the same pauses."
    )
    return ReportScheme("life cycle", LIFE_CYCLE, assign, False, needed, says, gaps.warnings)


def _make_rfm(profile: pd.DataFrame) -> ReportScheme:
    """The habit of the field: recency, frequency and money, each scored by the customer's place on that day."""

    def assign(_: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        return name_segments(score_rfm(profile))

    says = (
        "Scores of recency, frequency and money from 1 to 5, by the customer's place among those who bought; equal "
        "customers have equal scores. Names are habits of the field: new customers means recent and small, and may "
        "hold customers of years ago. On each day customers are scored anew."
    )
    return ReportScheme("rfm", RFM_SEGMENTS.actions, assign, True, LEAST, says, tuple(score_rfm(profile).warnings))


def _make_value(receipts: AnyTable, window: int) -> ReportScheme:
    """Parts by sales in a window of the same length for all days."""

    def assign(then: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        start = then - pd.Timedelta(days=window)
        ranking = rank_customers(receipts, start, then)
        bought = ranking.table.loc[ranking.table["receipts"] > 0, ["customer_id", "decile", "sales"]]
        table = profile[["customer_id", "as_of"]].merge(bought, on="customer_id", how="left")
        segment = pd.Series("nothing bought", index=table.index, dtype="str")
        for name, (low, high) in STEPS.items():
            segment = segment.mask(table["decile"].between(low, high), name)
        version = f"sales of {window} days"
        named = table[["customer_id", "as_of"]].assign(scheme="value", version=version, segment=segment)
        return named.assign(sales=table["sales"].fillna(0.0))

    says = (
        f"Buyers ranked by sales of the {window:,} days before each day, returns taken off: the best tenth, the next "
        "two tenths (upper), four tenths (middle), the rest (lower); equal customers stay together. Nothing bought: no "
        "purchase in these days."
    )
    return ReportScheme("value", VALUE, assign, True, LEAST, says, window=window)


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
