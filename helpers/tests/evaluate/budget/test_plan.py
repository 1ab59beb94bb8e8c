"""The plan itself: as good as any plan can be, whoever is the referee, and each price is what one more unit brings."""

from itertools import product

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.evaluate.budget.optimise import allocate_contacts, lay_limits, price_limits
from loyalty.evaluate.budget.plan import plan_budget, trace_frontier
from loyalty.world import World


def make_options(seed, segments=6, offers=3, se=None):
    """Segments of different size, offers of which about a third loses money."""
    rng, n = np.random.default_rng(seed), segments * offers
    names = [f"s{i:03d}" for i in range(segments)], [f"o{i}" for i in range(offers)]
    table = pd.DataFrame(product(*names), columns=["segment", "offer_id"])
    table["customers"] = np.repeat(rng.integers(50, 5_000, segments), offers)
    table["profit"], table["cost"] = rng.normal(0.4, 0.6, n), rng.uniform(0.05, 2, n)
    table["channel"] = np.where(table["offer_id"] == "o0", "call", "mail")
    return table if se is None else table.assign(se=se)


def spend_greedily(options, budget):
    """Referee where only the budget binds: steps along each segment's upper hull, the steepest first."""
    steps, total = [], 0.0
    for _, rows in options.groupby("segment"):
        here = (0.0, 0.0)
        while True:
            points = zip(rows["cost"] * rows["customers"], rows["profit"] * rows["customers"], strict=True)
            better = [(c, p) for c, p in points if p > here[1] and c > here[0]]
            if not better:
                break
            there = max(better, key=lambda point: (point[1] - here[1]) / (point[0] - here[0]))
            steps.append((there[0] - here[0], there[1] - here[1]))
            here = there
    for cost, profit in sorted(steps, key=lambda step: -step[1] / step[0]):
        part = min(1.0, budget / cost)
        budget, total = budget - part * cost, total + part * profit
    return total


@st.composite
def small_cases(draw):
    """Whole numbers, so that many limits are used up at the same point."""
    segments, offers = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    each = {"min_size": segments * offers, "max_size": segments * offers}
    table = pd.DataFrame(product(range(segments), range(offers)), columns=["segment", "offer_id"])
    sizes = draw(st.lists(st.integers(1, 6), min_size=segments, max_size=segments))
    table["customers"] = np.repeat(sizes, offers).astype(float)
    table["profit"] = draw(st.lists(st.integers(-3, 9), **each))
    table["cost"] = draw(st.lists(st.integers(0, 4), **each))
    table["channel"] = np.where(table["offer_id"] % 2, "call", "mail")
    limits = {"budget": draw(st.integers(0, 40))}
    limits["capacity"] = {"mail": draw(st.integers(0, 12))} if draw(st.booleans()) else {}
    limits["caps"] = {0: draw(st.integers(0, 12))} if draw(st.booleans()) else {}
    return table, limits


# --- The plan is the best ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    return World(customers=800, months=14, seed=5)


@pytest.mark.slow
def test_whole_segments_get_the_exact_best_plan_of_the_world(world):
    types = world.truth.types.rename(columns={"type": "segment"})
    money, rows = world.parameters.money, []
    for offer in world.offers.itertuples():
        effect = types.merge(world.truth.effect(offer.offer_id), on="customer_id")
        points = effect["points_issued"] * money.redemption * money.point_cost
        effect["cost"] = effect["discount"] + effect["reward_paid"] + points + offer.contact_cost
        means = effect.groupby("segment").agg(
            customers=("profit", "size"), profit=("profit", "mean"), cost=("cost", "mean")
        )
        rows.append(means.reset_index().assign(offer_id=offer.offer_id))
    options, spent = pd.concat(rows), []
    for budget in (0.0, 20.0, 60.0, 150.0, 400.0, 1e9):
        best, found = world.truth.best_plan(budget), plan_budget(options, budget, whole=True)
        assert found.profit.effect == pytest.approx(best.profit, rel=1e-9, abs=1e-9)
        assert found.cost <= budget * (1 + 1e-9)
        relaxed = plan_budget(options, budget)
        assert relaxed.profit.effect >= best.profit * (1 - 1e-9)
        spent.append(len(found.plan))
    assert spent[0] == 0 and len(set(spent)) >= 4  # the budgets are not all on one side


