"""Offers from the community: how often they are bought later, beside best-sellers and beside what is bought anyway."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, INK, TREATED, grid_along_x, headline
from loyalty.segment.micro.communities import Communities
from loyalty.segment.micro.links import link_customers
from loyalty.stats.estimate import render_html
from loyalty.stats.intervals import interval_of_mean
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.ids import find_strangers
from loyalty.tables.sources import AnyTable
from loyalty.text import say_level

PRIOR = 20.0  # customers' worth of everybody, mixed into each community: a small one has few to learn from
BLOCK = 20_000_000  # cells of customers × things that are looked at together
FEW = 200  # customers of whom intervals are rough
WORDS = {"community": "new, by the community", "popular": "new, best-sellers", "again": "bought before"}


@dataclass(frozen=True, eq=False)
class OfferScores:
    """How often offers are bought later; built by `score_offers`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a way to choose offers: way ("community", "popular" or "again"), hit_rate (share of the offers that the
        customer bought later) with low and high.
    gain, low, high : float
        Hit rate of the community's offers less that of best-sellers, paired by customer, with its interval.
    offers, n_customers, n_later : int
        Offers a customer; customers with a community; those of them who bought anything later.
    customers : pandas.DataFrame
        One row a customer: customer_id, community, hits_community, hits_popular and hits_again.
    level : float
    warnings : tuple of str
    """

    table: pd.DataFrame
    gain: float
    low: float
    high: float
    offers: int
    n_customers: int
    n_later: int
    customers: pd.DataFrame
    level: float
    warnings: tuple[str, ...] = ()

    @property
    def winner(self) -> str:
        """Which choice of something new is bought more often: "community", "popular", or "neither"."""
        if self.low > 0:
            return "community"
        return "popular" if self.high < 0 else "neither"

    @property
    def sentence(self) -> str:
        """What to do."""
        reach = f"{100 * self.low:+.1f} to {100 * self.high:+.1f}"
        if np.isnan(self.low):
            reach = "no interval: all customers are alike"
        size = f"{100 * self.gain:+.1f} of 100 offers ({reach})"
        says = {
            "community": f"Offer what the community buys: it is bought more often than a best-seller, {size}.",
            "popular": f"Offer the best-sellers: what the community buys is bought less often, {size}.",
            "neither": f"Offer the best-sellers, it is simpler: the community is not seen to be better, {size}.",
        }
        return says[self.winner]

    def to_frame(self) -> pd.DataFrame:
        """One row a way to choose offers."""
        return self.table.copy()

    def plot(self, *, ax: Axes | None = None, title: str | None = None, source: str = "") -> Axes:
        """Draw the hit rate of each way with its interval; what is bought anyway is grey."""
        rows = self.table
        ax = ax or plt.subplots(figsize=(9, 2.9))[1]
        places = np.arange(len(rows))
        ax.barh(places, rows["hit_rate"], height=0.6, color=[TREATED, CONTROL, GREY])
        ax.hlines(places, rows["low"], rows["high"], color=INK, linewidth=2)
        for place, row in enumerate(rows.itertuples()):
            end = row.hit_rate if np.isnan(row.high) else row.high
            ax.annotate(f"{row.hit_rate:.1%}", (end, place), (5, 0), textcoords="offset points", va="center")
        ax.set_yticks(places, [WORDS[way] for way in rows["way"]])
        most = max(rows[["hit_rate", "high"]].max().max(), 0.01)
        ax.set(xlim=(0, 1.15 * most), ylim=(len(rows) - 0.5, -0.5), xlabel="share of the offers bought later")
        ax.xaxis.set_major_formatter("{x:.0%}")
        grid_along_x(ax)
        words = {"community": "The community beats the best-sellers", "popular": "The best-sellers beat the community"}
        line = f"line: {say_level(self.level)} interval"
        subtitle = f"{self.offers} offers for each of {self.n_customers:,} customers; {line}"
        headline(ax, title or words.get(self.winner, "No better than best-sellers"), subtitle, source)
        return ax

    def _repr_html_(self) -> str:
        return render_html(self.table.round(4), self.sentence, self.warnings)


@check_arguments
def score_offers(
    communities: Communities,
    later: AnyTable,
    *,
    offers: int = 3,
    start: str | dt.date | pd.Timestamp | None = None,
    end: str | dt.date | pd.Timestamp | None = None,
    level: float = 0.95,
) -> OfferScores:
    """Score offers from the community on later purchases, beside best-sellers.

    Each customer is offered the things that most of the community bought and he did not (a small community is mixed
    with everybody). Beside it stand the best-sellers that he did not buy, and, apart, what he himself bought most: that
    is bought again most often, and would have been without an offer. A hit says what would be bought, not what an offer
    changes: for that a control group is needed. The interval takes the communities as they are.

    Parameters
    ----------
    communities : Communities
    later : pandas.DataFrame, duckdb.DuckDBPyRelation, Spark frame, str or pathlib.Path
        Receipts after those of the links, with the same column of things. Who buys nothing later has no hits.
    offers : int
        Offers a customer.
    start, end : str, datetime.date or pandas.Timestamp, optional
        Days of the later purchases, [start, end).
    level : float

    Returns
    -------
    OfferScores

    Raises
    ------
    TableError
        The later receipts begin before those of the links end (an offer would be scored on what it was made of), share
        no customer with them, or there are fewer things than offers.

    Examples
    --------
    >>> from loyalty.segment.micro import find_communities
    >>> pairs = [(who, what) for who in range(20) for what in range(8) if who % 2 == what % 2 and who % 10 != what]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"])
    >>> lines = lines.assign(time=pd.Timestamp("2025-03-01"), sales=1.0)
    >>> found = find_communities(link_customers(lines), rewirings=0)
    >>> later = lines.assign(product_id=lines["customer_id"] % 10, time=pd.Timestamp("2025-04-01"))
    >>> score_offers(found, later, offers=1).winner
    'community'
    """
    links = communities.links
    problems = []
    if offers < 1:
        problems.append(f"offers should be 1 or more, found {offers}")
    if not 0 < level < 1:
        problems.append(f"level should lie between 0 and 1, found {level:g}")
    if problems:
        raise TableError(problems, "score_offers")
    bought = link_customers(later, to=links.to, start=start, end=end)
    _check_later(communities, bought.first, bought.table, offers)
    who = pd.Index(communities.customers["customer_id"])
    what = pd.Index(sorted(links.table[links.to].unique()))
    before = _place(links.table, who, what, links.to)
    after = _place(bought.table, who, what, links.to)
    hits = _count_hits(before, after, communities.customers["community"].to_numpy() - 1, len(what), offers)
    customers = communities.customers[["customer_id", "community"]].assign(**hits)
    unplaced = links.table["customer_id"].nunique() - len(who)
    return _summarise(customers, offers, level, int(who.isin(bought.table["customer_id"]).sum()), unplaced)


def _check_later(communities: Communities, first: pd.Timestamp, later: pd.DataFrame, offers: int) -> None:
    links = communities.links
    problems = []
    if first <= links.last:
        problems.append(
            f"the later receipts begin on {first:%Y-%m-%d}, and the links end on {links.last:%Y-%m-%d}: an offer would "
            "be scored on the months that it was made of. Give `end` to link_customers and `start` here"
        )
    here, there = "the communities", "the later receipts"
    problems += find_strangers(communities.customers["customer_id"], later["customer_id"], here, there)
    strange = find_strangers(links.table[links.to], later[links.to], here, there)
    problems += [text.replace("customer_id", links.to).replace("customer", "thing") for text in strange]
    things = links.table[links.to].nunique()
    if things <= offers:
        problems.append(f"offers = {offers}, but there are only {things:,} of `{links.to}`")
    if problems:
        raise TableError(problems, "score_offers")


def _place(table: pd.DataFrame, who: pd.Index, what: pd.Index, to: str) -> pd.DataFrame:
    """Number customers and things; pairs of others are left out."""
    rows = pd.DataFrame({"who": who.get_indexer(table["customer_id"]), "what": what.get_indexer(table[to])})
    rows["receipts"] = table["receipts"].to_numpy()
    return rows[(rows["who"] >= 0) & (rows["what"] >= 0)].sort_values(["who", "what"], ignore_index=True)


def _count_hits(
    before: pd.DataFrame, after: pd.DataFrame, community: np.ndarray, things: int, offers: int
) -> dict[str, np.ndarray]:
    """Share of each customer's offers that he bought later, for each way to choose them."""
    popular = np.bincount(before["what"], minlength=things) / len(community)
    groups = int(community.max()) + 1
    sizes = np.bincount(community, minlength=groups)[:, None]
    cells = community[before["who"]] * things + before["what"].to_numpy()
    own = np.bincount(cells, minlength=groups * things).reshape(groups, things)
    mixed = (own + PRIOR * popular) / (sizes + PRIOR)
    best = np.argsort(-popular, kind="stable")
    orders = np.argsort(-mixed[:, best], axis=1, kind="stable")
    later = np.unique(after["who"].to_numpy() * things + after["what"].to_numpy())
    new = _offer_new(before, best[orders], community, offers)
    plain = _offer_new(before, best[None, :], np.zeros(len(community), int), offers)
    again = _offer_again(before, len(community), offers)
    ways = {"community": new, "popular": plain, "again": again}
    return {f"hits_{way}": _find_hits(chosen, later, things) for way, chosen in ways.items()}


