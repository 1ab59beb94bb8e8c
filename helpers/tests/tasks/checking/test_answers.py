"""A date and a letter are read however they are written, and never guessed."""

from __future__ import annotations

import datetime

import pandas as pd
import pytest

from loyalty.tasks.checking.answers import Mismatch, as_number, read_date, read_letter

FIRST_OF_JUNE = pd.Timestamp("2025-06-01")


@pytest.mark.parametrize(
    "written",
    ["2025-06-01", "01.06.2025", "1.6.2025", " 1 June 2025. ", "June 1, 2025", "2025/06/01", ["01.06.2025"]],
)
def test_a_date_is_read_however_it_is_written(written: object) -> None:
    assert read_date(written) == FIRST_OF_JUNE


@pytest.mark.parametrize(("written", "day"), [("31/1/2025", 31), ("1/31/2025", 31), ("01/01/2025", 1)])
def test_slashes_are_read_where_one_order_is_possible(written: str, day: int) -> None:
    assert read_date(written) == pd.Timestamp(2025, 1, day)


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("01/06/2025", "can be two dates"),
        ("6-1-2025", "can be two dates"),
        ("31.02.2025", "no day of the calendar"),
        ("June", "with its year"),
        ("2025", "with its year"),
        ("soon in 2025", "cannot be read"),
    ],
)
def test_what_is_no_date_or_two_is_asked_again_with_the_form(written: str, says: str) -> None:
    with pytest.raises(Mismatch, match=f"{says}.*2025-01-31"):
        read_date(written)


def test_what_is_no_text_stays_as_it_is() -> None:
    day = datetime.date(2025, 6, 1)
    assert read_date(day) is day and read_date([day]) is day
    assert read_date([day, day]) == [day, day]


@pytest.mark.parametrize("written", ["C", "c", " c. ", "C)", "(C)", '"C"', "**C**"])
def test_a_letter_is_read_with_signs_around_it(written: str) -> None:
    assert read_letter("ABC")(written) == "C"


@pytest.mark.parametrize("written", ["D", "", "AB", "A or B", 3, None])
def test_what_is_no_letter_hears_which_may_be_chosen(written: object) -> None:
    with pytest.raises(Mismatch, match='"A", "B" or "C"'):
        read_letter("ABC")(written)


def test_numbers_are_read_and_text_is_not() -> None:
    assert as_number(3) == 3
    with pytest.raises(Mismatch, match="numbers are asked"):
        as_number("3")
