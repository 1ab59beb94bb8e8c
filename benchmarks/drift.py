"""Does the drift alarm keep its promise, and what does it find? Writes docs/tables/drift.md.

`python benchmarks/drift.py` draws everything anew (seeds and bounds fixed before the first run; about five minutes of
one processor) and ends with code 1 if a bound is not kept; `--quick` draws a twentieth and writes nothing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.segment.drift.months import Months, count_cells, lay_side_by_side
from loyalty.segment.drift.stability_index import judge_cells
from loyalty.segment.drift.watch import FEW, TESTS, check_months, compare_moves
from loyalty.tasks.t26.scene import Town, keep_steady, open_rival, open_town, photograph_needs
from loyalty.world.parameters import Drift

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables" / "drift.md"
ALARMS = 0.05
CHECKS = 12
EACH = 1 - (1 - ALARMS) ** (1 / (TESTS * CHECKS))
LEVEL = 0.95
DRAWS = 1_000
OVER = 6  # months over which moves are counted
YEARS, SHIFTS, STEADY, TOWNS = 1_000, 200, 200, 40
PAIRS, MOVES = 2_000, 20_000
MOST = 0.9995  # a true rate at its limit passes a bound with this chance
LEAST_FOUND = 0.8
FIRST_SEED = 26_000
OPENS = 24  # the month in which customers change
USUAL = np.array([0.40, 0.25, 0.20, 0.10, 0.05])
RARE = np.array([0.70, 0.20, 0.06, 0.03, 0.01])
NAMES = ("a", "b", "c", "d", "e")

TEXT = """# The drift alarm

Made by `python benchmarks/drift.py` (seeds {first:,} on; seeds and bounds fixed before the first run). A year is twelve
checks of shares and of moves, which share {alarms:.0f} %: each test gets {each:.3f} %, and a check {draws:,} draws of
the bootstrap. Bounds: where nothing should ring, at most what a true rate of {alarms:.0f} % leaves to chance (it stays
below with a chance of {most:.2f} %); drift is found in at least {found:.0f} % of the runs. Lines without a bound are
only counted. {verdict}

## Years

*Home* is a process of our own: each customer shows a home segment in 70 % of the months, else any; a tenth is absent;
in summer ten points more have the last segment. *Sticky*: 3 % of the customers draw a new segment each month, and
moves are few. *World*: the simulated chain of lesson 26, labels by need from three months of receipts.

| what | customers | runs | ring | bound |
|---|---|---|---|---|
{years}

## One check of the index

Two months of 1,000 customers without drift, five segments, a promise of {alarms:.0f} %. *Usual* shares are 40, 25, 20,
10 and 5 %, *rare* ones 70, 20, 6, 3 and 1 %; the others draw a new segment by the same shares.

| shares | stay | pairs | ring | bound |
|---|---|---|---|---|
{pairs}

## One test of the moves

Few customers were seen a year ago, 1,000 others now, and the same share moves in both years. *Without the rule*: the
normal distribution alone. *With it*: fewer than {few} movers or stayers in one of the years are not tested; the share
is of all pairs. The last two columns are multiples of the promised {each:.3f} %. Nothing here has a bound.

