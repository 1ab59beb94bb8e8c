"""Planned looks: the published plans, their price and power, and plans that cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from loyalty.evaluate.design.aa_test import count_looks
from loyalty.evaluate.design.looks import plan_looks
from loyalty.tables.check import TableError


def test_five_equal_looks_have_the_bounds_of_the_tables():
    assert plan_looks(5).bounds == pytest.approx([4.8769, 3.3569, 2.6803, 2.2898, 2.0310], abs=5e-4)
    pocock = plan_looks(5, spending="pocock")
    assert pocock.bounds == pytest.approx([2.4380, 2.4268, 2.4101, 2.3966, 2.3859], abs=5e-4)
    classical = plan_looks(5, classical=True)
    assert classical.bounds == pytest.approx([4.5617, 3.2256, 2.6337, 2.2809, 2.0401], abs=5e-4)
    assert plan_looks(5, spending="pocock", classical=True).bounds == pytest.approx([2.4132] * 5, abs=5e-4)
    assert classical.spent[-1] == pytest.approx(0.05, abs=1e-6)


def test_a_plan_knows_what_its_looks_would_cost_without_it():
    plan = plan_looks(13)
    assert plan.peeking == pytest.approx(count_looks(13), abs=1e-9)
    assert "13 looks" in plan.sentence() and "21.4%" in plan.sentence()
    news = plan_looks(13, correlation=plan.correlation)
    assert news.bounds == pytest.approx(plan.bounds, abs=1e-3) and not news.independent
    assert news.peeking == pytest.approx(plan.peeking, abs=2e-3)


def test_one_look_is_the_usual_test():
    plan = plan_looks(1)
    assert plan.bounds == pytest.approx([1.96], abs=1e-4) and plan.peeking == pytest.approx(0.05)
    assert plan.find_power(2.8016)[0] == pytest.approx(0.80, abs=2e-3)
    assert plan.sentence() == "One look: a result counts as an effect beyond 1.96 standard errors."


def test_strict_early_looks_cost_less_power_than_looks_that_are_alike():
    """Jennison and Turnbull (2000), tables 2.2 and 2.4: to keep 80 % the sample grows by 1.028 and by 1.229."""
    for spending, growth in (("obrien_fleming", 1.028), ("pocock", 1.229)):
        plan = plan_looks(5, spending=spending, classical=True)
        assert plan.find_power(2.8016 * np.sqrt(growth))[-1] == pytest.approx(0.80, abs=3e-3)
        assert plan.find_power(2.8016)[-1] < 0.80


def test_the_spend_of_the_same_customers_asks_for_less_than_the_tables():
    """Looks that resemble each other are fewer looks."""
    days = np.arange(1, 6) / 5
    alike = 0.8 + 0.2 * np.sqrt(np.minimum.outer(days, days) / np.maximum.outer(days, days))
    plan = plan_looks(list(days), correlation=alike)
    assert (plan.bounds <= plan_looks(5).bounds + 1e-3).all() and plan.peeking < plan_looks(5).peeking
    assert plan.spent[-1] == pytest.approx(0.05)


def test_looks_that_lie_very_near_each_other_are_planned_too():
    plan = plan_looks([0.5, 0.5 + 1e-7, 1.0])
    assert plan.bounds[-1] == pytest.approx(plan_looks([0.5, 1.0]).bounds[-1], abs=2e-3)


@pytest.mark.parametrize(
    ("looks", "options", "said"),
    [
        (0, {}, "from 1 to 60 looks, found 0"),
        (61, {}, "from 1 to 60 looks, found 61"),
        ([], {}, "from 1 to 60 looks, found 0"),
        ([0.5, 0.5, 1.0], {}, "should rise"),
        ([0.0, 1.0], {}, "should rise"),
        ([7, 14], {}, "divide all by the last"),
        (2, {"correlation": np.eye(3)}, "2 rows and columns"),
        (2, {"correlation": [[1.0, 0.5], [0.4, 1.0]]}, "symmetric"),
        (3, {"correlation": [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]]}, "cannot be together"),
    ],
)
def test_plans_that_cannot_be_are_refused_with_what_to_do(looks, options, said):
    with pytest.raises(TableError, match=said):
        plan_looks(looks, **options)


def test_an_unknown_spending_function_is_refused():
    with pytest.raises(ValueError, match="obrien_fleming, pocock"):
        plan_looks(3, spending="haybittle")


def test_a_plan_is_drawn_and_shown():
    plan = plan_looks(13)
    ax = plan.plot(source="made")
    assert ax.get_ylim() == (0, 6) and "13 looks stop 5% of useless campaigns" in ax.get_title(loc="left")
    assert list(plan.to_frame()) == ["look", "fraction", "bound", "p", "spent"]
    assert "13 looks" in plan._repr_html_()
