"""The placebo lift: its days, its numbers by hand, and what it says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.evaluate.lift.placebo import ONLY_PAST, measure_placebo_lift, place_placebo
from loyalty.tables.check import TableError

DATES = {"start": "2024-04-01", "end": "2024-04-15"}


def make_tables(first="2024-01-01", seed=3, n=400):
    """Receipts of a day to a customer from `first` to the end of April; half of the customers in control."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(first, "2024-04-30 12:00")
    rows = n * len(days) // 20
    receipts = pd.DataFrame({
        "customer_id": rng.integers(0, n, rows), "time": rng.choice(days, rows),
        "sales": rng.gamma(2, 10, rows).round(2),
    })  # fmt: skip
    contacts = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": range(n)})
    contacts["arm"] = np.where(contacts["customer_id"] % 2 == 0, "mail", "control")
    return contacts, receipts


def test_the_days_are_as_many_and_lie_before_those_that_adjust_the_lift():
    contacts, receipts = make_tables()
    found = place_placebo(receipts, **DATES)
    assert found.say() == "14 days, 2024-02-19 to 2024-03-03" and not found.shared
    assert place_placebo(receipts, **DATES, before=0).say() == "14 days, 2024-03-18 to 2024-03-31"
    exact = receipts[receipts["time"] >= "2024-02-19"]
    assert place_placebo(exact, **DATES) == found
    late = receipts[receipts["time"] >= "2024-02-21"]
    assert (
        place_placebo(late, **DATES).say() == "28 days, 2024-03-04 to 2024-03-31"
        and place_placebo(late, **DATES).shared
    )


@pytest.mark.slow
def test_the_numbers_are_those_of_measure_lift_on_the_earlier_days():
    contacts, receipts = make_tables()
    found = measure_placebo_lift(contacts, receipts, **DATES)
    outcomes = build_outcomes(contacts, receipts, start="2024-02-19", end="2024-03-04", before=0, after=0)
    lift = measure_lift(contacts, outcomes)
    assert (found.effect, found.low, found.high, found.p) == (lift.effect, lift.low, lift.high, lift.p)
    inside = receipts[receipts["time"].between("2024-02-19", "2024-03-03 23:59")]
    means = inside["sales"].groupby(inside["customer_id"] % 2).sum() / 200
    assert found.effect == pytest.approx(means[0] - means[1], abs=1e-6)
    rate = measure_placebo_lift(contacts, receipts, "responded", **DATES)
    assert rate.is_rate and " points of responded" in rate.sentence()
    margin = measure_placebo_lift(contacts, receipts, "margin", **DATES, margin_rate=0.3)
    assert margin.effect == pytest.approx(0.3 * found.effect, abs=1e-6)


def test_it_says_days_and_interval_and_no_verdict():
    contacts, receipts = make_tables()
    receipts.loc[receipts["customer_id"] % 2 == 0, "sales"] += 30.0
    found = measure_placebo_lift(contacts, receipts, **DATES)
    assert found.low > 0
    says = found.sentence("€")
    assert (
        f"gives €{found.effect:.2f} of sales a customer (95 % interval €{found.low:.2f} to €{found.high:.2f})" in says
    )
    assert "(14 days, 2024-02-19 to 2024-03-03)" in says and found.reads() == found.sentence()
    assert not {"raised", "lowered", "changed"} & set(says.split()) and "near zero" in found._repr_html_()


def test_where_the_only_past_adjusts_the_lift_it_says_so():
    contacts, receipts = make_tables("2024-03-01")
    found = measure_placebo_lift(contacts, receipts, **DATES)
    assert found.window.shared and ONLY_PAST in found.warnings and ONLY_PAST in found.sentence()
    with pytest.raises(TableError, match="the receipts begin on 2024-03-01: for a placebo they have to reach back to"):
        measure_placebo_lift(contacts, receipts, **DATES, before=60)


@pytest.mark.slow
def test_one_arm_of_several_or_all_together():
    contacts, receipts = make_tables()
    three = contacts.assign(arm=np.array(["control", "mail", "gift"])[contacts["customer_id"] % 3])
    assert measure_placebo_lift(three, receipts, **DATES, arm="gift").n_treated == 133
    together = measure_placebo_lift(three.assign(propensity=[0.2, 0.4, 0.4] * 133 + [0.2]), receipts, **DATES)
    assert (together.arm, together.n_treated, together.n_control) == ("treated", 266, 134)


def test_all_that_is_wrong_is_said_at_once():
    contacts, receipts = make_tables()
    with pytest.raises(TableError) as caught:
        measure_placebo_lift(contacts.drop(columns="arm"), receipts.drop(columns="time"), **DATES, margin_rate=30)
    assert len(caught.value.problems) == 3
    with pytest.raises(TableError, match="end should be after start") as caught:
        place_placebo(receipts, start="2024-04-15", end="2024-04-01", before=-1)
    assert len(caught.value.problems) == 2


@pytest.mark.slow
@pytest.mark.parametrize("draws", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_of_lotteries_the_interval_leaves_zero_out_in_one_of_twenty(draws):
    contacts, receipts = make_tables()
    rng = np.random.default_rng(11)
    window = place_placebo(receipts, **DATES)
    outcomes = build_outcomes(contacts, receipts, start=window.first, end=window.end, before=0, after=0)
    out = 0
    for _ in range(draws):
        lots = contacts.assign(arm=np.where(rng.random(len(contacts)) < 0.3, "control", "mail"))
        found = measure_lift(lots, outcomes)
        out += not found.low <= 0 <= found.high
    assert out <= 0.05 * draws + 3.1 * np.sqrt(0.05 * 0.95 * draws) + 1
