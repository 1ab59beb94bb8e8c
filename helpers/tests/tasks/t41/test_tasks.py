"""Exercise 41: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import pandas as pd
import pytest

from loyalty.datasets.loaders import checkpoint, complete_journey
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.learn.history.response_rates import measure_rates
from loyalty.stats.shrinkage import shrink_normal, shrink_rates
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


@pytest.mark.slow
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
    assert check("41g", answered["bonus_points", "lately, some"]).mistake == "response_rate_for_lift"
    assert check("41g", answered.max()).mistake == "highest_rate"


def test_the_cell_with_the_highest_response_rate_is_not_right_by_luck(summer):
    answered = summer.groupby(["arm", "segment"]).redeemed.mean()
    cells = measure_lift(summer, outcome="sales", by="segment").to_frame().set_index(["arm", "segment"])
    assert check("41g", cells.shrunken[answered.idxmax()]).mistake == "cell_with_the_highest_rate"
    assert check("41g", cells.effect[answered.idxmax()]).mistake == "raw_lift_of_the_highest_rate"


def test_redeemers_against_control_and_the_control_of_all_segments_are_named(summer):
    cell = summer[(summer.arm == "bonus_points") & (summer.segment == "lately, some")]
    control = summer[summer.arm == "control"]
    used, own = cell[cell.redeemed == 1], control[control.segment == "lately, some"]
    assert check("41g", used.sales.mean() - own.sales.mean()).mistake == "redeemers_against_control"
    assert check("41g", cell.sales.mean() - control.sales.mean()).mistake == "control_of_all_segments"


def test_the_lift_of_the_whole_offer_is_named(summer):
    spent = summer.groupby("arm").sales.mean()
    assert check("41g", spent.bonus_points - spent.control).mistake == "all_segments"


def test_other_banks_groups_and_units_of_the_lift_are_named(summer):
    table = measure_lift(summer, outcome="sales", by="segment").to_frame()
    best = table.loc[table.shrunken.idxmax()]
    here = summer[summer.segment == best.segment]
    spent = here.groupby("arm").sales.mean()
    cell = here[here.arm == best.arm]
    of_users = cell.groupby("redeemed").sales.mean()
    whole = summer.groupby(["arm", "segment"]).sales.mean()
    one_bank = shrink_normal(table.effect.to_numpy(), ((table.high - table.low) / 3.92).to_numpy()).table.shrunken
    treated = summer.assign(arm=summer.arm.where(summer.arm == "control", "treated"))
    answers = {
        "one_bank": one_bank.max(),
        "offers_as_one": measure_lift(treated, outcome="sales", by="segment").to_frame().shrunken.max(),
        "per_week": best.shrunken / 4,
        "percent_of_control": best.relative * 100,
        "fraction_of_control": best.relative,
        "shrunken_percent_of_control": best.shrunken / spent.control * 100,
        "highest_spend": whole.drop("control").max() - summer[summer.arm == "control"].sales.mean(),
        "users_against_the_rest": of_users[1] - of_users[0],
        "per_user": best.effect / cell.redeemed.mean(),
        "shrunken_per_user": best.shrunken / cell.redeemed.mean(),
        "offer_against_offer": spent.bonus_points - spent.free_delivery,
        "mean_of_all_cells": table.effect.mean(),
        "another_cell": table.shrunken[table.shrunken_low.idxmax()],
        "hundred_times": best.shrunken * 100,
    }
    for name, value in answers.items():
        assert check("41g", round(float(value), 2)).mistake == name


def test_the_segment_of_the_last_contact_is_named(rows):
    ordered = rows.sort_values(["start", "campaign_id"])
    last = ordered.groupby("customer_id").segment.last()
    type_b = ordered[ordered.offer_id == "Type B"]
    rate = type_b[type_b.customer_id.map(last) == "high"].responded.mean()
    assert check("41a", rate).mistake == "segment_of_the_last_contact"


@pytest.mark.slow
def test_other_columns_of_the_table_are_named(rows):
    coupons = rows[rows.offer_id != "Type A"]
    assert check("41b", coupons.responded.mean()).mistake == "raw_rate_of_all"
    table = measure_rates(
        coupons.assign(responded=coupons.responded.astype("int64"), window="main"),
        by=["campaign_id", "segment"],
        min_size=1,
    ).table
    hit = table[(table.campaign_id == 4) & (table.segment == "low")]
    assert check("41b", hit.kept.item()).mistake == "share_kept"


def test_invitations_without_a_segment_that_were_dropped_are_named(rows):
    coupons = rows[rows.offer_id != "Type A"]
    cells = coupons.groupby(["campaign_id", "segment"]).responded.agg(["sum", "count"])
    calm = shrink_rates(cells["sum"], cells["count"]).table.shrunken
    here = [cell == (4, "low") for cell in cells.index]
    assert check("41b", calm[here].item()).mistake == "unknown_dropped"


@pytest.mark.parametrize(
    ("cell", "name"),
    [((18, "high"), "type_a"), ((99, "high"), "no_such_cell"), ((19, "high"), "other_cell")],
)
def test_any_other_cell_is_told_what_it_is(cell, name):
    assert check("41c", cell).mistake == name


def test_the_cell_may_come_as_a_list_with_its_campaign_as_text_or_with_the_segment_first():
    assert check("41c", ["16", "High"]).status == check("41c", ("high", 16)).status == "right"


def test_a_join_that_repeats_invitations_and_a_bank_of_each_campaign_are_named(chain, contacts, rows):
    cell = contacts[(contacts.offer_id == "Type B") & (contacts.segment == "high")]
    joined = cell.merge(chain.redemptions, on=["campaign_id", "customer_id"], how="left")
    assert check("41a", joined.redeemed_on.notna().mean()).mistake == "invitations_repeated"
    coupons = rows[rows.offer_id != "Type A"]
    table = measure_rates(
        coupons.assign(responded=coupons.responded.astype("int64"), window="main"),
        by=["campaign_id", "segment"],
        min_size=1,
        within="campaign_id",
    ).table
    hit = table[(table.campaign_id == 4) & (table.segment == "low")]
    assert check("41b", hit.shrunken.item()).mistake == "bank_of_the_campaign"
