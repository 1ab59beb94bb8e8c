"""Exercise 34: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest
import statsmodels.formula.api as smf

from loyalty.evaluate.money.profit import campaign_money
from loyalty.stats.intervals import compare_means
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t34.scene import reveal_truth, run_campaigns

CAMPAIGNS = {"34a": "discount", "34b": "points", "34c": "service"}
every_campaign = pytest.mark.parametrize("code", CAMPAIGNS)


@pytest.fixture(scope="module")
def spring():
    return run_campaigns()


@pytest.fixture(scope="module")
def net(spring):
    return spring.outcomes.assign(margin=spring.outcomes.sales / 1.2 - spring.outcomes.goods_cost)


def count(spring, outcomes, code, **options):
    """The campaign's money by the helper, from outcomes with a column that somebody calls margin."""
    mine, rows = (table[table.campaign_id == CAMPAIGNS[code]] for table in (spring.contacts, outcomes))
    return campaign_money(mine, rows, spring.offers, **options)


def answer(code, money, plus=0.0):
    """What the task asks for; `plus` is what somebody adds for each customer."""
    if code == "34a":
        return money.profit.effect + plus
    part, times = (money.profit, 1) if code == "34b" else (money.total, money.profit.n_treated)
    return part.effect + plus * times, part.low + plus * times, part.high + plus * times


def purse(spring, code):
    """One row a customer, both windows that count, made with pandas alone."""
    rows = spring.outcomes[(spring.outcomes.campaign_id == CAMPAIGNS[code]) & (spring.outcomes.window != "pre")]
    sums = rows.groupby("customer_id").sum(numeric_only=True)
    mine = spring.contacts[spring.contacts.campaign_id == CAMPAIGNS[code]].set_index("customer_id")
    return sums.join((mine.arm == "sent").astype(int).rename("sent"))


@pytest.mark.slow
@every_campaign
def test_the_helper_with_the_tax_taken_out_of_the_margin_is_right(spring, net, code):
    assert check(code, answer(code, count(spring, net, code, vat_rate=0.2))).status == "right"


def test_a_regression_of_each_customers_profit_is_right(spring):
    rows = purse(spring, "34b")
    rows["profit"] = rows.sales / 1.2 - rows.goods_cost - rows.points_issued * 0.007
    fit = smf.ols("profit ~ sent", rows).fit(cov_type="HC1")
    low, high = fit.conf_int().loc["sent"]
    assert check("34b", (fit.params["sent"] - 0.08, low - 0.08, high - 0.08)).status == "right"
    assert check("34b", (fit.params["sent"], low, high)).mistake == "contact_forgotten"


@every_campaign
def test_windows_averaged_as_customers_and_a_contact_added_are_named(spring, net, code):
    mine = spring.contacts[spring.contacts.campaign_id == CAMPAIGNS[code]]
    rows = net[(net.campaign_id == CAMPAIGNS[code]) & (net.window != "pre")].merge(mine[["customer_id", "arm"]])
    rows["profit"] = rows.margin - rows.reward_paid - rows.points_issued * 0.007
    found = compare_means(rows.profit[rows.arm == "sent"], rows.profit[rows.arm == "control"])
    cost, times = (0.5, 20_000) if code == "34c" else (0.08, 1)
    wrong = tuple((end - cost) * times for end in (found.effect, found.low, found.high))
    assert check(code, wrong[0] if code == "34a" else wrong).mistake == "rows_as_customers"
    assert check(code, answer(code, count(spring, net, code), 2 * cost)).mistake == "contact_added"


@pytest.mark.slow
def test_a_contact_price_booked_half_or_wrongly_is_named(spring, net):
    profit, half = (count(spring, net, code).profit for code in ("34b", "34a"))
    assert check("34b", (profit.effect, profit.low + 0.08, profit.high + 0.08)).mistake == "interval_not_moved"
    assert check("34c", answer("34c", count(spring, net, "34c"), 0.42)).mistake == "contact_of_the_others"
    assert check("34a", half.effect / 2).mistake == "all_customers"


