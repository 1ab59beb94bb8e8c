"""The studentised permutation test: the labels are dealt anew, and each deal is divided by its own error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from math import comb, floor

import numpy as np
from numpy.typing import ArrayLike

from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.text import count_of

DRAWS = 9_999
MOST_DRAWS = 1_000_000
TIE = 1e-8  # statistics that differ by less are one: sums in another order differ in their last digits
SMALL = 100  # customers of a group, below which a larger spread of it is doubted
SPREAD = 1.5  # times the standard deviation of the larger group
UNEVEN = (
    "the group of {count:,} customers is small and varies more than the other: where only the spread differs, and not "
    "the mean, this test raises false alarms too often (8 to 9 of 100 in place of 5, with 20 to 30 customers)"
)
FEW_DEALS = "no interval: there are only {deals:,} ways to deal the labels, too few for an interval of {level:.0%}"
FAR = "no interval: where nearly all deals have no spread, none can be told from another"


@check_arguments
def permute_gap(
    treated: ArrayLike, control: ArrayLike, *, draws: int = DRAWS, level: float = 0.95, seed: int = 0
) -> Estimate:
    """Test a difference of two means by dealing the labels anew, each deal divided by its own error.

    The p-value is exact for "no effect on anybody", however heavy the tail and however small the control: then the
    labels are only words. It is not exact for "no effect on average", where some gain and others lose; because each
    deal is divided by its own (Welch's) error it holds there too in large groups, which the plain difference does not;
    thirty customers with five times the spread of the others are too few (9 % false alarms instead of 5).
    The interval holds the effects that lie no further from the measured one, in its errors, than the deals go. For an
    effect that is not the same for everybody that is no exact interval.

    Not for customers who were drawn together, or with unequal chances: there other deals are possible.

    Parameters
    ----------
    treated, control : array, one value a customer
    draws : int
        How many deals; all of them where there are no more.
    level : float
        Coverage of the interval, a fraction.
    seed : int
        Of the random deals.

    Returns
    -------
    Estimate
        `p` is twice the smaller tail. The interval leaves out zero exactly where p is at most 1 - level. `details`:
        deals, and exact (1 where all of them were made). No interval where there are too few.

    Raises
    ------
    TableError
        Values that are no numbers: empty, infinite, dates.
    ValueError
        Fewer than two customers in a group, or deals without number.

    Examples
    --------
    >>> found = permute_gap([11.0, 12, 14, 15, 18], [1.0, 2, 4, 5, 6])
    >>> found.details["deals"], round(found.p, 4)
    (252.0, 0.0079)

    Source: Janssen (1997), Statistics and Probability Letters 36, 9-21; Chung and Romano (2013), Annals of Statistics
    41, 484-507.
    """
    if not 2 <= draws <= MOST_DRAWS:
        raise ValueError(f"draws should be a whole number from 2 to {MOST_DRAWS:,}; found {draws!r}")
    sides = {"treated": treated, "control": control}
    problems = [f"`{name}` holds {text}" for name, side in sides.items() for text in _find_no_numbers(side)]
    if problems:
        raise TableError(problems, "permute_gap")
    ours = np.asarray(treated, float)
    theirs = np.asarray(control, float)
    plain = compare_means(ours, theirs, variance="welch", level=level)
    return deal_labels(plain, ours, theirs, draws=draws, seed=seed)


def _find_no_numbers(values: ArrayLike) -> list[str]:
    """Say which values cannot be dealt: one of them would make every deal empty."""
    if np.asarray(values).dtype.kind in "mM":
        return ["dates or times, where numbers are meant"]
    numbers = np.asarray(values, float)
    lost = int((~np.isfinite(numbers)).sum())
    if not lost:
        return []
    said = "that is no number" if lost == 1 else "that are no numbers"
    return [f"{count_of(lost, 'value')} of {numbers.size:,} {said}: empty or infinite"]


def deal_labels(
    plain: Estimate, treated: np.ndarray, control: np.ndarray, *, draws: int = DRAWS, seed: int = 0
) -> Estimate:
    """Replace interval and p of a difference of means by those of the studentised permutation test; warnings stay.

    Parameters
    ----------
    plain : Estimate
        By Welch.
    treated, control, draws, seed
        As in `permute_gap`.
    """
    both = np.concatenate([treated, control])
    if plain.se == 0 and np.ptp(both) == 0:  # nothing varies at all: every deal is the same
        return plain
    sizes = (len(treated), len(control))
    ways = comb(sum(sizes), min(sizes))
    is_exact = ways <= draws
    # Far from zero squares lose their digits; near it customers who are zero need no dealing
    moved = both - both.mean() if is_exact or abs(both.mean()) > 10 * both.std() else both
    found = deal_all(moved, sizes) if is_exact else deal_some(moved, sizes, draws, np.random.default_rng(seed))
    place = find_place(moved, sizes)
    near = TIE * max(1.0, abs(place)) if np.isfinite(place) else 0.0
    extra = 0 if is_exact else 1  # the deal that was made is one of them; of all deals it is counted already
    tails = [int((found >= place - near).sum()) + extra, int((found <= place + near).sum()) + extra]
    deals = len(found) + extra
    p = min(2 * min(tails) / deals, 1.0)
    low, high, doubt = _reach(plain, found, deals, extra)
    doubt = (*doubt, *_doubt_spread(treated, control))
    kind = "all" if is_exact else "studentised,"
    details = dict(plain.details) | {"deals": float(deals), "exact": float(is_exact)}
    return replace(
        plain,
        low=low,
        high=high,
        p=p,
        method=f"difference of means (permutation test, {kind} {deals:,} deals)",
        details=details,
        warnings=(*(text for text in plain.warnings if not text.startswith("no interval")), *doubt),
    )


def _reach(plain: Estimate, found: np.ndarray, deals: int, extra: int) -> tuple[float, float, tuple[str, ...]]:
    """The effects that the test does not refuse: from the deals that are just not in a tail, and why there are none."""
    tail = floor((1 - plain.level) / 2 * deals + 1e-9) + 1 - extra  # the most extreme deal that is not refused
    if floor((1 - plain.level) / 2 * deals + 1e-9) < 1:
        return np.nan, np.nan, (FEW_DEALS.format(deals=deals, level=plain.level),)
    ordered = np.sort(found)
    ends = np.array([ordered[-tail], ordered[tail - 1]])
    if plain.se == 0 or not np.isfinite(ends).all():
        return np.nan, np.nan, (FAR,)
    low, high = plain.effect - ends * plain.se
    near = TIE * plain.se * max(1.0, abs(plain.effect / plain.se))
    return (0.0 if abs(low) <= near else float(low)), (0.0 if abs(high) <= near else float(high)), ()


def _doubt_spread(treated: np.ndarray, control: np.ndarray) -> tuple[str, ...]:
    """Warn where a small group varies more than the large one: studentising makes up for it only in large groups."""
    small, large = sorted((treated, control), key=len)
    if len(small) >= SMALL or len(small) < 2 or small.std(ddof=1) < SPREAD * large.std(ddof=1):
        return ()
    return (UNEVEN.format(count=len(small)),)


def find_place(values: np.ndarray, sizes: tuple[int, int]) -> float:
    """The studentised difference of the first values, the treated, and the others, as the deals have it.

    Examples
    --------
    >>> round(find_place(np.array([3.0, 5.0, 4.0, 1.0, 2.0, 3.0]), (3, 3)), 3)
    2.449
    """
    small = values[: sizes[0]] if sizes[0] <= sizes[1] else values[sizes[0] :]
    return float(_compare(np.array([[small.sum(), (small**2).sum()]]), values, sizes)[0])


def deal_all(values: np.ndarray, sizes: tuple[int, int]) -> np.ndarray:
    """Make every deal; the studentised differences, treated less control.

    Examples
    --------
    >>> deal_all(np.array([0.0, 0.0, 4.0, 4.0]), (2, 2)).round(2).tolist()
    [-inf, 0.0, 0.0, 0.0, 0.0, inf]
    """
    small = min(sizes)
    rows = np.array(list(combinations(range(len(values)), small)))
    picked = values[rows]
    sums = np.stack([picked.sum(axis=1), (picked**2).sum(axis=1)], axis=1)
    return _compare(sums, values, sizes)


def deal_some(values: np.ndarray, sizes: tuple[int, int], draws: int, rng: np.random.Generator) -> np.ndarray:
    """Make random deals; only customers with a value other than zero are dealt one by one, the others add nothing.

    Examples
    --------
    >>> found = deal_some(np.arange(40.0), (30, 10), 999, np.random.default_rng(0))
    >>> bool(abs(found.mean()) < 0.2 and 0.9 < found.std() < 1.3)
    True
    """
    filled = values[values != 0]
    counts = rng.hypergeometric(len(filled), len(values) - len(filled), min(sizes), draws)
    sums = np.array([(y.sum(), (y * y).sum()) for y in _pick(filled, counts, rng)])
    return _compare(sums, values, sizes)


def _pick(filled: np.ndarray, counts: np.ndarray, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw so many of these values without replacement, a time for each count."""
    for count in counts:
        yield rng.choice(filled, count, replace=False, shuffle=False)


def _compare(sums: np.ndarray, values: np.ndarray, sizes: tuple[int, int]) -> np.ndarray:
    """The studentised differences, from the sums and the squares of the smaller group."""
    whole = np.array([values.sum(), (values**2).sum()])
    small = min(sizes)
    rest = max(sizes)
    means = sums[:, 0] / small, (whole[0] - sums[:, 0]) / rest
    squares = sums[:, 1], whole[1] - sums[:, 1]
    error = np.zeros(len(sums))
    for mean, square, n in zip(means, squares, (small, rest), strict=True):
        spread = (square - n * mean**2) / (n - 1)
        spread[spread <= 1e-12 * whole[1] / len(values)] = 0.0  # the variance of equal values is rounding only
        error += spread / n
    gap = means[0] - means[1] if sizes[0] <= sizes[1] else means[1] - means[0]
    gap[np.abs(gap) <= 1e-12 * np.sqrt(whole[1] / len(values))] = 0.0
    return _studentise(gap, np.sqrt(error))


def _studentise(gap: ArrayLike, error: ArrayLike) -> np.ndarray:
    """Divide by the error; without one, a difference lies infinitely far out."""
    gaps = np.asarray(gap, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(gaps == 0, 0.0, gaps / np.asarray(error, float))
