"""AIPW (augmented inverse propensity weighting, doubly robust): right if the outcome model or the propensity is."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from loyalty.evaluate.observational.influence import finish, fit_outcome, withhold
from loyalty.evaluate.observational.propensity import TARGETS, Propensity, describe_overlap, fit_propensity, weigh
from loyalty.stats.estimate import Estimate
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sample import Sample, drop_unvaried, read_sample


@check_arguments
def adjust_doubly(
    table: pd.DataFrame,
    *,
    treated: str,
    outcome: str,
    covariates: str | Sequence[str],
    propensity_covariates: str | Sequence[str] | None = None,
    target: str = "ate",
    link: str = "logit",
    fit: str = "ols",
    folds: int = 0,
    outcome_model: BaseEstimator | None = None,
    propensity_model: BaseEstimator | None = None,
    seed: int = 0,
    cluster: str | None = None,
    level: float = 0.95,
) -> Estimate:
    """Predict both outcomes, then correct the predictions by the weighted residuals (AIPW).

    Two models give two chances to be right, not three: where both are wrong, or a cause of both was not recorded, it is
    wrong too. Near-zero chances hurt it as they hurt weights.

    Parameters
    ----------
    table : pandas.DataFrame
        One row a customer.
    treated, outcome : str
        Columns: True/False or 1/0, and a number.
    covariates : str or sequence of str
        For the outcome model, and for the propensity unless `propensity_covariates` names others.
    target : {"ate", "att"}
    link : {"logit", "probit"}
        Of the propensity, without folds.
    fit : {"ols", "wls"}
        "wls" fits the outcome with weights that make large corrections small; steadier where weights are uneven.
    folds : int
        0: linear models fitted on everybody, whose doubt is inside the interval. 2 and more: cross-fitting, each
        customer predicted by models that were fitted to others; needed for flexible models. Depends on the order of
        rows.
    outcome_model, propensity_model : scikit-learn estimators, optional
        For cross-fitting; linear and logistic regression by default.
    seed : int
        Of the split into folds.
    cluster : str, optional
        Column of what repeats or was drawn together; its rows stay in one fold.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Estimate
        NaN, with the reason as its first warning, where weights leave a group an effective sample size under 20, or
        where the mean outcomes lie outside of those that were seen.

    Raises
    ------
    TableError
        With all problems of the table.
    ValueError
        Unknown target, fit or link; models without folds.

    Examples
    --------
    >>> table = pd.DataFrame({"invited": [0, 1] * 50, "visits": range(100)})
    >>> table["sales"] = 3 * table["visits"] + 5 * table["invited"]
    >>> round(adjust_doubly(table, treated="invited", outcome="sales", covariates="visits").effect, 6)
    5.0

    Source: Robins, Rotnitzky and Zhao (1994), JASA 89, 846-866; weighted fit: Cao, Tsiatis and Davidian (2009),
    Biometrika 96, 723-734; cross-fitting: Chernozhukov and others (2018), Econometrics Journal 21, C1-C68.
    """
    if target not in ("ate", "att") or fit not in ("ols", "wls"):
        raise ValueError(f"target should be 'ate' or 'att' and fit 'ols' or 'wls'; found {target!r} and {fit!r}")
    if folds == 0 and (outcome_model is not None or propensity_model is not None):
        raise ValueError(
            "models of your own need folds=2 or more: a flexible model must not judge customers it was fitted on"
        )
    chooser = read_sample(table, treated=treated, outcome=outcome, covariates=covariates, cluster=cluster)
    sample = drop_unvaried(chooser)
    if propensity_covariates is not None:
        chooser = read_sample(
            table, treated=treated, outcome=outcome, covariates=propensity_covariates, cluster=cluster
        )
    if folds and not 2 <= folds <= min(sample.groups.values()):
        raise ValueError(f"folds should be 0, or from 2 to the size of the smaller group; found {folds}")
    if folds and min(sample.design.shape[1], chooser.design.shape[1]) < 2:
        raise ValueError("folds need a covariate that varies, for the outcome and for the propensity")
    t = sample.treated
    who = t.astype(float) if target == "att" else np.ones(len(t))
    if folds:
        m1, m0, score, edge = _cross_fit(sample, chooser, folds, outcome_model, propensity_model, seed)
        effect, base, pull = _augment(sample, m1, m0, weigh(score, t, target)[0], who)
        notes = [f"{edge:.1%} of the propensities were moved to .01 or .99"] if edge else []
        way = f", {folds} folds"
    else:
        chance = fit_propensity(chooser, link=link)
        score = chance.score
        effect, base, pull = _adjust_in_sample(sample, chooser, chance, target, who, weighted=fit == "wls")
        notes = []
        way = ", weighted fit" if fit == "wls" else ""
    overlap = describe_overlap(chooser, score, target, weighted=False)
    found = finish(
        sample,
        effect,
        pull,
        level=level,
        method=f"doubly robust{way}",
        estimand=TARGETS[target],
        base=base,
        details=overlap.numbers,
        notes=[*overlap.warnings, *notes],
    )
    return withhold(found, sample, {"treated": overlap.ess_treated, "control": overlap.ess_control})


def _adjust_in_sample(
    sample: Sample, chooser: Sample, chance: Propensity, target: str, who: np.ndarray, *, weighted: bool
) -> tuple[float, float, np.ndarray]:
    """The estimate with linear models fitted to all customers, the mean without treatment, and influence values.

    `chooser` holds the covariates of the propensity, `who` weighs the customers asked about, and `weighted` says that
    the outcome models are fitted with weights.
    """
    t = sample.treated
    y = sample.outcome
    x = sample.design
    weight, change = weigh(chance.score, t, target)
    if weighted:
        uneven = _make_uneven(chance.score, t, target)
        m1, i1 = fit_outcome(sample, t, **uneven, propensity=chance)
        m0, i0 = fit_outcome(sample, ~t, **uneven, propensity=chance)
    else:
        m1, i1 = fit_outcome(sample, t)
        m0, i0 = fit_outcome(sample, ~t)
    effect, base, pull = _augment(sample, m1, m0, weight, who)
    # How the estimate moves with each fitted coefficient, times how each customer moved that coefficient
    pull = pull + i1 @ (x * (who - weight * t)[:, None]).mean(axis=0) / who.mean()
    pull = pull - i0 @ (x * (who - weight * ~t)[:, None]).mean(axis=0) / who.mean()
    moved = change * chance.slope * np.where(t, y - m1, m0 - y) / who.mean()
    pull = pull + chance.influence @ (chooser.design * moved[:, None]).mean(axis=0)
    return effect, base, pull


def _augment(
    sample: Sample, m1: np.ndarray, m0: np.ndarray, weight: np.ndarray, who: np.ndarray
) -> tuple[float, float, np.ndarray]:
    """The estimate, the mean without treatment, and the influence values with both models taken as known."""
    t = sample.treated
    y = sample.outcome
    without = who * m0 + weight * ~t * (y - m0)
    values = who * m1 + weight * t * (y - m1) - without
    effect = float(values.mean() / who.mean())
    return effect, float(without.mean() / who.mean()), (values - who * effect) / who.mean()


def _make_uneven(score: np.ndarray, treated: np.ndarray, target: str) -> dict[str, np.ndarray]:
    """Weights of the outcome fit and their slope in the score; each makes the correction's variance least."""
    if target == "att":
        weight, change = weigh(score, treated, "att")
        return {"weights": weight, "change": change}
    own = np.where(treated, score, 1 - score)
    return {"weights": (1 - own) / own**2, "change": np.where(treated, 1, -1) * (own - 2) / own**3}


