"""A programme: wave after wave in the simulated chain, by one policy; its log, its profit, and its regret.

A wave starts every 28 days, and its window is these 28 days: there is no post window. Nothing is cut off between
waves. What an offer pulled forward is missing in the next wave, and a customer who was written to lately is tired:
both are in the next wave's outcome, for every arm alike in expectation, because the lottery does not know them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from loyalty.learn.policy.customers import SILENT_DAYS, describe_customers
from loyalty.learn.policy.policies import BestPolicy, Lot, Past, Policy
from loyalty.learn.policy.rules import Choice, hold_back
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import collect, open_table
from loyalty.world import World
from loyalty.world.effects import contact_everybody, expect_outcomes, expected_effect, realise
from loyalty.world.offers import Contacts, respond
from loyalty.world.visits import Scene

DAYS = 28
SILENT_WAVES = SILENT_DAYS // DAYS
NEW = "new"  # segment of customers who entered after the first wave's day
NOT_YET = 100_000  # days since the last purchase of those who never bought


@dataclass(frozen=True, eq=False, repr=False)
class Programme:
    """What a programme of many waves did and earned; built by `run_programme`.

    Attributes
    ----------
    log : pandas.DataFrame
        One row a customer and wave: wave, customer_id, segment, arm, propensity (the chance of that arm), one column
        `chance_…` an arm, holdout, resting, profit (euros in the wave's window, contact cost taken off), and the
        profile that the policy looks at.
    waves : pandas.DataFrame
        One row a wave: start, customers, contacts, cost (of contacts, euros); profit, of all customers of the
        programme; gain, that profit less what the same customers would have brought without any contact, with the
        luck that they had; expected_gain, its mean over the customers' luck, given who was sent what.
    totals : pandas.DataFrame
        One row a customer of the programme, whether in the lotteries or silent: customer_id, segment, holdout, profit
        of all waves together, gain as above.
    error : float
        Largest standard error of a chance that was found by drawing; see `Choice.error`.
    """

    name: str
    log: pd.DataFrame
    waves: pd.DataFrame
    totals: pd.DataFrame
    error: float = 0.0

    @property
    def profit(self) -> float:
        """What the programme earned in expectation over the customers' luck, against no contact, in euros."""
        return float(self.waves["expected_gain"].sum())

    def regret(self, best: Programme) -> pd.Series:
        """What was lost up to each wave against another programme, in expected euros; of the best, this is regret.

        Parameters
        ----------
        best : Programme
            Of the same world, waves and rules.
        """
        if not isinstance(best, Programme):
            raise TableError(
                [f"best should be a programme of `run_programme`, found {type(best).__name__}"], "the regret"
            )
        if len(best.waves) != len(self.waves) or not (best.waves["start"] == self.waves["start"]).all():
            raise TableError(["both programmes should have the same waves"], "the regret")
        lost = (best.waves["expected_gain"] - self.waves["expected_gain"]).cumsum()
        return pd.Series(lost.to_numpy(), index=self.waves["wave"].to_numpy(), name="regret")

    def __repr__(self) -> str:
        return f"Programme {self.name}: {len(self.waves)} waves, {self.profit:,.0f} € more than without contact"

    def _repr_html_(self) -> str:
        title = f"{self.name}: {len(self.waves)} waves, {self.profit:,.0f} € more than without contact (expected)"
        return render_html(self.waves.assign(start=self.waves["start"].dt.strftime("%Y-%m-%d")).round(0), title)


@check_arguments
def run_programme(
    world: World,
    policy: Policy,
    waves: int = 26,
    *,
    customers: Any = None,
    seed: int | None = None,
    then: World | None = None,
    switch: int | None = None,
) -> Programme:
    """Run a programme in a simulated chain: a wave every 28 days by one policy, which sees its own log alone.

    Not for a real chain, and not with the world's own `run`, which adds tables that are not needed here: the customers
    and their luck are the same to the last cent.

    Parameters
    ----------
    world : World
        The first wave starts at its end.
    policy : Policy
    waves : int
        How many, 1 or more.
    customers : table, optional
        Who belongs to the programme: customer_id, segment, recency_days, and a policy's profile; `describe_customers`
        if left out, and those who come later (only in a world with `people.arriving`), as the segment `NEW`. Who has
        bought nothing in the last half year takes no part in a wave, and comes back, or begins, by buying.
    seed : int, optional
        Of the holdout and the lotteries; the world's own if left out.
    then : World, optional
        The same chain with other offers' effects: they hold from wave `switch` on. Changed taste.
    switch : int, optional

    Returns
    -------
    Programme

    Raises
    ------
    TableError
        An offer that the world does not have, customers who do not exist, or a second world of other customers.

    Examples
    --------
    >>> from loyalty.learn.policy import EqualSplit, Rules
    >>> found = run_programme(World(customers=300, months=12, seed=7), EqualSplit(Rules(("gift",))), waves=2)
    >>> found.waves[["wave", "contacts"]].shape
    (2, 2)
    """
    return next(iter(run_programmes(
        world, {"programme": policy}, waves, customers=customers, seed=seed, then=then, switch=switch
    ).values()))  # fmt: skip


@check_arguments
def run_programmes(
    world: World,
    policies: Mapping[str, Policy],
    waves: int = 26,
    *,
    customers: Any = None,
    seed: int | None = None,
    then: World | None = None,
    switch: int | None = None,
) -> dict[str, Programme]:
    """Run several policies in the same world, with the same luck of customers and lotteries: they are paired.

    Parameters
    ----------
    world, waves, customers, seed, then, switch
        As for `run_programme`.
    policies : mapping of str to Policy

    Returns
    -------
    dict of str to Programme

    Examples
    --------
    >>> from loyalty.learn.policy import EqualSplit, RepeatWinner, Rules
    >>> rules = Rules(("gift", "reminder"))
    >>> world = World(customers=300, months=12, seed=7)
    >>> found = run_programmes(world, {"equal": EqualSplit(rules), "winner": RepeatWinner(rules)}, waves=2)
    >>> bool((found["equal"].log.arm == found["winner"].log.arm)[found["equal"].log.wave == 1].all())
    True
    """
    _check_call(world, policies, waves, then, switch)
    people = _list_customers(world) if customers is None else collect(open_table(customers))
    stage = _set_stage(world, people, int(waves), then, switch)
    draw = world.seed if seed is None else int(seed)
    return {name: _play(stage, name, policy, draw) for name, policy in policies.items()}


def _list_customers(world: World) -> pd.DataFrame:
    """The customers of the first day, and those who will enter later: in no wave before they have bought."""
    known = describe_customers(world)
    later = np.flatnonzero(world.scene.people.entry >= world._state.end)
    if not len(later):
        return known
    new = pd.DataFrame({"customer_id": later + 1, "segment": NEW, "recency_days": np.float64(NOT_YET)})
    return pd.concat([known, new], ignore_index=True).fillna(0.0)


def _check_call(
    world: World, policies: Mapping[str, Policy], waves: int, then: World | None, switch: int | None
) -> None:
    problems = []
    if not policies:
        problems.append("there should be at least one policy")
    if isinstance(waves, bool) or waves < 1:
        problems.append(f"waves should be 1 or more, found {waves!r}")
    known = [offer.name for offer in world.parameters.offers]
    for name, policy in policies.items():
        if not isinstance(policy, Policy):
            problems.append(f"{name} should be a policy, found {policy!r}")
            continue
        problems += [f"{name}: there is no offer {o!r}" for o in policy.rules.offers if o not in known]
    if (then is None) != (switch is None):
        problems.append("`then` and `switch` belong together: another world, and the wave from which it holds")
    if switch is not None and not (not isinstance(switch, bool) and 1 <= switch <= max(waves, 1)):
        problems.append(f"switch should be a wave of the programme, from 1 to {waves}, found {switch!r}")
    if then is not None:
        same = (then.seed, then.months, then._state.size) == (world.seed, world.months, world._state.size)
        names = [offer.name for offer in then.parameters.offers]
        own = world.parameters
        if not same or names != known or replace(then.parameters, name=own.name, offers=own.offers) != own:
            problems.append(
                "`then` should be the same chain (seed, months, customers, offers' names) with other effects"
            )
    if problems:
        raise TableError(problems, "the programme")


@dataclass(frozen=True, eq=False)
class _Stage:
    """What all policies of one world share: people, scenes, and what happens when nobody is written to."""

    people: pd.DataFrame
    rows: np.ndarray
    start: int
    scenes: tuple[Scene, ...]
    habit: tuple[Contacts, ...]
    untouched: np.ndarray  # customers × waves, with their luck
    expected: np.ndarray  # the same, luck averaged
    types: tuple[np.ndarray, ...]


def _set_stage(world: World, people: pd.DataFrame, waves: int, then: World | None, switch: int | None) -> _Stage:
    missing = [name for name in ("customer_id", "segment", "recency_days") if name not in people]
    if missing:
        raise TableError([f"there is no column `{name}`" for name in missing], "the customers")
    problems = []
    inside = people["customer_id"].isin(np.arange(world._state.size) + 1)
    if not len(people) or not inside.all() or people["customer_id"].duplicated().any():
        problems.append("each row should be another customer of the world")
    if people["segment"].isna().any():
        problems.append("`segment` is empty in some rows")
    days = pd.to_numeric(people["recency_days"], errors="coerce")
    if not days.between(0, np.inf, inclusive="left").all():
        problems.append("`recency_days` should be days, 0 or more, in every row")
    if problems:
        raise TableError(problems, "the customers")
    people = people.assign(customer_id=people["customer_id"].astype(np.int64), recency_days=days)
    people = people.sort_values("customer_id", ignore_index=True)
    rows = people["customer_id"].to_numpy() - 1
    start = world._state.end
    scene = world.scene
    later = scene if then is None else replace(scene, parameters=then.parameters)
    first_of_later = waves if switch is None else switch - 1
    scenes = tuple(scene if wave < first_of_later else later for wave in range(waves))
    windows = tuple((str(w), start + DAYS * w, start + DAYS * (w + 1)) for w in range(waves))
    habit = world._log
    untouched = realise(scene, rows, windows, habit)["profit"]
    expected = np.column_stack([expect_outcomes(scene, rows, (w,), habit)["profit"] for w in windows])
    kinds = np.array([t.name for t in world.parameters.types])
    types = tuple(kinds[scene.people.types_on(rows, day)] for _, day, _ in windows)
    return _Stage(people, rows, start, scenes, habit, untouched, expected, types)


def _play(stage: _Stage, name: str, policy: Policy, seed: int) -> Programme:
    """Run one policy through all waves."""
    names = [offer.name for offer in stage.scenes[0].parameters.offers]
    codes = np.array([-1, *(names.index(offer) for offer in policy.rules.offers)])
    price = np.array([0.0, *(stage.scenes[0].parameters.offers[c].contact for c in codes[1:])])
    segment, segments = pd.factorize(stage.people["segment"].astype("str"), sort=True)
    silent = stage.people["recency_days"].to_numpy() // DAYS
    ids = stage.people["customer_id"].to_numpy()
    profile = stage.people[list(policy.columns)].to_numpy(float)
    past = stage.habit
    seen = Past((), tuple(segments))
    logs: list[pd.DataFrame] = []
    table: list[dict[str, Any]] = []
    error = 0.0
    total = np.zeros(len(ids))
    for wave, scene in enumerate(stage.scenes):
        part = np.flatnonzero(silent <= SILENT_WAVES)
        choice = _choose(stage, policy, seen, part, wave, codes[1:], past, seed)
        error = max(error, choice.error)
        place = pd.Index(policy.rules.arms).get_indexer(pd.Index(choice.table["arm"]))
        treated = part[place > 0]
        sent = _send(scene, stage.rows[treated], codes[place[place > 0]], stage.start + DAYS * wave, past)
        found = realise(scene, stage.rows, _window(stage, wave), (*past, sent))
        profit = found["profit"][:, 0]
        profit[part] -= price[place]
        total += profit
        table.append(_sum_up(stage, wave, sent, past, profit, float(price[place].sum())) | {"customers": len(part)})
        out = (choice.table["holdout"] | choice.table["resting"]).to_numpy()
        lot = Lot(wave + 1, segment[part[~out]], place[~out], profit[part[~out]], profile[part[~out]])
        seen = Past((*seen.lots, lot), seen.segments, (*seen.contacts, (wave + 1, ids[treated])))
        logs.append(_write_log(wave + 1, stage.people.iloc[part], choice, profit[part], policy))
        silent = np.where(found["orders"][:, 0] > 0, 0, silent + 1)
        past = (*past, sent)
    totals = stage.people[["customer_id", "segment"]].assign(
        holdout=hold_back(ids, policy.rules, seed), profit=total, gain=total - stage.untouched.sum(axis=1)
    )
    waves = pd.DataFrame(table)[["wave", "start", "customers", "contacts", "cost", "profit", "gain", "expected_gain"]]
    return Programme(name, pd.concat(logs, ignore_index=True), waves, totals, error)


def _choose(
    stage: _Stage,
    policy: Policy,
    seen: Past,
    part: np.ndarray,
    wave: int,
    offers: np.ndarray,
    past: tuple[Contacts, ...],
    seed: int,
) -> Choice:
    """Ask the policy; only the best one is shown the truth."""
    people = stage.people.iloc[part]
    truth = None
    if isinstance(policy, BestPolicy):
        people = people.assign(type=stage.types[wave][part])
        truth = find_truth(stage.scenes[wave], stage.rows[part], offers, stage.start + DAYS * wave, past)
    return policy.decide(seen, people.reset_index(drop=True), seed, truth)


def _window(stage: _Stage, wave: int) -> tuple[tuple[str, int, int], ...]:
    day = stage.start + DAYS * wave
    return (("main", day, day + DAYS),)


def _send(scene: Scene, rows: np.ndarray, offers: np.ndarray, day: int, past: tuple[Contacts, ...]) -> Contacts:
    return respond(scene.people, scene.parameters, scene.seed, rows, offers, day, len(past), past)


def _sum_up(
    stage: _Stage, wave: int, sent: Contacts, past: tuple[Contacts, ...], profit: np.ndarray, cost: float
) -> dict[str, Any]:
    """One row of the table of waves."""
    return {
        "wave": wave + 1,
        "start": stage.scenes[wave].calendar.date(sent.start),
        "contacts": len(sent.rows),
        "cost": cost,
        "profit": float(profit.sum()),
        "gain": float((profit - stage.untouched[:, wave]).sum()),
        "expected_gain": _expect_gain(stage, sent, past, wave) - cost,
    }


def find_truth(scene: Scene, rows: np.ndarray, offers: np.ndarray, day: int, past: tuple[Contacts, ...]) -> np.ndarray:
    """True expected effect of each offer on the profit of each customer, the 28 days after the window counted in.

    Returns
    -------
    array, customers × offers
        In euros; contact cost taken off.
    """
    windows = (("main", day, day + DAYS), ("post", day + DAYS, day + 2 * DAYS))
    without = expect_outcomes(scene, rows, windows, past)
    found = []
    for offer in offers:
        new = contact_everybody(scene, rows, int(offer), day, past)
        found.append(expected_effect(scene, rows, new, windows, past, without)["profit"].sum(axis=1))
    return np.column_stack(found)


def _expect_gain(stage: _Stage, sent: Contacts, past: tuple[Contacts, ...], wave: int) -> float:
    """Expected profit of a wave, contact cost left out, against a life without any contact of the programme."""
    scene = stage.scenes[wave]
    window = _window(stage, wave)
    now = expect_outcomes(scene, stage.rows, window, past)["profit"][:, 0]
    more = 0.0
    if len(sent.rows):
        here = np.searchsorted(stage.rows, sent.rows)
        having = expect_outcomes(scene, sent.rows, window, past, sent)["profit"][:, 0]
        more = scene.parameters.response.delivered * float((having - now[here]).sum())
    return float((now - stage.expected[:, wave]).sum()) + more


def _write_log(wave: int, people: pd.DataFrame, choice: Choice, profit: np.ndarray, policy: Policy) -> pd.DataFrame:
    rows = choice.to_frame()
    rows.insert(0, "wave", wave)
    rows.insert(2, "segment", people["segment"].to_numpy())
    rows["profit"] = profit
    for name in policy.columns:
        rows[name] = people[name].to_numpy()
    return rows
