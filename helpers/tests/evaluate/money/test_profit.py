"""The campaign's money: every line by hand, the truth of a world, one interval, and plain words for bad input."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy import stats as scipy_stats

from loyalty.evaluate.money.break_even import plan_economics
from loyalty.evaluate.money.profit import campaign_money, compare_money
from loyalty.evaluate.money.value_of_testing import find_loss_chance, value_test
from loyalty.stats.estimate import make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError
from loyalty.world import World

FREE = {"contact_cost": 0, "reward_cost": 0, "point_cost": 0}


def contacts(*arms, **columns):
    ids = range(1, len(arms) + 1)
    return pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": ids, "arm": arms} | columns)


def outcomes(people, window="main", **columns):
    keys = people[["campaign_id", "wave", "customer_id"]]
    return keys.assign(window=window, **{name: np.asarray(values) for name, values in columns.items()})


def joined(treated, control, **columns):
    """One row a customer, with margin as the only outcome."""
    arms = ["mail"] * len(treated) + ["control"] * len(control)
    values = [float(x) for x in (*treated, *control)]
    return pd.DataFrame({"customer_id": range(len(arms)), "arm": arms, "margin": values} | columns)


def line(money, name):
    return money.lines.set_index("line").loc[name, "per_customer"]


def problems(*args, **options):
    with pytest.raises(TableError) as error:
        campaign_money(*args, **options)
    return error.value.problems


@pytest.fixture
def mailing():
    """Six customers in two windows; every line of its profit and loss fits on the back of an envelope."""
    people = contacts("mail", "mail", "mail", "control", "control", "control", offer_id=["gift"] * 3 + [None] * 3)
    main = outcomes(
        people, orders=[1, 1, 0, 1, 0, 0], sales=[40.0, 20, 0, 30, 0, 0], margin=[12.0, 6, 0, 9, 0, 0],
        discount=[3.0, 0, 0, 0, 0, 0], redeemed=[1, 0, 0, 0, 0, 0], points_issued=[40.0, 20, 0, 30, 0, 0],
    )  # fmt: skip
    post = outcomes(
        people, "post", orders=[0, 0, 1, 0, 1, 0], sales=[0.0, 0, 10, 0, 20, 0], margin=[0.0, 0, 3, 0, 6, 0],
        discount=[0.0] * 6, redeemed=[0] * 6, points_issued=[0.0, 0, 10, 0, 20, 0],
    )  # fmt: skip
    costs = {"contact_cost": 0.1, "reward_cost": 2.4, "point_cost": 0.05, "redemption_probability": 0.6}
    return people, pd.concat([main, post]), pd.DataFrame([{"offer_id": "gift", "kind": "gift"} | costs])


@pytest.fixture(scope="module")
def sent():
    """A wave of the world with its outcomes and offers."""
    world = World(customers=1_500, months=10, seed=7)
    plan = world.customers[["customer_id"]].assign(offer_id="basket_discount")
    plan.loc[np.random.default_rng(1).random(len(plan)) < 0.3, "offer_id"] = None
    return world.run(plan)[0], world.offers


# --- By hand -----------------------------------------------------------------------------------------


def test_every_line_is_what_it_is_by_hand(mailing):
    money = campaign_money(*mailing)
    expected = {
        "sales": 70 / 3 - 50 / 3, "margin": 21 / 3 - 15 / 3, "rewards": -2.4 / 3, "points": -(70 - 50) / 3 * 0.6 * 0.05,
        "contact cost": -0.1, "profit": 2 - 0.8 - 0.2 - 0.1, "of which discount, inside margin": -1.0,
        # of three treated two bought in the first window, of control one: half would have come anyway
        "of which natural buyers": -0.5 * (1.0 + 0.8 + 0.2),
        "of which window main, before contact": (18 - 9 - 2.4 - 30 * 0.03) / 3,
        "of which window post, before contact": (3 - 6 + 10 * 0.03) / 3,
    }  # fmt: skip
    assert money.lines.set_index("line")["per_customer"].to_dict() == pytest.approx(expected)
    assert money.lines["total"].tolist() == pytest.approx((3 * money.lines["per_customer"]).tolist())
    assert money.profit.effect == pytest.approx(0.9)
    assert money.warnings == ("fewer than 20 customers with a value other than zero in one group",)


def test_the_summands_add_up_to_the_profit_and_so_do_the_windows(mailing):
    lines = campaign_money(*mailing, fixed_cost=60).lines.set_index("line")
    assert lines.loc["fixed cost", "per_customer"] == -20
    assert lines.loc[lines["adds"], "per_customer"].sum() == pytest.approx(lines.loc["profit", "per_customer"])
    windows = lines.filter(like="of which window", axis=0)["per_customer"].sum()
    assert windows - 0.1 - 20 == pytest.approx(lines.loc["profit", "per_customer"])


def test_profit_has_the_interval_of_profit_per_customer(mailing):
    each = pd.Series([12 - 2.4 - 1.2, 6 - 0.6, 3 - 0.3, 9 - 0.9, 6 - 0.6, 0])
    by_hand = scipy_stats.ttest_ind(each[:3], each[3:], equal_var=False)
    money, span = campaign_money(*mailing), by_hand.confidence_interval()
    assert (money.profit.low, money.profit.high) == pytest.approx((span.low - 0.1, span.high - 0.1))
    assert (money.total.effect, money.total.low) == pytest.approx((3 * money.profit.effect, 3 * money.profit.low))
    assert money.probability_of_loss == pytest.approx(
        scipy_stats.t.cdf(-money.profit.effect / money.profit.se, by_hand.df)
    )


def test_at_the_break_even_the_profit_is_zero(mailing):
    money = campaign_money(*mailing)
    leaves = (15 - 50 * 0.03) / 50
    assert money.break_even.margin == pytest.approx(leaves)
    assert money.break_even.sales == pytest.approx(20 / 3 - 0.9 / leaves)
    assert money.break_even.relative == pytest.approx(money.break_even.sales / (50 / 3))
    assert money.break_even.response == pytest.approx(1 / 3 + money.break_even.sales / 30)
    moved = money.profit.effect + leaves * (money.break_even.sales - line(money, "sales"))
    assert moved == pytest.approx(0)


def test_three_intervals_added_are_not_the_interval_of_profit():
    """Who buys much redeems and earns points too: the parts rise together, and profit moves less than they do."""
    rng = np.random.default_rng(8)
    treated = np.repeat([True, False], 600)
    came = rng.random(1_200) < 0.4
    margin = np.where(came, rng.gamma(4, 2, 1_200), 0)
    wave = pd.DataFrame({
        "customer_id": range(1_200), "arm": np.where(treated, "gift", "control"), "margin": margin,
        "redeemed": (came & treated) * 1, "points_issued": margin * 100,
    })  # fmt: skip
    money = campaign_money(wave, contact_cost=0, reward_cost=4, point_cost=0.01, redemption_probability=0.3)
    parts = [compare_means(x[treated], x[~treated]) for x in (margin, wave["redeemed"] * 4, margin * 0.3)]
    whole = margin - wave["redeemed"] * 4 - margin * 0.3
    assert money.profit.se == pytest.approx(compare_means(whole[treated], whole[~treated]).se)
    assert sum(e.high - e.low for e in parts) > 1.5 * (money.profit.high - money.profit.low)
    assert np.sqrt(sum(e.se**2 for e in parts)) > 1.2 * money.profit.se


def test_contact_cost_moves_the_interval_and_does_not_widen_it(mailing):
    people, table, _ = mailing
    cheap, dear = (campaign_money(people, table, contact_cost=c, reward_cost=2, point_cost=0).profit for c in (0, 5))
    assert (cheap.effect - dear.effect, cheap.low - dear.low, cheap.se - dear.se) == pytest.approx((5, 5, 0))


def test_a_small_control_is_compared_with_care():
    rng = np.random.default_rng(4)
    money = campaign_money(joined(rng.normal(size=90), rng.normal(size=10)), **FREE)
    assert money.profit.details["careful"] == 1


# --- Margin, tax, points -----------------------------------------------------------------------------


def test_vat_leaves_the_margin_that_is_computed_and_the_discount_and_not_the_sales(mailing):
    people, table, _ = mailing
    table = table.drop(columns=["margin", "points_issued"]).assign(discount=0.0)
    with_tax = campaign_money(people, table, margin_rate=0.3, vat_rate=0.2, **FREE)
    without = campaign_money(people, table, margin_rate=0.3, **FREE)
    assert line(with_tax, "margin") == pytest.approx(line(without, "margin") / 1.2)
    assert line(with_tax, "sales") == line(without, "sales")
    assert "margin is one rate for all goods, 0.3 of ordinary sales" in with_tax.warnings


def test_a_margin_column_is_taken_as_net_and_says_so(mailing):
    taxed, usual = campaign_money(*mailing, vat_rate=0.2), campaign_money(*mailing)
    assert line(taxed, "margin") == line(usual, "margin")
    assert line(taxed, "of which discount, inside margin") == pytest.approx(-1 / 1.2)
    said = "margin comes from its column and is taken as net of tax: margin_rate and vat_rate leave it alone"
    assert said in taxed.warnings
    assert said not in usual.warnings


def test_a_flat_rate_counts_a_discount_in_full_where_it_is_known():
    people = contacts("mail", "mail", "control", "control")
    table = outcomes(people, sales=[90.0, 90, 100, 100], discount=[10.0, 10, 0, 0])
    assert campaign_money(people, table, margin_rate=0.3, **FREE).profit.effect == pytest.approx(-10)
    blind = campaign_money(people, table.drop(columns="discount"), margin_rate=0.3, **FREE)
    assert blind.profit.effect == pytest.approx(-3)
    assert "no column `discount`: if prices were cut, the rate counts only a part of it as a cost" in blind.warnings


def test_points_at_face_value_are_named(mailing):
    people, table, offers = mailing
    money = campaign_money(people, table, offers.drop(columns="redemption_probability"))
    assert line(money, "points") == pytest.approx(-20 / 3 * 0.05)
    assert "points at face value: without redemption_probability all of them count as spent" in money.warnings


def test_each_cost_that_nobody_gave_is_named(mailing):
    people, table, _ = mailing
    assert campaign_money(people, table).warnings[-1] == "not known and counted as 0: contact cost, rewards, points"
    one = campaign_money(people, table, contact_cost=0.1, reward_cost=0).warnings[-1]
    assert one == "not known and counted as 0: points"
    assert not [text for text in campaign_money(people, table, **FREE).warnings if "not known" in text]


def test_rewards_that_nobody_redeemed_raise_a_question(mailing):
    people, table, offers = mailing
    money = campaign_money(people, table.assign(redeemed=0), offers)
    assert "rewards have a cost and nobody redeemed one: are redemptions recorded at all?" in money.warnings


def test_rewards_paid_count_before_redemptions_times_cost(mailing):
    people, table, offers = mailing
    paid = table.assign(reward_paid=np.where(table["redeemed"] > 0, 9.0, 0.0))
    assert line(campaign_money(people, paid, offers), "rewards") == -3
    assert line(campaign_money(people, paid, offers, reward_cost=2.4), "rewards") == pytest.approx(-0.8)


def test_points_redeemed_are_no_cost_again(mailing):
    people, table, offers = mailing
    again = campaign_money(people, table.assign(points_redeemed=500.0), offers)
    assert again.profit.effect == campaign_money(people, table, offers).profit.effect


def test_a_window_that_ends_with_the_campaign_is_warned_of(mailing):
    people, table, offers = mailing
    short = campaign_money(people, table.query("window == 'main'"), offers)
    assert short.profit.effect > campaign_money(people, table, offers).profit.effect
    assert "no window after the campaign: purchases that were only pulled forward look like a gain" in short.warnings
    assert short.windows == ("main",)


def test_the_universal_control_is_left_out(mailing):
    people, table, offers = mailing
    kinds = people.assign(control_kind=["none"] * 3 + ["campaign", "campaign", "universal"])
    money = campaign_money(kinds, table, offers)
    assert money.profit.n_control == 2
    assert "1 customer of the universal control left out" in money.warnings


def test_different_chances_are_weighed_in_every_line():
    """Good customers were treated more often; the plain difference takes that for the campaign's doing."""
    rng = np.random.default_rng(5)
    good = np.repeat([True, False], 2_000)
    chance = np.where(good, 0.9, 0.3)
    treated = rng.random(4_000) < chance
    margin = 10.0 * good + 1.0 * treated + rng.normal(size=4_000)
    wave = pd.DataFrame({"arm": np.where(treated, "mail", "control"), "margin": margin,
                         "propensity": np.where(treated, chance, 1 - chance)})  # fmt: skip
    money, plain = campaign_money(wave, **FREE), campaign_money(wave.drop(columns="propensity"), **FREE)
    assert plain.profit.low > 5
    assert money.profit.effect == pytest.approx(1, abs=1)
    assert line(money, "margin") == pytest.approx(money.profit.effect)
    assert "the chance of the arm differs between customers: each weighs 1 / propensity" in money.warnings
    assert problems(wave.assign(propensity=np.where(treated, chance, np.nan)), **FREE) == [
        f"`propensity` is empty in {(~treated).sum():,} of 4,000 rows: fill it for all, or leave it out"
    ]


