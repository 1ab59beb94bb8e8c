"""Which card or account each receipt was bought with, and what people looked at online before they bought."""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np
import pandas as pd

from loyalty.world.draws import Purpose, bits, choose, exponential, geometric, key, uniform
from loyalty.world.identities.people import Persons
from loyalty.world.identities.rules import IdentityRules
from loyalty.world.identities.sources import Records, as_table
from loyalty.world.state import Lived

# Part of receipts, by the department most was spent on, that their buyers looked up online in the two weeks before
LEADS = {
    "Baby": 0.45,
    "Mother": 0.45,
    "Support": 0.50,
    "Vitamins": 0.35,
    "Face": 0.30,
    "Sun and travel": 0.30,
    "Medicines": 0.25,
    "Chronic care": 0.25,
    "Make-up": 0.12,
    "Hair and body": 0.10,
    "Household": 0.08,
    "Food and gifts": 0.04,
}
# What people look at who only look, by relative frequency: the rest of the departments 1 each
LOOKS = {"Make-up": 5.0, "Face": 3.0, "Food and gifts": 3.0, "Sun and travel": 2.0, "Chronic care": 0.3, "Support": 0.3}
USUAL_LEAD = 0.2  # of a department with another name
SAME_INTENT = 0.8  # of the sessions before a receipt show its department
LONGEST_BEFORE = 14.0  # days between session and receipt
MEAN_BEFORE = 3.0
DEVICES = ("phone", "desktop", "tablet")
DEVICE_SHARES = (0.62, 0.32, 0.06)
_PLACES = 32  # decisions of one session

# What is decided of a receipt, a person who browses, and a session
Of = IntEnum(
    "Of",
    "CARRIES WHICH LOGS_IN FAMILY BROWSES LIFE PHASE DEVICE LEAD BEFORE INTENT OTHER CART PAGES MINUTES LOGIN "
    "SECOND_DEVICE LOOKS MOMENT ID COOKIE",
)
_FIRST_LOOK = 1 << 40  # steps of sessions that no receipt follows lie behind those of receipts


def assign_baskets(
    receipts: pd.DataFrame | None, records: dict[str, Records], people: Persons, seed: int, rules: IdentityRules
) -> pd.DataFrame:
    """Say which card was shown in the store, or which account bought online, for each receipt.

    Returns
    -------
    pandas.DataFrame
        basket_id, card_id, account_id: at most one of the two ids, NA where nobody was named.
    """
    if receipts is None:
        empty: list[str] = []
        return as_table(
            {"basket_id": np.array([], np.int64), "card_id": empty, "account_id": empty}, "card_id account_id"
        )
    baskets = _list_baskets(receipts)
    who = baskets["who"].to_numpy()
    day = baskets["day"].to_numpy()
    online = baskets["online"].to_numpy()
    persons = np.arange(len(people))
    shares = (people.household != persons) & (_luck(seed, persons, 0, Of.FAMILY) < rules.family_card)
    payer = np.where(shares, people.household, persons)[who]
    card = _choose_record(records["cards"], payer, day, len(people), _luck(seed, who, day, Of.WHICH))
    account = _choose_record(records["accounts"], who, day, len(people), _luck(seed, who, day, Of.WHICH))
    card[online | (_luck(seed, who, day, Of.CARRIES) >= rules.carries_card)] = -1
    account[~online | (_luck(seed, who, day, Of.LOGS_IN) >= rules.logs_in)] = -1
    columns = {
        "basket_id": baskets["basket_id"].to_numpy(),
        "card_id": _name(records["cards"].ids, card),
        "account_id": _name(records["accounts"].ids, account),
    }
    return as_table(columns, "card_id account_id")


