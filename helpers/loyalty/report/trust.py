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
    contacts: pd.DataFrame, wide: pd.DataFrame, seen: float, planned: Mapping[str, float] | None,
    notes: Mapping[str, str],
) -> pd.DataFrame:  # fmt: skip
    """Check matching, sample ratio, delivery and balance of a campaign with a control group.

    Not a proof that the groups were drawn by lot: only the plan can show that.

    Parameters
    ----------
    contacts : pandas.DataFrame
        Under CONTACTS, arm "control" for the control; without the universal control.
    wide : pandas.DataFrame
        One row a contact: customer_id, and `sales_pre`, `orders_pre` if there is a window before.
    seen : float
        Share of the contacts who have any receipt.
    planned : mapping of str to float, optional
        Planned share of each arm, or of "control" and "treated", all arms together.
    notes : mapping of str to str
        Remarks that are no checks: name -> what is to be known.

    Returns
    -------
    pandas.DataFrame
        Columns check, result (good, look, alarm, not done, note), what was found.
    """
    rows = [
        check_matching(seen),
        check_ratio(contacts, planned),
        *_check_delivery(contacts),
        check_balanced(contacts, wide),
    ]
    return make_checks([*rows, *((name, "note", text) for name, text in notes.items())])


def check_balanced(contacts: pd.DataFrame, wide: pd.DataFrame) -> tuple[str, str, str]:
    """Compare the groups in what they did before the start: sales and receipts, if they are known."""
    name, words = "Balance before the start", {"sales_pre": "sales before", "orders_pre": "receipts before"}
    known = [name for name in words if name in wide and wide[name].nunique() > 1]
    if not known:
        return name, "not done", "needs receipts from before the start"
    found = check_balance(contacts, wide[["customer_id", *known]].rename(columns=words))
    gaps = ", ".join(f"{row.covariate} {row.treated:,.2f} and {row.control:,.2f}" for row in found.table.itertuples())
    state = "alarm" if found.p < 0.001 else "look" if found.warnings else "good"
    says = "the groups differed before the start" if state == "alarm" else "alike before the start"
    return name, state, f"{says}: treated and control {gaps}; p {_say_p(found.p)}"


def check_matching(seen: float) -> tuple[str, str, str]:
    """Judge the share of contacts who have any receipt: a low one says that the ids are of two kinds."""
    words = f"{seen:.1%} of the people on the contact list have a receipt, at any time"
    return "Contact list meets receipts", "good" if seen >= 0.5 else "look", words


def say_few(count: int) -> str:
    """Write a number of customers; a small one is not shown."""
    return FEW if 0 < count < SMALL else f"{count:,}"


def _say_p(p: float) -> str:
    return "< 0.0001" if p < 0.0001 else f"= {p:.4f}"


def check_ratio(
    contacts: pd.DataFrame, planned: Mapping[str, float] | None, mode: str | None = None
) -> tuple[str, str, str]:
    """Compare the sizes of the groups with the plan; `mode` "blocks" had exact quotas, and the test says nothing."""
    name, arms = "Sample ratio", contacts["arm"]
    if planned is not None and set(planned) == {"control", "treated"}:
        arms = arms.where(arms == "control", "treated")
    counts = arms.value_counts()
    counts = counts.reindex(planned, fill_value=0) if planned and set(counts.index) <= set(planned) else counts
    found = ", ".join(f"{say_few(int(n))} {arm} ({n / len(arms):.1%})" for arm, n in counts.items())
    if planned is None:
        return name, "not done", f"{found}; set planned_control_share to test it"
    if strange := set(counts.index) - set(planned):
        return name, "alarm", f"{', '.join(sorted(strange))} was not planned; planned: {', '.join(planned)}"
    if not all(0 < share < 1 for share in planned.values()):
        return name, "not done", f"{found}; a planned share of 0 or 1 leaves nothing to test"
    if mode == "blocks":
        return name, "good", f"{found}: exact quotas"
    ratio = check_sample_ratio(counts.to_dict(), planned)
    words = f"{found}, planned {', '.join(f'{share:.1%}' for share in planned.values())}; p {_say_p(ratio.p)}"
    return name, "alarm" if ratio.alarm else "good", words + "; the split is not the one planned" * ratio.alarm


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
        each = arrived[~is_control].fillna(False).groupby(contacts.loc[~is_control, "arm"]).mean()
        share = float(arrived[~is_control].fillna(False).mean())
        least = f", least in {each.idxmin()} ({each.min():.1%})" if len(each) > 1 else ""
        words = f"{share:.1%} of the treated got the message{least}; effects count everybody assigned"
        rows.append(("Delivery", "good" if share >= 0.9 else "look", words))
    return rows


def find_alarms(checks: pd.DataFrame) -> list[str]:
    """Return what was found by the checks that raised an alarm."""
    return checks.loc[checks["result"] == "alarm", "what was found"].tolist()


def find_seen(people: pd.Series, buyers: Any) -> float:
    """Share of the people on the list who have any receipt."""
    return float(people.astype(object).isin(set(buyers)).mean()) if len(people) else float("nan")
