"""The scenes of lesson and exercise 44: a chain whose successions are known, a randomised message, a refill register."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.datasets import complete_journey
from loyalty.learn.offers import TimedRules, mine_rules
from loyalty.learn.offers.counting import deal_anew
from loyalty.learn.offers.lines import number_day, read_day_lines
from loyalty.world import PRESETS, World

SEED, CUSTOMERS, MONTHS = 44, 5_000, 36
UNTIL = "2025-01-01"  # rules are mined before this day, and proved after it
LAG = (90, 210)
WEEKS = (14, 56)  # days from X to Y in the groceries
MESSAGE_CUSTOMERS = 30_000
SUBSTANCES = ("A", "B", "C")
PACKS = (30, 90)  # tablets
AS_OF = "2025-07-01"
REGISTER_SEED = 3
EXERCISE_SEED, EXERCISE_REGISTER_SEED = 35, 53


@cache
def open_chain(seed: int = SEED) -> World:
    """The chain of the lesson: 5,000 customers, 2023 to 2025."""
    return World(CUSTOMERS, MONTHS, seed)


@cache
def name_products(seed: int = SEED) -> pd.Series:
    """Name of each product of the chain."""
    return open_chain(seed).products.set_index("product_id")["name"]


def find_product(name: str, seed: int = SEED) -> int:
    """The number of a product, by its name.

    Examples
    --------
    >>> find_product("Monitors 01")
    34
    """
    names = name_products(seed)
    return int(names.index[names == name][0])


@cache
def mine_chain(seed: int = SEED) -> TimedRules:
    """The rules of the chain's first two years."""
    return mine_rules(open_chain(seed).receipts, lag=LAG, until=UNTIL)


def write_slide(rules: TimedRules, names: pd.Series, most: int = 8) -> pd.DataFrame:
    """The slide of the agency: the pairs of the largest confidence, and nothing else."""
    table = rules.to_frame(names).sort_values("confidence", ascending=False, kind="stable").head(most)
    return table[["first_product", "then_product", "confidence"]].reset_index(drop=True)


def pick_buyers(receipts: pd.DataFrame, product: int, count: int) -> pd.DataFrame:
    """The first customers who bought a product once in 2023, and were there 210 days before and after it."""
    mine = receipts[receipts["product_id"] == product].sort_values("time")
    once = mine[~mine["customer_id"].duplicated(keep=False)]
    known = receipts.groupby("customer_id")["time"].min()
    days = (once["time"] - once["customer_id"].map(known)).dt.days
    here = once[(days > LAG[1]) & (once["time"] < "2024-06-01")]
    return here[["customer_id", "time"]].head(count).reset_index(drop=True)


def deal_buyers(receipts: pd.DataFrame, first: int, then: int, times: int = 500) -> np.ndarray:
    """Deal the lines of X anew within month and decile of activity; how many "buy Y" each time."""
    lines = read_day_lines(receipts)
    places = (int(np.searchsorted(lines.products, first)), int(np.searchsorted(lines.products, then)))
    return deal_anew(lines, LAG, int(lines.day.min()), number_day(pd.Timestamp(UNTIL)), places, times, SEED)


def prefer_department(world: World, as_of: str) -> pd.DataFrame:
    """Segment of each customer: the department with most of the spend before a day."""
    lines = world.receipts[world.receipts["time"] < as_of].merge(world.products[["product_id", "department"]])
    spend = lines.groupby(["customer_id", "department"])["sales"].sum().sort_values()
    most = spend.reset_index().drop_duplicates("customer_id", keep="last")
    return most.rename(columns={"department": "segment"})[["customer_id", "segment"]].sort_values("customer_id")


# --- Part B --------------------------------------------------------------------------------------


@cache
def mine_null(seed: int) -> TimedRules:
    """Rules of a chain in which nothing follows anything, and everybody has one taste."""
    base = PRESETS["default"]()
    types = tuple(replace(one, tastes=base.types[0].tastes) for one in base.types)
    none = replace(base, name="no_rules", chain=replace(base.chain, successions=()), types=types)
    return mine_rules(World(CUSTOMERS, MONTHS, seed, parameters=none).receipts, lag=LAG, until=UNTIL)


@cache
def mine_groceries() -> TimedRules:
    """Rules of the Complete Journey: groups of goods, two to eight weeks, until September 2017."""
    shop = complete_journey()
    groups = shop.products[["product_id", "category"]].dropna()
    lines = shop.receipts.merge(groups, on="product_id").drop(columns="product_id")
    return mine_rules(lines.rename(columns={"category": "product_id"}), lag=WEEKS, until="2017-09-01")


class Message(NamedTuple):
    """A wave about Y to customers who bought X three to five months ago."""

    people: pd.DataFrame
    """customer_id, arm (message, control), bought (Y in eight weeks), anyway (Y in the same weeks without any message)."""


