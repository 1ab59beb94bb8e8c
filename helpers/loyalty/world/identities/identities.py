"""The identities of a world: three sources of the same people, who paid with what, and who is who."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from loyalty.world.customers import trait
from loyalty.world.fields import WorldError, find_problems
from loyalty.world.identities.histories import assign_baskets, browse
from loyalty.world.identities.names import read_names
from loyalty.world.identities.people import MOST_PEOPLE, Persons, draw_people
from loyalty.world.identities.rules import IdentityRules
from loyalty.world.identities.sources import SOURCES, Clerk, Records, What, as_table, draw_records
from loyalty.world.state import Lived

TEXTS = "card_id account_id app_id first_name last_name name birth_date postcode phone email"


@dataclass(frozen=True)
class Identities:
    """The same people in three sources, and the truth. Texts stand as they were typed; what is missing is NA.

    `cards`: card_id, first_name, last_name, birth_date, postcode, phone, email, opened_on, consent. `accounts`:
    account_id, name (either order), birth_date, postcode, phone, email, created_on, consent. `app_users`: app_id,
    first_name, phone, email, birth_date, postcode, created_on, consent.
    `sessions`: session_id, cookie_id, started_at, pages,
    minutes, intent, add_to_cart, login_hash, device. `card_baskets`: basket_id, card_id, account_id; both NA where
    nobody was named. `truth`: source, record_id, customer_id, household_id, made_up_phone. `truth_cookies`: cookie_id,
    customer_id.
    """

    cards: pd.DataFrame
    accounts: pd.DataFrame
    app_users: pd.DataFrame
    sessions: pd.DataFrame
    card_baskets: pd.DataFrame
    truth: pd.DataFrame
    truth_cookies: pd.DataFrame

    def __repr__(self) -> str:
        people = self.truth["customer_id"].nunique()
        return (
            f"{len(self.cards):,} cards, {len(self.accounts):,} accounts and {len(self.app_users):,} app users "
            f"of {people:,} people; {len(self.sessions):,} sessions"
        )


def make_identities(
    world: Lived,
    receipts: pd.DataFrame | None,
    seed: int,
    rules: IdentityRules | None = None,
) -> Identities:
    """Write down who is who in a world; see `World.make_identities`. Without receipts there is nobody's history."""
    rules = IdentityRules() if rules is None else rules
    problems = list(find_problems(rules))
    crowd = world.scene.people
    if len(crowd) > MOST_PEOPLE:
        problems.append(f"there are phone numbers for {MOST_PEOPLE:,} customers, found {len(crowd):,}")
    if problems:
        raise WorldError(problems, "the identities")
    end = world.scene.calendar.month_start(world.months)  # of the history: waves change no record
    names = read_names()
    people = draw_people(len(crowd), seed, rules, names, crowd.home_store, end)
    kind = crowd.kind[0]
    online = rules.account + rules.account_online * trait(world.parameters, "online", kind)
    has = {
        "cards": np.full(len(crowd), rules.card),
        "accounts": np.minimum(online, 0.95),
        "app_users": np.full(len(crowd), rules.app),
    }
    second = {"cards": rules.second_card, "accounts": rules.second_account, "app_users": rules.second_app}
    records = {name: draw_records(seed, name, has[name], second[name], crowd.entry, end) for name in SOURCES}
    clerks = {name: Clerk(seed, records[name], people, names, rules) for name in SOURCES}
    cards, made_up = _write_cards(clerks["cards"], world)
    accounts = _write_accounts(clerks["accounts"], world)
    apps = _write_apps(clerks["app_users"], world)
    baskets = assign_baskets(receipts, records, people, seed, rules)
    sessions, cookies = browse(receipts, records, people, accounts["email"], world, seed, rules)
    truth = _tell(records, people, made_up)
    return Identities(cards, accounts, apps, sessions, baskets, truth, cookies)


def _write_cards(clerk: Clerk, world: Lived) -> tuple[pd.DataFrame, np.ndarray]:
    rules = clerk.rules
    phones, made_up = clerk.write_phones(rules.card_phone)
    columns = {
        "card_id": clerk.records.ids,
        "first_name": clerk.write_first_names(),
        "last_name": clerk.write_last_names(),
        "birth_date": clerk.write_births(rules.card_birth),
        "postcode": clerk.write_postcodes(),
        "phone": phones,
        "email": clerk.write_emails(rules.card_email),
        "opened_on": world.scene.calendar.dates(clerk.records.day),
        "consent": clerk.give_consent(rules.consent_card),
    }
    return as_table(columns, TEXTS), made_up


def _write_accounts(clerk: Clerk, world: Lived) -> pd.DataFrame:
    rules = clerk.rules
    first = clerk.write_first_names()
    last = clerk.write_last_names()
    emails = clerk.write_emails(1.0)
    reverse = clerk.luck(What.ORDER)
    columns = {
        "account_id": clerk.records.ids,
        "name": [_join(a.strip(), b.strip(), u) for a, b, u in zip(first, last, reverse, strict=True)],
        "birth_date": clerk.write_births(rules.account_birth),
        "postcode": clerk.write_postcodes(),
        "phone": clerk.write_phones(rules.account_phone)[0],
        "email": emails,
        "created_on": world.scene.calendar.dates(clerk.records.day),
        "consent": clerk.give_consent(rules.consent_account),
    }
    return as_table(columns, TEXTS)


def _join(first: str, last: str, luck: float) -> str:
    if luck < 0.15:
        return f"{last} {first}"
    if luck < 0.25:
        return f"{last}, {first}"
    return f"{first} {last}"


def _write_apps(clerk: Clerk, world: Lived) -> pd.DataFrame:
    rules = clerk.rules
    columns = {
        "app_id": clerk.records.ids,
        "first_name": clerk.write_first_names(),
        "phone": clerk.write_phones(rules.app_phone)[0],
        "email": clerk.write_emails(rules.app_email),
        "birth_date": clerk.write_births(rules.app_birth),
        "postcode": clerk.write_postcodes(),
        "created_on": world.scene.calendar.dates(clerk.records.day),
        "consent": clerk.give_consent(rules.consent_app),
    }
    return as_table(columns, TEXTS)


def _tell(records: dict[str, Records], people: Persons, made_up: np.ndarray) -> pd.DataFrame:
    tables = []
    for name in SOURCES:
        of = records[name]
        columns = {
            "source": [name] * len(of),
            "record_id": of.ids,
            "customer_id": of.who + 1,
            "household_id": people.household[of.who] + 1,
            "made_up_phone": made_up if name == "cards" else np.zeros(len(of), bool),
        }
        tables.append(as_table(columns, "source record_id"))
    return pd.concat(tables, ignore_index=True)
