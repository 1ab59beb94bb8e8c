"""The chain of lesson 43: a year by a plan of fixed chances, plans that were not played, and what they bring in truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from loyalty.learn.offpolicy import open_log
from loyalty.learn.offpolicy.value import prepare
from loyalty.learn.policy import Policy, Rules, describe_customers, run_programme
from loyalty.learn.policy.policies import Past
from loyalty.tasks.t42.scene import OFFERS, make_rules, make_world
from loyalty.world import World
from loyalty.world.effects import contact_everybody, realise

ARMS = ("control", *OFFERS)
SEED, CUSTOMERS, WAVES = 43, 12_000, 8
SUMMER_SEED, SUMMER_CUSTOMERS, SUMMER_WAVES = 9, 5_000, 6
# Chances of the log by segment, in the order of ARMS: the two segments of least profit got the basket discount most
LOGGED = {
    "baby": (0.2, 0.1, 0.4, 0.2, 0.1),
    "beauty": (0.2, 0.1, 0.1, 0.5, 0.1),
    "chronic care": (0.3, 0.0, 0.1, 0.4, 0.2),
    "household": (0.1, 0.3, 0.1, 0.3, 0.2),
    "medicines": (0.1, 0.4, 0.1, 0.2, 0.2),
    "vitamins and sun": (0.1, 0.4, 0.1, 0.2, 0.2),
}
JONAS = {segment: "control" if segment == "chronic care" else "basket_discount" for segment in LOGGED}
# The exercise: another chain, another habit
SUMMER = {
    "baby": (0.1, 0.4, 0.1, 0.1, 0.3),
    "beauty": (0.2, 0.3, 0.1, 0.2, 0.2),
    "chronic care": (0.1, 0.2, 0.0, 0.4, 0.3),
    "household": (0.1, 0.1, 0.5, 0.2, 0.1),
    "medicines": (0.3, 0.1, 0.2, 0.1, 0.3),
    "vitamins and sun": (0.3, 0.1, 0.3, 0.2, 0.1),
}
PLAN_A = {
    "baby": "bonus_points",
    "beauty": "category_discount",
    "chronic care": "control",
    "household": "basket_discount",
    "medicines": "control",
    "vitamins and sun": "basket_discount",
}
PLAN_B = PLAN_A | {"baby": "basket_discount", "beauty": "control"}


@dataclass(frozen=True)
class FixedChances(Policy):
    """The same chances in every wave, by segment: a plan that does not learn.

    Parameters
    ----------
    chances : mapping of str to sequence of float
        By segment, in the order of the arms.
    """

    chances: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def want(
        self, past: Past, people: pd.DataFrame, wave: int, seed: int, truth: Any = None
    ) -> tuple[np.ndarray, float]:
        """The chances of each customer's segment."""
        return np.array([self.chances[name] for name in people["segment"]], float), 0.0


class LoggedYear(NamedTuple):
    """A chain with its log: one row a customer and wave, with the chance of every arm."""

    world: World
    people: pd.DataFrame
    log: pd.DataFrame


def write_plan(arms: Mapping[str, str]) -> pd.DataFrame:
    """Write a plan by segment as a table: segment, arm.

    Examples
    --------
    >>> write_plan({"baby": "control"}).values.tolist()
    [['baby', 'control']]
    """
    return pd.DataFrame({"segment": list(arms), "arm": list(arms.values())})


def _play(world: World, people: pd.DataFrame, rules: Rules, chances: Mapping[str, Any], waves: int) -> pd.DataFrame:
    run = run_programme(world, FixedChances(rules, chances), waves, customers=people)
    return run.log.merge(people[["customer_id", "usual"]], on="customer_id").drop(columns="resting")


@cache
def _play_year() -> LoggedYear:
    world = make_world(SEED, CUSTOMERS)
    people = describe_customers(world)
    log = _play(world, people, make_rules(holdout=0.0, floor=0.0), LOGGED, WAVES)
    return LoggedYear(world, people, log.drop(columns="holdout"))


def open_year() -> LoggedYear:
    """Open the year of the lesson: eight waves by the plan that ran, with tables of your own."""
    year = _play_year()
    return LoggedYear(year.world, year.people.copy(), year.log.copy())


