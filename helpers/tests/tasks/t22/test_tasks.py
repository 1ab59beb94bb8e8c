"""Exercise 22: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.datasets.loaders import complete_journey
from loyalty.prepare.profile import build_profile
from loyalty.tasks import check

AS_OF = pd.Timestamp("2017-07-01")


@pytest.fixture(scope="module")
def chain():
    return complete_journey()


@pytest.fixture(scope="module")
def profile(chain):
    return build_profile(chain.receipts, AS_OF, customers=chain.customers)


def test_ties_broken_by_id_are_named(profile):
    buyers = profile[profile.frequency > 0].sort_values("customer_id")
    buyers = buyers.assign(f=pd.qcut(buyers.frequency.rank(method="first"), 5, labels=[1, 2, 3, 4, 5]).astype(int))
    scores = profile[["customer_id"]].merge(buyers[["customer_id", "f"]], how="left").fillna({"f": 0})
    assert check("22a", scores).mistake == "ties_by_id"


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


def test_the_habit_of_30_days_is_named():
    assert check("22b", 30).mistake == "thirty_days"


def test_the_gap_of_any_purchase_is_named(chain):
    days = chain.receipts[chain.receipts.time < AS_OF].assign(day=lambda d: d.time.dt.normalize())
    days = days[["customer_id", "day"]].drop_duplicates().sort_values(["customer_id", "day"])
    assert check("22b", days.groupby("customer_id").day.diff().dt.days.quantile(0.8)).mistake == "any_purchase"


def test_newcomers_called_rare_are_named(profile):
    assert check("22d", int(profile.frequency.between(1, 3).sum())).mistake == "newcomers_called_rare"


@pytest.mark.parametrize(("letter", "mistake"), [("A", "segment_without_action"), ("b", "customers_without_segment")])
def test_a_list_with_a_hole_or_without_an_action_is_named(letter, mistake):
    assert check("22e", letter).mistake == mistake


def test_following_another_fifth_each_quarter_is_named(chain):
    def spend(start, end):
        lines = chain.receipts[(chain.receipts.time >= start) & (chain.receipts.time < end)]
        return lines.groupby("customer_id").sales.sum().reindex(chain.customers.customer_id, fill_value=0)

    third, fourth = spend("2017-07-01", "2017-09-30"), spend("2017-09-30", "2017-12-30")
    fifth = len(third) // 5
    change = fourth.nlargest(fifth).mean() / third.nlargest(fifth).mean() - 1
    assert check("22f", (change, 1 / (1 + change) - 1)).mistake == "new_fifth_each_time"


def test_a_fall_read_as_an_effect_is_named():
    assert check("22g", "effect").mistake == "fall_read_as_effect"
    assert check("22g", "Regression").status == "right"
    assert check("22g", "regression to the mean").status == "right"
