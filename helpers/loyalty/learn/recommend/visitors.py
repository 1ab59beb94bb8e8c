"""Visitors whom nobody knows: one product of a later basket is shown, item-to-item has to guess the others."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import sparse

from loyalty.learn.offers.lines import DayLines, read_day_lines, write_day
from loyalty.learn.recommend.history import LEAST, MOST, PurchaseHistory, build_history
from loyalty.learn.recommend.metrics import METRICS, ListScores, draw_scores, find_interval, score_lists
from loyalty.learn.recommend.pictures import draw_ways
from loyalty.learn.recommend.scores import find_p, read_split
from loyalty.learn.recommend.ways import DIGITS, find_similarity, pick_top
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import say_level

LEAST_VISITS = 20

LABELS = {"hit_rate": "share of the places in the same basket", "any_hit": "share of visits with a hit"}


@dataclass(frozen=True, eq=False, repr=False)
class VisitorScores:
    """How well item-to-item guesses the rest of a basket from one product; built by `score_visitors`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a way ("popular", "items") and metric (as in `RecommenderScores`): way, metric, value, low, high.
    gain, low, high, p : float
        Hit rate of item-to-item less that of best-sellers, paired by visit.
    visits : pandas.DataFrame
        One row a visit: customer_id, day, shown (the product that was known), others (how many more were in the
        basket), items and popular (hit rates).
    size : int
    """

    table: pd.DataFrame
    gain: float
    low: float
    high: float
    p: float
    visits: pd.DataFrame = field(repr=False)
    size: int
    level: float
    warnings: tuple[str, ...] = ()

    @property
    def winner(self) -> str:
        """Which is seen to be better: "items", "popular" or "neither"."""
        if self.low > 0:
            return "items"
        return "popular" if self.high < 0 else "neither"

    @property
    def sentence(self) -> str:
        """What to do."""
        says = {
            "items": "Show what goes with the product on the page",
            "popular": "Show the best-sellers",
            "neither": "Show the best-sellers, it is simpler: nothing else is seen to be better",
        }
        fewer = self.gain < 0
        low, high = (-self.high, -self.low) if fewer else (self.low, self.high)
        size = f"{100 * abs(self.gain):.2f} {'fewer' if fewer else 'more'}"
        return (
            f"{says[self.winner]}. Of 100 places with what goes with it, {size} are in the same basket than with "
            f"best-sellers ({100 * low:.2f} to {100 * high:.2f})."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a way, one column a metric."""
        wide = self.table.pivot(index="way", columns="metric", values="value")[list(METRICS)]
        return wide.reset_index().rename_axis(columns=None)

    def plot(self, *, metric: str = "hit_rate", ax: Axes | None = None, title: str = "", source: str = "") -> Axes:
        """Draw a metric of both ways with its interval."""
        rows = self.table[self.table["metric"] == metric]
        words = {"items": "What goes with the product beats the best-sellers", "popular": "The best-sellers are better"}
        visits = f"{self.size} a visit, {len(self.visits):,} visits, one product known"
        said = f"{visits}; line: {say_level(self.level)} interval"
        ax = draw_ways(
            rows, metric, title or words.get(self.winner, "No better than best-sellers"), said, source, ax=ax
        )
        ax.set_xlabel(LABELS.get(metric, ax.get_xlabel()))
        return ax

    def __repr__(self) -> str:
        return self.sentence

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().round(4), self.sentence, self.warnings)


