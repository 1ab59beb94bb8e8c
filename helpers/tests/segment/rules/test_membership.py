"""Dated memberships: at each snapshot's day exactly one spell a customer, and it is the snapshot's."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.segment.rules.membership import date_memberships, pick_members
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import SEGMENTS

MONTHS = [pd.Timestamp(2017, month, 1) for month in range(1, 7)]


def make_snapshot(
    day: pd.Timestamp, segments: dict[int, str], *, scheme: str = "rfm", version: str = "1"
) -> pd.DataFrame:
    rows = pd.DataFrame({"customer_id": list(segments), "segment": pd.Series(list(segments.values()), dtype="str")})
    return rows.assign(as_of=day, scheme=scheme, version=version)


@st.composite
def histories(draw: st.DrawFn) -> list[pd.DataFrame]:
    """Up to six dates of one or two schemes; customers come and go, segments change, versions too."""
    parts = []
    for scheme in draw(st.lists(st.sampled_from(["rfm", "life cycle"]), min_size=1, max_size=2, unique=True)):
        for day in draw(st.lists(st.sampled_from(MONTHS), min_size=1, max_size=6, unique=True)):
            segments = draw(st.dictionaries(st.integers(0, 4), st.sampled_from("ab"), min_size=1, max_size=5))
            parts.append(make_snapshot(day, segments, scheme=scheme, version=draw(st.sampled_from("12"))))
    return parts


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(parts=histories())
def test_on_each_snapshots_day_the_memberships_are_the_snapshot(parts):
    spells = date_memberships(parts)
    check_table(spells, SEGMENTS)
    for part in parts:
        day, scheme = part["as_of"].iloc[0], part["scheme"].iloc[0]
        valid = (spells["valid_from"] <= day) & ~(spells["valid_to"] <= day) & (spells["scheme"] == scheme)
        expected = part.sort_values("customer_id")[["customer_id", "version", "segment"]]
        assert spells.loc[valid, expected.columns].to_numpy().tolist() == expected.to_numpy().tolist()


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(parts=histories(), seed=st.integers(0, 99))
def test_given_twice_or_in_another_order_the_snapshots_make_the_same_memberships(parts, seed):
    spells = date_memberships(parts)
    mixed = pd.concat([*parts, *parts]).sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(date_memberships(mixed), spells)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(parts=histories())
def test_spells_never_overlap_and_no_two_neighbours_could_be_one(parts):
    spells = date_memberships(parts)
    last = {scheme: rows["as_of"].max() for scheme, rows in pd.concat(parts).groupby("scheme")}
    for (scheme, _), rows in spells.groupby(["scheme", "customer_id"]):
        for here, there in zip(rows.itertuples(), rows.iloc[1:].itertuples(), strict=False):
            assert here.valid_from < here.valid_to <= there.valid_from
            assert here.valid_to < there.valid_from or (here.segment, here.version) != (there.segment, there.version)
        assert rows["valid_to"].iloc[:-1].notna().all()
        end = rows["valid_to"].iloc[-1]
        assert pd.isna(end) or end <= last[scheme]


def test_unchanged_segments_are_one_spell_a_new_version_starts_another_and_who_is_missing_ends():
    january = make_snapshot(MONTHS[0], {1: "loyal", 2: "loyal", 3: "loyal"})
    february = make_snapshot(MONTHS[1], {1: "loyal", 2: "lost"})
    march = make_snapshot(MONTHS[2], {1: "loyal", 2: "lost"}, version="2")
    spells = date_memberships([march, january, february])
    assert list(spells.columns) == list(SEGMENTS.names)
    assert [
        (r.customer_id, r.version, r.segment, r.valid_from.month, r.valid_to.month) for r in spells.itertuples()
    ] == [
        (1, "1", "loyal", 1, 3),
        (1, "2", "loyal", 3, pytest.approx(float("nan"), nan_ok=True)),
        (2, "1", "loyal", 1, 2),
        (2, "1", "lost", 2, 3),
        (2, "2", "lost", 3, pytest.approx(float("nan"), nan_ok=True)),
        (3, "1", "loyal", 1, 2),
    ]


def test_who_leaves_and_comes_back_has_two_spells():
    parts = [
        make_snapshot(MONTHS[0], {1: "a", 2: "a"}),
        make_snapshot(MONTHS[1], {2: "a"}),
        make_snapshot(MONTHS[2], {1: "a"}),
    ]
    spells = date_memberships(parts)
    assert spells.loc[spells["customer_id"] == 1, "valid_from"].dt.month.tolist() == [1, 3]
    assert pick_members(spells, "2017-02-15")["customer_id"].tolist() == [2]


def test_picking_a_day_returns_the_snapshot_of_that_day():
    parts = [
        make_snapshot(day, {2: "a", 1: "ab"[i % 2]}, scheme=scheme) for i, day in enumerate(MONTHS) for scheme in "xy"
    ]
    spells = date_memberships(parts)
    for part in parts:
        picked = pick_members(spells, part["as_of"].iloc[0], scheme=part["scheme"].iloc[0])
        expected = part.sort_values("customer_id", ignore_index=True)[picked.columns]
        pd.testing.assert_frame_equal(picked, expected, check_dtype=False)


def test_before_the_first_snapshot_nobody_belongs_anywhere_and_the_last_one_holds_on():
    spells = date_memberships(make_snapshot(MONTHS[1], {1: "a"}))
    assert pick_members(spells, "2017-01-31").empty
    assert pick_members(spells, "2030-01-01")["segment"].tolist() == ["a"]
    assert pick_members(spells, "2030-01-01", scheme="other").empty


def test_two_segments_or_two_versions_on_one_day_are_refused():
    first = make_snapshot(MONTHS[0], {1: "a"})
    for second in (make_snapshot(MONTHS[0], {1: "b"}), make_snapshot(MONTHS[0], {1: "a"}, version="2")):
        with pytest.raises(TableError, match="`customer_id` \\+ `scheme` \\+ `as_of` should be different in every row"):
            date_memberships([first, second])
    with pytest.raises(TableError, match="there is no snapshot"):
        date_memberships([])
    with pytest.raises(TableError, match="there is no column `version`"):
        date_memberships(first.drop(columns="version"))
    with pytest.raises(TableError):
        date_memberships(first.head(0))


def test_memberships_of_which_none_has_ended_may_hold_a_column_of_empty_numbers():
    spells = pd.DataFrame({"customer_id": [1], "scheme": "rfm", "version": "1", "segment": "loyal"})
    spells = spells.assign(valid_from=MONTHS[0], valid_to=float("nan"))
    assert pick_members(spells, MONTHS[2])["segment"].tolist() == ["loyal"]
