"""The people themselves: with whom they live, their names, birth dates, postcodes, numbers and e-mails.

A household is a row of people numbered one after the other, so one customer more changes nobody before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from loyalty.world import draws
from loyalty.world.draws import Purpose, person
from loyalty.world.identities.names import FEMALE, MALE, Names
from loyalty.world.identities.rules import IdentityRules

LARGEST = 5  # people in a household
HEAD, PARTNER, CHILD, OTHER = range(4)
GROWN = 22  # years between a parent and a child, at least
EMAIL_DOMAINS = ("example.com", "example.org", "example.net")
AREAS_A_STORE = 25
AREA_CODES = tuple(
    "201 202 203 205 206 207 208 209 210 212 213 214 215 216 217 218 219 220 223 224 225 227 228 229 231 234 235 239 "
    "240 248 251 252 253 254 256 260 262 267 269 270 272 274 276 279 281 283 301 302 303 304 305 307 308 309 310 312 "
    "313 314 315 316 317 318 319 320 321 323 324 325 326 327 329 330 331 332 334 336 337 339 341 346 347 350 351 352 "
    "353 360 361 363 364 369 380 385 386 401 402 404 405 406 407 408 409 410 412 413 414 415 417 419 423 424 425 430 "
    "432 434 435 440 442 443 445 447 448 458 463 464 469 470 472 475 478 479 480 484 501 502 503 504 505 507 508 509 "
    "510 512 513 515 516 517 518 520 530 531 534 539 540 541 551 557 559 561 562 563 564 567 570 571 572 573 574 575 "
    "580 582 585 586 601 602 603 605 606 607 608 609 610 612 614 615 616 617 618 619 620 623 626 628 629 630 631 636 "
    "640 641 645 646 650 651 656 657 659 660 661 662 667 669 678 680 681 682 686 689 701 702 703 704 706 707 708 712 "
    "713 714 715 716 717 718 719 720 724 725 726 727 728 730 731 732 734 737 738 740 743 747 748 754 757 760 762 763 "
    "765 769 770 771 772 773 774 775 779 781 785 786 801 802 803 804 805 806 808 810 812 813 814 815 816 817 818 820 "
    "821 826 828 830 831 832 835 838 839 840 843 845 847 848 850 854 856 857 858 859 860 862 863 864 865 870 872 878 "
    "901 903 904 906 907 908 909 910 912 913 914 915 916 917 918 919 920 925 928 929 930 931 934 936 937 938 940 941 "
    "943 945 947 948 949 951 952 954 956 959 970 971 972 973 975 978 979 980 983 984 985 986 989".split()
)
LINES = 9_000  # numbers 0200 to 9199 of the exchange 555: the rest is for placeholders and for nobody
FIRST_LINE = 200
MOST_PEOPLE = len(AREA_CODES) * LINES // 2  # everybody has two numbers of their own
_STRIDE = 1_000_003  # a prime: neighbours in number are no neighbours in phone


Draw = IntEnum(
    "Draw",
    "JOIN ROLE SEX BIRTH DAY FIRST LAST OWN SAME TWIN RENAMED RENAMED_ON MOVED MOVED_ON AREA AREA_AFTER NEW_PHONE "
    "NEW_PHONE_ON EMAIL EMAIL_NUMBER DOMAIN SECOND SECOND_EMAIL SECOND_DOMAIN PLACE OTHER_SEX",
)


@dataclass(frozen=True)
class Persons:
    """One position a person, position = customer_id - 1. Days count from the world's start; -1 of a day: never.

    `household` is the position of its first member, `size` how many live there. Names are numbers in the lists;
    `last_before` is the last name before `renamed_on`. `postcode` and `phone` have two rows, before and after
    `moved_on` and `new_phone_on`; `email` has two rows, the usual one and the second.
    """

    household: np.ndarray
    size: np.ndarray
    role: np.ndarray
    sex: np.ndarray
    born: np.ndarray
    first: np.ndarray
    last: np.ndarray
    last_before: np.ndarray
    renamed_on: np.ndarray
    moved_on: np.ndarray
    postcode: np.ndarray
    new_phone_on: np.ndarray
    phone: np.ndarray
    email: np.ndarray
    has_second: np.ndarray

    def __len__(self) -> int:
        return len(self.household)


def luck(seed: int, who: np.ndarray, draw: Draw) -> np.ndarray:
    """Draw one uniform a person for one decision."""
    return person(seed, Purpose.IDENTITY, who, int(draw))


def draw_people(
    customers: int, seed: int, rules: IdentityRules, names: Names, home_store: np.ndarray, end: int
) -> Persons:
    """Draw everybody. `end` is the last day of the history: nobody moves later."""
    who = np.arange(customers)
    household, place = group_households(luck(seed, who, Draw.JOIN), rules.joins_household)
    size = np.bincount(household, minlength=customers)[household]
    born, role = _draw_ages(seed, who, household, place, rules)
    sex = _draw_sexes(seed, who, household, role)
    first = _draw_first_names(seed, who, household, role, sex, names, rules)
    last, last_before, renamed_on = _draw_last_names(seed, who, household, role, sex, names, rules, end)
    moves = luck(seed, household, Draw.MOVED) < rules.moved
    moved_on = np.where(moves, (luck(seed, household, Draw.MOVED_ON) * end).astype(np.int64), -1)
    changes = luck(seed, who, Draw.NEW_PHONE) < rules.new_phone
    return Persons(
        household=household,
        size=size,
        role=role,
        sex=sex,
        born=born,
        first=first,
        last=last,
        last_before=last_before,
        renamed_on=renamed_on,
        moved_on=moved_on,
        postcode=_draw_postcodes(seed, household, home_store),
        new_phone_on=np.where(changes, (luck(seed, who, Draw.NEW_PHONE_ON) * end).astype(np.int64), -1),
        phone=_number_phones(seed, who, home_store[household]),
        email=_write_emails(seed, who, first, last_before, born, names),
        has_second=luck(seed, who, Draw.SECOND) < rules.second_email,
    )


def group_households(joins: np.ndarray, part: float) -> tuple[np.ndarray, np.ndarray]:
    """Group people who follow one another into households of at most LARGEST.

    Returns
    -------
    household, place : numpy.ndarray
        Position of the household's first member, and each person's place in it from 0 on.
    """
    who = np.arange(len(joins))
    starts = joins >= part
    starts[:1] = True
    run = np.maximum.accumulate(np.where(starts, who, 0))
    place = (who - run) % LARGEST
    return who - place, place


def _draw_ages(
    seed: int, who: np.ndarray, household: np.ndarray, place: np.ndarray, rules: IdentityRules
) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 of birth, and roles: a partner, children where the first member is old enough, others."""
    spread = luck(seed, who, Draw.BIRTH)
    head = np.datetime64("1942-01-01", "D").astype(np.int64) + (luck(seed, household, Draw.BIRTH) * 365.25 * 58).astype(
        int
    )
    may_have_grown = head < np.datetime64("1981-01-01", "D").astype(np.int64)
    second = luck(seed, who, Draw.ROLE) < 0.75
    role = np.where(place == 0, HEAD, OTHER)
    role = np.where((place == 1) & second, PARTNER, role)
    role = np.where((place > 0) & (role == OTHER) & may_have_grown, CHILD, role)
    near = head + ((spread - 0.5) * 365.25 * 14).astype(np.int64)
    latest = np.datetime64("2005-12-31", "D").astype(np.int64)
    child = head + ((GROWN + spread * 16) * 365.25).astype(np.int64)
    child = np.where(child > latest, latest - (spread * 3000).astype(np.int64), child)
    born = np.select([role == HEAD, role == CHILD], [head, child], near)
    twin = (role == CHILD) & (np.roll(role, 1) == CHILD) & (luck(seed, who, Draw.TWIN) < rules.twin) & (place > 1)
    return np.where(twin, np.roll(born, 1), born), role


