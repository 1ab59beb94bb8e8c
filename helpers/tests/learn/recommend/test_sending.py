"""The send list and the hand-over: nobody who may not, nothing that cannot be sold, no control outside."""

from __future__ import annotations

import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.lift import measure_lift
from loyalty.intake import load_tables
from loyalty.learn.recommend import export_messages, plan_messages, recommend_products
from loyalty.learn.recommend.export import make_code
from loyalty.report.campaign import report_campaign
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS

from .conftest import CUT

PLAN = {"campaign_id": "spring", "salt": "word", "control": 0.2}
DAYS = {"at": "2025-03-04", "expires": "2025-03-31", "secret": "only we know it"}


@pytest.fixture(scope="module")
def lists(shoppers):
    return recommend_products(shoppers, CUT, way="items", size=6, least=1)


@pytest.fixture(scope="module")
def products():
    ids = np.arange(24)
    cost = np.where(ids % 5 == 0, 4.8, 3.0)
    stock = np.where(ids % 7 == 0, 0, 12)
    return pd.DataFrame({"product_id": ids, "price": 5.0, "unit_cost": cost, "stock": stock})


@pytest.fixture(scope="module")
def customers():
    ids = np.arange(300)
    return pd.DataFrame({"customer_id": ids, "consent": ids % 6 > 0, "contacts": ids % 4, "staff": ids % 50 == 1})


@pytest.fixture(scope="module")
def sending(lists, products, customers):
    return plan_messages(lists, products, customers, **PLAN, discount=0.1, contact_cost=0.05, most_contacts=3)


def allocate_by_hand(lists, products, customers):
    """The same by loops: round by round, the highest score first."""
    may = customers[(customers["customer_id"] % 6 > 0) & (customers["contacts"] < 3) & ~customers["staff"]]
    shelf = products.set_index("product_id")
    stock = shelf["stock"].to_dict()
    earns = shelf["price"] * 0.9 - shelf["unit_cost"] > 0.05
    rows = lists.table[lists.table["customer_id"].isin(may["customer_id"])]
    rows = rows[rows["product_id"].map(earns) & (rows["product_id"].map(shelf["stock"]) > 0)]
    wishes = {who: list(part.itertuples()) for who, part in rows.groupby("customer_id")}
    got = {}
    while wishes:
        asked = sorted((part[0] for part in wishes.values()), key=lambda row: (-row.score, row.customer_id))
        full = True
        for row in asked:
            if stock[row.product_id] > 0:
                stock[row.product_id] -= 1
                got[row.customer_id] = row.product_id
                del wishes[row.customer_id]
                full = False
        wishes = {who: [row for row in part if stock[row.product_id] > 0] for who, part in wishes.items()}
        wishes = {who: part for who, part in wishes.items() if part}
        assert not full or not wishes
    return got


def test_each_gets_what_loops_give_him(lists, products, customers, sending):
    by_hand = allocate_by_hand(lists, products, customers)
    found = sending.people.set_index("customer_id")["product_id"].to_dict()
    assert found == by_hand and len(found) > 50


def test_nothing_goes_out_that_may_not(products, customers, sending):
    known = customers.set_index("customer_id").loc[sending.people["customer_id"]]
    assert known["consent"].all() and (known["contacts"] < 3).all() and not known["staff"].any()
    taken = sending.people["product_id"].value_counts()
    shelf = products.set_index("product_id").loc[taken.index]
    assert (taken <= shelf["stock"]).all() and (sending.people["margin"] > 0.05).all()
    assert sending.people["customer_id"].is_unique


def test_each_step_is_counted_and_nobody_is_lost_unsaid(lists, sending):
    steps = sending.steps
    people = steps[steps["what"] == "customers"]
    assert people["left"].iloc[0] == lists.n_customers == people["out"].sum() + len(sending.to_send)
    assert (people["left"].shift().iloc[1:] - people["out"].iloc[1:] == people["left"].iloc[1:]).all()