| seen a year ago | move | pairs | tested | without the rule | with it | without, times | with, times |
|---|---|---|---|---|---|---|---|
{moves}
"""


class Line(NamedTuple):
    """How many of some runs rang, and the bound: at most, at least, or none."""

    what: str
    where: str
    runs: int
    rings: int
    most: int | None = None
    least: int | None = None

    @property
    def is_kept(self) -> bool:
        """Whether the count is inside its bound."""
        return (self.most is None or self.rings <= self.most) and (self.least is None or self.rings >= self.least)

    def write(self) -> str:
        """One row of the page."""
        bound = "–"
        if self.most is not None:
            bound = f"at most {self.most:,}"
        elif self.least is not None:
            bound = f"at least {self.least:,}"
        share = f"{100 * self.rings / self.runs:.3g}"
        mark = "" if self.is_kept else " **not kept**"
        return f"| {self.what} | {self.where} | {self.runs:,} | {self.rings:,} ({share} %) | {bound}{mark} |"


def allow(runs: int) -> int:
    """The most that may ring of runs without drift."""
    return int(stats.binom.ppf(MOST, runs, ALARMS))


# --- Years of our own processes --------------------------------------------------------------------


def draw_homes(
    rng: np.random.Generator, customers: int, months: int, *, shift: float = 0.0, exchange: float = 0.0, since: int = 12
) -> np.ndarray:
    """Customers with a home segment and a season, one column a month; −1 is absent.

    From the month `since` on a part `shift` of all has the fourth segment for the first one; in that month a part
    `exchange` draws a new home by the same shares.
    """
    shape = (customers, months)
    late = np.arange(months) >= since
    old = rng.choice(5, customers, p=USUAL)
    new = np.where(rng.random(customers) < exchange, rng.choice(5, customers, p=USUAL), old)
    home = np.where(late, new[:, None], old[:, None])
    shown = np.where(rng.random(shape) < 0.7, home, rng.choice(5, shape, p=USUAL))
    shown[late & (shown == 0) & (rng.random(shape) < shift / USUAL[0])] = 3
    summer = np.isin(np.arange(months) % 12, (5, 6, 7))
    shown[summer & (shown == 0) & (rng.random(shape) < 0.1 / USUAL[0])] = 4
    return np.where(rng.random(shape) < 0.1, -1, shown)


def draw_sticky(rng: np.random.Generator, customers: int, months: int) -> np.ndarray:
    """Customers who seldom change: 3 of 100 draw a new segment each month."""
    labels = rng.choice(5, (customers, months), p=USUAL)
    moves = rng.random((customers, months)) < 0.03
    moves[:, 0] = True
    last = np.maximum.accumulate(np.where(moves, np.arange(months), 0), axis=1)
    return np.take_along_axis(labels, last, axis=1)


def check_labels(labels: np.ndarray, seed: int, over: int) -> pd.DataFrame:
    """The checks of labels as numbers."""
    days = tuple(pd.date_range("2023-01-01", periods=labels.shape[1], freq="MS"))
    codes = np.asfortranarray(labels.astype(np.int16))
    months = Months(days, NAMES, codes, (("1",),) * labels.shape[1])
    return check_months(months, EACH, over, LEVEL, DRAWS, np.random.default_rng([seed, 26]))


def count_years(runs: int, draw: Callable[[np.random.Generator], np.ndarray], first: int, over: int) -> tuple[int, ...]:
    """Of so many years: how many ring at all, by the shares, and by the moves."""
    rings = np.zeros(3, dtype=int)
    for seed in range(first, first + runs):
        alarm = check_labels(draw(np.random.default_rng(seed)), seed, over)["alarm"].iloc[-CHECKS:]
        rings += [(alarm != "").any(), alarm.str.contains("shares").any(), alarm.str.contains("moves").any()]
    return tuple(int(one) for one in rings)


def grade_processes(part: float) -> list[Line]:
    """Years of the processes that are not the world's."""
    years, shifts = (max(2, round(part * runs)) for runs in (YEARS, SHIFTS))
    quiet = count_years(years, lambda rng: draw_homes(rng, 1_000, 24), FIRST_SEED, 1)
    sticky = count_years(years, lambda rng: draw_sticky(rng, 200, 30), FIRST_SEED + 10_000, OVER)
    shift = count_years(shifts, lambda rng: draw_homes(rng, 2_000, 24, shift=0.05), FIRST_SEED + 20_000, 1)
    exchange = count_years(
        shifts, lambda rng: draw_homes(rng, 2_000, 30, exchange=0.25, since=18), FIRST_SEED + 30_000, OVER
    )
    least = int(np.ceil(LEAST_FOUND * shifts))
    return [
        Line("nothing changes but the season (home)", "1,000", years, quiet[0], most=allow(years)),
        Line("nothing changes, few move (sticky)", "200", years, sticky[0], most=allow(years)),
        Line("five points change segment (home): shares", "2,000", shifts, shift[1], least=least),
        Line("a quarter changes places (home): moves", "2,000", shifts, exchange[2], least=least),
        Line("a quarter changes places (home): shares", "2,000", shifts, exchange[1], most=allow(shifts)),
    ]


# --- Years of the simulated chain ------------------------------------------------------------------


def check_town(town: Town, seed: int, first: int) -> pd.DataFrame:
    """The checks of a town, from the snapshot of the month `first` on."""
    months = lay_side_by_side(photograph_needs(town, first), "needs")
    return check_months(months, EACH, OVER, LEVEL, DRAWS, np.random.default_rng([seed, 26]))


def grade_steady(part: float) -> Line:
    """Years of a world in which nothing changes."""
    runs = max(2, round(part * STEADY))
    rings = 0
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        table = check_town(open_town(keep_steady(), seed, customers=2_000), seed, 12)
        rings += int((table["alarm"].iloc[-CHECKS:] != "").any())
    return Line("nothing changes but the season (world)", "2,000", runs, rings, most=allow(runs))


def grade_rival(part: float) -> list[Line]:
    """A rival takes four of five visits of the beauty customers."""
    runs = max(2, round(part * TOWNS))
    found, early = 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        town = open_rival("beauty", 0.2, OPENS, seed)
        table = check_town(town, seed, 12)
        after = table["as_of"] > town.drift_day
        found += int(table.loc[after, "alarm"].str.contains("shares").any())
        early += int((table.loc[~after, "alarm"] != "").any())
    least = int(np.ceil(LEAST_FOUND * runs))
    return [
        Line("a rival takes four of five beauty visits (world): shares", "5,000", runs, found, least=least),
        Line("the same, before he opens", "5,000", runs, early, most=allow(runs)),
    ]


