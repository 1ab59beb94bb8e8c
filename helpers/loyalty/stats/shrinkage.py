"""Shrinkage (empirical Bayes): many estimates, each pulled towards their common mean, the noisy ones most."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special

from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments

MOST_PRIOR = 1e7  # cells whose fitted prior is worth more trials than this are taken as equal
EQUAL = 1e-3  # log-likelihood that differing cells must gain over equal ones
GRID = 24  # means in the grid of priors for each strength, of which there are twice as many
APART = 0.01  # chance of calling a cell apart where rates follow a beta law; where they do not, up to .05
MOST_TRIALS = 2_000  # cells with more trials are judged as if they had so many, which is careful
UNLIKELY = 1e-6  # posterior probability below which a prior is left out of a prediction
LEAST_CELLS = 4  # fewer cells do not tell how much cells differ


@dataclass(frozen=True)
class Shrunk:
    """Estimates beside their shrunken values; built by `shrink_rates` and `shrink_normal`.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a cell, see `to_frame`.
    mean, spread : float
        Mean and standard deviation of the true values that the cells come from.
    method : str
        How the cells were shrunk, in words.
    a, b : float
        The beta prior of rates; NaN for other estimates.
    log_likelihood : float
        Marginal log-likelihood of the rates under that prior; NaN for other estimates.
    alike : bool
        Whether chance alone explains the differences between the cells.
    level : float
        Coverage of the intervals, a fraction.
    warnings : tuple of str
        Reasons not to trust the result.
    apart : label or None
        The cell of rates that stands apart, which a warning names; None without.
    """

    table: pd.DataFrame
    mean: float
    spread: float
    method: str
    a: float = float("nan")
    b: float = float("nan")
    log_likelihood: float = float("nan")
    alike: bool = False
    level: float = 0.95
    warnings: tuple[str, ...] = ()
    apart: Any = None

    def to_frame(self) -> pd.DataFrame:
        """One row a cell: raw, shrunken, low, high and `kept`, the share of the distance to the mean that is left."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = f"{self.method}: mean {self.mean:,.4g}, spread between cells {self.spread:,.2g}"
        return render_html(self.table.reset_index(), title, self.warnings)


