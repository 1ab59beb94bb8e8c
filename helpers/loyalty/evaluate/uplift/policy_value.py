"""Policy value: what a plan made from scores is worth on a randomised holdout, and whom it should leave alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.compare import compare_weighted
from loyalty.evaluate.uplift.experiment import Experiment
from loyalty.evaluate.uplift.meta_learners import RIVALS, UpliftModel
from loyalty.evaluate.uplift.qini import Contest, check_each, find_doubts, read_score, read_series
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError

GROUPS = ("persuadables", "lost causes", "sure things", "sleeping dogs")
Cost = float | Mapping[str, float]


@check_arguments
def choose_offers(scores: pd.DataFrame | pd.Series, *, cost: Cost = 0.0, share: float | None = None) -> pd.Series:
    """Choose each customer's best offer, or none where no effect is predicted to exceed its cost.

    Not for a budget or capacities of single offers, and not for scores that are no effects ("response", "random")
    unless `share` is given: their height means nothing.

    Parameters
    ----------
    scores : DataFrame (customers x arms) or Series of one arm, named after it
    cost : float or mapping of arm to float
        Of a contact, in units of the outcome.
    share : float, optional
        Contact exactly the best part of the customers whatever the height; equal scores at the end by lot of the id.

    Returns
    -------
    pandas.Series
        The arm of each customer, "" for none.

    Raises
    ------
    TableError
        A customer has no score for any arm.
    ValueError
        A cost or the share is no number that it could be.

    Examples
    --------
    >>> scores = pd.DataFrame({"mail": [2.0, 0.1, -1.0], "call": [2.5, 0.0, 3.0]}, index=[11, 12, 13])
    >>> choose_offers(scores, cost={"mail": 0.5, "call": 2.0}).tolist()
    ['mail', '', 'call']
    """
    table = scores.to_frame() if isinstance(scores, pd.Series) else scores
    if odd := [str(name) for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]:
        raise TableError([f"`{name}` should hold numbers, one score a customer" for name in odd], "the scores")
    net = table - pd.Series(read_costs(cost, list(table)))
    if gone := int(net.isna().all(axis=1).sum()):
        raise TableError([f"{gone:,} of {len(net):,} customers have no score for any arm"], "the scores")
    best = net.idxmax(axis=1).astype(str)
    height = net.max(axis=1)
    if share is None:
        return best.where(height > 0, "").rename("offer")
    if not 0 <= share <= 1:
        raise ValueError(f"the share should be between 0 and 1, found {share!r}")
    lots = pd.util.hash_array(net.index.astype(str).to_numpy(object), categorize=False)
    order = np.lexsort([lots, -height.to_numpy()])
    kept = np.zeros(len(net), bool)
    kept[order[: round(share * len(net))]] = True
    return best.where(kept, "").rename("offer")


@check_arguments
def value_policies(
    trial: Experiment,
    policies: Mapping[str, UpliftModel | pd.Series],
    *,
    cost: Cost = 0.0,
    share: float | None = None,
    level: float = 0.95,
) -> Contest:
    """Value policies on a randomised holdout: the customers who by luck got what the policy says, against control.

    The value is per customer of the base, contacted or not: sum over arms of share contacted x (effect among them -
    cost). A policy "everybody: arm" is added for each arm. Not for customers that trained a model, and not for an
    outcome that leaves rewards out: take "profit" in `open_trial`.

    Parameters
    ----------
    trial : Experiment
        The holdout, at least 1,000 customers in control, else it warns.
    policies : mapping of str to UpliftModel or Series
        A model goes through `choose_offers` with `cost` and `share`; a Series names the arm of each customer, and
        nobody can check on whom it was chosen: the best of many plans for this holdout promises too much on it.
    cost : float or mapping of arm to float
        Of a contact, in units of the outcome.
    share : float, optional
    level : float

    Returns
    -------
    Contest
        Details: share contacted, total (value x customers of the holdout).

    Raises
    ------
    TableError
        With the problems of all policies: a model was trained on some of these customers; an arm was not tried;
        customers are missing.

    Examples
    --------
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> table = pd.DataFrame({"customer_id": range(8), "arm": ["mail", "control"] * 4, "sales": [4, 0, 3, 1] + [1] * 4})
    >>> trial = open_trial(table[["customer_id"]].assign(visits=[5, 5, 5, 5, 1, 1, 1, 1]), table)
    >>> plan = pd.Series(["mail"] * 4 + [""] * 4, trial.arm.index)
    >>> value_policies(trial, {"frequent": plan}, cost=0.5).to_frame()[["name", "effect"]].values.tolist()
    [['frequent', 1.25], ['everybody: mail', 1.0]]

    Source: Hitsch, Misra and Zhang (2024), Quantitative Marketing and Economics 22, 115-168.
    """
    costs = read_costs(cost, trial.arms)
    everybody = {f"everybody: {arm}": pd.Series(arm, trial.arm.index) for arm in trial.arms}
    tried = f"which nobody tried; the arms are {', '.join(trial.arms)}, and '' is no offer"

    def apply(name: str, model: UpliftModel) -> pd.Series:
        """The plan that a model makes for these customers."""
        model.refuse_overlap(trial)
        if model.learner in RIVALS and share is None:
            raise ValueError(f"`{name}` predicts no effect, so its height decides nothing: say share=")
        if unknown := [arm for arm in model.arms if arm not in trial.arms]:
            raise TableError([f"`{name}` may give '{unknown[0]}', {tried}"], "the policies")
        return choose_offers(model.score(trial), cost=costs, share=share)

    def read(name: str, given: UpliftModel | pd.Series) -> pd.Series:
        """A plan in the order of these customers, checked."""
        plan = read_series(trial, apply(name, given) if isinstance(given, UpliftModel) else given)
        problems = []
        if gone := int(plan.isna().sum()):
            problems.append(f"`{name}` says nothing of {gone:,} customers: '' is no offer")
        if unknown := [arm for arm in plan.dropna().unique() if arm not in ("", *trial.arms)]:
            problems.append(f"`{name}` gives '{unknown[0]}', {tried}")
        if name in everybody:
            problems.append(f"`{name}` is added anyway: give yours another name")
        if problems:
            raise TableError(problems, "the policies")
        return plan

    plans = check_each(policies, read, "the policies", level) | everybody
    return _judge(trial, plans, costs, level, "value per customer of the base")


@check_arguments
def price_groups(
    trial: Experiment,
    model: UpliftModel,
    *,
    cost: Cost = 0.0,
    arm: str | None = None,
    small: float | None = None,
    base: float | None = None,
    level: float = 0.95,
) -> Contest:
    """Sort the holdout into sleeping dogs, sure things, lost causes and persuadables, and measure the money of each.

    The groups are a model's opinion about one outcome (say, orders); their money is measured on the holdout's outcome
    (say, profit). Not a policy: `value_policies` judges those.

    Parameters
    ----------
    trial : Experiment
        The holdout, with the outcome in money.
    model : UpliftModel
        Of an effect, of this or another outcome of other customers.
    cost : float or mapping of arm to float
        Of a contact.
    arm : str, optional
    small : float, optional
        Effects up to this size, in units of the model's outcome, count as none; half the mean absolute effect.
    base : float, optional
        Who is predicted to do more than this without the offer comes anyway; the mean prediction.
    level : float

    Returns
    -------
    Contest
        Outcome less cost per contacted customer. Details: share and total, if the whole group were contacted;
        predicted_effect and predicted_base.

    Raises
    ------
    TableError

    Examples
    --------
    >>> from loyalty.evaluate.uplift.meta_learners import fit_uplift
    >>> from loyalty.evaluate.uplift.experiment import open_trial
    >>> rng = np.random.default_rng(4)
    >>> table = pd.DataFrame({"customer_id": range(4_000), "arm": ["mail", "control"] * 2_000})
    >>> table["sales"] = rng.normal(5, 1, 4_000)
    >>> profile = table[["customer_id"]].assign(dog=np.arange(4_000) // 2 % 2)
    >>> table.loc[(table["arm"] == "mail") & (profile["dog"] == 1), "sales"] -= 3
    >>> learn, judge = open_trial(profile, table).split()
    >>> groups = price_groups(judge, fit_uplift(learn), cost=0.2)
    >>> groups.estimates["sleeping dogs"].high < -2
    True
    """
    if model.learner in RIVALS:
        raise ValueError(f"a model of {model.learner!r} predicts no effect: nobody can be grouped by it")
    arm = trial.find_arm(arm)
    effect = pd.Series(read_score(trial, model, arm), trial.arm.index)
    before = model.predict_base(trial)
    group = _name_groups(effect, before, small, base)
    plans = {name: pd.Series(np.where(group == name, arm, ""), effect.index) for name in GROUPS}
    treated = trial.arm == arm
    control = trial.arm == trial.control
    few = []
    for name, plan in plans.items():
        mine = plan == arm
        if min((mine & treated).sum(), (mine & control).sum()) < 2:
            few.append(name)
    if len(few) == len(plans):
        raise TableError(["no group holds two customers who got the offer and two in control"], "the holdout")
    found = _judge(
        trial,
        {name: plan for name, plan in plans.items() if name not in few},
        read_costs(cost, [arm]),
        level,
        "value per contacted customer",
    )
    scaled = {}
    moved = {}
    for name, e in found.estimates.items():
        mine = plans[name] == arm
        share = e.details["share"]  # from per customer of the base to per customer of the group
        about = {"predicted_effect": float(effect[mine].mean()), "predicted_base": float(before[mine].mean())}
        scaled[name] = replace(
            e,
            effect=e.effect / share,
            low=e.low / share,
            high=e.high / share,
            se=e.se / share,
            details=dict(e.details) | about,
        )
        moved[name] = found.influence[name] / share
    notes = []
    if effect.nunique() == 1:
        notes.append("the model predicts one effect for all: it tells nobody apart")
    if few:
        notes.append(f"too few customers to compare: {', '.join(few)}")
    return replace(found, estimates=scaled, influence=moved, warnings=(*notes, *found.warnings))


def _name_groups(effect: pd.Series, before: pd.Series, small: float | None, base: float | None) -> np.ndarray:
    """The group of each customer by predicted effect and by the predicted outcome without the offer (`before`)."""
    if small is None:
        small = float(effect.abs().mean() / 2)
    if base is None:
        base = float(before.mean())
    return np.select(
        [effect > small, effect < -small, before > base],
        ["persuadables", "sleeping dogs", "sure things"],
        "lost causes",
    )


def read_costs(cost: Cost, arms: Sequence[str]) -> dict[str, float]:
    """The cost of a contact of each arm; one number is that of all."""
    costs = dict(cost) if isinstance(cost, Mapping) else dict.fromkeys(arms, float(cost))
    if gone := [arm for arm in arms if arm not in costs]:
        raise ValueError(f"there is no cost of {', '.join(map(repr, gone))}")
    if wrong := [f"{value!r} of {arm!r}" for arm, value in costs.items() if not np.isfinite(value)]:
        raise ValueError(f"a cost should be a number, found {', '.join(wrong)}")
    return costs


def _judge(
    trial: Experiment, plans: Mapping[str, pd.Series], costs: Mapping[str, float], level: float, what: str
) -> Contest:
    """Value each plan on the holdout; `what` names the number."""
    judged = check_each(plans, lambda _, plan: _value(trial, plan.to_numpy(), costs, level), "the holdout", level)
    drawn = (trial.arm == trial.control).to_numpy()
    notes = [*trial.warnings, *find_doubts(trial, (~drawn, drawn))]
    estimates = {}
    influence = {}
    for name, (found, moved) in judged.items():
        estimates[name] = found
        influence[name] = moved
        notes += [f"{name}: {text}" for text in found.warnings]
    return Contest(estimates, influence, str(trial.outcome.name), what, tuple(dict.fromkeys(notes)))


def _value(
    trial: Experiment, plan: np.ndarray, costs: Mapping[str, float], level: float
) -> tuple[Estimate, np.ndarray]:
    """Value of a plan per customer of the base, and how each customer moved it (influence values).

    The arms of a plan are added up: the share of the customers for whom an arm is planned, times the effect among them
    less its cost.
    """
    y = trial.outcome.to_numpy()
    weight = (1 / trial.propensity).to_numpy()
    arms = trial.arm.to_numpy()
    value = 0.0
    variance = 0.0
    influence = np.zeros(len(y))
    df = np.inf
    notes: list[str] = []
    n_treated = 0
    n_control = 0
    for arm in sorted(set(plan) - {""}):
        mine = plan == arm
        treated = mine & (arms == arm)
        control = mine & (arms == trial.control)
        n = int(treated.sum())
        m = int(control.sum())
        if min(n, m) < 2:
            says = f"of {mine.sum():,} customers planned for {arm!r}, {n} got it and {m} are in control"
            raise TableError([f"{says}: two of each are needed"], "the holdout")
        if trial.even:
            found = compare_means(y[treated], y[control])
        else:
            found = compare_weighted(y[treated], y[control], (weight[treated], weight[control]))
        share = mine.mean()
        value += share * (found.effect - costs[arm])
        variance = variance + (share * found.se) ** 2
        df = min(df, found.details["df"])
        influence[treated] += _pull_mean(share, y[treated], weight[treated])
        influence[control] -= _pull_mean(share, y[control], weight[control])
        notes += found.warnings
        n_treated += n
        n_control += m
    estimate = make_estimate(
        value,
        np.sqrt(variance),
        df=df,
        level=level,
        certain=not (plan != "").any(),
        n_treated=n_treated,
        n_control=n_control,
        method="holdout",
        estimand="against nobody",
        details={"share": (plan != "").mean(), "total": value * len(y)},
        warnings=tuple(notes),
    )
    return estimate, influence


def _pull_mean(share: float, y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """How much each customer moves the weighted (Hajek) mean of a group, which counts by its share."""
    part = weight / weight.sum()
    return share * part * (y - part @ y)
