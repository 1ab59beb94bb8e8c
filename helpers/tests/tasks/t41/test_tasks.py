"""Exercise 41: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.datasets.loaders import checkpoint, complete_journey
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.stats.shrinkage import shrink_normal
from loyalty.tasks import check
from loyalty.tasks.t41.scene import load_summer


@pytest.fixture(scope="module")
def chain():
    return complete_journey()


@pytest.fixture(scope="module")
def contacts():
    return checkpoint("contacts_cj")


@pytest.fixture(scope="module")
def rows(chain, contacts):
    responded = chain.redemptions[["campaign_id", "customer_id"]].drop_duplicates().assign(responded=1)
    return contacts.merge(responded, how="left").fillna({"responded": 0})


def test_non_responders_dropped_are_named(chain, contacts):
    high = contacts[(contacts.offer_id == "Type B") & (contacts.segment == "high")]
    joined = high.merge(chain.redemptions[["campaign_id", "customer_id"]].drop_duplicates(), how="inner")
    assert check("41a", len(joined) / len(joined)).mistake == "non_responders_dropped"


def test_todays_segment_for_the_segment_then_is_named(chain, rows):
    last = chain.receipts[chain.receipts.time >= "2017-10-09"].groupby("customer_id").sales.sum()
    third = last[last > 0].quantile(2 / 3)
    best_today = set(last[last > third].index)
    cell = rows[(rows.offer_id == "Type B") & rows.customer_id.isin(best_today)]
    assert check("41a", cell.responded.mean()).mistake == "segment_of_today"


def test_coupons_counted_as_responses_are_named(chain, contacts):
    high = contacts[(contacts.offer_id == "Type B") & (contacts.segment == "high")]
    redeemed = high.merge(chain.redemptions[["campaign_id", "customer_id"]])
    assert check("41a", len(redeemed) / len(high)).mistake == "coupons_for_households"


def test_a_cell_with_one_response_crowned_best_is_named(rows):
    cells = rows[rows.offer_id != "Type A"].groupby(["campaign_id", "segment"]).responded.mean()
    assert check("41c", cells.idxmax()).mistake == "tiny_cell_crowned"


def test_a_response_rate_for_a_lift_is_named():
    assert check("41d", "A").mistake == "response_rate_for_lift"


def test_one_initiative_under_two_names_is_named(rows):
    rates = rows[rows.campaign_id.isin([21, 22])].groupby("campaign_id").responded.mean()
    assert check("41e", rates[21]).mistake == "one_of_two_names"
    assert check("41e", rates.mean()).mistake == "mean_of_two_rates"


def test_the_crude_quotient_is_named(rows):
    before = rows.sort_values("start")
    parts = []
    for wave in before.itertuples():
        earlier = before[(before.customer_id == wave.customer_id) & (before.end <= wave.start)]
        parts.append("yes" if earlier.responded.any() else "no" if len(earlier) else "new")
    rates = before.groupby(pd.Series(parts, before.index)).responded.mean()
    assert check("41f", rates["yes"] / rates["no"]).mistake == "crude"


@pytest.fixture(scope="module")
def summer():
    return load_summer()


def test_a_raw_lift_of_the_best_cell_is_named_the_winners_curse(summer):
    spent = summer.pivot_table("sales", "segment", "arm")
    lifts = spent.drop(columns="control").sub(spent.control, axis=0)
    assert check("41g", lifts.max().max()).mistake == "winners_curse"


def test_a_response_rate_of_the_best_cell_for_its_lift_is_named(summer):
    answered = summer.groupby(["arm", "segment"]).redeemed.mean()
    assert check("41g", answered.max()).mistake == "response_rate_for_lift"


def test_redeemers_against_control_and_the_control_of_all_segments_are_named(summer):
    cell = summer[(summer.arm == "bonus_points") & (summer.segment == "lately, many")]
    control = summer[summer.arm == "control"]
    used, own = cell[cell.redeemed == 1], control[control.segment == "lately, many"]
    assert check("41g", used.sales.mean() - own.sales.mean()).mistake == "redeemers_against_control"
    assert check("41g", cell.sales.mean() - control.sales.mean()).mistake == "control_of_all_segments"


def test_the_lift_of_the_whole_offer_and_one_bank_for_both_offers_are_named(summer):
    spent = summer.groupby("arm").sales.mean()
    assert check("41g", spent.bonus_points - spent.control).mistake == "all_segments"
    cells = measure_lift(summer, outcome="sales", by="segment").to_frame()
    one_bank = shrink_normal(cells.effect, (cells.high - cells.low) / 3.92).table.shrunken
    assert check("41g", one_bank[cells.shrunken.idxmax()]).mistake == "one_bank"
