"""Do the list and what was measured belong together? Two checks of the clinic: survivors, and the join itself."""

from __future__ import annotations

import pandas as pd
from scipy import stats

from loyalty.evaluate.examination import Symptom, say_p
from loyalty.evaluate.ratio import ALARM
from loyalty.evaluate.record import Record, write_id

MISSING = 0.001  # share of contacts without a row that moves no result
SILENT = 0.1  # share of buyers in a group of ids, as a part of that of all others
GROUP, KINDS = 30, 50  # customers in a group, groups by their first characters
CELL = 20  # customers without a purchase who should be there


def check_survivors(record: Record) -> Symptom:
    """Ask whether the outcomes miss customers of one group more than of the other, or all who bought nothing."""
    name, missing, control = "survivors", record.find_missing(), record.contacts["is_control"]
    lost, shares, p = int(missing.sum()), missing.groupby(record.contacts["arm"]).mean(), 1.0
    for arm in record.arms if lost else ():
        pair = control | (record.contacts["arm"] == arm)
        table = pd.crosstab(control[pair], missing[pair]).reindex(columns=[False, True], fill_value=0)
        p = min(p, len(record.arms) * float(stats.fisher_exact(table).pvalue))
    where = f"a row of the window `{record.claim.window}`"
    says = f"Without {where} are {', '.join(f'{share:.1%} of {arm}' for arm, share in shares.items())}"
    advice = "Put everybody on the list back, those who bought nothing with 0, and measure again"
    if lost > MISSING * len(missing) and (left := _count_buyers_only(record, missing)):
        who = f"all {record.say(left)} customers with a row have bought"
        return Symptom(name, f"{says}, and {who}: those who bought nothing are gone", "", advice, p, True)
    good = f"{says}; {say_p(p)}" if lost else f"Everybody on the list has {where}"
    return Symptom(name, f"{says}; {say_p(p)}: those who stayed are not those who were drawn", good, advice, p, None,
                   lost > MISSING * len(missing))  # fmt: skip


def _count_buyers_only(record: Record, missing: pd.Series) -> int:
    """How many customers have rows if not one of them bought nothing, though some should; else 0."""
    bought, here = _find_bought(record)[~missing], record.claim.window
    if here not in bought or len(bought) < GROUP:
        return 0
    if not (bought[here] == 0).any():
        return len(bought)
    if "pre" not in bought or here == "pre":
        return 0
    # A list of recent buyers has nobody who bought nothing before, and then this says nothing.
    both = bought[["pre", here]] == 0
    return len(bought) if both.mean().prod() * len(bought) >= CELL and not both.all(axis=1).any() else 0


def _find_bought(record: Record) -> pd.DataFrame:
    """By contact and window: 1 who bought anything, 0 who bought nothing, empty who has no row."""
    measure = next((name for name in ("orders", "sales", "responded") if name in record.outcomes), None)
    rows = {name: record.window(name)[measure] for name in record.windows if measure}
    known = {name: (values != 0).astype(float).where(values.notna()) for name, values in rows.items()}
    return pd.DataFrame(known, index=record.contacts.index)


def check_join(record: Record) -> Symptom:
    """Look for ids that do not meet, rows that repeat, rows that are lost in both groups, and ids nobody buys with."""
    name, contacts, say = "broken join", record.contacts, record.say
    faults, advice = [], "Make the ids alike in both tables, join again, and count the rows before and after"
    repaired, total = int(record.repaired.sum()), len(contacts)
    if repaired:
        faults.append(f"the ids of {say(repaired)} customers meet only as text without blanks and zeros in front")
    for table, words in (("contacts", "of the list"), ("outcomes", "of the outcomes")):
        if n := record.repeats[table]:
            twice = f"{say(n)} rows {words} repeat a customer"
            arms = record.repeats["arms"] if table == "contacts" else 0
            faults.append(twice + f", {say(arms)} of them in two groups" * bool(arms))
    p, silent = _find_silent(record)
    faults += [silent] if silent else []
    lost, strange = int(record.find_missing().sum()), record.strangers
    also = f", and {say(strange)} ids of the outcomes are on no list" if strange else ""
    where = f"row of the window `{record.claim.window}`{also}"
    gone = f"Of {say(total)} customers {record.count(lost, total)} have no {where}"
    if faults:
        says = "; ".join([*faults, *([gone] if lost else [])])
        return Symptom(name, says[:1].upper() + says[1:], "", advice, p, True)
    if lost > MISSING * total:
        return Symptom(name, gone, "", advice, p, True, large=False)
    return Symptom(name, "", gone if lost else f"All {say(total)} customers meet their outcomes", advice, p, False)


def _find_silent(record: Record) -> tuple[float, str]:
    """A group of ids, by length, first characters or arm, in which hardly anybody has bought anything in any window."""
    bought = _find_bought(record)
    people = record.contacts.assign(bought=bought.eq(1).any(axis=1))[bought.notna().any(axis=1)]
    text = people["customer_id"].astype(object).map(write_id).astype("str")
    marks = {f"of which the first {size} are {{}}": text.str[:size] for size in (1, 2, 3)}
    marks |= {"of {} characters": text.str.len(), "of the group {}": people["arm"]}
    tests, worst = 0, (1.0, "")
    n, k = len(people), int(people["bought"].sum())
    for words, mark in marks.items():
        groups = people["bought"].groupby(mark).agg(["size", "sum"])
        groups = groups[groups["size"].between(GROUP, n - GROUP) & (len(groups) <= KINDS)]
        tests += len(groups)
        for label, row in groups.iterrows():
            share, rest = row["sum"] / row["size"], (k - row["sum"]) / (n - row["size"])
            p = float(stats.hypergeom.cdf(row["sum"], n, k, row["size"]))
            if share < SILENT * rest and p < worst[0]:
                who = f"of {record.say(int(row['size']))} customers with ids {words.format(label)}"
                worst = p, f"{who} {share:.1%} bought anything in any window, of all others {rest:.1%}"
    p = min(1.0, worst[0] * max(tests, 1))
    return p, worst[1] if p < ALARM else ""
