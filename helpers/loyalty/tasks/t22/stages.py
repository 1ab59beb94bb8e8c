"""Programme stage × method: three segmentations, each scored by the profit of the offers that it chooses.

Also used by `benchmarks/stages.py`, which asks many chains and writes the tables that lesson 22 quotes.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from loyalty.charts import CONTROL, GREY, INK, TREATED, grid_along_x, headline
from loyalty.datasets import DATA
from loyalty.prepare.profile import build_profile
from loyalty.segment.clusters import cluster_customers, scale_features, share_spend
from loyalty.segment.rules import assign_life_cycle, measure_gaps, name_segments, score_rfm
from loyalty.world import World

TABLE = DATA.parent / "docs" / "tables" / "stages.csv"
OFFERS = ("basket_discount", "category_discount", "bonus_points", "gift")
NOTHING = "no offer"
STAGES = {9: "design", 13: "pilot", 18: "launch", 30: "growth"}  # month -> what the programme is doing then
ALIKE = "everybody alike"
RFM = "RFM, 11 names"
STAGE = "life cycle"
VISITS = "clusters of RFM"
BASKETS = "clusters of what they buy"
METHODS = (ALIKE, RFM, STAGE, VISITS, BASKETS)
CLUSTERS = 8  # as many as the chain has planted types
FEW = 5  # receipts: with fewer, shares of departments are accidents
COLOURS = {ALIKE: GREY, RFM: CONTROL, STAGE: "#CC79A7", VISITS: "#56B4E9", BASKETS: TREATED}


def divide(world: World) -> pd.DataFrame:
    """Divide the customers of a chain at the end of its history, by each method.

    Returns
    -------
    DataFrame
        Index: customer_id; one column a method, with the name of the segment.
    """
    profile = build_profile(world.receipts, world.end, customers=world.customers)
    bought = profile[profile["frequency"] > 0]
    found = pd.DataFrame({ALIKE: "all"}, index=pd.Index(profile["customer_id"], name="customer_id"))
    found[RFM] = name_segments(score_rfm(profile)).set_index("customer_id")["segment"]
    gaps = measure_gaps(world.receipts, world.end)
    found[STAGE] = assign_life_cycle(profile, gaps=gaps).set_index("customer_id")["segment"]
    visits = scale_features(bought, ["recency_days", "frequency", "monetary"], how="log")
    found[VISITS] = _cluster(visits).reindex(found.index).fillna("never bought")
    shares = share_spend(world.receipts, world.products, world.end).drop(columns="as_of").dropna()
    departments = [name for name in shares if name != "customer_id"]
    regulars = bought[bought["frequency"] >= FEW].merge(shares, on="customer_id")
    baskets = scale_features(regulars, [*departments, "online_share"], how="root")
    found[BASKETS] = _cluster(baskets).reindex(found.index).fillna("few receipts")
    return found


def _cluster(features: object) -> pd.Series:
    """The number of each customer's cluster, as text."""
    table = cluster_customers(features, CLUSTERS).table  # type: ignore[arg-type]
    return table.set_index("customer_id")["cluster"].astype("str")


def list_gains(world: World) -> pd.DataFrame:
    """What each offer would truly earn, in euros of expected profit: one row a customer, one column an offer."""
    gains = {offer: world.truth.effect(offer).set_index("customer_id")["profit"] for offer in OFFERS}
    return pd.DataFrame(gains)


def run_pilot(world: World, customers: pd.Index, seed: int) -> pd.DataFrame:
    """Send the four offers and nothing, by lot, and read the profit of each customer: arm and profit, in euros."""
    arms = np.array([*OFFERS, None], dtype=object)
    drawn = arms[np.random.default_rng([seed, 22]).integers(0, len(arms), len(customers))]
    wave, _ = world.run(pd.DataFrame({"customer_id": customers, "offer_id": drawn}))
    after = wave.outcomes[wave.outcomes["window"] != "pre"]
    sums = after.groupby("customer_id")[["margin", "reward_paid", "points_issued"]].sum().reindex(customers)
    offers = world.offers.set_index("offer_id").reindex(drawn)
    points = float((world.offers["point_cost"] * world.offers["redemption_probability"]).max())
    profit = sums["margin"] - sums["reward_paid"] - sums["points_issued"] * points
    profit -= offers["contact_cost"].fillna(0.0).to_numpy()
    return pd.DataFrame({"arm": pd.Series(drawn, customers).fillna(NOTHING), "profit": profit})


