"""What each policy wants, by hand and against published formulas."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.learn.policy import (
    BestPolicy,
    EpsilonGreedy,
    EqualSplit,
    Policy,
    ProfileThompson,
    RepeatWinner,
    Rules,
    Thompson,
)
from loyalty.learn.policy.evidence import Evidence, add_up, weigh_lot
from loyalty.learn.policy.policies import _count_best, read_log, weigh_segments
from loyalty.tables import TableError

RULES = Rules(("gift", "points"), holdout=0.0, floor=0.02)
PEOPLE = pd.DataFrame({"customer_id": range(1, 7), "segment": ["a", "a", "a", "b", "b", "b"]})


def log_of(rows, wave=1):
    """(segment, arm, profit) a customer."""
    table = pd.DataFrame(rows, columns=["segment", "arm", "profit"])
    return table.assign(wave=wave, customer_id=range(1, len(table) + 1))


HAND = log_of(
    [
        *[("a", "control", 1.0), ("a", "control", 3.0), ("a", "gift", 6.0), ("a", "gift", 8.0)],
        *[("a", "points", 1.0), ("a", "points", 2.0)],
        *[("b", "control", 4.0), ("b", "control", 6.0), ("b", "gift", 1.0), ("b", "gift", 2.0)],
        *[("b", "points", 6.0), ("b", "points", 8.0)],
    ]
)


def test_lifts_of_segments_by_hand():
    found = weigh_segments(read_log(HAND, RULES), RULES).estimate().reshape(2, 2)
    assert np.allclose(found, [[5.0, -3.5], [-0.5, 2.0]])  # gift in a, b; points in a, b


def test_equal_split_and_repeat_the_winner_by_hand():
    assert np.allclose(EqualSplit(RULES).choose(HAND, PEOPLE).chances, 1 / 3)
    # Over both segments gift gains .75 and points gain .75: (6+8+1+2)/4 = 4.25, 17/4 = 4.25, control 3.5
    more = HAND.assign(profit=HAND["profit"] + 0.1 * (HAND["arm"] == "points"))
    assert np.allclose(RepeatWinner(RULES).choose(more, PEOPLE).chances, [0.02, 0.02, 0.96])
    assert np.allclose(RepeatWinner(RULES, trial=2).choose(more, PEOPLE).chances, 1 / 3)


def test_a_winner_stays_the_winner_whatever_comes_later():
    more = HAND.assign(profit=HAND["profit"] + 0.1 * (HAND["arm"] == "points"))
    later = pd.concat([more, HAND.assign(wave=2, profit=HAND["profit"] - 9 * (HAND["arm"] == "points"))])
    assert np.allclose(RepeatWinner(RULES).choose(later, PEOPLE).chances, [0.02, 0.02, 0.96])


def test_epsilon_greedy_by_hand():
    chances = EpsilonGreedy(RULES, epsilon=0.3).choose(HAND, PEOPLE).chances
    assert np.allclose(chances.iloc[0], 0.02 + 0.94 * np.array([0.1, 0.8, 0.1]))
    assert np.allclose(chances.iloc[5], 0.02 + 0.94 * np.array([0.1, 0.1, 0.8]))


def test_nothing_is_chosen_where_every_offer_loses():
    bad = HAND.assign(profit=HAND["profit"] - 20 * (HAND["arm"] != "control"))
    assert np.allclose(EpsilonGreedy(RULES, epsilon=0.0).choose(bad, PEOPLE).chances, [0.96, 0.02, 0.02])


def test_the_precision_of_lifts_against_a_shared_control_is_the_textbook_one():
    """Var(lift) = s²(1/n + 1/n0) on the diagonal and s²/n0 beside it: Dunnett, JASA 50 (1955), 1096-1121."""
    arm = np.repeat([0, 1, 2], [7, 5, 9])
    rng = np.random.default_rng(3)
    one = np.ones((21, 1))
    found = weigh_lot(one, one, arm, rng.normal(size=21), np.full(21, 0.25), 2)
    expected = 4.0 * (np.diag([1 / 5, 1 / 9]) + 1 / 7)
    assert np.allclose(np.linalg.inv(found.precision), expected)


def test_lifts_with_levels_taken_out_are_those_of_least_squares():
    rng = np.random.default_rng(5)
    arm, level = rng.integers(0, 3, 300), rng.normal(size=300)
    y = 2 * level + 1.5 * (arm == 1) - (arm == 2) + rng.normal(size=300)
    one = np.ones((300, 1))
    z = np.column_stack([one, level])
    found = weigh_lot(one, z, arm, y, np.ones(300), 2)
    full = np.column_stack([arm == 1, arm == 2, z]).astype(float)
    assert np.allclose(found.estimate(), np.linalg.lstsq(full, y, rcond=None)[0][:2])
    assert np.allclose(np.linalg.inv(found.precision), np.linalg.inv(full.T @ full)[:2, :2])


def test_the_posterior_of_one_offer_is_the_normal_normal_one():
    """Precisions add: Gelman and others, Bayesian Data Analysis, 3rd ed., section 2.5."""
    found = Evidence(np.array([[4.0]]), np.array([8.0]))
    mean, factor = found.update(np.array([[0.5]]))
    assert np.allclose(mean, 8 / 6) and np.allclose(factor, np.sqrt(6))


def test_thompson_gives_an_arm_the_probability_that_it_is_best():
    """One offer: that is the normal tail below zero, in closed form."""
    rules = Rules(("gift",), holdout=0.0, floor=0.0)
    rng = np.random.default_rng(8)
    rows = pd.DataFrame({"arm": ["control", "gift"] * 200, "profit": rng.normal(0, 2, 400), "segment": "all"})
    rows["profit"] += 0.2 * (rows["arm"] == "gift")
    log = rows.assign(wave=1, customer_id=range(400))
    policy = Thompson(rules, common=0.6, own=0.8)
    choice = policy.choose(log, pd.DataFrame({"customer_id": [1], "segment": ["all"]}))
    by_arm = rows.groupby("arm")["profit"]
    lift = by_arm.mean()["gift"] - by_arm.mean()["control"]
    noise = (by_arm.var() * (by_arm.size() - 1)).sum() / 398
    precision = 1 / (noise * 2 / 200) + 1 / (0.6**2 + 0.8**2)
    chance = stats.norm.cdf(lift / (noise * 2 / 200) / precision * np.sqrt(precision))
    assert abs(choice.chances["gift"].iloc[0] - chance) < 4 * choice.error
    assert 0 < choice.error < 0.012


def test_forgetting_and_a_window_weigh_old_waves_less():
    later = pd.concat([HAND, HAND.assign(wave=2, profit=HAND["profit"] + 3 * (HAND["arm"] == "points"))])
    past = read_log(later, RULES)
    whole = weigh_segments(past, RULES)
    half = weigh_segments(past, RULES, forget=0.5)
    last = weigh_segments(past, RULES, window=1)
    first = add_up([whole, last], [1, -1], 4)
    assert np.allclose(half.precision, last.precision + first.precision * 0.5)
    lifts = [found.estimate().reshape(2, 2)[1] for found in (whole, half, last)]
    assert np.allclose(lifts[0], [1.0, 3.5]) and np.allclose(lifts[1], [1.5, 4.0]) and np.allclose(lifts[2], [2.5, 5.0])


def test_control_is_best_where_no_draw_is_above_zero():
    lifts = np.array([[[1.0], [2.0]], [[-1.0], [-2.0]], [[3.0], [2.0]], [[-1.0], [0.5]]])  # draws × offers × groups
    assert np.allclose(_count_best(lifts), [[0.25, 0.25, 0.5]])


def test_a_segment_that_the_log_does_not_know_gets_equal_chances():
    new = pd.DataFrame({"customer_id": [1, 2], "segment": ["a", "new"]})
    for policy in (EpsilonGreedy(RULES), Thompson(RULES)):
        chances = policy.choose(HAND, new).chances
        assert np.allclose(chances.iloc[1], 1 / 3) and not np.allclose(chances.iloc[0], 1 / 3)


def make_profile_log(seed=2, count=3_000):
    """Gift gains where x is high and loses where it is low; points do nothing."""
    rng = np.random.default_rng(seed)
    x = rng.normal(10, 3, count)
    arm = rng.choice(["control", "gift", "points"], count)
    profit = x + (x - 10) * (arm == "gift") + rng.normal(0, 2, count)
    return pd.DataFrame(
        {"wave": 1, "customer_id": range(count), "segment": "all", "arm": arm, "profit": profit, "x": x}
    )


def test_a_profile_policy_sends_the_gift_where_the_line_is_above_zero():
    people = pd.DataFrame({"customer_id": [1, 2], "segment": "all", "x": [4.0, 16.0]})
    chances = ProfileThompson(RULES, profile=("x",), own=1.0).choose(make_profile_log(), people).chances
    assert chances["gift"].iloc[1] > 0.9 and chances["gift"].iloc[0] < 0.05


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda log: log.drop(columns="arm"), "no column `arm`"),
        (lambda log: log.assign(arm="tea"), "do not know: tea"),
        (lambda log: log.assign(profit=np.nan), "have no profit"),
        (lambda log: log.assign(segment=None), "`segment` is empty"),
        (lambda log: pd.concat([log, log]), "more than once in a wave"),
        (lambda log: log.assign(wave="w1"), "`wave` should be a whole number"),
        (lambda log: log.assign(wave=np.nan), "`wave` should be a whole number"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_in_words(change, says):
    with pytest.raises(TableError, match=says):
        Thompson(RULES).choose(change(HAND), PEOPLE)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda people: people.drop(columns="segment"), "no column `segment`"),
        (lambda people: people.assign(customer_id=1), "more than once"),
        (lambda people: people.assign(segment=None), "is empty in some rows"),
        (lambda people: people.head(0), "it is empty"),
    ],
)
def test_customers_that_cannot_be_meant_are_refused_in_words(change, says):
    with pytest.raises(TableError, match=says):
        Thompson(RULES).choose(HAND, change(PEOPLE))


def test_the_best_policy_asks_for_the_truth():
    with pytest.raises(TableError, match="needs the truth"):
        BestPolicy(RULES).choose(HAND, PEOPLE)
    truth = np.array([[1.0, -1.0]] * 3 + [[-1.0, -2.0]] * 3)
    chances = BestPolicy(RULES).choose(HAND, PEOPLE, truth=truth).chances
    assert np.allclose(chances.iloc[0], [0.02, 0.96, 0.02]) and np.allclose(chances.iloc[5], [0.96, 0.02, 0.02])


def test_one_row_no_spread_and_huge_profits_give_chances():
    same = HAND.assign(profit=5.0)
    huge = HAND.assign(profit=HAND["profit"] * 1e9)
    for log in (same, huge, HAND.head(1)):
        for policy in (EpsilonGreedy(RULES), Thompson(RULES), RepeatWinner(RULES)):
            assert np.allclose(policy.choose(log, PEOPLE).chances.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("policy", "change", "says"),
    [
        (RepeatWinner, {"trial": 0}, "trial should be"),
        (EpsilonGreedy, {"epsilon": 1.5}, "epsilon should be"),
        (Thompson, {"common": 0.0, "own": -1.0}, "2 problems"),
        (Thompson, {"forget": 2.0}, "forget should be"),
        (Thompson, {"window": 0}, "window should be"),
        (ProfileThompson, {"profile": (3,)}, "columns should be names"),
        (Thompson, {"level": "usual"}, "columns should be names"),
        (ProfileThompson, {"profile": "visits"}, "columns should be names"),
        (BestPolicy, {"see": "all"}, "see should be"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(policy, change, says):
    with pytest.raises(TableError, match=says):
        policy(RULES, **change)


def test_a_column_of_the_level_takes_noise_away_and_leaves_the_lift():
    """The same lift, with the usual spend in the level: a smaller error, and near the truth of one euro."""
    rng = np.random.default_rng(4)
    usual = rng.gamma(2, 10, 6_000)
    arm = rng.choice(["control", "gift", "points"], 6_000)
    log = pd.DataFrame({"wave": 1, "customer_id": range(6_000), "segment": "all", "arm": arm, "usual": usual})
    log["profit"] = usual + (arm == "gift") + rng.normal(0, 3, 6_000)
    plain = weigh_segments(read_log(log, RULES), RULES)
    less = weigh_segments(read_log(log, RULES, ("usual",)), RULES)
    errors = [np.sqrt(np.linalg.inv(found.precision)[0, 0]) for found in (plain, less)]
    assert errors[1] < errors[0] / 3 and abs(less.estimate()[0] - 1) < 3 * errors[1]
    people = pd.DataFrame({"customer_id": [1], "segment": ["all"], "usual": [20.0]})
    assert Thompson(RULES, level=("usual",)).choose(log, people).chances["gift"].iloc[0] > 0.9


@dataclass(frozen=True)
class Own(Policy):
    """Wants what it was given."""

    wanted: object = None

    def want(self, past, people, wave, seed, truth=None):
        return self.wanted, 0.0


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (np.full((6, 3), 1 / 6), "sum to 1"),
        (np.full((6, 3), 100 / 3), "are these percent"),
        (np.tile([1.5, -0.5, 0.0], (6, 1)), "0 or more"),
        (np.full((6, 3), np.nan), "without empty"),
        (np.full((3, 6), 1 / 6), "a row for each of 6 customers"),
        ("all", "a row for each of 6 customers"),
    ],
)
def test_what_an_own_policy_wants_has_to_be_chances(wanted, says):
    with pytest.raises(TableError, match=says):
        Own(RULES, wanted).choose(None, PEOPLE)
    assert Own(RULES, np.full((6, 3), 1 / 3)).choose(None, PEOPLE).chances.shape == (6, 3)


@pytest.mark.parametrize("seed", ["x", None, -1, 1.5, True])
def test_a_seed_that_is_no_whole_number_is_refused(seed):
    with pytest.raises(TableError, match="seed should be"):
        EqualSplit(RULES).choose(None, PEOPLE, seed=seed)
    with pytest.raises(TableError, match="rules should be"):
        Thompson(("gift", "points")).choose(None, PEOPLE)


@pytest.mark.parametrize("x", [np.nan, "many", None])
def test_a_profile_without_numbers_is_refused_in_log_and_customers(x):
    log = make_profile_log(count=30)
    people = pd.DataFrame({"customer_id": [1], "segment": "all", "x": [4.0]})
    policy = ProfileThompson(RULES, profile=("x",))
    for one, other in ((log.assign(x=x), people), (log, people.assign(x=x))):
        with pytest.raises(TableError, match="`x` should hold a number"):
            policy.choose(one, other)
    with pytest.raises(TableError, match="no column `x`, which"):
        policy.choose(log, people.drop(columns="x"))
