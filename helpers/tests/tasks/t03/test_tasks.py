"""Exercise 03: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t03.scene import (
    find_gap,
    list_letters,
    list_receipts,
    open_envelopes,
    open_intervals,
    shuffle_gaps,
)


def test_mean_and_median_that_are_confused_are_named():
    december = list_receipts("2024-12-01", "2025-01-01")
    median, mean = december.sales.quantile(0.5), np.mean(december.sales)
    assert check("03a", (median, mean)).status == "right"
    assert check("03a", (mean, median)).mistake == "swapped"
    of_customers = december.groupby("customer_id").sales.sum()
    assert check("03a", (of_customers.median(), of_customers.mean())).mistake == "per_customer"
    assert check("03a", (mean, mean)).mistake == "mean_twice"
    assert check("03a", (median, of_customers.mean())).mistake == "mean_of_customers"
    row = check("03a", (december.sales.iloc[len(december) // 2], round(mean, 2)))
    assert row.mistake == "frequent_or_middle_row"
    assert "middle row" in row.message


def test_points_and_percent_that_are_confused_are_named():
    old, new = (
        table.responses.sum() / table.letters.sum() * 100 for table in (list_letters("spring"), list_letters("autumn"))
    )
    assert check("03b", (new - old, (new - old) / old * 100)).status == "right"
    assert check("03b", (round(new - old, 1), round((new / old - 1) * 100, 1))).status == "right"
    assert check("03b", ((new / old - 1) * 100, new - old)).mistake == "swapped"
    assert check("03b", (new - old, (new - old) / new * 100)).mistake == "of_the_new_rate"
    assert check("03b", (new - old, new / old * 100)).mistake == "ratio"
    assert check("03b", (1.2, 0.229)).mistake == "percent_as_fraction"
    assert check("03b", (0.012, 22.9)).mistake == "points_as_fraction"
    assert check("03b", (1.2, 20.0)).mistake == "letters_compared"
    assert check("03b", (1.2, 11.9)).mistake == "mean_of_rises"
    assert check("03b", (5.25, 6.45)).mistake == "rates_given"
    assert check("03b", (-1.2, -18.6)).mistake == "seasons_exchanged"


def test_a_mean_of_means_and_wrong_weights_are_named():
    table = list_letters("autumn")
    rates = table.responses / table.letters
    assert check("03c", np.average(rates, weights=table.letters)).status == "right"
    assert check("03c", rates.mean()).mistake == "mean_of_means"
    assert check("03c", 0.0525).mistake == "spring"
    assert check("03c", table.responses.sum() / list_letters().letters.sum()).mistake == "seasons_mixed"
    assert check("03c", np.average(rates, weights=table.customers)).mistake == "weighted_by_customers"
    assert check("03c", 100 * np.average(rates, weights=table.letters)).mistake == "hundred_times"


def test_one_side_and_the_other_side_of_zero_are_named():
    people = open_envelopes("exercise")
    gap, gaps = find_gap(people), shuffle_gaps(people)
    assert check("03d", (abs(gaps) >= gap).mean()).status == "right"
    assert check("03d", (gaps >= gap).mean()).mistake == "one_side"
    assert check("03d", (gaps < gap).mean()).mistake == "below_the_gap"
    assert check("03d", (gaps >= gap).sum()).mistake == "one_side_as_number"
    assert check("03d", 0.145).mistake == "the_lesson"
    assert check("03d", (abs(gaps) < gap).mean()).mistake == "nearer_to_zero"


def test_intervals_that_are_looked_at_on_one_side_are_named():
    intervals, truth = open_intervals()
    assert check("03e", intervals.apply(lambda one: one.low <= truth <= one.high, axis=1).sum()).status == "right"
    assert check("03e", (intervals.low > truth).sum() + (intervals.high < truth).sum()).mistake == "those_that_miss"
    assert check("03e", (intervals.low < truth).sum()).mistake == "low_end_only"
    assert check("03e", (intervals.high > truth).sum()).mistake == "high_end_only"
    assert check("03e", (intervals.low > truth).sum()).mistake == "above_the_truth"
    assert check("03e", (intervals.high < truth).sum()).mistake == "below_the_truth"


def test_all_hundred_is_told_without_ascribing_a_sign():
    intervals, truth = open_intervals()
    own = intervals["mean"].between(intervals.low, intervals.high).sum()
    either = ((intervals.low <= truth) | (truth <= intervals.high)).sum()
    for count in (own, either, 100):
        found = check("03e", count)
        assert found.mistake == "all_of_them"
        assert "You" not in found.message


def test_a_truth_that_was_rounded_or_replaced_counts_another_number():
    intervals, truth = open_intervals()

    def count(value):
        return ((intervals.low <= value) & (value <= intervals.high)).sum()

    assert check("03e", count(round(truth))).mistake == "truth_in_whole_euros"
    assert check("03e", count(24.5)).mistake == "other_truth"
    assert check("03e", count(intervals["mean"].mean())).mistake == "mean_of_the_means"
    assert check("03e", (intervals.high - intervals.low < 5).sum()).mistake == "narrow_ones"
    assert check("03e", 95).mistake == "promised"
    assert {mistake.value for mistake in find_task("03e").compute().mistakes}.isdisjoint({count(truth)})


@pytest.mark.parametrize(
    ("letter", "mistake"), [("A", "receipts_inside"), ("b", "certain"), ("C.", None), (" d ", "next_sample")]
)
def test_the_sentence_is_judged(letter, mistake):
    result = check("03f", letter)
    assert (result.status, result.mistake) == ("wrong" if mistake else "right", mistake)


def test_a_letter_that_is_none_is_told():
    assert '"A", "B", "C" or "D"' in check("03f", "E").message


def test_a_share_of_the_intervals_is_no_count():
    assert "whole number of intervals" in check("03e", 0.92).message
