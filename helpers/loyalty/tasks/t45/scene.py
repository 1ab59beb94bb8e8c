"""The scenes of lesson and exercise 45: a grocer's year, a chain with a baby club and a shelf, and a web shop's box."""

from __future__ import annotations

from functools import cache, partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from loyalty.datasets import complete_journey
from loyalty.evaluate.design import Power, find_detectable, find_size, hash_customers
from loyalty.learn.offers.lines import number_day, read_day_lines
from loyalty.learn.recommend import (
    LookAlikes,
    Recommendations,
    RecommenderScores,
    SendList,
    VisitorScores,
    find_lookalikes,
    recommend_products,
    score_recommenders,
    score_visitors,
)
from loyalty.learn.recommend.history import build_history
from loyalty.learn.recommend.metrics import score_lists
from loyalty.learn.recommend.scores import mark_new
from loyalty.learn.recommend.ways import Scorer, choose_products, find_weights, make_scorer
from loyalty.prepare.profile import build_profile
from loyalty.segment.clusters import share_spend
from loyalty.segment.micro import find_communities, link_customers
from loyalty.world import World

SEED, CUSTOMERS, MONTHS = 45, 5_000, 24
CUT = "2024-10-01"  # lists are made before this day
GROCER_CUT = "2017-10-01"
CONTACT_COST = 0.10  # euros a message
EXPORT_DAY = "2024-10-07"  # a Monday
ACTIVE_DAYS = 365
JOINS = 0.35  # of the young families join the club
DRAWS = 200
MOST = 1_000  # products that can be recommended, the most bought
SHOPS = ("our chain, products", "grocer, products", "grocer, groups of goods")


@cache
def open_chain(seed: int = SEED) -> World:
    """The chain of the lesson: 5,000 customers in 2023 and 2024."""
    return World(CUSTOMERS, MONTHS, seed)


@cache
def name_products(seed: int = SEED) -> pd.Series:
    """Name of each product of the chain."""
    return open_chain(seed).products.set_index("product_id")["name"]


# --- what else: the grocer, and three shops ------------------------------------------------------


@cache
def read_groceries() -> pd.DataFrame:
    """A grocer's year (Complete Journey) with groups of goods in the place of products."""
    shop = complete_journey()
    groups = shop.products[["product_id", "category"]].dropna()
    lines = shop.receipts.merge(groups, on="product_id").drop(columns="product_id")
    return lines.rename(columns={"category": "product_id"})[["customer_id", "time", "sales", "product_id"]]


@cache
def score_shop(shop: str) -> RecommenderScores:
    """Score all recommenders in one of the three shops, five places a customer, on the last three months.

    Parameters
    ----------
    shop : str
        One of `SHOPS`.
    """
    receipts, cut = _open_shop(shop)
    communities = None
    if shop != "grocer, products":  # ninety thousand products of two thousand households make no communities
        grocer = shop.startswith("grocer")
        links = link_customers(receipts, end=cut, keep="above chance" if grocer else "all")
        communities = find_communities(links, rewirings=0, seed=SEED)
    ways = None if communities is not None else ("last", "items", "linear")
    return score_recommenders(receipts, cut, ways=ways, communities=communities, most=MOST, draws=DRAWS, seed=SEED)


@cache
def score_visits(shop: str) -> VisitorScores:
    """Score item-to-item for visitors of whom one product is known, in one of the three shops."""
    receipts, cut = _open_shop(shop)
    return score_visitors(receipts, cut, most=MOST, draws=DRAWS, seed=SEED)


def _open_shop(shop: str) -> tuple[pd.DataFrame, str]:
    if shop == "grocer, groups of goods":
        return read_groceries(), GROCER_CUT
    if shop == "grocer, products":
        return complete_journey().receipts, GROCER_CUT
    return open_chain().receipts, CUT


def gather_gains() -> pd.DataFrame:
    """How much each recommender gains on best-sellers for products new to the customer, in the three shops."""
    rows = []
    for shop in SHOPS:
        gains = score_shop(shop).gains
        here = gains[(gains["among"] == "new") & (gains["against"] == "popular") & (gains["metric"] == "hit_rate")]
        rows.append(here.assign(shop=shop))
    columns = ["shop", "way", "gain", "low", "high", "verdict"]
    return pd.concat(rows, ignore_index=True)[columns]


