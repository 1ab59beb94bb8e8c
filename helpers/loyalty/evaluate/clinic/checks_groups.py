"""Are the groups what the lottery drew, did each get what it was to get, and is everybody there? Six checks."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.clinic.findings import Symptom
from loyalty.evaluate.clinic.record import Record, compare_cells
from loyalty.evaluate.design.balance import check_balance
from loyalty.evaluate.design.sample_ratio import ALARM, check_sample_ratio
from loyalty.tables.check import TableError
from loyalty.text import say_p

WRITTEN = 0.01  # share of control written to, which takes the same share off the lift
STRAY = (2, 0.002)  # customers, and share, of control who redeem without the campaign's doing
LATE = 0.01  # share of control drawn after the others
FAILED = 0.15  # by how much less arrives in a cell than elsewhere, as a share of the messages; or arrives at all
CELL = 20  # treated customers; or customers without a purchase who should be there
MISSING = 0.001  # share of contacts without a row that moves no result
SILENT = 0.1  # share of buyers in a group of ids, as a part of that of all others
# customers in a group, groups by their first characters
GROUP = 30
KINDS = 50


def check_split(record: Record) -> Symptom:
    """Compare the sizes of the groups with the plan; it alarms below p = .001 only."""
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
    return Symptom(f"{says}; the split is not the one planned", says, ratio.p, ratio.alarm)


def check_leaks(record: Record) -> Symptom:
    """Count controls who were written to, were given the offer, or redeemed it."""
    contacts = record.contacts
    marks = {}
    control = contacts["is_control"]
    sent = contacts["sent_at"].notna()
    size = int(control.sum())
    offers = contacts["offer_id"].astype("str").str.strip().replace("", None)
    if contacts["delivered"].notna().any():
        marks["delivered"] = contacts["delivered"].fillna(False).astype(bool)
    if sent.any():  # filled for all of control it is when they would have been sent, see `build_outcomes`
        marks["sent_at"] = sent & (sent[control].mean() < 0.99)
    if offers.notna().any():  # what none of the treated got, such as "none", is no offer
        marks["offer_id"] = offers.isin(offers[~control].dropna())
    written = control & pd.DataFrame(marks, contacts.index).any(axis=1)
    used = pd.Series(False, contacts.index)
    if "redeemed" in record.windows["main"]:
        early, *after = (control & (record.windows[name]["redeemed"] > 0) for name in ("pre", "main", "post"))
        if early.sum() <= max(STRAY[0], STRAY[1] * size):  # else more is counted than this offer
            marks["redeemed"] = used = (after[0] | after[1]) & ~written
    if not marks:
        return Symptom(unseen="delivered or sent_at in contacts, or redeemed in outcomes")
    n = int(written.sum())
    strays = int(used.sum())
    broken = n > WRITTEN * size or (strays > STRAY[0] and strays > STRAY[1] * size)
    parts = [f"{record.count(n, size)} of control were written to or given the offer"] if n else []
    parts += [f"{record.count(strays, size)} of control redeemed it{' all the same' * bool(n)}"] if strays else []
    says = " and ".join(parts)
    seen = ", ".join(marks)
    sound = f"{says}, too few to matter" if parts else f"Nobody in control was reached, as far as {seen} can tell"
    hint = "Find out how it reached them." if parts else ""
    return Symptom(f"{says}: they show no longer what happens without the campaign", sound, broken=broken, hint=hint)


def check_draw(record: Record) -> Symptom:
    """Ask whether control was drawn together with the treated: by what both bought before, and by the time of the draw.

    A control picked at random afterwards looks the same before the start: then only `assigned_at` tells.
    """
    before, p = _compare_before(record)
    late, when = _find_late(record)
    if not before and not when:
        return Symptom(unseen="outcomes of the window pre (and stratum if chances differ), or assigned_at in contacts")
    if late:
        return Symptom(f"{when}{'; before the start, ' * bool(before)}{before}", p=p, broken=True)
    good = "; ".join(part for part in (f"Before the start {before}" if before else "", when) if part)
    return Symptom(f"The groups differed before the start: {before}", good, p, None if before else False)


def _compare_before(record: Record) -> tuple[str, float]:
    """Omnibus test on the ranks of what was bought before, within groups of one chance to be control."""
    before = record.windows["pre"]
    contacts = record.contacts
    chance = _find_chance(record)
    known = [name for name in ("sales", "orders") if name in before and before[name].nunique() > 1]
    statistic = 0.0
    df = 0
    sides = contacts["is_control"][before[known].notna().all(axis=1) & chance.notna()]
    for _, part in sides.groupby(chance) if known else ():
        if min(part.sum(), (~part).sum()) > 1:
            given = {"campaign_id": "", "wave": 1, "customer_id": part.index}
            profile = before.loc[part.index, known].assign(customer_id=part.index)
            found = check_balance(contacts.loc[part.index, ["arm"]].assign(**given), profile, control=record.control)
            statistic = statistic + found.statistic
            df = df + found.df
    if not df:
        return "", float("nan")
    p = float(stats.chi2.sf(statistic, df))
    means = before.loc[sides.index, known].groupby(sides).mean()
    form = "{} of {:,.2f} (treated) and {:,.2f} (control)"
    return f"{', '.join(form.format(name, *means[name]) for name in known)} a customer; {say_p(p)}", p


def _find_chance(record: Record) -> pd.Series:
    """Groups within which the lottery was the same for all: strata, or the chance to be control; empty if unknown."""
    contacts = record.contacts
    control = record.contacts["is_control"]
    chance = pd.to_numeric(contacts["propensity"], errors="coerce").round(6)
    if (chance.groupby(contacts["arm"]).nunique() < 2).all():
        return pd.Series("", contacts.index)
    if contacts["stratum"].notna().any():
        return contacts["stratum"].astype(object).fillna("").astype("str")
    return chance.where(control, (1 - chance).round(6)) if len(record.arms) == 1 else pd.Series(np.nan, contacts.index)


def _find_late(record: Record) -> tuple[bool, str]:
    """Whether control was drawn on a later day than the last of the treated; and what is known of the draw."""
    control = record.contacts["is_control"]
    times = record.contacts["assigned_at"]
    if times[control].isna().all() or times[~control].isna().all():
        return False, ""
    last = times[~control].max()
    late = times[control & (times.dt.normalize() > last.normalize())]
    if (share := len(late) / control.sum()) <= LATE:
        return False, f"control was drawn with the treated, the last on {last:%Y-%m-%d}"
    says = f"{share:.0%} of control was drawn from {late.min():%Y-%m-%d} on"
    return True, f"{says}, the last of the treated on {last:%Y-%m-%d}"


def check_delivery(record: Record) -> Symptom:
    """Look for a channel, an operator or a day of sending of which less arrived than of the others."""
    treated = record.contacts[~record.contacts["is_control"]]
    sent = treated["sent_at"]
    arrived = treated["delivered"]
    if arrived.isna().all():
        return Symptom(unseen="delivered in contacts")
    # Where others have a time of sending, who has none was not sent to.
    arrived = arrived.where(arrived.notna() | sent.notna() | sent.isna().all(), False).dropna().astype(bool)
    whole = f"{arrived.mean():.1%} of {record.say(len(arrived))} messages arrived"
    if arrived.mean() < FAILED:
        return Symptom(whole, broken=True)
    marks = treated[["channel", "operator"]].assign(day=sent.dt.normalize()).loc[arrived.index]
    names = [name for name in marks if marks[name].nunique() > 1]
    if not names:
        return Symptom(unseen=f"channel or operator in contacts, or several days in sent_at; {whole}")
    table = compare_cells(arrived, marks, [*combinations(names, 1), *combinations(names, 2)], CELL)
    if table.empty:
        return Symptom(good=whole, p=1.0, broken=False)
    big = table[table["rest"] - table["share"] > FAILED]
    worst = (big if len(big) else table).sort_values(["p", "size"], ascending=[True, False]).iloc[0]
    says = f"{worst['label']}: {worst['share']:.1%} of {record.say(int(worst['size']))} messages arrived"
    says = f"{says}, of the others {worst['rest']:.1%}; {say_p(worst['p'])} after correction for {len(table)} cells"
    good = f"{whole}, least in {says}" if not len(big) else f"{says}: chance may do so"
    return Symptom(says[:1].upper() + says[1:], good, float(worst["p"]), large=bool(len(big)))


def check_survivors(record: Record) -> Symptom:
    """Ask whether the outcomes miss customers of one group more than of the other, or all who bought nothing."""
    missing = record.find_missing()
    contacts = record.contacts
    lost = int(missing.sum())
    where = f"a row of the window `{record.claim.window}`"
    if not lost:
        return Symptom(good=f"Everybody on the list has {where}", p=1.0, broken=False)
    groups = missing.groupby(contacts["arm"]).agg(["sum", "size", "mean"])
    pairs = [groups.loc[[arm, record.control]] for arm in record.arms]
    tests = [stats.fisher_exact([pair["sum"], pair["size"] - pair["sum"]]).pvalue for pair in pairs]
    p = min(1.0, len(tests) * float(min(tests)))
    says = f"Without {where} are {', '.join(f'{share:.1%} of {arm}' for arm, share in groups['mean'].items())}"
    large = lost > MISSING * len(missing)
    if large and (left := _count_buyers_only(record, missing)):
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
    # A list of recent buyers has nobody who bought nothing before, and then this says nothing.
    both = bought[["pre", here]] == 0
    due = here != "pre" and both.mean().prod() * len(bought) >= CELL
    return len(bought) if due and not both.all(axis=1).any() else 0


def _find_bought(record: Record) -> pd.DataFrame:
    """By contact and window: 1 who bought anything, 0 who bought nothing, empty who has no row."""
    measure = next((name for name in ("orders", "sales", "responded") if name in record.windows["main"]), None)
    rows = {name: here[measure] for name, here in record.windows.items() if measure}
    known = {name: (values != 0).astype(float).where(values.notna()) for name, values in rows.items()}
    return pd.DataFrame(known, index=record.contacts.index)


def check_join(record: Record) -> Symptom:
    """Look for ids that do not meet, rows that repeat, rows that are lost in both groups, and ids nobody buys with."""
    say = record.say
    counts = record.counts
    total = len(record.contacts)
    p, silent = _find_silent(record)
    arms = f", {say(counts['arms'])} of them in two groups" * bool(counts["arms"])
    faults = {
        "repaired": "the ids of {} customers meet only as text without blanks and zeros in front",
        "contacts": f"{{}} rows of the list repeat a customer{arms}",
        "outcomes": "{} rows of the outcomes repeat a customer",
    }
    found = [words.format(say(counts[name])) for name, words in faults.items() if counts[name]]
    lost = int(record.find_missing().sum())
    gone = f"Of {say(total)} customers {record.count(lost, total)} have no row of the window `{record.claim.window}`"
    if counts["strangers"]:
        gone += f", and {say(counts['strangers'])} ids of the outcomes are on no list"
    if found or silent:
        says = "; ".join(filter(None, [*found, silent, gone * bool(lost)]))
        return Symptom(says[:1].upper() + says[1:], p=p, broken=True)
    if lost > MISSING * total:
        return Symptom(gone, p=p, broken=True, large=False)
    return Symptom(good=gone if lost else f"All {say(total)} customers meet their outcomes", p=p, broken=False)


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
    p = float(quiet["p"].iloc[0])
    says = f"of {record.say(int(worst['size']))} customers with ids {worst['label']} {worst['share']:.1%} bought "
    return p, f"{says}anything in any window, of all others {worst['rest']:.1%}" if p < ALARM else ""
