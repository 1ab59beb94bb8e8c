"""What happens on the shelf: days on which a category is sold out, and weeks in which it is promoted.

An overlay: the world and its draws stay as they are, and its receipts are changed afterwards. So demand is known (what
people wanted), sales are known (what they got), and flags (what a shop's own system writes down).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import pandas as pd

from loyalty.world.draws import key, uniform
from loyalty.world.fields import WorldError

WEEK = 7
LINES_A_BASKET = 4_096  # more than any receipt has: tells lines apart
MOST_LIKELY = 0.5  # a week of very high demand is sold out with this probability at most
# Numbers of their own, far from those of `draws.Purpose`, so that neither list moves the other
Shelf = IntEnum("Shelf", {"SPELL": 101, "PROMOTION": 102, "PIECE": 103})


@dataclass(frozen=True)
class ShelfTruth:
    """What was wanted, and what the shelf did to it.

    Attributes
    ----------
    demand : pandas.DataFrame
        Expected pieces a day without any sold-out day and without promotions: index date, one column a category.
    spells : pandas.DataFrame
        One row a spell: category, kind ("out_of_stock" or "promotion"), start, end (the day after the last day), lift
        (expected pieces gained, as a fraction; 0 for sold-out days).
    pieces : pandas.DataFrame
        One row a category and day with an event: lost (pieces that were wanted and not sold), added (by a promotion).
    """

    demand: pd.DataFrame = field(repr=False)
    spells: pd.DataFrame = field(repr=False)
    pieces: pd.DataFrame = field(repr=False)


@dataclass(frozen=True)
class ShelfWeeks:
    """Receipts of a chain with sold-out days and promotion weeks; made by `World.make_shelf_weeks`.

    Attributes
    ----------
    receipts : pandas.DataFrame
        Lines under RECEIPTS: those of sold-out days are lost, some of promotion weeks have twice the pieces.
    flags : pandas.DataFrame
        What the shop wrote down: category, date, out_of_stock, promotion; one row a category and day with a flag.
    truth : ShelfTruth
    """

    receipts: pd.DataFrame = field(repr=False)
    flags: pd.DataFrame = field(repr=False)
    truth: ShelfTruth

    def __repr__(self) -> str:
        counts = self.truth.spells["kind"].value_counts()
        return (
            f"ShelfWeeks: {len(self.receipts):,} lines, {counts.get('out_of_stock', 0):,} spells sold out, "
            f"{counts.get('promotion', 0):,} promotion weeks"
        )


@dataclass(frozen=True)
class ShelfRates:
    """How often what happens on a shelf; a category and week has at most one spell of each kind.

    Attributes
    ----------
    out_of_stock : float
        Probability that a week of mean demand begins a spell; a week of twice the demand is twice as likely to.
    promotion : float
        Probability that a week is a promotion week (Monday to Sunday).
    shortest, longest : int
        Days of a spell.
    least, most : float
        A promotion's lift: 0.5 for half as many pieces again.
    discount : float
        Part of the price that a promotion takes off.
    """

    out_of_stock: float = 0.04
    promotion: float = 0.06
    shortest: int = 3
    longest: int = 12
    least: float = 0.4
    most: float = 1.0
    discount: float = 0.15

    def check(self) -> None:
        """Raise WorldError with all that is wrong."""
        shares = ("out_of_stock", "promotion", "least", "most", "discount")
        problems = [
            f"{name} should be a fraction from 0 to 1, found {getattr(self, name)!r}"
            for name in shares
            if not 0 <= getattr(self, name) <= 1
        ]
        if not 1 <= self.shortest <= self.longest:
            says = f"found {self.shortest!r} and {self.longest!r}"
            problems.append(f"shortest and longest should be days, 1 or more and the shortest first, {says}")
        if self.least > self.most:
            problems.append(f"least should be at most `most`, found {self.least!r} and {self.most!r}")
        if problems:
            raise WorldError(problems, "the shelf weeks")


def make_shelf_weeks(
    receipts: pd.DataFrame, categories: pd.Series, demand: pd.DataFrame, seed: int, rates: ShelfRates
) -> ShelfWeeks:
    """Lay sold-out days and promotion weeks over receipts; see `World.make_shelf_weeks`.

    Parameters
    ----------
    receipts : DataFrame
    categories : Series
        Category of each product: index product_id.
    demand : DataFrame
        Expected pieces a day: index date, one column a category.
    seed : int
    rates : ShelfRates
    """
    rates.check()
    spells = _draw_spells(demand, seed, rates)
    days = _spread_days(spells)
    lines = receipts.assign(category=receipts["product_id"].map(categories), date=receipts["time"].dt.normalize())
    changed, pieces = _change_lines(lines, days, seed, rates.discount)
    flags = days[["category", "date", "out_of_stock", "promotion"]]
    changed = changed.drop(columns=["category", "date"]).reset_index(drop=True)
    return ShelfWeeks(changed, flags, ShelfTruth(demand, spells, pieces))


def _draw_spells(demand: pd.DataFrame, seed: int, rates: ShelfRates) -> pd.DataFrame:
    """Draw the spells of each category, one row each, by category and day."""
    dates = pd.DatetimeIndex(demand.index)
    mondays = np.flatnonzero(dates.day_of_week == 0)
    mondays = mondays[mondays + WEEK <= len(dates)]
    who = np.arange(demand.shape[1])[:, None] * 10_000 + mondays[None, :]
    luck = uniform(key(seed, Shelf.SPELL, who.ravel())[:, None], np.arange(3)).reshape(*who.shape, 3)
    chance = uniform(key(seed, Shelf.PROMOTION, who.ravel())[:, None], np.arange(2)).reshape(*who.shape, 2)
    sums = np.add.reduceat(demand.to_numpy(), mondays, axis=0).T
    sums[:, -1] = demand.to_numpy()[mondays[-1] : mondays[-1] + WEEK].sum(axis=0)
    share = sums / np.maximum(sums.mean(axis=1, keepdims=True), 1e-12)
    runs_out = luck[..., 0] < np.minimum(rates.out_of_stock * share, MOST_LIKELY)
    first = mondays + (luck[..., 1] * WEEK).astype(int)
    length = rates.shortest + (luck[..., 2] * (rates.longest - rates.shortest + 1)).astype(int)
    promoted = chance[..., 0] < rates.promotion
    lift = rates.least + chance[..., 1] * (rates.most - rates.least)
    parts = []
    for kind, here, begins, days, gain in (
        ("out_of_stock", runs_out, first, length, np.zeros_like(lift)),
        ("promotion", promoted, np.broadcast_to(mondays, lift.shape), np.full(lift.shape, WEEK), lift),
    ):
        item, week = np.nonzero(here)
        a = begins[item, week]
        b = np.minimum(a + days[item, week], len(dates))
        inside = a < len(dates)
        table = {
            "category": demand.columns.to_numpy()[item],
            "kind": kind,
            "start": dates[0] + pd.to_timedelta(a, unit="D"),
            "end": dates[0] + pd.to_timedelta(b, unit="D"),
            "lift": gain[item, week],
        }
        parts.append(pd.DataFrame(table)[inside])
    return pd.concat(parts).sort_values(["category", "start", "kind"], ignore_index=True)


def _spread_days(spells: pd.DataFrame) -> pd.DataFrame:
    """Write one row a category and day with an event: out_of_stock, promotion, lift (0 where it is sold out)."""
    length = (spells["end"] - spells["start"]).dt.days.to_numpy()
    rows = spells.loc[spells.index.repeat(length)].reset_index(drop=True)
    step = np.arange(len(rows)) - np.repeat(np.cumsum(length) - length, length)
    rows["date"] = rows["start"] + pd.to_timedelta(step, unit="D")
    rows["out_of_stock"] = rows["kind"] == "out_of_stock"
    rows["promotion"] = rows["kind"] == "promotion"
    days = rows.groupby(["category", "date"], as_index=False)[["out_of_stock", "promotion", "lift"]].max()
    return days.assign(lift=days["lift"].where(~days["out_of_stock"], 0.0))


def _change_lines(
    lines: pd.DataFrame, days: pd.DataFrame, seed: int, discount: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take out the lines of sold-out days, double the pieces of some promoted ones; say what was lost and added."""
    events = days.set_index(["category", "date"])
    place = pd.MultiIndex.from_frame(lines[["category", "date"]])
    found = events.reindex(place)
    is_out = found["out_of_stock"].fillna(False).to_numpy(bool)
    lift = found["lift"].fillna(0.0).to_numpy()
    is_promoted = found["promotion"].fillna(False).to_numpy(bool) & ~is_out
    who = lines["basket_id"].to_numpy() * LINES_A_BASKET + lines["line_no"].to_numpy()
    is_doubled = is_promoted & (uniform(key(seed, Shelf.PIECE, who)) < lift)
    pieces = lines["quantity"].to_numpy()
    events["lost"] = pd.Series(pieces * is_out, place).groupby(level=[0, 1]).sum()
    events["added"] = pd.Series(pieces * is_doubled, place).groupby(level=[0, 1]).sum()
    counts = events[["lost", "added"]].fillna(0).astype("int64").reset_index()
    return _pay(lines, is_doubled, is_promoted, discount)[~is_out], counts


def _pay(lines: pd.DataFrame, is_doubled: np.ndarray, is_promoted: np.ndarray, discount: float) -> pd.DataFrame:
    """Write pieces, sales, discount and margin of lines in a promotion; all others stay to the cent."""
    times = 1 + is_doubled.astype(int)
    off = np.where(is_promoted, (lines["sales"] * times * discount).round(2), 0.0)
    changed = lines.assign(quantity=(lines["quantity"] * times).astype(lines["quantity"].dtype))
    for name, sign in (("sales", -1), ("discount", 1), ("margin", -1)):
        changed[name] = np.where(is_promoted, (lines[name] * times + sign * off).round(2), lines[name])
    return changed