# --- The world's truth -------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_interval_holds_the_worlds_true_profit():
    """40 lotteries over four offers and two worlds; target is the profit these very customers would bring."""
    hits = 0
    for seed in (3, 4):
        world = World(customers=1_500, months=10, seed=seed)
        for offer in ("basket_discount", "gift", "bonus_points", "win_back"):
            for draw in range(5):
                left_out = np.random.default_rng(100 * seed + draw).random(len(world.customers)) < 0.4
                plan = world.customers[["customer_id"]].assign(offer_id=np.where(left_out, None, offer))
                wave, _ = world.run(plan)
                profit = campaign_money(wave.contacts, wave.outcomes, world.offers).profit
                truth = world.truth.lift(wave, among="all").loc[(offer, "both"), "profit"]
                hits += profit.low <= truth <= profit.high
    # At least 95 of 100 hold the effect on these very customers; below this count lies 0.1 % of chance.
    assert hits >= scipy_stats.binom.ppf(0.001, 40, 0.95)


def test_profit_is_defined_as_the_world_defines_it(sent):
    wave, offers = sent
    money = campaign_money(wave.contacts, wave.outcomes, offers)
    both = wave.outcomes.query("window != 'pre'").groupby("customer_id").sum(numeric_only=True)
    kept = both["margin"] - both["reward_paid"] - both["points_issued"] * 0.7 * 0.01
    treated = (wave.contacts.set_index("customer_id")["arm"] != "control").reindex(both.index)
    assert money.profit.effect == pytest.approx(kept[treated].mean() - kept[~treated].mean() - 0.08)


