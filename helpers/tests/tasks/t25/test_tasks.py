"""Exercise 25: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.prepare.profile import build_profile
from loyalty.segment.value import (
    customer_value,
    fit_purchases,
    fit_spend,
    predict_purchases,
    summarise_purchases,
)
from loyalty.tables.check import TableError
from loyalty.tasks import check
from loyalty.tasks.t25.scene import find_true_value, open_cohort_chain, read_cohort

AS_OF, UNTIL = "2024-07-03", "2025-01-01"
NAMES = ["customer_id", "x", "t_x", "T"]


@pytest.fixture(scope="module")
def receipts():
    return read_cohort()


@pytest.fixture(scope="module")
def purchases(receipts):
    return summarise_purchases(receipts, AS_OF)


def test_the_history_by_hand_is_right(receipts):
    before = receipts[receipts.time < AS_OF]
    days = before.assign(day=before.time.dt.normalize())[["customer_id", "day"]].drop_duplicates()
    found = days.groupby("customer_id").day.agg(["size", "min", "max"])
    table = pd.DataFrame({"x": found["size"] - 1, "t_x": (found["max"] - found["min"]).dt.days / 7})
    table["T"] = (pd.Timestamp("2024-07-02") - found["min"]).dt.days / 7
    assert check("25a", table.reset_index().sample(frac=1, random_state=1)).status == "right"


def test_days_counted_with_the_hours_and_other_slips_of_the_window_are_named(receipts):
    times = receipts[receipts.time < AS_OF].groupby("customer_id").time
    table = times.agg(first="min", last="max").assign(x=times.apply(lambda one: one.dt.normalize().nunique()) - 1)
    table["t_x"] = (table["last"] - table["first"]).dt.days / 7  # as in the lesson, whose receipts have no hours
    table["T"] = (pd.Timestamp("2024-07-02") - table["first"]).dt.days / 7
    assert check("25a", table.reset_index()[NAMES]).mistake == "hours"
    assert check("25a", summarise_purchases(receipts, "2024-07-02")[NAMES]).mistake == "a_day_early"
    swapped = summarise_purchases(receipts, AS_OF).rename(columns={"t_x": "T", "T": "t_x"})
    assert check("25a", swapped[NAMES]).mistake == "swapped"


@pytest.mark.slow
def test_slips_with_the_forecast_are_named(purchases):
    model = fit_purchases(purchases, model="mbg_nbd")
    table = predict_purchases(model, purchases, weeks=26, interval=False).table
    assert check("25b", (table.expected * table.p_alive).sum()).mistake == "alive_twice"
    assert check("25b", table.expected[table.x > 0].sum()).mistake == "repeaters_only"
    longer = predict_purchases(model, purchases, weeks=39, interval=False)
    assert check("25b", longer.expected).mistake == "weeks_of_the_lesson"


@pytest.mark.slow
def test_a_margin_rate_that_knows_the_future_is_named(receipts, purchases):
    model, spend = fit_purchases(purchases, model="mbg_nbd"), fit_spend(purchases)
    options = {"weeks": 26, "yearly_discount": 0.1, "interval": False}
    leaking = receipts.margin.sum() / receipts.sales.sum()
    late = customer_value(model, spend, purchases, margin_rate=leaking, **options)
    assert check("25d", round(late.mean[0], 2)).mistake == "margin_rate_of_the_future"
    before = receipts[receipts.time < AS_OF]
    rate = before.margin.sum() / before.sales.sum()
    right = customer_value(model, spend, purchases, margin_rate=rate, **options)
    assert check("25d", round(right.table.value.median(), 2)).mistake == "median"
    assert check("25d", round(right.mean[0] * rate, 2)).mistake == "margin_twice"


def test_the_recency_of_rfm_is_named_and_refused_by_the_helper(receipts, purchases):
    wrong = purchases[NAMES].assign(t_x=purchases["T"] - purchases["t_x"])
    assert check("25a", wrong).mistake == "rfm_recency"
    with pytest.raises(TableError, match="recency of RFM"):
        fit_purchases(wrong)


@pytest.mark.slow
def test_the_leaking_window_is_named(receipts, purchases):
    late = summarise_purchases(receipts, UNTIL)
    assert check("25a", late[NAMES]).mistake == "holdout_inside"
    leaking = fit_purchases(late, model="mbg_nbd")
    assert (
        check("25b", predict_purchases(leaking, purchases, weeks=26, interval=False).expected).mistake
        == "fitted_on_holdout"
    )


@pytest.mark.slow
def test_other_histories_are_named(receipts, purchases):
    table = purchases[NAMES]
    assert check("25a", table.assign(x=table.x + 1)).mistake == "first_purchase_counted"
    assert check("25a", table.assign(t_x=table.t_x * 7, T=table["T"] * 7)).mistake == "days"
    assert check("25a", table.assign(T=table["T"] + 1 / 7)).mistake == "one_day_more"


@pytest.mark.slow
def test_certainly_alive_is_named(purchases):
    bg = predict_purchases(fit_purchases(purchases), purchases, weeks=26, interval=False).table
    assert check("25c", bg[bg.x == 0].p_alive.mean()).mistake == "certainly_alive"
    mbg = predict_purchases(fit_purchases(purchases, model="mbg_nbd"), purchases, weeks=26, interval=False).table
    assert check("25c", round(mbg[mbg.x == 0].p_alive.mean(), 3)).status == "right"
    assert check("25c", mbg.p_alive.mean()).mistake == "everybody"


@pytest.mark.slow
def test_revenue_for_margin_is_named(receipts, purchases):
    model, spend = fit_purchases(purchases, model="mbg_nbd"), fit_spend(purchases)
    sales = customer_value(model, spend, purchases, weeks=26, margin_rate=1, yearly_discount=0.1, interval=False)
    assert check("25d", round(sales.value / len(purchases), 2)).mistake == "revenue"
    before = receipts[receipts.time < AS_OF]
    rate = before.margin.sum() / before.sales.sum()
    right = customer_value(model, spend, purchases, weeks=26, margin_rate=rate, yearly_discount=0.1, interval=False)
    assert check("25d", round(right.value / len(purchases), 2)).status == "right"
    assert check("25d", right.value).mistake == "total"


@pytest.mark.slow
def test_one_rule_for_all_is_named_and_wrong_for_one_type_only():
    world = open_cohort_chain()
    silent = build_profile(world.receipts, AS_OF).query("recency_days > 90")
    silent = silent.merge(world.truth.alive(AS_OF)).merge(world.truth.types_on(AS_OF))
    shares = silent.groupby("type").alive.mean()
    pair = shares["chronic_patient"], shares["winter_colds"]
    assert check("25e", pair).status == "right"
    assert pair[0] < 0.3 and pair[1] > 0.5
    assert check("25e", (silent.alive.mean(), silent.alive.mean())).mistake == "one_rule_for_all"
    assert check("25e", pair[::-1]).mistake == "swapped"
    cohort = silent[silent.customer_id.isin(read_cohort().customer_id)].groupby("type").alive.mean()
    assert check("25e", (cohort["chronic_patient"], cohort["winter_colds"])).mistake == "cohort_only"


@pytest.mark.parametrize(
    ("letter", "mistake"), [("A", "one_rule_for_all"), ("b", "value_as_budget"), ("D", "certainly_alive")]
)
def test_sentences_that_may_not_be_signed_are_named(letter, mistake):
    assert check("25f", letter).mistake == mistake


@pytest.mark.slow
def test_the_true_value_discounted_lies_below_the_plain_one():
    world = open_cohort_chain()
    plain, less = (find_true_value(world, AS_OF, weeks=26, yearly_discount=d).true_value.sum() for d in (0.0, 0.1))
    sums = world.truth.lifetime_value(days=182, date=AS_OF).margin.sum()
    assert plain == pytest.approx(sums) and 0.95 * plain < less < 0.99 * plain
