"""What to recommend to whom, and why: one list a member, from all that is known before a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from loyalty.learn.offers.lines import number_day, read_day_lines, write_day
from loyalty.learn.recommend.history import LEAST, MOST, PurchaseHistory, build_history
from loyalty.learn.recommend.ways import (
    WORDS,
    choose_products,
    find_last,
    find_reasons,
    find_similarity,
    find_weights,
    make_scorer,
)
from loyalty.segment.micro import Communities
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of


@dataclass(frozen=True, eq=False, repr=False)
class Recommendations:
    """Lists of products with reasons; made by `recommend_products`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a customer and place, sorted: customer_id, place (from 1), product_id, score (of the way, without
        a unit), because (the product of the customer that speaks most for it; empty where there is none), days_ago
        (since the customer last bought the recommended product; empty if never).
    as_of : pandas.Timestamp
        Purchases from this day on are not known.
    way : str
    new : bool
        Whether products that the customer had bought are left out.
    n_customers : int
    """

    table: pd.DataFrame = field(repr=False)
    as_of: pd.Timestamp
    way: str
    new: bool
    n_customers: int
    warnings: tuple[str, ...] = ()

    def to_frame(self, names: Mapping[Any, str] | pd.Series | None = None) -> pd.DataFrame:
        """The table with the reason in words; with `names` products are called by them."""
        table = self.table.copy()
        shown = {one: table[one] if names is None else table[one].map(names) for one in ("product_id", "because")}
        table["product_id"], table["because"] = shown["product_id"], shown["because"]
        bought = "bought " + shown["because"].astype("str")
        again = "bought it " + table["days_ago"].map("{:.0f}".format, na_action="ignore").astype("str") + " days ago"
        plain = "many like this customer buy it" if self.way == "community" else "many customers buy it"
        reason = np.where(table["because"].notna(), bought, plain)
        table["reason"] = pd.array(np.where(table["days_ago"].notna(), again, reason), dtype="str")
        return table

    def __repr__(self) -> str:
        what = "new to the customer" if self.new else "all products"
        who = f"{self.n_customers:,} customers"
        return f"Recommendations as of {self.as_of:%Y-%m-%d} for {who}: {WORDS[self.way]} ({what})"

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().head(8), repr(self), self.warnings)


@check_arguments
def recommend_products(
    receipts: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    *,
    way: Literal["popular", "again", "last", "items", "linear", "community"] = "linear",
    size: int = 5,
    new: bool = True,
    rest: int = 0,
    only: Sequence[Any] | None = None,
    communities: Communities | None = None,
    least: int = LEAST,
    most: int = MOST,
) -> Recommendations:
    """Recommend products to members, from their whole history (collaborative filtering), with reasons.

    Score the ways first, with `score_recommenders`: on some receipts nothing beats the best-sellers. Not for visitors
    whom nobody knows: for them see `recommend_beside`.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id, from any source of `loyalty.open_table`
    as_of : day
        Purchases before it are known.
    way : str
        As in `score_recommenders`.
    size : int
        Products a customer.
    new : bool
        Leave out what the customer has bought before.
    rest : int
        Leave out what the customer bought in the last so many days (matters where `new` is False).
    only : sequence of ids, optional
        The products that may be recommended, such as those with an offer; what customers bought is known of all. Who
        has bought all of them is not in the table.
    communities : Communities, optional
        For the way "community".
    least, most : int
        As in `score_recommenders`.

    Returns
    -------
    Recommendations

    Raises
    ------
    TableError
        The receipts break their contract, nothing was bought before `as_of`, or settings that make no sense.

    Examples
    --------
    >>> pairs = [(who, what) for who in range(40) for what in range(8) if who % 2 == what % 2 and (who + what) % 5]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"])
    >>> lines = lines.assign(time=pd.Timestamp("2025-03-01"), sales=1.0)
    >>> table = recommend_products(lines, "2025-04-01", size=1).table
    >>> table[["customer_id", "product_id", "because"]].iloc[[0, 3]].to_dict("list")
    {'customer_id': [0, 3], 'product_id': [0, 7], 'because': [2, 1]}
    """
    _check(way, size, new, rest, communities, least, most)
    lines = read_day_lines(receipts)
    now = number_day(read_day(as_of))
    if not (lines.day < now).any():
        says = f"nothing was bought before {write_day(now)}: the receipts begin on {write_day(lines.day.min())}"
        raise TableError([says], "receipts")
    history = build_history(lines, now, least=least, most=most)
    if size >= len(history.products):
        says = f"size = {size}, but only {len(history.products):,} products can be recommended"
        raise TableError([says], "recommend_products")
    allowed = history.mark_products(only)
    hide = history.days if new else history.find_recent(rest)
    weights = find_weights(way, history)
    scorer = make_scorer(way, history, weights, communities)
    chosen = choose_products(history, scorer, size, hide=[hide], only=allowed)[0]
    notes = list(lines.warnings)
    silent = now - int(lines.day[lines.day < now].max()) - 1
    if silent > 14:
        notes.append(f"the last purchase is {silent:,} days before as_of: what was just bought is not known")
    if history.left_out:
        notes.append(say_left_out(history, least, most))
    table = _tabulate(history, chosen, _explain(way, history, weights, chosen), _read_scores(history, scorer, chosen))
    return Recommendations(table, pd.Timestamp(write_day(now)), way, new, len(history.customers), tuple(notes))


def say_left_out(history: PurchaseHistory, least: int, most: int) -> str:
    """Say how many products cannot be recommended, and why."""
    why = f"fewer than {least} customers bought them"
    if len(history.products) >= most:
        why += f", or {most:,} products are bought more"
    return f"never recommended: {count_of(history.left_out, 'product')}, because {why}"


def _check(way: str, size: int, new: bool, rest: int, communities: Communities | None, least: int, most: int) -> None:
    problems = []
    if size < 1:
        problems.append(f"size should be 1 or more, found {size}")
    if rest < 0:
        problems.append(f"rest should be 0 or more days, found {rest}")
    if least < 1:
        problems.append(f"least should be 1 or more, found {least}")
    if most < 2:
        problems.append(f"most should be 2 or more, found {most}")
    if way == "again" and new:
        problems.append('the way "again" recommends what the customer bought before: say new=False')
    if way == "community" and communities is None:
        problems.append('for the way "community" give communities, of find_communities')
    if problems:
        raise TableError(problems, "recommend_products")


def _explain(way: str, history: PurchaseHistory, weights: np.ndarray | None, chosen: np.ndarray) -> np.ndarray:
    """The product that speaks most for each choice; -1 where the way knows none."""
    if weights is None:
        return np.full(chosen.shape, -1)
    if way != "last":
        return find_reasons(history, weights, chosen)
    last = find_last(history)
    mine = np.full(len(chosen), -1)
    mine[last.tocoo().coords[0]] = last.tocoo().coords[1]
    near = (chosen >= 0) & (mine[:, None] >= 0) & (weights[mine[:, None], chosen] > 0)
    return np.where(near, mine[:, None], -1)


def _read_scores(history: PurchaseHistory, scorer: Any, chosen: np.ndarray) -> np.ndarray:
    scores = np.empty(chosen.shape)
    step = 10_000
    for begin in range(0, len(chosen), step):
        rows = slice(begin, min(begin + step, len(chosen)))
        scores[rows] = np.take_along_axis(scorer(rows), np.maximum(chosen[rows], 0), axis=1)
    return scores


def _tabulate(history: PurchaseHistory, chosen: np.ndarray, reasons: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    count, size = chosen.shape
    products = pd.Series(history.products)
    flat = pd.Series(chosen.ravel())
    last = np.zeros(chosen.size)
    rows = np.repeat(np.arange(count), size)
    for begin in range(0, chosen.size, 1_000_000):
        part = slice(begin, begin + 1_000_000)
        last[part] = history.last[rows[part], np.maximum(flat[part], 0)]
    ago = np.where(last > 0, history.length - last + 1, np.nan)
    because = pd.Series(reasons.ravel())
    table = pd.DataFrame(
        {
            "customer_id": history.customers[rows],
            "place": np.tile(np.arange(size) + 1, count),
            "product_id": products.reindex(flat.where(flat >= 0, 0)).to_numpy(),
            "score": scores.ravel(),
            "because": products.reindex(because.where(because >= 0)).convert_dtypes().array,
            "days_ago": ago,
        }
    )
    return table[flat.to_numpy() >= 0].reset_index(drop=True)


@check_arguments
def recommend_beside(
    receipts: AnyTable,
    as_of: str | dt.date | pd.Timestamp,
    product: Any,
    *,
    size: int = 5,
    least: int = LEAST,
    most: int = MOST,
) -> pd.DataFrame:
    """Recommend item to item: what to show a visitor whom nobody knows, beside the one product that is on the page.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id
    as_of : day
        Purchases before it are known.
    product : id
        The product on the page.
    size, least, most : int
        As in `recommend_products`.

    Returns
    -------
    pandas.DataFrame
        place, product_id, both (customers who bought both), buyers (of the product), similarity; the product itself is
        not among them.

    Raises
    ------
    TableError
        The receipts break their contract, or fewer than `least` customers bought the product.

    Examples
    --------
    >>> lines = pd.DataFrame({"customer_id": [1, 1, 2, 2, 3], "product_id": ["tea", "cup", "tea", "cup", "tea"]})
    >>> lines = lines.assign(time=pd.Timestamp("2025-03-01"), sales=1.0)
    >>> recommend_beside(lines, "2025-04-01", "tea", size=1, least=1).round(3).to_dict("list")
    {'place': [1], 'product_id': ['cup'], 'both': [2], 'buyers': [2], 'similarity': [0.136]}
    """
    _check("items", size, True, 0, None, least, most)
    now = number_day(read_day(as_of))
    lines = read_day_lines(receipts)
    if not (lines.day < now).any():
        raise TableError([f"nothing was bought before {write_day(now)}"], "receipts")
    history = build_history(lines, now, least=least, most=most)
    try:
        place = int(history.place_products(np.array([product], dtype=history.products.dtype))[0])
    except (OverflowError, TypeError, ValueError):
        place = -1
    if place < 0:
        says = f"fewer than {least} customers bought {product!r}, or {most:,} others are bought more: nothing is known"
        raise TableError([says], "recommend_beside")
    both = history.both[place]
    similarity = find_similarity(history.both)[place]
    similarity[place] = -np.inf
    size = min(size, len(history.products) - 1)
    order = np.argsort(-np.round(similarity, 9), kind="stable")[:size]
    return pd.DataFrame(
        {
            "place": np.arange(size) + 1,
            "product_id": history.products[order],
            "both": both[order].astype(int),
            "buyers": history.buyers[order],
            "similarity": similarity[order],
        }
    )