def test_control_has_a_product_too_and_the_shares_are_those_that_were_asked(sending):
    assert sending.withheld["product_id"].notna().all()
    assert set(sending.withheld["customer_id"]).isdisjoint(sending.to_send["customer_id"])
    assert len(sending.withheld) / len(sending.people) == pytest.approx(0.2, abs=0.09)


def test_the_draw_does_not_know_who_consents_later_and_rows_in_another_order_change_nothing(
    lists, products, customers, sending
):
    again = plan_messages(
        lists, products.sample(frac=1, random_state=1), customers.sample(frac=1, random_state=2),
        **PLAN, discount=0.1, contact_cost=0.05, most_contacts=3,
    )  # fmt: skip
    pd.testing.assert_frame_equal(again.people, sending.people)


def test_an_empty_consent_is_none_and_words_are_refused(lists, products, customers):
    open_cells = customers.assign(consent=customers["consent"].astype("boolean"))
    open_cells.loc[open_cells["customer_id"].between(7, 60), "consent"] = pd.NA
    found = plan_messages(lists, products, open_cells, **PLAN).people["customer_id"]
    assert not found.between(7, 60).any() and (found % 6 > 0).all()
    words = customers.assign(consent=np.where(customers["consent"], "да", "нет"))
    with pytest.raises(TableError, match="make it true or false"):
        plan_messages(lists, products, words, **PLAN)


def test_who_opted_out_gets_nothing(lists, products, customers):
    out = customers.assign(opted_out=customers["customer_id"] < 100)
    assert plan_messages(lists, products, out, **PLAN).people["customer_id"].min() >= 100


def test_without_stock_it_says_so(lists, products, customers):
    found = plan_messages(lists, products.drop(columns="stock"), customers, **PLAN)
    assert "have no `stock`" in found.warnings[0]


@pytest.fixture(scope="module")
def out(sending, customers, shoppers):
    today = customers.assign(
        consent=customers["consent"] & (customers["customer_id"] % 11 > 0), phone="+7 916 000-00-00"
    )
    return export_messages(sending, today, **DAYS, receipts=shoppers)


def test_consent_is_that_of_the_export_and_who_left_stays_in_his_arm(sending, out):
    assert (out.send["customer_id"] % 11 > 0).all()
    arms = out.assignment.set_index("customer_id")["arm"]
    assert arms.to_dict() == sending.people.set_index("customer_id")["arm"].to_dict()
    gone = sending.to_send["customer_id"][~sending.to_send["customer_id"].isin(out.send["customer_id"])]
    assert len(gone) == out.taken_off["customers"].sum() > 0
    assert out.assignment.set_index("customer_id").loc[gone, "sent_at"].isna().all()
    assert any("stay in their arm" in note for note in out.warnings)


def test_what_was_bought_meanwhile_is_not_offered(sending, customers, shoppers, out):
    between = shoppers[(shoppers["time"] >= CUT) & (shoppers["time"] < "2025-03-05")]
    pairs = set(zip(between["customer_id"], between["product_id"], strict=True))
    assert not set(zip(out.send["customer_id"], out.send["offer_id"], strict=True)) & pairs
    assert out.taken_off.set_index("reason").loc["bought it meanwhile", "customers"] > 0


def test_no_control_and_no_reason_leave_the_house(sending, out):
    assert set(out.send["customer_id"]).isdisjoint(sending.withheld["customer_id"])
    assert list(out.send) == ["customer_id", "offer_id", "code", "expires", "phone"]
    read = pd.read_csv(io.BytesIO(out.files["_send.csv"]))
    assert "because" not in read and "arm" not in read and len(read) == len(out.send)
    assert len(pd.read_csv(io.BytesIO(out.files["_assignment.csv"]))) == len(sending.people)


def test_codes_are_one_each_and_depend_on_the_secret(out):
    assert out.send["code"].is_unique and out.send["code"].str.fullmatch("[A-Z2-7]{10}").all()
    assert make_code("a", "b", 1, 2) != make_code("c", "b", 1, 2) != make_code("c", "b", 12, "")
    assert (out.send["expires"] == "2025-03-31").all()


