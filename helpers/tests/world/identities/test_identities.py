"""Identities: three sources of the same people, shares as stated, and a truth that fits them."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pandas as pd
import phonenumbers
import pytest

from loyalty.world import World, WorldError
from loyalty.world.identities import IdentityRules
from loyalty.world.identities.histories import LEADS, hash_email
from loyalty.world.identities.people import LARGEST, group_households
from loyalty.world.identities.typed import CHAIN_PHONE, OBVIOUS, name_store_phone, slip, slip_digit, swap_day_and_month

RULES = IdentityRules()
SOURCES = {"cards": "card_id", "accounts": "account_id", "app_users": "app_id"}
SMALL = World(1_500, 6, 3, "small_chain")


@pytest.fixture(scope="module")
def large():
    """20,000 people, without histories."""
    return World(20_000, 24, 0).make_identities(histories=False)


@pytest.fixture(scope="module")
def small():
    return SMALL.make_identities()


def tell(found, source):
    """Join the records of a source with the truth."""
    key = SOURCES[source]
    truth = found.truth[found.truth["source"] == source].rename(columns={"record_id": key})
    return getattr(found, source).merge(truth, on=key, how="left", validate="one_to_one")


def digits(phones):
    return phones.str.replace(r" ext\. \d+$", "", regex=True).str.replace(r"\D", "", regex=True).str[-10:]


def hash_of(found) -> str:
    tables = (found.cards, found.accounts, found.app_users, found.truth, found.card_baskets, found.sessions)
    text = "".join(table.to_csv(index=False, lineterminator="\n") for table in tables)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def is_about(share, part, count):
    """Whether a share lies within five standard errors of what is stated."""
    return abs(share - part) <= 5 * np.sqrt(part * (1 - part) / count)


def test_the_same_seed_gives_the_same_identities_and_another_seed_others(small):
    assert hash_of(SMALL.make_identities()) == hash_of(small)
    assert hash_of(SMALL.make_identities(4)) != hash_of(small)


def test_the_identities_of_a_small_world_are_the_same_on_every_machine():
    # The committed hash changes only when a rule or the list of names does
    assert hash_of(World(300, 6, 7, "small_chain").make_identities()) == "b77d5d20c38bd800"


def test_one_customer_more_leaves_the_records_of_all_other_households_as_they_were():
    one = World(400, 6, 3, "small_chain").make_identities(histories=False)
    more = World(401, 6, 3, "small_chain").make_identities(histories=False)
    last = one.truth["household_id"].max()
    for source, key in SOURCES.items():
        before = tell(one, source)
        after = tell(more, source)
        before = before[before["household_id"] < last].sort_values(key, ignore_index=True)
        after = after[after["household_id"] < last].sort_values(key, ignore_index=True)
        pd.testing.assert_frame_equal(before, after)


def test_a_wave_changes_no_record():
    world = World(300, 6, 7, "small_chain")
    plan = world.customers[["customer_id"]].assign(offer_id=[None, "basket_discount"] * 150, propensity=0.5)
    later = world.run(plan)[1]
    before, after = world.make_identities(), later.make_identities()
    pd.testing.assert_frame_equal(before.cards, after.cards)
    pd.testing.assert_frame_equal(before.accounts, after.accounts)
    assert len(after.card_baskets) > len(before.card_baskets)


def test_every_record_has_one_truth_and_an_id_of_its_own(large):
    assert large.truth["record_id"].is_unique
    assert len(large.truth) == len(large.cards) + len(large.accounts) + len(large.app_users)
    for source in SOURCES:
        assert tell(large, source)["customer_id"].notna().all()


def test_ids_and_the_order_of_rows_do_not_tell_whose_record_it_is(large):
    cards = tell(large, "cards")
    order = cards["customer_id"].rank().corr(pd.Series(range(len(cards)), dtype="float64"))
    numbers = cards["card_id"].str[1:].astype("int64").rank().corr(cards["customer_id"].rank())
    assert abs(order) < 0.03
    assert abs(numbers) < 0.03


@pytest.mark.parametrize(
    ("source", "column", "part"),
    [
        ("cards", "phone", RULES.card_phone),
        ("cards", "email", RULES.card_email),
        ("cards", "birth_date", RULES.card_birth),
        ("cards", "postcode", RULES.postcode),
        ("accounts", "phone", RULES.account_phone),
        ("accounts", "email", 1.0),
        ("accounts", "birth_date", RULES.account_birth),
        ("app_users", "phone", RULES.app_phone),
        ("app_users", "birth_date", RULES.app_birth),
        ("app_users", "email", RULES.app_email),
    ],
)
def test_a_field_is_filled_in_as_often_as_stated(large, source, column, part):
    filled = getattr(large, source)[column].notna()
    assert is_about(filled.mean(), part, len(filled))


@pytest.mark.parametrize(
    ("source", "part"),
    [("cards", RULES.consent_card), ("accounts", RULES.consent_account), ("app_users", RULES.consent_app)],
)
def test_consent_is_given_as_often_as_stated(large, source, part):
    consent = getattr(large, source)["consent"]
    assert consent.dtype == bool
    assert is_about(consent.mean(), part, len(consent))


def test_people_have_cards_and_second_cards_in_the_stated_shares(large):
    cards = tell(large, "cards")["customer_id"].value_counts()
    assert is_about(len(cards) / 20_000, RULES.card, 20_000)
    assert is_about((cards == 2).mean(), RULES.second_card, len(cards))
    assert cards.max() == 2


def test_made_up_phones_are_shared_by_hundreds_and_of_the_stated_share(large):
    cards = tell(large, "cards").dropna(subset="phone")
    made_up = cards["made_up_phone"]
    assert is_about(made_up.mean(), RULES.placeholder_phone, len(cards))
    known = {CHAIN_PHONE, *OBVIOUS, *(name_store_phone(store) for store in (1, 2, 3))}
    counts = digits(cards["phone"]).value_counts()
    assert set(digits(cards.loc[made_up, "phone"])) == known
    assert counts[CHAIN_PHONE] > 200
    assert counts[list(known)].sum() == made_up.sum()


def test_no_other_phone_is_shared_by_two_households_but_by_a_slip(large):
    for source in SOURCES:
        rows = tell(large, source).dropna(subset="phone")
        rows = rows[~rows["made_up_phone"]]
        households = rows.groupby(digits(rows["phone"]))["household_id"].nunique()
        assert (households > 1).mean() < 0.002
        assert households.max() <= 3


def test_the_library_calls_every_phone_valid_but_the_obvious_ones(large):
    for phone in large.cards["phone"].dropna().sample(300, random_state=0):
        number = phonenumbers.parse(phone.replace("001 ", "+1 "), "US")
        national = str(number.national_number)
        assert phonenumbers.is_valid_number(number) == (national not in OBVIOUS)
        assert national in OBVIOUS or national[3:6] == "555"


def test_every_email_lies_at_a_domain_that_belongs_to_nobody(large):
    for source in SOURCES:
        emails = getattr(large, source)["email"].dropna().str.strip().str.lower()
        assert emails.str.fullmatch(r"[a-z0-9._+]+@example[.,](com|org|net)").all()


def test_emails_come_in_capitals_with_blanks_tags_and_slips(large):
    emails = large.cards["email"].dropna()
    assert 0.1 < (emails != emails.str.lower()).mean() < 0.25
    assert (emails != emails.str.strip()).mean() == pytest.approx(0.08, abs=0.015)
    assert emails.str.contains("+shop", regex=False, case=False).mean() == pytest.approx(0.02, abs=0.01)
    assert emails.str.contains(",", regex=False).mean() == pytest.approx(0.15 * RULES.card_typo, abs=0.005)


def test_a_household_shares_last_name_and_postcode_for_the_most_part(large):
    cards = tell(large, "cards").dropna(subset="postcode")
    pairs = cards.merge(cards, on="household_id", suffixes=("", "_other"))
    pairs = pairs[pairs["customer_id"] < pairs["customer_id_other"]]
    assert len(pairs) > 3_000
    assert (pairs["postcode"] == pairs["postcode_other"]).mean() > 0.85
    names = [pairs[column].str.strip().str.lower() for column in ("last_name", "last_name_other")]
    assert (names[0] == names[1]).mean() > 0.6


def test_some_children_have_the_name_of_a_parent_and_another_birth_date(large):
    cards = tell(large, "cards").dropna(subset="birth_date")
    name = ["household_id", "first_name", "last_name", "postcode"]
    pairs = cards.merge(cards, on=name, suffixes=("", "_other"))
    pairs = pairs[pairs["customer_id"] < pairs["customer_id_other"]]
    years = (pairs["birth_date"].str[:4].astype(int) - pairs["birth_date_other"].str[:4].astype(int)).abs()
    assert (years.between(20, 45)).sum() > 10


def test_members_of_a_household_share_phones_and_emails(large):
    for source, column in (("cards", "phone"), ("accounts", "phone"), ("accounts", "email")):
        rows = tell(large, source).dropna(subset=column)
        rows = rows[~rows["made_up_phone"]]
        value = digits(rows[column]) if column == "phone" else rows[column].str.strip().str.lower()
        people = rows.groupby(value)["customer_id"].nunique()
        assert 0.005 < (people > 1).mean() < 0.15
        assert people.max() <= LARGEST


def test_the_number_of_a_household_stays_when_its_first_member_takes_another():
    rules = IdentityRules(family_phone=1, app_confirmed=0, new_phone=1, placeholder_phone=0, card_typo=0, own_typo=0)
    found = World(300, 24, 5, "small_chain").make_identities(rules=rules, histories=False)
    records = pd.concat([tell(found, source) for source in SOURCES]).dropna(subset="phone")
    records = records[records.groupby("household_id")["customer_id"].transform("nunique") > 1]
    numbers = digits(records["phone"]).groupby(records["household_id"]).nunique()
    assert len(numbers) > 20 and (numbers == 1).all()


def test_households_follow_one_another_and_have_at_most_five_members():
    household, place = group_households(np.array([0.9, 0.1, 0.1, 0.1, 0.1, 0.1, 0.9]), 0.3)
    assert household.tolist() == [0, 0, 0, 0, 0, 5, 6]
    assert place.tolist() == [0, 1, 2, 3, 4, 0, 0]


def test_the_app_knows_many_people_by_a_short_name(large):
    known = {name: "Alexander" for name in ("Alex", "Sasha", "Sanya", "Sandy", "Aleksandr", "Alexandr", "Oleksandr")}
    names = large.app_users["first_name"].str.strip().str.title()
    alexanders = names[names.isin([*known, "Alexander"])]
    assert (alexanders != "Alexander").mean() > 0.3


def test_birth_dates_are_days_of_the_calendar_and_some_are_defaults(large):
    births = large.cards["birth_date"].dropna()
    assert pd.to_datetime(births, format="%Y-%m-%d").between("1900-01-01", "2010-12-31").all()
    assert is_about((births == "1900-01-01").mean(), RULES.default_birth, len(births))


def test_postcodes_are_text_of_five_digits_that_often_begin_with_a_zero(large):
    codes = large.cards["postcode"].dropna()
    assert codes.str.fullmatch(r"\d{5}").all()
    assert codes.str.startswith("0").mean() > 0.2


def test_each_receipt_names_a_card_or_an_account_or_nobody(small):
    baskets = small.card_baskets
    assert set(baskets["basket_id"]) == set(SMALL.receipts["basket_id"])
    assert baskets["basket_id"].is_unique
    assert not (baskets["card_id"].notna() & baskets["account_id"].notna()).any()
    assert 0.2 < baskets["card_id"].notna().mean() < 0.9
    assert baskets["account_id"].notna().any()


def test_a_card_pays_for_its_holders_household_and_never_before_it_was_made(small):
    cards = tell(small, "cards")
    times = SMALL.receipts.drop_duplicates("basket_id")
    paid = small.card_baskets.dropna(subset="card_id").merge(cards, on="card_id").merge(times, on="basket_id")
    assert (paid["opened_on"] <= paid["time"]).all()
    assert (paid["channel"] == "store").all()
    own = paid["customer_id_x"] == paid["customer_id_y"]
    head = paid["customer_id_x"] == paid["household_id"]
    assert (own | head).all()
    assert 0.01 < (~own).mean() < 0.15


def test_online_receipts_name_the_account_of_their_buyer(small):
    accounts = tell(small, "accounts")
    bought = small.card_baskets.dropna(subset="account_id").merge(accounts, on="account_id")
    bought = bought.merge(SMALL.receipts.drop_duplicates("basket_id"), on="basket_id")
    assert (bought["customer_id_x"] == bought["customer_id_y"]).all()
    assert (bought["channel"] == "online").all()


def test_a_cookie_belongs_to_one_person_and_every_session_has_its_truth(small):
    assert small.truth_cookies["cookie_id"].is_unique
    assert set(small.sessions["cookie_id"]) == set(small.truth_cookies["cookie_id"])
    assert small.sessions["session_id"].is_unique


def test_a_login_is_the_hash_of_an_account_of_that_person(small):
    accounts = tell(small, "accounts")
    accounts["login_hash"] = [hash_email(email) for email in accounts["email"]]
    seen = small.sessions.dropna(subset="login_hash").merge(small.truth_cookies, on="cookie_id")
    assert is_about(len(seen) / len(small.sessions), 0.3, 50)
    pairs = seen[["login_hash", "customer_id"]].drop_duplicates().merge(accounts, on="login_hash")
    own = pairs[pairs["customer_id_x"] == pairs["customer_id_y"]]
    assert own[["login_hash", "customer_id_x"]].drop_duplicates().shape[0] == len(
        seen[["login_hash", "customer_id"]].drop_duplicates()
    )


def follow(found, world, column):
    """Share of sessions after which the department was bought within two weeks, by a column."""
    products = world.products[["product_id", "department"]]
    bought = world.receipts.merge(products, on="product_id")[["customer_id", "department", "time"]]
    seen = found.sessions.merge(found.truth_cookies, on="cookie_id")
    seen = seen[seen["started_at"] < world.end - pd.Timedelta(days=14)]
    pairs = seen.merge(bought, left_on=["customer_id", "intent"], right_on=["customer_id", "department"])
    lag = pairs["time"] - pairs["started_at"]
    hit = pairs.loc[lag.between(pd.Timedelta(0), pd.Timedelta(days=14)), "session_id"].unique()
    return seen["session_id"].isin(hit).groupby(seen[column]).mean()


def test_what_is_looked_at_foretells_the_purchase_in_some_departments_only(small):
    rates = follow(small, SMALL, "intent")
    assert rates["Baby"] > 2 * rates["Make-up"]
    assert rates["Baby"] > 2 * rates["Food and gifts"]
    assert set(LEADS) >= set(rates.index)


@pytest.mark.slow
def test_the_cart_foretells_the_purchase_and_the_device_nothing():
    world = World(5_000, 12, 5)
    found = world.make_identities()
    rates = follow(found, world, "add_to_cart")
    assert rates[True] > 1.5 * rates[False]
    devices = follow(found, world, "device")[["phone", "desktop"]]
    assert devices.max() - devices.min() < 0.03


def test_the_receipts_of_a_world_stay_as_they_are():
    world = World(300, 6, 7, "small_chain")
    before = world.receipts.copy()
    world.make_identities()
    pd.testing.assert_frame_equal(before, world.receipts)


def test_one_customer_has_identities_too():
    found = World(1, 3, 7, "small_chain").make_identities()
    assert len(found.truth) <= 4
    assert list(found.cards.columns) == list(SMALL.make_identities(histories=False).cards.columns)


def test_a_source_that_nobody_uses_is_an_empty_table_with_its_columns():
    rules = replace(RULES, card=0.0, account=0.0, account_online=0.0)
    found = World(200, 3, 7, "small_chain").make_identities(rules=rules)
    assert len(found.cards) == 0
    assert len(found.accounts) == 0
    assert found.card_baskets["card_id"].isna().all()
    assert str(found.cards["phone"].dtype) == "str"


def test_all_wrong_shares_are_told_at_once():
    rules = replace(RULES, card=1.5, card_typo=float("nan"))
    with pytest.raises(WorldError) as caught:
        SMALL.make_identities(rules=rules)
    assert len(caught.value.problems) == 2
    assert "card should be from 0 to 1, found 1.5" in str(caught.value)


def test_a_seed_that_is_no_whole_number_is_refused():
    with pytest.raises(WorldError, match="seed"):
        SMALL.make_identities("seven")


def test_a_slip_changes_a_text_by_one_keystroke():
    for number in range(40):
        u = (number + 0.5) / 40
        found = slip("Elizabeth", u, 0.37)
        assert abs(len(found) - 9) <= 1
        assert found[0] == "E"
    assert slip("Al", 0.5, 0.5) == "Al"
    assert slip_digit("2125552345", 0.2, 0.0) == "2125553245"
    assert slip_digit("2125552345", 0.9, 0.99) != "2125552345"


def test_day_and_month_change_places_only_where_both_can_be_a_month():
    assert swap_day_and_month("1984-03-07") == "1984-07-03"
    assert swap_day_and_month("1984-03-17") == "1984-03-17"


def test_more_customers_than_phone_numbers_are_refused(monkeypatch):
    monkeypatch.setattr("loyalty.world.identities.identities.MOST_PEOPLE", 1_000)
    with pytest.raises(WorldError, match=r"phone numbers for 1,000 customers, found 1,500"):
        SMALL.make_identities()
