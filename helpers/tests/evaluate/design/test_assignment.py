"""The draw: stable where it should be, exact where it should be, every probability on record."""

from __future__ import annotations

import hashlib

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loyalty.evaluate.design.assignment import assign_arms, check_arm_probs
from loyalty.evaluate.design.eligibility import Rule, filter_eligible
from loyalty.evaluate.design.hashing import hash_customers
from loyalty.evaluate.design.holdout import hold_out
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import ARM_PROBS, CONTACTS
from loyalty.world import World

SHARES = {"control": 0.05, "mailing": 0.95}
THREE = {"gift": 0.3, "control": 0.1, "coupon": 0.6}
YEAR = ("2018-01-01", "2019-01-01")


def people(n: int, **columns: object) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": np.arange(n)} | columns)


def arms(drawn) -> pd.Series:
    return drawn.contacts.set_index("customer_id")["arm"]


def problems(act) -> list[str]:
    with pytest.raises(TableError) as caught:
        act()
    return caught.value.problems


# The hash ------------------------------------------------------------------------------------------------------------


def test_the_hash_is_sha256_of_salt_and_id_and_anybody_can_compute_it():
    found = hash_customers([1, "card 7", "Анна"], "autumn")
    for value, name in zip(found, [1, "card 7", "Анна"], strict=True):
        first = hashlib.sha256(f"autumn:{name}".encode()).hexdigest()[:13]
        assert value == int(first, 16) / 16**13


def test_hashes_are_uniform_and_salts_are_independent_of_each_other():
    first, second = (hash_customers(range(20_000), salt) for salt in ("spring", "autumn"))
    assert stats.kstest(first, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(first, second)[0, 1]) < 4 / np.sqrt(20_000)
    assert first.min() >= 0 and first.max() < 1


# Mode hash -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 300), more=st.integers(0, 60), salt=st.text(min_size=1, max_size=5).filter(str.strip))
def test_new_customers_move_nobody(n, more, salt):
    before = arms(assign_arms(people(n), THREE, salt=salt))
    after = arms(assign_arms(people(n + more), THREE, salt=salt))
    assert after.iloc[:n].equals(before)


