"""What a plan made from scores is worth in money on customers that trained nothing, and whom it should leave alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from loyalty.evaluate.lift.intervals import compare_weighted
from loyalty.evaluate.uplift.experiment import Experiment
from loyalty.evaluate.uplift.meta_learners import RIVALS, UpliftModel
from loyalty.evaluate.uplift.qini import Contest, check_each, find_doubts, read_score, read_series
from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError

GROUPS = ("persuadables", "lost causes", "sure things", "sleeping dogs")
Cost = float | Mapping[str, float]


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
    net = table - pd.Series(_read_costs(cost, list(table)))
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


def value_policies(
    trial: Experiment,
    policies: Mapping[str, UpliftModel | pd.Series],
    *,
    cost: Cost = 0.0,
    share: float | None = None,
    level: float = 0.95,
) -> Contest:
    """Value plans on a randomised holdout: the customers who by luck got what the plan says, against control.

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
    costs = _read_costs(cost, trial.arms)
    everybody = {f"everybody: {arm}": pd.Series(arm, trial.arm.index) for arm in trial.arms}

    def read(name: str, given: UpliftModel | pd.Series) -> pd.Series:
        tried = f"which nobody tried; the arms are {', '.join(trial.arms)}, and '' is no offer"
        problems = []
        if isinstance(given, UpliftModel):
            given.refuse_overlap(trial)
            if given.learner in RIVALS and share is None:
                raise ValueError(f"`{name}` predicts no effect, so its height decides nothing: say share=")
            if unknown := [arm for arm in given.arms if arm not in trial.arms]:
                raise TableError([f"`{name}` may give '{unknown[0]}', {tried}"], "the policies")
            given = choose_offers(given.score(trial), cost=costs, share=share)
        plan = read_series(trial, given)
        if gone := int(plan.isna().sum()):
            problems.append(f"`{name}` says nothing of {gone:,} customers: '' is no offer")
        if unknown := [arm for arm in plan.dropna().unique() if arm not in ("", *trial.arms)]:
            problems.append(f"`{name}` gives '{unknown[0]}', {tried}")
        problems += [f"`{name}` is added anyway: give yours another name"] * (name in everybody)
        if problems:
            raise TableError(problems, "the policies")
        return plan

    plans = check_each(policies, read, "the policies", level) | everybody
    return _judge(trial, plans, costs, level, "value per customer of the base")


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
    small = float(effect.abs().mean() / 2) if small is None else small
    base = float(before.mean()) if base is None else base
    kind = np.select([effect > small, effect < -small, before > base], [0, 3, 2], 1)
    plans = {name: pd.Series(np.where(kind == at, arm, ""), effect.index) for at, name in enumerate(GROUPS)}
    sides = [trial.arm == side for side in (arm, trial.control)]
    few = [name for name, plan in plans.items() if min(((plan == arm) & side).sum() for side in sides) < 2]
    if len(few) == len(plans):
        raise TableError(["no group holds two customers who got the offer and two in control"], "the holdout")
    found = _judge(
        trial,
        {name: plan for name, plan in plans.items() if name not in few},
        _read_costs(cost, [arm]),
        level,
        "value per contacted customer",
    )
    scaled = {}
    moved = {}
    for name, e in found.estimates.items():
        mine = plans[name] == arm
        share = e.details["share"]
        about = {"predicted_effect": float(effect[mine].mean()), "predicted_base": float(before[mine].mean())}
        ends = {part: getattr(e, part) / share for part in ("effect", "low", "high", "se")}
        scaled[name] = replace(e, details=dict(e.details) | about, **ends)
        moved[name] = found.influence[name] / share
    notes = ["the model predicts one effect for all: it tells nobody apart"] * (effect.nunique() == 1)
    notes += [f"too few customers to compare: {', '.join(few)}"] * bool(few)
    return replace(found, estimates=scaled, influence=moved, warnings=(*notes, *found.warnings))


def _read_costs(cost: Cost, arms: Sequence[str]) -> dict[str, float]:
    costs = dict(cost) if isinstance(cost, Mapping) else dict.fromkeys(arms, float(cost))
    if gone := [arm for arm in arms if arm not in costs]:
        raise ValueError(f"there is no cost of {', '.join(map(repr, gone))}")
    if wrong := [f"{value!r} of {arm!r}" for arm, value in costs.items() if not np.isfinite(value)]:
        raise ValueError(f"a cost should be a number, found {', '.join(wrong)}")
    return costs


def _judge(
    trial: Experiment, plans: Mapping[str, pd.Series], costs: Mapping[str, float], level: float, what: str
) -> Contest:
    judged = check_each(plans, lambda _, plan: _value(trial, plan.to_numpy(), costs, level), "the holdout", level)
    drawn = (trial.arm == trial.control).to_numpy()
    notes = [*trial.warnings, *find_doubts(trial, (~drawn, drawn))]
    notes += [f"{name}: {text}" for name, (found, _) in judged.items() for text in found.warnings]
    estimates, moved = ({name: pair[at] for name, pair in judged.items()} for at in (0, 1))
    return Contest(estimates, moved, str(trial.outcome.name), what, tuple(dict.fromkeys(notes)))


def _value(
    trial: Experiment, plan: np.ndarray, costs: Mapping[str, float], level: float
) -> tuple[Estimate, np.ndarray]:
    y = trial.outcome.to_numpy()
    weight = (1 / trial.propensity).to_numpy()
    arms = trial.arm.to_numpy()
    value = 0.0
    variance = 0.0
    moved = np.zeros(len(y))
    df = np.inf
    notes = []
    sizes = np.zeros(2, int)
    for arm in sorted(set(plan) - {""}):
        mine = plan == arm
        sides = [mine & (arms == name) for name in (arm, trial.control)]
        if min(counts := [int(side.sum()) for side in sides]) < 2:
            says = f"of {mine.sum():,} customers planned for {arm!r}, {counts[0]} got it and {counts[1]} are in control"
            raise TableError([f"{says}: two of each are needed"], "the holdout")
        pair = [y[side] for side in sides]
        shares = [weight[s] / weight[s].sum() for s in sides]
        share = mine.mean()
        found = compare_means(*pair) if trial.even else compare_weighted(*pair, tuple(weight[s] for s in sides))
        value += share * (found.effect - costs[arm])
        variance = variance + (share * found.se) ** 2
        df = min(df, found.details["df"])
        for sign, side, own, part in zip((1, -1), sides, pair, shares, strict=True):
            moved[side] += sign * share * part * (own - part @ own)
        notes = [*notes, *found.warnings]
        sizes = sizes + counts
    about = {"n_treated": int(sizes[0]), "n_control": int(sizes[1]), "method": "holdout", "estimand": "against nobody"}
    about |= {"details": {"share": (plan != "").mean(), "total": value * len(y)}, "warnings": tuple(notes)}
    return make_estimate(value, np.sqrt(variance), df=df, level=level, **about), moved
