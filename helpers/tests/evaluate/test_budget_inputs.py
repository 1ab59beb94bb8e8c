"""What a plan refuses, and that it says all of it at once."""

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.budget import cost_offers, plan_budget, trace_frontier
from loyalty.tables import TableError

OPTIONS = pd.DataFrame({
    "segment": ["a", "a", "b"], "offer_id": ["mail", "call", "mail"], "customers": [100, 100, 50],
    "profit": [1.0, 2.0, 0.5], "cost": [0.5, 1.5, 0.5], "channel": ["post", "phone", "post"], "se": [0.1, 0.2, 0.1],
})  # fmt: skip


def refuse(options=OPTIONS, budget=100, **limits):
    with pytest.raises(TableError) as caught:
        plan_budget(options, budget, **limits)
    return caught.value.problems


def test_all_problems_are_listed_in_one_error():
    bad = OPTIONS.drop(columns="customers").assign(profit=[np.nan, 2, 0.5], cost=[-1, 1.5, 0.5])
    found = "\n".join(refuse(bad, -5, capacity={"fax": 3}, caps={"gift": -2}, control_share=1.5, caution=0.9))
    expected = [
        "`customers`", "`profit` is empty in 1 of 3", "`cost` should be 0 or more", "the budget should be 0 or more",
        "capacity of 'fax': no option has it, found phone, post", "caps of 'gift': no option has it",
        "caps of 'gift' should be 0 or more", "control_share should be from 0 to 1", "caution should be",
    ]  # fmt: skip
    for says in expected:
        assert says in found


@pytest.mark.parametrize(
    ("change", "limits", "says"),
    [
        ({"offer_id": ["mail", "mail", "mail"]}, {}, "`segment` + `offer_id` should be different in every row"),
        ({"customers": [100, 90, 50]}, {}, "`customers` differs within segment 'a'"),
        ({"profit": [np.inf, 1, 1]}, {}, "`profit` is infinite"),
        ({"cost": ["1,5", "2", "3"]}, {}, "decimal comma"),
        ({"se": [-1, 0, 0]}, {}, "`se` should be 0 or more"),
        ({"customers": [-1, -1, 5]}, {}, "`customers` should be 0 or more"),
        ({}, {"control_share": 1}, "nobody is left"),
        ({}, {"control_share": -0.1}, "control_share should be"),
        ({}, {"control_share": 10}, "is 10 percent meant"),
        ({}, {"budget": float("nan")}, "the budget should be a number"),
        ({}, {"budget": "100"}, "the budget should be a number"),
        ({}, {"capacity": {"post": np.nan}}, "capacity of 'post' should be a number"),
        ({}, {"caution": 0}, "caution should be"),
        ({}, {"caution": "low"}, "caution should be"),
        ({}, {"draws": np.zeros((2, 9))}, "3 options × at least two draws, found 2 × 9"),
        ({}, {"draws": np.full((3, 9), np.nan)}, "draws should be numbers"),
    ],
)
def test_each_fault_is_named(change, limits, says):
    found = refuse(OPTIONS.assign(**change), **limits)
    assert len(found) == 1 and says in found[0]


def test_what_needs_another_column_says_so():
    assert "no column `channel`" in refuse(OPTIONS.drop(columns="channel"), capacity={"post": 3})[0]
    assert "add a column `se`, or give draws" in refuse(OPTIONS.drop(columns="se"), caution=0.2)[0]
    assert "there are no options" in refuse(OPTIONS.head(0))[0]


def test_the_options_are_left_as_they_were_whatever_their_index():
    before = OPTIONS.set_axis([7, 7, 7])
    given = before.copy()
    assert plan_budget(given, 80).profit.effect == pytest.approx(plan_budget(OPTIONS, 80).profit.effect)
    pd.testing.assert_frame_equal(given, before)


def test_segments_and_offers_may_be_numbers():
    numbered = OPTIONS.assign(segment=[1, 1, 2], offer_id=[10, 20, 10])
    found = plan_budget(numbered, 1_000, caps={20: 30})
    assert found.plan["contacts"].tolist() == pytest.approx([70, 30, 50])


def test_a_frontier_refuses_what_a_plan_refuses():
    with pytest.raises(TableError) as caught:
        trace_frontier(OPTIONS, [10, -1, np.nan], capacity={"fax": 1})
    assert len(caught.value.problems) == 3
    assert trace_frontier(OPTIONS, []).empty


def test_the_cost_of_offers_refuses_percent_and_offers_without_a_row():
    offers = pd.DataFrame({"offer_id": ["gift"], "kind": ["gift"], "reward_cost": [4.0]})
    with pytest.raises(TableError, match="percent"):
        cost_offers(offers, pd.DataFrame({"offer_id": ["gift"], "redeemed": [30.0]}))
    with pytest.raises(TableError, match="offers do not hold 'card'"):
        cost_offers(offers, pd.DataFrame({"offer_id": ["card"], "redeemed": [0.3]}))
    twice = pd.DataFrame({"segment": ["a", "a"], "offer_id": ["gift", "gift"], "redeemed": [0.3, 0.4]})
    with pytest.raises(TableError, match="different in every row"):
        cost_offers(offers, twice)
