"""Exercise 03: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty.tasks import check
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


def test_points_and_percent_that_are_confused_are_named():
    old, new = (
        table.responses.sum() / table.letters.sum() * 100 for table in (list_letters("spring"), list_letters("autumn"))
    )
    assert check("03b", (new - old, (new - old) / old * 100)).status == "right"
    assert check("03b", (round(new - old, 1), round((new / old - 1) * 100, 1))).status == "right"
    assert check("03b", ((new / old - 1) * 100, new - old)).mistake == "swapped"
    assert check("03b", (new - old, (new - old) / new * 100)).mistake == "of_the_new_rate"
    assert check("03b", (new - old, new / old * 100)).mistake == "ratio"


def test_a_mean_of_means_and_wrong_weights_are_named():
    table = list_letters("autumn")
    rates = table.responses / table.letters
    assert check("03c", np.average(rates, weights=table.letters)).status == "right"
    assert check("03c", rates.mean()).mistake == "mean_of_means"
    assert check("03c", np.average(rates, weights=table.customers)).mistake == "weighted_by_customers"
    assert check("03c", 100 * np.average(rates, weights=table.letters)).mistake == "hundred_times"


def test_one_side_and_the_other_side_of_zero_are_named():
    people = open_envelopes("exercise")
    gap, gaps = find_gap(people), shuffle_gaps(people)
    assert check("03d", (abs(gaps) >= gap).mean()).status == "right"
    assert check("03d", (gaps >= gap).mean()).mistake == "one_side"
    assert check("03d", (gaps < gap).mean()).mistake == "below_the_gap"
    assert check("03d", (abs(gaps) < gap).mean()).mistake == "nearer_to_zero"


def test_intervals_that_are_looked_at_on_one_side_are_named():
    intervals, truth = open_intervals()
    assert check("03e", intervals.apply(lambda one: one.low <= truth <= one.high, axis=1).sum()).status == "right"
    assert check("03e", (intervals.low > truth).sum() + (intervals.high < truth).sum()).mistake == "those_that_miss"
    assert check("03e", (intervals.low < truth).sum()).mistake == "low_end_only"
    assert check("03e", ((intervals.low <= truth) | (truth <= intervals.high)).sum()).mistake == "either_end"


@pytest.mark.parametrize(
    ("letter", "mistake"), [("A", "receipts_inside"), ("b", "certain"), ("C.", None), (" d ", "next_sample")]
)
def test_the_sentence_is_judged(letter, mistake):
    result = check("03f", letter)
    assert (result.status, result.mistake) == ("wrong" if mistake else "right", mistake)


def test_a_letter_that_is_none_is_told():
    assert "four letters" in check("03f", "E").message
