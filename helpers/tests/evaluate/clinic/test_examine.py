"""The clinic, fault by fault: tiny tables of which the answer is known beforehand."""

from __future__ import annotations

from math import comb, isnan

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import CHECKS, Claim
from loyalty.evaluate.clinic.randomisation import compare_with_lotteries, describe_spend
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tables.check import TableError

START, END = pd.Timestamp("2024-03-04"), pd.Timestamp("2024-04-01")
PLAN = {
    "start": START, "end": END, "planned_start": START, "planned_end": END, "planned_shares": "control=0.5, mail=0.5",
    "primary_metric": "sales", "registered_on": START - pd.Timedelta(days=9),
    "hypothesis": "mail raises the sales of everybody",
}  # fmt: skip
DRAW = "control chosen afterwards"


def make_campaign(n=400, seed=7, arms=("control", "mail")):
    """A sound campaign with every column that the clinic knows; half of the customers buy in a window."""
    rng = np.random.default_rng(seed)
    arm = np.array(arms)[np.arange(n) % len(arms)]
    treated = arm != "control"
    contacts = pd.DataFrame({
        "campaign_id": "spring", "wave": 1, "customer_id": np.arange(10_000, 10_000 + n), "arm": arm,
        "offer_id": np.where(treated, "coupon", None), "segment": np.resize(["new", "old"], n // 2).repeat(2),
        "channel": np.where(treated, rng.choice(["sms", "e-mail"], n), None), "operator": rng.choice(["Ado", "Bel"], n),
        "assigned_at": START - pd.Timedelta(hours=12), "delivered": np.where(treated, rng.random(n) < 0.95, None),
        "sent_at": pd.Series(START + pd.Timedelta(hours=9), range(n)).where(treated),
    })  # fmt: skip
    windows = {"pre": (START - pd.Timedelta(days=28), START), "main": (START, END)}
    rows = []
    for name, (start, end) in windows.items():
        orders = rng.poisson(0.7, n)[np.arange(n) // len(arms)]  # neighbours are twins: nothing is left to chance
        rows.append(contacts[["campaign_id", "wave", "customer_id"]].assign(
            window=name, start=start, end=end, orders=orders, sales=orders * 20.0, responded=(orders > 0).astype(int),
            redeemed=0,
        ))  # fmt: skip
    return contacts, pd.concat(rows, ignore_index=True)


@pytest.fixture
def campaign():
    return make_campaign()


def examine(contacts, outcomes, claim=None, **plan):
    return examine_campaign(contacts, outcomes, PLAN | plan, claim or Claim())


def broken(found):
    return [finding.check for finding in found.problems]


def test_a_sound_campaign_with_every_column_is_signed_and_all_ten_were_looked_at(campaign):
    found = examine(*campaign)
    assert found.verdict == "sign" and [finding.state for finding in found.findings] == ["sound"] * 10
    assert tuple(found.to_frame()["check"]) == CHECKS and list(found.to_frame()) == [
        "check", "state", "p", "evidence", "advice"]  # fmt: skip


def test_ids_and_arms_alone_are_enough_and_each_blind_check_names_what_it_needs(campaign):
    contacts, outcomes = campaign
    bare = outcomes.loc[outcomes["window"] == "main", ["customer_id", "sales"]]
    found = examine_campaign(contacts[["customer_id", "arm"]], bare)
    needs = {
        "sample ratio": "planned_shares", "contamination": "delivered", DRAW: "assigned_at",
        "failed channel": "delivered",
        "unequal seasons": "start and end", "early stop": "planned_end", "swapped metric": "primary_metric",
    }  # fmt: skip
    unseen = {finding.check: finding.evidence for finding in found.findings if finding.state == "not seen"}
    assert set(unseen) == set(needs) and all(needs[check] in says for check, says in unseen.items())
    assert found.verdict == "sign" and "Not seen: sample ratio" in found.sentence()


@pytest.mark.parametrize(("control", "p", "state"), [(480, 0.205903, "sound"), (450, 0.001565, "sound"),
                                                      (440, 0.0001478, "broken")])  # fmt: skip
def test_sample_ratio_shows_its_p_and_alarms_below_one_in_a_thousand(control, p, state):
    contacts, outcomes = make_campaign(1_000)
    contacts["arm"] = np.where(np.arange(1_000) < control, "control", "mail")
    found = examine(contacts.drop(columns=["sent_at", "delivered", "offer_id"]), outcomes)["sample ratio"]
    assert found.state == state and found.p == pytest.approx(p, rel=1e-3)
    assert ("Ask how the lists were made" in found.advice) == (0.001 <= p < 0.01)


def test_arms_taken_together_are_compared_with_a_plan_that_names_only_the_treated():
    contacts, outcomes = make_campaign(600, arms=("control", "mail", "gift"))
    found = examine(contacts, outcomes, planned_shares="control=0.333, treated=0.667")["sample ratio"]
    assert found.state == "sound" and found.p > 0.9
    assert examine(contacts, outcomes)["sample ratio"].evidence == "The group gift was not planned."


def test_the_chances_on_the_list_stand_for_planned_shares_unless_somebody_was_left_out(campaign):
    contacts, outcomes = campaign
    plan = {name: value for name, value in PLAN.items() if name != "planned_shares"}
    contacts = contacts.assign(propensity=0.5)
    assert examine_campaign(contacts, outcomes, plan)["sample ratio"].p == 1
    kinds = np.where(contacts.index < 100, "universal", "none")
    found = examine_campaign(contacts.assign(control_kind=kinds), outcomes, plan)
    assert found["sample ratio"].state == "not seen" and found["broken join"].evidence.startswith("All 300 customers")


@pytest.mark.parametrize(("count", "column", "state"), [
    (10, "delivered", "sound"), (11, "delivered", "broken"), (11, "sent_at", "broken"), (11, "offer_id", "broken"),
    (2, "redeemed", "sound"), (3, "redeemed", "broken"),
])  # fmt: skip
def test_a_control_is_contaminated_above_one_in_a_hundred_written_to_or_two_in_a_thousand_redeemed(
    count, column, state
):
    contacts, outcomes = make_campaign(2_000)
    who = contacts.index[contacts["arm"] == "control"][:count]
    if column == "redeemed":
        outcomes.loc[outcomes["customer_id"].isin(contacts["customer_id"][who]) & (outcomes["window"] == "main"),
                     column] = 1  # fmt: skip
    else:
        contacts.loc[who, column] = {"delivered": True, "sent_at": START, "offer_id": "coupon"}[column]
    found = examine(contacts, outcomes)
    assert found["contamination"].state == state and f"{count} ({count / 1_000:.1%})" in found["contamination"].evidence
    assert isnan(found["contamination"].p) and broken(found) == ["contamination"] * (state == "broken")


def test_a_time_of_sending_that_all_of_control_have_is_when_they_would_have_been_sent(campaign):
    contacts, outcomes = campaign
    assert examine(contacts.assign(sent_at=START), outcomes)["contamination"].state == "sound"


def test_groups_that_differ_before_the_start_are_told_by_the_randomisation_test(campaign):
    contacts, outcomes = campaign
    before = outcomes["window"].eq("pre") & outcomes["customer_id"].isin(contacts.loc[contacts["arm"] == "mail",
                                                                                      "customer_id"])  # fmt: skip
    outcomes.loc[before & (outcomes["customer_id"] % 3 == 0), ["orders", "sales"]] += [1, 20.0]
    found = examine(contacts, outcomes)[DRAW]
    profile = contacts.merge(outcomes[outcomes["window"] == "pre"][["customer_id", "sales", "orders"]])
    one = compare_with_lotteries(describe_spend(profile[["sales", "orders"]]), profile["arm"] == "control")
    assert found.p == one.p and found.state == "broken"
    lift = measure_lift(profile)
    words = f"when nothing was sent, is {lift.effect:,.2f} ({lift.low:,.2f} to {lift.high:,.2f})"
    assert words in found.evidence and f"{200 * lift.effect:,.0f} in all" in found.evidence


def test_a_gap_between_the_checks_part_and_the_level_is_adjusted_for_and_not_refused():
    contacts, outcomes = make_campaign(400)
    before = outcomes["window"].eq("pre") & outcomes["customer_id"].isin(contacts.loc[contacts["arm"] == "mail",
                                                                                      "customer_id"])  # fmt: skip
    outcomes.loc[before & (outcomes["customer_id"] % 5 == 0), ["orders", "sales"]] += [1, 20.0]
    found = examine(contacts, outcomes)[DRAW]
    assert (0.05 - 4 * 0.001) / 3 < found.p < 0.05
    assert found.state == "sound" and "Read the lift adjusted" in found.advice and "farthest apart in" in found.evidence


def test_shares_that_differ_by_stratum_are_no_imbalance(campaign):
    contacts, outcomes = campaign
    rich = contacts.index >= 200
    contacts["arm"] = np.where(np.arange(400) % np.where(rich, 10, 2) == 0, "control", "mail")
    contacts["stratum"], share = np.where(rich, "rich", "poor"), np.where(rich, 0.1, 0.5)
    outcomes.loc[outcomes["customer_id"] >= 10_200, ["orders", "sales"]] += [2, 50.0]
    naive = examine(contacts.drop(columns=["sent_at", "delivered", "offer_id", "stratum"]), outcomes)
    assert naive[DRAW].state == "broken"
    control = contacts["arm"] == "control"
    for lists in (contacts, contacts.drop(columns="stratum")):
        found = examine(lists.assign(propensity=np.where(control, share, 1 - share)), outcomes)
        assert found[DRAW].state == "sound"


def test_shares_that_differ_by_stratum_are_no_imbalance_where_no_chance_is_written_down(campaign):
    contacts, outcomes = campaign
    rich = contacts.index >= 200
    contacts["arm"] = np.where(np.arange(400) % np.where(rich, 10, 2) == 0, "control", "mail")
    contacts["stratum"] = np.where(rich, "rich", "poor")
    outcomes.loc[outcomes["customer_id"] >= 10_200, ["orders", "sales"]] += [2, 50.0]
    lists = contacts.drop(columns=["sent_at", "delivered", "offer_id"])
    assert examine(lists, outcomes)[DRAW].state == "sound"
    assert examine(lists.assign(propensity=np.nan), outcomes)[DRAW].state == "sound"


@pytest.mark.parametrize(("late", "state"), [("2024-03-03 12:30", "sound"), ("2024-03-04 00:10", "broken"),
                                             ("2024-04-03 10:00", "broken")])  # fmt: skip
def test_a_control_drawn_on_a_later_day_than_the_treated_was_not_drawn_with_them(campaign, late, state):
    contacts, outcomes = campaign
    contacts.loc[contacts["arm"] == "control", "assigned_at"] = pd.Timestamp(late)
    found = examine(contacts, outcomes)
    assert found[DRAW].state == state and broken(found) == [DRAW] * (state == "broken")


def test_groups_measured_over_other_days_are_named_with_their_days(campaign):
    contacts, outcomes = campaign
    control = outcomes["customer_id"].isin(contacts.loc[contacts["arm"] == "control", "customer_id"])
    outcomes.loc[control, ["start", "end"]] -= pd.Timedelta(days=28)
    outcomes.loc[control & outcomes["window"].eq("pre"), "orders"] = 0
    found = examine(contacts, outcomes)
    assert broken(found) == ["unequal seasons", DRAW] and found[DRAW].follows == "unequal seasons"
    assert "100% were measured over other days" in found["unequal seasons"].evidence
    assert "control over 2024-02-05 to 2024-03-04" in found["unequal seasons"].evidence


def test_days_that_roll_alike_in_both_groups_are_no_season_and_arms_sent_weeks_apart_are_one(campaign):
    contacts, outcomes = campaign
    delay = pd.to_timedelta(outcomes["customer_id"] // 2 % 5, unit="D")
    rolling = outcomes.assign(start=outcomes["start"] + delay, end=outcomes["end"] + delay)
    last = END + pd.Timedelta(days=4)
    assert examine(contacts, rolling, planned_end=last, end=last).verdict == "sign"
    contacts, outcomes = make_campaign(600, arms=("control", "mail", "gift"))
    late = contacts["sent_at"] + pd.to_timedelta(np.where(contacts["arm"] == "gift", 7, 0), unit="D")
    found = examine_campaign(contacts.assign(sent_at=late), outcomes)
    assert broken(found) == ["unequal seasons"] and "gift 2024-03-11" in found["unequal seasons"].evidence


@pytest.mark.parametrize(("days", "words"), [(-7, "7 days before"), (0, ""), (7, "7 days after")])
def test_a_report_that_does_not_end_as_planned_was_stopped(campaign, days, words):
    contacts, outcomes = campaign
    end = END + pd.Timedelta(days=days)
    found = examine(contacts, outcomes.assign(end=outcomes["end"].where(outcomes["window"] == "pre", end)), end=end)
    assert broken(found) == ["early stop"] * bool(days) and words in found["early stop"].evidence


def test_a_campaign_moved_as_a_whole_was_not_stopped(campaign):
    week = pd.Timedelta(days=7)
    outcomes = campaign[1].assign(start=campaign[1]["start"] + week, end=campaign[1]["end"] + week)
    assert examine(campaign[0], outcomes, start=START + week, end=END + week)["early stop"].state == "sound"


@pytest.mark.parametrize(("looks", "state"), [(1, "sound"), (2, "sound"), (60, "broken")])
def test_the_claimed_result_has_to_survive_the_looks_at_it(campaign, looks, state):
    contacts, outcomes = campaign
    lucky = outcomes["window"].eq("main") & (outcomes["customer_id"] % 8 == 1)
    outcomes.loc[lucky, "sales"] += 20.0
    found = examine(contacts, outcomes, Claim(looks=looks))["early stop"]
    p = measure_lift(contacts, outcomes).p
    assert 0.001 < p < 0.02 and found.state == state
    assert looks == 1 or found.p == pytest.approx(min(1, looks * p))


def drop(outcomes, customers):
    return outcomes[~outcomes["customer_id"].isin(customers)]


def test_rows_lost_in_one_group_are_survivors_with_fishers_p():
    contacts, outcomes = make_campaign(32)
    treated, control = (contacts.loc[contacts["arm"] == arm, "customer_id"] for arm in ("mail", "control"))
    contacts = contacts[contacts["customer_id"].isin([*treated[:10], *control[:6]])]
    few = drop(outcomes, [*treated[:2], *control[:5]])  # Fisher's own table: 8 and 2, 1 and 5
    assert examine_campaign(contacts, few)["survivors"].p == pytest.approx(0.0350, abs=5e-5)
    contacts, outcomes = make_campaign(400)
    found = examine(contacts, drop(outcomes, contacts.loc[contacts["arm"] == "mail", "customer_id"][:20]))
    assert broken(found) == ["survivors"] and "see survivors" in found["broken join"].evidence
    assert "0.0% of control, 10.0% of mail" in found["survivors"].evidence


def test_outcomes_that_hold_buyers_only_are_survivors_even_if_both_groups_lost_the_same(campaign):
    contacts, outcomes = campaign
    here = outcomes["window"] == "main"
    found = examine(contacts, outcomes[~here | (outcomes["orders"] > 0)])
    assert broken(found) == ["survivors"] and "have bought" in found["survivors"].evidence
    bought = outcomes.groupby("customer_id")["orders"].transform("sum") > 0
    assert broken(examine(contacts, outcomes[bought])) == ["survivors"]


def test_an_empty_number_is_a_row_that_is_missing(campaign):
    contacts, outcomes = campaign
    gone = outcomes["customer_id"].isin(contacts.loc[contacts["arm"] == "control", "customer_id"][:30])
    found = examine(contacts, outcomes.assign(sales=outcomes["sales"].mask(gone & outcomes["window"].eq("main"))))
    assert broken(found) == ["survivors"]


def test_rows_lost_alike_in_both_groups_are_a_broken_join(campaign):
    contacts, outcomes = campaign
    found = examine(contacts, drop(outcomes, contacts["customer_id"][:40]))
    assert broken(found) == ["broken join"]
    assert found["broken join"].evidence.startswith("Of 400 customers 40 (10.0%) have no row of the window `main`")


@pytest.mark.parametrize(("lost", "state", "hint"), [(3, "sound", True), (20, "sound", True), (2, "sound", False),
                                                     (22, "broken", True)])  # fmt: skip
def test_a_few_rows_lost_alike_in_both_groups_are_told_and_not_refused(lost, state, hint):
    contacts, outcomes = make_campaign(2_000)
    found = examine(contacts, drop(outcomes, contacts["customer_id"][:lost]))
    assert found["broken join"].state == state and found.verdict == ("sign" if state == "sound" else "refuse")
    assert (found["broken join"].advice != "Nothing to do.") == hint
    assert f"Of 2,000 customers {lost} (" in found["broken join"].evidence


@pytest.mark.parametrize("write", ["{:08d}", " {}", "{} ", "{}"])
def test_ids_that_differ_by_zeros_blanks_or_type_are_a_broken_join_and_nothing_else(campaign, write):
    contacts, outcomes = campaign
    found = examine(contacts, outcomes.assign(customer_id=outcomes["customer_id"].map(write.format)))
    assert broken(found) == ["broken join"] and "The ids of 400 customers" in found["broken join"].evidence


def test_ids_that_would_become_one_are_not_repaired(campaign):
    contacts, outcomes = campaign
    text = contacts["customer_id"].astype("str").where(contacts.index > 0, "010001")
    found = examine(contacts.assign(customer_id=text), outcomes.assign(
        customer_id=outcomes["customer_id"].astype("str").replace({"10000": "010001"})))  # fmt: skip
    assert found.verdict == "sign"


def test_repeated_rows_are_counted_and_customers_in_two_groups_named(campaign):
    contacts, outcomes = campaign
    twice = pd.concat([contacts, contacts.head(3), contacts.head(1).assign(arm="mail")])
    found = examine(twice, pd.concat([outcomes, outcomes.head(5)]))["broken join"]
    assert found.state == "broken" and "4 rows of the list repeat a customer, 1 of them in two groups" in found.evidence
    assert "5 rows of the outcomes repeat a customer" in found.evidence


def test_ids_with_which_nobody_buys_are_found_by_their_length_with_the_exact_p(campaign):
    contacts, outcomes = campaign
    short = contacts["customer_id"][(contacts.index % 8) < 2]  # 100 customers, as many in either arm
    numbers = ["orders", "sales", "responded"]
    outcomes.loc[outcomes["customer_id"].isin(short), numbers] = 0
    cut = dict(zip(short, short - 9_900, strict=True))
    found = examine(*(t.assign(customer_id=t["customer_id"].replace(cut)) for t in (contacts, outcomes)))
    assert broken(found) == ["broken join"] and "0.0% bought anything" in found["broken join"].evidence
    active = int((outcomes.groupby("customer_id")["orders"].sum() > 0).sum())
    one = comb(300, active) / comb(400, active)
    assert one <= found["broken join"].p <= 20 * one


def test_more_customers_in_the_outcomes_than_on_the_list_are_no_fault(campaign):
    contacts, outcomes = campaign
    more = outcomes.head(50).assign(customer_id=range(50))
    assert examine(contacts, pd.concat([outcomes, more])).verdict == "sign"


@pytest.mark.slow
def test_a_segment_picked_afterwards_has_to_stand_among_all_of_them(campaign):
    contacts, outcomes = campaign
    contacts["segment"] = np.resize(list("abcdef"), 200).repeat(2)
    lucky = outcomes["window"].eq("main") & outcomes["customer_id"].isin(
        contacts.loc[(contacts["segment"] == "c") & (contacts["arm"] == "mail"), "customer_id"])  # fmt: skip
    for more, p, stands in ((13.0, 0.0628, False), (2.0, 0.0203, False), (25.0, 0.0, True)):
        outcomes.loc[lucky, "sales"] += more
        row = measure_lift(contacts, outcomes, by="segment", correct="holm").to_frame().set_index("segment").loc["c"]
        assert row["p"] < 0.05 and row["p_adjusted"] == pytest.approx(p, abs=5e-5)
        assert (row["shrunken_low"] > 0) == stands  # at 15 the correction is survived, the shrinking not
        found = examine(contacts, outcomes, Claim(segment="c"))
        assert broken(found) == ["winner's curse"] * (not stands) and found["winner's curse"].p == row["p_adjusted"]
        assert "one of 6 that could have won" in found["winner's curse"].evidence
        named = examine(contacts, outcomes, Claim(segment="c"), hypothesis="It works in segment C")
        assert named.verdict == "sign"


def test_an_arm_picked_among_several_has_to_stand_unless_the_plan_named_it():
    contacts, outcomes = make_campaign(600, arms=("control", "mail", "gift"))
    plan = {"planned_shares": "control=0.33333, mail=0.33333, gift=0.33334"}
    assert broken(examine(contacts, outcomes, Claim(arm="gift"), **plan)) == ["winner's curse"]
    assert examine(contacts, outcomes, Claim(arm="mail"), **plan).verdict == "sign"  # the hypothesis names mail
    assert examine(contacts, outcomes, **plan).verdict == "sign"
    assert "`letter`" in examine(contacts, outcomes, Claim(arm="letter"), **plan)["winner's curse"].evidence


def test_an_operator_of_whom_less_arrives_is_found_with_the_exact_p():
    contacts, outcomes = make_campaign(80)
    treated = contacts.index[contacts["arm"] == "mail"]
    contacts.loc[treated, "operator"] = ["Ado"] * 20 + ["Bel"] * 20
    contacts.loc[treated, "delivered"] = [True, False] * 10 + [True] * 20
    found = examine(contacts.drop(columns="channel"), outcomes)
    p = 2 * comb(30, 10) / comb(40, 20)
    assert broken(found) == ["failed channel"] and found["failed channel"].p == pytest.approx(p)
    assert "Operator Ado: 50.0% of 20 messages arrived, of the others 100.0%" in found["failed channel"].evidence


@pytest.mark.slow
def test_a_channel_of_which_less_arrives_by_its_nature_is_compared_with_itself():
    contacts, outcomes = make_campaign(4_000)
    treated = contacts.index[contacts["arm"] == "mail"]
    push = np.arange(len(treated)) % 2 == 0
    contacts.loc[treated, "channel"] = np.where(push, "push", "sms")
    place = np.arange(len(treated)) // 2 % 100
    contacts.loc[treated, "delivered"] = place < np.where(push, 75, 98)
    for lists in (contacts, contacts.drop(columns="operator")):
        found = examine(lists, outcomes)["failed channel"]
        assert found.state == "sound" and "push 75.0%, sms 98.0%" in found.evidence
    contacts.loc[treated, "delivered"] = place < np.where(push, 49, 98)
    found = examine(contacts, outcomes)["failed channel"]
    assert found.state == "broken" and found.evidence == (
        "By the channel push 49.0% of 1,000 messages arrived, less than half of them."
    )
    contacts.loc[treated, "delivered"] = (place < 98) & ~(push & (contacts.loc[treated, "operator"] == "Bel"))
    found = examine(contacts, outcomes)["failed channel"]
    assert found.state == "broken" and isnan(found.p)  # half of push is lost with its operator


def test_a_day_on_which_one_operator_failed_is_found_and_operators_a_little_apart_are_not():
    contacts, outcomes = make_campaign(4_000)
    contacts["sent_at"] += pd.to_timedelta(np.arange(4_000) // 2 % 4, unit="D")
    failed = (contacts["operator"] == "Bel") & (contacts["sent_at"].dt.day == 6) & (contacts["arm"] == "mail")
    contacts.loc[failed, "delivered"] = False
    found = examine(contacts, outcomes)["failed channel"]
    assert found.state == "broken" and "Operator Bel, day 2024-03-06 of the channel" in found.evidence
    assert found.evidence.count("0.0% of ") == 1
    contacts, outcomes = make_campaign(4_000)
    weak = (contacts["operator"] == "Bel") & (contacts.index % 20 == 1)
    found = examine(contacts.assign(delivered=contacts["delivered"].mask(weak, False)), outcomes)["failed channel"]
    assert found.state == "sound" and found.p < 0.001


@pytest.mark.parametrize(("metric", "outcome", "state"), [
    ("sales", "sales", "sound"), ("Sales per customer", "sales", "sound"), ("sales", "orders", "broken"),
    ("happiness", "sales", "not seen"),
])  # fmt: skip
def test_the_claimed_metric_has_to_be_the_planned_one(campaign, metric, outcome, state):
    found = examine(*campaign, Claim(outcome), primary_metric=metric)
    assert found["swapped metric"].state == state and found.verdict == ("refuse" if state == "broken" else "sign")
    if state == "broken":
        lift = measure_lift(*campaign)
        assert f"planned was `sales`, which shows {lift.effect:,.2f} a customer" in found["swapped metric"].evidence


def test_a_metric_written_down_after_the_start_is_no_plan(campaign):
    found = examine(*campaign, registered_on=START + pd.Timedelta(days=1))
    assert broken(found) == ["swapped metric"]


def test_several_faults_are_told_with_the_cause_before_what_follows_from_it(campaign):
    contacts, outcomes = campaign
    silent = contacts.loc[contacts["arm"] == "control", "customer_id"]
    outcomes.loc[outcomes["customer_id"].isin(silent), ["orders", "sales", "responded"]] = 0
    found = examine(contacts, outcomes)
    assert broken(found) == ["broken join", DRAW] and found.sentence().startswith("Refuse: broken join.")
    assert found[DRAW].evidence.endswith("Probably a consequence of: broken join.")


@pytest.mark.parametrize(("change", "words"), [
    (lambda c, o: (c[:0], o), "there is no row"), (lambda c, o: (c[:1], o), "nobody was treated"),
    (lambda c, o: (c[c["arm"] == "mail"], o), "nobody in the group `control`; the groups are: mail"),
    (lambda c, o: (c.drop(columns="arm"), o), "no column `arm`"), 
    (lambda c, o: (c.assign(wave=c.index % 2), o), "2 waves"),
    (lambda c, o: (c, o.drop(columns="customer_id")), "no column `customer_id`"), 
    (lambda c, o: (c, "away.csv"), "no file"),
])  # fmt: skip
def test_what_cannot_be_examined_at_all_is_refused_in_words(campaign, change, words):
    with pytest.raises(TableError, match=words):
        examine(*change(*campaign))


@pytest.mark.parametrize(("plan", "words"), [({"planned_end": "soon"}, "`planned_end` should be a day"),
                                             ({"planned_shares": "half"}, "control=0.1, mail=0.9")])  # fmt: skip
def test_a_plan_that_cannot_be_read_is_refused_in_words(campaign, plan, words):
    with pytest.raises(TableError, match=words):
        examine(*campaign, **plan)
    with pytest.raises(TableError, match="one row for this wave .spring . 1., found 2"):
        examine_campaign(*campaign, pd.DataFrame([PLAN, PLAN]))


def test_two_customers_and_no_outcomes_at_all_still_get_an_answer(campaign):
    contacts, outcomes = campaign
    assert examine(contacts[:2], outcomes).verdict == "sign"
    assert broken(examine(contacts, outcomes[:0])) == ["broken join"]
    assert broken(examine(contacts, outcomes.assign(campaign_id="autumn"))) == ["broken join"]
    ids = contacts["customer_id"].astype(float).mask(contacts.index < 20)
    assert "20 (5.0%) have no row" in examine(contacts.assign(customer_id=ids), outcomes)["broken join"].evidence


def test_levels_and_looks_that_mean_nothing_are_refused(campaign):
    with pytest.raises(ValueError, match="level should be .01 or more"):
        examine_campaign(*campaign, level=0.001)
    with pytest.raises(ValueError, match="looks should be a whole number"):
        Claim(looks=0)


def test_an_examination_shows_itself(campaign):
    found = examine(*campaign, Claim("orders"))
    assert found.plot().get_title(loc="left") or found.plot().texts
    assert "Refuse: swapped metric" in found._repr_html_() and found["swapped metric"] is found.problems[0]
