"""What came before as a guide to what comes next: the second contact of a kind, and past response as a predictor.

Neither is an effect: who was contacted again was chosen, and who responds is someone who responds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import special

from loyalty.learn.history.response_rates import add_rates, error_of_ratio, open_rows, read_history, sum_cells
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sources import collect, open_table

WAVE = ("campaign_id", "wave")
BEFORE = ("responded before", "contacted, no response", "no contact before")


@dataclass(frozen=True)
class Prediction:
    """Rates by what customers did before, over all waves and wave by wave; built by `predict_from_past`."""

    table: pd.DataFrame
    waves: pd.DataFrame
    level: float = 0.95

    def to_frame(self) -> pd.DataFrame:
        """One row a group of customers."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return render_html(self.table, "response by what customers did before the wave began")


@check_arguments
def measure_decay(
    history: Any,
    *,
    by: str = "offer_id",
    outcome: str = "responded",
    window: str = "main",
    up_to: int = 5,
    level: float = 0.95,
) -> pd.DataFrame:
    """Measure how the response goes with the first, second, third contact of the same kind.

    Not proof of fatigue: customers with a third contact were chosen, and the third campaign is not the first one. The
    columns `change…` at least compare customers with themselves.

    Parameters
    ----------
    history, outcome, window, level
        As for `measure_rates`; every contact needs a start.
    by : str
        What counts as the same kind: offer_id, offer_kind, arm or channel.
    up_to : int
        The last contact number also holds all later ones.

    Returns
    -------
    pandas.DataFrame
        One row a kind and contact number: n, customers, responses, rate, low, high; change with change_low and
        change_high: the same customers' rate less their own response to their first contact.

    Examples
    --------
    >>> rows = pd.DataFrame({"campaign_id": [1, 1, 2, 2], "wave": 1, "customer_id": [7, 8, 7, 8], "arm": "coupon",
    ...     "window": "main", "responded": [1, 1, 0, 1]})
    >>> days = pd.to_datetime(rows["campaign_id"].map({1: "2017-01-02", 2: "2017-03-06"}))
    >>> rows = rows.assign(start=days, end=days + pd.Timedelta(days=28))
    >>> measure_decay(rows, by="arm")[["arm", "contact", "n", "rate", "change"]]
          arm  contact  n  rate  change
    0  coupon        1  2   1.0     NaN
    1  coupon        2  2   0.5    -0.5
    """
    rows, _ = open_rows(read_history(history), [by], outcome, window, dated=True)
    turn = ["start", "campaign_id", "wave"]
    rows = rows.with_columns(contact=nw.col("y").cum_count().over("customer_id", by, order_by=turn).cast(nw.Int64))
    first = nw.when(nw.col("contact") == 1).then(nw.col("y")).max().over("customer_id", by)
    rows = rows.with_columns(first=first).with_columns(
        contact=nw.when(nw.col("contact") > up_to).then(up_to).otherwise(nw.col("contact"))
    )
    rows = rows.with_columns(own=nw.col("y") - nw.col("first"))
    cells = add_rates(sum_cells(rows, [by, "contact"], ["y", "own"]), level)
    change = (cells["own"] / cells["n"]).where(cells["contact"] > 1)
    half = special.ndtri(0.5 + level / 2) * error_of_ratio(cells, "own", change)
    cells = cells.assign(change=change, change_low=change - half, change_high=change + half)
    return cells[[by, "contact", *"n customers responses rate low high change change_low change_high".split()]]


