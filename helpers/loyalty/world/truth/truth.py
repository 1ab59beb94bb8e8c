"""The truth of a world: what no chain ever knows. Estimate first, then look.

Effects are per customer *assigned* (delivery included). `realised` is what happened to these very customers with the
luck they had; `expected` is its mean over all luck, and what ranking, regret and oracles should use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from loyalty.world.effects import Windows, contact_everybody, expect_outcomes, expected_effect, realise, realised_effect
from loyalty.world.fields import WorldError
from loyalty.world.money import MEASURES
from loyalty.world.offers import Contacts
from loyalty.world.plans import Wave, read_plan
from loyalty.world.state import Lived
from loyalty.world.truth import futures
from loyalty.world.truth.best_plan import BestPlan, find_best_plan
from loyalty.world.truth.card import CardTruth, card_effect
from loyalty.world.truth.population import draw_others
from loyalty.world.visits import Scene

Kind = Literal["expected", "realised"]
# Outcomes without a further offer, computed once for all offers
WITHOUT: dict[Kind, Callable[..., dict[str, np.ndarray]]] = {"expected": expect_outcomes, "realised": realise}


@dataclass(frozen=True)
class Truth:
    """All that is true about a world; reached as `world.truth`."""

    world: Lived

    # --- Offers ----------------------------------------------------------------------------------

    def effect(
        self,
        offer: str,
        as_of: str | pd.Timestamp | None = None,
        *,
        days: int = 28,
        post: int = 28,
        kind: Kind = "expected",
    ) -> pd.DataFrame:
        """What one offer would do to each customer: one row a customer, main and post window together.

        Parameters
        ----------
        offer : str
        as_of : str or pandas.Timestamp, optional
            Day of the contact, the end of history if left out; earlier contacts are those before it.
        days, post : int
            Length of the main window and the one after, in days.
        kind : {"expected", "realised"}

        Returns
        -------
        pandas.DataFrame
            customer_id; responded (main window), orders, sales, margin, discount, reward_paid, points_issued, profit
            (contact cost taken off) as differences with less without; `realised` also redeemed and points_redeemed.
        """
        scene = self.world.scene
        number = self._offer(offer)
        day = self.world._state.end if as_of is None else scene.calendar.day(as_of)
        rows = np.flatnonzero(scene.people.entry < day)
        past = tuple(w for w in self.world._log if w.start < day)
        windows = _windows(day, days, post)
        known = "without", kind, windows
        if known not in self._memory and kind in WITHOUT:
            self._memory[known] = WITHOUT[kind](scene, rows, windows, past)
        without = self._memory.get(known)
        found = _effect(scene, rows, np.full(len(rows), number), day, windows, past, kind, without=without)
        return pd.DataFrame(
            {"customer_id": rows + 1} | {n: v.sum(axis=1) if n != "responded" else v[:, 0] for n, v in found.items()}
        )

    def lift(
        self,
        wave: Wave,
        *,
        population: bool = False,
        kind: Kind = "realised",
        among: Literal["all", "treated"] = "all",
        where: Callable[[pd.DataFrame], pd.Series] | None = None,
        size: int = 100_000,
    ) -> pd.DataFrame:
        """True mean effect of each offer of a wave against no offer, per customer assigned.

        Parameters
        ----------
        wave : Wave
        population : bool
            False: the customers of the wave (the sample effect). True: the population that they were drawn from, by an
            independent draw of `size` customers of the same chain; `kind` is then "expected". Their earlier contacts
            are those of wave customers of the same type.
        kind : {"realised", "expected"}
            For the sample: with the luck that these customers had, or its mean.
        among : {"all", "treated"}
            All customers of the wave, or those who were assigned this offer.
        where : function, optional
            For the population of a wave that does not cover everybody: takes a table of customers (as
            `world.customers`) and says who belongs to it. Who was chosen by receipts has no such rule: use "expected".
        size : int

        Returns
        -------
        pandas.DataFrame
            Index (offer_id, window): main, post, both. Columns: n, the measures, profit (contact cost in main).

        Raises
        ------
        WorldError
            If the wave made no offer, or covers only a part of the customers and `where` is missing.
        """
        offers = np.unique(wave.plan.offer[wave.plan.offer >= 0])
        if not len(offers):
            raise WorldError(["no offer was made; for the card's trial see truth.card_effect"], "the wave")
        scene = wave.before
        rows = wave.plan.rows
        past = wave.past
        load = None
        if population:
            scene, rows, past, load = draw_others(self.world, wave, where, size)
            kind = "expected"
            among = "all"
        tables = {}
        for offer in offers:
            mine = rows if among == "all" else rows[wave.plan.offer == offer]
            known = (int(offer), kind, among, population, size, id(where), id(wave))
            if known not in self._memory:
                windows = tuple(w for w in wave.windows if w[0] != "pre")
                found = _effect(scene, mine, np.full(len(mine), offer), wave.sent.start, windows, past, kind, load)
                # Kept beside it, so that no later object takes over their identity.
                self._memory[known] = _average(found, windows, len(mine)), wave, where
            tables[self.world.parameters.offers[offer].name] = self._memory[known][0]
        return pd.concat(tables, names=["offer_id", "window"])

    def would_have_come_anyway(self, wave: Wave) -> pd.DataFrame:
        """For each customer with an offer: came in the main window, would have come without it, and used it."""
        treated = wave.plan.offer >= 0
        rows = wave.plan.rows[treated]
        offer = wave.plan.offer[treated]
        main = tuple(w for w in wave.windows if w[0] == "main")
        having, without = (realise(wave.before, rows, main, waves) for waves in ((*wave.past, wave.sent), wave.past))
        names = np.array([o.name for o in self.world.parameters.offers])
        return pd.DataFrame(
            {
                "customer_id": rows + 1,
                "offer_id": pd.array(names[offer], dtype="str"),
                "came": having["orders"][:, 0] > 0,
                "would_have_come": without["orders"][:, 0] > 0,
                "redeemed": having["redeemed"][:, 0] > 0,
            }
        )

    def value(self, plan: pd.DataFrame, *, days: int = 28, post: int = 28) -> float:
        """Expected profit in euros of a plan sent at the end of history, against contacting nobody."""
        checked = read_plan(plan, tuple(o.name for o in self.world.parameters.offers), self.world._state.size)
        treated = checked.offer >= 0
        if not treated.any():
            return 0.0
        day = self.world._state.end
        windows = _windows(day, days, post)
        found = _effect(
            self.world.scene, checked.rows[treated], checked.offer[treated], day, windows, self.world._log, "expected"
        )
        return float(found["profit"].sum())

    def best_plan(
        self, budget: float, *, segments: pd.DataFrame | None = None, days: int = 28, post: int = 28
    ) -> BestPlan:
        """The exact best plan that gives each segment at most one offer, for a budget that expected costs must keep.

        Cost is contact, expected discount, rewards and points. The default segments are the latent types: an oracle.

        Parameters
        ----------
        budget : float
            In euros.
        segments : pandas.DataFrame, optional
            customer_id and segment: what an analyst can see. A few dozen segments, or a few dozen customers.
        days, post : int

        Returns
        -------
        BestPlan
        """
        segments = self.types if segments is None else segments
        effects = {offer.name: self._expect_everybody(offer.name, days, post) for offer in self.world.parameters.offers}
        return find_best_plan(segments, self.world.parameters.offers, effects, budget)

    def _expect_everybody(self, offer: str, days: int, post: int) -> pd.DataFrame:
        """Expected effect of one offer on everybody, with the cost of its points; worked out once."""
        known = ("everybody", offer, days, post)
        if known not in self._memory:
            money = self.world.parameters.money
            found = self.effect(offer, days=days, post=post).set_index("customer_id")
            self._memory[known] = found.assign(points=found["points_issued"] * money.redemption * money.point_cost)
        return self._memory[known]

    # --- Customers -------------------------------------------------------------------------------

    @property
    def types(self) -> pd.DataFrame:
        """Latent type of each customer who has entered, as of the end."""
        return self.types_on(self.world.end)

    def types_on(self, date: str | pd.Timestamp) -> pd.DataFrame:
        """Latent type of each customer who had entered before a day."""
        people = self.world.scene.people
        day = self.world.scene.calendar.day(date)
        rows = np.flatnonzero(people.entry < day)
        names = np.array([t.name for t in self.world.parameters.types])
        return pd.DataFrame(
            {"customer_id": rows + 1, "type": pd.array(names[people.types_on(rows, day - 1)], dtype="str")}
        )

    @property
    def drift_dates(self) -> list[pd.Timestamp]:
        """Days on which some customers became another type; compare `types_on` before and after."""
        return [self.world.scene.calendar.date(day) for day in self.world.scene.people.borders]

    def alive(self, date: str | pd.Timestamp | None = None) -> pd.DataFrame:
        """Say whether each customer who entered before a day (the end) is still one; others never come back."""
        people = self.world.scene.people
        day = self.world._state.end if date is None else self.world.scene.calendar.day(date)
        rows = np.flatnonzero(people.entry < day)
        return pd.DataFrame({"customer_id": rows + 1, "alive": people.leave[rows] > day})

    def lifetime_value(self, *, days: int = 365, date: str | pd.Timestamp | None = None) -> pd.DataFrame:
        """Expected orders, sales and margin of each customer over the days from a day (the end) on.

        The expectation is over visits, baskets and leaving; customers who have left have nothing. No further wave is
        assumed.
        """
        day = self.world._state.end if date is None else self.world.scene.calendar.day(date)
        return futures.lifetime_value(self.world.scene, day, days, self.world._log)

    def expected_demand(
        self,
        start: str | pd.Timestamp,
        end: str | pd.Timestamp,
        *,
        by: Literal["department", "category", "product_id"] = "department",
    ) -> pd.DataFrame:
        """Expected pieces a day in [start, end): index date, one column a department, category or product.

        Who has left is as it is; additional lines of offers are left out.
        """
        calendar = self.world.scene.calendar
        return futures.expected_demand(self.world.scene, calendar.day(start), calendar.day(end), self.world._log, by)

    @property
    def card_effect(self) -> CardTruth:
        """What the card truly does, beside the gap that everybody sees; in a card trial also its two effects."""
        state = self.world._state
        return card_effect(self.world.scene, state.end, self.world._log, state.trial, state.months)

    # --- Products --------------------------------------------------------------------------------

    @property
    def communities(self) -> pd.DataFrame:
        """Planted community of each product."""
        shelves = self.world.scene.shelves
        names = np.array([c.name for c in self.world.parameters.chain.communities])
        return pd.DataFrame(
            {
                "product_id": np.arange(len(shelves.price)) + 1,
                "community": pd.array(names[shelves.community], dtype="str"),
            }
        )

    @property
    def successions(self) -> pd.DataFrame:
        """The timed rules: product X, product Y, who they hold for, with which probability, after how many days."""
        rules = self.world.parameters.chain.successions
        needs = self.world.scene.shelves.needs
        rows = [
            {
                "name": s.name,
                "first_product": int(x) + 1,
                "then_product": int(y) + 1,
                "types": ", ".join(s.types),
                "probability": s.probability,
                "elsewhere": s.probability * s.elsewhere,
                "soonest_days": s.soonest,
                "latest_days": s.latest,
            }
            for s, (x, y) in zip(rules, needs, strict=True)
        ]
        return pd.DataFrame(rows)

    # --- Behind it -------------------------------------------------------------------------------

    @property
    def _memory(self) -> dict:
        return self.world.__dict__.setdefault("_memory", {})

    def _offer(self, name: str) -> int:
        names = [o.name for o in self.world.parameters.offers]
        if name not in names:
            raise WorldError([f"there is no offer {name!r}; there are {', '.join(names)}"], "the offer")
        return names.index(name)


def _windows(day: int, days: int, post: int) -> Windows:
    return tuple(w for w in (("main", day, day + days), ("post", day + days, day + days + post)) if w[1] < w[2])


def _effect(
    scene: Scene,
    rows: np.ndarray,
    offer: np.ndarray,
    day: int,
    windows: Windows,
    past: tuple[Contacts, ...],
    kind: str,
    load: np.ndarray | None = None,
    without: dict[str, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    if kind not in ("expected", "realised"):
        raise WorldError([f"kind should be 'expected' or 'realised', found {kind!r}"], "the effect")
    new = contact_everybody(scene, rows, offer, day, past, load)
    if kind == "realised":
        return realised_effect(scene, rows, new, windows, past, without)
    return expected_effect(scene, rows, new, windows, past, without)


def _average(found: dict[str, np.ndarray], windows: Windows, count: int) -> pd.DataFrame:
    names = [n for n in (*MEASURES, "profit") if n in found]
    table = pd.DataFrame({n: found[n].mean(axis=0) for n in names}, index=[w[0] for w in windows])
    table.loc["both"] = table.sum()
    for rate in {"responded", "redeemed"} & set(names):
        table.loc["both", rate] = np.nan
    table.insert(0, "n", count)
    return table
