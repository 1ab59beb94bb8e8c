"""The report `response_history`: what was tried, what each offer brought, and what the next wave should test."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
import pyarrow.parquet as pq

from loyalty.evaluate.money.pricing import UNKNOWN
from loyalty.intake.loading import Loaded
from loyalty.learn.history.response_rates import Rates, measure_rates
from loyalty.learn.history.store import History
from loyalty.learn.history.waves import quote
from loyalty.report.history import lay_out
from loyalty.report.history.decisions import propose_decisions, tell_corrections, write_decisions
from loyalty.report.history.learned import Learned
from loyalty.report.history.measure import Brought, measure_profit, measure_response
from loyalty.report.history.next_tests import value_tests
from loyalty.report.history.remember import (
    Memory,
    check_overlaps,
    list_mixed,
    open_rows,
    read_records,
    remember_campaigns,
)
from loyalty.report.history.settings import SETTINGS
from loyalty.report.output.marks import KEY, make_mark
from loyalty.report.output.parts import Report
from loyalty.report.output.privacy import SMALL
from loyalty.report.run.settings import read_settings
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.contracts import HISTORY
from loyalty.tables.scratch import Scratch
from loyalty.text import list_few

HOLDS = "The history and the Parquet file hold one row a contact; they stay inside."


@dataclass(frozen=True, eq=False)
class HistoryReport(Report):
    """A report on several campaigns; `results` hold response, profit, rates, tests, decisions and rows.

    `save` writes the history too: stem.duckdb, which the next report takes as `history`, and stem.parquet, which
    campaign_plan takes as `history`.
    """

    template: ClassVar[str] = "response_history"
    folder: Path = field(default=Path(), repr=False)

    def _write(self, path: Path) -> str:
        for kind in (".duckdb", ".parquet"):
            shutil.copyfile(self.folder / f"responses{kind}", path.with_name(path.name + kind))
        self._write_sheets(path)
        return HOLDS


@check_arguments
def report_history(
    tables: Mapping[str, Any], settings: Mapping[str, Any], earlier: str | Path | None = None
) -> HistoryReport:
    """Put the lists of several campaigns into one history, and say what it teaches for the next wave.

    Not for one campaign with its receipts: `report_campaign` checks it much closer. A campaign without control counts
    for the response rates only.

    Parameters
    ----------
    tables : mapping of str to Loaded
        From `load_campaigns`: lists of campaigns, and perhaps receipts, campaigns (records of plans) and offers.
    settings : mapping
        See `SETTINGS`.
    earlier : str or pathlib.Path, optional
        The file of an earlier history, which is not changed: the new one is made beside it.

    Returns
    -------
    HistoryReport
        Sections campaigns, offers, rates, cells, tried, next, decisions, checks, skipped, read, appendix; charts
        offers, rates, next.

    Raises
    ------
    TableError
        With all problems of the settings, or of the lists.
    """
    values = read_settings(settings, SETTINGS)
    _check_settings(tables, values)
    scratch = Scratch("loyalty-history-")
    atexit.register(scratch.close)
    memory = remember_campaigns(tables, values, None if earlier is None else Path(earlier), scratch.path)
    try:
        found = _learn(memory, tables, values, is_continued=earlier is not None)
        _write_rows(memory.history, scratch.path / "responses.parquet")
    finally:
        memory.history.close()
    card, sections, charts, sheets = lay_out.lay_out(found, tables)
    results = {
        "response": found.response,
        "profit": found.profit,
        "rates": found.rates,
        "tests": found.tests,
        "decisions": found.decisions,
        "rows": found.rows,
    }
    nobody = pd.DataFrame({"customer_id": pd.Series(dtype="str")})
    return HistoryReport(found.title, card, sections, charts, sheets, nobody, results, folder=scratch.path)


def _check_settings(tables: Mapping[str, Any], values: Mapping[str, Any]) -> None:
    """Check what the settings ask of each other and of the tables."""
    problems = []
    if (values["reason"] is None) != (values["noted_on"] is None):
        problems.append("a correction needs `reason` (why) and `noted_on` (the day): say both or none")
    if not any(isinstance(one, Loaded) and one.name == "history" for one in tables.values()):
        problems.append("there is no list of a campaign: load_campaigns gives them")
    if problems:
        raise TableError(problems, "settings")


def _learn(memory: Memory, tables: Mapping[str, Any], values: Mapping[str, Any], *, is_continued: bool) -> Learned:
    """Measure all that the history says."""
    history = memory.history
    rows = open_rows(history)
    response = measure_response(rows)
    offers = tables["offers"].table if "offers" in tables else None
    profit = measure_profit(rows, values, offers)
    decisions = propose_decisions(history, response, profit, read_records(tables), values)
    checks = [*memory.checks, *check_overlaps(history), *list_mixed(rows)]
    if values["decided_on"]:
        written = write_decisions(history, decisions, values["decided_on"])
        decisions.loc[decisions["decided"] == "", "decided"] = values["decided_on"]
        checks.append(("Decisions", "good", f"{written} written into the history, as of {values['decided_on']}"))
    checks += tell_corrections(history.corrections(), decisions)
    tests = None
    assumed: tuple[str, ...] = ()
    if profit is not None and len(profit.cells):
        tests, assumed = value_tests(profit, rows, values)
    return Learned(
        values=values,
        rows=rows,
        campaigns=history.campaigns(),
        log=memory.log,
        corrections=history.corrections(),
        response=response,
        profit=profit,
        rates=_measure_rates(history, rows),
        tests=tests,
        assumed=assumed,
        decisions=decisions,
        checks=(*checks, *_check_measured(response, profit)),
        is_continued=is_continued,
    )


def _measure_rates(history: History, rows: pd.DataFrame) -> Rates | None:
    """The response rates by segment and offer, or by offer alone; None where no group has five customers."""
    by = ["segment", "offer_id"] if (rows["segment"] != "all customers").any() else ["offer_id"]
    treated = rows[(rows["arm"] != "control") & rows["responded"].notna()]
    if treated.empty or treated.groupby(by)["customer_id"].nunique().max() < SMALL:
        return None
    return measure_rates(history, by=by)


def _check_measured(response: Brought | None, profit: Brought | None) -> list[tuple[str, str, str]]:
    """What the measuring could not do, and what nobody gave a cost for."""
    lines = []
    for measured, name in ((response, "Response against control"), (profit, "Profit against control")):
        notes = measured.notes if measured is not None else ()
        lines += [(name, "note", text) for text in notes]
    if profit is not None:
        lines += [
            ("About the money", "look" if text.startswith(UNKNOWN) else "note", text)
            for text in _say_where(profit.waves)
        ]
    return lines


def _say_where(waves: pd.DataFrame) -> list[str]:
    """The warnings about the money, each with the campaigns that it holds for, where it does not hold for all."""
    told = waves.assign(text=waves["warnings"].str.split("; ")).explode("text")
    told = told[told["text"].fillna("") != ""]
    every = waves["campaign_id"].nunique()
    lines = []
    for text, group in told.groupby("text", sort=True):
        names = group["campaign_id"].astype("str").unique().tolist()
        where = "" if len(names) == every else f" (in {list_few(names, len(names))})"
        lines.append(f"{text}{where}")
    return lines


def _write_rows(history: History, path: Path) -> None:
    """Write the rows of the history as Parquet, with the mark of the template."""
    table = history.rows().order(quote(HISTORY.key)).to_arrow_table()
    metadata = dict(table.schema.metadata or {}) | {KEY: make_mark(HistoryReport.template).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), path)