def test_one_percent_more_customers_moves_controls_of_ranked_quotas_and_none_of_ours():
    moved = {"ranked": 0, "ours": 0}
    for salt in ("a", "b", "c", "d"):
        place = pd.Series(hash_customers(range(20_200), salt))
        few, many = (set(place.iloc[:n].nsmallest(n // 20).index) for n in (20_000, 20_200))
        moved["ranked"] += len((few ^ many) & set(range(20_000)))
        few, many = (arms(assign_arms(people(n), SHARES, salt=salt)) for n in (20_000, 20_200))
        moved["ours"] += (few != many.iloc[:20_000]).sum()
    assert moved["ranked"] > 0 and moved["ours"] == 0


def test_the_order_of_rows_the_kind_of_id_and_the_kind_of_table_change_nothing(tmp_path):
    table = people(400, region=["north", "south"] * 200)
    table.to_parquet(tmp_path / "customers.parquet")
    for mode in ("hash", "blocks"):
        first = assign_arms(table, THREE, salt="a", mode=mode, strata="region")
        others = [table.sample(frac=1, random_state=2), table[::-1], tmp_path / "customers.parquet",
                  duckdb.from_arrow(pa.Table.from_pandas(table))]  # fmt: skip
        for other in others:
            assert assign_arms(other, THREE, salt="a", mode=mode, strata="region").contacts.equals(first.contacts)
    text = assign_arms(table.astype({"customer_id": "str"}), THREE, salt="a")
    same = arms(text).rename(index=int).sort_index()
    assert (same == arms(assign_arms(table, THREE, salt="a")).sort_index()).all()


def test_a_new_arm_or_larger_control_keeps_all_old_controls():
    first = arms(assign_arms(people(5_000), SHARES, salt="a")) == "control"
    split = arms(assign_arms(people(5_000), {"sms": 0.5, "mailing": 0.45, "control": 0.05}, salt="a")) == "control"
    grown = arms(assign_arms(people(5_000), {"control": 0.1, "mailing": 0.9}, salt="a")) == "control"
    assert split.equals(first)
    assert (grown >= first).all() and grown.sum() > first.sum()


def test_shares_hold_on_average_and_two_salts_draw_independently():
    first, second = (arms(assign_arms(people(40_000), THREE, salt=salt)) for salt in ("a", "b"))
    assert stats.chisquare(first.value_counts()[list(THREE)], np.array(list(THREE.values())) * 40_000).pvalue > 0.001
    assert stats.chi2_contingency(pd.crosstab(first, second)).pvalue > 0.001


# Version of the draw -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["hash", "blocks"])
def test_one_salt_under_two_campaigns_draws_independently_and_the_waves_of_one_campaign_alike(mode):
    def draw(campaign, wave=1, **more):
        return assign_arms(people(20_000), THREE, mode=mode, salt="a", campaign_id=campaign, wave=wave, **more)

    spring, autumn, again = draw("spring"), draw("autumn"), draw("spring", wave=2)
    assert stats.chi2_contingency(pd.crosstab(arms(spring), arms(autumn))).pvalue > 0.001
    assert arms(spring).equals(arms(again))
    assert (spring.draw_version, draw("spring", draw_version=1).draw_version) == (2, 1)
    assert arms(draw("spring", draw_version=1)).equals(arms(draw("autumn", draw_version=1)))


def test_a_draw_without_a_campaign_is_that_of_before_and_an_old_list_can_be_repeated():
    """The arms as they were drawn before the campaign's id counted, computed by the definition."""
    bare = assign_arms(people(10), {"control": 0.4, "x": 0.6}, salt="autumn")
    named = assign_arms(people(10), {"control": 0.4, "x": 0.6}, salt="autumn", campaign_id="may", draw_version=1)
    assert (bare.draw_version, bare.contacts["campaign_id"].unique().tolist()) == (1, ["campaign"])
    for drawn in (bare, named):
        found = drawn.contacts.set_index("customer_id")["arm"]
        expected = [
            "control" if int(hashlib.sha256(f"autumn:{one}".encode()).hexdigest()[:13], 16) / 2**52 < 0.4 else "x"
            for one in found.index
        ]
        assert found.tolist() == expected


def test_version_2_is_sha256_of_length_campaign_salt_and_id():
    drawn = assign_arms(people(50), {"control": 0.4, "x": 0.6}, salt="a:b", campaign_id="may").contacts
    place = [
        int(hashlib.sha256(f"3:may:a:b:{one}".encode()).hexdigest()[:13], 16) / 2**52 for one in drawn["customer_id"]
    ]
    assert drawn["arm"].tolist() == ["control" if one < 0.4 else "x" for one in place]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"draw_version": 3, "campaign_id": "may"}, "`draw_version` should be 1 or 2, found 3"),
        ({"draw_version": 2}, "`draw_version` 2 needs `campaign_id`, which it mixes into the draw"),
    ],
)
def test_a_version_that_cannot_be_drawn_is_refused(change, says):
    assert problems(lambda: assign_arms(people(10), SHARES, salt="a", **change)) == [says]


# Mode blocks ---------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@settings(max_examples=30, deadline=None)
@given(sizes=st.lists(st.integers(20, 80), min_size=1, max_size=5), control=st.sampled_from([0.05, 0.1, 0.5]))
def test_blocks_keep_exact_quotas_in_every_stratum(sizes, control):
    table = people(sum(sizes), store=np.repeat([f"s{i}" for i in range(len(sizes))], sizes))
    shares = {"control": control, "a": (1 - control) / 2, "b": (1 - control) / 2}
    drawn = assign_arms(table, shares, mode="blocks", salt="x", strata="store")
    counts = drawn.contacts.groupby(["stratum", "arm"]).size().unstack()
    for i, size in enumerate(sizes):
        row = counts.loc[f"s{i}"]
        assert row.sum() == size
        assert all(abs(row[arm] - share * size) < 1 for arm, share in shares.items())
        rows = drawn.contacts.query("stratum == @stratum", local_dict={"stratum": f"s{i}"})
        assert np.allclose(rows["propensity"], rows["arm"].map(row) / size)
    assert np.allclose(drawn.probabilities.sum(axis=1), 1)


@pytest.mark.slow
def test_blocks_depend_on_the_salt_and_give_every_customer_the_same_chance():
    times = sum((arms(assign_arms(people(40), {"control": 0.25, "x": 0.75}, mode="blocks", salt=f"s{i}")) == "control")
                .astype(int) for i in range(120))  # fmt: skip
    # Each count is binomial(120, 1/4); 40 of them in the region that leaves out one in 100,000
    assert times.between(*stats.binom.interval(1 - 1e-5, 120, 0.25)).all()


