from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.tables.check import check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS, OUTCOMES
from loyalty.world import PRESETS, World, WorldError

OFFERS = [
    "basket_discount",
    "category_discount",
    "bonus_points",
    "gift",
    "free_delivery",
    "reminder",
    "win_back",
    "concierge",
    "magazine",
]
few = settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def worlds_with_plans(draw):
    world = World(draw(st.integers(30, 90)), draw(st.integers(3, 16)), draw(st.integers(0, 10**6)))
    table = world.customers[["customer_id"]]
    offers = draw(st.lists(st.sampled_from([*OFFERS, None]), min_size=len(table), max_size=len(table)))
    return world, table.assign(offer_id=pd.Series(offers, dtype="str"))


def lines_between(world, start, end):
    receipts = world.receipts
    return receipts[(receipts["time"] >= start) & (receipts["time"] < end)]


@pytest.mark.slow
@few
@given(worlds_with_plans())
def test_contacts_and_outcomes_keep_their_contracts(case):
    world, plan = case
    wave, later = world.run(plan, campaign_id="spring", wave=3)
    check_table(wave.contacts, CONTACTS)
    check_table(wave.outcomes, OUTCOMES)
    check_table(wave.campaign, CAMPAIGNS)
    check_table(later.contacts, CONTACTS)
    assert len(wave.contacts) == len(plan) and len(wave.outcomes) == 3 * len(plan)
    assert later.end == world.end + pd.Timedelta(days=56)


@few
@given(worlds_with_plans())
def test_nothing_changes_before_the_contact(case):
    world, plan = case
    _, later = world.run(plan)
    before = later.receipts[later.receipts["time"] < world.end].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, world.receipts, check_exact=True)
    sent = later.contacts.query("campaign_id == 'wave-1'")["sent_at"].dropna()
    assert (sent == world.end + pd.Timedelta(hours=6)).all()


@few
@given(worlds_with_plans(), st.integers(1, 10**6))
def test_two_plans_differ_only_for_customers_whose_offer_differs(case, salt):
    world, plan = case
    luck = np.random.default_rng(salt).random(len(plan)) < 0.3
    other = plan.assign(offer_id=plan["offer_id"].where(~luck, "gift"))
    one, two = world.run(plan)[0].outcomes, world.run(other)[0].outcomes
    same = plan["customer_id"][plan["offer_id"].fillna("") == other["offer_id"].fillna("")]
    keep = one["customer_id"].isin(same)
    pd.testing.assert_frame_equal(one[keep], two[keep], check_exact=True)


@few
@given(worlds_with_plans())
def test_the_same_plan_twice_gives_the_same_wave_in_any_order_of_rows(case):
    world, plan = case
    one, two = world.run(plan)[0], world.run(plan.sample(frac=1, random_state=1))[0]
    pd.testing.assert_frame_equal(one.contacts, two.contacts)
    pd.testing.assert_frame_equal(one.outcomes, two.outcomes, check_exact=True)


@few
@given(worlds_with_plans())
def test_controls_live_as_if_there_had_been_no_wave(case):
    world, plan = case
    nobody = plan.assign(offer_id=pd.Series([None] * len(plan), dtype="str"))
    wave, quiet = world.run(plan)[0], world.run(nobody)[0]
    control = wave.contacts["customer_id"][wave.contacts["offer_id"].isna()]
    keep = wave.outcomes["customer_id"].isin(control)
    pd.testing.assert_frame_equal(wave.outcomes[keep], quiet.outcomes[keep], check_exact=True)


@few
@given(worlds_with_plans())
def test_outcomes_are_the_sums_of_the_receipts_that_the_later_world_shows(case):
    world, plan = case
    wave, later = world.run(plan)
    for name, part in wave.outcomes.groupby("window"):
        lines = lines_between(later, part["start"].iloc[0], part["end"].iloc[0])
        sums = lines.groupby("customer_id").agg(
            orders=("basket_id", "nunique"), sales=("sales", "sum"), margin=("margin", "sum"),
            discount=("offer_discount", "sum"),
        )  # fmt: skip
        found = part.set_index("customer_id")
        for column in sums:
            expected = sums[column].reindex(found.index).fillna(0)
            assert np.allclose(found[column], expected, atol=0.005), (name, column)


def test_a_second_wave_starts_where_the_first_ended_and_remembers_it(world, split):
    _, later = world.run(split(world), campaign_id="a")
    second, last = later.run(split(later, "gift", salt=1), campaign_id="a", wave=2, days=14, post=14)
    assert "1 waves" in repr(later) and "gift" in repr(second)
    assert second.start == later.end and last.end == later.end + pd.Timedelta(days=28)
    assert set(last.contacts["wave"]) == {1, 2}
    pd.testing.assert_frame_equal(
        lines_between(last, "2023-01-01", later.end).reset_index(drop=True), later.receipts, check_exact=True
    )


