"""The life of a label against chains whose truth is known, by hand, and against a bootstrap of customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.segment.drift import measure_label_life
from loyalty.segment.drift.label_life import find_crossing, measure_months
from loyalty.segment.drift.months import name_step
from loyalty.tables.check import TableError

CHAIN = np.array([[0.8, 0.15, 0.05], [0.3, 0.5, 0.2], [0.1, 0.1, 0.8]])
DAYS = pd.date_range("2025-01-01", periods=13, freq="MS")


def find_start(matrix):
    """The shares that a chain keeps for ever."""
    values, vectors = np.linalg.eig(matrix.T)
    kept = np.real(vectors[:, np.argmax(np.real(values))])
    return kept / kept.sum()


def find_truth(matrix, ages):
    """Chance that a label is the same again after each age."""
    start = find_start(matrix)
    return np.array([(start * np.diag(np.linalg.matrix_power(matrix, age))).sum() for age in range(ages)])


def measure(photo, labels, **options):
    return measure_label_life([photo(column, day) for column, day in zip(labels.T, DAYS, strict=False)], **options)


def test_by_hand_with_a_newcomer_and_a_leaver(photo):
    labels = np.array([[0, 0, 0], [0, 1, 0], [1, 1, -1], [-1, 0, 1]])
    table = measure(photo, labels).table.set_index("age")
    # After one month: January 2 of 3, February 1 of 3 (a returns; the third has left)
    assert table.right[1] == pytest.approx((2 + 1) / (3 + 3))
    assert table.labels.tolist() == [10, 6, 2] and table.starts.tolist() == [3, 2, 1]
    assert table.right[2] == 1.0
    # Of today's customers: 4 in February (one without a label), 3 in March
    assert table.right_today[1] == pytest.approx(3 / 7) and table.right_today[2] == pytest.approx(2 / 3)
    assert table.left[1] == pytest.approx(1 / 7) and table.newcomers[1] == pytest.approx(1 / 7)
    assert table.left[2] == pytest.approx(1 / 3) and table.newcomers[2] == pytest.approx(1 / 3)


@pytest.mark.parametrize("runs", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_the_interval_holds_the_truth_of_a_chain_at_every_age(lay, walk, runs):
    truth = find_truth(CHAIN, 7)
    held = np.zeros(7)
    for seed in range(runs):
        labels = walk(seed, CHAIN, find_start(CHAIN), 400, 7)
        table = measure_months(lay(labels), 0.95).table
        held += (table.low <= truth) & (truth <= table.high)
    assert (held >= stats.binom.ppf(0.0005, runs, 0.95)).all()


@pytest.mark.parametrize(("times", "close"), [(60, 0.3), pytest.param(400, 0.15, marks=pytest.mark.slow)])
def test_the_error_is_that_of_a_bootstrap_of_customers(lay, walk, times, close):
    labels = walk(1, CHAIN, find_start(CHAIN), 300, 5)
    rng = np.random.default_rng(1)
    labels = np.where(rng.random(labels.shape) < 0.15, -1, labels)
    found = measure_months(lay(labels), 0.95)
    draws = []
    for _ in range(times):
        again = labels[rng.integers(0, len(labels), len(labels))]
        table = measure_months(lay(again), 0.95).table
        draws.append([*table.right, *table.right_today])
    spread = np.std(draws, axis=0).reshape(2, -1)[:, 1:]
    z = stats.norm.ppf(0.975)
    still = (found.table.high - found.table.low).to_numpy()[1:] / 2 / z
    today = np.sqrt(np.diag(found.covariance))[1:]
    assert still == pytest.approx(spread[0], rel=close)
    assert today == pytest.approx(spread[1], rel=close)


def test_rows_counted_as_customers_would_make_the_interval_too_narrow(lay, walk):
    steady = np.array([[0.97, 0.03], [0.03, 0.97]])
    found = measure_months(lay(walk(2, steady, [0.5, 0.5], 500, 13)), 0.95).table.set_index("age").loc[6]
    naive = np.sqrt(found.right * (1 - found.right) / found.labels)
    assert (found.high - found.low) / 2 / 1.96 > 1.3 * naive


def test_the_half_life_of_a_chain_is_found(lay, walk):
    chain = np.full((5, 5), 0.2 * 0.2) + 0.8 * np.eye(5)
    truth = find_truth(chain, 9)
    exact = find_crossing(np.arange(9.0), truth)
    held = 0
    for seed in range(30):
        found = measure_months(lay(walk(seed, chain, [0.2] * 5, 600, 9)), 0.95)
        held += found.half_low <= exact <= found.half_high
        assert found.half_low <= found.half_life <= found.half_high
    assert held >= stats.binom.ppf(0.0005, 30, 0.95)


def test_a_half_life_beyond_what_was_seen_is_not_guessed(photo, walk):
    found = measure(photo, walk(3, np.array([[0.97, 0.03], [0.03, 0.97]]), [0.5, 0.5], 400, 4))
    assert np.isinf([found.half_life, found.half_low, found.half_high]).all()
    assert "more than 3 snapshots" in found.reads()
    assert f"in {name_step(found.step_days)}s" in found.plot().get_xlabel()
    assert [name_step(days) for days in (7, 28, 30.4, 31, 91)] == ["snapshot", *3 * ["month"], "snapshot"]
    assert any("still right at the oldest age" in note for note in found.warnings)


def test_labels_dealt_by_lot_have_the_life_of_chance(photo):
    labels = np.random.default_rng(4).choice(5, (4_000, 4), p=[0.4, 0.25, 0.2, 0.1, 0.05])
    table = measure(photo, labels).table.iloc[1:]
    assert ((table.low <= table.by_chance) & (table.by_chance <= table.high)).all()
    assert table.by_chance.iloc[0] == pytest.approx(0.275, abs=0.01)


def test_a_label_that_comes_back_is_right_again(photo):
    labels = np.tile([0, 1, 0], (10, 1))
    assert measure(photo, labels).table.right.tolist() == [1.0, 0.0, 1.0]


MONTHS = st.lists(st.tuples(*[st.integers(-1, 2)] * 3), min_size=1, max_size=20)


@settings(max_examples=4)
@given(MONTHS, st.integers(0, 99))
def test_neither_order_nor_form_of_the_tables_matters(photo, rows, seed):
    labels = np.array(rows)
    there = labels >= 0
    if not there.any(axis=0).all() or (there.sum(axis=1) < 2).all():
        return
    photos = [photo(column, day) for column, day in zip(labels.T, DAYS, strict=False)]
    found = measure_label_life(photos).table
    again = pd.concat(photos).sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(measure_label_life(again).table, found)
    text = [one.assign(customer_id=[f"k{i}" for i in one.customer_id]) for one in photos]
    pd.testing.assert_frame_equal(measure_label_life(text[::-1]).table, found)
    seen = found.right.dropna()
    assert seen.between(0, 1).all() and (found.low.dropna() <= seen[found.low.notna()] + 1e-12).all()


def test_many_blocks_of_customers_make_the_same_sums(photo, walk, monkeypatch):
    labels = walk(5, CHAIN, find_start(CHAIN), 500, 5)
    whole = measure(photo, labels)
    monkeypatch.setattr("loyalty.segment.drift.label_life.BLOCK", 64)
    parts = measure(photo, labels)
    pd.testing.assert_frame_equal(whole.table, parts.table)
    assert np.allclose(whole.covariance, parts.covariance)


def test_snapshots_that_cannot_be_compared_are_refused(photo):
    one = photo(np.zeros(4, int), DAYS[0])
    with pytest.raises(TableError, match="two snapshots or more"):
        measure_label_life([one])
    with pytest.raises(TableError, match="two snapshots are as of 2025-01-01"):
        measure_label_life([one, one])
    with pytest.raises(TableError, match="evenly spaced"):
        measure_label_life([one, one.assign(as_of=DAYS[1]), one.assign(as_of=DAYS[4])])
    with pytest.raises(TableError, match="there is no snapshot"):
        measure_label_life([])
    with pytest.raises(TableError, match="4 values come more than once"):
        measure_label_life([pd.concat([one, one]), one.assign(as_of=DAYS[1])])
    with pytest.raises(TableError, match="as_of"):
        measure_label_life(one.drop(columns="as_of"))
    with pytest.raises(TableError, match="`as_of` is empty in 4 rows"):
        measure_label_life(one.assign(as_of=pd.NaT))


def test_customers_who_are_never_there_twice_have_no_life(photo):
    with pytest.raises(TableError, match="no label was seen again"):
        measure(photo, np.array([[0, -1], [-1, 0]]))


def test_an_age_that_nobody_reached_is_left_out_of_every_sentence(photo):
    """The first half is there in January and February, the second in February and March, or in January and March."""
    found = measure(photo, np.array([[0, 0, -1]] * 15 + [[-1, 1, 1]] * 15))
    assert np.isnan(found.table.right[2]) and any("no customer was there" in note for note in found.warnings)
    assert np.isinf(found.half_life) and "nan" not in found.reads() and "more than 1 snapshot." in found.reads()
    apart = measure(photo, np.array([[0, -1, 0]] * 15 + [[-1, 1, -1]] * 15))
    assert apart.reads().startswith("After 2 snapshots (59 days) 100% of the labels are still right")
    assert "nan" not in apart.reads() and "after 2 snapshots" in apart.plot().get_title(loc="left")


def test_a_curve_goes_over_ages_without_a_value():
    assert find_crossing(np.array([0, 1, 2]), np.array([1.0, np.nan, 0.0])) == 1.0
    assert find_crossing(np.array([0, 1, 2]), np.array([1.0, 0.6, np.nan])) == np.inf


def test_a_handful_of_customers_knows_little_and_says_so(photo):
    three = measure(photo, np.array([[0, 0], [1, 1], [0, 0]]))
    # Wilson's lower end for 3 of 3 is n / (n + t²), t with 2 degrees of freedom
    width = stats.t.ppf(0.975, 2)
    assert three.table.low[1] == pytest.approx(3 / (3 + width**2)) and three.table.high[1] == 1
    assert any("under 10 customers had a right label, or a wrong one, at age 1" in note for note in three.warnings)
    alone = measure(photo, np.array([[0] * 6 + [1] * 7]))
    assert alone.half_low < alone.half_life or alone.half_high > alone.half_life


def test_the_interval_of_customers_seen_once_is_wilsons(photo):
    table = measure(photo, np.array([[0, 0]] * 70 + [[0, 1]] * 30)).table
    size = 99  # 100 customers, less one for their own mean
    z = stats.t.ppf(0.975, 99)
    middle, root = 0.7 + z**2 / 2 / size, z * np.sqrt(0.21 / size + z**2 / 4 / size**2)
    assert table.low[1] == pytest.approx((middle - root) / (1 + z**2 / size))
    assert table.high[1] == pytest.approx((middle + root) / (1 + z**2 / size))


STICKY = 0.97 * np.eye(5) + 0.03 * np.outer(np.ones(5), [0.4, 0.25, 0.2, 0.1, 0.05])


@pytest.mark.parametrize("runs", [40, pytest.param(400, marks=pytest.mark.slow)])
def test_few_customers_with_rare_losses_have_an_interval_that_holds(lay, walk, runs):
    truth = find_truth(STICKY, 7)[1:]
    held = np.zeros(6)
    for seed in range(1_000, 1_000 + runs):
        table = measure_months(lay(walk(seed, STICKY, find_start(STICKY), 30, 7)), 0.95).table[1:]
        held += (table.low <= truth) & (truth <= table.high)
        assert (table.high > table.low).all()
    assert (held >= stats.binom.ppf(0.0005, runs, 0.95)).all()


def test_what_it_shows(photo, walk):
    labels = walk(6, CHAIN, find_start(CHAIN), 300, 5)
    labels[:50, 2:] = -1
    labels[50:90, :2] = -1
    found = measure(photo, labels)
    assert found.reads() in found._repr_html_() and found.to_frame().equals(found.table)
    legend = [text.get_text() for text in found.plot().get_legend().get_texts()]
    assert "of today's customers" in legend
    with pytest.raises(TableError, match="age 9 was not seen"):
        found.at(9)


def test_it_warns_of_this_table_only_and_of_a_rule_that_changed(photo, walk):
    labels = walk(6, CHAIN, find_start(CHAIN), 300, 5)
    usual = measure(photo, labels)
    assert usual.half_life < 4 and usual.warnings == () and not usual.version_changed
    changed = measure_label_life([photo(labels[:, 0], DAYS[0]), photo(labels[:, 1], DAYS[1], version="2")])
    assert changed.version_changed and changed.warnings[0].startswith("the version of the rule changed")
