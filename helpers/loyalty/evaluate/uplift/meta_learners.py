"""Meta-learners of uplift (S-, T-, X-, DR-learner, segments), and the rivals that they have to beat."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import QuantileTransformer, StandardScaler
from sklearn.utils import get_tags

from loyalty.evaluate.lift.compare import compare_weighted
from loyalty.evaluate.uplift.experiment import Experiment, read_customers
from loyalty.stats.estimate import Estimate
from loyalty.stats.shrinkage import LEAST_CELLS, shrink_normal
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

RIVALS = ("response", "random")  # rankings that predict no effect
LEARNERS = ("s", "t", "x", "dr", "segments", *RIVALS)
MARK = "\x1f"  # between a feature and its value; it stands in no name of a column
Predictor = Callable[[pd.DataFrame], np.ndarray]


@dataclass(frozen=True, eq=False)
class UpliftModel:
    """A fitted ranking of customers for each arm; made by `fit_uplift`.

    Attributes
    ----------
    learner : str
        One of `LEARNERS`.
    arms, columns : tuple of str
        Treated arms, and the features that it needs; `numbers` are those that must be numbers.
    trained_on : pandas.Index
        The customers that it saw; judging it on them is refused.
    predictors : mapping of str to function
        By arm, from features to scores; `without` predicts the outcome without an offer.
    """

    learner: str
    arms: tuple[str, ...]
    columns: tuple[str, ...]
    numbers: frozenset[str] = field(repr=False)
    trained_on: pd.Index = field(repr=False)
    predictors: Mapping[str, Predictor] = field(repr=False)
    without: Predictor = field(repr=False)

    def score(self, customers: Experiment | pd.DataFrame) -> pd.DataFrame:
        """Predict the effect of each arm (for "response" the outcome with it): customers x arms."""
        x = read_customers(customers, self.columns, self.numbers)
        return pd.DataFrame({arm: self.predictors[arm](x) for arm in self.arms}, index=x.index)

    def predict_base(self, customers: Experiment | pd.DataFrame) -> pd.Series:
        """Predict the outcome without an offer."""
        x = read_customers(customers, self.columns, self.numbers)
        return pd.Series(self.without(x), x.index, name="base")

    def refuse_overlap(self, trial: Experiment) -> None:
        """Raise TableError if the model was trained on some of these customers."""
        both = int(trial.arm.index.isin(self.trained_on).sum())
        if both:
            says = f"{both:,} of its {len(trial):,} customers trained the model that is judged: keep them apart"
            raise TableError([f"{says} with trial.split()"], "the holdout")


@check_arguments
def fit_uplift(
    trial: Experiment,
    learner: str = "dr",
    *,
    model: BaseEstimator | None = None,
    effect_model: BaseEstimator | None = None,
    by: str | None = None,
    folds: int = 5,
    seed: int = 0,
) -> UpliftModel:
    """Fit an uplift model (CATE) by a meta-learner: whom each offer changes, and by how much.

    Not for choosing the learner on the customers that judge it: choose on other waves, or accept the default. On a
    wave of a few thousand customers the noise of money is far larger than what effects differ by: look at the
    interval of `measure_gains` before believing a ranking.

    Parameters
    ----------
    trial : Experiment
        Made by `open_trial`.
    learner : {"s", "t", "x", "dr", "segments", "response", "random"}
        "s": one model with the arm as a feature. "t": a model for each group. "x": effects imputed from the other
        group's model. "dr": doubly robust, cross-fitted. "segments": the shrunken mean effect of each segment. Rivals:
        "response" is the outcome *with* the offer, "random" a lottery.
    model : scikit-learn estimator, optional
        Of the outcome; a classifier gives probabilities. Default: `make_ridge`.
    effect_model : scikit-learn regressor, optional
        Of the effect ("x", "dr"). Default: `make_ridge`.
    by : str, optional
        Feature that holds the segment, for "segments".
    folds : int
        Of the cross-fitting of "dr".
    seed : int

    Returns
    -------
    UpliftModel

    Raises
    ------
    ValueError
        Unknown learner; "segments" without `by`; a classifier for an outcome that is not 0 or 1, or for the effect.

    Examples
    --------
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> rng = np.random.default_rng(1)
    >>> profile = pd.DataFrame({"customer_id": range(2_000), "visits": rng.integers(0, 9, 2_000)})
    >>> wave = profile[["customer_id"]].assign(arm=["mail", "control"] * 1_000)
    >>> wave["sales"] = rng.normal(5, 1, 2_000) + (wave["arm"] == "mail") * profile["visits"]
    >>> scores = fit_uplift(open_trial(profile, wave)).score(profile)
    >>> bool(scores["mail"].corr(profile["visits"]) > 0.9)
    True

    Source: Künzel, Sekhon, Bickel and Yu (2019), PNAS 116, 4156-4165 (S, T, X); Kennedy (2023), Electronic Journal of
    Statistics 17, 3008-3049 (DR).
    """
    _check_choice(trial, learner, model, effect_model, by)
    model = make_ridge() if model is None else model
    effect_model = make_ridge() if effect_model is None else effect_model
    x = encode(trial.features)
    weight = None if trial.even else (1 / trial.propensity).to_numpy()
    base = fit_rows(model, x, trial.outcome.to_numpy(), weight, (trial.arm == trial.control).to_numpy())

    def wrap(predict: Predictor) -> Predictor:
        """Predict from features as they come, not yet encoded."""
        return lambda frame: predict(encode(frame, x.columns))

    predictors: dict[str, Predictor] = {}
    for place, name in enumerate(trial.arms):
        if learner == "random":
            predictors[name] = partial(_draw_lots, f"{place or ''}{seed}{name}")
        elif by is not None:
            predictors[name] = _map_segments(trial, name, by)
        elif learner == "dr":
            effects = make_pseudo(trial, name, model, x, folds, seed)
            predictors[name] = wrap(fit_rows(effect_model, x, effects, None, slice(None)))
        else:
            predictors[name] = wrap(_fit_learner(learner, trial, name, model, effect_model, x, weight, base))
    seen = trial.arm.index[:0] if learner == "random" else trial.arm.index  # a lottery learns nothing
    numbers = frozenset(trial.features.columns[[pd.api.types.is_numeric_dtype(t) for t in trial.features.dtypes]])
    return UpliftModel(learner, trial.arms, tuple(trial.features), numbers, seen, predictors, wrap(base))


def _check_choice(
    trial: Experiment,
    learner: str,
    model: BaseEstimator | None,
    effect_model: BaseEstimator | None,
    by: str | None,
) -> None:
    """Refuse a learner, a segment or a model that cannot work; as in `fit_uplift`."""
    if learner not in LEARNERS:
        raise ValueError(f"learner should be one of {', '.join(LEARNERS)}; found {learner!r}")
    needs_segment = learner == "segments"
    if needs_segment != (by is not None) or (needs_segment and by not in trial.features):
        raise ValueError("by= is for learner='segments': the feature that holds the segment")
    if model is not None and is_classifier(model) and not trial.outcome.isin([0, 1]).all():
        raise ValueError(f"model= is a classifier, but `{trial.outcome.name}` is not 0 or 1: give a regressor")
    if effect_model is not None and is_classifier(effect_model):
        raise ValueError("effect_model= is a classifier, but an effect is a number: give a regressor")


def _fit_learner(
    learner: str,
    trial: Experiment,
    name: str,
    model: BaseEstimator,
    effect_model: BaseEstimator,
    x: pd.DataFrame,
    weight: np.ndarray | None,
    base: Predictor,
) -> Predictor:
    """Fit an S-, T- or X-learner, or the response model, for the arm `name`; `base` predicts without an offer."""
    y = trial.outcome.to_numpy()
    treated = (trial.arm == name).to_numpy()
    control = (trial.arm == trial.control).to_numpy()
    if learner == "s":
        return _fit_single(model, x, y, weight, treated, treated | control)
    with_it = fit_rows(model, x, y, weight, treated)
    if learner == "response":
        return with_it
    if learner == "t":
        return lambda z: with_it(z) - base(z)
    gained = fit_rows(effect_model, x, y - base(x), weight, treated)
    missed = fit_rows(effect_model, x, with_it(x) - y, weight, control)
    share = treated.sum() / (treated | control).sum()
    return lambda z: share * missed(z) + (1 - share) * gained(z)


@check_arguments
def score_out_of_fold(
    trial: Experiment,
    learner: str = "dr",
    *,
    model: BaseEstimator | None = None,
    effect_model: BaseEstimator | None = None,
    by: str | None = None,
    folds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Score out of fold (cross-fitting): each customer by a model that was fitted on the others.

    So a whole wave can be learnt from and judged on.

    Not for choosing the best of many learners and then quoting its score: that needs a holdout of its own.

    Parameters
    ----------
    trial : Experiment
    learner, model, effect_model, by, seed
        As in `fit_uplift`.
    folds : int
        Parts of the wave; each is scored by what the others taught.

    Returns
    -------
    pandas.DataFrame
        Customers x arms.

    Examples
    --------
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> table = pd.DataFrame({"customer_id": range(40), "arm": ["mail", "control"] * 20, "sales": [3, 1] * 20})
    >>> scores = score_out_of_fold(open_trial(table[["customer_id"]].assign(visits=[1, 1, 2, 2] * 10), table))
    >>> scores["mail"].round(6).unique().tolist()
    [2.0]
    """
    parts = []
    for _, judge in split_folds(trial, folds, seed):
        kept = np.isin(np.arange(len(trial)), judge)
        part = trial.take(~kept)
        inner = min(5, int(part.arm.value_counts().min()))
        fitted = fit_uplift(part, learner, model=model, effect_model=effect_model, by=by, folds=inner, seed=seed)
        parts.append(fitted.score(trial.features[kept]))
    return pd.concat(parts).loc[trial.arm.index]


