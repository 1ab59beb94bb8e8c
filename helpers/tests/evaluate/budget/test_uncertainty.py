"""What a plan from noisy figures is worth: its interval, what it promises too much, and what caution changes."""

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.budget import plan as budget
from loyalty.evaluate.budget.options import cost_offers
from loyalty.evaluate.budget.plan import plan_budget, trace_frontier
from loyalty.stats.estimate import Estimate
from loyalty.stats.shrinkage import shrink_normal


def lay_out(truth, se):
    """Ten segments of a thousand customers, four offers, a cost of 1: money for four segments in ten."""
    table = pd.DataFrame({"segment": np.repeat(np.arange(10), 4), "offer_id": np.tile(np.arange(4), 10)})
    return table.assign(customers=1_000, cost=1.0, se=se, profit=truth)


def repeat(times, spread, se, plan):
    """For each of many tests of the same 40 offers: what the plan promised, said of itself, and truly brings."""
    found = []
    for seed in range(times):
        rng = np.random.default_rng(seed)
        truth = rng.normal(0.3, spread, 40)
        seen = lay_out(truth + se * rng.standard_normal(40), se)
        made = plan(seen, seed)
        brings = made.plan.merge(
            lay_out(truth, se)[["segment", "offer_id", "profit"]].rename(columns={"profit": "truth"})
        )
        found.append([made.profit.effect, made.disappointment, (brings["contacts"] * brings["truth"]).sum()])
    return np.array(found).T


def test_the_interval_of_a_plan_is_that_of_its_draws():
    options = lay_out(np.linspace(-0.2, 1, 40), np.linspace(0.1, 0.9, 40))
    exact = plan_budget(options, 4_000)
    assert isinstance(exact.profit, Estimate) and exact.profit.low < exact.profit.effect < exact.profit.high
    noise = np.random.default_rng(1).standard_normal((40, 20_000))
    draws = options["profit"].to_numpy()[:, None] + options["se"].to_numpy()[:, None] * noise
    drawn = plan_budget(options, 4_000, draws=draws)
    for name in ("effect", "low", "high", "se"):
        assert getattr(drawn.profit, name) == pytest.approx(getattr(exact.profit, name), abs=0.03 * exact.profit.se)
    assert drawn.probability_of_loss == pytest.approx(exact.probability_of_loss, abs=0.005)
    pd.testing.assert_frame_equal(drawn.plan, exact.plan)


def test_draws_follow_their_options_when_the_rows_are_mixed():
    options = lay_out(np.linspace(-0.2, 1, 40), 0.3)
    draws = options["profit"].to_numpy()[:, None] + np.random.default_rng(2).normal(0, 0.3, (40, 500))
    order = np.random.default_rng(3).permutation(40)
    kept, mixed = (
        plan_budget(o, 4_000, draws=d, caution=0.2) for o, d in ((options, draws), (options.iloc[order], draws[order]))
    )
    pd.testing.assert_frame_equal(kept.plan, mixed.plan)
    assert kept.profit.low == pytest.approx(mixed.profit.low)


def test_a_loss_is_as_likely_as_the_draws_say():
    options = pd.DataFrame({"segment": ["a"], "offer_id": ["x"], "customers": [10], "profit": [0.5], "cost": [1.0]})
    draws = np.array([[-1.0, 1.0, 1.0, 1.0]])
    assert plan_budget(options, 10, draws=draws).probability_of_loss == 0.25
    assert plan_budget(options.assign(se=0.5), 10).probability_of_loss == pytest.approx(0.1587, abs=1e-4)
    assert plan_budget(options.assign(se=0.5), 0).probability_of_loss == 0
    assert "probability of a loss 0.250)" in plan_budget(options, 10, draws=draws).sentence()
    assert "probability of a loss below 0.001)" in plan_budget(options.assign(se=0.05), 10).sentence()


def test_without_errors_there_is_no_interval_and_the_result_says_so():
    found = plan_budget(lay_out(np.linspace(0.1, 1, 40), 0.1).drop(columns="se"), 4_000)
    assert np.isnan([found.profit.low, found.profit.high, found.disappointment, found.probability_of_loss]).all()
    assert "no standard errors" in found.warnings[0] and "interval" not in found.sentence()