def test_the_share_of_natural_buyers_is_near_the_truth():
    world = World(customers=6_000, months=10, seed=5)
    plan = world.customers[["customer_id"]].assign(offer_id="basket_discount")
    plan.loc[np.random.default_rng(2).random(len(plan)) < 0.5, "offer_id"] = None
    wave, _ = world.run(plan)
    money = campaign_money(wave.contacts, wave.outcomes, world.offers)
    known = world.truth.would_have_come_anyway(wave)
    truth = known.loc[known["came"], "would_have_come"].mean()
    spent = sum(line(money, name) for name in ("of which discount, inside margin", "rewards", "points"))
    assert line(money, "of which natural buyers") / spent == pytest.approx(truth, abs=0.07)


def test_a_campaign_whose_slide_shines_can_lose():
    """Redeemers against control look splendid, the lift is real, and the vouchers cost more than it brings."""
    rng = np.random.default_rng(33)
    treated = rng.random(40_000) < 0.9
    would_come, persuaded = rng.random((2, 40_000)) < np.array([[0.2], [0.02]])
    came = would_come | (treated & persuaded)
    sales = np.where(came, rng.gamma(2, 20, 40_000), 0)
    wave = pd.DataFrame({
        "customer_id": np.arange(40_000), "arm": np.where(treated, "voucher", "control"), "orders": came * 1,
        "sales": sales, "redeemed": (came & treated) * 1,
    })  # fmt: skip
    slide = wave.loc[wave["redeemed"] > 0, "sales"].mean() - wave.loc[~treated, "sales"].mean()
    money = campaign_money(wave, margin_rate=0.30, reward_cost=3.00, contact_cost=0, point_cost=0)
    assert slide > 25
    assert line(money, "sales") > 0.3
    assert money.verdict == "lost"
    assert money.recommendation == "stop"
    assert money.sentence("€").startswith("The campaign lost money: −€0.")
    assert money.probability_of_loss > 0.999


