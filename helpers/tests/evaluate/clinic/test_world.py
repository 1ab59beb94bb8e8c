"""The clinic on campaigns of the world, a few of each kind: benchmarks/clinic.py has the four hundred."""

from __future__ import annotations

from functools import cache

import pytest
from scipy import stats

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import CHECKS
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tasks.t36.cases import DEFECTS, make_case
from loyalty.tasks.t36.mishaps import compare_naively

SOUND = range(300, 310)  # not the seeds of the table


@cache
def examine(seed, defect=None):
    """One campaign and what the clinic says of it."""
    case = make_case(seed, defect)
    return case, examine_campaign(case.contacts, case.outcomes, case.plan, case.claim)


def test_the_ten_defects_are_the_ten_checks_in_their_order():
    assert tuple(DEFECTS) == CHECKS


@pytest.mark.slow
def test_sound_campaigns_are_signed_whatever_they_show():
    """Of ten at 5 % each, four or more would be refused once in a thousand."""
    found = [examine(seed) for seed in SOUND]
    assert sum(examination.verdict == "refuse" for _, examination in found) < 4
    assert all(finding.state != "not seen" for _, examination in found for finding in examination.findings)
    signed = [case for case, examination in found if examination.verdict == "sign"]
    lifts = [compare_naively(case.contacts, case.outcomes, case.claim) for case in signed]
    assert any(lift.p > 0.2 for lift in lifts) and any(lift.p < 0.05 for lift in lifts)


@pytest.mark.slow
@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_of_the_stated_size_is_refused_for_its_own_reason(defect):
    place = 500 + 100 * list(DEFECTS).index(defect)
    found = [examine(seed, defect)[1] for seed in (place, place + 1)]
    assert any(examination[defect].state == "broken" for examination in found)  # missed at 20 %: both, once in 25
    assert all(f.evidence and f.advice for examination in found for f in examination.problems)


@pytest.mark.slow
@pytest.mark.parametrize("each", [1, 2])
def test_most_defects_are_found_by_their_own_check(each):
    """Each is found at 80 %: fewer than this many of all would be found less than once in a thousand."""
    seeds = {defect: 500 + 100 * place for place, defect in enumerate(DEFECTS)}
    found = [examine(seed + step, defect)[1][defect] for defect, seed in seeds.items() for step in range(each)]
    assert sum(finding.state == "broken" for finding in found) >= stats.binom.ppf(0.001, len(found), 0.8)


@pytest.mark.slow
def test_what_is_refused_would_have_been_believed_by_measure_lift_alone():
    """A control chosen afterwards is measured without a word of warning, and shows far more than the truth."""
    case, examination = examine(700, "control chosen afterwards")
    lift = measure_lift(case.contacts.drop(columns="assigned_at"), case.outcomes, case.claim.outcome)
    assert examination.verdict == "refuse" and lift.effect == pytest.approx(case.fair)
    assert lift.low > case.claimed_truth
