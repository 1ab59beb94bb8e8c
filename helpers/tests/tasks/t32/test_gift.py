"""The helpers of lesson 32, tried on small tables whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.tasks.t32.gift import count_alarms, lose_letters, repeat_lottery, watch_tests

RNG = np.random.default_rng(0)
VALUES = RNG.exponential(20, 2_000)


def test_lotteries_wander_around_what_was_planted() -> None:
    gaps = repeat_lottery(VALUES, 200, planted=3.0, runs=200)
    error = VALUES.std() * np.sqrt(1 / 200 + 1 / 1_800)
    assert abs(gaps.mean() - 3) < 4 * error / np.sqrt(200)
    assert abs(gaps.std() / error - 1) < 0.2


def test_few_buyers_and_a_small_control_ring_too_often_with_a_variance_of_their_own() -> None:
    few = np.where(RNG.random(2_000) < 0.05, RNG.exponential(50, 2_000), 0.0)
    own, common = count_alarms(few, treated=950, control=50, runs=400)
    assert own > 0.08 > common


def test_a_test_of_nothing_watched_daily_rings_more_often_than_one_looked_at_once() -> None:
    so_far = RNG.exponential(1, (400, 10)).cumsum(axis=1)
    steps = watch_tests(so_far, runs=400)
    assert steps.shape == (400, 10)
    assert (steps > 1.96).any(axis=1).mean() > (steps[:, -1] > 1.96).mean() + 0.04


def test_only_the_treated_lose_letters_and_the_silent_lose_more() -> None:
    contacts = pd.DataFrame({"arm": ["gift", "control"] * 1_000})
    silent = np.repeat([10, 200], 1_000)
    kept = lose_letters(contacts, silent)
    assert (kept["arm"] == "control").sum() == 1_000
    lost = contacts.index.difference(kept.index)
    assert (lost >= 1_000).mean() > 0.7
