"""Exercise 38: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from loyalty.evaluate.budget.plan import plan_budget
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t38.scene import gather_tests, reveal_truth

CALLS = {"call": 2_500}


@pytest.fixture(scope="module")
def options():
    table = gather_tests().options
    return table.assign(cost=table.contact_cost + table.discount + table.reward * table.redeemed)


@pytest.fixture(scope="module")
def full(options):
    return options.assign(cost=options.contact_cost + options.discount + options.reward)


@pytest.fixture(scope="module")
def lines(options):
    return gather_tests().agency.merge(options, on=["segment", "offer_id"])


def solve(options, budget=9_500.0, calls=2_500.0, control=0.10):
    """The plan written down as a linear programme by hand, without the helper: profit, price of a euro, of a call."""
    rows = [options.cost, (options.channel == "call").astype(float)]
    most = [budget, calls]
    for segment, mine in options.groupby("segment"):
        rows.append((options.segment == segment).astype(float))
        most.append(mine.customers.iloc[0] * (1 - control))
    found = linprog(-options.profit, A_ub=np.array(rows), b_ub=most)
    return -found.fun, *-found.ineqlin.marginals[:2]


def test_contacts_times_cost_at_expected_redemption_is_right(lines):
    assert check("38a", (lines.contacts * lines.cost).sum()).status == "right"


def test_rewards_budgeted_at_full_redemption_are_named(lines, full, options):
    at_full = lines.contacts @ (lines.contact_cost + lines.discount + lines.reward)
    assert check("38a", at_full).mistake == "full_redemption"
    assert check("38a", 13_000).mistake == "full_redemption"
    profit, euro, call = solve(full)
    assert check("38b", profit).mistake == check("38c", (euro, call)).mistake == "full_redemption"


def test_a_bill_that_lacks_a_part_is_named(lines):
    rewards = lines.reward * lines.redeemed
    part = lines.contact_cost + rewards
    wrong = {"rewards_forgotten": lines.contact_cost + lines.discount, "contacts_only": lines.contact_cost,
             "discounts_forgotten": part,
             "discounts_times_redeemed": part + lines.redeemed * lines.discount}  # fmt: skip
    for name, cost in wrong.items():
        assert check("38a", (lines.contacts * cost).sum()).mistake == name


def test_one_redemption_for_each_offer_is_named(lines, options):
    mean = options.groupby("offer_id").redeemed.mean()
    cost = lines.contact_cost + lines.discount + lines.reward * lines.offer_id.map(mean)
    assert check("38a", (lines.contacts * cost).sum()).mistake == "mean_redemption"


def test_a_linear_programme_by_hand_and_the_helper_are_both_right(options):
    profit, euro, call = solve(options)
    assert check("38b", profit).status == check("38c", (euro, call)).status == "right"
    plan = plan_budget(options, 9_500, capacity=CALLS, control_share=0.10)
    assert check("38b", plan.profit.effect).status == "right"
    prices = plan.binding.set_index("limit").price
    assert check("38c", (prices["budget"], prices["capacity"])).status == "right"


def test_the_prices_are_finite_differences(options):
    here = solve(options)[0]
    prices = solve(options, budget=9_501)[0] - here, solve(options, calls=2_501)[0] - here
    assert check("38c", prices).status == "right"


def test_cutting_every_line_by_the_same_share_is_named(options):
    old = plan_budget(options, 13_000, capacity=CALLS, control_share=0.10).plan
    assert check("38b", (old.profit * 9_500 / 13_000).sum()).mistake == "same_share_cut"
    assert check("38b", old.profit.sum()).mistake == "not_cut"


def test_a_capacity_that_was_ignored_is_named(options):
    profit, euro, _ = solve(options, calls=1e9)
    assert check("38b", profit).mistake == check("38c", (euro, 0.0)).mistake == "capacity_ignored"


def test_a_control_share_that_was_forgotten_is_named(options):
    assert check("38b", solve(options, control=0.0)[0]).mistake == "control_forgotten"


@pytest.mark.parametrize("order", ["profit", "per_euro"])
def test_filling_the_budget_from_the_top_of_a_ranking_is_named(options, order):
    money, calls, profit, taken = 9_500.0, 2_500.0, 0.0, set()
    ranked = options.assign(per_euro=options.profit / options.cost)
    for row in ranked[ranked.profit > 0].sort_values(order, ascending=False).itertuples():
        if row.segment in taken:
            continue
        taken.add(row.segment)
        most = row.customers * 0.9 if row.channel == "letter" else min(row.customers * 0.9, calls)
        contacts = min(most, money / row.cost)
        money, profit = money - contacts * row.cost, profit + contacts * row.profit
        calls -= contacts if row.channel == "call" else 0
    assert check("38b", profit).mistake == "ranked_by_hand"


def test_the_agency_scaled_and_whole_segments_are_named(options, lines):
    scale = 9_500 / (lines.contacts * lines.cost).sum()
    assert check("38b", scale * (lines.contacts * lines.profit).sum()).mistake == "agency_grown"
    whole = plan_budget(options, 9_500, capacity=CALLS, control_share=0.10, whole=True)
    assert check("38b", whole.profit.effect).mistake == "whole_segments"


def test_the_average_return_taken_for_the_marginal_one_is_named(options):
    profit, euro, call = solve(options)
    best = options[options.channel == "call"].profit.max()
    assert check("38c", (profit / 9_500, call)).mistake == "average_for_marginal"
    assert check("38c", (euro, best)).mistake == "profit_of_the_call"
    assert check("38c", (profit / 9_500, best)).mistake == "both_averages"
    agent = solve(options, calls=3_200)[0] - profit - 300
    assert check("38d", ("budget", agent, 300 * profit / 9_500)).mistake == "average_for_marginal"


def test_prices_turned_or_with_the_euro_inside_are_named(options):
    _, euro, call = solve(options)
    assert check("38c", (call, euro)).mistake == "turned"
    assert check("38c", (1 + euro, call)).mistake == "euro_with_itself"


def test_the_wish_that_brings_more_follows_from_two_plans(options):
    here = solve(options)[0]
    agent, money = solve(options, calls=3_200)[0] - here - 300, solve(options, budget=9_800)[0] - here
    assert check("38d", ("budget" if money > agent else "agent", agent, money)).status == "right"
    assert check("38d", ["budget", round(agent), round(money)]).status == "right"


@pytest.mark.parametrize(
    ("word", "wage", "paid", "name"),
    [
        ("agent", 0, 0, "wage_forgotten"),
        ("agent", 300, 300, "money_paid_twice"),
        ("agent", 300, 0, "wrong_wish"),
    ],
)
def test_a_wish_whose_cost_stands_in_the_wrong_place_is_named(options, word, wage, paid, name):
    here = solve(options)[0]
    agent, money = solve(options, calls=3_200)[0] - here, solve(options, budget=9_800)[0] - here
    assert check("38d", (word, agent - wage, money - paid)).mistake == name


def test_calls_at_their_whole_profit_are_named(options):
    profit = solve(options)[0]
    money, calls = solve(options, budget=9_800)[0] - profit, 700 * options[options.channel == "call"].profit.max()
    assert check("38d", ("agent", calls - 300, money)).mistake == "profit_of_the_call"
    assert (
        check("38d", ("agent", calls - 300, 300 * profit / 9_500)).mistake
        == "profit_of_the_call_and_average_for_marginal"
    )


def test_costs_multiplied_by_the_wrong_column_are_named(lines):
    every = lines.contact_cost + lines.discount + lines.reward
    crossed = lines.contact_cost * lines.redeemed + lines.discount + lines.reward
    answers = {
        "all_times_redeemed": every * lines.redeemed,
        "contacts_times_redeemed": crossed,
        "profit_less_cost": lines.profit - lines.cost,
    }
    for name, each in answers.items():
        assert check("38a", round((lines.contacts * each).sum())).mistake == name


def test_a_cut_or_a_control_group_in_the_wrong_place_is_named(options, lines):
    agency = (lines.contacts * lines.profit).sum()
    plan = plan_budget(options, 9_500, capacity=CALLS, control_share=0.10).plan
    answers = {
        "agency_cut": agency * 9_500 / 13_000,
        "agency_less_the_cut": agency - 3_500,
        "control_of_the_money": solve(options, budget=9_500 * 0.9)[0],
        "control_of_the_profit": solve(options, control=0.0)[0] * 0.9,
        "cost_off_each_contact": solve(options.assign(profit=options.profit - options.cost))[0],
        "contacts": plan.contacts.sum(),
        "nobody_called": solve(options, calls=0)[0],
    }
    for name, value in answers.items():
        assert check("38b", round(value)).mistake == name


def test_a_ranking_by_profit_per_contact_is_named_with_second_offers_too(options):
    money, calls, profit = 9_500.0, 2_500.0, 0.0
    left = (options.groupby("segment").customers.first() * 0.9).to_dict()
    for row in options[options.profit > 0].sort_values("profit", ascending=False).itertuples():
        contacts = min(left[row.segment], money / row.cost, calls if row.channel == "call" else np.inf)
        money, profit = money - contacts * row.cost, profit + contacts * row.profit
        left[row.segment] -= contacts
        calls -= contacts if row.channel == "call" else 0
    assert check("38b", round(profit)).mistake == "ranked_by_hand"


def test_prices_of_large_steps_or_with_the_euro_off_are_named(options):
    profit, euro, call = solve(options)
    steps = (solve(options, budget=13_000)[0] - profit) / 3_500, (solve(options, calls=5_000)[0] - profit) / 2_500
    best = options[options.channel == "call"].sort_values("profit").iloc[-1]
    answers = {
        "averages_of_the_whole": (profit / 9_500, profit / 2_500),
        "euro_off_again": (euro - 1, call),
        "money_of_the_call": (euro, best.cost * euro),
        "no_prices": (0, 0),
    }
    for name, pair in answers.items():
        assert check("38c", tuple(round(float(value), 2) for value in pair)).mistake == name
    # So near to the money of the call that a question has to do
    assert "large step" in check("38c", steps).message


def gain(options, agent, money, wage=300, **way):
    """The word and both gains to whole euros, when the agent's and the budget's plan are made like this."""
    here = solve(options, **way)[0]
    pair = solve(options, **{**way, **agent})[0] - here - wage, solve(options, **{**way, **money})[0] - here
    return "agent" if pair[0] > pair[1] else "budget", *(round(value) for value in pair)


@pytest.mark.parametrize(
    ("agent", "wage", "way", "name"),
    [
        ({"calls": 3_200, "budget": 9_800}, 300, {}, "both_wishes_at_once"),
        ({"calls": 3_200, "budget": 9_800}, 0, {}, "both_wishes_at_once_unpaid"),
        ({"calls": 700}, 300, {}, "calls_not_added"),
        ({"calls": 700}, 0, {}, "calls_not_added_unpaid"),
        ({"calls": 3_200, "budget": 9_200}, 0, {}, "wage_out_of_the_plan"),
        ({"calls": 3_200}, 300, {"control": 0.0}, "control_forgotten"),
    ],
)
def test_wishes_planned_in_another_way_are_named(options, agent, wage, way, name):
    assert check("38d", gain(options, agent, {"budget": 9_800}, wage, **way)).mistake == name


def test_wishes_at_the_budget_before_the_cut_are_named(options):
    answer = gain(options, {"calls": 3_200}, {"budget": 13_300}, budget=13_000)
    assert check("38d", answer).mistake == "not_cut"


def test_each_part_of_a_wish_is_read_by_itself(options):
    word, agent, money = gain(options, {"calls": 3_200}, {"budget": 9_800})
    assert check("38d", ("calls", agent, money)).mistake == "unknown_word"
    assert check("38d", (word, money, agent)).mistake == "turned"
    assert check("38d", ("agent", agent + 300, money - 300)).mistake == "wage_forgotten_and_money_paid_twice"
    result = check("38d", ("agent", 5_000, money))
    assert result.mistake is None and "The agent's number is not it" in result.message
    assert "budget's number" not in result.message


@pytest.mark.slow
def test_the_right_plan_truly_brings_more_than_the_agencys(options, lines):
    plan = plan_budget(options, 9_500, capacity=CALLS, control_share=0.10).plan
    truth = reveal_truth()
    brings = [(rows.contacts * rows.truth).sum() for rows in (
        table.merge(truth, on=["segment", "offer_id"]) for table in (plan, lines))]  # fmt: skip
    assert brings[0] > brings[1] > 0


def test_a_participants_change_of_the_options_stays_his_own():
    mine = gather_tests()
    mine.options["profit"] = 0.0
    assert gather_tests().options.profit.max() > 0 and isinstance(mine.agency, pd.DataFrame)
    assert find_task("38b").compute().right > 0


def test_prices_without_control_or_without_the_cut_are_not_right_by_luck(options):
    nobody_held_back = solve(options, control=0.0)[1:]
    before_the_cut = solve(options, budget=13_000)[1:]
    assert check("38c", nobody_held_back).mistake == "control_forgotten"
    assert check("38c", before_the_cut).mistake == "not_cut"


def test_a_price_that_was_held_too_far_is_named(options):
    here, euro, call = solve(options)
    assert check("38d", ("budget", 700 * call - 300, 300 * euro)).mistake == "price_held_too_far"


def test_profits_of_whole_plans_are_named_where_the_gain_is_asked(options):
    here = solve(options)[0]
    agent = solve(options, calls=3_200)[0] - 300
    money = solve(options, budget=9_800)[0]
    assert check("38d", ("budget", agent, money)).mistake == "totals"
    assert agent > here and money > here


def test_the_budget_itself_is_no_profit():
    assert check("38b", 9_500).mistake == "money_for_profit"


def test_segments_are_the_shelves_of_the_receipts():
    home = gather_tests().options.segment.unique()
    assert sorted(home) == ["baby", "beauty", "chronic", "home", "medicine", "online"]
