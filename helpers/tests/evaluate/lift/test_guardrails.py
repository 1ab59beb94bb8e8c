"""Several outcomes of one campaign: who decides, what must not be hurt, and how often a verdict is false."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import minimize_scalar
from statsmodels.stats.proportion import test_proportions_2indep as compare_by_score
from statsmodels.stats.weightstats import ttost_ind

from loyalty.evaluate.lift import measure_lift, measure_with_guardrails
from loyalty.evaluate.lift.guardrails import KEPT, _judge_guardrail
from loyalty.evaluate.lift.rate_limit import score_rates
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError

HALF = 2_000


def make_table(seed: int = 0, n: int = HALF, sales: float = 0.0, orders: float = 0.0) -> pd.DataFrame:
    """Draw a wave whose treated buy so much more in each outcome, per customer."""
    rng = np.random.default_rng(seed)
    treated = np.arange(2 * n) % 2 == 0
    return pd.DataFrame(
        {
            "arm": np.where(treated, "mail", "control"),
            "sales": rng.gamma(2.0, 10.0, 2 * n) + sales * treated,
            "orders": rng.normal(2.0, 1.0, 2 * n) + orders * treated,
            "items": rng.normal(5.0, 2.0, 2 * n),
            "returned": (rng.random(2 * n) < 0.1).astype(int),
        }
    )


def judge(table: pd.DataFrame, **options) -> pd.DataFrame:
    options = {"primary": "sales", "guardrails": {"orders": -0.15}} | options
    return measure_with_guardrails(table, **options).to_frame().set_index("outcome")


def test_every_row_holds_the_lift_that_is_measured_alone():
    table = make_table(1, sales=3.0)
    found = judge(table, secondary=["items", "returned", ("sales", "orders")], kinds={"returned": "rate"})
    for name, row in found.iterrows():
        number, _, per = name.partition(" per ")
        alone = measure_lift(table, None, number, per=per or None)
        assert row[["effect", "low", "high", "p"]].tolist() == [alone.effect, alone.low, alone.high, alone.p]


def test_a_guardrail_holds_where_the_one_sided_test_of_non_inferiority_rejects():
    """The referee is statsmodels' one-sided t test against the limit, for a fall and for a rise."""
    for seed in range(8):
        table = make_table(seed, n=300, orders=-0.05)
        mail, control = (table.loc[table["arm"] == arm, "orders"] for arm in ("mail", "control"))
        _, (_, p_fall, _), (_, p_rise, _) = ttost_ind(mail, control, -0.15, 0.15, usevar="unequal")
        assert (judge(table)["verdict"]["orders"] == "holds") == (p_fall < 0.025)
        assert (judge(table, guardrails={"orders": 0.15})["verdict"]["orders"] == "holds") == (p_rise < 0.025)


@pytest.mark.slow
@pytest.mark.parametrize("limit", [-0.15, 0.15])
def test_who_hurts_exactly_by_the_limit_is_let_through_in_one_of_forty(limit):
    """The rule alone, on Welch's interval, which the rows of the table hold."""
    runs = 4_000
    kept = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        found = compare_means(rng.gamma(4.0, 0.5, 400) + limit, rng.gamma(4.0, 0.5, 400))
        kept += _judge_guardrail(found.low, found.high, limit) == KEPT
    low, high = stats.binom.interval(0.999, runs, 0.025)
    assert low <= kept <= high


@pytest.mark.slow
def test_of_several_guardrails_one_that_is_hurt_by_its_limit_is_enough_to_hold_the_campaign_back():
    """All must hold, so that several make it harder, and no correction is needed."""
    runs = 300
    sent = 0
    for seed in range(runs):
        table = make_table(seed, n=200, sales=6.0, orders=-0.15)
        sent += (
            measure_with_guardrails(table, primary="sales", guardrails={"orders": -0.15, "items": -1.5}).decide()
            == "go"
        )
    assert 0 < sent <= stats.binom.ppf(0.999, runs, 0.025)


def test_a_fall_that_is_only_not_significant_is_no_guardrail_that_holds():
    """Twenty against twenty cannot show anything; "no significant fall" would let it pass."""
    table = make_table(3, n=20, orders=-0.3)
    row = judge(table).loc["orders"]
    assert row["low"] < 0 < row["high"] and row["p"] > 0.05
    assert row["verdict"] == "not shown"


def test_the_sentences_say_what_to_do_and_why():
    better = make_table(4, sales=4.0)
    limits = {"orders": -0.15, "returned": 0.05}
    assert measure_with_guardrails(better, primary="sales", guardrails=limits).sentence() == (
        "Go on with it: `sales` became better; every guardrail holds (`orders` may fall by 0.15 at most, `returned` "
        "may rise by 0.05 at most)."
    )
    hurt = make_table(4, sales=4.0, orders=-0.5)
    found = measure_with_guardrails(hurt, primary="sales", guardrails=limits)
    assert found.decide() == "stop"
    assert found.sentence() == "Stop it: `sales` became better; the guardrail `orders` is broken."
    few = make_table(5, n=30, sales=30.0)
    found = measure_with_guardrails(few, primary="sales", guardrails={"orders": -0.01, "items": -0.01})
    assert found.sentence() == (
        "Do not decide yet: `sales` became better; the guardrails `orders`, `items` are not shown to hold."
    )
    worse = measure_with_guardrails(better, primary="sales", guardrails=limits, better="lower")
    assert worse.decide() == "stop" and worse.sentence().startswith("Stop it: `sales` became worse")


