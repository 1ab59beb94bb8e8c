"""Inspect receipts, and clean them: a clean table, the removed lines with a reason each, and a sum that adds up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, NamedTuple

import narwhals as nw
import pandas as pd

from loyalty.prepare.clean.marks import FLAG, Known, Marked, mark_lines, names_of
from loyalty.prepare.clean.report import (
    PARTS,
    STEPS,
    ReceiptQuality,
    count_findings,
    find_missing_days,
    list_findings,
    say_reason,
)
from loyalty.prepare.clean.rules import ASKED, CORRECTED, REMOVED, CleaningRules
from loyalty.stats.estimate import render_html
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError, find_breaches
from loyalty.tables.columns import Table
from loyalty.tables.contracts import RECEIPTS
from loyalty.tables.problems import check_number
from loyalty.tables.sources import AnyTable, NotATable, collect, open_table

LEAST_VAT = 0.03  # a smaller tax cannot be told from chance
MENDED = {
    "time": "new_time",
    "sales": "new_sales",
    "discount": "new_discount",
    "quantity": "new_quantity",
    "kind": "new_kind",
    "line_no": "new_line",
}
# Repeats, empty customers and lines without a number are what is looked for: they do not break this contract
RAW = Table(
    "receipts",
    RECEIPTS.row,
    ("",),
    tuple(
        replace(column, nullable=True) if column.name in ("customer_id", "basket_id", "line_no") else column
        for column in RECEIPTS.columns
    ),
)


class CleanReceipts(NamedTuple):
    """Clean lines, removed lines, and the sum of both; made by `clean_receipts`.

    `clean` has the columns of the source, mended, and `corrected` (what was mended, empty if nothing) and `ask` (what
    the shop has to say). `removed` has the columns as they came, and `reason`. `summary` has a row for what came in,
    for each reason, for each correction and for the clean table: lines and money, which add up to the cent.
    """

    clean: Any
    removed: Any
    summary: pd.DataFrame

    def _repr_html_(self) -> str:
        shown = self.summary.assign(money=[f"{value:,.2f}" for value in self.summary["money"]])
        return render_html(shown, "lines and money in = clean + removed − corrections, to the cent")


@check_arguments
def inspect_receipts(
    receipts: AnyTable,
    *,
    zone: float | str | None = None,
    vat_rate: float | None = None,
    staff_discount: float | None = None,
    staff_cards: Iterable[Any] = (),
    test_cards: Iterable[Any] = (),
    rules: CleaningRules | None = None,
) -> ReceiptQuality:
    """Inspect receipts: what is wrong with them, how many lines, how much money, where, and what to do.

    Nothing is changed. Not for a table whose columns have other names or types: `loyalty.load_tables` comes first.
    What the rules cannot decide is listed as *ask*: lines that nobody can tell apart, days that were never sent.

    Parameters
    ----------
    receipts : table of receipt lines; any source of `loyalty.tables.sources.open_table`
        Under the contract `receipts`; repeats, empty customers and empty line numbers are welcome. `file_month`, the
        month that a file is for (`read_till_files` finds it), tells where day and month have changed places.
    zone : float or str, optional
        The shops' clock: hours ahead of UTC (negative in America), or a name such as "America/New_York".
    vat_rate : float, optional
        Value-added tax, a fraction from 0.03 on.
    staff_discount : float, optional
        The discount that only employees get, a fraction.
    staff_cards, test_cards : iterable of ids
        Cards that are known to be employees', or nobody's.
    rules : CleaningRules, optional
        Limits of the rules; the defaults were fixed before they were graded (docs/tables/clean.md).

    Returns
    -------
    ReceiptQuality
        Shows as a card and a table; `findings`, `missing_days`, `not_done`, `plot()`.

    Raises
    ------
    TableError
        The table breaks its contract otherwise, or an argument cannot be meant: all problems at once.

    Examples
    --------
    >>> line = {"customer_id": 7, "time": pd.Timestamp("2023-03-05 10:00"), "sales": 5.0, "basket_id": 1, "line_no": 1}
    >>> quality = inspect_receipts(pd.DataFrame([line, line]))
    >>> quality.findings[["finding", "treatment", "lines", "money"]]
      finding treatment  lines  money
    0  resend   removed      1    5.0
    """
    known = _read_known(zone, vat_rate, staff_discount, staff_cards, test_cards, rules)
    marked, _ = _mark(receipts, known)
    marked.missing_days = find_missing_days(marked, known.rules)
    counts = count_findings(marked)
    everything = counts.loc["all"]
    return ReceiptQuality(
        list_findings(marked, counts),
        int(everything["lines"]),
        everything["cents"] / PARTS,
        marked.missing_days,
        tuple(marked.not_done),
    )


@check_arguments
def clean_receipts(
    receipts: AnyTable,
    *,
    zone: float | str | None = None,
    vat_rate: float | None = None,
    staff_discount: float | None = None,
    staff_cards: Iterable[Any] = (),
    test_cards: Iterable[Any] = (),
    rules: CleaningRules | None = None,
) -> CleanReceipts:
    """Clean receipts: remove what is no customer's purchase, mend what can be mended, and account for every line.

    Not for deciding what only the shop knows: lines that nobody can tell from a copy are kept, and marked in `ask`.
    Different lines under one receipt and line number are no copies; they stay, and the contract `receipts` names them.
    The rules are those of `inspect_receipts`; look at its report first. Staff purchases and those on the cashier's
    card are true sales, but of no customer: they are in `removed`, with their money.

    Parameters
    ----------
    receipts, zone, vat_rate, staff_discount, staff_cards, test_cards, rules
        As for `inspect_receipts`.

    Returns
    -------
    CleanReceipts
        `clean`, `removed`, `summary`. The first two are pandas frames if the source was one; else lazy tables of the
        engine in which the source lives (of a path, DuckDB relations: `.df()`, `.write_parquet()`).

    Raises
    ------
    TableError
        The table breaks its contract otherwise, or an argument cannot be meant: all problems at once.

    Examples
    --------
    >>> line = {"customer_id": 7, "time": pd.Timestamp("2023-03-05 10:00"), "sales": 5.0, "basket_id": 1, "line_no": 1}
    >>> clean, removed, summary = clean_receipts(pd.DataFrame([line, line]))
    >>> len(clean), removed["reason"].tolist()
    (1, ['resend'])
    >>> summary[["what", "lines", "money"]]
                  what  lines  money
    0               in      2   10.0
    1  removed: resend     -1   -5.0
    2            clean      1    5.0
    """
    known = _read_known(zone, vat_rate, staff_discount, staff_cards, test_cards, rules)
    marked, columns = _mark(receipts, known)
    counts = count_findings(marked)
    lines = marked.lines.with_columns(reason=say_reason())
    gone = lines.filter(~nw.col("reason").is_null()).select(*columns, "reason")
    stays = lines.filter(nw.col("reason").is_null())
    clean = stays.select(*_mend(marked, columns, counts))
    is_small = isinstance(receipts, pd.DataFrame)
    return CleanReceipts(
        _give(clean, is_small=is_small, columns=columns),
        _give(gone, is_small=is_small, columns=columns),
        _sum_up(counts),
    )


def _read_known(
    zone: float | str | None,
    vat_rate: float | None,
    staff_discount: float | None,
    staff_cards: Iterable[Any],
    test_cards: Iterable[Any],
    rules: CleaningRules | None,
) -> Known:
    problems = [
        f"{name} should be a list of cards, found the text {cards[:20]!r}: write [{cards[:20]!r}]"
        for name, cards in (("staff_cards", staff_cards), ("test_cards", test_cards))
        if isinstance(cards, str)
    ]
    if vat_rate is not None:
        problems += check_number("vat_rate", vat_rate, share=True)
        if not problems and vat_rate < LEAST_VAT:
            problems.append(
                f"vat_rate should be {LEAST_VAT} or more, found {vat_rate}: leave it out where there is none"
            )
    if staff_discount is not None:
        wrong = check_number("staff_discount", staff_discount, share=True)
        problems += wrong or ([] if 0 < staff_discount < 1 else ["staff_discount should be between 0 and 1"])
    if problems:
        raise TableError(problems, "the cleaning")
    cards = tuple(str(card) for card in staff_cards), tuple(str(card) for card in test_cards)
    return Known(zone, vat_rate, staff_discount, *cards, rules or CleaningRules())


def _mark(source: AnyTable, known: Known) -> tuple[Marked, list[str]]:
    """Open, check and mark the table; also return the names of its columns, in order."""
    index = list(source.index.names) if isinstance(source, pd.DataFrame) else []
    try:
        if isinstance(source, pd.DataFrame):
            source = source.assign(loyalty_row=range(len(source)))
        table = open_table(source)
        problems = find_breaches(table, RAW, index)
    except NotATable as error:
        problems = [str(error)]
    if problems:
        raise TableError(problems, "receipts")
    columns = names_of(table)
    marked = mark_lines(_type(table), known, in_memory=isinstance(source, pd.DataFrame))
    return marked, columns


def _type(table: nw.LazyFrame) -> nw.LazyFrame:
    """Bring the columns that are computed with to one type; an empty column may have come with any."""
    schema = table.collect_schema()
    types: dict[str, Any] = {
        "time": nw.Datetime("us"),
        "sales": nw.Float64(),
        "discount": nw.Float64(),
        "quantity": nw.Float64(),
        "kind": nw.String(),
        "file_month": nw.Datetime("us"),
    }
    casts = {}
    for name, target in types.items():
        if name not in schema or (name == "quantity" and schema[name].is_integer()):
            continue
        value = nw.col(name)
        if schema[name] == nw.String and target != nw.String():
            value = nw.lit(None)  # the contract let text pass only where all is empty
        elif schema[name].is_float():
            value = nw.when(value.abs() >= 0).then(value)  # NaN to empty
        casts[name] = value.cast(target)
    return table.with_columns(**casts)


def _mend(marked: Marked, columns: list[str], counts: pd.DataFrame) -> list[nw.Expr]:
    """The columns of the clean table."""
    there = names_of(marked.lines)
    mended = []
    for name in columns:
        if name in ("corrected", "ask"):
            continue
        value = nw.col(name)
        if name in MENDED and MENDED[name] in there:
            value = nw.col(MENDED[name])
        if name == "basket_id":  # a text in every month, whether a number came again in it or not
            text = nw.col("basket_id").cast(nw.String)
            anew = nw.concat_str([text, nw.lit("+"), nw.col("loyalty_round").cast(nw.String)])
            value = nw.when(nw.col(FLAG["number anew"])).then(anew).otherwise(text)
        mended.append(value.alias(name))
    said = _join([(FLAG[kind], kind) for kind in CORRECTED])
    if "corrected" in columns:
        said = nw.when(said == "").then(nw.col("corrected").cast(nw.String)).otherwise(said)
    asked = _join([(FLAG[kind], kind) for kind in ASKED if kind != "missing day"])
    return [*mended, said.alias("corrected"), asked.alias("ask")]


def _join(flags: list[tuple[str, str]]) -> nw.Expr:
    """Join the words whose flags are set."""
    words = [nw.when(nw.col(flag)).then(nw.lit(f"; {kind}")).otherwise(nw.lit("")) for flag, kind in flags]
    return nw.concat_str(words).str.slice(2)


def _give(table: nw.LazyFrame, *, is_small: bool, columns: list[str]) -> Any:
    """Hand the table over as it came: a pandas frame in the order of its rows, or a relation of its engine."""
    if not is_small:
        return table.to_native()
    frame = collect(table)
    if "line_no" in frame and frame["line_no"].dtype.kind == "f" and frame["line_no"].notna().all():
        frame["line_no"] = frame["line_no"].astype("int64")  # a window over empty cells had made them 1.0
    if "loyalty_row" in columns:
        frame = frame.sort_values("loyalty_row", ignore_index=True).drop(columns="loyalty_row")
    return frame


def _sum_up(counts: pd.DataFrame) -> pd.DataFrame:
    """Make the summary, in whole parts of a cent first: in − removed + corrections = clean."""
    rows = [("in", counts.loc["all", "lines"], counts.loc["all", "cents"])]
    rows += [
        (f"removed: {kind}", -counts.loc[kind, "lines"], -counts.loc[kind, "cents"])
        for kind in REMOVED
        if counts.loc[kind, "lines"]
    ]
    rows += [(f"corrected: {kind}", 0, counts.loc[kind, "change"]) for kind in STEPS if counts.loc[kind, "lines"]]
    rows.append(("clean", counts.loc["clean", "lines"], counts.loc["clean", "cents"]))
    table = pd.DataFrame(rows, columns=["what", "lines", "money"])
    return table.assign(lines=table["lines"].astype("int64"), money=table["money"].astype("int64") / PARTS)
