"""Receipts of one group that repeat, come to nothing or do not add up; and what no table shows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from loyalty.evaluate.clinic.blind import find_smallest_loss
from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.placebo import measure_placebo_lift

from .test_examine import END, START, broken, examine, make_campaign

HOUR = pd.Timedelta(hours=1)


def write_receipts(outcomes):
    """Receipts of 20.00 that add up to the outcomes, one an hour from the window's second day on."""
    rows = outcomes.loc[outcomes.index.repeat(outcomes["orders"])]
    hours = 24 + rows.groupby(level=0).cumcount()
    return pd.DataFrame({"customer_id": rows["customer_id"], "time": rows["start"] + hours * HOUR, "sales": 20.0})


def look(contacts, outcomes, receipts, **plan):
    from .test_examine import PLAN

    return examine_campaign(contacts, outcomes, PLAN | plan, receipts=receipts)


@pytest.fixture
def campaign():
    contacts, outcomes = make_campaign(2_000)
    return contacts, outcomes, write_receipts(outcomes)


def find_group(contacts, receipts, arm):
    return receipts["customer_id"].isin(contacts.loc[contacts["arm"] == arm, "customer_id"])


@pytest.mark.slow
def test_receipts_that_add_up_are_no_fault_and_the_order_or_spelling_of_their_rows_is_none(campaign):
    contacts, outcomes, receipts = campaign
    assert look(contacts, outcomes, receipts).verdict == "sign"
    text = receipts.assign(customer_id="0" + receipts["customer_id"].astype("str")).sample(frac=1, random_state=3)
    strangers = text.head(500).assign(customer_id="999")
    assert look(contacts, outcomes, pd.concat([text, strangers])).verdict == "sign"


@pytest.mark.slow
@pytest.mark.parametrize("arm", ["control", "mail"])
def test_receipts_of_one_group_that_are_there_twice_are_told_with_what_they_do_to_the_lift(campaign, arm):
    contacts, outcomes, receipts = campaign
    mine = receipts[find_group(contacts, receipts, arm)].iloc[::20]
    twice = mine.groupby(["customer_id", mine["time"] >= START])["sales"].sum()
    keys = pd.MultiIndex.from_arrays([outcomes["customer_id"], outcomes["window"] == "main"])
    more = outcomes.assign(sales=outcomes["sales"] + twice.reindex(keys).fillna(0.0).to_numpy())
    found = look(contacts, more, pd.concat([receipts, mine]))
    moved = measure_lift(contacts, more).effect - measure_lift(contacts, outcomes).effect
    assert broken(found)[0] == "broken join" and "Receipts repeat another" in found["broken join"].evidence
    assert all(finding.follows == "broken join" for finding in found.problems[1:])
    assert f"makes {moved:,.2f} a customer of the lift".replace("-", "−") in found["broken join"].evidence
    assert found["broken join"].advice.startswith("Count each receipt once")
    alike = pd.concat([receipts, receipts[np.random.default_rng(2).random(len(receipts)) < 0.05]])
    keys = alike.groupby(["customer_id", alike["time"] >= START])["sales"].sum()
    both = pd.MultiIndex.from_arrays([outcomes["customer_id"], outcomes["window"] == "main"])
    same = outcomes.assign(sales=keys.reindex(both).fillna(0.0).to_numpy())
    assert look(contacts, same, alike)["broken join"].state == "sound"  # in both groups alike it moves no lift


def test_receipts_of_one_group_that_are_set_to_nothing_are_told(campaign):
    contacts, outcomes, receipts = campaign
    lost = find_group(contacts, receipts, "mail") & (np.arange(len(receipts)) % 20 == 0)
    kept = receipts.assign(sales=receipts["sales"].where(~lost, 0.0))
    sums = kept.groupby(["customer_id", kept["time"] >= START])["sales"].sum()
    keys = pd.MultiIndex.from_arrays([outcomes["customer_id"], outcomes["window"] == "main"])
    found = look(contacts, outcomes.assign(sales=sums.reindex(keys).fillna(0.0).to_numpy()), kept)
    assert broken(found)[0] == "broken join" and found["broken join"].evidence.startswith("Receipts are of 0: ")
    assert "0.0% of control" in found["broken join"].evidence and "−" in found["broken join"].evidence


