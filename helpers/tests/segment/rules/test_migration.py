"""Migration: nobody gets lost between two dates, each share has its interval, and flows are set beside flows back."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.migration import APPEARED, LEFT, measure_migration
from loyalty.segment.rules.rfm import RFM_SEGMENTS, name_segments, score_rfm
from loyalty.tables.check import TableError

JULY, OCTOBER = pd.Timestamp("2017-07-01"), pd.Timestamp("2017-10-01")


def make_snapshot(day: pd.Timestamp, segments: dict, **columns: str) -> pd.DataFrame:
    rows = pd.DataFrame({"customer_id": list(segments), "segment": pd.Series(list(segments.values()), dtype="str")})
    return rows.assign(as_of=day, **({"scheme": "made", "version": "1"} | columns))


@pytest.fixture(scope="module")
def migration(households):
    return measure_migration(*(name_segments(score_rfm(profile)) for profile in households))


def test_every_household_is_counted_once_and_each_row_adds_up_to_one(migration, households):
    before, after = (name_segments(score_rfm(p))["segment"].value_counts() for p in households)
    counts = migration.to_frame("customers")
    assert counts.sum(axis=1).to_dict() == before.to_dict()
    assert counts.sum(axis=0).to_dict() == after.reindex(counts.columns, fill_value=0).to_dict()
    assert counts.to_numpy().sum() == 2_469
    assert migration.to_frame("share").sum(axis=1).tolist() == pytest.approx([1] * 11)
    assert list(counts.index) == list(RFM_SEGMENTS.actions)
    assert counts.loc["champions", ["champions", "loyal"]].tolist() == [213, 187]


def test_each_share_has_wilsons_interval(migration):
    table = migration.to_frame()
    total = table.groupby("before")["customers"].transform("sum")
    low, high = proportion_confint(table["customers"], total, method="wilson")
    np.testing.assert_allclose(table["low"], low, atol=1e-12)
    np.testing.assert_allclose(table["high"], high, atol=1e-12)


def test_those_who_appear_and_those_who_leave_have_a_row_and_a_column():
    before = make_snapshot(JULY, {1: "a", 2: "a", 3: "b"})
    after = make_snapshot(OCTOBER, {1: "a", 3: "a", 4: "c"})
    result = measure_migration(before, after)
    counts = result.to_frame("customers")
    assert counts.loc["a", LEFT] == counts.loc[APPEARED, "c"] == counts.loc["b", "a"] == 1
    assert counts.to_numpy().sum() == 4
    shares = result.to_frame("share")
    assert shares.loc["a"].sum() == shares.loc[APPEARED].sum() == 1
    assert shares.loc["c"].isna().all()
    assert result.compare_flows()[["higher", "lower", "fell", "rose"]].to_numpy().tolist() == [["a", "b", 0, 1]]
    assert "(no longer in the table)" in result._repr_html_()


def test_flows_are_set_beside_the_flows_back_with_the_exact_sign_test():
    before = make_snapshot(JULY, {i: "top" if i < 40 else "rest" for i in range(100)})
    moved = {i: "rest" if i < 12 else "top" for i in range(40)} | {
        i: "top" if i < 43 else "rest" for i in range(40, 100)
    }
    flows = measure_migration(before, make_snapshot(OCTOBER, moved), order=["top", "rest"]).compare_flows()
    row = flows.iloc[0]
    assert (row["higher"], row["lower"], row["fell"], row["rose"]) == ("top", "rest", 12, 3)
    # 15 moved: the chance that at most 3 go one way, doubled, is 2 * (1 + 15 + 105 + 455) / 2 ** 15
    assert row["p"] == row["p_corrected"] == pytest.approx(2 * 576 / 2**15)
    assert row["low"] < 0.8 < row["high"]


@pytest.mark.slow
def test_where_nothing_changes_champions_fall_as_often_as_others_rise(journey, households):
    windows = (("2017-04-01", "2017-07-01"), ("2017-07-01", "2017-09-30"))
    receipts = journey.receipts
    profiles = [build_profile(receipts.query("@a <= time < @b"), b, customers=journey.customers) for a, b in windows]
    result = measure_migration(*(name_segments(score_rfm(profile)) for profile in profiles))
    fallen = result.to_frame("share").loc["champions"].drop("champions").sum()
    flows = result.compare_flows()
    down = flows[flows["higher"] == "champions"]
    assert fallen > 0.5
    assert abs(down["fell"].sum() - down["rose"].sum()) < 2 * np.sqrt(down["fell"].sum() + down["rose"].sum())


def test_a_change_of_the_rule_is_said_and_of_the_scheme_refused():
    before, after = make_snapshot(JULY, {1: "a"}), make_snapshot(OCTOBER, {1: "b"})
    changed = measure_migration(before, after.assign(version="2"))
    assert changed.warnings[0].startswith("the version of the rule changed")
    assert any("expose_regression" in text for text in measure_migration(before, after).warnings)
    assert any("ask for level=0.9750" in text for text in measure_migration(before, after).warnings)
    for wrong, words in (
        (after.assign(scheme="other"), "two segmentations cannot be compared: 'made' before, 'other' after"),
        (after.assign(as_of=JULY), "is not earlier than"),
        (after.assign(customer_id="1"), "text in one table, a whole number in the other"),
    ):
        with pytest.raises(TableError, match=words):
            measure_migration(before, wrong)
    with pytest.raises(TableError, match="`order` leaves out b"):
        measure_migration(before, after, order=["a"])


def test_the_heatmap_says_how_many_stayed_and_writes_each_interval(migration):
    ax = migration.plot()
    assert ax.get_title(loc="left") == "36 % are in the same segment as before"
    texts = [text.get_text() for text in ax.texts]
    assert "46\n(42–51)" in texts
    assert [t.get_text() for t in ax.get_yticklabels()][0] == "champions (461)"
    plt.close("all")
    before, after = make_snapshot(JULY, {1: "a"}), make_snapshot(OCTOBER, {2: "a"})
    assert measure_migration(before, after).plot().get_title(loc="left") == "Nobody is in both tables"
    plt.close("all")


@pytest.mark.parametrize(("mine", "theirs"), [(["000", "001"], ["0", "1"]), (["7", "8"], [7, 8])])
def test_the_same_customers_under_other_ids_have_not_all_gone(mine, theirs):
    tables = [make_snapshot(day, dict.fromkeys(ids, "a")) for day, ids in ((JULY, mine), (OCTOBER, theirs))]
    with pytest.raises(TableError) as caught:
        measure_migration(*tables)
    (says,) = caught.value.problems
    shown = [", ".join(map(repr, ids)) for ids in (mine, theirs)]
    assert says.startswith(
        f"no customer of `before` stands in `after`; `customer_id` is {shown[0]} in `before` and {shown[1]} in `after`"
    )


def test_two_tables_without_a_common_customer_are_doubted():
    found = measure_migration(make_snapshot(JULY, {1: "a"}), make_snapshot(OCTOBER, {2: "a"}))
    assert found.warnings[0] == "no customer is in both tables: are both of the same customers?"
