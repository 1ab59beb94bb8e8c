"""The programme: a world of customers, receipts and contacts, in which waves are run. Start here.

    world = World(customers=5_000, months=24, seed=7)
    wave, later = world.run(plan)
    world.truth.lift(wave)

A world never changes: `run` returns the wave and the world afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from loyalty.world.card import run_trial
from loyalty.world.chain import list_products, stock_shelves
from loyalty.world.customers import draw_population
from loyalty.world.dirty import DirtyExport, export_dirty
from loyalty.world.effects import realise
from loyalty.world.fields import WorldError
from loyalty.world.identities import Identities, IdentityRules, make_identities
from loyalty.world.money import tabulate
from loyalty.world.offers import Contacts, cut, respond
from loyalty.world.parameters import Parameters
from loyalty.world.plans import Wave, leak, list_contacts, list_past, read_plan
from loyalty.world.presets import PRESETS
from loyalty.world.seasons import Calendar
from loyalty.world.shelf import ShelfRates, ShelfWeeks, make_shelf_weeks
from loyalty.world.state import State
from loyalty.world.till import print_receipts, write_receipts
from loyalty.world.truth.truth import Truth
from loyalty.world.visits import Scene


class World:
    """A simulated loyalty programme whose truth is known.

    Not for learning what your own customers would do: it shows whether a *method* finds what is there.

    Parameters
    ----------
    customers, months : int
        How many customers, and how many months of history from `parameters.start` on.
    seed : int
        The same seed gives the same world; another seed draws another chain and other customers by the same rules.
    preset : str
        A name in `loyalty.world.PRESETS`: default, small_chain, no_effects, strong_fatigue, cj_like.
    parameters : Parameters, optional
        A tree of your own instead of a preset.

    Raises
    ------
    WorldError
        With all problems at once.

    Examples
    --------
    >>> world = World(customers=200, months=6, seed=7)
    >>> plan = world.customers[["customer_id"]].assign(offer_id=["basket_discount", None] * 100, propensity=0.5)
    >>> wave, later = world.run(plan)
    >>> wave
    Wave 1 of wave-1 on 2023-07-01: basket_discount 100, control 100
    >>> later.end - world.end
    Timedelta('56 days 00:00:00')
    """

    _state: State

    def __init__(
        self,
        customers: int = 20_000,
        months: int = 36,
        seed: int = 7,
        preset: str = "default",
        *,
        parameters: Parameters | None = None,
    ) -> None:
        problems = [
            *_check_whole("customers", customers, 1, 20_000_000),
            *_check_whole("months", months, 1, 240),
            *_check_whole("seed", seed, 0, 2**63 - 1),
        ]
        if parameters is None and preset not in PRESETS:
            problems.append(f"preset should be one of {', '.join(PRESETS)}, found {preset!r}")
        if problems:
            raise WorldError(problems, "the world")
        tree = PRESETS[preset]() if parameters is None else parameters
        end = Calendar(tree, int(seed)).month_start(months)
        # Past __setattr__, which refuses every change
        self.__dict__["_state"] = State(int(customers), int(months), int(seed), tree, end)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a world does not change: `run` returns the world afterwards")

    def __repr__(self) -> str:
        state = self._state
        return (
            f"World of {state.size:,} customers, {state.parameters.start} to {self.end:%Y-%m-%d}, "
            f"preset {state.parameters.name}, seed {state.seed}, {len(state.waves)} waves"
        )

    # --- Tables ----------------------------------------------------------------------------------

    @property
    def parameters(self) -> Parameters:
        """All numbers of this world."""
        return self._state.parameters

    @property
    def seed(self) -> int:
        """The seed."""
        return self._state.seed

    @property
    def months(self) -> int:
        """Months of history before the first wave."""
        return self._state.months

    @property
    def end(self) -> pd.Timestamp:
        """The day after the last day of history: the next wave starts here."""
        return self.scene.calendar.date(self._state.end)

    @property
    def receipts(self) -> pd.DataFrame:
        """Receipt lines of all customers before the end."""
        return self._receipts.copy(deep=False)

    @property
    def products(self) -> pd.DataFrame:
        """All products."""
        return list_products(self.scene.shelves, self.parameters)

    @property
    def customers(self) -> pd.DataFrame:
        """Customers who have entered before the end; `joined_on` may lie before the first receipt."""
        people = self.scene.people
        date = self.scene.calendar.dates
        here = np.flatnonzero(people.entry < self._state.end)
        card = people.card[here]
        held = pd.Series(date(np.where(card < self._state.end, card, 0)), index=here)
        table = {
            "customer_id": here + 1,
            "joined_on": date(people.entry[here]),
            "card_since": held.where(card < self._state.end).to_numpy(),
            "home_store": people.home_store[here],
        }
        return pd.DataFrame(table)

    @property
    def contacts(self) -> pd.DataFrame:
        """Everybody in every wave so far: the chain's own campaigns of the past, then the waves that were run."""
        tables = [self._habit[1], *(wave.contacts for wave in self._state.waves)]
        return pd.concat([t for t in tables if len(t)] or tables[:1], ignore_index=True)

    @property
    def offers(self) -> pd.DataFrame:
        """What can be offered, and what it costs."""
        money = self.parameters.money
        offers = self.parameters.offers
        columns = {
            "offer_id": "name",
            "kind": "kind",
            "valid_days": "days",
            "discount_percent": "discount",
            "department": "department",
            "reward_cost": "reward",
            "points": "points",
            "contact_cost": "contact",
        }
        table = pd.DataFrame({name: [getattr(o, field) for o in offers] for name, field in columns.items()})
        return table.assign(point_cost=money.point_cost, redemption_probability=money.redemption)

    def write_parquet(self, folder: str | Path, *, threads: int = 1) -> None:
        """Write receipts (a folder), products, customers, contacts as Parquet, never holding all receipts at once."""
        target = Path(folder)
        (target / "receipts").mkdir(parents=True, exist_ok=True)
        write_receipts(self.scene, target / "receipts", self._state.end, self._log, threads)
        for name in ("products", "customers", "contacts"):
            getattr(self, name).to_parquet(target / f"{name}.parquet", index=False)

    def export_dirty(self, folder: str | Path, *, months: int = 4, seed: int | None = None) -> DirtyExport:
        """Write the last months of receipts as a till system would send them, with planted faults.

        Not for a table to work with: `receipts` is that. One CSV a month, semicolons, decimal comma, day first, one
        file in cp1251; what is wrong in them stands in `loyalty.world.dirty.plan.FAULTS`.

        Parameters
        ----------
        folder : str or pathlib.Path
            Where the files go; made if it is not there.
        months : int
            How many of the last months, 3 or more.
        seed : int, optional
            Draws which stores, cards and lines the faults fall on; the world's own if left out.

        Returns
        -------
        DirtyExport
            `files`, and `truth`: `truth.defects` (each fault with file and line) and `truth.clean`.

        Raises
        ------
        WorldError
            Fewer than five stores, or months that the world does not have.

        Examples
        --------
        >>> import tempfile
        >>> world = World(customers=600, months=3, seed=7, preset="small_chain")
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     export = world.export_dirty(folder, months=3)
        >>> export
        3 files, receipts_2023-01.csv to receipts_2023-03.csv
        """
        own = self.seed if seed is None else seed
        wrong = _check_whole("seed", own, 0, 2**63 - 1)
        wrong += (
            _check_whole("months", months, 3, self.months) if self.months >= 3 else ["a world of 3 months is needed"]
        )
        if wrong:
            raise WorldError(wrong, "the export")
        return export_dirty(self, self._receipts, self.end, folder, int(months), int(own))

    def make_identities(
        self, seed: int | None = None, *, rules: IdentityRules | None = None, histories: bool = True
    ) -> Identities:
        """Write down the customers as three sources know them: cards, accounts of the online shop, users of the app.

        Names, numbers and e-mails are invented: exchange 555, and example.com, .org, .net. Receipts stay as they are.

        Parameters
        ----------
        seed : int, optional
            Draws who has which record and how it was written; the world's own if left out.
        rules : IdentityRules, optional
            Every share; the usual ones if left out.
        histories : bool
            False leaves out who paid with which card and all sessions, which need the receipts.

        Returns
        -------
        Identities
            Frames `cards`, `accounts`, `app_users`, `card_baskets`, `sessions`; and `truth`, `truth_cookies`.

        Raises
        ------
        WorldError
            A share outside its limits, a seed that is no whole number, or more customers than phone numbers.

        Examples
        --------
        >>> World(customers=300, months=3, seed=7, preset="small_chain").make_identities(histories=False)
        290 cards, 128 accounts and 130 app users of 292 people; 0 sessions
        """
        own = self.seed if seed is None else seed
        wrong = _check_whole("seed", own, 0, 2**63 - 1)
        if wrong:
            raise WorldError(wrong, "the identities")
        return make_identities(self, self._receipts if histories else None, int(own), rules)

    def make_shelf_weeks(self, seed: int | None = None, *, rates: ShelfRates | None = None) -> ShelfWeeks:
        """Lay sold-out days and promotion weeks over the receipts: then sales are no longer what people wanted.

        Not for the effect of a promotion on other weeks or categories: nobody buys a substitute, comes back later, or
        buys less after a promotion. Sold-out days come oftener in weeks of high demand. The world itself is unchanged.

        Parameters
        ----------
        seed : int, optional
            Draws which categories and weeks it falls on; the world's own if left out.
        rates : ShelfRates, optional
            How often, how long and how much.

        Returns
        -------
        ShelfWeeks
            `receipts`, `flags` (what the shop wrote down) and `truth`: `truth.demand`, `truth.spells`, `truth.pieces`.

        Raises
        ------
        WorldError
            A seed or a rate that is none, or a world of less than two weeks.

        Examples
        --------
        >>> shelf = World(customers=300, months=12, seed=7).make_shelf_weeks()
        >>> sorted(shelf.truth.spells["kind"].unique())
        ['out_of_stock', 'promotion']
        """
        own = self.seed if seed is None else seed
        if wrong := _check_whole("seed", own, 0, 2**63 - 1):
            raise WorldError(wrong, "the shelf weeks")
        categories = self.products.set_index("product_id")["category"]
        demand = self.truth.expected_demand(self.scene.calendar.date(0), self.end, by="category")
        return make_shelf_weeks(self._receipts, categories, demand, int(own), rates or ShelfRates())

    # --- What happens ----------------------------------------------------------------------------

    def run(
        self,
        plan: pd.DataFrame,
        *,
        campaign_id: str | None = None,
        wave: int = 1,
        days: int = 28,
        post: int = 28,
        pre: int = 28,
        carry_over: bool = True,
        contamination: float = 0.0,
    ) -> tuple[Wave, World]:
        """Send a wave on the day `end`, and see what came of it.

        Parameters
        ----------
        plan : pandas.DataFrame
            One row a customer: `customer_id`, `offer_id` (empty for control), and if there was a draw `propensity`,
            the probability of what was drawn. `arm`, `stratum`, `segment`, `channel` are passed on. A plan without a
            control is allowed: the world protects nobody from a bad design.
        campaign_id, wave : str, int
            How the contacts and outcomes call it.
        days, post, pre : int
            Length of the main window from `end` on, of the one after it, and of the one before, in days; 0 for none.
        carry_over : bool
            False ends all effects of earlier waves on the first day.
        contamination : float
            Part of the control customers whom an offer of this wave reaches all the same.

        Returns
        -------
        wave : Wave
            `contacts` and `outcomes`. `redeemed` is 1 for customers who used the offer; `discount` is what it took off.
        later : World
            The world after the post window: its receipts contain what the wave did.

        Raises
        ------
        WorldError
            With all problems of the plan at once.
        """
        state = self._state
        scene = self.scene
        problems = [
            f"{name} should be {low} or more, found {value!r}"
            for name, value, low in (("days", days, 1), ("post", post, 0), ("pre", pre, 0))
            if value < low
        ]
        if not 0 <= contamination <= 1:
            problems.append(f"contamination should be from 0 to 1, found {contamination!r}")
        if not pre <= state.end:
            problems.append(f"pre should be at most the {state.end} days of history, found {pre}")
        if problems:
            raise WorldError(problems, "the wave")
        checked = read_plan(plan, tuple(o.name for o in self.parameters.offers), state.size)
        first = state.end
        number = len(self._log)
        past = self._log if carry_over else cut(self._log, state.end)
        rows, offers = leak(checked, scene.seed, number, contamination)
        sent = respond(scene.people, self.parameters, scene.seed, rows, offers, first, number, past)
        edges = (
            ("pre", first - pre, first),
            ("main", first, first + days),
            ("post", first + days, first + days + post),
        )
        windows = tuple((window, start, end) for window, start, end in edges if start < end)
        name = campaign_id or f"wave-{len(state.waves) + 1}"
        outcomes = tabulate(realise(scene, checked.rows, windows, (*past, sent)), checked.rows, windows, scene)
        outcomes.insert(0, "campaign_id", name)
        outcomes.insert(1, "wave", wave)
        contacts = list_contacts(scene, checked, sent, name, wave)
        result = Wave(name, wave, self.end, windows, checked, sent, scene, past, contacts, outcomes)
        return result, self._become(end=first + days + post, log=(*past, sent), waves=(*state.waves, result))

    def randomise_card_invitation(self, share: float = 0.5) -> tuple[Wave, World]:
        """Launch the card with a random encouragement: a random part of the customers is invited, and not all comply.

        Parameters
        ----------
        share : float
            Part of the customers of that day who are invited.

        Returns
        -------
        wave : Wave
            Arms `invited` and `control`; `pre` is up to a year before the launch, `main` from the launch to the end.
        later : World
            The same customers in a world in which the card came that way; its truth knows the compliers.
        """
        return run_trial(self, share)

    @property
    def truth(self) -> Truth:
        """The true effects, which no real chain ever knows. Estimate first."""
        return Truth(self)

    # --- Behind it -------------------------------------------------------------------------------

    @cached_property
    def scene(self) -> Scene:
        """Shelves, people and calendar: what a simulation needs."""
        state = self._state
        calendar = Calendar(state.parameters, state.seed)
        shelves = stock_shelves(state.parameters, state.seed)
        horizon = calendar.month_start(state.months + state.parameters.people.arriving)
        everybody = draw_population(state.size, state.parameters, state.seed, shelves, calendar, horizon, state.trial)
        for values in (*everybody.__dict__.values(), *shelves.__dict__.values()):
            if isinstance(values, np.ndarray):
                values.setflags(write=False)
        return Scene(state.parameters, state.seed, shelves, everybody, calendar)

    @cached_property
    def _habit(self) -> tuple[tuple[Contacts, ...], pd.DataFrame]:
        return list_past(self.scene, self.scene.calendar.month_start(self.months))

    @property
    def _log(self) -> tuple[Contacts, ...]:
        return self._state.log or self._habit[0]

    @cached_property
    def _receipts(self) -> pd.DataFrame:
        return print_receipts(self.scene, self._state.end, self._log)

    def _become(self, **changes: Any) -> World:
        later = object.__new__(World)
        later.__dict__["_state"] = replace(self._state, **changes)
        if "trial" not in changes:  # a trial changes who takes the card, and so the people
            later.__dict__["scene"] = self.scene
            later.__dict__["_habit"] = self._habit
        return later


def _check_whole(name: str, value: Any, low: int, high: int) -> list[str]:
    """Say that a value should be a whole number within limits; nothing if it is."""
    is_whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if is_whole and low <= value <= high:
        return []
    return [f"{name} should be a whole number from {low:,} to {high:,}, found {value!r}"]