def make_ridge() -> Pipeline:
    """Make the default model: ridge regression on the features' ranks, its penalty chosen by leave-one-out.

    An outlier among the features does not move it; one in the outcome does.

    Examples
    --------
    >>> x = np.append(np.arange(199.0), 1e9)[:, None]
    >>> make_ridge().fit(x, x.ravel() > 100).predict([[1e9]]).item() > 0.9
    True
    """
    fill = SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=True)
    ranks = QuantileTransformer(n_quantiles=100, random_state=0)
    return make_pipeline(fill, ranks, StandardScaler(), RidgeCV(np.logspace(0, 6, 13)))


def make_boosted() -> BaseEstimator:
    """Make the rival of the default model of effects: boosted trees, for effects that rise and fall again.

    Small trees, slow steps and large leaves, because a doubly robust pseudo-outcome is mostly noise.

    Examples
    --------
    >>> x = np.linspace(-3, 3, 2_000)[:, None]
    >>> middle, edge = make_boosted().fit(x, np.abs(x.ravel()) < 1).predict([[0.0], [2.5]])
    >>> bool(middle > 0.8 and edge < 0.2)
    True

    Source: Friedman (2001), Annals of Statistics 29, 1189-1232; scikit-learn's histogram version.
    """
    return HistGradientBoostingRegressor(
        max_iter=100,
        learning_rate=0.05,
        max_leaf_nodes=8,
        min_samples_leaf=100,
        l2_regularization=10.0,
        early_stopping=False,
        random_state=0,
    )


