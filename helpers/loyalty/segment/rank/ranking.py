"""Customers ranked by what they brought in one window: equal customers equal rank and equal decile."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.profile import is_purchase, reduce_to_receipts, type_columns
from loyalty.segment.rank.shares import estimate_slice
from loyalty.segment.rules.rfm import cut_values, score_values
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, read_checked
from loyalty.tables.contracts import CUSTOMERS
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.ids import find_strangers
from loyalty.tables.receipts import check_receipts
from loyalty.tables.sources import AnyTable, collect, open_table

STAFF_RECEIPTS = 20  # so many receipts in the window at least, and
STAFF_A_DAY = 3  # so many on each of its days, or
STAFF_TIMES = 5  # so many times the receipts of the buyer in a hundred who has most


@dataclass(frozen=True, eq=False)
class Ranking:
    """Customers ranked in one window; built by `rank_customers`.

    `table` has one row a customer: customer_id, since (day of joining where the list of customers tells it, else day of
    the first purchase in the receipts; empty without either), whole_window (whether that is before the start), sales,
    receipts, days (with a purchase), rank (1 is the largest; equal customers share the best of their places) and decile
    (the highest is the best).
    """

    table: pd.DataFrame
    value: str
    start: pd.Timestamp
    end: pd.Timestamp
    bins: int
    left_out: pd.DataFrame = field(default_factory=pd.DataFrame)
    warnings: tuple[str, ...] = ()

    @property
    def suspects(self) -> pd.DataFrame:
        """Rows of cards whose receipts are a till's more than a customer's: perhaps a cashier's own card.

        20 receipts or more; and three or more on each of its days, or five times as many as 99 of 100 buyers stay
        within. A card that collects less is not seen: ask for the list of staff cards.
        """
        table = self.table
        bought = table.loc[table["receipts"] > 0, "receipts"]
        usual = float(bought.quantile(0.99)) if len(bought) else 0.0
        many = (table["receipts"] >= STAFF_A_DAY * table["days"]) | (table["receipts"] >= STAFF_TIMES * usual)
        return table[many & (table["receipts"] >= STAFF_RECEIPTS)].reset_index(drop=True)

    def deciles(self, *, level: float = 0.95) -> pd.DataFrame:
        """Sum up each decile, the best first.

        Parameters
        ----------
        level : float
            Coverage of each interval, a fraction.

        Returns
        -------
        pandas.DataFrame
            decile, customers, least and most (amount of a customer in it), money, share (of the money) with low and
            high. Customers and money add up to those of the table. Empty deciles have a row of zeros.
        """
        amounts = self.table[self.value].to_numpy(float)
        order = np.sort(amounts)
        rows = []
        above = 0
        for decile in range(self.bins, 0, -1):
            inside = amounts[(self.table["decile"] == decile).to_numpy()]
            row: dict[str, Any] = {"decile": decile, "customers": len(inside)}
            row["least"], row["most"] = (inside.min(), inside.max()) if len(inside) else (np.nan, np.nan)
            row["money"] = float(inside.sum())
            row |= {"share": 0.0, "low": np.nan, "high": np.nan}
            if len(inside) and order.sum() > 0:
                part = estimate_slice(order, above / len(order), (above + len(inside)) / len(order), level=level)
                row |= {"share": row["money"] / order.sum(), "low": part.low, "high": part.high}
            above += len(inside)
            rows.append(row)
        return pd.DataFrame(rows)

    def to_frame(self) -> pd.DataFrame:
        """The table of customers, the largest first; equal ones by customer_id."""
        return self.table.sort_values(["rank", "customer_id"], ignore_index=True)

    def _repr_html_(self) -> str:
        days = f"[{self.start:%Y-%m-%d}, {self.end:%Y-%m-%d})"
        shown = self.deciles().round({"least": 2, "most": 2, "money": 2, "share": 3, "low": 3, "high": 3})
        return render_html(shown, f"{len(self.table):,} customers by {self.value} in {days}", self.warnings)


@check_arguments
def rank_customers(
    receipts: AnyTable,
    start: Any,
    end: Any,
    *,
    customers: AnyTable = None,
    leave_out: Iterable[Any] = (),
    of: Literal["sales", "receipts"] = "sales",
    deciles: int = 10,
) -> Ranking:
    """Rank customers by what they brought in one window, the same window for everybody; ties are kept together.

    Customers who bought nothing are ranked too, if the list of customers is given: a decile of active customers only
    tells nothing of the base. Not for sums since joining: who joined earlier had more time. Customers who came after
    the start are ranked, marked and counted, because their window is shorter.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`. Returns lower the sales, and are no receipts.
    start, end : str or pandas.Timestamp
        Two days: the window is [start, end).
    customers : the same kinds of source, optional
        Everyone who should have a row; with `joined_on`, those who joined on `end` or later are left out and counted.
    leave_out : ids, optional
        Cards that are no customers, such as those of the staff. Their receipts are left out and counted.
    of : {"sales", "receipts"}
        What is ranked.
    deciles : int
        Number of parts, 2 or more.

    Returns
    -------
    Ranking
        Its `table` is sorted by customer_id. Sales of the table and of `left_out` add up to those of the receipts in
        the window. Deciles are cut at values, by the rule of `score_rfm`.

    Raises
    ------
    TableError
        A table breaks its contract, the window is empty, or nobody is left to rank.

    Examples
    --------
    >>> receipts = pd.DataFrame({"customer_id": [1, 2, 3, 3], "sales": [5.0, 5.0, 9.0, 1.0],
    ...                          "time": pd.to_datetime(["2017-01-02", "2017-01-09", "2017-01-03", "2017-01-04"])})
    >>> members = pd.DataFrame({"customer_id": range(5)})
    >>> ranking = rank_customers(receipts, "2017-01-01", "2017-02-01", customers=members)
    >>> ranking.table["rank"].tolist(), ranking.table["decile"].tolist()
    ([4, 2, 2, 1, 4], [1, 7, 7, 10, 1])
    """
    first, last = read_day(start, "start"), read_day(end, "end")
    problems = (
        [] if first < last else [f"the window is empty: start {first:%Y-%m-%d} is not before end {last:%Y-%m-%d}"]
    )
    if deciles < 2:
        problems.append(f"deciles should be 2 or more, found {deciles}")
    if problems:
        raise TableError(problems, "rank_customers")
    checked = check_receipts(receipts)
    lines = type_columns(checked.table).filter(nw.col("time") < write_moment(last))
    sums = _sum_up(lines, first, last)
    seen = collect(
        lines.filter(is_purchase(lines.collect_schema().names()))
        .group_by("customer_id")
        .agg(since=nw.col("time").min())
    )
    seen["since"] = pd.to_datetime(seen["since"]).dt.normalize()
    table, notes = _meet_customers(sums, seen, customers, last)
    table, left_out, more = _leave_out(table, list(leave_out))
    if table.empty:
        raise TableError(["nobody is left to rank: no customer has a receipt in the window"], "rank_customers")
    table["whole_window"] = table["since"] < first
    table["rank"] = table[of].rank(method="min", ascending=False).astype("int64")
    table["decile"] = score_values(table[of], cut_values(table[of], deciles)).astype("int64")
    columns = ["customer_id", "since", "whole_window", "sales", "receipts", "days", "rank", "decile"]
    table = table[columns].sort_values("customer_id", ignore_index=True)
    ranking = Ranking(table, of, first, last, deciles, left_out)
    known = bool((seen["since"] < first).any()) or notes.dated
    warnings = (*checked.warnings, *notes.texts, *more, *_doubt(ranking, known=known))
    return Ranking(table, of, first, last, deciles, left_out, warnings)


@dataclass(frozen=True)
class _Notes:
    texts: tuple[str, ...]
    dated: bool


def _sum_up(lines: nw.LazyFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """One row a customer with a line in the window: sales, receipts and days with a purchase."""
    inside = lines.filter(nw.col("time") >= write_moment(first))
    visits = reduce_to_receipts(inside, last)
    if collect(visits.select(nw.col("again").sum()))["again"].fillna(0).iloc[0]:
        visits = reduce_to_receipts(inside, last, split=True)
    day = nw.when(nw.col("bought") == 1).then(nw.col("day"))
    rows = visits.with_columns(day=day)
    no_day = nw.col("day").is_null().cast(nw.Int64).max()  # counted by n_unique as one more day
    sums = collect(
        rows.group_by("customer_id").agg(
            sales=nw.col("monetary").sum(), receipts=nw.col("bought").sum(), days=nw.col("day").n_unique() - no_day
        )
    )
    sums["sales"] = sums["sales"].round(6) + 0.0
    return sums


def _meet_customers(
    sums: pd.DataFrame, seen: pd.DataFrame, customers: AnyTable, last: pd.Timestamp
) -> tuple[pd.DataFrame, _Notes]:
    """Put the sums beside the list of customers; those who are not on it are kept, and counted."""
    numbers = ["sales", "receipts", "days"]
    if customers is None:
        table = sums.merge(seen, on="customer_id", how="left")
        return table.astype({"receipts": "int64", "days": "int64"}), _Notes((), dated=False)
    names = ["customer_id"]
    if "joined_on" in open_table(customers).collect_schema().names():
        names.append("joined_on")
    everyone = read_checked(customers, CUSTOMERS, names)
    ids = everyone["customer_id"], sums["customer_id"]
    if strangers := find_strangers(*ids, "the list of customers", "the receipts", alike=True):
        raise TableError(strangers, "customers")
    texts = []
    dated = "joined_on" in names
    if dated:
        everyone = everyone.assign(joined_on=pd.to_datetime(everyone["joined_on"]))
        late = (everyone["joined_on"] >= last) & ~everyone["customer_id"].isin(sums["customer_id"])
        if late.any():
            texts.append(f"{late.sum():,} customers joined on {last:%Y-%m-%d} or later, and are left out")
        everyone = everyone[~late]
    kind = {"customer_id": (everyone if len(everyone) else sums)["customer_id"].dtype}
    table = everyone.astype(kind).merge(sums.astype(kind), on="customer_id", how="outer")
    table = table.merge(seen.astype(kind), on="customer_id", how="left")
    if dated:
        table["since"] = table["joined_on"].fillna(table["since"])
    unknown = int((~table["customer_id"].isin(everyone["customer_id"])).sum())
    if unknown:
        texts.append(f"{unknown:,} customers of the receipts are not on the list of customers, and are ranked too")
    table[numbers] = table[numbers].fillna(0)
    return table.astype({"receipts": "int64", "days": "int64"}), _Notes(tuple(texts), dated=dated)


def _leave_out(table: pd.DataFrame, cards: list[Any]) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Take out the cards that are no customers, and say what they had."""
    if not cards:
        return table, table.head(0).reset_index(drop=True), ()
    if strangers := find_strangers(cards, table["customer_id"], "`leave_out`", "the receipts", alike=True):
        raise TableError(strangers, "leave_out")
    out = table["customer_id"].isin(cards)
    gone = table[out].reset_index(drop=True)
    who = "1 card is" if len(gone) == 1 else f"{len(gone):,} cards are"
    said = f"{who} left out: {gone['receipts'].sum():,} receipts, sales {gone['sales'].sum():,.2f}"
    return table[~out].reset_index(drop=True), gone, (said,)


def _doubt(ranking: Ranking, *, known: bool) -> list[str]:
    """Say what looks odd: shorter windows, cards like those of a till, returns above purchases, deciles with ties."""
    table = ranking.table
    notes = []
    late = int((table["since"] >= ranking.start).sum())
    if late and known:
        notes.append(f"{late:,} of {len(table):,} customers came after the start: their window is shorter")
    elif late:
        notes.append(
            "the receipts begin with the window: who is new and who is only seen for the first time is not known"
        )
    suspects = ranking.suspects
    if len(suspects):
        shown = ", ".join(str(card) for card in suspects.sort_values("rank")["customer_id"].head(3))
        who = "1 card has" if len(suspects) == 1 else f"{len(suspects):,} cards have"
        shown += ", …" if len(suspects) > 3 else ""
        notes.append(f"{who} receipts like a till ({shown}): a cashier's own card, or a firm? See `suspects`")
    below = table["sales"] < 0
    if below.any():
        more = -table.loc[below, "sales"].sum()
        notes.append(f"{below.sum():,} customers are below zero: they returned {more:,.2f} more than they bought")
    sizes = np.bincount(table["decile"], minlength=ranking.bins + 1)[1:]
    if sizes.min() == 0 or sizes.max() > 1.5 * len(table) / ranking.bins:
        notes.append(f"many customers are equal, so the deciles hold from {sizes.min():,} to {sizes.max():,} customers")
    return notes