@settings(max_examples=40, deadline=None)
@given(small_cases())
def test_whole_segments_get_the_best_of_all_plans_and_parts_of_segments_no_less(case):
    table, given_limits = case
    limits = lay_limits(table, control_share=0.0, **given_limits)
    value, best = table["profit"].to_numpy(float), 0.0
    options = [[None, *rows.index] for _, rows in table.groupby("segment")]
    for choice in product(*options):
        contacts = np.zeros(len(table))
        chosen = [row for row in choice if row is not None]
        contacts[chosen] = table["customers"][chosen]
        if (limits.measure_use(contacts) <= limits.room + 1e-9).all():
            best = max(best, float(value @ contacts))
    whole, parts = (allocate_contacts(value, limits, whole=w)[0] for w in (True, False))
    assert value @ whole == pytest.approx(best)
    for contacts in (whole, parts):
        assert (limits.measure_use(contacts) <= limits.room + 1e-6).all()
    assert value @ parts >= best - 1e-6


@pytest.mark.parametrize("seed", range(4))
def test_a_plan_under_a_budget_alone_brings_what_the_steepest_steps_bring(seed):
    options = make_options(seed)
    for budget in (0, 100, 2_500, 12_000):
        assert plan_budget(options, budget).profit.effect == pytest.approx(spend_greedily(options, budget))


def test_prices_certify_that_no_plan_brings_more():
    seen = set()
    for seed in range(12):
        options, limits = make_options(seed), {"capacity": {"call": 1_500}, "caps": {"o1": 2_000, "o2": 10**7}}
        found = plan_budget(options, 1_500 + 400 * seed, control_share=0.1, **limits)
        price = found.binding.set_index(["limit", "name"])["price"]
        # Duality: what the limits are worth at these prices is what the plan earns, so neither can be improved
        assert (found.binding["price"] * found.binding["available"]).sum() == pytest.approx(found.profit.effect)
        worth = options["cost"] * price.get(("budget", "budget"), 0.0)
        for limit, column in (("capacity", "channel"), ("cap", "offer_id"), ("segment", "segment")):
            worth += [price.get((limit, name), 0.0) for name in options[column]]
        assert (price >= 0).all() and (options["profit"] <= worth + 1e-8).all()
        # Complementary slackness: who is contacted earns exactly what he uses up
        used = options.merge(found.plan[["segment", "offer_id"]].assign(used=True), how="left")["used"].notna()
        assert options["profit"][used].to_numpy() == pytest.approx(worth[used].to_numpy())
        seen |= set(found.binding["limit"])
    assert seen == {"budget", "capacity", "cap", "segment"}


def test_no_limit_is_broken_and_nobody_gets_two_offers():
    options = make_options(3, 20, 4)
    limits = {"capacity": {"call": 4_000, "mail": 20_000}, "caps": {"o1": 3_000}, "control_share": 0.15}
    for whole in (False, True):
        found = plan_budget(options, 9_000, whole=whole, **limits)
        plan = found.plan.merge(options[["segment", "offer_id", "customers", "channel"]])
        assert found.cost == pytest.approx(plan["cost"].sum()) and found.cost <= 9_000 * (1 + 1e-9)
        by = plan.groupby("channel")["contacts"].sum()
        assert by["call"] <= 4_000 + 1e-6 and by["mail"] <= 20_000 + 1e-6
        assert plan.loc[plan["offer_id"] == "o1", "contacts"].sum() <= 3_000 + 1e-6
        share = plan.groupby("segment")["contacts"].sum() / plan.groupby("segment")["customers"].first()
        assert share.max() <= 0.85 + 1e-9
        assert not whole or (plan["contacts"] / plan["customers"]).to_numpy() == pytest.approx(0.85)
        assert not whole or not plan["segment"].duplicated().any()
    assert found.profit.n_control == round(0.15 * options.drop_duplicates("segment")["customers"].sum())


