import inspect

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from statsmodels.treatment.treatment_effects import TreatmentEffect

from loyalty.evaluate import observational
from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.conclusion import say_what_is_allowed
from loyalty.evaluate.observational.matching import match_customers
from loyalty.evaluate.observational.naive import compare_naively
from loyalty.evaluate.observational.placebo import compare_all
from loyalty.evaluate.observational.propensity import check_overlap, draw_overlap, fit_propensity
from loyalty.evaluate.observational.regression import adjust_by_regression
from loyalty.evaluate.observational.stratification import compare_strata
from loyalty.evaluate.observational.weighting import weight_by_propensity
from loyalty.tables.check import TableError
from loyalty.tables.sample import read_sample

BIRTHS = {"treated": "mbsmoke_", "outcome": "bweight"}
CHOICE = ["mmarried_", "mage", "mage2", "fbaby_", "medu"]
WEIGHT = ["prenatal1_", "mmarried_", "mage", "fbaby_"]
SALES = {"treated": "invited", "outcome": "sales"}
TRAITS = ["visits", "distance", "card"]
ALL = [adjust_by_regression, weight_by_propensity, adjust_doubly, match_customers]


# --- Published values ------------------------------------------------------------------------------


def test_the_nsw_experiment_gives_the_published_difference(drawn):
    result = compare_naively(drawn, treated="treated", outcome="re78")
    assert (round(result.effect, 2), round(result.se, 1)) == (1794.34, 671.0)
    assert (result.n_treated, result.n_control) == (185, 260)


def test_the_survey_in_place_of_the_control_turns_the_sign(undrawn):
    result = compare_naively(undrawn, treated="treated", outcome="re78")
    assert round(result.effect, 2) == -8497.52
    assert (result.n_treated, result.n_control) == (185, 15_992)


def test_the_naive_difference_of_cattaneo_is_the_published_one(cattaneo):
    assert compare_naively(cattaneo, **BIRTHS).effect == pytest.approx(-275.252, abs=5e-4)


@pytest.mark.parametrize(
    ("name", "function", "options"),
    [
        ("ra", adjust_by_regression, {"covariates": WEIGHT}),
        ("ipw", weight_by_propensity, {"covariates": CHOICE, "link": "probit"}),
        ("aipw", adjust_doubly, {"covariates": WEIGHT, "propensity_covariates": CHOICE, "link": "probit"}),
        (
            "aipw_wls",
            adjust_doubly,
            {"covariates": WEIGHT, "propensity_covariates": CHOICE, "link": "probit", "fit": "wls"},
        ),
    ],
)
def test_effect_and_standard_error_are_statas(cattaneo, teffects, name, function, options):
    table = getattr(teffects, f"results_{name}").table
    result = function(cattaneo, **BIRTHS, **options)
    assert result.effect == pytest.approx(table[0, 0], rel=1e-6)
    assert result.se == pytest.approx(table[0, 1], rel=2e-4)
    assert result.base == pytest.approx(table[1, 0], rel=1e-6)
    assert result.estimand == "ATE, everybody"


@pytest.mark.parametrize(
    ("name", "function", "options"),
    [
        ("ra", adjust_by_regression, {"covariates": WEIGHT}),
        ("ipw", weight_by_propensity, {"covariates": CHOICE, "link": "probit"}),
    ],
)
def test_the_effect_on_the_treated_is_statas(cattaneo, teffects, name, function, options):
    table = getattr(teffects, f"results_{name}").table_t
    result = function(cattaneo, target="att", **BIRTHS, **options)
    assert result.effect == pytest.approx(table[0, 0], rel=1e-6)
    assert result.se == pytest.approx(table[0, 1], rel=2e-4)
    assert result.estimand == "ATT, those who were treated"


