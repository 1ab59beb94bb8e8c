"""A folder of campaigns: which of its files are lists, which are records of plans, and what is none of both."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from loyalty.intake.readers.source import READERS, REFUSED
from loyalty.tables.contracts import CONTRACTS, HISTORY

WAVES = "waves"  # the name under which lists are given, and under which columns.yml speaks of all of them
RECORD = "_record.csv"  # how campaign_plan ends the name of a record
SENT = "_send_"  # and, before its channel, that of a send list
LISTS = [kind for kind in READERS if kind not in (".duckdb", ".db", ".sql")]
BESIDE = (".html", ".duckdb", ".db", ".sql", ".yml", ".yaml", ".md", ".docx", ".pdf", ".pptx", ".png", ".jpg")
FLAG = "responded"
# Lists say yes and no where the contract counts 1 and 0
YES_NO = (replace(c, kind="flag", low=None, high=None) if c.name == FLAG else c for c in HISTORY.columns)
LISTED = replace(HISTORY, columns=tuple(YES_NO))


class Folder(NamedTuple):
    """What lies in a folder of campaigns: the lists, the records of plans, and what is none of both, in words."""

    lists: list[Path]
    records: list[Path]
    notes: list[str]


def find_lists(source: Any, problems: list[str]) -> tuple[dict[str, Any], list[str]]:
    """Find the lists by name, with the records of plans; what is wrong is added to `problems`, the rest is said.

    Parameters
    ----------
    source : path, mapping, sequence or table
        A folder, a file, tables by name, or several of them.
    problems : list of str

    Returns
    -------
    tuple
        What each name stands for, and notes.
    """
    if source is None:
        problems.append("there are no lists of campaigns: give a folder or a file under `waves`")
        return {}, []
    if isinstance(source, Mapping):
        return {str(name): table for name, table in source.items()}, []
    if not isinstance(source, str | Path):
        source = list(source) if isinstance(source, Sequence) else [source]
        if not all(isinstance(one, str | Path) for one in source):
            return {f"{WAVES}_{number}": table for number, table in enumerate(source, 1)}, []
        return _name_files([Path(one) for one in source], problems), []
    path = Path(os.path.expanduser(source))
    if not path.is_dir():
        return _name_files([path], problems), []
    folder = sort_folder(path)
    if not folder.lists:
        problems.append(f"the folder {path.name} holds no list of a campaign, such as .xlsx or .csv")
    return _name_files([*folder.lists, *folder.records], problems), folder.notes


def sort_folder(path: Path) -> Folder:
    """Tell the lists in a folder from all else that lies there, by the names of the files; folders in it are not read.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as place:
    ...     for name in ("may.csv", "may_record.csv", "may_send_sms.csv", "photo.png"):
    ...         _ = (Path(place) / name).write_text("x", encoding="utf-8")
    ...     found = sort_folder(Path(place))
    >>> [path.name for path in found.lists], [path.name for path in found.records], len(found.notes)
    (['may.csv'], ['may_record.csv'], 2)
    """
    lists = []
    records = []
    notes = []
    for file in sorted(path.iterdir()):
        kind = file.suffix.lower()
        if file.name.startswith((".", "~$")) or not file.is_file():
            continue
        if SENT in file.stem and kind == ".csv":
            notes.append(f"{file.name} is a send list, which holds no control: not read")
        elif file.name.endswith(RECORD):
            records.append(file)
        elif kind == ".xlsx" and all(file.with_suffix(other).is_file() for other in (".html", ".parquet")):
            notes.append(f"{file.name} is the workbook of the report {file.stem}.html: not read")
        elif kind in LISTS or kind in REFUSED and kind not in BESIDE:
            lists.append(file)
        else:
            notes.append(f"{file.name} is no list of a campaign: not read")
    return Folder(lists, records, notes)


def _name_files(paths: Iterable[Path], problems: list[str]) -> dict[str, Any]:
    """Name each file by what stands before its ending; two of one name are a problem."""
    named: dict[str, Any] = {}
    for path in paths:
        name = path.stem
        if name in named:
            problems.append(f"{named[name].name} and {path.name} have one name: rename one, or take it out")
        elif name in (*CONTRACTS, WAVES):
            problems.append(f"{path.name} bears the name of a table: name the list after its campaign")
        else:
            named[name] = path
    return named
