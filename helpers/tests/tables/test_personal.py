"""What is a phone, an address or a payment card: a column is judged as a whole."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from loyalty.tables.check import TableError
from loyalty.tables.personal import hide_personal, looks_personal, name_personal, quote_few


def draw_numbers(length: int, n: int = 1000, first: str = "") -> list[str]:
    drawn = random.Random(length)
    return [(first + str(drawn.randrange(10 ** (length - 1), 10**length)))[:length] for _ in range(n)]


@pytest.mark.parametrize(
    "value",
    ["79161234567", "+7 916 123-45-67", "8 (916) 123-45-67", "(495) 123-45-67", "+44 20 7946 0958", "8 916 123 45 67",
     "020 7946 0958", "0170 1234567", "00491701234567", 79161234567, 79161234567.0, "89161234567", "9161234567"],
)  # fmt: skip
def test_phones_are_seen_however_they_are_written(value):
    assert name_personal(pd.Series([value, None])) == "phones"


def test_a_further_country_may_be_named(monkeypatch):
    phones = pd.Series(["11 91234-5678", "(11) 91234-5679"])  # as people in Brazil write them
    monkeypatch.delenv("LOYALTY_PHONE_REGION", raising=False)
    assert name_personal(phones) == ""
    monkeypatch.setenv("LOYALTY_PHONE_REGION", "kz, br")
    assert name_personal(phones) == "phones"
    monkeypatch.setenv("LOYALTY_PHONE_REGION", "Brazil")
    with pytest.raises(TableError, match="LOYALTY_PHONE_REGION names BRAZIL: write countries by two letters"):
        name_personal(phones)


def test_a_column_is_personal_where_at_least_half_of_its_distinct_values_are_phones():
    phones = [f"8 916 123 45 {i:02d}" for i in range(50)]
    cards = [f"K-{i:04d}" for i in range(60)]
    assert name_personal(pd.Series(phones + cards[:50] + cards[:5] * 100)) == "phones"
    assert not looks_personal(pd.Series(phones + cards))


@pytest.mark.parametrize(("value", "kind"), [("anna@example.org", "e-mails"), ("+7 916 123-45-67", "phones")])
def test_one_address_and_one_phone_with_a_plus_are_enough(value, kind):
    assert name_personal(pd.Series([f"K-{i}" for i in range(5000)] + [value])) == kind


@pytest.mark.parametrize("value", ["4111 1111 1111 1111", "5555555555554444", "3782-822463-10005", "2200000000000004"])
def test_payment_cards_are_seen_by_their_issuer_and_their_check_digit(value):
    assert name_personal(pd.Series([value])) == "payment cards"


@pytest.mark.parametrize(
    "value",
    ["2770000000007", "17", "K-000123", "4276 0255 1234 5678", "2026-03-02", "03.04.2026", "9999999999999995",
     "control", "2026-03-02 18:05", "0101", "1,234,567", "10.5", ""],
)  # fmt: skip
def test_loyalty_cards_dates_and_codes_are_neither(value):
    assert not looks_personal(pd.Series([value]))


@pytest.mark.parametrize("length", range(5, 20))
def test_drawn_numbers_of_any_length_are_codes_with_zeros_before_them_too(length):
    codes = draw_numbers(length)
    assert not looks_personal(pd.Series(codes))
    assert not looks_personal(pd.Series([code.zfill(length + 2) for code in codes]))


def test_loyalty_cards_of_thirteen_digits_that_begin_as_articles_of_a_shop_do_are_codes():
    assert not looks_personal(pd.Series(draw_numbers(13, first="277")))


def test_the_answer_does_not_depend_on_the_order_of_rows_or_on_the_type():
    mixed = pd.Series([f"8 916 123 {i // 100:02d} {i % 100:02d}" for i in range(900)] + [f"K{i}" for i in range(880)])
    answers = {name_personal(mixed.sample(frac=1, random_state=seed)) for seed in range(3)}
    assert len(answers) == 1
    assert looks_personal(pd.Series(["anna@example.org", "x"], dtype="category"))
    assert not looks_personal(pd.Series([1234567890.5, 2.0])) and not looks_personal(pd.Series([True, False]))


@pytest.mark.parametrize(
    "value",
    ["79161234567", "+7 916 123-45-67", "8 (916) 123-45-67", "(495) 123-45-67", "anna@example.org", "+44 20 7946 0958",
     "8 916 123 45 67", "020 7946 0958", "0170 1234567", "00491701234567", "4111 1111 1111 1111", "5555555555554444"],
)  # fmt: skip
def test_phones_mails_and_payment_cards_are_taken_out_of_a_sentence(value):
    assert hide_personal(f"such as {value}, twice") == "such as …, twice"
    assert hide_personal(value) == "…"


@pytest.mark.parametrize(
    "text",
    ["2770000000007", "17", "K-000123", "4276 0255 1234 5678", "2026-03-02", "from 2026-03-02 18:05 on",
     "sales 1,234,567.89, the sum of 8 (4) rows", "€0.05 (−0.10 to 0.20)", "12 of 0 (0.0 %)", "0.0123456789",
     "8 - 12 weeks", "id-0a1b2c3d4e5f67890123", "python 3.11.7, duckdb 2.0.0"],
)  # fmt: skip
def test_card_numbers_dates_and_amounts_stay(text):
    assert hide_personal(text) == text


def test_a_quoted_example_keeps_its_form_and_shows_nobody():
    assert quote_few(["ivan@mail.ru", "S1", 7]) == "'…', 'S1', 7"
    assert quote_few([]) == ""
