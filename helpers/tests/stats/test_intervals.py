import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loyalty.stats.estimate import NO_SPREAD, error_of_mean, make_estimate, render_html
from loyalty.stats.intervals import compare_means, find_skewness, interval_of_mean, skew_of_gap, skew_of_mean, wilson

VALUES = st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=20)


def test_wilson_takes_another_width_than_the_normal_distributions():
    rate, n = np.array([0.0, 0.3, 1.0, 0.5]), np.array([9.0, 30.0, 12.0, 0.0])
    usual = wilson(rate, n, 0.9)
    np.testing.assert_array_equal(usual, wilson(rate, n, width=stats.norm.ppf(0.95)))
    widths = stats.t.ppf(0.95, np.array([8, 29, 11, 1]))
    low, high = wilson(rate, n, width=widths)
    # Each end solves |rate − end| = width √(end (1 − end) / n), and is NaN where nobody was counted
    for end in (low[:3], high[:3]):
        assert np.abs(rate[:3] - end) == pytest.approx(widths[:3] * np.sqrt(end * (1 - end) / n[:3]), abs=1e-12)
    assert np.isnan([low[3], high[3]]).all() and low[0] == 0 and high[2] == 1


def test_welch_agrees_with_scipy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(1, 2, 40), rng.normal(0, 1, 90)
    ours, theirs = compare_means(a, b), stats.ttest_ind(a, b, equal_var=False)
    assert ours.p == pytest.approx(theirs.pvalue)
    assert (ours.low, ours.high) == pytest.approx(tuple(theirs.confidence_interval()))


def test_pooled_variance_agrees_with_scipy():
    rng = np.random.default_rng(1)
    a, b = rng.gamma(0.3, 10, 190), rng.gamma(0.3, 10, 10)
    ours, theirs = compare_means(a, b, variance="pooled"), stats.ttest_ind(a, b)
    assert ours.details["pooled"] == 1
    assert ours.p == pytest.approx(theirs.pvalue)


def test_a_small_control_takes_the_larger_of_its_own_and_the_pooled_variance():
    rng = np.random.default_rng(1)
    many, few = rng.gamma(0.3, 10, 190), rng.gamma(0.3, 10, 10)
    larger = []
    for treated, control in ((many, few), (many / 50, few), (5 * many, few)):
        found = compare_means(treated, control)
        n, m = len(treated), len(control)
        pooled = ((n - 1) * treated.var(ddof=1) + (m - 1) * control.var(ddof=1)) / (n + m - 2)
        own = control.var(ddof=1)
        larger.append("own" if own > pooled else "pooled")
        error = np.sqrt(treated.var(ddof=1) / n + max(own, pooled) / m)
        assert (found.se, found.details["df"]) == pytest.approx((error, m - 1))
        half = stats.t.ppf(0.975, m - 1) * error
        assert found.high - found.effect == pytest.approx(half)
    assert set(larger) == {"own", "pooled"}, "each of the two is once the larger one"
    assert compare_means(many, few).details["careful"] == 1
    assert compare_means(many, many[:60]).details["careful"] == 0


@pytest.mark.slow
def test_an_offer_that_narrows_spend_keeps_the_promise_of_a_small_control():
    """One pooled variance holds 86 in 100 here: the many treated, whose spend varies less, make it too small."""
    rng = np.random.default_rng(1301)
    hits = {"careful": 0, "pooled": 0}
    runs = 1_000
    truth = 0.375 * _mean_of_narrowed() - 0.3
    for _ in range(runs):
        control = (rng.random(1_000) < 0.3) * rng.lognormal(-0.5, 1, 1_000)
        amount = rng.lognormal(-0.5, 1, 20_000)
        treated = (rng.random(20_000) < 0.375) * np.where(amount > 2, 2 + 0.3 * (amount - 2), amount)
        for variance in hits:
            found = compare_means(treated, control, variance=variance)
            hits[variance] += found.low <= truth <= found.high
    low, _ = stats.binom.interval(0.999, runs, 0.93)
    assert hits["careful"] >= low > hits["pooled"]


def _mean_of_narrowed() -> float:
    """Mean of an amount, log-normal (-.5, 1), of which what lies above 2 counts three tenths."""
    edge = np.log(2) + 0.5
    above = stats.norm.sf(edge - 1) - 2 * stats.norm.sf(edge)  # E[(a - 2)+], the mean of a being 1
    return 1 - 0.7 * above


def test_a_heavy_tail_warns_with_a_small_control_and_not_with_equal_groups():
    rng = np.random.default_rng(2)
    spend = rng.lognormal(3, 2, 4_000) * (rng.random(4_000) < 0.05)
    assert any("heavy tail" in text for text in compare_means(spend[:3_900], spend[3_900:]).warnings)
    assert compare_means(spend[:2_000], spend[2_000:]).warnings == ()
    assert skew_of_gap(spend[:2_000], spend[2_000:]) == 0


def test_a_pooled_interval_covers_a_small_control_where_welch_does_not():
    # Statistical conventions: 1,900 against 100 with 10 % buyers; Welch .82, pooled .949-.966.
    hits = {"welch": 0, "pooled": 0}
    for seed in range(300):
        rng = np.random.default_rng(seed)
        spend = rng.gamma(2, 20, 2_000) * (rng.random(2_000) < 0.03)
        for variance in hits:
            result = compare_means(spend[:1_900], spend[1_900:], variance=variance)
            hits[variance] += result.low <= 0 <= result.high
    low, high = stats.binom.interval(0.999, 300, 0.95)
    assert low <= hits["pooled"] <= high
    assert hits["welch"] < low


