"""Exercise 36: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy import stats

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import Claim
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tasks import check
from loyalty.tasks.checking.grading import find_task
from loyalty.tasks.t36.cases import DEFECTS
from loyalty.tasks.t36.scene import DESK, open_blind_desk, open_desk, uncover
from loyalty.tasks.t36.verdicts import count_points

OUTCOMES = dict(P="sales", Q="margin", R="orders", S="sales", T="orders", U="sales", V="margin", W="orders")
SAMPLE = ("refuse", "sample ratio")


@pytest.fixture(scope="module")
def desk():
    return open_blind_desk()


@pytest.fixture(scope="module")
def right():
    return {letter: ("refuse" if case.defect else "sign", case.defect) for letter, case in uncover().items()}


@pytest.fixture(scope="module")
def of(right):
    return {reason: letter for letter, (_, reason) in right.items() if reason}


def rows(desk, letter, window="main"):
    here = desk[letter].outcomes[desk[letter].outcomes["window"] == window]
    return here.merge(desk[letter].contacts[["customer_id", "arm"]], on="customer_id")


def interval(table, column):
    """Difference of two means with Welch's normal interval."""
    a, b = table[column][table["arm"] != "control"], table[column][table["arm"] == "control"]
    gap, half = a.mean() - b.mean(), 1.96 * np.sqrt(a.var() / len(a) + b.var() / len(b))
    return gap, gap - half, gap + half


def points_in(message):
    return int(message.split(" of 16 points")[0].split()[-1])


# --- the desks ---------------------------------------------------------------------------------------------------


def test_the_blind_desk_tells_nothing_and_is_a_copy(desk):
    assert all(reason not in repr(report) for report in desk.values() for reason in DEFECTS)
    desk["P"].contacts["mine"] = 1
    assert "mine" not in open_blind_desk()["P"].contacts
    del desk["P"].contacts["mine"]


def test_five_reports_are_broken_each_in_another_way_and_three_are_sound(of, right):
    assert len(of) == 5 and sum(decision == "sign" for decision, _ in right.values()) == 3
    assert "".join(sorted(of.values())) not in ("PQRST", "STUVW")


@pytest.mark.slow
def test_the_lessons_desk_has_two_sound_reports_and_six_different_faults():
    defects = [defect for _, defect in DESK.values()]
    assert defects.count(None) == 2 and len(set(defects) - {None}) == 6
    assert [case.defect for case in open_desk().values()] == defects


def test_a_report_shows_its_claim_in_its_sentence_only(desk):
    for letter, case in uncover().items():
        words = {"sales": "sales per customer", "orders": "orders per customer", "margin": "margin per customer"}
        assert words[OUTCOMES[letter]] in desk[letter].text and case.claim == Claim(OUTCOMES[letter])


# --- single reports ----------------------------------------------------------------------------------------------


def test_the_p_of_the_split_is_right_by_two_ways(desk):
    counts = desk["U"].contacts["arm"].value_counts()
    n, control = counts.sum(), counts["control"]
    z = (control - 0.2 * n) / np.sqrt(n * 0.16)
    both, exact = 2 * stats.norm.sf(abs(z)), stats.binomtest(int(control), int(n), 0.2).pvalue
    for p in (both, round(both, 4)):
        assert check("36a", p).status == "right"
    assert check("36a", exact).mistake == check("36a", round(exact, 4)).mistake == "exact_binomial"
    assert check("36a", stats.norm.sf(abs(z))).mistake == "one_sided"
    assert check("36a", stats.chisquare(counts).pvalue).mistake == "practically_zero"
    assert check("36a", 1 - both).mistake == "one_minus_p"
    corrected = stats.chi2.sf((abs(control - 0.2 * n) - 0.5) ** 2 / (n * 0.16), 1)
    assert check("36a", round(corrected, 4)).mistake == "continuity_correction"
    bought = rows(desk, "U").query("orders > 0")["arm"].value_counts()
    expected = [(0.2 if arm == "control" else 0.8) * bought.sum() for arm in bought.index]
    assert check("36a", stats.chisquare(bought, expected).pvalue).mistake == "buyers_only"