@check_arguments
def shrink_rates(successes: Any, trials: Any, *, level: float = 0.95) -> Shrunk:
    """Shrink rates towards their common mean: beta-binomial empirical Bayes, the prior fitted to the cells.

    Not for cells that have no reason to be alike (a reminder and a gift): shrink each family by itself. Not for
    differences between two groups; those are the work of `shrink_normal`.

    Parameters
    ----------
    successes, trials : array or pandas.Series, one value a cell
        Counts; fractions are welcome (repeated customers count for less than one trial). A cell without trials is
        given the mean. The index of a Series is kept.
    level : float
        Coverage of the intervals on average over the cells, a fraction.

    Returns
    -------
    Shrunk
        The prior is where the marginal likelihood of all cells is highest; shrunken is (successes + a) / (trials + a
        + b). Where chance alone explains the differences, a and b are infinite and shrunken is the pooled rate. The
        intervals also count what so few cells leave unknown about the prior, so they are wider than the beta
        distribution of (successes + a, failures + b). They hold on average over the cells: the most unusual cell of
        many (.40 among rates of .03) is pulled too far, and its own interval seldom holds (13 % of draws). A warning
        names a cell that stands apart: where it lies, the other cells predict one with a chance below .01.

    Raises
    ------
    ValueError
        No cells, a missing count, successes below 0 or above the trials, or no trial at all.

    Examples
    --------
    >>> shrunk = shrink_rates([3, 60, 15, 31], [9, 400, 300, 290])
    >>> shrunk.table[["raw", "shrunken", "low", "high"]].round(3)
         raw  shrunken    low   high
    0  0.333     0.154  0.055  0.458
    1  0.150     0.147  0.116  0.185
    2  0.050     0.058  0.032  0.085
    3  0.107     0.108  0.076  0.146

    Source: Skellam, JRSS B 10 (1948), 257-261; for the intervals Christiansen and Morris, JASA 92 (1997), 618-632,
    whose uniform prior on the share that is shrunk away is used.
    """
    index, s, n = _read_cells(successes, trials, ("successes", "trials"))
    if (s < 0).any() or (s > n * (1 + 1e-9)).any():
        raise ValueError("successes should be from 0 to the trials of their cell")
    if not n.sum() > 0:
        raise ValueError("there is not a single trial")
    s = np.minimum(s, n)
    pooled = float(s.sum() / n.sum())
    notes = []
    a, b, likelihood = _fit_prior(s, n, pooled)
    alike = bool(np.isinf(a + b))
    if alike:
        mean = pooled
        spread = 0.0
        shrunken = np.full(len(n), pooled)
        kept = np.zeros(len(n))
        notes.append("chance alone explains how the rates differ: every cell is shown with the pooled rate")
    else:
        mean = a / (a + b)
        spread = float(np.sqrt(mean * (1 - mean) / (a + b + 1)))
        shrunken = (s + a) / (n + a + b)
        kept = n / (n + a + b)
    if np.count_nonzero(n) < LEAST_CELLS:
        notes.append("fewer than four cells with trials say little about how much cells differ")
    at = _find_apart(s, n)
    if at is not None:
        found = f"{float(s[at] / n[at]):.3g}, shown as {float(shrunken[at]):.3g}"
        notes.append(
            f"one cell stands apart: `{index[at]}` with {found}; it does not come from where the others come from, is "
            "pulled too far, and its interval seldom holds: judge it by itself"
        )
    low, high = _rate_intervals(s, n, level)
    raw = np.divide(s, n, out=np.full(len(n), np.nan), where=n > 0)
    table = pd.DataFrame(
        {
            "raw": raw,
            "shrunken": shrunken,
            "low": np.minimum(low, shrunken),
            "high": np.maximum(high, shrunken),
            "kept": kept,
        },
        index=index,
    )
    return Shrunk(
        table,
        mean,
        spread,
        "beta-binomial shrinkage",
        a=a,
        b=b,
        log_likelihood=likelihood,
        alike=alike,
        level=level,
        warnings=tuple(notes),
        apart=None if at is None else index[at],
    )


@check_arguments
def shrink_normal(estimates: Any, se: Any, *, level: float = 0.95) -> Shrunk:
    """Shrink estimates with known standard errors towards their precision-weighted mean: normal empirical Bayes.

    With equal standard errors this is the positive-part James-Stein estimator of Efron and Morris. Not for fewer than
    four cells (they are returned as they are, with a warning) and not for rates near 0 or 1.

    Parameters
    ----------
    estimates : array or pandas.Series, one value a cell
        For example lifts, in outcome units.
    se : array of the same length, or one number
        Their standard errors.
    level : float
        Coverage of the intervals on average over the cells, a fraction. A single cell may be covered less often: the
        most unusual one is pulled too far. The true values may have any distribution, as long as the standard errors
        do not depend on them.

    Returns
    -------
    Shrunk
        The intervals allow for the mean and the spread being estimates themselves.

    Raises
    ------
    ValueError
        No cells, a missing value, or a standard error that is not above zero.

    Examples
    --------
    >>> shrink_normal([4.0, 1.0, 0.0, 2.0, -1.0], 1.0).table["shrunken"].round(2).tolist()
    [3.62, 1.03, 0.16, 1.89, -0.7]

    Source: Efron and Morris, JASA 70 (1975), 311-319; Morris, JASA 78 (1983), 47-55, for unequal errors; for the
    intervals also Armstrong, Kolesár and Plagborg-Møller, Econometrica 90 (2022), 2567-2602.
    """
    index, x, error = _read_cells(estimates, se, ("estimates", "se"))
    if (error <= 0).any():
        raise ValueError("a standard error should be above zero")
    k = len(x)
    v = error**2
    between = _find_variance(x, v)
    weight = 1 / (v + max(between, 0.0))
    mean = float(weight @ x / weight.sum())
    notes = []
    alike = False
    if k < LEAST_CELLS:
        notes.append(f"{k} estimates cannot say how much they differ in truth: nothing was shrunk")
        lost = np.zeros(k)
        shrunken = x
        half = float(special.ndtri(0.5 + level / 2)) * error
    else:
        total = v + between
        lost = np.clip(np.divide((k - 3) / (k - 1) * v, total, out=np.ones(k), where=total > 0), 0, 1)
        shrunken = x - lost * (x - mean)
        half = _half_widths(x, error, lost, between, level)
        alike = bool((lost == 1).all())
    if alike:
        notes.append("chance alone explains how the estimates differ: every cell is shown with the mean")
    table = pd.DataFrame(
        {"raw": x, "shrunken": shrunken, "low": shrunken - half, "high": shrunken + half, "kept": 1 - lost}, index=index
    )
    spread = float(np.sqrt(max(between, 0.0)))
    return Shrunk(table, mean, spread, "normal shrinkage", alike=alike, level=level, warnings=tuple(notes))


