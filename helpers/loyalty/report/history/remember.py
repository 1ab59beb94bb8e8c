"""Puts the lists of several campaigns into a response history, through its one door; what was done is told by file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.intake.loading import Loaded
from loyalty.learn.history.store import History, open_history
from loyalty.learn.history.waves import HistoryError
from loyalty.report.history.doubles import compare_forms, find_copies, refuse_copies, tell_copies
from loyalty.report.output.privacy import hash_ids, refuse_names
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CAMPAIGNS, HISTORY, OUTCOMES
from loyalty.tables.personal import name_personal
from loyalty.tables.sources import collect, open_table
from loyalty.text import count_of

MEASURES = OUTCOMES.names[OUTCOMES.names.index("responded") :]
ACTIONS = ("orders", "sales", "redeemed")  # from which it is told who responded, where no column says it
HASH = re.compile(r"id-[0-9a-f]{20}")
SCHEME = "as listed"
WAVE = ["campaign_id", "wave"]
LOG = ["file", "campaign", "waves", "contacts", "what happened"]


@dataclass
class Memory:
    """A history with what was done to make it: `log` has one row a file, `checks` are lines of the table of checks."""

    history: History
    log: pd.DataFrame
    checks: list[tuple[str, str, str]] = field(default_factory=list)
    key: str = ""  # where the key of the ids is, in words


@dataclass
class _Wave:
    """A list as it goes into the history: its rows, what was decided on the way, and the file it came from."""

    name: str
    rows: pd.DataFrame
    notes: list[str]


def remember_campaigns(
    tables: Mapping[str, Loaded], values: Mapping[str, Any], earlier: Path | None, folder: Path
) -> Memory:
    """Put all lists into a history, in a copy of the earlier one if there is one; the earlier one is never changed.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_campaigns`: lists under the contract `history`, and perhaps receipts and campaigns.
    values : mapping
        The settings.
    earlier : pathlib.Path, optional
        The file of an earlier history.
    folder : pathlib.Path
        Where the history is made.

    Returns
    -------
    Memory

    Raises
    ------
    TableError
        With the problems of all lists.
    """
    path = folder / "responses.duckdb"
    if earlier is not None:
        with open_history(earlier, read_only=True):
            shutil.copyfile(earlier, path)
    records = read_records(tables)
    problems: list[str] = []
    waves = []
    for name, loaded in tables.items():
        if loaded.name == HISTORY.name:
            try:
                waves.append(_prepare(name, loaded, values, records, tables.get("receipts")))
            except TableError as error:
                problems += [f"{name}: {text}" for text in error.problems]
    problems += _refuse_personal(waves)
    if problems:
        raise TableError(problems, "your campaigns")
    history = open_history(path)
    memory = Memory(history, pd.DataFrame(columns=LOG))
    known = _list_waves(history)
    try:
        memory.checks += compare_forms(pd.concat([wave.rows["customer_id"] for wave in waves]))
        _hide_ids(waves, memory)
        _append_all(waves, values, memory)
        _look_for_copies(memory, known)
    except BaseException:
        history.close()
        raise
    return memory


def read_records(tables: Mapping[str, Loaded]) -> pd.DataFrame:
    """The records of the campaigns, one row a wave; empty without any."""
    if "campaigns" not in tables:
        return pd.DataFrame(columns=[*WAVE, "start", "end"])
    records = collect(check_table(tables["campaigns"].table, CAMPAIGNS))
    return records.astype({"campaign_id": "str"})


# --- One list ---------------------------------------------------------------------------------------------------------


def _prepare(
    name: str, loaded: Loaded, values: Mapping[str, Any], records: pd.DataFrame, receipts: Loaded | None
) -> _Wave:
    """Bring a list to the form of the history: days, outcomes, who responded, and what was offered."""
    rows = collect(loaded.table)
    if rows.empty:
        raise TableError(["there is no row"], name)
    rows = rows.assign(campaign_id=rows["campaign_id"].astype("str"), customer_id=rows["customer_id"].astype("str"))
    notes: list[str] = []
    rows = _add_days(rows, records, notes)
    measured = [column for column in MEASURES if column in rows]
    if not measured:
        rows = _count_receipts(rows, receipts, notes)
    elif values["empty"] == "nothing":
        rows = _fill_empty(rows, measured, notes)
    else:
        _refuse_empty(rows, measured)
    rows = _say_responded(rows, notes)
    return _Wave(name, _name_offers(rows, notes), notes)


def _add_days(rows: pd.DataFrame, records: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Take the first and the last day from the records of the plans, where the list does not say them."""
    if {"start", "end"} <= set(rows):
        return rows
    days = records.drop_duplicates(WAVE)[[*WAVE, "start", "end"]]
    if len(days) and days["campaign_id"].isin(rows["campaign_id"]).any():
        notes.append("first and last day are those of its record")
    bare = rows.drop(columns=["start", "end"], errors="ignore")
    return bare.merge(days.astype({"wave": bare["wave"].dtype}), on=WAVE, how="left")


def _count_receipts(rows: pd.DataFrame, receipts: Loaded | None, notes: list[str]) -> pd.DataFrame:
    """Count from the receipts what each customer of a list did, where the list has no outcome."""
    mend = "name under columns which one is responded, orders or sales, or give the table receipts"
    if receipts is None:
        raise TableError([f"there is no column with what customers did: {mend}"], "the list")
    if rows["start"].isna().any() or rows["end"].isna().any():
        raise TableError(
            ["outcomes from receipts need the first and the last day: say start and end under everywhere"], "the list"
        )
    parts = []
    for _, wave in rows.groupby(WAVE, sort=False):
        start, end = (pd.Timestamp(wave[column].iloc[0]) for column in ("start", "end"))
        contacts = wave.drop(columns=["window", "start", "end"])
        found = build_outcomes(contacts, receipts.table, start=start, end=end, before=0, after=0)
        parts.append(contacts.merge(found, on=["campaign_id", "wave", "customer_id"], how="left"))
    notes.append("what customers did is counted from the receipts")
    return pd.concat(parts, ignore_index=True)


def _fill_empty(rows: pd.DataFrame, measured: list[str], notes: list[str]) -> pd.DataFrame:
    """Read empty outcomes as nothing, as the settings say; how many is told."""
    empty = {column: int(rows[column].isna().sum()) for column in measured}
    notes += [f"`{column}` is empty in {count:,} rows: counted as 0" for column, count in empty.items() if count]
    return rows.fillna(dict.fromkeys(measured, 0))


def _refuse_empty(rows: pd.DataFrame, measured: list[str]) -> None:
    """Refuse outcomes with empty cells: they may mean no, or that nobody looked."""
    mend = "if that means that the customer did nothing, set empty=nothing; else fill it"
    problems = [
        f"`{column}` is empty in {rows[column].isna().sum():,} of {len(rows):,} rows: {mend}"
        for column in measured
        if rows[column].isna().any()
    ]
    if problems:
        raise TableError(problems, "the list")


def _say_responded(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Say who responded by what they did, where no column says it."""
    if "responded" in rows:
        return rows.astype({"responded": "int64"})
    by = next((column for column in ACTIONS if column in rows), None)
    if by is None:
        return rows
    notes.append(f"no column says who responded: those with {by} above 0")
    return rows.assign(responded=(rows[by] > 0).astype("int64"))


def _name_offers(rows: pd.DataFrame, notes: list[str]) -> pd.DataFrame:
    """Call what a treated customer got by the name of the arm, where no offer is named."""
    offer = rows["offer_id"] if "offer_id" in rows else pd.Series(None, rows.index, dtype="str")
    is_treated = rows["arm"] != "control"
    bare = is_treated & (offer.isna() | (offer.astype("str").str.strip() == ""))
    if bare.any():
        notes.append("offers bear the names of the arms")
    return rows.assign(offer_id=offer.where(~bare, rows["arm"]).where(is_treated, None).astype("str"))


# --- All of them ------------------------------------------------------------------------------------------------------


def _refuse_personal(waves: list[_Wave]) -> list[str]:
    """Refuse labels that would show single persons in the report."""
    problems = []
    for wave in waves:
        for column in ("campaign_id", "arm", "offer_id", "segment", "channel"):
            if column not in wave.rows:
                continue
            labels = wave.rows[column].dropna()
            personal = name_personal(labels)
            if personal:
                problems.append(f"{wave.name}: `{column}` holds {personal}, which a report may not show")
            elif column == "segment":
                problems += [f"{wave.name}: {text}" for text in refuse_names(labels, column)]
    return problems


def _hide_ids(waves: list[_Wave], memory: Memory) -> None:
    """Replace ids by keyed hashes, unless the earlier history holds them as they are; hashes are not hashed again.

    Whether the lists speak of the same customers at all is a check: a phone in one and a card in the other never meet.
    """
    held = collect_ids(memory.history)
    is_plain = len(held) > 0 and not all(HASH.fullmatch(str(one)) for one in held.head(20))
    if is_plain:
        words = "as in the earlier history, which holds them as they are: keep the file inside"
        memory.checks.append(("Customer ids in the history", "look", words))
        if pd.api.types.is_integer_dtype(held):
            _count_ids(waves)
    else:
        for wave in waves:
            ids = wave.rows["customer_id"]
            is_bare = ~ids.str.fullmatch(HASH.pattern)
            hashed, place = hash_ids(ids[is_bare])
            wave.rows = wave.rows.assign(customer_id=ids.where(~is_bare, hashed))
            memory.key = place
        words = f"keyed hashes (HMAC-SHA256), key from {memory.key}"
        memory.checks.append(("Customer ids in the history", "good", words))
    memory.checks.append(_compare_ids(waves, set(held)))


def collect_ids(history: History) -> pd.Series:
    """The ids that a history holds, each once."""
    return history.rows().select("customer_id").distinct().df()["customer_id"]


def _count_ids(waves: list[_Wave]) -> None:
    """Write ids as whole numbers, as the earlier history has them."""
    for wave in waves:
        if not wave.rows["customer_id"].str.fullmatch(r"\d{1,18}").all():
            says = "its customer ids are no whole numbers, as those of the earlier history are: use the same ids"
            raise TableError([f"{wave.name}: {says}"], "your campaigns")
        wave.rows = wave.rows.astype({"customer_id": "int64"})


def _compare_ids(waves: list[_Wave], held: set[Any]) -> tuple[str, str, str]:
    """Compare the customers of each list with those of all others."""
    name = "The same customer numbers"
    sets = {wave.name: set(wave.rows["customer_id"]) for wave in waves}
    if len(sets) + bool(held) < 2:
        return name, "not done", "needs the lists of two campaigns"
    alone = []
    for one, ids in sets.items():
        others = held.union(*(rest for other, rest in sets.items() if other != one))
        if not ids & others:
            alone.append(one)
    if alone:
        says = f"no customer of {', '.join(alone)} is in any other campaign: is it the same kind of number?"
        return name, "look", says
    return name, "good", "the lists have customers in common"


def _append_all(waves: list[_Wave], values: Mapping[str, Any], memory: Memory) -> None:
    """Append the lists one by one; TableError with the problems of all."""
    problems: list[str] = []
    seen: dict[tuple[str, int], str] = {}
    rows = []
    for wave in waves:
        keys = set(wave.rows[WAVE].itertuples(index=False, name=None))
        twice = sorted({seen[key] for key in keys if key in seen})
        try:
            what = _append(wave, values, memory, may_replace=not twice)
        except (HistoryError, TableError) as error:
            problems += _explain(error, wave, twice)
            continue
        seen |= dict.fromkeys(keys, wave.name)
        names = ", ".join(sorted(wave.rows["campaign_id"].unique()))
        rows.append((wave.name, names, len(keys), len(wave.rows), what))
        if wave.notes:
            memory.checks.append((f"Reading {wave.name}", "note", "; ".join(wave.notes)))
    memory.log = pd.DataFrame(rows, columns=LOG)
    if problems:
        raise TableError(problems, "your campaigns")


def _list_waves(history: History) -> set[tuple[str, int]]:
    """The campaigns and waves that a history holds."""
    held = history.campaigns()
    return set(zip(held["campaign_id"].astype("str"), held["wave"].astype("int64").tolist(), strict=True))


def _look_for_copies(memory: Memory, known: set[tuple[str, int]]) -> None:
    """Refuse a new list that is another one under a second name; tell what is too small to be sure, or was there."""
    pairs = find_copies(memory.history)
    problems = refuse_copies(pairs, known)
    if problems:
        raise TableError(problems, "your campaigns")
    memory.checks += tell_copies(pairs)


def _append(wave: _Wave, values: Mapping[str, Any], memory: Memory, *, may_replace: bool) -> str:
    """Append one list; say what happened."""
    rows = wave.rows
    facts = {}
    if "segment" in rows and rows["segment"].notna().any():
        for name, usual in (("scheme", SCHEME), ("version", "1")):
            if name not in rows or rows[name].isna().all():
                facts[name] = values[name] or usual
    names = [name for name in HISTORY.names if name in rows and not rows[name].isna().all()]
    replace = may_replace and values["reason"] is not None
    reason = {"reason": values["reason"], "noted_on": values["noted_on"]} if replace else {}
    done = memory.history.append(rows[names], **facts, replace=replace, **reason)
    quiet = "nothing says as of which day"  # told once, for all lists
    wave.notes += [text for text in done.warnings if not text.startswith(quiet)]
    parts = [(done.added, "added"), (done.replaced, f"replaced: {values['reason']}"), (done.unchanged, "unchanged")]
    told = [f"{count_of(count, 'wave')} {what}" for count, what in parts if count]
    return ", ".join(told)


def _explain(error: HistoryError | TableError, wave: _Wave, twice: list[str]) -> list[str]:
    """Say what is wrong with a list; where another file of this run holds the same campaign, name that file."""
    if isinstance(error, TableError):
        return [f"{wave.name}: {text}" for text in error.problems]
    text = str(error)
    if twice:
        mend = "give each wave its number (`everywhere: wave: 2`), or keep the right file only"
        return [f"{wave.name} and {', '.join(twice)} hold the same campaign and wave with other content: {mend}"]
    mend = "set reason (why) and noted_on (the day)"
    text = text.partition(": nothing was written")[0]
    return [f"{wave.name}: {text}. If the earlier history is wrong, {mend}; else name another campaign or wave"]


def check_overlaps(history: History) -> list[tuple[str, str, str]]:
    """Find campaigns of which the control was sent something else in the same days."""
    name = "Other campaigns in the same days"
    rows = history.rows()
    undated = _count(rows.filter('"window" = \'main\' AND ("start" IS NULL OR "end" IS NULL)'))
    question = (
        'WITH main AS (FROM history WHERE "window" = \'main\' AND "start" IS NOT NULL AND "end" IS NOT NULL),'
        " met AS (SELECT DISTINCT a.campaign_id, a.wave, a.customer_id, b.campaign_id AS other FROM main a"
        " JOIN main b ON a.customer_id = b.customer_id AND (a.campaign_id, a.wave) <> (b.campaign_id, b.wave)"
        ' AND a."start" < b."end" AND b."start" < a."end" WHERE a.arm = \'control\' AND b.arm <> \'control\')'
        " SELECT c.campaign_id, c.wave, c.n, count(DISTINCT m.customer_id) AS reached,"
        " string_agg(DISTINCT CAST(m.other AS VARCHAR), ', ') AS others FROM"
        " (SELECT campaign_id, wave, count(*) AS n FROM main WHERE arm = 'control' GROUP BY ALL) c"
        " JOIN met m USING (campaign_id, wave) GROUP BY ALL ORDER BY ALL"
    )
    answer = rows.query("history", question)
    assert answer is not None  # only statements that change something have no answer
    found = answer.df()
    found = found[found["reached"] > 0.01 * found["n"]]
    lines = [
        (
            name,
            "look",
            f"{row.campaign_id}, wave {row.wave}: {row.reached / row.n:.0%} of its control was sent {row.others} in "
            "the same days, so its lift compares with that and not with nothing",
        )
        for row in found.itertuples()
    ]
    if undated:
        lines.append((name, "not done", f"needs the first and the last day of each campaign; {undated:,} rows lack it"))
    return lines or [(name, "good", "no control group was sent anything else in its days")]


def _count(rows: Any) -> int:
    return int(rows.aggregate("count(*)").fetchall()[0][0])


def list_mixed(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Say whether segments were made by several rules, or by a rule that nobody named."""
    name = "Segments"
    known = rows[rows["scheme"].notna()]
    if known.empty:
        return [(name, "not done", "no list has a column segment: all customers are one group")]
    rules = known[["scheme", "version"]].drop_duplicates().astype("str")
    schemes = (rules["scheme"] + " " + rules["version"]).tolist()
    if len(schemes) > 1:
        return [(name, "look", f"made by different rules ({', '.join(sorted(schemes))}): compare within one rule only")]
    if known["scheme"].iloc[0] == SCHEME:
        return [(name, "look", "nobody said by which rule they were made: set scheme and version")]
    empty = len(rows) - len(known)
    says = f"one rule, {schemes[0]}" + (f"; {empty:,} contacts have none" if empty else "")
    return [(name, "good", says)]


def open_rows(history: History) -> pd.DataFrame:
    """The rows of a history by which campaigns are compared: its main windows, without the universal control."""
    rows = history.rows().filter("\"window\" = 'main' AND coalesce(control_kind, 'none') <> 'universal'")
    frame = collect(open_table(rows))
    frame["segment"] = frame["segment"].fillna("not known") if frame["segment"].notna().any() else "all customers"
    return frame