def test_other_tests_and_other_counts_of_the_split_are_named(desk):
    contacts = desk["U"].contacts
    n, control = len(contacts), int((contacts["arm"] == "control").sum())
    z = (control - 0.2 * n) / np.sqrt(n * 0.16)
    share = control / n
    wald = 2 * stats.norm.sf(abs(share - 0.2) / np.sqrt(share * (1 - share) / n))
    arrived = int((contacts["delivered"].eq(True) & (contacts["arm"] != "control")).sum())
    reached = stats.chisquare([control, arrived], [0.2 * (control + arrived), 0.8 * (control + arrived)]).pvalue
    halves = desk["R"].contacts["arm"].value_counts()
    answers = {
        "z_value": round(z, 4),
        "distance": round(abs(z), 4),
        "observed_standard_error": round(wald, 4),
        "delivered_only": round(reached, 4),
        "customers_missing": round(0.2 * n - control),
        "another_report": round(stats.chisquare(halves).pvalue, 4),
        "too_coarse": 0.01,
        "hundred_times": 1.36,
    }
    for name, value in answers.items():
        assert check("36a", value).mistake == name
    assert check("36a", 0.5).mistake is None


def test_shares_of_other_groups_are_named(desk):
    table = rows(desk, "Q")
    redeemed = table["redeemed"] > 0
    control = table["arm"] == "control"
    used = (redeemed & control).sum()
    answers = {
        "everybody": redeemed.mean(),
        "difference": redeemed[~control].mean() - redeemed[control].mean(),
        "of_the_treated": used / (~control).sum(),
        "of_treated_redeemers": used / (redeemed & ~control).sum(),
    }
    for name, share in answers.items():
        assert check("36b", ("Q", round(share, 4))).mistake == name


def test_gaps_of_several_windows_or_in_percent_are_named(desk):
    three = pd.concat([rows(desk, "S", window) for window in ("pre", "main", "post")])
    for table, name in ((three, "all_windows"), (three[three["window"] != "post"], "before_and_during")):
        sums = table.groupby(["customer_id", "arm"])["sales"].sum().reset_index()
        assert check("36c", ("S", *np.round(interval(sums, "sales"), 2))).mistake == name
    before = rows(desk, "S", "pre")
    base = before["sales"][before["arm"] == "control"].mean()
    of_cents = [round(end / base * 100, 2) for end in np.round(interval(before, "sales"), 2)]
    assert check("36c", ("S", *of_cents)).mistake == "percent_of_control"


def test_the_share_of_control_that_redeemed_is_right_and_other_shares_are_named(desk):
    table = rows(desk, "Q")
    control, sent = table[table["arm"] == "control"], table[table["arm"] != "control"]
    used = control["redeemed"].sum()
    assert check("36b", ("Q", control["redeemed"].mean())).status == "right"
    assert check("36b", ["q", round(used / len(control), 4)]).status == "right"
    for share, name in {
        sent["redeemed"].mean(): "redeemed_by_treated",
        used / len(table): "of_all_customers",
        used / control["responded"].sum(): "of_buyers",
        control["redeemed"].mean() / sent["redeemed"].mean(): "part_reached",
        used: "count",
        np.nan: "no_number",
        0.5: None,
    }.items():
        assert check("36b", ("Q", share)).mistake == name
    other = rows(desk, "R")
    assert check("36b", ("R", other["redeemed"].mean())).mistake == "another_report"


def test_the_gap_before_is_right_by_hand_by_regression_and_by_the_helper(desk):
    table = rows(desk, "S", "pre").assign(sent=lambda t: (t["arm"] != "control").astype(int))
    fit = smf.ols("sales ~ sent", table).fit(cov_type="HC3")
    lift = measure_lift(desk["S"].contacts, desk["S"].outcomes, "sales", window="pre")
    by_fit = (fit.params["sent"], *fit.conf_int().loc["sent"])
    for answer in (interval(table, "sales"), by_fit, (lift.effect, lift.low, lift.high)):
        assert check("36c", ("S", *answer)).status == "right"
        assert check("36c", ["s", *np.round(answer, 2)]).status == "right"
    assert check("36c", ("S", *interval(rows(desk, "S"), "sales"))).mistake == "during"
    assert check("36c", ("S", *interval(rows(desk, "S", "post"), "sales"))).mistake == "after"
    assert check("36c", ("S", *interval(table, "orders"))).mistake == "orders"
    assert check("36c", ("S", *interval(table[table["orders"] > 0], "sales"))).mistake == "buyers_only"
    effect, low, high = interval(table, "sales")
    half = 1.645 / 1.96 * (high - effect)
    assert check("36c", ("S", effect, effect - half, effect + half)).mistake == "ninety_percent"
    assert check("36c", ("S", -effect, -high, -low)).mistake == "sign_turned"
    assert check("36c", ("S", low, effect, high)).mistake == "other_order"
    assert check("36c", ("T", *interval(rows(desk, "T", "pre"), "sales"))).mistake == "another_report"


