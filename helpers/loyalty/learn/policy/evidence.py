"""What the waves so far say about each offer: normal likelihood of the lifts, all arms of a wave held together.

In a wave the arms share one control, so their lifts are not independent. With `x` the columns that a lift may depend
on (one a segment, or a profile), `z` those and the columns that only explain the level, the model of a wave is

    profit = z'a + Σ over offers [arm = offer] x'b(offer) + noise

with `a` new in each wave. The wave's information about `b` is what is left after `a` is taken out (Frisch and Waugh).
For segments that is diag(n) − n n'/N: the precision matrix of lifts against a shared control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Lot:
    """One wave as a policy sees it: those who took part in its lottery."""

    wave: int
    segment: np.ndarray  # place in the list of segments
    arm: np.ndarray  # place in the list of arms, 0 for control
    profit: np.ndarray  # euros in the wave's window, contact cost taken off
    profile: np.ndarray  # customers × columns


@dataclass(frozen=True, eq=False)
class Evidence:
    """Information matrix and score of the lifts: `precision @ lift = score`; (offers × columns) flattened."""

    precision: np.ndarray
    score: np.ndarray

    def estimate(self) -> np.ndarray:
        """Raw lifts, offers × columns flattened; 0 where nothing is known."""
        return np.asarray(np.linalg.pinv(self.precision, hermitian=True) @ self.score)

    def update(self, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Posterior mean and the Cholesky factor of the posterior precision, from a prior of mean zero.

        Parameters
        ----------
        prior : array
            Prior covariance of all lifts.
        """
        precision = self.precision + np.linalg.inv(prior)
        return np.linalg.solve(precision, self.score), np.linalg.cholesky(precision)


def weigh_lot(
    x: np.ndarray, z: np.ndarray, arm: np.ndarray, y: np.ndarray, weight: np.ndarray, offers: int
) -> Evidence:
    """What one wave says: information and score about the lifts of all offers, jointly.

    Parameters
    ----------
    x : array, customers × columns
        What a lift may depend on.
    z : array, customers × more columns
        What explains the level; its span holds that of x.
    arm : array of int
        0 for control.
    y, weight : array
        Profit, and 1 / its noise variance.
    offers : int

    Examples
    --------
    >>> one = np.ones((4, 1))
    >>> found = weigh_lot(one, one, np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 4.0, 6.0]), np.ones(4), 1)
    >>> found.precision.tolist(), found.estimate().tolist()
    ([[1.0]], [3.0])
    """
    columns = x.shape[1]
    heavy = z * weight[:, None]
    inverse = np.linalg.pinv(heavy.T @ z, hermitian=True)
    level = inverse @ (heavy.T @ y)
    cross = np.zeros((offers * columns, z.shape[1]))
    inner = np.zeros((offers * columns, offers * columns))
    score = np.zeros(offers * columns)
    for offer in range(offers):
        mine = arm == offer + 1
        part = slice(offer * columns, (offer + 1) * columns)
        own = x[mine] * weight[mine, None]
        cross[part] = own.T @ z[mine]
        inner[part, part] = own.T @ x[mine]
        score[part] = own.T @ y[mine]
    return Evidence(inner - cross @ inverse @ cross.T, score - cross @ level)


def add_up(parts: Sequence[Evidence], keep: Sequence[float], size: int) -> Evidence:
    """Add the evidence of waves; `keep` says which part of each still counts."""
    precision = np.zeros((size, size))
    score = np.zeros(size)
    for part, kept in zip(parts, keep, strict=True):
        precision += kept * part.precision
        score += kept * part.score
    return Evidence(precision, score)


def find_noise(lots: Sequence[Lot], segments: int, arms: int) -> np.ndarray:
    """Noise variance of profit in each segment, within waves and arms, with a straight line in the profile taken out.

    That of all segments where a segment has few rows.
    """
    squares = np.zeros(segments)
    free = np.zeros(segments)
    for lot in lots:
        cell = lot.segment * arms + lot.arm
        values = _leave_cells(np.column_stack([lot.profit, lot.profile]), cell, segments * arms)
        rest = values[:, 0]
        if values.shape[1] > 1:
            rest = rest - values[:, 1:] @ np.linalg.lstsq(values[:, 1:], rest, rcond=None)[0]
        n = np.bincount(cell, minlength=segments * arms)
        squares += np.bincount(lot.segment, rest**2, segments)
        free += np.maximum(n - 1, 0).reshape(segments, arms).sum(axis=1)
    whole = squares.sum() / max(free.sum(), 1.0)
    own = np.divide(squares, free, out=np.full(segments, whole), where=free >= 30)
    return np.where(own > 0, own, max(whole, 1e-12))


def _leave_cells(values: np.ndarray, cell: np.ndarray, cells: int) -> np.ndarray:
    """Columns less their mean in the cell of each row."""
    n = np.maximum(np.bincount(cell, minlength=cells), 1)
    mean = np.column_stack([np.bincount(cell, column, cells) for column in values.T]) / n[:, None]
    return np.asarray(values - mean[cell])
