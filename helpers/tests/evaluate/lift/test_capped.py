"""Capped amounts: the numbers of others, a cap fixed before, and no money."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats.mstats import winsorize

from loyalty.evaluate.lift.capped import NO_MONEY, cap_gap, measure_capped_lift
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tables.check import TableError


def draw_wave(seed=0, n=400):
    """Contacts and outcomes with a window before; amounts are log-normal, 40 % buy."""
    rng = np.random.default_rng(seed)
    ids = pd.DataFrame({"campaign_id": "spring", "wave": 1, "customer_id": range(n)})
    contacts = ids.assign(arm=["mail", "control"] * (n // 2))
    windows = [
        ids.assign(window=window, sales=np.where(rng.random(n) < 0.4, rng.lognormal(3, 1, n), 0.0))
        for window in ("pre", "main")
    ]
    return contacts, pd.concat(windows, ignore_index=True)


def test_the_capped_lift_is_the_lift_of_capped_amounts():
    contacts, outcomes = draw_wave()
    found = measure_capped_lift(contacts, outcomes, cap=40)
    same = measure_lift(contacts, outcomes.assign(sales=outcomes["sales"].clip(upper=40)))
    assert (found.effect, found.low, found.high, found.p) == pytest.approx((same.effect, same.low, same.high, same.p))
    assert found.left_out + found.effect == pytest.approx(measure_lift(contacts, outcomes).effect)
    main = outcomes[outcomes["window"] == "main"]["sales"].to_numpy()
    assert found.cut == ((main[::2] > 40).mean(), (main[1::2] > 40).mean())


def test_who_has_just_the_cap_is_not_cut():
    table = pd.DataFrame({"arm": ["mail", "control"] * 4, "sales": [40.0, 40.0, 90.0, 7.0, 3.0, 5.0, 0.0, 1.0]})
    assert measure_capped_lift(table, cap=40).cut == (0.25, 0.0)


def test_winsorised_means_and_their_test_are_those_of_scipy():
    rng = np.random.default_rng(2)
    a, b = rng.lognormal(0, 1, 200), rng.lognormal(0, 1, 200)
    tops = [np.sort(side)[-11] for side in (a, b)]
    found = [cap_gap(side, np.zeros(2), top).effect for side, top in zip((a, b), tops, strict=True)]
    assert found == pytest.approx([winsorize(side, (0, 0.05)).mean() for side in (a, b)])
    test = stats.ttest_ind(np.minimum(a, 2), np.minimum(b, 2), equal_var=False)
    assert cap_gap(a, b, 2.0).p == pytest.approx(test.pvalue)


def test_without_a_cap_it_is_taken_from_those_who_bought_before_the_start():
    contacts, outcomes = draw_wave()
    early = outcomes[(outcomes["window"] == "pre") & (outcomes["sales"] > 0)]["sales"]
    found = measure_capped_lift(contacts, outcomes, quantile=0.95)
    assert found.cap == pytest.approx(early.quantile(0.95)) and found.warnings == (NO_MONEY,)
    later = outcomes.assign(sales=np.where(outcomes["window"] == "main", 3 * outcomes["sales"], outcomes["sales"]))
    assert measure_capped_lift(contacts, later, quantile=0.95).cap == found.cap


@pytest.mark.parametrize("name", ["profit", "Margin", "total_cost", "money_4w", "Маржа", "прибыль"])
def test_money_is_refused(name):
    contacts, outcomes = draw_wave()
    with pytest.raises(TableError, match="is money"):
        measure_capped_lift(contacts, outcomes.rename(columns={"sales": name}), name, cap=40)


def test_every_result_says_that_it_is_no_money_and_what_counts():
    contacts, outcomes = draw_wave()
    found = measure_capped_lift(contacts, outcomes, cap=40)
    assert found.warnings[0] == NO_MONEY and "up to €40, so this is no amount of money" in found.sentence("€")
    assert found.outcome == "sales up to 40" and "sales up to 40" in found._repr_html_()


@pytest.mark.parametrize("share", [0.9, 0.99, 1.0])
def test_a_cap_that_is_a_quantile_of_these_outcomes_is_told(share):
    contacts, outcomes = draw_wave(n=60)
    main = outcomes[outcomes["window"] == "main"]["sales"]
    for values in (main, main[main > 0]):
        found = measure_capped_lift(contacts, outcomes, cap=float(np.quantile(values, share)))
        assert any("has to be fixed before" in text for text in found.warnings)


def test_a_round_cap_is_not_taken_for_a_quantile():
    assert not any("fixed before" in text for text in measure_capped_lift(*draw_wave(), cap=50).warnings)


def test_a_cap_above_everybody_changes_nothing_and_says_so():
    contacts, outcomes = draw_wave()
    found = measure_capped_lift(contacts, outcomes, cap=1e9)
    assert found.effect == pytest.approx(measure_lift(contacts, outcomes).effect) and found.left_out == 0
    assert "nobody is above the cap: it changed nothing" in found.warnings


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"cap": 0.0}, "`cap` should be above zero"),
        ({"cap": float("nan")}, "`cap`"),
        ({"quantile": 0.2}, "`quantile` should lie between .5 and 1"),
        ({"quantile": 1.0}, "`quantile`"),
        ({"arm": "letter"}, "no treated group `letter`"),
    ],
)
def test_what_cannot_be_capped_is_refused_in_words(options, says):
    with pytest.raises((TableError, ValueError), match=says):
        measure_capped_lift(*draw_wave(n=60), **options)


def test_without_a_window_before_a_cap_is_asked_for():
    contacts, outcomes = draw_wave(n=60)
    with pytest.raises(TableError, match="without `cap` it is taken from the window before the start"):
        measure_capped_lift(contacts, outcomes[outcomes["window"] == "main"])
    with pytest.raises(TableError, match="nobody has `sales` before the start"):
        quiet = outcomes.assign(sales=outcomes["sales"].where(outcomes["window"] == "main", 0.0))
        measure_capped_lift(contacts, quiet)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.01, 1e6))
def test_order_and_unit_change_nothing_and_a_lower_cap_never_widens_the_interval(seed, unit):
    rng = np.random.default_rng(seed)
    a, b = rng.lognormal(3, 1, 50), rng.lognormal(3, 1, 40)
    found = cap_gap(a, b, 30.0)
    other = cap_gap(unit * a[::-1], unit * b[::-1], 30.0 * unit)
    assert [other.low, other.high] == pytest.approx([unit * found.low, unit * found.high])
    assert cap_gap(a, b, 15.0).se <= found.se * (1 + 1e-9)
