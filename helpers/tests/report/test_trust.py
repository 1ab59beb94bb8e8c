"""What the campaign report says of its own numbers: the clinic's checks in the words of the report."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.report.campaign import report_campaign

from .conftest import SETTINGS

DAYS = {name: pd.Timestamp(SETTINGS[name]) for name in ("start", "end")}


@pytest.fixture(scope="module")
def check(campaign):
    """The checks of a report: result and words by name; arguments replace a table or a column of the contacts."""

    def run(record=None, receipts=None, **columns):
        row = {"campaign_id": campaign.contacts["campaign_id"].iloc[0], "wave": 1, **DAYS, **(record or {})}
        tables = {"contacts": campaign.contacts.assign(**columns), "campaigns": pd.DataFrame([row])}
        tables |= {} if receipts is None else {"receipts": receipts}
        report = report_campaign(campaign.load(**tables), SETTINGS)
        checks = report.sheets["checks"].set_index("check")
        return {name: tuple(line) for name, line in zip(checks.index, checks.to_numpy(), strict=True)}, report

    return run


@pytest.fixture(scope="module")
def treated(campaign):
    return (campaign.contacts["arm"] != "control").to_numpy()


def test_an_operator_that_delivered_nothing_stops_the_verdict(check, treated):
    operator = np.where(np.arange(len(treated)) % 5, "Ado", "Bel")
    checks, report = check(operator=operator, delivered=np.where(treated, operator == "Ado", False))
    assert checks["Delivery by channel"][0] == "alarm" and "Operator Bel: 0.0%" in checks["Delivery by channel"][1]
    assert report.verdict == "open" and report.card.verdict.startswith("Do not sign yet")
    assert checks["Delivery"][0] == "look"
    checks, _ = check(operator=operator, delivered=treated)
    assert checks["Delivery by channel"][0] == "good" and checks["Control left alone"][0] == "good"


@pytest.mark.parametrize(("written", "state", "shown"), [(3, "look", "<5 of control"), (60, "alarm", "60 (")])
def test_control_written_to_later_is_counted_and_a_handful_is_not_shown(check, treated, written, state, shown):
    late = pd.Series(pd.NaT, range(len(treated)), dtype="datetime64[ns]").where(treated, pd.NaT)
    late[treated] = DAYS["start"]
    late[np.flatnonzero(~treated)[:written]] = DAYS["end"]
    checks, _ = check(sent_at=late)
    assert checks["Control left alone"][0] == state and checks["Control left alone"][1].startswith(shown)


def test_control_that_redeems_the_offer_is_an_alarm(check, campaign):
    control = campaign.contacts.loc[campaign.contacts["arm"] == "control", "customer_id"]
    receipts = campaign.receipts.assign(offer_id=pd.Series(None, campaign.receipts.index, dtype="str"))
    inside = receipts["time"].between(DAYS["start"], DAYS["end"]) & receipts["customer_id"].isin(control)
    receipts.loc[inside & (receipts["customer_id"] % 5 == 0), "offer_id"] = "basket_discount"
    checks, _ = check(receipts=receipts)
    assert checks["Control left alone"][0] == "alarm" and "of control redeemed it" in checks["Control left alone"][1]


@pytest.mark.parametrize(("days", "state"), [(0, "good"), (14, "alarm")])
def test_a_report_before_the_planned_end_is_an_alarm(check, days, state):
    checks, report = check({"planned_end": DAYS["end"] + pd.Timedelta(days=days), "primary_metric": "sales"})
    assert checks["Planned end"][0] == state and checks["Metric of the plan"][0] == "good"
    assert (report.verdict == "open" and "14 days before the planned" in report.card.headline) or not days


def test_what_the_plan_does_not_tell_is_named_as_not_done(check):
    checks, _ = check()
    assert checks["Planned end"] == ("not done", "needs planned_end in campaigns")
    assert checks["Sample ratio"] == ("not done", "set planned_control_share to test it")
    assert not {"Metric of the plan", "Delivery by channel"} & set(checks)


def test_a_metric_that_the_report_does_not_judge_by_is_worth_a_look(check):
    checks, report = check({"primary_metric": "orders"})
    assert (
        checks["Metric of the plan"][0] == "look"
        and "planned was `orders`, which shows" in (checks["Metric of the plan"][1])
    )
    assert "profit" in report.sections["money"].to_frame()["line"].tolist()


def test_arms_sent_to_in_different_weeks_are_an_alarm(check, treated):
    arm = np.where(treated, np.where(np.arange(len(treated)) % 2, "mail", "gift"), "control")
    sent = pd.Series(DAYS["start"], range(len(treated))).where(treated)
    sent[arm == "gift"] += pd.Timedelta(days=14)
    checks, _ = check(arm=arm, sent_at=sent)
    assert checks["Same days for all"][0] == "alarm" and "gift 2023-05-15" in checks["Same days for all"][1]


def test_numbers_with_which_nobody_buys_are_an_alarm(check, campaign):
    ids = campaign.contacts["customer_id"]
    cut = dict(zip(ids[ids % 20 == 0], 500_000 + ids[ids % 20 == 0], strict=True))
    checks, _ = check(customer_id=ids.replace(cut))
    assert checks["Customer numbers"][0] == "alarm" and "0.0% bought anything" in checks["Customer numbers"][1]


def test_a_phone_among_the_operators_is_not_shown(check, treated):
    operator = np.where(np.arange(len(treated)) % 5, "Ado", "+7 916 123-45-67")
    checks, _ = check(operator=operator, delivered=np.where(treated, operator == "Ado", False))
    assert checks["Delivery by channel"][0] == "alarm" and "916" not in checks["Delivery by channel"][1]
