"""The report `campaign_report`: with a control group, and with whatever people have instead."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.placebo import ONLY_PAST, measure_placebo_lift
from loyalty.report.campaign import controlled
from loyalty.report.campaign.card import _say_larger, say_windows
from loyalty.report.campaign.placebo import ROW
from loyalty.report.campaign.report import report_campaign
from loyalty.tables.check import TableError
from loyalty.text import say_money

from ..conftest import SETTINGS

COSTS = {"contact_cost": 0.08, "reward_cost": 0.0, "point_cost": 0.0}


@pytest.fixture(scope="module")
def report(campaign):
    return report_campaign(campaign.load(), SETTINGS | COSTS | {"planned_control_share": 0.25})


@pytest.fixture(scope="module")
def earning(campaign):
    """The receipts of a campaign that earned beyond doubt: the treated bought half as much again."""
    treated = campaign.contacts.loc[campaign.contacts["arm"] != "control", "customer_id"]
    rises = campaign.receipts["customer_id"].isin(treated) & (campaign.receipts["time"] >= SETTINGS["start"])
    factor = np.where(rises, 1.5, 1.0)
    return campaign.receipts.assign(
        sales=campaign.receipts["sales"] * factor, margin=campaign.receipts["margin"] * factor
    )


def rename(contacts: pd.DataFrame, **arms: str) -> pd.DataFrame:
    return contacts.assign(
        arm=contacts["arm"].map(lambda arm: arms.get("control" if arm == "control" else "treated", arm))
    )


@pytest.mark.slow
def test_the_truth_of_the_world_lies_in_the_interval(report, campaign):
    lift, money = report.results["lift"], report.results["money"]
    assert lift.low <= campaign.truth.loc["main", "sales"] <= lift.high
    assert money.profit.low <= campaign.truth.loc["both", "profit"] <= money.profit.high
    assert lift.n_treated + lift.n_control == len(campaign.contacts)


def test_too_few_controls_for_a_slope_are_said_and_nothing_is_sharpened(report):
    assert report.results["sharp"] is None and report.results["lift"].n_control < 1_000
    assert any("is too small for that" in text for text in report.sections["lift"].text)
    assert "the same, sharpened by sales before" not in set(report.sections["lift"].to_frame()["per customer"])


@pytest.mark.slow
def test_what_was_bought_before_sharpens_the_lift_and_says_what_it_saved(campaign):
    treated = campaign.contacts[campaign.contacts["arm"] != "control"]
    control = campaign.contacts[campaign.contacts["arm"] == "control"]
    even = campaign.load(contacts=pd.concat([treated.head(len(control)), control]))
    report = report_campaign(even, SETTINGS | COSTS)
    sharp, lift = report.results["sharp"], report.results["lift"]
    assert (sharp.high - sharp.low) < (lift.high - lift.low) and 0 < sharp.details["saving"] < 1
    table = report.sections["lift"].to_frame().set_index("per customer")
    assert table["p"]["the same, sharpened by sales before"] == sharp.p
    assert f"saved {sharp.details['saving']:.0%} of the variance" in " ".join(report.sections["lift"].text)


def test_with_one_arm_the_arms_vanish_with_their_heading(report):
    assert report.draw("arms") is None
    assert "<h2>" not in report.section("arms")._repr_html_() + report.section("arms_money")._repr_html_()


def test_the_verdict_comes_first_and_is_one_of_four(report):
    assert report.verdict == report.results["money"].verdict
    assert report.verdict in ("earned", "lost", "open")
    assert report.card.verdict and report.card.facts[0][0] == "Profit"


@pytest.mark.slow
def test_what_could_not_be_checked_stands_on_the_first_screen_beside_a_verdict(campaign, earning):
    report = report_campaign(campaign.load(receipts=earning), SETTINGS | COSTS | {"planned_control_share": 0.25})
    assert (
        report.verdict == "earned"
        and report.card.verdict == "The campaign earned money, but some checks could not be done"
    )
    checks = report.sheets["checks"]["result"].value_counts()
    says = f"{checks['not done']} checks could not be done: Delivery, "
    first = next(place for place, text in enumerate(report.card.notes) if text.startswith(says))
    assert "Planned end" in report.card.notes[first] and "`delivered`" not in report.card.notes[first]
    table = report.sheets["checks"].set_index("check")["what was found"]
    assert table["Delivery"] == "needs the column `delivered` in the contact list"
    assert report.card.notes[first + 1].startswith("Next: get what the checks need")
    assert report.card.facts[-1] == ("Checks", f"{checks['good']} fine", f"{checks['not done']} could not be done")
    assert checks["note"] > 0, "remarks are no checks"


@pytest.mark.slow
def test_costs_that_nobody_gave_are_not_zero_on_a_green_card(campaign, earning, report):
    assert "is not known" not in report.card.headline
    report = report_campaign(campaign.load(receipts=earning), SETTINGS | {"contact_cost": 0.08})
    assert (
        report.verdict == "earned"
        and "The cost of rewards and points is not known, and not taken off." in report.card.headline
    )
    (advice,) = [note for note in report.card.notes if note.startswith("Next: ")]
    assert "find out what rewards and points cost, set reward_cost and point_cost, and make the report again" in advice
    assert "the profit is sure only if these costs together stay under" in advice and "send again" not in advice
    assert "send again" not in " ".join(report.sections["money"].text)


def test_the_checks_name_what_was_looked_at(report):
    checks = report.sheets["checks"].set_index("check")["result"]
    assert checks["Group sizes (sample ratio)"] == "good" and checks["Groups alike before the start"] == "good"
    assert checks["Contact list meets receipts"] == "good" and checks["Delivery"] == "not done"


def test_the_sheets_hold_the_numbers_of_the_results(report):
    summary = report.sheets["summary"].set_index("what")["value"]
    assert summary["Lift of sales per customer"] == report.results["lift"].effect
    assert summary["Profit in all"] == report.results["money"].total.effect
    assert set(report.sheets) == {"summary", "checks", "segments", "money"}


def test_segments_are_shown_with_their_shrunken_effect(report):
    table = report.sheets["segments"]
    assert table["segment"].tolist() == ["north", "south"] and "shrunken" in table


@pytest.mark.parametrize("name", ["lift", "money", "segments"])
def test_each_chart_is_drawn(report, name):
    assert report.draw(name) is not None


def test_minimum_columns_are_enough(campaign):
    small = campaign.load(
        receipts=campaign.receipts[["customer_id", "time", "sales"]],
        contacts=campaign.contacts[["campaign_id", "wave", "customer_id", "arm"]],
    )
    report = report_campaign(small, SETTINGS)
    unlocks = set(report.sections["skipped"].to_frame()["what unlocks it"])
    assert {"the column margin in receipts", "the column segment in contacts", "the setting contact_cost"} <= unlocks
    assert report.results["lift"].n_control > 500


@pytest.mark.slow
def test_a_broken_split_stops_the_verdict(campaign):
    report = report_campaign(campaign.load(), SETTINGS | COSTS | {"planned_control_share": 0.5})
    assert report.verdict == "open" and report.card.verdict.startswith("Do not use this result yet")
    assert "not the one planned" in report.card.headline


@pytest.mark.slow
def test_mail_to_the_control_is_an_alarm(campaign):
    contacts = campaign.contacts.assign(delivered=True)
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS)
    assert report.verdict == "open" and "of control were written to" in report.card.headline


@pytest.mark.slow
def test_receipts_that_end_early_shorten_the_window_after_and_say_so(campaign):
    short = campaign.receipts[campaign.receipts["time"] < "2023-06-05"]
    report = report_campaign(campaign.load(receipts=short), SETTINGS | COSTS)
    skipped = report.sections["skipped"].to_frame().set_index("not in this report")["what unlocks it"]
    assert skipped["Window after"].startswith("7 days and not 28: the receipts end on 2023-06-04")
    with pytest.raises(TableError, match="no or hardly any receipts") as caught:
        report_campaign(campaign.load(receipts=short), SETTINGS | COSTS | {"after": 28})
    assert caught.value.problems[0].endswith("get the missing receipts, or set other dates: start, end, before, after")


def test_without_a_control_nothing_is_claimed(campaign):
    contacts = campaign.contacts[campaign.contacts["arm"] != "control"]
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS)
    assert report.verdict == "cannot be known" and report.card.verdict.startswith("We cannot know")
    assert not any("Placebo" in text for text in report.sections["appendix"].text)  # there is none to define
    assert "Not an effect." in report.sections["lift"].text[0]
    assert "difference to a control group" in report.sections["money"].text[0]
    assert not {"lift", "money"} & set(report.results) and "money" not in report.charts
    assert report.draw("money") is None


def test_a_control_of_three_is_none_and_is_not_counted_out(campaign):
    treated = campaign.contacts[campaign.contacts["arm"] != "control"]
    three = campaign.contacts[campaign.contacts["arm"] == "control"].head(3)
    report = report_campaign(campaign.load(contacts=pd.concat([treated, three])), SETTINGS)
    assert report.verdict == "cannot be known" and "fewer than 5" in report.card.headline
    assert (
        report.card.verdict.endswith("the control group is too small")
        and "choose a part at random" in report.card.notes[-1]
    )


@pytest.mark.slow
def test_a_tiny_control_is_measured_with_its_warning(campaign):
    treated = campaign.contacts[campaign.contacts["arm"] != "control"]
    few = campaign.contacts[campaign.contacts["arm"] == "control"].head(20)
    report = report_campaign(campaign.load(contacts=pd.concat([treated, few])), SETTINGS | COSTS)
    assert report.results["lift"].n_control == 20
    assert any(text.startswith("Careful:") for text in report.sections["lift"].text)
    assert any(text.startswith("Careful: in one group fewer than 20 customers bought") for text in report.card.notes)


@pytest.mark.slow
@pytest.mark.parametrize("rises", [3.0, -3.0])
def test_a_handful_of_buyers_gives_no_verdict_and_no_further_wave_of_the_same_size(campaign, monkeypatch, rises):
    counted = controlled.campaign_money
    sure = {"verdict": "earned" if rises > 0 else "lost", "recommendation": "send again"}
    monkeypatch.setattr(controlled, "campaign_money", lambda *a, **k: replace(counted(*a, **k), **sure))
    treated = campaign.contacts[campaign.contacts["arm"] != "control"]
    few = campaign.contacts[campaign.contacts["arm"] == "control"].head(20)
    report = report_campaign(campaign.load(contacts=pd.concat([treated, few])), SETTINGS | COSTS)
    assert report.verdict == "open" and report.card.verdict.startswith("We do not know yet")
    assert any("plan the next test with campaign_plan" in note for note in report.card.notes)
    assert "send again" not in " ".join([*report.card.notes, *report.sections["money"].text])


def test_only_controls_are_refused(campaign):
    with pytest.raises(TableError, match="nobody was treated"):
        report_campaign(campaign.load(contacts=rename(campaign.contacts, treated="control")), SETTINGS)


@pytest.mark.slow
def test_a_group_that_was_not_invited_is_compared_and_no_effect_is_signed(campaign):
    contacts = rename(campaign.contacts, control="eligible")
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | {"not_invited": "eligible"})
    assert report.verdict == "cannot be known" and len(report.results["comparison"].estimates) == 7
    assert report.results["allowed"].level in ("suggests", "cannot be told")
    assert report.results["allowed"].sentence in report.sections["lift"].text
    table = report.sections["lift"].to_frame().set_index("method")
    trends = report.results["trends"]
    row = table.loc["difference in differences, 28 days before"]
    assert row["effect"] == trends.estimates[0].effect and row["placebo"] == row["placebo"] and trends.per_days == 28


@pytest.mark.slow
def test_several_arms_are_ranked_and_the_best_has_to_survive_their_number(campaign, report):
    everybody = report.results["money"]
    odd = campaign.contacts["customer_id"] % 2 == 1
    contacts = campaign.contacts.assign(
        arm=campaign.contacts["arm"].mask(odd & (campaign.contacts["arm"] != "control"), "b")
    )
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS)
    assert "the best of 2 arms" in report.card.notes[-1]
    best = report.results["money"].arm
    assert (
        f"the arm {best} earned money" in report.card.verdict and f"in the arm {best}, during" in report.card.headline
    )
    assert report.card.facts[2][2].startswith(f"in the arm {best}, against ")
    (together,) = [note for note in report.card.notes if note.startswith("Both arms together, ")]
    assert (
        f"{everybody.profit.n_treated:,} customers: a loss of {say_money(-everybody.total.effect)} in all" in together
    )
    arms, money = report.sections["arms"].to_frame(), report.sections["arms_money"].to_frame()
    assert len(arms) == len(money) == 2 and (arms["p adjusted"] >= arms["p"]).all() and "shrunken" in arms
    assert "<h2>The arms</h2>" in report.section("arms")._repr_html_() and report.draw("arms") is not None
    segments = report.sheets["segments"]
    assert len(segments) == 4 and set(segments["arm"]) == {"b", "basket_discount"}
    assert report.sections["segments"].text[0].startswith("Best: ")


@pytest.mark.slow
def test_the_planned_shares_may_come_from_the_list_or_from_the_record(campaign):
    chance = campaign.contacts["arm"].map({"control": 0.25, "basket_discount": 0.75})
    listed = campaign.contacts.assign(propensity=chance)
    name = campaign.contacts["campaign_id"].iloc[0]
    record = pd.DataFrame({"campaign_id": [name], "wave": 1, "planned_shares": "control=0.5, basket_discount=0.5"})
    record = record.assign(start=pd.Timestamp(SETTINGS["start"]), end=pd.Timestamp(SETTINGS["end"]))
    found = {}
    for key, tables in {"list": {}, "record": {"campaigns": record}}.items():
        report = report_campaign(campaign.load(contacts=listed, **tables), SETTINGS | COSTS)
        found[key] = report.sheets["checks"].set_index("check")["result"]["Group sizes (sample ratio)"]
    assert found == {"list": "good", "record": "alarm"}
    with pytest.raises(TableError, match="no row of the campaign .*; found: 'other', wave 1: correct"):
        report_campaign(campaign.load(campaigns=record.assign(campaign_id="other")), SETTINGS | COSTS)


@pytest.mark.slow
def test_a_list_that_names_no_campaign_takes_the_only_record(campaign):
    listed = campaign.contacts.assign(campaign_id="campaign", wave=1)  # as the intake fills it
    record = pd.DataFrame({"campaign_id": ["spring"], "wave": 3, "planned_shares": "control=0.5, basket_discount=0.5"})
    record = record.assign(start=pd.Timestamp(SETTINGS["start"]), end=pd.Timestamp(SETTINGS["end"]))
    report = report_campaign(campaign.load(contacts=listed, campaigns=record), SETTINGS | COSTS)
    assert report.sheets["checks"].set_index("check")["result"]["Group sizes (sample ratio)"] == "alarm"
    two = pd.concat([record, record.assign(wave=4)])
    with pytest.raises(TableError, match="found: 'spring', wave 3, 'spring', wave 4"):
        report_campaign(campaign.load(contacts=listed, campaigns=two), SETTINGS | COSTS)


@pytest.mark.slow
def test_small_segments_are_hidden_everywhere(campaign):
    contacts = campaign.contacts.copy()
    control = contacts.index[contacts["arm"] == "control"][:3]
    treated = contacts.index[contacts["arm"] != "control"][:30]
    contacts.loc[[*control, *treated], "segment"] = "rare"
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS)
    table = report.sheets["segments"].set_index("segment")
    assert table.loc["rare", "control"] == "<5" and pd.isna(table.loc["rare", "effect"])
    assert (table["control"] == "hidden").sum() == 1
    assert report.draw("segments") is not None


def test_ids_of_two_kinds_that_never_meet_are_refused(campaign):
    contacts = campaign.contacts.assign(customer_id="K" + campaign.contacts["customer_id"].astype("str"))
    with pytest.raises(TableError):
        report_campaign(campaign.load(contacts=contacts), SETTINGS)


def test_a_column_of_ids_is_no_segment(campaign):
    with pytest.raises(TableError, match="`customer_id` has 2,400 values, and a report shows up to 100") as caught:
        report_campaign(campaign.load(), SETTINGS | {"by": "customer_id"})
    assert len(caught.value.problems) == 1


@pytest.mark.slow
def test_segments_that_cannot_be_compared_leave_the_report_as_it_is(campaign):
    contacts = campaign.contacts.assign(segment=campaign.contacts["arm"])
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS)
    assert report.sections["segments"].text[0].startswith("No segments: no comparison of basket_discount in `")
    assert report.results["lift"].n_control > 500 and report.draw("segments") is None


def test_sales_that_are_all_negative_are_refused(campaign):
    receipts = campaign.receipts.assign(sales=-campaign.receipts["sales"])
    with pytest.raises(TableError, match="add up to -.*: are all written with a minus"):
        report_campaign(campaign.load(receipts=receipts), SETTINGS)


def test_a_segment_of_phones_is_refused(campaign):
    contacts = campaign.contacts.assign(segment="79161234567")
    with pytest.raises(TableError, match="holds phones, which"):
        report_campaign(campaign.load(contacts=contacts), SETTINGS)


def test_no_customer_stands_on_the_page(report, campaign):
    shown = " ".join(section._repr_html_() for section in report.sections.values()) + report.card._repr_html_()
    tables = pd.concat([table.astype("str").stack() for table in report.sheets.values()])
    assert "customer_id" not in shown and not tables.isin(["customer_id"]).any()
    assert np.isin(report.people["customer_id"].astype("str"), campaign.contacts["customer_id"].astype("str")).all()


@pytest.mark.slow
def test_a_group_that_nobody_drew_is_no_arm_beside_a_control(campaign):
    idle = campaign.contacts["customer_id"] % 5 == 0
    contacts = campaign.contacts.assign(arm=campaign.contacts["arm"].mask(idle, "eligible"))
    drawn = campaign.load(contacts=contacts[~idle])
    named = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS | {"not_invited": "eligible"})
    assert named.results["lift"].effect == report_campaign(drawn, SETTINGS | COSTS).results["lift"].effect
    assert "arms" not in named.results and set(named.people["arm"]) == {"control", "basket_discount"}


def test_too_few_treated_are_not_called_too_few_controls(campaign):
    treated = campaign.contacts[campaign.contacts["arm"] != "control"].head(3)
    control = campaign.contacts[campaign.contacts["arm"] == "control"]
    card = report_campaign(campaign.load(contacts=pd.concat([treated, control])), SETTINGS).card
    assert "Fewer than 5 customers were treated" in card.headline
    assert "too few were treated" in card.verdict and "choose a part at random" not in " ".join(card.notes)


def test_a_list_of_which_nobody_was_invited_is_refused(campaign):
    contacts = campaign.contacts.assign(arm="eligible")
    with pytest.raises(TableError, match="nobody was treated"):
        report_campaign(campaign.load(contacts=contacts), SETTINGS | {"not_invited": "eligible"})


@pytest.mark.slow
def test_the_section_on_money_claims_no_more_than_the_card(campaign, monkeypatch):
    ranked, counted = controlled.compare_money, controlled.campaign_money
    monkeypatch.setattr(controlled, "compare_money", lambda *a, **k: ranked(*a, **k).assign(p_holm=0.08))
    monkeypatch.setattr(controlled, "campaign_money", lambda *a, **k: replace(counted(*a, **k), verdict="earned"))
    arm = campaign.contacts["arm"].mask((campaign.contacts["arm"] != "control").cumsum() % 2 == 1, "b")
    arm = arm.where(campaign.contacts["arm"] != "control", "control")
    report = report_campaign(campaign.load(contacts=campaign.contacts.assign(arm=arm)), SETTINGS | COSTS)
    assert report.verdict == "open"
    says = report.sections["money"].text[0]
    assert says.startswith("Whether the campaign earned is open") and "send again" not in says


@pytest.mark.slow
def test_small_amounts_keep_their_digits_until_the_interval_says_something(campaign):
    tiny = campaign.receipts.assign(
        sales=campaign.receipts["sales"] / 3_000, margin=campaign.receipts["margin"] / 3_000
    )
    report = report_campaign(campaign.load(receipts=tiny), SETTINGS | dict.fromkeys(COSTS, 0.0))
    lift = report.results["lift"]
    assert max(abs(lift.low), abs(lift.high)) < 0.005, "with two digits both ends would read 0.00"
    words = " ".join([report.card.headline, *report.card.notes, *report.sections["money"].text])
    assert "0.00 " not in words and "0.00)" not in words and "−0.00 " not in words
    row = report.sections["lift"].to_frame().iloc[0]
    assert {float(row[end].replace("−", "-")) for end in ("low", "high")} != {0.0}


@pytest.mark.slow
def test_strata_with_unequal_chances_are_stratified_in_lift_response_and_money(campaign):
    contacts = campaign.contacts.reset_index(drop=True)
    rng = np.random.default_rng(0)
    few = rng.random(len(contacts)) < 0.5
    control = (contacts["arm"] == "control").to_numpy()
    kept = ~(few & control) | (rng.random(len(contacts)) < 0.5)  # in one half, half of the control is taken out
    chance = np.where(few, 0.125 / 0.875, 0.25)
    contacts = contacts.assign(stratum=np.where(few, "few", "many"), propensity=np.where(control, chance, 1 - chance))[
        kept
    ]
    report = report_campaign(campaign.load(contacts=contacts), SETTINGS | COSTS)
    lift, money = report.results["lift"], report.results["money"]
    assert "2 strata" in lift.method and "2 strata" in report.results["response"].method
    assert lift.low <= campaign.truth.loc["main", "sales"] <= lift.high
    assert money.profit.low <= campaign.truth.loc["both", "profit"] <= money.profit.high
    said = "the chance of the arm differs between strata: each counts by its share of all customers"
    assert said in money.warnings
    assert report.results["sharp"] is None
    assert any("cannot sharpen this: the chance of `control` differs" in text for text in report.sections["lift"].text)


@pytest.mark.slow
def test_beside_the_lift_stands_the_same_measurement_before_the_start(report, campaign):
    placebo = report.results["placebo"]
    assert placebo.days.say() == "28 days, 2023-03-06 to 2023-04-02"
    options = {"start": SETTINGS["start"], "end": SETTINGS["end"]}
    alone = measure_placebo_lift(campaign.contacts, campaign.receipts, **options)
    assert placebo.sales.effect == pytest.approx(alone.effect) and placebo.sales.low == pytest.approx(alone.low)
    profit = measure_placebo_lift(campaign.contacts, campaign.receipts, "margin", **options)
    assert placebo.profit.effect == pytest.approx(profit.effect)  # nothing was sent, and nothing redeemed
    table = report.sections["lift"].to_frame().set_index("per customer")
    assert np.isnan(table.loc[f"{ROW} ({placebo.days.say()})", "p"]) and "Before anything was sent" in " ".join(
        report.sections["lift"].text
    )
    assert "in days when nothing was sent" in " ".join(report.sections["money"].text)
    assert report.sheets["summary"].set_index("what")["value"]["Placebo lift"] == placebo.sales.effect
    assert ROW in [label.get_text() for label in report.draw("lift").get_yticklabels()]
    assert f"nothing had been sent ({placebo.days.say()})" in " ".join(report.sections["appendix"].text)
    checks = report.sheets["checks"].set_index("check")["what was found"]
    assert checks["Groups alike before the start"].endswith("these days are 2023-04-03 to 2023-04-30")


def test_a_placebo_around_zero_is_no_warning_and_the_days_of_the_money_are_named(report):
    assert not report.results["placebo"].away
    words = " ".join((*report.card.notes, *report.sections["lift"].text, *report.sections["money"].text))
    assert "differed already" not in words and "It is not" not in words and "zero is inside the interval" in words
    assert "per treated customer, during the campaign and the 28 days after it;" in report.card.headline
    assert (
        "Sales, margin and profit here are sums of what came during the campaign" in report.sections["money"].notes[0]
    )
    assert "Next: " not in " ".join(report.sections["money"].text), "the card says what is next, once"


@pytest.mark.parametrize(("days", "said"), [(0, ""), (1, " and the 1 day after it"), (28, " and the 28 days after it")])
def test_the_days_of_the_money_are_counted_in_words(days, said):
    assert say_windows(SimpleNamespace(days={"post": days})) == f"during the campaign{said}"


@pytest.mark.slow
@pytest.mark.parametrize(("factor", "way"), [(3.0, "high"), (0.2, "low")])
def test_groups_that_differed_before_the_start_are_named_on_the_card_and_looked_at_first(campaign, report, factor, way):
    early = campaign.receipts["time"].between("2023-03-06", "2023-04-02 23:59:59")
    treated = campaign.contacts.loc[campaign.contacts["arm"] != "control", "customer_id"]
    grown = np.where(early & campaign.receipts["customer_id"].isin(treated), factor, 1.0)
    receipts = campaign.receipts.assign(
        sales=campaign.receipts["sales"] * grown, margin=campaign.receipts["margin"] * grown
    )
    found = report_campaign(campaign.load(receipts=receipts), SETTINGS | COSTS | {"planned_control_share": 0.25})
    assert set(found.results["placebo"].away) == {"sales", "profit"}
    assert found.verdict == report.verdict, "the placebo changes no verdict"
    (careful,) = [note for note in found.card.notes if "differed already" in note]
    assert "28 days, 2023-03-06 to 2023-04-02" in careful and f"So the result may be too {way}." in careful
    (advice,) = [note for note in found.card.notes if note.startswith("Next: ")]
    assert advice.startswith("Next: first look for the reason why the groups differed before the start: how the list")
    assert f"It is not: zero is outside the interval, so the lift may be too {way}." in found.sections["lift"].text[1]
    assert f"so the profit may be too {way}." in " ".join(found.sections["money"].text)


def test_who_differed_by_more_before_the_start_is_not_told_to_send_again():
    job = SimpleNamespace(amounts=lambda *values: [f"{value:.2f}" for value in values])
    now = SimpleNamespace(profit=SimpleNamespace(effect=30.0))

    def measured(before: float, verdict: str = "open") -> SimpleNamespace:
        placebo = SimpleNamespace(away={"profit": SimpleNamespace(effect=before)})
        return SimpleNamespace(placebo=placebo, money=now, verdict=verdict)

    assert "differed by 102.30 of profit a customer, which is more than the profit of 30.00" in _say_larger(
        job, measured(102.3)
    )
    assert _say_larger(job, measured(12.0)) == "" and _say_larger(job, measured(-102.3)) == ""
    assert _say_larger(job, measured(102.3, "earned")) == "", "the placebo changes no verdict"


@pytest.mark.slow
def test_after_a_failed_check_the_card_names_the_earlier_days_and_no_figure_of_them(campaign):
    early = campaign.receipts["time"].between("2023-03-06", "2023-04-02 23:59:59")
    treated = campaign.receipts["customer_id"].isin(
        campaign.contacts.loc[campaign.contacts["arm"] != "control", "customer_id"]
    )
    receipts = campaign.receipts.assign(sales=campaign.receipts["sales"] * np.where(early & treated, 3.0, 1.0))
    report = report_campaign(campaign.load(receipts=receipts), SETTINGS | COSTS | {"planned_control_share": 0.5})
    assert report.card.verdict.startswith("Do not use this result yet")
    says = "The groups differed also before anything was sent (28 days, 2023-03-06 to 2023-04-02)."
    assert report.card.notes[-2] == says and "Quote no number" in report.card.notes[-1]


@pytest.mark.slow
def test_where_there_is_no_other_past_the_placebo_says_so(campaign):
    short = campaign.receipts[campaign.receipts["time"] >= "2023-04-03"]
    report = report_campaign(campaign.load(receipts=short), SETTINGS | COSTS)
    placebo = report.results["placebo"]
    pre = report.results["outcomes"].query("window == 'pre'").assign(window="main")
    assert placebo.days.shared and placebo.sales.effect == measure_lift(campaign.contacts, pre).effect
    assert ONLY_PAST in " ".join(report.sections["lift"].text)
    none = campaign.receipts[campaign.receipts["time"] >= "2023-05-01"]
    report = report_campaign(campaign.load(receipts=none), SETTINGS | COSTS)
    assert "No placebo lift: there is no look before the start." in report.sections["lift"].text


@pytest.mark.slow
def test_where_all_customers_of_a_group_are_alike_the_card_says_so_and_shows_no_nan(campaign):
    listed = campaign.contacts
    treated = listed["arm"].ne("control").to_numpy()
    receipts = pd.DataFrame({"customer_id": listed["customer_id"], "time": pd.Timestamp("2023-05-03")})
    receipts["sales"] = np.where(treated, 0.3, 0.1)
    report = report_campaign(campaign.load(receipts=receipts, contacts=listed), SETTINGS | COSTS)
    words = " ".join((report.card.headline, *report.card.notes))
    assert "all customers of a group are alike" in words and "nan" not in words
