"""Are the groups what the lottery drew, did each get what it was to get, and is everybody there? Six checks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.clinic.checks_receipts import find_odd_receipts
from loyalty.evaluate.clinic.findings import Symptom
from loyalty.evaluate.clinic.randomisation import compare_with_lotteries, describe_spend
from loyalty.evaluate.clinic.record import Record, compare_cells
from loyalty.evaluate.design.sample_ratio import ALARM, check_sample_ratio
from loyalty.evaluate.lift.compare import compare_weighted
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError
from loyalty.text import say_money, say_p

ADJUST = "Read the lift adjusted by what was bought before, measure_lift(…, before=…): it takes this gap off."

WRITTEN = 0.01  # share of control written to, which takes the same share off the lift
# So many customers, and so large a share of control, may redeem without the campaign's doing
STRAYS = 2
STRAY_SHARE = 0.002
LATE = 0.01  # share of control drawn after the others
FAILED = 0.15  # by how much less arrives in a cell than elsewhere, as a share of the messages; or arrives at all
CELL = 20  # treated customers; or customers without a purchase who should be there
MISSING = 0.001  # share of contacts without a row that moves no result, even if all are of one group
LOST = 0.01  # share of contacts without a row that moves no result, if both groups lost alike
REACHED = 0.5  # of a channel's own messages; less of them is no channel
SILENT = 0.1  # share of buyers in a group of ids, as a part of that of all others
# customers in a group, groups by their first characters
GROUP = 30
KINDS = 50


def check_split(record: Record) -> Symptom:
    """Test for a sample ratio mismatch: compare the sizes of the groups with the plan, by `SampleRatio.level`."""
    planned = record.planned
    arms = record.contacts["arm"]
    if planned is None:
        return Symptom(unseen="planned_shares in the plan, or propensity in contacts")
    if set(planned) == {record.control, "treated"}:
        arms = arms.where(record.contacts["is_control"], "treated")
    counts = arms.value_counts()
    if strange := sorted(set(counts.index) - set(planned)):
        return Symptom(f"The group {', '.join(strange)} was not planned", broken=True)
    counts = counts.reindex(planned, fill_value=0)
    try:
        ratio = check_sample_ratio(counts.to_dict(), planned, mode=str(record.plan.get("mode", "")).strip())
    except TableError as error:
        return Symptom(unseen=f"planned shares that can be tested ({error.problems[0]})")
    found = ", ".join(f"{record.say(int(n))} {arm} ({n / counts.sum():.1%})" for arm, n in counts.items())
    says = f"The list holds {found}, planned {', '.join(f'{s:.1%}' for s in planned.values())}"
    if pd.isna(ratio.p):
        return Symptom(unseen=f"the list that was drawn, to compare: {ratio.warnings[0].split(':')[0]}. {says}")
    says = f"{says}; {say_p(ratio.p)}"
    hint = ""
    good = says
    if ratio.level == "look":
        good = f"{says}: a little off, which chance does once in a hundred campaigns"
        hint = "Ask how the lists were made; the lift may be read."
    return Symptom(f"{says}; the split is not the one planned", good, ratio.p, ratio.alarm, hint=hint)


def check_leaks(record: Record) -> Symptom:
    """Count controls who were written to, were given the offer, or redeemed it (contamination of control)."""
    contacts = record.contacts
    control = contacts["is_control"]
    size = int(control.sum())
    marks = _mark_reached(record)
    written = control & pd.DataFrame(marks, contacts.index).any(axis=1)
    seen = list(marks)
    used = _find_strays(record, written)
    if used is not None:
        seen.append("redeemed")
    if not seen:
        return Symptom(unseen="delivered or sent_at in contacts, or redeemed in outcomes")
    n = int(written.sum())
    strays = 0 if used is None else int(used.sum())
    parts = []
    if n:
        parts.append(f"{record.count(n, size)} of control were written to or given the offer")
    if strays:
        redeemed = "redeemed it all the same" if n else "redeemed it"
        parts.append(f"{record.count(strays, size)} of control {redeemed}")
    if not parts:
        return Symptom(good=f"Nobody in control was reached, as far as {', '.join(seen)} can tell", broken=False)
    says = " and ".join(parts)
    return Symptom(
        bad=f"{says}: they no longer show what happens without the campaign",
        good=f"{says}, too few to matter",
        broken=n > WRITTEN * size or (strays > STRAYS and strays > STRAY_SHARE * size),
        hint="Find out how it reached them.",
    )


def _mark_reached(record: Record) -> dict[str, pd.Series]:
    """For each column that tells, the contacts who were written to or given the offer."""
    contacts = record.contacts
    control = contacts["is_control"]
    sent = contacts["sent_at"].notna()
    offers = contacts["offer_id"].astype("str").str.strip().replace("", None)
    marks = {}
    if contacts["delivered"].notna().any():
        marks["delivered"] = contacts["delivered"].fillna(False).astype(bool)
    if sent.any():
        # Filled for all of control, it is the time at which they would have been sent, see `build_outcomes`
        marks["sent_at"] = sent & (sent[control].mean() < 0.99)
    if offers.notna().any():
        # An offer that none of the treated got, such as "none", is no offer
        marks["offer_id"] = offers.isin(offers[~control].dropna())
    return marks


def _find_strays(record: Record, written: pd.Series) -> pd.Series | None:
    """Controls who redeemed the offer though nothing was `written` to them; None where that cannot be told."""
    if "redeemed" not in record.windows["main"]:
        return None
    control = record.contacts["is_control"]
    before, during, after = (control & (record.windows[name]["redeemed"] > 0) for name in ("pre", "main", "post"))
    if before.sum() > max(STRAYS, STRAY_SHARE * int(control.sum())):
        return None  # more is counted than this offer
    return (during | after) & ~written


def check_draw(record: Record) -> Symptom:
    """Check that control was drawn together with the treated: by what was bought before, and by the time of the draw.

    A control picked at random afterwards looks the same before the start: then only `assigned_at` tells. Between the
    check's part of the level and the level itself a gap is called chance, which the adjusted lift takes off.
    """
    before, p = _compare_before(record)
    late, when = _find_late(record)
    if not before and not when:
        return Symptom(unseen="outcomes of the window pre (and stratum if chances differ), or assigned_at in contacts")
    if late:
        says = f"{when}; before the start, {before}" if before else when
        return Symptom(says, p=p, broken=True)
    if not before:
        return Symptom(good=when, p=p, broken=False)
    good = f"Before the start {before}"
    if when:
        good = f"{good}; {when}"
    return Symptom(f"The groups differed before the start: {before}", good, p, hint=ADJUST if p < record.level else "")


def _compare_before(record: Record) -> tuple[str, float]:
    """Randomisation test of what was bought before, within groups of one chance to be control.

    Returns the means in words, with what they make of the lift, and the p-value; nothing and NaN where there is nothing
    to compare.
    """
    before = record.windows["pre"]
    contacts = record.contacts
    chance = record.find_chance()
    known = [name for name in ("sales", "orders") if name in before and before[name].nunique() > 1]
    if not known:
        return "", float("nan")
    here = before[known].notna().all(axis=1) & chance.notna()
    control = contacts.loc[here, "is_control"]
    sides = control.groupby(chance[here]).agg(["sum", "size"])
    # A cell needs two customers of either group: one alone has no spread
    cells = sides.index[(sides["sum"] > 1) & (sides["size"] - sides["sum"] > 1)]
    inside = chance[here].isin(cells)
    if not inside.any():
        return "", float("nan")
    control = control[inside]
    spend = before.loc[control.index, known]
    found = compare_with_lotteries(describe_spend(spend), control, chance[control.index])
    means = spend.groupby(control).mean()
    form = "{} of {:,.2f} (treated) and {:,.2f} (control)"
    within = "" if len(cells) == 1 else f", compared within {len(cells)} groups of one chance"
    says = f"{', '.join(form.format(name, *means[name]) for name in known)} a customer{within}; {say_p(found.p)}"
    if found.worst and found.p < record.level:
        z = found.table.loc[found.worst, "z"]
        says = f"{says}, farthest apart in {found.worst} ({abs(z):.1f} standard deviations of a lottery)"
    return f"{says}{_say_placebo(spend, control, chance[control.index], known[0])}", found.p


def _say_placebo(spend: pd.DataFrame, control: pd.Series, cells: pd.Series, name: str) -> str:
    """What the lift would have been before the start, in a clause with its interval; no verdict of its own."""
    values = spend[name].to_numpy(float)
    drawn = control.to_numpy(bool)
    if cells.nunique() > 1:
        share = control.groupby(cells).transform("mean").to_numpy(float)
        weights = 1 / (1 - share[~drawn]), 1 / share[drawn]
        found = compare_weighted(values[~drawn], values[drawn], weights)
    else:
        found = compare_means(values[~drawn], values[drawn])
    if not np.isfinite(found.low):
        return ""
    effect, low, high = (say_money(value, "", 2) for value in (found.effect, found.low, found.high))
    total = say_money(found.effect * found.n_treated)
    return f"; the lift of those days, when nothing was sent, is {effect} ({low} to {high}), {total} in all"


def _find_late(record: Record) -> tuple[bool, str]:
    """Whether control was drawn on a later day than the last of the treated; and what is known of the draw."""
    control = record.contacts["is_control"]
    times = record.contacts["assigned_at"]
    if times[control].isna().all() or times[~control].isna().all():
        return False, ""
    last = times[~control].max()
    late = times[control & (times.dt.normalize() > last.normalize())]
    share = len(late) / control.sum()
    if share <= LATE:
        return False, f"control was drawn with the treated, the last on {last:%Y-%m-%d}"
    says = f"{share:.0%} of control was drawn from {late.min():%Y-%m-%d} on"
    return True, f"{says}, the last of the treated on {last:%Y-%m-%d}"


def check_delivery(record: Record) -> Symptom:
    """Look for a channel that hardly delivers, and within a channel for an operator or a day of which less arrived.

    Channels are not compared with each other: of push messages fewer arrive than of text messages, always.
    """
    treated = record.contacts[~record.contacts["is_control"]]
    sent = treated["sent_at"]
    arrived = treated["delivered"]
    if arrived.isna().all():
        return Symptom(unseen="delivered in contacts")
    # Where others have a time of sending, customers without one were not sent to
    arrived = arrived.where(arrived.notna() | sent.notna() | sent.isna().all(), False).dropna().astype(bool)
    whole = f"{arrived.mean():.1%} of {record.say(len(arrived))} messages arrived"
    if arrived.mean() < FAILED:
        return Symptom(whole, broken=True)
    marks = treated[["channel", "operator"]].assign(day=sent.dt.normalize()).loc[arrived.index]
    channel = marks["channel"].astype("str").where(marks["channel"].notna(), "")
    each = arrived.groupby(channel).agg(["mean", "size"])
    each = each[(each["size"] >= CELL) & (each.index != "")].sort_values("mean")
    if len(each) and each["mean"].iloc[0] < REACHED:
        worst = each.iloc[0]
        says = f"By the channel {each.index[0]} {worst['mean']:.1%} of {record.say(int(worst['size']))} messages"
        return Symptom(f"{says} arrived, less than half of them", broken=True)
    if len(each) > 1:
        whole = f"{whole} ({', '.join(f'{name} {share:.1%}' for name, share in each['mean'].items())})"
    names = [name for name in ("operator", "day") if marks[name].nunique() > 1]
    if not names and len(each) < 2:
        return Symptom(unseen=f"channel or operator in contacts, or several days in sent_at; {whole}")
    table = _compare_within(arrived, marks, channel, names)
    if table.empty:
        return Symptom(good=whole, p=1.0, broken=False)
    big = table[table["rest"] - table["share"] > FAILED]
    large = len(big) > 0
    worst = (big if large else table).sort_values(["p", "size"], ascending=[True, False]).iloc[0]
    says = f"{worst['label']}: {worst['share']:.1%} of {record.say(int(worst['size']))} messages arrived"
    says = f"{says}, of the others {worst['rest']:.1%}; {say_p(worst['p'])} after correction for {len(table)} cells"
    good = f"{says}: chance may do so" if large else f"{whole}, least in {says}"
    return Symptom(says[:1].upper() + says[1:], good, float(worst["p"]), large=large)


def _compare_within(arrived: pd.Series, marks: pd.DataFrame, channel: pd.Series, names: list[str]) -> pd.DataFrame:
    """Compare operators and days, each with the others of its own channel; p is corrected for the cells of all."""
    by = [*combinations(names, 1), *combinations(names, 2)]
    parts = []
    for name, inside in channel.groupby(channel):
        part = compare_cells(arrived.loc[inside.index], marks.loc[inside.index], by, CELL)
        label = part["label"] + (f" of the channel {name}" if name and channel.nunique() > 1 else "")
        # Each part is corrected for its own cells already
        parts.append(part.assign(label=label, own=len(part)))
    table = pd.concat(parts, ignore_index=True)
    return table.assign(p=(table["p"] * len(table) / table["own"]).clip(upper=1.0)).drop(columns="own")


def check_survivors(record: Record) -> Symptom:
    """Check for differential attrition: outcomes that miss one group more than the other, or all who bought nothing."""
    missing = record.find_missing()
    contacts = record.contacts
    lost = int(missing.sum())
    where = f"a row of the window `{record.claim.window}`"
    if not lost:
        return Symptom(good=f"Everybody on the list has {where}", p=1.0, broken=False)
    groups = missing.groupby(contacts["arm"]).agg(["sum", "size", "mean"])
    pairs = [groups.loc[[arm, record.control]] for arm in record.arms]
    tests = [stats.fisher_exact([pair["sum"], pair["size"] - pair["sum"]]).pvalue for pair in pairs]
    p = min(1.0, len(tests) * float(min(tests, default=1.0)))
    says = f"Without {where} are {', '.join(f'{share:.1%} of {arm}' for arm, share in groups['mean'].items())}"
    large = lost > MISSING * len(missing)
    left = _count_buyers_only(record, missing) if large else 0
    if left:
        says = f"{says}, and all {record.say(left)} customers with a row have bought: those who bought nothing are gone"
        return Symptom(says, p=p, broken=True)
    says = f"{says}; {say_p(p)}"
    return Symptom(f"{says}: those who stayed are not those who were drawn", says, p, large=large)


def _count_buyers_only(record: Record, missing: pd.Series) -> int:
    """How many customers have rows if not one of them bought nothing, though some should; else 0."""
    bought = _find_bought(record)[~missing]
    here = record.claim.window
    if here not in bought or len(bought) < GROUP:
        return 0
    if not (bought[here] == 0).any():
        return len(bought)
    # A list of recent buyers has nobody who bought nothing before, and then this says nothing
    idle = bought[["pre", here]] == 0
    expected = idle.mean().prod() * len(bought)
    if here != "pre" and expected >= CELL and not idle.all(axis=1).any():
        return len(bought)
    return 0


def _find_bought(record: Record) -> pd.DataFrame:
    """By contact and window: 1 who bought anything, 0 who bought nothing, empty who has no row."""
    measure = next((name for name in ("orders", "sales", "responded") if name in record.windows["main"]), None)
    rows = {name: here[measure] for name, here in record.windows.items() if measure}
    known = {name: (values != 0).astype(float).where(values.notna()) for name, values in rows.items()}
    return pd.DataFrame(known, index=record.contacts.index)


def check_join(record: Record) -> Symptom:
    """Check the join: ids that do not meet, rows that repeat or are lost in both groups, ids that nobody buys with.

    With the receipts also whether those of one group repeat, come to nothing, or do not add up to its outcomes.
    """
    if record.unmet:
        return Symptom(record.unmet[:1].upper() + record.unmet[1:], broken=True)
    total = len(record.contacts)
    p, silent = _find_silent(record)
    faults = _find_faults(record)
    if silent:
        faults.append(silent)
    advice = ""
    if record.lines is not None:
        for odd, says, mend in find_odd_receipts(record.lines, record):
            p = min(p, odd)
            faults.append(says)
            advice = advice or ("" if len(faults) > 1 else mend)
    lost = int(record.find_missing().sum())
    gone = f"Of {record.say(total)} customers {record.count(lost, total)} have no row of the window "
    gone += f"`{record.claim.window}`"
    strangers = record.counts["strangers"]
    if strangers:
        gone += f", and {record.say(strangers)} ids of the outcomes are on no list"
    if faults:
        if lost:
            faults.append(gone)
        says = "; ".join(faults)
        return Symptom(says[:1].upper() + says[1:], p=p, broken=True, mend=advice)
    if lost > LOST * total:
        return Symptom(gone, p=p, broken=True, large=False)
    if lost:
        hint = "Ask why they have none; so few of both groups hardly move the lift." if lost > MISSING * total else ""
        return Symptom(good=gone, p=p, broken=False, hint=hint)
    return Symptom(good=f"All {record.say(total)} customers meet their outcomes", p=p, broken=False)


def _find_faults(record: Record) -> list[str]:
    """Faults of the ids that were counted when the record was read, one sentence each."""
    say = record.say
    counts = record.counts
    faults = []
    if counts["repaired"]:
        faults.append(
            f"the ids of {say(counts['repaired'])} customers meet only as text without blanks and zeros in front"
        )
    if counts["contacts"]:
        text = f"{say(counts['contacts'])} rows of the list repeat a customer"
        if counts["arms"]:
            text += f", {say(counts['arms'])} of them in two groups"
        faults.append(text)
    if counts["outcomes"]:
        faults.append(f"{say(counts['outcomes'])} rows of the outcomes repeat a customer")
    return faults


def _find_silent(record: Record) -> tuple[float, str]:
    """A group of ids, by length, first characters or arm, in which hardly anybody has bought anything in any window."""
    bought = _find_bought(record)
    people = record.contacts.assign(bought=bought.eq(1).any(axis=1))[bought.notna().any(axis=1)]
    marks = pd.DataFrame({f"of which the first {size} are": people["text"].str[:size] for size in (1, 2, 3)})
    marks = marks.assign(of=people["text"].str.len().astype("str") + " characters", **{"of the group": people["arm"]})
    table = compare_cells(people["bought"], marks, combinations(marks, 1), GROUP, KINDS)
    quiet = table[table["share"] < SILENT * table["rest"]].sort_values("p")
    if quiet.empty:
        return 1.0, ""
    worst = quiet.iloc[0]
    p = float(worst["p"])
    if not p < ALARM:
        return p, ""
    says = f"of {record.say(int(worst['size']))} customers with ids {worst['label']} {worst['share']:.1%} bought "
    return p, f"{says}anything in any window, of all others {worst['rest']:.1%}"
