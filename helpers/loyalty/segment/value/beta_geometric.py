"""BG/NBD and MBG/NBD: customers buy at a rate of their own, and may leave for good after each purchase.

Each customer buys as a Poisson process with rate λ ~ Gamma(r, α), and leaves after a purchase with probability
p ~ Beta(a, b). In the MBG/NBD he may leave after the *first* purchase too; in the BG/NBD only after a repeat purchase,
so that it calls everybody without a repeat certainly alive.

What happens after T depends on the same two posteriors in both: given that a customer is alive,
λ ~ Gamma(r + x, α + T) and p ~ Beta(a, b + s), where s counts the draws that he survived.

Sources: Fader, Hardie and Lee (2005), Marketing Science 24, 275-284; Batislam, Denizel and Filiztekin (2007),
International Journal of Research in Marketing 24, 201-209.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh_tridiagonal
from scipy.special import betaln, digamma, expit, gammaln

NODES = (16, 32, 64, 128)  # of the quadrature over p, the more the longer the horizon against what was seen
TIMES = 12  # nodes over time, where money is discounted
CHUNK = 2_000_000  # numbers in memory at once
MOST_LEVELS = 1_000_000  # purchases up to which customers are counted without sorting


@dataclass(frozen=True)
class BetaGeometric:
    """The likelihood and the expectations of BG/NBD (`first_draw` False) and MBG/NBD (True)."""

    name: str
    first_draw: bool
    parameters: tuple[str, ...] = ("r", "alpha", "a", "b")
    of_time: tuple[bool, ...] = (False, True, False, False)
    start: tuple[float, ...] = (0.5, 0.5, 0.8, 2.0)

    def survived(self, x: np.ndarray) -> np.ndarray:
        """Number of draws that a customer who is alive has survived."""
        return x + (1 if self.first_draw else 0)

    def log_likelihood(self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer."""
        r, alpha, a, b = theta
        alive, left = self._paths(theta, x, t_x, T)
        values, where = np.unique(x, return_inverse=True)
        part = gammaln(r + values) - gammaln(r) + betaln(a, b + self.survived(values)) - betaln(a, b)
        return part[where] + r * np.log(alpha) + np.logaddexp(alive, left)

    def score(
        self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, weight: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Sum the log-likelihood over customers, and its gradient by the parameters, in one pass."""
        r, alpha, a, b = theta
        log_T = np.log(alpha + T)
        log_t = np.log(alpha + t_x)
        shape = r + x
        drawn = self.survived(x) > 0
        below = np.where(drawn, b + self.survived(x) - 1, 1.0)
        odds = np.where(drawn, np.log(a) - np.log(below) + shape * (log_T - log_t), -np.inf)
        gone = expit(odds)
        there = 1 - gone
        mixed = np.logaddexp(0, odds) - shape * log_T
        values, n = _count_levels(x, weight)
        levels = self.survived(values)
        total = weight.sum()
        part = gammaln(r + values) - gammaln(r) + betaln(a, b + levels) - betaln(a, b)
        value = n @ part + total * r * np.log(alpha) + weight @ mixed
        shared = n @ (digamma(a + b) - digamma(a + b + levels))
        by_r = n @ (digamma(r + values) - digamma(r)) + total * np.log(alpha) - weight @ (there * log_T + gone * log_t)
        by_alpha = total * r / alpha - weight @ (shape * (there / (alpha + T) + gone / (alpha + t_x)))
        by_a = shared + weight @ gone / a
        by_b = shared + n @ (digamma(b + levels) - digamma(b)) - weight @ (gone / below)
        return float(value), np.array([by_r, by_alpha, by_a, by_b])

    def p_alive(self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Probability that a customer has not left."""
        alive, left = self._paths(theta, x, t_x, T)
        return expit(alive - left)

    def p_alive_new(self, theta: np.ndarray) -> float:
        """Probability that a customer stays beyond the first purchase."""
        return float(theta[3] / (theta[2] + theta[3])) if self.first_draw else 1.0

    def expect_if_alive(
        self, theta: np.ndarray, x: np.ndarray, T: np.ndarray, time: np.ndarray, discount: float = 0.0
    ) -> np.ndarray:
        """Expected purchases in the next `time` of a customer who is alive; discounted at a rate a unit of time.

        (1 - exp(-λ p t)) / p, averaged over both posteriors: over λ in closed form, over p by Gauss-Jacobi quadrature,
        which stays exact where the hypergeometric function of the papers overflows, and where a = 1.
        """
        r, alpha, a, b = theta
        x, T, time = np.broadcast_arrays(np.asarray(x, float), np.asarray(T, float), np.asarray(time, float))
        result = np.zeros(x.shape)
        size = np.digitize(time / (alpha + T) * np.sqrt(1 + x / 8), (1.5, 10.0, 100.0))
        for level, count in enumerate(NODES):
            for one in np.unique(x[size == level]):
                rows = np.flatnonzero((size == level) & (x == one))
                p, weight = make_nodes(a, b + float(self.survived(np.asarray(one))), count)
                for part in np.array_split(rows, 1 + len(rows) * count // CHUNK):
                    result[part] = _average(r + one, alpha + T[part], time[part], p, weight, discount)
        return result

    def quiet_if_alive(self, theta: np.ndarray, x: np.ndarray, T: np.ndarray, time: float) -> np.ndarray:
        """Probability that a customer who is alive buys nothing in the next `time`: leaving comes after a purchase."""
        r, alpha, _, _ = theta
        return np.exp(-(r + x) * np.log1p(time / (alpha + T)))

    def simulate_if_alive(
        self, theta: np.ndarray, x: np.ndarray, T: np.ndarray, time: float, draw: np.random.Generator
    ) -> np.ndarray:
        """Draw the purchases of the next `time` of customers who are alive: Poisson, cut off by leaving."""
        r, alpha, a, b = theta
        rate = draw.gamma(r + x) / (alpha + T)
        p = np.maximum(draw.beta(a, b + self.survived(x)), 1e-12)
        return np.minimum(draw.poisson(np.minimum(rate * time, 1e15)), draw.geometric(p))

    def _paths(self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Logarithms of the two ways to the same history, up to a common factor: still here, and left at t_x."""
        r, alpha, a, b = theta
        s = self.survived(x)
        alive = -(r + x) * np.log(alpha + T)
        left = np.log(a) - np.log(np.where(s > 0, b + s - 1, 1)) - (r + x) * np.log(alpha + t_x)
        return alive, np.where(s > 0, left, -np.inf)


def _count_levels(x: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Customers at each number of purchases that occurs."""
    if x.max() > MOST_LEVELS:
        values, where = np.unique(x, return_inverse=True)
        return values, np.bincount(where, weight)
    counts = np.bincount(x.astype(np.int64), weight)
    values = np.flatnonzero(counts)
    return values.astype(float), counts[values]


def _average(
    shape: float, age: np.ndarray, time: np.ndarray, p: np.ndarray, weight: np.ndarray, discount: float
) -> np.ndarray:
    """Average purchases over the nodes of p: ∫ shape · age^shape / (age + p u)^(shape + 1) · exp(-discount u) du."""
    share = time / age
    if discount == 0:
        inside = np.log1p(np.outer(share, p))
        return (-np.expm1(-shape * inside) / p) @ weight
    place, width = np.polynomial.legendre.leggauss(TIMES)
    result = np.zeros(len(age))
    for u, du in zip((place + 1) / 2, width / 2, strict=True):
        flow = np.exp(-(shape + 1) * np.log1p(np.outer(share * u, p))) @ weight
        result += du * flow * np.exp(-discount * u * time)
    return shape * share * result


def make_nodes(a: float, b: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of Gauss-Jacobi quadrature over a Beta(a, b) law; the weights sum to 1.

    The eigenvalues of the recurrence's matrix (Golub and Welsch 1969, Mathematics of Computation 23, 221-230), with
    weights that need no Beta function and so no large number.
    """
    k = np.arange(count, dtype=float)
    total = a + b - 2  # of the exponents of Jacobi's weight
    twice = 2 * k + total
    with np.errstate(invalid="ignore", divide="ignore"):
        middle = ((b - 1) ** 2 - (a - 1) ** 2) * -1.0 / (twice * (twice + 2))
        j = k[1:]
        down = 2 * j + total
        side = 4 * j * (j + a - 1) * (j + b - 1) * (j + total) / (down**2 * (down + 1) * (down - 1))
    middle[0] = (a - b) / (a + b)
    side[:1] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    place, vectors = eigh_tridiagonal(middle, np.sqrt(side))
    nodes = np.clip((place + 1) / 2, 1e-300, 1.0)
    return nodes, vectors[0] ** 2


BG_NBD = BetaGeometric("BG/NBD", first_draw=False)
MBG_NBD = BetaGeometric("MBG/NBD", first_draw=True)
