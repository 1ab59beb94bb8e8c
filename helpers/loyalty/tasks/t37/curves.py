"""Two things that lesson 37 counts by hand: one ranking under four conventions, and twenty cut-offs of one list."""

from __future__ import annotations

import numpy as np
import pandas as pd

CUTS = 20


def score_four(score: np.ndarray, came: np.ndarray, sent: np.ndarray) -> dict[str, float]:
    """Judge one ranking under four conventions, for an outcome of 0 or 1.

    Parameters
    ----------
    score : array
        The ranking, high is first.
    came : array
        0 or 1.
    sent : array of bool
    """
    gain = _count_gains(np.argsort(-score, kind="stable"), came, sent)
    best = _count_gains(np.argsort(-(came * np.where(sent, 1, -1)), kind="stable"), came, sent)
    area = _find_area(gain)
    return {
        "area above random, buyers per customer": area,
        "the same, in buyers": area * len(came),
        "area under the curve, its end set to 1": gain.mean() / gain[-1],
        "above random, as a part of hindsight's": area / _find_area(best),
    }


def _count_gains(order: np.ndarray, y: np.ndarray, sent: np.ndarray) -> np.ndarray:
    """More buyers per customer sent among the first, second, … of an order, times the share so far."""
    y = y[order]
    sent = sent[order]
    n = np.cumsum(sent)
    m = np.cumsum(~sent)
    gap = np.cumsum(y * sent) / np.maximum(n, 1) - np.cumsum(y * ~sent) / np.maximum(m, 1)
    return np.append(0, gap * (n + m) / len(y))


def _find_area(gain: np.ndarray) -> float:
    """Area between a curve and the straight line to its end."""
    return float(gain.mean() - gain[-1] / 2)


def value_order(gain: np.ndarray, first: np.ndarray) -> np.ndarray:
    """True value per customer, in euros, of offering to the first 5 %, 10 %, … of a list.

    Parameters
    ----------
    gain : array
        What the offer makes with each customer, letter off.
    first : array of int
        Places of the customers, the best first.
    """
    return np.cumsum(gain[first].reshape(CUTS, -1).sum(axis=1)) / len(first)


def value_cuts(outcome: np.ndarray, sent: np.ndarray, first: np.ndarray, letter: float) -> np.ndarray:
    """The same value, measured against control.

    Parameters
    ----------
    outcome : array
        Euros.
    sent : array of bool
    first : array of int
        Places of the customers, the best first.
    letter : float
        Cost of a letter.
    """
    y = outcome[first].reshape(CUTS, -1)
    side = sent[first].reshape(CUTS, -1)
    with_it, without = (np.cumsum((y * one).sum(axis=1)) / np.cumsum(one.sum(axis=1)) for one in (side, ~side))
    return (with_it - without - letter) * np.arange(1, CUTS + 1) / CUTS


def draw_cuts_again(
    outcome: np.ndarray,
    gain: np.ndarray,
    sent: np.ndarray,
    first: np.ndarray,
    letter: float,
    times: int = 500,
    seed: int = 37,
) -> pd.DataFrame:
    """Hold the lottery again, many times; each time the best of the twenty cut-offs is chosen and reported.

    Parameters
    ----------
    outcome, sent, first, letter
        As for `value_cuts`.
    gain : array
        What the offer makes with each customer, letter off.
    times, seed : int
    """
    rng = np.random.default_rng(seed)
    alone = outcome - (gain + letter) * sent  # what each would have left without the offer
    true = value_order(gain, first)
    told = []
    for _ in range(times):
        lots = rng.permutation(sent)
        cuts = value_cuts(alone + (gain + letter) * lots, lots, first, letter)
        told.append((cuts.max(), true[np.argmax(cuts)], cuts[-1]))
    return pd.DataFrame(told, columns=["reported for the best cut-off", "its truth", "reported for everybody"])
