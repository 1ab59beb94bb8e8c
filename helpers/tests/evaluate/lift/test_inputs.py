"""Bad tables get a message that names all that is wrong; good ones are not refused."""

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.design.assignment import assign_arms
from loyalty.evaluate.design.holdout import hold_out
from loyalty.evaluate.lift.bootstrap import bootstrap_gap
from loyalty.evaluate.lift.measure import measure_lift, measure_lifts, unmask_redeemers
from loyalty.tables.check import TableError

WAVE = {"campaign_id": "autumn", "wave": 1}


@pytest.fixture
def wave():
    """Ten customers of a wave, with a window before and one during it."""
    contacts = pd.DataFrame(WAVE | {"customer_id": range(10), "arm": ["mail", "control"] * 5})
    main = pd.DataFrame(WAVE | {"customer_id": range(10), "window": "main", "sales": [9.0, 4, 7, 3, 8, 2, 6, 1, 5, 0]})
    return contacts, pd.concat([main, main.assign(window="pre", sales=range(10))], ignore_index=True)


def problems(*tables, **options):
    with pytest.raises(TableError) as caught:
        measure_lift(*tables, **options)
    return caught.value.problems


def test_without_control_rows_the_groups_there_are_named(wave):
    contacts, outcomes = wave
    contacts["arm"] = ["mail", "call"] * 5
    says = "there is nobody in the group `control`; the groups are: call, mail: if it has another name, say control='…'"
    assert problems(contacts, outcomes) == [says]
    assert problems(contacts, outcomes, control="none")[0].startswith("there is nobody in the group `none`")


def test_a_control_that_is_all_universal_says_so(wave):
    contacts, outcomes = wave
    contacts["control_kind"] = ["none", "universal"] * 5
    says = "there is nobody in the group `control`; the groups are: mail; 5 customers of the universal control"
    assert problems(contacts, outcomes) == [f"{says} left out: if it has another name, say control='…'"]


def test_a_wave_without_treated_customers_is_refused(wave):
    contacts, outcomes = wave
    contacts["arm"] = "control"
    assert problems(contacts, outcomes) == ["there is only the group `control`: nobody was treated"]


def test_a_group_of_one_is_refused(wave):
    contacts, outcomes = wave
    contacts["arm"] = ["mail"] + ["control"] * 9
    assert problems(contacts, outcomes) == ["the group `mail` holds one customer: an interval needs two"]


def test_no_row_at_all_is_refused(wave):
    contacts, outcomes = wave
    assert problems(contacts.head(0), outcomes)[0].startswith("there is no row")
    assert problems(pd.DataFrame({"arm": ["a"], "sales": [1.0]}).head(0))[0].startswith("there is no row")
    assert problems(contacts, outcomes.head(0))[0].startswith("there is no row of the window `main`")


def test_missing_outcomes_are_counted_by_group_with_examples(wave):
    contacts, outcomes = wave
    gone = outcomes[~((outcomes["window"] == "main") & outcomes["customer_id"].isin([1, 2, 3]))]
    says = "3 customers have no row of the window `main` (control 2, mail 1), such as 1, 2, 3"
    assert problems(contacts, gone) == [f"{says}: who bought nothing needs a row with 0"]
    gone = outcomes[~((outcomes["window"] == "pre") & (outcomes["customer_id"] == 4))]
    says = "1 customer has no row of the window `pre` (mail 1), such as 4"
    assert problems(contacts, gone, before="sales") == [f"{says}: who bought nothing needs a row with 0"]
    assert measure_lift(contacts, gone).effect == 5