def test_the_files_obey_the_contracts_and_the_campaign_can_be_measured(out, shoppers):
    check_table(out.assignment, CONTACTS)
    check_table(out.record, CAMPAIGNS)
    assert out.record["end"].iloc[0] == pd.Timestamp("2025-04-01")
    later = shoppers[shoppers["time"] >= "2025-03-04"].groupby("customer_id")["sales"].sum()
    wave = out.assignment.assign(sales=out.assignment["customer_id"].map(later).fillna(0.0))
    lift = measure_lift(wave, outcome="sales")
    arms = wave.groupby("arm")["sales"].mean()
    assert lift.effect == pytest.approx(arms["message"] - arms["control"])


@pytest.mark.slow
def test_campaign_report_reads_the_files_back(out, shoppers, tmp_path):
    out.write(tmp_path, "spring")
    gap = pd.date_range("2025-02-20", "2025-02-28").repeat(20)  # days without any receipt would be refused
    bread = pd.DataFrame({"customer_id": np.arange(len(gap)), "product_id": 1, "time": gap, "sales": 1.0})
    tables = load_tables(
        {
            "receipts": pd.concat([shoppers, bread], ignore_index=True),
            "contacts": tmp_path / "spring_assignment.csv",
            "campaigns": tmp_path / "spring_record.csv",
        }
    )
    settings = {"start": "2025-03-04", "end": "2025-04-01", "margin_rate": 0.3}
    report = report_campaign(tables, settings)
    inside = shoppers[shoppers["time"].between("2025-03-04", "2025-03-31 23:59:59")]
    sales = out.assignment["customer_id"].map(inside.groupby("customer_id")["sales"].sum()).fillna(0.0)
    means = sales.groupby(out.assignment["arm"]).mean()
    assert report.results["lift"].effect == pytest.approx(means["message"] - means["control"])


def test_nothing_that_is_there_is_replaced(out, tmp_path):
    names = out.write(tmp_path, "spring")
    assert names == ["spring_send.csv", "spring_assignment.csv", "spring_record.csv"]
    with pytest.raises(TableError, match="is there already"):
        out.write(tmp_path, "spring")
    with pytest.raises(TableError, match="there is no folder"):
        out.write(tmp_path / "gone", "spring")


def test_all_that_is_wrong_with_a_plan_is_told_at_once(lists, products, customers):
    with pytest.raises(TableError) as told:
        plan_messages(lists, products, customers, **PLAN | {"control": 0}, discount=1, contact_cost=-1, most_contacts=0)
    assert len(told.value.problems) == 4 and "nobody knows what it did" in told.value.problems[0]
    with pytest.raises(TableError) as told:
        plan_messages(lists, products[["product_id"]], customers[["customer_id"]], **PLAN, most_contacts=2)
    assert len(told.value.problems) == 4
    with pytest.raises(TableError, match="no product of the recommendations"):
        plan_messages(lists, products.assign(product_id=products["product_id"] + 900), customers, **PLAN)
    with pytest.raises(TableError, match="nobody is left to write to: most went at the step 'no consent'"):
        plan_messages(lists, products, customers.assign(consent=False), **PLAN)


def test_all_that_is_wrong_with_an_export_is_told_at_once(sending, customers):
    with pytest.raises(TableError) as told:
        export_messages(sending, customers[["customer_id"]], **DAYS | {"expires": "2025-03-04", "secret": "short"})
    assert len(told.value.problems) == 3
    with pytest.raises(TableError, match="at = 2025-02-01 lies before the list"):
        export_messages(sending, customers, **DAYS | {"at": "2025-02-01"})


def test_they_show_themselves(sending, out):
    assert sending.plot().get_title(loc="left") and "withheld" in repr(sending) and "step" in sending._repr_html_()
    assert "taken off" in repr(out) and "code" in out._repr_html_()
    assert "+7 916" not in out._repr_html_() + repr(out)
    assert len(out.to_frame()) == 2 and len(sending.to_frame()) == len(sending.steps)
    plt.close("all")