@every_campaign
def test_revenue_for_margin_is_named(spring, code):
    revenue = count(spring, spring.outcomes.assign(margin=spring.outcomes.sales), code)
    assert check(code, answer(code, revenue)).mistake == "revenue_for_margin"
    without_tax = count(spring, spring.outcomes.assign(margin=spring.outcomes.sales / 1.2), code)
    assert check(code, answer(code, without_tax)).mistake == "net_revenue_for_margin"


@every_campaign
def test_value_added_tax_inside_the_margin_is_named(spring, code):
    gross = spring.outcomes.assign(margin=spring.outcomes.sales - spring.outcomes.goods_cost)
    assert check(code, answer(code, count(spring, gross, code))).mistake == "vat_inside_margin"
    fifth = spring.outcomes.assign(margin=spring.outcomes.sales * 0.8 - spring.outcomes.goods_cost)
    assert check(code, answer(code, count(spring, fifth, code))).mistake == "fifth_of_the_price"


@every_campaign
def test_a_window_that_ends_with_the_campaign_is_named(spring, net, code):
    early = count(spring, net, code, windows="main")
    assert check(code, answer(code, early)).mistake == "window_ends_with_campaign"


@pytest.mark.parametrize("code", ["34a", "34b"])
def test_points_at_face_value_are_named(spring, net, code):
    face = count(spring, net, code, redemption_probability=1.0)
    assert check(code, answer(code, face)).mistake == "points_at_face"


def test_the_points_of_natural_buyers_left_out_are_named(spring, net):
    came = spring.outcomes.query("campaign_id == 'points' and window == 'main'").set_index("customer_id").orders > 0
    rows = purse(spring, "34b")
    share, points = came.groupby(rows.sent).mean(), rows.points_issued.groupby(rows.sent).mean()
    of_additional = (points[1] - points[0]) * 0.007 * (1 - share[0] / share[1])
    without = answer("34b", count(spring, net, "34b", point_cost=0), -of_additional)
    assert check("34b", without).mistake == "natural_buyers_forgotten"


def test_points_that_cost_nothing_or_only_what_is_spent_so_far_are_named(spring, net):
    assert check("34b", answer("34b", count(spring, net, "34b", point_cost=0))).mistake == "points_forgotten"
    spent = net.assign(points_issued=net.points_redeemed)
    so_far = count(spring, spent, "34b", redemption_probability=1.0)
    assert check("34b", answer("34b", so_far)).mistake == "points_spent_so_far"


def test_a_discount_of_natural_buyers_left_out_is_named(spring, net):
    rows = purse(spring, "34a")
    came = spring.outcomes.query("campaign_id == 'discount' and window == 'main'").set_index("customer_id").orders > 0
    share = came.groupby(rows.sent).mean()
    full = rows.sales / 1.2 + rows.discount / 1.2 - rows.goods_cost - rows.points_issued * 0.007
    of_additional = rows.discount / 1.2 * (1 - share[0] / share[1])
    gap = (full - of_additional).groupby(rows.sent).mean()
    assert check("34a", gap[1] - gap[0] - 0.08).mistake == "natural_buyers_forgotten"
    gap = full.groupby(rows.sent).mean()
    assert check("34a", gap[1] - gap[0] - 0.08).mistake == "discount_left_out"


def test_a_reward_booked_for_incremental_buyers_alone_is_named(spring, net):
    free = count(spring, net, "34c", reward_cost=0)
    came = spring.outcomes.query("campaign_id == 'service' and window == 'main'").set_index("customer_id").orders > 0
    rows = purse(spring, "34c")
    share = came.groupby(rows.sent).mean()
    each_new_buyer = answer("34c", free, -7.0 * (share[1] - share[0]))
    assert check("34c", each_new_buyer).mistake == "one_service_a_new_buyer"
    part = rows.reward_paid[rows.sent == 1].mean() * (1 - share[0] / share[1])
    assert check("34c", answer("34c", free, -part)).mistake == "natural_buyers_forgotten"
    assert check("34c", answer("34c", free)).mistake == "rewards_left_out"


