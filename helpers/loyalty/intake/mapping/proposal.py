"""A mapping proposed from the headers and the values, for a person to check: nothing of it is used before."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loyalty.intake.mapping.columns_file import EXTRAS, FILLED, suggest
from loyalty.intake.mapping.headers import rate_header
from loyalty.intake.parsing.dates import judge_day, list_days
from loyalty.intake.parsing.labels import count_values, propose_values, write_scalar
from loyalty.intake.parsing.numbers import choose_decimal, clean, judge_shape, list_shapes
from loyalty.intake.parsing.values import NUMBERS
from loyalty.intake.readers.source import read_source
from loyalty.intake.space import TYPED, C, Raw, Space
from loyalty.tables.check import TableError
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS
from loyalty.tables.sources import NotATable

GUESSED = ("receipts", "contacts", "customers", "products", "offers")
SAMPLE = 200_000
UNSURE = 0.5
SURE = 0.9
UNNAMED = "has no column named"
PREFERRED = {"sales": "what was paid after discounts is meant"}


@dataclass(frozen=True)
class Line:
    """A column of the contract and the column of the file that may be it."""

    column: Column
    header: str | None
    rating: float
    why: str
    samples: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class TableProposal:
    """What one file may be."""

    name: str
    label: str
    lines: tuple[Line, ...]
    options: dict[str, Any] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    arms: dict[str, dict[str, str]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def explain(self, lacking: Sequence[Column]) -> str:
        """Say in one sentence which columns lack, what may be them, and how to say so."""
        names = ", ".join(f"`{column.name}` ({column.meaning})" for column in lacking)
        likely = ", ".join(f"{line.column.name}: {line.header}" for line in self.lines if line.header)
        found = f"they may be {likely}" if likely else f"found only {', '.join(self.unused) or 'no columns'}"
        return f"{self.label} {UNNAMED} {names}; {found}"


@dataclass(frozen=True)
class Proposal:
    """A mapping to be checked: `to_yaml` is columns.yml, `show` is for a terminal."""

    tables: tuple[TableProposal, ...]

    def to_yaml(self) -> str:
        """Write columns.yml, with sample values and doubts as comments."""
        out = ["# Which column is which. Check each line; a line that is wrong is corrected or taken out."]
        for table in self.tables:
            out += ["", f"{table.name}:  # {table.label}"]
            out += [f"  {key}: {write_scalar(value)}" for key, value in table.options.items()]
            out += [f"  {key}:  # {question}" for key, question in table.questions.items()]
            out += ["  columns:"]
            for line in table.lines:
                out.append(_write_line(line))
            for key, words in table.arms.items():
                out += [f"  {key}:", *(f"    {write_scalar(word)}: {ours}".rstrip() for word, ours in words.items())]
            out += [f"  # not used: {', '.join(table.unused)}"] if table.unused else []
        return "\n".join(out) + "\n"

    def show(self) -> str:
        """Write the proposal as a table for a terminal."""
        out = []
        for table in self.tables:
            out.append(f"{table.label}: looks like {table.name}, one row is {CONTRACTS[table.name].row}")
            for line in table.lines:
                shown = f"{line.header}  ({', '.join(line.samples)})  {_say_doubt(line)}"
                out.append(f"  {line.column.name:<14} {shown if line.header else f'— not found{line.why}'}")
            for key, words in table.arms.items():
                out.append(f"  {key}: " + ", ".join(f"{word} is {ours or 'what?'}" for word, ours in words.items()))
            out += [f"  {key}: {question}" for key, question in table.questions.items()]
            out += [f"  not used: {', '.join(table.unused)}"] if table.unused else []
        return "\n".join(out)


def propose_columns(sources: Mapping[str, Any] | Sequence[Any], **options: Any) -> Proposal:
    """Propose which column of each file is which column of its contract.

    Not for loading: `load_tables` takes only the mapping that a person has checked. Large files are looked at in their
    first 200,000 rows.

    Parameters
    ----------
    sources : mapping or sequence
        As for `load_tables`; in a sequence of files the contract is proposed too.
    **options
        What columns.yml may say about how the files are read: sheet, header_row, separator, encoding, table.

    Returns
    -------
    Proposal

    Raises
    ------
    TableError
        A file cannot be read, or looks like no contract.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"Код клиента": ["7"], "Группа": ["КГ"]})
    >>> propose_columns({"contacts": frame}).tables[0].arms
    {'arms': {'КГ': 'control'}}
    """
    named = sources.items() if isinstance(sources, Mapping) else [(None, source) for source in sources]
    space = Space()
    tables = []
    problems = []
    for name, source in named:
        if name is not None and name not in CONTRACTS:
            problems.append(f"there is no table `{name}`{suggest(name, CONTRACTS)}")
            continue
        try:
            raw = read_source(space, source, options, limit=SAMPLE)
        except NotATable as error:
            problems.append(str(error))
            continue
        drafts = [propose_table(raw, CONTRACTS[n], options) for n in ([name] if name else GUESSED)]
        best = max(drafts, key=_rate_table)
        if name is None and not any(line.header for line in best.lines if not line.column.optional):
            mend = "say what it is, for example receipts=FILE"
            problems.append(f"{raw.label} looks like none of {', '.join(GUESSED)}: {mend}")
        tables.append(best)
    space.close()
    if problems:
        raise TableError(problems, "your tables")
    return Proposal(tuple(tables))


def propose_table(raw: Raw, contract: Table, options: Mapping[str, Any] | None = None) -> TableProposal:
    """Propose the columns of one table that has been read."""
    headers = {f"c{i}": header for i, header in enumerate(raw.headers) if header}
    samples = {ref: _take_samples(raw, ref) for ref in headers}
    rated = []
    odd = {}
    columns = [*contract.columns, *(Column(n, "text", "", optional=True) for n in EXTRAS.get(contract.name, ()))]
    for column in columns:
        for ref, header in headers.items():
            rating, why = rate_header(header, column.name)
            if rating >= UNSURE and not _may_hold(column, samples[ref]):
                rating = 0.0
                why = ""
                odd[column.name] = ref
            rated.append((rating, why, column, ref))
    chosen: dict[str, tuple[float, str, str]] = {}
    for rating, why, column, ref in sorted(rated, key=lambda row: -row[0]):
        if rating >= UNSURE and column.name not in chosen and ref not in {ref for *_, ref in chosen.values()}:
            chosen[column.name] = (rating, why, ref)
    taken = {ref for *_, ref in chosen.values()}
    lines = []
    questions = {}
    arms = {}
    for column in columns:
        rivals = [headers[ref] for rating, _, c, ref in rated if c is column and rating >= UNSURE and ref not in taken]
        if column.name not in chosen:
            if not column.optional and column.name not in FILLED.get(contract.name, {}):
                ref = odd.get(column.name)
                why = f"; {headers[ref]} holds {_mask(samples[ref][0])!r}, which cannot be read" if ref else ""
                lines.append(Line(column, None, 0.0, why, (), tuple(rivals)))
            continue
        rating, why, ref = chosen[column.name]
        shown = tuple(map(_mask, samples[ref])) if column.kind == "id" else samples[ref]
        lines.append(Line(column, headers[ref], rating, why, shown, tuple(rivals)))
        questions |= _ask(raw, ref, column)
        if column.name == "arm" or column.choices and column.name == "kind":
            values = list(count_values(raw, ref, C(ref).cast("VARCHAR")))
            if not {"control", *column.choices} & set(values):
                guess = propose_values(headers[ref], values, column)
                arms["arms" if column.name == "arm" else "kinds"] = {value: guess.get(value, "") for value in values}
    unused = tuple(header for ref, header in headers.items() if ref not in taken)
    said = dict(options or {}) | {key: word == "true" for key, word in questions.items() if word in ("true", "false")}
    asked = {key: value for key, value in questions.items() if value not in ("true", "false")}
    return TableProposal(contract.name, raw.label, tuple(lines), said, asked, arms, unused)


def _ask(raw: Raw, ref: str, column: Column) -> dict[str, str]:
    """Answer from the values whether the day stands first, or ask; ask for the decimal mark if it has two meanings."""
    if raw.get_type(ref) != "VARCHAR":
        return {}
    value = clean(C(ref))
    if column.kind in ("time", "date"):
        days = list_days(raw.table, value)
        if days.count("day") != 0 or days.count("month") != 0:
            return {"day_first": str(days.count("day") >= days.count("month")).lower()}
        if days.count("either"):
            return {"day_first": f"is the day first in {days.forms['either'][0][2]}? Write true or false"}
    if column.kind in NUMBERS:
        _, bad, why = choose_decimal(list_shapes(raw.table, value), None)
        if why == "ambiguous":
            return {"decimal": f'is {bad[0].low} a thousand and more, or a decimal? Write "." or ","'}
    return {}


def _take_samples(raw: Raw, ref: str) -> tuple[str, ...]:
    value = C(ref).cast("VARCHAR")
    rows = raw.table.select(value.alias("v")).filter(C("v").isnotnull()).limit(1000).fetchall()
    return tuple(list(dict.fromkeys(row[0].strip() for row in rows if row[0].strip(f" {TYPED}")))[:3])


def _mask(sample: str) -> str:
    """Cut what may be an e-mail address or a phone: columns.yml is handed on."""
    digits = re.sub(r"\D", "", sample)
    return f"{sample[:3]}…" if "@" in sample or 10 <= len(digits) <= 12 else sample


def _may_hold(column: Column, samples: Sequence[str]) -> bool:
    """Ask whether the sample values are of the kind; a column without values may be anything."""
    texts = [sample.replace(TYPED, "") for sample in samples]
    if column.kind in NUMBERS:
        return not texts or any(judge_shape(re.sub("[1-9]", "9", text)) for text in texts)
    if column.kind in ("time", "date"):
        return not texts or any(
            judge_day(text.split(" ")[0].split("T")[0].rstrip(","))[0] != "bad" or text.replace(".", "").isdigit()
            for text in texts
        )
    return True


def _rate_table(table: TableProposal) -> float:
    return sum(line.rating * (0.3 if line.column.optional else 1.0) - (line.header is None) for line in table.lines)


def _say_doubt(line: Line) -> str:
    sure = "sure" if line.rating >= SURE else "likely" if line.rating >= 0.6 else "unsure"
    rivals = f"; not {', '.join(line.others)}" if line.others else ""
    reason = f" ({PREFERRED[line.column.name]})" if line.others and line.column.name in PREFERRED else ""
    return f"{sure}: {line.why}{rivals}{reason}"


def _write_line(line: Line) -> str:
    if line.header is None:
        return f"    # {line.column.name}: not found{line.why}, needed: {line.column.meaning}"
    samples = ", ".join(sample.replace("\n", " ")[:30].replace(TYPED, "") for sample in line.samples)
    return f"    {line.column.name}: {write_scalar(line.header)}  # {samples} | {_say_doubt(line)}"


def write_proposal(proposal: Proposal, path: Path, *, force: bool = False) -> None:
    """Write columns.yml; never over a file that is there, unless forced.

    Raises
    ------
    FileExistsError
        The file is there, and may hold somebody's corrections.
    """
    with path.open("w" if force else "x", encoding="utf-8") as file:
        file.write(proposal.to_yaml())
