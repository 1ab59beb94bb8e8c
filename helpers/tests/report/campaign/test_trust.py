"""What the campaign report says of its own numbers: the clinic's checks in the words of the report."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from loyalty.report.campaign.report import report_campaign
from loyalty.tables.check import TableError

from ..conftest import SETTINGS

DAYS = {name: pd.Timestamp(SETTINGS[name]) for name in ("start", "end")}


@pytest.fixture(scope="module")
def check(campaign):
    """The checks of a report: result and words by name; arguments replace a table or a column of the contacts."""

    @cache
    def plain():
        return make()

    def run(record=None, receipts=None, **columns):
        return make(record, receipts, **columns) if record or receipts is not None or columns else plain()

    def make(record=None, receipts=None, **columns):
        row = {"campaign_id": campaign.contacts["campaign_id"].iloc[0], "wave": 1, **DAYS, **(record or {})}
        # Without segments, which these tests do not look at, a report takes a third less
        tables = {
            "contacts": campaign.contacts.drop(columns="segment").assign(**columns),
            "campaigns": pd.DataFrame([row]),
        }
        tables |= {} if receipts is None else {"receipts": receipts}
        report = report_campaign(campaign.load(**tables), SETTINGS)
        checks = report.sheets["checks"].set_index("check")
        return {name: tuple(line) for name, line in zip(checks.index, checks.to_numpy(), strict=True)}, report

    return run


@pytest.fixture(scope="module")
def treated(campaign):
    return (campaign.contacts["arm"] != "control").to_numpy()


@pytest.mark.slow
def test_an_operator_that_delivered_nothing_stops_the_verdict(check, treated):
    operator = np.where(np.arange(len(treated)) % 5, "Ado", "Bel")
    checks, report = check(operator=operator, delivered=np.where(treated, operator == "Ado", False))
    assert checks["Delivery by channel"][0] == "alarm" and "Operator Bel: 0.0%" in checks["Delivery by channel"][1]
    assert report.verdict == "open" and report.card.verdict.startswith("Do not use this result yet")
    assert checks["Delivery"][0] == "look"
    checks, _ = check(operator=operator, delivered=treated)
    assert checks["Delivery by channel"][0] == "good" and checks["Control left alone"][0] == "good"


@pytest.mark.slow
@pytest.mark.parametrize(("written", "state", "shown"), [(3, "look", "<5 of control"), (60, "alarm", "60 (")])
def test_control_written_to_later_is_counted_and_a_handful_is_not_shown(check, treated, written, state, shown):
    late = pd.Series(pd.NaT, range(len(treated)), dtype="datetime64[ns]").where(treated, pd.NaT)
    late[treated] = DAYS["start"]
    late[np.flatnonzero(~treated)[:written]] = DAYS["end"]
    checks, _ = check(sent_at=late)
    assert checks["Control left alone"][0] == state and checks["Control left alone"][1].startswith(shown)


def draw_titles(report):
    return [report.draw(name).get_title(loc="left") for name in ("lift", "money")]


@pytest.mark.slow
def test_in_doubt_the_first_screen_says_what_to_do_and_shows_no_figure(check, campaign):
    ids, earlier = campaign.contacts["customer_id"], campaign.receipts["time"] < DAYS["start"]
    keen = ids.isin(campaign.receipts.loc[earlier, "customer_id"]) ^ (ids % 4 == 0)
    arm = np.where(keen, "basket_discount", "control")  # no lottery: mostly those who had bought
    segment = campaign.contacts["segment"]
    checks, report = check(arm=arm, offer_id=np.where(keen, "basket_discount", None), segment=segment)
    assert checks["Groups alike before the start"][0] == "alarm"
    sure = report_campaign(campaign.load(), SETTINGS)
    assert [fact[0] for fact in report.card.facts] == ["Measured on", "Checks"] and len(sure.card.facts) == 4
    words = " ".join([report.card.headline, *report.card.notes])
    assert "What to do. Groups alike before the start: Ask for the list of the draw" in words
    assert "without the campaign" not in words and "profit" not in words
    assert report.results["money"].verdict == "earned"  # as counted, which nobody may read as the result
    assert "without the campaign" not in " ".join(report.sections["lift"].text)
    titles = draw_titles(report)
    assert titles == ["In doubt, because a check has failed: sales", "Whether the campaign earned is open"]
    assert "quote" not in " ".join(report.sections["segments"].text)


@pytest.mark.slow
def test_the_cause_stands_first_by_the_name_it_has_in_the_table(check, campaign):
    ids, arm = campaign.contacts["customer_id"], campaign.contacts["arm"]
    lost = (ids % 2 == 0) & (arm == "control")
    checks, report = check(customer_id=ids.mask(lost, 500_000 + ids))
    assert checks["Customer numbers"][0] == checks["Groups alike before the start"][0] == "alarm"
    assert checks["Groups alike before the start"][1].endswith("Probably a consequence of: Customer numbers")
    assert (
        "bought anything" in report.card.headline and report.card.facts[-1][-1] == "2 have failed, 4 could not be done"
    )
    assert [note.split(":")[0].split(" (")[0] for note in report.card.notes[:-1]] == [
        "Also failed, probably for the same reason",
        "What to do. Customer numbers",
        "The groups differed also before anything was sent",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("group", ["control", pytest.param("basket_discount", marks=pytest.mark.slow)])
def test_receipts_of_one_group_that_end_sooner_are_an_alarm(check, campaign, group):
    ids = campaign.contacts.loc[campaign.contacts["arm"] == group, "customer_id"]
    lost = campaign.receipts["customer_id"].isin(ids) & (campaign.receipts["time"] >= DAYS["end"])
    checks, report = check(receipts=campaign.receipts[~lost])
    state, says = checks["Receipts of each group"]
    assert state == "alarm" and says.startswith(f"{group} has no receipt from {DAYS['end']:%Y-%m-%d} on, while")
    assert report.verdict == "open" and any("Get the receipts of all groups" in note for note in report.card.notes)
    gap = lost & (campaign.receipts["time"] < DAYS["end"] + pd.Timedelta(days=14))
    assert (
        "from 2023-05-29 to 2023-06-11, while"
        in check(receipts=campaign.receipts[~gap])[0]["Receipts of each group"][1]
    )


@pytest.mark.slow
def test_closed_days_and_a_small_group_are_no_gap_in_the_receipts(check, campaign):
    sundays = campaign.receipts["time"].dt.day_of_week == 6
    assert check(receipts=campaign.receipts[~sundays])[0]["Receipts of each group"][0] == "good"
    control = campaign.contacts["arm"] == "control"
    few = np.where(control & (control.cumsum() > 12), "basket_discount", campaign.contacts["arm"])
    assert check(arm=few)[0]["Receipts of each group"][0] == "good"


@pytest.mark.slow
def test_other_days_than_those_of_the_record_are_worth_a_look(check):
    checks, _ = check({"start": DAYS["start"] + pd.Timedelta(days=7)})
    assert (
        checks["Days of the record"][0] == "look"
        and "says start 2023-05-08; measured" in checks["Days of the record"][1]
    )
    assert "Days of the record" not in check()[0]


@pytest.mark.slow
def test_the_one_treatment_may_have_another_name_in_the_plan(check):
    assert check({"planned_shares": "control=0.25, sms=0.75"})[0]["Group sizes (sample ratio)"][0] == "good"
    assert check({"planned_shares": "control=0.5, sms=0.5"})[0]["Group sizes (sample ratio)"][0] == "alarm"
    found = check({"planned_shares": "control=0.225, sms=0.775"})
    assert (
        found[0]["Group sizes (sample ratio)"][0] == "look"
        and "a little off" in found[0]["Group sizes (sample ratio)"][1]
    )
    assert not found[1].card.verdict.startswith("Do not sign"), "a look never refuses"
    with pytest.raises(TableError, match="names КГ, sms, and none is control: write it as control="):
        check({"planned_shares": "КГ=0.25, sms=0.75"})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("late", "state"),
    [
        (-20, "look"),
        pytest.param(-1, "good", marks=pytest.mark.slow),
        pytest.param(2, "good", marks=pytest.mark.slow),
        pytest.param(14, "look", marks=pytest.mark.slow),
    ],
)
def test_a_window_that_does_not_begin_with_the_sending_is_worth_a_look(check, treated, late, state):
    sent = pd.Series(DAYS["start"] + pd.Timedelta(days=late, hours=9), range(len(treated))).where(treated)
    assert check(sent_at=sent)[0]["Start and sending"][0] == state
    assert "Start and sending" not in check()[0]


@pytest.mark.slow
def test_chances_from_before_the_universal_control_left_are_no_plan_for_the_rest(check, campaign):
    held = (campaign.contacts["customer_id"] % 4 == 1).to_numpy()
    kind = np.where(held, "universal", np.where(campaign.contacts["arm"] == "control", "campaign", "none"))
    arm = np.where(held, "control", campaign.contacts["arm"])
    chance = np.where(arm == "control", 0.25 + 0.25 * 0.75, 0.75 * 0.75)  # as `assign_arms` writes them
    checks, report = check(arm=arm, control_kind=kind, propensity=chance)
    assert checks["Group sizes (sample ratio)"][0] == "not done" and not report.card.verdict.startswith("Do not sign")


@pytest.mark.slow
def test_control_that_redeems_the_offer_is_an_alarm(check, campaign):
    control = campaign.contacts.loc[campaign.contacts["arm"] == "control", "customer_id"]
    receipts = campaign.receipts.assign(offer_id=pd.Series(None, campaign.receipts.index, dtype="str"))
    inside = receipts["time"].between(DAYS["start"], DAYS["end"]) & receipts["customer_id"].isin(control)
    receipts.loc[inside & (receipts["customer_id"] % 5 == 0), "offer_id"] = "basket_discount"
    checks, _ = check(receipts=receipts)
    assert checks["Control left alone"][0] == "alarm" and "of control redeemed it" in checks["Control left alone"][1]


@pytest.mark.slow
@pytest.mark.parametrize(("days", "state"), [(0, "good"), (14, "alarm")])
def test_a_report_before_the_planned_end_is_an_alarm(check, days, state):
    checks, report = check({"planned_end": DAYS["end"] + pd.Timedelta(days=days), "primary_metric": "sales"})
    assert checks["Planned end"][0] == state and checks["Metric of the plan"][0] == "good"
    assert (report.verdict == "open" and "14 days before the planned" in report.card.headline) or not days


def test_what_the_plan_does_not_tell_is_named_as_not_done(check):
    checks, _ = check()
    assert checks["Planned end"] == (
        "not done",
        "needs the column `planned_end` in the record of the campaign (the table campaigns)",
    )
    assert checks["Group sizes (sample ratio)"] == (
        "not done",
        "needs the planned share of control: the setting planned_control_share, such as 0.10",
    )
    assert not {"Metric of the plan", "Delivery by channel"} & set(checks)


@pytest.mark.slow
def test_a_metric_that_the_report_does_not_judge_by_is_worth_a_look(check):
    checks, report = check({"primary_metric": "orders"})
    assert (
        checks["Metric of the plan"][0] == "look"
        and "planned was `orders`, which shows" in (checks["Metric of the plan"][1])
    )
    assert "profit" in report.sections["money"].to_frame()["line"].tolist()


@pytest.mark.slow
def test_arms_sent_to_in_different_weeks_are_an_alarm(check, treated):
    arm = np.where(treated, np.where(np.arange(len(treated)) % 2, "mail", "gift"), "control")
    sent = pd.Series(DAYS["start"], range(len(treated))).where(treated)
    sent[arm == "gift"] += pd.Timedelta(days=14)
    checks, _ = check(arm=arm, sent_at=sent)
    assert checks["Same days for all"][0] == "alarm" and "gift 2023-05-15" in checks["Same days for all"][1]


@pytest.mark.slow
def test_numbers_with_which_nobody_buys_are_an_alarm(check, campaign):
    ids = campaign.contacts["customer_id"]
    cut = dict(zip(ids[ids % 20 == 0], 500_000 + ids[ids % 20 == 0], strict=True))
    checks, _ = check(customer_id=ids.replace(cut))
    assert checks["Customer numbers"][0] == "alarm" and "0.0% bought anything" in checks["Customer numbers"][1]


@pytest.mark.slow
def test_a_phone_among_the_operators_is_not_shown(check, treated):
    operator = np.where(np.arange(len(treated)) % 5, "Ado", "+7 916 123-45-67")
    checks, _ = check(operator=operator, delivered=np.where(treated, operator == "Ado", False))
    assert checks["Delivery by channel"][0] == "alarm" and "916" not in checks["Delivery by channel"][1]