def _half_widths(x: np.ndarray, error: np.ndarray, lost: np.ndarray, between: float, level: float) -> np.ndarray:
    """Half the width of each shrunken estimate's interval, given the share of its distance to the mean that was lost.

    Three parts are added in quadrature: the error and bias of the shrunken value, the error of the mean, and that of
    the share lost, which moves a cell the more, the farther it lies from the mean.
    """
    k = len(x)
    v = error**2
    weight = 1 / (v + max(between, 0.0))
    mean = float(weight @ x / weight.sum())
    z = float(special.ndtri(0.5 + level / 2))
    # Cells that look alike may differ all the same: the interval never takes the whole distance as lost.
    sure = np.minimum(lost, (k - 3) / (k - 1))
    unsure = 2 / (k - 3) * sure**2 * (weight @ v / weight.sum() + max(between, 0.0)) * weight
    reach = _find_reach(sure / (1 - sure), level) * (1 - sure) * error
    return np.sqrt(reach**2 + z**2 * (sure**2 / weight.sum() + unsure * (x - mean) ** 2))


# --- The prior of rates --------------------------------------------------------------------------


def _log_marginal(s: np.ndarray, n: np.ndarray, a: Any, b: Any) -> Any:
    """Log-likelihood of cells given a beta prior, without the binomial coefficients, which no prior changes."""
    return (special.betaln(s + a, n - s + b) - special.betaln(a, b)).sum(axis=-1)


def _fit_prior(s: np.ndarray, n: np.ndarray, pooled: float) -> tuple[float, float, float]:
    """The beta prior (a, b) of the highest marginal likelihood, and its log; infinite where equal cells fit as well."""
    equal = float(special.xlogy(s.sum(), pooled) + special.xlog1py((n - s).sum(), -pooled))
    constant = float((special.gammaln(n + 1) - special.gammaln(s + 1) - special.gammaln(n - s + 1)).sum())
    if np.count_nonzero(n) < 2 or pooled in (0.0, 1.0):
        return np.inf, np.inf, equal + constant

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        mean = special.expit(np.clip(point[0], -30, 30))
        strength = np.exp(np.clip(point[1], -30, 30))
        a = mean * strength
        b = (1 - mean) * strength
        common = len(n) * special.digamma(a + b) - special.digamma(n + a + b).sum()
        by_a = special.digamma(s + a).sum() - len(n) * special.digamma(a) + common
        by_b = special.digamma(n - s + b).sum() - len(n) * special.digamma(b) + common
        slope = np.array([a * (1 - mean) * (by_a - by_b), a * by_a + b * by_b])
        return -float(_log_marginal(s, n, a, b)), -slope

    # From the best of a few strengths uphill; L-BFGS-B would wait for the threads of a busy machine at every step.
    middle = special.logit(pooled)
    size = np.log(n[n > 0].mean())
    starts = [np.array([middle, size + shift]) for shift in np.linspace(-9, 9, 13)]
    start = min(starts, key=lambda point: loss(point)[0])
    best = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-7})
    strongest = max(np.log(MOST_PRIOR), size + 9)
    if best.x[1] > strongest or -best.fun < equal + EQUAL:
        return np.inf, np.inf, equal + constant
    mean = special.expit(best.x[0])
    strength = np.exp(best.x[1])
    return float(mean * strength), float((1 - mean) * strength), float(-best.fun + constant)


