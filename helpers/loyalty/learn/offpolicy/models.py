"""The outcome model of the direct and the doubly robust method: what each arm would bring whom, cross-fitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone

from loyalty.learn.offpolicy.log import PolicyLog

COMMON = 1.0  # rows that the penalty of a common slope is worth
OWN = 20.0  # rows that the penalty of what is special to an arm is worth
MOST_WAVES = 60  # more waves than these have no level of their own


@dataclass(frozen=True, eq=False)
class Design:
    """Columns of the model: `level` explains how much somebody brings anyway, `own` what an arm may change."""

    level: np.ndarray
    own: np.ndarray


def build_design(log: PolicyLog) -> Design:
    """Build the columns: one, segments, covariates (mean 0, deviation 1); and the waves for the level alone."""
    rows = log.rows
    parts = [np.ones((len(rows), 1)), _mark(rows["segment"])]
    numbers = rows[list(log.covariates)].to_numpy(float)
    width = numbers.std(axis=0)
    parts.append((numbers - numbers.mean(axis=0)) / np.where(width > 0, width, 1.0))
    own = np.hstack(parts)
    campaign, campaigns = pd.factorize(rows["campaign_id"])
    wave = pd.Series(campaign + len(campaigns) * pd.factorize(rows["wave"])[0])
    if not 1 < wave.nunique() <= MOST_WAVES:
        return Design(own, own)
    return Design(np.hstack([own, _mark(wave)]), own)


def _mark(column: pd.Series) -> np.ndarray:
    """One column a value, less its mean; none where all are alike."""
    code, names = pd.factorize(column, sort=True)
    if len(names) < 2:
        return np.zeros((len(column), 0))
    marks = np.eye(len(names))[code]
    return np.asarray(marks - marks.mean(axis=0))


@dataclass(frozen=True, eq=False)
class Predictions:
    """What each arm would bring each row: rows × arms.

    `fit` is there for the linear model that was fitted on all rows: with it the direct method has an interval.
    """

    values: np.ndarray
    design: Design
    fit: LinearFit | None = None


@dataclass(frozen=True, eq=False)
class LinearFit:
    """A linear model for all arms: a common level, and for each arm what is special to it, both by ridge.

    Attributes
    ----------
    level : array
        Coefficients of the common level.
    own : array, arms × columns
        Coefficients of what is special to each arm.
    inverse : array
        Inverse of the penalised cross products of the level.
    inverses, crosses : array, arms × …
        The same for each arm; and its cross products of own columns with those of the level.
    """

    level: np.ndarray
    own: np.ndarray
    inverse: np.ndarray
    inverses: np.ndarray
    crosses: np.ndarray

    def predict(self, design: Design, rows: slice | np.ndarray = slice(None)) -> np.ndarray:
        """Predict all arms for some rows."""
        return np.asarray((design.level[rows] @ self.level)[:, None] + design.own[rows] @ self.own.T)


@dataclass(frozen=True, eq=False)
class _Sums:
    """Cross products of some rows: of the level over all arms, and of the own columns for each arm."""

    level: np.ndarray
    score: np.ndarray
    own: np.ndarray
    crosses: np.ndarray
    scores: np.ndarray

    def __add__(self, other: _Sums) -> _Sums:
        return _Sums(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))

    def __sub__(self, other: _Sums) -> _Sums:
        return _Sums(*(getattr(self, name) - getattr(other, name) for name in self.__dataclass_fields__))

    def solve(self, own: float = OWN) -> LinearFit:
        """Fit the level to all, then to what is left each arm's own part."""
        inverse = np.linalg.inv(self.level + _penalty(len(self.score), COMMON, 1e-9))
        level = inverse @ self.score
        penalty = _penalty(self.own.shape[1], own, COMMON)
        inverses = np.linalg.inv(self.own + penalty)
        rest = self.scores - self.crosses @ level
        return LinearFit(level, np.einsum("aij,aj->ai", inverses, rest), inverse, inverses, self.crosses)


def _penalty(columns: int, slope: float, intercept: float) -> np.ndarray:
    return np.diag([intercept, *[slope] * (columns - 1)])


