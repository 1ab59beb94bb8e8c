"""Changed customers told from changed method, against changes that were made on purpose."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.segment.drift import split_change
from loyalty.segment.drift.split import find_torn, split_tables
from loyalty.segment.rules import score_values
from loyalty.tables.check import TableError

THEN, NOW = pd.Timestamp("2025-03-01"), pd.Timestamp("2026-03-01")


def spend_years(seed, customers=2_000, growth=0.0):
    """Two years of spend of the same customers; some are there in one year only."""
    rng = np.random.default_rng([seed, 5])
    level = rng.normal(0, 1, customers)
    first = level + rng.normal(0, 0.5, customers)
    second = level + rng.normal(0, 0.5, customers) + growth
    luck = rng.random(customers)
    return np.where(luck < 0.1, np.nan, first), np.where(luck > 0.9, np.nan, second)


def cut(values, line):
    return np.where(np.isnan(values), -1, (values > line).astype(int))


def label(photo, years, old, new):
    return [
        photo(cut(year, line), day, version=str(line))
        for line in (old, new)
        for year, day in zip(years, (THEN, NOW), strict=True)
    ]


def measure(photo, years, old, new):
    """The split without the check of its tables, which takes longer than the split."""
    return split_tables(label(photo, years, old, new), 0.95)


def test_the_parts_add_up_and_orders_are_shown(photo):
    table = split_change(*label(photo, spend_years(0, growth=0.4), 0.5, 1.0)).table
    assert (table.customers + table.method).to_numpy() == pytest.approx(table.change.to_numpy())
    assert ((table.customers_first + table.customers_last) / 2).to_numpy() == pytest.approx(table.customers.to_numpy())
    assert (table.customers_last - table.customers_first).to_numpy() == pytest.approx(table.order.to_numpy())
    assert table.change.sum() == pytest.approx(0)


def test_an_unchanged_rule_did_nothing_for_sure(photo):
    table = measure(photo, spend_years(1, growth=0.4), 0.5, 0.5)
    assert table[["method", "method_low", "method_high", "order"]].abs().max().max() < 1e-15
    assert table.customers_low[1] > 0


@pytest.mark.parametrize("runs", [20, pytest.param(500, marks=pytest.mark.slow)])
def test_the_intervals_hold_what_was_made(photo, runs):
    spread = np.sqrt(1.25)

    def above(line, growth=0.0):
        return stats.norm.sf((line - growth) / spread)

    old, new, growth = 0.5, 0.9, 0.3
    truth = {
        "change": above(new, growth) - above(old),
        "customers": (above(old, growth) - above(old) + above(new, growth) - above(new)) / 2,
        "method": (above(new) - above(old) + above(new, growth) - above(old, growth)) / 2,
        "order": above(new, growth) - above(new) - above(old, growth) + above(old),
    }
    held = dict.fromkeys(truth, 0)
    for seed in range(runs):
        row = measure(photo, spend_years(seed, 800, growth), old, new).iloc[1]
        for name, value in truth.items():
            held[name] += row[f"{name}_low"] <= value <= row[f"{name}_high"]
    assert all(count >= stats.binom.ppf(0.0005, runs, 0.95) for count in held.values()), held


def test_a_method_alone_is_not_read_as_customers(photo):
    named = 0
    for seed in range(20):
        row = measure(photo, spend_years(seed), 0.5, 0.9).iloc[1]
        assert row.method_high < -0.05
        named += not row.customers_low <= 0 <= row.customers_high
    assert named <= stats.binom.ppf(0.9995, 20, 0.05)


def test_a_rule_of_fifths_hides_growth_and_last_years_rule_shows_it(photo):
    """Cuts made anew each year keep every fifth a fifth; by last year's cuts the base has grown."""
    years = [year[~np.isnan(year)] for year in spend_years(2, growth=0.5)]
    cuts = [np.quantile(year, [0.2, 0.4, 0.6, 0.8]) for year in years]
    tables = [
        photo(score_values(year, lines) - 1, day, version=version)
        for version, lines in (("2025", cuts[0]), ("2026", cuts[1]))
        for year, day in zip(years, (THEN, NOW), strict=True)
    ]
    top = split_change(*tables).table.set_index("segment").loc["e"]
    assert abs(top.change) < 0.01 and top.customers_low > 0.05 and top.method_high < -0.05


