"""Tells personal data by its values: phone numbers, e-mail addresses, payment cards; and hides it in sentences."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import pandas as pd

from loyalty.tables.check import TableError
from loyalty.text import list_few

MAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
NUMBER = re.compile(r"\+?[\d(][\d\s().\-/\u00a0]{5,22}\d")
DAY = re.compile(r"\s*(\d{4}[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./]\d{2,4})(\D|$)")
CARD = re.compile(r"\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{4}|\d{4}([ -])\d{6}\2\d{5}")
# First digits that banks' cards bear: Visa, Mastercard, Мир, American Express, Diners, Discover, JCB, UnionPay
ISSUERS = re.compile(
    r"4(\d{12}|\d{15}|\d{18})|(5[1-5]|22[2-9]|2[3-6]\d|27[01])\d+|220[0-4]\d{12,15}|3[47]\d{13}|3(0[0-5]|[68]\d)\d{11}|"
    r"6(011|5\d\d|4[4-9]\d)\d{12}|35(2[89]|[3-8]\d)\d{12}|62\d{14,17}"
)
# Where a number is written with 0 or 8 before it, that sign tells a phone from a code; elsewhere it is seen without
TRUNK = {"RU": "8", "GB": "0", "DE": "0", "FR": "0", "IT": "0", "TR": "0", "UA": "0", "BY": "8", "NL": "0", "AT": "0"}
TRUNK |= {"CH": "0", "BE": "0", "PL": "0", "SE": "0", "IN": "0", "CN": "0"}
# Countries in which fewer than half of all numbers of the right length are phones: codes are not taken for them
BARE = ("RU", "GB", "US", "ES", "IT", "TR")
FORM = re.compile(
    r"(?<![\w.,/-])(\+\d|0\d|8[ (-]|\(\d{3,4}\)|\d{13,19}|\d{4}[ -]\d{4}[ -]\d{4})[\d\s().-]{0,17}(?<=\d)(?![\w])"
)
PLAIN = re.compile(
    r"(?<!\w)(?<!\d[.,])(\+\d[\d\s().-]{8,17}\d|\(?\d{3,4}\)[\s.-]*\d{3}[\s.-]*\d{2}[\s.-]*\d{2}|\d{10,12})(?!\w)"
)
SAMPLE = 200
SHORTEST = 9


def looks_personal(values: pd.Series) -> bool:
    """Say whether a column holds phone numbers, e-mail addresses or payment cards; see `name_personal`.

    Examples
    --------
    >>> looks_personal(pd.Series(["8 916 123 45 67", "8 916 123 45 68"])), looks_personal(pd.Series([2770000123456]))
    (True, False)
    """
    return bool(name_personal(values))


def name_personal(values: pd.Series) -> str:
    """Name the personal data that a column holds: phones, e-mails or payment cards; empty if it holds none.

    One phone-like number among many codes proves nothing, for codes are numbers too: a column is personal where at
    least half of its distinct values are phones of one country, addresses or cards. An e-mail address and a phone
    with + and a country's code are unmistakable: one of them is enough. Of many values 200 are looked at. Loyalty
    cards are no payment cards: these pass Luhn's check *and* begin as a bank's cards do.

    Parameters
    ----------
    values : pandas.Series
        Of any type.

    Returns
    -------
    str

    Examples
    --------
    >>> name_personal(pd.Series(["4111 1111 1111 1111"])), name_personal(pd.Series(["K-17", "control"]))
    ('payment cards', '')

    Phones are looked for as people write them in the countries of `TRUNK` and `BARE`. The environment variable
    LOYALTY_PHONE_REGION names further ones, such as BR or "BR, ZA" (ISO 3166-1).

    Source: the numbering plans of Google's libphonenumber; Luhn's check is ISO/IEC 7812-1, annex B.
    """
    texts = _list_texts(values)
    clear = Counter(filter(None, map(_name_clear, texts)))
    if clear["e-mails"] or clear["phones"]:
        return clear.most_common(1)[0][0]
    doubtful = [text for text in texts if NUMBER.fullmatch(text) and not DAY.match(text)]
    if 2 * len(doubtful) < len(texts) or not doubtful:
        return ""
    phones = max(sum(_is_phone(text, region) for text in doubtful) for region in list_regions())
    cards = sum(map(is_card, doubtful))
    if 2 * max(phones, cards) < len(texts):
        return ""
    return "payment cards" if cards > phones else "phones"


def _list_texts(values: pd.Series) -> list[str]:
    """List the distinct values of a column as text, at most 200 of them, which do not depend on the order of rows."""
    known = values.dropna().drop_duplicates()
    if values.dtype.kind in "bMm":
        return []
    if pd.api.types.is_float_dtype(values):  # whole numbers beside an empty cell
        whole = known[known.abs() < 1e15]
        known = whole.astype("int64") if (whole % 1 == 0).all() else whole.head(0)
    texts = known.astype("str").str.strip()
    texts = texts[texts != ""]
    if len(texts) > SAMPLE:
        clear = texts[texts.str.contains(r"@|^\+", regex=True)].head(SAMPLE)
        order = pd.util.hash_array(texts.to_numpy(dtype=object)).argsort()
        texts = pd.concat([texts.iloc[order[:SAMPLE]], clear]).drop_duplicates()
    return texts.to_list()


def _name_clear(text: str) -> str:
    """Name what a value is without any doubt."""
    if MAIL.search(text):
        return "e-mails"
    if text.startswith("+") and NUMBER.fullmatch(text) and _is_valid(text, None):
        return "phones"
    return ""


def is_phone(text: str) -> bool:
    """Say whether a single text is written as a phone of any country that is looked at.

    Examples
    --------
    >>> [is_phone(text) for text in ("020 7946 0958", "0170 1234567", "00491701234567", "2026-03-02", "K-17")]
    [True, True, True, False, False]
    """
    if not NUMBER.fullmatch(text) or DAY.match(text):
        return False
    if text.startswith("+"):
        return _is_valid(text, None)
    return any(_is_phone(text, region) for region in list_regions())


def list_regions() -> tuple[str, ...]:
    """List the countries whose way to write phones is known here, those of LOYALTY_PHONE_REGION with them.

    Raises
    ------
    TableError
        LOYALTY_PHONE_REGION names what is no country with a numbering plan.
    """
    import phonenumbers

    asked = re.findall(r"\w+", os.environ.get("LOYALTY_PHONE_REGION", "").upper())
    unknown = [region for region in asked if region not in phonenumbers.SUPPORTED_REGIONS]
    if unknown:
        says = f"LOYALTY_PHONE_REGION names {', '.join(unknown)}: write countries by two letters, such as BR or BR, ZA"
        raise TableError([says], "settings")
    return tuple(dict.fromkeys((*TRUNK, *BARE, *asked)))


@lru_cache(maxsize=20_000)
def _is_phone(text: str, region: str) -> bool:
    """Say whether a number is a phone of a country, as people there write it, or with its country's code."""
    digits = re.sub(r"\D", "", text)
    if not SHORTEST <= len(digits) <= 15 or text.startswith("+"):
        return False
    if _bears_country(digits):
        return True
    is_asked = region not in TRUNK and region not in BARE
    if digits.startswith(TRUNK.get(region, "-")) and len(digits) > 9:
        return _is_valid(digits, region)
    return (is_asked or region in BARE) and _is_valid(digits, region)