# --- the board ---------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_what_the_clinic_finds_with_plan_and_claim_is_worth_16_points(desk):
    board = {}
    for letter, report in desk.items():
        seen = examine_campaign(report.contacts, report.outcomes, report.plan, Claim(OUTCOMES[letter]))
        board[letter] = (seen.verdict, seen.problems[0].check if seen.problems else None)
    result = check("36d", board)
    assert result.status == "right" and points_in(result.message) == 16


@pytest.mark.slow
def test_a_table_in_any_order_and_other_spellings_are_read(right):
    table = pd.DataFrame(right, index=["decision", "reason"]).T.iloc[::-1]
    assert check("36d", table).status == "right"
    assert check("36d", table.rename_axis("report").reset_index()).status == "right"
    loud = {letter.lower(): [d.upper(), r and f" {r.capitalize()} "] for letter, (d, r) in right.items()}
    assert check("36d", loud).status == "right"


@pytest.mark.slow
@pytest.mark.parametrize("reason", [None, "sample ratio", "contamination"])
def test_refusing_everything_is_named_with_the_sales_it_throws_away(right, reason):
    result = check("36d", dict.fromkeys(right, ("refuse", reason)))
    assert result.mistake == "refused_everything" and "€" in result.message
    assert points_in(result.message) == 5 + (reason == "contamination")


def test_signing_everything_is_named_with_the_money_that_never_came(right):
    result = check("36d", dict.fromkeys(right, ("sign", None)))
    assert result.mistake == "signed_everything" and "€19,8" in result.message and "€0 ever came" in result.message
    assert points_in(result.message) == 6


@pytest.mark.parametrize("verdict", [("sign", None), SAMPLE, ("refuse", "survivors")])
def test_one_verdict_for_all_does_not_tell_which_are_broken(right, verdict):
    says = check("36d", dict.fromkeys(right, verdict)).message
    assert "decisions are wrong" in says and "once more" not in says and "another reason" not in says


@pytest.mark.slow
def test_one_claim_for_all_reports_is_named(desk):
    board = {}
    for letter, report in desk.items():
        seen = examine_campaign(report.contacts, report.outcomes, report.plan, Claim())
        board[letter] = (seen.verdict, seen.problems[0].check if seen.problems else None)
    result = check("36d", board)
    assert result.mistake == "claim_not_read" and points_in(result.message) == 11


def test_a_single_report_signed_without_its_plan_is_named(right, of):
    for defect in ("early stop", "swapped metric"):
        assert check("36d", {**right, of[defect]: ("sign", None)}).mistake == "without_the_plan"


@pytest.mark.slow
def test_examining_without_plan_and_claim_is_named(desk):
    board = {}
    for letter, report in desk.items():
        seen = examine_campaign(report.contacts, report.outcomes)
        board[letter] = (seen.verdict, seen.problems[0].check if seen.problems else None)
    result = check("36d", board)
    assert result.mistake == "without_the_plan" and points_in(result.message) == 12
    assert "early stop" not in result.message and "swapped" not in result.message


def test_signing_what_is_significant_is_named(desk, right):
    board = {letter: ("sign", None) if "made no clear" not in desk[letter].text else SAMPLE for letter in right}
    assert check("36d", board).mistake == "signed_what_found_something"


@pytest.mark.parametrize("reason", ["winner's curse", "contamination", "failed channel"])
def test_a_null_effect_called_a_defect_is_named_whatever_else_is_wrong(right, of, reason):
    for more in ({}, {of["contamination"]: SAMPLE}, {of["early stop"]: ("sign", None)}):
        result = check("36d", {**right, "P": ("refuse", reason), **more})
        assert result.mistake == "null_effect_called_a_defect" and "P" in result.message


def test_an_odd_split_called_broken_is_named_with_how_often_it_happens(right):
    result = check("36d", {**right, "U": SAMPLE})
    assert result.mistake == "chance_called_a_defect" and points_in(result.message) == 14
    assert f"one lottery in {1 / find_task('36a').compute().right:.0f} " in result.message


def test_a_success_that_is_sound_and_refused_is_named(right):
    assert check("36d", {**right, "R": ("refuse", "early stop")}).mistake == "sound_success_refused"


@pytest.mark.parametrize(
    ("cause", "named"),
    [("broken join", "survivors"), ("control chosen afterwards", "sample ratio"), ("early stop", "winner's curse"),
     ("contamination", "failed channel")],
)  # fmt: skip
def test_a_reason_whose_check_finds_nothing_is_told_so_without_the_right_one(desk, right, of, cause, named):
    letter = of[cause]
    report = desk[letter]
    seen = examine_campaign(report.contacts, report.outcomes, report.plan, Claim(OUTCOMES[letter]))
    assert seen[named].state != "broken"
    result = check("36d", {**right, letter: ("refuse", named)})
    assert result.mistake == "reason_not_there" and points_in(result.message) == 15
    assert letter in result.message and seen[named].evidence.rstrip(".") in result.message
    assert cause not in result.message


