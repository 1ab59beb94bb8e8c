"""Reads a campaign for its report: the contact list, the windows, and one row a customer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pandas as pd

from loyalty.evaluate.clinic.record import infer_shares, read_shares
from loyalty.intake.loading import Loaded
from loyalty.intake.mapping.columns_file import FILLED, suggest
from loyalty.report.campaign.placebo import Early
from loyalty.report.output.parts import Report, find_span
from loyalty.report.output.privacy import FEW, SMALL, refuse_names
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CAMPAIGNS, CONTACTS
from loyalty.tables.personal import name_personal
from loyalty.tables.sources import AnyTable, collect
from loyalty.tables.wave.arms import name_as_found
from loyalty.text import find_decimals, say_money

ALONE = "none"  # the word of the setting `cluster` for customers who were drawn one by one
NAMING = ("by", "cluster", "outcome")  # settings that name a column of the contacts
KINDS = 100  # a table with more groups is not read by anybody
KEPT = ("campaign_id", "wave", "offer_id")  # what a saved table says of each contact, beside what was bought
COSTS = ("contact_cost", "reward_cost", "point_cost", "redemption_probability")


@dataclass(frozen=True, eq=False)
class CampaignReport(Report):
    """A report with its verdict ("earned", "lost", "open" or "cannot be known") and what it stands on in `results`."""

    verdict: str = "cannot be known"
    template: ClassVar[str] = "campaign_report"


@dataclass(frozen=True, eq=False)
class Job:
    """A campaign as it was read, before anything is measured.

    Parameters
    ----------
    values : mapping of str to Any
        The settings.
    contacts : pandas.DataFrame
        The contact list, without the universal control.
    outcomes : pandas.DataFrame
        One row a customer and window.
    wide : pandas.DataFrame
        One row a contact; see `widen`.
    days : dict of str to int
        Length of each window.
    seen : float
        Share of the contacts who have any receipt.
    shortened : dict of str to str
        What was left out or cut, by the name of its line among the checks.
    kicker, title : str
        The line above the verdict, and the heading of the report.
    planned : mapping of str to float, optional
        The planned share of each arm.
    plan : mapping of str to Any
        The record of the campaign.
    bought : pandas.DataFrame, optional
        How many customers of each group have a receipt on each day.
    held : pandas.DataFrame, optional
        The contacts of the universal control.
    other : pandas.DataFrame, optional
        Who was on the lists of other campaigns; see `read_other_waves`.
    early : Early
        What each contact bought in the days of the placebo; see `read_early`.
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
    bought: pd.DataFrame | None = None
    held: pd.DataFrame | None = None
    other: pd.DataFrame | None = None
    early: Early = field(default_factory=Early)

    @property
    def cluster(self) -> str | None:
        """The column of the contacts that says who was drawn together; None if customers were drawn one by one."""
        return None if self.values["cluster"] == ALONE else self.values["cluster"]

    @property
    def people(self) -> pd.DataFrame:
        """One row a contact, with the campaign, its days and the offer, so that a response history can keep it."""
        days = {name: pd.Timestamp(self.values[name]) for name in ("start", "end")}
        names = [name for name in KEPT if name in self.contacts]
        known = self.contacts[["customer_id", *names]]
        return self.wide.merge(known, on="customer_id", how="left").assign(**days)

    @property
    def unit(self) -> str:
        """What stands before amounts."""
        return self.values["currency"] or ""

    def amounts(self, effect: float, *ends: float) -> list[str]:
        """Write an effect and the ends of its interval alike, with so many digits that no end looks like zero."""
        decimals = find_decimals(ends or [effect])
        return [say_money(value, self.unit, decimals) for value in (effect, *ends)]

    def money(self, value: float, decimals: int = 2) -> str:
        """Write an amount."""
        return say_money(value, self.unit, decimals)


def say_few(count: int) -> str:
    """Write a number of customers; a number below five is not shown."""
    return FEW if 0 < count < SMALL else f"{count:,}"


def read_contacts(loaded: Loaded, values: Mapping[str, Any]) -> pd.DataFrame:
    """Read the list, which must be one wave, and check what the settings ask of it.

    Parameters
    ----------
    loaded : Loaded
        The contacts, with what was not kept of their file.
    values : mapping
        The settings; by, cluster, outcome and not_invited name something of the list.
    """
    contacts = collect(check_table(loaded.table, CONTACTS))
    problems = _list_unknown(contacts, loaded.left, values)
    if contacts[["campaign_id", "wave"]].drop_duplicates().shape[0] > 1:
        problems.append("the list holds several campaigns or waves: keep the rows of one")
    by = values["by"]
    name = values["not_invited"]
    if by == "arm":
        problems.append("`by` is arm, and the groups are compared anyway: leave it out, or name another column")
    if name and name not in set(contacts["arm"]):
        problems.append(f"no customer is in the group {name!r}; found: {', '.join(sorted(set(contacts['arm']))[:8])}")
    if len(contacts) and contacts["arm"].isin(["control", name]).all():
        who = f"control or {name!r}" if name else "control"
        problems.append(f"all customers are in {who}: nobody was treated")
    shown = ["arm"]
    if by in contacts:
        shown.append(by)
    elif "segment" in contacts:
        shown.append("segment")
    for column in shown:
        problems += _check_shown(contacts, column)
    if problems:
        raise TableError(problems, "contacts")
    return contacts


