"""The many lotteries of lesson 33, tried on small tables whose answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.tasks.t33.lotteries import count_fools, crown_best, deal_prices, hold_zero, repeat_lottery

RNG = np.random.default_rng(0)
SALES = RNG.exponential(20, 2_000)
GAIN = np.full(2_000, 2.0)
LABELS = np.arange(2_000) < 1_000


def test_dealt_prices_wander_around_zero() -> None:
    table = pd.DataFrame({"sales": SALES, "lines": RNG.integers(1, 5, 2_000)})
    gaps = deal_prices(table, 1_000, draws=100)
    assert len(gaps) == 100
    assert abs(gaps.mean()) < 3 * gaps.std() / 10


def test_a_repeated_lottery_finds_the_truth_on_average_and_the_past_makes_it_quieter() -> None:
    found = repeat_lottery(SALES, GAIN, LABELS, known=0.9 * (SALES - SALES.mean()), draws=100)
    assert abs(found["plain"].mean() - 2.0) < 0.4
    assert found["sharpened"].std() < 0.3 * found["plain"].std()
    assert found["holds the truth"].mean() > 0.85


def test_five_letters_that_do_nothing_fool_more_often_than_one_and_the_correction_helps() -> None:
    arms = pd.Series(np.repeat(["a", "b", "control", "c", "d", "e"], [300, 300, 500, 300, 300, 300]))
    raw, corrected = count_fools(SALES, arms, draws=300)
    assert 0.08 < raw < 0.30
    assert corrected < raw / 2


def test_the_crowned_store_shows_more_than_it_has() -> None:
    store = pd.Series(np.arange(2_000) % 20).map("store {}".format)
    truth = pd.Series(2.0, index=store.unique())
    crowned = crown_best(SALES, GAIN, LABELS, store, truth, draws=30)
    assert crowned["true of the best"] == 2.0
    assert crowned["shown by the best"] > 5.0


def test_with_few_buyers_and_a_small_control_welch_holds_zero_too_rarely() -> None:
    few = np.where(RNG.random(2_000) < 0.05, RNG.exponential(50, 2_000), 0.0)
    held = hold_zero(few, 950, 50, draws=300)
    assert held["Welch holds zero"] < 0.93
    assert held["Welch says: it works"] > held["Welch says: it harms"]
    misses = held["Welch says: it works"] + held["Welch says: it harms"]
    assert misses + held["Welch holds zero"] == 1.0