@check_arguments
def score_visitors(
    receipts: AnyTable,
    cut: str | dt.date | pd.Timestamp,
    *,
    end: str | dt.date | pd.Timestamp | None = None,
    size: int = 5,
    least: int = LEAST,
    most: int = MOST,
    draws: int = 400,
    level: float = 0.95,
    seed: int = 0,
) -> VisitorScores:
    """Score item-to-item recommendations for visitors whom nobody knows: one product known, the rest to be guessed.

    Each customer's first later day with two products or more is one visit. One product, by lot, is on the page; the
    other products of that day are what should be shown. Similarities know only receipts before `cut`. A basket is no
    page view: what a box on the page changes, only a test tells.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id
    cut, end : day
        As in `score_recommenders`.
    size : int
        Products in the box.
    least, most, draws, level, seed
        As in `score_recommenders`.

    Returns
    -------
    VisitorScores

    Raises
    ------
    TableError
        As in `score_recommenders`; or fewer than 20 later days with two products.

    Examples
    --------
    >>> pairs = [(who, what) for who in range(60) for what in range(8) if who % 2 == what % 2]
    >>> lines = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(sales=1.0)
    >>> both = [lines.assign(time=pd.Timestamp(day)) for day in ("2025-03-01", "2025-04-01")]
    >>> score_visitors(pd.concat(both), "2025-04-01", size=3).winner
    'items'
    """
    if size < 1 or least < 1 or most < 2:
        raise TableError(
            [f"size and least should be 1 or more, most 2 or more; found {size}, {least}, {most}"], "score_visitors"
        )
    lines = read_day_lines(receipts)
    start, stop = read_split(lines, cut, end)
    history = build_history(lines, start, least=least, most=most)
    if size >= len(history.products):
        says = f"size = {size}, but only {len(history.products):,} products can be recommended"
        raise TableError([says], "score_visitors")
    visits, wanted = _draw_visits(lines.keep_days(start, stop), history, seed)
    if len(visits) < LEAST_VISITS:
        says = (
            f"only {len(visits):,} customers bought two products on one day after the cut: {LEAST_VISITS} are the least"
        )
        raise TableError([says], "receipts")
    scored = _score_boxes(history, visits["column"].to_numpy(), wanted, size)
    drawn = draw_scores(scored, draws, seed)
    place = METRICS.index("hit_rate")
    gap = scored["items"].values["hit_rate"] - scored["popular"].values["hit_rate"]
    low, high = find_interval(
        float(gap.mean()), drawn["items"].draws[:, place] - drawn["popular"].draws[:, place], level
    )
    rows = []
    for way, one in drawn.items():
        for at, metric in enumerate(METRICS):
            bounds = find_interval(float(one.found[at]), one.draws[:, at], level)
            rows.append({"way": way, "metric": metric, "value": one.found[at], "low": bounds[0], "high": bounds[1]})
    table = visits.drop(columns="column").assign(**{way: one.values["hit_rate"] for way, one in scored.items()})
    return VisitorScores(
        pd.DataFrame(rows), float(gap.mean()), low, high, find_p(gap), table, size, level, tuple(lines.warnings)
    )


def _draw_visits(later: DayLines, history: PurchaseHistory, seed: int) -> tuple[pd.DataFrame, sparse.csr_array]:
    """One visit a customer: the product that is known, and the others of the basket as a sparse array."""
    column = history.place_products(later.products[later.product])
    rows = pd.DataFrame({"customer": later.customer, "day": later.day, "column": column})
    rows = rows[rows["column"] >= 0]
    sizes = rows.groupby(["customer", "day"])["column"].transform("size")
    rows = rows[sizes >= 2]
    first = rows.groupby("customer")["day"].transform("min")
    rows = rows[rows["day"] == first].sort_values(["customer", "column"], ignore_index=True)
    lot = np.random.default_rng([seed, 46]).random(len(rows))
    shown = rows.assign(lot=lot).sort_values(["customer", "lot"]).drop_duplicates("customer")
    visit = rows["customer"].rank(method="dense").to_numpy(int) - 1
    known = np.zeros(len(rows), bool)
    known[shown.index] = True
    others = ~known
    shape = (len(shown), len(history.products))
    wanted = sparse.csr_array(
        (np.ones(int(others.sum())), (visit[others], rows["column"].to_numpy()[others])), shape=shape
    )
    table = pd.DataFrame(
        {
            "customer_id": later.customers[shown["customer"].to_numpy()],
            "day": pd.to_datetime([write_day(day) for day in shown["day"]]),
            "shown": history.products[shown["column"].to_numpy()],
            "others": np.diff(wanted.indptr),
            "column": shown["column"].to_numpy(),
        }
    )
    return table, wanted


def _score_boxes(
    history: PurchaseHistory, shown: np.ndarray, wanted: sparse.csr_array, size: int
) -> dict[str, ListScores]:
    """Fill the box beside each known product, by similarity and by popularity; the product itself is not in it."""
    similarity = np.round(find_similarity(history.both), DIGITS)
    np.fill_diagonal(similarity, -np.inf)
    popular = np.tile(history.buyers.astype(float), (len(history.products), 1))
    np.fill_diagonal(popular, -np.inf)
    share = np.maximum(history.buyers, 1) / len(history.customers)
    scored = {}
    for way, table in {"popular": popular, "items": similarity}.items():
        boxes = pick_top(table, size)
        scored[way] = score_lists(boxes[shown], wanted, share * len(shown))
    return scored