def _draw_sexes(seed: int, who: np.ndarray, household: np.ndarray, role: np.ndarray) -> np.ndarray:
    own = np.where(luck(seed, who, Draw.SEX) < 0.55, FEMALE, MALE)
    other = np.where(luck(seed, who, Draw.OTHER_SEX) < 0.95, 1 - own[household], own[household])
    return np.where(role == PARTNER, other, own)


def _draw_first_names(
    seed: int,
    who: np.ndarray,
    household: np.ndarray,
    role: np.ndarray,
    sex: np.ndarray,
    names: Names,
    rules: IdentityRules,
) -> np.ndarray:
    u = luck(seed, who, Draw.FIRST)
    drawn = [names.by_sex[of][draws.choose(u, names.shares(of))] for of in (FEMALE, MALE)]
    own = np.where(sex == FEMALE, drawn[FEMALE], drawn[MALE])
    junior = (role == CHILD) & (sex == sex[household]) & (luck(seed, who, Draw.SAME) < rules.same_name)
    return np.where(junior, own[household], own)


def _draw_last_names(
    seed: int,
    who: np.ndarray,
    household: np.ndarray,
    role: np.ndarray,
    sex: np.ndarray,
    names: Names,
    rules: IdentityRules,
    end: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    own = draws.choose(luck(seed, who, Draw.LAST), names.last_share)
    keeps = luck(seed, who, Draw.OWN) < np.select([role == PARTNER, role == OTHER], [rules.own_last_name, 0.5], 0.0)
    last = np.where(keeps, own, own[household])
    renamed = (role == PARTNER) & ~keeps & (luck(seed, who, Draw.RENAMED) < rules.renamed)
    day = np.where(renamed, (luck(seed, who, Draw.RENAMED_ON) * end).astype(np.int64), -1)
    return last, np.where(renamed, own, last), day


def _draw_postcodes(seed: int, household: np.ndarray, home_store: np.ndarray) -> np.ndarray:
    """Write five digits as text: two for the store's town, three for the part of it; many begin with a zero."""
    found = []
    for draw in (Draw.AREA, Draw.AREA_AFTER):
        area = (luck(seed, household, draw) * AREAS_A_STORE).astype(np.int64) * 37 % 1000
        found.append([f"{store:02d}{part:03d}" for store, part in zip(home_store[household], area, strict=True)])
    return np.array(found, dtype=object)


def _number_phones(seed: int, who: np.ndarray, store: np.ndarray) -> np.ndarray:
    """Give everybody two numbers that nobody else has, as ten digits; up to MOST_PEOPLE.

    The area code is near the store's for none: a stride through all numbers is what keeps them apart.
    """
    count = len(AREA_CODES) * LINES
    shift = int(draws.bits(draws.key(seed, Purpose.IDENTITY, np.array([0])), int(Draw.PLACE))[0] % np.uint64(count))
    found = []
    for which in (0, 1):
        slot = ((2 * who + which) * _STRIDE + shift) % count
        found.append(
            [f"{AREA_CODES[a]}555{line:04d}" for a, line in zip(slot // LINES, slot % LINES + FIRST_LINE, strict=True)]
        )
    return np.array(found, dtype=object)


def _write_emails(
    seed: int, who: np.ndarray, first: np.ndarray, last: np.ndarray, born: np.ndarray, names: Names
) -> np.ndarray:
    """Write two e-mails a person that nobody else has: who comes later under one name gets a number."""
    year = 1970 + (born / 365.25).astype(np.int64)
    chosen = []
    for draw, domain in ((Draw.EMAIL, Draw.DOMAIN), (Draw.SECOND_EMAIL, Draw.SECOND_DOMAIN)):
        pattern = (luck(seed, who, draw) * len(_LOCAL)).astype(np.int64)
        chosen.append((pattern, draws.choose(luck(seed, who, domain), np.array([0.6, 0.25, 0.15]))))
    taken: dict[str, int] = {}
    found = np.empty((2, len(who)), dtype=object)
    for number in range(len(who)):
        name = names.first[first[number]].name.lower()
        family = names.last[last[number]].lower()
        for row, (pattern, host) in enumerate(chosen):
            local = _LOCAL[pattern[number]](name, family, int(year[number]))
            address = f"{local}@{EMAIL_DOMAINS[host[number]]}"
            count = taken.get(address, 0)
            taken[address] = count + 1
            found[row, number] = f"{local}.{count + 1}@{EMAIL_DOMAINS[host[number]]}" if count else address
    return found


_LOCAL = (
    lambda first, last, year: f"{first}.{last}",
    lambda first, last, year: f"{first[0]}{last}{year % 100:02d}",
    lambda first, last, year: f"{first}{last[0]}{year}",
    lambda first, last, year: f"{last}.{first}{year % 100:02d}",
    lambda first, last, year: f"{first}_{last}{year % 10}",
)
