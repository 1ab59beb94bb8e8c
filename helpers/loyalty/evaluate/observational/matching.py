"""Matching (nearest neighbours, with replacement): each customer compared with the most similar of the other group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.spatial import cKDTree

from loyalty.evaluate.observational.influence import fit_outcome, withhold
from loyalty.evaluate.observational.propensity import TARGETS, describe_overlap, fit_propensity
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.weights import count_effective
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import Sample, compare_balance, drop_unvaried, read_sample


@check_arguments
def match_customers(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: str | Sequence[str],
    on: str = "covariates",
    k: int = 1,
    target: str = "att",
    correct: bool = True,
    metric: str = "mahalanobis",
    link: str = "logit",
    spread_from: int = 2,
    level: float = 0.95,
) -> Estimate:
    """Estimate an effect by matching: each customer is compared with the `k` most similar ones of the other group.

    Matches are used again as often as needed (with replacement).

    Not for rows that repeat customers: there is no clustered interval for matching here; reduce to one row a customer.
    Not on anything that happened after the start: matching on an outcome compares results with themselves.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated, outcome : str
        Columns: True/False or 1/0, and a number.
    covariates : str or sequence of str
        Known before the treatment; text becomes 0/1 columns.
    on : {"covariates", "propensity"}
        What makes customers similar. The interval takes the propensity as known.
    k : int
        Matches a customer; all that are equally near count.
    target : {"att", "ate"}
        Match the treated only, or everybody.
    correct : bool
        Correct the differences left within pairs by a line fitted among the matched.
    metric : {"mahalanobis", "scaled"}
        Distance over covariates: allowing for their correlation, or each divided by its standard deviation.
    link : {"logit", "probit"}
        Of the propensity.
    spread_from : int
        Customers of the same group, this one included, whose outcomes give a customer's spread.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Estimate
        `details`: how many the busiest match serves, the worst standardised difference left, effective sample size.
        NaN, with the reason as its first warning, where the matches of a group have an effective sample size under 20,
        or the mean outcomes lie outside of those that were seen.

    Raises
    ------
    TableError
        With all problems of the table.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [1, 0] * 20, "visits": [i // 2 for i in range(40)]})
    >>> table["sales"] = 3.0 * table["visits"] + 5 * table["invited"]
    >>> match_customers(table, treated="invited", outcome="sales", covariates="visits").effect
    5.0

    Source: Abadie and Imbens (2006), Econometrica 74, 235-267 (the interval; ties shared); (2011), Journal of Business
    and Economic Statistics 29, 1-11 (correction); (2008), Econometrica 76, 1537-1557 (why no bootstrap).
    """
    known = target in ("att", "ate") and on in ("covariates", "propensity") and metric in ("mahalanobis", "scaled")
    if not known:
        raise ValueError(f"unknown target, on or metric: {target!r}, {on!r}, {metric!r}")
    whole = read_sample(table, treated=treated, outcome=outcome, covariates=covariates)
    sample = drop_unvaried(whole)
    t = sample.treated
    y = sample.outcome
    n = len(sample.treated)
    most = int((~t).sum() if target == "att" else min(t.sum(), (~t).sum()))
    if not 1 <= k <= most:
        raise ValueError(f"k should be from 1 to {most}, the size of the group matched from; found {k}")
    score = fit_propensity(whole, link=link).score
    place, code = _find_places(sample, metric) if on == "covariates" else _find_places_on_line(score)
    asked = t if target == "att" else np.ones(n, bool)
    other, used, used2 = _find_others(sample, place, code, asked, k, correct)
    gap = np.where(t, y - other, other - y)[asked]
    effect = float(gap.mean())
    noise = _find_noise(sample, place, code, used > 0, spread_from)
    extra = used**2 - used2
    if target == "ate":
        extra = extra + 2 * used
    se = np.sqrt(((gap - effect) ** 2).sum() + (extra * noise).sum()) / int(asked.sum())
    balance = compare_balance(whole, used + asked)
    worst = float(balance["after"].abs().max()) if len(balance) else 0.0
    overlap = describe_overlap(whole, score, target, weighted=False)
    notes = [*sample.warnings, *(text for text in overlap.warnings if "overlap" in text)]
    sizes = [count_effective(used[rows]) for rows in (t, ~t) if used[rows].any()]
    if min(sizes) < 50:
        notes.append(f"the matched customers count like {min(sizes):,.0f} (effective sample size under 50)")
    if worst > 0.1:
        left = balance.loc[balance["after"].abs().idxmax()]
        notes.append(f"still unbalanced after matching: {left['covariate']} {left['after']:+.2f} standard deviations")
    found = make_estimate(
        effect,
        se,
        level=level,
        **sample.groups,
        method=f"matching on {on}, corrected" if correct else f"matching on {on}",
        estimand=TARGETS[target],
        base=float(np.where(t, other, y)[asked].mean()),
        details={
            "most_used": used.max(),
            "worst_difference": worst,
            "outside": overlap.outside,
            "ess_control": sizes[-1],
        },
        warnings=tuple(notes),
    )
    counts = used + asked  # who is asked about stands for one customer more
    groups = {name: counts[rows] for name, rows in (("treated", t), ("control", ~t)) if used[rows].any()}
    own = {name: count_effective(count) for name, count in groups.items()}
    return withhold(found, sample, own)


def _find_others(
    sample: Sample, place: np.ndarray, code: np.ndarray, asked: np.ndarray, k: int, correct: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each customer asked about the mean outcome of the matches; and how often each customer serves as a match.

    The last array holds the sum of the squared shares of these uses.
    """
    y = sample.outcome
    other = np.empty(len(y))
    used = np.zeros(len(y))
    used2 = np.zeros(len(y))
    for group in (sample.treated, ~sample.treated):
        rows = np.flatnonzero(asked & group)
        if not len(rows):
            continue
        links = _Links.find(place, code, rows, np.flatnonzero(~group), k)
        other[rows] = links.average(y)
        links.count_use(used, used2)
        if correct:
            line = fit_outcome(sample, ~group, weights=used)[0]
            other[rows] += line[rows] - links.average(line)
    return other, used, used2


def _find_noise(
    sample: Sample, place: np.ndarray, code: np.ndarray, matched: np.ndarray, spread_from: int
) -> np.ndarray:
    """The variance of each matched customer's outcome, from the most similar customers of the same group; else 0."""
    noise = np.zeros(len(sample.outcome))
    for group in (sample.treated, ~sample.treated):
        rows = np.flatnonzero(group & matched)
        if len(rows):
            near = _Links.find(place, code, rows, np.flatnonzero(group), min(spread_from, group.sum()))
            noise[rows] = near.variance(sample.outcome)
    return noise


@dataclass(frozen=True)
class _Links:
    """Nearest neighbours with ties; customers at one place are held once, so that ties depend on no order of rows."""

    asker: np.ndarray  # row -> its place among the askers' places
    weight: sparse.csr_matrix  # askers' places x others' places: 1 / number of matches
    home: np.ndarray  # other's row -> its place among the others' places
    others: np.ndarray

    @classmethod
    def find(cls, place: np.ndarray, code: np.ndarray, rows: np.ndarray, others: np.ndarray, need: int) -> _Links:
        askers, asker = np.unique(code[rows], return_inverse=True)
        homes, home = np.unique(code[others], return_inverse=True)
        size = np.bincount(home)
        tree = cKDTree(place[homes])
        pending = np.arange(len(askers))
        wide = min(need + 7, len(homes))
        pairs = []
        while len(pending):
            distance, near = (a.reshape(len(pending), -1) for a in tree.query(place[askers[pending]], k=wide))
            last = np.argmax(np.cumsum(size[near], axis=1) >= need, axis=1)
            reach = np.take_along_axis(distance, last[:, None], axis=1) * (1 + 1e-9) + 1e-12
            # Ties may go on beyond the last neighbour looked at: look further for those rows.
            done = (distance[:, -1:] > reach)[:, 0] | (wide == len(homes))
            row, column = np.nonzero((distance <= reach) & done[:, None])
            pairs.append((pending[row], near[row, column]))
            pending = pending[~done]
            wide = min(2 * wide, len(homes))
        row, column = (np.concatenate(part) for part in zip(*pairs, strict=True))
        matches = np.bincount(row, size[column], minlength=len(askers))
        weight = sparse.csr_matrix((1 / matches[row], (row, column)), shape=(len(askers), len(homes)))
        return cls(asker, weight, home, others)

    def average(self, values: np.ndarray) -> np.ndarray:
        """Mean of the matches of each asking row."""
        return (self.weight @ np.bincount(self.home, values[self.others]))[self.asker]

    def count_use(self, used: np.ndarray, used2: np.ndarray) -> None:
        """Add how often each match is used (shared among ties), and the sum of its squared shares."""
        times = np.bincount(self.asker)
        used[self.others] += (times @ self.weight)[self.home]
        used2[self.others] += (times @ self.weight.power(2))[self.home]

    def variance(self, values: np.ndarray) -> np.ndarray:
        """Variance among the matches of each asking row."""
        centred = values - values[self.others].mean()
        matches = np.asarray(1 / self.weight.max(axis=1).toarray()).ravel()[self.asker]
        spread = self.average(centred**2) - self.average(centred) ** 2
        return np.maximum(spread, 0) * matches / np.maximum(matches - 1, 1)


def _find_places(sample: Sample, metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Different covariate values once each, in coordinates whose straight-line distance is the metric."""
    values = sample.design[:, 1:] if metric == "mahalanobis" else sample.covariates.to_numpy(float)
    _, first, code = np.unique(sample.covariates.to_numpy(float), axis=0, return_index=True, return_inverse=True)
    if metric == "scaled":
        spread = values.std(axis=0, ddof=1)
        return values[first] / np.where(spread > 0, spread, 1), code.ravel()
    if not values.shape[1]:
        return np.zeros((len(first), 1)), code.ravel()
    root = np.linalg.cholesky(np.atleast_2d(np.cov(values.T)))
    return np.linalg.solve(root, values[first].T).T, code.ravel()


def _find_places_on_line(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    # Equal customers get propensities that differ in the last digits; rounding makes them equal again.
    points, code = np.unique(np.round(values, 9), return_inverse=True)
    return points[:, None], code
