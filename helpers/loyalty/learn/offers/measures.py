"""From counts of pairs to rules: confidence and lift with intervals, two exact tests, and a verdict for each pair."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse, stats

from loyalty.learn.offers.counting import PairCounts
from loyalty.stats.intervals import interval_of_share
from loyalty.stats.multiplicity import control_false_discoveries, correct_for_many

FOLLOWS = "follows"
TOGETHER = "same people"
NO_LIFT = "confidence without lift"
OPEN = "not clear"
PROVED = "proved"
NOT_PROVED = "not proved"
TOO_FEW = "too few"
LOUD = 0.2  # a confidence that looks like a rule
LITTLE = 1.5  # a lift that can be above it is not called none
RELATED = 0.01  # p_either up to which a pair is asked for its order
MEASURES = [
    "buyers",
    "bought",
    "support",
    "confidence",
    "low",
    "high",
    "chance",
    "lift",
    "lift_low",
    "lift_high",
    "after_only",
    "before_only",
    "p_either",
    "p_chance",
    "p_order",
]


def measure_pairs(counts: PairCounts, first: np.ndarray, then: np.ndarray, level: float) -> pd.DataFrame:
    """Measure pairs of products, given by their places; columns MEASURES.

    `p_chance`: the lines of X dealt anew give a sum of hypergeometric counts, that is, of independent coins with
    unequal chances. Its upper tail is at most that of equal coins with the same mean (Hoeffding 1956), which is used.
    `p_either` asks the same of both windows together, by a Poisson tail. It does not know which side of X is which, so
    a choice by it leaves the test of order as it is.
    `p_order`: among those who bought Y on one side of X only, after and before are as likely as Y's own calendar says.

    Source: Hallas (1996), Epidemiology 7, 478-484, for the comparison of after with before (sequence symmetry);
    Hoeffding (1956), Annals of Mathematical Statistics 27, 713-721.
    """
    n = counts.buyers[first].astype(float)
    after, before, both = (_pick(table, first, then) for table in (counts.after, counts.before, counts.both))
    mean_after, mean_before = counts.expect(first, then)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance = mean_after / n
        confidence = after / n
        low, high = interval_of_share(after, n, level=level)
        share = mean_after / (mean_after + mean_before)
        lift, lift_low, lift_high = (np.where(chance > 0, end / chance, np.nan) for end in (confidence, low, high))
    values = [n.astype(int), after.astype(int), after / max(counts.customers, 1), confidence, low, high]
    values += [chance, lift, lift_low, lift_high, (after - both).astype(int), (before - both).astype(int)]
    either = stats.poisson.sf(after + before - 1, mean_after + mean_before)
    values += [either, _test_chance(after, n, chance), _test_order(after - both, before - both, share)]
    return pd.DataFrame(dict(zip(MEASURES, values, strict=True)))


def _pick(table: sparse.csr_array, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Values of a sparse table at some places."""
    if not len(rows):
        return np.empty(0)
    return np.asarray(table[rows, columns], float).ravel()


def _test_chance(after: np.ndarray, n: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """One-sided p-value of as many as seen or more; 1 up to one above the mean, where the bound does not hold."""
    equal = stats.binom.sf(after - 1, n, np.clip(np.nan_to_num(chance), 0, 1))
    return np.where((after >= n * chance + 1) & (n > 0), equal, 1.0)


def _test_order(after: np.ndarray, before: np.ndarray, share: np.ndarray) -> np.ndarray:
    """One-sided exact p-value of the customers who bought Y after X only, among those who bought it on one side."""
    p = stats.binom.sf(after - 1, after + before, np.nan_to_num(share, nan=1.0))
    return np.where(after + before > 0, p, 1.0)


def judge_found(table: pd.DataFrame, compared: int, min_pairs: int, level: float) -> pd.DataFrame:
    """Add q_chance, q and the verdict; both q are corrected by Benjamini and Hochberg.

    "confidence without lift" has an interval of lift that holds 1 and nothing above LITTLE. Asked for its order is a
    pair that has `min_pairs` customers on one side of X only, and more on both sides together than chance makes. Both
    conditions are blind to which side is which, so they do not favour an order.

    Parameters
    ----------
    table : DataFrame with MEASURES
    compared : int
        Pairs that were compared with chance; those that are not in the table were never bought, and have p = 1.
    min_pairs : int
    level : float
    """
    most = 1 - level
    missing = np.ones(max(0, compared - len(table)))
    q_chance = control_false_discoveries(np.append(table["p_chance"], missing))[: len(table)]
    q = np.ones(len(table))
    one_sided = table["after_only"] + table["before_only"] >= min_pairs
    asked = (one_sided & (table["p_either"] <= RELATED)).to_numpy()
    worse = np.maximum(table["p_chance"], table["p_order"]).to_numpy()
    q[asked] = control_false_discoveries(worse[asked])
    no_more = (table["lift_low"] <= 1) & (table["lift_high"] <= LITTLE)
    loud = ((table["confidence"] >= LOUD) & no_more).to_numpy()
    verdict = np.select([q <= most, q_chance <= most, loud], [FOLLOWS, TOGETHER, NO_LIFT], OPEN)
    return table.assign(q_chance=q_chance, q=q, verdict=pd.array(verdict, dtype="str"))


def judge_proof(table: pd.DataFrame, min_buyers: int, level: float) -> pd.DataFrame:
    """Add p_proof (both tests, Holm over all rules that are proved) and the verdict of the later days."""
    enough = (table["buyers"] >= min_buyers).to_numpy()
    worse = np.maximum(table["p_chance"], table["p_order"]).to_numpy()
    p = np.full(len(table), np.nan)
    p[enough] = correct_for_many(worse[enough])
    verdict = np.select([~enough, p <= 1 - level], [TOO_FEW, PROVED], NOT_PROVED)
    return table.assign(p_proof=p, verdict=pd.array(verdict, dtype="str"))
