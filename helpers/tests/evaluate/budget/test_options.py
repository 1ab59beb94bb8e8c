"""What a plan refuses, and that it says all of it at once."""

from decimal import Decimal

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.budget.options import cost_offers
from loyalty.evaluate.budget.plan import plan_budget, trace_frontier
from loyalty.tables.check import TableError

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


def test_options_may_be_a_relation_a_file_or_decimals_and_draws_keep_their_rows(tmp_path):
    shuffled, draws = OPTIONS.iloc[[2, 0, 1]], np.array([[0.4, 0.6], [0.9, 1.1], [1.9, 2.1]])
    shuffled.to_csv(tmp_path / "options.csv", index=False)
    decimals = shuffled.assign(cost=shuffled["cost"].map(str).map(Decimal), se=shuffled["se"].map(str).map(Decimal))
    limits = {"capacity": {"phone": 40}, "caution": 0.2}
    expected = [plan_budget(shuffled, 100, draws=d, **limits) for d in (None, draws)]
    for source in (duckdb.from_df(shuffled), str(tmp_path / "options.csv"), decimals):
        for drawn, right in zip((None, draws), expected, strict=True):
            found = plan_budget(source, 100, draws=drawn, **limits)
            pd.testing.assert_frame_equal(found.plan, right.plan)
            assert found.profit.low == pytest.approx(right.profit.low)


def test_ids_that_mix_numbers_and_text_are_planned():
    mixed = OPTIONS.assign(segment=[1, 1, "b"], offer_id=["mail", 2, "mail"])
    assert plan_budget(mixed, 100, caps={2: 10}).plan["contacts"].sum() == pytest.approx(150)


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        ({"capacity": ["post"]}, "capacity should be a dict such as {'name': 1000}, found ['post']"),
        ({"caps": pd.Series({"mail": 3})}, "caps should be a dict"),
        ({"caps": 5}, "caps should be a dict"),
        ({"whole": "yes"}, "whole should be True or False, found 'yes'"),
        ({"draws": [[1, 2], [1], [1, 2]]}, "not all of them numbers"),
        ({"draws": "x"}, "not all of them numbers"),
        ({"draws": {"a": 1}}, "not all of them numbers"),
    ],
)
def test_limits_and_draws_of_another_kind_are_named(limits, says):
    found = refuse(**limits)
    assert len(found) == 1 and says in found[0]


def test_an_empty_channel_and_a_source_that_is_no_table_are_told_apart_from_other_problems():
    found = refuse(OPTIONS.assign(channel=["post", None, "post"]), capacity={"fax": 3})
    assert "`channel` is empty" in found[0] and "found post" in found[1] and len(found) == 2
    found = refuse(OPTIONS.to_dict("list"), -1, capacity={"post": 3}, caution=0.2)
    assert len(found) == 2 and "expected a table" in found[0] and "the budget" in found[1]


def test_budgets_may_come_from_anywhere_and_a_single_one_is_a_list_of_one():
    listed = trace_frontier(OPTIONS, [10, 20])
    pd.testing.assert_frame_equal(trace_frontier(OPTIONS, (b for b in (10, 20))), listed)
    assert trace_frontier(OPTIONS, 20)["profit"].tolist() == listed["profit"].tolist()[1:]
    with pytest.raises(TableError, match="1 problem\n.*found '100'"):
        trace_frontier(OPTIONS, "100")


def test_the_cost_of_offers_is_worked_out_for_a_file_and_all_problems_of_both_tables_are_told(tmp_path):
    offers = pd.DataFrame({"offer_id": ["gift"], "kind": ["gift"], "reward_cost": [4.0]})
    use = pd.DataFrame({"segment": ["a", "b"], "offer_id": "gift", "redeemed": [0.25, 0.5], "points_issued": [0, 10]})
    use.to_csv(tmp_path / "use.csv", index=False)
    decimals = use.assign(redeemed=use["redeemed"].map(str).map(Decimal))
    for source in (use.set_axis([7, 7]), duckdb.from_df(use), tmp_path / "use.csv", decimals):
        assert cost_offers(offers, source)["cost"].tolist() == [1.0, 2.0]
    with pytest.raises(TableError) as caught:
        cost_offers(offers.drop(columns="kind"), "nowhere.csv")
    assert len(caught.value.problems) == 2
