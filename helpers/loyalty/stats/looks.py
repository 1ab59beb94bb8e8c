"""Group-sequential bounds: how far from zero a result must lie, in standard errors, when it is looked at several times.

Two ways to the same chances:

- *Independent increments*, where each look brings news of its own and two looks are correlated by the root of the
  shares of news they have: integrated from look to look at Gauss-Legendre nodes, exact to six digits.
- *Any correlation*, as with the growing sums of the same customers: a multivariate normal integral after Genz, over a
  fixed lattice, so that the same looks always have the same bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import ndtr, ndtri
from scipy.stats import norm

SPENDING = ("obrien_fleming", "pocock")
MOST_LOOKS = 60
MOST_NODES = 1_500
FAR = 9.0  # standard errors; a result that lies further out is as good as impossible
FARTHEST = 30.0  # bounds beyond it are infinite: at that look nothing is spent
POINTS = 4_096  # of the lattice
ALIKE = 1e-10  # a look that brings a smaller share of news than this brings none


def spend_level(fractions: Sequence[float] | np.ndarray, alpha: float, spending: str) -> np.ndarray:
    """Say which part of the false alarms may be spent until each look.

    Parameters
    ----------
    fractions : array
        Part of the plan that each look has behind it, rising to 1 at most.
    alpha : float
        False alarms in all, both sides together, a fraction.
    spending : {"obrien_fleming", "pocock"}
        "obrien_fleming" spends next to nothing early, "pocock" nearly in proportion.

    Returns
    -------
    array
        Cumulative, `alpha` at 1.

    Examples
    --------
    >>> spend_level([0.5, 1.0], 0.05, "pocock").round(3).tolist()
    [0.031, 0.05]

    Source: Lan and DeMets (1983), Biometrika 70, 659-663.
    """
    t = np.asarray(fractions, float)
    if spending == "pocock":
        return alpha * np.log1p((np.e - 1) * t)
    return 4 * norm.sf(norm.isf(alpha / 4) / np.sqrt(t))


def correlate_increments(fractions: Sequence[float] | np.ndarray) -> np.ndarray:
    """Correlate looks that each bring news of their own: the root of the earlier share over the later one.

    Examples
    --------
    >>> correlate_increments([0.25, 1.0]).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    t = np.asarray(fractions, float)
    return np.sqrt(np.minimum.outer(t, t) / np.maximum.outer(t, t))


@dataclass(frozen=True)
class Walk:
    """Useless tests that were not stopped so far: where their sums stand, and how many stand there.

    Made by `start_walk`. `place` and `mass` are nodes of an integral and its weights, `time` the share of the news
    behind it; `nodes` are nodes and weights on -1 to 1.
    """

    place: np.ndarray
    mass: np.ndarray
    time: float
    nodes: tuple[np.ndarray, np.ndarray]

    def stop(self, bound: float, time: float) -> float:
        """The share of all tests that crosses the bound at a look, having crossed none before."""
        step = np.sqrt(time - self.time)
        edge = bound * np.sqrt(time)
        return float(self.mass @ (ndtr((self.place - edge) / step) + ndtr((-self.place - edge) / step)))

    def go_on(self, bound: float, time: float) -> Walk:
        """Those that are not stopped at a look."""
        step = np.sqrt(time - self.time)
        reach = min(bound, FAR) * np.sqrt(time)
        place = reach * self.nodes[0]
        density = np.exp(-0.5 * ((place[:, None] - self.place) / step) ** 2) @ self.mass / np.sqrt(2 * np.pi) / step
        return Walk(place, reach * self.nodes[1] * density, time, self.nodes)


def count_nodes(fractions: np.ndarray, farthest: float = FAR) -> int:
    """How many nodes follow a walk closely enough: a quarter of the smallest step apart at the widest look."""
    finest = np.sqrt(np.diff(fractions, prepend=0.0).min())
    return max(64, int(8 * farthest * np.sqrt(fractions[-1]) / finest))


def start_walk(fractions: np.ndarray, farthest: float = FAR) -> Walk:
    """Begin a walk at zero, with nodes for all its looks; `farthest` is the widest bound, if it is known."""
    nodes = np.polynomial.legendre.leggauss(count_nodes(fractions, farthest))
    return Walk(np.zeros(1), np.ones(1), 0.0, nodes)


def follow_bounds(fractions: Sequence[float] | np.ndarray, bounds: Sequence[float] | np.ndarray) -> np.ndarray:
    """Follow a useless test whose looks each bring news of their own: the share stopped by each look.

    Parameters
    ----------
    fractions : array
        Rising, in any unit.
    bounds : array
        In standard errors, one a look.

    Examples
    --------
    >>> follow_bounds([1, 2, 3, 4, 5], [1.96] * 5).round(4).tolist()[-1]
    0.1417

    Source: Armitage, McPherson and Rowe (1969), Journal of the Royal Statistical Society A 132, 235-244.
    """
    t = np.asarray(fractions, float)
    walk = start_walk(t, min(FAR, float(np.max(bounds))))
    stopped = []
    for bound, time in zip(bounds, t, strict=True):
        stopped.append(walk.stop(bound, time))
        walk = walk.go_on(bound, time)
    return np.cumsum(stopped)


def find_bounds_of_walk(fractions: np.ndarray, spent: np.ndarray) -> np.ndarray:
    """Find the bounds that spend so much by each look, where each brings news of its own."""
    walk = start_walk(fractions)
    bounds = []
    for time, newly in zip(fractions, np.diff(spent, prepend=0.0), strict=True):
        bound = _find_bound(lambda c, walk=walk, time=time: walk.stop(c, time), newly)  # type: ignore[misc]
        bounds.append(bound)
        walk = walk.go_on(bound, time)
    return np.array(bounds)


