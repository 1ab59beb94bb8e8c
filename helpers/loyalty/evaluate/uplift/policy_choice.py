"""Which policy: nobody, everybody, or a ranking that earned its place by cross-fitted doubly robust value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats as _scipy
from sklearn.base import BaseEstimator, is_classifier

from loyalty.evaluate.uplift.experiment import Experiment, read_customers
from loyalty.evaluate.uplift.meta_learners import (
    UpliftModel,
    encode,
    fit_rows,
    fit_uplift,
    make_boosted,
    make_pseudo,
    make_ridge,
    split_folds,
)
from loyalty.evaluate.uplift.policy_value import Cost, choose_offers, read_costs
from loyalty.evaluate.uplift.qini import ENOUGH, find_doubts
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.text import say_money

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NOBODY = "nobody"
FIFTHS = 5


@dataclass(frozen=True, eq=False)
class PolicyChoice:
    """The policy that was chosen, beside its rivals; made by `choose_policy`.

    Attributes
    ----------
    name : str
        "nobody", "everybody: ARM", or the name of a ranking.
    model : UpliftModel or None
        The ranking, fitted on all customers; None where nobody or everybody is written to.
    arms : tuple of str
        The treated arms of the trial.
    cost : mapping of str to float
        Of a contact, by arm, in units of the outcome.
    table : pandas.DataFrame
        One row a candidate: policy, value (per customer of the base, against nobody), low, high, share (contacted), and
        of rankings: gain (over the better of nobody and everybody), gain_low, gain_high, gain_se.
    heterogeneity : pandas.DataFrame
        One row an arm and ranking: slope (of the effect on the score; 1 where the scores are right, 0 where they tell
        nobody apart), low, high, p (one-sided).
    groups : pandas.DataFrame
        One row an arm, ranking and fifth of the customers by score out of fold: score, effect, low, high, customers.
    outcome : str
    level : float
    warnings : tuple of str
    """

    name: str
    model: UpliftModel | None
    arms: tuple[str, ...]
    cost: Mapping[str, float]
    table: pd.DataFrame
    heterogeneity: pd.DataFrame = field(repr=False)
    groups: pd.DataFrame = field(repr=False)
    outcome: str = "profit"
    level: float = 0.95
    warnings: tuple[str, ...] = ()

    def assign(self, customers: Experiment | pd.DataFrame) -> pd.Series:
        """Name the arm of each customer, "" for none.

        Parameters
        ----------
        customers : Experiment, or DataFrame with customer_id and the features
        """
        if self.model is not None:
            return choose_offers(self.model.score(customers), cost=dict(self.cost))
        index = read_customers(customers, (), ()).index
        arm = "" if self.name == NOBODY else self.name.partition(": ")[2]
        return pd.Series(arm, index, name="offer", dtype=object)

    def to_frame(self) -> pd.DataFrame:
        """One row a candidate."""
        return self.table.copy()

    def sentence(self, unit: str = "", decimals: int = 2) -> str:
        """What to do, and why; `unit` is the currency."""
        rows = self.table.set_index("policy")
        mine = rows.loc[self.name]
        value, low, high = (say_money(mine[part], unit, decimals) for part in ("value", "low", "high"))
        rankings = rows[rows["gain"].notna()]
        if self.model is not None:
            gain, least, most = (say_money(mine[part], unit, decimals) for part in ("gain", "gain_low", "gain_high"))
            doubt = "" if mine["gain_low"] > 0 else " That it earns more was not shown."
            return (
                f"Write to those whom `{self.name}` picks, {mine['share']:.0%} of the customers: {value} per customer "
                f"of the base ({low} to {high}), {gain} more than the best plan that treats all alike ({least} to "
                f"{most}).{doubt}"
            )
        why = "no ranking beat that by enough" if len(rankings) else "there was no ranking to try"
        if self.name == NOBODY:
            return f"Write to nobody: no plan was shown to earn its contacts, and {why}."
        doubt = "" if mine["low"] > 0 else " That it earns its contacts was not shown."
        return (
            f"Write to everybody with `{self.name.partition(': ')[2]}`: {value} per customer ({low} to {high}); {why}."
            f"{doubt}"
        )

    def plot(self, *, arm: str | None = None, ax: Axes | None = None, unit: str = "", source: str = "") -> Axes:
        """Draw the effect in each fifth of the customers by score, beside the cost of a contact."""
        from loyalty.charts import GREY, HIGHLIGHT, TREATED, draw_intervals, headline

        arm = self.arms[0] if arm is None else arm
        if arm not in self.arms:
            raise ValueError(f"there is no arm {arm!r}; there are {', '.join(self.arms)}")
        ranking = self._find_ranking(arm)
        mine = self.groups[(self.groups["arm"] == arm) & (self.groups["ranking"] == ranking)]
        labels = np.array(["highest scores", "second fifth", "middle", "fourth fifth", "lowest scores"])
        shown = mine.set_index(pd.Index(labels[mine["fifth"] - 1]))[["effect", "low", "high"]]
        cost = self.cost[arm]
        shown["colour"] = [TREATED if low > cost else GREY for low in shown["low"]]
        ax = draw_intervals(shown, ax=ax, unit=unit)
        ax.axvline(cost, color=HIGHLIGHT, linestyle="--", linewidth=1.2, zorder=0)
        slope = self.heterogeneity.set_index(["arm", "ranking"]).loc[(arm, ranking)]
        told = slope["p"] < 1 - self.level
        title = "The ranking tells customers apart" if told else "The ranking was not shown to tell anybody apart"
        ax.set_xlabel(f"effect on {self.outcome}, per customer offered")
        headline(ax, title, f"effect on {self.outcome} by fifths of `{ranking}`; dashed: a contact's cost", source)
        return ax

    def _find_ranking(self, arm: str) -> str:
        """The ranking that was chosen, or else the one of the highest value."""
        if self.model is not None:
            return self.name
        rankings = self.table[self.table["gain"].notna()]
        if rankings.empty:
            raise ValueError("no ranking was tried: there is nothing to draw")
        return str(rankings.loc[rankings["value"].idxmax(), "policy"])

    def _repr_html_(self) -> str:
        return render_html(self.table, self.sentence(), self.warnings)


@check_arguments
def choose_policy(
    trial: Experiment,
    *,
    cost: Cost = 0.0,
    models: Mapping[str, BaseEstimator] | None = None,
    caution: float = 1.0,
    folds: int = 5,
    seed: int = 0,
    level: float = 0.95,
) -> PolicyChoice:
    """Choose between nobody, everybody and rankings by the money that each would have brought (policy learning).

    A ranking is taken only if it earns its place: its cross-fitted value must exceed that of the better plan that
    treats all alike by `caution` standard errors of the difference. Of those that do, the highest value is taken. So a
    wave that is too noisy for a ranking gives everybody or nobody the offer, and effects that rise and fall again,
    which a ridge regression cannot see, find the boosted trees.

    Not for reading the value of the chosen plan as it stands: the highest of several is a little too high. A holdout
    that had no part in the choice gives the right one (`value_policies`).

    Parameters
    ----------
    trial : Experiment
        Made by `open_trial`, with the outcome in money, contacts not counted.
    cost : float or mapping of arm to float
        Of a contact, in units of the outcome.
    models : mapping of name to scikit-learn regressor, optional
        Of the effect, second stage of the DR-learner. Default: {"ridge": `make_ridge`, "boosted": `make_boosted`}; an
        empty mapping compares nobody and everybody.
    caution : float
        Standard errors by which a ranking has to beat the rest; 0 takes the highest value.
    folds : int
        Of the cross-fitting.
    seed : int
    level : float

    Returns
    -------
    PolicyChoice

    Raises
    ------
    ValueError
        A model that is a classifier or bears the name of another candidate; a caution below zero.

    Examples
    --------
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> rng = np.random.default_rng(3)
    >>> profile = pd.DataFrame({"customer_id": range(4_000), "visits": rng.normal(size=4_000)})
    >>> wave = profile[["customer_id"]].assign(arm=["mail", "control"] * 2_000)
    >>> gain = np.where(profile["visits"].abs() < 0.7, 2.0, -1.0)
    >>> wave["profit"] = rng.normal(5, 1, 4_000) + (wave["arm"] == "mail") * gain
    >>> choice = choose_policy(open_trial(profile, wave, outcome="profit"))
    >>> choice.name, choice.assign(pd.DataFrame({"customer_id": [1, 2], "visits": [0.1, 2.5]})).tolist()
    ('boosted', ['mail', ''])

    Source: values by Dudík, Langford and Li (2011), ICML 28, 1097-1104; Athey and Wager (2021), Econometrica 89,
    133-161; the rule of one standard error by Breiman, Friedman, Olshen and Stone (1984), Classification and Regression
    Trees; slope and sorted groups by Chernozhukov, Demirer, Duflo and Fernández-Val (2025), Econometrica 93, 1121-1164.
    """
    costs = read_costs(cost, trial.arms)
    tried = {"ridge": make_ridge(), "boosted": make_boosted()} if models is None else dict(models)
    constants = [NOBODY, *(f"everybody: {arm}" for arm in trial.arms)]
    _refuse(tried, constants, caution, level)
    folds = min(folds, int(trial.arm.value_counts().min()))
    x = encode(trial.features)
    pseudo = pd.DataFrame(
        {arm: make_pseudo(trial, arm, make_ridge(), x, folds, seed) for arm in trial.arms}, index=trial.arm.index
    )
    net = pseudo - pd.Series(costs)
    scores = {name: _score(trial, model, x, pseudo, folds, seed) for name, model in tried.items()}
    plans = {NOBODY: pd.Series("", pseudo.index)}
    plans |= {f"everybody: {arm}": pd.Series(arm, pseudo.index) for arm in trial.arms}
    plans |= {name: choose_offers(score, cost=costs) for name, score in scores.items()}
    earned = {name: _earn(net, plan) for name, plan in plans.items()}
    alike = max(constants, key=lambda name: earned[name].mean())
    table = pd.DataFrame([_judge(name, earned, plans, alike, level, name in tried) for name in plans])
    fit = table[table["gain"] > caution * table["gain_se"]]
    name = str(fit.loc[fit["value"].idxmax(), "policy"]) if len(fit) else alike
    model = fit_uplift(trial, "dr", effect_model=tried[name], folds=folds, seed=seed) if name in tried else None
    return PolicyChoice(
        name,
        model,
        trial.arms,
        costs,
        table,
        _test_heterogeneity(pseudo, scores, level),
        _sort_groups(pseudo, scores, level),
        str(trial.outcome.name),
        level,
        tuple(dict.fromkeys([*trial.warnings, *_doubt(trial)])),
    )


def _refuse(tried: Mapping[str, BaseEstimator], constants: list[str], caution: float, level: float) -> None:
    """Raise ValueError with all that does not go together."""
    problems = []
    for name, model in tried.items():
        if name in constants:
            problems.append(f"`{name}` is a candidate anyway: give the model another name")
        if is_classifier(model):
            problems.append(f"`{name}` is a classifier, but an effect is a number: give a regressor")
    if not (np.isfinite(caution) and caution >= 0):
        problems.append(f"caution should be zero or more standard errors, found {caution!r}")
    if not 0 < level < 1:
        problems.append(f"level should lie between 0 and 1, such as 0.95; found {level!r}")
    if problems:
        raise ValueError("; ".join(problems))


def _doubt(trial: Experiment) -> list[str]:
    """What makes the values doubtful: few controls, few customers in an arm, a heavy tail, one huge customer."""
    drawn = (trial.arm == trial.control).to_numpy()
    words = {"the holdout has": "there are", "areas and of differences between candidates": "values and gains"}
    notes = find_doubts(trial, (~drawn, drawn))
    for there, here in words.items():
        notes = [text.replace(there, here) for text in notes]
    spread = (trial.outcome - trial.outcome.mean()).to_numpy() ** 2
    if spread.max() > spread.sum() / 2:
        notes.append("one customer makes up more than half of the spread of the outcome: the choice hangs on him")
    sizes = trial.arm.value_counts()
    few = [name for name in trial.arms if sizes[name] < ENOUGH and len(trial.arms) > 1]
    return notes + [f"there are {sizes[name]:,} customers in `{name}`: its value is mostly luck" for name in few]


def _score(
    trial: Experiment, model: BaseEstimator, x: pd.DataFrame, pseudo: pd.DataFrame, folds: int, seed: int
) -> pd.DataFrame:
    """Effects of each arm, each customer's by a model that was fitted on the others."""
    scores = pd.DataFrame(np.nan, pseudo.index, pseudo.columns)
    for learn, judge in split_folds(trial, folds, seed + 1):
        for arm in pseudo:
            predict = fit_rows(model, x, pseudo[arm].to_numpy(), None, learn)
            scores.iloc[judge, scores.columns.get_loc(arm)] = predict(x.iloc[judge])
    return scores