@cache
def _play_really(plan: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    year = _play_year()
    chances = {segment: np.eye(len(ARMS))[ARMS.index(arm)] for segment, arm in plan}
    return _play(year.world, year.people, make_rules(holdout=0.0, floor=0.0), chances, WAVES)


def play_really(plan: pd.DataFrame) -> pd.DataFrame:
    """Play a plan in the same chain, with the same customers and their luck: no chain can do that.

    Parameters
    ----------
    plan : DataFrame
        segment, arm.

    Returns
    -------
    pandas.DataFrame
        The log of that other year.
    """
    return _play_really(tuple(zip(plan["segment"], plan["arm"], strict=True))).copy()


@cache
def play_summer() -> pd.DataFrame:
    """Play the six waves of the exercise, once; `open_summer` gives a table of your own."""
    world = make_world(SUMMER_SEED, SUMMER_CUSTOMERS)
    people = describe_customers(world)
    log = _play(world, people, make_rules(holdout=0.2, floor=0.0), SUMMER, SUMMER_WAVES)
    return log.assign(profit=log["profit"].round(2))


def open_summer() -> pd.DataFrame:
    """Open the log of exercise 43: six waves of another chain. The seed was chosen so that mistakes show."""
    return play_summer().copy()


# --- Forty lotteries ------------------------------------------------------------------------------


@cache
def find_outcomes(seed: int = SEED, customers: int = 5_000) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.Index]:
    """Find what every customer would bring in the first wave with every arm: no chain knows that.

    Returns
    -------
    (segment, usual, outcomes, names)
        Place of each customer's segment, usual euros in 28 days, customers × arms, names of the segments.
    """
    world = make_world(seed, customers)
    people = describe_customers(world)
    rows = people["customer_id"].to_numpy() - 1
    day = world._state.end
    window = (("main", day, day + 28),)
    names = [offer.name for offer in world.parameters.offers]
    found = [realise(world.scene, rows, window, world._log)["profit"][:, 0]]
    for offer in OFFERS:
        place = names.index(offer)
        sent = contact_everybody(world.scene, rows, place, day, world._log)
        profit = realise(world.scene, rows, window, (*world._log, sent))["profit"][:, 0]
        found.append(profit - world.parameters.offers[place].contact)
    segment, labels = pd.factorize(people["segment"], sort=True)
    return segment, people["usual"].to_numpy(), np.column_stack(found), pd.Index(labels)


METHODS = {
    "mean of rows that agree": "",
    "1/n as propensity": "",
    "IPS": "ips",
    "IPS, clipped at 3": "clipped",
    "SNIPS": "snips",
    "direct": "direct",
    "doubly robust": "dr",
}
CLIP = 3.0


def repeat_lottery(plan: pd.DataFrame, seeds: int = 40) -> tuple[pd.DataFrame, float]:
    """Deal the same customers again and again, by the log's chances, and judge a plan from each log; seeds 0, 1, 2, ….

    Parameters
    ----------
    plan : DataFrame
        segment, arm.
    seeds : int

    Returns
    -------
    (table, truth)
        One row a seed and method: seed, method, value, low, high. And what the plan brings in truth.
    """
    segment, usual, outcomes, names = find_outcomes()
    chances = np.array([LOGGED[name] for name in names])[segment]
    wanted = np.array([ARMS.index(arm) for arm in plan.set_index("segment")["arm"].loc[names]])[segment]
    base = pd.DataFrame(chances, columns=[f"chance_{arm}" for arm in ARMS])
    base = base.assign(customer_id=np.arange(len(segment)), segment=names[segment], usual=usual)
    here = np.ones(len(segment), bool)
    found = []
    for seed in range(seeds):
        luck = np.random.default_rng([SEED, seed]).random(len(segment))
        arm = (luck[:, None] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
        y = outcomes[np.arange(len(arm)), arm]
        log = open_log(base.assign(arm=np.array(ARMS)[arm], profit=y), covariates=["usual"])
        plain = prepare(log, [plan])
        fitted = {"dr": plain.predict("dr", folds=5, seed=seed, model=None)}
        fitted["direct"] = plain.predict("direct", folds=5, seed=seed, model=None)
        got = arm == wanted
        for name, method in METHODS.items():
            if method:
                one = fitted.get(method, plain).value(0, here, method, CLIP, 0.95)
                found.append((seed, name, one.value, one.low, one.high))
                continue
            values = y[got] if name.startswith("mean") else np.where(got, len(ARMS) * y, 0.0)
            half = 1.96 * values.std(ddof=1) / np.sqrt(len(values))
            found.append((seed, name, values.mean(), values.mean() - half, values.mean() + half))
    truth = float(outcomes[np.arange(len(wanted)), wanted].mean())
    return pd.DataFrame(found, columns=["seed", "method", "value", "low", "high"]), truth
