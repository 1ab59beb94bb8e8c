"""Scores on a ladder of equal steps, where equal customers always get equal scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from loyalty.segment.inputs import read_buyers
from loyalty.stats import render_html
from loyalty.tables import TableError

COLUMNS = {"r": "recency_days", "f": "frequency", "m": "monetary"}


@dataclass(frozen=True, eq=False)
class RfmScores:
    """Scores of all customers as of a date, and the ruler they were read from; built by `score_rfm`.

    `table` has one row a customer: customer_id, as_of, r, f, m (1 to `bins`, higher is better; 0 for those who never
    bought) and code, for example "5-4-3". `cuts` holds for r, f and m the lowest value that reaches scores 2, 3, …
    (recency counts negative there: fewer days are better; infinite where no value reaches the score).
    """

    table: pd.DataFrame
    bins: int
    cuts: Mapping[str, tuple[float, ...]]
    warnings: tuple[str, ...] = ()

    @property
    def edges(self) -> pd.DataFrame:
        """One row a score: the most days, the least receipts and money that reach it, and its customers."""
        edges = pd.DataFrame({"score": range(1, self.bins + 1)})
        for name, column in COLUMNS.items():
            ends = np.array([-np.inf, *self.cuts[name]])
            ends = np.where(np.isfinite(ends), ends, np.nan)
            edges[f"{column}_{'at_most' if name == 'r' else 'at_least'}"] = -ends if name == "r" else ends
            edges[f"{name}_customers"] = np.bincount(self.table[name], minlength=self.bins + 1)[1:]
        return edges

    def to_frame(self) -> pd.DataFrame:
        """The table of scores."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        title = f"RFM scores of {len(self.table):,} customers as of {self.table['as_of'].iloc[0]:%Y-%m-%d}"
        edges = self.edges.astype(object)
        return render_html(edges.where(edges.notna(), ""), title, self.warnings)


def score_rfm(profile: Any, *, bins: int = 5, ruler: RfmScores | None = None) -> RfmScores:
    """Score recency, frequency and monetary from 1 (worst) to `bins` (best), ties by value.

    A customer's score is his place among the buyers who *differ* from him: leave out those with exactly his value; if
    none of the others is worse he gets 1, if more than four fifths are worse he gets 5 (with five bins). So equal
    customers have equal scores whatever their ids and the order of rows, a better value never gets a lower score, the
    worst value always gets 1 and the best always `bins`. Without ties these are the usual fifths. With heavy ties (half
    of the customers bought once) the steps hold unequal numbers, some none at all, and a warning says so. If all
    buyers are equal, all get the middle score.

    Not for comparing two dates unless `ruler` is given: without it somebody must fall whenever another rises. Not
    for newcomers: a low score may mean that they had no time yet (see `assign_life_cycle`).

    Parameters
    ----------
    profile : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        The contract `profile` as of one date, with recency_days, frequency and monetary.
    bins : int
        Number of scores, from 2 to 9.
    ruler : RfmScores, optional
        Earlier scores whose cuts are used again; `bins` is then theirs.

    Returns
    -------
    RfmScores
        Its `table` is sorted by customer_id. Customers who never bought score 0-0-0 and move nobody's score.

    Raises
    ------
    TableError
        The profile breaks its contract, or `bins` is not from 2 to 9.

    Examples
    --------
    >>> profile = pd.DataFrame({"customer_id": [1, 2, 3, 4], "as_of": pd.Timestamp("2017-07-01"),
    ...     "recency_days": [3, 40, 40, None], "frequency": [9, 1, 1, 0], "monetary": [90.0, 5.0, 5.0, 0.0]})
    >>> score_rfm(profile).table["code"].tolist()
    ['5-5-5', '1-1-1', '1-1-1', '0-0-0']

    Source: Hughes (1994), Strategic Database Marketing; its fifths by sorted position give equal customers unequal
    scores, hence the rule for ties here.
    """
    bins = ruler.bins if ruler else bins
    if not 2 <= bins <= 9:
        raise TableError([f"bins should be from 2 to 9, found {bins}"], "score_rfm")
    table, bought = read_buyers(profile, "monetary")
    values = {name: table.loc[bought, column].to_numpy(float) for name, column in COLUMNS.items()}
    values["r"] = -values["r"]
    cuts = ruler.cuts if ruler else MappingProxyType({name: tuple(cut_values(v, bins)) for name, v in values.items()})
    scores = table[["customer_id", "as_of"]].copy()
    for name, v in values.items():
        column = np.zeros(len(table), dtype="int8")
        column[bought] = score_values(v, cuts[name])
        scores[name] = column
    codes = [f"{place // 100}-{place // 10 % 10}-{place % 10}" for place in range(1000)]
    places = scores["r"].astype(int) * 100 + scores["f"].astype(int) * 10 + scores["m"].astype(int)
    scores["code"] = pd.Categorical.from_codes(places, codes).astype("str")
    notes = () if ruler else tuple(_warn_of_ties(values, scores[bought], bins))
    return RfmScores(scores, bins, cuts, notes)