def test_delivery_fails_for_the_planned_part_and_then_nothing_happens(world, split):
    wave, _ = world.run(split(world, share=1.0))
    failed = wave.contacts["customer_id"][~wave.contacts["delivered"].astype(bool)]
    assert 0.01 < len(failed) / len(wave.contacts) < 0.06
    quiet, _ = world.run(split(world, share=0.0))
    keep = wave.outcomes["customer_id"].isin(failed)
    pd.testing.assert_frame_equal(wave.outcomes[keep], quiet.outcomes[keep], check_exact=True)


def test_contamination_reaches_some_controls_and_shrinks_the_visible_gap(world, split):
    clean, dirty = (world.run(split(world), contamination=c)[0] for c in (0.0, 0.5))
    control = clean.contacts["customer_id"][clean.contacts["arm"] == "control"]
    one, two = (w.outcomes[w.outcomes["customer_id"].isin(control)].query("window == 'main'") for w in (clean, dirty))
    assert two["redeemed"].sum() > one["redeemed"].sum() == 0
    assert dirty.contacts["delivered"].isna().equals(clean.contacts["delivered"].isna())


def test_carry_over_ends_when_it_is_switched_off(world, split):
    _, later = world.run(split(world, share=1.0), days=7, post=0)
    nobody = split(later, share=0.0)
    going, stopped = (later.run(nobody, carry_over=c)[0].outcomes.query("window == 'main'") for c in (True, False))
    assert going["redeemed"].sum() > 0 == stopped["redeemed"].sum()
    untouched = world.run(nobody, days=7, post=0)[1].run(nobody)[0].outcomes.query("window == 'main'")
    assert np.allclose(stopped["sales"], untouched["sales"])


def test_rewards_and_bonus_points_are_given_once_to_those_who_use_the_offer(world, split):
    for offer, column, value in (("gift", "reward_paid", 2.4), ("win_back", "reward_paid", 5.0)):
        outcomes = world.run(split(world, offer, 1.0))[0].outcomes.groupby("customer_id")[[column, "redeemed"]].sum()
        assert set(np.round(outcomes[column].unique(), 2)) == {0.0, value}
        assert ((outcomes[column] > 0) == (outcomes["redeemed"] > 0)).all()
    bonus, quiet = (
        world.run(split(world, "bonus_points", s))[0].outcomes.groupby("customer_id").sum(numeric_only=True)
        for s in (1.0, 0.0)
    )
    assert (bonus.loc[bonus["redeemed"] > 0, "points_issued"] >= 300).all()
    assert bonus["points_redeemed"].sum() > quiet["points_redeemed"].sum() > 0


def test_points_are_redeemed_after_they_were_issued_and_not_all(world, split):
    outcomes = world.run(split(world, "bonus_points", 1.0))[0].outcomes
    sums = outcomes.groupby("customer_id")[["points_issued", "points_redeemed"]].sum()
    assert (sums["points_redeemed"] <= sums["points_issued"] + 0.011).all()
    assert 0.1 < sums["points_redeemed"].sum() / sums["points_issued"].sum() < world.parameters.money.redemption


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda p: p.drop(columns="offer_id"), "no column `offer_id`"),
        (lambda p: p.assign(offer_id="voucher"), "voucher"),
        (lambda p: pd.concat([p, p.head(2)]), "2 customers stand in it more than once"),
        (lambda p: p.assign(customer_id=p["customer_id"] + 10**6), "who do not exist"),
        (lambda p: p.assign(customer_id="abc"), "who do not exist"),
        (lambda p: p.assign(propensity=0.0), "propensity should be"),
        (lambda p: p.head(0), "empty"),
    ],
)
def test_an_impossible_plan_is_refused_with_its_reason(world, split, change, words):
    with pytest.raises(WorldError, match=words):
        world.run(change(split(world)))


@pytest.mark.parametrize("wrong", [{"days": 0}, {"post": -1}, {"pre": 10_000}, {"contamination": 1.5}])
def test_an_impossible_wave_is_refused(world, split, wrong):
    with pytest.raises(WorldError, match=next(iter(wrong))):
        world.run(split(world), **wrong)


def test_the_plans_own_columns_are_passed_on(world, split):
    plan = split(world).assign(stratum="a", segment="gold", channel="sms")
    contacts = world.run(plan)[0].contacts
    assert set(contacts["segment"]) == {"gold"} and contacts["propensity"].eq(0.5).all()
    assert set(contacts["control_kind"]) == {"none", "campaign"}


def test_customers_go_on_arriving_only_where_the_parameters_say_so():
    base = PRESETS["small_chain"]()
    plain = World(customers=500, months=6, seed=3, parameters=base)
    growing = replace(base, people=replace(base.people, arriving=6))
    later = World(customers=500, months=6, seed=3, parameters=growing)
    day = plain.scene.calendar.month_start(6)
    assert (plain.scene.people.entry < day).all()
    coming = later.scene.people.entry
    assert 40 < (coming >= day).sum() < 140 and coming.max() < later.scene.calendar.month_start(12)
    assert set(later.customers["customer_id"]) == set(np.flatnonzero(coming < day) + 1)
    assert (coming[coming < 0] == plain.scene.people.entry[plain.scene.people.entry < 0]).all()
