"""Exercise 32: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from loyalty.evaluate.design.aa_test import count_looks
from loyalty.evaluate.design.assignment import assign_arms
from loyalty.evaluate.design.looks import plan_looks
from loyalty.evaluate.design.power import find_detectable
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t32.scene import END, START, read_chain, reveal_spring


@pytest.fixture(scope="module")
def chain():
    return read_chain()


@pytest.fixture(scope="module")
def eligible(chain):
    people = chain.customers
    return people.query("consent and not staff and last_purchase >= '2024-01-01'")


@pytest.fixture(scope="module")
def spent(chain, eligible):
    """Whole receipts first, then customers, by people who work with receipts and not with lines."""
    baskets = chain.receipts.groupby(["customer_id", "basket_id"]).agg(time=("time", "first"), paid=("sales", "sum"))
    inside = baskets[(baskets.time >= START) & (baskets.time < END)]
    return eligible.customer_id.map(inside.groupby("customer_id").paid.sum()).fillna(0.0)


def by_table(sd, treated, control, alternative="two-sided", power=0.8, alpha=0.05):
    """What a power calculator of another house says."""
    found = TTestIndPower().solve_power(
        nobs1=control, ratio=treated / control, alpha=alpha, power=power, alternative=alternative
    )
    return sd * float(np.squeeze(found))  # a number, or one in an array, as its root finder likes


def said(code, answer):
    """The names of the mistakes that an answer hears of, one or several."""
    result = check(code, answer)
    assert result.status == "wrong"
    return (result.mistake or "").split(" or ")


def draw(people, share, salt="points 2025"):
    """The hash, by its definition: the first 52 bits of SHA-256 of "salt:customer_id", as a fraction."""
    words = {one: hashlib.sha256(f"{salt}:{one}".encode()).hexdigest()[:13] for one in people.customer_id}
    return {one for one, word in words.items() if int(word, 16) / 2**52 < share}


# 32a -----------------------------------------------------------------------------------------------------------------


def test_a_power_calculator_gives_the_right_effect(spent):
    n = len(spent)
    assert check("32a", by_table(spent.std(), 0.95 * n, 0.05 * n)).status == "right"
    assert check("32a", find_detectable(sd=spent.std(), mean=spent.mean(), size=n).effect).mistake == "with_the_spread"


def test_a_standard_deviation_of_buyers_only_is_named(spent):
    n = len(spent)
    assert check("32a", by_table(spent[spent > 0].std(), 0.95 * n, 0.05 * n)).mistake == "buyers_only"


@pytest.mark.parametrize("digits", [0, 1])
def test_a_rounded_answer_is_not_taken_for_the_helpers(spent, digits):
    n = len(spent)
    exact = 2.8016 * spent.std() * np.sqrt(1 / (0.05 * n) + 1 / (0.95 * n))
    assert check("32a", round(exact, digits)).mistake == "too_coarse"


def test_heavy_tails_that_were_cut_off_are_named(spent):
    n, kept = len(spent), spent[spent <= spent.quantile(0.99)]
    assert check("32a", by_table(kept.std(), 0.95 * n, 0.05 * n)).mistake == "heavy_tails_ignored"


def test_a_one_sided_plan_is_named(spent):
    n = len(spent)
    assert check("32a", by_table(spent.std(), 0.95 * n, 0.05 * n, "larger")).mistake == "one_sided"


def test_sizes_of_an_arm_and_of_all_that_are_mixed_up_are_named(spent):
    n, sd = len(spent), spent.std()
    assert check("32a", 2.8016 * sd * np.sqrt(2 / (0.05 * n))).mistake == "both_groups_small"
    assert check("32a", by_table(sd, n, n)).mistake == "total_in_each_group"


def test_a_standard_error_of_the_control_alone_is_named(spent):
    assert check("32a", 2.8016 * spent.std() / np.sqrt(0.05 * len(spent))).mistake == "treated_forgotten"


def test_a_plan_with_those_silent_for_a_year_is_named(chain):
    people = chain.customers.query("consent and not staff")
    inside = chain.receipts[(chain.receipts.time >= START) & (chain.receipts.time < END)]
    values = people.customer_id.map(inside.groupby("customer_id").sales.sum()).fillna(0)
    n = len(values)
    assert check("32a", by_table(values.std(), 0.95 * n, 0.05 * n)).mistake == "without_the_day_filter"


def test_the_spread_of_a_month_for_a_test_of_three_is_named(chain, eligible):
    month = chain.receipts[chain.receipts.time.between("2024-11-06", END, inclusive="left")]
    values = eligible.customer_id.map(month.groupby("customer_id").sales.sum()).fillna(0)
    n = len(values)
    assert check("32a", by_table(values.std(), 0.95 * n, 0.05 * n)).mistake == "a_month_for_three"


def test_a_plan_for_the_whole_list_is_named(chain):
    inside = chain.receipts[(chain.receipts.time >= START) & (chain.receipts.time < END)]
    values = chain.customers.customer_id.map(inside.groupby("customer_id").sales.sum()).fillna(0)
    n = len(values)
    assert check("32a", by_table(values.std(), 0.95 * n, 0.05 * n)).mistake == "not_filtered"


def test_an_effect_that_is_seen_every_second_time_is_named(spent):
    n = len(spent)
    assert check("32a", by_table(spent.std(), 0.95 * n, 0.05 * n, power=0.5)).mistake == "no_power"


# 32b -----------------------------------------------------------------------------------------------------------------


def smallest(values, size, **options):
    """Every whole percent in turn, as a participant does it."""
    for share in range(1, 51):
        if find_detectable(values, size=size, control=share / 100, **options).effect <= 1.80 / 0.28:
            return share / 100
    raise AssertionError("no share sees it")


@pytest.mark.slow
def test_the_share_found_percent_by_percent_is_right(spent):
    assert check("32b", smallest(spent, len(spent))).status == "right"


@pytest.mark.slow
def test_the_share_of_a_calculator_with_one_spread_for_both_groups_is_named(spent):
    n, sd, wanted = len(spent), spent.std(), 1.80 / 0.28
    by_calculator = next(k / 100 for k in range(1, 51) if by_table(sd, (1 - k / 100) * n, k / 100 * n) <= wanted)
    assert "by_the_formula" in said("32b", by_calculator)


@pytest.mark.parametrize(("share", "name"), [(0.5, "equal_size_habit"), (0.1, "always_ten"), (0.05, "house_rule")])
def test_a_share_by_habit_is_named(share, name):
    assert name in said("32b", share)


def test_a_share_found_with_a_history_of_four_weeks_is_asked_for_its_days(chain, eligible):
    month = chain.receipts[chain.receipts.time.between("2024-11-06", END, inclusive="left")]
    values = eligible.customer_id.map(month.groupby("customer_id").sales.sum()).fillna(0)
    found = check("32b", smallest(values, len(values)))
    assert found.status == "wrong" and "84 days" in found._repr_html_()


def test_a_share_planned_without_the_heavy_tail_is_named(spent):
    kept = spent[spent <= spent.quantile(0.99)]
    assert check("32b", smallest(kept, len(spent))).mistake == "heavy_tails_ignored"


def test_a_one_sided_share_is_named(spent):
    assert "one_sided" in said("32b", smallest(spent, len(spent), level=0.9))


def test_a_share_with_the_spread_of_buyers_only_is_named(spent):
    n, sd, wanted = len(spent), spent[spent > 0].std(), 1.80 / 0.28
    share = next(k / 100 for k in range(1, 51) if by_table(sd, (1 - k / 100) * n, k / 100 * n) <= wanted)
    assert check("32b", share).mistake == "buyers_only"


# 32c -----------------------------------------------------------------------------------------------------------------


def share_of_32b():
    return find_task("32b").compute().right


@pytest.mark.slow
def test_a_control_drawn_by_the_definition_of_the_hash_is_right(eligible):
    assert check("32c", draw(eligible, share_of_32b())).status == "right"


def test_new_customers_move_nobody_of_the_right_control(eligible):
    more = pd.concat([eligible, eligible.assign(customer_id=eligible.customer_id + 30_000)])
    assert draw(more, share_of_32b()) & set(eligible.customer_id) == find_task("32c").compute().right


def test_people_without_consent_as_control_are_named(chain):
    people = chain.customers
    assert check("32c", set(people.customer_id[~people.consent])).mistake == "no_consent"
    active = people[~people.staff & (people.last_purchase >= "2024-01-01")]
    assert check("32c", set(active.customer_id[~active.consent])).mistake == "no_consent_active"


def test_a_new_control_for_each_wave_is_named(eligible):
    assert check("32c", draw(eligible, share_of_32b(), "points 2025 letter 3")).mistake == "new_control_each_wave"


def test_a_control_of_equal_size_is_named(eligible):
    assert check("32c", draw(eligible, 0.5)).mistake == "equal_size_habit"


def test_a_control_with_the_share_of_the_formula_is_named(eligible):
    assert check("32c", draw(eligible, share_of_32b() - 0.01)).mistake == "by_the_formula"


def test_a_draw_before_the_filter_is_named(chain):
    assert check("32c", draw(chain.customers, share_of_32b())).mistake == "not_filtered"


def test_quotas_that_new_customers_would_move_are_named(eligible):
    share = share_of_32b()
    drawn = assign_arms(eligible, {"control": share, "points": 1 - share}, salt="points 2025", mode="blocks").contacts
    assert check("32c", drawn.customer_id[drawn.arm == "control"]).mistake == "blocks"


def test_the_treated_in_place_of_the_control_are_named(eligible):
    assert check("32c", set(eligible.customer_id) - draw(eligible, share_of_32b())).mistake == "treated"


# 32d -----------------------------------------------------------------------------------------------------------------


def test_peeking_simulated_with_one_to_thirteen_parts_of_the_data_is_right():
    rng, walk, stopped = np.random.default_rng(32), np.zeros(1_000_000), {}
    seen = np.zeros(1_000_000, bool)
    for look in range(1, 15):
        walk += rng.normal(size=1_000_000)
        seen |= np.abs(walk) > stats.norm.ppf(0.975) * np.sqrt(look)
        stopped[look] = seen.mean()
    assert check("32d", stopped[13]).status == "right"
    assert check("32d", stopped[12]).mistake == "twelve_looks"
    assert check("32d", stopped[14]).mistake == "fourteen_looks"
    assert check("32d", count_looks(13)).status == "right"
    few = check("32d", count_looks(13) + 0.003)
    assert few.mistake is None and "too few tests" in few.message


def test_another_number_of_looks_is_said_and_nothing_else_is_ascribed():
    assert check("32d", 0.2766).message.startswith("About 2")
    assert check("32d", 0.96).mistake is None
    assert check("32d", 21.39).mistake == "hundred_times"


def test_peeking_that_costs_nothing_is_named():
    assert check("32d", 0.05).mistake == "peeking_is_free"


def test_looks_that_are_added_up_or_taken_for_fresh_tests_are_named():
    assert check("32d", 13 * 0.05).mistake == "added_up"
    assert check("32d", 1 - 0.95**13).mistake == "as_if_independent"


# 32e -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def until(chain, eligible):
    """Euros of each eligible customer until the end of each letter's weeks, by a way of its own."""
    ends = [START + pd.Timedelta(days=days) for days in (28, 56, 84)]
    lines = chain.receipts[chain.receipts.time >= START]
    sums = [lines[lines.time < end].groupby("customer_id").sales.sum() for end in ends]
    return np.stack([eligible.customer_id.map(one).fillna(0.0) for one in sums])


