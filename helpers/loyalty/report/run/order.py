"""Reads the command line of `workshop.py run` and checks all of it before anything starts."""

from __future__ import annotations

import argparse
import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from loyalty.report.output.marks import find_foreign
from loyalty.report.run.notebook import read_notebook
from loyalty.report.run.settings import read_settings
from loyalty.tables.check import TableError
from loyalty.text import find_near

ROOT = Path(__file__).resolve().parents[4]
TEMPLATES = ROOT / "notebooks" / "templates"
KINDS = (".html", ".xlsx", ".parquet")
SEND = "_send_*.csv"  # as many as the tables have channels


@dataclass(frozen=True)
class Order:
    """A checked command: the template, the values of its settings cell (plain literals), and where the report goes.

    `values` is None for the example of the workshop; `kinds` are the endings of the files that the template makes.
    """

    template: Path
    values: dict[str, Any] | None
    out: Path
    kinds: tuple[str, ...] = KINDS

    @property
    def files(self) -> list[Path]:
        """The files whose names are known before the run: page, workbook, table, and those of the template."""
        return [self.out.with_name(self.out.stem + kind) for kind in self.kinds if "*" not in kind]

    def list_made(self, folder: Path) -> list[Path]:
        """List the files of this report that should be in a folder after the run; the page first."""
        more = [path for kind in self.kinds if "*" in kind for path in find_like(folder, self.out.stem, kind)]
        return [folder / path.name for path in self.files] + more


def find_like(folder: Path, stem: str, kind: str) -> list[Path]:
    """Find the files of a report whose number depends on its tables, such as one send list for each channel."""
    return sorted(folder.glob(glob.escape(stem) + kind))


