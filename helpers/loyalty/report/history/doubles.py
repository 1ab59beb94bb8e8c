"""What would count twice: one list under two names, and one customer whose number is written in two ways."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pandas as pd

from loyalty.learn.history.store import History
from loyalty.text import count_of

SURE = 50  # customers from which two lists with the same outcomes cannot be alike by chance
FORMS = "Forms of the customer numbers"
COPIES = "One list under two names"
Pair = tuple[str, int, str, int, int]


def find_copies(history: History) -> list[Pair]:
    """Find pairs of waves with the same customers, groups and outcomes; the order of the rows does not matter.

    Waves in which nobody did anything, and those with other days, are not compared: they can be alike without being
    one list. A day that one of the two does not say differs from none.

    Returns
    -------
    list of tuple
        Campaign and wave of both, and the number of customers.
    """
    question = (
        "WITH told AS (SELECT campaign_id, wave, count(*) AS n, "
        'min("start") AS first_day, max("end") AS last_day,'
        " count(*) FILTER (responded > 0 OR sales <> 0) AS active,"
        " sum(CAST(hash(customer_id, arm = 'control', responded, round(sales, 2)) AS HUGEINT)) AS mark"
        " FROM history WHERE \"window\" = 'main' GROUP BY campaign_id, wave)"
        " SELECT a.campaign_id, a.wave, b.campaign_id, b.wave, a.n FROM told a JOIN told b"
        " ON a.mark = b.mark AND a.n = b.n AND (a.campaign_id, a.wave) < (b.campaign_id, b.wave)"
        " WHERE a.active > 0 AND coalesce(a.first_day = b.first_day, true)"
        " AND coalesce(a.last_day = b.last_day, true) ORDER BY ALL"
    )
    answer = history.rows().query("history", question)
    assert answer is not None  # only statements that change something have no answer
    return [(str(one), int(n), str(two), int(m), int(size)) for one, n, two, m, size in answer.fetchall()]


def refuse_copies(pairs: Iterable[Pair], known: Collection[tuple[str, int]]) -> list[str]:
    """Refuse a list that is new in this run and a copy of another; `known` are the waves of the earlier history."""
    mend = "take one of the two files out, or give both the same campaign_id under everywhere"
    problems = []
    for one, n, two, m, size in pairs:
        is_new = (one, n) not in known or (two, m) not in known
        if is_new and size >= SURE:
            same = f"hold the same {size:,} customers with the same groups and outcomes"
            problems.append(f"{one} (wave {n}) and {two} (wave {m}) {same}. One list would count twice: {mend}")
    return problems


def tell_copies(pairs: Iterable[Pair]) -> list[tuple[str, str, str]]:
    """Lines of the table of checks, for the copies that are not refused."""
    return [
        (
            COPIES,
            "look",
            f"{one} (wave {n}) and {two} (wave {m}) have the same {count_of(size, 'customer')}, groups and outcomes: "
            "if they are one list, it counts twice; begin the history anew without one of them",
        )
        for one, n, two, m, size in pairs
    ]


def compare_forms(ids: pd.Series) -> list[tuple[str, str, str]]:
    """Count customers whose number is written in several ways, such as +7 916 … and 8916 …, or 0012 and 12.

    Written in two ways, a number makes two customers. No number is shown.

    Examples
    --------
    >>> compare_forms(pd.Series(["+7 916 000-00-01", "89160000001", "card 5"]))[0][2][:60]
    '1 customer number is written in more than one way (with and '
    >>> compare_forms(pd.Series(["1", "2", "2"]))
    []
    """
    forms = ids.drop_duplicates()
    numbers = forms[forms.str.fullmatch(r"\+?[\d\s().\-\u2010-\u2015\u2212]+")]
    digits = numbers.str.replace(r"\.0+$", "", regex=True).str.replace(r"\D", "", regex=True)
    plain = digits.str.replace(r"^8(?=9\d{9}$)", "7", regex=True).str.lstrip("0")
    several = plain[plain != ""].value_counts()
    count = int((several > 1).sum())
    if not count:
        return []
    verb = "is" if count == 1 else "are"
    says = (
        f"{count_of(count, 'customer number')} {verb} written in more than one way (with and without +, spaces, "
        "a leading 0 or 8): each way counts as a customer of its own, so there seem to be too many customers. "
        "Write all numbers in one way in the lists, and begin the history anew"
    )
    return [(FORMS, "look", says)]
