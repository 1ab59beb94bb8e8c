"""A report on customers who were drawn together: seen where nobody says so, compared as a whole where somebody does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.money.profit import campaign_money
from loyalty.intake.loading import load_tables
from loyalty.report.campaign.job import read_contacts
from loyalty.report.campaign.report import report_campaign
from loyalty.report.campaign.sizes import check_cluster_sizes
from loyalty.report.campaign.together import _bound_luck, check_alone, check_balance, find_cluster, find_whole_columns
from loyalty.tables.check import TableError

from ..conftest import SETTINGS

COSTS = {"contact_cost": 0.08, "reward_cost": 0.0, "point_cost": 0.0}


@pytest.fixture(scope="module")
def stores(campaign):
    """The same customers, of whom 60 stores were drawn as a whole, 15 of them for control; nothing was sent."""
    store = campaign.contacts["customer_id"] % 60
    treated = np.random.default_rng(3).permutation(60) < 45
    contacts = campaign.contacts.drop(columns="segment").assign(store=store)
    return contacts.assign(arm=np.where(treated[store], "mail", "control"), offer_id=None)


@pytest.fixture(scope="module")
def report(campaign, stores):
    settings = SETTINGS | COSTS | {"cluster": "store", "planned_control_share": 0.25}
    return report_campaign(campaign.load(contacts=stores), settings)


def get_checks(report) -> pd.DataFrame:
    return report.sheets["checks"].set_index("check")


@pytest.mark.slow
def test_stores_that_were_drawn_as_a_whole_stop_the_verdict_until_somebody_says_so(campaign, stores):
    report = report_campaign(campaign.load(contacts=stores), SETTINGS | COSTS)
    assert get_checks(report).loc["Drawn one by one", "result"] == "alarm"
    assert report.verdict == "open" and report.card.verdict.startswith("Do not use this result yet")
    assert "the same `store` are in one group" in report.card.headline
    assert any("Set cluster to the column" in note for note in report.card.notes)


@pytest.mark.slow
def test_the_report_compares_whole_stores_as_the_package_does(campaign, stores, report):
    outcomes = report.results["outcomes"]
    lift = measure_lift(stores, outcomes, cluster="store")
    assert (report.results["lift"].effect, report.results["lift"].low) == (lift.effect, lift.low)
    options = COSTS | {"margin_rate": 0.3, "windows": ("main", "post"), "cluster": "store"}
    assert report.results["money"].profit.low == campaign_money(stores, outcomes, **options).profit.low
    assert "45 and 15 values of `store`" in report.results["placebo"].sales.method
    assert report.results["sharp"] is None
    assert any("customers are compared by `store`" in text for text in report.sections["lift"].text)


def test_sizes_and_balance_are_those_of_stores(report):
    checks = get_checks(report)
    assert checks.loc["Group sizes (sample ratio)", "what was found"].startswith(
        "Values of `store`: 15 control (25.0%), 45"
    )
    assert "a customer, by `store`" in checks.loc["Groups alike before the start", "what was found"]
    assert (checks.loc[["Drawn one by one", "Group sizes (sample ratio)"], "result"] == "good").all()


@pytest.mark.slow
def test_who_drew_customers_one_by_one_says_none(campaign, stores):
    report = report_campaign(campaign.load(contacts=stores), SETTINGS | COSTS | {"cluster": "none"})
    checks = get_checks(report)
    assert checks.loc["Drawn one by one", "result"] == "look"  # the list shows that whole stores were drawn
    assert report.results["lift"].low == measure_lift(stores, report.results["outcomes"]).low


@pytest.mark.parametrize(
    ("name", "says"),
    [("shop", "the contacts have no column `shop`"), ("arm", "a list uses this name for something else")],
)
def test_a_column_that_cannot_say_who_was_drawn_together_is_refused(campaign, stores, name, says):
    with pytest.raises(TableError, match=says):
        report_campaign(campaign.load(contacts=stores), SETTINGS | COSTS | {"cluster": name})


@pytest.mark.slow
def test_a_share_of_customers_is_compared_by_stores_too(campaign, stores):
    luck = np.random.default_rng(5).normal(0, 0.2, 60)
    came = np.random.default_rng(6).random(len(stores)) < 0.5 + luck[stores["store"]]
    contacts = stores.assign(came=came.astype(int))
    report = report_campaign({"contacts": campaign.load(contacts=contacts)["contacts"]}, {"outcome": "came"})
    assert get_checks(report).loc["Drawn one by one", "result"] == "alarm"
    report = report_campaign(
        {"contacts": campaign.load(contacts=contacts)["contacts"]}, {"outcome": "came", "cluster": "store"}
    )
    assert report.results["lift"].low == measure_lift(contacts, outcome="came", cluster="store").low


@pytest.mark.parametrize("lists", [50, pytest.param(400, marks=pytest.mark.slow)])
def test_columns_of_a_list_that_was_drawn_one_by_one_are_not_taken_for_stores(lists):
    """Of 400 lists with a store, a town, a birth year and a coupon, none is stopped."""
    stopped = 0
    for seed in range(lists):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(40, 400))
        arm = np.where(rng.random(n) < rng.uniform(0.1, 0.5), "control", "mail")
        contacts = pd.DataFrame({"customer_id": range(n), "arm": arm})
        contacts["store"] = rng.integers(0, rng.integers(4, n), n)
        contacts["year"] = 1950 + rng.integers(0, 50, n)
        contacts["coupon"] = np.where(arm == "mail", rng.integers(0, 9, n).astype(str), None)
        contacts["alone"] = range(n)
        stopped += bool(find_whole_columns(contacts))
    assert stopped == 0


@pytest.mark.parametrize("size", [1.4, 2, 5])
def test_households_drawn_as_a_whole_are_seen(size):
    house = (np.arange(600) / size).astype(int)
    drawn = np.random.default_rng(1).random(600) < 0.3
    contacts = pd.DataFrame(
        {"customer_id": range(600), "house": house, "arm": np.where(drawn[house], "control", "mail")}
    )
    assert find_whole_columns(contacts) == ["house"]


def test_alike_before_the_start_is_not_said_where_luck_is_not_known(stores):
    """All treated bought for 5 and all controls for 1: a missing p-value is no good one."""
    before = pd.DataFrame({"campaign_id": stores["campaign_id"], "wave": 1, "customer_id": stores["customer_id"]})
    before = before.assign(window="pre", sales=np.where(stores["arm"] == "control", 1.0, 5.0))
    _, state, says = check_balance(stores, before, "store", "Groups alike", "€")
    assert state == "not done" and "luck is not known" in says


def test_a_share_without_a_plan_says_that_sizes_were_not_looked_at(campaign, stores):
    contacts = stores.assign(came=(stores["customer_id"] // 7) % 2)
    tables = {"contacts": campaign.load(contacts=contacts)["contacts"]}
    sizes = get_checks(report_campaign(tables, {"outcome": "came", "cluster": "store"})).loc[
        "Group sizes (sample ratio)"
    ]
    assert sizes["result"] == "not done" and "planned share" in sizes["what was found"]


def test_exact_quotas_of_stores_are_not_called_a_test(stores):
    planned = {"control": 0.25, "treated": 0.75}
    assert check_cluster_sizes(stores, "store", planned, "blocks")[0][1] == "not done"
    assert check_cluster_sizes(stores, "store", planned, None)[0][1] == "good"
    assert check_cluster_sizes(stores, "store", {"control": 0.75, "treated": 0.25}, None)[0][1] == "alarm"


@pytest.mark.parametrize(
    ("sizes", "share"), [((2,) * 60, 0.5), ((2,) * 200, 0.1), ((5,) * 40, 0.2), ((1, 3, 9) * 10, 0.3)]
)
def test_the_bound_of_luck_is_never_below_what_draws_show(sizes, share):
    rng = np.random.default_rng(5)
    n = np.array(sizes)
    control = rng.binomial(n, share, (20_000, len(n)))
    apart = np.minimum(control, n - control).sum(axis=1)
    for q in (0.5, 0.1, 0.01, 0.001):
        seen = int(np.quantile(apart, q))
        assert (apart <= seen).mean() <= _bound_luck(n, share, seen)


def test_the_bound_of_luck_for_one_value_is_the_chance_that_it_lies_in_one_group():
    assert _bound_luck(np.array([4]), 0.25, 0) == pytest.approx(0.25**4 + 0.75**4, rel=1e-3)
    assert _bound_luck(np.array([4]), 0.25, 2) == 1


def draw_stores(stores=40, control=10, size=25):
    store = np.repeat(np.arange(stores), size)
    return pd.DataFrame({"arm": np.where(store < control, "control", "mail"), "store": [f"S{i}" for i in store]})


def test_a_few_customers_in_the_wrong_group_do_not_hide_whole_stores():
    contacts = draw_stores()
    assert check_alone(contacts, None)[1] == "alarm"
    contacts.loc[[0, 300, 900], "arm"] = ["mail", "control", "control"]
    assert check_alone(contacts, None)[1] == "alarm"
    contacts = draw_stores(stores=30, control=9, size=40)
    contacts.loc[::100, "arm"] = "mail"  # one of a hundred, in 12 stores: no store of control is whole any more
    assert find_whole_columns(contacts) == ["store"]
    contacts.loc[::4, "arm"] = "mail"  # one of four moved: these are no whole stores
    assert find_whole_columns(contacts) == []


def test_one_store_for_control_stops_the_verdict_and_a_channel_does_not():
    contacts = draw_stores(control=1)
    name, state, says = check_alone(contacts, None)
    assert state == "alarm" and "one store is no control group" in says and "`store`" in says
    assert check_alone(contacts, "none")[1] == "look"  # somebody says so, and the list says otherwise
    numbers = contacts.assign(store=contacts["store"].str[1:])
    assert check_alone(numbers, None)[1] == "alarm"  # the store of control is number 0, which here is a name
    channel = np.where(contacts["arm"] == "control", "none", [f"c{i % 3}" for i in range(len(contacts))])
    for word in ("none", "Контрольная группа"):
        sent = contacts.drop(columns="store").assign(kind=np.where(channel == "none", word, channel))
        assert check_alone(sent, None)[1] == "good"


def test_customers_who_were_moved_after_the_draw_are_told_from_customers_who_were_drawn_alone():
    contacts = draw_stores().assign(customer_id=range(1000), sales=1.0)
    contacts["store"] += "@shop.ru"
    contacts.loc[[0, 300, 900], "arm"] = ["mail", "control", "control"]
    with pytest.raises(
        TableError, match="only 3 of 1,000 customers stand apart .* the group that was drawn for"
    ) as found:
        measure_lift(contacts, outcome="sales", cluster="store")
    assert "@" not in str(found.value)
    with pytest.raises(TableError, match="they were not drawn as a whole"):
        measure_lift(contacts.assign(arm=["mail", "control"] * 500), outcome="sales", cluster="store")


@pytest.mark.parametrize("lists", [25, pytest.param(400, marks=pytest.mark.slow)])
def test_customers_drawn_alone_ring_for_no_column(lists):
    rng = np.random.default_rng(6)
    rings = 0
    for _ in range(lists):
        arm = np.where(rng.random(600) < 0.15, "control", "mail")
        columns = {f"c{k}": rng.integers(0, k, 600) for k in (4, 20, 100, 290, 600)}
        rings += check_alone(pd.DataFrame({"arm": arm, **columns}), None)[1] != "good"
    assert rings == 0


def test_the_store_of_an_ordinary_list_is_seen_though_nobody_mapped_it(campaign, stores):
    named = {"contacts": {"columns": {"customer_id": "customer_id", "arm": "arm"}}}
    tables = load_tables({"receipts": campaign.receipts, "contacts": stores[["customer_id", "arm", "store"]]}, named)
    assert "columns kept for the settings to name: store" in tables["contacts"].notes
    contacts = read_contacts(tables["contacts"], {"by": None, "not_invited": None})
    assert check_alone(contacts, None)[1] == "alarm"
    assert find_cluster(contacts, "store") == "store" and check_alone(contacts, "store")[1] == "good"


@pytest.mark.slow
def test_other_columns_of_a_list_change_no_number(campaign):
    luck = np.random.default_rng(1)
    n = len(campaign.contacts)
    more = campaign.contacts.assign(
        age=luck.integers(18, 80, n), shop=luck.integers(0, 30, n), note=["a", "b"] * (n // 2)
    )
    named = {"contacts": {"columns": {name: name for name in campaign.contacts}}}
    without, beside = (
        report_campaign(load_tables({"receipts": campaign.receipts, "contacts": contacts}, named), SETTINGS | COSTS)
        for contacts in (campaign.contacts, more)
    )
    for name in without.sheets:
        pd.testing.assert_frame_equal(without.sheets[name], beside.sheets[name])