def gather_visits() -> pd.DataFrame:
    """How much item-to-item gains on best-sellers for a visitor of whom one product is known, in the three shops."""
    found = [score_visits(shop) for shop in SHOPS]
    return pd.DataFrame(
        {"shop": SHOPS, **{name: [getattr(one, name) for one in found] for name in ("gain", "low", "high")}}
    )


# --- whom else: the baby club --------------------------------------------------------------------


@cache
def list_club(seed: int = SEED) -> list[int]:
    """The customers who have joined the (made-up) baby club: some of the young families, by lot."""
    world = open_chain(seed)
    types = world.truth.types_on(pd.Timestamp(CUT))
    families = types.loc[types["type"] == "young_family", "customer_id"]
    joined = families[hash_customers(families, "baby club") < JOINS]
    return [int(one) for one in joined if one in set(describe_people(seed)["customer_id"])]


@cache
def describe_people(seed: int = SEED) -> pd.DataFrame:
    """Customers who bought within a year, as of the cut: recency, frequency, spend, and the share of each department.

    Returns
    -------
    pandas.DataFrame
        customer_id, recency_days, frequency, monetary, tenure_days and one column a department (in percent of spend).
    """
    world = open_chain(seed)
    early = world.receipts[world.receipts["time"] < CUT]
    profile = build_profile(early, CUT)
    profile = profile[profile["recency_days"] < ACTIVE_DAYS]
    shares = share_spend(world.receipts, world.products, CUT).drop(columns="as_of").set_index("customer_id")
    columns = ["customer_id", "recency_days", "frequency", "monetary", "tenure_days"]
    return profile[columns].merge((100 * shares).reset_index(), on="customer_id")


@cache
def watch_babies(seed: int = SEED) -> pd.DataFrame:
    """What the customers bought for babies: `bought_later` (from the cut on, 1 or 0), `spent_before` (on it)."""
    world = open_chain(seed)
    lines = world.receipts.merge(world.products[["product_id", "department"]], on="product_id")
    lines = lines[lines["department"] == "Baby"]
    late = set(lines.loc[lines["time"] >= CUT, "customer_id"])
    before = lines[lines["time"] < CUT].groupby("customer_id")["sales"].sum()
    people = describe_people(seed)["customer_id"]
    return pd.DataFrame(
        {
            "customer_id": people,
            "bought_later": people.isin(late).astype(int),
            "spent_before": people.map(before).fillna(0.0).round(2),
        }
    )


@cache
def try_folds(count: int, seed: int = SEED, tries: int = 8) -> pd.DataFrame:
    """Compare look-alikes with the plain list again and again, with other lots of who is held out together.

    Parameters
    ----------
    count : int
        Customers on each list.
    seed : int
        Of the world.
    tries : int

    Returns
    -------
    pandas.DataFrame
        One row a lot: gain, low, high.
    """
    people, club, later = describe_people(seed), list_club(seed), watch_babies(seed)
    rows = []
    for lot in range(tries):
        proof = find_lookalikes(people, club, seed=lot).prove(later, "bought_later", count=count, rival="spent_before")
        rows.append((proof.gain, proof.low, proof.high))
    return pd.DataFrame(rows, columns=["gain", "low", "high"])


def list_spenders(others: pd.Series, count: int, seed: int = SEED) -> pd.Series:
    """The plain list: of these customers, those who spent most on baby products before the cut."""
    spent = watch_babies(seed).set_index("customer_id")["spent_before"]
    rows = pd.DataFrame({"customer_id": others, "spent": others.map(spent)})
    rows = rows.sort_values(["spent", "customer_id"], ascending=[False, True])
    return rows["customer_id"].head(count).reset_index(drop=True)


def look_behind(alike: LookAlikes, count: int, seed: int = SEED) -> pd.DataFrame:
    """Count the true young families on both lists and among everybody who is not in the club (behind the curtain).

    Returns
    -------
    pandas.DataFrame
        list, customers, young_families (their share), of_them_look_alikes (customers who are look-alikes).
    """
    others = alike.table.loc[~alike.table["seed"], "customer_id"]
    first = alike.pick(count)["customer_id"]
    plain = list_spenders(others, count, seed)
    types = read_types(seed)
    lists = {"look-alikes": first, "most spent before": plain, "all who are not in the club": others}
    rows = [
        (name, len(one), float((types.reindex(one) == "young_family").mean()), int(first.isin(one).sum()))
        for name, one in lists.items()
    ]
    return pd.DataFrame(rows, columns=["list", "customers", "young_families", "of_them_look_alikes"])


