"""Logs for the tests: a small one to be weighed by hand, and larger ones whose truth is known."""

import numpy as np
import pandas as pd

ARMS = ("control", "gift", "points")


def make_twelve():
    """Twelve customers by hand: gift by chance .5, points by .25, control by .25."""
    chance = {"control": 0.25, "gift": 0.5, "points": 0.25}
    arms = ["gift"] * 6 + ["points"] * 3 + ["control"] * 3
    profit = [4.0, 0, 6, 2, 0, 0, 8, 0, 1, 2, 0, 1]
    table = pd.DataFrame({"customer_id": range(1, 13), "arm": arms, "profit": profit})
    return table.assign(propensity=table["arm"].map(chance), **{f"chance_{arm}": chance[arm] for arm in ARMS})


LOGGED = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])
MEANS = np.array([[2.0, 3.0, 1.0], [4.0, 3.0, 5.0]])
SHARE = np.array([0.4, 0.6])


def make_log(seed, n=1_000, waves=1, kind=int):
    """Two segments with chances of their own; profit is normal about MEANS, and every customer has a habit."""
    rng = np.random.default_rng(seed)
    segment = (rng.random(n) < SHARE[1]).astype(int)
    habit = rng.normal(0, 2, n)
    parts = []
    for wave in range(1, waves + 1):
        chances = LOGGED[segment]
        arm = (rng.random(n)[:, None] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
        profit = MEANS[segment, arm] + habit + rng.normal(0, 1, n)
        part = pd.DataFrame({"wave": wave, "customer_id": [kind(one) for one in range(1, n + 1)]})
        part = part.assign(segment=np.array(["old", "young"])[segment], arm=np.array(ARMS)[arm], profit=profit)
        parts.append(part.assign(habit=habit, **{f"chance_{name}": chances[:, at] for at, name in enumerate(ARMS)}))
    return pd.concat(parts, ignore_index=True)


def find_truth(plan):
    """What a plan (segments × arms) is worth in these logs."""
    return float(SHARE @ (np.asarray(plan) * MEANS).sum(axis=1))
