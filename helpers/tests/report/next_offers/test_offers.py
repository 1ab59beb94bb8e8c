"""The template `next_offers` with a list of offers: only what may be offered is suggested, at its own terms."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loyalty.intake.loading import load_tables
from loyalty.intake.mapping.proposal import propose_columns
from loyalty.learn.recommend.export import make_code
from loyalty.learn.recommend.lists import recommend_products
from loyalty.learn.recommend.scores import score_recommenders
from loyalty.learn.recommend.sending import find_terms, plan_messages
from loyalty.report.campaign.report import report_campaign
from loyalty.report.next_offers.deals import find_wrong_offers, match_offers
from loyalty.report.next_offers.layout import _say_range
from loyalty.report.next_offers.report import plan_next_offers
from loyalty.report.next_offers.worth import Worth
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS

START, END = pd.Timestamp("2025-06-01"), pd.Timestamp("2025-06-29")
SETTINGS = {"campaign": "june", "start": "2025-06-01", "end": "2025-06-29", "contact_cost": 0.05}
VALUES = {**SETTINGS, "discount": None, "keep_in_stock": None}
PRODUCTS = 12
COLUMNS = ["offer_id", "product_id", "category", "discount", "price", "reward_cost", "contact_cost", "pieces"]


def draw_shop(customers: int = 300, seed: int = 0) -> pd.DataFrame:
    """Receipts of twenty weeks: each customer buys about a third of the products, the first ones more often."""
    rng = np.random.default_rng(seed)
    rate = np.tile(4 / (2 + np.arange(PRODUCTS)), (customers, 1)) * rng.uniform(0.2, 1.0, (customers, 1))
    who, what = np.nonzero(rng.poisson(rate))
    days = rng.integers(0, 140, len(who))
    lines = pd.DataFrame({"customer_id": who, "time": START - pd.to_timedelta(140 - days, unit="D")})
    return lines.assign(sales=5.0, product_id=what)


def list_goods(**columns) -> pd.DataFrame:
    goods = pd.DataFrame({"product_id": np.arange(PRODUCTS), "price": 5.0, "unit_cost": 2.0})
    goods["name"] = [f"good {n:02}" for n in range(PRODUCTS)]
    return goods.assign(category=np.where(np.arange(PRODUCTS) % 4 == 3, "Tea", "bread"), **columns)


def list_people(customers: int = 300) -> pd.DataFrame:
    return pd.DataFrame({"customer_id": np.arange(customers), "consent": True, "channel": "sms"})


def list_offers(*rows, **columns) -> pd.DataFrame:
    """Offers from rows of id, product, category, discount, price, reward, contact, pieces; the last may be left out."""
    filled = [(*row, *[None] * (len(COLUMNS) - len(row))) for row in rows]
    table = pd.DataFrame(filled, columns=COLUMNS).astype({"product_id": "Int64"})
    return table.astype(dict.fromkeys(COLUMNS[3:], "float64")).assign(**columns)


OFFERS = list_offers(
    ("T10", 4, None, 0.1),
    ("T20", 4, None, 0.2),
    ("GIFT", 5, None, None, None, 0.5),
    ("P4", 6, None, None, 4.0, None, 0.1),
    ("TEA", None, " tea", 0.05),
    ("BAD", 8, None, 0.7),
    ("GHOST", 99, None, 0.1),
    ("BARE", None, None, 0.1),
)


def plan(offers=None, settings=None, goods=None, receipts=None):
    tables = {"receipts": draw_shop() if receipts is None else receipts, "customers": list_people()}
    tables["products"] = list_goods() if goods is None else goods
    if offers is not None:
        tables["offers"] = offers
    return plan_next_offers(load_tables(tables), SETTINGS | (settings or {}))


@pytest.fixture(scope="module")
def report():
    return plan(OFFERS)


def read_sent(report) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(report.files["_send_sms.csv"]), dtype="str")


def read_states(report) -> pd.Series:
    return report.sheets["offers"].set_index("offer")["so"]


# --- Who gets what ------------------------------------------------------------------------------------------------


def test_only_products_with_an_offer_are_sent_and_the_offer_stands_beside_the_product(report):
    sent = read_sent(report)
    offer_of = {"4": "T10", "5": "GIFT", "6": "P4", "3": "TEA", "7": "TEA", "11": "TEA"}
    assert set(sent["product_id"]) <= set(offer_of)
    assert (sent["offer_id"] == sent["product_id"].map(offer_of)).all()
    had = pd.MultiIndex.from_frame(draw_shop()[["customer_id", "product_id"]].astype("str"))
    assert not pd.MultiIndex.from_frame(sent[["customer_id", "product_id"]]).isin(had).any()


def test_assignment_withheld_and_record_carry_the_offer(report):
    check_table(report.people, CONTACTS)
    check_table(report.results["record"], CAMPAIGNS)
    inside = report.people
    control = inside["arm"] == "control"
    assert inside.loc[control, "offer_id"].isna().all() and inside["planned_offer"].notna().all()
    assert (inside.loc[~control, "offer_id"] == inside.loc[~control, "planned_offer"]).all()
    withheld = pd.read_csv(io.BytesIO(report.files["_withheld.csv"]), dtype="str")
    assert withheld.columns.tolist() == ["customer_id", "product_id", "planned_offer"]
    record = pd.read_csv(io.BytesIO(report.files["_record.csv"]))
    assert record["offers"].iloc[0] == ", ".join(sorted(inside["planned_offer"].unique()))


def test_the_code_is_made_of_customer_and_offer():
    lists = recommend_products(draw_shop(), "2025-06-01", size=3, only=[4, 5])
    offers = pd.DataFrame({"offer_id": ["A", "A"], "product_id": [4, 5], "discount": 0.1})
    sending = plan_messages(
        lists, list_goods(), list_people(), campaign_id="june", salt="s", control=0.2, offers=offers
    )  # fmt: skip
    from loyalty.learn.recommend.export import export_messages

    secret = "only we know it"
    out = export_messages(sending, list_people(), "2025-06-02", expires="2025-06-20", secret=secret)
    row = out.send.iloc[0]
    assert row["offer_id"] == "A" and row["code"] == make_code(secret, "june", row["customer_id"], "A")
    assert out.send["code"].is_unique


def test_each_message_is_counted_at_the_terms_of_its_offer(report):
    hit = report.results["choice"].hit["value"]
    by_hand = {
        "T10": hit * (4.5 - 2) - hit * 0.5 - 0.05,
        "GIFT": hit * (5 - 2 - 0.5) - hit * 0.5 - 0.05,
        "P4": hit * (4 - 2) - hit * 1.0 - 0.1,
        "TEA": hit * (4.75 - 2) - hit * 0.25 - 0.05,
    }
    expected = report.people["planned_offer"].map(by_hand)
    assert report.people["expected_margin"].tolist() == pytest.approx(expected.tolist())
    worth = report.results["worth"]
    assert worth.each == pytest.approx(expected.mean())
    assert worth.needed == pytest.approx((worth.cost + hit * worth.gift) / worth.margin)
    assert worth.sales == pytest.approx(hit * worth.paid - hit * (worth.gift - worth.reward))


def test_the_share_who_buy_anyway_is_of_those_who_could_get_an_offer_by_hand(report):
    cut = START - pd.Timedelta(days=28)
    lines = draw_shop()
    only = [3, 4, 5, 6, 7, 11]
    first = recommend_products(lines, cut, way=report.results["choice"].way, size=1, only=only).table
    later = pd.MultiIndex.from_frame(lines.loc[lines["time"] >= cut, ["customer_id", "product_id"]])
    bought = pd.MultiIndex.from_frame(first[["customer_id", "product_id"]]).isin(later)
    hit = report.results["choice"].hit
    assert hit["value"] == pytest.approx(bought.mean()) and hit["low"] < hit["value"] < hit["high"]


def test_no_small_number_of_an_offer_can_be_told_from_the_tables(report):
    listed, offers = (report.sheets[name] for name in ("products", "offers"))
    reasons = report.sections["reasons"].to_frame()
    hidden = set(listed.loc[listed["customers"].map(lambda n: isinstance(n, str)), "product"])
    assert not hidden & set(reasons["product"])
    counts = report.results["sending"].to_send.groupby("offer_id").size()
    for row in offers[offers["so"] == "sent"].itertuples():
        parts = listed[listed["offer"] == row.offer]
        shown = [n for n in parts["customers"] if not isinstance(n, str)]
        gap = counts[row.offer] - sum(shown)
        assert isinstance(row.customers, str) or len(parts) - len(shown) != 1 or gap >= 5


def test_what_becomes_of_every_offer_is_said(report):
    states = read_states(report)
    assert set(states.index) == set(OFFERS["offer_id"])
    assert states["T20"] == "another offer of the product earns more: T10"
    assert states["BAD"].startswith("earns nothing at its discount and costs: −0.50 of margin a piece")
    assert states["GHOST"] == "not among the products" and states["BARE"] == "names no product and no category"
    assert (states[["T10", "GIFT", "TEA"]] == "sent").all()
    check = report.sheets["checks"].set_index("check").loc["Offers"]
    assert check["result"] == "look" and "of 8 offers on the list are used" in check["what was found"]
    assert any("of 8 offers on the list" in note for note in report.card.notes)


@pytest.mark.slow
def test_without_a_list_of_offers_nothing_speaks_of_them():
    plain = plan()
    assert "offers" not in plain.sections and "planned_offer" not in plain.people
    assert "product_id" not in read_sent(plain) and "offers" not in plain.results["record"]


@pytest.mark.slow
def test_an_offer_has_no_more_messages_than_pieces():
    offers = list_offers(("FEW", 4, None, 0.1, None, None, None, 20), ("TEA", None, "Tea", 0.05, None, None, None, 30))
    counts = plan(offers).people["planned_offer"].value_counts()
    assert counts["FEW"] <= 20 and counts["TEA"] == 30


@pytest.mark.slow
def test_offers_that_are_expected_to_lose_are_taken_off_and_told():
    offers = list_offers(("GOOD", 4, None, 0.05), ("POOR", 5, None, 0.4), ("TEA", None, "Tea", 0.02))
    found = plan(offers)  # 3 − 2 earned and 2 given: POOR loses, if as many buy because of it as anyway
    assert read_states(found)["POOR"] == "expected to lose" and set(found.people["planned_offer"]) <= {"GOOD", "TEA"}
    all_lose = plan(list_offers(("POOR", 5, None, 0.4)))
    assert all_lose.verdict == "loses" and all_lose.card.verdict.startswith("Do not send")
    with pytest.raises(TableError, match="with so few extra_buyers each message is expected to lose"):
        plan(list_offers(("POOR", 5, None, 0.4)), {"extra_buyers": 0.01})


@pytest.mark.slow
def test_a_draft_tells_which_offers_may_be_sent():
    tables = load_tables({"receipts": draw_shop(), "products": list_goods(), "offers": OFFERS})
    draft = plan_next_offers(tables, SETTINGS)
    states = draft.sheets["offers"].set_index("offer")["so"]
    assert draft.verdict == "draft" and states["T10"] == "may be sent"


@pytest.mark.slow
def test_rows_in_another_order_give_the_same_files(report):
    again = plan(OFFERS.sample(frac=1, random_state=3), None, list_goods().sample(frac=1, random_state=2))
    assert again.files == report.files


# --- Which offers are left ----------------------------------------------------------------------------------------


def judge(offers: pd.DataFrame, goods: pd.DataFrame | None = None) -> pd.Series:
    offers = offers.assign(kind="offer", product_id=offers["product_id"].astype("Int64"))
    return match_offers(offers, list_goods() if goods is None else goods, VALUES).list_states().set_index("offer_id")


def test_an_offer_has_to_be_valid_in_all_days_of_the_campaign():
    offers = list_offers(*[(name, 4, None, 0.1) for name in "ABCDE"])
    offers["valid_from"] = pd.to_datetime(["2025-06-01", "2025-06-02", None, "2025-05-01", None])
    offers["valid_to"] = pd.to_datetime(["2025-06-29", None, "2025-06-28", "2025-06-10", None])
    found = judge(offers)
    assert found["state"].tolist() == ["", "not valid in all days of the campaign"] + [found["state"]["B"]] * 2 + [""]
    assert found["why"]["B"] == "begins on 2025-06-02" and found["why"]["D"] == "ends on 2025-06-09"
    assert found["why"]["C"] == (
        "ends on 2025-06-27, a day before the campaign does: is 2025-06-28 its last day? "
        "Then write the day after it, 2025-06-29"
    )


def test_what_stands_against_an_offer_is_named():
    goods = list_goods(stock=np.where(np.arange(PRODUCTS) == 1, 0, 50))
    goods.loc[2, "unit_cost"] = None
    offers = list_offers(
        ("SOLD OUT", 1, None, 0.1), ("WHO KNOWS", 2, None, 0.1), ("DEAR", 3, None, None, 6.0), ("FINE", 4, None, 0.1),
        ("NONE LEFT", 5, None, 0.1, None, None, None, 0),
    )  # fmt: skip
    assert judge(offers, goods)["state"].to_dict() == {
        "SOLD OUT": "out of stock", "WHO KNOWS": "nobody knows what it earns", "DEAR": "dearer than the shelf price",
        "FINE": "", "NONE LEFT": "no pieces",
    }  # fmt: skip


def lay_out(*rows, goods: pd.DataFrame | None = None, **values):
    return match_offers(
        list_offers(*rows).assign(kind="offer"), list_goods() if goods is None else goods, VALUES | values
    )


def test_a_message_earns_the_margin_of_who_buys_because_of_it_less_the_gift_of_all_who_buy_and_the_contact():
    found = lay_out(("A", 4, None, 0.1), ("G", 5, None, None, None, 0.5, 0.2))
    assert found.rate(0.4, 0.1).tolist() == pytest.approx([0.1 * 2.5 - 0.4 * 0.5 - 0.05, 0.1 * 2.5 - 0.4 * 0.5 - 0.2])
    assert found.rate(0.4, None).tolist() == pytest.approx([0.4 * 2.5 - 0.4 * 0.5 - 0.05, 0.4 * 2.5 - 0.4 * 0.5 - 0.2])


def test_of_two_offers_that_earn_the_same_the_first_id_is_taken():
    found = lay_out(("B", 4, None, 0.1), ("A", 4, None, 0.1), ("C", 4, None, 0.2)).choose(0.3, None)
    states = found.list_states().set_index("offer_id")
    assert states["state"].to_dict() == {
        "A": "",
        "B": "another offer of the product earns more",
        "C": states["state"]["B"],
    }
    assert states["why"][["B", "C"]].tolist() == ["A", "A"]


def test_an_offer_that_earns_nothing_is_losing_and_what_has_to_stay_in_stock_is_not_for_sale():
    even = lay_out(("A", 4, None, None, None, None, 3.0), ("B", 5, None, 0.1))
    assert even.list_states()["state"].tolist() == ["earns nothing at its discount and costs", ""]
    zero = lay_out(("A", 4, None, None, None, None, 1.5), ("B", 5, None, 0.1)).drop_losing(0.5, None)
    assert zero.list_states()["state"].tolist() == ["expected to lose", ""]
    goods = list_goods(stock=20)
    goods.loc[5, "stock"] = 21
    left = lay_out(("A", 4, None, 0.1), ("B", 5, None, 0.1), goods=goods, keep_in_stock=20)
    assert left.list_states()["state"].tolist() == ["out of stock", ""]


def test_no_offer_left_is_one_message_that_says_why():
    offers = list_offers(("A", 4, None, 0.9), ("B", 99, None, 0.1))
    with pytest.raises(TableError, match="no offer is left: not among the products .1, .*; earns nothing .* .1,"):
        judge(offers)


def test_ids_that_no_product_has_and_prices_that_contradict_are_refused():
    with pytest.raises(TableError, match="are these the same ids"):
        judge(list_offers(("A", 99, None, 0.1)))
    with pytest.raises(TableError, match="discount and price of A differ: 5 less 30% is 3.5, not 4"):
        judge(list_offers(("A", 4, None, 0.3, 4.0)))
    assert judge(list_offers(("A", 4, None, 0.2, 4.0)))["state"].tolist() == [""]


def test_all_problems_of_the_list_come_in_one_message():
    offers = list_offers(("A", None, "tea", 0.1), ("B", 4, None, 1.0)).assign(kind="offer")
    offers["valid_from"], offers["valid_to"] = pd.Timestamp("2025-06-10"), pd.Timestamp("2025-06-09")
    found = find_wrong_offers(offers, list_goods(), VALUES | {"discount": 0.1}, {"product_id"})
    for part in ("the products have no `category`", "`discount` is set", "1 percent is 0.01", "is not after"):
        assert any(part in text for text in found)
    assert len(found) == 4
    bare = offers[["offer_id", "kind", "discount"]]
    assert "name no product" in find_wrong_offers(bare, list_goods(), VALUES, set())[0]


# --- The pieces it is made of --------------------------------------------------------------------------------------


def test_terms_of_discount_price_and_gift():
    shelf = pd.DataFrame({"product_id": [1, 2, 3], "price": [10.0, 4.0, 2.0], "unit_cost": [6.0, 3.0, 1.0]})
    offers = pd.DataFrame({"offer_id": list("abc"), "product_id": [1, 2, 3], "discount": [0.1, None, None]})
    offers = offers.assign(price=[None, 3.5, None], reward_cost=[None, None, 0.25], contact_cost=[0.2, None, None])
    terms = find_terms(shelf, offers, contact_cost=0.1).set_index("product_id")
    assert terms["paid"].tolist() == pytest.approx([9.0, 3.5, 2.0])
    assert terms["gift"].tolist() == pytest.approx([1.0, 0.5, 0.25])
    assert terms["margin"].tolist() == pytest.approx([3.0, 0.5, 0.75])
    assert terms["contact_cost"].tolist() == pytest.approx([0.2, 0.1, 0.1])


def test_lists_and_scores_hold_the_products_that_may_be_offered():
    lines = draw_shop()
    table = recommend_products(lines, "2025-06-01", size=3, only=[4, 5]).table
    assert set(table["product_id"]) == {4, 5}
    every = recommend_products(lines, "2025-06-01", size=3).table
    allowed = recommend_products(lines, "2025-06-01", size=3, only=list(range(PRODUCTS))).table
    pd.testing.assert_frame_equal(every, allowed)
    scores = score_recommenders(lines, "2025-05-04", size=2, only=[4, 5], ways=["items"], draws=20)
    assert scores.n_products == 2
    with pytest.raises(TableError, match="of 1 product that may be offered none can be recommended"):
        recommend_products(lines, "2025-06-01", only=[99])


def test_offers_and_one_discount_for_all_do_not_go_together():
    lists = recommend_products(draw_shop(), "2025-06-01", size=3)
    offers = pd.DataFrame({"offer_id": ["A"], "product_id": [4]})
    with pytest.raises(TableError, match="each offer has its own: leave it out"):
        plan_messages(lists, list_goods(), list_people(), campaign_id="j", salt="s", discount=0.1, offers=offers)


# --- Headers, and the loop -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_headers_are_known_in_english_and_russian_and_percent_is_read(tmp_path):
    russian = {"Код акции": "А-1", "Артикул": "4", "Категория": "чай", "Скидка, %": "7,5%", "Цена по акции": "4,5",
               "Действует с": "01.06.2025", "Действует по": "30.06.2025", "Стоимость контакта": "7,5 руб",
               "Стоимость подарка": "20", "Лимит": "100"}  # fmt: skip
    english = {"Offer": "A-1", "SKU": "4", "Category": "tea", "Discount": "7.5 %", "Offer price": "4.5",
               "Valid from": "2025-06-01", "Valid until": "2025-06-30", "Contact cost": "7.5", "Gift cost": "20",
               "Limit": "100"}  # fmt: skip
    wanted = {*COLUMNS, "valid_from", "valid_to"}
    for name, row in (("акции", russian), ("offers", english)):
        path = tmp_path / f"{name}.csv"
        pd.DataFrame([row]).to_csv(path, index=False, sep=";")
        proposal = propose_columns({"offers": path})
        assert {line.column.name for line in proposal.tables[0].lines if line.header} == wanted
        (tmp_path / f"{name}.yml").write_text(proposal.to_yaml(), encoding="utf-8")
        loaded = load_tables({"offers": path}, tmp_path / f"{name}.yml")["offers"]
        read = loaded.table.collect().to_pandas().iloc[0]
        assert read["discount"] == pytest.approx(0.075) and read["contact_cost"] == 7.5 and read["kind"] == "offer"
        assert any("percent, divided by 100" in note for note in loaded.notes)


def test_an_offer_on_several_rows_is_refused_with_what_to_do():
    with pytest.raises(TableError, match="keep one row of each; an offer for several products has a `category`"):
        load_tables({"offers": list_offers(("A", 4, None, 0.1), ("A", 5, None, 0.1))})


def test_percent_beside_plain_numbers_is_a_problem_and_10_asks_for_percent():
    offers = list_offers(("A", 4), ("B", 5)).drop(columns="discount")
    with pytest.raises(TableError, match="percent such as 10% and other values such as 0.2: write all in one form"):
        load_tables({"offers": offers.assign(discount=["10%", "0.2"])})
    with pytest.raises(TableError, match="percent\\? Divide by 100"):
        load_tables({"offers": offers.assign(discount=[10, 15])})


@pytest.mark.slow
def test_campaign_report_reads_the_plan_back_and_names_its_offers(report, tmp_path):
    report.save(tmp_path / "june")
    more = draw_shop(seed=5)
    more["time"] += pd.Timedelta(days=28)
    later = pd.concat([draw_shop(), more[more["time"] >= START]])
    files = {"contacts": tmp_path / "june.parquet", "campaigns": tmp_path / "june_record.csv"}
    settings = {"start": "2025-06-01", "end": "2025-06-29", "margin_rate": 0.5, "by": "planned_offer"}
    offers = OFFERS.assign(contact_cost=OFFERS["contact_cost"].fillna(0.05))
    found = report_campaign(load_tables(files | {"receipts": later, "offers": offers}), settings)
    check = found.sheets["checks"].set_index("check").loc["Offers of the plan"]
    assert check["result"] == "good" and "each in the record of the plan" in check["what was found"]
    assert {"T10", "TEA"} <= set(found.sheets["segments"]["segment"])
    inside = report.people.assign(offer_id=report.people["offer_id"].replace("T10", "X9"))
    strange = report_campaign(load_tables(files | {"contacts": inside, "receipts": later}), settings)
    check = strange.sheets["checks"].set_index("check").loc["Offers of the plan"]
    assert check["result"] == "look" and "not in the record of the plan: X9" in check["what was found"]


def test_a_product_that_has_its_category_beside_it_is_one_product():
    offers = list_offers(("T10", 4, "bread", 0.1), ("GIFT", 5, "Tea", None, None, 0.5))
    assert judge(offers)["state"].to_dict() == {"GIFT": "", "T10": ""}
    found = match_offers(offers.assign(kind="offer"), list_goods(), VALUES)
    assert found.rows[["offer_id", "product_id"]].to_numpy().tolist() == [["GIFT", 5], ["T10", 4]]


def test_why_an_expected_margin_has_no_interval_is_told_by_what_was_set():
    same = Worth(0.02, 0.01, 0.03, None, margin=1.5, paid=3.5, gift=1.5, cost=0.1)
    assert same.ends[0] == pytest.approx(same.ends[1])
    assert "a new buyer earns what one who buys anyway costs" in _say_range(None, same)
    assert "extra_buyers is set" in _say_range(None, replace(same, extra=0.01, gift=0.0))
