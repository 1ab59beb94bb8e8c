"""Exercise 31: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats
from statsmodels.sandbox.regression.gmm import IV2SLS

from loyalty.stats.intervals import compare_means
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t31.scene import launch_app

OPENS, CLOSES, END = pd.Timestamp("2024-06-03"), pd.Timestamp("2024-08-05"), pd.Timestamp("2024-10-28")


@pytest.fixture(scope="module")
def app():
    return launch_app()


@pytest.fixture(scope="module")
def receipts(app):
    """Whole receipts of the users, by people who work with receipts and not with lines."""
    chain = app[1]
    users = chain.customers.customer_id[chain.customers.card_since < OPENS]
    lines = chain.receipts[chain.receipts.customer_id.isin(users) & (chain.receipts.time >= "2024-03-01")]
    whole = lines.groupby("basket_id").agg(
        customer_id=("customer_id", "first"), time=("time", "first"), paid=("sales", "sum")
    )
    return users, whole


@pytest.fixture(scope="module")
def trial(app):
    wave = app[0]
    main = wave.outcomes.query("window == 'main'")
    table = wave.contacts.merge(main[["customer_id", "sales", "orders", "start", "end"]], on="customer_id")
    return table.assign(
        spend=table.sales / (table.end - table.start).dt.days * 28, invited=(table.arm == "invited") * 1
    )


def owners(receipts, until):
    _, whole = receipts
    return set(whole[(whole.paid >= 30) & whole.time.between(OPENS, until, inclusive="left")].customer_id)


def gap(receipts, start, end, until=CLOSES):
    users, whole = receipts
    paid = whole[whole.time.between(start, end, inclusive="left")].groupby("customer_id").paid.sum()
    paid = users.map(paid).fillna(0) * 28 / (end - start).days
    mine = users.isin(owners(receipts, until))
    return paid[mine], paid[~mine]


def test_a_fair_clock_is_right(receipts):
    mine, others = gap(receipts, CLOSES, END)
    assert check("31a", mine.mean() - others.mean()).status == "right"


def test_the_qualifying_purchase_inside_the_window_is_named(receipts):
    mine, others = gap(receipts, OPENS, END)
    assert check("31a", mine.mean() - others.mean()).mistake == "qualifying_purchase_counted"


def test_the_qualifying_purchase_counted_after_joining_is_named(receipts):
    users, whole = receipts
    earned = (
        whole[(whole.paid >= 30) & whole.time.between(OPENS, CLOSES, inclusive="left")]
        .groupby("customer_id")
        .time.min()
    )
    mine = whole[whole.time < END].join(earned.rename("earned"), on="customer_id").query("time >= earned")
    rates = mine.groupby("customer_id").paid.sum() / ((END - earned) / pd.Timedelta(days=28))
    others = gap(receipts, OPENS, END)[1]
    assert check("31a", rates.mean() - others.mean()).mistake == "after_joining"


@pytest.mark.parametrize(("unit", "name"), [("customer_id", "weeks_as_receipt"), ("line", "lines_as_receipts")])
def test_thirty_euros_in_another_unit_than_the_receipt_are_named(app, receipts, unit, name):
    users, whole = receipts
    lines = app[1].receipts.reset_index(names="line")
    lines = lines[lines.time.between(OPENS, CLOSES, inclusive="left") & lines.customer_id.isin(users)]
    reached = lines[lines.groupby(unit).sales.transform("sum") >= 30].customer_id
    paid = whole[whole.time.between(CLOSES, END, inclusive="left")].groupby("customer_id").paid.sum()
    paid, mine = users.map(paid).fillna(0) / 3, users.isin(reached)
    assert check("31a", paid[mine].mean() - paid[~mine].mean()).mistake == name


def test_owners_against_all_users_and_themselves_are_named(receipts):
    mine, others = gap(receipts, CLOSES, END)
    assert check("31a", mine.mean() - pd.concat([mine, others]).mean()).mistake == "all_users"


def test_the_year_before_averaged_into_the_effect_is_named(app):
    rows = app[0].outcomes.merge(app[0].contacts[["customer_id", "arm"]], on="customer_id")
    spend = rows.sales / (rows.end - rows.start).dt.days * 28
    found = compare_means(*(spend[rows.arm == arm] for arm in ("invited", "control")))
    assert check("31c", (found.effect, found.low, found.high)).mistake == "both_windows"


def test_immortal_time_is_named(receipts):
    mine, others = gap(receipts, CLOSES, END, until=END)
    assert check("31a", mine.mean() - others.mean()).mistake == "immortal_time"
    before = compare_means(*gap(receipts, OPENS - pd.Timedelta(days=84), OPENS, until=END))
    assert check("31b", (before.effect, before.low, before.high)).mistake == "immortal_time"


def test_the_gap_before_by_regression_is_right(receipts):
    mine, others = gap(receipts, OPENS - pd.Timedelta(days=84), OPENS)
    rows = pd.concat([mine.to_frame("spend").assign(owner=1), others.to_frame("spend").assign(owner=0)])
    fit = smf.ols("spend ~ owner", rows).fit(cov_type="HC1")
    assert check("31b", (fit.params["owner"], *fit.conf_int().loc["owner"])).status == "right"


@pytest.mark.parametrize(("code", "flag"), [("31c", "invited"), ("31d", "took_card")])
def test_controlling_for_a_consequence_is_named(trial, code, flag):
    fit = smf.ols(f"spend ~ {flag} + orders", trial).fit(cov_type="HC1")
    answer = (fit.params[flag], *fit.conf_int().loc[flag])
    assert check(code, answer).mistake == "consequence_controlled"


def test_intention_to_treat_by_regression_is_right(trial):
    fit = smf.ols("spend ~ invited", trial).fit(cov_type="HC1")
    assert check("31c", (fit.params["invited"], *fit.conf_int().loc["invited"])).status == "right"


@pytest.mark.parametrize("code", ["31c", "31d"])
def test_takers_against_others_are_named(trial, code):
    fit = smf.ols("spend ~ took_card", trial).fit(cov_type="HC1")
    assert check(code, (fit.params["took_card"], *fit.conf_int().loc["took_card"])).mistake == "as_treated"


def test_two_stage_least_squares_is_right(trial):
    ones = pd.Series(1.0, trial.index)
    x, z = pd.concat([ones, trial.took_card], axis=1), pd.concat([ones, trial.invited], axis=1)
    fit = IV2SLS(trial.spend.to_numpy(), x.to_numpy(float), z.to_numpy(float)).fit()
    half = 1.96 * fit.bse[1]
    assert check("31d", (fit.params[1], fit.params[1] - half, fit.params[1] + half)).status == "right"


def test_the_effect_divided_by_the_take_up_of_the_invited_alone_is_named(trial):
    found = compare_means(*(trial.spend[trial.invited == one] for one in (1, 0)))
    share = trial.took_card[trial.invited == 1].mean()
    answer = (found.effect / share, found.low / share, found.high / share)
    assert check("31d", answer).mistake == "take_up_of_the_invited"


@pytest.mark.parametrize("letter", ["A", "C", "D"])
def test_a_note_that_the_numbers_do_not_allow_is_named(trial, letter):
    found = compare_means(*(trial.spend[trial.invited == one] for one in (1, 0)))
    low = 0.28 * found.low - 0.10
    assert check("31e", ("B", low)).status == check("31e", ["b", low]).status == "right"
    assert check("31e", (letter, low)).mistake == f"signed_{letter}"
    assert check("31e", ("B", found.low - 0.10)).mistake == "revenue_for_margin"


@pytest.mark.slow
def test_the_worlds_truth_lies_inside_the_intervals_that_are_right(app):
    truth, scale = app[1].truth.card_effect, 28 / 366
    for code, value in (("31c", truth.invitation), ("31d", truth.complier)):
        _, low, high = find_task(code).compute().right
        assert 0 < low <= value * scale <= high


@pytest.mark.parametrize(("days", "name"), [(364, "thirteen_periods"), (365, "year_of_365"), (336, "twelve_months")])
def test_a_year_that_is_not_366_days_long_is_named(trial, days, name):
    found = compare_means(*(trial.spend[trial.invited == one] * 366 / days for one in (1, 0)))
    assert check("31c", (found.effect, found.low, found.high)).mistake == name


def test_the_effect_per_complier_with_ends_divided_by_hand_is_right_and_with_a_rounded_take_up_it_is_not(trial):
    found = compare_means(*(trial.spend[trial.invited == one] for one in (1, 0)))
    took = trial.groupby("invited").took_card.mean()
    for share, status in ((took[1] - took[0], "right"), (0.85, "wrong")):
        answer = (found.effect / share, found.low / share, found.high / share)
        assert check("31d", answer).status == status


def test_the_wrong_number_behind_the_right_note_is_named(trial):
    found = compare_means(*(trial.spend[trial.invited == one] for one in (1, 0)))
    for answer, name in (
        (("B", 0.28 * (found.low - 0.10)), "fee_before_margin"),
        (("B", 0.28 * found.low - 0.10 * trial.took_card[trial.invited == 1].mean()), "fee_for_takers"),
        (("B", 100 * (0.28 * found.low - 0.10)), "hundred_times"),
        (("D", 7.0), "signed_D"),
    ):
        assert check("31e", answer).mistake == name


def named(code, answer, name):
    """Whether an answer, rounded as asked, is wrong and hears of this mistake, alone or among others."""
    rounded = np.round(answer, 3)
    result = check(code, tuple(rounded) if np.ndim(rounded) else float(rounded))
    return result.status == "wrong" and name in (result.mistake or "").split(" or ")


def test_other_intervals_of_the_gap_before_are_named_and_two_that_look_alike_together(receipts):
    mine, others = gap(receipts, OPENS - pd.Timedelta(days=84), OPENS)
    effect = mine.mean() - others.mean()
    student = stats.ttest_ind(mine, others).confidence_interval(0.95)
    result = check("31b", tuple(np.round([effect, student.low, student.high], 3)))
    assert set(result.mistake.split(" or ")) == {"pooled_variance", "ninety_percent"}
    added = 1.96 * (mine.std() / np.sqrt(len(mine)) + others.std() / np.sqrt(len(others)))
    assert named("31b", (effect, effect - added, effect + added), "errors_added")
    two = 2 * np.hypot(mine.std() / np.sqrt(len(mine)), others.std() / np.sqrt(len(others)))
    assert named("31b", (effect, effect - two, effect + two), "two_standard_errors")


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2024-04-01", "2024-06-03", "nine_weeks"),
        ("2024-03-04", "2024-06-03", "thirteen_weeks"),
        ("2024-03-11", "2024-06-04", "last_day_inside"),
    ],
)
def test_other_days_before_the_badge_are_named(receipts, start, end, name):
    found = compare_means(*gap(receipts, pd.Timestamp(start), pd.Timestamp(end)))
    assert named("31b", (found.effect, found.low, found.high), name)


def test_equal_lines_that_were_dropped_are_named(app, receipts):
    lines = app[1].receipts[["customer_id", "time", "basket_id", "sales"]].drop_duplicates()
    lines = lines[lines.customer_id.isin(receipts[0])]
    whole = lines.groupby("basket_id").agg(
        customer_id=("customer_id", "first"), time=("time", "first"), paid=("sales", "sum")
    )
    mine, others = gap((receipts[0], whole), CLOSES, END)
    assert named("31a", mine.mean() - others.mean(), "equal_lines_dropped")


def test_medians_percent_and_other_divisors_are_named(receipts):
    mine, others = gap(receipts, CLOSES, END)
    effect = mine.mean() - others.mean()
    assert named("31a", np.median(mine) - np.median(others), "medians")
    assert named("31a", 100 * effect / others.mean(), "percent_more")
    assert named("31a", effect * 84 / 63, "divided_by_63_days")


def test_other_comparisons_of_the_lottery_are_named(trial):
    control = trial.spend[trial.invited == 0].mean()
    right = np.array(find_task("31c").compute().right)
    assert named("31c", 100 * right / control, "relative_percent")
    takers = trial[trial.took_card == 1]
    found = compare_means(takers.spend[takers.invited == 1], takers.spend[takers.invited == 0])
    assert named("31c", (found.effect, found.low, found.high), "takers_only")
    found = compare_means(trial.spend[trial.invited == 1], trial.spend)
    assert named("31c", (found.effect, found.low, found.high), "invited_against_all")


def test_other_divisors_of_the_lottery_are_named_by_their_number(trial):
    itt = np.array(find_task("31c").compute().right)
    took = trial.groupby("invited").took_card.mean()
    assert named("31d", itt / took[0], "take_up_of_control")
    assert named("31d", itt / took.sum(), "sum_of_take_ups")
    result = check("31d", tuple(np.round(itt / 0.80, 3)))
    assert result.mistake == "other_divisor" and "0.800" in result.message


@pytest.mark.parametrize(
    ("margin", "fee", "name"),
    [
        (0.28, 10, "ten_euros_for_the_fee"),
        (0.25, 0.1, "margin_25"),
        (0.30, 0.1, "margin_30"),
        (0.28, 1.2, "fee_twelve_times"),
    ],
)
def test_another_bill_of_the_app_is_named(margin, fee, name):
    low = find_task("31c").compute().right[1]
    assert name in check("31e", ("B", round(margin * low - fee, 3))).mistake.split(" or ")


def test_a_fee_of_takers_and_a_margin_of_thirty_cents_are_said_together(trial):
    low = find_task("31c").compute().right[1]
    took = trial.took_card[trial.invited == 1].mean()
    for answer in (0.30 * low - 0.10, 0.28 * low - 0.10 * took):
        said = check("31e", ("B", round(answer, 3))).message
        if round(answer, 3) == 0.064:
            assert "30 cents" in said and "took the app" in said
    assert "rounded too far" in check("31e", ("B", round(0.28 * low - 0.10, 2))).message
