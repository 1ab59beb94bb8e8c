"""Segment cards: size, money and what to do, one card a segment; and segments crossed with value."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.segment.rules.rfm import cut_values, score_values
from loyalty.segment.snapshots import match_customers, read_profile, read_snapshot
from loyalty.stats.intervals import interval_of_median, interval_of_share
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.text import shorten

MEDIANS = {"recency_days": "days since the last purchase", "frequency": "receipts"}


@dataclass(frozen=True, eq=False)
class Cards:
    """One card a segment, with intervals; built by `make_cards`. `value` names the column that counts as money."""

    table: pd.DataFrame
    as_of: pd.Timestamp
    value: str
    level: float
    warnings: tuple[str, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """One row a segment: sizes, money, medians, each with its interval, and the action."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        # No text or background colour is set, so that the cards read in light and in dark, and as plain text where
        # styles are taken out.
        cards = "".join(_render_card(row, self.value) for row in self.table.to_dict("records"))
        notes = "".join(f"<li>⚠ {html.escape(text)}</li>" for text in self.warnings)
        return (
            f"<p><b>{len(self.table)} segments of {self.table['customers'].sum():,} customers as of "
            f"{self.as_of:%Y-%m-%d}</b>; medians; in brackets {100 * self.level:g} % intervals</p>"
            f'<div style="display: flex; flex-wrap: wrap; gap: 10px">{cards}</div>'
            + (f"<ul>{notes}</ul>" if notes else "")
        )


@check_arguments
def make_cards(
    segments: AnyTable, profile: AnyTable, *, actions: Mapping[str, str], value: str = "monetary", level: float = 0.95
) -> Cards:
    """Write one card a segment: how many, how much money, what they are like, and what to do.

    Not evidence that an action works: the card describes, a test decides.

    Parameters
    ----------
    segments : pandas.DataFrame, duckdb.DuckDBPyRelation, str or pathlib.Path
        A snapshot: customer_id, as_of, scheme, version, segment.
    profile : the same kinds of source
        The same customers as of the same date.
    actions : mapping of str to str
        What to do with each segment, for example `RFM_SEGMENTS.actions` or `LIFE_CYCLE`; its order is the cards' order.
    value : str
        The money column of the profile: "monetary" or "margin".
    level : float
        Coverage of the intervals, a fraction.

    Returns
    -------
    Cards
        `to_frame()` has segment, customers, share (Wilson's interval), money, money_share (interval from the spread
        between customers), the medians of recency_days, frequency and of the value (exact intervals), action. Intervals
        speak of the wider public that these customers are a draw from.

    Raises
    ------
    TableError
        A segment has no action, or the tables speak of different customers.

    Examples
    --------
    >>> day = pd.Timestamp("2017-07-01")
    >>> profile = pd.DataFrame({"customer_id": [1, 2], "as_of": day, "recency_days": [3.0, None], "frequency": [2, 0],
    ...                         "monetary": [20.0, 0.0]})
    >>> segments = profile[["customer_id", "as_of"]].assign(scheme="s", version="1", segment=["buys", "waits"])
    >>> make_cards(segments, profile, actions={"buys": "Thank."})
    Traceback (most recent call last):
    loyalty.tables.check.TableError: actions: 1 problem
      1. segment 'waits' (1 of 2 customers) has no action: then why is it a segment?
    """
    members = read_snapshot(segments)
    table = match_customers(members, read_profile(profile, *MEDIANS, value))
    sizes = table["segment"].value_counts()
    problems = [
        f"segment {name!r} ({n:,} of {len(table):,} customers) has no action: then why is it a segment?"
        for name, n in sizes.sort_index().items()
        if not str(actions.get(name, "")).strip()
    ]
    if problems:
        raise TableError(problems, "actions")
    rows = []
    amounts = table[value].fillna(0).to_numpy(float)
    for name in (name for name in actions if name in sizes.index):
        inside = (table["segment"] == name).to_numpy()
        row = {"segment": name, "customers": int(inside.sum()), "share": inside.mean()}
        row["share_low"], row["share_high"] = map(float, interval_of_share(inside.sum(), len(inside), level=level))
        row["money"] = float(amounts[inside].sum())
        row["money_share"], row["money_share_low"], row["money_share_high"] = _share_of_sum(amounts, inside, level)
        for column in (*MEDIANS, value):
            values = table.loc[inside, column].to_numpy(float)
            row[f"{column}_median"] = float(np.nanmedian(values)) if (~np.isnan(values)).any() else float("nan")
            row[f"{column}_low"], row[f"{column}_high"] = interval_of_median(values, level=level)
        rows.append(row | {"action": actions[name]})
    empty = [name for name in actions if name not in sizes.index]
    few = [row["segment"] for row in rows if row["customers"] < 30]
    notes = []
    if empty:
        notes.append(f"no customer is in: {', '.join(empty)}")
    if few:
        notes.append(f"under 30 customers, too few to plan with: {', '.join(few)}")
    return Cards(pd.DataFrame(rows), table["as_of"].iloc[0], value, level, tuple(notes))


