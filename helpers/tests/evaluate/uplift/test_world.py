"""Uplift in the world, where each customer's true effect is known: benchmarks/uplift.py has the forty seeds."""

import numpy as np
import pytest

from loyalty.evaluate.money.profit import campaign_money
from loyalty.evaluate.uplift.experiment import open_trial
from loyalty.evaluate.uplift.meta_learners import fit_uplift
from loyalty.evaluate.uplift.policy_value import choose_offers, price_groups, value_policies
from loyalty.evaluate.uplift.qini import measure_gains
from loyalty.prepare.profile import build_profile
from loyalty.world import World

BOTH = ("main", "post")


@pytest.fixture(scope="module", params=[1, pytest.param(3, marks=pytest.mark.slow)], ids=["a world", "three worlds"])
def waves(request):
    """For each seed a win-back coupon to a random half: profile, wave, offers, and the true effect on profit."""
    found = []
    for seed in range(request.param):
        world = World(customers=6_000, months=24, seed=seed)
        profile = build_profile(world.receipts, world.end, customers=world.customers, products=world.products)
        chosen = np.random.default_rng(seed).random(6_000) < 0.5
        plan = world.customers[["customer_id"]].assign(offer_id=np.where(chosen, "win_back", None), propensity=0.5)
        truth = world.truth.effect("win_back").set_index("customer_id")
        found.append((profile, world.run(plan)[0], world.offers, truth))
    return found


@pytest.fixture(scope="module")
def trials(waves):
    """Profit of both windows, and whether he bought in the main one, in the same two halves."""
    found = []
    for profile, wave, offers, _ in waves:
        money = open_trial(profile, wave.contacts, wave.outcomes, "profit", window=BOTH, offers=offers)
        came = open_trial(profile, wave.contacts, wave.outcomes, "responded")
        found.append((*money.split(seed=5), *came.split(seed=5)))
    return found


@pytest.mark.slow
def test_profit_is_the_one_of_the_campaigns_money(waves):
    for _, wave, offers, _ in waves[:1]:
        profile = wave.contacts[["customer_id"]].assign(nothing=1.0)
        trial = open_trial(profile, wave.contacts, wave.outcomes, "profit", window=BOTH, offers=offers)
        cost = float(offers.set_index("offer_id").loc["win_back", "contact_cost"])
        everybody = value_policies(trial, {}, cost=cost).estimates["everybody: win_back"]
        money = campaign_money(wave.contacts, wave.outcomes, offers).profit
        assert everybody.effect == pytest.approx(money.effect)
        assert everybody.se == pytest.approx(money.se, rel=1e-3)


@pytest.mark.slow
def test_learners_rank_by_the_effect_and_the_response_model_against_it(waves, trials):
    for (_, _, _, truth), (learn, judge, replied, _) in zip(waves, trials, strict=True):
        net = truth["profit"].loc[judge.arm.index]
        ranks = {name: fit_uplift(part, name).score(judge)["win_back"].corr(net, "spearman")
                 for name, part in (("x", learn), ("dr", learn), ("response", replied))}  # fmt: skip
        assert min(ranks["x"], ranks["dr"]) > 0.1
        assert ranks["response"] < -0.5


def test_the_response_model_loses_what_a_learner_saves(waves, trials):
    for (_, _, offers, truth), (learn, judge, replied, _) in zip(waves, trials, strict=True):
        cost = float(offers.set_index("offer_id").loc["win_back", "contact_cost"])
        net = truth["profit"].loc[judge.arm.index]
        best = choose_offers(fit_uplift(replied, "response").score(judge), share=0.2) != ""
        assert net[best].mean() < -2  # of 5 € for whoever comes, and they come anyway
        own = choose_offers(fit_uplift(learn, "x").score(judge), cost=cost) != ""
        oracle = net.clip(0).mean()
        assert net.mean() < -1 and net.where(own, 0).mean() > net.mean() / 2
        assert net.where(own, 0).mean() < oracle


def test_intervals_hold_the_expected_truth(waves, trials):
    held = []
    for (_, _, offers, truth), (_, judge, replied, _) in zip(waves, trials, strict=True):
        cost = float(offers.set_index("offer_id").loc["win_back", "contact_cost"])
        model, net = fit_uplift(replied, "response"), truth["profit"].loc[judge.arm.index]
        plan = choose_offers(model.score(judge), share=0.3)
        found = value_policies(judge, {"response": model}, cost=cost, share=0.3).estimates
        pairs = [(found["response"], net.where(plan != "", 0).mean()), (found["everybody: win_back"], net.mean())]
        score = model.score(judge)["win_back"]
        gain = np.append(0, net.loc[score.sort_values(ascending=False).index].cumsum()) / len(net)
        pairs.append(
            (measure_gains(judge, {"it": score}).estimates["it"], np.trapezoid(gain, dx=1 / len(net)) - gain[-1] / 2)
        )
        held += [e.low <= true <= e.high for e, true in pairs]
    assert sum(held) >= len(held) - 1


def test_those_who_come_anyway_cost_money_in_the_world(trials):
    for _, judge, replied, _ in trials:
        groups = price_groups(judge, fit_uplift(replied, "t"), cost=0.08).to_frame().set_index("name")
        assert len(groups) > 2
        assert groups.loc[groups["predicted_base"].idxmax(), "effect"] < 0


@pytest.mark.slow
def test_a_magazine_without_effect_is_found_by_no_learner():
    world = World(customers=6_000, months=12, seed=9)
    profile = build_profile(world.receipts, world.end, customers=world.customers)
    chosen = np.random.default_rng(9).random(6_000) < 0.5
    plan = world.customers[["customer_id"]].assign(offer_id=np.where(chosen, "magazine", None), propensity=0.5)
    wave, _ = world.run(plan)
    learn, judge = open_trial(profile, wave.contacts, wave.outcomes, "margin").split()
    gains = measure_gains(judge, {name: fit_uplift(learn, name) for name in ("s", "t", "x", "dr")})
    assert (gains.to_frame()["p"] > 0.001).all()
    value = value_policies(judge, {"dr": fit_uplift(learn)}, cost=0.45).estimates
    assert value["everybody: magazine"].low < -0.45 < value["everybody: magazine"].high
    assert value["dr"].low <= 0
