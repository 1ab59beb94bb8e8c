"""Whether a campaign's numbers may be trusted: what the report checks before anybody reads the lift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from loyalty.evaluate.balance import check_balance
from loyalty.evaluate.ratio import check_sample_ratio
from loyalty.report.parts import make_checks
from loyalty.report.privacy import FEW, SMALL


def check_campaign(
    contacts: pd.DataFrame, wide: pd.DataFrame, seen: float, planned: float | None, notes: Mapping[str, str]
) -> pd.DataFrame:
    """Check matching, sample ratio, delivery and balance of a campaign with a control group.

    Not a proof that the groups were drawn by lot: only the plan can show that.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Under CONTACTS, arm "control" for the control.
    wide : pandas.DataFrame
        One row a contact: customer_id, and `sales_pre`, `orders_pre` if there is a window before.
    seen : float
        Share of the contacts who have any receipt.
    planned : float, optional
        Planned share of control.
    notes : mapping of str to str
        Remarks that are no checks: name -> what is to be known.

    Returns
    -------
    pandas.DataFrame
        Columns check, result (good, look, alarm, not done, note), what was found.
    """
    rows = [check_matching(seen), _check_ratio(contacts, planned), *_check_delivery(contacts)]
    known = [name for name in ("sales_pre", "orders_pre") if name in wide and wide[name].nunique() > 1]
    if known:
        words = {"sales_pre": "sales before", "orders_pre": "receipts before"}
        found = check_balance(contacts, wide[["customer_id", *known]].rename(columns=words))
        gaps = ", ".join(
            f"{row.covariate} {row.treated:,.2f} and {row.control:,.2f}" for row in found.table.itertuples()
        )
        state = "alarm" if found.p < 0.001 else "look" if found.warnings else "good"
        says = "the groups differed before the start" if state == "alarm" else "alike before the start"
        rows.append(("Balance before the start", state, f"{says}: treated and control {gaps}; p {_say_p(found.p)}"))
    else:
        rows.append(("Balance before the start", "not done", "needs receipts from before the start"))
    rows += [(name, "note", text) for name, text in notes.items()]
    return make_checks(rows)


def check_matching(seen: float) -> tuple[str, str, str]:
    """Judge the share of contacts who have any receipt: a low one says that the ids are of two kinds."""
    words = f"{seen:.1%} of the people on the contact list have a receipt, at any time"
    return "Contact list meets receipts", "good" if seen >= 0.5 else "look", words


def say_few(count: int) -> str:
    """Write a number of customers; a small one is not shown."""
    return FEW if 0 < count < SMALL else f"{count:,}"


def _say_p(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"= {p:.4f}"


def _check_ratio(contacts: pd.DataFrame, planned: float | None) -> tuple[str, str, str]:
    control = int((contacts["arm"] == "control").sum())
    treated = len(contacts) - control
    found = f"{say_few(treated)} treated, {say_few(control)} control ({control / len(contacts):.1%})"
    name = "Sample ratio"
    if planned is None:
        return name, "not done", f"{found}; set planned_control_share to test it"
    if not 0 < planned < 1:
        return name, "not done", f"{found}; a planned share of {planned:g} leaves nothing to test"
    shares = {"treated": 1 - planned, "control": planned}
    ratio = check_sample_ratio({"treated": treated, "control": control}, shares)
    words = f"{found}, planned {planned:.1%}; p {_say_p(ratio.p)}"
    return (
        name,
        "alarm" if ratio.alarm else "good",
        words + ("; the split is not the one planned" if ratio.alarm else ""),
    )


def _check_delivery(contacts: pd.DataFrame) -> list[tuple[str, str, str]]:
    is_control = contacts["arm"] == "control"
    rows = []
    sent = contacts["sent_at"].notna() if "sent_at" in contacts else pd.Series(False, index=contacts.index)
    arrived = contacts["delivered"].astype("boolean") if "delivered" in contacts else None
    if arrived is not None:
        sent = sent | arrived.fillna(False).astype(bool)
    if wrong := int((sent & is_control).sum()):
        words = f"{say_few(wrong)} of control were written to as well: the lift is too small"
        rows.append(("Control left alone", "alarm" if wrong > 0.01 * is_control.sum() else "look", words))
    elif arrived is not None or "sent_at" in contacts:
        rows.append(("Control left alone", "good", "no message to control is on record"))
    if arrived is None:
        rows.append(("Delivery", "not done", "needs the column delivered in contacts"))
    else:
        share = float(arrived[~is_control].fillna(False).mean())
        words = f"{share:.1%} of the treated got the message; effects count everybody assigned"
        rows.append(("Delivery", "good" if share >= 0.9 else "look", words))
    return rows


def find_alarms(checks: pd.DataFrame) -> list[str]:
    """Return what was found by the checks that raised an alarm."""
    return checks.loc[checks["result"] == "alarm", "what was found"].tolist()


def find_seen(people: pd.Series, buyers: Any) -> float:
    """Share of the people on the list who have any receipt."""
    return float(people.isin(buyers).mean()) if len(people) else float("nan")