def test_a_logit_agrees_with_statsmodels_treatment_effects(draw_campaign):
    table = draw_campaign(7, n=800)
    design = sm.add_constant(table[TRAITS])
    choice = sm.Logit(table["invited"].astype(float), design).fit(disp=False)
    referee = TreatmentEffect(sm.OLS(table["sales"], design), table["invited"].to_numpy(int), results_select=choice)
    for ours, theirs in (
        (weight_by_propensity(table, covariates=TRAITS, **SALES), referee.ipw()),
        (adjust_doubly(table, covariates=TRAITS, **SALES), referee.aipw()),
        (weight_by_propensity(table, covariates=TRAITS, target="att", **SALES), referee.ipw(effect_group=1)),
    ):
        assert ours.effect == pytest.approx(theirs.effect[0], rel=1e-5)
        # GMM divides by n and refines by numerical derivatives.
        assert ours.se == pytest.approx(theirs.results_gmm.bse[0], rel=2e-3)


def test_regression_on_everybody_is_lins_with_interactions(draw_campaign):
    table = draw_campaign(3)
    centred = table[TRAITS] - table[TRAITS].mean()
    t = table["invited"].astype(float)
    design = np.column_stack([np.ones(len(t)), t, centred, centred.mul(t, axis=0)])
    fit = sm.OLS(table["sales"], design).fit(cov_type="HC0")
    result = adjust_by_regression(table, covariates=TRAITS, **SALES)
    assert result.effect == pytest.approx(fit.params.iloc[1])
    # HC0 takes the averages of the covariates as fixed; the population effect adds their doubt.
    assert fit.bse.iloc[1] < result.se < 1.1 * fit.bse.iloc[1]


# --- Known truth -----------------------------------------------------------------------------------

TRUTH = {"ate": 1.0, "att": 1.150, "overlap": 1.032}  # averages of 1 + visits / 2 over 2,000,000 drawn customers
ROUNDS = 150
CASES = [
    *[(function, {"covariates": TRAITS, "target": t}) for function in ALL for t in ("ate", "att")],
    (weight_by_propensity, {"covariates": TRAITS, "target": "overlap"}),
    (adjust_doubly, {"covariates": TRAITS, "target": "att", "fit": "wls"}),
    (adjust_doubly, {"covariates": TRAITS, "target": "ate", "folds": 3}),
]


@pytest.mark.parametrize("most", [25, pytest.param(ROUNDS, marks=pytest.mark.slow)])
@pytest.mark.parametrize(("function", "options"), CASES)
def test_on_known_truth_the_estimate_is_unbiased_and_its_interval_covers(draw_campaign, function, options, most):
    truth, rounds = TRUTH[options["target"]], min(most, 50) if "folds" in options else most
    results = [function(draw_campaign(seed), **SALES, **options) for seed in range(rounds)]
    effects = np.array([r.effect for r in results])
    assert abs(effects.mean() - truth) < 4 * effects.std() / np.sqrt(rounds)
    low, high = stats.binom.interval(0.999, rounds, 0.95)
    assert low <= sum(r.low <= truth <= r.high for r in results) <= high


def test_the_naive_comparison_is_wrong_there_and_surer_with_more_customers(draw_campaign):
    for n, most in ((500, 30), (4_000, 0)):
        results = [compare_naively(draw_campaign(seed, n=n), **SALES) for seed in range(50)]
        assert sum(r.low <= 1 <= r.high for r in results) <= most


@pytest.mark.slow
def test_strata_cover_when_cells_hold_all_that_matters():
    hits = {"att": 0, "ate": 0}
    for seed in range(ROUNDS):
        rng = np.random.default_rng(seed)
        shop, card = rng.integers(0, 4, 400), rng.integers(0, 2, 400)
        invited = rng.random(400) < 0.2 + 0.15 * shop
        sales = shop + 2 * card + invited * (1 + shop) + rng.normal(size=400)
        table = pd.DataFrame({"shop": shop, "card": card, "invited": invited, "sales": sales})
        for target, truth in (("ate", 2.5), ("att", np.average(np.arange(1, 5), weights=0.2 + 0.15 * np.arange(4)))):
            result = compare_strata(table, by=["shop", "card"], target=target, **SALES)
            hits[target] += result.low <= truth <= result.high
    low, high = stats.binom.interval(0.999, ROUNDS, 0.95)
    assert all(low <= count <= high for count in hits.values())