def test_of_several_groups_each_has_its_decision_and_the_primary_is_corrected_for_their_number():
    table = make_table(6, sales=4.0)
    second = make_table(7, orders=-0.5)
    table = pd.concat([table, second[second["arm"] == "mail"].assign(arm="push")], ignore_index=True)
    found = measure_with_guardrails(table, primary="sales", guardrails={"orders": -0.15})
    assert found.decide("mail") == "go" and found.decide("push") == "stop"
    rows = found.to_frame().set_index(["arm", "role"])
    assert rows["p_adjusted"]["mail", "primary"] == 2 * rows["p"]["mail", "primary"]
    with pytest.raises(ValueError, match="several groups: name one of mail, push"):
        found.decide()
    with pytest.raises(ValueError, match="no group 'sms'"):
        found.sentence("sms")


def test_secondary_outcomes_are_corrected_among_themselves_and_decide_nothing():
    table = make_table(8, sales=4.0)
    table["items"] -= 0.4 * (table["arm"] == "mail")
    found = measure_with_guardrails(
        table, primary="sales", guardrails={"orders": -0.15}, secondary=["items", "returned", ("sales", "orders")]
    )
    rows = found.to_frame().set_index("outcome")
    other = rows[rows["role"] == "secondary"]
    order = other["p"].rank().astype(int)
    first = other["p"].idxmin()
    assert order[first] == 1 and other["p_adjusted"][first] == pytest.approx(3 * other["p"][first])
    assert rows["verdict"]["items"] == "lower" and found.decide() == "go"
    assert np.isnan(rows["p_adjusted"]["orders"])


def test_all_that_does_not_go_together_is_said_at_once():
    with pytest.raises(ValueError) as caught:
        measure_with_guardrails(
            make_table(),
            primary="sales",
            guardrails={"sales": -1.0, "orders": 0.0},
            better="more",
            secondary=["orders"],
        )
    said = str(caught.value)
    assert "better should be one of higher, lower; found 'more'" in said
    assert "`sales` has two roles: primary and guardrail" in said
    assert "the limit of `orders` should be a number below zero" in said and "found 0.0" in said
    with pytest.raises(ValueError, match="`guardrails` names no outcome"):
        measure_with_guardrails(make_table(), primary="sales", guardrails={})
    for limit in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="the limit of `orders`"):
            judge(make_table(), guardrails={"orders": limit})
    with pytest.raises(TableError, match="clicks"):
        judge(make_table(), guardrails={"clicks": -0.1})


def make_two_groups(seed: int) -> pd.DataFrame:
    """Two treated groups that sell more; in the second one nobody ordered, so it has no sales per order."""
    table = make_table(seed, n=300, sales=20.0).assign(orders=2.0)
    second = table[table["arm"] == "mail"].assign(arm="push", orders=0.0)
    return pd.concat([table, second], ignore_index=True)


def test_a_guardrail_that_could_not_be_measured_in_one_group_holds_that_group_back():
    limits = {("sales", "orders"): -50.0, "items": -3.0}
    found = measure_with_guardrails(make_two_groups(10), primary="sales", guardrails=limits)
    assert [found.decide(arm) for arm in ("mail", "push")] == ["go", "open"]
    assert found.sentence("push") == (
        "Do not decide yet: `sales` became better; the guardrail `sales per orders` is not shown to hold."
    )
    assert found.warnings == ("no ratio for push: `orders` adds up to 0 or less",)
    assert "push" in found._repr_html_() and len(found.plot().get_yticklabels()) == 5


def test_a_primary_metric_that_could_not_be_measured_in_one_group_is_open_there():
    found = measure_with_guardrails(make_two_groups(11), primary=("sales", "orders"), guardrails={"items": -3.0})
    assert [found.decide(arm) for arm in ("mail", "push")] == ["go", "open"]
    assert found.sentence("push").startswith("Do not decide yet: it is open whether `sales per orders` changed")


def test_a_limit_with_the_wrong_sign_can_be_read_in_the_sentence():
    found = measure_with_guardrails(make_table(4, sales=4.0), primary="sales", guardrails={"orders": 0.15})
    assert found.sentence().endswith("the guardrail holds (`orders` may rise by 0.15 at most).")


