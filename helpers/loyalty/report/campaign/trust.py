"""Whether a campaign's numbers may be trusted: what the report checks before anybody reads the lift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import ADVICE, BROKEN, FINE, UNSEEN, Claim, Finding
from loyalty.evaluate.design.balance import check_balance
from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.report.campaign.job import Job, say_few
from loyalty.report.campaign.other_waves import ADVICE as OTHERS_ADVICE
from loyalty.report.campaign.other_waves import NAME as OTHERS
from loyalty.report.campaign.other_waves import check_other_waves, find_measured_days
from loyalty.report.campaign.sizes import EXACT, SIZES, check_cluster_sizes
from loyalty.report.campaign.together import ADVICE as ALONE_ADVICE
from loyalty.report.campaign.together import NAME as TOGETHER
from loyalty.report.campaign.together import check_alone
from loyalty.report.campaign.together import check_balance as check_balance_together
from loyalty.report.output.parts import make_checks
from loyalty.report.output.privacy import SMALL
from loyalty.tables.personal import hide_personal
from loyalty.tables.sources import AnyTable, collect, open_table
from loyalty.text import count_of, list_few, say_p

BALANCE = "Groups alike before the start"
RECEIPTS = "Receipts of each group"
OFFERS = "Offers of the plan"
CAUSED = "Probably a consequence of: "
# The level that the checks share which leave something to chance; the sample ratio has a rule of its own, everywhere
LEVEL = 0.01  # the reader may know no statistics: a sound campaign is doubted only once in a hundred times
# Check of the clinic -> its name in the report, the result if it failed, and what it needs where it was not done
SHOWN = {
    "sample ratio": (
        SIZES,
        "alarm",
        "needs the planned share of control: the setting planned_control_share, such as 0.10",
    ),
    "contamination": ("Control left alone", "alarm", "needs the column `delivered` or `sent_at` in the contact list"),
    "failed channel": ("Delivery by channel", "alarm", ""),
    "unequal seasons": ("Same days for all", "alarm", ""),
    "control chosen afterwards": (BALANCE, "alarm", "needs receipts from before the start"),
    "early stop": (
        "Planned end",
        "alarm",
        "needs the column `planned_end` in the record of the campaign (the table campaigns)",
    ),
    "swapped metric": ("Metric of the plan", "look", ""),
    "broken join": ("Customer numbers", "alarm", ""),
}
MEND = {shown: ADVICE[check] for check, (shown, _, _) in SHOWN.items()}
MEND[OTHERS] = OTHERS_ADVICE
MEND[TOGETHER] = ALONE_ADVICE
MEND[RECEIPTS] = "Get the receipts of all groups for the same days, and make the report again."
SURE = 1e-6  # below this probability a gap in a group's receipts is no chance, although customers come in waves


def check_campaign(job: Job, notes: Mapping[str, str]) -> pd.DataFrame:
    """Examine a campaign with a control group: the checks of `loyalty.evaluate.clinic.examine`, delivery, and matching.

    Checks do not prove that the groups were drawn by lot: only the plan can show that. Two checks of the clinic are
    left out: attrition, because the outcomes are made here for everybody, and the choice of the winning arm, because
    the best arm has to survive Holm's correction.

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
    if job.planned is not None:
        plan["planned_shares"] = job.planned
    # The planned shares are shares of all customers, those of the universal control included
    everybody = pd.concat([job.contacts, job.held])
    found = examine_campaign(everybody, job.outcomes, plan, Claim("sales"), level=LEVEL, say=say_few)
    rows = [check_matching(job.seen), *_check_dates(job), *check_sent(job.contacts)]
    rows += _check_sending(job.contacts, pd.Timestamp(job.values["start"]), job.days["main"])
    if job.bought is not None:
        rows.append(check_days(job.bought))
    if "offers" in job.plan:
        rows.append(check_offers(job.contacts, str(job.plan["offers"])))
    rows.append(check_alone(job.contacts, job.values["cluster"]))
    rows.append(check_other_waves(job.contacts, job.other, find_measured_days(job.values, job.days.get("post", 0))))
    lines = [translate(finding) for finding in found.findings]
    rows += _name_days(job, _compare_together(job, [line for line in lines if line is not None]))
    rows += [(name, "note", text) for name, text in notes.items()]
    return make_checks(rows)


