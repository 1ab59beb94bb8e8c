"""Customers ranked by what they brought in one window: equal customers equal rank and equal decile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table

MOST_PARTS = 100  # of a ranking
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
            decile, customers, least and most (amount of a customer in it), amount (sales, or receipts, together), share
            (of the amount) with low and high. Customers and amounts add up to those of the table. Empty deciles have
            zeros; shares are empty where all amounts together are not above zero.
        """
        amounts = self.table[self.value].to_numpy(float)
        order = np.sort(amounts)
        rows = []
        above = 0
        for decile in range(self.bins, 0, -1):
            inside = amounts[(self.table["decile"] == decile).to_numpy()]
            row: dict[str, Any] = {"decile": decile, "customers": len(inside)}
            row["least"], row["most"] = (inside.min(), inside.max()) if len(inside) else (np.nan, np.nan)
            row["amount"] = float(inside.sum())
            row |= {"share": 0.0 if order.sum() > 0 else np.nan, "low": np.nan, "high": np.nan}
            if len(inside) and order.sum() > 0:
                part = estimate_slice(order, above / len(order), (above + len(inside)) / len(order), level=level)
                row |= {"share": row["amount"] / order.sum(), "low": part.low, "high": part.high}
            above += len(inside)
            rows.append(row)
        return pd.DataFrame(rows)

    def to_frame(self) -> pd.DataFrame:
        """The table of customers, the largest first; equal ones by customer_id."""
        return self.table.sort_values(["rank", "customer_id"], ignore_index=True)

    def _repr_html_(self) -> str:
        days = f"[{self.start:%Y-%m-%d}, {self.end:%Y-%m-%d})"
        shown = self.deciles().round({"least": 2, "most": 2, "amount": 2, "share": 3, "low": 3, "high": 3})
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
        Number of parts, 2 to 100.

    Returns
    -------
    Ranking
        Its `table` is sorted by customer_id. Sales of the table and of `left_out` add up to those of the receipts in
        the window. Deciles are cut at values, by the rule of `score_rfm`; where all customers are equal they stand in
        the middle, and no decile is the best.

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
    if not 2 <= deciles <= MOST_PARTS:
        problems.append(f"deciles should be 2 or more, and {MOST_PARTS} at most; found {deciles}")
    if isinstance(leave_out, str | bytes | Mapping | pd.DataFrame):
        problems.append(f"`leave_out` should be a list of ids, such as [7, 12]; found a {type(leave_out).__name__}")
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
        raise TableError([f"nobody is left to rank: {_say_why_nobody(lines, left_out, first)}"], "rank_customers")
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
    try:
        columns = open_table(customers).collect_schema().names()
    except NotATable as error:
        raise TableError([f"`customers`: {error}"], "rank_customers") from None
    if "joined_on" in columns:
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
            texts.append(f"{_count(late.sum())} joined on {last:%Y-%m-%d} or later: left out")
        everyone = everyone[~late]
    kind = {"customer_id": (everyone if len(everyone) else sums)["customer_id"].dtype}
    table = everyone.astype(kind).merge(sums.astype(kind), on="customer_id", how="outer")
    table = table.merge(seen.astype(kind), on="customer_id", how="left")
    if dated:
        table["since"] = table["joined_on"].fillna(table["since"])
    unknown = int((~table["customer_id"].isin(everyone["customer_id"])).sum())
    if unknown:
        texts.append(f"{_count(unknown)} of the receipts not on the list of customers: ranked too")
    table[numbers] = table[numbers].fillna(0)
    return table.astype({"receipts": "int64", "days": "int64"}), _Notes(tuple(texts), dated=dated)


def _leave_out(table: pd.DataFrame, cards: list[Any]) -> tuple[pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Take out the cards that are no customers, and say what they had."""
    if not cards:
        return table, table.head(0).reset_index(drop=True), ()
    asked = pd.Series(cards, dtype=object).dropna().drop_duplicates()
    if asked.empty:
        return table, table.head(0).reset_index(drop=True), ()
    absent = asked[~asked.isin(table["customer_id"])].infer_objects()
    where = "`leave_out`" if len(absent) == len(asked) else "these cards of `leave_out`"
    if strangers := find_strangers(absent, table["customer_id"], where, "the receipts", alike=True):
        raise TableError(strangers, "leave_out")
    out = table["customer_id"].isin(cards)
    gone = table[out].reset_index(drop=True)
    who = "1 card is" if len(gone) == 1 else f"{len(gone):,} cards are"
    receipts = _count(gone["receipts"].sum(), "receipt")
    said = [f"{who} left out: {receipts}, sales {gone['sales'].sum():,.2f}"]
    if len(absent):
        shown = ", ".join(str(card) for card in absent.head(3)) + (", …" if len(absent) > 3 else "")
        verb = "stands" if len(absent) == 1 else "stand"
        said.append(f"{len(absent):,} of {_count(len(asked), 'card')} to leave out {verb} in no receipt ({shown})")
    return table[~out].reset_index(drop=True), gone, tuple(said)


def _say_why_nobody(lines: nw.LazyFrame, left_out: pd.DataFrame, first: pd.Timestamp) -> str:
    """Say whether all cards were left out, the window lies beside the receipts, or there are none."""
    if len(left_out):
        return f"`leave_out` takes out everybody, {_count(len(left_out))}"
    latest = collect(lines.select(day=nw.col("time").max()))["day"].iloc[0]
    if latest is None or latest != latest:
        return "the table holds no receipt before the end of the window"
    return f"no customer has a receipt in the window; before its end the last one is of {latest:%Y-%m-%d}"


def _count(number: int, name: str = "customer") -> str:
    """Write how many, with an s where there is not one."""
    return f"{number:,} {name}" if number == 1 else f"{number:,} {name}s"


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
        who = "1 customer is" if below.sum() == 1 else f"{below.sum():,} customers are"
        notes.append(f"{who} below zero: returns of {more:,.2f} more than purchases")
    sizes = np.bincount(table["decile"], minlength=ranking.bins + 1)[1:]
    if not sizes[-1]:
        notes.append("all customers are equal: there is no best decile")
    elif len(table) < ranking.bins:
        notes.append(f"fewer customers ({len(table):,}) than deciles ({ranking.bins}): some deciles are empty")
    elif sizes.min() == 0 or sizes.max() > 1.5 * len(table) / ranking.bins:
        between = f"between {sizes.min():,} and {sizes.max():,} customers each"
        notes.append(f"many customers are equal and stay together: the deciles have {between}")
    return notes
