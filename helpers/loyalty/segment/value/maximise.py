"""Maximum likelihood of positive parameters: on the log scale, with standard errors from the Hessian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.optimize import minimize

MOST_LOG = 30.0  # of a drawn parameter, either way: beyond it no expectation can be computed
WIDEST = 14.0  # of a logarithm, away from the start
STEP = 1e-4  # of the differences that give the Hessian
FAR = 0.05  # a step after which the Hessian is made anew
NEWTON = 25  # steps of polishing
EXACT = 1e-8  # of the gradient, a customer
LOOSE = 2.0  # standard error of a logarithm from which on a parameter is not known

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]


@dataclass(frozen=True)
class Maximum:
    """The best parameters (`theta`), the covariance of their logarithms, and what is wrong with them."""

    theta: np.ndarray
    covariance: np.ndarray
    value: float
    warnings: tuple[str, ...]


class LogScaleFit:
    """What fits of positive parameters have in common: doubts are normal on the scale of the logarithms.

    `parameters` maps names to estimates, `covariance` is that of their logarithms; NaN where the data do not tell it.
    """

    parameters: dict[str, float]
    covariance: np.ndarray

    @property
    def theta(self) -> np.ndarray:
        """The parameters in the model's order."""
        return np.array(list(self.parameters.values()))

    def draw_parameters(self, draws: int, seed: int) -> np.ndarray:
        """Draw parameters that fit the data as well, draws × parameters; their logarithms are normal."""
        return self.draw_from(np.random.default_rng(seed), draws)

    def draw_from(self, draw: np.random.Generator, draws: int) -> np.ndarray:
        """The same from a generator that goes on; where no covariance is known, each draw is the estimate."""
        if not np.isfinite(self.covariance).all():
            return np.tile(self.theta, (draws, 1))
        values, vectors = np.linalg.eigh(self.covariance)
        step = draw.standard_normal((draws, len(values))) * np.sqrt(np.maximum(values, 0))
        return np.exp(np.clip(np.log(self.theta) + step @ vectors.T, -MOST_LOG, MOST_LOG))

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """One row a parameter: estimate, and the interval from its logarithm's standard error."""
        spread = np.sqrt(np.diag(self.covariance))
        half = stats.norm.ppf(0.5 + level / 2) * spread
        table = pd.DataFrame({"parameter": list(self.parameters), "estimate": self.theta})
        return table.assign(low=self.theta * np.exp(-half), high=self.theta * np.exp(half), se_log=spread)


def maximise(
    objective: Objective, start: np.ndarray, names: tuple[str, ...], size: float, *, is_near: bool = False
) -> Maximum:
    """Find the maximum of a log-likelihood over positive parameters; nothing is added to it.

    Parameters
    ----------
    objective : callable
        Takes the parameters; returns the log-likelihood and its gradient by them.
    start : array of float
        Positive.
    names : tuple of str
        Of the parameters, for the warnings.
    size : float
        Customers: the log-likelihood is divided by it.
    is_near : bool
        Whether the start is near, as from a part of the data: then Newton's steps are tried first.
    """

    def lower(z: np.ndarray) -> tuple[float, np.ndarray]:
        theta = np.exp(z)
        value, slope = objective(theta)
        if not np.isfinite(value):
            return 1e10, np.zeros_like(z)
        return -value / size, -slope * theta / size

    origin = np.log(start)
    bounds = [(one - WIDEST, one + WIDEST) for one in origin]
    options = {"maxiter": 500, "ftol": 1e-14, "gtol": 1e-8}
    is_exact = False
    if is_near:
        z, hessian, is_exact = _polish(lower, origin, origin)
    if not is_exact:
        found = minimize(lower, origin, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        z, hessian, is_exact = _polish(lower, found.x, origin)
    theta = np.exp(z)
    edge = np.abs(z - origin) > WIDEST - 1e-6
    values, vectors = np.linalg.eigh(hessian)
    covariance = np.full((len(z), len(z)), np.nan)
    notes = []
    if values.min() > 1e-12:
        covariance = (vectors / values) @ vectors.T / size
    spread = np.sqrt(np.diag(covariance))
    loose = [name for name, one in zip(names, spread, strict=True) if not one < LOOSE]
    if edge.any() or not is_exact or loose:
        named = ", ".join(loose or [name for name, at in zip(names, edge, strict=True) if at] or names)
        notes.append(
            f"the data do not tell {named}: other values fit as well. Read expected purchases, not these parameters"
        )
    return Maximum(theta, covariance, -float(lower(z)[0]) * size, tuple(notes))


def _polish(
    lower: Callable[[np.ndarray], tuple[float, np.ndarray]], z: np.ndarray, origin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Newton's steps to the last digits, where the Hessian allows it; returns also the Hessian."""
    value, slope = lower(z)
    hessian = _differ(lower, z)
    is_stale = False
    for _ in range(NEWTON):
        if np.abs(slope).max() < EXACT:
            break
        curve, vectors = np.linalg.eigh(hessian)
        if curve.min() <= 1e-10:
            return z, hessian, False
        step = -(vectors / curve) @ vectors.T @ slope
        size = np.abs(step).max()
        target = z + step * min(1.0, 1.0 / size)
        if np.abs(target - origin).max() > WIDEST:
            return z, hessian, False
        new_value, new_slope = lower(target)
        if new_value > value + 1e-9 * (1 + abs(value)):
            return z, hessian, False
        z, value, slope = target, new_value, new_slope
        is_stale = size <= FAR
        if not is_stale:
            hessian = _differ(lower, z)
        elif size < 1e-7:
            break
    if is_stale:
        hessian = _differ(lower, z)
    return z, hessian, bool(np.abs(slope).max() < 1e-6)


def _differ(lower: Callable[[np.ndarray], tuple[float, np.ndarray]], z: np.ndarray) -> np.ndarray:
    """Hessian from central differences of the gradient."""
    columns = []
    for place in range(len(z)):
        shift = np.zeros_like(z)
        shift[place] = STEP
        columns.append((lower(z + shift)[1] - lower(z - shift)[1]) / (2 * STEP))
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2
