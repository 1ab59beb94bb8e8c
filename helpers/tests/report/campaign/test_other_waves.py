"""Earlier and overlapping campaigns: whose other offer was still valid, and what that does to the verdict."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from loyalty.report.campaign.other_waves import check_other_waves, read_other_waves
from loyalty.report.campaign.report import report_campaign
from loyalty.tables.check import TableError

from ..conftest import SETTINGS

COSTS = {"contact_cost": 0.08, "reward_cost": 0.0, "point_cost": 0.0}
CONTACTS = pd.DataFrame({"campaign_id": "may", "wave": 1, "customer_id": range(400)})
CONTACTS["arm"] = np.where(CONTACTS["customer_id"] < 200, "mail", "control")


def list_others(ids, start="2023-04-10", end="2023-05-10", arm="gift", campaign="april") -> pd.DataFrame:
    days = {"start": pd.Timestamp(start), "end": pd.Timestamp(end)}
    return pd.DataFrame({"campaign_id": campaign, "wave": 1, "customer_id": list(ids), "arm": arm, **days})


DAYS = pd.Timestamp("2023-05-01"), pd.Timestamp("2023-06-12")  # four weeks, and two after them


def check(other, days=DAYS):
    return check_other_waves(CONTACTS, other, days)[1:]


def test_without_the_days_of_this_campaign_nobody_can_say_whose_offer_was_still_valid():
    state, says = check(list_others(range(50)), days=None)
    assert state == "not done" and "settings start and end" in says
    assert check(list_others([]), days=None)[0] == "good"


def test_control_with_another_offer_that_is_still_valid_is_contaminated():
    state, says = check(list_others(range(150, 250)))
    assert state == "alarm" and "control no longer shows what happens without an offer" in says
    assert says.startswith("50 (25.0%) of control and 50 (25.0%) of the treated had an offer from the campaign 'april'")


def test_only_the_treated_with_another_offer_is_carry_over_and_refuses_nothing():
    state, says = check(list_others(range(50)))
    assert state == "look" and says.startswith("0 (0.0%) of control and 50 (25.0%) of the treated")


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        ("2023-04-01", "2023-05-01", "good"),  # used up to the day before the start
        ("2023-04-01", "2023-05-02", "alarm"),
        ("2023-06-11", "2023-06-20", "alarm"),  # the last day of the window after it
        ("2023-06-12", "2023-06-20", "good"),
    ],
)
def test_an_offer_counts_if_it_could_be_used_on_a_day_that_is_measured(start, end, state):
    assert check(list_others(range(400), start, end))[0] == state


def test_the_control_of_another_campaign_had_no_offer():
    assert check(list_others(range(400), arm="control"))[0] == "good"


def test_lists_that_share_no_customer_are_asked_about_their_numbers():
    state, says = check(list_others(range(900, 950)))
    assert state == "look" and "are the customer numbers the same?" in says


def test_other_campaigns_are_not_checked_until_their_lists_are_given_or_none_is_declared():
    state, says = check(None)
    assert state == "not done" and "the table other_waves" in says
    declared = read_other_waves({}, {"other_waves": "none"}, CONTACTS)
    assert check(declared)[0] == "good" and read_other_waves({}, {"other_waves": None}, CONTACTS) is None
    with pytest.raises(TableError, match="leave one of them out"):
        read_other_waves({"other_waves": None}, {"other_waves": "none"}, CONTACTS)


def test_a_list_of_all_campaigns_may_hold_the_one_that_is_reported():
    all_of_them = pd.concat([list_others(range(400), campaign="may"), list_others(range(50))])
    table = SimpleNamespace(table=all_of_them)
    other = read_other_waves({"other_waves": table}, {"other_waves": None}, CONTACTS)
    assert set(other["campaign_id"]) == {"april"} and check(other)[0] == "look"


@pytest.mark.slow
def test_a_wave_whose_control_had_the_previous_offer_is_not_sent_again(campaign):
    control = campaign.contacts.loc[campaign.contacts["arm"] == "control", "customer_id"]
    report = report_campaign(campaign.load(other_waves=list_others(control[::2])), SETTINGS | COSTS)
    assert report.verdict == "open" and report.card.verdict.startswith("Do not use this result yet")
    words = " ".join([report.card.headline, *report.card.notes])
    assert "send again" not in words and "Take everybody who had another offer off the list" in words
