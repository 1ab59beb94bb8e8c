"""Exercise 33: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.stats.intervals import compare_means
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t33.scene import load_autumn, tell_autumn


@pytest.fixture(scope="module")
def contacts():
    return load_autumn().contacts


@pytest.fixture(scope="module")
def receipts():
    return load_autumn().receipts


def spent(contacts, receipts, start="2024-10-01", end="2024-10-29"):
    """One row a customer with sales and receipts of the window, by somebody who merges tables."""
    inside = receipts[receipts.time.between(start, end, inclusive="left")]
    sums = inside.groupby("customer_id", as_index=False).agg(sales=("sales", "sum"), orders=("basket_id", "nunique"))
    return contacts.merge(sums, on="customer_id", how="left").fillna({"sales": 0, "orders": 0})


def by_hand(a, b):
    """Difference of two means with Welch's normal interval."""
    gap, half = a.mean() - b.mean(), 1.96 * np.sqrt(a.var() / len(a) + b.var() / len(b))
    return gap, gap - half, gap + half


def groups(table, column="sales"):
    return table[column][table.arm == "gift"], table[column][table.arm == "control"]


@pytest.mark.slow
def test_everyone_drawn_by_hand_and_by_the_helper_is_right(contacts, receipts):
    table = spent(contacts, receipts)
    outcomes = build_outcomes(contacts, receipts, start="2024-10-01", end="2024-10-29", from_sent=True)
    lift, share = (measure_lift(contacts, outcomes, name) for name in ("sales", "responded"))
    for answer in (by_hand(*groups(table)), (lift.effect, lift.low, lift.high)):
        assert check("33b", answer).status == check("33b", np.round(answer, 3)).status == "right"
    assert check("33a", share.effect).status == check("33a", round(share.effect, 4)).status == "right"


def test_redeemers_against_control_are_named(contacts, receipts):
    table = spent(contacts, receipts)
    used, control = table[table.used_gift == 1], table[table.arm == "control"]
    assert check("33b", by_hand(used.sales, control.sales)).mistake == "redeemers_against_control"
    rates = (used.orders > 0).mean() - (control.orders > 0).mean()
    assert check("33a", rates).mistake == "redeemers_against_control"


def test_delivered_against_the_whole_control_is_named(contacts, receipts):
    table = spent(contacts, receipts)
    reached, control = table[table.delivered == True], table[table.arm == "control"]  # noqa: E712 (empty for control)
    assert check("33b", by_hand(reached.sales, control.sales)).mistake == "delivered_against_whole_control"
    rates = (reached.orders > 0).mean() - (control.orders > 0).mean()
    assert check("33a", rates).mistake == "delivered_against_whole_control"


def test_a_window_from_the_list_load_is_named(contacts, receipts):
    early = build_outcomes(contacts, receipts, start="2024-09-17", end="2024-10-15")
    lift, share = (measure_lift(contacts, early, name) for name in ("sales", "responded"))
    assert check("33b", (lift.effect, lift.low, lift.high)).mistake == "window_from_list_load"
    assert check("33a", share.effect).mistake == "window_from_list_load"
    per_order = measure_lift(contacts, early, "sales", per="orders")
    assert check("33c", (per_order.effect, per_order.low, per_order.high)).mistake == "window_from_list_load"


def test_lines_as_the_unit_are_named(contacts, receipts):
    inside = receipts[receipts.time.between("2024-10-01", "2024-10-29", inclusive="left")]
    lines = inside.merge(contacts[["customer_id", "arm"]])
    for code in ("33b", "33c"):
        assert check(code, by_hand(*groups(lines))).mistake == "lines_as_unit"


def test_buyers_only_are_named(contacts, receipts):
    inside = receipts[receipts.time.between("2024-10-01", "2024-10-29", inclusive="left")]
    sums = inside.groupby("customer_id", as_index=False).sales.sum().merge(contacts)  # an inner join: buyers only
    assert check("33b", by_hand(*groups(sums))).mistake == "buyers_only"


