"""The October test of lesson 38: how it was dealt, what is behind its curtain, and the same test dealt again."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from loyalty.evaluate.budget.plan import BudgetPlan
from loyalty.stats import shrink_normal
from loyalty.tasks.t38.shelves import find_shelves
from loyalty.world import PRESETS, Wave, World

OFFERS = ["basket_discount", "category_discount", "bonus_points", "concierge"]
SUMS = ["margin", "discount", "reward_paid", "points_issued"]
POINT = 0.70 * 0.01  # 70 of 100 points are ever spent, each costs a cent
CONTROL = 0.10
CAUTION = 0.84  # standard errors down to the lower fifth
SEED = 38


class Autumn(NamedTuple):
    """The test of October: the chain before it, the customers who took part, what came of it, the chain afterwards."""

    world: World
    customers: pd.DataFrame
    wave: Wave
    later: World


class Curtain(NamedTuple):
    """What a contact truly brings and costs: one row a customer, one column an offer, euros."""

    profits: pd.DataFrame
    costs: pd.DataFrame


def play_autumn() -> Autumn:
    """Make the chain, find the segments, and deal the customers into fifths: four offers and a control group."""
    usual = PRESETS["default"]()  # the chain as always; only the present after a call is cheaper than usual
    offers = [replace(offer, reward=1.0) if offer.name == "concierge" else offer for offer in usual.offers]
    world = World(60_000, months=21, seed=SEED, parameters=replace(usual, name="calls", offers=tuple(offers)))
    customers = find_shelves(world)
    lots = np.random.default_rng(SEED)
    dealt = lots.permutation(np.resize(np.array([None, *OFFERS]), len(customers)))
    drawn = customers.assign(offer_id=dealt, propensity=1 / 5)
    wave, later = world.run(drawn, campaign_id="autumn test", pre=0)
    return Autumn(world, customers, wave, later)


def look_behind(autumn: Autumn) -> Curtain:
    """Look up what each offer would truly bring and cost at Christmas, customer by customer.

    Parameters
    ----------
    autumn : Autumn
    """
    ids = autumn.customers["customer_id"]
    profits = pd.DataFrame(index=pd.Index(ids))
    costs = pd.DataFrame(index=pd.Index(ids))
    prices = autumn.world.offers.set_index("offer_id")["contact_cost"]
    for offer in OFFERS:
        effect = autumn.later.truth.effect(offer).set_index("customer_id").reindex(ids)
        profits[offer] = effect["profit"]
        costs[offer] = effect["discount"] + effect["reward_paid"] + effect["points_issued"] * POINT + prices[offer]
    return Curtain(profits, costs)


def list_true_options(curtain: Curtain, home: pd.Series) -> pd.DataFrame:
    """List the true options: the mean of each segment, because a lot says who of a segment is contacted.

    Parameters
    ----------
    curtain : Curtain
    home : Series
        Segment of each customer, by customer_id.

    Returns
    -------
    DataFrame
        One row an option: segment, offer_id, profit, cost (euros a contact), customers.
    """
    tables = {"profit": curtain.profits, "cost": curtain.costs}
    means = {name: table.groupby(home).mean().stack() for name, table in tables.items()}
    table = pd.DataFrame(means).rename_axis(["segment", "offer_id"]).reset_index()
    return table.assign(customers=table["segment"].map(home.value_counts()))


def bring(plan: BudgetPlan, truth: pd.DataFrame) -> tuple[float, float]:
    """Say what a plan truly brings and truly costs, in euros.

    Parameters
    ----------
    plan : BudgetPlan
    truth : DataFrame
        As `list_true_options` makes it.
    """
    rows = plan.plan.merge(truth, on=["segment", "offer_id"], suffixes=("_planned", ""))
    return float(rows["contacts"] @ rows["profit"]), float(rows["contacts"] @ rows["cost"])


def pay_best_customers(autumn: Autumn, curtain: Curtain, offer: str, money: float) -> tuple[float, int]:
    """Give one offer to the best customers of the last year until the money is gone: what it brings, and to how many.

    Parameters
    ----------
    autumn : Autumn
    curtain : Curtain
    offer : str
    money : float
        Euros.
    """
    best_first = autumn.customers.sort_values("year", ascending=False)["customer_id"]
    paid = best_first[curtain.costs[offer][best_first].cumsum().to_numpy() <= money]
    return float(curtain.profits[offer][paid].sum()), len(paid)


def deal_lotteries(autumn: Autumn, truth: pd.DataFrame, times: int = 30) -> list[pd.DataFrame]:
    """Deal the lots of the test again, many times: the options as each of these lotteries would have shown them.

    Every customer lives five lives, one with nothing and one with each offer; a lot says which of them is seen.

    Parameters
    ----------
    autumn : Autumn
    truth : DataFrame
        As `list_true_options` makes it; its profit becomes the column `truth`.
    times : int

    Returns
    -------
    list of DataFrame
        Options: segment, offer_id, customers, profit, se, cost, truth.
    """
    earned, paid = _live_all_lives(autumn)
    lots = np.random.default_rng(SEED)
    lots.permutation(len(autumn.customers))  # the lottery that was really played
    true_profit = truth[["segment", "offer_id", "profit"]].rename(columns={"profit": "truth"})
    found = []
    for _ in range(times):
        life = lots.permutation(len(autumn.customers)) % 5
        found.append(_measure_lives(autumn.customers, life, earned, paid).merge(true_profit))
    return found


def _live_all_lives(autumn: Autumn) -> tuple[np.ndarray, np.ndarray]:
    """Profit and money spent of each customer of the test in five lives: with nothing, and with each offer."""
    earned, paid = [], []
    ids = autumn.customers["customer_id"]
    prices = autumn.world.offers.set_index("offer_id")["contact_cost"]
    for offer in [None, *OFFERS]:
        everybody = autumn.customers[["customer_id"]].assign(offer_id=offer)
        lived = autumn.world.run(everybody, pre=0)[0].outcomes
        rows = lived.groupby("customer_id")[SUMS].sum().reindex(ids)
        contact = prices[offer] if offer else 0.0
        given = rows["reward_paid"] + rows["points_issued"] * POINT + contact
        earned.append(rows["margin"] - given)
        paid.append(rows["discount"] + given)
    return np.array(earned), np.array(paid)


def _measure_lives(people: pd.DataFrame, life: np.ndarray, earned: np.ndarray, paid: np.ndarray) -> pd.DataFrame:
    """The table of options that one lottery shows, sharpened by the year before."""
    everybody = np.arange(len(people))
    year = people["year"].to_numpy() - people["year"].mean()
    profit = earned[life, everybody]
    profit = profit - (year * profit).sum() / (year**2).sum() * year
    segment = people["segment"].astype("category").to_numpy()
    rows = pd.DataFrame({"segment": segment, "life": life, "profit": profit, "spent": paid[life, everybody]})
    groups = rows.groupby(["segment", "life"], observed=True)
    cells = groups.mean().assign(var=groups["profit"].var() / groups.size()).reset_index()
    treated = cells[cells["life"] > 0]
    both = treated.merge(cells[cells["life"] == 0], on="segment", suffixes=("", "_control"))
    table = pd.DataFrame({"segment": both["segment"].astype("str"), "offer_id": np.array(OFFERS)[both["life"] - 1]})
    table["customers"] = table["segment"].map(people["segment"].value_counts())
    table["profit"] = both["profit"] - both["profit_control"]
    table["se"] = (both["var"] + both["var_control"]) ** 0.5
    table["cost"] = (both["spent"] - both["spent_control"]).clip(lower=0.02)  # by luck a cheap offer may look free
    return table


def read_in_five_ways(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Read the profit of each option in five ways: as it stands, with caution, calmed twice, and one lift an offer.

    Parameters
    ----------
    table : DataFrame
        Options with segment, offer_id, customers, profit, se.
    """
    offers = table.groupby("offer_id")
    by_offer = pd.concat([shrink_normal(rows["profit"], rows["se"]).table["shrunken"] for _, rows in offers])
    lift = offers[["profit", "customers"]].apply(lambda rows: np.average(rows["profit"], weights=rows["customers"]))
    return {
        "raw": table["profit"],
        "raw, cautious": table["profit"] - CAUTION * table["se"],
        "calmed towards its offer": by_offer,
        "calmed, one bank for all": shrink_normal(table["profit"], table["se"]).table["shrunken"],
        "one lift for each offer": table["offer_id"].map(lift),
    }


def spend(table: pd.DataFrame, profit: pd.Series, money: float = 10_000) -> dict[str, float]:
    """Plan as the lesson does, by a linear programme: what the plan promises, and what it truly brings.

    Parameters
    ----------
    table : DataFrame
        Options with segment, customers, cost and `truth`.
    profit : Series
        What is believed of a contact, by the table's index.
    money : float
        Euros.
    """
    sizes = table.groupby("segment")["customers"].first()
    belongs = np.array([table["segment"] == name for name in sizes.index], dtype=float)
    most = [*(1 - CONTROL) * sizes, money]
    found = linprog(-profit[table.index], A_ub=[*belongs, table["cost"]], b_ub=most)
    return {"promised": -found.fun, "brought": float(found.x @ table["truth"])}
