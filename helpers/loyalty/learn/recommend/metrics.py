"""Scores of ranked lists: hits, NDCG, coverage and novelty, with intervals by a bootstrap of customers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import sparse, stats

METRICS = ("hit_rate", "any_hit", "ndcg", "coverage", "novelty")
SHOWN_TO = 1_000  # customers whose lists together show the coverage; half of all if these are fewer


@dataclass(frozen=True, eq=False)
class ListScores:
    """What the lists of N customers reached, one way and one kind of product.

    Attributes
    ----------
    values : mapping of str to array, N
        Of "hit_rate", "any_hit", "ndcg" and "novelty": each customer's own.
    shown : sparse array, N × P
        1 where a product stands on a customer's list.
    """

    values: Mapping[str, np.ndarray]
    shown: sparse.csr_array


def score_lists(chosen: np.ndarray, wanted: sparse.csr_array, buyers: np.ndarray) -> ListScores:
    """Score each customer's list against what he bought later.

    Parameters
    ----------
    chosen : array of int, N × K
        Columns of the products, the best first; -1 is an empty place, which counts as no hit.
    wanted : sparse array, N × P
        1 for what the customer bought later.
    buyers : array, P
        Customers of the N who had bought the product before, for the novelty.

    Returns
    -------
    ListScores
        hit_rate: share of the K places that were bought later (precision at K); any_hit: 1 if any was; ndcg: binary, a
        hit at place k counts 1 / log2(k + 1), divided by the best that a list of K could reach; 0 for who bought
        nothing later; novelty: mean of -log2(share of customers who had bought it), in bits, over the filled places.

    Examples
    --------
    >>> wanted = sparse.csr_array(np.array([[0.0, 1.0, 1.0]]))
    >>> scored = score_lists(np.array([[0, 1]]), wanted, np.array([4, 2, 1])).values  # N is 1 here, so bits are not
    >>> {name: scored[name].round(3).tolist() for name in ("hit_rate", "any_hit", "ndcg")}  # .631 / (1 + .631)
    {'hit_rate': [0.5], 'any_hit': [1.0], 'ndcg': [0.387]}

    Sources: Järvelin and Kekäläinen (2002), ACM Transactions on Information Systems 20, 422-446; Zhou and others
    (2010), PNAS 107, 4511-4515, for novelty as self-information.
    """
    count, size = chosen.shape
    filled = chosen >= 0
    rows = np.repeat(np.arange(count), size)[filled.ravel()]
    columns = chosen[filled]
    shown = sparse.csr_array((np.ones(len(rows)), (rows, columns)), shape=wanted.shape)
    hits = np.zeros(chosen.shape)
    hits[filled] = _look_up(wanted, rows, columns)
    discount = 1 / np.log2(np.arange(size) + 2)
    best = np.append(0.0, np.cumsum(discount))[np.minimum(np.diff(wanted.indptr), size)]
    bits = -np.log2(np.maximum(buyers, 1e-9) / count)
    novelty = np.where(filled, bits[chosen], 0.0).sum(axis=1) / np.maximum(filled.sum(axis=1), 1)
    values = {
        "hit_rate": hits.mean(axis=1),
        "any_hit": hits.max(axis=1),
        "ndcg": (hits @ discount) / np.where(best > 0, best, 1.0),
        "novelty": novelty,
    }
    return ListScores(values, shown)


def _look_up(table: sparse.csr_array, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Whether cells of a sparse array are filled."""
    width = table.shape[1]
    found = table.tocoo()
    filled = np.sort(found.coords[0].astype(np.int64) * width + found.coords[1])
    wanted = rows.astype(np.int64) * width + columns
    place = np.minimum(np.searchsorted(filled, wanted), max(len(filled) - 1, 0))
    return (filled[place] == wanted) if len(filled) else np.zeros(len(wanted), bool)


def find_coverage(times: np.ndarray, customers: int) -> np.ndarray:
    """Find the coverage: the share of the products that the lists of m customers, drawn by lot, show together.

    m is 1,000, or half of the customers if they are fewer than 2,000. Without a fixed m more customers would be shown
    more products by their number alone (rarefaction).

    Parameters
    ----------
    times : array, … × P
        On how many customers' lists each product stands.
    customers : int

    Returns
    -------
    array

    Examples
    --------
    >>> find_coverage(np.array([4, 1, 0]), 4).round(3).tolist()  # of 2 of 4 customers: 1, then 1/2, then 0
    0.5

    Source: Hurlbert (1971), Ecology 52, 577-586.
    """
    return np.asarray(_find_chances(customers)[np.asarray(times, int)].mean(axis=-1))


@lru_cache(maxsize=8)
def _find_chances(customers: int) -> np.ndarray:
    """The chance to be seen among m customers, of a product that stands on 0, 1, … of all lists."""
    drawn = min(SHOWN_TO, max(1, customers // 2))
    return np.asarray(1 - stats.hypergeom.pmf(0, customers, np.arange(customers + 1), drawn))


@dataclass(frozen=True, eq=False)
class Drawn:
    """The scores of one way: `found` of all customers, `draws` (one row a bootstrap sample), columns as METRICS."""

    found: np.ndarray
    draws: np.ndarray


def draw_scores(scores: Mapping[str, ListScores], draws: int, seed: int) -> dict[str, Drawn]:
    """Draw the customers again, the same ones for every way, so that ways can be compared by pairs.

    Parameters
    ----------
    scores : mapping of str to ListScores
        Way -> its scores, of the same customers in the same order.
    draws, seed : int

    Returns
    -------
    dict of str to Drawn
    """
    rng = np.random.default_rng([seed, 45])
    names = list(scores)
    count = len(next(iter(scores.values())).values["ndcg"])
    tables = {way: np.column_stack([one.values[m] for m in METRICS if m != "coverage"]) for way, one in scores.items()}
    found = {way: _weigh(np.ones(count), tables[way], scores[way].shown) for way in names}
    drawn: dict[str, list[np.ndarray]] = {way: [] for way in names}
    for _ in range(draws):
        weights = np.bincount(rng.integers(0, count, count), minlength=count).astype(float)
        for way in names:
            drawn[way].append(_weigh(weights, tables[way], scores[way].shown))
    return {way: Drawn(found[way], np.array(drawn[way])) for way in names}


def _weigh(weights: np.ndarray, table: np.ndarray, shown: sparse.csr_array) -> np.ndarray:
    count = len(weights)
    means = weights @ table / count
    times = weights @ shown
    return np.insert(means, METRICS.index("coverage"), find_coverage(times, count))


def find_interval(found: float, draws: np.ndarray, level: float) -> tuple[float, float]:
    """Find the bootstrap interval: the quantiles of the draws, moved so that the draws' mean lies on what was found.

    The move matters for the coverage alone, whose draws hold fewer different customers. No spread: no interval (NaN).
    """
    if not np.ptp(draws) > 1e-12:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail]) + (found - draws.mean())
    return float(low), float(high)