def cut_values(values: ArrayLike, bins: int) -> np.ndarray:
    """Find the lowest value that reaches each score from 2 to `bins`, by the rule of `score_rfm`.

    Parameters
    ----------
    values : array of float
        Higher is better; no NaN.
    bins : int
        Number of scores.

    Returns
    -------
    array of float, `bins` - 1 long
        Infinite where no value reaches the score; all infinite without values.

    Examples
    --------
    >>> cut_values([1, 1, 1, 2, 7], 5)
    array([2., 2., 2., 7.])
    """
    x = np.sort(np.asarray(values, float))
    cuts = np.full(bins - 1, np.inf)
    if not len(x):
        return cuts
    if x[0] == x[-1]:
        cuts[: bins // 2] = x[0]
        return cuts
    for step in range(1, bins):
        # Without ties the score is reached at this place. With ties it is reached by the value that stands here, or
        # by the next one: leaving out the equal ones can only bring the worse ones nearer to what is asked.
        place = -(-step * (len(x) - 1) // bins)
        worse, end = (int(np.searchsorted(x, x[place], side)) for side in ("left", "right"))
        reached = bins * worse >= step * (worse + len(x) - end)
        cuts[step - 1] = x[place] if reached else x[end]
    return cuts


def score_values(values: ArrayLike, cuts: ArrayLike) -> np.ndarray:
    """Score values from 1: one more for each cut that is reached.

    Parameters
    ----------
    values : array of float
        Higher is better; no NaN.
    cuts : array of float
        As `cut_values` returns them.

    Returns
    -------
    array of int8

    Examples
    --------
    >>> score_values([1, 1, 1, 2, 7], [2, 2, 2, 7]).tolist()
    [1, 1, 1, 4, 5]
    """
    return (np.searchsorted(np.asarray(cuts, float), np.asarray(values, float), side="right") + 1).astype("int8")


def _warn_of_ties(values: dict[str, np.ndarray], scores: pd.DataFrame, bins: int) -> list[str]:
    if scores.empty:
        return ["nobody has bought: there is nothing to score"]
    notes = []
    for name, column in COLUMNS.items():
        counts = np.bincount(scores[name], minlength=bins + 1)[1:]
        if counts.max() == len(scores):
            notes.append(f"{column}: all {len(scores):,} buyers are equal, so all get the middle score")
        elif counts.min() == 0 or counts.max() > 1.5 * len(scores) / bins:
            commonest, times = np.unique(values[name], return_counts=True)
            top = commonest[times.argmax()] * (-1 if name == "r" else 1)
            empty = [str(s) for s in range(1, bins + 1) if not counts[s - 1]]
            notes.append(
                f"{column}: {times.max() / len(scores):.0%} of the buyers share the value {top:g}, so the scores hold "
                f"unequal numbers (from {counts.min():,} to {counts.max():,})"
                + (f" and nobody scores {', '.join(empty)}" if empty else "")
            )
    return notes
