"""What lesson 36 reads off its reports is what one finds by hand, and its pictures show truth at one place."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.stats.intervals import compare_means
from loyalty.tasks.t36.cases import DEFECTS, make_case
from loyalty.tasks.t36.pictures import draw_claims, draw_report, draw_segments
from loyalty.tasks.t36.readings import (
    ask_four,
    compare_arms,
    count_found,
    divide_gap,
    draw_anew,
    join_window,
    list_claims,
    measure_harm,
    measure_report,
    read_trials,
    say_gap,
    say_share,
)


@pytest.fixture(scope="module")
def sound():
    return make_case(3, customers=2_000)


@pytest.fixture(scope="module")
def leaky():
    return make_case(3, "contamination", customers=2_000, size=0.5)


def test_a_claim_in_percent_is_the_reports_number_by_the_mean_of_control(sound):
    rows = join_window(sound)
    control = rows["arm"] == "control"
    values = rows[sound.claim.outcome]
    found = compare_means(values[~control], values[control])
    claims = list_claims({"one": sound})
    assert sound.claim.segment is None
    assert claims.loc["one", "effect"] == pytest.approx(100 * found.effect / values[control].mean())
    assert bool(claims.loc["one", "sound"])


def test_the_four_questions_ring_at_coupons_in_control_only(sound, leaky):
    assert ask_four(sound)["coupons in control"] == 0 < ask_four(leaky)["coupons in control"]
    assert ask_four(leaky)["ends as planned"] and ask_four(leaky)["same days in both"]


def test_a_repaired_gap_and_its_ends_are_divided_alike(sound):
    found = measure_report(sound)
    mended = divide_gap(found, 0.5)
    assert (mended.effect, mended.low, mended.high) == (2 * found.effect, 2 * found.low, 2 * found.high)
    assert say_gap(mended).count("€") == 3 and say_gap(mended, "orders", 3).count(" orders ") == 1


def test_lotteries_drawn_anew_find_next_to_nothing_on_a_sound_campaign(sound):
    found = draw_anew(sound, times=40)
    assert found.shape == (40, 8) and ((found >= 0) & (found <= 1)).all()
    assert (found < 0.05).mean() < 0.15


def test_the_trials_hold_every_defect_at_both_sizes_and_the_sound_campaigns():
    trials = read_trials()
    assert trials.groupby("kind").size().to_dict() == {"half": 200, "sound": 200, "stated": 200}
    assert list(count_found(trials).index) == list(DEFECTS)
    harm = measure_harm(trials)
    mine = trials[(trials["defect"] == "survivors") & (trials["kind"] == "stated")]
    assert harm.loc["survivors", "effect"] == pytest.approx(100 * mine["off"].mean())
    assert (harm["low"] < harm["effect"]).all() and harm.loc["swapped metric", "euros"] == "–"
    assert say_share(pd.Series([True, False])) == "1 of 2 = 50% (1% to 99%)"


def test_the_truth_of_a_report_stands_in_a_row_of_its_own_below_all_others(sound):
    gap = compare_arms(join_window(sound, "pre"))
    ax = draw_report(sound, "A title", {"before": gap, "the report": measure_report(sound)}, sound.claimed_truth)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["before", "the report", "the truth"]
    assert ax.get_xlabel() == f"{sound.claim.outcome} a customer"


def test_a_picture_of_claims_shows_no_truth_before_it_is_asked_and_no_numbers_where_rows_are_many(sound):
    claims = pd.concat([list_claims({"a": sound})] * 7, ignore_index=True)
    hidden = draw_claims(claims[:2], "A title")
    shown = draw_claims(claims[:2], "A title", show_truth=True)
    assert [line.get_marker() for line in hidden.lines].count("D") == 0
    assert [line.get_marker() for line in shown.lines].count("D") == 1
    numbers = [text for text in draw_claims(claims, "A title").texts if "(" in text.get_text()]
    segments = pd.DataFrame({"effect": [2.0, 1.0], "low": [1.0, 0.0], "high": [3.0, 2.0]}, index=["a", "b"])
    assert len(numbers) == 0 and len(draw_segments(segments, "A title").get_yticklabels()) == 2
    assert np.isfinite(hidden.get_xlim()).all()
