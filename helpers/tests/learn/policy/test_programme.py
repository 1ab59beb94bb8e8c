"""A programme in the world: what it logs, what it earns, and that it is the world's own run to the cent."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loyalty.learn.policy import (
    BestPolicy,
    EpsilonGreedy,
    EqualSplit,
    ProfileThompson,
    RepeatWinner,
    Rules,
    Thompson,
    compare_programmes,
    describe_customers,
    run_programme,
    run_programmes,
)
from loyalty.tables import TableError
from loyalty.world import PRESETS, World

RULES = Rules(("basket_discount", "category_discount", "reminder"))


@pytest.fixture(scope="module")
def world():
    return World(customers=700, months=13, seed=5)


@pytest.fixture(scope="module")
def people(world):
    return describe_customers(world)


@pytest.fixture(scope="module")
def found(world, people):
    policies = {
        "equal": EqualSplit(RULES),
        "greedy": EpsilonGreedy(RULES),
        "thompson": Thompson(RULES),
        "best": BestPolicy(RULES),
    }
    return run_programmes(world, policies, waves=3, customers=people)


def test_profits_are_those_of_the_worlds_own_run_to_the_cent(world, found):
    programme = found["thompson"]
    now = world
    price = world.offers.set_index("offer_id")["contact_cost"]
    money = world.parameters.money
    for number, log in programme.log.groupby("wave"):
        plan = log[["customer_id"]].assign(offer_id=log["arm"].where(log["arm"] != "control", None))
        wave, now = now.run(plan, post=0, pre=0)
        out = wave.outcomes.set_index("customer_id").loc[log["customer_id"]]
        points = out["points_issued"] * money.redemption * money.point_cost
        profit = out["margin"] - out["reward_paid"] - points
        profit -= log["arm"].map(price).fillna(0).to_numpy()
        assert np.abs(profit.to_numpy() - log["profit"].to_numpy()).max() < 0.011, number


def test_chances_of_every_row_sum_to_one_and_what_is_logged_was_drawn(found):
    for programme in found.values():
        log = programme.log
        chances = log[[f"chance_{arm}" for arm in RULES.arms]].to_numpy()
        own = chances[np.arange(len(log)), pd.Index(RULES.arms).get_indexer(log["arm"])]
        assert np.allclose(chances.sum(axis=1), 1) and (own == log["propensity"]).all() and (own > 0).all()
        taking = ~(log["holdout"] | log["resting"])
        assert chances[taking].min() >= 0.02 - 1e-12


def test_the_holdout_is_never_written_to_and_is_the_same_for_all_policies(found):
    held = [p.log.groupby("customer_id")["holdout"].agg(["min", "max"]) for p in found.values()]
    for programme, who in zip(found.values(), held, strict=True):
        assert (who["min"] == who["max"]).all()
        assert (programme.log.loc[programme.log["holdout"], "arm"] == "control").all()
    both = pd.concat([who["min"] for who in held[:2]], axis=1, join="inner")
    assert (both.iloc[:, 0] == both.iloc[:, 1]).all() and 0.05 < both.iloc[:, 0].mean() < 0.16


def test_the_first_wave_is_drawn_alike_by_all_policies_that_know_nothing(found):
    first = {name: p.log[p.log["wave"] == 1] for name, p in found.items() if name != "best"}
    for log in first.values():
        pd.testing.assert_frame_equal(
            log[["customer_id", "arm", "profit"]], first["equal"][["customer_id", "arm", "profit"]]
        )


def test_the_same_seed_gives_the_same_programme_alone_or_beside_others(world, people, found):
    again = run_programme(world, Thompson(RULES), 3, customers=people)
    pd.testing.assert_frame_equal(again.log, found["thompson"].log)
    pd.testing.assert_frame_equal(again.waves, found["thompson"].waves)


def test_a_policy_in_a_programme_does_what_it_does_from_the_log_alone(world, people, found):
    log = found["thompson"].log
    last = log[log["wave"] == 3]
    who = people[people["customer_id"].isin(last["customer_id"])]
    choice = Thompson(RULES).choose(log[log["wave"] < 3], who, seed=world.seed)
    assert (choice.table["arm"].to_numpy() == last["arm"].to_numpy()).all()
    assert np.allclose(choice.table["propensity"], last["propensity"])


def test_nobody_is_written_to_and_nothing_is_gained_when_all_are_held_back(world, people):
    programme = run_programme(world, EqualSplit(Rules(("gift",), holdout=0.9, floor=0.0)), 2, customers=people.head(3))
    assert (programme.log["arm"] == "control").all()
    assert programme.waves["gain"].abs().max() == programme.waves["expected_gain"].abs().max() == 0


def test_expected_gain_is_the_truths_effect_where_nothing_is_carried_over(world, people):
    rules = Rules(("category_discount",), holdout=0.0)
    programme = run_programme(world, EqualSplit(rules), 1, customers=people)
    sent = programme.log.loc[programme.log["arm"] != "control", "customer_id"]
    effect = world.truth.effect("category_discount", days=28, post=0).set_index("customer_id")["profit"]
    assert abs(programme.profit - effect.loc[sent].sum()) < 1e-6


def test_regret_against_itself_is_zero_and_grows_by_what_each_wave_lost(found):
    assert (found["best"].regret(found["best"]) == 0).all()
    regret = found["equal"].regret(found["best"])
    assert abs(regret.iloc[-1] - (found["best"].profit - found["equal"].profit)) < 1e-6
    with pytest.raises(TableError, match="the same waves"):
        found["equal"].regret(replace(found["best"], waves=found["best"].waves.head(1)))


def test_rest_keeps_contacts_apart_in_a_programme(world, people):
    rules = Rules(("reminder", "gift"), most=1, within=2)
    log = run_programme(world, EqualSplit(rules), 4, customers=people).log
    sent = log[log["arm"] != "control"].sort_values(["customer_id", "wave"])
    gaps = sent.groupby("customer_id")["wave"].diff().dropna()
    assert gaps.min() == 2 and log["resting"].any()


def test_other_effects_hold_from_the_switch_on_and_not_before(world, people):
    offers = tuple(replace(o, visits=(("all", 2.0),)) for o in world.parameters.offers)
    then = World(customers=700, months=13, seed=5, parameters=replace(world.parameters, offers=offers))
    plain = run_programme(world, EqualSplit(RULES), 3, customers=people)
    other = run_programme(world, EqualSplit(RULES), 3, customers=people, then=then, switch=3)
    assert (plain.waves["profit"].head(2) == other.waves["profit"].head(2)).all()
    assert other.waves["profit"].iloc[2] > plain.waves["profit"].iloc[2] + 100


@pytest.mark.slow
def test_a_programme_learns_more_than_an_equal_split_earns():
    """Over five worlds with seeds 0 to 4: not a claim about sizes, but that learning is no worse than none."""
    calm = replace(PRESETS["default"](), drift=replace(PRESETS["default"]().drift, months=()))
    rows = []
    for seed in range(5):
        world = World(customers=5_000, months=24, seed=seed, parameters=calm)
        policies = {"equal": EqualSplit(RULES), "thompson": Thompson(RULES), "best": BestPolicy(RULES)}
        runs = run_programmes(world, policies, waves=13)
        rows += [{"seed": seed, "policy": name, "profit": run.profit} for name, run in runs.items()]
    table = compare_programmes(pd.DataFrame(rows), "equal").set_index("policy")
    assert table.loc["thompson", "difference_low"] > 0 and table.loc["best", "mean"] > table.loc["thompson", "mean"]


def test_segments_are_made_from_receipts_before_the_first_wave(world, people):
    lines = world.receipts
    assert (people["recency_days"] <= 182).all() and (people["recency_days"] >= 1).all()
    one = people.iloc[10]
    mine = lines[(lines["customer_id"] == one["customer_id"]) & (lines["time"] >= world.end - pd.Timedelta(days=365))]
    assert abs(np.expm1(one["visits"]) - mine["basket_id"].nunique()) < 1e-9
    shares = people.filter(like="share of ")
    assert np.allclose(shares.sum(axis=1), 1)
    assert ("share of " + people["segment"] == shares.idxmax(axis=1)).all()


def test_a_profile_policy_logs_its_profile(world, people):
    policy = ProfileThompson(RULES, profile=("visits", "share of baby"))
    log = run_programme(world, policy, 2, customers=people).log
    assert {"visits", "share of baby"} <= set(log) and log["propensity"][log["wave"] == 2].nunique() > 50


def test_what_cannot_be_run_is_refused_with_all_reasons(world, people):
    with pytest.raises(TableError) as told:
        run_programmes(world, {"a": EqualSplit(Rules(("tea",)))}, 0, switch=3)
    assert len(told.value.problems) == 4
    with pytest.raises(TableError, match="switch should be a wave"):
        run_programme(world, EqualSplit(RULES), 2, then=world, switch=9)
    with pytest.raises(TableError, match="waves should be"):
        run_programme(world, EqualSplit(RULES), True)
    with pytest.raises(TableError, match="same chain"):
        run_programme(world, EqualSplit(RULES), 2, then=World(customers=600, months=13, seed=5), switch=2)
    with pytest.raises(TableError, match="no column `recency_days`"):
        run_programme(world, EqualSplit(RULES), 1, customers=people[["customer_id", "segment"]])
    with pytest.raises(TableError, match="another customer of the world"):
        run_programme(world, EqualSplit(RULES), 1, customers=people.assign(customer_id=10**6))


def test_regret_asks_for_a_programme(found):
    with pytest.raises(TableError, match="found DataFrame"):
        found["equal"].regret(found["equal"].log)


def test_bands_are_paired_by_seed():
    rows = pd.DataFrame(
        {"seed": np.repeat(range(4), 2), "policy": ["a", "b"] * 4, "profit": [1.0, 2, 10, 12, 4, 5, 7, 9]}
    )
    table = compare_programmes(rows, "a").set_index("policy")
    assert table.loc["b", "difference"] == 1.5 and table.loc["b", "better"] == 1
    half = 3.182446 * np.std([1, 2, 1, 2], ddof=1) / 2
    assert abs(table.loc["b", "difference_high"] - 1.5 - half) < 1e-5
    with pytest.raises(TableError, match="no policy 'c'"):
        compare_programmes(rows, "c")
    with pytest.raises(TableError, match="no band"):
        compare_programmes(rows.head(2), "a")
    with pytest.raises(TableError, match="twice"):
        compare_programmes(pd.concat([rows, rows]), "a")
    with pytest.raises(TableError, match="a number for every policy"):
        compare_programmes(rows.drop(index=3), "a")
    with pytest.raises(TableError, match="`policy` holds lists or records"):
        compare_programmes(rows.assign(policy=[["a"]] * len(rows)), "a")


def test_repeat_the_winner_sends_one_offer_to_nearly_all(world, people):
    log = run_programme(world, RepeatWinner(RULES), 2, customers=people).log
    second = log[(log["wave"] == 2) & ~log["holdout"]]
    assert second["arm"].value_counts(normalize=True).iloc[0] > 0.85


def test_results_say_what_they_are(world, people, found):
    assert repr(found["equal"]).startswith("Programme equal: 3 waves") and "<table" in found["equal"]._repr_html_()
    choice = EqualSplit(RULES).choose(None, people, seed=1)
    assert (
        repr(choice).startswith(f"Choice for {len(people):,} customers: control") and "holdout" in choice._repr_html_()
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"segment": None}, "`segment` is empty"),
        ({"recency_days": -1.0}, "`recency_days` should be days"),
        ({"customer_id": 1}, "another customer of the world"),
    ],
)
def test_customers_of_a_programme_that_cannot_be_meant_are_refused(world, people, change, says):
    with pytest.raises(TableError, match=says):
        run_programme(world, EqualSplit(RULES), 1, customers=people.assign(**change))


def test_customers_who_arrive_later_take_part_after_their_first_purchase():
    base = PRESETS["default"]()
    growing = replace(base, people=replace(base.people, arriving=12))
    world = World(customers=900, months=12, seed=5, parameters=growing)
    entry = world.scene.people.entry
    log = run_programme(world, EqualSplit(RULES), 4).log
    new = log[log["segment"] == "new"].merge(
        pd.DataFrame({"customer_id": np.arange(len(entry)) + 1, "entry": entry}), on="customer_id"
    )
    day = world.scene.calendar.month_start(12) + 28 * (new["wave"] - 1)
    assert len(new) > 20 and (new["entry"] < day).all() and (new["wave"] > 1).all()
    assert new["customer_id"].nunique() >= 0.9 * (entry[entry >= day.min() - 28] < day.max()).sum()
