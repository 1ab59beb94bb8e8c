"""Refills: who runs out of what, and when, from each customer's own rhythm."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.charts import GREY, TREATED, grid_along_x, headline
from loyalty.learn.offers.lines import EPOCH, DayLines, number_day, read_day_lines, write_day
from loyalty.learn.offers.rhythm import RefillGaps, Rhythm, fit_rhythm
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.days import read_day
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable
from loyalty.text import say_level

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PACKS = Table(
    "packs",
    "a product",
    ("product_id",),
    (
        Column("product_id", "id", "which product"),
        Column("pack", "number", "what is in one piece, for example tablets or weeks", low=0),
    ),
)
KEEP = ["customer_id", "product_id"]
LONG = 36500.0  # days: nothing is due later
BINS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0)


@dataclass(frozen=True, eq=False, repr=False)
class Refills:
    """Which customers are due for which product; made by `list_refills`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a customer and product, the likeliest first: last (day of the last purchase), pieces (bought then),
        gaps (closed ones of this customer), own (share of the rhythm that is the customer's own, the rest is the
        product's), rhythm_days (of what was bought last), due with low and high (days), stopped (probability that
        the customer does not buy it any more), chance (probability of a purchase within `horizon` days), status:
        "early", "due now", "late", "perhaps stopped".
    rhythms : pandas.DataFrame
        One row a product: days (of one piece), between (typical factor between customers), stop (after a purchase),
        customers, gaps.
    as_of : pandas.Timestamp
    horizon : int
        Days from `as_of` on.
    skipped : int
        Products with too few gaps, which have no rhythm.
    """

    table: pd.DataFrame = field(repr=False)
    rhythms: pd.DataFrame = field(repr=False)
    as_of: pd.Timestamp
    horizon: int
    skipped: int
    level: float = 0.8
    warnings: tuple[str, ...] = ()

    @property
    def due_now(self) -> pd.DataFrame:
        """Those whose refill is due within the horizon: the list to work with, the likeliest first."""
        return self.table[self.table["status"] == "due now"].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """The whole table."""
        return self.table.copy()

    def prove(self, receipts: AnyTable) -> pd.DataFrame:
        """Hold the chances against what was bought in the horizon.

        Parameters
        ----------
        receipts : table under RECEIPTS
            With the days from `as_of` to `as_of` + horizon.

        Returns
        -------
        pandas.DataFrame
            One row a bin of `chance`: pairs (of customer and product), expected and bought (shares), low and high.

        Raises
        ------
        TableError
            The receipts end before the horizon.
        """
        lines = read_day_lines(receipts)
        start = number_day(self.as_of)
        end = start + self.horizon
        if int(lines.day.max()) + 1 < end:
            says = f"the receipts end on {write_day(lines.day.max())}"
            raise TableError([f"{says}: to prove the list they should reach {write_day(end - 1)}"], "receipts")
        later = lines.keep_days(start, end)
        names = {"customer_id": later.customers[later.customer], "product_id": later.products[later.product]}
        bought = pd.DataFrame(names).drop_duplicates().assign(bought=1.0)
        joined = self.table[[*KEEP, "chance"]].merge(bought, on=KEEP, how="left").fillna({"bought": 0.0})
        bins = pd.cut(joined["chance"], BINS, include_lowest=True)
        by = joined.groupby(bins, observed=True)
        table = by.agg(pairs=("bought", "size"), expected=("chance", "mean"), bought=("bought", "mean"))
        low, high = interval_of_share(table["bought"] * table["pairs"], table["pairs"])
        return table.assign(low=low, high=high).rename_axis("chance").reset_index()

    def plot(self, *, title: str = "", ax: Axes | None = None, source: str = "", most: int = 8) -> Axes:
        """Draw when the first of the due list run out: the day expected, with its interval, from `as_of` on."""
        kept = self.due_now.head(most)
        if ax is None:
            import matplotlib.pyplot as plt

            ax = plt.subplots(figsize=(9, 1.6 + 0.5 * max(1, len(kept))))[1]
        place = np.arange(len(kept))[::-1]
        days = {name: (kept[name] - self.as_of).dt.days for name in ("due", "low", "high")}
        ax.axvspan(0, self.horizon, color=GREY, alpha=0.25, linewidth=0)
        ax.hlines(place, days["low"], days["high"], color=TREATED, linewidth=3)
        ax.plot(days["due"], place, "o", color=TREATED, markersize=8)
        labels = [f"{row.customer_id}: {row.product_id}" for row in kept.itertuples()]
        ax.set(yticks=place, yticklabels=labels, xlabel=f"days after {self.as_of:%Y-%m-%d}")
        grid_along_x(ax)
        said = f"day expected, with its {say_level(self.level)} interval; grey: the next {self.horizon} days"
        headline(ax, title or f"{len(self.due_now):,} refills are due now", said, source)
        return ax

    def __repr__(self) -> str:
        return (
            f"Refills as of {self.as_of:%Y-%m-%d}: {len(self.due_now):,} of {len(self.table):,} due within "
            f"{self.horizon} days"
        )

    def _repr_html_(self) -> str:
        shown = self.due_now.head(10)
        return render_html(shown, repr(self), self.warnings)


@check_arguments
def list_refills(
    receipts: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    *,
    horizon: int = 14,
    per: Literal["piece", "purchase"] = "piece",
    packs: AnyTable | None = None,
    min_gaps: int = 30,
    level: float = 0.8,
) -> Refills:
    """List which customers run out of what, from their own rhythm; few gaps lean on the product's rhythm.

    The gap that is still open counts as what it is: at least so long. Without it late customers would be missing, and
    everybody would seem to be overdue. Not for finding new needs (`mine_rules`): a refill is no cross-sell.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id, from any source of `loyalty.open_table`
        For groups of products put the group into `product_id`.
    as_of : day
        Purchases before it are the history.
    horizon : int
        Days from `as_of` on in which a refill is "due now".
    per : {"piece", "purchase"}
        Whether two pieces (`quantity`) last twice as long, or as long as one.
    packs : table with product_id and pack, optional
        What is in one piece, for example 30 tablets: rhythms are then of one tablet. For groups of products of
        different size `product_id` should be the product's group, and quantity × pack be written into `quantity`.
    min_gaps : int
        Products with fewer closed gaps have no rhythm, and are left out and counted.
    level : float
        Of the interval of the due day.

    Returns
    -------
    Refills

    Raises
    ------
    TableError
        The receipts break their contract, nothing was bought before `as_of`, or no product has enough gaps.

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=6, freq="30D")
    >>> parts = [pd.DataFrame({"customer_id": c, "time": days + pd.Timedelta(c, "D"), "sales": 9.0, "product_id": 1})
    ...          for c in range(10)]
    >>> refills = list_refills(pd.concat(parts), "2024-06-25")
    >>> first = refills.table.sort_values("customer_id").iloc[0]
    >>> round(first["rhythm_days"]), f"{first['due']:%Y-%m-%d}", first["status"]
    (30, '2024-06-29', 'due now')

    Source: as for `fit_rhythm`; Herniter (1971), Management Science 18, 102-113, for purchase gaps that differ between
    customers.
    """
    if horizon < 1 or min_gaps < 2:
        wrong = [f"horizon should be 1 or more, found {horizon}"] if horizon < 1 else []
        wrong += [f"min_gaps should be 2 or more, found {min_gaps}"] if min_gaps < 2 else []
        raise TableError(wrong, "list_refills")
    day = read_day(as_of)
    lines = read_day_lines(receipts)
    now = number_day(day)
    before = lines.keep_days(None, now)
    if not len(before):
        raise TableError([f"nothing was bought before {day:%Y-%m-%d}"], "receipts")
    amount = _find_amounts(before, per, packs)
    series = _Series.make(before, amount, now, min_gaps)
    rhythm = fit_rhythm(series.gaps)
    table = _tabulate(before, series, rhythm, now, horizon, level)
    return Refills(
        table, _tabulate_rhythms(before, series, rhythm), day, horizon, series.skipped, level, _doubt(before, now)
    )


def _doubt(lines: DayLines, now: int) -> tuple[str, ...]:
    notes = list(lines.warnings)
    silent = now - int(lines.day.max()) - 1
    if silent > 14:
        notes.append(f"the last purchase is {silent:,} days before as_of: if the data end there, take the day after it")
    return tuple(notes)


def _find_amounts(lines: DayLines, per: str, packs: Any) -> np.ndarray:
    """How much of the product each purchase holds: pieces × what is in one."""
    amount = lines.pieces if per == "piece" else np.ones(len(lines))
    if packs is None:
        return amount
    known = read_checked(packs, PACKS, ["product_id", "pack"], "packs")
    bought = pd.Series(lines.products[np.unique(lines.product)])
    strangers = find_strangers(bought, known["product_id"], "the receipts", "the packs")
    if strangers:
        raise TableError([text.replace("customer", "product") for text in strangers], "packs")
    size = pd.Series(lines.products).map(known.set_index("product_id")["pack"]).to_numpy(float)
    if not (size[np.unique(lines.product)] > 0).all():
        raise TableError(["`pack` should be above 0 for every product that was bought"], "packs")
    return amount * size[lines.product]


@dataclass(frozen=True, eq=False)
class _Series:
    """One series a customer and product with a rhythm: where its last purchase is, and its gaps."""

    gaps: RefillGaps
    last: np.ndarray  # row of the last purchase
    amount: np.ndarray  # of the last purchase
    kept: np.ndarray  # places of the products that have a rhythm
    skipped: int

    @classmethod
    def make(cls, lines: DayLines, amount: np.ndarray, now: int, min_gaps: int) -> _Series:
        order = np.lexsort((lines.day, lines.product, lines.customer))
        pair = lines.customer[order].astype(np.int64) * len(lines.products) + lines.product[order]
        same = pair[1:] == pair[:-1]
        gap = np.log(np.diff(lines.day[order]).clip(min=1) / amount[order][:-1])
        closed = np.bincount(lines.product[order][:-1][same], minlength=len(lines.products))
        has_rhythm = closed >= min_gaps
        if not has_rhythm.any():
            says = f"no product has {min_gaps:,} gaps between two purchases of one customer, at most {closed.max():,}"
            raise TableError([f"{says}: take groups of products, or min_gaps={max(2, int(closed.max()))}"], "receipts")
        is_last = np.append(~same, True)
        kept = has_rhythm[lines.product[order]]
        last = order[is_last & kept]
        number = np.cumsum(is_last & kept) - (is_last & kept)  # the series that a row belongs to
        here = same & kept[:-1]
        codes = np.cumsum(has_rhythm) - 1
        open_gap = np.log((now - lines.day[last]).clip(min=0.5) / amount[last])
        gaps = RefillGaps(number[:-1][here], gap[here], open_gap, codes[lines.product[last]])
        seen = np.unique(lines.product)
        return cls(gaps, last, amount[last], np.flatnonzero(has_rhythm), len(seen) - int(has_rhythm.sum()))


def _tabulate(lines: DayLines, series: _Series, rhythm: Rhythm, now: int, horizon: int, level: float) -> pd.DataFrame:
    last = series.last
    day = lines.day[last]
    width = stats.norm.ppf(0.5 + level / 2) * rhythm.width
    ends = [np.exp(rhythm.middle + shift) * series.amount for shift in (0.0, -width, width)]
    due, low, high = (day + np.clip(np.rint(end), 1, LONG).astype(int) for end in ends)
    later = np.log((now + horizon - day) / series.amount)
    chance = rhythm.find_chance(series.gaps.open, later)
    stopped = 1 - rhythm.running
    status = np.select(
        [stopped > 0.5, due >= now + horizon, due < now], ["perhaps stopped", "early", "late"], "due now"
    )
    table = pd.DataFrame(
        {
            "customer_id": lines.customers[lines.customer[last]],
            "product_id": lines.products[lines.product[last]],
            "last": _write_days(day),
            "pieces": lines.pieces[last],
            "gaps": np.bincount(series.gaps.series, minlength=len(last)),
            "own": rhythm.own,
            "rhythm_days": ends[0],
            "due": _write_days(due),
            "low": _write_days(low),
            "high": _write_days(high),
            "stopped": stopped,
            "chance": chance,
            "status": pd.array(status, dtype="str"),
        }
    )
    return table.sort_values(["chance", *KEEP], ascending=[False, True, True], ignore_index=True)


def _write_days(numbers: np.ndarray) -> pd.Series:
    return pd.Series(EPOCH + pd.to_timedelta(numbers, unit="D")).astype("datetime64[us]")


def _tabulate_rhythms(lines: DayLines, series: _Series, rhythm: Rhythm) -> pd.DataFrame:
    size = len(series.kept)
    product = series.gaps.product
    return pd.DataFrame(
        {
            "product_id": lines.products[series.kept],
            "days": np.exp(rhythm.product_middle),
            "between": np.exp(rhythm.product_between),
            "stop": rhythm.product_stop,
            "customers": np.bincount(product, minlength=size),
            "gaps": np.bincount(product[series.gaps.series], minlength=size),
        }
    ).sort_values(["gaps", "product_id"], ascending=[False, True], ignore_index=True)