def _offer_new(before: pd.DataFrame, orders: np.ndarray, group: np.ndarray, offers: int) -> np.ndarray:
    """First things in the order of each customer's group that he did not buy; -1 where too few are left."""
    things = orders.shape[1]
    who = before["who"].to_numpy()
    what = before["what"].to_numpy()
    chosen = np.full((len(group), offers), -1)
    step = max(1, BLOCK // things)
    for start in range(0, len(group), step):
        stop = min(start + step, len(group))
        rows = slice(*np.searchsorted(who, [start, stop]))
        free = np.ones((stop - start, things), bool)
        free[who[rows] - start, what[rows]] = False
        ordered = np.take_along_axis(free, orders[group[start:stop]], axis=1)
        rank = np.cumsum(ordered, axis=1)
        picked = ordered & (rank <= offers)
        row, place = np.nonzero(picked)
        chosen[start + row, rank[row, place] - 1] = orders[group[start + row], place]
    return chosen


def _offer_again(before: pd.DataFrame, customers: int, offers: int) -> np.ndarray:
    """Things that each customer bought on the most receipts; -1 where he bought fewer."""
    rows = before.sort_values(["who", "receipts", "what"], ascending=[True, False, True], kind="stable")
    rank = rows.groupby("who").cumcount().to_numpy()
    few = rank < offers
    chosen = np.full((customers, offers), -1)
    chosen[rows["who"].to_numpy()[few], rank[few]] = rows["what"].to_numpy()[few]
    return chosen


def _find_hits(chosen: np.ndarray, later: np.ndarray, things: int) -> np.ndarray:
    """Share of the offers that are among the later purchases; an offer that could not be filled is no hit."""
    codes = np.arange(len(chosen))[:, None] * things + chosen
    return (np.isin(codes, later) & (chosen >= 0)).mean(axis=1)


def _summarise(customers: pd.DataFrame, offers: int, level: float, later: int, unplaced: int) -> OfferScores:
    rows = []
    for way in WORDS:
        mean, low, high = _find_interval(customers[f"hits_{way}"].to_numpy(), level)
        rows.append({"way": way, "hit_rate": mean, "low": max(low, 0.0), "high": min(high, 1.0)})  # NaN stays NaN
    paired = customers["hits_community"] - customers["hits_popular"]
    gain, low, high = _find_interval(paired.to_numpy(), level)
    notes = []
    count = len(customers)
    if count < FEW:
        notes.append(f"{count:,} customers are few: the intervals are rough")
    if later < count:
        notes.append(f"{count - later:,} of {count:,} customers bought nothing later, and count as no hit")
    if unplaced:
        notes.append(f"{unplaced:,} customers without a link above chance have no community, and are not scored")
    return OfferScores(pd.DataFrame(rows), gain, low, high, offers, count, later, customers, level, tuple(notes))


def _find_interval(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Mean with its interval; no spread at all says nothing of chance, and then there is no interval (NaN)."""
    mean = float(values.mean())
    spread = float(values.std(ddof=1)) if len(values) > 1 else 0.0
    if spread == 0:
        return mean, float("nan"), float("nan")
    low, high = interval_of_mean(mean, spread, len(values), level=level)
    return mean, float(low), float(high)