@cache
def send_message() -> Message:
    """Send the category discount to every other buyer of the cream, by lottery; and play the weeks without it too."""
    world = World(MESSAGE_CUSTOMERS, 12, SEED)
    rule = world.truth.successions.set_index("name").loc["serum after cream"]
    lines = world.receipts[["customer_id", "time", "product_id"]]
    ago = (world.end - lines["time"]).dt.days
    cream = lines[(lines["product_id"] == rule["first_product"]) & ago.between(90, 150)]
    people = pd.DataFrame({"customer_id": np.sort(cream["customer_id"].unique())})
    gets = np.random.default_rng(SEED).permutation(len(people)) % 2 == 0
    offer = pd.Series("category_discount", people.index).where(gets)
    plan = people.assign(offer_id=offer, propensity=0.5)
    found = {}
    for name, sent in (("bought", plan), ("anyway", plan.assign(offer_id=None))):
        _, later = world.run(sent, days=56, post=0)
        new = later.receipts[later.receipts["time"] >= world.end]
        buyers = new.loc[new["product_id"] == rule["then_product"], "customer_id"]
        found[name] = people["customer_id"].isin(buyers)
    return Message(people.assign(arm=np.where(gets, "message", "control"), **found))


# --- Refills -------------------------------------------------------------------------------------


def make_register(seed: int = REGISTER_SEED, customers: int = 400) -> pd.DataFrame:
    """A made-up refill register: tablets of three substances in packs of 30 and 90, from January 2024 on.

    Each customer has a rhythm of his own, about a tablet a day; after each pack three of a hundred stop for ever.

    Returns
    -------
    DataFrame
        customer_id, time, substance, pack (tablets), product_id (substance and pack), sales.
    """
    rng = np.random.default_rng(seed)
    start = pd.Timestamp("2024-01-01")
    parts = []
    for substance, share in zip(SUBSTANCES, (0.7, 0.5, 0.3), strict=True):
        who = np.flatnonzero(rng.random(customers) < share) + 1
        rhythm = rng.normal(np.log(1.05), 0.2, len(who))
        likes_large = rng.random(len(who))
        now = rng.uniform(0, 300, len(who))
        alive = np.ones(len(who), bool)
        while alive.any():
            pack = np.where(rng.random(len(who)) < likes_large, PACKS[1], PACKS[0])
            time = start + pd.to_timedelta(np.floor(now), unit="D")
            bought = pd.DataFrame({"customer_id": who, "time": time, "substance": substance, "pack": pack})
            parts.append(bought[alive])
            now = now + pack * np.exp(rng.normal(rhythm, 0.15))
            alive &= (rng.random(len(who)) > 0.03) & (now < 700)
    register = pd.concat(parts, ignore_index=True).sort_values(["time", "customer_id", "substance"], ignore_index=True)
    product = register["substance"] + " " + register["pack"].astype(str)
    return register.assign(product_id=product, sales=(0.2 * register["pack"]).round(2))


def pause_some(register: pd.DataFrame, seed: int, share: float = 0.2, days: int = 330) -> pd.DataFrame:
    """Take out what some patients bought of a substance in a long pause, which begins in the first ten months.

    Whoever has paused so long has *not* bought the substance in the last 210 days, and it is no news to him all the same.
    """
    rng = np.random.default_rng([seed, 1])
    series = ["customer_id", "substance"]
    each = register[series].drop_duplicates().sort_values(series, ignore_index=True)
    each["begins"] = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(60, 300, len(each)), unit="D")
    each["pauses"] = rng.random(len(each)) < share
    known = register.merge(each, on=series, how="left")
    is_out = known["pauses"] & (known["time"] - known["begins"]).dt.days.between(0, days)
    return register[~is_out.to_numpy()].reset_index(drop=True)


def read_register(register: pd.DataFrame) -> pd.DataFrame:
    """The register as receipts: the substance is the product, the tablets are the quantity."""
    return register.assign(product_id=register["substance"], quantity=register["pack"])


# --- The exercise --------------------------------------------------------------------------------


class CreamAndSerum(NamedTuple):
    """Two years of another chain: purchases of the cream and of the serum, and all receipts of three years."""

    creams: pd.DataFrame
    serums: pd.DataFrame
    receipts: pd.DataFrame
    products: pd.Series


def open_exercise() -> CreamAndSerum:
    """Open the chain of the exercise: creams and serums of 2023 and 2024, one row a purchase."""
    receipts = open_chain(EXERCISE_SEED).receipts
    names = name_products(EXERCISE_SEED)
    early = receipts[receipts["time"] < UNTIL]
    tables = []
    for name in ("Face cream 01", "Serum 01"):
        mine = early[early["product_id"] == find_product(name, EXERCISE_SEED)]
        tables.append(mine[["customer_id", "time"]].reset_index(drop=True))
    return CreamAndSerum(tables[0], tables[1], receipts.copy(), names)


def open_register() -> pd.DataFrame:
    """The refill register of the exercise, until the day of the list; some patients pause and come back."""
    register = pause_some(make_register(EXERCISE_REGISTER_SEED), EXERCISE_REGISTER_SEED)
    return register[register["time"] < AS_OF].reset_index(drop=True)
