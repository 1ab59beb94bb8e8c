"""The bootstrap (percentile and bootstrap-t), fast for outcomes that are mostly zero: only buyers are resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments

POWERS = ((1, 0), (2, 0), (0, 1), (0, 2), (1, 1))  # the order of `_add_up`
WAYS = {"t": "bootstrap-t", "percentile": "percentile bootstrap"}


@check_arguments
def bootstrap_gap(
    treated: ArrayLike,
    control: ArrayLike,
    *,
    draws: int = 2_000,
    method: str = "t",
    level: float = 0.95,
    seed: int = 0,
) -> Estimate:
    """Bootstrap the difference of two means; the ordinary bootstrap, only fast where most values are zero.

    Not a cure for a small control with a heavy tail: there every bootstrap covers too little, as Welch does, and the
    result warns.

    Parameters
    ----------
    treated, control : array, one value a customer
    draws : int
        How many bootstrap samples.
    method : {"t", "percentile"}
        Bootstrap-t divides each draw by its own error, and so follows skewness; the percentile interval does not.
    level : float
        Coverage of the interval, a fraction.
    seed : int
        Of the random draws.

    Returns
    -------
    Estimate
        `se` is the standard deviation of the draws.

    Raises
    ------
    ValueError
        Another method, or fewer than two customers in a group.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> spend = rng.gamma(2, 20, 4_000) * (rng.random(4_000) < 0.1)
    >>> found = bootstrap_gap(spend[:2_000] + 1, spend[2_000:])
    >>> bool(found.low < found.effect < found.high)
    True

    Source: Efron and Tibshirani (1993), chapters 12 and 13.
    """
    if method not in WAYS:
        raise ValueError(f"method should be one of {', '.join(WAYS)}; found {method!r}")
    ours = np.asarray(treated, float)
    theirs = np.asarray(control, float)
    plain = compare_means(ours, theirs, variance="welch", level=level)
    return redraw(plain, [ours[:, None], theirs[:, None]], draws=draws, method=method, seed=seed)


def redraw(
    plain: Estimate, rows: Sequence[np.ndarray], *, draws: int = 2_000, method: str = "t", seed: int = 0
) -> Estimate:
    """Replace the interval of a difference of means or of ratios by the bootstrap's; its warnings stay.

    Parameters
    ----------
    plain : Estimate
        By the closed form.
    rows : two arrays, treated and control, a row a customer
        y, or y and d for a ratio of sums.
    draws, method, seed
        As in `bootstrap_gap`.

    Returns
    -------
    Estimate
    """
    if plain.se == 0:  # nothing varies: the draws are all alike, and there is no interval
        return plain
    rng = np.random.default_rng(seed)
    both = np.concatenate(rows)
    # Far from zero squares lose their digits, and nothing is zero anyway.
    shift = np.where(np.abs(both.mean(axis=0)) > 10 * both.std(axis=0), both.mean(axis=0), 0.0)
    parts = [resample_sums(side, draws, rng, shift) for side in rows]
    own = [_pack(len(side), _add_up(list((side - shift).T)), shift) for side in rows]
    gaps = parts[0].value - parts[1].value
    if method == "t":
        error = np.hypot(own[0].error, own[1].error)
        errors = np.hypot(parts[0].error, parts[1].error)
        fine = errors > 0  # a draw without a buyer has no error, and equal values have none at all
        pulls = (gaps[fine] - plain.effect) / errors[fine] if fine.any() else np.zeros(draws)
        place = plain.effect / error if error > 0 else plain.effect
        reach = np.quantile(pulls, [0.5 + plain.level / 2, 0.5 - plain.level / 2])
        low, high = plain.effect - reach * error
    else:
        pulls = -gaps
        place = 0.0
        low, high = np.quantile(gaps, [0.5 - plain.level / 2, 0.5 + plain.level / 2])
    p = 2 * (1 + min((pulls >= place).sum(), (pulls <= place).sum())) / (len(pulls) + 1)
    name = f"{plain.method.split(' (')[0]} ({WAYS[method]}, {draws:,} draws)"
    se = float(np.std(gaps, ddof=1))
    return replace(plain, low=float(low), high=float(high), se=se, p=float(min(p, 1.0)), method=name)


def resample_sums(rows: np.ndarray, draws: int, rng: np.random.Generator, shift: ArrayLike = (0.0, 0.0)) -> Sums:
    """Sums of bootstrap samples: a binomial number of rows other than zero, drawn with replacement.

    The other rows of a sample are zero and add nothing.

    Parameters
    ----------
    rows : array (n, 1) or (n, 2)
        y, or y and d of each customer.
    draws : int
    rng : numpy.random.Generator
    shift : one number a column
        Taken off before the sums; see `Sums`.

    Returns
    -------
    Sums
        Powers up to the second, one value a draw.

    Examples
    --------
    >>> found = resample_sums(np.array([[0.0], [0.0], [6.0]]), 1_000, np.random.default_rng(0))
    >>> sorted(set(found.value.tolist()))
    [0.0, 2.0, 4.0, 6.0]
    """
    n = len(rows)
    moves = np.asarray(shift)
    moved = rows - moves[: rows.shape[1]]
    columns = list(np.ascontiguousarray(moved[moved.any(axis=1)].T))
    m = len(columns[0])
    sums = np.empty((draws, 2 if len(columns) == 1 else 5))
    for at, size in enumerate(rng.binomial(n, m / n, draws)):
        picked = rng.integers(0, max(m, 1), size)
        sums[at] = _add_up([column[picked] for column in columns])
    return _pack(n, list(sums.T), moves)


def _pack(n: int, sums: Sequence[Any], shift: np.ndarray) -> Sums:
    """`Sums` from the numbers of `_add_up`; two of them without a denominator, else five."""
    return Sums(n, dict(zip(POWERS, sums, strict=False)), (shift[0], shift[-1]))


def _add_up(columns: Sequence[np.ndarray]) -> list[float]:
    """The sums of y and y²; for ratios also those of d, d², yd."""
    y, *others = columns
    sums = [y.sum(), (y * y).sum()]  # not y @ y, which waits for the threads of a busy machine
    for d in others:
        sums += [d.sum(), (d * d).sum(), (y * d).sum()]
    return sums
