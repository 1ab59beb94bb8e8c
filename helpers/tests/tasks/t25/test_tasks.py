"""Exercise 25: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

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
from loyalty.tasks.checking.grading import find_task
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


@pytest.mark.slow
def test_other_money_other_rates_and_other_weeks_are_named(receipts, purchases):
    model, spend = fit_purchases(purchases, model="mbg_nbd"), fit_spend(purchases)
    before = receipts[receipts.time < AS_OF]
    options = {"weeks": 26, "yearly_discount": 0.1, "interval": False}

    def value(rate, spend=spend, table=purchases, **more):
        return customer_value(model, spend, table, margin_rate=rate, **(options | more))

    rate = before.margin.sum() / before.sales.sum()
    right = value(rate)
    table = right.table
    assert check("25d", round((table.value * table.p_alive).mean(), 2)).mistake == "alive_twice"
    sums = before.groupby("customer_id")[["margin", "sales"]].sum()
    of_customers = value((sums.margin / sums.sales).mean())
    assert check("25d", round(of_customers.mean[0], 2)).mistake == "mean_of_rates_of_customers"
    of_lines = value((before.margin / before.sales).mean())
    assert check("25d", round(of_lines.mean[0], 2)).mistake == "mean_of_rates_of_lines"
    days = before.groupby(["customer_id", before.time.dt.normalize()]).sales.sum().groupby("customer_id").mean()
    own = (table.expected_purchases * table.customer_id.map(days) * rate).mean()
    assert check("25d", round(own, 2)).mistake == "own_means_undiscounted"
    margins = summarise_purchases(receipts, AS_OF, of="margin")
    by_margin = value(1, fit_spend(margins), margins).mean[0]
    assert check("25d", by_margin).mistake == "spend_fitted_on_margin"
    assert "spend_fitted_on_margin" in check("25d", round(by_margin, 2)).mistake
    plain = round(value(rate, yearly_discount=0).mean[0], 2)
    assert check("25d", round(plain / 1.1, 2)).mistake.startswith("discounted_by_a_year")
    last = before[before.time >= "2024-01-03"].margin.sum() / len(purchases)
    assert check("25d", round(last, 2)).mistake == "last_26_weeks"
    assert check("25d", round(right.value)).mistake == "total_in_whole_euros"


def test_histories_by_hand_that_miss_a_day_or_a_border_are_named(receipts, purchases):
    table = purchases[NAMES]
    first = receipts.groupby("customer_id").time.min().dt.normalize()
    days = receipts.assign(day=receipts.time.dt.normalize()).groupby("customer_id").day.agg(["nunique", "max"])
    days = days.loc[table.customer_id]
    span = ((days["max"] - first.loc[table.customer_id]).dt.days / 7).to_numpy()
    assert check("25a", table.assign(x=days["nunique"].to_numpy() - 1, t_x=span)).mistake == "holdout_by_hand"
    since = (pd.Timestamp("2024-07-02") - first).dt.days.loc[table.customer_id].to_numpy()
    in_days = (table.t_x * 7).round().astype(int)
    assert check("25a", table.assign(t_x=in_days // 7, T=since // 7)).mistake == "whole_weeks"
    assert check("25a", table.assign(t_x=table.t_x.round(), T=table["T"].round())).mistake == "weeks_rounded"
    assert check("25a", table.assign(T=table["T"] - table.t_x)).mistake == "T_from_the_last_purchase"
    until_end = (pd.Timestamp("2024-12-31") - first).dt.days.loc[table.customer_id].to_numpy() / 7
    assert check("25a", table.assign(T=until_end)).mistake == "T_to_the_end"


@pytest.mark.slow
def test_other_days_other_wholes_and_a_model_for_the_truth_are_named():
    world = open_cohort_chain()

    def shares(table, column="alive"):
        found = table.groupby("type")[column].mean()
        return found["chronic_patient"], found["winter_colds"]

    def look(day, alive_on):
        profile = build_profile(world.receipts, day)
        return profile.merge(world.truth.alive(alive_on)).merge(world.truth.types_on(day))

    table = look(AS_OF, AS_OF)
    late = look(UNTIL, UNTIL).query("recency_days > 90")
    assert check("25e", shares(late)).mistake == "end_of_2024"
    assert check("25e", shares(look(AS_OF, UNTIL).query("recency_days > 90"))).mistake == "alive_at_the_end"
    both = table.assign(both=table.alive & (table.recency_days > 90))
    assert check("25e", shares(both, "both")).mistake == "of_the_whole_type"
    assert check("25e", shares(table.query("recency_days > 91"))).mistake == "above_91_days"
    history = summarise_purchases(world.receipts, AS_OF)
    model = fit_purchases(history, model="mbg_nbd")
    told = predict_purchases(model, history, weeks=26, interval=False).table[["customer_id", "p_alive"]]
    silent = table.query("recency_days > 90").merge(told)
    assert check("25e", shares(silent, "p_alive")).mistake == "mbg_nbd_for_the_truth"
    rounded = [round(one, 3) for one in shares(silent, "p_alive")]
    assert check("25e", rounded).mistake == "mbg_nbd_for_the_truth"


@pytest.mark.slow
def test_each_number_is_praised_with_its_interval(purchases):
    model, spend = fit_purchases(purchases, model="mbg_nbd"), fit_spend(purchases)
    found = predict_purchases(model, purchases, weeks=26)
    assert f"({found.low:,.0f} to {found.high:,.0f})" in check("25b", found.expected).message
    once = found.table.query("x == 0").p_alive
    praise = check("25c", once.mean()).message
    low, high = (int(one) / 100 for one in re.findall(r"(\d+)%", praise)[1:3])
    assert low < once.mean() < high and f"for {len(once)} customers" in praise
    luck = np.sqrt((once * (1 - once)).sum()) / len(once)
    history = [purchases.query("x == 0")[name].to_numpy(float) for name in ("x", "t_x", "T")]

    def mean_alive(logs):
        return model.law.p_alive(np.exp(logs), *history).mean()

    slope = optimize.approx_fprime(np.log(model.theta), mean_alive, 1e-6)  # the delta method, for the parameters' doubt
    half = 1.96 * np.sqrt(slope @ model.covariance @ slope + luck**2)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)
    value = customer_value(model, spend, purchases, weeks=26, margin_rate=0.3, yearly_discount=0.1)
    assert re.search(r"\(€\d+\.\d\d to €\d+\.\d\d\)", check("25d", find_task("25d").compute().right).message)
    assert value.mean[1] < value.mean[0] < value.mean[2]


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