def test_an_empty_outcome_is_not_a_zero(wave):
    contacts, outcomes = wave
    outcomes.loc[2, "sales"] = np.nan
    assert "`sales` is empty in 1 of 10 rows (customer_id 2)" in problems(contacts, outcomes)[0]
    joined = pd.DataFrame({"arm": ["mail", "control"] * 5, "sales": [np.nan] + [1.0] * 9})
    assert "`sales` is empty in 1 of 10 rows" in problems(joined)[0]
    joined["customer_id"] = range(20, 30)
    assert "`sales` is empty in 1 of 10 rows (customer_id 20)" in problems(joined)[0]
    assert "`sales` is empty in 1 of 10 rows" in problems(joined.astype({"sales": "Int64"}))[0]
    joined["past"], joined["sales"] = joined["sales"], 1.0
    assert "`past` is empty in 1 of 10 rows" in problems(joined, before="past")[0]


def test_an_infinite_outcome_is_refused(wave):
    contacts, outcomes = wave
    outcomes.loc[2, "sales"] = np.inf
    assert "`sales` is infinite in 1 of 10 rows" in problems(contacts, outcomes)[0]
    joined = pd.DataFrame({"arm": ["mail", "control"] * 5, "sales": [-np.inf] + [1.0] * 9})
    assert "`sales` is infinite in 1 of 10 rows" in problems(joined)[0]


def test_numbers_too_large_to_square_are_refused():
    joined = pd.DataFrame({"arm": ["mail", "control"] * 5, "sales": [1e200, 1.0] * 5})
    assert problems(joined) == ["a number is too large to be squared and added up: is the unit right?"]


def test_a_customer_in_two_groups_is_named(wave):
    contacts, outcomes = wave
    twice = pd.concat([contacts, contacts[contacts["customer_id"] == 3].assign(arm="mail")])
    says = "1 customer stands in two groups, such as 3 (control and mail): keep the group that was drawn"
    assert problems(twice, outcomes) == [says]
    joined = twice.merge(outcomes.query("window == 'main'")[["customer_id", "sales"]])
    assert problems(joined[["customer_id", "arm", "sales"]]) == [says]


def test_a_repeated_row_is_refused(wave):
    contacts, outcomes = wave
    twice = problems(pd.concat([contacts, contacts.head(1)]), outcomes)
    assert "1 value comes more than once, such as 'autumn' / 1 / 0" in twice[0]
    assert "more than once" in problems(contacts, pd.concat([outcomes, outcomes.head(1)]))[0]


def test_an_unknown_outcome_meets_its_nearest_name(wave):
    assert problems(*wave, outcome="sale") == ["there is no column `sale`: rename `sales`?"]
    assert problems(*wave, per="order")[0].startswith("there is no column `order`")
    assert problems(*wave, before="past")[0].startswith("there is no column `past`")
    assert problems(*wave, by="segmnt")[0].startswith("there is no column `segmnt`")


def test_amounts_with_a_currency_sign_are_shown(wave):
    contacts, outcomes = wave
    outcomes["sales"] = "€ " + outcomes["sales"].astype(str)
    assert problems(contacts, outcomes)[0].startswith("`sales` holds text such as '€ 0.0', '€ 1.0'")
    assert "which is no number" in problems(contacts, outcomes)[0]


def test_several_problems_come_at_once(wave):
    contacts, outcomes = wave
    contacts["arm"], contacts["propensity"] = ["mail", "call"] * 5, 0.7
    found = problems(contacts, outcomes)
    assert len(found) == 2
    assert found[1].startswith("the propensities do not sum to one: call 0.7 + mail 0.7 = 1.4")


def test_an_unknown_window_meets_those_there_are(wave):
    assert problems(*wave, window="post") == ["there is no row of the window `post`; the windows are: main, pre"]


def test_two_waves_are_not_one(wave):
    contacts, outcomes = wave
    two = pd.concat([contacts, contacts.assign(wave=2)])
    mend = 'take one, for example contacts[contacts["wave"] == 1]'
    assert problems(two, outcomes) == [f"there are 2 waves (autumn / 1, autumn / 2): {mend}"]
    assert measure_lift(contacts, pd.concat([outcomes, outcomes.assign(wave=2, sales=99.0)])).effect == 5


