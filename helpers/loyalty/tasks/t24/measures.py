"""The town's links, communities and offers, made in the right way and in usual wrong ones."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from loyalty.segment.micro import Communities, Links, OfferScores, find_communities, link_customers, score_offers
from loyalty.stats.intervals import interval_of_mean
from loyalty.tasks.t24.scene import BAG, TOWN_CUT, read_town

REWIRINGS, SEED, OFFERS = 19, 24, 3
KINDS = ("product_id", "store_id", "hour")


@cache
def link(bag: bool = False, all_months: bool = False, to: str = "product_id") -> Links:
    """Link the town's customers, as the task asks or with a usual mistake."""
    leave_out = [] if bag or to != "product_id" else [BAG]
    return link_customers(read_town(), to=to, end=None if all_months else TOWN_CUT, leave_out=leave_out)


@cache
def link_days(start: str | None, end: str | None) -> Links:
    """Link the town's customers and products on other days than the task asks, without the bag."""
    return link_customers(read_town(), start=start, end=end, leave_out=[BAG])


@cache
def split(
    bag: bool = False,
    all_months: bool = False,
    to: str = "product_id",
    resolution: float = 1.0,
    rewirings: int = REWIRINGS,
    starts: int = 1,
) -> Communities:
    """Find communities, as the task asks or with a usual mistake."""
    links = link(bag, all_months, to)
    return find_communities(links, resolution=resolution, rewirings=rewirings, starts=starts, seed=SEED)


@cache
def split_days(end: str | None, rewirings: int = REWIRINGS) -> Communities:
    """Find communities of links that end on another day than the task asks, or, without an end, begin where they should end."""
    links = link_days(TOWN_CUT if end is None else None, end)
    return find_communities(links, rewirings=rewirings, starts=1, seed=SEED)


def find_inside() -> float:
    """Share of the links that stay inside, with nothing taken off for chance."""
    table = split().table
    return float((table["inside"] * table["links"]).sum() / table["links"].sum())


@cache
def score(offers: int = OFFERS, bag: bool = False, resolution: float = 1.0) -> OfferScores:
    """Score the community's offers, as the task asks or with a usual mistake."""
    rewirings = REWIRINGS if resolution == 1 else 0
    found = split(bag, resolution=resolution, rewirings=rewirings)
    return score_offers(found, read_town(), start=TOWN_CUT, offers=offers)


def find_gain_of_those_who_came() -> tuple[float, float, float]:
    """Gain among the customers who bought anything later, with its paired interval."""
    town = read_town()
    rows = score().customers
    rows = rows[rows["customer_id"].isin(town.loc[town["time"] >= TOWN_CUT, "customer_id"])]
    gap = rows["hits_community"] - rows["hits_popular"]
    low, high = interval_of_mean(gap.mean(), gap.std(), len(gap))
    return float(gap.mean()), float(low), float(high)


@cache
def score_leaky() -> OfferScores:
    """Score offers of communities that were made of all months, the later ones among them."""
    early = link()
    late = split(all_months=True, rewirings=0)
    known = late.customers["customer_id"].isin(early.table["customer_id"])
    return score_offers(replace(late, links=early, customers=late.customers[known]), read_town(), start=TOWN_CUT)


def find_gain_on_again() -> tuple[float, float, float]:
    """Hit rate of the community's offers less that of what was bought before, with its paired interval."""
    rows = score().customers
    gap = rows["hits_community"] - rows["hits_again"]
    low, high = interval_of_mean(gap.mean(), gap.std(), len(gap))
    return float(gap.mean()), float(low), float(high)


def interval_unpaired() -> tuple[float, float, float]:
    """Gain with the interval of two separate groups, as if other customers had got the best-sellers."""
    rows = score().customers
    gain = float((rows["hits_community"] - rows["hits_popular"]).mean())
    error = float(np.sqrt((rows["hits_community"].var() + rows["hits_popular"].var()) / len(rows)))
    return gain, gain - 1.96 * error, gain + 1.96 * error


def list_letters() -> pd.DataFrame:
    """The five ways that Jonas can choose from in 24e; index: the letter. Two of them differ by a number of 24d only."""
    right, leaky = score(), score_leaky()
    again = float(right.table.set_index("way").at["again", "hit_rate"])
    group = "A list for each community, and a control group that gets none. Of 1,000 offers at least"
    ways = {
        "A": "A list for each community, to everybody: the hit rate has shown what the lists bring.",
        "B": f"{group} {1000 * right.low:.0f} more are bought than of best-sellers (low end of the interval).",
        "C": f"{group} {1000 * leaky.low:.0f} more are bought than of best-sellers (low end of the interval).",
        "D": f"A letter with what each customer bought before: {1000 * again:.0f} of 1,000 offers are bought.",
        "E": "A higher resolution, until each community has a handful of customers: nothing is more personal.",
    }
    return pd.DataFrame({"what Jonas does": ways})
