"""Proposes a mapping of columns from the headers and the values; a person checks it before it is used."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from loyalty.intake.folder import LISTED, RECORD, WAVES, find_lists
from loyalty.intake.mapping.columns_file import EXTRAS, FILLED, KEEPERS, suggest
from loyalty.intake.mapping.headers import rate_header, simplify
from loyalty.intake.parsing.dates import judge_day, list_days
from loyalty.intake.parsing.labels import count_values, propose_values, write_scalar
from loyalty.intake.parsing.numbers import choose_decimal, clean, judge_shape, list_shapes
from loyalty.intake.parsing.values import NUMBERS
from loyalty.intake.readers.source import read_source
from loyalty.intake.readers.workbooks import list_sheets
from loyalty.intake.space import TYPED, C, Raw, Space
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.columns import Column, Table
from loyalty.tables.contracts import CONTRACTS, HISTORY
from loyalty.tables.personal import is_card, is_phone, looks_personal
from loyalty.tables.sources import NotATable
from loyalty.text import list_few

GUESSED = ("receipts", "contacts", "customers", "products", "offers")
SAMPLE = 200_000
CLOCK = r"\d?\d:\d\d(:\d\d(\.\d+)?)?"
MIDNIGHT = r"[ T]0?0:00(:00(\.0+)?)?$"
UNSURE = 0.5
SURE = 0.9
UNNAMED = "has no column named"
PRIVATE = ("phone", "email")
DAY_AFTER = "the day after"  # how the meaning of a day begins that many lists give as the last day itself
EVERYWHERE = "; if every customer of this list was treated, two lines say so: `everywhere:` and `arm: sms`"
PREFERRED = {"sales": "what was paid after discounts is meant"}


def _list_names(names: Sequence[str], most: int = 12, longest: int = 40) -> str:
    """List the names of columns, shortened, without characters that cannot be seen."""
    plain = ["".join(sign for sign in name if sign.isprintable()) or "(not printable)" for name in names[:most]]
    shown = [name if len(name) <= longest else f"{name[: longest - 1]}…" for name in plain]
    return list_few([*shown, *names[most:]], most)


@dataclass(frozen=True)
class Line:
    """A column of the contract, and the column of the file that may be it.

    Parameters
    ----------
    column : Column
        The column of the contract.
    header : str or None
        The header in the file; None if none was found.
    rating : float
        From 0 to 1; see `rate_header`.
    why : str
        The reason for the rating.
    samples : tuple of str
        Some values.
    others : tuple of str
        Other headers that may be it.
    clock : str
        The header of the clock, where days and clocks stand in two columns.
    """

    column: Column
    header: str | None
    rating: float
    why: str
    samples: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    clock: str = ""


@dataclass(frozen=True)
class TableProposal:
    """The proposal for one file: its contract, its columns, answers (`options`) and open `questions`.

    `arms` are the words in it that name an arm or a kind of line, by the key of columns.yml, with their meanings.
    """

    name: str
    label: str
    lines: tuple[Line, ...]
    options: dict[str, Any] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    arms: dict[str, dict[str, str]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    contract: str = ""  # where `name` is that of a file

    def explain(self, lacking: Sequence[Column]) -> str:
        """Say in one sentence which required columns are missing, and which columns of the file they may be."""
        names = ", ".join(f"`{column.name}` ({column.meaning})" for column in lacking)
        likely = ", ".join(f"{line.column.name}: {line.header}" for line in self.lines if line.header)
        found = f"they may be {likely}" if likely else f"found only {_list_names(self.unused) or 'no columns'}"
        return f"{self.label} {UNNAMED} {names}; {found}"


@dataclass(frozen=True)
class Proposal:
    """A mapping to be checked: `to_yaml` is columns.yml, `show` is for a terminal.

    `left_out` says which lists of a folder could not be read, and why.
    """

    tables: tuple[TableProposal, ...]
    left_out: tuple[str, ...] = ()

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
            if table.unused:
                out.append(f"  # {_say_unused(table)}")
        return "\n".join(out) + "\n"

    def show(self) -> str:
        """Write the proposal as a table for a terminal."""
        out = []
        for table in self.tables:
            kind = table.contract or table.name
            out.append(f"{table.label}: looks like {kind}, one row is {CONTRACTS[kind].row}")
            for line in table.lines:
                named = f"{line.header} + {line.clock}" if line.clock else line.header
                shown = f"{named}  ({', '.join(line.samples)})  {_say_doubt(line)}"
                out.append(f"  {line.column.name:<14} {shown if line.header else f'— not found{line.why}'}")
            for key, words in table.arms.items():
                out.append(f"  {key}: " + ", ".join(f"{word} is {ours or 'what?'}" for word, ours in words.items()))
            out += [f"  {key}: {question}" for key, question in table.questions.items()]
            if table.unused:
                out.append(f"  {_say_unused(table)}")
        out += [f"Left out: {why}" for why in self.left_out]
        return "\n".join(out)


def _say_unused(table: TableProposal) -> str:
    """Name the columns that no line names; those of a contact list can still be asked for."""
    names = ", ".join(table.unused)
    if table.name in KEEPERS:
        who = "settings such as cluster, by and outcome find by their own names what divides customers into groups"
        return f"no line needed: {who}, among {names}"
    return f"not used: {names}"


@check_arguments
def propose_columns(sources: Mapping[str, Any] | Sequence[Any], **options: Any) -> Proposal:
    """Propose which column of each file is which column of its contract.

    This loads nothing: give `load_tables` the mapping after a person has checked it. Of large files the first 200,000
    rows are looked at.

    Parameters
    ----------
    sources : mapping or sequence
        As for `load_tables`; in a sequence of files the contract is proposed too. Under `waves` a folder with the
        lists of several campaigns, as for `load_campaigns`.
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
    problems: list[str] = []
    named: list[tuple[str | None, Any]] = [(None, source) for source in sources]
    if isinstance(sources, Mapping):
        named = [(name, source) for name, source in sources.items() if name != WAVES]
    space = Space()
    left_out: list[str] = []
    tables = _propose_lists(space, sources, problems, left_out, options)
    if not tables:  # nothing to propose beside what cannot be read
        problems += left_out
    for name, source in named:
        if name is not None and name not in CONTRACTS:
            problems.append(f"there is no table `{name}`{suggest(name, CONTRACTS)}")
            continue
        try:
            found = _propose_file(space, source, name, options)
        except NotATable as error:
            problems.append(str(error))
            continue
        problems += [_say_unlike(table) for table in found if name is None and not _is_likely(table)]
        tables += found
    space.close()
    if problems:
        raise TableError(problems, "your tables")
    return Proposal(tuple(tables), tuple(left_out))