@pytest.mark.slow
def test_a_plan_chosen_on_noisy_figures_brings_less_than_it_promises():
    promised, said, brought = repeat(30, 0.3, 0.3, lambda seen, seed: plan_budget(seen, 4_000, seed=seed))
    gap = promised - brought
    error = gap.std() / np.sqrt(len(gap))
    assert gap.mean() > 5 * error and gap.mean() > 0.25 * promised.mean()
    # What the result says of it points the right way and is rather too small, as its documentation owns
    assert 0.65 * gap.mean() < said.mean() < gap.mean()


@pytest.mark.slow
def test_good_figures_disappoint_little_and_are_not_warned_of():
    promised, said, brought = repeat(8, 0.3, 0.03, lambda seen, seed: plan_budget(seen, 4_000, seed=seed))
    assert abs((promised - brought).mean()) < 0.03 * promised.mean() and (said < 0.03 * promised).all()
    sure = plan_budget(lay_out(np.linspace(0.1, 1, 40), 0.001), 4_000)
    noisy = plan_budget(lay_out(np.linspace(0.1, 1, 40), 0.5), 4_000)
    assert sure.warnings == () and sure.disappointment == pytest.approx(0, abs=1)
    assert "promised expect about" in noisy.warnings[0] and noisy.disappointment > 0


def test_the_sentence_says_what_noisy_figures_promise_too_much_and_only_then():
    options = lay_out(np.linspace(0.1, 1, 40), 0.5)
    noisy = plan_budget(options, 4_000)
    told = noisy.sentence("€").split("such noisy figures promise about €")[1]
    lost, left = (float(told.split(part)[at].split(".")[0].replace(",", "")) for part, at in ((" ", 0), ("about €", 1)))
    assert lost == pytest.approx(noisy.disappointment, rel=0.05)
    assert left == pytest.approx(noisy.profit.effect - noisy.disappointment, rel=0.05)
    # The mean of draws has lost it already, and a plan without contacts has promised nothing
    draws = options["profit"].to_numpy()[:, None] / 2 + np.zeros((40, 10))
    cheap = plan_budget(lay_out(np.linspace(0.1, 1, 40), 0.001), 4_000)
    nothing = plan_budget(options.assign(profit=-0.01), 4_000)
    assert nothing.disappointment > 0 and nothing.warnings == ()
    for quiet in (plan_budget(options, 4_000, draws=draws), cheap, nothing, plan_budget(options.drop(columns="se"), 9)):
        assert "too much" not in quiet.sentence()


def test_who_is_cautious_already_is_told_what_his_figures_add_up_to():
    careful = plan_budget(lay_out(np.linspace(0.1, 1, 40), 0.5), 4_000, caution=0.2)
    assert f"the cautious figures add up to {careful.profit.details['planned']:,.0f}" in careful.warnings[0]
    assert "caution=0.2" not in careful.warnings[0] and careful.profit.details["planned"] < careful.profit.effect


@pytest.mark.slow
def test_a_plan_on_what_may_be_believed_does_not_disappoint():
    def plan(seen, seed):
        shrunk = shrink_normal(seen["profit"], seen["se"]).to_frame()
        spread = (shrunk["high"] - shrunk["low"]).to_numpy() / (2 * 1.96)
        noise = np.random.default_rng(seed).standard_normal((40, 400))
        draws = shrunk["shrunken"].to_numpy()[:, None] + spread[:, None] * noise
        return plan_budget(seen.assign(profit=shrunk["shrunken"]), 4_000, draws=draws)

    promised, said, brought = repeat(25, 0.3, 0.3, plan)
    gap = promised - brought
    assert abs(gap.mean()) < 3 * gap.std() / np.sqrt(len(gap)) + 0.03 * promised.mean()
    assert np.abs(said).mean() < 0.02 * promised.mean()


def test_draws_that_say_less_than_the_profits_are_pointed_out():
    options = lay_out(np.linspace(0.1, 1, 40), 0.1)
    draws = options["profit"].to_numpy()[:, None] / 2 + np.zeros((40, 10))
    found = plan_budget(options, 4_000, draws=draws)
    assert found.disappointment == pytest.approx(found.profit.effect) and "draws say less than" in found.warnings[0]