def test_totals_are_named(contacts, receipts):
    a, b = groups(spent(contacts, receipts))
    total, half = a.sum() - b.sum(), 1.96 * np.sqrt(len(a) * a.var() + len(b) * b.var())
    assert check("33b", (total, total - half, total + half)).mistake == "totals"


def test_control_minus_treated_is_named(contacts, receipts):
    assert check("33b", by_hand(*reversed(groups(spent(contacts, receipts))))).mistake == "sign_turned"


def test_an_interval_from_lines_around_the_right_effect_is_named(contacts, receipts):
    inside = receipts[receipts.time.between("2024-10-01", "2024-10-29", inclusive="left")]
    a, b = groups(inside.merge(contacts[["customer_id", "arm"]]))
    gap, _, _ = by_hand(*groups(spent(contacts, receipts)))
    half = 1.96 * np.sqrt(a.var() / len(a) + b.var() / len(b))
    assert check("33b", (gap, gap - half, gap + half)).mistake == "interval_from_lines"


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2024-09-17", "2024-10-29", "load_to_end"),
        ("2024-10-01", "2024-10-30", "last_day_inside"),
        ("2024-10-01", "2024-10-28", "last_day_cut_off"),
        ("2024-10-01", "2024-10-15", "two_weeks"),
        ("2024-09-03", "2024-10-01", "month_before"),
        ("2024-10-29", "2024-11-26", "month_after"),
    ],
)
def test_another_window_is_named(contacts, receipts, start, end, name):
    table = spent(contacts, receipts, start, end)
    assert check("33b", by_hand(*groups(table))).mistake == name
    if name in ("two_weeks", "last_day_cut_off", "load_to_end", "month_before"):
        assert (
            check("33a", np.subtract(*(side.mean() for side in groups(table.assign(b=table.orders > 0), "b")))).mistake
            == name
        )


def test_receipts_counted_as_customers_are_named(contacts, receipts):
    inside = receipts[receipts.time.between("2024-10-01", "2024-10-29", inclusive="left")]
    whole = inside.merge(contacts[["customer_id", "arm"]]).groupby(["arm", "basket_id"], as_index=False).sales.sum()
    assert check("33c", by_hand(*groups(whole))).mistake == "receipts_as_customers"


def test_the_mean_of_own_averages_is_named(contacts, receipts):
    table = spent(contacts, receipts).query("orders > 0")
    assert (
        check("33c", by_hand(*groups(table.assign(own=table.sales / table.orders), "own"))).mistake
        == "mean_of_averages"
    )


def test_the_adjustment_by_regression_with_two_slopes_is_right_and_with_one_is_named(contacts, receipts):
    table = spent(contacts, receipts).assign(past=spent(contacts, receipts, "2024-09-03", "2024-10-01").sales)
    table = table.assign(gift=(table.arm == "gift") * 1, past=table.past - table.past.mean())
    for formula, expected in (("sales ~ gift * past", None), ("sales ~ gift + past", "one_slope")):
        fit = smf.ols(formula, table).fit(cov_type="HC2")
        assert check("33d", (fit.params["gift"], *fit.conf_int().loc["gift"])).mistake == expected


def test_the_full_change_since_september_is_named(contacts, receipts):
    now, past = spent(contacts, receipts), spent(contacts, receipts, "2024-09-03", "2024-10-01")
    answer = by_hand(*groups(now.assign(change=now.sales - past.sales), "change"))
    assert check("33d", answer).mistake == "change_since_before"


@pytest.mark.parametrize("letter", ["A", "C", "D"])
def test_a_note_that_the_numbers_do_not_allow_is_named(contacts, receipts, letter):
    table = spent(contacts, receipts)
    profit = table.assign(profit=0.30 * table.sales - 2.40 * table.used_gift)
    low = compare_means(*groups(profit, "profit")).low - 0.10
    assert check("33e", ("B", low)).status == check("33e", ["b", round(low, 3)]).status == "right"
    assert check("33e", (letter, low)).mistake == f"signed_{letter}"
    assert check("33e", ("B", low + 0.10)).mistake == "mail_forgotten"


