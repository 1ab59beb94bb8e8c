"""The randomisation test of the clinic: by hand, against scipy, and what it promises of every table."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.evaluate.clinic.randomisation import compare_with_lotteries, describe_spend
from loyalty.tables.check import TableError


def make_customers(seed, n=400, share=0.2):
    """Spend with many zeros and a long tail, and a control group by lot."""
    rng = np.random.default_rng([7, seed])
    orders = rng.poisson(rng.gamma(0.7, 1, n))
    spend = pd.DataFrame({"sales": np.round(orders * rng.lognormal(2.5, 1, n), 2), "orders": orders})
    return spend, pd.Series(rng.random(n) < share)


def find_exact(values, control):
    """The p-value of the max-t test by going through all lotteries."""
    centred = (values - values.mean()).to_numpy()
    n, m = len(values), int(control.sum())
    error = np.sqrt(m * (n - m) / n * centred.var(axis=0, ddof=1))

    def measure(rows):
        return np.abs(centred[list(rows)].sum(axis=0) / error).max()

    own = measure(np.flatnonzero(control))
    every = [measure(rows) for rows in combinations(range(n), m)]
    return np.mean([other >= own - 1e-9 for other in every])


def test_the_statistics_of_spend_by_hand():
    table = describe_spend(pd.DataFrame({"sales": [0.0, 10, 20, 30, 1_000], "orders": [0, 1, 1, 3, 2]}))
    border = 30 + 0.8 * 970  # the 95th percentile lies .95 × 4 = 3.8 places up
    assert table["sales"].tolist() == [0, 10, 20, 30, 1_000]
    assert table["top sales"].tolist() == pytest.approx([0, 0, 0, 0, 1_000 - border])
    assert table["top buyers"].tolist() == [0, 0, 0, 0, 1]
    assert table["rank of sales"].tolist() == [1, 2, 3, 4, 5]
    assert table["rank of orders"].tolist() == [1, 2.5, 2.5, 5, 4]
    assert table["rank of an order's size"].tolist() == [0, -1, 0.5, -1, 1.5]  # 10, 20, 10, 500 an order
    alone = describe_spend(pd.DataFrame({"orders": [0, 1, 1, 3, 2]}))
    assert list(alone) == ["orders", "top orders", "top buyers", "rank of orders"]


@pytest.mark.parametrize("seed", range(4))
def test_p_is_the_share_of_all_lotteries_and_that_of_scipy(seed):
    spend, _ = make_customers(seed, 12)
    values = describe_spend(spend)
    control = pd.Series(np.arange(12) % 3 == 0)
    exact = find_exact(values, control)
    centred = (values - values.mean()).to_numpy()
    moves = centred.std(axis=0) > 0
    error = np.sqrt(4 * 8 / 12 * centred[:, moves].var(axis=0, ddof=1))

    def statistic(mine, others, axis):
        return np.abs(centred[:, moves][mine.astype(int)].sum(axis=-2) / error).max(axis=-1)

    rows = (np.flatnonzero(control).astype(float), np.flatnonzero(~control).astype(float))
    named = stats.permutation_test(
        rows, statistic, permutation_type="independent", alternative="greater", n_resamples=np.inf, vectorized=True
    )
    assert named.pvalue == pytest.approx(exact)
    found = compare_with_lotteries(values, control, lotteries=20_000)
    assert found.p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000) + 1e-4)
    assert found.n_control == 4 and found.n_treated == 8


def test_gaps_are_in_standard_deviations_of_the_lottery():
    values = pd.DataFrame({"sales": [1.0, 2, 3, 6]})
    found = compare_with_lotteries(values, pd.Series([True, False, True, False]))
    # Controls' sum 4, expected 6; variance of the sum of 2 out of 4 is 2 × 2 / 4 × 14 / 3
    assert found.table.loc["sales", "z"] == pytest.approx(2 / np.sqrt(14 / 3))
    assert found.table.loc["sales", ["treated", "control"]].tolist() == [4, 2] and found.worst == "sales"


def test_within_cells_only_the_own_cell_counts_and_cells_of_one_group_say_nothing():
    spend, control = make_customers(1)
    rich = pd.Series(np.arange(400) < 100)
    spend.loc[rich, "sales"] += 500.0
    control = pd.Series(np.where(rich, np.arange(400) % 2 == 0, control))
    pooled = compare_with_lotteries(describe_spend(spend), control)
    within = compare_with_lotteries(describe_spend(spend), control, rich)
    assert pooled.p < 0.001 < 0.05 < within.p
    alone = pd.concat([spend, spend.head(50) * 90], ignore_index=True)
    lots = pd.Series([*control, *[False] * 50])
    cells = pd.Series([*rich.astype(str), *["alone"] * 50])
    more = compare_with_lotteries(alone[["sales"]], lots, cells)
    assert (more.p, more.n_treated) == (compare_with_lotteries(spend[["sales"]], control, rich).p, within.n_treated)


def test_ties_zeros_and_empty_tables_have_an_answer():
    control = pd.Series([True, False] * 20)
    assert np.isnan(compare_with_lotteries(pd.DataFrame({"sales": np.zeros(40)}), control).p)
    assert compare_with_lotteries(pd.DataFrame({"sales": [0.1] * 40}), control).worst == ""
    one = pd.DataFrame({"sales": [9.0] + [0.0] * 39})
    assert compare_with_lotteries(one, control).p == 1  # one buyer is in either half
    assert np.isnan(compare_with_lotteries(one, pd.Series([True] * 40)).p)
    assert np.isnan(compare_with_lotteries(one[:0], control[:0]).p)
    with pytest.raises(TableError, match="empty or infinite for some") as caught:
        compare_with_lotteries(pd.DataFrame({"sales": [1.0, np.nan], "kind": ["a", "b"]}), control)
    assert len(caught.value.problems) == 3
    with pytest.raises(ValueError, match="lotteries should be 0 or more"):
        compare_with_lotteries(one, control, lotteries=-1)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 50), order=st.randoms(use_true_random=False), names=st.permutations("abc"))
def test_the_order_of_the_rows_the_names_of_the_cells_and_the_side_change_nothing(seed, order, names):
    spend, control = make_customers(seed, 150)
    cells = pd.Series(list("abc") * 50)
    values = describe_spend(spend)
    found = compare_with_lotteries(values, control, cells)
    rows = order.sample(range(150), 150)
    called = cells.map(dict(zip("abc", names, strict=True)))
    again = compare_with_lotteries(values.iloc[rows], control.iloc[rows], called.iloc[rows])
    assert again.p == found.p and np.allclose(again.table["z"], found.table["z"])
    other = compare_with_lotteries(values, ~control, cells)
    assert other.p == pytest.approx(found.p, abs=0.06) and np.allclose(other.table["z"], -found.table["z"])


@pytest.mark.parametrize("campaigns", [40, pytest.param(400, marks=pytest.mark.slow)])
def test_p_is_uniform_under_a_lottery(campaigns):
    found = []
    for seed in range(campaigns):
        spend, control = make_customers(seed, 300)
        found.append(compare_with_lotteries(describe_spend(spend), control, lotteries=1_000).p)
    assert stats.kstest(found, "uniform").pvalue > 0.001


@pytest.mark.parametrize("share", [0.15, 0.5])
def test_the_normal_approximation_agrees_with_the_lotteries_on_many_customers(share):
    spend, control = make_customers(3, 20_000, share)
    values = describe_spend(spend)
    drawn = compare_with_lotteries(values, control, lotteries=1_000)
    normal = compare_with_lotteries(values, control, lotteries=0)
    assert (drawn.lotteries, normal.lotteries) == (1_000, 0)
    assert normal.p == pytest.approx(drawn.p, abs=4 * np.sqrt(drawn.p * (1 - drawn.p) / 1_000) + 0.02)
    six = 6 * values["sales"].std() / np.sqrt(20_000 * share * (1 - share))  # standard errors: every way sees it
    values["sales"] += six * np.sign(-normal.table.loc["sales", "z"]) * control
    assert compare_with_lotteries(values, control, lotteries=0).p < 0.001


def test_many_customers_are_taken_as_normal_unless_one_group_is_small():
    spend, control = make_customers(0, 20_100)
    assert compare_with_lotteries(spend[["sales"]], control).lotteries == 0
    assert compare_with_lotteries(spend[["sales"]][:20_000], control[:20_000]).lotteries == 1_000
    few = control & (np.arange(20_100) < 9_000)
    assert 1_000 < few.sum() < 2_000
    for side in (few, ~few):
        assert compare_with_lotteries(spend[["sales"]], side).lotteries == 1_000


def test_few_that_are_drawn_of_many_place_by_place_give_the_same_p():
    spend, control = make_customers(2, 20_100, 0.01)
    cells = pd.Series(np.arange(20_100) % 3)
    values = describe_spend(spend)
    one = compare_with_lotteries(values, control, cells)
    blocks = compare_with_lotteries(values[:19_900], control[:19_900], cells[:19_900])
    assert (one.lotteries, blocks.lotteries) == (1_000, 1_005)
    other = compare_with_lotteries(values, control, cells, seed=9)
    assert one.p == pytest.approx(other.p, abs=4 * np.sqrt(2 * one.p * (1 - one.p) / 1_000))
    assert np.allclose(one.table["z"], other.table["z"])


def test_the_best_twentieth_of_control_among_the_treated_is_seen_where_the_mean_alone_says_little():
    spend, control = make_customers(5, 3_500, 0.1)
    best = spend.loc[control, "sales"].nlargest(int(0.05 * control.sum())).index
    moved = control.copy()
    moved[best] = False
    found = compare_with_lotteries(describe_spend(spend), moved)
    assert found.p < (0.05 - 4 * 0.001) / 3 and found.worst in ("top buyers", "top sales", "sales")