def _propose_lists(
    space: Space,
    sources: Mapping[str, Any] | Sequence[Any],
    problems: list[str],
    left_out: list[str],
    options: Mapping[str, Any],
) -> list[TableProposal]:
    """Propose the columns of each list of a campaign under `waves`, under the name of its file.

    A list that cannot be read goes to `left_out`: it stops no proposal for the others, and `run` will name it.
    """
    if not isinstance(sources, Mapping) or WAVES not in sources:
        return []
    found, _ = find_lists(sources[WAVES], problems)
    tables = []
    for name, source in found.items():
        if str(source).endswith(RECORD):  # campaign_plan wrote it, in our own names
            continue
        try:
            table = propose_table(read_source(space, source, options, limit=SAMPLE), LISTED, options)
        except NotATable as error:
            left_out.append(str(error))
            continue
        lines = tuple(line for line in table.lines if line.header or line.column.name != "campaign_id")
        tables.append(replace(table, name=name, lines=lines, contract=HISTORY.name))
    return tables


def _propose_file(space: Space, source: Any, name: str | None, options: Mapping[str, Any]) -> list[TableProposal]:
    """Propose the tables of one source: one, or one for each sheet of a workbook that looks like a contract.

    A workbook of several sheets for one contract (`name`) gives the sheet that fits it best.
    """
    names = [name] if name else list(GUESSED)
    sheets = list_sheets(source) if options.get("sheet") is None else []
    if len(sheets) < 2:
        raw = read_source(space, source, options, limit=SAMPLE)
        return [_choose_contract(raw, names, options)]
    drafts = []
    for sheet in sheets:
        said = {**options, "sheet": sheet}
        with suppress(NotATable):  # a cover or a list of remarks is no table
            drafts.append(_choose_contract(read_source(space, source, said, limit=SAMPLE), names, said))
    likely = sorted(filter(_is_likely, drafts), key=_rate_table, reverse=True)
    twins = [table for table in likely if [other.name for other in likely].count(table.name) > 1]
    mend = "say which one in columns.yml (`sheet:`)"
    if name is None and twins:
        both = " and ".join(str(table.options["sheet"]) for table in twins)
        raise NotATable(f"{twins[0].label}: the sheets {both} both look like {twins[0].name}: {mend}")
    if not likely:
        raise NotATable(f"{Path(source).name} has {len(sheets)} sheets with data ({', '.join(sheets)}): {mend}")
    return likely[:1] if name else likely


