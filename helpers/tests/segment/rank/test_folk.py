"""Famous numbers: a verdict follows from the interval, and what cannot be tested says what would have to be true."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.datasets.loaders import cdnow
from loyalty.segment.rank import (
    build_cohorts,
    find_value_gain,
    gather_verdicts,
    judge_churn_profit,
    judge_half_lost,
    judge_top_share,
    judge_win_or_keep,
    measure_concentration,
)


def concentrate(n=4_000, sigma=0.8, idle=0, seed=1):
    amounts = np.r_[np.random.default_rng(seed).lognormal(3, sigma, n), np.zeros(idle)]
    spend = pd.DataFrame({"customer_id": range(n + idle), "sales": amounts})
    return measure_concentration(spend, of="members" if idle else "buyers")


@pytest.mark.parametrize(
    ("sigma", "n", "verdict"),
    [(0.8, 4_000, "does not hold"), (1.68, 20_000, "holds"), (1.6, 300, "not decided"), (3.0, 20_000, "does not hold")],
)
def test_twenty_eighty_is_decided_by_the_whole_interval(sigma, n, verdict):
    found = judge_top_share(concentrate(n, sigma), data="made")
    assert found.verdict == verdict and found.low < found.estimate < found.high
    assert "buyers" in found.why and found.data == "made"


def test_members_who_buy_nothing_make_the_rule_true_and_the_verdict_says_how_many():
    buyers = concentrate()
    needs = judge_top_share(buyers).needs
    idle = int(needs.split("or ")[1].split("%")[0]) / 100
    n = round(4_000 * idle / (1 - idle))
    assert concentrate(idle=n).share(0.2).value == pytest.approx(0.8, abs=0.01)
    assert "members" in judge_top_share(concentrate(idle=n)).why


def test_few_or_equal_customers_decide_nothing():
    equal = measure_concentration(pd.DataFrame({"customer_id": range(9), "sales": 1.0}))
    assert judge_top_share(equal).verdict == "not decided"


def test_win_or_keep_needs_two_costs_and_compares_their_ratio():
    assert judge_win_or_keep().verdict == judge_win_or_keep((3.0, 2.0, 4.0)).verdict == "cannot be tested here"
    assert "control group" in judge_win_or_keep().needs
    found = judge_win_or_keep((70.0, 66.0, 74.0), (10.0, 9.0, 11.0))
    assert found.verdict == "holds" and found.estimate == pytest.approx(7)
    assert judge_win_or_keep((70.0, 35.0, 140.0), (10.0, 5.0, 20.0)).verdict == "not decided"
    with pytest.raises(ValueError, match="above zero"):
        judge_win_or_keep((3.0, -1.0, 4.0), (1.0, 0.5, 2.0))


@pytest.mark.slow
def test_the_interval_of_the_ratio_holds_as_often_as_it_says():
    rng = np.random.default_rng(7)
    won, kept = rng.poisson(150, 2_000), rng.poisson(90, 2_000)
    held = 0
    for a, b in zip(won, kept, strict=True):
        triples = []
        for count, spent in ((a, 15_000.0), (b, 1_500.0)):
            half = 1.96 / np.sqrt(count)
            triples.append((spent / count, spent / count * np.exp(-half), spent / count * np.exp(half)))
        found = judge_win_or_keep(*triples)
        held += found.low < (15_000 / 150) / (1_500 / 90) < found.high
    assert 0.93 <= held / 2_000 <= 0.97


def test_the_gain_of_less_churn_is_that_of_adding_up_the_years():
    for retention, discount in ((0.6, 0.1), (0.8, 0.05), (0.9, 0.2)):
        for points in (True, False):
            later = retention + 0.05 if points else 1 - 0.95 * (1 - retention)
            worth = [sum((r / (1 + discount)) ** t for t in range(2_000)) for r in (retention, later)]
            found = find_value_gain(retention, points=points, discount=discount)
            assert found == pytest.approx(worth[1] / worth[0] - 1)
    assert find_value_gain(0.85) == pytest.approx(0.25)  # five points at 15 % churn and 10 % discount
    assert find_value_gain(1.0, points=False, discount=0.0) == 0 and find_value_gain(0.95, discount=0.0) == np.inf


@settings(max_examples=25, deadline=None)
@given(retention=st.floats(0, 1), discount=st.floats(0, 0.5))
def test_a_twentieth_less_churn_never_brings_more_than_a_nineteenth(retention, discount):
    assert find_value_gain(retention, points=False, discount=discount) <= 1 / 0.95 - 1 + 1e-9


def test_five_percent_less_churn_needs_a_test_and_says_at_which_retention_it_would_be_true():
    found = judge_churn_profit(retention=0.85)
    assert found.verdict == "cannot be tested here" and "85%" in found.needs and "25.0% and 3.1%" in found.needs
    assert judge_churn_profit((0.26, 0.22, 0.29)).verdict == "holds"
    assert judge_churn_profit((0.02, 0.01, 0.03)).verdict == "does not hold"
    with pytest.raises(ValueError, match="in this order"):
        judge_churn_profit((0.3, 0.4, 0.5))


def test_half_lost_is_decided_where_the_lost_are_known_and_the_years_are_five():
    assert judge_half_lost(lost=1_000, customers=2_000, years=5).verdict == "holds"
    assert judge_half_lost(lost=700, customers=1_000, years=5).verdict == "does not hold"
    assert judge_half_lost(lost=11, customers=20, years=5).verdict == "not decided"
    short = judge_half_lost(lost=300, customers=1_000, years=2)
    assert short.verdict == "cannot be tested here" and short.estimate == 0.3 and "12.9%" in short.needs
    with pytest.raises(ValueError, match="lost should lie"):
        judge_half_lost(lost=3, customers=2, years=5)
    with pytest.raises(ValueError, match="give the cohorts"):
        judge_half_lost()


def test_a_triangle_of_receipts_cannot_decide_it_and_says_why():
    found = judge_half_lost(build_cohorts(cdnow().receipts), data="CDNOW")
    assert found.verdict == "cannot be tested here" and np.isnan(found.estimate)
    assert "18 months" in found.why and "silent" in found.why


def test_verdicts_make_one_table_and_cards_show_what_would_have_to_be_true():
    verdicts = [judge_win_or_keep(data="A"), judge_win_or_keep((70.0, 66.0, 74.0), (10.0, 9.0, 11.0), data="B")]
    verdicts.append(judge_churn_profit(data="B"))
    table = gather_verdicts(verdicts)
    other = replace(verdicts[1], claim="in other words")  # the unit is a field: no words decide how it is written
    assert gather_verdicts([other])["B"].iloc[0] == table["B"].iloc[0]
    assert table.shape == (2, 2) and table["B"].iloc[0].startswith("holds (7.0 ×") and table["A"].iloc[1] == ""
    assert "What would have to be true" in verdicts[0]._repr_html_() and "<" not in str(verdicts[0])
    assert verdicts[1].to_frame().verdict.item() == "holds"
    with pytest.raises(ValueError, match="at least one"):
        gather_verdicts([])


def test_a_gain_of_several_spans_depends_on_the_years_where_their_verdicts_differ():
    found = judge_churn_profit({10: (0.27, 0.26, 0.28), 5: (0.14, 0.13, 0.15)}, data="a chain")
    assert found.verdict == "depends on the years" and found.span == "years 5: no, 10: yes"
    assert (
        found.why.index("in 5 years") < found.why.index("in 10 years") and "yes" in gather_verdicts([found]).iloc[0, 0]
    )
    same = judge_churn_profit({1: (0.03, 0.02, 0.04), 5: (0.14, 0.13, 0.15)})
    assert same.verdict == "does not hold" and same.estimate == 0.14 and same.span == "in 5 years"
    assert any("names no years" in text for text in same.warnings)
    for wrong in ({}, {0: (0.1, 0.1, 0.1)}, {"5": (0.1, 0.1, 0.1)}):
        with pytest.raises(ValueError, match="years above zero|`gain` should be"):
            judge_churn_profit(wrong)


def test_percent_for_a_fraction_and_more_points_than_leave_are_refused():
    with pytest.raises(ValueError, match="gain is a fraction"):
        judge_churn_profit((25, 20, 30))
    with pytest.raises(ValueError, match="5 more cannot"):
        find_value_gain(0.98)
    with pytest.raises(ValueError, match="5 more cannot: set points=False"):
        find_value_gain(1.0)
    assert "more than leave" in judge_churn_profit(retention=0.98).needs
