"""Life-cycle states, with limits drawn from the gaps between purchases."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.life_cycle import LIFE_CYCLE, Gaps, assign_life_cycle, measure_gaps
from loyalty.tables.check import TableError

DAY = pd.Timestamp("2017-07-01")


def make_receipts(gaps: dict[int, list[int]], start: str = "2016-12-30") -> pd.DataFrame:
    """Customers who buy on a first day and then after each of their gaps; across a year's end and a leap day."""
    rows = [
        (who, pd.Timestamp(start) + pd.Timedelta(days=int(d))) for who, g in gaps.items() for d in np.cumsum([0, *g])
    ]
    return pd.DataFrame(rows, columns=["customer_id", "time"]).assign(sales=10.0)


def make_gaps(cool: float, quiet: float, *, times: tuple[float, float] = (1.5, 2.5), own_from: int = 3) -> Gaps:
    table = pd.DataFrame(
        {"share": [0.8, 0.95], "any_gap": [1, 2], "typical_customer": [cool, quiet], "times_own_mean": times}
    )
    return Gaps(table, DAY, 100, 100, own_from)


def name_by_hand(row: pd.Series, gaps: Gaps) -> str:
    """The decision list, one customer at a time."""
    cool, quiet = gaps.table["typical_customer"]
    if row["frequency"] == 0:
        return "never bought"
    if row["tenure_days"] <= quiet:
        return "new"
    if row["x"] >= gaps.own_from:
        cool, quiet = row["gap_days"] * gaps.table["times_own_mean"]
    return "gone quiet" if row["recency_days"] > quiet else "cooling" if row["recency_days"] > cool else "active"


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(data=st.data(), cool=st.integers(1, 60), longer=st.integers(0, 300))
def test_every_made_customer_is_in_exactly_one_state_the_one_that_the_list_says(profiles, data, cool, longer):
    profile = data.draw(profiles)
    gaps = make_gaps(cool, cool + longer)
    states = assign_life_cycle(profile, gaps=gaps)
    assert states["customer_id"].tolist() == sorted(profile["customer_id"])
    assert set(states["segment"]) <= set(LIFE_CYCLE)
    expected = profile.sort_values("customer_id").apply(name_by_hand, axis=1, gaps=gaps)
    assert states["segment"].tolist() == expected.tolist()
    shuffled = assign_life_cycle(profile.sample(frac=1, random_state=1), gaps=gaps)
    pd.testing.assert_frame_equal(shuffled, states)


def test_gaps_are_counted_in_days_over_years_and_leap_days_and_on_any_engine():
    receipts = make_receipts({1: [1, 2, 60, 365], 2: [800], 3: []})
    gaps = measure_gaps(receipts, "2026-01-01", shares=(0.2, 0.4, 0.6, 0.8, 1.0), own_from=4)
    assert (gaps.n_gaps, gaps.n_customers) == (5, 2)
    assert gaps.table["any_gap"].tolist() == [1, 2, 60, 365, 800]
    # A customer counts once: the four gaps of the first weigh an eighth each, the one of the second a half.
    assert gaps.table["typical_customer"].tolist() == [2, 365, 800, 800, 800]
    assert gaps.table["times_own_mean"].tolist() == [0.01, 0.02, 0.56, 3.41, 3.41]
    relation = measure_gaps(duckdb.from_df(receipts), "2026-01-01", shares=(0.2, 0.4, 0.6, 0.8, 1.0), own_from=4)
    pd.testing.assert_frame_equal(relation.table, gaps.to_frame())


@pytest.mark.slow
def test_the_gaps_are_those_of_the_profile_and_of_plain_pandas(households, journey):
    gaps = measure_gaps(journey.receipts, "2017-07-01")
    assert gaps.n_gaps == households[0]["x"].sum() == 60_314
    days = journey.receipts.assign(day=journey.receipts["time"].dt.normalize()).query("time < '2017-07-01'")
    days = days.drop_duplicates(["customer_id", "day"]).sort_values(["customer_id", "day"])
    lengths = days.groupby("customer_id")["day"].diff().dt.days.dropna()
    expected = np.quantile(lengths, gaps.table["share"], method="inverted_cdf")
    assert gaps.table["any_gap"].tolist() == expected.tolist() == [3, 8, 13, 19, 43]
    assert gaps.warnings == ()
    assert "60,314 gaps of 2,320 customers before 2017-07-01" in gaps._repr_html_()


