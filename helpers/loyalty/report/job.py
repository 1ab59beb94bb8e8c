"""A campaign read and laid out: its list, its windows, and one row a customer; before anything is measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from loyalty.charts import say_money
from loyalty.evaluate.record import infer_shares, read_shares
from loyalty.frames import collect
from loyalty.report.parts import Report, find_span
from loyalty.report.privacy import looks_personal
from loyalty.tables import CAMPAIGNS, CONTACTS, TableError, check_table

COSTS = ("contact_cost", "reward_cost", "point_cost", "redemption_probability")


@dataclass(frozen=True, eq=False)
class CampaignReport(Report):
    """A report with its verdict ("earned", "lost", "open" or "cannot be known") and what it stands on in `results`."""

    verdict: str = "cannot be known"


@dataclass(frozen=True, eq=False)
class Job:
    """A campaign laid out: settings, list, outcomes, one row a contact (`wide`), days of each window, what was cut.

    `planned` holds the share of each arm as it was planned, if that is known; `plan` the record of the campaign.
    """

    values: Mapping[str, Any]
    contacts: pd.DataFrame
    outcomes: pd.DataFrame
    wide: pd.DataFrame
    days: dict[str, int]
    seen: float
    shortened: dict[str, str]
    kicker: str
    title: str
    planned: Mapping[str, float] | None = None
    plan: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unit(self) -> str:
        """What stands before amounts."""
        return self.values["currency"] or ""

    def money(self, value: float, decimals: int = 2) -> str:
        """Write an amount."""
        return say_money(value, self.unit, decimals)


def read_contacts(source: Any, values: Mapping[str, Any]) -> pd.DataFrame:
    """Read the list, which must be one wave, and check what the settings ask of it."""
    contacts = collect(check_table(source, CONTACTS))
    problems = []
    if contacts[["campaign_id", "wave"]].drop_duplicates().shape[0] > 1:
        problems.append("the list holds several campaigns or waves: keep the rows of one")
    by, name = values["by"], values["not_invited"]
    if by and by not in contacts:
        problems.append(f"there is no column `{by}` to show separately; found: {', '.join(contacts.columns)}")
    if name and name not in set(contacts["arm"]):
        problems.append(f"no customer is in the group {name!r}; found: {', '.join(sorted(set(contacts['arm']))[:8])}")
    if len(contacts) and contacts["arm"].isin(["control", name]).all():
        who = f"control or {name!r}" if name else "control"
        problems.append(f"all customers are in {who}: nobody was treated")
    for column in ("arm", *([by] if by in contacts else ["segment"] if "segment" in contacts else [])):
        if looks_personal(contacts[column]):
            problems.append(
                f"`{column}` holds phones or e-mails, and a report may not show them: choose another column"
            )
    if problems:
        raise TableError(problems, "contacts")
    return contacts


def read_record(contacts: pd.DataFrame, campaigns: Any) -> dict[str, Any]:
    """Read the record of this wave among those of the campaigns: what is filled; nothing without a record."""
    if campaigns is None:
        return {}
    record = collect(check_table(campaigns, CAMPAIGNS)).astype({"campaign_id": "str"})
    name, wave = str(contacts["campaign_id"].iloc[0]), int(contacts["wave"].iloc[0])
    own = record[(record["campaign_id"] == name) & (record["wave"] == wave)]
    if own.empty:
        raise TableError([f"there is no row of the campaign {name!r}, wave {wave}, which the list is of"], "campaigns")
    return own.iloc[0].dropna().to_dict()


def read_planned(
    contacts: pd.DataFrame, values: Mapping[str, Any], record: Mapping[str, Any], universal: int
) -> dict[str, float] | None:
    """Read the planned shares: of the settings, of the campaign's record, or of the probabilities in the list."""
    if (share := values["planned_control_share"]) is not None:
        return {"control": share, "treated": 1 - share}
    if "planned_shares" in record:
        return read_shares(record["planned_shares"])
    if "propensity" not in contacts or universal:
        return None
    return infer_shares(contacts)


def find_windows(receipts: Any, values: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, str]]:
    """Days of each window: what was asked for, else 28 or as many as the receipts cover, which is then said."""
    start, end = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    span = find_span(receipts)
    reach = {
        "pre": (start - span["first"].normalize()).days,
        "post": (span["last"].normalize() + pd.Timedelta(days=1) - end).days,
    }
    days, shortened = {"pre": 28, "main": (end - start).days, "post": 28}, {}
    for window, name in (("pre", "before"), ("post", "after")):
        days[window] = values[name] or min(28, max(reach[window], 0))
        if not values[name] and days[window] < 28:
            where = "begin" if window == "pre" else "end"
            day = span["first"] if window == "pre" else span["last"]
            shortened[f"Window {name}"] = f"{days[window]} days and not 28: the receipts {where} on {day:%Y-%m-%d}"
    return days, shortened


def widen(contacts: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """One row a contact: its arm, and each measure in each window as a column such as sales_main."""
    measures = [name for name in ("orders", "sales", "margin", "discount", "redeemed") if name in outcomes]
    wide = outcomes.pivot(index="customer_id", columns="window", values=measures)
    wide.columns = [f"{measure}_{window}" for measure, window in wide.columns]
    names = [name for name in ("customer_id", "arm", "segment", "stratum") if name in contacts]
    return contacts[names].merge(wide.reset_index(), on="customer_id", how="left")