# --- Decision ----------------------------------------------------------------------------------------


def test_the_verdict_is_where_the_interval_lies():
    noise = np.tile([-1.0, 1.0], 50)
    verdicts = [campaign_money(joined(noise + shift, noise), **FREE).verdict for shift in (2, -2, 0.1)]
    assert verdicts == ["earned", "lost", "open"]


@pytest.mark.parametrize("effect", [-0.4, 0.0, 0.7])
def test_the_value_of_testing_is_what_integration_gives(effect):
    """Belief N(effect, s); a further test with the same error spreads what is believed by s / sqrt 2."""
    found = value_test(effect, 0.5, 1_000, 60, 40)
    for value, spread in ((found.perfect, 0.5), (found.sample, 0.5 / np.sqrt(2))):
        gain, _ = integrate.quad(lambda x, s=spread: max(x, 0) * scipy_stats.norm.pdf(x, effect, s), -5, 5)
        assert value == pytest.approx(1_000 * (gain - max(effect, 0)), rel=1e-5)
    assert found.cost == pytest.approx({-0.4: 24, 0.0: 0, 0.7: 28}[effect])


def test_an_open_campaign_is_tested_again_only_where_that_pays():
    noise = np.tile([-1.0, 1.0], 50)
    wide = campaign_money(joined(noise + 0.1, noise), rollout=100_000, **FREE)
    narrow = campaign_money(joined(noise + 0.1, noise), rollout=100, **FREE)
    assert (
        wide.recommendation
        == "test once more with 200 customers, because a wrong decision would probably cost more than the test"
    )
    assert narrow.recommendation.startswith("send again, because a profit is more likely than a loss")
    assert wide.value_of_testing == pytest.approx(1_000 * narrow.value_of_testing)