def encode(frame: pd.DataFrame, columns: pd.Index | None = None) -> pd.DataFrame:
    """Turn text into 0/1 columns, one a value; with `columns` in the order of an earlier call, unknown values as 0."""
    texts = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    # 1 and "1" are one value; and `town` with "Rome" is not the column `town_Rome`, so each new name bears a mark
    same = frame.assign(**{name: frame[name].astype(object).map(str, na_action="ignore") for name in texts})
    marked = {"columns": texts, "prefix_sep": MARK, "dtype": float}
    wide = pd.get_dummies(same, **marked).astype(float) if texts else frame.astype(float)
    return wide if columns is None else wide.reindex(columns=columns, fill_value=0.0)


def fit_rows(model: BaseEstimator, x: pd.DataFrame, y: np.ndarray, weight: np.ndarray | None, rows: Any) -> Predictor:
    """Fit a copy on these rows; a constant outcome needs no model (and a classifier would refuse it).

    A feature without any value in these rows teaches nothing: it counts as 0, here and in later customers.
    """
    values = x.to_numpy()[rows]
    empty = np.isnan(values).all(axis=0)
    chosen = DummyRegressor() if np.ptp(y[rows]) == 0 else clone(model)
    steps = [step for _, step in chosen.steps] if isinstance(chosen, Pipeline) else [chosen]
    if not get_tags(steps[0]).input_tags.allow_nan:  # later customers may have gaps even where these have none
        steps.insert(0, SimpleImputer(strategy="median", keep_empty_features=True, add_indicator=True))
    chosen = make_pipeline(*steps)
    weights = {} if weight is None else {f"{chosen.steps[-1][0]}__sample_weight": weight[rows]}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="n_quantiles")  # fewer customers than quantiles
        chosen.fit(np.where(empty, 0.0, values), y[rows], **weights)
    predict = chosen.predict_proba if hasattr(chosen, "predict_proba") else chosen.predict
    return lambda z: predict(np.where(empty, 0.0, z.to_numpy())).reshape(len(z), -1)[:, -1]