def _choose_contract(raw: Raw, names: Sequence[str], options: Mapping[str, Any]) -> TableProposal:
    """Propose the columns of a table for the contract that it fits best."""
    return max((propose_table(raw, CONTRACTS[name], options) for name in names), key=_rate_table)


def _is_likely(table: TableProposal) -> bool:
    """Say whether a required column of the contract was found."""
    return any(line.header for line in table.lines if not line.column.optional)


def _say_unlike(table: TableProposal) -> str:
    mend = "say what it is, for example receipts=FILE"
    return f"{table.label} looks like none of {', '.join(GUESSED)}: {mend}"


def propose_table(raw: Raw, contract: Table, options: Mapping[str, Any] | None = None) -> TableProposal:
    """Propose the columns of one table that has been read."""
    headers = {f"c{i}": header for i, header in enumerate(raw.headers) if header}
    samples = _take_all_samples(raw, headers)
    extras = [Column(name, "text", "", optional=True) for name in EXTRAS.get(contract.name, ())]
    columns = [*contract.columns, *extras]
    clocks = [ref for ref in headers if _is_clock(headers[ref], samples[ref])]
    matches, odd = _rate_all(columns, {ref: name for ref, name in headers.items() if ref not in clocks}, samples)
    chosen = _choose_best(matches)
    taken = {match.ref for match in chosen.values()}
    beside = clocks[:1] if "time" in chosen and _holds_days(samples[chosen["time"].ref]) else []
    taken.update(beside)
    lines = []
    questions: dict[str, str] = {}
    arms: dict[str, dict[str, str]] = {}
    for column in columns:
        rivals = tuple(headers[match.ref] for match in matches if match.column is column and match.ref not in taken)
        match = chosen.get(column.name)
        if match is None:
            if not column.optional and column.name not in FILLED.get(contract.name, {}):
                ref = odd.get(column.name)
                why = f"; {headers[ref]} holds {_mask(samples[ref][0])!r}, which cannot be read" if ref else ""
                lines.append(Line(column, None, 0.0, why, (), rivals))
            continue
        shown = samples[match.ref]
        if column.kind == "id" or column.name in PRIVATE or looks_personal(pd.Series(shown, dtype="str")):
            shown = tuple(map(_mask, shown))
        clock = headers[beside[0]] if beside and column.name == "time" else ""
        lines.append(Line(column, headers[match.ref], match.rating, match.why, shown, rivals, clock))
        questions |= _ask(raw, match.ref, column)
        if column.name == "arm" or column.choices and column.name == "kind":
            arms |= _propose_words(raw, match.ref, headers[match.ref], column)
    unused = tuple(header for ref, header in headers.items() if ref not in taken)
    said = dict(options or {}) | {key: word == "true" for key, word in questions.items() if word in ("true", "false")}
    asked = {key: value for key, value in questions.items() if value not in ("true", "false")}
    return TableProposal(contract.name, raw.label, tuple(lines), said, asked, arms, unused)


