"""Cards and deciles: the segments add up to the whole, and each number carries an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from loyalty.segment.rules.cards import cross_value, make_cards
from loyalty.segment.rules.life_cycle import LIFE_CYCLE, assign_life_cycle
from loyalty.segment.rules.rfm import RFM_SEGMENTS, name_segments, score_rfm
from loyalty.stats.intervals import interval_of_median, interval_of_share
from loyalty.tables.check import TableError

DAY = pd.Timestamp("2017-07-01")


@pytest.fixture(scope="module")
def segments(households) -> pd.DataFrame:
    return name_segments(score_rfm(households[0]))


def make_table(names: list[str], money: list[float]) -> tuple[pd.DataFrame, pd.DataFrame]:
    ids = pd.DataFrame({"customer_id": range(len(names)), "as_of": DAY})
    profile = ids.assign(recency_days=2.0, frequency=1, monetary=money)
    return ids.assign(scheme="made", version="1", segment=pd.Series(names, dtype="str")), profile


@given(st.integers(0, 400), st.integers(1, 400), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_interval_of_a_share_is_wilsons(count, more, level):
    total = count + more - 1 if more > 1 else max(count, 1)
    low, high = interval_of_share(count, total, level=level)
    assert (float(low), float(high)) == pytest.approx(proportion_confint(count, total, 1 - level, "wilson"), abs=1e-12)
    assert 0 <= low <= count / total <= high <= 1


def test_a_share_of_nobody_has_no_interval():
    low, high = interval_of_share([0, 1], [0, 2])
    assert np.isnan(low[0]) and np.isnan(high[0])
    assert 0 < low[1] < 0.5 < high[1] < 1


@pytest.mark.parametrize("n", [6, 7, 9, 20, 51, 400])
def test_the_interval_of_a_median_covers_at_least_95_percent_and_a_narrower_one_would_not(n):
    low, high = interval_of_median(np.random.default_rng(n).permutation(n) + 1.0)
    assert low + high == n + 1

    def covers(rank: float) -> float:
        return 1 - 2 * stats.binom.cdf(rank - 1, n, 0.5)

    assert covers(low) >= 0.95 > covers(low + 1)


def test_a_median_of_five_values_has_no_95_percent_interval_and_empty_values_do_not_count():
    assert np.isnan(interval_of_median([1, 2, 3, 4, 5])).all()
    assert np.isnan(interval_of_median([])).all()
    assert interval_of_median([*range(1, 10), np.nan]) == (2, 8)


def test_the_cards_of_the_households_add_up_to_the_receipts_to_the_cent(segments, households, journey):
    cards = make_cards(segments, households[0], actions=RFM_SEGMENTS.actions).to_frame()
    before = journey.receipts[journey.receipts["time"] < DAY]
    assert round(cards["money"].sum(), 2) == round(before["sales"].sum(), 2)
    assert cards["customers"].sum() == 2_469
    assert cards[["share", "money_share"]].sum().tolist() == pytest.approx([1, 1])
    for name in ("share", "money_share", "recency_days_median", "frequency_median", "monetary_median"):
        stem = name.removesuffix("_median")
        known = cards[name].notna()
        assert (cards[f"{stem}_low"] <= cards[name])[known].all()
        assert (cards[name] <= cards[f"{stem}_high"])[known].all()
    assert cards["segment"].tolist() == list(RFM_SEGMENTS.actions)
    champions = households[0][segments["segment"] == "champions"]
    assert cards.loc[0, "monetary_median"] == champions["monetary"].median()


def test_the_interval_of_a_share_of_money_agrees_with_the_bootstrap(segments, households):
    cards = make_cards(segments, households[0], actions=RFM_SEGMENTS.actions).to_frame().set_index("segment")
    money, inside = households[0]["monetary"].to_numpy(), (segments["segment"] == "champions").to_numpy()
    rng = np.random.default_rng(5)
    picks = (rng.integers(len(money), size=len(money)) for _ in range(3_000))
    draws = [money[pick][inside[pick]].sum() / money[pick].sum() for pick in picks]
    width = cards.loc["champions", "money_share_high"] - cards.loc["champions", "money_share_low"]
    assert width / (2 * stats.norm.ppf(0.975)) == pytest.approx(np.std(draws), rel=0.06)


def test_a_segment_without_an_action_is_refused(segments, households):
    actions = {k: v for k, v in RFM_SEGMENTS.actions.items() if k != "lost"} | {"loyal": " "}
    with pytest.raises(TableError) as refusal:
        make_cards(segments, households[0], actions=actions)
    assert refusal.value.problems == [
        "segment 'lost' (445 of 2,469 customers) has no action: then why is it a segment?",
        "segment 'loyal' (470 of 2,469 customers) has no action: then why is it a segment?",
    ]


def test_the_cards_warn_of_empty_and_of_tiny_segments_and_show_every_action(segments, households):
    cards = make_cards(segments, households[0], actions=RFM_SEGMENTS.actions | {"whales": "Dine <them>."})
    assert cards.warnings == (
        "no customer is in: whales",
        "under 30 customers, too few to plan with: new customers, promising",
    )
    shown = cards._repr_html_()
    assert shown.count("→") == 11
    assert "Thank them by name" in shown and "color:" not in shown.replace("border-color:", "")
    states = assign_life_cycle(households[0], gaps=(30, 90))
    whose = make_cards(states, households[0], actions={name: f"<b>{name}</b>" for name in LIFE_CYCLE})
    assert "&lt;b&gt;active" in whose._repr_html_()


def test_segments_and_profile_must_speak_of_the_same_customers_and_the_same_day(segments, households):
    for part, problem in (
        (segments.iloc[1:], "1 of 2,469 customers .customer_id 1.: not in the segments"),
        (segments.assign(as_of=pd.Timestamp("2017-08-01")), "as of 2017-08-01, the profile as of 2017-07-01"),
        (pd.concat([segments, segments]), "should be different in every row"),
        (pd.concat([segments, segments.assign(scheme="other")]), "one segmentation at a time, found other, rfm"),
    ):
        for call in (lambda part=part: cross_value(part, households[0]),
                     lambda part=part: make_cards(part, households[0], actions=RFM_SEGMENTS.actions)):  # fmt: skip
            with pytest.raises(TableError, match=problem):
                call()
    with pytest.raises(TableError, match="not in the profile"):
        cross_value(segments, households[0].iloc[:-1])


def test_deciles_of_the_households_add_up_to_the_cent(segments, households):
    cross = cross_value(segments, households[0])
    assert round(cross["money"].sum(), 2) == round(households[0]["monetary"].sum(), 2) == 2_251_408.20
    assert len(cross) == 11 * 10
    by_segment = cross.groupby("segment")["money"].sum()
    cards = make_cards(segments, households[0], actions=RFM_SEGMENTS.actions).to_frame().set_index("segment")["money"]
    assert by_segment.round(2).to_dict() == cards.round(2).to_dict()
    by_decile = cross.groupby("decile")["customers"].sum()
    assert by_decile.tolist() == pytest.approx([247] * 10, abs=1)
    assert cross[["share", "money_share"]].sum().tolist() == pytest.approx([1, 1])


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_segments_and_deciles_of_made_customers_add_up_and_equal_customers_share_a_decile(profiles, data):
    profile = data.draw(profiles)
    segments = name_segments(score_rfm(profile))
    cross = cross_value(segments, profile)
    assert cross["customers"].sum() == len(profile)
    assert cross["money"].sum() == pytest.approx(profile["monetary"].sum(), abs=0.005)
    cards = make_cards(segments, profile, actions=RFM_SEGMENTS.actions).to_frame()
    assert cards["money"].sum() == pytest.approx(profile["monetary"].sum(), abs=0.005)
    assert cards["customers"].sum() == len(profile)


def test_equal_customers_share_a_decile_whatever_their_segment():
    segments, profile = make_table(["a", "b"] * 10, [5.0] * 12 + [9.0] * 8)
    cross = cross_value(segments, profile)
    filled = cross[cross["customers"] > 0]
    assert filled.groupby("decile")["customers"].sum().to_dict() == {1: 12, 10: 8}
    nothing = cross_value(segments, profile.assign(monetary=0.0))
    assert nothing["money_share"].isna().all()
    assert np.isnan(
        make_cards(segments, profile.assign(monetary=0.0), actions={"a": "x", "b": "y"}).table["money_share"]
    ).all()


def test_a_value_that_is_missing_or_unknown_is_refused():
    segments, profile = make_table(["a", "b"], [5.0, 9.0])
    with pytest.raises(TableError, match="1 of 2 customers without margin: they cannot be ranked by it"):
        cross_value(segments, profile.assign(margin=[1.0, np.nan]), value="margin")
    with pytest.raises(TableError, match="there is no column `margin`"):
        cross_value(segments, profile, value="margin")
    with pytest.raises(TableError, match="the contract `profile` has no column `fame`"):
        cross_value(segments, profile, value="fame")
    with pytest.raises(TableError, match="deciles should be 2 or more"):
        cross_value(segments, profile, deciles=1)
