"""Are the groups what the lottery drew, and did each get what it was to get? Four checks of the clinic."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from loyalty.evaluate.balance import check_balance
from loyalty.evaluate.examination import Symptom, say_p
from loyalty.evaluate.ratio import check_sample_ratio
from loyalty.evaluate.record import Record
from loyalty.tables import TableError

WRITTEN = 0.01  # share of control written to, which takes the same share off the lift
STRAY = (2, 0.002)  # customers, and share, of control who redeem without the campaign's doing
LATE = 0.01  # share of control drawn after the others
FAILED = 0.15  # by how much less arrives in a cell than elsewhere, as a share of the messages
CELL = 20  # treated customers


def check_split(record: Record) -> Symptom:
    """Compare the sizes of the groups with the plan; it alarms below p = .001 only."""
    name, planned, arms = "sample ratio", record.planned, record.contacts["arm"]
    if planned is None:
        return Symptom(name, unseen="planned_shares in the plan, or propensity in contacts")
    if set(planned) == {record.control, "treated"}:
        arms = arms.where(record.contacts["is_control"], "treated")
    counts = arms.value_counts()
    advice = "Find out where customers were lost or added, and measure only after that"
    if strange := sorted(set(counts.index) - set(planned)):
        return Symptom(name, f"The group {', '.join(strange)} was not planned", advice=advice, broken=True)
    counts = counts.reindex(planned, fill_value=0)
    try:
        ratio = check_sample_ratio(counts.to_dict(), planned)
    except TableError as error:
        return Symptom(name, unseen=f"planned shares that can be tested ({error.problems[0]})")
    found = ", ".join(f"{record.say(int(n))} {arm} ({n / counts.sum():.1%})" for arm, n in counts.items())
    says = f"The list holds {found}, planned {', '.join(f'{s:.1%}' for s in planned.values())}; {say_p(ratio.p)}"
    return Symptom(name, f"{says}; the split is not the one planned", says, advice, ratio.p, ratio.alarm)


def check_leaks(record: Record) -> Symptom:
    """Count controls who were written to, were given the offer, or redeemed it."""
    name, control = "contamination", record.contacts[record.contacts["is_control"]]
    written, seen = pd.Series(False, control.index), []
    if "delivered" in control and record.contacts["delivered"].notna().any():
        written, seen = written | control["delivered"].fillna(False).astype(bool), ["delivered"]
    if "sent_at" in control and record.contacts["sent_at"].notna().any():
        sent = control["sent_at"].notna()
        # Filled for all of them it is when they would have been sent, see `build_outcomes`.
        written, seen = written | (sent if sent.mean() < 0.99 else False), [*seen, "sent_at"]
    if "offer_id" in control:
        offered = control["offer_id"].notna() & (control["offer_id"].astype("str").str.strip() != "")
        written, seen = written | offered, [*seen, "offer_id"]
    used = pd.Series(False, control.index)
    if "redeemed" in record.outcomes:
        after = [record.window(window)["redeemed"] > 0 for window in ("main", "post")]
        used, seen = (after[0] | after[1])[control.index], [*seen, "redeemed"]
    if not seen:
        return Symptom(name, unseen="delivered or sent_at in contacts, or redeemed in outcomes")
    n, size = int(written.sum()), len(control)
    strays = int((used & ~written).sum())
    broken = n > WRITTEN * size or (strays > STRAY[0] and strays > STRAY[1] * size)
    parts = [f"{record.count(n, size)} of control were written to or given the offer"] if n else []
    parts += [f"{record.count(strays, size)} of control redeemed it{' all the same' * bool(n)}"] if strays else []
    says, columns = " and ".join(parts), ", ".join(seen)
    sound = f"{says}, too few to matter" if parts else f"Nobody in control was reached, as far as {columns} can tell"
    advice = "The lift shown is too small: compare as drawn, say so, and keep the control away from the next wave"
    return Symptom(name, f"{says}: they show no longer what happens without the campaign", sound, advice,
                   broken=bool(broken), hint="Find out how it reached them." if parts else "")  # fmt: skip


def check_draw(record: Record) -> Symptom:
    """Ask whether control was drawn together with the treated: by what both bought before, and by the time of the draw.

    A control picked at random afterwards looks the same before the start: then only `assigned_at` tells.
    """
    name = "control chosen afterwards"
    advice = "Ask for the list of the draw with its date; without it there is no lift"
    words, p = _compare_before(record)
    late, when = _find_late(record)
    if not words and not when:
        return Symptom(name, unseen="outcomes of the window pre, or assigned_at in contacts")
    if late:
        return Symptom(name, f"{when}{'; before the start, ' * bool(words)}{words}", "", advice, p, True)
    good = "; ".join(part for part in (f"Before the start {words}" if words else "", when) if part)
    if not words:
        return Symptom(name, "", when, advice, broken=False)
    return Symptom(name, f"The groups differed before the start: {words}", good, advice, p)


def _compare_before(record: Record) -> tuple[str, float]:
    """Omnibus test on the ranks of what was bought before, within groups of one chance to be control."""
    before = record.window("pre")
    known = [name for name in ("sales", "orders") if name in before and before[name].nunique() > 1]
    if not known:
        return "", float("nan")
    given = {"campaign_id": "", "wave": 1, "customer_id": record.contacts["key"], "chance": _find_chance(record)}
    people = record.contacts.assign(**given)[before[known].notna().all(axis=1)]
    statistic, df = 0.0, 0
    for _, part in people.groupby("chance"):
        if min(part["is_control"].sum(), (~part["is_control"]).sum()) < 2:
            continue
        profile = before.loc[part.index, known].assign(customer_id=part["key"])
        found = check_balance(part[["campaign_id", "wave", "customer_id", "arm"]], profile, control=record.control)
        statistic, df = statistic + found.statistic, df + found.df
    if not df:
        return "", float("nan")
    p = float(stats.chi2.sf(statistic, df))
    sides = people["is_control"], ~people["is_control"]
    left, right = (before.loc[people.index[side], known].mean() for side in sides)
    means = ", ".join(f"{name} of {right[name]:,.2f} (treated) and {left[name]:,.2f} (control)" for name in known)
    return f"{means} a customer; {say_p(p)}", p


def _find_chance(record: Record) -> pd.Series:
    """Groups within which the lottery was the same for all: strata, or the chance to be control if it differs."""
    contacts = record.contacts
    none = pd.Series("", contacts.index)
    if "propensity" not in contacts:
        return none
    chance = pd.to_numeric(contacts["propensity"], errors="coerce").round(6)
    if (chance.groupby(contacts["arm"]).nunique() < 2).all():
        return none
    if "stratum" in contacts:
        return contacts["stratum"].astype(object).fillna("").astype("str")
    return chance.where(contacts["is_control"], 1 - chance).round(6).astype("str") if len(record.arms) == 1 else none


def _find_late(record: Record) -> tuple[bool, str]:
    """Whether control was drawn on a later day than the last of the treated; and what is known of the draw."""
    contacts, control = record.contacts, record.contacts["is_control"]
    times = contacts["assigned_at"] if "assigned_at" in contacts else pd.Series(pd.NaT, contacts.index)
    if times[control].isna().all() or times[~control].isna().all():
        return False, ""
    last = times[~control].max()
    late = control & (times.dt.normalize() > last.normalize())
    share = late[control].mean()
    if share > LATE:
        first = times[late].min()
        says = f"{share:.0%} of control was drawn from {first:%Y-%m-%d} on, the last of the treated on {last:%Y-%m-%d}"
        return True, says
    return False, f"control was drawn with the treated, the last on {last:%Y-%m-%d}"


def check_delivery(record: Record) -> Symptom:
    """Look for a channel, an operator or a day of sending of which less arrived than of the others."""
    name = "failed channel"
    treated = record.contacts[~record.contacts["is_control"]]
    if "delivered" not in treated or treated["delivered"].isna().all():
        return Symptom(name, unseen="delivered in contacts")
    sent = treated["sent_at"] if "sent_at" in treated else pd.Series(pd.NaT, treated.index)
    # Where others have a time of sending, who has none was not sent to.
    arrived = treated["delivered"].where(treated["delivered"].notna() | sent.notna() | sent.isna().all(), False)
    treated = treated[arrived.notna()].assign(arrived=arrived.astype(float), day=sent.dt.strftime("%Y-%m-%d"))
    names = [c for c in ("channel", "operator", "day") if c in treated and treated[c].nunique() > 1]
    n, k = len(treated), int(treated["arrived"].sum())
    whole = f"{k / n:.1%} of {record.say(n)} messages arrived"
    if not names:
        return Symptom(name, unseen=f"channel or operator in contacts, or several days in sent_at; {whole}")
    cells = []
    for by in [[one] for one in names] + [list(pair) for pair in combinations(names, 2)]:
        found = treated.groupby(by)["arrived"].agg(["size", "sum"]).reset_index()
        label = [", ".join(f"{c} {row[c]}" for c in by) for row in found[by].to_dict("records")]
        cells.append(found[["size", "sum"]].assign(label=label))
    table = pd.concat(cells, ignore_index=True).query("@CELL <= size <= @n - @CELL")
    if table.empty:
        return Symptom(name, "", whole, "", 1.0, False)
    table["share"], table["rest"] = table["sum"] / table["size"], (k - table["sum"]) / (n - table["size"])
    table["p"] = np.minimum(stats.hypergeom.cdf(table["sum"], n, k, table["size"]) * len(table), 1)
    big = table[table["rest"] - table["share"] > FAILED]
    worst = (big if len(big) else table).sort_values(["p", "size"], ascending=[True, False]).iloc[0]
    says = f"{worst['label']}: {worst['share']:.1%} of {record.say(int(worst['size']))} messages arrived"
    says = f"{says}, of the others {worst['rest']:.1%}; {say_p(worst['p'])} after correction for {len(table)} cells"
    good = f"{whole}, least in {says}" if not len(big) else f"{says}: chance may do so"
    advice = "Count everybody assigned, say how many were never reached, and repeat the wave where it failed"
    return Symptom(name, says[:1].upper() + says[1:], good, advice, float(worst["p"]), None, bool(len(big)))