def test_one_customer_in_a_group_is_refused():
    with pytest.raises(ValueError, match="two customers in each group; there are 1 and 3"):
        compare_means([1.0], [1.0, 2.0, 3.0])


@given(VALUES, VALUES)
def test_the_difference_turns_with_the_groups_and_its_interval_holds_it(a, b):
    one, other = compare_means(a, b, variance="welch"), compare_means(b, a, variance="welch")
    assert one.low <= one.effect <= one.high or (one.se == 0 and np.isnan([one.low, one.high, one.p]).all())
    assert one.effect == pytest.approx(-other.effect)
    assert one.se == pytest.approx(other.se)


@pytest.mark.parametrize("treated, control, effect", [(5.0, 5.0, 0), (1.0, 0.0, 1), (0.3, 0.1, 0.2)])
def test_without_spread_in_either_group_there_is_no_interval_and_the_result_says_why(treated, control, effect):
    """1.00 (1.00 to 1.00) with p = 0, unwarned, was what two constants gave."""
    result = compare_means([treated] * 7, [control] * 30)
    assert result.effect == pytest.approx(effect)
    assert np.isnan([result.low, result.high, result.p]).all()
    assert NO_SPREAD in result.warnings
    one_varies = compare_means([treated] * 30, [control - 1, control + 1] * 15)
    assert one_varies.low < one_varies.effect < one_varies.high


def test_equal_values_have_no_skewness():
    assert find_skewness(np.full(5, 0.1)) == 0


def test_the_skewness_of_a_mean_is_that_of_means_drawn_again():
    values = np.random.default_rng(0).gamma(0.5, 2.0, 40)
    assert skew_of_mean(values) == pytest.approx(stats.skew(values) / np.sqrt(40))
    # The third cumulant of 40 draws with replacement, over their variance to the power 3/2
    central = [np.mean((values - values.mean()) ** power) for power in (2, 3)]
    assert skew_of_mean(values) == pytest.approx(40 * central[1] / (40 * central[0]) ** 1.5)


@pytest.mark.parametrize("values", [[], [3.0], [0.1] * 5, [1.0, np.nan, 5.0], [1.0, np.inf]])
def test_where_nothing_varies_or_is_not_known_a_mean_has_no_skewness(values):
    assert skew_of_mean(values) == 0


def test_a_spread_below_the_rounding_of_the_numbers_is_none():
    rounding = [1e-17, 0.0, 0.0, 0.0, -3e-18]
    assert skew_of_mean(rounding) != 0
    assert skew_of_mean(rounding, scale=12.0) == 0


def test_clusters_of_one_give_the_plain_error_but_for_their_number():
    values = np.random.default_rng(3).normal(size=50)
    plain, clustered = error_of_mean(values)[0], error_of_mean(values, np.arange(50))
    assert clustered[0] == pytest.approx(plain * np.sqrt(50 / 49))
    assert clustered[1] == 49
    assert np.isnan(error_of_mean(values, np.zeros(50))[0])


def test_doubling_every_row_does_not_narrow_a_clustered_error():
    values = np.random.default_rng(4).normal(size=50)
    twice, who = np.repeat(values, 2), np.repeat(np.arange(50), 2)
    assert error_of_mean(twice, who)[0] == pytest.approx(error_of_mean(values, np.arange(50))[0])
    assert error_of_mean(twice)[0] == pytest.approx(error_of_mean(values)[0] / np.sqrt(2))


def test_an_estimate_shows_its_numbers_and_its_warnings():
    result = make_estimate(
        2.0, 1.0, n_treated=5, n_control=6, method="a < b", estimand="ATE", base=4.0, warnings=("mind & look",)
    )
    assert result.relative == 0.5
    assert str(result) == "a < b: 2.00 (0.04 to 3.96), average effect on everybody"
    assert result.to_frame().loc[0, ["effect", "n_control", "warnings"]].tolist() == [2.0, 6, "mind & look"]
    page = result._repr_html_()
    assert "a &lt; b" in page and "mind &amp; look" in page
    assert "<ul>" not in render_html(result.to_frame(), "no warnings")
    assert np.isnan(make_estimate(1.0, 0.5, n_treated=2, n_control=2, method="m", estimand="e").relative)
    below = make_estimate(1.0, 0.5, n_treated=2, n_control=2, method="m", estimand="e", base=-2.0)
    assert np.isnan(below.relative)  # a gain on a loss would read as a fall


def test_the_interval_of_a_mean_is_scipys_and_needs_two_values_that_differ():
    for values in ([1.0, 2.0, 4.0], np.random.default_rng(0).normal(size=60)):
        low, high = interval_of_mean(np.mean(values), np.std(values, ddof=1), len(values), level=0.9)
        theirs = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
        assert (float(low), float(high)) == pytest.approx((theirs.low, theirs.high))
    low, high = interval_of_mean([5.0, 5.0, 5.0], [np.nan, 0.0, 0.0], [1, 40, 0])
    assert np.isnan([low, high]).all()