def choose_by_pilot(segments: pd.Series, pilot: pd.DataFrame) -> pd.Series:
    """The arm with the highest measured profit in each segment; nothing where nothing was the best."""
    means = pilot["profit"].groupby([segments.loc[pilot.index].to_numpy(), pilot["arm"].to_numpy()]).mean().unstack()
    return means.idxmax(axis=1)


def choose_by_truth(segments: pd.Series, gains: pd.DataFrame) -> pd.Series:
    """The offer that truly earns the most in each segment; nothing where none earns."""
    means = gains.groupby(segments.loc[gains.index].to_numpy()).mean()
    return means.idxmax(axis=1).where(means.max(axis=1) > 0, NOTHING)


def value_choice(segments: pd.Series, choice: pd.Series, gains: pd.DataFrame) -> float:
    """What a choice truly earns a customer, in euros, on customers who did not make it."""
    offered = segments.loc[gains.index].map(choice).fillna(NOTHING)
    table = gains.assign(**{NOTHING: 0.0})
    places = table.columns.get_indexer(offered)
    return float(table.to_numpy()[np.arange(len(table)), places].mean())


def score_methods(world: World, seed: int) -> pd.DataFrame:
    """Score all methods on one chain: method, told (offers chosen by the truth) and measured (by a pilot), in euros.

    The customers with an even number make the choice, and those with an odd number are what it is valued on.
    """
    segments = divide(world)
    gains = list_gains(world).loc[segments.index]
    even = segments.index.to_numpy() % 2 == 0
    pilot = run_pilot(world, segments.index[even], seed)
    rows = []
    for method in METHODS:
        mine = segments[method]
        told = value_choice(mine, choose_by_truth(mine, gains[even]), gains[~even])
        measured = value_choice(mine, choose_by_pilot(mine, pilot), gains[~even])
        rows.append({"method": method, "told": told, "measured": measured})
    return pd.DataFrame(rows)


def read_stages() -> pd.DataFrame:
    """Read what many chains say, as `benchmarks/stages.py` wrote it: month, method, way, profit, low, high, more, …

    `profit` is a mean over chains in euros a customer with its 95 % interval; `more` is how much more than RFM's names,
    chain by chain, with `more_low` and `more_high`.
    """
    return pd.read_csv(TABLE)


def draw_stages(table: pd.DataFrame, title: str, *, most: float = 0.68, source: str = "") -> Axes:
    """Draw the profit of each method at each stage, with intervals; one way of choosing the offers.

    `most` is where the axis ends, in euros: the same for both ways, so that they can be compared.
    """
    ax = plt.subplots(figsize=(9, 5.2))[1]
    months = list(STAGES)
    for place, method in enumerate(METHODS):
        rows = table[table["method"] == method].set_index("month").loc[months]
        y = np.arange(len(months)) + 0.15 * (place - 2)
        ax.hlines(y, rows["low"], rows["high"], color=COLOURS[method], linewidth=2.5)
        ax.plot(rows["profit"], y, "o", color=COLOURS[method], markersize=8, label=method)
    ax.axvline(0, color=INK, linewidth=1)
    ax.set_yticks(range(len(months)), [f"month {month}\n{STAGES[month]}" for month in months])
    ax.set(ylim=(len(months) - 0.5, -0.55), xlim=(-0.01, most), xlabel="true profit a customer, euros")
    grid_along_x(ax)
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.14), ncols=3)
    headline(ax, title, f"mean of {table['chains'].min()} chains, with the 95 % interval", source)
    return ax
