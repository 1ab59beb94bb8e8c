"""Whether a campaign's numbers may be trusted: what the report checks before anybody reads the lift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from loyalty.evaluate.balance import check_balance
from loyalty.evaluate.clinic import Claim, examine_campaign
from loyalty.evaluate.examination import BROKEN, FINE, UNSEEN, Finding, say_p
from loyalty.evaluate.ratio import check_sample_ratio
from loyalty.report.job import Job
from loyalty.report.parts import make_checks
from loyalty.report.privacy import FEW, SMALL, hide_personal

BALANCE = "Balance before the start"
EXACT = "the quotas were exact, so that counts say nothing"
LEVEL = 0.01  # nobody who knows statistics sits beside the reader: a sound campaign is doubted once in a hundred
# What the clinic found -> the line of the report, how much a fault weighs, and what to do where it was not seen
SHOWN = {
    "sample ratio": ("Sample ratio", "alarm", "set planned_control_share to test it"),
    "contamination": ("Control left alone", "alarm", "needs delivered or sent_at in contacts"),
    "failed channel": ("Delivery by channel", "alarm", ""), "unequal seasons": ("Same days for all", "alarm", ""),
    "control chosen afterwards": (BALANCE, "alarm", "needs receipts from before the start"),
    "early stop": ("Planned end", "alarm", "needs planned_end in campaigns"),
    "swapped metric": ("Metric of the plan", "look", ""), "broken join": ("Customer numbers", "alarm", ""),
}  # fmt: skip


def check_campaign(job: Job, notes: Mapping[str, str]) -> pd.DataFrame:
    """Examine a campaign with a control group: the checks of `loyalty.evaluate.clinic`, delivery, and matching.

    Not a proof that the groups were drawn by lot: only the plan can show that. Who is missing from the outcomes and who
    was picked as winner is not asked: the outcomes are made here, for everybody, and the best arm has to survive Holm.

    Parameters
    ----------
    job : Job
        Contacts with arm "control" for the control, without the universal control.
    notes : mapping of str to str
        Remarks that are no checks: name -> what is to be known.

    Returns
    -------
    pandas.DataFrame
        Columns check, result (good, look, alarm, not done, note), what was found.
    """
    plan = dict(job.plan) | {name: job.values[name] for name in ("start", "end")}
    plan |= {} if job.planned is None else {"planned_shares": job.planned}
    found = examine_campaign(job.contacts, job.outcomes, plan, Claim("sales"), level=LEVEL, say=say_few)
    rows = [check_matching(job.seen), *_check_delivery(job.contacts)]
    rows += [line for finding in found.findings if (line := _translate(finding))]
    return make_checks([*rows, *((name, "note", text) for name, text in notes.items())])


def _translate(finding: Finding) -> tuple[str, str, str] | None:
    """A finding as a line of the report, if it is one: sound and yet odd is worth a look."""
    name, weight, needs = SHOWN.get(finding.check, ("", "", ""))
    if finding.state == UNSEEN:
        needs = EXACT if "quotas were exact" in finding.evidence else needs
        return (name, "not done", needs) if needs else None
    state = weight if finding.state == BROKEN else "good" if finding.advice == FINE else "look"
    return (name, state, hide_personal(finding.evidence.rstrip("."))) if name else None


def check_balanced(contacts: pd.DataFrame, wide: pd.DataFrame) -> tuple[str, str, str]:
    """Compare the groups in what they did before the start: sales and receipts, if they are known."""
    name, words = BALANCE, {"sales_pre": "sales before", "orders_pre": "receipts before"}
    known = [name for name in words if name in wide and wide[name].nunique() > 1]
    if not known:
        return name, "not done", "needs receipts from before the start"
    found = check_balance(contacts, wide[["customer_id", *known]].rename(columns=words))
    gaps = ", ".join(f"{row.covariate} {row.treated:,.2f} and {row.control:,.2f}" for row in found.table.itertuples())
    state = "alarm" if found.p < 0.001 else "look" if found.warnings else "good"
    says = "the groups differed before the start" if state == "alarm" else "alike before the start"
    return name, state, f"{says}: treated and control {gaps}; {say_p(found.p)}"


def check_matching(seen: float) -> tuple[str, str, str]:
    """Judge the share of contacts who have any receipt: a low one says that the ids are of two kinds."""
    words = f"{seen:.1%} of the people on the contact list have a receipt, at any time"
    return "Contact list meets receipts", "good" if seen >= 0.5 else "look", words


def say_few(count: int) -> str:
    """Write a number of customers; a small one is not shown."""
    return FEW if 0 < count < SMALL else f"{count:,}"


def check_ratio(contacts: pd.DataFrame, planned: Mapping[str, float], mode: str) -> tuple[str, str, str]:
    """Compare the sizes of the groups with the plan; `mode` "blocks" had exact quotas, and the test says nothing."""
    counts = contacts["arm"].value_counts().reindex(planned, fill_value=0)
    found = ", ".join(f"{say_few(int(n))} {arm} ({n / len(contacts):.1%})" for arm, n in counts.items())
    if mode == "blocks":
        return "Sample ratio", "good", f"{found}: exact quotas"
    ratio = check_sample_ratio(counts.to_dict(), planned)
    words = f"{found}, planned {', '.join(f'{share:.1%}' for share in planned.values())}; {say_p(ratio.p)}"
    words += "; the split is not the one planned" * ratio.alarm
    return "Sample ratio", "alarm" if ratio.alarm else "good", words


def _check_delivery(contacts: pd.DataFrame) -> list[tuple[str, str, str]]:
    if "delivered" not in contacts:
        return [("Delivery", "not done", "needs the column delivered in contacts")]
    treated = contacts[contacts["arm"] != "control"]
    arrived = treated["delivered"].astype("boolean").fillna(False)
    each, share = arrived.groupby(treated["arm"]).mean(), float(arrived.mean())
    least = f", least in {each.idxmin()} ({each.min():.1%})" if len(each) > 1 else ""
    words = f"{share:.1%} of the treated got the message{least}; effects count everybody assigned"
    return [("Delivery", "good" if share >= 0.9 else "look", words)]


def find_alarms(checks: pd.DataFrame) -> list[str]:
    """Return what was found by the checks that raised an alarm."""
    return checks.loc[checks["result"] == "alarm", "what was found"].tolist()


def find_seen(people: pd.Series, buyers: Any) -> float:
    """Share of the people on the list who have any receipt."""
    return float(people.astype(object).isin(set(buyers)).mean()) if len(people) else float("nan")