def _list_unknown(contacts: pd.DataFrame, left: Mapping[str, str], values: Mapping[str, Any]) -> list[str]:
    """Say of each setting that names a column why the list has none of that name; nothing if it has."""
    problems = []
    for setting in NAMING:
        asked = values.get(setting)
        if asked is None or asked in contacts or (setting == "cluster" and asked == ALONE):
            continue
        if asked in left:
            problems.append(f"`{setting}` names the column `{asked}`, and {left[asked]}")
        else:
            known = [name for name in contacts if name not in ("campaign_id", "wave", "customer_id", "arm")]
            near = suggest(asked, [*known, *left])
            problems.append(f"`{setting}`: the contacts have no column `{asked}`{near}")
    return problems


def _check_shown(contacts: pd.DataFrame, column: str) -> list[str]:
    """Say why the values of a column cannot be shown in a report; nothing if they can."""
    problems = []
    personal = name_personal(contacts[column])
    if personal:
        problems.append(f"`{column}` holds {personal}, which a report may not show: choose another column")
    kinds = contacts[column].nunique()
    if kinds > KINDS:
        problems.append(f"`{column}` has {kinds:,} values, and a report shows up to {KINDS}: choose another column")
    elif not personal and column != "arm":  # what an arm of few customers says is told by its verdict
        problems += refuse_names(contacts[column], column)
    return problems


def split_universal(contacts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the list into the contacts of this campaign and those of the universal control."""
    is_universal = contacts["control_kind"].eq("universal") if "control_kind" in contacts else contacts["arm"].isna()
    return contacts[~is_universal].reset_index(drop=True), contacts[is_universal]


def read_record(contacts: pd.DataFrame, campaigns: Any) -> dict[str, Any]:
    """Find the record of this wave in the table of campaigns; return its filled fields, none without a table."""
    if campaigns is None:
        return {}
    record = collect(check_table(campaigns, CAMPAIGNS)).astype({"campaign_id": "str"})
    name = str(contacts["campaign_id"].iloc[0])
    wave = int(contacts["wave"].iloc[0])
    own = record[(record["campaign_id"] == name) & (record["wave"] == wave)]
    if len(record) == 1 and (name, wave) == tuple(FILLED["contacts"].values()):  # the list names no campaign
        own = record.assign(campaign_id=name, wave=wave)
    if own.empty:
        found = ", ".join(f"{row.campaign_id!r}, wave {row.wave}" for row in record.head(5).itertuples()) or "none"
        mend = "correct campaign_id and wave in contacts or in campaigns, or leave campaigns out"
        says = f"there is no row of the campaign {name!r}, wave {wave}, which the list is of; found: {found}: {mend}"
        raise TableError([says], "campaigns")
    return own.iloc[0].dropna().to_dict()


def read_planned(
    contacts: pd.DataFrame, values: Mapping[str, Any], record: Mapping[str, Any], universal: int
) -> dict[str, float] | None:
    """Read the planned share of each arm from the settings, the campaign's record, or the probabilities in the list.

    Parameters
    ----------
    contacts : pandas.DataFrame
        The contact list.
    values : mapping
        The settings.
    record : mapping
        The record of the campaign; see `read_record`.
    universal : int
        Customers of the universal control; with some, the probabilities in the list are not those of the arms.
    """
    share = values["planned_control_share"]
    if share is not None:
        return {"control": share, "treated": 1 - share}
    if "planned_shares" in record:
        shares = name_as_found(read_shares(record["planned_shares"]), contacts["arm"].dropna().unique())
        if "control" not in shares:
            says = f"`planned_shares` names {', '.join(shares)}, and none is control: write it as control=0.1, mail=0.9"
            raise TableError([says], "campaigns")
        return _name_as_in_list(shares, sorted(set(contacts["arm"]) - {"control", values["not_invited"]}))
    if "propensity" not in contacts or universal:
        return None
    return infer_shares(contacts)


def _name_as_in_list(shares: Mapping[str, float], arms: list[str]) -> dict[str, float]:
    """Rename the one treatment of the record to the one of the list: if each has one, both names mean the same."""
    others = sorted(set(shares) - {"control"})
    if len(others) == 1 and len(arms) == 1:
        return {arms[0] if arm == others[0] else arm: share for arm, share in shares.items()}
    return dict(shares)


def find_windows(receipts: AnyTable, values: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, str]]:
    """Find the days of each window, and a remark on each window that the receipts made shorter.

    A window is as long as the settings say, else 28 days, or as many as the receipts cover.
    """
    start, end = pd.Timestamp(values["start"]), pd.Timestamp(values["end"])
    span = find_span(receipts)
    reach = {
        "pre": (start - span["first"].normalize()).days,
        "post": (span["last"].normalize() + pd.Timedelta(days=1) - end).days,
    }
    days = {"pre": 28, "main": (end - start).days, "post": 28}
    shortened = {}
    for window, name in (("pre", "before"), ("post", "after")):
        days[window] = values[name] or min(28, max(reach[window], 0))
        if not values[name] and days[window] < 28:
            where = "begin" if window == "pre" else "end"
            day = span["first"] if window == "pre" else span["last"]
            shortened[f"Window {name}"] = f"{days[window]} days and not 28: the receipts {where} on {day:%Y-%m-%d}"
    return days, shortened


def widen(contacts: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Make one row a contact: its arm, and each measure in each window as a column such as sales_main."""
    measures = [name for name in ("orders", "sales", "margin", "discount", "redeemed") if name in outcomes]
    wide = outcomes.pivot(index="customer_id", columns="window", values=measures)
    wide.columns = [f"{measure}_{window}" for measure, window in wide.columns]
    names = [name for name in ("customer_id", "arm", "segment", "stratum") if name in contacts]
    return contacts[names].merge(wide.reset_index(), on="customer_id", how="left")