def _cross_fit(
    sample: Sample,
    chooser: Sample,
    folds: int,
    outcome_model: BaseEstimator | None,
    propensity_model: BaseEstimator | None,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    t = sample.treated
    y = sample.outcome
    # A forest has a length, so `or` would ask an unfitted one for it.
    outcome_model = LinearRegression() if outcome_model is None else outcome_model
    propensity_model = LogisticRegression(C=1e6, max_iter=1000) if propensity_model is None else propensity_model
    split = StratifiedKFold if sample.cluster is None else StratifiedGroupKFold
    m1 = np.empty(len(y))
    m0 = np.empty(len(y))
    score = np.empty(len(y))
    x = sample.design[:, 1:]
    z = chooser.design[:, 1:]
    for fit, seen in split(folds, shuffle=True, random_state=seed).split(x, t, groups=sample.cluster):
        for rows, values in ((t, m1), (~t, m0)):
            mine = fit[rows[fit]]
            values[seen] = clone(outcome_model).fit(x[mine], y[mine]).predict(x[seen])
        score[seen] = clone(propensity_model).fit(z[fit], t[fit]).predict_proba(z[seen])[:, 1]
    edge = float(np.mean((score < 0.01) | (score > 0.99)))
    return m1, m0, np.clip(score, 0.01, 0.99), edge