def test_a_profit_from_the_interval_of_sales_is_named(contacts, receipts):
    table = spent(contacts, receipts)
    low = 0.30 * by_hand(*groups(table))[1] - 2.40 * table.used_gift[table.arm == "gift"].mean() - 0.10
    assert check("33e", ("B", low)).mistake == "interval_of_sales"


def test_a_profit_from_the_margin_column_or_of_eight_weeks_is_named(contacts, receipts):
    outcomes = build_outcomes(contacts, receipts, start="2024-10-01", end="2024-10-29")
    outcomes = outcomes.merge(contacts[["customer_id", "used_gift"]], on="customer_id")
    main = outcomes[outcomes.window == "main"].merge(contacts[["customer_id", "arm"]], on="customer_id")
    earned = main.assign(profit=main.margin - 2.40 * main.used_gift)
    assert check("33e", ("B", by_hand(*groups(earned, "profit"))[1] - 0.10)).mistake == "margin_column"
    longer = spent(contacts, receipts, "2024-10-01", "2024-11-26")
    longer["profit"] = 0.30 * longer.sales - 2.40 * longer.used_gift
    assert check("33e", ("B", by_hand(*groups(longer, "profit"))[1] - 0.10)).mistake == "eight_weeks"


def test_the_adjusted_answer_in_the_place_of_the_plain_one_is_named(contacts, receipts):
    outcomes = build_outcomes(contacts, receipts, start="2024-10-01", end="2024-10-29")
    sharp = measure_lift(contacts, outcomes, "sales", before="sales")
    assert check("33b", (sharp.effect, sharp.low, sharp.high)).mistake == "adjusted"


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2024-10-01", "2024-11-26", "eight_weeks"),
        ("2024-10-02", "2024-10-29", "day_after"),
        ("2024-10-01", "2024-11-01", "calendar_month"),
    ],
)
def test_a_window_off_by_days_or_weeks_is_named(contacts, receipts, start, end, name):
    table = spent(contacts, receipts, start, end)
    assert check("33b", by_hand(*groups(table))).mistake == name
    bought = groups(table.assign(b=table.orders > 0), "b")
    assert check("33a", bought[0].mean() - bought[1].mean()).mistake == name


def test_what_is_not_sales_per_customer_drawn_is_named(contacts, receipts):
    inside = receipts[receipts.time.between("2024-10-01", "2024-10-29", inclusive="left")]
    table = spent(contacts, receipts)
    margin = inside.groupby("customer_id").margin.sum().reindex(table.customer_id, fill_value=0).to_numpy()
    assert check("33b", by_hand(*groups(table.assign(margin=margin), "margin"))).mistake == "margin_for_sales"
    gap = np.array(by_hand(*groups(table)))
    reach = table.delivered[table.arm == "gift"].mean()
    for wrong, name in (
        (0.3 * gap, "rate_for_margin"),
        (gap / reach, "divided_by_reach"),
        (gap * 100, "hundred_times"),
    ):
        assert check("33b", wrong).mistake == name
    half = 1.645 / 1.96 * (gap[2] - gap[0])
    assert check("33b", (gap[0], gap[0] - half, gap[0] + half)).mistake == "ninety_percent"
    joined = inside.groupby("customer_id", as_index=False).sales.sum().merge(contacts, how="right")  # NaN, not zero
    assert check("33b", by_hand(*groups(joined))).mistake == "per_buyer"


def test_the_number_behind_a_note_is_judged_by_itself(contacts, receipts):
    table = spent(contacts, receipts)
    gain = 0.30 * by_hand(*groups(table))[1]
    assert check("33e", ("B", gain - 2.40 * (table.orders[table.arm == "gift"] > 0).mean() - 0.10)).mistake == (
        "gift_for_each_buyer"
    )
    assert check("33e", ("C", gain)).mistake == "signed_C"
    assert check("33e", ("B", 0.5)).mistake is None


