"""A lift in two parts: they add up, their errors are right, and what the second part is not is said."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.split import DESCRIBES, split_lift, split_means
from loyalty.tables.check import TableError


def draw_wave(seed=0, treated=300, control=200, shares=(0.4, 0.3)):
    """A joined table: a row a customer, log-normal amounts of those who buy."""
    rng = np.random.default_rng(seed)
    arm = np.repeat(["mail", "control"], [treated, control])
    bought = rng.random(len(arm)) < np.where(arm == "mail", *shares)
    return pd.DataFrame({"arm": arm, "sales": bought * rng.lognormal(3, 1, len(arm))})


def split_by_hand(treated, control):
    """Both parts from the shares and the baskets."""
    p, q = (np.mean(side != 0) for side in (treated, control))
    m, k = (side[side != 0].mean() for side in (treated, control))
    return (p - q) * (m + k) / 2, (m - k) * (p + q) / 2


def take_sides(table):
    return (table.loc[table["arm"] == name, "sales"].to_numpy() for name in ("mail", "control"))


def test_the_parts_are_those_by_hand_and_add_up_to_the_lift():
    table = draw_wave()
    found = split_lift(table)
    assert [found.buyers.effect, found.baskets.effect] == pytest.approx(split_by_hand(*take_sides(table)))
    lift = measure_lift(table)
    assert (found.lift.low, found.lift.high, found.lift.p) == pytest.approx((lift.low, lift.high, lift.p))
    assert found.buyers.effect + found.baskets.effect == pytest.approx(lift.effect)
    rate = measure_lift(table.assign(bought=(table["sales"] > 0).astype(int)), outcome="bought", kind="rate")
    assert (found.rate.low, found.rate.high) == pytest.approx((rate.low, rate.high))


def test_the_errors_are_those_of_the_jackknife():
    sides = list(take_sides(draw_wave(1)))
    _, buyers, baskets = split_means(*sides)
    variance = np.zeros(2)
    for place, side in enumerate(sides):
        n = len(side)
        left = [np.delete(side, row) for row in range(n)]
        parts = np.array([split_by_hand(*((one, sides[1]) if place == 0 else (sides[0], one))) for one in left])
        variance += (n - 1) / n * ((parts - parts.mean(axis=0)) ** 2).sum(axis=0)
    assert [buyers.se, baskets.se] == pytest.approx(np.sqrt(variance), rel=0.01)


@pytest.mark.slow
def test_the_errors_are_those_of_a_bootstrap():
    sides = list(take_sides(draw_wave(2, 900, 700)))
    _, buyers, baskets = split_means(*sides)
    rng = np.random.default_rng(0)
    drawn = [split_by_hand(*(rng.choice(side, len(side)) for side in sides)) for _ in range(4_000)]
    assert [buyers.se, baskets.se] == pytest.approx(np.std(drawn, axis=0), rel=0.04)


def test_an_offer_that_brings_small_buyers_lowers_the_mean_basket_although_nobody_buys_less():
    rng = np.random.default_rng(5)
    spend = np.where(rng.random(20_000) < 0.3, rng.lognormal(3, 0.5, 20_000), 0.0)
    newcomers = (spend == 0) & (rng.random(20_000) < 0.2)
    sales = np.where(newcomers, 4.0, spend)
    arm = np.where(rng.random(20_000) < 0.5, "mail", "control")
    found = split_lift(pd.DataFrame({"arm": arm, "sales": np.where(arm == "mail", sales, spend)}))
    assert (sales >= spend).all() and found.baskets.high < 0 < found.buyers.low
    assert found.warnings[0] == DESCRIBES and "are not the same people" in found.sentence("€")
    assert found.to_frame()["is_effect"].tolist() == [True, False, True]
    assert found.plot(truth=[1.0, -1.0, 0.5]).get_title(loc="left").startswith("The two parts pull against")


def test_a_small_control_is_compared_with_care_and_few_buyers_warn():
    found = split_lift(draw_wave(3, 1_900, 100, (0.1, 0.1)))
    assert found.buyers.details["careful"] == found.baskets.details["careful"] == 1
    assert any("fewer than 20" in text for text in found.buyers.warnings)


def test_equal_baskets_have_no_interval_and_the_reason_is_said():
    table = draw_wave(4)
    table["sales"] = 7.3 * (table["sales"] > 0)
    found = split_lift(table)
    assert found.baskets.effect == pytest.approx(0, abs=1e-12) and np.isnan(found.baskets.low)
    assert any("no interval" in text for text in found.baskets.warnings)
    assert (found.buyers.low, found.buyers.p) == pytest.approx((found.lift.low, found.lift.p))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1e6))
def test_order_and_unit_change_nothing_and_the_parts_always_add_up(seed, unit):
    ours, theirs = take_sides(draw_wave(seed, 60, 50, (0.6, 0.5)))
    first, then = split_means(ours, theirs), split_means(unit * ours[::-1], unit * theirs[::-1])
    for one, two in zip(first, then, strict=True):
        assert [two.effect, two.low, two.high] == pytest.approx([unit * v for v in (one.effect, one.low, one.high)])
    lift, buyers, baskets = then
    assert buyers.effect + baskets.effect == pytest.approx(lift.effect, abs=1e-9 * unit)
    assert split_means(theirs, ours)[1].effect == pytest.approx(-first[1].effect)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda table: table.assign(sales=table["sales"] * (table["arm"] == "mail")), "0 controls"),
        (lambda table: table.assign(arm=["a", "b", "control", "a", "b"] * 100), "say which one with arm="),
        (lambda table: table.assign(propensity=[0.2, 0.4] * 250), "`propensity` differs"),
        (
            lambda table: table.assign(stratum=(table["arm"] == "mail").map(str).where(table.index % 4 > 0, "x")),
            "strata",
        ),
        (lambda table: table.assign(sales=np.nan), "sales"),
        (lambda table: table[table["arm"] == "control"], "nobody was treated"),
    ],
)
def test_what_cannot_be_split_is_refused_in_words(change, says):
    with pytest.raises(TableError, match=says):
        split_lift(change(draw_wave()))


def test_an_arm_may_be_chosen_and_a_wrong_one_is_named():
    table = draw_wave().assign(arm=["a", "b", "control", "a", "b"] * 100)
    assert split_lift(table, arm="b").lift.n_treated == 200
    with pytest.raises(TableError, match="there is no treated group `c`"):
        split_lift(table, arm="c")


def test_returns_below_zero_are_counted_and_told():
    table = draw_wave()
    table.loc[0, "sales"] = -5.0
    assert any(text.startswith("1 customers are below zero") for text in split_lift(table).warnings)