@pytest.mark.slow
def test_a_plan_for_200_segments_and_8_offers_is_found_also_where_money_and_segments_end_together():
    options = make_options(1, 200, 8, se=0.2)
    enough = plan_budget(options.drop(columns="se"), 1e9).cost
    limits = {"capacity": {"call": 40_000}, "caps": {"o3": 20_000}}
    # The second: money and all segments end together, so that each price has to be searched
    for budget, more in ((100_000, limits), (enough, {})):
        found = plan_budget(options, budget, **more)
        assert len(found.plan) > 100
    assert len(found.binding) == 201


def test_a_budget_that_is_tiny_beside_a_segment_is_kept_all_the_same():
    options = pd.DataFrame(
        {"segment": ["all", "few"], "offer_id": "x", "customers": [4e8, 20], "profit": [9.0, 5.0], "cost": [10.0, 1.0]}
    )
    for budget in (0, 3.7, 685.2, 1e5):
        best = spend_greedily(options, budget)
        for limits in ({}, {"capacity": {"mail": 1e9}}, {"caps": {"x": 0}}):
            found = plan_budget(options.assign(channel="mail"), budget, **limits)
            assert found.cost <= budget * (1 + 1e-12)
            assert found.profit.effect == pytest.approx(0 if "caps" in limits else best, rel=1e-9)


def test_whole_segments_too_large_for_the_money_do_not_blur_the_plan_for_the_others():
    sizes, profit = [4_000_000, 690, 55, 30], [3.0, 0.9, 5.6, 0.3]
    table = {"segment": list("abcd"), "offer_id": "x", "customers": sizes, "profit": profit, "cost": [3.1, 1.0, 1.0, 0]}
    for budget, best in ((54, 9), (55, 317), (744, 630), (745, 938), (4_000_000 * 3.1, 12_000_009)):
        found = plan_budget(pd.DataFrame(table), budget, whole=True)
        assert found.profit.effect == pytest.approx(best) and found.cost <= budget * (1 + 1e-8)


@pytest.mark.parametrize("seed", [34, 874, 1_042])
def test_whole_segments_of_very_different_size_get_the_best_of_all_plans(seed):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(product(range(4), range(2)), columns=["segment", "offer_id"])
    table["customers"] = np.repeat(np.floor(10 ** rng.uniform(0, 8, 4)), 2)
    table["profit"], table["cost"] = rng.normal(1, 1, 8), 10 ** rng.uniform(-3, 2, 8)
    bills = (table["cost"] * table["customers"]).to_numpy()
    choices = [
        [row for row in choice if row is not None]
        for choice in product(*[[None, *rows.index] for _, rows in table.groupby("segment")])
    ]
    cost, profit = (
        np.array([figure[chosen].sum() for chosen in choices])
        for figure in (bills, (table["profit"] * table["customers"]).to_numpy())
    )
    for budget in (bills[0], bills.min(), bills[3] + bills[6], np.median(bills)):
        found = plan_budget(table, budget, whole=True)
        # A limit is kept to 1e-8 of itself: a segment of a few customers may still slip in beside one of 100 million
        least, most = (profit[cost <= budget * (1 + slack)].max() for slack in (1e-12, 1e-8))
        assert least * (1 - 1e-6) <= found.profit.effect <= most * (1 + 1e-6) and found.cost <= budget * (1 + 1e-8)


