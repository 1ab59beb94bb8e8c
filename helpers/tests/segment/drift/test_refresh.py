"""The cost of each period of refreshing, by hand and by simulation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.drift import measure_label_life, plan_refresh
from loyalty.segment.drift.label_life import measure_months
from loyalty.tables.check import TableError

CHAIN = np.array([[0.85, 0.15], [0.15, 0.85]])
DAYS = pd.date_range("2025-01-01", periods=13, freq="MS")
COSTS = {"cost_of_refresh": 200.0, "cost_of_stale_label": 0.5}


def measure(photo, labels):
    return measure_label_life([photo(column, day) for column, day in zip(labels.T, DAYS, strict=False)])


@pytest.fixture(scope="module")
def life(photo, walk):
    return measure(photo, walk(0, CHAIN, [0.5, 0.5], 1_000, 7))


def test_each_cost_is_that_by_hand(life):
    table = plan_refresh(life, **COSTS).table.set_index("period")
    wrong = 1 - life.table.right_today
    for period in (1, 3, 7):
        assert table.cost[period] == pytest.approx(200 / period + 0.5 * 1_000 * wrong[:period].mean())
    assert table.cost[1] == 200 and table.low[1] == table.high[1] == 200
    assert (table.refreshing + table.staleness).to_numpy() == pytest.approx(table.cost.to_numpy())


def test_each_cost_is_what_a_year_of_old_lists_costs(photo, walk):
    """Played through: a list is renewed every three months, and used each month."""
    labels = walk(1, CHAIN, [0.5, 0.5], 4_000, 13)
    found = plan_refresh(measure(photo, labels), **COSTS).table.set_index("period")
    wrong = [(labels[:, month - month % 3] != labels[:, month]).sum() for month in range(12)]
    assert 200 / 3 + 0.5 * np.mean(wrong) == pytest.approx(found.cost[3], rel=0.03)


@pytest.mark.parametrize("runs", [15, pytest.param(300, marks=pytest.mark.slow)])
def test_intervals_hold_the_true_costs_and_the_true_best_is_never_told_apart(lay, walk, runs):
    ages = np.arange(7)
    wrong = 0.5 - 0.5 * 0.7**ages
    truth = np.array([200 / m + 0.5 * 500 * wrong[:m].mean() for m in range(1, 8)])
    held, kept = np.zeros(7), 0
    for seed in range(runs):
        plan = plan_refresh(measure_months(lay(walk(seed, CHAIN, [0.5, 0.5], 500, 7)), 0.95), **COSTS)
        held += (plan.table.low - 1e-9 <= truth) & (truth <= plan.table.high + 1e-9)
        kept += 1 + int(truth.argmin()) in (plan.best, *plan.alike)
    assert (held >= stats.binom.ppf(0.0005, runs, 0.95)).all()
    assert kept >= stats.binom.ppf(0.0005, runs, 0.95)


def test_dear_labels_are_refreshed_each_time_and_cheap_ones_seldom(life):
    assert plan_refresh(life, cost_of_refresh=1, cost_of_stale_label=10).best == 1
    seldom = plan_refresh(life, cost_of_refresh=1_000, cost_of_stale_label=0.001)
    assert seldom.best == 7 and any("longest period is the cheapest" in note for note in seldom.warnings)


def test_periods_that_cost_the_same_are_alike(life):
    wrong = 1 - life.table.right_today
    refresh = 0.5 * 1_000 * (wrong[:3].mean() - wrong[:2].mean()) * 6
    plan = plan_refresh(life, cost_of_refresh=refresh, cost_of_stale_label=0.5, periods=[2, 3])
    assert {plan.best, *plan.alike} == {2, 3}
    free = plan_refresh(life, cost_of_refresh=0, cost_of_stale_label=0)
    assert free.alike == (2, 3, 4, 5, 6, 7)


def test_a_larger_base_costs_more(life):
    one, ten = (plan_refresh(life, **COSTS, customers=n).table for n in (1_000, 10_000))
    assert ten.staleness.to_numpy() == pytest.approx(10 * one.staleness.to_numpy())


def test_newcomers_without_a_label_cost_money(photo, walk):
    labels = walk(2, np.eye(2), [0.5, 0.5], 400, 3)
    labels[:100, 0] = -1
    plan = plan_refresh(measure(photo, labels), cost_of_refresh=0, cost_of_stale_label=1, periods=[2, 3])
    assert (plan.table.staleness > 0).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cost_of_refresh": -1.0}, "cost_of_refresh should be 0 or more"),
        ({"cost_of_stale_label": float("nan")}, "cost_of_stale_label"),
        ({"periods": [9]}, "periods should lie between 1 and 7"),
        ({"periods": []}, "no period"),
        ({"periods": [1.5, 2]}, "whole numbers of snapshots, found 1.5$"),
        ({"periods": "12"}, "whole numbers of snapshots, found '12'$"),
        ({"periods": [True, 2]}, "whole numbers of snapshots, found True$"),
    ],
)
def test_what_cannot_be_meant_is_refused(life, change, words):
    with pytest.raises(TableError, match=words):
        plan_refresh(life, **(COSTS | change))


def test_it_warns_of_this_table_only_and_of_a_rule_that_changed(life):
    usual = plan_refresh(life, **COSTS)
    assert 1 < usual.best < 7 and usual.warnings == ()
    # The note hangs on what was measured, whatever words the life itself uses
    assert plan_refresh(replace(life, warnings=("the version of a table is unknown",)), **COSTS).warnings == ()
    (note,) = plan_refresh(replace(life, version_changed=True), **COSTS).warnings
    assert note.startswith("the version of the rule changed")


def test_what_it_shows(life):
    plan = plan_refresh(life, **COSTS)
    assert plan.reads() in plan._repr_html_() and plan.to_frame().equals(plan.table)
    assert plan.plot().get_title(loc="left").startswith("A refresh every")
    assert f"a refresh every {plan.best} snapshots, " in plan.reads()
    often = plan_refresh(life, cost_of_refresh=0, cost_of_stale_label=1)
    assert often.plot().get_title(loc="left") == "A refresh each time is the cheapest"
    assert often.reads().startswith("Cheapest: a refresh each time, ") and often.reads().endswith("costs more.")
