"""Does the report say what the plan asked, over the time that was planned? Four checks of the clinic."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.contracts import OUTCOMES
from loyalty.evaluate.examination import Symptom, say_p
from loyalty.evaluate.lift import Lift, Lifts, measure_lift
from loyalty.evaluate.ratio import ALARM
from loyalty.evaluate.record import MEASURES, Record
from loyalty.tables import TableError

APART = 0.05  # share of customers whose dates would have to be moved to make the groups alike
WEEK = pd.Timedelta(days=7)  # between the days on which the groups were sent to
# Columns of the outcomes that measure nothing
KEEPING = {column.name for column in OUTCOMES.columns} - set(MEASURES) | {"key"}


def check_seasons(record: Record) -> Symptom:
    """Compare the dates over which the groups were measured, and on which they were sent to."""
    name, control = "unequal seasons", record.contacts["is_control"]
    advice = "Measure both groups over the same days, or start each in its own week and compare within weeks"
    seen = []
    for window in ("main", "pre", "post"):
        here = record.window(window)
        dates = [pd.to_datetime(here[c], errors="coerce") for c in ("start", "end") if c in here]
        if not dates or dates[0].isna().all():
            continue
        known = np.logical_and.reduce([day.notna() for day in dates])
        texts = [day[known].dt.strftime("%Y-%m-%d") for day in dates]
        spans = texts[0].str.cat(texts[1:], sep=" to ")
        table = pd.crosstab(spans, control[spans.index]).reindex(columns=[True, False], fill_value=0)
        seen.append(f"{window} {table.sum(axis=1).idxmax()}")
        if len(table) < 2 or (table.sum() == 0).any():
            continue
        apart = float((table / table.sum()).diff(axis=1).iloc[:, 1].abs().sum() / 2)
        exact = (table > 0).sum().max() == 1
        if apart > APART and (exact or stats.chi2_contingency(table)[1] < ALARM):
            left, right = table[True].idxmax(), table[False].idxmax()
            days = f"the treated over {right}, control over {left}" if left != right else f"most over {left}"
            says = f"In the window `{window}` {apart:.0%} were measured over other days: {days}"
            return Symptom(name, says, "", advice, broken=True)
    if "sent_at" in record.contacts:
        days = record.contacts["sent_at"].dropna().dt.normalize()
        groups = days.groupby(record.contacts["arm"])
        middle = groups.median()
        apart = len(middle) > 1 and middle.max() - middle.min() >= WEEK
        exact = groups.nunique().max() == 1
        if apart and (exact or stats.kruskal(*(part.astype("int64") for _, part in groups))[1] < ALARM):
            says = ", ".join(f"{arm} {day:%Y-%m-%d}" for arm, day in middle.items())
            return Symptom(name, f"The groups were sent to in different weeks: {says}", "", advice, broken=True)
    if not seen:
        return Symptom(name, unseen="start and end in outcomes")
    return Symptom(name, "", f"All groups were measured over the same days: {', '.join(seen)}", advice, broken=False)


def check_end(record: Record) -> Symptom:
    """Compare the days of the report with the planned ones; correct the result for the looks at it."""
    name, plan, looks = "early stop", record.plan, record.claim.looks
    advice = "Wait for the planned end, or judge by a limit that allows for every look"
    lift = _measure_claim(record) if looks > 1 else None
    raw = lift.p if lift else float("nan")
    p = min(1.0, looks * raw) if lift else raw
    after = f"{looks} looks at the result: {say_p(raw)}, after correction {say_p(p)}" if lift else ""
    ends = [plan["end"]] if "end" in plan else []
    if "end" in (here := record.window("main")) and here["end"].notna().any():
        ends.append(pd.to_datetime(here["end"], errors="coerce").max())
    planned = plan.get("planned_end")
    if planned is not None and ends:
        start, first = plan.get("start"), plan.get("planned_start")
        moved = start - first if start is not None and first is not None else pd.Timedelta(0)
        end = ends[0] if ends[0] != planned else min(ends)
        off = end - planned
        if end < planned and off < moved or end > planned and off > moved:
            days = f"{abs(off.days)} days {'before' if end < planned else 'after'} the planned {planned:%Y-%m-%d}"
            says = "; ".join([f"The report ends on {end:%Y-%m-%d}, {days}", *([after] if after else [])])
            return Symptom(name, says, "", advice, p, True)
    if lift and raw < record.level <= p:
        return Symptom(name, f"{after}: nothing that could not be luck", "", advice, p, True)
    if planned is None or not ends:
        return Symptom(name, unseen="planned_end and end in the plan")
    return Symptom(name, "", f"The report ends as planned{'; ' * bool(after)}{after}", advice, p, False)


def check_winner(record: Record) -> Symptom:
    """Ask whether an arm or a segment that the plan did not name stands among all that could have won.

    It stands if it survives Holm's correction, and if what is left of it after shrinking can be told from zero.
    """
    name, claim = "winner's curse", record.claim
    arms, contacts = record.arms, record.contacts
    if claim.arm is not None and claim.arm not in arms:
        return Symptom(name, unseen=f"customers of the arm `{claim.arm}`; the arms are: {', '.join(arms)}")
    if claim.segment is not None and "segment" not in contacts:
        return Symptom(name, unseen="segment in contacts")
    segments = sorted(contacts["segment"].dropna().astype("str").unique()) if claim.segment is not None else []
    rivals = _find_rivals(record, claim.arm, arms), _find_rivals(record, claim.segment, segments)
    number = len(rivals[0]) * len(rivals[1])
    if number == 1:
        who = "everybody" if claim.arm is None and claim.segment is None else f"{claim.where}, the one that was planned"
        return Symptom(name, "", f"The report speaks of {who}", broken=False)
    advice = "Say how many were compared, quote the shrunken effect, and test the winner once more"
    found = measure(record, claim.outcome, arms=rivals[0], segments=rivals[1])
    table = found.to_frame() if isinstance(found, Lifts) else pd.DataFrame(columns=["arm", "segment"])
    own = table[(table["arm"] == (claim.arm or "treated")) & (table["segment"] == str(claim.segment or ""))]
    if own.empty:
        return Symptom(name, unseen=f"customers of {claim.where} in both groups, with `{claim.outcome}`")
    row = own.iloc[0]
    says = f"{claim.where} is one of {len(table)} that could have won: {row['effect']:,.2f} of `{claim.outcome}` each"
    if row["shrunken"] != row["effect"]:
        says += f", shrunken {row['shrunken']:,.2f} ({row['shrunken_low']:,.2f} to {row['shrunken_high']:,.2f})"
    says = f"{says[:1].upper()}{says[1:]}; {say_p(row['p'])}, after correction {say_p(row['p_adjusted'])}"
    open_ = row["p_adjusted"] >= record.level or row["shrunken_low"] <= 0 <= row["shrunken_high"]
    return Symptom(name, says, says, advice, float(row["p_adjusted"]), bool(open_), hint="Quote the shrunken effect.")


def _find_rivals(record: Record, chosen: str | None, names: Sequence[str]) -> list[str | None]:
    """All that could have been claimed in the place of what was; only those the plan names, if it names that one."""
    if chosen is None:
        return [None]
    text = " ".join(str(record.plan.get(name, "")) for name in ("hypothesis", "primary_metric"))
    named = [name for name in names if _stands(str(name), text)]
    return list(named if str(chosen) in named else names)


def check_metric(record: Record) -> Symptom:
    """Compare what the report claims with the metric that the plan named before the start."""
    name, plan, claim = "swapped metric", record.plan, record.claim
    advice = "Report the planned metric first; what was found besides it is a question for the next test"
    if "primary_metric" not in plan:
        return Symptom(name, unseen="primary_metric in the plan")
    text = str(plan["primary_metric"]).strip()
    numbers = {*MEASURES, claim.outcome, *record.outcomes} - KEEPING
    named = sorted(word for word in numbers if _stands(word, text))
    late, start = plan.get("registered_on"), plan.get("planned_start", plan.get("start"))
    if late is not None and start is not None and late > start:
        says = f"The metric `{text}` was written down on {late:%Y-%m-%d}, after the start on {start:%Y-%m-%d}"
        return Symptom(name, says, "", advice, broken=True)
    if not record.claimed:
        return Symptom(name, "", f"No claim was given: the planned `{text}` is taken for it", broken=False)
    if claim.outcome in named:
        return Symptom(name, "", f"The report claims `{claim.outcome}`, as planned", broken=False)
    if not named:
        return Symptom(name, unseen=f"a column of outcomes in primary_metric, found {text!r}")
    lift = measure(record, named[0])
    tail = f"which shows {lift.effect:,.2f} a customer, {say_p(lift.p)}" if isinstance(lift, Lift) else "not shown"
    says = f"The report claims `{claim.outcome}`; planned was `{named[0]}`, {tail}"
    return Symptom(name, says, "", advice, broken=True)


def _stands(word: str, text: str) -> bool:
    return bool(re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE))


def _measure_claim(record: Record) -> Lift | None:
    claim = record.claim
    found = measure(record, claim.outcome, arms=[claim.arm], segments=[claim.segment])
    return next(iter(found), None) if isinstance(found, Lifts) else found


def measure(
    record: Record, outcome: str, *, arms: Sequence[str | None] = (), segments: Sequence[str | None] = ()
) -> Lift | Lifts | None:
    """Measure what the claim speaks of among its rivals, on those who have a row; None where nothing can be measured.

    Not for the report itself: who has no row is left out here, because the other checks say so.
    """
    values = record.window(record.claim.window)
    if outcome not in values:
        return None
    table = record.contacts[["arm", "is_control", *({"propensity", "segment"} & set(record.contacts))]]
    table = table.assign(**{outcome: values[outcome]})
    if any(arms):
        table = table[table["is_control"] | table["arm"].isin(arms)]
    else:
        table["arm"] = table["arm"].where(table["is_control"], "treated")
        table = table.drop(columns=[] if len(record.arms) == 1 else "propensity", errors="ignore")
    by = "segment" if any(segments) else None
    if by:
        table = table[table["segment"].astype("str").isin([str(name) for name in segments])]
    table = table.drop(columns="is_control").dropna(subset=[outcome])
    for names in ([], ["propensity"]):
        try:
            return measure_lift(table.drop(columns=names, errors="ignore"), outcome=outcome, control=record.control,
                                by=by, correct="holm")  # fmt: skip
        except TableError:
            continue
    return None