def test_a_stratum_too_small_for_its_quota_is_named():
    table = people(103, store=["large"] * 100 + ["tiny"] * 3)
    found = problems(lambda: assign_arms(table, SHARES, mode="blocks", salt="a", strata="store"))
    assert found == ["'tiny' has 3 customers, too few for control: merge it with another stratum"]


def test_two_strata_are_crossed():
    table = people(200, store=["a", "b"] * 100, sex=["f", "f", "m", "m"] * 50)
    log = assign_arms(table, {"control": 0.2, "x": 0.8}, mode="blocks", salt="a", strata=["store", "sex"]).to_frame()
    assert log.query("arm == 'control'")["customers"].tolist() == [10] * 4
    assert log["stratum"].unique().tolist() == ["a | f", "a | m", "b | f", "b | m"]
    assert (log["planned"] == log["drawn"]).all()


# Probabilities, universal control ------------------------------------------------------------------------------------


def test_contacts_and_arm_probs_keep_their_contracts_and_probabilities_sum_to_one():
    held = hold_out(people(3_000), 0.1, "programme", YEAR)
    table = people(3_000, store=np.repeat(["a", "b"], 1_500), channel="sms", segment="gold")
    for mode in ("hash", "blocks"):
        written = {"campaign_id": "autumn", "wave": 2, "assigned_at": "2018-03-01", "offers": {"gift": "G7"}}
        drawn = assign_arms(table, THREE, mode=mode, salt="a", strata="store", universal=held, **written)
        check_table(drawn.contacts, CONTACTS)
        probs = check_arm_probs(drawn.arm_probs)
        check_table(probs, ARM_PROBS)
        assert len(probs) == 9_000
        both = drawn.contacts.merge(probs, on=[*ARM_PROBS.key], validate="one_to_one")
        assert len(both) == 3_000 and np.allclose(both["propensity"], both["probability"])
        offers = drawn.contacts.groupby("arm", dropna=False)["offer_id"].unique().map(list).to_dict()
        assert offers["gift"] == ["G7"] and offers["coupon"] == ["coupon"] and pd.isna(offers["control"]).all()
        assert set(drawn.contacts) >= {"segment", "channel", "assigned_at", "stratum"}


@pytest.mark.slow
def test_the_logged_propensity_is_how_often_the_arm_comes_over_many_draws_universal_included():
    n, runs, hits, logged = 600, 60, 0, None
    for i in range(runs):
        held = hold_out(people(n), 0.1, f"u{i}", YEAR)
        drawn = assign_arms(people(n), THREE, salt=f"c{i}", universal=held)
        hits = hits + (drawn.contacts["arm"] == "control").sum()
        logged = drawn.probabilities["control"].iloc[0]
    assert logged == pytest.approx(0.1 + 0.9 * 0.1)
    low, high = stats.binom.interval(0.999, n * runs, logged)
    assert low <= hits <= high


def test_the_universal_control_has_its_own_salt_stays_for_its_term_and_is_no_campaign_control():
    held = hold_out(people(4_000), 0.05, "programme 2018", YEAR)
    ids = set(held.customers.query("held_out")["customer_id"])
    waves = [assign_arms(people(4_400), SHARES, salt=f"wave {i}", universal=held).contacts for i in (1, 2)]
    for contacts in waves:
        universal = contacts[contacts["control_kind"] == "universal"]
        assert set(universal["customer_id"]) >= ids and (universal["arm"] == "control").all()
        late = universal.loc[universal["customer_id"] >= 4_000, "customer_id"]
        assert len(late) and held.holds(late).all()
    campaign = [set(c[c["control_kind"] == "campaign"]["customer_id"]) for c in waves]
    assert campaign[0] != campaign[1] and not (campaign[0] | campaign[1]) & ids
    share = len(campaign[0]) / (~(waves[0]["control_kind"] == "universal")).sum()
    assert abs(share - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 4_180)


def test_a_held_out_stratum_and_exact_quotas_do_not_disturb_each_other():
    held = hold_out(people(60), 0.5, "u", YEAR)
    store = np.where(held.holds(range(60)), "held", "free")
    drawn = assign_arms(
        people(60, store=store), {"control": 0.5, "x": 0.5}, mode="blocks", salt="a", strata="store", universal=held
    )
    assert (drawn.contacts.query("stratum == 'held'")["control_kind"] == "universal").all()
    assert np.allclose(drawn.probabilities.sum(axis=1), 1)