@check_arguments
def predict_from_past(
    history: Any, *, outcome: str = "responded", window: str = "main", level: float = 0.95
) -> Prediction:
    """Measure whether those who responded before respond again, wave by wave, so that it is not the mix of waves.

    Not for judging an offer: a high rate among past responders may be people who would have bought anyway. Known at
    the start of a wave are only windows that had ended by then; waves that still run count as no contact.

    Parameters
    ----------
    history, outcome, window, level
        As for `measure_rates`; every contact needs a start and an end.

    Returns
    -------
    Prediction
        `table`, one row for each group ("responded before", "contacted, no response", "no contact before"): n,
        customers, responses, rate, low, high; crude, the ratio of its rate to that of "contacted, no response";
        relative with relative_low and relative_high, the same ratio within waves (Mantel-Haenszel over the waves that
        hold both groups), its interval clustered by customer. `waves`: n, responses, rate of each group in each wave.

    Raises
    ------
    ValueError
        A column or date is missing, or there are no rows to measure.

    Examples
    --------
    >>> rows = pd.DataFrame({"campaign_id": [1] * 4 + [2] * 4, "wave": 1, "customer_id": [1, 2, 3, 4] * 2})
    >>> rows = rows.assign(arm="coupon", window="main", responded=[1, 1, 0, 0, 1, 1, 1, 0])
    >>> days = pd.to_datetime(rows["campaign_id"].map({1: "2017-01-02", 2: "2017-03-06"}))
    >>> found = predict_from_past(rows.assign(start=days, end=days + pd.Timedelta(days=28)))
    >>> found.table[["past", "n", "rate", "relative"]]
                         past  n  rate  relative
    0        responded before  2   1.0       2.0
    1  contacted, no response  2   0.5       1.0
    2       no contact before  4   0.5       NaN

    Source: Mantel and Haenszel, JNCI 22 (1959), 719-748; Greenland and Robins, Biometrics 41 (1985), 55-68.
    """
    rows = _look_back(open_rows(read_history(history), [], outcome, window, dated=True)[0])
    hits = nw.col("y").sum().cast(nw.Int64).alias("responses")
    waves = rows.group_by(*WAVE, "past").agg(nw.col("start").min(), nw.len().cast(nw.Int64).alias("n"), hits)
    waves = _name_past(collect(waves)).sort_values(["start", *WAVE, "past"], ignore_index=True)
    waves["rate"] = waves["responses"] / waves["n"]
    ratios = {past: _compare_within(waves, past) for past in (BEFORE[0], BEFORE[2])}
    sums = _sum_pulls(rows, pd.concat([waves[[*WAVE, "past"]], *(pulls for _, pulls in ratios.values())], axis=1))
    table = _name_past(add_rates(sum_cells(rows, ["past"]), level))
    table["crude"] = table["rate"] / table.set_index("past")["rate"].get(BEFORE[1], np.nan)
    ratio = table["past"].map({past: value for past, (value, _) in ratios.items()} | {BEFORE[1]: 1.0})
    people = sums["customers"]
    squares = table["past"].map({past: sums[f"{past}_{past}"] for past in ratios})
    half = special.ndtri(0.5 + level / 2) * np.sqrt(squares * people / (people - 1)).where((ratio > 0) & (people > 1))
    table = table.assign(relative=ratio, relative_low=ratio * np.exp(-half), relative_high=ratio * np.exp(half))
    names = "past n customers responses rate low high crude relative relative_low relative_high".split()
    return Prediction(table[names], waves[[*WAVE, "start", "past", "n", "responses", "rate"]], level)


def _look_back(rows: nw.LazyFrame) -> nw.LazyFrame:
    """Say for each contact what its customer had done in windows that ended by its start, as a place in BEFORE.

    Two days a customer tell it: when the first window ended, and when the first one with the outcome did. A window that
    ends on a day is known to a wave that begins on that day.
    """
    ends = rows.group_by("customer_id").agg(
        first_end=nw.col("end").min(),
        first_hit=nw.when(nw.col("y") > 0).then(nw.col("end")).min(),
    )
    rows = rows.join(ends, on="customer_id", how="inner")
    past = nw.when(nw.col("first_end") <= nw.col("start")).then(1).otherwise(2)
    past = nw.when(nw.col("first_hit") <= nw.col("start")).then(0).otherwise(past)
    return rows.select(*WAVE, "customer_id", "start", "y", past=past)


def _name_past(table: pd.DataFrame) -> pd.DataFrame:
    """Write the group for its place in BEFORE: millions of rows are grouped sooner by a number than by a text."""
    return table.assign(past=table["past"].map(dict(enumerate(BEFORE))).astype("str"))


def _compare_within(waves: pd.DataFrame, past: str) -> tuple[float, pd.DataFrame]:
    """Mantel-Haenszel ratio of two groups' rates within waves, and the influence of each contact and response on it.

    The influence is that on the ratio's logarithm, on the index of `waves`. The standard error is the root of its
    squares, summed first within customers, so that a customer's contacts in all waves count together.
    """
    wide = waves[waves["past"].isin([past, BEFORE[1]])].set_index([*WAVE, "past"])[["n", "responses"]]
    wide = wide.unstack("past").reindex(columns=pd.MultiIndex.from_product([wide.columns, [past, BEFORE[1]]])).dropna()
    m, n, a, c = (wide[place] for place in wide)
    total = m + n
    top = float((a * n / total).sum())
    bottom = float((c * m / total).sum())
    pulls = pd.DataFrame(0.0, index=waves.index, columns=[f"row {past}", f"hit {past}"])
    if not (top > 0 and bottom > 0):
        return (0.0 if bottom > 0 else np.nan), pulls
    moved = a / total**2 / top + c / total**2 / bottom
    both = {past: (-n * moved, n / total / top), BEFORE[1]: (m * moved, -m / total / bottom)}
    for name, (row, hit) in both.items():
        here = waves.index[waves["past"] == name]
        place = pd.MultiIndex.from_frame(waves.loc[here, list(WAVE)])
        pulls.loc[here] = np.column_stack([row.reindex(place).fillna(0.0), hit.reindex(place).fillna(0.0)])
    return top / bottom, pulls


def _sum_pulls(rows: nw.LazyFrame, pulls: pd.DataFrame) -> pd.Series:
    """Sum each comparison's influences within customers, and their squares over customers (`past_past`)."""
    pulls = pulls.assign(past=pulls["past"].map(BEFORE.index))
    rows = rows.join(open_table(pulls, beside=rows), on=[*WAVE, "past"], how="inner")
    compared = {name: nw.col(f"row {name}") + nw.col(f"hit {name}") * nw.col("y") for name in (BEFORE[0], BEFORE[2])}
    return sum_cells(rows.select("customer_id", everybody=nw.lit(1), **compared), ["everybody"], list(compared)).iloc[0]