@pytest.mark.slow
def test_rewards_booked_twice_or_without_tax_and_the_numbers_of_another_campaign_are_named(spring, net):
    for times, name in ((2, "rewards_twice"), (1 / 1.2, "tax_taken_out_of_the_rewards")):
        paid = net.assign(reward_paid=net.reward_paid * times)
        assert check("34c", answer("34c", count(spring, paid, "34c"))).mistake == name
    discount = count(spring, net, "34a").profit
    assert check("34b", (discount.effect, discount.low, discount.high)).mistake == "campaign_of_34a"


@every_campaign
def test_the_of_which_line_given_back_is_named(spring, net, code):
    money = count(spring, net, code, vat_rate=0.2)
    natural = money.lines.set_index("line").per_customer["of which natural buyers"]
    assert check(code, answer(code, money, -natural)).mistake == "natural_buyers_added_back"


def test_intervals_of_lines_added_up_are_named(spring):
    rows = purse(spring, "34b")
    rows["margin"], rows["points"] = rows.sales / 1.2 - rows.goods_cost, -rows.points_issued * 0.007
    fits = [smf.ols(f"{name} ~ sent", rows).fit(cov_type="HC1") for name in ("margin", "points")]
    effect = sum(fit.params["sent"] for fit in fits) - 0.08
    low, high = (sum(fit.conf_int().loc["sent", end] for fit in fits) - 0.08 for end in (0, 1))
    assert check("34b", (effect, low, high)).mistake == "intervals_added"


@pytest.mark.slow
def test_decisions_follow_from_the_helpers_recommendations(spring, net):
    found = [count(spring, net, code, vat_rate=0.2) for code in CAMPAIGNS]
    words = [money.recommendation.split()[0].strip(":") for money in found]
    total = sum(money.total.effect for money in found)
    assert check("34d", (*words, total)).status == check("34d", [*words, round(total)]).status == "right"
    early = [count(spring, net, code, windows="main") for code in CAMPAIGNS]
    words = [money.recommendation.split()[0].strip(":") for money in early]
    mistake = check("34d", (*words, sum(money.total.effect for money in early))).mistake
    assert mistake == "window_ends_with_campaign"


@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("send", "send", "send"), "sent_all"),
        (("stop", "stop", "stop"), "only_what_is_sure"),
        (("test", "test", "stop"), "test_whatever_is_open"),
        (("send", "test", "stop"), "points_at_face"),
    ],
)
def test_a_decision_that_the_numbers_do_not_carry_is_named(words, name):
    total = find_task("34d").compute().right[3]
    assert check("34d", (*words, total)).mistake == name


def test_a_word_and_a_sum_are_judged_one_by_one():
    *words, total = find_task("34d").compute().right
    assert check("34d", (["send again", "SEND", "stop:"], total)).status == "right"
    assert check("34d", (*words, round(total, -2))).mistake == "rounded_first"
    assert check("34d", (*words, total + 25)).mistake == "rounded_first"
    assert check("34d", (*words, total / 1000)).mistake == "thousandth"
    assert check("34d", (*words, 123.0)).mistake is None
    assert check("34d", ("send", "test", "stop", 123.0)).mistake == "test_whatever_is_open"
    assert check("34d", ("send", "send", "test", total)).mistake == "sent_what_lost"
    assert "you gave “go”" in check("34d", ("go", "send", "stop", total)).message


@every_campaign
def test_contacts_charged_to_both_groups_or_booked_in_cents_are_named(spring, net, code):
    cost = 0.5 if code == "34c" else 0.08
    found = count(spring, net, code)
    assert check(code, answer(code, found, cost)).mistake == "contact_forgotten"
    assert check(code, answer(code, found, -99 * cost)).mistake == "contact_in_cents"


@pytest.mark.slow
def test_the_truth_lies_inside_the_intervals_that_are_right(spring, net):
    truth = reveal_truth()
    for code, name in CAMPAIGNS.items():
        profit = count(spring, net, code, vat_rate=0.2).profit
        assert profit.low < truth[name] < profit.high


def test_the_three_tables_keep_their_contracts_and_hold_no_margin(spring):
    assert "margin" not in spring.outcomes and isinstance(spring.contacts, pd.DataFrame)
    mine = run_campaigns().outcomes
    mine["sales"] = 0.0  # a participant's change stays his own
    assert run_campaigns().outcomes.sales.sum() > 0
