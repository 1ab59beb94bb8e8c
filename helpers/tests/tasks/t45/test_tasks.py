"""Exercise 45: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.learn.recommend import (
    export_messages,
    find_lookalikes,
    plan_messages,
    recommend_products,
    score_recommenders,
)
from loyalty.tasks import check
from loyalty.tasks.t45.pictures import draw_gains, draw_leak, draw_place_values, draw_slide, draw_views
from loyalty.tasks.t45.scene import (
    WebShop,
    list_customers,
    open_town,
    open_town_club,
    open_town_tables,
    read_groceries,
    stock_shelf,
    value_views,
)

PAIR = ["customer_id", "product_id"]
PLAN = {"campaign_id": "winter", "salt": "town", "control": 0.2, "discount": 0.25, "contact_cost": 0.1}
DAYS = {"at": "2024-10-07", "expires": "2024-10-31", "secret": "the town's own word"}


def join(agency, lines):
    pairs = lines[PAIR].drop_duplicates()
    return (agency.merge(pairs, on=PAIR, how="left", indicator=True)["_merge"] == "both").to_numpy()


@pytest.mark.slow
def test_slips_with_the_hit_rate_are_named():
    receipts, agency = open_town()
    early, late = receipts[receipts["time"] < "2024-10-01"], receipts[receipts["time"] >= "2024-10-01"]
    before, later = join(agency, early), join(agency, late)
    new = later & ~before
    assert check("45a", new.mean()).status == "right"
    assert check("45a", round(new.mean(), 4)).status == "right"
    assert check("45a", join(agency, receipts).mean()).mistake == "all_months"
    assert check("45a", before.mean()).mistake == "training_months"
    assert check("45a", later.mean()).mistake == "bought_before_too"
    reached = agency["customer_id"][new].nunique() / agency["customer_id"].nunique()
    assert check("45a", reached).mistake == "customers_with_a_hit"
    came = agency["customer_id"].isin(late["customer_id"])
    assert check("45a", new[came].mean()).mistake == "later_buyers_only"
    assert check("45a", new[~before].mean()).mistake == "of_the_new_places"
    assert check("45a", 100 * new.mean()).mistake == "percent"


@pytest.mark.slow
def test_other_months_and_other_places_are_named_and_not_called_close():
    receipts, agency = open_town()
    time = receipts["time"]
    early, late = receipts[time < "2024-10-01"], receipts[time >= "2024-10-01"]
    before, later = join(agency, early), join(agency, late)
    october = join(agency, late[late["time"] < "2024-11-01"]) & ~before
    assert check("45a", round(october.mean(), 4)).mistake == "october_only"
    this_year = later & ~join(agency, early[early["time"] >= "2024-01-01"])
    assert check("45a", round(this_year.mean(), 4)).mistake == "only_2024_before"
    last_year = later & ~join(agency, early[early["time"] < "2024-01-01"])
    assert check("45a", round(last_year.mean(), 4)).mistake == "only_2023_before"
    new = later & ~before
    assert "first_places" in check("45a", round(new[agency["place"] == 1].mean(), 4)).mistake.split(" or ")
    assert check("45a", new.sum()).mistake == "count"
    assert check("45a", new.sum() / later.sum()).mistake == "of_all_hits"
    assert check("45a", new.sum() / agency["customer_id"].nunique()).mistake == "hits_per_customer"
    ours = recommend_products(receipts, "2024-10-01").table
    assert check("45a", join(ours[PAIR], late).mean()).mistake == "our_lists"
    merged = agency.merge(early[PAIR].drop_duplicates(), on=PAIR, how="left", indicator="before")
    merged = merged.merge(late[PAIR], on=PAIR, how="left", indicator="later")
    hits = (merged["later"] == "both") & (merged["before"] == "left_only")
    assert check("45a", round(hits.mean(), 4)).mistake == "lines_after"
    assert not any(check("45a", value).message.startswith("Close") for value in (0.012, 0.037, 0.07, 0.05))


@pytest.mark.slow
def test_days_that_are_lost_at_an_end_are_named_and_not_called_rounded():
    receipts, agency = open_town()
    day = receipts["time"].dt.strftime("%Y-%m-%d")

    def rate(before, later):
        return (join(agency, receipts[later]) & ~join(agency, receipts[before])).mean()

    slips = {
        "last_day_lost": rate(day < "2024-10-01", (day >= "2024-10-01") & (day < "2024-12-31")),
        "cut_a_day_late": rate(day < "2024-10-02", day >= "2024-10-02"),
        "first_day_lost": rate(day < "2024-10-01", day >= "2024-10-02"),
        "cut_a_day_early": rate(day < "2024-09-30", day >= "2024-09-30"),
        "october_and_november": rate(day < "2024-10-01", (day >= "2024-10-01") & (day < "2024-12-01")),
        "without_october": rate(day < "2024-10-01", day >= "2024-11-01"),
    }
    for name, share in slips.items():
        for answer in (share, round(share, 4)):
            assert name in check("45a", answer).mistake.split(" or "), name
    assert "31 December is missing" in check("45a", round(slips["last_day_lost"], 4)).message


@pytest.mark.slow
def test_hits_divided_by_purchases_are_not_taken_for_the_first_place_alone():
    receipts, agency = open_town()
    pairs = receipts[PAIR].drop_duplicates()
    had, later = (receipts[part][PAIR] for part in (receipts["time"] < "2024-10-01", receipts["time"] >= "2024-10-01"))
    bought = pairs.merge(had.drop_duplicates(), how="left", indicator=True).query("_merge == 'left_only'")[PAIR]
    share = len(agency.merge(bought, on=PAIR)) / len(bought)
    assert check("45a", share).mistake == "of_new_purchases"
    assert set(check("45a", round(share, 4)).mistake.split(" or ")) == {"of_new_purchases", "first_places"}
    merged = agency.merge(later, on=PAIR, how="left", indicator="later")
    assert check("45a", (merged["later"] == "both").mean()).mistake == "lines_of_old_products"


@pytest.mark.slow
def test_ways_that_are_claimed_wrongly_are_told_by_their_name():
    assert check("45b", {"popular"}).mistake == "best_sellers"
    assert check("45b", {"again", "linear"}).mistake == "again_is_not_new"
    assert check("45b", "items, linear").mistake == "higher_is_not_better"
    assert check("45b", "Items").status == "right"
    assert "yours has item2item" in check("45b", {"item2item"}).message


@pytest.mark.slow
def test_claims_that_do_not_hold_are_named():
    scores = score_recommenders(read_groceries(), "2017-07-01", end="2017-10-01", seed=45)
    table = scores.table[(scores.table["among"] == "new") & (scores.table["metric"] == "hit_rate")].set_index("way")
    higher = set(table.index[table["value"] > table.loc["popular", "value"]])
    assert check("45b", set(scores.find_winners())).status == check("45b", "items").status == "right"
    assert check("45b", ["Item-to-item, whole history"]).status == "right"
    assert check("45b", higher).mistake == "higher_is_not_better"
    assert check("45b", {"again"}).mistake == "all_products"
    assert check("45b", {"again", "items"}).mistake == "new_and_all"
    assert check("45b", {"last", "items", "linear"}).mistake == "every_way"
    assert check("45b", set()).mistake == "nobody"
    assert check("45b", {"last"}).mistake == "the_worse"
    assert check("45b", {"linear"}).mistake == "not_clear"
    clear = scores.gains.query("among == 'new' and metric == 'hit_rate' and verdict != 'not clear'")
    assert check("45b", set(clear["way"])).mistake == "every_clear_one"
    assert check("45b", {"last", "linear"}).mistake == "the_others"


@pytest.mark.slow
def test_a_name_that_two_ways_have_is_asked_back():
    for answer in ({"item-to-item"}, "Item-to-item", ["item-to-item"]):
        result = check("45b", answer)
        assert result.mistake == "which_item_to_item" and "Which do you mean?" in result.message


@pytest.mark.slow
def test_slips_with_the_send_list_are_named():
    receipts = open_town().receipts
    shelf, customers, today = open_town_tables()
    lists = recommend_products(receipts, "2024-10-01", size=4)

    def plan(goods=shelf, **changes):
        return plan_messages(lists, goods, customers, **PLAN | {"most_contacts": 3} | changes)

    def count(sending, table=today, bought=receipts):
        return len(export_messages(sending, table, **DAYS, receipts=bought).send)

    sending = plan()
    right = count(sending)
    assert check("45c", right).status == "right"
    assert check("45c", right + len(sending.withheld)).mistake == "control_sent_anyway"
    assert check("45c", len(sending.people)).mistake == "all_assigned"
    assert check("45c", len(sending.to_send)).mistake == "as_planned"
    assert check("45c", count(sending, customers)).mistake == "old_consent"
    assert check("45c", count(sending, bought=None)).mistake == "just_bought"
    assert check("45c", count(plan(shelf.drop(columns="stock")))).mistake == "out_of_stock"
    assert check("45c", count(plan(discount=0.0))).mistake == "loss_making"
    assert check("45c", count(plan(most_contacts=None))).mistake == "no_cap"
    assert check("45c", count(plan(contact_cost=0.0))).mistake == "contact_is_not_free"
    assert check("45c", count(plan(control=0.1))).mistake == "control_of_the_lesson"
    assert check("45c", count(plan(most_contacts=4))).mistake == "cap_of_four"
    assert check("45c", count(plan(discount=0.025))).mistake == "loss_making"
    assert "pieces_kept" in check("45c", count(plan(keep_in_stock=1))).mistake
    assert check("45c", count(plan(salt="winter"))).mistake == "salt_winter"
    capital = count(plan(campaign_id="Winter"))
    assert capital != right and "capital_campaign" in check("45c", capital).mistake
    swapped = count(plan(campaign_id="town", salt="winter"))
    assert swapped != right and "swapped" in check("45c", swapped).mistake
    late = export_messages(sending, today, **DAYS | {"at": "2024-10-04"}, receipts=receipts)
    assert check("45c", len(late.send)).mistake == "exported_on_the_fourth"
    monday = recommend_products(receipts, "2024-10-07", size=4)
    planned = plan_messages(monday, shelf, customers, **PLAN, most_contacts=3)
    assert check("45c", count(planned)).mistake == "list_of_the_export_day"
    assert "without the discount" in check("45c", count(plan(discount=0.0))).message


@pytest.mark.slow
def test_no_number_of_messages_is_answered_by_an_empty_line():
    answers = [check("45c", number) for number in range(0, 3_000, 7)]
    assert all(len(one.message) > 20 for one in answers)


@pytest.mark.slow
def test_slips_with_the_look_alikes_are_named():
    people, club, later = open_town_club()
    alike = find_lookalikes(people, club)

    def answer(rival, count=200, outcome="bought_later", table=later):
        proof = alike.prove(table, outcome, count=count, rival=rival)
        return proof.gain, proof.low, proof.high

    right = answer("spent_before")
    assert check("45d", right).status == "right"
    assert check("45d", tuple(np.round(right, 3))).status == "right"
    assert check("45d", answer(None)).mistake == "against_everybody_else"
    assert check("45d", answer("spent_in_all")).mistake == "against_big_spenders"
    before = later.assign(had=(later["spent_before"] > 0).astype(int))
    assert check("45d", answer("spent_before", outcome="had", table=before)).mistake == "known_before"
    assert check("45d", answer("spent_before", 100)).mistake == "a_hundred"
    assert check("45d", (-right[0], -right[2], -right[1])).mistake == "sign"
    shares = later.merge(people[["customer_id", "Baby"]], on="customer_id")
    assert check("45d", answer("Baby", table=shares)).mistake == "share_of_spend"
    for seed in (1, 42, 45):
        other = find_lookalikes(people, club, seed=seed).prove(later, "bought_later", count=200, rival="spent_before")
        found = check("45d", tuple(np.round((other.gain, other.low, other.high), 3)))
        assert found.status == "wrong" and "Leave `seed` and `folds` out" in found.message


@pytest.mark.slow
def test_look_alikes_compared_by_hand_are_told_of_the_club_and_of_shared_customers():
    people, club, later = open_town_club()
    mine = find_lookalikes(people, club).pick(200)["customer_id"]
    known = later.set_index("customer_id")
    spenders = known.sort_values("spent_before", ascending=False, kind="stable")
    shares = {}
    for name, rows in (("with", spenders), ("without", spenders.drop(club))):
        one, other = known.loc[mine, "bought_later"], rows.head(200)["bought_later"]
        gain = one.mean() - other.mean()
        half = 1.96 * np.sqrt(one.var() / 200 + other.var() / 200)
        shares[name] = tuple(np.round((gain, gain - half, gain + half), 3))
    assert check("45d", shares["with"]).mistake == "club_on_the_plain_list"
    assert check("45d", shares["without"]).mistake == "two_samples"
    rest = spenders.drop(club).index[:200]
    one, other = (known.loc[list(ids), "bought_later"] for ids in (set(mine) - set(rest), set(rest) - set(mine)))
    half = 1.96 * np.sqrt(one.var() / len(one) + other.var() / len(other))
    gain = one.mean() - other.mean()
    assert check("45d", (gain, gain - half, gain + half)).mistake == "without_the_shared"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("letter", "mistake"), [("A", "engine_claimed"), ("b", "hits_are_effects"), ("D", "views_are_not_orders")]
)
def test_sentences_that_nothing_backs_are_named(letter, mistake):
    assert check("45e", letter).mistake == mistake
    assert check("45e", "C").status == "right"


def test_more_page_views_are_worth_what_comes_through_and_the_test_grows_with_its_square():
    worth = value_views(WebShop(), 0.1, (1.0, 0.5, 0.1, 0.0))
    assert worth["margin"].tolist() == pytest.approx([2880.0, 1440.0, 288.0, 0.0])
    assert worth["visitors"][2] / worth["visitors"][0] == pytest.approx(100, rel=0.06)
    assert np.isinf(worth["months"][3])


def test_the_shelf_and_the_customers_of_the_scene_are_the_same_each_time():
    shelf = stock_shelf(11)
    assert 0.08 < (shelf["stock"] == 0).mean() < 0.17 and shelf.equals(stock_shelf(11))
    first, today = list_customers("2024-10-01", 11), list_customers("2024-10-07", 11)
    assert (today["consent"] <= first["consent"]).all() and today["consent"].sum() < first["consent"].sum()


def test_the_pictures_say_what_they_show():
    assert draw_slide(pd.Series({"a": 0.5, "b": 0.6}), "a", "t", "made").get_title(loc="left") == "t"
    rows = pd.DataFrame({"shop": ["x", "y"], "gain": [0.1, -0.1], "low": [0.05, -0.2], "high": [0.2, 0.1]})
    assert draw_gains(rows, "t").get_title(loc="left") == "t"
    assert "in the same basket" in draw_gains(rows, "t", what="in the same basket").get_xlabel()
    ways = rows.assign(way=["items", "linear"], verdict=["better", "not clear"])
    assert draw_gains(ways, "t").get_title(loc="left") == "t"
    assert draw_place_values([0, 1], "t").get_title(loc="left") == "t"
    leak = pd.DataFrame({"honest": [0.1], "leaky": [0.2]}, index=["items"])
    assert draw_leak(leak, "t").get_title(loc="left") == "t"
    assert draw_views(value_views(WebShop(), 0.1, (1.0, 0.0)), "t").get_title(loc="left") == "t"
    plt.close("all")
