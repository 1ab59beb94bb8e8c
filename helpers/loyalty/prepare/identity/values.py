"""One value of a record made comparable: phone, e-mail, birth date, postcode. What cannot be read is None."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache

import phonenumbers

EXTENSION = re.compile(r"(?i)[\s,;]*(?:ext\.?|extension|x|#|доб\.?)\s*\d{1,6}\s*$")
MAIL = re.compile(r"[^@\s\"(),:;<>\[\]\\]+@[^@\s]+\.[a-z]{2,}")
RUN = "01234567890123456789"
DAY = re.compile(r"(\d{1,4})[-./\s](\d{1,2})[-./\s](\d{1,4})")
EARLIEST = 1900
NORTH_AMERICA = frozenset({"US", "CA"})


def normalise_phone(text: str, region: str = "US") -> str | None:
    """Write a phone in one form (E.164), such as +12125552345; None where it is no phone.

    An extension is left out. A number of one digit repeated, or of digits in a row, is no phone even where the plan of
    numbers would allow it.

    Parameters
    ----------
    text : str
        As it was typed.
    region : str
        The country whose numbers are written without its code: two letters, such as US.

    Returns
    -------
    str or None

    Examples
    --------
    >>> [normalise_phone(text) for text in ("(212) 555-2345", "1-212-555-2345 ext. 12", "1111111111", "1234567890")]
    ['+12125552345', '+12125552345', None, None]

    Source: the numbering plans of Google's libphonenumber; ITU-T E.164.
    """
    short = EXTENSION.sub("", text.strip())
    digits = re.sub(r"\D", "", short)
    return _read_phone("+" + digits if short.startswith("+") else digits, region)


@lru_cache(maxsize=200_000)
def _read_phone(digits: str, region: str) -> str | None:
    plain = digits.lstrip("+")
    if len(set(plain[-10:])) == 1 or plain[-10:] in RUN:
        return None
    american = _read_american(digits, region)
    if american is not None:
        # A number of the plan's main country is valid there or in one of the smaller ones that share the plan
        is_valid = phonenumbers.is_valid_number_for_region(american, "US") or phonenumbers.is_valid_number(american)
        return f"+1{american.national_number}" if is_valid else None
    number = _parse(digits, region)
    if number is None or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _parse(digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None


def _read_american(digits: str, region: str) -> phonenumbers.PhoneNumber | None:
    """Read ten digits, with or without a 1 in front, where that is how the region's plan writes them.

    It is what `phonenumbers.parse` returns, at a fraction of its time: a million phones are mostly of this kind.
    """
    if region not in NORTH_AMERICA or digits.startswith("+"):
        return None
    national = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    if len(national) != 10 or national[0] in "01":
        return None
    return phonenumbers.PhoneNumber(country_code=1, national_number=int(national))


def normalise_email(text: str) -> str | None:
    """Write an e-mail address in small letters, without spaces and without a tag behind +; None where it is none.

    A wrong letter is left as it is: which letter was meant is a question for the linkage.

    Examples
    --------
    >>> normalise_email(" Anna.Smith+shop@Example.COM "), normalise_email("anna at example.com")
    ('anna.smith@example.com', None)
    """
    small = re.sub(r"\s+", "", text.casefold()).removeprefix("mailto:").strip("<>.,;")
    if not MAIL.fullmatch(small):
        return None
    user, host = small.split("@")
    user = user.split("+")[0]
    return f"{user}@{host}" if user else None


def normalise_birth_date(text: str, *, day_first: bool = False) -> str | None:
    """Write a birth date as 1984-03-07; None where it cannot be a date of birth.

    07/03/1984 is 3 July where the month stands first; 13/03/1984 can only be 13 March. Which of two readings was
    meant cannot be seen in one value: the linkage knows a pair with day and month exchanged.

    Examples
    --------
    >>> [normalise_birth_date(text) for text in ("1984-03-07", "3/7/1984", "13.03.1984", "1/1/84")]
    ['1984-03-07', '1984-03-07', '1984-03-13', None]
    """
    found = DAY.match(text.strip())
    if not found:
        return None
    first, second, third = found.groups()
    if len(first) == 4 and len(third) <= 2:
        return _join_date(int(first), int(second), int(third))
    if len(third) == 4 and len(first) <= 2:
        month, day = (int(second), int(first)) if day_first else (int(first), int(second))
        return _join_date(int(third), month, day)
    return None


def _join_date(year: int, month: int, day: int) -> str | None:
    if month > 12:
        month, day = day, month
    try:
        read = dt.date(year, month, day)
    except ValueError:
        return None
    return read.isoformat() if year > EARLIEST else None


def normalise_postcode(text: str) -> str | None:
    """Write a postcode in capitals without signs between; of an American one the first five digits.

    Examples
    --------
    >>> normalise_postcode("10001-2345"), normalise_postcode("sw1a 1aa"), normalise_postcode("1001.0")
    ('10001', 'SW1A1AA', '01001')
    """
    plain = re.sub(r"\.0$", "", text.strip())
    if re.fullmatch(r"\d{5}[- ]?\d{4}", plain):
        return plain[:5]
    signs = re.sub(r"[^0-9A-Z]", "", plain.upper())
    if re.fullmatch(r"\d{3,4}", signs):
        return signs.zfill(5)
    return signs or None
