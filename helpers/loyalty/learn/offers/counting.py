"""Pairs X then Y, counted sparsely: who bought Y in a window after X, who before it, and what chance would make of it.

What chance makes: the lines of X are dealt anew, among all lines of the same month and the same decile of activity.
Every such deal is one permutation of X's dates. The mean over all of them has a closed form, stratum by stratum, so
nothing needs to be drawn: it is the number of X's lines times the share of lines whose customer buys Y in the window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from loyalty.learn.offers.lines import EPOCH, DayLines

DECILES = 10
ENTRIES = 4_000_000  # of a window table in one piece: about 50 MB
Lag = tuple[int, int]


@dataclass(frozen=True, eq=False)
class PairCounts:
    """Counts of all pairs of products; made by `count_pairs`. P products, S strata (month × decile of activity).

    Attributes
    ----------
    buyers : array of int, P
        Customers whose X counts: each once for each product.
    after, before, both : sparse arrays, P × P
        Of the buyers of X (row): how many bought Y (column) in the window after X, in the same window before, in both.
    dealt : sparse array, P × S
        Where the lines of X lie.
    share_after, share_before : arrays, S × P
        Share of all lines of a stratum whose customer bought Y in the window after (before).
    customers : int
        Customers with at least one day whose two windows are seen.
    too_late, too_early : int
        Pairs of customer and X left out: the window after X is not over, or the customer is not known long enough.
    """

    buyers: np.ndarray
    after: sparse.csr_array
    before: sparse.csr_array
    both: sparse.csr_array
    dealt: sparse.csr_array
    share_after: np.ndarray
    share_before: np.ndarray
    customers: int
    too_late: int
    too_early: int

    def expect(self, first: np.ndarray, then: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Expected counts after and before, were the lines of X dealt anew in each stratum; one value a pair."""
        after = np.empty(len(first))
        before = np.empty(len(first))
        order = np.argsort(first, kind="stable")
        for piece in np.array_split(order, max(1, len(order) // 200_000)):
            rows, place = np.unique(first[piece], return_inverse=True)
            dealt = self.dealt[rows]
            after[piece] = (dealt @ self.share_after)[place, then[piece]]
            before[piece] = (dealt @ self.share_before)[place, then[piece]]
        return after, before


@dataclass(frozen=True, eq=False)
class _Days:
    """Days on which a customer bought something, in the order of the lines."""

    customer: np.ndarray
    day: np.ndarray
    place: np.ndarray  # of each line: its day
    lines: np.ndarray  # how many lines a day has
    key: np.ndarray  # of each line: customer and day in one number, sorted
    scale: int

    def find(self, shift: int) -> np.ndarray:
        """The first line on or after each day + shift, of the same customer or a later one."""
        moved = np.clip(self.day + shift, 0, self.scale - 1)
        return np.searchsorted(self.key, self.customer.astype(np.int64) * self.scale + moved)


def _gather_days(lines: DayLines) -> _Days:
    scale = int(lines.day.max(initial=0)) + 2
    key = lines.customer.astype(np.int64) * scale + lines.day
    new = np.diff(key, prepend=-1) != 0
    starts = np.flatnonzero(new)
    counts = np.diff(np.append(starts, len(key)))
    return _Days(lines.customer[starts], lines.day[starts], np.cumsum(new) - 1, counts, key, scale)


def count_pairs(lines: DayLines, lag: Lag, start: int, end: int, above: float = 0.0) -> PairCounts:
    """Count, for all pairs of products, who bought Y in the window after X, and who before X.

    A customer's X counts once: one day by lot of those in [start, end) whose two windows are seen. That is, the window
    after X ends before `end`, and the customer was there before the window before X begins.

    Parameters
    ----------
    lines : DayLines
        All purchases before `end`.
    lag : (int, int)
        Window after X, both days included.
    start, end : int
        X is looked for in these days; purchases from `end` on are not looked at.
    above : float
        X counts where at least this was paid for it on that day.

    Returns
    -------
    PairCounts
    """
    lines = lines.keep_days(None, end)
    days = _gather_days(lines)
    size = len(lines.products)
    known = _find_first_days(days)
    is_over = days.day + lag[1] < end
    is_known = days.day - lag[1] >= known
    seen = is_over & is_known & (days.day >= start)
    stratum, strata = _cut_strata(days, seen, lag)
    chosen, late, early = _choose_one(lines, days, seen, is_over, start, above)
    rows = np.flatnonzero(seen)
    row_of = np.full(len(days.day), -1)
    row_of[rows] = np.arange(len(rows))
    ones = np.ones(len(chosen))
    x = sparse.csr_array((ones, (row_of[days.place[chosen]], lines.product[chosen])), shape=(len(rows), size))
    dealt = sparse.csr_array((ones, (lines.product[chosen], stratum[days.place[chosen]])), shape=(size, strata))
    weight = days.lines[rows].astype(float)
    share = sparse.csr_array((weight, (stratum[rows], np.arange(len(rows)))), shape=(strata, len(rows)))
    totals = np.bincount(stratum[rows], weight, strata)[:, None]
    sums = _Sums(size, strata)
    for piece, after, before in _cut_windows(lines, days, rows, lag):
        sums.add(x[piece].T.tocsr(), share[:, piece], after, before)
    return PairCounts(
        np.asarray(x.sum(axis=0)).ravel().astype(int),
        sums.after,
        sums.before,
        sums.both,
        dealt,
        sums.share_after / totals,
        sums.share_before / totals,
        _count_different(days.customer[rows]),
        late,
        early,
    )


def deal_anew(
    lines: DayLines, lag: Lag, start: int, end: int, pair: tuple[int, int], times: int, seed: int
) -> np.ndarray:
    """Deal the lines of one X anew, really, and count each time who then "bought Y in the window".

    For looking at what chance does, and for the tests: `PairCounts.expect` is the mean over all deals, without a draw.

    Parameters
    ----------
    lines, lag, start, end
        As for `count_pairs`.
    pair : (int, int)
        Places of X and Y.
    times, seed : int

    Returns
    -------
    array of int, times
    """
    lines = lines.keep_days(None, end)
    days = _gather_days(lines)
    is_over = days.day + lag[1] < end
    seen = is_over & (days.day - lag[1] >= _find_first_days(days)) & (days.day >= start)
    stratum, _ = _cut_strata(days, seen, lag)
    rows = np.flatnonzero(seen)
    window = np.zeros(len(days.day))
    for piece, after, _ in _cut_windows(lines, days, rows, lag):
        window[rows[piece]] = after[:, [pair[1]]].toarray().ravel()
    chosen, _, _ = _choose_one(lines, days, seen, is_over, start, 0.0)
    mine = stratum[days.place[chosen[lines.product[chosen] == pair[0]]]]
    dice = np.random.default_rng(seed)
    found = np.zeros(times)
    for name, count in zip(*np.unique(mine, return_counts=True), strict=True):
        pool = window[days.place[stratum[days.place] == name]]
        found += dice.permuted(np.tile(pool, (times, 1)), axis=1)[:, :count].sum(axis=1)
    return found.astype(int)


class _Sums:
    """Adds up the counts of pieces of the customers."""

    def __init__(self, size: int, strata: int) -> None:
        self.after = sparse.csr_array((size, size))
        self.before = sparse.csr_array((size, size))
        self.both = sparse.csr_array((size, size))
        self.share_after = np.zeros((strata, size))
        self.share_before = np.zeros((strata, size))

    def add(
        self, x: sparse.csr_array, share: sparse.csr_array, after: sparse.csr_array, before: sparse.csr_array
    ) -> None:
        """Add a piece: x is products × days, share strata × days, the windows days × products."""
        self.after = self.after + x @ after
        self.before = self.before + x @ before
        self.both = self.both + x @ after.multiply(before).tocsr()
        self.share_after += (share @ after).toarray()
        self.share_before += (share @ before).toarray()


def _find_first_days(days: _Days) -> np.ndarray:
    """The first day of each row's customer: rows are sorted by customer and day."""
    new = np.diff(days.customer, prepend=-1) != 0
    return days.day[np.flatnonzero(new)][np.cumsum(new) - 1]


def _cut_strata(days: _Days, seen: np.ndarray, lag: Lag) -> tuple[np.ndarray, int]:
    """Stratum of each day: its month, and the decile of what its customer bought in the days before, of that month."""
    rows = np.flatnonzero(seen)
    stratum = np.full(len(days.day), -1)
    if not len(rows):
        return stratum, 0
    activity = (days.find(0) - days.find(-lag[1]))[rows]
    dates = EPOCH.to_datetime64().astype("datetime64[D]") + days.day[rows]
    month = dates.astype("datetime64[M]").astype(int)
    rank = pd.Series(activity).groupby(month).rank(pct=True).to_numpy()
    decile = np.ceil(rank * DECILES).astype(int) - 1
    code, names = pd.factorize(month * DECILES + decile, sort=True)
    stratum[rows] = code
    return stratum, len(names)


def _choose_one(
    lines: DayLines, days: _Days, seen: np.ndarray, is_over: np.ndarray, start: int, above: float
) -> tuple[np.ndarray, int, int]:
    """Choose the one line of each customer and X that counts; and count pairs whose windows are not seen.

    The first one would follow a stretch without X, in which the customer bought less of everything: a false order. So
    it is one by lot, and the lot is made of days alone: it does not change with the names of customers or products.
    """
    here = np.flatnonzero((lines.day >= start) & (lines.sales >= above))
    pair = lines.customer[here].astype(np.int64) * len(lines.products) + lines.product[here]
    good = seen[days.place[here]]
    lot = _draw_lots(lines.day[here], _find_first_days(days)[days.place[here]])[good]
    order = np.lexsort((lot, pair[good]))
    is_new = np.diff(pair[good][order], prepend=-1) != 0
    chosen = here[good][order[is_new]]
    over = _count_different(pair[is_over[days.place[here]]])
    return chosen, _count_different(pair) - over, over - len(chosen)


def _count_different(values: np.ndarray) -> int:
    """Count different whole numbers; by a sort, which for many is faster than the hashing of `np.unique`."""
    return int(np.count_nonzero(np.diff(np.sort(values), prepend=-1)))


def _draw_lots(day: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Mix a day and the customer's first day into a number without order (the finaliser of SplitMix64)."""
    mixed = day.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + known.astype(np.uint64) * np.uint64(
        0xD1B54A32D192ED03
    )
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed ^ (mixed >> np.uint64(31))


def _cut_windows(
    lines: DayLines, days: _Days, rows: np.ndarray, lag: Lag
) -> Iterator[tuple[slice, sparse.csr_array, sparse.csr_array]]:
    """Tables days × products of what was bought in the windows after and before, piece by piece."""
    edges = [days.find(shift)[rows] for shift in (lag[0], lag[1] + 1, -lag[1], -lag[0] + 1)]
    load = np.cumsum(edges[1] - edges[0] + edges[3] - edges[2])
    pieces = int(load[-1] // ENTRIES) + 1 if len(load) else 0
    cuts = np.searchsorted(load, np.arange(1, pieces) * ENTRIES)
    bounds = np.unique([0, *cuts, len(rows)])
    for low, high in zip(bounds[:-1], bounds[1:], strict=True):
        piece = slice(int(low), int(high))
        after = _list_window(lines, edges[0][piece], edges[1][piece])
        before = _list_window(lines, edges[2][piece], edges[3][piece])
        yield piece, after, before


def _list_window(lines: DayLines, low: np.ndarray, high: np.ndarray) -> sparse.csr_array:
    """Mark the products of the lines low to high, each once; one row a day."""
    count = high - low
    start = np.cumsum(count) - count
    place = np.arange(count.sum()) + np.repeat(low - start, count)
    index = np.append(start, count.sum())
    size = (len(count), len(lines.products))
    table = sparse.csr_array((np.ones(len(place), np.float32), lines.product[place], index), shape=size)
    table.sum_duplicates()
    table.data[:] = 1.0
    return table
