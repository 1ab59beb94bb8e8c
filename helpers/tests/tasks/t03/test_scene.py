"""The chain of lesson 03: its samples keep their promise, its envelopes do nothing, its shuffles keep the money."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.stats import compare_means
from loyalty.tasks.t03.scene import (
    find_gap,
    find_interval,
    list_letters,
    list_receipts,
    open_envelopes,
    open_intervals,
    shuffle_gaps,
    take_samples,
)


def holding(intervals: pd.DataFrame, truth: float) -> float:
    return float(((intervals["low"] <= truth) & (truth <= intervals["high"])).mean())


def test_about_95_of_100_intervals_hold_the_truth() -> None:
    sales = list_receipts()["sales"]
    intervals = take_samples(sales, 800, samples=1_000, seed=11)
    low, high = stats.binom.interval(0.999, 1_000, 0.95)
    assert low / 1_000 <= holding(intervals, sales.mean()) <= high / 1_000
    assert 0.9 <= holding(*open_intervals()) <= 0.99


def test_samples_that_are_drawn_by_lines_miss_the_truth() -> None:
    receipts = list_receipts()
    intervals = take_samples(receipts["sales"], 800, chances=receipts["lines"])
    assert holding(intervals, receipts["sales"].mean()) == 0
    by_size = float((receipts["sales"] * receipts["lines"]).sum() / receipts["lines"].sum())
    assert intervals["mean"].mean() == pytest.approx(by_size, rel=0.05)  # a little less: nobody is drawn twice


def test_an_interval_is_that_of_students_t() -> None:
    sample = pd.Series([4.0, 7.0, 9.0, 12.0, 30.0])
    mean, low, high = find_interval(sample)
    expected = stats.ttest_1samp(sample, 0).confidence_interval(0.95)
    assert (mean, low, high) == pytest.approx((12.4, expected.low, expected.high))


def test_the_envelopes_are_dealt_evenly_and_do_nothing() -> None:
    for place in ("lesson", "exercise"):
        people = open_envelopes(place)
        assert people["envelope"].value_counts().to_dict() == {"blue": 60, "green": 60}
        assert people["customer_id"].is_unique
        assert (people["sales"] > 0).all()
    month = list_receipts("2024-05-01", "2024-06-01").groupby("customer_id")["sales"].sum()
    lesson = open_envelopes().set_index("customer_id")["sales"]
    assert lesson.to_dict() == pytest.approx(month.loc[lesson.index].to_dict(), abs=0.006)  # whoever got which colour


def test_shuffles_are_centred_on_zero_and_agree_with_a_referee() -> None:
    people = open_envelopes("exercise")
    gaps = shuffle_gaps(people, 4_000, seed=5)
    blue = people.loc[people["envelope"] == "blue", "sales"]
    green = people.loc[people["envelope"] == "green", "sales"]
    assert find_gap(people) == pytest.approx(blue.mean() - green.mean())
    assert abs(gaps.mean()) < 4 * gaps.std() / np.sqrt(len(gaps))
    referee = stats.permutation_test(
        (blue, green), lambda a, b: np.mean(a) - np.mean(b), n_resamples=4_000, rng=np.random.default_rng(6)
    ).pvalue
    assert (gaps.abs() >= abs(find_gap(people))).mean() == pytest.approx(referee, abs=0.03)
    assert compare_means(blue, green).effect == pytest.approx(find_gap(people))


def test_letters_are_answered_at_most_once() -> None:
    for season in ("spring", "autumn"):
        table = list_letters(season)
        assert (table["responses"] < table["letters"]).all()
    assert (list_letters("autumn")["letters"] <= list_letters("autumn")["customers"]).all()