def test_fixed_cost_is_spread_over_those_it_would_serve():
    noise = np.tile([-1.0, 1.0], 50)
    once = campaign_money(joined(noise + 0.5, noise), fixed_cost=100, rollout=10_000, **FREE)
    assert once.profit.effect == pytest.approx(-0.5)
    assert once.testing.cost == pytest.approx(100 * (0.5 - 0.01))


def test_a_certain_profit_has_no_chance_of_loss():
    sure = make_estimate(1.0, 0.0, n_treated=2, n_control=2, method="", estimand="")
    assert find_loss_chance(sure) == 0
    assert value_test(1.0, 0.0, 100, 2, 2).perfect == 0


def test_a_sharper_test_is_worth_more_and_an_endless_one_all_that_can_be_known():
    def worth(error: float | None) -> float:
        return value_test(-0.2, 0.5, 1_000, 60, 40, error=error).sample

    assert worth(None) == pytest.approx(worth(0.5), rel=1e-12)
    assert worth(2.0) < worth(0.5) < worth(0.1) < value_test(-0.2, 0.5, 1_000, 60, 40).perfect
    assert worth(1e-9) == pytest.approx(value_test(-0.2, 0.5, 1_000, 60, 40).perfect)
    assert value_test(-0.2, 0.0, 1_000, 60, 40, error=1.0).sample == 0


# --- Properties --------------------------------------------------------------------------------------

amounts = st.lists(st.floats(-1e4, 1e4).map(lambda x: round(x, 2)), min_size=2, max_size=12)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(treated=amounts, control=amounts, constant=st.integers(-1000, 1000))
def test_order_unit_and_a_constant_for_all_change_nothing(treated, control, constant):
    wave = joined(treated, control)
    usual = campaign_money(wave, **FREE).profit
    turned = campaign_money(wave.iloc[::-1], **FREE).profit
    cents = campaign_money(wave.assign(margin=wave["margin"] * 100), **FREE).profit
    raised = campaign_money(wave.assign(margin=wave["margin"] + constant), **FREE).profit
    ends = np.array([usual.effect, usual.low, usual.high])
    for other, scale in ((turned, 1), (cents, 100), (raised, 1)):
        np.testing.assert_allclose([other.effect, other.low, other.high], scale * ends, rtol=1e-6, atol=1e-6 * scale)
    assert usual.low <= usual.effect <= usual.high or np.isnan(usual.low)