def _fit_single(
    model: BaseEstimator, x: pd.DataFrame, y: np.ndarray, weight: np.ndarray | None, treated: np.ndarray, rows: Any
) -> Predictor:
    """S-learner: one model for both groups.

    The arm is a feature and also multiplies each feature, or a linear model would see one effect for all.
    """

    def widen(z: pd.DataFrame, flag: Any) -> pd.DataFrame:
        return pd.concat([z.assign(arm=flag), z.mul(flag, axis=0).add_prefix("arm x ")], axis=1)

    both = fit_rows(model, widen(x, treated - 0.5), y, weight, rows)
    return lambda z: both(widen(z, 0.5)) - both(widen(z, -0.5))


def split_folds(trial: Experiment, folds: int, seed: int) -> Any:
    """Folds of the customers, with the same share of each arm."""
    smallest = int(trial.arm.value_counts().min())
    if not 2 <= folds <= smallest:
        raise ValueError(f"folds should be from 2 to the size of the smallest arm, {smallest}; found {folds}")
    return StratifiedKFold(folds, shuffle=True, random_state=seed).split(trial.arm, trial.arm)


def make_pseudo(
    trial: Experiment, name: str, model: BaseEstimator, x: pd.DataFrame, folds: int, seed: int
) -> np.ndarray:
    """DR-learner: a pseudo-outcome, whose mean is the effect of arm `name`.

    It is the difference of two predictions from the other folds, corrected by the customer's own weighted residual.
    """
    y = trial.outcome.to_numpy()
    arm = trial.arm.to_numpy()
    weight = (1 / trial.propensity).to_numpy()
    guess = {name: np.empty(len(y)), trial.control: np.empty(len(y))}
    for learn, judge in split_folds(trial, folds, seed):
        for side, values in guess.items():
            mine = learn[arm[learn] == side]
            values[judge] = fit_rows(model, x, y, None if trial.even else weight, mine)(x.iloc[judge])
    corrected = {}
    for side, guessed in guess.items():
        # Summing to the customers at hand: propensities may count a universal control that was left out
        own = weight * (arm == side)
        corrected[side] = guessed + own * len(y) / own.sum() * (y - guessed)
    return corrected[name] - corrected[trial.control]


def _map_segments(trial: Experiment, name: str, by: str) -> Predictor:
    """The mean effect of arm `name` in each segment, shrunken where there are enough; the mean of all elsewhere."""
    whole = trial.take(trial.arm.isin([name, trial.control]).to_numpy())
    found = {}
    sizes = []

    def compare(mine: Experiment) -> Estimate:
        y = mine.outcome.to_numpy()
        weight = 1 / mine.propensity.to_numpy()
        treated = (mine.arm == name).to_numpy()
        control = (mine.arm == trial.control).to_numpy()
        return compare_weighted(y[treated], y[control], (weight[treated], weight[control]))

    for segment in whole.features[by].dropna().unique():
        mine = whole.take((whole.features[by] == segment).to_numpy())
        if mine.arm.value_counts().reindex([name, trial.control]).min() > 1:
            found[segment] = compare(mine)
            sizes.append(len(mine))
    effects = np.array([estimate.effect for estimate in found.values()])
    errors = np.array([estimate.se for estimate in found.values()])
    rest = compare(whole)
    # In a segment where nobody bought nothing varies; its error is that of one more customer of each group
    errors = np.where(errors > 0, errors, rest.se * np.sqrt(2 * len(whole)) / np.array(sizes))
    if len(found) >= LEAST_CELLS and (errors > 0).all():
        effects = shrink_normal(effects, errors).table["shrunken"].to_numpy()
    known = dict(zip(found, effects, strict=True))
    return lambda frame: frame[by].map(known).astype(float).fillna(rest.effect).to_numpy()


def _draw_lots(salt: str, frame: pd.DataFrame) -> np.ndarray:
    """A lottery: a number between 0 and 1 for each customer, by a hash of the id and a salt."""
    ids = frame.index.astype(str).to_numpy(object)
    key = salt.encode("ascii", "backslashreplace").decode()
    return pd.util.hash_array(ids, hash_key=key[:16].rjust(16, "0"), categorize=False) / 2.0**64