def _earn(net: pd.DataFrame, plan: pd.Series) -> np.ndarray:
    """What a plan brings by each customer: his pseudo-outcome of the arm that it gives him, less its cost."""
    earned = np.zeros(len(net))
    for arm in net:
        mine = (plan == arm).to_numpy()
        earned[mine] = net.loc[mine, arm]
    return earned


def _judge(
    name: str,
    earned: Mapping[str, np.ndarray],
    plans: Mapping[str, pd.Series],
    alike: str,
    level: float,
    is_ranking: bool,
) -> dict[str, object]:
    """One row of the table: the value of a plan; of a ranking, also its gain over the best of nobody and everybody."""
    value, low, high, _ = _bound(earned[name], level)
    row: dict[str, object] = {"policy": name, "value": value, "low": low, "high": high}
    row["share"] = float((plans[name] != "").mean())
    gain = _bound(earned[name] - earned[alike], level) if is_ranking else (np.nan,) * 4
    return row | dict(zip(("gain", "gain_low", "gain_high", "gain_se"), gain, strict=True))


def _bound(values: np.ndarray, level: float) -> tuple[float, float, float, float]:
    """Mean, interval and standard error of what customers bring."""
    mean = float(values.mean())
    se = float(values.std(ddof=1) / np.sqrt(len(values)))
    half = float(_scipy.norm.ppf(0.5 + level / 2)) * se
    return mean, mean - half, mean + half, se


