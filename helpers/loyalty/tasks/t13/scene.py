"""The scenes of exercise 13: cards and accounts of a small chain, a matching service's pairs, and a pilot with a price."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.prepare.identity import normalise_records
from loyalty.world import World
from loyalty.world.draws import Purpose, exponential, key, normal, uniform
from loyalty.world.identities import Identities

# Of this town each usual way to read the phones gives another count, and the pilot's gain is above zero, below the price
SEED, PEOPLE, MONTHS = 136, 6_000, 12
FORM_PHONE = "(212) 555-0000"  # two customers copied it from the sample form, as the clerks of the stores did
COPIED = 2
CHECKED = 1_000  # pairs that the clerk looked at
# A draw in which the estimate holds the floor where the truth does not (as in 45 of the draws 0 to 79), and in which no
# usual mistake leads to the right threshold
SAMPLE_DRAW = 7
LOWEST = 0.3  # pairs with a lower score are of no interest to anybody
PROFILES, OTHERS = 12_000, 6_000
PRICE = 0.95  # euros for a matched profile
COMES, COMES_MORE, COMES_UNMATCHED = 0.55, 0.035, 0.35  # who buys in the pilot's eight weeks
SPENDS, SPENDS_UNMATCHED = 12.0, 8.0  # mean margin of those who buy, in euros
# What the service counts for an agreement and for a difference, in bits: much for a phone, little for a first name
POINTS = {
    "email": (9, -1),
    "phone": (9, -1),
    "last_name": (7, -3),
    "first_root": (4, -2),
    "birth_date": (8, -3),
    "postcode": (6, -3),
}
START = -14.0
BLUR, SLOPE = 1.5, 4.0  # the service adds signs of its own that we do not see
COLLEAGUES, TOGETHER = 0.05, 12  # part of strangers whom it saw behind one connection, at work; what it adds, in bits
CANDIDATES = (["phone"], ["email"], ["last_name", "birth_date"], ["last_name", "postcode"])
MANY = 6  # more cards behind one phone, and the service does not look at it


class TwoLists(NamedTuple):
    """The tables of the exercise."""

    cards: pd.DataFrame
    accounts: pd.DataFrame


@cache
def open_chain() -> World:
    """The chain: 6,000 people in 2023."""
    return World(PEOPLE, MONTHS, SEED, "small_chain")


@cache
def open_identities() -> Identities:
    """Who is who in it."""
    return open_chain().make_identities()


@cache
def _make_town() -> TwoLists:
    found = open_identities()
    paid = open_chain().receipts.groupby("basket_id")["sales"].sum()
    baskets = found.card_baskets.dropna(subset="card_id")
    sales = paid.loc[baskets["basket_id"]].groupby(baskets["card_id"].to_numpy()).sum()
    cards = found.cards.drop(columns=["opened_on", "consent"])
    cards["sales"] = cards["card_id"].map(sales).fillna(0.0).round(2)
    accounts = found.accounts.drop(columns=["created_on", "consent"])
    without = accounts.index[accounts["phone"].isna()]
    accounts.loc[without[:COPIED], "phone"] = FORM_PHONE
    return TwoLists(cards, accounts)


def open_town() -> TwoLists:
    """Return the tables: cards with `sales`, the euros that each sold in the stores in 2023; and accounts of the shop."""
    return TwoLists(*(table.copy() for table in _make_town()))


def mask(table: pd.DataFrame) -> pd.DataFrame:
    """Show the first rows with all but the ends of names, phones and e-mails hidden, as a report would.

    Examples
    --------
    >>> mask(pd.DataFrame({"card_id": ["C1"], "first_name": ["Robert"], "phone": ["212-555-2345"]})).iloc[0].tolist()
    ['C1', 'R…', '…45']
    """
    shown = table.head(5).copy()
    for name in ("first_name", "last_name", "name", "email"):
        if name in shown:
            shown[name] = shown[name].str.strip().str[:1] + "…"
    for name in ("phone", "birth_date"):
        if name in shown:
            shown[name] = "…" + shown[name].str.strip().str[-2:]
    return shown


@cache
def score_town() -> pd.DataFrame:
    """All pairs of a card and an account that the service scored: card_id, account_id, score, checked (the truth)."""
    found = open_identities()
    records = normalise_records({"cards": found.cards, "accounts": found.accounts})
    many = records["phone"].map(records["phone"].value_counts()) > MANY
    records["phone"] = records["phone"].where(~many)
    cards = records[records["source"] == "cards"]
    accounts = records[records["source"] == "accounts"]
    parts = []
    for names in CANDIDATES:
        both = cards.dropna(subset=names).merge(accounts.dropna(subset=names), on=names, suffixes=("", "_account"))
        parts.append(both[["record_id", "record_id_account"]])
    pairs = pd.concat(parts).drop_duplicates().sort_values(["record_id", "record_id_account"], ignore_index=True)
    left = pairs[["record_id"]].merge(cards, on="record_id", how="left")
    right = pairs[["record_id_account"]].merge(accounts, left_on="record_id_account", right_on="record_id", how="left")
    bits = np.full(len(pairs), START)
    for name, (same, different) in POINTS.items():
        known = (left[name].notna() & right[name].notna()).to_numpy()
        agree = known & (left[name].fillna("") == right[name].fillna("")).to_numpy()
        bits += np.where(agree, same, np.where(known, different, 0))
    place = np.arange(len(pairs))
    bits += BLUR * normal(_luck(place, 1))
    checked = tell_truth(found, pairs)
    bits += TOGETHER * ((checked == "strangers") & (_luck(place, 6) < COLLEAGUES))
    return pd.DataFrame(
        {
            "card_id": pairs["record_id"],
            "account_id": pairs["record_id_account"],
            "score": np.round(1 / (1 + 2 ** (-bits / SLOPE)), 3),
            "checked": pd.Series(checked, dtype="str"),
        }
    )


def tell_truth(found: Identities, pairs: pd.DataFrame) -> np.ndarray:
    """Who the two of each pair are: what a clerk finds who calls them."""
    truth = found.truth.set_index("record_id")
    people = [truth["customer_id"].loc[pairs[name]].to_numpy() for name in ("record_id", "record_id_account")]
    homes = [truth["household_id"].loc[pairs[name]].to_numpy() for name in ("record_id", "record_id_account")]
    apart = np.where(homes[0] == homes[1], "same household", "strangers")
    return np.where(people[0] == people[1], "same person", apart)


@cache
def _draw_sample() -> pd.DataFrame:
    pairs = score_town()
    pairs = pairs[pairs["score"] >= LOWEST]
    order = np.argsort(_luck(pairs.index.to_numpy(), SAMPLE_DRAW), kind="stable")
    pairs = pairs.iloc[order].drop_duplicates("card_id").drop_duplicates("account_id")
    return pairs.head(CHECKED).reset_index(drop=True)


def open_sample() -> pd.DataFrame:
    """Return a random sample of the service's pairs, one a person, that a clerk has checked by calling: 1,000 rows.

    card_id, account_id, score, checked ("same person", "same household", "strangers").
    """
    return _draw_sample().copy()


@cache
def _run_pilot() -> pd.DataFrame:
    who = np.arange(PROFILES + OTHERS)
    matched = who < PROFILES
    used = matched & (_luck(who, 3) < 0.5)
    comes = _luck(who, 4) < np.where(matched, COMES + COMES_MORE * used, COMES_UNMATCHED)
    margin = np.where(comes, exponential(_luck(who, 5)) * np.where(matched, SPENDS, SPENDS_UNMATCHED), 0.0)
    group = np.select([used, matched], ["used", "not used"], "not matched")
    return pd.DataFrame({"profile_id": who + 1, "group": pd.Series(group, dtype="str"), "margin": margin.round(2)})


def run_pilot() -> pd.DataFrame:
    """Return the pilot: profile_id, group ("used", "not used", "not matched"), margin in euros in eight weeks.

    Of the matched profiles a lottery chose half, whose offers were picked by what they buy in the stores.
    """
    return _run_pilot().copy()


def _luck(who: np.ndarray, step: int) -> np.ndarray:
    return uniform(key(SEED, Purpose.EXPORT, who), step)
