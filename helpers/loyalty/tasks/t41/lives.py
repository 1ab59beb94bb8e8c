"""All lives of the customers of lesson 41, and the lotteries that show one life of each: which answer is nearest?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.stats import shrink_normal
from loyalty.tasks.t41.waves import Sent

SAME = 1e-9  # euros: lifts that differ by less are one
SURE = 1.96


class Lives(NamedTuple):
    """Sales in the four weeks of each customer in three lives (columns 0, 1, 2), and what each life was called."""

    table: pd.DataFrame
    arms: list[list[str]]


def live_each_life(sent: Sequence[Sent]) -> Lives:
    """Let each customer of each wave live three times: without an offer, with its first, with its second.

    Parameters
    ----------
    sent : sequence of Sent
    """
    arms = [["control", *wave.contacts["offer_id"].dropna().unique()] for _, wave in sent]
    found = []
    for number, (before, wave) in enumerate(sent):
        lives = wave.contacts[["customer_id", "segment"]].assign(wave=number)
        for life, offer in enumerate([None, *arms[number][1:]]):
            everybody, _ = before.run(wave.contacts[["customer_id"]].assign(offer_id=offer))
            sales = everybody.outcomes.query("window == 'main'").set_index("customer_id")["sales"]
            lives[life] = sales.reindex(lives["customer_id"]).to_numpy()
        found.append(lives)
    return Lives(pd.concat(found).astype({"segment": "category"}), arms)


def score_lotteries(
    lives: Lives, true_lifts: pd.DataFrame, rng: np.random.Generator, *, times: int, count: int
) -> pd.DataFrame:
    """Hold lotteries, and compare four answers for the lift of each cell with the truth.

    Parameters
    ----------
    lives : Lives
    true_lifts : DataFrame
        arm, segment, truth.
    rng : numpy.random.Generator
        It draws customers and lots.
    times : int
        Size of a wave, as a multiple of the one that was sent.
    count : int
        Number of lotteries.

    Returns
    -------
    DataFrame
        One row an answer and lottery: squared error, share kept, and how the best cell looks and is.
    """
    scores = []
    for _ in range(count):
        drawn = _hold_lottery(lives, rng, times).merge(true_lifts, on=["arm", "segment"])
        for name, answer in _give_answers(drawn).items():
            scores.append({"answer": name} | _score(answer.join(drawn["truth"])))
    return pd.DataFrame(scores)


def _hold_lottery(lives: Lives, rng: np.random.Generator, times: int) -> pd.DataFrame:
    """Draw the customers of all waves again, with replacement, and deal them into thirds: lifts of all cells."""
    some = lives.table.sample(times * len(lives.table), replace=True, random_state=rng)
    life = np.arange(len(some)) % 3  # the order is random, so this is a lot
    sales = some[[0, 1, 2]].to_numpy()[np.arange(len(some)), life]
    dealt = pd.DataFrame({"wave": some["wave"], "segment": some["segment"], "life": life, "sales": sales})
    cells = dealt.groupby(["wave", "segment", "life"], observed=True)["sales"].agg(["mean", "var", "size"])
    groups = cells.reset_index()
    control = groups[groups["life"] == 0].drop(columns="life")
    drawn = groups[groups["life"] > 0].merge(control, on=["wave", "segment"], suffixes=("", "_control"))
    drawn["arm"] = [lives.arms[row.wave][row.life] for row in drawn.itertuples()]
    drawn["raw"] = drawn["mean"] - drawn["mean_control"]
    drawn["se"] = (drawn["var"] / drawn["size"] + drawn["var_control"] / drawn["size_control"]) ** 0.5
    return drawn[["arm", "segment", "size", "raw", "se"]]


def _give_answers(drawn: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Four answers to the same lottery: each a table with shrunken, low, high and kept."""
    offers = [rows for _, rows in drawn.groupby("arm")]
    raw = pd.DataFrame({"shrunken": drawn["raw"], "kept": 1.0})
    raw["low"] = drawn["raw"] - SURE * drawn["se"]
    raw["high"] = drawn["raw"] + SURE * drawn["se"]
    means = [pd.Series(np.average(rows["raw"], weights=rows["size"]), rows.index) for rows in offers]
    return {
        "raw": raw,
        "one lift for each offer": pd.DataFrame({"shrunken": pd.concat(means), "kept": 0.0}),
        "shrunken, a bank for each offer": pd.concat([shrink_normal(rows["raw"], rows["se"]).table for rows in offers]),
        "shrunken, one bank for all": shrink_normal(drawn["raw"], drawn["se"]).table,
    }


def _score(cells: pd.DataFrame) -> dict[str, float]:
    truth = cells["truth"]
    score = {"squared error": ((cells["shrunken"] - truth) ** 2).mean(), "kept": cells["kept"].mean()}
    if "low" in cells:
        held = truth.between(cells["low"], cells["high"])
        # Fully shrunken cells are equal, and rounding must not choose among them: one takes any, so the mean of all
        best = cells["shrunken"] > cells["shrunken"].max() - SAME
        score["best cell says"] = cells["shrunken"].max()
        score["best cell truly"] = truth[best].mean()
        score["truth in the interval"] = held.mean()
        score["in the best cell's interval"] = held[best].mean()
    return score