def test_outcomes_of_another_wave_are_none_of_this_one(wave):
    contacts, outcomes = wave
    says = "there is no row of the wave autumn / 1; the waves are: autumn / 2"
    assert problems(contacts, outcomes.assign(wave=2)) == [says]


def test_ids_as_text_on_one_side_are_named(wave):
    contacts, outcomes = wave
    outcomes["customer_id"] = outcomes["customer_id"].astype(str)
    assert problems(contacts, outcomes) == [
        "no customer of the contacts stands in the outcomes; `customer_id` is 0, 1, 2 in the contacts and '0', '1', "
        "'2' in the outcomes: text in one table, a whole number in the other: make them alike with .astype('str')"
    ]


def test_something_that_is_no_table_is_named(wave):
    contacts, outcomes = wave
    with pytest.raises(TableError, match="outcomes: 1 problem"):
        measure_lift(contacts, 7)
    with pytest.raises(TableError, match="contacts: 1 problem"):
        measure_lift("nowhere.parquet", outcomes)


def test_propensities_must_sum_to_one_within_each_stratum(wave):
    contacts, outcomes = wave
    contacts["propensity"] = np.where(contacts["arm"] == "mail", 0.6, 0.5)
    says = "the propensities do not sum to one: control 0.5 + mail 0.6 = 1.1: each is the chance of its group"
    assert problems(contacts, outcomes) == [says]
    contacts["propensity"] = np.where(contacts["arm"] == "mail", 0.5, 0.45)
    assert problems(contacts, outcomes)[0].endswith("= 0.95: is a group missing, or the universal control?")
    contacts["stratum"] = ["a"] * 4 + ["b"] * 6
    contacts["propensity"] = [0.5] * 4 + [0.5, 0.3] * 3
    assert "in the stratum b: control 0.3 + mail 0.5 = 0.8" in problems(contacts, outcomes)[0]


def test_sound_propensities_pass_rounded_or_with_the_universal_draw_or_one_for_each_customer(wave):
    contacts, outcomes = wave
    plain = measure_lift(contacts, outcomes)
    contacts["propensity"] = np.where(contacts["arm"] == "mail", 0.333, 0.667)
    assert measure_lift(contacts, outcomes).effect == plain.effect
    contacts["propensity"] = np.where(contacts["arm"] == "mail", 0.57, 0.38)
    universal = contacts.head(2).assign(customer_id=[50, 51], arm="control", control_kind="universal", propensity=0.05)
    both = pd.concat([contacts.assign(control_kind="none"), universal])
    assert measure_lift(both, outcomes).effect == plain.effect
    contacts["propensity"] = np.linspace(0.3, 0.7, 10)
    assert "weighted by 1 / propensity" in measure_lift(contacts, outcomes).method


def test_a_propensity_of_zero_or_an_empty_one_is_refused(wave):
    contacts, outcomes = wave
    contacts["propensity"] = [0.5] * 9 + [np.nan]
    assert problems(contacts, outcomes)[0].startswith("`propensity` is empty in 1 of 10 rows")
    contacts["propensity"] = [0.5] * 9 + [0.0]
    assert problems(contacts, outcomes)[0].startswith("`propensity` is 0 for customers who are in the group")


def test_what_cannot_be_weighted_is_refused_plainly(wave):
    contacts, outcomes = wave
    contacts["propensity"], outcomes["orders"] = np.linspace(0.3, 0.7, 10), 1
    for options in ({"before": "sales"}, {"interval": "bootstrap"}, {"per": "orders"}):
        assert "only plain means can be weighted" in problems(contacts, outcomes, **options)[0]


def test_a_ratio_over_nothing_is_refused(wave):
    contacts, outcomes = wave
    outcomes["orders"] = 0
    assert problems(contacts, outcomes, per="orders") == ["no ratio for mail: `orders` adds up to 0 or less"]


