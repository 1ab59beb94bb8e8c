"""Exercise 22: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets.loaders import complete_journey
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules import assign_life_cycle, measure_gaps, score_rfm
from loyalty.tasks import check

AS_OF = pd.Timestamp("2017-07-01")


@pytest.fixture(scope="module")
def chain():
    return complete_journey()


@pytest.fixture(scope="module")
def profile(chain):
    return build_profile(chain.receipts, AS_OF, customers=chain.customers)


@pytest.mark.slow
def test_ties_broken_by_id_are_named(profile):
    buyers = profile[profile.frequency > 0].sort_values("customer_id")
    buyers = buyers.assign(f=pd.qcut(buyers.frequency.rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype(int))
    scores = profile[["customer_id"]].merge(buyers[["customer_id", "f"]], how="left").fillna({"f": 0})
    assert check("22a", scores).mistake == "ties_by_id"


@pytest.mark.slow
def test_scores_of_the_same_customers_in_any_order_are_right(profile):
    # By hand: the place among the buyers who differ, cut into fifths
    f = profile.frequency[profile.frequency > 0]
    worse, better = (f.rank(method=m) for m in ("min", "max"))
    place = (worse - 1) / ((worse - 1) + (len(f) - better))
    score = (place * 5).astype(int).clip(upper=4) + 1
    table = profile[["customer_id"]].assign(f=score.reindex(profile.index).fillna(0).astype(int))
    assert check("22a", table.sample(frac=1, random_state=1)).status == "right"


def test_equal_households_with_unequal_scores_are_told_so_whoever_wins_the_tie(profile):
    buyers = profile[profile.frequency > 0].sort_values("monetary")
    buyers = buyers.assign(f=pd.qcut(buyers.frequency.rank(method="first"), 5, labels=False) + 1)
    scores = profile[["customer_id"]].merge(buyers[["customer_id", "f"]], how="left").fillna({"f": 0})
    assert check("22a", scores).mistake == "equal_but_not_alike"


def test_another_rule_that_treats_equal_households_alike_is_not_called_unequal(profile):
    scores = profile[["customer_id"]].assign(f=(profile.frequency > 10).astype(int) + 1)
    result = check("22a", scores)
    assert result.mistake is None
    assert "Equal households have equal scores" in result.message


@pytest.mark.slow
def test_the_habit_of_30_days_is_named():
    assert check("22b", 30).mistake == "thirty_days"


@pytest.mark.slow
def test_the_gap_of_any_purchase_is_named(chain):
    days = chain.receipts[chain.receipts.time < AS_OF].assign(day=lambda d: d.time.dt.normalize())
    days = days[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    assert named("22b", days.groupby("customer_id").day.diff().dt.days.quantile(0.8), "any_purchase")


@pytest.mark.slow
def test_newcomers_called_rare_are_named(profile):
    assert check("22d", int(profile.frequency.between(1, 3).sum())).mistake == "newcomers_called_rare"


@pytest.mark.parametrize(("letter", "mistake"), [("A", "segment_without_action"), ("b", "customers_without_segment")])
def test_a_list_with_a_hole_or_without_an_action_is_named(letter, mistake):
    assert check("22e", letter).mistake == mistake


@pytest.mark.slow
def test_following_another_fifth_each_quarter_is_named(chain):
    def spend(start, end):
        lines = chain.receipts[(chain.receipts.time >= start) & (chain.receipts.time < end)]
        return lines.groupby("customer_id").sales.sum().reindex(chain.customers.customer_id, fill_value=0)

    third, fourth = spend("2017-07-01", "2017-09-30"), spend("2017-09-30", "2017-12-30")
    fifth = len(third) // 5
    change = fourth.nlargest(fifth).mean() / third.nlargest(fifth).mean() - 1
    assert check("22f", (change, 1 / (1 + change) - 1)).mistake == "new_fifth_each_time"


@pytest.mark.slow
def test_a_fall_read_as_an_effect_is_named():
    assert check("22g", "effect").mistake == "fall_read_as_effect"
    assert check("22g", "Regression").status == "right"
    assert check("22g", "regression to the mean").status == "right"


def named(code, answer, name):
    """Whether an answer is wrong and hears of this mistake, alone or among others."""
    result = check(code, answer)
    return result.status == "wrong" and name in (result.mistake or "").split(" or ")


@pytest.fixture(scope="module")
def detergent(chain):
    lines = chain.receipts[chain.receipts.time < AS_OF].merge(chain.products[["product_id", "category"]])
    lines = lines[lines.category == "LAUNDRY DETERGENTS"]
    return lines.assign(day=lines.time.dt.normalize()).sort_values(["customer_id", "time"])


@pytest.fixture(scope="module")
def days(detergent):
    return detergent.drop_duplicates(["customer_id", "day"])


@pytest.mark.parametrize(
    ("as_of", "name"), [("2017-10-01", "as_of_october"), ("2017-07-02", "own_day_inside"), ("2017-06-01", "as_of_june")]
)
def test_scores_as_of_another_day_are_not_told_to_cut_at_values(chain, as_of, name):
    profile = build_profile(chain.receipts, as_of, customers=chain.customers)
    assert named("22a", score_rfm(profile).table[["customer_id", "f"]], name)


def test_scores_of_something_else_than_receipts_are_told_which_households_differ(chain, profile):
    before = chain.receipts[chain.receipts.time < AS_OF]
    days = before.assign(day=before.time.dt.normalize()).groupby("customer_id").day.nunique()
    other = profile.assign(frequency=profile.customer_id.map(days).fillna(0).astype(int))
    assert named("22a", score_rfm(other).table[["customer_id", "f"]], "days_counted")
    rate = (profile.frequency / profile.tenure_days.fillna(1) * 1000).round().fillna(0).astype(int)
    result = check("22a", score_rfm(profile.assign(frequency=rate)).table[["customer_id", "f"]])
    assert result.mistake in ("other_frequency", "rate_scored")
    assert "Cut at values" not in result.message


def test_other_lines_than_the_quantile_of_all_gaps_are_named(detergent, days):
    gaps = days.groupby("customer_id").day.diff().dt.days.dropna()
    owner = days.loc[gaps.index, "customer_id"]
    receipts = detergent.drop_duplicates(["customer_id", "basket_id"])
    clock = receipts.groupby("customer_id").time.diff().dropna() / pd.Timedelta(days=1)
    for value, name in (
        (clock.quantile(0.8), "fractions_of_days"),
        (gaps.quantile(0.8) / 7, "weeks"),
        (gaps.quantile(0.8) + 1, "first_day_after"),
        (gaps.groupby(owner).quantile(0.8).median(), "median_of_own_lines"),
        (days.day.diff().dt.days.quantile(0.8), "no_groupby"),
    ):
        assert named("22b", float(value), name), name
    shares = (gaps > 30).groupby(owner).mean()
    assert named("22c", round(float(shares.mean()), 3), "mean_of_own_shares")


@pytest.mark.slow
def test_other_newcomers_are_named(chain, profile):
    october = build_profile(chain.receipts, "2017-10-01", customers=chain.customers)
    stage = assign_life_cycle(october, gaps=measure_gaps(chain.receipts, "2017-10-01")).segment
    value = int((stage.to_numpy() == "new")[october.frequency.between(1, 3)].sum())
    assert named("22d", value, "as_of_october")
    few = profile[profile.frequency.between(1, 3)]
    assert named("22d", int((few.tenure_days < 90).sum()), "tenure_of_ninety_days")
    later = assign_life_cycle(profile, gaps=measure_gaps(chain.receipts, "2018-01-02")).segment
    assert named("22d", int((later == "new")[profile.frequency.between(1, 3)].sum()), "gaps_of_the_year")


def test_other_changes_than_that_of_the_mean_are_named(chain):
    def spend(start, end):
        lines = chain.receipts[(chain.receipts.time >= start) & (chain.receipts.time < end)]
        return lines.groupby("customer_id").sales.sum().reindex(chain.customers.customer_id, fill_value=0)

    first, second = spend("2017-07-01", "2017-09-30"), spend("2017-09-30", "2017-12-30")
    best, later = first.nlargest(493).index, second.nlargest(493).index
    there, back = second[best] / first[best] - 1, first[later] / second[later] - 1
    assert named("22f", tuple(np.round([there.mean(), back.mean()], 3)), "means_of_changes")
    assert named("22f", tuple(np.round([there.median(), back.median()], 3)), "medians_of_changes")
    ends = 1 - first[best].mean() / second[best].mean(), 1 - second[later].mean() / first[later].mean()
    assert named("22f", tuple(np.round(ends, 3)), "divided_by_the_end")