def named(code, answer, name):
    """Whether an answer, rounded as asked, is wrong and hears of this mistake, alone or among others."""
    rounded = np.round(answer, 4 if code == "33a" else 3)
    result = check(code, tuple(rounded) if np.ndim(rounded) else float(rounded))
    return result.status == "wrong" and name in (result.mistake or "").split(" or ")


def test_equal_lines_that_were_dropped_are_named(contacts, receipts):
    fewer = receipts.drop_duplicates()
    table = spent(contacts, fewer)
    outcomes = build_outcomes(contacts, fewer, start="2024-10-01", end="2024-10-29")
    per, sharp = (
        measure_lift(contacts, outcomes, "sales", **more) for more in ({"per": "orders"}, {"before": "sales"})
    )
    assert named("33b", by_hand(*groups(table)), "equal_lines_dropped")
    assert named("33c", (per.effect, per.low, per.high), "equal_lines_dropped")
    assert named("33d", (sharp.effect, sharp.low, sharp.high), "equal_lines_dropped")
    earned = table.assign(profit=0.30 * table.sales - 2.40 * table.used_gift)
    low = round(by_hand(*groups(earned, "profit"))[1] - 0.10, 3)
    assert check("33e", ("B", low)).mistake == "equal_lines_dropped"


def test_wrong_bases_of_a_share_are_named(contacts, receipts):
    table = spent(contacts, receipts).assign(bought=lambda t: t.orders > 0)
    bought, sizes = table.groupby("arm").bought.sum(), table.groupby("arm").size()
    assert named("33a", (bought["gift"] - bought["control"]) / 20_000, "share_of_all")
    assert named("33a", bought["gift"] / 15_000 - bought["control"] / 5_000, "planned_sizes")
    inner = table[table.bought].groupby("arm").bought.mean()
    assert named("33a", inner["gift"] - inner["control"], "inner_join")
    known = table[table.customer_id.isin(receipts.customer_id)].groupby("arm").bought.mean()
    assert named("33a", known["gift"] - known["control"], "known_customers_only")
    got = table.delivered.fillna(False).astype(bool)
    assert named("33a", table.bought[got].mean() - table.bought[~got].mean(), "not_reached_as_control")
    assert (
        "rounded too far"
        in check("33a", round(bought["gift"] / sizes["gift"] - bought["control"] / sizes["control"], 2)).message
    )


def test_an_interval_made_in_another_way_is_named(contacts, receipts):
    a, b = groups(spent(contacts, receipts))
    gap = a.mean() - b.mean()
    half = 1.96 * (a.sem() + b.sem())
    assert named("33b", (gap, gap - half, gap + half), "errors_added")
    careful = compare_means(a, b, variance="careful")
    assert named("33b", (careful.effect, careful.low, careful.high), "careful_interval")
    assert check("33b", tuple(round(number, 2) for number in by_hand(a, b))).mistake == "too_coarse"
    assert named("33b", np.divide(by_hand(a, b), 4), "per_week")


def test_a_ratio_without_its_covariance_or_of_two_lifts_is_named(contacts, receipts):
    table = spent(contacts, receipts)
    sides = [table[table.arm == arm] for arm in ("gift", "control")]
    ratios = [side.sales.sum() / side.orders.sum() for side in sides]
    pairs = list(zip(sides, ratios, strict=True))
    for name, keep in (("covariance_forgotten", 1), ("denominator_fixed", 0)):
        noise = sum(
            (side.sales.var() + keep * ratio**2 * side.orders.var()) / len(side) / side.orders.mean() ** 2
            for side, ratio in pairs
        )
        gap, half = ratios[0] - ratios[1], 1.96 * np.sqrt(noise)
        assert named("33c", (gap, gap - half, gap + half), name)
    found = compare_means(*groups(table))
    lift = np.array([found.effect, found.low, found.high])
    orders = sides[0].orders.mean() - sides[1].orders.mean()
    assert named("33c", lift / orders, "ratio_of_lifts")


