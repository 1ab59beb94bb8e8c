"""Lotteries of lesson 33, many times over: what chance alone does to a ratio, a winner and an interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.lift.permutation import permute_gap
from loyalty.stats.intervals import compare_means

SEED = 33
FIVE_PERCENT = 1.96
FIVE_PERCENT_OF_FIVE = 2.576  # p = 0.05 / 5, Holm's first hurdle


def deal_prices(table: pd.DataFrame, n: int, draws: int = 1_000) -> np.ndarray:
    """Deal whole customers anew, and take the gap of sales per line each time.

    Parameters
    ----------
    table : DataFrame
        One row a customer: sales, lines.
    n : int
        How many customers are called "voucher" each time.
    draws : int

    Returns
    -------
    array
        Gaps in euros per line, one a dealing.
    """
    rng = np.random.default_rng(SEED)
    sales = table["sales"].to_numpy()
    lines = table["lines"].to_numpy()
    gaps = np.empty(draws)
    for turn in range(draws):
        order = rng.permutation(len(table))
        ours = order[:n]
        theirs = order[n:]
        price = sales[ours].sum() / lines[ours].sum()
        gaps[turn] = price - sales[theirs].sum() / lines[theirs].sum()
    return gaps


def repeat_lottery(
    without: np.ndarray, gain: np.ndarray, labels: np.ndarray, known: np.ndarray, draws: int = 500
) -> pd.DataFrame:
    """Draw the same lottery again and again, and measure the lift each time.

    Parameters
    ----------
    without : array
        Each customer's sales without the letter, euros.
    gain : array
        What the letter changes, euros.
    labels : array of bool
        Who was drawn the first time; each lottery shuffles it.
    known : array
        What the past foretells of each customer's sales, euros; the sharpened lift takes it off.
    draws : int

    Returns
    -------
    DataFrame
        One row a lottery: the plain lift, the sharpened one, and whether the plain 95 % interval holds the truth.
    """
    rng = np.random.default_rng(SEED)
    rows = []
    for _ in range(draws):
        one = rng.permutation(labels)
        money = without + gain * one
        rest = money - known
        ours = money[one]
        theirs = money[~one]
        plain = ours.mean() - theirs.mean()
        half = FIVE_PERCENT * np.sqrt(ours.var() / len(ours) + theirs.var() / len(theirs))
        rows.append((plain, rest[one].mean() - rest[~one].mean(), abs(plain - gain.mean()) < half))
    return pd.DataFrame(rows, columns=["plain", "sharpened", "holds the truth"])


def count_fools(sales: np.ndarray, arms: pd.Series, draws: int = 1_000) -> tuple[float, float]:
    """Count how often at least one of five letters that do nothing looks significant.

    Parameters
    ----------
    sales : array
        Sales of each customer without any letter.
    arms : Series
        The six labels, "control" among them; each lottery deals them anew.
    draws : int

    Returns
    -------
    tuple of two fractions
        At p < 0.05 for each letter, and after Holm's correction.
    """
    rng = np.random.default_rng(SEED)
    names = [name for name in arms.unique() if name != "control"]
    groups = arms.map({name: place for place, name in enumerate([*names, "control"])}).to_numpy()
    largest = np.empty(draws)
    for turn in range(draws):
        mean, error = _summarise(sales, rng.permutation(groups))
        steps = (mean[:-1] - mean[-1]) / np.sqrt(error[:-1] + error[-1])
        largest[turn] = np.abs(steps).max()
    return float((largest > FIVE_PERCENT).mean()), float((largest > FIVE_PERCENT_OF_FIVE).mean())


def crown_best(
    without: np.ndarray, gain: np.ndarray, labels: np.ndarray, store: pd.Series, truth: pd.Series, draws: int = 300
) -> pd.Series:
    """Crown the best of all stores in many lotteries, and lay it beside its truth.

    Parameters
    ----------
    without, gain, labels : array
        As for `repeat_lottery`.
    store : Series
        Each customer's store.
    truth : Series
        The true lift of each store.
    draws : int

    Returns
    -------
    Series
        Means of all lotteries, euros a customer: what the best store shows, what is true of it, and the common value
        of all stores (those with a small error weigh more).
    """
    rng = np.random.default_rng(SEED)
    code, names = pd.factorize(store)
    rows = []
    for _ in range(draws):
        one = rng.permutation(labels)
        spent = without + gain * one
        ours, error = _summarise(spent[one], code[one])
        theirs, other_error = _summarise(spent[~one], code[~one])
        effect = ours - theirs
        best = int(np.argmax(effect))
        rows.append((effect[best], truth[names[best]], np.average(effect, weights=1 / (error + other_error))))
    return pd.DataFrame(rows, columns=["shown by the best", "true of the best", "common value"]).mean()


def hold_zero(values: np.ndarray, n: int, m: int, draws: int = 2_000) -> pd.Series:
    """Count how often Welch's and the careful interval hold a true effect of zero, and on which side Welch's misses.

    Parameters
    ----------
    values : array
        One value a customer; both groups are drawn from them, so nothing differs.
    n, m : int
        Customers in the two groups.
    draws : int

    Returns
    -------
    Series of fractions
    """
    rng = np.random.default_rng(SEED)
    one = rng.choice(values, (draws, n))
    other = rng.choice(values, (draws, m))
    gaps = one.mean(axis=1) - other.mean(axis=1)
    spread = one.var(axis=1, ddof=1)
    other_spread = other.var(axis=1, ddof=1)
    welch = FIVE_PERCENT * np.sqrt(spread / n + other_spread / m)
    common = (spread * (n - 1) + other_spread * (m - 1)) / (n + m - 2)
    careful = stats.t.ppf(0.975, m - 1) * np.sqrt(spread / n + np.maximum(other_spread, common) / m)
    return pd.Series(
        {
            "Welch holds zero": (np.abs(gaps) < welch).mean(),
            "larger variance holds zero": (np.abs(gaps) < careful).mean(),
            "Welch says: it works": (gaps > welch).mean(),
            "Welch says: it harms": (gaps < -welch).mean(),
        }
    )


def count_false_alarms(values: np.ndarray, n: int, m: int, draws: int = 2_000) -> pd.Series:
    """Count how often pilots that change nothing look as if they did: by Welch's interval, and by dealing the labels.

    Parameters
    ----------
    values : array
        One value a customer; both groups are drawn from them, so nothing differs.
    n, m : int
        Customers in the two groups.
    draws : int
        How many pilots.

    Returns
    -------
    Series of fractions
        Of pilots with p below 0.05.
    """
    rng = np.random.default_rng(SEED)
    alarms = np.zeros(2)
    for turn in range(draws):
        both = rng.choice(values, n + m)
        groups = both[:n], both[n:]
        alarms += [
            compare_means(*groups, variance="welch").p <= 0.05,
            permute_gap(*groups, draws=79, seed=turn).p <= 0.05,
        ]
    return pd.Series(alarms / draws, ["Welch", "labels dealt anew"])


def _summarise(values: np.ndarray, group: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean of each group, and the squared standard error of that mean."""
    n = np.bincount(group)
    mean = np.bincount(group, values) / n
    squares = np.bincount(group, values**2) / n
    return mean, (squares - mean**2) / (n - 1)
