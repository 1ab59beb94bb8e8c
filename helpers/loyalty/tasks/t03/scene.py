"""The numbers of lesson 03 and of its exercise: receipts of a chain, letters by region, envelopes dealt at random, samples."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.world import World

CUSTOMERS, MONTHS, SEED = 4_000, 24, 3
SHARE = 0.95
PEOPLE = 120  # in a lottery of envelopes
BLUE, GREEN = "blue", "green"
LESSON_LOTTERY, EXERCISE_LOTTERY = 36, 14  # chosen: chance makes a gap that looks like something
SAMPLE, EXERCISE_SAMPLES = 800, 135  # receipts in a sample; the seed, chosen so that each usual mistake shows
SPRING_LETTERS = {
    "region": ["north", "south", "east", "online"],
    "letters": [12_000, 6_000, 1_500, 500],
    "responses": [480, 360, 150, 60],
}
AUTUMN_LETTERS = {
    "region": ["north", "south", "east", "online"],
    "customers": [30_000, 24_000, 9_000, 5_000],
    "letters": [11_000, 9_000, 3_000, 1_000],
    "responses": [550, 540, 318, 140],
}


@cache
def _read_chain() -> pd.DataFrame:
    """Whole receipts of the chain in its second year: customer_id, time, lines, sales."""
    lines = World(customers=CUSTOMERS, months=MONTHS, seed=SEED).receipts
    year = lines[lines["time"] >= "2024-01-01"].groupby("basket_id")
    receipts = year.agg(
        customer_id=("customer_id", "first"), time=("time", "first"), lines=("sales", "size"), sales=("sales", "sum")
    )
    return receipts.assign(sales=receipts["sales"].round(2)).reset_index()


def list_receipts(start: str = "2024-01-01", end: str = "2025-01-01") -> pd.DataFrame:
    """List the chain's whole receipts from `start` until before `end`: basket_id, customer_id, time, lines, sales (€).

    Parameters
    ----------
    start, end : str
        Dates in 2024.
    """
    receipts = _read_chain()
    window = (receipts["time"] >= start) & (receipts["time"] < end)
    return receipts[window].reset_index(drop=True)


def list_letters(season: str = "spring") -> pd.DataFrame:
    """List how many letters went to each region, and how many were answered.

    Parameters
    ----------
    season : str
        "spring" (the lesson) or "autumn" (the exercise, with the customers of each region).
    """
    return pd.DataFrame(SPRING_LETTERS if season == "spring" else AUTUMN_LETTERS)


def draw_envelopes(start: str, end: str, seed: int) -> pd.DataFrame:
    """Draw 120 buyers of a window, and at random the colour of the envelope of each: customer_id, envelope, sales (euros).

    Both envelopes hold the same letter, so the colour changes nothing: the true gap is zero.

    Parameters
    ----------
    start, end : str
        Dates; sales are those of the window.
    seed : int
        Of the lottery.
    """
    sums = list_receipts(start, end).groupby("customer_id")["sales"].sum()
    rng = np.random.default_rng(seed)
    drawn = sums.sample(PEOPLE, random_state=rng).sort_index()
    colours = rng.permutation(np.repeat([BLUE, GREEN], PEOPLE // 2))
    return drawn.round(2).reset_index().assign(envelope=colours)[["customer_id", "envelope", "sales"]]


def open_envelopes(place: str = "lesson") -> pd.DataFrame:
    """Open the table of the lesson (May) or of the exercise (November).

    Parameters
    ----------
    place : str
        "lesson" or "exercise".
    """
    if place == "lesson":
        return draw_envelopes("2024-05-01", "2024-06-01", LESSON_LOTTERY)
    return draw_envelopes("2024-11-01", "2024-12-01", EXERCISE_LOTTERY)


def find_gap(people: pd.DataFrame) -> float:
    """Find by how many euros the mean of those with a blue envelope is above the mean of those with a green one.

    Parameters
    ----------
    people : DataFrame
        With `envelope` and `sales`.
    """
    means = people.groupby("envelope")["sales"].mean()
    return float(means[BLUE] - means[GREEN])


def shuffle_gaps(people: pd.DataFrame, times: int = 1_000, seed: int = 0) -> pd.Series:
    """Shuffle the colours many times, and return the gap in euros that each shuffle makes.

    Parameters
    ----------
    people : DataFrame
        With `envelope` and `sales`.
    times, seed : int
    """
    rng = np.random.default_rng(seed)
    sales = people["sales"].to_numpy()
    blue = (people["envelope"] == BLUE).to_numpy()
    orders = np.array([rng.permutation(blue) for _ in range(times)])
    sums = orders @ sales
    count = int(blue.sum())
    return pd.Series(sums / count - (sales.sum() - sums) / (len(blue) - count), name="gap")


def find_interval(sales: pd.Series) -> tuple[float, float, float]:
    """Find the mean of a sample and its 95 % interval (Student's t): mean, low, high.

    Parameters
    ----------
    sales : Series
        Euros, at least two values.
    """
    mean = float(sales.mean())
    half = float(stats.t.ppf((1 + SHARE) / 2, len(sales) - 1) * sales.sem())
    return mean, mean - half, mean + half


def take_samples(
    sales: pd.Series, size: int, samples: int = 100, seed: int = SEED, chances: pd.Series | None = None
) -> pd.DataFrame:
    """Take many samples, and return the mean of each with its 95 % interval: mean, low, high.

    Parameters
    ----------
    sales : Series
        All values, of which each sample is a draw without replacement.
    size, samples, seed : int
        How many values a sample has, how many samples there are.
    chances : Series, optional
        What the chance of each value is proportional to; by default all have the same.
    """
    rng = np.random.default_rng(seed)
    values = sales.to_numpy()
    weights = None if chances is None else (chances / chances.sum()).to_numpy()
    drawn = np.array([rng.choice(values, size, replace=False, p=weights) for _ in range(samples)])
    mean = drawn.mean(axis=1)
    half = stats.t.ppf((1 + SHARE) / 2, size - 1) * drawn.std(axis=1, ddof=1) / np.sqrt(size)
    return pd.DataFrame({"mean": mean, "low": mean - half, "high": mean + half})


@cache
def _take_intervals() -> pd.DataFrame:
    return take_samples(list_receipts()["sales"], SAMPLE, seed=EXERCISE_SAMPLES)


def open_intervals() -> tuple[pd.DataFrame, float]:
    """Open the hundred intervals of the exercise (mean, low, high), and the truth: the mean of all receipts, in euros."""
    return _take_intervals().copy(), float(list_receipts()["sales"].mean())
