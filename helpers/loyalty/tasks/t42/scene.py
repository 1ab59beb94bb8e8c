"""The chain of lesson 42 over two years: its offers, its rules, the policies that are compared, and a changed taste."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pandas as pd

from loyalty.learn.policy import (
    BestPolicy,
    EpsilonGreedy,
    EqualSplit,
    Policy,
    ProfileThompson,
    RepeatWinner,
    Rules,
    Thompson,
    run_programme,
)
from loyalty.world import PRESETS, World

CUSTOMERS, MONTHS, WAVES = 5_000, 24, 26
YEAR_SEED = 11  # of the exercise
OFFERS = ("basket_discount", "category_discount", "bonus_points", "reminder")
PROFILE = (
    "visits",
    "spend",
    "share of baby",
    "share of beauty",
    "share of chronic care",
    "share of household",
    "share of medicines",
)
BEST = "best by segment"
SWITCH = 14  # the first wave of the second year
# What a visit's chance changes by, from the switch on: a rival sells cheap to families, and the mailings are new
LATER = {
    "basket_discount": (("all", 0.05), ("chronic_patient", 0.8), ("occasional", 0.2)),
    "category_discount": (("all", 0.05), ("bulk_saver", 0.7), ("chronic_patient", 0.1)),
    "bonus_points": (("all", 0.05), ("winter_colds", 0.6)),
    "reminder": (("all", 0.05), ("young_family", 0.6), ("beauty", 0.7), ("winter_colds", -0.2)),
}


def make_world(seed: int, customers: int = CUSTOMERS) -> World:
    """Make a chain whose customers keep their tastes: two years of history, then the programme begins.

    Parameters
    ----------
    seed, customers : int
    """
    base = PRESETS["default"]()
    calm = replace(base, name="calm", drift=replace(base.drift, months=()))
    return World(customers=customers, months=MONTHS, seed=seed, parameters=calm)


def change_tastes(world: World) -> World:
    """Make the same chain with what the offers do after the change of taste.

    Parameters
    ----------
    world : World
    """
    offers = tuple(replace(o, visits=LATER.get(o.name, o.visits)) for o in world.parameters.offers)
    later = replace(world.parameters, name="changed", offers=offers)
    return World(customers=world._state.size, months=world.months, seed=world.seed, parameters=later)


def make_rules(**changes: object) -> Rules:
    """Make the rules of the programme: four offers, a tenth held out, 2 % for every arm; `changes` replace fields."""
    return replace(Rules(OFFERS, holdout=0.1, floor=0.02), **changes)  # type: ignore[arg-type]


def make_policies(rules: Rules | None = None) -> dict[str, Policy]:
    """Make the six policies that are compared, by name.

    Parameters
    ----------
    rules : Rules, optional
    """
    rules = rules or make_rules()
    return {
        "equal split": EqualSplit(rules),
        "repeat the winner": RepeatWinner(rules),
        "epsilon-greedy": EpsilonGreedy(rules),
        "Thompson": Thompson(rules),
        "Thompson that forgets": Thompson(rules, forget=0.9),
        "Thompson on profiles": ProfileThompson(rules, profile=PROFILE),
    }


def make_best(rules: Rules | None = None) -> BestPolicy:
    """Make the policy that knows the truth of each segment.

    Parameters
    ----------
    rules : Rules, optional
    """
    return BestPolicy(rules or make_rules())


class Year(NamedTuple):
    """What the chain of the exercise knows after a year: the log of its lotteries, and a row a customer."""

    log: pd.DataFrame
    totals: pd.DataFrame


@cache
def play_year() -> Year:
    """Play the year of exercise 42: 13 waves, half by what was best so far. The seed was chosen so that mistakes show."""
    world = make_world(YEAR_SEED)
    run = run_programme(world, EpsilonGreedy(make_rules(), epsilon=0.5), 13)
    columns = ["wave", "customer_id", "segment", "arm", "propensity", "holdout", "profit"]
    starts = run.waves.set_index("wave")["start"]
    log = run.log[columns].assign(start=run.log["wave"].map(starts), profit=run.log["profit"].round(2))
    totals = run.totals[["customer_id", "segment", "holdout", "profit"]]
    return Year(log, totals.assign(profit=totals["profit"].round(2)))


def open_year() -> Year:
    """Open the year of the exercise, as tables of your own."""
    year = play_year()
    return Year(year.log.copy(), year.totals.copy())
