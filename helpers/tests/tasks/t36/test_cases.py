"""The campaigns of lesson 36: sound ones are sound in every respect, broken ones by their own mechanism only."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.design.sample_ratio import check_sample_ratio
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tables.check import check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS, OUTCOMES
from loyalty.tasks.t36.cases import DEFECTS, FEATURES, hide, make_case
from loyalty.tasks.t36.mishaps import DRAWS, OTHER_METRICS, compare_naively


def take(*seeds):
    """Let the first of these seeds be tried always, and the others in the long run."""
    return [seeds[0], *(pytest.param(seed, marks=pytest.mark.slow) for seed in seeds[1:])]


SEEDS = take(*range(3))
make = cache(lambda seed, defect=None, size=None: make_case(seed, defect, customers=4_000, size=size))
every_defect = pytest.mark.parametrize("defect", DEFECTS)


def join(case, window="main"):
    rows = case.outcomes[case.outcomes["window"] == window]
    return case.contacts.merge(rows, on="customer_id", how="left", suffixes=("", "_"))


def read_shares(case):
    pairs = (part.split("=") for part in case.plan["planned_shares"].item().split(", "))
    return {name: float(share) for name, share in pairs}


@pytest.mark.parametrize("seed", take(*range(8)))
def test_a_sound_campaign_keeps_all_contracts_and_its_plan(seed):
    case = make(seed)
    for table, contract in ((case.plan, CAMPAIGNS), (case.contacts, CONTACTS), (case.outcomes, OUTCOMES)):
        check_table(table, contract)
    row = case.plan.iloc[0]
    assert (row["start"], row["end"]) == (row["planned_start"], row["planned_end"])
    assert row["registered_on"] < row["start"]
    assert row["primary_metric"] == case.claim.outcome
    assert (case.claim.looks, case.defect, case.size) == (1, None, None)
    assert case.claim.segment is None or case.claim.segment in row["hypothesis"]
    main = case.outcomes[case.outcomes["window"] == "main"]
    assert (main["start"] == row["start"]).all() and (main["end"] == row["end"]).all()
    assert set(main["customer_id"]) == set(case.contacts["customer_id"]) and main["customer_id"].is_unique
    assert sum(read_shares(case).values()) == pytest.approx(1)
    assert case.contacts["customer_id"].str.len().eq(7).all()
    control = join(case)["arm"] == "control"
    assert join(case).loc[control, "redeemed"].sum() == 0
    sent = case.contacts[case.contacts["arm"] != "control"]
    assert sent.groupby("operator")["delivered"].mean().astype(float).min() > 0.8


@pytest.mark.parametrize("seed", take(*range(8)))
def test_the_number_of_a_sound_report_is_that_of_measure_lift_and_holds_the_truth(seed):
    case = make(seed)
    mine = case.contacts[case.contacts["segment"].eq(case.claim.segment) | (case.claim.segment is None)]
    found = measure_lift(mine, case.outcomes, case.claim.outcome)
    naive = compare_naively(case.contacts, case.outcomes, case.claim)
    assert (naive.effect, naive.p) == (pytest.approx(found.effect), pytest.approx(found.p))
    assert abs(found.effect - case.claimed_truth) < 4 * found.se
    assert naive.effect == pytest.approx(case.fair)  # nothing went wrong after the draw


@every_defect
def test_sound_and_broken_campaigns_have_the_same_files_at_first_sight(defect):
    sound, broken = make(0), make(0, defect)
    for name in ("plan", "contacts", "outcomes"):
        assert getattr(sound, name).dtypes.to_dict() == getattr(broken, name).dtypes.to_dict(), name
    assert set(sound.outcomes["window"]) == set(broken.outcomes["window"])
    assert defect not in broken.report and defect not in broken.name


@pytest.mark.parametrize(
    "defect", [defect if at < 3 else pytest.param(defect, marks=pytest.mark.slow) for at, defect in enumerate(DEFECTS)]
)
def test_a_seed_always_makes_the_same_campaign_and_another_one_does_not(defect):
    one, again = make(1, defect), make_case(1, defect, customers=4_000)
    pd.testing.assert_frame_equal(one.outcomes, again.outcomes)
    pd.testing.assert_frame_equal(one.contacts, again.contacts)
    assert (one.report, one.truth) == (again.report, again.truth)
    assert make(2, defect).report != one.report


@every_defect
def test_a_broken_campaign_says_what_is_wrong_with_it_only_behind_the_curtain(defect):
    case = make(0, defect)
    assert (case.defect, case.size) == (defect, DEFECTS[defect].default)
    assert defect not in repr(case) and "truth" not in repr(case)
    blind = hide(case)
    assert (blind.defect, blind.size, blind.feature) == (None, None, "") and np.isnan(blind.truth)
    assert blind.report == case.report


@every_defect
def test_what_goes_wrong_after_the_draw_moves_the_number_and_what_goes_wrong_in_it_does_not(defect):
    case = make(1, defect)
    naive = compare_naively(case.contacts, case.outcomes, case.claim)
    assert (abs(naive.effect - case.fair) > 1e-9) == (defect not in DRAWS)


@every_defect
def test_only_its_own_mechanism_breaks_a_campaign(defect):
    """What the other nine leave behind is not there: dates, plan, claim, ids, rows, deliveries, coupons of control."""
    case, row = make(3, defect), make(3, defect).plan.iloc[0]
    control = join(case)["arm"] == "control"
    main = case.outcomes[case.outcomes["window"] == "main"]
    sent = case.contacts[case.contacts["arm"] != "control"]
    signs = {
        "contamination": join(case).loc[control, "redeemed"].sum() > 0,
        "unequal seasons": main["start"].nunique() > 1,
        "early stop": row["end"] < row["planned_end"],
        "survivors": join(case)["sales"].isna().any() and join(case, "pre")["sales"].notna().all(),
        "winner's curse": case.claim.segment is not None,
        "failed channel": sent.groupby("operator")["delivered"].mean().astype(float).min() < 0.5,
        "swapped metric": case.claim.outcome != row["primary_metric"],
        "broken join": case.outcomes["customer_id"].str.len().min() < 7,
    }
    assert {name for name, seen in signs.items() if seen} == {defect} & set(signs)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_filter_after_the_draw_takes_treated_only(seed):
    cases = [make(seed, "sample ratio", size) for size in (1e-9, 0.1, 0.4)]
    counts = [case.contacts["arm"].eq("control").value_counts() for case in cases]
    assert len({count[True] for count in counts}) == 1
    for count, part in zip(counts[1:], (0.1, 0.4), strict=True):
        assert count[False] / counts[0][False] == pytest.approx(1 - part, abs=0.03)
    assert check_sample_ratio(cases[2].contacts, read_shares(cases[2])).alarm


@pytest.mark.slow
def test_contaminated_controls_redeem_as_often_as_they_were_reached():
    rates = {}
    for size in (0.1, 0.5):
        rows = pd.concat([join(make(seed, "contamination", size)) for seed in range(6)])
        rates[size] = rows["redeemed"].groupby(rows["arm"] == "control").mean()
    assert rates[0.1][True] / rates[0.1][False] == pytest.approx(0.1, abs=0.05)
    assert rates[0.5][True] / rates[0.5][False] == pytest.approx(0.5, abs=0.15)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_control_chosen_afterwards_had_bought_less_before_and_is_not_in_the_treated(seed):
    gaps = []
    for size in (0.2, 0.8):
        case = make(seed, "control chosen afterwards", size)
        rows = join(case, "pre")
        control = rows["arm"] == "control"
        gaps.append((rows["sales"].rank()[~control].mean() - rows["sales"].rank()[control].mean()) / len(rows))
        drawn, end = case.contacts["assigned_at"], case.plan["end"].item()
        assert ((drawn > end) <= (case.contacts["arm"] == "control")).all()
        assert check_sample_ratio(case.contacts, read_shares(case)).p > 1e-4
    assert 0 < gaps[0] < gaps[1]


def test_some_teams_that_choose_the_control_afterwards_write_down_the_day_and_some_do_not():
    after = [(case.contacts["assigned_at"] > case.plan["end"].item()).any()
             for case in (make(seed, "control chosen afterwards") for seed in range(8))]  # fmt: skip
    assert any(after) and not all(after)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_control_of_unequal_seasons_bought_what_the_receipts_of_those_weeks_say(seed):
    case = make(seed, "unequal seasons", 14)
    starts = join(case).groupby(join(case)["arm"] == "control")["start"].agg(["min", "max"])
    assert (starts["min"] == starts["max"]).all()
    assert starts["min"][False] - starts["min"][True] == pd.Timedelta(days=14)
    # 28 days earlier its main window of 28 days is the treated's window before
    other = make(seed, "unequal seasons", 28)
    if other.plan["end"].item() - other.plan["start"].item() == pd.Timedelta(days=28):
        rows = other.outcomes[other.outcomes["customer_id"].isin(
            other.contacts.loc[other.contacts["arm"] == "control", "customer_id"])]  # fmt: skip
        before = case.outcomes[case.outcomes["customer_id"].isin(rows["customer_id"])]
        assert len(rows) == len(before)
        assert (rows[rows["window"] == "main"]["end"] == other.plan["start"].item()).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_campaign_is_stopped_at_the_first_weekly_success_before_four_of_six_weeks(seed):
    case = make(seed, "early stop")
    found, row = compare_naively(case.contacts, case.outcomes, case.claim), case.plan.iloc[0]
    assert found.p < 0.05 and found.effect > 0
    assert (row["planned_end"] - row["planned_start"]).days == 42
    assert (row["end"] - row["start"]).days == 7 * case.claim.looks <= 28


@pytest.mark.parametrize("seed", SEEDS)
def test_survivors_lack_treated_who_bought_nothing_and_keep_what_was_known_before(seed):
    case = make(seed, "survivors", 0.1)
    rows = join(case)
    gone, treated = rows["sales"].isna(), rows["arm"] != "control"
    assert not (gone & ~treated).any()
    assert gone.sum() / treated.sum() == pytest.approx(0.1, abs=0.01)
    assert join(case, "pre")["sales"].notna().all()
    assert compare_naively(case.contacts, case.outcomes, case.claim).base > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_the_praised_segment_has_the_highest_effect_of_as_many_as_stated(seed):
    for size in (6, 12):
        case = make(seed, "winner's curse", size)
        rows = join(case)
        means = rows.groupby(["segment", rows["arm"] == "control"])[case.claim.outcome].mean().unstack()
        assert len(means) == size
        assert (means[False] - means[True]).idxmax() == case.claim.segment
        everybody = compare_naively(case.contacts, case.outcomes, replace(case.claim, segment=None))
        assert everybody.p > 0.05 > compare_naively(case.contacts, case.outcomes, case.claim).p


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_arrived_at_the_failing_operator_and_nobody_there_redeemed(seed):
    case = make(seed, "failed channel")
    rows = join(case)
    treated = rows[rows["arm"] != "control"]
    arrived = treated.groupby("operator")["delivered"].mean().astype(float)
    assert arrived.min() == 0 and arrived.nlargest(3).min() > 0.9
    dead = treated["operator"] == arrived.idxmin()
    assert dead.mean() == pytest.approx(0.2, abs=0.03)
    assert treated.loc[dead, "redeemed"].sum() == 0 and treated.loc[dead, "sent_at"].notna().all()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_reported_metric_has_the_smallest_p_of_those_that_were_tried(seed):
    case = make(seed, "swapped metric")
    assert case.plan["primary_metric"].item() == "sales"
    found = {name: measure_lift(case.contacts, case.outcomes, name, interval="welch").p for name in OTHER_METRICS}
    assert found[case.claim.outcome] <= 1.3 * min(found.values())  # a rate has an interval of its own in measure_lift


@pytest.mark.parametrize("seed", SEEDS)
def test_card_numbers_that_lost_their_zeros_find_nothing(seed):
    case = make(seed, "broken join")
    rows = join(case)
    short = rows["customer_id"].str.len() < 7
    lost = rows["sales"].isna()
    assert short.any() != lost.any()  # either the list was shortened, or what came back
    assert rows.loc[short, "sales"].sum() == 0
    hit = short | lost
    assert rows.loc[hit, "arm"].eq("control").nunique() == 1
    size = rows["arm"].eq("control").eq(rows.loc[hit, "arm"].eq("control").iloc[0]).sum()
    assert hit.sum() / size == pytest.approx(0.05, abs=0.005)
    orphans = set(case.outcomes["customer_id"]) - set(case.contacts["customer_id"])
    assert len(orphans) == lost.sum()


@pytest.mark.slow
def test_sound_campaigns_have_every_odd_feature_and_weak_null_and_harmful_effects_among_them():
    cases = [make_case(seed, customers=2_000) for seed in range(26)]
    assert {case.feature for case in cases} == set(FEATURES)
    truth = np.array([case.truth for case in cases])
    assert (truth == 0).any() and (truth < -0.1).any() and (truth > 1).any()
    clear = [compare_naively(case.contacts, case.outcomes, case.claim).p < 0.05 for case in cases]
    assert any(clear) and np.mean(clear) < 0.9
    odd = [check_sample_ratio(case.contacts, read_shares(case)).p for case in cases if case.feature == "odd split"]
    assert all(0.002 < p < 0.02 for p in odd)


def test_what_no_campaign_can_be_is_refused():
    with pytest.raises(ValueError, match="defect should be one of sample ratio, contamination"):
        make_case(0, "bad luck")
    with pytest.raises(ValueError, match="no defect that could have a size"):
        make_case(0, size=0.1)
    with pytest.raises(ValueError, match="size should be part of the treated"):
        make_case(0, "survivors", size=5)