def find_next_bound(correlation: np.ndarray, bounds: Sequence[float], newly: float) -> float:
    """Find the bound of the last look, given those of the looks before it.

    Parameters
    ----------
    correlation : array, one row and column a look
    bounds : sequence of float
        Of all looks but the last.
    newly : float
        The share of useless tests that may be stopped at the last look and not before.

    Examples
    --------
    >>> round(find_next_bound(np.array([[1.0, 0.5], [0.5, 1.0]]), [2.5], 0.03), 2)
    2.14

    Source: Genz (1992), Journal of Computational and Graphical Statistics 1, 141-149; the look in question comes
    first, so that a small chance is found as exactly as a large one.
    """
    last = len(correlation) - 1
    order = [last, *range(last)]
    factor = _factor(np.asarray(correlation, float)[np.ix_(order, order)])
    points = _lay_lattice(last + 1)
    return _find_bound(lambda c: _stop_last(c, factor, bounds, points), newly)


def find_bounds(correlation: np.ndarray, spent: np.ndarray) -> np.ndarray:
    """Find the bounds that spend so much by each look, for looks of any correlation."""
    bounds: list[float] = []
    for look, newly in enumerate(np.diff(spent, prepend=0.0)):
        bounds.append(find_next_bound(correlation[: look + 1, : look + 1], bounds, float(newly)))
    return np.array(bounds)


def find_stopped(correlation: np.ndarray, bounds: Sequence[float], means: Sequence[float] | None = None) -> np.ndarray:
    """The share of tests stopped by each look, for looks of any correlation.

    Parameters
    ----------
    correlation : array, one row and column a look
    bounds : sequence of float
        In standard errors.
    means : sequence of float, optional
        Where the result of each look lies on average, in standard errors; zero for useless tests.

    Examples
    --------
    >>> find_stopped(np.eye(2), [1.96, 1.96]).round(2).tolist()
    [0.05, 0.1]
    """
    factor = _factor(np.asarray(correlation, float))
    middle = np.zeros(len(factor)) if means is None else np.asarray(means, float)
    limit = np.asarray(bounds, float)
    points = _lay_lattice(len(factor))
    inside = np.ones(POINTS)
    news = np.zeros((len(factor), POINTS))
    stopped = []
    for look in range(len(factor)):
        inside = inside * _pass(factor, news, look, (-limit[look] - middle[look], limit[look] - middle[look]), points)
        stopped.append(1 - inside.mean())
    return np.array(stopped)


def find_constant(share: Callable[[float], float], alpha: float) -> float:
    """Find the constant of bounds of one shape, at which the share of useless tests stopped is `alpha`."""
    return float(optimize.brentq(lambda c: share(c) - alpha, 0.1, FAR, xtol=1e-9))


def _find_bound(stop: Callable[[float], float], newly: float) -> float:
    """Find the bound at which a look stops so many; infinite where it may stop none."""
    if newly <= norm.sf(FARTHEST):
        return float("inf")
    if stop(0.0) <= newly:
        return 0.0
    most = norm.isf(newly / 2) + 0.001  # the bound if there had been no look before
    return float(optimize.brentq(lambda c: np.log(max(stop(c), 1e-300)) - np.log(newly), 0.0, most, xtol=1e-7))


def _stop_last(bound: float, factor: np.ndarray, bounds: Sequence[float], points: np.ndarray) -> float:
    """The share that crosses the bound of the last look, which stands first in `factor`, and none before."""
    beyond = ndtr(-bound)
    news = np.zeros((len(factor), POINTS))
    news[0] = -ndtri(np.clip(points[0] * beyond, 1e-300, 1.0))
    share = np.full(POINTS, 2 * beyond)  # both sides are alike
    for look, limit in enumerate(bounds, start=1):
        share = share * _pass(factor, news, look, (-limit, limit), points)
    return float(share.mean())


def _pass(
    factor: np.ndarray, news: np.ndarray, look: int, limits: tuple[float, float], points: np.ndarray
) -> np.ndarray:
    """The chance of each point to stay between the limits at a look; writes into `news` what the look then brings."""
    known = factor[look, :look] @ news[:look]
    low, high = (ndtr((limit - known) / factor[look, look]) for limit in limits)
    news[look] = ndtri(np.clip(low + points[look] * (high - low), 1e-300, 1 - 1e-16))
    return high - low


def _factor(correlation: np.ndarray) -> np.ndarray:
    """Factor a correlation matrix after Cholesky; a look that brings no news has a small number on the diagonal."""
    size = len(correlation)
    factor = np.zeros((size, size))
    brings = np.ones(size, bool)
    for row in range(size):
        for column in range(row):
            if brings[column]:
                known = factor[row, :column] @ factor[column, :column]
                factor[row, column] = (correlation[row, column] - known) / factor[column, column]
        rest = 1 - factor[row] @ factor[row]
        brings[row] = rest > ALIKE
        factor[row, row] = np.sqrt(max(rest, ALIKE))
    return factor


def _lay_lattice(size: int) -> np.ndarray:
    """Lay points evenly in a cube: a lattice by the roots of primes, folded, one row a dimension."""
    primes = [n for n in range(2, 400) if all(n % part for part in range(2, int(n**0.5) + 1))][:size]
    steps = np.arange(1, POINTS + 1) - 0.5
    return np.abs(2 * ((np.sqrt(primes)[:, None] * steps) % 1.0) - 1)