def read_order(arguments: Sequence[str], here: Path, templates: Path = TEMPLATES) -> Order:
    """Read the command line of `run` and check all of it before anything starts.

    Parameters
    ----------
    arguments : sequence of str
        What follows the verb.
    here : Path
        The user's working folder, from which relative paths count.
    templates : Path
        Folder of the built templates.

    Returns
    -------
    Order

    Raises
    ------
    TableError
        With every problem at once.
    """
    known = {path.stem: path for path in sorted(templates.glob("*.ipynb"))}
    parser = argparse.ArgumentParser(
        prog="workshop.py run",
        description="Make a report from your own tables.",
        epilog=_describe(known, arguments),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("template", help=f"one of {', '.join(known)}")
    parser.add_argument("--data", action="append", default=[], metavar="NAME=FILE", help="a table; once for each")
    parser.add_argument("--columns", metavar="FILE", help="your names for the columns; `workshop.py columns` makes it")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting; once for each")
    parser.add_argument("--example", action="store_true", help="run on the example tables of the workshop")
    parser.add_argument("-o", "--out", required=True, metavar="FILE.html", help="the report; other files beside")
    asked = parser.parse_args(arguments)
    if asked.template not in known:
        close = find_near(asked.template, known)
        mend = f"did you mean {close}?" if close else f"there are: {', '.join(known)}"
        raise TableError([f"there is no template {asked.template}: {mend}"], "run")
    module = import_module(read_notebook(known[asked.template]).module)
    problems = []
    values = None
    columns = None
    kinds = getattr(module, "KINDS", KINDS)
    if asked.example and (asked.data or asked.set or asked.columns):
        problems.append("--example brings its own tables and settings: leave out --data, --columns and --set")
    elif not asked.example:
        without = getattr(module, "WITHOUT", {})
        spared = {
            name for name, setting in without.items() if any(text.startswith(f"{setting}=") for text in asked.set)
        }
        needed = {name: is_needed and name not in spared for name, is_needed in module.TABLES.items()}
        data = _read_data(asked.data, needed, here, problems)
        columns = _find_file(asked.columns, here, "--columns", problems) if asked.columns else None
        values = {"data": data, "columns": columns} | _read_set(asked.set, module.SETTINGS, here, problems)
    order = Order(known[asked.template], values, here / asked.out, kinds)
    problems += _check_target(order, asked.out, asked.template, columns)
    if problems:
        raise TableError(problems, f"run {asked.template}")
    return order


def _describe(known: Mapping[str, Path], arguments: Sequence[str]) -> str:
    """Say, for `run TEMPLATE --help`, which tables and settings the template takes; else how to ask for that."""
    named = [word for word in arguments if word in known]
    if not {"-h", "--help"} & set(arguments) or not named:
        return "`workshop.py run TEMPLATE --help` lists the tables and settings of a template."
    module = import_module(read_notebook(known[named[0]]).module)
    tables = [f"  {name}{'  (needed)' if is_needed else ''}" for name, is_needed in module.TABLES.items()]
    settings = [
        f"  {one.name:<24}{one.meaning}{' (needed)' if one.required else ''}"
        + (f"; one of {', '.join(one.choices)}" if one.choices else "")
        for one in module.SETTINGS
    ]
    return "\n".join([f"tables of {named[0]} (--data):", *tables, "", f"settings of {named[0]} (--set):", *settings])


def _check_target(order: Order, said: str, template: str, columns: str | None) -> list[str]:
    """Say what is wrong with the place of the report: no page, no folder, or files that may not be replaced."""
    problems = []
    out = order.out
    if out.suffix.lower() != ".html":
        problems.append(f"-o should end in .html, found {said}")
    if not out.parent.is_dir():
        return [*problems, f"-o: there is no folder {out.parent}; make it first"]
    blocked = [path.name for path in order.files if path.is_dir()]
    if blocked:
        problems.append(f"-o: {', '.join(blocked)} is a folder")
    inputs = [Path(path) for path in (order.values or {}).get("data", {}).values()]
    if columns:
        inputs.append(Path(columns))
    sent = [path for kind in order.kinds if "*" in kind for path in find_like(out.parent, out.stem, kind)]
    return problems + find_foreign([*order.files, *sent], template, inputs)


def _read_data(given: Sequence[str], tables: dict[str, bool], here: Path, problems: list[str]) -> dict[str, str]:
    """Read the options --data; what is wrong with them is added to `problems`.

    `tables` are the tables that the template knows, and whether it requires them.
    """
    data = {}
    main = [name for name, is_required in tables.items() if is_required]
    for text in _name_the_only(given, main):
        name, found, path = text.partition("=")
        if not found or not path:
            problems.append(f"--data {text}: say which table it is, such as --data receipts={text or 'till.csv'}")
        elif name not in tables:
            close = find_near(name, tables)
            mend = f"did you mean `{close}`?" if close else f"there are: {', '.join(tables)}"
            problems.append(f"--data {text}: there is no table `{name}`: {mend}")
        elif name in data:
            problems.append(f"--data {name} stands twice")
        else:
            data[name] = _find_file(path, here, f"--data {name}", problems)
    for name, is_required in tables.items():
        is_given = any(text.startswith(f"{name}=") for text in _name_the_only(given, main))
        if is_required and not is_given:
            problems.append(f"--data {name}=FILE is missing")
    return data


def _name_the_only(given: Sequence[str], main: Sequence[str]) -> list[str]:
    """Put the name of the one table that a template requires before a file that has none.

    Examples
    --------
    >>> _name_the_only(["folder", "offers=o.csv"], ["waves"]), _name_the_only(["till.csv"], ["receipts", "contacts"])
    (['waves=folder', 'offers=o.csv'], ['till.csv'])
    """
    if len(main) != 1:
        return list(given)
    return [text if "=" in text else f"{main[0]}={text}" for text in given]


def _find_file(text: str, here: Path, option: str, problems: list[str]) -> str:
    path = here / Path(text).expanduser()
    if not path.exists():
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        close = find_near(path.name, near)
        problems.append(f"{option}: there is no file {text}" + (f"; did you mean {close}?" if close else ""))
    return str(path)


def _read_set(given: Sequence[str], allowed: Sequence[Any], here: Path, problems: list[str]) -> dict[str, Any]:
    """Read the options --set; what is wrong with them is added to `problems`."""
    pairs: dict[str, str] = {}
    paths = {setting.name for setting in allowed if setting.kind in ("file", "place")}
    for text in given:
        name, found, value = text.partition("=")
        name = name.strip()
        if not found:
            problems.append(f"--set {text}: write NAME=VALUE, such as --set start=2026-03-02")
        elif name in pairs:
            problems.append(f"--set {name} stands twice")
        is_path = name in paths and value.strip()
        pairs[name] = str(here / Path(value.strip()).expanduser()) if is_path else (value if found else "?")
    try:
        return read_settings(pairs, allowed)
    except TableError as error:
        problems += [f"--set: {text}" for text in error.problems]
        return {}
