"""The template `next_offers`: what is sent to whom and why, who is not written to, and what the control can show."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets.loaders import DATA
from loyalty.evaluate.design.power import find_detectable
from loyalty.intake.loading import load_tables
from loyalty.intake.mapping.proposal import propose_columns
from loyalty.learn.recommend.scores import score_recommenders
from loyalty.report.campaign.report import report_campaign
from loyalty.report.next_offers.goods import price_goods
from loyalty.report.next_offers.layout import _say_unfiltered
from loyalty.report.next_offers.report import plan_next_offers
from loyalty.report.plan.draft import name_channel
from loyalty.report.run import runner as run
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS
from loyalty.text import say_money
from loyalty.world import World

SETTINGS = {"campaign": "june", "start": "2025-06-01", "end": "2025-06-29", "contact_cost": 0.05}
START = pd.Timestamp(SETTINGS["start"])
PRODUCTS = 24


def draw_shop(customers: int = 400, pull: float = 8.0, seed: int = 0) -> pd.DataFrame:
    """Receipts of twenty weeks of a shop that is not the world's: a product of one's own taste is bought `pull` times
    as often; without pull all customers are alike."""
    rng = np.random.default_rng(seed)
    same = np.arange(customers)[:, None] % 4 == np.arange(PRODUCTS)[None, :] % 4
    rate = np.where(same, pull, 1.0) / (1 + np.arange(PRODUCTS) // 4)
    rate *= 8 / rate.sum(axis=1, keepdims=True)
    who, what = np.nonzero(np.minimum(rng.poisson(rate), 1))
    days = rng.integers(0, 140, len(who))
    lines = pd.DataFrame({"customer_id": who, "time": START - pd.to_timedelta(140 - days, unit="D")})
    return lines.assign(sales=5.0, product_id=what)


def list_goods(**columns) -> pd.DataFrame:
    ids = np.arange(PRODUCTS)
    cost = np.where(ids % 6 == 0, 4.99, 2.0)
    goods = pd.DataFrame({"product_id": ids, "name": [f"good {n:02}" for n in ids], "price": 5.0, "unit_cost": cost})
    return goods.assign(stock=np.where(ids % 5 == 0, 0, 60)).assign(**columns)


def list_people(customers: int = 400, **columns) -> pd.DataFrame:
    ids = np.arange(customers)
    people = pd.DataFrame({"customer_id": ids, "consent": ids % 7 > 0, "opted_out": ids % 31 == 1})
    last = pd.Series(START - pd.Timedelta(days=40), people.index).where(ids % 9 > 0, START - pd.Timedelta(days=3))
    channel = pd.Series("sms", people.index).where(ids % 3 > 0, "e-mail").mask(ids % 40 == 2)
    return people.assign(last_contact=last, channel=channel, contacts=ids % 4, **columns)


def load(receipts=None, products=None, customers=None):
    given = {"receipts": receipts, "products": products, "customers": customers}
    return load_tables({name: table for name, table in given.items() if table is not None})


def plan(settings=None, receipts=None, products=None, customers=None):
    return plan_next_offers(load(receipts, products, customers), SETTINGS | (settings or {}))


RULES = {"pause_days": 14, "most_contacts": 3}


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return draw_shop()


@pytest.fixture(scope="module")
def report(shop):
    return plan(RULES, shop, list_goods(), list_people())


def read_sent(report) -> pd.DataFrame:
    parts = [
        pd.read_csv(io.BytesIO(data), dtype={"offer_id": "str", "customer_id": "str"}).assign(file=ending)
        for ending, data in report.files.items()
        if "_send_" in ending
    ]
    return pd.concat(parts, ignore_index=True)


# --- Who gets what ------------------------------------------------------------------------------------------------


def test_no_control_and_nobody_who_may_not_is_on_a_send_list(report):
    sent = read_sent(report)
    inside = report.people
    control = set(inside.loc[inside["arm"] == "control", "customer_id"])
    assert not control & set(sent["customer_id"]) and sent["customer_id"].is_unique
    people = list_people().astype({"customer_id": "str"}).set_index("customer_id")
    may = people["consent"] & ~people["opted_out"] & people["channel"].notna() & (people["contacts"] < 3)
    may &= people["last_contact"] <= START - pd.Timedelta(days=14)
    assert set(inside["customer_id"]) <= set(may.index[may])
    assert len(inside) > 0.9 * may.sum(), "nearly everybody has a product that may be sent"
    assert (sent["file"] == sent["customer_id"].map(people["channel"]).map(name_channel).radd("_send_") + ".csv").all()
    withheld = pd.read_csv(io.BytesIO(report.files["_withheld.csv"]), dtype="str")
    assert set(withheld["customer_id"]) == control
    assert "because" not in sent and sent["code"].is_unique


def test_what_is_sent_is_new_to_the_customer_in_stock_and_earns_something(report, shop):
    sent = read_sent(report)
    had = pd.MultiIndex.from_frame(shop[["customer_id", "product_id"]].astype("str"))
    assert not pd.MultiIndex.from_frame(sent[["customer_id", "offer_id"]]).isin(had).any()
    product = sent["offer_id"].astype(int)
    assert not (product % 5 == 0).any(), "out of stock"
    assert not (product % 6 == 0).any(), "5.00 less 4.99 is less than the message"
    assert report.people["product_id"].value_counts().max() <= 60


def test_the_steps_count_every_customer(report):
    steps = report.results["sending"].steps
    customers = steps[steps["what"] == "customers"]
    assert customers["left"].iloc[0] == report.results["lists"].n_customers
    assert (customers["left"].shift().iloc[1:] - customers["out"].iloc[1:] == customers["left"].iloc[1:]).all()
    assert customers["left"].iloc[-1] == len(read_sent(report))
    people = list_people()
    unreached = people["channel"].isna() & people["customer_id"].isin(draw_shop()["customer_id"])
    assert customers.set_index("step").loc["no channel or address", "out"] == unreached.sum()


@pytest.mark.slow
def test_rows_in_another_order_give_the_same_files(report, shop):
    mixed = [table.sample(frac=1, random_state=3) for table in (shop, list_goods(), list_people())]
    again = plan(RULES, *mixed)
    assert again.files == report.files
    pd.testing.assert_frame_equal(again.sections["ways"].to_frame(), report.sections["ways"].to_frame())


@pytest.mark.slow
def test_ids_of_text_and_ids_of_numbers_give_the_same_lists(report, shop):
    text = [table.astype({name: "str" for name in ("customer_id", "product_id") if name in table}) for table in
            (shop, list_goods(), list_people())]  # fmt: skip
    assert plan(RULES, *text).files == report.files


# --- Which way ----------------------------------------------------------------------------------------------------


def test_the_way_that_is_sent_is_the_winner_among_new_products(report, shop):
    scores = score_recommenders(shop, "2025-05-04", end="2025-06-01", ways=["items", "linear"], draws=200, seed=45)
    assert report.results["choice"].way == scores.find_winners("new")[0]
    table = report.sections["ways"].to_frame()
    best = table[(table["products"] == "new to the customer") & (table["way"] == report.results["choice"].words)]
    frame = scores.to_frame("hit_rate").set_index(["among", "way"])["value"]
    assert best["share bought later"].iloc[0] == pytest.approx(frame["new", report.results["choice"].way])
    assert best["so"].iloc[0] == "better" and report.results["choice"].words in report.card.headline


@pytest.mark.slow
def test_where_all_customers_are_alike_the_best_sellers_are_sent_and_said():
    alike = plan({}, draw_shop(pull=1.0, seed=5), list_goods(), list_people())
    assert alike.results["choice"].way == "popular" and alike.card.tone == "open"
    assert "no other way is shown to be better" in alike.card.headline
    checks = alike.sheets["checks"].set_index("check")
    assert checks.loc["Better than best-sellers", "result"] == "look"


@pytest.mark.slow
def test_where_all_customers_are_alike_another_way_is_seldom_sent():
    ways = [plan({"margin_rate": 0.5}, draw_shop(250, 1.0, seed)).results["choice"].way for seed in range(100, 120)]
    assert sum(way != "popular" for way in ways) <= 3


# --- What it is worth, and what is seen ---------------------------------------------------------------------------


@pytest.mark.slow
def test_the_expected_margin_is_the_arithmetic_of_its_parts(shop):
    found = plan({"discount": 0.1, "extra_buyers": 0.3}, shop, list_goods(), list_people())
    people = found.people
    hit = found.results["choice"].hit["value"]
    expected = 0.3 * (0.9 * 5 - 2) - hit * 0.5 - 0.05
    assert people["expected_margin"].tolist() == pytest.approx([expected] * len(people))
    worth = found.results["worth"]
    assert worth.each == pytest.approx(expected)
    assert worth.needed == pytest.approx((0.05 + hit * 0.5) / 2.5)
    assert worth.ends[0] < worth.each < worth.ends[1]
    free = replace(worth, gift=0.0)
    assert free.ends[0] == free.ends[1] == free.each, "what is set has no interval"


def test_without_a_setting_as_many_more_buy_as_buy_anyway(report):
    worth = report.results["worth"]
    assert worth.extra is None and worth.assumed == worth.hit
    assert worth.each == pytest.approx(worth.hit * 3 - 0.05)
    assert worth.ends == pytest.approx((worth.hit_low * 3 - 0.05, worth.hit_high * 3 - 0.05))
    notes = " ".join(report.card.notes)
    assert "is no effect of the message" in notes
    send = len(report.results["handed"].send)
    assert f"In all that is {say_money(send * worth.each, '')} if the assumption is right" in notes


def test_filters_without_a_column_stand_on_the_card_as_customers_who_are_still_on_the_lists():
    columns = ["staff", "segment"]
    skipped = pd.DataFrame(
        {
            "not in this report": ["the filter of staff", "the campaign's report by segment"],
            "what unlocks it": [f"the column {name} in customers" for name in columns],
        }
    )
    assert _say_unfiltered(skipped).startswith("Still on the lists, because the columns are missing: staff. Take them")
    assert _say_unfiltered(skipped.iloc[1:]) == ""


def test_the_share_who_buy_anyway_is_counted_by_hand(report, shop):
    """The first product of lists made four weeks before the start, and who bought it in these weeks."""
    from loyalty.learn.recommend.lists import recommend_products

    cut = START - pd.Timedelta(days=28)
    first = recommend_products(shop, cut, way=report.results["choice"].way, size=1).table
    later = shop[shop["time"] >= cut]
    pairs = pd.MultiIndex.from_frame(later[["customer_id", "product_id"]])
    bought = pd.MultiIndex.from_frame(first[["customer_id", "product_id"]]).isin(pairs)
    assert report.results["choice"].hit["value"] == pytest.approx(bought.mean())


def test_the_smallest_effect_is_that_of_the_power_function(report):
    worth = report.results["worth"]
    size = len(report.people)
    power = find_detectable(rate=worth.hit, size=size, control=0.2)
    table = report.sections["size"].to_frame()
    assert table["smallest effect seen"].iloc[0] == pytest.approx(power.effect)
    assert (table["so"].iloc[0] == "seen") == (worth.assumed >= power.effect)


@pytest.mark.slow
def test_a_message_that_costs_more_than_it_brings_is_not_to_be_sent(shop):
    found = plan({"contact_cost": 2.5}, shop, list_goods(), list_people())
    assert found.verdict == "loses" and found.card.tone == "bad" and found.card.verdict.startswith("Do not send")
    with pytest.raises(TableError, match="with so few extra_buyers each message is expected to lose"):
        plan({"contact_cost": 2.5, "extra_buyers": 0.01}, shop, list_goods(), list_people())


@pytest.mark.slow
def test_products_that_are_expected_to_lose_are_taken_off_where_the_buyers_are_set(shop):
    goods = list_goods(unit_cost=np.where(np.arange(PRODUCTS) < 12, 4.0, 2.0))
    found = plan({"extra_buyers": 0.03, "contact_cost": 0.05}, shop, goods, list_people())
    assert (found.people["product_id"].astype(int) >= 12).all()  # 0.03 × 1 is less than 0.05, 0.03 × 3 is more
    steps = found.results["sending"].steps.set_index(["step", "what"])
    assert steps.loc[("expected to lose", "suggestions"), "out"] > 0
    assert (found.people["expected_margin"] > 0).all()


# --- Tables that lack something -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_without_consent_it_is_a_draft_and_nothing_to_send(shop, tmp_path):
    draft = plan({"margin_rate": 0.4}, shop)
    assert draft.verdict == "draft" and not draft.files and draft.draw("products") is not None
    draft.save(tmp_path / "june")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["june.parquet", "june.xlsx"]
    ids = pd.read_parquet(tmp_path / "june.parquet")["customer_id"]
    assert ids.str.startswith("id-").all()
    given = plan({"margin_rate": 0.4, "consent": "given"}, shop)
    assert given.verdict == "send" and set(given.people["customer_id"]) == set(shop["customer_id"].astype("str"))


def test_prices_and_costs_come_from_the_list_or_from_the_receipts():
    lines = pd.DataFrame({"customer_id": 1, "time": START, "product_id": ["a", "a", "b", "c", "c"]})
    lines = lines.assign(
        sales=[6.0, 2.0, 6.0, 4.0, -4.0], quantity=[2, 2, 3, 1, -1], margin=[1.5, 0.5, 3.0, None, None]
    )
    lines = pd.concat([lines, lines.assign(time=START + pd.Timedelta(days=9), sales=99.0)])
    listed = pd.DataFrame(
        {"product_id": ["c", "b", "a", "new"], "price": [None, None, 3.0, 7.0], "unit_cost": [None] * 4}
    )
    listed["margin_rate"] = [None, 0.1, None, None]
    goods, notes = price_goods(lines, listed, START + pd.Timedelta(days=1), 0.5)
    goods = goods.set_index("product_id")
    assert goods["price"].to_dict() == pytest.approx({"a": 3.0, "b": 2.0, "c": 4.0, "new": 7.0})
    rates = (1 - goods["unit_cost"] / goods["price"]).to_dict()  # of the receipts, of the list, of the settings twice
    assert rates == pytest.approx({"a": 0.25, "b": 0.1, "c": 0.5, "new": 0.5})
    assert notes == ["a product without a price has the mean price paid for a piece"]
    bare, notes = price_goods(lines.drop(columns=["margin", "quantity"]), listed, START + pd.Timedelta(days=1), None)
    assert bare.set_index("product_id")["price"].to_dict() == pytest.approx({"a": 3.0, "b": 6.0, "c": 4.0, "new": 7.0})
    assert "of 3 of 4 products nobody knows what they earn" in notes[1]
    every, _ = price_goods(lines, None, START + pd.Timedelta(days=1), 0.5)
    assert every["product_id"].tolist() == ["a", "b", "c"] == every["name"].tolist()


def test_all_problems_of_settings_and_columns_come_in_one_message(shop):
    wrong = {"as_of": "2025-07-01", "end": "2025-06-02", "control_share": 0.95, "discount": 1, "pause_days": 7}
    wrong |= {"most_contacts": 2, "keep_in_stock": 3, "campaign": "+7 916 123-45-67"}
    with pytest.raises(TableError) as caught:
        plan(wrong, shop.drop(columns="product_id"))
    text = str(caught.value)
    for part in ("should last 2 days", "`as_of`", "`control_share`", "`discount`", "no `product_id`",
                 "margin_rate=0.30",
                 "`pause_days` needs the column `last_contact`", "`most_contacts` needs", "`keep_in_stock` needs",
                 "`campaign` holds"):  # fmt: skip
        assert part in text
    assert len(caught.value.problems) == 10
    with pytest.raises(TableError, match="is set to given, and customers have"):
        plan({"consent": "given"}, shop, list_goods(), list_people())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"end": "2025-09-29"}, "receipts of 240 days are needed, and there are 140"),
        ({"start": "2024-06-01", "end": "2024-06-29"}, "the receipts begin on 2025-01-12"),
    ],
)
def test_receipts_that_do_not_reach_are_refused(shop, change, says):
    with pytest.raises(TableError, match=says):
        plan(change, shop, list_goods(), list_people())


@pytest.mark.slow
def test_nobody_left_is_one_message(shop):
    with pytest.raises(TableError, match="nobody is left to write to"):
        plan({}, shop, list_goods(), list_people().assign(consent=False))
    people = list_people(401).assign(channel=None)
    people.loc[400, "channel"] = "sms"  # who has bought nothing
    with pytest.raises(TableError, match="all have no channel or address"):
        plan({}, shop, list_goods(), people)


@pytest.mark.slow
def test_arms_too_small_to_be_compared_are_refused(shop):
    with pytest.raises(
        TableError, match="of fewer than ten customers .* fewer than 5 messages and customers in control"
    ):
        plan({}, shop, list_goods(), list_people().head(4))
    with pytest.raises(TableError, match="fewer than 5 customers in control: nothing could be compared"):
        plan({}, shop, list_goods(stock=1), list_people())


@pytest.mark.slow
def test_old_receipts_are_doubted(shop):
    found = plan({"start": "2025-07-01", "end": "2025-07-29"}, shop, list_goods(), list_people())
    checks = found.sheets["checks"].set_index("check")
    assert checks.loc["Receipts up to date", "result"] == "look"


@pytest.mark.slow
def test_what_was_bought_after_the_day_of_the_list_is_not_sent(shop):
    settings = {"as_of": "2025-05-25"}
    found = plan(settings, shop, list_goods(), list_people())
    had = pd.MultiIndex.from_frame(shop[["customer_id", "product_id"]].astype("str"))
    assert not pd.MultiIndex.from_frame(read_sent(found)[["customer_id", "offer_id"]]).isin(had).any()
    off = found.results["handed"].taken_off.set_index("reason")["customers"]
    assert off["bought it meanwhile"] > 0
    in_arm = found.people[found.people["arm"] == "message"]
    assert len(in_arm) == len(read_sent(found)) + off.sum(), "whoever is taken off stays in the arm"


# --- Headers, privacy, the page ------------------------------------------------------------------------------------


def test_russian_headers_are_proposed(shop, tmp_path):
    goods = list_goods(margin_rate=0.6).drop(columns="unit_cost")
    names = ["Артикул", "Наименование", "Цена", "Остаток на складе", "Маржинальность"]
    goods.set_axis(names, axis=1).to_csv(tmp_path / "products.csv", index=False)
    people = list_people().rename(
        columns={"customer_id": "Номер карты", "consent": "Согласие", "opted_out": "Отказ",
                 "last_contact": "Последний контакт", "channel": "Канал", "contacts": "Число контактов"}
    )  # fmt: skip
    people.to_csv(tmp_path / "list.csv", index=False)
    for name, file, wanted in (
        ("products", "products.csv", {"product_id", "name", "price", "stock", "margin_rate"}),
        ("customers", "list.csv", {"customer_id", "consent", "opted_out", "last_contact", "channel", "contacts"}),
    ):
        (table,) = propose_columns({name: tmp_path / file}).tables
        assert {line.column.name for line in table.lines if line.header} == wanted


@pytest.mark.slow
def test_nobody_is_named_in_the_report_and_small_numbers_are_hidden(shop):
    ids = {n: f"card{n:07}" for n in range(400)}
    lines = shop.assign(customer_id=shop["customer_id"].map(ids))
    people = list_people().assign(opted_out=[n in (3, 5) for n in range(400)])
    people["customer_id"] = people["customer_id"].map(ids)
    found = plan({}, lines, list_goods(), people)
    shown = " ".join(section._repr_html_() for section in found.sections.values()) + found.card._repr_html_()
    assert not re.search(r"card\d{7}", shown)
    steps = found.sections["taken"].to_frame().set_index("reason")
    rows = found.results["sending"].steps
    told = rows[rows["what"] == "customers"].set_index("step")
    known = steps.index[steps["customers left"].notna()]
    for name, previous in zip(steps.index[1:], steps.index[:-1], strict=True):
        is_small = 0 < told.loc[name, "out"] < 5
        assert not is_small or not {name, previous} <= set(known), "no small number is a difference of two shown ones"
    assert steps["customers left"].iloc[-1] == told["left"].iloc[-1]
    assert steps.loc["opted out", "customers taken out here"] == "<5" and found.draw("taken") is not None
    assert "opted out" not in found.card._repr_html_()


def test_the_charts_are_drawn_with_titles(report):
    for name in ("ways", "taken", "products"):
        assert report.draw(name).get_figure().axes


# --- The record, read back -----------------------------------------------------------------------------------------


def test_assignment_and_record_keep_their_contracts(report):
    check_table(report.people, CONTACTS)
    check_table(report.results["record"], CAMPAIGNS)
    assert report.people["sent_at"].notna().sum() == len(read_sent(report))
    assert report.people.loc[report.people["arm"] == "control", "offer_id"].isna().all()
    assert report.people.loc[report.people["arm"] == "control", "product_id"].notna().all()


@pytest.mark.slow
def test_campaign_report_reads_the_plan_and_its_interval_holds_the_truth(tmp_path):
    world = World(2_500, 5, seed=77)
    people = world.customers[["customer_id"]].assign(consent=True)
    start = world.end
    days = {"start": f"{start:%Y-%m-%d}", "end": f"{start + pd.Timedelta(days=28):%Y-%m-%d}"}
    made = plan(days | {"control_share": 0.3}, world.receipts, world.products, people)
    made.save(tmp_path / "june")
    inside = pd.read_parquet(tmp_path / "june.parquet").astype({"customer_id": "int64"})
    sent = inside["arm"] == "message"
    ran = inside[["customer_id", "propensity"]].assign(offer_id=np.where(sent, "basket_discount", None))
    wave, later = world.run(ran, campaign_id="june")
    files = {"contacts": tmp_path / "june.parquet", "campaigns": tmp_path / "june_record.csv"}
    sums = later.receipts.groupby(["basket_id", "customer_id"], as_index=False)
    baskets = sums.agg(time=("time", "min"), sales=("sales", "sum"), margin=("margin", "sum"))
    tables = load_tables(files | {"receipts": baskets.round({"sales": 2, "margin": 2})})
    report = report_campaign(tables, days | {"margin_rate": 0.3})
    lift = report.results["lift"]
    assert lift.low <= later.truth.lift(wave).loc[("basket_discount", "main"), "sales"] <= lift.high
    checks = report.sheets["checks"].set_index("check")
    assert checks.loc["Group sizes (sample ratio)", "result"] == "good"
    assert "planned 30.0%, 70.0%" in checks.loc["Group sizes (sample ratio)"].iloc[1]
    window = later.receipts[later.receipts["time"] >= start].astype({"product_id": "str"})
    pairs = pd.MultiIndex.from_frame(window[["customer_id", "product_id"]])
    bought = pd.MultiIndex.from_frame(inside[["customer_id", "product_id"]]).isin(pairs)
    contacts = pd.read_parquet(tmp_path / "june.parquet").assign(bought_it=bought.astype(int))
    shares = report_campaign(load_tables({"contacts": contacts}), {"outcome": "bought_it"})
    assert shares.results["lift"].n_control == (~sent).sum()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LOYALTY_FROM", str(folder))
        patch.setenv("LOYALTY_KEY", "a key that is long enough")
        assert run.main(["next_offers", "--example", "-o", "june.html"]) == 0
        first = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert run.main(["next_offers", "--example", "-o", "june.html"]) == 0
    return folder, first


@pytest.mark.slow
def test_one_command_writes_all_files_and_again_the_same(made):
    folder, first = made
    assert sorted(first) == [
        "june.html", "june.parquet", "june.xlsx", "june_record.csv", "june_send_sms.csv", "june_withheld.csv"
    ]  # fmt: skip
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == first
    page = (folder / "june.html").read_text(encoding="utf-8")
    body = re.sub(r"data:image/png;base64,[^\"]+", "", page[page.index("<main>") :])
    assert body.index("Send ") < body.index("as control") < body.index("<h2")


def test_a_wrong_command_is_one_message_with_code_2_and_no_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    data = ["--data", f"receipts={DATA / 'examples' / 'till.csv'}", "--data", "goods=x.csv"]
    wrong = ["--set", "start=01.06.2026", "--set", "control_share=20", "--set", "campain=may"]
    assert run.main(["next_offers", *data, *wrong, "-o", "june.html"]) == 2
    said = capsys.readouterr().err
    for part in ("did you mean `campaign`?", "write 0.2", "found 01.06.2026", "`end` is missing", "no table `goods`"):
        assert part in said
    assert not list(tmp_path.iterdir()) and "Traceback" not in said