def test_options_that_do_not_go_together_are_refused(wave):
    for options, says in (
        ({"interval": "exact"}, "interval should be one of auto"),
        ({"per": "orders", "before": "sales"}, "a ratio cannot be adjusted"),
        ({"before": "sales", "interval": "bootstrap"}, "the adjustment has its own interval"),
        ({"per": "sales"}, "`sales` per `sales` is always 1"),
        ({"slope": 0.5}, "a slope needs `before`"),
    ):
        with pytest.raises(ValueError, match=says):
            measure_lift(*wave, **options)
    with pytest.raises(ValueError, match="method should be one of t, percentile"):
        bootstrap_gap([1, 2], [1, 2], method="bca")
    with pytest.raises(ValueError, match="two customers in each group"):
        bootstrap_gap([1], [1, 2])


def test_the_past_may_not_be_the_outcome_itself_or_repeat_itself(wave):
    joined = pd.DataFrame({"arm": ["mail", "control"] * 5, "sales": range(10), "past": range(1, 11)})
    assert problems(joined, before="sales") == ["`sales` is the outcome itself; name the column of before"]
    joined["past"] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3]
    joined["again"] = 2 * joined["past"]
    assert problems(joined, before=["past", "again"]) == ["the columns of before repeat each other: leave one out"]
    assert problems(joined, before=["past"], slope=[1, 2]) == ["there are 2 slopes for 1 columns of before"]


def test_true_and_false_count_as_one_and_zero():
    joined = pd.DataFrame({"arm": ["mail", "control"] * 50, "bought": [True, False, True, True] * 25})
    assert measure_lift(joined, outcome="bought").method == "difference of rates (Newcombe)"


def test_sales_that_are_zero_for_all_are_no_rate_and_have_no_interval_but_the_reason(wave):
    contacts, outcomes = wave
    found = measure_lift(contacts, outcomes.assign(sales=0.0))
    assert found.effect == 0 and np.isnan([found.low, found.high, found.p]).all()
    assert found.warnings and np.isnan(found.relative) and np.isnan(found.details["relative_low"])
    assert any(text.startswith("no interval") for text in found.warnings)
    assert "cannot be told whether" in found.sentence() and "nan" not in found.sentence()
    many = measure_lifts(contacts, outcomes.assign(sales=0.0, orders=1), metrics=["sales"])
    assert len(many) == 1


def test_redeemers_without_a_redeemer_are_refused():
    table = pd.DataFrame({"arm": ["mail", "control"] * 5, "redeemed": 0, "sales": 1.0})
    with pytest.raises(TableError, match="`redeemed` is above zero for 0 customers"):
        unmask_redeemers(table)
    with pytest.raises(TableError, match="`redeemed` is empty in 1 of 10 rows"):
        unmask_redeemers(table.assign(redeemed=[1, 1, None] + [0] * 7))


def test_the_universal_control_of_our_own_draw_is_left_out_and_its_propensities_pass():
    customers = pd.DataFrame({"customer_id": range(600)})
    held = hold_out(customers, 0.1, "programme", ("2017-01-01", "2018-01-01"))
    drawn = assign_arms(customers, {"control": 0.2, "mail": 0.8}, salt="spring", universal=held).contacts
    drawn["sales"] = np.arange(600.0) % 7
    kept = drawn[drawn["control_kind"] != "universal"]
    assert len(kept) < len(drawn)
    assert measure_lift(drawn).effect == measure_lift(kept.drop(columns="propensity")).effect


@pytest.mark.parametrize("level", [95, 0, 1])
def test_a_level_that_is_no_fraction_is_refused(level):
    table = pd.DataFrame({"arm": ["mail", "control"] * 10, "sales": range(20)})
    with pytest.raises(ValueError, match="level should lie between 0 and 1"):
        measure_lift(table, level=level)


@pytest.mark.parametrize("method", ["t", "percentile"])
def test_the_bootstrap_of_equal_values_has_no_interval(method):
    found = bootstrap_gap([1.0] * 5, [0.0] * 5, method=method)
    assert found.effect == 1 and np.isnan([found.low, found.high, found.p]).all()
    assert any(text.startswith("no interval") for text in found.warnings)