def test_other_pasts_slopes_and_errors_of_the_adjustment_are_named(contacts, receipts):
    table = spent(contacts, receipts)
    for start, end, name in (
        ("2024-09-17", "2024-10-01", "two_weeks_of_past"),
        ("2024-09-03", "2024-10-29", "past_with_the_campaign"),
        ("2024-09-04", "2024-10-01", "past_a_day_short"),
        ("2024-09-03", "2024-09-30", "past_cut_off"),
    ):
        both = table.assign(past=spent(contacts, receipts, start, end).sales)
        found = measure_lift(both[["customer_id", "arm", "sales", "past"]], outcome="sales", before="past")
        assert named("33d", (found.effect, found.low, found.high), name)
    past = spent(contacts, receipts, "2024-09-03", "2024-10-01").sales
    regression = table.assign(gift=(table.arm == "gift") * 1, past=past - past.mean())
    for formula, name in (("sales ~ gift * past", "usual_errors"), ("sales ~ gift + past", "one_slope_usual_errors")):
        fit = smf.ols(formula, regression).fit()
        assert named("33d", (fit.params["gift"], *fit.conf_int().loc["gift"]), name)
    assert named("33d", by_hand(*groups(table.assign(rest=table.sales - 0.42 * past), "rest")), "other_slope")
    assert named("33d", (find_task("33d").compute().right[0], *by_hand(*groups(table))[1:]), "interval_of_33b")


@pytest.mark.parametrize(
    ("rate", "gift", "mail", "name"),
    [
        (0.70, 2.40, 0.10, "rest_for_margin"),
        (0.28, 2.40, 0.10, "other_margin_28"),
        (0.30, 2.40, 10.0, "ten_euros_for_mail"),
        (0.30, 0.72, 0.10, "gift_on_margin"),
        (1.00, 2.40, 0.10, "revenue_for_margin"),
    ],
)
def test_another_bill_is_named(contacts, receipts, rate, gift, mail, name):
    table = spent(contacts, receipts)
    earned = table.assign(profit=rate * table.sales - gift * table.used_gift)
    result = check("33e", ("B", round(by_hand(*groups(earned, "profit"))[1] - mail, 3)))
    assert name in result.mistake.split(" or ")


def test_a_profit_of_the_list_or_of_the_margin_column_is_not_ascribed_to_one_of_them(contacts, receipts):
    table = spent(contacts, receipts)
    earned = table.assign(profit=0.30 * table.sales - 2.40 * table.used_gift)
    low = by_hand(*groups(earned, "profit"))[1] - 0.10
    share = (contacts.arm == "gift").mean()
    result = check("33e", ("B", round(low * share, 3)))
    assert set(result.mistake.split(" or ")) == {"margin_column", "per_customer_of_the_list"}
    assert check("33e", ("B", round(round(low, 3) * (contacts.arm == "gift").sum()))).mistake == "for_all_drawn"
    assert "rounded too far" in check("33e", ("B", round(low, 2))).message


def test_the_worlds_truth_lies_inside_the_intervals_that_are_right() -> None:
    truth = tell_autumn()["sales"]
    for code in ("33b", "33d"):
        _, low, high = find_task(code).compute().right
        assert low < truth < high


def test_the_list_shows_what_the_story_says(contacts: pd.DataFrame) -> None:
    sent = contacts[contacts.arm == "gift"]
    assert contacts[contacts.arm == "control"][["sent_at", "delivered"]].isna().all(axis=None)
    assert (sent.sent_at.dt.normalize() == pd.Timestamp("2024-10-01")).all()
    assert (contacts.loaded_at == pd.Timestamp("2024-09-17")).all()
    assert 0.1 < 1 - sent.delivered.mean() < 0.3
    assert contacts[contacts.arm == "control"].used_gift.sum() == 0


def test_a_participant_who_changes_the_tables_changes_no_check(contacts: pd.DataFrame) -> None:
    mine = load_autumn()
    mine.receipts["sales"] = 0.0
    mine.contacts["arm"] = "gift"
    assert load_autumn().receipts.sales.sum() > 0
    assert load_autumn().contacts.arm.tolist() == contacts.arm.tolist()