@pytest.mark.parametrize("function", [compare_naively, compare_strata, *ALL[:3]])
def test_customers_who_repeat_need_clustered_errors(draw_campaign, function):
    options = {"by": "card"} if function is compare_strata else {"covariates": TRAITS}
    options = {} if function is compare_naively else options
    once = draw_campaign(1)
    often = pd.concat([once] * 3)
    single, blind = function(once, **SALES, **options), function(often, **SALES, **options)
    clustered = function(often, cluster="customer_id", **SALES, **options)
    assert any("customers repeat (1,500 rows, 500 customers)" in text for text in blind.warnings)
    assert blind.se == pytest.approx(single.se / np.sqrt(3), rel=0.01)
    assert clustered.se == pytest.approx(single.se, rel=0.01)
    assert not any("repeat" in text for text in clustered.warnings)


def test_clusters_that_were_chosen_whole_are_covered_and_lines_are_not():
    hits = {None: 0, "store": 0}
    for seed in range(ROUNDS):
        rng = np.random.default_rng(seed)
        store = np.repeat(np.arange(60), 8)
        invited = (rng.permutation(60) < 30)[store]
        sales = rng.normal(size=60)[store] + rng.normal(size=480) + invited
        table = pd.DataFrame({"store": store, "invited": invited, "sales": sales})
        for cluster in hits:
            result = compare_naively(table, cluster=cluster, **SALES)
            hits[cluster] += result.low <= 1 <= result.high
    low, high = stats.binom.interval(0.999, ROUNDS, 0.95)
    assert low <= hits["store"] <= high
    assert hits[None] < low


def test_a_clustered_difference_agrees_with_statsmodels():
    rng = np.random.default_rng(5)
    store = np.repeat(np.arange(40), 5)
    table = pd.DataFrame(
        {"store": store, "invited": store % 2 == 0, "sales": rng.normal(size=200) + rng.normal(size=40)[store]}
    )
    fit = sm.OLS(table["sales"], sm.add_constant(table["invited"].astype(float))).fit(
        cov_type="cluster", cov_kwds={"groups": store}
    )
    # statsmodels enlarges by (n - 1) / (n - 2) as well.
    ours = compare_naively(table, cluster="store", **SALES).se
    assert ours == pytest.approx(fit.bse.iloc[1] / np.sqrt(199 / 198))


def test_flexible_models_need_folds_and_then_work(draw_campaign):
    table = draw_campaign(2, n=1_500)
    models = {
        "outcome_model": RandomForestRegressor(30, min_samples_leaf=10, random_state=0),
        "propensity_model": RandomForestClassifier(30, min_samples_leaf=25, random_state=0),
    }
    with pytest.raises(ValueError, match="need folds=2 or more"):
        adjust_doubly(table, covariates=TRAITS, **models, **SALES)
    result = adjust_doubly(table, covariates=TRAITS, folds=3, **models, **SALES)
    assert result.low < 1 < result.high
    assert compare_naively(table, **SALES).low > 1
    assert result.method == "doubly robust, 3 folds"


def test_one_of_two_wrong_models_is_forgiven_both_are_not(draw_campaign):
    table = draw_campaign(0, n=20_000, slope=0)
    right, wrong = TRAITS, ["distance"]
    for outcome, choice in ((right, wrong), (wrong, right)):
        result = adjust_doubly(table, covariates=outcome, propensity_covariates=choice, **SALES)
        assert abs(result.effect - 1) < 0.1
    assert adjust_doubly(table, covariates=wrong, propensity_covariates=wrong, **SALES).effect > 1.3


# --- Overlap and warnings --------------------------------------------------------------------------


def test_no_overlap_is_said_and_nothing_crashes():
    table = pd.DataFrame({"visits": np.r_[np.arange(30), np.arange(100, 130)], "invited": np.repeat([0, 1], 30)})
    table["sales"] = table["visits"] + np.random.default_rng(0).normal(size=60)
    assert check_overlap(table, treated="invited", covariates="visits").warnings[0].startswith("no overlap")
    for function in ALL:
        assert any(
            "no overlap" in text for text in function(table, covariates="visits", target="att", **SALES).warnings
        )


