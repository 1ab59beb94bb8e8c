"""The history of the report `segments` in the analytic store: what the last run said, and the place of this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from loyalty.prepare.store.store import AnalyticStore, open_store
from loyalty.report.output.html import Section
from loyalty.tables.check import TableError

MEMBERS = """
SELECT customer_id, segment FROM members WHERE snapshot_id = $number ORDER BY customer_id
"""
ID_TYPE = "SELECT data_type FROM duckdb_columns() WHERE table_name = 'members' AND column_name = 'customer_id'"


@dataclass(frozen=True, eq=False)
class SegmentHistory:
    """What a store knows of one scheme before a day; read by `read_history`.

    `runs` has one row a stored run that counts: as_of, version, customers. `before` is the snapshot of the last run
    before the day, None if there is none. `rule` is that of the run to go on with: the last one up to the day, or the
    first of all.
    """

    path: Path
    scheme: str
    runs: pd.DataFrame
    before: pd.DataFrame | None = None
    rule_before: Mapping[str, Any] | None = None
    rule: Mapping[str, Any] | None = None

    @property
    def day(self) -> pd.Timestamp | None:
        """The day of the last run before this one."""
        return None if self.before is None else pd.Timestamp(self.before["as_of"].iloc[0])


def read_history(path: str | Path, scheme: str, day: pd.Timestamp) -> SegmentHistory:
    """Read the runs of a scheme from a store; an empty history where the file is still to be made.

    Parameters
    ----------
    path : str or pathlib.Path
    scheme : str
        As the store knows it, such as "life cycle".
    day : pandas.Timestamp
        The day of this report; runs of this very day are no "before".

    Raises
    ------
    StoreError
        The file is busy, damaged or none of ours.
    TableError
        There is no folder for it.
    """
    path = Path(path)
    none = pd.DataFrame(columns=["as_of", "version", "customers", "snapshot_id"])
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise TableError([f"`store`: there is no folder {path.parent} to keep {path.name} in"], "settings")
        return SegmentHistory(path, scheme, none)
    with open_store(path) as store:
        table = store.snapshots()
        runs = table[table["counts"] & (table["scheme"] == scheme)].sort_values("as_of", ignore_index=True)
        runs = runs.assign(as_of=pd.to_datetime(runs["as_of"]))[list(none)]
        if runs.empty:
            return SegmentHistory(path, scheme, none)
        up_to = runs[runs["as_of"] <= day]
        going_on = up_to.iloc[-1] if len(up_to) else runs.iloc[0]
        rule = store.rule(scheme, str(going_on["version"]))
        earlier = runs[runs["as_of"] < day]
        if earlier.empty:
            return SegmentHistory(path, scheme, runs, rule=rule)
        last = earlier.iloc[-1]
        return SegmentHistory(
            path, scheme, runs, _read_members(store, last, scheme), store.rule(scheme, str(last["version"])), rule
        )


def _read_members(store: AnalyticStore, run: pd.Series, scheme: str) -> pd.DataFrame:
    """The snapshot of one stored run, with ids as texts, as the intake gives them."""
    members = store.ask(MEMBERS, {"number": int(run["snapshot_id"])})
    ids = members["customer_id"].astype("str")
    found = pd.DataFrame({"customer_id": ids, "as_of": run["as_of"], "scheme": scheme, "version": run["version"]})
    return found.assign(segment=members["segment"].astype("str")).sort_values("customer_id", ignore_index=True)


@dataclass(frozen=True, eq=False)
class Keeping:
    """What is to be written to the store: a snapshot, the rule of its version, and the day on which it is written."""

    path: Path
    members: pd.DataFrame
    rule: Mapping[str, Any]
    recorded_at: str | None = None

    def keep(self) -> Section:
        """Write the snapshot in one transaction: whole, or not at all; the same again changes nothing."""
        first = self.members.iloc[0]
        with open_store(self.path) as store:
            members = _fit_ids(store, self.members[["customer_id", "segment"]])
            kept = store.place(
                members,
                first["as_of"],
                scheme=str(first["scheme"]),
                version=str(first["version"]),
                recorded_at=self._find_day(store, first["as_of"]),
                rule=self.rule,
            )
            table = store.snapshots()
        runs = int((table["counts"] & (table["scheme"] == kept.scheme)).sum())
        words = {
            "added": "kept",
            "renewed": "kept, in place of another of this day",
            "unchanged": "there already, unchanged",
        }
        says = f"{self.path.name}: {kept.scheme} as of {kept.as_of}, {kept.customers:,} customers: {words[kept.done]}. "
        return Section((f"{says}Runs of this scheme in the store: {runs:,}.", *kept.warnings))

    def _find_day(self, store: AnalyticStore, as_of: pd.Timestamp) -> str:
        """The day on which the store learns of it: as set, else the first that lies before nothing it knows."""
        if self.recorded_at:
            return self.recorded_at
        known = [pd.to_datetime(table["recorded_at"]).max() for table in (store.loads(), store.snapshots())]
        days = [pd.Timestamp(as_of), *(day for day in known if day == day)]
        return f"{max(days):%Y-%m-%d}"


def _fit_ids(store: AnalyticStore, members: pd.DataFrame) -> pd.DataFrame:
    """Give ids the type that the store holds: it may know whole numbers where a till export has texts."""
    held = str(store.ask(ID_TYPE).iloc[0, 0])
    ids = members["customer_id"]
    if held != "BIGINT" or not ids.str.fullmatch(r"0|[1-9]\d{0,17}").all():
        return members
    return members.assign(customer_id=ids.astype("int64"))