def read_types(seed: int = SEED) -> pd.Series:
    """The true type of each customer on the day of the cut (a look behind the curtain)."""
    return open_chain(seed).truth.types_on(pd.Timestamp(CUT)).set_index("customer_id")["type"]


# --- what we send --------------------------------------------------------------------------------


@cache
def stock_shelf(seed: int = SEED) -> pd.DataFrame:
    """The chain's products with (made-up) stock: one of eight is sold out, the others have 20 to 200 pieces."""
    products = open_chain(seed).products
    lot = hash_customers(products["product_id"], f"stock {seed}")
    stock = np.where(lot < 1 / 8, 0, 20 + np.round(180 * lot)).astype(int)
    return products[["product_id", "name", "price", "unit_cost"]].assign(stock=stock)


@cache
def list_customers(day: str = CUT, seed: int = SEED) -> pd.DataFrame:
    """The (made-up) customer table as of a day: consent, and how many messages each got in the last four weeks.

    Three of four have agreed. Between the day of the list and the day of export one of fifty of these withdraws.
    """
    customers = open_chain(seed).customers["customer_id"]
    agreed = hash_customers(customers, f"consent {seed}") < 0.75
    withdrawn = hash_customers(customers, f"withdrawn {seed}") < 0.02
    messages = (6 * hash_customers(customers, f"messages {seed}") ** 2).astype(int)
    if pd.Timestamp(day) > pd.Timestamp(CUT):
        agreed = agreed & ~withdrawn
    return pd.DataFrame({"customer_id": customers, "consent": agreed, "contacts": messages})


def explain_places(sending: SendList, lists: Recommendations, seed: int = SEED) -> pd.DataFrame:
    """Say why messages carry the first choice or a later one.

    Parameters
    ----------
    sending : SendList
    lists : Recommendations
        Of which it was made.
    seed : int
        Of the world whose shelf it is.

    Returns
    -------
    pandas.DataFrame
        the_first_choice (what happened to it), messages, share.
    """
    shelf = stock_shelf(seed).set_index("product_id")
    margin = shelf["price"] * (1 - sending.discount) - shelf["unit_cost"]
    first = lists.table[lists.table["place"] == 1].set_index("customer_id")["product_id"]
    rows = sending.to_send
    choice = rows["customer_id"].map(first)
    kinds = {
        "is on the message": rows["place"] == 1,
        "is sold out": choice.map(shelf["stock"]) == 0,
        "earns too little": choice.map(margin) <= CONTACT_COST,
    }
    why = np.select([kind.to_numpy() for kind in kinds.values()], list(kinds), "its pieces went to others")
    found = pd.Series(why).value_counts().reindex([*kinds, "its pieces went to others"], fill_value=0)
    frame = found.rename_axis("the_first_choice").rename("messages").reset_index()
    return frame.assign(share=(frame["messages"] / len(rows)).round(3))


def find_visible(sending: SendList, seed: int = SEED) -> Power:
    """Find which change of spend a customer the control of this list can show, by the four weeks before the list."""
    receipts = open_chain(seed).receipts
    start = sending.as_of - pd.Timedelta(28, "D")
    before = receipts[(receipts["time"] >= start) & (receipts["time"] < sending.as_of)]
    spent = sending.people["customer_id"].map(before.groupby("customer_id")["sales"].sum()).fillna(0.0)
    share = len(sending.withheld) / len(sending.people)
    return find_detectable(spent.to_numpy(), size=len(spent), control=share)


# --- part B: ten per cent more page views --------------------------------------------------------


class WebShop(NamedTuple):
    """A web shop in a month, before the box: visitors, pages each, orders of a hundred visitors, margin of an order."""

    visitors: int = 120_000
    pages: float = 6.0
    orders: float = 0.03
    margin: float = 8.0


def value_views(shop: WebShop, more: float, passes: tuple[float, ...]) -> pd.DataFrame:
    """What more page views are worth in a month, by how much of the rise comes through to orders.

    Parameters
    ----------
    shop : WebShop
    more : float
        Rise of the page views, a fraction.
    passes : tuple of float
        Of this rise, the part by which orders rise: 1 is "as many more orders as pages".

    Returns
    -------
    pandas.DataFrame
        passes, orders (more in a month), margin, visitors (that a test needs in all, half without the box), months.
    """
    rows = []
    for part in passes:
        extra = shop.orders * more * part
        size = find_size(rate=shop.orders, effect=extra, control=0.5).size if extra > 0 else np.inf
        orders = shop.visitors * extra
        rows.append((part, orders, orders * shop.margin, size, size / shop.visitors))
    return pd.DataFrame(rows, columns=["passes", "orders", "margin", "visitors", "months"])