@pytest.mark.parametrize("first", ["a", "z"])
def test_a_class_that_was_all_invited_leaves_the_chances_of_the_others_and_the_estimate_exact(first):
    # A logit never arrives there, and a column that is empty in one group makes a direction out of rounding: both gave
    # numbers that depended on the machine
    drawn = np.random.default_rng(3)
    group = drawn.choice([first, "m", "n"], 5_000, p=[0.1, 0.5, 0.4])
    chance = pd.Series(group).map({first: 1.0, "m": 0.05, "n": 0.4}).to_numpy()
    table = pd.DataFrame({"group": group, "invited": drawn.random(5_000) < chance})
    table["sales"] = drawn.normal(10, 3, 5_000) + 4 * (table["group"] == "n") + 2 * table["invited"]
    shares = table.groupby("group")["invited"].mean()
    sample = read_sample(table, covariates=["group"], **SALES)
    assert fit_propensity(sample).score == pytest.approx(table["group"].map(shares).to_numpy(), abs=1e-8)
    plain = adjust_by_regression(table, covariates=["group"], target="att", **SALES)
    doubly = adjust_doubly(table, covariates=["group"], target="att", **SALES)
    assert (doubly.effect, doubly.low, doubly.high) == pytest.approx((plain.effect, plain.low, plain.high), rel=1e-6)


def test_treated_beyond_the_reach_of_all_controls_are_counted():
    visits = np.r_[np.linspace(0, 1, 100), np.linspace(0, 1.25, 100)]
    table = pd.DataFrame({"visits": visits, "invited": np.repeat([False, True], 100)})
    result = check_overlap(table, treated="invited", covariates="visits")
    assert result.outside == pytest.approx(0.20, abs=0.011)
    assert any("of treated customers have a propensity that nobody" in text for text in result.warnings)
    assert check_overlap(table, treated="invited", covariates="visits", target="ate").outside < result.outside


def test_extreme_weights_warn_and_overlap_weights_do_not(undrawn):
    everybody = weight_by_propensity(undrawn, treated="treated", outcome="re78", covariates=["age", "black", "re74"])
    assert everybody.details["ess_treated"] < 50
    assert any("effective sample size under 50" in text for text in everybody.warnings)
    both = weight_by_propensity(
        undrawn, treated="treated", outcome="re78", covariates=["age", "re74"], target="overlap"
    )
    assert not any("effective" in text or "extreme" in text for text in both.warnings)
    # Overlap weights from a logit balance the means exactly (Li, Morgan and Zaslavsky, theorem 3).
    assert both.details["worst_difference"] < 1e-6


def test_one_customer_with_most_of_the_weight_is_named():
    rng = np.random.default_rng(0)
    visits = np.r_[rng.normal(size=60), rng.normal(4, 0.5, size=60), -1.0]
    table = pd.DataFrame({"visits": visits, "invited": np.r_[np.zeros(60), np.ones(61)]})
    result = check_overlap(table, treated="invited", covariates="visits", target="ate")
    assert any("one customer carries" in text for text in result.warnings)


def test_imbalance_left_by_weights_is_named(undrawn):
    table = undrawn.assign(age2=undrawn["age"] ** 2)
    result = check_overlap(table, treated="treated", covariates=["black", "re74", "age"])
    assert result.balance.set_index("covariate").loc["black", "before"] > 2
    assert result.worst_difference < 0.2
    assert "covariate" in result.balance and "outside" in result.to_frame() and "Overlap" in result._repr_html_()


def test_few_customers_for_many_covariates_warn(draw_campaign):
    table = draw_campaign(0, n=50)
    assert any(
        "fewer than ten each" in text for text in adjust_by_regression(table, covariates=TRAITS, **SALES).warnings
    )


def test_a_single_whale_is_said_to_carry_the_estimate(draw_campaign):
    table = draw_campaign(0)
    table.loc[table.index[table["invited"]][0], "sales"] = 10_000.0
    assert any("heavy tail" in text for text in weight_by_propensity(table, covariates=TRAITS, **SALES).warnings)