def test_nothing_bought_is_nothing_earned_and_nothing_known_of_chance():
    money = campaign_money(joined([0, 0, 0], [0, 0]), **FREE)
    assert money.profit.effect == 0 and np.isnan([money.profit.low, money.profit.high]).all()
    assert (money.verdict, money.probability_of_loss, money.value_of_testing) == ("open", 0, 0)
    assert np.isnan(money.break_even.sales)


def test_huge_amounts_stay_finite():
    money = campaign_money(joined([1e12, 0], [0, 1e12]), **FREE)
    assert (money.profit.effect, np.isfinite(money.profit.low)) == (0, True)


# --- Several arms, pictures --------------------------------------------------------------------------


def test_several_arms_are_compared_with_a_correction():
    rng = np.random.default_rng(6)
    arms = np.repeat(["dear", "kind", "control"], 60)
    wave = pd.DataFrame(
        {"customer_id": range(180), "arm": arms, "margin": rng.normal(size=180) + (arms == "kind") * 0.4}
    )
    table = compare_money(wave, **FREE)
    assert table["arm"].tolist() == ["kind", "dear"]
    assert (table["p_holm"] >= table["p"]).all()
    assert table.loc[0, "p_holm"] == pytest.approx(min(1, 2 * table.loc[0, "p"]))
    alone = campaign_money(wave, arm="kind", **FREE)
    assert table.loc[0, "profit"] == alone.profit.effect


def test_the_waterfall_draws_each_step_and_the_interval(mailing):
    ax = campaign_money(*mailing).plot(unit="€", source="by hand")
    assert [text.get_text() for text in ax.get_xticklabels()] == [
        "margin",
        "rewards",
        "points",
        "contact cost",
        "profit",
    ]
    assert ax.get_title(loc="left") == "Whether the campaign earned is open"
    plt.close(ax.figure)


def test_the_table_in_a_notebook_shows_verdict_lines_and_warnings(mailing):
    shown = campaign_money(*mailing)._repr_html_()
    for text in ("Whether the campaign earned is open", "rewards", "fewer than 20 customers", "IFRS 15"):
        assert text in shown


# --- Bad input ---------------------------------------------------------------------------------------


def test_all_options_that_cannot_be_are_named_at_once(mailing):
    found = problems(
        *mailing, margin_rate=30, contact_cost="€0.10", reward_cost=-1, redemption_probability=1.2, vat_rate=20,
        fixed_cost=float("nan"),
    )  # fmt: skip
    assert found == [
        "contact_cost should be a number, found '€0.10': write it without a currency sign, with a decimal point",
        "reward_cost should be 0 or more, found -1",
        "redemption_probability should be from 0 to 1, found 1.2: is 1.2 percent meant? Write 0.0120",
        "margin_rate should be from 0 to 1, found 30: is 30 percent meant? Write 0.30",
        "vat_rate should be from 0 to 1, found 20: is 20 percent meant? Write 0.20",
        "fixed_cost should be a number, found nan",
    ]


@pytest.mark.parametrize(
    ("arms", "options", "says"),
    [
        (["mail"] * 3, {},
         "there is nobody in the group `control`; the groups are: mail: if it has another name, say control='…'"),
        (["control"] * 3, {}, "there is only the group `control`: nobody was treated"),
        (["mail", "control", "control"], {}, "the group `mail` holds one customer: an interval needs two"),
        (["a", "a", "b", "b", "control", "control"], {},
         "there are 2 treated arms, 'a', 'b': choose one with arm='a', or see all with compare_money"),
        (["a", "a", "control", "control"], {"arm": "c"}, "there is no treated arm 'c', found 'a'"),
    ],
)  # fmt: skip
def test_arms_that_cannot_be_compared_are_named(arms, options, says):
    people = contacts(*arms)
    assert problems(people, outcomes(people, margin=[1.0] * len(arms)), **options, **FREE) == [says]


