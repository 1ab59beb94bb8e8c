"""Links: which customer bought which product, how much more often than chance would make it, and what is left out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from loyalty.prepare.profile import type_columns
from loyalty.prepare.visits import find_receipt_key
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day, write_moment
from loyalty.tables.receipts import BACK, check_receipts
from loyalty.tables.sources import AnyTable, NotATable, collect
from loyalty.text import list_few

COMMON = 0.5  # a thing that so many of the customers bought says little about who shops like whom
SHOWN = 5


@dataclass(frozen=True, eq=False)
class Links:
    """Links of customers and products (or stores, or pages); built by `link_customers`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a pair that was seen, sorted: customer_id, the thing (the column `to`), receipts (how many of the
        customer's hold it), expected_receipts (how many by chance), p, q (after Benjamini and Hochberg) and kept.
    to : str
        The column of the things.
    keep : str
        "all" or "above chance".
    false_links : float
        The rate of false discoveries among links above chance.
    first, last : pandas.Timestamp
        Time of the first and of the last line that counts.
    warnings : tuple of str
    """

    table: pd.DataFrame
    to: str
    keep: str
    false_links: float
    first: pd.Timestamp
    last: pd.Timestamp
    warnings: tuple[str, ...] = ()

    @property
    def kept(self) -> pd.DataFrame:
        """The links that are kept: customer_id and the thing."""
        return self.table.loc[self.table["kept"], ["customer_id", self.to]].reset_index(drop=True)

    @property
    def above_chance(self) -> int:
        """How many links are more than chance."""
        return int((self.table["q"] <= self.false_links).sum())

    def to_frame(self) -> pd.DataFrame:
        """One row a thing: how many customers bought it, their share, its kept links; the most common first."""
        groups = self.table.groupby(self.to)
        rows = pd.DataFrame({"customers": groups.size(), "kept": groups["kept"].sum()})
        rows["share"] = rows["customers"] / self.table["customer_id"].nunique()
        order = rows.reset_index().sort_values(["customers", self.to], ascending=[False, True], ignore_index=True)
        return order[[self.to, "customers", "share", "kept"]]

    def _repr_html_(self) -> str:
        kept = self.kept
        title = (
            f"{len(kept):,} links of {kept['customer_id'].nunique():,} customers and {kept[self.to].nunique():,} of "
            f"`{self.to}` ({self.keep}; {self.above_chance:,} of {len(self.table):,} above chance), the most common:"
        )
        return render_html(self.to_frame().head(SHOWN).round(3), title, self.warnings)


@check_arguments
def link_customers(
    receipts: AnyTable,
    *,
    to: str = "product_id",
    start: str | dt.date | pd.Timestamp | None = None,
    end: str | dt.date | pd.Timestamp | None = None,
    keep: Literal["all", "above chance"] = "all",
    leave_out: Sequence[Any] = (),
    false_links: float = 0.05,
) -> Links:
    """Link customers with what they bought: a bipartite graph, one link a pair, however often it was bought.

    A pair's receipts are compared with what chance would make of a busy customer and a popular thing: his number times
    its share of all. The Poisson p-values are corrected for all pairs there are, those without a purchase included
    (false discovery rate). Take "above chance" where nearly everybody buys nearly everything once, as with the
    categories of a grocer; take "all" where customers buy few of many things, and let `find_communities` take off what
    popularity makes. Not for amounts: who spends much on one thing has one link.

    Parameters
    ----------
    receipts : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        The contract `receipts`, and the column `to`. Lines with negative sales count as returns, and are left out.
    to : str
        What the customers are linked with: product_id, store_id, or any column of whole numbers or text.
    start, end : str, datetime.date or pandas.Timestamp, optional
        Lines from the first day on, and before the second, count.
    keep : {"all", "above chance"}
    leave_out : sequence
        Things that link everybody and mean nothing, such as carrier bags.
    false_links : float
        The rate of false discoveries, a fraction.

    Returns
    -------
    Links

    Raises
    ------
    TableError
        The receipts break their contract, have no column `to`, no line counts, or a thing to leave out is not there.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 2], "sales": 2.0, "product_id": ["tea", "soap", "tea"]})
    >>> lines["time"] = pd.Timestamp("2025-03-01")
    >>> link_customers(lines).table[["product_id", "receipts", "expected_receipts"]].round(2).to_dict("list")
    {'product_id': ['soap', 'tea', 'tea'], 'receipts': [1, 1, 1], 'expected_receipts': [0.67, 1.33, 0.67]}

    Sources: Saracco and others (2017), New Journal of Physics 19, 053022, for links that are held against chance;
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57, 289-300.
    """
    if not 0 < false_links < 1:
        raise TableError([f"false_links should lie between 0 and 1, found {false_links:g}"], "link_customers")
    days = _read_window(start, end)
    try:
        checked = check_receipts(receipts)
        lines = _take_lines(checked.table, to, days)
        counts, span = _count_receipts(lines)
    except NotATable as error:
        raise TableError([str(error)], "receipts") from None
    if counts.empty:
        raise TableError(["no line with a customer and a thing lies between these days"], "receipts")
    counts, notes = _leave_out(counts, to, leave_out)
    table = weigh_links(counts, "thing").rename(columns={"thing": to})
    table["kept"] = (table["q"] <= false_links) if keep == "above chance" else True
    first, last, empty, returned = span
    notes = [*checked.warnings, *notes, *_warn(table, to, keep, empty, returned)]
    return Links(table, to, keep, false_links, first, last, tuple(notes))


def weigh_links(counts: pd.DataFrame, thing: str) -> pd.DataFrame:
    """Compare the receipts of each pair with chance: expected_receipts, p and q.

    Parameters
    ----------
    counts : pandas.DataFrame
        customer_id, the thing, receipts: one row a pair that was seen.
    thing : str
        The column of the things.

    Returns
    -------
    pandas.DataFrame
        The pairs, sorted by customer and thing, with expected_receipts, p and q. Pairs that were not seen have p = 1,
        and count.

    Examples
    --------
    >>> pairs = pd.DataFrame({"customer_id": [1, 2], "product_id": [7, 8], "receipts": [9, 9]})
    >>> weigh_links(pairs, "product_id")["q"].round(3).tolist()
    [0.081, 0.081]
    """
    table = counts.sort_values(["customer_id", thing], ignore_index=True)
    who, customers = pd.factorize(table["customer_id"])
    what, things = pd.factorize(table[thing])
    seen = table["receipts"].to_numpy(float)
    busy = np.bincount(who, seen)
    popular = np.bincount(what, seen)
    table["expected_receipts"] = busy[who] * popular[what] / seen.sum()
    table["p"] = stats.poisson.sf(seen - 1, table["expected_receipts"])
    table["q"] = correct_among(table["p"].to_numpy(), len(customers) * len(things))
    return table


def correct_among(p: np.ndarray, comparisons: int) -> np.ndarray:
    """Correct p-values by Benjamini and Hochberg's steps where the other comparisons, not listed, have p = 1.

    Examples
    --------
    >>> correct_among(np.array([0.01, 0.001]), 10).round(3).tolist()
    [0.05, 0.01]
    """
    order = np.argsort(p, kind="stable")
    steps = p[order] * comparisons / np.arange(1, len(p) + 1)
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(np.minimum.accumulate(steps[::-1])[::-1], 1.0)
    return corrected


def _read_window(start: Any, end: Any) -> tuple[pd.Timestamp | None, pd.Timestamp | None]:
    first = None if start is None else read_day(start, "start")
    last = None if end is None else read_day(end, "end")
    if first is not None and last is not None and first >= last:
        raise TableError([f"start should lie before end, found {first:%Y-%m-%d} and {last:%Y-%m-%d}"], "link_customers")
    return first, last


def _take_lines(table: nw.LazyFrame, to: str, days: tuple[pd.Timestamp | None, pd.Timestamp | None]) -> nw.LazyFrame:
    """Take the lines of the window, with the things in the column `thing`; receipts are told apart as everywhere."""
    schema = table.collect_schema()
    if to not in schema:
        raise TableError([f"there is no column `{to}`: what the customers are linked with is not known"], "receipts")
    if to in ("customer_id", "time", "sales"):
        raise TableError(
            [f"`{to}` is no thing that customers share: take product_id, store_id or a category"], "receipts"
        )
    kinds = (nw.String, nw.Categorical, nw.Enum)
    ids = ("product_id", "store_id", "basket_id", "till_id", "offer_id")  # the contract has seen to these
    if not (schema[to].is_integer() or schema[to] in kinds or to in ids):
        raise TableError([f"`{to}` should hold whole numbers or text, found {schema[to]}"], "receipts")
    typed = type_columns(table.with_columns(category=nw.col(to)))
    first, last = days
    if first is not None:
        typed = typed.filter(nw.col("time") >= write_moment(first))
    if last is not None:
        typed = typed.filter(nw.col("time") < write_moment(last))
    return typed.rename({"category": "thing"})


def _count_receipts(lines: nw.LazyFrame) -> tuple[pd.DataFrame, tuple[pd.Timestamp, pd.Timestamp, int, int]]:
    """Count the receipts of each pair, and what is left out: lines without a thing, and returns."""
    names = lines.collect_schema().names()
    back = (nw.col("sales") < 0).fill_null(False)
    if "kind" in names:
        back = back | nw.col("kind").is_in(list(BACK)).fill_null(False)
    empty = nw.col("thing").is_null()
    found = collect(
        lines.select(
            first=nw.col("time").min(),
            last=nw.col("time").max(),
            empty=(empty & ~back).cast(nw.Int64).sum(),
            returned=back.cast(nw.Int64).sum(),
        )
    ).iloc[0]
    rows = lines.filter(~back & ~empty)
    receipt = find_receipt_key(names) or ["customer_id", "time"]
    each = list(dict.fromkeys(["customer_id", "thing", *receipt]))
    once = rows.select(*each).unique()
    counts = collect(once.group_by("customer_id", "thing").agg(receipts=nw.len()))
    counts["receipts"] = counts["receipts"].astype("int64")
    missing = [0 if pd.isna(found[name]) else int(found[name]) for name in ("empty", "returned")]
    return counts, (pd.Timestamp(found["first"]), pd.Timestamp(found["last"]), missing[0], missing[1])


def _leave_out(counts: pd.DataFrame, to: str, leave_out: Sequence[Any]) -> tuple[pd.DataFrame, list[str]]:
    if isinstance(leave_out, str):
        raise TableError([f"leave_out should be a list, found the text {leave_out!r}"], "link_customers")
    names = list(leave_out)
    known = set(counts["thing"])
    lost = [str(name) for name in names if name not in known]
    if lost:
        raise TableError([f"leave_out names what nobody bought in `{to}`: {list_few(lost, 3)}"], "link_customers")
    gone = counts["thing"].isin(names)
    if gone.all():
        raise TableError(["leave_out takes away everything that was bought"], "link_customers")
    notes = [f"{int(gone.sum()):,} links to {len(set(names)):,} of `{to}` are left out as asked"] if names else []
    return counts[~gone], notes


def _warn(table: pd.DataFrame, to: str, keep: str, empty: int, returned: int) -> list[str]:
    notes = []
    if empty:
        notes.append(f"{empty:,} lines have no `{to}` and are left out")
    if returned:
        notes.append(f"{returned:,} lines are returns and are left out")
    share = table[to].value_counts() / table["customer_id"].nunique()
    common = [f"{name} ({part:.0%})" for name, part in share[share > COMMON].items()]
    if common and keep == "all":
        such = ", such as a carrier bag" if to == "product_id" else ""
        notes.append(
            f"{len(common):,} of `{to}` have more than half of the customers: {list_few(common, 3)}. What links nearly "
            f'everybody{such} says little of taste: leave it out (`leave_out=`), or take keep="above chance"'
        )
    lost = table["customer_id"].nunique() - table.loc[table["kept"], "customer_id"].nunique()
    if lost:
        notes.append(f"{lost:,} customers have no link above chance, and will be in no community")
    return notes
