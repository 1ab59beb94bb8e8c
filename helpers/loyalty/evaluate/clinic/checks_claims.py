"""Does the report say what the plan asked, over the time that was planned? Four checks of the clinic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple

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
DAY = pd.Timedelta(days=1)
ZERO = pd.Timedelta(0)
OTHER_DAY = "Arms sent to on other weekdays differ by the day too: measure each from its own day, or say so."
# Columns of the outcomes that measure nothing
KEEPING = {column.name for column in OUTCOMES.columns} - set(MEASURES)


def check_seasons(record: Record) -> Symptom:
    """Compare the dates over which the groups were measured, and on which they were sent to."""
    seen = []
    for window in ("main", "pre", "post"):
        table = _count_spans(record, window)
        if table is None:
            continue
        seen.append(f"{window} {table.sum(axis=1).idxmax()}")
        apart = float((table / table.sum()).diff(axis=1).iloc[:, 1].abs().sum() / 2)
        if apart > APART and _differ(table):
            of_control = table[True].idxmax()
            of_treated = table[False].idxmax()
            who = f"the treated over {of_treated}, control over {of_control}"
            if of_control == of_treated:
                who = f"most over {of_control}"
            return Symptom(f"In the window `{window}` {apart:.0%} were measured over other days: {who}", broken=True)
    sent = record.contacts["sent_at"].dt.normalize()
    arms = record.contacts["arm"]
    middle = sent.groupby(arms).median().dropna()
    if len(middle) > 1 and middle.max() - middle.min() >= WEEK and _differ(pd.crosstab(sent, arms)):
        says = ", ".join(f"{arm} {day:%Y-%m-%d}" for arm, day in middle.items())
        return Symptom(f"The groups have sending days in different weeks: {says}", broken=True)
    if not seen:
        return Symptom(unseen="start and end in outcomes")
    says = f"All groups were measured over the same days: {', '.join(seen)}"
    if len(middle) > 1 and middle.max() - middle.min() >= DAY and _differ(pd.crosstab(sent, arms)):
        says = f"{says}; they were sent to on {', '.join(f'{day:%A} ({arm})' for arm, day in middle.items())}"
        return Symptom(good=says, broken=False, hint=OTHER_DAY)
    return Symptom(good=says, broken=False)


def _count_spans(record: Record, window: str) -> pd.DataFrame | None:
    """Customers by the days over which they were measured (rows) and by control or not; None without two groups."""
    days = record.windows[window][["start", "end"]].dropna(axis=1, how="all")
    counts = days.assign(control=record.contacts["is_control"]).groupby([*days, "control"]).size()
    if days.empty:
        return None
    table = counts.unstack(fill_value=0)
    if len(table.columns) < 2:
        return None
    spans = table.index.to_frame().itertuples(index=False)
    table.index = [" to ".join(f"{day:%Y-%m-%d}" for day in span) for span in spans]
    return table


def _differ(table: pd.DataFrame) -> bool:
    """Whether groups (columns) have other days (rows, in order) than by chance: a Kruskal-Wallis test.

    It is one of four tests for one alarm. It uses ranks, because a test of the counts gives false alarms where most
    days have few customers.
    """
    ranks = (np.repeat(np.arange(len(table)), table[group]) for group in table)
    return (table > 0).sum().max() == 1 or stats.kruskal(*ranks).pvalue < ALARM / 4


def check_end(record: Record) -> Symptom:
    """Compare the days of the report with the planned ones; correct the result for the looks at it."""
    claim = record.claim
    looks = _correct_for_looks(record) if claim.looks > 1 else None
    p = looks.corrected if looks else float("nan")
    after = f"; {looks.says}" if looks else ""
    off = _find_shift(record)
    if off is not None and _is_unplanned(off, record):
        planned = record.plan["planned_end"]
        count = abs(off.days)
        days = f"{count} {'days' if count > 1 else 'day'} {'before' if off < ZERO else 'after'}"
        says = f"The report ends on {planned + off:%Y-%m-%d}, {days} the planned {planned:%Y-%m-%d}{after}"
        return Symptom(says, p=p, broken=True)
    if looks and looks.raw < record.level <= looks.corrected:
        return Symptom(f"{looks.says}: nothing that could not be luck", p=p, broken=True)
    if claim.looks > 1 and not looks:
        return Symptom(unseen=f"`{claim.outcome}` of {claim.where}, which was looked at {claim.looks} times")
    if off is None:
        return Symptom(unseen="planned_end and end in the plan")
    return Symptom(good=f"The report ends as planned{after}", p=p, broken=False)


class _Looks(NamedTuple):
    """The p-value of a result that was looked at several times (peeking), before and after Bonferroni's correction."""

    raw: float
    corrected: float
    says: str


