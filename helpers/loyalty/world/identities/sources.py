"""The three sources, as they were written down: cards by a clerk, accounts and apps by the customers themselves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import pandas as pd

from loyalty.world.draws import Purpose, choose, key, uniform
from loyalty.world.identities import typed
from loyalty.world.identities.names import Names
from loyalty.world.identities.people import Persons
from loyalty.world.identities.rules import IdentityRules

SOURCES = ("cards", "accounts", "app_users")
KEYS = {"cards": "card_id", "accounts": "account_id", "app_users": "app_id"}
_LETTER = {"cards": "C", "accounts": "A", "app_users": "P"}
EARLY = {"cards": 0.3, "accounts": 0.6, "app_users": 1.0}  # first records are made in so much of somebody's time
_STEPS = 100  # decisions of one record

What = IntEnum(
    "What",
    "HAS SECOND DAY NUMBER FIRST FIRST_WHICH FIRST_SLIP FIRST_SLIP_HOW FIRST_CASE LAST_SLIP LAST_SLIP_HOW BIRTH "
    "BIRTH_WRONG PHONE PHONE_FAMILY PHONE_SLIP PHONE_SLIP_HOW PHONE_FORM PHONE_MADE_UP PHONE_WHICH EMAIL EMAIL_FAMILY "
    "EMAIL_SECOND EMAIL_SLIP EMAIL_SLIP_HOW EMAIL_FORM POSTCODE CONSENT ORDER PLACE CONFIRMED",
)


@dataclass(frozen=True)
class Records:
    """Whose records a source has, and when each was made: positions of people, which of theirs (0, 1), day, id."""

    source: str
    who: np.ndarray
    copy: np.ndarray
    day: np.ndarray
    ids: np.ndarray

    def __len__(self) -> int:
        return len(self.who)


class Clerk:
    """Writes the fields of the records of one source; each field draws its own numbers."""

    def __init__(self, seed: int, records: Records, people: Persons, names: Names, rules: IdentityRules) -> None:
        self.seed = seed
        self.records = records
        self.people = people
        self.names = names
        self.rules = rules
        self.is_card = records.source == "cards"
        self.slips = rules.card_typo if self.is_card else rules.own_typo

    def luck(self, what: What) -> np.ndarray:
        """Draw one uniform a record."""
        return draw_record(self.seed, self.records.source, self.records.who, self.records.copy, what)

    def is_confirmed(self, source: str, part: float) -> np.ndarray:
        """Say which records of that source were confirmed by a message to their owner; none of another source."""
        if self.records.source != source:
            return np.zeros(len(self.records), bool)
        return self.luck(What.CONFIRMED) < part

    def write_first_names(self) -> list[str]:
        """Write the first name, a short form of it or another spelling."""
        rules = self.rules
        short = rules.app_short_name if self.records.source == "app_users" else rules.short_name
        form = self.luck(What.FIRST)
        which = self.luck(What.FIRST_WHICH)
        found = []
        for number, u, v in zip(self.people.first[self.records.who], form, which, strict=True):
            name = self.names.first[number]
            if u < short and name.short:
                found.append(name.short[int(v * len(name.short))])
            elif u > 1 - rules.other_spelling and name.spelled:
                found.append(name.spelled[int(v * len(name.spelled))])
            else:
                found.append(name.name)
        return self._type(found, What.FIRST_SLIP, What.FIRST_SLIP_HOW)

    def write_last_names(self) -> list[str]:
        """Write the last name of that day."""
        who = self.records.who
        before = self.records.day < self.people.renamed_on[who]
        numbers = np.where(before, self.people.last_before[who], self.people.last[who])
        return self._type([self.names.last[number] for number in numbers], What.LAST_SLIP, What.LAST_SLIP_HOW)

    def write_births(self, part: float) -> list[str | None]:
        """Write the birth date, which may be missing, a default, or have day and month swapped."""
        has = self.luck(What.BIRTH) < part
        wrong = self.luck(What.BIRTH_WRONG)
        dates = self.people.born[self.records.who].astype("datetime64[D]").astype(str)
        default = self.rules.default_birth if self.is_card else 0.0
        found: list[str | None] = []
        for date, there, u in zip(dates, has, wrong, strict=True):
            if not there:
                found.append(None)
            elif u < default:
                found.append(typed.DEFAULT_BIRTH)
            else:
                found.append(typed.swap_day_and_month(date) if u > 1 - self.rules.swapped_birth else str(date))
        return found

    def write_postcodes(self) -> list[str | None]:
        """Write the postcode of that day."""
        who = self.records.who
        row = (self.records.day >= self.people.moved_on[who]) & (self.people.moved_on[who] >= 0)
        has = self.luck(What.POSTCODE) < self.rules.postcode
        codes = self.people.postcode[row.astype(int), who]
        return [code if there else None for code, there in zip(codes, has, strict=True)]

    def write_phones(self, part: float) -> tuple[list[str | None], np.ndarray]:
        """Write the phone of that day: one's own, the household's, or one that the clerk made up.

        Returns
        -------
        phones : list
        made_up : numpy.ndarray
            Whether each was made up.
        """
        people, who = self.people, self.records.who
        unsure = ~self.is_confirmed("app_users", self.rules.app_confirmed)
        family = (people.size[who] > 1) & (self.luck(What.PHONE_FAMILY) < self.rules.family_phone) & unsure
        owner = np.where(family, people.household[who], who)
        later = (self.records.day >= people.new_phone_on[owner]) & (people.new_phone_on[owner] >= 0) & ~family
        digits = people.phone[later.astype(int), owner]
        has = self.luck(What.PHONE) < part
        made_up = has & self.is_card & (self.luck(What.PHONE_MADE_UP) < self.rules.placeholder_phone)
        kind = choose(self.luck(What.PHONE_WHICH), np.array(typed.PLACEHOLDER_SHARES))
        busy = (self.luck(What.PLACE) * typed.BUSY_STORES).astype(np.int64) + 1
        slips = np.where(unsure, self.luck(What.PHONE_SLIP), 1.0)
        how, form = self.luck(What.PHONE_SLIP_HOW), self.luck(What.PHONE_FORM)
        found: list[str | None] = []
        for number in range(len(who)):
            if not has[number]:
                found.append(None)
                continue
            text = digits[number]
            if made_up[number]:
                text = name_placeholder(int(kind[number]), int(busy[number]))
            elif slips[number] < self.slips:
                text = typed.slip_digit(text, how[number], slips[number] / self.slips)
            found.append(typed.write_phone(text, form[number]))
        return found, made_up

    def write_emails(self, part: float) -> list[str | None]:
        """Write the e-mail: one's own, the second, or the household's."""
        people, who = self.people, self.records.who
        family = (people.size[who] > 1) & (self.luck(What.EMAIL_FAMILY) < self.rules.family_email)
        owner = np.where(family, people.household[who], who)
        second = people.has_second[owner] & (self.luck(What.EMAIL_SECOND) < 0.4) & ~family
        plain = people.email[second.astype(int), owner]
        has = self.luck(What.EMAIL) < part
        unsure = ~self.is_confirmed("accounts", self.rules.account_confirmed)
        slips = np.where(unsure, self.luck(What.EMAIL_SLIP), 1.0)
        how, form = self.luck(What.EMAIL_SLIP_HOW), self.luck(What.EMAIL_FORM)
        found: list[str | None] = []
        for address, there, u, v, w in zip(plain, has, slips, how, form, strict=True):
            if not there:
                found.append(None)
                continue
            written = typed.slip_email(address, v, u / self.slips) if u < self.slips else address
            found.append(typed.write_email(written, w))
        return found

    def give_consent(self, part: float) -> np.ndarray:
        """Say who agreed that these data may be joined."""
        return self.luck(What.CONSENT) < part

    def _type(self, texts: list[str], slip: What, how: What) -> list[str]:
        case = self.luck(What.FIRST_CASE)
        found = []
        for text, u, v, w in zip(texts, self.luck(slip), self.luck(how), case, strict=True):
            written = typed.slip(text, v, u / self.slips) if u < self.slips else text
            found.append(typed.write_name(written, w))
        return found


def name_placeholder(kind: int, store: int) -> str:
    """Return the made-up number of one kind: the sample form's, an obvious one, a store's own."""
    known = (typed.CHAIN_PHONE, *typed.OBVIOUS)
    return known[kind] if kind < len(known) else typed.name_store_phone(store)


def draw_record(seed: int, source: str, who: np.ndarray, copy: np.ndarray | int, what: What) -> np.ndarray:
    """Draw one uniform a record for one decision."""
    step = (SOURCES.index(source) * 2 + np.asarray(copy)) * _STEPS + int(what)
    return uniform(key(seed, Purpose.RECORD, who), step)


def draw_records(seed: int, source: str, has: np.ndarray, second: float, earliest: np.ndarray, end: int) -> Records:
    """Draw who has a record in a source, some two of them, on which day, under which id.

    Parameters
    ----------
    seed : int
    source : str
    has : numpy.ndarray
        Probability of a record, a person.
    second : float
        Part of them with a second one.
    earliest : numpy.ndarray
        First possible day, a person.
    end : int
        Day after the last.
    """
    who = np.arange(len(has))
    first = who[(draw_record(seed, source, who, 0, What.HAS) < has) & (earliest < end)]
    again = first[draw_record(seed, source, first, 0, What.SECOND) < second]
    owner = np.concatenate([first, again])
    copy = np.concatenate([np.zeros(len(first), np.int64), np.ones(len(again), np.int64)])
    start = np.maximum(earliest, -600)[owner]
    # A second record lies in the later half of the time
    share = draw_record(seed, source, owner, copy, What.DAY)
    share = np.where(copy == 1, 0.5 + share / 2, share * EARLY[source])
    day = (start + share * (end - start)).astype(np.int64)
    order = np.argsort(draw_record(seed, source, owner, copy, What.NUMBER), kind="stable")
    ids = np.array(
        [make_id(source, int(o), int(c)) for o, c in zip(owner[order], copy[order], strict=True)], dtype=object
    )
    return Records(source, owner[order], copy[order], day[order], ids)


def make_id(source: str, who: int, copy: int) -> str:
    """Make an id that does not tell whose record it is: a stride through eight digits."""
    number = (2 * who + copy + 1) * 48_271 * (SOURCES.index(source) + 3) % 99_999_989
    return f"{_LETTER[source]}{number:08d}"


def as_table(columns: dict[str, Any], texts: str) -> pd.DataFrame:
    """Make a table whose named columns are text, missing ones NA."""
    names = texts.split()
    made = {name: pd.Series(values, dtype="str") if name in names else values for name, values in columns.items()}
    return pd.DataFrame(made)