def test_the_bound_of_the_last_look_is_found_by_a_normal_integral_too(until):
    """By bisection of scipy's integral, with the published spending of Lan and DeMets."""
    correlation = np.corrcoef(until)
    spent = 4 * stats.norm.sf(stats.norm.isf(0.0125) / np.sqrt([1 / 3, 2 / 3, 1]))
    bounds: list[float] = []
    for look, share in enumerate(spent, start=1):
        law = stats.multivariate_normal(np.zeros(look), correlation[:look, :look], seed=1)
        low, high = 1.5, 5.0
        for _ in range(30):
            limits = np.array([*bounds, (low + high) / 2])
            inside = law.cdf(limits, lower_limit=-limits)
            low, high = (limits[-1], high) if 1 - inside > share else (low, limits[-1])
        bounds.append((low + high) / 2)
    assert check("32e", bounds[-1]).status == "right"
    assert check("32e", round(bounds[-1], 3)).status == "right"


def test_a_bound_of_another_plan_is_named(until):
    correlation = np.corrcoef(until)
    assert said("32e", 1.96) == ["peeking_is_free"]
    assert said("32e", plan_looks(3).bounds[-1]) == ["by_the_tables"]
    assert said("32e", 2.394) == ["bonferroni"]
    assert said("32e", plan_looks(3, correlation=correlation, spending="pocock").bounds[-1]) == ["pocock"]
    assert said("32e", plan_looks(3, correlation=correlation).bounds[1]) == ["middle_look"]
    apart = np.corrcoef(np.diff(until, axis=0, prepend=0.0))
    assert said("32e", plan_looks(3, correlation=apart).bounds[-1]) == ["not_cumulated"]
    buyers = np.corrcoef(until[:, until[-1] > 0])
    assert said("32e", plan_looks(3, correlation=buyers).bounds[-1]) == ["buyers_only"]


