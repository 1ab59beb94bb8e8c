"""Earlier and overlapping campaigns: who on the list had another offer that was still valid."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from loyalty.report.campaign.job import say_few
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import OTHER_WAVES
from loyalty.tables.personal import hide_personal
from loyalty.tables.sources import AnyTable, collect

NAME = "Other campaigns"
NEEDS = "needs the lists of the other campaigns (the table other_waves); if there were none, set other_waves to none"
NEEDS_DAYS = "needs the first and the last day of this campaign: the settings start and end"
ADVICE = (
    "Take everybody who had another offer off the list, in both groups, and make the report again; that is fair if "
    "the customers of the other campaign were chosen before those of this one."
)
REACHED = 0.01  # share of control with another offer, from which control no longer shows what happens without one


def read_other_waves(
    tables: Mapping[str, Any], values: Mapping[str, Any], contacts: pd.DataFrame
) -> pd.DataFrame | None:
    """Read who was on the list of another wave; none if it was declared that there were none, None if nobody said.

    Rows of the campaign and wave that is reported are left out, so that the list of all campaigns may be given.

    Parameters
    ----------
    tables : mapping of str to Loaded
        With other_waves, under OTHER_WAVES, if it was given.
    values : mapping
        The settings.
    contacts : pandas.DataFrame
        The list of this wave.

    Raises
    ------
    TableError
        Lists were given, and it was declared that there are none.
    """
    is_declared = values["other_waves"] == "none"
    if "other_waves" not in tables:
        return pd.DataFrame(columns=["customer_id"]) if is_declared else None
    if is_declared:
        raise TableError(
            ["a table other_waves was given, and the setting says none: leave one of them out"], "settings"
        )
    source: AnyTable = tables["other_waves"].table
    listed = collect(check_table(source, OTHER_WAVES))
    keys = [name for name in ("campaign_id", "wave") if name in listed]
    if not keys:
        return listed
    own = contacts[keys].astype("str").iloc[0]
    is_own = (listed[keys].astype("str") == own).all(axis=1)
    return listed[~is_own].reset_index(drop=True)


def find_measured_days(values: Mapping[str, Any], after: int) -> tuple[pd.Timestamp, pd.Timestamp] | None:
    """Find the days [first, last) on which a campaign is measured: its own, and `after` days more.

    None where the settings do not say them; an outcome of 0 and 1 needs no dates of its own.
    """
    if values["start"] is None or values["end"] is None:
        return None
    return pd.Timestamp(values["start"]), pd.Timestamp(values["end"]) + pd.Timedelta(days=after)


def check_other_waves(
    contacts: pd.DataFrame, other: pd.DataFrame | None, days: tuple[pd.Timestamp, pd.Timestamp] | None
) -> tuple[str, str, str]:
    """Count who in control (contamination) and who of the treated (carry-over) had another offer that was still valid.

    An offer counts if it could be used on a day on which this campaign is measured.

    Parameters
    ----------
    contacts : pandas.DataFrame
        customer_id and arm of this campaign.
    other : pandas.DataFrame or None
        From `read_other_waves`.
    days : tuple of (pandas.Timestamp, pandas.Timestamp) or None
        The days [first, last) on which this campaign is measured, if they are known.

    Returns
    -------
    tuple of str
        Name of the check, result, what was found.
    """
    if other is None:
        return NAME, "not done", NEEDS
    if other.empty:
        return NAME, "good", "No other campaign ran before or beside this one, as was said"
    if days is None:
        return NAME, "not done", NEEDS_DAYS
    listed = set(other["customer_id"].astype("str"))
    people = contacts.assign(text=contacts["customer_id"].astype("str"))
    if not people["text"].isin(listed).any():
        return (
            NAME,
            "look",
            "Nobody on this list is on the lists of other campaigns: are the customer numbers the same?",
        )
    valid = _keep_valid(other, *days)
    has_offer = people["text"].isin(set(valid["customer_id"].astype("str")))
    if not has_offer.any():
        return NAME, "good", "Nobody on the list had an offer of another campaign that was still valid"
    is_control = people["arm"] == "control"
    in_control = has_offer & is_control
    of_control = _say_share(in_control, is_control)
    of_treated = _say_share(has_offer & ~is_control, ~is_control)
    says = (
        f"{of_control} of control and {of_treated} of the treated had an offer from {_name(valid)} that was still valid"
    )
    if in_control.sum() > REACHED * is_control.sum():
        return NAME, "alarm", f"{says}: control no longer shows what happens without an offer"
    return NAME, "look", f"{says}: a part of what they bought may be its doing"


def _keep_valid(other: pd.DataFrame, first: pd.Timestamp, last: pd.Timestamp) -> pd.DataFrame:
    """The rows of treated customers whose offer was valid on a day of [first, last)."""
    start = pd.to_datetime(other["start"])
    end = pd.to_datetime(other["end"])
    return other[(other["arm"] != "control") & (start < last) & (end > first)]


def _say_share(hits: pd.Series, group: pd.Series) -> str:
    n = int(hits.sum())
    said = say_few(n)
    return f"{said} ({n / int(group.sum()):.1%})" if said == f"{n:,}" else said


def _name(valid: pd.DataFrame) -> str:
    """Name the other campaigns, if there are few."""
    if "campaign_id" not in valid or valid["campaign_id"].nunique() > 3:
        return "another campaign"
    names = sorted(valid["campaign_id"].astype("str").unique())
    return hide_personal(f"the campaign{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}")