# --- Prices --------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(small_cases())
def test_each_price_is_the_profit_of_one_more_unit_also_where_several_prices_fit(case):
    table, given_limits = case
    step, value = 1e-4, table["profit"].to_numpy(float)
    limits = lay_limits(table, control_share=0.0, **given_limits)
    contacts, prices = allocate_contacts(value, limits)
    found = price_limits(value, limits, contacts, prices, range(len(limits.room)))
    for row, (kind, name) in enumerate(limits.names):
        more, changed = table, {key: dict(v) if isinstance(v, dict) else v for key, v in given_limits.items()}
        if kind == "budget":
            changed["budget"] += step
        elif kind == "segment":
            more = table.assign(customers=table["customers"] + step * (table["segment"].astype(str) == name))
        else:
            changed["capacity" if kind == "capacity" else "caps"][name if kind == "capacity" else int(name)] += step
        grown = allocate_contacts(value, lay_limits(more, control_share=0.0, **changed))[0]
        assert found[row] == pytest.approx((grown - contacts) @ value / step, abs=1e-4)


@pytest.mark.parametrize("seed", range(4))
def test_prices_of_money_capacity_and_caps_are_finite_differences_upward(seed):
    options = make_options(seed)
    limits = {"capacity": {"call": 2_000.0}, "caps": {"o1": 2_500.0}}
    base, step = plan_budget(options, 4_000.0, **limits), 0.01
    price = base.binding.set_index("limit")["price"]

    def gain(budget=4_000.0, **more):
        return (plan_budget(options, budget, **limits | more).profit.effect - base.profit.effect) / step

    assert base.shadow_price == pytest.approx(gain(4_000 + step), abs=1e-5)
    assert price.get("capacity", 0.0) == pytest.approx(gain(capacity={"call": 2_000 + step}), abs=1e-5)
    assert price.get("cap", 0.0) == pytest.approx(gain(caps={"o1": 2_500 + step}), abs=1e-5)


def test_where_money_and_customers_end_together_the_price_is_that_of_one_more_euro():
    options = pd.DataFrame(
        {"segment": ["a", "b"], "offer_id": "mail", "customers": 100, "profit": [3.0, 1.0], "cost": 1.0}
    )
    at, before, after = (plan_budget(options, budget).shadow_price for budget in (100, 99.9, 100.1))
    assert (before, at, after) == pytest.approx((3, 1, 1))  # 3 fits the plan at 100 as well, but no euro brings it
    assert plan_budget(options, 200).shadow_price == 0
    assert plan_budget(options, 0).shadow_price == pytest.approx(3)


def test_a_limit_that_is_not_used_up_has_no_price_and_is_not_listed():
    found = plan_budget(make_options(2), 1e13, capacity={"mail": 1e9}, caps={"o1": 1e9})
    assert set(found.binding["limit"]) == {"segment"} and found.shadow_price == 0
    assert found.cost < 1e5


# --- What follows from it ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(2))
def test_the_frontier_rises_ever_more_slowly_and_its_slope_is_the_price(seed):
    options, budgets = make_options(seed), np.linspace(0, 20_000, 41)
    found = trace_frontier(options, budgets, capacity={"call": 3_000}, control_share=0.1)
    profit, price = found["profit"].to_numpy(), found["shadow_price"].to_numpy()
    slopes = np.diff(profit) / np.diff(budgets)
    assert (slopes >= -1e-9).all() and (np.diff(slopes) <= 1e-9).all()
    assert (slopes <= price[:-1] + 1e-9).all() and (slopes >= price[1:] - 1e-9).all()
    assert (found["cost"] <= budgets + 1e-6).all()
    again = plan_budget(options, budgets[7], capacity={"call": 3_000}, control_share=0.1)
    assert found.loc[7, "profit"] == pytest.approx(again.profit.effect)


def test_more_money_never_brings_less_for_whole_segments_either():
    found = trace_frontier(make_options(4), np.linspace(0, 20_000, 21), whole=True)
    assert (np.diff(found["profit"]) >= -1e-6).all() and found["shadow_price"].isna().all()


