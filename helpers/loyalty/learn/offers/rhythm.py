"""The rhythm of refills: how long a piece lasts, by customer and product, from closed and open gaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

STEPS = 200
CLOSE = 1e-4  # of a log gap: the fit stops when no product moves by more
LEAST_SPREAD = 0.05  # of log gaps within a customer: days are whole


@dataclass(frozen=True, eq=False)
class RefillGaps:
    """The gaps of S series (a customer and a product) in log days per piece; the last gap of a series is still open.

    Attributes
    ----------
    series : array of int
        The series of each closed gap.
    closed : array
        Its log length.
    open : array, S
        Log length of the gap that is still open.
    product : array of int, S
        Place of each series' product.
    """

    series: np.ndarray
    closed: np.ndarray
    open: np.ndarray
    product: np.ndarray


@dataclass(frozen=True, eq=False)
class Rhythm:
    """What a fit found; made by `fit_rhythm`. All of log days per piece.

    Attributes
    ----------
    middle, variance : arrays, S
        Each series' rhythm, drawn to its product's, and how sure it is.
    own : array, S
        Share of the rhythm that comes from the series' own gaps.
    spread : array, S
        Standard deviation of the gaps within a series, of its product.
    running : array, S
        Probability that the open gap will be closed: that the customer has not stopped.
    product_middle, product_between, product_stop : arrays, products
        Mean rhythm, spread between customers, probability of stopping after a purchase.
    """

    middle: np.ndarray
    variance: np.ndarray
    own: np.ndarray
    spread: np.ndarray
    running: np.ndarray
    product_middle: np.ndarray
    product_between: np.ndarray
    product_stop: np.ndarray

    @property
    def width(self) -> np.ndarray:
        """Standard deviation of a series' next gap: its own spread and the doubt about its middle."""
        return np.sqrt(self.spread**2 + self.variance)

    def find_chance(self, open_gap: np.ndarray, later: np.ndarray) -> np.ndarray:
        """Probability that an open gap (log) is closed before it is as long as `later`."""
        here = stats.norm.logsf((open_gap - self.middle) / self.width)
        there = stats.norm.logsf((later - self.middle) / self.width)
        return self.running * -np.expm1(there - here)


def fit_rhythm(gaps: RefillGaps) -> Rhythm:
    """Fit log-normal gaps, customers within products, by expectation and maximisation.

    The open gap is not left out: those who refill late would be missing, and the rhythm would look too fast. It is not
    taken for a gap either. It is censored: the next purchase comes later, or, with a probability that is fitted too,
    never (a mixture cure model).

    Not for products that are bought on impulse: there is no rhythm to find, and intervals are wide.

    Source: Dempster, Laird and Rubin (1977), JRSS B 39, 1-38, for censored data; Boag (1949), JRSS B 11, 15-53, for the
    share that never comes.
    """
    fit = _Fit(gaps)
    for _ in range(STEPS):
        if fit.step() < CLOSE:
            break
    return fit.result()


class _Fit:
    """State of the fit: parameters by product, and what is believed of each series."""

    def __init__(self, gaps: RefillGaps) -> None:
        self.gaps = gaps
        self.size = int(gaps.product.max(initial=-1)) + 1
        self.count = np.bincount(gaps.series, minlength=len(gaps.open)).astype(float)
        self.total = np.bincount(gaps.series, gaps.closed, len(gaps.open))
        self.squares = np.bincount(gaps.series, gaps.closed**2, len(gaps.open))
        n = self.add(self.count)
        self.mu = self.add(self.total) / n
        variance = np.maximum(self.add(self.squares) / n - self.mu**2, LEAST_SPREAD**2)
        self.between = variance / 2
        self.within = variance / 2
        self.stop = np.full(self.size, 0.1)
        self.middle = self.mu[gaps.product].copy()
        self.variance = self.between[gaps.product].copy()
        self.running = np.full(len(gaps.open), 0.5)

    def add(self, values: np.ndarray) -> np.ndarray:
        """Add up values of series by product."""
        return np.bincount(self.gaps.product, values, self.size)

    def step(self) -> float:
        """Do one step of expectation and maximisation; return by how much a product's rhythm moved at most."""
        p = self.gaps.product
        later, square = self.expect()
        weight = self.running
        n = self.count + weight
        precision = 1 / self.between[p] + n / self.within[p]
        self.variance = 1 / precision
        self.middle = (self.mu[p] / self.between[p] + (self.total + weight * later) / self.within[p]) * self.variance
        old = self.mu
        series = self.add(np.ones(len(p)))
        self.mu = self.add(self.middle) / series
        self.between = np.maximum(
            self.add((self.middle - self.mu[p]) ** 2 + self.variance) / series, LEAST_SPREAD**2 / 4
        )
        around = self.squares - 2 * self.middle * self.total + self.count * self.middle**2
        around += weight * (square - 2 * self.middle * later + self.middle**2) + n * self.variance
        self.within = np.maximum(self.add(around) / self.add(n), LEAST_SPREAD**2)
        self.stop = np.clip(self.add(1 - weight) / self.add(self.count + 1), 1e-6, 1 - 1e-6)
        return float(np.max(np.abs(self.mu - old), initial=0.0))

    def expect(self) -> tuple[np.ndarray, np.ndarray]:
        """What the open gap will be, its mean and mean square, if it is closed; and how likely that is."""
        p = self.gaps.product
        width = np.sqrt(self.within[p] + self.variance)
        z = (self.gaps.open - self.middle) / width
        survival = stats.norm.sf(z)
        going = (1 - self.stop[p]) * survival
        self.running = going / (going + self.stop[p])
        hazard = np.exp(stats.norm.logpdf(z) - special.log_ndtr(-z))
        mean = self.middle + width * hazard
        variance = width**2 * np.clip(1 + z * hazard - hazard**2, 0, 1)
        return mean, mean**2 + variance

    def result(self) -> Rhythm:
        """The fit as it stands."""
        p = self.gaps.product
        own = self.count / self.within[p] / (1 / self.between[p] + self.count / self.within[p])
        return Rhythm(
            self.middle,
            self.variance,
            own,
            np.sqrt(self.within[p]),
            self.running,
            self.mu,
            np.sqrt(self.between),
            self.stop,
        )
