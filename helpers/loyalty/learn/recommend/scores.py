"""Scores of recommenders by a time split: made before a day, scored on later purchases, beside two simple ways."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from scipy import sparse, stats

from loyalty.learn.offers.lines import DayLines, number_day, read_day_lines, write_day
from loyalty.learn.recommend.history import LEAST, MOST, PurchaseHistory, build_history
from loyalty.learn.recommend.metrics import METRICS, Drawn, ListScores, draw_scores, find_interval, score_lists
from loyalty.learn.recommend.pictures import draw_ways
from loyalty.learn.recommend.ways import WAYS, WORDS, Scorer, choose_products, make_scorers
from loyalty.segment.micro import Communities
from loyalty.stats.estimate import render_html
from loyalty.stats.multiplicity import correct_for_many
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.days import read_day
from loyalty.tables.sources import AnyTable
from loyalty.text import count_of, list_few, say_level

SIMPLE = ("popular", "again")
FEW = 200  # customers of whom intervals are rough
AMONG = {"all": "all products", "new": "products new to the customer"}


@dataclass(frozen=True, eq=False, repr=False)
class RecommenderScores:
    """How well recommenders did on later purchases; built by `score_recommenders`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a kind of product, way and metric: among ("all", or "new" to the customer), way, metric, value, low,
        high. hit_rate is the share of the places on the lists that were bought later (as in lesson 24; precision at K),
        any_hit the share of customers with a hit, ndcg counts early places more, coverage is the share of the products
        that 1,000 customers are shown together, novelty is in bits (one more: half as many customers know it).
    gains : pandas.DataFrame
        Each way less each simple way, paired by customer: among, way, against ("popular" or "again"), metric
        ("hit_rate" or "ndcg"), gain, low, high, p (Holm's correction for all ways of one kind, against and metric),
        verdict ("better", "worse", "not clear").
    customers : pandas.DataFrame
        One row a customer: customer_id, bought_later, and for each kind and way the hit rate, as `new_items`.
    size : int
        Products a customer.
    cut, end : pandas.Timestamp
        Lists are made of purchases before `cut`, and scored on those of [cut, end).
    n_customers, n_later, n_products : int
        Customers with purchases before the cut; those of them who bought later; products that can be recommended.
    """

    table: pd.DataFrame
    gains: pd.DataFrame
    customers: pd.DataFrame = field(repr=False)
    size: int
    cut: pd.Timestamp
    end: pd.Timestamp
    n_customers: int
    n_later: int
    n_products: int
    level: float
    warnings: tuple[str, ...] = ()

    def find_winners(self, among: str = "new", metric: str = "hit_rate") -> list[str]:
        """Ways that are better than every simple way of their kind, the best first; an empty list if there is none."""
        rows = self.gains[(self.gains["among"] == among) & (self.gains["metric"] == metric)]
        rows = rows[~rows["way"].isin(SIMPLE)]
        better = rows.groupby("way")["verdict"].agg(lambda verdicts: (verdicts == "better").all())
        values = self.table[(self.table["among"] == among) & (self.table["metric"] == metric)].set_index("way")["value"]
        return sorted(better.index[better.to_numpy(bool)], key=lambda way: -values[way])

    @property
    def sentence(self) -> str:
        """What to do, for products that are new to the customer."""
        winners = self.find_winners()
        if not winners:
            return (
                "Recommend the best-sellers that the customer has not bought: nothing else is seen to be better at "
                "something new."
            )
        row = self.gains[
            (self.gains["among"] == "new")
            & (self.gains["way"] == winners[0])
            & (self.gains["against"] == "popular")
            & (self.gains["metric"] == "hit_rate")
        ].iloc[0]
        size = f"{100 * row['gain']:.2f} more ({100 * row['low']:.2f} to {100 * row['high']:.2f})"
        return (
            f"For something new take the {WORDS[winners[0]]}: of 100 places {size} are bought later than with "
            "best-sellers."
        )

    def to_frame(self, metric: str | None = None) -> pd.DataFrame:
        """One row a kind and way, one column a metric; of one metric with its interval."""
        if metric is not None:
            rows = self.table[self.table["metric"] == metric]
            return rows.drop(columns="metric").reset_index(drop=True)
        wide = self.table.pivot(index=["among", "way"], columns="metric", values="value")[list(METRICS)]
        order = self.table[["among", "way"]].drop_duplicates()
        return wide.loc[pd.MultiIndex.from_frame(order)].reset_index().rename_axis(columns=None)

    def plot(
        self, *, metric: str = "hit_rate", among: str = "new", ax: Axes | None = None, title: str = "", source: str = ""
    ) -> Axes:
        """Draw a metric of each way with its interval; the simple ways are grey."""
        rows = self.table[(self.table["among"] == among) & (self.table["metric"] == metric)]
        lists = f"{AMONG[among]}, {self.size} a customer, {self.n_customers:,} customers"
        said = f"{lists}; line: {say_level(self.level)} interval"
        winners = self.find_winners(among, metric if metric == "ndcg" else "hit_rate")
        title = title or (
            f"Better than the simple ways: {len(winners)}" if winners else "Nothing beats the simple ways"
        )
        return draw_ways(rows, metric, title, said, source, ax=ax)

    def __repr__(self) -> str:
        return f"Recommenders scored on {self.cut:%Y-%m-%d} to {self.end:%Y-%m-%d}: {self.sentence}"

    def _repr_html_(self) -> str:
        return render_html(self.to_frame().round(4), self.sentence, self.warnings)


@check_arguments
def score_recommenders(
    receipts: AnyTable,
    cut: str | dt.date | pd.Timestamp,
    *,
    end: str | dt.date | pd.Timestamp | None = None,
    size: int = 5,
    ways: Sequence[str] | None = None,
    only: Sequence[Any] | None = None,
    communities: Communities | None = None,
    least: int = LEAST,
    most: int = MOST,
    draws: int = 400,
    level: float = 0.95,
    seed: int = 0,
) -> RecommenderScores:
    """Score recommenders offline, by a time split, beside popularity and beside buy-it-again.

    The lists are made of what was known before `cut`, and scored on what was bought from it on. Products new to the
    customer are scored apart: among all products "buy it again" wins nearly always, and tells the customer nothing. A
    hit says what is bought, not what a recommendation changes: for that a control group is needed.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id, from any source of `loyalty.open_table`
        For groups of products put the group into `product_id`.
    cut : day
        Lists know the days before it.
    end : day, optional
        Purchases before it are scored; the last day of the receipts is the end otherwise.
    size : int
        Products on each list (K).
    ways : sequence of str, optional
        Of "popular", "again", "last" (item-to-item, from the last product only, as for a visitor whom nobody knows),
        "items" (item-to-item, whole history), "linear" (EASE), "community". By default all, the last one where
        `communities` are given. "popular" and "again" are always scored.
    only : sequence of ids, optional
        The products that may stand on a list, as in `recommend_products`.
    communities : Communities, optional
        Of `find_communities`, made of receipts before `cut`.
    least, most : int
        Products that fewer than `least` customers bought are not recommended, nor more than `most` products.
    draws : int
        Of the bootstrap of customers.
    level : float
    seed : int

    Returns
    -------
    RecommenderScores

    Raises
    ------
    TableError
        The receipts break their contract, nothing was bought before the cut or after it, too few products, communities
        that know the later months, or unknown ways.

    Examples
    --------
    >>> days = {"time": pd.Timestamp("2025-03-01"), "sales": 1.0}
    >>> pairs = [(who, what) for who in range(40) for what in range(8) if who % 2 == what % 2 and (who + what) % 5]
    >>> early = pd.DataFrame(pairs, columns=["customer_id", "product_id"]).assign(**days)
    >>> new = [(who, what) for who in range(40) for what in range(8) if who % 2 == what % 2 and (who + what) % 5 == 0]
    >>> later = pd.DataFrame(new, columns=["customer_id", "product_id"])
    >>> later = later.assign(sales=1.0, time=pd.Timestamp("2025-04-01"))
    >>> scores = score_recommenders(pd.concat([early, later]), "2025-04-01", size=1)
    >>> frame = scores.to_frame("any_hit")
    >>> frame[(frame["among"] == "new") & (frame["way"] == "items")]["value"].round(2).tolist()
    [0.8]

    Sources: Cremonesi, Koren and Turrin (2010), RecSys 4, 39-46, for top-K scores beside popularity; as for
    `find_similarity`, `fit_linear` and `score_lists`.
    """
    chosen_ways = _read_settings(ways, communities, size, level, least, most)
    lines = read_day_lines(receipts)
    start, stop = read_split(lines, cut, end)
    history = build_history(lines, start, least=least, most=most)
    _check_room(history, size, communities, start)
    allowed = history.mark_products(only)
    later = lines.keep_days(start, stop)
    wanted = _keep_columns(mark_later(history, later), allowed)
    notes = _doubt(lines, history, later, wanted)
    rows = pd.DataFrame(
        {
            "customer_id": history.customers,
            "bought_later": _mark_present(history, later.customers[np.unique(later.customer)]),
        }
    )
    targets = {"all": wanted, "new": _keep_columns(mark_new(history, later), allowed)}
    scored = _score_ways(history, make_scorers(chosen_ways, history, communities), targets, size, allowed)
    parts = []
    gains = []
    for among, ways_of in scored.items():
        drawn = draw_scores(ways_of, draws, seed)
        parts.append(_tabulate(among, drawn, level))
        gains.append(_compare(among, ways_of, drawn, level))
        rows = rows.assign(**{f"{among}_{way}": one.values["hit_rate"] for way, one in ways_of.items()})
    return RecommenderScores(
        pd.concat(parts, ignore_index=True),
        pd.concat(gains, ignore_index=True),
        rows,
        size,
        pd.Timestamp(write_day(start)),
        pd.Timestamp(write_day(stop)),
        len(history.customers),
        int(rows["bought_later"].sum()),
        len(history.products) if allowed is None else int(allowed.sum()),
        level,
        tuple(notes),
    )


def _read_settings(
    ways: Sequence[str] | None, communities: Communities | None, size: int, level: float, least: int, most: int
) -> list[str]:
    """The ways to score, in the order of WAYS, the simple ones always among them."""
    asked = [way for way in WAYS if way != "community" or communities is not None] if ways is None else list(ways)
    problems = []
    strange = [str(way) for way in asked if way not in WAYS]
    if strange:
        problems.append(f"ways should be some of {', '.join(WAYS)}; found {list_few(strange, 3)}")
    if "community" in asked and communities is None:
        problems.append('for the way "community" give communities, of find_communities')
    if size < 1:
        problems.append(f"size should be 1 or more, found {size}")
    if least < 1:
        problems.append(f"least should be 1 or more, found {least}")
    if most < 2:
        problems.append(f"most should be 2 or more, found {most}")
    if not 0 < level < 1:
        problems.append(f"level should lie between 0 and 1, found {level:g}")
    if problems:
        raise TableError(problems, "score_recommenders")
    return [way for way in WAYS if way in asked or way in SIMPLE]


def read_split(lines: DayLines, cut: object, end: object) -> tuple[int, int]:
    """The cut and the end as numbers; something must have been bought on both sides."""
    start = number_day(read_day(cut, "cut"))
    stop = int(lines.day.max()) + 1 if end is None else number_day(read_day(end, "end"))
    reach = f"the receipts reach from {write_day(lines.day.min())} to {write_day(lines.day.max())}"
    problems = []
    if not (lines.day < start).any():
        problems.append(f"nothing was bought before cut = {write_day(start)}: {reach}")
    if not ((lines.day >= start) & (lines.day < stop)).any():
        problems.append(f"nothing was bought from {write_day(start)} to before {write_day(stop)}: {reach}")
    if problems:
        raise TableError(problems, "receipts")
    return start, stop


def _check_room(history: PurchaseHistory, size: int, communities: Communities | None, start: int) -> None:
    problems = []
    if size >= len(history.products):
        problems.append(f"size = {size}, but only {len(history.products):,} products can be recommended")
    if communities is not None:
        links = communities.links
        if links.last >= pd.Timestamp(write_day(start)):
            problems.append(
                f"the communities know purchases up to {links.last:%Y-%m-%d}, and the lists are scored from "
                f"{write_day(start)} on: give end={write_day(start)!r} to link_customers"
            )
        if not _mark_present(history, communities.customers["customer_id"].to_numpy()).any():
            problems.append("no customer of the receipts is in the communities: are the ids the same?")
    if problems:
        raise TableError(problems, "score_recommenders")


def _mark_present(history: PurchaseHistory, ids: np.ndarray) -> np.ndarray:
    """Mark the customers of the history who are among ids; by a hash, because `np.isin` compares texts pair by pair."""
    return np.asarray(pd.Index(history.customers).isin(ids))


def mark_later(history: PurchaseHistory, later: DayLines) -> sparse.csr_array:
    """Mark what each customer of the history bought later, of the products that can be recommended."""
    who = pd.Index(history.customers).get_indexer(later.customers[later.customer])
    what = history.place_products(later.products[later.product])
    here = (who >= 0) & (what >= 0)
    marks = sparse.csr_array((np.ones(int(here.sum())), (who[here], what[here])), shape=history.days.shape)
    marks.data[:] = 1.0
    return marks


def _keep_columns(marks: sparse.csr_array, allowed: np.ndarray | None) -> sparse.csr_array:
    """Keep what was bought of the products that may stand on a list; all without `allowed`."""
    if allowed is None:
        return marks
    kept = sparse.csr_array(marks.multiply(allowed[None, :].astype(float)))
    kept.eliminate_zeros()
    return kept


def _score_ways(
    history: PurchaseHistory,
    scorers: Mapping[str, Scorer],
    targets: Mapping[str, sparse.csr_array],
    size: int,
    allowed: np.ndarray | None,
) -> dict[str, dict[str, ListScores]]:
    """Score each way on all products and on those new to the customer; "buy it again" has nothing new."""
    scored: dict[str, dict[str, ListScores]] = {among: {} for among in targets}
    for way, scorer in scorers.items():
        lists = choose_products(history, scorer, size, hide=(None, history.days), only=allowed)
        for among, chosen in zip(targets, lists, strict=True):
            if way != "again" or among == "all":
                scored[among][way] = score_lists(chosen, targets[among], history.buyers)
    return scored


def mark_new(history: PurchaseHistory, later: DayLines) -> sparse.csr_array:
    """Mark what each customer bought later and had not bought before."""
    wanted = mark_later(history, later)
    new = sparse.csr_array(wanted - wanted.multiply(history.owned))
    new.eliminate_zeros()
    return new


def _tabulate(among: str, drawn: Mapping[str, Drawn], level: float) -> pd.DataFrame:
    rows = []
    for way, one in drawn.items():
        for place, metric in enumerate(METRICS):
            value = float(one.found[place])
            low, high = find_interval(value, one.draws[:, place], level)
            if metric != "novelty":
                low, high = max(low, 0.0), min(high, 1.0)  # NaN stays NaN
            rows.append({"among": among, "way": way, "metric": metric, "value": value, "low": low, "high": high})
    return pd.DataFrame(rows)


def _compare(among: str, scored: Mapping[str, ListScores], drawn: Mapping[str, Drawn], level: float) -> pd.DataFrame:
    """Each way less each simple way, on the same customers."""
    rows = []
    for against in [way for way in SIMPLE if way in scored]:
        for metric in ("hit_rate", "ndcg"):
            place = METRICS.index(metric)
            others = [way for way in scored if way != against]
            found = []
            for way in others:
                gap = scored[way].values[metric] - scored[against].values[metric]
                low, high = find_interval(
                    gap.mean(), drawn[way].draws[:, place] - drawn[against].draws[:, place], level
                )
                found.append((float(gap.mean()), low, high, find_p(gap)))
            corrected = correct_for_many([one[3] for one in found])
            for way, (gain, low, high, _), p in zip(others, found, corrected, strict=True):
                clear = p < 1 - level
                verdict = ("better" if gain > 0 else "worse") if clear else "not clear"
                rows.append(
                    {"among": among, "way": way, "against": against, "metric": metric, "gain": gain, "low": low,
                     "high": high, "p": float(p), "verdict": verdict}
                )  # fmt: skip
    return pd.DataFrame(rows)


def find_p(gap: np.ndarray) -> float:
    """Student's test of a mean gap; 1 where all customers are alike."""
    spread = gap.std(ddof=1) if len(gap) > 1 else 0.0
    if not spread > 0:
        return 1.0
    return float(2 * stats.t.sf(abs(gap.mean()) / spread * np.sqrt(len(gap)), len(gap) - 1))


def _doubt(lines: DayLines, history: PurchaseHistory, later: DayLines, wanted: sparse.csr_array) -> list[str]:
    notes = list(lines.warnings)
    customers = len(history.customers)
    if customers < FEW:
        notes.append(f"{customers:,} customers are few: the intervals are rough")
    silent = int(customers - _mark_present(history, later.customers[np.unique(later.customer)]).sum())
    if silent:
        notes.append(f"{silent:,} of {customers:,} customers bought nothing later, and count as no hit")
    if history.left_out:
        known = history.place_products(later.products[later.product]) >= 0
        notes.append(
            f"by the purchases before that day {count_of(history.left_out, 'product')} could not be recommended: "
            f"too few customers had bought them; {1 - known.mean():.0%} of the later purchases are of these or of "
            "products that came later"
        )
    return notes
