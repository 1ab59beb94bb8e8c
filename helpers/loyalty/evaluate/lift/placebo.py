"""Placebo lift: the same measurement in days before the start, when nothing had been sent yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields, replace

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.outcomes import apply_margin_rate, build_outcomes
from loyalty.evaluate.lift.result import Lift
from loyalty.stats.estimate import Estimate
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CONTACTS
from loyalty.tables.days import read_day
from loyalty.tables.ids import find_strangers
from loyalty.tables.problems import check_number, gather
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect, open_table
from loyalty.tables.wave.arms import join_arms
from loyalty.text import say_money

ONLY_PAST = "there is no other past: an adjustment by what was bought before uses these same days"


def is_away(found: Estimate) -> bool:
    """Whether a placebo lies away from zero: its interval is without zero."""
    return bool(found.low > 0 or found.high < 0)


def say_near_zero(found: Estimate, what: str) -> str:
    """Say whether a placebo is near zero, as it should be; `what` may be wrong where it is not.

    Examples
    --------
    >>> from loyalty.stats.estimate import make_estimate
    >>> gap = make_estimate(2.0, 0.5, n_treated=9, n_control=9, method="", estimand="")
    >>> say_near_zero(gap, "the lift")
    'It should be near zero. It is not: zero is outside the interval, so the lift may be too high.'
    """
    if is_away(found):
        way = "high" if found.effect > 0 else "low"
        return f"It should be near zero. It is not: zero is outside the interval, so {what} may be too {way}."
    if found.low <= 0 <= found.high:
        return "It should be near zero, and zero is inside the interval."
    return "It should be near zero."


@dataclass(frozen=True)
class PlaceboDays:
    """The days of a placebo lift, [first, end); `shared` where an adjusted lift uses these days too."""

    first: pd.Timestamp
    end: pd.Timestamp
    shared: bool = False

    @property
    def days(self) -> int:
        """How many days they are."""
        return (self.end - self.first).days

    def say(self) -> str:
        """Write the days in words, the last one included."""
        return f"{self.days} days, {self.first:%Y-%m-%d} to {self.end - pd.Timedelta(days=1):%Y-%m-%d}"


@dataclass(frozen=True)
class PlaceboLift(Lift):
    """A lift measured before anything was sent; made by `measure_placebo_lift`.

    It has no verdict: one campaign in twenty that was drawn by lot has an interval without zero. What a gap means is
    asked by `loyalty.evaluate.clinic`, of several measures at once.

    Attributes
    ----------
    window : PlaceboDays
        The days that were measured.
    """

    window: PlaceboDays | None = None

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """Say what was measured, with its interval, and how to read it; `unit` is written before amounts."""
        digits = 1 if self.is_rate else decimals
        times = 100 if self.is_rate else 1
        effect, low, high = (
            say_money(times * value, "" if self.is_rate else unit, digits)
            for value in (self.effect, self.low, self.high)
        )
        points = " points" if self.is_rate else ""
        span = "without an interval" if np.isnan(self.low) else f"{self.level * 100:g} % interval {low} to {high}"
        when = f" ({self.window.say()})" if self.window else ""
        text = f"Before anything was sent{when} the same comparison gives {effect}{points} of {self.measure} a customer"
        text = f"{text} ({span}). {say_near_zero(self, 'the lift')}"
        return f"{text} Careful: {ONLY_PAST}." if self.window and self.window.shared else text

    def reads(self) -> str:
        """Read the placebo in one sentence."""
        return self.sentence()


@check_arguments
def measure_placebo_lift(
    contacts: AnyTable,
    receipts: AnyTable,
    outcome: str = "sales",
    *,
    start: str | dt.date | pd.Timestamp,
    end: str | dt.date | pd.Timestamp,
    before: int = 28,
    arm: str | None = None,
    control: str = "control",
    margin_rate: float | None = None,
    vat_rate: float = 0.0,
    level: float = 0.95,
) -> PlaceboLift:
    """Measure the lift of a campaign in days when it had not begun: as many days, before those that adjust the lift.

    No test of soundness, and no verdict: beside the lift it shows in money what the groups differed by without any
    campaign. Not for groups that were chosen by these very days.

    Parameters
    ----------
    contacts : table under CONTACTS; any source of `open_table`
        Everybody assigned, control included.
    receipts : table under RECEIPTS; any source
    outcome : str
        A column that `build_outcomes` makes: sales, orders, responded, margin, …; margin is profit before anything is
        spent, and with `margin_rate` needs no column.
    start, end : day
        The campaign's days [start, end), as they were given to `build_outcomes`. The placebo's are as many, and end
        `before` days before the start.
    before : int
        Days before the start that belong to the window "pre", by which a lift is adjusted: they are left out. Where the
        receipts do not reach further back, these days themselves are measured, and the result says so.
    arm : str, optional
        The treated arm; without it all of them together.
    control : str
        Name of the control group.
    margin_rate, vat_rate : float
        As in `campaign_money`.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    PlaceboLift
        An `Estimate` in the unit of the outcome; `.sentence()` says it, `.window` tells the days.

    Raises
    ------
    TableError
        With all problems of tables and options; or if the receipts do not reach before the start at all.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=120)
    >>> receipts = pd.DataFrame({"customer_id": [1, 2, 3, 4] * 30, "time": days, "sales": [6.0, 2, 4, 4] * 30})
    >>> contacts = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": [1, 2, 3, 4],
    ...                          "arm": ["mail", "mail", "control", "control"]})
    >>> found = measure_placebo_lift(contacts, receipts, start="2024-04-01", end="2024-04-29")
    >>> found.effect, found.window.say()
    (0.0, '28 days, 2024-02-05 to 2024-03-03')

    Source: Imbens and Rubin (2015), section 21.4 (an outcome that is known not to be affected).
    """
    problems: list[str] = []
    if margin_rate is not None:
        problems += check_number("margin_rate", margin_rate, share=True)
    problems += check_number("vat_rate", vat_rate, share=True)
    people = gather(problems, check_table, contacts, CONTACTS)
    gather(problems, check_receipts, receipts)
    if problems:
        raise TableError(problems, "the placebo")
    table = collect(people[0])
    if arm is not None and arm not in set(table["arm"]):
        arms = ", ".join(sorted(set(table["arm"].astype("str")) - {control}))
        raise TableError([f"there is no arm {arm!r}; arms that are there: {arms}"], "contacts")
    bought = collect(open_table(receipts).select("customer_id").unique())["customer_id"]
    if strangers := find_strangers(table["customer_id"], bought, "the contacts", "the receipts", alike=True):
        raise TableError(strangers, "receipts")
    window = place_placebo(receipts, start=start, end=end, before=before)
    outcomes = build_placebo(table, receipts, window)
    if outcome == "margin" and "margin" not in outcomes and margin_rate is not None:
        outcomes["margin"] = apply_margin_rate(outcomes, margin_rate, np.ones(len(outcomes), bool), vat_rate)
    return compare_before(table, outcomes, outcome, window=window, arm=arm, control=control, level=level)


def place_placebo(
    receipts: AnyTable, *, start: str | dt.date | pd.Timestamp, end: str | dt.date | pd.Timestamp, before: int = 28
) -> PlaceboDays:
    """Find the days of a placebo lift: as long as the campaign, before the days that adjust the lift.

    Raises
    ------
    TableError
        The receipts do not reach before the start, or dates and days that cannot be.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": 1, "time": pd.date_range("2024-02-20", periods=9), "sales": 1.0})
    >>> place_placebo(receipts, start="2024-03-01", end="2024-03-08", before=7).say()
    '7 days, 2024-02-23 to 2024-02-29'
    """
    problems: list[str] = []
    days = [*gather(problems, read_day, start, "start"), *gather(problems, read_day, end, "end")]
    if len(days) == 2 and days[0] >= days[1]:
        problems.append(f"end should be after start, found {days[0]:%Y-%m-%d} and {days[1]:%Y-%m-%d}")
    if isinstance(before, bool) or before < 0:
        problems.append(f"before should be a whole number of days, 0 or more, found {before!r}")
    if problems:
        raise TableError(problems, "the placebo")
    found = collect(open_table(receipts).select(nw.col("time").cast(nw.Datetime("us")).min().alias("first")))["first"]
    if pd.isna(found.iloc[0]):
        raise TableError(["there are no receipts: nothing is known of the days before the start"], "receipts")
    first = pd.Timestamp(found.iloc[0]).normalize()
    last = days[0] - pd.Timedelta(days=before)
    window = PlaceboDays(last - (days[1] - days[0]), last)
    if first <= window.first:
        return window
    if before and first <= last:
        return PlaceboDays(last, days[0], shared=True)
    says = f"the receipts begin on {first:%Y-%m-%d}: for a placebo they have to reach back to {window.first:%Y-%m-%d}"
    raise TableError([says], "receipts")


def build_placebo(contacts: AnyTable, receipts: AnyTable, window: PlaceboDays) -> pd.DataFrame:
    """Sum the receipts of the placebo's days, a row a contact; the window is called "main", as a campaign's is."""
    return build_outcomes(contacts, receipts, start=window.first, end=window.end, before=0, after=0, allow_short=True)


def compare_before(
    contacts: pd.DataFrame,
    outcomes: pd.DataFrame,
    outcome: str = "sales",
    *,
    window: PlaceboDays | None,
    arm: str | None = None,
    control: str = "control",
    level: float = 0.95,
    cluster: str | None = None,
) -> PlaceboLift:
    """Compare the groups in outcomes of the window "main" that were made of the placebo's days.

    Parameters
    ----------
    contacts, outcomes : DataFrame
        As in `measure_lift`.
    window : PlaceboDays or None
        What the outcomes are of, if that is known.
    outcome, arm, control, level
        As in `measure_placebo_lift`.
    cluster : str, optional
        As in `measure_lift`.
    """
    if arm is not None:
        contacts = contacts[contacts["arm"].isin([arm, control])]
        outcomes = outcomes[outcomes["customer_id"].isin(contacts["customer_id"])]
    elif contacts["arm"].nunique() > 2:
        contacts = join_arms(contacts, control)
    found = measure_lift(contacts, outcomes, outcome, control=control, level=level, cluster=cluster)
    assert isinstance(found, Lift)
    return name_placebo(found, window)


def name_placebo(found: Lift, window: PlaceboDays | None) -> PlaceboLift:
    """Make a lift a placebo: it keeps all numbers, and says of which days it is."""
    parts = {part.name: getattr(found, part.name) for part in fields(found)}
    if window is not None and window.shared:
        parts["warnings"] = (*found.warnings, ONLY_PAST)
    return replace(PlaceboLift(**parts), window=window)
