"""Ways to recommend: best-sellers, buy-it-again, item-to-item from one product or all, a linear model, communities.

Each way gives a score to every product for a block of customers; ties go to the product that more customers bought.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import linalg, sparse

from loyalty.learn.recommend.history import PurchaseHistory
from loyalty.segment.micro import Communities
from loyalty.segment.micro.offers import PRIOR

WAYS = ("popular", "again", "last", "items", "linear", "community")
WORDS = {
    "popular": "best-sellers",
    "again": "buy it again",
    "last": "item-to-item, last product only",
    "items": "item-to-item, whole history",
    "linear": "linear model, whole history",
    "community": "the customer's community",
}
SHRINK = 10.0  # customers: a similarity that rests on few is drawn towards 0
PENALTY = 200.0  # of the linear model's coefficients, in customers
BLOCK = 4_000_000  # cells that are looked at together where reasons are sought
SCORED = 400_000  # cells of customers × products that are scored together: so few stay in a processor's own memory
SHORT = 10  # places; for longer lists one partition of all scores takes less time
DIGITS = 9  # scores that agree so far are ties
Scorer = Callable[[slice], np.ndarray]


def find_similarity(both: np.ndarray) -> np.ndarray:
    """Find the similarity of items: cosine of their customers, drawn towards 0 where both have few in common.

    Parameters
    ----------
    both : array, products × products
        Customers who bought both; the buyers of each product on the diagonal.

    Returns
    -------
    array, products × products
        0 on the diagonal.

    Examples
    --------
    >>> find_similarity(np.array([[3.0, 2.0], [2.0, 2.0]])).round(3).tolist()  # 2 / root(3 × 2), times 2 / (2 + 10)
    [[0.0, 0.136], [0.136, 0.0]]

    Source: Sarwar, Karypis, Konstan and Riedl (2001), WWW 10, 285-295, for item-to-item recommendations.
    """
    alone = np.sqrt(np.maximum(both.diagonal(), 1.0))
    similarity = both / alone[:, None] / alone[None, :] * (both / (both + SHRINK))
    np.fill_diagonal(similarity, 0.0)
    return similarity


def fit_linear(both: np.ndarray, penalty: float = PENALTY) -> np.ndarray:
    """Fit the linear model of items (EASE): each product explained by all others, by ridge without its own column.

    Parameters
    ----------
    both : array, products × products
        As in `find_similarity`.
    penalty : float

    Returns
    -------
    array, products × products
        What a customer has (0 or 1 a product) times these weights is the score; 0 on the diagonal.

    Examples
    --------
    >>> fit_linear(np.array([[3.0, 2.0], [2.0, 2.0]]), penalty=1.0).round(3).tolist()  # 2 / (3 + 1), 2 / (2 + 1)
    [[0.0, 0.5], [0.667, 0.0]]

    Source: Steck (2019), The World Wide Web Conference, 3251-3257.
    """
    gram = both.copy()
    gram[np.diag_indices_from(gram)] += penalty
    inverse = linalg.inv(gram, overwrite_a=True)
    weights = -inverse / inverse.diagonal()[None, :]
    np.fill_diagonal(weights, 0.0)
    return np.asarray(weights)


def find_weights(way: str, history: PurchaseHistory) -> np.ndarray | None:
    """Find what each product says for each other (products × products); None for ways that know no such thing."""
    if way == "linear":
        return fit_linear(history.both)
    return find_similarity(history.both) if way in ("last", "items") else None


def make_scorer(
    way: str, history: PurchaseHistory, weights: np.ndarray | None, communities: Communities | None = None
) -> Scorer:
    """Make the function that scores all products for a block of customers.

    Parameters
    ----------
    way : str
        One of `WAYS`.
    history : PurchaseHistory
    weights : array, products × products, or None
        Of `find_weights`.
    communities : Communities, optional
        For the way "community"; who is in none gets best-sellers.

    Returns
    -------
    callable
        slice of customers -> array, customers × products.
    """
    if way == "again":
        return _score_again(history)
    if way == "community":
        assert communities is not None
        return _score_community(history, communities)
    if weights is None:
        popular = history.buyers.astype(float)
        return lambda rows: np.tile(popular, (len(history.customers[rows]), 1))
    known = find_last(history) if way == "last" else history.owned
    return lambda rows: np.asarray(known[rows] @ weights)


def make_scorers(ways: Sequence[str], history: PurchaseHistory, communities: Communities | None) -> dict[str, Scorer]:
    """Make the functions of several ways; "last" and "items" share their similarities."""
    items = find_weights("items", history) if {"last", "items"} & set(ways) else None
    shared = {"last": items, "items": items}
    return {
        way: make_scorer(way, history, shared[way] if way in shared else find_weights(way, history), communities)
        for way in ways
    }


def find_reasons(history: PurchaseHistory, weights: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Find the product of each customer that speaks most for each choice.

    Parameters
    ----------
    history : PurchaseHistory
    weights : array, products × products
        Of `find_similarity` or `fit_linear`.
    chosen : array of int, customers × size

    Returns
    -------
    array of int, customers × size
        Columns of the history; -1 where nothing that the customer bought speaks for it.
    """
    reasons = np.full(chosen.shape, -1)
    step = max(1, BLOCK // max(1, chosen.shape[1]))
    days = history.days if history.days.has_sorted_indices else history.days.sorted_indices()
    starts = days.indptr
    begin = 0
    while begin < len(chosen):
        stop = max(begin + 1, int(np.searchsorted(starts, starts[begin] + step, side="right")) - 1)
        stop = min(stop, len(chosen))
        mine = days.indices[starts[begin] : starts[stop]]
        who = np.repeat(np.arange(begin, stop), np.diff(starts[begin : stop + 1]))
        worth = np.where(chosen[who] >= 0, weights[mine[:, None], chosen[who]], -1.0).round(DIGITS)
        heads = np.flatnonzero(np.append(True, who[1:] != who[:-1])) if len(who) else np.array([], int)
        lengths = np.diff(np.append(heads, len(who)))
        for place in range(chosen.shape[1] if len(heads) else 0):
            best = np.maximum.reduceat(worth[:, place], heads)
            top = np.flatnonzero((worth[:, place] == np.repeat(best, lengths)) & (worth[:, place] > 0))
            top = top[np.append(True, who[top][1:] != who[top][:-1])[: len(top)]]  # of ties the first product
            reasons[who[top], place] = mine[top]
        begin = stop
    return reasons


def find_last(history: PurchaseHistory) -> sparse.csr_array:
    """Mark the product that each customer bought last: of several on that day the one that the fewest bought.

    It stands for the one page that a visitor whom nobody knows has looked at.
    """
    last = history.last.tocoo()
    order = np.lexsort((last.coords[1], last.data, last.coords[0]))
    who = last.coords[0][order]
    end = np.append(who[1:] != who[:-1], True)
    cells = (who[end], last.coords[1][order][end])
    return sparse.csr_array((np.ones(int(end.sum())), cells), shape=last.shape)


def _score_again(history: PurchaseHistory) -> Scorer:
    """Days on which the customer bought it; of equal ones the one that was bought later."""
    scores = history.days + history.last * (0.5 / (history.length + 1))
    return lambda rows: np.asarray(scores[rows].todense())


def _score_community(history: PurchaseHistory, communities: Communities) -> Scorer:
    """Share of the community that bought it, a small community mixed with everybody (as in lesson 24)."""
    known = communities.customers.set_index("customer_id")["community"]
    group = pd.Series(history.customers).map(known).fillna(0).to_numpy(int)
    groups = int(group.max()) + 1
    here = np.arange(len(group))
    member = sparse.csr_array((np.ones(len(group)), (group, here)), shape=(groups, len(group)))
    bought = np.asarray((member @ history.owned).todense())
    popular = history.buyers / len(group)
    sizes = np.bincount(group, minlength=groups)[:, None]
    share = (bought + PRIOR * popular) / (sizes + PRIOR)
    share[0] = popular
    return lambda rows: share[group[rows]]


def pick_top(scores: np.ndarray, size: int) -> np.ndarray:
    """Pick the places of the largest scores of each row, the largest first; -1 where only -inf is left.

    Ties go to the column that comes first, whatever the machine.

    Parameters
    ----------
    scores : array, rows × columns
    size : int
        At most the number of columns.

    Returns
    -------
    array of int, rows × size

    Examples
    --------
    >>> pick_top(np.array([[1.0, 3.0, 3.0], [-np.inf, 2.0, -np.inf]]), 2).tolist()
    [[1, 2], [1, -1]]
    """
    if size <= SHORT:
        return _pick_one_by_one(scores, size)
    kth = -np.partition(-scores, size - 1, axis=1)[:, size - 1 : size]
    above = scores > kth
    equal = scores == kth
    room = size - above.sum(axis=1, keepdims=True)
    chosen = above | (equal & (np.cumsum(equal, axis=1) <= room))
    places = np.nonzero(chosen)[1].reshape(-1, size)
    values = np.take_along_axis(scores, places, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    picked = np.take_along_axis(places, order, axis=1)
    found = np.take_along_axis(values, order, axis=1)
    return np.where(np.isneginf(found), -1, picked)


def _pick_one_by_one(scores: np.ndarray, size: int) -> np.ndarray:
    """Pick the largest score of each row, strike it out, and pick again: for short lists sooner than any sorting."""
    left = scores.copy()
    here = np.arange(len(left))
    picked = np.full((len(left), size), -1)
    for place in range(size):
        best = left.argmax(axis=1)  # of ties the first
        picked[:, place] = np.where(np.isneginf(left[here, best]), -1, best)
        left[here, best] = -np.inf
    return picked


def list_blocks(history: PurchaseHistory) -> Iterator[slice]:
    """Blocks of customers that are scored together."""
    step = max(1, SCORED // len(history.products))
    for start in range(0, len(history.customers), step):
        yield slice(start, min(start + step, len(history.customers)))


def choose_products(
    history: PurchaseHistory,
    scorer: Scorer,
    size: int,
    *,
    hide: Sequence[sparse.csr_array | None],
    only: np.ndarray | None = None,
) -> list[np.ndarray]:
    """Choose the products of each customer, once for each table of what may not stand on his list.

    Parameters
    ----------
    history : PurchaseHistory
    scorer : callable
        Of `make_scorer`; what it returns is changed.
    size : int
    hide : sequence of sparse arrays, customers × products, or None
        Filled where a product may not stand on the list, such as what the customer has already; None hides nothing.
    only : array of bool, products, optional
        The products that may stand on a list at all.

    Returns
    -------
    list of array of int, customers × size
        Columns of the history, the best first; -1 where no more are left.
    """
    chosen = [np.full((len(history.customers), size), -1) for _ in hide]
    for rows in list_blocks(history):
        scores = scorer(rows)
        np.round(scores, DIGITS, out=scores)
        if only is not None:
            scores[:, ~only] = -np.inf
        for place, hidden in enumerate(hide):
            shown = scores if place == len(hide) - 1 else scores.copy()
            if hidden is not None:
                shown[hidden[rows].tocoo().coords] = -np.inf
            chosen[place][rows] = pick_top(shown, size)
    return chosen
