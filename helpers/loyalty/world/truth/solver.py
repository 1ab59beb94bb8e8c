"""The exact best plan: at most one offer a group, total cost within a budget, total gain as large as possible.

Source: the dominance method of Nemhauser and Ullmann, "Discrete dynamic programming and capital allocation",
Management Science 15 (1969): groups are added one at a time, and only combinations that no cheaper one beats are kept.
"""

from __future__ import annotations

import numpy as np

MOST_STATES = 2_000_000


def choose_offers(gain: np.ndarray, cost: np.ndarray, budget: float) -> tuple[np.ndarray, float]:
    """Choose an offer for each group, or none.

    Not for thousands of groups: the number of combinations worth keeping grows; past two million it refuses.

    Parameters
    ----------
    gain, cost : array of float, groups × offers
        What a group's offer brings and costs; costs are not negative.
    budget : float
        The largest total cost.

    Returns
    -------
    choice : array of int
        The offer of each group, -1 for none.
    total : float
        The largest total gain.

    Raises
    ------
    ValueError
        If more than two million combinations have to be kept.

    Examples
    --------
    >>> choice, total = choose_offers(np.array([[5.0, 8.0], [4.0, 6.0]]), np.array([[2.0, 4.0], [2.0, 4.0]]), 6.0)
    >>> choice.tolist(), total
    ([1, 0], 12.0)
    """
    costs = np.zeros(1)
    gains = np.zeros(1)
    steps = []
    for row_gain, row_cost in zip(np.asarray(gain, float), np.asarray(cost, float), strict=True):
        useful = np.flatnonzero((row_gain > 0) & (row_cost <= budget))
        added_cost = np.r_[0.0, row_cost[useful]]
        added_gain = np.r_[0.0, row_gain[useful]]
        all_cost, all_gain = (np.add.outer(a, b).ravel() for a, b in ((costs, added_cost), (gains, added_gain)))
        order = np.lexsort((-all_gain, all_cost))
        order = order[all_cost[order] <= budget * (1 + 1e-12)]
        best = np.maximum.accumulate(all_gain[order])
        keep = order[np.r_[True, all_gain[order][1:] > best[:-1]]]
        if len(keep) > MOST_STATES:
            raise ValueError(f"too many groups for an exact plan ({len(gain)}): group the customers")
        costs = all_cost[keep]
        gains = all_gain[keep]
        steps.append((keep // len(added_cost), np.r_[-1, useful][keep % len(added_cost)]))
    place = int(np.argmax(gains))
    choice = np.full(len(steps), -1)
    total = float(gains[place])
    for group in range(len(steps) - 1, -1, -1):
        choice[group] = steps[group][1][place]
        place = int(steps[group][0][place])
    return choice, total