def make_bought(bought, n=1_000):
    return pd.DataFrame({"arm": ["mail", "control"] * n, "bought": bought, "responded": 0, "sales": 0})


@pytest.mark.parametrize(
    "table, options",
    [
        (make_bought(False), {"outcome": "bought"}),
        (make_bought(0), {"outcome": "bought", "kind": "rate"}),
        (make_bought(1), {"outcome": "bought"}),
        (make_bought(True), {"outcome": "bought"}),
        (make_bought(0), {"outcome": "responded"}),
    ],
    ids=["true and false", "said so", "ones", "only true", "by contract"],
)
def test_a_rate_is_a_rate_also_when_nobody_or_everybody_did_it(table, options):
    """Newcombe's interval for 0 of 1,000 against 0 of 1,000 is 0.0038 wide on either side."""
    found = measure_lift(table, **options)
    assert found.method == "difference of rates (Newcombe)"
    assert (found.effect, found.p) == (0, 1)
    assert (found.low, found.high) == pytest.approx((-0.003827, 0.003827), abs=1e-6)


def test_what_is_a_rate_is_said_by_contract_type_or_kind_and_not_by_zeros():
    nobody = measure_lift(make_bought(0), outcome="bought")
    assert np.isnan(nobody.low) and any("say kind='rate'" in text for text in nobody.warnings)
    sales = measure_lift(make_bought(0), outcome="sales")
    assert np.isnan(sales.low) and not any("kind='rate'" in text for text in sales.warnings)
    odd = pd.DataFrame({"arm": ["mail", "control"] * 50, "sales": [1, 0, 1, 1] * 25})
    assert measure_lift(odd).method.startswith("difference of means")
    assert measure_lift(odd, kind="rate").method == "difference of rates (Newcombe)"
    assert measure_lift(odd.rename(columns={"sales": "hit"}), outcome="hit", kind="mean").method.startswith(
        "difference of means"
    )
    many = measure_lifts(make_bought(0), metrics=["bought", "sales"], kinds={"bought": "rate"})
    assert [lift.is_rate for lift in many] == [True, False]
    with pytest.raises(TableError, match="`sales` is no rate: it holds other values than 0 and 1"):
        measure_lift(odd.assign(sales=2 * odd["sales"]), kind="rate")
    with pytest.raises(ValueError, match="kind should be one of auto, rate, mean; found 'share'"):
        measure_lift(odd, kind="share")


def test_arms_of_which_one_has_no_interval_are_corrected_for_the_others():
    table = pd.DataFrame({"arm": ["a", "b", "control"] * 40, "sales": 5.0})
    table.loc[table["arm"] == "a", "sales"] = np.arange(40.0)
    shown = measure_lift(table).to_frame().set_index("arm")
    assert shown["p_adjusted"].isna().tolist() == [False, True]


@pytest.mark.parametrize("options", [{}, {"slope": 1.0}], ids=["fitted", "known"])
def test_a_past_that_is_a_copy_of_the_outcome_is_refused(options):
    """Its adjustment left rounding alone, and p = 5e-29."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"arm": ["mail", "control"] * 200, "sales": rng.gamma(2, 10, 400)})
    table["copy"] = 3 * table["sales"] + 1
    says = "the column of before follows the outcome without any error (correlation 1 within the groups)"
    assert says in problems(table, before="copy", **options)[0]
    table["copy"] += rng.normal(size=400)
    assert measure_lift(table, before="copy", **options).se > 0


def test_a_sentence_leaves_the_capitals_of_a_segment_alone():
    table = pd.DataFrame({"arm": ["mail", "control"] * 50, "sales": [9.0, 1.0, 8.0, 2.0] * 25, "segment": "VIP Bonn"})
    assert next(iter(measure_lift(table, by="segment"))).sentence().startswith("In `VIP Bonn` `mail` raised")
