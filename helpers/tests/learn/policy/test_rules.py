"""The rules act on the chances before the draw: floor, caps, budget, rest, holdout."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.learn.policy import EpsilonGreedy, EqualSplit, RepeatWinner, Rules, Thompson
from loyalty.learn.policy.rules import draw_arms, limit_chances
from loyalty.tables import TableError

OFFERS = ("gift", "points", "coupon")


def make_people(count=2_000, kind=int):
    ids = [kind(number) for number in range(1, count + 1)]
    return pd.DataFrame({"customer_id": ids, "segment": np.resize(["old", "young"], count)})


def make_log(people, choice, wave=1, gain=0.0, seed=1):
    """A wave in which each offer but gift changes nothing, and gift gains for the young."""
    luck = np.random.default_rng([seed, wave]).normal(5, 3, len(people))
    better = (choice.table["arm"] == "gift") & (people["segment"] == "young")
    return choice.to_frame().assign(wave=wave, segment=people["segment"], profit=luck + gain * better)


@settings(max_examples=40)
@given(
    st.integers(1, 40),
    st.floats(0, 0.25),
    st.floats(0.25, 1),
    st.integers(0, 2**20),
)
def test_chances_sum_to_one_and_keep_floor_and_cap(count, floor, cap, seed):
    rng = np.random.default_rng(seed)
    wanted = rng.dirichlet([0.3] * 4, count)
    out = rng.random(count) < 0.3
    rules = Rules(OFFERS, floor=floor, caps={"gift": cap, "coupon": cap})
    chances = limit_chances(wanted, rules, out)
    assert np.allclose(chances.sum(axis=1), 1)
    assert (chances[~out] >= floor - 1e-12).all() and (chances[out] == [1, 0, 0, 0]).all()
    if (~out).any():
        assert (chances[~out].mean(axis=0)[[1, 3]] <= cap + 1e-12).all()


def test_the_budget_cuts_all_offers_alike_and_says_when_it_does_not_pay_for_the_floor():
    wanted = np.tile([0.0, 1.0, 0.0, 0.0], (100, 1))
    rules = Rules(OFFERS, floor=0.02, costs={"gift": 1.0, "points": 0, "coupon": 0}, budget=48.0)
    chances = limit_chances(wanted, rules, np.zeros(100, bool))
    assert np.allclose(chances[0], [0.48, 0.48, 0.02, 0.02])
    with pytest.raises(TableError, match="does not pay for the floor"):
        limit_chances(
            wanted, Rules(OFFERS, costs={"gift": 1.0, "points": 0, "coupon": 0}, budget=1.0), np.zeros(100, bool)
        )


def test_the_draw_gives_each_arm_its_chance():
    chances = np.tile([0.1, 0.2, 0.3, 0.4], (100_000, 1))
    even = (np.arange(100_000) + 0.5) / 100_000
    assert (np.bincount(draw_arms(chances, even)) == [10_000, 20_000, 30_000, 40_000]).all()


@pytest.mark.parametrize("policy", [EqualSplit, RepeatWinner, EpsilonGreedy, Thompson])
def test_the_holdout_is_the_same_in_every_wave_and_gets_nothing(policy):
    people = make_people()
    rules = Rules(OFFERS, holdout=0.1)
    first = policy(rules).choose(None, people, seed=3)
    log = make_log(people, first)
    second = policy(rules).choose(log, people, seed=3)
    assert (first.table["holdout"] == second.table["holdout"]).all() and 150 < first.table["holdout"].sum() < 250
    for choice in (first, second):
        held = choice.table[choice.table["holdout"]]
        assert (held["arm"] == "control").all() and (held["propensity"] == 1).all()


@pytest.mark.parametrize("policy", [EqualSplit, RepeatWinner, EpsilonGreedy, Thompson])
def test_what_is_logged_is_what_was_drawn_from(policy):
    people = make_people()
    log = make_log(people, policy(Rules(OFFERS)).choose(None, people, seed=3), gain=2.0)
    choice = policy(Rules(OFFERS, caps={"gift": 0.4})).choose(log, people, seed=3)
    own = choice.chances.to_numpy()[np.arange(len(people)), choice.chances.columns.get_indexer(choice.table["arm"])]
    assert (own == choice.table["propensity"]).all()
    inside = ~choice.table["holdout"]
    expected = choice.chances[inside].sum()
    spread = np.sqrt((choice.chances[inside] * (1 - choice.chances[inside])).sum())
    seen = choice.table[inside]["arm"].value_counts().reindex(choice.chances.columns, fill_value=0)
    assert ((seen - expected).abs() < 4 * spread).all()
    assert choice.chances[inside].min().min() >= 0.02 - 1e-12 and choice.chances[inside]["gift"].mean() <= 0.4 + 1e-12


def test_a_text_id_and_its_number_have_the_same_luck():
    rules = Rules(OFFERS)
    arms = [EqualSplit(rules).choose(None, make_people(500, kind), seed=5).table["arm"] for kind in (int, str)]
    assert (arms[0] == arms[1]).all()


def test_the_order_of_rows_changes_nobodys_arm():
    people = make_people(500)
    mixed = people.sample(frac=1, random_state=1)
    one, other = (EqualSplit(Rules(OFFERS)).choose(None, p, seed=5).table for p in (people, mixed))
    assert one.set_index("customer_id")["arm"].eq(other.set_index("customer_id")["arm"]).all()


def test_who_had_enough_contacts_rests_and_takes_no_part():
    people = make_people()
    rules = Rules(OFFERS, most=1, within=3)
    policy = EqualSplit(rules)
    logs = [make_log(people, policy.choose(None, people, seed=3), wave=1)]
    for wave in (2, 3, 4):
        choice = policy.choose(pd.concat(logs), people, seed=3)
        logs.append(make_log(people, choice, wave=wave))
        resting = choice.table[choice.table["resting"]]
        assert (resting["arm"] == "control").all() and (resting["propensity"] == 1).all()
    sent = pd.concat(logs)[lambda log: log["arm"] != "control"]
    waves = sent.groupby("customer_id")["wave"].apply(lambda w: np.diff(np.sort(w)).min() if len(w) > 1 else 9)
    assert waves.min() == 3


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"offers": ()}, "at least one offer"),
        ({"offers": ("gift", "gift")}, "stands once"),
        ({"offers": ("gift", "control")}, "none is called control"),
        ({"offers": "gift"}, "should be names"),
        ({"holdout": 1.5}, "holdout should be a share"),
        ({"floor": 0.4}, "floor should be"),
        ({"caps": {"tea": 0.5}}, "which is no offer"),
        ({"caps": {"gift": 0.001}}, "the cap of gift"),
        ({"caps": 3}, "numbers by offer"),
        ({"costs": {"gift": -1}}, "the cost of gift"),
        ({"budget": -1.0}, "budget should be"),
        ({"most": 0}, "most should be"),
        ({"within": 0}, "within should be"),
        ({"within": 3}, "needs `most`"),
        ({"budget": 10.0}, "without a cost: gift, points, coupon"),
        ({"costs": {"gift": 1.0}}, "what is free with 0; without a cost: points, coupon"),
        ({"offers": (["gift"],)}, "should have a name"),
        ({"holdout": 5}, "is 5 percent meant"),
        ({"most": 3}, "limits nothing"),
    ],
)
def test_rules_that_cannot_be_meant_are_refused(change, says):
    with pytest.raises(TableError, match=says):
        Rules(**({"offers": OFFERS} | change))


def test_all_problems_of_the_rules_are_told_at_once():
    with pytest.raises(TableError) as told:
        Rules(OFFERS, holdout=2.0, floor=0.9, budget=-1.0)
    assert len(told.value.problems) == 4


@pytest.mark.parametrize("numbers", [(1, 2), (202511, 202601)])
@pytest.mark.parametrize("kinds", [(int, str), (str, int), (int, int)])
def test_a_rest_counts_waves_and_knows_an_id_and_its_text(numbers, kinds):
    rules = Rules(OFFERS, most=1, within=3)
    people = make_people(300, kinds[0])
    log = make_log(people, EqualSplit(rules).choose(None, people, seed=3), wave=numbers[0])
    log = pd.concat([log, log.assign(wave=numbers[1], arm="control")])
    resting = EqualSplit(rules).choose(log, make_people(300, kinds[1]), seed=3).table["resting"]
    assert resting.sum() == (log["arm"] != "control").sum() > 100


@pytest.mark.parametrize("policy", [RepeatWinner, lambda rules: Thompson(rules, forget=0.5, window=2)])
def test_numbers_of_waves_that_are_months_change_no_chance_before_the_rules(policy):
    rules = Rules(OFFERS)
    people = make_people(400)
    waves = [make_log(people, EqualSplit(rules).choose(None, people, seed=3), wave=w, gain=3.0) for w in (1, 2, 3)]
    plain, months = pd.concat(waves), pd.concat(waves)
    months["wave"] = months["wave"].map({1: 202511, 2: 202512, 3: 202601})
    one, other = (policy(rules).choose(log, people, seed=3) for log in (plain, months))
    assert np.abs(one.chances - other.chances).max().max() <= 6 * one.error + 1e-12


@pytest.mark.parametrize("flags", ["False", "no", np.nan, None, 2, 0.5])
def test_flags_of_a_log_that_are_no_flags_are_refused(flags):
    people = make_people(50)
    log = make_log(people, EqualSplit(Rules(OFFERS)).choose(None, people))
    for name in ("holdout", "resting"):
        with pytest.raises(TableError, match=f"`{name}` should hold True or False"):
            Thompson(Rules(OFFERS)).choose(log.assign(**{name: flags}), people)
    whole = log.assign(holdout=log["holdout"].astype(int), resting=log["resting"].astype(object))
    pd.testing.assert_frame_equal(*(EqualSplit(Rules(OFFERS)).choose(one, people).table for one in (log, whole)))
    with pytest.warns(UserWarning, match="nothing is learned"):
        EqualSplit(Rules(OFFERS)).choose(log.assign(resting=True), people)


@pytest.mark.parametrize(("seed", "holdout"), [(4, 0.1), (3, 0.2)])
def test_another_holdout_than_that_of_the_log_is_refused(seed, holdout):
    people = make_people(300)
    log = make_log(people, EqualSplit(Rules(OFFERS)).choose(None, people, seed=3))
    with pytest.raises(TableError, match="its holdout is another one"):
        EqualSplit(Rules(OFFERS, holdout=holdout)).choose(log, people, seed=seed)
