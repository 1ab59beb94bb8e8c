"""Do planned looks keep their false alarms, and what do they cost? Writes docs/tables/looks.md.

`python benchmarks/looks.py` draws everything anew (seeds fixed beforehand) and ends with code 1 if a bound is not
kept; `--quick` draws a tenth and writes nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy import stats

from loyalty.stats.intervals import find_errors
from loyalty.stats.looks import correlate_increments, find_bounds, find_bounds_of_walk, spend_level

PAGE = Path(__file__).resolve().parents[1] / "docs" / "tables" / "looks.md"
WEEKS = 5
FRACTIONS = np.arange(1, WEEKS + 1) / WEEKS
ALPHA = 0.05
USUAL = stats.norm.isf(ALPHA / 2)
FIRST_SEED = 60_000
CHUNK = 100  # campaigns that are drawn at once
NEAR = {"obrien_fleming": 0.1, "pocock": 0.2}  # results so near a bound get bounds from their own customers
TEXT = """# Looking early

Made by `python benchmarks/looks.py` (seeds {first:,} on, fixed before). Each cell draws {many:,} campaigns without any
effect and half as many with one, of {weeks} weeks with a look after each. The bounds of a campaign come from the
correlation of its own customers' spend until each look. Bounds: false alarms at most {most:.1%} (5 %, and what
{many:,} draws leave to chance); the intervals of all looks hold together in at least {least:.1%}. {verdict}

- *own news*: each week is a new lottery. *steady*: each customer has a pace of his own. *heavy*: 15 % buy, amounts are
  log-normal with σ = 1.3. *burst*: steady, with half of everything in the first week. *small control*: steady, 95 : 5.
- *correlation*: of the first and the last look, over customers. The tables suppose .447.
- *1.96*: looked at {weeks} times, and stopped beyond 1.96. *tables*: with the bounds of O'Brien–Fleming spending for
  looks that bring news of their own. *OBF*, *Pocock*: with bounds from the customers.
- *power*: of one look at the end, and of both spending functions. *held*: all intervals of a campaign with an effect.
- *too large*: the effect measured at an early stop (Pocock) over the true one until then, on average.

| process | customers | correlation | 1.96 | tables | OBF | Pocock | one look | OBF | Pocock | held | too large |
|---|---|---|---|---|---|---|---|---|---|---|---|
{rows}
"""


class Cell(NamedTuple):
    """A process: its name, treated customers and controls, and the factor on what the treated buy."""

    process: str
    treated: int = 200
    control: int = 200
    factor: float = 1.5


CELLS = (
    Cell("own news", factor=1.25),
    Cell("steady"),
    Cell("heavy", 800, 800, 1.6),
    Cell("burst"),
    Cell("small control", 1_140, 60, 1.7),
)


class Drawn(NamedTuple):
    """Results of many campaigns: what was measured and its error, in standard errors, and the looks' correlations."""

    effects: np.ndarray
    errors: np.ndarray
    z: np.ndarray
    correlations: np.ndarray
    truth: np.ndarray


def spend(rng: np.random.Generator, process: str, shape: tuple[int, int], factor: float) -> np.ndarray:
    """Draw what customers spent until each look; shape (campaigns, customers, weeks)."""
    weeks = np.full(WEEKS, 1 / WEEKS)
    if process == "burst":
        weeks = np.array([0.5, *[0.5 / (WEEKS - 1)] * (WEEKS - 1)])
    if process == "own news":
        pace = np.full((*shape, 1), 3.0)
    elif process == "heavy":
        pace = 10.0 * (rng.random((*shape, 1)) < 0.15)
    else:
        pace = rng.gamma(0.7, 6.0, (*shape, 1))
    visits = rng.poisson(pace * weeks * factor)
    sigma = 1.3 if process == "heavy" else 0.6
    amounts = rng.lognormal(0, sigma, (*shape, 1 if process == "heavy" else WEEKS))
    return (visits * amounts).cumsum(axis=2)


def expect(process: str) -> np.ndarray:
    """What a customer spends until each look on average, without any effect."""
    weeks = FRACTIONS if process != "burst" else 0.5 + 0.5 * np.arange(WEEKS) / (WEEKS - 1)
    pace = {"own news": 3.0, "heavy": 1.5}.get(process, 4.2)
    return pace * weeks * np.exp((1.3 if process == "heavy" else 0.6) ** 2 / 2)