def test_cells_without_a_counterpart_are_left_out_and_said():
    table = pd.DataFrame({"shop": [1, 1, 1, 1, 2, 2], "invited": [1, 1, 0, 0, 1, 0], "sales": [3.0, 5, 1, 1, 9, 2]})
    table.loc[5, "shop"] = 3
    result = compare_strata(table, by="shop", **SALES)
    assert result.effect == 3.0
    assert result.details["left_out"] == pytest.approx(1 / 3)
    assert result.estimand.endswith("and can be compared")
    assert any("left out" in text for text in result.warnings)
    with pytest.raises(TableError, match="nothing to compare"):
        compare_strata(table.assign(shop=table["invited"]), by="shop", **SALES)


def test_coarse_strata_say_that_they_are_still_unbalanced_and_lone_customers_too():
    rng = np.random.default_rng(0)
    visits = rng.normal(size=300)
    table = pd.DataFrame({"visits": visits, "invited": visits + rng.normal(size=300) > 0, "sales": visits**3})
    assert any("cut finer" in text for text in compare_strata(table, by="visits", bins=2, **SALES).warnings)
    assert any(
        "alone of their group" in text for text in compare_strata(table, by="visits", bins=100, **SALES).warnings
    )


def test_few_clusters_warn():
    table = pd.DataFrame({"store": np.arange(40) % 8, "invited": np.arange(40) % 2 == 0, "sales": np.arange(40.0)})
    assert any("only 8 clusters" in text for text in compare_naively(table, cluster="store", **SALES).warnings)


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_the_overlap_is_drawn_with_both_groups_and_a_title_that_says_what_is_seen(shift):
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"visits": np.r_[rng.normal(size=300), rng.normal(shift, 1, 300)], "invited": np.repeat([0, 1], 300)}
    )
    ax = draw_overlap(table, treated="invited", covariates="visits", target="ate", source="a test")
    assert {text.get_text() for text in ax.texts} >= {"treated (300)", "control (300)"}
    assert (ax.get_title(loc="left") == "The groups overlap") == (shift == 0)


# --- Wrong tables ----------------------------------------------------------------------------------


def test_all_problems_are_listed_at_once():
    table = pd.DataFrame(
        {
            "invited": [1, 0, None, 2],
            "sales": ["a", "b", "c", "d"],
            "visits": [np.nan, 1, np.inf, 2],
            "joined_on": pd.to_datetime(["2025-01-01"] * 4),
        }
    )
    with pytest.raises(TableError) as caught:
        adjust_doubly(table, covariates=["visits", "joined_on", "sales"], **SALES)
    text = "\n".join(caught.value.problems)
    for part in (
        "`sales` is the outcome and stands among the covariates",
        "`invited` is empty in 1 of 4 rows",
        "`visits` is empty in 1 of 4 rows",
        "`visits` is infinite in 1 rows",
        "`joined_on` holds dates",
        "`invited` should be True/False or 1/0; 1 rows hold something else",
    ):
        assert part in text


@pytest.mark.parametrize("function", ALL)
def test_matching_or_adjusting_on_the_outcome_is_refused_by_name(draw_campaign, function):
    with pytest.raises(TableError, match="`sales` is the outcome and stands among the covariates"):
        function(draw_campaign(0), covariates=["visits", "sales"], **SALES)


@pytest.mark.parametrize("treated", [[0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 0]])
@pytest.mark.parametrize("function", [compare_naively, *ALL])
def test_a_group_of_none_or_one_is_one_plain_error(function, treated):
    table = pd.DataFrame({"invited": treated, "sales": [1.0, 2, 3, 4], "visits": [1.0, 2, 4, 3]})
    options = {} if function is compare_naively else {"covariates": "visits"}
    with pytest.raises(TableError, match="of 4 customers are treated: an interval needs two in each group") as caught:
        function(table, **SALES, **options)
    assert len(caught.value.problems) == 1


def test_missing_columns_and_single_clusters_and_ids_as_covariates_are_named(draw_campaign):
    table = draw_campaign(0, n=60).assign(store="one", name=[f"customer {i}" for i in range(60)])
    with pytest.raises(TableError, match="there is no column `spend`; found: customer_id, visits"):
        compare_naively(table, treated="invited", outcome="spend")
    with pytest.raises(TableError, match="`store` has one value only"):
        compare_naively(table, cluster="store", **SALES)
    with pytest.raises(TableError, match="60 different texts in 60 rows: an id is no covariate"):
        weight_by_propensity(table, covariates="name", **SALES)
    with pytest.raises(TableError, match="`name` should be a number"):
        compare_naively(table, treated="invited", outcome="name")