@check_arguments
def cross_value(segments: AnyTable, profile: AnyTable, *, value: str = "monetary", deciles: int = 10) -> pd.DataFrame:
    """Cross segments with deciles of value: where inside each segment the money is.

    Deciles are made over *all* customers, those who never bought included, by the same rule for ties as `score_rfm`:
    equal customers share a decile, so with many equal ones the deciles differ in size and some are empty.

    Parameters
    ----------
    segments, profile : as for `make_cards`
    value : str
        A column of the profile; empty values are refused.
    deciles : int
        Number of parts; `deciles` is the best.

    Returns
    -------
    pandas.DataFrame
        One row a pair, empty pairs included: segment, decile, customers, money (sum of `value`), share (of all
        customers), money_share. Sums over the rows are the profile's sums.

    Raises
    ------
    TableError
        The tables speak of different customers, or a value is empty.

    Examples
    --------
    >>> profile = pd.DataFrame({"customer_id": [1, 2], "as_of": pd.Timestamp("2017-07-01"), "monetary": [20.0, 5.0]})
    >>> segments = profile[["customer_id", "as_of"]].assign(scheme="s", version="1", segment=["a", "b"])
    >>> cross_value(segments, profile, deciles=2)[["segment", "decile", "customers", "money"]]
      segment  decile  customers  money
    0       a       1          0    0.0
    1       a       2          1   20.0
    2       b       1          1    5.0
    3       b       2          0    0.0
    """
    table = match_customers(read_snapshot(segments), read_profile(profile, value))
    empty = table[value].isna().sum()
    if empty:
        says = f"{empty:,} of {len(table):,} customers without {value}: they cannot be ranked by it"
        raise TableError([says], "profile")
    if deciles < 2:
        raise TableError([f"deciles should be 2 or more, found {deciles}"], "cross_value")
    amounts = table[value].to_numpy(float)
    codes, names = pd.factorize(table["segment"], sort=True)
    places = codes * deciles + score_values(amounts, cut_values(amounts, deciles)) - 1
    cross = pd.DataFrame({"segment": np.repeat(names, deciles), "decile": np.tile(range(1, deciles + 1), len(names))})
    cross["customers"] = np.bincount(places, minlength=len(cross))
    cross["money"] = np.bincount(places, weights=amounts, minlength=len(cross))
    cross["share"] = cross["customers"] / len(table)
    total = amounts.sum()
    cross["money_share"] = cross["money"] / total if total else float("nan")
    return cross


def _share_of_sum(amounts: np.ndarray, inside: np.ndarray, level: float) -> tuple[float, float, float]:
    """A segment's share of the money, with the interval of a ratio of two means (linearised)."""
    total = amounts.sum()
    if not total:
        return float("nan"), float("nan"), float("nan")
    share = amounts[inside].sum() / total
    spread = amounts * (inside - share)
    half = stats.norm.ppf(0.5 + level / 2) * spread.std() / np.sqrt(len(amounts)) / (total / len(amounts))
    low, high = share - abs(half), share + abs(half)
    if amounts.min() >= 0:
        low, high = max(low, 0.0), min(high, 1.0)
    return float(share), float(low), float(high)


def _render_card(row: dict[str, Any], value: str) -> str:
    def say(column: str) -> str:
        if np.isnan(row[f"{column}_median"]):
            return "none"
        numbers = (row[f"{column}_{end}"] for end in ("median", "low", "high"))
        middle, low, high = (shorten(round(n)) if np.isfinite(n) else "?" for n in numbers)
        return f"{middle} <small>({low} to {high})</small>"

    def share(name: str, words: str) -> str:
        middle, low, high = (f"{100 * row[name + end]:.1f}" for end in ("", "_low", "_high"))
        wide = 0 if np.isnan(row[name]) else min(max(100 * row[name], 0), 100)
        bar = f'<br><span style="display: inline-block; height: 6px; width: {wide:.0f}%; background: #E69F00"></span>'
        return f'<br><b style="font-size: 115%">{middle} %</b> {words} <small>({low} to {high})</small>{bar}'

    medians = MEDIANS | {value: f"{'spend' if value == 'monetary' else value} each"}
    return (
        '<div style="flex: 1 1 240px; max-width: 340px; border: 1px solid #9AA0A6; border-radius: 6px; padding: 10px">'
        f'<b style="font-size: 125%">{html.escape(row["segment"])}</b><br>{row["customers"]:,} customers, '
        f"{shorten(round(row['money']))} money"
        f"{share('share', 'of customers')}{share('money_share', 'of the money')}<br>"
        + "".join(f"{words}: {say(column)}<br>" for column, words in medians.items())
        + f"→ <i>{html.escape(row['action'])}</i></div>"
    )
