"""The gift of lesson 32: Ines's list, lotteries over November, and what goes wrong with them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.world import World

SEED = 32
CALLED = 1.96  # standard errors from zero; beyond them a gap is called an effect


def read_list(world: World) -> pd.DataFrame:
    """Read Ines's list of all customers; consent was usually signed together with the card, one in a hundred is staff.

    Parameters
    ----------
    world : World

    Returns
    -------
    DataFrame
        One row a customer: the world's columns, and consent, staff, last_purchase.
    """
    rng = np.random.default_rng(SEED)
    customers = world.customers
    consent = rng.random(len(customers)) < np.where(customers["card_since"].notna(), 0.80, 0.45)
    last = world.receipts.groupby("customer_id")["time"].max().reindex(customers["customer_id"])
    staff = rng.random(len(customers)) < 0.01
    return customers.assign(consent=consent, staff=staff, last_purchase=last.to_numpy())


def repeat_lottery(values: np.ndarray, left_out: int, planted: float = 0.0, runs: int = 1_000) -> np.ndarray:
    """Draw the lots again and again, and take the gap between the two groups each time.

    Parameters
    ----------
    values : array
        One value a customer, such as euros of November.
    left_out : int
        Customers of the control group.
    planted : float
        What everybody else gets on top.
    runs : int

    Returns
    -------
    array
        One gap a lottery, treated less control.
    """
    rng = np.random.default_rng(SEED)
    gaps = np.empty(runs)
    for turn in range(runs):
        lots = rng.permutation(values)
        gaps[turn] = lots[left_out:].mean() + planted - lots[:left_out].mean()
    return gaps


def count_alarms(values: np.ndarray, treated: int, control: int, runs: int = 2_000) -> tuple[float, float]:
    """Count false alarms of two intervals where nothing was done.

    Parameters
    ----------
    values : array
        One value a customer; both groups are drawn from them.
    treated, control : int
        Customers in the two groups.
    runs : int

    Returns
    -------
    tuple of two fractions
        With each group's own variance (Welch), and with one common variance.
    """
    rng = np.random.default_rng(SEED)
    alarms = np.zeros(2)
    for _ in range(runs):
        lots = rng.choice(values, treated + control)
        ours = lots[:treated]
        theirs = lots[treated:]
        gap = abs(ours.mean() - theirs.mean())
        own = ours.var(ddof=1) / treated + theirs.var(ddof=1) / control
        common = lots.var(ddof=1) * (1 / treated + 1 / control)
        alarms += gap > CALLED * np.sqrt([own, common])
    return float(alarms[0] / runs), float(alarms[1] / runs)


def watch_tests(so_far: np.ndarray, runs: int = 2_000) -> np.ndarray:
    """Watch many tests of nothing from day to day.

    Parameters
    ----------
    so_far : array
        One row a customer, one column a day: euros until then.
    runs : int

    Returns
    -------
    array
        One row a test, one column a day: the gap of two halves in standard errors, without its sign.
    """
    rng = np.random.default_rng(SEED)
    size = len(so_far)
    half = size // 2
    sides = np.where(np.arange(size) < half, 1 / half, -1 / (size - half))
    gaps = np.array([rng.permutation(sides) @ so_far for _ in range(runs)])
    error = so_far.std(axis=0) * np.sqrt(1 / half + 1 / (size - half))
    return np.abs(gaps / error)


def lose_letters(contacts: pd.DataFrame, days_silent: np.ndarray) -> pd.DataFrame:
    """Take out the treated whose letter came back: mostly those who have not bought for long.

    Parameters
    ----------
    contacts : DataFrame
        One row a customer: arm ("gift" or "control").
    days_silent : array
        Days since each customer's last purchase, in the same order.
    """
    rng = np.random.default_rng(SEED)
    back = rng.random(len(contacts)) < np.where(days_silent > 60, 0.25, 0.03)
    return contacts[~(back & (contacts["arm"] == "gift").to_numpy())]