@pytest.mark.parametrize(
    ("function", "options", "says"),
    [
        (weight_by_propensity, {"target": "atc"}, "target should be one of ate, att, overlap"),
        (adjust_by_regression, {"target": "overlap"}, "target should be one of ate, att"),
        (adjust_doubly, {"target": "overlap"}, "target should be 'ate' or 'att'"),
        (adjust_doubly, {"folds": 1}, "folds should be 0, or from 2"),
        (weight_by_propensity, {"link": "cloglog"}, "link should be 'logit' or 'probit'"),
        (match_customers, {"on": "name"}, "unknown target, on or metric"),
        (match_customers, {"k": 0}, "k should be from 1"),
        (check_overlap, {"target": "atc"}, "target should be one of"),
    ],
)
def test_unknown_options_are_refused_with_the_known_ones(draw_campaign, function, options, says):
    names = {"treated": "invited"} if function is check_overlap else SALES
    with pytest.raises(ValueError, match=says):
        function(draw_campaign(0, n=60), covariates="visits", **names, **options)


def test_folds_without_a_covariate_that_varies_are_refused_in_words(draw_campaign):
    table = draw_campaign(0, n=60).assign(same=1.0)
    for names in (
        {"covariates": []},
        {"covariates": "same"},
        {"covariates": "visits", "propensity_covariates": "same"},
    ):
        with pytest.raises(ValueError, match="a covariate that varies"):
            adjust_doubly(table, **SALES, **names, folds=2)


# --- Properties ------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("target", ["ate", "att"])
@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-6, 1.0, 1e9]), shift=st.sampled_from([0.0, 1e6]))
def test_order_ids_repeated_covariates_and_units_change_nothing(draw_campaign, function, target, seed, scale, shift):
    table = draw_campaign(seed, n=120).round(1)  # rounding makes ties
    plain = function(table, covariates=TRAITS, target=target, **SALES)
    rng = np.random.default_rng(seed)
    other = table.sample(frac=1, random_state=seed).assign(
        customer_id=rng.permutation(len(table)),
        again=lambda t: t["visits"],
        fixed=3.0,
        far=lambda t: t["distance"] * 1e6 + 5,
        sales=lambda t: t["sales"] * scale + shift,
    )
    changed = function(other, covariates=["fixed", "again", "visits", "far", "card"], target=target, **SALES)
    # Shifted by a million and scaled down, sales keep few digits of their own.
    digits = 1e-5 if shift == 0 or scale > 1e-6 else 1e-2
    # An estimate that is taken back is taken back in any order and unit
    assert changed.effect / scale == pytest.approx(plain.effect, rel=digits, abs=digits, nan_ok=True)
    assert changed.se / scale == pytest.approx(plain.se, rel=digits, abs=digits, nan_ok=True)


@pytest.mark.parametrize("function", [compare_naively, compare_strata, *ALL])
def test_a_constant_outcome_has_no_effect_and_no_doubt(draw_campaign, function):
    options = {compare_naively: {}, compare_strata: {"by": "card"}}.get(function, {"covariates": TRAITS})
    result = function(draw_campaign(0).assign(sales=7.0), **SALES, **options)
    assert abs(result.effect) < 1e-9
    assert result.se < 1e-9


@pytest.mark.parametrize("function", ALL[:3])
def test_without_covariates_every_estimate_is_the_naive_one(draw_campaign, function):
    table = draw_campaign(4)
    plain, result = compare_naively(table, **SALES), function(table, covariates=[], **SALES)
    assert result.effect == pytest.approx(plain.effect)
    assert result.se == pytest.approx(plain.se, rel=0.01)