def test_outcomes_of_one_group_that_are_of_other_days_than_they_say_are_told(campaign):
    contacts, outcomes, receipts = campaign
    mine = outcomes["window"].eq("main") & find_group(contacts, outcomes, "control")
    earlier = receipts[(receipts["time"] >= START - 72 * HOUR) & (receipts["time"] < END - 72 * HOUR)]
    earlier = earlier.assign(time=earlier["time"] + 24 * HOUR)  # a day later than it was bought: other sums
    sums = earlier[earlier["time"] < START + 26 * HOUR].groupby("customer_id")["sales"].sum()
    other = outcomes["customer_id"].map(sums).fillna(0.0)
    found = look(contacts, outcomes.assign(sales=outcomes["sales"].mask(mine, other)), receipts)
    assert "broken join" in broken(found) and "add up to: 0.0% of the treated" in found["broken join"].evidence
    assert found["unequal seasons"].state == "sound" and "over the same days" in found["broken join"].advice


@pytest.mark.slow
def test_with_receipts_the_examination_holds_the_placebo_of_earlier_days(campaign):
    contacts, outcomes, receipts = campaign
    early = receipts.assign(time=receipts["time"] - pd.Timedelta(days=28))
    both = pd.concat([receipts, early[early["time"] < START - pd.Timedelta(days=28)]])
    found = look(contacts, outcomes, both)
    people = contacts[["campaign_id", "wave", "customer_id", "arm"]]
    alone = measure_placebo_lift(people, both, start=START, end=END)
    assert found.placebo.effect == pytest.approx(alone.effect) and found.placebo.window == alone.window
    assert found.placebo.sentence() in found._repr_html_()
    assert examine(contacts, outcomes).placebo is None and not examine(contacts, outcomes).no_placebo


def test_without_a_placebo_the_examination_says_why(campaign):
    contacts, outcomes, receipts = campaign
    short = look(contacts, outcomes, receipts[receipts["time"] >= START])
    assert short.placebo is None and "for a placebo they have to reach back" in short.no_placebo
    assert "No lift of earlier days: the receipts begin on" in short._repr_html_()
    undated = examine_campaign(contacts, outcomes, receipts=receipts)
    assert undated.placebo is None and undated.no_placebo == "the plan has no start and end"


def test_what_no_table_shows_is_listed_with_the_size_from_which_it_would_show(campaign):
    contacts, outcomes, receipts = campaign
    bare = examine(contacts, outcomes)
    lost = find_smallest_loss(2_000, 0.5)
    assert f"only if {lost:.1%} of control or {lost:.1%} of the treated or more are lost" in bare.blind[0]
    assert "give `receipts`" in bare.blind[-1] and len(look(contacts, outcomes, receipts).blind) == 2
    assert "Cannot be seen: prices or taxes" in bare._repr_html_()


@pytest.mark.parametrize(("customers", "share"), [(2_000, 0.5), (20_000, 0.1), (20_000, 0.9)])
def test_the_smallest_loss_is_seen_in_eighty_of_a_hundred_campaigns(customers, share):
    lost = find_smallest_loss(customers, share)
    rng = np.random.default_rng(5)
    drawn = rng.binomial(customers, share, 4_000)
    left = drawn - np.round(lost * drawn).astype(int)
    total = customers - drawn + left
    found = stats.chisquare([left, total - left], [share * total, (1 - share) * total], axis=0).pvalue
    assert (found < 0.001).mean() == pytest.approx(0.8, abs=0.04)
    assert np.isnan(find_smallest_loss(20, 0.05))
    with pytest.raises(ValueError, match="customers should be 1 or more"):
        find_smallest_loss(0, 0.5)