def grade_exchange(part: float) -> list[Line]:
    """A quarter of the customers draws a new type, by the same shares."""
    runs = max(2, round(part * TOWNS))
    moves, shares = 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        town = open_town(keep_steady(Drift(months=(OPENS,), share=0.25)), seed)
        table = check_town(town, seed, 6)
        alarm = table.loc[table["as_of"] > town.drift_day, "alarm"]
        moves += int(alarm.str.contains("moves").any())
        shares += int(alarm.str.contains("shares").any())
    least = int(np.ceil(LEAST_FOUND * runs))
    return [
        Line("a quarter changes places (world): moves", "5,000", runs, moves, least=least),
        Line("a quarter changes places (world): shares", "5,000", runs, shares, most=allow(runs)),
    ]


def grade_winters(part: float) -> list[Line]:
    """Winters with flu waves of different height, and nothing else."""
    runs = max(2, round(part * TOWNS))
    rings, after = 0, 0
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        table = check_town(open_town(keep_steady(same_winters=False), seed), seed, 12)
        rings += int((table["alarm"] != "").any())
        late = table["as_of"].dt.month.between(8, 12)
        after += int((table.loc[late, "alarm"] != "").any())
    return [
        Line("winters with another flu (world)", "5,000", runs, rings),
        Line("the same, August to December", "5,000", runs, after, most=allow(runs)),
    ]


# --- One test --------------------------------------------------------------------------------------


def grade_pairs(part: float) -> list[Line]:
    """Two months without drift: does one check of the index keep its promise?"""
    runs = max(2, round(part * PAIRS))
    lines = []
    for place, (name, shares, stay) in enumerate(
        (("usual", USUAL, 0.6), ("usual", USUAL, 0.97), ("rare", RARE, 0.6), ("rare", RARE, 0.97), ("rare", RARE, 0.99))
    ):
        expected = stay * np.diag(shares) + (1 - stay) * np.outer(shares, shares)
        rings = 0
        for seed in range(runs):
            rng = np.random.default_rng([FIRST_SEED, place, seed])
            cells = np.zeros((6, 6), dtype=int)
            cells[:5, :5] = rng.multinomial(1_000, expected.ravel()).reshape(5, 5)
            found = judge_cells(cells, ALARMS, 400, rng)
            rings += int(found.psi > found.threshold)
        lines.append(Line(name, f"{100 * stay:.0f} %", runs, rings, most=allow(runs)))
    return lines


def grade_moves(part: float) -> list[str]:
    """Few customers of a year ago against many of now: how often does the normal distribution ring?"""
    runs = max(2, round(part * MOVES))
    rows = []
    for place, (seen, rate) in enumerate(((30, 0.05), (60, 0.05), (60, 0.1), (200, 0.02), (60, 0.3), (200, 0.1))):
        rng = np.random.default_rng([FIRST_SEED, 50, place])
        movers = rng.binomial([seen, 1_000], rate, (runs, 2))
        kinds, counts = np.unique(movers, axis=0, return_counts=True)
        p = np.array([find_p(seen, before, now) for before, now in kinds])
        is_tested = (np.minimum(kinds, [seen, 1_000] - kinds) >= FEW).all(axis=1)
        bare, ruled = counts[p <= EACH].sum() / runs, counts[(p <= EACH) & is_tested].sum() / runs
        tested = counts[is_tested].sum() / runs
        rows.append(
            f"| {seen} | {100 * rate:.0f} % | {runs:,} | {100 * tested:.1f} % "
            f"| {100 * bare:.2f} % | {100 * ruled:.2f} % | {bare / EACH:.1f} | {ruled / EACH:.1f} |"
        )
    return rows


def find_p(seen: int, before: int, now: int) -> float:
    """The p-value of two counts of movers, of customers seen in one of the years only."""
    first = np.r_[np.arange(seen) < before, np.full(1_000, -1)].astype(int)
    second = np.r_[np.full(seen, -1), np.arange(1_000) < now].astype(int)
    assert not count_cells(first, second, 2)[:2, :2].any()
    return compare_moves(first, second, LEVEL)[-1]


def main() -> int:
    """Grade everything and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the runs, no page")
    is_quick = parser.parse_args().quick
    part = 0.05 if is_quick else 1.0
    years = grade_processes(part)
    years[1:1] = [grade_steady(part)]
    years += [*grade_rival(part), *grade_exchange(part), *grade_winters(part)]
    pairs = grade_pairs(part)
    moves = grade_moves(part)
    wrong = [f"{line.what}, {line.where}" for line in (*years, *pairs) if not line.is_kept]
    text = TEXT.format(
        first=FIRST_SEED,
        alarms=100 * ALARMS,
        each=100 * EACH,
        draws=DRAWS,
        most=100 * MOST,
        found=100 * LEAST_FOUND,
        few=FEW,
        verdict="All are kept." if not wrong else f"Not kept: {'; '.join(wrong)}.",
        years="\n".join(line.write() for line in years),
        pairs="\n".join(line.write() for line in pairs),
        moves="\n".join(moves),
    )
    print(text)
    if not is_quick:
        PAGE.write_text(text, encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
