"""Which way to recommend is sent: the one that a time split shows to be better than best-sellers, else best-sellers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import pandas as pd

from loyalty.learn.recommend.lists import recommend_products
from loyalty.learn.recommend.scores import RecommenderScores, score_recommenders
from loyalty.learn.recommend.ways import WORDS
from loyalty.stats.intervals import wilson
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable

Way = Literal["popular", "items", "linear"]
WAYS = ("popular", "again", "items", "linear")
SAFE: Way = "popular"
SEED = 45
DRAWS = 200  # of the bootstrap, for the intervals


@dataclass(frozen=True, eq=False)
class WayChoice:
    """The way that is sent, with the scores that decided it.

    `scores` are of whole lists, `first` of their first place alone, which is near to what is sent. `listed` are the
    customers who had a list at all, None if nearly all have: of few products many have bought each.
    """

    way: Way
    scores: RecommenderScores
    first: RecommenderScores
    listed: frozenset[Any] | None = None

    @property
    def words(self) -> str:
        """What the way is called."""
        return name_way(self.way)

    @property
    def hit(self) -> pd.Series:
        """value, low and high: the share of customers who bought the first product of their list, without a message.

        Of those who had a list, where only some products may be offered; the interval is then Wilson's.
        """
        if self.listed is not None:
            rows = self.first.customers
            hits = rows.loc[rows["customer_id"].isin(self.listed), f"new_{self.way}"]
            low, high = wilson(float(hits.mean()), len(hits))
            return pd.Series({"value": hits.mean(), "low": low, "high": high}, dtype="float64")
        rows = self.first.table
        here = (rows["among"] == "new") & (rows["way"] == self.way) & (rows["metric"] == "hit_rate")
        return rows.loc[here, ["value", "low", "high"]].iloc[0].astype("float64")

    @property
    def because(self) -> str:
        """Why this way, in one sentence with the interval."""
        gains = list_gains(self.scores)
        values = self.scores.to_frame("hit_rate").set_index(["among", "way"])["value"]["new"]
        popular = f"{100 * values[SAFE]:.2f} of the best-sellers'"
        if self.way != SAFE:
            row = gains.set_index("way").loc[self.way]
            own = f"of 100 places on its lists {100 * values[self.way]:.2f} were bought later"
            return f"{own}, and {popular}: {_say_gain(row)}"
        best = gains.loc[gains["gain"].idxmax()]
        if best["low"] != best["low"]:
            return "all ways give the same lists"
        return (
            f"no other way is shown to be better: of 100 places of the best of them, {name_way(best['way'])}, "
            f"{100 * values[best['way']]:.2f} were bought later, and {popular}: {_say_gain(best)}"
        )


def name_way(way: str) -> str:
    """Call a way by a short name; all of them know the whole history of a customer.

    Examples
    --------
    >>> name_way("items")
    'item-to-item'
    """
    return WORDS[way].split(",")[0]


def list_gains(scores: RecommenderScores) -> pd.DataFrame:
    """What each way gains on best-sellers in the share of places bought later, for products new to the customer."""
    rows = scores.gains
    here = (rows["among"] == "new") & (rows["against"] == SAFE) & (rows["metric"] == "hit_rate")
    return rows[here].reset_index(drop=True)


def _say_gain(row: pd.Series) -> str:
    text = (
        f"a difference of {100 * row['gain']:+.2f} (95 % interval {100 * row['low']:+.2f} to {100 * row['high']:+.2f})"
    )
    return text.replace("-", "−")


def choose_way(
    receipts: AnyTable,
    first: pd.Timestamp,
    day: pd.Timestamp,
    days: int,
    size: int,
    only: Sequence[Any] | None = None,
) -> WayChoice:
    """Score the ways on the last days before `day`, as many as the campaign lasts, and choose.

    Parameters
    ----------
    receipts : table under RECEIPTS with product_id
    first : pandas.Timestamp
        Day of the first receipt.
    day : pandas.Timestamp
        Purchases before it are known.
    days : int
        Length of the campaign.
    size : int
        Products on each list.
    only : sequence of ids, optional
        The products that may stand on a list.

    Raises
    ------
    TableError
        The receipts do not reach back twice as far as the campaign lasts, or hold too few products.
    """
    cut = day - pd.Timedelta(days=days)
    if (cut - first).days < days:
        known = (day - first).days
        says = f"the campaign lasts {days:,} days, so that receipts of {2 * days:,} days are needed, and there are"
        raise TableError([f"{says} {known:,} before {day:%Y-%m-%d}: give more, or plan a shorter campaign"], "receipts")
    options: dict[str, Any] = {"end": day, "draws": DRAWS, "seed": SEED, "only": only}
    scores = score_recommenders(receipts, cut, size=size, ways=WAYS, **options)
    winners = scores.find_winners("new")
    way = cast(Way, winners[0]) if winners else SAFE
    first = score_recommenders(receipts, cut, size=1, ways=[way], **options)
    listed = None
    if only is not None:
        lists = recommend_products(receipts, cut, way=way, size=1, only=only)
        listed = frozenset(lists.table["customer_id"])
        if not listed:
            says = f"before {cut:%Y-%m-%d} everybody had bought all products that may be offered: nothing is known"
            raise TableError([f"{says} of who buys one for the first time"], "offers")
    return WayChoice(way, scores, first, listed)
