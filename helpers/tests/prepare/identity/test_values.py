from datetime import date

import phonenumbers
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.prepare.identity.first_names import find_roots, guess_name, is_known, spell_latin
from loyalty.prepare.identity.values import (
    normalise_birth_date,
    normalise_email,
    normalise_phone,
    normalise_postcode,
)

WAYS = ("+1 ({0}) {1}-{2}", "1-{0}-{1}-{2}", "{0}.{1}.{2}", "{0}{1}{2}", "({0}) {1} {2} ext. 12", " {0} {1} {2}x9")


@given(st.integers(2, 9), st.integers(0, 99), st.integers(1000, 9999), st.sampled_from(WAYS))
def test_every_way_to_type_a_phone_gives_one_form(first, rest, line, way):
    area = "212"
    exchange = f"{first}{rest:02}"
    if exchange.endswith("11"):
        return  # such as 911: no exchange
    assert normalise_phone(way.format(area, exchange, line)) == f"+1{area}{exchange}{line}"


def test_placeholder_phones_are_no_phones():
    for text in ("1111111111", "000-000-0000", "1234567890", "(999) 999-9999", "0123456789", "12", "", "n/a", "+"):
        assert normalise_phone(text) is None


def test_a_phone_with_its_country_is_read_in_any_region():
    assert normalise_phone("+44 20 7946 0958", "US") == normalise_phone("020 7946 0958", "GB") == "+442079460958"


@settings(max_examples=40)
@given(st.text(max_size=40))
def test_no_text_breaks_a_reader_and_what_was_read_is_read_again_as_itself(text):
    for read in (normalise_phone, normalise_email, normalise_birth_date, normalise_postcode):
        once = read(text)
        assert once is None or read(once) == once


@given(st.from_regex(r"[a-z]{1,9}(\.[a-z]{1,9})?", fullmatch=True), st.booleans(), st.booleans())
def test_capitals_spaces_and_tags_change_no_address(user, capital, tagged):
    typed = f"  {user}{'+shop' if tagged else ''}@Example.COM "
    assert normalise_email(typed.upper() if capital else typed) == f"{user}@example.com"


def test_a_wrong_letter_in_an_address_is_left_as_it_is():
    assert normalise_email("ann@exmaple.com") == "ann@exmaple.com"


@given(st.dates(min_value=date(1901, 1, 1)))
def test_a_birth_date_is_read_from_all_usual_forms(day):
    wanted = day.isoformat()
    assert normalise_birth_date(wanted) == wanted
    assert normalise_birth_date(f"{day.month}/{day.day}/{day.year}") == wanted
    assert normalise_birth_date(f"{day.day}.{day.month}.{day.year}", day_first=True) == wanted


def test_a_date_of_nobody_is_no_birth_date():
    for text in ("1900-01-01", "1984-02-30", "84-03-07", "1984", "13/13/1984", ""):
        assert normalise_birth_date(text) is None


def test_short_forms_spellings_and_alphabets_lead_to_one_full_name():
    for name in ("Bob", "ROBERT", "Robbie", "Роберт"):
        assert find_roots(spell_latin(name))[0] == "robert"
    assert {"alexander", "alexandra"} == set(find_roots("sasha"))


def test_a_slip_is_taken_for_the_frequent_name_and_a_name_is_left_alone():
    counts = {"jmimy": 1, "jimmy": 40, "mary": 40, "mark": 40, "marta": 30, "maria": 60}
    assert guess_name("jmimy", counts) == "jimmy"
    assert guess_name("marta", counts) == "marta"
    assert is_known("mary") and not is_known("jmimy")


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=12))
def test_every_name_has_a_full_name_that_is_its_own(name):
    root = find_roots(name)[0]
    assert find_roots(root)[0] == root or root in find_roots(root)


def test_the_short_way_for_american_phones_reads_what_the_library_reads():
    for step in range(1_000):
        national = str(2_000_000_000 + step * 7_999_993)[:10]
        for digits in (national, f"1{national}"):
            number = phonenumbers.parse(digits, "US")
            valid = phonenumbers.is_valid_number(number)
            form = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
            assert normalise_phone(digits) == (form if valid else None), digits
