"""What the intervals promise: coverage on the world and on planted draws, warnings that come and that do not come."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.evaluate.lift.aggregates import Sums
from loyalty.evaluate.lift.bootstrap import bootstrap_gap, redraw, resample_sums
from loyalty.evaluate.lift.compare import compare_sums
from loyalty.evaluate.lift.cuped import adjust_gap
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lift, gather_lifts
from loyalty.stats.intervals import compare_means, compare_rates
from loyalty.world import World

POWERS = [(i, j) for i in range(4) for j in range(4 - i) if i + j]


def add_up(y, d=None):
    """The sums of customers at hand, as the engine would make them."""
    d = np.ones(len(y)) if d is None else d
    powers = {(i, j): float((y**i * d**j).sum()) for i, j in POWERS}
    return Sums(len(y), powers, filled=int((y != 0).sum()))


def in_region(hits, runs, rate=0.95):
    """Whether a correct method covers so often; wrong once in a thousand."""
    low, high = stats.binom.interval(0.999, runs, rate)
    return low <= hits <= high


# --- Coverage ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lives():
    """What 20,000 customers of the world do with and without a discount: a large population whose truth is known."""
    world = World(customers=20_000, months=14, seed=11)
    plan = world.customers[["customer_id"]]
    names = ["responded", "orders", "sales"]
    told = []
    for offer in ("basket_discount", None):
        wave, _ = world.run(plan.assign(offer_id=pd.Series([offer] * len(plan), dtype="str")))
        rows = wave.outcomes.sort_values("customer_id")
        told.append(rows[rows["window"] == "main"][names].to_numpy(float))
        past = rows[rows["window"] == "pre"]["sales"].to_numpy(float)
    return told[0], told[1], past


def draw_groups(lives, rng, treated, control):
    yes, no, past = lives
    who = rng.integers(0, len(yes), treated + control)
    return yes[who[:treated]], no[who[treated:]], past[who[:treated], None], past[who[treated:], None]


@pytest.mark.slow
@pytest.mark.parametrize(("treated", "control"), [(1_000, 1_000), (1_900, 100)])
def test_intervals_hold_the_worlds_truth_as_often_as_they_promise(lives, treated, control):
    yes, no, _ = lives
    gain = (yes - no).mean(axis=0)
    ratio = yes[:, 2].sum() / yes[:, 1].sum() - no[:, 2].sum() / no[:, 1].sum()
    hits, runs = {"rate": 0, "mean": 0, "ratio": 0}, 400
    for seed in range(runs):
        a, b, *_ = draw_groups(lives, np.random.default_rng(seed), treated, control)
        found = {
            "rate": (compare_rates([a[:, 0].sum(), b[:, 0].sum()], [treated, control]), gain[0]),
            "mean": (compare_means(a[:, 2], b[:, 2]), gain[2]),
            "ratio": (compare_sums(add_up(a[:, 2], a[:, 1]), add_up(b[:, 2], b[:, 1]), kind="ratio"), ratio),
        }
        for name, (estimate, truth) in found.items():
            hits[name] += estimate.low <= truth <= estimate.high
    held = {name: in_region(n, runs) or (control < treated and n > 0.95 * runs) for name, n in hits.items()}
    assert held == dict.fromkeys(hits, True), hits  # a small control is compared with care: it may hold more often


def draw_baskets(rng, n, orders):
    """Sales and orders of n customers, about a third of whom buy; a basket is worth 20 on average."""
    d = rng.poisson(orders, n).astype(float)
    return 20 * rng.gamma(np.maximum(2 * d, 1e-9)) / 2 * (d > 0), d


@pytest.mark.slow
def test_ratios_with_few_controls_hold_although_the_offer_brings_more_orders_than_control_has():
    hits, alarms, warned, runs = 0, 0, 0, 400
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        control, more, same = (add_up(*draw_baskets(rng, *who)) for who in ((500, 0.4), (9_500, 0.6), (9_500, 0.4)))
        found, null = (compare_sums(side, control, kind="ratio") for side in (more, same))
        assert "the larger variance" in found.method
        hits += found.low <= 0 <= found.high  # a basket is worth the same with the offer
        alarms += null.p < 0.05
        warned += bool(found.warnings)
        # The relative interval is Fieller's: it leaves out "no change" where the plain one leaves out zero.
        assert (found.details["relative_low"] > 0) == (found.low > 0)
    assert warned < runs / 2
    assert hits >= stats.binom.interval(0.999, runs, 0.95)[0], hits  # careful: it may hold more often
    assert in_region(alarms, runs, 0.05), alarms


@pytest.mark.slow
def test_the_adjusted_interval_holds_the_worlds_truth_and_saves(lives):
    yes, no, _ = lives
    truth, hits, savings, runs = (yes - no)[:, 2].mean(), {"lin": 0, "ancova": 0, "slope": 0}, [], 300
    for seed in range(runs):
        a, b, x, z = draw_groups(lives, np.random.default_rng(seed), 1_000, 1_000)
        small = [part[:500] for part in (a[:, 2], b[:, 2], x, z)]
        found = {
            "lin": adjust_gap(a[:, 2], b[:, 2], (x, z)),
            "ancova": adjust_gap(small[0], small[1], (small[2], small[3])),
            "slope": adjust_gap(small[0], small[1], (small[2], small[3]), slope=0.3),
        }
        savings.append(found["lin"].details["saving"])
        for name, estimate in found.items():
            hits[name] += estimate.low <= truth <= estimate.high
    assert {name: in_region(n, runs) for name, n in hits.items()} == dict.fromkeys(hits, True), hits
    assert np.mean(savings) > 0.05


def test_no_effect_is_called_one_as_rarely_as_promised(lives):
    alarms, runs = {"rate": 0, "mean": 0}, 400
    for seed in range(runs):
        _, b, *_ = draw_groups(lives, np.random.default_rng(seed), 2, 2_000)
        alarms["rate"] += compare_rates([b[:1_900, 0].sum(), b[1_900:, 0].sum()], [1_900, 100]).p < 0.05
        alarms["mean"] += compare_means(b[:1_900, 2], b[1_900:, 2]).p < 0.05
    assert {name: in_region(n, runs, 0.05) for name, n in alarms.items()} == dict.fromkeys(alarms, True), alarms


def test_newcombe_covers_rare_events_in_a_small_control_where_wald_does_not():
    hits, runs = {"newcombe": 0, "wald": 0}, 1_000
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        found = compare_rates([rng.binomial(1_900, 0.012), rng.binomial(100, 0.006)], [1_900, 100])
        hits["newcombe"] += found.low <= 0.006 <= found.high
        hits["wald"] += abs(found.effect - 0.006) <= 1.96 * found.se
    assert in_region(hits["newcombe"], runs) or hits["newcombe"] > 950
    assert not in_region(hits["wald"], runs)


@pytest.mark.slow
def test_bootstrap_t_covers_equal_groups_and_fails_with_a_small_control_as_it_warns():
    hits, warned, runs = {2_000: 0, 100: 0}, {2_000: 0, 100: 0}, 150
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        spend = rng.lognormal(3, 1.2, 4_000) * (rng.random(4_000) < 0.03)
        for control in hits:
            treated = 2_000 if control == 2_000 else 1_900
            found = bootstrap_gap(spend[:treated], spend[2_000 : 2_000 + control], draws=400, seed=seed)
            hits[control] += found.low <= 0 <= found.high
            warned[control] += bool(found.warnings)
    assert in_region(hits[2_000], runs) and not in_region(hits[100], runs)
    assert warned == {2_000: 0, 100: runs}


# --- Warnings: each comes, and does not come -----------------------------------------------------


def make_spend(seed, n, buyers):
    rng = np.random.default_rng(seed)
    return rng.lognormal(3, 1, n) * (rng.random(n) < buyers)


@pytest.mark.parametrize("seeds", [range(2), pytest.param(range(2, 8), marks=pytest.mark.slow)])
@pytest.mark.parametrize("buyers", [0.03, 0.1, 0.3])
def test_nothing_warns_at_two_thousand_against_two_thousand(buyers, seeds):
    for seed in seeds:
        spend = make_spend(seed, 4_000, buyers)
        table = pd.DataFrame(
            {"arm": ["mail", "control"] * 2_000, "sales": spend, "past": make_spend(seed + 99, 4_000, 0.3)}
        )
        table["orders"], table["bought"] = (spend > 0) * 2, (spend > 0).astype(int)
        for options in ({}, {"per": "orders"}, {"outcome": "bought"}, {"before": "past"}):
            assert measure_lift(table, **options).warnings == ()


def test_a_heavy_tail_in_a_small_control_warns_whatever_the_method():
    spend = make_spend(0, 4_000, 0.1)
    table = pd.DataFrame({"arm": ["control"] * 100 + ["mail"] * 3_900, "sales": spend, "orders": 1})
    table["past"] = spend + np.random.default_rng(1).normal(1, 0.1, 4_000)
    for options in ({}, {"interval": "bootstrap"}, {"per": "orders"}, {"interval": "welch"}):
        assert any("heavy tail" in text for text in measure_lift(table, **options).warnings)
    # What the past explains is no tail any more.
    assert not any("heavy" in text for text in measure_lift(table, before="past", slope=1.0).warnings)


def test_few_buyers_warn_and_twenty_do_not():
    for buyers, comes in ((19, True), (20, False)):
        sales = np.zeros(800)
        sales[: 2 * buyers] = 10.0
        sales[:4] = 11.0
        found = measure_lift(pd.DataFrame({"arm": ["mail", "control"] * 400, "sales": sales}))
        assert any("fewer than 20 customers" in text for text in found.warnings) == comes


def test_few_conversions_warn_below_five_expected():
    for hits, comes in ((4, True), (5, False)):
        found = compare_rates([hits, hits], [1_000, 1_000])
        assert any("few conversions" in text for text in found.warnings) == comes
    # Expected in the smaller group: 30 in 2,000 are 1.5 in 100.
    assert compare_rates([30, 0], [1_900, 100]).warnings
    assert not compare_rates([160, 5], [1_900, 100]).warnings


def test_the_adjustment_warns_where_it_is_not_made_and_where_it_does_harm():
    rng = np.random.default_rng(0)
    past = rng.gamma(2, 10, (2_000, 1))
    now = past[:, 0] + rng.normal(0, 5, 2_000)
    parts = now[:1_900], now[1_900:], (past[:1_900], past[1_900:])
    found = adjust_gap(*parts)
    assert any(
        "not adjusted, because control (5% of all, 100 customers) is too small" in text for text in found.warnings
    )
    assert found.details["saving"] == 0 and found.details["plain_se"] == found.se
    helped, harmed = adjust_gap(*parts, slope=1.0), adjust_gap(*parts, slope=-1.0)
    assert helped.warnings == () and helped.details["saving"] > 0.8
    assert any("made the interval wider" in text for text in harmed.warnings)
    even = adjust_gap(now[:1_000], now[1_000:], (past[:1_000], past[1_000:]))
    assert even.warnings == () and "Lin" in even.method
    still = adjust_gap(now[:1_000], now[1_000:], (past[:1_000] * 0, past[1_000:] * 0))
    assert any("never varies" in text for text in still.warnings)
    assert still.effect == still.details["plain_effect"]


@pytest.mark.parametrize(("sizes", "small"), [((700, 100), "control (12%"), ((100, 700), "treated (12%")])
def test_without_an_adjustment_the_smaller_group_is_the_one_that_is_named(sizes, small):
    rng = np.random.default_rng(5)
    now, past = ([rng.normal(10, 3, n) for n in sizes] for _ in range(2))
    found = adjust_gap(now[0], now[1], (past[0][:, None], past[1][:, None]))
    assert any(f"not adjusted, because {small} of all, 100 customers) is too small" in text for text in found.warnings)


def test_a_slope_of_two_past_columns_is_taken_off_as_given():
    rng = np.random.default_rng(1)
    past = rng.normal(10, 3, (400, 2))
    now = past @ [0.5, 2.0] + rng.normal(size=400)
    found = adjust_gap(now[:200], now[200:], (past[:200], past[200:]), slope=[0.5, 2.0])
    rest = now - past @ [0.5, 2.0]
    assert found.effect == pytest.approx(rest[:200].mean() - rest[200:].mean())
    assert (found.details["slope_1"], found.details["slope_2"]) == (0.5, 2.0)
    own = adjust_gap(now[:200], now[200:], (past[:200], past[200:]))
    assert (own.details["slope_1"], own.details["slope_2"]) == pytest.approx((0.5, 2.0), abs=0.1)


def test_too_few_cells_to_shrink_are_said_and_enough_are_not():
    def cells(k):
        rows = [Lift(e, e - 2, e + 2, 1.0, 0.1, 90, 90, "gap", "ITT", arm="mail", segment=f"s{e}") for e in range(k)]
        return gather_lifts(rows)

    assert any("nothing was shrunk" in text for text in cells(3).warnings)
    assert not any("nothing was shrunk" in text for text in cells(8).warnings)
    flat = [Lift(0.0, 0.0, 0.0, 0.0, 1.0, 9, 9, "gap", "ITT", arm="mail", segment=f"s{e}") for e in range(5)]
    assert gather_lifts(flat).warnings == ("nothing was shrunk: a cell has no error",)


@pytest.mark.slow
def test_shrunken_lifts_are_closer_to_the_truth_and_the_raw_winner_is_too_high():
    raw, shrunken, excess = [], [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = rng.normal(1, 0.5, 10)
        seen = truth + rng.normal(0, 1, 10)
        rows = [
            Lift(e, e - 1.96, e + 1.96, 1.0, 0.5, 90, 90, "gap", "ITT", arm="mail", segment=str(i))
            for i, e in enumerate(seen)
        ]
        table = gather_lifts(rows).to_frame()
        raw.append(((table["effect"] - truth) ** 2).mean())
        shrunken.append(((table["shrunken"] - truth) ** 2).mean())
        best = table["effect"].idxmax()
        excess.append(table.loc[best, ["effect", "shrunken"]].astype(float).to_numpy() - truth[best])
    assert np.mean(shrunken) < 0.6 * np.mean(raw)
    over = np.mean(excess, axis=0)
    assert over[0] > 0.8 and abs(over[1]) < 0.25


# --- Whatever the numbers ------------------------------------------------------------------------

VALUES = st.lists(st.sampled_from([0.0, 0.0, 1.0, -3.5, 1e6, 1e-6, 7.25]), min_size=2, max_size=30)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_sums_and_numbers_give_one_answer_with_ties_and_zeros(a, b):
    a, b = np.array(a), np.array(b)
    plain, found = compare_means(a, b), compare_sums(add_up(a), add_up(b), kind="ratio")
    size = max(np.abs(a).max(), np.abs(b).max(), 1e-300)
    assert found.effect == pytest.approx(plain.effect, abs=1e-9 * size)
    assert found.se == pytest.approx(plain.se, rel=1e-6, abs=1e-6 * size)
    assert found.low <= found.effect <= found.high or (found.se == 0 and np.isnan(found.low))


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.data())
def test_rates_lie_inside_their_intervals_and_turn_with_the_groups(n, m, data):
    k, j = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    found, turned = compare_rates([k, j], [n, m]), compare_rates([j, k], [m, n])
    assert -1 - 1e-12 <= found.low <= found.effect <= found.high <= 1 + 1e-12
    assert (found.low, found.p) == pytest.approx((-turned.high, turned.p), abs=1e-12)
    both = compare_sums(Sums(n, {(1, 0): k}, filled=k), Sums(m, {(1, 0): j}, filled=j), kind="rate")
    ends = both.details["relative_low"], both.details["relative_high"]
    if j:
        # The relative interval excludes no change exactly where the plain one does.
        assert (ends[0] > 1e-9) == (found.low > 1e-9 * n) or abs(found.low) < 1e-6
        assert ends[0] - 1e-9 <= both.relative <= ends[1] + 1e-9
    else:
        assert np.isnan(ends).all()


@settings(max_examples=40, deadline=None)
@given(VALUES, VALUES, st.sampled_from(["t", "percentile"]))
def test_a_bootstrap_of_anything_gives_numbers_in_order(a, b, method):
    found = bootstrap_gap(a, b, draws=100, method=method)
    assert not np.isnan([found.effect, found.se]).any()
    alike = len(set(a)) == len(set(b)) == 1
    assert np.isnan([found.low, found.high, found.p]).all() if alike else found.low <= found.high and 0 < found.p <= 1


def test_the_bootstrap_of_a_ratio_has_the_delta_methods_error():
    rng = np.random.default_rng(5)
    d = rng.poisson(0.5, 6_000).astype(float)
    rows = np.column_stack([d * rng.gamma(2, 10, 6_000), d])
    plain = compare_sums(*(add_up(*part.T) for part in (rows[:3_000], rows[3_000:])), kind="ratio", interval="welch")
    found = redraw(plain, (rows[:3_000], rows[3_000:]), draws=4_000)
    assert found.se == pytest.approx(plain.se, rel=0.05)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.15 * plain.se)


def test_resampling_nobody_who_bought_gives_zeros():
    assert resample_sums(np.zeros((5, 1)), 10, np.random.default_rng(0)).value.tolist() == [0.0] * 10


def test_only_zeros_and_ones_make_a_rate_wherever_the_sums_are_shifted():
    for y, is_rate in (
        ([0, 1, 1, 0], True), ([1, 1, 1, 1], True), ([0, 2, 0, 0], False), ([0.5, 0.5, 1, 0], False),
        ([-1, 1, 1, 1], False), ([0, 1e6, 1e6, 1], False), ([0.5, 1.5, 1, 1], False),
    ):  # fmt: skip
        values = np.array(y, float)
        for shift in (0.0, 1.0, 0.25):
            moved = values - shift
            powers = {(i, 0): float((moved**i).sum()) for i in (1, 2, 3)}
            assert Sums(4, powers, (shift, 0.0), filled=int((values != 0).sum())).is_binary == is_rate
