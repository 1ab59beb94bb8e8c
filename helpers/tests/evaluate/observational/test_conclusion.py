import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.observational.aipw import adjust_doubly
from loyalty.evaluate.observational.conclusion import say_what_is_allowed
from loyalty.evaluate.observational.did import difference_in_differences
from loyalty.evaluate.observational.naive import compare_naively
from loyalty.evaluate.observational.placebo import compare_all, judge_placebo, placebo_outcome
from loyalty.evaluate.observational.weighting import weight_by_propensity
from loyalty.stats.estimate import make_estimate
from loyalty.tables.check import TableError

TRAITS = ["visits", "distance", "card"]
SALES = {"treated": "invited", "outcome": "sales"}
WORKERS = ["age", "education", "black", "hispanic", "married", "no_degree", "re74"]
CAUSAL = re.compile(r"\bcaus|\beffect of\b|because of the campaign|\bled to\b|\bbrought\b|\bproved?\b", re.IGNORECASE)


def made(effect, se, method="weights", **fields):
    return make_estimate(
        effect, se, n_treated=500, n_control=500, method=method, estimand="ATT, those who were treated", **fields
    )


@pytest.fixture(scope="module")
def against_cps(undrawn):
    return compare_all(undrawn, treated="treated", outcome="re78", covariates=WORKERS, placebo="re75")


# --- All estimates and the placebo -----------------------------------------------------------------


@pytest.mark.slow
def test_every_method_on_nsw_with_cps_is_contradicted_by_earnings_before_training(against_cps):
    frame = against_cps.to_frame()
    assert len(frame) == 7
    assert frame["method"].iloc[0] == "naive" and round(frame["effect"].iloc[0], 2) == -8497.52
    assert (frame["placebo_says"] == "fails").all()
    assert (frame["placebo_high"] < 0).all()
    assert (frame["low"] < frame["effect"]).all() and (frame["effect"] < frame["high"]).all()
    # Adjusted estimates come far nearer to the experiment's 1,794 than the naive one, and still disagree.
    assert frame["effect"].iloc[1:].between(-1_000, 1_800).all()


def test_every_method_on_the_experiment_itself_agrees_with_it_and_its_placebo_passes(drawn):
    result = compare_all(drawn, treated="treated", outcome="re78", covariates=WORKERS, placebo="re75")
    assert (result.to_frame()["placebo_says"] == "passes").all()
    assert result.to_frame()["effect"].between(1_500, 2_200).all()


def test_the_placebo_must_stay_out_of_the_covariates(undrawn):
    names = {"treated": "treated", "placebo": "re75"}
    with pytest.raises(TableError, match="the placebo `re75` stands among the covariates"):
        placebo_outcome(undrawn, estimator=weight_by_propensity, covariates=["re74", "re75"], **names)
    with pytest.raises(TableError, match="adjusted away, it would always pass"):
        compare_all(undrawn, treated="treated", outcome="re78", covariates="re75", placebo="re75")
    with pytest.raises(TableError, match="stands among"):
        placebo_outcome(undrawn, estimator=adjust_doubly, covariates="age", propensity_covariates=["re75"], **names)


def test_a_placebo_among_the_covariates_would_indeed_always_pass(undrawn):
    rng = np.random.default_rng(0)
    twin = undrawn.assign(again=undrawn["re75"] + rng.normal(0, 5, len(undrawn)))  # a copy itself is refused
    options = {"treated": "treated", "placebo": "re75", "covariates": [*WORKERS, "again"], "target": "att"}
    assert abs(placebo_outcome(twin, estimator=adjust_doubly, **options).effect) < 5


@pytest.mark.parametrize(
    ("placebo", "says"), [((3, 1), "fails"), ((-3, 1), "fails"), ((0.2, 1), "passes"), ((0.2, 4), "says little")]
)
def test_a_placebo_fails_passes_or_is_too_vague(placebo, says):
    assert judge_placebo(made(*placebo), made(5, 1)) == says


def test_a_clustered_comparison_leaves_matching_out_and_is_wider(draw_campaign):
    table = pd.concat([draw_campaign(0)] * 2)
    result = compare_all(table, covariates=TRAITS, placebo="before", cluster="customer_id", **SALES)
    assert len(result.estimates) == len(result.placebos) == 6
    single = compare_all(draw_campaign(0), covariates=TRAITS, **SALES)
    assert result.estimates[-1].se == pytest.approx(single.estimates[-1].se, rel=0.01)
    assert single.placebos == () and "placebo" not in single.to_frame()


@pytest.mark.slow
def test_the_comparison_is_drawn_with_its_placebos_and_shown_with_its_warnings(against_cps):
    ax = against_cps.plot(truth=1_794, unit="$", source="a test")
    assert ax.get_title(loc="left") == "The placebo contradicts 7 of 7 estimates"
    assert [text.get_text() for text in ax.get_yticklabels()] == list(against_cps.to_frame()["method"])
    assert "strata (propensity): still unbalanced" in against_cps._repr_html_()


def test_a_table_with_a_column_called_propensity_is_no_trouble(draw_campaign):
    table = draw_campaign(0).assign(propensity=0.5)
    assert len(compare_all(table, covariates=TRAITS, target="ate", **SALES).estimates) == 7
    alone = compare_all(draw_campaign(0), covariates=TRAITS, **SALES).plot()
    assert alone.get_title(loc="left") == "The estimates side by side"


# --- The sentence ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_nsw_with_cps_cannot_be_told_and_the_sentence_says_why(against_cps):
    said = say_what_is_allowed(against_cps, measure="earnings in 1978", unit="$", decimals=0)
    assert said.level == "cannot be told"
    assert "cannot be told from these data: different methods say −$921 to $1,072" in said.sentence
    assert "6 of 6 fail" in said.sentence
    assert any("the methods disagree" in text for text in said.reasons)