class Match(NamedTuple):
    """A column of the raw table that may be one of the contract, with its rating and the reason."""

    rating: float
    why: str
    column: Column
    ref: str


def _is_clock(header: str, samples: Sequence[str]) -> bool:
    """Say whether a column holds only clocks, such as 18:05, and is called so."""
    is_named_so = re.search(r"(^| )(time|clock|hour|время|час)( |$)", simplify(header))
    texts = [sample.replace(TYPED, "") for sample in samples]
    return bool(is_named_so and texts) and all(re.fullmatch(CLOCK, text) for text in texts)


def _holds_days(samples: Sequence[str]) -> bool:
    """Say whether a column of times holds days only; a workbook writes midnight behind them."""
    return not any(":" in re.sub(MIDNIGHT, "", sample) for sample in samples)


def _rate_all(
    columns: Sequence[Column], headers: Mapping[str, str], samples: Mapping[str, tuple[str, ...]]
) -> tuple[list[Match], dict[str, str]]:
    """List the matches that are not too unsure, and for a column the header that fits while its values do not."""
    matches = []
    odd = {}
    for column in columns:
        for ref, header in headers.items():
            rating, why = rate_header(header, column.name)
            if rating < UNSURE:
                continue
            if _may_hold(column, samples[ref]):
                matches.append(Match(rating, why, column, ref))
            else:
                odd[column.name] = ref
    return matches, odd


def _choose_best(matches: Sequence[Match]) -> dict[str, Match]:
    """Give each column of the contract its best match, the surest first; no column of the file is used twice."""
    chosen: dict[str, Match] = {}
    taken = set()
    for match in sorted(matches, key=lambda match: -match.rating):
        if match.column.name not in chosen and match.ref not in taken:
            chosen[match.column.name] = match
            taken.add(match.ref)
    return chosen


def _propose_words(raw: Raw, ref: str, header: str, column: Column) -> dict[str, dict[str, str]]:
    """Propose the meaning of the words in a column of arms or kinds; nothing if they are the contract's own."""
    values = list(count_values(raw, ref, C(ref).cast("VARCHAR")))
    if {"control", *column.choices} & set(values):
        return {}
    guess = propose_values(header, values, column)
    key = "arms" if column.name == "arm" else "kinds"
    return {key: {value: guess.get(value, "") for value in values}}


def _ask(raw: Raw, ref: str, column: Column) -> dict[str, str]:
    """Find from the values of a column whether the day comes first, or ask; ask for an ambiguous decimal mark.

    Returns
    -------
    dict
        The option and its answer ("true" or "false"), or the question; empty if nothing is to be said.
    """
    if raw.get_type(ref) != "VARCHAR":
        return {}
    value = clean(C(ref))
    if column.kind in ("time", "date"):
        days = list_days(raw.table, value, raw.day_zero)
        if days.count("day") != 0 or days.count("month") != 0:
            return {"day_first": str(days.count("day") >= days.count("month")).lower()}
        if days.count("either"):
            return {"day_first": f"is the day first in {days.forms['either'][0].example}? Write true or false"}
    if column.kind in NUMBERS:
        _, bad, why = choose_decimal(list_shapes(raw.table, value), None)
        if why == "ambiguous":
            return {"decimal": f'is {bad[0].low} a thousand and more, or a decimal? Write "." or ","'}
    return {}


