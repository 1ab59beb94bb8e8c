"""Does the report say what the plan asked, over the time that was planned? Four checks of the clinic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.clinic.findings import Symptom
from loyalty.evaluate.clinic.record import MEASURES, Record
from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lift, Lifts
from loyalty.tables.check import TableError
from loyalty.tables.contracts import OUTCOMES
from loyalty.text import say_p

APART = 0.05  # share of customers whose dates would have to be moved to make the groups alike
WEEK = pd.Timedelta(days=7)  # between the days on which the groups were sent to
# Columns of the outcomes that measure nothing
KEEPING = {column.name for column in OUTCOMES.columns} - set(MEASURES)


def check_seasons(record: Record) -> Symptom:
    """Compare the dates over which the groups were measured, and on which they were sent to."""
    control = record.contacts["is_control"]
    seen = []
    for window in ("main", "pre", "post"):
        days = record.windows[window][["start", "end"]].dropna(axis=1, how="all")
        table = days.assign(control=control).groupby([*days, "control"]).size()
        if days.empty or len((table := table.unstack(fill_value=0)).columns) < 2:
            continue
        spans = table.index.to_frame().itertuples(index=False)
        table.index = [" to ".join(f"{day:%Y-%m-%d}" for day in span) for span in spans]
        seen.append(f"{window} {table.sum(axis=1).idxmax()}")
        apart = float((table / table.sum()).diff(axis=1).iloc[:, 1].abs().sum() / 2)
        if apart > APART and _differ(table):
            left, right = table[True].idxmax(), table[False].idxmax()
            who = f"the treated over {right}, control over {left}" if left != right else f"most over {left}"
            return Symptom(f"In the window `{window}` {apart:.0%} were measured over other days: {who}", broken=True)
    sent = record.contacts["sent_at"].dt.normalize()
    arms = record.contacts["arm"]
    middle = sent.groupby(arms).median().dropna()
    if len(middle) > 1 and middle.max() - middle.min() >= WEEK and _differ(pd.crosstab(sent, arms)):
        says = ", ".join(f"{arm} {day:%Y-%m-%d}" for arm, day in middle.items())
        return Symptom(f"The groups were sent to in different weeks: {says}", broken=True)
    if not seen:
        return Symptom(unseen="start and end in outcomes")
    return Symptom(good=f"All groups were measured over the same days: {', '.join(seen)}", broken=False)


def _differ(table: pd.DataFrame) -> bool:
    """Whether groups (columns) have other days (rows, in order) than chance deals; one of four tests for one alarm.

    On ranks, because a test of the counts rings too often where most days have few customers.
    """
    ranks = (np.repeat(np.arange(len(table)), table[group]) for group in table)
    return (table > 0).sum().max() == 1 or stats.kruskal(*ranks).pvalue < ALARM / 4


def check_end(record: Record) -> Symptom:
    """Compare the days of the report with the planned ones; correct the result for the looks at it."""
    plan = record.plan
    claim = record.claim
    zero = pd.Timedelta(0)
    raw = p = float("nan")
    after = ""
    off = None
    many = claim.looks > 1
    if many and (lift := measure(record, claim.outcome, arms=[claim.arm], segments=[claim.segment])) is not None:
        raw = next(iter(lift)).p if isinstance(lift, Lifts) else lift.p
        p = min(1.0, claim.looks * raw)
        after = f"; {claim.looks} looks at the result: {say_p(raw)}, after correction {say_p(p)}"
    planned = plan.get("planned_end")
    ends = record.windows["main"]["end"].dropna()
    if planned is not None and ("end" in plan or len(ends)):
        # Where windows roll, some customers are measured to the planned end and others not
        rolling = [min(ends.max() - planned, zero), max(ends.min() - planned, zero)] if len(ends) else []
        off = next((gap for gap in [plan.get("end", planned) - planned, *rolling] if gap), zero)
        moved = plan["start"] - plan["planned_start"] if {"start", "planned_start"} <= set(plan) else zero
        if off < min(moved, zero) or off > max(moved, zero):
            days = f"{abs(off.days)} day{'s' * (abs(off.days) > 1)} {'before' if off < zero else 'after'}"
            says = f"The report ends on {planned + off:%Y-%m-%d}, {days} the planned {planned:%Y-%m-%d}{after}"
            return Symptom(says, p=p, broken=True)
    if raw < record.level <= p:
        return Symptom(f"{after[2:]}: nothing that could not be luck", p=p, broken=True)
    if many and not after:
        return Symptom(unseen=f"`{claim.outcome}` of {claim.where}, which was looked at {claim.looks} times")
    if off is None:
        return Symptom(unseen="planned_end and end in the plan")
    return Symptom(good=f"The report ends as planned{after}", p=p, broken=False)


def check_winner(record: Record) -> Symptom:
    """Ask whether an arm or a segment that the plan did not name stands among all that could have won.

    It stands if it survives Holm's correction, and if what is left of it after shrinking can be told from zero.
    """
    claim = record.claim
    arms = record.arms
    segments = []
    if claim.arm is not None and claim.arm not in arms:
        return Symptom(unseen=f"customers of the arm `{claim.arm}`; the arms are: {', '.join(arms)}")
    if claim.segment is not None and not (segments := sorted(record.contacts["segment"].dropna().unique())):
        return Symptom(unseen="segment in contacts")
    rivals = _find_rivals(record, claim.arm, arms), _find_rivals(record, claim.segment, segments)
    if len(rivals[0]) * len(rivals[1]) == 1 and claim.segment in (None, *segments):
        who = "everybody" if claim.arm is None and claim.segment is None else f"{claim.where}, the one that was planned"
        return Symptom(good=f"The report speaks of {who}", broken=False)
    found = measure(record, claim.outcome, arms=rivals[0], segments=rivals[1])
    table = found.to_frame() if isinstance(found, Lifts) else pd.DataFrame(columns=["arm", "segment"])
    own = table[(table["arm"] == (claim.arm or "treated")) & (table["segment"] == (claim.segment or ""))]
    if own.empty:
        return Symptom(unseen=f"customers of {claim.where} in both groups, with `{claim.outcome}`")
    row = own.iloc[0]
    says = f"{claim.where} is one of {len(table)} that could have won: {row['effect']:,.2f} of `{claim.outcome}` each"
    if row["shrunken"] != row["effect"]:
        says += f", shrunken {row['shrunken']:,.2f} ({row['shrunken_low']:,.2f} to {row['shrunken_high']:,.2f})"
    says = f"{says[:1].upper()}{says[1:]}; {say_p(row['p'])}, after correction {say_p(row['p_adjusted'])}"
    is_open = row["p_adjusted"] >= record.level or row["shrunken_low"] <= 0 <= row["shrunken_high"]
    return Symptom(says, says, float(row["p_adjusted"]), bool(is_open), hint="Quote the shrunken effect.")


def _find_rivals(record: Record, chosen: str | None, names: Sequence[str]) -> Sequence[str | None]:
    """All that could have been claimed in the place of what was; only those the plan names, if it names that one."""
    if chosen is None:
        return [None]
    text = " ".join(str(record.plan.get(name, "")) for name in ("hypothesis", "primary_metric"))
    named = [name for name in names if _stands(name, text)]
    return named if chosen in named else names


def check_metric(record: Record) -> Symptom:
    """Compare what the report claims with the metric that the plan named before the start."""
    plan = record.plan
    claim = record.claim
    here = record.windows["main"]
    if "primary_metric" not in plan:
        return Symptom(unseen="primary_metric in the plan")
    text = str(plan["primary_metric"]).strip()
    named = sorted(word for word in {*MEASURES, claim.outcome, *here} - KEEPING if _stands(word, text))
    late = plan.get("registered_on")
    start = plan.get("planned_start", plan.get("start"))
    if late is not None and start is not None and late > start:
        says = f"The metric `{text}` was written down on {late:%Y-%m-%d}, after the start on {start:%Y-%m-%d}"
        return Symptom(says, broken=True)
    if not record.claimed:
        return Symptom(good=f"No claim was given: the planned `{text}` is taken for it", broken=False)
    if claim.outcome in named and claim.outcome in here:
        return Symptom(good=f"The report claims `{claim.outcome}`, as planned", broken=False)
    if not named or claim.outcome in named:
        return Symptom(unseen=f"a column of outcomes in primary_metric, found {text!r}")
    lift = measure(record, named[0])
    shown = f"{lift.effect:,.2f}".replace("-", "−") if isinstance(lift, Lift) else ""
    tail = f"which shows {shown} a customer, {say_p(lift.p)}" if isinstance(lift, Lift) else "not shown"
    return Symptom(f"The report claims `{claim.outcome}`; planned was `{named[0]}`, {tail}", broken=True)


def _stands(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE))


def measure(
    record: Record, outcome: str, *, arms: Sequence[str | None] = (), segments: Sequence[str | None] = ()
) -> Lift | Lifts | None:
    """Measure what the claim speaks of among its rivals, on those who have a row; None where nothing can be measured.

    Not for the report itself: who has no row is left out here, because the other checks say so.
    """
    contacts = record.contacts
    values = record.windows[record.claim.window]
    if outcome in KEEPING or outcome not in values:
        return None
    control = contacts["is_control"]
    options = {"by": "segment"} if any(segments) else {}
    inside = control | contacts["arm"].isin(arms) | (not any(arms))
    inside &= contacts["segment"].isin(segments) | (not options)
    table = contacts.loc[inside, ["arm", "segment", "propensity"]].assign(**{outcome: values[outcome]})
    table = table.dropna(subset=outcome)
    if not any(arms):
        table["arm"] = table["arm"].where(control, "treated")
    for names in ([], ["propensity"])[not any(arms) and len(record.arms) > 1 :]:
        with suppress(TableError):  # chances that make no sense are left out
            table = table.drop(columns=names)
            return measure_lift(table, outcome=outcome, control=record.control, correct="holm", **options)
    return None