@lru_cache(maxsize=20_000)
def _bears_country(digits: str) -> bool:
    """Say whether digits begin with the code of a country: behind 00, or bare before the number of a mobile phone."""
    if digits.startswith("00"):
        return _is_valid("+" + digits[2:], None)
    return len(digits) > 10 and _is_valid("+" + digits, None, mobile=True)


def _is_valid(text: str, region: str | None, *, mobile: bool = False) -> bool:
    """Ask the numbering plans whether a number has been given out; with `mobile`, only numbers of mobile phones."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return False
    if region and not phonenumbers.is_valid_number_for_region(number, region):
        return False
    kinds = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    return phonenumbers.is_valid_number(number) and (not mobile or phonenumbers.number_type(number) in kinds)


def is_card(text: str) -> bool:
    """Say whether a text is the number of a payment card: an issuer's first digits, and Luhn's check.

    Examples
    --------
    >>> is_card("5555 5555 5555 4444"), is_card("5555 5555 5555 4445"), is_card("9999999999999995")
    (True, False, False)
    """
    if not CARD.fullmatch(text.strip()):
        return False
    digits = re.sub(r"\D", "", text)
    if not ISSUERS.fullmatch(digits):
        return False
    doubled = [int(sign) * (1 + place % 2) for place, sign in enumerate(reversed(digits))]
    return sum(number - 9 * (number > 9) for number in doubled) % 10 == 0


def hide_personal(text: str) -> str:
    """Take phones, e-mails and payment cards out of a sentence.

    On the safe side: in a sentence every number of 10 to 12 digits without separators may be a phone.

    Examples
    --------
    >>> hide_personal("2 rows twice, such as anna@example.org, 79161234567 and 8 916 123 45 67")
    '2 rows twice, such as …, … and …'
    """
    return PLAIN.sub("…", FORM.sub(_hide_number, MAIL.sub("…", text)))


def _hide_number(found: re.Match[str]) -> str:
    """Hide a number that is a phone or a card; what else looks like one stays."""
    text = found[0]
    return "…" if is_phone(text) or is_card(text) else text


def quote_few(values: Iterable[Any], most: int = 3) -> str:
    """Quote the first few values for a message, personal data hidden, and count the rest.

    Examples
    --------
    >>> quote_few(["anna@example.org", "K-17", 8, 9])
    "'…', 'K-17', 8 and 1 more"
    """
    hidden = [(value, hide_personal(str(value))) for value in values]
    return list_few([repr(words) if isinstance(value, str) else words for value, words in hidden], most)