def test_a_bound_with_two_decimals_is_ascribed_to_nothing(until):
    result = check("32e", round(plan_looks(3, correlation=np.corrcoef(until)).bounds[-1], 2))
    assert result.status == "wrong" and result.message.startswith("Two decimals")
    assert check("32e", 2.15).mistake is None


# 32f -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("letter", "name"),
    [("A", "always_ten"), ("B", "equal_size_habit"), ("C", "no_consent"), ("E", "new_control_each_wave"),
     ("F", "peeking")],
)  # fmt: skip
def test_a_plan_that_breaks_one_of_the_conditions_is_named(letter, name):
    assert check("32f", letter).mistake == name


def test_the_spring_that_happens_is_the_same_for_everybody_whatever_the_lottery(eligible):
    spring = reveal_spring()
    assert len(spring) == 30_000 and (spring[["with_points", "without"]] >= 0).all(axis=None)
    gain = (spring.with_points - spring.without)[spring.customer_id.isin(eligible.customer_id)]
    assert 1.80 / 0.28 < gain.mean() < 15


# rarer ones -----------------------------------------------------------------------------------------------------------


def test_a_share_that_many_mistakes_lead_to_hears_of_them_all(chain, eligible, spent):
    staff = chain.customers.query("consent and last_purchase >= '2024-01-01'")
    lines = chain.receipts[(chain.receipts.time >= START) & (chain.receipts.time < END)]
    history = staff.customer_id.map(lines.groupby("customer_id").sales.sum()).fillna(0.0)
    assert "staff_inside" in said("32b", smallest(history, len(history)))
    fewer = eligible.customer_id.map(lines.drop_duplicates().groupby("customer_id").sales.sum()).fillna(0.0)
    assert "equal_lines_dropped" in said("32b", smallest(fewer, len(fewer)))
    assert "one_below" in said("32b", share_of_32b() - 0.01)
    assert "cost_for_sales" in said("32b", 0.5)
    assert said("32b", 0.201) == ["not_whole_percent"]