def draw(seed: int, cell: Cell, campaigns: int, factor: float = 1.0) -> Drawn:
    """Draw many campaigns and measure each at all looks, as `measure_looks` does."""
    process = "steady" if cell.process == "small control" else cell.process
    sizes = (cell.treated, cell.control)
    parts = []
    for first in range(0, campaigns, CHUNK):
        rng = np.random.default_rng([seed, first])
        sides = [
            spend(rng, process, (min(CHUNK, campaigns - first), size), by)
            for size, by in zip(sizes, (factor, 1.0), strict=True)
        ]
        means = np.stack([side.mean(axis=1) for side in sides])
        spreads = np.stack([side.var(axis=1, ddof=1) for side in sides])
        inside = np.concatenate([side - side.mean(axis=1, keepdims=True) for side in sides], axis=1)
        unit = inside / np.sqrt((inside**2).sum(axis=1, keepdims=True))
        errors = np.empty(means.shape[1:])
        df = np.empty(means.shape[1:])
        for place in np.ndindex(errors.shape):
            found = find_errors(sizes, means[(slice(None), *place)], spreads[(slice(None), *place)])
            errors[place], df[place] = np.sqrt(found.parts.sum()), found.df
        effects = means[0] - means[1]
        z = np.sign(effects) * stats.norm.isf(stats.t.sf(np.abs(effects) / errors, df))
        parts.append((effects, errors, z, np.swapaxes(unit, 1, 2) @ unit))
    truth = (factor - 1) * expect(process)
    return Drawn(*(np.concatenate([part[at] for part in parts]) for at in range(4)), truth)


def find_stops(drawn: Drawn, spending: str) -> tuple[np.ndarray, float]:
    """Whether each campaign is stopped by each look, and how far bounds of campaigns lie from those of the mean.

    Bounds of its own cost time, so a campaign gets them where a result lies near a bound of the mean correlation, and
    none far beyond one.
    """
    spent = spend_level(FRACTIONS, ALPHA, spending)
    common = find_bounds(drawn.correlations.mean(axis=0), spent)
    crossed = np.abs(drawn.z) >= common
    apart = 0.0
    over = np.abs(drawn.z) - common
    is_open = (np.abs(over) < NEAR[spending]).any(axis=1) & (over < NEAR[spending]).all(axis=1)
    for row in np.flatnonzero(is_open):
        own = find_bounds(drawn.correlations[row], spent)
        apart = max(apart, float(np.abs(own - common).max()))
        crossed[row] = np.abs(drawn.z[row]) >= own
    return np.maximum.accumulate(crossed, axis=1), apart


def grade(cell: Cell, count: int, seed: int) -> dict[str, float]:
    """Draw a cell without and with an effect, and count."""
    nothing = draw(seed, cell, count)
    some = count // 2
    something = draw(seed + 1, cell, some, cell.factor)
    ways = ("obrien_fleming", "pocock")
    tables = find_bounds_of_walk(FRACTIONS, spend_level(FRACTIONS, ALPHA, "obrien_fleming"))
    row = {
        "correlation": nothing.correlations[:, 0, -1].mean(),
        "usual": (np.abs(nothing.z) >= USUAL).any(axis=1).mean(),
        "tables": (np.abs(nothing.z) >= tables).any(axis=1).mean(),
        "one": (np.abs(something.z[:, -1]) >= USUAL).mean(),
    }
    for way in ways:
        rung, row[f"apart {way}"] = find_stops(nothing, way)
        row[way] = rung[:, -1].mean()
        stopped, _ = find_stops(something, way)
        row[f"power {way}"] = stopped[:, -1].mean()
    spent = spend_level(FRACTIONS, ALPHA, "pocock")
    bounds = find_bounds(something.correlations.mean(axis=0), spent)
    missed = np.abs(something.effects - something.truth) > bounds * something.errors
    row["held"] = 1 - missed.any(axis=1).mean()
    first = stopped.argmax(axis=1)
    early = stopped[:, -1] & (first < WEEKS - 1)
    measured = something.effects[np.arange(some), first]
    row["large"] = (measured / something.truth[first])[early].mean()
    return row


def main() -> int:
    """Grade all cells and write the page."""
    is_quick = "--quick" in sys.argv
    count = 200 if is_quick else 2_000
    most = stats.binom.ppf(0.9995, count, ALPHA) / count
    least = stats.binom.ppf(0.0005, count // 2, 1 - ALPHA) / (count // 2)
    found = {}
    for place, cell in enumerate(CELLS):
        found[cell] = grade(cell, count, FIRST_SEED + 10 * place)
        print(cell.process, {name: round(float(value), 3) for name, value in found[cell].items()}, flush=True)
    assert correlate_increments(FRACTIONS)[0, -1].round(3) == 0.447  # as the page says
    wrong = [
        cell.process
        for cell, row in found.items()
        if max(row["obrien_fleming"], row["pocock"]) > most or row["held"] < least
    ]
    if not is_quick:
        lines = [
            f"| {cell.process} | {cell.treated:,} : {cell.control:,} | {row['correlation']:.3f} | {row['usual']:.1%} "
            f"| {row['tables']:.1%} | {row['obrien_fleming']:.1%} | {row['pocock']:.1%} | {row['one']:.1%} "
            f"| {row['power obrien_fleming']:.1%} | {row['power pocock']:.1%} | {row['held']:.1%} "
            f"| {row['large']:.2f} |"
            for cell, row in found.items()
        ]
        verdict = "All are kept." if not wrong else f"Not kept: {'; '.join(wrong)}."
        text = TEXT.format(
            first=FIRST_SEED,
            many=count,
            weeks=WEEKS,
            most=most,
            least=least,
            verdict=verdict,
            rows="\n".join(lines),
        )
        PAGE.write_text(text, encoding="utf-8")
    print("all bounds are kept" if not wrong else f"not kept: {wrong}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
