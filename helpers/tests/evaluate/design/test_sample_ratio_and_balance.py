"""Balance and sample ratio: what they see, what they must not see, and what they say of themselves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import tea_tasting as tt
from matplotlib import pyplot as plt
from scipy import stats

from loyalty.evaluate.design.assignment import assign_arms
from loyalty.evaluate.design.balance import check_balance
from loyalty.evaluate.design.holdout import hold_out
from loyalty.evaluate.design.sample_ratio import check_sample_ratio
from loyalty.tables.check import TableError

HALVES = {"a": 0.5, "b": 0.5}


@pytest.fixture(scope="module")
def profile():
    """Spend with a heavy tail, visits, days that are empty for who never bought, and a text."""
    rng = np.random.default_rng(8)
    visits = rng.poisson(2, 3_000)
    days = np.where(visits > 0, rng.exponential(60, 3_000) + 1, np.nan)
    return pd.DataFrame({
        "customer_id": np.arange(3_000), "as_of": pd.Timestamp("2018-01-01"), "frequency": visits,
        "monetary": visits * rng.lognormal(3, 1, 3_000), "recency_days": days, "tenure_days": days + 5,
        "level": rng.choice(["gold", "silver", "basic"], 3_000),
    })  # fmt: skip


def draw(profile, salt, share=0.05):
    return assign_arms(profile[["customer_id"]], {"control": share, "mailing": 1 - share}, salt=salt)


def problems(act) -> list[str]:
    with pytest.raises(TableError) as caught:
        act()
    return caught.value.problems


# Balance -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_honest_draw_raises_the_omnibus_alarm_as_often_as_its_p_promises(profile):
    found = np.array([check_balance(draw(profile, f"salt {i}"), profile).p for i in range(40)])
    for level in (0.05, 0.5):
        low, high = stats.binom.interval(0.999, 40, level)
        assert low <= (found < level).sum() <= high
    assert found.min() > 1e-5


def test_a_control_of_customers_without_consent_is_seen(profile):
    contacts = draw(profile, "a").contacts
    # They shop less: who says no to messages is another kind of customer
    contacts["arm"] = np.where(profile["frequency"].to_numpy() == 0, "control", "mailing")
    found = check_balance(contacts, profile)
    assert found.p < 1e-9
    assert "the groups differ in what was known before the start" in found.warnings[0]
    assert any("`frequency` differs by" in text for text in found.warnings)
    assert found.plot().get_title(loc="left") == "The groups differed before the start"
    plt.close("all")


def test_the_table_holds_means_differences_and_what_was_empty_once(profile):
    drawn = draw(profile, "a", 0.3)
    found = check_balance(drawn, profile)
    table = found.to_frame().set_index("covariate")
    assert list(table.index) == ["frequency", "monetary", "recency_days", "tenure_days", "recency_days is empty",
                                 "level_gold", "level_silver"]  # fmt: skip
    control = profile[(drawn.contacts["arm"] == "control").to_numpy()]
    treated = profile[(drawn.contacts["arm"] != "control").to_numpy()]
    gap = treated["frequency"].mean() - control["frequency"].mean()
    spread = np.sqrt((treated["frequency"].var() + control["frequency"].var()) / 2)
    assert table.loc["frequency", "difference"] == pytest.approx(gap / spread)
    assert table.loc["frequency", "control"] == pytest.approx(control["frequency"].mean())
    assert table.loc["recency_days is empty", "treated"] == pytest.approx(treated["recency_days"].isna().mean())
    assert (found.n_treated, found.n_control) == (len(treated), len(control))
    assert found.noise == pytest.approx(1.96 * np.sqrt(1 / len(treated) + 1 / len(control)))


def test_the_figure_has_one_point_a_covariate_and_the_range_of_chance(profile):
    found = check_balance(draw(profile, "a", 0.3), profile, covariates=["frequency", "monetary"])
    ax = found.plot(source="made")
    assert ax.get_title(loc="left") == "The groups were alike before the start"
    assert len(ax.collections[0].get_offsets()) == 2
    assert "Balance of" in found._repr_html_()
    plt.close("all")


def test_universal_controls_and_other_arms_are_left_out(profile):
    held = hold_out(profile[["customer_id"]], 0.2, "u", ("2018-01-01", "2019-01-01"))
    drawn = assign_arms(profile[["customer_id"]], {"control": 0.2, "x": 0.5, "y": 0.3}, salt="a", universal=held)
    found = check_balance(drawn, profile, arm="x")
    kinds = drawn.contacts.value_counts(["arm", "control_kind"])
    assert (found.n_treated, found.n_control) == (kinds["x", "none"], kinds["control", "campaign"])


def test_all_that_is_wrong_with_a_balance_is_said_at_once(profile):
    contacts = pd.DataFrame(
        {"campaign_id": "c", "wave": [1, 2, 1], "customer_id": [1, 1, -5], "arm": ["x", "x", "control"]}
    )
    assert problems(lambda: check_balance(contacts, profile, covariates=["city"])) == [
        "there is no column `city` in the profile",
        "1 rows of the contacts repeat a customer: one wave, one date at a time",
        "fewer than two customers are in the arm 'control'",
        "1 of 3 customers have no row in the profile",
    ]
    assert "no covariate is named" in problems(lambda: check_balance(draw(profile, "a"), profile, covariates=[]))
    twice = pd.concat([profile, profile.head(1)])
    assert any("the profile repeat a customer" in t for t in problems(lambda: check_balance(draw(profile, "a"), twice)))


# Sample ratio --------------------------------------------------------------------------------------------------------


def test_the_published_sample_ratio_mismatch_is_found():
    found = check_sample_ratio({"a": 821_588, "b": 815_482}, HALVES)
    assert found.statistic == pytest.approx(22.774, abs=5e-4)
    assert found.p == pytest.approx(1.82e-6, abs=5e-9)
    assert found.alarm and "do not read the lift" in found.sentence()


def test_a_real_test_with_p_of_0086_raises_no_alarm_and_shows_its_p():
    n = 100_000
    gap = stats.norm.isf(0.0043) * np.sqrt(n) / 2
    found = check_sample_ratio({"a": round(n / 2 + gap), "b": round(n / 2 - gap)}, HALVES)
    assert found.p == pytest.approx(0.0086, abs=1e-4)
    assert not found.alarm and "p = 0.0086" in found.sentence()


@pytest.mark.parametrize(("first", "level"), [(45_000, "fine"), (44_700, "look"), (44_300, "alarm")])
def test_the_sample_ratio_has_three_levels_and_only_the_last_refuses(first, level):
    found = check_sample_ratio({"a": first, "b": 90_189 - first}, HALVES)
    assert found.level == level and found.alarm == (level == "alarm")
    assert ("a little off" in found.sentence()) == (level == "look")
    assert ("do not read the lift" in found.sentence()) == found.alarm


def test_without_a_planned_share_the_message_says_how_to_give_one():
    assert problems(lambda: check_sample_ratio({"a": 5, "b": 5})) == [
        "without a planned share there is nothing to compare with: "
        "give the planned share of each arm, such as {'control': 0.1, 'mail': 0.9}"
    ]


@pytest.mark.parametrize(
    ("counts", "ratio"), [((5_200, 4_800), 1.0), ((9_700, 480), 1 / 19), ((19_000, 1_000), 1 / 19)]
)
def test_chi_square_and_p_are_those_of_tea_tasting(counts, ratio):
    rows = pd.DataFrame({"variant": np.repeat([0, 1], counts)})
    metric = tt.SampleRatio(ratio=ratio, method="norm", correction=False)
    theirs = tt.Experiment({"ratio": metric}).analyze(rows)["ratio"]
    shares = {"a": 1 / (1 + ratio), "b": ratio / (1 + ratio)}
    # Theirs is the normal test of one count, whose square is our chi-square with one degree of freedom
    assert check_sample_ratio(dict(zip("ab", counts, strict=True)), shares).p == pytest.approx(theirs.pvalue, rel=1e-9)


def test_a_day_that_lost_its_controls_is_named_though_the_whole_looks_fine():
    rng = np.random.default_rng(1)
    arm = np.where(rng.random(20_000) < 0.5, "a", "b")
    day = pd.to_datetime("2018-03-01") + pd.to_timedelta(np.arange(20_000) % 10, "D") + pd.Timedelta(hours=9)
    bad, other = np.asarray(day.day == 4), np.asarray(day.day == 5)
    arm[bad], arm[other] = (
        np.where(rng.random(bad.sum()) < 0.6, "a", "b"),
        np.where(rng.random(other.sum()) < 0.4, "a", "b"),
    )
    table = pd.DataFrame({"customer_id": range(20_000), "arm": arm, "sent_at": day})
    assert not check_sample_ratio(table, HALVES).alarm
    found = check_sample_ratio(table, HALVES, by="sent_at")
    assert found.alarm and found.p > 0.001
    assert found.warnings == ("sent_at 2018-03-04: the split is not the one planned",
                              "sent_at 2018-03-05: the split is not the one planned")  # fmt: skip
    assert found.groups["alarm"].sum() == 2 and len(found.groups) == 10


def test_an_honest_draw_knows_its_own_shares_and_leaves_the_universal_control_out():
    table = pd.DataFrame({"customer_id": range(20_000), "store": np.arange(20_000) % 5})
    held = hold_out(table, 0.2, "u", ("2018-01-01", "2019-01-01"))
    drawn = assign_arms(table, {"control": 0.05, "x": 0.95}, salt="a", strata="store", universal=held)
    found = check_sample_ratio(drawn, by="stratum")
    assert not found.alarm and found.p > 0.001
    assert found.table["customers"].sum() == (drawn.contacts["control_kind"] != "universal").sum()
    lost = drawn.contacts[(drawn.contacts["arm"] == "x") | (np.arange(20_000) % 3 > 0)]
    assert check_sample_ratio(lost, drawn.shares).alarm


def test_of_exact_quotas_the_test_says_nothing():
    drawn = assign_arms(pd.DataFrame({"customer_id": range(999)}), {"control": 0.1, "x": 0.9}, mode="blocks", salt="a")
    found = check_sample_ratio(drawn)
    assert np.isnan(found.p) and not found.alarm and not found.groups["alarm"].any()
    assert "says nothing" in found.sentence() and "says nothing" in found._repr_html_()
    assert found.to_frame()["customers"].sum() == 999


def test_an_arm_that_is_missing_counts_as_zero_and_tiny_counts_are_called_rough():
    found = check_sample_ratio({"a": 12}, HALVES)
    assert found.table["customers"].tolist() == [12, 0] and found.alarm
    assert "p is rough" in check_sample_ratio({"a": 3, "b": 2}, HALVES).warnings[0]


def test_all_that_is_wrong_with_counts_is_said_at_once():
    assert problems(lambda: check_sample_ratio({"a": -3, "c": 1}, {"a": 0.5, "b": 0.6}, by="day")) == [
        "the shares sum to 1.1: they should sum to one",
        "there is no column `day`",
        "the arm 'c' was not planned",
        "the counts should be positive",
    ]
    table = pd.DataFrame({"customer_id": [1, 1], "arm": ["a", "b"]})
    assert problems(lambda: check_sample_ratio(table, HALVES)) == ["1 rows repeat a customer: one wave at a time"]
    assert problems(lambda: check_sample_ratio(table.head(0), HALVES)) == ["the counts should be positive"]
    assert problems(lambda: check_sample_ratio({"a": "many", "b": 5}, HALVES)) == ["the counts should be positive"]
    texts = problems(lambda: check_sample_ratio({"a": 5, "b": 5}, {"a": "50%", "b": 0.5}))
    assert texts == ["the share of 'a' should be a number such as 0.1, without quotes or a percent sign, found '50%'"]
    assert "should be a dict" in problems(lambda: check_sample_ratio({"a": 5, "b": 5}, 0.5))[0]
    days = table.head(1).assign(day=None)
    assert problems(lambda: check_sample_ratio(days, HALVES, by="day")) == ["`day` is empty for 1 of 1 customers"]
    assert "there is no column `arm`" in problems(lambda: check_sample_ratio(table[["customer_id"]], HALVES))


def test_an_empty_kind_of_control_is_not_taken_for_the_universal_control():
    arms = ["mail"] * 80 + ["control"] * 40
    kinds = pd.Series([None] * 80 + ["campaign"] * 20 + ["universal"] * 20, dtype="string")
    table = pd.DataFrame({"customer_id": range(120), "arm": arms, "control_kind": kinds})
    found = check_sample_ratio(table, {"mail": 0.8, "control": 0.2})
    assert found.table["customers"].tolist() == [80, 20] and not found.alarm


def test_another_spelling_of_an_arm_is_no_arm_of_its_own():
    contacts = pd.DataFrame(
        {"campaign_id": "a", "wave": 1, "customer_id": range(200), "arm": ["control", "mail"] * 100}
    )
    spoilt = contacts.assign(arm=["CONTROL", "mail ", *contacts["arm"].iloc[2:]])
    profile = pd.DataFrame({"customer_id": range(200), "frequency": np.arange(200) % 7})
    said = "capital letters and blanks make no arm of their own: 'CONTROL' as 'control', 'mail ' as 'mail'"
    ratio = check_sample_ratio(spoilt, {"control": 0.5, "mail": 0.5})
    assert ratio.p == 1 and said in ratio.warnings
    balance = check_balance(spoilt, profile)
    assert balance.p == check_balance(contacts, profile).p
    assert balance.warnings == (said.replace("no arm of their", "no group of their"),)
    with pytest.raises(TableError, match="the group `КГ` sounds like control"):
        check_balance(contacts.assign(arm=["КГ", *contacts["arm"].iloc[1:]]), profile)


def test_a_profile_of_other_ids_is_shown_beside_those_of_the_contacts():
    contacts = pd.DataFrame({"campaign_id": "a", "wave": 1, "customer_id": range(20), "arm": ["control", "mail"] * 10})
    profile = pd.DataFrame({"customer_id": [f"{customer:03}" for customer in range(20)], "frequency": range(20)})
    says = (
        "no customer of the contacts stands in the profile; `customer_id` is 0, 1, 2 in the contacts and '000', '001'"
    )
    with pytest.raises(TableError, match=says):
        check_balance(contacts, profile)