def _rate_intervals(s: np.ndarray, n: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Intervals that allow for the prior being fitted.

    Each cell's posterior is a mixture over the priors of `_weigh_priors`; the interval is that of the beta
    distribution with the mixture's mean and variance.
    """
    strength, means, chance = _weigh_priors(s[n > 0], n[n > 0])
    first = np.empty(len(n))
    second = np.empty(len(n))
    for part in _blocks(len(n)):
        centre = (s[part] + means * strength) / (n[part] + strength)
        first[part] = chance @ centre
        second[part] = chance @ (centre * (1 - centre) / (n[part] + strength + 1) + (centre - first[part]) ** 2)
    size = first * (1 - first) / second - 1
    a = first * size
    b = (1 - first) * size
    return special.betaincinv(a, b, (1 - level) / 2), special.betaincinv(a, b, (1 + level) / 2)


def _weigh_priors(s: np.ndarray, n: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Posterior probabilities of a grid of beta priors, given the cells.

    Beforehand the mean is uniform, and so is the share that the smallest cell loses, strength / (strength + trials).
    For each strength the mean runs over quantiles of a beta distribution that resembles its likelihood.

    Returns
    -------
    (strength, means, chance)
        a + b and a / (a + b) of each prior, as columns, and its probability, as a vector.
    """
    least = n.min()
    steps = (np.arange(GRID) + 0.5) / GRID
    strength = np.exp(np.linspace(np.log(least) - 5, np.log(n.max()) + 7, 2 * GRID))[:, None]
    share = strength / (strength + least)
    weight = n * (strength + 1) / (strength + n)
    total = weight.sum(axis=1, keepdims=True)
    centre = weight @ np.divide(s, n)[:, None] / total
    a = total * centre + 0.5
    b = total * (1 - centre) + 0.5
    means = np.clip(special.betaincinv(a, b, steps), 1e-12, 1 - 1e-12)
    fit = np.log(share * (1 - share)) + special.betaln(a, b)
    fit = fit - special.xlogy(a - 1, means) - special.xlog1py(b - 1, -means)
    means = means.reshape(-1, 1)
    strength = np.repeat(strength, GRID, axis=0)
    fit = fit.ravel()
    for part in _blocks(len(n)):
        fit = fit + _log_marginal(s[part], n[part], means * strength, (1 - means) * strength)
    chance = np.exp(fit - fit.max())
    return strength, means, chance / chance.sum()


def _find_apart(s: np.ndarray, n: np.ndarray) -> int | None:
    """Find the cell that stands apart: what the other cells predict for it is less likely than `APART`, None without.

    The highest and the lowest cell are predicted by the priors of `_weigh_priors` given all others, so that a prior
    which few cells leave open predicts widely; the p-value is two-sided and multiplied by the number of cells.
    """
    known = np.flatnonzero(n > 0)
    if len(known) <= LEAST_CELLS:
        return None
    s, n = s[known], n[known]
    strength, means, chance = _weigh_priors(s, n)
    mean = float(chance @ means[:, 0])
    spread = chance @ (means * (1 - means) * (strength + n) / (n * (strength + 1)))
    distance = (s / n - mean) / np.sqrt(spread)
    chances = {int(at): _predict(s, n, int(at)) for at in (distance.argmax(), distance.argmin())}
    at = min(chances, key=lambda cell: chances[cell])
    return int(known[at]) if chances[at] * len(known) <= APART else None


def _predict(s: np.ndarray, n: np.ndarray, at: int) -> float:
    """The chance that a cell lies so far out, two-sided, if it comes from where all other cells come from."""
    others = np.arange(len(n)) != at
    strength, means, chance = _weigh_priors(s[others], n[others])
    likely = chance > UNLIKELY
    a = (means * strength)[likely]
    b = ((1 - means) * strength)[likely]
    trials = max(round(min(n[at], MOST_TRIALS)), 1)
    seen = min(round(s[at] * trials / n[at]), trials)
    k = np.arange(trials + 1)
    ways = special.gammaln(trials + 1) - special.gammaln(k + 1) - special.gammaln(trials - k + 1)
    each = chance[likely] @ np.exp(ways + special.betaln(k + a, trials - k + b) - special.betaln(a, b))
    each /= each.sum()
    return 2 * min(float(each[seen:].sum()), float(each[: seen + 1].sum()))


def _blocks(count: int, size: int = 500) -> list[slice]:
    """Slices of at most `size` cells, so that a table of cells and priors stays small in memory."""
    return [slice(start, start + size) for start in range(0, count, size)]


# --- The spread of estimates ---------------------------------------------------------------------


def _find_variance(x: np.ndarray, v: np.ndarray) -> float:
    """Variance of the true values by Morris's weighted moments; negative where cells differ less than by chance."""
    k = len(x)
    if k < 2:
        return 0.0

    def surplus(between: float) -> float:
        weight = 1 / (v + max(between, 0.0))
        mean = weight @ x / weight.sum()
        return float(weight @ (k / (k - 1) * (x - mean) ** 2 - v) / weight.sum())

    return _settle(surplus, float(max(np.var(x, ddof=1) - v.mean(), 0.0)))


def _find_reach(moment: np.ndarray, level: float) -> np.ndarray:
    """Critical value, in standard errors, that holds `level` on average for any biases of a known mean square.

    Parameters
    ----------
    moment : array
        Mean square of the biases in squared standard errors, one value a cell.
    level : float

    The worst biases are zero in some cells and alike in all others (Armstrong, Kolesár and Plagborg-Møller).
    """
    z = special.ndtri(0.5 + level / 2)
    c = np.geomspace(z, 2 * z + 2 * np.sqrt(moment.max() / (1 - level)), 150)[:, None]
    bias = c * np.geomspace(0.3, 2, 200)
    missed = 2 * special.ndtr(-c)
    worst = ((special.ndtr(bias - c) + special.ndtr(-bias - c) - missed) / bias**2).max(axis=1)
    return np.interp(moment, (1 - level - missed[:, 0]) / worst, c[:, 0])


def _settle(step: Callable[[float], float], value: float) -> float:
    """Repeat a step until its value stays the same, from a starting value (fixed-point iteration)."""
    for _ in range(200):
        new = step(value)
        if abs(max(new, 0.0) - max(value, 0.0)) <= 1e-12 * (abs(new) + 1e-300):
            return new
        value = new
    return value


def _read_cells(first: Any, second: Any, names: tuple[str, str]) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """The index and both columns of numbers, one a cell; a single number stands for a whole second column."""
    try:
        x = np.atleast_1d(np.asarray(first, dtype=float))
        y = np.asarray(second, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{names[0]} and {names[1]} should hold numbers, one a cell") from None
    if y.ndim == 0:
        y = np.full(len(x), float(y))
    if x.ndim != 1 or x.shape != y.shape or not len(x):
        raise ValueError(f"{names[0]} and {names[1]} should hold one value a cell; they hold {x.size} and {y.size}")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError(f"{names[0]} and {names[1]} should hold a number in every cell; some are missing or infinite")
    index = first.index if isinstance(first, pd.Series) else pd.RangeIndex(len(x))
    return index, x, y
