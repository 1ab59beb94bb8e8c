"""Gini and shares of the top: against the definition, against published values, and how often the interval holds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from loyalty.segment.rank.shares import (
    doubt_tail,
    estimate_gini,
    estimate_slice,
    estimate_top_share,
    find_tail_index,
    is_skew,
)

FEW = settings(max_examples=25, deadline=None)
AMOUNTS = st.lists(st.one_of(st.integers(0, 3), st.integers(0, 10**6)), min_size=2, max_size=40).filter(any)


def gini_by_definition(amounts) -> float:
    """Half the mean gap of all pairs, in units of the mean."""
    x = np.asarray(amounts, float)
    return np.abs(x[:, None] - x).mean() / (2 * x.mean())


def top_by_hand(amounts, top: float) -> float:
    """Take whole customers from the largest on, and a part of the last one."""
    left, money = top * len(amounts), 0.0
    for amount in sorted(amounts, reverse=True):
        take = min(left, 1.0)
        money += take * amount
        left -= take
    return money / sum(amounts)


@FEW
@given(amounts=AMOUNTS)
def test_gini_is_half_the_mean_gap_of_all_pairs(amounts):
    assert estimate_gini(amounts).value == pytest.approx(gini_by_definition(amounts), abs=1e-12)


@FEW
@given(amounts=AMOUNTS, top=st.floats(0.001, 1))
def test_the_share_of_the_top_is_that_of_counting_by_hand_and_of_any_order(amounts, top):
    found = estimate_top_share(amounts, top)
    assert found.value == pytest.approx(top_by_hand(amounts, top), abs=1e-9)
    assert str(estimate_top_share(amounts[::-1], top)) == str(found)
    assert found.value >= min(top, 1) - 1e-9  # the top never brings less than its part


@pytest.mark.slow
@FEW
@given(amounts=AMOUNTS, factor=st.sampled_from([0.01, 3.0, 1e6]))
def test_another_currency_and_every_customer_twice_change_no_number(amounts, factor):
    x = np.asarray(amounts, float)
    for measure in (estimate_gini, lambda a: estimate_top_share(a, 0.2)):
        assert measure(factor * x).value == pytest.approx(measure(x).value, abs=1e-9)
        assert measure(np.repeat(x, 2)).value == pytest.approx(measure(x).value, abs=1e-9)


@pytest.mark.slow
@FEW
@given(amounts=AMOUNTS)
def test_slices_add_up_to_the_whole(amounts):
    ordered = np.sort(np.asarray(amounts, float))
    parts = [estimate_slice(ordered, one / 10, (one + 1) / 10).value for one in range(10)]
    assert sum(parts) == pytest.approx(1)
    assert estimate_top_share(amounts, 0.3).value == pytest.approx(sum(parts[:3]))


def test_published_values_of_gini_are_met():
    assert estimate_gini([1, 1, 1, 1]).value == pytest.approx(0)
    n = 100  # the whole numbers up to n: (n - 1) / (3 n), by adding up
    assert estimate_gini(np.arange(1, n + 1)).value == pytest.approx((n - 1) / (3 * n))
    # Known processes: exponential 1/2, uniform 1/3, log-normal 2Φ(σ/√2) - 1, Pareto 1/(2α - 1), by their quantiles
    p = (np.arange(20_000) + 0.5) / 20_000
    assert estimate_gini(-np.log(1 - p)).value == pytest.approx(0.5, abs=1e-3)
    assert estimate_gini(p).value == pytest.approx(1 / 3, abs=1e-5)
    assert estimate_gini(np.exp(norm.ppf(p))).value == pytest.approx(2 * norm.cdf(1 / np.sqrt(2)) - 1, abs=2e-3)
    assert estimate_gini((1 - p) ** (-1 / 3)).value == pytest.approx(1 / 5, abs=1e-3)


def test_pareto_brings_eighty_from_twenty_at_one_index_only():
    p = (np.arange(20_000) + 0.5) / 20_000
    index = np.log(5) / np.log(4)  # 1.16
    assert 0.2 ** (1 - 1 / index) == pytest.approx(0.8)
    assert estimate_top_share((1 - p) ** (-1 / 3), 0.2).value == pytest.approx(0.2 ** (2 / 3), abs=1e-3)
    assert estimate_top_share(np.exp(norm.ppf(p)), 0.2).value == pytest.approx(norm.cdf(1 - norm.ppf(0.8)), abs=1e-3)


@pytest.mark.slow
def test_the_standard_error_is_that_of_a_bootstrap():
    rng = np.random.default_rng(21)
    x = rng.lognormal(0, 0.7, 1_500)
    draws = rng.choice(x, (600, len(x)))
    z = norm.ppf(0.975)
    for measure in (estimate_gini, lambda a: estimate_top_share(a, 0.2)):
        found = measure(x)
        spread = np.std([measure(one).value for one in draws])
        assert (found.high - found.low) / (2 * z) == pytest.approx(spread, rel=0.08)


def test_equal_customers_one_customer_and_all_customers_have_no_interval():
    for portion in (estimate_gini([5.0] * 30), estimate_gini([5.0]), estimate_top_share([1.0, 2.0], 1.0)):
        assert np.isnan([portion.low, portion.high]).all()
    assert estimate_top_share([5.0] * 30, 0.2).value == pytest.approx(0.2)


def test_amounts_below_zero_may_give_more_than_the_whole():
    assert estimate_gini([-5.0, 1.0, 9.0]).value == pytest.approx(gini_by_definition([-5.0, 1.0, 9.0]))
    assert estimate_top_share([-5.0, 1.0, 9.0], 1 / 3).value == pytest.approx(9 / 5)


def test_a_wider_level_gives_a_wider_interval():
    x = np.random.default_rng(1).lognormal(size=400)
    narrow, wide = estimate_gini(x, level=0.8), estimate_gini(x, level=0.99)
    assert wide.low < narrow.low < narrow.high < wide.high


def test_a_heavy_tail_and_few_customers_are_doubted():
    rng = np.random.default_rng(2)
    assert find_tail_index(rng.pareto(3, 50_000) + 1) == pytest.approx(3, rel=0.1)
    assert doubt_tail(rng.lognormal(0, 0.8, 5_000)) == ()
    assert "heavy tail" in doubt_tail(rng.pareto(1.5, 5_000) + 1)[0]
    assert "too few" in doubt_tail(np.arange(1.0, 9.0))[0]
    assert np.isnan(find_tail_index([1.0])) and find_tail_index([3.0] * 40) == np.inf


# Seeds, sizes and bounds were fixed before the result was seen. The bounds of cells whose tail has a variance are those
# of docs: 93 to 97 %; the others must be warned of, and their coverage stands in the docstring. What docs/statistics.md
# says of each cell, Gini and best fifth in percent, is measured here to the decimal.
REPLICATIONS = 2_000
CELLS = {
    "log-normal 1": (
        lambda r: r.lognormal(0, 1, 2_500),
        2 * norm.cdf(1 / np.sqrt(2)) - 1,
        1 - norm.cdf(norm.ppf(0.8) - 1),
    ),
    "log-normal 1, 60 % zeros": (
        lambda r: r.lognormal(0, 1, 2_500) * (r.random(2_500) < 0.4),
        1 - 0.4 * (2 - 2 * norm.cdf(1 / np.sqrt(2))),
        1 - norm.cdf(norm.ppf(0.5) - 1),
    ),
    "exponential": (lambda r: r.exponential(1, 2_500), 0.5, 0.2 * (1 - np.log(0.2))),
}
TOLD = {
    "log-normal 1": ("log-normal {} / {} %", 94.7, 94.5),
    "log-normal 1, 60 % zeros": ("60 % zeros {} / {} %", 94.1, 95.3),
    "exponential": ("exponential {} / {} %", 95.4, 94.4),
    "Pareto 1.5": ("1.5: {} / {} %", 84.7, 84.9),
    "Pareto 1.16": ("1.16 (where 20 % truly bring 80 %): {} / {} %", 70.4, 69.0),
    "Pareto 2": ("Pareto with index 2: {} / {} %", 91.4, 91.2),
}
HEAVY = {  # and what the docstring and lesson 21 say of them
    "Pareto 1.5": (lambda r: r.pareto(1.5, 2_500) + 1, 1 / 2, 0.2 ** (1 / 3), 0.85),
    "Pareto 1.16": (lambda r: r.pareto(1.16, 2_500) + 1, 1 / (2 * 1.16 - 1), 0.2 ** (1 - 1 / 1.16), 0.70),
    "Pareto 2": (lambda r: r.pareto(2, 2_500) + 1, 1 / 3, 0.2**0.5, 0.91),
}


def cover(draw, gini: float, top: float) -> tuple[float, float, float]:
    """Share of seeds whose interval holds the Gini, whose interval holds the top share, and that are warned of."""
    held = np.zeros(3)
    for seed in range(REPLICATIONS):
        x = draw(np.random.default_rng(seed))
        one, other = estimate_gini(x), estimate_top_share(x, 0.2)
        warned = bool(doubt_tail(x)) or is_skew(one) or is_skew(other)
        held += [one.low < gini < one.high, other.low < top < other.high, warned]
    return tuple(held / REPLICATIONS)


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS)
def test_the_intervals_hold_as_often_as_they_say(name):
    gini, top, _ = cover(*CELLS[name])
    assert 0.93 <= gini <= 0.97 and 0.93 <= top <= 0.97, (name, gini, top)
    assert (100 * gini, 100 * top) == pytest.approx(TOLD[name][1:], abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_where_the_tail_is_too_heavy_for_the_interval_it_says_so(name):
    *process, said = HEAVY[name]
    gini, top, warned = cover(*process)
    assert warned > 0.9, (name, warned)
    assert (100 * gini, 100 * top) == pytest.approx(TOLD[name][1:], abs=0.1) and round(warned, 2) >= 0.95
    assert (round(gini, 2), round(top, 2)) == pytest.approx((said, said), abs=0.011)


def test_the_page_of_conventions_tells_what_is_measured_here(root):
    page = (root / "docs" / "statistics.md").read_text(encoding="utf-8")
    for words, *figures in TOLD.values():
        assert words.format(*figures) in page


@pytest.mark.slow
@pytest.mark.parametrize("name", HEAVY)
def test_with_a_heavy_tail_the_interval_holds_more_often_than_plain_and_bootstrap_ones(name, monkeypatch):
    """Seeds that no other test has used; at index 2 the three are near each other, and ours may be two points below."""
    draw, gini, top, _ = HEAVY[name]
    seeds, drawn, n = range(10_000, 10_300), 199, 2_500
    weights = (2 * np.arange(1, n + 1) - 1) / n
    held = np.zeros((2, 3))
    for seed in seeds:
        rng = np.random.default_rng(seed)
        x = np.sort(draw(rng))
        ours = estimate_gini(x), estimate_top_share(x, 0.2)
        with monkeypatch.context() as patch:
            patch.setattr("loyalty.segment.rank.shares.skew_of_mean", lambda moves: 0.0)
            plain = estimate_gini(x), estimate_top_share(x, 0.2)
        again = x[np.sort(rng.integers(0, n, (drawn, n)), axis=1)]
        sums = again.sum(axis=1)
        both = (again @ weights) / sums - 1, again[:, -n // 5 :].sum(axis=1) / sums
        for row, (truth, values) in enumerate(zip((gini, top), both, strict=True)):
            ends = [(one[row].low, one[row].high) for one in (ours, plain)] + [np.quantile(values, [0.025, 0.975])]
            held[row] += [low < truth < high for low, high in ends]
    slack = 0.02 * len(seeds) if name == "Pareto 2" else 0
    assert (held[:, 0] + slack > held[:, 1:].max(axis=1)).all(), held / len(seeds)


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(amounts=st.lists(st.floats(0, 1e12), min_size=2, max_size=300).filter(lambda x: sum(x) > 1e-3))
def test_any_amounts_give_numbers_in_order(amounts):
    for portion in (estimate_gini(amounts), estimate_top_share(amounts, 0.1)):
        assert -1e-9 <= portion.value <= 1 + 1e-9
        assert np.isnan(portion.low) or portion.low <= portion.high


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: estimate_gini([]), "more than zero"),
        (lambda: estimate_gini([0.0, 0.0]), "more than zero"),
        (lambda: estimate_gini(None), "list of numbers"),
        (lambda: estimate_gini(np.ones((3, 2))), "list of numbers"),
        (lambda: estimate_gini([1.0, np.nan]), "empty or infinite"),
        (lambda: doubt_tail(None), "list of numbers"),
        (lambda: find_tail_index([[1.0, 2.0], [3.0, 4.0]]), "list of numbers"),
        (lambda: estimate_top_share([], 0.2), "more than zero"),
        (lambda: estimate_top_share([1.0, 2.0], 20), "Write 0.2"),
        (lambda: estimate_slice([1.0, 2.0], 0.5, 0.2), "above 0.5 and to 0.2"),
    ],
)
def test_what_has_no_share_is_refused_in_words(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_lists_in_any_order_are_as_good_as_arrays():
    assert estimate_slice([6, 1, 2, 1], 0.25, 1.0).value == pytest.approx(0.4)
    assert "3 customers have" in doubt_tail([1, 2, 3])[0] and "1 customer has" in doubt_tail([1])[0]
