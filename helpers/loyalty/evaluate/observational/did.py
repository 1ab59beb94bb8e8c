"""Difference in differences on several pre-windows, with placebo dates before the campaign."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.evaluate.observational.naive import compare_naively
from loyalty.prepare.visits import say_newcomers
from loyalty.stats.estimate import Estimate, render_html
from loyalty.stats.multiplicity import correct_for_many
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, check_table, read_checked
from loyalty.tables.columns import Table
from loyalty.tables.contracts import CUSTOMERS
from loyalty.tables.days import read_day
from loyalty.tables.ids import find_strangers
from loyalty.tables.receipts import CheckedReceipts, check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEY = "customer_id"
IDS_ALONE = Table("customers", "a customer", ("",), tuple(c for c in CUSTOMERS.columns if c.name == KEY))
ESTIMAND = "ATT, those who were treated, if both groups would have moved in parallel"


@dataclass(frozen=True)
class DifferenceInDifferences:
    """Differences in differences on several pre-windows, placebos, and the gap over time.

    Made by `difference_in_differences`. No estimate is "the answer" when they disagree.

    Attributes
    ----------
    naive : Estimate
        The gap during the campaign.
    estimates, placebos : tuple of Estimate
        One a pre-window: at the start, and at false starts before it.
    gaps : pandas.DataFrame
        One row a block of the campaign's length: start, treated, control (means), gap, low, high.
    per_days : int
        All amounts are per this many days.
    placebo_fails, windows_disagree : bool
        Whether a placebo finds an effect (after Holm's correction), and whether the pre-windows differ.
    warnings : tuple of str
        Reasons not to trust the estimates.
    """

    naive: Estimate
    estimates: tuple[Estimate, ...]
    placebos: tuple[Estimate, ...]
    gaps: pd.DataFrame
    per_days: int
    placebo_fails: bool
    windows_disagree: bool
    warnings: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """One row an estimate: naive, campaign, placebo; `p` of placebos uncorrected beside Holm's."""
        groups = {"naive": [self.naive], "campaign": self.estimates, "placebo": self.placebos}
        rows = [
            {
                "kind": kind,
                "start": e.details["start"],
                "pre_days": e.details.get("pre_days", np.nan),
                "effect": e.effect,
                "low": e.low,
                "high": e.high,
                "se": e.se,
                "p": e.p,
            }
            for kind, group in groups.items()
            for e in group
        ]
        frame = pd.DataFrame(rows)
        frame["p_holm"] = np.nan
        frame.loc[frame["kind"] == "placebo", "p_holm"] = correct_for_many([e.p for e in self.placebos])
        return frame

    def plot(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw all estimates and placebos with their intervals."""
        from loyalty.charts import GREY, TREATED, draw_intervals, headline

        frame = self.to_frame().query("kind != 'naive'")
        labels = []
        for row in frame.itertuples():
            name = "campaign" if row.kind == "campaign" else f"placebo {row.start:%d %b}"
            labels.append(f"{name}, {row.pre_days:.0f} days before")
        frame.index = labels
        frame["colour"] = np.where(frame["kind"] == "campaign", TREATED, GREY)
        if self.placebo_fails:
            title = "The gap also moved before the campaign"
        elif self.windows_disagree:
            title = "It depends on the window"
        else:
            title = "The windows agree"
        ax = draw_intervals(frame, ax=ax, unit=unit)
        headline(
            ax, title, f"difference in differences per {self.per_days} days; grey: dates before the campaign", source
        )
        return ax

    def plot_gap(self, *, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the gap between the groups, block by block, up to and during the campaign."""
        import matplotlib.pyplot as plt

        from loyalty.charts import GREY, HIGHLIGHT, INK, headline

        ax = ax or plt.subplots(figsize=(9, 4.5))[1]
        gaps = self.gaps
        colours = [*[GREY] * (len(gaps) - 1), HIGHLIGHT]
        ax.bar(gaps["start"].dt.strftime("%d %b"), gaps["gap"], color=colours, width=0.7)
        reach = [gaps["gap"] - gaps["low"], gaps["high"] - gaps["gap"]]
        ax.errorbar(range(len(gaps)), gaps["gap"], reach, fmt="none", ecolor=INK)
        ax.set_xlabel("start of the block; the last one is the campaign")
        ax.set_ylabel(f"{unit or 'money'} per customer")
        before = gaps["gap"].iloc[:-1].mean()
        during = gaps["gap"].iloc[-1]
        there = before > 0 and min(before, during) > 0.5 * max(before, during)
        title = "The gap was there first" if there else "The gap over time"
        measured = f"treated less the others, {unit}" if unit else "treated less the others"
        what = f"{measured} per customer and {self.per_days} days, {self.naive.level:.0%} interval"
        headline(ax, title, what, source)
        return ax

    def _repr_html_(self) -> str:
        title = f"Difference in differences per {self.per_days} days ({ESTIMAND})"
        return render_html(self.to_frame(), title, self.warnings)


@check_arguments
def difference_in_differences(
    receipts: AnyTable,
    *,
    treated: Iterable[Any],
    start: str | pd.Timestamp,
    end: str | pd.Timestamp,
    customers: Iterable[Any] | pd.DataFrame | None = None,
    pre_days: Sequence[int] = (28, 84, 180),
    placebo_dates: Sequence[str | pd.Timestamp] | None = None,
    outcome: str = "sales",
    per_days: int = 28,
    covered: tuple[str | pd.Timestamp, str | pd.Timestamp] | None = None,
    cluster: str | None = None,
    level: float = 0.95,
) -> DifferenceInDifferences:
    """Difference in differences: the change of the treated from before less that of the others, on several pre-windows.

    Not for customers invited because they had just spent much (or little): they fall back by themselves (regression to
    the mean), and this takes it for the campaign. Not while another campaign runs inside a window; it cannot know that.

    Parameters
    ----------
    receipts : table with customer_id, time, sales; any source of `loyalty.tables.sources.open_table`
        Lines or receipts; `time` is local. It is reduced to one row a customer where it lives.
    treated : iterable
        Ids of those who got the campaign; not a mask of True and False.
    start, end : date
        The campaign's window [start, end): `end` is the first day after it.
    customers : iterable or pandas.DataFrame, optional
        All ids, also of those who bought nothing; a frame has customer_id (and the column `cluster`). Without it:
        everybody who ever appears in `receipts`.
    pre_days : sequence of int
        Lengths of the windows that end at `start`, in days.
    placebo_dates : sequence of dates, optional
        False starts; each false campaign is as long as the true one and must end by `start`. Without it: one, two and
        three campaign lengths earlier, where the data reach.
    outcome : str
        The column that is added up.
    per_days : int
        All amounts are given per this many days.
    covered : (date, date), optional
        First day of the receipts and first day after them; without it the days of the first and the last receipt.
    cluster : str, optional
        A column of `customers` (store, firm) that was chosen as a whole. Without it the customer is the cluster, whose
        windows make one difference: repeated rows and serial correlation cannot narrow the interval.
    level : float
        Coverage of the intervals, a fraction.

    Returns
    -------
    DifferenceInDifferences

    Raises
    ------
    TableError
        With all problems: missing columns or values, unknown ids, windows that the receipts do not cover.

    Examples
    --------
    >>> days = pd.date_range("2025-01-01", periods=120)
    >>> lines = pd.DataFrame([(c, d, 1.0 + c + (c > 2) * (d >= days[90])) for c in range(6) for d in days],
    ...                      columns=["customer_id", "time", "sales"])
    >>> result = difference_in_differences(lines, treated=[3, 4, 5], start=days[90], end=days[118], pre_days=[28])
    >>> result.estimates[0].effect
    28.0

    Source: Bertrand, Duflo and Mullainathan (2004), Quarterly Journal of Economics 119, 249-275: one difference a unit.
    """
    start = read_day(start, "start")
    end = read_day(end, "end")
    lines, people, left_out = open_receipts(receipts, treated, customers, outcome, cluster)
    first, after = find_span(lines) if covered is None else (read_day(date, "covered") for date in covered)
    length = end - start
    pre = sorted({int(days) for days in pre_days})
    if placebo_dates is None:
        dates = _choose_placebo_dates(start, length, pre, first)
    else:
        dates = [read_day(date, "placebo_dates") for date in placebo_dates]
    check_windows((start, end), (first, after), pre, dates)
    # Every comparison: a start, true or false, and the days of the window before it
    plan = [(date, days) for date in [start, *dates] for days in pre if before(date, days)[0] >= first]
    # Windows as long as the campaign, one after the other up to the campaign itself
    blocks = [(start - i * length, end - i * length) for i in range(min(6, int((start - first) / length)), -1, -1)]
    during = {date: (date, date + length) for date in [start, *dates]}
    rates = add_up(lines, people, [*blocks, *during.values(), *(before(*item) for item in plan)], per_days)

    def estimate(values: pd.Series, method: str, **details: Any) -> Estimate:
        """Compare the treated with the others in these values, one a customer."""
        table = people.assign(value=values)
        result = compare_naively(table, treated="treated", outcome="value", cluster=cluster, level=level)
        named = dict(result.details) | details
        return replace(result, method=method, estimand=ESTIMAND, base=float("nan"), details=named)

    results = []
    for date, days in plan:
        change = rates[during[date]] - rates[before(date, days)]
        name = "difference in differences" if date == start else f"placebo {date:%Y-%m-%d}"
        results.append(estimate(change, f"{name}, {days} days before", pre_days=days, start=date))
    naive = replace(estimate(rates[(start, end)], "naive", start=start), estimand="the groups as they are")
    estimates = tuple(r for r in results if r.details["start"] == start)
    placebos = tuple(r for r in results if r.details["start"] != start)
    gaps = _lay_gaps({block: estimate(rates[block], "gap") for block in blocks}, rates, people["treated"].to_numpy())
    pairs = [estimate(rates[before(start, b)] - rates[before(start, a)], "pair").p for a, b in combinations(pre, 2)]
    disagree = bool(pairs) and min(pairs) * len(pairs) < 1 - level  # Bonferroni's correction
    failed = int((correct_for_many([e.p for e in placebos]) < 1 - level).sum())
    notes = [*_find_doubts(estimates, placebos, failed, disagree), *left_out]
    if customers is None:
        notes.append("customers who never bought anything in these receipts are missing: give all ids as `customers`")
    notes += say_newcomers(lines, people["customer_id"], pd.Series(start, people.index))
    notes += [text for e in (naive, *estimates) for text in e.warnings]
    return DifferenceInDifferences(
        naive, estimates, placebos, gaps, per_days, failed > 0, disagree, tuple(dict.fromkeys(notes))
    )


def _choose_placebo_dates(
    start: pd.Timestamp, length: pd.Timedelta, pre: list[int], first: pd.Timestamp
) -> list[pd.Timestamp]:
    """False starts one, two and three campaign lengths earlier, where the receipts cover the shortest pre-window."""
    if not pre:
        return []
    earlier = [start - i * length for i in (1, 2, 3)]
    return [date for date in earlier if before(date, pre[0])[0] >= first]


def _lay_gaps(gaps: dict[Window, Estimate], rates: dict[Window, pd.Series], group: np.ndarray) -> pd.DataFrame:
    """One row a block: its start, the means of both groups (`group`: the treated), and the gap with its interval."""
    rows = []
    for block, gap in gaps.items():
        values = rates[block]
        rows.append([block[0], values[group].mean(), values[~group].mean(), gap.effect, gap.low, gap.high])
    return pd.DataFrame(rows, columns=["start", "treated", "control", "gap", "low", "high"])


def _find_doubts(estimates: Sequence[Estimate], placebos: Sequence[Estimate], failed: int, disagree: bool) -> list[str]:
    """What speaks against parallel trends: placebos that are missing or `failed`, and windows that disagree."""
    notes = []
    if not placebos:
        notes.append("no placebo date fits before the campaign: parallel trends could not be checked")
    if failed:
        notes.append(
            f"{failed} of {len(placebos)} placebos find an 'effect' before the campaign: the trends were not parallel"
        )
    if disagree:
        values = [e.effect for e in estimates]
        way = "above" if values[0] < values[-1] else "below"
        notes.append(f"the pre-windows disagree ({min(values):,.2f} to {max(values):,.2f}): the gap moved beforehand")
        notes.append(
            f"just before the start the treated stood {abs(values[-1] - values[0]):,.2f} {way} their usual distance; "
            "if that was chance, it goes away by itself"
        )
    return notes


Window = tuple[pd.Timestamp, pd.Timestamp]


def open_receipts(
    receipts: AnyTable, treated: Iterable[Any], customers: AnyTable, outcome: str, cluster: str | None
) -> tuple[nw.LazyFrame, pd.DataFrame, tuple[str, ...]]:
    """Check receipts and customers; give lines (customer_id, time, sales), one row a customer with `treated`, notes.

    Notes count the lines that were left out because they have no customer.
    """
    checked = _check_lines(receipts, outcome)
    chosen = _read_treated(treated)
    buyers = collect(checked.table.select("customer_id").unique())["customer_id"]
    people = _list_people(buyers if customers is None else customers, ["customer_id", cluster] if cluster else [KEY])
    people["treated"] = people["customer_id"].isin(chosen)
    problems = []
    if repeats := int(people["customer_id"].duplicated().sum()):
        problems.append(f"`customer_id` repeats in {repeats:,} rows: one row a customer, please")
    problems += find_strangers(people["customer_id"], buyers, "the customers", "the receipts")
    strangers = find_strangers(chosen, people["customer_id"], "`treated`", "the customers")
    others = set(chosen) - set(people["customer_id"])
    if others and not strangers:
        shown = ", ".join(map(str, sorted(others, key=str)[:3]))
        problems.append(f"{len(others):,} of {len(chosen):,} treated ids are no customers, for example {shown}")
    if problems or strangers:
        raise TableError([*problems, *strangers], "customers")
    return checked.table, people, checked.warnings


def _check_lines(receipts: AnyTable, outcome: str) -> CheckedReceipts:
    """Receipts under their contract, with what is added up as sales."""
    try:
        lines = open_table(receipts)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    found = lines.collect_schema().names()
    if outcome != "sales" and outcome not in found:
        raise TableError([f"there is no column `{outcome}`; found: {', '.join(found)}"], "receipts")
    if {"customer_id", "time", outcome} <= set(found):
        lines = lines.select("customer_id", "time", nw.col(outcome).alias("sales"))
    return check_receipts(lines)


def _read_treated(treated: Any) -> pd.Series:
    """The ids of the treated, each once; a mask, a table or a word is refused."""
    mend = "give the ids of the treated, for example people.loc[people['arm'] == 'mail', 'customer_id']"
    if isinstance(treated, str | bytes | Mapping) or hasattr(treated, "columns") or not isinstance(treated, Iterable):
        what = " ".join(str(treated)[:40].split())
        raise TableError([f"`treated` should be ids, found {type(treated).__name__} {what}: {mend}"], "treated")
    ids = list(treated)
    if ids and all(pd.api.types.is_bool(value) for value in ids):
        raise TableError([f"`treated` holds True and False, which are no ids: {mend}"], "treated")
    return read_checked(pd.DataFrame({KEY: ids}), IDS_ALONE, [KEY], "treated")[KEY].drop_duplicates()


def _list_people(customers: AnyTable, columns: list[str]) -> pd.DataFrame:
    """One row a customer, from a table or from ids."""
    source = customers
    if not isinstance(customers, str | Path) and not hasattr(customers, "columns"):
        if not isinstance(customers, Iterable):
            raise TableError([f"`customers` should be a table or ids, found {customers!r}"], "customers")
        source = pd.DataFrame({KEY: pd.Series(list(customers)).drop_duplicates()})
    checked = check_table(source, IDS_ALONE, name="customers")
    found = checked.collect_schema().names()
    if absent := [name for name in columns if name not in found]:
        raise TableError([f"`customers` needs a column `{name}`" for name in absent], "customers")
    return collect(checked.select(columns)).sort_values(KEY, ignore_index=True)


def check_windows(window: Window, span: Window, pre: list[int], false_starts: list[pd.Timestamp]) -> None:
    """Raise a TableError that lists all windows which the receipts, known in [first, after), do not cover."""
    start, end = window
    first, after = span
    problems = []
    if end <= start:
        problems.append(f"the campaign ends ({end:%Y-%m-%d}) before it starts ({start:%Y-%m-%d})")
    if not pre or pre[0] < 1:
        problems.append("`pre_days` needs at least one length of a day or more")
    wanted = [(days, start) for days in pre] + [(pre[0], date) for date in false_starts if pre]
    for days, date in wanted:
        if before(date, days)[0] < first:
            problems.append(f"{days} days before {date:%Y-%m-%d} are not covered: receipts begin on {first:%Y-%m-%d}")
    if end > after:
        problems.append(f"the campaign's window runs to {end:%Y-%m-%d}, the receipts only to {after:%Y-%m-%d}")
    for date in false_starts:
        if date + (end - start) > start:
            problems.append(f"the false campaign of {date:%Y-%m-%d} runs into the true one: start it earlier")
    if problems:
        raise TableError(problems, "windows")


def find_span(lines: nw.LazyFrame) -> Window:
    """First day of the receipts, and the day after the last one; TableError if there is none."""
    time = nw.col("time")
    span = collect(lines.select(time.min().alias("first"), time.max().alias("last"))).iloc[0]
    if pd.isna(span["first"]):
        raise TableError(["the table holds no receipt"], "receipts")
    return pd.Timestamp(span["first"]).normalize(), pd.Timestamp(span["last"]).normalize() + pd.Timedelta(days=1)


def before(date: pd.Timestamp, days: int) -> Window:
    """The window of that many days that ends where `date` begins."""
    return date - pd.Timedelta(days=days), date


def add_up(
    lines: nw.LazyFrame, people: pd.DataFrame, windows: Iterable[Window], per_days: int
) -> dict[Window, pd.Series]:
    """Sales of every customer in every window, per `per_days` days, in one pass over the receipts; nobody drops out."""
    order = sorted(set(windows))
    low = order[0][0]
    high = max(end for _, end in order)
    time = nw.col("time")
    sums = [
        nw.when((time >= a) & (time < b)).then(nw.col("sales")).otherwise(0.0).sum().alias(f"w{i}")
        for i, (a, b) in enumerate(order)
    ]
    inside = lines.filter((time >= low) & (time < high)).group_by("customer_id").agg(*sums)
    wide = collect(inside).set_index("customer_id").reindex(people["customer_id"], fill_value=0.0).fillna(0.0)
    wide = wide.reset_index(drop=True).astype(float)
    rates = {}
    for i, (start, end) in enumerate(order):
        days = (end - start) / pd.Timedelta(days=1)
        rates[start, end] = wide[f"w{i}"] * (per_days / days)
    return rates
