"""The clinic on tables as people keep them: ids, times, arms and plans in odd forms, claims of what is not there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.clinic.checks_claims import check_seasons
from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import Claim
from loyalty.evaluate.clinic.record import compare_cells, open_record
from loyalty.tables.check import TableError

from .test_examine import DRAW, END, PLAN, START, broken, examine, make_campaign

DAY = pd.Timedelta(days=1)


@pytest.fixture
def campaign():
    return make_campaign()


@pytest.mark.parametrize("write", [int, float, "{} ".format])
def test_arms_may_be_numbers_and_their_names_may_end_in_blanks(campaign, write):
    contacts, outcomes = campaign
    arms = (contacts["arm"] == "mail").astype(int).map(write)
    plan = PLAN | {"planned_shares": {0: 0.5, 1: 0.5}}
    found = examine_campaign(contacts.assign(arm=arms), outcomes, plan, Claim(arm=1), control=0)
    assert found.verdict == "sign" and "200 0 (50.0%), 200 1 (50.0%)" in found["sample ratio"].evidence


def test_segments_may_be_numbers(campaign):
    contacts, outcomes = campaign
    found = examine(contacts.assign(segment=np.resize([1.0, 2.0], 200).repeat(2)), outcomes, Claim(segment=2))
    assert "one of 2 that could have won" in found["winner's curse"].evidence


def test_the_universal_control_is_no_stranger(campaign):
    contacts, outcomes = campaign
    kinds = np.where(contacts.index < 100, "universal", "none")
    few = outcomes[~outcomes["customer_id"].isin(contacts["customer_id"][110:130])]
    found = examine(contacts.assign(control_kind=kinds), few)["broken join"]
    assert found.evidence == "Of 300 customers 20 (6.7%) have no row of the window `main`."


@pytest.mark.parametrize("stranger", [np.nan, 3.0])
def test_rows_of_nobody_on_the_list_may_repeat(campaign, stranger):
    contacts, outcomes = campaign
    more = pd.concat([outcomes.head(9).assign(customer_id=stranger)] * 2)
    assert examine(contacts, pd.concat([outcomes, more])).verdict == "sign"


def test_the_rows_of_a_customer_under_two_spellings_are_repeats_and_those_of_the_very_id_count(campaign):
    contacts, outcomes = (table.assign(customer_id=table["customer_id"].map("{:07d}".format)) for table in campaign)
    short = outcomes.head(3).assign(customer_id=lambda rows: rows["customer_id"].str.lstrip("0"), sales=9e6)
    both = pd.concat([short, outcomes])
    found = examine(contacts, both)["broken join"]
    assert found.state == "broken" and found.evidence == "3 rows of the outcomes repeat a customer."
    assert open_record(contacts, both).windows["pre"]["sales"].max() < 1_000


def test_a_fault_of_the_join_is_told_once(campaign):
    contacts, outcomes = campaign
    numbers = ["orders", "sales", "responded"]
    outcomes.loc[outcomes["customer_id"].isin(contacts.loc[contacts["arm"] == "mail", "customer_id"]), numbers] = 0
    assert examine(contacts, outcomes)["broken join"].evidence.count("anything in any window") == 1


def test_an_infinite_number_is_none(campaign):
    contacts, outcomes = campaign
    for row, lost in (
        (3, "All 400 customers meet"),
        (503, "Of 400 customers 1 (0.2%) have no row of the window `main`"),
    ):
        found = examine(contacts, outcomes.assign(sales=outcomes["sales"].where(outcomes.index != row, np.inf)))
        assert found[DRAW].evidence and lost in found["broken join"].evidence and found.verdict == "sign"


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/Lima"])
def test_times_with_zones_count_by_the_clock_on_the_wall(campaign, zone):
    contacts, outcomes = campaign
    aware = {name: contacts[name].dt.tz_localize(zone) for name in ("sent_at", "assigned_at")}
    days = {name: outcomes[name].dt.tz_localize("UTC") for name in ("start", "end")}
    found = examine(contacts.assign(**aware), outcomes.assign(**days), planned_end=END.tz_localize(zone))
    assert found.verdict == "sign" and found["early stop"].state == "sound"


def test_times_may_be_texts_of_two_forms_and_two_zones(campaign):
    contacts, outcomes = campaign
    control = contacts["arm"] == "control"
    sent = np.where(contacts.index % 3, "2024-03-04 09:00:00+01:00", "2024-03-04T23:30:00-0500")
    drawn = contacts["assigned_at"].dt.strftime("%Y-%m-%d %H:%M").where(~control, "2024-04-05")
    found = examine(contacts.assign(sent_at=pd.Series(sent).where(~control), assigned_at=drawn), outcomes)
    assert broken(found) == [DRAW] and "100% of control was drawn from 2024-04-05 on" in found[DRAW].evidence


@pytest.mark.parametrize("day", ["2024-04-01", "2024-04-01 10:00", "2024-04-01T10:00:00+02:00", 20240401, END.date()])
def test_a_day_of_the_plan_may_be_text_number_or_have_an_hour(campaign, day):
    found = examine(*campaign, planned_end=day, registered_on="2024-03-04 10:00")
    assert found["early stop"].evidence == "The report ends as planned." and found.verdict == "sign"


@pytest.mark.parametrize("plan", [
    {"planned_end": "01.04.2024"}, {"planned_end": 45_383}, {"planned_shares": {"control": None, "mail": 1}},
    {"planned_shares": [0.5, 0.5]}, {"planned_shares": "control=50%, mail=50%"},
    {"planned_shares": "control=0.5, mail"},
])  # fmt: skip
def test_what_of_a_plan_could_be_read_in_two_ways_or_in_none_is_refused(campaign, plan):
    with pytest.raises(TableError, match="such as 2024-04-01|control=0.1, mail=0.9"):
        examine(*campaign, **plan)


@pytest.mark.parametrize("shares", ["control=50, mail=50", "control=0.5, mail=0.1", "control=nan, mail=0.5"])
def test_shares_that_do_not_sum_to_one_are_not_tested(campaign, shares):
    found = examine(*campaign, planned_shares=shares)["sample ratio"]
    assert found.state == "not seen" and "planned shares that can be tested" in found.evidence


def test_the_plan_of_another_wave_is_no_plan_of_this_one(campaign):
    for other in ({"campaign_id": "autumn"}, {"campaign_id": "spring", "wave": 2}):
        with pytest.raises(TableError, match="one row for this wave .spring . 1., found 0"):
            examine(*campaign, **other)
    rows = pd.DataFrame([PLAN | {"campaign_id": "spring", "wave": wave} for wave in (1.0, 2.0)])
    assert examine_campaign(*campaign, rows).verdict == "sign"
    assert examine_campaign(*campaign, rows.iloc[0])["early stop"].state == "sound"


@pytest.mark.parametrize("wave", [1.0, "1", " 1", None])
def test_a_wave_is_the_same_as_number_and_as_text(campaign, wave):
    contacts, outcomes = campaign
    assert examine(contacts, outcomes.assign(wave=wave)).verdict == "sign"
    assert examine(contacts.drop(columns="wave"), outcomes.assign(wave=wave)).verdict == "sign"


def test_exact_quotas_leave_nothing_to_the_test_of_the_sizes(campaign):
    found = examine(*campaign, mode="blocks")["sample ratio"]
    assert found.state == "not seen" and "the quotas were exact" in found.evidence and np.isnan(found.p)


def test_what_none_of_the_treated_got_is_no_offer(campaign):
    contacts, outcomes = campaign
    named = contacts["offer_id"].astype(object).fillna("none")
    assert examine(contacts.assign(offer_id=named), outcomes).verdict == "sign"


@pytest.mark.parametrize(("window", "state"), [("pre", "sound"), ("main", "broken")])
def test_coupons_that_control_redeemed_before_the_start_as_well_are_not_those_of_the_campaign(campaign, window, state):
    contacts, outcomes = campaign
    used = (outcomes["orders"] > 1) & outcomes["window"].isin(["main", window])
    assert examine(contacts, outcomes.assign(redeemed=used.astype(int)))["contamination"].state == state


def test_delivered_may_be_yes_and_no(campaign):
    contacts, outcomes = campaign
    said = contacts["delivered"].map({True: "Yes", False: "no"})
    found = examine(contacts.assign(delivered=said), outcomes)["failed channel"]
    assert found == examine(contacts, outcomes)["failed channel"] and found.state == "sound"


@pytest.mark.parametrize("columns", [[], ["channel", "operator"]])
@pytest.mark.parametrize(("part", "state"), [(0.0, "broken"), (0.14, "broken"), (1.0, None)])
def test_messages_of_which_hardly_any_arrived_are_a_failed_channel(campaign, columns, part, state):
    contacts, outcomes = campaign
    treated = contacts["arm"] == "mail"
    arrived = np.where(treated, contacts.index % 200 < 200 * part, None)
    found = examine(contacts.assign(delivered=arrived).drop(columns=columns), outcomes)["failed channel"]
    assert found.state == (state or ("not seen" if columns else "sound"))


def test_a_control_without_dates_is_not_called_measured_over_the_same_days(campaign):
    contacts, outcomes = campaign
    treated = outcomes["customer_id"].isin(contacts.loc[contacts["arm"] == "mail", "customer_id"])
    dates = {name: outcomes[name].where(treated) for name in ("start", "end")}
    assert examine(contacts, outcomes.assign(**dates))["unequal seasons"].state == "not seen"


def test_outcomes_measured_beyond_the_planned_end_are_found_whatever_the_plan_says(campaign):
    contacts, outcomes = campaign
    longer = outcomes.assign(end=outcomes["end"].where(outcomes["window"] == "pre", END + DAY))
    found = examine(contacts, longer)
    assert broken(found) == ["early stop"] and "1 day after the planned" in found["early stop"].evidence


@pytest.mark.slow
def test_days_that_roll_by_lot_ring_no_more_often_than_one_in_a_thousand():
    """Of 200 sound ones at .001 three or more ring less than twice in a thousand."""
    rung = 0
    for seed in range(200):
        rng = np.random.default_rng([37, seed])
        start = START + pd.to_timedelta(np.minimum(rng.geometric(0.15, 2_000), 60), unit="D")
        contacts = pd.DataFrame({"customer_id": range(2_000), "arm": "mail"})
        contacts.loc[rng.random(2_000) < 0.05, "arm"] = "control"
        outcomes = contacts[["customer_id"]].assign(window="main", start=start, end=start + 28 * DAY)
        rung += check_seasons(open_record(contacts, outcomes)).broken
    assert rung < 3


def test_a_claim_of_what_is_not_there_is_not_called_sound(campaign):
    contacts, outcomes = campaign
    one = contacts.assign(segment="all")
    assert examine(one, outcomes, Claim(segment="none such"))["winner's curse"].state == "not seen"
    found = examine(contacts, outcomes, Claim("profit", looks=5), primary_metric="profit")
    assert {found[check].state for check in ("early stop", "swapped metric")} == {"not seen"}
    assert "of everybody, which was looked at 5 times" in found["early stop"].evidence
    early = examine(contacts, outcomes, Claim("profit", looks=5), end=END - 7 * DAY)["early stop"]
    assert early.state == "broken" and "7 days before the planned" in early.evidence
    assert broken(examine(contacts, outcomes, Claim(window="summer"))) == ["broken join"]
    with pytest.raises(ValueError, match="looks should be a whole number"):
        Claim(looks=None)


@pytest.mark.parametrize("arms", [("control", "mail", "gift"), ("control", "mail")])
def test_chances_that_differ_by_customer_raise_no_false_alarm(arms):
    contacts, outcomes = make_campaign(3_000, arms=arms)
    rng, rich = np.random.default_rng(1), contacts.index >= 1_500
    chance = np.where(rich, 0.1, 0.5) if len(arms) > 2 else rng.uniform(0.2, 0.8, 3_000)
    drawn = np.where(rng.random(3_000) < chance, "control", rng.choice(arms[1:], 3_000))
    outcomes.loc[outcomes["customer_id"].isin(contacts["customer_id"][rich]), ["orders", "sales"]] += [2, 50.0]
    mine = np.where(drawn == "control", chance, (1 - chance) / (len(arms) - 1))
    bare = contacts[["customer_id"]].assign(arm=drawn, propensity=mine)
    assert broken(examine_campaign(bare.drop(columns="propensity"), outcomes)) == [DRAW] * (len(arms) > 2)
    found = examine_campaign(bare, outcomes)
    assert found[DRAW].state == "not seen" and "stratum if chances differ" in found[DRAW].evidence


def test_ten_customers_in_control_are_enough_to_look_at(campaign):
    contacts, outcomes = campaign
    contacts = contacts[(contacts["arm"] == "mail") | (contacts.index < 20)]
    found = examine(contacts, outcomes, planned_shares="control=0.05, mail=0.95")
    assert found.verdict == "sign" and "10 control (4.8%)" in found["sample ratio"].evidence
    contacts.loc[contacts.index[0], "delivered"] = True
    assert "1 (10.0%) of control were written to" in examine(contacts, outcomes)["contamination"].evidence


def test_two_columns_of_one_name_are_refused_in_words(campaign):
    contacts, outcomes = campaign
    with pytest.raises(TableError, match="two columns `arm`"):
        examine(pd.concat([contacts, contacts[["arm"]]], axis=1), outcomes)


def test_cells_are_compared_with_all_others_and_corrected_for_their_number():
    marks = pd.DataFrame({"channel": list("ab") * 20, "day": [START, START + DAY] * 20})
    table = compare_cells(pd.Series([True] * 40), marks, [["channel"], ["channel", "day"]], 20)
    assert table["label"].tolist() == [
        "channel a",
        "channel b",
        "channel a, day 2024-03-04",
        "channel b, day 2024-03-05",
    ]
    assert (table["p"] == 1).all() and compare_cells(pd.Series([True] * 40), marks, [["day"]], 21).empty


def test_numbers_with_a_decimal_comma_are_no_missing_customers():
    contacts = pd.DataFrame({"customer_id": ["1", "2", "3", "4"], "arm": ["mail", "control"] * 2})
    outcomes = pd.DataFrame({"customer_id": ["1", "2", "3", "4"], "window": "main"})
    outcomes = outcomes.assign(sales=["1 234,50", "2,5", "3", "n/a"], orders=["1,0", "2", "3", "4"])
    with pytest.raises(TableError) as caught:
        examine_campaign(contacts, outcomes)
    assert len(caught.value.problems) == 2
    assert "`orders` holds text such as '1,0' in 1 of 4 rows: decimal comma?" in caught.value.problems[0]
    assert "`sales` holds text such as '1 234,50' in 2 of 4 rows" in caught.value.problems[1]
    assert examine_campaign(contacts, outcomes.assign(sales=["1234.50", "2.5", "3", "n/a"], orders=1)).findings


def test_columns_that_lack_in_both_tables_are_named_in_one_message():
    foreign = pd.DataFrame({"Клиент": ["1", "2"], "Группа": ["КГ", "ЦГ"]})
    with pytest.raises(TableError) as caught:
        examine_campaign(foreign, foreign)
    assert [text.split(" (")[0] for text in caught.value.problems] == [
        "contacts: there is no column `customer_id`",
        "contacts: there is no column `arm`",
        "outcomes: there is no column `customer_id`",
    ]


def test_outcomes_of_other_customers_are_shown_from_both_sides(campaign):
    contacts, outcomes = campaign
    found = examine(contacts, outcomes.assign(customer_id="x" + outcomes["customer_id"].astype("str")))
    assert found["broken join"].evidence.startswith(
        "No customer of the contacts stands in the outcomes; `customer_id` is 10000, 10001, 10002 in the contacts and "
        "'x10000', 'x10001', 'x10002' in the outcomes: text in one table"
    )
    assert found["broken join"].state == "broken"