def _take_all_samples(raw: Raw, headers: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Take up to three samples of each column: of all at once from the first rows, and alone of those empty there."""
    if not headers:
        return {}
    if not raw.samples:
        values = [C(ref).cast("VARCHAR").alias(ref) for ref in headers]
        rows = raw.table.select(*values).limit(1000 if len(headers) < 100 else 50).fetchall()
        columns = zip(*rows, strict=True) if rows else ((),) * len(headers)
        for ref, column in zip(headers, columns, strict=True):
            raw.samples[ref] = _choose_samples(column)
        empty = [ref for ref in headers if not raw.samples[ref]]
        for ref in empty[:100]:
            value = C(ref).cast("VARCHAR")
            found = raw.table.select(value.alias("v")).filter(C("v").isnotnull()).limit(1000).fetchall()
            raw.samples[ref] = _choose_samples(row[0] for row in found)
    return raw.samples


def _choose_samples(values: Iterable[str | None]) -> tuple[str, ...]:
    texts = dict.fromkeys(value.strip() for value in values if value and value.strip(f" {TYPED}"))
    return tuple(itertools.islice(texts, 3))


def _mask(sample: str) -> str:
    """Cut a value that may be an e-mail address or a phone number, because columns.yml may be passed to others."""
    text = sample.replace(TYPED, "")
    digits = re.sub(r"\D", "", text)
    return f"{text[:3]}…" if "@" in text or 10 <= len(digits) <= 12 or is_phone(text) or is_card(text) else sample


def _may_hold(column: Column, samples: Sequence[str]) -> bool:
    """Say whether sample values may be of the kind of a column; without values they may be anything."""
    texts = [sample.replace(TYPED, "") for sample in samples]
    if not texts:
        return True
    if column.kind == "share":
        texts = [text.rstrip("%").rstrip() for text in texts]  # 10% is a share
    if column.kind in NUMBERS:
        return any(judge_shape(re.sub("[1-9]", "9", text)) for text in texts)
    if column.kind in ("time", "date"):
        return any(map(_may_be_day, texts))
    return True


def _may_be_day(text: str) -> bool:
    """Say whether a text begins with a day, or may be a day as Excel counts it."""
    form, _ = judge_day(text.split(" ")[0].split("T")[0].rstrip(","))
    return form != "bad" or text.replace(".", "").isdigit()


def _rate_table(table: TableProposal) -> float:
    """Rate a proposal: optional columns count less, and each required column that was not found takes one off."""
    return sum(_rate_line(line) for line in table.lines)


def _rate_line(line: Line) -> float:
    if line.header is None:
        return -1.0
    return line.rating * (0.3 if line.column.optional else 1.0)


def _say_doubt(line: Line) -> str:
    if line.rating >= SURE:
        sure = "sure"
    elif line.rating >= 0.6:
        sure = "likely"
    else:
        sure = "unsure"
    rivals = f"; not {', '.join(line.others)}" if line.others else ""
    reason = f" ({PREFERRED[line.column.name]})" if line.others and line.column.name in PREFERRED else ""
    return f"{sure}: {line.why}{rivals}{reason}"


def _write_line(line: Line) -> str:
    if line.header is None:
        everywhere = EVERYWHERE if line.column.name == "arm" else ""
        return f"    # {line.column.name}: not found{line.why}, needed: {line.column.meaning}{everywhere}"
    samples = ", ".join(sample.replace("\n", " ")[:30].replace(TYPED, "") for sample in line.samples)
    header = write_scalar(line.header)
    if line.clock:
        both = [line.header, line.clock]
        header = yaml.safe_dump(both, default_flow_style=True, allow_unicode=True, width=10**6).strip()
    meaning = f" | meant is {line.column.meaning}" if line.column.meaning.startswith(DAY_AFTER) else ""
    return f"    {line.column.name}: {header}  # {samples} | {_say_doubt(line)}{meaning}"


def write_proposal(proposal: Proposal, path: Path, *, force: bool = False) -> None:
    """Write columns.yml; never over a file that is there, unless forced.

    Raises
    ------
    FileExistsError
        The file is there, and may hold somebody's corrections.
    """
    with path.open("w" if force else "x", encoding="utf-8") as file:
        file.write(proposal.to_yaml())