def test_a_refusal_without_a_reason_is_asked_for_it(right, of):
    result = check("36d", {**right, of["early stop"]: ("refuse", None)})
    assert result.mistake == "reason_left_out" and "another reason" not in result.message


@pytest.mark.parametrize(("letter", "reason"), [("P", "failed channel"), ("R", "unequal seasons")])
def test_a_sound_report_refused_for_a_reason_is_held_against_that_check(desk, right, letter, reason):
    report = desk[letter]
    seen = examine_campaign(report.contacts, report.outcomes, report.plan, Claim(OUTCOMES[letter]))
    says = check("36d", {**right, letter: ("refuse", reason)}).message
    assert seen[reason].evidence.rstrip(".") in says and "If you doubt it" in says


def test_the_p_of_the_groups_before_says_that_it_is_another_one_than_in_36c(right, of):
    board = {**right, of["swapped metric"]: ("refuse", "control chosen afterwards")}
    assert "36c compares the means" in check("36d", board).message


def test_a_broken_report_that_is_signed_gets_its_points_and_the_reports_to_look_at_again(right, of):
    board = {**right, of["contamination"]: ("refuse", "winner's curse"), of["broken join"]: ("sign", None)}
    result = check("36d", board)
    assert (result.status, result.mistake, points_in(result.message)) == ("wrong", "fault_not_seen", 13)
    assert f"Decide {of['broken join']} once more" in result.message
    assert f"another reason: {of['contamination']}." in result.message
    assert not any(reason in result.message for reason in DEFECTS)


def test_a_board_that_cannot_be_read_says_what_is_wrong_with_it(right):
    for board, words in (
        ({**right, "Q": ("refuse", "bad luck")}, "none of the ten reasons"),
        ({**right, "Q": "refuse"}, "a pair was asked"),
        ({**right, "Q": ("hold", None)}, '"sign" or "refuse"'),
        ({**right, "P": ("sign", "survivors")}, "belongs `None`"),
        ({letter: right[letter] for letter in "PQR"}, "S, T, U, V, W"),
        (["sign"] * 8, "A board was asked"),
        (pd.DataFrame({"verdict": ["sign"]}), "columns `decision` and `reason`"),
    ):
        result = check("36d", board)
        assert result.status == "wrong" and words in result.message
    assert check("36d", {**right, "Q": ...}).status == "unanswered"


def test_a_reason_counts_only_with_its_decision(right):
    signed = pd.DataFrame(dict.fromkeys(right, ("sign", None)), index=["decision", "reason"]).T
    points = count_points(signed)
    assert (points["reason"] <= points["decision"]).all() and points.to_numpy().sum() == 6


# --- the note ----------------------------------------------------------------------------------------------------


def test_the_note_is_right_with_the_planned_number_and_other_notes_are_named(desk):
    metric = desk["T"].plan["primary_metric"].item()
    planned, claimed = interval(rows(desk, "T"), metric), interval(rows(desk, "T"), "orders")
    assert check("36e", ("B", planned[1])).status == check("36e", ["b", round(planned[1], 2)]).status == "right"
    assert check("36e", ("A", claimed[1])).mistake == "swapped_metric_with_its_interval"
    assert check("36e", ("B", claimed[1])).mistake == "interval_of_orders"
    assert check("36e", ("B", planned[2])).mistake == "upper_end"
    for letter, name in {"A": "swapped_metric_signed", "C": "no_proof_for_no_effect", "D": "all_thrown_away"}.items():
        assert check("36e", (letter, planned[1])).mistake == name
        assert check("36e", (letter, 12.34)).mistake == name
    assert check("36e", ("B", 12.34)).mistake is None


def test_other_numbers_below_the_note_are_named(desk):
    table = rows(desk, "T").merge(desk["T"].contacts[["customer_id", "delivered"]])
    low = interval(table, "sales")[1]
    windows = pd.concat([rows(desk, "T", window) for window in ("pre", "main", "post")])
    whole = windows.groupby(["customer_id", "arm"])["sales"].sum().reset_index()
    control = table["arm"] == "control"
    answers = {
        "control_minus_treated": -interval(table, "sales")[2],
        "all_windows": interval(whole, "sales")[1],
        "delivered_only": interval(table[control | table["delivered"].eq(True)], "sales")[1],
        "contact_paid": low - 0.50,
        "percent_of_control": low / table["sales"][control].mean() * 100,
    }
    for name, value in answers.items():
        assert check("36e", ("B", round(value, 2))).mistake == name
