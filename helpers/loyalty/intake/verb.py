"""The verb `columns`: proposes a mapping for files, prints it, and writes it where asked."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from loyalty.intake.mapping.proposal import propose_columns, write_proposal
from loyalty.tables.check import TableError
from loyalty.tables.sources import NotATable

SOURCE = re.compile(r"(?:([a-z_]+)=)?(.+)", re.S)


def main(arguments: Sequence[str]) -> int:
    """Run `columns`: 0 when a mapping is proposed, 2 with a plain message when it cannot be."""
    parser = argparse.ArgumentParser(
        prog="workshop.py columns",
        description="Propose which column of your file is which; with -o write it as columns.yml, to be checked.",
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="a file, or name=FILE such as receipts=till.csv")
    parser.add_argument("-o", dest="out", metavar="columns.yml", help="write the proposal here")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument("--sheet", help="the sheet of a workbook")
    parser.add_argument("--header-row", type=int, metavar="LINE", help="the line that names the columns")
    parser.add_argument("--encoding", help="for example cp1252")
    parser.add_argument("--table", help="the table of a DuckDB file")
    options = parser.parse_args(arguments)
    here = Path(os.environ.get("LOYALTY_FROM") or os.getcwd())  # the launcher starts its children elsewhere
    said = {key: getattr(options, key) for key in ("sheet", "header_row", "encoding", "table")}
    try:
        sources = _read_sources(options.files, here)
        proposal = propose_columns(sources, **{key: value for key, value in said.items() if value is not None})
        print(proposal.show())
        if options.out:
            target = here / Path(options.out).expanduser()
            _refuse_source(target, sources, options.out)
            write_proposal(proposal, target, force=options.force)
            print(f"\nWritten: {target.name}. Check each line, then give it to `run` with --columns {options.out}.")
    except (NotATable, TableError) as error:
        if "columns.yml" in str(error):
            return _stop(f"{error}\n(here: --sheet, --table, --header-row, --encoding)")
        return _stop(str(error))
    except FileExistsError:
        return _stop(f"{options.out} is there already: take another name, or say --force to write over it")
    except OSError as error:
        return _stop(f"{options.out} cannot be written: {error.strerror}")
    return 0


def _read_sources(words: Sequence[str], here: Path) -> dict[str, Path] | list[Path]:
    """Read the files, by name where all of them are written as name=FILE; relative paths count from `here`."""
    names = []
    paths = []
    for word in words:
        named = SOURCE.fullmatch(word)
        names.append(named[1] if named else None)
        paths.append(here / Path(named[2] if named else word).expanduser())
    given = [name for name in names if name]
    if len(set(given)) < len(given):
        raise NotATable("a table is named twice: give one file for each")
    if not given:
        return paths
    if len(given) < len(names):
        raise NotATable("say for each file what it is, such as receipts=FILE, or for none")
    return dict(zip(given, paths, strict=True))


def _refuse_source(target: Path, sources: dict[str, Path] | list[Path], said: str) -> None:
    """Refuse to write over a file that was read, and over one that is no columns.yml, with --force too."""
    files = sources.values() if isinstance(sources, dict) else sources
    if any(target.resolve() == path.resolve() for path in files):
        raise NotATable(f"{said} is one of the files that were read, and is never replaced: choose another name")
    if target.is_file() and target.suffix.lower() not in (".yml", ".yaml"):
        raise NotATable(f"{said} is there, and is no .yml file: choose another name with -o, such as columns.yml")


def _stop(message: str) -> int:
    print(f"workshop: {message}", file=sys.stderr)
    return 2