def test_text_covariates_equal_their_0_1_columns(draw_campaign):
    table = draw_campaign(6).assign(
        level=lambda t: np.select([t["visits"] > 1, t["visits"] > 0], ["gold", "silver"], "none")
    )
    dummies = table.assign(gold=table["level"] == "gold", silver=table["level"] == "silver")
    for function in ALL:
        text = function(table, covariates=["level", "distance"], **SALES)
        split = function(dummies, covariates=["distance", "silver", "gold"], **SALES)
        assert text.effect == pytest.approx(split.effect)
        assert text.se == pytest.approx(split.se)


def test_a_file_is_read_as_the_table_in_it(draw_campaign, tmp_path):
    table = draw_campaign(0)
    table.to_parquet(tmp_path / "wave.parquet")
    result = weight_by_propensity(tmp_path / "wave.parquet", covariates=TRAITS, **SALES)
    assert result.effect == pytest.approx(weight_by_propensity(table, covariates=TRAITS, **SALES).effect)


def test_the_guide_names_every_function_it_offers():
    functions = [name for name in observational.__all__ if inspect.isfunction(getattr(observational, name))]
    assert [name for name in functions if name not in observational.__doc__] == ["judge_placebo"]


# --- Numbers outside of what was seen ----------------------------------------------------------------


def make_selected(seed, n=800, pull=6.0):
    """Nearly everybody who spends much was invited: the few who were not would carry all the weight."""
    rng = np.random.default_rng(seed)
    spend = rng.gamma(2, 200, n)
    invited = rng.random(n) < 1 / (1 + np.exp(-pull * (spend - 100) / 200))
    return pd.DataFrame({"invited": invited, "spend": spend, "sales": spend * rng.gamma(4, 0.25, n)})


@pytest.mark.parametrize("estimator", [weight_by_propensity, adjust_doubly, match_customers])
def test_an_estimate_that_rests_on_ten_customers_is_none_and_says_why(estimator):
    found = estimator(make_selected(3), treated="invited", outcome="sales", covariates="spend", target="att")
    assert np.isnan([found.effect, found.low, found.high, found.se, found.p]).all()
    assert found.warnings[0].startswith("no estimate: the ")
    assert "control customers count like " in found.warnings[0]
    assert np.isfinite(found.details["withheld"])


@pytest.mark.parametrize("estimator", [adjust_by_regression, adjust_doubly])
def test_a_mean_that_lies_outside_of_all_outcomes_seen_is_no_estimate(estimator):
    """A line through customers with 0 to 10 visits says -90 of those with 100, who were all invited."""
    rng = np.random.default_rng(1)
    visits = np.r_[rng.uniform(0, 10, 200), rng.uniform(95, 105, 200)]
    table = pd.DataFrame({"invited": np.repeat([0, 1], 200), "visits": visits})
    table["sales"] = 10 - table["visits"] * (table["invited"] == 0) + rng.normal(0, 0.1, 400)
    found = estimator(table, treated="invited", outcome="sales", covariates="visits", target="att")
    assert np.isnan([found.effect, found.low, found.high]).all()
    assert "the mean without treatment would be -" in found.warnings[0]
    assert "the outcomes seen there run from " in found.warnings[0]
    said = say_what_is_allowed(found)
    assert said.level == "cannot be told" and "there is no estimate" in said.sentence


def test_few_customers_without_uneven_weights_keep_their_estimate(draw_campaign):
    table = draw_campaign(0, n=36)
    for estimator in ALL:
        assert np.isfinite(estimator(table, covariates="card", **SALES).low)


@pytest.mark.parametrize("estimator", ALL)
def test_a_covariate_that_is_a_copy_of_the_outcome_is_refused(estimator, draw_campaign):
    table = draw_campaign(0, n=60)
    table["copy"] = 2 * table["sales"] - 1
    with pytest.raises(TableError, match="`copy` follows `sales` without any error"):
        estimator(table, covariates=["visits", "copy"], **SALES)


def test_side_by_side_an_estimate_that_was_taken_back_is_named_as_such():
    everything = compare_all(make_selected(3), treated="invited", outcome="sales", covariates="spend")
    assert everything.to_frame().set_index("method")["effect"].isna().any()
    labels = [text.get_text() for text in everything.plot().texts]
    assert "no estimate" in labels and not any("nan" in text for text in labels)
    assert say_what_is_allowed(everything).level == "cannot be told"
