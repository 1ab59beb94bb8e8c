"""Every share of the identities: who lives with whom, who has which record, and how badly it was written."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.world.fields import par


@dataclass(frozen=True)
class IdentityRules:
    """The shares. All are of records unless the meaning says people."""

    joins_household: float = par(0.30, "part of people who live with the person numbered before them", "", 0, 0.9)
    same_name: float = par(0.08, "part of grown children who have the first name of a parent of the same sex", "", 0, 1)
    twin: float = par(0.05, "part of further children born on the same day as the child before", "", 0, 1)
    own_last_name: float = par(0.25, "part of partners who kept another last name", "", 0, 1)
    renamed: float = par(0.10, "part of partners with the common last name who took it on a known day", "", 0, 1)
    moved: float = par(0.10, "part of households that moved, and have another postcode since", "", 0, 1)
    new_phone: float = par(0.08, "part of people whose number changed on a known day", "", 0, 1)
    second_email: float = par(0.25, "part of people with a second e-mail, used for some of their records", "", 0, 1)

    card: float = par(0.90, "part of people with a customer card", "", 0, 1)
    second_card: float = par(0.06, "part of card holders with a second card, taken later", "", 0, 1)
    account: float = par(0.30, "part of people with an account, before those who like to buy online", "", 0, 1)
    account_online: float = par(0.80, "what a full leaning to buy online adds to that part", "", 0, 1)
    second_account: float = par(0.04, "part of account holders with a second account", "", 0, 1)
    app: float = par(0.45, "part of people with the app", "", 0, 1)
    second_app: float = par(0.02, "part of app users who installed it anew as somebody new", "", 0, 1)

    placeholder_phone: float = par(0.04, "part of cards with a number that the clerk made up", "", 0, 1)
    family_phone: float = par(0.15, "part of records of larger households with the household's one number", "", 0, 1)
    family_email: float = par(0.08, "part of records of larger households with the household's one e-mail", "", 0, 1)
    card_phone: float = par(0.95, "part of cards with a phone", "", 0, 1)
    account_phone: float = par(0.75, "part of accounts with a phone", "", 0, 1)
    app_phone: float = par(1.0, "part of app users with a phone", "", 0, 1)
    card_email: float = par(0.60, "part of cards with an e-mail", "", 0, 1)
    app_email: float = par(0.65, "part of app users with an e-mail", "", 0, 1)
    card_birth: float = par(0.90, "part of cards with a birth date", "", 0, 1)
    account_birth: float = par(0.55, "part of accounts with a birth date", "", 0, 1)
    app_birth: float = par(0.55, "part of app users with a birth date, given for the birthday gift", "", 0, 1)
    app_confirmed: float = par(
        1.0, "part of app users whose phone was confirmed by a text message: their own, without a slip", "", 0, 1
    )
    account_confirmed: float = par(
        1.0, "part of accounts whose e-mail was confirmed by a link sent to it: without a slip", "", 0, 1
    )
    default_birth: float = par(0.03, "part of cards with 1900-01-01 for a birth date", "", 0, 1)
    swapped_birth: float = par(
        0.03, "part of birth dates with day and month swapped, where both can be a month", "", 0, 1
    )
    postcode: float = par(0.93, "part of records with a postcode", "", 0, 1)
    short_name: float = par(
        0.12, "part of cards and accounts with a short form of the first name, of those who have one", "", 0, 1
    )
    app_short_name: float = par(0.45, "the same part of app users", "", 0, 1)
    other_spelling: float = par(
        0.10, "part of records with another spelling of the first name, of those who have one", "", 0, 1
    )
    card_typo: float = par(0.04, "part of names, phones and e-mails of cards with one wrong keystroke, each", "", 0, 1)
    own_typo: float = par(0.015, "the same part of what customers type themselves", "", 0, 1)
    consent_card: float = par(0.85, "part of cards with consent to join their data", "", 0, 1)
    consent_account: float = par(0.75, "part of accounts with that consent", "", 0, 1)
    consent_app: float = par(0.90, "part of app users with that consent", "", 0, 1)

    carries_card: float = par(0.80, "part of store receipts of card holders on which a card was shown", "", 0, 1)
    family_card: float = par(0.15, "part of people in a household who pay with the card of its first member", "", 0, 1)
    logs_in: float = par(0.85, "part of online receipts of account holders that were bought logged in", "", 0, 1)
    session_login: float = par(0.40, "part of sessions of account holders in which they logged in", "", 0, 1)
    browses_anyway: float = par(0.15, "part of people without an account who look around online", "", 0, 1)
    looks_around: float = par(0.08, "part of a browser's weeks with a session that no receipt follows", "", 0, 1)


# As careless as the usual ones are careful: nothing is confirmed, and the app asks for no birth date. A tenth of the
# pairs of records of one person then have nothing in common but a first name and a postcode, and no method links them.
CARELESS = IdentityRules(
    new_phone=0.12,
    family_phone=0.20,
    card_phone=0.92,
    app_phone=0.97,
    card_email=0.55,
    app_email=0.60,
    app_birth=0.0,
    app_confirmed=0.0,
    account_confirmed=0.0,
    card_typo=0.05,
)
