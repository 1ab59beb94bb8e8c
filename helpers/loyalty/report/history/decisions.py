"""The log of decisions: what was expected of each campaign, what was observed, and whether to do it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from loyalty.learn.history.store import History
from loyalty.report.history.measure import Brought, Z
from loyalty.text import say_money

METRIC = "relative change of the share who responded"
COLUMNS = ["campaign", "expected", "observed", "low", "high", "verdict", "do not repeat", "why", "decided"]
NUMBERS = ("expected", "observed", "low", "high")
BY_PROFIT = "profit"  # how the reason of a measured verdict begins
BY_RESPONSE = "judged by the response alone"
NO_CONTROL = "no control group: nobody knows who would have come anyway"


def propose_decisions(
    history: History,
    response: Brought | None,
    profit: Brought | None,
    records: pd.DataFrame,
    values: Mapping[str, Any],
) -> pd.DataFrame:
    """Propose an entry for each campaign of which the history has none; standing entries stay as they are.

    Expected is the expected change of the plan's record (`expected_lift`), observed the relative change of the share
    who responded. The verdict stands on the profit, where it is known, else on the response: "worked" where the whole
    interval lies above zero, "did not work" where it lies below.

    Returns
    -------
    pandas.DataFrame
        One row a campaign: campaign, expected, observed, low, high, verdict, do not repeat, why, decided.
    """
    standing = history.decisions().astype({"campaign_id": "str"}).set_index("campaign_id")
    rows = []
    for campaign in dict.fromkeys(history.campaigns()["campaign_id"].astype("str")):
        if campaign in standing.index:
            rows.append(_show(campaign, standing.loc[campaign]))
        else:
            rows.append(_propose(campaign, response, profit, records, values["currency"] or ""))
    return pd.DataFrame(rows, columns=COLUMNS)


def tell_corrections(corrections: pd.DataFrame, decisions: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Say which campaigns were corrected and why, and which decisions were taken on the numbers before that."""
    decided = decisions.set_index("campaign")["decided"]
    lines = []
    for row in corrections.drop_duplicates(["campaign_id", "wave", "noted_on", "reason"]).itertuples():
        day = f"{row.noted_on:%Y-%m-%d}"
        before = str(decided.get(str(row.campaign_id), ""))
        is_late = before not in ("", day) and before < day
        says = f"{row.campaign_id}, wave {row.wave}, was replaced on {day}: {row.reason}"
        if is_late:
            says += f"; its decision of {before} is older and stands on the numbers before that"
        lines.append(("Corrections", "look" if is_late else "note", says))
    return lines


def write_decisions(history: History, proposed: pd.DataFrame, day: str) -> int:
    """Write the proposed entries into the history's log, as decided on a day; return how many were written."""
    written = 0
    for row in proposed[proposed["decided"] == ""].to_dict("records"):
        numbers = {name: None if pd.isna(row[name]) else float(row[name]) for name in NUMBERS}
        history.decide(
            row["campaign"],
            verdict=row["verdict"],
            do_not_repeat=row["do not repeat"] == "yes",
            decided_on=day,
            metric=METRIC,
            note=row["why"],
            expected=numbers["expected"],
            observed=numbers["observed"],
            low=numbers["low"],
            high=numbers["high"],
        )
        written += 1
    return written


def _show(campaign: str, entry: pd.Series) -> list[Any]:
    """An entry that stands, as a row of the table."""
    numbers = [entry[name] for name in NUMBERS]
    again = "yes" if entry["do_not_repeat"] else "no"
    note = "" if pd.isna(entry["note"]) else str(entry["note"])
    return [campaign, *numbers, entry["verdict"], again, note, f"{entry['decided_on']:%Y-%m-%d}"]


def _propose(
    campaign: str, response: Brought | None, profit: Brought | None, records: pd.DataFrame, unit: str
) -> list[Any]:
    expected = _find_expected(campaign, records)
    observed, low, high = _find_change(campaign, response)
    money = _pool_campaign(campaign, profit)
    if money is not None:
        judged = money
        why = (
            f"{BY_PROFIT} {say_money(money[0], unit, 2)} a customer, {say_money(money[1], unit, 2)} to "
            f"{say_money(money[2], unit, 2)}"
        )
    elif not np.isnan(observed):
        judged = (observed, low, high)
        why = f"{BY_RESPONSE}: the profit is not known"
    else:
        judged = (np.nan, np.nan, np.nan)
        why = NO_CONTROL
    if not np.isnan(expected) and high < expected:
        why += "; less than expected"
    verdict = _judge(judged)
    return [campaign, expected, observed, low, high, verdict, "yes" if verdict == "did not work" else "no", why, ""]


def _judge(estimate: tuple[float, float, float]) -> str:
    if estimate[1] > 0:
        return "worked"
    return "did not work" if estimate[2] < 0 else "not known"


def _find_expected(campaign: str, records: pd.DataFrame) -> float:
    """The expected change of the record; the mean of its waves."""
    if "expected_lift" not in records:
        return float("nan")
    own = records[records["campaign_id"] == campaign]
    return float(own["expected_lift"].mean()) if len(own) else float("nan")


def _find_change(campaign: str, response: Brought | None) -> tuple[float, float, float]:
    """The relative change of the response with its interval: all offers together, waves pooled by their precision."""
    found = _pool_campaign(campaign, response)
    if found is None or response is None:
        return (np.nan, np.nan, np.nan)
    own = response.together[response.together["campaign_id"] == campaign]
    base = float(np.average(own["base"], weights=own["se"].clip(lower=1e-12) ** -2))
    return (found[0] / base, found[1] / base, found[2] / base) if base > 0 else (np.nan, np.nan, np.nan)


def _pool_campaign(campaign: str, measured: Brought | None) -> tuple[float, float, float] | None:
    if measured is None or measured.together.empty:
        return None
    own = measured.together[(measured.together["campaign_id"] == campaign) & (measured.together["se"] > 0)]
    if own.empty:
        return None
    if len(own) == 1:
        return tuple(float(own[name].iloc[0]) for name in ("effect", "low", "high"))  # type: ignore[return-value]
    weight = own["se"] ** -2
    effect = float(np.average(own["effect"], weights=weight))
    half = Z * float(weight.sum() ** -0.5)
    return effect, effect - half, effect + half