def test_the_experiment_may_say_caused(drawn):
    result = compare_all(drawn, treated="treated", outcome="re78", covariates=WORKERS, placebo="re75")
    said = say_what_is_allowed(result, randomised=True, measure="earnings in 1978", unit="$", decimals=0)
    assert said.level == "caused"
    assert "$1,794 (95 % interval $474 to $3,115): a lottery decided" in str(said)


def test_without_a_lottery_good_evidence_only_suggests(draw_campaign):
    result = compare_all(draw_campaign(0, n=3_000), covariates=TRAITS, placebo="before", **SALES)
    said = say_what_is_allowed(result, measure="sales")
    assert said.level == "suggests"
    assert "if nothing that we did not record decided who was chosen" in said.sentence
    assert "would undo the estimate" in said.sentence
    nothing = say_what_is_allowed(made(0.1, 1), placebos=[made(0.0, 0.5)])
    assert nothing.sentence.startswith("The data suggest no change in the outcome outside −1.86 to 2.06")


def test_no_sentence_without_a_lottery_is_causal(draw_campaign, against_cps):
    evidence = [against_cps, made(5, 1), made(0.1, 1), made(5, 1, "naive")]
    evidence += [compare_all(draw_campaign(seed), covariates=TRAITS, placebo="before", **SALES) for seed in range(5)]
    for item in evidence:
        for placebos in ([], [made(0.0, 0.5)], [made(9, 1)]):
            said = say_what_is_allowed(item, placebos=placebos)
            assert said.level in ("cannot be told", "suggests")
            assert not CAUSAL.search(said.sentence)


@pytest.mark.slow
def test_a_hidden_trait_that_also_moved_the_past_is_refused(draw_campaign):
    refused = 0
    for seed in range(10):
        result = compare_all(draw_campaign(seed, n=1_500, hidden=0.8), covariates=TRAITS, placebo="before", **SALES)
        refused += say_what_is_allowed(result).level == "cannot be told"
        assert result.estimates[-1].low > 1.1  # and every method is sure of a wrong number
    assert refused == 10


@pytest.mark.parametrize(
    ("evidence", "placebos", "reason"),
    [
        ([made(5, 1)], [], "nothing was checked that the campaign cannot have changed"),
        ([made(5, 1)], [made(4, 1)], "the groups differ in what cannot have changed"),
        ([made(5, 1)], [made(0, 9)], "the placebo is too vague"),
        ([made(5, 1, "naive")], [made(0, 0.5)], "the groups were compared as they are"),
        ([made(5, 1), made(-5, 1, "matching")], [made(0, 0.5)], "the methods disagree (weights 5.00, matching −5.00)"),
        ([made(5, 1, warnings=("poor overlap: 60% of …",))], [made(0, 0.5)], "poor overlap"),
        ([made(5, 1, details={"left_out": 0.2}, warnings=("20% … left out",))], [made(0, 0.5)], "20% … left out"),
        ([made(5, 1, warnings=("customers repeat (4 rows)",))], [made(0, 0.5)], "customers repeat"),
    ],
)
def test_each_gap_in_the_evidence_is_a_reason_of_its_own(evidence, placebos, reason):
    said = say_what_is_allowed(*evidence, placebos=placebos)
    assert said.level == "cannot be told"
    assert len(said.reasons) == 1 and said.reasons[0].startswith(reason)
    assert reason in said.to_frame()["reasons"].iloc[0] and reason.split("(")[0] in said._repr_html_()


def test_a_lottery_that_failed_its_placebo_or_found_nothing_causes_nothing():
    broken = say_what_is_allowed(made(5, 1, "naive"), placebos=[made(4, 1)], randomised=True)
    assert broken.level == "cannot be told" and "the lottery did not make the groups alike" in broken.sentence
    sound = say_what_is_allowed(
        made(5, 1, "naive"), placebos=[made(2.1, 1)], randomised=True, what="the autumn mailing"
    )
    assert sound.level == "caused" and sound.sentence.startswith("The autumn mailing caused")
    chance = say_what_is_allowed(made(0.5, 1, "naive"), randomised=True, unit="€")
    assert chance.level == "cannot be told" and "€0.50 (95 % interval −€1.46 to €2.46)" in chance.sentence


def test_a_moving_gap_is_a_reason():
    days = pd.date_range("2025-01-01", periods=200)
    rows = [(c, d, 1.0 + (c % 2) * (3 + i / 50) + (c * i % 7) / 50) for c in range(40) for i, d in enumerate(days)]
    receipts = pd.DataFrame(rows, columns=["customer_id", "time", "sales"])
    result = difference_in_differences(
        receipts, treated=range(1, 40, 2), customers=range(40), start=days[150], end=days[178]
    , pre_days=[28, 84])  # fmt: skip
    said = say_what_is_allowed(result, measure="sales")
    assert said.level == "cannot be told"
    assert "the gap also moved at dates before the campaign" in said.reasons
    assert "the answer depends on the window before the campaign" in said.reasons


def test_nothing_and_strangers_are_no_evidence():
    with pytest.raises(ValueError, match="no estimate to write"):
        say_what_is_allowed()
    with pytest.raises(TypeError, match="found str"):
        say_what_is_allowed("we sold more")


def test_the_interval_in_the_sentence_is_the_one_that_was_asked_for(drawn):
    result = compare_naively(drawn, treated="treated", outcome="re78", level=0.9)
    assert "90 % interval" in str(say_what_is_allowed(result, randomised=True))
    assert replace(result, level=0.5).level == 0.5