@pytest.mark.parametrize("whole", [False, True])
def test_an_offer_that_loses_money_is_never_chosen(whole):
    options = make_options(5, 12, 4)
    assert (options["profit"] < 0).sum() > 5
    assert (plan_budget(options, 1e9, whole=whole).plan["profit"] > 0).all()
    none = plan_budget(options.assign(profit=-options["profit"].abs()), 1e6, whole=whole)
    assert none.plan.empty and none.profit.effect == 0 and none.cost == 0
    assert none.sentence("€").startswith("Spend nothing of €1,000,000: no option pays")


def test_row_order_and_ties_do_not_change_the_plan():
    options = make_options(6, se=0.3).assign(profit=lambda t: t["profit"].round(1), cost=lambda t: t["cost"].round(0))
    kept = plan_budget(options, 3_000, caps={"o1": 900})
    mixed = plan_budget(options.sample(frac=1, random_state=1), 3_000, caps={"o1": 900})
    pd.testing.assert_frame_equal(kept.plan, mixed.plan)
    pd.testing.assert_frame_equal(kept.binding, mixed.binding)
    assert kept.disappointment == mixed.disappointment
    twin = options[options["offer_id"] == "o1"].assign(offer_id="o1_again")
    once, twice = plan_budget(options, 3_000), plan_budget(pd.concat([options, twin]), 3_000)
    assert once.profit.effect == pytest.approx(twice.profit.effect)
    assert once.shadow_price == pytest.approx(twice.shadow_price)


def test_one_row_no_money_and_far_too_much_money():
    options = pd.DataFrame(
        {"segment": ["all"], "offer_id": ["mail"], "customers": [200], "profit": [0.5], "cost": [2.0]}
    )
    assert plan_budget(options, 0).plan.empty
    some, all_of_it = plan_budget(options, 100), plan_budget(options, 1e15)
    assert some.plan["contacts"].tolist() == pytest.approx([50]) and some.shadow_price == pytest.approx(0.25)
    assert all_of_it.plan["contacts"].tolist() == pytest.approx([200]) and all_of_it.shadow_price == 0
    assert (
        plan_budget(options, 399, whole=True).plan.empty and plan_budget(options, 399, whole=True).shadow_price is None
    )
    assert plan_budget(options.assign(cost=0.0), 0).plan["contacts"].tolist() == pytest.approx([200])
    assert plan_budget(options.assign(customers=0), 10).plan.empty


def test_sizes_in_millions_and_profits_in_thousandths_are_planned_as_well():
    options = make_options(7)
    scaled = options.assign(customers=options["customers"] * 1_000, profit=options["profit"] / 1_000)
    plain, large = plan_budget(options, 2_500), plan_budget(scaled, 2_500_000)
    assert large.profit.effect == pytest.approx(plain.profit.effect, rel=1e-9)
    assert large.shadow_price == pytest.approx(plain.shadow_price / 1_000)


def test_the_result_says_what_it_holds():
    found = plan_budget(make_options(8, 9, 3, se=0.05), 2_000, control_share=0.1)
    frame = found.to_frame()
    assert frame.loc[0, "profit"] == found.profit.effect and frame.loc[0, "shadow_price"] == found.shadow_price
    text = found.sentence("€")
    assert text.startswith("Spend €2,000 of €2,000 on ") and f"expected profit €{found.profit.effect:,.0f} (" in text
    assert f"€1 more to spend would bring €{found.shadow_price:.2f} of profit." in text
    assert "<table" in found._repr_html_()
    ax = found.plot(unit="€")
    assert [t.get_text() for t in ax.get_yticklabels()][-1].startswith(
        found.plan.sort_values("profit")["segment"].iloc[-1]
    )
    plt.close(ax.figure)
    empty = plan_budget(make_options(8), 0).plot()
    plt.close(empty.figure)
