"""Processes that are not the world's: customers with a season, drift planted or not, the same customers every month."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from loyalty.segment.drift.months import Months

SEGMENTS = ("a", "b", "c", "d", "e")
USUAL = (0.40, 0.25, 0.20, 0.10, 0.05)


def take_photo(labels: np.ndarray, day: pd.Timestamp, *, version: str = "1") -> pd.DataFrame:
    """A snapshot of labels as numbers; −1 is nobody."""
    ids = np.flatnonzero(labels >= 0)
    table = pd.DataFrame({"customer_id": ids, "as_of": day, "scheme": "made", "version": version})
    return table.assign(segment=np.array(SEGMENTS, dtype=object)[labels[ids]])


def live_months(
    seed: int,
    *,
    customers: int = 1_000,
    months: int = 24,
    season: float = 0.10,
    shift: float = 0.0,
    exchange: float = 0.0,
    since: int = 12,
    stay: float = 0.7,
    away: float = 0.1,
) -> np.ndarray:
    """Labels month by month, one column each, of customers with a home segment and a season.

    Each month a customer shows the home segment with chance `stay`, else any by the usual shares; in summer a part
    `season` of the first segment shows the last one instead. From month `since` on a part `shift` of all, out of the
    first segment, has the fourth for good; at month `since` a part `exchange` draws a new home. A part `away` is not
    in a month's snapshot.
    """
    rng = np.random.default_rng([seed, 2026])
    home = rng.choice(5, customers, p=USUAL)
    columns = []
    for month in range(months):
        if month == since:
            home = np.where(rng.random(customers) < exchange, rng.choice(5, customers, p=USUAL), home)
        shown = np.where(rng.random(customers) < stay, home, rng.choice(5, customers, p=USUAL))
        if month >= since:
            shown = np.where((shown == 0) & (rng.random(customers) < shift / USUAL[0]), 3, shown)
        if month % 12 in (5, 6, 7):
            shown = np.where((shown == 0) & (rng.random(customers) < season / USUAL[0]), 4, shown)
        columns.append(np.where(rng.random(customers) < away, -1, shown))
    return np.array(columns).T


def lay_months(labels: np.ndarray) -> Months:
    """Lay months side by side without the tables in between, which take longer to check than a test may."""
    days = tuple(pd.date_range("2024-01-01", periods=labels.shape[1], freq="MS"))
    codes = np.asfortranarray(labels.astype(np.int16))
    return Months(days, SEGMENTS, codes, (("1",),) * labels.shape[1])


def take_photos(labels: np.ndarray) -> list[pd.DataFrame]:
    """One snapshot a month."""
    days = pd.date_range("2024-01-01", periods=labels.shape[1], freq="MS")
    return [take_photo(column, day) for column, day in zip(labels.T, days, strict=True)]


def walk_chain(seed: int, matrix: np.ndarray, start: Sequence[float], customers: int, months: int) -> np.ndarray:
    """Customers who move by a Markov chain; one row a customer, one column a month."""
    rng = np.random.default_rng([seed, 26])
    labels = np.empty((customers, months), dtype=int)
    labels[:, 0] = rng.choice(len(start), customers, p=start)
    for month in range(1, months):
        luck = rng.random(customers)[:, None]
        labels[:, month] = (luck > matrix[labels[:, month - 1]].cumsum(axis=1)).sum(axis=1)
    return labels


def swap_labels(then: np.ndarray, now: np.ndarray, tosses: int, seed: int = 26) -> np.ndarray:
    """The stability index after a coin for each customer has swapped the two labels or not; many times.

    Only those who changed matter to the shares, and of each pair of segments a binomial number is swapped.
    """
    rng = np.random.default_rng([seed, 9])
    size = len(SEGMENTS)
    pairs = np.bincount(then * size + now, minlength=size * size)
    swapped = rng.binomial(pairs, 0.5, (tosses, size * size)).reshape(tosses, size, size)
    kept = pairs.reshape(size, size) - swapped
    first = (kept.sum(axis=2) + swapped.sum(axis=1)) / len(then)
    second = (kept.sum(axis=1) + swapped.sum(axis=2)) / len(then)
    return ((second - first) * np.log(second / first)).sum(axis=1)


@pytest.fixture(scope="session")
def swap():
    return swap_labels


@pytest.fixture(scope="session")
def photo():
    return take_photo


@pytest.fixture(scope="session")
def photos():
    return take_photos


@pytest.fixture(scope="session")
def lay():
    return lay_months


@pytest.fixture(scope="session")
def live():
    return live_months


@pytest.fixture(scope="session")
def walk():
    return walk_chain