@pytest.mark.parametrize("limit", [0.01, -0.02])
def test_the_score_at_a_limit_is_that_of_statsmodels_with_the_skewness_taken_off(limit):
    """The rates at the limit are found by a search for the greatest likelihood; the score is that of statsmodels."""
    for k, n in (((60, 45), (900, 700)), ((200, 30), (1_900, 300)), ((0, 30), (100, 300))):
        given = {"value": limit, "compare": "diff", "method": "score", "correction": False}
        known = compare_by_score(k[0], n[0], k[1], n[1], **given).statistic

        def unlikelihood(rate, k=k, n=n):
            return -stats.binom.logpmf(k, n, [rate, rate - limit]).sum()

        bounds = (max(limit, 0) + 1e-9, min(1, 1 + limit) - 1e-9)
        best = minimize_scalar(unlikelihood, bounds=bounds, method="bounded", options={"xatol": 1e-10}).x
        rates = np.array([best, best - limit])
        spreads = rates * (1 - rates)
        third = (spreads * (1 - 2 * rates)) @ [1 / n[0] ** 2, -1 / n[1] ** 2]
        variance = spreads @ [1 / n[0], 1 / n[1]]
        z = (k[0] / n[0] - k[1] / n[1] - limit) / np.sqrt(variance)
        assert z == pytest.approx(known, abs=0.01)  # its rates at the limit lie .0004 beside the likeliest ones
        assert score_rates(k, n, limit) == pytest.approx(z - third / variance**1.5 / 6 * (z**2 - 1), abs=1e-4)


@pytest.mark.parametrize(("share", "rate"), [(0.05, 0.005), (0.05, 0.01), (0.2, 0.005), (0.2, 0.01)])
def test_a_rare_harm_of_the_size_of_its_limit_seldom_passes_a_small_control(share, rate):
    """Summed over all that can happen in 2,000 customers, not drawn; Newcombe's interval lets 3.3 to 5.8 % through."""
    n, m = 2_000 - int(2_000 * share), int(2_000 * share)
    treated = np.arange(0, n, 3)
    chance = stats.binom.pmf(treated, n, rate + 0.01)
    passed = 0.0
    for many in range(30):
        luck = stats.binom.pmf(many, m, rate)
        ones = [i for i in np.flatnonzero(chance > 1e-5) if luck > 1e-6]
        kept = [i for i in ones if score_rates((treated[i], many), (n, m), 0.01) < -1.96]
        passed += luck * chance[kept].sum() / chance.sum()
    assert passed <= 0.027


def test_a_rate_that_its_interval_alone_lets_through_is_not_shown_and_said_so():
    treated = np.arange(2_000) < 1_900
    clicked = np.r_[np.arange(1_900) < 20, np.arange(100) < 4].astype(int)
    table = pd.DataFrame({"arm": np.where(treated, "mail", "control"), "sales": 20.0 + 5 * treated, "left": clicked})
    table["sales"] += np.random.default_rng(1).normal(size=2_000)
    found = measure_with_guardrails(table, primary="sales", guardrails={"left": 0.01})
    row = found.to_frame().set_index("outcome").loc["left"]
    assert row["high"] < 0.01 and row["verdict"] == "not shown" and found.decide() == "open"
    assert "so few customers did it" in " ".join(found.warnings)


def test_names_that_cannot_be_told_apart_or_have_no_role_are_refused():
    table = make_table(12, n=30)
    with pytest.raises(ValueError, match="`sales per orders` has two roles: primary and guardrail"):
        measure_with_guardrails(
            table.assign(**{"sales per orders": 1.0}),
            primary="sales per orders",
            guardrails={("sales", "orders"): -1.0},
        )
    with pytest.raises(ValueError, match="kinds names `retuned`, which has no role here"):
        judge(table, kinds={"retuned": "rate"})
    with pytest.raises(ValueError, match="`orders per orders` is always 1"):
        judge(table, guardrails={("orders", "orders"): -1.0})


def test_where_nobody_differs_nothing_is_called_kept():
    table = make_table(9, n=50).assign(orders=1.5)
    row = judge(table).loc["orders"]
    assert np.isnan(row["low"]) and row["verdict"] == "not shown"


@settings(max_examples=4)
@given(st.integers(0, 10**6), st.floats(0.001, 1_000.0))
def test_neither_order_nor_unit_nor_kind_of_ids_moves_a_verdict(seed, scale):
    table = make_table(seed, n=60, sales=2.0, orders=-0.1).assign(customer_id=range(120))
    found = judge(table)
    shuffled = table.sample(frac=1, random_state=seed).assign(customer_id=lambda t: t["customer_id"].astype(str) + "x")
    assert judge(shuffled)["verdict"].to_dict() == found["verdict"].to_dict()
    scaled = table.assign(orders=table["orders"] * scale)
    assert judge(scaled, guardrails={"orders": -0.15 * scale})["verdict"]["orders"] == found["verdict"]["orders"]


def test_it_shows_itself():
    found = measure_with_guardrails(make_table(4, sales=4.0), primary="sales", guardrails={"orders": -0.15})
    assert "Go on with it" in found._repr_html_()
    labels = [label.get_text() for label in found.plot().get_yticklabels()]
    assert labels == ["orders (guardrail): holds", "sales (primary): better"]
