"""Pareto/NBD: customers buy at a rate of their own, and may leave for good at any moment.

Each customer buys as a Poisson process with rate λ ~ Gamma(r, α), and lives for a time that is exponential with rate
μ ~ Gamma(s, β). The likelihood is written as one integral over the moment of leaving, whose integrand is positive: no
difference of two large numbers, and no hypergeometric function.

Sources: Schmittlein, Morrison and Colombo (1987), Management Science 33, 1-24; Fader and Hardie (2005), A Note on
Deriving the Pareto/NBD Model and Related Expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.special import digamma, expit, gammaln, logsumexp

NODES = 24
BEND = 8  # which root
CHUNK = 60_000  # customers whose nodes are in memory at once
TIMES = 24  # nodes over time, where money is discounted


class _Paths(NamedTuple):
    """The ways to one history, as logarithms up to a common factor: still here, and left at each of the nodes."""

    alive: np.ndarray
    left: np.ndarray
    moment: np.ndarray


@dataclass(frozen=True)
class Pareto:
    """The likelihood and the expectations of Pareto/NBD."""

    name: str = "Pareto/NBD"
    parameters: tuple[str, ...] = ("r", "alpha", "s", "beta")
    of_time: tuple[bool, ...] = (False, True, False, True)
    start: tuple[float, ...] = (0.5, 0.5, 0.6, 0.6)

    def log_likelihood(self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Log-likelihood of each customer."""
        r, alpha, s, beta = theta
        result = gammaln(r + x) - gammaln(r) + r * np.log(alpha) + s * np.log(beta)
        for part in _parts(len(x)):
            paths = _find_paths(theta, x[part], t_x[part], T[part])
            result[part] += np.logaddexp(paths.alive, logsumexp(paths.left, axis=1))
        return result

    def score(
        self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, weight: np.ndarray
    ) -> tuple[float, np.ndarray]:
        """Sum the log-likelihood over customers, and its gradient by the parameters, in one pass."""
        r, alpha, s, beta = theta
        value = 0.0
        total = np.zeros(4)
        for part in _parts(len(x)):
            w = weight[part]
            k = r + x[part]
            paths = _find_paths(theta, x[part], t_x[part], T[part])
            whole = np.logaddexp(paths.alive, logsumexp(paths.left, axis=1))
            there = np.exp(paths.alive - whole)
            gone = np.exp(paths.left - whole[:, None])
            end = T[part]
            u = paths.moment
            by_r = digamma(k) - digamma(r) + np.log(alpha) - there * np.log(alpha + end)
            by_r -= (gone * np.log(alpha + u)).sum(axis=1)
            by_alpha = r / alpha - k * (there / (alpha + end) + (gone / (alpha + u)).sum(axis=1))
            by_s = np.log(beta) + (1 - there) / s - there * np.log(beta + end) - (gone * np.log(beta + u)).sum(axis=1)
            by_beta = s / beta - s * there / (beta + end) - (s + 1) * (gone / (beta + u)).sum(axis=1)
            total += [w @ by_r, w @ by_alpha, w @ by_s, w @ by_beta]
            value += float(w @ (whole + gammaln(k) - gammaln(r)))
        value += weight.sum() * (r * np.log(alpha) + s * np.log(beta))
        return value, total

    def p_alive(self, theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Probability that a customer has not left."""
        result = np.zeros(len(x))
        for part in _parts(len(x)):
            paths = _find_paths(theta, x[part], t_x[part], T[part])
            result[part] = expit(paths.alive - logsumexp(paths.left, axis=1))
        return result

    def p_alive_new(self, theta: np.ndarray) -> float:
        """Probability that a customer is alive at the moment of the first purchase."""
        return 1.0

    def expect_if_alive(
        self, theta: np.ndarray, x: np.ndarray, T: np.ndarray, time: np.ndarray, discount: float = 0.0
    ) -> np.ndarray:
        """Expected purchases in the next `time` of a customer who is alive; discounted at a rate a unit of time."""
        r, alpha, s, beta = theta
        x, T, time = np.broadcast_arrays(np.asarray(x, float), np.asarray(T, float), np.asarray(time, float))
        rate = (r + x) / (alpha + T)
        age = beta + T
        if discount == 0:
            longer = np.log1p(time / age)
            power = s - 1
            if abs(power) < 1e-9:
                return rate * age * longer
            return rate * age * -np.expm1(-power * longer) / power
        place, width = np.polynomial.legendre.leggauss(TIMES)
        result = np.zeros(x.shape)
        longer = np.log1p(time / age)  # nodes on the scale on which the chance to be here falls evenly
        for v, dv in zip((place + 1) / 2, width / 2, strict=True):
            u = age * np.expm1(v * longer)
            result += dv * longer * (age + u) * np.exp(-s * v * longer - discount * u)
        return rate * result

    def quiet_if_alive(self, theta: np.ndarray, x: np.ndarray, T: np.ndarray, time: float) -> np.ndarray:
        """Probability that a customer who is alive buys nothing in the next `time`: he waits, or leaves before."""
        r, alpha, s, beta = theta
        rate_age = alpha + T
        age = beta + T
        longer = np.log1p(time / age)
        result = np.exp(-(r + x) * np.log1p(time / rate_age) - s * longer)
        place, width = np.polynomial.legendre.leggauss(TIMES)
        for v, dv in zip((place + 1) / 2, width / 2, strict=True):
            u = age * np.expm1(v * longer)
            result += dv * longer * s * np.exp(-s * v * longer - (r + x) * np.log1p(u / rate_age))
        return result

    def simulate_if_alive(
        self, theta: np.ndarray, x: np.ndarray, T: np.ndarray, time: float, draw: np.random.Generator
    ) -> np.ndarray:
        """Draw the purchases of the next `time` of customers who are alive: Poisson until they leave."""
        r, alpha, s, beta = theta
        rate = draw.gamma(r + x) / (alpha + T)
        leaving = draw.gamma(s, size=len(x)) / (beta + T)
        life = np.minimum(draw.exponential(size=len(x)) / np.maximum(leaving, 1e-300), time)
        return draw.poisson(np.minimum(rate * life, 1e15))


def _parts(count: int) -> list[slice]:
    return [slice(start, start + CHUNK) for start in range(0, count, CHUNK)]


def _find_paths(theta: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> _Paths:
    """Weigh still being here against having left at moments between t_x and T.

    The integrand (α + u)^-(r + x) (β + u)^-(s + 1) falls fast for frequent customers. So the nodes are even in
    a root of ((c + u) / (c + t_x))^-(r + x + s), with the c that makes both fall alike at t_x: what is left is nearly
    constant, and the root keeps some nodes for the long tail of rare customers.
    """
    r, alpha, s, beta = theta
    k = r + x
    m = k + s
    c = (m + 1) / (k / (alpha + t_x) + (s + 1) / (beta + t_x))  # c + t_x
    span = -np.expm1(-m * np.log1p((T - t_x) / c) / BEND)
    place, width = np.polynomial.legendre.leggauss(NODES)
    log_w = np.log1p(-span[:, None] * (place + 1) / 2)
    after = c[:, None] * np.expm1(-BEND * log_w / m[:, None])
    u = t_x[:, None] + after
    log_c = np.log(c)[:, None]
    flat = (m + 1)[:, None] * (np.log1p(after / c[:, None]) + log_c)
    flat -= k[:, None] * np.log(alpha + u) + (s + 1) * np.log(beta + u)
    with np.errstate(divide="ignore"):
        scale = np.log(s) + np.log(span) - np.log(m) - m * log_c[:, 0]
    left = scale[:, None] + flat + (BEND - 1) * log_w + np.log(BEND * width / 2)
    return _Paths(-k * np.log(alpha + T) - s * np.log(beta + T), left, u)


PARETO_NBD = Pareto()
