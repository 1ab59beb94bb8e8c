"""How a clerk or a customer writes a name, a number, an e-mail, a date: every format, and the usual slips."""

from __future__ import annotations

import numpy as np

CHAIN_PHONE = "2125550000"  # the number on the sample form
STORE_PHONE_AREA = "212"
OBVIOUS = ("1111111111", "1234567890")
PLACEHOLDER_SHARES = (0.40, 0.20, 0.15, 0.25)  # the sample form's, the two obvious ones, the store's own
BUSY_STORES = 3  # whose clerks write their store's own number
DEFAULT_BIRTH = "1900-01-01"
_KEYS = "qwertyuiopasdfghjklzxcvbnm"


def name_store_phone(store: int) -> str:
    """Return the store's own number, ten digits."""
    return f"{STORE_PHONE_AREA}5559{900 + store:03d}"


def write_phone(digits: str, luck: float) -> str:
    """Write ten digits in one of the usual formats."""
    area, exchange, line = digits[:3], digits[3:6], digits[6:]
    forms = (
        digits,
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"{area}.{exchange}.{line}",
        f"+1 ({area}) {exchange}-{line}",
        f"1-{area}-{exchange}-{line}",
        f"+1{digits}",
        f"{area} {exchange} {line}",
        f"001 {area} {exchange} {line}",
        f"({area}) {exchange}-{line} ext. {int(luck * 1e6) % 90 + 10}",
    )
    edges = (0.22, 0.38, 0.53, 0.62, 0.72, 0.80, 0.88, 0.96, 0.98)
    return forms[int(np.searchsorted(edges, luck, side="right"))]


def write_email(address: str, luck: float) -> str:
    """Write an e-mail as people do: capitals, blanks around it, a tag behind a plus."""
    local, domain = address.split("@")
    if luck < 0.12:
        return address[0].upper() + address[1:]
    if luck < 0.16:
        return address.upper()
    if luck < 0.20:
        return f" {address}"
    if luck < 0.24:
        return f"{address} "
    if luck < 0.26:
        return f"{local}+shop@{domain}"
    return address


def write_name(name: str, luck: float) -> str:
    """Write a name with its usual capital, in capitals, or in small letters."""
    if luck < 0.06:
        return name.upper()
    if luck < 0.10:
        return name.lower()
    if luck < 0.12:
        return f"{name} "
    return name


def slip(text: str, luck: float, place: float) -> str:
    """Make one wrong keystroke: two letters change places, one is lost, doubled, or the key beside it is hit."""
    letters = [number for number, sign in enumerate(text) if sign.isalnum()]
    if len(letters) < 3:
        return text
    at = letters[1 + int(place * (len(letters) - 2))]
    kind = int(luck * 4)
    if kind == 0 and at + 1 < len(text):
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    if kind == 1:
        return text[:at] + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at] + text[at:]
    return text[:at] + _hit_beside(text[at]) + text[at + 1 :]


def slip_digit(digits: str, luck: float, place: float) -> str:
    """Write one digit of a number wrongly, or two in each other's place."""
    at = 6 + int(place * 3)
    if luck < 0.4:
        return digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]
    return digits[:at] + str((int(digits[at]) + 1 + int(luck * 8)) % 10) + digits[at + 1 :]


def slip_email(address: str, luck: float, place: float) -> str:
    """Make a slip in the part before the @, or a comma in the place of the last point."""
    local, domain = address.split("@")
    if luck < 0.15:
        return f"{local}@{domain.replace('.', ',')}"
    return f"{slip(local, luck, place)}@{domain}"


def swap_day_and_month(date: str) -> str:
    """Swap day and month of YYYY-MM-DD where both can be a month."""
    year, month, day = date.split("-")
    return f"{year}-{day}-{month}" if int(day) <= 12 else date


def _hit_beside(sign: str) -> str:
    place = _KEYS.find(sign.lower())
    if place < 0:
        return sign
    beside = _KEYS[place + 1 if place + 1 < len(_KEYS) else place - 1]
    return beside.upper() if sign.isupper() else beside