def test_customers_excluded_under_another_spelling_are_not_drawn_in_silence():
    with pytest.raises(TableError, match="no customer of the customers stands in `exclude`; `customer_id` is .*zeros"):
        assign_arms(people(100), THREE, salt="a", exclude=["003", "004"])
    assert assign_arms(people(100), THREE, salt="a", exclude=["x1"]).excluded == 0  # nobody's id, and no slip


def test_excluded_customers_leave_before_the_draw():
    drawn = assign_arms(people(100), THREE, salt="a", exclude=[3, "4", 5])
    assert len(drawn.contacts) == 97 and drawn.excluded == 3
    same = assign_arms(people(100), THREE, salt="a", exclude=pd.DataFrame({"customer_id": [3, 4, 5]}))
    assert same.contacts.equals(drawn.contacts)
    assert arms(drawn).equals(arms(assign_arms(people(100), THREE, salt="a")).drop([3, 4, 5]))


def test_a_world_runs_the_contacts_as_they_are():
    world = World(customers=400, months=6, seed=3)
    drawn = assign_arms(world.customers, {"control": 0.3, "basket_discount": 0.7}, salt="a")
    wave, _ = world.run(drawn.contacts[["customer_id", "arm", "offer_id", "propensity"]])
    assert wave.contacts["arm"].value_counts().to_dict() == drawn.contacts["arm"].value_counts().to_dict()


def test_one_customer_can_be_drawn_and_a_draw_shows_itself():
    drawn = assign_arms(people(1), SHARES, salt="a")
    assert len(drawn.contacts) == 1 and len(drawn.arm_probs) == 2
    assert "1 customers assigned, mode hash" in drawn._repr_html_()


def test_a_hundred_thousand_customers_are_filtered_drawn_and_logged():
    table = people(100_000, store=np.arange(100_000) % 40, consent=True)
    held = hold_out(table, 0.02, "u", YEAR)
    left = filter_eligible(table, [Rule("no consent", "consent", "is", True)]).eligible
    drawn = assign_arms(left, SHARES, mode="blocks", salt="a", strata="store", universal=held)
    assert len(drawn.arm_probs) == 200_000


# Bad input -----------------------------------------------------------------------------------------------------------


def test_all_that_is_wrong_with_a_draw_is_said_at_once():
    table = pd.DataFrame({"customer_id": [1, 1, 2], "store": ["a", None, "b"]})
    assert problems(lambda: assign_arms(table, {"a": 0.7, "b": -0.1}, mode="rank", salt=" ", strata="store")) == [
        "`customer_id` should be different in every row: 1 value comes more than once, such as 1: keep one row of each",
        "the share of 'b' should be above zero, found -0.1",
        "the shares sum to 0.6: they should sum to one",
        "`mode` should be hash or blocks, found 'rank'",
        "`salt` is missing: a word for this draw",
        "no arm is called 'control': nothing would show what doing nothing does",
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"customers": people(0)}, "the table holds no customer"),
        ({"customers": pd.DataFrame({"card": [1]})}, "there is no column `customer_id`"),
        ({"customers": people(3, store=["a", None, "b"]), "strata": "store"}, "`store` is empty for 1 of 3 customers"),
        ({"strata": "city"}, "there is no column `city` for the strata"),
        ({"shares": {"control": 0.5, 1: 0.5}}, "the name of the arm 1 should be a text"),
        ({"shares": {"control": 1.0}}, "two arms or more are needed, found 1"),
        ({"shares": {"control": 0.5, "x": float("nan")}}, "should be above zero, found nan"),
        ({"exclude": range(10)}, "every customer is excluded"),
        ({"universal": hold_out(people(10), 0.1, "a", YEAR)}, "`salt` is that of the universal control"),
        ({"universal": hold_out(people(10), 0.1, "u", YEAR), "assigned_at": "2019-01-01"}, "outside the term"),
    ],
)
def test_each_fault_of_a_draw_has_its_message(change, says):
    given = {"customers": people(10), "shares": SHARES, "salt": "a"} | change
    assert any(
        says in text for text in problems(lambda: assign_arms(given.pop("customers"), given.pop("shares"), **given))
    )