@pytest.mark.parametrize(("times", "close"), [(60, 0.3), pytest.param(400, 0.15, marks=pytest.mark.slow)])
def test_the_error_is_that_of_a_bootstrap_of_customers(photo, times, close):
    years = spend_years(3, 400, 0.3)
    found = measure(photo, years, 0.5, 0.9).iloc[1]
    rng = np.random.default_rng(3)
    draws = []
    for _ in range(times):
        again = rng.integers(0, 400, 400)
        draws.append(measure(photo, [year[again] for year in years], 0.5, 0.9).iloc[1])
    spread = pd.DataFrame(draws)[["change", "customers", "method"]].astype(float).std()
    for name in spread.index:
        half = (found[f"{name}_high"] - found[f"{name}_low"]) / 2 / stats.norm.ppf(0.975)
        assert half == pytest.approx(spread[name], rel=close)


def test_order_of_rows_does_not_matter(photo):
    years = spend_years(4, 200)
    tables = [
        photo(cut(year, line), day, version=str(line))
        for line in (0, 1)
        for year, day in zip(years, (THEN, NOW), strict=True)
    ]
    found = split_change(*tables).table
    shuffled = [one.sample(frac=1, random_state=place) for place, one in enumerate(tables)]
    pd.testing.assert_frame_equal(split_change(*shuffled).table, found)


def test_tables_that_do_not_belong_together_are_refused_at_once(photo):
    years = spend_years(5, 50)
    old = [photo(cut(year, 0), day) for year, day in zip(years, (THEN, NOW), strict=True)]
    new = [photo(cut(year, 1), day, version="2") for year, day in zip(years, (THEN, NOW), strict=True)]
    with pytest.raises(TableError) as told:
        split_change(old[0], old[1], new[0].iloc[1:], new[1].assign(version="3"))
    assert len(told.value.problems) == 2 and "same customers" in str(told.value) and "one version" in str(told.value)
    with pytest.raises(TableError, match="not earlier"):
        split_change(old[1], old[0], new[1], new[0])
    with pytest.raises(TableError, match="then_new as of"):
        split_change(old[0], old[1], new[1].assign(as_of=NOW), new[1])
    with pytest.raises(TableError, match="one segmentation at a time, found made, other"):
        split_change(*old, *(one.assign(scheme="other") for one in new))
    text = [one.assign(customer_id=one.customer_id.astype(str)) for one in new]
    with pytest.raises(TableError) as told:
        split_change(*old, *text)
    assert "same customers" not in str(told.value)
    same = split_change(*old, *(one.assign(version="1") for one in new))
    assert "bear the same version" in same.warnings[0]


def test_what_it_shows(photo):
    found = split_change(*label(photo, spend_years(6, growth=0.6), 0.2, 1.5))
    assert found.reads() in found._repr_html_() and found.to_frame().equals(found.table)
    assert any("hangs on the order" in note for note in found.warnings)
    ax = found.plot()
    assert ax.get_title(loc="left") == "Customers and method apart"
    whole = next(line for line in ax.lines if line.get_label() == "both")
    assert whole.get_xdata() == pytest.approx(100 * found.table["change"])


@pytest.mark.slow
def test_an_order_that_does_nothing_is_seldom_named(photo):
    """The base stays as it is, so both orders are the same in truth: five segments, and one promise for all."""
    cuts = np.array([[-1.0, -0.4, 0.4, 1.0], [-0.8, -0.2, 0.6, 1.2]])
    named = 0
    for seed in range(60):
        years = spend_years(seed, 600)
        tables = [
            photo(np.where(np.isnan(year), -1, np.searchsorted(lines, year)), day, version=str(lines[0]))
            for lines in cuts
            for year, day in zip(years, (THEN, NOW), strict=True)
        ]
        named += bool(find_torn(split_tables(tables, 0.95), 0.95))
    assert named <= stats.binom.ppf(0.9995, 60, 0.05)


def test_an_order_is_named_by_holms_steps_and_by_its_size():
    p = np.array([0.01, 0.02, 0.03])
    order = stats.norm.isf(p / 2)
    table = pd.DataFrame({"segment": list("abc"), "order": order, "customers": 1.0, "method": -1.0})

    def find(table, level):
        half = stats.norm.ppf(0.5 + level / 2)
        return find_torn(table.assign(order_low=order - half, order_high=order + half), level)

    # Holm at 5 %: 0.01 ≤ 0.05 / 3, 0.02 ≤ 0.05 / 2, 0.03 ≤ 0.05
    assert find(table, 0.95) == ["a", "b", "c"]
    # At 2 %: 0.01 > 0.02 / 3, and the steps stop
    assert find(table, 0.98) == []
    assert find(table.assign(customers=20.0), 0.95) == []