def browse(
    receipts: pd.DataFrame | None,
    records: dict[str, Records],
    people: Persons,
    emails: pd.Series,
    world: Lived,
    seed: int,
    rules: IdentityRules,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the sessions: those before a receipt, and those of people who only look.

    Returns
    -------
    sessions : pandas.DataFrame
    cookies : pandas.DataFrame
        cookie_id, customer_id: the truth.
    """
    persons = np.arange(len(people))
    has_account = np.bincount(records["accounts"].who, minlength=len(people)) > 0
    browses = has_account | (_luck(seed, persons, 0, Of.BROWSES) < rules.browses_anyway)
    if receipts is None:
        drawn = _Sessions.none()
    else:
        departments = [d.name for d in world.parameters.chain.departments]
        before = _look_up(receipts, world, seed, browses, departments)
        drawn = before.join(_look_around(world, seed, np.flatnonzero(browses), rules, departments))
    return _write_sessions(drawn, records["accounts"], people, emails, world, seed, rules)


class _Sessions:
    """Sessions as arrays: who, step (of the draws), minute since the start, department, whether a receipt follows."""

    def __init__(
        self, who: np.ndarray, step: np.ndarray, minute: np.ndarray, intent: np.ndarray, follows: np.ndarray
    ) -> None:
        self.who = who
        self.step = step
        self.minute = minute
        self.intent = intent
        self.follows = follows

    @classmethod
    def none(cls) -> _Sessions:
        """No session at all."""
        whole = np.array([], np.int64)
        return cls(whole, whole, whole, np.array([], dtype=object), whole)

    def join(self, more: _Sessions) -> _Sessions:
        """Put the sessions of both together."""
        pairs = [(getattr(self, name), getattr(more, name)) for name in ("who", "step", "minute", "intent", "follows")]
        return _Sessions(*(np.concatenate(pair) for pair in pairs))


def _list_baskets(receipts: pd.DataFrame) -> pd.DataFrame:
    first = receipts.drop_duplicates("basket_id")
    return pd.DataFrame(
        {
            "basket_id": first["basket_id"].to_numpy(),
            "who": first["customer_id"].to_numpy() - 1,
            "day": (first["basket_id"] % 100_000).to_numpy(),
            "online": (first["store_id"] == 0).to_numpy(),
            "time": first["time"].to_numpy(),
        }
    )


def _choose_record(records: Records, who: np.ndarray, day: np.ndarray, count: int, luck: np.ndarray) -> np.ndarray:
    """Find the position of the record in use on a day: the second one mostly, once it is there; -1 for none."""
    if not len(records):
        return np.full(len(who), -1)
    place = np.full((2, count), -1)
    place[records.copy, records.who] = np.arange(len(records))
    chosen = place[:, who]
    made = np.where(chosen >= 0, records.day[chosen], np.iinfo(np.int64).max)
    there = made <= day
    uses_second = there[1] & (luck < 0.8)
    return np.where(uses_second, chosen[1], np.where(there[0], chosen[0], -1))


def _name(ids: np.ndarray, place: np.ndarray) -> np.ndarray:
    named = np.full(len(place), None, dtype=object)
    known = place >= 0
    named[known] = ids[place[known]]
    return named


def _look_up(receipts: pd.DataFrame, world: Lived, seed: int, browses: np.ndarray, departments: list[str]) -> _Sessions:
    """Draw the sessions before receipts."""
    department = world.scene.shelves.department[receipts["product_id"].to_numpy() - 1]
    lines = pd.DataFrame({"basket_id": receipts["basket_id"], "department": department, "sales": receipts["sales"]})
    spent = lines.groupby(["basket_id", "department"], as_index=False)["sales"].sum()
    spent = spent.sort_values(["basket_id", "sales", "department"], ascending=[True, False, True])
    most = spent.drop_duplicates("basket_id").set_index("basket_id")["department"]
    baskets = _list_baskets(receipts)
    baskets["department"] = most.reindex(baskets["basket_id"]).to_numpy()
    who, day = baskets["who"].to_numpy(), baskets["day"].to_numpy()
    leads = np.array([LEADS.get(name, USUAL_LEAD) for name in departments])[baskets["department"]]
    chosen = baskets[browses[who] & (_luck(seed, who, day, Of.LEAD) < leads)]
    who, day = chosen["who"].to_numpy(), chosen["day"].to_numpy()
    start = np.datetime64(world.parameters.start, "m")
    bought = (chosen["time"].to_numpy().astype("datetime64[m]") - start).astype(np.int64)
    ahead = np.minimum(exponential(_luck(seed, who, day, Of.BEFORE)) * MEAN_BEFORE, LONGEST_BEFORE)
    same = _luck(seed, who, day, Of.INTENT) < SAME_INTENT
    other = (_luck(seed, who, day, Of.OTHER) * len(departments)).astype(np.int64)
    intent = np.where(same, chosen["department"].to_numpy(), other)
    minute = bought - 5 - (ahead * 1440).astype(np.int64)
    here = minute >= 0
    named = np.array(departments, dtype=object)[intent]
    return _Sessions(who[here], day[here], minute[here], named[here], np.ones(int(here.sum()), np.int64))


def _look_around(
    world: Lived, seed: int, browsers: np.ndarray, rules: IdentityRules, departments: list[str]
) -> _Sessions:
    """Draw the sessions of people who only look: at most one a week."""
    crowd = world.scene.people
    weeks = np.arange(world._state.end // 7)
    who = np.repeat(browsers, len(weeks))
    week = np.tile(weeks, len(browsers))
    step = _FIRST_LOOK + week
    looks = _luck(seed, who, step, Of.LOOKS) < rules.looks_around
    who, week, step = who[looks], week[looks], step[looks]
    moment = _luck(seed, who, step, Of.MOMENT)
    minute = week * 7 * 1440 + (moment * 7 * 1440).astype(np.int64)
    there = (minute // 1440 >= crowd.entry[who]) & (minute // 1440 < crowd.leave[who])
    who, step, minute = who[there], step[there], minute[there]
    liked = np.array([LOOKS.get(name, 1.0) for name in departments])
    intent = choose(_luck(seed, who, step, Of.INTENT), liked / liked.sum())
    return _Sessions(who, step, minute, np.array(departments, dtype=object)[intent], np.zeros(len(who), np.int64))


def _write_sessions(
    drawn: _Sessions,
    accounts: Records,
    people: Persons,
    emails: pd.Series,
    world: Lived,
    seed: int,
    rules: IdentityRules,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    who, step = drawn.who, drawn.step
    day = drawn.minute // 1440
    more = drawn.follows == 1
    pages = geometric(_luck(seed, who, step, Of.PAGES), np.where(more, 7.0, 5.0), 40)
    account = _choose_record(accounts, who, day, len(people), np.zeros(len(who)))
    account[_luck(seed, who, step, Of.LOGIN) >= rules.session_login] = -1
    device = choose(_luck(seed, who, 0, Of.DEVICE), np.array(DEVICE_SHARES))
    device = np.where(_luck(seed, who, step, Of.SECOND_DEVICE) < 0.15, (device + 1) % 2, device)
    life = 60 + (_luck(seed, who, 0, Of.LIFE) * 340).astype(np.int64)
    number = (day + (_luck(seed, who, 0, Of.PHASE) * life).astype(np.int64)) // life
    cookie = bits(_keys(seed, who), (number * len(DEVICES) + device) * _PLACES + int(Of.COOKIE) + (1 << 50))
    columns = {
        "session_id": [f"S{b:016x}" for b in bits(_keys(seed, who), step * _PLACES + int(Of.ID))],
        "cookie_id": [f"{b:016x}" for b in cookie],
        "started_at": np.datetime64(world.parameters.start, "s") + (drawn.minute * 60).astype("timedelta64[s]"),
        "pages": pages,
        "minutes": np.round(pages * (0.4 + 1.2 * _luck(seed, who, step, Of.MINUTES)), 1),
        "intent": drawn.intent,
        "add_to_cart": _luck(seed, who, step, Of.CART) < np.where(more, 0.40, 0.08),
        "login_hash": _name(np.array([hash_email(text) for text in emails], dtype=object), account),
        "device": np.array(DEVICES, dtype=object)[device],
    }
    sessions = as_table(columns, "session_id cookie_id intent login_hash device")
    order = np.lexsort((sessions["session_id"], sessions["started_at"]))
    truth = as_table({"cookie_id": columns["cookie_id"], "customer_id": who + 1}, "cookie_id")
    truth = truth.drop_duplicates().sort_values("cookie_id", ignore_index=True)
    return sessions.iloc[order].reset_index(drop=True), truth


def hash_email(email: str) -> str:
    """Hash an e-mail as the shop's log-in does: SHA-256 of the text in small letters without blanks around it.

    Examples
    --------
    >>> hash_email(" Anna@example.com") == hash_email("anna@example.com")
    True
    """
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()


def _keys(seed: int, who: np.ndarray) -> np.ndarray:
    return key(seed, Purpose.BROWSE, who)


def _luck(seed: int, who: np.ndarray, step: np.ndarray | int, of: Of) -> np.ndarray:
    return uniform(_keys(seed, who), np.asarray(step) * _PLACES + int(of))
