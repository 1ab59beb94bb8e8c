"""What the files say instead of what is true: numbers, clocks, dates, money, copies, a day that is missing."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.world.dirty.plan import HOURS_BEHIND_UTC, VAT_RATE, FaultPlan, luck

AMBIGUOUS = 12  # pairs of lines that nobody can tell apart, beside those that happen by themselves
RESET_AT = 0.55  # part of the receipts of a till after which its numbers start anew
SAME = ["store_id", "till_id", "basket_id", "product_id", "quantity", "sales", "discount", "time", "kind"]


def number_receipts(lines: pd.DataFrame, plan: FaultPlan) -> pd.DataFrame:
    """Number the receipts of each till by time from 1 on; one till starts anew in between."""
    starts = lines.groupby(["store_id", "till_id", "basket_id"], as_index=False)["time"].min()
    starts = starts.sort_values(["store_id", "till_id", "time", "basket_id"])
    starts["receipt"] = starts.groupby(["store_id", "till_id"]).cumcount() + 1
    here = (starts["store_id"] == plan.anew_till[0]) & (starts["till_id"] == plan.anew_till[1])
    reset = int(here.sum() * RESET_AT)
    late = here & (starts["receipt"] > reset)
    starts.loc[late, "receipt"] -= reset
    starts["number anew"] = late
    lines = lines.drop(columns="number anew")
    return lines.merge(starts.drop(columns="time"), on=["store_id", "till_id", "basket_id"], how="left")


def lose_a_day(lines: pd.DataFrame, seed: int, plan: FaultPlan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take one day of the busiest store out; return what is left, and what is lost."""
    here = lines["store_id"] == plan.silent_store
    days = np.sort(lines.loc[here, "time"].dt.normalize().unique())
    inner = days[3:-3]
    day = inner[int(luck(seed, 30, np.array([0]))[0] * len(inner))]
    lost = here & (lines["time"].dt.normalize() == day)
    return lines[~lost].reset_index(drop=True), lines[lost]


def blind_the_old_till(lines: pd.DataFrame, seed: int, plan: FaultPlan) -> pd.DataFrame:
    """Send no line numbers from one till: a line twice is two pieces, or one line sent twice, and nobody can say."""
    old = (lines["store_id"] == plan.old_till[0]) & (lines["till_id"] == plan.old_till[1])
    candidates = np.flatnonzero(old & lines["keep"] & (lines["kind"] == "sale"))
    chosen = candidates[np.argsort(luck(seed, 31, candidates), kind="stable")][:AMBIGUOUS]
    lines = pd.concat([lines, lines.iloc[chosen]], ignore_index=True)
    old = (lines["store_id"] == plan.old_till[0]) & (lines["till_id"] == plan.old_till[1])
    lines["line_no"] = lines["line_no"].where(~old).astype("Int64")
    lines["no line number"] = old
    lines["ask"] = old & lines.duplicated(SAME, keep=False)
    return lines


def resend(lines: pd.DataFrame, seed: int, plan: FaultPlan, files: int) -> pd.DataFrame:
    """Send two days of one store a second time: one in the same file, one in the file of the next month."""
    store, file = plan.resend
    here = (lines["store_id"] == store) & (lines["file"] == file)
    days = np.sort(lines.loc[here, "time"].dt.normalize().unique())
    two = days[np.argsort(luck(seed, 32, np.arange(len(days))), kind="stable")][:2]
    copies = lines[here & lines["time"].dt.normalize().isin(two)].copy()
    later = copies["time"].dt.normalize() == two[-1]
    copies.loc[later, "file"] = min(file + 1, files - 1)
    copies["resend"] = True
    copies[["keep", "repeat purchase", "ask"]] = False
    return pd.concat([lines, copies], ignore_index=True)


def mark_cells(lines: pd.DataFrame, plan: FaultPlan) -> pd.DataFrame:
    """Mark the lines of the stores and months whose clock, dates or money are wrong."""

    def at(cell: tuple[int, int]) -> pd.Series:
        return (lines["store_id"] == cell[0]) & (lines["file"] == cell[1])

    time = lines["time"].dt
    lines["UTC clock"] = at((0, plan.online_clock_file)) | at(plan.clock)
    lines["day and month"] = at(plan.swap) & (time.day <= 12) & (time.day != time.month)
    lines["no VAT"] = at(plan.vat)
    lines["unit price"] = at(plan.unit) & (lines["quantity"].abs() > 1)
    return lines


def write_wrongly(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the table as the files say it: the columns of `lines`, where marked with the wrong values."""
    raw = lines.copy()
    raw["time"] += pd.to_timedelta(HOURS_BEHIND_UTC * lines["UTC clock"].astype("int64"), unit="h")
    swapped = lines.loc[lines["day and month"], "time"]
    parts = {"year": swapped.dt.year, "month": swapped.dt.day, "day": swapped.dt.month}
    raw.loc[lines["day and month"], "time"] = pd.to_datetime(parts) + (swapped - swapped.dt.normalize())
    pieces = lines["quantity"].abs().where(lines["unit price"], 1)
    tax = np.where(lines["no VAT"], 1 + VAT_RATE, 1.0)
    for name in ("sales", "discount"):
        raw[name] = np.rint(lines[name].abs() / pieces / tax).astype("int64")
    raw["quantity"] = lines["quantity"].where(lines["negative quantity"], lines["quantity"].abs())
    raw["kind"] = lines["kind"].where(~lines["negative quantity"], "sale")
    return raw