def test_all_that_is_wrong_with_a_universal_control_is_said_at_once():
    assert problems(lambda: hold_out(people(0), 1.5, "", ("2019-01-01", "2018-01-01"))) == [
        "the table holds no customer",
        "`share` should lie between 0 and 1, found 1.5",
        "`salt` is missing: a word of its own for this control",
        "the term ends on 2018-01-01, but it starts on 2019-01-01",
    ]


def test_probabilities_that_do_not_sum_to_one_are_named():
    probs = assign_arms(people(5), THREE, salt="a").arm_probs
    probs.loc[probs["customer_id"].isin([2, 4]) & (probs["arm"] == "gift"), "probability"] = 0.2
    (text,) = problems(lambda: check_arm_probs(probs))
    assert text == "the probabilities of 2 of 5 customers do not sum to one: customer_id 2 (0.9), 4 (0.9)"


# Eligibility ---------------------------------------------------------------------------------------------------------

LIST = pd.DataFrame({
    "customer_id": [1, 2, 3, 4, 5], "consent": [True, True, False, None, True],
    "staff": [False, True, True, False, False], "level": ["gold", "gold", "silver", "gold", "basic"],
    "last_contact": pd.to_datetime([None, "2018-01-01", "2018-01-30", None, "2018-01-20"]),
})  # fmt: skip
RULES = [
    Rule("no consent", "consent", "is", True),
    Rule("staff", "staff", "is", False),
    Rule("contacted in January's second half", "last_contact", "before", "2018-01-16", empty_passes=True),
]


def test_each_rule_is_counted_and_each_excluded_customer_has_every_reason():
    found = filter_eligible(LIST, RULES, as_of="2018-02-01")
    assert found.eligible["customer_id"].tolist() == [1]
    assert found.counts["customers"].tolist() == [2, 2, 2]
    assert found.counts["only_this"].tolist() == [1, 1, 1]
    assert found.counts["left"].tolist() == [3, 2, 1]
    assert found.excluded.query("customer_id == 3")["reason"].tolist() == [rule.reason for rule in RULES]
    eligible, excluded, counts = found
    assert set(eligible["customer_id"]) | set(excluded["customer_id"]) == set(LIST["customer_id"])
    assert "1 customers may take part" in found._repr_html_()


def test_rules_may_be_tuples_and_tests_mean_what_they_say():
    for test, value, stays in (("in", ["gold"], [1, 2, 4]), ("is not", "gold", [3, 5])):
        assert filter_eligible(LIST, [("level", "level", test, value)]).eligible["customer_id"].tolist() == stays
    for test, value, stays in (("<", 3, [1, 2]), ("<=", 3, [1, 2, 3]), (">", 3, [4, 5]), (">=", 3, [3, 4, 5])):
        assert filter_eligible(LIST, [("id", "customer_id", test, value)]).eligible["customer_id"].tolist() == stays
    assert len(filter_eligible(LIST, []).eligible) == 5


@pytest.mark.parametrize("column", ["delivered", "sent_at", "opened", "responded", "redeemed", "arm"])
def test_a_rule_about_what_happens_after_the_draw_is_refused(column):
    (text,) = problems(lambda: filter_eligible(LIST.assign(**{column: True}), [("bad", column, "is", True)]))
    assert text == f"rule 'bad': `{column}` is known only after the draw; what happens then may exclude nobody"


def test_a_date_on_or_after_the_day_of_the_draw_is_refused():
    (text,) = problems(lambda: filter_eligible(LIST, RULES[2:], as_of="2018-01-30"))
    assert text.endswith("`last_contact` is not before the draw for 1 customers")


def test_all_that_is_wrong_with_rules_is_said_at_once():
    rules = [("a", "city", "is", 1), ("a", "level", "like", "g"), ("b", "level", "<", 3), ("c", "consent", "is", "yes")]
    assert problems(lambda: filter_eligible(LIST, rules)) == [
        "rule 'a': there is no column `city`",
        "rule 'a': comes twice: name each rule differently",
        "rule 'a': the test should be one of is, is not, <, <=, >, >=, in, before, found 'like'",
        "rule 'b': `level` cannot be compared with 3",
        "rule 'c': nobody passes; `consent` holds True, False",
    ]
    assert problems(lambda: filter_eligible(LIST.head(0), RULES)) == ["the table holds no customer"]


