"""The chain of lesson 34 in its January: half of the customers are drawn once, and any offer can be sent to them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loyalty.evaluate.money.profit import campaign_money
from loyalty.stats.estimate import Estimate
from loyalty.stats.intervals import compare_means
from loyalty.world import Wave, World

CUSTOMERS = 40_000
SEED = 34
CONTACT = 0.08  # a letter, euros
CENT = 0.70 * 0.01  # what a new point costs: 70 of 100 are ever spent, at a cent each
PILOT = 4_000


@dataclass(frozen=True)
class January:
    """A chain on the morning of a campaign; made by `open_january`. `half` are the rows that the lottery drew."""

    world: World
    everybody: pd.DataFrame = field(repr=False)
    half: pd.Index = field(repr=False)

    def send(self, offer: str, days: int, post: int = 28) -> Wave:
        """Send an offer to the half that was drawn, always from the same morning.

        Parameters
        ----------
        offer : str
            A key of the world's offers.
        days : int
            How long the offer is valid: the window `main`.
        post : int
            Days that are watched afterwards: the window `post`.
        """
        plan = self.everybody.copy()
        plan.loc[self.half, "offer_id"] = offer
        return self.world.run(plan, campaign_id=offer, days=days, post=post)[0]

    def stop_the_clock(self, offer: str, day: int) -> dict[str, float]:
        """Measure the profit per customer if one counts until this day: `effect`, `low`, `high`, and the `truth`.

        Parameters
        ----------
        offer : str
            An offer without rewards, such as a discount.
        day : int
            Days since the sending.
        """
        wave = self.send(offer, day, post=0)
        seen = wave.outcomes[wave.outcomes["window"] == "main"]
        seen = seen.merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
        treated = seen["arm"] == offer
        profit = seen["margin"] - seen["points_issued"] * CENT - CONTACT * treated
        found = compare_means(profit[treated], profit[~treated])
        truth = float(self.world.truth.lift(wave).profit.iloc[0])
        return {"effect": found.effect, "low": found.low, "high": found.high, "truth": truth}

    def draw_pilots(self, offer: str) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Draw two pilots of 4,000 customers each, half of them with the offer; nobody is in both."""
        first = self.everybody.sample(PILOT, random_state=SEED)
        second = self.everybody.drop(first.index).sample(PILOT, random_state=SEED)
        for plan in (first, second):
            plan.iloc[: PILOT // 2, plan.columns.get_loc("offer_id")] = offer
        return first, second


def open_january() -> January:
    """Open the chain: 40,000 customers, and the half of them that the lottery drew; about two seconds.

    Examples
    --------
    >>> len(open_january().half)
    20000
    """
    world = World(customers=CUSTOMERS, months=24, seed=SEED)
    everybody = world.customers[["customer_id"]].assign(offer_id=None, propensity=0.5)
    half = everybody.sample(frac=0.5, random_state=SEED).index
    return January(world, everybody, half)


def price_points(january: January, wave: Wave, chances: dict[str, float]) -> pd.DataFrame:
    """Price the same points several times.

    Parameters
    ----------
    january : January
    wave : Wave
        Of an offer that gives points.
    chances : dict of str to float
        Label -> part of the points that is ever spent.

    Returns
    -------
    DataFrame
        One row a label: `profit`, `low`, `high` (euros per customer sent), `verdict`, `next` (what to do), and
        `truth`, the true profit at this price.
    """
    offers = january.world.offers
    secret = january.world.truth.lift(wave).xs("both", level=1).iloc[0]  # its profit is at 70 of 100 points spent
    rows = []
    for chance in chances.values():
        found = campaign_money(wave.contacts, wave.outcomes, offers, redemption_probability=chance)
        row = found.to_frame().iloc[0]
        kept = {name: row[name] for name in ("profit", "low", "high", "verdict")}
        kept["next"] = row["recommendation"].split(":")[0].split(" with")[0]
        kept["truth"] = float(secret["profit"] + (0.70 - chance) * 0.01 * secret["points_issued"])
        rows.append(kept)
    return pd.DataFrame(rows, index=pd.Index(chances))


def imagine_second_test(found: Estimate, times: int = 1_000_000, seed: int = SEED) -> pd.DataFrame:
    """Imagine a second test of the same size: what is true, and what the two tests together would say.

    Parameters
    ----------
    found : Estimate
        Of the first test.
    times : int
        How many imagined worlds.
    seed : int
        Of the imagination.

    Returns
    -------
    DataFrame
        One row a world: `true`, and `pooled`, the mean of the first and the imagined second result.
    """
    rng = np.random.default_rng(seed)
    believed = rng.normal(found.effect, found.se, times)
    second = rng.normal(believed, found.se)
    return pd.DataFrame({"true": believed, "pooled": (found.effect + second) / 2})