def check_offers(contacts: pd.DataFrame, planned: str) -> tuple[str, str, str]:
    """Name the offers of the list, and check that the record of the plan names each of them.

    Parameters
    ----------
    contacts : pandas.DataFrame
    planned : str
        The ids of the record, between them a comma and a blank.
    """
    if "offer_id" not in contacts:
        return OFFERS, "look", f"the record names {planned}, and the list has no column offer_id"
    sent = contacts.loc[contacts["arm"] != "control", "offer_id"].dropna().astype("str").value_counts().sort_index()
    sent = sent.sort_values(ascending=False, kind="stable")
    strange = [name for name in sent.index if f", {name}, " not in f", {planned}, "]
    if strange:
        return OFFERS, "look", f"not in the record of the plan: {list_few(strange, 6)}"
    is_small = (sent < SMALL).any()  # beside the others a small number could be told from their sum
    named = list_few([str(name) if is_small else f"{name} {size:,}" for name, size in sent.items()], 12)
    found = f"{count_of(len(sent), 'offer')}, each in the record of the plan"
    return OFFERS, "good", f"{found}: {named}{'' if is_small else ' customers'}"


def _compare_together(job: Job, lines: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Where customers were drawn together, what luck makes is judged by those who were; the other lines stay."""
    if job.cluster is None:
        return lines
    alike = check_balance_together(job.contacts, job.outcomes, job.cluster, BALANCE, job.unit)
    sizes = check_cluster_sizes(job.contacts, job.cluster, job.planned, job.plan.get("mode"))
    return replace_lines(lines, [alike, *sizes])


def _name_days(job: Job, lines: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Name the days in which groups were found alike: those of the placebo are others."""
    start = pd.Timestamp(job.values["start"])
    first = start - pd.Timedelta(days=job.days.get("pre", 0))
    days = f"; these days are {first:%Y-%m-%d} to {start - pd.Timedelta(days=1):%Y-%m-%d}"
    return [
        (name, state, says + days if name == BALANCE and state in ("good", "look") else says)
        for name, state, says in lines
    ]


def replace_lines(
    lines: Sequence[tuple[str, str, str]], judged: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, str]]:
    """Put lines in the place of those with the same name; what has no place there comes last."""
    others = {line[0]: line for line in judged}
    return [others.pop(line[0], line) for line in lines] + list(others.values())


def translate(finding: Finding) -> tuple[str, str, str] | None:
    """Write a finding of the clinic as a line of the report; None where the report does not show it.

    A check that found no fault, and yet something odd, becomes "look".
    """
    name, weight, needs = SHOWN.get(finding.check, ("", "", ""))
    if finding.state == UNSEEN:
        needs = EXACT if "quotas were exact" in finding.evidence else needs
        return (name, "not done", needs) if needs else None
    if finding.state == BROKEN:
        state = weight
    elif finding.advice == FINE:
        state = "good"
    else:
        state = "look"
    cause = SHOWN.get(finding.follows, (finding.follows,))[0]
    says = finding.evidence.replace(f"{CAUSED}{finding.follows}", f"{CAUSED}{cause}").rstrip(".")
    return (name, state, hide_personal(says)) if name else None