def test_effects_of_another_plan_are_named_with_rounded_hurdles_too(chain, eligible, spent):
    n, sd = len(spent), spent.std()
    error = sd * np.sqrt(1 / (0.05 * n) + 1 / (0.95 * n))
    assert said("32a", round(2.8 * sd / np.sqrt(n), 2)) == ["one_group_of_all"]
    assert said("32a", round((1.64 + 0.84) * error, 2)) == ["one_sided"]
    assert said("32a", round((1.96 + 1.28) * error, 2)) == ["ninety"]
    assert said("32a", round(2.8 * sd * np.sqrt(4 / n), 2)) == ["equal_size_habit"]
    assert said("32a", round(100 * 2.8 * error / spent.mean(), 2)) == ["percent_of_spend"]
    lines = chain.receipts[(chain.receipts.time >= START) & (chain.receipts.time < END)]
    fewer = eligible.customer_id.map(lines.drop_duplicates().groupby("customer_id").sales.sum()).fillna(0.0)
    assert said("32a", round(2.8016 * error * fewer.std() / sd, 2)) == ["equal_lines_dropped"]


def test_another_lottery_is_told_how_many_are_right_by_chance(eligible):
    share = share_of_32b()
    out = int(share * len(eligible))
    shuffled = set(np.random.default_rng(1).permutation(eligible.customer_id)[:out].tolist())
    sampled = set(eligible.sample(frac=share, random_state=1).customer_id)
    for answer in (shuffled, sampled, eligible.customer_id[:out].tolist()):
        assert said("32c", answer) == ["another_draw"]
    assert said("32c", draw(eligible, share, "Points 2025")) == ["salt_1"]
    assert said("32c", draw(eligible, share + 0.01)) == ["one_percent_more"]
    assert said("32c", draw(eligible, share + 0.03)) == ["larger_share"]


def test_sets_of_other_people_than_the_eligible_are_told_so(chain, eligible):
    right = draw(eligible, share_of_32b())
    nobody_writes_to = set(chain.customers.customer_id) - (set(eligible.customer_id) - right)
    assert said("32c", nobody_writes_to) == ["not_eligible_inside"]
    assert said("32c", set(eligible.index)) == ["not_eligible_inside"]  # row numbers
    assert "yours are text" in check("32c", {str(one) for one in right}).message


def test_sums_and_means_that_are_not_scaled_are_named():
    sums = np.random.default_rng(3).normal(size=(200_000, 13)).cumsum(axis=1)
    assert "sum_not_scaled" in said("32d", round(float((np.abs(sums) > 1.96).any(axis=1).mean()), 3))
    means = sums / np.arange(1, 14)
    assert "mean_not_scaled" in said("32d", round(float((np.abs(means) > 1.96).any(axis=1).mean()), 3))
    assert "ninety_nine_percent" in said("32d", round(count_looks(13, level=0.99), 3))
    few = np.random.default_rng(7).normal(size=(10_000, 13)).cumsum(axis=1) / np.sqrt(np.arange(1, 14))
    assert "too few tests" in check("32d", round(float((np.abs(few) > 1.96).any(axis=1).mean()), 3)).message
