"""The three waves of lesson 41, what they truly changed, and the test of calmed rates on the other half of a chain."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from loyalty.learn.history import open_history
from loyalty.stats import shrink_rates
from loyalty.tasks.t41.visits import list_active
from loyalty.world import Wave, World

PAIRS = [("basket_discount", "gift"), ("category_discount", "bonus_points"), ("win_back", "concierge")]
SEED = 41


class Sent(NamedTuple):
    """The world on the evening before a wave, and the wave."""

    before: World
    wave: Wave


def send_waves() -> list[Sent]:
    """Send three waves, eight weeks apart: a lot gives each third an offer, another offer, or nothing."""
    lots = np.random.default_rng(SEED)
    now = World(customers=5_000, months=24, seed=SEED)
    sent = []
    for pair in PAIRS:
        base = list_active(now)
        offers = lots.permutation(np.resize(np.array([None, *pair]), len(base)))
        drawn = base.assign(offer_id=offers, propensity=1 / 3)
        wave, later = now.run(drawn, campaign_id=" and ".join(pair))
        sent.append(Sent(now, wave))
        now = later
    return sent


def remember_waves(sent: Sequence[Sent]) -> pd.DataFrame:
    """Put waves into a response history, and take the four weeks during out of it.

    Parameters
    ----------
    sent : sequence of Sent
    """
    with tempfile.TemporaryDirectory() as shelf, open_history(Path(shelf) / "waves.duckdb") as memory:
        for before, wave in sent:
            rule = {"scheme": "visits", "version": "1", "segment_as_of": before.end}
            memory.append(wave.contacts, wave.outcomes, **rule)
        return memory.to_frame().query("window == 'main'")


def find_true_lifts(sent: Sequence[Sent]) -> pd.DataFrame:
    """Find the expected lift of each offer in each segment: the very customers of the wave, luck averaged out.

    Parameters
    ----------
    sent : sequence of Sent

    Returns
    -------
    DataFrame
        One row a cell: arm, segment, truth (sales in euros per customer in four weeks).
    """
    found = []
    for before, wave in sent:
        segment = wave.contacts.set_index("customer_id")["segment"]
        gains = {}
        for offer in wave.contacts["offer_id"].dropna().unique():
            effect = before.truth.effect(offer, days=28, post=0)
            gains[offer] = effect.set_index("customer_id")["sales"]
        mean = pd.DataFrame(gains).reindex(segment.index).groupby(segment).mean()
        found.append(mean.rename_axis("arm", axis=1).stack())
    return pd.concat(found).rename("truth").reset_index()


def predict_other_half(coupons: pd.DataFrame, times: int = 50) -> pd.DataFrame:
    """Predict the rates of one half of the households from the other, in three ways; the squared error of each.

    Parameters
    ----------
    coupons : DataFrame
        One row an invitation: campaign_id, segment, customer_id, responded.
    times : int
        Halves that are drawn.

    Returns
    -------
    DataFrame
        One row a draw; columns raw, one rate for all, shrunken.
    """
    rng = np.random.default_rng(SEED)
    people = coupons["customer_id"].unique()
    errors = []
    for _ in range(times):
        half = coupons["customer_id"].isin(rng.choice(people, len(people) // 2, replace=False))
        errors.append(_compare_halves(_count(coupons[half]), _count(coupons[~half])))
    return pd.DataFrame(errors)


def _count(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.groupby(["campaign_id", "segment"])["responded"].agg(["sum", "count"])


def _compare_halves(one: pd.DataFrame, other: pd.DataFrame) -> dict[str, float]:
    both = one.join(other.add_suffix("_other"), how="inner")
    target = both["sum_other"] / both["count_other"]
    guesses = {
        "raw": both["sum"] / both["count"],
        "one rate for all": both["sum"].sum() / both["count"].sum(),
        "shrunken": shrink_rates(both["sum"], both["count"]).table["shrunken"].to_numpy(),
    }
    return {name: np.average((guess - target) ** 2, weights=both["count_other"]) for name, guess in guesses.items()}