def count_days(receipts: AnyTable, contacts: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> pd.DataFrame:
    """Count, for each day of [start, end) and each group, the customers who have a receipt."""
    day = nw.col("time").dt.truncate("1d").alias("day")
    lines = open_table(receipts).select(nw.col("customer_id").cast(nw.String()), day).unique()
    lines = lines.filter((nw.col("day") >= start) & (nw.col("day") < end))
    groups = open_table(contacts[["customer_id", "arm"]].astype("str"), beside=lines)
    counts = collect(lines.join(groups, on="customer_id").group_by("day", "arm").agg(nw.len().alias("n")))
    table = counts.pivot(index="day", columns="arm", values="n").sort_index()
    return table.reindex(columns=sorted(set(contacts["arm"].astype("str")))).fillna(0)


def check_days(bought: pd.DataFrame) -> tuple[str, str, str]:
    """Look for days on which other groups bought and nobody of one group: a sign that its receipts are not complete.

    Days on which the shops were closed do not count, because nobody has a receipt then. Nor do gaps that a small group
    has by chance.

    Parameters
    ----------
    bought : pandas.DataFrame
        Customers with a receipt: one row a day, one column a group.
    """
    for arm in bought:
        if not bought[arm].any():
            return RECEIPTS, "look", f"{arm} has no receipt in any window"
        others = bought.sum(axis=1) - bought[arm]
        silent = bought[arm] == 0
        missed = others[silent].groupby((~silent).cumsum()[silent]).agg(["sum", lambda days: days.index[0]])
        share = bought[arm].sum() / bought.to_numpy().sum()
        for n, first in missed.sort_values("sum").tail(1).itertuples(index=False):
            if (1 - share) ** n < SURE:
                last = bought.index[~silent & (bought.index > first)].min() - pd.Timedelta(days=1)
                until = f"to {last:%Y-%m-%d}" if last == last else "on"
                says = f"{arm} has no receipt from {first:%Y-%m-%d} {until}, while the others bought {n:,.0f} times"
                return RECEIPTS, "alarm", says
    return RECEIPTS, "good", "All groups have receipts from the same days"


def check_balanced(contacts: pd.DataFrame, wide: pd.DataFrame) -> tuple[str, str, str]:
    """Compare the groups in what they did before the start: sales and receipts, if they are known."""
    words = {"sales_pre": "sales before", "orders_pre": "receipts before"}
    known = [name for name in words if name in wide and wide[name].nunique() > 1]
    if not known:
        return BALANCE, "not done", "needs receipts from before the start"
    found = check_balance(contacts, wide[["customer_id", *known]].rename(columns=words))
    gaps = ", ".join(f"{row.covariate} {row.treated:,.2f} and {row.control:,.2f}" for row in found.table.itertuples())
    says = "alike before the start"
    if found.p < ALARM:
        state = "alarm"
        says = "the groups differed before the start"
    elif found.warnings:
        state = "look"
    else:
        state = "good"
    return BALANCE, state, f"{says}: treated and control {gaps}; {say_p(found.p)}"


def check_matching(seen: float) -> tuple[str, str, str]:
    """Judge the share of contacts who have any receipt: a low share means that the two tables use different ids."""
    words = f"{seen:.1%} of the people on the contact list have a receipt, at any time"
    if seen < 0.5:
        words += "; is it the same number in both tables?"
    return "Contact list meets receipts", "good" if seen >= 0.5 else "look", words


def check_sent(contacts: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Say which share of the treated the message reached."""
    if "delivered" not in contacts:
        return [("Delivery", "not done", "needs the column `delivered` in the contact list")]
    treated = contacts[contacts["arm"] != "control"]
    arrived = treated["delivered"].astype("boolean").fillna(False)
    each = arrived.groupby(treated["arm"]).mean()
    share = float(arrived.mean())
    least = f", least in {each.idxmin()} ({each.min():.1%})" if len(each) > 1 else ""
    words = f"{share:.1%} of the treated got the message{least}; effects count everybody assigned"
    return [("Delivery", "good" if share >= 0.9 else "look", words)]


def _check_dates(job: Job) -> list[tuple[str, str, str]]:
    names = [name for name in ("start", "end") if name in job.plan]
    off = [f"{name} {job.plan[name]:%Y-%m-%d}" for name in names if job.plan[name] != pd.Timestamp(job.values[name])]
    says = f"The campaign's record says {', '.join(off)}; measured was {job.values['start']} to {job.values['end']}"
    return [("Days of the record", "look", says)] if off else []


def list_advice(alarms: Mapping[str, str]) -> list[str]:
    """Say what to do about each check that failed, except where the failure is a consequence of another one."""
    return [f"{name}: {MEND[name]}" for name, says in alarms.items() if name in MEND and CAUSED not in says]


def _check_sending(contacts: pd.DataFrame, start: pd.Timestamp, days: int) -> list[tuple[str, str, str]]:
    """Check that the window begins with the sending, and not with the day on which the list was loaded."""
    if "sent_at" not in contacts:
        return []
    sent = contacts.loc[contacts["arm"] != "control", "sent_at"].dropna()
    if sent.empty:
        return []
    half = sent.dt.normalize().quantile(0.5, "lower")
    late = half - start
    words = f"Half of the messages went out by {half:%Y-%m-%d}, the campaign was measured from {start:%Y-%m-%d} on"
    is_off = late < pd.Timedelta(days=-1) or late > pd.Timedelta(days=max(3, days // 4))
    if is_off:
        return [("Start and sending", "look", f"{words}: set start to the sending")]
    return [("Start and sending", "good", words)]


def find_alarms(checks: pd.DataFrame) -> dict[str, str]:
    """Return what was found by each check that raised an alarm, causes before their consequences."""
    found = checks.loc[checks["result"] == "alarm", ["check", "what was found"]].itertuples(index=False, name=None)
    return dict(sorted(found, key=lambda alarm: CAUSED in alarm[1]))


def find_seen(people: pd.Series, buyers: Any) -> float:
    """Return the share of the people on the list who have any receipt."""
    return float(people.astype(object).isin(set(buyers)).mean()) if len(people) else float("nan")
