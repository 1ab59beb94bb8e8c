"""Timed rules: who bought X buys Y some months later, with which probability, and whether it is more than chance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from loyalty.charts import GREY, INK, TREATED, grid_along_x, headline, put_legend_above
from loyalty.learn.offers.counting import Lag, PairCounts, count_pairs
from loyalty.learn.offers.lines import DayLines, number_day, read_day_lines, write_day
from loyalty.learn.offers.measures import (
    FOLLOWS,
    NO_LIFT,
    TOGETHER,
    judge_found,
    judge_proof,
    measure_pairs,
)
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.columns import Column, Table
from loyalty.tables.days import read_day
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KEEP = ["first_product", "then_product"]
SEGMENTS = Table(
    "segments",
    "a customer",
    ("customer_id",),
    (
        Column("customer_id", "id", "the card, person or household; one id a customer"),
        Column("segment", "text", "which group the customer belonged to before X", nullable=True),
    ),
)


@dataclass(frozen=True, eq=False, repr=False)
class TimedRules:
    """Timed rules X → Y of one stretch of days, all pairs that were seen; made by `mine_rules` and `TimedRules.prove`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a pair, the clearest first: first_product (X), then_product (Y), buyers (customers whose X counts),
        bought (of them, who bought Y in the window), support (bought / customers), confidence (bought / buyers) with
        low and high, chance (what confidence would be, were X dealt anew), lift (confidence / chance) with lift_low
        and lift_high, after_only and before_only (who bought Y on that side of X only), p_either (both windows
        together), p_chance, p_order, q_chance and q (corrected for all pairs), verdict: "follows", "same people",
        "confidence without lift", "not clear".
        Proved rules have p_proof in the place of both q, and the verdict "proved", "not proved" or "too few".
    lag : (int, int)
        Days from X to Y, both included.
    start, until : pandas.Timestamp
        X was looked for in [start, until); nothing from `until` on was looked at.
    customers : int
        Customers with both windows of at least one day seen: the denominator of support.
    compared : int
        Pairs that were compared.
    too_late, too_early : int
        Pairs of customer and X left out: the window after X is not over, or the customer not known long enough before.
    above : float
        X counts where at least this was paid for it.
    """

    table: pd.DataFrame = field(repr=False)
    lag: Lag
    start: pd.Timestamp
    until: pd.Timestamp
    customers: int
    compared: int
    too_late: int
    too_early: int
    above: float = 0.0
    min_buyers: int = 30
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    @property
    def found(self) -> pd.DataFrame:
        """The pairs in which Y follows X, beyond chance and beyond the taste of the same people; or that are proved."""
        return self.table[self.table["verdict"].isin([FOLLOWS, "proved"])].reset_index(drop=True)

    def to_frame(self, names: Mapping[Any, str] | pd.Series | None = None) -> pd.DataFrame:
        """The whole table; with `names` (product to name) the products are called by them."""
        if names is None:
            return self.table.copy()
        return _rename(self.table, names)

    def pick(self, first: Any, then: Any) -> pd.Series:
        """The row of one pair, by its products; TableError where the pair is not in the table."""
        table = self.table
        row = table[(table["first_product"] == first) & (table["then_product"] == then)]
        if row.empty:
            says = f"the pair {first!r} → {then!r} is not there: X needs {self.min_buyers:,} buyers, and Y a purchase"
            raise TableError([says], "the rules")
        return row.iloc[0]

    def count_verdicts(self) -> pd.DataFrame:
        """One row a verdict: pairs, and the largest confidence and lift among them.

        Pairs of which nobody bought Y on either side of X are compared as well, but not listed: they have no verdict.
        """
        by = self.table.groupby("verdict")
        largest = by[["confidence", "lift"]].max().add_prefix("largest_")
        counts = by.size().rename("pairs")
        return pd.concat([counts, largest], axis=1).sort_values("pairs", ascending=False).reset_index()

    def prove(self, receipts: AnyTable, *, until: str | dt.date | pd.Timestamp | None = None) -> TimedRules:
        """Prove the rules that were found on days that nobody has looked at: X from `until` of the mining on.

        Both tests again, Holm's correction over the rules. Not for the receipts they were found in: there they are
        true by choice.

        Parameters
        ----------
        receipts : table under RECEIPTS
            All receipts, those that the rules were found in too: the older ones serve the window before X, and nothing
            else. Without them early X are left out, which is said in `warnings`.
        until : day, optional
            The day after the last one that is looked at; the day after the last receipt if left out.

        Returns
        -------
        TimedRules
            One row a rule that was found, with `p_proof`, and the verdict "proved", "not proved" or "too few".

        Raises
        ------
        TableError
            No rule was found, no day is late enough, or the receipts begin so late that no X can count.
        """
        if "q" not in self.table:
            raise TableError(["these rules have been proved already: prove those of mine_rules"], "the rules")
        if self.found.empty:
            raise TableError(["no rule was found, so there is none to prove"], "the rules")
        lines = read_day_lines(receipts)
        end = _find_end(lines, until)
        first = number_day(self.until)
        if first + self.lag[1] >= end:
            says = f"rules mined until {self.until:%Y-%m-%d} need receipts until {write_day(first + self.lag[1] + 1)}"
            raise TableError([f"{says} at least, found until {write_day(end)}: proof needs later days"], "receipts")
        late = _find_late_start(lines, self.lag, first, end)
        counts = count_pairs(lines, self.lag, first, end, self.above)
        table = judge_proof(self._measure_again(lines, counts), self.min_buyers, self.level)
        notes = (*lines.warnings, *late, *_say_left_out(counts, self.lag))
        return self._become(table, counts, self.until, end, notes)

    def split(
        self, receipts: AnyTable, segments: AnyTable, *, since: str | dt.date | pd.Timestamp | None = None
    ) -> pd.DataFrame:
        """Say for whom the found rules hold: the same measures in each segment, dealt anew within the segment.

        Not for segments that were made with what happened after X: they know the answer.

        Parameters
        ----------
        receipts : table under RECEIPTS
        segments : table with customer_id and segment
            Who is not in it, or has none, is left out.
        since : day, optional
            X from this day on; from the start of the mining on if left out.

        Returns
        -------
        pandas.DataFrame
            One row a rule and segment: first_product, then_product, segment, and the measures of `table`.
        """
        lines = read_day_lines(receipts)
        known = read_checked(segments, SEGMENTS, ["customer_id", "segment"], "segments").dropna(subset=["segment"])
        strangers = find_strangers(known["customer_id"], pd.Series(lines.customers), "the segments", "the receipts")
        if strangers:
            raise TableError(strangers, "segments")
        start = number_day(self.start if since is None else read_day(since, "since"))
        end = int(lines.day.max()) + 1
        _find_late_start(lines, self.lag, start, end)
        group = pd.Series(lines.customers).map(known.set_index("customer_id")["segment"]).to_numpy(object)
        parts = []
        for name in sorted(known["segment"].unique()):
            mine = lines.take((group == name)[lines.customer])
            if not len(mine):
                continue
            counts = count_pairs(mine, self.lag, start, end, self.above)
            parts.append(self._measure_again(mine, counts).assign(segment=name))
        if not parts:
            raise TableError(["no customer of the receipts has a segment"], "segments")
        frame = pd.concat(parts, ignore_index=True)
        frame.insert(2, "segment", frame.pop("segment"))
        return frame.sort_values([*KEEP, "segment"], ignore_index=True)

    def plot(
        self,
        *,
        names: Mapping[Any, str] | pd.Series | None = None,
        most: int = 8,
        title: str = "",
        ax: Axes | None = None,
        source: str = "",
    ) -> Axes:
        """Draw the confidence of the first rules with its interval, beside what chance would make of it (grey bar)."""
        kept = self.found if "q" in self.table else self.table
        kept = (kept if names is None else _rename(kept, names)).head(most)
        if ax is None:
            ax = plt.subplots(figsize=(9, 1.6 + 0.75 * len(kept)))[1]
        place = np.arange(len(kept))[::-1]
        ax.barh(place, kept["chance"], 0.5, color=GREY, label="what chance makes")
        ax.hlines(place, kept["low"], kept["high"], color=TREATED, linewidth=3)
        ax.plot(kept["confidence"], place, "o", color=TREATED, markersize=8, label="found, with interval")
        for y, row in zip(place, kept.itertuples(), strict=True):
            said = f"{row.confidence:.0%} of {row.buyers:,}, lift {row.lift:.1f}"
            ax.text(row.high + 0.01, y, said, va="center", fontsize=10, color=INK)
        labels = [f"{row.first_product} → {row.then_product}" for row in kept.itertuples()]
        top = 1.0 if kept.empty else float(kept["high"].max())
        ax.set(yticks=place, yticklabels=labels, xlim=(0, 1.45 * top), xlabel="share of the buyers of X who buy Y")
        grid_along_x(ax)
        put_legend_above(ax, columns=2)
        said = f"{self.lag[0]} to {self.lag[1]} days after X; X from {self.start:%Y-%m-%d} on\n\n"
        headline(ax, title or f"{count_of(len(kept), 'rule')} found", said, source)
        return ax

    def __repr__(self) -> str:
        return (
            f"TimedRules: {len(self.found):,} of {self.compared:,} pairs, Y {self.lag[0]} to {self.lag[1]} days after "
            f"X, {self.start:%Y-%m-%d} to {self.until:%Y-%m-%d}"
        )

    def _repr_html_(self) -> str:
        shown = self.found if "q" in self.table else self.table
        columns = [*KEEP, "buyers", "confidence", "low", "high", "chance", "lift", "verdict"]
        return render_html(shown[columns].head(12), f"{self!r}", self.warnings)

    def _measure_again(self, lines: DayLines, counts: PairCounts) -> pd.DataFrame:
        """Measure the found rules on other counts; products that nobody bought there have no buyer."""
        found = self.found[KEEP]
        first, then = (pd.Index(lines.products).get_indexer(found[name]) for name in KEEP)
        known = (first >= 0) & (then >= 0)
        measured = measure_pairs(counts, first[known], then[known], self.level)
        table = found.loc[known].reset_index(drop=True).join(measured)
        rest = found.loc[~known].assign(buyers=0, bought=0, after_only=0, before_only=0, p_either=1.0)
        rest = rest.assign(p_chance=1.0, p_order=1.0)
        return pd.concat([table, rest], ignore_index=True) if len(rest) else table

    def _become(
        self, table: pd.DataFrame, counts: PairCounts, start: pd.Timestamp, end: int, notes: tuple[str, ...]
    ) -> TimedRules:
        until = pd.Timestamp(write_day(end))
        return TimedRules(
            table,
            self.lag,
            start,
            until,
            counts.customers,
            len(table),
            counts.too_late,
            counts.too_early,
            self.above,
            self.min_buyers,
            self.level,
            notes,
        )


@check_arguments
def mine_rules(
    receipts: AnyTable,
    *,
    lag: tuple[int, int] = (90, 210),
    start: str | dt.date | pd.Timestamp | None = None,
    until: str | dt.date | pd.Timestamp | None = None,
    above: float = 0.0,
    min_buyers: int = 30,
    min_pairs: int = 10,
    level: float = 0.95,
) -> TimedRules:
    """Mine timed rules: who bought X (for at least `above`) buys Y within `lag` days afterwards.

    Three questions to each pair. Is it more than chance? The lines of X are dealt anew within month × decile of
    activity; the mean over all deals is exact. Is it more than the same people's taste? Who likes both buys Y before X
    as well: so Y after X is held against Y in the mirrored window before. And it is corrected for all pairs (Benjamini
    and Hochberg). The fourth, whether it stays so, is asked by `TimedRules.prove` on later days. Not for saying that a
    message would change anything: most buyers of Y would come without it. Ask an experiment.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id, from any source of `loyalty.open_table`
        For groups of products put the group into `product_id`.
    lag : (int, int)
        Days from X to Y, both included.
    start, until : day, optional
        X is looked for from `start` on; nothing from `until` on is looked at. All days if left out.
    above : float
        Money that must have been paid for X on its day, in the currency of the data.
    min_buyers : int
        X with fewer customers is not compared.
    min_pairs : int
        Customers who bought Y on one side of X only; with fewer there is no test of order.
    level : float
        Of the intervals; 1 - level is the share of false rules among the found ones that is allowed.

    Returns
    -------
    TimedRules

    Raises
    ------
    TableError
        The receipts break their contract or have no `product_id`; no X has both its windows seen.

    Examples
    --------
    >>> days = pd.Series(pd.date_range("2024-01-01", periods=80, freq="14D"))
    >>> parts = [pd.DataFrame({"customer_id": c, "time": days, "sales": 2.0, "product_id": 1}) for c in range(60)]
    >>> for number, part in enumerate(parts[::2]):
    ...     part.loc[16 + number, "product_id"] = 2  # the monitor
    ...     part.loc[26 + number, "product_id"] = 3  # tablets, 140 days later
    >>> rules = mine_rules(pd.concat(parts))
    >>> rules.found[["first_product", "then_product", "buyers", "confidence"]].to_numpy().tolist()
    [[2.0, 3.0, 30.0, 1.0]]

    Source: Agrawal, Imielinski and Swami (1993), SIGMOD 22, 207-216, for support and confidence; Brin, Motwani, Ullman
    and Tsur (1997), SIGMOD 26, 255-264, for lift; Hallas (1996), Epidemiology 7, 478-484, for after against before.
    """
    _refuse_settings(lag, above, min_buyers, min_pairs)
    lines = read_day_lines(receipts)
    begin = int(lines.day.min()) if start is None else number_day(read_day(start, "start"))
    end = _find_end(lines, until)
    counts = count_pairs(lines, lag, begin, end, above)
    if not counts.buyers.any():
        says = f"no purchase has {lag[1]:,} days before it and after it, in {write_day(begin)} to {write_day(end)}"
        raise TableError([f"{says}: take a shorter lag, or more receipts"], "receipts")
    first, then = _list_pairs(counts, min_buyers)
    measured = measure_pairs(counts, first, then, level)
    named = pd.DataFrame({"first_product": lines.products[first], "then_product": lines.products[then]})
    compared = int((counts.buyers >= min_buyers).sum()) * (len(lines.products) - 1)
    table = judge_found(named.join(measured), compared, min_pairs, level)
    worse = np.maximum(table["p_chance"], table["p_order"])
    table = table.assign(worse=worse).sort_values(["q", "worse", *KEEP], ignore_index=True).drop(columns="worse")
    return TimedRules(
        table,
        (int(lag[0]), int(lag[1])),
        pd.Timestamp(write_day(begin)),
        pd.Timestamp(write_day(end)),
        counts.customers,
        compared,
        counts.too_late,
        counts.too_early,
        above,
        min_buyers,
        level,
        (*lines.warnings, *_find_doubts(counts, table, lag, min_buyers)),
    )


def _refuse_settings(lag: tuple[int, int], above: float, min_buyers: int, min_pairs: int) -> None:
    wrong = []
    if not 1 <= lag[0] <= lag[1]:
        wrong.append(f"lag should be two days, 1 or more, the earlier first, such as (90, 210); found {tuple(lag)!r}")
    if above < 0:
        wrong.append(f"above should be 0 or more, found {above!r}")
    for name, value in (("min_buyers", min_buyers), ("min_pairs", min_pairs)):
        if value < 1:
            wrong.append(f"{name} should be 1 or more, found {value!r}")
    if wrong:
        raise TableError(wrong, "mine_rules")


def _find_end(lines: DayLines, until: str | dt.date | pd.Timestamp | None) -> int:
    """The day after the last one that is looked at."""
    return int(lines.day.max()) + 1 if until is None else number_day(read_day(until, "until"))


def _list_pairs(counts: PairCounts, min_buyers: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different products with enough buyers of X, of which anybody bought Y on either side."""
    seen = (counts.after + counts.before).tocoo()
    first, then = seen.coords
    here = (first != then) & (counts.buyers[first] >= min_buyers)
    return first[here], then[here]


