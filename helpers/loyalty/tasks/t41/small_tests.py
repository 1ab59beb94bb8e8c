"""Three small tests of lesson 41 beside their truth: rates of small cells, and the lift of each offer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from statsmodels.stats.proportion import proportion_confint

from loyalty.stats import compare_means, shrink_rates
from loyalty.tasks.t41.visits import SILENT, segment_by_visits
from loyalty.tasks.t41.waves import PAIRS
from loyalty.world import Wave, World

EACH = 150  # customers an offer


class SmallTest(NamedTuple):
    """The world before a small test, its customers with their segments, the two offers, and the wave."""

    world: World
    base: pd.DataFrame
    offers: tuple[str, str]
    wave: Wave


def send_small_tests(world: World, rng: np.random.Generator) -> list[SmallTest]:
    """Send three small tests, one after the other: 150 customers for each offer and 150 for control.

    Parameters
    ----------
    world : World
        On the evening before the first.
    rng : numpy.random.Generator
        It draws the customers.
    """
    tests = []
    for pair in PAIRS:
        base = segment_by_visits(world)
        plan = base[base["segment"] != SILENT].sample(3 * EACH, random_state=rng)
        plan = plan.assign(offer_id=np.repeat(np.array([None, *pair]), EACH), propensity=1 / 3)
        wave, later = world.run(plan, campaign_id=" and ".join(pair))
        tests.append(SmallTest(world, base, pair, wave))
        world = later
    return tests


def send_to_everybody(tests: Sequence[SmallTest]) -> pd.DataFrame:
    """Say who would redeem an offer if all customers had got it on the day of its test; with their segments.

    Parameters
    ----------
    tests : sequence of SmallTest

    Returns
    -------
    DataFrame
        One row a customer and offer, among others: customer_id, segment, offer_id, redeemed.
    """
    found = []
    for test in tests:
        for offer in test.offers:
            everybody, _ = test.world.run(test.base.assign(offer_id=offer))
            main = everybody.outcomes.query("window == 'main'")
            found.append(main.merge(test.base, on="customer_id").assign(offer_id=offer))
    return pd.concat(found)


def draw_tests_again(
    people: pd.DataFrame, truth: pd.Series, rng: np.random.Generator, times: int = 50
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw 150 customers an offer again, many times.

    Parameters
    ----------
    people : DataFrame
        As `send_to_everybody` makes it, without silent customers.
    truth : Series
        True rate by segment and offer_id.
    rng : numpy.random.Generator
    times : int

    Returns
    -------
    (errors, held)
        One row a draw: squared error of each answer; share of intervals that hold the truth.
    """
    errors, held = [], []
    for _ in range(times):
        some = people.groupby("offer_id").sample(EACH, random_state=rng)
        cells = some.groupby(["segment", "offer_id"])["redeemed"].agg(["sum", "count", "mean"]).join(truth)
        calm = shrink_rates(cells["sum"], cells["count"]).table
        low, high = proportion_confint(cells["sum"], cells["count"], method="wilson")
        true = cells["truth"]
        answers = {"raw": cells["mean"], "one rate for all": some["redeemed"].mean(), "shrunken": calm["shrunken"]}
        errors.append({name: ((answer - true) ** 2).mean() for name, answer in answers.items()})
        inside = {"raw": true.between(low, high), "shrunken": true.between(calm["low"], calm["high"])}
        held.append({name: row.mean() for name, row in inside.items()})
    return pd.DataFrame(errors), pd.DataFrame(held)


def put_lifts_beside_rates(tests: Sequence[SmallTest], people: pd.DataFrame) -> pd.DataFrame:
    """Put the response rate and the lift of each offer side by side, as its test saw them, each with its truth.

    Parameters
    ----------
    tests : sequence of SmallTest
    people : DataFrame
        As for `draw_tests_again`.

    Returns
    -------
    DataFrame
        One row an offer, the highest rate first: offer_id; rate and lift, each with _low, _high and true_;
        true_profit. Money in euros per customer in four weeks, the profit in eight.
    """
    rows = [_describe_offer(test, offer, people) for test in tests for offer in test.offers]
    return pd.DataFrame(rows).sort_values("rate", ascending=False, ignore_index=True)


def _describe_offer(test: SmallTest, offer: str, people: pd.DataFrame) -> dict[str, Any]:
    mine = test.wave.contacts.merge(test.wave.outcomes.query("window == 'main'"), on="customer_id")
    sent = mine[mine["offer_id"] == offer]
    control = mine[mine["arm"] == "control"]
    low, high = proportion_confint(sent["redeemed"].sum(), len(sent), method="wilson")
    lift = compare_means(sent["sales"], control["sales"])
    true = test.world.truth.lift(test.wave, kind="expected").loc[offer]
    return {
        "offer_id": offer,
        "rate": sent["redeemed"].mean(),
        "rate_low": low,
        "rate_high": high,
        "true_rate": people[people["offer_id"] == offer]["redeemed"].mean(),
        "lift": lift.effect,
        "lift_low": lift.low,
        "lift_high": lift.high,
        "true_lift": true["sales"]["main"],
        "true_profit": true["profit"]["both"],
    }