def _correct_for_looks(record: Record) -> _Looks | None:
    """Correct the claim's p-value for the looks at it; None where it cannot be measured."""
    claim = record.claim
    lift = measure(record, claim.outcome, arms=[claim.arm], segments=[claim.segment])
    if lift is None:
        return None
    raw = next(iter(lift)).p if isinstance(lift, Lifts) else lift.p
    corrected = min(1.0, claim.looks * raw)
    says = f"{claim.looks} looks at the result: {say_p(raw)}, after correction {say_p(corrected)}"
    return _Looks(raw, corrected, says)


def _find_shift(record: Record) -> pd.Timedelta | None:
    """By how much the report ends after (before: below zero) the planned end; None where an end is not known."""
    planned = record.plan.get("planned_end")
    ends = record.windows["main"]["end"].dropna()
    if planned is None or not ("end" in record.plan or len(ends)):
        return None
    gaps = [record.plan.get("end", planned) - planned]
    if len(ends):
        # Where windows roll, some customers are measured to the planned end and others not
        gaps += [min(ends.max() - planned, ZERO), max(ends.min() - planned, ZERO)]
    return next((gap for gap in gaps if gap), ZERO)


def _is_unplanned(off: pd.Timedelta, record: Record) -> bool:
    """Whether the end moved by more than the start did, or the other way."""
    plan = record.plan
    moved = plan["start"] - plan["planned_start"] if {"start", "planned_start"} <= set(plan) else ZERO
    return off < min(moved, ZERO) or off > max(moved, ZERO)


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
    rival_arms = _find_rivals(record, claim.arm, arms)
    rival_segments = _find_rivals(record, claim.segment, segments)
    if len(rival_arms) * len(rival_segments) == 1 and claim.segment in (None, *segments):
        who = "everybody" if claim.arm is None and claim.segment is None else f"{claim.where}, the one that was planned"
        return Symptom(good=f"The report speaks of {who}", broken=False)
    found = measure(record, claim.outcome, arms=rival_arms, segments=rival_segments)
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
    return Symptom(
        bad=says, good=says, p=float(row["p_adjusted"]), broken=bool(is_open), hint="Quote the shrunken effect."
    )


def _find_rivals(record: Record, chosen: str | None, names: Sequence[str]) -> Sequence[str | None]:
    """Arms or segments that could have been claimed instead; if the plan names the chosen one, only those it names."""
    if chosen is None:
        return [None]
    text = " ".join(str(record.plan.get(name, "")) for name in ("hypothesis", "primary_metric"))
    named = [name for name in names if _stands(name, text)]
    return named if chosen in named else names


def check_metric(record: Record) -> Symptom:
    """Compare what the report claims with the primary metric that the plan named before the start."""
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
    tail = "not shown"
    if isinstance(lift, Lift):
        effect = f"{lift.effect:,.2f}".replace("-", "−")
        tail = f"which shows {effect} a customer, {say_p(lift.p)}"
    return Symptom(f"The report claims `{claim.outcome}`; planned was `{named[0]}`, {tail}", broken=True)


def _stands(word: str, text: str) -> bool:
    """Whether a text holds a word as a whole."""
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE))


def measure(
    record: Record, outcome: str, *, arms: Sequence[str | None] = (), segments: Sequence[str | None] = ()
) -> Lift | Lifts | None:
    """Measure what the claim speaks of among its rivals, on customers who have a row; None where that is impossible.

    Not for the report itself: customers without a row are left out here, because the other checks tell of them.

    Parameters
    ----------
    record : Record
    outcome : str
        Column of the outcomes.
    arms, segments : sequence of str or None
        Those to measure; none of them, or None, for all together.
    """
    contacts = record.contacts
    values = record.windows[record.claim.window]
    if outcome in KEEPING or outcome not in values:
        return None
    control = contacts["is_control"]
    by_arm = any(arms)
    by_segment = any(segments)
    inside = pd.Series(True, contacts.index)
    if by_arm:
        inside &= control | contacts["arm"].isin(arms)
    if by_segment:
        inside &= contacts["segment"].isin(segments)
    table = contacts.loc[inside, ["arm", "segment", "propensity"]].assign(**{outcome: values[outcome]})
    table = table.dropna(subset=outcome)
    if not by_arm:
        table["arm"] = table["arm"].where(control, "treated")
    bare = table.drop(columns="propensity")
    # Several arms taken together have no common propensity; and one that makes no sense is left out
    for rows in [bare] if not by_arm and len(record.arms) > 1 else [table, bare]:
        with suppress(TableError):
            return measure_lift(
                rows, outcome=outcome, control=record.control, correct="holm", by="segment" if by_segment else None
            )
    return None