def _find_late_start(lines: DayLines, lag: Lag, first: int, end: int) -> list[str]:
    """Say that receipts begin too late to know the days before each X; refuse them where no X is left."""
    begin = int(lines.day.min())
    counted = begin + lag[1]
    if counted <= first:
        return []
    so = f"the receipts begin on {write_day(begin)}, and X needs {lag[1]:,} known days before it"
    do = "Give all receipts, the older ones too"
    if counted + lag[1] >= end:
        raise TableError([f"{so} and after it: until {write_day(end)} no X can count. {do}"], "receipts")
    return [f"{so}: it counts from {write_day(counted)} on only. {do}"]


def _say_left_out(counts: PairCounts, lag: Lag) -> list[str]:
    """Say how many buyers of an X do not count, over all products."""
    if not (counts.too_late or counts.too_early):
        return []
    return [
        f"left out, over all products: {counts.too_late:,} buyers of an X whose {lag[1]:,} days after it are not over, "
        f"and {counts.too_early:,} whose {lag[1]:,} days before it are not known"
    ]


def _find_doubts(counts: PairCounts, table: pd.DataFrame, lag: Lag, min_buyers: int) -> list[str]:
    notes = _say_left_out(counts, lag)
    if not (counts.buyers >= min_buyers).any():
        notes.append(f"no X has {min_buyers:,} buyers, so nothing was compared")
    if together := int((table["verdict"] == TOGETHER).sum()):
        notes.append(f"{count_of(together, 'pair')} beat chance and show no order: the same people like both")
    if loud := int((table["verdict"] == NO_LIFT).sum()):
        notes.append(f"{count_of(loud, 'pair')} with a high confidence are no more than chance: everybody buys Y")
    return notes


def _rename(table: pd.DataFrame, names: Mapping[Any, str] | pd.Series) -> pd.DataFrame:
    """Call both products by their names; a product without one keeps its id."""
    called = pd.Series(names)
    return table.assign(**{name: table[name].map(called).fillna(table[name].astype(str)) for name in KEEP})