@pytest.mark.parametrize(
    "exclude",
    [[7.0, float("nan")], pd.DataFrame({"customer_id": [7.0, None]}), pa.table({"customer_id": [7]}), {7}, ["7"]],
)
def test_whoever_is_excluded_is_excluded_in_whatever_form_the_ids_come(exclude):
    customers = pd.DataFrame({"customer_id": range(50)})
    drawn = assign_arms(customers, {"control": 0.5, "mail": 0.5}, salt="autumn", exclude=exclude)
    assert drawn.excluded == 1 and 7 not in set(drawn.contacts["customer_id"])


# --- Customers who are drawn together ----------------------------------------------------------------


@pytest.mark.parametrize("mode", ["hash", "blocks"])
def test_all_customers_of_a_store_get_one_arm_whatever_the_order_of_rows(mode):
    people = pd.DataFrame({"customer_id": range(600), "store": np.arange(600) % 60})
    shares = {"control": 0.5, "mail": 0.5}
    drawn = assign_arms(people, shares, mode=mode, salt="spring", cluster="store")
    assert (drawn.contacts.groupby("store")["arm"].nunique() == 1).all()
    assert drawn.contacts["propensity"].eq(0.5).all()
    again = assign_arms(people.sample(frac=1, random_state=0), shares, mode=mode, salt="spring", cluster="store")
    pd.testing.assert_frame_equal(drawn.contacts, again.contacts)
    stores = drawn.contacts.groupby("store")["arm"].first().value_counts()
    assert stores.min() == 30 if mode == "blocks" else stores.min() > 15
    lift = measure_lift(drawn.contacts.assign(sales=np.arange(600.0) % 7), cluster="store")
    assert lift.details["clusters_treated"] + lift.details["clusters_control"] == 60


def test_a_store_in_two_strata_or_without_a_name_is_refused():
    people = pd.DataFrame({"customer_id": range(8), "store": [1, 1, 2, 2, 3, 3, 4, 4], "city": list("abaaaaaa")})
    options = {"shares": {"control": 0.5, "mail": 0.5}, "salt": "spring", "mode": "blocks"}
    with pytest.raises(TableError, match="hold customers of several strata, such as 1"):
        assign_arms(people, strata="city", cluster="store", **options)
    with pytest.raises(TableError, match="is empty for 2 customers"):
        assign_arms(people.assign(store=people["store"].where(people["store"] < 4)), cluster="store", **options)
    with pytest.raises(TableError, match="which says who is drawn together"):
        assign_arms(people, cluster="shop", **options)


def test_a_draw_of_clusters_that_could_show_nothing_is_refused_or_says_so():
    shares = {"control": 0.5, "mail": 0.5}
    people = pd.DataFrame({"customer_id": range(60), "store": np.repeat(np.arange(6), 10)})
    few = assign_arms(people, shares, mode="blocks", salt="spring", cluster="store")
    assert "3 values of `store` for mail and 3 for control" in few.warnings[0] and few.warnings[0] in few._repr_html_()
    with pytest.raises(TableError, match="2 values of `store` the draw gives 1 for control, 1 for mail"):
        assign_arms(people.assign(store=people["store"] // 3), shares, mode="blocks", salt="spring", cluster="store")
    big = people.assign(store=np.where(people["store"] == 0, "city", people["customer_id"].astype(str)))
    drawn = assign_arms(big, shares, mode="blocks", salt="spring", cluster="store")
    assert "'city'" not in drawn.warnings, "a sixth of all is no warning"
    big.loc[10:19, "store"] = "city"
    assert "'city' of `store` holds 33% of all" in assign_arms(big, shares, salt="spring", cluster="store").warnings[0]


@pytest.mark.parametrize("name", ["", " ", "\u200b"])
def test_a_blank_name_is_no_household(name):
    people = pd.DataFrame({"customer_id": range(40), "house": [name] * 20 + [f"h{i}" for i in range(20)]})
    with pytest.raises(TableError, match="blank: give everybody who is drawn alone a name of his own"):
        assign_arms(people, {"control": 0.5, "mail": 0.5}, salt="spring", cluster="house")


@pytest.mark.parametrize("name", ["arm", "propensity", "control_kind", "wave", "stratum"])
def test_a_column_that_the_draw_writes_cannot_say_who_is_drawn_together(name):
    people = pd.DataFrame({"customer_id": range(40), name: range(40)})
    with pytest.raises(TableError, match=f"`{name}` cannot say who is drawn together"):
        assign_arms(people, {"control": 0.5, "mail": 0.5}, salt="spring", cluster=name)