def test_missing_outcomes_are_counted_and_not_taken_for_zero(mailing):
    people, table, offers = mailing
    gone = table[~((table["customer_id"] == 3) & (table["window"] == "post"))]
    assert problems(people, gone, offers) == [
        "1 customer has no row of the window `post` (mail 1), such as 3: who bought nothing needs a row with 0"
    ]
    text = table.assign(customer_id=table["customer_id"].astype("str"))
    assert problems(people, text.query("window == 'main'"), offers) == [
        "no customer of the contacts stands in the outcomes; `customer_id` is 1, 2, 3 in the contacts and '1', '2', "
        "'3' in the outcomes: text in one table, a whole number in the other: make them alike with .astype('str')"
    ]


def test_a_missing_main_window_is_refused(mailing):
    people, table, offers = mailing
    found = problems(people, table.query("window == 'post'"), offers)
    assert found == ["there is no row of the window `main`; the windows are: post"]
    assert problems(people, table, offers, windows=("pre",)) == [
        "windows should be 'main', 'post' or both, found ('pre',)"
    ]


def test_without_margin_a_rate_is_asked_for(mailing):
    people, table, _ = mailing
    assert problems(people, table.drop(columns="margin"), **FREE) == [
        "the outcomes have no column `margin`: add it, or give margin_rate, for example 0.30"
    ]
    assert problems(people, table[["campaign_id", "wave", "customer_id", "window", "orders"]], **FREE) == [
        "the outcomes have no column `margin`: add it, or give `sales` and margin_rate"
    ]


def test_several_waves_are_refused(mailing):
    people, table, offers = mailing
    both = pd.concat([people, people.assign(wave=2)])
    assert problems(both, table, offers) == [
        'there are 2 waves (spring / 1, spring / 2): take one, for example contacts[contacts["wave"] == 1]'
    ]


def test_a_customer_in_two_arms_and_money_as_text_are_named_together(mailing):
    people, table, offers = mailing
    twice = pd.concat([people, people.iloc[:1].assign(arm="control")])
    found = problems(twice, table.assign(sales="12,50 ₽"), offers)
    assert found[0].startswith("contacts: 1 customer stands in two groups, such as 1 (control and mail)")
    assert found[1].startswith("outcomes: `sales` holds text such as '12,50 ₽'")
    assert len(found) == 2


def test_an_empty_amount_is_no_zero(mailing):
    people, table, offers = mailing
    table = table.reset_index(drop=True)
    table.loc[2, "margin"] = np.nan
    assert problems(people, table, offers)[0].startswith("`margin` is empty in 1 of 12 rows")


def test_offers_that_do_not_fit_are_named(mailing):
    people, table, offers = mailing
    assert problems(people, table, offers.assign(offer_id="voucher")) == [
        "offers do not hold 'gift', the offer of 3 treated customers: add its row"
    ]
    two = pd.concat([offers, offers.assign(offer_id="voucher")])
    assert problems(people.drop(columns="offer_id"), table, two) == [
        "contacts have no column `offer_id`, and there are several offers: add it, or give one offer"
    ]
    assert campaign_money(people.drop(columns="offer_id"), table, offers).profit.effect == pytest.approx(0.9)


def test_a_reward_cost_without_redemptions_is_refused(mailing):
    people, table, _ = mailing
    found = problems(people, table.drop(columns="redeemed"), contact_cost=0, reward_cost=2, point_cost=0)
    assert found == ["reward_cost is given, but the outcomes have no column `redeemed` to multiply it with"]


# --- Before sending ----------------------------------------------------------------------------------