def test_frequent_customers_do_not_set_the_limits_of_all():
    weekly = {i: [2] * 100 for i in range(10)}
    gaps = measure_gaps(make_receipts(weekly | {i: [40] for i in range(10, 60)}), "2026-01-01", shares=(0.8,))
    assert gaps.at(0.8)["any_gap"] == 2
    assert gaps.at(0.8)["typical_customer"] == 40
    assert gaps.warnings == ("only 60 customers bought on two days: the quantiles are rough",)


def test_returns_are_no_purchases_and_a_base_without_gaps_is_refused():
    receipts = make_receipts({1: [5, 5]})
    receipts.loc[1, "sales"] = -3.0
    assert measure_gaps(receipts, "2026-01-01", shares=(0.5,), own_from=1).table["any_gap"].tolist() == [10]
    with pytest.raises(TableError, match="nobody bought on two days before 2026-01-01"):
        measure_gaps(make_receipts({1: [], 2: []}), "2026-01-01")
    for wrong in ({"shares": (80,)}, {"own_from": 0}):
        with pytest.raises(TableError, match="shares lie between 0 and 1, own_from is 1 or more"):
            measure_gaps(receipts, "2026-01-01", **wrong)
    with pytest.raises(TableError, match="there is no share 0.85; measure_gaps was asked for 0.8, 0.95"):
        make_gaps(1, 2).at(0.85)


def test_thirty_days_are_too_short_where_people_buy_every_45_and_their_own_gaps_are_not():
    rng = np.random.default_rng(4)
    rhythm = {i: rng.integers(40, 51, size=9).tolist() for i in range(200)}
    receipts = make_receipts(rhythm, start="2016-01-01")
    as_of = "2017-01-20"
    profile = build_profile(receipts[receipts["time"] < as_of], as_of)
    fixed = assign_life_cycle(profile, gaps=(30, 90))["segment"]
    own = assign_life_cycle(profile, gaps=measure_gaps(receipts, as_of))["segment"]
    silent = (profile["recency_days"] > 30).mean()
    assert (fixed == "cooling").mean() == silent > 0.1
    assert (own == "cooling").mean() < silent / 4
    assert set(own) <= {"active", "cooling"}


def test_a_newcomer_is_new_however_rarely_he_has_bought_and_a_one_timer_in_time_is_no_newcomer():
    profile = pd.DataFrame({"customer_id": [1, 2, 3], "as_of": DAY, "frequency": 1, "recency_days": [5.0, 30.0, 31.0],
                            "tenure_days": [5.0, 30.0, 31.0], "x": 0.0, "gap_days": np.nan})  # fmt: skip
    assert assign_life_cycle(profile, gaps=(10, 30))["segment"].tolist() == ["new", "new", "gone quiet"]


@pytest.mark.slow
def test_who_was_gone_quiet_and_bought_since_has_returned(households, journey):
    gaps = measure_gaps(journey.receipts, "2017-07-01")
    july = assign_life_cycle(households[0], gaps=gaps)
    october = assign_life_cycle(households[1], gaps=gaps, before=july)
    without = assign_life_cycle(households[1], gaps=gaps)
    quiet = set(july.loc[july["segment"] == "gone quiet", "customer_id"])
    returned = set(october.loc[october["segment"] == "returned", "customer_id"])
    between = journey.receipts.query("'2017-07-01' <= time < '2017-10-01'")
    assert returned <= quiet & set(between["customer_id"])
    assert (len(quiet), len(returned)) == (367, 247)
    assert "returned" not in set(without["segment"])
    unchanged = ~october["customer_id"].isin(returned)
    assert (october["segment"] == without["segment"])[unchanged].all()
    with pytest.raises(TableError, match="which is not earlier"):
        assign_life_cycle(households[0], gaps=gaps, before=july)


def test_the_version_says_which_gaps_were_used_and_limits_in_the_wrong_order_are_refused(households):
    assert assign_life_cycle(households[0], gaps=(30, 90))["version"].unique().tolist() == ["30/90 days"]
    by_gaps = assign_life_cycle(households[0], gaps=make_gaps(20, 50))
    assert by_gaps["version"].unique().tolist() == ["0.8/0.95 of gaps before 2017-07-01"]
    assert (by_gaps["cooling_after"] <= by_gaps["quiet_after"]).all()
    for wrong in ((90, 30), (0, 30), make_gaps(50, 20)):
        with pytest.raises(TableError, match="cooling should come before quiet"):
            assign_life_cycle(households[0], gaps=wrong)
