"""Faults of a whole store and month, found in small tables: unusual hours, prices unlike the chain's."""

from __future__ import annotations

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.clean.clock import DAY_HOURS
from loyalty.prepare.clean.rules import CleaningRules
from loyalty.tables.sources import collect

CELL = ["loyalty_store", "loyalty_month"]
RARE = 0.001  # the chance of an hour in which the shop has never sold


def find_cells_in_utc(
    lines: nw.LazyFrame, offsets: list[tuple[pd.Timestamp, float]], rules: CleaningRules
) -> pd.DataFrame:
    """Find the stores and months whose hours fit the usual hours moved by the zone, and not the usual ones.

    The usual hours of a channel are the median share of each hour over its stores and months, so that a few that are
    wrong do not move it. A store that is wrong in all its months, and the only one of its channel, is not seen.
    """
    names = lines.collect_schema().names()
    channel = nw.col("channel").cast(nw.String).fill_null("") if "channel" in names else nw.lit("")
    own = [name for name in ("till_id", "basket_id") if name in names]
    who: list[str] = [*own] or ["customer_id"]
    receipts = (
        lines.with_columns(loyalty_channel=channel).group_by(*CELL, "loyalty_channel", *who, "time").agg(n=nw.len())
    )
    receipts = receipts.with_columns(hour=nw.col("time").dt.hour())
    hours = receipts.group_by(*CELL, "loyalty_channel", "hour").agg(n=nw.len())
    counts = collect(hours)
    if counts.empty:
        return counts[CELL]
    table = counts.pivot_table(index=["loyalty_channel", *CELL], columns="hour", values="n", aggfunc="sum")
    table = table.reindex(columns=range(DAY_HOURS)).fillna(0.0)
    found = [_judge_hours(part.droplevel(0), offsets, rules) for _, part in table.groupby(level=0)]
    return pd.concat(found, ignore_index=True).drop_duplicates()


def _judge_hours(counts: pd.DataFrame, offsets: list[tuple[pd.Timestamp, float]], rules: CleaningRules) -> pd.DataFrame:
    """Compare each store and month of one channel with the channel's usual hours, as they are and moved."""
    receipts = counts.sum(axis=1).to_numpy()
    enough = receipts >= rules.clock_receipts
    values = counts.to_numpy()
    if not enough.any():
        return pd.DataFrame(columns=CELL)
    usual = np.median(values[enough] / receipts[enough, None], axis=0)
    usual = (usual + RARE) / (usual + RARE).sum()
    months = counts.index.get_level_values(1)
    starts = np.array([start for start, _ in offsets], dtype="datetime64[us]")
    spans = np.clip(np.searchsorted(starts, months.to_numpy().astype("datetime64[us]"), side="right") - 1, 0, None)
    shifts = np.rint([hours for _, hours in offsets]).astype(int)[spans]
    # A sale at the local hour h is stamped at h - shift in UTC
    moved = np.array([np.roll(usual, -shift) for shift in shifts])
    evidence = (values * (np.log(moved) - np.log(usual))).sum(axis=1)
    # Stores differ: a month is odd when its hours are farther from the usual ones than those of most, and moving it
    # has to explain that, not only to lessen it
    far = _measure_distance(values, np.broadcast_to(usual, values.shape))
    far_moved = _measure_distance(values, moved)
    limit = rules.clock_spread * (np.median(far[enough]) + rules.clock_floor)
    odd = enough & (evidence > rules.clock_evidence) & (far > limit) & (far_moved < limit)
    return counts.index[odd].to_frame(index=False)


def _measure_distance(values: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Measure how far hours are from the expected: divergence a receipt, less what chance alone makes of it."""
    size = np.maximum(values.sum(axis=1), 1.0)
    shares = values / size[:, None]
    divergence = np.where(values > 0, shares * np.log(np.where(values > 0, shares, 1.0) / expected), 0.0).sum(axis=1)
    cells = (values > 0).sum(axis=1) - 1
    return np.maximum(divergence - cells / 2 / size, 0.0)


def _open_prices(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Return the shelf price of one piece on each sale, over the product's median in the whole table."""
    names = lines.collect_schema().names()
    pieces = nw.col("quantity").cast(nw.Float64).abs()
    off = nw.col("discount").cast(nw.Float64).abs().fill_null(0.0) if "discount" in names else nw.lit(0.0)
    shelf = (nw.col("sales").cast(nw.Float64).abs() + off) / pieces
    usable = (pieces > 0) & (shelf > 0) & ~nw.col("product_id").is_null()
    priced = lines.select(*CELL, "product_id", loyalty_pieces=pieces, loyalty_shelf=shelf, loyalty_usable=usable)
    priced = priced.filter(nw.col("loyalty_usable").fill_null(False))
    usual = priced.group_by("product_id").agg(loyalty_usual=nw.col("loyalty_shelf").median())
    joined = priced.join(usual, on="product_id", how="inner")
    return joined.with_columns(loyalty_ratio=nw.col("loyalty_shelf") / nw.col("loyalty_usual"))


def find_cells_without_tax(lines: nw.LazyFrame, vat_rate: float, rules: CleaningRules) -> pd.DataFrame:
    """Find the stores and months whose median price over the chain's is 1 / (1 + VAT)."""
    single = _open_prices(lines).filter(nw.col("loyalty_pieces") == 1)
    cells = collect(single.group_by(*CELL).agg(n=nw.len(), ratio=nw.col("loyalty_ratio").median()))
    near = (cells["ratio"] - 1 / (1 + vat_rate)).abs() <= rules.vat_tolerance
    return cells.loc[(cells["n"] >= rules.money_lines) & near, CELL]


def find_cells_of_unit_prices(lines: nw.LazyFrame, rules: CleaningRules) -> pd.DataFrame:
    """Find the stores and months in which the money of several pieces is that of one."""
    several = _open_prices(lines).filter(nw.col("loyalty_pieces") > 1)
    lost = -nw.col("loyalty_ratio").log() / nw.col("loyalty_pieces").log()
    lost_power = several.with_columns(loyalty_lost=lost).group_by(*CELL)
    cells = collect(lost_power.agg(n=nw.len(), lost=nw.col("loyalty_lost").median()))
    return cells.loc[(cells["n"] >= rules.unit_lines) & (cells["lost"] > rules.unit_power), CELL]
