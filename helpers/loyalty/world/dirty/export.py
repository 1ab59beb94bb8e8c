"""The dirty export and its truth: every planted fault with file, line, what stands there and what is right."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from loyalty.world.dirty.distort import (
    blind_the_old_till,
    lose_a_day,
    mark_cells,
    number_receipts,
    resend,
    write_wrongly,
)
from loyalty.world.dirty.files import write_files
from loyalty.world.dirty.grade import count_wrongly_removed, grade_cleaning
from loyalty.world.dirty.plan import FAULTS, HOURS_BEHIND_UTC, STAFF_DISCOUNT, VAT_RATE, FaultPlan, make_plan
from loyalty.world.dirty.plant import (
    name_cashiers,
    plant_cancellations,
    plant_cashiers_card,
    plant_repeats,
    plant_returns,
    plant_staff,
    plant_tests,
    take_lines,
)
from loyalty.world.fields import WorldError
from loyalty.world.state import Lived

LEAST_LINES = 1_000  # with fewer some faults find no line to fall on
REMOVED = ("resend", "cancellation", "test card", "staff card", "cashier's card")
# Which column a fault that can be mended stands in; of a receipt number the right value is a visit of its own
MENDED = {
    "return": "sales",
    "negative quantity": "sales",
    "UTC clock": "time",
    "day and month": "time",
    "no VAT": "sales",
    "unit price": "sales",
    "number anew": "receipt",
    "no line number": "line",
}
CLEAN = (
    "file file_line customer_id time sales basket_id line_no product_id quantity discount kind store_id till_id "
    "channel ask"
).split()


@dataclass(frozen=True)
class DirtyTruth:
    """What is wrong with an export, line by line, and the table that a perfect cleaning would give.

    `defects`: file, line (1 is the header; empty for a day that was never sent), store_id, defect, column, found,
    right, money (euros: what stands wrongly in the file's sum, or is missing from it). "repeat purchase" and "ask" are
    no faults: the first must stay, of the second nobody can say. `clean`: under the contract `receipts`, with file and
    file_line; money in euros; `ask` marks the lines that nobody can judge.
    """

    defects: pd.DataFrame
    clean: pd.DataFrame

    @property
    def net_sales(self) -> float:
        """Sales less returns of the clean table, in euros, all lines that nobody can judge included."""
        return float(self.clean["sales"].sum().round(2))

    def grade(
        self, clean: pd.DataFrame, removed: pd.DataFrame, missing_days: pd.DataFrame | None = None
    ) -> pd.DataFrame:
        """Grade a cleaning: of each fault how many were planted and found.

        Parameters
        ----------
        clean, removed : pandas.DataFrame
            With file and file_line; `clean` under the contract `receipts`, with `ask` where lines are to be asked for.
        missing_days : pandas.DataFrame, optional
            store_id and day.

        Returns
        -------
        pandas.DataFrame
            Index defect; planted, found, missed, share. A line that should be gone counts as found when it is gone. Of
            "repeat purchase" those that stay are found, of "a good line" those that stay as they were.
        """
        return grade_cleaning(self.defects, self.clean, clean, removed, missing_days)

    def count_wrongly_removed(self, removed: pd.DataFrame) -> int:
        """Count removed lines that belong to the clean table; those that nobody can judge are left out."""
        return count_wrongly_removed(self.clean, removed)


@dataclass(frozen=True)
class DirtyExport:
    """A folder of CSV files as a till system sent them, and what only the simulation knows about them.

    `hours_behind_utc`, `vat_rate` and `staff_discount` are what the chain's people would tell who asked them.
    """

    folder: Path
    files: tuple[Path, ...]
    truth: DirtyTruth
    hours_behind_utc: int = HOURS_BEHIND_UTC
    vat_rate: float = VAT_RATE
    staff_discount: float = STAFF_DISCOUNT

    def __repr__(self) -> str:
        return f"{len(self.files)} files, {self.files[0].name} to {self.files[-1].name}"


def export_dirty(
    world: Lived, receipts: pd.DataFrame, end: pd.Timestamp, folder: str | Path, months: int, seed: int
) -> DirtyExport:
    """Write the last months of a world as a till system would send them; see `World.export_dirty`."""
    if not 3 <= months <= world.months:
        raise WorldError(
            [f"months should be from 3 to the {world.months} of the world, found {months!r}"], "the export"
        )
    last = (end - pd.Timedelta(days=1)).to_period("M")  # after a wave the last month may have begun only
    starts = pd.period_range(end=last, periods=months, freq="M")
    names = [f"receipts_{start}.csv" for start in starts]
    lines = take_lines(receipts, seed, starts[0].start_time)
    if len(lines) < LEAST_LINES:
        says = f"a dirty export needs {LEAST_LINES:,} receipt lines or more, found {len(lines):,}: take more customers"
        raise WorldError([says], "the export")
    physical = lines.loc[lines["store_id"] > 0, "store_id"].value_counts()
    busiest = physical.reset_index().sort_values(["count", "store_id"], ascending=[False, True])["store_id"]
    plan = make_plan(seed, pd.Index(busiest), months)
    lines = _plant(lines, seed, plan, end)
    lines["file"] = (
        (lines["time"].dt.year - starts[0].year) * 12 + lines["time"].dt.month - starts[0].month
    ).to_numpy()
    lines, lost = lose_a_day(number_receipts(lines, plan), seed, plan)
    lines = resend(blind_the_old_till(lines, seed, plan), seed, plan, months)
    lines = mark_cells(lines, plan)
    raw = write_wrongly(lines)
    order = np.lexsort((lines["line_no"].fillna(0), lines["receipt"], raw["time"], raw["resend"], lines["file"]))
    lines = lines.iloc[order].reset_index(drop=True)
    raw = raw.iloc[order].reset_index(drop=True)
    paths = write_files(raw, Path(folder), names)
    for table in (lines, raw, lost):
        table["name"] = np.array(names)[table["file"]]
    lines["line"] = lines.groupby("file").cumcount() + 2
    return DirtyExport(Path(folder), tuple(paths), DirtyTruth(_list_defects(lines, raw, lost), _make_clean(lines)))


def _plant(lines: pd.DataFrame, seed: int, plan: FaultPlan, end: pd.Timestamp) -> pd.DataFrame:
    lines = plant_staff(plant_repeats(lines, seed, plan), seed)
    lines = plant_cashiers_card(name_cashiers(lines, seed, plan), seed, plan)
    lines = plant_returns(plant_cancellations(lines, seed, plan), seed, plan, end)
    return name_cashiers(plant_tests(lines, seed), seed, plan)


def _make_clean(lines: pd.DataFrame) -> pd.DataFrame:
    kept = lines[lines["keep"]].rename(columns={"line": "file_line"})
    basket = kept["store_id"] * 10**9 + kept["till_id"] * 10**8 + kept["receipt"] + kept["number anew"] * 10**7
    clean = kept.assign(
        file=kept["name"],
        basket_id=basket,
        sales=kept["sales"] / 100,
        discount=kept["discount"] / 100,
    )
    return clean[CLEAN].reset_index(drop=True)


def _list_defects(lines: pd.DataFrame, raw: pd.DataFrame, lost: pd.DataFrame) -> pd.DataFrame:
    wrong = raw["sales"].where(raw["kind"] != "cancel", 0)
    tables = []
    for name in FAULTS:
        if name == "missing day":
            tables.append(_describe_lost(lost))
            continue
        hit = lines[name].to_numpy()
        found, right, money = _describe(name, lines[hit], raw[hit], wrong[hit])
        table = {"file": lines.loc[hit, "name"], "line": lines.loc[hit, "line"], "store_id": lines.loc[hit, "store_id"]}
        table |= {"defect": name, "column": MENDED.get(name, "line"), "found": found, "right": right, "money": money}
        tables.append(pd.DataFrame(table))
    listed = pd.concat(tables, ignore_index=True)
    return listed.astype({"line": "Int64"})


def _describe(
    name: str, lines: pd.DataFrame, raw: pd.DataFrame, wrong: pd.Series
) -> tuple[pd.Series, pd.Series | str, pd.Series]:
    """Say what stands in the file, what is right, and how many euros too many the file's sum holds."""
    if name in REMOVED:
        return raw["customer_id"], "not a customer's purchase" if "card" in name else "no purchase", wrong / 100
    if name not in MENDED:
        return raw["customer_id"], "stays" if name == "repeat purchase" else "ask", wrong * 0.0
    column = MENDED[name]
    if column == "sales":
        return _say_cents(raw["sales"]), _say_cents(lines["sales"]), (raw["sales"] - lines["sales"]) / 100
    if column == "time":
        return raw["time"].astype("str"), lines["time"].astype("str"), wrong * 0.0
    if column == "line":
        return raw["customer_id"], "a number of its own", wrong * 0.0
    return raw["receipt"].astype("str"), "a receipt of its own", wrong * 0.0


def _describe_lost(lost: pd.DataFrame) -> pd.DataFrame:
    row = {
        "file": lost["name"].iloc[0],
        "line": pd.NA,
        "store_id": lost["store_id"].iloc[0],
        "defect": "missing day",
        "column": "line",
        "found": f"no line of {lost['time'].iloc[0]:%Y-%m-%d}",
        "right": f"{len(lost)} lines",
        "money": -lost.loc[lost["keep"], "sales"].sum() / 100,
    }
    return pd.DataFrame([row])


def _say_cents(cents: pd.Series) -> pd.Series:
    return (cents / 100).map("{:.2f}".format).astype("str")