def score_one_list(hits: list[int], wanted: int) -> float:
    """NDCG of one list, by the helper.

    Parameters
    ----------
    hits : list of int
        1 for each place whose product was bought later.
    wanted : int
        Products that were bought later, those not on the list included.

    Examples
    --------
    >>> score_one_list([1, 0], 1)
    1.0
    """
    missed = wanted - sum(hits)
    bought = sparse.csr_array(np.array([[*hits, *[1] * missed]], float))
    chosen = np.arange(len(hits))[None, :]
    return float(score_lists(chosen, bought, np.ones(bought.shape[1], int)).values["ndcg"][0])


@cache
def score_leaky(seed: int = SEED) -> pd.DataFrame:
    """Hit rates on new products, honest, and by recommenders that learned from the later months as well.

    Returns
    -------
    pandas.DataFrame
        Index: way; honest, leaky. The lists leave out what the customer had bought before the cut, in both.
    """
    lines = read_day_lines(open_chain(seed).receipts)
    cut = number_day(pd.Timestamp(CUT))
    known = build_history(lines, cut)
    everything = build_history(lines, int(lines.day.max()) + 1, least=1)
    place = everything.place_products(known.products)
    wanted = mark_new(known, lines.keep_days(cut, None))
    rows = {}
    for way in ("popular", "items", "linear"):
        weights = find_weights(way, everything)
        honest = make_scorer(way, known, find_weights(way, known))
        leaky: Scorer = partial(_repeat, everything.buyers[place].astype(float))
        if weights is not None:
            leaky = make_scorer(way, known, weights[np.ix_(place, place)])
        hits = []
        for scorer in (honest, leaky):
            chosen = choose_products(known, scorer, 5, hide=[known.days])[0]
            hits.append(float(score_lists(chosen, wanted, known.buyers).values["hit_rate"].mean()))
        rows[way] = hits
    return pd.DataFrame(rows, index=["honest", "leaky"]).T


def _repeat(scores: np.ndarray, rows: slice) -> np.ndarray:
    """The same scores for each customer of a block."""
    return np.tile(scores, (rows.stop - rows.start, 1))


# --- the exercise: another town ------------------------------------------------------------------

TOWN_SEED = 11
SUMMER = ("2017-07-01", "2017-10-01")  # the grocer's months that the exercise scores
LIMITS = {"control": 0.2, "discount": 0.25, "contact_cost": CONTACT_COST, "most_contacts": 3}
EXPIRES = "2024-10-31"
SECRET = "a word of the town"
PICKED = 200


class TownTables(NamedTuple):
    """The tables of the exercise."""

    receipts: pd.DataFrame
    """Receipt lines of 2023 and 2024."""
    agency: pd.DataFrame
    """customer_id, place, product_id: five places a customer, made by an agency on 1 October 2024."""


@cache
def open_town() -> TownTables:
    """Open the town: its receipts, and the lists of an agency that does not leave out what customers have already."""
    receipts = open_chain(TOWN_SEED).receipts
    lists = recommend_products(receipts, CUT, new=False).table
    return TownTables(receipts, lists[["customer_id", "place", "product_id"]])


def read_slide() -> int:
    """The number on the agency's slide: of 100 places, those whose product the customer bought in any month at all."""
    receipts, agency = open_town()
    pair = ["customer_id", "product_id"]
    bought = pd.MultiIndex.from_frame(receipts[pair].drop_duplicates())
    return round(100 * float(pd.MultiIndex.from_frame(agency[pair]).isin(bought).mean()))


def open_town_tables() -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The town's products with stock, its customers on the day of the list, and on the day of export."""
    return stock_shelf(TOWN_SEED), list_customers(CUT, TOWN_SEED), list_customers(EXPORT_DAY, TOWN_SEED)


def open_town_club() -> tuple[pd.DataFrame, list[int], pd.DataFrame]:
    """The town's customers with their features, the members of its baby club, and what they bought for babies.

    The last table has customer_id, bought_later (from 1 October 2024 on, 1 or 0) and, known before, spent_before (on
    baby products) and spent_in_all.
    """
    people = describe_people(TOWN_SEED)
    spent = people[["customer_id", "monetary"]].rename(columns={"monetary": "spent_in_all"})
    return people, list_club(TOWN_SEED), watch_babies(TOWN_SEED).merge(spent, on="customer_id")