def test_at_the_break_even_response_a_plan_earns_nothing():
    people = pd.DataFrame({"segment": ["a", "b", "b"], "frequency": [4, 2, 0], "tenure_days": [112.0, 56, np.nan],
                           "basket_value": [20.0, 30, np.nan]})  # fmt: skip
    costs = {"margin_rate": 0.4, "contact_cost": 0.1, "reward_cost": 1, "discount": 0.1, "use": 0.5}
    plan = plan_economics(people, **costs)
    assert plan["base_rate"].tolist() == pytest.approx([1 - np.exp(-1), (1 - np.exp(-1)) / 2])
    lifts = plan.set_index("segment")["break_even_lift"]
    reached = plan_economics(people, **costs, lift=lifts)
    assert reached["expected_profit"].tolist() == pytest.approx([0, 0], abs=1e-12)
    assert plan["expected_profit"].isna().all()
    assert plan["assumed"].str.contains("no lift: nothing is expected").all()


def test_an_offer_that_costs_more_than_a_basket_leaves_never_breaks_even():
    plan = plan_economics(
        pd.DataFrame({"x": [1, 2]}), margin_rate=0.2, reward_cost=5, base_rate=0.1, basket=20, lift=0.5
    )
    assert plan["break_even_response"].isna().all()
    assert plan.loc[0, "segment"] == "all"
    assert plan.loc[0, "expected_profit"] == pytest.approx(2 * (4 * 0.05 - 5 * 0.15))


def test_a_plan_names_all_that_it_lacks():
    with pytest.raises(TableError) as error:
        plan_economics(pd.DataFrame({"segment": ["a"]}), margin_rate=40, contact_cost=-1, days=0)
    assert error.value.problems == [
        "margin_rate should be from 0 to 1, found 40: is 40 percent meant? Write 0.40",
        "contact_cost should be 0 or more, found -1",
        "days should be 1 or more, found 0",
        "the profile has no column `frequency`, `tenure_days`, `basket_value`: add it, or give base_rate and basket",
    ]


def test_weighted_windows_add_up_to_the_profit_before_contact():
    people = contacts(
        "mail", "mail", "mail", "control", "control", "control", propensity=[0.9, 0.9, 0.5, 0.1, 0.5, 0.5]
    )
    main = outcomes(people, margin=[9.0, 1.0, 4.0, 2.0, 0.0, 1.0])
    post = outcomes(people, window="post", margin=[1.0, 0.0, 2.0, 5.0, 1.0, 0.0])
    costs = {"contact_cost": 0.5, "reward_cost": 0, "point_cost": 0}
    money = campaign_money(people, pd.concat([main, post]), **costs)
    windows = money.lines.loc[money.lines["line"].str.startswith("of which window"), "per_customer"]
    assert windows.sum() - 0.5 == pytest.approx(money.profit.effect)


def test_one_window_may_be_named_without_a_list_when_arms_are_compared():
    people = contacts("a", "a", "b", "b", "control", "control")
    main = outcomes(people, margin=[9.0, 1.0, 4.0, 2.0, 0.0, 1.0])
    costs = {"contact_cost": 0, "reward_cost": 0, "point_cost": 0}
    found = compare_money(people, main, windows="main", **costs)
    assert found["profit"].tolist() == compare_money(people, main, windows=["main"], **costs)["profit"].tolist()


def test_a_lift_by_segment_that_is_no_number_is_told():
    people = pd.DataFrame({"segment": ["a", "b"]})
    given = {"margin_rate": 0.5, "contact_cost": 0.2, "base_rate": 0.1, "basket": 10}
    with pytest.raises(TableError, match="a number for each segment, found 'much' for 'b'"):
        plan_economics(people, **given, lift={"a": 1.0, "b": "much"})
    assert plan_economics(people, **given, lift={"a": "1"})["expected_profit"].notna().tolist() == [True, False]


def test_a_segment_in_which_all_are_alike_has_no_p_value_and_stops_no_other():
    rng = np.random.default_rng(2)
    table = pd.DataFrame(
        {"arm": ["mail", "control"] * 60, "kind": ["a"] * 60 + ["b"] * 60, "margin": rng.gamma(1, 4, 120)}
    )
    table.loc[:59, "margin"] = 0.1
    found = compare_money(table, by="kind", contact_cost=0.0, reward_cost=0.0, point_cost=0.0).set_index("segment")
    assert np.isnan(found.loc["a", ["p", "p_adjusted"]].astype(float)).all()
    assert found.loc["b", "p"] <= found.loc["b", "p_adjusted"] <= 1