@pytest.mark.slow
def test_caution_prefers_what_is_sure_and_keeps_more_of_its_promise(monkeypatch):
    monkeypatch.setattr(budget, "PAIRS", 1)  # the disappointment is not asked for here, and takes most of the time
    options = pd.DataFrame({"segment": ["a", "b"], "offer_id": "x", "customers": 100, "cost": 1.0,
                            "profit": [1.0, 0.8], "se": [1.0, 0.05]})  # fmt: skip
    bold, careful = plan_budget(options, 100), plan_budget(options, 100, caution=0.2)
    assert bold.plan["segment"].tolist() == ["a"] and careful.plan["segment"].tolist() == ["b"]
    assert careful.profit.effect == pytest.approx(80) and careful.probability_of_loss < bold.probability_of_loss
    assert careful.profit.details["planned"] == pytest.approx(100 * (0.8 - 0.8416 * 0.05), abs=0.01)
    errors = np.tile([0.1, 0.1, 0.6, 0.6], 10)  # two offers of four are tested badly
    runs = [
        repeat(20, 0.2, errors, lambda seen, seed, c=caution: plan_budget(seen, 4_000, caution=c))
        for caution in (None, 0.2)
    ]
    (bold_promise, _, bold_brought), (promise, _, brought) = runs
    more = brought - bold_brought  # the same tests of the same offers
    assert more.mean() > 4 * more.std() / np.sqrt(len(more))
    assert brought.mean() / promise.mean() > 1.15 * bold_brought.mean() / bold_promise.mean()


def test_the_frontier_has_the_interval_of_each_plan():
    options = lay_out(np.linspace(-0.2, 1, 40), 0.3)
    found, plan = trace_frontier(options, [1_000, 4_000], caution=0.3), plan_budget(options, 4_000, caution=0.3)
    assert found.loc[1, ["low", "high"]].tolist() == pytest.approx([plan.profit.low, plan.profit.high])
    assert (found["low"] < found["profit"]).all() and (found["profit"] < found["high"]).all()


# --- Cost of a contact ---------------------------------------------------------------------------

OFFERS = pd.DataFrame({
    "offer_id": ["gift", "points", "note"], "kind": ["gift", "points", "reminder"], "point_cost": 0.01,
    "reward_cost": [6.0, np.nan, np.nan], "contact_cost": [0.5, 0.1, 0.1], "redemption_probability": [0.7, 0.7, np.nan],
})  # fmt: skip


def test_a_contact_costs_what_is_expected_to_be_redeemed():
    use = pd.DataFrame({"offer_id": ["gift", "points", "note"], "redeemed": [0.25, 0.3, 0.0],
                        "points_issued": [0, 200, 50], "discount": [0.0, 0.4, 0.0]})  # fmt: skip
    found = cost_offers(OFFERS, use)
    assert found["cost"].tolist() == pytest.approx([0.5 + 0.25 * 6, 0.1 + 0.4 + 200 * 0.7 * 0.01, 0.1 + 0.5])
    assert found["cost_at_full"].tolist() == pytest.approx([6.5, 0.1 + 0.4 + 2.0, 0.6])
    assert found[["contact", "rewards", "discounts", "points"]].sum(axis=1).to_numpy() == pytest.approx(found["cost"])
    assert list(found.columns[:4]) == list(use.columns)


def test_rewards_budgeted_at_full_redemption_leave_money_unspent():
    rng = np.random.default_rng(0)
    use = pd.DataFrame({"segment": np.arange(8), "offer_id": "gift", "redeemed": rng.uniform(0.1, 0.4, 8)})
    options = cost_offers(OFFERS, use).assign(customers=1_000, profit=rng.uniform(0.2, 1.5, 8))
    right = plan_budget(options, 6_000)
    fearful = plan_budget(options.assign(cost=options["cost_at_full"]), 6_000)
    spent = fearful.plan.merge(
        options[["segment", "offer_id", "cost"]], on=["segment", "offer_id"], suffixes=("", "_expected")
    )
    really = (spent["contacts"] * spent["cost_expected"]).sum()
    assert fearful.cost == pytest.approx(6_000) == right.cost
    assert really < 0.5 * 6_000 and fearful.profit.effect < 0.6 * right.profit.effect
