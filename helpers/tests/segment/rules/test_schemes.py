"""The map from codes to segments: everyone in exactly one, nobody in a silent "other"."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.segment.rules.rfm import NOBODY, RFM_SEGMENTS, Scheme, Segment, check_scheme, name_segments, score_rfm
from loyalty.tables.check import TableError

DAY = pd.Timestamp("2017-07-01")


def code_table(scheme: Scheme) -> pd.DataFrame:
    codes = pd.DataFrame(scheme.codes, columns=["r", "f", "m"])
    return codes.assign(customer_id=range(len(codes)), as_of=DAY)


def without(name: str) -> Scheme:
    return replace(RFM_SEGMENTS, segments=tuple(s for s in RFM_SEGMENTS.segments if s.name != name))


def test_the_scheme_holds_each_of_its_126_codes_exactly_once():
    check_scheme(RFM_SEGMENTS)
    table = RFM_SEGMENTS.to_frame()
    assert len(table) == 5**3 + 1
    assert not table.duplicated(["r", "f", "m"]).any()
    assert len(RFM_SEGMENTS.actions) == 11
    assert not {name for name in RFM_SEGMENTS.actions if "other" in name.lower()}


def test_a_map_that_leaves_a_fifth_of_the_codes_over_is_refused_where_a_dictionary_says_other():
    patchy = without("potential loyalists")
    known = patchy.to_frame().set_index("code")["segment"]
    codes = pd.Series(["-".join(map(str, code)) for code in patchy.codes])
    assert (codes.map(known).fillna("Other") == "Other").mean() > 0.2
    with pytest.raises(TableError) as refusal:
        name_segments(code_table(patchy), scheme=patchy)
    assert refusal.value.problems == [
        "28 of 126 codes without a segment: 4-1-2, 4-1-3, 4-1-4, 4-1-5, 4-2-1, 4-2-2, 4-2-3, 4-2-4, …"
    ]


def test_all_faults_of_a_scheme_are_listed_at_once():
    twice = Segment("rich", "Thank them.", m=(5, 5))
    beyond = Segment("beyond", "", r=(6, 9))
    broken = replace(without("never bought"), segments=(*without("never bought").segments, twice, beyond))
    with pytest.raises(TableError) as refusal:
        check_scheme(broken)
    problems = refusal.value.problems
    assert problems[0] == "1 of 126 codes without a segment: 0-0-0"
    assert any("are in both champions and rich" in problem for problem in problems)
    assert "segment 'beyond' holds no code: its ranges lie outside 1 to 5" in problems
    assert "segment 'beyond' has no action: what should be done with these customers?" in problems


def test_a_segment_may_have_two_parts_but_not_two_actions():
    parts = (Segment("edges", "Do.", r=(1, 1)), Segment("edges", "Do.", r=(3, 3)), Segment("middle", "Wait.", r=(2, 2)))
    nobody = Segment("none", "Ask.", r=NOBODY, f=NOBODY, m=NOBODY, fm=NOBODY)
    check_scheme(Scheme("parts", "1", 3, (*parts, nobody)))
    other = replace(parts[1], action="Do something else.")
    with pytest.raises(TableError, match="segment 'edges' comes twice with different actions"):
        check_scheme(Scheme("parts", "1", 3, (parts[0], other, parts[2], nobody)))
    with pytest.raises(TableError, match="a segment has no name"):
        check_scheme(Scheme("parts", "1", 3, (*parts, replace(nobody, name=" "))))


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_made_customer_is_in_exactly_one_segment(profiles, data):
    profile = data.draw(profiles)
    segments = name_segments(score_rfm(profile))
    assert segments["customer_id"].tolist() == sorted(profile["customer_id"])
    assert set(segments["segment"]) <= set(RFM_SEGMENTS.actions)
    joined = profile.merge(segments, on=["customer_id", "as_of"])
    assert ((joined["segment"] == "never bought") == (joined["frequency"] == 0)).all()


def test_every_household_is_in_exactly_one_segment_and_the_money_is_the_receipts_to_the_cent(households, journey):
    segments = name_segments(score_rfm(households[0]))
    assert segments["customer_id"].tolist() == journey.customers["customer_id"].tolist()
    money = households[0].merge(segments, on=["customer_id", "as_of"]).groupby("segment")["monetary"].sum()
    before = journey.receipts[journey.receipts["time"] < "2017-07-01"]
    assert round(money.sum(), 2) == round(before["sales"].sum(), 2) == 2_251_408.20
    assert segments["segment"].value_counts()[["champions", "loyal", "never bought"]].tolist() == [461, 470, 76]
    assert segments["segment"].dtype == "str"


def test_the_name_depends_on_the_code_alone():
    table = code_table(RFM_SEGMENTS)
    named = name_segments(table)
    assert named["segment"].tolist() == RFM_SEGMENTS.to_frame()["segment"].tolist()
    assert named[["scheme", "version"]].drop_duplicates().to_numpy().tolist() == [["rfm", "1"]]
    shuffled = name_segments(table.sample(frac=1, random_state=3)).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(shuffled, named)


@pytest.mark.parametrize("code", [(0, 3, 3), (6, 1, 1), (2.5, 1, 1), (-1, 1, 1), (float("nan"), 1, 1)])
def test_a_code_that_the_scheme_does_not_know_is_refused(code):
    table = pd.DataFrame([code], columns=["r", "f", "m"]).assign(customer_id=1, as_of=DAY)
    with pytest.raises(TableError, match="1 of 1 customers with a code that the scheme does not know"):
        name_segments(table)


def test_scores_of_other_bins_and_tables_without_scores_are_refused(households):
    with pytest.raises(TableError, match="the scores have 4 bins, scheme 'rfm' has 5"):
        name_segments(score_rfm(households[0], bins=4))
    with pytest.raises(TableError) as refusal:
        name_segments(households[0][["customer_id", "as_of"]])
    assert len(refusal.value.problems) == 3


def test_the_scheme_shows_each_segment_with_what_to_do():
    shown = RFM_SEGMENTS._repr_html_()
    assert all(action.replace("'", "&#x27;") in shown or action in shown for action in RFM_SEGMENTS.actions.values())