def _sum_rows(design: Design, log: PolicyLog, here: np.ndarray) -> _Sums:
    """Cross products of the rows at these places, sorted by arm."""
    arms = len(log.arms)
    p, q = design.level.shape[1], design.own.shape[1]
    sums = _Sums(np.zeros((p, p)), np.zeros(p), np.zeros((arms, q, q)), np.zeros((arms, q, p)), np.zeros((arms, q)))
    order = here[np.argsort(log.arm[here], kind="stable")]
    edges = np.searchsorted(log.arm[order], np.arange(arms + 1))
    for arm in range(arms):
        mine = order[edges[arm] : edges[arm + 1]]
        x, z, y = design.level[mine], design.own[mine], log.outcome[mine]
        sums.level[:] += x.T @ x
        sums.score[:] += x.T @ y
        sums.own[arm] = z.T @ z
        sums.crosses[arm] = z.T @ x
        sums.scores[arm] = z.T @ y
    return sums


def split_customers(log: PolicyLog, folds: int, seed: int) -> np.ndarray:
    """Deal the customers into folds of equal size; all rows of a customer stay together."""
    customers = int(log.customer.max()) + 1
    dealt = np.random.default_rng(seed).permutation(customers) % folds
    return np.asarray(dealt[log.customer])


def predict_arms(log: PolicyLog, *, folds: int, seed: int, model: BaseEstimator | None = None) -> Predictions:
    """Predict what every arm would bring every row, each row by a model that has not seen its customer.

    Parameters
    ----------
    log : PolicyLog
    folds : int
        1 fits and predicts the same rows, for the direct method with the linear model.
    seed : int
        Of the split.
    model : scikit-learn regressor, optional
        Fitted for each arm by itself on segments, waves and covariates.

    Returns
    -------
    Predictions
    """
    design = build_design(log)
    if folds == 1:
        fit = _sum_rows(design, log, np.arange(len(log))).solve(COMMON)  # no weights would put a penalty's bias right
        return Predictions(fit.predict(design), design, fit)
    fold = split_customers(log, folds, seed)
    values = np.empty((len(log), len(log.arms)))
    if model is not None:
        for rows, filled in _predict_by(log, design, fold, folds, model):
            values[rows] = filled
        return Predictions(values, design)
    places = [np.flatnonzero(fold == one) for one in range(folds)]
    sums = [_sum_rows(design, log, place) for place in places]
    whole = sums[0]
    for one in sums[1:]:
        whole = whole + one
    for place, mine in zip(places, sums, strict=True):
        values[place] = (whole - mine).solve().predict(design, place)
    return Predictions(values, design)


def _predict_by(
    log: PolicyLog, design: Design, fold: np.ndarray, folds: int, model: BaseEstimator
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Fit a model of one's own, an arm at a time; an arm that a fit has not seen gets the mean of all."""
    columns = design.level[:, 1:] if design.level.shape[1] > 1 else np.zeros((len(log), 1))
    for one in range(folds):
        seen = fold == one
        filled = np.full((int(seen.sum()), len(log.arms)), log.outcome[~seen].mean())
        for arm in range(len(log.arms)):
            mine = ~seen & (log.arm == arm)
            if mine.any():
                fit = clone(model).fit(columns[mine], log.outcome[mine])
                filled[:, arm] = fit.predict(columns[seen])
        yield np.flatnonzero(seen), filled


def pull_direct(log: PolicyLog, plan: np.ndarray, found: Predictions, here: np.ndarray) -> np.ndarray:
    """How much each row moves the direct estimate for the rows at `here` (influence values), the fit included.

    Parameters
    ----------
    log : PolicyLog
    plan : array, rows × arms
    found : Predictions
        Of the linear model on all rows.
    here : array of bool
        The rows whose value is asked.

    Returns
    -------
    array, one value a row
    """
    fit = found.fit
    assert fit is not None
    design = found.design
    n = len(log)
    count = here.sum()
    values = (plan * found.values).sum(axis=1)
    wanted = plan[here].T @ design.own[here] / count  # mean own columns of each arm under the plan
    mean = design.level[here].mean(axis=0)
    through = np.einsum("aij,aj->ai", fit.inverses, wanted)
    leads = mean - np.einsum("aqp,aq->p", fit.crosses, through)
    level = design.level @ fit.level
    rest = log.outcome - level
    last = rest - (design.own * fit.own[log.arm]).sum(axis=1)
    pull = n * ((design.level @ (fit.inverse @ leads)) * rest + (design.own * through[log.arm]).sum(axis=1) * last)
    pull -= pull.mean()
    pull[here] += (values[here] - values[here].mean()) * n / count
    return np.asarray(pull)