def _test_heterogeneity(pseudo: pd.DataFrame, scores: Mapping[str, pd.DataFrame], level: float) -> pd.DataFrame:
    """The best linear predictor of the effect by the score: its slope, with the error that is robust to spread."""
    z = float(_scipy.norm.ppf(0.5 + level / 2))
    rows = []
    for ranking, score in scores.items():
        for arm in pseudo:
            centred = (score[arm] - score[arm].mean()).to_numpy()
            effect = pseudo[arm].to_numpy()
            spread = float(centred @ centred)
            if spread < 1e-12 * max(1.0, float(effect @ effect)):
                slope = se = p = np.nan
            else:
                slope = float(centred @ effect / spread)
                rest = effect - effect.mean() - slope * centred
                se = float(np.sqrt(((centred * rest) ** 2).sum()) / spread)
                p = float(_scipy.norm.sf(slope / se)) if se > 0 else np.nan
            rows.append((arm, ranking, slope, slope - z * se, slope + z * se, p))
    return pd.DataFrame(rows, columns=["arm", "ranking", "slope", "low", "high", "p"])


def _sort_groups(pseudo: pd.DataFrame, scores: Mapping[str, pd.DataFrame], level: float) -> pd.DataFrame:
    """The mean effect in each fifth of the customers by score, highest first; equal scores go by their place."""
    rows = []
    for ranking, score in scores.items():
        for arm in pseudo:
            place = (-score[arm]).rank(method="first").to_numpy() - 1
            fifth = (place * FIFTHS // len(place)).astype(int)
            for number in range(FIFTHS):
                mine = fifth == number
                if mine.sum() > 1:
                    effect, low, high, _ = _bound(pseudo.loc[mine, arm].to_numpy(), level)
                    mean = float(score.loc[mine, arm].mean())
                    rows.append((arm, ranking, number + 1, mean, effect, low, high, int(mine.sum())))
    return pd.DataFrame(rows, columns="arm ranking fifth score effect low high customers".split())
